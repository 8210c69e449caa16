//! Of files that leave the window.

use crate::outbox::Outgoing;
use straightshot_delivery::Settings;
use straightshot_takes::TakeId;

/// What can be done with what is chosen in the list that is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::editor) enum WithChosen {
    /// [`DeliverAction::Save`].
    Save,
    /// [`DeliverAction::SaveAs`].
    SaveAs,
    /// Put the files onto the clipboard.
    Copy,
}

/// Save, export, and how files are written.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::editor) enum DeliverAction {
    /// Write these as files.
    Save(Outgoing),
    /// Write these as files that the user names, or into a folder that he chooses.
    SaveAs(Outgoing),
    /// Do something with what is chosen in the list that is shown.
    Chosen(WithChosen),
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
