//! When things happen in a sound: from words, a length and a seed to a list of hits.
//!
//! A network of this size that has learnt from single recordings makes a good knock and a poor rhythm: how many and how fast
//! follows its noise and not the text. A foley artist does the two one after the other, and so does the engine: the text
//! is read for its event, its number and its tempo ([`plan`]), the network makes some of the event, and they are laid down at
//! their times.
//!
//! What the text leaves open (when the first comes, how even they are, how loud each) is drawn from a seed of its own and from
//! the kind of event, so that two kinds with one seed have no common rhythm.
//!
//! A text that names one thing after another ("door creaks and then slams") has parts ([`sequence()`]), each with a plan of its
//! own; so has one that names known things side by side ("footsteps in the rain"). [`timeline()`] is whatever of the two a text asks for.

#![forbid(unsafe_code)]

mod kinds;
mod pattern;
mod sequence;
mod timeline;
mod together;
mod wording;

use kinds::Kind;
pub use sequence::{Part, sequence};
use straightshot_protocol::{Hit, Timing};
pub use timeline::{Timeline, timeline};
use wording::Wording;

/// What is made, and when.
#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    /// The text for one event.
    pub prompt: String,
    /// Length of what is made for one event, s.
    pub event_seconds: f64,
    /// How many different events are laid down; one or more.
    pub events: usize,
    /// How many are made, of which the best are taken: a network that has learnt from few sounds of a kind makes now and then a
    /// hiss where a tick was asked for.
    pub candidates: usize,
    /// Whether an event is over when it rises again.
    pub is_one_stroke: bool,
    /// The hits in order, with which of the events each is.
    pub hits: Vec<(Hit, usize)>,
}

/// Length of what is made for one event of a kind that is not known, s.
const EVENT_SECONDS: f64 = 1.2;
/// How many different ones.
const EVENTS: usize = 6;
/// How many more are made than are laid down, where there are several.
const SPARE: usize = 2;

/// The plan of a sound of `prompt` and of so many seconds, if its text or its `timing` says when things happen.
///
/// ```
/// use straightshot_planner::plan;
/// use straightshot_protocol::Timing;
///
/// let plan = plan("three slow knocks on a wooden door", &Timing::Text, 4.0, 7).unwrap();
/// assert_eq!(plan.prompt, "knock on a wooden door");
/// assert_eq!(plan.hits.len(), 3);
/// ```
#[must_use]
pub fn plan(prompt: &str, timing: &Timing, seconds: f64, seed: u64) -> Option<Plan> {
    let wording = Wording::of(prompt);
    let hits = match (timing, &wording) {
        (Timing::Free, _) => return None,
        (Timing::Hits(hits), _) => hits.clone(),
        (Timing::Text, Some(wording)) => pattern::hits(wording, seconds, seed),
        (Timing::Text, None) => return None,
    };
    let kind = wording.as_ref().map(|wording| wording.kind);
    let variety = kind.map_or(EVENTS, |kind| kind.variety);
    let events = variety.min(hits.len()).max(1);
    let hits = pattern::without_repeats(hits, events, seed);
    Some(Plan {
        prompt: wording.as_ref().map_or_else(|| prompt.to_owned(), |wording| wording.one.clone()),
        // What follows the end is not heard.
        event_seconds: kind.map_or(EVENT_SECONDS, |kind| kind.seconds),
        events,
        // The only event of a sound is what its seed says.
        candidates: if hits.len() == 1 { 1 } else { events + SPARE },
        is_one_stroke: kind.is_none_or(|kind: &Kind| kind.is_one_stroke),
        hits,
    })
}
