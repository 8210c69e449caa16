//! What goes out of the window, and where to.

use super::Piece;
use std::ops::Range;
use std::sync::Arc;
pub use straightshot_drag::reaper::Place;
use straightshot_protocol::{ErrorKind, Failure};
use straightshot_takes::{LibrarySound, Session, TakeId};

/// Sounds that go out, each as a file.
#[derive(Debug, Clone, PartialEq)]
pub enum Outgoing {
    /// Edited takes, in the order of their files.
    Takes(Vec<TakeId>),
    /// A part of a take, in seconds of what is heard.
    Part(TakeId, Range<f64>),
    /// Sounds of the library.
    Sounds(Vec<Arc<LibrarySound>>),
}

impl Outgoing {
    /// A part of a take, in seconds of what is heard; `None` is everything.
    #[must_use]
    pub fn part(take: TakeId, range_s: Option<Range<f64>>) -> Self {
        match range_s {
            Some(range_s) => Self::Part(take, range_s),
            None => Self::Takes(vec![take]),
        }
    }

    /// How many files it makes.
    #[must_use]
    pub fn count(&self) -> usize {
        match self {
            Self::Takes(takes) => takes.len(),
            Self::Part(..) => 1,
            Self::Sounds(sounds) => sounds.len(),
        }
    }

    /// What its files are made of.
    ///
    /// # Errors
    /// If a take is gone.
    pub fn pieces(&self, session: &Session) -> Result<Vec<Piece>, Failure> {
        let take = |id: &TakeId| {
            let take = session.take(*id).cloned();
            take.ok_or_else(|| Failure::new(ErrorKind::InvalidRequest, "This take is gone."))
        };
        match self {
            Self::Takes(takes) => takes.iter().map(|id| Ok(Piece::from(take(id)?))).collect(),
            Self::Part(id, range_s) => Ok(vec![Piece::part(take(id)?, range_s.clone())]),
            Self::Sounds(sounds) => Ok(sounds.iter().cloned().map(Piece::from).collect()),
        }
    }
}

/// Where files go that another program gets.
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
