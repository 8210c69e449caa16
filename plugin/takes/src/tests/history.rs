//! Undo and redo.

use super::*;
use straightshot_edits::{Curve, Edit, Fade, Level, Loop, render};

/// What counts of a session: takes in their order with all that can be undone, what is heard of them to the bit, the
/// deleted ones in any order, the active one.
#[derive(Debug, Clone, PartialEq)]
struct State {
    takes: Vec<Seen>,
    bin: Vec<Seen>,
    active: Option<TakeId>,
}

#[derive(Debug, Clone, PartialEq)]
struct Seen {
    id: TakeId,
    name: String,
    starred: bool,
    rejected: bool,
    notes: String,
    edit: Edit,
    /// Hash of the rendered samples.
    heard: ContentHash,
}

fn state(session: &Session) -> State {
    let seen = |take: &Arc<Take>| {
        let audio = render(take.audio(), &take.edit).unwrap().audio;
        let samples = audio.channels().flatten().flat_map(|sample| sample.to_le_bytes());
        Seen {
            id: take.id,
            name: take.name.clone(),
            starred: take.starred,
            rejected: take.rejected,
            notes: take.notes.clone(),
            edit: take.edit.clone(),
            heard: ContentHash::of([samples.collect::<Vec<u8>>().as_slice()]),
        }
    };
    let mut bin: Vec<Seen> = session.bin().iter().map(seen).collect();
    bin.sort_by_key(|seen| seen.id);
    State {
        takes: session.takes().iter().map(seen).collect(),
        bin,
        active: session.active().map(|take| take.id),
    }
}

fn random(seed: u64) -> impl FnMut(usize) -> usize {
    let mut state = seed;
    move |limit| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        usize::try_from(state % limit.max(1) as u64).unwrap()
    }
}

fn random_edit(random: &mut impl FnMut(usize) -> usize) -> Edit {
    let start = random(300);
    let frames = start + 50 + random(400);
    Edit {
        trim: (random(2) == 0).then_some(start..frames),
        semitones: random(25) as f32 - 12.0,
        reverse: random(2) == 0,
        width: random(3) as f32,
        looped: (random(3) == 0).then(|| Loop {
            range: 200..200 + random(500),
            crossfade: random(90),
            tilt_db: 0.0,
            only: random(2) == 0,
        }),
        fade_in: Fade { frames: random(200), curve: Curve::ALL[random(4)] },
        fade_out: Fade { frames: random(200), curve: Curve::ALL[random(4)] },
        level: [None, Some(Level::Peak(-3.0)), Some(Level::TruePeak(-1.0)), Some(Level::Loudness(-30.0))]
            [random(4)],
        gain_db: random(24) as f32 - 12.0,
    }
}

/// One thing that a user may do; returns whether it can be undone.
fn act(session: &mut Session, random: &mut impl FnMut(usize) -> usize) {
    let any = |takes: &[Arc<Take>], random: &mut dyn FnMut(usize) -> usize| {
        (!takes.is_empty()).then(|| takes[random(takes.len())].id)
    };
    let id = any(session.takes(), &mut *random).unwrap_or(TakeId(0));
    match random(11) {
        0..=2 => {
            session.set_edit(id, random_edit(random), "edit", None);
        }
        3 => {
            session.delete(id);
        }
        4 => {
            let deleted = any(session.bin(), &mut *random).unwrap_or(TakeId(0));
            session.restore(deleted);
        }
        5 => {
            session.rename(id, &format!("name {}", random(5)));
        }
        6 => {
            session.set_starred(id, random(2) == 0);
        }
        7 => {
            session.set_rejected(id, random(2) == 0);
        }
        8 => {
            session.set_notes(id, &format!("note {}", random(5)), None);
        }
        9 => {
            let next = session.next_take_id();
            session.add_take(Arc::new(take(next.0, noise(600 + random(300)))));
        }
        _ => {
            // No step: which take is shown is not undone by itself.
            session.select(id);
        }
    }
}

