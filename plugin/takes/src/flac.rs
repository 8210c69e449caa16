//! A sound as FLAC: 24 bits, one or two channels, with its recipe in the tags.
//!
//! FLAC holds whole numbers. A sound is divided by its *scale* first, a power of two, so that full scale is the largest
//! number; the scale stands in a tag. Dividing by a power of two loses nothing, so that rounding to 24 bits is the only
//! change a sound ever sees, and it happens once: what was read packs to the same bytes again.

use super::limit::{LOUDEST, limit};
use flac_codec::decode::FlacSampleReader;
use flac_codec::encode::{FlacSampleWriter, Options};
use flac_codec::metadata::{Metadata, VorbisComment};
use std::io::Cursor;
use straightshot_protocol::{Audio, ErrorKind, Failure, Request};

/// Sample rates in Hz that a take may have; anything else is damage.
pub(crate) const RATES_HZ: std::ops::RangeInclusive<u32> = 4_000..=192_000;
/// Longest sound that is read, in frames: 60 s at 192 kHz. Guards against a file that unpacks to more than memory.
pub(crate) const MOST_FRAMES: usize = 60 * 192_000;

/// Bits of a sample.
const BITS: u32 = 24;
/// Full scale in whole numbers.
#[expect(clippy::cast_precision_loss, reason = "a power of two")]
const FULL: f32 = (1_u32 << (BITS - 1)) as f32;
/// Tag with the scale, where it is not 1.
const SCALE_TAG: &str = "STRAIGHTSHOT_SCALE";
/// Tag with the whole recipe as JSON.
const REQUEST_TAG: &str = "STRAIGHTSHOT_REQUEST";
/// Longest recipe that is written into a file: all tags together may have 16 MiB, and a project can hold any prompt.
const MOST_RECIPE_BYTES: usize = 1 << 20;

/// Packs `audio`, and returns what unpacking will give: the sound rounded to 24 bits within ±[`LOUDEST`].
///
/// # Errors
/// If the sound is empty, too long, or has a rate that no take has.
pub(crate) fn encode(audio: &Audio, request: &Request) -> Result<(Vec<u8>, Audio), Failure> {
    let rate_hz = audio.sample_rate_hz();
    let refuse = |why: String| Failure::new(ErrorKind::BadData, format!("The sound cannot be kept: {why}"));
    if audio.is_empty() || audio.frames() > MOST_FRAMES || !RATES_HZ.contains(&rate_hz) {
        return Err(refuse(format!("it has {} samples at {rate_hz} Hz", audio.frames())));
    }
    let audio = audio.map_channels(rate_hz, |channel| {
        let mut samples = channel.to_vec();
        limit(&mut samples);
        Ok::<_, Failure>(samples)
    })?;
    let scale = scale_of(&audio);
    let whole = interleaved(&audio, scale);
    let mut options = Options::fast().no_padding().no_seektable();
    for (field, value) in tags(request, scale) {
        options = options.tag(field, value);
    }
    let channels = if audio.right().is_some() { 2 } else { 1 };
    let mut bytes = Vec::with_capacity(whole.len() * 3);
    let packed = FlacSampleWriter::new(
        Cursor::new(&mut bytes),
        options,
        rate_hz,
        BITS,
        channels,
        Some(whole.len() as u64),
    )
    .and_then(|mut writer| {
        writer.write(&whole)?;
        writer.finalize()
    });
    packed.map_err(|e| refuse("it could not be packed".to_owned()).because(&e))?;
    let rounded = from_whole(&whole, usize::from(channels), rate_hz, scale)?;
    Ok((bytes, rounded))
}

/// Unpacks what [`encode`] has packed. `bytes` have been checked against their hash.
///
/// # Errors
/// Why it is not such a sound.
pub(crate) fn decode(bytes: &[u8]) -> Result<Audio, &'static str> {
    const DAMAGED: &str = "its data is damaged";
    let mut reader = FlacSampleReader::new(bytes).map_err(|_| DAMAGED)?;
    let (channels, rate_hz) = (usize::from(reader.channel_count()), reader.sample_rate());
    if reader.bits_per_sample() != BITS || !(1..=2).contains(&channels) || !RATES_HZ.contains(&rate_hz) {
        return Err("it is not in the form of a take");
    }
    let scale = scale_in(&reader).ok_or("its scale cannot be read")?;
    let mut whole = Vec::new();
    loop {
        let more = reader.fill_buf().map_err(|_| DAMAGED)?;
        if more.is_empty() {
            break;
        }
        let count = more.len();
        whole.extend_from_slice(more);
        reader.consume(count);
        if whole.len() > MOST_FRAMES * channels {
            return Err("it is too long");
        }
    }
    if whole.is_empty() || whole.len() % channels != 0 {
        return Err("it ends too early");
    }
    from_whole(&whole, channels, rate_hz, scale).map_err(|_| DAMAGED)
}

/// The smallest power of two, at least 1, that no sample exceeds.
fn scale_of(audio: &Audio) -> f32 {
    let peak = audio.channels().flatten().fold(0.0_f32, |peak, sample| peak.max(sample.abs()));
    [1.0, 2.0].into_iter().find(|scale| peak <= *scale).unwrap_or(LOUDEST)
}

