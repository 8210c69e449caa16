//! How long edits take that the keeper renders, and how much memory: 30 seconds of stereo with everything on, each tool alone,
//! and the search for a loop.
//!
//! `cargo bench -p straightshot-edits --bench rendering` prints a table; nothing is asserted.

#![allow(clippy::print_stdout, clippy::unwrap_used, reason = "a program for developers")]

use std::time::Instant;
use straightshot_edits::{Curve, Edit, Fade, Level, Loop, find_loop, loudness, render};
use straightshot_protocol::Audio;

const RATE_HZ: u32 = 44_100;
const SECONDS: u32 = 30;
const ROUNDS: usize = 9;

/// Filtered noise that swells.
#[expect(clippy::cast_precision_loss, reason = "lengths of sounds")]
fn texture(seed: u32) -> Vec<f32> {
    let (mut state, mut smooth) = (seed | 1, 0.0_f32);
    (0..RATE_HZ * SECONDS)
        .map(|frame| {
            state ^= state << 13;
            state ^= state >> 17;
            state ^= state << 5;
            let white = f32::from_bits(0x3f80_0000 | state >> 9) * 2.0 - 3.0;
            smooth += 0.2 * (white - smooth);
            0.5 * smooth * (1.0 + 0.2 * (frame as f32 / 30_000.0).sin())
        })
        .collect()
}

fn resident_mib() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap_or("0");
    line.trim().trim_end_matches("kB").trim().parse::<f64>().unwrap_or(0.0) / 1024.0
}

/// Median milliseconds of several calls.
fn milliseconds(mut work: impl FnMut()) -> f64 {
    let mut times: Vec<f64> = (0..ROUNDS)
        .map(|_| {
            let start = Instant::now();
            work();
            start.elapsed().as_secs_f64() * 1000.0
        })
        .collect();
    times.sort_by(f64::total_cmp);
    times[ROUNDS / 2]
}

fn main() {
    let source = Audio::stereo(RATE_HZ, texture(7), texture(99)).unwrap();
    let fade = |curve| Fade { frames: 44_100, curve };
    let all = Edit {
        trim: Some(10_000..1_300_000),
        semitones: 3.7,
        reverse: true,
        width: 1.4,
        looped: Some(Loop { range: 200_000..1_200_000, crossfade: 44_100, tilt_db: 2.0, only: false }),
        fade_in: fade(Curve::Exponential),
        fade_out: fade(Curve::S),
        level: Some(Level::Loudness(-23.0)),
        gain_db: -1.5,
    };
    let one = Edit::default();
    let before = resident_mib();
    for (name, edit) in [
        ("everything", all),
        ("trim", Edit { trim: Some(10_000..1_300_000), ..one.clone() }),
        ("speed", Edit { semitones: 3.7, ..one.clone() }),
        ("reverse", Edit { reverse: true, ..one.clone() }),
        ("loudness", Edit { level: Some(Level::Loudness(-23.0)), ..one.clone() }),
        ("gain", Edit { gain_db: -1.5, ..one.clone() }),
    ] {
        println!("{name:>12}: {:7.1} ms", milliseconds(|| drop(render(&source, &edit).unwrap())));
    }
    println!(
        "{:>12}: {:7.1} ms",
        "find a loop",
        milliseconds(|| {
            std::hint::black_box(find_loop(&source, &one)).unwrap();
        })
    );
    println!(
        "{:>12}: {:7.1} ms",
        "measure",
        milliseconds(|| {
            std::hint::black_box(loudness(&source));
        })
    );
    println!(
        "the sound has {:.1} MiB; most memory {before:.1} MiB before, {:.1} MiB after",
        source.bytes() as f64 / 1048576.0,
        resident_mib()
    );
}
