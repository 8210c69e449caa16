//! Sample-rate conversion.

use rubato::audioadapter_buffers::direct::InterleavedSlice;
use rubato::{Fft, FixedSync, Resampler};
use std::ops::Range;
use straightshot_protocol::{Audio, ErrorKind, Failure};

/// Frames rubato works on at a time; long enough for a steep filter, short enough to cost no memory.
const CHUNK_FRAMES: usize = 1024;

/// Converts every channel of `audio` to `to_hz` by [`resample_channel`]. Nothing is copied if it has that rate.
///
/// # Errors
/// [`ErrorKind::Compute`] if a rate is zero or out of the resampler's range.
///
/// ```
/// use straightshot_protocol::Audio;
///
/// let second = Audio::mono(44_100, vec![0.0; 44_100]);
/// let converted = straightshot_sound::resample(&second, 48_000)?;
/// assert_eq!((converted.sample_rate_hz(), converted.frames()), (48_000, 48_000));
/// # Ok::<(), straightshot_protocol::Failure>(())
/// ```
pub fn resample(audio: &Audio, to_hz: u32) -> Result<Audio, Failure> {
    let from_hz = audio.sample_rate_hz();
    if from_hz == to_hz {
        return Ok(audio.clone());
    }
    audio.map_channels(to_hz, |channel| resample_channel(channel, from_hz, to_hz))
}

/// Converts `samples` of one channel from one rate to another with a linear-phase filter, delay removed.
///
/// The result has `round(len * to / from)` samples; equal rates return a copy. The filter delay is taken out to
/// within half an output sample.
///
/// # Errors
/// [`ErrorKind::Compute`] if a rate is zero or out of the resampler's range.
pub fn resample_channel(samples: &[f32], from_hz: u32, to_hz: u32) -> Result<Vec<f32>, Failure> {
    if from_hz == to_hz {
        return Ok(samples.to_vec());
    }
    let fail = |source: Box<dyn std::error::Error + Send + Sync>| {
        Failure::new(
            ErrorKind::Compute,
            format!("The sound could not be converted from {from_hz} to {to_hz} Hz"),
        )
        .because(&*source)
    };
    if from_hz == 0 || to_hz == 0 {
        return Err(fail("a sample rate is zero".into()));
    }
    let wanted = (samples.len() as f64 * f64::from(to_hz) / f64::from(from_hz)).round() as usize;
    let mut resampler = Fft::<f32>::new(from_hz as usize, to_hz as usize, CHUNK_FRAMES, 1, FixedSync::Both)
        .map_err(|e| fail(e.into()))?;
    let input = InterleavedSlice::new(samples, 1, samples.len()).map_err(|e| fail(e.into()))?;
    let mut out = vec![0f32; resampler.process_all_needed_output_len(samples.len())];
    let frames = out.len();
    let mut output = InterleavedSlice::new_mut(&mut out, 1, frames).map_err(|e| fail(e.into()))?;
    resampler
        .process_all_into_buffer(&input, &mut output, samples.len(), None)
        .map_err(|e| fail(e.into()))?;
    out.resize(wanted, 0.0);
    Ok(out)
}

/// Frames that a loop is lengthened by at least, at either end, before it is converted: longer than the filter.
const AROUND_LOOP: usize = 4096;

/// Like [`resample`], of a sound whose `frames` repeat for ever: at the ends of the sound the filter hears what follows
/// when it repeats, not silence. Returns the sound and the frames that repeat now.
///
/// # Errors
/// Those of [`resample`].
pub fn resample_loop(
    audio: &Audio,
    frames: &Range<usize>,
    to_hz: u32,
) -> Result<(Audio, Range<usize>), Failure> {
    let (from_hz, length) = (audio.sample_rate_hz(), audio.frames());
    let fits = frames.start < frames.end && frames.end <= length;
    if from_hz == to_hz || !fits || from_hz == 0 || to_hz == 0 {
        return Ok((resample(audio, to_hz)?, frames.clone()));
    }
    // A whole number of frames at both rates.
    let common = greatest_common_divisor(from_hz, to_hz);
    let blocks = AROUND_LOOP.div_ceil((from_hz / common) as usize);
    let (before, cut) = (blocks * (from_hz / common) as usize, blocks * (to_hz / common) as usize);
    let at = |frame: usize| (frame as f64 * f64::from(to_hz) / f64::from(from_hz)).round() as usize;
    let converted = audio.map_channels(to_hz, |channel| {
        let part = &channel[frames.clone()];
        let mut long = Vec::with_capacity(length + 2 * before);
        if frames.start == 0 {
            long.extend((0..before).map(|i| part[part.len() - 1 - (before - 1 - i) % part.len()]));
        } else {
            long.resize(before, 0.0);
        }
        long.extend_from_slice(channel);
        if frames.end == length {
            long.extend((0..before).map(|i| part[i % part.len()]));
        }
        let converted = resample_channel(&long, from_hz, to_hz)?;
        Ok::<_, Failure>(converted.into_iter().skip(cut).take(at(length)).collect())
    })?;
    Ok((converted, at(frames.start)..at(frames.end)))
}

