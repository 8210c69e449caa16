//! What a text says of its events: which, how many, how fast.

use crate::kinds::{KINDS, Kind};
use straightshot_protocol::words;

/// What is read of a text.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Wording {
    pub kind: &'static Kind,
    /// How many, if the text says so.
    pub count: Option<usize>,
    /// Times the usual rate.
    pub tempo: f64,
    /// Last interval over the first one.
    pub change: f64,
    /// Share of the usual jitter; none if the text says nothing of it.
    pub jitter: Option<f64>,
    /// The text for one of them: without numbers and tempo.
    pub one: String,
}

/// Numbers as words.
const NUMBERS: [(&str, usize); 21] = [
    ("one", 1),
    ("two", 2),
    ("three", 3),
    ("four", 4),
    ("five", 5),
    ("six", 6),
    ("seven", 7),
    ("eight", 8),
    ("nine", 9),
    ("ten", 10),
    ("eleven", 11),
    ("twelve", 12),
    ("single", 1),
    ("couple", 2),
    ("pair", 2),
    ("double", 2),
    ("triple", 3),
    ("few", 3),
    ("several", 5),
    ("once", 1),
    ("twice", 2),
];
/// Largest number that is read: more are a texture.
const MOST: usize = 64;
/// Words between a number and what it counts: "two very loud knocks".
const BETWEEN: usize = 4;

/// Words of tempo.
const TEMPI: [(&str, f64); 22] = [
    ("slow", 0.5),
    ("slowly", 0.5),
    ("leisurely", 0.6),
    ("calm", 0.8),
    ("calmly", 0.8),
    ("quick", 1.7),
    ("quickly", 1.7),
    ("fast", 1.8),
    ("rapid", 2.0),
    ("rapidly", 2.0),
    ("hurried", 1.6),
    ("hurriedly", 1.6),
    ("brisk", 1.3),
    ("briskly", 1.3),
    ("frantic", 2.2),
    ("frantically", 2.2),
    ("furiously", 2.0),
    ("urgent", 1.6),
    ("urgently", 1.6),
    ("running", 1.6),
    ("sprinting", 1.9),
    ("jogging", 1.4),
];
/// What "very" makes of a tempo: this power of it.
const STRESS: f64 = 1.5;
const STRESSES: [&str; 4] = ["very", "extremely", "really", "super"];

/// Words of regularity, and the share of the usual jitter.
const REGULAR: [&str; 6] = ["steady", "steadily", "regular", "regularly", "even", "evenly"];
const IRREGULAR: [&str; 4] = ["irregular", "irregularly", "erratic", "uneven"];

/// Groups of words that say how the tempo changes, and the last interval over the first.
const CHANGES: [(&[&str], f64); 8] = [
    (&["faster", "and", "faster"], 0.35),
    (&["slower", "and", "slower"], 2.8),
    (&["speeding", "up"], 0.35),
    (&["getting", "faster"], 0.35),
    (&["slowing", "down"], 2.8),
    (&["getting", "slower"], 2.8),
    (&["accelerating"], 0.35),
    (&["decelerating"], 2.8),
];

/// Words that bring in something else than the events: the model makes those as it thinks.
const MORE: [&str; 14] = [
    "and",
    "with",
    "while",
    "then",
    "followed",
    "before",
    "after",
    "during",
    "plus",
    "rain",
    "music",
    "voices",
    "ambience",
    "background",
];
/// Words that are of no use once the number is gone.
const LEFT_OVERS: [&str; 4] = ["times", "row", "succession", "series"];

impl Wording {
    /// Reads `text`; nothing if it names no event, several kinds, or something besides.
    pub(crate) fn of(text: &str) -> Option<Self> {
        let mut words: Vec<String> = words(text).map(|word| text[word].to_lowercase()).collect();
        let change = take_change(&mut words);
        if text.contains([',', ';', '\n']) || words.iter().any(|word| MORE.contains(&word.as_str())) {
            return None;
        }
        let (at, kind) = only_kind(&words)?;
        let has = |list: &[&str]| words.iter().any(|word| list.contains(&word.as_str()));
        let is_one = kind.one.contains(&words[at].as_str());
        let (numbers, count) = count(&words, at, is_one);
        if has(kind.unless) || (numbers.is_empty() && !kind.needs.is_empty() && !has(kind.needs)) {
            return None;
        }
        // Without a number and without a usual rhythm of their own: as the model has them.
        if count.is_none() && !kind.goes_on {
            return None;
        }
        let (tempi, tempo) = tempo(&words);
        let jitter = if has(&IRREGULAR) { Some(2.5) } else { has(&REGULAR).then_some(0.2) };
        let is_left = |(i, word): &(usize, &String)| {
            let word = word.as_str();
            let is_of_rhythm = REGULAR.contains(&word) || IRREGULAR.contains(&word);
            !(numbers.contains(i) || tempi.contains(i) || is_of_rhythm || LEFT_OVERS.contains(&word))
        };
        let left = words.iter().enumerate().filter(is_left);
        let one = left.map(|(i, word)| if i == at { kind.one_for(word) } else { word.as_str() });
        let one = one.collect::<Vec<_>>().join(" ");
        Some(Self { kind, count, tempo, change: change.unwrap_or(1.0), jitter, one })
    }
}

impl Kind {
    /// The word for one, in the place of `word`: "gunshots" is a gunshot, "shots" a shot.
    fn one_for<'a>(&'a self, word: &'a str) -> &'a str {
        self.one.iter().find(|one| word.starts_with(**one)).copied().unwrap_or(self.one[0])
    }
}

