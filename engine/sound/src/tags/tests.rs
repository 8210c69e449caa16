//! Texts of files, by the place where they stand.

use super::*;

fn chunk(id: &[u8], body: &[u8]) -> Vec<u8> {
    let pad = vec![0; body.len() % 2];
    [id, &u32::try_from(body.len()).unwrap().to_le_bytes(), body, &pad].concat()
}

fn wav(chunks: &[Vec<u8>]) -> Vec<u8> {
    [&b"RIFF\0\0\0\0WAVE"[..], &chunks.concat()].concat()
}

fn bext(text: &[u8]) -> Vec<u8> {
    let mut body = text.to_vec();
    body.resize(602, 0);
    chunk(b"bext", &body)
}

fn id3(frames: &[(&[u8; 4], &[u8])]) -> Vec<u8> {
    let frame = |(id, text): &(&[u8; 4], &[u8])| {
        let body = [&[3][..], text].concat();
        [&id[..], &u32::try_from(body.len()).unwrap().to_be_bytes(), &[0, 0], &body].concat()
    };
    let body: Vec<u8> = frames.iter().flat_map(frame).collect();
    let size = [0, 0, (body.len() >> 7) as u8, (body.len() & 0x7f) as u8];
    [&b"ID3\x04\0\0"[..], &size, &body].concat()
}

fn tags(bytes: &[u8]) -> Tags {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x");
    std::fs::write(&path, bytes).unwrap();
    read(&path)
}

fn said(tags: &Tags) -> Vec<String> {
    tags.texts.iter().map(|t| format!("{} {}: {}", t.place, t.key, t.text)).collect()
}

const XML: &[u8] = b"<BWFXML/>";

#[test]
fn all_chunks_of_wav_are_read() {
    let info = [&b"INFO"[..], &chunk(b"INAM", b"Gate\0"), &chunk(b"ICMT", b"Rusty gate")].concat();
    let bytes = wav(&[
        chunk(b"data", &[0; 5]),
        bext(b"Rain on a tent\0rubbish"),
        chunk(b"iXML", XML),
        chunk(b"LIST", &info),
        chunk(b"_PMX", b"<x/>"),
        chunk(b"id3 ", &id3(&[(b"TIT2", b"Gate squeak"), (b"COMM", b"eng\0Rusty gate opens")])),
    ]);
    let tags = tags(&bytes);
    assert_eq!(
        said(&tags),
        [
            "bext description: Rain on a tent",
            "LIST INFO INAM: Gate",
            "LIST INFO ICMT: Rusty gate",
            "ID3 TIT2: Gate squeak",
            "ID3 COMM: Rusty gate opens"
        ]
    );
    let places: Vec<_> = tags.xml.iter().map(|xml| (xml.place, &xml.bytes[..])).collect();
    assert_eq!(places, [("iXML", XML), ("XMP", &b"<x/>"[..])]);
    assert!(tags.notes.is_empty(), "{:?}", tags.notes);
}

#[test]
fn fields_are_found_in_spite_of_their_writers() {
    let wide: Vec<u8> = "\u{feff}Rusty gate\0".encode_utf16().flat_map(u16::to_le_bytes).collect();
    let unpadded =
        [&b"INFO"[..], b"ISFT\x03\0\0\0abc", &chunk(b"ICMT", b"Gate"), &chunk(b"INAM", &wide)].concat();
    let label = |id: &[u8], text: &[u8]| chunk(id, &[&[1, 0, 0, 0][..], text].concat());
    let places = [&b"adtl"[..], &label(b"labl", b"hinge\0"), &label(b"note", b"slam\0")].concat();
    let user = id3(&[(b"TXXX", b"comment\0Gate opens")]);
    let bytes = wav(&[
        chunk(b"LIST", &unpadded),
        chunk(b"LIST", &places),
        chunk(b"id3 ", &user),
        chunk(b"axml", b"<x/>"),
    ]);
    let tags = tags(&bytes);
    assert_eq!(
        said(&tags),
        [
            "LIST INFO ISFT: abc",
            "LIST INFO ICMT: Gate",
            "LIST INFO INAM: Rusty gate",
            "LIST adtl label: hinge",
            "LIST adtl note: slam",
            "ID3 TXXX:comment: Gate opens"
        ]
    );
    assert_eq!(tags.xml[0].place, "axml");
}

