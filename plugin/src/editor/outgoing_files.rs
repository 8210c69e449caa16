//! The window's errands: takes that leave it as files.
//!
//! The framework does not tell when a window closes. So the errands are shared with a guard that lies in egui's memory of
//! the window; it goes with the window, cancels a drag and waits for threads.

use crate::editor::action::OutgoingAction;
use crate::editor::link::EditorLink;
use crate::outbox::{Errands, Hand, News};
use egui::{Context, Id};
use nice_plug_egui::baseview::WindowWaker;
use parking_lot::Mutex;
use std::sync::Arc;

/// All errands of a window. What is on the clipboard stays when the window is closed.
#[derive(Default)]
pub(super) struct OutgoingFiles {
    errands: Arc<Mutex<Errands>>,
    /// Draws the open window again.
    waker: Option<WindowWaker>,
    /// Physical pixels per point in the last frame.
    scale: f32,
}

/// What lies in egui's memory of a window.
struct Guard(Arc<Mutex<Errands>>);

impl Drop for Guard {
    fn drop(&mut self) {
        self.0.lock().window_closes();
    }
}

impl OutgoingFiles {
    /// A window was opened.
    pub(super) fn window_opens(&mut self, ctx: &Context, waker: WindowWaker) {
        self.waker = Some(waker);
        let guard = Arc::new(Guard(self.errands.clone()));
        ctx.data_mut(|data| data.insert_temp(Id::unique("straightshot outgoing files"), guard));
    }

    /// Begins an errand; its files are written in the background.
    pub(super) fn begin(&self, action: OutgoingAction, link: &EditorLink) {
        let OutgoingAction { errand, outgoing } = action;
        let look = link.look(&outgoing, self.scale);
        let waker = self.waker.clone();
        let done = move || {
            if let Some(waker) = waker {
                waker.request_redraw();
            }
        };
        let begun =
            link.writer(&outgoing).and_then(|write| self.errands.lock().begin(errand, look, write, done));
        if let Err(failure) = begun {
            link.tell(News::Failed(failure));
        }
    }

    /// Whether a drag is going on or about to.
    pub(super) fn is_dragging(&self) -> bool {
        self.errands.lock().is_dragging()
    }

    /// Hands over what has been written and tells what there is to tell, in a window with so many pixels per point. Returns
    /// whether anything is under way.
    pub(super) fn follow(&mut self, hand: Hand, scale: f32, link: &EditorLink) -> bool {
        self.scale = scale;
        let (news, busy) = {
            let mut errands = self.errands.lock();
            (errands.follow(hand), errands.is_busy())
        };
        for news in news {
            link.tell(news);
        }
        busy
    }
}
