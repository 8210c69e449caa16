//! Phase from magnitude, without iteration.
//!
//! Phase gradient heap integration, [Průša, Balazs and Søndergaard, 2017](https://arxiv.org/abs/1609.00291):
//! for a Gaussian window the partial derivatives of the phase are those of the log magnitude with time and
//! frequency exchanged. The phase is integrated from the loudest bin outwards along the loudest path, so errors
//! stay where it is quiet.
//!
//! The heap of the paper is a list per level of loudness here: half a million bins of rain took a heap 0.17 s. Bins of
//! one level, a few thousandths of a neper, go in the order they come.

use rayon::prelude::*;
use std::f32::consts::{PI, TAU};
use straightshot_protocol::CancelToken;

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

    /// Frames of a piece: few enough for all of its bins to be regions by themselves.
    fn piece(self) -> usize {
        (usize::from(TO_DO) / self.bins()).clamp(1, PIECE)
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

    /// Forgets the places of bins that have been taken out; there must be no others.
    fn clear(&mut self) {
        debug_assert_eq!(self.words, 0);
        self.bins.clear();
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

/// Most frames that are integrated by themselves, 0.37 s of the default model; what is found in neighbouring pieces is put
/// together afterwards.
const PIECE: usize = 64;

/// Which region of its piece a bin is in.
type Owner = u16;
/// Owner of a bin that is too quiet, and of one whose turn has not come.
const QUIET: Owner = Owner::MAX;
const TO_DO: Owner = Owner::MAX - 1;

/// Reconstructs the phase of a spectrogram taken with a Hann window.
///
/// Bins quieter than `floor` (natural log amplitude) keep the phase already in `phase`, which the caller fills
/// with random angles; one bin of every connected region keeps its own as the starting value.
///
/// Pieces of the spectrogram are integrated on the threads of the current pool, each from its own loudest bins. Then all
/// phases of a region of one piece are turned together, so that they continue those of its neighbours in the pieces
/// beside it: across the loudest pair of bins that connects the two first, as the paper's heap would go. The result does
/// not depend on the number of threads.
///
/// # Shapes
/// - `log_amplitude`, `phase`: `[frames, bins]`, radians, phase referred to the first sample of each frame
/// - `owners`: as many, memory to work in
///
/// Ends early, with phases that are of no use, if `cancel` is raised.
pub fn integrate(
    log_amplitude: &[f32],
    grid: Grid,
    floor: f32,
    (phase, owners): (&mut [f32], &mut [Owner]),
    cancel: &CancelToken,
) {
    let bins = grid.bins();
    let frames = log_amplitude.len() / bins;
    let loudest = log_amplitude.par_iter().copied().reduce(|| f32::MIN, f32::max);
    if loudest <= floor {
        return;
    }
    let gradient = Gradient { log_amplitude, grid, bins, frames };
    let loudness = Loudness { floor, per_neper: LEVELS as f32 / (loudest - floor) };
    let piece = grid.piece();
    let pieces = phase.par_chunks_mut(piece * bins).zip(owners.par_chunks_mut(piece * bins)).enumerate();
    let starts: Vec<Vec<u32>> = pieces
        .map_init(Front::new, |front, (i, (phase, owners))| {
            if cancel.is_cancelled() {
                return Vec::new();
            }
            let piece = Piece { gradient: &gradient, loudness, first_frame: i * piece };
            piece.integrate(front, owners, phase)
        })
        .collect();
    if cancel.is_cancelled() {
        // Owners of pieces that were not made are anything.
        return;
    }
    let turns = Regions::new(&starts).join(&gradient, loudness, owners, phase);
    let pieces = phase.par_chunks_mut(piece * bins).zip(owners.par_chunks(piece * bins)).zip(turns);
    pieces.for_each(|((phase, owners), turns)| {
        for (phase, owner) in phase.iter_mut().zip(owners) {
            // A bin without an owner is in no region.
            if let Some(turn) = turns.get(usize::from(*owner)) {
                *phase = within_turn(*phase + turn);
            }
        }
    });
}

/// The same angle in one turn, so that long paths lose no precision.
fn within_turn(angle: f32) -> f32 {
    angle - TAU * (angle * TAU.recip()).floor()
}

/// Some neighbouring frames.
struct Piece<'a> {
    gradient: &'a Gradient<'a>,
    loudness: Loudness,
    first_frame: usize,
}

impl Piece<'_> {
    /// Integrates what is connected inside the piece, says for every bin which region it is in, and returns the bins that
    /// the regions started from.
    fn integrate(&self, front: &mut Front, owners: &mut [Owner], phase: &mut [f32]) -> Vec<u32> {
        let (gradient, loudness) = (self.gradient, self.loudness);
        let log_amplitude = &gradient.log_amplitude[self.first_frame * gradient.bins..][..owners.len()];
        for (owner, value) in owners.iter_mut().zip(log_amplitude) {
            *owner = if *value > loudness.floor { TO_DO } else { QUIET };
        }
        front.clear();
        let mut starts = Vec::new();
        for start in loudness.order(log_amplitude) {
            if owners[start as usize] != TO_DO {
                continue;
            }
            let region = starts.len() as Owner;
            starts.push(start);
            owners[start as usize] = region;
            let mut at = start as usize;
            loop {
                gradient.for_each_neighbour(self.first_frame, at, owners, |next, step| {
                    phase[next] = within_turn(phase[at] + step);
                    front.push(loudness.level(log_amplitude[next]), next);
                });
                match front.pop() {
                    Some(next) => at = next,
                    None => break,
                }
            }
        }
        starts
    }
}

