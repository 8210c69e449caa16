//! What comes from outside is read to a value or an error, whatever its bytes are: no panic, no end of the program, no
//! hour of work and no room that its bytes do not ask for.
//!
//! `tests/fuzz/corpus` keeps a few small inputs of every kind, and every input that ever broke something. A run reads
//! them all, and then what becomes of them by chance: the same in every run, `STRAIGHTSHOT_FUZZ` times as many as usual.
//! An input that breaks something is kept in the build's temporary folder, from where it goes into the corpus.

#[path = "fuzz/mutate.rs"]
mod mutate;
#[path = "fuzz/readers.rs"]
mod readers;

use mutate::Dice;
use std::alloc::{GlobalAlloc, Layout, System};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

/// The most that may be asked for at once on account of an input of some kilobytes.
const MOST_BYTES: usize = 256 << 20;
/// The longest that one input may take on a busy machine.
const MOST_TIME: Duration = Duration::from_secs(10);

#[global_allocator]
static ALLOCATOR: Measuring = Measuring;

/// Remembers the largest piece that was asked for.
struct Measuring;

static LARGEST: AtomicUsize = AtomicUsize::new(0);

// SAFETY: every call is passed on to the system's allocator unchanged.
unsafe impl GlobalAlloc for Measuring {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        LARGEST.fetch_max(layout.size(), Ordering::Relaxed);
        // SAFETY: the caller's promises are those that `System` needs.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        LARGEST.fetch_max(layout.size(), Ordering::Relaxed);
        // SAFETY: as above.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, ptr: *mut u8, layout: Layout) {
        // SAFETY: as above.
        unsafe { System.dealloc(ptr, layout) }
    }

    unsafe fn realloc(&self, ptr: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
        LARGEST.fetch_max(new_size, Ordering::Relaxed);
        // SAFETY: as above.
        unsafe { System.realloc(ptr, layout, new_size) }
    }
}

/// What is wrong with how an input was read, if something is.
fn fault(reader: &dyn Fn(&[u8]), input: &[u8]) -> Option<String> {
    LARGEST.store(0, Ordering::Relaxed);
    let begun = Instant::now();
    let read = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| reader(input)));
    let (took, largest) = (begun.elapsed(), LARGEST.load(Ordering::Relaxed));
    match read {
        Err(_) => Some("it panicked".to_owned()),
        Ok(()) if took > MOST_TIME => Some(format!("it took {took:?}")),
        Ok(()) if largest > MOST_BYTES => Some(format!("it asked for {largest} bytes at once")),
        Ok(()) => None,
    }
}

fn corpus(name: &str) -> Vec<(PathBuf, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus").join(name);
    let entries = std::fs::read_dir(&folder).expect("there is a corpus");
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.expect("it can be listed").path()).collect();
    paths.sort();
    assert!(!paths.is_empty(), "{} is empty", folder.display());
    paths.into_iter().map(|path| (path.clone(), std::fs::read(path).expect("it can be read"))).collect()
}

/// Reads the corpus called `name`, and `usual` inputs made of it.
fn try_all(name: &str, usual: usize, reader: impl Fn(&[u8])) {
    // Sizes of pieces are counted for the whole program.
    static ONE_AT_A_TIME: std::sync::Mutex<()> = std::sync::Mutex::new(());
    let _turn = ONE_AT_A_TIME.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    let corpus = corpus(name);
    for (path, input) in &corpus {
        if let Some(fault) = fault(&reader, input) {
            panic!("{}: {fault}", path.display());
        }
    }
    let factor = std::env::var("STRAIGHTSHOT_FUZZ").ok().and_then(|factor| factor.parse().ok()).unwrap_or(1);
    let inputs: Vec<&[u8]> = corpus.iter().map(|(_, input)| input.as_slice()).collect();
    let mut dice = Dice::of(name);
    // Written before it is read: what ends the program is there afterwards.
    let kept = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("fuzz-{name}"));
    for number in 0..usual * factor {
        let input = mutate::one(&mut dice, &inputs);
        std::fs::write(&kept, &input).expect("the folder is there");
        if let Some(fault) = fault(&reader, &input) {
            panic!("input {number}, kept as {}: {fault}", kept.display());
        }
    }
    std::fs::remove_file(&kept).expect("it was written");
}

#[test]
fn sessions_of_projects() {
    try_all("document", 2000, readers::document);
}

#[test]
fn the_index_of_the_takes_folder() {
    try_all("index", 60, readers::index);
}

#[test]
fn sound_files() {
    try_all("sound", 1000, readers::sound);
}

#[test]
fn metadata_in_sound_files() {
    try_all("ixml", 300, readers::ixml);
}

#[test]
fn tables_of_captions() {
    try_all("table", 300, readers::table);
}

#[test]
fn weights_of_models() {
    try_all("weights", 2000, readers::weights);
}

#[test]
fn configs_of_models() {
    try_all("config", 2000, readers::config);
}

#[test]
fn the_detectors_fire() {
    let faults = [
        fault(&|_| panic!("on purpose"), b""),
        fault(&|_| drop(std::hint::black_box(Vec::<u8>::with_capacity(2 * MOST_BYTES))), b""),
        fault(&|_| (), b""),
    ];
    assert_eq!(faults.each_ref().map(Option::is_some), [true, true, false], "{faults:?}");
}
