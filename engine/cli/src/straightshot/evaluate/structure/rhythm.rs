//! What prompts that say how many, how fast and how regular are answered with.

use super::super::progress;
use super::figures::{add, mean};
use super::material::Maker;
use anyhow::Result;
use straightshot_evaluation::curve::median;
use straightshot_evaluation::onset::{self, Settings};
use straightshot_evaluation::prompts::Prompts;
use straightshot_evaluation::rhythm::{self, Counted};
use straightshot_evaluation::seeds;
use straightshot_evaluation::structure::System;

/// Seconds of a sound with events to be counted or compared, and of a clock.
const SECONDS: f64 = 3.0;
const CLOCK_SECONDS: f64 = 5.0;

/// Adds the figures of rhythm to those of `system`, of sounds made by `maker`.
pub(super) fn add_all(system: &mut System, maker: &Maker<'_>, prompts: &Prompts) -> Result<()> {
    counts(system, maker, prompts)?;
    tempo(system, maker, prompts)?;
    clocks(system, maker, prompts)?;
    kinds(system, maker, prompts)
}

/// Times of the events in the sound of each seed.
fn onsets(maker: &Maker<'_>, prompt: &str, seconds: f64) -> Result<Vec<Vec<f64>>> {
    let one = |&seed: &u64| {
        let made = maker.make(prompt, seconds, seed)?;
        Ok(onset::times(&made.mixed(), made.sample_rate_hz(), &Settings::default()))
    };
    maker.arguments.seeds.iter().map(one).collect()
}

fn counts(system: &mut System, maker: &Maker<'_>, prompts: &Prompts) -> Result<()> {
    let mut counted: Vec<Counted> = Vec::new();
    for (done, line) in prompts.counts.iter().enumerate() {
        let found = onsets(maker, &line.prompt, SECONDS)?;
        counted.extend(found.iter().map(|times| Counted { asked: line.count, found: times.len() }));
        progress("counts", done + 1, prompts.counts.len());
    }
    let by_prompt = |values: &[f64]| -> Vec<Vec<f64>> {
        values.chunks(maker.arguments.seeds.len()).map(<[f64]>::to_vec).collect()
    };
    let right: Vec<f64> = counted.iter().map(|one| f64::from(u8::from(one.right()))).collect();
    let single: Vec<f64> = counted.iter().filter(|one| one.asked == 1).map(|one| one.found as f64).collect();
    let replicates = maker.arguments.replicates;
    add(system, replicates, "count_exact", &by_prompt(&right), mean);
    add(system, replicates, "count_chance", &by_prompt(&rhythm::chances(&counted)), mean);
    add(system, replicates, "count_found", &by_prompt(&single), mean);
    Ok(())
}

fn tempo(system: &mut System, maker: &Maker<'_>, prompts: &Prompts) -> Result<()> {
    let mut right = Vec::new();
    for (done, line) in prompts.tempo.iter().enumerate() {
        let [slow, fast] = [onsets(maker, &line.slow, SECONDS)?, onsets(maker, &line.fast, SECONDS)?];
        let pairs = slow.iter().zip(&fast);
        right.push(
            pairs.map(|(s, f)| rhythm::direction(rhythm::rate_hz(s), rhythm::rate_hz(f))).collect::<Vec<_>>(),
        );
        progress("tempo", done + 1, prompts.tempo.len());
    }
    add(system, maker.arguments.replicates, "tempo_right", &right, mean);
    Ok(())
}

/// Replaces the figure of the class of clocks, of which recordings have one: here there are more prompts.
fn clocks(system: &mut System, maker: &Maker<'_>, prompts: &Prompts) -> Result<()> {
    let mut variations = Vec::new();
    for (done, prompt) in prompts.clocks.iter().enumerate() {
        let found = onsets(maker, prompt, CLOCK_SECONDS)?;
        variations.push(found.iter().filter_map(|times| rhythm::variation(times)).collect::<Vec<_>>());
        progress("clocks", done + 1, prompts.clocks.len());
    }
    add(system, maker.arguments.replicates, "clock_variation", &variations, median);
    Ok(())
}

fn kinds(system: &mut System, maker: &Maker<'_>, prompts: &Prompts) -> Result<()> {
    let mut rises = Vec::new();
    for (done, line) in prompts.kinds.iter().enumerate() {
        for &seed in &maker.arguments.seeds {
            let made = maker.make(&line.prompt, SECONDS, seed)?;
            rises.push(seeds::rises(&made.mixed(), made.sample_rate_hz()));
        }
        progress("kinds", done + 1, prompts.kinds.len());
    }
    // What is drawn again is pairs of kinds, or kinds.
    let grouped = |same_kind, same_seed| {
        seeds::correlations_by_kinds(&rises, maker.arguments.seeds.len(), same_kind, same_seed)
    };
    let replicates = maker.arguments.replicates;
    add(system, replicates, "rhythm_other_kind", &grouped(false, true), mean);
    add(system, replicates, "rhythm_other_seed", &grouped(false, false), mean);
    add(system, replicates, "rhythm_same_prompt", &grouped(true, false), mean);
    Ok(())
}
