//! Levels: how loud every band is on frames much shorter than those of the spectrum.
//!
//! A window of 1,024 samples cannot say when within its 23 ms something happens: noise with a random phase spreads over the
//! whole of it, so that every attack takes some 10 ms and begins before its time. Codecs have met this for thirty years with
//! two resolutions; here the second one is the energy of about 21 bands on windows of 256 samples every 64. The decoder
//! says how loud each should be ([`head`]), and what was synthesised is brought to it ([`grid`]). That also takes out what
//! the noise happened to be where it was drawn.
//!
//! ```text
//! features of the decoder, noise -> head -> change and spread ─┐
//! spectrum -> what it would measure on short frames ───────────┼─> levels ──> gains of the sound per short frame and band
//! the synthesis' white noise on short frames ──────────────────┘
//! ```
//!
//! The level of a band is `base + change + spread · texture`, in use with half of the spread (`TEXTURE_SHARE`). The base is
//! what the spectrum says, so that the network has to learn no more than what happens within a long frame. The texture is
//! what the noise measures that the sound is made from: levels of noise vary as those of noise do, those of a tone (`spread`
//! = 0) do not. Levels are facts of one sound; what of them the latent does not say ([`code`]) is sampled, not averaged, and
//! trained as such (`straightshot-training`, `levels.rs`).

pub mod code;
pub mod grid;
pub mod head;

use crate::config::{CodecConfig, LevelsConfig};
use grid::LevelGrid;

/// Amplitude below which levels are not told apart: -100 dB of full scale. It is lower than that of spectra, because the
/// sum of the floors of many bins is noise that can be heard.
pub const LEVEL_FLOOR: f32 = 1e-5;

/// Share of the drawn spread that a sound gets. Tones that the spectrum has as noise vary less than noise, and a head that
/// cannot tell them from it makes them vary as much. With a half, 409 recordings through the codec of foley-v5 and a head
/// in training were nearer to the originals (kernel distance of YAMNet's embeddings 1.02 to 0.82, periodicity of tonal ones
/// .62 to .64) and attacks no longer; it was chosen on these recordings.
const TEXTURE_SHARE: f32 = 0.5;

/// Sizes of the levels of a codec that has them.
#[derive(Debug, Clone)]
pub struct Levels {
    config: LevelsConfig,
    grid: LevelGrid,
    /// Bins of the long frames in each band, and by how much their mean power is larger on a short frame.
    long_edges: Vec<usize>,
    long_gain: f32,
}

impl Levels {
    /// For a codec, if it has levels.
    #[must_use]
    pub fn of(codec: &CodecConfig) -> Option<Self> {
        codec.levels.as_ref().map(|levels| Self::new(levels, codec))
    }

    /// For a codec, whether it has levels or not.
    #[must_use]
    pub fn new(config: &LevelsConfig, codec: &CodecConfig) -> Self {
        let grid = LevelGrid::new(config);
        // A band reaches from half a bin below its first one to half a bin above its last one.
        let place = |edge: usize| (2 * edge).saturating_sub(1) * codec.n_fft / (2 * config.n_fft);
        let mut long_edges: Vec<usize> = grid.edges().iter().map(|&edge| place(edge)).collect();
        if let Some(last) = long_edges.last_mut() {
            *last = codec.bins();
        }
        // Where bins are narrower than the grid, no band may be empty.
        for i in 1..long_edges.len() {
            long_edges[i] = long_edges[i].max(long_edges[i - 1] + 1).min(codec.bins());
        }
        Self { config: config.clone(), grid, long_edges, long_gain: codec.n_fft as f32 / config.n_fft as f32 }
    }

    /// The short frames.
    #[must_use]
    pub fn grid(&self) -> &LevelGrid {
        &self.grid
    }

    /// Sizes.
    #[must_use]
    pub fn config(&self) -> &LevelsConfig {
        &self.config
    }

    /// Number of bands.
    #[must_use]
    pub fn bands(&self) -> usize {
        self.config.bands.len()
    }

