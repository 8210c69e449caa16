//! Loudness as EBU R 128 measures it.

use ebur128::{EbuR128, Error, Mode};
use straightshot_protocol::Audio;

/// How often the last 400 ms are looked at.
const HOPS_PER_SECOND: u32 = 20;

/// Loudness of the loudest 400 ms in LUFS (momentary loudness). A sound that is shorter counts as if silence stood before it,
/// so that of two short sounds with one level the longer one is louder, as it is to the ear. Negative infinity for silence.
#[must_use]
pub fn loudest_lufs(audio: &Audio) -> f32 {
    // The library refuses rates and numbers of channels that no sound has.
    measure(audio).map_or(f32::NEG_INFINITY, |lufs| lufs as f32)
}

fn measure(audio: &Audio) -> Result<f64, Error> {
    let channels = u32::try_from(audio.channel_count()).map_err(|_| Error::NoMem)?;
    let mut meter = EbuR128::new(channels, audio.sample_rate_hz(), Mode::M)?;
    let hop = (audio.sample_rate_hz() / HOPS_PER_SECOND).max(1) as usize;
    let mut most = f64::NEG_INFINITY;
    for start in (0..audio.frames()).step_by(hop) {
        let part: Vec<&[f32]> =
            audio.channels().map(|channel| &channel[start..(start + hop).min(channel.len())]).collect();
        meter.add_frames_planar_f32(&part)?;
        most = most.max(meter.loudness_momentary()?);
    }
    Ok(most)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tone(seconds: f32, amplitude: f32) -> Audio {
        let samples = (0..(44_100.0 * seconds) as usize)
            .map(|i| amplitude * (std::f32::consts::TAU * 1000.0 * i as f32 / 44_100.0).sin());
        Audio::mono(44_100, samples.collect::<Vec<_>>())
    }

    /// By the standard a sine of 1 kHz at full scale in one channel has -3.01 LUFS.
    #[test]
    fn a_tone_has_the_loudness_of_the_standard() {
        assert!((loudest_lufs(&tone(2.0, 1.0)) + 3.01).abs() < 0.1);
        assert!((loudest_lufs(&tone(2.0, 0.1)) + 23.01).abs() < 0.1);
        let short = loudest_lufs(&tone(0.2, 1.0));
        assert!((short + 6.02).abs() < 0.2, "{short}: half of the 400 ms");
        assert_eq!(loudest_lufs(&Audio::mono(44_100, vec![0.0; 44_100])), f32::NEG_INFINITY);
        assert_eq!(loudest_lufs(&Audio::mono(44_100, vec![])), f32::NEG_INFINITY);
    }

    #[test]
    fn the_loudest_moment_counts_wherever_it_is() {
        let (loud, silence) = (tone(0.5, 0.5), vec![0.0; 66_150]);
        let alone = loudest_lufs(&loud);
        for samples in [[&silence, loud.left()].concat(), [loud.left(), &silence].concat()] {
            assert!((loudest_lufs(&Audio::mono(44_100, samples)) - alone).abs() < 0.3);
        }
    }
}
