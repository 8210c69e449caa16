//! Pointer and keys on the curve.

use super::drawing::{self, Place};
use super::shown::{Scale, Shown, Way, goes_down};
use egui::{Key, Modifiers, Response, Ui};
use straightshot_protocol::Curve;

/// What a key changes of the level, dB; with Shift a tenth.
const STEP_DB: f32 = 1.0;

/// What of the curve lasts from frame to frame.
#[derive(Debug, Default)]
pub(super) struct CurveHand {
    /// Where keys change it, in seconds.
    pub(super) cursor_s: f64,
    stroke: Option<Stroke>,
}

/// A drag.
#[derive(Debug)]
struct Stroke {
    way: Way,
    begun: Place,
    /// Where it was in the frame before.
    last: Place,
    /// The levels before it.
    before: Vec<f32>,
    /// What has been drawn so far.
    drawn: Vec<f32>,
    /// From when to when, where there was no curve before: it stays as it is at both ends.
    first: Option<(f64, f64)>,
}

/// Another curve or none, and the name of the step to it.
pub(super) type Changed = (Option<Curve>, &'static str);

impl CurveHand {
    /// Whether something is being drawn.
    pub(super) fn is_drawing(&self) -> bool {
        self.stroke.is_some()
    }

    /// What the pointer has changed. It draws as it is dragged; with Ctrl a straight line, with Shift finer; on a grid steps.
    pub(super) fn pointed(
        &mut self,
        ui: &Ui,
        response: &Response,
        shown: &Shown,
        scale: &Scale,
    ) -> Option<Changed> {
        let Some(at) = response.interact_pointer_pos() else {
            self.stroke = None;
            return None;
        };
        if response.double_clicked() {
            self.stroke = None;
            return shown.curve.is_some().then_some((None, "remove curve"));
        }
        let modifiers = ui.input(|input| input.modifiers);
        if goes_down(ui, response) {
            let begin = ui.input(|input| input.pointer.press_origin()).unwrap_or(at);
            let begun = scale.place(begin);
            let before = drawing::levels(shown.curve.as_ref(), shown.seconds);
            self.cursor_s = begun.0;
            let first = shown.curve.is_none().then_some((begun.0, begun.0));
            let way = Way::from(begin);
            self.stroke = Some(Stroke { way, begun, last: begun, drawn: before.clone(), before, first });
        }
        let clicked = response.clicked() && shown.grid.is_some();
        if !response.dragged() && !clicked {
            if !response.is_pointer_button_down_on() {
                self.stroke = None;
            }
            return None;
        }
        let stroke = self.stroke.as_mut()?;
        stroke.way.follow(at, modifiers.shift);
        let place = scale.place(stroke.way.at);
        let grid = shown.grid.filter(|_| !modifiers.shift);
        if modifiers.command {
            stroke.drawn.clone_from(&stroke.before);
            drawing::stroke(&mut stroke.drawn, stroke.begun, place, grid);
        } else {
            drawing::stroke(&mut stroke.drawn, stroke.last, place, grid);
        }
        stroke.last = place;
        if let Some((from, to)) = &mut stroke.first {
            (*from, *to) = (from.min(place.0), to.max(place.0));
            drawing::spread(&mut stroke.drawn, (*from, *to));
        }
        self.cursor_s = place.0.min(shown.seconds);
        let drawn = Curve::of(stroke.drawn.iter().copied());
        if clicked {
            self.stroke = None;
        }
        Some((drawn, "draw curve"))
    }

    /// What keys have changed.
    pub(super) fn keyed(&mut self, ui: &Ui, shown: &Shown) -> Option<Changed> {
        let key = pressed(ui)?;
        let (from, to) = shown.part(self.cursor_s);
        let last = (shown.seconds - 1e-3).max(0.0);
        match key {
            Pressed::Along(parts) => {
                self.cursor_s = (from + parts * (to - from)).clamp(0.0, last);
                None
            }
            Pressed::To(end) => {
                self.cursor_s = end * last;
                None
            }
            Pressed::Louder(by_db) => {
                let mut levels = drawing::levels(shown.curve.as_ref(), shown.seconds);
                drawing::nudge(&mut levels, (from, to), by_db);
                Some((Curve::of(levels), "draw curve"))
            }
            Pressed::Remove => shown.curve.is_some().then_some((None, "remove curve")),
        }
    }
}

enum Pressed {
    /// The cursor goes on by so many parts.
    Along(f64),
    /// The cursor goes to the beginning, 0, or the end, 1.
    To(f64),
    Louder(f32),
    Remove,
}

fn pressed(ui: &Ui) -> Option<Pressed> {
    let (none, shift) = (Modifiers::NONE, Modifiers::SHIFT);
    ui.input_mut(|input| {
        // Keys with Shift are those without it, too.
        for (modifiers, by_db) in [(shift, 0.1 * STEP_DB), (none, STEP_DB)] {
            if input.consume_key(modifiers, Key::ArrowUp) {
                return Some(Pressed::Louder(by_db));
            }
            if input.consume_key(modifiers, Key::ArrowDown) {
                return Some(Pressed::Louder(-by_db));
            }
        }
        let keys = [
            (Key::ArrowRight, Pressed::Along(1.0)),
            (Key::ArrowLeft, Pressed::Along(-1.0)),
            (Key::Home, Pressed::To(0.0)),
            (Key::End, Pressed::To(1.0)),
            (Key::Delete, Pressed::Remove),
            (Key::Backspace, Pressed::Remove),
        ];
        keys.into_iter().find(|(key, _)| input.consume_key(none, *key)).map(|(_, pressed)| pressed)
    })
}
