//! From mid and side to two channels: attacks stay in the middle, and the peak is held.
//!
//! An attack tells where a sound is; noise that begins with it on both sides at once, each its own, would make it come from
//! everywhere. So the side is faded out before the mid rises fast, and comes back when the attack is over. Decoders of parametric
//! stereo keep what they decorrelate away from transients for the same reason (ISO/IEC 14496-3; [Breebaart et al.,
//! 2005](https://doi.org/10.1155/ASP.2005.1305)).

use super::finish::PEAK;
use crate::codec::MidSide;
use crate::error::Result;
use straightshot_protocol::Audio;

/// Length of a frame in which the mid is measured, 64 samples of the default model.
const FRAME_S: f64 = 0.001_45;
/// Frames whose mean power is compared with that of frames before: 6 and 23 ms. Noise alone rises less in them.
const AFTER: usize = 4;
const BEFORE: usize = 16;
/// A rise that leaves the side as it is, and one that takes it away altogether, dB.
const RISE_DB: (f64, f64) = (5.0, 10.0);
/// What is further below the loudest frame does not count as a rise: -60 dB.
const LEAST: f64 = 1e-6;
/// Frames in which the side fades before a rise is measured, which is some ms before the attack; in which it is away; and in
/// which it comes back: 4, 20 and 15 ms.
const AHEAD: usize = 3;
const AWAY: usize = 14;
const BACK: usize = 10;

/// Takes the side away where the mid has attacks.
pub(super) fn duck(clip: &mut MidSide, rate_hz: u32) {
    let Some(side) = &mut clip.side else { return };
    let frame = ((FRAME_S * f64::from(rate_hz)).round() as usize).max(1);
    let gains = gains(&rises_db(&differences(&clip.mid, frame)));
    if gains.iter().all(|gain| *gain == 1.0) {
        return;
    }
    // A line between the middles of frames.
    let at = |i: usize| gains[i.min(gains.len() - 1)];
    for (i, x) in side.iter_mut().enumerate() {
        let halves = (2 * i + frame) / (2 * frame);
        let share = ((2 * i + frame) % (2 * frame)) as f32 / (2 * frame) as f32;
        *x *= (1.0 - share) * at(halves.saturating_sub(1)) + share * at(halves);
    }
}

/// Mean power of the differences from sample to sample of every frame. They are mostly what is high, as attacks are; the slow
/// swings of wind and thunder are no attacks
/// ([Bello et al., 2005](https://doi.org/10.1109/TSA.2005.851998), III.A).
fn differences(samples: &[f32], frame: usize) -> Vec<f64> {
    let mut last = 0.0;
    let power = |part: &[f32]| {
        let sum: f32 = part.iter().map(|x| (x - std::mem::replace(&mut last, *x)).powi(2)).sum();
        f64::from(sum) / part.len() as f64
    };
    samples.chunks(frame).map(power).collect()
}

/// By how much the power rises at each frame. Before the beginning it is what it is on average, so that a sound which goes on
/// has no attack there, and a knock has.
fn rises_db(powers: &[f64]) -> Vec<f64> {
    let loudest = powers.iter().copied().fold(0.0, f64::max);
    let average = powers.iter().sum::<f64>() / powers.len().max(1) as f64;
    let rise = |i: usize| {
        let (before, after) =
            (&powers[i.saturating_sub(BEFORE)..i], &powers[i..(i + AFTER).min(powers.len())]);
        let missing = (BEFORE - before.len()) as f64 * average;
        let before = (before.iter().sum::<f64>() + missing) / BEFORE as f64;
        let after = after.iter().sum::<f64>() / after.len() as f64;
        let least = (LEAST * loudest).max(f64::MIN_POSITIVE);
        10.0 * ((after + least) / (before + least)).log10()
    };
    (0..powers.len()).map(rise).collect()
}

/// What the side is multiplied by in each frame.
fn gains(rises_db: &[f64]) -> Vec<f32> {
    let mut gains = vec![1f32; rises_db.len()];
    let (least, most) = RISE_DB;
    for (i, rise) in rises_db.iter().enumerate().filter(|(_, rise)| **rise > least) {
        let depth = ((rise - least) / (most - least)).min(1.0) as f32;
        let first = i.saturating_sub(AHEAD);
        for (at, gain) in gains.iter_mut().enumerate().skip(first).take(i + AWAY + BACK - first) {
            let into = (i.saturating_sub(at)) as f32 / (AHEAD + 1) as f32;
            let out = (at.saturating_sub(i + AWAY - 1)) as f32 / (BACK + 1) as f32;
            *gain = gain.min(1.0 - depth * (1.0 - into.max(out)));
        }
    }
    gains
}

