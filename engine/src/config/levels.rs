//! Sizes of the levels that a codec brings its sound to.

use serde::{Deserialize, Serialize};

/// Levels of a codec: short frames, wide bands, and the network that says how loud each is
/// ([`crate::codec::levels`]).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LevelsConfig {
    /// Window of the short frames in samples.
    pub n_fft: usize,
    /// Samples between short frames.
    pub hop_length: usize,
    /// Bins of each band, from low to high; every bin is in one.
    pub bands: Vec<usize>,
    /// Features that the network reads of each band of the decoder.
    pub features: usize,
    /// Normal deviates that it draws for each token.
    pub noise: usize,
    /// Width of its hidden layers.
    pub hidden: usize,
    /// Channels of the latent that say what the levels are, behind those of the spectrum
    /// ([`crate::codec::levels::code`]); in models without, they are drawn.
    #[serde(default, skip_serializing_if = "is_none")]
    pub in_latent: usize,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
fn is_none(channels: &usize) -> bool {
    *channels == 0
}

/// Bands that the range of hearing is cut into; where they are narrower than a bin, several become one.
const ERB_BANDS: usize = 24;

impl LevelsConfig {
    /// Windows of 256 samples every 64 and 21 bands of about equal width to the ear.
    #[must_use]
    pub fn standard(sample_rate_hz: u32) -> Self {
        let n_fft = 256;
        Self {
            n_fft,
            hop_length: 64,
            bands: erb_bands(n_fft, sample_rate_hz),
            features: 8,
            noise: 32,
            hidden: 512,
            in_latent: 0,
        }
    }

    /// Bins of a short frame.
    #[must_use]
    pub fn bins(&self) -> usize {
        self.n_fft / 2 + 1
    }

    /// Numbers of levels that a token of so many samples has.
    #[must_use]
    pub fn numbers(&self, samples_per_token: usize) -> usize {
        samples_per_token / self.hop_length.max(1) * self.bands.len()
    }

    /// Whether each condition on the sizes holds for a codec with this hop and so many samples in a token, and what to say
    /// if it does not.
    pub(super) fn checks(&self, codec_hop: usize, samples_per_token: usize) -> [(bool, &'static str); 5] {
        let hop = self.hop_length;
        let covered = self.bands.iter().fold(0, |sum: usize, &bins| sum.saturating_add(bins));
        [
            (
                (16..=16_384).contains(&self.n_fft)
                    && hop > 0
                    && self.n_fft.is_multiple_of(hop.saturating_mul(2)),
                "codec.levels.n_fft is not a multiple of twice codec.levels.hop_length",
            ),
            (
                hop >= 8 && codec_hop.is_multiple_of(hop) && samples_per_token.is_multiple_of(hop),
                "codec.hop_length is not a multiple of codec.levels.hop_length",
            ),
            (
                covered == self.bins() && self.bands.iter().all(|&bins| bins > 0),
                "codec.levels.bands do not cover its bins",
            ),
            (
                [self.features, self.noise, self.hidden].iter().all(|size| (1..=8192).contains(size)),
                "a width of codec.levels is out of range",
            ),
            (self.in_latent <= 1024, "codec.levels.in_latent is out of range"),
        ]
    }
}

/// Bins in each of at most [`ERB_BANDS`] bands of equal width on the scale of equivalent rectangular bandwidths,
/// `21.4 log₁₀(1 + 0.00437 f)` ([Glasberg and Moore, 1990](https://doi.org/10.1016/0378-5955(90)90170-T)), none of them
/// empty.
fn erb_bands(n_fft: usize, sample_rate_hz: u32) -> Vec<usize> {
    let rate_hz = f64::from(sample_rate_hz);
    let top = (1.0 + 0.00437 * rate_hz / 2.0).ln();
    let mut edges = vec![0usize];
    for band in 1..ERB_BANDS {
        let hz = ((top * band as f64 / ERB_BANDS as f64).exp() - 1.0) / 0.00437;
        let edge = (hz * n_fft as f64 / rate_hz).round() as usize;
        if edges.last() != Some(&edge) {
            edges.push(edge);
        }
    }
    edges.push(n_fft / 2 + 1);
    edges.windows(2).map(|edge| edge[1] - edge[0]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_standard_has_21_bands_that_grow_and_cover_all_bins() {
        let levels = LevelsConfig::standard(44_100);
        assert_eq!(levels.bands, [1, 1, 1, 1, 1, 1, 2, 2, 2, 3, 3, 4, 5, 6, 7, 8, 11, 13, 15, 19, 23]);
        assert!(levels.checks(256, 2048).iter().all(|(holds, _)| *holds));
    }

    /// Models of before stay the same bytes: what has no levels says nothing of them.
    #[test]
    fn a_configuration_says_whether_there_are_levels() {
        use crate::config::CodecConfig;
        let without = CodecConfig::default();
        let text = serde_json::to_string(&without).unwrap();
        assert!(!text.contains("levels"));
        assert_eq!(serde_json::from_str::<CodecConfig>(&text).unwrap(), without);
        let with = CodecConfig { levels: Some(LevelsConfig::standard(44_100)), ..without };
        let text = serde_json::to_string(&with).unwrap();
        assert_eq!(serde_json::from_str::<CodecConfig>(&text).unwrap(), with);
    }

    #[test]
    fn sizes_that_do_not_fit_are_told() {
        let standard = LevelsConfig::standard(44_100);
        let wrong = [
            LevelsConfig { n_fft: 100, ..standard.clone() },
            LevelsConfig { hop_length: 0, ..standard.clone() },
            LevelsConfig { bands: vec![128], ..standard.clone() },
            LevelsConfig { bands: vec![129, 0], ..standard.clone() },
            LevelsConfig { bands: vec![usize::MAX, 130], ..standard.clone() },
            LevelsConfig { hidden: 0, ..standard.clone() },
            LevelsConfig { in_latent: 1025, ..standard.clone() },
        ];
        for levels in wrong {
            assert!(levels.checks(256, 2048).iter().any(|(holds, _)| !holds), "{levels:?}");
        }
        assert!(standard.checks(96, 768).iter().any(|(holds, _)| !holds));
    }
}
