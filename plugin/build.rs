//! Keeps the loaded library in memory for the life of the host's process (Linux).
//!
//! candle's element-wise operations start threads of their own that never end (`candle-bp-*`). A host that unloads a
//! plugin would take the code from under them; with this flag the dynamic linker leaves the library where it is.

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    if std::env::var("CARGO_CFG_TARGET_OS").as_deref() == Ok("linux") {
        println!("cargo:rustc-cdylib-link-arg=-Wl,-z,nodelete");
    }
}
