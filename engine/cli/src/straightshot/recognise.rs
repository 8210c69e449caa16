//! `straightshot recognise`: what YAMNet hears in sounds made from a list of prompts, and whether it is right.

mod library;

use self::library::Library;
use anyhow::{Context, Result, ensure};
use clap::Args;
use std::path::PathBuf;
use straightshot_engine::pipeline::Generator;
use straightshot_evaluation::labels;
use straightshot_evaluation::recognition::RightClasses;
use straightshot_evaluation::yamnet::Yamnet;
use straightshot_protocol::{Audio, CancelToken, Request};
use straightshot_sound::files;

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
    /// Folder with manifest.csv and recordings: say too how many of the same kind are recognised, among those of the
    /// valid and test splits. May be given several times.
    #[arg(long)]
    data: Vec<PathBuf>,
    /// Weights of the second embedder, written by engine/evaluation/export_aisfx.py: name the recording too that is most
    /// like each sound.
    #[arg(long, requires = "data")]
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
    let library = (!arguments.data.is_empty()).then(|| Library::load(arguments, &yamnet)).transpose()?;
    for &steps in &arguments.steps {
        let (mut rows, mut recognised, mut alike) = (Vec::new(), 0, 0);
        for &seed in &arguments.seeds {
            for prompt in &prompts {
                let sound = sound(arguments, &generator, prompt, steps, seed)?;
                let peaks = yamnet.hear(&sound.mixed(), sound.sample_rate_hz())?.peaks();
                let yes = right.recognised(&peaks, prompt).unwrap_or(false);
                recognised += usize::from(yes);
                let named = |class: usize| format!("{} {:.2}", yamnet.names()[class], peaks[class]);
                let best: Vec<String> = labels::best(&peaks, arguments.top).into_iter().map(named).collect();
                let mut row = vec![(*prompt).to_owned(), yes_or_no(yes), best.join(", ")];
                if let Some(library) = &library {
                    let beside = library.beside(prompt, &sound, &right)?;
                    alike += usize::from(beside.same_kind);
                    row.extend(beside.cells);
                }
                rows.push(row);
            }
        }
        let mut heading = vec![format!("prompt, {steps} steps, {} s", arguments.seconds), String::new()];
        heading.push("YAMNet's best classes".into());
        heading.extend(library.iter().flat_map(Library::headings));
        println!("{}", line(&heading));
        println!("{}", line(&vec!["---".to_owned(); heading.len()]));
        rows.iter().for_each(|row| println!("{}", line(row)));
        println!("\nrecognised at {steps} steps: {recognised} of {}", rows.len());
        if let Some(library) = &library {
            println!("{}", library.summary(&prompts, &right, alike, rows.len()));
        }
        println!();
    }
    Ok(())
}

fn line(cells: &[String]) -> String {
    format!("| {} |", cells.join(" | "))
}

fn yes_or_no(yes: bool) -> String {
    if yes { "yes" } else { "no" }.to_owned()
}

fn sound(arguments: &Arguments, generator: &Generator, prompt: &str, steps: u32, seed: u64) -> Result<Audio> {
    let request = Request {
        prompt: prompt.to_owned(),
        steps,
        guidance: arguments.guidance,
        seed,
        seconds: arguments.seconds,
        ..Request::default()
    };
    let made = generator.generate(&request, &mut |_| (), &CancelToken::default())?;
    let sound = made.clips.into_iter().next().context("no clip was made")?;
    if let Some(folder) = &arguments.keep {
        std::fs::create_dir_all(folder).with_context(|| folder.display().to_string())?;
        let name = format!("{}-{steps}-{seed}.wav", prompt.replace(' ', "-"));
        files::write(&folder.join(name), &sound)?;
    }
    Ok(sound)
}
