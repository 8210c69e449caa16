//! How much the library holds, where it is, and what can be done about both.

use crate::editor::action::{Action, StoreAction};
use crate::editor::{controls, list, theme};
use egui::{
    Align, Button, Layout, Margin, Popup, PopupCloseBehavior, Rect, RichText, Sense, TextEdit, Ui, vec2,
};
use std::path::PathBuf;
use straightshot_takes::{Activity, Shelf, sounds_in_use};

/// Height of the line below the list in points.
pub(super) const HEIGHT: f32 = 3.5 * theme::UNIT;
/// Width of what is folded out, in points.
const WIDTH: f32 = 52.0 * theme::UNIT;
/// Bytes of a gigabyte, as disks are sold.
const GIGABYTE: f64 = 1e9;

/// State of the line that is not worth saving.
#[derive(Debug, Default)]
pub(super) struct Storage {
    /// Typed as the new place.
    folder: String,
    /// Typed as the limit, in gigabytes.
    limit: String,
    /// What the user has asked for and has yet to agree to.
    sure: Option<Sure>,
}

/// Something that is done only after a second click.
#[derive(Debug, Clone, PartialEq)]
enum Sure {
    /// Empty the trash.
    Empty,
    /// Move these sounds, of so many bytes, to the trash.
    Oldest(Vec<PathBuf>, u64),
}

impl Storage {
    /// Draws the line; `found` is how many sounds are shown.
    pub(super) fn show(&mut self, ui: &mut Ui, shelf: &Shelf, found: usize, actions: &mut Vec<Action>) {
        let size = vec2(ui.available_width(), HEIGHT);
        ui.allocate_ui_with_layout(size, Layout::left_to_right(Align::Center), |ui| {
            if let Activity::Moving(progress) = shelf.activity {
                let text = format!("Moving {} of {} sounds", progress.files, progress.all_files);
                controls::caption(ui, &text);
                ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                    if ui.button("Stop").on_hover_text("The sounds stay where they are").clicked() {
                        actions.push(StoreAction::Stay.into());
                    }
                });
                return;
            }
            controls::caption(ui, &summary(shelf, found)).on_hover_text(all_of(shelf));
            ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                let button = list::drop_button(
                    ui,
                    "Folder",
                    is_full(shelf),
                    "Where the sounds are, and how many may be there",
                );
                if button.clicked() {
                    self.open(shelf);
                }
                Popup::from_toggle_button_response(&button)
                    .close_behavior(PopupCloseBehavior::CloseOnClickOutside)
                    .width(WIDTH)
                    .show(|ui| self.folded_out(ui, shelf, actions));
            });
        });
    }

    fn open(&mut self, shelf: &Shelf) {
        self.sure = None;
        self.folder = shelf.folder.to_string_lossy().into_owned();
        self.limit = gigabytes(shelf.quota_bytes);
    }

    fn folded_out(&mut self, ui: &mut Ui, shelf: &Shelf, actions: &mut Vec<Action>) {
        ui.set_width(WIDTH);
        ui.spacing_mut().item_spacing.y = theme::UNIT;
        usage_bar(ui, shelf);
        self.limit(ui, shelf, actions);
        ui.separator();
        self.place(ui, shelf, actions);
        ui.separator();
        self.room(ui, shelf, actions);
    }

    /// How much there may be.
    fn limit(&mut self, ui: &mut Ui, shelf: &Shelf, actions: &mut Vec<Action>) {
        ui.horizontal(|ui| {
            controls::caption(ui, "Tell me when there are more than");
            let edit = TextEdit::singleline(&mut self.limit)
                .desired_width(5.0 * theme::UNIT)
                .margin(Margin::symmetric(8, 6));
            let response = ui.add(edit);
            controls::caption(ui, "GB. Nothing is deleted by itself.");
            let typed = self.limit.trim().replace(',', ".").parse::<f64>().ok().filter(|limit| *limit > 0.0);
            if response.lost_focus() {
                match typed {
                    #[expect(
                        clippy::cast_possible_truncation,
                        clippy::cast_sign_loss,
                        reason = "some gigabytes"
                    )]
                    Some(limit) => {
                        actions.push(StoreAction::SetQuota((limit.min(1e6) * GIGABYTE) as u64).into())
                    }
                    None => self.limit = gigabytes(shelf.quota_bytes),
                }
            }
        });
    }

    /// Where the sounds are.
    fn place(&mut self, ui: &mut Ui, shelf: &Shelf, actions: &mut Vec<Action>) {
        controls::caption(ui, "All sounds are in this folder, one FLAC file each");
        let edit = TextEdit::singleline(&mut self.folder)
            .margin(Margin::symmetric(10, 8))
            .desired_width(f32::INFINITY);
        ui.add(edit).on_hover_text("Type another folder to move the sounds there");
        let folder = PathBuf::from(self.folder.trim());
        let elsewhere = folder != shelf.folder && folder.is_absolute();
        ui.horizontal(|ui| {
            let hint = "Copies every sound, compares it with the original, and only then removes that";
            if ui.add_enabled(elsewhere, Button::new("Move the sounds there")).on_hover_text(hint).clicked() {
                actions.push(StoreAction::Move(folder).into());
                ui.close();
            }
        });
    }

    /// Getting rid of sounds.
    fn room(&mut self, ui: &mut Ui, shelf: &Shelf, actions: &mut Vec<Action>) {
        if let Some(sure) = self.sure.clone() {
            self.ask(ui, sure, actions);
            return;
        }
        ui.horizontal(|ui| {
            let hint = "Moves to the trash what is oldest, has no star and is in no open project, until the rest fits";
            let full = is_full(shelf);
            if ui.add_enabled(full, Button::new("Make room…")).on_hover_text(hint).clicked() {
                self.sure = Some(oldest(shelf));
            }
            let text = match shelf.trash.files {
                0 => "The trash is empty".to_owned(),
                count => format!("Empty the trash ({count}, {})", size_text(shelf.trash.bytes)),
            };
            if ui.add_enabled(shelf.trash.files > 0, Button::new(text)).clicked() {
                self.sure = Some(Sure::Empty);
            }
        });
    }

    /// The question before something that cannot be undone, or is much.
    fn ask(&mut self, ui: &mut Ui, sure: Sure, actions: &mut Vec<Action>) {
        let (text, yes, action) = match sure {
            Sure::Empty => (
                "Sounds in the trash are then gone for good, also for projects that are not open.".to_owned(),
                "Delete them",
                StoreAction::EmptyTrash,
            ),
            Sure::Oldest(paths, bytes) => (
                format!(
                    "{} sounds ({}) go to the trash. Projects that are not open may use them; those get them back.",
                    paths.len(),
                    size_text(bytes)
                ),
                "Move them to the trash",
                StoreAction::Discard(paths),
            ),
        };
        ui.label(RichText::new(text).font(theme::small()).color(theme::TEXT));
        ui.horizontal(|ui| {
            if ui.button(yes).clicked() {
                actions.push(action.into());
                self.sure = None;
            }
            if ui.button("Cancel").clicked() {
                self.sure = None;
            }
        });
    }
}

