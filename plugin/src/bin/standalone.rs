//! Straightshot without a host: the same plugin with its own window, audio and MIDI connections.
//!
//! The environment variable `STRAIGHTSHOT_REQUEST` may hold a request as JSON, in the form of [`Request`]; the
//! program then starts with its prompt and settings and makes the sound at once.
//!
//! Otherwise it goes on where it ended the last time, also after a crash.

use std::process::ExitCode;
use straightshot::Straightshot;
use straightshot_protocol::Request;

/// Name of the variable with the first request.
const REQUEST_VARIABLE: &str = "STRAIGHTSHOT_REQUEST";

/// Name of the file with the session of the last time, in the folder of the user's takes.
const SESSION_FILE: &str = "session.json";

/// Kinds of audio connections, the best one first.
#[cfg(target_os = "macos")]
const BACKENDS: [&str; 2] = ["jack", "core-audio"];
#[cfg(target_os = "windows")]
const BACKENDS: [&str; 2] = ["jack", "wasapi"];
#[cfg(not(any(target_os = "macos", target_os = "windows")))]
const BACKENDS: [&str; 2] = ["jack", "alsa"];

fn main() -> ExitCode {
    if let Ok(text) = std::env::var(REQUEST_VARIABLE) {
        match serde_json::from_str::<Request>(&text) {
            Ok(request) => straightshot::begin_with(request),
            Err(e) => {
                #[expect(clippy::print_stderr, reason = "a program's answer to a wrong setting")]
                {
                    eprintln!("{REQUEST_VARIABLE} is not a request: {e}");
                }
                return ExitCode::from(2);
            }
        }
    }
    if let Some(folder) = straightshot_takes::data_folder() {
        straightshot::keep_session_in(folder.join(SESSION_FILE));
    }
    if run() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Opens the window with the first kind of audio connection that works. The framework would do that by itself, but tells
/// nobody when it has found none; then the window shall say so.
fn run() -> bool {
    let arguments: Vec<String> = std::env::args().collect();
    let start = |backend: Option<&str>| {
        let chosen = backend.map(|name| format!("--backend={name}"));
        let all = arguments.iter().cloned().chain(chosen);
        nice_plug::prelude::nice_export_standalone_with_args::<Straightshot, _>(all)
    };
    let is_choice = |argument: &String| {
        ["-b", "--backend", "-h", "--help", "-V"].iter().any(|start| argument.starts_with(start))
    };
    // Who asks for no device does not have to be told that there is none.
    if arguments.iter().skip(1).any(is_choice) {
        return start(None);
    }
    for backend in BACKENDS {
        let done = start(Some(backend));
        // A window that was open was closed by the user, or has failed for another reason.
        if done || straightshot::has_made_an_instance() {
            return done;
        }
    }
    straightshot::say_that_there_is_no_audio();
    start(Some("dummy"))
}
