//! How far a job is, and how it is stopped.

use crate::{ErrorKind, Failure};
use serde::{Deserialize, Serialize};
use std::ops::Add;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// The part of a job that is running.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Stage {
    /// Waiting for a job of another instance.
    Wait,
    /// Reading and unpacking the model (first generation in the process only).
    Load,
    /// Tokenising and encoding the prompt.
    Text,
    /// Solver step `step` (1-based) of `steps`.
    Flow {
        /// Step that is running, from 1.
        step: u32,
        /// Steps in all.
        steps: u32,
    },
    /// Latents to waveform.
    Decode,
    /// Conversion to another sample rate (only where a caller asks for one).
    Resample,
}

/// One progress report; `fraction` never decreases within a job.
///
/// ```
/// use straightshot_protocol::{Progress, Stage};
///
/// let progress = Progress { stage: Stage::Flow { step: 2, steps: 4 }, fraction: 0.4, eta: None };
/// let written = serde_json::to_string(&progress).unwrap();
/// assert_eq!(serde_json::from_str::<Progress>(&written).unwrap(), progress);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Progress {
    /// What runs now.
    pub stage: Stage,
    /// Work done so far, 0 ..= 1, weighted by the cost of the stages.
    pub fraction: f32,
    /// Time left if the rest goes as fast as so far; `None` until there is something to go by.
    pub eta: Option<Duration>,
}

/// Wall time of each stage of one job.
///
/// ```
/// use std::time::Duration;
/// use straightshot_protocol::StageTimings;
///
/// let one = StageTimings { flow: Duration::from_millis(30), ..StageTimings::default() };
/// assert_eq!((one + one).total(), Duration::from_millis(60));
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct StageTimings {
    /// Tokeniser and text encoder.
    pub text: Duration,
    /// All solver steps together.
    pub flow: Duration,
    /// Latents to waveform.
    pub decode: Duration,
}

impl StageTimings {
    /// Sum of the stages.
    #[must_use]
    pub fn total(&self) -> Duration {
        self.text + self.flow + self.decode
    }
}

impl Add for StageTimings {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            text: self.text + other.text,
            flow: self.flow + other.flow,
            decode: self.decode + other.decode,
        }
    }
}

/// A flag shared between whoever asked for a sound and the thread that makes it. Clones share the flag.
///
/// ```
/// use straightshot_protocol::{CancelToken, ErrorKind};
///
/// let asked = CancelToken::default();
/// let working = asked.clone();
/// assert!(working.check().is_ok());
/// asked.cancel();
/// assert_eq!(working.check().unwrap_err().kind, ErrorKind::Cancelled);
/// ```
#[derive(Debug, Clone, Default)]
pub struct CancelToken(Arc<AtomicBool>);

impl CancelToken {
    /// Asks the job to stop; idempotent, never blocks.
    pub fn cancel(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// Whether [`CancelToken::cancel`] was called.
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }

    /// Turns a raised flag into an error so that `?` unwinds the job.
    ///
    /// # Errors
    /// [`ErrorKind::Cancelled`] if the token was raised.
    pub fn check(&self) -> Result<(), Failure> {
        if self.is_cancelled() { Err(Failure::new(ErrorKind::Cancelled, "Cancelled")) } else { Ok(()) }
    }
}
