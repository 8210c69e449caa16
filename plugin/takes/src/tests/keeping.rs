//! Folder, keeper and the file that survives a crash.

use super::*;
use std::fs;
use std::process::{Command, Stdio};
use std::time::Instant;

fn folder(place: &tempfile::TempDir) -> Arc<TakesFolder> {
    Arc::new(TakesFolder::new(place.path().join("takes")))
}

/// A session with takes 1 to `count`, all in the folder.
fn stored(count: u64, folder: &Arc<TakesFolder>) -> Arc<SessionStore> {
    let store = Arc::new(SessionStore::default());
    for id in 1..=count {
        store.lock().add_take(Arc::new(take(id, noise(500 + usize::try_from(id).unwrap()))));
    }
    settle(&store, folder);
    store
}

fn settle(store: &Arc<SessionStore>, folder: &Arc<TakesFolder>) {
    assert!(Keeper::new(store.clone(), Some(folder.clone())).wait_until_idle(LONG));
}

/// The takes whose sounds are in the project.
fn embedded(session: &Session) -> Vec<u64> {
    let document: Value = serde_json::from_str(&write(session)).unwrap();
    let takes = document["takes"].as_array().unwrap();
    takes
        .iter()
        .filter(|take| take["sound"]["flac"].is_string())
        .map(|take| take["id"].as_u64().unwrap())
        .collect()
}

#[test]
fn a_take_goes_to_the_folder_and_comes_back_by_its_hash() {
    let place = tempfile::tempdir().unwrap();
    let folder = folder(&place);
    let store = stored(3, &folder);
    let names: Vec<_> = folder.entries().into_iter().map(|entry| entry.path).collect();
    assert_eq!(names.len(), 3);
    assert!(names.iter().all(|path| path.file_name().unwrap().to_str().unwrap().starts_with("a door ")));
    store.lock().embed = Embed::Nothing;
    let project = write(&store.lock());
    assert_eq!(embedded(&store.lock()), [] as [u64; 0]);

    let opened = Arc::new(SessionStore::default());
    opened.replace(read(&project));
    assert!(opened.lock().active().unwrap().is_loading());
    settle(&opened, &folder);
    for (before, after) in store.lock().takes().iter().zip(opened.lock().takes()) {
        assert_eq!(before.audio(), after.audio());
    }
    assert_eq!(write(&opened.lock()), project);

    // One file renamed, one damaged, one gone.
    fs::rename(&names[0], names[0].with_file_name("my favourite.flac")).unwrap();
    let mut bytes = fs::read(&names[1]).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    fs::write(&names[1], bytes).unwrap();
    fs::remove_file(&names[2]).unwrap();
    let opened = Arc::new(SessionStore::default());
    opened.replace(read(&project));
    settle(&opened, &folder);
    let session = opened.lock();
    let fine = session.takes().iter().filter(|take| take.damage.is_none()).count();
    assert_eq!(fine, 1);
    for take in session.takes().iter().filter(|take| take.damage.is_some()) {
        assert!(take.audio().is_empty() && take.request == request("a door") && take.why_silent().is_some());
    }
    assert_eq!(write(&session), project, "who finds the files again has lost nothing");
}

#[test]
fn the_project_holds_the_active_take_then_the_starred_then_the_newest() {
    let place = tempfile::tempdir().unwrap();
    let folder = folder(&place);
    let store = stored(6, &folder);
    let text = store.lock().embedded_bytes() / 6;
    store.lock().select(TakeId(2));
    store.lock().set_starred(TakeId(3), true);
    for (embed, expected) in [
        (Embed::UpTo(0), vec![2]),
        (Embed::UpTo(text * 5 / 2), vec![2, 3]),
        (Embed::UpTo(text * 9 / 2), vec![2, 3, 5, 6]),
        (Embed::All, vec![1, 2, 3, 4, 5, 6]),
        (Embed::Nothing, vec![]),
        // What was let go of is read from the folder again.
        (Embed::UpTo(text * 7), vec![1, 2, 3, 4, 5, 6]),
    ] {
        store.lock().embed = embed;
        settle(&store, &folder);
        assert_eq!(embedded(&store.lock()), expected, "{embed:?}");
    }
}

