//! What goes out.

use straightshot_edits::Edited;
use straightshot_protocol::Request;

/// A sound as it is to be heard, with everything its file says about it.
#[derive(Debug, Clone, PartialEq)]
pub struct Sound {
    /// The samples at the model's own rate, and which of them repeat.
    pub edited: Edited,
    /// Where it comes from.
    pub about: About,
}

/// Where a sound comes from, and what it is called.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct About {
    /// What its name is made of: the name that the user gave it. Empty for the words of the prompt.
    pub title: String,
    /// How it was made.
    pub request: Request,
    /// Its CatID, if the user has chosen one; otherwise the first proposal counts.
    pub category: Option<String>,
    /// Number of the take in its session.
    pub take: Option<u64>,
    /// What the user has noted.
    pub notes: String,
    /// Whether it was cut or changed after it was made.
    pub edited: bool,
}

/// What the host says about itself; a program without a host knows neither.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Host {
    /// Its sample rate.
    pub rate_hz: Option<u32>,
    /// Where its playback cursor is, in seconds from the beginning of the project. Negative before it.
    pub position_s: Option<f64>,
}
