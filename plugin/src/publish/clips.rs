//! Sounds at the host's rate, each converted once.

use crate::repertoire::Item;
use std::ops::Range;
use std::sync::Arc;
use straightshot_playback::Clip;
use straightshot_protocol::Failure;
use straightshot_sound::resample_channel;
use straightshot_takes::limit;

/// Clips by the sounds they are of. Hosts activate often, mostly at the same rate, and users go to and fro between takes.
#[derive(Default)]
pub(super) struct Clips(Vec<Ready>);

/// A sound and its clip at one sample rate. Which sound it is says its content: a take may have got another name or number.
struct Ready {
    item: Item,
    clip: Arc<Clip>,
}

impl Ready {
    fn is(&self, item: &Item, sample_rate_hz: u32) -> bool {
        self.clip.sample_rate_hz() == sample_rate_hz && self.item.is_heard_as(item)
    }
}

/// What became of a sound: its channels and its loop, both at the host's rate.
#[derive(Default)]
pub(super) struct Converted {
    channels: Vec<Vec<f32>>,
    loop_frames: Option<Range<usize>>,
}

impl Clips {
    /// The clip of a sound, if it is ready.
    pub(super) fn get(&self, item: &Item, sample_rate_hz: u32) -> Option<Arc<Clip>> {
        self.0.iter().find(|ready| ready.is(item, sample_rate_hz)).map(|ready| ready.clip.clone())
    }

    /// Whether a sound is in memory and has no clip yet.
    pub(super) fn is_missing(&self, item: &Item, sample_rate_hz: u32) -> bool {
        item.is_in_memory()
            && item.take.damage.is_none()
            && !self.0.iter().any(|ready| ready.is(item, sample_rate_hz))
    }

    /// Whether the clip of `item` would fit beside those of `items` into so many bytes.
    pub(super) fn has_room_for(&self, item: &Item, items: &[Item], sample_rate_hz: u32, most: usize) -> bool {
        let needed = self.0.iter().filter(|ready| items.iter().any(|item| ready.is(item, sample_rate_hz)));
        let held: usize = needed.map(|ready| ready.clip.bytes()).sum();
        let audio = item.take.audio();
        let samples = u64::from(sample_rate_hz) * audio.bytes() as u64;
        let own = usize::try_from(samples / u64::from(audio.sample_rate_hz().max(1))).unwrap_or(usize::MAX);
        held.saturating_add(own) <= most
    }

    /// Keeps what became of a sound.
    pub(super) fn put(&mut self, item: &Item, sample_rate_hz: u32, converted: Converted) {
        let Converted { channels, loop_frames } = converted;
        let clip = Clip::with_loop(channels, sample_rate_hz, loop_frames);
        // Sounds have one or two channels of the same length; what has not is silent.
        let clip = Arc::new(clip.unwrap_or_else(|_| Clip::mono(Vec::new(), sample_rate_hz)));
        self.0.retain(|ready| !ready.is(item, sample_rate_hz));
        self.0.push(Ready { item: item.clone(), clip });
    }

    /// Lets go of clips at other rates, and of the oldest that `items` do not need, until those fit into `spare` bytes.
    pub(super) fn let_go(&mut self, spare: usize, items: &[Item], sample_rate_hz: u32) {
        self.0.retain(|ready| ready.clip.sample_rate_hz() == sample_rate_hz);
        let needed = |ready: &Ready| items.iter().any(|item| ready.is(item, sample_rate_hz));
        let mut unneeded: usize =
            self.0.iter().filter(|ready| !needed(ready)).map(|ready| ready.clip.bytes()).sum();
        self.0.retain(|ready| {
            let stays = unneeded <= spare || needed(ready);
            if !stays {
                unneeded -= ready.clip.bytes();
            }
            stays
        });
    }
}

/// Frames beside a place that a sample rate converter looks at, with some to spare.
const REACH: usize = 512;

