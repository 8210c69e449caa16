//! What was decoded so far: samples of all channels, and what is worth telling about them.

use super::format::order;
use super::{Read, SILENT, mend, mix};
use crate::resample_channel;
use straightshot_protocol::{Audio, ErrorKind, Failure};
use symphonia::core::audio::Channels;

/// Below this a sample is silence: -80 dB of full scale, under the noise of any recording.
const SILENCE: f32 = 1e-4;
/// What stays of silence in front of a sound, in seconds: a sound may begin softer than silence ends.
const LEAD_S: f64 = 0.01;

/// A stretch with one rate and one set of channels. Files that were joined have several.
#[derive(Debug)]
struct Stretch {
    rate_hz: u32,
    channels: Channels,
    /// Channels interleaved.
    samples: Vec<f32>,
}

/// Collects what a decoder delivers, up to a length.
#[derive(Debug)]
pub(super) struct Heard {
    how: Read,
    stretches: Vec<Stretch>,
    /// Seconds in the stretches.
    seconds: f64,
    /// Silence at the beginning that was left out, in seconds.
    silent_s: f64,
    /// Whether the file is called ambisonics: containers that know only speakers cannot say so.
    pub(super) ambisonic: bool,
    pub(super) notes: Vec<String>,
}

impl Heard {
    pub(super) fn new(how: Read) -> Self {
        Self { how, stretches: Vec::new(), seconds: 0.0, silent_s: 0.0, ambisonic: false, notes: Vec::new() }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.stretches.is_empty() && self.silent_s == 0.0
    }

    /// How much was decoded, in seconds, left out or kept.
    pub(super) fn seconds(&self) -> f64 {
        self.seconds + self.silent_s
    }

    /// Adds `samples` of interleaved `channels`; false if that is enough.
    pub(super) fn push(&mut self, rate_hz: u32, channels: &Channels, samples: &[f32]) -> bool {
        let count = channels.count();
        let plain = u16::try_from(count)
            .ok()
            .filter(|n| self.ambisonic && order(*n).is_some())
            .map(Channels::Discrete);
        let channels = plain.as_ref().unwrap_or(channels);
        if count == 0 || rate_hz == 0 || samples.is_empty() {
            return true;
        }
        let length_s = samples.len() as f64 / count as f64 / f64::from(rate_hz);
        if self.how.sounding && self.stretches.is_empty() && samples.iter().all(|x| x.abs() < SILENCE) {
            self.silent_s += length_s;
            return true;
        }
        match self.stretches.last_mut() {
            Some(last) if last.rate_hz == rate_hz && last.channels == *channels => {
                last.samples.extend(samples)
            }
            _ => self.stretches.push(Stretch {
                rate_hz,
                channels: channels.clone(),
                samples: samples.to_vec(),
            }),
        }
        self.seconds += length_s;
        self.seconds <= self.how.longest_s
    }

    /// The sound in one channel.
    ///
    /// # Errors
    /// [`ErrorKind::BadData`] if there is none.
    pub(super) fn finish(mut self) -> Result<(Audio, usize, Vec<String>), Failure> {
        let nothing = |cause: &str| {
            let failure = Failure::new(ErrorKind::BadData, "There is no sound in the file");
            Failure { cause: cause.to_owned(), ..failure }
        };
        let Some(first) = self.stretches.first() else {
            return Err(nothing(if self.silent_s > 0.0 { SILENT } else { "it holds no sound" }));
        };
        let (rate_hz, count) = (first.rate_hz, first.channels.count());
        if self.stretches.len() > 1 {
            self.notes.push(format!("{} streams behind each other, joined", self.stretches.len()));
        }
        let mut mono = Vec::new();
        for stretch in &mut self.stretches {
            let count = stretch.channels.count();
            if !mend::mend(&mut stretch.samples, count, &mut self.notes) {
                return Err(nothing("none of its values are numbers"));
            }
            let mixed = mix::mono(&stretch.samples, &stretch.channels, &mut self.notes);
            mono.extend(resample_channel(&mixed, stretch.rate_hz, rate_hz)?);
        }
        if self.how.sounding {
            self.trim(&mut mono, rate_hz);
        }
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "infinite saturates")]
        mono.truncate((self.how.longest_s * f64::from(rate_hz)) as usize);
        match mono.is_empty() {
            true => Err(nothing(SILENT)),
            false => Ok((Audio::mono(rate_hz, mono), count, self.notes)),
        }
    }

    /// Leaves out an offset and the silence at both ends.
    fn trim(&mut self, mono: &mut Vec<f32>, rate_hz: u32) {
        let rate = f64::from(rate_hz);
        // Of less than that a mean is no offset: a single sample would be nothing else.
        if mono.len() as f64 >= LEAD_S * rate {
            mend::centre(mono, &mut self.notes);
        }
        let lead = (LEAD_S * rate) as usize;
        let first = mono.iter().position(|x| x.abs() >= SILENCE).unwrap_or(mono.len()).saturating_sub(lead);
        let last =
            mono.iter().rposition(|x| x.abs() >= SILENCE).map_or(0, |at| (at + 1 + lead).min(mono.len()));
        let behind = mono.len() - last;
        mono.truncate(last);
        mono.drain(..first.min(last));
        let before_s = self.silent_s + first as f64 / rate;
        for (seconds, place) in [(before_s, "beginning"), (behind as f64 / rate, "end")] {
            if seconds >= 0.1 {
                self.notes.push(format!("{seconds:.1} s of silence at its {place} left out"));
            }
        }
    }
}
