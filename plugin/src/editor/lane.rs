//! The lane above the waveform: when the events of the next sound happen, and how loud it is over time.
//!
//! ```text
//! Timing [ Text | Model | Own ] [ Hits | Curve ]   [1/16] [Tap] [File] [Rec]
//! +----------------------------------------------------------------------+
//! |   |    |__/‾‾\_|      |                                              |
//! +----------------------------------------------------------------------+
//! ```
//!
//! A bar is a hit, its height its level. Those that the text asks for are shown as they will be; whoever moves one, adds one
//! or taps has hits of his own from then on, which stay for the sounds that follow. The curve is drawn with the pointer; both
//! are always seen, and a switch says which of them pointer and keys change. Every change is a step that can be undone.

mod curve_hand;
mod drawing;
mod grid;
mod hit_hand;
mod hits;
mod paint;
mod shown;
mod snap;

pub(super) use grid::Division;

use super::action::{Action, RequestAction};
use super::controls::{self, Look, Segment};
use super::icons::Icon;
use super::scene::Scene;
use super::theme;
use crate::guide::Guiding;
use curve_hand::CurveHand;
use egui::{CursorIcon, EventFilter, Id, Rect, Response, Role, Sense, Ui, UiBuilder, WidgetInfo, pos2, vec2};
use grid::Grid;
use hit_hand::HitHand;
use hits::Tapping;
use shown::{Edits, Scale, Shown, goes_down};
use std::path::PathBuf;
use straightshot_planner::timeline;
use straightshot_protocol::{Curve, Hit, Timing};
use straightshot_takes::Gesture;

/// Height of the row of controls, and of what is below it, in points.
const ROW: f32 = theme::ICON_SIZE;
const BODY: f32 = 5.0 * theme::UNIT;
const BETWEEN: f32 = 0.75 * theme::UNIT;
/// Height of all in points, with the distance to what is below.
pub(super) const HEIGHT: f32 = ROW + BETWEEN + BODY + theme::UNIT;
/// Widths of what is in the row, in points; the caption only where there is room.
const CAPTION_WIDTH: f32 = 6.0 * theme::UNIT;
const CAPTION_FROM: f32 = 60.0 * theme::UNIT;
const CHOICE_WIDTH: f32 = 15.5 * theme::UNIT;
/// The choice where there is room for more.
const WIDE_CHOICE_WIDTH: f32 = 20.0 * theme::UNIT;
const WIDE_FROM: f32 = 54.0 * theme::UNIT;
const SWITCH_WIDTH: f32 = 11.0 * theme::UNIT;
const SNAP_WIDTH: f32 = 7.0 * theme::UNIT;
const TAP_WIDTH: f32 = 4.5 * theme::UNIT;
/// Between what is in the row.
const SPACE: f32 = 0.5 * theme::UNIT;

/// The ways to decide when things happen.
const CHOICES: [Segment<'static>; 3] = [
    Segment {
        label: "Text",
        hint: "When things happen follows from the text, where it names events: three slow knocks",
    },
    Segment { label: "Model", hint: "The model decides when things happen" },
    Segment { label: "Own", hint: "Things happen where you draw or tap them, in every sound from now on" },
];

/// What pointer and keys change.
const EDITS: [Segment<'static>; 2] = [
    Segment { label: "Hits", hint: "Pointer and keys change when things happen" },
    Segment { label: "Curve", hint: "Pointer and keys change how loud the sound is over time" },
];

/// What of the lane lasts from frame to frame.
#[derive(Debug, Default)]
pub(super) struct Lane {
    edits: Edits,
    hits: HitHand,
    curve: CurveHand,
    tapping: Tapping,
    /// Ties the changes of one drag, or of keys that follow each other, to one step.
    gesture: Option<Gesture>,
    /// What is snapped to, for all projects.
    pub(super) snap: Option<Division>,
}

/// What is asked for in place of what there is.
struct Wanted<'a> {
    scene: &'a Scene<'a>,
    actions: &'a mut Vec<Action>,
}

impl Wanted<'_> {
    fn timing(&mut self, timing: Timing, step: &'static str, gesture: Option<Gesture>) {
        let curve = self.scene.view.curve.clone();
        self.actions.push(RequestAction::Lane { timing, curve, step, gesture }.into());
    }

    /// Own hits; without any, the text counts again.
    fn hits(&mut self, hits: Vec<Hit>, step: &'static str, gesture: Option<Gesture>) {
        let timing = if hits.is_empty() { Timing::Text } else { Timing::Hits(hits) };
        self.timing(timing, step, gesture);
    }

    fn curve(&mut self, curve: Option<Curve>, step: &'static str, gesture: Option<Gesture>) {
        let timing = self.scene.view.timing.clone();
        self.actions.push(RequestAction::Lane { timing, curve, step, gesture }.into());
    }
}

