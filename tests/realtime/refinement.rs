//! Drafts that are refined in place, and switching between the versions of a take.

use crate::counting::{Counts, watch};
use crate::engine::{ToneEngine, cache_of, version};
use crate::instance::{Instance, is_at, made, request};
use crate::player::on;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use straightshot::audio::AudioProcessor;
use straightshot::editor::link::View;
use straightshot::params::StraightshotParams;
use straightshot::shared::{JobProgress, Outcome, Pass};
use straightshot_playback::{Block, Player};
use straightshot_protocol::{Request, Stage};
use straightshot_takes::{Session, TakeId};

/// The first take of a session.
const FIRST: TakeId = TakeId(1);
/// The host's sample rate in Hz.
const HOST_HZ: u32 = 48_000;

fn steps(steps: u32, prompt: &str, seed: u64) -> Request {
    Request { steps, ..request(prompt, seed) }
}

/// An instance with one take that has the versions 1, 2, 4 and 8, and the engine behind it.
fn refined() -> (Instance, Arc<ToneEngine>) {
    let engine = Arc::new(ToneEngine::default());
    let instance = Instance::new(cache_of(&engine));
    instance.link.generate(steps(8, "versions", 1), 1);
    instance.wait("the sound", |view| !view.takes.is_empty() && !view.is_busy());
    (instance, engine)
}

/// The steps of the sounds that were begun.
fn begun(engine: &ToneEngine) -> Vec<u32> {
    engine.begun.lock().expect("no panic while it is held").iter().map(|(_, steps)| *steps).collect()
}

fn is_refining(view: &View) -> bool {
    view.is_busy() && !view.takes.is_empty()
}

fn saved(instance: &Instance) -> String {
    serde_json::to_string(&*instance.shared.session.lock()).expect("a session can be written")
}

fn restore(instance: &Instance, saved: &str) {
    instance.shared.session.replace(serde_json::from_str::<Session>(saved).expect("valid"));
    instance.worker.session_restored();
}

#[test]
fn one_take_is_refined_in_place_and_has_every_version() {
    let (instance, engine) = refined();
    assert_eq!(begun(&engine), [1, 2, 4, 8]);
    let view = instance.link.view();
    assert_eq!((view.takes.len(), view.active_take), (1, Some(FIRST)));
    let take = view.active().expect("the take is active");
    assert_eq!(take.request, made(steps(8, "versions", 1)));
    assert_eq!((take.audio().left(), take.step_counts()), (&*version(1, 0.5, 8), vec![1, 2, 4, 8]));
    assert_eq!(instance.told(), (1, Some(Outcome::Made(FIRST))));
}

#[test]
fn progress_goes_up_from_the_draft_to_the_end() {
    let instance = Instance::with_tones();
    instance.link.generate(steps(8, "refine", 1), 1);
    let (mut last, mut passes) = (0.0, Vec::new());
    instance.wait("the second draft", |view| {
        if let Some(JobProgress { pass, progress }) = view.status.progress() {
            assert!(progress.fraction >= last, "{progress:?} after {last}");
            last = progress.fraction;
            if passes.last() != Some(&pass) {
                passes.push(pass);
            }
        }
        view.takes.first().is_some_and(|take| take.has_steps(2))
    });
    // Three units of 23 were the draft, four the next.
    assert!((0.1..0.5).contains(&last), "{last} in {passes:?}");
    assert!(passes.iter().any(|pass| matches!(pass, Pass::FirstDraft | Pass::Refinement)), "{passes:?}");
    instance.worker.shutdown();
}

#[test]
fn the_draft_is_there_and_plays_while_the_rest_is_made() {
    let instance = Instance::with_tones();
    let _receiver = instance.shared.connect(HOST_HZ);
    instance.link.generate(steps(24, "refine", 1), 1);
    let begun = Instant::now();
    let view = instance.wait("the draft", is_refining);
    assert!(begun.elapsed() < Duration::from_secs(1), "it does not wait for the second version");
    let take = view.active().expect("the draft is active");
    assert_eq!((take.request.steps, take.audio().left()), (1, &*version(1, 0.5, 1)));
    assert_eq!(view.status.running().map(|job| job.request.steps), Some(24));
    let status = instance
        .wait("progress", |view| view.status.progress().is_some_and(|job| job.progress.fraction > 0.0));
    assert!(status.is_busy());
}

#[test]
fn cancelling_keeps_the_draft_with_the_steps_it_has() {
    let instance = Instance::with_tones();
    instance.link.generate(steps(8, "refine", 1), 1);
    instance.wait("the draft", is_refining);
    instance.link.cancel_running();
    let begun = Instant::now();
    let view = instance.wait("the end", |view| !view.is_busy());
    assert!(begun.elapsed() < Duration::from_secs(1));
    let take = view.active().expect("the draft is kept");
    assert_eq!(take.request, made(steps(1, "refine", 1)));
    assert_eq!((take.audio().left(), take.step_counts()), (&*version(1, 0.5, 1), vec![1]));
    assert!(view.status.notice.is_none());
    assert_eq!(instance.told(), (1, Some(Outcome::Cancelled)));
    assert!(instance.shared.session.lock().jobs().is_empty());
}

