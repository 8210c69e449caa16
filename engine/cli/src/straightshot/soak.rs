//! `straightshot soak`: many takes of random prompts, each checked for what a user must never get.

use anyhow::{Result, bail};
use clap::Args;
use std::path::PathBuf;
use straightshot_engine::pipeline::{Generator, SILENT_RMS};
use straightshot_engine::rng::{Noise, Stream};
use straightshot_protocol::{CancelToken, Request};

/// Peak above which a take counts as clipped.
const CLIPPED_PEAK: f32 = 0.999;
/// Mean above which a take counts as having an offset, -46 dBFS.
const OFFSET: f64 = 0.005;

#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Model folder; the built-in model without it.
    #[arg(long)]
    model: Option<PathBuf>,
    /// Number of takes.
    #[arg(long, default_value_t = 1000)]
    takes: usize,
    /// Seed of prompts, lengths and settings.
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

/// Words that prompts are put together from; as good as any, and in no caption in this order.
const OBJECTS: [&str; 24] = [
    "door",
    "glass bottle",
    "dog",
    "rain",
    "wind",
    "fire",
    "river",
    "thunder",
    "footsteps",
    "engine",
    "bird",
    "paper",
    "metal plate",
    "explosion",
    "crowd",
    "bell",
    "sword",
    "clock",
    "keyboard",
    "wave",
    "robot",
    "chair",
    "helicopter",
    "spoon",
];
const ACTIONS: [&str; 16] = [
    "creaking",
    "breaking",
    "barking",
    "falling",
    "howling",
    "crackling",
    "slowly opening",
    "far away",
    "hitting stone",
    "on gravel",
    "starting",
    "singing",
    "tearing",
    "in a large hall",
    "very loud",
    "ticking",
];

/// Prints what was found; fails if a take is not finite, silent, clipped or has an offset.
pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    let generator = match &arguments.model {
        Some(folder) => Generator::from_dir(folder)?,
        None => Generator::builtin()?,
    };
    let mut random = Noise::new(arguments.seed, Stream::Training);
    let (mut faults, mut lowest_rms, mut largest_mean) = (Vec::new(), f64::MAX, 0f64);
    let mut again = Vec::new();
    for take in 0..arguments.takes {
        let request = request(&mut random, take as u64);
        let made = generator.generate(&request, &mut |_| (), &CancelToken::default())?;
        if made.nfe > request.steps {
            again.push(format!("{request:?}"));
        }
        for clip in &made.clips {
            let n = clip.left().len() as f64;
            let mean = clip.left().iter().map(|&x| f64::from(x)).sum::<f64>() / n;
            let rms = (clip.left().iter().map(|&x| f64::from(x) * f64::from(x)).sum::<f64>() / n).sqrt();
            let peak = clip.left().iter().fold(0f32, |m, x| m.max(x.abs()));
            let found = [
                (!rms.is_finite(), "not finite"),
                (rms < f64::from(SILENT_RMS), "silent"),
                (peak > CLIPPED_PEAK, "clipped"),
                (mean.abs() > OFFSET, "offset"),
            ];
            for (_, what) in found.iter().filter(|(found, _)| *found) {
                faults.push(format!("{what}: rms {rms:.5}, peak {peak:.3}, mean {mean:.5}, {request:?}"));
            }
            (lowest_rms, largest_mean) = (lowest_rms.min(rms), largest_mean.max(mean.abs()));
        }
    }
    println!(
        "{} takes, {} faults; lowest RMS {:.1} dBFS, largest offset {:.1} dBFS",
        arguments.takes,
        faults.len(),
        20.0 * lowest_rms.log10(),
        20.0 * largest_mean.log10()
    );
    if !again.is_empty() {
        println!("made again, because they would have been silent:\n{}", again.join("\n"));
    }
    if !faults.is_empty() {
        bail!("{}", faults.join("\n"));
    }
    Ok(())
}

/// One or two sounds, 0.25 to 6 s, one to eight steps, any usual guidance; now and then no word at all.
fn request(random: &mut Noise, seed: u64) -> Request {
    let mut sound = || {
        let object = OBJECTS[random.below(OBJECTS.len())];
        format!("{object} {}", ACTIONS[random.below(ACTIONS.len())])
    };
    let (first, second) = (sound(), sound());
    let prompt = match random.below(8) {
        0 => format!("{first} and {second}"),
        1 => "?!".to_owned(),
        2 => first.to_uppercase(),
        _ => first,
    };
    Request {
        prompt,
        steps: [1, 1, 1, 2, 4, 8][random.below(6)],
        guidance: 1.0 + random.below(5) as f32,
        seed,
        seconds: 0.25 + 5.75 * random.uniform(),
        ..Request::default()
    }
}
