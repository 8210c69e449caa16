//! The words between whoever asks for a sound and whatever makes it.
//!
//! | word | says |
//! |---|---|
//! | [`Request`] | what to make, and which model is to make it |
//! | [`Card`] | what a model can do: rate, lengths, steps, guidance, abilities, cost |
//! | [`Progress`], [`Stage`] | how far a job is |
//! | [`CancelToken`] | "stop", from one thread to another |
//! | [`Level`] | how loud the finished sound is |
//! | [`unheeded()`] | what of a request will not be done as it is written |
//! | [`Timing`], [`Hit`] | when its events happen |
//! | [`Curve`] | how loud it is over time |
//! | [`Reading`] | what a model makes of a text, word by word |
//! | [`negations`] | what a text says that should not be heard |
//! | [`words()`], [`stem`] | the words of a text as people see them |
//! | [`Audio`] | the sound itself, one or two channels |
//! | [`Failure`], [`ErrorKind`] | what went wrong, in a sentence for the person at the screen |
//!
//! The crate knows no network and no plugin. Everything in it is plain data that can be written as JSON, so that the
//! engine may one day run in a process of its own and be asked over a pipe.

#![forbid(unsafe_code)]

mod audio;
mod card;
mod curve;
mod error;
mod level;
mod model_id;
mod negation;
mod progress;
mod reading;
mod request;
mod timing;
mod unheeded;
mod words;

pub use audio::Audio;
pub use card::{Abilities, Card, Cost, Guidance, MadeFor};
pub use curve::{CURVE_STEP_S, Curve, LEAST_CURVE_DB};
pub use error::{ErrorKind, Failure};
pub use level::{Level, MOST_PEAK_DBFS};
pub use model_id::{ContentHash, ContentHasher, ModelId};
pub use negation::{Negation, negations, without};
pub use progress::{CancelToken, Progress, Stage, StageTimings};
pub use reading::{Grasp, Reading, Word};
pub use request::{How, Request, Source};
pub use timing::{Hit, MOST_HITS, Timing};
pub use unheeded::{Unheeded, unheeded};
pub use words::{stem, words};
