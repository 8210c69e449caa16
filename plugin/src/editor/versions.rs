//! The versions of the take at hand: the same sound at 1, 2, 4, 8 and 24 steps, side by side, with what each took and how far it
//! is from the finest. One click or one number key plays each, all equally loud; one that is not there is made by it.
//!
//! Choosing here is about the take that is there, the steps above are about the next one.

mod cell;

use super::action::{Action, Part, RequestAction, VersionsAction};
use super::compare::{Compare, Side};
use super::scene::Scene;
use super::{controls, key_holder, theme};
use crate::editor::link::View;
use cell::Cell;
pub(super) use cell::time_text;
use egui::{Align2, Rect, Sense, Ui, vec2};
use std::time::Duration;
use straightshot_edits::Edit;
use straightshot_listening::{Distance, enough};
use straightshot_protocol::{ContentHash, Request};
use straightshot_takes::{Take, VersionOfTake};

/// Height of the strip in points.
pub(super) const HEIGHT: f32 = 11.0 * theme::UNIT;
/// Keys of the versions, in their order.
const KEYS: [&str; 5] = ["1", "2", "3", "4", "5"];

/// The parts of a recipe with their names.
const PARTS: [(Part, &str); 4] =
    [(Part::Prompt, "Prompt"), (Part::Seed, "Seed"), (Part::Steps, "Steps"), (Part::Length, "Length")];

/// The strip below the waveform.
#[derive(Debug, Default)]
pub(super) struct VersionsStrip {
    /// The sounds that were asked to be listened to last, and their edit.
    asked: Option<(Vec<ContentHash>, Edit)>,
}

impl VersionsStrip {
    /// The host has replaced the session: what was remembered about its takes is void.
    pub(super) fn forget_session(&mut self) {
        *self = Self::default();
    }

    /// Draws the strip into the room that `ui` has, [`HEIGHT`] points high, and asks for what is not known yet of the take at
    /// hand.
    pub(super) fn show(
        &mut self,
        ui: &mut Ui,
        scene: &Scene<'_>,
        compare: &Compare,
        actions: &mut Vec<Action>,
    ) {
        let view = scene.view;
        let Some(take) = view.active().filter(|take| take.damage.is_none()) else { return };
        let all = cells(view, take);
        self.ask(view, take, &all, actions);
        let (rect, _) = ui.allocate_exact_size(ui.available_size(), Sense::hover());
        let (top, row) = rect.split_top_bottom_at_y(rect.top() + 2.5 * theme::UNIT);
        heading(ui, top, &all);
        for (i, cell) in all.iter().enumerate() {
            let place = controls::column(row, i, all.len(), 0.75 * theme::UNIT);
            let side = Side { take: take.id, steps: cell.steps };
            let letters = if compare.is_on() { compare.sides_of(side) } else { String::new() };
            let response = cell.show(ui, place, KEYS.get(i).copied(), &letters);
            key_holder::follow(ui, &response);
            if response.clicked() {
                actions.push(cell.action(take.id).into());
            }
            if cell.version.is_some() && !cell.is_heard {
                response.context_menu(|ui| {
                    if ui.button("Compare with what is heard").clicked() {
                        actions.push(VersionsAction::CompareWith(side).into());
                        ui.close();
                    }
                });
            }
        }
    }

    /// Asks for the sounds of `take` to be listened to that were not.
    fn ask(&mut self, view: &View, take: &Take, cells: &[Cell], actions: &mut Vec<Action>) {
        let is_there = |version: &&VersionOfTake| !version.audio.is_empty();
        let sounds: Vec<_> =
            cells.iter().filter_map(|cell| cell.version.as_ref().filter(is_there)?.sound).collect();
        let is_known = |sound: &ContentHash| view.status.measured.loudness(sound, &take.edit).is_some();
        let asked = (sounds, take.edit.clone());
        if !asked.0.iter().all(is_known) && self.asked.as_ref() != Some(&asked) {
            actions.push(VersionsAction::Listen(take.id).into());
            self.asked = Some(asked);
        }
    }
}

