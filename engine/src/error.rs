//! The engine's error: one opaque type with a [`ErrorKind`] to match on and a message a person can act on.

use std::fmt;

/// What went wrong, coarse enough for a caller to decide what to do next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The request itself is unusable: empty or over-long prompt, steps or seconds out of range.
    InvalidRequest,
    /// A model file is missing, truncated, of the wrong shape or holds NaN.
    BadModel,
    /// The caller raised the [`CancelToken`](crate::pipeline::CancelToken).
    Cancelled,
    /// Reading or writing a file failed.
    Io,
    /// Audio or a data set could not be read.
    BadData,
    /// A computation failed or produced NaN; the model or the library is at fault, not the request.
    Compute,
}

/// Error of every fallible function of this crate.
///
/// `Display` is written for the person at the screen; [`Error::detail`] adds what a developer needs.
#[derive(Debug)]
pub struct Error {
    kind: ErrorKind,
    message: String,
    source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

/// Shorthand for a result with the engine's [`Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    /// Makes an error of `kind` with a `message` in the user's words.
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), source: None }
    }

    /// Attaches the underlying cause.
    #[must_use]
    pub fn with_source(mut self, source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        self.source = Some(source.into());
        self
    }

    /// The coarse class of this error.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.kind
    }

    /// The message followed by the whole chain of causes.
    #[must_use]
    pub fn detail(&self) -> String {
        let mut text = self.message.clone();
        let mut next = std::error::Error::source(self);
        while let Some(cause) = next {
            text.push_str(": ");
            text.push_str(&cause.to_string());
            next = cause.source();
        }
        text
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.source.as_deref().map(|e| e as &(dyn std::error::Error + 'static))
    }
}

impl From<candle_core::Error> for Error {
    fn from(e: candle_core::Error) -> Self {
        Self::new(ErrorKind::Compute, "The sound could not be computed").with_source(e)
    }
}

impl From<std::io::Error> for Error {
    fn from(e: std::io::Error) -> Self {
        Self::new(ErrorKind::Io, "A file could not be read or written").with_source(e)
    }
}
