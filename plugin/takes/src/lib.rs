//! [any thread] Takes: the rules about them, the form they are saved in, and the thread that keeps them.
//!
//! | module | what it is |
//! |---|---|
//! | [`Session`] | prompt, takes, bin and unfinished jobs of one instance, with the rules about them: plain data |
//! | [`QueuedJob`] | what is yet to be made: a recipe, and a seed for each of its sounds |
//! | [`ModelChoice`] | which model the session makes its sounds with, and where it was seen last |
//! | [`Take`] | one sound with its recipe, and its versions at other numbers of steps |
//! | [`Session::step`], [`Gesture`] | undo and redo of all that is done with takes |
//! | [`Wish`] | edits that the keeper finds: a loop, where the silence ends |
//! | [`document`] | a session as JSON and back; reading never fails, what is damaged is said in sentences |
//! | [`TakesFolder`] | sounds outside the project: one FLAC file each, found by the hash of its content |
//! | [`Settings`] | where the folder is and how large it may be, for all projects |
//! | [`Keeper`] | the background thread between them: reads, writes and lets go of sounds |
//! | [`Library`] | the sounds of the folder across projects: an index, a search, what sounds alike, what the user said |
//! | [`Autosave`] | the session of the program without a host, in a file that survives a crash |
//!
//! # The way of a sound
//! A sound is rounded to 24 bits and packed as FLAC when its take is made ([`Take::new`]), so that what is heard is
//! what is saved and no host waits for packing. The [`Keeper`] writes it to the folder. A project holds the sounds of
//! the takes that [`Embed`] allows and refers to the others by hash. Whatever comes from outside, project or folder,
//! is checked against that hash before it is unpacked: a damaged sound is silent and keeps its recipe.

#![forbid(unsafe_code)]

mod autosave;
mod check;
pub mod document;
mod edited;
mod embed;
mod features;
mod flac;
mod folder;
mod history;
mod index;
mod keeper;
mod kept;
mod legacy;
mod library;
mod limit;
mod marking;
mod model;
mod names;
mod peaks;
mod queue;
mod reading;
mod refinement;
mod session;
mod sessions;
mod settings;
mod take;
mod tasks;
#[cfg(test)]
mod tests;
mod version;
mod versions;
mod whole_file;
mod wish;

pub use autosave::Autosave;
pub use embed::{DEFAULT_BUDGET_BYTES, Embed};
pub use features::{Features, distance, features};
pub use folder::{Entry, MoveProgress, TakesFolder, Usage, data_folder};
pub use history::{Gesture, Keys};
pub use index::{Heard, Marks, PICTURE_COLUMNS};
pub use keeper::{Happened, Keeper};
pub use library::{
    Activity, Categories, Category, Library, LibrarySound, Query, Rejected, Shelf, Sort, Terms, fold,
};
pub use limit::limit;
pub use model::{ModelChoice, SavedPath};
pub use peaks::{PEAK_COLUMNS, Peak};
pub use queue::{JobId, Piece, Purpose, QueuedJob};
pub use refinement::Made;
pub use session::{Epoch, Session, SessionStore, default_name};
pub use sessions::sounds_in_use;
pub use settings::Settings;
pub use take::{Take, TakeId};
pub use versions::VersionOfTake;
pub use whole_file::write_whole;
pub use wish::Wish;
