//! The tab Play: how notes and the host's transport play, and which takes.

mod envelope;
mod field;
mod keyboard;
mod place;

use super::action::{Action, PlayAction};
use super::scene::Scene;
use super::{controls, param, theme};
use crate::editor::link::{Audition, SoundId, View};
use crate::params::{PlayMode, StraightshotParams, TakeChoice};
use controls::Segment;
use egui::{Align, Layout, RichText, Sense, Ui, vec2};
use keyboard::Keyboard;
use nice_plug::prelude::ParamSetter;
use place::PlaceField;
use std::sync::Arc;
use straightshot_takes::Take;

/// Takes in the row of those that are starred; there is a number for more.
const MOST_CHIPS: usize = 12;

/// State of the tab that is not worth saving.
#[derive(Debug, Default)]
pub(super) struct PlayPanel {
    keyboard: Keyboard,
    place: PlaceField,
}

/// The ways to play, in the order of their segments: two parameters each.
const MODES: [(PlayMode, Option<bool>); 4] = [
    (PlayMode::Note, None),
    (PlayMode::Gate, Some(false)),
    (PlayMode::Gate, Some(true)),
    (PlayMode::Transport, None),
];

/// Labels and tooltips of [`MODES`].
const MODE_SEGMENTS: [Segment<'static>; 4] = [
    segment("One-shot", "A key plays the take to its end"),
    segment("Gate", "A key plays the take until it is released"),
    segment("Loop", "A key plays the take again and again until it is released: its loop if it has one"),
    segment("Transport", "The take follows the host's transport; keys are ignored"),
];

/// The choices, in the order of their segments.
const CHOICES: [TakeChoice; 5] =
    [TakeChoice::Active, TakeChoice::RoundRobin, TakeChoice::Random, TakeChoice::Number, TakeChoice::Keys];

/// Labels and tooltips of [`CHOICES`].
const CHOICE_SEGMENTS: [Segment<'static>; 5] = [
    segment("Selected", "The take that is selected in the list"),
    segment(
        "In turn",
        "Round robin: the starred takes one after the other, from the first again when playback starts",
    ),
    segment(
        "Random",
        "A starred take by chance, never the same twice in a row, and the same every time the song plays",
    ),
    segment(
        "Number",
        "The starred take with this number, which the host can automate to change it from hit to hit",
    ),
    segment(
        "Per key",
        "Each key its own starred take, from the root key on; or put takes on keys by a right-click",
    ),
];

const fn segment(label: &'static str, hint: &'static str) -> Segment<'static> {
    Segment { label, hint }
}

impl PlayPanel {
    /// The host has replaced the session: what was remembered about its takes is void.
    pub(super) fn forget_session(&mut self) {
        *self = Self::default();
    }

    /// Draws the tab into the room that `ui` has; what does not fit is scrolled by the frame.
    pub(super) fn show(&mut self, ui: &mut Ui, scene: &Scene<'_>, actions: &mut Vec<Action>) {
        ui.spacing_mut().item_spacing.y = 0.75 * theme::UNIT;
        modes(ui, scene.params, scene.setter);
        if scene.params.play_mode.value() == PlayMode::Transport {
            self.place.show(ui, scene, actions);
        }
        choices(ui, scene, actions);
        if scene.params.play_mode.value() == PlayMode::Transport {
            self.keyboard.let_go(actions);
        } else {
            self.keyboard.show(ui, scene, actions);
            keys(ui, scene.params, scene.setter);
            shape(ui, scene.params, scene.setter);
        }
        ui.add_space(theme::UNIT);
    }
}

/// The starred takes that are played in turn, oldest first.
fn starred(view: &View) -> impl Iterator<Item = &Arc<Take>> {
    view.takes.iter().filter(|take| take.starred && !take.rejected && take.damage.is_none())
}

fn modes(ui: &mut Ui, params: &StraightshotParams, setter: &ParamSetter<'_>) {
    let (mode, looped) = (params.play_mode.value(), params.looped.value());
    let is =
        |(of, around): &(PlayMode, Option<bool>)| *of == mode && around.is_none_or(|around| around == looped);
    let chosen = MODES.iter().position(is);
    let width = ui.available_width();
    let clicked = controls::segments(ui, "Play", width, &MODE_SEGMENTS, chosen);
    if let Some((mode, looped)) = clicked.filter(|_| clicked != chosen).and_then(|index| MODES.get(index)) {
        param::set(setter, &params.play_mode, *mode);
        if let Some(looped) = looped {
            param::set(setter, &params.looped, *looped);
        }
    }
}

fn choices(ui: &mut Ui, scene: &Scene<'_>, actions: &mut Vec<Action>) {
    let (params, setter) = (scene.params, scene.setter);
    let chosen = CHOICES.iter().position(|choice| *choice == params.take_choice.value());
    let width = ui.available_width();
    let clicked = controls::segments(ui, "Take", width, &CHOICE_SEGMENTS, chosen);
    if let Some(choice) = clicked.filter(|_| clicked != chosen).and_then(|index| CHOICES.get(index)) {
        param::set(setter, &params.take_choice, *choice);
    }
    if params.take_choice.value() != TakeChoice::Active {
        let height = vec2(ui.available_width(), theme::ICON_SIZE);
        ui.allocate_ui_with_layout(height, Layout::left_to_right(Align::Center), |ui| {
            pool(ui, scene, actions)
        });
    }
}

