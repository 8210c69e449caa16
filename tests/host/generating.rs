//! A project that was saved with an unfinished job gets its sound: the whole path from prompt to audio output.

use crate::alone::{alone, clap_bundle, journal, threads};
use anyhow::{Result, ensure};
use serde_json::{Value, json};
use std::time::{Duration, Instant};
use straightshot_tests::clap_host::{Bundle, Event, Instance, PluginState, request};

/// How long a short sound may take on a slow and busy machine.
const LIMIT: Duration = Duration::from_secs(300);
/// Seconds of the sounds made here: the shortest possible keep the tests quick.
const SECONDS: f64 = 0.25;

/// Makes the sound of `request` in a fresh instance and returns the finished state.
fn generate(bundle: &Bundle, request: &Value) -> Result<PluginState> {
    let mut instance = Instance::new(bundle)?;
    ask(&mut instance, request)?;
    let mut renderer = instance.activate(48_000.0, 256)?;
    let state = instance.finish_pending(&mut renderer, LIMIT)?;
    instance.deactivate(renderer);
    Ok(state)
}

/// Restores a state in which `request` is unfinished.
fn ask(instance: &mut Instance, request: &Value) -> Result<()> {
    let mut state = instance.state()?;
    state.ask_for(request);
    instance.set_state(&state)
}

/// The largest sample.
fn peak(samples: &[f32]) -> f32 {
    samples.iter().fold(0.0, |peak, sample| peak.max(sample.abs()))
}

#[test]
fn an_unfinished_job_becomes_a_take_that_a_note_plays() {
    alone(|| {
        let bundle = clap_bundle()?;
        let mut instance = Instance::new(&bundle)?;
        let mut renderer = instance.activate(44_100.0, 512)?;
        let wanted = request("a glass bottle smashes on stone", 2, 0.7, 42);
        ask(&mut instance, &wanted)?;
        let state = instance.finish_pending(&mut renderer, LIMIT)?;
        let failed = journal().events_after_jobs("failed", 1);
        assert!(failed.is_empty(), "{failed:?}");

        let take = state.active_take()?;
        // The take says besides which model has made it, by the hash of its content.
        let mut made_from = take.request.clone();
        let model = made_from.as_object_mut().and_then(|fields| fields.remove("model"));
        assert_eq!(made_from, wanted);
        let hash = model.as_ref().and_then(|model| model["hash"].as_str());
        assert!(hash.is_some_and(|hash| hash.len() == 64), "{model:?}");
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a length of some seconds"
        )]
        let expected = (0.7 * f64::from(take.sample_rate_hz)).round() as usize;
        assert_eq!(take.samples.len(), expected);
        assert!(take.samples.iter().all(|sample| sample.is_finite()));
        assert!(peak(&take.samples) > 0.01, "peak {}", peak(&take.samples));

        let done = journal().events("done");
        assert_eq!(done.len(), 1);
        for field in ["text_ms", "flow_ms", "decode_ms", "resample_ms", "load_ms", "rtf", "peak_rss_mib"] {
            assert!(done[0][field].as_f64().is_some_and(f64::is_finite), "{field} in {}", done[0]);
        }
        assert_eq!((&done[0]["steps"], &done[0]["seed"]), (&json!(2), &json!(42)));

        // The clip may need a moment to reach the audio thread.
        let start = Instant::now();
        loop {
            instance.idle();
            let [left, right] = renderer.render(44_100, &[Event::NoteOn { at: 0, key: 60 }])?;
            if peak(&left) > 0.0 {
                assert!((peak(&left) / peak(&take.samples) - 1.0).abs() < 0.1);
                assert_eq!(left, right);
                break;
            }
            ensure!(start.elapsed() < LIMIT, "the take is never heard");
            std::thread::sleep(Duration::from_millis(5));
        }
        instance.deactivate(renderer);
        Ok(())
    });
}

#[test]
fn equal_seeds_give_equal_sounds_and_other_seeds_and_prompts_do_not() {
    alone(|| {
        let bundle = clap_bundle()?;
        let sound = |prompt, seed| {
            anyhow::Ok(generate(&bundle, &request(prompt, 1, SECONDS, seed))?.active_take()?.samples)
        };
        let first = sound("footsteps on gravel", 5)?;
        assert_eq!(sound("footsteps on gravel", 5)?, first);
        assert_ne!(sound("footsteps on gravel", 6)?, first);
        assert_ne!(sound("a door creaks", 5)?, first);
        Ok(())
    });
}

