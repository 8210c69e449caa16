//! The line that says what went wrong, or what the user should know. It has a place of its own under the header, one line
//! high, so that no message ever moves a control; a longer one is read by pointing at it. Never a modal window.

use super::action::{Action, WindowAction};
use super::controls;
use super::icons::{self, Icon};
use super::shortcuts::Shortcut;
use super::theme;
use crate::editor::link::View;
use crate::shared::{Missing, Notice, Severity};
use crate::without_audio;
use egui::{Align, Layout, Rect, RichText, Sense, Ui, UiBuilder, Vec2, vec2};

/// Draws the notice of `view` into the place that `ui` has, with a button that removes it. While a job waits for a model
/// that is missing, there are buttons that choose another.
pub(super) fn show(ui: &mut Ui, view: &View, actions: &mut Vec<Action>) {
    let rect = ui.available_rect_before_wrap().shrink2(vec2(0.0, 2.0));
    let Some(notice) = &view.status.notice else {
        idle(ui, rect, view);
        return;
    };
    let (icon, color, fill) = match notice.severity {
        Severity::Info => (Icon::Info, theme::TEXT_DIM, theme::RAISED),
        Severity::Warning => (Icon::Warning, theme::ACCENT, theme::ACCENT_DEEP),
        Severity::Error => (Icon::Warning, theme::ERROR, theme::ERROR_DEEP),
    };
    ui.painter().rect_filled(rect, theme::RADIUS, fill);
    let mark = Rect::from_min_size(rect.min, Vec2::splat(rect.height())).shrink(5.0);
    icons::paint(ui.painter(), mark, icon, color);
    let right = rect.with_min_x(mark.right() + theme::UNIT).with_max_x(rect.right() - 2.0);
    let layout = Layout::right_to_left(Align::Center);
    let mut inside = ui.new_child(UiBuilder::new().max_rect(right).id_salt("notice").layout(layout));
    inside.spacing_mut().item_spacing.x = 0.5 * theme::UNIT;
    inside.spacing_mut().interact_size.y = theme::ICON_SIZE - 2.0;
    let close = controls::icon_button(
        &mut inside,
        Icon::Close,
        theme::ICON_SIZE - 2.0,
        controls::Look::Bare,
        "Dismiss",
    );
    if close.clicked() {
        actions.push(WindowAction::DismissNotice.into());
    }
    if let Some(missing) = &view.status.missing {
        offers(&mut inside, missing, actions);
    }
    words(&mut inside, notice);
}

/// What to do next, while there is nothing to say: quiet, and never more than the beginning.
fn idle(ui: &Ui, rect: Rect, view: &View) {
    let text = match (view.takes.is_empty(), view.is_busy()) {
        _ if without_audio() => {
            "No audio device was found: sounds are made and shown, but cannot be heard.".to_owned()
        }
        (true, false) => {
            "Describe a sound, then press Generate. Every sound is made on this computer.".to_owned()
        }
        (_, true) => String::new(),
        (false, false) => {
            let keys = [Shortcut::Play, Shortcut::Walk, Shortcut::Help].map(Shortcut::told);
            keys.join("   ·   ")
        }
    };
    let color = if without_audio() { theme::ACCENT } else { theme::TEXT_FAINT };
    let rect = rect.shrink2(vec2(1.5 * theme::UNIT, 0.0));
    controls::text_within(ui.painter(), rect, &text, theme::small(), color);
}

/// The text as far as there is room, all of it in the tooltip.
fn words(ui: &mut Ui, notice: &Notice) {
    let (rect, response) = ui.allocate_exact_size(ui.available_size(), Sense::hover());
    controls::text_within(ui.painter(), rect, &notice.text, theme::body(), theme::TEXT);
    let galley = ui.painter().layout_no_wrap(notice.text.clone(), theme::body(), theme::TEXT);
    let cut = galley.size().x > rect.width();
    let detail = !notice.detail.is_empty() && notice.detail != notice.text;
    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Label, true, &notice.text));
    if cut || detail {
        response.on_hover_ui(|ui| {
            ui.set_max_width(60.0 * theme::UNIT);
            ui.label(&notice.text);
            if detail {
                ui.label(RichText::new(&notice.detail).font(theme::small()).color(theme::TEXT_DIM));
            }
        });
    }
}

/// What can be used in the place of a model that is not there; from the right.
fn offers(ui: &mut Ui, missing: &Missing, actions: &mut Vec<Action>) {
    let button = |text: &str| egui::Button::new(RichText::new(text).font(theme::small()));
    if let Some((folder, id)) = &missing.here
        && ui.add(button(&format!("Use {id}, which is in its folder now"))).clicked()
    {
        actions.push(WindowAction::UseModel(Some(folder.clone())).into());
    }
    if ui.add(button("Use the default model")).clicked() {
        actions.push(WindowAction::UseModel(None).into());
    }
}
