//! Who has the keys when no field has them: the takes, once one of them was clicked.
//!
//! In a host the keyboard is the host's. Whoever clicks a take or its waveform means the keys for it, until escape, a click
//! into the host or another window: space plays it then, and the arrows walk through the list. A click gives the focus to
//! nothing but fields by itself, so something without a look has it meanwhile.

use egui::{EventFilter, Id, Rect, Response, Sense, Ui, Vec2};

/// What has the focus for the takes.
pub(super) fn id() -> Id {
    Id::unique("straightshot keys of takes")
}

/// Has the keyboard follow a click on something that stands for a take.
pub(super) fn follow(ui: &Ui, response: &Response) {
    // Not a click by a key: that leaves the focus where it is.
    if response.clicked() && response.interact_pointer_pos().is_some() {
        ui.memory_mut(|memory| memory.request_focus(id()));
    }
}

/// Keeps the focus from frame to frame; the arrows do not move it.
pub(super) fn hold(ui: &Ui) {
    if !ui.memory(|memory| memory.has_focus(id())) {
        return;
    }
    let nowhere = Rect::from_min_size(ui.max_rect().min, Vec2::ZERO);
    ui.interact(nowhere, id(), Sense::focusable_noninteractive());
    let arrows = EventFilter { horizontal_arrows: true, vertical_arrows: true, ..EventFilter::default() };
    ui.memory_mut(|memory| memory.set_focus_lock_filter(id(), arrows));
}