/// The kind of event that is named, and the last word that does; none if there are two.
fn only_kind(words: &[String]) -> Option<(usize, &'static Kind)> {
    let mut found: Option<(usize, &'static Kind)> = None;
    for (i, word) in words.iter().enumerate() {
        let names = |kind: &&Kind| kind.one.contains(&word.as_str()) || kind.many.contains(&word.as_str());
        let Some(kind) = KINDS.iter().find(names) else { continue };
        if found.is_some_and(|(_, before)| before != kind) {
            return None;
        }
        found = Some((i, kind));
    }
    found
}

/// The only kind of event that `text` names.
pub(crate) fn only_kind_of(text: &str) -> Option<&'static Kind> {
    let words: Vec<String> = words(text).map(|word| text[word].to_lowercase()).collect();
    let kind = only_kind(&words)?.1;
    let is_else = words.iter().any(|word| kind.unless.contains(&word.as_str()));
    (!is_else).then_some(kind)
}

/// The number that `word` says.
pub(crate) fn number(word: &str) -> Option<usize> {
    let named = NUMBERS.iter().find(|(name, _)| *name == word).map(|(_, n)| *n);
    named.or_else(|| word.parse().ok().filter(|n| (1..=MOST).contains(n)))
}

/// The number of events, and which words say it.
fn count(words: &[String], at: usize, is_one: bool) -> (Vec<usize>, Option<usize>) {
    let before = at.saturating_sub(BETWEEN)..at;
    if let Some(i) = before.rev().find(|i| number(&words[*i]).is_some()) {
        // "a couple of knocks", "a single knock"
        let mut said = vec![i];
        said.extend((i > 0 && words[i - 1] == "a").then(|| i - 1));
        said.extend((words[i + 1] == "of").then_some(i + 1));
        return (said, number(&words[i]));
    }
    for i in at + 1..words.len() {
        let is_times = words.get(i + 1).is_some_and(|word| word == "times");
        if matches!(words[i].as_str(), "once" | "twice") || is_times {
            return (vec![i], number(&words[i]));
        }
    }
    (Vec::new(), is_one.then_some(1))
}

/// How fast, and which words say it.
fn tempo(words: &[String]) -> (Vec<usize>, f64) {
    let (mut said, mut tempo) = (Vec::new(), 1.0);
    for (i, word) in words.iter().enumerate() {
        let Some((_, times)) = TEMPI.iter().find(|(name, _)| name == word) else { continue };
        let is_stressed = i > 0 && STRESSES.contains(&words[i - 1].as_str());
        tempo = if is_stressed { times.powf(STRESS) } else { *times };
        said.push(i);
        said.extend(is_stressed.then(|| i - 1));
    }
    (said, tempo)
}

/// Takes out what says that the tempo changes.
fn take_change(words: &mut Vec<String>) -> Option<f64> {
    for (said, change) in CHANGES {
        let found = words.windows(said.len()).position(|at| at.iter().zip(said).all(|(a, b)| a == b));
        if let Some(at) = found {
            words.drain(at..at + said.len());
            return Some(change);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> (Option<usize>, f64, String) {
        let wording = Wording::of(text).unwrap_or_else(|| panic!("{text}"));
        (wording.count, wording.tempo, wording.one)
    }

    #[test]
    fn numbers_and_tempi_are_read_and_leave_the_text_for_one() {
        let cases = [
            ("Three slow knocks on a wooden door", Some(3), 0.5, "knock on a wooden door"),
            ("knocking on a wooden door", None, 1.0, "knock on a wooden door"),
            ("one bark of a dog", Some(1), 1.0, "bark of a dog"),
            ("dog barks twice", Some(2), 1.0, "dog bark"),
            ("dog barking fast", None, 1.8, "dog bark"),
            ("a couple of gunshots", Some(2), 1.0, "gunshot"),
            ("12 loud shots", Some(12), 1.0, "loud shot"),
            ("footstep on gravel", Some(1), 1.0, "footstep on gravel"),
            ("footsteps on gravel", None, 1.0, "footstep on gravel"),
            ("button click", Some(1), 1.0, "button click"),
            ("knocks three times", Some(3), 1.0, "knock"),
            ("hand clapping", None, 1.0, "hand clap"),
            ("three coughs", Some(3), 1.0, "cough"),
            ("grandfather clock ticking", None, 1.0, "grandfather clock tick"),
        ];
        for (text, count, tempo, one) in cases {
            assert_eq!(read(text), (count, tempo, one.to_owned()), "{text}");
        }
    }

    #[test]
    fn changes_and_regularity_are_read() {
        let change = |text| Wording::of(text).unwrap().change;
        assert!(change("knocking faster and faster") < 0.5);
        assert!(change("footsteps slowing down") > 2.0);
        assert_eq!(change("footsteps"), 1.0);
        assert_eq!(Wording::of("steady footsteps").unwrap().jitter, Some(0.2));
        assert_eq!(Wording::of("very fast knocking").unwrap().tempo, 1.8f64.powf(STRESS));
    }

    #[test]
    fn what_is_not_events_alone_is_left_to_the_model() {
        for text in [
            "rain",
            "wooden door creaks open slowly",
            "audience clapping",
            "people clapping",
            "footsteps on gravel with rain",
            "door creaks and slams",
            "knocking, then a gunshot",
            "dog barking at gunshots",
            "person coughing",
            "tree bark peeling",
            "",
        ] {
            assert_eq!(Wording::of(text), None, "{text}");
        }
    }
}
