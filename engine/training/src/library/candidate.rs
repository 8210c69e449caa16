//! Texts that may become the caption of a sound, and which of them does.

use super::Source;
use super::worth;

/// Characters of a rejected text that the report shows.
const SHOWN: usize = 60;

/// How much a kind of text is trusted to describe a sound, best first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Rank {
    /// A caption that somebody wrote for this purpose: a row of a table, a text beside the file.
    Caption,
    /// A field for a description.
    Description,
    /// A field for anything.
    Comment,
    /// The name of the effect, in a field or in a file name of the Universal Category System.
    FxName,
    /// A title.
    Title,
    /// Words without an order.
    Keywords,
    /// The words of the file's own name.
    Name,
    /// What somebody noted at the recording: "NG, plane overhead".
    Note,
}

/// A text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Candidate {
    pub(super) source: Source,
    pub(super) rank: Rank,
    /// Where it stood: "bext description", "captions.csv, line 3".
    pub(super) origin: String,
    pub(super) text: String,
    /// The same in other words, if whoever wrote it gave that too.
    pub(super) other: String,
}

impl Candidate {
    pub(super) fn new(source: Source, rank: Rank, origin: String, text: String) -> Self {
        Self { source, rank, origin, text, other: String::new() }
    }

    /// How many words tell of a sound; a caption that somebody wrote is believed.
    fn worth(&self) -> Result<usize, &'static str> {
        match (self.rank, worth::judge(&self.text)) {
            (Rank::Caption | Rank::FxName, Err(_)) if self.source != Source::Metadata => {
                if self.text.chars().any(char::is_alphabetic) { Ok(2) } else { Err("no words") }
            }
            (Rank::Caption | Rank::FxName, Ok(words)) => Ok(words.max(2)),
            (_, judged) => judged,
        }
    }
}

/// The best of `candidates`, another text of the same file that says it in other words, and what was not taken, with the
/// reason.
pub(super) fn choose(mut candidates: Vec<Candidate>) -> (Option<(Candidate, String)>, String) {
    candidates.sort_by_key(|candidate| candidate.rank);
    let judged: Vec<_> = candidates.iter().map(Candidate::worth).collect();
    // A single word says less than two of a kind that is trusted less.
    let strong = judged.iter().position(|worth| worth.is_ok_and(|words| words > 1));
    let best = strong.or_else(|| judged.iter().position(Result::is_ok));
    let rejected: Vec<String> = candidates
        .iter()
        .zip(&judged)
        .enumerate()
        .filter(|(i, _)| Some(*i) != best)
        .map(|(_, (candidate, worth))| {
            let reason = worth.err().unwrap_or("another says more");
            let shown: String = candidate.text.chars().take(SHOWN).collect();
            format!(
                "{} \"{}\": {reason}",
                candidate.origin,
                shown.split_whitespace().collect::<Vec<_>>().join(" ")
            )
        })
        .collect();
    let chosen = best.map(|best| {
        let chosen = candidates[best].clone();
        let second = |(i, c): &(usize, &Candidate)| {
            let fit = c.source == Source::Metadata && c.rank < Rank::Name && judged[*i].is_ok();
            fit && *i != best && chosen.source == Source::Metadata
        };
        let other = candidates.iter().enumerate().find(second).map(|(_, c)| c.text.clone());
        let other = if chosen.other.is_empty() { other.unwrap_or_default() } else { chosen.other.clone() };
        (chosen, other)
    });
    (chosen, rejected.join(" | "))
}

#[cfg(test)]
mod tests {
    use super::Rank as R;
    use super::Source as S;
    use super::*;

    fn chosen(candidates: &[(Source, Rank, &str)]) -> (String, String) {
        let make = |(source, rank, text): &(Source, Rank, &str)| {
            Candidate::new(*source, *rank, format!("{rank:?}"), (*text).to_owned())
        };
        let (best, rejected) = choose(candidates.iter().map(make).collect());
        (best.map(|(c, _)| c.text).unwrap_or_default(), rejected)
    }

    #[test]
    fn a_text_is_taken_for_what_it_says() {
        for (candidates, text) in [
            (
                &[(S::Metadata, R::Description, "aaOLSJDYz3Ok"), (S::Ucs, R::FxName, "cellar creak")][..],
                "cellar creak",
            ),
            (
                &[(S::Metadata, R::Description, "Recorded with REAPER"), (S::Ucs, R::FxName, "gate slam")],
                "gate slam",
            ),
            (&[(S::Metadata, R::Note, "NG, plane overhead"), (S::Ucs, R::FxName, "camp fire")], "camp fire"),
            (&[(S::Metadata, R::Note, "NG, plane overhead"), (S::Name, R::Name, "camp fire")], "camp fire"),
            (&[(S::Metadata, R::Note, "rain on a tent")], "rain on a tent"),
            (
                &[(S::Metadata, R::Description, "Kitchen"), (S::Ucs, R::FxName, "drawer opens")],
                "drawer opens",
            ),
            (
                &[(S::Metadata, R::Description, "Kitchen drawer"), (S::Ucs, R::FxName, "drawer opens")],
                "Kitchen drawer",
            ),
            (&[(S::Table, R::Caption, "dog"), (S::Metadata, R::Description, "A dog barks")], "dog"),
            (&[(S::Table, R::Caption, " - 12"), (S::Name, R::Name, "rain")], "rain"),
            (
                &[(S::Metadata, R::Title, "Gate"), (S::Name, R::Name, "rusty gate squeak")],
                "rusty gate squeak",
            ),
            (
                &[(S::Metadata, R::Title, "Gate"), (S::Metadata, R::Comment, "Rusty gate opens")],
                "Rusty gate opens",
            ),
            (&[(S::Metadata, R::Comment, "2024-01-02"), (S::Metadata, R::Keywords, "rain")], "rain"),
            (&[(S::Metadata, R::Comment, "2024-01-02")], ""),
        ] {
            assert_eq!(chosen(candidates).0, text, "{candidates:?}");
        }
        let (_, rejected) =
            chosen(&[(S::Metadata, R::Description, "aaOLSJDYz3Ok"), (S::Ucs, R::FxName, "creak")]);
        assert_eq!(rejected, "Description \"aaOLSJDYz3Ok\": an identifier");
    }
}
