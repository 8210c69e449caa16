//! Which sounds of the library are asked for, and in which order.

use super::sound::LibrarySound;
use super::words::{Terms, fold};
use crate::features::{Features, distance};
use crate::index::Marks;
use std::cmp::Ordering;
use std::collections::HashMap;
use std::ops::RangeInclusive;
use std::sync::Arc;
use straightshot_protocol::ContentHash;

/// Milliseconds of a day.
const DAY_MS: u64 = 24 * 60 * 60 * 1000;

/// What is asked for. The default asks for everything but what was rejected, newest first.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Query {
    /// Words, see [`Terms`].
    pub text: String,
    /// Only starred ones.
    pub starred: bool,
    /// What becomes of rejected ones.
    pub rejected: Rejected,
    /// Only sounds so long, in seconds.
    pub seconds: Option<RangeInclusive<f64>>,
    /// Only sounds of models with this name.
    pub model: Option<String>,
    /// Only sounds made in the last so many days.
    pub days: Option<u32>,
    /// Only sounds of this category: a CatID, or the beginning of one for all that begin so.
    pub category: Option<String>,
    /// Order.
    pub sort: Sort,
    /// Sounds like this one come first, whatever the order; it is itself the first if it is in the library.
    pub like: Option<Arc<Features>>,
}

/// What becomes of rejected sounds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Rejected {
    /// They are left out.
    #[default]
    Hidden,
    /// They are among the others.
    Shown,
    /// Nothing but them.
    Only,
}

/// Order of what was found. Sounds that are equal in it stand newest first.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Sort {
    /// By date.
    #[default]
    Newest,
    /// By date, the other way round.
    Oldest,
    /// By name, without case and accents.
    Name,
    /// By length.
    Shortest,
    /// By length, the other way round.
    Longest,
    /// By loudness.
    Loudest,
    /// By loudness, the other way round.
    Quietest,
}

impl Rejected {
    /// Whether a sound is shown that was rejected, or was not.
    #[must_use]
    pub fn shows(self, rejected: bool) -> bool {
        match self {
            Self::Hidden => !rejected,
            Self::Shown => true,
            Self::Only => rejected,
        }
    }
}

impl Query {
    /// The sounds that are asked for, in order; `now_ms` is the time in milliseconds since 1970.
    #[must_use]
    pub fn find(&self, sounds: &[Arc<LibrarySound>], now_ms: u64) -> Vec<Arc<LibrarySound>> {
        let terms = Terms::new(&self.text);
        let finest = Finest::of(sounds);
        let since_ms = self.days.map(|days| now_ms.saturating_sub(u64::from(days) * DAY_MS));
        let mut found: Vec<Arc<LibrarySound>> = sounds
            .iter()
            .filter(|sound| self.takes(sound) && since_ms.is_none_or(|since| sound.made_ms >= since))
            .filter(|sound| terms.are_in(sound.words()) && finest.shows(sound))
            .cloned()
            .collect();
        match &self.like {
            Some(like) => found.sort_by_cached_key(|sound| Key(distance(&sound.heard.features, like))),
            None => self.sort(&mut found),
        }
        found
    }

    fn takes(&self, sound: &LibrarySound) -> bool {
        let category = sound.category.as_ref().map_or("", |category| &category.id);
        (!self.starred || sound.marks.starred)
            && self.rejected.shows(sound.marks.rejected)
            && self.seconds.as_ref().is_none_or(|range| range.contains(&sound.heard.seconds()))
            && self.model.as_ref().is_none_or(|model| *model == sound.heard.request.model.name)
            && self.category.as_ref().is_none_or(|wanted| category.starts_with(wanted))
    }

    fn sort(&self, found: &mut [Arc<LibrarySound>]) {
        found.sort_by_key(|sound| std::cmp::Reverse((sound.made_ms, sound.hash())));
        let by = |found: &mut [Arc<LibrarySound>], key: &dyn Fn(&LibrarySound) -> f64| {
            found.sort_by(|a, b| key(a).total_cmp(&key(b)));
        };
        match self.sort {
            Sort::Newest => {}
            Sort::Oldest => found.reverse(),
            Sort::Name => found.sort_by_cached_key(|sound| fold(sound.name())),
            Sort::Shortest => by(found, &|sound| sound.heard.seconds()),
            Sort::Longest => by(found, &|sound| -sound.heard.seconds()),
            Sort::Loudest => by(found, &|sound| -f64::from(sound.heard.loudness_lufs)),
            Sort::Quietest => by(found, &|sound| f64::from(sound.heard.loudness_lufs)),
        }
    }
}

/// The most steps that each sound has been made with: a take keeps its versions with fewer, which are not looked for
/// beside it.
struct Finest<'a>(HashMap<Recipe<'a>, u32>);

/// What versions of a sound have in common.
type Recipe<'a> = (Option<ContentHash>, &'a str, &'a str, &'a str, u64, u64, u32);

impl<'a> Finest<'a> {
    fn of(sounds: &'a [Arc<LibrarySound>]) -> Self {
        let mut finest = HashMap::with_capacity(sounds.len());
        for sound in sounds {
            let steps = finest.entry(recipe(sound)).or_insert(0);
            *steps = sound.heard.request.steps.max(*steps);
        }
        Self(finest)
    }

    /// Whether `sound` is no draft of another, or one that the user has said something about.
    fn shows(&self, sound: &LibrarySound) -> bool {
        let steps = sound.heard.request.steps;
        sound.marks != Marks::default() || self.0.get(&recipe(sound)).is_none_or(|most| *most <= steps)
    }
}

fn recipe(sound: &LibrarySound) -> Recipe<'_> {
    let of = &sound.heard.request;
    let (seconds, guidance) = (of.seconds.to_bits(), of.guidance.to_bits());
    (of.model.hash, &of.model.name, &of.prompt, &of.negative_prompt, of.seed, seconds, guidance)
}

/// A number that things are sorted by.
#[derive(PartialEq)]
struct Key(f32);

impl Eq for Key {}

impl PartialOrd for Key {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Key {
    fn cmp(&self, other: &Self) -> Ordering {
        self.0.total_cmp(&other.0)
    }
}
