//! What a user of the library waits for: opening a folder of 1,000 takes, searching it, finding what sounds alike.
//!
//! ```sh
//! cargo bench -p straightshot-takes --bench library                          # a table; nothing is asserted
//! cargo bench -p straightshot-takes --bench library -- --keep DIR            # leaves the folder there, to be looked at
//! cargo bench -p straightshot-takes --bench library -- --takes DIR           # the same with the takes of a folder
//! ```
//!
//! The sounds are made by rule and belong to eight kinds. How often the sounds that are found to be most alike are of the
//! same kind, or in a folder of your own have the same prompt, is printed too.

#![allow(clippy::print_stdout, clippy::unwrap_used, reason = "a program for developers")]

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};
use straightshot_protocol::{Audio, ContentHash, ModelId, Request};
use straightshot_takes::{
    Categories, Category, Keeper, Library, LibrarySound, Marks, Query, SessionStore, Sort, Take, TakeId, TakesFolder,
    distance,
};

const RATE_HZ: u32 = 44_100;
const TAKES: u64 = 1000;
const ROUNDS: usize = 15;
const LONG: Duration = Duration::from_secs(3600);

/// Name of a kind of sounds, and for each the speed of its decay in 1/s, its brightness, its attacks per second, its
/// share of tone.
const KINDS: [(&str, [f32; 4]); 8] = [
    ("wooden door creaks open", [0.5, 0.15, 7.0, 0.3]),
    ("glass breaks on a stone floor", [6.0, 0.9, 0.4, 0.5]),
    ("steady rain on leaves", [0.0, 0.8, 0.0, 0.0]),
    ("footsteps on gravel", [14.0, 0.6, 2.0, 0.0]),
    ("low engine idles", [0.0, 0.03, 11.0, 0.7]),
    ("sword is drawn", [2.0, 0.95, 0.0, 0.8]),
    ("wind howls around a tower", [0.0, 0.08, 0.3, 0.2]),
    ("heavy thud in a cellar", [9.0, 0.02, 0.0, 0.1]),
];
const PLACES: [&str; 5] = ["", " in a hall", " far away", " close to the ear", " in a café"];

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let value = |name: &str| {
        arguments.iter().position(|argument| argument == name).and_then(|at| arguments.get(at + 1)).map(PathBuf::from)
    };
    let (theirs, kept) = (value("--takes"), value("--keep"));
    let place = std::env::temp_dir().join(format!("straightshot-library-{}", std::process::id()));
    let folder = theirs.clone().or(kept.clone()).unwrap_or_else(|| place.clone());
    if theirs.is_none() {
        make(&folder);
    }
    let files = Arc::new(TakesFolder::new(&folder));
    if theirs.is_none() {
        mark(&files);
    }
    let library = first_time(&files);
    opening(&files);
    searching(&library);
    dump(&library); /// How often the nearest sounds are of the same kind.
#[expect(clippy::cast_precision_loss, reason = "counts")]
fn likeness(library: &Library) {
    let shelf = library.shelf();
    let kind = |sound: &LibrarySound| {
        let prompt = sound.heard.request.prompt.clone();
        let kind = KINDS.iter().position(|(kind, _)| prompt.starts_with(kind));
        kind.map_or(prompt, |kind| kind.to_string())
    };
    let kinds: Vec<_> = shelf.sounds.iter().map(|sound| kind(sound)).collect();
    let (mut first, mut five, mut counted, mut by_chance) = (0, 0, 0, 0.0);
    for (at, sound) in shelf.sounds.iter().enumerate() {
        let others = kinds.iter().filter(|other| **other == kinds[at]).count() - 1;
        if others == 0 {
            continue;
        }
        let mut near: Vec<_> = (0..kinds.len())
            .filter(|other| *other != at)
            .map(|other| (distance(&sound.heard.features, &shelf.sounds[other].heard.features), other))
            .collect();
        near.sort_by(|a, b| a.0.total_cmp(&b.0));
        counted += 1;
        first += usize::from(kinds[near[0].1] == kinds[at]);
        let count = others.min(5);
        five += 5 * near[..count].iter().filter(|(_, other)| kinds[*other] == kinds[at]).count() / count;
        by_chance += others as f64 / (kinds.len() - 1) as f64;
    }
    let share = |count: f64| 100.0 * count / f64::from(counted.max(1));
    println!(
        "of the same kind: the nearest of {:.1} % of {counted} sounds, {:.1} % of the five nearest; by chance {:.1} %",
        share(first as f64),
        share(five as f64 / 5.0),
        share(by_chance)
    );
}

/// Shortest and median time.
fn times(mut work: impl FnMut()) -> String {
    let mut times: Vec<Duration> = (0..ROUNDS)
        .map(|_| {
            let begun = Instant::now();
            work();
            begun.elapsed()
        })
        .collect();
    times.sort();
    format!("{:.2?} to {:.2?}", times[0], times[ROUNDS / 2])
}
