//! Where tensors live, in which precision the flow computes, and which threads compute; the only reader of the
//! settings of these, and the only code that knows of a kind of GPU.
//!
//! # Threads that are not ours
//! candle starts threads of its own (`candle-bp-*`, at normal priority, never ended) for element-wise operations on large
//! tensors, and reads the system's list of processors for every product. Nothing that a sound needs does either on the CPU:
//! products go through `straightshot-matmul` or through weights in bytes, sums of large tensors through [`crate::nn::ops`].
//! `tests/realtime/threads.rs` looks for such threads. If one were started all the same, the plugin's library stays loaded on
//! Linux (`plugin/build.rs`); on Windows its code would be taken away with the library.

use crate::error::{Error, ErrorKind, Result};
use candle_core::{DType, Device};
use std::fmt;
use std::thread::{Builder, JoinHandle};
use thread_priority::{ThreadPriority, ThreadPriorityValue, set_current_thread_priority};

/// Names the variable with a number of threads to use instead of the usual one; for measurements.
const THREADS_VARIABLE: &str = "STRAIGHTSHOT_THREADS";
/// More threads than this gain little at the sizes of the shipped model.
const MAX_THREADS: usize = 4;
/// Most threads where a GPU computes the networks. What is left to the processor is many small pieces, so more threads
/// should help than with networks; `engine/benches/gpu.sh` will tell, which has not been run since.
const MAX_THREADS_BESIDE_GPU: usize = 8;
/// On the scale of 0 (lowest) to 99; 25 is a niceness of +9 on Linux and "below normal" on Windows.
const WORKER_PRIORITY: u8 = 25;
/// Name of the variable that has a card of NVIDIA's play recordings if it says `1`; off otherwise, for it has run on no
/// card yet.
const RECORD_VARIABLE: &str = "STRAIGHTSHOT_GPU_RECORD";
/// Name of the variable that keeps generation on the CPU if it says `cpu`.
const DEVICE_VARIABLE: &str = "STRAIGHTSHOT_DEVICE";

/// Where a model computes, and why there.
#[derive(Debug, Clone)]
pub struct Placement {
    device: Device,
    flow_type: DType,
    /// Whether a GPU plays what it was asked for before.
    is_recorded: bool,
    /// Why not on a GPU that the program was built for, in the user's words.
    reason: Option<String>,
}

impl Placement {
    /// On the CPU, in single precision.
    #[must_use]
    pub fn cpu() -> Self {
        Self { device: Device::Cpu, flow_type: DType::F32, is_recorded: false, reason: None }
    }

    /// On a GPU if the program was built for one and there is one that works, else on the CPU. Loads nothing and touches
    /// no driver if `STRAIGHTSHOT_DEVICE` is `cpu`.
    #[must_use]
    pub fn best() -> Self {
        if std::env::var_os(DEVICE_VARIABLE).is_some_and(|device| device.eq_ignore_ascii_case("cpu")) {
            return Self::cpu();
        }
        match gpu::open() {
            None => Self::cpu(),
            Some(Ok(device)) => {
                let is_recorded = std::env::var_os(RECORD_VARIABLE).is_some_and(|record| record == "1");
                Self { device, flow_type: gpu::FLOW_TYPE, is_recorded, reason: None }
            }
            Some(Err(e)) => Self::cpu().because(e.detail()),
        }
    }

    /// On a GPU.
    ///
    /// # Errors
    /// [`ErrorKind::Compute`] saying why there is none to be used.
    pub fn gpu() -> Result<Self> {
        let device = gpu::open().unwrap_or_else(|| {
            Err(Error::new(ErrorKind::Compute, "this program was built without support for GPUs"))
        })?;
        Ok(Self { device, flow_type: gpu::FLOW_TYPE, is_recorded: false, reason: None })
    }

    /// The same with the weights and products of the flow's blocks in another type, for measurements.
    #[must_use]
    pub fn with_flow_type(self, flow_type: DType) -> Self {
        Self { flow_type, ..self }
    }

    /// The same with each network recorded when it computes the same shapes again, and played by one call from then on.
    #[must_use]
    pub fn recorded(self) -> Self {
        Self { is_recorded: self.is_gpu(), ..self }
    }

    /// Whether networks are recorded.
    #[must_use]
    pub fn is_recorded(&self) -> bool {
        self.is_recorded
    }

    /// The same for training: products of single precision on a GPU take their factors with the 10 bits of TF32, which
    /// changes a gradient less than the choice of its examples does. It holds for the whole process.
    #[must_use]
    pub fn for_training(self) -> Self {
        gpu::allow_tf32();
        self
    }

    /// The same with a reason for not being on a GPU.
    #[must_use]
    pub(crate) fn because(self, reason: String) -> Self {
        Self { reason: Some(reason), ..self }
    }

    /// The device of all tensors.
    #[must_use]
    pub fn device(&self) -> &Device {
        &self.device
    }

    /// Type of the weights and products in the flow's blocks; everything else is `f32`.
    #[must_use]
    pub fn flow_type(&self) -> DType {
        self.flow_type
    }

    /// Whether this is a GPU.
    #[must_use]
    pub fn is_gpu(&self) -> bool {
        !self.device.is_cpu()
    }

