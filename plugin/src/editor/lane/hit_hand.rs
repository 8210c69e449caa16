//! Pointer and keys on the hits.

use super::hits::{self, Step};
use super::shown::{Scale, Shown, Way, goes_down};
use egui::{Key, Modifiers, Response, Ui};
use straightshot_protocol::Hit;

/// What of the hits lasts from frame to frame.
#[derive(Debug, Default)]
pub(super) struct HitHand {
    /// The hit that keys and pointer move.
    pub(super) chosen: Option<usize>,
    /// Where it is being dragged to.
    way: Option<Way>,
}

/// Other hits, and the name of the step to them.
pub(super) type Changed = (Vec<Hit>, &'static str);

impl HitHand {
    /// Whether a hit is being dragged.
    pub(super) fn is_dragging(&self) -> bool {
        self.way.is_some()
    }

    /// What the pointer has changed.
    pub(super) fn pointed(
        &mut self,
        ui: &Ui,
        response: &Response,
        shown: &Shown,
        scale: &Scale,
    ) -> Option<Changed> {
        let Some(at) = response.interact_pointer_pos() else {
            self.way = None;
            return None;
        };
        if response.double_clicked() || response.secondary_clicked() {
            let near = scale.near(&shown.hits, at)?;
            let (hits, chosen) = hits::stepped(&shown.hits, Some(near), Step::Remove, shown.seconds);
            self.chosen = chosen;
            return Some((hits, "remove hit"));
        }
        let fine = ui.input(|input| input.modifiers.shift);
        if goes_down(ui, response) {
            self.chosen = scale.near(&shown.hits, at);
            self.way = Some(Way::from(at));
            if self.chosen.is_none() {
                let hit = scale.hit(at);
                let hit = Hit { seconds: shown.snapped(hit.seconds, !fine), ..hit };
                let (hits, index) = hits::added(shown.hits.clone(), hit, shown.seconds)?;
                self.chosen = Some(index);
                return Some((hits, "add hit"));
            }
        }
        if !response.dragged() {
            if !response.is_pointer_button_down_on() {
                self.way = None;
            }
            return None;
        }
        let index = self.chosen?;
        let way = self.way.as_mut()?;
        way.follow(at, fine);
        let hit = scale.hit(way.at);
        let hit = Hit { seconds: shown.snapped(hit.seconds, !fine), ..hit };
        let mut moved = shown.hits.clone();
        *moved.get_mut(index)? = hits::within(hit, shown.seconds);
        let (hits, index) = hits::sorted(moved, index);
        self.chosen = Some(index);
        Some((hits, "move hit"))
    }

    /// What keys have changed.
    pub(super) fn keyed(&mut self, ui: &Ui, shown: &Shown) -> Option<Changed> {
        let step = pressed(ui, self.way_of_arrow(shown))?;
        let (hits, chosen) = hits::stepped(&shown.hits, self.chosen, step, shown.seconds);
        self.chosen = chosen;
        let name = match step {
            Step::Later(_) | Step::Louder(_) | Step::Next(_) => "move hit",
            Step::Add => "add hit",
            Step::Remove => "remove hit",
        };
        (hits != shown.hits).then_some((hits, name))
    }

    /// How far the arrows move the chosen hit, to the left and to the right: by a hundredth, or to the next lines.
    fn way_of_arrow(&self, shown: &Shown) -> (f64, f64) {
        let hit = self.chosen.and_then(|index| shown.hits.get(index));
        match (shown.grid, hit) {
            (Some(grid), Some(hit)) => {
                let line = |by: f64| grid.nearest(hit.seconds + by * grid.step_s, shown.seconds);
                (line(-1.0) - hit.seconds, line(1.0) - hit.seconds)
            }
            _ => (-0.01, 0.01),
        }
    }
}

/// What a key asks for.
fn pressed(ui: &Ui, (left, right): (f64, f64)) -> Option<Step> {
    let keys = [
        (Modifiers::SHIFT, Key::ArrowRight, Step::Later(0.001)),
        (Modifiers::SHIFT, Key::ArrowLeft, Step::Later(-0.001)),
        (Modifiers::COMMAND, Key::ArrowRight, Step::Next(true)),
        (Modifiers::COMMAND, Key::ArrowLeft, Step::Next(false)),
        (Modifiers::NONE, Key::ArrowRight, Step::Later(right)),
        (Modifiers::NONE, Key::ArrowLeft, Step::Later(left)),
        (Modifiers::NONE, Key::ArrowUp, Step::Louder(1.0)),
        (Modifiers::NONE, Key::ArrowDown, Step::Louder(-1.0)),
        (Modifiers::NONE, Key::Insert, Step::Add),
        (Modifiers::NONE, Key::Delete, Step::Remove),
        (Modifiers::NONE, Key::Backspace, Step::Remove),
    ];
    ui.input_mut(|input| {
        keys.into_iter()
            .find(|(modifiers, key, _)| input.consume_key(*modifiers, *key))
            .map(|(.., step)| step)
    })
}
