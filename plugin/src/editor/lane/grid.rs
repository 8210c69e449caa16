//! The host's grid: its tempo and its time signature, counted from the beginning of the sound.

use crate::editor::link::Tempo;
use serde::{Deserialize, Serialize};

/// Lines are never nearer than this, in seconds: what is finer is no rhythm.
const FINEST_S: f64 = 0.01;

/// Parts of the host's bar that hits and curves snap to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(in crate::editor) enum Division {
    Bar,
    Quarter,
    Eighth,
    EighthTriplet,
    Sixteenth,
    SixteenthTriplet,
    ThirtySecond,
}

impl Division {
    /// All, from coarse to fine.
    pub(super) const ALL: [Self; 7] = [
        Self::Bar,
        Self::Quarter,
        Self::Eighth,
        Self::EighthTriplet,
        Self::Sixteenth,
        Self::SixteenthTriplet,
        Self::ThirtySecond,
    ];

    /// As it is written beside the lane.
    pub(super) fn short(self) -> &'static str {
        match self {
            Self::Bar => "Bar",
            Self::Quarter => "1/4",
            Self::Eighth => "1/8",
            Self::EighthTriplet => "1/8 T",
            Self::Sixteenth => "1/16",
            Self::SixteenthTriplet => "1/16 T",
            Self::ThirtySecond => "1/32",
        }
    }

    /// Quarter notes of one, where a bar has so many.
    fn quarters(self, bar: f64) -> f64 {
        match self {
            Self::Bar => bar,
            Self::Quarter => 1.0,
            Self::Eighth => 0.5,
            Self::EighthTriplet => 1.0 / 3.0,
            Self::Sixteenth => 0.25,
            Self::SixteenthTriplet => 1.0 / 6.0,
            Self::ThirtySecond => 0.125,
        }
    }
}

/// Lines in equal distances from the beginning of the sound on.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Grid {
    /// Seconds between two.
    pub(super) step_s: f64,
    /// Seconds of a bar.
    pub(super) bar_s: f64,
}

impl Grid {
    /// The grid of a host's tempo.
    pub(super) fn of(division: Division, tempo: Tempo) -> Self {
        let quarter_s = 60.0 / tempo.bpm;
        let bar = tempo.quarters_per_bar();
        let step_s = (division.quarters(bar) * quarter_s).max(FINEST_S);
        Self { step_s, bar_s: bar * quarter_s }
    }

    /// The nearest line to a time that is inside of the sound.
    pub(super) fn nearest(self, seconds: f64, length_s: f64) -> f64 {
        let line = (seconds / self.step_s).round().max(0.0);
        let last = ((length_s / self.step_s).ceil() - 1.0).max(0.0);
        line.min(last) * self.step_s
    }

    /// The part between two lines that a time is in.
    pub(super) fn part(self, seconds: f64) -> (f64, f64) {
        let line = (seconds / self.step_s).floor().max(0.0);
        (line * self.step_s, (line + 1.0) * self.step_s)
    }

    /// Whether a bar begins at a line.
    pub(super) fn begins_bar(self, line_s: f64) -> bool {
        let bars = line_s / self.bar_s;
        (bars - bars.round()).abs() * self.bar_s < 1e-3
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_follow_tempo_and_signature() {
        let tempo = Tempo { bpm: 120.0, signature: Some((3, 4)) };
        let sixteenths = Grid::of(Division::Sixteenth, tempo);
        assert_eq!((sixteenths.step_s, sixteenths.bar_s), (0.125, 1.5));
        assert_eq!(Grid::of(Division::Bar, tempo).step_s, 1.5);
        assert_eq!(Grid::of(Division::Bar, Tempo { bpm: 60.0, signature: Some((6, 8)) }).step_s, 3.0);
        // Without a signature a bar has four quarters.
        assert_eq!(Grid::of(Division::Bar, Tempo { bpm: 60.0, signature: None }).step_s, 4.0);
        let triplets = Grid::of(Division::EighthTriplet, tempo);
        assert!((3.0 * triplets.step_s - 0.5).abs() < 1e-12);
        assert!(sixteenths.begins_bar(3.0) && !sixteenths.begins_bar(0.125));
    }

    #[test]
    fn times_snap_to_lines_inside_of_the_sound() {
        let grid = Grid { step_s: 0.25, bar_s: 1.0 };
        for (time, line) in [(0.0, 0.0), (0.12, 0.0), (0.13, 0.25), (1.9, 1.75), (-1.0, 0.0)] {
            assert_eq!(grid.nearest(time, 2.0), line, "{time}");
        }
        assert_eq!(grid.nearest(0.3, 0.1), 0.0);
        assert_eq!(grid.part(0.6), (0.5, 0.75));
    }
}
