//! How loud a sound is, by ITU-R BS.1770 and EBU R 128.

use super::edit::Level;
use ebur128::{EbuR128, Mode};
use straightshot_protocol::{Audio, ErrorKind, Failure};

/// The true peak that no loudness is bought with, in dBTP.
const TRUE_PEAK_CEILING_DB: f64 = -1.0;
/// Milliseconds that are measured at a time: the step at which R 128 looks at the momentary loudness.
const STEP_MS: usize = 100;
/// Shortest sound that a loudness can be measured of, in milliseconds. Silence is added to a shorter one.
const SHORTEST_MS: usize = 400;

/// How loud a sound is. Negative infinity where there is nothing to measure: silence.
///
/// A sound of one channel is measured as one loudspeaker, as the standard has it for files.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Loudness {
    /// Loudness of the whole sound in LUFS.
    pub integrated_lufs: f64,
    /// Loudest 400 ms in LUFS.
    pub max_momentary_lufs: f64,
    /// Loudest 3 s in LUFS; those of a shorter sound are filled up with silence.
    pub max_short_term_lufs: f64,
    /// Range between quiet and loud parts in LU; 0 for sounds shorter than 3 s.
    pub range_lu: f64,
    /// Largest value, between samples too, in dBTP.
    pub true_peak_dbtp: f64,
    /// Largest sample in dB full scale.
    pub peak_dbfs: f64,
}

impl Loudness {
    /// Of silence.
    pub const SILENCE: Self = Self {
        integrated_lufs: f64::NEG_INFINITY,
        max_momentary_lufs: f64::NEG_INFINITY,
        max_short_term_lufs: f64::NEG_INFINITY,
        range_lu: 0.0,
        true_peak_dbtp: f64::NEG_INFINITY,
        peak_dbfs: f64::NEG_INFINITY,
    };

    /// The same sound made louder by `gain_db`.
    #[must_use]
    pub fn louder_by(self, gain_db: f64) -> Self {
        Self {
            integrated_lufs: self.integrated_lufs + gain_db,
            max_momentary_lufs: self.max_momentary_lufs + gain_db,
            max_short_term_lufs: self.max_short_term_lufs + gain_db,
            range_lu: self.range_lu,
            true_peak_dbtp: self.true_peak_dbtp + gain_db,
            peak_dbfs: self.peak_dbfs + gain_db,
        }
    }
}

/// Measures `audio`: about 5 ms per second of stereo.
#[must_use]
pub fn loudness(audio: &Audio) -> Loudness {
    // The meter refuses only rates and numbers of channels that no sound has; those are silent.
    measure(audio).unwrap_or(Loudness::SILENCE)
}

fn measure(audio: &Audio) -> Result<Loudness, ebur128::Error> {
    let peak = audio.channels().flatten().fold(0.0_f32, |peak, sample| peak.max(sample.abs()));
    if peak == 0.0 {
        return Ok(Loudness::SILENCE);
    }
    let rate = audio.sample_rate_hz();
    #[expect(clippy::cast_possible_truncation, reason = "one or two channels")]
    let channels = audio.channel_count() as u32;
    let mode = Mode::I | Mode::S | Mode::LRA | Mode::TRUE_PEAK;
    let mut meter = EbuR128::new(channels, rate, mode)?;
    let (mut momentary, mut short_term) = (f64::NEG_INFINITY, f64::NEG_INFINITY);
    let mut look = |meter: &EbuR128| -> Result<(), ebur128::Error> {
        momentary = momentary.max(meter.loudness_momentary()?);
        short_term = short_term.max(meter.loudness_shortterm()?);
        Ok(())
    };
    let step = (rate as usize * STEP_MS / 1000).max(1);
    let frames = audio.frames();
    for start in (0..frames).step_by(step) {
        let part: Vec<&[f32]> =
            audio.channels().map(|channel| &channel[start..(start + step).min(frames)]).collect();
        meter.add_frames_planar_f32(&part)?;
        look(&meter)?;
    }
    let missing = (rate as usize * SHORTEST_MS / 1000).saturating_sub(frames);
    if missing > 0 {
        let silence = vec![0.0; missing];
        meter.add_frames_planar_f32(&vec![silence.as_slice(); audio.channel_count()])?;
        look(&meter)?;
    }
    let mut true_peak = f64::from(peak);
    for channel in 0..channels {
        true_peak = true_peak.max(meter.true_peak(channel)?);
    }
    Ok(Loudness {
        integrated_lufs: meter.loudness_global()?,
        max_momentary_lufs: momentary,
        max_short_term_lufs: short_term,
        range_lu: meter.loudness_range()?,
        true_peak_dbtp: 20.0 * true_peak.log10(),
        peak_dbfs: 20.0 * f64::from(peak).log10(),
    })
}

/// Largest magnitude of `channels`.
pub(crate) fn peak(channels: &[Vec<f32>]) -> f32 {
    channels.iter().flatten().fold(0.0, |peak, sample| peak.max(sample.abs()))
}

