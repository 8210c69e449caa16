//! One function for each kind of input. None returns anything: how it ends is what is looked at.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};
use straightshot_engine::config::ModelConfig;
use straightshot_protocol::Request;
use straightshot_sound::files;
use straightshot_takes::{
    Categories, Category, Library, Session, SessionStore, Take, TakeId, TakesFolder, document,
};
use straightshot_training::library;

/// The session of a project, from text to what is saved again.
pub(crate) fn document(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let Ok(session) = serde_json::from_str::<Session>(&document::readable(&text)) else { return };
    let _ = document::with_references(&session);
    let store = SessionStore::default();
    store.replace(session);
    // The host saves at once, before anything was read or repaired.
    let saved = serde_json::to_string(&store.snapshot()).expect("every session can be saved");
    serde_json::from_str::<Session>(&saved).expect("what is saved can be loaded");
}

/// Neither knows nor proposes anything.
struct NoCategories;

impl Categories for NoCategories {
    fn propose(&self, _prompt: &str) -> Option<Category> {
        None
    }

    fn named(&self, _id: &str) -> Option<Category> {
        None
    }
}

/// The two files in which the library keeps what it knows of a folder: as they are, and each line with a checksum that
/// fits, or everything would be thrown away unread.
pub(crate) fn index(bytes: &[u8]) {
    let folder = tempfile::tempdir().expect("there is room");
    let mut lines = bytes.to_vec();
    for value in bytes.split(|byte| *byte == b'\n') {
        // FNV-1a, as the index has it.
        let check = value.iter().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
        });
        lines.extend(format!("\n{{\"check\":\"{check:016x}\",\"value\":").into_bytes());
        lines.extend(value);
        lines.extend(b"}\n");
    }
    for name in ["library.jsonl", "marks.jsonl"] {
        std::fs::write(folder.path().join(name), &lines).expect("there is room");
    }
    std::fs::write(folder.path().join("take.flac"), b"no sound").expect("there is room");
    let takes = Arc::new(TakesFolder::new(folder.path()));
    let library = Library::new(takes, None, Box::new(NoCategories));
    library.enter();
    library.look();
    let begun = Instant::now();
    while library.shelf().revision == 0 && begun.elapsed() < Duration::from_secs(5) {
        std::thread::sleep(Duration::from_millis(1));
    }
    assert!(library.shelf().revision > 0, "the library has not looked");
    library.leave();
}

/// A sound file by each of the names that say what it is.
pub(crate) fn sound(bytes: &[u8]) {
    let folder = tempfile::tempdir().expect("there is room");
    let extension = match bytes {
        [b'f', b'L', b'a', b'C', ..] => "flac",
        [b'O', b'g', b'g', b'S', ..] => "ogg",
        _ => "wav",
    };
    let path = folder.path().join(format!("a.{extension}"));
    std::fs::write(&path, bytes).expect("there is room");
    if let Ok(audio) = files::read_beginning(&path, 2.0) {
        // No more than was asked for; what is no number is found out by a take.
        assert!(audio.frames() <= 2 * audio.sample_rate_hz() as usize + 100_000, "{} frames", audio.frames());
        if let Ok(take) = Take::new(TakeId(1), Request::default(), &audio) {
            assert!(take.damage.is_none());
        }
    }
}

/// The metadata of a sound that is fine otherwise: text in a chunk `iXML`.
pub(crate) fn ixml(bytes: &[u8]) {
    let folder = tempfile::tempdir().expect("there is room");
    std::fs::write(folder.path().join("a door.wav"), wav_with(b"iXML", bytes)).expect("there is room");
    std::fs::write(folder.path().join("a gate.wav"), wav_with(b"bext", bytes)).expect("there is room");
    scan(folder.path());
}

/// A table of captions beside a sound.
pub(crate) fn table(bytes: &[u8]) {
    let folder = tempfile::tempdir().expect("there is room");
    std::fs::write(folder.path().join("a.wav"), wav_with(b"junk", b"")).expect("there is room");
    std::fs::write(folder.path().join("captions.csv"), bytes).expect("there is room");
    scan(folder.path());
}

fn scan(folder: &Path) {
    let mut report = library::Report::default();
    if library::scan(folder, &mut report).is_ok() {
        report.write(&folder.join("report.csv")).expect("a report can be written");
    }
}

/// A tenth of a second of sound with a chunk before it.
fn wav_with(kind: &[u8; 4], chunk: &[u8]) -> Vec<u8> {
    let size = |bytes: usize| u32::try_from(bytes).unwrap_or(u32::MAX).to_le_bytes();
    let samples: Vec<u8> = (0..4410_i16).flat_map(|n| (n.wrapping_mul(7)).to_le_bytes()).collect();
    let mut body = b"WAVEfmt ".to_vec();
    body.extend(size(16));
    body.extend([1, 0, 1, 0]);
    body.extend(44_100_u32.to_le_bytes());
    body.extend(88_200_u32.to_le_bytes());
    body.extend([2, 0, 16, 0]);
    for (name, content) in [(kind, chunk), (b"data", samples.as_slice())] {
        body.extend(name);
        body.extend(size(content.len()));
        body.extend(content);
        body.extend(vec![0; content.len() % 2]);
    }
    [b"RIFF".to_vec(), size(body.len()).to_vec(), body].concat()
}

/// A weight file.
pub(crate) fn weights(bytes: &[u8]) {
    // What comes of it is an error in words, or tensors.
    let _ = straightshot_engine::weights::unpack(bytes);
}

/// A model's config.json.
pub(crate) fn config(bytes: &[u8]) {
    if let Ok(config) = ModelConfig::from_json(bytes) {
        config.validate().expect("what is read was checked");
    }
}
