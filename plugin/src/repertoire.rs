//! [any thread] Which sounds can be played, and which of them what plays.

use crate::hearing::SoundId;
use std::collections::BTreeMap;
use std::collections::VecDeque;
use std::sync::Arc;
use straightshot_edits::{Edited, render};
use straightshot_playback::MAX_SOUNDS;
use straightshot_protocol::{ErrorKind, Failure};
use straightshot_takes::{Session, Take, TakeId};

/// Sounds that were asked for without a note and stay ready, so that going to and fro between them is instant.
const MOST_AUDITIONED: usize = 8;

/// What was asked to be heard; lives as long as the instance.
#[derive(Debug, Default, Clone)]
pub struct Wishes {
    /// What is heard in place of the active take, and at which gain.
    pub instead: Option<(SoundId, f32)>,
    /// What was asked for without a note, the last one first.
    auditioned: VecDeque<SoundId>,
    /// A sound of the library that is heard without being a take of the session.
    pub guest: Option<Arc<Take>>,
}

impl Wishes {
    /// Notes that a sound was asked for.
    pub fn ask_for(&mut self, id: SoundId) {
        self.auditioned.retain(|known| *known != id);
        self.auditioned.push_front(id);
        self.auditioned.truncate(MOST_AUDITIONED);
    }
}

/// What the user has arranged about playing that is no parameter; kept with the project.
#[derive(Debug, Default, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(default)]
pub struct Arrangement {
    /// Where in the host's song the sound lies that the transport plays, in seconds. An exact number, which a parameter is
    /// not: hosts keep those with 24 bits. Without one it begins wherever the transport starts.
    pub place_s: Option<f64>,
    /// Keys that have a take of their own. Without any, the starred takes lie on the keys from the root on.
    pub keys: BTreeMap<u8, TakeId>,
}

/// One sound that can be played.
#[derive(Debug, Clone)]
pub struct Item {
    /// Which sound.
    pub id: SoundId,
    /// Its take.
    pub take: Arc<Take>,
    /// Linear gain.
    pub gain: f32,
}

impl Item {
    /// Whether there is such a version.
    fn exists(&self) -> bool {
        self.id.steps.is_none_or(|steps| self.take.has_steps(steps))
    }

    /// Whether its samples are in memory.
    #[must_use]
    pub fn is_in_memory(&self) -> bool {
        match self.id.steps {
            None => !self.take.edited().audio.is_empty(),
            Some(steps) => self.take.audio_of(steps).is_some_and(|audio| !audio.is_empty()),
        }
    }

    /// What is heard of it: the take as it is, or a version with the take's edit. Rendering a version takes time.
    ///
    /// # Errors
    /// If there is no such version, or its edit cannot be made.
    pub fn heard(&self) -> Result<Arc<Edited>, Failure> {
        let shown = self.id.steps.is_none_or(|steps| steps == self.take.request.steps);
        if shown && (self.id.steps.is_none() || self.take.is_rendered()) {
            return Ok(self.take.edited());
        }
        match self.id.steps.and_then(|steps| self.take.audio_of(steps)) {
            Some(audio) => Ok(Arc::new(render(audio, &self.take.edit)?)),
            None => Err(Failure::new(ErrorKind::BadData, "There is no such version of this take")),
        }
    }

    /// Whether both are heard as the same sound.
    #[must_use]
    pub fn is_heard_as(&self, other: &Self) -> bool {
        self.id.steps == other.id.steps
            && match self.id.steps {
                None => self.take.is_heard_as(&other.take),
                Some(steps) => self.take.version_is_heard_as(&other.take, steps),
            }
    }
}

/// Everything that can be played. Numbers are places in `items`.
#[derive(Debug, Default, Clone)]
pub struct Repertoire {
    /// The sounds, at most [`MAX_SOUNDS`].
    pub items: Vec<Item>,
    /// What is played if nothing else is said.
    pub active: Option<usize>,
    /// The starred takes, oldest first: what is played in turn, by chance or by number.
    pub pool: Vec<usize>,
    /// Keys that have a sound of their own.
    pub keys: Vec<(u8, usize)>,
    /// Where the sound of the transport lies, in seconds.
    pub place_s: Option<f64>,
    /// The places in the order in which they are made ready.
    pub order: Vec<usize>,
    /// How many sounds there was no room for.
    pub left_out: usize,
}

impl Repertoire {
    /// Only this take; `None` is silence.
    #[must_use]
    pub fn of(take: Option<Arc<Take>>) -> Self {
        let items: Vec<_> =
            take.into_iter().map(|take| Item { id: SoundId::of(take.id), take, gain: 1.0 }).collect();
        let active = (!items.is_empty()).then_some(0);
        Self { items, active, order: active.into_iter().collect(), ..Self::default() }
    }

    /// What a session has to offer.
    #[must_use]
    pub fn new(session: &Session, wishes: &Wishes, arrangement: &Arrangement) -> Self {
        Self::with_active(session, session.active(), wishes, arrangement)
    }

