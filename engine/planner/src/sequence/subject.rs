//! Who does what a part says, where it does not say it itself: "door creaks and then slams" has a door that slams.
//!
//! Only where it is sure: the part begins with a verb in the form of a verb of the part before (behind "before" and "after" in
//! -ing), or with "it", and that part has something in front of its verb. "Knocks, then claps" has none, and "laughter" is no
//! verb.

use crate::wording::number;
use std::collections::HashSet;
use std::sync::LazyLock;
use straightshot_protocol::{stem, words};

/// Verbs of what makes sounds.
const VERBS: &str = "accelerate approach arrive bang bark beat beep begin bleat blow boil bounce brake break breathe bubble burn \
    burst buzz call cackle caw chew chime chirp clang clank clap clatter click climb clink close cluck clunk collapse cough crack \
    crackle crash crawl creak croak crow crumble crunch cry depart die disappear dive drag drift drink drip drive drop eat echo end \
    engage enter exhale expand explode fade fall fire fizz flap flip flush flutter fly gallop gasp giggle grind groan growl grow \
    grunt gurgle halt hammer hiss hit honk hoot howl hum idle ignite inhale jingle jump kick knock land laugh launch leave lock \
    meow melt moan moo move neigh open pant pass peel ping play plop pop pound pour pull punch purr push quack race rattle reload \
    rev ring rip roar roll rotate rumble run rush rustle scrape scratch scream screech settle shake shatter shoot shout shut sigh \
    sing sizzle skid slam slap slide slip slow smash snap snarl sneeze sniff snore snort sob speed spin splash splatter splinter \
    sputter squeak squeal squelch stall start stomp stop strike swing swish talk tap tear thud thump thunder tick tip toll topple \
    trickle trot tumble turn unlock vibrate wail walk wash whimper whine whinny whirr whisper whistle whoosh yawn yell yelp zip zoom";
/// What may follow a verb, besides words in -ly: what comes is no thing that the "verb" would be a property of.
const BEHIND: &str = "a an the his her its their it them him and off on in out up down away over again back to into onto at against \
    with by from through past under around across along shut open closed once twice hard fast loud louder softly for until like";
const PRONOUNS: [&str; 5] = ["it", "he", "she", "they", "which"];
/// Words that begin another clause in a part: "dog barks while the door opens".
const CLAUSES: [&str; 6] = ["and", "while", "as", "with", "but", "when"];

static STEMS: LazyLock<HashSet<String>> = LazyLock::new(|| VERBS.split_whitespace().map(stem).collect());

/// The form of a verb that tells it from a thing.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Form {
    /// "Slams".
    Third,
    /// "Slamming".
    Ing,
}

/// `part` with the subject of the part `before` it, if it has none of its own and that is sure; `changes` says that a verb in
/// -ing may follow any other.
pub(super) fn carried(before: &str, part: &str, changes: bool) -> Option<String> {
    let ranges: Vec<_> = words(part).collect();
    let own: Vec<String> = ranges.iter().map(|range| part[range.clone()].to_lowercase()).collect();
    let is_told = PRONOUNS.contains(&own.first()?.as_str());
    let at = usize::from(is_told);
    let form = form(own.get(at)?)?;
    let next = own.get(at + 1);
    if !is_told && !next.is_none_or(|next| is_behind(next)) {
        return None;
    }
    let is_sure = is_told || changes && form == Form::Ing;
    let same = (!is_sure).then_some(form);
    let subject = subject(before, same)?;
    Some(format!("{subject} {}", &part[ranges[at].start..]))
}

/// Whether this word can stand behind a verb.
fn is_behind(word: &str) -> bool {
    word.ends_with("ly") || number(word).is_some() || BEHIND.split_whitespace().any(|one| one == word)
}

/// The form of a verb that is known; none of another word, or of one that could be a thing.
fn form(word: &str) -> Option<Form> {
    let form = match word {
        _ if word.ends_with("ing") && word.len() > 4 => Form::Ing,
        _ if word.ends_with('s') && !word.ends_with("ss") => Form::Third,
        _ => return None,
    };
    STEMS.contains(&stem(word)).then_some(form)
}

/// What does something in `text`, said by a verb of this form, or of any: of the last clause that has one.
fn subject(text: &str, wanted: Option<Form>) -> Option<&str> {
    let ranges: Vec<_> = words(text).collect();
    let word = |i: usize| text[ranges[i].clone()].to_lowercase();
    let begins = |i: usize| {
        let sign = i == 0 || !text[ranges[i - 1].end..ranges[i].start].trim().is_empty();
        (sign || CLAUSES.contains(&word(i).as_str()))
            .then(|| i + usize::from(CLAUSES.contains(&word(i).as_str())))
    };
    let starts: Vec<usize> = (0..ranges.len()).filter_map(begins).collect();
    let ends = starts.iter().skip(1).copied().chain([ranges.len()]);
    let clauses: Vec<(usize, usize)> = starts.iter().copied().zip(ends).collect();
    let subject = |(first, end): &(usize, usize)| {
        let is_verb = |form: Form| wanted.is_none_or(|wanted| wanted == form);
        let verb = (first + 1..*end).find(|i| form(&word(*i)).is_some_and(is_verb))?;
        // "Three knocks" knock not, and "the slamming" is no door.
        let names = |i: usize| !["a", "an", "the"].contains(&word(i).as_str());
        let is_count = (*first..verb).any(|i| number(&word(i)).is_some_and(|n| n > 1));
        let is_named = (*first..verb).any(names);
        (is_named && !is_count).then(|| &text[ranges[*first].start..ranges[verb - 1].end])
    };
    clauses.iter().rev().find_map(subject)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_without_a_subject_has_that_of_the_part_before() {
        for (before, part, wanted) in [
            ("door creaks", "slams", "door slams"),
            ("wooden door creaks open slowly", "slams shut", "wooden door slams shut"),
            ("A door creaking", "slamming", "A door slamming"),
            ("car door opens", "closes", "car door closes"),
            ("engine starts, idles", "revs up", "engine revs up"),
            ("a man walks", "coughs twice", "a man coughs twice"),
            ("a dog barks", "it growls", "a dog growls"),
            ("rain falls and a dog barks", "growls quietly", "a dog growls quietly"),
            ("a man opens a drawer", "closes it", "a man closes it"),
            ("dog barks three times", "howls", "dog howls"),
            ("fire crackles", "hisses", "fire hisses"),
            ("a dog barking", "it growls", "a dog growls"),
        ] {
            assert_eq!(carried(before, part, false).as_deref(), Some(wanted), "{before}, then {part}");
        }
        assert_eq!(carried("door creaks", "slamming", true).as_deref(), Some("door slamming"));
    }

    #[test]
    fn what_is_not_sure_stays_as_it_is() {
        for (before, part) in [
            ("three knocks", "claps"),
            ("three loud knocks", "claps"),
            ("knocks", "claps"),
            ("footsteps", "knocks on wood"),
            ("footsteps stop", "knocks on wood"),
            ("door creaks", "a dog barks"),
            ("door creaks", "footsteps"),
            ("door creaks", "slamming door"),
            ("door creaks", "barking dogs"),
            ("door creaks", "rain"),
            ("car horn", "barking"),
            ("the creaking", "slamming"),
            ("door creaks", "slamming"),
            ("glass break", "laugh"),
            ("", "slams"),
            ("door creaks", ""),
            ("door creaks", "it"),
        ] {
            assert_eq!(carried(before, part, false), None, "{before}, then {part}");
        }
    }
}
