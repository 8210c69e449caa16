//! Clips and captions from a folder with a `manifest.csv`.

use super::tones;
use rayon::prelude::*;
use serde::Deserialize;
use std::path::PathBuf;
use straightshot_engine::error::{Error, ErrorKind, Result};
use straightshot_engine::rng::Noise;
use straightshot_sound::{files, resample_channel};

/// Part of a data set; variations of one recording are in one part only.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Split {
    /// Seen in training.
    Train,
    /// Watched during training.
    Valid,
    /// Never seen until the evaluation.
    Test,
}

/// One line of `manifest.csv`; other columns are ignored.
#[derive(Debug, Clone, Deserialize)]
pub struct Entry {
    /// Unique name.
    pub id: String,
    /// Sound file; relative to the manifest there.
    pub file: PathBuf,
    /// `A` where the licence is stated beside the file without contradiction; only these train shipped weights.
    pub licence_tier: String,
    /// Collection it is from.
    #[serde(default)]
    pub source: String,
    /// Universal Category System category, upper case.
    pub ucs_category: String,
    /// What is heard.
    pub caption: String,
    /// The same in other words; may be empty.
    pub caption2: String,
    /// Part of the data set.
    pub split: Split,
    /// Recordings that have something in common (a session, an original they were cut from); empty where nobody says.
    #[serde(default)]
    pub source_group: String,
}

/// A decoded sound with its description.
#[derive(Debug, Clone)]
pub struct Clip {
    /// Line of the manifest.
    pub entry: Entry,
    /// Mono samples at the data set's rate, ±1.
    pub samples: Vec<f32>,
}

impl Clip {
    /// One of the captions.
    #[must_use]
    pub fn caption(&self, random: &mut Noise) -> &str {
        if self.entry.caption2.is_empty() || random.below(2) == 0 {
            &self.entry.caption
        } else {
            &self.entry.caption2
        }
    }
}

/// Reads the lines of `manifest.csv` in every folder that are of `split` and of a licence tier or a source in `tiers`,
/// which names are separated by commas; the files they name become paths from here.
///
/// # Errors
/// [`ErrorKind::BadData`] with the line at fault.
pub fn read_manifests(folders: &[PathBuf], tiers: &str, split: Split) -> Result<Vec<Entry>> {
    let mut entries = Vec::new();
    for folder in folders {
        let path = folder.join("manifest.csv");
        let bad = |e: csv::Error| {
            Error::new(ErrorKind::BadData, format!("{} cannot be read", path.display())).with_source(e)
        };
        for entry in csv::Reader::from_path(&path).map_err(bad)?.deserialize::<Entry>() {
            let mut entry = entry.map_err(bad)?;
            let wanted = |name: &str| name == entry.licence_tier || name == entry.source;
            if entry.split == split && tiers.split(',').any(wanted) {
                entry.file = folder.join(entry.file);
                entries.push(entry);
            }
        }
    }
    Ok(entries)
}

/// Decodes the sounds of `entries`, on all threads, at `sample_rate_hz`.
///
/// # Errors
/// [`ErrorKind::BadData`] or [`ErrorKind::Io`] naming the file.
pub fn load(entries: &[Entry], sample_rate_hz: u32) -> Result<Vec<Clip>> {
    entries
        .par_iter()
        .map(|entry| {
            let audio = files::read_mono(&entry.file)?;
            let samples = resample_channel(audio.left(), audio.sample_rate_hz(), sample_rate_hz)?;
            Ok(Clip { entry: entry.clone(), samples })
        })
        .collect()
}

/// Share of pieces that are synthetic tones.
const TONES: f64 = 0.15;
/// Share of the other pieces that are played at another speed, and the largest factor.
const RESPEEDED: f64 = 0.5;
const FASTEST: f64 = 1.6;

/// Fills `samples` with random pieces of random clips one after the other, each at a random level, some at a
/// random speed, and with some synthetic tones: few recordings have a pitch, and those have few pitches.
///
/// Most foley is shorter than a training segment; packing several into one wastes nothing on silence.
#[must_use]
pub fn packed_segment(clips: &[Clip], samples: usize, sample_rate_hz: u32, random: &mut Noise) -> Vec<f32> {
    const FADE: usize = 64;
    let mut out = Vec::with_capacity(samples);
    while out.len() < samples {
        let room = samples - out.len();
        let (piece, cut_in) = if random.uniform() < TONES {
            (tones::tone((2_000 + random.below(40_000)).min(room), sample_rate_hz, random), false)
        } else {
            recorded(&clips[random.below(clips.len())].samples, room, random)
        };
        // -12 to 0 dB: generated latents are not all at the level of the recordings.
        let gain = 10f32.powf(-0.6 * random.uniform() as f32);
        let n = piece.len();
        out.extend(piece.iter().enumerate().map(|(i, x)| {
            let edge = if cut_in { i.min(n - 1 - i) } else { n - 1 - i };
            x * gain * (edge as f32 / FADE as f32).min(1.0)
        }));
        let gap = random.below(4096).min(samples - out.len());
        out.resize(out.len() + gap, 0.0);
    }
    out
}

/// A random piece of `clip` that fits `room` samples, and whether it starts inside the clip.
fn recorded(clip: &[f32], room: usize, random: &mut Noise) -> (Vec<f32>, bool) {
    let speed = if random.uniform() < RESPEEDED { FASTEST.powf(2.0 * random.uniform() - 1.0) } else { 1.0 };
    let wanted = (room as f64 * speed) as usize;
    let start = if clip.len() > wanted { random.below(clip.len() - wanted) } else { 0 };
    let piece = &clip[start..(start + wanted).min(clip.len())];
    if speed == 1.0 { (piece.to_vec(), start > 0) } else { (at_speed(piece, speed, room), start > 0) }
}

/// At most `room` samples of `piece` played `speed` times as fast, by linear interpolation: what it loses at the
/// top of the spectrum makes for one more kind of sound.
fn at_speed(piece: &[f32], speed: f64, room: usize) -> Vec<f32> {
    let n = ((piece.len().saturating_sub(1)) as f64 / speed) as usize;
    (0..n.clamp(1, room))
        .map(|i| {
            let at = i as f64 * speed;
            let (k, f) = (at as usize, at.fract() as f32);
            let a = piece.get(k).copied().unwrap_or(0.0);
            a + f * (piece.get(k + 1).copied().unwrap_or(0.0) - a)
        })
        .collect()
}
