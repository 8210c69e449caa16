//! Throats of single animals: a voice with irregular pitch, a mouth that opens and shuts, and the air it is heard in.
//!
//! The individuals below were found by a random search in the ranges measured on recordings (pitch, length, formants):
//! of some thousand random throats, those that an outside classifier (YAMNet) took for the animal, chosen to differ
//! from each other. Every clip varies one of them.

use super::filter::pink;
use super::rng::Rng;
use super::room::Space;
use super::signal::{Curve, Sound};
use super::voice::{Formant, Voice};

/// A vocal tract and the state of its cords.
#[derive(Clone, Copy)]
pub(crate) struct Tract {
    /// Resonances in hertz with the mouth open.
    pub(crate) formants_hz: [f32; 4],
    /// Their amplitudes.
    pub(crate) gains: [f32; 4],
    /// Quality of the lowest resonance, cutoff of the source in hertz, high pass in hertz, drive of the soft clipper.
    pub(crate) sharp: [f32; 4],
    /// Breath, roughness, direct share (all as in [`Voice`]), and how far the mouth shuts at both ends, 0 to 1.
    pub(crate) rough: [f32; 4],
    /// Random deviation of the pitch and the time in seconds in which it changes.
    pub(crate) jitter: [f32; 2],
}

/// An animal with its usual call.
#[derive(Clone, Copy)]
pub(crate) struct Caller {
    /// Fundamental in hertz.
    pub(crate) hz: f32,
    /// Length of a call.
    pub(crate) seconds: f32,
    /// Pitch relative to `hz` at 0, 25, 65 and 100 % of the call.
    pub(crate) pitch: [f32; 4],
    /// Time of the loudest moment and level at 60 %, both relative.
    pub(crate) level: [f32; 2],
    /// Throat.
    pub(crate) tract: Tract,
}

/// A cock: the course of its crow is the relative height of the last note, the depth of the dip before it, the
/// length of the last note in seconds, and the relative pitch at its end.
#[derive(Clone, Copy)]
pub(crate) struct Crow {
    /// Fundamental in hertz.
    pub(crate) hz: f32,
    /// See above.
    pub(crate) course: [f32; 4],
    /// Throat.
    pub(crate) tract: Tract,
}

/// Every number a little different.
fn near<const N: usize>(rng: &mut Rng, values: [f32; N], spread: f32) -> [f32; N] {
    values.map(|value| rng.around(value, spread))
}

impl Tract {
    /// A relative of this animal.
    pub(crate) fn varied(&self, rng: &mut Rng) -> Self {
        Self {
            formants_hz: near(rng, self.formants_hz, 0.07),
            gains: near(rng, self.gains, 0.2),
            sharp: near(rng, self.sharp, 0.15),
            rough: near(rng, self.rough, 0.15),
            jitter: near(rng, self.jitter, 0.2),
        }
    }

    /// One call: `pitch` and `level` are points of relative time; pitch is relative to `hz`.
    pub(crate) fn call(
        &self,
        rng: &mut Rng,
        hz: f32,
        seconds: f32,
        pitch: &[(f32, f32)],
        level: &[(f32, f32)],
    ) -> Sound {
        let [q, bright_hz, cut_hz, drive] = self.sharp;
        let [breath, rough, direct, open] = self.rough;
        let shut = 1.0 - open;
        let mouth = Curve::new(&[(0.0, shut), (0.3, 1.0), (0.6, 1.0), (1.0, shut)]);
        let formant = |k: usize| Formant {
            hz: mouth.scaled(seconds, self.formants_hz[k]),
            q: q * (1.0 + 0.2 * k as f32),
            gain: self.gains[k],
        };
        let voice = Voice {
            breath,
            rough,
            bright_hz,
            direct,
            ..Voice::new(
                seconds,
                alive(rng, &Curve::new(pitch).scaled(seconds, hz), seconds, self.jitter),
                Curve::new(level).scaled(seconds, 1.0),
                (0..4).map(formant).collect(),
            )
        };
        voice.render(rng).map(|x| (drive * x).tanh()).high_pass(cut_hz).to_peak(1.0)
    }
}

