//! Takes and sounds of the library through the whole outbox, into files.

use super::*;
use crate::categories::Ucs;
use std::path::Path;
use straightshot_protocol::{Audio, Request};
use straightshot_takes::{Library, LibrarySound, SessionStore, Take, TakeId, TakesFolder};

const LONG: Duration = Duration::from_secs(60);

fn take(prompt: &str) -> Arc<Take> {
    let request = Request { prompt: prompt.into(), seed: 7, ..Request::default() };
    let tone: Vec<f32> = (0..4_410).map(|i| 0.5 * (i as f32 * 0.1).sin()).collect();
    Arc::new(Take::new(TakeId(3), request, &Audio::mono(44_100, tone)).unwrap())
}

fn outbox() -> Outbox {
    Outbox::new(Arc::default(), Arc::new(Keeper::new(Arc::default(), None)))
}

fn told() -> (Teller, Receiver<Report>) {
    let (sender, reports) = unbounded();
    (Box::new(move |report| drop(sender.send(report.clone()))), reports)
}

/// What comes of an order.
fn ended(order: impl FnOnce(Teller)) -> Report {
    let (tell, reports) = told();
    order(tell);
    reports.recv_timeout(LONG).unwrap()
}

fn frames_of(file: &Path) -> u32 {
    hound::WavReader::open(file).unwrap().duration()
}

/// A sound of a library in `place` that was named and filed by the user.
fn library_sound(place: &Path) -> Arc<LibrarySound> {
    let folder = Arc::new(TakesFolder::new(place));
    let store = Arc::new(SessionStore::default());
    store.lock().add_take(take("glass breaks"));
    assert!(Keeper::new(store, Some(folder.clone())).wait_until_idle(LONG));
    let library = Library::new(folder, None, Box::new(Ucs));
    library.look();
    assert!(library.wait_until_idle(LONG));
    let sound = library.shelf().sounds.first().cloned().unwrap();
    let marks = straightshot_takes::Marks {
        name: Some("The vase".into()),
        category: Some("DOORDungn".into()),
        ..Default::default()
    };
    library.mark(vec![(sound.hash(), marks)]);
    assert!(library.wait_until_idle(LONG));
    library.shelf().sounds.first().cloned().unwrap()
}

/// One test, because the settings are the process's.
#[test]
fn bwf_sounds_go_out_named_and_a_failure_loses_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let outbox = outbox();
    let settings = Settings { folder: Some(folder.path().join("out")), ..Settings::default() };
    settings::replace(settings.clone());
    saved(&outbox, folder.path());
    handed_over(&outbox, folder.path());

    let (dog, rain) = (take("dog barking"), take("rain on a tent"));
    let report = ended(|tell| outbox.export(vec![dog.clone().into(), rain.into()], tell));
    assert!(!report.failed && report.text.contains("2 sounds"), "{report:?}");
    assert_eq!(std::fs::read_dir(&report.paths[0]).unwrap().count(), 4);

    // A folder that cannot be: the user reads why, the take is as it was.
    std::fs::write(folder.path().join("file"), b"x").unwrap();
    settings::replace(Settings { folder: Some(folder.path().join("file")), ..settings });
    let report = ended(|tell| outbox.save(vec![dog.clone().into()], tell));
    assert!(report.failed && report.text.contains("file") && report.paths.is_empty(), "{report:?}");

    outbox.shutdown();
    let (tell, reports) = told();
    outbox.save(vec![dog.into()], tell);
    assert!(reports.recv().is_err(), "nobody works any more");
}

/// Files for the user to keep.
fn saved(outbox: &Outbox, folder: &Path) {
    let file = folder.join("out/ANMLDog_Dog Barking_Straightshot_NONE_T03-S7.wav");
    let save = |piece: Piece, target| {
        let report = ended(|tell| outbox.inner.send(Task::Save(vec![piece], target), tell));
        assert!(!report.failed, "{report:?}");
        report
    };
    let report = save(take("dog barking").into(), Target::Usual);
    assert_eq!(report.paths, std::slice::from_ref(&file));
    let reader = hound::WavReader::open(&file).unwrap();
    assert_eq!((reader.duration(), reader.spec().bits_per_sample), (4_410, 24));

    // The same again is the same file; a part of it is another.
    let report = save(take("dog barking").into(), Target::Usual);
    assert!(report.paths == [file] && report.text.starts_with("Already"), "{report:?}");
    let report = save(Piece::part(take("dog barking"), 0.02..0.04), Target::Usual);
    assert_eq!(frames_of(&report.paths[0]), 882);

    // As the user names it; what is no ending of a sound is a part of the name.
    let named = save(take("dog barking").into(), Target::File(folder.join("Rex v1.2")));
    assert_eq!(named.paths, [folder.join("Rex v1.2.wav")]);
    let flac = save(take("dog barking").into(), Target::File(folder.join("Rex.flac")));
    assert_eq!(std::fs::read(&flac.paths[0]).unwrap()[..4], *b"fLaC");
    let elsewhere = save(take("dog barking").into(), Target::Folder(folder.join("other")));
    assert!(elsewhere.paths[0].starts_with(folder.join("other")), "{elsewhere:?}");
}

/// Files for another program.
fn handed_over(outbox: &Outbox, folder: &Path) {
    let never = AtomicBool::new(false);
    // A sound of the library has no number of a take, but what the user has said about it.
    let piece = Piece::from(library_sound(&folder.join("takes")));
    let files = outbox.hand_over(std::slice::from_ref(&piece), &never).unwrap();
    let name = files.first().file_name().unwrap().to_string_lossy().into_owned();
    assert_eq!(name, "DOORDungn_The Vase_Straightshot_NONE_S7.wav");
    assert_eq!(frames_of(files.first()), 4_410);
    // What is in a project but not in memory is read.
    let kept = Arc::new(library_sound(&folder.join("takes")).take(TakeId(5)));
    let keeper = Keeper::new(Arc::default(), Some(Arc::new(TakesFolder::new(folder.join("takes")))));
    let reading = Outbox::new(Arc::default(), Arc::new(keeper));
    let files = reading.hand_over(&[kept.into()], &never).unwrap();
    assert_eq!(frames_of(files.first()), 4_410);
    let given_up = outbox.hand_over(&[piece], &AtomicBool::new(true));
    assert_eq!(given_up.unwrap_err().kind, ErrorKind::Cancelled);
}
