//! NVIDIA's compiler, which a build with CUDA needs.
//!
//! Nothing is installed. The compiler is the `nvcc` of the variable `NVCC`, of `CUDA_HOME` or of the search path; where
//! there is none, the Python packages that carry it are named.

use anyhow::{Context, Result};
use std::env;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The oldest cards that the kernels run on unless `CUDA_COMPUTE_CAP` says otherwise: 8.0, the first with `bf16`.
/// Newer cards compile the same kernels when they are loaded.
const COMPUTE_CAP: &str = "80";

/// Packages that hold the compiler and its headers.
const PACKAGES: &str = "nvidia-cuda-nvcc==13.0.88 nvidia-nvvm==13.0.88 nvidia-cuda-crt==13.0.88 \
                        nvidia-cuda-cccl==13.0.85 nvidia-cuda-runtime==13.0.96";

/// NVIDIA's compiler.
pub(crate) struct Toolkit {
    nvcc: PathBuf,
}

impl Toolkit {
    /// Looks for `nvcc`.
    pub(crate) fn find() -> Result<Self> {
        let program = format!("nvcc{}", env::consts::EXE_SUFFIX);
        let named = env::var_os("NVCC").map(PathBuf::from);
        let home = env::var_os("CUDA_HOME").map(|home| Path::new(&home).join("bin").join(&program));
        let path = env::var_os("PATH").unwrap_or_default();
        let listed = env::split_paths(&path).map(|folder| folder.join(&program));
        let nvcc = named.into_iter().chain(home).chain(listed).find(|nvcc| nvcc.is_file());
        let nvcc = nvcc.with_context(|| {
            format!(
                "NVIDIA's compiler nvcc is needed to build with CUDA and was not found. Set NVCC to it, or install it, \
                 for example with\n\n    pip install --no-deps --target cuda {PACKAGES}\n    export \
                 CUDA_HOME=$PWD/cuda/nvidia/cu13\n\nand try again."
            )
        })?;
        Ok(Self { nvcc })
    }

    /// Tells cargo's build scripts where the compiler is and for which cards it compiles.
    pub(crate) fn provide_to(&self, command: &mut Command) {
        command.env("NVCC", &self.nvcc).env("PATH", self.search_path());
        if env::var_os("CUDA_COMPUTE_CAP").is_none() {
            command.env("CUDA_COMPUTE_CAP", COMPUTE_CAP);
        }
    }

    /// The search path with the compiler's folder first: one build script looks for it only there.
    fn search_path(&self) -> OsString {
        let path = env::var_os("PATH").unwrap_or_default();
        let folders = self.nvcc.parent().map(Path::to_owned).into_iter().chain(env::split_paths(&path));
        // Fails only for folders that could not have been in the variable.
        env::join_paths(folders).unwrap_or(path)
    }
}
