//! `straightshot evaluate`: a model against a held-out split, one row of the table of results.

mod compare;
mod judge;
mod plan;
mod score;
mod sounds;
mod structure;

use anyhow::{Context, Result, ensure};
use clap::{Args, ValueEnum};
use serde::Deserialize;
use std::path::{Path, PathBuf};
use straightshot_engine::device::Placement;
use straightshot_engine::model::ModelFiles;
use straightshot_engine::pipeline::Generator;
use straightshot_evaluation::results::{self, MARKDOWN_HEADING, MARKDOWN_HEADING_OF_DIFFERENCES, Row};
use straightshot_protocol::Card;
use straightshot_training::data::{self, Clip, Split};

#[derive(Debug, Clone, Args)]
pub(crate) struct Arguments {
    /// Model folder; the built-in model without it.
    #[arg(long)]
    model: Option<PathBuf>,
    /// Folder with manifest.csv and the sounds it names; may be given several times.
    #[arg(long, required = true)]
    data: Vec<PathBuf>,
    /// Licence tiers to compare with, separated by commas.
    #[arg(long, default_value = "A,B")]
    tiers: String,
    /// Part of the data set to compare with.
    #[arg(long, value_enum, default_value_t = Part::Test)]
    split: Part,
    /// Judge recordings instead of generated sounds.
    #[arg(long, value_enum)]
    real: Option<Real>,
    /// Name of the row.
    #[arg(long, required_unless_present_any = ["plan", "structure"], default_value = "")]
    system: String,
    /// Measure attacks, tones, floors, counts, rhythm, seeds and classes instead, of recordings, of the codec and of what is
    /// generated with each number of steps.
    #[arg(long, conflicts_with_all = ["plan", "system", "real", "against"])]
    structure: bool,
    /// Folder with the lists of classes and prompts for that, by default that of the repository one stands in.
    #[arg(long, default_value = "engine/evaluation/structure")]
    lists: PathBuf,
    /// Recordings of each class for that, of the test split as far as there are, then of the others; four times as many of a
    /// class that no network listens to.
    #[arg(long, default_value_t = 6)]
    per_class: usize,
    /// Reconstructions get the levels on short frames that the recordings have, instead of those that the model draws: the best
    /// that levels can do.
    #[arg(long, requires = "structure")]
    true_levels: bool,
    /// Table of results to write its measures into.
    #[arg(long, requires = "structure")]
    json: Option<PathBuf>,
    /// A whole table: a file with a line per row (system, real, run, sampler, steps, guidance, compute, against), from
    /// training runs that need not be packed. `--model` gives codec and text encoder.
    #[arg(long, conflicts_with_all = ["system", "real", "steps", "guidance", "against"])]
    plan: Option<PathBuf>,
    /// Folder of the runs that the plan names.
    #[arg(long, default_value = "runs")]
    runs: PathBuf,
    /// Solver steps, separated by commas; a row or column for each.
    #[arg(long, value_delimiter = ',', default_value = "4")]
    steps: Vec<u32>,
    /// Classifier-free guidance scale; 1 is no guidance.
    #[arg(long, default_value_t = 3.0)]
    guidance: f32,
    /// Seeds, separated by commas; each makes one sound per recording.
    #[arg(long, value_delimiter = ',', default_value = "1,2,3")]
    seeds: Vec<u64>,
    /// Compare with so many recordings, taken evenly from the whole split.
    #[arg(long)]
    limit: Option<usize>,
    /// Folder with the evaluation network, by default that of the repository one stands in.
    #[arg(long, default_value = "assets/eval")]
    assets: PathBuf,
    /// Weights of the second embedder, written by engine/evaluation/export_aisfx.py.
    #[arg(long)]
    second: Option<PathBuf>,
    /// Bootstrap replicates of means.
    #[arg(long, default_value_t = 1000)]
    replicates: usize,
    /// Bootstrap replicates of distances between sets; a Fréchet distance costs about a second (at most 20 of them with
    /// --structure).
    #[arg(long, default_value_t = 100)]
    fad_replicates: usize,
    /// Euler steps of the trajectories whose straightness is measured.
    #[arg(long, default_value_t = 24)]
    straightness_steps: u32,
    /// Trajectories whose straightness is measured; 0 leaves it out.
    #[arg(long, default_value_t = 64)]
    straightness_clips: usize,
    /// Worker threads; what the plugin would use without it.
    #[arg(long)]
    threads: Option<usize>,
    /// What training cost, for the table.
    #[arg(long, default_value = "not stated")]
    compute: String,
    /// Folder to keep the judged sounds in.
    #[arg(long)]
    keep: Option<PathBuf>,
    /// Folder that keeps what every clip scored and has of the Fréchet distance, a file `SYSTEM-STEPS.csv` per row.
    #[arg(long)]
    scores: Option<PathBuf>,
    /// Row to compare with clip by clip, `SYSTEM-STEPS` of a file in that folder.
    #[arg(long, requires = "scores")]
    against: Option<String>,
    /// Table of results to write the row into.
    #[arg(long)]
    row_out: Option<PathBuf>,
}

