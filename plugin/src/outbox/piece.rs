//! What a file is made of: a take, a part of one, or a sound of the library.

use std::ops::Range;
use std::sync::Arc;
use straightshot_delivery::{About, Sound};
use straightshot_edits::Edited;
use straightshot_protocol::{Audio, Failure};
use straightshot_takes::{Keeper, LibrarySound, Take, TakeId, default_name};

/// Fade at an end where a part was cut out of the middle of a sound, so that it does not click.
const CUT_FADE_S: f64 = 0.002;
/// The number of a sound that is no take of the session; those begin at 1.
const NO_TAKE: TakeId = TakeId(0);

/// What a file is made of.
#[derive(Debug, Clone)]
pub struct Piece(Kind);

#[derive(Debug, Clone)]
enum Kind {
    Take(Arc<Take>),
    /// Seconds of what is heard of the take.
    Part(Arc<Take>, Range<f64>),
    Library(Arc<LibrarySound>),
}

impl From<Arc<Take>> for Piece {
    fn from(take: Arc<Take>) -> Self {
        Self(Kind::Take(take))
    }
}

impl From<Arc<LibrarySound>> for Piece {
    fn from(sound: Arc<LibrarySound>) -> Self {
        Self(Kind::Library(sound))
    }
}

impl Piece {
    /// So many seconds of what is heard of `take`.
    #[must_use]
    pub fn part(take: Arc<Take>, range_s: Range<f64>) -> Self {
        Self(Kind::Part(take, range_s))
    }

    /// Where it comes from, for its name and its description. Costs nothing.
    #[must_use]
    pub fn about(&self) -> About {
        match &self.0 {
            Kind::Take(take) | Kind::Part(take, _) => about(take),
            Kind::Library(sound) => about(&sound.take(NO_TAKE)),
        }
    }

    /// The sound that goes out. What is not in memory is read, and edited if nobody has yet, so it may take a while.
    ///
    /// # Errors
    /// Why it is silent or cannot be read.
    pub fn sound(&self, keeper: &Keeper) -> Result<Sound, Failure> {
        match &self.0 {
            Kind::Take(take) => Ok(Sound { edited: heard(take, keeper)?, about: about(take) }),
            Kind::Part(take, range_s) => {
                let edited = heard(take, keeper)?;
                let range = frames(&edited.audio, range_s);
                part_of(edited, &range, about(take))
            }
            Kind::Library(sound) => {
                let take = sound.load(NO_TAKE)?;
                Ok(Sound { edited: take.edited().as_ref().clone(), about: about(&take) })
            }
        }
    }
}

fn heard(take: &Take, keeper: &Keeper) -> Result<Edited, Failure> {
    Ok(keeper.heard_of(take)?.as_ref().clone())
}

/// The frames `range` of a sound.
fn part_of(edited: Edited, range: &Range<usize>, about: About) -> Result<Sound, Failure> {
    if *range == (0..edited.audio.frames()) {
        return Ok(Sound { edited, about });
    }
    let edited = Edited { audio: cut(&edited.audio, range)?, loop_frames: None, ..edited };
    Ok(Sound { edited, about: About { edited: true, ..about } })
}

/// What the file of a take says about it.
fn about(take: &Take) -> About {
    let title = if take.name == default_name(&take.request) { String::new() } else { take.name.clone() };
    About {
        title,
        request: take.request.clone(),
        take: Some(take.id).filter(|id| *id != NO_TAKE).map(|id| id.0),
        category: take.category.clone(),
        notes: take.notes.clone(),
        edited: !take.edit.is_none(),
    }
}

/// The frames of `range_s` seconds; at least one.
fn frames(audio: &Audio, range_s: &Range<f64>) -> Range<usize> {
    let rate = f64::from(audio.sample_rate_hz());
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a float is cut off at the ends"
    )]
    let frame = |seconds: f64| ((seconds * rate).round() as usize).min(audio.frames());
    let from = frame(range_s.start).min(audio.frames().saturating_sub(1));
    from..frame(range_s.end).max(from + 1).min(audio.frames())
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

    #[test]
    fn drag_out_a_part_is_cut_to_the_sample() {
        let audio = Audio::mono(100, vec![0.0; 1000]);
        assert_eq!(frames(&audio, &(1.5..2.25)), 150..225);
        // What a hand may select at the ends.
        assert_eq!(frames(&audio, &(-1.0..0.1)), 0..10);
        assert_eq!(frames(&audio, &(9.9..50.0)), 990..1000);
        assert_eq!(frames(&audio, &(20.0..50.0)), 999..1000);
        assert_eq!(frames(&audio, &(3.0..3.0)), 300..301);
    }
}
