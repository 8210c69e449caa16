//! A text that says that one thing follows another, in the order of time.
//!
//! ```text
//! A then B, A and then B, A followed by B, A before B, after A B, first A, finally B  ->  A, B
//! A after B, before A B                                                               ->  B, A
//! ```
//!
//! "Before" and "after" also say what time of day it is, and "then" how often: what could be that is left alone.

use super::subject;
use straightshot_protocol::words;

/// Words with which "then" is no order: "now and then", "since then".
const NOT_THEN: [&str; 8] = ["now", "since", "by", "until", "till", "from", "back", "even"];
/// Words that begin a part after a comma or an "and", as "then" does.
const LAST: [&str; 6] = ["finally", "lastly", "afterwards", "afterward", "subsequently", "thereafter"];
/// Words before "before" and "after" with which they say something else: "as before", "day after day", "running after a car".
const ELSE: [&str; 24] = [
    "as", "like", "ever", "never", "day", "night", "time", "year", "one", "chase", "chases", "chasing",
    "run", "runs", "running", "go", "goes", "going", "look", "looks", "looking", "named", "asks", "asking",
];
/// What is before or after and is heard of nobody: times, and what takes time.
const TIMES: [&str; 54] = [
    "dawn",
    "dusk",
    "dark",
    "sunrise",
    "sunset",
    "daybreak",
    "nightfall",
    "midnight",
    "midday",
    "noon",
    "morning",
    "evening",
    "afternoon",
    "night",
    "day",
    "today",
    "tomorrow",
    "tonight",
    "christmas",
    "winter",
    "summer",
    "spring",
    "autumn",
    "bedtime",
    "breakfast",
    "lunch",
    "dinner",
    "supper",
    "work",
    "school",
    "hours",
    "hour",
    "minutes",
    "minute",
    "seconds",
    "second",
    "moments",
    "moment",
    "while",
    "beat",
    "all",
    "another",
    "other",
    "which",
    "that",
    "this",
    "long",
    "now",
    "war",
    "show",
    "concert",
    "game",
    "match",
    "storm",
];
/// What a scene may be after, and sounds like: "street after rain".
const WEATHER: [&str; 6] = ["rain", "rainfall", "snow", "snowfall", "thunderstorm", "shower"];
/// Articles and the like.
const ARTICLES: [&str; 10] = ["a", "an", "the", "some", "its", "his", "her", "their", "each", "any"];
/// Words at the edges of a part that belong to the joint: "shortly after", "and suddenly".
const LEADING: [&str; 15] = [
    "and",
    "but",
    "finally",
    "lastly",
    "afterwards",
    "afterward",
    "suddenly",
    "eventually",
    "later",
    "also",
    "there",
    "is",
    "are",
    "comes",
    "by",
];
const TRAILING: [&str; 13] = [
    "and",
    "but",
    "is",
    "are",
    "was",
    "being",
    "immediately",
    "shortly",
    "soon",
    "right",
    "just",
    "closely",
    "directly",
];
/// What a part may consist of that is a pause, and what it has to have.
const PAUSES: [&str; 4] = ["silence", "pause", "nothing", "quiet"];
const OF_PAUSE: [&str; 15] = [
    "a", "an", "the", "some", "of", "short", "brief", "long", "moment", "complete", "total", "dead", "for",
    "while", "little",
];

/// How what follows a joint lies in time.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Link {
    /// It comes next, and may go on about what was named before: "door creaks, then slams".
    Next,
    /// The same, in another form: "door creaks before slamming".
    Before,
    /// It comes next, and is named by itself: "knocks followed by steps".
    NextNamed,
    /// It came before.
    Earlier,
}

/// Words that join two parts.
#[derive(Debug, Clone, Copy)]
struct Joint {
    /// The first of the words, and the one behind the last.
    first: usize,
    end: usize,
    link: Link,
}

/// The words of a text, and whether there is a sign between one and the one before.
struct Text {
    words: Vec<String>,
    is_apart: Vec<bool>,
}

