//! What can be taken hold of on the waveform, and what dragging it does.

use super::overview::Overview;
use super::scale::Scale;
use egui::{CursorIcon, Pos2, Rect, pos2};
use straightshot_edits::{Edit, Fade, Loop, Timeline, zero_crossing};

/// How near the pointer has to be, in points.
const REACH: f32 = 6.0;
/// How near a place that a cut goes to by itself has to be, in points.
const SNAP: f32 = 7.0;
/// Farthest way to a zero crossing, in seconds.
const SNAP_S: f64 = 0.005;
/// Size of the squares at the ends of fades, in points.
pub(super) const FADE_SIZE: f32 = 10.0;
/// Height of the band below the wave in which the ends of a loop are, in points.
pub(super) const LOOP_BAND: f32 = 12.0;

/// Something that can be dragged and changes the edit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Grip {
    TrimStart,
    TrimEnd,
    FadeIn,
    FadeOut,
    LoopStart,
    LoopEnd,
    Crossfade,
}

impl Grip {
    /// All of them, the uppermost first.
    pub(super) const ALL: [Self; 7] = [
        Self::FadeIn,
        Self::FadeOut,
        Self::Crossfade,
        Self::LoopStart,
        Self::LoopEnd,
        Self::TrimStart,
        Self::TrimEnd,
    ];

    /// The name of the step.
    pub(super) fn step(self) -> &'static str {
        match self {
            Self::TrimStart | Self::TrimEnd => "trim",
            Self::FadeIn => "fade in",
            Self::FadeOut => "fade out",
            Self::LoopStart | Self::LoopEnd => "loop points",
            Self::Crossfade => "crossfade",
        }
    }

    pub(super) fn cursor(self) -> CursorIcon {
        match self {
            Self::TrimStart | Self::TrimEnd | Self::LoopStart | Self::LoopEnd => CursorIcon::ResizeHorizontal,
            Self::FadeIn | Self::FadeOut | Self::Crossfade => CursorIcon::ResizeColumn,
        }
    }

    /// What it is, for a tooltip.
    pub(super) fn hint(self) -> &'static str {
        match self {
            Self::TrimStart => "Where the sound begins. Drag to cut; Alt: to the sample",
            Self::TrimEnd => "Where the sound ends. Drag to cut; Alt: to the sample",
            Self::FadeIn => "Fade in: drag to the right",
            Self::FadeOut => "Fade out: drag to the left",
            Self::LoopStart => "Where the loop begins",
            Self::LoopEnd => "Where the loop ends",
            Self::Crossfade => "Crossfade of the loop: drag to the left to make it longer",
        }
    }
}

/// The take that is edited, as it is seen.
pub(super) struct Ground<'a> {
    pub(super) edit: &'a Edit,
    pub(super) timeline: &'a Timeline,
    pub(super) overview: &'a Overview,
    pub(super) scale: Scale,
    /// Where the wave is.
    pub(super) wave: Rect,
}