/// The regions of all pieces, those that are connected in a tree of which each knows its parent.
struct Regions {
    /// Where the regions of each piece begin.
    first: Vec<usize>,
    parents: Vec<usize>,
    /// How far a region's phases have to be turned beyond its parent's.
    turns: Vec<f32>,
    /// Regions in the tree below a root.
    sizes: Vec<u32>,
}

/// A pair of bins on either side of a border.
struct Crossing {
    level: usize,
    regions: [usize; 2],
    /// How far the later region has to be turned beyond the earlier one.
    turn: f32,
}

impl Regions {
    fn new(starts: &[Vec<u32>]) -> Self {
        let mut count = 0;
        let mut first = Vec::with_capacity(starts.len());
        for starts in starts {
            first.push(count);
            count += starts.len();
        }
        Self { first, parents: (0..count).collect(), turns: vec![0.0; count], sizes: vec![1; count] }
    }

    /// Returns how far the phases of each region of each piece have to be turned.
    fn join(
        mut self,
        gradient: &Gradient<'_>,
        loudness: Loudness,
        owners: &[Owner],
        phase: &[f32],
    ) -> Vec<Vec<f32>> {
        let mut crossings: Vec<Crossing> = Vec::new();
        for (i, firsts) in self.first.windows(2).enumerate() {
            let frame = (i + 1) * gradient.grid.piece() - 1;
            for bin in 0..gradient.bins {
                let (before, after) = (frame * gradient.bins + bin, (frame + 1) * gradient.bins + bin);
                if owners[before] == QUIET || owners[after] == QUIET {
                    continue;
                }
                let quieter = gradient.log_amplitude[before].min(gradient.log_amplitude[after]);
                let turn = phase[before] + gradient.step_over_time(frame, bin) - phase[after];
                crossings.push(Crossing {
                    level: loudness.level(quieter),
                    regions: [
                        firsts[0] + usize::from(owners[before]),
                        firsts[1] + usize::from(owners[after]),
                    ],
                    turn,
                });
            }
        }
        // Loudest first; in a level in the order they come.
        crossings.sort_by_key(|crossing| std::cmp::Reverse(crossing.level));
        for Crossing { regions, turn, .. } in crossings {
            let [(before, turn_before), (after, turn_after)] = regions.map(|region| self.root(region));
            if before == after {
                continue;
            }
            let turn = turn + turn_before - turn_after;
            // The smaller tree below the larger, so that no way to a root is long.
            let (root, child, turn) = if self.sizes[before] >= self.sizes[after] {
                (before, after, turn)
            } else {
                (after, before, -turn)
            };
            self.parents[child] = root;
            self.turns[child] = within_turn(turn);
            self.sizes[root] += self.sizes[child];
        }
        let ends = self.first[1..].iter().copied().chain([self.parents.len()]).collect::<Vec<_>>();
        let pieces = self.first.clone().into_iter().zip(ends);
        pieces.map(|(first, end)| (first..end).map(|region| self.root(region).1).collect()).collect()
    }

