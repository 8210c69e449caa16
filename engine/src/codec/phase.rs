//! Phase from magnitude, without iteration.
//!
//! Phase gradient heap integration, [Průša, Balazs and Søndergaard, 2017](https://arxiv.org/abs/1609.00291):
//! for a Gaussian window the partial derivatives of the phase are those of the log magnitude with time and
//! frequency exchanged. The phase is integrated from the loudest bin outwards along the loudest path, so errors
//! stay where it is quiet.

use std::cmp::Ordering;
use std::collections::BinaryHeap;
use std::f32::consts::{PI, TAU};

/// Time-frequency ratio of the Gaussian that is nearest to a Hann window, divided by the squared window length
/// (table I of the paper).
const HANN_GAMMA: f64 = 0.256_45;

/// Grid that a spectrogram was taken on.
#[derive(Debug, Clone, Copy)]
pub struct Grid {
    /// Window and transform length in samples.
    pub n_fft: usize,
    /// Samples between frames.
    pub hop_length: usize,
}

impl Grid {
    fn bins(self) -> usize {
        self.n_fft / 2 + 1
    }

    fn gamma(self) -> f64 {
        HANN_GAMMA * (self.n_fft * self.n_fft) as f64
    }
}

/// Heap entry: loudest first, ties by position so that the result does not depend on the heap's order.
#[derive(Clone, Copy, PartialEq)]
struct Front {
    log_amplitude: f32,
    at: u32,
}

impl Eq for Front {}

impl Ord for Front {
    fn cmp(&self, other: &Self) -> Ordering {
        self.log_amplitude.total_cmp(&other.log_amplitude).then_with(|| other.at.cmp(&self.at))
    }
}

impl PartialOrd for Front {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// Reconstructs the phase of a spectrogram taken with a Hann window.
///
/// Bins quieter than `floor` (natural log amplitude) keep the phase already in `phase`, which the caller fills
/// with random angles; the loudest bin of every connected region keeps its own as the starting value.
///
/// # Shapes
/// - `log_amplitude`, `phase`: `[frames, bins]`, radians, phase referred to the first sample of each frame
pub fn integrate(log_amplitude: &[f32], grid: Grid, floor: f32, phase: &mut [f32]) {
    let bins = grid.bins();
    let frames = log_amplitude.len() / bins;
    let gradient = Gradient { log_amplitude, grid, bins, frames };
    let mut order: Vec<u32> =
        (0..log_amplitude.len() as u32).filter(|&i| log_amplitude[i as usize] > floor).collect();
    order.sort_unstable_by(|&a, &b| {
        log_amplitude[b as usize].total_cmp(&log_amplitude[a as usize]).then(a.cmp(&b))
    });
    let mut todo: Vec<bool> = log_amplitude.iter().map(|&v| v > floor).collect();
    let mut heap = BinaryHeap::new();
    for start in order {
        if !std::mem::take(&mut todo[start as usize]) {
            continue;
        }
        heap.push(Front { log_amplitude: log_amplitude[start as usize], at: start });
        while let Some(Front { at, .. }) = heap.pop() {
            let at = at as usize;
            gradient.for_each_neighbour(at, |next, step| {
                if std::mem::take(&mut todo[next]) {
                    // Kept within one turn, so that long paths lose no precision.
                    phase[next] = (phase[at] + step).rem_euclid(TAU);
                    heap.push(Front { log_amplitude: log_amplitude[next], at: next as u32 });
                }
            });
        }
    }
}

struct Gradient<'a> {
    log_amplitude: &'a [f32],
    grid: Grid,
    bins: usize,
    frames: usize,
}