/// One channel, or two that are `mid ± width · side`, with a gain that holds their peak where that of one channel is held.
///
/// # Errors
/// None with a side as long as the mid.
pub(super) fn audio(clip: MidSide, width: f32, rate_hz: u32) -> Result<Audio> {
    let MidSide { mid: mut left, side } = clip;
    let Some(mut right) = side else { return Ok(Audio::mono(rate_hz, left)) };
    let mut peak = 0f32;
    for (left, right) in left.iter_mut().zip(&mut right) {
        let apart = width * *right;
        (*left, *right) = (*left + apart, *left - apart);
        peak = peak.max(left.abs()).max(right.abs());
    }
    if peak > PEAK {
        left.iter_mut().chain(&mut right).for_each(|x| *x *= PEAK / peak);
    }
    Ok(Audio::stereo(rate_hz, left, right)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng::{Noise, Stream};

    const RATE: u32 = 44_100;

    fn noise(seed: u64, n: usize) -> Vec<f32> {
        Noise::new(seed, Stream::Texture).normals(n).iter().map(|x| 0.1 * x).collect()
    }

    fn power(samples: &[f32]) -> f32 {
        samples.iter().map(|x| x * x).sum::<f32>() / samples.len() as f32
    }

    /// What is left of the side of a sound, per sample.
    fn left_of_side(mid: Vec<f32>) -> Vec<f32> {
        let side = Some(vec![1.0; mid.len()]);
        let mut clip = MidSide { mid: mid.clone(), side };
        duck(&mut clip, RATE);
        assert_eq!(clip.mid, mid);
        clip.side.unwrap()
    }

    #[test]
    fn the_side_is_away_around_an_attack_and_comes_back() {
        // 40 dB more from half a second on.
        let at = 22_050;
        let mid: Vec<f32> =
            noise(1, 44_100).iter().enumerate().map(|(i, x)| if i < at { 0.01 * x } else { *x }).collect();
        let side = left_of_side(mid);
        let ms = |from: i32, to: i32| {
            let place = |ms: i32| (at as i32 + ms * 441 / 10) as usize;
            side[place(from)..place(to)].iter().copied()
        };
        assert!(ms(-4, 18).all(|gain| gain == 0.0));
        assert!(ms(-300, -12).chain(ms(45, 400)).all(|gain| gain == 1.0));
        let step = side.windows(2).map(|w| (w[1] - w[0]).abs()).fold(0.0, f32::max);
        assert!(step < 0.01, "{step}");
    }

    #[test]
    fn a_knock_at_the_very_beginning_is_an_attack_and_noise_that_goes_on_is_none() {
        let decay = |i: usize| (-(i as f32) / 2000.0).exp();
        let knock: Vec<f32> = noise(2, 44_100).iter().enumerate().map(|(i, x)| x * decay(i)).collect();
        assert!(left_of_side(knock)[..800].iter().all(|gain| *gain < 0.1));
        let kept = left_of_side(noise(3, 441_000));
        assert!(kept.iter().sum::<f32>() > 0.999 * 441_000.0);
        // Slow swings under a little noise, as in thunder, rise and fall by much and are no attacks.
        let mut slow = 0.0;
        let thunder = |x: &f32| {
            slow = 0.999 * slow + 0.05 * x;
            slow + 0.01 * x
        };
        let thunder: Vec<f32> = noise(4, 441_000).iter().map(thunder).collect();
        assert!(left_of_side(thunder).iter().sum::<f32>() > 0.999 * 441_000.0);
    }

    #[test]
    fn channels_add_up_to_the_mid_and_their_peak_is_held() {
        for (width, correlation) in [(0.5, 0.6), (1.0, 0.0)] {
            let mid: Vec<f32> = noise(5, 44_100).iter().map(|x| 2.0 * x).collect();
            let side = noise(6, 44_100).iter().map(|x| 2.0 * x).collect();
            let clip = MidSide { mid: mid.clone(), side: Some(side) };
            let audio = audio(clip, width, RATE).unwrap();
            let (left, right) = (audio.left(), audio.right().unwrap());
            let peak = left.iter().chain(right).fold(0f32, |most, x| most.max(x.abs()));
            assert!((peak - PEAK).abs() < 1e-6, "{peak}");
            let gain = (power(&audio.mixed()) / power(&mid)).sqrt();
            let apart = audio.mixed().iter().zip(&mid).map(|(a, b)| (a - gain * b).abs()).fold(0.0, f32::max);
            assert!(gain < 1.0 && apart < 1e-5, "{gain}, {apart}");
            let product = left.iter().zip(right).map(|(l, r)| l * r).sum::<f32>() / left.len() as f32;
            let measured = product / (power(left) * power(right)).sqrt();
            assert!((measured - correlation).abs() < 0.03, "{measured} at {width}");
        }
        let quiet = MidSide { mid: vec![0.1, -0.2], side: Some(vec![0.1, 0.1]) };
        let audio = audio(quiet, 1.0, RATE).unwrap();
        assert_eq!((audio.left(), audio.right()), ([0.2, -0.1].as_slice(), Some([0.0, -0.3].as_slice())));
    }

    #[test]
    fn nothing_silence_and_one_channel_are_no_fault() {
        for n in [0, 1, 63, 64, 5000] {
            assert_eq!(left_of_side(vec![0.0; n]), vec![1.0; n]);
        }
        let mut mono = MidSide::mono(vec![0.5; 100]);
        duck(&mut mono, RATE);
        assert_eq!(audio(mono, 1.0, RATE).unwrap(), Audio::mono(RATE, vec![0.5; 100]));
        assert_eq!(audio(MidSide::mono(Vec::new()), 0.0, RATE).unwrap().frames(), 0);
    }
}
