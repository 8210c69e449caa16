//! How the level of a note moves: attack, decay, sustain and release.

/// How far below their target decay and release aim, as a part of the way. Levels that fell to exactly zero would take
/// for ever and end in denormal numbers; these cross it on their last sample. The smaller, the more the curve is that of
/// a natural decay, steep first and flat at its end.
const OVERSHOOT: f32 = 0.2;

/// Times and level of the envelope of a note.
///
/// # Examples
/// ```
/// use straightshot_playback::Shape;
///
/// // A soft pad: in over half a second, out over two.
/// let pad = Shape { attack_s: 0.5, release_s: 2.0, ..Shape::default() };
/// assert_eq!(pad.sustain, 1.0);
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Shape {
    /// Seconds from silence to the full level; a start without one takes half a millisecond, too short to be heard.
    pub attack_s: f32,
    /// Seconds from the full level to that of `sustain`.
    pub decay_s: f32,
    /// Level while the key is held, 0 ..= 1.
    pub sustain: f32,
    /// Seconds from there to silence when the key is released; at least five milliseconds, the shortest that is heard as
    /// an end and not as a click.
    pub release_s: f32,
}

/// Shortest release in seconds.
const MIN_RELEASE_S: f32 = 0.005;

impl Default for Shape {
    /// The sound as it is: no attack, full level, an end without a click.
    fn default() -> Self {
        Self { attack_s: 0.0, decay_s: 0.0, sustain: 1.0, release_s: MIN_RELEASE_S }
    }
}

impl Shape {
    /// Whether a note takes longer to end than one that is stopped.
    ///
    /// # Real-time safety
    /// Constant time.
    pub(crate) fn has_release(&self) -> bool {
        self.release_s > MIN_RELEASE_S
    }
}

/// Where an envelope is.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Stage {
    /// Rises in a straight line.
    Attack { step: f32 },
    /// Falls to the level of sustain.
    Decay(Fall),
    /// Stays.
    Sustain,
    /// Falls to silence.
    Release(Fall),
}

/// A fall by the same factor in every sample.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Fall {
    /// Where it would end if it never ended.
    aim: f32,
    factor: f32,
}

/// The level of one note. Full and constant by default.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Envelope {
    level: f32,
    sustain: f32,
    decay_samples: f32,
    stage: Stage,
}

impl Default for Envelope {
    fn default() -> Self {
        Self { level: 1.0, sustain: 1.0, decay_samples: 0.0, stage: Stage::Sustain }
    }
}

impl Envelope {
    /// The beginning of a note.
    ///
    /// # Real-time safety
    /// Constant time.
    pub(crate) fn start(shape: &Shape, sample_rate_hz: f32) -> Self {
        let sustain = if shape.sustain.is_nan() { 1.0 } else { shape.sustain.clamp(0.0, 1.0) };
        let samples = |seconds: f32| (seconds * sample_rate_hz).max(0.0);
        let mut envelope =
            Self { level: 0.0, sustain, decay_samples: samples(shape.decay_s), stage: Stage::Sustain };
        let attack = samples(shape.attack_s);
        if attack >= 1.0 {
            envelope.stage = Stage::Attack { step: attack.recip() };
        } else {
            envelope.decay();
        }
        envelope
    }

    /// Goes from the top to the level of sustain.
    fn decay(&mut self) {
        self.level = 1.0;
        self.stage = if self.sustain >= 1.0 {
            Stage::Sustain
        } else if self.decay_samples >= 1.0 {
            Stage::Decay(Fall::over(self.decay_samples, 1.0, self.sustain))
        } else {
            self.level = self.sustain;
            Stage::Sustain
        };
    }

    /// Falls to silence from wherever it is.
    ///
    /// # Real-time safety
    /// Constant time.
    pub(crate) fn release(&mut self, shape: &Shape, sample_rate_hz: f32) {
        let samples = (shape.release_s.max(MIN_RELEASE_S) * sample_rate_hz).max(1.0);
        self.stage = Stage::Release(Fall::over(samples, self.level, 0.0));
    }

    /// Whether its level stays as it is.
    ///
    /// # Real-time safety
    /// Constant time.
    pub(crate) fn is_steady(&self) -> bool {
        self.stage == Stage::Sustain
    }

