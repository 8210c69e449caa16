//! Loads what a GPU of NVIDIA's is used through: the driver, and the mathematical libraries of the *GPU pack*.
//!
//! The pack is a folder that the user may have or not; libraries that are in none are looked for where the system has
//! its own. What was loaded here is found by name afterwards, by whoever loads it again.
//!
//! A crate of its own because loading a library runs code that the compiler cannot check, and so is the order of what a
//! card does: each is one call.

use std::fmt;
use std::path::Path;

/// A library by its name and the names of its file, newest first.
type Library = (&'static str, &'static [&'static str]);

const DRIVER: Library = if cfg!(windows) {
    ("the NVIDIA driver", &["nvcuda.dll"])
} else {
    ("the NVIDIA driver", &["libcuda.so.1"])
};

/// In the order in which they need each other.
const PACK: [Library; 3] = if cfg!(windows) {
    [
        ("cublasLt", &["cublasLt64_13.dll", "cublasLt64_12.dll"]),
        ("cublas", &["cublas64_13.dll", "cublas64_12.dll"]),
        ("curand", &["curand64_10.dll"]),
    ]
} else {
    [
        ("cublasLt", &["libcublasLt.so.13", "libcublasLt.so.12"]),
        ("cublas", &["libcublas.so.13", "libcublas.so.12"]),
        ("curand", &["libcurand.so.10"]),
    ]
};

/// What could not be loaded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Missing {
    /// The driver: there is no usable NVIDIA card, or its driver is not installed.
    Driver,
    /// A library of the pack, by its name.
    Library(&'static str),
}

impl fmt::Display for Missing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Driver => f.write_str("no NVIDIA driver was found"),
            Self::Library(name) => write!(f, "the library {name} was not found"),
        }
    }
}

impl std::error::Error for Missing {}

/// Loads the driver, then the libraries of the pack: from `folder` where they are in it, else from where the system
/// has them. They stay loaded to the end of the process.
///
/// # Errors
/// The first that could not be loaded; without a driver the pack is not touched.
pub fn load(folder: Option<&Path>) -> Result<(), Missing> {
    if !load_one(&DRIVER, None) {
        return Err(Missing::Driver);
    }
    match PACK.iter().find(|library| !load_one(library, folder)) {
        Some((name, _)) => Err(Missing::Library(name)),
        None => Ok(()),
    }
}

/// Loads the first file of `library` that there is.
fn load_one((_, files): &Library, folder: Option<&Path>) -> bool {
    let in_folder = folder.is_some_and(|folder| {
        files.iter().map(|file| folder.join(file)).any(|path| path.is_file() && open(&path))
    });
    in_folder || files.iter().any(|file| open(Path::new(file)))
}

/// Loads one file and leaves it loaded: these libraries keep threads and handlers that must not lose their code.
fn open(file: &Path) -> bool {
    // SAFETY: loading runs the library's initialisers and nothing else. They are those of NVIDIA's libraries, which may
    // run on any thread and ask nothing of the caller; that the file is one of them is up to whoever put it there, as
    // with every library on the system's search path.
    let library = unsafe { libloading::Library::new(file) };
    library.map(std::mem::forget).is_ok()
}

/// Opens a card with a stream of its own, on which everything happens: the default stream is another on every thread, and
/// a model is loaded on one thread and used on others.
///
/// # Errors
/// A candle error if the card cannot be used.
///
/// # Panics
/// candle does if a library has not been loaded, see [`load`].
#[cfg(feature = "candle")]
pub fn open_card(ordinal: usize) -> candle_core::Result<candle_core::Device> {
    let device = candle_core::Device::new_cuda_with_stream(ordinal)?;
    if let candle_core::Device::Cuda(card) = &device {
        keep_freed_memory(card);
        // SAFETY: the events that are left out, two for every tensor, order its uses on several streams. Tensors of this
        // device are used on its one stream only, since candle takes no operation over tensors of two devices.
        unsafe { card.disable_event_tracking() };
    }
    Ok(device)
}

/// Freed memory of a card that stays with the process, in bytes: what some sounds of half a minute take.
#[cfg(feature = "candle")]
const KEPT_BYTES: u64 = 256 << 20;

/// Lets the card keep freed memory for the next tensors. Otherwise all of it goes back to the driver whenever something
/// waits for the card, several times per sound, and comes anew page by page.
#[cfg(feature = "candle")]
fn keep_freed_memory(card: &candle_core::CudaDevice) {
    use candle_core::cuda_backend::cudarc::driver::result::{device, mem_pool};
    use candle_core::cuda_backend::cudarc::driver::sys::CUmemPool_attribute_enum::CU_MEMPOOL_ATTR_RELEASE_THRESHOLD;
    let stream = card.cuda_stream();
    if !stream.context().has_async_alloc() {
        return;
    }
    // SAFETY: the device is that of a context, and as the call asks for one that was returned by the driver.
    let Ok(pool) = (unsafe { device::get_default_mem_pool(stream.context().cu_device()) }) else { return };
    let mut bytes = KEPT_BYTES;
    // SAFETY: the pool is the device's own, and this attribute is 64 bits without a sign. A refusal costs time only.
    let _ =
        unsafe { mem_pool::set_attribute(pool, CU_MEMPOOL_ATTR_RELEASE_THRESHOLD, (&raw mut bytes).cast()) };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_nowhere_is_missing_and_a_file_that_is_no_library_is_passed_over() {
        const NOWHERE: Library = ("nowhere", &["libstraightshot-nowhere.so.7"]);
        assert!(!load_one(&NOWHERE, None));
        let folder = std::env::temp_dir().join(format!("straightshot-pack-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join(NOWHERE.1[0]), b"no library").unwrap();
        assert!(!load_one(&NOWHERE, Some(&folder)));
        std::fs::remove_dir_all(&folder).unwrap();
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn a_library_of_the_system_is_found_without_a_folder_and_beside_an_empty_one() {
        const LIBC: Library = ("the C library", &["libc.so.6"]);
        assert!(load_one(&LIBC, None));
        assert!(load_one(&LIBC, Some(Path::new("/nowhere"))));
    }
}
