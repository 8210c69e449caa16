//! The waveform of the active take: what is heard of it and what is cut away, with everything that can be taken hold of.
//!
//! It shows the unedited sound as the edit turns, stretches, fades and raises it, so that a drag is seen at once and nothing
//! has to be rendered for it; see [`Timeline`]. What is selected is remembered in frames of the unedited sound, and stays
//! what it is when the sound is turned round.
//!
//! | gesture | what it does |
//! |---|---|
//! | click | plays from there |
//! | drag | selects; from inside the selection: takes it out of the window |
//! | wheel | closer at the pointer, down to samples; with shift or sideways: moves along |
//! | double click | shows the selection, or all |
//! | drag of a grip | trims, fades, moves the loop; with alt to the sample |

mod grips;
mod keys;
mod overview;
mod paint;
mod pointer;
mod scale;

pub(super) use grips::cut;
pub(super) use overview::{Overview, db_text, to_db};
pub(super) use paint::paint_well;

use super::action::Action;
use super::controls;
use super::theme;
use crate::editor::link::{Audition, Begin};
use egui::{CursorIcon, Id, Pos2, Rangef, Rect, Response, Role, Sense, Ui, WidgetInfo};
use grips::{Grip, Ground, LOOP_BAND};
use paint::Drawn;
use scale::{Scale, Zoom};
use std::ops::Range;
use straightshot_edits::Timeline;
use straightshot_takes::{Gesture, Take, TakeId};

/// Height of the time ruler under the wave in points.
const RULER_HEIGHT: f32 = 2.0 * theme::UNIT;
/// Height of the whole sound above a part of it, in points.
const MAP_HEIGHT: f32 = 2.0 * theme::UNIT;
/// What the user does and has chosen on the waveform. Nothing of it is saved.
#[derive(Debug, Default)]
pub(super) struct Waveform {
    /// The take it is about.
    take: Option<TakeId>,
    zoom: Zoom,
    /// What is selected, in frames of the unedited sound.
    selection: Option<Range<usize>>,
    /// Where playing begins, in frames of the unedited sound.
    cursor: Option<usize>,
    /// Whether what is selected is played again and again.
    looping: bool,
    held: Option<Held>,
    drawn: Drawn,
}

/// What the pointer holds.
#[derive(Debug, Clone, Copy)]
enum Held {
    /// Something that changes the edit.
    Grip(Grip, Gesture),
    /// The end of a selection that was begun at this frame of the unedited sound.
    Selection(usize),
    /// The selection itself, on its way out of the window.
    Part,
    /// What is in sight.
    Sight,
}

/// The places of its parts.
struct Layout {
    /// The whole sound, if a part of it is shown.
    map: Option<Rect>,
    wave: Rect,
    ruler: Rect,
}

impl Layout {
    fn of(rect: Rect, zoomed: bool) -> Self {
        let inner = rect.shrink(1.0);
        let ruler = inner.with_min_y(inner.bottom() - RULER_HEIGHT);
        let map = inner.with_max_y(inner.top() + MAP_HEIGHT);
        let top = if zoomed { map.bottom() + 2.0 } else { inner.top() + 2.0 };
        let wave = Rect::from_x_y_ranges(inner.x_range(), top..=ruler.top() - LOOP_BAND);
        Self { map: zoomed.then_some(map.shrink(1.0)), wave, ruler }
    }
}

impl Waveform {
    /// What is selected of `take`, in seconds of what is heard of it; `None` if nothing of that is.
    pub(super) fn selected_s(&self, take: &Take) -> Option<Range<f64>> {
        let selection = self.selection.as_ref().filter(|_| self.take == Some(take.id))?;
        let (timeline, rate) = timeline(take);
        let heard = timeline.heard();
        let (a, b) = (timeline.place(selection.start), timeline.place(selection.end));
        let within = |frame: usize| frame.clamp(heard.start, heard.end) - heard.start;
        let (start, end) = (within(a.min(b)), within(a.max(b)));
        #[expect(clippy::cast_precision_loss, reason = "frames of a sound")]
        let seconds = |frame: usize| frame as f64 / rate;
        (start < end).then(|| seconds(start)..seconds(end))
    }

    /// What is selected of `take`, in frames of the unedited sound.
    pub(super) fn selected(&self, take: &Take) -> Option<Range<usize>> {
        self.selection.clone().filter(|_| self.take == Some(take.id))
    }

