//! What a project file may hold, good and bad.

mod history;
mod keeping;
mod lane;
mod queueing;
mod versions;

use super::*;
use serde_json::{Value, json};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use straightshot_protocol::{Audio, ContentHash, ModelId, Request};

/// Longer than anything takes here.
const LONG: Duration = Duration::from_secs(60);

fn request(prompt: &str) -> Request {
    let model = ModelId::named("m");
    Request {
        model,
        prompt: prompt.to_owned(),
        guidance: 3.3,
        seconds: 1.234_567_890_123,
        ..Request::default()
    }
}

fn take(id: u64, samples: Vec<f32>) -> Take {
    Take::new(TakeId(id), request("a door"), &Audio::mono(44_100, samples)).expect("it is a sound")
}

/// Samples that 24 bits hold exactly.
fn rounded(samples: &[f32]) -> Vec<f32> {
    samples.iter().map(|sample| (sample * 8_388_608.0).round() / 8_388_608.0).collect()
}

/// A session whose sounds are in memory.
fn heard(text: &str) -> Arc<SessionStore> {
    let store = Arc::new(SessionStore::default());
    store.replace(read(text));
    let keeper = Keeper::new(store.clone(), None);
    assert!(keeper.wait_until_idle(LONG));
    store
}

/// The audio of a take as document version 1 has it.
fn version_1(samples: &[f32]) -> String {
    use base64::Engine as _;
    use std::io::Write as _;
    let mut encoder = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::fast());
    for sample in samples {
        encoder.write_all(&sample.to_le_bytes()).unwrap();
    }
    base64::engine::general_purpose::STANDARD.encode(encoder.finish().unwrap())
}

fn noise(length: usize) -> Vec<f32> {
    let mut state = 1_u32;
    (0..length)
        .map(|_| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            f32::from_bits(0x3f80_0000 | state >> 9) - 1.5
        })
        .collect()
}

fn read(text: &str) -> Session {
    serde_json::from_str(text).expect("reading a session never fails on JSON")
}

fn write(session: &Session) -> String {
    serde_json::to_string(session).expect("a session can be written")
}

fn full_session() -> Session {
    let mut session = Session { prompt: "Glass \"breaks\" ünder 🦶".to_owned(), ..Session::default() };
    session.seed_locked = true;
    session.model = ModelChoice::in_folder(PathBuf::from("models/other"));
    session.add_take(Arc::new(take(1, noise(1000))));
    session.add_take(Arc::new(take(5, noise(77))));
    session.select(TakeId(1));
    session.rename(TakeId(5), "second");
    session.set_starred(TakeId(5), true);
    session.add_take(Arc::new(take(6, noise(5))));
    session.delete(TakeId(6));
    session.select(TakeId(1));
    session.begin(request("rain"));
    session
}

#[test]
fn a_session_survives_the_round_trip_byte_for_byte() {
    let written = write(&full_session());
    let restored = read(&written);
    assert_eq!(write(&restored), written, "before the sounds are read");
    assert!(restored.damage().is_empty(), "{:?}", restored.damage());
    let restored = heard(&written);
    let restored = restored.lock();
    assert_eq!(write(&restored), written, "and after");
    assert_eq!(restored.active().map(|take| take.id), Some(TakeId(1)));
    assert_eq!(restored.active().map(|take| take.audio().left().to_vec()), Some(rounded(&noise(1000))));
    assert_eq!(restored.takes()[1].name, "second");
    assert!(restored.takes()[1].starred && !restored.takes()[0].starred);
    assert_eq!(restored.bin().len(), 1);
    let [job] = restored.jobs() else { panic!("{:?}", restored.jobs()) };
    assert_eq!((&job.request, job.pieces.len()), (&request("rain"), 1));
}

#[test]
fn a_model_is_remembered_by_its_content_and_by_its_folder() {
    let mut session = full_session();
    assert_eq!(read(&write(&session)).model, session.model, "only the folder is known");
    let id = ModelId::new(ContentHash::of([b"m".as_slice()]), "mine");
    session.model = ModelChoice { id, follows_folder: false, ..session.model };
    let written = write(&session);
    assert_eq!(read(&written).model, session.model);
    assert_eq!(write(&read(&written)), written);
    // What came before ids still finds the folder.
    let document: Value = serde_json::from_str(&written).unwrap();
    assert_eq!(document["model_dir"], "models/other");
}