#[test]
fn undo_redo_of_any_sequence_gives_back_every_sample() {
    for seed in 1..=60_u64 {
        let mut random = random(seed * 0x9E37_79B9_7F4A_7C15);
        let mut session = Session::default();
        for id in 1..=3 {
            session.add_take(Arc::new(take(id, noise(900))));
        }
        session.history = Default::default();
        let first = state(&session);
        for _ in 0..40 {
            act(&mut session, &mut random);
            // In between, a few steps back and perhaps forth, as people do.
            if random(6) == 0 {
                let steps = random(4);
                let before = state(&session);
                let undone = (0..steps).filter(|_| session.undo().is_some()).count();
                if random(2) == 0 {
                    (0..undone).for_each(|_| assert!(session.redo().is_some()));
                    assert_eq!(sounds(&state(&session)), sounds(&before), "seed {seed}");
                }
            }
        }
        // A sound that came in between leaves what was undone before it to be done again.
        while session.redo().is_some() {}
        let last = state(&session);
        let mut states = vec![last.clone()];
        while session.undo().is_some() {
            states.push(state(&session));
        }
        let begun = states.pop().unwrap();
        // What was made in between is in the bin, and nothing else is different.
        assert_eq!(sounds(&begun).0, sounds(&first).0, "seed {seed}");
        assert!(begun.bin.iter().all(|seen| seen.id > TakeId(3)), "seed {seed}: {:?}", begun.bin);
        for expected in states.iter().rev() {
            assert!(session.redo().is_some());
            assert_eq!(sounds(&state(&session)), sounds(expected), "seed {seed}");
        }
        assert_eq!(session.redo(), None);
        assert_eq!(sounds(&state(&session)), sounds(&last));
    }
}

/// All but the active take, which a selection without a step may have changed, and but the names and edits that takes in
/// the bin had when they went there.
fn sounds(state: &State) -> (Vec<Seen>, Vec<TakeId>) {
    (state.takes.clone(), state.bin.iter().map(|seen| seen.id).collect())
}

#[test]
fn undo_redo_says_what_it_does_and_the_active_take_goes_along() {
    let mut session = Session::default();
    session.add_take(Arc::new(take(1, noise(100))));
    session.add_take(Arc::new(take(2, noise(200))));
    session.set_edit(TakeId(2), Edit { reverse: true, ..Edit::default() }, "reverse", None);
    session.delete(TakeId(2));
    assert_eq!((session.undo_name(), session.redo_name()), (Some("delete"), None));
    assert_eq!(session.active().map(|take| take.id), Some(TakeId(1)));
    assert_eq!(session.undo(), Some("delete"));
    assert_eq!(session.active().map(|take| take.id), Some(TakeId(2)));
    assert_eq!(session.undo(), Some("reverse"));
    assert!(session.take(TakeId(2)).unwrap().edit.is_none());
    assert_eq!(session.undo(), Some("new sound"));
    assert_eq!((session.takes().len(), session.bin().len()), (1, 1), "an undone sound is not lost");
    assert_eq!(session.redo_name(), Some("new sound"));
    assert_eq!(session.redo(), Some("new sound"));
    assert_eq!(session.redo(), Some("reverse"));
    session.rename(TakeId(2), "another way");
    assert_eq!(session.redo(), None, "whoever goes another way cannot go on as before");
}

#[test]
fn undo_redo_takes_a_drag_and_several_takes_as_one_step() {
    let mut session = Session::default();
    for id in 1..=3 {
        session.add_take(Arc::new(take(id, noise(1000))));
    }
    let drag = Gesture::begin();
    for end in [900, 800, 700] {
        session.set_edit(TakeId(1), Edit { trim: Some(0..end), ..Edit::default() }, "trim", Some(drag));
    }
    session.set_edit(
        TakeId(1),
        Edit { trim: Some(0..600), ..Edit::default() },
        "trim",
        Some(Gesture::begin()),
    );
    session.undo();
    assert_eq!(session.take(TakeId(1)).unwrap().edit.trim, Some(0..700), "the second drag");
    session.undo();
    assert_eq!(session.take(TakeId(1)).unwrap().edit.trim, None, "the first one, whole");
    // A drag that comes back to where it began is no step.
    let drag = Gesture::begin();
    for gain_db in [3.0, 5.0, 0.0] {
        session.set_edit(TakeId(2), Edit { gain_db, ..Edit::default() }, "gain", Some(drag));
    }
    assert_eq!(session.undo_name(), Some("new sound"));
    session.step("delete 2 takes", None, |session| session.delete(TakeId(1)) & session.delete(TakeId(3)));
    assert_eq!(session.takes().len(), 1);
    assert_eq!(session.undo(), Some("delete 2 takes"));
    assert_eq!(session.takes().len(), 3);
}

