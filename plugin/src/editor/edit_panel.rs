//! The tab Edit: what is done to the active take, in numbers. The same as on the waveform, and what it has no room for.

mod fields;
mod level;
mod looping;

use super::action::{Action, EditAction};
use super::controls::{self, Look};
use super::icons::Icon;
use super::scene::Scene;
use super::shortcuts::Shortcut;
use super::theme;
use super::waveform::{Waveform, cut};
use egui::{RichText, Sense, Ui, vec2};
use fields::{Number, Numbers, button, curves, switch};
use straightshot_edits::{Edit, Fade, MOST_SEMITONES, MOST_WIDTH, Timeline};
use straightshot_takes::{Take, Wish};

/// Narrowest group of tools in points where they stand in two rows.
const GROUP_WIDTH: f32 = 17.0 * theme::UNIT;
/// Narrowest group of tools in points where all stand in one row.
const WIDE_GROUP: f32 = 25.0 * theme::UNIT;
/// From this width of a group on there is room for whole names, in points.
const ROOMY: f32 = 22.0 * theme::UNIT;
/// Room in points from which on the buttons for undo and redo say what they would do.
const TELLING: f32 = 50.0 * theme::UNIT;
/// Between two fields of a group in points.
const SPACE: f32 = 0.5 * theme::UNIT;
/// Height of a row of fields in points.
const ROW: f32 = 3.25 * theme::UNIT;
/// Height of the title of a group in points.
const TITLE: f32 = 2.25 * theme::UNIT;
/// Height of a group: its title and two rows.
const GROUP_HEIGHT: f32 = TITLE + 2.0 * (ROW + SPACE);
/// State of the tab that is not worth saving.
#[derive(Debug, Default)]
pub(super) struct EditPanel {
    /// The number that is being dragged.
    numbers: Numbers,
}

/// One take and what is to become of its edit.
struct Desk<'a> {
    take: &'a Take,
    edit: &'a Edit,
    timeline: Timeline,
    rate_hz: f64,
    waveform: &'a Waveform,
    finding: bool,
}

impl EditPanel {
    /// The host has replaced the session: what was remembered about its takes is void.
    pub(super) fn forget_session(&mut self) {
        *self = Self::default();
    }

    /// Draws the tab into the room that `ui` has; what does not fit is scrolled by the frame.
    pub(super) fn show(
        &mut self,
        ui: &mut Ui,
        scene: &Scene<'_>,
        waveform: &Waveform,
        actions: &mut Vec<Action>,
    ) {
        let Some(take) = scene.view.active() else {
            controls::caption(ui, "Nothing here until there is a sound.");
            return;
        };
        if take.why_silent().is_some() {
            return;
        }
        let audio = take.audio();
        let desk = Desk {
            take,
            edit: &take.edit,
            timeline: Timeline::new(&take.edit, audio.frames()),
            rate_hz: f64::from(audio.sample_rate_hz().max(1)),
            waveform,
            finding: scene.view.finding,
        };
        ui.spacing_mut().item_spacing = vec2(theme::UNIT, theme::UNIT);
        ui.spacing_mut().interact_size.y = ROW;
        type Tool = fn(&mut Numbers, &mut Ui, &Desk<'_>, &mut Vec<Action>);
        let tools: [Tool; 6] = [trim, fades, speed, level::show, width, looping::show];
        // Rows that are equally full: six tools are three and three, and never four and two.
        let across = match ui.available_width() {
            width if width >= 6.0 * WIDE_GROUP => 6,
            width if width >= 3.0 * GROUP_WIDTH => 3,
            _ => 2,
        };
        for row in tools.chunks(across) {
            ui.columns(across, |columns| {
                for (ui, tool) in columns.iter_mut().zip(row) {
                    ui.set_min_height(GROUP_HEIGHT);
                    ui.spacing_mut().item_spacing = vec2(SPACE, SPACE);
                    tool(&mut self.numbers, ui, &desk, actions);
                }
            });
        }
    }
}

/// Undo, redo, and back to the sound as it was made: beside the tabs, into the row that `ui` is, from the right.
pub(super) fn history(ui: &mut Ui, scene: &Scene<'_>, waveform: &Waveform, actions: &mut Vec<Action>) {
    let Some(take) = scene.view.active() else { return };
    ui.spacing_mut().item_spacing.x = SPACE;
    let hint = "Back to the sound as it was made; can be undone";
    if button(ui, "Reset all", !take.edit.is_none()).on_hover_text(hint).clicked() {
        actions.push(EditAction::set(take.id, Edit::default(), "reset", None));
    }
    let hint = Shortcut::Repeat.hint("Play the selection again and again");
    if switch(ui, "Repeat selection", waveform.is_looping()).on_hover_text(hint).clicked() {
        actions.push(EditAction::ToggleLooping.into());
    }
    let telling = ui.available_width() >= TELLING;
    let mut step = |ui: &mut Ui, what: &str, shortcut: Shortcut, step: Option<&str>, action: EditAction| {
        let named = format!("{what} {}", step.unwrap_or_default());
        let named = named.trim_end();
        let response = button(ui, if telling { named } else { what }, step.is_some()).accessible_name(named);
        if response.on_hover_text(shortcut.hint(named)).clicked() {
            actions.push(action.into());
        }
    };
    step(ui, "Redo", Shortcut::Redo, scene.view.redo, EditAction::Redo);
    step(ui, "Undo", Shortcut::Undo, scene.view.undo, EditAction::Undo);
}

/// The title of a group, with a button that takes its part of the edit back if there is one.
fn title(
    ui: &mut Ui,
    desk: &Desk<'_>,
    text: &str,
    reset: Edit,
    step: &'static str,
    actions: &mut Vec<Action>,
) {
    let changed = reset != *desk.edit;
    ui.spacing_mut().interact_size.y = TITLE;
    ui.horizontal(|ui| {
        ui.set_min_height(TITLE);
        let color = if changed { theme::ACCENT } else { theme::TEXT_DIM };
        ui.label(RichText::new(text).font(theme::small()).color(color));
        if changed {
            let hint = format!("Reset: {}", text.to_lowercase());
            if controls::icon_button(ui, Icon::Recall, 2.0 * theme::UNIT, Look::Bare, &hint).clicked() {
                actions.push(EditAction::set(desk.take.id, reset, step, None));
            }
        }
    });
    ui.spacing_mut().interact_size.y = ROW;
}

impl Desk<'_> {
    #[expect(clippy::cast_precision_loss, reason = "frames of a sound")]
    fn seconds(&self, frames: usize) -> f64 {
        frames as f64 / self.rate_hz
    }

    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "seconds of a sound")]
    fn frames(&self, seconds: f64) -> usize {
        (seconds.max(0.0) * self.rate_hz).round() as usize
    }
}

