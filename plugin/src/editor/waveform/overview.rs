//! What a sound looks like: measured once, drawn at any zoom.

use egui::Rangef;
use std::ops::Range;
use straightshot_edits::sounding;
use straightshot_protocol::Audio;

/// Frames of one [`Bin`]. A stretch that is shorter is drawn from the samples themselves.
const BIN: usize = 64;
/// Shown instead of the level of digital silence, in dB.
const SILENCE_DB: f32 = -120.0;

/// Extremes and energy of a short stretch of one channel.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(in crate::editor) struct Bin {
    /// Smallest sample.
    pub(in crate::editor) min: f32,
    /// Largest sample.
    pub(in crate::editor) max: f32,
    /// Mean of the squared samples.
    pub(in crate::editor) power: f32,
}

impl Bin {
    const NOTHING: Self = Self { min: f32::INFINITY, max: f32::NEG_INFINITY, power: 0.0 };

    /// Measures samples; `None` of none.
    fn of(samples: &[f32]) -> Option<Self> {
        if samples.is_empty() {
            return None;
        }
        let bin = samples.iter().fold(Self::NOTHING, |bin, &x| Self {
            min: bin.min.min(x),
            max: bin.max.max(x),
            power: bin.power + x * x,
        });
        #[expect(clippy::cast_precision_loss, reason = "a bin holds a few samples")]
        let count = samples.len() as f32;
        Some(Self { power: bin.power / count, ..bin })
    }
}

/// A sound with what it looks like.
#[derive(Debug, Clone)]
pub(in crate::editor) struct Overview {
    /// The samples, shared with the take.
    audio: Audio,
    /// Bins of each channel.
    channels: Vec<Vec<Bin>>,
    /// Length in seconds.
    pub(in crate::editor) seconds: f32,
    /// Largest magnitude in dB full scale.
    pub(in crate::editor) peak_db: f32,
    /// Root mean square of the whole clip in dB full scale.
    pub(in crate::editor) rms_db: f32,
    /// The part without the silence at its head and tail.
    pub(super) sounding: Range<usize>,
}

impl Overview {
    /// Measures `audio`; about two milliseconds per ten seconds of stereo.
    pub(in crate::editor) fn measure(audio: &Audio) -> Self {
        let channels: Vec<Vec<Bin>> =
            audio.channels().map(|channel| channel.chunks(BIN).filter_map(Bin::of).collect()).collect();
        let bins = || channels.iter().flatten();
        let peak = bins().fold(0.0, |peak: f32, bin| peak.max(bin.max).max(-bin.min));
        #[expect(clippy::cast_precision_loss, reason = "some ten thousand bins")]
        let power = bins().map(|bin| bin.power).sum::<f32>() / bins().count().max(1) as f32;
        #[expect(clippy::cast_possible_truncation, reason = "a clip is minutes long at most")]
        let seconds = audio.seconds() as f32;
        Self {
            audio: audio.clone(),
            channels,
            seconds,
            peak_db: to_db(peak),
            rms_db: to_db(power.sqrt()),
            sounding: sounding(audio, 0..audio.frames()),
        }
    }

    /// Whether it is that of `audio`.
    pub(in crate::editor) fn is_of(&self, audio: &Audio) -> bool {
        self.audio.is_same_memory(audio)
    }

    /// The sound.
    pub(super) fn audio(&self) -> &Audio {
        &self.audio
    }

    /// How many channels there are.
    pub(super) fn lanes(&self) -> usize {
        self.channels.len()
    }

