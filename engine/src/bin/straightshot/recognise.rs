//! `straightshot recognise`: what YAMNet hears in sounds made from a list of prompts, and whether it is right.

use crate::evaluate::progress;
use anyhow::{Context, Result, ensure};
use clap::Args;
use std::path::{Path, PathBuf};
use straightshot_engine::audio::wav;
use straightshot_engine::metrics::aisfx::Aisfx;
use straightshot_engine::metrics::labels;
use straightshot_engine::metrics::nearest::Recordings;
use straightshot_engine::metrics::recognition::RightClasses;
use straightshot_engine::metrics::yamnet::Yamnet;
use straightshot_engine::pipeline::{Audio, CancelToken, GenerationRequest, Generator};
use straightshot_engine::train::data::{self, Entry, Split};

#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// File with a prompt per line.
    #[arg(long, default_value = "engine/evaluation/prompts.txt")]
    prompts: PathBuf,
    /// Model folder; the built-in model without it.
    #[arg(long)]
    model: Option<PathBuf>,
    /// Solver steps, separated by commas; a table for each.
    #[arg(long, value_delimiter = ',', default_value = "24")]
    steps: Vec<u32>,
    /// Length in seconds.
    #[arg(long, default_value_t = 3.0)]
    seconds: f64,
    /// Classifier-free guidance scale; 1 is no guidance.
    #[arg(long, default_value_t = 3.0)]
    guidance: f32,
    /// Seeds, separated by commas; a sound of each prompt for each.
    #[arg(long, value_delimiter = ',', default_value = "1")]
    seeds: Vec<u64>,
    /// Classes named per sound.
    #[arg(long, default_value_t = 5)]
    top: usize,
    /// Folder with manifest.csv and recordings: also name the one that is most like each sound. May be given several
    /// times.
    #[arg(long, requires = "second")]
    data: Vec<PathBuf>,
    /// Weights of the embedder that finds it, written by engine/evaluation/export_aisfx.py.
    #[arg(long)]
    second: Option<PathBuf>,
    /// Licence tiers of the recordings, separated by commas.
    #[arg(long, default_value = "A,B")]
    tiers: String,
    /// Folder to keep the sounds in.
    #[arg(long)]
    keep: Option<PathBuf>,
    /// Folder with the evaluation network, by default that of the repository one stands in.
    #[arg(long, default_value = "assets/eval")]
    assets: PathBuf,
}

/// Prints a Markdown table per number of steps, and under it how many sounds were recognised.
///
/// Posteriors are the maximum over windows: a short sound with silence behind it is judged by the sound. A sound is
/// recognised if one of the five best classes is right, see [`RightClasses`].
#[expect(clippy::print_stdout, reason = "the result of a command line tool")]
pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    let text = std::fs::read_to_string(&arguments.prompts)
        .with_context(|| arguments.prompts.display().to_string())?;
    let prompts: Vec<&str> = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    ensure!(!prompts.is_empty(), "{} holds no prompt", arguments.prompts.display());
    let yamnet = Yamnet::from_dir(&arguments.assets)?;
    let right = RightClasses::read(&arguments.assets.join("right_classes.csv"), yamnet.names())?;
    for prompt in &prompts {
        ensure!(!right.right(prompt).is_empty(), "right_classes.csv knows no word of {prompt:?}");
    }
    let generator = match &arguments.model {
        Some(folder) => Generator::from_dir(folder)?,
        None => Generator::builtin()?,
    };
    let library = match &arguments.second {
        Some(weights) if !arguments.data.is_empty() => {
            let library = Library::load(&arguments.data, &arguments.tiers, weights)?;
            println!("{}\n", library.reference(&right));
            Some(library)
        }
        _ => None,
    };
    for &steps in &arguments.steps {
        let more = if library.is_some() { " | nearest recording |" } else { "" };
        println!(
            "| prompt, {steps} steps, {} s | | YAMNet's best classes |{more}{}\n|---|---|---|{}",
            arguments.seconds,
            if library.is_some() { " |" } else { "" },
            if library.is_some() { "---|---|" } else { "" },
        );
        let (mut recognised, mut alike) = (0, 0);
        for &seed in &arguments.seeds {
            for prompt in &prompts {
                let sound = sound(arguments, &generator, prompt, steps, seed)?;
                let peaks = yamnet.hear(&sound.samples, sound.sample_rate_hz)?.peaks();
                let yes = right.recognised(&peaks, prompt).unwrap_or(false);
                recognised += usize::from(yes);
                let named = |class: usize| format!("{} {:.2}", yamnet.names()[class], peaks[class]);
                let best: Vec<String> = labels::best(&peaks, arguments.top).into_iter().map(named).collect();
                print!("| {prompt} | {} | {} |", yes_or_no(yes), best.join(", "));
                if let Some(library) = &library {
                    let (caption, similarity) = library.nearest(&sound)?;
                    let yes = right.same_kind(prompt, caption);
                    alike += usize::from(yes);
                    print!(" {caption} ({similarity:.2}) | {} |", yes_or_no(yes));
                }
                println!();
            }
        }
        let all = prompts.len() * arguments.seeds.len();
        println!("\nrecognised at {steps} steps: {recognised} of {all}");
        if library.is_some() {
            println!("nearest recording of the same kind: {alike} of {all}");
        }
        println!();
    }
    Ok(())
}