/// A contour without corners and with the small random movements of muscles.
pub(crate) fn alive(rng: &mut Rng, contour: &Curve, seconds: f32, [depth, step_s]: [f32; 2]) -> Curve {
    let wander = Curve::wander(rng, seconds, step_s.max(0.004), -depth, depth);
    let points: Vec<_> = (0..(seconds / 0.004) as usize + 2)
        .map(|k| k as f32 * 0.004)
        .map(|t| {
            let smooth: f32 = [-0.012, -0.006, 0.0, 0.006, 0.012].iter().map(|d| contour.at(t + d)).sum();
            (t, 0.2 * smooth * (1.0 + wander.at(t)))
        })
        .collect();
    Curve::new(&points)
}

impl Caller {
    /// A relative of this animal; `shift` scales pitch and tract alike, as size does.
    pub(crate) fn varied(&self, rng: &mut Rng, shift: f32) -> Self {
        let mut tract = self.tract.varied(rng);
        tract.formants_hz = tract.formants_hz.map(|hz| hz * shift.sqrt());
        Self {
            hz: rng.around(self.hz, 0.08) * shift,
            seconds: rng.around(self.seconds, 0.15),
            pitch: near(rng, self.pitch, 0.06),
            level: near(rng, self.level, 0.15),
            tract,
        }
    }

    /// One call, of its usual length times `long`.
    pub(crate) fn call(&self, rng: &mut Rng, long: f32) -> Sound {
        let [p0, p1, p2, p3] = near(rng, self.pitch, 0.04);
        let [attack, sustain] = self.level;
        let seconds = rng.around(self.seconds * long, 0.1);
        let hz = rng.around(self.hz, 0.05);
        let pitch = [(0.0, p0), (0.25, p1), (0.65, p2), (1.0, p3)];
        let level = [(0.0, 0.0), (attack.min(0.5), 1.0), (0.6, sustain), (0.85, sustain * 0.3), (1.0, 0.0)];
        self.tract.call(rng, hz, seconds, &pitch, &level)
    }
}

/// As recorded in a yard or on a field: reflections of the ground and of walls, and the murmur of the air.
pub(crate) fn open_air(rng: &mut Rng, sound: &Sound) -> Sound {
    let floor = rng.log_range(0.0005, 0.006);
    let heard = if rng.chance(0.8) { Space::Room.place(rng, sound) } else { sound.clone() }.to_peak(1.0);
    let seconds = heard.seconds();
    heard.plus(1.0, &pink(rng, seconds).to_rms(floor))
}

