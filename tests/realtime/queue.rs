//! Several sounds for one click, several clicks before the first is done, and better versions of a take that is there.

use crate::engine::{TOGETHER, ToneEngine, Tones, cache_of, tone, version};
use crate::instance::{Instance, made, request};
use std::sync::Arc;
use std::time::{Duration, Instant};
use straightshot::editor::link::View;
use straightshot::shared::{JobState, Outcome};
use straightshot::worker::models::ModelCache;
use straightshot::worker::places::Places;
use straightshot_engine::model::CONFIG_FILE;
use straightshot_protocol::Request;
use straightshot_takes::{Purpose, Session, TakeId};

fn steps(steps: u32, prompt: &str, seed: u64) -> Request {
    Request { steps, ..request(prompt, seed) }
}

fn with_engine() -> (Instance, Arc<ToneEngine>) {
    let engine = Arc::new(ToneEngine::default());
    (Instance::new(cache_of(&engine)), engine)
}

/// Seeds and steps of the sounds that were begun.
fn begun(engine: &ToneEngine) -> Vec<(u64, u32)> {
    engine.begun.lock().expect("no panic while it is held").clone()
}

/// Waits until `count` jobs have ended.
fn ended(instance: &Instance, count: u64) -> View {
    instance.wait("the end of the jobs", |view| view.status.ended == count && !view.is_busy())
}

fn states(view: &View) -> Vec<(String, JobState)> {
    view.status.jobs.iter().map(|job| (job.request.prompt.clone(), job.state.clone())).collect()
}

fn prompts(view: &View) -> Vec<&str> {
    view.takes.iter().map(|take| take.request.prompt.as_str()).collect()
}

fn saved(instance: &Instance) -> String {
    serde_json::to_string(&*instance.shared.session.lock()).expect("a session can be written")
}

fn restore(instance: &Instance, saved: &str) {
    instance.shared.session.replace(serde_json::from_str::<Session>(saved).expect("valid"));
    instance.worker.session_restored();
}

#[test]
fn variations_have_a_seed_and_every_version_each() {
    let (instance, engine) = with_engine();
    instance.link.generate(steps(8, "versions", 5), 5);
    let view = ended(&instance, 1);
    let seeds: Vec<_> = (5..10).collect();
    // All of them with one step, then all of them with two: there is something to choose from early.
    let rungs = [1, 2, 4, 8].into_iter().flat_map(|steps| seeds.iter().map(move |seed| (*seed, steps)));
    assert_eq!(begun(&engine), rungs.collect::<Vec<_>>());
    assert!(seeds.len() > TOGETHER, "more than one group");
    assert_eq!(view.takes.len(), 5);
    for (take, seed) in view.takes.iter().zip(seeds) {
        assert_eq!(take.request, made(steps(8, "versions", seed)));
        assert_eq!((take.audio().left(), take.step_counts()), (&*version(seed, 0.5, 8), vec![1, 2, 4, 8]));
        assert!(!take.peaks().is_empty());
    }
    assert_eq!(view.active_take, Some(TakeId(1)), "the first one is played, the others are to be chosen");
    assert!(instance.shared.session.lock().jobs().is_empty() && view.status.jobs.is_empty());
}

#[test]
fn variations_are_there_one_after_the_other_and_leave_the_choice_alone() {
    let (instance, _) = with_engine();
    // Above one step each takes a second and a half.
    instance.link.generate(steps(4, "refine", 1), 4);
    // The takes are there a moment before the job says so.
    let listed = |view: &View| view.status.running().is_some_and(|job| job.takes.len() == 4);
    let view = instance.wait("all drafts", |view| view.takes.len() == 4 && listed(view));
    let job = view.status.running().expect("it goes on").clone();
    assert_eq!((job.count, job.done, job.takes.len()), (4, 0, 4));
    assert!(view.takes.iter().all(|take| take.request.steps == 1));
    instance.link.select_take(TakeId(3));
    instance.wait("a better version of the first", |view| view.takes[0].has_steps(2));
    assert_eq!(instance.link.view().active_take, Some(TakeId(3)));
    instance.link.cancel(job.id);
    let view = ended(&instance, 1);
    assert_eq!((view.takes.len(), view.status.outcome), (4, Some(Outcome::Cancelled)), "what there is stays");
    assert_eq!(view.active_take, Some(TakeId(3)));
}

