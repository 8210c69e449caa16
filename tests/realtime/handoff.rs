//! Clips on their way to the player and back.

use crate::counting::{Counts, watch};
use crate::player::{Bench, FADE, RATE_HZ, on};
use std::sync::{Arc, Weak};
use straightshot_playback::handoff::{SendError, channel, channel_with_capacity};
use straightshot_playback::{Bank, Block, Clip, Player};

#[test]
fn a_new_clip_takes_over_with_a_crossfade() {
    let mut bench = Bench::with(vec![0.8; 48_000]);
    bench.run(1000, &[on(0, 60)]);
    let mut next = vec![0.0; 48_000];
    next[1000..].fill(-0.4);
    bench.send(next, RATE_HZ, 2);
    let sound = bench.run(1000, &[]);
    assert!((sound[0] - 0.8).abs() < 0.01, "it begins where the old clip was");
    assert_eq!(sound[FADE], -0.4, "and goes on at the same place of the new one");
    let step = sound.windows(2).map(|pair| (pair[1] - pair[0]).abs()).fold(0.0, f32::max);
    assert!(step < 0.01, "without a click, not a step of {step}");
}

#[test]
fn an_empty_clip_silences() {
    let mut bench = Bench::with(vec![0.8; 48_000]);
    bench.run(1000, &[on(0, 60)]);
    bench.send(Vec::new(), RATE_HZ, 2);
    assert_eq!(bench.run(1000, &[])[999], 0.0);
    assert_eq!(bench.run(1000, &[on(0, 60)]), [0.0; 1000]);
}

#[test]
fn clips_of_another_rate_are_refused() {
    let mut bench = Bench::with(vec![0.5; 48_000]);
    assert_eq!(bench.run(1000, &[on(0, 60)])[999], 0.5);
    bench.send(vec![0.9; 48_000], 44_100, 2);
    assert_eq!(bench.run(1000, &[])[999], 0.5, "the one that it has plays on");
    assert_eq!(bench.telemetry.stale_banks(), 1);
    bench.sender.service();
    assert_eq!(bench.sender.outstanding(), 1, "what was refused has come back");
    bench.send(vec![0.25; 48_000], RATE_HZ, 3);
    assert_eq!(bench.run(1000, &[])[999], 0.25);
}

#[test]
fn an_earlier_clip_cannot_replace_a_later_one() {
    let mut bench = Bench::with(vec![0.5; 48_000]);
    bench.send(vec![0.25; 48_000], RATE_HZ, 3);
    for generation in [1, 2, 3] {
        let late = Arc::new(Bank::of(Clip::mono(vec![0.9; 48_000], RATE_HZ), generation));
        let Err(SendError::Outdated(refused)) = bench.sender.send(late) else {
            panic!("{generation} was sent")
        };
        assert_eq!(refused.generation(), generation);
    }
    assert_eq!(bench.run(1000, &[on(0, 60)])[999], 0.25);
}

#[test]
fn a_player_does_not_begin_with_a_clip_of_another_rate() {
    let (mut sender, receiver) = channel();
    sender.send(Arc::new(Bank::of(Clip::mono(vec![1.0; 1000], 44_100), 1))).expect("the first");
    let mut player = Player::new(receiver, RATE_HZ, Arc::default());
    let mut output = [1.0; 100];
    player.process(&Block::default(), [on(0, 60)], &mut [&mut output]);
    assert_eq!(output, [0.0; 100]);
    sender.service();
    assert_eq!(sender.outstanding(), 0);
}

#[test]
fn nine_restores_without_audio_play_the_newest_take() {
    for restores in [1, 2, 8, 9, 10, 1000] {
        let mut bench = Bench::with(vec![0.9; 4800]);
        if restores == 9 {
            // Whether the player has taken over the first one makes no difference.
            bench.run(64, &[]);
        }
        let sent: Vec<Weak<Bank>> = (2..2 + restores)
            .map(|generation| {
                let clip = Arc::new(Bank::of(
                    Clip::mono(vec![generation as f32 / 2000.0; 4800], RATE_HZ),
                    generation,
                ));
                let weak = Arc::downgrade(&clip);
                bench.sender.send(clip).expect("generations grow");
                weak
            })
            .collect();
        let (newest, replaced) = sent.split_last().expect("at least one");
        assert!(
            replaced.iter().all(|clip| clip.strong_count() == 0),
            "nobody waits to free what was replaced"
        );
        assert_eq!(newest.strong_count(), 1);
        // Nobody calls `service`: a worker that was never started does not.
        let ((), counts) = watch(|| bench.player.process(&bench.block, [], &mut [&mut [0.0; 64]]));
        assert_eq!(counts, Counts::NONE);
        assert_eq!(bench.run(1000, &[on(0, 60)])[999], (1 + restores) as f32 / 2000.0, "{restores} restores");
    }
}