/// Dogs, from large to small.
#[rustfmt::skip]
pub(crate) const DOGS: [Caller; 8] = [
    Caller { hz: 350.0, seconds: 0.12, pitch: [0.61, 1.18, 1.06, 0.46], level: [0.11, 0.92], tract: Tract { formants_hz: [954.0, 2073.0, 2432.0, 5816.0], gains: [0.32, 1.27, 0.09, 0.07], sharp: [4.4, 5835.0, 258.0, 1.80], rough: [0.07, 0.09, 0.01, 0.43], jitter: [0.003, 0.010] } },
    Caller { hz: 350.0, seconds: 0.17, pitch: [0.59, 1.10, 0.96, 0.98], level: [0.09, 0.51], tract: Tract { formants_hz: [818.0, 1691.0, 1953.0, 6203.0], gains: [1.65, 0.78, 0.88, 0.02], sharp: [3.8, 2585.0, 174.0, 0.38], rough: [0.03, 0.58, 0.06, 0.48], jitter: [0.027, 0.007] } },
    Caller { hz: 395.0, seconds: 0.16, pitch: [0.93, 1.09, 1.02, 0.88], level: [0.14, 0.75], tract: Tract { formants_hz: [629.0, 1585.0, 2548.0, 4841.0], gains: [1.95, 0.96, 1.00, 0.02], sharp: [3.5, 4096.0, 179.0, 0.37], rough: [0.02, 0.60, 0.06, 0.49], jitter: [0.027, 0.008] } },
    Caller { hz: 549.0, seconds: 0.13, pitch: [0.55, 1.10, 1.07, 0.87], level: [0.04, 0.32], tract: Tract { formants_hz: [742.0, 900.0, 2052.0, 4452.0], gains: [0.33, 0.25, 0.11, 0.20], sharp: [3.8, 2956.0, 237.0, 0.58], rough: [0.04, 0.06, 0.01, 0.05], jitter: [0.003, 0.008] } },
    Caller { hz: 600.0, seconds: 0.09, pitch: [0.56, 1.30, 0.80, 0.96], level: [0.22, 0.70], tract: Tract { formants_hz: [988.0, 1537.0, 2619.0, 5073.0], gains: [0.42, 0.70, 0.62, 0.17], sharp: [2.3, 4795.0, 229.0, 1.24], rough: [0.16, 0.02, 0.25, 0.22], jitter: [0.004, 0.006] } },
    Caller { hz: 715.0, seconds: 0.15, pitch: [0.66, 1.07, 1.10, 0.77], level: [0.27, 0.56], tract: Tract { formants_hz: [822.0, 1383.0, 1909.0, 4660.0], gains: [0.39, 0.50, 0.45, 0.17], sharp: [3.4, 8383.0, 467.0, 3.01], rough: [0.16, 0.67, 0.04, 0.18], jitter: [0.009, 0.039] } },
    Caller { hz: 789.0, seconds: 0.11, pitch: [0.64, 1.30, 0.81, 1.00], level: [0.24, 0.56], tract: Tract { formants_hz: [744.0, 1398.0, 3329.0, 5484.0], gains: [0.30, 0.66, 0.57, 0.19], sharp: [2.7, 3805.0, 283.0, 1.60], rough: [0.14, 0.02, 0.28, 0.21], jitter: [0.004, 0.006] } },
    Caller { hz: 798.0, seconds: 0.16, pitch: [0.64, 0.90, 0.97, 0.79], level: [0.30, 0.48], tract: Tract { formants_hz: [948.0, 1637.0, 1800.0, 7000.0], gains: [0.32, 0.29, 0.32, 0.14], sharp: [2.8, 5549.0, 337.0, 3.99], rough: [0.19, 0.67, 0.03, 0.19], jitter: [0.008, 0.051] } },
];

/// Cats.
#[rustfmt::skip]
pub(crate) const CATS: [Caller; 6] = [
    Caller { hz: 400.0, seconds: 0.91, pitch: [1.00, 1.23, 1.10, 0.95], level: [0.15, 0.58], tract: Tract { formants_hz: [1086.0, 1786.0, 2682.0, 5193.0], gains: [0.41, 0.72, 0.39, 0.26], sharp: [2.5, 8148.0, 283.0, 1.00], rough: [0.14, 0.49, 0.02, 0.42], jitter: [0.071, 0.008] } },
    Caller { hz: 605.0, seconds: 0.62, pitch: [0.55, 1.17, 1.10, 0.59], level: [0.16, 0.52], tract: Tract { formants_hz: [1491.0, 2284.0, 2400.0, 4875.0], gains: [0.20, 0.38, 0.77, 0.20], sharp: [2.7, 2062.0, 370.0, 2.19], rough: [0.03, 0.31, 0.05, 0.50], jitter: [0.097, 0.006] } },
    Caller { hz: 644.0, seconds: 0.74, pitch: [1.09, 0.92, 1.10, 0.51], level: [0.20, 0.37], tract: Tract { formants_hz: [906.0, 1909.0, 3800.0, 3800.0], gains: [1.02, 0.89, 0.70, 0.21], sharp: [2.9, 10884.0, 150.0, 1.41], rough: [0.04, 0.01, 0.18, 0.48], jitter: [0.072, 0.008] } },
    Caller { hz: 713.0, seconds: 0.68, pitch: [1.04, 1.30, 0.96, 1.00], level: [0.10, 0.31], tract: Tract { formants_hz: [1357.0, 1433.0, 3101.0, 7314.0], gains: [0.40, 0.41, 0.34, 1.00], sharp: [4.0, 11194.0, 112.0, 0.78], rough: [0.07, 0.10, 0.04, 0.47], jitter: [0.069, 0.043] } },
    Caller { hz: 847.0, seconds: 1.09, pitch: [0.92, 0.97, 1.08, 0.50], level: [0.06, 0.41], tract: Tract { formants_hz: [1344.0, 2479.0, 3517.0, 6797.0], gains: [0.56, 1.50, 0.97, 0.79], sharp: [6.5, 3655.0, 988.0, 0.45], rough: [0.04, 0.05, 0.01, 0.30], jitter: [0.019, 0.043] } },
    Caller { hz: 900.0, seconds: 0.65, pitch: [0.89, 1.10, 1.05, 0.45], level: [0.15, 0.45], tract: Tract { formants_hz: [700.0, 2421.0, 2400.0, 5847.0], gains: [0.20, 0.64, 0.19, 0.37], sharp: [5.6, 1870.0, 329.0, 0.60], rough: [0.09, 0.03, 0.01, 0.48], jitter: [0.007, 0.023] } },
];

