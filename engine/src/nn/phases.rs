//! Work in phases that are shorter than it takes to wake a thread.
//!
//! rayon's threads fall asleep when they find nothing to do for some microseconds, as at the end of every loop that is
//! shared among them, and come back too late for the next if that is a short one. Here the threads that help stay awake
//! from the first phase to the last.
//!
//! A block of the transformer is four such phases, a layer of the text encoder six. For a short clip a phase takes some tens
//! of microseconds. The thread that leads never waits for another one to begin, only for work that another has begun. Written
//! with rayon's scopes, without `unsafe`.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

/// Rounds of waiting before a thread lets others run.
const SPINS: usize = 200;

/// The tasks of a phase.
struct Phase {
    count: usize,
    taken: AtomicUsize,
    finished: AtomicUsize,
}

impl Phase {
    /// Does tasks until all are taken.
    fn help(&self, task: impl Fn(usize)) {
        loop {
            let i = self.taken.fetch_add(1, Ordering::Relaxed);
            if i >= self.count {
                return;
            }
            // Counted even if it panics, or the others would wait for ever.
            let _finished = Finally(|| {
                self.finished.fetch_add(1, Ordering::Release);
            });
            task(i);
        }
    }
}

/// Does something when it goes.
struct Finally<F: FnMut()>(F);

impl<F: FnMut()> Drop for Finally<F> {
    fn drop(&mut self) {
        (self.0)();
    }
}

/// Waits for something that other threads are about to do.
fn wait_for(mut is_so: impl FnMut() -> bool) {
    let mut rounds = 0usize;
    while !is_so() {
        rounds += 1;
        if rounds.is_multiple_of(SPINS) {
            std::thread::yield_now();
        } else {
            std::hint::spin_loop();
        }
    }
}

/// Calls `task` with the number of the phase and of the task for all tasks of all phases, on the threads of the current
/// rayon pool. A phase begins when all tasks of the one before have ended and `before` has been called for it, by the
/// calling thread; its error ends all of it.
///
/// The calling thread waits for tasks that others have begun, never for a thread: it does everything itself if no other
/// has time. Tasks must not wait for work of the pool: while they do, rayon could give them a thread's part in all
/// phases to do, which ends when the last phase has.
///
/// # Errors
/// Those of `before`.
///
/// # Panics
/// If a task panics.
pub(crate) fn in_phases<E>(
    counts: impl IntoIterator<Item = usize>,
    mut before: impl FnMut(usize) -> Result<(), E>,
    task: impl Fn(usize, usize) + Sync,
) -> Result<(), E> {
    let phase = |count| Phase { count, taken: AtomicUsize::new(0), finished: AtomicUsize::new(0) };
    let phases: Vec<Phase> = counts.into_iter().map(phase).collect();
    // How many phases have begun.
    let (begun, is_over) = (AtomicUsize::new(0), AtomicBool::new(false));
    let help = || {
        let mut done = 0;
        while done < phases.len() {
            wait_for(|| begun.load(Ordering::Acquire) > done || is_over.load(Ordering::Acquire));
            if is_over.load(Ordering::Acquire) {
                return;
            }
            // The last that has begun: those before have ended.
            done = begun.load(Ordering::Acquire);
            phases[done - 1].help(|i| task(done - 1, i));
        }
    };
    rayon::in_place_scope(|scope| {
        // Whatever happens below, those who help are sent home.
        let _over = Finally(|| is_over.store(true, Ordering::Release));
        for _ in 1..rayon::current_num_threads() {
            scope.spawn(|_| help());
        }
        for (i, phase) in phases.iter().enumerate() {
            before(i)?;
            begun.store(i + 1, Ordering::Release);
            phase.help(|at| task(i, at));
            wait_for(|| phase.finished.load(Ordering::Acquire) == phase.count);
        }
        Ok(())
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Mutex;

    fn on<R: Send>(threads: usize, work: impl FnOnce() -> R + Send) -> R {
        rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap().install(work)
    }

    #[test]
    fn every_task_is_done_once_and_after_those_of_the_phase_before() {
        for threads in [1, 2, 5] {
            for counts in [vec![], vec![0], vec![1], vec![3, 0, 40, 1, 7], vec![2; 500]] {
                let done: Vec<AtomicUsize> = counts.iter().map(|_| AtomicUsize::new(0)).collect();
                let seen = Mutex::new(Vec::new());
                let task = |phase: usize, i: usize| {
                    for before in 0..phase {
                        assert_eq!(done[before].load(Ordering::SeqCst), counts[before]);
                    }
                    assert!(i < counts[phase]);
                    seen.lock().unwrap().push((phase, i));
                    done[phase].fetch_add(1, Ordering::SeqCst);
                };
                let mut asked = Vec::new();
                let before = |phase| {
                    asked.push(phase);
                    Ok::<(), ()>(())
                };
                on(threads, || in_phases(counts.iter().copied(), before, task)).unwrap();
                assert!(asked.iter().copied().eq(0..counts.len()));
                let mut seen = seen.into_inner().unwrap();
                seen.sort_unstable();
                let all = counts.iter().enumerate().flat_map(|(phase, n)| (0..*n).map(move |i| (phase, i)));
                assert!(seen.into_iter().eq(all), "{threads} threads, {counts:?}");
            }
        }
    }

    #[test]
    fn other_threads_do_help() {
        let (ids, arrived) = (Mutex::new(std::collections::HashSet::new()), AtomicUsize::new(0));
        on(3, || {
            in_phases(
                [3],
                |_| Ok::<(), ()>(()),
                |_, _| {
                    ids.lock().unwrap().insert(std::thread::current().id());
                    // Ends only if three threads are here at once.
                    arrived.fetch_add(1, Ordering::SeqCst);
                    wait_for(|| arrived.load(Ordering::SeqCst) == 3);
                },
            )
        })
        .unwrap();
        assert_eq!(ids.into_inner().unwrap().len(), 3);
    }

    #[test]
    fn an_error_ends_it_before_the_phase() {
        let most = AtomicUsize::new(0);
        let before = |phase| if phase == 2 { Err("stop") } else { Ok(()) };
        let task = |phase: usize, _: usize| {
            most.fetch_max(phase, Ordering::SeqCst);
        };
        assert_eq!(on(2, || in_phases([4, 4, 4, 4], before, task)), Err("stop"));
        assert_eq!(most.into_inner(), 1);
    }

    #[test]
    fn a_panic_of_any_thread_reaches_the_caller() {
        for threads in [1, 3] {
            for bad in 0..6 {
                let result = std::panic::catch_unwind(|| {
                    on(threads, || {
                        in_phases([6, 6], |_| Ok::<(), ()>(()), |phase, i| assert!((phase, i) != (0, bad)))
                    })
                });
                assert!(result.is_err(), "{threads} threads, task {bad}");
            }
        }
    }

    #[test]
    fn several_tasks_of_a_pool_can_have_phases_at_once() {
        let count = AtomicUsize::new(0);
        let task = |_: usize, _: usize| {
            count.fetch_add(1, Ordering::SeqCst);
        };
        let some = |_: &rayon::Scope<'_>| in_phases([3, 3], |_| Ok::<(), ()>(()), task).unwrap();
        on(3, || rayon::scope(|scope| (0..40).for_each(|_| scope.spawn(some))));
        assert_eq!(count.into_inner(), 40 * 6);
    }
}
