//! Steps, length, guidance and seed: the parameters that shape the next sound.

use super::action::{Action, RequestAction, VersionsAction};
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
use straightshot_protocol::Card;
use straightshot_takes::Take;

/// Height of a caption with its control below, in points.
const CELL_HEIGHT: f32 = 2.0 * theme::UNIT + 0.5 * theme::UNIT + theme::CONTROL_HEIGHT;
/// Height of everything [`show`] draws, in points.
pub(super) const HEIGHT: f32 = 3.0 * CELL_HEIGHT + 2.0 * theme::UNIT;

/// Draws the rows over the full width.
pub(super) fn show(
    ui: &mut Ui,
    params: &StraightshotParams,
    setter: &ParamSetter<'_>,
    view: &View,
    actions: &mut Vec<Action>,
) {
    let (rect, _) = ui.allocate_exact_size(vec2(ui.available_width(), HEIGHT), egui::Sense::hover());
    let row = Rect::from_min_size(rect.min, vec2(rect.width(), CELL_HEIGHT));
    let below = |rows: f32| row.translate(vec2(0.0, rows * (CELL_HEIGHT + theme::UNIT)));
    let column = |index| controls::column(below(1.0), index, 2, theme::UNIT);
    cell(ui, row, "Steps", |ui| steps(ui, params, setter, view, actions));
    let card = view.card();
    cell(ui, column(0), "Length", |ui| length(ui, params, setter, card));
    let effect = GuidanceEffect::of(card, params.guidance.value(), params.steps.value());
    cell(ui, column(1), effect.caption(), |ui| guidance(ui, params, setter, &effect));
    cell(ui, below(2.0), "Seed", |ui| seed(ui, params, setter, view.seed_locked, actions));
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
    let width = 5.0 * theme::UNIT;
    let marks = ui.available_width() - width - theme::CONTROL_HEIGHT - 2.0 * theme::UNIT;
    let before = params.steps.value();
    let offered = step_marks(view.card());
    let chosen = offered.iter().position(|(mark, _)| *mark == before);
    let segments: Vec<_> = offered.iter().map(|step| segment(view.active(), step)).collect();
    let clicked = controls::segments(ui, "Steps", marks, &segments, chosen).map(|index| offered[index].0);
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
        actions.push(VersionsAction::ShowSteps(take.id, steps.unsigned_abs()).into());
    }
    draft_switch(ui, view.draft_first, actions);
}

/// Step counts that the model offers, with their labels; any other value is set and shown in the field beside them.
fn step_marks(card: Option<&Card>) -> Vec<(i32, String)> {
    let offered = card.map_or(&[][..], |card| &card.ladder);
    let marks = offered.iter().filter_map(|steps| i32::try_from(*steps).ok());
    marks.filter(|steps| (MIN_STEPS..=MAX_STEPS).contains(steps)).map(|s| (s, s.to_string())).collect()
}

/// A step count, marked if `take` has a version of it.
fn segment<'a>(take: Option<&Arc<Take>>, (count, label): &'a (i32, String)) -> Segment<'a> {
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
        actions.push(RequestAction::DraftFirst(!on).into());
    }
}

fn length(ui: &mut Ui, params: &StraightshotParams, setter: &ParamSetter<'_>, card: Option<&Card>) {
    let range = length_range(card);
    let look = Field {
        range,
        speed: 0.02,
        decimals: 2,
        suffix: " s",
        width: ui.available_width(),
        hint: &format!("Length of the next sound, {} to {} s.", range.0, range.1),
    };
    param::float_field(ui, setter, &params.length, &look);
}

/// Lengths that the model makes, of those that the parameter has.
fn length_range(card: Option<&Card>) -> (f32, f32) {
    let Some(card) = card else { return (MIN_LENGTH_S, MAX_LENGTH_S) };
    #[expect(clippy::cast_possible_truncation, reason = "a length in seconds needs no more than an f32")]
    let (least, most) = (*card.seconds.start() as f32, *card.seconds.end() as f32);
    (least.clamp(MIN_LENGTH_S, MAX_LENGTH_S), most.clamp(MIN_LENGTH_S, MAX_LENGTH_S))
}

