//! What all training stages share: budget, log, and the list of trained variables.

use super::checkpoint::{self, RunState};
use super::optim::{AdamW, schedule};
use super::workers::Workers;
use candle_core::backprop::GradStore;
use candle_core::{Tensor, Var};
use candle_nn::VarMap;
use std::io::Write;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;
use straightshot_engine::error::{Error, ErrorKind, Result};

/// Steps between checkpoints, and seconds: whichever comes first.
const SAVE_EVERY: u64 = 100;
const SAVE_EVERY_S: f64 = 120.0;
/// Steps in a row whose gradients are no numbers: then nothing more is learnt.
const MOST_LOST: usize = 20;
/// Steps between lines on the terminal.
const SHOW_EVERY: u64 = 10;

static STOP: AtomicBool = AtomicBool::new(false);

/// Asks the stage that is running to save and end after its step; for handlers of signals, from any thread.
pub fn stop() {
    STOP.store(true, Ordering::Relaxed);
}

/// When a stage ends: after so many steps or so much training time over all sessions, whichever is first.
#[derive(Debug, Clone, Copy)]
pub struct Budget {
    /// Optimiser steps.
    pub steps: u64,
    /// Training time in seconds.
    pub seconds: f64,
    /// Step at which to save and return without being at the end, for whoever looks at a run on its way.
    pub pause_at: u64,
}

impl Default for Budget {
    /// No end.
    fn default() -> Self {
        Self { steps: u64::MAX, seconds: f64::INFINITY, pause_at: u64::MAX }
    }
}

impl Budget {
    /// Share of the budget that is used, or `None` when it is spent.
    #[must_use]
    pub fn progress(&self, state: &RunState) -> Option<f64> {
        let used = (state.step as f64 / self.steps.max(1) as f64).max(state.seconds / self.seconds.max(1e-9));
        (used < 1.0 && state.step < self.steps.min(self.pause_at)).then_some(used)
    }
}

/// `log.csv` in the run folder, and a line with the time left now and then.
#[derive(Debug)]
pub struct RunLog {
    file: std::fs::File,
    recent: Vec<Vec<f64>>,
}

impl RunLog {
    /// Opens or continues the log; a new one starts with `header`.
    ///
    /// # Errors
    /// [`ErrorKind::Io`] if the folder cannot be written.
    pub fn open(run: &Path, header: &str, budget: &Budget, state: &RunState) -> Result<Self> {
        let fail = |e: std::io::Error| {
            Error::new(ErrorKind::Io, format!("{} cannot be written", run.display())).with_source(e)
        };
        std::fs::create_dir_all(run).map_err(fail)?;
        let path = run.join("log.csv");
        let new = !path.exists();
        let mut file = std::fs::OpenOptions::new().create(true).append(true).open(path).map_err(fail)?;
        if new {
            writeln!(file, "{header}").map_err(fail)?;
        }
        let mut log = Self { file, recent: Vec::new() };
        log.note(&format!(
            "step {} of {}, {:.0} s of {:.0} s used",
            state.step, budget.steps, state.seconds, budget.seconds
        ));
        Ok(log)
    }

    /// Prints a line about the run.
    #[expect(clippy::print_stderr, reason = "progress of a command line tool belongs on the terminal")]
    pub fn note(&mut self, text: &str) {
        eprintln!("{text}");
    }

    /// Records one step's `values`.
    ///
    /// # Errors
    /// [`ErrorKind::Io`] if the log cannot be written.
    pub fn step(&mut self, state: &RunState, progress: f64, values: &[f64]) -> Result<()> {
        let text: Vec<String> = values.iter().map(|v| format!("{v:.5}")).collect();
        writeln!(self.file, "{},{:.1},{}", state.step, state.seconds, text.join(","))?;
        self.recent.push(values.to_vec());
        if state.step.is_multiple_of(SHOW_EVERY) {
            let n = self.recent.len() as f64;
            let mean = |i: usize| self.recent.iter().map(|v| v[i]).sum::<f64>() / n;
            let means: Vec<String> = (0..values.len()).map(|i| format!("{:.4}", mean(i))).collect();
            let left = state.seconds * (1.0 - progress) / progress.max(1e-6) / 60.0;
            let speed = state.seconds / state.step as f64;
            self.note(&format!(
                "step {} | {} | {speed:.2} s/step | {left:.0} min left",
                state.step,
                means.join(" ")
            ));
            self.recent.clear();
        }
        Ok(())
    }
}

/// All variables of `map` except those whose name ends in one of `fixed`.
///
/// # Errors
/// [`ErrorKind::Compute`] if another thread died while it held the map.
pub fn trainable(map: &VarMap, fixed: &[&str]) -> Result<Vec<(String, Var)>> {
    let data = map.data().lock().map_err(|_| Error::new(ErrorKind::Compute, "The variables are locked"))?;
    Ok(data
        .iter()
        .filter(|(name, _)| !fixed.iter().any(|f| name.ends_with(f)))
        .map(|(name, var)| (name.clone(), var.clone()))
        .collect())
}