#[test]
fn the_document_has_the_fields_of_version_3() {
    let document: Value = serde_json::from_str(&write(&full_session())).unwrap();
    let mut keys: Vec<_> = document.as_object().unwrap().keys().map(String::as_str).collect();
    keys.sort_unstable();
    let expected = [
        "active_take",
        "bin",
        "check",
        "model_dir",
        "negative_prompt",
        "pending",
        "prompt",
        "seed_locked",
        "takes",
        "version",
    ];
    assert_eq!(keys, expected);
    assert_eq!(document["version"], 3);
    assert_eq!(document["takes"][0]["request"]["seconds"], 1.234_567_890_123);
    let sound = &document["takes"][0]["sound"];
    assert_eq!(
        (&sound["sample_rate_hz"], &sound["channels"], &sound["frames"]),
        (&json!(44_100), &json!(1), &json!(1000))
    );
    assert_eq!(sound["hash"].as_str().map(str::len), Some(64));
}

/// A project as document version 1 was, with two takes.
fn old_project(first: &str, second: &str) -> String {
    let request = r#"{"prompt":"rain","negative_prompt":"","steps":4,"guidance":3.0,"seed":1,"seconds":2.0}"#;
    let take = |id: u8, audio: &str| {
        format!(
            r#"{{"id":{id},"name":"rain {id}","request":{request},"sample_rate_hz":48000,"model":"m","audio":"{audio}"}}"#
        )
    };
    format!(
        r#"{{"version":1,"prompt":"rain","negative_prompt":"","seed_locked":true,"model_dir":null,"active_take":1,"takes":[{},{}],"pending":null}}"#,
        take(1, first),
        take(2, second)
    )
}

#[test]
fn a_project_of_version_1_opens_with_all_of_its_takes_and_is_saved_in_this_version() {
    let loud: Vec<f32> = noise(500).iter().map(|sample| sample * 7.0).collect();
    let old = old_project(&version_1(&noise(1000)), &version_1(&loud));
    let untouched: Value = serde_json::from_str(&write(&read(&old))).unwrap();
    assert_eq!(
        untouched["takes"][0]["audio"],
        version_1(&noise(1000)),
        "a host that saves at once loses nothing"
    );
    let session = heard(&old);
    let session = session.lock();
    assert!(session.damage().is_empty() && session.draft_first, "{:?}", session.damage());
    let [first, second] = session.takes() else { panic!("two takes") };
    assert_eq!(first.audio().left(), rounded(&noise(1000)));
    for (before, after) in loud.iter().zip(second.audio().left()) {
        assert!((before - after).abs() < 4.0 / 8_388_608.0, "{before} became {after}");
    }
    assert_eq!((first.request.model.name.as_str(), first.audio().sample_rate_hz()), ("m", 48_000));
    assert_eq!(session.active().map(|take| take.id), Some(TakeId(1)));
    let written = write(&session);
    assert!(!written.contains("\"audio\""));
    assert_eq!(write(&heard(&written).lock()), written);
}

#[test]
fn restoring_a_project_of_version_1_again_makes_no_second_takes() {
    let old = old_project(&version_1(&noise(1000)), &version_1(&noise(300)));
    let store = heard(&old);
    store.replace(read(&old));
    let keeper = Keeper::new(store.clone(), None);
    assert!(keeper.wait_until_idle(LONG));
    let session = store.lock();
    assert_eq!((session.takes().len(), session.bin().len()), (2, 0));
}

#[test]
fn audio_that_another_program_wrote_is_read() {
    // python3: import zlib, base64, struct
    // c = zlib.compressobj(9, zlib.DEFLATED, -15)
    // base64.b64encode(c.compress(struct.pack('<4f', 0.0, 0.5, -0.5, 0.25)) + c.flush())
    let encoded = "Y2AAA3sg3s/A0GAHAA==";
    let document =
        json!({ "version": 1, "takes": [{ "id": 3, "sample_rate_hz": 48_000, "audio": encoded }] });
    let session = heard(&document.to_string());
    assert_eq!(session.lock().takes()[0].audio().left(), [0.0, 0.5, -0.5, 0.25]);
    assert_eq!(session.lock().takes()[0].audio().sample_rate_hz(), 48_000);
}

