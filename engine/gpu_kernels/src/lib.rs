//! What a card of NVIDIA's computes for a sound between matrix products: chains of small operations, each in one launch.
//!
//! A single sound is so little work for a card that launching is what takes the time. There are no gradients here and
//! nothing but `f32`: [`fit`] says whether tensors are for these functions, and whoever calls them has the same formula
//! made of other operations for all others.
//!
//! A crate of its own because launching a kernel is a call that the compiler cannot check. Every function here checks
//! all that its kernel relies on. What a kernel is given is laid out twice, beside its function and in `kernels.cu`.

mod attention;
mod codec;
mod kept;
#[cfg(feature = "cuda")]
#[path = "launch.rs"]
mod launch;
#[cfg(not(feature = "cuda"))]
#[path = "no_launch.rs"]
mod launch;
mod rows;

use candle_core::{DType, Result, Tensor, bail};

pub use attention::{Heads, MOST_BATCH, MOST_HEAD_DIM, Text, attention, attention_fits};
pub use codec::{BandPart, Cross, MOST_CROSS_DIM, cross_norm, frames};
pub use kept::{Landing, Recordings};
pub use rows::{Activation, MOST_LINEAR_ROWS, Norm, activate, linear, norm, scale_shift, swiglu};

/// Threads of a block where every thread makes one value, and where every warp makes one row.
const THREADS: u32 = 256;
/// Threads that compute in step.
const WARP: u32 = 32;

/// Whether the functions here are for these tensors: `f32` on one card of NVIDIA's, of which none wants a gradient.
#[must_use]
pub fn fit(tensors: &[&Tensor]) -> bool {
    let is_one_device = |x: &&Tensor| x.device().same_device(tensors[0].device());
    cfg!(feature = "cuda")
        && tensors.iter().all(|x| x.device().is_cuda() && x.dtype() == DType::F32 && !x.track_op())
        && tensors.iter().all(is_one_device)
}

/// An address in a card's memory.
#[derive(Clone, Copy)]
#[repr(transparent)]
struct Pointer(u64);

impl Pointer {
    /// Nothing, where a kernel can do without.
    const NULL: Self = Self(0);

    /// Where all values of `x` lie, one behind the other.
    fn whole(x: &Tensor) -> Result<Self> {
        if !x.is_contiguous() {
            bail!("a tensor of shape {:?} does not lie in one piece", x.shape());
        }
        Self::first(x)
    }

    /// Where the first value of `x` lies.
    fn first(x: &Tensor) -> Result<Self> {
        Ok(Self(launch::address(x)?))
    }
}

/// One launch: how many blocks of how many threads, and what the kernel is given.
struct Launch<A> {
    blocks: [usize; 3],
    threads: u32,
    arguments: A,
}

impl<A> Launch<A> {
    /// A thread for each of `count` values.
    fn per_value(count: usize, arguments: A) -> Self {
        Self { blocks: [count.div_ceil(THREADS as usize), 1, 1], threads: THREADS, arguments }
    }
}

fn last(x: &Tensor) -> usize {
    x.dims().last().copied().unwrap_or(0)
}

fn int(n: usize) -> Result<i32> {
    i32::try_from(n).map_err(|_| candle_core::Error::Msg(format!("{n} are too many for a kernel")))
}

/// An error that names the shape of `x` unless it `fits`.
fn expect(x: &Tensor, fits: bool) -> Result<()> {
    if fits {
        return Ok(());
    }
    bail!("a tensor of shape {:?} does not fit the kernel", x.shape())
}

#[cfg(test)]
mod tests;