/// What becomes of a sound at the host's rate.
pub(super) fn convert(item: &Item, sample_rate_hz: u32) -> Result<Converted, Failure> {
    let edited = item.heard()?;
    let audio = &edited.audio;
    let from_hz = audio.sample_rate_hz();
    let around =
        edited.loop_frames.clone().filter(|range| range.start < range.end && range.end <= audio.frames());
    let seam = around.as_ref().map(|around| Seam::new(around, audio.frames(), from_hz, sample_rate_hz));
    let convert = |channel: &[f32]| {
        // Takes are limited when they are made and read. This is the last place before a filter that would make noise of a
        // huge sample, or refuse it with a panic in the host's process.
        let mut samples = match (&seam, &around) {
            (Some(seam), Some(around)) if from_hz != sample_rate_hz => seam.extended(channel, around),
            _ => channel.to_vec(),
        };
        limit(&mut samples);
        if from_hz == sample_rate_hz {
            return Ok(samples);
        }
        let mut samples = resample_channel(&samples, from_hz, sample_rate_hz)?;
        if let Some(seam) = &seam {
            seam.cut(&mut samples, from_hz, sample_rate_hz);
        }
        // A filter rings: what was just within may be just beyond.
        limit(&mut samples);
        Ok(samples)
    };
    let channels = audio.channels().map(convert).collect::<Result<Vec<_>, Failure>>()?;
    let frames = channels.first().map_or(0, Vec::len);
    let at_rate = |frame: usize| at_rate(frame, from_hz, sample_rate_hz).min(frames);
    let loop_frames = around.map(|range| at_rate(range.start)..at_rate(range.end));
    Ok(Converted { channels, loop_frames })
}

/// What is put at both ends of a looped sound while its rate is converted: what is heard there when it goes round. A
/// converter takes what is beyond the ends for silence, and that would be a dip at every turn.
struct Seam {
    /// Frames before the start.
    before: usize,
    /// Frames that are kept of the sound itself.
    kept: usize,
    /// Frames after its end.
    after: usize,
}

impl Seam {
    fn new(around: &Range<usize>, frames: usize, from_hz: u32, to_hz: u32) -> Self {
        // As many frames as are whole ones at the other rate too, so that they can be cut off again.
        let unit = usize::try_from(from_hz / greatest_common_divisor(from_hz, to_hz)).unwrap_or(usize::MAX);
        // A sound with a beginning of its own before the loop needs nothing there.
        let before = if around.start == 0 { REACH.div_ceil(unit.max(1)).saturating_mul(unit) } else { 0 };
        let at_end = frames - around.end < REACH;
        Self {
            // At rates that have hardly a divisor in common the start has to do without.
            before: if before > frames.max(REACH) { 0 } else { before },
            kept: if at_end { around.end } else { frames },
            after: if at_end { REACH } else { 0 },
        }
    }

    fn extended(&self, channel: &[f32], around: &Range<usize>) -> Vec<f32> {
        let part = channel.get(around.clone()).unwrap_or_default();
        // What comes before the start when it goes round ends where the loop does.
        let skipped = part.len() - self.before % part.len().max(1);
        let before = part.iter().cycle().skip(skipped).take(self.before);
        let own = channel.iter().take(self.kept);
        let after = part.iter().cycle().take(self.after);
        before.chain(own).chain(after).copied().collect()
    }

    fn cut(&self, samples: &mut Vec<f32>, from_hz: u32, to_hz: u32) {
        let first = at_rate(self.before, from_hz, to_hz).min(samples.len());
        samples.drain(..first);
        samples.truncate(at_rate(self.kept, from_hz, to_hz));
    }
}

fn greatest_common_divisor(a: u32, b: u32) -> u32 {
    if b == 0 { a.max(1) } else { greatest_common_divisor(b, a % b) }
}

/// The frame at another rate that is nearest.
fn at_rate(frame: usize, from_hz: u32, to_hz: u32) -> usize {
    let from_hz = u128::from(from_hz.max(1));
    let nearest = (frame as u128 * u128::from(to_hz) + from_hz / 2) / from_hz;
    usize::try_from(nearest).unwrap_or(usize::MAX)
}
