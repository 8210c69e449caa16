//! What happens one after the other: from a text to its parts, and how long each of them is.
//!
//! A network of this size hears "door creaks and then slams" as one thing, and makes neither of the two. Where the text says
//! that one thing follows another, each is planned and made for itself. What it names side by side ("rain and thunder", "wind
//! with birds") is one part of these.

mod split;
mod subject;

use crate::pattern::{self, Random};
use crate::wording::{self, Wording};
use crate::{Plan, plan};
use straightshot_protocol::Timing;

/// Most parts of a sequence: a text that names more is left to the model.
const MOST_PARTS: usize = 4;
/// Shortest part, s.
const LEAST_SECONDS: f64 = 0.4;
/// What a part without a length of its own gets at least before those that have one are made shorter, s.
const OPEN_SECONDS: f64 = 1.0;
/// How long a pause is, s.
const PAUSE_SECONDS: f64 = 0.8;
/// How far the time where parts change is from where it usually is at most, as a share of the shorter of the two.
const SHIFT: f64 = 0.06;

/// One of the things that a sound is made of.
#[derive(Debug, Clone, PartialEq)]
pub struct Part {
    /// The text of it alone; empty if it is a pause.
    pub prompt: String,
    /// When it begins, s.
    pub start: f64,
    /// How long it is until the next one begins, s.
    pub seconds: f64,
    /// The most that `seconds` is with any seed.
    pub most_seconds: f64,
    /// When its events happen, seconds from its own beginning, if its text says so.
    pub plan: Option<Plan>,
    /// If it is heard at one time with the first part: how loud it may be beside that, dB, whatever the two describe.
    pub beside_first_db: Option<(f32, f32)>,
}

/// The parts of a sound of `prompt` and of so many seconds, two or more in the order of time, if its text says that one thing
/// follows another and the length has room for them.
///
/// ```
/// use straightshot_planner::sequence;
/// use straightshot_protocol::Timing;
///
/// let parts = sequence("wooden door creaks and then slams shut", &Timing::Text, 4.0, 7).unwrap();
/// let prompts: Vec<_> = parts.iter().map(|part| part.prompt.as_str()).collect();
/// assert_eq!(prompts, ["wooden door creaks", "wooden door slams shut"]);
/// assert!((parts[0].seconds + parts[1].seconds - 4.0).abs() < 1e-9);
/// ```
#[must_use]
pub fn sequence(prompt: &str, timing: &Timing, seconds: f64, seed: u64) -> Option<Vec<Part>> {
    let texts = if *timing == Timing::Text { split::parts(prompt) } else { None }?;
    if texts.len() > MOST_PARTS {
        return None;
    }
    let usual = shares(&texts, seconds)?;
    let mut random = Random::of(seed, "parts");
    let mut parts = Vec::with_capacity(texts.len());
    let (mut start, mut usual_end) = (0.0, 0.0);
    for (i, prompt) in texts.into_iter().enumerate() {
        usual_end += usual[i];
        // Between two that are as short as parts can be there is nothing to vary.
        let around = |i: usize| usual.get(i + 1).map_or(0.0, |next| shift(usual[i].min(*next)));
        let (before, behind) = (if i > 0 { around(i - 1) } else { 0.0 }, around(i));
        let end = usual_end + behind * (2.0 * random.uniform() - 1.0);
        let seed = part_seed(seed, i);
        let plan = plan(&prompt, timing, end - start, seed);
        parts.push(Part {
            prompt,
            start,
            seconds: end - start,
            most_seconds: usual[i] + before + behind,
            plan,
            beside_first_db: None,
        });
        start = end;
    }
    Some(parts)
}

/// Whether a text says that one thing follows another.
pub(crate) fn is_sequence(text: &str) -> bool {
    split::parts(text).is_some()
}

/// The seed of what is left open in a part; the first has that of the whole.
pub(crate) fn part_seed(seed: u64, part: usize) -> u64 {
    (0..part).fold(seed, |seed, _| Random::of(seed, "part").next())
}

/// How far parts may change from their usual time, the shorter of them being so long.
fn shift(shorter: f64) -> f64 {
    (SHIFT * shorter).min(0.5 * (shorter - LEAST_SECONDS)).max(0.0)
}

/// What a part needs.
enum Need {
    /// So many seconds.
    Seconds(f64),
    /// What is left, in equal shares.
    Open,
}

/// How many seconds each part usually has.
fn shares(texts: &[String], seconds: f64) -> Option<Vec<f64>> {
    if seconds < LEAST_SECONDS * texts.len() as f64 {
        return None;
    }
    let needs: Vec<Need> = texts.iter().map(|text| need(text)).collect();
    let told = |need: &Need| if let Need::Seconds(seconds) = need { *seconds } else { 0.0 };
    let known: f64 = needs.iter().map(told).sum();
    let open = needs.iter().filter(|need| matches!(need, Need::Open)).count();
    let share = ((seconds - known) / open.max(1) as f64).max(OPEN_SECONDS);
    let mut shares: Vec<f64> =
        needs.iter().map(|need| if let Need::Seconds(seconds) = need { *seconds } else { share }).collect();
    let wanted: f64 = shares.iter().sum();
    if wanted > seconds {
        shorten(&mut shares, seconds);
    } else if let Some(last) = shares.last_mut() {
        // The end of the last is that of the sound.
        *last += seconds - wanted;
    }
    Some(shares)
}

