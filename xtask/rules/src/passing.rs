//! Something that moves past the listener: Doppler shift, distance, and the echo of the ground.

use super::filter::Pass;
use super::room::SOUND_SPEED;
use super::signal::{RATE_HZ, Sound, samples_in};

/// A straight path at constant speed.
pub(crate) struct Path {
    /// Metres per second.
    pub(crate) speed: f32,
    /// Distance in metres at the closest point.
    pub(crate) closest_m: f32,
    /// When the closest point is heard, in seconds.
    pub(crate) at_s: f32,
    /// Height of the source in metres; the detour of the ground's echo follows from it and ears at 1.6 m.
    pub(crate) height_m: f32,
}

impl Path {
    /// Distance when the source has `t` seconds to go to (or has gone since) the closest point.
    fn distance_m(&self, t: f32) -> f32 {
        self.closest_m.hypot(self.speed * t)
    }

    /// When the sound that is heard at `t` left the source: the fixed point of `e = t - r(e) / c`, which iteration
    /// finds because the source is slower than sound.
    fn emitted(&self, t: f32) -> f32 {
        let heard = t - self.at_s + self.closest_m / SOUND_SPEED;
        (0..14).fold(heard, |emitted, _| heard - self.distance_m(emitted) / SOUND_SPEED)
    }

    /// Seconds of source that `seconds` of listening need.
    pub(crate) fn source_seconds(&self, seconds: f32) -> f32 {
        self.emitted(seconds) - self.emitted(0.0) + 0.05
    }

    /// The source as the listener hears it: delayed, weaker and duller with distance.
    pub(crate) fn heard(&self, source: &Sound, seconds: f32) -> Sound {
        let start = self.emitted(0.0);
        let at = |t: f32| {
            let position = (t - start).max(0.0) * RATE_HZ;
            let (index, part) = (position as usize, position.fract());
            let sample = |i: usize| source.samples.get(i).copied().unwrap_or(0.0);
            sample(index) * (1.0 - part) + sample(index + 1) * part
        };
        let mut out = Sound::silence(seconds);
        let (mut emitted, mut slope) = (start, 0.0);
        for i in 0..samples_in(seconds) {
            // The retarded time is smooth: solved every 64 samples, a straight line between.
            if i % 64 == 0 {
                let t = i as f32 / RATE_HZ;
                emitted = self.emitted(t);
                slope = (self.emitted(t + 64.0 / RATE_HZ) - emitted) / 64.0;
            }
            let r = self.distance_m(emitted);
            let detour_s = 2.0 * 1.6 * self.height_m / r / SOUND_SPEED;
            out.samples[i] = (at(emitted) + 0.6 * at(emitted - detour_s)) * self.closest_m / r;
            emitted += slope;
        }
        out.sweep(Pass::Low, 0.6, |t| 18_000.0 / (1.0 + self.distance_m(self.emitted(t)) / 60.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_approaching_tone_is_higher_and_a_receding_one_lower() {
        let path = Path { speed: 30.0, closest_m: 5.0, at_s: 2.0, height_m: 0.5 };
        let tone = Sound::sine(path.source_seconds(4.0), |_| 1000.0, |_| 1.0);
        let heard = path.heard(&tone, 4.0);
        // Zero crossings in half a second; louder at one end, the sound has no stationary spectrum.
        let hz = |from: f32| {
            let part = &heard.samples[samples_in(from)..samples_in(from + 0.5)];
            part.windows(2).filter(|pair| pair[0] < 0.0 && pair[1] >= 0.0).count() as f32 / 0.5
        };
        assert!((hz(0.2) - 1000.0 / (1.0 - 30.0 / SOUND_SPEED)).abs() < 10.0, "{}", hz(0.2));
        assert!((hz(3.2) - 1000.0 / (1.0 + 30.0 / SOUND_SPEED)).abs() < 10.0, "{}", hz(3.2));
    }
}
