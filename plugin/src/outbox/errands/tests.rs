//! Errands on a desktop that writes down what is asked of it.

use super::*;
use parking_lot::Mutex;
use raw_window_handle::XcbWindowHandle;
use std::time::{Duration, Instant};

#[derive(Default)]
struct Asked {
    calls: Vec<String>,
    ending: Option<Ending>,
}

/// A desktop of our own.
#[derive(Clone, Default)]
struct Fake(Arc<Mutex<Asked>>);

impl Fake {
    fn note(&self, call: &str, files: &Files) {
        let name = files.first().file_name().unwrap().to_string_lossy().into_owned();
        self.0.lock().calls.push(format!("{call} {name}"));
    }

    fn calls(&self) -> Vec<String> {
        std::mem::take(&mut self.0.lock().calls)
    }
}

impl Desktop for Fake {
    fn drag(&mut self, _: RawWindowHandle, files: Files, _: Look) -> Result<(), Failure> {
        self.note("drag", &files);
        Ok(())
    }

    fn ended(&mut self) -> Option<Ending> {
        self.0.lock().ending.take()
    }

    fn cancel(&mut self) {
        self.0.lock().calls.push("cancel".into());
    }

    fn copy(&mut self, files: Files) -> Result<(), Failure> {
        self.note("copy", &files);
        Ok(())
    }

    fn reveal(&mut self, files: Files) -> Result<(), Failure> {
        self.note("reveal", &files);
        Ok(())
    }
}

fn hand(holds_button: bool) -> Hand {
    let window = XcbWindowHandle::new(1.try_into().unwrap());
    Hand { window: Some(window.into()), holds_button }
}

/// An outbox, its desktop, and a folder for files.
fn outbox() -> (Errands, Fake, tempfile::TempDir) {
    let fake = Fake::default();
    (Errands::on(Box::new(fake.clone())), fake, tempfile::tempdir().unwrap())
}

/// Begins an errand whose file takes `delay` to be written.
fn begin(
    outbox: &mut Errands,
    errand: Errand,
    folder: &tempfile::TempDir,
    delay: Duration,
) -> Arc<AtomicBool> {
    let path = folder.path().join("door.wav");
    let was_given_up = Arc::new(AtomicBool::new(false));
    let seen = was_given_up.clone();
    let write = move |given_up: &AtomicBool| {
        std::thread::sleep(delay);
        seen.store(given_up.load(Ordering::Acquire), Ordering::Release);
        std::fs::write(&path, b"x").unwrap();
        Files::new(vec![path])
    };
    outbox.begin(errand, Look::default(), write, || ()).unwrap();
    was_given_up
}

/// Frames until nothing is being written any more.
fn settle(outbox: &mut Errands, hand: Hand) -> Vec<News> {
    let start = Instant::now();
    let mut news = Vec::new();
    while !outbox.writing.is_empty() {
        news.extend(outbox.follow(hand));
        assert!(start.elapsed() < Duration::from_secs(20));
        std::thread::sleep(Duration::from_millis(2));
    }
    news
}

#[test]
fn drag_out_begins_when_the_file_is_complete_and_the_button_still_down() {
    let (mut outbox, fake, folder) = outbox();
    begin(&mut outbox, Errand::Drag, &folder, Duration::from_millis(30));
    assert!(outbox.is_dragging());
    assert!(outbox.follow(hand(true)).is_empty());
    assert_eq!(fake.calls(), ["cancel"], "a drag before is over");
    assert!(settle(&mut outbox, hand(true)).is_empty());
    assert_eq!(fake.calls(), ["drag door.wav"]);
    assert!(outbox.is_dragging());
    fake.0.lock().ending = Some(Ending::Dropped);
    assert_eq!(outbox.follow(hand(false)), [News::Dragged(Ending::Dropped)]);
    assert!(!outbox.is_busy());
}

#[test]
fn drag_out_does_not_begin_if_the_button_was_released_meanwhile() {
    let (mut outbox, fake, folder) = outbox();
    begin(&mut outbox, Errand::Drag, &folder, Duration::from_millis(5));
    assert!(settle(&mut outbox, hand(false)).is_empty());
    assert_eq!(fake.calls(), ["cancel"]);
    assert!(!outbox.is_busy());
    assert!(folder.path().join("door.wav").is_file(), "the file stays");
}

#[test]
fn drag_out_copies_shows_and_inserts_without_the_button() {
    let (mut outbox, fake, folder) = outbox();
    for (errand, call) in [(Errand::Copy, Some("copy door.wav")), (Errand::Reveal, Some("reveal door.wav"))] {
        begin(&mut outbox, errand, &folder, Duration::ZERO);
        let news = settle(&mut outbox, hand(false));
        assert_eq!(fake.calls(), Vec::from_iter(call));
        assert!(matches!(&news[..], [News::Copied(_) | News::Revealed]), "{news:?}");
    }
    begin(&mut outbox, Errand::Insert(Place::TimeSelection), &folder, Duration::ZERO);
    let news = settle(&mut outbox, hand(false));
    assert!(matches!(&news[..], [News::ToInsert(_, Place::TimeSelection)]), "{news:?}");
}

#[test]
fn drag_out_tells_why_nothing_could_be_written() {
    let (mut outbox, _, _folder) = outbox();
    let full = || Failure::new(ErrorKind::Io, "The disk is full");
    outbox.begin(Errand::Copy, Look::default(), move |_| Err(full()), || ()).unwrap();
    assert_eq!(settle(&mut outbox, hand(false)), [News::Failed(full())]);
    // One that falls over is told, too.
    outbox.begin(Errand::Copy, Look::default(), |_| panic!("meant"), || ()).unwrap();
    assert!(matches!(&settle(&mut outbox, hand(false))[..], [News::Failed(_)]));
}

#[test]
fn drag_out_a_window_that_closes_waits_for_its_threads() {
    let (mut outbox, fake, folder) = outbox();
    let given_up = begin(&mut outbox, Errand::Copy, &folder, Duration::from_millis(50));
    outbox.window_closes();
    assert!(given_up.load(Ordering::Acquire), "the thread has ended and was told");
    assert_eq!(fake.calls(), ["cancel"]);
    assert!(!outbox.is_busy());
}
