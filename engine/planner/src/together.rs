//! What sounds at one time: from a text that names things side by side to its parts.
//!
//! A network of this size that is asked for "footsteps in the rain" makes rain, or steps, or something between the two. Where a
//! text names several things that are known, each is planned and made for itself, and they are mixed.
//!
//! ```text
//! A and B, A while B, A with B, A in the rain, A during a storm, A, B    ->  A, B
//! A with B in the background                                             ->  A, a quieter B
//! ```
//!
//! Only where it is sure: every part has to name a thing of a list of its own. "Salt and pepper", "bow and arrow" and "door creaks
//! and slams" are one thing.

use crate::plan;
use crate::sequence::{Part, is_sequence, part_seed};
use std::collections::HashSet;
use std::ops::Range;
use std::sync::LazyLock;
use straightshot_protocol::{Timing, stem, words};

/// Most parts: a text that names more is left to the model.
const MOST_PARTS: usize = 3;
/// Level of a part beside the first one, dB, least and most: of what is named in the same breath, of what goes on around it, and of
/// what is in the background. As loud as in nature, rain would leave nothing to be heard of typing.
const BESIDE_DB: (f32, f32) = (-6.0, 6.0);
const AROUND_DB: (f32, f32) = (-15.0, -3.0);
const BACKGROUND_DB: (f32, f32) = (-18.0, -8.0);

/// What goes on around other things.
const AROUND: &str = "rain rainfall drizzle downpour thunder thunderstorm storm hail wind breeze gale birds birdsong crickets \
    cicadas insects frogs traffic crowd chatter applause waves sea ocean surf stream river brook creek waterfall fire campfire \
    fireplace bonfire";
/// Other things that are heard by themselves.
const THINGS: &str = "dog dogs cat cats cow cows sheep goat horse horses pig pigs rooster hen chicken owl crow crows raven wolf \
    bird cricket frog baby footsteps footstep steps door gate bell bells siren sirens horn clock knock knocks knocking clapping \
    claps gunshot gunshots gunfire shot shots explosion explosions fireworks hammer hammering saw sawing drill drilling train \
    helicopter airplane aeroplane plane car cars truck motorcycle boat typing phone telephone laughter laughing coughing sneezing \
    snoring screaming scream whistle whistling chainsaw";
/// What one may be in: "steps in the rain", "barking during a storm".
const WEATHER: [&str; 8] = ["rain", "wind", "storm", "thunderstorm", "hail", "drizzle", "downpour", "gale"];
const ARTICLES: [&str; 6] = ["a", "an", "the", "some", "heavy", "light"];

static AROUND_STEMS: LazyLock<HashSet<String>> =
    LazyLock::new(|| AROUND.split_whitespace().map(stem).collect());
static THING_STEMS: LazyLock<HashSet<String>> =
    LazyLock::new(|| THINGS.split_whitespace().map(stem).collect());

/// What joins two parts.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Joint {
    /// Both may be anything that is known.
    And,
    /// What follows goes on around: rain, not a bell that a clock has.
    Around,
    /// Both go on around: in a list, other things may be said of each other ("phone, bell").
    List,
}

/// The parts of a sound of `prompt` and of so many seconds, two or more that all last as long as it, if its text says that they
/// are heard at one time.
pub(crate) fn together(prompt: &str, timing: &Timing, seconds: f64, seed: u64) -> Option<Vec<Part>> {
    let texts = if *timing == Timing::Text { parts(prompt) } else { None }?;
    let of = |(i, (prompt, beside)): (usize, (String, (f32, f32)))| Part {
        plan: plan(&prompt, timing, seconds, part_seed(seed, i)),
        prompt,
        start: 0.0,
        seconds,
        most_seconds: seconds,
        beside_first_db: (i > 0).then_some(beside),
    };
    Some(texts.into_iter().enumerate().map(of).collect())
}

/// The texts of what is heard at one time, each with how loud it may be beside the first one.
fn parts(text: &str) -> Option<Vec<(String, (f32, f32))>> {
    if is_sequence(text) {
        return None;
    }
    let ranges: Vec<Range<usize>> = words(text).collect();
    let own: Vec<String> = ranges.iter().map(|range| text[range.clone()].to_lowercase()).collect();
    let is_apart = |i: usize| i > 0 && !text[ranges[i - 1].end..ranges[i].start].trim().is_empty();
    let mut clauses = vec![(0, Joint::And)];
    let mut ends = Vec::new();
    let mut i = 1;
    while i < own.len() {
        let found = joint(&own, i).or_else(|| is_apart(i).then_some((0, Joint::List)));
        if let Some((taken, joint)) = found {
            ends.push(i);
            // "Rain, and wind": one joint.
            let next = i + taken;
            clauses.push((next, joint));
            i = next;
        }
        i += 1;
    }
    ends.push(own.len());
    let mut texts: Vec<(String, (f32, f32))> = Vec::new();
    let mut named: Vec<HashSet<String>> = Vec::new();
    for ((first, joint), end) in clauses.into_iter().zip(ends) {
        let (end, is_behind) = foreground(&own, first, end);
        let stems: HashSet<String> = own.get(first..end)?.iter().map(|word| stem(word)).collect();
        let around: HashSet<String> = stems.intersection(&AROUND_STEMS).cloned().collect();
        let things = stems.intersection(&THING_STEMS).cloned();
        let known: HashSet<String> = around.iter().cloned().chain(things).collect();
        let fits = match joint {
            Joint::And => !known.is_empty(),
            Joint::Around => !around.is_empty(),
            Joint::List => !around.is_empty() && !AROUND_STEMS.is_disjoint(named.last()?),
        };
        if !fits || named.iter().any(|other| !other.is_disjoint(&known)) {
            return None;
        }
        named.push(known);
        let beside = match joint {
            _ if is_behind => BACKGROUND_DB,
            Joint::Around => AROUND_DB,
            Joint::And | Joint::List => BESIDE_DB,
        };
        texts.push((text[ranges[first].start..ranges[end - 1].end].to_owned(), beside));
    }
    (2..=MOST_PARTS).contains(&texts.len()).then_some(texts)
}

