//! Sample-rate conversion.

use rubato::audioadapter_buffers::direct::InterleavedSlice;
use rubato::{Fft, FixedSync, Resampler};
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

#[cfg(test)]
mod tests {
    use super::*;

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
