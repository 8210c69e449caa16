//! Compressed sounds, whole and damaged, and what is no sound.

use super::*;

fn made(name: &str) -> Vec<u8> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/sounds");
    std::fs::read(folder.join(name)).unwrap()
}

#[test]
fn compressed_sounds_are_read() {
    for (file, seconds, peak) in [
        ("tone.mp3", 0.3, 0.125),
        ("tone.mp2", 0.3, 0.125),
        ("tone.ogg", 0.3, 0.125),
        ("tone.mka", 0.3, 0.125),
        ("tone.opus", 0.3, 0.125),
        // 0.5 in the centre, and as much for the effects channel, which is left out.
        ("surround.opus", 0.3, 0.354),
        ("tone.m4a", 0.3, 0.25),
        ("tone.aac", 0.3, 0.25),
        ("alac.m4a", 0.3, 0.125),
        ("tone.caf", 0.3, 0.125),
        ("ima.wav", 0.3, 0.125),
        ("ms.wav", 0.3, 0.125),
        ("ima.aifc", 0.3, 0.125),
    ] {
        let (s, p, said) = outcome(file, &made(file));
        // Codecs end with whole frames; that of AAC overshoots at the beginning.
        assert!((s - seconds).abs() < 0.08 && (p - peak).abs() < 0.03, "{file}: {s} s, peak {p}, {said}");
        assert!(said.is_empty(), "{file}: {said}");
    }
    let (s, _, said) = outcome("x.wav", &made("mp3-inside.wav"));
    assert!(s > 0.28 && said == "it is MP3 inside WAV", "{s} {said}");
}

#[test]
fn damaged_streams_give_what_is_left() {
    let ogg = made("tone.ogg");
    let twice = [&ogg[..], &ogg].concat();
    let audio = Audio::mono(
        RATE,
        (0..FRAMES * 10).map(|i| tone(i) + 1e-3 * ((i * 7919 % 101) as f32)).collect::<Vec<_>>(),
    );
    let flac =
        crate::flac::encode(&audio, crate::wav::Depth::Pcm16, &crate::wav::Chunks::default(), &[]).unwrap();
    let mut rotten = flac.clone();
    let middle = rotten.len() / 2;
    rotten[middle..middle + 20].fill(0x55);
    let mp3 = made("tone.mp3");
    for (name, bytes, seconds, note) in [
        ("chained.ogg", twice.clone(), 0.6, ""),
        ("cut.ogg", ogg[..ogg.len() - 30].to_vec(), 0.3, "last page is not whole"),
        ("chained-cut.ogg", twice[..twice.len() - 30].to_vec(), 0.6, "last page is not whole"),
        ("head-only.ogg", ogg[..2_000].to_vec(), 0.0, "cut short before its sound begins"),
        ("rotten.flac", rotten, 1.4, "damaged or missing"),
        ("cut.flac", flac[..flac.len() * 2 / 3].to_vec(), 1.0, "damaged or missing"),
        ("cut.mp3", mp3[..mp3.len() / 2].to_vec(), 0.15, ""),
        ("junk-in-front.mp3", [&[0x11; 900][..], &mp3].concat(), 0.3, ""),
    ] {
        let (s, _, said) = outcome(name, &bytes);
        assert!((s - seconds).abs() < 0.45 * seconds.max(0.2), "{name}: {s} s, {said}");
        assert!(said.contains(note), "{name}: {said}");
    }
}

