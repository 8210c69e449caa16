//! Of the versions of a take, comparison, recipes and levels.

use crate::editor::compare::Side;
use straightshot_listening::LevelChoice;
use straightshot_takes::TakeId;

/// What the user asked for about versions, comparison, recipes and levels.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::editor) enum VersionsAction {
    /// Show the version of a take with so many steps and play it.
    Hear(TakeId, u32),
    /// Make the version of a take with so many steps.
    Make(TakeId, u32),
    /// Hear the other side of the comparison, equally loud.
    Switch,
    /// Put this beside what is heard.
    CompareWith(Side),
    /// Stop comparing: everything at its own level.
    EndComparing,
    /// Stop comparing and go on with the side that is heard.
    KeepHeard,
    /// Put a part of what made a take back into the controls.
    Recall(TakeId, Part),
    /// Make the sound of a take again with another seed.
    Vary(TakeId),
    /// Set the parameter.
    SetGuidance(f32),
    /// How loud new sounds are.
    SetLevel(LevelChoice),
    /// Have a text read by the model.
    Read(String),
    /// Have the versions of a take listened to.
    Listen(TakeId),
}

/// A part of what made a take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::editor) enum Part {
    /// Prompt and negative prompt.
    Prompt,
    /// The seed, which is locked so that it counts.
    Seed,
    /// The number of steps.
    Steps,
    /// The length.
    Length,
}
