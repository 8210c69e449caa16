//! Which sounds the project holds, and how large that makes it: one chip above the list of takes.

use super::action::{Action, LibraryAction};
use super::controls;
use super::theme;
use crate::editor::link::View;
use egui::{Sense, Ui, vec2};
use straightshot_takes::Embed;

/// Draws the chip; a click chooses the next way.
pub(super) fn chip(ui: &mut Ui, view: &View, actions: &mut Vec<Action>) {
    let text = label(view.embed, view.embedded_bytes);
    let size = ui.painter().layout_no_wrap(text.clone(), theme::small(), theme::TEXT).size();
    let (place, _) = ui.allocate_exact_size(size + vec2(2.0, 0.5) * theme::UNIT, Sense::hover());
    let response = controls::chip(ui, place, &text);
    if response.on_hover_text(hint(view.embed)).clicked() {
        actions.push(LibraryAction::Embed(next(view.embed)).into());
    }
}

/// How much sound a project holds that is saved now.
#[expect(clippy::cast_precision_loss, reason = "for display")]
fn label(embed: Embed, bytes: u64) -> String {
    let megabytes = bytes as f64 / 1e6;
    match embed {
        Embed::UpTo(_) => format!("{megabytes:.1} MB"),
        Embed::All => format!("All: {megabytes:.1} MB"),
        Embed::Nothing => "Links only".to_owned(),
    }
}

fn hint(embed: Embed) -> &'static str {
    match embed {
        Embed::UpTo(_) => {
            "Sounds in the project: the active take, then starred and new ones, as far as there is room. All are in your takes folder. Click to keep all in the project"
        }
        Embed::All => "All sounds are in the project, for another machine. Click to keep none in it",
        Embed::Nothing => {
            "Sounds are in your takes folder only; the project is small and plays on this machine. Click to keep the most important ones in it"
        }
    }
}

fn next(embed: Embed) -> Embed {
    match embed {
        Embed::UpTo(_) => Embed::All,
        Embed::All => Embed::Nothing,
        Embed::Nothing => Embed::default(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_way_can_be_chosen_and_says_what_it_costs() {
        let usual = Embed::default();
        assert_eq!(
            [next(usual), next(next(usual)), next(next(next(usual)))],
            [Embed::All, Embed::Nothing, usual]
        );
        assert_eq!(label(usual, 2_340_000), "2.3 MB");
        assert_eq!(label(Embed::All, 31_000_000), "All: 31.0 MB");
        assert_eq!(label(Embed::Nothing, 0), "Links only");
    }
}
