//! How long the removal of an instance takes, whatever the default model is doing for it.

use crate::instance::Instance;
use std::time::{Duration, Instant};
use straightshot::editor::link::View;
use straightshot::worker::models::ModelCache;
use straightshot_protocol::Request;

/// What a removal may take here; 0.2 s is wanted, and other tests compute at the same time.
const LIMIT: Duration = Duration::from_millis(500);

/// Removes an instance `after_ms` after its job of 30 s of sound has begun; says what it was doing.
fn remove(steps: u32, after_ms: u64) -> (Duration, String) {
    let instance = Instance::new(ModelCache::process());
    instance.shared.session.lock().draft_first = false;
    // No text is read twice.
    let prompt = format!("heavy rain on a tin roof {after_ms}");
    instance.link.generate(Request { prompt, seconds: 30.0, steps, ..Request::default() }, 1);
    let view = instance.wait("the job", View::is_busy);
    std::thread::sleep(Duration::from_millis(after_ms));
    let stage =
        instance.link.view().status.progress().or(view.status.progress()).map(|job| job.progress.stage);
    let begun = Instant::now();
    instance.worker.shutdown();
    (begun.elapsed(), format!("{steps} steps, after {after_ms} ms, {stage:?}"))
}

#[test]
fn removing_an_instance_does_not_wait_for_its_sound() {
    // Nobody else holds the model: it is loaded anew each time, and freed.
    let mut all: Vec<_> = (0..20).map(|i| remove(1, 40 * i)).collect();
    let other = Instance::new(ModelCache::process());
    other.link.generate(Request { prompt: "rain".into(), seconds: 0.5, steps: 1, ..Request::default() }, 1);
    other.wait("a sound", |view| !view.takes.is_empty() && !view.is_busy());
    all.extend((0..8).map(|i| remove(100, 200 * i)));
    all.extend((0..50).map(|i| remove(1, 25 * i)));
    all.sort_by_key(|(time, _)| std::cmp::Reverse(*time));
    for (time, doing) in all.iter().take(8) {
        println!("{:.0} ms: {doing}", time.as_secs_f64() * 1e3);
    }
    let (worst, doing) = &all[0];
    assert!(*worst < LIMIT, "{worst:?}: {doing}");
}