/// The joint that begins with word `i`, and how many words it takes.
fn joint(own: &[String], i: usize) -> Option<(usize, Joint)> {
    let word = |i: usize| own.get(i).map_or("", String::as_str);
    let weather = |from: usize| {
        let named = (from..own.len()).find(|i| !ARTICLES.contains(&word(*i)));
        named.is_some_and(|i| WEATHER.contains(&word(i)))
    };
    match word(i) {
        "and" | "while" if word(i + 1) == "with" => Some((2, Joint::Around)),
        "and" | "while" | "plus" => Some((1, Joint::And)),
        "with" => Some((1, Joint::Around)),
        "in" | "during" | "through" if weather(i + 1) => Some((1, Joint::Around)),
        _ => None,
    }
}

/// The end of a clause without what says that it is in the background, and whether that was there.
fn foreground(own: &[String], first: usize, end: usize) -> (usize, bool) {
    let tail = |words: &[&str]| {
        end >= first + words.len()
            && own[end - words.len()..end].iter().zip(words).all(|(own, word)| own == word)
    };
    for words in [&["in", "the", "background"][..], &["in", "background"]] {
        if tail(words) {
            return (end - words.len(), true);
        }
    }
    (end, false)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn split(text: &str) -> Vec<String> {
        parts(text).unwrap_or_default().into_iter().map(|(text, _)| text).collect()
    }

    #[test]
    fn things_side_by_side_are_parts() {
        for (text, wanted) in [
            ("rain and thunder", &["rain", "thunder"][..]),
            ("thunderstorm with rain", &["thunderstorm", "rain"]),
            ("footsteps in the rain", &["footsteps", "the rain"]),
            ("Dog barking during a heavy storm", &["Dog barking", "a heavy storm"]),
            ("three knocks while a dog barks", &["three knocks", "a dog barks"]),
            ("wind, rain and thunder", &["wind", "rain", "thunder"]),
            ("birds, a stream", &["birds", "a stream"]),
            ("heavy rain on a tent and distant thunder", &["heavy rain on a tent", "distant thunder"]),
            ("car horn and siren", &["car horn", "siren"]),
            ("dogs and cats fighting", &["dogs", "cats fighting"]),
            ("rain, and wind", &["rain", "wind"]),
        ] {
            assert_eq!(split(text), wanted, "{text}");
        }
        let behind = parts("typing with traffic in the background").unwrap();
        assert_eq!(behind[1], ("traffic".to_owned(), BACKGROUND_DB));
        let around = parts("footsteps in the rain").unwrap();
        assert_eq!(around[1], ("the rain".to_owned(), AROUND_DB));
    }

    #[test]
    fn what_is_one_thing_stays_one() {
        for text in [
            "",
            "and",
            "rain",
            "rain and",
            "and rain",
            "salt and pepper",
            "bow and arrow",
            "door creaks and slams",
            "fire and smoke",
            "thunder and lightning",
            "horse and carriage",
            "stop and go traffic",
            "loud and clear siren",
            "clock with bell",
            "car with a squeaking brake",
            "phone, bell",
            "dog, barking loudly",
            "rain and rain",
            "heavy rain, light rain",
            "leaves rustling in the wind",
            "rain in a forest",
            "rain, then thunder",
            "rain and thunder and wind and birds",
            "wind with birds, leaves, rain",
            "in the background",
            "typing with in the background",
            "Regen und Donner",
        ] {
            assert_eq!(parts(text), None, "{text}");
        }
    }

    #[test]
    fn every_part_lasts_as_long_as_the_sound_and_has_its_own_plan() {
        let parts = together("three knocks and rain", &Timing::Text, 5.0, 3).unwrap();
        assert!(parts.iter().all(|part| (part.start, part.seconds, part.most_seconds) == (0.0, 5.0, 5.0)));
        assert_eq!(parts[0].plan.as_ref().map(|plan| plan.hits.len()), Some(3));
        assert!(parts[1].plan.is_none());
        assert_eq!((parts[0].beside_first_db, parts[1].beside_first_db), (None, Some(BESIDE_DB)));
        assert_eq!(together("three knocks and rain", &Timing::Free, 5.0, 3), None);
    }

    #[test]
    fn no_text_breaks_it() {
        let words =
            ["and", "with", "rain", "in", "the", "background", ",", "while", "dog", "during", "…", "wind"];
        let mut random = crate::pattern::Random::of(1, "together");
        for _ in 0..20_000 {
            let count = random.next() % 9;
            let pick = |_| words[(random.next() % words.len() as u64) as usize];
            let text = (0..count).map(pick).collect::<Vec<_>>().join(" ");
            let found = split(&text);
            assert!(
                found.len() != 1 && found.iter().all(|part| !part.trim().is_empty()),
                "{text}: {found:?}"
            );
        }
    }
}
