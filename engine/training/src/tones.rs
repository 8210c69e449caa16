//! Synthetic tones for the codec: partials at every pitch, which recordings have at few.

use std::f64::consts::TAU;
use straightshot_engine::rng::Noise;

/// Most partials of a tone.
const PARTIALS: usize = 24;

/// `samples` of a random sum of gliding, decaying or steady partials, harmonic or not, with some noise; peak at
/// full scale.
#[must_use]
pub(super) fn tone(samples: usize, sample_rate_hz: u32, random: &mut Noise) -> Vec<f32> {
    let rate = f64::from(sample_rate_hz);
    let base_hz = between(random, 50.0, 3_000.0);
    let harmonic = random.uniform() < 0.6;
    let count = 1 + random.below(PARTIALS);
    let tilt = 0.2 + 1.6 * random.uniform();
    // Octaves per second; half of the tones stand still.
    let glide = if random.below(2) == 0 { 0.0 } else { 4.0 * (random.uniform() - 0.5) };
    let vibrato = if random.below(3) == 0 { 0.03 * random.uniform() } else { 0.0 };
    let vibrato_hz = 3.0 + 9.0 * random.uniform();
    let steady = random.below(2) == 0;
    let decay_s = between(random, 0.03, 1.5);
    let mut out = vec![0f32; samples];
    for n in 1..=count {
        let ratio = if harmonic { n as f64 } else { between(random, 1.0, 12.0) };
        let gain = (n as f64).powf(-tilt);
        let decay_s = if harmonic { decay_s } else { decay_s / ratio.sqrt() };
        let mut phase = TAU * random.uniform();
        for (i, out) in out.iter_mut().enumerate() {
            let t = i as f64 / rate;
            let bend = glide * t + vibrato * (TAU * vibrato_hz * t).sin();
            let hz = base_hz * ratio * bend.exp2();
            if hz > 0.45 * rate {
                break;
            }
            phase += TAU * hz / rate;
            let level = if steady { 1.0 } else { (-t / decay_s).exp() };
            *out += (gain * level * phase.sin()) as f32;
        }
    }
    // -60 to -20 dB of the loudest sample.
    let floor = 10f32.powf(-3.0 + 2.0 * random.uniform() as f32);
    let peak = out.iter().fold(1e-3f32, |m, x| m.max(x.abs()));
    out.iter_mut().for_each(|x| *x = (*x / peak + floor * 0.3 * random.normal()) / (1.0 + floor));
    out
}

/// Log-uniform.
fn between(random: &mut Noise, low: f64, high: f64) -> f64 {
    low * (high / low).powf(random.uniform())
}

#[cfg(test)]
mod tests {
    use super::*;
    use straightshot_engine::rng::Stream;

    #[test]
    fn tones_are_finite_and_about_full_scale() {
        for seed in 0..40 {
            let mut random = Noise::new(seed, Stream::Training);
            let tone = tone(8_000, 44_100, &mut random);
            let peak = tone.iter().fold(0f32, |m, x| m.max(x.abs()));
            assert!(peak > 0.5 && peak < 1.3, "seed {seed}: peak {peak}");
        }
    }
}