impl Ground<'_> {
    /// Lengths of the fades as they are heard, in frames of the strip.
    pub(super) fn fades(&self) -> (usize, usize) {
        let heard = self.timeline.heard();
        let length = |fade: &Fade, most: usize| self.timeline.heard_length(fade.frames).min(most);
        match self.timeline.looped() {
            Some((range, _)) => (length(&self.edit.fade_in, range.start - heard.start), 0),
            None => (length(&self.edit.fade_in, heard.len()), length(&self.edit.fade_out, heard.len())),
        }
    }

    /// Where `grip` is; `None` if there is none now.
    pub(super) fn place(&self, grip: Grip) -> Option<Pos2> {
        let (kept, heard) = (self.timeline.kept(), self.timeline.heard());
        let x = |frame: usize| self.scale.place(frame);
        let (top, bottom) = (self.wave.top() + FADE_SIZE / 2.0, self.wave.bottom() + LOOP_BAND / 2.0);
        let looped = self.timeline.looped();
        let place = match grip {
            Grip::TrimStart => pos2(x(kept.start), self.wave.center().y),
            Grip::TrimEnd => pos2(x(kept.end), self.wave.center().y),
            // What begins with its loop has no beginning.
            Grip::FadeIn if looped.as_ref().is_some_and(|(range, _)| range.start == heard.start) => {
                return None;
            }
            Grip::FadeIn => pos2(x(heard.start + self.fades().0), top),
            Grip::FadeOut if looped.is_some() => return None,
            Grip::FadeOut => pos2(x(heard.end - self.fades().1), top),
            Grip::LoopStart => pos2(x(looped?.0.start), bottom),
            Grip::LoopEnd => pos2(x(looped?.0.end), bottom),
            Grip::Crossfade => {
                let (range, crossfade) = looped?;
                pos2(x(range.end - crossfade), bottom)
            }
        };
        self.scale.x.expand(2.0).contains(place.x).then_some(place)
    }

    /// The grip at `at`.
    pub(super) fn grip_at(&self, at: Pos2) -> Option<Grip> {
        let near = |grip: &Grip| {
            let Some(place) = self.place(*grip) else { return false };
            let beside = (at.x - place.x).abs() <= REACH;
            match grip {
                Grip::TrimStart | Grip::TrimEnd => beside && self.wave.y_range().contains(at.y),
                _ => beside && (at.y - place.y).abs() <= REACH + 2.0,
            }
        };
        Grip::ALL.into_iter().find(near)
    }

    /// The edit after `grip` was dragged to `x`. `free` leaves every place as it is, without snapping.
    pub(super) fn dragged(&self, grip: Grip, x: f32, free: bool) -> Edit {
        let mut edit = self.edit.clone();
        let frame = self.scale.frame(x, self.timeline.strip());
        let heard = self.timeline.heard();
        match grip {
            Grip::TrimStart | Grip::TrimEnd => {
                let source = self.source_of(frame, free);
                edit = cut(self.edit, self.overview.audio().frames(), grip == Grip::TrimStart, source);
            }
            Grip::FadeIn => {
                edit.fade_in.frames =
                    self.timeline.source_length(frame.saturating_sub(heard.start).min(heard.len()));
            }
            Grip::FadeOut => {
                edit.fade_out.frames =
                    self.timeline.source_length(heard.end.saturating_sub(frame).min(heard.len()));
            }
            Grip::LoopStart | Grip::LoopEnd | Grip::Crossfade => self.drag_loop(grip, frame, &mut edit),
        }
        edit
    }

    fn drag_loop(&self, grip: Grip, frame: usize, edit: &mut Edit) {
        let (Some(looped), Some((range, _))) = (edit.looped.as_mut(), self.timeline.looped()) else { return };
        let Loop { range: source, crossfade, .. } = looped;
        let moved = self.timeline.source(frame);
        match grip {
            Grip::Crossfade => {
                *crossfade =
                    self.timeline.source_length(range.end.saturating_sub(frame).min(range.len() / 2));
            }
            _ if (grip == Grip::LoopStart) != self.edit.reverse => source.start = moved.min(source.end),
            _ => source.end = moved.max(source.start),
        }
    }

    /// The frame of the unedited sound for a cut at `frame` of the strip: where its silence begins or ends, or where it
    /// crosses zero.
    pub(super) fn source_of(&self, frame: usize, free: bool) -> usize {
        let source = self.timeline.source(frame);
        if free {
            return source;
        }
        let audio = self.overview.audio();
        let near = self.timeline.source_length(self.scale.frames(SNAP));
        let sounding = &self.overview.sounding;
        if let Some(edge) =
            [sounding.start, sounding.end].into_iter().find(|edge| edge.abs_diff(source) <= near)
        {
            return edge;
        }
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a few milliseconds")]
        let most = (SNAP_S * f64::from(audio.sample_rate_hz())) as usize;
        zero_crossing(audio, source, near.min(most))
    }
}

