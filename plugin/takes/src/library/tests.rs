//! The library as its users see it: a folder, what is found in it, and what becomes of it when things go wrong.

use super::*;
use crate::flac;
use crate::index::{facts, lines};
use std::fs;
use std::sync::atomic::{AtomicUsize, Ordering};
use straightshot_protocol::{ModelId, Request};

const LONG: Duration = Duration::from_secs(60);

/// Knows doors.
struct Doors;

impl Categories for Doors {
    fn propose(&self, prompt: &str) -> Option<Category> {
        prompt.contains("door").then(|| self.named("DOORWood")).flatten()
    }

    fn named(&self, id: &str) -> Option<Category> {
        let words = match id {
            "DOORWood" => "DOORS WOOD",
            "WATRDrip" => "WATER DRIP",
            _ => return None,
        };
        Some(Category { id: id.to_owned(), words: words.to_owned() })
    }
}

/// A tone of its own for each seed, with its recipe.
#[expect(clippy::cast_precision_loss, reason = "short sounds")]
fn sound(prompt: &str, seed: u64, seconds: f64) -> (Vec<u8>, Audio) {
    let request = Request {
        model: ModelId::named("tests"),
        prompt: prompt.to_owned(),
        seed,
        seconds,
        ..Request::default()
    };
    let frames = (seconds * 8_000.0) as usize;
    let level = 0.9 / (1.0 + seed as f32);
    let samples = (0..frames).map(|i| level * (i as f32 * (0.05 + 0.01 * seed as f32)).sin());
    flac::encode(&Audio::mono(8_000, samples.collect::<Vec<_>>()), &request).unwrap()
}

fn put(folder: &TakesFolder, prompt: &str, seed: u64, seconds: f64) -> ContentHash {
    let (bytes, _) = sound(prompt, seed, seconds);
    let hash = ContentHash::of([bytes.as_slice()]);
    folder.write(&hash, prompt, &bytes).unwrap();
    hash
}

/// Four sounds in a folder of their own.
fn four() -> (tempfile::TempDir, Arc<TakesFolder>, [ContentHash; 4]) {
    let place = tempfile::tempdir().unwrap();
    let folder = Arc::new(TakesFolder::new(place.path().join("takes")));
    let hashes = [
        put(&folder, "Wooden door creaks", 1, 0.5),
        put(&folder, "rain on a tin roof", 2, 1.5),
        put(&folder, "glass breaks in a café", 3, 0.25),
        put(&folder, "door of a cellar slams", 4, 1.0),
    ];
    (place, folder, hashes)
}

fn open(folder: &Arc<TakesFolder>) -> Library {
    let library = Library::new(folder.clone(), None, Box::new(Doors));
    settle(&library);
    library
}

fn settle(library: &Library) {
    library.look();
    assert!(library.wait_until_idle(LONG));
}

fn found(library: &Library, query: &Query) -> Vec<ContentHash> {
    let shelf = library.shelf();
    query.find(&shelf.sounds, u64::MAX).iter().map(|sound| sound.hash()).collect()
}

fn words(text: &str) -> Query {
    Query { text: text.to_owned(), ..Query::default() }
}

fn same(mut found: Vec<ContentHash>, mut expected: Vec<ContentHash>) {
    found.sort_unstable();
    expected.sort_unstable();
    assert_eq!(found, expected);
}

#[test]
fn library_search_finds_by_prompt_name_notes_tags_category_and_seed() {
    let (_place, folder, [wood, rain, glass, cellar]) = four();
    let library = open(&folder);
    let marks = Marks {
        name: Some("Scène 12 dripping".to_owned()),
        notes: "for the kitchen".to_owned(),
        tags: vec!["wet".to_owned()],
        category: Some("WATRDrip".to_owned()),
        ..Marks::default()
    };
    library.mark(vec![(rain, marks)]);
    settle(&library);
    for (text, expected) in [
        ("", vec![wood, rain, glass, cellar]),
        ("door", vec![wood, cellar]),
        ("DOOR creak", vec![wood]),
        ("CAFE", vec![glass]),
        ("scene", vec![rain]),
        ("kitchen", vec![rain]),
        ("wet", vec![rain]),
        // Of the category: that of the prompts and the one that was chosen.
        ("doors", vec![wood, cellar]),
        ("watrd", vec![rain]),
        ("drip roof", vec![rain]),
        ("door -cellar", vec![wood]),
        ("\"tin roof\"", vec![rain]),
        ("3", vec![glass]),
        ("nothing of this", vec![]),
    ] {
        same(found(&library, &words(text)), expected);
    }
}

