//! Files as other programs leave them, each with what is heard of it and what is told about it.

mod streams;

use super::*;

/// 0.2 s at 8 kHz.
const RATE: u32 = 8_000;
const FRAMES: usize = 1_600;

fn tone(frame: usize) -> f32 {
    0.5 * (frame as f32 * 0.3).sin()
}

/// The tone in 16 bits, in so many equal channels.
fn pcm(channels: usize) -> Vec<u8> {
    let sample = |i: usize| ((tone(i) * 32_768.0) as i16).to_le_bytes();
    (0..FRAMES).flat_map(|i| sample(i).repeat(channels)).collect()
}

fn floats(change: impl Fn(usize, f32) -> f32) -> Vec<u8> {
    (0..FRAMES).flat_map(|i| change(i, tone(i)).to_le_bytes()).collect()
}

/// A body of `fmt ` with `more` behind its 16 bytes.
fn fmt(tag: u16, channels: u16, bits: u16, more: &[u8]) -> Vec<u8> {
    let block = channels * bits.div_ceil(8);
    let mut body = [tag.to_le_bytes(), channels.to_le_bytes()].concat();
    body.extend(RATE.to_le_bytes());
    body.extend((RATE * u32::from(block)).to_le_bytes());
    body.extend([block.to_le_bytes(), bits.to_le_bytes()].concat());
    body.extend(more);
    body
}

fn extensible(tag: u16, channels: u16, mask: u32, tail: [u8; 14]) -> Vec<u8> {
    let more = [&[22, 0, 16, 0][..], &mask.to_le_bytes(), &tag.to_le_bytes(), &tail].concat();
    fmt(0xFFFE, channels, 16, &more)
}

const STANDARD: [u8; 14] = [0, 0, 0, 0, 16, 0, 0x80, 0, 0, 0xaa, 0, 0x38, 0x9b, 0x71];
const B_FORMAT: [u8; 14] = [0, 0, 0x21, 7, 0xd3, 0x11, 0x86, 0x44, 0xc8, 0xc1, 0xca, 0, 0, 0];

fn sized(id: &[u8], body: &[u8], size: u32) -> Vec<u8> {
    [id, &size.to_le_bytes(), body].concat()
}

fn chunk(id: &[u8], body: &[u8]) -> Vec<u8> {
    let mut bytes = sized(id, body, body.len() as u32);
    bytes.resize(bytes.len().next_multiple_of(2), 0);
    bytes
}

fn riff(kind: &[u8], size: u32, chunks: &[Vec<u8>]) -> Vec<u8> {
    [kind, &size.to_le_bytes(), b"WAVE", &chunks.concat()].concat()
}

fn wav(chunks: &[Vec<u8>]) -> Vec<u8> {
    riff(b"RIFF", 4 + chunks.concat().len() as u32, chunks)
}

fn plain() -> Vec<u8> {
    chunk(b"fmt ", &fmt(1, 1, 16, &[]))
}

fn data() -> Vec<u8> {
    chunk(b"data", &pcm(1))
}

/// Reads `bytes` from a file called `name` as a library does.
fn heard(name: &str, bytes: &[u8]) -> Result<Sound, Failure> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    std::fs::write(&path, bytes).unwrap();
    read(&path, Read { longest_s: 30.0, sounding: true })
}

/// Seconds, peak and notes; or nothing, zero and the cause.
fn outcome(name: &str, bytes: &[u8]) -> (f64, f32, String) {
    match heard(name, bytes) {
        Ok(sound) => {
            let peak = sound.audio.left().iter().fold(0f32, |peak, x| peak.max(x.abs()));
            let seconds = sound.audio.frames() as f64 / f64::from(sound.audio.sample_rate_hz());
            (seconds, peak, sound.notes.join("; "))
        }
        Err(failure) => (0.0, 0.0, failure.cause),
    }
}