    /// Whether it was released.
    ///
    /// # Real-time safety
    /// Constant time.
    pub(crate) fn is_released(&self) -> bool {
        matches!(self.stage, Stage::Release(_))
    }

    /// Whether it is silent and stays so.
    ///
    /// # Real-time safety
    /// Constant time.
    pub(crate) fn is_over(&self) -> bool {
        self.level <= 0.0 && !matches!(self.stage, Stage::Attack { .. })
    }

    /// The level now, 0 ..= 1.
    ///
    /// # Real-time safety
    /// Constant time.
    pub(crate) fn level(&self) -> f32 {
        self.level
    }

    /// The level of the next sample.
    ///
    /// # Real-time safety
    /// Constant time.
    #[inline]
    pub(crate) fn next(&mut self) -> f32 {
        match self.stage {
            Stage::Sustain => {}
            Stage::Attack { step } => {
                self.level += step;
                if self.level >= 1.0 {
                    self.decay();
                }
            }
            Stage::Decay(fall) => {
                self.level = fall.next(self.level);
                if self.level <= self.sustain {
                    self.level = self.sustain;
                    self.stage = Stage::Sustain;
                }
            }
            Stage::Release(fall) => self.level = fall.next(self.level).max(0.0),
        }
        self.level
    }
}

impl Fall {
    /// A fall that takes so many samples from one level to another.
    fn over(samples: f32, from: f32, to: f32) -> Self {
        let factor = ((OVERSHOOT / (1.0 + OVERSHOOT)).ln() / samples).exp();
        Self { aim: to - OVERSHOOT * (from - to), factor }
    }

    #[inline]
    fn next(self, level: f32) -> f32 {
        self.aim + (level - self.aim) * self.factor
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RATE_HZ: f32 = 1000.0;

    #[test]
    fn every_stage_takes_its_time_and_none_jumps() {
        let shape = Shape { attack_s: 0.1, decay_s: 0.2, sustain: 0.5, release_s: 0.3 };
        let mut envelope = Envelope::start(&shape, RATE_HZ);
        let mut levels = [0.0; 1000];
        for (index, level) in levels.iter_mut().enumerate() {
            if index == 600 {
                envelope.release(&shape, RATE_HZ);
            }
            *level = envelope.next();
        }
        assert!((levels[49] - 0.5).abs() < 0.01, "half way up");
        let top = levels.iter().position(|level| *level >= 1.0).expect("it gets there");
        assert!(top.abs_diff(99) <= 1);
        assert!(levels[200] > 0.5 && levels[290] > 0.5 && levels[305].to_bits() == 0.5_f32.to_bits());
        assert!(levels[890] > 0.0 && levels[905] == 0.0 && envelope.is_over());
        let step = levels.windows(2).map(|pair| (pair[1] - pair[0]).abs()).fold(0.0, f32::max);
        assert!(step < 0.011, "the attack is the steepest, not {step}");
    }

    #[test]
    fn a_release_begins_where_the_attack_has_come_to() {
        let shape = Shape { attack_s: 0.1, release_s: 0.1, ..Shape::default() };
        let mut envelope = Envelope::start(&shape, RATE_HZ);
        for _ in 0..50 {
            envelope.next();
        }
        envelope.release(&shape, RATE_HZ);
        let first = envelope.next();
        assert!(first < 0.5 && first > 0.48);
        for _ in 0..101 {
            envelope.next();
        }
        assert!(envelope.is_over());
    }

    #[test]
    fn numbers_that_are_none_do_no_harm() {
        let nan = f32::NAN;
        for shape in [
            Shape { attack_s: nan, decay_s: nan, sustain: nan, release_s: nan },
            Shape { attack_s: -1.0, decay_s: -1.0, sustain: -1.0, release_s: -1.0 },
            Shape { attack_s: 0.0, decay_s: 0.0, sustain: 2.0, release_s: 0.0 },
        ] {
            let mut envelope = Envelope::start(&shape, RATE_HZ);
            envelope.next();
            envelope.release(&shape, RATE_HZ);
            for _ in 0..10 {
                assert!((0.0..=1.0).contains(&envelope.next()));
            }
            assert!(envelope.is_over());
        }
    }
}