    /// What a spectrum would measure on short frames: natural logarithms of amplitudes.
    ///
    /// White noise has `n_fft / short n_fft` times the power in a bin of a short frame, in units of a full-scale sine, that
    /// it has in one of a long frame. So has a tone, whose power is in as many of fewer bins.
    ///
    /// # Shapes
    /// - `tonal`, `noise`: `[bins]` amplitudes of a long frame
    /// - `out`: `[bands]`, written
    pub(crate) fn base(&self, tonal: &[f32], noise: &[f32], out: &mut [f32]) {
        for (edge, out) in self.long_edges.windows(2).zip(out) {
            let bins = edge[0]..edge[1].max(edge[0] + 1).min(tonal.len());
            let values = tonal[bins.clone()].iter().zip(&noise[bins.clone()]);
            let power: f32 = values.map(|(t, n)| t * t + n * n).sum();
            let mean = self.long_gain * power / bins.len().max(1) as f32;
            *out = 0.5 * (mean + LEVEL_FLOOR * LEVEL_FLOOR).ln();
        }
    }

    /// The levels of a sound from their parts.
    ///
    /// # Shapes
    /// - `base`: `[long frames, bands]`
    /// - `change`: `[short frames, bands]`
    /// - `spread`: `[groups, bands]`, each for as many short frames
    /// - `texture`: `[short frames, bands]`, becomes the levels
    pub(crate) fn combine(&self, base: &[f32], change: &[f32], spread: &[f32], texture: &mut [f32]) {
        let (bands, frames) = (self.bands(), texture.len() / self.bands());
        let (long, groups) = (base.len() / bands, spread.len() / bands);
        let rows = texture.chunks_exact_mut(bands).zip(change.chunks_exact(bands)).enumerate();
        for (frame, (texture, change)) in rows {
            let base = &base[frame * long / frames * bands..][..bands];
            let spread = &spread[frame * groups / frames * bands..][..bands];
            for (((level, change), base), spread) in texture.iter_mut().zip(change).zip(base).zip(spread) {
                *level = base + change + TEXTURE_SHARE * spread * *level;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bands_of_long_frames_cover_every_bin_once() {
        let codec = CodecConfig::default();
        let levels = Levels::new(&LevelsConfig::standard(codec.sample_rate_hz), &codec);
        // Half a bin of the short frames is two of the long ones.
        assert_eq!(levels.long_edges[..8], [0, 2, 6, 10, 14, 18, 22, 30]);
        assert_eq!(levels.long_edges.last(), Some(&513));
        assert!(levels.long_edges.windows(2).all(|edge| edge[0] < edge[1]));
        // One sine: half of its power in the bin in the middle of a band, the rest beside it.
        let mut tonal = vec![0.0; 513];
        tonal[12] = 1.0;
        let mut base = vec![0.0; 21];
        levels.base(&tonal, &vec![0.0; 513], &mut base);
        assert!(base[3].abs() < 1e-6, "{base:?}");
        assert_eq!(base[2], LEVEL_FLOOR.ln());
    }

    #[test]
    fn parts_are_put_together_frame_by_frame() {
        let codec = CodecConfig::default();
        let config = LevelsConfig { bands: vec![100, 29], ..LevelsConfig::standard(codec.sample_rate_hz) };
        let levels = Levels::new(&config, &codec);
        // Two long frames, eight short ones, one spread for all of them.
        let base = [-1.0, -2.0, -3.0, -4.0];
        let change: Vec<f32> = (0..16).map(|i| i as f32).collect();
        let mut texture = vec![1.0; 16];
        levels.combine(&base, &change, &[1.0, 0.0], &mut texture);
        assert_eq!(texture[..4], [-1.0 + 0.0 + 0.5, -2.0 + 1.0, -1.0 + 2.0 + 0.5, -2.0 + 3.0]);
        assert_eq!(texture[8..10], [-3.0 + 8.0 + 0.5, -4.0 + 9.0]);
    }
}
