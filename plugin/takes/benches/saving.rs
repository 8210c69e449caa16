//! What a host waits for: saving and loading a full session, with the same calls that nice-plug makes around ours.
//!
//! `cargo bench -p straightshot-takes --bench saving` prints a table; nothing is asserted. The noise is the worst case
//! for FLAC: what a model makes packs better.

#![allow(clippy::print_stdout, clippy::unwrap_used, reason = "a program for developers")]

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};
use straightshot_protocol::{Audio, ModelId, Request};
use straightshot_takes::{Embed, Keeper, Session, SessionStore, Take, TakeId, TakesFolder, document};

const RATE_HZ: u32 = 44_100;
const TAKES: u64 = 32;
const SECONDS: u32 = 30;
const ROUNDS: usize = 9;

/// Decaying bursts of filtered noise, different in both channels.
#[expect(clippy::cast_precision_loss, reason = "lengths of sounds")]
fn bursts(seed: u64) -> Vec<f32> {
    let frames = RATE_HZ * SECONDS;
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut smooth = 0.0_f32;
    (0..frames)
        .map(|frame| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            let white = (state >> 40) as f32 / (1_u32 << 23) as f32 - 1.0;
            smooth += 0.2 * (white - smooth);
            smooth * (-((frame % 88_200) as f32) / 20_000.0).exp()
        })
        .collect()
}

fn resident_mib() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap_or("0");
    line.trim().trim_end_matches("kB").trim().parse::<f64>().unwrap_or(0.0) / 1024.0
}

/// As nice-plug saves: the field as text, and the text in the text of the state.
fn save(store: &SessionStore) -> Vec<u8> {
    let session = serde_json::to_string(&store.snapshot()).unwrap();
    let state = BTreeMap::from([("fields", BTreeMap::from([("session", session)]))]);
    serde_json::to_vec(&state).unwrap()
}

/// As nice-plug loads, with our repair before it.
fn load(state: &[u8], store: &SessionStore) {
    let state: BTreeMap<String, BTreeMap<String, String>> = serde_json::from_slice(state).unwrap();
    let text = document::readable(&state["fields"]["session"]);
    store.replace(serde_json::from_str::<Session>(&text).unwrap());
}

/// Time that this thread has computed so far, where the system tells; otherwise nothing.
fn computed() -> Duration {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    Duration::from_nanos(text.split_whitespace().next().and_then(|ns| ns.parse().ok()).unwrap_or(0))
}

/// Shortest and median time, and the median that the thread computed: on a machine with other work, waiting is not ours.
fn time(mut work: impl FnMut()) -> String {
    let mut times: Vec<_> = (0..ROUNDS)
        .map(|_| {
            let (begun, before) = (Instant::now(), computed());
            work();
            (begun.elapsed(), computed() - before)
        })
        .collect();
    times.sort();
    let (shortest, median) = (times[0].0, times[ROUNDS / 2].0);
    times.sort_by_key(|(_, computed)| *computed);
    format!("{shortest:.1?} to {median:.1?} ({:.1?} computed)", times[ROUNDS / 2].1)
}

fn main() {
    let place = std::env::temp_dir().join(format!("straightshot-saving-{}", std::process::id()));
    let folder = Arc::new(TakesFolder::new(&place));
    let store = Arc::new(SessionStore::default());
    let keeper = Keeper::new(store.clone(), Some(folder.clone()));
    let before = resident_mib();
    let mut made = Duration::ZERO;
    for id in 1..=TAKES {
        let audio = Audio::stereo(RATE_HZ, bursts(2 * id), bursts(2 * id + 1)).unwrap();
        let request =
            Request { model: ModelId::named("bench"), prompt: "rain".into(), seed: id, ..Request::default() };
        let begun = Instant::now();
        let take = Take::new(TakeId(id), request, &audio).unwrap();
        made += begun.elapsed();
        store.lock().add_take(Arc::new(take));
        keeper.wake();
    }
    assert!(keeper.wait_until_idle(Duration::from_secs(300)));
    println!("{TAKES} takes of {SECONDS} s in stereo, shortest and median of {ROUNDS}");
    println!("a take is packed in {:?}; memory of all: {:.0} MiB", made / 32, resident_mib() - before);
    for (name, embed) in [("8 MB", Embed::default()), ("nothing", Embed::Nothing), ("all", Embed::All)] {
        store.lock().embed = embed;
        assert!(keeper.wait_until_idle(Duration::from_secs(300)));
        let state = save(&store);
        let saving = time(|| drop(save(&store)));
        let again = time(|| load(&state, &store));
        let fresh = time(|| load(&state, &SessionStore::default()));
        println!(
            "embed {name}: {:.2} MB; save {saving}; load {fresh}; undo {again}",
            state.len() as f64 / 1e6
        );
    }
    store.lock().embed = Embed::default();
    let state = save(&store);
    let opened = Arc::new(SessionStore::default());
    let begun = Instant::now();
    load(&state, &opened);
    let opener = Keeper::new(opened.clone(), Some(folder));
    assert!(opener.wait_for_active(Duration::from_secs(60)));
    println!("a fresh instance has its active take after {:?}", begun.elapsed());
    assert!(opener.wait_until_idle(Duration::from_secs(300)));
    println!("and all of them after {:?}", begun.elapsed());
    drop((keeper, opener));
    std::fs::remove_dir_all(&place).unwrap();
}
