//! The GPU that the program was built for.
//!
//! A build with CUDA or Metal opens the first card when a model is loaded, lets it compute something small that is compared
//! with the CPU's result, and stays on the CPU if anything is missing, too old or out of memory; the reason is in the host's
//! log. Networks, noise and text go to the card; phases and synthesis stay on the CPU.
//!
//! All is `f32` with CUDA: on an H100 half precision was not faster for a single sound. With Metal the matrices of the
//! transformer's blocks are `f16`; sums in norms and soft-max, modulation, what passes between blocks, text encoder and codec
//! stay `f32`. Calls of the driver are what a single sound costs, so between products it is computed by kernels of our own
//! (`straightshot-gpu-kernels`), and memory that is freed stays with the card. `STRAIGHTSHOT_GPU_RECORD=1` has each network
//! recorded as a graph and played by one call from then on; meanwhile nothing else may use the card's stream, which a lock of
//! the generator sees to. While a card computes, cancelling waits for what is already queued.
//!
//! NVIDIA's libraries are loaded, never linked (`straightshot-gpu-pack`): half a gigabyte that no bundle holds.
//! `STRAIGHTSHOT_DEVICE=cpu` keeps a build from touching any of it.
//!
//! **What has run:** one H100 (driver 580) with an earlier form of this code: generation in three types and training gave the
//! CPU's results; one step of 10 s took 59 ms. Our kernels, the memory that stays and the recordings have run on a stand-in
//! for the driver that interprets kernels and checks every access, not on a card. Metal compiles and has not run.

use crate::error::{Error, ErrorKind, Result};
use candle_core::{DType, Device, Tensor};
use std::panic::{AssertUnwindSafe, catch_unwind};

/// What the flow is computed in. Half precision gains nothing for a single sound: its time goes into launching many small
/// operations (H100, `engine/benches/gpu.sh`: 7.5 ms in `f32`, 8.9 in `bf16`, 8.5 in `f16` for one step of 10 s; 22, 24
/// and 23 in the paper's size), and single precision is the CPU's result to six digits.
#[cfg(any(feature = "cuda", not(feature = "metal")))]
pub(super) const FLOW_TYPE: DType = DType::F32;
/// Half of the memory traffic, which Apple's cards share with the processor. Cards before 2022 have no `bf16`.
#[cfg(all(feature = "metal", not(feature = "cuda")))]
pub(super) const FLOW_TYPE: DType = DType::F16;

/// Largest difference of the check's result from the CPU's: a few roundings of the least precise type.
const TOLERANCE: f32 = 0.05;

/// Opens the first GPU and computes something small with it; `None` if the program was built for no GPU.
///
/// candle panics where a library or one of its functions is missing, so a panic is a reason like any other.
pub(super) fn open() -> Option<Result<Device>> {
    let opened = catch_unwind(AssertUnwindSafe(|| Some(backend()?.and_then(checked))));
    opened.unwrap_or_else(|panic| {
        let said = panic.downcast_ref::<String>().map(String::as_str);
        let said = said.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("no reason was given");
        Some(Err(Error::new(ErrorKind::Compute, "the GPU could not be opened").with_source(said)))
    })
}

#[cfg(feature = "cuda")]
fn backend() -> Option<Result<Device>> {
    Some(cuda::open())
}

#[cfg(all(feature = "metal", not(feature = "cuda")))]
fn backend() -> Option<Result<Device>> {
    Some(Device::new_metal(0).map_err(unusable))
}

#[cfg(not(any(feature = "cuda", feature = "metal")))]
fn backend() -> Option<Result<Device>> {
    None
}

/// Lets products of single precision use TF32.
pub(super) fn allow_tf32() {
    #[cfg(feature = "cuda")]
    candle_core::cuda_backend::set_gemm_reduced_precision_f32(true);
}

#[cfg(feature = "cuda")]
mod cuda {
    use super::{Device, Error, ErrorKind, Result, unusable};
    use std::path::PathBuf;
    use straightshot_gpu_pack::Missing;

    /// Name of the variable with the folder of NVIDIA's libraries.
    const PACK_VARIABLE: &str = "STRAIGHTSHOT_GPU_PACK";

    /// Loads the libraries and opens the first card.
    pub(super) fn open() -> Result<Device> {
        let folder = pack_folder();
        straightshot_gpu_pack::load(folder.as_deref()).map_err(|missing| {
            let text = match missing {
                Missing::Driver => missing.to_string(),
                Missing::Library(_) => format!(
                    "{missing}; the GPU pack belongs into {}, another folder can be named in {PACK_VARIABLE}",
                    folder.map_or_else(|| "a folder of its own".to_owned(), |f| f.display().to_string())
                ),
            };
            Error::new(ErrorKind::Compute, text)
        })?;
        straightshot_gpu_pack::open_card(0).map_err(unusable)
    }

    /// Where the GPU pack is: what the variable says, else `straightshot/gpu` where the system keeps a user's data.
    fn pack_folder() -> Option<PathBuf> {
        let variable =
            |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
        let data = || {
            if cfg!(windows) {
                return variable("LOCALAPPDATA");
            }
            variable("XDG_DATA_HOME").or_else(|| Some(std::env::home_dir()?.join(".local").join("share")))
        };
        variable(PACK_VARIABLE).or_else(|| Some(data()?.join("straightshot").join("gpu")))
    }
}

#[cfg(any(feature = "cuda", feature = "metal"))]
fn unusable(e: candle_core::Error) -> Error {
    // As text: putting an error of CUDA into words calls the driver, which may panic and is guarded only here.
    Error::new(ErrorKind::Compute, "the GPU could not be opened").with_source(e.to_string())
}

/// Returns the device if it computes what the CPU does: kernels are loaded only when they are used first, and a card or
/// driver that is too old for them shows then.
fn checked(device: Device) -> Result<Device> {
    check(&device, FLOW_TYPE)?;
    Ok(device)
}

fn check(device: &Device, kind: DType) -> Result<()> {
    let got = sample(device, kind).map_err(|e| {
        Error::new(ErrorKind::Compute, "the GPU or its driver is too old for this program")
            .with_source(e.to_string())
    })?;
    let wanted = sample(&Device::Cpu, DType::F32)?;
    if got.iter().zip(&wanted).all(|(got, wanted)| (got - wanted).abs() < TOLERANCE) {
        return Ok(());
    }
    Err(Error::new(ErrorKind::Compute, format!("the GPU computes {got:?} instead of {wanted:?}")))
}

/// A product, an activation and a sum, none of them symmetric.
fn sample(device: &Device, kind: DType) -> candle_core::Result<Vec<f32>> {
    let x = Tensor::new(&[[0.5f32, -1.0], [2.0, 0.25]], device)?.to_dtype(kind)?;
    x.matmul(&x)?.to_dtype(DType::F32)?.silu()?.sum(1)?.to_vec1()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_device_passes_in_what_it_can_compute_and_says_so_otherwise() {
        for kind in [DType::F16, DType::BF16] {
            assert!(check(&Device::Cpu, kind).is_ok(), "{kind:?}");
        }
        let refused = check(&Device::Cpu, DType::U8).expect_err("no activations of bytes");
        assert!(refused.to_string().contains("too old"), "{refused}");
    }
}