impl Lane {
    /// What has the focus for the lane.
    fn id() -> Id {
        Id::unique("straightshot lane")
    }

    /// Whether keys are for the lane.
    pub(super) fn has_keys(ui: &Ui) -> bool {
        ui.memory(|memory| memory.has_focus(Self::id()))
    }

    /// Draws the lane into `rect`.
    pub(super) fn show(&mut self, ui: &mut Ui, rect: Rect, scene: &Scene<'_>, actions: &mut Vec<Action>) {
        let row = rect.with_max_y(rect.top() + ROW);
        let body =
            Rect::from_x_y_ranges(rect.x_range(), row.bottom() + BETWEEN..=rect.bottom() - theme::UNIT);
        let card = scene.view.card();
        let can = card.is_none_or(|card| card.abilities.timing);
        let seconds = f64::from(scene.params.length.value());
        let tempo = scene.view.tempo;
        let grid = tempo.zip(self.snap).map(|(tempo, division)| Grid::of(division, tempo));
        // A model that cannot be told when things happen can still be told how loud.
        let edits = if can { self.edits } else { Edits::Curve };
        let shown = Shown {
            hits: if can { planned(scene, seconds) } else { Vec::new() },
            curve: scene.view.curve.clone(),
            seconds,
            own: matches!(scene.view.timing, Timing::Hits(_)),
            grid,
            edits,
        };
        let wanted = &mut Wanted { scene, actions };
        let name = card.map_or("This model", |card| card.id.name.as_str());
        let cannot = (!can).then(|| format!("{name} cannot be told when things happen"));
        self.row(ui, row, &shown, cannot.as_deref(), wanted);
        self.body(ui, body, &shown, wanted);
    }

    /// The controls; `cannot` says why there is nothing to choose of the timing.
    fn row(&mut self, ui: &mut Ui, row: Rect, shown: &Shown, cannot: Option<&str>, wanted: &mut Wanted<'_>) {
        let mut left = row.left();
        if row.width() >= CAPTION_FROM {
            let caption = Rect::from_min_size(row.min, vec2(CAPTION_WIDTH, ROW));
            controls::text_within(ui.painter(), caption, "Timing", theme::small(), theme::TEXT_DIM);
            left = caption.right();
        }
        let mut next = |width: f32| {
            let place = Rect::from_min_size(pos2(left, row.top()), vec2(width, ROW));
            left += width + SPACE;
            place
        };
        let choice_width = if row.width() >= WIDE_FROM { WIDE_CHOICE_WIDTH } else { CHOICE_WIDTH };
        let (choice, switch) = (next(choice_width), next(SWITCH_WIDTH));
        self.choice(ui, choice, shown, cannot, wanted);
        let mut place = ui.new_child(UiBuilder::new().max_rect(switch).id_salt("edits"));
        let chosen = Some(if shown.edits == Edits::Hits { 0 } else { 1 });
        if cannot.is_some() {
            place.disable();
        }
        match controls::noted_segments(&mut place, "Change", switch.size(), &EDITS, &[], chosen) {
            Some(0) => self.edits = Edits::Hits,
            Some(_) => self.edits = Edits::Curve,
            None => {}
        }
        let mut right = row.right();
        let mut before = |width: f32| {
            let place = Rect::from_x_y_ranges(right - width..=right, row.y_range());
            right -= width + SPACE;
            place
        };
        let (record, file, tap, snap) = (before(ROW), before(ROW), before(TAP_WIDTH), before(SNAP_WIDTH));
        snap::show(ui, snap, &mut self.snap, wanted.scene.view.tempo);
        self.tap(ui, tap, shown, cannot.is_none(), wanted);
        sources(ui, file, record, wanted);
    }

