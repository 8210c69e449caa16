//! From takes in a session to what notes and the editor play of them.

use crate::engine::version;
use crate::instance::{Instance, request};
use crate::player::{off, on};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use straightshot::editor::link::{Audition, Begin, SoundId};
use straightshot::shared::Shared;
use straightshot::worker::Worker;
use straightshot_playback::{Block, Choice, Mode, Player};
use straightshot_protocol::{Audio, Request};
use straightshot_takes::{SessionStore, Take, TakeId, TakesFolder};

/// The rate of the takes, so that every sample is known.
const HOST_HZ: u32 = 44_100;
/// Longest fade of the player in samples, with a little to spare.
const FADE: usize = 500;

/// An instance with so many takes of a constant level each: the first is the quietest. All are starred.
fn starred(count: u64) -> Instance {
    let instance = Instance::with_tones();
    for id in 1..=count {
        add(&instance.shared, id);
        instance.link.set_starred(TakeId(id), true);
    }
    instance
}

fn level(id: u64) -> f32 {
    id as f32 / 16.0
}

fn add(shared: &Shared, id: u64) {
    let request = Request { seed: id, ..Request::default() };
    let audio = Audio::mono(HOST_HZ, vec![level(id); 20_000]);
    let take = Take::new(TakeId(id), request, &audio).expect("it is a sound");
    shared.session.lock().add_take(Arc::new(take));
}

struct Deck {
    player: Player,
    block: Block,
}

impl Deck {
    fn of(instance: &Instance) -> Self {
        let shared = &instance.shared;
        let player = Player::new(shared.connect(HOST_HZ), HOST_HZ, shared.telemetry.clone());
        Self { player, block: Block { mode: Mode::Gate, ..Block::default() } }
    }

    fn run(&mut self, frames: usize, events: &[straightshot_playback::NoteEvent]) -> Vec<f32> {
        let mut output = vec![f32::NAN; frames];
        self.player.process(&self.block, events.iter().copied(), &mut [&mut output]);
        output
    }

    /// Which take a short note played.
    fn hit(&mut self) -> u64 {
        let sound = self.run(200, &[on(0, 60), off(199, 60)])[150];
        self.run(FADE, &[]);
        (sound * 16.0).round() as u64
    }
}

/// Waits until the last of the sounds is ready.
fn wait_until_ready(instance: &Instance, count: usize) {
    instance.worker.prepare();
    instance.wait("all sounds", |view| view.readiness.ready == count && view.readiness.coming == 0);
}

#[test]
fn round_robin_plays_the_starred_takes_of_the_session() {
    let instance = starred(4);
    instance.link.set_starred(TakeId(2), false);
    let mut deck = Deck::of(&instance);
    wait_until_ready(&instance, 3);
    deck.block.choice = Choice::RoundRobin;
    let hits: Vec<_> = (0..6).map(|_| deck.hit()).collect();
    assert_eq!(hits, [1, 3, 4, 1, 3, 4]);
    instance.link.set_starred(TakeId(2), true);
    wait_until_ready(&instance, 4);
    assert_eq!(deck.hit(), 1);
    assert_eq!(deck.hit(), 2, "a star counts at once");
    instance.link.delete_take(TakeId(3));
    instance.wait("the deletion", |view| view.readiness.ready == 3);
    assert_eq!(deck.hit(), 4);
}

#[test]
fn round_robin_is_whole_from_the_first_block_of_an_offline_render() {
    let instance = starred(5);
    instance.shared.set_offline(true);
    let mut deck = Deck::of(&instance);
    deck.block.choice = Choice::RoundRobin;
    assert_eq!((0..5).map(|_| deck.hit()).collect::<Vec<_>>(), [1, 2, 3, 4, 5]);
}

