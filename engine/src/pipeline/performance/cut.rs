//! One event out of a clip that may hold several.

/// An event by itself.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Cut {
    /// What is heard of it.
    pub samples: Vec<f32>,
    /// Where in it the event has its time: 6 dB below its peak, as onsets are measured (`straightshot-evaluation`).
    pub attack: usize,
}

/// Points of the curve per second, and points in a window of it: noise does not rise by itself in 5 ms.
const POINTS_HZ: usize = 1000;
const WINDOW: usize = 5;
/// The loudest event is looked for in this share of the clip, so that its end is there too.
const BEGINS_WITHIN: f32 = 0.75;
/// Where an event has its time, dB below its peak.
const BEGUN_DB: f32 = 6.0;
/// An event reaches back for this long at most, and no further than where it is so far below its peak, dB.
const REACH: usize = 40;
const BEFORE_DB: f32 = 30.0;
/// An event is over when it is this far below its peak, dB, or when it rises again by so much after some points.
const OVER_DB: f32 = 55.0;
const RISE_DB: f32 = 10.0;
const STROKE: usize = 50;
/// What is quieter than this, dB below the peak, is no other event.
const HEARD_DB: f32 = 34.0;
/// Fades at its ends, in points.
const FADE_IN: usize = 1;
const FADE_OUT: usize = 15;

/// The loudest event of `clip`; `is_one_stroke` says that it is over when it rises again.
pub(super) fn cut(clip: Vec<f32>, rate_hz: u32, is_one_stroke: bool) -> Cut {
    let step = (rate_hz as usize / POINTS_HZ).max(1);
    let levels = levels(&clip, step);
    let within = ((levels.len() as f32 * BEGINS_WITHIN).ceil() as usize).min(levels.len());
    let Some(peak) = (0..within).max_by(|a, b| levels[*a].total_cmp(&levels[*b]).then(b.cmp(a))) else {
        return Cut { samples: clip, attack: 0 };
    };
    let top = levels[peak];
    let rises = |i: &usize| levels[*i] >= top - BEGUN_DB;
    let begun = (0..=peak).rev().take_while(rises).last().unwrap_or(peak);
    // Back to where it is quiet, or to the quietest point in reach.
    let reach = begun.saturating_sub(REACH)..begun;
    let quiet = reach.clone().rev().find(|i| levels[*i] < top - BEFORE_DB);
    let quietest = || reach.clone().min_by(|a, b| levels[*a].total_cmp(&levels[*b]));
    let start = quiet.or_else(quietest).unwrap_or(begun);
    let end = end(&levels, peak, is_one_stroke);
    let mut samples = clip;
    samples.truncate((end * step).max(1));
    samples.drain(..(start * step).min(samples.len() - 1));
    let attack = ((begun - start) * step).min(samples.len() - 1);
    fade(&mut samples, FADE_IN * step, FADE_OUT * step);
    Cut { samples, attack }
}

/// An event whose crest is this far below that of the best one is none, dB.
const CREST_RANGE_DB: f32 = 8.0;

/// The `most` events that stand out best, in the order they came in: those with the highest crests, and none that is a hiss
/// beside the others.
pub(super) fn best(events: Vec<Cut>, most: usize) -> Vec<Cut> {
    let crests: Vec<f32> = events.iter().map(|event| crest_db(&event.samples)).collect();
    let mut order: Vec<usize> = (0..events.len()).collect();
    order.sort_by(|a, b| crests[*b].total_cmp(&crests[*a]));
    order.truncate(most.max(1));
    let least = order.first().map_or(0.0, |best| crests[*best] - CREST_RANGE_DB);
    let is_kept = |i: usize| order.contains(&i) && crests[i] >= least;
    events.into_iter().enumerate().filter(|(i, _)| is_kept(*i)).map(|(_, event)| event).collect()
}

/// Peak over effective value.
fn crest_db(samples: &[f32]) -> f32 {
    let peak = samples.iter().fold(0f32, |most, x| most.max(x.abs()));
    let power = samples.iter().map(|x| x * x).sum::<f32>() / samples.len().max(1) as f32;
    20.0 * (peak / power.sqrt().max(1e-9)).max(1e-9).log10()
}