    /// What the play button and its key are to play of `take`: the selection, or from the cursor.
    pub(super) fn audition(&self, take: &Take) -> Audition {
        let range_s = self.selected_s(take);
        let looped = self.looping && range_s.is_some();
        let begin = match self.cursor.filter(|_| self.take == Some(take.id) && range_s.is_none()) {
            Some(cursor) => Begin::At(heard_s(take, cursor)),
            None => Begin::Start,
        };
        Audition { begin, range_s, looped, ..Audition::default() }
    }

    /// Plays what is selected again and again, or once.
    pub(super) fn toggle_looping(&mut self) {
        self.looping = !self.looping;
    }

    /// Whether what is selected is played again and again.
    pub(super) fn is_looping(&self) -> bool {
        self.looping
    }

    /// Selects nothing.
    pub(super) fn select_nothing(&mut self) {
        self.selection = None;
    }

    /// Shows what is selected, or all.
    pub(super) fn show_selection(&mut self, take: &Take) {
        let (timeline, _) = timeline(take);
        let part = self.selected(take).filter(|_| self.zoom.is_all());
        self.zoom = part.map_or_else(Zoom::default, |part| {
            let (a, b) = (timeline.place(part.start), timeline.place(part.end));
            let (from, to) = (fraction(a.min(b), &timeline), fraction(a.max(b), &timeline));
            let around = 0.05 * (to - from);
            Zoom::of(from - around, to + around, timeline.strip())
        });
    }

    /// What it is called in `ui`, for whoever adds to what can be done with it.
    pub(super) fn id(ui: &Ui) -> Id {
        ui.scope_id().with("waveform")
    }

    /// Draws it into `rect` and takes what the user does there. `playhead` is the fraction of what is heard that sounds.
    pub(super) fn show(
        &mut self,
        ui: &mut Ui,
        rect: Rect,
        (take, overview): (&Take, &Overview),
        playhead: Option<f32>,
        actions: &mut Vec<Action>,
    ) {
        if self.take != Some(take.id) {
            *self = Self { take: Some(take.id), looping: self.looping, ..Self::default() };
        }
        paint_well(ui, rect);
        let (timeline, rate_hz) = timeline(take);
        let response = ui.interact(rect, Self::id(ui), Sense::click_and_drag());
        self.wheel(ui, &response, rect, timeline.strip());
        if let (Some(at), true) = (playhead, !self.zoom.is_all() && self.held.is_none()) {
            self.zoom = self.zoom.following(on_strip(at, &timeline));
        }
        let layout = Layout::of(rect, !self.zoom.is_all());
        let scale = Scale::new(layout.wave.x_range(), self.zoom, timeline.strip());
        let ground = Ground { edit: &take.edit, timeline: &timeline, overview, scale, wave: layout.wave };
        self.pointer(ui, &response, (&layout, &ground), take, actions);
        self.keys(ui, &response, &ground, take, actions);
        let hovered = response.hover_pos().filter(|_| self.held.is_none());
        let lit = match self.held {
            Some(Held::Grip(grip, _)) => Some(grip),
            _ => hovered.and_then(|at| ground.grip_at(at)),
        };
        self.paint(ui, &layout, &ground, &Marks { playhead, hovered, lit, rate_hz, take });
        controls::focus_ring(ui, rect, &response);
        response.widget_info(|| WidgetInfo::labeled(Role::Button, true, "Waveform: click to listen"));
        self.cursor_icon(response, &ground, hovered, lit);
    }

    fn cursor_icon(&self, response: Response, ground: &Ground<'_>, hovered: Option<Pos2>, lit: Option<Grip>) {
        let on_selection = hovered.is_some_and(|at| self.is_selected(ground, at));
        let icon = match (lit, self.held) {
            (Some(grip), _) => grip.cursor(),
            (None, Some(Held::Part)) => CursorIcon::Grabbing,
            (None, None) if on_selection => CursorIcon::Grab,
            (None, _) => CursorIcon::Text,
        };
        let response = response.on_hover_cursor(icon);
        if let Some(grip) = lit.filter(|_| self.held.is_none()) {
            response.on_hover_text(grip.hint());
        } else if on_selection && self.held.is_none() {
            response.on_hover_text("Drag this part into your project");
        }
    }

    fn is_selected(&self, ground: &Ground<'_>, at: Pos2) -> bool {
        let on_wave = ground.wave.y_range().contains(at.y);
        on_wave && self.selection_x(ground).is_some_and(|x| x.contains(at.x))
    }