#[test]
fn a_failure_after_the_draft_keeps_the_draft() {
    let instance = Instance::with_tones();
    instance.link.generate(steps(8, "tire", 1), 1);
    let view = instance.wait("the failure", |view| view.status.notice.is_some() && !view.is_busy());
    assert!(view.status.notice.is_some_and(|message| message.text.contains("tired")));
    assert_eq!(view.takes[0].request, made(steps(1, "tire", 1)));
    assert!(matches!(instance.told(), (1, Some(Outcome::Failed(_)))));
}

#[test]
fn deleting_the_draft_stops_the_job_and_can_be_undone() {
    let instance = Instance::with_tones();
    instance.link.generate(steps(8, "refine", 1), 1);
    instance.wait("the draft", is_refining);
    instance.link.delete_take(FIRST);
    let begun = Instant::now();
    let view = instance.wait("the end", |view| !view.is_busy());
    assert!(begun.elapsed() < Duration::from_secs(1));
    assert_eq!((view.takes.len(), view.bin.len()), (0, 1));
    instance.link.restore_take(FIRST);
    assert_eq!(instance.link.view().takes[0].request.steps, 1);
}

#[test]
fn another_take_that_was_chosen_stays_chosen() {
    let (instance, _) = refined();
    instance.link.generate(steps(2, "refine", 2), 1);
    instance.wait("the draft", is_refining);
    instance.wait("it is active", |view| view.active_take == Some(TakeId(2)));
    instance.link.select_take(FIRST);
    let view = instance.wait("the end", |view| !view.is_busy());
    assert_eq!(view.active_take, Some(FIRST));
    assert_eq!(view.takes[1].request.steps, 2);
}

/// A player of `instance` and the block it plays.
fn player(instance: &Instance) -> (Player, Block) {
    let shared = &instance.shared;
    let receiver = shared.connect(HOST_HZ);
    assert_eq!(shared.status().notice, None, "the take can be played");
    (Player::new(receiver, HOST_HZ, shared.telemetry.clone()), Block::default())
}

#[test]
fn switching_versions_makes_nothing_and_reaches_the_player() {
    let (instance, engine) = refined();
    let (mut player, block) = player(&instance);
    let mut peak = || {
        let mut sound = [0.0; 4096];
        player.reset();
        player.process(&block, [on(0, 60)], &mut [&mut sound]);
        sound.iter().fold(0.0_f32, |peak, sample| peak.max(sample.abs()))
    };
    let full = peak();
    for count in [2_u32, 8, 1, 4] {
        instance.link.show_steps(FIRST, count);
        let view = instance.link.view();
        let take = view.active().expect("it stays active");
        assert_eq!((take.id, take.request.steps), (FIRST, count));
        assert_eq!(take.audio().left(), version(1, 0.5, count));
        assert_eq!(take.step_counts(), [1, 2, 4, 8], "no version is lost by it");
        instance.wait("the version to be played", |_| (peak() / full - count as f32 / 8.0).abs() < 0.01);
    }
    instance.link.show_steps(FIRST, 3);
    instance.link.show_steps(TakeId(9), 1);
    std::thread::sleep(Duration::from_millis(50));
    assert_eq!(instance.link.view().takes[0].request.steps, 4, "a version that is not there changes nothing");
    assert_eq!((instance.told().0, begun(&engine)), (1, vec![1, 2, 4, 8]), "no job was begun");
    assert!(!instance.link.view().is_busy());
}

#[test]
fn moving_the_parameter_makes_nothing() {
    let (instance, engine) = refined();
    let params = StraightshotParams::new(instance.shared.session.clone(), &steps(8, "versions", 1));
    for value in [0.0, 0.3, 0.7, 1.0] {
        // What a host does when its automation moves the parameter.
        // SAFETY: the parameter outlives the call.
        unsafe { nice_plug::prelude::Param::as_ptr(&params.steps)._internal_set_normalized_value(value) };
        std::thread::sleep(Duration::from_millis(20));
    }
    assert_eq!(params.request().steps, 24);
    assert_eq!(instance.link.view().takes[0].request.steps, 8, "and chooses no version");
    assert_eq!((instance.told().0, begun(&engine)), (1, vec![1, 2, 4, 8]));
}

#[test]
fn without_drafts_only_what_was_asked_for_is_made() {
    let engine = Arc::new(ToneEngine::default());
    let instance = Instance::new(cache_of(&engine));
    instance.link.set_draft_first(false);
    instance.link.generate(steps(8, "versions", 1), 1);
    instance.wait("the sound", |view| !view.takes.is_empty() && !view.is_busy());
    assert_eq!(begun(&engine), [8]);
    assert_eq!(instance.told(), (1, Some(Outcome::Made(FIRST))));
    let other = Instance::with_tones();
    restore(&other, &saved(&instance));
    assert!(!other.link.view().draft_first, "the setting is part of the project");
}

