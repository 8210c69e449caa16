//! Where the power of a sound is: its level below 200 Hz and its spectral centroid.
//!
//! The centroid is `Σ f P(f) / Σ P(f)` with the power `P` of the whole sound ([Peeters, 2004](http://recherche.ircam.fr/anasyn/peeters/ARTICLES/Peeters_2003_cuidadoaudiofeatures.pdf),
//! there also with amplitudes, whose centroid is higher), in Hz; centroids are compared in octaves. The level is that of all
//! below 200 Hz in dB of the whole.
//!
//! What it does not see: changes over time, of which it has the mean by power; how loud the ear finds low tones.

use realfft::RealFftPlanner;

/// Samples of a frame, with a Hann window; frames overlap by half.
const FRAME: usize = 4096;
/// Upper edge of what counts as low.
const LOW_HZ: f64 = 200.0;
/// Lowest level that is told, in dB.
const LEAST_DB: f64 = -100.0;

/// Distribution of the power over frequencies.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Balance {
    /// Level below 200 Hz in dB of the whole, -100 at least.
    pub low_db: f64,
    /// Centroid in Hz.
    pub centroid_hz: f64,
}

/// Balance of a sound; `None` if it is silent.
///
/// # Shapes
/// - `samples`: mono, at `rate_hz`
#[must_use]
pub fn balance(samples: &[f32], rate_hz: u32) -> Option<Balance> {
    let power = power(samples);
    let whole: f64 = power.iter().sum();
    let hz = |bin: usize| bin as f64 * f64::from(rate_hz) / FRAME as f64;
    let low: f64 = power.iter().enumerate().filter(|(bin, _)| hz(*bin) < LOW_HZ).map(|(_, p)| p).sum();
    let moment: f64 = power.iter().enumerate().map(|(bin, p)| hz(bin) * p).sum();
    (whole > 0.0).then(|| Balance {
        low_db: super::curve::decibels(low / whole).max(LEAST_DB),
        centroid_hz: moment / whole,
    })
}

/// Power of each bin, summed over frames; the ends of the sound are padded, so that all of it counts alike.
fn power(samples: &[f32]) -> Vec<f64> {
    let transform = RealFftPlanner::<f32>::new().plan_fft_forward(FRAME);
    let step = std::f64::consts::TAU / FRAME as f64;
    let window: Vec<f32> = (0..FRAME).map(|i| (0.5 - 0.5 * (step * i as f64).cos()) as f32).collect();
    let (hop, mut sum) = (FRAME / 2, vec![0.0; FRAME / 2 + 1]);
    let mut spectrum = transform.make_output_vec();
    let mut block = vec![0f32; FRAME];
    for frame in 0..=samples.len().div_ceil(hop) {
        for (i, (b, w)) in block.iter_mut().zip(&window).enumerate() {
            let at = (frame * hop + i).checked_sub(hop);
            *b = at.and_then(|at| samples.get(at)).map_or(0.0, |x| x * w);
        }
        // The only failures are wrong buffer lengths, which are fixed above.
        let done = transform.process(&mut block, &mut spectrum);
        debug_assert!(done.is_ok());
        sum.iter_mut().zip(&spectrum).for_each(|(s, c)| *s += f64::from(c.norm_sqr()));
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::synthetic::{self, RATE_HZ};

    #[test]
    fn two_tones_have_the_mean_of_their_frequencies_and_the_level_of_the_low_one() {
        // Powers of 1 to 9.
        let low = synthetic::tone(2.0, 100.0);
        let sound: Vec<f32> =
            low.iter().zip(synthetic::tone(2.0, 1000.0)).map(|(l, h)| l / 3.0 + h).collect();
        let found = balance(&sound, RATE_HZ).unwrap();
        assert!((found.low_db + 10.0).abs() < 0.1, "{found:?}");
        assert!((found.centroid_hz - 910.0).abs() < 5.0, "{found:?}");
    }

    #[test]
    fn white_noise_is_half_way_and_silence_nowhere() {
        let found = balance(&synthetic::noise(3.0, 5), RATE_HZ).unwrap();
        assert!((found.centroid_hz / 11_025.0 - 1.0).abs() < 0.02, "{found:?}");
        // 200 of 22,050 Hz.
        assert!((found.low_db + 20.4).abs() < 0.8, "{found:?}");
        assert_eq!(balance(&[0.0; 5000], RATE_HZ), None);
        assert_eq!(balance(&[], RATE_HZ), None);
    }
}
