//! What is written is read again by a reader of its own, written from the specifications and not from the writer, and
//! by hound and symphonia.

use super::*;
use crate::files;

/// The chunks of a RIFF file in order, with the checks that every reader may make.
fn read(bytes: &[u8]) -> Vec<(String, Vec<u8>)> {
    let number = |at: usize| u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap()) as usize;
    assert_eq!((&bytes[..4], &bytes[8..12]), (&b"RIFF"[..], &b"WAVE"[..]));
    assert_eq!(number(4) + 8, bytes.len(), "the size of the file");
    let (mut at, mut chunks) = (12, Vec::new());
    while at < bytes.len() {
        assert_eq!(at % 2, 0, "chunks begin at even places");
        let size = number(at + 4);
        let id = String::from_utf8(bytes[at..at + 4].to_vec()).unwrap();
        chunks.push((id, bytes[at + 8..at + 8 + size].to_vec()));
        at += 8 + size + size % 2;
    }
    assert_eq!(at, bytes.len());
    chunks
}

fn chunk(bytes: &[u8], id: &str) -> Option<Vec<u8>> {
    read(bytes).into_iter().find(|(name, _)| name == id).map(|(_, body)| body)
}

fn full() -> Chunks {
    Chunks {
        bext: Some(Bext {
            description: "Große Tür – 日本".into(),
            originator: "Straightshot 1.0".into(),
            originator_reference: "0123456789abcdef0123456789abcdef too long".into(),
            date: "2026-02-03".into(),
            time: "04:05:06".into(),
            time_reference: (1 << 33) + 5,
            loudness: Loudness {
                integrated_lufs: Some(-23.456),
                range_lu: Some(3.2),
                true_peak_dbtp: Some(f64::NEG_INFINITY),
                max_momentary_lufs: Some(-20.0),
                max_short_term_lufs: None,
            },
            coding_history: vec!["A=PCM,F=48000,W=24,M=mono,T=Straightshot".into()],
        }),
        ixml: Some("<BWFXML>ü</BWFXML>".into()),
        info: vec![(*b"INAM", "Tür".into()), (*b"ISFT", "Straight".into())],
        forever: Some(Forever { frames: 1..3, root_key: 60 }),
    }
}

fn audio() -> Audio {
    Audio::mono(48_000, vec![0.5, -1.0, 0.25])
}

#[test]
fn bwf_header_is_plain_and_data_is_padded() {
    let bytes = encode(&audio(), Depth::Pcm24, &full()).unwrap();
    let names: Vec<String> = read(&bytes).into_iter().map(|(name, _)| name).collect();
    assert_eq!(names, ["fmt ", "bext", "iXML", "LIST", "smpl", "data"]);
    let format = chunk(&bytes, "fmt ").unwrap();
    // PCM, 1 channel, 48 000 Hz, 144 000 bytes per second, 3 per frame, 24 bits; no more.
    assert_eq!(format, [1, 0, 1, 0, 0x80, 0xbb, 0, 0, 0x80, 0x32, 2, 0, 3, 0, 24, 0]);
    assert_eq!(chunk(&bytes, "data").unwrap(), [0, 0, 0x40, 0, 0, 0x80, 0, 0, 0x20]);
    assert_eq!(bytes.len() % 2, 0);
    assert_eq!(encode(&audio(), Depth::Pcm24, &full()).unwrap(), bytes, "the same input, the same bytes");
}

#[test]
fn bwf_broadcast_extension_is_version_2_with_loudness() {
    let body = chunk(&encode(&audio(), Depth::Pcm24, &full()).unwrap(), "bext").unwrap();
    let text = |range: std::ops::Range<usize>| {
        String::from_utf8(body[range].split(|b| *b == 0).next().unwrap().to_vec()).unwrap()
    };
    assert_eq!(text(0..256), "Grosse Tur - RiBen");
    assert_eq!(text(256..288), "Straightshot 1.0");
    assert_eq!(text(288..320), "0123456789abcdef0123456789abcdef");
    assert_eq!((text(320..330), text(330..338)), ("2026-02-03".into(), "04:05:06".into()));
    assert_eq!(u64::from_le_bytes(body[338..346].try_into().unwrap()), 8_589_934_597);
    let number = |at: usize| i16::from_le_bytes(body[at..at + 2].try_into().unwrap());
    assert_eq!(number(346), 2);
    assert!(body[348..412].iter().all(|b| *b == 0));
    assert_eq!([412, 414, 416, 418, 420].map(number), [-2346, 320, 0x7fff, -2000, 0x7fff]);
    assert!(body[422..602].iter().all(|b| *b == 0));
    assert_eq!(&body[602..], b"A=PCM,F=48000,W=24,M=mono,T=Straightshot\r\n");
}