#[test]
fn what_the_folder_does_not_take_stays_in_the_project() {
    let place = tempfile::tempdir().unwrap();
    let blocked = place.path().join("takes");
    fs::write(&blocked, "a file where a folder should be").unwrap();
    let store = Arc::new(SessionStore::default());
    store.lock().add_take(Arc::new(take(1, noise(100))));
    store.lock().add_take(Arc::new(take(2, noise(101))));
    store.lock().delete(TakeId(2));
    store.lock().embed = Embed::Nothing;
    let keeper = Keeper::new(store.clone(), Some(Arc::new(TakesFolder::new(blocked))));
    let (told, heard) = std::sync::mpsc::channel();
    keeper.on_event(move |happened| told.send(happened).unwrap());
    assert!(keeper.wait_until_idle(LONG));
    assert!(matches!(heard.try_recv(), Ok(Happened::Unwritable(_))));
    assert!(heard.try_recv().is_err(), "said once");
    assert_eq!(embedded(&store.lock()), [1]);
    let restored = super::heard(&write(&store.lock()));
    assert_eq!(restored.lock().bin()[0].damage, None, "deleted takes are kept too");
}

#[test]
fn a_short_active_take_needs_no_thread() {
    let mut session = Session::default();
    session.add_take(Arc::new(take(1, noise(500))));
    let saved = write(&session);
    for (most_samples, is_heard) in [(500, true), (499, false)] {
        let store = Arc::new(SessionStore::default());
        store.replace(read(&saved));
        let keeper = Keeper::new(store.clone(), None);
        keeper.hear_active_if_short(most_samples);
        let heard = store.lock().active().map(|take| take.audio().frames());
        assert_eq!(heard, Some(if is_heard { 500 } else { 0 }), "{most_samples}");
    }
}

#[test]
fn a_folder_beyond_its_quota_is_told_once_and_loses_nothing() {
    let place = tempfile::tempdir().unwrap();
    let folder = Arc::new(TakesFolder::new(place.path()).with_quota(|| 1));
    let store = Arc::new(SessionStore::default());
    let keeper = Keeper::new(store.clone(), Some(folder.clone()));
    let (told, heard) = std::sync::mpsc::channel();
    keeper.on_event(move |happened| told.send(happened).unwrap());
    for id in 1..=3 {
        store.lock().add_take(Arc::new(take(id, noise(400 + id as usize))));
        assert!(keeper.wait_until_idle(LONG));
    }
    let told: Vec<_> = heard.try_iter().collect();
    let [Happened::BeyondQuota { usage, quota_bytes: 1, .. }] = &told[..] else { panic!("{told:?}") };
    assert!(usage.files >= 1 && usage.bytes > 1);
    assert_eq!(folder.entries().len(), 3, "nothing is deleted for a quota");
}

#[test]
fn memory_is_given_back_and_a_chosen_take_is_read_again() {
    let place = tempfile::tempdir().unwrap();
    let folder = folder(&place);
    let store = stored(5, &folder);
    store.lock().delete(TakeId(4));
    store.lock().embed = Embed::UpTo(0);
    let one = store.lock().takes()[0].audio().bytes();
    store.lock().let_go(2 * one + 200);
    let loading = |session: &Session| -> Vec<u64> {
        session
            .takes()
            .iter()
            .chain(session.bin())
            .filter(|take| take.is_loading())
            .map(|take| take.id.0)
            .collect()
    };
    assert_eq!(loading(&store.lock()), [1, 2, 4], "the deleted one, then the oldest; not the active one");
    {
        let session = store.lock();
        assert!(session.takes()[0].peaks().len() == PEAK_COLUMNS && session.takes()[0].seconds() > 0.0);
    }
    let before = take(1, noise(501));
    store.lock().select(TakeId(1));
    let keeper = Keeper::new(store.clone(), Some(folder));
    assert!(keeper.wait_for_active(LONG));
    assert_eq!(store.lock().active().unwrap().audio(), before.audio());
    assert_eq!(loading(&store.lock()), [2, 4]);
}

