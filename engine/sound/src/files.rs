//! Reading and writing sound files.

use crate::read::{self, Read};
use std::path::Path;
use straightshot_protocol::{Audio, ErrorKind, Failure};

/// Writes a WAV file of 32-bit floats, the format that loses nothing.
///
/// # Errors
/// [`ErrorKind::Io`] naming the file.
pub fn write(path: &Path, audio: &Audio) -> Result<(), Failure> {
    let fail = |e: hound::Error| {
        Failure::new(ErrorKind::Io, format!("{} could not be written", path.display())).because(&e)
    };
    let spec = hound::WavSpec {
        channels: 1 + u16::from(audio.right().is_some()),
        sample_rate: audio.sample_rate_hz(),
        bits_per_sample: 32,
        sample_format: hound::SampleFormat::Float,
    };
    let mut writer = hound::WavWriter::create(path, spec).map_err(fail)?;
    for frame in 0..audio.frames() {
        for channel in audio.channels() {
            writer.write_sample(channel[frame]).map_err(fail)?;
        }
    }
    writer.finalize().map_err(fail)
}

/// Decodes a sound file and mixes its channels to mono, see [`read::read`].
///
/// # Errors
/// [`ErrorKind::Io`] if the file cannot be opened, [`ErrorKind::BadData`] if it cannot be decoded.
pub fn read_mono(path: &Path) -> Result<Audio, Failure> {
    read_beginning(path, f64::INFINITY)
}

/// Like [`read_mono`], but reads no further than `seconds`: of a long file only that much is decoded.
///
/// # Errors
/// Those of [`read_mono`].
pub fn read_beginning(path: &Path, seconds: f64) -> Result<Audio, Failure> {
    read::read(path, Read { longest_s: seconds, ..Read::default() }).map(|sound| sound.audio)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stereo_file_keeps_its_channels_apart_and_is_mixed_when_it_is_read() {
        let path = std::env::temp_dir().join(format!("straightshot-stereo-{}.wav", std::process::id()));
        let audio = Audio::stereo(48_000, vec![0.5, -0.25, 0.0], vec![0.25, 0.75, -1.0]).unwrap();
        write(&path, &audio).unwrap();
        let read: Vec<f32> =
            hound::WavReader::open(&path).unwrap().into_samples().map(Result::unwrap).collect();
        let mixed = read_mono(&path).unwrap();
        std::fs::remove_file(&path).unwrap();
        assert_eq!(read, [0.5, 0.25, -0.25, 0.75, 0.0, -1.0]);
        assert_eq!((mixed.left(), mixed.sample_rate_hz()), (&[0.375, 0.25, -0.5][..], 48_000));
    }
}
