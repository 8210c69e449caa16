//! The engine's error: one opaque type with a [`ErrorKind`] to match on and a message a person can act on.

pub use straightshot_protocol::ErrorKind;

use std::fmt;
use straightshot_protocol::Failure;

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

    /// The error of a request that the system has no memory for.
    pub(crate) fn too_little_memory(cause: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        let text = "There is not enough free memory for this sound. Close other programs, or make it shorter";
        Self::new(ErrorKind::OutOfMemory, text).with_source(cause)
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

impl From<Failure> for Error {
    fn from(failure: Failure) -> Self {
        let error = Self::new(failure.kind, failure.text);
        if failure.cause.is_empty() { error } else { error.with_source(failure.cause) }
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        let failure = Self::new(error.kind, error.message.clone());
        match std::error::Error::source(&error) {
            Some(cause) => failure.because(cause),
            None => failure,
        }
    }
}

impl From<candle_core::Error> for Error {
    fn from(e: candle_core::Error) -> Self {
        if is_out_of_memory(&e) {
            return Self::too_little_memory(e);
        }
        Self::new(ErrorKind::Compute, "The sound could not be computed").with_source(e)
    }
}

/// Whether [`crate::memory::zeros`] has failed inside a layer.
fn is_out_of_memory(e: &candle_core::Error) -> bool {
    match e {
        candle_core::Error::Io(e) => e.kind() == std::io::ErrorKind::OutOfMemory,
        candle_core::Error::WithBacktrace { inner, .. } | candle_core::Error::Context { inner, .. } => {
            is_out_of_memory(inner)
        }
        _ => false,
    }
}

impl From<std::io::Error> for Error {
    fn from(e: std::io::Error) -> Self {
        if e.kind() == std::io::ErrorKind::OutOfMemory {
            return Self::too_little_memory(e);
        }
        Self::new(ErrorKind::Io, "A file could not be read or written").with_source(e)
    }
}
