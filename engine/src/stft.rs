//! Short-time Fourier transform with a Hann window.
//!
//! Synthesis transforms white noise, shapes it, adds the tones and transforms back frame by frame: no spectrum of a whole
//! clip is ever in memory.

use multiversion::multiversion;
use rayon::prelude::*;
use realfft::num_complex::Complex32;
use realfft::{ComplexToReal, RealFftPlanner, RealToComplex};
use std::fmt;
use std::ops::Range;
use std::sync::Arc;

/// Transform pair of one window length and hop.
///
/// Frame `i` is centred on sample `(i + ½) hop_length`, so `n` frames stand for exactly `n · hop_length`
/// samples and a frame count maps to latents without a rest. Outside the signal there is silence.
#[derive(Clone)]
pub struct Stft {
    n_fft: usize,
    hop_length: usize,
    window: Vec<f32>,
    /// What the samples of a hop that all frames reach are multiplied by at last.
    levels: Vec<f32>,
    forward: Arc<dyn RealToComplex<f32>>,
    inverse: Arc<dyn ComplexToReal<f32>>,
}

impl fmt::Debug for Stft {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Stft").field("n_fft", &self.n_fft).field("hop_length", &self.hop_length).finish()
    }
}

impl Stft {
    /// Plans the transforms; `n_fft` is even and a multiple of `hop_length`.
    #[must_use]
    pub fn new(n_fft: usize, hop_length: usize) -> Self {
        debug_assert!(n_fft.is_multiple_of(2 * hop_length));
        let mut planner = RealFftPlanner::<f32>::new();
        let step = std::f64::consts::TAU / n_fft as f64;
        let mut stft = Self {
            n_fft,
            hop_length,
            // Periodic Hann: overlapping copies sum to a constant.
            window: (0..n_fft).map(|i| (0.5 - 0.5 * (i as f64 * step).cos()) as f32).collect(),
            levels: Vec::new(),
            forward: planner.plan_fft_forward(n_fft),
            inverse: planner.plan_fft_inverse(n_fft),
        };
        // A hop in the middle of enough frames.
        let reach = stft.reach();
        stft.levels = stft.levels_of(reach, 2 * reach + 1);
        stft
    }

    /// Frames on either side that reach into a hop.
    fn reach(&self) -> usize {
        // Half a window.
        self.n_fft / self.hop_length / 2
    }

    /// What the samples of a hop are multiplied by when the blocks of the frames that there are have been added.
    fn levels_of(&self, hop: usize, frames: usize) -> Vec<f32> {
        let mut weight = vec![0f32; self.hop_length];
        for frame in self.frames_near(hop, frames) {
            if let Some((skip, from)) = self.overlap(frame, hop) {
                let window = &self.window[from..];
                weight[skip..].iter_mut().zip(window).for_each(|(weight, w)| *weight += w * w);
            }
        }
        let scale = 1.0 / self.n_fft as f32;
        weight.iter().map(|w| scale / w.max(1e-3)).collect()
    }

    /// Where a frame's block begins within a hop, and where the hop begins within the block: one of the two is the start.
    fn overlap(&self, frame: usize, hop: usize) -> Option<(usize, usize)> {
        // Less than nothing if the block begins within the hop.
        let inside = (hop * self.hop_length) as isize - self.start(frame);
        let (skip, from) = ((-inside).max(0) as usize, inside.max(0) as usize);
        (skip < self.hop_length && from < self.n_fft).then_some((skip, from))
    }

    /// Frequency bins per frame, `n_fft / 2 + 1`.
    #[must_use]
    pub fn bins(&self) -> usize {
        self.n_fft / 2 + 1
    }

    /// Samples between frames.
    #[must_use]
    pub fn hop_length(&self) -> usize {
        self.hop_length
    }

    /// Magnitude of a full-scale sine at a bin centre: divides a magnitude to give an amplitude.
    #[must_use]
    pub fn full_scale(&self) -> f32 {
        self.window.iter().sum::<f32>() / 2.0
    }

    /// Signed position of frame `i`'s first sample.
    fn start(&self, frame: usize) -> isize {
        (frame * self.hop_length) as isize - ((self.n_fft - self.hop_length) / 2) as isize
    }

    /// Memory for one thread's transforms.
    fn scratch(&self) -> Scratch {
        Scratch {
            block: vec![0.0; self.n_fft],
            forward: self.forward.make_scratch_vec(),
            inverse: self.inverse.make_scratch_vec(),
        }
    }

    /// Transforms `samples` to `frames` frames.
    ///
    /// # Shapes
    /// - returns: `[frames, bins]`, row-major
    #[must_use]
    pub fn forward(&self, samples: &[f32], frames: usize) -> Vec<Complex32> {
        let bins = self.bins();
        let mut out = vec![Complex32::default(); frames * bins];
        out.par_chunks_mut(bins).enumerate().for_each_init(
            || self.scratch(),
            |scratch, (frame, out)| self.forward_frame(samples, frame, out, scratch),
        );
        out
    }

