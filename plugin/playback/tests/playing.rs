//! What plays which sound, and how: modes, envelopes, pedals, choices, the place in the song, what the editor asks for.
#![expect(clippy::disallowed_methods, clippy::disallowed_macros, reason = "a test is no audio thread")]

#[path = "playing/bench.rs"]
mod bench;
#[path = "playing/choices.rs"]
mod choices;
#[path = "playing/editor.rs"]
mod editor;
#[path = "playing/notes.rs"]
mod notes;
#[path = "playing/song.rs"]
mod song;
