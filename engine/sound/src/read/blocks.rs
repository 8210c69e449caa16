//! Samples in blocks of one size: PCM and ADPCM in containers of chunks.

use super::format::Format;
use super::heard::Heard;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use symphonia::core::codecs::audio::{AudioCodecId, AudioCodecParameters, AudioDecoderOptions};
use symphonia::core::packet::Packet;
use symphonia::core::units::{Duration, Timestamp};

use super::chunks::Chunk;

/// Frames that are decoded at a time, more or less.
const AT_A_TIME: u64 = 4096;

/// Decodes `data` into `heard`.
///
/// # Errors
/// Why nothing can be decoded, for a report.
pub(super) fn decode(
    file: &mut File,
    data: Chunk,
    format: &Format,
    codec: AudioCodecId,
    heard: &mut Heard,
) -> Result<(), String> {
    let blocks = (AT_A_TIME / format.frames).max(1);
    let mut parameters = AudioCodecParameters::new();
    parameters
        .for_codec(codec)
        .with_sample_rate(format.rate_hz)
        .with_channels(format.channels.clone())
        .with_frames_per_block(format.frames)
        .with_max_frames_per_packet(format.frames * blocks);
    let mut decoder = symphonia::default::get_codecs()
        .make_audio_decoder(&parameters, &AudioDecoderOptions::default())
        .map_err(|e| e.to_string())?;
    file.seek(SeekFrom::Start(data.at)).map_err(|e| e.to_string())?;
    let mut rest = file.take(data.size);
    let mut samples = Vec::new();
    loop {
        let mut bytes = Vec::new();
        let most = blocks * format.block as u64;
        rest.by_ref().take(most).read_to_end(&mut bytes).map_err(|e| e.to_string())?;
        // A block that the end has cut is worth nothing: of PCM that is a part of a frame.
        let whole = bytes.len() / format.block;
        bytes.truncate(whole * format.block);
        if whole == 0 {
            return Ok(());
        }
        let frames = Duration::new(whole as u64 * format.frames);
        match decoder.decode(&Packet::new(0, Timestamp::new(0), frames, bytes)) {
            Ok(buffer) => buffer.copy_to_vec_interleaved(&mut samples),
            Err(e) if heard.is_empty() => return Err(e.to_string()),
            Err(e) => {
                heard.notes.push(format!("damaged behind {:.1} s: {e}", heard.seconds()));
                return Ok(());
            }
        }
        if !heard.push(format.rate_hz, &format.channels, &samples) {
            return Ok(());
        }
    }
}