/// The starred takes by their numbers: a click plays one, and chooses it where a number chooses.
fn pool(ui: &mut Ui, scene: &Scene<'_>, actions: &mut Vec<Action>) {
    let (params, setter) = (scene.params, scene.setter);
    let count = starred(scene.view).count();
    if count == 0 {
        let text = "No take is starred, so the selected one plays. Star the takes that belong together.";
        ui.label(RichText::new(text).font(theme::small()).color(theme::TEXT_DIM));
        return;
    }
    let by_number = params.take_choice.value() == TakeChoice::Number;
    let number = usize::try_from(params.take.value()).unwrap_or(1).min(count);
    ui.spacing_mut().item_spacing.x = 0.5 * theme::UNIT;
    for (index, take) in starred(scene.view).take(MOST_CHIPS).enumerate() {
        let (place, _) = ui.allocate_exact_size(vec2(3.0 * theme::UNIT, theme::ICON_SIZE), Sense::hover());
        let response = ui.push_id(take.id, |ui| controls::chip(ui, place, &(index + 1).to_string())).inner;
        let sounds = scene.view.playing.is_some_and(|playing| playing.sound == SoundId::of(take.id));
        if sounds || by_number && index + 1 == number {
            let color = if sounds { theme::ACCENT_BRIGHT } else { theme::ACCENT };
            ui.painter().rect_stroke(
                place,
                place.height() / 2.0,
                egui::Stroke::new(1.5, color),
                egui::StrokeKind::Inside,
            );
        }
        if response.on_hover_text(format!("{}\nClick to hear it", take.name)).clicked() {
            let audition = Audition { sound: Some(SoundId::of(take.id)), ..Audition::default() };
            actions.push(PlayAction::Hear(audition).into());
            if by_number {
                param::set(setter, &params.take, i32::try_from(index + 1).unwrap_or(1));
            }
        }
    }
    let more = count.saturating_sub(MOST_CHIPS);
    let readiness = &scene.view.readiness;
    let text = match (more, readiness.coming + readiness.unread.len(), readiness.left_out) {
        (_, _, left_out) if left_out > 0 => format!("{left_out} without room in memory"),
        (_, coming, _) if coming > 0 => format!("{coming} getting ready"),
        (0, ..) => String::new(),
        (more, ..) => format!("and {more} more"),
    };
    ui.label(RichText::new(text).font(theme::small()).color(theme::TEXT_DIM));
}

/// Root and range of the keys, and what a key changes.
fn keys(ui: &mut Ui, params: &StraightshotParams, setter: &ParamSetter<'_>) {
    let tracked = params.keytrack.value();
    let hint = "Keys change the pitch; the root key plays the original";
    if controls::toggle(ui, "Key tracking", tracked).on_hover_text(hint).clicked() {
        param::set(setter, &params.keytrack, !tracked);
    }
    ui.horizontal(|ui| {
        ui.spacing_mut().item_spacing.x = theme::UNIT;
        field::show(ui, setter, &params.root_key, "Root key", "The key that plays the original pitch");
        field::show(ui, setter, &params.lowest_key, "Lowest key", "Keys below are silent");
        field::show(ui, setter, &params.highest_key, "Highest key", "Keys above are silent");
        field::show(
            ui,
            setter,
            &params.velocity,
            "Velocity",
            "How much softer a soft hit is; 0 % plays all alike",
        );
    });
    let mut tracking = params.keytrack.value();
    let hint = "Keys change the pitch; the root key plays the original. With one take per key every key plays the original";
    ui.add_enabled_ui(params.take_choice.value() != TakeChoice::Keys, |ui| {
        let checkbox = ui.checkbox(&mut tracking, "Pitch follows the keys");
        if checkbox.on_hover_text(hint).on_disabled_hover_text(hint).changed() {
            param::set(setter, &params.keytrack, tracking);
        }
    });
}

/// The envelope, drawn and in numbers.
fn shape(ui: &mut Ui, params: &StraightshotParams, setter: &ParamSetter<'_>) {
    let gated = params.play_mode.value() == PlayMode::Gate;
    envelope::show(ui, params, setter, ui.available_width(), gated);
    ui.horizontal(|ui| {
        ui.spacing_mut().item_spacing.x = theme::UNIT;
        field::show(ui, setter, &params.attack, "Attack", "Time from silence to the full level");
        field::show(ui, setter, &params.decay, "Decay", "Time from there to the level of sustain");
        field::show(ui, setter, &params.sustain, "Sustain", "Level while the key is held");
        ui.add_enabled_ui(gated, |ui| {
            let hint = "Time from the end of the note to silence; one-shots play to their end instead";
            field::show(ui, setter, &params.release, "Release", hint);
        });
    });
}