fn trim(numbers: &mut Numbers, ui: &mut Ui, desk: &Desk<'_>, actions: &mut Vec<Action>) {
    title(ui, desk, "Trim", Edit { trim: None, ..desk.edit.clone() }, "trim", actions);
    let (kept, whole) = (desk.timeline.kept(), desk.seconds(desk.timeline.strip()));
    let frames = desk.take.audio().frames();
    ui.horizontal(|ui| {
        for (name, begin, at, hint) in [
            ("Start", true, kept.start, "Where the sound begins"),
            ("End", false, kept.end, "Where the sound ends"),
        ] {
            let number = Number {
                suffix: " s",
                decimals: 3,
                speed: 0.005,
                default: if begin { 0.0 } else { whole },
                hint,
                ..Number::new(name, desk.seconds(at), (0.0, whole))
            };
            if let Some((seconds, gesture)) = numbers.show(ui, 2, &number) {
                let source = desk.timeline.source(desk.frames(seconds));
                actions.push(EditAction::set(
                    desk.take.id,
                    cut(desk.edit, frames, begin, source),
                    "trim",
                    gesture,
                ));
            }
        }
    });
    ui.horizontal(|ui| {
        let hint = "Cut the silence at the beginning and the end";
        if button(ui, "Silence", !desk.finding).on_hover_text(hint).clicked() {
            actions.push(EditAction::Find(desk.take.id, Wish::TrimSilence).into());
        }
        let hint = Shortcut::Trim.hint("Keep what is selected, cut the rest");
        let selected = desk.waveform.selected(desk.take).is_some();
        if button(ui, "To selection", selected).on_hover_text(hint).clicked() {
            actions.push(EditAction::TrimToSelection.into());
        }
    });
}

