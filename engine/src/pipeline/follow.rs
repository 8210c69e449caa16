//! A finished sound is brought to the curve that was asked for.
//!
//! ```text
//! gaps filled -> own level on the curve's grid -> asked less own -> bounded -> level at attacks -> a gain for each sample
//! ```
//!
//! The gain is a line in decibels between the middles of 10 ms, so that nothing steps. Around an attack of the sound it stays
//! what it is at the attack's peak: one that changes there would blunt the edge.
//!
//! A sound that goes on is raised where it is too quiet, as far as [`MOST_RISE_DB`]; where it is silent and should not be, it
//! is filled with itself first ([`fill()`]). A curve that is smooth, as one that was drawn, leaves it the movement that it has
//! within some points; one with movement of its own, as that of a recording, takes its place.
//!
//! A performed sound has its events made as loud as the curve says where they are ([`leveled`]). Between them it is made
//! quieter where the curve says so, and raised and filled only where the curve has decays of its own, as that of a recording:
//! under a curve that somebody has drawn across the events the pauses stay pauses.

mod fill;

use super::finish::normalise;
use crate::codec::MidSide;
use fill::fill;
use straightshot_listening::frame_powers;
use straightshot_planner::Plan;
use straightshot_protocol::{CURVE_STEP_S, Curve, Hit};

/// Most that a sound is raised beside where it is loud, dB: noise stays noise.
const MOST_RISE_DB: f32 = 24.0;
/// Most that a sound is lowered.
const MOST_FALL_DB: f32 = 72.0;
/// What is further below the sound's own loudest is its noise floor: it is not raised to where sound should be.
const FLOOR_DB: f32 = 45.0;
/// Points on both sides that the level of a texture is a mean of under a smooth curve: what is faster is what it is made of.
const TEXTURE: usize = 1;
/// A curve is smooth if its points are no further from the mean of those around than this, dB (effective value).
const SMOOTH_DB: f32 = 0.7;
/// What is less than this below the loudest sounds, dB: of what goes on, and of events, whose decays are part of them.
const SOUNDS_DB: (f32, f32) = (12.0, 18.0);
/// Passes under a curve with movement of its own: each comes nearer.
const PASSES: usize = 2;
/// A level that rises so fast from a point to the next is an attack, and its peak comes within some points.
const ATTACK_DB: f32 = 9.0;
const PEAK_WITHIN: usize = 4;
/// A curve that falls so far within so many points of a hit has the event in it; one that was drawn across events is slower.
const ARTICULATED_DB: f32 = 12.0;
const ARTICULATED_WITHIN: usize = 25;
/// Seconds around a hit in which the curve says how loud it is: that of a recording is at its peak some points later.
const HIT_S: (f64, f64) = (0.005, 0.04);

/// Brings a sound to `curve`. One that was performed is told apart by its hits. The level is that of the mid, and what is done to
/// it is done to the side.
pub(super) fn follow(clip: &mut MidSide, rate_hz: u32, curve: &Curve, hits: Option<&[(Hit, usize)]>) {
    let mut powers = frame_powers(&clip.mid, rate_hz, CURVE_STEP_S);
    let asked = curve.on_grid(powers.len(), CURVE_STEP_S);
    let smooth = is_smooth(&asked);
    let (asked, most, frames) = match hits {
        None => (asked, vec![MOST_RISE_DB; powers.len()], None),
        Some(hits) => {
            let frames: Vec<usize> = hits.iter().map(|(hit, _)| frame(hit.seconds)).collect();
            let asked = with_levels(&asked, hits);
            let most = rises(&asked, &frames);
            (asked, most, Some(frames))
        }
    };
    let sounds_db = if hits.is_some() { SOUNDS_DB.1 } else { SOUNDS_DB.0 };
    let filled = fill(clip, rate_hz, (&powers, &asked), sounds_db, |i| most[i] > 0.0);
    let (around, passes) = match (smooth, hits) {
        // What was filled in begins faster than the mean of some points follows.
        (true, None) => (TEXTURE, 1 + usize::from(filled)),
        (true, Some(_)) => (0, 1),
        (false, _) => (0, PASSES),
    };
    for _ in 0..passes {
        powers = frame_powers(&clip.mid, rate_hz, CURVE_STEP_S);
        let loudest = powers.iter().copied().fold(0.0, f64::max);
        if loudest <= 0.0 {
            return;
        }
        let level = |powers: &[f64]| -> Vec<f32> {
            powers.iter().map(|power| decibels(power / loudest).max(-FLOOR_DB)).collect()
        };
        let own = level(&powers);
        let attacks = frames.clone().unwrap_or_else(|| attacks(&own));
        let gains = gains((&own, &level(&smoothed(&powers, around))), &asked, &most, &attacks);
        clip.parts_mut().for_each(|part| apply(part, rate_hz, &gains));
        let risen = gains.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        normalise(clip, 10f32.powf((MOST_RISE_DB - risen) / 20.0));
    }
}

