//! Sound where a curve asks for some and there is none.
//!
//! No gain makes a creak that is over go on. What sounds of it is cut into pieces that follow each other without a gap, and
//! as much of that as is missing is faded in.

use super::decibels;
use crate::codec::MidSide;
use std::ops::Range;
use straightshot_protocol::CURVE_STEP_S;

/// Where a curve is further below its loudest than this, nothing is missing, dB.
const MISSED_DB: f32 = 30.0;
/// Shortest piece of sound that is used, and shortest gap that is filled, in points.
const PIECE: usize = 4;
const GAP: usize = 3;
/// Fades of pieces, s.
const FADE_S: f64 = 0.02;
/// What sounds is looked for in levels over so many points on both sides.
const AROUND: usize = 1;

/// Fills the gaps of `clip`, whose `powers` and `asked` levels these are; what is less than `sounds_db` below the loudest
/// sounds. `may` says where it may be done. The side is filled with itself as the mid is. Returns whether anything was filled.
pub(super) fn fill(
    clip: &mut MidSide,
    rate_hz: u32,
    (powers, asked): (&[f64], &[f32]),
    sounds_db: f32,
    may: impl Fn(usize) -> bool,
) -> bool {
    let mean = super::smoothed(powers, AROUND);
    let loudest = powers.iter().copied().fold(0.0, f64::max);
    let sounds: Vec<bool> = mean.iter().map(|power| decibels(power / loudest) > -sounds_db).collect();
    let missing = |i: usize| !sounds[i] && asked[i] > -MISSED_DB && may(i);
    let pieces: Vec<_> =
        runs(sounds.len(), |i| sounds[i]).into_iter().filter(|run| run.len() >= PIECE).collect();
    let gaps: Vec<_> = runs(sounds.len(), missing).into_iter().filter(|run| run.len() >= GAP).collect();
    if pieces.is_empty() || gaps.is_empty() {
        return false;
    }
    let step = CURVE_STEP_S * f64::from(rate_hz);
    let length = clip.mid.len();
    let edge = |point: usize| ((point as f64 * step).round() as usize).min(length);
    let fade = (FADE_S * f64::from(rate_hz)) as usize;
    let places = |run: &Range<usize>| edge(run.start)..edge(run.end);
    let wanted = gaps.iter().map(|gap| places(gap).len() + 2 * fade).sum();
    let gain = |place: Range<usize>| gain(&clip.mid[place.clone()], fade).map(|gain| (place, gain));
    let used: Vec<(Range<usize>, f32)> = pieces.iter().map(places).filter_map(gain).collect();
    if used.is_empty() {
        return false;
    }
    let count: usize = pieces.iter().map(ExactSizeIterator::len).sum();
    let level = pieces.iter().flat_map(Clone::clone).map(|i| powers[i]).sum::<f64>() / count as f64;
    let amplitude = level.sqrt() as f32;
    for part in clip.parts_mut() {
        let mut bed = bed(part, &used, fade, wanted).into_iter();
        for gap in gaps.iter().map(places) {
            let (start, end) = (gap.start.saturating_sub(fade), (gap.end + fade).min(length));
            let n = end - start;
            let ramp = fade.min(n / 2).max(1) as f32;
            for (i, x) in part[start..end].iter_mut().enumerate() {
                let share = ((i + 1).min(n - i) as f32 / ramp).min(1.0);
                *x += amplitude * share * bed.next().unwrap_or_default();
            }
        }
    }
    true
}

/// The pieces of `samples` one after the other, again and again, until there are `wanted` samples; each with its gain, and
/// faded over into the next. There is at least one piece.
fn bed(samples: &[f32], pieces: &[(Range<usize>, f32)], fade: usize, wanted: usize) -> Vec<f32> {
    let faded: Vec<Vec<f32>> =
        pieces.iter().map(|(place, gain)| faded(&samples[place.clone()], *gain, fade)).collect();
    let mut bed: Vec<f32> = Vec::with_capacity(wanted + 2 * fade);
    for piece in faded.iter().cycle() {
        let start = bed.len().saturating_sub(fade);
        bed.resize(start + piece.len(), 0.0);
        bed[start..].iter_mut().zip(piece).for_each(|(out, x)| *out += x);
        if bed.len() >= wanted + fade {
            break;
        }
    }
    bed
}