/// What the guidance that is set does with the model.
struct GuidanceEffect {
    /// Largest scale; `None` if the model has no guidance.
    most: Option<f32>,
    /// Scale above which it has an effect, and whether that which is set has.
    learnt: f32,
    has_effect: bool,
}

impl GuidanceEffect {
    /// A model that nothing is known of is taken to have all that the parameter has.
    fn of(card: Option<&Card>, scale: f32, steps: i32) -> Self {
        let Some(card) = card else {
            return Self { most: Some(MAX_GUIDANCE), learnt: 1.0, has_effect: true };
        };
        let Some(guidance) = card.guidance else {
            return Self { most: None, learnt: 1.0, has_effect: false };
        };
        let steps = steps.unsigned_abs();
        Self {
            most: Some(guidance.most.min(MAX_GUIDANCE)),
            learnt: guidance.learnt_for(steps),
            has_effect: guidance.has_effect(scale, steps),
        }
    }

    fn caption(&self) -> &'static str {
        match (self.most, self.has_effect) {
            (None, _) => "Guidance (this model has none)",
            (Some(_), true) => "Guidance",
            (Some(_), false) => "Guidance (as learnt)",
        }
    }

    fn hint(&self) -> String {
        match self.most {
            None => "The model has no guidance: it follows the prompt as it has learnt to.".to_owned(),
            Some(_) if self.learnt > 1.0 => format!(
                "How strictly the sound follows the prompt. The model has learnt {} with this number of steps: only more has \
                 an effect.",
                self.learnt
            ),
            Some(_) => "How strictly the sound follows the prompt; 1 is neutral.".to_owned(),
        }
    }
}

fn guidance(ui: &mut Ui, params: &StraightshotParams, setter: &ParamSetter<'_>, effect: &GuidanceEffect) {
    let hint = effect.hint();
    let look = Field {
        range: (MIN_GUIDANCE, effect.most.unwrap_or(MAX_GUIDANCE)),
        speed: 0.02,
        decimals: 1,
        suffix: "",
        width: ui.available_width(),
        hint: &hint,
    };
    let field = |ui: &mut Ui| param::float_field(ui, setter, &params.guidance, &look);
    ui.add_enabled_ui(effect.most.is_some(), field).inner.on_disabled_hover_text(&hint);
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
        actions.push(RequestAction::LockSeed(!locked).into());
    }
    if controls::icon_button(ui, Icon::Dice, theme::CONTROL_HEIGHT, Look::Framed, "Roll a new seed").clicked()
    {
        actions.push(RequestAction::RollSeed.into());
    }
}

/// A limit of a whole-numbered parameter for a number field.
fn whole(limit: i32) -> f32 {
    #[expect(clippy::cast_precision_loss, reason = "the limits of the parameters are exact in an f32")]
    let limit = limit as f32;
    limit
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::worker::models::default_card;
    use straightshot_protocol::Guidance;

    #[test]
    fn what_is_offered_is_what_the_model_and_the_parameters_have() {
        let mut card = default_card();
        card.ladder = vec![1, 3, 12, 60];
        card.seconds = 1.0..=12.0;
        assert_eq!(
            step_marks(Some(&card)),
            [(1, "1".to_owned()), (3, "3".to_owned()), (12, "12".to_owned())]
        );
        assert_eq!(length_range(Some(&card)), (1.0, 12.0));
        card.seconds = 0.1..=600.0;
        assert_eq!(length_range(Some(&card)), (MIN_LENGTH_S, MAX_LENGTH_S));
    }

    #[test]
    fn the_window_says_from_where_on_guidance_has_an_effect() {
        let mut card = default_card();
        card.guidance = Some(Guidance { most: 8.0, learnt_one_step: 3.0, learnt: 2.0 });
        let of = |card: &Card, scale, steps| GuidanceEffect::of(Some(card), scale, steps);
        assert_eq!(of(&card, 2.5, 1).caption(), "Guidance (as learnt)");
        assert_eq!(of(&card, 2.5, 4).caption(), "Guidance");
        assert_eq!(of(&card, 2.5, 4).most, Some(8.0));
        assert!(of(&card, 2.5, 1).hint().contains("learnt 3 "), "{}", of(&card, 2.5, 1).hint());
        card.guidance = None;
        assert!(of(&card, 2.5, 1).most.is_none() && of(&card, 2.5, 1).caption().contains("has none"));
    }
}
