//! How far a sound repeats itself from period to period: 1 for a tone of harmonics, its share of the power for one in noise.
//!
//! `max r(τ)`, `r(τ) = Σ x(t) x(t + τ) / √(Σ x(t)² Σ x(t + τ)²)` over the frame: the normalised cross-correlation of
//! [Talkin, 1995](https://www.ee.columbia.edu/~dpwe/papers/Talkin95-rapt.pdf), not lowered by the lag as a plain
//! autocorrelation is ([Boersma, 1993](https://www.fon.hum.uva.nl/paul/papers/Proceedings_1993.pdf)). The lag goes from the
//! first at which `r` is below nought, which leaves out what is merely low, to 1/50 s. The value of a sound is the median
//! over frames of 60 ms within 20 dB of its loudest.
//!
//! What it does not see: pitches below 50 Hz; whether the pitch is the right one; partials that are in no ratio (a bell
//! has less than 1). White noise has about 0.1, and the narrower a noise is the more.

use super::curve::median;
use realfft::RealFftPlanner;

/// Seconds of a frame and between frames.
const FRAME_S: f64 = 0.06;
const HOP_S: f64 = 0.04;
/// Longest period.
const LONGEST_S: f64 = 0.02;
/// Frames this much below the loudest do not count: a share of its power.
const RANGE: f64 = 0.01;

/// Periodicity of a sound, 0 to 1; `None` if it is silent or shorter than a frame.
///
/// # Shapes
/// - `samples`: mono, at `rate_hz`
#[must_use]
pub fn periodicity(samples: &[f32], rate_hz: u32) -> Option<f64> {
    let points = |seconds: f64| (seconds * f64::from(rate_hz)).round() as usize;
    let (frame, hop, longest) = (points(FRAME_S), points(HOP_S).max(1), points(LONGEST_S));
    let power = |x: &[f32]| x.iter().map(|&v| f64::from(v) * f64::from(v)).sum::<f64>();
    let frames: Vec<(&[f32], f64)> =
        samples.windows(frame.max(1)).step_by(hop).map(|x| (x, power(x))).collect();
    let loudest = frames.iter().map(|(_, power)| *power).fold(0.0, f64::max);
    if loudest <= 0.0 {
        return None;
    }
    let mut correlator = Correlator::new(frame);
    let loud = frames.iter().filter(|(_, power)| *power > RANGE * loudest);
    let values: Vec<f64> = loud.map(|(x, _)| correlator.highest(x, longest)).collect();
    median(&values)
}

/// Correlation of a frame with itself at all lags by a Fourier transform.
struct Correlator {
    planner: RealFftPlanner<f64>,
    size: usize,
}

impl Correlator {
    fn new(frame: usize) -> Self {
        Self { planner: RealFftPlanner::new(), size: (2 * frame).next_power_of_two() }
    }

    /// The highest normalised correlation at the lags that count.
    fn highest(&mut self, frame: &[f32], longest: usize) -> f64 {
        // A constant correlates with itself at every lag.
        let mean = frame.iter().map(|&x| f64::from(x)).sum::<f64>() / frame.len() as f64;
        let centred: Vec<f64> = frame.iter().map(|&x| f64::from(x) - mean).collect();
        let products = self.products(&centred);
        let mut sums = vec![0.0];
        for x in &centred {
            sums.push(sums[sums.len() - 1] + x * x);
        }
        let n = centred.len();
        let normalised = |lag: usize| {
            let size = (sums[n - lag] * (sums[n] - sums[lag])).max(0.0).sqrt();
            if size > 1e-9 * sums[n] { products[lag] / size } else { 0.0 }
        };
        let lags = (1..longest.min(n)).skip_while(|&lag| normalised(lag) >= 0.0);
        lags.map(normalised).fold(0.0, f64::max).min(1.0)
    }

    /// `Σ x(t) x(t + τ)` for each lag τ.
    fn products(&mut self, x: &[f64]) -> Vec<f64> {
        let forward = self.planner.plan_fft_forward(self.size);
        let back = self.planner.plan_fft_inverse(self.size);
        let mut padded = vec![0.0; self.size];
        padded[..x.len()].copy_from_slice(x);
        let mut spectrum = forward.make_output_vec();
        // The only failures are wrong buffer lengths, which are fixed above.
        let mut done = forward.process(&mut padded, &mut spectrum).is_ok();
        spectrum.iter_mut().for_each(|c| *c = realfft::num_complex::Complex::new(c.norm_sqr(), 0.0));
        done &= back.process(&mut spectrum, &mut padded).is_ok();
        debug_assert!(done);
        padded.iter_mut().for_each(|v| *v /= self.size as f64);
        padded
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::synthetic::{self, RATE_HZ};

    #[test]
    fn a_tone_in_noise_has_its_share_of_the_power() {
        for hz in [100.0, 440.0, 3000.0] {
            let clean = synthetic::tone(1.0, hz);
            assert!(periodicity(&clean, RATE_HZ).unwrap() > 0.99);
            // Powers of 0.125 and 0.04.
            let mixed: Vec<f32> =
                clean.iter().zip(synthetic::noise(1.0, 2)).map(|(tone, noise)| tone + noise).collect();
            let value = periodicity(&mixed, RATE_HZ).unwrap();
            assert!((value - 0.125 / 0.165).abs() < 0.04, "{hz} Hz: {value}");
        }
    }

    #[test]
    fn noise_is_not_periodic_white_or_low() {
        let white = synthetic::noise(1.0, 3);
        assert!(periodicity(&white, RATE_HZ).unwrap() < 0.15);
        // Rumble, a random walk that returns: it correlates at short lags, which is no period.
        let mut level = 0.0;
        let rumble: Vec<f32> = white
            .iter()
            .map(|x| {
                level = 0.998 * level + x;
                level
            })
            .collect();
        assert!(periodicity(&rumble, RATE_HZ).unwrap() < 0.6);
    }

    #[test]
    fn only_what_is_loud_counts_and_silence_has_none() {
        let mut sound = synthetic::tone(0.5, 200.0);
        sound.extend(synthetic::noise(2.0, 4).iter().map(|x| 0.05 * x));
        assert!(periodicity(&sound, RATE_HZ).unwrap() > 0.99);
        assert_eq!(periodicity(&[0.0; 10_000], RATE_HZ), None);
        assert_eq!(periodicity(&[0.5; 100], RATE_HZ), None);
    }
}
