//! The sounds that are judged: generated, or recordings in their place.

use super::{Arguments, Real, clips, create, progress};
use crate::reconstruct::packed_codec;
use anyhow::Result;
use candle_core::Device;
use std::collections::BTreeMap;
use straightshot_engine::limits::{MAX_SECONDS, MIN_SECONDS};
use straightshot_engine::model::ModelFiles;
use straightshot_engine::pipeline::Generator;
use straightshot_protocol::{Audio, CancelToken, Request, StageTimings};
use straightshot_sound::files;
use straightshot_training::data::{Clip, Split};

pub(super) use straightshot_protocol::Audio as Sound;

/// A set of sounds: those of the first seed in the order of the clips, then those of the second, ...
#[derive(Debug)]
pub(super) struct Made {
    pub(super) sounds: Vec<Sound>,
    /// Whether sound `i` belongs to clip `i % clips`.
    pub(super) paired: bool,
    /// How many sounds each clip has.
    pub(super) seeds: usize,
    timings: Option<StageTimings>,
}

impl Made {
    /// Seconds of computing per second of sound, by stage; empty for recordings.
    pub(super) fn rtf(&self) -> BTreeMap<String, f64> {
        let Some(t) = self.timings else { return BTreeMap::new() };
        let sound: f64 = self.sounds.iter().map(seconds).sum();
        let stages = [("text", t.text), ("flow", t.flow), ("decode", t.decode), ("total", t.total())];
        stages.into_iter().map(|(name, time)| (name.to_owned(), time.as_secs_f64() / sound)).collect()
    }
}

fn seconds(sound: &Sound) -> f64 {
    sound.seconds()
}

pub(super) fn recordings(clips: &[Clip], sample_rate_hz: u32) -> Vec<Sound> {
    clips.iter().map(|clip| Audio::mono(sample_rate_hz, clip.samples.as_slice())).collect()
}

/// The request for clip `i`: its caption, its length and noise of its own.
///
/// The noise depends on the seed and the clip's place alone, so systems and step counts start from the same noise.
///
/// `rate` is the sample rate of the clip in Hz.
pub(super) fn request(arguments: &Arguments, rate: u32, clip: &Clip, i: usize, seed: u64) -> Request {
    let length = clip.samples.len() as f64 / f64::from(rate);
    Request {
        prompt: clip.entry.caption.clone(),
        steps: arguments.steps(),
        guidance: arguments.guidance,
        seed: (seed << 32).wrapping_add(i as u64),
        seconds: length.clamp(MIN_SECONDS, MAX_SECONDS),
        ..Request::default()
    }
}

pub(super) fn make(
    arguments: &Arguments,
    generator: &Generator,
    files: &ModelFiles,
    references: &[Clip],
) -> Result<Made> {
    let rate = generator.sample_rate_hz();
    let made = match arguments.real {
        None => generated(arguments, generator, references)?,
        Some(Real::Same) => real(recordings(references, rate), true),
        Some(Real::Train) => {
            let train = clips(arguments, Split::Train, Some(references.len()), rate)?;
            real(recordings(&train, rate), false)
        }
        Some(Real::Codec) => real(reconstructed(files, references)?, true),
    };
    if let Some(folder) = &arguments.keep {
        create(folder)?;
        for (i, sound) in made.sounds.iter().enumerate() {
            let (set, at) = (i / references.len() + 1, i % references.len());
            let name = if made.paired { references[at].entry.id.clone() } else { at.to_string() };
            files::write(&folder.join(format!("{name}-{set}.wav")), sound)?;
        }
    }
    Ok(made)
}

fn real(sounds: Vec<Sound>, paired: bool) -> Made {
    Made { sounds, paired, seeds: 1, timings: None }
}

fn generated(arguments: &Arguments, generator: &Generator, references: &[Clip]) -> Result<Made> {
    let mut sounds = Vec::new();
    let mut timings = StageTimings::default();
    let all = references.len() * arguments.seeds.len();
    for &seed in &arguments.seeds {
        for (i, clip) in references.iter().enumerate() {
            let request = request(arguments, generator.sample_rate_hz(), clip, i, seed);
            let made = generator.generate(&request, &mut |_| (), &CancelToken::default())?;
            timings = timings + made.timings;
            // The shortest possible sound can be longer than a recording.
            sounds.extend(made.clips.iter().map(|sound| sound.first(clip.samples.len())));
            progress("generating", sounds.len(), all);
        }
    }
    Ok(Made { sounds, paired: true, seeds: arguments.seeds.len(), timings: Some(timings) })
}

fn reconstructed(files: &ModelFiles, references: &[Clip]) -> Result<Vec<Sound>> {
    let codec = packed_codec(files)?;
    let mut sounds = Vec::new();
    for (i, clip) in references.iter().enumerate() {
        let latent = codec.encode(&clip.samples, &Device::Cpu)?;
        let mut samples = codec.render(&codec.decode(&latent)?, i as u64)?;
        samples.truncate(clip.samples.len());
        sounds.push(Audio::mono(codec.config().sample_rate_hz, samples));
        progress("reconstructing", i + 1, references.len());
    }
    Ok(sounds)
}
