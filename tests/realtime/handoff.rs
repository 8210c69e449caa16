//! Clips on their way to the player and back.

use crate::counting::{Counts, watch};
use crate::player::{Bench, FADE, RATE_HZ, on};
use std::sync::{Arc, Weak};
use straightshot_playback::Clip;
use straightshot_playback::handoff::{CLIP_QUEUE, channel_with_capacity};

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
fn clips_of_another_rate_or_an_earlier_time_are_refused() {
    let mut bench = Bench::with(vec![0.5; 48_000]);
    bench.send(vec![0.9; 48_000], 44_100, 2);
    bench.send(vec![0.9; 48_000], RATE_HZ, 1);
    assert_eq!(bench.run(1000, &[on(0, 60)])[999], 0.5);
    assert_eq!(bench.telemetry.stale_clips(), 2);
    bench.send(vec![0.25; 48_000], RATE_HZ, 3);
    bench.send(vec![0.9; 48_000], RATE_HZ, 2);
    assert_eq!(bench.run(1000, &[])[999], 0.25, "of several the newest counts");
    assert_eq!(bench.telemetry.stale_clips(), 3);
}

#[test]
fn a_player_does_not_begin_with_a_clip_of_another_rate() {
    let (_sender, receiver) = straightshot_playback::handoff::channel();
    let clip = Arc::new(Clip::new(vec![1.0; 1000], 44_100, 1));
    let mut player = straightshot_playback::Player::new(receiver, Some(clip), RATE_HZ, Arc::default());
    let block = straightshot_playback::Block {
        mode: straightshot_playback::Mode::Note,
        keytrack: false,
        gain: 1.0,
        transport: straightshot_playback::Transport::default(),
    };
    let mut output = [1.0; 100];
    player.process(&block, [on(0, 60)], &mut output);
    assert_eq!(output, [0.0; 100]);
}

#[test]
fn a_full_clip_queue_keeps_the_newest() {
    let mut bench = Bench::with(vec![0.5; 48_000]);
    let count = CLIP_QUEUE as u64 + 20;
    for generation in 2..2 + count {
        bench.send(vec![generation as f32 / 100.0; 48_000], RATE_HZ, generation);
    }
    assert!(bench.sender.needs_service());
    bench.run(1000, &[on(0, 60)]);
    bench.sender.service();
    let sound = bench.run(1000, &[]);
    assert_eq!(sound[999], (1 + count) as f32 / 100.0);
}

#[test]
fn a_full_retire_queue_delays_new_clips_and_is_counted() {
    let mut bench = Bench::with_queues(vec![0.5; 480_000], channel_with_capacity(8, 1));
    bench.run(1000, &[on(0, 60)]);
    for generation in 2..10_u64 {
        bench.send(vec![generation as f32 / 100.0; 480_000], RATE_HZ, generation);
    }
    let mut output = vec![0.0; 1000];
    let ((), counts) = watch(|| {
        for _ in 0..10 {
            bench.player.process(&bench.block, [], &mut output);
        }
    });
    assert_eq!(counts, Counts::NONE);
    assert!(bench.telemetry.deferred_clips() >= 9, "every block that could not go on is counted");
    assert_eq!(output[999], 0.03, "it plays the newest one it could take over");
    for _ in 0..20 {
        bench.sender.service();
        bench.run(1000, &[]);
    }
    assert_eq!(bench.run(1000, &[])[999], 0.09, "the newest arrives as soon as there is room");
}

#[test]
fn what_the_player_let_go_is_freed_by_the_sender() {
    let mut bench = Bench::with(vec![0.5; 4800]);
    let sent: Vec<Weak<Clip>> = (2..10_u64)
        .map(|generation| {
            let clip = Arc::new(Clip::new(vec![0.1; 4800], RATE_HZ, generation));
            let weak = Arc::downgrade(&clip);
            bench.sender.send(clip);
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
    assert!(!bench.sender.needs_service());
}
