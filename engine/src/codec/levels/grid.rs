//! Measuring the levels of a sound, and bringing a sound to given ones.

use super::LEVEL_FLOOR;
use crate::config::LevelsConfig;
use crate::nn::ops::kernels;
use crate::stft::Stft;
use realfft::num_complex::Complex32;

/// Least and largest gain of a band on a short frame: -50 and +9 dB. What is not there cannot be made loud, only strange.
const GAINS: (f32, f32) = (0.003_162_3, 2.818_4);
/// How often a sound is brought to its levels. Frames overlap, so that what one is brought to is not all that is measured there
/// afterwards; a second pass takes attacks of recordings, brought to the recordings' own levels, from 4.4 to 3.9 ms and
/// their gain within 5 ms from 31 to 34 dB.
pub const PASSES: usize = 2;
/// Added to what is measured before it divides, in units of a full-scale sine.
const LEAST_POWER: f32 = 1e-14;
/// Least logarithm of the texture: noise in a single bin is now and then nothing at all.
const LEAST_TEXTURE: f32 = -3.0;

/// Short frames cut into bands.
#[derive(Debug, Clone)]
pub struct LevelGrid {
    stft: Stft,
    /// First bin of every band, then the number of bins.
    edges: Vec<usize>,
}

impl LevelGrid {
    /// Plans the transforms.
    #[must_use]
    pub fn new(config: &LevelsConfig) -> Self {
        let mut edges = vec![0];
        for bins in &config.bands {
            edges.push(edges.last().copied().unwrap_or(0) + bins);
        }
        Self { stft: Stft::new(config.n_fft, config.hop_length), edges }
    }

    /// First bin of every band, then the number of bins.
    #[must_use]
    pub fn edges(&self) -> &[usize] {
        &self.edges
    }

    /// Number of bands.
    #[must_use]
    pub fn bands(&self) -> usize {
        self.edges.len() - 1
    }

    /// Samples between short frames.
    #[must_use]
    pub fn hop_length(&self) -> usize {
        self.stft.hop_length()
    }

    /// Levels of a sound, `½ ln(mean |X|² + floor²)` over the bins of a band, with `|X|` in units of a full-scale sine and
    /// the floor [`LEVEL_FLOOR`].
    ///
    /// # Shapes
    /// - `samples`: any number; outside of it there is silence
    /// - returns: `[frames, bands]`; frame `i` is centred on sample `(i + ½) hop_length`
    #[must_use]
    pub fn measure(&self, samples: &[f32], frames: usize) -> Vec<f32> {
        let mut out = vec![0f32; frames * self.bands()];
        let (scale, floor) = (self.stft.full_scale().powi(-2), LEVEL_FLOOR * LEVEL_FLOOR);
        self.read(samples, &mut out, || true, |power| 0.5 * (power * scale + floor).ln());
        out
    }

    /// Levels of white noise of unit variance beside what it has on average.
    ///
    /// # Shapes
    /// - `out`: `[frames, bands]`, written; while `goes_on` says no, the rest is left as it is
    pub fn texture(&self, white: &[f32], out: &mut [f32], goes_on: impl Fn() -> bool + Sync) {
        let scale = 1.0 / self.stft.noise_power();
        self.read(white, out, goes_on, |power| (0.5 * (power * scale).ln()).max(LEAST_TEXTURE));
    }

    /// Mean power of every band and frame, as `value` has it.
    fn read(
        &self,
        samples: &[f32],
        out: &mut [f32],
        goes_on: impl Fn() -> bool + Sync,
        value: impl Fn(f32) -> f32 + Sync,
    ) {
        self.stft.each_frame(samples, (out, self.bands()), goes_on, |spectrum, out| {
            for (edge, out) in self.edges.windows(2).zip(out) {
                *out = value(mean_power(&spectrum[edge[0]..edge[1]]));
            }
        });
    }

    /// Brings `samples` to `levels`, as far as gains from -50 to +9 dB do.
    ///
    /// Every band of every short frame is measured and scaled to what it should be; frames are added as they overlap.
    ///
    /// # Shapes
    /// - `levels`: `[frames, bands]`, as [`LevelGrid::measure`] has them
    /// - `samples`, `out`: `frames * hop_length`; `out` is written. While `goes_on` says no, the rest of it is left as it is.
    pub fn impose(
        &self,
        samples: &[f32],
        levels: &[f32],
        out: &mut [f32],
        goes_on: impl Fn() -> bool + Sync,
    ) {
        let (bands, scale) = (self.bands(), self.stft.full_scale().powi(-2));
        self.stft.filter(samples, out, goes_on, Vec::new, |wanted: &mut Vec<f32>, frame, spectrum| {
            wanted.clear();
            wanted.extend(levels[frame * bands..][..bands].iter().map(|level| 2.0 * level));
            // Below the floor there is nothing to be heard.
            kernels::amplitudes(wanted, LEVEL_FLOOR * LEVEL_FLOOR, 1.0);
            for (edge, wanted) in self.edges.windows(2).zip(wanted.iter()) {
                let band = &mut spectrum[edge[0]..edge[1]];
                let power = mean_power(band) * scale;
                let wanted = (wanted - LEVEL_FLOOR * LEVEL_FLOOR).max(0.0);
                let gain = (wanted / (power + LEAST_POWER)).sqrt().clamp(GAINS.0, GAINS.1);
                band.iter_mut().for_each(|value| *value *= gain);
            }
        });
    }
}

