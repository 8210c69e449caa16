//! Repairs dependencies at build time, on copies of the registry's sources.
//!
//! These crates have faults that end the host's process, take its keyboard or keep a build from starting, and that
//! cannot be worked around from the plugin's side. [`edits`] says of each repair why it is there and which test fails
//! without it; `STRAIGHTSHOT_LEAVE_OUT=NAME,…` builds without some of them, to see that test fail.
//!
//! **Mechanism.** [`prepare`] copies the sources that `cargo metadata` points to into `target/patched`, applies the
//! edits, of which each must match exactly once, and adds a few files of our own (`patch/added`). Builds see the copies
//! through cargo's `paths` override, which leaves Cargo.lock as it is: no manifest is edited. A plain `cargo build`
//! works too and gets the crates as published.
//! Cargo writes both plugins to one file and may take the one for the other; so a built plugin is searched for the
//! copies' markers, see [`is_patched`].

mod edits;

use anyhow::{Context, Result, bail, ensure};
use edits::{CRATES, CUDA_CRATES, Edit, PatchedCrate, Repair};
use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};

/// Names repairs to leave out, separated by commas.
const LEAVE_OUT: &str = "STRAIGHTSHOT_LEAVE_OUT";

/// Makes the patched copies under `target` and returns their folders.
///
/// Files are only written when they change, so that cargo sees nothing new in the second run.
pub(crate) fn prepare(metadata: &Value, target: &Path, cuda: bool) -> Result<Vec<PathBuf>> {
    let left_out = std::env::var(LEAVE_OUT).unwrap_or_default();
    let left_out: Vec<&str> = left_out.split(',').filter(|name| !name.is_empty()).collect();
    let crates = CRATES.iter().chain(if cuda { CUDA_CRATES } else { &[] });
    for name in &left_out {
        let Some(Repair { why, proof, .. }) = all_repairs().find(|repair| repair.name == *name) else {
            bail!("{LEAVE_OUT} names no repair {name}");
        };
        println!("WITHOUT {name}\n  {why}\n  {proof}");
    }
    crates
        .map(|patched| {
            let copy = target.join("patched").join(patched.name);
            let repairs = patched.repairs.iter().filter(|repair| !left_out.contains(&repair.name));
            let repairs: Vec<&Repair> = repairs.collect();
            patch_into(&published_source(metadata, patched)?, &copy, patched.name, &repairs)?;
            Ok(copy)
        })
        .collect()
}

/// Every repair of every crate.
fn all_repairs() -> impl Iterator<Item = &'static Repair> {
    CRATES.iter().chain(CUDA_CRATES).flat_map(|patched| patched.repairs)
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

/// Copies the crate in `source` to `copy` with its repairs.
fn patch_into(source: &Path, copy: &Path, name: &str, repairs: &[&Repair]) -> Result<()> {
    let edits: Vec<&Edit> = repairs.iter().flat_map(|repair| repair.edits).collect();
    let mut used = vec![false; edits.len()];
    for file in files_below(source)? {
        let relative = file.strip_prefix(source).context("a file outside of its own folder")?;
        let mut content = fs::read(&file).with_context(|| format!("{} cannot be read", file.display()))?;
        for (edit, used) in edits.iter().zip(&mut used).filter(|(edit, _)| relative == Path::new(edit.file)) {
            content = apply(edit, &content).with_context(|| format!("the patch of {name}"))?;
            *used = true;
        }
        write_if_changed(&copy.join(relative), &content)?;
    }
    for (edit, used) in edits.iter().zip(used) {
        ensure!(used, "{name} has no file {}: its patch no longer fits", edit.file);
    }
    for (file, text) in repairs.iter().flat_map(|repair| repair.added) {
        ensure!(!source.join(file).exists(), "{name} has a file {file} of its own now");
        write_if_changed(&copy.join(file), text.as_bytes())?;
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
    use edits::Proof;

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
            let mut edits = patched.repairs.iter().flat_map(|repair| repair.edits);
            assert!(edits.any(|edit| edit.replace.contains(marker)), "{}", patched.name);
        }
    }

    /// `focus::name` is a test `name` in `tests/host/focus.rs`; a reason is at least a sentence.
    #[test]
    fn every_repair_says_why_and_names_a_test_that_exists() {
        let tests = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/host");
        for Repair { name, why, proof, .. } in all_repairs() {
            assert!(why.len() > 40, "{name}: {why}");
            match proof {
                Proof::Test(path) => {
                    let (file, test) = path.split_once("::").unwrap();
                    let source = fs::read_to_string(tests.join(format!("{file}.rs"))).unwrap();
                    assert!(source.contains(&format!("fn {test}()")), "{name}: there is no test {path}");
                }
                Proof::NoTest(reason) => assert!(reason.len() > 40, "{name}: {reason}"),
            }
        }
    }
}
