//! Folders as people have them: each file with its caption, the seconds that are used and what is told about it.

use crate::library::{self, Report, Status};
use std::path::Path;

const RATE: u32 = 8_000;

fn chunk(id: &[u8], body: &[u8]) -> Vec<u8> {
    let pad = vec![0; body.len() % 2];
    [id, &u32::try_from(body.len()).unwrap().to_le_bytes(), body, &pad].concat()
}

/// Half a second of a tone, with more chunks.
fn wav(more: &[Vec<u8>]) -> Vec<u8> {
    let pcm: Vec<u8> = (0..RATE / 2)
        .map(|i| ((f64::from(i) * 0.3).sin() * 9_000.0) as i16)
        .flat_map(i16::to_le_bytes)
        .collect();
    let rate = RATE.to_le_bytes();
    let format = [&[1, 0, 1, 0][..], &rate, &(RATE * 2).to_le_bytes(), &[2, 0, 16, 0]].concat();
    [&b"RIFF\0\0\0\0WAVE"[..], &chunk(b"fmt ", &format), &chunk(b"data", &pcm), &more.concat()].concat()
}

fn bext(text: &[u8]) -> Vec<u8> {
    let mut body = text[..text.len().min(256)].to_vec();
    body.resize(602, 0);
    wav(&[chunk(b"bext", &body)])
}

fn ixml(text: &str) -> Vec<u8> {
    wav(&[chunk(b"iXML", text.as_bytes())])
}

fn info(fields: &[(&[u8; 4], &[u8])]) -> Vec<u8> {
    let fields: Vec<u8> = fields.iter().flat_map(|(id, text)| chunk(*id, text)).collect();
    wav(&[chunk(b"LIST", &[&b"INFO"[..], &fields].concat())])
}

/// What becomes of a folder with these files: a line for each, "status reason | source | caption | seconds | note".
fn report(files: &[(&str, Vec<u8>)]) -> Report {
    let folder = tempfile::tempdir().unwrap();
    for (name, bytes) in files {
        let path = folder.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
    }
    scanned(folder.path())
}

fn scanned(folder: &Path) -> Report {
    let mut report = Report::default();
    for item in library::scan(folder, &mut report).unwrap() {
        library::read(&item, RATE, &mut report);
    }
    report
}

fn line(report: &Report, file: &str) -> String {
    let Some(line) = report.lines.iter().find(|line| line.file == file) else { return "no line".into() };
    let source = line.source.map(|s| s.to_string()).unwrap_or_default();
    match line.status {
        Status::Used => format!("{source} | {} | {:?} | {}", line.caption, line.seconds.unwrap(), line.note),
        Status::Skipped => format!("skipped: {} | {}", line.reason, line.note),
        Status::Read => format!("read | {}", line.note),
    }
}

