//! Carries out what the user asked for: one file per area, each an `impl App`.

mod deliver;
mod edit;
mod library;
mod outgoing;
mod play;
mod queue;
mod request;
mod versions;
mod window;

use super::App;
use super::action::Action;
use crate::editor::link::View;
use nice_plug::prelude::ParamSetter;
use std::sync::Arc;
use straightshot_takes::{Take, TakeId};

/// The frame in which something was asked for.
#[derive(Clone, Copy)]
pub(super) struct Moment<'a> {
    /// What was shown.
    pub(super) view: &'a View,
    /// The way to the host's parameters.
    pub(super) setter: &'a ParamSetter<'a>,
    /// The window's seconds.
    pub(super) now_s: f64,
}

impl Moment<'_> {
    /// A take in the list or in the bin.
    pub(super) fn find(&self, id: TakeId) -> Option<&Arc<Take>> {
        self.view.takes.iter().chain(&self.view.bin).find(|take| take.id == id)
    }
}

impl App {
    /// Carries out what the user asked for.
    pub(super) fn perform(&mut self, action: Action, at: Moment<'_>) {
        match action {
            Action::Window(action) => self.perform_window(action, at),
            Action::Request(action) => self.perform_request(action, at),
            Action::Queue(action) => self.perform_queue(action, at),
            Action::Versions(action) => self.perform_versions(action, at),
            Action::Play(action) => self.perform_play(action, at),
            Action::Edit(action) => self.perform_edit(action, at),
            Action::Deliver(action) => self.perform_deliver(action, at),
            Action::Library(action) => self.perform_library(action, at),
            Action::Outgoing(action) => self.perform_outgoing(action),
        }
    }
}