/// Cows and calves.
#[rustfmt::skip]
pub(crate) const COWS: [Caller; 5] = [
    Caller { hz: 91.0, seconds: 2.20, pitch: [0.68, 1.02, 0.80, 0.75], level: [0.10, 0.61], tract: Tract { formants_hz: [517.0, 1295.0, 1778.0, 2874.0], gains: [1.07, 0.29, 0.19, 0.72], sharp: [7.2, 2071.0, 176.0, 0.90], rough: [0.04, 0.57, 0.16, 0.50], jitter: [0.030, 0.027] } },
    Caller { hz: 131.0, seconds: 1.68, pitch: [0.68, 0.90, 0.90, 1.00], level: [0.04, 0.48], tract: Tract { formants_hz: [343.0, 613.0, 2600.0, 5000.0], gains: [0.34, 0.23, 1.36, 0.07], sharp: [3.0, 2107.0, 608.0, 1.96], rough: [0.38, 0.04, 0.04, 0.02], jitter: [0.029, 0.007] } },
    Caller { hz: 144.0, seconds: 2.07, pitch: [0.58, 0.93, 0.83, 1.00], level: [0.26, 0.30], tract: Tract { formants_hz: [249.0, 1400.0, 2474.0, 5000.0], gains: [1.44, 1.03, 0.17, 0.14], sharp: [3.6, 1516.0, 107.0, 0.35], rough: [0.06, 0.01, 0.01, 0.21], jitter: [0.061, 0.051] } },
    Caller { hz: 191.0, seconds: 1.38, pitch: [0.97, 1.30, 1.10, 0.57], level: [0.10, 0.81], tract: Tract { formants_hz: [222.0, 1400.0, 1861.0, 4696.0], gains: [1.77, 0.81, 1.06, 0.16], sharp: [6.2, 2889.0, 541.0, 2.24], rough: [0.15, 0.03, 0.09, 0.05], jitter: [0.077, 0.011] } },
    Caller { hz: 259.0, seconds: 1.54, pitch: [0.86, 1.10, 0.93, 0.53], level: [0.06, 0.74], tract: Tract { formants_hz: [661.0, 1279.0, 1913.0, 4173.0], gains: [2.00, 0.97, 1.34, 0.08], sharp: [6.2, 6914.0, 375.0, 2.44], rough: [0.02, 0.62, 0.01, 0.26], jitter: [0.004, 0.011] } },
];