#[test]
fn a_newer_version_keeps_what_this_one_does_not_know() {
    let mut document: Value = serde_json::from_str(&write(&full_session())).unwrap();
    document["version"] = json!(7);
    document["mixer"] = json!({ "pan": 0.25 });
    document["takes"][0]["colour"] = json!("red");
    let session = read(&document.to_string());
    assert_eq!(session.takes().len(), 2);
    assert!(session.damage()[0].contains("newer version"));
    let written: Value = serde_json::from_str(&write(&session)).unwrap();
    assert_eq!(written["version"], 7);
    assert_eq!(written["mixer"], document["mixer"]);
    assert_eq!(written["takes"][0]["colour"], "red");
}

#[test]
fn a_damaged_sound_is_silent_and_stays_what_it_was_in_the_project() {
    let old = version_1(&noise(50_000));
    let whole: Value = serde_json::from_str(&write(&full_session())).unwrap();
    let flac = whole["takes"][0]["sound"]["flac"].as_str().unwrap().to_owned();
    let cases = |text: &str| {
        let at = text.len() / 2;
        let other = if &text[at..=at] == "A" { "B" } else { "A" };
        [
            &text[..at],
            &format!("{}!{}", &text[..at], &text[at + 1..]),
            &format!("{}{other}{}", &text[..at], &text[at + 1..]),
            "",
            "****",
            "AAAA",
        ]
        .map(str::to_owned)
    };
    let documents = cases(&flac).into_iter().map(|text| {
        let mut document = whole.clone();
        document["takes"][0]["sound"]["flac"] = json!(text);
        document
    });
    // Version 1 had no checksum: one wrong letter may be one wrong sample, and nothing tells.
    let old_cases = cases(&old).into_iter().enumerate().filter(|(index, _)| *index != 2);
    let old_documents = old_cases.map(|(_, text)| serde_json::from_str(&old_project(&text, &old)).unwrap());
    for document in documents.chain(old_documents) {
        let store = heard(&document.to_string());
        let session = store.lock();
        let [damaged, sound] = session.takes() else { panic!("both takes are there") };
        assert!(damaged.damage.is_some() && damaged.audio().is_empty(), "{document}");
        assert!(damaged.request.prompt == "a door" || damaged.request.prompt == "rain");
        assert!(sound.damage.is_none() && !sound.audio().is_empty());
        let written: Value = serde_json::from_str(&write(&session)).unwrap();
        let texts = |document: &Value| {
            [document["takes"][0]["sound"]["flac"].clone(), document["takes"][0]["audio"].clone()]
        };
        assert_eq!(texts(&written), texts(&document), "whoever can mend it finds it as it was");
    }
}

#[test]
fn what_is_no_sound_is_damage() {
    for samples in [vec![0.5, f32::NAN, 0.25], vec![1e30; 100], vec![0.5, f32::INFINITY]] {
        let session = heard(&json!({ "takes": [{ "id": 1, "audio": version_1(&samples) }] }).to_string());
        let session = session.lock();
        assert!(session.takes()[0].damage.is_some() && session.takes()[0].audio().is_empty());
    }
}

#[test]
fn a_document_that_was_changed_says_so_and_one_that_was_only_written_anew_does_not() {
    let written = write(&full_session());
    let anew = serde_json::to_string_pretty(&serde_json::from_str::<Value>(&written).unwrap()).unwrap();
    assert!(read(&anew).damage().is_empty());
    let changed = written.replace("second", "Second");
    assert!(changed != written && read(&changed).damage()[0].contains("damaged"));
    assert_eq!(read(&changed).takes().len(), 2, "what can be read is kept");
}

#[test]
fn fields_of_the_wrong_type_are_left_out_and_reported() {
    let session = read(
        r#"{"version":"x","prompt":7,"seed_locked":"yes","active_take":[],"takes":[1,{"id":"a"},{"id":2,"audio":"AAAA"},
            {"id":2,"audio":"BBBB"},{"id":[],"request":{}},null],"pending":{"prompt":3}}"#,
    );
    assert_eq!(session.prompt, "");
    let ids: Vec<_> = session.takes().iter().map(|take| take.id.0).collect();
    assert_eq!(ids, [2, 3, 4], "a take without a number of its own gets one");
    assert!(session.jobs().is_empty());
    assert!(session.damage().iter().any(|text| text.contains("\"prompt\"")));
    assert!(session.damage().iter().any(|text| text.contains("3 saved takes")));
    for text in ["null", "[]", "\"text\"", "12", "{}"] {
        assert!(read(text).takes().is_empty());
    }
}