    /// Threads for what the processor has to do: one core is left to the host's audio thread wherever there is more than
    /// one. The variable `STRAIGHTSHOT_THREADS` overrules this.
    #[must_use]
    pub fn worker_threads(&self) -> usize {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let most = if self.is_gpu() { MAX_THREADS_BESIDE_GPU } else { MAX_THREADS };
        threads(std::env::var(THREADS_VARIABLE).ok().as_deref(), cores, most)
    }

    /// Why this is not a GPU although the program was built for one, in the user's words.
    #[must_use]
    pub fn reason(&self) -> Option<&str> {
        self.reason.as_deref()
    }
}

impl fmt::Display for Placement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let device = if self.is_gpu() { "GPU" } else { "CPU" };
        write!(f, "computing on the {device}, the flow in {}", self.flow_type.as_str())?;
        self.reason.as_ref().map_or(Ok(()), |reason| write!(f, ": {reason}"))
    }
}

mod gpu;

fn threads(wanted: Option<&str>, cores: usize, most: usize) -> usize {
    let wanted = wanted.and_then(|text| text.parse().ok()).filter(|threads| *threads > 0);
    wanted.unwrap_or_else(|| cores.saturating_sub(1).clamp(1, most))
}

/// Threads for everything the engine computes; they have ended when this is dropped.
#[derive(Debug)]
pub struct WorkerPool {
    // Dropped first, which tells the threads to end.
    pool: rayon::ThreadPool,
    // Dropped second, which waits for them.
    _threads: Threads,
}

impl WorkerPool {
    /// Number of threads.
    #[must_use]
    pub fn threads(&self) -> usize {
        self.pool.current_num_threads()
    }

    /// Runs `work` on a thread of the pool; blocks the caller until done.
    pub fn install<R: Send>(&self, work: impl FnOnce() -> R + Send) -> R {
        self.pool.install(work)
    }
}

/// The handles of the pool's threads.
#[derive(Debug, Default)]
struct Threads(Vec<JoinHandle<()>>);

impl Drop for Threads {
    fn drop(&mut self) {
        let own = std::thread::current().id();
        // A thread that drops its own pool cannot wait for itself.
        for thread in self.0.drain(..).filter(|thread| thread.thread().id() != own) {
            // rayon hands panics to the caller of `install`; there is no result to look at.
            let _ = thread.join();
        }
    }
}

/// A pool of `threads` threads below normal priority.
///
/// Everything the engine computes runs inside it, so that the host's own work goes first. rayon's own pool does not
/// wait for its threads: Windows takes the code of an unloaded plug-in from under those that are still ending.
///
/// # Errors
/// [`ErrorKind::Compute`] if the system refuses the threads.
pub fn worker_pool(threads: usize) -> Result<WorkerPool> {
    let mut started = Threads::default();
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(threads)
        .start_handler(|_| {
            if let Ok(value) = ThreadPriorityValue::try_from(WORKER_PRIORITY) {
                // A refusal leaves normal priority: slower for the host, but not wrong.
                let _ = set_current_thread_priority(ThreadPriority::Crossplatform(value));
            }
        })
        .spawn_handler(|thread| {
            let builder = Builder::new().name(format!("straightshot-{}", thread.index()));
            started.0.push(builder.spawn(|| thread.run())?);
            Ok(())
        })
        .build()
        .map_err(|e| {
            Error::new(ErrorKind::Compute, "The worker threads could not be started").with_source(e)
        })?;
    Ok(WorkerPool { pool, _threads: started })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg(not(any(feature = "cuda", feature = "metal")))]
    fn a_program_without_support_for_a_gpu_has_none_and_owes_no_reason() {
        let place = Placement::best();
        assert!(!place.is_gpu() && place.reason().is_none());
        assert_eq!(place.to_string(), "computing on the CPU, the flow in f32");
        let refused = Placement::gpu().expect_err("no GPU");
        assert_eq!(refused.to_string(), "this program was built without support for GPUs");
    }

    #[test]
    fn what_is_said_names_the_device_the_type_and_the_reason() {
        let place = Placement::cpu().with_flow_type(DType::F16).because("the fan is loud".into());
        assert_eq!(place.to_string(), "computing on the CPU, the flow in f16: the fan is loud");
    }

    #[test]
    fn the_threads_of_a_pool_have_ended_when_it_is_gone() {
        use std::cell::RefCell;
        use std::sync::Arc;
        use std::sync::atomic::{AtomicUsize, Ordering};

        /// Counts when its thread ends, which it makes late.
        struct Last(Arc<AtomicUsize>);
        impl Drop for Last {
            fn drop(&mut self) {
                std::thread::sleep(std::time::Duration::from_millis(50));
                self.0.fetch_add(1, Ordering::SeqCst);
            }
        }
        thread_local!(static LAST: RefCell<Option<Last>> = const { RefCell::new(None) });

        let ended = Arc::new(AtomicUsize::new(0));
        let pool = worker_pool(3).unwrap();
        assert_eq!(pool.threads(), 3);
        pool.pool.broadcast(|_| LAST.set(Some(Last(ended.clone()))));
        drop(pool);
        assert_eq!(ended.load(Ordering::SeqCst), 3);
    }

    #[test]
    fn a_core_is_left_to_the_host_unless_told_otherwise() {
        assert_eq!([1, 2, 4, 64].map(|cores| threads(None, cores, 4)), [1, 1, 3, 4]);
        assert_eq!(threads(Some("2"), 2, 1), 2);
        assert_eq!(["0", "-1", "all"].map(|text| threads(Some(text), 2, 4)), [1, 1, 1]);
    }
}
