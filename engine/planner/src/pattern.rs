//! From what a text says to times and levels.

use crate::wording::Wording;
use straightshot_protocol::{Hit, MOST_HITS};

/// Shortest interval, s: the ear hears faster ones as one sound.
const LEAST_INTERVAL: f64 = 0.14;
/// What is left at the end of a sound for its last event, s, and as a share of an interval at most.
const LAST: f64 = 0.3;
/// Pause between groups, in intervals.
const PAUSE: f64 = 2.0;

/// The hits of a sound of so many seconds.
pub(crate) fn hits(wording: &Wording, seconds: f64, seed: u64) -> Vec<Hit> {
    let kind = wording.kind;
    let mut random = Random::of(seed, kind.one[0]);
    let mut interval = (1.0 / (kind.rate_hz * wording.tempo)).max(LEAST_INTERVAL);
    if wording.count == Some(1) {
        return vec![Hit::at(0.0)];
    }
    if let Some(count) = wording.count {
        // All of them, if they can be in this length at all.
        let longest = (seconds - LAST.min(0.3 * seconds)) / (count as f64 + 0.3);
        interval = interval.min(longest).max(LEAST_INTERVAL.min(seconds / count as f64));
    }
    let jitter = (kind.jitter * wording.jitter.unwrap_or(1.0)).min(0.6);
    let last = seconds - LAST.min(0.5 * interval).min(0.3 * seconds);
    let most = wording.count.unwrap_or(MOST_HITS);
    // With a change, how many there are is known before: so many intervals between its ends are as long as all.
    let expected = wording.count.unwrap_or((seconds / interval) as usize).max(2) as f64;
    let mut time = random.uniform() * (0.5 * interval).min(0.4);
    let mut hits = Vec::new();
    let mut group = random.group(kind.group);
    while hits.len() < most && (time < last || wording.count.is_some()) {
        let level_db = -kind.spread_db * random.uniform() as f32;
        hits.push(Hit { seconds: time.min(seconds - 1e-3).max(0.0), level_db });
        let done = (hits.len() as f64 - 0.5) / expected;
        // From √(1/change) to √change times the interval.
        let slower = wording.change.powf(done.min(1.0) - 0.5);
        let varied = 1.0 + jitter * (2.0 * random.uniform() - 1.0);
        time += interval * slower * varied;
        if wording.count.is_none() {
            group = group.map(|left| left - 1);
            if group == Some(0) {
                time += interval * PAUSE * (0.6 + 0.8 * random.uniform());
                group = random.group(kind.group);
            }
        }
    }
    if let Some(last) = hits.last().filter(|hit| hit.seconds > seconds - LEAST_INTERVAL) {
        // Jitter has added up: all of them a little closer.
        let squeeze = (seconds - LEAST_INTERVAL).max(0.5 * seconds) / last.seconds;
        hits.iter_mut().for_each(|hit| hit.seconds *= squeeze);
    }
    hits
}

/// How long a sound of this text has to be for what it says; nothing where it goes on as long as it may.
pub(crate) fn needed_seconds(wording: &Wording) -> Option<f64> {
    let kind = wording.kind;
    match wording.count? {
        // What falls in pieces goes on for as long as they do.
        1 => kind.is_one_stroke.then_some(kind.seconds),
        count => {
            let interval = (1.0 / (kind.rate_hz * wording.tempo)).max(LEAST_INTERVAL);
            Some((count as f64 + 0.3) * interval + LAST)
        }
    }
}

/// Which of so many events each hit is: in rounds, each in another order, so that none comes twice in a row. Two take turns.
pub(crate) fn without_repeats(hits: Vec<Hit>, events: usize, seed: u64) -> Vec<(Hit, usize)> {
    let mut random = Random::of(seed, "order");
    let mut round: Vec<usize> = (0..events).collect();
    let mut out: Vec<(Hit, usize)> = Vec::with_capacity(hits.len());
    for (i, hit) in hits.into_iter().enumerate() {
        let at = i % events;
        if at == 0 && i > 0 && events > 2 {
            let last = out.last().map(|(_, event)| *event);
            random.shuffle(&mut round);
            if round.first().copied() == last {
                round.swap(0, 1);
            }
        }
        out.push((hit, round[at]));
    }
    out
}

