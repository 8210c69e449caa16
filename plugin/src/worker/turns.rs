//! Whose turn it is to compute: one job of the process at a time, first come, first served.

use parking_lot::{Condvar, Mutex};
use std::collections::VecDeque;
use std::time::Duration;
use straightshot_protocol::CancelToken;
use straightshot_protocol::Failure;

/// How often a job that waits for its turn looks whether it was cancelled.
const POLL: Duration = Duration::from_millis(20);

/// The line of jobs; the first one in it has the turn.
///
/// A plain lock would not do: a job that gives its turn back and asks for the next one at once would mostly get it,
/// before a job that has waited all the time.
#[derive(Default)]
pub(super) struct Turns {
    line: Mutex<Line>,
    /// Notified when someone has left the line.
    moved: Condvar,
}

#[derive(Default)]
struct Line {
    /// Numbers of the jobs, in the order of their coming.
    jobs: VecDeque<u64>,
    /// The number that the next one gets.
    next: u64,
}

/// A place in the line, left when this is dropped.
pub(super) struct Turn<'a> {
    turns: &'a Turns,
    number: u64,
}

impl Turns {
    /// Waits until no other job computes; the turn lasts as long as the returned value. `waiting` is called once if
    /// there is something to wait for.
    ///
    /// # Errors
    /// If the job was cancelled while it waited.
    pub(super) fn take(&self, cancel: &CancelToken, waiting: impl FnOnce()) -> Result<Turn<'_>, Failure> {
        cancel.check()?;
        let turn = self.join();
        if turn.has_come(&self.line.lock()) {
            return Ok(turn);
        }
        waiting();
        let mut line = self.line.lock();
        while !turn.has_come(&line) {
            self.moved.wait_for(&mut line, POLL);
            cancel.check()?;
        }
        drop(line);
        Ok(turn)
    }

    fn join(&self) -> Turn<'_> {
        let mut line = self.line.lock();
        let number = line.next;
        line.next += 1;
        line.jobs.push_back(number);
        Turn { turns: self, number }
    }
}

impl Turn<'_> {
    fn has_come(&self, line: &Line) -> bool {
        line.jobs.front() == Some(&self.number)
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        self.turns.line.lock().jobs.retain(|number| *number != self.number);
        self.turns.moved.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Mutex as Plain;

    #[test]
    fn whoever_comes_again_goes_to_the_end_of_the_line() {
        let (turns, order) = (Turns::default(), Plain::new(Vec::new()));
        let never = CancelToken::default();
        let first = turns.take(&never, || panic!("nobody is there")).expect("the turn");
        std::thread::scope(|scope| {
            for name in [1, 2] {
                scope.spawn({
                    let (turns, order, never) = (&turns, &order, &never);
                    move || {
                        let _turn = turns.take(never, || ()).expect("the turn");
                        order.lock().expect("no panic").push(name);
                    }
                });
                while turns.line.lock().jobs.len() <= name {
                    std::thread::yield_now();
                }
            }
            drop(first);
            let _again = turns.take(&never, || ()).expect("the turn");
            order.lock().expect("no panic").push(0);
        });
        assert_eq!(*order.lock().expect("no panic"), [1, 2, 0]);
    }

    #[test]
    fn a_cancelled_job_leaves_the_line() {
        let (turns, never, cancelled) = (Turns::default(), CancelToken::default(), CancelToken::default());
        let turn = turns.take(&never, || ()).expect("the turn");
        assert!(turns.take(&cancelled, || cancelled.cancel()).is_err());
        drop(turn);
        assert!(turns.take(&never, || panic!("nobody is there")).is_ok());
    }
}
