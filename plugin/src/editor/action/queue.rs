//! Of making sounds.

use straightshot_takes::JobId;

/// Jobs.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::editor) enum QueueAction {
    /// Make sounds from the prompt and the parameters, when everything is made that was asked for before.
    Generate,
    /// Make so many sounds with each click.
    Count(u32),
    /// Play the first sound of a click when it is there, or not.
    PlayWhenReady(bool),
    /// Give up the job that runs.
    Cancel,
    /// Give up a job.
    CancelJob(JobId),
    /// Give up all jobs.
    CancelAll,
}