    /// Who says when things happen.
    fn choice(
        &mut self,
        ui: &mut Ui,
        rect: Rect,
        shown: &Shown,
        cannot: Option<&str>,
        wanted: &mut Wanted<'_>,
    ) {
        let mut place = ui.new_child(UiBuilder::new().max_rect(rect).id_salt("choice"));
        if let Some(why) = cannot {
            place.disable();
            ui.interact(rect, ui.scope_id().with("why"), Sense::hover()).on_hover_text(why);
        }
        let chosen = match wanted.scene.view.timing {
            Timing::Text => 0,
            Timing::Free => 1,
            Timing::Hits(_) => 2,
        };
        let chosen = cannot.is_none().then_some(chosen);
        match controls::noted_segments(&mut place, "Timing", rect.size(), &CHOICES, &[], chosen) {
            Some(0) => wanted.timing(Timing::Text, "timing", None),
            Some(1) => wanted.timing(Timing::Free, "timing", None),
            Some(2) if !shown.own => {
                let hits = if shown.hits.is_empty() { vec![Hit::at(0.0)] } else { shown.hits.clone() };
                wanted.timing(Timing::Hits(hits), "timing", None);
            }
            _ => {}
        }
    }

    fn tap(&mut self, ui: &mut Ui, rect: Rect, shown: &Shown, can: bool, wanted: &mut Wanted<'_>) {
        let mut place = ui.new_child(UiBuilder::new().max_rect(rect).id_salt("tap"));
        place.spacing_mut().button_padding = vec2(0.5 * theme::UNIT, 0.0);
        place.spacing_mut().interact_size.y = ROW;
        if !can {
            place.disable();
        }
        let button = place.add_sized(rect.size(), egui::Button::new(egui::RichText::new("Tap").small()));
        let hint = "Tap the rhythm, with the mouse or with space or enter; the first tap is the beginning of the sound";
        // As it goes down, not as it comes up: that is when one means it.
        let pressed = goes_down(ui, &button);
        let by_key = button.clicked() && button.interact_pointer_pos().is_none();
        if can && (pressed || by_key) {
            let now_s = ui.input(|input| input.time);
            let mut hits = self.tapping.tap(now_s, shown.seconds);
            if hits.len() == 1 {
                self.gesture = Some(Gesture::begin());
            }
            hits.iter_mut().for_each(|hit| hit.seconds = shown.snapped(hit.seconds, true));
            hits.dedup_by(|one, other| one.seconds <= other.seconds);
            wanted.hits(hits, "tap", self.gesture);
            self.hits.chosen = None;
        }
        button.on_hover_text(hint);
    }

    /// What is below the controls: the picture, and what pointer and keys do with it.
    fn body(&mut self, ui: &mut Ui, rect: Rect, shown: &Shown, wanted: &mut Wanted<'_>) {
        let response = ui.interact(rect, Self::id(), Sense::click_and_drag());
        self.hits.chosen = self.hits.chosen.filter(|index| *index < shown.hits.len());
        let scale = Scale { rect: rect.shrink2(vec2(5.0, 3.0)), seconds: shown.seconds };
        if goes_down(ui, &response) {
            ui.memory_mut(|memory| memory.request_focus(Self::id()));
            self.gesture = Some(Gesture::begin());
        }
        if response.has_focus() {
            let arrows =
                EventFilter { horizontal_arrows: true, vertical_arrows: true, ..EventFilter::default() };
            ui.memory_mut(|memory| memory.set_focus_lock_filter(response.id, arrows));
        } else if response.lost_focus() {
            self.gesture = None;
        }
        match shown.edits {
            Edits::Hits => self.change_hits(ui, &response, shown, &scale, wanted),
            Edits::Curve => self.change_curve(ui, &response, shown, &scale, wanted),
        }
        let marked = self.marked(ui, &response, shown);
        paint::paint(ui, rect, shown, &scale, &marked, &wanted.scene.view.guiding);
        controls::focus_ring(ui, rect, &response);
        tell(ui, &response, shown);
    }

    fn change_hits(
        &mut self,
        ui: &Ui,
        response: &Response,
        shown: &Shown,
        scale: &Scale,
        wanted: &mut Wanted<'_>,
    ) {
        if let Some((hits, step)) = self.hits.pointed(ui, response, shown, scale) {
            wanted.hits(hits, step, self.gesture);
        }
        if response.has_focus() {
            let chosen = self.hits.chosen;
            let changed = self.hits.keyed(ui, shown);
            if self.gesture.is_none() || self.hits.chosen != chosen && changed.is_none() {
                self.gesture = Some(Gesture::begin());
            }
            if let Some((hits, step)) = changed {
                wanted.hits(hits, step, self.gesture);
            }
        }
    }