impl Arguments {
    /// The number of steps of a row, of which there is one.
    fn steps(&self) -> u32 {
        self.steps.first().copied().unwrap_or(1)
    }

    fn with_steps(&self, steps: u32) -> Self {
        Self { steps: vec![steps], ..self.clone() }
    }
}

/// Part of the data set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Part {
    Train,
    Valid,
    Test,
}

impl From<Part> for Split {
    fn from(part: Part) -> Self {
        match part {
            Part::Train => Self::Train,
            Part::Valid => Self::Valid,
            Part::Test => Self::Test,
        }
    }
}

/// Recordings that can take the place of generated sounds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Real {
    /// The same recordings: what the scores give to the real thing.
    Same,
    /// The recordings through the model's codec and back: the best its flow could do.
    Codec,
    /// As many recordings of the train split: how far apart two real sets are. Only distances.
    Train,
}

pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    if arguments.structure {
        return structure::run(arguments);
    }
    if let Some(plan) = &arguments.plan {
        return plan::run(arguments, plan);
    }
    let files = match &arguments.model {
        Some(folder) => ModelFiles::from_dir(folder)?,
        None => ModelFiles::builtin(),
    };
    let generator = Generator::with_threads(&files, threads(arguments))?;
    let hearing = Hearing::open(arguments, generator.card())?;
    println!("{MARKDOWN_HEADING}");
    let mut differences = Vec::new();
    // Recordings have no steps: one row of them is enough.
    let rows = if arguments.real.is_some() { 1 } else { arguments.steps.len() };
    for &steps in &arguments.steps[..rows] {
        let row = hearing.row(&arguments.with_steps(steps), &files, &generator)?;
        println!("{}", row.markdown());
        differences.extend(row.markdown_of_differences());
    }
    if !differences.is_empty() {
        println!("{MARKDOWN_HEADING_OF_DIFFERENCES}\n{}", differences.join("\n"));
    }
    Ok(())
}

fn threads(arguments: &Arguments) -> usize {
    arguments.threads.unwrap_or_else(|| Placement::best().worker_threads())
}

/// The recordings and what the judges hear in them: the same for every row.
struct Hearing {
    judges: judge::Judges,
    clips: Vec<Clip>,
    real: judge::Opinion,
}

impl Hearing {
    fn open(arguments: &Arguments, card: &Card) -> Result<Self> {
        let rate = card.sample_rate_hz;
        let judges = judge::Judges::load(&arguments.assets, arguments.second.as_deref())?;
        let clips = clips(arguments, arguments.split.into(), arguments.limit, rate)?;
        // Before minutes of listening, not after.
        sounds::request(arguments, rate, &clips[0], 0, 0).validate(card)?;
        let real = judges.listen(&sounds::recordings(&clips, rate), "recordings")?;
        Ok(Self { judges, clips, real })
    }

