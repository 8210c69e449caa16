//! In place of launching where nothing can be launched, so that all that goes before it is compiled and tested.

use super::{Launch, Pointer};
use candle_core::{Result, Tensor, bail};

/// Nowhere.
pub(crate) fn address(_: &Tensor) -> Result<u64> {
    Ok(0)
}

/// Memory that a card copies to, of which there is none.
pub(crate) struct Pinned(Never);

impl Pinned {
    pub(crate) fn new(_: &Tensor, _: usize) -> Result<Self> {
        bail!("this program was built without kernels")
    }

    pub(crate) fn len(&self) -> usize {
        match self.0 {}
    }

    pub(crate) fn read(&mut self, _: &Tensor) -> Result<&[f32]> {
        match self.0 {}
    }
}

/// A computation on a card, of which there is none.
pub(crate) struct Recorded(Never);

impl Recorded {
    pub(crate) fn new(_: &[&Tensor], _: &dyn Fn(&[Tensor]) -> Result<Vec<Tensor>>) -> Result<Self> {
        bail!("this program was built without kernels")
    }

    pub(crate) fn play(&self, _: &[&Tensor]) -> Result<Vec<Tensor>> {
        match self.0 {}
    }
}

/// What cannot be made.
enum Never {}

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
