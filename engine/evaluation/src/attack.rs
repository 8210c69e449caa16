//! How an event begins: the time its envelope takes from 10 to 90 % of its peak, what it gains within 5 ms, and what is
//! heard of it before (pre-echo).
//!
//! The rise is that of the log-attack time of [Peeters, 2004](http://recherche.ircam.fr/anasyn/peeters/ARTICLES/Peeters_2003_cuidadoaudiofeatures.pdf)
//! with fixed thresholds: from the last time below 10 % to the first at 90 % of the largest amplitude (root of the mean
//! square in 1 ms) near the event. Pre-echo is the level 5 ms before the event is at half of its peak amplitude, in dB of
//! that peak, as codecs are judged by ([Painter and Spanias, 2000](https://doi.org/10.1109/5.842996), section II).
//!
//! What it does not see: anything shorter than its window (a step takes 0.8 ms); events into the decay of another and those
//! cut off by the beginning of the sound, which are told apart as [`Unclear`].

use super::curve::{Curve, decibels};
use straightshot_engine::rng::{Noise, Stream};

/// Seconds between points of the envelope and of each window.
const STEP_S: f64 = 0.000_1;
const WINDOW_S: f64 = 0.001;
/// The peak of an event is sought from so long before to so long after the time given for it.
const BEFORE_S: f64 = 0.010;
const AFTER_S: f64 = 0.030;
/// How far back its beginning is sought, and from where on back it has to be quiet (power, of the peak's).
const BACK_S: f64 = 0.060;
const QUIET_S: f64 = 0.035;
const QUIET: f64 = 0.0025;
/// Where pre-echo is measured, and over what a gain is.
const ECHO_S: f64 = 0.005;
/// Levels count down to here, in dB below the peak.
const FLOOR_DB: f64 = 80.0;

/// Beginning of one event.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Attack {
    /// When the amplitude is first at half of the peak, in seconds.
    pub onset_s: f64,
    /// From 10 to 90 %, in ms.
    pub rise_ms: f64,
    /// What the sound has 5 ms before its onset; `None` where it has not begun by then.
    pub early: Option<Early>,
}

/// What can only be said where a sound has begun 5 ms before the event.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Early {
    /// Largest gain within 5 ms, in dB, 80 at most.
    pub gain_db: f64,
    /// Level 5 ms before the onset in dB of the peak, -80 at least.
    pub before_db: f64,
}

/// Why an attack cannot be measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unclear {
    /// The sound begins in the middle of it.
    Cut,
    /// It is not quiet before it.
    Crowded,
}

/// White noise that rises for 1 ms and falls by the factor e in 20 ms, with its half at `onset_s`: what a codec makes of it
/// is measured against a known answer.
#[must_use]
pub fn click(rate_hz: u32, seconds: f64, onset_s: f64, seed: u64) -> Vec<f32> {
    const RISE_S: f64 = 0.001;
    const DECAY_S: f64 = 0.020;
    let begin = onset_s - 0.5 * RISE_S;
    let noise = Noise::new(seed, Stream::Evaluation).normals((seconds * f64::from(rate_hz)) as usize);
    let shape = |i: usize| {
        let t = i as f64 / f64::from(rate_hz) - begin;
        (t / RISE_S).clamp(0.0, 1.0) * (-(t - RISE_S).max(0.0) / DECAY_S).exp()
    };
    noise.iter().enumerate().map(|(i, x)| (0.2 * shape(i)) as f32 * x).collect()
}

/// Envelope of a sound, fine enough for attacks.
#[derive(Debug, Clone)]
pub struct Envelope {
    curve: Curve,
}

impl Envelope {
    /// # Shapes
    /// - `samples`: mono, at `rate_hz`
    #[must_use]
    pub fn new(samples: &[f32], rate_hz: u32) -> Self {
        Self { curve: Curve::new(samples, rate_hz, STEP_S, WINDOW_S) }
    }

    /// The attack of the event near `near_s`, a time that [`super::onset::times`] may have found.
    ///
    /// # Errors
    /// [`Unclear`] if it cannot be measured.
    pub fn attack(&self, near_s: f64) -> Result<Attack, Unclear> {
        self.measure(near_s, None)
    }