#[test]
fn variations_that_are_deleted_are_not_made_any_further_and_the_others_are() {
    let (instance, engine) = with_engine();
    instance.link.generate(steps(2, "refine", 1), 5);
    instance.wait("all drafts", |view| view.takes.len() == 5);
    // The first group of the second round is on its way.
    instance.link.delete_take(TakeId(5));
    let view = ended(&instance, 1);
    assert!(view.takes.iter().all(|take| take.request.steps == 2), "{:?}", view.takes);
    assert_eq!((view.takes.len(), view.bin.len(), view.bin[0].request.steps), (4, 1, 1));
    assert!(!begun(&engine).contains(&(5, 2)), "nobody wants it");
    assert!(matches!(view.status.outcome, Some(Outcome::Made(_))));
}

#[test]
fn a_second_click_is_queued_and_cancels_nothing() {
    let (instance, _) = with_engine();
    instance.link.set_prompt("slow");
    instance.link.generate(request("slow", 1), 1);
    instance.link.generate(request("a tone", 2), 2);
    instance.link.generate(request("another tone", 3), 1);
    let view = instance.wait("the list", |view| view.status.jobs.len() == 3);
    let queued = |prompt: &str| (prompt.to_owned(), JobState::Queued);
    assert_eq!(
        states(&view),
        [("slow".to_owned(), JobState::Running), queued("a tone"), queued("another tone")]
    );
    // What is edited meanwhile is for the next click.
    instance.link.set_prompt("something else");
    instance.link.set_draft_first(false);
    let view = ended(&instance, 3);
    assert_eq!(prompts(&view), ["slow", "a tone", "a tone", "another tone"]);
    assert_eq!(view.takes[1].audio().left(), tone(2, 0.5));
    assert_eq!(view.takes[1].step_counts(), [1, 3], "drafts were wanted when it was asked for");
    assert!(view.status.notice.is_none() && view.status.jobs.is_empty());
}

#[test]
fn each_job_can_be_cancelled() {
    let (instance, _) = with_engine();
    for (prompt, seed) in [("slow", 1), ("a tone", 2), ("slow too", 3), ("last", 4)] {
        instance.link.generate(request(prompt, seed), 1);
    }
    let jobs = instance.wait("the list", |view| view.status.jobs.len() == 4).status.jobs;
    instance.link.cancel(jobs[1].id);
    let view = instance.wait("its end", |view| view.status.jobs.len() == 3);
    assert_eq!(view.status.running().map(|job| job.id), Some(jobs[0].id), "the other one runs on");
    instance.link.cancel_running();
    instance.wait("the next", |view| view.status.running().is_some_and(|job| job.id == jobs[2].id));
    instance.link.cancel(jobs[1].id);
    instance.link.cancel(jobs[2].id);
    let view = ended(&instance, 4);
    assert_eq!(prompts(&view), ["last"]);
    assert!(matches!(view.status.outcome, Some(Outcome::Made(TakeId(1)))));
    // All at once.
    for seed in 0..3 {
        instance.link.generate(request("slow", seed), 4);
    }
    instance.wait("the list", |view| view.status.jobs.len() == 3);
    instance.link.cancel_all();
    let view = ended(&instance, 7);
    assert_eq!((view.takes.len(), instance.shared.session.lock().jobs().len()), (1, 0));
}

#[test]
fn a_job_that_fails_takes_no_other_with_it() {
    let (instance, _) = with_engine();
    for (prompt, seed) in [("slow", 1), ("fail", 2), ("a tone", 3), ("panic", 4), ("nan", 5), ("the last", 6)]
    {
        instance.link.generate(request(prompt, seed), 2);
    }
    let view = ended(&instance, 6);
    assert_eq!(prompts(&view), ["slow", "slow", "a tone", "a tone", "the last", "the last"]);
    assert!(
        view.status.notice.is_some_and(|notice| notice.text.contains("cannot be played")),
        "the last failure"
    );
}