fn yes_or_no(yes: bool) -> &'static str {
    if yes { "yes" } else { "no" }
}

/// Recordings and how the second embedder hears them.
struct Library {
    entries: Vec<Entry>,
    windows: Vec<Vec<f32>>,
    recordings: Recordings,
    embedder: Aisfx,
}

impl Library {
    /// All recordings of all splits: a sound may be most like one that the model learned from.
    fn load(folders: &[PathBuf], tiers: &str, weights: &Path) -> Result<Self> {
        let embedder = Aisfx::from_file(weights)?;
        let mut entries = Vec::new();
        for split in [Split::Train, Split::Valid, Split::Test] {
            entries.extend(data::read_manifests(folders, tiers, split)?);
        }
        ensure!(!entries.is_empty(), "no recording in {folders:?}");
        let mut windows = Vec::new();
        for (i, entry) in entries.iter().enumerate() {
            let sound = wav::read_mono(&entry.file)?;
            windows.push(embedder.embed(&sound.samples, sound.sample_rate_hz)?);
            progress("listening to recordings", i + 1, entries.len());
        }
        let recordings = Recordings::new(embedder.embedding(), &windows);
        Ok(Self { entries, windows, recordings, embedder })
    }

    /// Caption and similarity of the recording that is most like `sound`.
    fn nearest(&self, sound: &Audio) -> Result<(&str, f64)> {
        let windows = self.embedder.embed(&sound.samples, sound.sample_rate_hz)?;
        let found = self.recordings.nearest(&windows, |_| true).context("no recording")?;
        Ok((&self.entries[found.index].caption, found.similarity))
    }

    /// The same for recordings of the test split, each with those of other groups: the figure to compare with.
    fn reference(&self, right: &RightClasses) -> String {
        let (mut alike, mut all) = (0, 0);
        for (entry, windows) in self.entries.iter().zip(&self.windows) {
            if entry.split != Split::Test || right.right(&entry.caption).is_empty() {
                continue;
            }
            let other = |index: usize| self.entries[index].source_group != entry.source_group;
            let Some(found) = self.recordings.nearest(windows, other) else { continue };
            all += 1;
            alike += usize::from(right.same_kind(&entry.caption, &self.entries[found.index].caption));
        }
        format!("recordings of the test split, nearest of another group of the same kind: {alike} of {all}")
    }
}

fn sound(arguments: &Arguments, generator: &Generator, prompt: &str, steps: u32, seed: u64) -> Result<Audio> {
    let request = GenerationRequest {
        prompt: prompt.to_owned(),
        steps,
        guidance_scale: arguments.guidance,
        seed,
        seconds: arguments.seconds,
        ..GenerationRequest::default()
    };
    let made = generator.generate(&request, &mut |_| (), &CancelToken::default())?;
    let sound = made.clips.into_iter().next().context("no clip was made")?;
    if let Some(folder) = &arguments.keep {
        std::fs::create_dir_all(folder).with_context(|| folder.display().to_string())?;
        let name = format!("{}-{steps}-{seed}.wav", prompt.replace(' ', "-"));
        wav::write(&folder.join(name), &sound)?;
    }
    Ok(sound)
}
