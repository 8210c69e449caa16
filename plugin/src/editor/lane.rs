//! The lane above the waveform: when the events of the next sound happen.
//!
//! ```text
//! Timing [ Text | Model | Own ]  |   |  |     |   |        [Tap]
//! ```
//!
//! A bar is a hit, its height its level. Those that the text asks for are shown as they will be; whoever moves one, adds one
//! or taps has hits of his own from then on, which stay for the sounds that follow.

mod hits;

use super::action::{Action, RequestAction};
use super::controls::{self, Segment};
use super::scene::Scene;
use super::theme;
use egui::{
    Align2, CursorIcon, EventFilter, Id, Key, Modifiers, Pos2, Rect, Response, Role, Sense, StrokeKind, Ui,
    UiBuilder, WidgetInfo, pos2, vec2,
};
use hits::{LEAST_DB, Step, Tapping};
use straightshot_protocol::{Hit, Timing};

/// Height of the lane in points.
pub(super) const HEIGHT: f32 = theme::CONTROL_HEIGHT + theme::UNIT;
/// Width of the choice and of the button in points.
const CHOICE_WIDTH: f32 = 21.0 * theme::UNIT;
const TAP_WIDTH: f32 = 7.5 * theme::UNIT;
/// Width of the caption in points.
const CAPTION_WIDTH: f32 = 6.5 * theme::UNIT;
/// How near to a bar the pointer means it, in points.
const NEAR: f32 = 6.0;
/// Narrowest distance between marks of time in points.
const MARKS_APART: f32 = 40.0;

/// The ways to decide when things happen.
const CHOICES: [Segment<'static>; 3] = [
    Segment {
        label: "Text",
        hint: "When things happen follows from the text, where it names events: three slow knocks",
    },
    Segment { label: "Model", hint: "The model decides when things happen" },
    Segment { label: "Own", hint: "Things happen where you draw or tap them, in every sound from now on" },
];

/// What of the lane lasts from frame to frame.
#[derive(Debug, Default)]
pub(super) struct Lane {
    /// The hit that keys and pointer move.
    chosen: Option<usize>,
    /// Whether it is being dragged.
    dragged: bool,
    tapping: Tapping,
}

