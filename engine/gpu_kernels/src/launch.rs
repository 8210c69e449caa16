//! Launching: the part that the compiler cannot check.

use super::{Launch, Pointer};
use candle_core::cuda_backend::cudarc::driver::{
    CudaStream, DevicePtr, DeviceRepr, LaunchConfig, PushKernelArg,
};
use candle_core::cuda_backend::{CudaDevice, CudaStorage, WrapErr};
use candle_core::op::BackpropOp;
use candle_core::{DType, Device, Result, Storage, Tensor, bail};

pub(crate) use landing::Pinned;
pub(crate) use recording::Recorded;

#[path = "landing.rs"]
mod landing;
#[path = "recording.rs"]
mod recording;

mod ptx {
    #![expect(unreachable_pub, reason = "what is generated says so")]
    include!(concat!(env!("OUT_DIR"), "/ptx.rs"));
}

/// Where the first value of `x` lies in the card's memory.
pub(crate) fn address(x: &Tensor) -> Result<u64> {
    let (storage, layout) = x.storage_and_layout();
    let Storage::Cuda(storage) = &*storage else { bail!("a tensor is not on the card") };
    let slice = storage.as_cuda_slice::<f32>()?;
    let (start, _reading) = slice.device_ptr(slice.stream());
    Ok(start + (layout.start_offset() * size_of::<f32>()) as u64)
}

/// A structure as a kernel takes it.
#[repr(transparent)]
struct ByValue<A>(A);

// SAFETY: a kernel gets a copy of the bytes, which `Copy` allows. That they are what the kernel declares is what the
// structures beside the functions are written for, and what the trial of a model on a card compares.
unsafe impl<A: Copy> DeviceRepr for ByValue<A> {}

/// A new tensor of the shape `dims` beside `like`, which the launches of `kernel` write together.
pub(crate) fn run<A: Copy>(
    kernel: &'static str,
    like: &Tensor,
    dims: &[usize],
    launches: impl FnOnce(Pointer) -> Result<Vec<Launch<A>>>,
) -> Result<Tensor> {
    let Device::Cuda(device) = like.device() else { bail!("a tensor is not on the card") };
    let count = dims.iter().product();
    if count == 0 {
        return Tensor::zeros(dims, DType::F32, like.device());
    }
    // SAFETY: all of it is written before anything reads it: the kernels write every value of their result.
    let out = unsafe { device.alloc::<f32>(count) }?;
    let stream = device.cuda_stream();
    let (start, writing) = out.device_ptr(&stream);
    for launch in launches(Pointer(start))? {
        launch_one(kernel, device, &stream, launch)?;
    }
    drop(writing);
    let storage = Storage::Cuda(CudaStorage::wrap_cuda_slice(out, device.clone()));
    Ok(Tensor::from_storage(storage, dims, BackpropOp::none(), false))
}

fn launch_one<A: Copy>(
    kernel: &'static str,
    device: &CudaDevice,
    stream: &CudaStream,
    launch: Launch<A>,
) -> Result<()> {
    let function = device.get_or_load_custom_func(kernel, "straightshot", ptx::KERNELS)?;
    let mut blocks = [0; 3];
    for (to, from) in blocks.iter_mut().zip(launch.blocks) {
        *to = u32::try_from(from).map_err(candle_core::Error::wrap)?;
    }
    let config = LaunchConfig {
        grid_dim: (blocks[0], blocks[1], blocks[2]),
        block_dim: (launch.threads, 1, 1),
        shared_mem_bytes: 0,
    };
    let arguments = ByValue(launch.arguments);
    let mut builder = stream.launch_builder(&function);
    builder.arg(&arguments);
    // SAFETY: the function that made the arguments has compared all shapes that the kernel relies on. The
    // tensors that its addresses are of live at least until the launch is in the stream, and a card frees memory in the
    // order of that stream, the only one of the device.
    unsafe { builder.launch(config) }.w()?;
    Ok(())
}
