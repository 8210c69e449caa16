//! Runs a test in a process of its own, and says where the bundles are.

use anyhow::{Context, Result, ensure};
use std::collections::HashMap;
use std::ffi::OsString;
use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use straightshot_tests::clap_host::{Bundle, Journal};

/// Names the test that the process was started for.
const MARK: &str = "STRAIGHTSHOT_HOST_TEST";
/// The plugin's journal.
const JOURNAL: &str = "STRAIGHTSHOT_LOG";
/// How the standard library spells a good end.
const SUCCESS: &str = "exit status: 0";
/// Longest time of one test; only a test that hangs comes near.
const LIMIT: Duration = Duration::from_secs(900);

/// Linux's flag of a thread that has run its last instruction; whoever waited for its end goes on before it is gone.
const EXITING: u64 = 0x4;
/// Part of the message of a panic that a test makes on purpose.
pub(crate) const MEANT_PANIC: &str = "the test wants to see this survived";

/// Runs `test` in a process of its own without a display.
///
/// Outside of that process it starts it and panics with its output if it fails. The test's name is taken from the
/// type of the closure, so the closure must be written in the test function itself.
pub(crate) fn alone<F: FnOnce() -> Result<()>>(test: F) {
    run(test, false);
}

/// Like [`alone`], with a virtual X11 display.
pub(crate) fn alone_with_display<F: FnOnce() -> Result<()>>(test: F) {
    run(test, true);
}

fn run<F: FnOnce() -> Result<()>>(test: F, with_display: bool) {
    let name = test_name::<F>();
    if std::env::var(MARK).is_ok_and(|mark| mark == name) {
        test().expect("the test failed");
        return;
    }
    let display = with_display.then(|| Display::start().expect("Xvfb must be installed (cargo xtask setup)"));
    let (ending, output) = in_child(name, display.as_ref()).expect("the test's process could not be run");
    // The count: a wrong name would run no test, and succeed.
    let quoted = output.replace('\n', "\n| ");
    assert!(ending == SUCCESS && output.contains("1 passed"), "{name}: {ending}\n| {quoted}");
    // One of the plugin's threads may have ended by a panic without anybody having waited for it.
    let [panics, meant] = ["panicked at", MEANT_PANIC].map(|words| output.matches(words).count());
    assert!(panics == meant, "{name}: a thread panicked\n| {quoted}");
}

/// `module::function` of the test whose closure has type `F`.
fn test_name<F>() -> &'static str {
    let full = std::any::type_name::<F>();
    let name = full.split_once("::").map_or(full, |(_crate, rest)| rest);
    name.split("::{{closure}}").next().unwrap_or(name)
}

/// Starts this program again for one test and returns how it ended and what it printed.
fn in_child(name: &str, display: Option<&Display>) -> Result<(String, String)> {
    let folder = tempfile::tempdir()?;
    let printed = folder.path().join("output.txt");
    let mut command = Command::new(std::env::current_exe()?);
    command.args([name, "--exact", "--nocapture", "--test-threads=1"]);
    command.env(MARK, name).env(JOURNAL, folder.path().join("journal.jsonl"));
    command.env_remove("DISPLAY").env_remove("WAYLAND_DISPLAY");
    if let Some(display) = display {
        command.env("DISPLAY", &display.name);
    }
    let file = File::create(&printed)?;
    let mut child = command.stdin(Stdio::null()).stderr(file.try_clone()?).stdout(file).spawn()?;
    let start = Instant::now();
    let ending = loop {
        if let Some(status) = child.try_wait()? {
            break status.to_string();
        }
        if start.elapsed() > LIMIT {
            child.kill()?;
            child.wait()?;
            break format!("no end within {} s", LIMIT.as_secs());
        }
        std::thread::sleep(Duration::from_millis(10));
    };
    let mut output = String::new();
    File::open(&printed)?.read_to_string(&mut output)?;
    Ok((ending, output))
}

/// A virtual X11 server; ends with this value.
struct Display {
    server: Child,
    /// Value of `DISPLAY`.
    name: String,
}

impl Display {
    fn start() -> Result<Self> {
        // -displayfd: the server picks a free number and tells it when it is ready. -noreset: it does not start anew
        // whenever its last client leaves, which refuses connections for a moment.
        let mut server = Command::new("Xvfb")
            .args(["-displayfd", "1", "-screen", "0", "2400x1000x24", "-nolisten", "tcp", "-noreset"])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .context("Xvfb could not be started")?;
        let mut number = String::new();
        BufReader::new(server.stdout.take().context("Xvfb has no output")?).read_line(&mut number)?;
        let number = number.trim();
        ensure!(!number.is_empty(), "Xvfb ended at once");
        Ok(Self { server, name: format!(":{number}") })
    }
}

impl Drop for Display {
    fn drop(&mut self) {
        // It may have ended by itself; then there is nothing to do.
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

/// The journal that the plugin writes in this process.
pub(crate) fn journal() -> Journal {
    let path = std::env::var_os(JOURNAL).expect("only called within the test's own process");
    Journal::at(Path::new(&path))
}

/// Loads Straightshot.clap.
pub(crate) fn clap_bundle() -> Result<Bundle> {
    Bundle::load(&clap_bundle_path()?)
}

/// The file Straightshot.clap.
pub(crate) fn clap_bundle_path() -> Result<PathBuf> {
    bundle_path("STRAIGHTSHOT_CLAP", "Straightshot.clap")
}

/// The library inside of Straightshot.vst3.
pub(crate) fn vst3_library() -> Result<PathBuf> {
    let bundle = bundle_path("STRAIGHTSHOT_VST3", "Straightshot.vst3")?;
    Ok(bundle.join("Contents").join(format!("{}-linux", std::env::consts::ARCH)).join("Straightshot.so"))
}

/// A bundle named by `variable`, else the one in cargo's target folder.
fn bundle_path(variable: &str, name: &str) -> Result<PathBuf> {
    let path = match std::env::var_os(variable) {
        Some(path) => PathBuf::from(path),
        None => {
            let program = std::env::current_exe()?;
            // target/release/deps/host-…
            let target = program.ancestors().nth(3).context("the test program is not in a target folder")?;
            target.join("bundled").join(name)
        }
    };
    ensure!(path.exists(), "{} is missing: run `cargo xtask bundle` first", path.display());
    Ok(path)
}

/// Names of the threads of this process, sorted, without those of which only the system has still to clean up.
pub(crate) fn threads() -> Result<Vec<String>> {
    let mut names: Vec<String> = threads_by_number()?.into_values().collect();
    names.sort();
    Ok(names)
}

/// The same threads, by the system's numbers.
pub(crate) fn threads_by_number() -> Result<HashMap<OsString, String>> {
    let mut threads = HashMap::new();
    for task in std::fs::read_dir("/proc/self/task")? {
        let task = task?;
        // A thread may end between the two reads.
        let Ok(line) = std::fs::read_to_string(task.path().join("stat")) else { continue };
        let (Some(start), Some(end)) = (line.find('('), line.rfind(')')) else { continue };
        // Behind the name: state, five numbers of parent, groups and terminal, flags.
        let flags = line[end + 1..].split_whitespace().nth(6).and_then(|flags| flags.parse::<u64>().ok());
        if flags.is_some_and(|flags| flags & EXITING == 0) {
            threads.insert(task.file_name(), line[start + 1..end].to_owned());
        }
    }
    Ok(threads)
}
