//! FLAC files for delivery: tags, and the chunks of the WAV file that it stands for.
//!
//! The chunks are kept in the way of the `flac` program (`--keep-foreign-metadata`), blocks of the application `riff`:
//! whoever unpacks the file with it gets the WAV file back, to the byte.

use crate::samples;
use crate::wav::{self, Chunks, Depth};
use flac_codec::encode::{FlacSampleWriter, Options};
use flac_codec::metadata::Application;
use std::io::Cursor;
use straightshot_protocol::{Audio, ErrorKind, Failure};

/// A FLAC file of `audio` at `depth` (floating point becomes 24 bits) with Vorbis comments `tags` and the `chunks` of a
/// WAV file.
///
/// # Errors
/// [`ErrorKind::BadData`] if there is no sound, or FLAC has no room for it or its texts.
pub fn encode(
    audio: &Audio,
    depth: Depth,
    chunks: &Chunks,
    tags: &[(&str, String)],
) -> Result<Vec<u8>, Failure> {
    let depth = if depth == Depth::Pcm16 { Depth::Pcm16 } else { Depth::Pcm24 };
    let refuse = |e: flac_codec::Error| {
        Failure::new(ErrorKind::BadData, "The sound could not be packed as FLAC").because(&e)
    };
    let whole = samples::whole(audio, u32::from(depth.bits()));
    let data_bytes = whole.len() * usize::from(depth.bits() / 8);
    let mut options = Options::default().no_padding();
    for (field, value) in tags {
        options = options.tag(field, value.replace('\0', " "));
    }
    for block in foreign(&wav::head(audio, depth, chunks, data_bytes)?) {
        options = options.application(Application { id: Application::RIFF, data: block });
    }
    let channels = if audio.right().is_some() { 2 } else { 1 };
    let mut bytes = Vec::with_capacity(whole.len() * 3);
    let mut writer = FlacSampleWriter::new(
        Cursor::new(&mut bytes),
        options,
        audio.sample_rate_hz(),
        u32::from(depth.bits()),
        channels,
        Some(whole.len() as u64),
    )
    .map_err(refuse)?;
    writer.write(&whole).map_err(refuse)?;
    writer.finalize().map_err(refuse)?;
    Ok(bytes)
}

/// The blocks for a WAV file that begins with `head`: the 12 bytes of `RIFF`, each chunk, and of the data its 8 bytes. A
/// byte of padding behind the data is part of the chunk, so nothing follows.
fn foreign(head: &[u8]) -> Vec<Vec<u8>> {
    let (riff, mut rest) = head.split_at(12);
    let mut blocks = vec![riff.to_vec()];
    while let Some(size) = rest.get(4..8).and_then(|size| size.try_into().ok()).map(u32::from_le_bytes) {
        let length = if rest.starts_with(b"data") { 8 } else { 8 + size as usize + size as usize % 2 };
        let (block, behind) = rest.split_at(length.min(rest.len()));
        blocks.push(block.to_vec());
        rest = behind;
    }
    blocks
}

#[cfg(test)]
mod tests {
    use super::*;
    use flac_codec::decode::FlacSampleReader;
    use flac_codec::metadata::VorbisComment;

    #[test]
    fn bwf_chunks_and_tags_are_kept_in_flac() {
        let audio = Audio::mono(48_000, vec![0.5, -0.25, 0.125]);
        let chunks = Chunks { ixml: Some("<BWFXML/>".into()), ..Chunks::default() };
        let bytes = encode(&audio, Depth::Pcm24, &chunks, &[("TITLE", "Tür".to_owned())]).unwrap();
        let mut reader = FlacSampleReader::new(&bytes[..]).unwrap();
        let tags: &VorbisComment = reader.metadata().get().unwrap();
        assert_eq!(tags.get("TITLE"), Some("Tür"));
        let kept: Vec<u8> =
            reader.metadata().get_all::<Application>().flat_map(|block| block.data.clone()).collect();
        let wav = wav::encode(&audio, Depth::Pcm24, &chunks).unwrap();
        // 3 samples of 3 bytes and one byte of padding.
        assert_eq!(kept, wav[..wav.len() - 10]);
        let mut samples = Vec::new();
        reader.read_to_end(&mut samples).unwrap();
        assert_eq!(samples, [4_194_304, -2_097_152, 1_048_576]);
    }
}
