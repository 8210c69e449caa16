//! The audio thread of a host: calls the plugin at fixed times and takes down how that went.
//!
//! Neither allocates nor locks nor does I/O between its first and its last call.

use anyhow::{Context, Result, ensure};
use std::thread::sleep;
use std::time::{Duration, Instant};
use straightshot_tests::clap_host::{BlockEvents, Event, Renderer};
use thread_priority::{ThreadPriority, ThreadPriorityValue};

/// Sample rate in Hz.
pub(super) const RATE_HZ: u32 = 48_000;
/// Frames per call, the smallest that audio interfaces commonly offer.
pub(super) const FRAMES: usize = 64;
/// Time between two calls, and the deadline of each.
pub(super) const PERIOD: Duration = time_of(1);

/// Calls that are made before any is taken down: the worker may still be busy with what it was told to drop.
const SETTLING: u64 = calls_in(Duration::from_secs(1));
/// Calls from one note to the next: with a take of two seconds, four voices sound all the time.
const NOTE_EVERY: u64 = calls_in(Duration::from_millis(500));
/// The key that plays a take at its own pitch.
const KEY: u16 = 60;
/// Priority among real-time threads, 1 to 99: that of PipeWire's clients.
const REALTIME: u8 = 83;

/// How the system schedules the audio thread.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Priority {
    /// Before all ordinary threads, as hosts ask for: first in, first out on Unix, "time critical" on Windows.
    Realtime,
    /// As every other thread: what is left where the system refuses more.
    Normal,
}

/// One call of the plugin.
#[derive(Debug, Clone, Copy)]
pub(super) struct Call {
    /// How late the thread was to wake up, in nanoseconds.
    pub(super) late_ns: u32,
    /// How long the plugin took, in nanoseconds.
    pub(super) process_ns: u32,
}

impl Call {
    /// A place for a call. Not zero: memory that was zero from the start is only handed out by the system when it is
    /// first written, and that would be in the audio thread.
    pub(super) const TO_COME: Self = Self { late_ns: u32::MAX, process_ns: u32::MAX };

    /// Whether the sound came after the time at which the interface needed it.
    pub(super) fn missed(self) -> bool {
        u128::from(self.late_ns) + u128::from(self.process_ns) > PERIOD.as_nanos()
    }
}

/// When call `index` is due, counted from the first one.
const fn time_of(index: u64) -> Duration {
    Duration::from_nanos(index * FRAMES as u64 * 1_000_000_000 / RATE_HZ as u64)
}

/// Calls in a time.
pub(super) const fn calls_in(time: Duration) -> u64 {
    (time.as_nanos() / PERIOD.as_nanos()) as u64
}

/// Gives the current thread the priority.
///
/// # Errors
/// If the system refuses.
pub(super) fn take_priority(priority: Priority) -> Result<()> {
    match priority {
        Priority::Normal => Ok(()),
        Priority::Realtime => take_realtime().context("the system refuses a real-time priority"),
    }
}

#[cfg(unix)]
fn take_realtime() -> Result<()> {
    use thread_priority::{
        RealtimeThreadSchedulePolicy, ThreadSchedulePolicy, set_thread_priority_and_policy, thread_native_id,
    };
    let value = ThreadPriorityValue::try_from(REALTIME).map_err(anyhow::Error::msg)?;
    let policy = ThreadSchedulePolicy::Realtime(RealtimeThreadSchedulePolicy::Fifo);
    set_thread_priority_and_policy(thread_native_id(), ThreadPriority::Crossplatform(value), policy)
        .map_err(|error| anyhow::anyhow!("{error:?}"))
}

#[cfg(not(unix))]
fn take_realtime() -> Result<()> {
    let value = ThreadPriorityValue::try_from(REALTIME).map_err(anyhow::Error::msg)?;
    thread_priority::set_current_thread_priority(ThreadPriority::Crossplatform(value))
        .map_err(|error| anyhow::anyhow!("{error:?}"))
}

