//! What a seed decides: whether one seed gives different prompts the same rhythm, and how far apart seeds make the sounds
//! of one prompt.
//!
//! Rhythms are compared by the correlation of level rises: by how many dB the level in windows of 20 ms is above that of
//! the window before, nought where it falls, as in the spectral flux of [Bello et al., 2005](https://doi.org/10.1109/TSA.2005.851998)
//! without the spectrum. Variety is the mean distance of the mean embeddings of two sounds, in the unit of the embedder:
//! compare it with that of recordings of one class only, under the same embedder.
//!
//! What they do not see: the first, a rhythm that is the same but moved by more than a window; the second, variety that
//! the embedder is deaf to, and faults, which make sounds different too.

use super::curve::{self, Curve};

const STEP_S: f64 = 0.020;
/// Levels count down to here, in dB below the loudest: what rises further down is not heard as an event.
const RANGE_DB: f64 = 40.0;

/// Rises of the level from window to window in dB.
///
/// # Shapes
/// - `samples`: mono, at `rate_hz`
/// - returns: one less than there are windows
#[must_use]
pub fn rises(samples: &[f32], rate_hz: u32) -> Vec<f64> {
    let levels = Curve::new(samples, rate_hz, STEP_S, STEP_S).levels_db(RANGE_DB);
    levels.windows(2).map(|pair| (pair[1] - pair[0]).max(0.0)).collect()
}

/// Correlations of the rises of every two sounds that `counts` admits by their numbers.
#[must_use]
pub fn correlations(rises: &[Vec<f64>], counts: impl Fn(usize, usize) -> bool) -> Vec<f64> {
    let pairs = (0..rises.len()).flat_map(|i| (0..i).map(move |j| (j, i)));
    pairs
        .filter(|&(i, j)| counts(i, j))
        .filter_map(|(i, j)| curve::correlation(&rises[i], &rises[j]))
        .collect()
}

/// Correlations of the rises of sounds of several kinds, grouped by pair of kinds: of one kind or of two, of one seed or of
/// two.
///
/// # Shapes
/// - `rises`: kind by kind, `seeds` sounds of each in the same order of seeds
#[must_use]
pub fn correlations_by_kinds(
    rises: &[Vec<f64>],
    seeds: usize,
    same_kind: bool,
    same_seed: bool,
) -> Vec<Vec<f64>> {
    let kinds = rises.len() / seeds.max(1);
    let pairs = (0..kinds).flat_map(|b| (0..=b).map(move |a| (a, b)));
    let group = |pair: (usize, usize)| {
        correlations(rises, |i, j| {
            (i.min(j) / seeds, i.max(j) / seeds) == pair && (i % seeds == j % seeds) == same_seed
        })
    };
    let groups = pairs.filter(|(a, b)| (a == b) == same_kind).map(group);
    groups.filter(|group| !group.is_empty()).collect()
}

/// Mean Euclidean distance of every two of the embeddings; `None` with fewer than two.
///
/// # Shapes
/// - `embeddings`: one per sound, all of one length
#[must_use]
pub fn variety(embeddings: &[Vec<f64>]) -> Option<f64> {
    let distance = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(x, y)| (x - y).powi(2)).sum::<f64>().sqrt();
    let pairs = (0..embeddings.len()).flat_map(|i| (0..i).map(move |j| (j, i)));
    let all: Vec<f64> = pairs.map(|(i, j)| distance(&embeddings[i], &embeddings[j])).collect();
    (!all.is_empty()).then(|| all.iter().sum::<f64>() / all.len() as f64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::synthetic::{self, RATE_HZ};

    #[test]
    fn one_rhythm_correlates_in_different_sounds_and_different_ones_do_not() {
        let (one, other) = ([0.2, 0.5, 1.3, 2.1], [0.35, 0.9, 1.6, 1.85]);
        let low = |times: &[f64]| synthetic::events(2.5, times, 0.1);
        let high: Vec<f32> = synthetic::events(2.5, &one, 0.05)
            .iter()
            .zip(synthetic::noise(2.5, 8))
            .map(|(event, noise)| event * noise)
            .collect();
        let rises = [low(&one), high, low(&other)].map(|sound| rises(&sound, RATE_HZ));
        let same = correlations(&rises, |i, j| (i, j) == (0, 1));
        let different = correlations(&rises, |i, j| (i, j) == (0, 2));
        assert!(same.len() == 1 && same[0] > 0.9, "{same:?}");
        assert!(different.len() == 1 && different[0].abs() < 0.2, "{different:?}");
        assert_eq!(correlations(&rises, |_, _| true).len(), 3);
    }

    #[test]
    fn kinds_and_seeds_are_told_apart() {
        // Three kinds, two seeds: the seed alone makes the rhythm.
        let (first, second) = (vec![1.0, 0.0, 0.0, 0.0], vec![0.0, 0.0, 1.0, 0.0]);
        let rises: Vec<Vec<f64>> = (0..3).flat_map(|_| [first.clone(), second.clone()]).collect();
        let by = |same_kind, same_seed| correlations_by_kinds(&rises, 2, same_kind, same_seed);
        let other_kind = by(false, true);
        assert_eq!(other_kind.iter().map(Vec::len).collect::<Vec<_>>(), [2, 2, 2]);
        assert!(other_kind.concat().iter().all(|r| (r - 1.0).abs() < 1e-12));
        assert!(by(false, false).concat().iter().all(|r| (r + 1.0 / 3.0).abs() < 1e-12));
        assert_eq!(by(true, false).iter().map(Vec::len).collect::<Vec<_>>(), [1, 1, 1]);
        assert!(by(true, true).is_empty());
    }

    #[test]
    fn silence_correlates_with_nothing() {
        let silent = rises(&[0.0; 44_100], RATE_HZ);
        assert!(correlations(&[silent.clone(), silent], |_, _| true).is_empty());
    }

    #[test]
    fn variety_is_the_mean_distance_of_pairs() {
        let corners = [vec![0.0, 0.0], vec![3.0, 4.0], vec![0.0, 4.0]];
        assert_eq!(variety(&corners), Some(4.0));
        assert_eq!(variety(&corners[..1]), None);
    }
}