    /// The attack of an event whose onset is known from elsewhere, as that of a recording is for its reconstruction:
    /// pre-echo is then what lies 5 ms before that onset.
    ///
    /// # Errors
    /// [`Unclear`] if it cannot be measured.
    pub fn attack_of(&self, onset_s: f64) -> Result<Attack, Unclear> {
        self.measure(onset_s, Some(onset_s))
    }

    fn measure(&self, near_s: f64, known_s: Option<f64>) -> Result<Attack, Unclear> {
        let power = self.curve.power();
        let place = |seconds: f64| ((seconds / STEP_S).round().max(0.0) as usize).min(power.len());
        let (from, to) = (place(near_s - BEFORE_S), place(near_s + AFTER_S));
        let peak = power[from..to].iter().copied().fold(0.0, f64::max);
        if peak <= 0.0 {
            return Err(Unclear::Crowded);
        }
        let first = |share: f64| (from..to).find(|&i| power[i] >= share * share * peak).unwrap_or(from);
        let high = first(0.9);
        let back = high.saturating_sub(place(BACK_S));
        let Some(low) = (back..high).rev().find(|&i| power[i] < 0.01 * peak) else {
            return Err(if back == 0 { Unclear::Cut } else { Unclear::Crowded });
        };
        let quiet = place(QUIET_S);
        if high > quiet && power[back..high - quiet].iter().any(|&p| p > QUIET * peak) {
            return Err(Unclear::Crowded);
        }
        let half = (low..=high).find(|&i| power[i] >= 0.25 * peak).unwrap_or(high);
        // Between points as between their amplitudes: the rise is often only a few of them long.
        let crossing = |i: usize, share: f64| {
            let (below, above) = (power[i - 1].sqrt(), power[i].sqrt());
            let level = share * peak.sqrt();
            (i as f64 - 1.0 + ((level - below) / (above - below)).clamp(0.0, 1.0)) * STEP_S
        };
        let begun = crossing(low + 1, 0.1);
        let rise_ms = 1000.0 * ((crossing(high.max(1), 0.9)) - begun).max(0.0);
        let onset_s = crossing(half.max(1), 0.5);
        let early = self.early(known_s.unwrap_or(onset_s), peak, to);
        Ok(Attack { onset_s, rise_ms, early })
    }

