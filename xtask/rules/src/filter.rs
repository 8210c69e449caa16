//! Noise and filters.

use super::rng::Rng;
use super::signal::{RATE_HZ, Sound, samples_in};
use std::f32::consts::PI;

/// State variable filter, second order, trapezoidal integration (Zavalishin, The Art of VA Filter Design, 2012):
/// stays stable while its frequency moves.
#[derive(Clone, Copy, Default)]
pub(crate) struct Filter {
    first: f32,
    second: f32,
}

/// Which output of the filter to take.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Pass {
    /// Below the frequency, 12 dB per octave.
    Low,
    /// Around the frequency, gain 1 there.
    Band,
    /// Above the frequency, 12 dB per octave.
    High,
}

impl Filter {
    /// One sample; `q` is the quality, centre frequency over bandwidth.
    pub(crate) fn step(&mut self, x: f32, pass: Pass, hz: f32, q: f32) -> f32 {
        self.run(x, pass, (PI * hz.clamp(5.0, 0.45 * RATE_HZ) / RATE_HZ).tan(), 1.0 / q)
    }

    /// One sample with `g = tan(pi f / rate)` and `k = 1 / q` already computed.
    fn run(&mut self, x: f32, pass: Pass, g: f32, k: f32) -> f32 {
        let a1 = 1.0 / (1.0 + g * (g + k));
        let v3 = x - self.second;
        let v1 = a1 * (self.first + g * v3);
        let v2 = self.second + g * v1;
        self.first = 2.0 * v1 - self.first;
        self.second = 2.0 * v2 - self.second;
        match pass {
            Pass::Low => v2,
            Pass::Band => k * v1,
            Pass::High => x - k * v1 - v2,
        }
    }
}

impl Sound {
    /// Through one filter of fixed frequency.
    fn filtered(mut self, pass: Pass, hz: f32, q: f32) -> Self {
        let (mut filter, g) = (Filter::default(), (PI * hz.clamp(5.0, 0.45 * RATE_HZ) / RATE_HZ).tan());
        for sample in &mut self.samples {
            *sample = filter.run(*sample, pass, g, 1.0 / q);
        }
        self
    }

    /// Without what lies above `hz`, 12 dB per octave.
    pub(crate) fn low_pass(self, hz: f32) -> Self {
        self.filtered(Pass::Low, hz, 0.707)
    }

    /// Without what lies below `hz`, 12 dB per octave.
    pub(crate) fn high_pass(self, hz: f32) -> Self {
        self.filtered(Pass::High, hz, 0.707)
    }

    /// Around `hz` with quality `q`.
    pub(crate) fn band_pass(self, hz: f32, q: f32) -> Self {
        self.filtered(Pass::Band, hz, q)
    }

    /// Through a filter whose frequency is a function of the time in seconds.
    pub(crate) fn sweep(mut self, pass: Pass, q: f32, hz: impl Fn(f32) -> f32) -> Self {
        let (mut filter, mut g) = (Filter::default(), 0.0);
        for (i, sample) in self.samples.iter_mut().enumerate() {
            // The tangent is renewed every 16 samples: no sweep here is fast enough to hear the steps.
            if i % 16 == 0 {
                g = (PI * hz(i as f32 / RATE_HZ).clamp(5.0, 0.45 * RATE_HZ) / RATE_HZ).tan();
            }
            *sample = filter.run(*sample, pass, g, 1.0 / q);
        }
        self
    }

    /// The sum of band passes `(hz, q, gain)`: fixed formants or body resonances.
    pub(crate) fn resonances(&self, bands: &[(f32, f32, f32)]) -> Self {
        let mut sum = Self { samples: vec![0.0; self.samples.len()] };
        for &(hz, q, gain) in bands {
            sum.mix(0.0, gain, &self.clone().band_pass(hz, q));
        }
        sum
    }

    /// A recirculating delay, `y[n] = x[n] + feedback y[n - delay]`: a pipe or a cavity of that length.
    pub(crate) fn comb(mut self, delay_s: f32, feedback: f32) -> Self {
        let delay = samples_in(delay_s).max(1);
        for i in delay..self.samples.len() {
            self.samples[i] += feedback * self.samples[i - delay];
        }
        self
    }
}

/// White noise, uniform in -1 to 1.
pub(crate) fn white(rng: &mut Rng, seconds: f32) -> Sound {
    Sound::render(seconds, |_| rng.bipolar())
}

/// Noise with equal power per octave above about 20 Hz (sum of four one-pole filters), about as loud as [`white`].
pub(crate) fn pink(rng: &mut Rng, seconds: f32) -> Sound {
    let mut state = [0.0f32; 4];
    let poles = [(0.9987, 0.07), (0.985, 0.11), (0.86, 0.22), (0.3, 0.45)];
    Sound::render(seconds, |_| {
        let x = rng.bipolar();
        for (s, (pole, gain)) in state.iter_mut().zip(poles) {
            *s = pole * *s + gain * x;
        }
        state.iter().sum::<f32>()
    })
}

/// Integrated noise, -6 dB per octave above 30 Hz, scaled to a root mean square of 0.3.
pub(crate) fn brown(rng: &mut Rng, seconds: f32) -> Sound {
    let mut state = 0.0f32;
    Sound::render(seconds, |_| {
        state = 0.9957 * state + rng.bipolar();
        state
    })
    .high_pass(20.0)
    .to_rms(0.3)
}

/// Single-sample impulses at random times, `rate_hz` per second on average, with amplitudes skewed to the small ones.
pub(crate) fn impulses(rng: &mut Rng, seconds: f32, rate_hz: impl Fn(f32) -> f32) -> Sound {
    let mut sound = Sound::silence(seconds);
    let mut t = rng.wait(1.0 / rate_hz(0.0).max(0.1));
    while t < seconds {
        let index = samples_in(t).min(sound.samples.len() - 1);
        let amplitude = rng.unit();
        sound.samples[index] += amplitude * amplitude * amplitude * if rng.chance(0.5) { 1.0 } else { -1.0 };
        t += rng.wait(1.0 / rate_hz(t).max(0.1));
    }
    sound
}

/// A short burst of noise around `hz` that decays by 60 dB in `t60_s`: the start of most collisions.
pub(crate) fn burst(rng: &mut Rng, hz: f32, q: f32, t60_s: f32) -> Sound {
    white(rng, t60_s)
        .shape(|t| super::signal::decay(t, t60_s))
        .band_pass(hz, q)
        .fade(0.0002, 0.002)
        .to_peak(1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_band_pass_keeps_its_centre_and_drops_the_rest() {
        let tone = |hz: f32| Sound::sine(0.2, |_| hz, |_| 1.0).band_pass(1000.0, 5.0).rms();
        assert!((tone(1000.0) - 0.707).abs() < 0.05);
        assert!(tone(100.0) < 0.05 && tone(8000.0) < 0.05);
    }

    #[test]
    fn impulses_come_at_their_rate() {
        let sound = impulses(&mut Rng::new(3, 0), 10.0, |_| 50.0);
        let count = sound.samples.iter().filter(|x| **x != 0.0).count();
        assert!((400..600).contains(&count), "{count}");
    }
}