/// The parts of `text` in the order of time, two or more; a pause is an empty one.
pub(super) fn parts(text: &str) -> Option<Vec<String>> {
    let ranges: Vec<_> = words(text).collect();
    let before = |i: usize| if i == 0 { "" } else { &text[ranges[i - 1].end..ranges[i].start] };
    let is_apart = (0..ranges.len()).map(|i| !before(i).trim().is_empty()).collect();
    let words = ranges.iter().map(|range| text[range.clone()].to_lowercase()).collect();
    let words = Text { words, is_apart };
    // In the order of the text, each with its place in time.
    let mut said: Vec<(usize, usize)> = Vec::new();
    let mut links = Vec::new();
    let mut order: Vec<usize> = Vec::new();
    for (clause, link) in words.clauses() {
        let place = match link {
            Link::Earlier => order.len().saturating_sub(1),
            Link::Next | Link::Before | Link::NextNamed => order.len(),
        };
        order.insert(place, said.len());
        said.push(clause);
        links.push(link);
    }
    if said.len() < 2 {
        return None;
    }
    let mut texts: Vec<String> = Vec::new();
    for ((first, end), link) in said.iter().zip(links) {
        let own = &text[ranges[*first].start..ranges[*end - 1].end];
        let whole = if is_pause(&words.words[*first..*end]) {
            String::new()
        } else {
            let before = texts.iter().rev().find(|text| !text.is_empty());
            let subject = before.filter(|_| link != Link::NextNamed);
            subject
                .and_then(|before| subject::carried(before, own, link != Link::Next))
                .unwrap_or_else(|| own.to_owned())
        };
        texts.push(whole);
    }
    if texts.iter().all(String::is_empty) {
        return None;
    }
    Some(order.into_iter().map(|i| std::mem::take(&mut texts[i])).collect())
}

fn is_pause(words: &[String]) -> bool {
    let is_in = |list: &[&str], word: &String| list.contains(&word.as_str());
    words.iter().any(|word| is_in(&PAUSES, word))
        && words.iter().all(|word| is_in(&PAUSES, word) || is_in(&OF_PAUSE, word))
}

impl Text {
    fn word(&self, i: usize) -> &str {
        self.words.get(i).map_or("", String::as_str)
    }

    /// Whether the word before `i` is one of `list`.
    fn follows(&self, i: usize, list: &[&str]) -> bool {
        i > 0 && list.contains(&self.word(i - 1))
    }

    /// The parts in the order of the text: first word, the one behind the last, and how it is joined to the part before.
    fn clauses(&self) -> Vec<((usize, usize), Link)> {
        let (mut joints, leading) = self.leading();
        let mut i = joints.first().map_or(0, |joint: &Joint| joint.end).max(leading);
        while i < self.words.len() {
            match self.joint(i) {
                Some(joint) => {
                    i = joint.end;
                    joints.push(joint);
                }
                None => i += 1,
            }
        }
        let mut found = Vec::new();
        let (mut first, mut link) = (leading, Link::NextNamed);
        for joint in joints.iter().chain([&Joint { first: self.words.len(), end: 0, link: Link::Next }]) {
            let clause = self.bare(first, joint.first);
            // Nothing between two joints: "and then, finally".
            if clause.0 < clause.1 {
                found.push((clause, link));
                link = joint.link;
            }
            first = joint.end;
        }
        found
    }

    /// What a text begins with that says what comes first: the joint behind it, if it is a clause, and the words to leave out.
    fn leading(&self) -> (Vec<Joint>, usize) {
        match self.word(0) {
            "first" | "firstly" => (Vec::new(), 1),
            "at" if self.word(1) == "first" => (Vec::new(), 2),
            word @ ("after" | "before") => {
                let comma = (1..self.words.len()).find(|i| self.is_apart[*i]);
                let Some(comma) = comma.filter(|comma| *comma > 1 && !self.is_time(1, *comma, word)) else {
                    return (Vec::new(), 0);
                };
                let link = if word == "after" { Link::NextNamed } else { Link::Earlier };
                (vec![Joint { first: comma, end: comma, link }], 1)
            }
            _ => (Vec::new(), 0),
        }
    }

    /// The joint that begins with this word, if one does.
    fn joint(&self, i: usize) -> Option<Joint> {
        let joint = |count, link| Some(Joint { first: i, end: i + count, link });
        match self.word(i) {
            "then" if !self.is_now_and_then(i) && self.word(i + 1) != "again" => joint(1, Link::Next),
            "followed" if self.word(i + 1) == "by" => joint(2, Link::NextNamed),
            "followed" if self.word(i + 2) == "by" => joint(3, Link::NextNamed),
            "after" if matches!(self.word(i + 1), "that" | "which") && self.begins(i) => joint(2, Link::Next),
            word @ ("before" | "after") if i > 0 && !self.follows(i, &ELSE) => {
                let link = if word == "before" { Link::Before } else { Link::Earlier };
                if self.is_time(i + 1, self.end_of_clause(i + 1), word) { None } else { joint(1, link) }
            }
            word if LAST.contains(&word) && self.begins(i) => joint(1, Link::Next),
            _ => None,
        }
    }

    fn is_now_and_then(&self, i: usize) -> bool {
        let before = if self.follows(i, &["and"]) { i - 1 } else { i };
        // "Now rain, and then wind" is an order.
        self.follows(before, &NOT_THEN) && !self.is_apart[before.min(i)]
    }

    /// Whether a part may begin here: after a sign, an "and" or a "then".
    fn begins(&self, i: usize) -> bool {
        i > 0 && (self.is_apart[i] || self.follows(i, &["and", "then"]))
    }