/// The versions there are of `take` and those that its model offers.
fn cells(view: &View, take: &Take) -> Vec<Cell> {
    let versions = take.all_versions();
    let offered = view.card().map_or(&[][..], |card| &card.ladder).iter().copied();
    let mut steps: Vec<u32> = offered.chain(versions.iter().map(|version| version.steps)).collect();
    steps.sort_unstable();
    steps.dedup();
    let finest =
        versions.iter().rev().find(|version| !version.audio.is_empty()).and_then(|version| version.sound);
    let making = making(view, take);
    let loudest = versions.iter().map(|version| cell::loudest(&version.peaks)).fold(0.0, f32::max);
    let scale = 1.0 / loudest.max(0.01);
    let mut all: Vec<Cell> = steps
        .into_iter()
        .map(|steps| {
            let version = versions.iter().find(|version| version.steps == steps).cloned();
            let request = Request { steps, variations: 1, ..take.request.clone() };
            let measured = version.as_ref().and_then(|version| version.took);
            Cell {
                steps,
                is_heard: version.as_ref().is_some_and(|version| version.is_shown),
                is_finest: version.as_ref().is_some_and(|version| version.sound == finest),
                distance_db: distance(view, finest, version.as_ref()),
                is_enough: false,
                took: measured,
                expected: expected(view, &request).filter(|_| measured.is_none()),
                scale,
                making: making.filter(|(of, _)| *of == steps).map(|(_, share)| share),
                version,
            }
        })
        .collect();
    let distances: Vec<Distance> =
        all.iter().filter_map(|cell| Some(Distance { steps: cell.steps, db: cell.distance_db? })).collect();
    let enough = enough(&distances);
    for cell in &mut all {
        cell.is_enough = enough == Some(cell.steps);
    }
    all
}

/// How far a version is from the finest, as far as that was measured.
fn distance(view: &View, finest: Option<ContentHash>, version: Option<&VersionOfTake>) -> Option<f32> {
    view.status.measured.distance(&finest?, &version?.sound?)?
}

/// How long this computer will take for a sound; `None` until it has made one with that model.
pub(super) fn expected(view: &View, request: &Request) -> Option<Duration> {
    let pace = view.status.pace.as_ref().filter(|pace| view.card().is_some_and(|card| pace.is_of(card)))?;
    Some(pace.of(request))
}

/// The steps of the version of `take` that is being made, and how far it is.
fn making(view: &View, take: &Take) -> Option<(u32, f32)> {
    let job = view.status.running().filter(|job| job.takes.contains(&take.id))?;
    let share = job.progress.as_ref().map_or(0.0, |job| job.progress.fraction);
    Some((job.request.steps, share))
}

fn heading(ui: &Ui, rect: Rect, cells: &[Cell]) {
    let said = verdict(cells);
    let galley = ui.painter().layout_no_wrap(said, theme::small(), theme::TEXT_DIM);
    let width = galley.size().x;
    ui.painter().galley(rect.right_top() - vec2(width, 0.0), galley, theme::TEXT_DIM);
    let name = rect.with_max_x(rect.right() - width - 2.0 * theme::UNIT);
    let at = name.left_top();
    ui.painter().text(at, Align2::LEFT_TOP, "Versions of this take", theme::small(), theme::TEXT_DIM);
}

/// What the versions come to, in a sentence.
fn verdict(cells: &[Cell]) -> String {
    let compared = cells.iter().filter(|cell| cell.distance_db.is_some()).count();
    match cells.iter().find(|cell| cell.is_enough) {
        Some(cell) if cell.steps == 1 => "1 step is enough: more sound the same".to_owned(),
        Some(cell) => format!("{} steps are enough: more sound the same", cell.steps),
        None if compared > 1 => "Each sounds different from the finest".to_owned(),
        None => "Make another one to hear what more steps do".to_owned(),
    }
}

/// What the number key of the version at `index` asks for: to play it, or to make it.
pub(super) fn by_key(view: &View, index: usize) -> Option<VersionsAction> {
    let take = view.active().filter(|take| take.damage.is_none())?;
    cells(view, take).get(index).map(|cell| cell.action(take.id))
}

/// Linear gain at which the version of `take` with `steps` steps is as loud as the others; 1 until all were listened to.
pub(super) fn matched_gain(view: &View, take: &Take, steps: u32) -> f32 {
    let versions = take.all_versions();
    let sounds: Option<Vec<_>> = versions.iter().map(|version| Some((version.sound?, &take.edit))).collect();
    let matched = sounds.and_then(|sounds| view.status.measured.matched(&sounds));
    let at = versions.iter().position(|version| version.steps == steps);
    let gain_db = at.zip(matched).and_then(|(at, matched)| matched.gains_db.get(at).copied()).unwrap_or(0.0);
    10_f32.powf(gain_db / 20.0)
}

/// Entries of a menu about what made `take`.
pub(super) fn recipe_menu(ui: &mut Ui, take: &Take, actions: &mut Vec<Action>) {
    let mut choose = |ui: &mut Ui, action: Action| {
        actions.push(action);
        ui.close();
    };
    let hint = "Make this sound again with another seed; nothing else changes";
    if ui.button("Vary: new seed").on_hover_text(hint).clicked() {
        choose(ui, VersionsAction::Vary(take.id).into());
    }
    let hint = "Put the prompt and all settings of this take back into the controls";
    if ui.button("Use its prompt and settings").on_hover_text(hint).clicked() {
        choose(ui, RequestAction::Recall(take.id).into());
    }
    ui.menu_button("Use only its…", |ui| {
        for (part, name) in PARTS {
            if ui.button(name).clicked() {
                choose(ui, VersionsAction::Recall(take.id, part).into());
            }
        }
    });
}