#[test]
fn a_host_that_restores_its_own_state_reads_nothing_again() {
    let place = tempfile::tempdir().unwrap();
    let folder = folder(&place);
    let store = stored(3, &folder);
    let project = write(&store.lock());
    store.replace(read(&project));
    let session = store.lock();
    assert!(session.takes().iter().all(|take| !take.is_loading()));
    assert!(session.bin().is_empty());
}

#[test]
fn nothing_is_deleted_but_what_was_agreed_to() {
    let place = tempfile::tempdir().unwrap();
    let folder = folder(&place);
    let store = stored(4, &folder);
    let usage = folder.usage();
    assert_eq!(usage.files, 4);
    let hashes: Vec<ContentHash> = {
        let document: Value = serde_json::from_str(&write(&store.lock())).unwrap();
        let takes = document["takes"].as_array().unwrap().iter();
        takes.map(|take| take["sound"]["hash"].as_str().unwrap().parse().unwrap()).collect()
    };
    assert!(folder.beyond(usage.bytes, &[]).is_empty());
    let beyond = folder.beyond(usage.bytes - 1, &hashes[1..]);
    assert_eq!((beyond.len(), folder.usage()), (1, usage), "it only asks");
    folder.delete(&beyond).unwrap();
    assert!(!folder.holds(&hashes[0]) && hashes[1..].iter().all(|hash| folder.holds(hash)));
}

#[test]
fn a_folder_that_moves_takes_everything_along() {
    let place = tempfile::tempdir().unwrap();
    let folder = folder(&place);
    let store = stored(3, &folder);
    let old = folder.path();
    let new = place.path().join("elsewhere");
    let names = |folder: &TakesFolder| -> Vec<_> {
        let mut names: Vec<_> =
            folder.entries().into_iter().map(|e| e.path.file_name().unwrap().to_owned()).collect();
        names.sort();
        names
    };
    let before = names(&folder);
    folder.move_to(&new).unwrap();
    assert_eq!((folder.path(), names(&folder)), (new.clone(), before.clone()));
    assert_eq!(fs::read_dir(&old).unwrap().count(), 0);
    folder.move_to(&new).unwrap();
    assert_eq!(names(&folder), before, "to where it is already");
    assert!(folder.move_to(&place.path().join("elsewhere").join(&before[0]).join("x")).is_err());
    assert_eq!(folder.path(), new);
    drop(store);
}

/// What is said in one project is known in the next, undone too; what an old project says does not overrule it.
#[test]
fn library_search_knows_what_was_said_in_a_project() {
    let place = tempfile::tempdir().unwrap();
    let folder = folder(&place);
    let saved = write(&stored(2, &folder).lock());
    let store = Arc::new(SessionStore::default());
    store.replace(read(&saved));
    let keeper = Keeper::new(store.clone(), Some(folder.clone()));
    let said = |id: u64| {
        let hash = store.lock().take(TakeId(id)).unwrap().hash().unwrap();
        crate::index::marks::read(&folder.path()).unwrap().remove(&hash).unwrap_or_default()
    };
    assert!(keeper.wait_until_idle(LONG));
    assert!(store.lock().rename(TakeId(1), "front door") && store.lock().set_starred(TakeId(1), true));
    assert!(store.lock().set_notes(TakeId(2), "too long", None));
    assert!(keeper.wait_until_idle(LONG));
    assert_eq!(
        (said(1).name.as_deref(), said(1).starred, said(2).notes.as_str()),
        (Some("front door"), true, "too long")
    );
    while store.lock().undo().is_some_and(|name| name != "rename") {}
    assert!(keeper.wait_until_idle(LONG));
    assert_eq!((said(1), said(2)), Default::default());
    store.lock().set_rejected(TakeId(2), true);
    assert!(keeper.wait_until_idle(LONG));
    // The project as it was saved before.
    let opened = Arc::new(SessionStore::default());
    opened.replace(read(&saved));
    settle(&opened, &folder);
    assert!(said(2).rejected, "the newest word counts");
}