fn greatest_common_divisor(a: u32, b: u32) -> u32 {
    if b == 0 { a } else { greatest_common_divisor(b, a % b) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loop_seamless_at_another_rate() {
        // Ten periods of a sine: what comes after the end is the beginning.
        let sine = |frames: usize| -> Vec<f32> {
            (0..frames).map(|i| (std::f32::consts::TAU * 10.0 * i as f32 / frames as f32).sin()).collect()
        };
        let audio = Audio::mono(44_100, sine(4_410));
        let (out, frames) = resample_loop(&audio, &(0..4_410), 48_000).unwrap();
        assert_eq!((out.frames(), frames), (4_800, 0..4_800));
        // The filter's delay is right to half a sample: compare with the phase that it has in the middle.
        let error = |shift: f32| -> f32 {
            let wanted = |i: usize| (std::f32::consts::TAU * 10.0 * (i as f32 + shift) / 4_800.0).sin();
            out.left().iter().enumerate().map(|(i, x)| (x - wanted(i)).abs()).fold(0.0, f32::max)
        };
        let best = (-60..=60).map(|s| error(s as f32 / 100.0)).fold(f32::MAX, f32::min);
        assert!(best < 2e-3, "{best}");
        // Without the loop the ends fade into the silence around them.
        let constant = Audio::mono(44_100, vec![1.0; 4_410]);
        let (held, _) = resample_loop(&constant, &(0..4_410), 48_000).unwrap();
        assert!(held.left().iter().all(|x| (x - 1.0).abs() < 1e-3));
        let plain = resample(&constant, 48_000).unwrap();
        assert!(plain.left().iter().any(|x| (x - 1.0).abs() > 0.05), "the test would see it");
    }

    #[test]
    fn a_loop_inside_keeps_its_place_and_the_ends_stay_ends() {
        let audio = Audio::stereo(44_100, vec![0.5; 44_100], vec![0.25; 44_100]).unwrap();
        let (out, frames) = resample_loop(&audio, &(11_025..22_050), 96_000).unwrap();
        assert_eq!((out.frames(), frames), (96_000, 24_000..48_000));
        assert_eq!(resample_loop(&audio, &(5..5), 96_000).unwrap().0.frames(), 96_000);
        let (same, frames) = resample_loop(&audio, &(0..44_100), 44_100).unwrap();
        assert!(same.is_same_memory(&audio) && frames == (0..44_100));
    }

    #[test]
    fn sine_keeps_frequency_level_and_start() {
        let tone = |rate: f32, n: usize| -> Vec<f32> {
            (0..n).map(|i| (std::f32::consts::TAU * 440.0 * i as f32 / rate).sin()).collect()
        };
        let out = resample_channel(&tone(44_100.0, 44_100), 44_100, 48_000).unwrap();
        assert_eq!(out.len(), 48_000);
        let expected = tone(48_000.0, 48_000);
        let worst = (2000..46_000).map(|i| (out[i] - expected[i]).abs()).fold(0.0, f32::max);
        // Half a sample of a 440 Hz sine at 48 kHz is 0.029 rad.
        assert!(worst < 0.035, "largest error {worst}");
        let level = |x: &[f32]| (x[2000..46_000].iter().map(|v| v * v).sum::<f32>() / 44_000.0).sqrt();
        assert!((level(&out) / level(&expected) - 1.0).abs() < 1e-3, "level {}", level(&out));
    }

    #[test]
    fn zero_rate_is_an_error() {
        assert_eq!(resample_channel(&[0.0; 8], 0, 48_000).unwrap_err().kind, ErrorKind::Compute);
    }
}