#[test]
fn keys_play_the_takes_that_were_put_on_them() {
    let instance = starred(3);
    let mut deck = Deck::of(&instance);
    wait_until_ready(&instance, 3);
    deck.block.choice = Choice::Keys;
    assert_eq!(deck.hit(), 1, "the root key has the first");
    instance.link.arrange(|arrangement| {
        arrangement.keys.insert(60, TakeId(3));
    });
    instance.wait("the key", |view| !view.arrangement.keys.is_empty());
    let begun = Instant::now();
    while deck.hit() != 3 {
        assert!(begun.elapsed() < Duration::from_secs(10), "the key was never heard");
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// A host may activate the plugin at any time, also while the worker sends what can be played: each of the two waits for the
/// other only if they lock outlet and session in different orders.
#[test]
fn activations_while_sounds_are_sent_hold_up_nobody() {
    let instance = starred(3);
    let shared = Arc::clone(&instance.shared);
    let host = std::thread::spawn(move || (0..100_000).for_each(|_| drop(shared.connect(HOST_HZ))));
    let begun = Instant::now();
    // Both threads would wait for ever, and this one with them.
    let ended = Arc::new(AtomicBool::new(false));
    let watched = Arc::clone(&ended);
    std::thread::spawn(move || {
        while !watched.load(Ordering::Acquire) {
            if begun.elapsed() > Duration::from_secs(60) {
                eprintln!("host and worker wait for each other");
                std::process::abort();
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    });
    while !host.is_finished() {
        instance.link.arrange(|arrangement| {
            let key = arrangement.keys.keys().next().copied();
            match key {
                Some(key) => arrangement.keys.remove(&key),
                None => arrangement.keys.insert(60, TakeId(2)),
            };
        });
        std::thread::sleep(Duration::from_micros(50));
    }
    ended.store(true, Ordering::Release);
    host.join().expect("no activation panics");
}

#[test]
fn audition_plays_another_take_and_leaves_the_active_one() {
    let instance = Instance::with_tones();
    for id in 1..=3 {
        add(&instance.shared, id);
    }
    let mut deck = Deck::of(&instance);
    instance.link.play(&Audition { sound: Some(SoundId::of(TakeId(1))), ..Audition::default() });
    let heard = wait_for(&mut deck, level(1));
    assert!(heard, "it was never heard");
    let playing = instance.link.playing().expect("it plays");
    assert_eq!((playing.sound, playing.auditioned), (SoundId::of(TakeId(1)), true));
    assert_eq!(instance.link.view().active_take, Some(TakeId(3)));
    instance.link.play(&Audition { sound: Some(SoundId::of(TakeId(9))), ..Audition::default() });
    assert!(wait_for(&mut deck, level(1)), "a take that there is not changes nothing");
    instance.link.stop_audition();
    deck.run(FADE, &[]);
    assert_eq!(instance.link.playing(), None);
}

/// Runs until the output has this level.
fn wait_for(deck: &mut Deck, level: f32) -> bool {
    let begun = Instant::now();
    while begun.elapsed() < Duration::from_secs(10) {
        if deck.run(FADE, &[]).last().is_some_and(|sample| (sample - level).abs() < 1e-6) {
            return true;
        }
        std::thread::sleep(Duration::from_millis(2));
    }
    false
}

#[test]
fn ab_compare_of_versions_plays_each_without_showing_it() {
    let instance = Instance::with_tones();
    instance.link.generate(Request { steps: 8, ..request("versions", 1) }, 1);
    instance.wait_until_idle();
    let take = instance.link.view().active_take.expect("there is a take");
    let mut deck = Deck::of(&instance);
    for steps in [1, 4, 2, 8] {
        let sound = Some(SoundId::version(take, steps));
        instance.link.play(&Audition { sound, begin: Begin::At(0.1), gain: 0.5, ..Audition::default() });
        let expected = version(1, 0.5, steps);
        let begun = Instant::now();
        loop {
            let heard = deck.run(1000, &[]);
            let playing = instance.link.playing().map(|playing| playing.sound);
            // 0.1 s are 4,410 frames.
            if playing == sound && (heard[900] - 0.5 * expected[4410 + 900]).abs() < 1e-6 {
                break;
            }
            assert!(begun.elapsed() < Duration::from_secs(10), "{steps} steps were never heard");
            deck.player.reset();
            std::thread::sleep(Duration::from_millis(2));
            instance.link.play(&Audition { sound, begin: Begin::At(0.1), gain: 0.5, ..Audition::default() });
        }
    }
    assert_eq!(instance.link.view().active().map(|take| take.request.steps), Some(8));
}

#[test]
fn ab_compare_while_notes_play_changes_what_they_play_and_no_take() {
    let instance = Instance::with_tones();
    add(&instance.shared, 1);
    add(&instance.shared, 2);
    let mut deck = Deck::of(&instance);
    deck.block.mode = Mode::Loop;
    assert!((deck.run(1000, &[on(0, 60)])[999] - level(2)).abs() < 1e-6);
    instance.link.hear_instead(Some((SoundId::of(TakeId(1)), 2.0)));
    assert!(wait_for(&mut deck, 2.0 * level(1)));
    assert_eq!(instance.link.view().active_take, Some(TakeId(2)));
    instance.link.hear_instead(None);
    assert!(wait_for(&mut deck, level(2)));
}

#[test]
fn ab_compare_is_never_heard_in_an_offline_render() {
    let instance = Instance::with_tones();
    add(&instance.shared, 1);
    add(&instance.shared, 2);
    instance.link.hear_instead(Some((SoundId::of(TakeId(1)), 2.0)));
    // As a host does that bounces: it says so and activates the plugin anew.
    instance.shared.set_offline(true);
    let mut deck = Deck::of(&instance);
    deck.block.mode = Mode::Loop;
    assert!((deck.run(1000, &[on(0, 60)])[999] - level(2)).abs() < 1e-6);
    assert_eq!(instance.link.view().instead, None, "nor afterwards");
}

#[test]
fn an_edit_is_heard_in_what_plays() {
    let instance = Instance::with_tones();
    add(&instance.shared, 1);
    let mut deck = Deck::of(&instance);
    deck.block.mode = Mode::Loop;
    deck.run(1000, &[on(0, 60)]);
    let edit = straightshot_edits::Edit { gain_db: -6.0, ..straightshot_edits::Edit::default() };
    instance.shared.session.lock().set_edit(TakeId(1), edit, "Gain", None);
    instance.shared.keeper.wake();
    assert!(wait_for(&mut deck, level(1) * 10_f32.powf(-6.0 / 20.0)));
}

#[test]
fn loop_seamless_at_every_rate_of_the_host() {
    // A second of whole periods: as a loop it has no seam.
    let period = 100.0_f32;
    let sine = |frame: usize| 0.5 * (frame as f32 * std::f32::consts::TAU / period).sin();
    let instance = Instance::with_tones();
    let request = Request { seed: 1, ..Request::default() };
    let audio = Audio::mono(HOST_HZ, (0..44_100).map(sine).collect::<Vec<f32>>());
    let take = Take::new(TakeId(1), request, &audio).expect("it is a sound");
    instance.shared.session.lock().add_take(Arc::new(take));
    let looped = straightshot_edits::Loop { range: 0..44_100, ..Default::default() };
    let edit = straightshot_edits::Edit { looped: Some(looped), ..Default::default() };
    instance.shared.session.lock().set_edit(TakeId(1), edit, "Loop", None);
    assert!(instance.shared.keeper.wait_until_idle(Duration::from_secs(20)));
    for rate_hz in [44_100, 48_000, 88_200, 96_000] {
        let receiver = instance.shared.connect(rate_hz);
        let mut player = Player::new(receiver, rate_hz, instance.shared.telemetry.clone());
        let block = Block { mode: Mode::Loop, ..Block::default() };
        let mut sound = vec![0.0; 5 * rate_hz as usize / 2];
        player.process(&block, [on(0, 60)], &mut [&mut sound]);
        // Every hundredth of a second holds four whole periods.
        for (index, window) in sound.chunks(rate_hz as usize / 100).enumerate().skip(1) {
            let peak = window.iter().fold(0.0_f32, |peak, sample| peak.max(sample.abs()));
            assert!((0.49..0.51).contains(&peak), "{peak} after {index} hundredths at {rate_hz} Hz");
        }
        let step = sound[100..].windows(2).map(|pair| (pair[1] - pair[0]).abs()).fold(0.0, f32::max);
        let steepest = 0.5 * std::f32::consts::TAU * 441.0 / rate_hz as f32;
        assert!(step < 1.03 * steepest, "a step of {step} at {rate_hz} Hz");
    }
}

#[test]
fn a_starred_take_that_is_not_in_memory_is_read_and_played() {
    let place = tempfile::tempdir().expect("a folder");
    let folder = Arc::new(TakesFolder::new(place.path().join("takes")));
    let shared = || Arc::new(Shared::with_folder(Arc::new(SessionStore::default()), Some(folder.clone())));
    let first = shared();
    for id in 1..=3 {
        add(&first, id);
        first.session.lock().set_starred(TakeId(id), true);
    }
    assert!(first.keeper.wait_until_idle(Duration::from_secs(20)));
    let saved = straightshot_takes::document::with_references(&first.session.snapshot());
    let second = shared();
    let worker = Arc::new(Worker::new(second.clone(), crate::engine::cache_of(&Arc::default())));
    let instance = Instance::around(second, worker);
    instance.shared.session.replace(serde_json::from_str(&saved).expect("it was written so"));
    let mut deck = Deck::of(&instance);
    instance.worker.session_restored();
    wait_until_ready(&instance, 3);
    deck.block.choice = Choice::RoundRobin;
    assert_eq!((0..3).map(|_| deck.hit()).collect::<Vec<_>>(), [1, 2, 3]);
    instance.worker.shutdown();
}

#[test]
fn other_sample_rates_do_not_change_what_is_played_in_turn() {
    let instance = starred(3);
    for rate_hz in [48_000, 44_100, 96_000] {
        let receiver = instance.shared.connect(rate_hz);
        let mut player = Player::new(receiver, rate_hz, instance.shared.telemetry.clone());
        wait_until_ready(&instance, 3);
        let block = Block { choice: Choice::Number(1), ..Block::default() };
        let mut sound = vec![0.0; 4000];
        player.process(&block, [on(0, 60)], &mut [&mut sound]);
        assert!((sound[3000] - level(2)).abs() < 1e-3, "{} at {rate_hz} Hz", sound[3000]);
    }
}