#[test]
fn library_search_filters_and_sorts() {
    let (_place, folder, [wood, rain, glass, cellar]) = four();
    let library = open(&folder);
    let star = Marks { starred: true, ..Marks::default() };
    let reject = Marks { rejected: true, ..Marks::default() };
    library.mark(vec![(wood, star), (cellar, reject)]);
    settle(&library);
    let query = Query::default();
    same(found(&library, &Query { starred: true, ..query.clone() }), vec![wood]);
    same(found(&library, &query), vec![wood, rain, glass]);
    same(found(&library, &Query { rejected: Rejected::Only, ..query.clone() }), vec![cellar]);
    let all = Query { rejected: Rejected::Shown, ..query };
    same(found(&library, &Query { seconds: Some(0.4..=1.0), ..all.clone() }), vec![wood, cellar]);
    same(found(&library, &Query { category: Some("DOOR".to_owned()), ..all.clone() }), vec![wood, cellar]);
    same(found(&library, &Query { model: Some("another".to_owned()), ..all.clone() }), vec![]);
    let shelf = library.shelf();
    let now = shelf.sounds.iter().map(|sound| sound.made_ms).max().unwrap();
    let later = now + 3 * 24 * 60 * 60 * 1000;
    let recent = Query { days: Some(2), ..all.clone() };
    assert_eq!((recent.find(&shelf.sounds, now).len(), recent.find(&shelf.sounds, later).len()), (4, 0));
    for (sort, expected) in [
        (Sort::Name, [cellar, glass, rain, wood]),
        (Sort::Shortest, [glass, wood, cellar, rain]),
        (Sort::Longest, [rain, cellar, wood, glass]),
        // A sound of a quarter of a second is as loud as with the silence behind it.
        (Sort::Loudest, [wood, rain, cellar, glass]),
        (Sort::Quietest, [glass, cellar, rain, wood]),
    ] {
        assert_eq!(found(&library, &Query { sort, ..all.clone() }), expected, "{sort:?}");
    }
    let newest = found(&library, &all);
    let mut oldest = found(&library, &Query { sort: Sort::Oldest, ..all });
    oldest.reverse();
    assert_eq!(newest, oldest);
}

/// What was heard is remembered: a second library listens to nothing, and one that finds damage listens again.
#[test]
fn library_search_survives_a_lost_or_damaged_index() {
    let (_place, folder, [wood, ..]) = four();
    let star = Marks { starred: true, notes: "keep".to_owned(), ..Marks::default() };
    folder.mark(&[(wood, star.clone())]).unwrap();
    let before = open(&folder).shelf();
    assert_eq!(before.sounds.len(), 4);
    let index = facts::file(&folder.path());
    let whole = fs::read(&index).unwrap();
    let damaged: Vec<u8> = whole.iter().enumerate().map(|(i, b)| if i == 300 { b ^ 1 } else { *b }).collect();
    for content in [None, Some(&whole[..whole.len() / 2]), Some(&damaged[..]), Some(&[0xff; 5000]), Some(&[])]
    {
        match content {
            Some(bytes) => fs::write(&index, bytes).unwrap(),
            None => fs::remove_file(&index).unwrap(),
        }
        let after = open(&folder).shelf();
        assert!(after.trouble.is_none(), "{:?}", after.trouble);
        for sound in &before.sounds {
            assert_eq!(after.sound(&sound.hash()), Some(sound));
        }
        assert_eq!(after.sound(&wood).unwrap().marks, star);
        let lines = lines::read::<facts::Facts>(&index).unwrap();
        assert_eq!((lines.damaged, facts::read(&folder.path()).unwrap().len()), (0, 4));
    }
}

#[test]
fn library_search_sees_what_other_programs_add_rename_and_remove() {
    let (_place, folder, [wood, rain, glass, _]) = four();
    let (ours, theirs) = (open(&folder), open(&folder));
    let path = |hash| ours.shelf().sound(&hash).unwrap().path.clone();
    theirs.mark(vec![(glass, Marks { name: Some("Vase".to_owned()), ..Marks::default() })]);
    let added = put(&folder, "a new bell", 9, 0.3);
    fs::rename(path(wood), path(wood).with_file_name("my best door.flac")).unwrap();
    fs::remove_file(path(rain)).unwrap();
    fs::write(folder.path().join("broken.flac"), b"fLaC and nothing").unwrap();
    assert!(theirs.wait_until_idle(LONG));
    settle(&ours);
    same(found(&ours, &words("bell")), vec![added]);
    same(found(&ours, &words("wooden")), vec![wood]);
    same(found(&ours, &words("rain")), vec![]);
    same(found(&ours, &words("vase")), vec![glass]);
    assert_eq!(ours.shelf().sounds.len(), 4);
}

