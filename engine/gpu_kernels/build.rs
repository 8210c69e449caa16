//! Compiles the kernels to PTX, which the driver finishes for the card that it finds.

fn main() {
    println!("cargo::rerun-if-changed=src/kernels.cu");
    #[cfg(feature = "cuda")]
    compile();
}

/// With the compiler and for the cards that candle's own kernels are compiled with and for.
#[cfg(feature = "cuda")]
fn compile() {
    let folder = std::path::PathBuf::from(std::env::var("OUT_DIR").expect("cargo sets it"));
    let kernels =
        cudaforge::KernelBuilder::new().source_files(["src/kernels.cu"]).arg("-std=c++17").arg("-O3");
    let written = kernels.build_ptx().and_then(|built| built.write(folder.join("ptx.rs")));
    if let Err(e) = written {
        panic!("the kernels were not compiled: {e}");
    }
}
