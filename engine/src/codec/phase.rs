//! Phase from magnitude, without iteration.
//!
//! Phase gradient heap integration, [Průša, Balazs and Søndergaard, 2017](https://arxiv.org/abs/1609.00291):
//! for a Gaussian window the partial derivatives of the phase are those of the log magnitude with time and
//! frequency exchanged. The phase is integrated from the loudest bin outwards along the loudest path, so errors
//! stay where it is quiet.
//!
//! The heap of the paper is a list per level of loudness here: half a million bins of rain took a heap 0.17 s. Bins of
//! one level, a few thousandths of a neper, go in the order they come.

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

/// Levels of loudness: as many as bits in two stages of 64.
const LEVELS: usize = 64 * 64;

/// No place.
const NONE: u32 = u32::MAX;

/// Bins whose neighbours come next, loudest level first and, in a level, last in first out.
struct Front {
    /// Per level, the place of what comes first.
    first: Vec<u32>,
    /// Bins, each with the place of what comes after it in its level.
    bins: Vec<[u32; 2]>,
    /// Which levels have bins, and which words of these bits are not zero.
    levels: [u64; 64],
    words: u64,
}

impl Front {
    fn new() -> Self {
        Self { first: vec![NONE; LEVELS], bins: Vec::new(), levels: [0; 64], words: 0 }
    }

    fn push(&mut self, level: usize, at: usize) {
        let place = self.bins.len() as u32;
        self.bins.push([at as u32, std::mem::replace(&mut self.first[level], place)]);
        self.levels[level / 64] |= 1 << (level % 64);
        self.words |= 1 << (level / 64);
    }

    fn pop(&mut self) -> Option<usize> {
        let word = self.words.checked_ilog2()? as usize;
        let bit = self.levels[word].checked_ilog2()? as usize;
        let first = &mut self.first[64 * word + bit];
        let [at, next] = self.bins[*first as usize];
        *first = next;
        if next == NONE {
            self.levels[word] &= !(1 << bit);
            if self.levels[word] == 0 {
                self.words &= !(1 << word);
            }
        }
        Some(at as usize)
    }
}

/// Levels of the log amplitudes above a floor.
#[derive(Clone, Copy)]
struct Loudness {
    floor: f32,
    per_neper: f32,
}

impl Loudness {
    fn level(self, log_amplitude: f32) -> usize {
        // Casts of floats saturate, so that infinity is the highest level.
        (((log_amplitude - self.floor) * self.per_neper) as usize).min(LEVELS - 1)
    }

    /// The bins above the floor, louder levels first.
    fn order(self, log_amplitude: &[f32]) -> Vec<u32> {
        let above = || log_amplitude.iter().enumerate().rev().filter(|(_, v)| **v > self.floor);
        let mut ends = vec![0usize; LEVELS];
        above().for_each(|(_, v)| ends[self.level(*v)] += 1);
        let mut count = 0;
        for end in ends.iter_mut().rev() {
            count += *end;
            *end = count;
        }
        let mut order = vec![0; count];
        // From the last bin to the first, each to the end of its level's part.
        for (at, v) in above() {
            let end = &mut ends[self.level(*v)];
            *end -= 1;
            order[*end] = at as u32;
        }
        order
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
    let loudest = log_amplitude.iter().copied().fold(f32::MIN, f32::max);
    if loudest <= floor {
        return;
    }
    let gradient = Gradient { log_amplitude, grid, bins, frames };
    let loudness = Loudness { floor, per_neper: LEVELS as f32 / (loudest - floor) };
    let mut todo: Vec<bool> = log_amplitude.iter().map(|&v| v > floor).collect();
    let mut front = Front::new();
    for start in loudness.order(log_amplitude) {
        if !std::mem::take(&mut todo[start as usize]) {
            continue;
        }
        let mut at = start as usize;
        loop {
            gradient.for_each_neighbour(at, &mut todo, |next, step| {
                // Kept within one turn, so that long paths lose no precision.
                let angle = phase[at] + step;
                phase[next] = angle - TAU * (angle * TAU.recip()).floor();
                front.push(loudness.level(log_amplitude[next]), next);
            });
            match front.pop() {
                Some(next) => at = next,
                None => break,
            }
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

    /// Calls `visit(index, phase step)` for those of the four neighbours that are still to do, steps by the trapezoidal
    /// rule, and marks them as done.
    #[inline]
    fn for_each_neighbour(&self, at: usize, todo: &mut [bool], mut visit: impl FnMut(usize, f32)) {
        let (frame, bin) = (at / self.bins, at % self.bins);
        let mut taken = |there: bool, next: usize| there && std::mem::take(&mut todo[next]);
        if taken(frame + 1 < self.frames, at + self.bins) {
            visit(at + self.bins, 0.5 * (self.over_time(frame, bin) + self.over_time(frame + 1, bin)));
        }
        if taken(frame > 0, at.wrapping_sub(self.bins)) {
            visit(at - self.bins, -0.5 * (self.over_time(frame, bin) + self.over_time(frame - 1, bin)));
        }
        if taken(bin + 1 < self.bins, at + 1) {
            visit(at + 1, 0.5 * (self.over_frequency(frame, bin) + self.over_frequency(frame, bin + 1)));
        }
        if taken(bin > 0, at.wrapping_sub(1)) {
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
        let spectrum: Vec<Complex32> =
            target.iter().zip(&phase).map(|(&m, &p)| Complex32::from_polar(m, p)).collect();
        let again = stft.forward(&stft.inverse(&spectrum), frames);
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
    fn levels_are_emptied_from_the_loudest_and_the_order_of_starts_is_theirs() {
        let mut front = Front::new();
        for (level, at) in [(3, 0), (4000, 1), (3, 2), (64, 3), (4000, 4), (0, 5)] {
            front.push(level, at);
        }
        let order: Vec<usize> = std::iter::from_fn(|| front.pop()).collect();
        assert_eq!(order, [4, 1, 3, 2, 0, 5]);
        let loudness = Loudness { floor: -2.0, per_neper: LEVELS as f32 / 4.0 };
        assert_eq!(loudness.order(&[0.0, 2.0, -3.0, 1.0, 0.0, f32::NAN, -1.9]), [1, 3, 0, 4, 6]);
    }

    #[test]
    fn silence_and_a_single_loud_bin_need_no_path() {
        let grid = Grid { n_fft: 8, hop_length: 2 };
        let mut phase = vec![1.0; 15];
        integrate(&[-9.0; 15], grid, -5.0, &mut phase);
        assert_eq!(phase, [1.0; 15]);
        let mut one = [-9.0; 15];
        one[7] = 0.0;
        integrate(&one, grid, -5.0, &mut phase);
        assert_eq!(phase, [1.0; 15]);
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
