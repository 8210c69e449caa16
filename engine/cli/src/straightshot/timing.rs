//! When things happen and how loud a sound is over time, as options: at given times, at a tempo, along a line, or as in a file.

use anyhow::{Context, Result};
use clap::Args;
use std::ops::RangeInclusive;
use std::path::PathBuf;
use straightshot_listening::Outline;
use straightshot_protocol::{CURVE_STEP_S, Curve, Hit, LEAST_CURVE_DB, MOST_HITS, Timing};
use straightshot_sound::files::read_beginning;

#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// When each event begins, in seconds, separated by commas; :DB behind a time makes it so many dB quieter, as in
    /// 0.5,1.0:-6,1.4.
    #[arg(long, value_delimiter = ',', value_parser = hit, conflicts_with_all = ["tempo", "like", "free"])]
    hits: Vec<Hit>,
    /// Events at so many beats per minute, from the beginning on.
    #[arg(long, conflicts_with_all = ["like", "free"], value_parser = tempo)]
    tempo: Option<f64>,
    /// The sound gets the loudness over time of a sound file, and its events come where those of the file do, if it has clear
    /// ones: claps, taps, steps. After a file without (a swell, wind, a voice that goes on) the sound goes on as the model
    /// makes it and only follows the loudness. It is as long as the file unless --seconds says otherwise; then what is behind
    /// the end is left out, or silence follows, or --stretch fits the file to the length.
    #[arg(long, conflicts_with_all = ["free", "curve"])]
    like: Option<PathBuf>,
    /// With --like and --seconds: the whole file, slower or faster, instead of a part of it or silence behind it.
    #[arg(long, requires = "like")]
    stretch: bool,
    /// Loudness over time: pairs of seconds and dB, separated by commas, with lines between them, as in 0:-40,1.5:0,2:-20.
    /// Only the distances of the levels count; -60 is silence.
    #[arg(long, value_delimiter = ',', value_parser = point, allow_hyphen_values = true)]
    curve: Vec<(f64, f32)>,
    /// The model's own timing, even where the text says a number or a tempo.
    #[arg(long = "free-timing")]
    free: bool,
    /// Seed of what the text leaves open of the timing; the seed of the sound without it.
    #[arg(long)]
    pub(super) timing_seed: Option<u64>,
}

/// What is asked of a sound in time.
#[derive(Debug, PartialEq)]
pub(super) struct InTime {
    pub(super) seconds: f64,
    pub(super) timing: Timing,
    pub(super) curve: Option<Curve>,
}

/// As much of a file is read: more than any sound can follow.
const MOST_READ_S: f64 = 300.0;
/// Length of a sound that nothing says the length of, s.
const SECONDS: f64 = 2.0;

impl Arguments {
    /// What a sound is asked for whose length is to be `seconds`, if that was said. `possible` are the lengths that the model makes.
    ///
    /// # Errors
    /// If the file cannot be read or is silent.
    pub(super) fn in_time(&self, seconds: Option<f64>, possible: &RangeInclusive<f64>) -> Result<InTime> {
        if let Some(path) = &self.like {
            let sound = read_beginning(path, MOST_READ_S)?;
            let outline = Outline::of(sound.left(), sound.sample_rate_hz());
            let outline = outline.with_context(|| format!("{} is silent", path.display()))?;
            let own = (sound.seconds() * 1e3).round() / 1e3;
            let seconds = seconds.unwrap_or_else(|| own.clamp(*possible.start(), *possible.end()));
            let outline = if self.stretch { outline.stretched(seconds / sound.seconds()) } else { outline };
            let outline = outline.fitted(seconds);
            return Ok(InTime { seconds, timing: outline.timing(), curve: Some(outline.curve) });
        }
        let seconds = seconds.unwrap_or(SECONDS);
        Ok(InTime { seconds, timing: self.timing(seconds), curve: self.drawn(seconds) })
    }

    /// The timing without a file.
    fn timing(&self, seconds: f64) -> Timing {
        if self.free {
            return Timing::Free;
        }
        if let Some(bpm) = self.tempo {
            let times = (0..MOST_HITS).map(|beat| beat as f64 * 60.0 / bpm);
            return Timing::Hits(times.take_while(|time| *time < seconds).map(Hit::at).collect());
        }
        if self.hits.is_empty() {
            return Timing::Text;
        }
        let mut hits = self.hits.clone();
        hits.sort_by(|a, b| a.seconds.total_cmp(&b.seconds));
        Timing::Hits(hits)
    }

    /// The curve of the pairs of times and levels.
    fn drawn(&self, seconds: f64) -> Option<Curve> {
        let mut points = self.curve.clone();
        points.sort_by(|a, b| a.0.total_cmp(&b.0));
        let (first, last) = (points.first()?, points.last()?);
        let at = |time: f64| {
            let next = points.partition_point(|point| point.0 <= time);
            match (next.checked_sub(1).and_then(|before| points.get(before)), points.get(next)) {
                (Some(one), Some(other)) => {
                    one.1 + (other.1 - one.1) * ((time - one.0) / (other.0 - one.0)) as f32
                }
                (None, _) => first.1,
                (_, None) => last.1,
            }
        };
        let count = (seconds / CURVE_STEP_S).ceil().max(1.0) as usize;
        Curve::of((0..count).map(|i| at((i as f64 + 0.5) * CURVE_STEP_S)))
    }
}

fn hit(text: &str) -> Result<Hit, String> {
    let (seconds, level) = text.split_once(':').unwrap_or((text, "0"));
    match (number(seconds), number(level)) {
        (Some(seconds), Some(level_db)) if seconds >= 0.0 => Ok(Hit { seconds, level_db: level_db as f32 }),
        _ => Err("a time in seconds, or a time and a level such as 1.0:-6".into()),
    }
}

