//! Where tensors live and which threads compute; the only reader of thread settings.

use crate::error::{Error, ErrorKind, Result};
use candle_core::Device;
use thread_priority::{ThreadPriority, ThreadPriorityValue, set_current_thread_priority};

/// Names the variable with a number of threads to use instead of the usual one; for measurements.
const THREADS_VARIABLE: &str = "STRAIGHTSHOT_THREADS";
/// More threads than this gain little at the sizes of the shipped model.
const MAX_THREADS: usize = 4;
/// On the scale of 0 (lowest) to 99; 25 is a niceness of +9 on Linux and "below normal" on Windows.
const WORKER_PRIORITY: u8 = 25;

/// The device that generation runs on.
#[must_use]
pub fn default_device() -> Device {
    Device::Cpu
}

/// Threads for generation: one core is left to the host's audio thread wherever there is more than one. The variable
/// `STRAIGHTSHOT_THREADS` overrules this.
#[must_use]
pub fn worker_threads() -> usize {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    threads(std::env::var(THREADS_VARIABLE).ok().as_deref(), cores)
}

fn threads(wanted: Option<&str>, cores: usize) -> usize {
    let wanted = wanted.and_then(|text| text.parse().ok()).filter(|threads| *threads > 0);
    wanted.unwrap_or_else(|| cores.saturating_sub(1).clamp(1, MAX_THREADS))
}

/// A pool of `threads` threads below normal priority.
///
/// Everything the engine computes runs inside it, so that the host's own work goes first and the threads end
/// with the pool: a plug-in must not leave threads behind when its library is unloaded.
///
/// # Errors
/// [`ErrorKind::Compute`] if the system refuses the threads.
pub fn worker_pool(threads: usize) -> Result<rayon::ThreadPool> {
    rayon::ThreadPoolBuilder::new()
        .num_threads(threads)
        .thread_name(|i| format!("straightshot-{i}"))
        .start_handler(|_| {
            if let Ok(value) = ThreadPriorityValue::try_from(WORKER_PRIORITY) {
                // A refusal leaves normal priority: slower for the host, but not wrong.
                let _ = set_current_thread_priority(ThreadPriority::Crossplatform(value));
            }
        })
        .build()
        .map_err(|e| Error::new(ErrorKind::Compute, "The worker threads could not be started").with_source(e))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_core_is_left_to_the_host_unless_told_otherwise() {
        assert_eq!([1, 2, 4, 64].map(|cores| threads(None, cores)), [1, 1, 3, 4]);
        assert_eq!(threads(Some("2"), 2), 2);
        assert_eq!(["0", "-1", "all"].map(|text| threads(Some(text), 2)), [1, 1, 1]);
    }
}