/// `edit` of a sound of `frames` with its beginning as heard (`begin`), or its end, at the frame `source` of the unedited
/// sound; the other end stays where it is, to the sample.
pub(in crate::editor) fn cut(edit: &Edit, frames: usize, begin: bool, source: usize) -> Edit {
    let kept = edit.kept(frames);
    let head = begin != edit.reverse;
    let trim = if head { source.min(kept.end)..kept.end } else { kept.start..source.max(kept.start) };
    Edit { trim: (trim != (0..frames)).then_some(trim), ..edit.clone() }
}

#[cfg(test)]
mod tests {
    use super::super::scale::Zoom;
    use super::*;
    use egui::{Rangef, vec2};
    use straightshot_protocol::Audio;

    fn audio() -> Audio {
        Audio::mono(48_000, (0..1000).map(|i| (i as f32 * 0.3).sin()).collect::<Vec<_>>())
    }

    /// What `drag` makes of `edit`, seen in a window of a point per frame.
    fn after(edit: &Edit, grip: Grip, x: f32, free: bool) -> Edit {
        let audio = audio();
        let timeline = Timeline::new(edit, audio.frames());
        let wave = Rect::from_min_size(Pos2::ZERO, vec2(1000.0, 100.0));
        let frames = timeline.strip();
        let ground = Ground {
            edit,
            timeline: &timeline,
            overview: &Overview::measure(&audio),
            scale: Scale::new(Rangef::new(0.0, 1000.0), Zoom::default(), frames),
            wave,
        };
        assert_eq!(
            ground.place(grip).and_then(|at| ground.grip_at(at)),
            Some(grip),
            "it can be taken hold of"
        );
        ground.dragged(grip, x, free)
    }

    #[test]
    fn a_trim_of_a_reversed_sound_cuts_what_is_seen_there() {
        let edit = after(&Edit::default(), Grip::TrimStart, 200.0, true);
        assert_eq!(edit.trim, Some(200..1000));
        let backwards = Edit { reverse: true, ..Edit::default() };
        let edit = after(&backwards, Grip::TrimStart, 200.0, true);
        assert_eq!(edit.trim, Some(0..800));
        let edit = after(&edit, Grip::TrimEnd, 700.0, true);
        assert_eq!(edit.trim, Some(300..800));
        let whole = after(&Edit { trim: Some(0..900), ..Edit::default() }, Grip::TrimEnd, 1000.0, true);
        assert_eq!(whole.trim, None, "all of it is no trim");
    }

    #[test]
    fn a_cut_goes_to_a_zero_crossing_unless_it_is_held_free() {
        let snapped = after(&Edit::default(), Grip::TrimStart, 333.0, false).trim.unwrap().start;
        let samples = audio();
        let step = samples.left()[snapped - 1].abs().min(samples.left()[snapped].abs());
        assert!(step < 0.16 && snapped.abs_diff(333) <= 7, "{snapped}: {step}");
        assert_eq!(after(&Edit::default(), Grip::TrimStart, 333.0, true).trim.unwrap().start, 333);
    }

    #[test]
    fn fades_and_loops_follow_the_pointer() {
        assert_eq!(after(&Edit::default(), Grip::FadeIn, 150.0, false).fade_in.frames, 150);
        assert_eq!(after(&Edit::default(), Grip::FadeOut, 900.0, false).fade_out.frames, 100);
        let looped = Some(Loop { range: 300..700, crossfade: 50, tilt_db: 0.0, only: false });
        let edit = Edit { looped, ..Edit::default() };
        let moved = |grip, x| after(&edit, grip, x, false).looped.unwrap();
        assert_eq!(moved(Grip::LoopStart, 350.0).range, 350..700);
        assert_eq!(moved(Grip::LoopEnd, 800.0).range, 300..800);
        assert_eq!(moved(Grip::Crossfade, 600.0).crossfade, 100);
    }
}