fn scale_in(reader: &FlacSampleReader<&[u8]>) -> Option<f32> {
    let tags: Option<&VorbisComment> = reader.metadata().get();
    let Some(text) = tags.and_then(|tags| tags.get(SCALE_TAG)) else { return Some(1.0) };
    [1.0, 2.0, LOUDEST].into_iter().find(|scale| text == scale.to_string())
}

/// The recipe that [`encode`] has written into a file, if it has one.
pub(crate) fn request_in(bytes: &[u8]) -> Option<Request> {
    let reader = FlacSampleReader::new(bytes).ok()?;
    let tags: &VorbisComment = reader.metadata().get()?;
    serde_json::from_str(tags.get(REQUEST_TAG)?).ok()
}

/// The recipe for whoever finds the file: readable in every player, and whole for Straightshot.
fn tags(request: &Request, scale: f32) -> Vec<(&'static str, String)> {
    // A sound that this one was made from is a sound of its own and would make every file twice as long.
    let recipe = Request { source: None, ..request.clone() };
    let mut tags =
        vec![("TITLE", super::default_name(request)), ("COMMENT", format!("Made by {}", request.model))];
    if let Ok(text) = serde_json::to_string(&recipe)
        && text.len() <= MOST_RECIPE_BYTES
    {
        tags.push(("DESCRIPTION", request.prompt.clone()));
        tags.push((REQUEST_TAG, text));
    }
    if scale > 1.0 {
        tags.push((SCALE_TAG, scale.to_string()));
    }
    tags
}

/// Left and right in turn, in whole numbers.
#[expect(clippy::cast_possible_truncation, reason = "at most 2^23")]
fn interleaved(audio: &Audio, scale: f32) -> Vec<i32> {
    // Full scale itself is one more than 24 bits hold.
    let whole = |sample: &f32| (sample / scale * FULL).round().min(FULL - 1.0) as i32;
    match audio.right() {
        None => audio.left().iter().map(whole).collect(),
        Some(right) => audio.left().iter().zip(right).flat_map(|(l, r)| [whole(l), whole(r)]).collect(),
    }
}

#[expect(clippy::cast_precision_loss, reason = "24 bits are what an f32 holds exactly")]
fn from_whole(whole: &[i32], channels: usize, rate_hz: u32, scale: f32) -> Result<Audio, Failure> {
    let sample = |whole: &i32| *whole as f32 / FULL * scale;
    let channel = |first| whole.iter().skip(first).step_by(channels).map(sample).collect();
    Audio::from_channels(rate_hz, (0..channels).map(channel).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request() -> Request {
        Request { prompt: "a door ünder water".to_owned(), seed: 7, ..Request::default() }
    }

    fn noise(frames: usize, level: f32, seed: u32) -> Vec<f32> {
        let mut state = seed;
        let mut next = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (f32::from_bits(0x3f80_0000 | state >> 9) - 1.5) * 2.0 * level
        };
        (0..frames).map(|_| next()).collect()
    }

    #[test]
    fn what_is_read_is_what_was_made_and_packs_to_the_same_bytes() {
        for (rate_hz, level) in [(4_000, 0.001), (44_100, 0.5), (48_000, 1.0), (96_000, 1.7), (192_000, 4.0)]
        {
            for stereo in [false, true] {
                let channels = if stereo { vec![1, 2] } else { vec![1] };
                let made = channels.into_iter().map(|seed| noise(5_000, level, seed)).collect();
                let audio = Audio::from_channels(rate_hz, made).unwrap();
                let (bytes, rounded) = encode(&audio, &request()).unwrap();
                let read = decode(&bytes).unwrap();
                assert_eq!(read, rounded);
                assert_eq!(encode(&read, &request()).unwrap(), (bytes, read));
                let step = if level > 2.0 { 4.0 } else { level.ceil() } / FULL;
                let pairs = audio.channels().flatten().zip(rounded.channels().flatten());
                for (before, after) in pairs {
                    assert!((before - after).abs() <= step, "{before} became {after} at a level of {level}");
                }
            }
        }
    }

    #[test]
    fn what_is_no_sound_is_silenced_or_limited_when_it_is_packed() {
        let audio = Audio::mono(48_000, vec![f32::NAN, f32::INFINITY, 1e30, -1e30, 0.5]);
        let (bytes, rounded) = encode(&audio, &request()).unwrap();
        assert_eq!(decode(&bytes).unwrap(), rounded);
        let loudest = LOUDEST - LOUDEST / FULL;
        assert_eq!(rounded.left(), [0.0, 0.0, loudest, -LOUDEST, 0.5]);
    }

    #[test]
    fn what_no_take_can_be_is_refused() {
        for audio in [Audio::mono(48_000, vec![]), Audio::mono(0, vec![0.0]), Audio::mono(200_000, vec![0.0])]
        {
            assert!(encode(&audio, &request()).is_err(), "{audio:?}");
        }
        assert!(decode(b"fLaC").is_err());
        assert!(decode(b"RIFF").is_err());
    }

    #[test]
    fn every_file_says_what_it_is() {
        let (bytes, _) = encode(&Audio::mono(48_000, vec![0.5; 100]), &request()).unwrap();
        let reader = FlacSampleReader::new(&bytes[..]).unwrap();
        let tags: &VorbisComment = reader.metadata().get().unwrap();
        assert_eq!(tags.get("DESCRIPTION"), Some("a door ünder water"));
        let recipe: Request = serde_json::from_str(tags.get(REQUEST_TAG).unwrap()).unwrap();
        assert_eq!(recipe, request());
    }
}
