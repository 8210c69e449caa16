//! How loud a sound is in which colour, along its course: what two places are compared by.

use realfft::RealFftPlanner;
use std::ops::Range;

/// Frames of a spectrum.
const WINDOW: usize = 1024;
/// Spectra per second.
const PER_SECOND: usize = 100;
/// Borders of the bands in Hz; the last band goes to the top.
const BORDERS_HZ: [f32; 7] = [120.0, 300.0, 700.0, 1500.0, 3000.0, 6000.0, 11_000.0];
/// Bands.
pub(super) const BANDS: usize = BORDERS_HZ.len() + 1;
/// Power that counts as none: −100 dB.
const FLOOR: f64 = 1e-10;

/// Power in bands along a sound, as sums from its beginning, so that the mean of any stretch is one subtraction.
pub(super) struct Texture {
    /// For each hop the sums of all hops before it, band by band.
    sums: Vec<[f64; BANDS]>,
    /// Frames between two spectra.
    pub(super) hop: usize,
}

impl Texture {
    /// Measures all `channels` together.
    pub(super) fn of(channels: &[Vec<f32>], rate_hz: u32) -> Self {
        let hop = (rate_hz as usize / PER_SECOND).max(1);
        let frames = channels.first().map_or(0, Vec::len);
        let hops = frames / hop;
        let mut sums = Vec::with_capacity(hops + 1);
        sums.push([0.0; BANDS]);
        let mut spectra = Spectra::new(rate_hz);
        let mut sum = [0.0; BANDS];
        for index in 0..hops {
            // Centred on the hop, so that the mean of a stretch is about that stretch.
            let start = (index * hop + hop / 2).saturating_sub(WINDOW / 2).min(frames.saturating_sub(WINDOW));
            for channel in channels {
                spectra.add(&channel[start..(start + WINDOW).min(frames)], &mut sum);
            }
            sums.push(sum);
        }
        Self { sums, hop }
    }

    /// How many hops there are.
    pub(super) fn hops(&self) -> usize {
        self.sums.len() - 1
    }

    /// Level of each band in a stretch of hops, in dB.
    pub(super) fn colour(&self, hops: Range<usize>) -> [f32; BANDS] {
        let mean = self.mean(hops);
        #[expect(clippy::cast_possible_truncation, reason = "levels in dB")]
        mean.map(|power| (10.0 * power.max(FLOOR).log10()) as f32)
    }

    /// Level of all bands together in a stretch of hops, in dB.
    pub(super) fn level(&self, hops: Range<usize>) -> f32 {
        #[expect(clippy::cast_possible_truncation, reason = "a level in dB")]
        let level = (10.0 * self.mean(hops).iter().sum::<f64>().max(FLOOR).log10()) as f32;
        level
    }

    fn mean(&self, hops: Range<usize>) -> [f64; BANDS] {
        let (start, end) = (&self.sums[hops.start], &self.sums[hops.end]);
        #[expect(clippy::cast_precision_loss, reason = "a few thousand hops")]
        let count = hops.len().max(1) as f64;
        std::array::from_fn(|band| (end[band] - start[band]) / count)
    }
}

/// Makes spectra, with the memory that takes.
struct Spectra {
    fft: std::sync::Arc<dyn realfft::RealToComplex<f32>>,
    shape: Vec<f32>,
    input: Vec<f32>,
    output: Vec<realfft::num_complex::Complex<f32>>,
    scratch: Vec<realfft::num_complex::Complex<f32>>,
    /// The band of each bin.
    bands: Vec<usize>,
}

impl Spectra {
    #[expect(clippy::cast_precision_loss, reason = "a thousand bins")]
    fn new(rate_hz: u32) -> Self {
        let fft = RealFftPlanner::<f32>::new().plan_fft_forward(WINDOW);
        let (output, scratch) = (fft.make_output_vec(), fft.make_scratch_vec());
        let band = |bin: usize| {
            let hz = bin as f32 * rate_hz as f32 / WINDOW as f32;
            BORDERS_HZ.iter().position(|border| hz < *border).unwrap_or(BORDERS_HZ.len())
        };
        let turn = std::f32::consts::TAU / WINDOW as f32;
        Self {
            shape: (0..WINDOW).map(|i| 0.5 - 0.5 * (turn * (i as f32 + 0.5)).cos()).collect(),
            input: vec![0.0; WINDOW],
            bands: (0..output.len()).map(band).collect(),
            fft,
            output,
            scratch,
        }
    }

    /// Adds the power of `samples`, at most [`WINDOW`] of them, to `sum`.
    fn add(&mut self, samples: &[f32], sum: &mut [f64; BANDS]) {
        self.input.fill(0.0);
        for ((input, sample), shape) in self.input.iter_mut().zip(samples).zip(&self.shape) {
            *input = sample * shape;
        }
        let done = self.fft.process_with_scratch(&mut self.input, &mut self.output, &mut self.scratch);
        debug_assert!(done.is_ok(), "all lengths are the planner's own");
        // A sine of full scale has a bin of WINDOW / 4 in the middle of a Hann window.
        let scale = 1.0 / (WINDOW as f64 * WINDOW as f64);
        for (bin, band) in self.output.iter().zip(&self.bands) {
            sum[*band] += f64::from(bin.norm_sqr()) * scale;
        }
    }
}
