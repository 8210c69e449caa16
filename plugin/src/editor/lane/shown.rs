//! What the lane shows, and where.

use super::drawing;
use super::grid::Grid;
use super::hits::LEAST_DB;
use egui::{Pos2, Rect, Response, Ui};
use straightshot_protocol::{Curve, Hit};

/// How near to a bar the pointer means it, in points.
const NEAR: f32 = 6.0;
/// How many times finer everything moves with Shift.
const FINE: f32 = 0.1;

/// What pointer and keys change.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Edits {
    #[default]
    Hits,
    Curve,
}

/// What is shown.
pub(super) struct Shown {
    pub(super) hits: Vec<Hit>,
    pub(super) curve: Option<Curve>,
    /// Length of the next sound, s.
    pub(super) seconds: f64,
    /// Whether the hits are the user's.
    pub(super) own: bool,
    /// The lines to snap to, if that is on.
    pub(super) grid: Option<Grid>,
    pub(super) edits: Edits,
}

impl Shown {
    /// The time of a hit that is put at `seconds`: on a line if there are lines and `snaps`.
    pub(super) fn snapped(&self, seconds: f64, snaps: bool) -> f64 {
        self.grid.filter(|_| snaps).map_or(seconds, |grid| grid.nearest(seconds, self.seconds))
    }

    /// The part of the curve that keys change around a time.
    pub(super) fn part(&self, seconds: f64) -> (f64, f64) {
        let even = Grid { step_s: self.seconds / 20.0, bar_s: self.seconds };
        self.grid.unwrap_or(even).part(seconds + 1e-9)
    }
}

/// Between places in the lane and what they mean.
pub(super) struct Scale {
    pub(super) rect: Rect,
    pub(super) seconds: f64,
}

impl Scale {
    pub(super) fn x(&self, seconds: f64) -> f32 {
        self.rect.left() + (seconds / self.seconds) as f32 * self.rect.width()
    }

    pub(super) fn seconds(&self, x: f32) -> f64 {
        f64::from((x - self.rect.left()) / self.rect.width().max(1.0)) * self.seconds
    }

    /// Height of a hit's bar.
    pub(super) fn y(&self, level_db: f32) -> f32 {
        let share = 1.0 - (level_db / LEAST_DB).clamp(0.0, 0.9);
        self.rect.bottom() - share * self.rect.height()
    }

    pub(super) fn hit(&self, at: Pos2) -> Hit {
        let height = (self.rect.bottom() - at.y) / self.rect.height().max(1.0);
        // The upper third is full level: nobody aims at the very top.
        let level_db = LEAST_DB * (1.0 - height * 1.5).clamp(0.0, 1.0);
        Hit { seconds: self.seconds(at.x), level_db }
    }

    /// The time and the level of the curve at a place.
    pub(super) fn place(&self, at: Pos2) -> drawing::Place {
        let height = (self.rect.bottom() - at.y) / self.rect.height().max(1.0);
        (self.seconds(at.x).clamp(0.0, self.seconds), drawing::level(height))
    }

    /// The hit that the pointer means.
    pub(super) fn near(&self, hits: &[Hit], at: Pos2) -> Option<usize> {
        let apart = |hit: &Hit| (self.x(hit.seconds) - at.x).abs();
        let nearest = (0..hits.len()).min_by(|a, b| apart(&hits[*a]).total_cmp(&apart(&hits[*b])))?;
        (apart(&hits[nearest]) <= NEAR).then_some(nearest)
    }
}

/// Where a drag has come to: the pointer's way, and with Shift a part of it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Way {
    pub(super) at: Pos2,
    pointer: Pos2,
}

impl Way {
    pub(super) fn from(pointer: Pos2) -> Self {
        Self { at: pointer, pointer }
    }

    pub(super) fn follow(&mut self, pointer: Pos2, fine: bool) {
        self.at += (pointer - self.pointer) * if fine { FINE } else { 1.0 };
        self.pointer = pointer;
    }
}

/// Whether the pointer's button goes down on something in this frame; where frames are slow it may be up again by the end of
/// the same one.
pub(super) fn goes_down(ui: &Ui, response: &Response) -> bool {
    let is_there = response.is_pointer_button_down_on() || response.clicked();
    is_there && ui.input(|input| input.pointer.primary_pressed())
}
