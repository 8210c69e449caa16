//! Which part of a sound is in sight, and where a frame of it is.
//!
//! Frames here are those of the strip, see [`Timeline`](straightshot_edits::Timeline): cut and kept parts together.

use egui::Rangef;

/// Fewest frames that fill the width.
const CLOSEST: f64 = 24.0;

/// The part that is in sight, as fractions of the strip: it stays where it is when the speed changes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Zoom {
    pub(super) from: f64,
    pub(super) to: f64,
}

impl Default for Zoom {
    fn default() -> Self {
        Self { from: 0.0, to: 1.0 }
    }
}

impl Zoom {
    /// Whether all is in sight.
    pub(super) fn is_all(self) -> bool {
        self == Self::default()
    }

    /// The part between two fractions, as far as it is on a strip of `frames`; never less than can be told apart.
    pub(super) fn of(from: f64, to: f64, frames: usize) -> Self {
        #[expect(clippy::cast_precision_loss, reason = "frames of a sound")]
        let least = (CLOSEST / frames.max(1) as f64).min(1.0);
        let length = (to - from).clamp(least, 1.0);
        let from = (0.5 * (from + to) - 0.5 * length).clamp(0.0, 1.0 - length);
        Self { from, to: from + length }
    }

    /// Closer by `factor` around `at`, a fraction of the strip that stays where it is on the screen.
    pub(super) fn closer(self, factor: f64, at: f64, frames: usize) -> Self {
        let length = (self.to - self.from) / factor;
        let share = (at - self.from) / (self.to - self.from);
        let zoom = Self::of(at - share * length, at + (1.0 - share) * length, frames);
        // What is as good as everything is everything.
        if zoom.to - zoom.from > 0.999 { Self::default() } else { zoom }
    }

    /// Moved by a fraction of the strip.
    pub(super) fn moved(self, by: f64) -> Self {
        let by = by.min(1.0 - self.to).max(-self.from);
        Self { from: self.from + by, to: self.to + by }
    }

    /// Moved as far as brings `at` into sight, if it is not.
    pub(super) fn following(self, at: f64) -> Self {
        if (self.from..=self.to).contains(&at) { self } else { self.moved(at - self.from) }
    }
}

/// Where frames of the strip are on the screen.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Scale {
    pub(super) x: Rangef,
    /// The first frame in sight.
    pub(super) first: f64,
    /// Frames per point.
    pub(super) step: f64,
}

#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "frames of a sound and points of a screen"
)]
impl Scale {
    /// `zoom` of a strip of `frames` over the width `x`.
    pub(super) fn new(x: Rangef, zoom: Zoom, frames: usize) -> Self {
        let frames = frames as f64;
        let width = f64::from(x.span().max(1.0));
        Self { x, first: zoom.from * frames, step: (zoom.to - zoom.from) * frames / width }
    }

    /// Where `frame` is, held a little beyond the edges, so that nothing is drawn far outside.
    pub(super) fn place(&self, frame: usize) -> f32 {
        self.place_of(frame as f64)
    }

    pub(super) fn place_of(&self, frame: f64) -> f32 {
        let points =
            ((frame - self.first) / self.step.max(1e-9)).clamp(-64.0, f64::from(self.x.span()) + 64.0);
        self.x.min + points as f32
    }

    /// The frame at `x`.
    pub(super) fn frame_of(&self, x: f32) -> f64 {
        self.first + f64::from(x - self.x.min) * self.step
    }

    /// The border between frames that is nearest to `x`, on a strip of `frames`.
    pub(super) fn frame(&self, x: f32, frames: usize) -> usize {
        (self.frame_of(x).max(0.0).round() as usize).min(frames)
    }

    /// How many frames so many points are.
    pub(super) fn frames(&self, points: f32) -> usize {
        (f64::from(points) * self.step).max(0.0) as usize
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_frame_under_the_pointer_stays_there() {
        let (mut zoom, frames) = (Zoom::default(), 1_323_000);
        for _ in 0..60 {
            let before = Scale::new(Rangef::new(10.0, 810.0), zoom, frames).frame_of(500.0);
            zoom = zoom.closer(1.3, before / 1_323_000.0, frames);
            let after = Scale::new(Rangef::new(10.0, 810.0), zoom, frames).frame_of(500.0);
            assert!((before - after).abs() < 1.0, "{before} became {after}");
        }
        let scale = Scale::new(Rangef::new(10.0, 810.0), zoom, frames);
        assert!(scale.step < 0.05, "down to samples: {}", scale.step);
        for _ in 0..80 {
            zoom = zoom.closer(0.7, 0.4, frames);
        }
        assert!(zoom.is_all());
    }

    #[test]
    fn nothing_beyond_the_ends_comes_into_sight() {
        let zoom = Zoom::of(0.9, 1.4, 1000);
        assert!(zoom.to <= 1.0 && zoom.from >= 0.0);
        let moved = Zoom::of(0.2, 0.4, 1000).moved(5.0);
        assert!((moved.to - 1.0).abs() < 1e-9 && (moved.from - 0.8).abs() < 1e-9);
        let followed = Zoom::of(0.2, 0.4, 1000).following(0.5);
        assert!((followed.from - 0.5).abs() < 1e-9);
    }
}