#[test]
fn ten_instances_share_one_model() {
    alone(|| {
        let bundle = clap_bundle()?;
        let mut instances = (0..10).map(|_| Instance::new(&bundle)).collect::<Result<Vec<_>>>()?;
        for (seed, instance) in (0..).zip(&mut instances) {
            ask(instance, &request("rain on a tin roof", 1, SECONDS, seed))?;
        }
        for instance in &mut instances {
            let mut renderer = instance.activate(48_000.0, 256)?;
            let state = instance.finish_pending(&mut renderer, LIMIT)?;
            assert!(peak(&state.active_take()?.samples) > 0.0);
            instance.deactivate(renderer);
        }
        let loads = journal().events("model_loaded");
        assert_eq!(loads.len(), 1, "{loads:?}");
        assert_eq!(loads[0]["count"], json!(1));
        Ok(())
    });
}

#[test]
fn unloading_in_the_middle_of_a_job_is_safe() {
    alone(|| {
        let before = own_threads()?;
        for round in 0..20_u64 {
            let bundle = clap_bundle()?;
            let mut instance = Instance::new(&bundle)?;
            let mut renderer = instance.activate(48_000.0, 512)?;
            ask(&mut instance, &request("thunder rolls over the hills", 24, 10.0, 1))?;
            // From "not begun" over "loading the model" to "in the middle of the solver".
            let until = Instant::now() + Duration::from_millis(round * round);
            while Instant::now() < until {
                instance.idle();
                renderer.render(512, &[Event::NoteOn { at: 0, key: 60 }])?;
                std::thread::sleep(Duration::from_millis(2));
            }
            instance.deactivate(renderer);
            drop(instance);
            drop(bundle);
        }
        // The engine's pool is told to end but not waited for; it holds no sound and no lock.
        let start = Instant::now();
        while own_threads()? != before {
            ensure!(start.elapsed() < LIMIT, "threads that stayed: {:?}, before: {before:?}", own_threads()?);
            std::thread::sleep(Duration::from_millis(10));
        }
        let pool = threads()?.len() - before.len();
        assert!(pool <= std::thread::available_parallelism()?.get(), "{pool} threads of candle's pool");
        Ok(())
    });
}

/// The threads but for those of candle's pool: that is made once per process and kept for ever.
fn own_threads() -> Result<Vec<String>> {
    Ok(threads()?.into_iter().filter(|name| !name.starts_with("candle-bp")).collect())
}

#[test]
fn a_job_that_cannot_be_done_is_reported_and_leaves_the_instance_usable() {
    alone(|| {
        let bundle = clap_bundle()?;
        let mut instance = Instance::new(&bundle)?;
        let mut renderer = instance.activate(48_000.0, 256)?;
        let too_long = "x".repeat(5000);
        for bad in
            [request("   ", 4, SECONDS, 1), request(&too_long, 4, SECONDS, 1), request("rain", 4, 1e9, 1)]
        {
            ask(&mut instance, &bad)?;
            let state = instance.finish_pending(&mut renderer, LIMIT)?;
            assert_eq!(state.session["takes"], json!([]));
        }
        let failures = journal().events_after_jobs("failed", 3);
        assert_eq!(failures.len(), 3, "{failures:?}");
        assert!(
            failures.iter().all(|failure| failure["user_text"].as_str().is_some_and(|text| !text.is_empty()))
        );
        ask(&mut instance, &request("rain", 1, SECONDS, 1))?;
        let state = instance.finish_pending(&mut renderer, LIMIT)?;
        assert!(peak(&state.active_take()?.samples) > 0.0);
        instance.deactivate(renderer);
        Ok(())
    });
}

#[test]
fn a_model_folder_that_is_not_there_is_reported() {
    alone(|| {
        let mut instance = Instance::new(&clap_bundle()?)?;
        let renderer = instance.activate(48_000.0, 256)?;
        let mut state = instance.state()?;
        state.ask_for(&request("rain", 1, SECONDS, 1));
        state.session["model_dir"] = "/no/such/folder".into();
        instance.set_state(&state)?;
        assert_eq!(journal().events_after_jobs("failed", 1).len(), 1);
        let state = instance.state()?;
        assert_eq!(state.session["takes"], json!([]));
        assert!(!state.session["pending"].is_null(), "the job waits until another model is chosen");
        instance.deactivate(renderer);
        Ok(())
    });
}
