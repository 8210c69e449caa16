//! Sounds of known answer for the tests of the measures.

use straightshot_engine::rng::{Noise, Stream};

/// Sample rate of all of them.
pub(crate) const RATE_HZ: u32 = 44_100;

fn samples(seconds: f64) -> usize {
    (seconds * f64::from(RATE_HZ)).round() as usize
}

/// White noise with a deviation of 0.2.
pub(crate) fn noise(seconds: f64, seed: u64) -> Vec<f32> {
    Noise::new(seed, Stream::Evaluation).normals(samples(seconds)).iter().map(|x| 0.2 * x).collect()
}

/// A tone of amplitude 0.5.
pub(crate) fn tone(seconds: f64, hz: f64) -> Vec<f32> {
    let step = std::f64::consts::TAU * hz / f64::from(RATE_HZ);
    (0..samples(seconds)).map(|i| (0.5 * (step * i as f64).sin()) as f32).collect()
}

/// A carrier of 6 kHz shaped by `envelope`, which is given seconds.
pub(crate) fn shaped(seconds: f64, envelope: impl Fn(f64) -> f64) -> Vec<f32> {
    let carrier = tone(seconds, 6000.0);
    let at = |i: usize| envelope(i as f64 / f64::from(RATE_HZ)) as f32;
    carrier.iter().enumerate().map(|(i, x)| x * at(i)).collect()
}

/// Events at `times` that fall by the factor e in `decay_s`.
pub(crate) fn events(seconds: f64, times: &[f64], decay_s: f64) -> Vec<f32> {
    shaped(seconds, |t| {
        times.iter().filter(|&&at| t >= at).map(|at| (-(t - at) / decay_s).exp()).sum::<f64>()
    })
}