/// What `channels` have to be multiplied by to have `level`; 1 for silence.
///
/// # Errors
/// [`ErrorKind::Compute`] if the rate is none that loudness is defined for.
pub(crate) fn gain_to(level: Level, channels: &[Vec<f32>], rate_hz: u32) -> Result<f32, Failure> {
    let target = |db: f32| f64::from(if db.is_finite() { db.clamp(-70.0, 0.0) } else { 0.0 });
    if let Level::Peak(db) = level {
        let peak = f64::from(peak(channels));
        return Ok(if peak > 0.0 { as_gain(target(db) - 20.0 * peak.log10()) } else { 1.0 });
    }
    let audio = Audio::from_channels(rate_hz, channels.to_vec())?;
    let measured = measure(&audio).map_err(|e| {
        Failure::new(
            ErrorKind::Compute,
            format!("The loudness of a sound at {rate_hz} Hz could not be measured"),
        )
        .because(&e)
    })?;
    let change_db = match level {
        Level::Peak(_) => 0.0,
        Level::TruePeak(db) => target(db) - measured.true_peak_dbtp,
        Level::Loudness(lufs) => {
            (target(lufs) - measured.integrated_lufs).min(TRUE_PEAK_CEILING_DB - measured.true_peak_dbtp)
        }
    };
    Ok(if change_db.is_finite() { as_gain(change_db) } else { 1.0 })
}

#[expect(clippy::cast_possible_truncation, reason = "gains of sounds are small numbers")]
fn as_gain(db: f64) -> f32 {
    10.0_f64.powf(db / 20.0) as f32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[expect(clippy::cast_precision_loss, reason = "a few seconds")]
    fn sine(rate: u32, hz: f64, seconds: f64, amplitude: f64) -> Vec<f32> {
        let step = std::f64::consts::TAU * hz / f64::from(rate);
        let frames = (f64::from(rate) * seconds) as usize;
        (0..frames).map(|i| (amplitude * (step * i as f64).sin()) as f32).collect()
    }

    #[test]
    fn the_reference_tone_measures_what_the_standard_says() {
        // EBU Tech 3341, case 1: a stereo sine of 1 kHz at -23 dB full scale is -23 LUFS.
        let tone = sine(48_000, 1000.0, 20.0, 10_f64.powf(-23.0 / 20.0));
        let loud = loudness(&Audio::stereo(48_000, tone.clone(), tone).unwrap());
        for value in [loud.integrated_lufs, loud.max_momentary_lufs, loud.max_short_term_lufs] {
            assert!((value + 23.0).abs() < 0.1, "{loud:?}");
        }
        assert!(loud.range_lu < 0.1 && (loud.peak_dbfs + 23.0).abs() < 0.05, "{loud:?}");
    }

    #[test]
    fn the_true_peak_is_found_between_the_samples() {
        // A quarter of the rate, 45 degrees off: every sample is 3 dB below the wave's peak.
        let samples: Vec<f32> = [0.5, 0.5, -0.5, -0.5].repeat(12_000);
        let loud = loudness(&Audio::mono(48_000, samples));
        assert!((loud.peak_dbfs + 6.02).abs() < 0.01, "{loud:?}");
        assert!((loud.true_peak_dbtp + 3.01).abs() < 0.3, "{loud:?}");
    }

    #[test]
    fn a_click_has_a_loudness_and_silence_has_none() {
        let mut click = vec![0.0; 2000];
        click[100..200].copy_from_slice(&sine(44_100, 2000.0, 1.0, 0.5)[..100]);
        let loud = loudness(&Audio::mono(44_100, click));
        assert!(loud.integrated_lufs.is_finite() && loud.integrated_lufs < -20.0, "{loud:?}");
        assert_eq!(loudness(&Audio::mono(44_100, vec![0.0; 44_100])), Loudness::SILENCE);
        assert_eq!(loudness(&Audio::mono(44_100, vec![])), Loudness::SILENCE);
    }

    #[test]
    fn each_target_is_met_and_loudness_stops_at_the_true_peak() {
        let quiet = vec![sine(44_100, 440.0, 2.0, 0.01)];
        let after = |level| {
            let gain = gain_to(level, &quiet, 44_100).unwrap();
            let louder: Vec<f32> = quiet[0].iter().map(|x| x * gain).collect();
            loudness(&Audio::mono(44_100, louder))
        };
        assert!((after(Level::Peak(-3.0)).peak_dbfs + 3.0).abs() < 0.01);
        assert!((after(Level::TruePeak(-1.0)).true_peak_dbtp + 1.0).abs() < 0.05);
        assert!((after(Level::Loudness(-23.0)).integrated_lufs + 23.0).abs() < 0.05);
        // A single sample in silence cannot be loud without being far beyond full scale.
        let mut sparse = vec![0.0; 88_200];
        sparse[44_100] = 0.1;
        let gain = gain_to(Level::Loudness(-14.0), &[sparse.clone()], 44_100).unwrap();
        let louder: Vec<f32> = sparse.iter().map(|x| x * gain).collect();
        let loud = loudness(&Audio::mono(44_100, louder));
        assert!((loud.true_peak_dbtp + 1.0).abs() < 0.05, "{loud:?}");
        assert_eq!(gain_to(Level::Loudness(-14.0), &[vec![0.0; 1000]], 44_100), Ok(1.0));
    }
}
