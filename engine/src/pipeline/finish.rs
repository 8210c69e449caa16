//! The last pass over a clip: offset, fades, level.

use crate::codec::MidSide;
use rayon::prelude::*;

/// Peak that clips are brought to, -1 dBFS: the level of the training recordings.
pub(super) const PEAK: f32 = 0.891;
/// Largest gain used to reach it, +24 dB: a clip that is nearly silent stays quiet instead of becoming hiss.
const MAX_GAIN: f32 = 15.8;
/// Fades at the ends, so that a clip cut out of a longer sound does not click.
const FADE_IN_SAMPLES: usize = 32;
const FADE_OUT_SAMPLES: usize = 512;

/// Corner of the filter that removes the offset, below what any speaker plays. Subtracting the mean instead would
/// put an offset into the silence behind a sound.
const HIGH_PASS_HZ: f32 = 15.0;

/// Samples that a thread filters at a time.
const FINISH_PIECE: usize = 4096;

/// Removes the offset, fades the ends and sets the level. What is done to the mid is done to the side.
pub(super) fn finish(clip: &mut MidSide, sample_rate_hz: u32) {
    clip.parts_mut().for_each(|part| settle(part, sample_rate_hz));
    normalise(clip, MAX_GAIN);
}

/// Removes the offset and fades the ends.
///
/// The filter's output is what it makes of a piece from rest, plus what is left there of the output before the piece: the
/// pieces are filtered on all threads, then that is added. The result does not depend on the number of threads.
fn settle(clip: &mut [f32], sample_rate_hz: u32) {
    let n = clip.len();
    let feedback = 1.0 - std::f32::consts::TAU * HIGH_PASS_HZ / sample_rate_hz as f32;
    let left: Vec<f32> =
        std::iter::successors(Some(feedback), |left| Some(left * feedback)).take(FINISH_PIECE).collect();
    let before: Vec<f32> = [0.0]
        .into_iter()
        .chain(clip.chunks(FINISH_PIECE).filter_map(|piece| piece.last().copied()))
        .collect();
    let pieces = clip.par_chunks_mut(FINISH_PIECE).zip(&before);
    let ends: Vec<f32> = pieces.map(|(piece, before)| from_rest(piece, *before, feedback)).collect();
    let mut output = 0.0;
    let outputs: Vec<f32> = ends
        .iter()
        .map(|end| {
            let next = end + left[FINISH_PIECE - 1] * output;
            std::mem::replace(&mut output, next)
        })
        .collect();
    let pieces = clip.par_chunks_mut(FINISH_PIECE).zip(&outputs).enumerate();
    pieces.for_each(|(i, (piece, output))| {
        for (x, left) in piece.iter_mut().zip(&left) {
            let y = *x + left * output;
            // Far below any converter: the tail ends in zero and never in denormal numbers.
            *x = if y.abs() < 1e-9 { 0.0 } else { y };
        }
        fade(piece, i * FINISH_PIECE, n);
    });
}

/// Brings the peak of the mid to where it belongs, by no more than a gain of `most`.
pub(super) fn normalise(clip: &mut MidSide, most: f32) {
    let peak_of = |piece: &[f32]| piece.iter().fold(0f32, |most, x| most.max(x.abs()));
    let peak = clip.mid.par_chunks(FINISH_PIECE).map(peak_of).reduce(|| 0.0, f32::max);
    if peak > 0.0 {
        let gain = (PEAK / peak).min(most);
        let pieces = |part: &mut Vec<f32>| {
            part.par_chunks_mut(FINISH_PIECE).for_each(|piece| piece.iter_mut().for_each(|x| *x *= gain));
        };
        clip.parts_mut().for_each(pieces);
    }
}

/// The high-pass filter from rest, `before` being the sample before the piece; returns its last output.
fn from_rest(piece: &mut [f32], before: f32, feedback: f32) -> f32 {
    let (mut last_in, mut last_out) = (before, 0.0);
    for x in piece {
        let y = *x - last_in + feedback * last_out;
        last_in = std::mem::replace(x, y);
        last_out = y;
    }
    last_out
}

/// Fades those samples of a piece that are near the ends of the clip of `n` samples; the piece begins at `start`.
pub(super) fn fade(piece: &mut [f32], start: usize, n: usize) {
    let is_inside = start >= FADE_IN_SAMPLES && start + piece.len() + FADE_OUT_SAMPLES <= n;
    if is_inside {
        return;
    }
    for (i, x) in (start..).zip(piece) {
        let fade_in = i as f32 / FADE_IN_SAMPLES as f32;
        let fade_out = (n - 1 - i) as f32 / FADE_OUT_SAMPLES as f32;
        *x *= fade_in.min(fade_out).min(1.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng::{Noise, Stream};

    fn finish(clip: &mut Vec<f32>, sample_rate_hz: u32) {
        let mut mono = MidSide::mono(std::mem::take(clip));
        super::finish(&mut mono, sample_rate_hz);
        *clip = mono.mid;
    }

    #[test]
    fn finish_in_pieces_is_the_filter_from_the_first_sample_to_the_last() {
        let n = 3 * FINISH_PIECE + 77;
        let mut random = Noise::new(8, Stream::Texture);
        let clip: Vec<f32> = random.normals(n).iter().map(|x| 0.1 * x + 0.5).collect();
        let mut whole = clip.clone();
        let feedback = 1.0 - std::f32::consts::TAU * HIGH_PASS_HZ / 44_100.0;
        from_rest(&mut whole, 0.0, feedback);
        fade(&mut whole[..FADE_IN_SAMPLES], 0, n);
        fade(&mut whole[n - FADE_OUT_SAMPLES..], n - FADE_OUT_SAMPLES, n);
        let gain = PEAK / whole.iter().fold(0f32, |most, x| most.max(x.abs()));
        for threads in [1, 3] {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            let mut pieces = clip.clone();
            pool.install(|| finish(&mut pieces, 44_100));
            let error = pieces.iter().zip(&whole).map(|(a, b)| (a - gain * b).abs()).fold(0.0, f32::max);
            assert!(error < 1e-5, "{error} on {threads} threads");
        }
        for n in [0, 1, 40, FINISH_PIECE] {
            let mut short = clip[..n].to_vec();
            finish(&mut short, 44_100);
            assert!(short.iter().all(|x| x.abs() <= 1.0) && short.last().is_none_or(|x| *x == 0.0), "{n}");
        }
    }

    #[test]
    fn finish_removes_an_offset_and_leaves_silence_silent() {
        let tone = |i: usize| (std::f32::consts::TAU * 440.0 * i as f32 / 44_100.0).sin();
        let mut clip: Vec<f32> =
            (0..44_100).map(|i| if i < 22_050 { 0.2 + 0.3 * tone(i) } else { 0.0 }).collect();
        finish(&mut clip, 44_100);
        let mean = clip[11_025..22_050].iter().sum::<f32>() / 11_025.0;
        assert!(mean.abs() < 2e-3, "offset {mean}");
        assert!(clip[40_000..].iter().all(|&x| x == 0.0), "the silence is not silent");
        let peak = clip.iter().fold(0f32, |m, x| m.max(x.abs()));
        assert!((peak - PEAK).abs() < 1e-3, "peak {peak}");
    }
}
