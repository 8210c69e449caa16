//! Clips from one thread to another and back. Smaller under Miri, which looks for data races and runs a thousand times
//! slower.
#![expect(clippy::disallowed_methods, clippy::disallowed_macros, reason = "a test is no audio thread")]

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Weak};
use straightshot_playback::handoff::{self, BankSender};
use straightshot_playback::{Audition, Bank, Block, Clip, Mode, Player, Telemetry, Transport};

const RATE_HZ: u32 = 8000;
/// Clips that are sent while the player runs.
const CLIPS: u64 = if cfg!(miri) { 40 } else { 20_000 };
/// Longer than everything that is played.
const FRAMES: usize = if cfg!(miri) { 400 } else { 4000 };
/// Longest fade of the player, in samples at [`RATE_HZ`].
const FADE: usize = 80;

/// Sends a bank of one clip whose every sample is its generation, in one or two channels.
fn send(sender: &mut BankSender, generation: u64) -> Weak<Bank> {
    let level = f32::from(u16::try_from(generation).expect("few clips"));
    let channels = if generation.is_multiple_of(2) { 1 } else { 2 };
    let clip = Clip::new(vec![vec![level; FRAMES]; channels], RATE_HZ);
    let bank = Arc::new(Bank::of(clip.expect("one or two channels"), generation));
    let weak = Arc::downgrade(&bank);
    sender.send(bank).expect("generations grow");
    weak
}

#[test]
fn the_player_ends_with_the_newest_clip_and_the_sender_frees_all_others() {
    let (mut sender, receiver) = handoff::channel();
    let mut player = Player::new(receiver, RATE_HZ, Arc::default());
    let sent_all = AtomicBool::new(false);
    let (mut sent, newest) = std::thread::scope(|scope| {
        let sending = scope.spawn(|| {
            let sent: Vec<Weak<Bank>> = (1..=CLIPS)
                .map(|generation| {
                    if generation.is_multiple_of(16) {
                        std::thread::yield_now();
                    }
                    send(&mut sender, generation)
                })
                .collect();
            sent_all.store(true, Ordering::Release);
            sent
        });
        let mut newest = 0.0_f32;
        let mut last = false;
        while !last {
            // Read first: what was sent before it was set is taken over by the block that follows.
            last = sent_all.load(Ordering::Acquire);
            let (mut left, mut right) = ([0.0; FADE], [0.0; FADE]);
            // Played from the start, and faded in by the end of the block.
            player.reset();
            let block = Block {
                mode: Mode::Transport { looped: false },
                transport: Transport { playing: true, ..Transport::default() },
                ..Block::default()
            };
            player.process(&block, [], &mut [&mut left, &mut right]);
            assert_eq!(left[FADE - 1], right[FADE - 1]);
            assert!(left[FADE - 1] >= newest, "an older clip than before: {} < {newest}", left[FADE - 1]);
            newest = left[FADE - 1];
        }
        (sending.join().expect("the sender did not panic"), newest)
    });
    assert_eq!(newest, f32::from(u16::try_from(CLIPS).expect("few clips")));
    sender.service();
    assert!(!sender.needs_service());
    assert_eq!(sender.outstanding(), 1);
    assert!(sent.pop().is_some_and(|newest| newest.strong_count() == 1), "the player keeps what it plays");
    assert!(sent.iter().all(|clip| clip.strong_count() == 0));
    drop((player, sender));
}

#[test]
fn either_end_may_go_first() {
    let (mut sender, receiver) = handoff::channel();
    let mut player = Player::new(receiver, RATE_HZ, Arc::default());
    let run = |player: &mut Player| player.process(&Block::default(), [], &mut [&mut [0.0; FADE]]);
    let first = send(&mut sender, 1);
    run(&mut player);
    let second = send(&mut sender, 2);
    drop(sender);
    run(&mut player);
    assert_eq!((first.strong_count(), second.strong_count()), (1, 1), "nobody frees on the audio thread");
    drop(player);
    assert_eq!((first.strong_count(), second.strong_count()), (0, 0), "nothing is left");

    let (mut sender, receiver) = handoff::channel();
    let first = send(&mut sender, 1);
    drop(Player::new(receiver, RATE_HZ, Arc::default()));
    let second = send(&mut sender, 2);
    drop(sender);
    assert_eq!((first.strong_count(), second.strong_count()), (0, 0));
}

#[test]
fn the_editor_reads_what_the_player_writes() {
    let (mut sender, receiver) = handoff::channel();
    let telemetry = Arc::new(Telemetry::default());
    let mut player = Player::new(receiver, RATE_HZ, telemetry.clone());
    send(&mut sender, 1);
    let blocks = if cfg!(miri) { 20 } else { 2000 };
    let done = AtomicBool::new(false);
    let peak = std::thread::scope(|scope| {
        let editor = scope.spawn(|| {
            let mut peak = 0.0_f32;
            loop {
                let last = done.load(Ordering::Acquire);
                peak = peak.max(telemetry.meter.take_peak());
                assert!(telemetry.playhead().is_none_or(|playhead| (0.0..=1.0).contains(&playhead)));
                telemetry.request_audition(&Audition::default());
                if last {
                    return peak;
                }
                std::thread::yield_now();
            }
        });
        for _ in 0..blocks {
            player.process(&Block::default(), [], &mut [&mut [0.0; 16], &mut [0.0; 16]]);
        }
        telemetry.request_audition(&Audition::default());
        player.process(&Block::default(), [], &mut [&mut [0.0; FADE], &mut [0.0; FADE]]);
        done.store(true, Ordering::Release);
        editor.join().expect("the editor did not panic")
    });
    assert!(peak >= 1.0, "the last block alone has a peak of 1, not {peak}");
}
