//! Where a frame of the unedited sound is heard.

use super::edit::{Edit, SHORTEST};
use super::speed::Ratio;
use std::ops::Range;

/// Places of the unedited sound in the edited one and back.
///
/// The *strip* is the kept and the cut parts together, at the edit's speed and direction: what a waveform shows. What is
/// heard is a range of it.
///
/// ```
/// use straightshot_edits::{Edit, Timeline};
///
/// let backwards = Edit { trim: Some(100..400), reverse: true, ..Edit::default() };
/// let timeline = Timeline::new(&backwards, 1000);
/// assert_eq!(timeline.heard(), 600..900);
/// assert_eq!(timeline.source(600), 400, "what is heard first was the end of the kept part");
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Timeline {
    source: usize,
    kept: Range<usize>,
    ratio: Ratio,
    reverse: bool,
    /// Loop and crossfade in frames from the beginning of the kept part as heard.
    looped: Option<Looped>,
}

/// A loop as it is heard.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Looped {
    /// In frames from the beginning of the kept part.
    pub(crate) range: Range<usize>,
    /// Frames that the crossfade takes.
    pub(crate) crossfade: usize,
    /// Whether nothing else is heard.
    pub(crate) only: bool,
}

impl Timeline {
    /// Of a sound of `frames`.
    #[must_use]
    pub fn new(edit: &Edit, frames: usize) -> Self {
        let kept = edit.kept(frames);
        let ratio = Ratio::of(edit.semitones_within());
        let mut timeline = Self { source: frames, kept, ratio, reverse: edit.reverse, looped: None };
        timeline.looped = timeline.loop_of(edit);
        timeline
    }

    fn loop_of(&self, edit: &Edit) -> Option<Looped> {
        let looped = edit.looped.as_ref()?;
        let (first, length) = (self.kept_start(), self.ratio.place(self.kept.len()));
        let ends = [looped.range.start, looped.range.end].map(|frame| {
            self.place(frame.clamp(self.kept.start, self.kept.end)).saturating_sub(first).min(length)
        });
        let range = ends[0].min(ends[1])..ends[0].max(ends[1]);
        if range.len() < SHORTEST {
            return None;
        }
        let crossfade = self.ratio.place(looped.crossfade).min(range.start).min(range.len() / 2);
        Some(Looped { range, crossfade, only: looped.only })
    }

    /// Length of the strip.
    #[must_use]
    pub fn strip(&self) -> usize {
        self.ratio.place(self.source)
    }

    /// What of the strip is heard.
    #[must_use]
    pub fn heard(&self) -> Range<usize> {
        let start = self.kept_start();
        match &self.looped {
            Some(Looped { range, only, .. }) => {
                let begin = if *only { range.start } else { 0 };
                start + begin..start + range.end
            }
            None => start..start + self.ratio.place(self.kept.len()),
        }
    }

    /// How many frames are heard.
    #[must_use]
    pub fn frames(&self) -> usize {
        self.heard().len()
    }

    /// The part of the strip that the trim keeps, with what a loop leaves out.
    #[must_use]
    pub fn kept(&self) -> Range<usize> {
        let start = self.kept_start();
        start..start + self.ratio.place(self.kept.len())
    }

    /// The loop on the strip, and how many frames before its end the crossfade begins; `None` if nothing is repeated.
    #[must_use]
    pub fn looped(&self) -> Option<(Range<usize>, usize)> {
        let start = self.kept_start();
        let looped = self.looped.as_ref()?;
        Some((start + looped.range.start..start + looped.range.end, looped.crossfade))
    }

    /// Where on the strip `frame` of the unedited sound is; as a border between frames, so that the end of a range is placed
    /// as its beginning is.
    #[must_use]
    pub fn place(&self, frame: usize) -> usize {
        let frame = frame.min(self.source);
        self.ratio.place(if self.reverse { self.source - frame } else { frame }).min(self.strip())
    }

    /// The frame of the unedited sound that is at `frame` of the strip, as a border between frames.
    #[must_use]
    pub fn source(&self, frame: usize) -> usize {
        let frame = self.ratio.source(frame).min(self.source);
        if self.reverse { self.source - frame } else { frame }
    }

    /// The part of the unedited sound that is at `range` of the strip.
    #[must_use]
    pub fn source_range(&self, range: Range<usize>) -> Range<usize> {
        let (a, b) = (self.source(range.start), self.source(range.end));
        a.min(b)..a.max(b)
    }

    /// How many frames of the unedited sound become `frames` heard ones.
    #[must_use]
    pub fn source_length(&self, frames: usize) -> usize {
        self.ratio.source(frames)
    }

    /// How many heard frames `frames` of the unedited sound become.
    #[must_use]
    pub fn heard_length(&self, frames: usize) -> usize {
        self.ratio.place(frames)
    }

    pub(crate) fn ratio(&self) -> Ratio {
        self.ratio
    }

    pub(crate) fn loop_as_heard(&self) -> Option<&Looped> {
        self.looped.as_ref()
    }

    fn kept_start(&self) -> usize {
        self.place(if self.reverse { self.kept.end } else { self.kept.start })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Loop;

    #[test]
    fn there_and_back_is_the_same_place() {
        for (semitones, reverse) in [(0.0, false), (0.0, true), (7.0, false), (-5.3, true), (24.0, true)] {
            let edit = Edit { trim: Some(1000..90_000), semitones, reverse, ..Edit::default() };
            let timeline = Timeline::new(&edit, 100_000);
            for frame in [0, 1000, 54_321, 90_000, 100_000] {
                let back = timeline.source(timeline.place(frame));
                // Four times as fast, a heard frame is four frames.
                assert!(back.abs_diff(frame) <= 4, "{frame} became {back} at {semitones}");
            }
            assert_eq!(timeline.source_range(timeline.kept()).len().abs_diff(89_000) / 5, 0);
        }
    }

    #[test]
    fn a_loop_lies_where_it_is_seen_whatever_the_direction() {
        let looped = Some(Loop { range: 200..600, crossfade: 150, tilt_db: 0.0, only: true });
        let edit = Edit { trim: Some(100..900), looped, ..Edit::default() };
        let timeline = Timeline::new(&edit, 1000);
        assert_eq!(timeline.looped(), Some((200..600, 100)), "there are only 100 frames before it");
        assert_eq!(timeline.heard(), 200..600);
        let backwards = Timeline::new(&Edit { reverse: true, ..edit.clone() }, 1000);
        assert_eq!(backwards.looped(), Some((400..800, 150)));
        let lead_in = Loop { only: false, ..edit.looped.clone().unwrap() };
        let timeline = Timeline::new(&Edit { looped: Some(lead_in), ..edit }, 1000);
        assert_eq!(timeline.heard(), 100..600);
    }
}
