//! In place of launching where nothing can be launched, so that all that goes before it is compiled and tested.

use candle_core::{Result, Tensor, bail};

/// An address in a card's memory, of which there is none.
#[derive(Clone, Copy)]
#[repr(transparent)]
pub(crate) struct Pointer(u64);

impl Pointer {
    /// Nothing, where a kernel can do without.
    pub(crate) const NULL: Self = Self(0);

    /// Where all values of `x` lie, one behind the other.
    pub(crate) fn whole(x: &Tensor) -> Result<Self> {
        if !x.is_contiguous() {
            bail!("a tensor of shape {:?} does not lie in one piece", x.shape());
        }
        Self::first(x)
    }

    /// Where the first value of `x` lies.
    pub(crate) fn first(_: &Tensor) -> Result<Self> {
        Ok(Self::NULL)
    }
}

/// Refuses.
///
/// # Errors
/// Always.
pub fn read(_: &Tensor, _: &mut [f32]) -> Result<()> {
    bail!("this program was built without kernels")
}

/// One launch: how many blocks of how many threads, and what the kernel is given.
pub(crate) struct Launch<A> {
    pub(crate) blocks: [usize; 3],
    pub(crate) threads: u32,
    pub(crate) arguments: A,
}

/// Refuses, after all that is checked before a launch.
pub(crate) fn run<A: Copy>(
    kernel: &'static str,
    _: &Tensor,
    _: &[usize],
    launches: impl FnOnce(Pointer) -> Result<Vec<Launch<A>>>,
) -> Result<Tensor> {
    let launches = launches(Pointer::NULL)?;
    let first =
        launches.first().map(|launch| (launch.blocks, launch.threads, size_of_val(&launch.arguments)));
    bail!("this program was built without kernels, {kernel} was to be launched as {first:?}")
}
