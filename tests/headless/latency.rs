//! `headless-host latency`: does the audio thread keep its deadlines while sounds are made, and how long does a click
//! take to become sound?
//!
//! The plugin is the built bundle. The audio thread calls it every 64 frames at 48 kHz while a take plays; the worker
//! rests or makes one sound after the other, in turns of some seconds, so that what else the machine does hits both.
//!
//! A click is a restored state with an unfinished job, as everywhere in this host: the only way in without a window,
//! and what it costs beyond a click counts. The sound is there when a call of the plugin returns a block that is not
//! silent while a key is pressed again and again. Drafts have no say at one step; with more, the one-step draft is what
//! is heard first, which a measurement of its own shows.

mod audio;
mod histogram;
mod report;
mod statistics;

use crate::journal_in;
use anyhow::{Context, Result, ensure};
use audio::{Call, FRAMES, Priority, RATE_HZ};
use clap::Args;
use report::{Clicks, Condition, Measured};
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread::{scope, sleep};
use std::time::{Duration, Instant};
use straightshot_tests::clap_host::{Bundle, Instance, Journal, PluginState, Renderer, request};

/// Time for which the worker rests, or works, before it is the other's turn.
const SEGMENT: Duration = Duration::from_secs(15);
/// Fresh processes whose first sound is timed.
const COLD_RUNS: usize = 5;
/// Further sounds that are timed, after one that is not.
const WARM_RUNS: usize = 9;
/// The sound that is clicked for.
const CLICK_SECONDS: f64 = 2.0;
/// Steps of the click that is heard as a draft.
const DRAFTED_STEPS: u32 = 8;
/// How often the main thread looks after the worker.
const LOOK: Duration = Duration::from_millis(5);
/// For what was cancelled to end, so that it does not slow down what comes next.
const REST: Duration = Duration::from_millis(500);
/// How long a sound may take; the slowest machine needs a fraction of it.
const LIMIT: Duration = Duration::from_secs(120);
/// What the worker makes in turn, seconds and steps: short and long sounds, with drafts and without.
const JOBS: [(f64, u32); 4] = [(2.0, 1), (2.0, 4), (10.0, 4), (30.0, 1)];

/// What to measure and where to put it.
#[derive(Args)]
pub(crate) struct LatencyArgs {
    /// Length of the measurement; half of it with the worker at work.
    #[arg(long, default_value_t = 10.0)]
    minutes: f64,
    /// How the audio thread is scheduled, in turn.
    #[arg(long, value_enum, value_delimiter = ',', default_value = "realtime,normal")]
    priorities: Vec<Priority>,
    /// Threads that make sounds; what the plugin would use without it.
    #[arg(long)]
    threads: Option<usize>,
    /// File for the figures.
    #[arg(long)]
    json: Option<PathBuf>,
    /// File for a picture of the distributions.
    #[arg(long)]
    png: Option<PathBuf>,
}

/// Measures and prints it.
pub(crate) fn latency(plugin: &Path, args: &LatencyArgs) -> Result<()> {
    ensure!(args.minutes > 0.0 && args.minutes <= 600.0, "--minutes must be above 0 and at most 600");
    if let Some(threads) = args.threads {
        // SAFETY: no other thread runs yet; the plugin's own threads start after this.
        unsafe { std::env::set_var("STRAIGHTSHOT_THREADS", threads.to_string()) };
    }
    let folder = tempfile::tempdir().context("no temporary folder")?;
    let journal = journal_in(folder.path());
    let priorities = allowed(&args.priorities);
    let cold = Clicks { what: "first sound of a process, 1 step".into(), ms: cold(plugin)? };

    let bundle = Bundle::load(plugin)?;
    let mut host = HostOfOne::new(&bundle, journal)?;
    let mut clicks = vec![cold];
    clicks.extend(host.warm(priorities[0])?);
    let mut conditions = conditions(&priorities, args.minutes);
    let sounds = host.measure(&mut conditions)?;
    host.close();

    let measured = Measured { conditions, clicks, sounds, threads: args.threads };
    measured.print();
    if let Some(path) = &args.json {
        let text = serde_json::to_string_pretty(&measured.json())?;
        std::fs::write(path, text).with_context(|| format!("{} cannot be written", path.display()))?;
    }
    args.png.as_ref().map_or(Ok(()), |path| measured.draw(path))
}

