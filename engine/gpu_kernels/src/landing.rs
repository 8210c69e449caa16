//! Memory of the system's that a card copies to.

use candle_core::cuda_backend::WrapErr;
use candle_core::cuda_backend::cudarc::driver::PinnedHostSlice;
use candle_core::{Device, Result, Storage, Tensor, bail};

/// Memory that stays where it is, so that a card writes to it by itself.
pub(crate) struct Pinned(PinnedHostSlice<f32>);

impl Pinned {
    /// Memory for `n` values on the card of `x`.
    pub(crate) fn new(x: &Tensor, n: usize) -> Result<Self> {
        let Device::Cuda(device) = x.device() else { bail!("a tensor is not on the card") };
        // No flags: the processor reads the memory as any other.
        // SAFETY: what is not set is set on the next line, before anything reads it.
        let mut memory =
            unsafe { device.cuda_stream().context().alloc_pinned_with_flags::<f32>(n, 0) }.w()?;
        memory.as_mut_slice().w()?.fill(0.0);
        Ok(Self(memory))
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    /// The values of `x` once the card has computed and copied them.
    pub(crate) fn read(&mut self, x: &Tensor) -> Result<&[f32]> {
        let (storage, layout) = x.storage_and_layout();
        let (Storage::Cuda(storage), Device::Cuda(device)) = (&*storage, x.device()) else {
            bail!("a tensor is not on the card")
        };
        let Some((start, end)) = layout.contiguous_offsets() else {
            bail!("a tensor of shape {:?} does not lie in one piece", x.shape());
        };
        let values = storage.as_cuda_slice::<f32>()?.slice(start..end);
        device.cuda_stream().memcpy_dtoh(&values, &mut self.0).w()?;
        Ok(&self.0.as_slice().w()?[..end - start])
    }
}
