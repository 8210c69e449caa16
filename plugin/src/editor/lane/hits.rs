//! Hits as they are moved about: where a new one goes, what a key does.

use straightshot_protocol::{Hit, MOST_HITS};

/// Quietest hit that can be drawn, dB: the lower end of the lane.
pub(super) const LEAST_DB: f32 = -30.0;
/// Hits are never nearer than this to the end of the sound, s.
const LAST_S: f64 = 0.001;

/// What a key does with the chosen hit.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Step {
    /// Later, in seconds; earlier if negative.
    Later(f64),
    /// Louder, in dB; quieter if negative.
    Louder(f32),
    /// Chooses the next one, or the one before.
    Next(bool),
    /// One more behind it.
    Add,
    /// Without it.
    Remove,
}

/// `hits` in the order of their times, and where the one that was at `index` is now.
pub(super) fn sorted(mut hits: Vec<Hit>, index: usize) -> (Vec<Hit>, usize) {
    let Some(hit) = hits.get(index).copied() else { return (hits, index) };
    hits.remove(index);
    let at = hits.partition_point(|other| other.seconds <= hit.seconds);
    hits.insert(at, hit);
    (hits, at)
}

/// Adds a hit; `None` if there are as many as there can be.
pub(super) fn added(mut hits: Vec<Hit>, hit: Hit, seconds: f64) -> Option<(Vec<Hit>, usize)> {
    if hits.len() >= MOST_HITS {
        return None;
    }
    hits.push(within(hit, seconds));
    let last = hits.len() - 1;
    Some(sorted(hits, last))
}

/// A hit inside of the sound and of the lane.
pub(super) fn within(hit: Hit, seconds: f64) -> Hit {
    Hit {
        seconds: hit.seconds.clamp(0.0, (seconds - LAST_S).max(0.0)),
        level_db: hit.level_db.clamp(LEAST_DB, 0.0),
    }
}

/// What becomes of `hits` and of which is chosen.
pub(super) fn stepped(
    hits: &[Hit],
    chosen: Option<usize>,
    step: Step,
    seconds: f64,
) -> (Vec<Hit>, Option<usize>) {
    let hits = hits.to_vec();
    let Some(index) = chosen.filter(|index| *index < hits.len()) else {
        return match step {
            Step::Add => match added(hits.clone(), Hit::at(0.0), seconds) {
                Some((hits, at)) => (hits, Some(at)),
                None => (hits, None),
            },
            // Without a chosen one, the first key chooses.
            _ => {
                let first = (!hits.is_empty()).then_some(0);
                (hits, first)
            }
        };
    };
    let hit = hits[index];
    let moved = |hit: Hit| {
        let mut hits = hits.clone();
        hits[index] = within(hit, seconds);
        let (hits, at) = sorted(hits, index);
        (hits, Some(at))
    };
    match step {
        Step::Later(by) => moved(Hit { seconds: hit.seconds + by, ..hit }),
        Step::Louder(by) => moved(Hit { level_db: hit.level_db + by, ..hit }),
        Step::Next(true) => (hits.clone(), Some((index + 1).min(hits.len() - 1))),
        Step::Next(false) => (hits, Some(index.saturating_sub(1))),
        Step::Add => {
            // As far behind as this one is behind the one before.
            let before = index.checked_sub(1).map_or(0.0, |before| hits[before].seconds);
            let gap = if index == 0 { 0.5 } else { (hit.seconds - before).max(0.05) };
            match added(hits.clone(), Hit { seconds: hit.seconds + gap, ..hit }, seconds) {
                Some((hits, at)) => (hits, Some(at)),
                None => (hits, Some(index)),
            }
        }
        Step::Remove => {
            let mut hits = hits;
            hits.remove(index);
            let left = hits.len();
            (hits, (left > 0).then(|| index.min(left - 1)))
        }
    }
}

/// Taps in time: the first is the beginning of the sound.
#[derive(Debug, Default, Clone, PartialEq)]
pub(super) struct Tapping {
    /// When the first one was, in seconds of the window's clock.
    since_s: Option<f64>,
    hits: Vec<Hit>,
}

/// After so many seconds without a tap the next one begins anew.
const PAUSE_S: f64 = 3.0;

impl Tapping {
    /// The hits with one more at the time `now_s` of the window's clock.
    pub(super) fn tap(&mut self, now_s: f64, seconds: f64) -> Vec<Hit> {
        let time = self.since_s.map_or(0.0, |since| now_s - since);
        let last = self.hits.last().map_or(0.0, |hit| hit.seconds);
        let begins = self.since_s.is_none() || time >= seconds || time - last > PAUSE_S;
        if begins {
            *self = Self { since_s: Some(now_s), hits: vec![Hit::at(0.0)] };
        } else if self.hits.len() < MOST_HITS {
            self.hits.push(Hit::at(time));
        }
        self.hits.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn times(hits: &[Hit]) -> Vec<f64> {
        hits.iter().map(|hit| hit.seconds).collect()
    }

    #[test]
    fn keys_move_choose_add_and_remove() {
        let hits = [0.0, 0.5, 1.0].map(Hit::at).to_vec();
        let (moved, chosen) = stepped(&hits, Some(0), Step::Later(0.6), 2.0);
        assert_eq!((times(&moved), chosen), (vec![0.5, 0.6, 1.0], Some(1)));
        let (moved, _) = stepped(&hits, Some(2), Step::Later(5.0), 2.0);
        assert_eq!(moved[2].seconds, 1.999);
        let (quieter, _) = stepped(&hits, Some(1), Step::Louder(-6.0), 2.0);
        assert_eq!(quieter[1].level_db, -6.0);
        assert_eq!(stepped(&hits, Some(1), Step::Louder(6.0), 2.0).0[1].level_db, 0.0);
        assert_eq!(stepped(&hits, Some(2), Step::Next(true), 2.0).1, Some(2));
        assert_eq!(stepped(&hits, None, Step::Next(true), 2.0), (hits.clone(), Some(0)));
        let (more, chosen) = stepped(&hits, Some(2), Step::Add, 2.0);
        assert_eq!((times(&more), chosen), (vec![0.0, 0.5, 1.0, 1.5], Some(3)));
        assert_eq!(stepped(&[], None, Step::Add, 2.0), (vec![Hit::at(0.0)], Some(0)));
        let (fewer, chosen) = stepped(&hits, Some(2), Step::Remove, 2.0);
        assert_eq!((times(&fewer), chosen), (vec![0.0, 0.5], Some(1)));
        assert_eq!(stepped(&fewer[..1], Some(0), Step::Remove, 2.0), (vec![], None));
    }

    #[test]
    fn there_are_never_more_than_can_be() {
        let full = vec![Hit::at(0.1); MOST_HITS];
        assert_eq!(added(full.clone(), Hit::at(0.2), 1.0), None);
        assert_eq!(stepped(&full, Some(3), Step::Add, 1.0), (full, Some(3)));
    }

    #[test]
    fn taps_count_from_the_first_and_begin_anew_after_a_pause() {
        let mut tapping = Tapping::default();
        assert_eq!(times(&tapping.tap(10.0, 4.0)), [0.0]);
        assert_eq!(times(&tapping.tap(10.5, 4.0)), [0.0, 0.5]);
        assert_eq!(times(&tapping.tap(11.5, 4.0)), [0.0, 0.5, 1.5]);
        assert_eq!(times(&tapping.tap(14.1, 4.0)), [0.0], "the sound was over");
        assert_eq!(times(&tapping.tap(18.0, 9.0)), [0.0], "a pause");
    }
}
