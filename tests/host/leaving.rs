//! Removing, suspending and exiting in the middle of a job: soon, and with nothing left behind.

use crate::alone::{alone, clap_bundle, threads};
use anyhow::{Context, Result, ensure};
use std::fs;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};
use straightshot_tests::clap_host::{Bundle, Event, Instance, Renderer, request};

/// What leaving is to take.
const WANTED: Duration = Duration::from_millis(200);
/// What it may take once while other tests compute: a job's threads have less than normal priority and may have to wait.
const LIMIT: Duration = Duration::from_secs(1);
/// Load and unload cycles, if nobody asks for more by this variable.
const CYCLES: (&str, u64) = ("STRAIGHTSHOT_CYCLES", 40);
/// Cycles after which everything that a process makes once is there.
const WARM: u64 = 15;

/// An instance in the middle of a long job, some time after its beginning.
fn at_work(bundle: &Bundle, after: Duration) -> Result<(Instance, Renderer)> {
    let mut instance = Instance::new(bundle)?;
    let mut renderer = instance.activate(48_000.0, 512)?;
    let mut state = instance.state()?;
    state.ask_for(&request("thunder rolls over the hills", 24, 10.0, 1));
    instance.set_state(&state)?;
    let until = Instant::now() + after;
    while Instant::now() < until {
        instance.idle();
        renderer.render(512, &[Event::NoteOn { at: 0, key: 60 }])?;
        std::thread::sleep(Duration::from_millis(2));
    }
    Ok((instance, renderer))
}

#[test]
fn removing_and_suspending_do_not_wait_for_a_job() {
    alone(|| {
        let bundle = clap_bundle()?;
        let (mut suspended, mut removed) = (Duration::ZERO, Vec::new());
        for round in 0..30 {
            let (mut instance, renderer) = at_work(&bundle, Duration::from_millis(20 * round))?;
            let begun = Instant::now();
            instance.deactivate(renderer);
            suspended = suspended.max(begun.elapsed());
            let begun = Instant::now();
            drop(instance);
            removed.push(begun.elapsed());
        }
        removed.sort();
        let (usual, slowest) = (removed[removed.len() / 2], removed[removed.len() - 1]);
        println!("suspended within {suspended:?}, removed within {usual:?}, once {slowest:?}");
        ensure!(suspended < WANTED && usual < WANTED && slowest < LIMIT, "{suspended:?}, {removed:?}");
        Ok(())
    });
}

/// Since 1970, so that two processes can compare.
fn now() -> Result<Duration> {
    Ok(SystemTime::now().duration_since(UNIX_EPOCH)?)
}

/// Set in the process that is to exit; how many milliseconds its job has been going on then.
const EXITS: &str = "STRAIGHTSHOT_TEST_EXITS_AFTER";

#[test]
fn exiting_does_not_wait_for_a_job() {
    let exits = std::env::var(EXITS).ok();
    if let Some(after) = exits.and_then(|after| after.parse().ok()) {
        let bundle = clap_bundle().expect("there is a bundle");
        let job = at_work(&bundle, Duration::from_millis(after)).expect("it works");
        println!("exits at {}", now().expect("after 1970").as_nanos());
        // As a host that crashes or is ended while it quits: nothing is taken down.
        std::mem::forget((job, bundle));
        std::process::exit(0);
    }
    alone(|| {
        for after in [0, 50, 400, 900] {
            let child = Command::new(std::env::current_exe()?)
                .args([
                    "leaving::exiting_does_not_wait_for_a_job",
                    "--exact",
                    "--nocapture",
                    "--test-threads=1",
                ])
                .env(EXITS, after.to_string())
                .stdin(Stdio::null())
                .output()?;
            let ended = now()?;
            let said = String::from_utf8_lossy(&child.stdout);
            ensure!(child.status.success(), "{:?}: {said}", child.status);
            let exits = said.split("exits at ").nth(1).context("it did not say when")?;
            let exits: u64 = exits.lines().next().context("no number")?.trim().parse()?;
            let took = ended.saturating_sub(Duration::from_nanos(exits));
            println!("after {after} ms: {took:?}");
            ensure!(took < LIMIT, "exiting {after} ms into a job took {took:?}");
        }
        Ok(())
    });
}

/// What a process has of everything that could be left behind.
#[derive(Debug)]
struct Kept {
    threads: usize,
    files: usize,
    mappings: usize,
    /// Pages that belong to this process alone, in KiB.
    private_kib: u64,
}

