//! Struck bodies as banks of damped resonators (van den Doel and Pai, The sounds of physical shapes, 1998).

use super::filter::burst;
use super::rng::Rng;
use super::signal::{RATE_HZ, Sound, samples_in};
use std::f32::consts::{PI, TAU};

/// One resonance of a body.
#[derive(Clone, Copy)]
pub(crate) struct Mode {
    /// Frequency.
    pub(crate) hz: f32,
    /// Time in which it decays by 60 dB.
    pub(crate) t60_s: f32,
    /// Amplitude at the point that is struck.
    pub(crate) gain: f32,
}

/// What a body is made of; decides how fast its modes die.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Material {
    /// Boards, logs, furniture.
    Wood,
    /// Steel, iron, brass.
    Metal,
    /// Bottles, panes.
    Glass,
    /// Cups, plates, tiles.
    Ceramic,
    /// Boxes, bottles, cases.
    Plastic,
    /// Rocks, bricks, concrete.
    Stone,
}

impl Material {
    /// Internal friction `tan phi`: a mode of `f` hertz decays as `exp(-pi f tan(phi) t)`. Orders of magnitude as
    /// in Wildes and Richards (1988): metal rings, glass rings less, wood and plastic are dull.
    fn friction(self) -> f32 {
        match self {
            Self::Wood => 0.022,
            Self::Metal => 0.0011,
            Self::Glass => 0.0022,
            Self::Ceramic => 0.0045,
            Self::Plastic => 0.04,
            Self::Stone => 0.03,
        }
    }

    /// Fundamentals in hertz of a large and of a small object.
    fn fundamentals(self) -> (f32, f32) {
        match self {
            Self::Wood => (110.0, 900.0),
            Self::Metal => (180.0, 2400.0),
            Self::Glass => (900.0, 4200.0),
            Self::Ceramic => (700.0, 3200.0),
            Self::Plastic => (250.0, 1500.0),
            Self::Stone => (350.0, 2200.0),
        }
    }

    /// Fundamental for a smallness from 0 (large) to 1 (small).
    pub(crate) fn fundamental_hz(self, smallness: f32) -> f32 {
        let (low, high) = self.fundamentals();
        low * (high / low).powf(smallness)
    }

    /// Time of 60 dB for a mode; `extra` is added damping in 1/s by mounting, hands or the floor.
    pub(crate) fn t60_s(self, hz: f32, extra: f32) -> f32 {
        6.9078 / (PI * hz * self.friction() + extra)
    }

    /// Exponent by which modes are weaker the higher they are.
    fn tilt(self) -> f32 {
        match self {
            Self::Wood | Self::Plastic | Self::Stone => 0.1,
            Self::Metal | Self::Glass | Self::Ceramic => 0.35,
        }
    }

    /// Share of the noise of the contact itself in the sound of a blow; dull materials are mostly that.
    fn contact_noise(self) -> f32 {
        match self {
            Self::Wood | Self::Plastic => 0.6,
            Self::Stone => 0.9,
            Self::Metal | Self::Ceramic => 0.3,
            Self::Glass => 0.2,
        }
    }

    /// Contact time in milliseconds of a hard blow.
    pub(crate) fn contact_ms(self) -> f32 {
        match self {
            Self::Wood => 0.5,
            Self::Plastic => 0.4,
            Self::Stone => 0.25,
            Self::Metal => 0.12,
            Self::Ceramic => 0.1,
            Self::Glass => 0.06,
        }
    }
}

/// Modes of a rectangular plate with free ratio of sides, `f ~ m^2 + (a n)^2`, detuned a little, with the gains of
/// one random point. Real objects are not plates: gains and times of decay scatter, or all would sound like a
/// xylophone. Low modes of dull materials hardly radiate, those of ringing ones carry the pitch.
pub(crate) fn plate(rng: &mut Rng, material: Material, hz: f32, count: usize, extra: f32) -> Vec<Mode> {
    let aspect = rng.range(0.5, 0.95);
    let (x, y) = (rng.range(0.15, 0.5), rng.range(0.15, 0.5));
    let base = 1.0 + aspect * aspect;
    let mut modes = Vec::new();
    for m in 1..=7u8 {
        for n in 1..=7u8 {
            let (m, n) = (f32::from(m), f32::from(n));
            let mode_hz = rng.around(hz * (m * m + aspect * aspect * n * n) / base, 0.04);
            let shape = ((PI * m * x).sin() * (PI * n * y).sin()).abs() + 0.05;
            let gain = shape * rng.log_range(0.5, 2.0) * mode_hz.powf(-material.tilt());
            let t60_s = material.t60_s(mode_hz, extra) * rng.log_range(0.6, 1.5);
            modes.push(Mode { hz: mode_hz, t60_s, gain });
        }
    }
    modes.sort_by(|a, b| a.hz.total_cmp(&b.hz));
    modes.retain(|mode| mode.hz < 17_000.0);
    modes.truncate(count);
    normalised(modes)
}