/// Numbers from a seed and a word: the splitmix64 generator.
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn of(seed: u64, word: &str) -> Self {
        // FNV-1a, so that neighbouring seeds and kinds have nothing in common.
        let hash = word.bytes().fold(0xcbf2_9ce4_8422_2325u64, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        });
        let mut random = Self(seed ^ hash);
        random.next();
        random
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// From 0 to 1.
    pub(crate) fn uniform(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1u64 << 53) as f64
    }

    fn below(&mut self, n: usize) -> usize {
        (self.uniform() * n as f64) as usize
    }

    fn group(&mut self, sizes: Option<(usize, usize)>) -> Option<usize> {
        sizes.map(|(least, most)| least + self.below(most - least + 1))
    }

    fn shuffle(&mut self, order: &mut [usize]) {
        for i in (1..order.len()).rev() {
            order.swap(i, self.below(i + 1));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn times(text: &str, seconds: f64, seed: u64) -> Vec<f64> {
        hits(&Wording::of(text).unwrap(), seconds, seed).iter().map(|hit| hit.seconds).collect()
    }

    #[test]
    fn numbers_are_kept_at_every_length() {
        for seed in 0..50 {
            for (word, count) in
                [("one knock", 1), ("two knocks", 2), ("three knocks", 3), ("five knocks", 5)]
            {
                for seconds in [1.0, 2.0, 3.0, 30.0] {
                    let times = times(word, seconds, seed);
                    assert_eq!(times.len(), count, "{word} in {seconds} s");
                    assert!(times.windows(2).all(|t| t[1] - t[0] >= 0.1), "{times:?}");
                    assert!(times.iter().all(|t| (0.0..seconds).contains(t)), "{times:?}");
                }
            }
        }
        // More than a length can hold: all of them, and none outside.
        assert_eq!(times("twelve knocks", 0.5, 1).len(), 12);
        assert!(times("twelve knocks", 0.5, 1).iter().all(|t| (0.0..0.5).contains(t)));
    }

    #[test]
    fn one_event_begins_at_once_and_does_not_come_again() {
        assert_eq!(times("gunshot", 30.0, 3), [0.0]);
        assert_eq!(times("footstep on gravel", 5.0, 3), [0.0]);
    }

    #[test]
    fn fast_is_faster_than_slow_and_clocks_are_even() {
        for seed in 0..50 {
            let (slow, fast) = (times("slow footsteps", 5.0, seed), times("fast footsteps", 5.0, seed));
            assert!(fast.len() as f64 > 2.5 * slow.len() as f64, "{} and {}", fast.len(), slow.len());
            let ticks = times("clock ticking", 10.0, seed);
            let gaps: Vec<f64> = ticks.windows(2).map(|t| t[1] - t[0]).collect();
            let mean = gaps.iter().sum::<f64>() / gaps.len() as f64;
            assert!(
                (mean - 0.5).abs() < 0.01 && gaps.iter().all(|gap| (gap - mean).abs() < 0.02),
                "{gaps:?}"
            );
        }
    }

    #[test]
    fn what_speeds_up_does() {
        let times = times("footsteps speeding up", 8.0, 5);
        let gaps: Vec<f64> = times.windows(2).map(|t| t[1] - t[0]).collect();
        assert!(gaps.len() > 6 && gaps[gaps.len() - 1] < 0.6 * gaps[0], "{gaps:?}");
    }

    #[test]
    fn kinds_share_no_rhythm_and_no_event_comes_twice_in_a_row() {
        let first = |text| times(text, 5.0, 9)[0];
        assert!((first("knocking") - first("footsteps")).abs() > 0.01);
        let order: Vec<usize> =
            without_repeats(vec![Hit::at(0.0); 100], 5, 2).iter().map(|hit| hit.1).collect();
        assert!(order.windows(2).all(|pair| pair[0] != pair[1]), "{order:?}");
        assert!((0..5).all(|event| order.contains(&event)));
        let turns: Vec<usize> =
            without_repeats(vec![Hit::at(0.0); 5], 2, 2).iter().map(|hit| hit.1).collect();
        assert_eq!(turns, [0, 1, 0, 1, 0]);
    }
}