    /// Where the selection is on the screen.
    fn selection_x(&self, ground: &Ground<'_>) -> Option<Rangef> {
        let part = self.selection.as_ref()?;
        let [a, b] = [part.start, part.end].map(|frame| ground.scale.place(ground.timeline.place(frame)));
        Some(Rangef::new(a.min(b), a.max(b)))
    }

    fn paint(&mut self, ui: &Ui, layout: &Layout, ground: &Ground<'_>, marks: &Marks<'_>) {
        let Marks { playhead, hovered, lit, rate_hz, take } = *marks;
        let wave = layout.wave;
        let painter = ui.painter_at(wave.with_max_y(layout.ruler.bottom()));
        let gain = 10.0_f32.powf(take.edited().gain_db / 20.0);
        self.drawn.paint(&painter, ground, gain, ui.pixels_per_point());
        paint::paint_cuts(&painter, ground);
        paint::paint_loop(&painter, ground);
        let heard = ground.timeline.heard();
        #[expect(clippy::cast_precision_loss, reason = "frames of a sound")]
        let seconds = |frame: usize| (frame as f64 - heard.start as f64) / rate_hz;
        if let (Some(x), Some(part)) = (self.selection_x(ground), &self.selection) {
            let [a, b] = [part.start, part.end].map(|frame| ground.timeline.place(frame));
            let (a, b) = (seconds(a.min(b)), seconds(a.max(b)));
            let text = format!("{} – {}   {}", time(a), time(b), time(b - a));
            paint::paint_selection(&painter, wave, x, &text);
        }
        if let Some(cursor) = self.cursor {
            let x = ground.scale.place(ground.timeline.place(cursor));
            painter.vline(
                x,
                wave.y_range(),
                egui::Stroke::new(1.0, theme::ACCENT_BRIGHT.gamma_multiply(0.8)),
            );
        }
        paint::paint_grips(&painter, ground, lit);
        if let Some(at) = hovered.filter(|at| wave.contains(*at) && lit.is_none()) {
            let frame = ground.scale.frame(at.x, ground.timeline.strip());
            paint::paint_pointer(&painter, wave, at.x, time(seconds(frame)));
        }
        if let Some(at) = playhead {
            #[expect(clippy::cast_precision_loss, reason = "frames of a sound")]
            let frame = on_strip(at, ground.timeline) * ground.timeline.strip() as f64;
            let x = ground.scale.place_of(frame);
            painter.vline(x, wave.y_range(), egui::Stroke::new(1.5, theme::TEXT));
        }
        paint::paint_ruler(&painter, layout.ruler, ground.scale, heard.start, rate_hz);
        if let Some(map) = layout.map {
            #[expect(clippy::cast_possible_truncation, reason = "fractions")]
            let sight = Rangef::new(self.zoom.from as f32, self.zoom.to as f32);
            paint::paint_map(ui.painter(), map, ground.overview, take.edit.reverse, sight);
        }
    }
}

/// What is painted over the wave.
#[derive(Clone, Copy)]
struct Marks<'a> {
    playhead: Option<f32>,
    hovered: Option<Pos2>,
    lit: Option<Grip>,
    rate_hz: f64,
    take: &'a Take,
}

/// The timeline of what is shown of `take`, and its rate in Hz.
fn timeline(take: &Take) -> (Timeline, f64) {
    let audio = take.audio();
    (Timeline::new(&take.edit, audio.frames()), f64::from(audio.sample_rate_hz().max(1)))
}

/// The second of what is heard of `take` that `frame` of the unedited sound is at.
#[expect(clippy::cast_precision_loss, reason = "frames of a sound")]
fn heard_s(take: &Take, frame: usize) -> f64 {
    let (timeline, rate) = timeline(take);
    let heard = timeline.heard();
    (timeline.place(frame).clamp(heard.start, heard.end) - heard.start) as f64 / rate
}

/// The fraction of the strip that `frame` is at.
#[expect(clippy::cast_precision_loss, reason = "frames of a sound")]
fn fraction(frame: usize, timeline: &Timeline) -> f64 {
    frame as f64 / timeline.strip().max(1) as f64
}

/// The fraction of the strip at which `at`, a fraction of what is heard, is.
#[expect(clippy::cast_precision_loss, reason = "frames of a sound")]
fn on_strip(at: f32, timeline: &Timeline) -> f64 {
    let heard = timeline.heard();
    (heard.start as f64 + f64::from(at) * heard.len() as f64) / timeline.strip().max(1) as f64
}

/// A time for people: milliseconds, with a real minus sign.
pub(super) fn time(seconds: f64) -> String {
    format!("{seconds:.3} s").replace('-', "−")
}
