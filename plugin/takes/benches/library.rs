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
    Categories, Category, Keeper, Library, LibrarySound, Marks, Query, SessionStore, Sort, Take, TakeId,
    TakesFolder, distance,
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
        arguments
            .iter()
            .position(|argument| argument == name)
            .and_then(|at| arguments.get(at + 1))
            .map(PathBuf::from)
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
    likeness(&library);
    drop(library);
    if kept.is_none() && theirs.is_none() {
        std::fs::remove_dir_all(&place).unwrap();
    }
}

/// A thousand takes in `folder`, as the plugin writes them.
fn make(folder: &Path) {
    let files = Arc::new(TakesFolder::new(folder));
    for first in (0..TAKES).step_by(50) {
        let store = Arc::new(SessionStore::default());
        for seed in first..(first + 50).min(TAKES) {
            let request = request(seed);
            let audio = sound(seed, request.seconds);
            store.lock().add_take(Arc::new(Take::new(TakeId(seed + 1), request, &audio).unwrap()));
        }
        let keeper = Keeper::new(store, Some(files.clone()));
        assert!(keeper.wait_until_idle(LONG));
    }
}

fn request(seed: u64) -> Request {
    let pick = |from: usize, by: u64| usize::try_from(seed / by).unwrap() % from;
    let (kind, place) = (KINDS[pick(KINDS.len(), 1)].0, PLACES[pick(PLACES.len(), 8)]);
    Request {
        model: ModelId::new(ContentHash::of([b"bench".as_slice()]), "made by rule"),
        prompt: format!("{kind}{place}"),
        seed: 1 + seed * 7919 % 100_000,
        steps: [1, 2, 4, 8, 24][pick(5, 3)],
        seconds: [0.5, 0.75, 1.0, 1.5, 2.0, 3.0][pick(6, 5)],
        ..Request::default()
    }
}

/// Every tenth has marks.
fn mark(files: &Arc<TakesFolder>) {
    let library = Library::new(files.clone(), None, Box::new(Words));
    library.look();
    assert!(library.wait_until_idle(LONG));
    let shelf = library.shelf();
    let marks = shelf.sounds.iter().filter(|sound| sound.heard.request.seed % 10 < 2).map(|sound| {
        let seed = sound.heard.request.seed;
        let marks = Marks {
            starred: seed % 10 == 1,
            rejected: seed % 20 == 10,
            name: (seed % 30 == 1).then(|| format!("Scene {} pick", seed % 97)),
            notes: if seed % 40 == 0 { "trim the start".to_owned() } else { String::new() },
            ..Marks::default()
        };
        (sound.hash(), marks)
    });
    library.mark(marks.collect());
    assert!(library.wait_until_idle(LONG));
}

/// Filtered noise and a tone with attacks and a decay.
#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "short sounds"
)]
fn sound(seed: u64, seconds: f64) -> Audio {
    let [decay, brightness, attacks, tone] = KINDS[usize::try_from(seed).unwrap() % KINDS.len()].1;
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut random = move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 40) as f32 / (1_u32 << 23) as f32 - 1.0
    };
    let mut vary = |value: f32, by: f32| value * (1.0 + by * random());
    let (decay, brightness, attacks) =
        (vary(decay, 0.25), vary(brightness, 0.15).min(1.0), vary(attacks, 0.15));
    let (hz, level) = (vary(60.0 + 4000.0 * brightness, 0.15), vary(0.5, 0.5));
    let mut smooth = 0.0_f32;
    let frames = (seconds * f64::from(RATE_HZ)) as usize;
    let samples = (0..frames).map(|frame| {
        let time = frame as f32 / RATE_HZ as f32;
        let since = if attacks > 0.0 { (time * attacks).fract() / attacks } else { time };
        smooth += brightness * (random() - smooth);
        let wave = (std::f32::consts::TAU * hz * time).sin();
        let envelope = (-decay * since).exp() * (1.0 - (-200.0 * since).exp());
        level * envelope * ((1.0 - tone) * smooth + tone * 0.5 * wave)
    });
    Audio::mono(RATE_HZ, samples.collect::<Vec<_>>())
}

struct Words;

impl Categories for Words {
    fn propose(&self, prompt: &str) -> Option<Category> {
        prompt.contains("door").then(|| self.named("DOORWood")).flatten()
    }

    fn named(&self, id: &str) -> Option<Category> {
        Some(Category { id: id.to_owned(), words: "DOORS WOOD".to_owned() })
    }
}

/// Opens the folder without an index.
#[expect(clippy::cast_precision_loss, reason = "for display")]
fn first_time(files: &Arc<TakesFolder>) -> Library {
    let _ = std::fs::remove_file(files.path().join("library.jsonl"));
    let begun = Instant::now();
    let library = Library::new(files.clone(), None, Box::new(Words));
    library.look();
    assert!(library.wait_until_idle(LONG));
    let shelf = library.shelf();
    let seconds: f64 = shelf.sounds.iter().map(|sound| sound.heard.seconds()).sum();
    let index = std::fs::metadata(files.path().join("library.jsonl")).map_or(0, |about| about.len());
    println!(
        "{} takes, {seconds:.0} s of sound; without an index it takes {:.1?}; the index has {:.2} MB",
        shelf.sounds.len(),
        begun.elapsed(),
        index as f64 / 1e6
    );
    library
}

/// From nothing to all sounds on the shelf.
fn opening(files: &Arc<TakesFolder>) {
    let times = times(|| {
        let library = Library::new(files.clone(), None, Box::new(Words));
        library.look();
        assert!(library.wait_until_idle(LONG) && !library.shelf().sounds.is_empty());
    });
    println!("opening: {times}");
    let library = Library::new(files.clone(), None, Box::new(Words));
    library.look();
    assert!(library.wait_until_idle(LONG));
    let again = self::times(|| {
        library.look();
        assert!(library.wait_until_idle(LONG));
    });
    println!("looking again: {again}");
}

fn searching(library: &Library) {
    let shelf = library.shelf();
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_millis();
    let now = u64::try_from(now).unwrap();
    for text in ["", "d", "door", "DOOR hall creak", "cafe -glass", "nothing of this"] {
        for sort in [Sort::Newest, Sort::Name] {
            let query = Query { text: text.to_owned(), sort, ..Query::default() };
            let mut found = 0;
            let times = times(|| found = query.find(&shelf.sounds, now).len());
            println!("searching {text:?} by {sort:?}: {times}, {found} found");
        }
    }
    let like = shelf.sounds.first().map(|sound| sound.heard.features.clone());
    let query = Query { like, ..Query::default() };
    println!("finding what is alike: {}", times(|| drop(query.find(&shelf.sounds, now))));
}

/// How often the nearest sounds are of the same kind.
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
