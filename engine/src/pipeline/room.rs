//! How much memory a request needs beside the model.

use super::Generator;
use crate::config::{FRAMES_PER_TOKEN, ModelConfig};
use crate::flow::windows::WINDOW;
use straightshot_protocol::Request;

/// Bytes of an `f32`.
const VALUE: usize = size_of::<f32>();
/// Latents of a clip that exist at once: noise, state, velocity, the weighted sum of windows, and copies of them.
const LATENTS: usize = 8;
/// Copies of a clip while it is brought to a curve: its pieces as they are, faded, and one after the other.
const CURVE_COPIES: usize = 3;
/// What a side takes in copies of a clip: its noise and itself, itself once more while it is brought to levels or to a curve, and the
/// second channel.
const SIDE_COPIES: usize = 4;

impl Generator {
    /// Bytes that `request` needs at most, roughly: a bound for the default model, where 120 s take 213 MiB of the 258 that
    /// are counted.
    pub(super) fn room_for(&self, request: &Request) -> usize {
        let of_curve = if request.curve.is_some() { CURVE_COPIES * VALUE * self.samples(request) } else { 0 };
        let (tokens, variations) = (self.tokens(request), request.variations as usize);
        // Those that are finished have it too.
        let of_side = if request.width > 0.0 {
            (SIDE_COPIES + variations) * VALUE * self.samples(request) + of_curve
        } else {
            0
        };
        of_curve + of_side + bytes(&self.model.config, tokens, variations, self.model.codec.piece())
    }
}

/// See [`Generator::room_for`]; `piece` is the most tokens that are decoded at a time.
fn bytes(config: &ModelConfig, tokens: usize, variations: usize, piece: usize) -> usize {
    let (codec, flow) = (&config.codec, &config.flow);
    let latents = LATENTS * variations * tokens * codec.latent_channels();
    // Prompt and negative prompt; what a block reads, its heads, its hidden layer.
    let rows = 2 * variations * tokens.min(WINDOW);
    let network = rows * (6 * flow.dim + 2 * flow.feed_forward);
    // One clip after the other: the features of a piece before and after a block and its spectrum, then the spectrum of the
    // whole clip (tones and noise), its phases, loudness and regions, and the noise and the clip itself.
    let frames = tokens * FRAMES_PER_TOKEN;
    let features = 3 * piece.min(tokens) * codec.band_count() * codec.dim;
    let spectrum = 9 * frames * codec.bins() / 2;
    let samples = frames * codec.hop_length;
    // What the sound is brought to: base, change, texture, and the sound once more.
    let levels = codec.levels.as_ref().map_or(0, |levels| {
        3 * samples / levels.hop_length * levels.bands.len()
            + tokens * codec.band_count() * levels.features
            + samples
    });
    VALUE * (latents + network + features + spectrum + levels + 2 * samples + variations * samples)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::ModelFiles;

    #[test]
    fn what_is_counted_grows_with_length_and_number() {
        let config = ModelConfig::from_json(&ModelFiles::builtin().config).unwrap();
        let mib = |tokens, variations| bytes(&config, tokens, variations, 246) >> 20;
        // The resident size of `straightshot generate` beside what a second of sound needs: 54, 213 and 46 MiB.
        let measured = [(646, 1, 54), (2584, 1, 213), (216, 16, 46)];
        for (tokens, variations, least) in measured {
            let counted = mib(tokens, variations);
            assert!((least..4 * least).contains(&counted), "{counted} MiB for {tokens} tokens");
        }
    }
}
