//! aiSFX: an embedding of sound effects every 1.2 s, the second opinion beside YAMNet.
//!
//! The network of [Ma and Lerch, ISMIR 2022](https://zenodo.org/record/7316800) (model X-Sequential-CE), trained on
//! commercial sound-effect libraries by their Universal Category System labels; it hears up to 22 kHz. Eight 3 x 3
//! convolutions in pairs, maximum pooling after the first three pairs, the mean over bands, the maximum over time.
//!
//! # Differences from the reference
//! The front end follows the parameters that the package gives to Essentia (symmetric Hann window of 2048 samples, hop
//! 1024, 96 HTK mel bands of unit sum on powers, `log10(1 + 10⁴ x) / 9.458`, first frame centred on the first sample),
//! but is our own and has not been compared with Essentia. A sound shorter than a block (2.3 s) is followed by zeros
//! in the spectrogram, a last part of a block after a whole one is dropped, both as there.

use super::Weights;
use super::mel::{Mel, MelConfig};
use candle_core::{Device, Tensor};
use std::path::Path;
use straightshot_engine::error::Result;
use straightshot_sound::resample_channel;

/// Sample rate of the network in Hz.
pub const SAMPLE_RATE_HZ: u32 = 44_100;

const WINDOW: usize = 2048;
const HOP: usize = 1024;
const BANDS: usize = 96;
/// Frames of a block and between blocks.
const BLOCK: usize = 100;
const BLOCK_HOP: usize = 50;
/// Largest value of the spectrograms that the network was trained on.
const LARGEST: f32 = 9.457_799;

/// A pair of convolutions.
#[derive(Debug)]
struct Pair {
    kernels: [Tensor; 2], // (out, in, 3, 3)
    biases: [Tensor; 2],  // (1, out, 1, 1)
}

/// The embedding network.
#[derive(Debug)]
pub struct Aisfx {
    mel: Mel,
    pairs: Vec<Pair>,
    embedding: usize,
}

impl Aisfx {
    /// Reads the file that `export_aisfx.py` writes.
    ///
    /// # Errors
    /// [`straightshot_engine::ErrorKind::Io`] or [`straightshot_engine::ErrorKind::BadModel`] naming the file.
    pub fn from_file(path: &Path) -> Result<Self> {
        let mut weights = Weights::read(path)?;
        let mut channels = 1;
        let mut pairs = Vec::new();
        for block in 1..=4 {
            // The width is the file's own, so that a narrow network can be tested.
            let wider = weights.tensors.get(&format!("{block}.1.bias")).map_or(0, Tensor::elem_count);
            let mut layer = |i: usize, from: usize| -> Result<(Tensor, Tensor)> {
                let kernel = weights.take(&format!("{block}.{i}.weight"), &[wider, from, 3, 3])?;
                let bias = weights.take(&format!("{block}.{i}.bias"), &[wider])?;
                Ok((kernel, bias.reshape((1, wider, 1, 1))?))
            };
            let (first, second) = (layer(1, channels)?, layer(2, wider)?);
            pairs.push(Pair { kernels: [first.0, second.0], biases: [first.1, second.1] });
            channels = wider;
        }
        let mel = Mel::new(MelConfig {
            sample_rate_hz: SAMPLE_RATE_HZ,
            window_samples: WINDOW,
            n_fft: WINDOW,
            hop_samples: HOP,
            bands: BANDS,
            low_hz: 0.0,
            high_hz: 22_050.0,
            symmetric_window: true,
            power: true,
        });
        Ok(Self { mel, pairs, embedding: channels })
    }

    /// Length of an embedding; 512 for the published weights.
    #[must_use]
    pub fn embedding(&self) -> usize {
        self.embedding
    }

    /// Embeds a mono sound at any rate.
    ///
    /// # Shapes
    /// - returns: `[blocks, embedding]`, row-major; at least one block
    ///
    /// # Errors
    /// [`straightshot_engine::ErrorKind::Compute`] if the rate cannot be converted or a tensor operation fails.
    pub fn embed(&self, samples: &[f32], sample_rate_hz: u32) -> Result<Vec<f32>> {
        let samples = resample_channel(samples, sample_rate_hz, SAMPLE_RATE_HZ)?;
        let frames = (samples.len() + HOP / 2).div_ceil(HOP).max(1);
        let mut spectrum = self.mel.frames(&samples, -((WINDOW / 2) as isize), frames);
        spectrum.iter_mut().for_each(|x| *x = (1.0 + 1e4 * *x).log10() / LARGEST);
        let blocks = 1 + frames.saturating_sub(BLOCK) / BLOCK_HOP;
        spectrum.resize(spectrum.len().max(BLOCK * BANDS), 0.0);
        let mut out = Vec::new();
        for block in 0..blocks {
            let at = block * BLOCK_HOP * BANDS;
            let x =
                Tensor::from_slice(&spectrum[at..at + BLOCK * BANDS], (1, 1, BLOCK, BANDS), &Device::Cpu)?;
            out.extend(self.forward(x)?.flatten_all()?.to_vec1::<f32>()?);
        }
        Ok(out)
    }

    /// # Shapes
    /// - `x`: `[blocks, 1, frames, bands]`; returns: `[blocks, embedding]`
    fn forward(&self, mut x: Tensor) -> Result<Tensor> {
        for (i, pair) in self.pairs.iter().enumerate() {
            for (kernel, bias) in pair.kernels.iter().zip(&pair.biases) {
                x = x.conv2d(kernel, 1, 1, 1, 1)?.broadcast_add(bias)?.relu()?;
            }
            if i + 1 < self.pairs.len() {
                x = x.max_pool2d(2)?;
            }
        }
        Ok(x.mean(3)?.max(2)?)
    }
}
