//! Partials: tones that the decoder has said as noise.
//!
//! The decoder says a bin is noise where it cannot know its magnitude to the decibel, and that is so in most tones too: a
//! partial that is 20 dB above its neighbours is one whatever its level. Made as noise it is a hiss of its pitch; a cow or a
//! bell cannot be told from wind. What tells a partial from noise is not how surely its level is known but that it stands out
//! and goes on, which is the peak continuation of sinusoidal modelling
//! ([McAulay and Quatieri, 1986](https://doi.org/10.1109/TASSP.1986.1164910)).
//!
//! So a bin whose level, tone and noise together, is a maximum of its frame and stands above the mean of the 33 bins around
//! it belongs to a partial if such peaks go on, from frame to frame by a bin at most, for some frames. What is there in it and
//! beside it is made as a tone, with a phase that goes on ([`super::phase`]).

use crate::config::PartialsConfig;
use crate::error::Result;
use crate::memory;
use rayon::prelude::*;
use straightshot_protocol::CancelToken;

/// Bins on either side that a peak is compared with.
const AROUND: usize = 16;
/// Level below which nothing is a partial, natural logarithm: -75 dB of full scale.
const LEAST: f32 = -8.63;
/// What is left of a partial as noise beside it: -13 dB, so that its level still moves a little.
const LEFT: f32 = -1.5;
/// Marks of a bin: it is a peak; it belongs to a partial.
const PEAK: u8 = 1;
const PARTIAL: u8 = 2;
/// Frames that a task reads.
const FRAMES_PER_TASK: usize = 32;

/// Which bins of a clip belong to partials.
#[derive(Debug)]
pub(super) struct Partials {
    marks: Vec<u8>,
    bins: usize,
}

impl Partials {
    /// Finds them.
    ///
    /// # Shapes
    /// - `log_amplitudes`: `[frames, 2 * bins]`, tonal then noise
    ///
    /// # Errors
    /// [`crate::ErrorKind::OutOfMemory`], [`crate::ErrorKind::Cancelled`].
    pub(super) fn find(
        config: &PartialsConfig,
        log_amplitudes: &[f32],
        bins: usize,
        cancel: &CancelToken,
    ) -> Result<Self> {
        let mut marks = memory::bytes(log_amplitudes.len() / 2)?;
        let prominence = config.prominence_db * std::f32::consts::LN_10 / 20.0;
        let tasks = marks.par_chunks_mut(FRAMES_PER_TASK * bins);
        tasks.zip(log_amplitudes.par_chunks(FRAMES_PER_TASK * 2 * bins)).for_each_init(
            || (Vec::new(), Vec::new()),
            |(level, sums), (marks, rows)| {
                for (marks, row) in marks.chunks_exact_mut(bins).zip(rows.chunks_exact(2 * bins)) {
                    if cancel.is_cancelled() {
                        return;
                    }
                    levels(row, level);
                    mark_peaks(level, prominence, sums, marks);
                }
            },
        );
        cancel.check()?;
        let mut found = Self { marks, bins };
        found.keep_what_goes_on(config);
        cancel.check()?;
        Ok(found)
    }

    /// Makes tones of the partials of a frame.
    ///
    /// # Shapes
    /// - `log_tonal`, `log_noise`: `[bins]`, written
    pub(super) fn lift(&self, frame: usize, log_tonal: &mut [f32], log_noise: &mut [f32]) {
        let marks = &self.marks[frame * self.bins..][..self.bins];
        for ((mark, tonal), noise) in marks.iter().zip(log_tonal).zip(log_noise) {
            if mark & PARTIAL != 0 {
                *tonal = together(*tonal, *noise);
                *noise = *tonal + LEFT;
            }
        }
    }

