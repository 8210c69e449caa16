//! [host, worker] Turns takes into clips at the host's rate and sends them to the audio thread.

use parking_lot::Mutex;
use std::sync::Arc;
use straightshot_playback::Clip;
use straightshot_playback::handoff::{ClipReceiver, ClipSender, SendError, channel};
use straightshot_protocol::{ErrorKind, Failure};
use straightshot_sound::resample_channel;
use straightshot_takes::{Take, limit};

/// The way of takes to the audio thread of one instance: the worker's and the host's threads send, one at a time.
#[derive(Default)]
pub struct ClipOutlet(Mutex<Outlet>);

#[derive(Default)]
struct Outlet {
    /// The connection to the player of the current activation.
    line: Option<Line>,
    /// Generation of the newest clip.
    generation: u64,
    /// What was converted last: hosts activate often, mostly at the same rate.
    prepared: Option<Prepared>,
}

struct Line {
    sender: ClipSender,
    sample_rate_hz: u32,
}

/// A take and its clip at one sample rate.
struct Prepared {
    /// `None` is silence.
    take: Option<Arc<Take>>,
    clip: Arc<Clip>,
}

impl Prepared {
    fn is(&self, take: Option<&Arc<Take>>, sample_rate_hz: u32) -> bool {
        let same = match (&self.take, take) {
            (Some(prepared), Some(take)) => prepared.is_heard_as(take),
            (None, None) => true,
            _ => false,
        };
        same && self.clip.sample_rate_hz() == sample_rate_hz
    }
}

impl ClipOutlet {
    /// Connects a new player at the host's rate and sends the clip it begins with: the take that `active` returns.
    ///
    /// Called when the host activates the plugin. The conversion is done before this returns (a few milliseconds per
    /// second of sound), so that an offline render never begins in silence; a second call at the same rate reuses it.
    ///
    /// # Errors
    /// If the rate cannot be converted to; the player is connected all the same and begins in silence.
    pub fn connect(
        &self,
        sample_rate_hz: u32,
        active: impl FnOnce() -> Option<Arc<Take>>,
    ) -> (ClipReceiver, Result<(), Failure>) {
        let mut outlet = self.0.lock();
        let (sender, receiver) = channel();
        outlet.line = Some(Line { sender, sample_rate_hz });
        let sent = outlet.send(active(), sample_rate_hz);
        (receiver, sent)
    }

    /// Sends the take that `active` returns to the player; silence if there is none. Does nothing while no player is
    /// connected, and nothing if the player has this very sound already.
    ///
    /// `active` is called with the outlet locked, so that of two calls at once the later one decides.
    ///
    /// # Errors
    /// If the sound cannot be converted to the host's rate; the player keeps what it has.
    pub fn publish(&self, active: impl FnOnce() -> Option<Arc<Take>>) -> Result<(), Failure> {
        let mut outlet = self.0.lock();
        let Some(sample_rate_hz) = outlet.line.as_ref().map(|line| line.sample_rate_hz) else {
            return Ok(());
        };
        outlet.send(active(), sample_rate_hz)
    }

    /// Whether a player is connected.
    #[must_use]
    pub fn is_connected(&self) -> bool {
        self.0.lock().line.is_some()
    }

    /// Frees clips that have come back.
    pub fn service(&self) {
        if let Some(line) = &mut self.0.lock().line {
            line.sender.service();
        }
    }

    /// Whether [`service`](Self::service) has something to look after.
    #[must_use]
    pub fn needs_service(&self) -> bool {
        self.0.lock().line.as_ref().is_some_and(|line| line.sender.needs_service())
    }
}

impl Outlet {
    fn send(&mut self, take: Option<Arc<Take>>, sample_rate_hz: u32) -> Result<(), Failure> {
        let clip = self.prepare(take, sample_rate_hz)?;
        if let Some(line) = &mut self.line {
            // Clips are numbered as they are made, and the last one is sent again if nothing has changed: the only clip
            // that is refused is the one that the player has.
            match line.sender.send(clip) {
                Ok(()) | Err(SendError::Outdated(_)) => {}
            }
        }
        Ok(())
    }

    fn prepare(&mut self, take: Option<Arc<Take>>, sample_rate_hz: u32) -> Result<Arc<Clip>, Failure> {
        // Damaged, or not read yet: silence, not what was played before.
        let take = take.filter(|take| !take.edited().audio.is_empty());
        if let Some(prepared) = self.prepared.as_ref().filter(|p| p.is(take.as_ref(), sample_rate_hz)) {
            return Ok(prepared.clip.clone());
        }
        let channels = match &take {
            Some(take) => converted(take, sample_rate_hz)?,
            None => vec![Vec::new()],
        };
        self.generation += 1;
        let clip = Clip::new(channels, sample_rate_hz, self.generation)
            .map_err(|e| Failure::new(ErrorKind::BadData, "The sound cannot be played").because(&e))?;
        let clip = Arc::new(clip);
        self.prepared = Some(Prepared { take, clip: clip.clone() });
        Ok(clip)
    }
}

/// The channels of `take` at the host's rate.
fn converted(take: &Take, sample_rate_hz: u32) -> Result<Vec<Vec<f32>>, Failure> {
    let edited = take.edited();
    let audio = &edited.audio;
    let convert = |channel: &[f32]| {
        // Takes are limited when they are made and read. This is the last place before a filter that would make noise of a
        // huge sample, or refuse it with a panic in the host's process.
        let mut samples = channel.to_vec();
        limit(&mut samples);
        if audio.sample_rate_hz() == sample_rate_hz {
            return Ok(samples);
        }
        let mut samples = resample_channel(&samples, audio.sample_rate_hz(), sample_rate_hz)?;
        // A filter rings: what was just within may be just beyond.
        limit(&mut samples);
        Ok(samples)
    };
    audio.channels().map(convert).collect()
}