fn kept() -> Result<Kept> {
    let rollup = fs::read_to_string("/proc/self/smaps_rollup")?;
    let private = |name: &str| -> Result<u64> {
        let line = rollup.lines().find_map(|line| line.strip_prefix(name)).context("no such line")?;
        Ok(line.trim().trim_end_matches("kB").trim().parse()?)
    };
    Ok(Kept {
        // The pool of candle is made once and kept for ever.
        threads: threads()?.iter().filter(|name| !name.starts_with("candle-bp")).count(),
        files: fs::read_dir("/proc/self/fd")?.count(),
        mappings: fs::read_to_string("/proc/self/maps")?.lines().count(),
        private_kib: private("Private_Dirty:")?,
    })
}

#[test]
fn many_cycles_in_the_middle_of_jobs_leave_nothing_behind() {
    alone(|| {
        let (variable, usual) = CYCLES;
        let cycles = std::env::var(variable).ok().and_then(|cycles| cycles.parse().ok()).unwrap_or(usual);
        keep_nothing_for_later();
        let mut warm = None;
        let mut slowest = Duration::ZERO;
        for cycle in 0..cycles {
            let bundle = clap_bundle()?;
            // From "not begun" over "loading the model" to "in the middle of the solver".
            let (mut instance, renderer) = at_work(&bundle, Duration::from_millis(cycle * 37 % 400))?;
            let begun = Instant::now();
            instance.deactivate(renderer);
            drop(instance);
            slowest = slowest.max(begun.elapsed());
            drop(bundle);
            if cycle + 1 == WARM {
                warm = Some(settled()?);
            }
        }
        let (warm, end) = (warm.context("too few cycles")?, settled()?);
        println!("{cycles} cycles, the slowest removal {slowest:?}: {warm:?} -> {end:?}");
        ensure!(end.threads <= warm.threads, "threads stayed: {warm:?} -> {end:?}");
        ensure!(end.files <= warm.files, "files stayed open: {warm:?} -> {end:?}");
        // Stacks that the C library keeps for the next thread come and go.
        ensure!(end.mappings <= warm.mappings + 8, "mappings stayed: {warm:?} -> {end:?}");
        let most = warm.private_kib + 4 * 1024;
        ensure!(end.private_kib <= most, "pages stayed: {warm:?} -> {end:?}");
        Ok(())
    });
}

/// What is kept once the threads that were told to end have ended, and the model of the last of them is freed: the least
/// of some seconds.
fn settled() -> Result<Kept> {
    let begun = Instant::now();
    let mut least = kept()?;
    while begun.elapsed() < Duration::from_secs(3) {
        std::thread::sleep(Duration::from_millis(100));
        give_back();
        let now = kept()?;
        least = Kept {
            threads: now.threads.min(least.threads),
            files: now.files.min(least.files),
            mappings: now.mappings.min(least.mappings),
            private_kib: now.private_kib.min(least.private_kib),
        };
    }
    Ok(least)
}

/// Has the C library use one arena, and ask the system for large blocks one by one. Else it keeps the free end of each arena,
/// up to 64 MB of it, and makes another whenever two threads meet: what is counted would be chance.
fn keep_nothing_for_later() {
    #[cfg(target_env = "gnu")]
    for (option, value) in [(libc::M_ARENA_MAX, 1), (libc::M_MMAP_THRESHOLD, 64 * 1024)] {
        // SAFETY: may be called at any time.
        let done = unsafe { libc::mallopt(option, value) };
        assert_eq!(done, 1, "the C library takes the option");
    }
}

/// Has the C library give back what was freed and it has kept for the next time, which is some ten megabytes or none.
fn give_back() {
    #[cfg(target_env = "gnu")]
    // SAFETY: may be called at any time.
    unsafe {
        libc::malloc_trim(0);
    }
}

#[test]
fn what_is_left_behind_is_noticed() {
    alone(|| {
        let before = kept()?;
        let file = fs::File::open("/proc/self/status")?;
        let ends = std::sync::Barrier::new(2);
        std::thread::scope(|scope| {
            scope.spawn(|| ends.wait());
            let leaked: &'static mut [u8] = Vec::leak(vec![1; 16 << 20]);
            std::hint::black_box(leaked);
            let after = kept();
            ends.wait();
            let after = after?;
            ensure!(after.threads > before.threads && after.files > before.files, "{before:?}, {after:?}");
            ensure!(after.private_kib > before.private_kib + 8 * 1024, "{before:?}, {after:?}");
            drop(file);
            Ok(())
        })
    });
}