/// Folders of one sound: its name, its bytes, and the line.
fn compare(table: &[(&str, Vec<u8>, &str)]) {
    let mut wrong = Vec::new();
    for (name, bytes, wanted) in table {
        let found = line(&report(&[(name, bytes.clone())]), name);
        if found != *wanted {
            wrong.push(format!("{name}\n  is     {found}\n  wanted {wanted}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

const OLD: &str = "Old cellar door creaks";

#[test]
fn what_a_file_says_about_itself() {
    let xml = |inner: &str| ixml(&format!("<?xml version=\"1.0\"?><BWFXML>{inner}</BWFXML>"));
    let long = "Große Tür öffnet, ".repeat(20);
    let long: Vec<u8> = long.bytes().collect();
    let cut = String::from_utf8_lossy(&long[..255]).trim_end_matches('\u{fffd}').trim().to_owned();
    let cut = format!("metadata | {cut} | 0.5 | ");
    let utf16: Vec<u8> = format!("<?xml version=\"1.0\" encoding=\"UTF-16\"?><X><NOTE>{OLD}</NOTE></X>")
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    compare(&[
        ("a1.wav", bext(b"Rain on a tent"), "metadata | Rain on a tent | 0.5 | "),
        ("a2.wav", bext(b"Regen auf Bl\xe4ttern"), "metadata | Regen auf Blättern | 0.5 | "),
        ("a3.wav", bext(&long[..255]), &cut),
        ("DOORWood_Cellar Creak_XY_NONE.wav", bext(b"aaOLSJDYz3Ok"), "ucs name | cellar creak | 0.5 | "),
        ("DOORMetl_Gate Slam_XY_NONE.wav", bext(b"Recorded with REAPER"), "ucs name | gate slam | 0.5 | "),
        ("WIND_Cold Gusts_XY_NONE.wav", bext(b"48000Hz 24bit stereo"), "ucs name | cold gusts | 0.5 | "),
        ("WIND_Soft Gusts_XY_NONE.wav", bext(b"Audio 1_03-01"), "ucs name | soft gusts | 0.5 | "),
        ("WIND_Wild Gusts_XY_NONE.wav", bext(b"2024-09-13"), "ucs name | wild gusts | 0.5 | "),
        ("Door slam.wav", bext(b"TASCAM DR-40"), "file name | door slam | 0.5 | "),
        ("FIRECrkl_Camp Fire_XY_NONE.wav", xml("<NOTE>NG, plane overhead</NOTE>"), "ucs name | camp fire | 0.5 | "),
        ("a4.wav", xml("<NOTE>Rain on a tent</NOTE>"), "metadata | Rain on a tent | 0.5 | "),
        ("a5.wav", xml("<USER><DESCRIPTION>Wind &amp; rain</DESCRIPTION></USER>"), "metadata | Wind & rain | 0.5 | "),
        ("a6.wav", xml("<USER><DESCRIPTION>Wind & rain</DESCRIPTION></USER>"), "metadata | Wind & rain | 0.5 | "),
        ("a7.wav", ixml("<X><DESCRIPTION>Wind howls</DESCRIPTION></X>\0\0\u{cd}\u{cd}"), "metadata | Wind howls | 0.5 | "),
        (
            "a8.wav",
            xml("<ATTR_LIST><ATTR><NAME>MediaComment</NAME><VALUE>Door creaks slowly</VALUE></ATTR></ATTR_LIST>"),
            "metadata | Door creaks slowly | 0.5 | ",
        ),
        ("a9.wav", wav(&[chunk(b"iXML", &utf16)]), "metadata | Old cellar door creaks | 0.5 | "),
        (
            "b1.wav",
            wav(&[chunk(b"_PMX", b"<r:RDF xmlns:r='a' xmlns:dc='b'><dc:description><r:Alt><r:li>Wind howls</r:li></r:Alt></dc:description></r:RDF>")]),
            "metadata | Wind howls | 0.5 | ",
        ),
        ("b2.wav", info(&[(b"INAM", b"Gate squeak"), (b"ICMT", b"Rusty gate opens")]), "metadata | Rusty gate opens | 0.5 | "),
        ("b3.wav", info(&[(b"INAM", b"Gate squeak"), (b"ISFT", b"Lavf59.27.100")]), "metadata | Gate squeak | 0.5 | "),
        ("b4.wav", info(&[(b"IKEY", b"gate; squeak")]), "metadata | gate; squeak | 0.5 | "),
        ("Wind.wav", bext(b"\x8c\xc3\x82\xa2\x96\xd8"), "file name | wind | 0.5 | its bext description is in an encoding that it does not name"),
        ("Wind 2.wav", ixml("<BWFXML>"), "file name | wind | 0.5 | its iXML is ignored: the root node was opened but never closed"),
        ("0001.wav", wav(&[]), "skipped: no words | neither its name, its metadata nor a table has words for it"),
        ("12345__some_user__door-slam-01.aiff.wav", wav(&[]), "file name | door slam | 0.5 | "),
        ("Tu\u{308}r zu.wav", wav(&[]), "no line"),
    ]);
    let decomposed = report(&[("Tu\u{308}r zu.wav", wav(&[]))]);
    assert_eq!(line(&decomposed, "T\u{fc}r zu.wav"), "file name | tür zu | 0.5 | ");
    let rejected = report(&[("DOORWood_Cellar Creak_XY_NONE.wav", bext(b"aaOLSJDYz3Ok"))]);
    assert_eq!(rejected.lines[0].rejected, "bext description \"aaOLSJDYz3Ok\": an identifier");
    assert_eq!(rejected.lines[0].origin, "its UCS name");
}

const TEXT: &str = "Heavy rain on a tin roof";
const RAIN: &str = "table | Heavy rain on a tin roof | 0.5 | ";
const BESIDE: &str = "text beside it | Heavy rain on a tin roof | 0.5 | ";

/// A sound, a file beside it with its content, and the line of the sound.
fn beside(cases: &[(&str, &str, String, &str)]) {
    for (sound, other, content, wanted) in cases {
        let report = report(&[(sound, wav(&[])), (other, content.clone().into_bytes())]);
        assert_eq!(line(&report, sound), *wanted, "{other}: {content:?}");
        assert!(line(&report, other).starts_with("read | "), "{other}: {}", line(&report, other));
        assert_eq!(report.lines.len(), 2, "a line for each file");
    }
}

#[test]
fn tables_of_common_sets_and_programs() {
    let text = TEXT;
    beside(&[
        ("0001.wav", "captions.csv", format!("file,caption\n0001.wav,{text}\n"), RAIN),
        ("data/0001.wav", "metadata.csv", format!("file_name,text\ndata/0001.wav,\"{text}\"\n"), RAIN),
        ("0001.wav", "a.csv", format!("file_name,caption_1,caption_2\n0001.wav,{text},Rain falls\n"), RAIN),
        (
            "audio/1-A-0.wav",
            "meta/esc50.csv",
            "filename,fold,category\n1-A-0.wav,1,dog\n".into(),
            "table | dog | 0.5 | ",
        ),
        (
            "t/rqfQRErjfk8_170.wav",
            "t.csv",
            format!("audiocap_id,youtube_id,start_time,caption\n9,rqfQRErjfk8,170,{text}\n"),
            RAIN,
        ),
        ("t/Yrqf-RErj.wav", "t.csv", format!("youtube_id,caption\nrqf-RErj,{text}\n"), RAIN),
        ("wavs/1.wav", "data.csv", format!("audio,caption\nwavs/1.wav,{text}\n"), RAIN),
        (
            "07076051.wav",
            "BBC.csv",
            format!("location,description,secs,category\n07076051.wav,{text},1,Rain\n"),
            RAIN,
        ),
        ("1.wav", "export.txt", format!("Filename\tDescription\tCategory\n1.wav\t{text}\tRAIN\n"), RAIN),
        ("1.wav", "x.csv", format!("File Name,Caption\n1.wav,{text}\n"), RAIN),
        ("1.wav", "x.csv", format!("sep=;\r\nfile;caption\r\n1.wav;{text}\r\n"), RAIN),
        ("1.wav", "x.csv", format!("\n\nfile,caption\n1.wav,{text}\n"), RAIN),
        (
            "1.flac",
            "x.csv",
            format!("file,caption\n1.wav,{text}\n"),
            "table | Heavy rain on a tin roof | 0.5 | it is WAV, though called .flac",
        ),
        ("1.wav", "x.csv", format!("file,caption\n/my/other/drive/sfx/1.wav,{text}\n"), RAIN),
        ("1.wav", "x.csv", format!("file,caption\nparent/1.wav,{text}\n"), RAIN),
        ("1.wav", "x.csv", format!("file,caption\nD:\\sfx\\1.wav,{text}\n"), RAIN),
    ]);
    let fault = report(&[("rain.wav", wav(&[])), ("x.csv", b"a,b\n1,2\n".to_vec())]);
    let wanted =
        "skipped: table not understood | it has no column for the file; its columns are \"a\", \"b\"";
    assert_eq!(line(&fault, "x.csv"), wanted);
}

#[test]
fn other_tables_and_texts_of_a_sounds_own_name() {
    let text = TEXT;
    beside(&[
        ("1.wav", "x.tsv", format!("path\tsentence\n1.wav\t{text}\n"), RAIN),
        ("1.wav", "metadata.jsonl", format!("{{\"file_name\": \"1.wav\", \"text\": \"{text}\"}}\n"), RAIN),
        (
            "1.wav",
            "all.json",
            format!("{{\"data\": [{{\"wav\": \"1.wav\", \"caption\": \"{text}\"}}]}}"),
            RAIN,
        ),
        ("1.wav", "metadata.csv", format!("1.wav|{text}\n"), RAIN),
        ("1.wav", "1.txt", format!("{text}\n"), BESIDE),
        ("1.wav", "1.wav.txt", format!("{text}\n"), BESIDE),
        ("1.wav", "1.caption", format!("\u{feff}{text}\r\n"), BESIDE),
        (
            "1.wav",
            "1.json",
            format!("{{\"prompt\": \"x\", \"description\": \"{text}\", \"seconds_total\": 1}}"),
            BESIDE,
        ),
    ]);
}

#[test]
fn captions_as_people_write_them() {
    beside(&[
        (
            "1.wav",
            "x.csv",
            "file;caption\n1.wav;Rain; on a tent;\n".into(),
            "table | Rain; on a tent | 0.5 | ",
        ),
        (
            "1.wav",
            "x.csv",
            "file,caption\n1.wav,Rain, then hail\n".into(),
            "table | Rain, then hail | 0.5 | ",
        ),
        (
            "1.wav",
            "x.csv",
            "file,caption\n1.wav,<p>Rain &amp; <b>hail</b></p>\n".into(),
            "table | Rain & hail | 0.5 | ",
        ),
        (
            "1.wav",
            "x.csv",
            "file,caption,title\n1.wav,NaN,Rain on tin\n".into(),
            "table | Rain on tin | 0.5 | ",
        ),
        (
            "1.wav",
            "x.csv",
            "file,caption\n1.wav,Rain\u{200b} falls\u{202e}\u{7}\n".into(),
            "table | Rain falls | 0.5 | ",
        ),
        ("1.wav", "1.json", "[\"Rain falls\", \"It rains\"]".into(), "text beside it | Rain falls | 0.5 | "),
        (
            "1.wav",
            "all.json",
            "{'1.wav': {'caption': 'Rain falls', 'lufs': NaN},}".into(),
            "table | Rain falls | 0.5 | ",
        ),
        (
            "1.wav",
            "1.txt",
            "rain ".repeat(70),
            &format!(
                "text beside it | {} | 0.5 | its caption has 70 words, of which a model reads the first 62 or so",
                "rain ".repeat(70).trim()
            ),
        ),
    ]);
}

#[test]
fn tables_that_are_broken_or_in_other_encodings_are_read_as_far_as_they_go() {
    let wide = |bytes: fn(u16) -> [u8; 2]| -> Vec<u8> {
        "file,caption\n1.wav,Rain falls\n".encode_utf16().flat_map(bytes).collect()
    };
    for table in [wide(u16::to_le_bytes), wide(u16::to_be_bytes)] {
        assert_eq!(
            line(&report(&[("1.wav", wav(&[])), ("x.csv", table)]), "1.wav"),
            "table | Rain falls | 0.5 | "
        );
    }
    let nothing = report(&[("1.wav", wav(&[])), ("x.csv", b"file,caption\n1.wav,None\n".to_vec())]);
    assert_eq!(line(&nothing, "x.csv, line 2"), "skipped: no words | the row of 1.wav has no caption");
    let bad = b"{\"file\": \"1.wav\", \"text\": \"Rain falls\"}\n{oops\n".to_vec();
    let bad = report(&[("1.wav", wav(&[])), ("x.jsonl", bad)]);
    let said = line(&bad, "x.jsonl");
    assert!(
        said.starts_with("read | 1 of 1 rows are about sounds of the folder; line 2 is no JSON: "),
        "{said}"
    );
}

#[cfg(unix)]
#[test]
fn a_name_in_an_encoding_of_before_has_its_words() {
    use std::os::unix::ffi::OsStrExt;
    let folder = tempfile::tempdir().unwrap();
    let name = std::ffi::OsStr::from_bytes(b"T\xfcr knarrt.wav");
    std::fs::write(folder.path().join(name), wav(&[])).unwrap();
    assert_eq!(line(&scanned(folder.path()), "T\u{fc}r knarrt.wav"), "file name | tür knarrt | 0.5 | ");
}

#[test]
fn every_file_has_a_line() {
    let report = report(&[
        ("rain.wav", wav(&[])),
        ("rain on tent", wav(&[])),
        ("tent.bwf", wav(&[])),
        ("pointer.wav", b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n".to_vec()),
        ("song.wv", b"wvpk\0\0\0\0".to_vec()),
        ("cover.jpg", b"\xff\xd8\xff\xe0".to_vec()),
        ("read me.txt", b"Thank you for buying".to_vec()),
        ("list.xlsx", b"PK\x03\x04".to_vec()),
        ("licence.pdf", b"%PDF-1.4".to_vec()),
        ("thing.dat", vec![3, 200, 1, 7]),
        ("empty.wav", vec![]),
        (".DS_Store", vec![1]),
        ("Thumbs.db", vec![1]),
        ("._rain.wav", vec![0, 5, 0x16, 7]),
    ]);
    for (file, wanted) in [
        ("rain.wav", "file name | rain | 0.5 | "),
        ("rain on tent", "file name | rain on tent | 0.5 | "),
        ("tent.bwf", "file name | tent | 0.5 | "),
        (
            "pointer.wav",
            "skipped: format not read | it is a Git LFS pointer, not the sound; `git lfs pull` gets that",
        ),
        ("song.wv", "skipped: format not read | it is WavPack"),
        ("cover.jpg", "skipped: not a sound | it is a picture"),
        ("list.xlsx", "skipped: table not understood | a spreadsheet; save it as CSV"),
        ("licence.pdf", "skipped: not a sound | it is a PDF document"),
        ("thing.dat", "skipped: not a sound | no kind of file that is known"),
        ("empty.wav", "skipped: format not read | it is an empty file"),
        (".DS_Store", "no line"),
        ("Thumbs.db", "no line"),
        ("._rain.wav", "skipped: hidden | its name begins with a dot"),
    ] {
        assert_eq!(line(&report, file), wanted, "{file}");
    }
    assert!(line(&report, "read me.txt").starts_with("skipped: not a sound | no table either"));
    assert_eq!(report.lines.len(), 12);
}

#[cfg(unix)]
#[test]
fn a_pipe_is_not_waited_for() {
    let folder = tempfile::tempdir().unwrap();
    let made = std::process::Command::new("mkfifo").arg(folder.path().join("rain.wav")).status();
    assert!(made.is_ok_and(|status| status.success()));
    assert_eq!(line(&scanned(folder.path()), "rain.wav"), "skipped: unreadable | not a plain file");
}
