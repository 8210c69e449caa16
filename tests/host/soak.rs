//! A long session at the speed of the processor: memory stays where it is.

use crate::alone::{alone, clap_bundle};
use anyhow::{Context, Result, ensure};
use std::time::Duration;
use straightshot_tests::clap_host::{Event, Instance, Renderer, request};

/// Hours of a session that are played, if nobody asks for more by this variable.
const HOURS: (&str, f64) = ("STRAIGHTSHOT_SOAK_HOURS", 0.25);
const RATE_HZ: u32 = 48_000;
/// Frames that a host asks for at once, one after the other.
const BLOCKS: [u32; 5] = [1024, 64, 512, 1023, 256];
/// What memory may grow by from the first eighth of the session to the last.
const GROWTH: f64 = 0.01;

/// What this process has allocated and used, in memory or swapped out, in KiB. Pages of files are not counted: the system
/// drops and reads them as it likes.
fn memory_kib() -> Result<u64> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let size = |name: &str| -> Result<u64> {
        let line = status.lines().find_map(|line| line.strip_prefix(name)).context("no size")?;
        Ok(line.trim().trim_end_matches("kB").trim().parse()?)
    };
    Ok(size("RssAnon:")? + size("VmSwap:")?)
}

/// A second of the session: notes, automation, the pedal and the transport, which jumps and goes round.
fn second(renderer: &mut Renderer, number: u32, params: &[(clack_host::utils::ClapId, f64)]) -> Result<f32> {
    renderer.set_playing(!number.is_multiple_of(7));
    if number.is_multiple_of(11) {
        renderer.seek(u64::from(number % 300) * 12_345);
    }
    renderer.set_loop(number.is_multiple_of(3).then_some([0, 30_000 + u64::from(number % 5000)]));
    let mut events = Vec::new();
    for beat in 0..4 {
        let at = beat * 11_000;
        let key = 48 + u16::try_from((number + beat) % 24)?;
        let (id, max) = params[(number as usize + beat as usize) % params.len()];
        events.push(Event::Param { at, id, value: (f64::from(number % 17) / 16.0 * max).round() });
        events.push(Event::Midi { at, bytes: [0xb0, 64, if beat == 1 { 127 } else { 0 }] });
        events.push(Event::NoteOn { at: at + 5, key });
        events.push(Event::NoteOff { at: at + 9000, key });
    }
    let [left, _] = renderer.render(RATE_HZ, &events)?;
    let peak = left.iter().fold(0.0_f32, |peak, sample| peak.max(sample.abs()));
    ensure!(left.iter().all(|sample| sample.is_finite()), "second {number} is no sound");
    Ok(peak)
}

#[test]
fn a_long_session_takes_no_more_memory_at_its_end() {
    alone(|| {
        let (variable, usual) = HOURS;
        let hours = std::env::var(variable).ok().and_then(|hours| hours.parse().ok()).unwrap_or(usual);
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "some hours in seconds")]
        let seconds = (hours * 3600.0) as u32;
        let mut instance = Instance::new(&clap_bundle()?)?;
        // A session with a loaded model, as it is once a sound was made; the share is one of all that.
        let mut state = instance.state()?;
        state.ask_for(&request("rain on a tent", 1, 0.5, 1));
        instance.set_state(&state)?;
        let mut renderer = instance.activate(f64::from(RATE_HZ), 1024)?;
        state = instance.finish_pending(&mut renderer, Duration::from_secs(120))?;
        state.set_take(&vec![0.5; 2 * RATE_HZ as usize], RATE_HZ)?;
        instance.set_state(&state)?;
        let project = instance.save()?;
        let params = instance.params()?;
        // What plays; the parameters of the next sound change nothing here.
        let params: Vec<_> = params.iter().filter(|p| !p.hidden).skip(4).map(|p| (p.id, p.max)).collect();
        let (mut warm, mut end, mut sounding) = (0, 0, 0_u32);
        for number in 0..seconds {
            if number.is_multiple_of(60) {
                // A new block size, and the project is saved and opened as it was at first.
                instance.deactivate(renderer);
                ensure!(!instance.save()?.is_empty() && instance.load(&project)?, "the project is refused");
                let block = BLOCKS[(number / 60) as usize % BLOCKS.len()];
                renderer = instance.activate(f64::from(RATE_HZ), block)?;
                instance.idle();
            }
            sounding += u32::from(second(&mut renderer, number, &params)? > 0.01);
            match number {
                // The most of either eighth: what a save takes is given back after it.
                _ if number < seconds / 8 => warm = memory_kib()?.max(warm),
                _ if number > seconds / 8 * 7 => end = memory_kib()?.max(end),
                _ => {}
            }
        }
        instance.deactivate(renderer);
        println!(
            "{hours} h, sound in {sounding} of {seconds} s: {warm} KiB in the first eighth, {end} KiB in the last"
        );
        ensure!(sounding > seconds / 4, "sound in {sounding} of {seconds} s alone");
        #[expect(clippy::cast_precision_loss, reason = "KiB")]
        let growth = end as f64 / warm as f64 - 1.0;
        ensure!(growth <= GROWTH, "memory grew from {warm} to {end} KiB");
        Ok(())
    });
}

#[test]
fn a_leak_is_noticed() {
    let before = memory_kib().expect("the system says");
    let leaked: &'static mut [u8] = Vec::leak(vec![1; 8 << 20]);
    std::hint::black_box(leaked);
    let after = memory_kib().expect("the system says");
    assert!(after >= before + 7000, "{before} -> {after} KiB");
}