/// What is shown.
struct Shown {
    hits: Vec<Hit>,
    /// Length of the next sound, s.
    seconds: f64,
    /// Whether the hits are the user's.
    own: bool,
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
        let row = rect.with_max_y(rect.top() + theme::CONTROL_HEIGHT);
        let can = scene.view.card().is_none_or(|card| card.abilities.timing);
        let mut inside = ui.new_child(UiBuilder::new().max_rect(row).id_salt("timing"));
        if !can {
            inside.disable();
        }
        let timing = &scene.view.timing;
        let seconds = f64::from(scene.params.length.value());
        let chosen = match timing {
            Timing::Text => 0,
            Timing::Free => 1,
            Timing::Hits(_) => 2,
        };
        let shown = Shown { hits: planned(scene, seconds), seconds, own: matches!(timing, Timing::Hits(_)) };
        let (caption, rest) = row.split_left_right_at_x(row.left() + CAPTION_WIDTH);
        controls::text_within(inside.painter(), caption, "Timing", theme::small(), theme::TEXT_DIM);
        let (choice, rest) = rest.split_left_right_at_x(caption.right() + CHOICE_WIDTH);
        let (lane, tap) = rest.split_left_right_at_x(row.right() - TAP_WIDTH);
        let mut place = inside.new_child(UiBuilder::new().max_rect(choice).id_salt("choice"));
        match controls::segments(&mut place, "Timing", CHOICE_WIDTH, &CHOICES, can.then_some(chosen)) {
            Some(0) => set(Timing::Text, actions),
            Some(1) => set(Timing::Free, actions),
            Some(2) if !shown.own => {
                let hits = if shown.hits.is_empty() { vec![Hit::at(0.0)] } else { shown.hits.clone() };
                set(Timing::Hits(hits), actions);
            }
            _ => {}
        }
        let tap = tap.with_min_x(tap.left() + theme::UNIT);
        let mut place = inside.new_child(UiBuilder::new().max_rect(tap).id_salt("tap"));
        let button = controls::quiet_button(&mut place, "Tap", tap.size());
        let hint = "Tap the rhythm, with the mouse or with space or enter; the first tap is the beginning of the sound";
        // As it goes down, not as it comes up: that is when one means it.
        let pressed = goes_down(ui, &button);
        let by_key = button.clicked() && button.interact_pointer_pos().is_none();
        if can && (pressed || by_key) {
            let now_s = ui.input(|input| input.time);
            set(Timing::Hits(self.tapping.tap(now_s, shown.seconds)), actions);
            self.chosen = None;
        }
        button.on_hover_text(hint);
        let lane = lane.with_min_x(lane.left() + theme::UNIT);
        let response = self.lane(&mut inside, lane, &shown, actions);
        if !can {
            let name = scene.view.card().map_or("This model", |card| card.id.name.as_str());
            response.on_disabled_hover_text(format!("{name} cannot be told when things happen"));
        }
    }

    /// The bars, and what pointer and keys do with them.
    fn lane(&mut self, ui: &mut Ui, rect: Rect, shown: &Shown, actions: &mut Vec<Action>) -> Response {
        let response = ui.interact(rect, Self::id(), Sense::click_and_drag());
        self.chosen = self.chosen.filter(|index| *index < shown.hits.len());
        let scale = Scale { rect: rect.shrink2(vec2(5.0, 3.0)), seconds: shown.seconds };
        if ui.is_enabled() {
            if let Some((hits, chosen)) = self.pointed(ui, &response, shown, &scale) {
                self.chosen = chosen;
                set_hits(hits, actions);
            }
            if let Some((hits, chosen)) = keyed(ui, &response, shown, self.chosen) {
                self.chosen = chosen;
                if hits != shown.hits {
                    set_hits(hits, actions);
                }
            }
        }
        let text =
            if shown.hits.is_empty() { "no hits".to_owned() } else { format!("{} hits", shown.hits.len()) };
        response.widget_info(|| WidgetInfo::labeled(Role::Slider, ui.is_enabled(), format!("Hits: {text}")));
        paint(ui, rect, shown, &scale, self.chosen.filter(|_| response.has_focus() || self.dragged));
        controls::focus_ring(ui, rect, &response);
        let hint = "Click to add a hit, drag to move it, up and down for its level; double click to remove it.\n\
                    Keys: arrows move it, with Ctrl they choose another, Insert adds one, Delete removes it.";
        let cursor = if response.dragged() { CursorIcon::Grabbing } else { CursorIcon::PointingHand };
        response.on_hover_cursor(cursor).on_hover_text(hint)
    }

    /// What the pointer has changed.
    fn pointed(
        &mut self,
        ui: &Ui,
        response: &Response,
        shown: &Shown,
        scale: &Scale,
    ) -> Option<(Vec<Hit>, Option<usize>)> {
        let at = response.interact_pointer_pos()?;
        let near = |at: Pos2| scale.near(&shown.hits, at);
        if response.double_clicked() || response.secondary_clicked() {
            let (hits, chosen) = hits::stepped(&shown.hits, Some(near(at)?), Step::Remove, shown.seconds);
            return Some((hits, chosen));
        }
        if goes_down(ui, response) {
            ui.memory_mut(|memory| memory.request_focus(Self::id()));
            self.chosen = near(at);
            self.dragged = self.chosen.is_some();
            if self.chosen.is_none() {
                self.dragged = true;
                let (hits, index) = hits::added(shown.hits.clone(), scale.hit(at), shown.seconds)?;
                return Some((hits, Some(index)));
            }
        }
        if !response.dragged() {
            self.dragged &= response.is_pointer_button_down_on();
            return None;
        }
        let index = self.chosen?;
        let mut moved = shown.hits.clone();
        *moved.get_mut(index)? = hits::within(scale.hit(at), shown.seconds);
        let (hits, index) = hits::sorted(moved, index);
        Some((hits, Some(index)))
    }
}

/// Whether the pointer's button goes down on something in this frame; where frames are slow it may be up again by the end of
/// the same one.
fn goes_down(ui: &Ui, response: &Response) -> bool {
    let is_there = response.is_pointer_button_down_on() || response.clicked();
    is_there && ui.input(|input| input.pointer.primary_pressed())
}

/// The hits of the next sound as far as they are known.
fn planned(scene: &Scene<'_>, seconds: f64) -> Vec<Hit> {
    let timing = &scene.view.timing;
    if let Timing::Hits(hits) = timing {
        return hits.clone();
    }
    let seed = u64::from(scene.params.seed.value().unsigned_abs());
    let plan = straightshot_planner::plan(&scene.view.prompt, timing, seconds, seed);
    plan.map(|plan| plan.hits.into_iter().map(|(hit, _)| hit).collect()).unwrap_or_default()
}

fn set(timing: Timing, actions: &mut Vec<Action>) {
    actions.push(RequestAction::Timing(timing).into());
}

/// Own hits; without any, the text counts again.
fn set_hits(hits: Vec<Hit>, actions: &mut Vec<Action>) {
    set(if hits.is_empty() { Timing::Text } else { Timing::Hits(hits) }, actions);
}

