//! What all training stages share: budget, log, and the list of trained variables.

use super::checkpoint::{self, RunState};
use super::optim::{AdamW, schedule};
use crate::error::{Error, ErrorKind, Result};
use candle_core::{Tensor, Var};
use candle_nn::VarMap;
use std::io::Write;
use std::path::Path;

/// Steps between checkpoints.
const SAVE_EVERY: u64 = 100;
/// Steps between lines on the terminal.
const SHOW_EVERY: u64 = 10;

/// When a stage ends: after so many steps or so much training time over all sessions, whichever is first.
#[derive(Debug, Clone, Copy)]
pub struct Budget {
    /// Optimiser steps.
    pub steps: u64,
    /// Training time in seconds.
    pub seconds: f64,
}

impl Budget {
    /// Share of the budget that is used, or `None` when it is spent.
    #[must_use]
    pub fn progress(&self, state: &RunState) -> Option<f64> {
        let used = (state.step as f64 / self.steps.max(1) as f64).max(state.seconds / self.seconds.max(1e-9));
        (used < 1.0).then_some(used)
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

/// One step of a stage, before its gradient is taken.
pub(super) struct Step {
    /// What is minimised.
    pub(super) loss: Tensor,
    /// Columns of the log between the time and the gradient norm.
    pub(super) shown: Vec<f64>,
    /// Examples it is over.
    pub(super) examples: usize,
}

/// What computes a [`Step`]; the log is passed in while notes are welcome.
pub(super) type NextStep<'a> = dyn FnMut(&RunState, Option<&mut RunLog>) -> Result<Step> + 'a;

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
    let mut first = true;
    while let Some(progress) = budget.progress(&state) {
        let timer = std::time::Instant::now();
        let step = next(&state, first.then_some(&mut *log))?;
        let grads = step.loss.backward()?;
        if std::mem::take(&mut first) {
            optim.assert_all_have_gradients(&grads)?;
        }
        let norm = optim.update(&grads, schedule(state.step, optim.config.warm_up, progress))?;
        state.step += 1;
        state.seconds += timer.elapsed().as_secs_f64();
        state.examples += step.examples as u64;
        log.step(&state, progress, &[step.shown.as_slice(), &[norm]].concat())?;
        if state.step.is_multiple_of(SAVE_EVERY) {
            checkpoint::save(path, optim, &state)?;
        }
    }
    checkpoint::save(path, optim, &state)
}

/// The value of a scalar.
pub(super) fn value(x: &Tensor) -> Result<f64> {
    Ok(f64::from(x.to_scalar::<f32>()?))
}