/// Whether a curve has no movement of its own within some points.
fn is_smooth(asked: &[f32]) -> bool {
    let mean = |i: usize| {
        let around = &asked[i.saturating_sub(2)..(i + 3).min(asked.len())];
        around.iter().sum::<f32>() / around.len() as f32
    };
    let squares: f32 = (0..asked.len()).map(|i| (asked[i] - mean(i)).powi(2)).sum();
    squares <= SMOOTH_DB * SMOOTH_DB * asked.len() as f32
}

/// The plan with its events as loud as `curve` says where they are, whatever each is by itself.
pub(super) fn leveled<'a>(
    plan: &Plan,
    events: impl Iterator<Item = &'a [f32]>,
    rate_hz: u32,
    curve: &Curve,
) -> Plan {
    let own = |event| {
        let powers = frame_powers(event, rate_hz, CURVE_STEP_S);
        decibels(powers.into_iter().fold(1e-12, f64::max))
    };
    let own: Vec<f32> = events.map(own).collect();
    let mut plan = plan.clone();
    let asked: Vec<f32> =
        plan.hits.iter().map(|(hit, _)| around(curve, hit.seconds) + hit.level_db).collect();
    // Only their distances count.
    let loudest = asked.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    for ((hit, event), asked) in plan.hits.iter_mut().zip(asked) {
        let own = own.get(*event % own.len().max(1)).copied().unwrap_or_default();
        hit.level_db = asked - loudest - own;
    }
    plan
}

/// The loudest that a curve is around a hit.
fn around(curve: &Curve, seconds: f64) -> f32 {
    let (before, behind) = HIT_S;
    let points = ((before + behind) / CURVE_STEP_S * 2.0) as usize;
    let at = |i: usize| curve.at(seconds - before + (before + behind) * i as f64 / points as f64);
    (0..=points).map(at).fold(f32::NEG_INFINITY, f32::max)
}

/// The point of the curve that a time is in.
fn frame(seconds: f64) -> usize {
    (seconds.max(0.0) / CURVE_STEP_S) as usize
}

/// A curve with the levels of hits on top, each from its hit to the next.
fn with_levels(asked: &[f32], hits: &[(Hit, usize)]) -> Vec<f32> {
    let mut asked = asked.to_vec();
    for (i, (hit, _)) in hits.iter().enumerate() {
        let end = hits.get(i + 1).map_or(asked.len(), |(next, _)| frame(next.seconds)).min(asked.len());
        let start = frame(hit.seconds).min(end);
        asked[start..end].iter_mut().for_each(|level| *level += hit.level_db);
    }
    asked
}

/// How far each point of a performed sound may be raised: not at all but between hits that the curve falls between.
fn rises(asked: &[f32], hits: &[usize]) -> Vec<f32> {
    let mut most = vec![0.0; asked.len()];
    for (i, start) in hits.iter().enumerate() {
        let end = hits.get(i + 1).copied().unwrap_or(asked.len()).min(asked.len());
        let start = (*start).min(end);
        let span = &asked[start..end];
        let top = span.iter().take(PEAK_WITHIN).copied().fold(f32::NEG_INFINITY, f32::max);
        let deepest = span.iter().take(ARTICULATED_WITHIN).copied().fold(f32::INFINITY, f32::min);
        if deepest < top - ARTICULATED_DB {
            most[start..end].fill(MOST_RISE_DB);
        }
    }
    most
}

