//! Versions of takes, texts that are read, and the level of new sounds.

use super::EditorLink;
use crate::shared::Command;
use straightshot_listening::LevelChoice;
use straightshot_takes::{Take, TakeId};

impl EditorLink {
    /// Has `text` read as the model of the next sound will; what it makes of it is in
    /// [`Status::readings`](crate::shared::Status::readings) within milliseconds.
    pub fn read_text(&self, text: String) {
        self.worker.send(Command::Read(text));
    }

    /// Has the versions of takes listened to, on a thread of the worker's; what was heard is in
    /// [`Status::measured`](crate::shared::Status::measured).
    pub fn listen_to(&self, takes: Vec<TakeId>) {
        self.worker.send(Command::Listen(takes));
    }

    /// Chooses how loud new sounds are, in all projects.
    pub fn set_level(&self, level: LevelChoice) {
        self.worker.send(Command::SetLevel(level));
    }

    /// Makes the version of `take` with `steps` steps.
    pub fn refine_take(&self, take: &Take, steps: u32) {
        self.refine(take.id, steps);
    }
}
