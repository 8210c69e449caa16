//! Samples as whole numbers: rounded, with dither where rounding loses something.

use straightshot_protocol::Audio;

/// The samples of `audio` as whole numbers of `bits` bits, channels interleaved. Full scale is `2^(bits-1)`; what is
/// beyond the largest number is held there, so [`limit_peaks`](crate::limit_peaks) goes before.
///
/// A sound whose samples are whole numbers already stays what it is. Any other gets triangular dither of ±1 step, the
/// same for the same sound; digital silence stays silent.
pub(crate) fn whole(audio: &Audio, bits: u32) -> Vec<i32> {
    let full = f64::from(1_u32 << (bits - 1));
    let exact = audio.channels().flatten().all(|&x| (f64::from(x) * full).fract() == 0.0);
    let mut noise = Noise(0);
    let mut round = |sample: f32| -> i32 {
        let dither = if exact || sample == 0.0 { 0.0 } else { noise.triangle() };
        let value = (f64::from(sample) * full + dither).round().clamp(-full, full - 1.0);
        #[expect(
            clippy::cast_possible_truncation,
            reason = "clamped to at most 24 bits; no number becomes 0"
        )]
        let value = value as i32;
        value
    };
    let mut interleaved = Vec::with_capacity(audio.frames() * audio.channel_count());
    for frame in 0..audio.frames() {
        interleaved.extend(audio.channels().map(|channel| round(channel[frame])));
    }
    interleaved
}

/// Noise that counts: number `n` is a scrambled `n` (SplitMix64, Steele et al. 2014).
struct Noise(u64);

impl Noise {
    /// Evenly between 0 and 1.
    fn even(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        #[expect(clippy::cast_precision_loss, reason = "53 bits fit")]
        let value = ((z ^ (z >> 31)) >> 11) as f64;
        value / (1_u64 << 53) as f64
    }

    /// The sum of two: between -1 and 1, most often near 0.
    fn triangle(&mut self) -> f64 {
        self.even() - self.even()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_numbers_stay_and_full_scale_is_held() {
        let step = 1.0 / 8_388_608.0;
        let audio = Audio::stereo(48_000, vec![1.0, -1.0, 3.0 * step], vec![0.0, 0.5, -step]).unwrap();
        assert_eq!(whole(&audio, 24), [8_388_607, 0, -8_388_608, 4_194_304, 3, -1]);
    }

    #[test]
    fn dither_makes_the_error_independent_of_the_signal() {
        // A constant of a third of a step: rounded alone it would vanish, its mean with dither is right.
        let third = 1.0 / (3.0 * 32_768.0);
        let audio = Audio::mono(48_000, vec![third; 60_000]);
        let values = whole(&audio, 16);
        let mean = values.iter().map(|&v| f64::from(v)).sum::<f64>() / 60_000.0;
        assert!((mean - 1.0 / 3.0).abs() < 0.01, "{mean}");
        assert!(values.iter().all(|v| (-1..=2).contains(v)));
        // Triangular dither makes the power of the error the same at every level: a quarter of a step squared.
        for level in [0.1_f32, 0.25, 0.5] {
            let level = level / 32_768.0;
            let errors = whole(&Audio::mono(48_000, vec![level; 60_000]), 16);
            let power =
                errors.iter().map(|&v| (f64::from(v) - f64::from(level) * 32_768.0).powi(2)).sum::<f64>();
            assert!((power / 60_000.0 - 0.25).abs() < 0.01, "{}", power / 60_000.0);
        }
        assert_eq!(whole(&audio, 16), values);
    }

    #[test]
    fn silence_stays_silent() {
        let audio = Audio::mono(48_000, [vec![0.0; 100], vec![0.1; 10]].concat());
        assert!(whole(&audio, 16)[..100].iter().all(|v| *v == 0));
    }
}