/// What brings a piece to an effective value of 1; `None` if it is silent, or too short to be faded.
fn gain(piece: &[f32], fade: usize) -> Option<f32> {
    let power = piece.iter().map(|x| f64::from(*x) * f64::from(*x)).sum::<f64>() / piece.len().max(1) as f64;
    if piece.len() <= 2 * fade || power <= 0.0 {
        return None;
    }
    Some(1.0 / power.sqrt() as f32)
}

/// A piece times `gain`, faded so that two that overlap have the power of one.
fn faded(piece: &[f32], gain: f32, fade: usize) -> Vec<f32> {
    let n = piece.len();
    let share = |i: usize| {
        let inside = (i.min(n - 1 - i) as f32 / fade.max(1) as f32).min(1.0);
        (inside * std::f32::consts::FRAC_PI_2).sin()
    };
    piece.iter().enumerate().map(|(i, x)| gain * share(i) * x).collect()
}

/// The runs of numbers below `count` for which `is` is true.
fn runs(count: usize, is: impl Fn(usize) -> bool) -> Vec<Range<usize>> {
    let mut runs: Vec<Range<usize>> = Vec::new();
    for i in (0..count).filter(|i| is(*i)) {
        match runs.last_mut().filter(|run| run.end == i) {
            Some(run) => run.end = i + 1,
            None => runs.push(i..i + 1),
        }
    }
    runs
}

#[cfg(test)]
mod tests {
    use super::*;
    use straightshot_listening::frame_powers;

    const RATE: u32 = 44_100;

    fn sound(seconds: f32, sounds: impl Fn(f32) -> bool) -> Vec<f32> {
        let mut random = crate::rng::Noise::new(2, crate::rng::Stream::Texture);
        let at = |i: usize| sounds(i as f32 / RATE as f32);
        (0..(seconds * RATE as f32) as usize)
            .map(|i| if at(i) { 0.1 * random.normal() } else { 0.0 })
            .collect()
    }

    fn filled(clip: &[f32], asked: &[f32]) -> Vec<f32> {
        let mut clip = MidSide::mono(clip.to_vec());
        let powers = frame_powers(&clip.mid, RATE, CURVE_STEP_S);
        fill(&mut clip, RATE, (&powers, asked), 12.0, |_| true);
        clip.mid
    }

    fn rms(samples: &[f32]) -> f32 {
        (samples.iter().map(|x| x * x).sum::<f32>() / samples.len() as f32).sqrt()
    }

    #[test]
    fn a_sound_that_is_over_goes_on_where_it_is_asked_to() {
        let clip = sound(2.0, |t| t < 0.5);
        let mut asked = vec![0.0; 200];
        asked[150..].fill(-60.0);
        let filled = filled(&clip, &asked);
        let part =
            |from: f32, to: f32| rms(&filled[(from * RATE as f32) as usize..(to * RATE as f32) as usize]);
        assert_eq!(filled[..20_000], clip[..20_000], "what sounds stays");
        for start in 0..9 {
            let level = part(0.55 + 0.1 * start as f32, 0.65 + 0.1 * start as f32);
            assert!((0.05..0.15).contains(&level), "{level} at {start}");
        }
        assert!(part(1.6, 2.0) == 0.0, "nothing is asked for there");
    }

    #[test]
    fn what_has_no_gap_and_what_has_no_sound_stay_as_they_are() {
        let clip = sound(1.0, |_| true);
        assert_eq!(filled(&clip, &[0.0; 100]), clip);
        let silence = vec![0.0; 44_100];
        assert_eq!(filled(&silence, &[0.0; 100]), silence);
        // A click is too short to be made longer.
        let click = sound(1.0, |t| t < 0.01);
        assert_eq!(filled(&click, &[0.0; 100]), click);
    }

    #[test]
    fn runs_are_found_from_the_first_to_the_last() {
        let is = [true, true, false, true, false, true];
        assert_eq!(runs(6, |i| is[i]), [0..2, 3..4, 5..6]);
        assert!(runs(0, |_| true).is_empty());
    }
}