/// Compares a table of inputs with what is heard: seconds, peak, and a part of the notes ("" for none).
fn compare(table: &[(&str, Vec<u8>, f64, f32, &str)]) {
    let mut wrong = Vec::new();
    for (name, bytes, seconds, peak, note) in table {
        let file = format!("{}.wav", name.split(' ').next().unwrap());
        let (s, p, said) = outcome(&file, bytes);
        let noted = if note.is_empty() { said.is_empty() } else { said.contains(note) };
        if (s - seconds).abs() > 0.011 || (p - peak).abs() > 0.02 || !noted {
            wrong.push(format!(
                "{name}: {s:.3} s, peak {p:.2}, \"{said}\"; not {seconds} s, {peak}, \"{note}\""
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn sizes_that_are_wrong_lose_nothing_that_is_there() {
    let (all, pcm) = (0.2, pcm(1));
    let whole = wav(&[plain(), data()]);
    let unknown = "its size was never written";
    let ds64 = |size: u64| chunk(b"ds64", &[&[0; 8][..], &size.to_le_bytes(), &[0; 12]].concat());
    let endless = || sized(b"data", &pcm, u32::MAX);
    compare(&[
        ("plain", whole.clone(), all, 0.5, ""),
        ("riff-size-0", riff(b"RIFF", 0, &[plain(), data()]), all, 0.5, ""),
        ("riff-size-8-short", riff(b"RIFF", whole.len() as u32 - 16, &[plain(), data()]), all, 0.5, ""),
        ("riff-size-huge", riff(b"RIFF", 0x7fff_ffff, &[plain(), data()]), all, 0.5, ""),
        ("data-size-0", wav(&[plain(), sized(b"data", &pcm, 0)]), all, 0.5, unknown),
        ("data-size-ffffffff", wav(&[plain(), endless()]), all, 0.5, unknown),
        ("data-size-of-sox", wav(&[plain(), sized(b"data", &pcm, 0x7fff_f000)]), all, 0.5, unknown),
        ("data-size-7fffffff", wav(&[plain(), sized(b"data", &pcm, 0x7fff_ffff)]), all, 0.5, unknown),
        ("data-one-byte-more", wav(&[plain(), sized(b"data", &pcm, 3_201)]), all, 0.5, "3200 of 3201 bytes"),
        ("cut", whole[..44 + 1_600].to_vec(), 0.1, 0.5, "1600 of 3200 bytes"),
        ("cut-in-a-frame", whole[..44 + 1_601].to_vec(), 0.1, 0.5, "cut short"),
        ("empty-data-then-sound", wav(&[plain(), sized(b"data", &[], 0), data()]), all, 0.5, ""),
        (
            "rf64",
            riff(b"RF64", u32::MAX, &[ds64(3_200), plain(), endless(), chunk(b"bext", &[0; 602])]),
            all,
            0.5,
            "",
        ),
        ("rf64-without-sizes", riff(b"RF64", u32::MAX, &[ds64(0), plain(), endless()]), all, 0.5, unknown),
        ("rf64-no-ds64", riff(b"RF64", u32::MAX, &[plain(), endless()]), all, 0.5, unknown),
        ("bw64", riff(b"BW64", u32::MAX, &[ds64(3_200), plain(), endless()]), all, 0.5, ""),
        ("trailing-bytes", [&whole[..], &[0xff; 700]].concat(), all, 0.5, ""),
        ("data-first", wav(&[data(), plain()]), all, 0.5, ""),
        ("odd-chunk-unpadded", wav(&[sized(b"junk", b"abc", 3), plain(), data()]), all, 0.5, ""),
        ("odd-chunk-padded", wav(&[chunk(b"junk", b"abc"), plain(), data()]), all, 0.5, ""),
        ("tag-in-front", [&b"ID3\x04\0\0\0\0\0\x05hello"[..], &whole].concat(), all, 0.5, ""),
        ("no-data", wav(&[plain()]), 0.0, 0.0, "it holds no sound"),
        ("no-fmt", wav(&[data()]), 0.0, 0.0, "does not say how its samples are stored"),
        ("only-a-head", whole[..44].to_vec(), 0.0, 0.0, "it holds no sound"),
    ]);
}

/// Everything of a WAV file with its high bytes first.
fn rifx() -> Vec<u8> {
    let turned =
        |bytes: &[u8]| -> Vec<u8> { bytes.chunks_exact(2).flat_map(|two| [two[1], two[0]]).collect() };
    let sized = |id: &[u8], body: &[u8]| [id, &(body.len() as u32).to_be_bytes(), body].concat();
    let mut format = [&1u16.to_be_bytes()[..], &1u16.to_be_bytes(), &RATE.to_be_bytes()].concat();
    format.extend([&(RATE * 2).to_be_bytes()[..], &2u16.to_be_bytes(), &16u16.to_be_bytes()].concat());
    [&b"RIFX\0\0\0\0WAVE"[..], &sized(b"fmt ", &format), &sized(b"data", &turned(&pcm(1)))].concat()
}

#[test]
fn chunks_are_found_however_their_writer_has_laid_them() {
    let half = pcm(1).len() / 2;
    let pieces = |joined: &str| format!("its sound is in {joined} pieces, joined");
    let list = chunk(b"LIST", &[&b"wavl"[..], &data()].concat());
    let other = chunk(b"fmt ", &fmt(1, 2, 16, &[]));
    compare(&[
        ("unpadded", wav(&[plain(), sized(b"junk", b"abc", 3), data()]), 0.2, 0.5, ""),
        ("unpadded-before-fmt", wav(&[sized(b"LIST", b"x", 1), plain(), data()]), 0.2, 0.5, ""),
        ("data-before-fmt", wav(&[data(), plain()]), 0.2, 0.5, ""),
        (
            "two-data",
            wav(&[plain(), chunk(b"data", &pcm(1)[..half]), chunk(b"data", &pcm(1)[half..])]),
            0.2,
            0.5,
            &pieces("2"),
        ),
        ("list-of-data", wav(&[plain(), list]), 0.2, 0.5, ""),
        ("two-files", [wav(&[plain(), data()]), wav(&[plain(), data()])].concat(), 0.4, 0.5, &pieces("2")),
        (
            "two-kinds",
            [wav(&[plain(), data()]), wav(&[other, data()])].concat(),
            0.2,
            0.5,
            "another of another kind",
        ),
        ("rifx", rifx(), 0.2, 0.5, ""),
        // Too short for anybody, but not silent.
        ("one-sample", wav(&[plain(), chunk(b"data", &16_000_i16.to_le_bytes())]), 0.0, 0.49, ""),
    ]);
}

#[test]
fn formats_are_read_whatever_the_length_of_their_chunk() {
    let with = |body: Vec<u8>, pcm: &[u8]| wav(&[chunk(b"fmt ", &body), chunk(b"data", pcm)]);
    let bytes: Vec<u8> = (0..FRAMES).map(|i| (128.0 + tone(i) * 127.0) as u8).collect();
    let three: Vec<u8> =
        (0..FRAMES).flat_map(|i| ((tone(i) * 8_388_608.0) as i32).to_le_bytes()[..3].to_vec()).collect();
    let doubles: Vec<u8> = (0..FRAMES).flat_map(|i| f64::from(tone(i)).to_le_bytes()).collect();
    let mut twenty = fmt(1, 1, 24, &[]);
    twenty[14] = 20;
    let mut no_block = fmt(1, 1, 16, &[]);
    no_block[12] = 0;
    compare(&[
        ("fmt14", with(fmt(1, 1, 16, &[])[..14].to_vec(), &pcm(1)), 0.2, 0.5, ""),
        ("fmt17", with(fmt(1, 1, 8, &[0]), &bytes), 0.2, 0.5, ""),
        ("fmt18", with(fmt(1, 1, 16, &[0, 0]), &pcm(1)), 0.2, 0.5, ""),
        ("fmt20", with(fmt(1, 1, 16, &[0, 0, 1, 2]), &pcm(1)), 0.2, 0.5, ""),
        ("fmt28", with(fmt(1, 1, 16, &[0; 12]), &pcm(1)), 0.2, 0.5, ""),
        ("fmt-without-block", with(no_block, &pcm(1)), 0.2, 0.5, ""),
        ("bits20-in-24", with(twenty, &three), 0.2, 0.5, ""),
        ("float64", with(fmt(3, 1, 64, &[]), &doubles), 0.2, 0.5, ""),
        ("gsm", with(fmt(0x31, 1, 8, &[]), &bytes), 0.0, 0.0, "0x0031 inside WAV (GSM 6.10)"),
        ("float16", with(fmt(3, 1, 16, &[]), &pcm(1)), 0.0, 0.0, "samples of 2 bytes"),
        ("no-channels", with(fmt(1, 0, 16, &[]), &pcm(1)), 0.0, 0.0, "no channels"),
        ("fmt-cut", with(vec![1, 0, 1], &pcm(1)), 0.0, 0.0, "fmt chunk is cut short"),
    ]);
}

#[test]
fn channels_are_mixed_by_what_they_are_for() {
    let frames = |levels: &[f32]| -> Vec<u8> {
        let sample = |i: usize, level: f32| ((tone(i) * level * 32_768.0) as i16).to_le_bytes();
        (0..FRAMES).flat_map(|i| levels.iter().flat_map(|l| sample(i, *l)).collect::<Vec<_>>()).collect()
    };
    let with = |body: Vec<u8>, levels: &[f32]| wav(&[chunk(b"fmt ", &body), chunk(b"data", &frames(levels))]);
    let discrete = |levels: &[f32]| with(fmt(1, levels.len() as u16, 16, &[]), levels);
    compare(&[
        ("stereo", discrete(&[1.0, 1.0]), 0.2, 0.5, ""),
        ("out-of-phase", discrete(&[1.0, -0.9]), 0.2, 0.5, "cancel each other"),
        ("one-side", discrete(&[0.0, 1.0]), 0.2, 0.5, "left channel is silent"),
        ("centre-of-51", discrete(&[0.0, 0.0, 1.0, 0.0, 0.0, 0.0]), 0.2, 0.354, ""),
        (
            "centre-of-51-masked",
            with(extensible(1, 6, 0x3f, STANDARD), &[0.0, 0.0, 1.0, 0.0, 0.0, 0.0]),
            0.2,
            0.354,
            "",
        ),
        ("only-effects", discrete(&[0.0, 0.0, 0.0, 1.0, 0.0, 0.0]), 0.2, 0.5, "number 4"),
        ("ambisonics-behind", discrete(&[1.0, 0.0, 0.0, -1.0]), 0.2, 0.5, "W, the first, alone"),
        (
            "ambisonics-said",
            with(extensible(1, 4, 0, B_FORMAT), &[1.0, -1.0, 0.5, -0.5]),
            0.2,
            0.5,
            "ambisonics",
        ),
        ("four-speakers", with(extensible(1, 4, 0x33, STANDARD), &[1.0, 1.0, 0.0, 0.0]), 0.2, 0.5, ""),
        ("mask-of-others", with(extensible(1, 2, 0x3f, STANDARD), &[1.0, 1.0]), 0.2, 0.5, ""),
        ("eight", discrete(&[1.0, 1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0]), 0.2, 0.5, ""),
        ("thirty-two", discrete(&[1.0; 32]), 0.2, 0.5, ""),
    ]);
}

#[test]
fn values_that_no_microphone_made_are_taken_out() {
    let with = |samples: Vec<u8>| wav(&[chunk(b"fmt ", &fmt(3, 1, 32, &[])), chunk(b"data", &samples)]);
    let silence = |seconds: f32| vec![0_u8; (seconds * RATE as f32) as usize * 4];
    compare(&[
        (
            "one-nan",
            with(floats(|i, x| if i == 700 { f32::NAN } else { x })),
            0.2,
            0.5,
            "values that are no numbers taken out: 1",
        ),
        ("infinite", with(floats(|i, x| if i == 700 { f32::INFINITY } else { x })), 0.2, 0.5, "no numbers"),
        ("all-nan", with(floats(|_, _| f32::NAN)), 0.0, 0.0, "none of its values are numbers"),
        (
            "spike",
            with(floats(|i, x| if i == 700 { 1e5 } else { x })),
            0.2,
            0.5,
            "single values far above full scale taken out: 1",
        ),
        ("offset", with(floats(|_, x| 0.5 * x + 0.3)), 0.2, 0.25, "an offset of 30 %"),
        ("only-an-offset", with(floats(|_, _| 0.3)), 0.0, 0.0, "silent throughout"),
        (
            "silence-first",
            with([silence(40.0), floats(|_, x| x)].concat()),
            0.21,
            0.5,
            "40.0 s of silence at its beginning",
        ),
        (
            "silence-last",
            with([floats(|_, x| x), silence(1.0)].concat()),
            0.21,
            0.5,
            "1.0 s of silence at its end",
        ),
        ("silence", with(silence(1.0)), 0.0, 0.0, "silent throughout"),
    ]);
    // Import keeps what a user chose: only what is no number goes.
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.wav");
    std::fs::write(&path, with([silence(0.5), floats(|_, x| x + 0.1)].concat())).unwrap();
    let sound = read(&path, Read::default()).unwrap();
    assert_eq!((sound.audio.frames(), sound.notes.len()), (4_000 + FRAMES, 0));
    assert_eq!(sound.audio.left()[..2], [0.0, 0.0]);
    assert_eq!(read(&path, Read { longest_s: 0.25, sounding: false }).unwrap().audio.frames(), 2_000);
}

/// An AIFF of 16 bits, or AIFF-C with a codec.
fn aiff(codec: Option<&[u8; 4]>, sound: &[u8]) -> Vec<u8> {
    let be = |id: &[u8], body: &[u8]| [id, &(body.len() as u32).to_be_bytes(), body].concat();
    let mut comm = vec![0, 1, 0, 0, 6, 64, 0, 16, 0x40, 0x0b, 0xfa, 0, 0, 0, 0, 0, 0, 0];
    comm.extend(codec.into_iter().flatten().chain(codec.map(|_| &[0u8, 0]).into_iter().flatten()));
    let ssnd = be(b"SSND", &[&[0; 8][..], sound].concat());
    let body = [be(b"COMM", &comm), ssnd].concat();
    let kind = if codec.is_some() { b"AIFC" } else { b"AIFF" };
    [&b"FORM"[..], &(4 + body.len() as u32).to_be_bytes(), kind, &body].concat()
}

#[test]
fn other_containers_of_samples_are_read() {
    let big: Vec<u8> = pcm(1).chunks(2).flat_map(|b| [b[1], b[0]]).collect();
    let au = |size: u32| {
        let fields = [28, size, 3, RATE, 1].map(u32::to_be_bytes).concat();
        [&b".snd"[..], &fields, b"text", &big].concat()
    };
    let w64 = |id: &[u8; 4], body: &[u8]| {
        let guid = [&id[..], &[0xf3, 0xac, 0xd3, 0x11, 0x8c, 0xd1, 0, 0xc0, 0x4f, 0x8e, 0xdb, 0x8a]].concat();
        let mut bytes = [guid, (24 + body.len() as u64).to_le_bytes().to_vec(), body.to_vec()].concat();
        bytes.resize(bytes.len().next_multiple_of(8), 0);
        bytes
    };
    let wave64 = [
        &b"riff\x2e\x91\xcf\x11\xa5\xd6\x28\xdb\x04\xc1\0\0"[..],
        &[0; 8],
        b"wave\xf3\xac\xd3\x11\x8c\xd1\0\xc0\x4f\x8e\xdb\x8a",
        &w64(b"junk", b"odd"),
        &w64(b"fmt ", &fmt(1, 1, 16, &[])),
        &w64(b"data", &pcm(1)),
    ]
    .concat();
    let caf = |size: i64| {
        let desc =
            [&f64::from(RATE).to_be_bytes()[..], b"lpcm", &[2, 2, 1, 1, 16].map(u32::to_be_bytes).concat()]
                .concat();
        let chunk = |id: &[u8], size: i64, body: &[u8]| [id, &size.to_be_bytes(), body].concat();
        let sound = chunk(b"data", size, &[&[0; 4][..], &pcm(1)].concat());
        [&b"caff\0\x01\0\0"[..], &chunk(b"desc", 32, &desc), &sound].concat()
    };
    let cut = |bytes: &[u8]| bytes[..bytes.len() - 1_600].to_vec();
    for (name, bytes, seconds, note) in [
        ("a.aiff", aiff(None, &big), 0.2, ""),
        ("cut.aif", cut(&aiff(None, &big)), 0.1, "cut short"),
        ("little.aifc", aiff(Some(b"sowt"), &pcm(1)), 0.2, ""),
        ("a.aifc", aiff(Some(b"twos"), &big), 0.2, ""),
        ("mace.aifc", aiff(Some(b"MAC3"), &big), 0.0, "codec \"MAC3\" inside AIFF-C"),
        ("a.au", au(3_200), 0.2, ""),
        ("streamed.au", au(u32::MAX), 0.2, ""),
        ("cut.snd", cut(&au(3_200)), 0.1, "cut short"),
        ("a.w64", wave64.clone(), 0.2, ""),
        ("cut.w64", cut(&wave64), 0.1, "cut short"),
        ("a.caf", caf(3_204), 0.2, ""),
        ("streamed.caf", caf(-1), 0.2, "its size was never written"),
        ("cut.caf", cut(&caf(3_204)), 0.1, "cut short"),
        ("really-aiff.wav", aiff(None, &big), 0.2, "it is AIFF, though called .wav"),
    ] {
        let (s, peak, said) = outcome(name, &bytes);
        let noted = if note.is_empty() { said.is_empty() } else { said.contains(note) };
        assert!((s - seconds).abs() < 0.011 && noted, "{name}: {s} s, {said}");
        assert!((peak - 0.5).abs() < 0.02 || seconds == 0.0, "{name}: peak {peak}");
    }
}