    /// Gain and pre-echo of an event with this onset and peak power, of which the peak lies before point `end`.
    fn early(&self, onset_s: f64, peak: f64, end: usize) -> Option<Early> {
        let power = self.curve.power();
        let lag = (ECHO_S / STEP_S).round() as usize;
        let onset = (onset_s / STEP_S).round() as usize;
        // Half a window more: the first windows reach beyond the beginning.
        let least = lag + (0.5 * WINDOW_S / STEP_S).ceil() as usize;
        let level = |i: usize| decibels(power[i] / peak).max(-FLOOR_DB);
        let gain = |i: usize| level(i + lag) - level(i);
        (onset >= least && onset < end).then(|| Early {
            gain_db: (onset - lag..end.saturating_sub(lag).max(onset - lag + 1).min(power.len() - lag))
                .map(gain)
                .fold(0.0, f64::max),
            before_db: level(onset - lag),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::synthetic::{self, RATE_HZ};

    fn envelope(shape: impl Fn(f64) -> f64) -> Envelope {
        Envelope::new(&synthetic::shaped(0.5, shape), RATE_HZ)
    }

    /// Linear from `begin` on, then falling slowly.
    fn ramp(begin: f64, rise: f64) -> impl Fn(f64) -> f64 {
        move |t| {
            let decay = (-(t - begin - rise).max(0.0) / 0.05).exp();
            ((t - begin) / rise).clamp(0.0, 1.0) * decay
        }
    }

    #[test]
    fn a_ramp_of_ten_milliseconds_takes_eight() {
        let attack = envelope(ramp(0.2, 0.010)).attack(0.205).unwrap();
        assert!((attack.rise_ms - 8.0).abs() < 0.4, "{attack:?}");
        assert!((attack.onset_s - 0.205).abs() < 0.000_5, "{attack:?}");
        // Over 5 ms of the ramp: from nought.
        let early = attack.early.unwrap();
        assert!(early.before_db < -15.0 && early.gain_db > 20.0, "{early:?}");
    }

    #[test]
    fn a_click_of_a_millisecond_is_that_short() {
        let attack = envelope(ramp(0.2, 0.001)).attack(0.201).unwrap();
        assert!((0.7..1.5).contains(&attack.rise_ms), "{attack:?}");
        assert_eq!(attack.early, Some(Early { gain_db: 80.0, before_db: -80.0 }));
        // No rise at all takes the window's time.
        let step = envelope(|t| f64::from(u8::from(t >= 0.2))).attack(0.2).unwrap();
        assert!((step.rise_ms - 0.8).abs() < 0.2, "{step:?}");
    }

    #[test]
    fn the_click_is_where_it_is_said_to_be_and_as_short() {
        let clicks: Vec<Attack> = (0..20)
            .map(|seed| Envelope::new(&click(RATE_HZ, 0.5, 0.2, seed), RATE_HZ).attack(0.2).unwrap())
            .collect();
        let middle = |of: &dyn Fn(&Attack) -> f64| {
            crate::curve::median(&clicks.iter().map(of).collect::<Vec<f64>>()).unwrap()
        };
        // Noise reaches 90 % of its largest window somewhat later than its envelope does.
        let rise_ms = middle(&|attack| attack.rise_ms);
        assert!((0.7..2.5).contains(&rise_ms), "{rise_ms}");
        assert!((middle(&|attack| attack.onset_s) - 0.2).abs() < 0.000_5);
        assert_eq!(middle(&|attack| attack.early.unwrap().before_db), -80.0);
    }

    #[test]
    fn a_pre_echo_has_its_level_and_no_part_in_the_rise_below_ten_per_cent() {
        let shape = |t: f64| if t < 0.18 { 0.0 } else { 0.095 } + ramp(0.2, 0.001)(t);
        let attack = envelope(shape).attack(0.2).unwrap();
        let early = attack.early.unwrap();
        assert!((early.before_db + 20.4).abs() < 1.0, "{early:?}");
        assert!((early.gain_db - 20.4).abs() < 1.0, "{early:?}");
        assert!(attack.rise_ms < 1.6, "{attack:?}");
        // At -10 dB it is part of the rise.
        let shape = |t: f64| if t < 0.18 { 0.0 } else { 0.316 } + ramp(0.2, 0.001)(t);
        let attack = envelope(shape).attack(0.2).unwrap();
        assert!((attack.rise_ms - 20.0).abs() < 2.0, "{attack:?}");
    }

    #[test]
    fn a_known_onset_is_what_pre_echo_is_measured_before() {
        // The same ramp, twice as slow as the original, whose onset was at 0.210.
        let attack = envelope(ramp(0.2, 0.020)).attack_of(0.210).unwrap();
        assert!((attack.early.unwrap().before_db + 12.0).abs() < 1.0, "{attack:?}");
    }

    #[test]
    fn what_is_cut_or_crowded_is_told() {
        assert_eq!(envelope(|t| (-t / 0.05).exp()).attack(0.0), Err(Unclear::Cut));
        let crowded = |t: f64| 0.3 + ramp(0.2, 0.001)(t);
        assert_eq!(envelope(crowded).attack(0.2), Err(Unclear::Crowded));
        let after_another =
            |t: f64| ramp(0.15, 0.001)(t) * f64::from(u8::from(t < 0.17)) + ramp(0.2, 0.001)(t);
        assert_eq!(envelope(after_another).attack(0.2), Err(Unclear::Crowded));
        // Quiet, but for less than 5 ms: the rise can be told, what is before it cannot.
        let attack = envelope(ramp(0.003, 0.001)).attack(0.003).unwrap();
        assert!(attack.early.is_none() && attack.rise_ms < 1.6, "{attack:?}");
        assert_eq!(Envelope::new(&[0.0; 4410], RATE_HZ).attack(0.05), Err(Unclear::Crowded));
        assert_eq!(Envelope::new(&[], RATE_HZ).attack(0.0), Err(Unclear::Crowded));
    }
}
