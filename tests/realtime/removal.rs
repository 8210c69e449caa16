//! How long the removal of an instance takes while the default model makes a long sound for it.

use crate::instance::Instance;
use std::time::{Duration, Instant};
use straightshot::shared::View;
use straightshot::worker::models::ModelCache;
use straightshot_protocol::Request;

#[test]
fn removing_an_instance_does_not_wait_for_its_sound() {
    // It keeps the model loaded, as another instance of a project does.
    let other = Instance::new(ModelCache::process());
    other.link.generate(Request { prompt: "rain".into(), seconds: 0.5, steps: 1, ..Request::default() });
    other.wait("a sound", |view| !view.takes.is_empty() && !view.is_busy());
    let mut all = Vec::new();
    for (steps, delays_ms) in
        [(100, (0..12).map(|i| 150 * i).collect::<Vec<u64>>()), (1, (0..40).map(|i| 50 * i).collect())]
    {
        for (i, delay_ms) in delays_ms.into_iter().enumerate() {
            let instance = Instance::new(ModelCache::process());
            instance.shared.session.lock().draft_first = false;
            let prompt = format!("heavy rain on a tin roof {i}");
            instance.link.generate(Request { prompt, seconds: 30.0, steps, ..Request::default() });
            instance.wait("the job", View::is_busy);
            std::thread::sleep(Duration::from_millis(delay_ms));
            let stage = instance.link.view().status.progress.map(|p| p.stage);
            let begun = Instant::now();
            instance.worker.shutdown();
            all.push((begun.elapsed(), steps, delay_ms, stage));
        }
    }
    all.sort_by_key(|(time, ..)| std::cmp::Reverse(*time));
    for (time, steps, delay_ms, stage) in all.iter().take(12) {
        println!("{:.0} ms: {steps} steps, after {delay_ms} ms, {stage:?}", time.as_secs_f64() * 1e3);
    }
    let worst = all[0].0;
    assert!(worst < Duration::from_millis(500), "{worst:?}");
}
