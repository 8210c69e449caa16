//! When things happen, as options: at given times, at a tempo, or as in a file.

use anyhow::{Result, ensure};
use clap::Args;
use std::path::PathBuf;
use straightshot_evaluation::onset;
use straightshot_protocol::{Hit, MOST_HITS, Timing};
use straightshot_sound::files::read_mono;

#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// When each event begins, in seconds, separated by commas; :DB behind a time makes it so many dB quieter, as in
    /// 0.5,1.0:-6,1.4.
    #[arg(long, value_delimiter = ',', value_parser = hit, conflicts_with_all = ["tempo", "like", "free"])]
    hits: Vec<Hit>,
    /// Events at so many beats per minute, from the beginning on.
    #[arg(long, conflicts_with_all = ["like", "free"], value_parser = tempo)]
    tempo: Option<f64>,
    /// Events where and as loud as those of a sound file: a recording of claps, taps or a voice.
    #[arg(long, conflicts_with = "free")]
    like: Option<PathBuf>,
    /// The model's own timing, even where the text says a number or a tempo.
    #[arg(long = "free-timing")]
    free: bool,
    /// Seed of what the text leaves open of the timing; the seed of the sound without it.
    #[arg(long)]
    pub(super) timing_seed: Option<u64>,
}

impl Arguments {
    /// What a sound of so many seconds is asked for.
    ///
    /// # Errors
    /// If the file cannot be read or has no event in that length.
    pub(super) fn timing(&self, seconds: f64) -> Result<Timing> {
        if self.free {
            return Ok(Timing::Free);
        }
        if let Some(path) = &self.like {
            let sound = read_mono(path)?;
            let hits = hits_of(sound.left(), sound.sample_rate_hz());
            let hits: Vec<Hit> =
                hits.into_iter().filter(|hit| hit.seconds < seconds).take(MOST_HITS).collect();
            ensure!(
                !hits.is_empty(),
                "No event was found in the first {seconds} s of {}: an event rises by 12 dB within 30 ms",
                path.display()
            );
            return Ok(Timing::Hits(hits));
        }
        if let Some(bpm) = self.tempo {
            let times = (0..MOST_HITS).map(|beat| beat as f64 * 60.0 / bpm);
            return Ok(Timing::Hits(times.take_while(|time| *time < seconds).map(Hit::at).collect()));
        }
        if self.hits.is_empty() {
            return Ok(Timing::Text);
        }
        let mut hits = self.hits.clone();
        hits.sort_by(|a, b| a.seconds.total_cmp(&b.seconds));
        Ok(Timing::Hits(hits))
    }
}

/// Milliseconds after an onset in which its peak is.
const PEAK_MS: usize = 50;

/// The events of a sound and how loud each is beside the loudest.
fn hits_of(samples: &[f32], rate_hz: u32) -> Vec<Hit> {
    let times = onset::times(samples, rate_hz, &onset::Settings::default());
    let peak = |time: f64| {
        let start = ((time * f64::from(rate_hz)) as usize).min(samples.len());
        let end = (start + rate_hz as usize * PEAK_MS / 1000).min(samples.len());
        samples[start..end].iter().fold(1e-6f32, |most, x| most.max(x.abs()))
    };
    let loudest = times.iter().map(|time| peak(*time)).fold(1e-6, f32::max);
    let level = |time: f64| (20.0 * (peak(time) / loudest).log10()).clamp(-60.0, 0.0);
    times.into_iter().map(|seconds| Hit { seconds, level_db: level(seconds) }).collect()
}

fn hit(text: &str) -> Result<Hit, String> {
    let (seconds, level) = text.split_once(':').unwrap_or((text, "0"));
    let number = |text: &str| text.trim().parse::<f64>().ok().filter(|n| n.is_finite());
    match (number(seconds), number(level)) {
        (Some(seconds), Some(level_db)) if seconds >= 0.0 => Ok(Hit { seconds, level_db: level_db as f32 }),
        _ => Err("a time in seconds, or a time and a level such as 1.0:-6".into()),
    }
}

fn tempo(text: &str) -> Result<f64, String> {
    let bpm = text.parse::<f64>().ok().filter(|bpm| (1.0..=1200.0).contains(bpm));
    bpm.ok_or_else(|| "1 to 1200 beats per minute are possible".into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    #[derive(Parser)]
    struct Cli {
        #[command(flatten)]
        arguments: Arguments,
    }

    fn timing(words: &str) -> Result<Timing, String> {
        let parsed = Cli::try_parse_from(["x"].into_iter().chain(words.split_whitespace()));
        parsed.map_err(|e| e.to_string())?.arguments.timing(2.0).map_err(|e| e.to_string())
    }

    #[test]
    fn times_and_tempo_become_hits() {
        let hits = [Hit::at(0.5), Hit { seconds: 1.0, level_db: -6.0 }, Hit::at(1.4)];
        assert_eq!(timing("--hits 0.5,1.4,1.0:-6").unwrap(), Timing::Hits(hits.to_vec()));
        let beats = [0.0, 0.5, 1.0, 1.5].map(Hit::at);
        assert_eq!(timing("--tempo 120").unwrap(), Timing::Hits(beats.to_vec()));
        assert_eq!(timing("").unwrap(), Timing::Text);
        assert_eq!(timing("--free-timing").unwrap(), Timing::Free);
        for wrong in ["--hits x", "--hits -1", "--hits nan", "--tempo 0", "--tempo 60 --free-timing"] {
            assert!(timing(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_recording_gives_its_events_and_their_levels() {
        let mut samples = vec![0.0f32; 44_100];
        for (at, gain) in [(0.2, 0.5), (0.7, 0.25)] {
            let start = (at * 44_100.0) as usize;
            for i in 0..2000 {
                samples[start + i] = gain * (1.0 - i as f32 / 2000.0) * if i % 7 < 3 { 1.0 } else { -1.0 };
            }
        }
        let hits = hits_of(&samples, 44_100);
        assert_eq!(hits.len(), 2);
        assert!((hits[0].seconds - 0.2).abs() < 0.004 && (hits[1].seconds - 0.7).abs() < 0.004, "{hits:?}");
        assert!(hits[0].level_db == 0.0 && (hits[1].level_db + 6.0).abs() < 0.1, "{hits:?}");
    }
}
