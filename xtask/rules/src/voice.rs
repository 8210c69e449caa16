//! Throats: a pulse train through moving formants (source-filter model, Fant 1960; Klatt 1980).

use super::filter::{Filter, Pass};
use super::rng::Rng;
use super::signal::{Curve, RATE_HZ, Sound};

/// A resonance of the vocal tract.
#[derive(Clone)]
pub(crate) struct Formant {
    /// Frequency over time, in hertz.
    pub(crate) hz: Curve,
    /// Quality, frequency over bandwidth.
    pub(crate) q: f32,
    /// Amplitude.
    pub(crate) gain: f32,
}

/// Formants that do not move: `(hz, q, gain)`.
pub(crate) fn fixed(bands: &[(f32, f32, f32)]) -> Vec<Formant> {
    bands.iter().map(|&(hz, q, gain)| Formant { hz: Curve::flat(hz), q, gain }).collect()
}

/// Formants that move together from vowel to vowel; each `(time, [F1, F2, F3])`, scaled by the tract's shortness.
pub(crate) fn vowels(path: &[(f32, [f32; 3])], shortness: f32) -> Vec<Formant> {
    let track = |k: usize| path.iter().map(|&(t, hz)| (t, hz[k] * shortness)).collect::<Vec<_>>();
    let formant = |k, q, gain| Formant { hz: Curve::new(&track(k)), q, gain };
    vec![formant(0, 6.0, 1.0), formant(1, 9.0, 0.6), formant(2, 11.0, 0.3)]
}

/// First three formants in hertz of an adult male's vowels (Peterson and Barney, 1952).
pub(crate) mod vowel {
    /// As in "father".
    pub(crate) const A: [f32; 3] = [730.0, 1090.0, 2440.0];
    /// As in "bed".
    pub(crate) const E: [f32; 3] = [530.0, 1840.0, 2480.0];
    /// As in "see".
    pub(crate) const I: [f32; 3] = [270.0, 2290.0, 3010.0];
    /// As in "law".
    pub(crate) const O: [f32; 3] = [570.0, 840.0, 2410.0];
    /// As in "too".
    pub(crate) const U: [f32; 3] = [300.0, 870.0, 2240.0];
    /// As in "cat".
    pub(crate) const AE: [f32; 3] = [660.0, 1720.0, 2410.0];
    /// As in "bird".
    pub(crate) const ER: [f32; 3] = [490.0, 1350.0, 1690.0];
}

/// One call, bark or syllable.
pub(crate) struct Voice {
    /// Length in seconds.
    pub(crate) seconds: f32,
    /// Fundamental in hertz over time.
    pub(crate) pitch_hz: Curve,
    /// Amplitude over time.
    pub(crate) level: Curve,
    /// Vocal tract.
    pub(crate) formants: Vec<Formant>,
    /// Share of the source that is turbulence, 0 to 1.
    pub(crate) breath: f32,
    /// Irregularity of the cords, 0 (pure) to 1 (harsh): random period and every second pulse weaker.
    pub(crate) rough: f32,
    /// Cutoff in hertz of the source: a low value is a soft voice.
    pub(crate) bright_hz: f32,
    /// Share of the source that passes around the formants.
    pub(crate) direct: f32,
}

impl Voice {
    /// A plain voice; the rest is set by struct update.
    pub(crate) fn new(seconds: f32, pitch_hz: Curve, level: Curve, formants: Vec<Formant>) -> Self {
        Self { seconds, pitch_hz, level, formants, breath: 0.08, rough: 0.1, bright_hz: 3000.0, direct: 0.05 }
    }

    /// The sound, peak 1.
    pub(crate) fn render(&self, rng: &mut Rng) -> Sound {
        let source = self.source(rng);
        let mut out = Sound { samples: source.samples.iter().map(|x| x * self.direct).collect() };
        for formant in &self.formants {
            let passed = source.clone().sweep(Pass::Band, formant.q, |t| formant.hz.at(t));
            out.mix(0.0, formant.gain, &passed);
        }
        out.shape(|t| self.level.at(t)).fade(0.002, 0.004).to_peak(1.0)
    }

    /// Cords and breath: a band-limited saw tooth (polynomial correction of the step, Välimäki 2005) with cycle by
    /// cycle perturbation, and noise that is louder while the cords are open.
    fn source(&self, rng: &mut Rng) -> Sound {
        let (mut phase, mut period, mut strength, mut odd) = (0.0f32, 1.0f32, 1.0f32, false);
        let mut tilt = Filter::default();
        Sound::render(self.seconds, |t| {
            let step = (self.pitch_hz.at(t) * period / RATE_HZ).clamp(1e-5, 0.45);
            phase += step;
            if phase >= 1.0 {
                phase -= 1.0;
                odd = !odd;
                period = 1.0 + (0.01 + 0.16 * self.rough) * rng.bipolar();
                strength = 1.0 - self.rough * (0.5 * rng.unit() + if odd { 0.3 } else { 0.0 });
            }
            let saw = strength * (2.0 * phase - 1.0 - corner(phase, step));
            let noise = rng.bipolar() * (0.4 + 0.6 * phase);
            let mixed = (1.0 - self.breath) * saw + 2.0 * self.breath * noise;
            tilt.step(mixed, Pass::Low, self.bright_hz, 0.7)
        })
        .high_pass(40.0)
    }
}

/// The correction around the step of a saw tooth.
fn corner(phase: f32, step: f32) -> f32 {
    if phase < step {
        let x = phase / step;
        x + x - x * x - 1.0
    } else if phase > 1.0 - step {
        let x = (phase - 1.0) / step;
        x * x + x + x + 1.0
    } else {
        0.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::dominant_hz;

    #[test]
    fn a_formant_lifts_the_harmonic_nearest_to_it() {
        let voice = Voice {
            breath: 0.0,
            rough: 0.0,
            ..Voice::new(0.5, Curve::flat(200.0), Curve::flat(1.0), fixed(&[(1000.0, 12.0, 1.0)]))
        };
        assert!((dominant_hz(&voice.render(&mut Rng::new(1, 0))) - 1000.0).abs() < 25.0);
    }
}
