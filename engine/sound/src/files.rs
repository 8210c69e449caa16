//! Reading and writing sound files.

use std::path::Path;
use straightshot_protocol::{Audio, ErrorKind, Failure};
use symphonia::core::codecs::audio::AudioDecoderOptions;
use symphonia::core::errors::Error as SymphoniaError;
use symphonia::core::formats::probe::Hint;
use symphonia::core::formats::{FormatOptions, TrackType};
use symphonia::core::io::MediaSourceStream;
use symphonia::core::meta::MetadataOptions;

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

/// Decodes a WAV, FLAC or Ogg Vorbis file and mixes its channels to mono.
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
    let bad = |e: SymphoniaError| {
        Failure::new(ErrorKind::BadData, format!("{} is not a sound file that can be read", path.display()))
            .because(&e)
    };
    let file = std::fs::File::open(path).map_err(|e| {
        Failure::new(ErrorKind::Io, format!("{} could not be opened", path.display())).because(&e)
    })?;
    let mut hint = Hint::new();
    if let Some(extension) = path.extension().and_then(|e| e.to_str()) {
        hint.with_extension(extension);
    }
    let stream = MediaSourceStream::new(Box::new(file), Default::default());
    let mut format = symphonia::default::get_probe()
        .probe(&hint, stream, FormatOptions::default(), MetadataOptions::default())
        .map_err(bad)?;
    let missing = || Failure::new(ErrorKind::BadData, format!("{} holds no sound", path.display()));
    let track = format.default_track(TrackType::Audio).ok_or_else(missing)?;
    let track_id = track.id;
    let parameters = track.codec_params.as_ref().and_then(|p| p.audio()).ok_or_else(missing)?;
    let mut decoder = symphonia::default::get_codecs()
        .make_audio_decoder(parameters, &AudioDecoderOptions::default())
        .map_err(bad)?;
    let (mut samples, mut rate, mut block) = (Vec::new(), 0, Vec::<f32>::new());
    while let Some(packet) = format.next_packet().map_err(bad)? {
        if packet.track_id != track_id {
            continue;
        }
        let buffer = decoder.decode(&packet).map_err(bad)?;
        rate = buffer.spec().rate();
        let channels = buffer.spec().channels().count().max(1);
        buffer.copy_to_vec_interleaved(&mut block);
        samples.extend(block.chunks_exact(channels).map(|frame| frame.iter().sum::<f32>() / channels as f32));
        if samples.len() as f64 > seconds * f64::from(rate) {
            break;
        }
    }
    samples.truncate((seconds * f64::from(rate)) as usize);
    if samples.is_empty() || rate == 0 { Err(missing()) } else { Ok(Audio::mono(rate, samples)) }
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