fn point(text: &str) -> Result<(f64, f32), String> {
    let levels = f64::from(LEAST_CURVE_DB)..=0.0;
    let pair = text.split_once(':').and_then(|(seconds, level)| Some((number(seconds)?, number(level)?)));
    match pair {
        Some((seconds, level)) if seconds >= 0.0 && levels.contains(&level) => Ok((seconds, level as f32)),
        _ => Err(format!("a time in seconds and a level of {LEAST_CURVE_DB} to 0 dB, such as 1.0:-6")),
    }
}

fn number(text: &str) -> Option<f64> {
    text.trim().parse::<f64>().ok().filter(|n| n.is_finite())
}

fn tempo(text: &str) -> Result<f64, String> {
    let bpm = text.parse::<f64>().ok().filter(|bpm| (1.0..=1200.0).contains(bpm));
    bpm.ok_or_else(|| "1 to 1200 beats per minute are possible".into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;
    use std::path::Path;
    use straightshot_protocol::Audio;
    use straightshot_sound::files::write;

    #[derive(Parser)]
    struct Cli {
        #[command(flatten)]
        arguments: Arguments,
    }

    fn of(words: &str, seconds: Option<f64>) -> Result<InTime, String> {
        let parsed = Cli::try_parse_from(["x"].into_iter().chain(words.split_whitespace()));
        let arguments = parsed.map_err(|e| e.to_string())?.arguments;
        arguments.in_time(seconds, &(0.5..=30.0)).map_err(|e| e.to_string())
    }

    fn timing(words: &str) -> Result<Timing, String> {
        of(words, None).map(|in_time| in_time.timing)
    }

    #[test]
    fn times_and_tempo_become_hits() {
        let hits = [Hit::at(0.5), Hit { seconds: 1.0, level_db: -6.0 }, Hit::at(1.4)];
        assert_eq!(timing("--hits 0.5,1.4,1.0:-6").unwrap(), Timing::Hits(hits.to_vec()));
        let beats = [0.0, 0.5, 1.0, 1.5].map(Hit::at);
        assert_eq!(timing("--tempo 120").unwrap(), Timing::Hits(beats.to_vec()));
        assert_eq!(of("", None).unwrap(), InTime { seconds: 2.0, timing: Timing::Text, curve: None });
        assert_eq!(timing("--free-timing").unwrap(), Timing::Free);
        for wrong in ["--hits x", "--hits -1", "--hits nan", "--tempo 0", "--tempo 60 --free-timing"] {
            assert!(timing(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn pairs_become_lines() {
        let curve = of("--curve 1.5:0,0.5:-40 --hits 1", Some(2.0)).unwrap().curve.unwrap();
        for (seconds, level) in [(0.1, -40.0), (1.0, -20.0), (1.25, -10.0), (1.9, 0.0)] {
            assert!((curve.at(seconds) - level).abs() < 0.1, "{} at {seconds} s", curve.at(seconds));
        }
        assert_eq!(curve.seconds(), 2.0);
        for wrong in
            ["--curve 1", "--curve 0:3", "--curve 0:-61", "--curve nan:0", "--curve 0:-6 --like x.wav"]
        {
            assert!(timing(wrong).is_err(), "{wrong}");
        }
    }

    /// Two taps, 6 dB apart, in a file of one second.
    fn taps(folder: &Path) -> PathBuf {
        let mut samples = vec![0.0f32; 44_100];
        for (at, gain) in [(0.2, 0.5), (0.7, 0.25)] {
            let start = (at * 44_100.0) as usize;
            for i in 0..2000 {
                samples[start + i] = gain * (1.0 - i as f32 / 2000.0) * if i % 7 < 3 { 1.0 } else { -1.0 };
            }
        }
        let path = folder.join("taps.wav");
        write(&path, &Audio::mono(44_100, samples)).unwrap();
        path
    }

    #[test]
    fn a_recording_gives_its_length_its_events_and_its_loudness() {
        let folder = tempfile::tempdir().unwrap();
        let path = taps(folder.path()).display().to_string();
        let times = |in_time: &InTime| match &in_time.timing {
            Timing::Hits(hits) => hits.iter().map(|hit| hit.seconds).collect::<Vec<_>>(),
            other => panic!("{other:?}"),
        };
        let like = of(&format!("--like {path}"), None).unwrap();
        assert_eq!(like.seconds, 1.0);
        let found = times(&like);
        assert!((found[0] - 0.2).abs() < 0.004 && (found[1] - 0.7).abs() < 0.004, "{found:?}");
        let curve = like.curve.as_ref().unwrap();
        assert!((curve.at(0.715) - curve.at(0.215) + 6.0).abs() < 0.5 && curve.at(0.5) == -60.0);
        let cut = of(&format!("--like {path}"), Some(0.5)).unwrap();
        assert_eq!((times(&cut).len(), cut.curve.unwrap().seconds()), (1, 0.5));
        let longer = of(&format!("--like {path}"), Some(4.0)).unwrap();
        assert_eq!((times(&longer).len(), longer.curve.unwrap().at(3.5)), (2, -60.0));
        let stretched = of(&format!("--like {path} --stretch"), Some(4.0)).unwrap();
        assert!((times(&stretched)[1] - 2.8).abs() < 0.02, "{stretched:?}");
        assert!(of("--stretch", None).is_err());
    }

    #[test]
    fn a_silent_file_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("silence.wav");
        write(&path, &Audio::mono(44_100, vec![0.0; 4410])).unwrap();
        assert!(timing(&format!("--like {}", path.display())).is_err_and(|e| e.contains("silent")));
    }
}
