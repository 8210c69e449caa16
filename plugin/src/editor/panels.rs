//! Where everything is: the panels of the window and their arrangement.
//!
//! ```text
//! +-----------------------------------------------+
//! | header: name                            model |
//! +-----------------------------------------------+
//! | notice, if there is one                       |
//! +------------------------------+----------------+
//! | prompt, settings, generate   | takes          |
//! +------------------------------+                |
//! | active take                  |                |
//! +------------------------------+----------------+
//! | footer: play mode               gain    meter |
//! +-----------------------------------------------+
//! ```

use super::action::Action;
use super::active::ActiveTake;
use super::compare::Compare;
use super::header::Header;
use super::output::{self, OutputMeter};
use super::prompt::{Edited, PromptFields};
use super::takes::TakeList;
use super::{notice, progress, settings, theme};
use crate::editor::link::View;
use crate::params::StraightshotParams;
use egui::{Align, Layout, Rect, ScrollArea, Sense, Stroke, StrokeKind, Ui, UiBuilder, Vec2, pos2, vec2};
use nice_plug::prelude::ParamSetter;

/// Height of the header and of the footer in points.
const BAR_HEIGHT: f32 = 6.0 * theme::UNIT;
/// Distance between two panels in points.
const GAP: f32 = 1.5 * theme::UNIT;
/// Part of the width that goes to the list of takes.
const TAKES_SHARE: f32 = 0.3;
/// Narrowest and widest list of takes in points.
const TAKES_WIDTH: (f32, f32) = (32.0 * theme::UNIT, 48.0 * theme::UNIT);
/// Lowest and highest prompt field in points.
const PROMPT_HEIGHT: (f32, f32) = (9.5 * theme::UNIT, 22.0 * theme::UNIT);
/// Lowest panel of the active take in points; where there is no room for it the column scrolls.
const ACTIVE_HEIGHT: f32 = 18.0 * theme::UNIT;
/// Part of the spare height that goes to the prompt field; the waveform gets the rest.
const PROMPT_SHARE: f32 = 0.25;
/// Smallest size in points at which everything is in sight; a smaller window scrolls.
pub(super) const MIN_SIZE: Vec2 = vec2(760.0, 640.0);

/// All panels with the state that is theirs.
#[derive(Debug, Default)]
pub(super) struct Panels {
    /// Prompt and negative prompt.
    pub(super) prompt: PromptFields,
    /// The two takes to compare.
    pub(super) compare: Compare,
    /// Output level.
    pub(super) meter: OutputMeter,
    /// Name and model.
    header: Header,
    /// Waveform of the active take.
    active: ActiveTake,
    /// The list at the right.
    takes: TakeList,
}

impl Panels {
    /// The host has replaced the session: what was remembered about its takes is void.
    pub(super) fn forget_session(&mut self) {
        self.compare = Compare::default();
        self.takes = TakeList::default();
        self.active = ActiveTake::default();
    }

    /// Takes in what has changed since the last frame, `seconds` ago.
    pub(super) fn follow(&mut self, view: &View, peak: f32, seconds: f32) {
        self.prompt.follow(view);
        self.compare.follow(&view.takes, view.active_take);
        self.meter.advance(peak, seconds);
    }

    /// Draws the whole window.
    pub(super) fn draw(&mut self, ui: &mut Ui, scene: &Scene<'_>, actions: &mut Vec<Action>) -> Edited {
        let window = ui.max_rect();
        ui.painter().rect_filled(window, 0, theme::BACKGROUND);
        // Hosts may ignore the smallest size.
        let scroll = ScrollArea::both().id_salt("window").auto_shrink(false);
        let shown = scroll.show(ui, |ui| {
            let (whole, _) = ui.allocate_exact_size(window.size().max(MIN_SIZE), Sense::hover());
            self.bars_and_body(ui, whole, scene, actions)
        });
        shown.inner
    }

    fn bars_and_body(
        &mut self,
        ui: &mut Ui,
        whole: Rect,
        scene: &Scene<'_>,
        actions: &mut Vec<Action>,
    ) -> Edited {
        let header = Rect::from_min_size(whole.min, vec2(whole.width(), BAR_HEIGHT));
        let footer = Rect::from_min_max(pos2(whole.left(), whole.bottom() - BAR_HEIGHT), whole.max);
        bar(ui, header, "header", |ui| self.header.show(ui, scene.view, actions));
        bar(ui, footer, "footer", |ui| output::show(ui, scene.params, scene.setter, &mut self.meter));
        let body = Rect::from_min_max(header.left_bottom(), footer.right_top()).shrink(GAP);
        let body = message_strip(ui, body, scene.view, actions);
        let width = (TAKES_SHARE * body.width()).clamp(TAKES_WIDTH.0, TAKES_WIDTH.1);
        let (left, right) = body.split_left_right_at_x(body.right() - width);
        card(ui, right, "takes", |ui| self.takes.show(ui, scene.view, &self.compare, actions));
        self.left_column(ui, left.with_max_x(left.right() - GAP), scene, actions)
    }

