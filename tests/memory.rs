//! Too little memory: an error of the sound that needs it, and nothing else.
#![cfg(target_os = "linux")]

use anyhow::{Context, Result, ensure};
use std::process::Command;
use straightshot_engine::ErrorKind;
use straightshot_engine::pipeline::Generator;
use straightshot_protocol::{CancelToken, Request};

/// Set in the process that has little memory.
const CHILD: &str = "STRAIGHTSHOT_TEST_LITTLE_MEMORY";
/// What the process may use beside what it uses with a loaded model, in bytes: a second of sound needs some 20 MiB.
const SPARE: u64 = 160 << 20;

/// Address space of this process in bytes.
fn address_space() -> Result<u64> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmSize:")).context("no size")?;
    let kib: u64 = line.trim().trim_end_matches("kB").trim().parse()?;
    Ok(kib << 10)
}

#[test]
fn a_sound_that_does_not_fit_is_refused_and_the_next_one_is_made() -> Result<()> {
    if std::env::var_os(CHILD).is_some() {
        return with_little_memory();
    }
    // A limit is for the whole process, and for good.
    let child = Command::new(std::env::current_exe()?)
        .args(["--exact", "memory::a_sound_that_does_not_fit_is_refused_and_the_next_one_is_made"])
        .args(["--nocapture", "--test-threads", "1"])
        .env(CHILD, "1")
        .output()?;
    let said = String::from_utf8_lossy(&child.stdout) + String::from_utf8_lossy(&child.stderr);
    ensure!(child.status.success() && said.contains("1 passed"), "{:?}: {said}", child.status);
    Ok(())
}

fn with_little_memory() -> Result<()> {
    let generator = Generator::builtin()?;
    let make = |request: &Request| generator.generate(request, &mut |_| (), &CancelToken::default());
    let small = Request { prompt: "rain on a tent".into(), seconds: 1.0, steps: 1, ..Request::default() };
    let unlimited = make(&small)?.clips;

    let limit = address_space()? + SPARE;
    let pid = std::process::id().to_string();
    let limited = Command::new("prlimit").args(["--pid", &pid, &format!("--as={limit}")]).status();
    if !limited.is_ok_and(|status| status.success()) {
        // Said loudly, not passed over in silence: util-linux has it on every usual system.
        anyhow::bail!("prlimit could not set a limit");
    }
    for big in [
        Request { seconds: 120.0, ..small.clone() },
        Request { seconds: 60.0, variations: 16, ..small.clone() },
    ] {
        let error = make(&big).expect_err("it needs more than there is");
        assert_eq!(error.kind(), ErrorKind::OutOfMemory, "{}", error.detail());
        assert!(error.to_string().contains("not enough free memory"), "{error}");
        assert_eq!(make(&small)?.clips, unlimited, "the model makes the same as before");
    }
    Ok(())
}
