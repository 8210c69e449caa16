//! How loud the next sound will be, and the choice of how that is decided.

use crate::editor::action::{Action, VersionsAction};
use crate::editor::icons::{self, Icon};
use crate::editor::link::View;
use crate::editor::{controls, theme};
use egui::{Popup, Rect, Role, Sense, Ui, Vec2, WidgetInfo, vec2};
use straightshot_listening::{LevelChoice, loudness_of};

/// What can be chosen, besides what the text says.
const FIXED: [LevelChoice; 8] = [
    LevelChoice::Peak(-1),
    LevelChoice::Peak(-3),
    LevelChoice::Peak(-6),
    LevelChoice::Peak(-12),
    LevelChoice::Loudness(-14),
    LevelChoice::Loudness(-18),
    LevelChoice::Loudness(-23),
    LevelChoice::Loudness(-30),
];

/// A field that shows the level and opens the choice.
pub(super) fn show(ui: &mut Ui, view: &View, actions: &mut Vec<Action>) {
    let chosen = view.status.level;
    let size = vec2(ui.available_width(), theme::CONTROL_HEIGHT);
    let (rect, response) = ui.allocate_exact_size(size, Sense::click());
    let fill = if response.hovered() { theme::HOVERED } else { theme::WELL };
    let line = theme::outline(theme::LINE);
    ui.painter().rect(rect, theme::RADIUS, fill, line, egui::StrokeKind::Inside);
    let text = rect.shrink2(vec2(theme::UNIT, 0.0));
    let arrow = Rect::from_center_size(text.right_center() - vec2(4.0, 0.0), Vec2::splat(10.0));
    icons::paint(ui.painter(), arrow, Icon::ChevronDown, theme::TEXT_DIM);
    let text = text.with_max_x(arrow.left() - 2.0);
    controls::text_within(ui.painter(), text, &shown(chosen, &view.prompt), theme::body(), theme::TEXT);
    controls::focus_ring(ui, rect, &response);
    response.widget_info(|| WidgetInfo::labeled(Role::ComboBox, true, "Level"));
    Popup::menu(&response).show(|ui| {
        ui.set_min_width(26.0 * theme::UNIT);
        for choice in [LevelChoice::ByText].into_iter().chain(FIXED) {
            if ui.selectable_label(choice == chosen, name(choice)).clicked() {
                actions.push(VersionsAction::SetLevel(choice).into());
                ui.close();
            }
        }
    });
    response.on_hover_text(hint(chosen, &view.prompt));
}

/// What stands in the field.
fn shown(choice: LevelChoice, prompt: &str) -> String {
    match choice {
        LevelChoice::ByText => lufs(loudness_of(prompt).lufs),
        LevelChoice::Peak(dbfs) => format!("{dbfs} dB peak").replace('-', "−"),
        LevelChoice::Loudness(level) => lufs(level.into()),
    }
}

fn lufs(level: f32) -> String {
    format!("{level:.0} LUFS").replace('-', "−")
}

fn name(choice: LevelChoice) -> String {
    match choice {
        LevelChoice::ByText => "By what the text says".to_owned(),
        LevelChoice::Peak(dbfs) => format!("Peak at {dbfs} dBFS").replace('-', "−"),
        LevelChoice::Loudness(level) => format!("Loudest 0.4 s at {level} LUFS").replace('-', "−"),
    }
}

fn hint(choice: LevelChoice, prompt: &str) -> String {
    let why = match choice {
        LevelChoice::ByText => {
            let by = loudness_of(prompt).by;
            if by.is_empty() {
                "By what the text says: it says nothing about loudness.".to_owned()
            } else {
                format!("By what the text says: {}.", by.join(", "))
            }
        }
        LevelChoice::Peak(_) => "The same peak for every sound.".to_owned(),
        LevelChoice::Loudness(_) => {
            "The same loudness for every sound, as far as its peak allows.".to_owned()
        }
    };
    format!(
        "How loud the next sound is. {why}\nNever clipped: its peak stays below −1 dBFS. Click to choose another way."
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_field_says_how_loud_the_next_sound_is_and_why() {
        assert_ne!(shown(LevelChoice::ByText, "gentle wind"), shown(LevelChoice::ByText, "violent wind"));
        assert!(hint(LevelChoice::ByText, "gentle wind").contains("gentle, wind"));
        assert_eq!(shown(LevelChoice::Peak(-6), "rain"), "−6 dB peak");
        assert_eq!(shown(LevelChoice::Loudness(-23), "rain"), "−23 LUFS");
    }
}