/// The oldest sounds that have to go for the rest to fit.
fn oldest(shelf: &Shelf) -> Sure {
    let in_use = sounds_in_use();
    let mut sounds: Vec<_> =
        shelf.sounds.iter().filter(|sound| !sound.marks.starred && !in_use.contains(&sound.hash())).collect();
    sounds.sort_by_key(|sound| sound.made_ms);
    let mut over = shelf.usage.bytes.saturating_sub(shelf.quota_bytes);
    let (mut paths, mut bytes) = (Vec::new(), 0);
    for sound in sounds {
        if over == 0 {
            break;
        }
        over = over.saturating_sub(sound.bytes);
        bytes += sound.bytes;
        paths.push(sound.path.clone());
    }
    Sure::Oldest(paths, bytes)
}

fn is_full(shelf: &Shelf) -> bool {
    shelf.usage.bytes > shelf.quota_bytes
}

/// What the line says.
fn summary(shelf: &Shelf, found: usize) -> String {
    if let Activity::Listening { done, of } = shelf.activity {
        return format!("Listening: {done} of {of}");
    }
    if found == 1 { "1 sound".to_owned() } else { format!("{found} sounds") }
}

/// What there is besides the sounds that are shown.
fn all_of(shelf: &Shelf) -> String {
    let (files, size) = (shelf.usage.files, size_text(shelf.usage.bytes));
    format!("In the folder: {files} files, {size}. Versions with fewer steps than the finest are not listed")
}

/// How much of the room is used.
#[expect(clippy::cast_precision_loss, reason = "for display")]
fn usage_bar(ui: &mut Ui, shelf: &Shelf) {
    let text = format!(
        "{} sounds, {} of {} GB",
        shelf.usage.files,
        size_text(shelf.usage.bytes),
        gigabytes(shelf.quota_bytes)
    );
    ui.label(RichText::new(text).color(theme::TEXT));
    let (rect, _) = ui.allocate_exact_size(vec2(ui.available_width(), 6.0), Sense::hover());
    ui.painter().rect_filled(rect, 3, theme::WELL);
    let share = shelf.usage.bytes as f32 / shelf.quota_bytes.max(1) as f32;
    let color = if share > 1.0 { theme::ERROR } else { theme::ACCENT };
    let used = Rect::from_min_size(rect.min, vec2(rect.width() * share.min(1.0), rect.height()));
    ui.painter().rect_filled(used, 3, color);
}

/// A number of bytes as disks count them.
#[expect(clippy::cast_precision_loss, reason = "for display")]
fn size_text(bytes: u64) -> String {
    match bytes {
        0..1_000_000 => format!("{:.0} kB", bytes as f64 / 1e3),
        1_000_000..1_000_000_000 => format!("{:.0} MB", bytes as f64 / 1e6),
        _ => format!("{:.2} GB", bytes as f64 / GIGABYTE),
    }
}

#[expect(clippy::cast_precision_loss, reason = "for display")]
fn gigabytes(bytes: u64) -> String {
    format!("{}", (bytes as f64 / GIGABYTE * 100.0).round() / 100.0)
}
