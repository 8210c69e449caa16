//! The way of a clip to the audio thread and back.
//!
//! Two wait-free single-producer single-consumer queues: new clips go one way, clips that are no longer needed the
//! other. The sender's side allocates and frees; the receiver's side does neither.

use crate::clip::Clip;
use std::sync::Arc;

/// Clips that can be under way to the audio thread.
pub const CLIP_QUEUE: usize = 8;
/// Clips that can be under way back: as many as can be under way there and in the player, so that there is always
/// room as long as the sender collects before it sends.
pub const RETIRE_QUEUE: usize = CLIP_QUEUE + crate::deck::SLOTS;

/// Makes a connected pair of ends.
#[must_use]
pub fn channel() -> (ClipSender, ClipReceiver) {
    channel_with_capacity(CLIP_QUEUE, RETIRE_QUEUE)
}

/// Makes a connected pair of ends whose queues hold `clips` and `retired` clips.
#[must_use]
pub fn channel_with_capacity(clips: usize, retired: usize) -> (ClipSender, ClipReceiver) {
    let (clips_in, clips_out) = rtrb::RingBuffer::new(clips);
    let (retired_in, retired_out) = rtrb::RingBuffer::new(retired);
    let sender = ClipSender { clips: clips_in, retired: retired_out, waiting: None, outstanding: 0 };
    (sender, ClipReceiver { clips: clips_out, retired: retired_in })
}

/// The worker's end: sends clips, frees what comes back.
#[derive(Debug)]
pub struct ClipSender {
    clips: rtrb::Producer<Arc<Clip>>,
    retired: rtrb::Consumer<Arc<Clip>>,
    /// The newest clip, if the queue had no room for it.
    waiting: Option<Arc<Clip>>,
    /// Clips on the other side or on the way, this one's `waiting` not counted.
    outstanding: usize,
}

impl ClipSender {
    /// Sends a clip. If the queue is full because the audio thread rests, the clip waits here for
    /// [`service`](Self::service), and only the newest waits.
    pub fn send(&mut self, clip: Arc<Clip>) {
        self.waiting = Some(clip);
        self.service();
    }

    /// Frees what has come back and sends what waits. To be called now and then.
    pub fn service(&mut self) {
        while let Ok(clip) = self.retired.pop() {
            self.outstanding = self.outstanding.saturating_sub(1);
            drop(clip);
        }
        if let Some(clip) = self.waiting.take() {
            match self.clips.push(clip) {
                Ok(()) => self.outstanding += 1,
                Err(rtrb::PushError::Full(clip)) => self.waiting = Some(clip),
            }
        }
    }

    /// Whether there is something for a later [`service`](Self::service) to do: a clip waits for room, or the player
    /// still holds more than the one it plays.
    #[must_use]
    pub fn needs_service(&self) -> bool {
        self.waiting.is_some() || self.outstanding > 1
    }
}

/// The audio thread's end, owned by the player.
#[derive(Debug)]
pub struct ClipReceiver {
    clips: rtrb::Consumer<Arc<Clip>>,
    retired: rtrb::Producer<Arc<Clip>>,
}

impl ClipReceiver {
    /// Whether a clip is waiting to be received.
    ///
    /// # Real-time safety
    /// Wait-free.
    pub(crate) fn has_next(&self) -> bool {
        !self.clips.is_empty()
    }

    /// The oldest clip under way.
    ///
    /// # Real-time safety
    /// Wait-free.
    pub(crate) fn next(&mut self) -> Option<Arc<Clip>> {
        self.clips.pop().ok()
    }

    /// Whether [`retire`](Self::retire) has room.
    ///
    /// # Real-time safety
    /// Wait-free.
    pub(crate) fn can_retire(&self) -> bool {
        !self.retired.is_full()
    }

    /// Sends a clip back to be freed; without room it is returned.
    ///
    /// # Real-time safety
    /// Wait-free.
    pub(crate) fn retire(&mut self, clip: Arc<Clip>) -> Option<Arc<Clip>> {
        match self.retired.push(clip) {
            Ok(()) => None,
            Err(rtrb::PushError::Full(clip)) => Some(clip),
        }
    }
}