#[test]
fn settings_are_read_back_and_nonsense_counts_as_none() {
    let place = tempfile::tempdir().unwrap();
    assert_eq!(Settings::read(place.path()), Settings::default());
    let settings =
        Settings { takes_folder: Some(place.path().join("x")), quota_bytes: 5, ..Settings::default() };
    settings.write(place.path()).unwrap();
    assert_eq!(Settings::read(place.path()), settings);
    fs::write(place.path().join("settings.json"), "{").unwrap();
    assert_eq!(Settings::read(place.path()), Settings::default());
}

#[test]
fn a_new_place_for_the_takes_is_remembered_if_they_could_be_moved() {
    let place = tempfile::tempdir().unwrap();
    let folder = folder(&place);
    stored(2, &folder);
    let (old, new) = (folder.path(), place.path().join("new"));
    let blocked = place.path().join("a file");
    fs::write(&blocked, "").unwrap();
    assert!(folder.relocate(&blocked, place.path(), |_| true).is_err());
    assert_eq!((folder.path(), Settings::read(place.path()).takes_folder), (old, None));
    folder.relocate(&new, place.path(), |_| true).unwrap();
    assert_eq!(folder.usage().files, 2);
    assert_eq!(Settings::read(place.path()).takes_folder, Some(new));
}

/// Variable that tells the child of the next test where to work.
const CHILD: &str = "STRAIGHTSHOT_TEST_CHILD";

#[test]
fn the_session_survives_a_program_that_is_killed() {
    if let Some(place) = std::env::var_os(CHILD) {
        work_until_killed(&PathBuf::from(place));
    }
    let place = tempfile::tempdir().unwrap();
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "tests::keeping::the_session_survives_a_program_that_is_killed"])
        .env(CHILD, place.path())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let file = place.path().join("session.json");
    let begun = Instant::now();
    let saved = loop {
        let text = fs::read_to_string(&file).unwrap_or_default();
        if !text.is_empty() && read(&text).takes().len() >= 40 {
            break text;
        }
        assert!(begun.elapsed() < LONG, "the child saves nothing");
        std::thread::sleep(Duration::from_millis(5));
    };
    child.kill().unwrap();
    child.wait().unwrap();
    // What was seen in the file is not lost by the kill, and what the file has now is whole.
    let after = fs::read_to_string(&file).unwrap();
    let opened = Arc::new(SessionStore::default());
    opened.replace(read(&after));
    settle(&opened, &folder(&place));
    let session = opened.lock();
    assert!(session.damage().is_empty(), "{:?}", session.damage());
    assert!(session.takes().len() >= read(&saved).takes().len());
    for take in session.takes() {
        assert!(take.damage.is_none(), "{:?}", take.damage);
        assert_eq!(take.audio().left(), rounded(&noise(2_000 + usize::try_from(take.id.0).unwrap())));
    }
}

/// Makes takes as fast as it can and keeps them as the program without a host does.
fn work_until_killed(place: &std::path::Path) -> ! {
    let store = Arc::new(SessionStore::default());
    let keeper = Keeper::new(store.clone(), Some(Arc::new(TakesFolder::new(place.join("takes")))));
    let watched = store.clone();
    let _file =
        Autosave::start(place.join("session.json"), move || document::with_references(&watched.snapshot()))
            .unwrap();
    for id in 1.. {
        store.lock().add_take(Arc::new(take(id, noise(2_000 + usize::try_from(id).unwrap()))));
        keeper.wake();
        std::thread::sleep(Duration::from_millis(10));
    }
    std::process::abort()
}
