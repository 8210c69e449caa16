//! How much of a clip a voice plays.

use crate::clip::Clip;

/// How much of a sound is wanted, whatever its clip is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Span {
    /// All of it, once.
    Whole,
    /// On and on: through its loop if it has one, from its end to its start otherwise.
    Around,
    /// From one frame to another.
    Part {
        /// The first frame.
        start: usize,
        /// The frame after the last.
        end: usize,
        /// Whether it begins again.
        looped: bool,
    },
}

/// The part of a clip that a voice plays, in frames.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Region {
    /// Where it begins again, if it does.
    pub(crate) start: usize,
    /// Where it ends.
    pub(crate) end: usize,
    /// Whether it begins again at its end.
    pub(crate) looped: bool,
    /// Frames before the end over which it is faded out, and in again when it begins again: for ends that were not made
    /// to be heard.
    pub(crate) fade: usize,
}

impl Region {
    /// What `span` is of `clip`; `fade` is what ends get that were not made to be heard.
    ///
    /// # Real-time safety
    /// Constant time.
    pub(crate) fn of(span: Span, clip: &Clip, fade: usize) -> Self {
        let all = clip.sound_frames();
        match span {
            Span::Whole => Self { start: 0, end: clip.frames(), looped: false, fade: 0 },
            Span::Around => match clip.loop_frames() {
                Some(range) => Self { start: range.start, end: range.end, looped: true, fade: 0 },
                None => Self { start: 0, end: all, looped: true, fade },
            },
            Span::Part { start, end, looped } if start == 0 && end >= all => {
                Self::of(if looped { Span::Around } else { Span::Whole }, clip, fade)
            }
            Span::Part { start, end, looped } => {
                let end = end.min(all);
                Self { start: start.min(end), end, looped: looped && end > start, fade }
            }
        }
    }

    /// Where a voice is that would have begun at the start of the clip so many frames ago; `None` past the end.
    ///
    /// # Real-time safety
    /// Constant time.
    #[expect(clippy::cast_precision_loss, reason = "positions are far below 2^52")]
    pub(crate) fn after(&self, frames: u64) -> Option<f64> {
        let (start, end) = (self.start as u64, self.end as u64);
        if frames < end {
            return Some(frames as f64);
        }
        (self.looped && end > start).then(|| (start + (frames - start) % (end - start)) as f64)
    }
}
