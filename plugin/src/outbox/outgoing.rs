//! What goes out of the window as files, and where to.

use std::ops::Range;
pub use straightshot_drag::reaper::Place;
use straightshot_takes::TakeId;

/// What goes out: edited takes, each as a file.
#[derive(Debug, Clone, PartialEq)]
pub struct Outgoing {
    /// The takes, in the order of their files.
    pub takes: Vec<TakeId>,
    /// The part of it that goes out, in seconds of what is heard; `None` is everything. Only for a single take.
    pub range_s: Option<Range<f64>>,
}

impl Outgoing {
    /// Everything of these takes.
    #[must_use]
    pub fn takes(takes: Vec<TakeId>) -> Self {
        Self { takes, range_s: None }
    }

    /// A part of a take, in seconds of what is heard; `None` is everything.
    #[must_use]
    pub fn part(take: TakeId, range_s: Option<Range<f64>>) -> Self {
        Self { takes: vec![take], range_s }
    }
}

/// Where files go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Errand {
    /// Wherever the user drops them; the button is down.
    Drag,
    /// Onto the clipboard.
    Copy,
    /// Nowhere: their folder is opened.
    Reveal,
    /// Onto the host's timeline.
    Insert(Place),
}
