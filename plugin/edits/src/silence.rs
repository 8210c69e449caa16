//! Where a sound begins and ends for the ear, and where it can be cut without a click.

use std::ops::Range;
use straightshot_protocol::Audio;

/// Level below which a beginning or an end counts as silence, in dB below the sound's own peak.
pub const SILENCE_DB: f32 = -60.0;
/// Length of the stretches that are looked at, in seconds.
const STRETCH_S: f64 = 0.005;
/// What is left around a sound, in seconds: its first rise and its last breath.
const MARGIN_S: f64 = 0.01;

/// What of the part `within` of `audio` is not silence at its head and tail, cut where it crosses zero. All of the part if it
/// is silent throughout.
#[must_use]
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "milliseconds of a sound")]
pub fn sounding(audio: &Audio, within: Range<usize>) -> Range<usize> {
    let end = within.end.min(audio.frames());
    let within = within.start.min(end)..end;
    let rate = f64::from(audio.sample_rate_hz());
    let part = || audio.channels().flat_map(|channel| &channel[within.clone()]);
    let peak = part().fold(0.0_f32, |peak, sample| peak.max(sample.abs()));
    let threshold = peak * 10.0_f32.powf(SILENCE_DB / 20.0);
    let loud = |stretch: &Range<usize>| {
        audio.channels().any(|channel| channel[stretch.clone()].iter().any(|sample| sample.abs() > threshold))
    };
    let stretch = ((STRETCH_S * rate) as usize).max(1);
    let stretches = || within.clone().step_by(stretch).map(|start| start..(start + stretch).min(end));
    let (Some(first), Some(last)) =
        (stretches().find(loud), stretches().collect::<Vec<_>>().into_iter().rev().find(loud))
    else {
        return within;
    };
    let margin = (MARGIN_S * rate) as usize;
    let start = first.start.saturating_sub(margin).max(within.start);
    let end = (last.end + margin).min(end);
    let start = zero_crossing(audio, start, margin).clamp(within.start, first.start);
    start..zero_crossing(audio, end, margin).clamp(last.end, within.end)
}

/// The frame within `reach` of `frame` at which the sound is cut with the least click: where all channels are nearest to
/// zero and cross it, and among equals the nearest.
#[must_use]
pub fn zero_crossing(audio: &Audio, frame: usize, reach: usize) -> usize {
    let frames = audio.frames();
    // The sound begins and ends in silence.
    if frame == 0 || frame >= frames {
        return frame.min(frames);
    }
    let step = |at: usize| {
        audio.channels().map(move |channel| {
            let (before, after) = (channel[at - 1], channel[at]);
            // A cut leaves the step from zero to what follows, or from what precedes to zero.
            if before.signum() == after.signum() {
                before.abs().max(after.abs())
            } else {
                before.abs().min(after.abs())
            }
        })
    };
    let click = |at: usize| step(at).fold(0.0, f32::max);
    let candidates = frame.saturating_sub(reach).max(1)..=(frame + reach).min(frames - 1);
    let best = candidates.map(|at| (click(at), at.abs_diff(frame), at)).min_by(|a, b| {
        // A thousandth of full scale is no click, however much quieter a place farther away is.
        let quiet = |click: f32| if click < 0.001 { 0.0 } else { click };
        quiet(a.0).total_cmp(&quiet(b.0)).then(a.1.cmp(&b.1))
    });
    best.map_or(frame, |(.., at)| at)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn silence_before_and_behind_is_found_and_a_pause_is_not() {
        let mut samples = vec![0.0; 44_100];
        for place in [10_000..15_000, 25_000..30_000] {
            for frame in place {
                samples[frame] = if frame % 100 < 50 { 0.5 } else { -0.5 };
            }
        }
        let part = sounding(&Audio::mono(44_100, samples.clone()), 0..44_100);
        assert!((9_100..=10_000).contains(&part.start), "{part:?}");
        assert!((30_000..=30_900).contains(&part.end), "{part:?}");
        let noisy: Vec<f32> = samples.iter().map(|x| x + 0.0004).collect();
        assert_eq!(sounding(&Audio::mono(44_100, noisy), 0..44_100), part, "a noise floor is silence too");
        assert_eq!(sounding(&Audio::mono(44_100, vec![0.0; 10]), 2..90), 2..10);
        assert_eq!(sounding(&Audio::mono(44_100, vec![]), 3..9), 0..0);
    }

    #[test]
    #[expect(clippy::cast_precision_loss, reason = "a thousand frames")]
    fn a_cut_goes_to_the_nearest_crossing_within_reach() {
        // Crosses zero every 50 frames.
        let wave: Vec<f32> = (0..1000).map(|i| (std::f32::consts::TAU * i as f32 / 100.0).sin()).collect();
        let audio = Audio::mono(44_100, wave);
        for frame in [30, 225, 610] {
            let cut = zero_crossing(&audio, frame, 40);
            assert!((cut + 1) % 50 <= 2, "{frame} went to {cut}");
            assert!(cut.abs_diff(frame) <= 26);
        }
        assert_eq!(zero_crossing(&audio, 225, 3).abs_diff(225), 3, "as far as it may");
        assert_eq!((zero_crossing(&audio, 0, 9), zero_crossing(&audio, 5000, 9)), (0, 1000));
    }
}
