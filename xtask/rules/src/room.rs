//! Where a sound happens: early reflections of a box-shaped room, a diffuse tail, and distance.

use super::rng::Rng;
use super::signal::{RATE_HZ, Sound, samples_in};

/// Speed of sound in metres per second.
pub(crate) const SOUND_SPEED: f32 = 343.0;

/// A space and how far the listener is from the sound.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Space {
    /// No reflections: a close microphone, or outdoors.
    Dry,
    /// A furnished room.
    Room,
    /// A hall: a loud tail of one to three seconds.
    Hall,
    /// Far away outdoors: high frequencies are lost and faint echoes blur it.
    Distant,
}

impl Space {
    /// The sound as heard in this space; the result is longer by the tail.
    pub(crate) fn place(self, rng: &mut Rng, sound: &Sound) -> Sound {
        match self {
            Self::Dry => sound.clone(),
            Self::Room => {
                let early = reflections(rng, sound, 4.0);
                let tail = reverb(rng, sound, 0.45, 5000.0);
                sound.clone().plus(0.5, &early).plus(0.16, &tail)
            }
            Self::Hall => {
                let t60_s = rng.range(1.4, 2.6);
                let tail = reverb(rng, sound, t60_s, 3800.0);
                sound.clone().plus(0.4, &reflections(rng, sound, 14.0)).plus(0.5, &tail)
            }
            Self::Distant => {
                let air = sound.clone().low_pass(rng.range(1400.0, 2600.0)).low_pass(3500.0);
                let tail = reverb(rng, &air, 1.2, 1800.0);
                air.clone().plus(0.3, &reflections(rng, &air, 40.0)).plus(0.35, &tail)
            }
        }
    }
}

/// The six first-order image sources of a box with walls some `size_m` apart (Allen and Berkley, 1979).
fn reflections(rng: &mut Rng, sound: &Sound, size_m: f32) -> Sound {
    let mut out = Sound::silence(0.0);
    let dark = sound.clone().low_pass(6000.0);
    for _ in 0..6 {
        let path_m = size_m * rng.range(0.4, 1.9);
        out.mix(path_m / SOUND_SPEED, 0.9 / (1.0 + path_m / size_m), &dark);
    }
    out
}

/// A feedback delay network of eight lines with a Householder matrix (Jot and Chaigne, 1991), darkened by a one-pole
/// filter in each line; the returned sound has no direct part.
fn reverb(rng: &mut Rng, sound: &Sound, t60_s: f32, bright_hz: f32) -> Sound {
    let scale = rng.range(0.8, 1.25) * if t60_s > 1.0 { 1.8 } else { 1.0 };
    let mut lines: Vec<Line> = [0.0107, 0.0133, 0.0171, 0.0199, 0.0237, 0.0281, 0.0313, 0.0371]
        .iter()
        .map(|seconds| Line::new(seconds * scale, t60_s))
        .collect();
    let damping = (-std::f32::consts::TAU * bright_hz / RATE_HZ).exp();
    let length = sound.samples.len() + samples_in(t60_s * 0.9);
    let mut out = Vec::with_capacity(length);
    for i in 0..length {
        let x = sound.samples.get(i).copied().unwrap_or(0.0);
        let mut heard = [0.0f32; 8];
        for (to, line) in heard.iter_mut().zip(&mut lines) {
            *to = line.read(damping);
        }
        let sum: f32 = heard.iter().sum();
        for (from, line) in heard.iter().zip(&mut lines) {
            line.write(x * 0.35 + from - 0.25 * sum);
        }
        out.push(sum * 0.35);
    }
    Sound { samples: out }.high_pass(90.0)
}

/// One delay of the network.
struct Line {
    memory: Vec<f32>,
    at: usize,
    gain: f32,
    low: f32,
}

impl Line {
    /// A delay whose gain gives the network its time of 60 dB.
    fn new(seconds: f32, t60_s: f32) -> Self {
        let length = samples_in(seconds).max(1);
        Self { memory: vec![0.0; length], at: 0, gain: 10f32.powf(-3.0 * seconds / t60_s), low: 0.0 }
    }

    /// What comes out of the delay, damped.
    fn read(&mut self, damping: f32) -> f32 {
        self.low = damping * self.low + (1.0 - damping) * self.memory[self.at] * self.gain;
        self.low
    }

    /// Puts a sample in and moves on.
    fn write(&mut self, x: f32) {
        self.memory[self.at] = if x.abs() < 1e-9 { 0.0 } else { x };
        self.at = (self.at + 1) % self.memory.len();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::filter::white;

    #[test]
    fn distance_takes_high_frequencies() {
        let mut rng = Rng::new(1, 0);
        let near = white(&mut rng, 0.3);
        let far = Space::Distant.place(&mut rng, &near);
        let share = |sound: &Sound| sound.clone().high_pass(6000.0).rms() / sound.rms();
        assert!(share(&far) < 0.2 * share(&near));
    }

    #[test]
    fn a_hall_rings_on_and_dies() {
        let mut rng = Rng::new(2, 0);
        let noise = white(&mut rng, 0.1);
        let hall = Space::Hall.place(&mut rng, &noise);
        let part = |from: f32, to: f32| {
            Sound { samples: hall.samples[samples_in(from)..samples_in(to)].to_vec() }.rms()
        };
        assert!(part(0.4, 0.5) > 0.01);
        assert!(part(1.2, 1.3) < 0.5 * part(0.4, 0.5));
    }
}
