//! Parts one behind the other in one clip.

use std::f32::consts::FRAC_PI_2;
use std::ops::Range;

/// How long a part sounds on behind its end at most, faded out under the next one, s.
pub(super) const TAIL_S: f64 = 0.25;
/// How long a part that was made whole is faded in, s: what goes on from the first sample would click. Attacks are slower.
const FADE_IN_S: f64 = 0.008;
/// Frames that tell whether a part is steady, s; how many of ten have to be about as loud as the one in the middle; and how much
/// power that allows for, 6 dB.
const STEADY_S: f64 = 0.05;
const STEADY_OF_TEN: usize = 8;
const STEADY_POWER: f32 = 4.0;

/// Adds `clip` to `out` from the beginning of `share` on; behind the end of `share` it is faded out. `gain` is its amplitude, and
/// the second value says whether it is faded in: for as long as the part before it is faded out if it is steady, as rain is, which
/// would be switched on otherwise.
pub(super) fn lay(
    out: &mut [f32],
    clip: &[f32],
    share: Range<usize>,
    (gain, fades_in): (f32, bool),
    rate_hz: u32,
) {
    let samples = |seconds: f64| (seconds * f64::from(rate_hz)).max(1.0) as usize;
    let (tail, into) = (samples(TAIL_S), samples(FADE_IN_S));
    // At the beginning of the sound it is what it would be alone.
    let into = match fades_in && share.start > 0 {
        true if is_steady(clip, samples(STEADY_S)) => tail.min(share.len()),
        true => into,
        false => 0,
    };
    let end = share.len();
    for (i, (out, x)) in out.iter_mut().skip(share.start).zip(clip).enumerate().take(end + tail) {
        let mut amplitude = gain;
        if i < into {
            amplitude *= (FRAC_PI_2 * i as f32 / into as f32).sin().powi(2);
        }
        if i >= end {
            amplitude *= (FRAC_PI_2 * (i - end) as f32 / tail as f32).cos().powi(2);
        }
        *out += amplitude * x;
    }
}

/// Frames in which a beginning is looked for, s; how much quieter than the loudest one what comes before it may be, -40 dB; and what
/// is no delay yet, s.
const HEARD_S: f64 = 0.005;
const HEARD: f32 = 0.01;
const NO_DELAY_S: f64 = 0.02;

/// The sample from which a part is heard: a network that has half a second for a creak may begin it late, and behind another part
/// that would be a pause which nobody asked for.
pub(super) fn heard_from(clip: &[f32], rate_hz: u32) -> usize {
    let frame = (HEARD_S * f64::from(rate_hz)).max(1.0) as usize;
    let peaks: Vec<f32> =
        clip.chunks(frame).map(|frame| frame.iter().fold(0.0, |peak: f32, x| peak.max(x.abs()))).collect();
    let loudest = peaks.iter().copied().fold(0.0, f32::max);
    let first = peaks.iter().position(|peak| *peak >= HEARD * loudest).unwrap_or_default();
    // The frame before, so that no attack loses its beginning.
    let from = first.saturating_sub(1) * frame;
    if (from as f64) < NO_DELAY_S * f64::from(rate_hz) { 0 } else { from }
}

/// Whether a sound is about as loud throughout, from its first frame on.
fn is_steady(clip: &[f32], frame: usize) -> bool {
    let powers: Vec<f32> =
        clip.chunks_exact(frame).map(|frame| frame.iter().map(|x| x * x).sum::<f32>()).collect();
    let mut sorted = powers.clone();
    sorted.sort_unstable_by(f32::total_cmp);
    let Some(&middle) = sorted.get(sorted.len() / 2) else { return false };
    let is_near = |power: &f32| *power * STEADY_POWER >= middle && *power <= middle * STEADY_POWER;
    let near = powers.iter().filter(|power| is_near(power)).count();
    middle > 0.0 && powers.first().is_some_and(is_near) && 10 * near >= STEADY_OF_TEN * powers.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_is_heard_from_where_it_is_no_longer_silent() {
        let late: Vec<f32> = (0..2000).map(|i| if i < 500 { 0.004 } else { 0.5 }).collect();
        assert_eq!(heard_from(&late, 1000), 495);
        let at_once: Vec<f32> = (0..2000).map(|i| if i < 15 { 0.0 } else { 0.5 }).collect();
        assert_eq!(
            (heard_from(&at_once, 1000), heard_from(&[0.0; 100], 1000), heard_from(&[], 1000)),
            (0, 0, 0)
        );
    }

    #[test]
    fn what_is_steady_comes_slowly_and_what_has_an_attack_at_once() {
        let rate = 1000;
        let laid = |clip: &[f32]| {
            let mut out = vec![0.0; 2000];
            lay(&mut out, clip, 1000..2000, (1.0, true), rate);
            out
        };
        let rain = laid(&[0.5; 1000]);
        assert!(rain[1000] == 0.0 && (rain[1125] - 0.25).abs() < 0.01 && rain[1250] == 0.5);
        let knock: Vec<f32> = (0..1000).map(|i| (-0.02 * i as f32).exp()).collect();
        assert!(laid(&knock)[1010] > 0.8);
        assert!(!is_steady(&[], 50) && !is_steady(&[0.0; 500], 50) && is_steady(&[0.1; 500], 50));
    }

    #[test]
    fn parts_begin_at_their_time_and_die_away_under_the_next() {
        let rate = 1000;
        let mut out = vec![0.0; 3000];
        lay(&mut out, &[1.0; 1400], 0..1000, (0.5, true), rate);
        assert_eq!((out[0], out[999]), (0.5, 0.5));
        assert!((out[1125] - 0.25).abs() < 0.01 && out[1249] < 1e-3 && out[1250] == 0.0, "{}", out[1125]);
        let struck: Vec<f32> = (0..2000).map(|i| if i < 100 { 1.0 } else { 0.1 }).collect();
        lay(&mut out, &struck, 2000..3000, (1.0, true), rate);
        assert!(out[2000] == 0.0 && (out[2004] - 0.5).abs() < 0.01 && out[2008] == 1.0 && out[2999] == 0.1);
        // An event begins as it is.
        lay(&mut out, &[1.0, 0.5], 1500..1501, (1.0, false), rate);
        assert!(out[1500] == 1.0 && out[1501] == 0.5 && out[1502] == 0.0);
    }

    #[test]
    fn no_step_is_greater_than_the_sound_itself_has() {
        let tone = |i: usize| (0.05 * i as f32).sin();
        let clip: Vec<f32> = (0..44_100).map(tone).collect();
        let mut out = vec![0.0; 66_150];
        lay(&mut out, &clip, 0..22_050, (1.0, true), 44_100);
        lay(&mut out, &clip, 22_050..66_150, (0.5, true), 44_100);
        let step = out.windows(2).map(|pair| (pair[1] - pair[0]).abs()).fold(0.0, f32::max);
        assert!(step < 0.08, "{step}");
    }

    #[test]
    fn what_does_not_fit_is_left_out() {
        let mut out = vec![0.0; 4];
        lay(&mut out, &[1.0; 10], 2..4, (1.0, false), 44_100);
        lay(&mut out, &[1.0; 10], 4..4, (1.0, false), 44_100);
        lay(&mut out, &[], 0..4, (1.0, false), 44_100);
        lay(&mut [], &[1.0], 0..4, (1.0, false), 44_100);
        assert_eq!(out, [0.0, 0.0, 1.0, 1.0]);
    }
}
