//! [any thread] Edits of a sound: what is to be done with it as plain data, and the sound that this makes.
//!
//! An [`Edit`] never changes the sound it belongs to: [`render()`] makes another one from both. [`Edit::default`] changes
//! nothing. All positions and lengths of an edit are in frames of the unedited sound, so that each tool can be undone,
//! reset or changed without touching the others.
//!
//! # Order
//! | # | what | why there |
//! |---|---|---|
//! | 1 | trim | all else is about what is left |
//! | 2 | speed | a filter must see what lies beyond a loop's end, not the join |
//! | 3 | reverse | the part that is seen is the part that is turned round |
//! | 4 | width | levels are measured of what is heard |
//! | 5 | loop | its join is made of samples that nothing moves any more |
//! | 6 | fades | they are at the beginning and the end of what is heard, also of a reversed sound |
//! | 7 | level | measured of all before |
//! | 8 | gain | by hand, on top |
//! | 9 | ceiling | a sound that would be beyond full scale is turned down as a whole: nothing is ever clipped |
//!
//! [`Timeline`] says where a frame of the unedited sound is heard, and the other way round.

#![forbid(unsafe_code)]

mod edit;
mod fade;
mod level;
mod looping;
mod render;
mod silence;
mod speed;
mod timeline;

pub use edit::{Edit, Level, Loop, MOST_GAIN_DB, MOST_SEMITONES, MOST_WIDTH};
pub use fade::{Curve, Fade};
pub use level::{Loudness, loudness};
pub use looping::find::{Found, find_loop};
pub use render::{Edited, render};
pub use silence::{SILENCE_DB, sounding, zero_crossing};
pub use timeline::Timeline;
