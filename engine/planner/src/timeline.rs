//! All that a text says of time.

use crate::together::together;
use crate::{Part, Plan, plan, sequence};
use straightshot_protocol::{Hit, Timing};

/// How a sound comes about in time.
#[derive(Debug, Clone, PartialEq)]
pub enum Timeline {
    /// Events at their times.
    Events(Plan),
    /// Things that follow each other, or are heard at one time, two or more.
    Parts(Vec<Part>),
    /// As a network makes it: neither text nor timing say more.
    Open,
}

/// What `prompt` and `timing` say of a sound of so many seconds. Events that have their times already are not cut into parts, and
/// what follows each other is not mixed.
///
/// ```
/// use straightshot_planner::{Timeline, timeline};
/// use straightshot_protocol::Timing;
///
/// assert!(matches!(timeline("three knocks", &Timing::Text, 4.0, 7), Timeline::Events(_)));
/// assert!(matches!(timeline("thunder, then rain", &Timing::Text, 4.0, 7), Timeline::Parts(_)));
/// assert!(matches!(timeline("footsteps in the rain", &Timing::Text, 4.0, 7), Timeline::Parts(_)));
/// assert_eq!(timeline("rain", &Timing::Text, 4.0, 7), Timeline::Open);
/// ```
#[must_use]
pub fn timeline(prompt: &str, timing: &Timing, seconds: f64, seed: u64) -> Timeline {
    let events = plan(prompt, timing, seconds, seed).map(Timeline::Events);
    let parts =
        || sequence(prompt, timing, seconds, seed).or_else(|| together(prompt, timing, seconds, seed));
    events.or_else(|| parts().map(Timeline::Parts)).unwrap_or(Timeline::Open)
}

impl Timeline {
    /// The hits in order, of every part as well.
    #[must_use]
    pub fn hits(&self) -> Vec<Hit> {
        let of = |plan: &Plan| plan.hits.iter().map(|(hit, _)| *hit).collect::<Vec<Hit>>();
        match self {
            Self::Events(plan) => of(plan),
            Self::Parts(parts) => {
                let of_part = |part: &Part| {
                    let start = part.start;
                    let hits = part.plan.as_ref().map(of).unwrap_or_default();
                    hits.into_iter().map(move |hit| Hit { seconds: start + hit.seconds, ..hit })
                };
                let mut hits: Vec<Hit> = parts.iter().flat_map(of_part).collect();
                hits.sort_by(|a, b| a.seconds.total_cmp(&b.seconds));
                hits
            }
            Self::Open => Vec::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hits_of_parts_stand_behind_their_beginning() {
        let timeline = timeline("three knocks, then two claps", &Timing::Text, 6.0, 3);
        let Timeline::Parts(parts) = &timeline else { panic!("{timeline:?}") };
        let hits = timeline.hits();
        assert_eq!(hits.len(), 5);
        assert!(hits[..3].iter().all(|hit| hit.seconds < parts[1].start));
        assert!(hits[3..].iter().all(|hit| hit.seconds >= parts[1].start));
    }

    #[test]
    fn hits_of_ones_own_are_those_of_the_whole_sound() {
        let own = vec![Hit { seconds: 0.5, level_db: 0.0 }, Hit { seconds: 1.0, level_db: -6.0 }];
        let timing = Timing::Hits(own.clone());
        let timeline = timeline("a knock, then a clap", &timing, 4.0, 1);
        assert!(matches!(timeline, Timeline::Events(_)));
        assert_eq!(timeline.hits(), own);
    }
}
