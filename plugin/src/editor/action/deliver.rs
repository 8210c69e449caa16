//! Of files that leave the window.

use straightshot_delivery::Settings;
use straightshot_takes::TakeId;

/// Save, export, and how files are written.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::editor) enum DeliverAction {
    /// Write these takes as files.
    Save(Vec<TakeId>),
    /// Write the takes as files that are chosen in the list.
    SaveChosen,
    /// Write the takes into a folder of their own that are chosen in the list, or starred.
    ExportPack,
    /// Write these takes into a folder of their own, with a list and an instrument.
    Export(Vec<TakeId>),
    /// Give up the export.
    CancelExport,
    /// Change how files are written, for all projects.
    Set(Box<Settings>),
    /// File a take under a category, `None` for the one that its prompt proposes.
    Categorise(TakeId, Option<&'static str>),
    /// Let the user choose the folder for files in a dialog of the system.
    ChooseFolder,
}
