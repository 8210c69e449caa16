//! The versions of a take: kept in the folder, referred to by the project, there again when it is opened.

use super::*;

/// A session with one take that has versions of 1, 2 and 4 steps, of other samples each.
fn versions() -> Arc<SessionStore> {
    let store = Arc::new(SessionStore::default());
    {
        let mut session = store.lock();
        let job = session.begin(Request { steps: 4, ..request("a door") });
        for steps in [1, 2, 4] {
            let sound = Take::new(
                TakeId(0),
                Request { steps, ..request("a door") },
                &Audio::mono(44_100, sound(steps)),
            );
            let sound = sound.unwrap().that_took(Duration::from_millis(10 * u64::from(steps)));
            session.place(sound, Made { job, piece: 0, epoch: 0, last: steps == 4 });
        }
        assert!(session.jobs().is_empty());
    }
    store
}

/// The samples of the version with `steps` steps.
fn sound(steps: u32) -> Vec<f32> {
    noise(1000 + steps as usize).split_off(steps as usize)
}

fn folder() -> (tempfile::TempDir, Arc<TakesFolder>) {
    let place = tempfile::tempdir().unwrap();
    let folder = Arc::new(TakesFolder::new(place.path()));
    (place, folder)
}

/// Has a keeper do everything that is to be done.
fn keep(store: &Arc<SessionStore>, folder: Option<&Arc<TakesFolder>>) {
    assert!(Keeper::new(store.clone(), folder.cloned()).wait_until_idle(LONG));
}

fn opened(text: &str, folder: Option<&Arc<TakesFolder>>) -> Arc<SessionStore> {
    let store = Arc::new(SessionStore::default());
    store.replace(read(text));
    keep(&store, folder);
    store
}

fn audio_of(session: &Session, steps: u32) -> Option<Vec<f32>> {
    session.takes()[0].audio_of(steps).map(|audio| audio.left().to_vec())
}

#[test]
fn versions_are_referred_to_and_come_back_from_the_folder_with_the_time_they_took() {
    let (_place, folder) = folder();
    let store = versions();
    keep(&store, Some(&folder));
    let written = write(&store.lock());
    let document: Value = serde_json::from_str(&written).unwrap();
    let saved = document["takes"][0]["versions"].as_array().unwrap();
    assert_eq!(saved.len(), 2);
    assert_eq!(
        (&saved[1]["steps"], &saved[1]["ms"], &saved[1]["flac"]),
        (&json!(2), &json!(20), &Value::Null)
    );
    assert_eq!(document["takes"][0]["sound"]["ms"], 40);

    let again = opened(&written, Some(&folder));
    let mut session = again.lock();
    assert!(session.damage().is_empty(), "{:?}", session.damage());
    assert_eq!(session.takes()[0].step_counts(), [1, 2, 4]);
    for steps in [1, 2, 4] {
        assert_eq!(audio_of(&session, steps), Some(rounded(&sound(steps))), "{steps} steps");
        assert!(!session.takes()[0].version_peaks(steps).unwrap().is_empty());
        assert_eq!(session.takes()[0].took(steps), Some(Duration::from_millis(10 * u64::from(steps))));
    }
    assert_eq!(write(&session), written, "byte for byte");
    assert!(session.show_steps(TakeId(1), 2));
    assert_eq!(session.takes()[0].audio().left(), rounded(&sound(2)));
    let shown = write(&session);
    drop(session);
    let again = opened(&shown, Some(&folder));
    let session = again.lock();
    assert_eq!((session.takes()[0].request.steps, session.takes()[0].step_counts()), (2, vec![1, 2, 4]));
}

#[test]
fn a_version_that_is_not_here_is_not_offered_and_not_forgotten() {
    let (_place, folder) = folder();
    let store = versions();
    keep(&store, Some(&folder));
    let written = write(&store.lock());
    // Another computer has only the project.
    let (_elsewhere, empty) = self::folder();
    let there = opened(&written, Some(&empty));
    {
        let mut session = there.lock();
        assert!(session.damage().is_empty() && session.takes()[0].damage.is_none());
        assert_eq!(session.takes()[0].step_counts(), [4]);
        assert!(!session.show_steps(TakeId(1), 2));
        assert!(session.refine(TakeId(1), 2).is_some(), "it can be made again");
        session.abandon(TakeId(1));
    }
    let back = opened(&write(&there.lock()), Some(&folder));
    assert_eq!(back.lock().takes()[0].step_counts(), [1, 2, 4]);
}

#[test]
fn without_a_folder_versions_are_in_the_project_as_far_as_there_is_room() {
    let store = versions();
    let texts = |embed: Embed| {
        let mut session = store.lock();
        session.embed = embed;
        let text = write(&session);
        (text.matches("\"flac\"").count(), read(&text).takes()[0].step_counts())
    };
    assert_eq!(texts(Embed::All), (3, vec![1, 2, 4]));
    assert_eq!(texts(Embed::default()), (3, vec![1, 2, 4]));
    assert_eq!(texts(Embed::UpTo(0)), (1, vec![4]), "the take itself is not lost for the lack of room");
    assert_eq!(texts(Embed::Nothing), (1, vec![4]));
}

#[test]
fn a_project_that_holds_everything_holds_the_versions_too() {
    let (_place, folder) = folder();
    let store = versions();
    keep(&store, Some(&folder));
    store.lock().embed = Embed::All;
    keep(&store, Some(&folder));
    let written = write(&store.lock());
    assert_eq!(written.matches("\"flac\"").count(), 3);
    let there = opened(&written, None);
    let session = there.lock();
    for steps in [1, 2, 4] {
        assert_eq!(audio_of(&session, steps), Some(rounded(&sound(steps))));
    }
}

#[test]
fn memory_that_versions_take_is_given_back_and_the_versions_are_not() {
    let (_place, folder) = folder();
    let store = versions();
    keep(&store, Some(&folder));
    let mut session = store.lock();
    session.add_take(Arc::new(take(9, noise(10))));
    session.limit_hidden(0);
    assert_eq!(session.takes()[0].hidden_bytes(), 0);
    assert_eq!(session.takes()[0].step_counts(), [1, 2, 4]);
    assert_eq!(audio_of(&session, 2), Some(Vec::new()), "until it is wanted");
    session.select(TakeId(1));
    drop(session);
    keep(&store, Some(&folder));
    assert_eq!(audio_of(&store.lock(), 2), Some(rounded(&sound(2))));
}

#[test]
fn what_one_click_has_made_is_undone_by_one_step() {
    let mut session = Session::default();
    session.add_take(Arc::new(take(1, noise(10))));
    let job = session.enqueue(QueuedJob::make(request("rain"), &[1, 2, 3], false));
    for piece in 0..3 {
        let seed = session.job(job).unwrap().pieces[piece].seed;
        let sound = Take::new(
            TakeId(0),
            Request { seed, ..request("rain") },
            &Audio::mono(44_100, noise(20 + piece)),
        );
        session.place(sound.unwrap(), Made { job, piece, epoch: 0, last: true });
    }
    assert_eq!((session.takes().len(), session.active().map(|take| take.id)), (4, Some(TakeId(2))));
    assert_eq!(session.undo(), Some("new sounds"));
    assert_eq!((session.takes().len(), session.bin().len()), (1, 3));
    assert_eq!(session.redo(), Some("new sounds"));
    assert_eq!((session.takes().len(), session.bin().len()), (4, 0));
}