    /// Makes `width` numbers of every frame of `samples`; no more than one frame per thread is there at a time.
    ///
    /// # Shapes
    /// - `out`: `[frames, width]`, written
    /// - `read`: gets the `bins` values of a frame and its part of `out`; while `goes_on` says no, the rest is left as it is
    pub(crate) fn each_frame(
        &self,
        samples: &[f32],
        (out, width): (&mut [f32], usize),
        goes_on: impl Fn() -> bool + Sync,
        read: impl Fn(&[Complex32], &mut [f32]) + Sync,
    ) {
        let rows = out.par_chunks_mut(width * MOST_HOPS).enumerate();
        rows.for_each_init(
            || (self.scratch(), vec![Complex32::default(); self.bins()]),
            |(scratch, row), (piece, out)| {
                if !goes_on() {
                    return;
                }
                for (i, out) in out.chunks_exact_mut(width).enumerate() {
                    self.forward_frame(samples, piece * MOST_HOPS + i, row, scratch);
                    read(row, out);
                }
            },
        );
    }

    /// Sum of the squared window: the mean square of a bin of white noise of unit variance.
    pub(crate) fn noise_power(&self) -> f32 {
        self.window.iter().map(|w| w * w).sum()
    }

    fn forward_frame(&self, samples: &[f32], frame: usize, out: &mut [Complex32], scratch: &mut Scratch) {
        let start = self.start(frame);
        let inside = usize::try_from(start).ok().and_then(|start| samples.get(start..start + self.n_fft));
        let (block, window) = (&mut scratch.block, &self.window);
        if let Some(inside) = inside {
            block.iter_mut().zip(inside).zip(window).for_each(|((b, x), w)| *b = x * w);
        } else {
            for (i, (b, w)) in block.iter_mut().zip(window).enumerate() {
                let at = start + i as isize;
                *b = usize::try_from(at).ok().and_then(|at| samples.get(at)).map_or(0.0, |x| x * w);
            }
        }
        // The only failures are wrong buffer lengths, which are fixed above.
        let done = self.forward.process_with_scratch(block, out, &mut scratch.forward);
        debug_assert!(done.is_ok());
    }

    /// Inverse transform by weighted overlap-add, exact for an unchanged spectrum of [`Stft::forward`].
    ///
    /// # Shapes
    /// - `spectrum`: `[frames, bins]`
    /// - returns: `frames * hop_length` samples
    #[must_use]
    pub fn inverse(&self, spectrum: &[Complex32]) -> Vec<f32> {
        let bins = self.bins();
        let copy = |(): &mut (), frame: usize, row: &mut [Complex32], _: &mut Scratch| {
            row.copy_from_slice(&spectrum[frame * bins..][..bins]);
        };
        let frames = spectrum.len() / bins;
        let mut out = vec![0f32; frames * self.hop_length];
        self.overlap_add(&mut out, || true, || (), copy);
        out
    }

    /// The inverse transform of what `change` makes of every frame of `samples`. Only some frames are there at a time,
    /// in the cache of a core: the spectrum of a clip would go through memory several times.
    ///
    /// # Shapes
    /// - `change`: gets what `init` made for the thread, the number of a frame and its `bins` values; a frame may be asked
    ///   for more than once
    /// - `out`: `frames * hop_length` samples, written; while `goes_on` says no, the rest is left as it is
    pub fn filter<T>(
        &self,
        samples: &[f32],
        out: &mut [f32],
        goes_on: impl Fn() -> bool + Sync,
        init: impl Fn() -> T + Sync,
        change: impl Fn(&mut T, usize, &mut [Complex32]) + Sync,
    ) {
        self.overlap_add(out, goes_on, init, |state, frame, row, scratch| {
            self.forward_frame(samples, frame, row, scratch);
            change(state, frame, row);
        });
    }

    /// The samples of frames that `make` makes one by one.
    fn overlap_add<T>(
        &self,
        sum: &mut [f32],
        goes_on: impl Fn() -> bool + Sync,
        init: impl Fn() -> T + Sync,
        make: impl Fn(&mut T, usize, &mut [Complex32], &mut Scratch) + Sync,
    ) {
        let bins = self.bins();
        let frames = sum.len() / self.hop_length;
        let hops = frames.div_ceil(PIECES_PER_THREAD * rayon::current_num_threads()).clamp(1, MOST_HOPS);
        sum.par_chunks_mut(hops * self.hop_length).enumerate().for_each_init(
            || (init(), self.scratch(), vec![Complex32::default(); bins], Vec::new()),
            |(state, scratch, row, blocks), (piece, sum)| {
                if !goes_on() {
                    return;
                }
                let first = piece * hops;
                let near = self.frames_near(first, frames).start
                    ..self.frames_near(first + sum.len() / self.hop_length - 1, frames).end;
                blocks.resize(near.len() * self.n_fft, 0.0);
                for (frame, block) in near.clone().zip(blocks.chunks_exact_mut(self.n_fft)) {
                    make(state, frame, row, scratch);
                    row[0].im = 0.0;
                    row[bins - 1].im = 0.0;
                    let done = self.inverse.process_with_scratch(row, block, &mut scratch.inverse);
                    debug_assert!(done.is_ok());
                }
                for (hop, sum) in (first..).zip(sum.chunks_exact_mut(self.hop_length)) {
                    // Zero already, but a page of fresh memory that is read before it is written costs twice, and all
                    // threads wait while it is exchanged.
                    sum.fill(0.0);
                    let frames_near = self.frames_near(hop, frames);
                    let is_full = frames_near.len() == 2 * self.reach() + 1;
                    for frame in frames_near {
                        if let Some((skip, from)) = self.overlap(frame, hop) {
                            let block = &blocks[(frame - near.start) * self.n_fft..][..self.n_fft];
                            add_products(&block[from..], &self.window[from..], &mut sum[skip..]);
                        }
                    }
                    if is_full {
                        multiply(&self.levels, sum);
                    } else {
                        multiply(&self.levels_of(hop, frames), sum);
                    }
                }
            },
        );
    }

