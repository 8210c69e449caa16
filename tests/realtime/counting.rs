//! An allocator that counts what the watched thread does.

use crate::syscalls;
use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::hint::black_box;

#[global_allocator]
static ALLOCATOR: Counting = Counting;

struct Counting;

/// Calls of the allocator made by one thread while it was watched.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    pub(crate) allocations: u64,
    pub(crate) frees: u64,
    /// Only of a thread under observation, see [`syscalls::observe`].
    pub(crate) syscalls: u64,
}

impl Counts {
    pub(crate) const NONE: Self = Self { allocations: 0, frees: 0, syscalls: 0 };
}

thread_local! {
    /// `Some` while the thread is watched. Constant and without a destructor, so that using it allocates nothing.
    static WATCH: Cell<Option<Counts>> = const { Cell::new(None) };
}

/// Runs `action` and counts what this thread allocates and frees in it.
pub(crate) fn watch<R>(action: impl FnOnce() -> R) -> (R, Counts) {
    let before = syscalls::count();
    WATCH.set(Some(Counts::default()));
    let result = action();
    let counts = WATCH.take().unwrap_or_default();
    (result, Counts { syscalls: syscalls::count() - before, ..counts })
}

fn count(change: impl FnOnce(&mut Counts)) {
    // The thread-local is gone while a thread ends; nothing is watched then.
    let _ = WATCH.try_with(|watch| {
        if let Some(mut counts) = watch.get() {
            change(&mut counts);
            watch.set(Some(counts));
        }
    });
}

// SAFETY: every call is passed on to the system's allocator unchanged; counting does not allocate.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(|counts| counts.allocations += 1);
        // SAFETY: the caller's promises are those that `System` needs.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        count(|counts| counts.allocations += 1);
        // SAFETY: as above.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, ptr: *mut u8, layout: Layout) {
        count(|counts| counts.frees += 1);
        // SAFETY: as above.
        unsafe { System.dealloc(ptr, layout) }
    }

    unsafe fn realloc(&self, ptr: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
        count(|counts| {
            counts.allocations += 1;
            counts.frees += 1;
        });
        // SAFETY: as above.
        unsafe { System.realloc(ptr, layout, new_size) }
    }
}

#[test]
fn the_detector_fires() {
    let (boxed, counts) = watch(|| black_box(Box::new([0_u8; 100])));
    assert_eq!(counts, Counts { allocations: 1, ..Counts::NONE });
    let ((), counts) = watch(|| drop(black_box(boxed)));
    assert_eq!(counts, Counts { frees: 1, ..Counts::NONE });
    let ((), counts) = watch(|| {
        let mut grown: Vec<u64> = Vec::new();
        for i in 0..100 {
            grown.push(black_box(i));
        }
        black_box(&grown);
    });
    assert!(counts.allocations > 1 && counts.allocations == counts.frees, "{counts:?}");
    let ((), counts) = watch(|| {
        black_box(1 + 1);
    });
    assert_eq!(counts, Counts::NONE);
}

#[test]
fn only_the_watched_thread_is_counted() {
    let stop = std::sync::atomic::AtomicBool::new(false);
    let ready = std::sync::Barrier::new(2);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            ready.wait();
            while !stop.load(std::sync::atomic::Ordering::Relaxed) {
                black_box(vec![0_u8; 64]);
            }
        });
        ready.wait();
        let ((), counts) = watch(|| {
            for i in 0..100_000_u64 {
                black_box(i);
            }
        });
        stop.store(true, std::sync::atomic::Ordering::Relaxed);
        assert_eq!(counts, Counts::NONE);
    });
}
