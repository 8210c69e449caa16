//! The way of a clip to the audio thread and back.
//!
//! [`channel`] makes two connected ends. The [`ClipSender`] belongs to a thread that may take its time (in the plugin:
//! the host's main thread or the worker, one at a time), the [`ClipReceiver`] goes into the [`Player`](crate::Player).
//!
//! ```text
//!             newest wins: a triple buffer
//! ClipSender ─────────────────────────────────> ClipReceiver ──> Player
//!            <─────────────────────────────────
//!             nothing is lost: a queue of retired clips
//! ```
//!
//! # The way there: a place for one clip
//!
//! The player wants the clip that was sent last, whatever was sent before it. So clips do not queue: they go through a
//! [triple buffer](triple_buffer), a place that holds one value, where the sender replaces what has not been fetched.
//! A queue has to be emptied by the audio thread, and that may rest for hours (hosts stop calling a plugin that is
//! bypassed or whose track is frozen). It would fill, and the newest clip would be the one that finds no room.
//! The replaced clip never was on the audio thread, and the sender frees it at once.
//!
//! "Triple", because there is a buffer to write, one to read and one in the middle. Either end exchanges its own with
//! the one in the middle by a single atomic instruction, so neither ever waits for the other.
//!
//! # The way back: a queue
//!
//! Freeing memory can take as long as the allocator likes, and so the audio thread must not do it. Ownership of a clip
//! that no voice plays any more goes back through a wait-free queue, and the sender frees it, in
//! [`send`](ClipSender::send) or [`service`](ClipSender::service). This queue must lose nothing. It always has room if
//! it was made by [`channel`]; if it was made smaller and is full, the player keeps the clip and tries again in its
//! next block.
//!
//! The clip that a player begins with is sent like every other one: before the player's first block, or even before
//! the player exists. So the sender knows of every clip on the other side, and [`ClipSender::outstanding`] counts all.
//!
//! # Examples
//! ```
//! use std::sync::Arc;
//! use straightshot_playback::{Block, Clip, Player, handoff};
//!
//! let (mut sender, receiver) = handoff::channel();
//! let mut player = Player::new(receiver, 48_000, Arc::default());
//! for generation in 1..=9 {
//!     sender.send(Arc::new(Clip::mono(vec![generation as f32; 4800], 48_000, generation)))?;
//! }
//! assert_eq!(sender.outstanding(), 1, "eight were replaced before the player saw them, and are freed");
//!
//! player.process(&Block::default(), [], &mut [&mut [0.0; 64]]);
//! assert!(!sender.needs_service(), "the player has what it plays and nothing else");
//! # Ok::<(), handoff::SendError>(())
//! ```

use crate::clip::Clip;
use std::fmt;
use std::sync::Arc;

/// Clips that the player holds at once: the current one and those that fade out. Here and not in the deck that holds
/// them, because the queue below has to have room for all of them.
pub(crate) const SLOTS: usize = 4;

/// Clips that can be under way back to the sender, which is also the most that ever are.
///
/// The sender empties the queue whenever it sends. Until it does so again, only those clips can come back that the
/// player held then (one per slot), one that it had not fetched yet, and the one that is being sent.
const RETIRE_QUEUE: usize = SLOTS + 2;

/// Makes a connected pair of ends. Allocates; not for the audio thread.
#[must_use]
pub fn channel() -> (ClipSender, ClipReceiver) {
    channel_with_capacity(RETIRE_QUEUE)
}

/// Like [`channel`], with room for `retired` clips on their way back.
///
/// With less room than [`channel`] makes, new clips are taken over later, and
/// [`Telemetry::deferred_clips`](crate::Telemetry::deferred_clips) counts how often; nothing else changes. For tests
/// of exactly that.
#[must_use]
pub fn channel_with_capacity(retired: usize) -> (ClipSender, ClipReceiver) {
    let (clips_in, clips_out) = triple_buffer::triple_buffer(&None);
    let (retired_in, retired_out) = rtrb::RingBuffer::new(retired);
    let sender = ClipSender { clips: clips_in, retired: retired_out, outstanding: 0, newest: None };
    (sender, ClipReceiver { clips: clips_out, retired: retired_in })
}

/// Why a clip was not sent.
///
/// # Examples
/// ```
/// use std::sync::Arc;
/// use straightshot_playback::{Clip, handoff};
///
/// let (mut sender, _receiver) = handoff::channel();
/// let clip = |generation| Arc::new(Clip::mono(vec![0.5; 100], 48_000, generation));
/// sender.send(clip(2))?;
/// let Err(handoff::SendError::Outdated(refused)) = sender.send(clip(1)) else { panic!("1 is older than 2") };
/// assert_eq!(refused.generation(), 1);
/// # Ok::<(), handoff::SendError>(())
/// ```
#[derive(Debug)]
pub enum SendError {
    /// A clip of this clip's [generation](Clip::generation) or a newer one was sent before.
    Outdated(Arc<Clip>),
}