    /// The frames, of so many, that reach into a hop.
    fn frames_near(&self, hop: usize, frames: usize) -> Range<usize> {
        hop.saturating_sub(self.reach())..(hop + self.reach() + 1).min(frames)
    }
}

/// Adds what `block` times `window` is to `sum`, as far as all three reach.
#[multiversion(targets("x86_64+avx512f+avx512bw+avx512dq+avx512vl+avx2+fma", "x86_64+avx2+fma"))]
fn add_products(block: &[f32], window: &[f32], sum: &mut [f32]) {
    for ((sum, x), w) in sum.iter_mut().zip(block).zip(window) {
        *sum += w * x;
    }
}

#[multiversion(targets("x86_64+avx512f+avx512bw+avx512dq+avx512vl+avx2+fma", "x86_64+avx2+fma"))]
fn multiply(factors: &[f32], values: &mut [f32]) {
    for (value, factor) in values.iter_mut().zip(factors) {
        *value *= factor;
    }
}

/// Pieces of a signal that a thread puts together one after the other: some, so that none waits long for the last.
const PIECES_PER_THREAD: usize = 4;
/// Most hops of a piece: their blocks, 0.3 MB with 1,024 samples each, stay in the cache of a core.
const MOST_HOPS: usize = 64;

/// What a thread transforms in.
struct Scratch {
    block: Vec<f32>,
    forward: Vec<Complex32>,
    inverse: Vec<Complex32>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng::{Noise, Stream};

    #[test]
    fn inverse_of_forward_is_identity() {
        let stft = Stft::new(1024, 256);
        let x = Noise::new(1, Stream::Training).normals(40 * 256);
        let y = stft.inverse(&stft.forward(&x, 40));
        let worst = x.iter().zip(&y).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
        assert!(worst < 1e-4, "largest error {worst}");
    }

    #[test]
    fn a_filter_is_the_inverse_of_the_changed_spectrum_on_any_number_of_threads() {
        let change = |factor: &mut f32, frame: usize, row: &mut [Complex32]| {
            row.iter_mut().for_each(|c| *c *= *factor * frame as f32);
        };
        for (n_fft, hop_length, frames) in [(1024, 256, 1), (1024, 256, 7), (64, 32, 3), (64, 8, 300)] {
            let stft = Stft::new(n_fft, hop_length);
            // Fewer samples than frames, and more.
            for samples in [frames * hop_length - 3, frames * hop_length + n_fft] {
                let x = Noise::new(2, Stream::Training).normals(samples);
                let mut spectrum = stft.forward(&x, frames);
                spectrum
                    .chunks_mut(stft.bins())
                    .enumerate()
                    .for_each(|(frame, row)| change(&mut 0.5, frame, row));
                let wanted = stft.inverse(&spectrum);
                assert_eq!(wanted.len(), frames * hop_length);
                for threads in [1, 3] {
                    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
                    let mut got = vec![f32::NAN; frames * stft.hop_length];
                    pool.install(|| stft.filter(&x, &mut got, || true, || 0.5, change));
                    assert_eq!(got, wanted, "{n_fft}, {hop_length}, {frames} frames, {threads} threads");
                }
            }
        }
        Stft::new(64, 32).filter(&[], &mut [], || true, || 0.5, change);
        let mut untouched = [7.0; 64];
        Stft::new(64, 32).filter(&[1.0; 64], &mut untouched, || false, || 0.5, change);
        assert_eq!(untouched, [7.0; 64], "nothing is made for whoever stops it");
    }

    #[test]
    fn full_scale_sine_has_unit_amplitude() {
        let stft = Stft::new(1024, 256);
        let step = std::f32::consts::TAU * 32.0 / 1024.0;
        let x: Vec<f32> = (0..20 * 256).map(|i| (step * i as f32).sin()).collect();
        let amplitude = stft.forward(&x, 20)[10 * stft.bins() + 32].norm() / stft.full_scale();
        assert!((amplitude - 1.0).abs() < 1e-3, "{amplitude}");
    }
}
