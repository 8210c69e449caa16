//! Steps, length, guidance and seed: the parameters that shape the next sound.

use super::action::Action;
use super::controls::{self, Look, Mark, Segment};
use super::icons::Icon;
use super::param::{self, Field};
use super::theme;
use crate::editor::link::View;
use crate::params::{
    MAX_GUIDANCE, MAX_LENGTH_S, MAX_SEED, MAX_STEPS, MIN_GUIDANCE, MIN_LENGTH_S, MIN_SEED, MIN_STEPS,
    StraightshotParams,
};
use egui::{Align, Layout, Rect, StrokeKind, Ui, UiBuilder, vec2};
use nice_plug::prelude::ParamSetter;
use std::sync::Arc;
use straightshot_takes::Take;

/// Step counts offered as segments; any other value is set and shown in the field beside them.
const STEP_MARKS: [i32; 6] = [1, 2, 4, 8, 16, 24];
/// Labels of [`STEP_MARKS`].
const STEP_LABELS: [&str; 6] = ["1", "2", "4", "8", "16", "24"];
/// Height of a caption with its control below, in points.
const CELL_HEIGHT: f32 = 2.0 * theme::UNIT + 0.5 * theme::UNIT + theme::CONTROL_HEIGHT;
/// Height of everything [`show`] draws, in points.
pub(super) const HEIGHT: f32 = 2.0 * CELL_HEIGHT + 1.5 * theme::UNIT;

/// Draws both rows over the full width.
pub(super) fn show(
    ui: &mut Ui,
    params: &StraightshotParams,
    setter: &ParamSetter<'_>,
    view: &View,
    actions: &mut Vec<Action>,
) {
    let (rect, _) = ui.allocate_exact_size(vec2(ui.available_width(), HEIGHT), egui::Sense::hover());
    let row = Rect::from_min_size(rect.min, vec2(rect.width(), CELL_HEIGHT));
    let second = row.translate(vec2(0.0, CELL_HEIGHT + 1.5 * theme::UNIT));
    let column = |index| controls::column(second, index, 3, theme::MARGIN);
    cell(ui, row, "Steps", |ui| steps(ui, params, setter, view, actions));
    cell(ui, column(0), "Length", |ui| length(ui, params, setter));
    cell(ui, column(1), "Guidance", |ui| guidance(ui, params, setter));
    cell(ui, column(2), "Seed", |ui| seed(ui, params, setter, view.seed_locked, actions));
}

/// A caption with one row of controls below it.
fn cell(ui: &mut Ui, rect: Rect, text: &str, add: impl FnOnce(&mut Ui)) {
    let mut inside =
        ui.new_child(UiBuilder::new().max_rect(rect).id_salt(text).layout(Layout::top_down(Align::Min)));
    inside.spacing_mut().item_spacing.y = 0.5 * theme::UNIT;
    inside.allocate_ui_with_layout(
        vec2(rect.width(), 2.0 * theme::UNIT),
        Layout::left_to_right(Align::Center),
        |ui| {
            controls::caption(ui, text);
        },
    );
    inside.horizontal(add);
}

/// The marks, a field for any other number, and the switch for drafts.
///
/// A number of steps that the active take has a version of is also shown and played, whichever way it was chosen; any
/// other only counts for the next sound.
fn steps(
    ui: &mut Ui,
    params: &StraightshotParams,
    setter: &ParamSetter<'_>,
    view: &View,
    actions: &mut Vec<Action>,
) {
    let width = 7.0 * theme::UNIT;
    let marks = ui.available_width() - width - theme::CONTROL_HEIGHT - 2.0 * theme::UNIT;
    let before = params.steps.value();
    let chosen = STEP_MARKS.iter().position(|mark| *mark == before);
    let segments: Vec<_> =
        STEP_MARKS.iter().zip(STEP_LABELS).map(|step| segment(view.active(), step)).collect();
    let clicked = controls::segments(ui, "Steps", marks, &segments, chosen).map(|index| STEP_MARKS[index]);
    if let Some(mark) = clicked.filter(|mark| *mark != before) {
        param::set(setter, &params.steps, mark);
    }
    let look = Field {
        range: (whole(MIN_STEPS), whole(MAX_STEPS)),
        speed: 0.1,
        decimals: 0,
        suffix: "",
        width,
        hint: "Solver steps: 1 is fastest, more add detail.",
    };
    let (field, entered) = param::int_field(ui, setter, &params.steps, &look);
    if chosen.is_none() {
        let line = theme::outline(theme::ACCENT);
        ui.painter().rect_stroke(field.rect, theme::RADIUS, line, StrokeKind::Inside);
    }
    if let (Some(steps), Some(take)) = (clicked.or(entered), view.active()) {
        actions.push(Action::ShowSteps(take.id, steps.unsigned_abs()));
    }
    draft_switch(ui, view.draft_first, actions);
}

