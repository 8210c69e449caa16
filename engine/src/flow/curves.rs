//! Curves that a sound is to follow: how loud and how bright it is at which time.
//!
//! As in Sketch2Sound ([García et al., 2024](https://arxiv.org/abs/2412.08550)): the network reads them token by token
//! through one linear layer, beside the latent. Each may be missing; a mark says that it is there, so that "as quiet as can
//! be" and "as you like" are different requests. With neither, all features are zero and the layer adds nothing.

/// Values of loudness per latent token: one every 11.6 ms in the default codec.
pub const LOUDNESS_PER_TOKEN: usize = 4;
/// Features of a token: the values of loudness and their mark, the centroid and its mark.
pub const FEATURES: usize = LOUDNESS_PER_TOKEN + 3;
/// Name of the layer that reads them.
pub const LAYER: &str = "curves";

/// Loudness that counts as silence, in dB below the loudest.
pub const FLOOR_DB: f32 = -60.0;
/// The centroid whose feature is zero, in Hz; the feature is in units of [`OCTAVES`].
const MIDDLE_HZ: f32 = 1000.0;
const OCTAVES: f32 = 3.0;

/// What the network reads of the curves of a clip, `[tokens, FEATURES]`.
///
/// # Shapes
/// - `loudness_db`: dB, 0 at the loudest, [`LOUDNESS_PER_TOKEN`] per token, or empty if it is free
/// - `centroid_hz`: Hz, one per token, or empty if it is free
///
/// A curve that is too short goes on as it ends.
#[must_use]
pub fn features(tokens: usize, loudness_db: &[f32], centroid_hz: &[f32]) -> Vec<f32> {
    let loudness =
        |i: usize| loudness_db.get(i).or(loudness_db.last()).map(|db| 1.0 - (db / FLOOR_DB).clamp(0.0, 1.0));
    let centroid = |i: usize| {
        let hz = centroid_hz.get(i).or(centroid_hz.last());
        hz.map(|hz| (hz.max(1.0) / MIDDLE_HZ).log2() / OCTAVES)
    };
    let mark = |value: Option<f32>| f32::from(u8::from(value.is_some()));
    let token = |i: usize| {
        let from = i * LOUDNESS_PER_TOKEN;
        let own = (from..from + LOUDNESS_PER_TOKEN).map(move |i| loudness(i).unwrap_or(0.0));
        own.chain([mark(loudness(from)), centroid(i).unwrap_or(0.0), mark(centroid(i))])
    };
    (0..tokens).flat_map(token).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_missing_is_zero_and_what_is_there_is_marked() {
        assert_eq!(features(2, &[], &[]), [0.0; 2 * FEATURES]);
        let loud = features(2, &[0.0, -30.0, -60.0, -90.0, -6.0], &[]);
        assert_eq!(loud[..FEATURES], [1.0, 0.5, 0.0, 0.0, 1.0, 0.0, 0.0]);
        // The last value goes on.
        assert_eq!(loud[FEATURES..], [0.9, 0.9, 0.9, 0.9, 1.0, 0.0, 0.0]);
        let bright = features(2, &[], &[8000.0, 500.0]);
        assert_eq!(bright[..FEATURES], [0.0, 0.0, 0.0, 0.0, 0.0, 1.0, 1.0]);
        assert!((bright[2 * FEATURES - 2] + 1.0 / 3.0).abs() < 1e-6);
    }
}