fn fades(numbers: &mut Numbers, ui: &mut Ui, desk: &Desk<'_>, actions: &mut Vec<Action>) {
    let edit = desk.edit;
    let none = Edit { fade_in: Fade::default(), fade_out: Fade::default(), ..edit.clone() };
    title(ui, desk, "Fades", none, "fades", actions);
    let looped = edit.looped.as_ref();
    for (name, begin, fade, step) in
        [("In", true, edit.fade_in, "fade in"), ("Out", false, edit.fade_out, "fade out")]
    {
        // A loop has neither beginning nor end.
        let possible = looped.is_none_or(|looped| begin && !looped.only);
        let row = ui.horizontal(|ui| {
            if !possible {
                ui.disable();
            }
            let longest = desk.seconds(desk.timeline.frames());
            let heard = desk.seconds(desk.timeline.heard_length(fade.frames));
            let number = Number {
                suffix: " s",
                decimals: 3,
                speed: 0.005,
                prefix: name,
                hint: "How long the fade takes",
                ..Number::new(step, heard, (0.0, longest))
            };
            let frames = numbers.show(ui, 2, &number).map(|(seconds, gesture)| {
                (Fade { frames: desk.timeline.source_length(desk.frames(seconds)), ..fade }, gesture)
            });
            let curve = curves(ui, step, fade.curve).map(|curve| (Fade { curve, ..fade }, None));
            if let Some((fade, gesture)) = frames.or(curve) {
                let mut edit = edit.clone();
                if begin {
                    edit.fade_in = fade
                } else {
                    edit.fade_out = fade
                }
                actions.push(EditAction::set(desk.take.id, edit, step, gesture));
            }
        });
        if !possible {
            row.response.on_hover_text("A loop has no ends to fade");
        }
    }
}

fn speed(numbers: &mut Numbers, ui: &mut Ui, desk: &Desk<'_>, actions: &mut Vec<Action>) {
    let edit = desk.edit;
    title(
        ui,
        desk,
        "Pitch and speed",
        Edit { semitones: 0.0, reverse: false, ..edit.clone() },
        "speed",
        actions,
    );
    ui.horizontal(|ui| {
        let most = f64::from(MOST_SEMITONES);
        let hint = "Higher and faster, lower and slower, as a tape. 12 is an octave";
        let number = Number {
            suffix: " semitones",
            decimals: 2,
            speed: 0.05,
            hint,
            ..Number::new("Pitch", edit.semitones.into(), (-most, most))
        };
        if let Some((semitones, gesture)) = numbers.show(ui, 1, &number) {
            #[expect(clippy::cast_possible_truncation, reason = "the edit has an f32")]
            let edit = Edit { semitones: semitones as f32, ..edit.clone() };
            actions.push(EditAction::set(desk.take.id, edit, "pitch", gesture));
        }
    });
    ui.horizontal(|ui| {
        let hint = Shortcut::Reverse.hint("Play backwards");
        if switch(ui, "Reverse", edit.reverse).on_hover_text(hint).clicked() {
            actions.push(EditAction::Reverse.into());
        }
        let faster = 2.0_f32.powf(edit.semitones / 12.0);
        let (place, response) = ui.allocate_exact_size(vec2(ui.available_width(), ROW), Sense::hover());
        let text = format!("× {faster:.2}, {:.2} s", desk.seconds(desk.timeline.frames()));
        controls::text_within(ui.painter(), place, &text, theme::small(), theme::TEXT_DIM);
        response.on_hover_text("Speed, and how long the sound is with it");
    });
}

fn width(numbers: &mut Numbers, ui: &mut Ui, desk: &Desk<'_>, actions: &mut Vec<Action>) {
    let edit = desk.edit;
    title(ui, desk, "Width", Edit { width: 1.0, ..edit.clone() }, "width", actions);
    let stereo = desk.take.audio().channel_count() == 2;
    let row = ui.horizontal(|ui| {
        if !stereo {
            ui.disable();
        }
        let hint = "How different left and right are: 0 is mono, 100 as it is";
        let number = Number {
            suffix: " %",
            decimals: 0,
            speed: 0.5,
            default: 100.0,
            hint,
            ..Number::new("Width", f64::from(edit.width) * 100.0, (0.0, f64::from(MOST_WIDTH) * 100.0))
        };
        let width = numbers.show(ui, 2, &number);
        let mono = switch(ui, "Mono", edit.width == 0.0).on_hover_text("One channel, in files too").clicked();
        let mono = mono.then_some((if edit.width == 0.0 { 100.0 } else { 0.0 }, None));
        if let Some((percent, gesture)) = width.or(mono) {
            #[expect(clippy::cast_possible_truncation, reason = "the edit has an f32")]
            let edit = Edit { width: (percent / 100.0) as f32, ..edit.clone() };
            actions.push(EditAction::set(desk.take.id, edit, "width", gesture));
        }
    });
    if !stereo {
        row.response.on_hover_text("This sound has one channel");
        controls::caption(ui, "This sound is mono");
    }
}
