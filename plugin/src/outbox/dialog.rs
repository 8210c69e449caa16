//! The system's own dialogs for a folder and for a file to write, as programs of their own.
//!
//! A library for it would bring the desktop's toolkit into the host's process, or a message bus and its hundred crates. A
//! child can neither block nor break the host, and every desktop brings one of these programs.

use parking_lot::Mutex;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::thread::{Builder, JoinHandle};

const FOLDER_TITLE: &str = "Folder for files of Straightshot";
const FILE_TITLE: &str = "Save the sound as";
const SOUND_TITLE: &str = "Sound to follow";

/// What the user is asked for.
#[derive(Debug)]
pub(crate) enum Question {
    /// A folder; it begins at this one.
    Folder(PathBuf),
    /// A file to write; this one is proposed. Whoever chooses one that is there has agreed that it is replaced.
    File(PathBuf),
    /// A sound that is there; it begins in this folder.
    Sound(PathBuf),
}

/// What became of it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Choice {
    /// The user has chosen.
    Path(PathBuf),
    /// The user has closed it.
    Nothing,
    /// There is no program for it.
    NoDialog,
}

/// At most one dialog of an instance.
#[derive(Default)]
pub(crate) struct Dialog {
    child: Arc<Mutex<Option<Child>>>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl Dialog {
    /// Opens it; does nothing while one is open. `chosen` is called on another thread.
    pub(crate) fn open(&self, question: Question, chosen: impl FnOnce(Choice) + Send + 'static) {
        let mut thread = self.thread.lock();
        if thread.as_ref().is_some_and(|thread| !thread.is_finished()) {
            return;
        }
        let (slot, commands) = (self.child.clone(), commands(&question));
        let body = move || chosen(ask(commands, &slot));
        // Without a thread there is no dialog; the path can be typed.
        *thread = Builder::new().name("straightshot-dialog".into()).spawn(body).ok();
    }

    /// Closes it.
    pub(crate) fn close(&self) {
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
    if line.is_empty() { Choice::Nothing } else { Choice::Path(PathBuf::from(line)) }
}

fn command(program: &str, arguments: &[&str]) -> Command {
    let mut command = Command::new(program);
    command.args(arguments);
    command
}

/// The programs that this system may have, the likeliest first.
fn commands(question: &Question) -> Vec<Command> {
    if cfg!(target_os = "macos") {
        let script = match question {
            Question::Folder(_) => format!("POSIX path of (choose folder with prompt \"{FOLDER_TITLE}\")"),
            Question::File(path) => {
                format!(
                    "POSIX path of (choose file name with prompt \"{FILE_TITLE}\" default name {})",
                    quoted(path)
                )
            }
            Question::Sound(_) => format!("POSIX path of (choose file with prompt \"{SOUND_TITLE}\")"),
        };
        return vec![command("osascript", &["-e", &script])];
    }
    if cfg!(target_os = "windows") {
        let mut command = command("powershell", &["-NoProfile", "-STA", "-Command"]);
        command.arg(match question {
            Question::Folder(_) => WINDOWS_FOLDER,
            Question::File(_) => WINDOWS_FILE,
            Question::Sound(_) => WINDOWS_SOUND,
        });
        // Not in the text of the program: a name may hold what means something there.
        if let Question::File(path) = question {
            command.env("STRAIGHTSHOT_FOLDER", path.parent().unwrap_or(path));
            command.env("STRAIGHTSHOT_FILE", path.file_name().unwrap_or_default());
        }
        if let Question::Sound(folder) = question {
            command.env("STRAIGHTSHOT_FOLDER", folder);
        }
        return vec![command];
    }
    of_desktops(question)
}

/// The programs that the desktops of Linux and its like bring.
fn of_desktops(question: &Question) -> Vec<Command> {
    match question {
        Question::Folder(start) => {
            let (title, inside) = (format!("--title={FOLDER_TITLE}"), format!("{}/", start.display()));
            let filename = format!("--filename={inside}");
            vec![
                command("zenity", &["--file-selection", "--directory", &title, &filename]),
                command("kdialog", &["--title", FOLDER_TITLE, "--getexistingdirectory", &inside]),
                command("yad", &["--file", "--directory", &title, &filename]),
            ]
        }
        Question::File(path) => {
            let (title, path) = (format!("--title={FILE_TITLE}"), path.display().to_string());
            let filename = format!("--filename={path}");
            let (save, ask) = ("--save", "--confirm-overwrite");
            vec![
                command("zenity", &["--file-selection", save, ask, &title, &filename]),
                command("kdialog", &["--title", FILE_TITLE, "--getsavefilename", &path]),
                command("yad", &["--file", save, ask, &title, &filename]),
            ]
        }
        Question::Sound(start) => {
            let (title, inside) = (format!("--title={SOUND_TITLE}"), format!("{}/", start.display()));
            let filename = format!("--filename={inside}");
            vec![
                command("zenity", &["--file-selection", &title, &filename]),
                command("kdialog", &["--title", SOUND_TITLE, "--getopenfilename", &inside]),
                command("yad", &["--file", &title, &filename]),
            ]
        }
    }
}

const WINDOWS_FOLDER: &str = "Add-Type -AssemblyName System.Windows.Forms; \
     [Console]::OutputEncoding = [Text.Encoding]::UTF8; \
     $d = New-Object System.Windows.Forms.FolderBrowserDialog; \
     if ($d.ShowDialog() -eq 'OK') { $d.SelectedPath }";
const WINDOWS_FILE: &str = "Add-Type -AssemblyName System.Windows.Forms; \
     [Console]::OutputEncoding = [Text.Encoding]::UTF8; \
     $d = New-Object System.Windows.Forms.SaveFileDialog; \
     $d.InitialDirectory = $env:STRAIGHTSHOT_FOLDER; $d.FileName = $env:STRAIGHTSHOT_FILE; \
     $d.Filter = 'Sounds|*.wav;*.flac|All files|*.*'; \
     if ($d.ShowDialog() -eq 'OK') { $d.FileName }";

const WINDOWS_SOUND: &str = "Add-Type -AssemblyName System.Windows.Forms; \
     [Console]::OutputEncoding = [Text.Encoding]::UTF8; \
     $d = New-Object System.Windows.Forms.OpenFileDialog; \
     $d.InitialDirectory = $env:STRAIGHTSHOT_FOLDER; \
     if ($d.ShowDialog() -eq 'OK') { $d.FileName }";

/// The name of a file as AppleScript writes a text.
fn quoted(path: &Path) -> String {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    format!("\"{}\"", name.replace('\\', "\\\\").replace('"', "\\\""))
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
        assert_eq!(ask(shell("echo '/a b/ü'"), &slot), Choice::Path("/a b/ü".into()));
        assert_eq!(ask(shell("exit 1"), &slot), Choice::Nothing);
        assert_eq!(ask(vec![Command::new("/there/is/no/such/dialog")], &slot), Choice::NoDialog);
        assert!(slot.lock().is_none());
    }

    #[test]
    fn a_file_is_asked_for_with_the_name_that_it_would_have() {
        let asked = commands(&Question::File("/sounds/a \"b\".wav".into()));
        let told: Vec<String> = asked[0].get_args().map(|arg| arg.to_string_lossy().into_owned()).collect();
        if cfg!(not(target_os = "macos")) {
            assert!(told.iter().any(|arg| arg == "--filename=/sounds/a \"b\".wav"), "{told:?}");
            assert!(told.iter().any(|arg| arg == "--save"), "{told:?}");
        }
        assert_eq!(quoted(Path::new("/sounds/a \"b\".wav")), r#""a \"b\".wav""#);
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