#[test]
fn what_is_deleted_comes_back_and_what_is_open_stays() {
    let (_place, folder, [wood, rain, glass, cellar]) = four();
    let library = open(&folder);
    let all: Vec<PathBuf> = library.shelf().sounds.iter().map(|sound| sound.path.clone()).collect();
    let session = Arc::new(crate::SessionStore::default());
    let keeper = crate::Keeper::new(session.clone(), Some(folder.clone()));
    let take = library.shelf().sound(&glass).unwrap().take(crate::TakeId(1));
    assert!(take.is_from_library() && take.request.prompt == "glass breaks in a café");
    session.lock().add_take(Arc::new(take));
    library.discard(all);
    settle(&library);
    let shelf = library.shelf();
    same(found(&library, &words("")), vec![glass]);
    assert_eq!((shelf.trash.files, shelf.discarded.len()), (3, 3));
    assert!(shelf.trouble.as_ref().unwrap().text.contains("open project"));
    // Of the session's keeper: the sound is there.
    assert!(keeper.wait_until_idle(LONG) && !session.lock().active().unwrap().audio().is_empty());
    // A project that wants one of them gets it back.
    assert!(folder.read(&rain).is_ok() && folder.holds(&rain));
    library.dismiss();
    library.take_back();
    assert!(library.wait_until_idle(LONG));
    same(found(&library, &words("")), vec![rain, glass]);
    let trash: Vec<PathBuf> = folder.trash().into_iter().map(|entry| entry.path).collect();
    folder.take_back(&trash).unwrap();
    settle(&library);
    same(found(&library, &words("")), vec![wood, rain, glass, cellar]);
    library.discard(vec![library.shelf().sound(&cellar).unwrap().path.clone()]);
    library.take_back();
    settle(&library);
    assert_eq!(library.shelf().sounds.len(), 4);
    library.discard(vec![library.shelf().sound(&cellar).unwrap().path.clone()]);
    library.empty_trash();
    settle(&library);
    assert_eq!((library.shelf().trash.files, folder.holds(&cellar)), (0, false));
}

#[test]
fn the_folder_moves_with_everything_that_is_known_and_said() {
    let (place, folder, [wood, rain, ..]) = four();
    let library = open(&folder);
    library.mark(vec![(wood, Marks { notes: "mine".to_owned(), ..Marks::default() })]);
    library.discard(vec![library.shelf().sound(&rain).unwrap().path.clone()]);
    settle(&library);
    let before = library.shelf();
    let (old, new) = (folder.path(), place.path().join("other disk").join("sounds"));
    library.move_to(new.clone());
    settle(&library);
    let after = library.shelf();
    assert_eq!((after.trouble.as_ref(), &after.folder, after.activity), (None, &new, Activity::Idle));
    for sound in &before.sounds {
        let there = after.sound(&sound.hash()).unwrap();
        assert_eq!(
            (there.made_ms, &there.marks, there.path.parent()),
            (sound.made_ms, &sound.marks, Some(&*new))
        );
    }
    assert!(folder.read(&rain).is_ok(), "the trash has moved too");
    assert_eq!(fs::read_dir(old).unwrap().count(), 0, "nothing of ours stays");
}

#[test]
fn a_move_that_fails_or_is_given_up_leaves_everything_where_it_was() {
    let (place, folder, hashes) = four();
    let other = tempfile::tempdir().unwrap();
    let steps = AtomicUsize::new(0);
    let given_up = folder.move_with(other.path(), |_| steps.fetch_add(1, Ordering::Relaxed) < 2, || Ok(()));
    assert!(given_up.is_err());
    assert_eq!(crate::folder::files(other.path()).len(), 0, "the copies are gone again");
    let failure = straightshot_protocol::Failure::new(
        straightshot_protocol::ErrorKind::Io,
        "no room for a note".to_owned(),
    );
    assert!(folder.move_with(other.path(), |_| true, || Err(failure)).is_err());
    assert_eq!(crate::folder::files(other.path()).len(), 0);
    let blocked = place.path().join("a file");
    fs::write(&blocked, "").unwrap();
    assert!(folder.move_to(&blocked).is_err());
    assert!(hashes.iter().all(|hash| folder.read(hash).is_ok()));
    // Another program's file of the same name stays.
    let name = folder.entries()[0].path.file_name().unwrap().to_owned();
    fs::write(other.path().join(&name), b"somebody else's").unwrap();
    folder.move_to(other.path()).unwrap();
    assert!(hashes.iter().all(|hash| folder.read(hash).is_ok()));
    assert_eq!(fs::read(other.path().join(&name)).unwrap(), b"somebody else's");
}

#[test]
fn library_search_finds_a_sound_once_however_many_versions_are_kept() {
    let (_place, folder, _) = four();
    let versions = [1, 24, 4].map(|steps| {
        let request = Request { prompt: "wolf howls".into(), steps, ..Request::default() };
        let level = 0.9 / steps as f32;
        let samples: Vec<f32> = (0..4000).map(|i| level * (i as f32 * 0.1).sin()).collect();
        let (bytes, _) = flac::encode(&Audio::mono(8_000, samples), &request).unwrap();
        let hash = ContentHash::of([bytes.as_slice()]);
        folder.write(&hash, "wolf howls", &bytes).unwrap();
        hash
    });
    let library = open(&folder);
    let wolf = Query { text: "wolf".into(), ..Query::default() };
    assert_eq!(found(&library, &wolf), [versions[1]]);
}
