//! What the editor asks for: sounds, better versions of them, and the end of either.

use super::EditorLink;
use crate::params::MAX_SEED;
use crate::shared::Command;
use straightshot_protocol::Request;
use straightshot_takes::{JobId, QueuedJob, TakeId};

impl EditorLink {
    /// Asks for `count` sounds of `request`, the first with its seed and the others with those that follow. They are made when
    /// everything is made that was asked for before, and arrive as new takes; a failure arrives as a notice.
    ///
    /// What the request says counts, whatever is edited until it is its turn.
    pub fn generate(&self, request: Request, count: u32) {
        let seeds = seeds(request.seed, count);
        // What is chosen now counts, not what will be when the worker comes to it.
        let job = {
            let session = self.shared.session.lock();
            QueuedJob {
                model: session.model.clone(),
                ..QueuedJob::make(request, &seeds, session.draft_first)
            }
        };
        self.worker.send(Command::Generate(Box::new(job)));
    }

    /// Asks for the version of a take with `steps` steps, made in place with its own seed and recipe by the model that made
    /// it. Goes before new takes that are not begun. Does nothing if there is that version, or if it is coming.
    pub fn refine(&self, id: TakeId, steps: u32) {
        self.worker.send(Command::Refine(id, steps));
    }

    /// Gives up a job, whether it runs or waits. What it has made so far stays.
    pub fn cancel(&self, job: JobId) {
        self.worker.send(Command::Cancel(job));
    }

    /// Gives up the job that runs, or what waits for its model if none does; those behind it go on.
    pub fn cancel_running(&self) {
        self.worker.send(Command::CancelRunning);
    }

    /// Gives up all jobs.
    pub fn cancel_all(&self) {
        self.worker.send(Command::CancelAll);
    }

    /// Stores how many sounds a click makes.
    pub fn set_variations(&self, count: u32) {
        self.edit(|session| session.variations = count.max(1));
    }

    /// Stores whether the first sound of a job is played when it is there.
    pub fn set_play_when_ready(&self, play: bool) {
        self.edit(|session| session.play_when_ready = play);
    }
}

/// The seeds of `count` sounds from `first` on, all of which the seed's field can show and a take can be recalled by.
fn seeds(first: u64, count: u32) -> Vec<u64> {
    let range = u64::from(MAX_SEED.unsigned_abs()) + 1;
    let following = |i: u32| {
        let seed = first.wrapping_add(u64::from(i));
        if first < range { seed % range } else { seed }
    };
    (0..count.max(1)).map(following).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seeds_follow_one_another_and_begin_again_where_the_field_ends() {
        assert_eq!(seeds(5, 3), [5, 6, 7]);
        assert_eq!(seeds(999_998, 4), [999_998, 999_999, 0, 1]);
        assert_eq!(seeds(7, 0), [7]);
        assert_eq!(seeds(u64::MAX, 2), [u64::MAX, 0], "a seed from elsewhere");
    }
}