#[test]
fn undo_redo_is_not_ended_by_a_sound_that_comes_in_between() {
    let mut session = Session::default();
    session.add_take(Arc::new(take(1, noise(100))));
    session.rename(TakeId(1), "one");
    session.undo();
    let job = session.enqueue(QueuedJob::make(request("rain"), &[], false));
    let made = Made { job, piece: 0, epoch: session.epoch(), last: true };
    session.place(take(0, noise(50)), made);
    assert_eq!(session.redo(), Some("rename"));
    assert_eq!(session.takes()[0].name, "one");
    assert_eq!(session.undo(), Some("rename"));
    assert_eq!(session.undo(), Some("new sound"));
    assert_eq!(session.takes().len(), 1);
}

#[test]
fn undo_redo_begins_anew_with_what_the_host_restores_and_no_take_is_lost() {
    let store = Arc::new(SessionStore::default());
    store.lock().add_take(Arc::new(take(1, noise(300))));
    let saved = write(&store.lock());
    store.lock().set_edit(TakeId(1), Edit { reverse: true, ..Edit::default() }, "reverse", None);
    store.lock().add_take(Arc::new(take(2, noise(400))));
    store.replace(read(&saved));
    let mut session = store.lock();
    assert_eq!((session.undo(), session.redo()), (None, None));
    assert!(session.takes()[0].edit.is_none());
    assert_eq!(session.bin().len(), 1);
}

#[test]
fn undo_redo_costs_little_memory_and_has_an_end() {
    let mut session = Session::default();
    session.add_take(Arc::new(take(1, noise(100_000))));
    let samples = std::sync::Arc::downgrade(&session.takes()[0]);
    for count in 0..2000_u16 {
        let edit = Edit { gain_db: f32::from(count) / 100.0, ..Edit::default() };
        session.set_edit(TakeId(1), edit, "gain", None);
    }
    assert!(samples.upgrade().is_none(), "the history holds no take");
    let mut steps = 0;
    while session.undo().is_some() {
        steps += 1;
    }
    assert_eq!(steps, 500);
}

#[test]
fn an_edit_is_saved_and_heard_again() {
    let mut session = Session::default();
    session.add_take(Arc::new(take(1, noise(1000))));
    let edit = Edit { trim: Some(100..900), reverse: true, gain_db: -2.7, semitones: 0.1, ..Edit::default() };
    session.set_edit(TakeId(1), edit.clone(), "trim", None);
    session.set_rejected(TakeId(1), true);
    session.set_notes(TakeId(1), "too \"wet\"", None);
    session.set_unread(TakeId(1), true);
    let written = write(&session);
    let expected = render(session.takes()[0].audio(), &edit).unwrap();
    let store = heard(&written);
    let session = store.lock();
    assert!(session.damage().is_empty(), "{:?}", session.damage());
    let [take] = session.takes() else { panic!("one take") };
    assert_eq!(
        (&take.edit, take.rejected, take.notes.as_str(), take.unread),
        (&edit, true, "too \"wet\"", true)
    );
    assert!(take.is_rendered());
    assert_eq!(*take.edited(), expected);
    let seconds = expected.audio.seconds();
    assert!((take.seconds() - seconds).abs() < 1e-9, "{} and {seconds}", take.seconds());
    assert_eq!(write(&session), written);
}

