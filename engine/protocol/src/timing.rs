//! When the events of a sound happen.

use serde::{Deserialize, Serialize};

/// Most hits of a sound: more than ten a second for half a minute.
pub const MOST_HITS: usize = 512;

/// Who says when things happen.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Timing {
    /// The text, where it names events ("three slow knocks"), and the model everything else.
    #[default]
    Text,
    /// The model alone.
    Free,
    /// These hits, each one event of what the text names; in order.
    Hits(Vec<Hit>),
}

/// One event.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Hit {
    /// When it is loudest first, seconds from the beginning.
    pub seconds: f64,
    /// Level beside the other events, dB; 0 is full.
    pub level_db: f32,
}

impl Hit {
    /// At full level.
    #[must_use]
    pub fn at(seconds: f64) -> Self {
        Self { seconds, level_db: 0.0 }
    }
}

impl Timing {
    /// As it is for a sound of so many seconds: without the hits behind its end, and by the text if none is left.
    #[must_use]
    pub fn within(&self, seconds: f64) -> Self {
        let Self::Hits(hits) = self else { return self.clone() };
        let inside: Vec<Hit> = hits.iter().copied().filter(|hit| hit.seconds < seconds).collect();
        if inside.is_empty() { Self::Text } else { Self::Hits(inside) }
    }

    /// Whether the text says when things happen, so that it need not be written.
    #[must_use]
    pub fn is_text(&self) -> bool {
        *self == Self::Text
    }

    /// What is wrong with it for a sound of so many seconds, if anything is.
    pub(crate) fn fault(&self, seconds: f64) -> Option<String> {
        let Self::Hits(hits) = self else { return None };
        if hits.is_empty() || hits.len() > MOST_HITS {
            return Some(format!("{} hits were asked for; 1 to {MOST_HITS} are possible", hits.len()));
        }
        // Not a number is in no range.
        if let Some(hit) = hits.iter().find(|hit| !(0.0..seconds).contains(&hit.seconds)) {
            let at = hit.seconds;
            return Some(format!("A hit at {at} s was asked for, in a sound of {seconds} s"));
        }
        if let Some(hit) = hits.iter().find(|hit| !(-60.0..=0.0).contains(&hit.level_db)) {
            return Some(format!("A hit of {} dB was asked for; -60 to 0 dB are possible", hit.level_db));
        }
        let is_in_order = hits.windows(2).all(|pair| pair[0].seconds <= pair[1].seconds);
        (!is_in_order).then(|| "The hits are not in the order of their times".into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hits_that_no_sound_can_have_are_told() {
        let fault = |hits: Vec<Hit>| Timing::Hits(hits).fault(2.0);
        assert_eq!(fault(vec![Hit::at(0.0), Hit { seconds: 1.5, level_db: -6.0 }]), None);
        assert_eq!(Timing::Free.fault(2.0), None);
        let two = Timing::Hits(vec![Hit::at(0.0), Hit::at(1.0)]);
        assert_eq!(two.within(0.5), Timing::Hits(vec![Hit::at(0.0)]));
        assert_eq!(Timing::Hits(vec![Hit::at(1.0)]).within(0.5), Timing::Text);
        let wrong = [
            (vec![], "0 hits"),
            (vec![Hit::at(0.0); MOST_HITS + 1], "513 hits"),
            (vec![Hit::at(2.0)], "a sound of 2 s"),
            (vec![Hit::at(f64::NAN)], "NaN"),
            (vec![Hit { seconds: 0.0, level_db: 3.0 }], "3 dB"),
            (vec![Hit::at(1.0), Hit::at(0.5)], "order"),
        ];
        for (hits, says) in wrong {
            let fault = fault(hits).unwrap();
            assert!(fault.contains(says), "{fault}");
        }
    }
}
