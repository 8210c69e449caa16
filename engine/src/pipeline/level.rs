//! The level of a finished clip, if another is asked for than the one it is finished with.

use crate::error::{Error, Result};
use straightshot_listening::loudest_lufs;
use straightshot_protocol::{Audio, Level};

/// Brings `clip` to `level` by one gain.
///
/// The clip that the pipeline has finished is measured, so that whether it is silent, and whatever else is decided about
/// it, does not depend on the level asked for.
///
/// # Errors
/// None with one gain for all channels.
pub(super) fn bring(clip: &mut Audio, level: Level) -> Result<()> {
    let lufs = match level {
        Level::Full => return Ok(()),
        Level::Peak { .. } => f32::NEG_INFINITY,
        Level::Loudness { .. } => loudest_lufs(clip),
    };
    let peak = clip.channels().flatten().fold(0f32, |peak, x| peak.max(x.abs()));
    let gain = 10f32.powf(level.gain_db(lufs, 20.0 * peak.log10()) / 20.0);
    *clip = clip.map_channels(clip.sample_rate_hz(), |samples| {
        Ok::<_, Error>(samples.iter().map(|x| x * gain).collect())
    })?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tone(seconds: f32, amplitude: f32) -> Audio {
        let samples = (0..(44_100.0 * seconds) as usize)
            .map(|i| amplitude * (std::f32::consts::TAU * 1000.0 * i as f32 / 44_100.0).sin());
        Audio::mono(44_100, samples.collect::<Vec<_>>())
    }

    fn peak(clip: &Audio) -> f32 {
        20.0 * clip.left().iter().fold(0f32, |peak, x| peak.max(x.abs())).log10()
    }

    /// A sine of 1 kHz at full scale in one channel has -3.01 LUFS, by the standard.
    #[test]
    fn a_sound_has_the_loudness_that_was_asked_for() {
        for seconds in [0.5, 2.0] {
            let mut clip = tone(seconds, 0.891);
            bring(&mut clip, Level::Loudness { lufs: -23.0 }).unwrap();
            let measured = loudest_lufs(&clip);
            assert!((measured + 23.0).abs() < 0.05, "{measured} LUFS in {seconds} s");
            assert!((peak(&clip) - (-23.0 + 3.01)).abs() < 0.2, "{}", peak(&clip));
        }
    }

    #[test]
    fn a_sound_has_the_peak_that_was_asked_for_and_never_more_than_is_allowed() {
        let mut clip = tone(1.0, 0.891);
        bring(&mut clip, Level::Peak { dbfs: -12.0 }).unwrap();
        assert!((peak(&clip) + 12.0).abs() < 1e-3, "{}", peak(&clip));
        // Half the loudest 400 ms are silence: its peak does not allow what its loudness asks for.
        let mut short = tone(0.2, 0.1);
        bring(&mut short, Level::Loudness { lufs: 0.0 }).unwrap();
        assert!((peak(&short) + 1.0).abs() < 1e-3, "{}", peak(&short));
    }

    #[test]
    fn without_a_level_nothing_is_touched_and_silence_stays_silent() {
        let mut clip = tone(0.3, 0.4);
        let before = clip.clone();
        bring(&mut clip, Level::Full).unwrap();
        assert!(clip.is_same_memory(&before));
        let mut silence = Audio::mono(44_100, vec![0.0; 4410]);
        for level in [Level::Loudness { lufs: -20.0 }, Level::Peak { dbfs: -6.0 }] {
            bring(&mut silence, level).unwrap();
            assert!(silence.left().iter().all(|x| *x == 0.0));
        }
    }
}