    /// The word behind the clause that begins here: up to a sign or the next joint.
    fn end_of_clause(&self, i: usize) -> usize {
        let ends = |i: &usize| {
            self.is_apart[*i] || matches!(self.word(*i), "then" | "followed" | "before" | "after")
        };
        (i..self.words.len()).find(|at| *at > i && ends(at)).unwrap_or(self.words.len())
    }

    /// Whether what is before or after is a time, and nothing to hear.
    fn is_time(&self, first: usize, end: usize, word: &str) -> bool {
        let is_in = |i: usize, list: &[&str]| list.contains(&self.word(i));
        let Some(named) = (first..end).find(|i| !is_in(*i, &ARTICLES)) else { return true };
        // "After a while", "after two seconds", "before the storm", "after heavy rain".
        is_in(named, &TIMES) || is_in(end - 1, &TIMES) || word == "after" && is_in(end - 1, &WEATHER)
    }

    /// A part without what belongs to the joints around it.
    fn bare(&self, mut first: usize, mut end: usize) -> (usize, usize) {
        while first < end && LEADING.contains(&self.word(first)) {
            first += 1;
        }
        while end > first && TRAILING.contains(&self.word(end - 1)) {
            end -= 1;
        }
        (first, end.max(first))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn split(text: &str) -> Vec<String> {
        parts(text).unwrap_or_default()
    }

    #[test]
    fn one_thing_after_another_is_found_in_the_order_of_time() {
        for (text, wanted) in [
            ("thunder then rain", &["thunder", "rain"][..]),
            ("Three knocks, then a door opens.", &["Three knocks", "a door opens"]),
            ("car horn followed by a dog barking", &["car horn", "a dog barking"]),
            ("car horn, quickly followed shortly by rain", &["car horn, quickly", "rain"]),
            ("footsteps before a gunshot", &["footsteps", "a gunshot"]),
            ("glass breaks after footsteps", &["footsteps", "glass breaks"]),
            ("door creaks before slamming shut", &["door creaks", "door slamming shut"]),
            ("door slams after creaking", &["door creaking", "door slams"]),
            ("the dog growls before it barks", &["the dog growls", "the dog barks"]),
            ("glass breaks shortly after loud footsteps", &["loud footsteps", "glass breaks"]),
            ("first wind, then rain, finally thunder", &["wind", "rain", "thunder"]),
            ("rain; and then, finally: thunder", &["rain", "thunder"]),
            ("A twig snaps. Afterwards birds fly away", &["A twig snaps", "birds fly away"]),
            ("a scream, after that footsteps running", &["a scream", "footsteps running"]),
            ("After three knocks, a door opens", &["three knocks", "a door opens"]),
            ("before a gunshot, footsteps, then rain", &["footsteps", "a gunshot", "rain"]),
            ("rain after thunder, then wind", &["thunder", "rain", "wind"]),
            ("rain with thunder and then birds and wind", &["rain with thunder", "birds and wind"]),
            ("knocks, then silence, then a scream", &["knocks", "", "a scream"]),
            ("knocks and then a short pause", &["knocks", ""]),
            ("thunder\nthen rain", &["thunder", "rain"]),
            ("雷 then 雨", &["雷", "雨"]),
        ] {
            assert_eq!(split(text), wanted, "{text}");
        }
    }

    #[test]
    fn what_only_looks_like_it_is_left_alone() {
        for text in [
            "",
            "then",
            "rain",
            "rain and thunder",
            "door creaks and slams",
            "wind with birds, leaves, rain",
            "then a door slams",
            "a door, then",
            "a door and then...",
            "then, then, then",
            "dog barks now and then",
            "a bird sings every now and then in a forest",
            "since then rain",
            "street after dark",
            "After dark, crickets",
            "quiet street after heavy rain",
            "calm before the storm",
            "birds before dawn",
            "the morning after",
            "silence as before",
            "wind before",
            "after",
            "before rain",
            "one shot after another",
            "door slams after two seconds",
            "time after time",
            "dog running after a car",
            "silence, then silence",
            "followed by rain",
            "footsteps followed",
            "finally rain",
            "Donner, dann Regen",
            "une porte grince puis claque",
            "сначала дождь, потом гром",
            "after-effect of a bell",
        ] {
            assert_eq!(parts(text), None, "{text}");
        }
    }

    #[test]
    fn no_text_breaks_it() {
        let words = [
            "then", "after", "before", "and", "followed", "by", "first", ",", "that", "creaks", "door", "…",
            "it",
        ];
        let mut random = crate::pattern::Random::of(1, "texts");
        for _ in 0..20_000 {
            let count = random.next() % 9;
            let pick = |_| words[(random.next() % words.len() as u64) as usize];
            let text = (0..count).map(pick).collect::<Vec<_>>().join(" ");
            let found = split(&text);
            let is_whole = found.iter().all(|part| !part.is_empty() && part.trim() == part);
            assert!(found.len() != 1 && is_whole, "{text}: {found:?}");
        }
    }
}