#[test]
fn what_was_heard_is_heard_until_the_new_edit_is_made() {
    let store = Arc::new(SessionStore::default());
    store.lock().add_take(Arc::new(take(1, noise(1000))));
    let before = store.lock().takes()[0].edited();
    let edit = Edit { trim: Some(0..500), ..Edit::default() };
    store.lock().set_edit(TakeId(1), edit, "trim", None);
    {
        let session = store.lock();
        assert!(!session.takes()[0].is_rendered());
        assert!(Arc::ptr_eq(&session.takes()[0].edited(), &before));
    }
    let keeper = Keeper::new(store.clone(), None);
    let (told, heard) = std::sync::mpsc::channel();
    keeper.on_event(move |happened| told.send(happened).unwrap());
    assert!(keeper.wait_for_active(LONG));
    assert!(keeper.wait_until_idle(LONG));
    assert_eq!(heard.try_recv(), Ok(Happened::Active), "it is to be played");
    assert_eq!(store.lock().takes()[0].edited().audio.frames(), 500);
    store.lock().undo();
    assert!(Arc::ptr_eq(&store.lock().takes()[0].edited(), &before), "nothing has to be rendered for that");
    assert_eq!(store.lock().takes()[0].peaks().len(), PEAK_COLUMNS);
}

#[test]
fn what_is_wished_for_is_found_in_the_background_and_is_a_step() {
    let store = Arc::new(SessionStore::default());
    let mut samples = vec![0.0; 20_000];
    samples[8000..16_000].copy_from_slice(&noise(8000));
    store.lock().add_take(Arc::new(take(1, samples)));
    let keeper = Keeper::new(store.clone(), None);
    let (told, happened) = std::sync::mpsc::channel();
    keeper.on_event(move |what| told.send(what).unwrap());
    assert!(store.lock().wish(TakeId(1), Wish::TrimSilence));
    assert!(keeper.wait_until_idle(LONG));
    let trim = store.lock().takes()[0].edit.trim.clone().expect("it was found");
    assert!((7300..=8000).contains(&trim.start) && (16_000..=16_700).contains(&trim.end), "{trim:?}");
    assert!(happened.try_iter().any(|what| what == Happened::Edited));
    assert_eq!(store.lock().undo_name(), Some("trim silence"));
    store.lock().set_edit(TakeId(1), Edit { trim: Some(8000..8400), ..Edit::default() }, "trim", None);
    store.lock().wish(TakeId(1), Wish::Loop);
    assert!(keeper.wait_until_idle(LONG));
    assert!(happened.try_iter().any(|what| matches!(what, Happened::NotFound(_))), "too short");
    assert!(!store.lock().is_wished(TakeId(1)));
    store.lock().undo();
    store.lock().wish(TakeId(1), Wish::Loop);
    assert!(keeper.wait_until_idle(LONG));
    assert!(store.lock().takes()[0].edit.looped.is_some());
    assert!(store.lock().takes()[0].edited().loop_frames.is_some());
}

#[test]
fn undo_redo_brings_takes_on_keys_back_in_the_order_of_all_steps() {
    let mut session = Session::default();
    session.add_take(Arc::new(take(1, noise(100))));
    let on = |keys: &[(u8, u64)]| keys.iter().map(|(key, id)| (*key, TakeId(*id))).collect::<Keys>();
    session.keys_step(on(&[]), on(&[(60, 1)]));
    session.keys_step(on(&[(60, 1)]), on(&[(60, 1)]));
    session.rename(TakeId(1), "door");
    session.keys_step(on(&[(60, 1)]), on(&[]));
    assert_eq!((session.undo(), session.take_keys()), (Some("keys"), Some(on(&[(60, 1)]))));
    assert_eq!((session.undo(), session.take_keys()), (Some("rename"), None));
    assert_eq!((session.undo(), session.take_keys()), (Some("keys"), Some(on(&[]))));
    assert_eq!((session.redo(), session.take_keys()), (Some("keys"), Some(on(&[(60, 1)]))));
}