/// A folder with a model called `name`.
fn model(parent: &std::path::Path, folder: &str, name: &str) -> std::path::PathBuf {
    let path = parent.join(folder);
    std::fs::create_dir_all(&path).expect("a folder can be made");
    std::fs::write(path.join(CONFIG_FILE), name).expect("a file can be written");
    path
}

fn folders() -> Arc<ModelCache> {
    Arc::new(ModelCache::new(Tones::new(Arc::default()), Places::forgetful()))
}

#[test]
fn a_missing_model_holds_up_only_the_jobs_that_need_it() {
    let library = tempfile::tempdir().expect("a folder");
    let instance = Instance::new(folders());
    instance.link.generate(request("slow", 1), 1);
    instance.link.use_model(Some(library.path().join("nowhere")));
    instance.link.generate(request("with the missing model", 2), 1);
    instance.link.use_model(None);
    instance.link.generate(request("with the default model", 3), 1);
    let view = ended(&instance, 3);
    assert_eq!(prompts(&view), ["slow", "with the default model"]);
    let [job] = view.status.jobs.as_slice() else { panic!("{:?}", view.status.jobs) };
    assert!(matches!(job.state, JobState::Missing(_)), "{job:?}");
    assert!(view.status.missing.is_some());
    assert!(view.status.notice.is_some_and(|notice| notice.text.contains("There is no model in")));
    // Another model is chosen, and the job is made by that.
    instance.link.use_model(Some(model(library.path(), "mine", "mine")));
    let view = ended(&instance, 4);
    assert_eq!(view.takes[2].request.model.name, "mine");
    assert!(view.status.missing.is_none() && view.status.notice.is_none());
}

#[test]
fn refining_makes_one_version_in_place_by_the_takes_own_recipe() {
    let (instance, engine) = with_engine();
    instance.link.generate(steps(1, "versions", 3), 2);
    ended(&instance, 1);
    instance.link.rename_take(TakeId(2), "mine");
    instance.link.set_prompt("another prompt");
    instance.link.refine(TakeId(2), 8);
    instance.link.refine(TakeId(2), 8);
    let view = ended(&instance, 2);
    assert_eq!(begun(&engine), [(3, 1), (4, 1), (4, 8)], "no drafts, and once");
    let take = &view.takes[1];
    assert_eq!((take.name.as_str(), &take.request), ("mine", &made(steps(8, "versions", 4))));
    assert_eq!((take.audio().left(), take.step_counts()), (&*version(4, 0.5, 8), vec![1, 8]));
    assert_eq!(
        (view.takes.len(), view.active_take),
        (2, Some(TakeId(1))),
        "what is played is the user's choice"
    );
    assert!(take.took(8).is_some() && take.took(1).is_some() && take.took(2).is_none());
    // Fewer steps do not take the place of what is heard.
    instance.link.refine(TakeId(2), 2);
    let view = ended(&instance, 3);
    assert_eq!((view.takes[1].request.steps, view.takes[1].step_counts()), (8, vec![1, 2, 8]));
}

#[test]
fn refining_goes_before_what_is_not_begun() {
    let (instance, engine) = with_engine();
    instance.link.generate(steps(1, "versions", 1), 1);
    ended(&instance, 1);
    instance.link.generate(steps(1, "slow", 2), 1);
    instance.link.generate(steps(1, "a tone", 3), 1);
    instance.link.refine(TakeId(1), 4);
    let view = instance.wait("the list", |view| view.status.jobs.len() == 3);
    let order: Vec<_> = view.status.jobs.iter().map(|job| (job.purpose, job.request.seed)).collect();
    assert_eq!(order, [(Purpose::Make, 2), (Purpose::Refine, 1), (Purpose::Make, 3)]);
    assert_eq!(view.status.jobs[1].takes, [TakeId(1)]);
    ended(&instance, 4);
    assert_eq!(begun(&engine), [(1, 1), (2, 1), (1, 4), (3, 1)]);
}