fn mean_power(band: &[Complex32]) -> f32 {
    band.iter().map(Complex32::norm_sqr).sum::<f32>() / band.len().max(1) as f32
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng::{Noise, Stream};

    const FRAMES: usize = 320;

    fn grid() -> LevelGrid {
        LevelGrid::new(&LevelsConfig::standard(44_100))
    }

    fn noise(seed: u64) -> Vec<f32> {
        Noise::new(seed, Stream::Texture).normals(FRAMES * 64)
    }

    /// A sine of full scale has a quarter of its bin's power in each of the bins beside it.
    #[test]
    fn a_sine_and_noise_have_the_levels_they_should_have() {
        let grid = grid();
        let step = std::f32::consts::TAU * 3.0 / 256.0;
        let sine: Vec<f32> = (0..FRAMES * 64).map(|i| 0.5 * (step * i as f32).sin()).collect();
        let levels = grid.measure(&sine, FRAMES);
        let middle = &levels[FRAMES / 2 * 21..][..21];
        let wanted = [LEVEL_FLOOR.ln(), 0.25f32.ln(), 0.5f32.ln(), 0.25f32.ln()];
        for (got, wanted) in middle[2..].iter().zip(&wanted[1..]) {
            assert!((got - wanted).abs() < 1e-3, "{middle:?}");
        }
        assert!(middle[12..].iter().all(|level| (level - wanted[0]).abs() < 1.0), "{middle:?}");
        // Mean power of noise: 96 of 64 squared.
        let levels = grid.measure(&noise(1), FRAMES);
        let top: f32 = (4..FRAMES - 4).map(|i| (2.0 * levels[i * 21 + 20]).exp()).sum::<f32>() / 312.0;
        assert!((top / (96.0 / 4096.0) - 1.0).abs() < 0.05, "{top}");
        let mut texture = vec![0.0; FRAMES * 21];
        grid.texture(&noise(1), &mut texture, || true);
        let power: f32 = (4..FRAMES - 4).map(|i| (2.0 * texture[i * 21 + 20]).exp()).sum::<f32>() / 312.0;
        assert!((power - 1.0).abs() < 0.05, "{power}");
    }

    #[test]
    fn a_sound_that_has_its_levels_already_stays_what_it_is() {
        let (grid, sound) = (grid(), noise(2));
        let mut out = vec![f32::NAN; sound.len()];
        grid.impose(&sound, &grid.measure(&sound, FRAMES), &mut out, || true);
        let worst = sound.iter().zip(&out).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
        assert!(worst < 1e-3, "{worst}");
    }

    /// Noise from the first sample on is brought to the levels of noise that begins in the middle.
    #[test]
    fn an_attack_is_brought_to_its_time() {
        let grid = grid();
        let mut original = noise(3);
        original[..FRAMES * 32].fill(0.0);
        let mut out = vec![0.0; FRAMES * 64];
        grid.impose(&noise(4), &grid.measure(&original, FRAMES), &mut out, || true);
        let power = |from: usize, to: usize| {
            let from = (FRAMES * 32).saturating_add_signed(from as isize - 1000);
            out[from..from + to].iter().map(|x| x * x).sum::<f32>() / to as f32
        };
        let after = power(1000, 2000);
        assert!((0.8..1.25).contains(&after), "{after}");
        // 5 ms before.
        let before = 10.0 * (power(1000 - 264, 88) / after).log10();
        assert!(before < -40.0, "{before} dB");
    }

    #[test]
    fn gains_have_bounds_and_nothing_is_made_of_nothing() {
        let grid = grid();
        let sound = noise(5);
        let power = |x: &[f32]| x[1000..x.len() - 1000].iter().map(|x| x * x).sum::<f32>();
        for (level, db) in [(10.0, 9.0), (-20.0, -50.0)] {
            let mut out = vec![0.0; sound.len()];
            grid.impose(&sound, &vec![level; FRAMES * 21], &mut out, || true);
            let gain = 10.0 * (power(&out) / power(&sound)).log10();
            assert!((gain - db).abs() < 0.01, "{gain} dB");
        }
        let mut out = vec![1.0; sound.len()];
        grid.impose(&vec![0.0; sound.len()], &vec![0.0; FRAMES * 21], &mut out, || true);
        assert!(out.iter().all(|x| *x == 0.0));
        let mut untouched = vec![7.0; 64];
        grid.impose(&[1.0; 64], &[0.0; 21], &mut untouched, || false);
        assert_eq!(untouched, [7.0; 64], "nothing is made for whoever stops it");
    }
}