    fn change_curve(
        &mut self,
        ui: &Ui,
        response: &Response,
        shown: &Shown,
        scale: &Scale,
        wanted: &mut Wanted<'_>,
    ) {
        if let Some((curve, step)) = self.curve.pointed(ui, response, shown, scale) {
            wanted.curve(curve, step, self.gesture);
        }
        if response.has_focus() {
            let cursor_s = self.curve.cursor_s;
            let changed = self.curve.keyed(ui, shown);
            // Another part is another step.
            if self.gesture.is_none() || (self.curve.cursor_s - cursor_s).abs() > 1e-9 {
                self.gesture = Some(Gesture::begin());
            }
            if let Some((curve, step)) = changed {
                wanted.curve(curve, step, self.gesture);
            }
        }
    }

    fn marked(&self, ui: &Ui, response: &Response, shown: &Shown) -> paint::Marked {
        let has_keys = response.has_focus();
        let part = has_keys && shown.edits == Edits::Curve && !self.curve.is_drawing();
        let hit = has_keys || self.hits.is_dragging();
        paint::Marked {
            hit: self.hits.chosen.filter(|_| hit && shown.edits == Edits::Hits),
            part: part.then(|| shown.part(self.curve.cursor_s)),
            drop: ui.input(|input| !input.raw.hovered_files.is_empty()),
        }
    }
}

/// The buttons for sounds from outside.
fn sources(ui: &mut Ui, file: Rect, record: Rect, wanted: &mut Wanted<'_>) {
    let mut place = ui.new_child(UiBuilder::new().max_rect(file).id_salt("file"));
    let hint = "Follow a sound file: its hits and its loudness; or drag one into the window";
    if controls::icon_button(&mut place, Icon::Folder, ROW, Look::Framed, hint).clicked() {
        wanted.actions.push(RequestAction::FollowFile(None).into());
    }
    let on = matches!(wanted.scene.view.guiding, Guiding::Recording { .. });
    let (look, hint) = if on {
        (Look::Lit, "End the recording and follow it")
    } else {
        (
            Look::Framed,
            "Record the plugin's audio input (sidechain): claps, taps, a voice; the sound follows them",
        )
    };
    let mut place = ui.new_child(UiBuilder::new().max_rect(record).id_salt("record"));
    if controls::icon_button(&mut place, Icon::Record, ROW, look, hint).clicked() {
        wanted.actions.push(RequestAction::Record(!on).into());
    }
}

/// The file that was dropped into the window in this frame.
pub(super) fn dropped(ui: &Ui) -> Option<PathBuf> {
    ui.input(|input| input.raw.dropped_files.first().map(|file| file.path().to_owned()))
}

/// Tells tooltips and assistive technology what the lane is.
fn tell(ui: &Ui, response: &Response, shown: &Shown) {
    let count = shown.hits.len();
    let hits = if count == 0 { "no hits".to_owned() } else { format!("{count} hits") };
    let curve = if shown.curve.is_some() { "a curve" } else { "no curve" };
    let (text, hint) = match shown.edits {
        Edits::Hits => (
            format!("Hits: {hits}"),
            "Click to add a hit, drag to move it, up and down for its level, finer with Shift; double click to remove it.\n\
             Keys: arrows move it, with Ctrl they choose another, Insert adds one, Delete removes it.",
        ),
        Edits::Curve => (
            format!("Curve: {curve}"),
            "Drag to draw how loud the sound is over time; with Ctrl a straight line, with Shift finer; double click to \
             remove it.\nKeys: left and right choose a part, up and down change it, with Shift finer; Delete removes the curve.",
        ),
    };
    response.widget_info(|| WidgetInfo::labeled(Role::Slider, ui.is_enabled(), text.as_str()));
    let cursor = match shown.edits {
        Edits::Hits if response.dragged() => CursorIcon::Grabbing,
        Edits::Hits => CursorIcon::PointingHand,
        Edits::Curve => CursorIcon::Crosshair,
    };
    response.clone().on_hover_cursor(cursor).on_hover_text(hint);
}

/// The hits of the next sound as far as they are known.
fn planned(scene: &Scene<'_>, seconds: f64) -> Vec<Hit> {
    let timing = &scene.view.timing;
    if let Timing::Hits(hits) = timing {
        return hits.clone();
    }
    let seed = u64::from(scene.params.seed.value().unsigned_abs());
    let prompt = &scene.view.prompt;
    timeline(prompt, timing, seconds, seed).hits()
}
