//! Builds the plugin and lays it out as the hosts expect.
//!
//! Both formats are the same shared library. Linux: CLAP is a plain file, VST3 a folder with one library per
//! platform. macOS: both are bundles with an Info.plist. Windows: CLAP is a plain DLL, VST3 a folder.
//!
//! Licences and attribution are in `Contents/Resources` of folders, and beside a CLAP that is a file; beside both there is
//! a note on installing. So `bundled` is what goes into a zip.

use crate::workspace::{Accelerator, Workspace, run};
use crate::{licences, patch, setup};
use anyhow::{Context, Result, bail};
use std::env::consts::{ARCH, OS};
use std::fs;
use std::path::{Path, PathBuf};

/// Name of the bundles and of the library inside.
const NAME: &str = "Straightshot";

/// Options of `cargo xtask bundle` and `install`.
#[derive(clap::Args)]
pub(crate) struct BundleArgs {
    /// What may compute besides the processor; built into target/cuda or target/metal.
    #[arg(long)]
    pub(crate) features: Option<Accelerator>,
}

/// The finished bundles and the workspace they were built from.
pub(crate) struct Bundles {
    /// The checkout, for further commands.
    pub(crate) workspace: Workspace,
    /// Straightshot.clap: a file, on macOS a folder.
    pub(crate) clap: PathBuf,
    /// The folder Straightshot.vst3.
    pub(crate) vst3: PathBuf,
}

/// Builds everything in release and writes both bundles to `bundled` in the target folder of the build.
pub(crate) fn bundle(accelerator: Option<Accelerator>) -> Result<Bundles> {
    setup::ensure(setup::Purpose::Build)?;
    let workspace = Workspace::open(accelerator)?;
    build(&workspace)?;
    let library = workspace.target.join("release").join(library_file());
    if !patch::is_patched(&library)? {
        // A plain `cargo build` wrote its own plugin to the same file, and cargo took it for ours.
        let kept = workspace.target.join("release/deps").join(library_file());
        fs::remove_file(&kept).with_context(|| format!("{} cannot be removed", kept.display()))?;
        build(&workspace)?;
        if !patch::is_patched(&library)? {
            bail!("the built plugin does not contain the repaired dependencies (see xtask/src/patch.rs)");
        }
    }
    let folder = workspace.target.join("bundled");
    let clap = write_clap(&library, &folder)?;
    let vst3 = write_vst3(&library, &folder)?;
    write_papers(&workspace.root, &folder, &clap, &vst3)?;
    println!("bundled {}\nbundled {}", clap.display(), vst3.display());
    Ok(Bundles { workspace, clap, vst3 })
}

/// Copies the bundles to where hosts look for plugins of this user.
pub(crate) fn install(accelerator: Option<Accelerator>) -> Result<()> {
    let bundles = bundle(accelerator)?;
    let home = std::env::home_dir().context("the home folder is unknown")?;
    let (clap_folder, vst3_folder) = match OS {
        "macos" => (home.join("Library/Audio/Plug-Ins/CLAP"), home.join("Library/Audio/Plug-Ins/VST3")),
        "windows" => {
            let programs = std::env::var_os("LOCALAPPDATA").context("LOCALAPPDATA is not set")?;
            let common = PathBuf::from(programs).join("Programs").join("Common");
            (common.join("CLAP"), common.join("VST3"))
        }
        _ => (home.join(".clap"), home.join(".vst3")),
    };
    for (bundle, folder) in [(&bundles.clap, clap_folder), (&bundles.vst3, vst3_folder)] {
        let installed = folder.join(bundle.file_name().context("a bundle without a name")?);
        copy_tree(bundle, &installed)?;
        println!("installed {}", installed.display());
    }
    Ok(())
}

/// The library, the standalone program and the host used by `play`, in one run of cargo.
fn build(workspace: &Workspace) -> Result<()> {
    // Not xtask itself: Windows cannot replace a program that runs.
    run(workspace.cargo("build").args(["--exclude", "xtask", "--lib", "--bins"]), "cargo build")
}

/// Cargo's file name of the plugin.
fn library_file() -> String {
    format!("{}straightshot{}", std::env::consts::DLL_PREFIX, std::env::consts::DLL_SUFFIX)
}

/// Writes Straightshot.clap.
fn write_clap(library: &Path, folder: &Path) -> Result<PathBuf> {
    let clap = folder.join(format!("{NAME}.clap"));
    if OS == "macos" {
        write_mac_bundle(library, &clap)?
    } else {
        copy_file(library, &clap)?
    }
    Ok(clap)
}

