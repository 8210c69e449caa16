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
    if nice_plug::nice_export_standalone::<Straightshot>() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
