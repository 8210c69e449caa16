//! [host, worker] Makes the bank of sounds that can be played, at the host's rate, and sends it to the audio thread.
//!
//! What is to be played is a [`Repertoire`]. Each of its sounds becomes a clip once; the clips that are ready make a
//! bank, and the bank is made again whenever there is another one. The active sound is made ready by whoever publishes,
//! the others one by one by the worker ([`ClipOutlet::prepare_one`]), so that no host waits for them. An offline render
//! waits for all.

mod clips;

use crate::hearing::SoundId;
use crate::repertoire::{Item, Repertoire};
use clips::{Clips, convert};
use parking_lot::Mutex;
use std::sync::Arc;
use straightshot_playback::handoff::{BankReceiver, BankSender, SendError, channel};
use straightshot_playback::{Bank, Contents, Sound, SoundKey};
use straightshot_protocol::Failure;
use straightshot_takes::TakeId;

/// Memory for the clips of a bank, in bytes: 12 minutes of mono at 48 kHz. What is beyond is left out, the sounds of
/// notes in turn first.
const MOST_BYTES: usize = 128 << 20;

/// Memory for clips that are not played now and may be again, in bytes.
const SPARE_BYTES: usize = 32 << 20;

/// The way of sounds to the audio thread of one instance: the worker's and the host's threads send, one at a time.
#[derive(Default)]
pub struct ClipOutlet(Mutex<Outlet>);

#[derive(Default)]
struct Outlet {
    /// The connection to the player of the current activation.
    line: Option<Line>,
    /// Generation of the newest bank.
    generation: u64,
    /// What is ready.
    clips: Clips,
    /// What the player has.
    sent: Option<Sent>,
    /// How much of what is to be played is ready.
    readiness: Readiness,
}

struct Line {
    sender: BankSender,
    sample_rate_hz: u32,
}

/// What a bank was made of; another one of the same would be heard as the same.
#[derive(PartialEq)]
struct Sent {
    contents: Vec<(SoundKey, usize, u32)>,
    active: Option<usize>,
    pool: Vec<usize>,
    keys: Vec<(u8, usize)>,
    place: Option<i64>,
}

/// How much of what is to be played is ready.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Readiness {
    /// Sounds that can be played.
    pub ready: usize,
    /// Sounds that will be.
    pub coming: usize,
    /// Sounds for which there is no room.
    pub left_out: usize,
    /// Takes whose sounds have to be read into memory first.
    pub unread: Vec<TakeId>,
}

impl ClipOutlet {
    /// Connects a new player at the host's rate and sends the bank it begins with, of what `wanted` returns.
    ///
    /// Called when the host activates the plugin. The active sound is converted before this returns (a few milliseconds
    /// per second of sound), with `all` every one, so that an offline render never begins in silence; a second call at the
    /// same rate reuses them.
    ///
    /// # Errors
    /// If the rate cannot be converted to; the player is connected all the same and begins in silence.
    pub fn connect(
        &self,
        sample_rate_hz: u32,
        all: bool,
        wanted: impl Fn() -> Repertoire,
    ) -> (BankReceiver, Result<(), Failure>) {
        let (sender, receiver) = channel();
        {
            let mut outlet = self.0.lock();
            outlet.line = Some(Line { sender, sample_rate_hz });
            outlet.sent = None;
        }
        let mut sent = self.publish(&wanted);
        while all && sent.is_ok() {
            match self.prepare_one(&wanted) {
                Ok(true) => {}
                Ok(false) => break,
                Err(e) => sent = Err(e),
            }
        }
        (receiver, sent)
    }

    /// The host's sample rate in Hz; `None` while it has not activated the plugin.
    #[must_use]
    pub fn sample_rate_hz(&self) -> Option<u32> {
        self.0.lock().line.as_ref().map(|line| line.sample_rate_hz)
    }

    /// Sends what `wanted` returns to the player, as far as it is ready; the active sound always is. Does nothing while no
    /// player is connected, and nothing if the player has this very bank already.
    ///
    /// `wanted` is called again and again until what it returns is ready, at last with the outlet locked, so that of two
    /// calls at once the later one decides.
    ///
    /// # Errors
    /// If the active sound cannot be converted to the host's rate, which is silent then.
    pub fn publish(&self, wanted: impl Fn() -> Repertoire) -> Result<(), Failure> {
        let mut failed = Ok(());
        loop {
            let (item, sample_rate_hz) = {
                let mut outlet = self.0.lock();
                let Some(sample_rate_hz) = outlet.rate() else { return Ok(()) };
                let repertoire = wanted();
                let active = repertoire.active.and_then(|index| repertoire.items.get(index));
                let missing = active.filter(|item| outlet.clips.is_missing(item, sample_rate_hz));
                let Some(missing) = missing.cloned() else {
                    outlet.send(&repertoire, sample_rate_hz);
                    return failed;
                };
                (missing, sample_rate_hz)
            };
            let converted = convert(&item, sample_rate_hz);
            failed = converted.as_ref().map(|_| ()).map_err(Clone::clone);
            self.0.lock().clips.put(&item, sample_rate_hz, converted.unwrap_or_default());
        }
    }