    /// Judges what `arguments` say, and writes the row where they say.
    fn row(&self, arguments: &Arguments, files: &ModelFiles, generator: &Generator) -> Result<Row> {
        let Self { judges, clips, real } = self;
        let made = sounds::make(arguments, generator, files, clips)?;
        let opinion = judges.listen(&made.sounds, "sounds to judge")?;
        let mut row = Row {
            system: arguments.system.clone(),
            clips: clips.len(),
            rtf: made.rtf(),
            data: describe_data(arguments),
            compute: arguments.compute.clone(),
            command: command_line(),
            ..Row::default()
        };
        if arguments.real.is_none() {
            row.steps = arguments.steps();
            row.guidance = Some(arguments.guidance);
            row.seeds.clone_from(&arguments.seeds);
            row.threads = Some(threads(arguments));
            score::straightness(&mut row, arguments, generator, clips)?;
        }
        let fad_yamnet = score::distances(&mut row, arguments, real, &opinion, &made)?;
        if made.paired {
            let scores = compare::Scores {
                kl: score::pairs(&mut row, arguments, real, &opinion, clips),
                recognised: score::recognition(&mut row, arguments, judges, real, &opinion, clips),
                text_score: score::texts(&mut row, arguments, judges, generator, &opinion, clips)?,
                fad_yamnet,
            };
            compare::keep(&mut row, arguments, &scores, clips)?;
        }
        if let Some(path) = &arguments.row_out {
            results::merge(path, &row)?;
        }
        Ok(row)
    }
}

/// Decoded clips of one part of all data folders, `limit` of them taken evenly.
fn clips(
    arguments: &Arguments,
    split: Split,
    limit: Option<usize>,
    sample_rate_hz: u32,
) -> Result<Vec<Clip>> {
    let entries = data::read_manifests(&arguments.data, &arguments.tiers, split)?;
    ensure!(!entries.is_empty(), "no recording of the {split:?} split in {:?}", arguments.data);
    let kept = limit.unwrap_or(entries.len()).clamp(1, entries.len());
    let chosen: Vec<_> = (0..kept).map(|i| entries[i * entries.len() / kept].clone()).collect();
    Ok(data::load(&chosen, sample_rate_hz)?)
}

fn describe_data(arguments: &Arguments) -> String {
    let split = format!("{:?}", arguments.split).to_lowercase();
    format!("{split} split of {}", describe_folders(arguments))
}

fn describe_folders(arguments: &Arguments) -> String {
    let names: Vec<_> =
        arguments.data.iter().map(|folder| last_component(&folder.to_string_lossy())).collect();
    format!("{}, tiers {}", names.join(" + "), arguments.tiers)
}

/// The command as typed, absolute paths reduced to their last part: a table is published.
fn command_line() -> String {
    let words = std::env::args().skip(1).map(|word| {
        let word = if Path::new(&word).is_absolute() { last_component(&word) } else { word };
        if word.contains(' ') { format!("{word:?}") } else { word }
    });
    std::iter::once("straightshot".to_owned()).chain(words).collect::<Vec<_>>().join(" ")
}

fn last_component(path: &str) -> String {
    Path::new(path).file_name().map_or_else(|| path.to_owned(), |name| name.to_string_lossy().into_owned())
}

/// A line that replaces itself while something long runs.
#[expect(clippy::print_stderr, reason = "progress of a command line tool")]
pub(crate) fn progress(what: &str, done: usize, of: usize) {
    if done.is_multiple_of(10) || done == of {
        eprint!("\r{what}: {done} of {of}{}", if done == of { "\n" } else { "" });
    }
}

fn create(folder: &std::path::Path) -> Result<()> {
    std::fs::create_dir_all(folder).with_context(|| folder.display().to_string())
}