/// Writes Straightshot.vst3.
fn write_vst3(library: &Path, folder: &Path) -> Result<PathBuf> {
    let vst3 = folder.join(format!("{NAME}.vst3"));
    let contents = vst3.join("Contents");
    match OS {
        "macos" => write_mac_bundle(library, &vst3)?,
        "windows" => {
            // VST3 names the 64-bit platforms of Windows by Microsoft's words.
            let platform = if ARCH == "aarch64" { "arm64-win" } else { "x86_64-win" };
            copy_file(library, &contents.join(platform).join(format!("{NAME}.vst3")))?;
        }
        _ => copy_file(library, &contents.join(format!("{ARCH}-linux")).join(format!("{NAME}.so")))?,
    }
    Ok(vst3)
}

/// Adds licences, attribution and the note on installing.
fn write_papers(root: &Path, folder: &Path, clap: &Path, vst3: &Path) -> Result<()> {
    for bundle in [clap, vst3] {
        let resources =
            if bundle.is_dir() { bundle.join("Contents").join("Resources") } else { folder.to_owned() };
        licences::copy_to(root, &resources.join("licences"))?;
    }
    let note = root.join("assets/install").join(format!("{OS}.txt"));
    // Systems that nobody has built for yet have none.
    if note.is_file() { copy_file(&note, &folder.join("INSTALL.txt")) } else { Ok(()) }
}

/// Writes a macOS bundle around the library.
fn write_mac_bundle(library: &Path, bundle: &Path) -> Result<()> {
    let contents = bundle.join("Contents");
    copy_file(library, &contents.join("MacOS").join(NAME))?;
    fs::write(contents.join("Info.plist"), info_plist())?;
    fs::write(contents.join("PkgInfo"), "BNDL????")?;
    Ok(())
}

/// What macOS reads of a bundle.
fn info_plist() -> String {
    format!(
        r#"<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">
<plist version="1.0">
  <dict>
    <key>CFBundleExecutable</key><string>{NAME}</string>
    <key>CFBundleIdentifier</key><string>org.straightshot.straightshot</string>
    <key>CFBundleName</key><string>{NAME}</string>
    <key>CFBundlePackageType</key><string>BNDL</string>
    <key>CFBundleSignature</key><string>????</string>
    <key>CFBundleShortVersionString</key><string>{version}</string>
    <key>CFBundleVersion</key><string>{version}</string>
    <key>NSHighResolutionCapable</key><true/>
  </dict>
</plist>
"#,
        version = env!("CARGO_PKG_VERSION")
    )
}

/// Copies a file or a folder with all that is in it.
fn copy_tree(from: &Path, to: &Path) -> Result<()> {
    if from.is_file() {
        return copy_file(from, to);
    }
    for entry in fs::read_dir(from).with_context(|| format!("{} cannot be read", from.display()))? {
        let entry = entry?;
        copy_tree(&entry.path(), &to.join(entry.file_name()))?;
    }
    Ok(())
}

/// Copies a file by way of a temporary name.
///
/// A host that has the old library open keeps it: writing into a mapped library would crash the host.
fn copy_file(from: &Path, to: &Path) -> Result<()> {
    let folder = to.parent().context("a file without a folder")?;
    fs::create_dir_all(folder).with_context(|| format!("{} cannot be made", folder.display()))?;
    let mut temporary = to.as_os_str().to_owned();
    temporary.push(".new");
    fs::copy(from, &temporary).with_context(|| format!("{} cannot be copied", from.display()))?;
    fs::rename(&temporary, to).with_context(|| format!("{} cannot be written", to.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The CLAP and the VST3 say it themselves, which `tests/host/scan.rs` holds against the same number.
    #[test]
    fn the_version_of_the_workspace_is_in_the_property_list() {
        let plist = info_plist();
        for key in ["CFBundleShortVersionString", "CFBundleVersion"] {
            let line = format!("<key>{key}</key><string>{}</string>", env!("CARGO_PKG_VERSION"));
            assert!(plist.contains(&line), "{plist}");
        }
    }

    #[test]
    fn the_papers_are_in_folders_and_beside_a_file() {
        let root = crate::workspace::root().expect("a checkout");
        let folder = root.join("target").join("xtask-papers");
        let (clap, vst3) = (folder.join("a.clap"), folder.join("a.vst3"));
        fs::create_dir_all(vst3.join("Contents")).expect("a folder");
        fs::write(&clap, "").expect("a file");
        write_papers(&root, &folder, &clap, &vst3).expect("they are written");
        for place in [folder.join("licences"), vst3.join("Contents/Resources/licences")] {
            for paper in [
                "LICENSE-MIT",
                "LICENSE-APACHE",
                "third-party.txt",
                "attribution.txt",
                "model-attribution.md",
            ] {
                assert!(place.join(paper).is_file(), "{}", place.join(paper).display());
            }
        }
        fs::remove_dir_all(&folder).expect("it was made here");
    }

    #[test]
    fn every_system_with_bundles_has_a_note_on_installing() {
        let notes = crate::workspace::root().expect("a checkout").join("assets/install");
        for system in ["linux", "macos", "windows"] {
            assert!(notes.join(format!("{system}.txt")).is_file(), "{system}");
        }
    }
}
