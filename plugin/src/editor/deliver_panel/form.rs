//! How files are written, for all projects: form, rate, marks and folder.

use crate::editor::action::{Action, DeliverAction};
use crate::editor::{controls, theme};
use crate::outbox::OutboxState;
use egui::{Align, CursorIcon, Layout, Response, Role, TextEdit, Ui, WidgetInfo, vec2};
use std::path::PathBuf;
use straightshot_delivery::{Container, RATES_HZ, Settings};
use straightshot_sound::wav::Depth;
use straightshot_takes::Take;

/// Width of the words at the left in points.
const LABEL_WIDTH: f32 = 9.0 * theme::UNIT;
/// Longest mark in characters; longer ones are cut in the name.
const MAX_MARK_CHARS: usize = 16;

/// Draws all of it.
pub(super) fn show(ui: &mut Ui, outbox: &OutboxState, actions: &mut Vec<Action>) {
    let before = &outbox.settings;
    let mut after = before.clone();
    marks(ui, &mut after);
    form(ui, &mut after);
    rate(ui, &mut after, outbox);
    folder(ui, &mut after, actions);
    if after != *before {
        actions.push(DeliverAction::Set(Box::new(after)).into());
    }
}

/// A row with `label` at the left and controls in the rest of the width.
pub(super) fn row<R>(ui: &mut Ui, label: &str, add: impl FnOnce(&mut Ui) -> R) -> R {
    ui.horizontal_top(|ui| {
        ui.spacing_mut().item_spacing.x = 0.0;
        let size = vec2(LABEL_WIDTH, if label.is_empty() { 0.0 } else { theme::CONTROL_HEIGHT });
        ui.allocate_ui_with_layout(size, Layout::left_to_right(Align::Center), |ui| {
            ui.set_min_width(LABEL_WIDTH);
            controls::caption(ui, label);
        });
        ui.spacing_mut().item_spacing.x = theme::UNIT;
        ui.vertical(|ui| add(ui)).inner
    })
    .inner
}

/// A text field of one line at the height of other controls; `name` is for assistive technology.
pub(super) fn field(ui: &mut Ui, edit: TextEdit<'_>, name: &str, hint: &str) -> Response {
    let size = vec2(ui.available_width(), theme::CONTROL_HEIGHT);
    let response = ui.add_sized(size, edit.align(egui::Align2::LEFT_CENTER));
    response.widget_info(|| WidgetInfo::labeled(Role::TextInput, ui.is_enabled(), name));
    response.on_hover_cursor(CursorIcon::Text).on_hover_text(hint)
}

fn marks(ui: &mut Ui, settings: &mut Settings) {
    row(ui, "Creator", |ui| {
        ui.horizontal(|ui| {
            let width = (ui.available_width() - LABEL_WIDTH - theme::UNIT) / 2.0;
            let mark = |ui: &mut Ui, text: &mut String, name: &str, hint: &str, tooltip: &str| {
                let edit = TextEdit::singleline(text)
                    .id_salt(name)
                    .char_limit(MAX_MARK_CHARS)
                    .hint_text(hint)
                    .desired_width(width);
                ui.allocate_ui(vec2(width, theme::CONTROL_HEIGHT), |ui| field(ui, edit, name, tooltip));
            };
            mark(
                ui,
                &mut settings.creator,
                "Creator",
                "Initials",
                "Who made it: your initials or those of your studio",
            );
            let caption = vec2(LABEL_WIDTH - theme::UNIT, theme::CONTROL_HEIGHT);
            ui.allocate_ui_with_layout(caption, Layout::right_to_left(Align::Center), |ui| {
                controls::caption(ui, "Source");
            });
            mark(ui, &mut settings.source, "Source", "NONE", "What it is for: the show, game or library");
        });
    });
}

fn form(ui: &mut Ui, settings: &mut Settings) {
    row(ui, "Format", |ui| {
        ui.horizontal(|ui| {
            let room = ui.available_width() - theme::UNIT;
            let kinds = [Container::Wav, Container::Flac];
            let chosen = kinds.iter().position(|kind| *kind == settings.container);
            if let Some(kind) = controls::segmented(ui, "Format", 0.4 * room, &["WAV", "FLAC"], chosen) {
                settings.container = kinds[kind];
            }
            let depths = [Depth::Pcm16, Depth::Pcm24, Depth::Float32];
            let labels = ["16", "24", "32 float"];
            // FLAC has no floating point.
            let offered = if settings.container == Container::Flac { 2 } else { 3 };
            let chosen = depths.iter().position(|depth| *depth == settings.real_depth());
            if let Some(depth) = controls::segmented(ui, "Bits", 0.6 * room, &labels[..offered], chosen) {
                settings.depth = depths[depth];
            }
        });
    });
}