    /// Takes away what noise is left in the partials of a frame.
    ///
    /// # Shapes
    /// - `noise`: `[bins]` amplitudes, written
    pub(super) fn leave_out(&self, frame: usize, noise: &mut [f32]) {
        let marks = &self.marks[frame * self.bins..][..self.bins];
        for (_, noise) in marks.iter().zip(noise).filter(|(mark, _)| *mark & PARTIAL != 0) {
            *noise = 0.0;
        }
    }

    /// Marks what is in and beside peaks that go on for long enough.
    fn keep_what_goes_on(&mut self, config: &PartialsConfig) {
        let bins = self.bins;
        let mut runs: Vec<Run> = Vec::new();
        // Run of every bin of the frame before and of this one.
        let (mut before, mut now) = (vec![NO_RUN; bins], vec![NO_RUN; bins]);
        // Peaks with their runs; a run that joins another counts with it.
        let mut peaks: Vec<(usize, usize)> = Vec::new();
        for (frame, marks) in self.marks.chunks_exact(bins).enumerate() {
            now.fill(NO_RUN);
            for (bin, _) in marks.iter().enumerate().filter(|(_, mark)| **mark & PEAK != 0) {
                let from = bin.saturating_sub(1)..(bin + 2).min(bins);
                // The longest goes on; of two that meet, the shorter one has ended.
                let longest = from.map(|at| before[at]).filter(|run| *run != NO_RUN);
                let run = longest.max_by_key(|run| runs[*run].frames(frame)).unwrap_or_else(|| {
                    runs.push(Run { first: frame, last: frame });
                    runs.len() - 1
                });
                runs[run].last = frame;
                now[bin] = run;
                peaks.push((frame * bins + bin, run));
            }
            std::mem::swap(&mut before, &mut now);
        }
        for (at, run) in peaks {
            if runs[run].frames(runs[run].last) >= config.frames {
                let row = at - at % bins;
                // What does not swing is no tone but an offset: the lowest bin belongs to none.
                let ends =
                    (at.saturating_sub(config.side).max(row + 1), (at + config.side + 1).min(row + bins));
                self.marks[ends.0..ends.1].iter_mut().for_each(|mark| *mark |= PARTIAL);
            }
        }
    }
}

/// Peaks that follow each other.
struct Run {
    first: usize,
    last: usize,
}

const NO_RUN: usize = usize::MAX;

impl Run {
    /// Frames up to and with one.
    fn frames(&self, last: usize) -> usize {
        last + 1 - self.first
    }
}

/// Logarithm of the amplitude of two that add up in power, to a quarter of a decibel: `½ ln(1 + e^-2d)` as a parabola, because a million
/// bins of rain have no time for the functions themselves.
fn together(a: f32, b: f32) -> f32 {
    let near = (1.0 - (a - b).abs() * (1.0 / 1.6)).max(0.0);
    a.max(b) + 0.5 * std::f32::consts::LN_2 * near * near
}

/// Levels of a frame, tones and noise together.
fn levels(row: &[f32], out: &mut Vec<f32>) {
    let (tonal, noise) = row.split_at(row.len() / 2);
    out.clear();
    out.extend(tonal.iter().zip(noise).map(|(t, n)| together(*t, *n).clamp(LEAST - 2.0, 3.0)));
}