/// The mean of so many points on both sides of each.
fn smoothed(powers: &[f64], around: usize) -> Vec<f64> {
    let mean = |i: usize| {
        let part = &powers[i.saturating_sub(around)..(i + around + 1).min(powers.len())];
        part.iter().sum::<f64>() / part.len() as f64
    };
    (0..powers.len()).map(mean).collect()
}

/// The points at which a sound has attacks.
fn attacks(own: &[f32]) -> Vec<usize> {
    (1..own.len()).filter(|i| own[*i] - own[i - 1] >= ATTACK_DB).collect()
}

/// The gain at each point in dB: what is asked for less the `level` there is, beside where both are loud, no more than `most`;
/// at each of the `attacks` that of the peak of the sound's `own` level.
fn gains((own, level): (&[f32], &[f32]), asked: &[f32], most: &[f32], attacks: &[usize]) -> Vec<f32> {
    let (mut sum, mut weights) = (0.0f64, 0.0f64);
    for (own, asked) in level.iter().zip(asked) {
        let weight = 10f64.powf(f64::from(own + asked) / 10.0);
        sum += weight * f64::from(asked - own);
        weights += weight;
    }
    let usual = if weights > 0.0 { (sum / weights) as f32 } else { 0.0 };
    let gain = |i: usize| (asked[i] - level[i] - usual).clamp(-MOST_FALL_DB, most[i]);
    let mut gains: Vec<f32> = (0..own.len()).map(gain).collect();
    for attack in attacks.iter().copied().filter(|attack| *attack < own.len()) {
        let end = (attack + PEAK_WITHIN).min(own.len());
        let peak = (attack..end).max_by(|a, b| own[*a].total_cmp(&own[*b]).then(b.cmp(a))).unwrap_or(attack);
        let of_peak = gains[peak];
        gains[attack.saturating_sub(1)..=peak].fill(of_peak);
    }
    gains
}

/// Multiplies a sound by gains in dB that stand at the middles of the points.
fn apply(clip: &mut [f32], rate_hz: u32, gains: &[f32]) {
    let Some(last) = gains.len().checked_sub(1) else { return };
    let step = CURVE_STEP_S * f64::from(rate_hz);
    let mut middles = (0..=last).map(|i| (((i as f64 + 0.5) * step).round() as usize, gains[i]));
    let (mut from, mut gain) = (0, gains[0]);
    let mut clip = clip.iter_mut();
    loop {
        let (to, next) = middles.next().unwrap_or((usize::MAX, gain));
        let count = to.saturating_sub(from);
        // The same factor from sample to sample is a line in decibels.
        let factor = 10f64.powf(f64::from(next - gain) / 20.0 / count.max(1) as f64);
        let mut amplitude = 10f64.powf(f64::from(gain) / 20.0);
        for _ in 0..count {
            let Some(x) = clip.next() else { return };
            *x *= amplitude as f32;
            amplitude *= factor;
        }
        (from, gain) = (to, next);
    }
}

