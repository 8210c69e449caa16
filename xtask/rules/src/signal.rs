//! A mono sound under construction: mixing, envelopes, level.

use std::f32::consts::TAU;

/// Samples per second of everything in this module tree.
pub(crate) const RATE_HZ: f32 = 44_100.0;

/// Number of samples in `seconds`.
pub(crate) fn samples_in(seconds: f32) -> usize {
    (seconds.max(0.0) * RATE_HZ) as usize
}

/// A mono signal at [`RATE_HZ`].
#[derive(Clone)]
pub(crate) struct Sound {
    /// Amplitudes, about -1 to 1; only the last step of a clip normalises them.
    pub(crate) samples: Vec<f32>,
}

#[expect(
    clippy::wrong_self_convention,
    reason = "a sound is passed from step to step; none needs the one before"
)]
impl Sound {
    /// Zeros.
    pub(crate) fn silence(seconds: f32) -> Self {
        Self { samples: vec![0.0; samples_in(seconds)] }
    }

    /// Calls `sample` with the time in seconds of every sample.
    pub(crate) fn render(seconds: f32, mut sample: impl FnMut(f32) -> f32) -> Self {
        Self { samples: (0..samples_in(seconds)).map(|i| sample(i as f32 / RATE_HZ)).collect() }
    }

    /// A periodic wave with a frequency that may change: `wave` maps the phase in cycles, `[0, 1)`, and the time.
    pub(crate) fn tone(seconds: f32, hz: impl Fn(f32) -> f32, wave: impl Fn(f32, f32) -> f32) -> Self {
        let mut phase = 0.0f32;
        Self::render(seconds, |t| {
            phase = (phase + hz(t) / RATE_HZ).fract();
            wave(phase, t)
        })
    }

    /// A sine with changing frequency and amplitude.
    pub(crate) fn sine(seconds: f32, hz: impl Fn(f32) -> f32, gain: impl Fn(f32) -> f32) -> Self {
        Self::tone(seconds, hz, |phase, t| gain(t) * (TAU * phase).sin())
    }

    /// Length in seconds.
    pub(crate) fn seconds(&self) -> f32 {
        self.samples.len() as f32 / RATE_HZ
    }

    /// Adds `other`, scaled, from `at_s` on; the sound grows where it has to.
    pub(crate) fn mix(&mut self, at_s: f32, gain: f32, other: &Self) {
        let start = samples_in(at_s);
        let end = start + other.samples.len();
        if end > self.samples.len() {
            self.samples.resize(end, 0.0);
        }
        for (to, from) in self.samples[start..end].iter_mut().zip(&other.samples) {
            *to += gain * from;
        }
    }

    /// The sum of two sounds from their beginnings.
    pub(crate) fn plus(mut self, gain: f32, other: &Self) -> Self {
        self.mix(0.0, gain, other);
        self
    }

    /// Multiplied by a function of the time in seconds.
    pub(crate) fn shape(mut self, gain: impl Fn(f32) -> f32) -> Self {
        for (i, sample) in self.samples.iter_mut().enumerate() {
            *sample *= gain(i as f32 / RATE_HZ);
        }
        self
    }

    /// Sample by sample multiplied by another sound: one modulates the other.
    pub(crate) fn times(mut self, other: &Self) -> Self {
        for (sample, by) in self.samples.iter_mut().zip(&other.samples) {
            *sample *= by;
        }
        self
    }

    /// Every sample through a memoryless function, such as a soft clipper.
    pub(crate) fn map(mut self, f: impl Fn(f32) -> f32) -> Self {
        for sample in &mut self.samples {
            *sample = f(*sample);
        }
        self
    }

    /// Largest absolute sample.
    pub(crate) fn peak(&self) -> f32 {
        self.samples.iter().fold(0.0, |peak, sample| peak.max(sample.abs()))
    }

    /// Root mean square.
    pub(crate) fn rms(&self) -> f32 {
        let power: f32 = self.samples.iter().map(|x| x * x).sum();
        (power / self.samples.len().max(1) as f32).sqrt()
    }

    /// Scaled to a peak; silence stays silence.
    pub(crate) fn to_peak(self, peak: f32) -> Self {
        let gain = peak / self.peak().max(1e-9);
        self.map(|x| x * gain)
    }

