//! YAMNet: which of 521 AudioSet classes are heard, and a feature vector, every 0.48 s.
//!
//! A MobileNet v1 ([Howard et al., 2017](https://arxiv.org/abs/1704.04861)) on log-mel patches, trained by Plakal and
//! Ellis on AudioSet ([Gemmeke et al., 2017](https://doi.org/10.1109/ICASSP.2017.7952261)); reference code in the
//! TensorFlow Model Garden, `research/audioset/yamnet`. It hears nothing above 7.5 kHz.

use super::Weights;
use super::mel::{Mel, MelConfig};
use candle_core::{Device, Tensor};
use rayon::prelude::*;
use serde::Deserialize;
use std::path::Path;
use straightshot_engine::error::{Error, ErrorKind, Result};
use straightshot_sound::resample_channel;

/// Sample rate of the network in Hz.
pub const SAMPLE_RATE_HZ: u32 = 16_000;
/// Length of an embedding.
pub const EMBEDDING: usize = 1024;
/// Number of classes.
pub const CLASSES: usize = 521;

/// Frames and bands of a patch, frames between patches.
const FRAMES: usize = 96;
const BANDS: usize = 64;
const PATCH_HOP: usize = 48;
/// Samples of a frame and between frames.
const WINDOW: usize = 400;
const HOP: usize = 160;
/// Added to magnitudes before the logarithm.
const LOG_OFFSET: f32 = 0.001;
const STEM: usize = 32;
/// Stride and channels out of each depthwise-separable block.
const BLOCKS: [(usize, usize); 13] = [
    (1, 64),
    (2, 128),
    (1, 128),
    (2, 256),
    (1, 256),
    (2, 512),
    (1, 512),
    (1, 512),
    (1, 512),
    (1, 512),
    (1, 512),
    (2, 1024),
    (1, 1024),
];
/// Patches computed at a time: bounds the memory.
const BATCH: usize = 16;

/// A 3 x 3 convolution whose taps do not mix channels (or read a single one), with a bias.
#[derive(Debug)]
struct Taps {
    kernel: Vec<f32>, // (9, channels)
    bias: Vec<f32>,   // (channels)
    stride: usize,
}

#[derive(Debug)]
struct Block {
    depthwise: Taps,
    pointwise: Tensor,      // (in, out)
    pointwise_bias: Tensor, // (out)
}

/// The network with its class names.
#[derive(Debug)]
pub struct Yamnet {
    mel: Mel,
    stem: Taps,
    blocks: Vec<Block>,
    classes: Tensor,      // (1024, 521)
    classes_bias: Tensor, // (521)
    names: Vec<String>,
}

/// What the network makes of one sound.
#[derive(Debug, Clone, PartialEq)]
pub struct Heard {
    /// Mean of the last feature map: `[patches, 1024]`, row-major.
    pub embeddings: Vec<f32>,
    /// Before the logistic function: `[patches, 521]`, row-major.
    pub logits: Vec<f32>,
    /// Patches in which no magnitude comes above what is added before the logarithm. Digital silence puts the
    /// embedding far from that of any sound, at eight times the usual length.
    pub silent: Vec<bool>,
}

impl Heard {
    /// Embeddings of the patches that sound, or of all where none does: `[patches, 1024]`, row-major.
    #[must_use]
    pub fn sounding(&self) -> Vec<f32> {
        let rows = self.embeddings.chunks_exact(EMBEDDING).zip(&self.silent);
        let sounding: Vec<f32> =
            rows.filter(|(_, silent)| !**silent).flat_map(|(row, _)| row).copied().collect();
        if sounding.is_empty() { self.embeddings.clone() } else { sounding }
    }

    /// Probability of each class, the mean over patches; classes are independent, as the network was trained.
    #[must_use]
    pub fn posteriors(&self) -> Vec<f64> {
        mean_rows(self.logits.chunks_exact(CLASSES), |row| row.iter().copied().map(logistic).collect())
    }

    /// Probability of each class in the patch where it is highest.
    #[must_use]
    pub fn peaks(&self) -> Vec<f64> {
        let mut highest = vec![f32::NEG_INFINITY; CLASSES];
        for row in self.logits.chunks_exact(CLASSES) {
            highest.iter_mut().zip(row).for_each(|(h, &x)| *h = h.max(x));
        }
        highest.into_iter().map(logistic).collect()
    }

    /// Distribution over classes that sums to one: softmax of the logits, the mean over patches.
    #[must_use]
    pub fn distribution(&self) -> Vec<f64> {
        mean_rows(self.logits.chunks_exact(CLASSES), |row| {
            let largest = row.iter().copied().fold(f32::NEG_INFINITY, f32::max);
            let powers: Vec<f64> = row.iter().map(|&x| f64::from(x - largest).exp()).collect();
            let sum: f64 = powers.iter().sum();
            powers.into_iter().map(|p| p / sum).collect()
        })
    }
}