#[test]
fn mutilated_documents_never_panic() {
    let original = write(&full_session());
    let mut state = 7_u64;
    let mut random = move |limit: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        usize::try_from(state % limit as u64).unwrap()
    };
    let mut readable = 0;
    for _ in 0..2000 {
        let mut bytes = original.clone().into_bytes();
        for _ in 0..=random(4) {
            if bytes.is_empty() {
                break;
            }
            let at = random(bytes.len());
            match random(3) {
                0 => bytes[at] = u8::try_from(32 + random(95)).unwrap(),
                1 => drop(bytes.drain(at..(at + random(40)).min(bytes.len()))),
                _ => bytes.truncate(at.max(1)),
            }
        }
        if let Ok(session) = serde_json::from_slice::<Session>(&bytes) {
            readable += 1;
            let written = write(&session);
            assert_eq!(write(&read(&written)), written);
        }
    }
    assert!(readable > 100, "the test must also reach documents that are still JSON, {readable} were");
}

#[test]
fn text_that_is_no_json_is_reported() {
    let session = read(&document::readable("{\"version\":1,"));
    assert_eq!(session.damage().len(), 1);
}

#[test]
fn neither_the_list_nor_the_bin_forgets() {
    let mut session = Session::default();
    for id in 1..=68 {
        session.add_take(Arc::new(take(id, noise(4))));
    }
    for id in 1..=34 {
        assert!(session.delete(TakeId(id)));
    }
    assert_eq!((session.takes().len(), session.bin().len()), (34, 34));
    let restored = read(&write(&session));
    assert_eq!((restored.takes().len(), restored.bin().len()), (34, 34));
    assert_eq!(restored.next_take_id(), TakeId(69));
}

#[test]
fn a_deleted_take_comes_back_to_its_place() {
    let mut session = Session::default();
    for id in 1..=3 {
        session.add_take(Arc::new(take(id, noise(4))));
    }
    session.select(TakeId(2));
    assert!(session.delete(TakeId(2)));
    assert_eq!(session.active().map(|take| take.id), Some(TakeId(3)));
    assert!(!session.delete(TakeId(2)));
    assert!(session.restore(TakeId(2)));
    let ids: Vec<_> = session.takes().iter().map(|take| take.id.0).collect();
    assert_eq!(ids, [1, 2, 3]);
    assert_eq!(session.active().map(|take| take.id), Some(TakeId(2)));
    assert!(session.bin().is_empty());
}

#[test]
fn restoring_another_session_keeps_the_old_takes_in_the_bin() {
    let store = Arc::new(SessionStore::default());
    store.lock().add_take(Arc::new(take(1, vec![0.1; 8])));
    store.lock().add_take(Arc::new(take(2, vec![0.2; 8])));
    let saved = write(&store.lock());
    store.lock().add_take(Arc::new(take(3, vec![0.3; 8])));
    store.replace(read(&saved));
    let session = store.lock();
    assert_eq!(session.takes().len(), 2);
    assert_eq!(session.bin().len(), 1, "only the take that the restored session lacks");
    assert_eq!(session.bin()[0].audio().left(), rounded(&[0.3; 8]));
    assert_eq!(session.next_take_id(), TakeId(4));
}

#[test]
fn peaks_cover_short_and_long_takes() {
    let short = take(1, vec![0.5, -0.25]);
    assert_eq!(short.peaks().len(), PEAK_COLUMNS);
    assert_eq!(short.peaks()[0], Peak { min: 0.5, max: 0.5 });
    assert_eq!(short.peaks()[PEAK_COLUMNS - 1], Peak { min: -0.25, max: -0.25 });
    let long = take(2, noise(100_000));
    let overall = long.audio().left().iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let shown = long.peaks().iter().map(|peak| peak.max).fold(f32::NEG_INFINITY, f32::max);
    assert_eq!(shown.to_bits(), overall.to_bits());
}
