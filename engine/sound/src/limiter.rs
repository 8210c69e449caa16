//! Peaks held below a ceiling by turning the sound down around them, instead of cutting them off.

use straightshot_protocol::Audio;

/// How long before a peak the sound begins to be turned down.
const ATTACK_S: f64 = 0.002;
/// Time in which the reduction falls to a third behind a peak.
const RELEASE_S: f64 = 0.050;

/// A sound and how much of its peaks was taken away.
#[derive(Debug, Clone, PartialEq)]
pub struct Limited {
    /// The sound; shares the memory of the one that was given if nothing had to be done.
    pub audio: Audio,
    /// The largest reduction in dB: 0 if nothing had to be done.
    pub lowered_db: f32,
}

/// Holds every sample of `audio` within ±`ceiling`, the channels alike so that the image stays. What is no number becomes
/// silence. A sound that fits is returned as it is, to the bit.
///
/// ```
/// use straightshot_protocol::Audio;
///
/// let hot = Audio::mono(48_000, vec![0.1, 2.0, 0.1]);
/// let limited = straightshot_sound::limit_peaks(&hot, 1.0);
/// assert!(limited.audio.left().iter().all(|x| x.abs() <= 1.0));
/// assert!((limited.lowered_db - 6.02).abs() < 0.01);
/// ```
#[must_use]
pub fn limit_peaks(audio: &Audio, ceiling: f32) -> Limited {
    let finite = |x: f32| if x.is_finite() { x } else { 0.0 };
    if audio.channels().flatten().all(|x| x.is_finite() && x.abs() <= ceiling) {
        return Limited { audio: audio.clone(), lowered_db: 0.0 };
    }
    let peak_at = |frame: usize| audio.channels().map(|c| finite(c[frame]).abs()).fold(0.0, f32::max);
    let needed: Vec<f32> = (0..audio.frames())
        .map(|frame| {
            let peak = peak_at(frame);
            if peak > ceiling { ceiling / peak } else { 1.0 }
        })
        .collect();
    let gains = smoothed(&needed, f64::from(audio.sample_rate_hz()));
    let least = gains.iter().copied().fold(1.0, f32::min);
    let apply = |channel: &[f32]| -> Vec<f32> {
        let turned = channel.iter().zip(&gains).map(|(x, gain)| finite(*x) * gain);
        // Rounding may end a hair above.
        turned.map(|x| x.clamp(-ceiling, ceiling)).collect()
    };
    let left = apply(audio.left());
    let mono = || Audio::mono(audio.sample_rate_hz(), apply(audio.left()));
    let limited = match audio.right() {
        None => Audio::mono(audio.sample_rate_hz(), left),
        Some(right) => Audio::stereo(audio.sample_rate_hz(), left, apply(right)).unwrap_or_else(|_| mono()),
    };
    Limited { audio: limited, lowered_db: -20.0 * least.log10() }
}

/// A gain that is nowhere above `needed` and moves gently: the least of what the next moments need, let go slowly, and
/// averaged over the moments before.
fn smoothed(needed: &[f32], rate_hz: f64) -> Vec<f32> {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a few hundred frames")]
    let ahead = ((ATTACK_S * rate_hz).ceil() as usize).max(1);
    let release = (-1.0 / (RELEASE_S * rate_hz.max(1.0))).exp();
    let mut gain = 1.0_f64;
    // The average needs `ahead` values from before the first frame: the sound may begin with a peak.
    let first = f64::from(needed.iter().take(ahead + 1).copied().fold(1.0, f32::min));
    let mut window = std::collections::VecDeque::from(vec![first; ahead]);
    let least = least_ahead(needed, ahead);
    let mut gains = Vec::with_capacity(needed.len());
    let mut sum = first * ahead as f64;
    for (frame, least) in least.into_iter().enumerate() {
        gain = f64::from(least).min(1.0 - (1.0 - gain) * release);
        window.push_back(gain);
        sum += gain;
        let mean = sum / window.len() as f64;
        sum -= window.pop_front().unwrap_or(gain);
        #[expect(clippy::cast_possible_truncation, reason = "a gain is a sample's f32")]
        gains.push((mean as f32).min(needed[frame]));
    }
    gains
}

/// For every place the least of it and the `ahead` values behind it.
fn least_ahead(values: &[f32], ahead: usize) -> Vec<f32> {
    // Indices whose values rise: the front is the least of the window.
    let mut rising = std::collections::VecDeque::<usize>::new();
    let mut next = 0;
    let mut least = Vec::with_capacity(values.len());
    for start in 0..values.len() {
        while next < values.len().min(start + ahead + 1) {
            while rising.back().is_some_and(|&last| values[last] >= values[next]) {
                rising.pop_back();
            }
            rising.push_back(next);
            next += 1;
        }
        while rising.front().is_some_and(|&first| first < start) {
            rising.pop_front();
        }
        least.push(rising.front().map_or(1.0, |&first| values[first]));
    }
    least
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tone(frames: usize, level: f32) -> Vec<f32> {
        (0..frames).map(|i| level * (i as f32 * 0.05).sin()).collect()
    }

    #[test]
    fn a_sound_that_fits_is_not_touched() {
        let audio = Audio::mono(48_000, tone(1000, 1.0));
        let limited = limit_peaks(&audio, 1.0);
        assert!(limited.audio.is_same_memory(&audio));
        assert_eq!(limited.lowered_db, 0.0);
    }

    #[test]
    fn peaks_come_down_and_nothing_is_cut_off() {
        let mut left = tone(48_000, 0.5);
        for (i, x) in left[20_000..20_400].iter_mut().enumerate() {
            *x = 1.9 * (i as f32 * 0.05).sin();
        }
        let audio = Audio::stereo(48_000, left.clone(), tone(48_000, 0.25)).unwrap();
        let Limited { audio: out, lowered_db } = limit_peaks(&audio, 0.9);
        assert!(out.channels().flatten().all(|x| x.abs() <= 0.9));
        assert!((lowered_db - 20.0 * (1.9_f32 / 0.9).log10()).abs() < 0.1, "{lowered_db}");
        // Far from the peak nothing changes; at it the shape stays: no two samples in a row at the ceiling.
        assert_eq!(out.left()[..19_000], left[..19_000]);
        let flat = out.left().windows(2).filter(|w| w[0].abs() > 0.8999 && w[1].abs() > 0.8999).count();
        assert!(flat <= 4, "{flat}");
        // Both channels were turned down alike.
        let gain = |frame: usize| {
            (out.left()[frame] / left[frame], out.right().unwrap()[frame] / tone(48_000, 0.25)[frame])
        };
        let (a, b) = gain(20_210);
        assert!((a - b).abs() < 1e-3, "{a} {b}");
    }

    #[test]
    fn peaks_at_both_ends_and_no_numbers_are_held() {
        let audio = Audio::mono(8_000, vec![3.0, 0.1, f32::NAN, 0.1, f32::INFINITY, -3.0]);
        let limited = limit_peaks(&audio, 1.0);
        assert!(limited.audio.left().iter().all(|x| x.abs() <= 1.0));
        assert_eq!(limited.audio.left()[2], 0.0);
        assert!(limit_peaks(&Audio::mono(8_000, vec![]), 1.0).audio.is_empty());
    }

    #[test]
    fn the_least_of_a_window() {
        assert_eq!(least_ahead(&[5.0, 3.0, 4.0, 1.0, 2.0], 1), [3.0, 3.0, 1.0, 1.0, 2.0]);
    }
}