#[test]
fn drafts_of_others_come_before_our_details() {
    let engine = Arc::new(ToneEngine::default());
    let models = cache_of(&engine);
    let (first, second) = (Instance::new(models.clone()), Instance::new(models));
    first.link.generate(steps(4, "slow", 1), 1);
    first.wait("the turn of the first", |view| is_at(view, Stage::Load));
    second.link.generate(steps(1, "a tone", 2), 1);
    second.wait("its sound", |view| !view.takes.is_empty());
    let order = engine.begun.lock().expect("no panic while it is held").clone();
    assert_eq!(order[..2], [(1, 1), (2, 1)], "{order:?}");
    assert_eq!(engine.most_at_once.load(Ordering::SeqCst), 1);
}

#[test]
fn a_project_saved_after_the_draft_goes_on_refining_it() {
    let project = {
        let instance = Instance::with_tones();
        instance.link.generate(steps(4, "refine", 3), 1);
        instance.wait("the draft", is_refining);
        saved(&instance).replace("refine", "versions")
    };
    let engine = Arc::new(ToneEngine::default());
    let instance = Instance::new(cache_of(&engine));
    restore(&instance, &project);
    assert_eq!(saved(&instance).matches("\"flac\"").count(), 1, "the draft is in the project");
    let view = instance.wait("the end", |view| !view.is_busy() && view.takes[0].request.steps == 4);
    assert_eq!((view.takes.len(), view.active_take), (1, Some(FIRST)));
    assert_eq!(view.takes[0].step_counts(), [1, 2, 4]);
    assert_eq!(begun(&engine), [2, 4], "what the project has is not made again");
}

#[test]
fn every_version_is_in_the_project_and_a_host_that_restores_its_own_state_loses_none() {
    let (instance, _) = refined();
    let project = saved(&instance);
    let other = Instance::with_tones();
    restore(&other, &project);
    let is_heard = |audio: &straightshot_protocol::Audio| !audio.is_empty();
    let view = other.wait("the versions", |view| {
        [1, 2, 4].iter().all(|steps| view.takes[0].audio_of(*steps).is_some_and(is_heard))
    });
    assert_eq!((view.takes[0].request.steps, view.takes[0].step_counts()), (8, vec![1, 2, 4, 8]));
    assert_eq!(view.takes[0].audio_of(2).map(|audio| audio.left().to_vec()), Some(version(1, 0.5, 2)));
    assert_eq!(saved(&other), project, "byte for byte");
    instance.link.show_steps(FIRST, 2);
    restore(&instance, &project);
    let view = instance.link.view();
    assert_eq!((view.takes[0].request.steps, view.takes[0].step_counts()), (8, vec![1, 2, 4, 8]));
    assert_eq!((view.takes.len(), view.bin.len()), (1, 0));
}

#[test]
fn process_never_touches_the_allocator_while_versions_change() {
    let (instance, _) = refined();
    let (mut player, block) = player(&instance);
    let stop = AtomicBool::new(false);
    let (counts, heard) = std::thread::scope(|scope| {
        let audio = scope.spawn(|| {
            let (mut total, mut heard) = (Counts::default(), [false; 2]);
            let (mut output, note) = ([0.0; 512], on(0, 60));
            let mut blocks = 0_u32;
            while !stop.load(Ordering::Relaxed) {
                // One voice at a time, so that its level tells the version.
                let begins = blocks.is_multiple_of(5);
                let ((), counts) = watch(|| {
                    if begins {
                        player.reset();
                    }
                    player.process(&block, [note].into_iter().filter(|_| begins), &mut [&mut output]);
                });
                total.allocations += counts.allocations;
                total.frees += counts.frees;
                let peak = output.iter().fold(0.0_f32, |peak, sample| peak.max(sample.abs()));
                // The version with one step, and the one with eight.
                heard[0] |= peak > 0.0 && peak < 0.03;
                heard[1] |= peak > 0.1;
                blocks += 1;
                std::thread::sleep(Duration::from_micros(200));
            }
            (total, heard)
        });
        for round in 0..200_usize {
            instance.link.show_steps(FIRST, [1, 8, 2, 1, 4, 8][round % 6]);
            std::thread::sleep(Duration::from_millis(if round.is_multiple_of(10) { 60 } else { 2 }));
        }
        // And while new drafts arrive.
        instance.link.generate(steps(24, "versions", 3), 1);
        instance.wait("the sound", |view| view.takes.len() == 2 && !view.is_busy());
        stop.store(true, Ordering::Relaxed);
        audio.join().expect("the audio thread lives")
    });
    assert_eq!(counts, Counts::NONE);
    assert_eq!(heard, [true, true], "both a quiet and a loud version must have been heard");
}

#[test]
fn an_activated_plugin_begins_with_the_shown_version() {
    let (instance, _) = refined();
    instance.link.show_steps(FIRST, 1);
    let _audio = AudioProcessor::new(&instance.shared, HOST_HZ);
    let shared = &instance.shared;
    let receiver = shared.connect(44_100);
    let mut player = Player::new(receiver, 44_100, shared.telemetry.clone());
    let mut sound = [0.0; 200];
    player.process(&Block::default(), [on(0, 60)], &mut [&mut sound]);
    assert_eq!(sound[100].to_bits(), version(1, 0.5, 1)[100].to_bits());
}
