//! Steps, length, guidance, level and seed: what shapes the next sound. Nothing here changes a take that is there.

mod level;

use super::action::{Action, RequestAction};
use super::controls::{self, Look, Segment};
use super::icons::Icon;
use super::param::{self, Field};
use super::theme;
use super::versions::{expected, time_text};
use crate::editor::link::View;
use crate::params::{
    MAX_GUIDANCE, MAX_LENGTH_S, MAX_SEED, MAX_STEPS, MIN_GUIDANCE, MIN_LENGTH_S, MIN_SEED, MIN_STEPS,
    StraightshotParams,
};
use egui::{Align, Layout, Rect, StrokeKind, Ui, UiBuilder, vec2};
use nice_plug::prelude::ParamSetter;
use std::borrow::Cow;
use straightshot_protocol::{Card, Request, Unheeded, unheeded};

/// Height of a caption with its control below, in points.
const CELL_HEIGHT: f32 = 2.0 * theme::UNIT + 0.5 * theme::UNIT + theme::CONTROL_HEIGHT;
/// Height of everything [`show`] draws, in points.
pub(super) const HEIGHT: f32 = 3.0 * CELL_HEIGHT + 3.0 * theme::UNIT;

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
    // The marks of the steps have two lines.
    let below = |rows: f32| row.translate(vec2(0.0, theme::UNIT + rows * (CELL_HEIGHT + theme::UNIT)));
    let column = |index| controls::column(below(1.0), index, 2, theme::UNIT);
    let (level, seed_place) = level_and_seed(below(2.0));
    let card = view.card();
    let beyond = Beyond::of(card, params.steps.value(), params.length.value());
    cell(ui, row, &beyond.steps_caption(), |ui| steps(ui, params, setter, view, &beyond, actions));
    cell(ui, column(0), &beyond.length_caption(), |ui| length(ui, params, setter, card, &beyond));
    let effect = GuidanceEffect::of(card, params.guidance.value(), params.steps.value());
    cell(ui, column(1), effect.caption(), |ui| guidance(ui, params, setter, &effect));
    cell(ui, level, "Level", |ui| level::show(ui, view, actions));
    cell(ui, seed_place, "Seed", |ui| seed(ui, params, setter, view.seed_locked, actions));
}

/// The places of the level and of the seed, which has two buttons and is wider.
fn level_and_seed(row: Rect) -> (Rect, Rect) {
    let (level, seed) = row.split_left_right_at_fraction(0.42);
    (level.with_max_x(level.right() - theme::UNIT), seed)
}

