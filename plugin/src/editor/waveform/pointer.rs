//! What the pointer and the wheel do on the wave.

use super::grips::Ground;
use super::{Held, Layout, Waveform, heard_s};
use crate::editor::action::{Action, EditAction, PlayAction};
use crate::editor::link::{Audition, Begin};
use crate::editor::{key_holder, theme};
use egui::{PointerButton, Pos2, Rect, Response, Ui};
use straightshot_takes::{Gesture, Take};

/// How much closer 50 points of the wheel bring it.
const WHEEL: f64 = 1.35;

impl Waveform {
    /// Closer, farther and along by the wheel and by pinching.
    pub(super) fn wheel(&mut self, ui: &Ui, response: &Response, rect: Rect, frames: usize) {
        let Some(at) = response.hover_pos() else { return };
        let (wheel, pinch, shift) =
            ui.input(|input| (input.smooth_scroll_delta(), input.zoom_delta(), input.modifiers.shift));
        let share = f64::from(((at.x - rect.left()) / rect.width().max(1.0)).clamp(0.0, 1.0));
        let under = self.zoom.from + share * (self.zoom.to - self.zoom.from);
        let along = if shift && wheel.x == 0.0 { wheel.y } else { wheel.x };
        if along != 0.0 {
            let length = self.zoom.to - self.zoom.from;
            self.zoom = self.zoom.moved(-f64::from(along / rect.width().max(1.0)) * length);
        }
        if wheel.y != 0.0 && !shift {
            self.zoom = self.zoom.closer(WHEEL.powf(f64::from(wheel.y) / 50.0), under, frames);
        }
        if (pinch - 1.0).abs() > f32::EPSILON {
            self.zoom = self.zoom.closer(f64::from(pinch), under, frames);
        }
        // What moves here does not scroll the window.
        ui.input_mut(|input| input.smooth_scroll_delta = egui::Vec2::ZERO);
    }

    /// Clicks and drags.
    pub(super) fn pointer(
        &mut self,
        ui: &Ui,
        response: &Response,
        (layout, ground): (&Layout, &Ground<'_>),
        take: &Take,
        actions: &mut Vec<Action>,
    ) {
        let on_map = |at: Pos2| layout.map.is_some_and(|map| map.contains(at));
        if response.drag_started()
            && let Some(at) = ui.input(|input| input.pointer.press_origin())
        {
            let middle = response.drag_started_by(PointerButton::Middle);
            self.held = self.hold(ground, at, middle || on_map(at) || layout.ruler.contains(at));
            if matches!(self.held, Some(Held::Part)) {
                let range_s = self.selected_s(take);
                actions.push(EditAction::TakeOut { take: take.id, range_s }.into());
            }
        }
        if let Some(at) = response.interact_pointer_pos().filter(|_| response.dragged()) {
            let free = ui.input(|input| input.modifiers.alt);
            self.drag(response.drag_delta().x, at, free, layout, ground, take, actions);
        }
        if response.drag_stopped() {
            self.held = None;
            // A selection of nothing is a slip of the hand.
            self.selection = self.selection.take().filter(|part| part.len() > 1);
        }
        key_holder::follow(ui, response);
        if response.double_clicked() {
            self.show_selection(take);
        } else if let Some(at) = response.interact_pointer_pos().filter(|_| response.clicked()) {
            if let (true, Some(map)) = (on_map(at), layout.map) {
                self.center(f64::from((at.x - map.left()) / map.width()));
            } else {
                self.click(at, ground, take, actions);
            }
        }
    }

    /// What a drag from `at` takes hold of.
    fn hold(&self, ground: &Ground<'_>, at: Pos2, sight: bool) -> Option<Held> {
        if let Some(grip) = ground.grip_at(at) {
            return Some(Held::Grip(grip, Gesture::begin()));
        }
        if sight {
            return Some(Held::Sight);
        }
        if self.is_selected(ground, at) {
            return Some(Held::Part);
        }
        Some(Held::Selection(ground.timeline.source(ground.scale.frame(at.x, ground.timeline.strip()))))
    }

    #[expect(clippy::too_many_arguments, reason = "where the pointer is, and over what")]
    fn drag(
        &mut self,
        moved: f32,
        at: Pos2,
        free: bool,
        layout: &Layout,
        ground: &Ground<'_>,
        take: &Take,
        actions: &mut Vec<Action>,
    ) {
        match self.held {
            Some(Held::Grip(grip, gesture)) => {
                let edit = ground.dragged(grip, at.x, free);
                if edit != take.edit {
                    actions.push(EditAction::set(take.id, edit, grip.step(), Some(gesture)));
                }
            }
            Some(Held::Selection(anchor)) => {
                let x = at.x.clamp(ground.wave.left(), ground.wave.right());
                let frame = ground.timeline.source(ground.scale.frame(x, ground.timeline.strip()));
                self.selection = Some(anchor.min(frame)..anchor.max(frame));
                self.cursor = None;
            }
            Some(Held::Sight) => {
                let whole = f64::from(layout.wave.width().max(1.0));
                let length = self.zoom.to - self.zoom.from;
                let on_map = layout.map.is_some_and(|map| at.y <= map.bottom() + theme::UNIT);
                // On the map the sight is dragged, below it the sound.
                let by = if on_map { f64::from(moved) / whole } else { -f64::from(moved) / whole * length };
                self.zoom = self.zoom.moved(by);
            }
            Some(Held::Part) | None => {}
        }
    }

    /// Plays from where the pointer is.
    fn click(&mut self, at: Pos2, ground: &Ground<'_>, take: &Take, actions: &mut Vec<Action>) {
        if !self.is_selected(ground, at) {
            self.selection = None;
        }
        let heard = ground.timeline.heard();
        let frame = ground
            .scale
            .frame(at.x, ground.timeline.strip())
            .min(heard.end.saturating_sub(1))
            .max(heard.start);
        let cursor = ground.timeline.source(frame);
        self.cursor = Some(cursor);
        let begin = Begin::At(heard_s(take, cursor));
        let range_s = self.selected_s(take);
        let looped = self.looping && range_s.is_some();
        actions.push(PlayAction::Hear(Audition { begin, range_s, looped, ..Audition::default() }).into());
    }

    /// Brings `at`, a fraction of the strip, to the middle.
    fn center(&mut self, at: f64) {
        self.zoom = self.zoom.moved(at - 0.5 * (self.zoom.from + self.zoom.to));
    }
}
