//! A host with little memory left: an error of the job that needs more, and small ones are made.

use crate::alone::{alone, clap_bundle, journal};
use anyhow::{Context, Result, ensure};
use serde_json::json;
use std::process::Command;
use std::time::Duration;
use straightshot_tests::clap_host::{Instance, request};

const LIMIT: Duration = Duration::from_secs(120);
const MIB: u64 = 1 << 20;

/// Lets this process have `spare` bytes more than it has now, for good.
fn limit_to(spare: u64) -> Result<()> {
    limit("as", size("VmSize:")? + spare)
}

/// A line of what the system says of this process, in bytes.
fn size(name: &str) -> Result<u64> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix(name)).context("no size")?;
    let kib: u64 = line.trim().trim_end_matches("kB").trim().parse()?;
    Ok(kib << 10)
}

/// Sets a limit of this process, for good.
fn limit(name: &str, bytes: u64) -> Result<()> {
    let pid = std::process::id().to_string();
    let limited = Command::new("prlimit").args(["--pid", &pid, &format!("--{name}={bytes}")]).status();
    ensure!(limited.is_ok_and(|status| status.success()), "prlimit could not set a limit");
    Ok(())
}

#[test]
fn in_300_mb_a_small_sound_is_made_and_a_large_one_refused() {
    alone(|| {
        let bundle = clap_bundle()?;
        let mut instance = Instance::new(&bundle)?;
        let mut renderer = instance.activate(48_000.0, 256)?;
        limit("data", 300_000_000)?;
        for (seed, seconds) in [(1, 1.0), (2, 30.0), (3, 0.5)] {
            let mut state = instance.state()?;
            state.ask_for(&request("rain on a tent", 1, seconds, seed));
            instance.set_state(&state)?;
            instance.finish_pending(&mut renderer, LIMIT)?;
        }
        let failed = journal().events_after_jobs("failed", 3);
        assert_eq!(failed.len(), 1, "half a minute does not fit: {failed:?}");
        let said = failed[0]["user_text"].as_str().unwrap_or_default();
        assert!(said.contains("not enough free memory for this sound"), "{said}");
        assert_eq!(journal().events("done").len(), 2, "the small ones before and after it");
        instance.deactivate(renderer);
        Ok(())
    });
}

#[test]
fn a_model_that_does_not_fit_is_an_error_of_the_job() {
    alone(|| {
        let bundle = clap_bundle()?;
        let mut instance = Instance::new(&bundle)?;
        let renderer = instance.activate(48_000.0, 256)?;
        limit_to(100 * MIB)?;
        let mut state = instance.state()?;
        state.ask_for(&request("rain on a tent", 1, 0.5, 1));
        instance.set_state(&state)?;
        let failed = journal().events_after_jobs("failed", 1);
        assert_eq!(failed.len(), 1, "{failed:?}");
        let said = failed[0]["user_text"].as_str().unwrap_or_default();
        assert!(said.contains("not enough free memory"), "{said}");
        let state = instance.state()?;
        assert_eq!(state.session["takes"], json!([]));
        instance.deactivate(renderer);
        Ok(())
    });
}