    /// Prompt, settings and progress in one card, the active take in another below it.
    fn left_column(
        &mut self,
        ui: &mut Ui,
        column: Rect,
        scene: &Scene<'_>,
        actions: &mut Vec<Action>,
    ) -> Edited {
        let controls = settings::HEIGHT + progress::HEIGHT + 2.0 * GAP + 2.0 * theme::MARGIN;
        let fixed = controls + self.prompt.total_height(0.0);
        let spare = column.height() - fixed - PROMPT_HEIGHT.0 - GAP - ACTIVE_HEIGHT;
        let prompt_height = (PROMPT_HEIGHT.0 + PROMPT_SHARE * spare.max(0.0)).min(PROMPT_HEIGHT.1).round();
        let mut outer = ui.new_child(UiBuilder::new().max_rect(column).id_salt("left"));
        let scroll = ScrollArea::vertical().id_salt("left").auto_shrink(false);
        let shown = scroll.show(&mut outer, |ui| {
            let height = column.height() - spare.min(0.0);
            let (whole, _) = ui.allocate_exact_size(vec2(column.width(), height), Sense::hover());
            let (top, bottom) = whole.split_top_bottom_at_y(whole.top() + fixed + prompt_height);
            let edited = card(ui, top, "request", |ui| self.request(ui, prompt_height, scene, actions));
            let bottom = bottom.with_min_y(bottom.top() + GAP);
            let (compare, playhead) = (&self.compare, scene.playhead);
            card(ui, bottom, "active take", |ui| {
                self.active.show(ui, scene.view, compare, playhead, actions)
            });
            edited
        });
        shown.inner
    }

    /// What to generate, and the button that does it.
    fn request(
        &mut self,
        ui: &mut Ui,
        prompt_height: f32,
        scene: &Scene<'_>,
        actions: &mut Vec<Action>,
    ) -> Edited {
        let edited = self.prompt.show(ui, prompt_height, scene.view.card());
        ui.add_space(GAP - theme::UNIT);
        settings::show(ui, scene.params, scene.setter, scene.view, actions);
        ui.add_space(GAP - theme::UNIT);
        progress::show(ui, scene.view, !self.prompt.prompt.trim().is_empty(), actions);
        edited
    }
}

/// What a frame shows.
pub(super) struct Scene<'a> {
    /// The session and the running job.
    pub(super) view: &'a View,
    /// The host's parameters.
    pub(super) params: &'a StraightshotParams,
    /// The way to change them.
    pub(super) setter: &'a ParamSetter<'a>,
    /// The fraction of the active take that sounds.
    pub(super) playhead: Option<f32>,
}

/// Draws the notice, if there is one, and returns what is left of `body`.
fn message_strip(ui: &mut Ui, body: Rect, view: &View, actions: &mut Vec<Action>) -> Rect {
    let Some(text) = &view.status.notice else { return body };
    let mut strip = ui.new_child(UiBuilder::new().max_rect(body).id_salt("notice"));
    notice::show(&mut strip, text, view.status.missing.as_ref(), actions);
    body.with_min_y(strip.min_rect().bottom() + GAP)
}

/// A bar over the full width with its content in one row.
fn bar(ui: &mut Ui, rect: Rect, salt: &str, add: impl FnOnce(&mut Ui)) {
    ui.painter().rect_filled(rect, 0, theme::PANEL);
    let inner = rect.shrink2(vec2(GAP + theme::MARGIN, 0.0));
    let layout = Layout::left_to_right(Align::Center);
    add(&mut ui.new_child(UiBuilder::new().max_rect(inner).id_salt(salt).layout(layout)));
}

/// A panel with rounded corners and its content from top to bottom, clipped to it.
fn card<R>(ui: &mut Ui, rect: Rect, salt: &str, add: impl FnOnce(&mut Ui) -> R) -> R {
    ui.painter().rect(rect, theme::PANEL_RADIUS, theme::PANEL, Stroke::NONE, StrokeKind::Inside);
    let mut inside = ui.new_child(UiBuilder::new().max_rect(rect.shrink(theme::MARGIN)).id_salt(salt));
    inside.shrink_clip_rect(rect);
    add(&mut inside)
}
