//! How loud a file is, as it is written: EBU R 128 and ITU-R BS.1770 by the crate `ebur128`.

use ebur128::{EbuR128, Mode};
use straightshot_protocol::Audio;
use straightshot_sound::wav::Loudness;

/// Measures `audio`. What cannot be measured, because the sound is too short or silent, is `None`.
pub(crate) fn measure(audio: &Audio) -> Loudness {
    measured(audio).unwrap_or_default()
}

fn measured(audio: &Audio) -> Option<Loudness> {
    let channels = u32::try_from(audio.channel_count()).ok()?;
    let mode = Mode::I | Mode::LRA | Mode::TRUE_PEAK | Mode::M | Mode::S;
    let mut meter = EbuR128::new(channels, audio.sample_rate_hz(), mode).ok()?;
    let (mut momentary, mut short_term) = (f64::NEG_INFINITY, f64::NEG_INFINITY);
    // The largest of windows that end every 10 ms.
    let hop = (audio.sample_rate_hz() / 100).max(1) as usize;
    for start in (0..audio.frames()).step_by(hop) {
        let end = (start + hop).min(audio.frames());
        let planes: Vec<&[f32]> = audio.channels().map(|channel| &channel[start..end]).collect();
        meter.add_frames_planar_f32(&planes).ok()?;
        momentary = momentary.max(meter.loudness_momentary().ok()?);
        short_term = short_term.max(meter.loudness_shortterm().ok()?);
    }
    let peaks = (0..channels).filter_map(|channel| meter.true_peak(channel).ok());
    let true_peak = 20.0 * peaks.fold(0.0, f64::max).log10();
    let finite = |value: f64| value.is_finite().then_some(value);
    Some(Loudness {
        integrated_lufs: meter.loudness_global().ok().and_then(finite),
        range_lu: meter.loudness_range().ok().and_then(finite),
        true_peak_dbtp: finite(true_peak),
        max_momentary_lufs: finite(momentary),
        max_short_term_lufs: finite(short_term),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tone_of_known_loudness() {
        // EBU Tech 3341: a stereo sine of 1 kHz at -23 dBFS per channel has -23 LUFS.
        let level = 10_f32.powf(-23.0 / 20.0);
        let tone: Vec<f32> = (0..48_000 * 5)
            .map(|i| level * (std::f32::consts::TAU * 1000.0 * i as f32 / 48_000.0).sin())
            .collect();
        let found = measure(&Audio::stereo(48_000, tone.clone(), tone).unwrap());
        assert!((found.integrated_lufs.unwrap() + 23.0).abs() < 0.1, "{found:?}");
        assert!((found.max_momentary_lufs.unwrap() + 23.0).abs() < 0.1, "{found:?}");
        assert!((found.max_short_term_lufs.unwrap() + 23.0).abs() < 0.1, "{found:?}");
        assert!((found.true_peak_dbtp.unwrap() + 23.0).abs() < 0.1, "{found:?}");
        assert!(found.range_lu.unwrap() < 0.1, "{found:?}");
    }

    #[test]
    fn silence_and_nothing_have_no_loudness() {
        let silent = measure(&Audio::mono(48_000, vec![0.0; 48_000]));
        assert_eq!((silent.integrated_lufs, silent.true_peak_dbtp), (None, None));
        assert_eq!(measure(&Audio::mono(48_000, vec![])).integrated_lufs, None);
        assert_eq!(measure(&Audio::mono(0, vec![0.5])), Loudness::default());
    }
}
