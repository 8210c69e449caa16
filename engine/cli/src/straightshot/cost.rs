//! Floating-point operations of the networks: what a measured time is compared with.
//!
//! Products of matrices only, a multiplication and an addition counted as two, for one clip. The rest (norms, gates,
//! kernels of seven taps, Fourier transforms) is under a tenth of it and counts as overhead.

use straightshot_engine::config::{CodecConfig, FRAMES_PER_TOKEN, FlowConfig};

/// One evaluation of the velocity network on `tokens` latent tokens of `channels` channels that read `words` tokens of
/// text; the text's own keys and values are made once per generation and not counted.
#[must_use]
pub(crate) fn velocity(c: &FlowConfig, channels: usize, tokens: usize, words: usize) -> f64 {
    let per_token = 2 * channels * c.dim + c.blocks * (4 * c.dim * c.dim + 3 * c.dim * c.feed_forward);
    // Scores and weighted sums, over the clip's own tokens and over the text's.
    let attention = c.blocks * 2 * tokens * (tokens + words) * c.dim;
    // Shift, scale and gate of every block, the final ones, and the two layers that read the time.
    let modulation = c.dim * c.dim * (6 * c.blocks + 2);
    2.0 * (tokens * per_token + attention + modulation) as f64
}

/// Latents to spectrum of `tokens` tokens.
#[must_use]
pub(crate) fn decode(c: &CodecConfig, tokens: usize) -> f64 {
    let bands = c.band_count();
    let seen = bands * c.mix_dim;
    let block = bands * (2 * c.dim * c.dim * c.expansion + 2 * c.dim * c.mix_dim) + 4 * seen * seen;
    let write = c.dim * FRAMES_PER_TOKEN * 2 * (c.bins() - 1);
    let read = bands * c.band_channels * c.dim;
    2.0 * (tokens * (read + c.decoder_blocks * block + write)) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_are_those_of_the_sizes_by_hand() {
        let flow = FlowConfig { dim: 4, blocks: 1, heads: 2, feed_forward: 3, curves: false };
        // Per token 2·5·4 + 4·16 + 3·4·3 = 140; attention 2·2·(2+3)·4 = 80; modulation 16·8 = 128.
        assert_eq!(velocity(&flow, 5, 2, 3), 2.0 * (2.0 * 140.0 + 80.0 + 128.0));
        // Twice the tokens: twice the products, more than twice the attention.
        assert!(velocity(&flow, 5, 4, 3) > 2.0 * velocity(&flow, 5, 2, 3) - 2.0 * 128.0);
        // Ten seconds of the default model: 18.5 M multiplications per token.
        let codec = CodecConfig::default();
        let per_token = decode(&codec, 216) / 216.0 / 2.0;
        let block = 32 * (2 * 128 * 384 + 2 * 128 * 8) + 4 * 256 * 256;
        assert_eq!(per_token, f64::from(32 * 4 * 128 + 5 * block + 128 * 8 * 2 * 512));
    }
}