    /// The region at the root of the tree of `region`, and how far `region` is turned beyond it.
    fn root(&mut self, region: usize) -> (usize, f32) {
        let parent = self.parents[region];
        if parent == region {
            return (region, 0.0);
        }
        let (root, turn) = self.root(parent);
        // The way is short next time.
        self.parents[region] = root;
        self.turns[region] = within_turn(self.turns[region] + turn);
        (root, self.turns[region])
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

    /// Phase step to the next frame by the trapezoidal rule.
    fn step_over_time(&self, frame: usize, bin: usize) -> f32 {
        0.5 * (self.over_time(frame, bin) + self.over_time(frame + 1, bin))
    }

    /// Phase step to the next bin.
    fn step_over_frequency(&self, frame: usize, bin: usize) -> f32 {
        0.5 * (self.over_frequency(frame, bin) + self.over_frequency(frame, bin + 1))
    }

    /// Calls `visit(index, phase step)` for those of the four neighbours that are still to do and gives them the owner of
    /// the bin `at`. Both indices count from the frame `first_frame`, as `owners` does.
    #[inline]
    fn for_each_neighbour(
        &self,
        first_frame: usize,
        at: usize,
        owners: &mut [Owner],
        mut visit: impl FnMut(usize, f32),
    ) {
        let (frame, bin) = (first_frame + at / self.bins, at % self.bins);
        let (owner, end) = (owners[at], owners.len());
        let mut taken = |there: bool, next: usize| {
            let is_free = there && owners[next] == TO_DO;
            if is_free {
                owners[next] = owner;
            }
            is_free
        };
        if taken(at + self.bins < end, at + self.bins) {
            visit(at + self.bins, self.step_over_time(frame, bin));
        }
        if taken(at >= self.bins, at.wrapping_sub(self.bins)) {
            visit(at - self.bins, -self.step_over_time(frame - 1, bin));
        }
        if taken(bin + 1 < self.bins, at + 1) {
            visit(at + 1, self.step_over_frequency(frame, bin));
        }
        if taken(bin > 0, at.wrapping_sub(1)) {
            visit(at - 1, -self.step_over_frequency(frame, bin - 1));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng::{Noise, Stream};
    use crate::stft::Stft;
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
            integrate(
                &log,
                Grid { n_fft: 1024, hop_length: 256 },
                floor,
                (&mut phase, &mut vec![0; log.len()]),
                &CancelToken::default(),
            );
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
        integrate(&[-9.0; 15], grid, -5.0, (&mut phase, &mut [0; 15]), &CancelToken::default());
        assert_eq!(phase, [1.0; 15]);
        let mut one = [-9.0; 15];
        one[7] = 0.0;
        integrate(&one, grid, -5.0, (&mut phase, &mut [0; 15]), &CancelToken::default());
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

    /// Largest difference of a step from frame to frame from what the gradient says it is.
    fn broken_steps(log: &[f32], grid: Grid, phase: &[f32], bin: usize) -> f32 {
        let bins = grid.bins();
        let gradient = Gradient { log_amplitude: log, grid, bins, frames: log.len() / bins };
        let broken = |frame: usize| {
            let step = phase[(frame + 1) * bins + bin] - phase[frame * bins + bin];
            let error = (step - gradient.step_over_time(frame, bin)) / TAU;
            (error - error.round()).abs() * TAU
        };
        (0..gradient.frames - 1).map(broken).fold(0.0, f32::max)
    }

    #[test]
    fn regions_of_neighbouring_pieces_continue_each_other() {
        let grid = Grid { n_fft: 16, hop_length: 4 };
        let (bins, frames) = (grid.bins(), 5 * PIECE + 7);
        // Two tones, loudest at different times, each alone in its piece's middle, and one click that connects them.
        let log: Vec<f32> = (0..frames * bins)
            .map(|i| match (i / bins, i % bins) {
                (frame, 2) => -1.0 - (frame as f32 - 100.0).abs() / 200.0,
                (frame, 6) => -1.5 - (frame as f32 - 250.0).abs() / 200.0,
                (frame, 3..=5) if frame == 3 * PIECE + 10 => -2.0,
                _ => -20.0,
            })
            .collect();
        let mut noise = Noise::new(3, Stream::Texture);
        let mut phase: Vec<f32> = (0..log.len()).map(|_| noise.uniform() as f32 * TAU).collect();
        let random = phase.clone();
        integrate(&log, grid, -6.0, (&mut phase, &mut vec![0; log.len()]), &CancelToken::default());
        for bin in [2, 6] {
            let error = broken_steps(&log, grid, &phase, bin);
            assert!(error < 1e-3, "bin {bin}: {error}");
            assert!(broken_steps(&log, grid, &random, bin) > 1.0);
        }
        // What is quiet keeps its angle, whatever is done beside it.
        assert!((0..frames).all(|frame| phase[frame * bins] == random[frame * bins]));
        assert!(phase.iter().all(|phase| (0.0..=TAU).contains(phase)));
    }

    #[test]
    fn no_piece_has_more_bins_than_there_are_owners() {
        for n_fft in [16, 1024, 2048, 16_384] {
            let grid = Grid { n_fft, hop_length: 4 };
            assert!(grid.piece() * grid.bins() <= usize::from(TO_DO), "{n_fft}");
            let loud = vec![0.0; (2 * grid.piece() + 1) * grid.bins()];
            let mut phase = vec![1.0; loud.len()];
            integrate(&loud, grid, -1.0, (&mut phase, &mut vec![0; loud.len()]), &CancelToken::default());
            assert!(broken_steps(&loud, grid, &phase, grid.bins() / 2) < 2e-3, "{n_fft}");
        }
    }

    #[test]
    fn a_way_through_very_many_regions_is_short() {
        let count = 1 << 12;
        let regions = Regions::new(&vec![vec![0]; count]);
        let grid = Grid { n_fft: 2, hop_length: 1 };
        let log = vec![0.0; count * PIECE * grid.bins()];
        let gradient = Gradient { log_amplitude: &log, grid, bins: grid.bins(), frames: count * PIECE };
        let loudness = Loudness { floor: -1.0, per_neper: 1.0 };
        let turns = regions.join(&gradient, loudness, &vec![0; log.len()], &vec![0.0; log.len()]);
        assert_eq!((turns.len(), turns[0].len()), (count, 1));
    }
}