#[test]
fn bwf_loop_ends_with_the_last_frame_that_sounds() {
    let body = chunk(&encode(&audio(), Depth::Pcm16, &full()).unwrap(), "smpl").unwrap();
    let numbers: Vec<u32> =
        body.chunks(4).map(|bytes| u32::from_le_bytes(bytes.try_into().unwrap())).collect();
    assert_eq!(numbers, [0, 0, 20_833, 60, 0, 0, 0, 1, 0, 0, 0, 1, 2, 0, 0]);
}

#[test]
fn bwf_list_and_ixml_hold_their_texts() {
    let bytes = encode(&audio(), Depth::Pcm24, &full()).unwrap();
    assert_eq!(chunk(&bytes, "LIST").unwrap(), b"INFOINAM\x04\0\0\0Tur\0ISFT\x0a\0\0\0Straight\0\0");
    assert_eq!(chunk(&bytes, "iXML").unwrap(), "<BWFXML>ü</BWFXML>\n".as_bytes());
    let bare = encode(&audio(), Depth::Pcm16, &Chunks::default()).unwrap();
    assert_eq!(read(&bare).len(), 2);
    assert_eq!(bare.len(), 12 + 24 + 8 + 6);
}

#[test]
fn bwf_other_readers_hear_the_same() {
    let stereo = Audio::stereo(44_100, vec![0.5, -0.25, 0.75], vec![-0.5, 0.125, 0.0]).unwrap();
    let folder = tempfile::tempdir().unwrap();
    for (depth, format, bits) in [
        (Depth::Pcm16, hound::SampleFormat::Int, 16),
        (Depth::Pcm24, hound::SampleFormat::Int, 24),
        (Depth::Float32, hound::SampleFormat::Float, 32),
    ] {
        let path = folder.path().join(format!("{bits}.wav"));
        std::fs::write(&path, encode(&stereo, depth, &full()).unwrap()).unwrap();
        let mut reader = hound::WavReader::open(&path).unwrap();
        let spec = reader.spec();
        assert_eq!((spec.channels, spec.sample_rate), (2, 44_100));
        assert_eq!((spec.sample_format, spec.bits_per_sample), (format, bits));
        let samples: Vec<f32> = match format {
            hound::SampleFormat::Float => reader.samples::<f32>().map(Result::unwrap).collect(),
            hound::SampleFormat::Int => {
                let full = (1 << (bits - 1)) as f32;
                reader.samples::<i32>().map(|x| x.unwrap() as f32 / full).collect()
            }
        };
        assert_eq!(samples, [0.5, -0.5, -0.25, 0.125, 0.75, 0.0]);
        assert_eq!(files::read_mono(&path).unwrap().left(), [0.0, -0.0625, 0.375]);
    }
}

#[test]
fn bwf_floats_keep_what_is_above_full_scale() {
    let bytes = encode(&Audio::mono(48_000, vec![1.5, -2.0]), Depth::Float32, &Chunks::default()).unwrap();
    let names: Vec<String> = read(&bytes).into_iter().map(|(name, _)| name).collect();
    assert_eq!(names, ["fmt ", "fact", "data"]);
    assert_eq!(chunk(&bytes, "fact").unwrap(), [2, 0, 0, 0]);
    let format = chunk(&bytes, "fmt ").unwrap();
    assert_eq!((format.len(), format[0], &format[16..]), (18, 3, &[0, 0][..]));
    assert_eq!(chunk(&bytes, "data").unwrap(), [1.5_f32.to_le_bytes(), (-2.0_f32).to_le_bytes()].concat());
}
