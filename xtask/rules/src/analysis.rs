//! Measurements for the tests.

use super::signal::{RATE_HZ, Sound};

/// Frequency of the largest peak of the power spectrum, by Goertzel filters on a grid of 1.5 % between 40 Hz and
/// 16 kHz, refined around the best.
pub(crate) fn dominant_hz(sound: &Sound) -> f32 {
    let grid = |low: f32, ratio: f32, count: usize| {
        (0..count)
            .map(|k| low * ratio.powi(k as i32))
            .max_by(|a, b| power(sound, *a).total_cmp(&power(sound, *b)))
            .unwrap_or(low)
    };
    let coarse = grid(40.0, 1.012, 500);
    grid(coarse * 0.985, 1.002, 16)
}

/// Power near `hz`, over at most half a second from the loudest moment on, with a Hann window.
fn power(sound: &Sound, hz: f32) -> f32 {
    let loudest = (0..sound.samples.len())
        .max_by(|a, b| sound.samples[*a].abs().total_cmp(&sound.samples[*b].abs()))
        .unwrap_or(0);
    // A window no longer than twenty periods: otherwise the coarse grid would step over narrow peaks.
    let length = ((60.0 * RATE_HZ / hz) as usize).min(sound.samples.len() - loudest).clamp(1, 22_050);
    let (mut re, mut im) = (0.0f32, 0.0f32);
    for (i, x) in sound.samples[loudest..loudest + length].iter().enumerate() {
        let angle = std::f32::consts::TAU * (hz * i as f32 / RATE_HZ).fract();
        let window = 0.5 - 0.5 * (std::f32::consts::TAU * i as f32 / length as f32).cos();
        re += window * x * angle.cos();
        im += window * x * angle.sin();
    }
    (re * re + im * im) / (length as f32 * length as f32)
}