/// Modes at fixed ratios `(ratio, gain)` of a fundamental that lasts `t60_s`; higher ones die faster by `ratio^-slope`.
pub(crate) fn partials(hz: f32, t60_s: f32, slope: f32, ratios: &[(f32, f32)]) -> Vec<Mode> {
    let mode = |&(ratio, gain): &(f32, f32)| Mode { hz: hz * ratio, t60_s: t60_s * ratio.powf(-slope), gain };
    normalised(ratios.iter().map(mode).filter(|mode| mode.hz < 18_000.0).collect())
}

/// Ratios of a bar with free ends (Fletcher and Rossing, The Physics of Musical Instruments, 2.61): chimes, tubes.
pub(crate) const FREE_BAR: &[(f32, f32)] =
    &[(1.0, 1.0), (2.756, 0.5), (5.404, 0.25), (8.933, 0.12), (13.34, 0.06)];

/// Gains scaled to a sum of one.
fn normalised(mut modes: Vec<Mode>) -> Vec<Mode> {
    let sum: f32 = modes.iter().map(|mode| mode.gain.abs()).sum();
    for mode in &mut modes {
        mode.gain /= sum.max(1e-9);
    }
    modes
}

/// A blow: a raised-cosine force of `contact_ms` (longer is softer, and darker) on the modes, peak 1.
pub(crate) fn strike(modes: &[Mode], contact_ms: f32) -> Sound {
    let contact = samples_in(contact_ms * 0.001).max(1);
    let longest = modes.iter().fold(0.02f32, |longest, mode| longest.max(mode.t60_s)).min(6.0);
    let force: Vec<f32> =
        (0..contact).map(|i| 0.5 - 0.5 * (TAU * (i as f32 + 0.5) / contact as f32).cos()).collect();
    let mut input = Sound { samples: force };
    input.samples.resize(contact + samples_in(longest), 0.0);
    resonate(&input, modes).to_peak(1.0)
}

/// A blow with what the modes leave out: surfaces are rough, so every contact is a short burst of noise, and the
/// many modes above the counted ones last a few hundredths of a second.
pub(crate) fn hit(rng: &mut Rng, material: Material, modes: &[Mode], contact_ms: f32) -> Sound {
    let low_hz = modes.first().map_or(400.0, |mode| mode.hz);
    let bright_hz = (900.0 / contact_ms.max(0.08)).clamp(900.0, 7000.0);
    let noise = material.contact_noise();
    let body = burst(rng, (low_hz * 3.0).min(bright_hz), 0.5, 0.06);
    strike(modes, contact_ms).plus(noise, &burst(rng, bright_hz, 0.4, 0.025)).plus(0.7 * noise, &body)
}

/// Drives the modes with any force: friction, noise, a rain of grains. Each is a complex one-pole resonator.
pub(crate) fn resonate(force: &Sound, modes: &[Mode]) -> Sound {
    let mut out = Sound { samples: vec![0.0; force.samples.len()] };
    for mode in modes {
        let radius = (-6.9078 / (mode.t60_s.max(1e-3) * RATE_HZ)).exp();
        let (sin, cos) = (TAU * mode.hz / RATE_HZ).sin_cos();
        let (a, b) = (radius * cos, radius * sin);
        let (mut re, mut im) = (0.0f32, 0.0f32);
        for (to, x) in out.samples.iter_mut().zip(&force.samples) {
            (re, im) = (a * re - b * im + x, b * re + a * im);
            *to += mode.gain * im;
        }
    }
    // Resonators go on with numbers too small to hear, and slow to compute, after the sound has died.
    out.map(|x| if x.abs() < 1e-9 { 0.0 } else { x })
}

/// Times and strengths of the contacts of something that is dropped: each flight is shorter by the restitution.
pub(crate) fn bounces(rng: &mut Rng, first_gap_s: f32, restitution: f32) -> Vec<(f32, f32)> {
    let (mut at, mut gap, mut strength, mut contacts) = (0.0, first_gap_s, 1.0, Vec::new());
    while gap > 0.012 && contacts.len() < 30 {
        contacts.push((at, strength));
        at += gap;
        gap *= rng.around(restitution, 0.12);
        strength *= rng.around(restitution, 0.25);
    }
    contacts
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::dominant_hz;

    #[test]
    fn a_struck_mode_sounds_at_its_frequency() {
        let sound = strike(&[Mode { hz: 700.0, t60_s: 1.0, gain: 1.0 }], 0.2);
        assert!((dominant_hz(&sound) - 700.0).abs() < 10.0);
    }

    #[test]
    fn metal_rings_longer_than_wood() {
        assert!(Material::Metal.t60_s(500.0, 1.0) > 5.0 * Material::Wood.t60_s(500.0, 1.0));
    }

    #[test]
    fn a_soft_blow_is_darker() {
        let modes = partials(300.0, 0.5, 0.0, &[(1.0, 0.5), (20.0, 0.5)]);
        let bright = |contact_ms| strike(&modes, contact_ms).high_pass(3000.0).rms();
        assert!(bright(0.1) > 3.0 * bright(3.0));
    }

    #[test]
    fn bounces_come_faster_and_weaker() {
        let contacts = bounces(&mut Rng::new(5, 0), 0.3, 0.6);
        assert!(contacts.len() > 3);
        assert!(contacts[2].0 - contacts[1].0 < contacts[1].0 - contacts[0].0);
        assert!(contacts[3].1 < contacts[0].1);
    }
}
