//! The curves of recordings, from which a flow learns to follow those that are drawn or sung.
//!
//! They are measured from the training sound itself, so nobody has to label anything. What people draw is rougher than what
//! is measured: half of the examples have none, so that the flow needs none, and the others are smoothed by medians of
//! random width, as in Sketch2Sound ([García et al., 2024](https://arxiv.org/abs/2412.08550)).

use straightshot_engine::codec::Codec;
use straightshot_engine::flow::curves::{FEATURES, FLOOR_DB, LOUDNESS_PER_TOKEN, features};
use straightshot_engine::rng::Noise;

/// Share of examples without curves.
const FREE: f64 = 0.5;
/// Shares of the others with either curve.
const LOUD: f64 = 0.9;
const BRIGHT: f64 = 0.5;
/// Half widths of the medians, in values of loudness.
const SMOOTHING: [usize; 5] = [0, 1, 2, 4, 8];
/// A token quieter than this, in dB below the loudest, has no brightness of its own.
const HEARD_DB: f32 = -50.0;

/// Curves of a clip; empty where they are not known.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Measured {
    /// Root mean square of the samples, linear, [`LOUDNESS_PER_TOKEN`] per token.
    pub loudness: Vec<f32>,
    /// Spectral centroid by power, Hz, one per token.
    pub centroid_hz: Vec<f32>,
}

impl Measured {
    /// Curves of `samples` over `tokens` tokens.
    #[must_use]
    pub fn of(codec: &Codec, samples: &[f32], tokens: usize) -> Self {
        let (config, stft) = (codec.config(), codec.stft());
        let rms = |part: &[f32]| (part.iter().map(|x| x * x).sum::<f32>() / part.len().max(1) as f32).sqrt();
        let mut loudness: Vec<f32> =
            samples.chunks(config.samples_per_token() / LOUDNESS_PER_TOKEN).map(rms).collect();
        loudness.resize(tokens * LOUDNESS_PER_TOKEN, 0.0);
        let frames = config.samples_per_token() / config.hop_length;
        let spectrum = stft.forward(samples, tokens * frames);
        let hz = config.sample_rate_hz as f32 / config.n_fft as f32;
        let centroids = spectrum.chunks(frames * stft.bins()).map(|token| {
            let (mut power, mut moment) = (f32::MIN_POSITIVE, 0.0);
            for (at, value) in token.iter().enumerate() {
                let own = value.norm_sqr();
                (power, moment) = (power + own, moment + own * (at % stft.bins()) as f32 * hz);
            }
            moment / power
        });
        Self { loudness, centroid_hz: centroids.collect() }
    }

    /// What a flow is given of the `kept` tokens from `start` with `tail` tokens of silence behind them,
    /// `[tokens, FEATURES]`, with what `random` leaves of them.
    #[must_use]
    pub fn drawn(&self, start: usize, kept: usize, tail: usize, random: &mut Noise) -> Vec<f32> {
        let [free, loud, bright] = [FREE, LOUD, BRIGHT].map(|share| random.uniform() < share);
        let half = SMOOTHING[random.below(SMOOTHING.len())];
        if free || self.loudness.is_empty() {
            return vec![0.0; (kept + tail) * FEATURES];
        }
        let own = &self.loudness[start * LOUDNESS_PER_TOKEN..][..kept * LOUDNESS_PER_TOKEN];
        let loudest = own.iter().copied().fold(f32::MIN_POSITIVE, f32::max);
        let db: Vec<f32> =
            own.iter().map(|x| (20.0 * (x / loudest).max(1e-6).log10()).max(FLOOR_DB)).collect();
        // What is silent is as bright as what came before it.
        let mut last = 0.0;
        let mut centroid: Vec<f32> = Vec::with_capacity(kept);
        for (own, db) in self.centroid_hz[start..][..kept].iter().zip(db.chunks(LOUDNESS_PER_TOKEN)) {
            if last == 0.0 || db.iter().any(|&db| db > HEARD_DB) {
                last = *own;
            }
            centroid.push(last);
        }
        // What is drawn is 0 dB at its loudest too, however smooth.
        let mut db = medians(&db, half);
        let loudest = db.iter().copied().fold(FLOOR_DB, f32::max);
        db.iter_mut().for_each(|db| *db -= loudest);
        db.resize((kept + tail) * LOUDNESS_PER_TOKEN, FLOOR_DB);
        let centroid = medians(&centroid, half.div_ceil(LOUDNESS_PER_TOKEN));
        features(kept + tail, if loud { &db } else { &[] }, if bright { &centroid } else { &[] })
    }
}

/// Running median over `half` values on either side; fewer at the ends.
fn medians(values: &[f32], half: usize) -> Vec<f32> {
    let median = |i: usize| {
        let mut near = values[i.saturating_sub(half)..(i + half + 1).min(values.len())].to_vec();
        near.sort_by(f32::total_cmp);
        near[near.len() / 2]
    };
    (0..values.len()).map(median).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use straightshot_engine::rng::Stream;

    #[test]
    fn medians_keep_edges_and_remove_spikes() {
        assert_eq!(medians(&[0.0, 0.0, 9.0, 0.0, 5.0, 5.0, 5.0], 1), [0.0, 0.0, 0.0, 5.0, 5.0, 5.0, 5.0]);
        assert_eq!(medians(&[3.0, 1.0], 0), [3.0, 1.0]);
    }

    #[test]
    fn curves_are_cut_like_the_latent_and_are_missing_as_often_as_said() {
        // Eight tokens, twice as loud from one to the next, the last two silent.
        let level = |i: usize| if i < 24 { (2f32).powi((i / 4) as i32) } else { 0.0 };
        let clip = Measured {
            loudness: (0..32).map(level).collect(),
            centroid_hz: (0..8u8).map(|i| 1000.0 * f32::from(i + 1)).collect(),
        };
        let mut random = Noise::new(3, Stream::Training);
        let (mut free, mut loud, mut bright) = (0, 0, 0);
        for _ in 0..2000 {
            let drawn = clip.drawn(3, 5, 2, &mut random);
            assert_eq!(drawn.len(), 7 * FEATURES);
            let (has_loud, has_bright) = (drawn[LOUDNESS_PER_TOKEN] > 0.0, drawn[FEATURES - 1] > 0.0);
            free += usize::from(!has_loud && !has_bright);
            loud += usize::from(has_loud);
            bright += usize::from(has_bright);
            if has_loud {
                // However smooth, the loudest is 0 dB and rises to the third of the five; silence comes behind and stays.
                let at = |token: usize| drawn[token * FEATURES];
                let loudest = (0..5).map(at).fold(0.0, f32::max);
                assert!(loudest == 1.0 && (0.79..=1.0).contains(&at(0)) && at(2) >= at(4), "{drawn:?}");
                assert_eq!((at(5), at(6)), (0.0, 0.0));
            }
        }
        // 0.5 of all are free and 0.05 of the others have neither; 0.45 have loudness, 0.25 the centroid.
        let near = |n: usize, share: f64| (n as f64 / 2000.0 - share).abs() < 0.04;
        assert!(near(free, 0.525) && near(loud, 0.45) && near(bright, 0.25), "{free} {loud} {bright}");
        assert_eq!(Measured::default().drawn(0, 3, 0, &mut random), [0.0; 3 * FEATURES]);
    }
}