    /// [`new`](Self::new) with another take in the place of the active one.
    #[must_use]
    pub fn with_active(
        session: &Session,
        active: Option<&Arc<Take>>,
        wishes: &Wishes,
        arrangement: &Arrangement,
    ) -> Self {
        let mut chosen = Self { place_s: arrangement.place_s, ..Self::default() };
        let instead = wishes.instead.and_then(|(id, gain)| {
            let item = Item { id, take: session.take(id.take)?.clone(), gain };
            Some(item).filter(Item::exists)
        });
        chosen.active = active.and_then(|take| chosen.add(SoundId::of(take.id), take));
        if let Some(item) = instead {
            chosen.active = chosen.add_item(item);
        }
        for id in &wishes.auditioned {
            let guest = || wishes.guest.as_ref().filter(|guest| guest.id == id.take);
            if let Some(take) = session.take(id.take).or_else(guest) {
                chosen.add(*id, take);
            }
        }
        for (key, id) in &arrangement.keys {
            let index = session.take(*id).and_then(|take| chosen.add(SoundId::of(*id), take));
            chosen.keys.extend(index.map(|index| (*key, index)));
        }
        for take in
            session.takes().iter().filter(|take| take.starred && !take.rejected && take.damage.is_none())
        {
            let index = chosen.add(SoundId::of(take.id), take);
            chosen.pool.extend(index);
        }
        chosen
    }

    fn add(&mut self, id: SoundId, take: &Arc<Take>) -> Option<usize> {
        let known =
            self.items.iter().position(|item| item.id == id && item.gain.to_bits() == 1.0_f32.to_bits());
        let item = Some(Item { id, take: take.clone(), gain: 1.0 }).filter(Item::exists);
        known.or_else(|| self.add_item(item?))
    }

    fn add_item(&mut self, item: Item) -> Option<usize> {
        if self.items.len() >= MAX_SOUNDS {
            self.left_out += 1;
            return None;
        }
        self.items.push(item);
        let index = self.items.len() - 1;
        self.order.push(index);
        Some(index)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use straightshot_protocol::{Audio, Request};

    fn session(starred: &[bool]) -> Session {
        let mut session = Session::default();
        for (seed, starred) in (1..).zip(starred) {
            let request = Request { seed, ..Request::default() };
            let audio = Audio::mono(44_100, vec![0.5; 100]);
            let take = Take::new(TakeId(seed), request, &audio).expect("it is a sound");
            session.add_take(Arc::new(take));
            session.set_starred(TakeId(seed), *starred);
        }
        session
    }

    fn takes(chosen: &Repertoire, places: &[usize]) -> Vec<u64> {
        places.iter().map(|place| chosen.items[*place].id.take.0).collect()
    }

    #[test]
    fn round_robin_goes_over_starred_takes_and_every_sound_is_there_once() {
        let session = session(&[true, false, true, true]);
        let chosen = Repertoire::new(&session, &Wishes::default(), &Arrangement::default());
        assert_eq!(takes(&chosen, &chosen.pool), [1, 3, 4]);
        assert_eq!(chosen.items.len(), 3, "the active take is one of them");
        assert_eq!(takes(&chosen, chosen.active.as_slice()), [4]);
    }

    #[test]
    fn what_is_heard_instead_does_not_change_what_a_star_or_a_wish_plays() {
        let session = session(&[true, true]);
        let mut wishes = Wishes { instead: Some((SoundId::of(TakeId(1)), 0.5)), ..Wishes::default() };
        wishes.ask_for(SoundId::of(TakeId(1)));
        let chosen = Repertoire::new(&session, &wishes, &Arrangement::default());
        let active = &chosen.items[chosen.active.expect("there is one")];
        assert_eq!((active.id.take, active.gain.to_bits()), (TakeId(1), 0.5_f32.to_bits()));
        let pool: Vec<_> = chosen.pool.iter().map(|place| chosen.items[*place].gain.to_bits()).collect();
        assert_eq!(pool, [1.0_f32.to_bits(); 2]);
    }

    #[test]
    fn keys_have_the_takes_they_were_given() {
        let session = session(&[false, false, false]);
        let keys = [(36, TakeId(2)), (38, TakeId(1)), (40, TakeId(9))].into();
        let chosen =
            Repertoire::new(&session, &Wishes::default(), &Arrangement { keys, ..Arrangement::default() });
        let of_keys: Vec<_> =
            chosen.keys.iter().map(|(key, place)| (*key, chosen.items[*place].id.take.0)).collect();
        assert_eq!(of_keys, [(36, 2), (38, 1)], "a take that is gone has no key");
    }

    #[test]
    fn more_takes_than_there_is_room_for_are_counted() {
        let session = session(&[true; MAX_SOUNDS + 6]);
        let chosen = Repertoire::new(&session, &Wishes::default(), &Arrangement::default());
        assert_eq!((chosen.items.len(), chosen.left_out), (MAX_SOUNDS, 6));
    }
}