/// The point where the event with this peak is over.
fn end(levels: &[f32], peak: usize, is_one_stroke: bool) -> usize {
    let top = levels[peak];
    let mut lowest = peak;
    for i in peak + 1..levels.len() {
        if levels[i] < levels[lowest] {
            lowest = i;
        }
        if levels[i] < top - OVER_DB {
            return i;
        }
        let is_another = levels[i] > levels[lowest] + RISE_DB && levels[i] > top - HEARD_DB;
        if is_one_stroke && is_another && i > peak + STROKE {
            return lowest.max(peak + 1);
        }
    }
    levels.len()
}

/// Levels in dB of windows around the points of a clip.
fn levels(clip: &[f32], step: usize) -> Vec<f32> {
    let points: Vec<f32> = clip.chunks(step).map(|part| part.iter().map(|x| x * x).sum::<f32>()).collect();
    let window = |i: usize| {
        let around = i.saturating_sub(WINDOW / 2)..(i + WINDOW / 2 + 1).min(points.len());
        let (power, count) = (points[around.clone()].iter().sum::<f32>(), around.len() * step);
        10.0 * (power / count as f32 + 1e-12).log10()
    };
    (0..points.len()).map(window).collect()
}

fn fade(samples: &mut [f32], into: usize, out: usize) {
    let n = samples.len();
    for (i, x) in samples.iter_mut().take(into.min(n)).enumerate() {
        *x *= i as f32 / into as f32;
    }
    let out = out.min(n);
    for (i, x) in samples[n - out..].iter_mut().enumerate() {
        *x *= 1.0 - (i + 1) as f32 / out as f32;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RATE: u32 = 44_100;

    /// Strokes of noise at these times in s, each dying away by 60 dB in `decay_s`.
    fn strokes(seconds: f32, at: &[(f32, f32)], decay_s: f32) -> Vec<f32> {
        let mut random = crate::rng::Noise::new(4, crate::rng::Stream::Texture);
        let mut clip = vec![0.0; (seconds * RATE as f32) as usize];
        for (time, gain) in at {
            let first = (time * RATE as f32) as usize;
            for (i, x) in clip[first..].iter_mut().enumerate() {
                let decay = 10f32.powf(-3.0 * i as f32 / (decay_s * RATE as f32));
                *x += 0.2 * gain * decay * random.normal();
            }
        }
        clip
    }

    #[test]
    fn the_loudest_of_several_is_cut_before_the_next() {
        let clip = strokes(1.0, &[(0.1, 0.5), (0.3, 1.0), (0.6, 0.7)], 0.2);
        let cut = cut(clip, RATE, true);
        let seconds = cut.samples.len() as f32 / RATE as f32;
        assert!((0.15..0.32).contains(&seconds), "{seconds} s");
        let attack_ms = 1000.0 * cut.attack as f32 / RATE as f32;
        assert!(attack_ms < 42.0, "{attack_ms} ms");
        // What was before it is not in it.
        let before: f32 =
            cut.samples[..cut.attack.saturating_sub(200)].iter().map(|x| x.abs()).fold(0.0, f32::max);
        assert!(before < 0.02, "{before}");
        assert_eq!(cut.samples.last(), Some(&0.0));
    }

    #[test]
    fn pieces_that_fall_belong_to_what_breaks() {
        let clip = strokes(1.0, &[(0.1, 1.0), (0.4, 0.5)], 0.5);
        let seconds =
            |is_one_stroke| cut(clip.clone(), RATE, is_one_stroke).samples.len() as f32 / RATE as f32;
        assert!(seconds(false) > 0.5, "{} s", seconds(false));
        assert!(seconds(true) < 0.4, "{} s", seconds(true));
    }

    #[test]
    fn a_hiss_among_strokes_is_left_out() {
        let stroke = |gain| cut(strokes(0.5, &[(0.05, gain)], 0.1), RATE, true);
        let hiss = Cut { samples: vec![0.3; 4410], attack: 0 };
        let events = vec![stroke(1.0), hiss.clone(), stroke(0.5), stroke(0.25)];
        let best_two = best(events.clone(), 2);
        assert!(best_two.len() == 2 && !best_two.contains(&hiss));
        assert_eq!(best(events, 4).len(), 3);
        assert_eq!(best(vec![hiss.clone()], 3), [hiss]);
        assert_eq!(best(Vec::new(), 3), []);
    }

    #[test]
    fn nothing_and_silence_and_a_single_sample_are_no_fault() {
        for clip in [vec![], vec![0.5], vec![0.0; 4410], vec![0.3; 100]] {
            let n = clip.len();
            let cut = cut(clip, RATE, true);
            assert!(cut.samples.len() <= n && cut.attack <= n);
        }
    }
}
