//! The worker with a model whose sounds are known: takes, failures, cancelling, sharing.

use crate::engine::{RATE_HZ, ToneEngine, cache_of, tone};
use crate::instance::{Instance, is_at, made, request};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};
use straightshot::audio::AudioProcessor;
use straightshot::editor::link::View;
use straightshot::shared::{Outcome, Severity};
use straightshot_protocol::Stage;
use straightshot_takes::{Session, TakeId};

#[test]
fn a_request_becomes_the_active_take() {
    let instance = Instance::with_tones();
    assert!(!instance.worker.is_started(), "a fresh instance has no thread");
    instance.link.generate(request("a tone", 5), 1);
    let view = instance.wait("a take", |view| !view.takes.is_empty() && !view.is_busy());
    let take = view.active().expect("the new take is active");
    assert_eq!(take.audio().left(), tone(5, 0.5));
    assert_eq!(
        (take.audio().sample_rate_hz(), take.request.model.name.as_str(), take.name.as_str()),
        (RATE_HZ, "tone", "a tone")
    );
    assert_eq!(take.request, made(request("a tone", 5)));
    assert_eq!(view.status.model.as_deref(), Some("tone"));
    assert!(view.status.notice.is_none());
    assert!(instance.shared.session.lock().jobs().is_empty());
    assert!(instance.link.take_unsaved() && !instance.link.take_unsaved());
    assert_eq!(instance.told(), (1, Some(Outcome::Made(TakeId(1)))));
}

#[test]
fn a_failure_is_told_and_costs_nothing() {
    let instance = Instance::with_tones();
    instance.link.generate(request("a tone", 1), 1);
    instance.wait("a take", |view| !view.takes.is_empty() && !view.is_busy());
    instance.told();
    for (prompt, said) in [
        ("fail", "The test wants a failure"),
        ("panic", "internal error"),
        ("nan", "cannot be played"),
        ("", "empty"),
    ] {
        instance.link.generate(request(prompt, 2), 1);
        let view = instance.wait_until_idle();
        let message = view.status.notice.expect("the user is told");
        assert_eq!(message.severity, Severity::Error);
        assert!(message.text.contains(said), "{message:?}");
        assert_eq!(view.takes.len(), 1);
        assert_eq!(view.active_take, Some(TakeId(1)));
        assert!(instance.shared.session.lock().jobs().is_empty());
        assert!(matches!(view.status.outcome, Some(Outcome::Failed(failure)) if failure.text.contains(said)));
    }
    instance.link.generate(request("a tone again", 3), 1);
    let view = instance.wait("a second take", |view| view.takes.len() == 2 && !view.is_busy());
    assert!(view.status.notice.is_none(), "a new job takes the old message away");
}

#[test]
fn a_panic_names_its_cause_to_the_developer() {
    let instance = Instance::with_tones();
    instance.link.generate(request("panic", 1), 1);
    let message = instance.wait_until_idle().status.notice.expect("the user is told");
    assert_eq!(message.detail.split(": ").skip(1).collect::<Vec<_>>(), ["panic", "the test wants a panic"]);
}

#[test]
fn a_missing_model_folder_is_told() {
    let instance = Instance::with_tones();
    instance.link.use_model(Some("nowhere".into()));
    instance.link.generate(request("a tone", 1), 1);
    let view = instance.wait_until_idle();
    assert!(view.status.notice.is_some_and(|notice| notice.text.contains("There is no model in nowhere")));
}

#[test]
fn cancelling_takes_no_time_and_leaves_no_trace() {
    let instance = Instance::with_tones();
    instance.link.generate(request("slow", 1), 1);
    instance.wait("the job", View::is_busy);
    instance.link.cancel_running();
    let begun = Instant::now();
    let view = instance.wait("the end", |view| !view.is_busy());
    assert!(begun.elapsed() < Duration::from_secs(1));
    assert!(view.takes.is_empty() && view.status.notice.is_none() && view.status.progress().is_none());
    assert!(instance.shared.session.lock().jobs().is_empty());
    assert_eq!(instance.told(), (1, Some(Outcome::Cancelled)));
}

#[test]
fn ten_instances_share_one_model_and_take_turns() {
    let engine = Arc::new(ToneEngine::default());
    let models = cache_of(&engine);
    let instances: Vec<_> = (0..10).map(|_| Instance::new(models.clone())).collect();
    for (instance, seed) in instances.iter().zip(0..) {
        instance.link.generate(request("a tone", seed), 1);
    }
    for (instance, seed) in instances.iter().zip(0..) {
        let view = instance.wait("its take", |view| !view.takes.is_empty());
        assert_eq!(view.takes[0].audio().left(), tone(seed, 0.5), "everyone gets what they asked for");
    }
    assert_eq!(models.loads(), 1);
    assert_eq!(engine.most_at_once.load(Ordering::SeqCst), 1);
}