#[test]
fn the_clip_of_the_activation_is_counted_and_comes_back() {
    let mut bench = Bench::with(vec![0.5; 4800]);
    bench.run(64, &[]);
    assert_eq!(bench.sender.outstanding(), 1);
    assert!(!bench.sender.needs_service(), "the player keeps the only one");
    bench.send(vec![0.25; 4800], RATE_HZ, 2);
    assert!(bench.sender.needs_service(), "the first one will come back");
    bench.sender.service();
    assert!(bench.sender.needs_service(), "not before the audio thread has run");
    bench.run(64, &[]);
    bench.sender.service();
    assert!(!bench.sender.needs_service());
    assert_eq!(bench.sender.outstanding(), 1);
}

#[test]
fn clips_that_still_fade_delay_a_new_one_and_that_is_counted() {
    let mut bench = Bench::with(vec![0.5; 480_000]);
    bench.run(1000, &[on(0, 60)]);
    // A fade lasts 480 samples, or as long as the voice has sounded if that is less. So the fourth new clip, after 240,
    // finds three that fade and one that plays.
    let mut deferred = Vec::new();
    for (generation, frames) in (2..10_u64).zip([200, 30, 10, 1, 1, 1, 1, 1]) {
        bench.send(vec![generation as f32 / 100.0; 480_000], RATE_HZ, generation);
        let mut output = [0.0; 200];
        let ((), counts) = watch(|| bench.player.process(&bench.block, [], &mut [&mut output[..frames]]));
        assert_eq!(counts, Counts::NONE);
        deferred.push(bench.telemetry.deferred_banks());
    }
    assert_eq!(deferred, [0, 0, 0, 1, 2, 3, 4, 5]);
    bench.run(1000, &[]);
    assert_eq!(
        bench.run(1000, &[])[999],
        0.09,
        "the newest arrives when the fades are over, without any help"
    );
    bench.run(1000, &[]);
    bench.sender.service();
    assert_eq!(bench.sender.outstanding(), 1, "all others have come back at once");
}

#[test]
fn a_player_that_can_send_nothing_back_keeps_its_clips_and_counts() {
    let mut bench = Bench::with_queues(vec![0.5; 480_000], channel_with_capacity(0));
    bench.run(1000, &[on(0, 60)]);
    let mut heard = Vec::new();
    for generation in 2..10_u64 {
        bench.send(vec![generation as f32 / 100.0; 480_000], RATE_HZ, generation);
        let mut output = [0.0; 1000];
        let ((), counts) = watch(|| bench.player.process(&bench.block, [], &mut [&mut output]));
        assert_eq!(counts, Counts::NONE);
        heard.push(output[999]);
    }
    assert_eq!(
        heard,
        [0.02, 0.03, 0.04, 0.04, 0.04, 0.04, 0.04, 0.04],
        "it plays the last one it has room for"
    );
    assert_eq!(bench.telemetry.deferred_banks(), 5);
    assert_eq!(bench.sender.outstanding(), 5, "four in the player and one on its way");
}

#[test]
fn a_sender_that_is_gone_leaves_the_freeing_to_nobody() {
    let mut bench = Bench::with(vec![0.5; 4800]);
    bench.run(64, &[on(0, 60)]);
    let clip = Arc::new(Bank::of(Clip::mono(vec![0.25; 4800], RATE_HZ), 2));
    let Bench { mut player, mut sender, block, .. } = bench;
    sender.send(clip).expect("generations grow");
    drop(sender);
    let mut output = [0.0; 2000];
    let ((), counts) = watch(|| player.process(&block, [], &mut [&mut output]));
    assert_eq!(counts, Counts::NONE);
    assert_eq!(output[1000], 0.25);
}

#[test]
fn what_the_player_let_go_is_freed_by_the_sender() {
    let mut bench = Bench::with(vec![0.5; 4800]);
    let sent: Vec<Weak<Bank>> = (2..10_u64)
        .map(|generation| {
            let clip = Arc::new(Bank::of(Clip::mono(vec![0.1; 4800], RATE_HZ), generation));
            let weak = Arc::downgrade(&clip);
            bench.sender.send(clip).expect("generations grow");
            bench.run(64, &[]);
            weak
        })
        .collect();
    for _ in 0..20 {
        bench.run(64, &[]);
        bench.sender.service();
    }
    let alive = sent.iter().filter(|clip| clip.strong_count() > 0).count();
    assert_eq!(alive, 1, "only the clip that is played");
    assert_eq!(bench.sender.outstanding(), 1);
    assert!(!bench.sender.needs_service());
}
