//! The system's own dialog for a folder, as a program of its own.
//!
//! A library for it would bring the desktop's toolkit into the host's process, or a message bus and its hundred crates. A
//! child can neither block nor break the host, and every desktop brings one of these programs.

use parking_lot::Mutex;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::thread::{Builder, JoinHandle};

const TITLE: &str = "Folder for files of Straightshot";

/// What became of it.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Choice {
    /// The user has chosen.
    Folder(PathBuf),
    /// The user has closed it.
    Nothing,
    /// There is no program for it.
    NoDialog,
}

/// At most one dialog of an instance.
#[derive(Default)]
pub(super) struct Dialog {
    child: Arc<Mutex<Option<Child>>>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl Dialog {
    /// Opens it at `start`; does nothing while one is open. `chosen` is called on another thread.
    pub(super) fn open(&self, start: &Path, chosen: impl FnOnce(Choice) + Send + 'static) {
        let mut thread = self.thread.lock();
        if thread.as_ref().is_some_and(|thread| !thread.is_finished()) {
            return;
        }
        let (slot, commands) = (self.child.clone(), commands(start));
        let body = move || chosen(ask(commands, &slot));
        // Without a thread there is no dialog; the path can be typed.
        *thread = Builder::new().name("straightshot-dialog".into()).spawn(body).ok();
    }

    /// Closes it.
    pub(super) fn close(&self) {
        if let Some(child) = &mut *self.child.lock() {
            // One that has ended needs no ending.
            let _ = child.kill();
        }
        if let Some(thread) = self.thread.lock().take() {
            // A panic in it has nothing to tell.
            let _ = thread.join();
        }
    }
}

/// The first of `commands` that there is.
fn ask(commands: Vec<Command>, slot: &Mutex<Option<Child>>) -> Choice {
    for mut command in commands {
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
        // What a host sets for its own libraries is wrong for other programs.
        command.env_remove("LD_LIBRARY_PATH").env_remove("LD_PRELOAD");
        let Ok(mut child) = command.spawn() else { continue };
        let output = child.stdout.take();
        *slot.lock() = Some(child);
        let mut answer = Vec::new();
        let read = output.map(|mut output| output.read_to_end(&mut answer));
        let ended = slot.lock().take().map(|mut child| child.wait());
        let good = matches!((read, ended), (Some(Ok(_)), Some(Ok(status))) if status.success());
        return if good { answered(&answer) } else { Choice::Nothing };
    }
    Choice::NoDialog
}

fn answered(answer: &[u8]) -> Choice {
    let text = String::from_utf8_lossy(answer);
    let line = text.trim_end_matches(['\r', '\n']);
    if line.is_empty() { Choice::Nothing } else { Choice::Folder(PathBuf::from(line)) }
}

/// The programs that this system may have, the likeliest first.
fn commands(start: &Path) -> Vec<Command> {
    let command = |program: &str, arguments: &[&str]| {
        let mut command = Command::new(program);
        command.args(arguments);
        command
    };
    let inside = format!("{}/", start.display());
    if cfg!(target_os = "macos") {
        let script = format!("POSIX path of (choose folder with prompt \"{TITLE}\")");
        vec![command("osascript", &["-e", &script])]
    } else if cfg!(target_os = "windows") {
        let script = "Add-Type -AssemblyName System.Windows.Forms; [Console]::OutputEncoding = [Text.Encoding]::UTF8; \
                      $d = New-Object System.Windows.Forms.FolderBrowserDialog; \
                      if ($d.ShowDialog() -eq 'OK') { $d.SelectedPath }";
        vec![command("powershell", &["-NoProfile", "-STA", "-Command", script])]
    } else {
        let title = format!("--title={TITLE}");
        vec![
            command("zenity", &["--file-selection", "--directory", &title, &format!("--filename={inside}")]),
            command("kdialog", &["--title", TITLE, "--getexistingdirectory", &inside]),
            command("yad", &["--file", "--directory", &title, &format!("--filename={inside}")]),
        ]
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    fn shell(script: &str) -> Vec<Command> {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        vec![Command::new("/there/is/no/such/dialog"), command]
    }

    #[test]
    fn answers_of_dialogs() {
        let slot = Mutex::new(None);
        assert_eq!(ask(shell("echo '/a b/ü'"), &slot), Choice::Folder("/a b/ü".into()));
        assert_eq!(ask(shell("exit 1"), &slot), Choice::Nothing);
        assert_eq!(ask(vec![Command::new("/there/is/no/such/dialog")], &slot), Choice::NoDialog);
        assert!(slot.lock().is_none());
    }

    #[test]
    fn a_dialog_that_is_open_ends_with_the_instance() {
        let dialog = Dialog::default();
        let slot = dialog.child.clone();
        let waiting = std::thread::spawn(move || ask(shell("exec sleep 60"), &slot));
        while dialog.child.lock().is_none() {
            std::thread::yield_now();
        }
        dialog.close();
        assert_eq!(waiting.join().unwrap(), Choice::Nothing);
    }
}