/// Prints how long the first sound of this process takes, in milliseconds.
pub(crate) fn first_sound(plugin: &Path) -> Result<()> {
    let folder = tempfile::tempdir().context("no temporary folder")?;
    let journal = journal_in(folder.path());
    let mut host = HostOfOne::new(&Bundle::load(plugin)?, journal)?;
    let priority = allowed(&[Priority::Realtime])[0];
    let click = host.click(priority, &request("a wooden door slams", 1, CLICK_SECONDS, 1));
    host.close();
    println!("{}", click?);
    Ok(())
}

/// The priorities that the system grants; normal if it grants none.
fn allowed(priorities: &[Priority]) -> Vec<Priority> {
    let mut allowed = Vec::new();
    for priority in priorities {
        match scope(|threads| threads.spawn(|| audio::take_priority(*priority)).join()) {
            Ok(Ok(())) => allowed.push(*priority),
            Ok(Err(error)) => eprintln!("{error:#}: measured at normal priority only"),
            Err(panic) => std::panic::resume_unwind(panic),
        }
    }
    if allowed.is_empty() { vec![Priority::Normal] } else { allowed }
}

/// Room for the calls of `minutes`, for each priority with the worker at rest and at work.
#[expect(clippy::cast_possible_truncation, reason = "checked minutes")]
fn conditions(priorities: &[Priority], minutes: f64) -> Vec<Condition> {
    let share = Duration::from_secs_f64(60.0 * minutes / (2 * priorities.len()) as f64);
    let calls = audio::calls_in(share).max(1) as usize;
    let one = |priority, working| Condition { priority, working, calls: vec![Call::TO_COME; calls], done: 0 };
    priorities.iter().flat_map(|priority| [one(*priority, false), one(*priority, true)]).collect()
}

/// How long the first sound takes in fresh processes, in milliseconds.
fn cold(plugin: &Path) -> Result<Vec<f64>> {
    let program = std::env::current_exe().context("this program's own file is unknown")?;
    let one = || {
        let mut command = Command::new(&program);
        command.arg("--plugin").arg(plugin).arg("first-sound").stderr(Stdio::inherit());
        let output = command.output().context("a fresh process could not be started")?;
        ensure!(output.status.success(), "the first sound of a fresh process failed");
        let text = String::from_utf8(output.stdout)?;
        text.trim().parse().with_context(|| format!("{text:?} is no time"))
    };
    (0..COLD_RUNS).map(|_| one()).collect()
}

/// One instance of the plugin, with its audio thread and without a window.
struct HostOfOne {
    instance: Instance,
    renderer: Renderer,
    journal: Journal,
    /// The state of a fresh instance: no takes.
    fresh: PluginState,
}

impl HostOfOne {
    fn new(bundle: &Bundle, journal: Journal) -> Result<Self> {
        let mut instance = Instance::new(bundle)?;
        let renderer = instance.activate(f64::from(RATE_HZ), u32::try_from(FRAMES)?)?;
        let fresh = instance.state()?;
        Ok(Self { instance, renderer, journal, fresh })
    }

    fn close(mut self) {
        self.instance.deactivate(self.renderer);
    }

