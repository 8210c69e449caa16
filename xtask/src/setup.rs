//! Checks what the system must provide and installs it where that is possible.
//!
//! Each [`Need`] is a probe (a program, a pkg-config module, a shared library) with the Debian package that
//! satisfies it. Where apt may not be used, the exact command is printed instead and the caller stops.

use crate::workspace::run;
use anyhow::{Result, bail};
use std::process::{Command, Stdio};

/// What the caller is about to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Purpose {
    /// Compile and bundle the plugin and its standalone program.
    Build,
    /// Open the standalone window.
    Window,
    /// Run the tests, editor included.
    Test,
    /// Make pictures of the window.
    Pictures,
}

/// How to find out whether something is there.
enum Probe {
    /// A program on the search path.
    Program(&'static str),
    /// A module known to pkg-config.
    PkgConfig(&'static str),
    /// A shared library known to the dynamic linker.
    Library(&'static str),
    /// Python modules that must be importable.
    Python(&'static str),
    /// Python modules that Debian packages, for the interpreter that Debian packages.
    SystemPython(&'static str),
}

/// One thing the system must provide.
struct Need {
    /// The first purpose (in the order of [`Purpose`]) that needs it; later ones need it too.
    from: Purpose,
    probe: Probe,
    /// Debian's package.
    package: &'static str,
}

/// Shorthand for the table below.
const fn need(from: Purpose, probe: Probe, package: &'static str) -> Need {
    Need { from, probe, package }
}

/// Everything the system must provide on Linux, as Debian 12 packages it.
const NEEDS: &[Need] = &[
    need(Purpose::Build, Probe::Program("cc"), "gcc libc6-dev"),
    need(Purpose::Build, Probe::Program("pkg-config"), "pkg-config"),
    need(Purpose::Build, Probe::PkgConfig("alsa"), "libasound2-dev"),
    need(Purpose::Build, Probe::PkgConfig("jack"), "libjack-jackd2-dev"),
    need(Purpose::Window, Probe::Library("libX11-xcb.so.1"), "libx11-xcb1"),
    need(Purpose::Window, Probe::Library("libxkbcommon-x11.so.0"), "libxkbcommon-x11-0"),
    need(Purpose::Window, Probe::Library("libXcursor.so.1"), "libxcursor1"),
    need(Purpose::Window, Probe::Library("libEGL.so.1"), "libegl1"),
    need(Purpose::Window, Probe::Library("libEGL_mesa.so.0"), "libegl-mesa0"),
    need(Purpose::Window, Probe::Library("libGL.so.1"), "libgl1"),
    need(Purpose::Window, Probe::Library("libGLX_mesa.so.0"), "libgl1-mesa-dri libglx-mesa0"),
    need(Purpose::Test, Probe::Program("Xvfb"), "xvfb"),
    need(Purpose::Test, Probe::Program("xdotool"), "xdotool"),
    need(Purpose::Test, Probe::Program("openbox"), "openbox"),
    need(Purpose::Test, Probe::Program("setxkbmap"), "x11-xkb-utils"),
    need(Purpose::Pictures, Probe::Program("import"), "imagemagick"),
    need(Purpose::Pictures, Probe::Program("xprop"), "x11-utils"),
    need(Purpose::Test, Probe::Library("libatomic.so.1"), "libatomic1"),
    need(Purpose::Test, Probe::Python("venv, ensurepip"), "python3-venv"),
    need(Purpose::Test, Probe::SystemPython("gi.repository.Gtk"), "python3-gi gir1.2-gtk-3.0"),
    need(Purpose::Test, Probe::SystemPython("PyQt5.QtWidgets"), "python3-pyqt5"),
];

/// Makes sure that the system provides what `purpose` needs.
///
/// Installs missing packages as root or through a sudo that asks no password; otherwise fails with the command
/// to run.
pub(crate) fn ensure(purpose: Purpose) -> Result<()> {
    if !cfg!(target_os = "linux") {
        // The compilers of macOS and Windows bring what the build needs; their windows need no library either.
        return Ok(());
    }
    let missing = missing_packages(purpose)?;
    if missing.is_empty() {
        return Ok(());
    }
    let list = missing.join(" ");
    if !Probe::Program("apt-get").is_there() {
        bail!(
            "the system lacks what these Debian packages provide: {list}\nInstall their counterparts and try again."
        );
    }
    let by_hand = format!("sudo apt-get update && sudo apt-get install --no-install-recommends -y {list}");
    let Some(mut prefix) = privileges() else {
        bail!(
            "the system lacks some packages, and installing them needs root. Please run\n\n    {by_hand}\n\nand try again."
        );
    };
    println!("installing {list}");
    prefix.extend(["env", "DEBIAN_FRONTEND=noninteractive", "apt-get"]);
    let apt = |arguments: &[&str]| {
        let mut command = Command::new(prefix[0]);
        command.args(&prefix[1..]).args(arguments);
        run(&mut command, "apt-get")
    };
    apt(&["-qq", "update"])?;
    let mut install = vec!["-qq", "-y", "--no-install-recommends", "install"];
    install.extend(&missing);
    apt(&install)?;
    let still_missing = missing_packages(purpose)?;
    if !still_missing.is_empty() {
        bail!("apt-get installed {list}, but this is still not found: {}", still_missing.join(" "));
    }
    Ok(())
}

/// The Debian packages that `purpose` lacks.
fn missing_packages(purpose: Purpose) -> Result<Vec<&'static str>> {
    let mut missing = Vec::new();
    for need in NEEDS.iter().filter(|need| need.from <= purpose) {
        if !need.probe.is_there() {
            missing.extend(need.package.split(' '));
        }
    }
    Ok(missing)
}

/// The words to put before a command that needs root; none if there is no way to become root without a password.
fn privileges() -> Option<Vec<&'static str>> {
    let is_root = output_of("id", &["-u"]).is_some_and(|id| id.trim() == "0");
    if is_root {
        return Some(Vec::new());
    }
    output_of("sudo", &["-n", "true"]).map(|_| vec!["sudo", "-n"])
}

impl Probe {
    /// Whether the system provides it.
    fn is_there(&self) -> bool {
        match self {
            Self::Program(name) => on_search_path(name),
            Self::PkgConfig(module) => output_of("pkg-config", &["--exists", module]).is_some(),
            Self::Library(name) => linker_cache().is_some_and(|cache| cache.contains(name)),
            Self::Python(modules) => output_of("python3", &["-c", &format!("import {modules}")]).is_some(),
            Self::SystemPython(modules) => {
                output_of("/usr/bin/python3", &["-c", &format!("import {modules}")]).is_some()
            }
        }
    }
}

/// Whether a program of this name is in a folder of `PATH`.
fn on_search_path(name: &str) -> bool {
    std::env::var_os("PATH")
        .is_some_and(|path| std::env::split_paths(&path).any(|dir| dir.join(name).is_file()))
}

/// The dynamic linker's list of libraries.
fn linker_cache() -> Option<String> {
    // A normal user's search path lacks the folder of ldconfig.
    output_of("ldconfig", &["-p"]).or_else(|| output_of("/sbin/ldconfig", &["-p"]))
}

/// What a program writes to its standard output; none if it cannot be started or fails.
fn output_of(program: &str, arguments: &[&str]) -> Option<String> {
    let output = Command::new(program).args(arguments).stderr(Stdio::null()).output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).into_owned())
}
