//! Threads that take a share of a step each.
//!
//! The products in networks of our size gain little from a second thread: it waits at the end of every one. Examples
//! do not need each other until their gradients are added, so each thread takes some of them forwards and backwards.

use candle_core::Device;
use straightshot_engine::error::{Error, ErrorKind, Result};

/// One pool of a single thread per core that may be used; layers that would spread out stay within theirs.
#[derive(Debug)]
pub struct Workers {
    pools: Vec<rayon::ThreadPool>,
}

impl Workers {
    /// As many as rayon would use here: the cores of the machine, or what `RAYON_NUM_THREADS` says.
    ///
    /// # Errors
    /// [`ErrorKind::Compute`] if the system refuses a thread.
    pub fn new() -> Result<Self> {
        let one = || {
            rayon::ThreadPoolBuilder::new().num_threads(1).build().map_err(|e| {
                Error::new(ErrorKind::Compute, "The training threads could not be started").with_source(e)
            })
        };
        Ok(Self { pools: (0..rayon::current_num_threads()).map(|_| one()).collect::<Result<_>>()? })
    }

    /// As many as there is work for on `device`: one to keep a GPU busy.
    ///
    /// # Errors
    /// [`ErrorKind::Compute`] if the system refuses a thread.
    pub fn on(device: &Device) -> Result<Self> {
        let mut workers = Self::new()?;
        workers.pools.truncate(if device.is_cpu() { usize::MAX } else { 1 });
        Ok(workers)
    }

    /// Number of threads.
    #[must_use]
    pub fn count(&self) -> usize {
        self.pools.len()
    }

    /// `work` of every item in order, dealt out in turn.
    ///
    /// # Panics
    /// If `work` does.
    pub fn map<T: Send, R: Send>(&self, items: Vec<T>, work: impl Fn(T) -> R + Sync) -> Vec<R> {
        let count = self.count().min(items.len()).max(1);
        let mut hands: Vec<Vec<T>> = (0..count).map(|_| Vec::new()).collect();
        let total = items.len();
        for (i, item) in items.into_iter().enumerate() {
            hands[i % count].push(item);
        }
        let work = &work;
        let played: Vec<Vec<R>> = std::thread::scope(|scope| {
            let running: Vec<_> = self
                .pools
                .iter()
                .zip(hands)
                .map(|(pool, hand)| {
                    scope.spawn(move || pool.install(|| hand.into_iter().map(work).collect()))
                })
                .collect();
            let join = |thread: std::thread::ScopedJoinHandle<'_, Vec<R>>| match thread.join() {
                Ok(results) => results,
                Err(panic) => std::panic::resume_unwind(panic),
            };
            running.into_iter().map(join).collect()
        });
        let mut played: Vec<_> = played.into_iter().map(Vec::into_iter).collect();
        (0..total).filter_map(|i| played[i % count].next()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_keep_the_order_whatever_the_number_of_threads() {
        let workers = Workers::new().unwrap();
        for n in [0, 1, 2, 7] {
            let squares: Vec<usize> = workers.map((0..n).collect(), |i: usize| i * i);
            assert_eq!(squares, (0..n).map(|i| i * i).collect::<Vec<_>>());
        }
        let threads = workers.map(vec![(); workers.count()], |()| rayon::current_num_threads());
        assert!(threads.iter().all(|&n| n == 1), "{threads:?}");
    }
}