#[test]
fn large_files_have_their_size_elsewhere() {
    let ds64 = chunk(b"ds64", &[[0u8; 8], 6u64.to_le_bytes(), [0; 8]].concat());
    let mut data = chunk(b"data", &[0; 6]);
    data[4..8].fill(0xff);
    let rf64 = |chunks: &[Vec<u8>]| [&b"RF64\0\0\0\0WAVE"[..], &chunks.concat()].concat();
    assert_eq!(said(&tags(&rf64(&[ds64, data.clone(), bext(b"Wind")]))), ["bext description: Wind"]);
    // Without ds64 nothing behind the data can be found.
    assert_eq!(said(&tags(&rf64(&[data, bext(b"Wind")]))), [""; 0]);
}

#[test]
fn chunks_that_flac_keeps_are_read() {
    let audio = straightshot_protocol::Audio::mono(48_000, vec![0.5; 64]);
    let chunks = crate::wav::Chunks {
        bext: Some(crate::wav::Bext { description: "Old door".into(), ..Default::default() }),
        ixml: Some("<BWFXML/>".into()),
        ..Default::default()
    };
    let tagged = [("DESCRIPTION", "Tür".to_owned())];
    let flac = crate::flac::encode(&audio, crate::wav::Depth::Pcm16, &chunks, &tagged).unwrap();
    for bytes in [flac.clone(), [&id3(&[])[..], &flac].concat()] {
        let tags = tags(&bytes);
        let mut said = said(&tags);
        said.sort();
        assert_eq!(said, ["Vorbis comment DESCRIPTION: Tür", "bext description: Old door"]);
        assert_eq!(tags.xml[0].place, "iXML");
    }
}

#[test]
fn other_containers_are_read() {
    let mp3 = std::fs::read(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/sounds/tone.mp3")).unwrap();
    let tagged = [&id3(&[(b"TIT2", b"Gate squeak")])[..], &mp3].concat();
    assert_eq!(said(&tags(&tagged)), ["ID3 TIT2: Gate squeak"]);
    let be = |id: &[u8], body: &[u8]| {
        let pad = vec![0; body.len() % 2];
        [id, &u32::try_from(body.len()).unwrap().to_be_bytes(), body, &pad].concat()
    };
    let chunks =
        [be(b"NAME", b"Gate"), be(b"ANNO", b"Rusty"), be(b"ID3 ", &id3(&[(b"TIT2", b"Squeak")]))].concat();
    let aiff = [&b"FORM\0\0\0\0AIFF"[..], &chunks].concat();
    assert_eq!(said(&tags(&aiff)), ["AIFF name: Gate", "AIFF annotation: Rusty", "ID3 TIT2: Squeak"]);
    let au = [&b".snd"[..], &[32, 4, 3, 8000, 1].map(u32::to_be_bytes).concat(), b"Rain\0\0\0\0", &[0; 4]]
        .concat();
    assert_eq!(said(&tags(&au)), ["AU annotation: Rain"]);
}

#[test]
fn broken_chunks_are_noted_and_never_fatal() {
    let whole =
        wav(&[bext(b"Rain on a tent"), chunk(b"iXML", XML), chunk(b"id3 ", &id3(&[(b"TIT2", b"x")]))]);
    for keep in 0..whole.len() {
        tags(&whole[..keep]);
    }
    let cut = tags(&whole[..12 + 8 + 300]);
    assert_eq!(said(&cut), ["bext description: Rain on a tent"]);
    assert!(cut.notes[0].contains("bext chunk is cut short (300 of 602 bytes)"), "{:?}", cut.notes);
    let foreign = tags(&wav(&[bext(b"\x8c\xc3\x82\xa2\x96\xd8")]));
    assert!(
        foreign.texts.is_empty() && foreign.notes[0].contains("encoding that it does not name"),
        "{foreign:?}"
    );
    let mut liar = wav(&[bext(b"Rain")]);
    liar[16..20].fill(0xff);
    assert_eq!(said(&tags(&liar)), ["bext description: Rain"]);
    assert_eq!(tags(&wav(&vec![chunk(b"JUNK", b""); 5000])), Tags::default());
    assert_eq!(tags(b"fLaC and so on"), Tags::default());
}
