//! What a project file may hold, good and bad.

use super::*;
use serde_json::json;
use std::path::PathBuf;
use straightshot_protocol::{Audio, ContentHash, ModelId};

fn request(prompt: &str) -> Request {
    Request { prompt: prompt.to_owned(), guidance: 3.3, seconds: 1.234_567_890_123, ..Request::default() }
}

fn take(id: u64, samples: Vec<f32>) -> Take {
    Take::new(TakeId(id), request("a door"), Audio::mono(44_100, samples))
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
    session.pending = Some(request("rain"));
    session
}

#[test]
fn a_session_survives_the_round_trip_byte_for_byte() {
    let written = write(&full_session());
    let restored = read(&written);
    assert_eq!(write(&restored), written);
    assert!(restored.damage().is_empty(), "{:?}", restored.damage());
    assert_eq!(restored.active().map(|take| take.id), Some(TakeId(1)));
    assert_eq!(restored.active().map(|take| take.audio().left().to_vec()), Some(noise(1000)));
    assert_eq!(restored.takes()[1].name, "second");
    assert_eq!(restored.pending, Some(request("rain")));
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
fn the_document_has_the_fields_of_version_1() {
    let document: Value = serde_json::from_str(&write(&full_session())).unwrap();
    let mut keys: Vec<_> = document.as_object().unwrap().keys().map(String::as_str).collect();
    keys.sort_unstable();
    let expected = [
        "active_take",
        "model_dir",
        "negative_prompt",
        "pending",
        "prompt",
        "seed_locked",
        "takes",
        "version",
    ];
    assert_eq!(keys, expected);
    assert_eq!(document["version"], 1);
    assert_eq!(document["takes"][0]["request"]["seconds"], 1.234_567_890_123);
    assert_eq!(document["takes"][0]["sample_rate_hz"], 44_100);
}

/// A project as the version before drafts wrote it.
#[test]
fn a_project_from_before_there_were_drafts_is_written_back_byte_for_byte() {
    let audio = take(1, noise(10)).encoded().to_owned();
    let old = format!(
        r#"{{"version":1,"prompt":"rain","negative_prompt":"","seed_locked":true,"model_dir":null,"active_take":1,"takes":[{{"id":1,"name":"rain","request":{{"prompt":"rain","negative_prompt":"","steps":4,"guidance":3.0,"seed":1,"seconds":2.0}},"sample_rate_hz":44100,"model":"m","audio":"{audio}"}}],"pending":null}}"#
    );
    let session = read(&old);
    assert!(session.draft_first && session.pending_take.is_none());
    assert_eq!(session.takes()[0].step_counts(), [4]);
    assert_eq!(write(&session), old);
}

#[test]
fn the_switch_for_drafts_and_the_take_that_is_refined_are_kept() {
    let mut session = full_session();
    session.pending = Some(Request { steps: 8, ..request("a door") });
    session.pending_take = Some(TakeId(5));
    session.draft_first = false;
    let written = write(&session);
    let restored = read(&written);
    assert_eq!((restored.pending_take, restored.draft_first), (Some(TakeId(5)), false));
    assert_eq!(write(&restored), written);
    assert!(restored.damage().is_empty(), "{:?}", restored.damage());
}

#[test]
fn a_job_refines_nothing_but_its_own_whole_take() {
    let pending = Request { steps: 8, ..request("a door") };
    let whole = take(1, noise(10)).encoded().to_owned();
    let document = |audio: &str, pending: &Value| {
        json!({ "takes": [{ "id": 1, "request": request("a door"), "sample_rate_hz": 44_100, "audio": audio }],
                "pending": pending, "pending_take": 1 })
        .to_string()
    };
    let refined = |text: &str| read(text).pending_take;
    assert_eq!(refined(&document(&whole, &json!(pending))), Some(TakeId(1)));
    assert_eq!(refined(&document("????", &json!(pending))), None, "a damaged take is not replaced");
    assert_eq!(refined(&document(&whole, &json!(request("rain")))), None, "it is another sound");
    assert_eq!(refined(&document(&whole, &Value::Null)), None, "nothing is being made");
}

#[test]
fn audio_that_another_program_wrote_is_read() {
    // python3: import zlib, base64, struct
    // c = zlib.compressobj(9, zlib.DEFLATED, -15)
    // base64.b64encode(c.compress(struct.pack('<4f', 0.0, 0.5, -0.5, 1.0)) + c.flush())
    let encoded = "Y2AAA3sg3s/A0GAPAA==";
    let document =
        json!({ "version": 1, "takes": [{ "id": 3, "sample_rate_hz": 48_000, "audio": encoded }] });
    let session = read(&document.to_string());
    assert_eq!(session.takes()[0].audio().left(), [0.0, 0.5, -0.5, 1.0]);
    assert_eq!(session.takes()[0].audio().sample_rate_hz(), 48_000);
}

#[test]
fn a_newer_version_keeps_what_this_one_does_not_know() {
    let document = json!({ "version": 7, "prompt": "hail", "mixer": { "pan": 0.25 }, "takes": [
        { "id": 1, "name": "one", "request": request("hail"), "sample_rate_hz": 44_100, "model": "m",
          "audio": take(1, noise(10)).encoded(), "colour": "red" }] });
    let session = read(&document.to_string());
    assert_eq!(session.prompt, "hail");
    assert_eq!(session.takes()[0].audio().left().len(), 10);
    assert!(session.damage()[0].contains("newer version"));
    let written: Value = serde_json::from_str(&write(&session)).unwrap();
    assert_eq!(written["version"], 7);
    assert_eq!(written["mixer"], document["mixer"]);
    assert_eq!(written["takes"][0]["colour"], "red");
}

#[test]
fn damaged_audio_keeps_the_take_its_settings_and_its_beginning() {
    let samples = noise(50_000);
    let whole = take(1, samples.clone());
    let cut = &whole.encoded()[..whole.encoded().len() / 2];
    let broken = format!("{}!{}", &whole.encoded()[..1000], &whole.encoded()[1001..]);
    for audio in [cut, broken.as_str(), "", "****", "AAAA"] {
        let document = json!({ "version": 1, "takes": [
            { "id": 1, "request": request("a door"), "sample_rate_hz": 44_100, "audio": audio }] });
        let session = read(&document.to_string());
        let restored = &session.takes()[0];
        assert_eq!(restored.request, request("a door"));
        assert!(restored.damage.is_some(), "no remark for {audio:.10}");
        assert_eq!(session.damage().len(), 1);
        let readable = restored.audio().left().len();
        assert!(readable < samples.len());
        assert_eq!(restored.audio().left(), &samples[..readable]);
        let written: Value = serde_json::from_str(&write(&session)).unwrap();
        assert_eq!(written["takes"][0]["audio"], audio, "unreadable audio is saved as it was");
    }
    let half = read(&json!({ "takes": [{ "id": 1, "audio": cut }] }).to_string());
    assert!(half.takes()[0].audio().left().len() > samples.len() / 3, "the readable half is kept");
}

#[test]
fn numbers_that_are_none_become_silence() {
    let session = read(
        &json!({ "takes": [{ "id": 1, "audio": take(1, vec![0.5, f32::NAN, 0.25]).encoded() }] }).to_string(),
    );
    assert_eq!(session.takes()[0].audio().left(), [0.5, 0.0, 0.25]);
    assert!(session.takes()[0].damage.is_some());
}

#[test]
fn fields_of_the_wrong_type_are_left_out_and_reported() {
    let session = read(
        r#"{"version":"x","prompt":7,"seed_locked":"yes","active_take":[],"takes":[1,{"id":"a"},{"id":2,"audio":"AAAA"},
            {"id":2}],"pending":{"prompt":3}}"#,
    );
    assert_eq!(session.prompt, "");
    assert_eq!(session.takes().len(), 1);
    assert_eq!(session.pending, None);
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
fn a_full_list_sends_its_oldest_take_to_the_bin() {
    let mut session = Session::default();
    for id in 1..=MAX_TAKES as u64 {
        assert!(session.add_take(Arc::new(take(id, noise(4)))).is_none());
    }
    let evicted = session.add_take(Arc::new(take(100, noise(4))));
    assert_eq!(evicted.map(|take| take.id), Some(TakeId(1)));
    assert_eq!(session.takes().len(), MAX_TAKES);
    assert_eq!(session.bin()[0].id, TakeId(1));
    assert_eq!(session.next_take_id(), TakeId(101));
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
    assert_eq!(session.bin()[0].audio().left(), [0.3; 8]);
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
    assert!(take(3, Vec::new()).peaks().is_empty());
}
