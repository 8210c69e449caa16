//! What went wrong, in words.

use serde::{Deserialize, Serialize};
use std::error::Error;
use std::fmt;

/// What went wrong, coarse enough for a caller to decide what to do next.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The request itself is unusable: empty or over-long prompt, steps or seconds out of range.
    InvalidRequest,
    /// The model that was asked for is not on this machine.
    MissingModel,
    /// A model file is missing, truncated, of the wrong shape or holds NaN.
    BadModel,
    /// The caller raised the [`CancelToken`](crate::CancelToken).
    Cancelled,
    /// Reading or writing a file failed.
    Io,
    /// Audio or a data set could not be read.
    BadData,
    /// The machine has not enough free memory for what was asked.
    OutOfMemory,
    /// A computation failed or produced NaN; the model or the library is at fault, not the request.
    Compute,
}

/// An error as plain data: a kind to match on and a sentence for the person at the screen.
///
/// Unlike an error with a chain of causes it can be cloned, shown by several windows, and sent to another process.
///
/// ```
/// use straightshot_protocol::{ErrorKind, Failure};
///
/// let missing = std::io::Error::from(std::io::ErrorKind::NotFound);
/// let failure = Failure::new(ErrorKind::Io, "rain.wav could not be opened").because(&missing);
/// assert_eq!(failure.to_string(), "rain.wav could not be opened");
/// assert!(failure.detail().starts_with("rain.wav could not be opened: "));
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// The coarse class.
    pub kind: ErrorKind,
    /// One or two sentences in the user's words.
    pub text: String,
    /// What caused it, outermost first, for whoever looks into it; may be empty.
    #[serde(default)]
    pub cause: String,
}

impl Failure {
    /// A failure of `kind` with a `text` in the user's words.
    pub fn new(kind: ErrorKind, text: impl Into<String>) -> Self {
        Self { kind, text: text.into(), cause: String::new() }
    }

    /// Adds what caused it, and what caused that.
    #[must_use]
    pub fn because(mut self, cause: &(dyn Error + 'static)) -> Self {
        self.cause = cause.to_string();
        let mut next = cause.source();
        while let Some(cause) = next {
            self.cause.push_str(": ");
            self.cause.push_str(&cause.to_string());
            next = cause.source();
        }
        self
    }

    /// The text followed by the causes.
    #[must_use]
    pub fn detail(&self) -> String {
        if self.cause.is_empty() { self.text.clone() } else { format!("{}: {}", self.text, self.cause) }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl Error for Failure {}
