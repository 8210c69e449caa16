//! Loops: the join that is not heard.

pub(crate) mod find;
#[cfg(test)]
mod tests;
mod texture;

use super::timeline::Looped;
use std::ops::Range;
use straightshot_protocol::{Audio, Failure};
use straightshot_sound::resample_channel;

/// Frames beyond a loop's end that a filter sees.
const AROUND: usize = 4096;
/// Smallest similarity that a crossfade makes up for: what cancels out more than this would have to be made infinitely loud.
const LEAST_SIMILARITY: f64 = -0.5;
/// Largest [`tilt_db`](super::Loop::tilt_db).
pub(crate) const MOST_TILT_DB: f32 = 24.0;

/// Makes `channels` what is heard of a sound with a loop: the end of the loop turns into what comes before its beginning,
/// what follows is cut, and if there is nothing but the loop, what precedes it too. Returns where the loop is then.
///
/// The power of the crossfade stays even whatever the two have in common: with the gains `a` and `b` of a quarter of a sine
/// and cosine, and the similarity ρ of the two (their normalised inner product), the sum has the power 1 + 2ρab, which
/// is divided out.
pub(crate) fn close(channels: &mut [Vec<f32>], looped: &Looped, tilt_db: f32) -> Range<usize> {
    let Looped { range, crossfade, only } = looped.clone();
    for channel in channels.iter_mut() {
        channel.truncate(range.end);
        tilt(channel, &range, crossfade, tilt_db);
    }
    let incoming = range.start - crossfade..range.start;
    let outgoing = range.end - crossfade..range.end;
    let similarity = similarity(channels, incoming.start, outgoing.start, crossfade).max(LEAST_SIMILARITY);
    for channel in channels.iter_mut() {
        for index in 0..crossfade {
            #[expect(clippy::cast_precision_loss, reason = "a crossfade is seconds long at most")]
            let at = (index as f64 + 0.5) / crossfade as f64;
            let (rise, fall) = (at * std::f64::consts::FRAC_PI_2).sin_cos();
            let norm = (1.0 + 2.0 * similarity * rise * fall).sqrt().recip();
            let (old, new) = (channel[outgoing.start + index], channel[incoming.start + index]);
            #[expect(clippy::cast_possible_truncation, reason = "samples")]
            let mixed = ((f64::from(old) * fall + f64::from(new) * rise) * norm) as f32;
            channel[outgoing.start + index] = mixed;
        }
        if only {
            channel.drain(..range.start);
        }
    }
    if only { 0..range.len() } else { range }
}

/// Raises the level evenly from the beginning of the loop to its end by `tilt_db`, and lowers what is crossfaded into the
/// end by the same slope, so that level and slope agree at the join.
#[expect(clippy::cast_precision_loss, reason = "a loop has fewer than 2^24 frames that matter to the ear")]
fn tilt(channel: &mut [f32], range: &Range<usize>, crossfade: usize, tilt_db: f32) {
    if tilt_db == 0.0 || !tilt_db.is_finite() {
        return;
    }
    let slope = tilt_db.clamp(-MOST_TILT_DB, MOST_TILT_DB) / 20.0 / range.len() as f32;
    let gain = |frame: usize| 10.0_f32.powf(slope * (frame as f32 - range.start as f32));
    for (frame, sample) in channel.iter_mut().enumerate().skip(range.start - crossfade) {
        *sample *= gain(frame);
    }
}

/// What `frames` from `a` and from `b` have in common: 1 the same, 0 nothing, −1 the opposite.
pub(crate) fn similarity(channels: &[Vec<f32>], a: usize, b: usize, frames: usize) -> f64 {
    let (mut common, mut of_a, mut of_b) = (0.0, 0.0, 0.0);
    for channel in channels {
        for (x, y) in channel[a..a + frames].iter().zip(&channel[b..b + frames]) {
            let (x, y) = (f64::from(*x), f64::from(*y));
            common += x * y;
            of_a += x * x;
            of_b += y * y;
        }
    }
    if of_a > 0.0 && of_b > 0.0 { common / (of_a * of_b).sqrt() } else { 0.0 }
}

/// `audio` at `rate_hz` up to the end of its loop, and where the loop is then.
pub(crate) fn at_rate(
    audio: &Audio,
    repeated: Range<usize>,
    rate_hz: u32,
) -> Result<(Audio, Range<usize>), Failure> {
    let from_hz = audio.sample_rate_hz();
    let place = |frame: usize| {
        let (frame, from, to) = (frame as u64, u64::from(from_hz.max(1)), u64::from(rate_hz));
        usize::try_from((frame * to + from / 2) / from).unwrap_or(usize::MAX)
    };
    // Nothing precedes a loop that is all there is, but its own end; as much of it as becomes whole frames.
    let before = if repeated.start == 0 { (AROUND / from_hz as usize + 1) * from_hz as usize } else { 0 };
    let convert = |channel: &[f32]| -> Result<Vec<f32>, Failure> {
        let body = &channel[..repeated.end];
        let turn = &channel[repeated.clone()];
        let length = turn.len();
        let lead = (0..before).map(|index| turn[(index + length - before % length) % length]);
        let around: Vec<f32> =
            lead.chain(body.iter().copied()).chain(turn.iter().copied().cycle().take(AROUND)).collect();
        let mut converted = resample_channel(&around, from_hz, rate_hz)?;
        converted.drain(..place(before));
        converted.truncate(place(repeated.end));
        Ok(converted)
    };
    let audio = audio.map_channels(rate_hz, convert)?;
    Ok((audio, place(repeated.start)..place(repeated.end)))
}