impl fmt::Display for SendError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self::Outdated(clip) = self;
        write!(f, "clip {} is not newer than what was sent before", clip.generation())
    }
}

impl std::error::Error for SendError {}

/// The end that sends clips and frees what comes back. Not for the audio thread.
///
/// # Examples
/// ```
/// use std::sync::Arc;
/// use straightshot_playback::{Block, Clip, Player, handoff};
///
/// let (mut sender, receiver) = handoff::channel();
/// let mut player = Player::new(receiver, 48_000, Arc::default());
/// for generation in 1..=2 {
///     let clip = Arc::new(Clip::mono(vec![0.5; 4800], 48_000, generation));
///     sender.send(clip)?;
///     player.process(&Block::default(), [], &mut [&mut [0.0; 64]]);
/// }
/// // The player has gone over to the second clip, and nobody has freed the first one yet.
/// assert!(sender.needs_service());
/// sender.service();
/// assert_eq!(sender.outstanding(), 1);
/// # Ok::<(), handoff::SendError>(())
/// ```
#[derive(Debug)]
pub struct ClipSender {
    clips: triple_buffer::Input<Option<Arc<Clip>>>,
    retired: rtrb::Consumer<Arc<Clip>>,
    /// Clips that were sent and have not come back.
    outstanding: usize,
    /// Generation of the clip that was sent last.
    newest: Option<u64>,
}

impl ClipSender {
    /// Sends a clip in place of all that were sent before. The player takes it over at the start of its next block,
    /// whenever that is.
    ///
    /// # Errors
    /// [`SendError::Outdated`] with the clip, if it is not newer than the last one; the player keeps what it has.
    pub fn send(&mut self, clip: Arc<Clip>) -> Result<(), SendError> {
        if self.newest.is_some_and(|newest| clip.generation() <= newest) {
            return Err(SendError::Outdated(clip));
        }
        self.service();
        self.newest = Some(clip.generation());
        *self.clips.input_buffer_mut() = Some(clip);
        self.clips.publish();
        self.outstanding += 1;
        // Our buffer now is the one that was in the middle. It is empty if the player has fetched the clip before
        // this one (`ClipReceiver::next` takes the clip and leaves the buffer); otherwise that clip is still in it.
        if self.clips.input_buffer_mut().take().is_some() {
            self.outstanding -= 1;
        }
        Ok(())
    }

    /// Frees what has come back. To be called now and then while [`needs_service`](Self::needs_service) says so.
    pub fn service(&mut self) {
        while let Ok(clip) = self.retired.pop() {
            self.outstanding -= 1;
            drop(clip);
        }
    }

    /// Whether something will come back: of all clips that were sent, the player keeps one, the others return when
    /// the audio thread runs and their fades are over.
    #[must_use]
    pub fn needs_service(&self) -> bool {
        self.outstanding > 1
    }

    /// Clips that the player has, that are on their way to it or on their way back.
    #[must_use]
    pub fn outstanding(&self) -> usize {
        self.outstanding
    }
}

/// The audio thread's end; all that can be done with it is to make a [`Player`](crate::Player) of it.
///
/// If the sender is dropped first, the player goes on with what it has. It frees nothing then either: retired clips
/// stay in the queue, which is freed with the player.
///
/// # Examples
/// ```
/// use std::sync::Arc;
/// use straightshot_playback::{Clip, Player, handoff};
///
/// let (mut sender, receiver) = handoff::channel();
/// let clip = Arc::new(Clip::mono(vec![0.5; 4800], 48_000, 1));
/// let watched = Arc::downgrade(&clip);
/// sender.send(clip)?;
///
/// let player = Player::new(receiver, 48_000, Arc::default());
/// drop(sender);
/// assert!(watched.upgrade().is_some(), "the player has it");
/// drop(player);
/// assert!(watched.upgrade().is_none());
/// # Ok::<(), handoff::SendError>(())
/// ```
#[derive(Debug)]
pub struct ClipReceiver {
    clips: triple_buffer::Output<Option<Arc<Clip>>>,
    retired: rtrb::Producer<Arc<Clip>>,
}

impl ClipReceiver {
    /// Whether there is a clip to be fetched.
    ///
    /// # Real-time safety
    /// Wait-free: one load.
    pub(crate) fn has_next(&self) -> bool {
        self.clips.updated()
    }

    /// Fetches the clip that was sent last, unless it was fetched before.
    ///
    /// # Real-time safety
    /// Wait-free, no frees: the clip is taken out of its buffer and not copied, so that the buffer is empty when it
    /// comes back to the sender, and nothing is left in ours that a later call would have to drop.
    pub(crate) fn next(&mut self) -> Option<Arc<Clip>> {
        if self.clips.update() { self.clips.output_buffer_mut().take() } else { None }
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
