//! Edits that somebody has to listen for: the keeper looks for them, so that nothing waits.

use super::{Session, Take, TakeId};
use straightshot_edits::{Edit, find_loop, sounding};
use straightshot_protocol::{Audio, Failure};

/// Something that is to be found in the sound of a take.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Wish {
    /// The part that can be repeated best.
    Loop,
    /// Where the silence at the beginning and the end is.
    TrimSilence,
}

impl Wish {
    /// What the step is called that fulfils it.
    fn step(self) -> &'static str {
        match self {
            Self::Loop => "make loop",
            Self::TrimSilence => "trim silence",
        }
    }

    /// `edit` with what was found in `audio`.
    ///
    /// # Errors
    /// A sentence for the user if there is nothing to be found.
    pub(super) fn find(self, audio: &Audio, edit: &Edit) -> Result<Edit, Failure> {
        match self {
            Self::Loop => match find_loop(audio, edit)? {
                Some(found) => Ok(Edit { looped: Some(found.looped), ..edit.clone() }),
                None => Err(Failure::new(
                    straightshot_protocol::ErrorKind::InvalidRequest,
                    "This sound is too short for a loop",
                )),
            },
            Self::TrimSilence => {
                let kept = edit.kept(audio.frames());
                let part = sounding(audio, kept.clone());
                if part == kept {
                    return Err(Failure::new(
                        straightshot_protocol::ErrorKind::InvalidRequest,
                        "There is no silence to trim at either end",
                    ));
                }
                Ok(Edit { trim: Some(part), ..edit.clone() })
            }
        }
    }
}

impl Session {
    /// Has the keeper look for `wish` in take `id`; what it finds is a step of its own. Returns whether the take exists.
    pub fn wish(&mut self, id: TakeId, wish: Wish) -> bool {
        let known = self.take(id).is_some();
        if known && !self.wishes.contains(&(id, wish)) {
            self.wishes.push((id, wish));
        }
        known
    }

    /// Whether something is being looked for in take `id`.
    #[must_use]
    pub fn is_wished(&self, id: TakeId) -> bool {
        self.wishes.iter().any(|(take, _)| *take == id)
    }

    /// The first wish that can be fulfilled now or whose take can be read.
    pub(super) fn next_wish(&self) -> Option<(&std::sync::Arc<Take>, Wish)> {
        self.wishes.iter().find_map(|(id, wish)| {
            self.take(*id).filter(|take| take.damage.is_none()).map(|take| (take, *wish))
        })
    }

    /// Notes what was found. If the take has got another edit in the meantime, the wish stays, and is looked for again.
    pub(super) fn fulfil(&mut self, id: TakeId, wish: Wish, sought: &Edit, found: Option<Edit>) -> bool {
        if let (Some(take), Some(_)) = (self.take(id), &found)
            && take.edit != *sought
        {
            return false;
        }
        self.wishes.retain(|waiting| *waiting != (id, wish));
        found.is_some_and(|edit| self.set_edit(id, edit, wish.step(), None))
    }
}