    /// Makes the next sound of what `wanted` returns ready and sends it to the player. Returns whether there was one.
    ///
    /// # Errors
    /// If it cannot be converted to the host's rate; it is silent then, and not tried again.
    pub fn prepare_one(&self, wanted: impl Fn() -> Repertoire) -> Result<bool, Failure> {
        let (item, sample_rate_hz) = {
            let outlet = self.0.lock();
            let Some(sample_rate_hz) = outlet.rate() else { return Ok(false) };
            if outlet.readiness.coming == 0 {
                return Ok(false);
            }
            let repertoire = wanted();
            let mut items = repertoire.order.iter().filter_map(|index| repertoire.items.get(*index));
            match items.find(|item| outlet.can_make(item, &repertoire, sample_rate_hz)) {
                Some(item) => (item.clone(), sample_rate_hz),
                None => return Ok(false),
            }
        };
        let converted = convert(&item, sample_rate_hz);
        let failed = converted.as_ref().map(|_| ()).map_err(Clone::clone);
        let mut outlet = self.0.lock();
        outlet.clips.put(&item, sample_rate_hz, converted.unwrap_or_default());
        // The player may be another one by now.
        if let Some(sample_rate_hz) = outlet.rate() {
            outlet.send(&wanted(), sample_rate_hz);
        }
        failed.map(|()| true)
    }

    /// Whether the player has the sound called `id`.
    #[must_use]
    pub fn has(&self, id: SoundId) -> bool {
        let outlet = self.0.lock();
        outlet.sent.as_ref().is_some_and(|sent| sent.contents.iter().any(|(key, ..)| *key == key_of(id)))
    }

    /// How much of what is to be played is ready.
    #[must_use]
    pub fn readiness(&self) -> Readiness {
        self.0.lock().readiness.clone()
    }

    /// Whether a player is connected.
    #[must_use]
    pub fn is_connected(&self) -> bool {
        self.0.lock().line.is_some()
    }

    /// Frees banks that have come back.
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
    fn rate(&self) -> Option<u32> {
        self.line.as_ref().map(|line| line.sample_rate_hz)
    }

    /// Whether a sound of `repertoire` has no clip yet, and can have one.
    fn can_make(&self, item: &Item, repertoire: &Repertoire, sample_rate_hz: u32) -> bool {
        self.clips.is_missing(item, sample_rate_hz)
            && self.clips.has_room_for(item, &repertoire.items, sample_rate_hz, MOST_BYTES)
    }

    /// Sends a bank of what is ready of `repertoire`.
    fn send(&mut self, repertoire: &Repertoire, sample_rate_hz: u32) {
        let mut places = vec![None; repertoire.items.len()];
        let mut sounds = Vec::new();
        let mut readiness = Readiness { left_out: repertoire.left_out, ..Readiness::default() };
        let mut bytes = 0;
        for index in &repertoire.order {
            let Some(item) = repertoire.items.get(*index) else { continue };
            match self.clips.get(item, sample_rate_hz) {
                Some(clip) if bytes + clip.bytes() <= MOST_BYTES || Some(*index) == repertoire.active => {
                    bytes += clip.bytes();
                    places[*index] = Some(sounds.len());
                    sounds.push(Sound { key: key_of(item.id), clip, gain: item.gain });
                }
                None if item.take.damage.is_some() => {}
                None if item.take.is_loading() => readiness.unread.push(item.take.id),
                None if self.can_make(item, repertoire, sample_rate_hz) => readiness.coming += 1,
                _ => readiness.left_out += 1,
            }
        }
        readiness.ready = sounds.len();
        self.readiness = readiness;
        self.clips.let_go(SPARE_BYTES, &repertoire.items, sample_rate_hz);
        let place = |index: &usize| places.get(*index).copied().flatten();
        let contents = Contents {
            active: repertoire.active.as_ref().and_then(place),
            pool: repertoire.pool.iter().filter_map(place).collect(),
            keys: repertoire.keys.iter().filter_map(|(key, index)| Some((*key, place(index)?))).collect(),
            place: repertoire.place_s.map(|seconds| frames(seconds, sample_rate_hz)),
            sounds,
        };
        let sent = Sent::of(&contents);
        if self.sent.as_ref() == Some(&sent) {
            return;
        }
        self.generation += 1;
        let bank = Bank::new(contents, sample_rate_hz, self.generation);
        if let Some(line) = &mut self.line {
            // Banks are numbered as they are made, so that none is older than the one before it.
            match line.sender.send(bank) {
                Ok(()) | Err(SendError::Outdated(_)) => self.sent = Some(sent),
            }
        }
    }
}

impl Sent {
    fn of(contents: &Contents) -> Self {
        let sound = |sound: &Sound| (sound.key, Arc::as_ptr(&sound.clip).addr(), sound.gain.to_bits());
        Self {
            contents: contents.sounds.iter().map(sound).collect(),
            active: contents.active,
            pool: contents.pool.clone(),
            keys: contents.keys.clone(),
            place: contents.place,
        }
    }
}

/// What the player calls a sound.
pub(crate) fn key_of(id: SoundId) -> SoundKey {
    SoundKey { take: id.take.0, version: id.steps.unwrap_or(0) }
}

/// What the player calls so.
pub(crate) fn id_of(key: SoundKey) -> SoundId {
    SoundId { take: TakeId(key.take), steps: (key.version != 0).then_some(key.version) }
}

#[expect(clippy::cast_possible_truncation, reason = "a saturated place is past every song's end")]
fn frames(seconds: f64, sample_rate_hz: u32) -> i64 {
    (seconds * f64::from(sample_rate_hz)).round() as i64
}