    /// What `frames` of a channel look like; `None` outside of the sound. Whatever is in them is in the answer, and as much
    /// beyond as fills whole bins.
    pub(super) fn between(&self, channel: usize, frames: Range<usize>) -> Option<Bin> {
        let end = frames.end.min(self.audio.frames());
        if frames.start >= end {
            return None;
        }
        if frames.len() < 2 * BIN {
            return Bin::of(&self.audio.channels().nth(channel)?[frames.start..end]);
        }
        let bins = &self.channels.get(channel)?[frames.start / BIN..end.div_ceil(BIN)];
        let sum = bins.iter().fold(Bin::NOTHING, |sum, bin| Bin {
            min: sum.min.min(bin.min),
            max: sum.max.max(bin.max),
            power: sum.power + bin.power,
        });
        #[expect(clippy::cast_precision_loss, reason = "some ten thousand bins")]
        let count = bins.len().max(1) as f32;
        Some(Bin { power: sum.power / count, ..sum })
    }

    /// The samples of a channel.
    pub(super) fn samples(&self, channel: usize) -> &[f32] {
        self.audio.channels().nth(channel).unwrap_or_default()
    }
}

/// Level in dB full scale of a linear `gain`, not below −120.
pub(in crate::editor) fn to_db(gain: f32) -> f32 {
    (20.0 * gain.max(1e-9).log10()).max(SILENCE_DB)
}

/// A level for people: one decimal, a real minus sign, and `−∞` for silence.
pub(in crate::editor) fn db_text(db: f32) -> String {
    if db <= SILENCE_DB { "−∞ dB".to_owned() } else { format!("{db:.1} dB").replace('-', "−") }
}

/// The `index`-th of `count` equal rows of `range`, with a gap between them.
pub(super) fn lane(range: Rangef, index: usize, count: usize) -> Rangef {
    const GAP: f32 = 4.0;
    #[expect(clippy::cast_precision_loss, reason = "one or two lanes")]
    let (index, count) = (index as f32, count.max(1) as f32);
    let height = (range.span() - GAP * (count - 1.0)) / count;
    let top = range.min + index * (height + GAP);
    Rangef::new(top, top + height)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_scale_sine_measures_minus_three_db_rms() {
        let samples: Vec<f32> = (0..48_000_u16).map(|i| (f32::from(i) * 0.05).sin()).collect();
        let overview = Overview::measure(&Audio::mono(48_000, samples));
        assert!((overview.seconds - 1.0).abs() < 1e-6);
        assert!(overview.peak_db.abs() < 0.05, "{}", overview.peak_db);
        assert!((overview.rms_db + 3.01).abs() < 0.05, "{}", overview.rms_db);
    }

    #[test]
    fn an_impulse_is_seen_at_every_width_and_in_its_channel_alone() {
        let mut samples = vec![0.0; 1_000_000];
        samples[654_321] = -0.75;
        let overview = Overview::measure(&Audio::stereo(48_000, samples, vec![0.0; 1_000_000]).unwrap());
        for columns in [1, 7, 300, 5000, 400_000] {
            let lowest = |channel: usize| {
                (0..columns)
                    .filter_map(|i| {
                        let frames = i * 1_000_000 / columns..(i + 1) * 1_000_000 / columns;
                        overview.between(channel, frames)
                    })
                    .fold(0.0, |low: f32, bin| low.min(bin.min))
            };
            assert!((lowest(0) + 0.75).abs() < 1e-6 && lowest(1).abs() < 1e-6, "{columns} columns");
        }
    }

    #[test]
    fn clips_shorter_than_the_bins_and_empty_ones_are_measured() {
        let short = Overview::measure(&Audio::mono(4, vec![0.5, -0.25]));
        assert_eq!(short.between(0, 0..9).map(|b| (b.min, b.max)), Some((-0.25, 0.5)));
        let empty = Overview::measure(&Audio::mono(48_000, vec![]));
        assert_eq!(empty.between(0, 0..1), None);
        assert_eq!(db_text(empty.peak_db), "−∞ dB");
    }

    #[test]
    fn levels_are_written_with_a_minus_sign() {
        assert_eq!(db_text(to_db(0.5)), "−6.0 dB");
        assert_eq!(db_text(to_db(1.0)), "0.0 dB");
    }
}