#[test]
fn an_old_take_is_refined_by_the_model_that_made_it() {
    let library = tempfile::tempdir().expect("a folder");
    let first = Instance::new(folders());
    first.link.use_model(Some(model(library.path(), "mine", "mine")));
    first.link.generate(steps(1, "versions", 3), 1);
    ended(&first, 1);
    first.link.use_model(None);
    let project = saved(&first);

    let second = Instance::new(folders());
    restore(&second, &project);
    second.link.refine(TakeId(1), 4);
    let view = second.wait("the question", |view| view.status.missing.is_some());
    assert_eq!(view.status.missing.map(|missing| missing.wanted.name), Some("mine".to_owned()));
    assert_eq!(view.takes[0].step_counts(), [1]);
    // Another model makes other sounds; this take is for its own.
    let elsewhere = tempfile::tempdir().expect("a folder");
    second.link.use_model(Some(model(elsewhere.path(), "other", "other")));
    second.wait("the same question", |view| view.status.ended == 2 && view.status.missing.is_some());
    second.link.use_model(Some(library.path().join("mine")));
    let view = second.wait("the version", |view| view.takes[0].has_steps(4) && !view.is_busy());
    assert_eq!((view.takes.len(), view.takes[0].request.model.name.as_str()), (1, "mine"));
}

#[test]
fn a_project_goes_on_with_everything_that_was_asked_for() {
    let project = {
        let (instance, _) = with_engine();
        instance.link.generate(steps(2, "refine", 1), 4);
        instance.link.generate(steps(1, "a tone", 9), 2);
        instance.wait("all drafts", |view| view.takes.len() == 4 && view.status.jobs.len() == 2);
        instance.link.delete_take(TakeId(2));
        saved(&instance).replace("refine", "versions")
    };
    let (instance, engine) = with_engine();
    restore(&instance, &project);
    let view = ended(&instance, 2);
    assert_eq!(
        begun(&engine),
        [(1, 2), (3, 2), (4, 2), (9, 1), (10, 1)],
        "what the project has is not made again"
    );
    assert_eq!(prompts(&view), ["versions", "versions", "versions", "a tone", "a tone"]);
    assert!(view.takes.iter().zip([2, 2, 2, 1, 1]).all(|(take, steps)| take.request.steps == steps));
    assert!(instance.shared.session.lock().jobs().is_empty());
}

#[test]
fn a_host_that_restores_what_it_has_saved_does_not_disturb_the_queue() {
    let (instance, engine) = with_engine();
    instance.link.generate(steps(1, "slow", 1), 2);
    instance.link.generate(steps(1, "a tone", 3), 1);
    let jobs = instance.wait("the list", |view| view.status.jobs.len() == 2).status.jobs;
    restore(&instance, &saved(&instance));
    let again = instance.wait("the list", |view| view.status.jobs.len() == 2 && view.epoch == 1).status.jobs;
    assert_eq!(
        again.iter().map(|job| job.id).collect::<Vec<_>>(),
        jobs.iter().map(|job| job.id).collect::<Vec<_>>()
    );
    let view = ended(&instance, 2);
    assert_eq!((begun(&engine), view.takes.len()), (vec![(1, 1), (2, 1), (3, 1)], 3));
    assert!(view.bin.is_empty());
}

#[test]
fn removing_an_instance_ends_its_queue() {
    let (instance, _) = with_engine();
    for seed in 0..4 {
        instance.link.generate(request("slow", seed), 4);
    }
    instance.wait("the list", |view| view.status.jobs.len() == 4);
    let clock = Instant::now();
    instance.worker.shutdown();
    // All of them would take 24 s.
    assert!(clock.elapsed() < Duration::from_secs(8));
    assert_eq!(instance.shared.session.lock().jobs().len(), 4, "a project saved now goes on with them later");
}