/// What is minimised and the columns of the log between the time and the gradient norm, each a mean over examples.
pub(super) type Measured = (Tensor, Vec<f64>);

/// Some of the examples of a step.
pub(super) struct Share<'a> {
    /// How much of the step they are; the shares of a step add up to one.
    pub(super) weight: f64,
    /// Examples.
    pub(super) examples: usize,
    /// Their loss, computed on a thread of its own.
    pub(super) loss: Box<dyn FnOnce() -> Result<Measured> + Send + 'a>,
}

/// What prepares a step for so many threads; the log is passed in while notes are welcome.
pub(super) type NextStep<'a> =
    dyn FnMut(&RunState, usize, Option<&mut RunLog>) -> Result<Vec<Share<'a>>> + 'a;

/// Takes steps until the budget is spent and keeps the checkpoint at `path`.
///
/// # Errors
/// Those of `next`; [`ErrorKind::Io`] if a file cannot be written; [`ErrorKind::Compute`] if a variable gets no
/// gradient.
pub(super) fn descend(
    optim: &mut AdamW,
    mut state: RunState,
    budget: &Budget,
    path: &Path,
    log: &mut RunLog,
    next: &mut NextStep<'_>,
) -> Result<()> {
    let workers = match optim.params.first() {
        Some(p) => Workers::on(p.var.device())?,
        None => Workers::new()?,
    };
    let (mut first, mut saved, mut lost) = (true, Instant::now(), 0);
    while let Some(progress) = budget.progress(&state) {
        if STOP.load(Ordering::Relaxed) {
            save(path, optim, &state)?;
            let text = format!(
                "Stopped at step {}, which is saved; the same command goes on from there",
                state.step
            );
            return Err(Error::new(ErrorKind::Cancelled, text));
        }
        let timer = Instant::now();
        let shares = next(&state, workers.count(), first.then_some(&mut *log))?;
        let examples: usize = shares.iter().map(|share| share.examples).sum();
        let (grads, shown) = add_up(workers.map(shares, backward))?;
        if shown.iter().any(|value| !value.is_finite()) {
            return Err(lost_its_way(path, optim, &state, "the loss"));
        }
        if std::mem::take(&mut first) {
            grads.iter().try_for_each(|grads| optim.assert_all_have_gradients(grads))?;
        }
        let norm = optim.update(&grads, schedule(state.step, optim.config.warm_up, progress))?;
        lost = if norm.is_finite() { 0 } else { lost + 1 };
        if lost == MOST_LOST {
            return Err(lost_its_way(path, optim, &state, "the gradient"));
        }
        state.step += 1;
        state.seconds += timer.elapsed().as_secs_f64();
        state.examples += examples as u64;
        log.step(&state, progress, &[shown.as_slice(), &[norm]].concat())?;
        if state.step.is_multiple_of(SAVE_EVERY) || saved.elapsed().as_secs_f64() >= SAVE_EVERY_S {
            save(path, optim, &state)?;
            saved = Instant::now();
        }
    }
    save(path, optim, &state)
}

/// The error of a training whose numbers are none any more. What the steps before have learnt is saved, unless the weights
/// themselves are no numbers: then the checkpoint that there is stays.
fn lost_its_way(path: &Path, optim: &mut AdamW, state: &RunState, what: &str) -> Error {
    let kept = optim.gather().is_ok() && optim.is_finite() && checkpoint::save(path, optim, state).is_ok();
    let kept = match (kept, path.exists()) {
        (true, _) => "the weights of before it are saved",
        (false, true) => "the last checkpoint is kept",
        (false, false) => "nothing was learnt before it",
    };
    let text = format!(
        "Training has stopped at step {}: {what} is no number there; {kept}. A smaller --learning-rate usually helps",
        state.step
    );
    Error::new(ErrorKind::Compute, text)
}

fn save(path: &Path, optim: &mut AdamW, state: &RunState) -> Result<()> {
    optim.gather()?;
    checkpoint::save(path, optim, state)
}

/// Gradients of a share's part of the loss, and its part of the columns.
fn backward(share: Share<'_>) -> Result<(GradStore, Vec<f64>)> {
    let (loss, shown) = (share.loss)()?;
    Ok(((loss * share.weight)?.backward()?, shown.iter().map(|value| value * share.weight).collect()))
}

/// The gradients of all shares and the sums of their columns.
fn add_up(shares: Vec<Result<(GradStore, Vec<f64>)>>) -> Result<(Vec<GradStore>, Vec<f64>)> {
    let mut sums: Vec<f64> = Vec::new();
    let mut all = Vec::new();
    for share in shares {
        let (grads, shown) = share?;
        sums.resize(shown.len(), 0.0);
        sums.iter_mut().zip(&shown).for_each(|(sum, value)| *sum += value);
        all.push(grads);
    }
    Ok((all, sums))
}

/// The value of a scalar.
pub(super) fn value(x: &Tensor) -> Result<f64> {
    Ok(f64::from(x.to_scalar::<f32>()?))
}