/// Plays notes and fills `calls`, after some calls to settle. To be run on a thread of its own.
///
/// # Errors
/// If the system refuses the priority, the plugin fails or nothing is heard.
pub(super) fn record(renderer: &mut Renderer, priority: Priority, calls: &mut [Call]) -> Result<()> {
    take_priority(priority)?;
    let mut beat = Beat::new(renderer);
    for index in 0..SETTLING {
        beat.call(index % NOTE_EVERY == 0)?;
    }
    let mut peak = 0.0_f32;
    for (index, place) in (SETTLING..).zip(calls) {
        *place = beat.call(index % NOTE_EVERY == 0)?;
        peak = peak.max(beat.peak());
    }
    ensure!(peak > 0.0, "nothing was heard while the calls were taken down");
    Ok(())
}

/// Presses a key again and again until there is something to hear; returns when the plugin had made that block. To be
/// run on a thread of its own.
///
/// # Errors
/// If the system refuses the priority, the plugin fails or all is silent for `limit`.
pub(super) fn first_sound(renderer: &mut Renderer, priority: Priority, limit: Duration) -> Result<Instant> {
    take_priority(priority)?;
    let mut beat = Beat::new(renderer);
    for _ in 0..calls_in(limit) {
        beat.call(true)?;
        if beat.peak() > 0.0 {
            return Ok(Instant::now());
        }
    }
    anyhow::bail!("nothing was heard for {} s", limit.as_secs())
}

/// The steady calls.
struct Beat<'a> {
    renderer: &'a mut Renderer,
    sound: [[f32; FRAMES]; 2],
    nothing: BlockEvents,
    note: BlockEvents,
    start: Instant,
    index: u64,
}

impl<'a> Beat<'a> {
    fn new(renderer: &'a mut Renderer) -> Self {
        Self {
            renderer,
            sound: [[0.0; FRAMES]; 2],
            nothing: BlockEvents::new([], 0),
            note: BlockEvents::new([Event::NoteOn { at: 0, key: KEY }], 0),
            start: Instant::now(),
            index: 0,
        }
    }

    /// Sleeps until the next call is due and makes it, with or without a note.
    ///
    /// The times are those of a clock that does not wait: after a delay the calls that are overdue are made at once,
    /// and each of them is late. An interface would have played silence for as many blocks.
    fn call(&mut self, note: bool) -> Result<Call> {
        let due = self.start + time_of(self.index);
        self.index += 1;
        sleep(due.saturating_duration_since(Instant::now()));
        let begin = Instant::now();
        let events = if note { &self.note } else { &self.nothing };
        self.renderer.call(self.sound.each_mut().map(|channel| channel.as_mut_slice()), events)?;
        let end = Instant::now();
        Ok(Call { late_ns: nanoseconds(begin - due), process_ns: nanoseconds(end - begin) })
    }

    /// The largest sample of the last call.
    fn peak(&self) -> f32 {
        self.sound[0].iter().fold(0.0, |peak, sample| peak.max(sample.abs()))
    }
}

fn nanoseconds(time: Duration) -> u32 {
    u32::try_from(time.as_nanos()).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_are_due_without_drift() {
        assert_eq!(PERIOD, Duration::from_nanos(1_333_333));
        // Ten minutes later the rounding has not added up.
        assert_eq!(time_of(450_000), Duration::from_secs(600));
        assert_eq!(calls_in(Duration::from_secs(3)), 2250);
    }

    #[test]
    fn a_call_is_missed_by_being_late_by_being_slow_or_by_both() {
        let missed = |late_ns, process_ns| Call { late_ns, process_ns }.missed();
        assert!(!missed(1_000_000, 333_333));
        assert!(missed(1_000_000, 333_334));
        assert!(missed(1_333_334, 0) && missed(0, 1_333_334) && missed(u32::MAX, u32::MAX));
    }
}