/// What keys have changed.
fn keyed(
    ui: &Ui,
    response: &Response,
    shown: &Shown,
    chosen: Option<usize>,
) -> Option<(Vec<Hit>, Option<usize>)> {
    if !response.has_focus() {
        return None;
    }
    let arrows = EventFilter { horizontal_arrows: true, vertical_arrows: true, ..EventFilter::default() };
    ui.memory_mut(|memory| memory.set_focus_lock_filter(response.id, arrows));
    let keys = [
        (Modifiers::SHIFT, Key::ArrowRight, Step::Later(0.001)),
        (Modifiers::SHIFT, Key::ArrowLeft, Step::Later(-0.001)),
        (Modifiers::COMMAND, Key::ArrowRight, Step::Next(true)),
        (Modifiers::COMMAND, Key::ArrowLeft, Step::Next(false)),
        (Modifiers::NONE, Key::ArrowRight, Step::Later(0.01)),
        (Modifiers::NONE, Key::ArrowLeft, Step::Later(-0.01)),
        (Modifiers::NONE, Key::ArrowUp, Step::Louder(1.0)),
        (Modifiers::NONE, Key::ArrowDown, Step::Louder(-1.0)),
        (Modifiers::NONE, Key::Insert, Step::Add),
        (Modifiers::NONE, Key::Delete, Step::Remove),
        (Modifiers::NONE, Key::Backspace, Step::Remove),
    ];
    let step = ui.input_mut(|input| {
        keys.into_iter()
            .find(|(modifiers, key, _)| input.consume_key(*modifiers, *key))
            .map(|(.., step)| step)
    })?;
    Some(hits::stepped(&shown.hits, chosen, step, shown.seconds))
}

/// Between places in the lane and hits.
struct Scale {
    rect: Rect,
    seconds: f64,
}

impl Scale {
    fn x(&self, seconds: f64) -> f32 {
        self.rect.left() + (seconds / self.seconds) as f32 * self.rect.width()
    }

    fn y(&self, level_db: f32) -> f32 {
        let share = 1.0 - (level_db / LEAST_DB).clamp(0.0, 0.9);
        self.rect.bottom() - share * self.rect.height()
    }

    fn hit(&self, at: Pos2) -> Hit {
        let share = f64::from((at.x - self.rect.left()) / self.rect.width().max(1.0));
        let height = (self.rect.bottom() - at.y) / self.rect.height().max(1.0);
        // The upper third is full level: nobody aims at the very top.
        let level_db = LEAST_DB * (1.0 - height * 1.5).clamp(0.0, 1.0);
        Hit { seconds: share * self.seconds, level_db }
    }

    /// The hit that the pointer means.
    fn near(&self, hits: &[Hit], at: Pos2) -> Option<usize> {
        let apart = |hit: &Hit| (self.x(hit.seconds) - at.x).abs();
        let nearest = (0..hits.len()).min_by(|a, b| apart(&hits[*a]).total_cmp(&apart(&hits[*b])))?;
        (apart(&hits[nearest]) <= NEAR).then_some(nearest)
    }
}

fn paint(ui: &Ui, rect: Rect, shown: &Shown, scale: &Scale, chosen: Option<usize>) {
    let painter = ui.painter().with_clip_rect(rect);
    painter.rect(rect, theme::RADIUS, theme::WELL, theme::outline(theme::LINE), StrokeKind::Inside);
    let per_second = scale.rect.width() / shown.seconds.max(0.01) as f32;
    let step = [0.1, 0.5, 1.0, 5.0, 10.0, 30.0].into_iter().find(|step| step * per_second >= MARKS_APART);
    let step = f64::from(step.unwrap_or(60.0));
    let marks = (1..).map(|mark| f64::from(mark) * step).take_while(|time| *time < shown.seconds);
    for time in marks.filter(|_| !shown.hits.is_empty()) {
        let x = scale.x(time);
        painter.line_segment([pos2(x, rect.top()), pos2(x, rect.bottom())], theme::outline(theme::LINE));
        let text = if step < 1.0 { format!("{time:.1}") } else { format!("{time:.0}") };
        let at = pos2(x - 3.0, rect.top() + 1.0);
        painter.text(at, Align2::RIGHT_TOP, text, theme::tiny(), theme::TEXT_FAINT);
    }
    for (index, hit) in shown.hits.iter().enumerate() {
        let (x, width) = (scale.x(hit.seconds), if chosen == Some(index) { 5.0 } else { 3.0 });
        let color = match (chosen == Some(index), shown.own && ui.is_enabled()) {
            (true, _) => theme::ACCENT_BRIGHT,
            (false, true) => theme::ACCENT,
            (false, false) => theme::TEXT_DIM,
        };
        let bar = Rect::from_min_max(
            pos2(x - width / 2.0, scale.y(hit.level_db)),
            pos2(x + width / 2.0, scale.rect.bottom()),
        );
        painter.rect_filled(bar, 1.5, color);
    }
    let behind = shown.hits.iter().filter(|hit| hit.seconds >= shown.seconds).count();
    let note = match (shown.hits.is_empty(), behind) {
        (true, _) => "The model decides".to_owned(),
        (false, 0) => return,
        (false, n) => format!("{n} behind the end"),
    };
    let (at, align) = if behind > 0 {
        (rect.right_center() - vec2(theme::UNIT, 0.0), Align2::RIGHT_CENTER)
    } else {
        (rect.center(), Align2::CENTER_CENTER)
    };
    painter.text(at, align, note, theme::small(), theme::TEXT_FAINT);
}
