//! What keys do on the wave.

use super::grips::Ground;
use super::{Waveform, fraction};
use crate::editor::action::{Action, PlayAction};
use crate::editor::theme;
use egui::{EventFilter, Key, Response, Ui};
use straightshot_takes::Take;

impl Waveform {
    /// What the keys do while the keyboard focus is on the wave: arrows move the cursor, with shift the end of the
    /// selection; return plays from there.
    pub(super) fn keys(
        &mut self,
        ui: &Ui,
        response: &Response,
        ground: &Ground<'_>,
        take: &Take,
        actions: &mut Vec<Action>,
    ) {
        if !response.has_focus() {
            return;
        }
        let filter = EventFilter { horizontal_arrows: true, ..EventFilter::default() };
        ui.memory_mut(|memory| memory.set_focus_lock_filter(response.id, filter));
        let (left, right, home, end, shift, escape) = ui.input(|input| {
            let pressed = |key| input.key_pressed(key);
            (
                pressed(Key::ArrowLeft),
                pressed(Key::ArrowRight),
                pressed(Key::Home),
                pressed(Key::End),
                input.modifiers.shift,
                pressed(Key::Escape),
            )
        });
        if escape {
            self.selection = None;
        }
        if response.clicked() && response.interact_pointer_pos().is_none() {
            // By return or space, and not by the pointer.
            actions.push(PlayAction::Hear(self.audition(take)).into());
        }
        if !(left || right || home || end) {
            return;
        }
        let (timeline, heard) = (ground.timeline, ground.timeline.heard());
        let before = self.cursor.map_or(heard.start, |cursor| timeline.place(cursor));
        let step = ground.scale.frames(theme::UNIT).max(1);
        let at = match (left, right, home) {
            (true, ..) => before.saturating_sub(step).max(heard.start),
            (_, true, _) => (before + step).min(heard.end),
            (_, _, true) => heard.start,
            _ => heard.end,
        };
        let (from, to) = (timeline.source(before), timeline.source(at));
        if shift {
            // The end that the cursor is at moves, the other one stays.
            let anchor = match &self.selection {
                Some(part) if part.end == from => part.start,
                Some(part) if part.start == from => part.end,
                _ => from,
            };
            self.selection = Some(anchor.min(to)..anchor.max(to));
        } else {
            self.selection = None;
        }
        self.cursor = Some(to);
        self.zoom = self.zoom.following(fraction(at, timeline));
    }
}
