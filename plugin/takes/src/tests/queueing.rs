//! Jobs that are yet to be done, in the project and out of it.

use super::*;

/// The job of a document with one take of "a door" whose `pending` and `pending_take` are these.
fn of_document(pending: &Value, damaged: bool) -> Session {
    let mut session = Session::default();
    session.add_take(Arc::new(take(1, noise(10))));
    let mut document: Value = serde_json::from_str(&write(&session)).unwrap();
    document["pending"] = pending.clone();
    document["pending_take"] = json!(1);
    if damaged {
        document["takes"][0]["sound"]["flac"] = json!("????");
    }
    read(&document.to_string())
}

/// The take that the first sound of the only job has.
fn refined(session: &Session) -> Option<TakeId> {
    session.jobs().first().and_then(|job| job.pieces[0].take)
}

#[test]
fn variations_that_are_yet_to_be_made_and_the_switches_are_kept() {
    let mut session = full_session();
    let rain = session.jobs()[0].id;
    let mut job = QueuedJob::make(Request { steps: 8, ..request("a door") }, &[7, 9, 8], true);
    job.model = ModelChoice::in_folder(PathBuf::from("models/other"));
    let id = session.enqueue(job);
    session.place(
        Take::new(TakeId(0), Request { seed: 9, ..request("a door") }, &Audio::mono(44_100, noise(9)))
            .unwrap(),
        Made { job: id, piece: 1, epoch: 0, last: true },
    );
    session.refine(TakeId(5), 24);
    (session.draft_first, session.play_when_ready, session.embed) = (false, false, Embed::UpTo(5));
    let written = write(&session);
    let restored = read(&written);
    assert!(restored.damage().is_empty(), "{:?}", restored.damage());
    assert_eq!(
        (restored.draft_first, restored.play_when_ready, restored.embed),
        (false, false, Embed::UpTo(5))
    );
    assert_eq!(write(&restored), written);
    let [first, second, third] = restored.jobs() else { panic!("{:?}", restored.jobs()) };
    assert_eq!((&first.request.prompt[..], first.pieces.len(), first.done()), ("rain", 1, 0));
    let pieces = [(7, None, false), (9, Some(TakeId(7)), true), (8, None, false)];
    assert_eq!(second.pieces, pieces.map(|(seed, take, done)| Piece { seed, take, done }));
    assert_eq!((second.drafts, second.request_of(2).seed, second.request_of(2).steps), (true, 8, 8));
    assert_eq!(second.model.folder.as_deref(), Some(std::path::Path::new("models/other")));
    assert_eq!(
        (third.purpose, third.request.steps, third.pieces[0].take),
        (Purpose::Refine, 24, Some(TakeId(5)))
    );
    // One after the other they are done, and nothing of the others is lost.
    assert!(session.drop_job(rain, 0) && !session.drop_job(rain, 0) && !session.drop_job(id, 1));
    assert_eq!(session.jobs().len(), 2);
}

#[test]
fn a_project_with_the_one_job_of_before_opens() {
    let pending = Request { steps: 8, ..request("a door") };
    let session = of_document(&json!(pending), false);
    let [job] = session.jobs() else { panic!("{:?}", session.jobs()) };
    assert_eq!((&job.request, job.drafts, job.purpose), (&pending, true, Purpose::Make));
    assert_eq!(refined(&session), Some(TakeId(1)));
    let any = Request { model: ModelId::default(), ..pending.clone() };
    assert_eq!(refined(&of_document(&json!(any), false)), Some(TakeId(1)), "whoever makes it will say");
    let other = Request { model: ModelId::named("other"), ..pending.clone() };
    let other = of_document(&json!(other), false);
    assert_eq!((other.jobs().len(), refined(&other)), (1, None), "another model makes another sound");
    assert_eq!(refined(&of_document(&json!(request("rain")), false)), None, "it is another sound");
    assert!(of_document(&Value::Null, false).jobs().is_empty(), "nothing is being made");
    assert!(of_document(&json!([]), false).jobs().is_empty());
}

#[test]
fn a_take_that_cannot_be_read_is_not_replaced_by_a_job() {
    let pending = Request { steps: 8, ..request("a door") };
    let session = of_document(&json!(pending), true);
    let store = heard(&write(&session));
    let sound = Take::new(TakeId(0), pending, &Audio::mono(44_100, noise(10))).unwrap();
    let mut session = store.lock();
    let made = Made { job: session.jobs()[0].id, piece: 0, epoch: session.epoch(), last: true };
    assert_eq!(session.place(sound, made), TakeId(2));
}

#[test]
fn what_cannot_be_read_of_the_jobs_costs_only_itself() {
    let good = json!({ "request": request("rain"), "drafts": true, "pieces": [{ "seed": 3 }] });
    let gone = json!({ "purpose": "refine", "request": request("a door"), "drafts": false,
        "pieces": [{ "seed": 0, "take": 77 }] });
    let session = of_document(&json!([good, 7, { "request": {} }, gone]), false);
    let [job] = session.jobs() else { panic!("{:?}", session.jobs()) };
    assert_eq!((job.request.prompt.as_str(), job.pieces[0].seed), ("rain", 3));
    assert!(session.damage().iter().any(|text| text.contains("2 sounds")), "{:?}", session.damage());
}

#[test]
fn a_job_that_a_host_restores_while_it_runs_keeps_its_number() {
    let store = SessionStore::default();
    let (first, second) = {
        let mut session = store.lock();
        (session.begin(request("rain")), session.begin(request("wind")))
    };
    let saved = write(&store.lock());
    store.lock().drop_job(first, 0);
    store.lock().begin(request("hail"));
    store.replace(read(&saved));
    let session = store.lock();
    let [again, same] = session.jobs() else { panic!("{:?}", session.jobs()) };
    assert_eq!((same.id, same.request.prompt.as_str()), (second, "wind"));
    assert!(again.id > second && again.id != first, "what was over is another job now");
}

#[test]
fn a_take_is_refined_once_to_each_number_of_steps_and_by_its_own_recipe() {
    let mut session = Session::default();
    session.add_take(Arc::new(take(1, noise(10))));
    let steps = session.takes()[0].request.steps;
    assert_eq!(session.refine(TakeId(1), steps), None, "it has that version");
    assert_eq!(session.refine(TakeId(9), 8), None, "there is no such take");
    let job = session.refine(TakeId(1), 8).expect("a job");
    assert_eq!(session.refine(TakeId(1), 8), None, "it is coming");
    assert!(session.refine(TakeId(1), 24).is_some() && session.is_in_work(TakeId(1)));
    let made = session.job(job).map(|job| job.request_of(0));
    assert_eq!(made, Some(Request { steps: 8, ..session.takes()[0].request.clone() }));
    assert!(session.abandon(TakeId(1)) && !session.abandon(TakeId(1)));
    assert!(session.jobs().iter().all(QueuedJob::is_over), "nobody wants them any more");
    assert!(read(&write(&session)).jobs().is_empty());
}
