//! What goes out: a take, or a part of it.

use std::ops::Range;
use std::sync::Arc;
use straightshot_delivery::{About, Sound};
use straightshot_edits::{Edited, render};
use straightshot_protocol::{Audio, ErrorKind, Failure};
use straightshot_takes::{Take, default_name};

/// Fade at an end where a part was cut out of the middle of a sound, so that it does not click.
const CUT_FADE_S: f64 = 0.002;

/// A take, or a part of it.
#[derive(Debug, Clone)]
pub struct Piece {
    /// The take.
    pub take: Arc<Take>,
    /// Frames of its edited sound; `None` for all of it.
    pub range: Option<Range<usize>>,
}

impl From<Arc<Take>> for Piece {
    fn from(take: Arc<Take>) -> Self {
        Self { take, range: None }
    }
}

impl Piece {
    /// Where it comes from, for its name and its description. Costs nothing.
    #[must_use]
    pub fn about(&self) -> About {
        about(&self.take)
    }

    /// The sound that goes out. Edits the take if nobody has yet, so it may take a while.
    ///
    /// # Errors
    /// Why it is silent.
    pub fn sound(&self) -> Result<Sound, Failure> {
        let take = &self.take;
        if let Some(why) = take.why_silent() {
            let text = format!("\"{}\" cannot be written: {why}", take.name);
            return Err(Failure::new(ErrorKind::BadData, text));
        }
        let edited = if take.is_rendered() {
            take.edited().as_ref().clone()
        } else {
            // The keeper has not come to it yet.
            render(take.audio(), &take.edit)?
        };
        self.sound_of(edited)
    }

    /// The sound that goes out, of what the edited take is.
    ///
    /// # Errors
    /// Those of [`Audio::map_channels`].
    pub(crate) fn sound_of(&self, edited: Edited) -> Result<Sound, Failure> {
        let (about, audio) = (self.about(), &edited.audio);
        match self.range.clone().map(|range| range.start..range.end.min(audio.frames())) {
            Some(range) if range != (0..audio.frames()) && !range.is_empty() => {
                let edited = Edited { audio: cut(audio, &range)?, loop_frames: None, ..edited };
                Ok(Sound { edited, about: About { edited: true, ..about } })
            }
            _ => Ok(Sound { edited, about }),
        }
    }
}

/// What the file of a take says about it.
#[must_use]
fn about(take: &Take) -> About {
    let title = if take.name == default_name(&take.request) { String::new() } else { take.name.clone() };
    About {
        title,
        request: take.request.clone(),
        take: Some(take.id.0),
        category: take.category.clone(),
        notes: take.notes.clone(),
        edited: !take.edit.is_none(),
    }
}

/// The part `range` of `audio`, faded where it was cut.
fn cut(audio: &Audio, range: &Range<usize>) -> Result<Audio, Failure> {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a few hundred frames")]
    let fade = ((CUT_FADE_S * f64::from(audio.sample_rate_hz())) as usize).min(range.len() / 2);
    let (begins, ends) = (range.start > 0, range.end < audio.frames());
    audio.map_channels(audio.sample_rate_hz(), |channel| {
        let mut part = channel[range.clone()].to_vec();
        let length = part.len();
        for i in 0..fade {
            #[expect(clippy::cast_precision_loss, reason = "a few hundred frames")]
            let gain = (i as f32 + 0.5) / fade as f32;
            if begins {
                part[i] *= gain;
            }
            if ends {
                part[length - 1 - i] *= gain;
            }
        }
        Ok(part)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_is_faded_only_where_it_was_cut() {
        let audio = Audio::mono(48_000, vec![1.0; 4_800]);
        let middle = cut(&audio, &(1_000..2_000)).unwrap();
        assert_eq!(middle.frames(), 1_000);
        assert!(middle.left()[0] < 0.02 && middle.left()[999] < 0.02 && middle.left()[500] == 1.0);
        let beginning = cut(&audio, &(0..2_000)).unwrap();
        assert!(beginning.left()[0] == 1.0 && beginning.left()[1_999] < 0.02);
        assert_eq!(cut(&audio, &(7..8)).unwrap().left(), [1.0]);
    }
}