    /// Scaled to a root mean square, so that layers can be balanced.
    pub(crate) fn to_rms(self, rms: f32) -> Self {
        let gain = rms / self.rms().max(1e-9);
        self.map(|x| x * gain)
    }

    /// Raised-cosine fades at both ends, in seconds.
    pub(crate) fn fade(self, in_s: f32, out_s: f32) -> Self {
        let length = self.seconds();
        let ramp = |x: f32| 0.5 - 0.5 * (TAU * 0.5 * x.clamp(0.0, 1.0)).cos();
        self.shape(|t| ramp(t / in_s.max(1e-4)) * ramp((length - t) / out_s.max(1e-4)))
    }

    /// Without the end that stays below `floor` times the peak.
    pub(crate) fn trim_end(mut self, floor: f32) -> Self {
        let limit = self.peak() * floor;
        let last = self.samples.iter().rposition(|x| x.abs() > limit).unwrap_or(0);
        self.samples.truncate((last + 64).min(self.samples.len()));
        self
    }
}

/// Exponential decay by 60 dB in `t60_s`.
pub(crate) fn decay(t: f32, t60_s: f32) -> f32 {
    if t < 0.0 { 0.0 } else { (-6.9078 * t / t60_s).exp() }
}

/// Linear attack, then exponential decay.
pub(crate) fn attack_decay(t: f32, attack_s: f32, t60_s: f32) -> f32 {
    if t < attack_s { (t / attack_s).max(0.0) } else { decay(t - attack_s, t60_s) }
}

/// A bump that is 0 at the ends of `[0, length]` and 1 in the middle.
pub(crate) fn hump(t: f32, length: f32) -> f32 {
    let x = t / length;
    if (0.0..1.0).contains(&x) { (std::f32::consts::PI * x).sin() } else { 0.0 }
}

/// A piecewise linear function of time.
#[derive(Clone)]
pub(crate) struct Curve(Vec<(f32, f32)>);

impl Curve {
    /// Points `(time, value)` in order of time.
    pub(crate) fn new(points: &[(f32, f32)]) -> Self {
        Self(points.to_vec())
    }

    /// One value at all times.
    pub(crate) fn flat(value: f32) -> Self {
        Self(vec![(0.0, value)])
    }

    /// A random walk between `low` and `high` with a corner every `step_s`.
    pub(crate) fn wander(rng: &mut super::rng::Rng, seconds: f32, step_s: f32, low: f32, high: f32) -> Self {
        let corners = (seconds / step_s) as usize + 2;
        Self((0..corners).map(|i| (i as f32 * step_s, rng.range(low, high))).collect())
    }

    /// Times and values scaled.
    pub(crate) fn scaled(&self, time: f32, value: f32) -> Self {
        Self(self.0.iter().map(|&(t, v)| (t * time, v * value)).collect())
    }

    /// The value at `t`; the first and last values continue outwards.
    pub(crate) fn at(&self, t: f32) -> f32 {
        let next = self.0.partition_point(|point| point.0 <= t);
        match (next.checked_sub(1).map(|i| self.0[i]), self.0.get(next)) {
            (Some((t0, v0)), Some(&(t1, v1))) => v0 + (v1 - v0) * (t - t0) / (t1 - t0).max(1e-6),
            (Some((_, value)), None) | (None, Some(&(_, value))) => value,
            (None, None) => 0.0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mixing_grows_the_sound_and_adds() {
        let mut sound = Sound::render(0.001, |_| 1.0);
        let length = sound.samples.len();
        sound.mix(0.0005, 2.0, &Sound::render(0.001, |_| 1.0));
        assert!(sound.samples.len() > length);
        assert_eq!(sound.samples[length - 1], 3.0);
        assert_eq!(sound.samples.last(), Some(&2.0));
    }

    #[test]
    fn a_curve_interpolates_and_continues() {
        let curve = Curve::new(&[(1.0, 2.0), (2.0, 4.0)]);
        assert_eq!((curve.at(0.0), curve.at(1.5), curve.at(9.0)), (2.0, 3.0, 4.0));
    }

    #[test]
    fn decay_is_sixty_decibels() {
        assert!((decay(0.4, 0.4) - 0.001).abs() < 1e-5);
    }
}