/// A step count, marked if `take` has a version of it.
fn segment<'a>(take: Option<&Arc<Take>>, (count, label): (&i32, &'a str)) -> Segment<'a> {
    let steps = count.unsigned_abs();
    match take {
        Some(take) if take.request.steps == steps => {
            Segment { label, mark: Some(Mark::Heard), hint: "The take below has this many steps" }
        }
        Some(take) if take.has_steps(steps) => Segment {
            label,
            mark: Some(Mark::Ready),
            hint: "Hear the take below with this many steps, at once",
        },
        _ => Segment { label, mark: None, hint: "" },
    }
}

fn draft_switch(ui: &mut Ui, on: bool, actions: &mut Vec<Action>) {
    let (look, hint) = if on {
        (Look::Lit, "Draft first: hear the sound with one step at once, and better ones as they come")
    } else {
        (Look::Framed, "No drafts: the sound is done sooner, and nothing is heard before")
    };
    if controls::icon_button(ui, Icon::Steps, theme::CONTROL_HEIGHT, look, hint).clicked() {
        actions.push(Action::DraftFirst(!on));
    }
}

fn length(ui: &mut Ui, params: &StraightshotParams, setter: &ParamSetter<'_>) {
    let look = Field {
        range: (MIN_LENGTH_S, MAX_LENGTH_S),
        speed: 0.02,
        decimals: 2,
        suffix: " s",
        width: ui.available_width(),
        hint: "Length of the next sound, 0.25 to 30 s.",
    };
    param::float_field(ui, setter, &params.length, &look);
}

fn guidance(ui: &mut Ui, params: &StraightshotParams, setter: &ParamSetter<'_>) {
    let look = Field {
        range: (MIN_GUIDANCE, MAX_GUIDANCE),
        speed: 0.02,
        decimals: 1,
        suffix: "",
        width: ui.available_width(),
        hint: "How strictly the sound follows the prompt; 1 is neutral.",
    };
    param::float_field(ui, setter, &params.guidance, &look);
}

fn seed(
    ui: &mut Ui,
    params: &StraightshotParams,
    setter: &ParamSetter<'_>,
    locked: bool,
    actions: &mut Vec<Action>,
) {
    ui.spacing_mut().item_spacing.x = 0.5 * theme::UNIT;
    let look = Field {
        range: (whole(MIN_SEED), whole(MAX_SEED)),
        speed: 0.2,
        decimals: 0,
        suffix: "",
        width: ui.available_width() - 2.0 * (theme::CONTROL_HEIGHT + 0.5 * theme::UNIT),
        hint: "The same prompt, settings and seed make the same sound.",
    };
    let _ = param::int_field(ui, setter, &params.seed, &look);
    let (icon, look, hint) = if locked {
        (Icon::Locked, Look::Lit, "Seed locked: every sound uses it, so that settings can be compared")
    } else {
        (Icon::Unlocked, Look::Framed, "Seed unlocked: every sound rolls a new one")
    };
    if controls::icon_button(ui, icon, theme::CONTROL_HEIGHT, look, hint).clicked() {
        actions.push(Action::LockSeed(!locked));
    }
    if controls::icon_button(ui, Icon::Dice, theme::CONTROL_HEIGHT, Look::Framed, "Roll a new seed").clicked()
    {
        actions.push(Action::RollSeed);
    }
}

/// A limit of a whole-numbered parameter for a number field.
fn whole(limit: i32) -> f32 {
    #[expect(clippy::cast_precision_loss, reason = "the limits of the parameters are exact in an f32")]
    let limit = limit as f32;
    limit
}