#[test]
fn what_is_no_sound_is_named() {
    for (name, bytes, said) in [
        (
            "a.wav",
            &b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1\n"[..],
            "a Git LFS pointer",
        ),
        ("b.wav", b"", "an empty file"),
        ("c.wav", &[0; 900], "nothing but zeros"),
        ("d.mp3", b"<!DOCTYPE html>\n<html>", "a web page"),
        ("e.wav", b"wvpk\x10\0\0\0\0\0", "WavPack"),
        ("f.wv", b"wvpk\x10\0\0\0\0\0", "WavPack"),
        ("g.wma", b"\x30\x26\xb2\x75\x8e\x66\xcf\x11\xa6\xd9", "Windows Media"),
        ("h.ape", b"MAC \x96\x0f", "Monkey's Audio"),
        ("i.wav", b"RIFF\0\0\0\0AVI LIST", "an AVI video"),
        ("j.mid", b"MThd\0\0\0\x06", "MIDI"),
        ("k.wav", b"\0\x05\x16\x07\0\x02", "what macOS keeps beside a file"),
        ("l.flac", b"PK\x03\x04", "a ZIP archive"),
        ("m.wav", b"{\"a\": 1}", "a text"),
        ("n.wav", &[3, 200, 7, 9, 1, 77, 200, 3], "no sound file that is known"),
    ] {
        let failure = heard(name, bytes).unwrap_err();
        assert!(failure.cause.contains(said), "{name}: {}", failure.cause);
        assert_eq!(failure.kind, ErrorKind::BadData);
    }
}

#[test]
fn ambisonics_may_be_said_by_the_name_alone() {
    let w = [0.5, -0.25, 0.125, 0.5, -0.5, 0.25, 0.5, 0.125].repeat(200);
    let quad = |x: f32| [x, 0.0, -0.5 * x, 0.0];
    let folder = tempfile::tempdir().unwrap();
    let bytes: Vec<i32> = w.iter().flat_map(|x| quad(*x)).map(|x| (x * 32_768.0) as i32).collect();
    for (name, peak) in [("wind_ambiX.flac", 0.5), ("wind.flac", 0.161)] {
        let path = folder.path().join(name);
        let options = flac_codec::encode::Options::default();
        let writer = flac_codec::encode::FlacSampleWriter::create(&path, options, 8_000, 16, 4, None);
        let mut writer = writer.unwrap();
        writer.write(&bytes).unwrap();
        writer.finalize().unwrap();
        let sound = read(&path, Read::default()).unwrap();
        let found = sound.audio.left().iter().fold(0f32, |peak, x| peak.max(x.abs()));
        assert!((found - peak).abs() < 0.01, "{name}: {found}, {:?}", sound.notes);
    }
}

#[cfg(unix)]
#[test]
fn only_regular_files_are_opened() {
    let folder = tempfile::tempdir().unwrap();
    let failure = read(folder.path(), Read::default()).unwrap_err();
    assert!(failure.cause.contains("a folder"), "{failure:?}");
    let failure = read(Path::new("/dev/zero"), Read::default()).unwrap_err();
    assert!(failure.cause.contains("no regular file"), "{failure:?}");
}

/// No bytes end the process or take long: every file of these tests is cut everywhere and has each of its bytes changed.
#[test]
fn no_bytes_end_the_process() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x");
    let mut files: Vec<Vec<u8>> = [
        "tone.mp3",
        "tone.ogg",
        "tone.opus",
        "surround.opus",
        "tone.m4a",
        "alac.m4a",
        "ima.wav",
        "ms.wav",
        "tone.caf",
        "tone.mka",
    ]
    .map(made)
    .into();
    files.push(wav(&[plain(), data()]));
    files.push(rifx());
    files.push(aiff(None, &pcm(1)));
    let mut random = 1_u64;
    for bytes in files {
        for round in 0..60 {
            let mut bytes = bytes.clone();
            for _ in 0..3 {
                random =
                    random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                let at =
                    (random >> 33) as usize % bytes.len().min(if round % 2 == 0 { 200 } else { usize::MAX });
                bytes[at] = (random >> 20) as u8;
            }
            bytes.truncate(bytes.len() - round * bytes.len() / 100);
            std::fs::write(&path, &bytes).unwrap();
            // Either is an answer; what counts is that there is one, of numbers.
            if let Ok(sound) = read(&path, Read { longest_s: 30.0, sounding: true }) {
                assert!(sound.audio.left().iter().all(|x| x.is_finite()));
            }
        }
    }
}
