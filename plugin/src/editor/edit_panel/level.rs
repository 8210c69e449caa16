//! The tool that brings a sound to a level.

use super::fields::{self, Number, Numbers};
use super::{Desk, ROOMY, title};
use crate::editor::action::{Action, EditAction};
use egui::Ui;
use straightshot_edits::{Edit, Level, MOST_GAIN_DB};

/// Ways to bring a sound to a level, with what they begin with.
const LEVELS: [(&str, Option<Level>); 4] = [
    ("As it is", None),
    ("Peak", Some(Level::Peak(-1.0))),
    ("True peak", Some(Level::TruePeak(-1.0))),
    ("Loudness", Some(Level::Loudness(-23.0))),
];
/// What [`LEVELS`] are called where there is little room.
const SHORT_LEVELS: [&str; 4] = ["As is", "Peak", "dBTP", "LUFS"];

pub(super) fn show(numbers: &mut Numbers, ui: &mut Ui, desk: &Desk<'_>, actions: &mut Vec<Action>) {
    let edit = desk.edit;
    title(ui, desk, "Level", Edit { level: None, gain_db: 0.0, ..edit.clone() }, "level", actions);
    let chosen = LEVELS.iter().position(|(_, level)| match (level, edit.level) {
        (None, None) => true,
        (Some(a), Some(b)) => std::mem::discriminant(a) == std::mem::discriminant(&b),
        _ => false,
    });
    ui.horizontal(|ui| {
        let width = ui.available_width();
        let names = LEVELS.map(|(name, _)| name);
        let texts = if width >= ROOMY { names } else { SHORT_LEVELS };
        if let Some(index) = fields::choice(ui, "Level", width, (&names, &texts), chosen.unwrap_or(0)) {
            let edit = Edit { level: LEVELS[index].1, ..edit.clone() };
            actions.push(EditAction::set(desk.take.id, edit, "level", None));
        }
    });
    ui.horizontal(|ui| {
        if let Some(level) = edit.level {
            target(numbers, ui, desk, level, actions);
        }
        let most = f64::from(MOST_GAIN_DB);
        let heard = desk.take.edited();
        let hint = if heard.held {
            "Louder or quieter by hand. Held at full scale now: nothing is clipped".to_owned()
        } else {
            format!("Louder or quieter by hand. {:+.1} dB altogether", heard.gain_db).replace('-', "−")
        };
        let number = Number {
            suffix: if heard.held { " dB !" } else { " dB" },
            // Beside a target there is no room for it.
            prefix: if edit.level.is_some() { "" } else { "Gain" },
            decimals: 1,
            speed: 0.1,
            hint: &hint,
            ..Number::new("Gain", edit.gain_db.into(), (-most, most))
        };
        if let Some((gain, gesture)) = numbers.show(ui, 2, &number) {
            #[expect(clippy::cast_possible_truncation, reason = "the edit has an f32")]
            let edit = Edit { gain_db: gain as f32, ..edit.clone() };
            actions.push(EditAction::set(desk.take.id, edit, "gain", gesture));
        }
    });
}

/// The number that a level is brought to.
fn target(numbers: &mut Numbers, ui: &mut Ui, desk: &Desk<'_>, level: Level, actions: &mut Vec<Action>) {
    let (target, suffix, hint) = match level {
        Level::Peak(db) => (db, " dB", "The largest sample"),
        Level::TruePeak(db) => (db, " dBTP", "The largest value, between samples too"),
        Level::Loudness(lufs) => {
            (lufs, " LUFS", "How loud the whole is for the ear; its true peak stays below −1 dBTP")
        }
    };
    let number = Number {
        suffix,
        decimals: 1,
        speed: 0.1,
        default: f64::from(target),
        hint,
        ..Number::new("Target", target.into(), (-60.0, 0.0))
    };
    if let Some((target, gesture)) = numbers.show(ui, 2, &number) {
        #[expect(clippy::cast_possible_truncation, reason = "the edit has an f32")]
        let target = target as f32;
        let level = match level {
            Level::Peak(_) => Level::Peak(target),
            Level::TruePeak(_) => Level::TruePeak(target),
            Level::Loudness(_) => Level::Loudness(target),
        };
        let edit = Edit { level: Some(level), ..desk.edit.clone() };
        actions.push(EditAction::set(desk.take.id, edit, "level", gesture));
    }
}