#[test]
fn a_waiting_instance_says_so_and_can_be_cancelled() {
    let models = cache_of(&Arc::new(ToneEngine::default()));
    let (first, second) = (Instance::new(models.clone()), Instance::new(models));
    first.link.generate(request("slow", 1), 1);
    first.wait("a running job", |view| is_at(view, Stage::Load));
    second.link.generate(request("a tone", 2), 1);
    second.wait("its turn", |view| is_at(view, Stage::Wait));
    second.link.cancel_running();
    let begun = Instant::now();
    second.wait("the end", |view| !view.is_busy());
    assert!(begun.elapsed() < Duration::from_secs(1));
    assert!(first.link.view().is_busy());
}

#[test]
fn removing_an_instance_ends_its_job() {
    let instance = Instance::with_tones();
    instance.link.generate(request("slow", 1), 1);
    instance.wait("the job", View::is_busy);
    let begun = Instant::now();
    instance.worker.shutdown();
    assert!(begun.elapsed() < Duration::from_secs(1));
    assert_eq!(instance.shared.session.lock().jobs().len(), 1, "a project saved now finishes the job later");
    instance.link.generate(request("a tone", 1), 1);
    assert!(instance.link.view().takes.is_empty(), "commands to a removed instance are ignored");
}

#[test]
fn a_restored_session_finishes_what_it_began() {
    let saved = {
        let instance = Instance::with_tones();
        instance.link.generate(request("slow", 3), 1);
        instance.wait("the job", View::is_busy);
        let session = instance.shared.session.lock();
        serde_json::to_string(&*session).expect("a session can be written").replace("slow", "soon")
    };
    let instance = Instance::with_tones();
    instance.shared.session.replace(serde_json::from_str::<Session>(&saved).expect("valid"));
    instance.worker.session_restored();
    let view = instance.wait("the take", |view| !view.takes.is_empty());
    assert_eq!(view.takes[0].audio().left(), tone(3, 0.5));
    assert_eq!(view.takes[0].request.prompt, "soon");
}

#[test]
fn a_session_without_a_job_starts_no_thread() {
    let instance = Instance::with_tones();
    instance.shared.session.replace(Session::default());
    instance.worker.session_restored();
    assert_eq!((instance.link.view().epoch, instance.told()), (1, (0, None)));
    assert!(!instance.worker.is_started());
}

#[test]
fn restoring_another_session_replaces_the_job() {
    let instance = Instance::with_tones();
    instance.link.generate(request("slow", 1), 1);
    instance.wait("the job", View::is_busy);
    let mut other = Session::default();
    other.begin(request("a tone", 2));
    instance.shared.session.replace(other);
    instance.worker.session_restored();
    let view = instance.wait("the other take", |view| !view.takes.is_empty() && !view.is_busy());
    assert_eq!(view.takes.len(), 1);
    assert_eq!(view.takes[0].audio().left(), tone(2, 0.5));
}

#[test]
fn restoring_the_session_that_is_being_worked_on_does_not_disturb() {
    let instance = Instance::with_tones();
    instance.link.generate(request("slow", 6), 1);
    instance.wait("the job", View::is_busy);
    let saved = serde_json::to_string(&*instance.shared.session.lock()).expect("a session can be written");
    instance.shared.session.replace(serde_json::from_str::<Session>(&saved).expect("valid"));
    instance.worker.session_restored();
    let view = instance.wait("the take", |view| !view.takes.is_empty() && !view.is_busy());
    assert!(view.bin.is_empty() && instance.shared.session.lock().jobs().is_empty());
    assert_eq!(instance.told().0, 1, "the job went on instead of beginning again");
}

#[test]
fn damage_in_a_restored_session_is_told() {
    let instance = Instance::with_tones();
    let damaged = r#"{"version":1,"takes":[{"id":1,"audio":"????"}],"pending":{"prompt":"a tone"}}"#;
    instance.shared.session.replace(serde_json::from_str::<Session>(damaged).expect("reading never fails"));
    instance.worker.session_restored();
    let view = instance.wait("the unfinished take", |view| {
        view.takes.len() == 2 && !view.is_busy() && view.status.notice.is_some()
    });
    let message = view.status.notice.expect("the user is told, and the job did not take the message away");
    assert_eq!(message.severity, Severity::Warning);
    assert!(message.text.contains("could not be read"));
    assert!(view.takes[0].damage.is_some());
}

#[test]
fn choosing_deleting_and_restoring_takes_reaches_the_audio_thread() {
    let instance = Instance::with_tones();
    let _audio = AudioProcessor::new(&instance.shared, 48_000);
    for seed in 1..=3 {
        instance.link.generate(request("a tone", seed), 1);
        instance.wait("a take", |view| view.takes.len() as u64 == seed && !view.is_busy());
    }
    instance.link.select_take(TakeId(1));
    assert_eq!(instance.link.view().active_take, Some(TakeId(1)));
    instance.link.delete_take(TakeId(1));
    let view = instance.link.view();
    assert_eq!((view.takes.len(), view.bin.len(), view.active_take), (2, 1, Some(TakeId(2))));
    instance.link.restore_take(TakeId(1));
    instance.link.rename_take(TakeId(1), "the first");
    let view = instance.link.view();
    assert_eq!((view.takes.len(), view.bin.len(), view.active_take), (3, 0, Some(TakeId(1))));
    assert_eq!(view.active().map(|take| take.name.as_str()), Some("the first"));
}