/// Crows.
#[rustfmt::skip]
pub(crate) const CROWS: [Caller; 5] = [
    Caller { hz: 434.0, seconds: 0.60, pitch: [0.50, 0.99, 1.04, 0.64], level: [0.11, 0.48], tract: Tract { formants_hz: [1500.0, 1649.0, 2836.0, 5484.0], gains: [0.76, 0.82, 1.38, 0.58], sharp: [4.1, 2032.0, 824.0, 0.60], rough: [0.03, 0.61, 0.22, 0.17], jitter: [0.010, 0.023] } },
    Caller { hz: 529.0, seconds: 0.37, pitch: [0.99, 1.09, 1.10, 0.46], level: [0.10, 0.77], tract: Tract { formants_hz: [1498.0, 2126.0, 3195.0, 5858.0], gains: [1.56, 1.03, 1.50, 0.16], sharp: [5.0, 6664.0, 382.0, 1.63], rough: [0.02, 0.56, 0.01, 0.23], jitter: [0.009, 0.017] } },
    Caller { hz: 558.0, seconds: 0.24, pitch: [0.77, 1.03, 1.07, 0.75], level: [0.16, 0.85], tract: Tract { formants_hz: [1012.0, 1670.0, 3771.0, 4347.0], gains: [0.24, 1.33, 0.12, 0.84], sharp: [4.4, 8838.0, 115.0, 1.53], rough: [0.30, 0.49, 0.10, 0.10], jitter: [0.052, 0.016] } },
    Caller { hz: 626.0, seconds: 0.24, pitch: [0.55, 1.30, 0.84, 0.53], level: [0.04, 0.33], tract: Tract { formants_hz: [1500.0, 1904.0, 2400.0, 4087.0], gains: [0.24, 0.35, 0.13, 0.10], sharp: [8.0, 4634.0, 161.0, 3.23], rough: [0.36, 0.06, 0.04, 0.15], jitter: [0.005, 0.014] } },
    Caller { hz: 770.0, seconds: 0.27, pitch: [0.83, 1.06, 0.97, 0.57], level: [0.04, 0.37], tract: Tract { formants_hz: [1335.0, 1300.0, 3800.0, 4054.0], gains: [2.00, 0.30, 0.15, 0.10], sharp: [1.5, 9547.0, 118.0, 2.59], rough: [0.05, 0.35, 0.05, 0.00], jitter: [0.017, 0.022] } },
];

/// Cocks.
#[rustfmt::skip]
pub(crate) const COCKS: [Crow; 5] = [
    Crow { hz: 714.0, course: [1.25, 0.81, 0.77, 0.72], tract: Tract { formants_hz: [1200.0, 1688.0, 2886.0, 5808.0], gains: [0.94, 0.44, 0.13, 1.07], sharp: [8.0, 3137.0, 358.0, 0.87], rough: [0.19, 0.01, 0.01, 0.39], jitter: [0.009, 0.008] } },
    Crow { hz: 803.0, course: [0.90, 0.95, 1.20, 0.89], tract: Tract { formants_hz: [837.0, 1676.0, 2945.0, 5977.0], gains: [0.27, 0.34, 0.12, 0.19], sharp: [7.1, 7219.0, 821.0, 1.24], rough: [0.07, 0.11, 0.03, 0.41], jitter: [0.030, 0.022] } },
    Crow { hz: 810.0, course: [0.97, 0.55, 0.92, 0.64], tract: Tract { formants_hz: [1022.0, 1988.0, 3624.0, 7263.0], gains: [0.64, 0.94, 0.30, 0.22], sharp: [5.5, 2532.0, 352.0, 3.00], rough: [0.14, 0.01, 0.02, 0.29], jitter: [0.005, 0.008] } },
    Crow { hz: 852.0, course: [1.12, 0.69, 0.88, 0.55], tract: Tract { formants_hz: [996.0, 1805.0, 3788.0, 6691.0], gains: [0.94, 1.16, 0.36, 0.38], sharp: [5.7, 3751.0, 140.0, 0.98], rough: [0.02, 0.02, 0.04, 0.46], jitter: [0.020, 0.016] } },
    Crow { hz: 887.0, course: [0.90, 0.59, 1.39, 0.68], tract: Tract { formants_hz: [1200.0, 1498.0, 3238.0, 5791.0], gains: [1.67, 0.49, 0.18, 1.08], sharp: [4.3, 1501.0, 704.0, 0.55], rough: [0.07, 0.16, 0.04, 0.38], jitter: [0.030, 0.009] } },
];
