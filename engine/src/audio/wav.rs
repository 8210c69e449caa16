//! Reading and writing sound files.

use crate::error::{Error, ErrorKind, Result};
use crate::pipeline::Audio;
use std::path::Path;
use symphonia::core::codecs::audio::AudioDecoderOptions;
use symphonia::core::errors::Error as SymphoniaError;
use symphonia::core::formats::probe::Hint;
use symphonia::core::formats::{FormatOptions, TrackType};
use symphonia::core::io::MediaSourceStream;
use symphonia::core::meta::MetadataOptions;

/// Writes mono 32-bit float WAV, the format that loses nothing.
///
/// # Errors
/// [`ErrorKind::Io`] naming the file.
pub fn write(path: &Path, audio: &Audio) -> Result<()> {
    let fail = |e: hound::Error| {
        Error::new(ErrorKind::Io, format!("{} could not be written", path.display())).with_source(e)
    };
    let spec = hound::WavSpec {
        channels: 1,
        sample_rate: audio.sample_rate_hz,
        bits_per_sample: 32,
        sample_format: hound::SampleFormat::Float,
    };
    let mut writer = hound::WavWriter::create(path, spec).map_err(fail)?;
    for &sample in &audio.samples {
        writer.write_sample(sample).map_err(fail)?;
    }
    writer.finalize().map_err(fail)
}

/// Decodes a WAV, FLAC or Ogg Vorbis file and mixes its channels to mono.
///
/// # Errors
/// [`ErrorKind::Io`] if the file cannot be opened, [`ErrorKind::BadData`] if it cannot be decoded.
pub fn read_mono(path: &Path) -> Result<Audio> {
    read_beginning(path, f64::INFINITY)
}

/// Like [`read_mono`], but reads no further than `seconds`: of a long file only that much is decoded.
///
/// # Errors
/// Those of [`read_mono`].
pub fn read_beginning(path: &Path, seconds: f64) -> Result<Audio> {
    let bad = |e: SymphoniaError| {
        Error::new(ErrorKind::BadData, format!("{} is not a sound file that can be read", path.display()))
            .with_source(e)
    };
    let file = std::fs::File::open(path).map_err(|e| {
        Error::new(ErrorKind::Io, format!("{} could not be opened", path.display())).with_source(e)
    })?;
    let mut hint = Hint::new();
    if let Some(extension) = path.extension().and_then(|e| e.to_str()) {
        hint.with_extension(extension);
    }
    let stream = MediaSourceStream::new(Box::new(file), Default::default());
    let mut format = symphonia::default::get_probe()
        .probe(&hint, stream, FormatOptions::default(), MetadataOptions::default())
        .map_err(bad)?;
    let missing = || Error::new(ErrorKind::BadData, format!("{} holds no sound", path.display()));
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
    if samples.is_empty() || rate == 0 { Err(missing()) } else { Ok(Audio { samples, sample_rate_hz: rate }) }
}
