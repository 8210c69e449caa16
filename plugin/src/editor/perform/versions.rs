//! Versions of a take, comparison, recipes and levels.

use super::Moment;
use super::request::random_seed;
use crate::editor::action::{Part, VersionsAction};
use crate::editor::link::{Audition, SoundId, View};
use crate::editor::{App, param, versions};
use crate::params::MAX_SEED;
use nice_plug::prelude::ParamSetter;
use straightshot_protocol::Request;

impl App {
    /// Carries out what the user asked for about versions.
    pub(super) fn perform_versions(&mut self, action: VersionsAction, at: Moment<'_>) {
        match action {
            VersionsAction::Hear(id, steps) => {
                self.link.show_steps(id, steps);
                let sound = Some(SoundId::version(id, steps));
                let gain = at.find(id).map_or(1.0, |take| versions::matched_gain(at.view, take, steps));
                self.link.play(&Audition { sound, gain, ..Audition::default() });
            }
            VersionsAction::Make(id, steps) => {
                if let Some(take) = at.find(id) {
                    self.link.refine_take(take, steps);
                }
            }
            VersionsAction::Switch => self.switch_sides(at.view),
            VersionsAction::CompareWith(side) => {
                self.panels.compare.set_other(side);
                self.link.listen_to(vec![side.take]);
            }
            VersionsAction::EndComparing => self.panels.compare.end(),
            VersionsAction::KeepHeard => self.keep_heard(),
            VersionsAction::Recall(id, part) => {
                if let Some(take) = at.find(id) {
                    self.recall_part(&take.request, part, at.setter);
                }
            }
            VersionsAction::Vary(id) => {
                if let Some(take) = at.find(id) {
                    let seed = u64::from(random_seed().unsigned_abs());
                    self.link.generate(Request { seed, ..take.request.clone() }, 1);
                }
            }
            VersionsAction::SetGuidance(scale) => param::set(at.setter, &self.params.guidance, scale),
            VersionsAction::SetLevel(level) => self.link.set_level(level),
            VersionsAction::Read(text) => self.link.read_text(text),
            VersionsAction::Listen(take) => self.link.listen_to(vec![take]),
        }
    }

    /// Hears the other side of the comparison; begins to compare if that was not done yet. What plays fades over at its
    /// place; where nothing plays it begins.
    fn switch_sides(&mut self, view: &View) {
        let compare = &mut self.panels.compare;
        let sides = [0, 1].into_iter().filter_map(|side| compare.on_side(side)).map(|side| side.take);
        self.link.listen_to(sides.collect());
        compare.switch();
        self.follow_comparison(view);
        if self.panels.compare.is_on() && self.link.playing().is_none() {
            self.link.audition();
        }
    }

    /// Makes the side that is heard the active take, and ends the comparison.
    fn keep_heard(&mut self) {
        let compare = &mut self.panels.compare;
        if let Some(side) = compare.on_side(compare.heard_side()) {
            self.link.select_take(side.take);
            self.link.show_steps(side.take, side.steps);
        }
        compare.end();
    }

    /// Has the side that is compared heard in place of the active take, as loud as the other; called after every frame.
    pub(in crate::editor) fn follow_comparison(&mut self, view: &View) {
        if let Some(instead) = self.panels.compare.newly_heard(&view.takes, &view.status.measured) {
            self.link.hear_instead(instead);
        }
    }

    /// Puts a part of a recipe back into fields and parameters.
    pub(super) fn recall_part(&self, request: &Request, part: Part, setter: &ParamSetter<'_>) {
        match part {
            Part::Prompt => {
                self.link.set_prompt(&request.prompt);
                self.link.set_negative_prompt(&request.negative_prompt);
                self.link.set_lane(request.timing.clone(), request.curve.clone(), "use timing", None);
            }
            Part::Seed => {
                self.link.set_seed_locked(true);
                param::set(setter, &self.params.seed, i32::try_from(request.seed).unwrap_or(MAX_SEED));
            }
            Part::Steps => {
                param::set(setter, &self.params.steps, i32::try_from(request.steps).unwrap_or(i32::MAX));
            }
            #[expect(clippy::cast_possible_truncation, reason = "the parameter is an f32")]
            Part::Length => param::set(setter, &self.params.length, request.seconds as f32),
        }
    }
}