/// Makes all parts shorter by one factor, so that they have so many seconds together, but none shorter than it can be.
fn shorten(shares: &mut [f64], seconds: f64) {
    let mut is_least = vec![false; shares.len()];
    loop {
        let least = LEAST_SECONDS * is_least.iter().filter(|is_least| **is_least).count() as f64;
        let of = |share: (&f64, &bool)| if *share.1 { 0.0 } else { *share.0 };
        let rest: f64 = shares.iter().zip(&is_least).map(of).sum();
        let factor = (seconds - least) / rest.max(f64::MIN_POSITIVE);
        let next = (0..shares.len()).find(|i| !is_least[*i] && shares[*i] * factor < LEAST_SECONDS);
        let Some(next) = next else {
            for (share, is_least) in shares.iter_mut().zip(is_least) {
                *share = if is_least { LEAST_SECONDS } else { *share * factor };
            }
            return;
        };
        is_least[next] = true;
    }
}

/// What a part with this text needs.
fn need(text: &str) -> Need {
    if text.is_empty() {
        return Need::Seconds(PAUSE_SECONDS);
    }
    match Wording::of(text) {
        Some(wording) => pattern::needed_seconds(&wording).map_or(Need::Open, Need::Seconds),
        // "Door slams": made as every sound, and not longer than a slam is.
        None => wording::only_kind_of(text)
            .filter(|kind| kind.is_one_stroke && !kind.goes_on)
            .map_or(Need::Open, |kind| Need::Seconds(kind.seconds)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str, seconds: f64, seed: u64) -> Vec<Part> {
        sequence(text, &Timing::Text, seconds, seed).unwrap_or_else(|| panic!("{text}"))
    }

    /// The usual seconds of each part, in hundredths.
    fn usual(text: &str, seconds: f64) -> Vec<u32> {
        let shares = shares(&split::parts(text).unwrap(), seconds).unwrap();
        shares.iter().map(|share| (100.0 * share).round() as u32).collect()
    }

    #[test]
    fn seconds_are_shared_by_what_each_part_needs() {
        for (text, seconds, wanted) in [
            ("car horn followed by a dog barking", 4.0, &[200, 200][..]),
            // A slam has its length, and what creaks the rest.
            ("door creaks and then slams", 4.0, &[250, 150]),
            ("slam, then rain", 4.0, &[150, 250]),
            // 3.3 intervals and what is behind them; the last has the rest.
            ("three knocks then two claps", 4.0, &[124, 276]),
            ("three knocks, then a door opens", 4.0, &[124, 276]),
            ("three knocks, a pause, then a door opens", 4.0, &[200, 200]),
            ("three knocks, then silence, then a door opens", 4.0, &[124, 80, 196]),
            ("first wind, then rain, finally thunder", 6.0, &[200, 200, 200]),
            // Too short for all: everything by one factor, and nothing under what can be heard.
            ("door creaks and then slams", 1.25, &[50, 75]),
            ("slam, then rain, then twelve slow knocks", 2.0, &[40, 40, 120]),
        ] {
            assert_eq!(usual(text, seconds), wanted, "{text}");
        }
        assert_eq!(sequence("rain, then wind", &Timing::Text, 0.79, 1), None);
        assert_eq!(of("rain, then wind", 0.8, 1)[1].start, 0.4);
    }

    #[test]
    fn parts_follow_each_other_without_a_gap_at_every_length_and_seed() {
        let text = "car horn, then a dog barking, then three knocks, then rain";
        for seconds in [1.6, 2.0, 5.0, 10.0, 120.0] {
            for seed in 0..50 {
                let parts = of(text, seconds, seed);
                let ends = parts.iter().map(|part| part.start + part.seconds);
                let starts = parts.iter().skip(1).map(|part| part.start).chain([seconds]);
                assert!(ends.zip(starts).all(|(end, start)| (end - start).abs() < 1e-9), "{parts:?}");
                for part in &parts {
                    let range = LEAST_SECONDS - 1e-9..=part.most_seconds + 1e-9;
                    assert!(range.contains(&part.seconds), "{part:?}");
                    let hits = part.plan.iter().flat_map(|plan| &plan.hits);
                    assert!(hits.clone().all(|(hit, _)| hit.seconds < part.seconds), "{part:?}");
                }
                assert_eq!(parts[2].plan.as_ref().unwrap().hits.len(), 3);
                assert!(parts[0].plan.is_none() && parts[3].plan.is_none());
            }
        }
    }

    #[test]
    fn a_seed_decides_what_is_left_open_and_nothing_else_does() {
        let text = "car horn followed by a dog barking";
        assert_eq!(of(text, 4.0, 7), of(text, 4.0, 7));
        let (one, other) = (of(text, 4.0, 7), of(text, 4.0, 8));
        assert!((one[1].start - other[1].start).abs() > 1e-3, "{one:?} {other:?}");
        let bounds = |parts: &[Part]| parts.iter().map(|part| part.most_seconds).collect::<Vec<_>>();
        assert_eq!(bounds(&one), bounds(&other), "networks make the same length with every seed");
        let mean = (0..200).map(|seed| of(text, 4.0, seed)[1].start).sum::<f64>() / 200.0;
        assert!((mean - 2.0).abs() < 0.02, "{mean}");
    }

    #[test]
    fn only_the_text_makes_a_sequence() {
        let text = "three knocks, then a door opens";
        assert_eq!(sequence(text, &Timing::Free, 4.0, 1), None);
        assert_eq!(sequence(text, &Timing::Hits(vec![straightshot_protocol::Hit::at(0.0)]), 4.0, 1), None);
        assert_eq!(sequence("a, then b, then c, then d, then e", &Timing::Text, 9.0, 1), None);
    }
}