/// A caption with one row of controls below it. What follows its colon may change while a control is dragged, which must not
/// make it another control.
fn cell(ui: &mut Ui, rect: Rect, text: &str, add: impl FnOnce(&mut Ui)) {
    let name = text.split_once(':').map_or(text, |(name, _)| name);
    let mut inside =
        ui.new_child(UiBuilder::new().max_rect(rect).id_salt(name).layout(Layout::top_down(Align::Min)));
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

/// The marks with the time that each takes here, a field for any other number, and the switch for drafts.
fn steps(
    ui: &mut Ui,
    params: &StraightshotParams,
    setter: &ParamSetter<'_>,
    view: &View,
    beyond: &Beyond,
    actions: &mut Vec<Action>,
) {
    let width = 7.0 * theme::UNIT;
    let marks = ui.available_width() - width - theme::CONTROL_HEIGHT - 2.0 * theme::UNIT;
    let before = params.steps.value();
    let offered = step_marks(view.card());
    let chosen = offered.iter().position(|(mark, _)| *mark == before);
    let times: Vec<_> = offered.iter().map(|(mark, _)| time_of(*mark, params, view)).collect();
    let hint = "Steps of the next sound, and how long it takes on this computer";
    let segments: Vec<_> = offered.iter().map(|(_, label)| Segment { label, hint }).collect();
    let size = vec2(marks, theme::CONTROL_HEIGHT + theme::UNIT);
    let clicked = controls::noted_segments(ui, "Steps", size, &segments, &times, chosen);
    let clicked = clicked.map(|index| offered[index].0);
    if let Some(mark) = clicked.filter(|mark| *mark != before) {
        param::set(setter, &params.steps, mark);
    }
    let look = Field {
        range: (whole(MIN_STEPS), whole(MAX_STEPS)),
        speed: 0.1,
        decimals: 0,
        suffix: "",
        width,
        hint: &with_note("Steps of the next sound: 1 is fastest, more add detail.", beyond.steps.as_ref()),
    };
    let (field, _) = param::int_field(ui, setter, &params.steps, &look);
    if chosen.is_none() {
        let line = theme::outline(theme::ACCENT);
        ui.painter().rect_stroke(field.rect, theme::RADIUS, line, StrokeKind::Inside);
    }
    draft_switch(ui, view.draft_first, actions);
}

/// How long the next sound takes with so many steps on this computer; empty until a sound was made.
fn time_of(steps: i32, params: &StraightshotParams, view: &View) -> String {
    let request = Request {
        steps: steps.unsigned_abs(),
        guidance: params.guidance.value(),
        seconds: params.length.value().into(),
        ..Request::default()
    };
    expected(view, &request).map(time_text).unwrap_or_default()
}

/// Step counts that the model offers, with their labels; any other value is set and shown in the field beside them.
fn step_marks(card: Option<&Card>) -> Vec<(i32, String)> {
    let offered = card.map_or(&[][..], |card| &card.ladder);
    let marks = offered.iter().filter_map(|steps| i32::try_from(*steps).ok());
    marks.filter(|steps| (MIN_STEPS..=MAX_STEPS).contains(steps)).map(|s| (s, s.to_string())).collect()
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

fn length(
    ui: &mut Ui,
    params: &StraightshotParams,
    setter: &ParamSetter<'_>,
    card: Option<&Card>,
    beyond: &Beyond,
) {
    let range = length_range(card);
    let hint = format!("Length of the next sound, {} to {} s.", range.0, range.1);
    let look = Field {
        range,
        speed: 0.02,
        decimals: 2,
        suffix: " s",
        width: ui.available_width(),
        hint: &with_note(&hint, beyond.length.as_ref()),
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

/// Steps and length that the model takes and was not made for, as far as that is known.
#[derive(Debug, Default)]
struct Beyond {
    steps: Option<Unheeded>,
    length: Option<Unheeded>,
}

impl Beyond {
    fn of(card: Option<&Card>, steps: i32, seconds: f32) -> Self {
        let Some(card) = card else { return Self::default() };
        // As it is shown: 10 s of a model that has learnt from 10 s, not a little more.
        let seconds = (f64::from(seconds) * 100.0).round() / 100.0;
        let request = Request { steps: steps.unsigned_abs(), seconds, ..Request::default() };
        let mut beyond = Self::default();
        for unheeded in unheeded(&request, card, None) {
            match unheeded {
                Unheeded::FewSteps { .. } | Unheeded::ManySteps { .. } => beyond.steps = Some(unheeded),
                Unheeded::Length { .. } => beyond.length = Some(unheeded),
                _ => {}
            }
        }
        beyond
    }

    fn steps_caption(&self) -> Cow<'static, str> {
        match &self.steps {
            Some(Unheeded::FewSteps { least, .. }) => format!("Steps: made for {least} and more").into(),
            Some(Unheeded::ManySteps { most, .. }) => format!("Steps: made for up to {most}").into(),
            _ => "Steps".into(),
        }
    }

    fn length_caption(&self) -> Cow<'static, str> {
        match &self.length {
            Some(Unheeded::Length { asked, learnt: (_, most) }) if asked > most => {
                format!("Length: made for {most:.0} s").into()
            }
            Some(Unheeded::Length { learnt: (least, _), .. }) => format!("Length: made for {least} s").into(),
            _ => "Length".into(),
        }
    }
}

/// A tooltip, with what is to be known of the value that is set.
fn with_note(hint: &str, note: Option<&Unheeded>) -> String {
    note.map_or_else(|| hint.to_owned(), |note| format!("{hint}\n{note}"))
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
            (None, _) => "Guidance: has none",
            (Some(_), true) => "Guidance",
            (Some(_), false) => "Guidance: as learnt",
        }
    }

    fn hint(&self) -> String {
        match self.most {
            None => "The model has no guidance: it follows the prompt as it has learnt to.".to_owned(),
            Some(_) if self.learnt > 1.0 => format!(
                "How strictly the sound follows the prompt. The model has learnt {}, so that less would change nothing; more \
                 takes about twice the time.",
                self.learnt
            ),
            Some(_) => "How strictly the sound follows the prompt; 1 is neutral.".to_owned(),
        }
    }

    /// The smallest scale that is different from the others below it, and the largest.
    fn range(&self) -> (f32, f32) {
        let least = if self.learnt > 1.0 { self.learnt } else { MIN_GUIDANCE };
        (least.clamp(MIN_GUIDANCE, MAX_GUIDANCE), self.most.unwrap_or(MAX_GUIDANCE))
    }
}

fn guidance(ui: &mut Ui, params: &StraightshotParams, setter: &ParamSetter<'_>, effect: &GuidanceEffect) {
    let hint = effect.hint();
    let look = Field {
        range: effect.range(),
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
    fn the_window_says_what_the_model_was_not_made_for() {
        let card = default_card();
        let captions = |steps, seconds| {
            let beyond = Beyond::of(Some(&card), steps, seconds);
            [beyond.steps_caption().into_owned(), beyond.length_caption().into_owned()]
        };
        assert_eq!(captions(24, 10.0), ["Steps", "Length"]);
        assert_eq!(captions(25, 12.0), ["Steps: made for up to 24", "Length: made for 10 s"]);
        let beyond = Beyond::of(Some(&card), 25, 12.0);
        let hint = with_note("Length.", beyond.length.as_ref());
        assert!(hint.starts_with("Length.\n12 s are longer"), "{hint}");
        assert!(Beyond::of(None, 64, 30.0).steps.is_none(), "nothing is known of the model yet");
    }

    #[test]
    fn the_window_says_from_where_on_guidance_has_an_effect() {
        let mut card = default_card();
        card.guidance = Some(Guidance { most: 8.0, usual: 3.0, few_steps: 1, learnt_few: 3.0, learnt: 2.0 });
        let of = |card: &Card, scale, steps| GuidanceEffect::of(Some(card), scale, steps);
        assert_eq!(of(&card, 2.5, 1).caption(), "Guidance: as learnt");
        assert_eq!(of(&card, 2.5, 4).caption(), "Guidance");
        assert_eq!((of(&card, 2.5, 1).range(), of(&card, 2.5, 4).range()), ((3.0, 8.0), (2.0, 8.0)));
        assert!(of(&card, 2.5, 1).hint().contains("learnt 3,"), "{}", of(&card, 2.5, 1).hint());
        card.guidance = None;
        assert!(of(&card, 2.5, 1).most.is_none() && of(&card, 2.5, 1).caption().contains("has none"));
        card.guidance = Some(Guidance { most: 8.0, usual: 3.0, few_steps: 1, learnt_few: 1.0, learnt: 1.0 });
        assert_eq!(of(&card, 2.5, 4).range(), (0.0, 8.0));
    }
}
