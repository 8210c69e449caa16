//! What is measured of one sound of a class.

use super::super::progress;
use super::Setting;
use super::material::{Maker, Recording};
use crate::reconstruct::{packed_codec, with_levels_of};
use anyhow::Result;
use candle_core::Device;
use straightshot_engine::model::ModelFiles;
use straightshot_evaluation::attack::{Attack, Envelope, Unclear};
use straightshot_evaluation::classes::Trait;
use straightshot_evaluation::floor::{self, Floor};
use straightshot_evaluation::onset;
use straightshot_evaluation::periodicity::periodicity;
use straightshot_evaluation::rhythm;
use straightshot_evaluation::spectrum_balance::{Balance, balance};
use straightshot_evaluation::yamnet::EMBEDDING;

/// Seconds of a generated sound, of one of a class that networks judge and of the others.
const SECONDS: [f64; 2] = [5.0, 3.0];

/// Measures of a sound.
#[derive(Debug, Default)]
pub(super) struct ClassSound {
    /// Its class.
    pub(super) class: usize,
    /// When its events begin, those of which the attack is clear, if it is an impact: what a reconstruction of it is
    /// measured at.
    pub(super) attacks: Vec<Attack>,
    /// Whether the sound begins inside its first attack; `None` if it is no impact.
    pub(super) cut: Option<bool>,
    pub(super) periodicity: Option<f64>,
    pub(super) balance: Option<Balance>,
    pub(super) floor: Option<Floor>,
    pub(super) variation: Option<f64>,
    /// What networks make of it, if they judge its class.
    pub(super) heard: Option<Ears>,
}

/// What YAMNet makes of a sound.
#[derive(Debug)]
pub(super) struct Ears {
    /// Posteriors where each is highest.
    pub(super) peaks: Vec<f64>,
    /// Embeddings of the windows that sound, `[windows, 1024]`, row-major.
    pub(super) sounding: Vec<f32>,
    /// Their mean; that of all windows where none sounds.
    pub(super) mean: Vec<f64>,
}

impl Setting<'_> {
    pub(super) fn measure_recordings(&self, recordings: &[Recording]) -> Result<Vec<ClassSound>> {
        let mut sounds = Vec::new();
        for Recording { class, clip } in recordings {
            sounds.push(self.measure(*class, &clip.samples, None)?);
            progress("measuring recordings", sounds.len(), recordings.len());
        }
        Ok(sounds)
    }

    /// The recordings through the codec and back, attacks at the onsets that the recordings have.
    pub(super) fn measure_codec(
        &self,
        files: &ModelFiles,
        recordings: &[Recording],
        real: &[ClassSound],
    ) -> Result<Vec<ClassSound>> {
        let codec = packed_codec(files)?;
        let mut sounds = Vec::new();
        for (Recording { class, clip }, original) in recordings.iter().zip(real) {
            let latent = codec.encode(&clip.samples, &Device::Cpu)?;
            let mut samples = codec.render(&codec.decode(&latent)?, sounds.len() as u64)?;
            if self.arguments.true_levels {
                samples = with_levels_of(&clip.samples, &samples, &codec);
            }
            samples.truncate(clip.samples.len());
            sounds.push(self.measure(*class, &samples, Some(original))?);
            progress("measuring reconstructions", sounds.len(), recordings.len());
        }
        Ok(sounds)
    }

    /// A sound of each class for each seed.
    pub(super) fn measure_generated(&self, maker: &Maker<'_>) -> Result<Vec<ClassSound>> {
        let seeds = &self.arguments.seeds;
        let what = format!("sounds of classes, steps: {}", maker.steps);
        let mut sounds = Vec::new();
        for (number, class) in self.classes.iter().enumerate() {
            for &seed in seeds {
                let seconds = SECONDS[usize::from(!class.is(Trait::Everyday))];
                let made = maker.make(&class.prompt, seconds, seed)?;
                sounds.push(self.measure(number, &made.mixed(), None)?);
                progress(&what, sounds.len(), self.classes.len() * seeds.len());
            }
        }
        Ok(sounds)
    }

    fn measure(&self, number: usize, samples: &[f32], original: Option<&ClassSound>) -> Result<ClassSound> {
        let (class, rate) = (&self.classes[number], self.rate_hz);
        let mut sound = ClassSound { class: number, ..ClassSound::default() };
        let onsets = onset::times(samples, rate, &onset::Settings::default());
        if class.is(Trait::Impact) {
            measure_attacks(&mut sound, samples, rate, &onsets, original);
        }
        if class.is(Trait::Tonal) {
            sound.periodicity = periodicity(samples, rate);
        }
        if class.is(Trait::Events) {
            sound.floor = floor::between(samples, rate, &onsets);
        }
        if class.is(Trait::Clock) {
            sound.variation = rhythm::variation(&onsets);
        }
        if class.is(Trait::Everyday) {
            sound.balance = balance(samples, rate);
            sound.heard = Some(self.listen(samples)?);
        }
        Ok(sound)
    }

    fn listen(&self, samples: &[f32]) -> Result<Ears> {
        let heard = self.yamnet.hear(samples, self.rate_hz)?;
        let rows = heard.embeddings.chunks_exact(EMBEDDING).zip(&heard.silent);
        let sounding: Vec<f32> =
            rows.filter(|(_, silent)| !**silent).flat_map(|(row, _)| row).copied().collect();
        let of = if sounding.is_empty() { &heard.embeddings } else { &sounding };
        let mut mean = vec![0.0; EMBEDDING];
        let windows = (of.len() / EMBEDDING) as f64;
        for row in of.chunks_exact(EMBEDDING) {
            mean.iter_mut().zip(row).for_each(|(sum, &x)| *sum += f64::from(x) / windows);
        }
        Ok(Ears { peaks: heard.peaks(), sounding, mean })
    }
}

/// Attacks at the onsets of the sound, or at those of its original.
fn measure_attacks(
    sound: &mut ClassSound,
    samples: &[f32],
    rate_hz: u32,
    onsets: &[f64],
    original: Option<&ClassSound>,
) {
    let envelope = Envelope::new(samples, rate_hz);
    let all: Vec<Result<Attack, Unclear>> = match original {
        Some(original) => original.attacks.iter().map(|attack| envelope.attack_of(attack.onset_s)).collect(),
        None => onsets.iter().map(|&onset| envelope.attack(onset)).collect(),
    };
    sound.cut = match original {
        Some(_) => None,
        None => Some(matches!(all.first(), Some(Err(Unclear::Cut)))),
    };
    sound.attacks = all.into_iter().flatten().collect();
}