fn decibels(power: f64) -> f32 {
    (10.0 * power.max(1e-30).log10()) as f32
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng::{Noise, Stream};

    const RATE: u32 = 44_100;

    fn follow(clip: &mut Vec<f32>, rate_hz: u32, curve: &Curve, hits: Option<&[(Hit, usize)]>) {
        let mut mono = MidSide::mono(std::mem::take(clip));
        super::follow(&mut mono, rate_hz, curve, hits);
        *clip = mono.mid;
    }

    fn noise(seconds: f64, amplitude: impl Fn(f64) -> f64) -> Vec<f32> {
        let mut random = Noise::new(5, Stream::Texture);
        let at = |i: usize| amplitude(i as f64 / f64::from(RATE)) as f32;
        (0..(seconds * f64::from(RATE)) as usize).map(|i| at(i) * random.normal()).collect()
    }

    /// Effective value in dB of windows of 10 ms that overlap by half, counted apart from what is tested.
    fn envelope(clip: &[f32]) -> Vec<f64> {
        let window = RATE as usize / 100;
        let level = |at: usize| {
            let part = &clip[at..(at + window).min(clip.len())];
            let power = part.iter().map(|x| f64::from(x * x)).sum::<f64>() / part.len() as f64;
            10.0 * (power + 1e-12).log10()
        };
        (0..clip.len().saturating_sub(window)).step_by(window / 2).map(level).collect()
    }

    fn curve(seconds: f64, level: impl Fn(f64) -> f64) -> Curve {
        let points = (seconds / CURVE_STEP_S).round() as usize;
        Curve::of((0..points).map(|i| level((i as f64 + 0.5) * CURVE_STEP_S) as f32)).unwrap()
    }

    /// How far the levels of a sound are from those asked for at most, dB, apart from one gain for all.
    fn error(clip: &[f32], level: impl Fn(f64) -> f64) -> f64 {
        let apart: Vec<f64> =
            envelope(clip).iter().enumerate().map(|(i, own)| own - level(0.005 + 0.005 * i as f64)).collect();
        let mean = apart.iter().sum::<f64>() / apart.len() as f64;
        apart.iter().map(|x| (x - mean).abs()).fold(0.0, f64::max)
    }

    #[test]
    fn noise_becomes_a_ramp_and_a_swell_whatever_it_was() {
        let ramp = |t: f64| -30.0 + 15.0 * t;
        let swell = |t: f64| -12.0 + 12.0 * (std::f64::consts::TAU * t).sin();
        for own in [|_: f64| 0.2, |t: f64| 0.2 * (-t).exp()] {
            for level in [&ramp as &dyn Fn(f64) -> f64, &swell] {
                let mut clip = noise(2.0, own);
                follow(&mut clip, RATE, &curve(2.0, level), None);
                let error = error(&clip, level);
                assert!(error < 3.5, "{error} dB");
                let peak = clip.iter().fold(0f32, |most, x| most.max(x.abs()));
                assert!((peak - 0.891).abs() < 1e-3, "{peak}");
            }
        }
    }

    #[test]
    fn noise_floors_are_not_blown_up() {
        // A second of sound, and a second 70 dB below it, in a place where nothing may be filled.
        let own = |t: f64| if t < 1.0 { 0.2 } else { 0.2 * 10f64.powf(-70.0 / 20.0) };
        let mut clip = noise(2.0, own);
        let flat = vec![0.0; 200];
        let level: Vec<f32> = (0..200).map(|i| if i < 100 { 0.0 } else { -FLOOR_DB }).collect();
        let gains = gains((&level, &level), &flat, &[MOST_RISE_DB; 200], &[]);
        apply(&mut clip, RATE, &gains);
        let levels = envelope(&clip);
        let risen = levels[300] - levels[50] + 70.0;
        assert!((risen - f64::from(MOST_RISE_DB)).abs() < 3.0, "{risen} dB");
    }

    /// A pure tone shows every step of a gain as energy beside it.
    #[test]
    fn the_gain_has_no_steps() {
        let turn = std::f64::consts::TAU * 441.0 / f64::from(RATE);
        let tone = |i: usize| (0.3 * (turn * i as f64).sin()) as f32;
        let mut clip: Vec<f32> = (0..88_200).map(tone).collect();
        follow(&mut clip, RATE, &curve(2.0, |t| -40.0 + 20.0 * t), None);
        // What is left of a tone behind a filter with a notch at its frequency: its changes.
        let left = |w: &[f32]| f64::from(w[0]) - 2.0 * turn.cos() * f64::from(w[1]) + f64::from(w[2]);
        let most = clip.windows(3).map(left).fold(0f64, |most, x| most.max(x.abs()));
        // A step of a tenth of a decibel would leave a hundredth.
        assert!(most < 1e-4, "{most}");
    }

    #[test]
    fn an_attack_stays_as_short_as_it_was() {
        let click = |t: f64| if t < 0.5 { 0.002 } else { 0.5 * (-(t - 0.5) / 0.05).exp() + 0.002 };
        let mut clip = noise(1.0, click);
        let rise = |clip: &[f32]| {
            let part = |from: usize| clip[from..from + 88].iter().map(|x| x * x).sum::<f32>();
            10.0 * (part(22_050) / part(22_050 - 88)).log10()
        };
        let before = rise(&clip);
        let powers = frame_powers(&clip, RATE, CURVE_STEP_S);
        let own: Vec<f32> = powers.iter().map(|power| decibels(*power)).collect();
        let asked = curve(1.0, |t| -20.0 + 20.0 * t).on_grid(own.len(), CURVE_STEP_S);
        let gains = gains((&own, &own), &asked, &vec![MOST_RISE_DB; own.len()], &attacks(&own));
        apply(&mut clip, RATE, &gains);
        assert!((rise(&clip) - before).abs() < 1.5, "{} dB, then {}", before, rise(&clip));
    }

    fn plan(hits: &[f64]) -> Plan {
        Plan {
            prompt: String::new(),
            event_seconds: 1.0,
            events: 2,
            candidates: 2,
            is_one_stroke: true,
            hits: hits.iter().enumerate().map(|(i, seconds)| (Hit::at(*seconds), i % 2)).collect(),
        }
    }

    #[test]
    fn events_are_as_loud_as_the_curve_says_whatever_each_is_by_itself() {
        let events = [noise(0.3, |_| 0.1), noise(0.3, |_| 0.4)];
        let curve = curve(2.0, |t| -20.0 + 10.0 * t);
        let plan = leveled(&plan(&[0.0, 0.5, 1.0, 1.5]), events.iter().map(Vec::as_slice), RATE, &curve);
        let loud: Vec<f32> = plan.hits.iter().map(|(hit, _)| hit.level_db).collect();
        // The first and the third are one event, 12 dB quieter than the other.
        assert!((loud[2] - loud[0] - 10.0).abs() < 0.5 && (loud[3] - loud[1] - 10.0).abs() < 0.5, "{loud:?}");
        assert!((loud[0] + 5.0 - loud[1] - 12.0).abs() < 1.0, "{loud:?}");
    }

    #[test]
    fn pauses_stay_pauses_under_a_line_and_decays_follow_a_recording() {
        let knocks = |t: f64| 0.4 * (-(t % 0.5) / 0.02).exp() + 0.001;
        let plan = plan(&[0.0, 0.5, 1.0, 1.5]);
        let mut under_a_line = noise(2.0, knocks);
        // From the end of a pause to the knock that follows.
        let rise = |clip: &[f32]| envelope(clip)[200] - envelope(clip)[185];
        let before = rise(&under_a_line);
        follow(&mut under_a_line, RATE, &curve(2.0, |_| -3.0), Some(&plan.hits));
        let after = rise(&under_a_line);
        assert!(before > 40.0 && (after - before).abs() < 3.0, "{before} dB, then {after}");
        let longer = |t: f64| -60.0 * (t % 0.5) / 0.5;
        let mut like = noise(2.0, knocks);
        follow(&mut like, RATE, &curve(2.0, longer), Some(&plan.hits));
        let levels = envelope(&like);
        let fallen = levels[200] - levels[240];
        assert!((fallen - 24.0).abs() < 5.0, "{fallen} dB in 0.2 s");
    }

    #[test]
    fn silence_and_nothing_are_no_fault() {
        let curve = curve(1.0, |_| -3.0);
        for n in [0, 1, 300, 44_100] {
            let mut clip = vec![0.0; n];
            follow(&mut clip, RATE, &curve, None);
            assert!(clip.iter().all(|x| *x == 0.0));
            let mut short = vec![0.5; n];
            follow(&mut short, RATE, &curve, Some(&[]));
            assert!(short.iter().all(|x| x.is_finite() && x.abs() <= 1.0), "{n}");
        }
    }
}