/// Marks maxima of `level` that stand above the mean around them.
fn mark_peaks(level: &[f32], prominence: f32, sums: &mut Vec<f64>, marks: &mut [u8]) {
    let bins = level.len();
    let width = (2 * AROUND + 1).min(bins);
    sums.clear();
    sums.push(0.0);
    let mut sum = 0.0;
    sums.extend(level.iter().map(|v| {
        sum += f64::from(*v);
        sum
    }));
    for (bin, mark) in marks.iter_mut().enumerate() {
        let here = level[bin];
        let beside = level[bin.saturating_sub(1)].max(level[(bin + 1).min(bins - 1)]);
        // At the ends, as many bins as elsewhere.
        let first = bin.saturating_sub(AROUND).min(bins - width);
        let mean = ((sums[first + width] - sums[first]) / width as f64) as f32;
        let is_peak = here >= beside && here > LEAST && here > mean + prominence;
        *mark = u8::from(is_peak) * PEAK;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BINS: usize = 129;

    /// Noise of -60 dB with what `add` puts into every frame.
    fn clip(frames: usize, add: impl Fn(usize, &mut [f32])) -> Vec<f32> {
        let mut all = vec![-6.9; frames * 2 * BINS];
        for (frame, row) in all.chunks_exact_mut(2 * BINS).enumerate() {
            row[..BINS].fill(-14.0);
            add(frame, &mut row[BINS..]);
        }
        all
    }

    fn found(log: &[f32]) -> Partials {
        Partials::find(&PartialsConfig::standard(), log, BINS, &CancelToken::default()).unwrap()
    }

    /// Bins of a frame that are made as tones.
    fn tones(partials: &Partials, log: &[f32], frame: usize) -> Vec<usize> {
        let row = &log[frame * 2 * BINS..][..2 * BINS];
        let (mut tonal, mut noise) = (row[..BINS].to_vec(), row[BINS..].to_vec());
        partials.lift(frame, &mut tonal, &mut noise);
        (0..BINS).filter(|bin| tonal[*bin] > noise[*bin]).collect()
    }

    #[test]
    fn a_glide_is_a_partial_and_a_click_of_one_bin_is_none() {
        let log = clip(30, |frame, noise| {
            noise[40 + frame / 3] = -3.0;
            if frame < 9 {
                noise[100] = -3.0;
            }
        });
        let partials = found(&log);
        assert_eq!(tones(&partials, &log, 0), [38, 39, 40, 41, 42]);
        assert_eq!(tones(&partials, &log, 29), [47, 48, 49, 50, 51]);
    }

    #[test]
    fn there_is_no_tone_at_nought_hertz() {
        let log = clip(20, |_, noise| noise[..2].fill(-2.0));
        assert!(!tones(&found(&log), &log, 5).contains(&0));
        let log = clip(20, |_, noise| noise[1] = -2.0);
        assert_eq!(tones(&found(&log), &log, 5), [1, 2, 3]);
    }

    #[test]
    fn noise_and_what_hardly_stands_out_stay_noise() {
        // 4 dB above the rest, and far above the rest but too quiet to be heard.
        let hardly = clip(30, |_, noise| noise[40] += 0.46);
        let quiet = clip(30, |_, noise| {
            noise.fill(-14.0);
            noise[90] = -9.0;
        });
        for log in [hardly, quiet] {
            let partials = found(&log);
            assert!((0..30).all(|frame| tones(&partials, &log, frame).is_empty()));
        }
    }

    #[test]
    fn what_is_lifted_keeps_its_level() {
        let log = clip(12, |_, noise| noise[64] = -2.0);
        let partials = found(&log);
        let (mut tonal, mut noise) = (log[..BINS].to_vec(), log[BINS..2 * BINS].to_vec());
        partials.lift(0, &mut tonal, &mut noise);
        assert!((tonal[64] + 2.0).abs() < 1e-3, "{}", tonal[64]);
        assert_eq!(noise[64], tonal[64] + LEFT);
        assert_eq!(noise[30], -6.9);
    }

    #[test]
    fn powers_add_up_to_a_quarter_of_a_decibel() {
        for d in 0..60 {
            let d = d as f32 * 0.05;
            let exact = 0.5 * (1.0 + (-2.0 * d).exp()).ln();
            let error = 8.686 * (together(-3.0, -3.0 - d) + 3.0 - exact).abs();
            assert!(error < 0.25, "{error} dB at {d}");
        }
    }

    #[test]
    fn no_frames_have_no_partials_and_silence_has_none() {
        assert!(found(&[]).marks.is_empty());
        let silence = vec![-14.0; 20 * 2 * BINS];
        assert!(found(&silence).marks.iter().all(|mark| mark & PARTIAL == 0));
    }
}