fn is_silent(patch: &[f32]) -> bool {
    patch.iter().all(|&level| level <= (2.0 * LOG_OFFSET).ln())
}

fn logistic(x: f32) -> f64 {
    1.0 / (1.0 + (-f64::from(x)).exp())
}

fn mean_rows<'a>(
    rows: impl ExactSizeIterator<Item = &'a [f32]>,
    of: impl Fn(&[f32]) -> Vec<f64>,
) -> Vec<f64> {
    let scale = 1.0 / rows.len().max(1) as f64;
    let mut mean = vec![0.0; CLASSES];
    for row in rows {
        mean.iter_mut().zip(of(row)).for_each(|(m, v)| *m += v * scale);
    }
    mean
}

#[derive(Debug, Deserialize)]
struct ClassLine {
    display_name: String,
}

impl Yamnet {
    /// Reads `yamnet.safetensors` and `yamnet_class_map.csv` from `folder` (`assets/eval` of the repository).
    ///
    /// # Errors
    /// [`ErrorKind::Io`] or [`ErrorKind::BadModel`] naming the file.
    pub fn from_dir(folder: &Path) -> Result<Self> {
        let mut weights = Weights::read(&folder.join("yamnet.safetensors"))?;
        let mut channels = STEM;
        let mut blocks = Vec::new();
        for (i, (stride, wider)) in BLOCKS.into_iter().enumerate() {
            blocks.push(Block {
                depthwise: taps(&mut weights, &format!("blocks.{i}.depthwise"), channels, stride)?,
                pointwise: weights.take(&format!("blocks.{i}.pointwise"), &[channels, wider])?,
                pointwise_bias: weights.take(&format!("blocks.{i}.pointwise_bias"), &[wider])?,
            });
            channels = wider;
        }
        let kernel = weights.take("stem.kernel", &[9, STEM])?.flatten_all()?.to_vec1()?;
        let bias = weights.take("stem.bias", &[STEM])?.to_vec1()?;
        Ok(Self {
            mel: Mel::new(MelConfig {
                sample_rate_hz: SAMPLE_RATE_HZ,
                window_samples: WINDOW,
                n_fft: 512,
                hop_samples: HOP,
                bands: BANDS,
                low_hz: 125.0,
                high_hz: 7500.0,
                symmetric_window: false,
                power: false,
            }),
            stem: Taps { kernel, bias, stride: 2 },
            blocks,
            classes: weights.take("classes.kernel", &[EMBEDDING, CLASSES])?,
            classes_bias: weights.take("classes.bias", &[CLASSES])?,
            names: class_names(&folder.join("yamnet_class_map.csv"))?,
        })
    }

    /// Display names of the classes, in the order of the logits.
    #[must_use]
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// Listens to a mono sound at any rate.
    ///
    /// A sound is followed by silence up to the next whole patch, so one shorter than a patch (0.975 s) is mostly
    /// silence to the network, exactly as in the reference.
    ///
    /// # Errors
    /// [`ErrorKind::Compute`] if the rate cannot be converted or a tensor operation fails.
    pub fn hear(&self, samples: &[f32], sample_rate_hz: u32) -> Result<Heard> {
        let samples = resample_channel(samples, sample_rate_hz, SAMPLE_RATE_HZ)?;
        let patches = self.patches(&samples);
        let silent = patches.chunks_exact(FRAMES * BANDS).map(is_silent).collect();
        let mut heard = Heard { embeddings: Vec::new(), logits: Vec::new(), silent };
        for batch in patches.chunks(BATCH * FRAMES * BANDS) {
            let embeddings = self.embed(batch)?;
            let logits = embeddings.matmul(&self.classes)?.broadcast_add(&self.classes_bias)?;
            heard.embeddings.extend(embeddings.flatten_all()?.to_vec1::<f32>()?);
            heard.logits.extend(logits.flatten_all()?.to_vec1::<f32>()?);
        }
        Ok(heard)
    }

    /// Log-mel patches of 0.96 s every 0.48 s.
    ///
    /// # Shapes
    /// - `samples`: any number at 16 kHz; returns: `[patches, 96, 64]`, row-major
    fn patches(&self, samples: &[f32]) -> Vec<f32> {
        let (shortest, hop) = ((FRAMES - 1) * HOP + WINDOW, PATCH_HOP * HOP);
        let patches = 1 + samples.len().saturating_sub(shortest).div_ceil(hop);
        let frames = FRAMES + (patches - 1) * PATCH_HOP;
        let mut log_mel = self.mel.frames(samples, 0, frames);
        log_mel.iter_mut().for_each(|x| *x = (*x + LOG_OFFSET).ln());
        let starts = (0..patches).map(|i| i * PATCH_HOP * BANDS);
        starts.flat_map(|at| log_mel[at..at + FRAMES * BANDS].iter().copied()).collect()
    }