    /// Time from asking for a sound to hearing it, in milliseconds. The takes of before are gone.
    fn click(&mut self, priority: Priority, wanted: &Value) -> Result<f64> {
        self.instance.set_state(&self.fresh)?;
        sleep(REST);
        // A fifth of a second without a note: what still sounded fades out.
        self.renderer.render(RATE_HZ / 5, &[])?;
        let mut asking = self.fresh.clone();
        asking.ask_for(wanted);
        let asking = asking.to_clap()?;
        let Self { instance, renderer, .. } = self;
        scope(|threads| {
            let audio = threads.spawn(|| audio::first_sound(renderer, priority, LIMIT));
            sleep(REST);
            let clicked = Instant::now();
            ensure!(!audio.is_finished(), "something was heard before it was asked for");
            ensure!(instance.load(&asking)?, "the plugin refused a well-formed state");
            while !audio.is_finished() {
                instance.idle();
                sleep(LOOK);
            }
            let heard = audio.join().map_err(|_| anyhow::anyhow!("the audio thread panicked"))??;
            Ok((heard - clicked).as_secs_f64() * 1e3)
        })
    }

    /// Clicks while the model is loaded: at one step, and at more with drafts.
    fn warm(&mut self, priority: Priority) -> Result<[Clicks; 2]> {
        let mut clicks = |steps: u32| -> Result<Clicks> {
            let mut ms = Vec::new();
            for run in 0..=WARM_RUNS {
                let prompt = format!("a glass bottle breaks, number {}", 100 * steps as usize + run);
                let time = self.click(priority, &request(&prompt, steps, CLICK_SECONDS, 1))?;
                if run > 0 {
                    ms.push(time);
                }
            }
            let drafted = if steps > 1 { "s, heard as a draft" } else { "" };
            Ok(Clicks { what: format!("another prompt, {steps} step{drafted}"), ms })
        };
        Ok([clicks(1)?, clicks(DRAFTED_STEPS)?])
    }

    /// Fills `conditions` in turns, and returns how many sounds were made meanwhile.
    fn measure(&mut self, conditions: &mut [Condition]) -> Result<usize> {
        let resting = self.resting()?;
        let segment = usize::try_from(audio::calls_in(SEGMENT))?;
        let mut made = 0;
        while conditions.iter().any(|condition| condition.done < condition.calls.len()) {
            for condition in &mut *conditions {
                let end = (condition.done + segment).min(condition.calls.len());
                let calls = &mut condition.calls[condition.done..end];
                made += self.segment(&resting, condition.priority, condition.working, calls)?;
                condition.done = end;
            }
        }
        Ok(made)
    }

    /// The state with one take that sounds all the time, and no job.
    fn resting(&mut self) -> Result<PluginState> {
        let mut state = self.fresh.clone();
        state.ask_for(&request("a waterfall", 1, CLICK_SECONDS, 1));
        self.instance.set_state(&state)?;
        let state = self.instance.finish_pending(&mut self.renderer, LIMIT)?;
        state.active_take().context("the take to play was not made")?;
        Ok(state)
    }

    /// Fills `calls` while the worker rests or is kept at work; returns how many sounds it made.
    fn segment(
        &mut self,
        resting: &PluginState,
        priority: Priority,
        working: bool,
        calls: &mut [Call],
    ) -> Result<usize> {
        self.instance.set_state(resting)?;
        let Self { instance, renderer, journal, .. } = self;
        journal.news()?;
        let mut made = 0;
        let ask = |instance: &mut Instance, number: usize| {
            let (seconds, steps) = JOBS[number % JOBS.len()];
            let mut state = resting.clone();
            state.ask_for(&request(&format!("a stream, number {number}"), steps, seconds, 1));
            instance.set_state(&state)
        };
        if working {
            ask(instance, made)?;
        }
        scope(|threads| {
            let audio = threads.spawn(|| audio::record(renderer, priority, calls));
            while !audio.is_finished() {
                instance.idle();
                for event in journal.news()? {
                    ensure!(event["event"] != "failed", "the plugin could not make a sound: {event}");
                    if event["event"] == "done" && working {
                        made += 1;
                        ask(instance, made)?;
                    }
                }
                sleep(LOOK);
            }
            audio.join().map_err(|_| anyhow::anyhow!("the audio thread panicked"))??;
            Ok(made)
        })
    }
}
