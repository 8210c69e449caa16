//! Shows files in the desktop's file manager.

use super::trouble;
use crate::Files;
use std::process::{Command, Stdio};
use straightshot_protocol::Failure;

/// Asks the file manager to select the files, and opens their folder if none answers.
///
/// Every file manager answers to this name on the session's bus, and is started if need be. The list is one argument,
/// separated by commas; those in names are escaped in addresses. The shell starts both in the background and ends at
/// once, so that nothing has to be waited for.
const SHOW: &str = "{ dbus-send --session --print-reply --reply-timeout=5000 --dest=org.freedesktop.FileManager1 \
                    /org/freedesktop/FileManager1 org.freedesktop.FileManager1.ShowItems \"$1\" string: \
                    || xdg-open \"$2\"; } &";

pub(super) fn reveal(files: &Files) -> Result<(), Failure> {
    let addresses: Vec<String> = files.paths().iter().map(|path| crate::uri(path)).collect();
    let mut command = Command::new("sh");
    command.args(["-c", SHOW, "sh", &format!("array:string:{}", addresses.join(","))]);
    command.arg(files.folder()).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.status().map_err(|e| trouble("No file manager could be started.", &e))?;
    Ok(())
}