    /// # Shapes
    /// - `patches`: `[patches, 96, 64]`; returns: `[patches, 1024]`
    fn embed(&self, patches: &[f32]) -> Result<Tensor> {
        let n = patches.len() / (FRAMES * BANDS);
        let (mut x, mut size) = self.stem.apply(patches, [n, FRAMES, BANDS, 1]);
        for block in &self.blocks {
            let (y, [_, h, w, c]) = block.depthwise.apply(&x, size);
            let y = Tensor::from_vec(y, (n * h * w, c), &Device::Cpu)?.matmul(&block.pointwise)?;
            let y = y.broadcast_add(&block.pointwise_bias)?.relu()?;
            size = [n, h, w, y.dim(1)?];
            x = y.flatten_all()?.to_vec1()?;
        }
        let [n, h, w, c] = size;
        Ok(Tensor::from_vec(x, (n, h * w, c), &Device::Cpu)?.mean(1)?)
    }
}

fn taps(weights: &mut Weights, name: &str, channels: usize, stride: usize) -> Result<Taps> {
    Ok(Taps {
        kernel: weights.take(name, &[9, channels])?.flatten_all()?.to_vec1()?,
        bias: weights.take(&format!("{name}_bias"), &[channels])?.to_vec1()?,
        stride,
    })
}

fn class_names(path: &Path) -> Result<Vec<String>> {
    let bad =
        |text: &str| Error::new(ErrorKind::BadModel, format!("The class names {} {text}", path.display()));
    let mut reader = csv::Reader::from_path(path).map_err(|e| bad("could not be read").with_source(e))?;
    let lines = reader.deserialize::<ClassLine>().collect::<Result<Vec<_>, _>>();
    let lines = lines.map_err(|e| bad("are damaged").with_source(e))?;
    if lines.len() != CLASSES {
        return Err(bad("are not those of this network"));
    }
    Ok(lines.into_iter().map(|line| line.display_name).collect())
}

impl Taps {
    /// Convolves and rectifies; the result has `ceil(n / stride)` rows and columns ("SAME" padding, the odd line of
    /// zeros at the end).
    ///
    /// # Shapes
    /// - `x`: `size` = `[batch, rows, columns, channels]`; returns the same kind with its size
    fn apply(&self, x: &[f32], size: [usize; 4]) -> (Vec<f32>, [usize; 4]) {
        let [n, h, w, c_in] = size;
        let (c, s) = (self.bias.len(), self.stride);
        let (rows, columns) = (h.div_ceil(s), w.div_ceil(s));
        let before = |n: usize, out: usize| (((out - 1) * s + 3).saturating_sub(n)) / 2;
        let (top, left) = (before(h, rows), before(w, columns));
        let mut out = vec![0f32; n * rows * columns * c];
        out.par_chunks_mut(columns * c).enumerate().for_each(|(line, out)| {
            let (patch, row) = (line / rows, line % rows);
            for (column, out) in out.chunks_exact_mut(c).enumerate() {
                out.copy_from_slice(&self.bias);
                for (tap, kernel) in self.kernel.chunks_exact(c).enumerate() {
                    let (y, x_at) = (row * s + tap / 3, column * s + tap % 3);
                    if y < top || y - top >= h || x_at < left || x_at - left >= w {
                        continue;
                    }
                    let at = ((patch * h + y - top) * w + x_at - left) * c_in;
                    add_tap(out, &x[at..at + c_in], kernel);
                }
                out.iter_mut().for_each(|v| *v = v.max(0.0));
            }
        });
        (out, [n, rows, columns, c])
    }
}

/// Adds one tap; a single input channel feeds every output.
fn add_tap(out: &mut [f32], x: &[f32], kernel: &[f32]) {
    if let [x] = x {
        out.iter_mut().zip(kernel).for_each(|(o, k)| *o += x * k);
    } else {
        out.iter_mut().zip(x).zip(kernel).for_each(|((o, x), k)| *o += x * k);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn peaks_are_the_highest_and_posteriors_the_mean() {
        let mut logits = vec![0f32; 2 * CLASSES];
        logits[3] = 4.0;
        logits[CLASSES + 3] = -4.0;
        let heard = Heard { embeddings: Vec::new(), logits, silent: Vec::new() };
        // 1 / (1 + exp(-4)), and the mean of two logistic values that mirror each other.
        assert!((heard.peaks()[3] - 0.982_013_790_04).abs() < 1e-9);
        assert!((heard.posteriors()[3] - 0.5).abs() < 1e-9);
        assert_eq!((heard.peaks()[0], heard.posteriors()[0]), (0.5, 0.5));
    }
}
