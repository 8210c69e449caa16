//! Repairs two dependencies at build time, and two more for CUDA, on copies of the registry's sources.
//!
//! nice-plug 0.4.2 and baseview 0.4.2 have faults that can end the host's process and that cannot be worked around
//! from the plugin's side:
//!
//! 1. nice-plug, VST3: a parameter change that arrives while the editor opens or closes is handed to the background
//!    thread, which borrows the editor's slot while `attached()` holds it; the panic kills the background thread, and
//!    releasing the last instance then aborts. Now the background thread gives way (the editor draws from the
//!    parameters anyway), and `attached()` and `removed()` wait for it.
//! 2. nice-plug: the background thread is shared by all instances, but ended as soon as one of them went away with a
//!    task under way; the others lost their tasks, and the last one aborted on release.
//! 3. nice-plug, both formats: the question about a parameter accepts an index equal to their number and panics.
//! 4. nice-plug, CLAP: opening the editor panics in a host without the optional `clap.gui` host extension.
//! 5. baseview, X11: closing a window asks its thread to show it once more, and when the thread has ended meanwhile
//!    does not wait for its last instructions; a host that unloads the library now crashes. Also, a panic of that
//!    thread was carried on into the host's call. Now closing always waits and reports the panic as an error.
//!
//! A build with CUDA must start where there is no CUDA, and need not take an hour:
//!
//! 6. cudarc, as candle asks for it, is linked to NVIDIA's libraries; now it loads them when they are first used.
//! 7. candle-kernels links NVIDIA's runtime, but only for kernels of quantised models, which also take nine tenths of
//!    its build; now these are left out. A function that is called all the same ends the process with a message; nothing
//!    of ours does.
//!
//! **Mechanism.** [`prepare`] copies the sources that `cargo metadata` points to into `target/patched` and applies
//! the table in [`edits`], in which each text must match exactly once. Builds see the copies through cargo's `paths`
//! override, which leaves Cargo.lock as it is: no manifest is edited. A plain `cargo build` works too and gets the crates
//! as published.
//! Cargo writes both plugins to one file and may take the one for the other; so a built plugin is searched for the
//! copies' markers, see [`is_patched`].

mod edits;

use anyhow::{Context, Result, ensure};
use edits::{CRATES, CUDA_CRATES, Edit, PatchedCrate};
use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};

/// Makes the patched copies under `target` and returns their folders.
///
/// Files are only written when they change, so that cargo sees nothing new in the second run.
pub(crate) fn prepare(metadata: &Value, target: &Path, cuda: bool) -> Result<Vec<PathBuf>> {
    CRATES
        .iter()
        .chain(if cuda { CUDA_CRATES } else { &[] })
        .map(|patched| {
            let copy = target.join("patched").join(patched.name);
            patch_into(&published_source(metadata, patched)?, &copy, patched)?;
            Ok(copy)
        })
        .collect()
}

/// Whether a built plugin contains the patched crates.
pub(crate) fn is_patched(plugin: &Path) -> Result<bool> {
    let bytes = fs::read(plugin).with_context(|| format!("{} cannot be read", plugin.display()))?;
    let holds = |marker: &str| bytes.windows(marker.len()).any(|window| window == marker.as_bytes());
    Ok(CRATES.iter().filter_map(|patched| patched.marker).all(holds))
}

/// The folder of a crate as cargo unpacked it.
fn published_source(metadata: &Value, patched: &PatchedCrate) -> Result<PathBuf> {
    let packages = metadata["packages"].as_array().context("cargo metadata lists no packages")?;
    let package = packages.iter().find(|package| package["name"] == patched.name);
    let package = package.with_context(|| format!("{} is not among the dependencies", patched.name))?;
    ensure!(
        package["version"] == patched.version,
        "{} is {} now, but the edits in xtask/src/patch/edits.rs were made for {}: check whether its faults are \
         repaired, then drop or renew the edits",
        patched.name,
        package["version"],
        patched.version
    );
    let manifest = package["manifest_path"].as_str().context("a package without a manifest path")?;
    Ok(Path::new(manifest).parent().context("a manifest without a folder")?.to_owned())
}

/// Copies the crate in `source` to `copy` with its edits.
fn patch_into(source: &Path, copy: &Path, patched: &PatchedCrate) -> Result<()> {
    let mut used = vec![false; patched.edits.len()];
    for file in files_below(source)? {
        let relative = file.strip_prefix(source).context("a file outside of its own folder")?;
        let mut content = fs::read(&file).with_context(|| format!("{} cannot be read", file.display()))?;
        for (edit, used) in
            patched.edits.iter().zip(&mut used).filter(|(edit, _)| relative == Path::new(edit.file))
        {
            content = apply(edit, &content).with_context(|| format!("the patch of {}", patched.name))?;
            *used = true;
        }
        write_if_changed(&copy.join(relative), &content)?;
    }
    for (edit, used) in patched.edits.iter().zip(used) {
        ensure!(used, "{} has no file {}: its patch no longer fits", patched.name, edit.file);
    }
    Ok(())
}

/// Applies one edit to a file's bytes.
fn apply(edit: &Edit, content: &[u8]) -> Result<Vec<u8>> {
    let text = std::str::from_utf8(content).with_context(|| format!("{} is not UTF-8", edit.file))?;
    let found = text.matches(edit.find).count();
    ensure!(found == 1, "{} holds this text {found} times instead of once:\n{}", edit.file, edit.find);
    Ok(text.replacen(edit.find, edit.replace, 1).into_bytes())
}

/// All files below `folder` that make up the crate.
fn files_below(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).with_context(|| format!("{} cannot be read", folder.display()))? {
            let entry = entry?;
            // Cargo.lock of a library is of no use; files with a dot are cargo's own notes.
            let name = entry.file_name();
            if name == "Cargo.lock" || name.to_string_lossy().starts_with('.') {
                continue;
            }
            if entry.file_type()?.is_dir() { folders.push(entry.path()) } else { files.push(entry.path()) }
        }
    }
    Ok(files)
}

/// Writes `content` unless the file already holds it.
fn write_if_changed(file: &Path, content: &[u8]) -> Result<()> {
    if fs::read(file).is_ok_and(|old| old == content) {
        return Ok(());
    }
    let folder = file.parent().context("a file without a folder")?;
    fs::create_dir_all(folder)?;
    fs::write(file, content).with_context(|| format!("{} cannot be written", file.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_edit_must_match_exactly_once() {
        let edit = Edit { file: "f", find: "ab", replace: "X" };
        assert_eq!(apply(&edit, b"1ab2").unwrap(), b"1X2");
        assert!(apply(&edit, b"nothing").is_err());
        assert!(apply(&edit, b"abab").is_err());
    }

    #[test]
    fn every_crate_leaves_its_marker() {
        for patched in CRATES {
            let marker = patched.marker.unwrap();
            assert!(patched.edits.iter().any(|edit| edit.replace.contains(marker)), "{}", patched.name);
        }
    }
}