impl Gradient<'_> {
    /// Phase advance from this frame to the next: the bin's own frequency plus what the slope over bins says.
    fn over_time(&self, frame: usize, bin: usize) -> f32 {
        let row = &self.log_amplitude[frame * self.bins..][..self.bins];
        let slope = 0.5 * (row[(bin + 1).min(self.bins - 1)] - row[bin.saturating_sub(1)]);
        let scale = (self.grid.hop_length * self.grid.n_fft) as f64 / self.grid.gamma();
        // The bin frequency times the hop in whole turns would lose precision as f32: reduce it exactly first.
        let turns = (bin * self.grid.hop_length % self.grid.n_fft) as f32 / self.grid.n_fft as f32;
        scale as f32 * slope + TAU * turns
    }

    /// Phase advance from this bin to the next: half a turn for the window's centre plus what the slope over
    /// frames says.
    fn over_frequency(&self, frame: usize, bin: usize) -> f32 {
        let at = |frame: usize| self.log_amplitude[frame * self.bins + bin];
        let slope = 0.5 * (at((frame + 1).min(self.frames - 1)) - at(frame.saturating_sub(1)));
        let scale = self.grid.gamma() / (self.grid.hop_length * self.grid.n_fft) as f64;
        -(scale as f32) * slope - PI
    }

    /// Calls `visit(index, phase step)` for the four neighbours, steps by the trapezoidal rule.
    #[inline]
    fn for_each_neighbour(&self, at: usize, mut visit: impl FnMut(usize, f32)) {
        let (frame, bin) = (at / self.bins, at % self.bins);
        if frame + 1 < self.frames {
            visit(at + self.bins, 0.5 * (self.over_time(frame, bin) + self.over_time(frame + 1, bin)));
        }
        if frame > 0 {
            visit(at - self.bins, -0.5 * (self.over_time(frame, bin) + self.over_time(frame - 1, bin)));
        }
        if bin + 1 < self.bins {
            visit(at + 1, 0.5 * (self.over_frequency(frame, bin) + self.over_frequency(frame, bin + 1)));
        }
        if bin > 0 {
            visit(at - 1, -0.5 * (self.over_frequency(frame, bin) + self.over_frequency(frame, bin - 1)));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audio::stft::Stft;
    use crate::rng::{Noise, Stream};
    use realfft::num_complex::Complex32;

    /// Relative error in dB of the magnitudes after magnitude -> phase -> signal -> magnitude.
    fn spectral_convergence(signal: &[f32], integrated: bool) -> f32 {
        let stft = Stft::new(1024, 256);
        let frames = signal.len() / 256;
        let target: Vec<f32> = stft.forward(signal, frames).iter().map(|c| c.norm()).collect();
        let log: Vec<f32> = target.iter().map(|m| m.max(1e-7).ln()).collect();
        let mut noise = Noise::new(3, Stream::Texture);
        let mut phase: Vec<f32> = (0..log.len()).map(|_| noise.uniform() as f32 * TAU).collect();
        if integrated {
            let floor = log.iter().copied().fold(f32::MIN, f32::max) - 12.0;
            integrate(&log, Grid { n_fft: 1024, hop_length: 256 }, floor, &mut phase);
        }
        let mut spectrum: Vec<Complex32> =
            target.iter().zip(&phase).map(|(&m, &p)| Complex32::from_polar(m, p)).collect();
        let again = stft.forward(&stft.inverse(&mut spectrum), frames);
        let error: f32 = again.iter().zip(&target).map(|(c, m)| (c.norm() - m).powi(2)).sum();
        10.0 * (error / target.iter().map(|m| m * m).sum::<f32>()).log10()
    }

    fn chirp() -> Vec<f32> {
        (0..100 * 256)
            .map(|i| {
                let t = i as f32 / 44_100.0;
                0.5 * (TAU * (300.0 * t + 1500.0 * t * t)).sin() + 0.3 * (TAU * 3011.0 * t).sin()
            })
            .collect()
    }

    #[test]
    fn chirp_and_tone_come_back() {
        let (random, integrated) =
            (spectral_convergence(&chirp(), false), spectral_convergence(&chirp(), true));
        assert!(integrated < -20.0, "{integrated} dB with integration, {random} dB with random phase");
    }

    #[test]
    fn clicks_come_back() {
        let mut signal = vec![0f32; 60 * 256];
        for at in [3001, 7777, 12_003] {
            signal[at] = 1.0;
        }
        let integrated = spectral_convergence(&signal, true);
        assert!(integrated < -15.0, "{integrated} dB");
    }
}