fn rate(ui: &mut Ui, settings: &mut Settings, outbox: &OutboxState) {
    row(ui, "Rate", |ui| {
        let host = match outbox.host.rate_hz {
            Some(rate) => format!("Host ({})", kilohertz(rate)),
            None => "Host".to_owned(),
        };
        let rates: Vec<String> = RATES_HZ.iter().map(|rate| kilohertz(*rate)).collect();
        let labels: Vec<&str> =
            std::iter::once(host.as_str()).chain(rates.iter().map(String::as_str)).collect();
        let chosen = match settings.rate_hz {
            None => Some(0),
            Some(rate) => RATES_HZ.iter().position(|known| *known == rate).map(|index| index + 1),
        };
        let width = ui.available_width();
        if let Some(index) = controls::segmented(ui, "Rate", width, &labels, chosen) {
            settings.rate_hz = index.checked_sub(1).map(|index| RATES_HZ[index]);
        }
    });
}

fn folder(ui: &mut Ui, settings: &mut Settings, actions: &mut Vec<Action>) {
    row(ui, "Folder", |ui| {
        ui.horizontal(|ui| {
            let button = 10.0 * theme::UNIT;
            let width = ui.available_width() - button - theme::UNIT;
            let usual = straightshot_delivery::default_folder().unwrap_or_default();
            let mut text = settings.folder.as_deref().unwrap_or(&PathBuf::new()).display().to_string();
            let edit = TextEdit::singleline(&mut text)
                .id_salt("folder")
                .hint_text(usual.display().to_string())
                .desired_width(width);
            let tooltip = format!("Where files are written; empty for {}", usual.display());
            let response = ui
                .allocate_ui(vec2(width, theme::CONTROL_HEIGHT), |ui| field(ui, edit, "Folder", &tooltip))
                .inner;
            if response.changed() {
                settings.folder =
                    Some(PathBuf::from(text.trim())).filter(|folder| !folder.as_os_str().is_empty());
            }
            let choose = controls::quiet_button(ui, "Choose …", vec2(button, theme::CONTROL_HEIGHT));
            if choose.on_hover_text("Choose the folder in a dialog").clicked() {
                actions.push(DeliverAction::ChooseFolder.into());
            }
        });
    });
    row(ui, "", |ui| {
        let tooltip = "A text file (JSON) with prompt, seed, steps and model beside each sound; they are in the file as well";
        ui.checkbox(&mut settings.sidecar, "Write the recipe beside it").on_hover_text(tooltip);
    });
}

/// What the file will hold, in one line.
pub(super) fn facts(take: &Take, outbox: &OutboxState) -> String {
    let settings = &outbox.settings;
    let (_, own) = take.source_frames();
    let rate = settings.rate_hz.or(outbox.host.rate_hz).unwrap_or(own);
    let depth = match settings.real_depth() {
        Depth::Float32 => "32-bit float".to_owned(),
        depth => format!("{}-bit", depth.bits()),
    };
    let edited = take.edited();
    let channels = if edited.audio.channel_count() == 1 { "mono" } else { "stereo" };
    let repeats = if edited.loop_frames.is_some() { ", loop" } else { "" };
    let mut line = format!("{depth}, {}, {channels}, {:.2} s{repeats}", kilohertz(rate), take.seconds());
    if let Some(at) = outbox.host.position_s.filter(|at| *at >= 0.0) {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "not negative, and not years"
        )]
        let second = at as u64;
        line.push_str(&format!(
            ", at {:02}:{:02}:{:02} of the time line",
            second / 3_600,
            second / 60 % 60,
            second % 60
        ));
    }
    line
}

/// `44.1 kHz`.
fn kilohertz(rate_hz: u32) -> String {
    format!("{} kHz", f64::from(rate_hz) / 1_000.0)
}
