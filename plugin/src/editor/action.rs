//! What the user asked for in a frame. Drawing code only collects actions; [`super::App`] carries them out, so
//! that every panel can be drawn and tested without a plugin around it.
//!
//! Each area of the window has an enum of its own in `action/`, and its handling as `impl App` in the file of the same
//! name in `perform/`: panels know the enums and not the handling, so that no files use each other in a circle.

mod deliver;
mod edit;
mod library;
mod outgoing;
mod play;
mod queue;
mod request;
mod versions;
mod window;

pub(super) use deliver::{DeliverAction, WithChosen};
pub(super) use edit::EditAction;
pub(super) use library::{LibraryAction, ListKey, StoreAction};
pub(super) use outgoing::OutgoingAction;
pub(super) use play::PlayAction;
pub(super) use queue::QueueAction;
pub(super) use request::RequestAction;
pub(super) use versions::{Part, VersionsAction};
pub(super) use window::WindowAction;

/// One thing the user asked for.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Action {
    /// Of the window itself: zoom, help, model, messages.
    Window(WindowAction),
    /// Of what the next sound is made from.
    Request(RequestAction),
    /// Of making sounds.
    Queue(QueueAction),
    /// Of the versions of a take.
    Versions(VersionsAction),
    /// Of listening.
    Play(PlayAction),
    /// Of editing the active take.
    Edit(EditAction),
    /// Of files that leave the window.
    Deliver(DeliverAction),
    /// Of the list of takes and the library.
    Library(LibraryAction),
    /// Of takes that leave the window as files.
    Outgoing(OutgoingAction),
}

/// Lets a panel write `actions.push(PlayAction::Stop.into())`.
macro_rules! into_action {
    ($($area:ident($actions:ident)),*) => {
        $(impl From<$actions> for Action {
            fn from(action: $actions) -> Self {
                Self::$area(action)
            }
        })*
    };
}

into_action!(
    Window(WindowAction),
    Request(RequestAction),
    Queue(QueueAction),
    Versions(VersionsAction),
    Play(PlayAction),
    Edit(EditAction),
    Deliver(DeliverAction),
    Library(LibraryAction),
    Outgoing(OutgoingAction)
);
