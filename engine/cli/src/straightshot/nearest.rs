//! `straightshot nearest`: whether a model that has learnt a folder of sounds makes sounds of that folder's kinds.

use crate::evaluate::progress;
use anyhow::{Context, Result, ensure};
use clap::Args;
use std::path::PathBuf;
use straightshot_engine::pipeline::Generator;
use straightshot_evaluation::nearest::Recordings;
use straightshot_evaluation::recognition::RightClasses;
use straightshot_evaluation::yamnet::{EMBEDDING, Yamnet};
use straightshot_protocol::{CancelToken, Request};
use straightshot_sound::files;
use straightshot_training::data::{self, Split};
use straightshot_training::library::{self, Report};

/// Rate at which the folder's sounds are listened to; YAMNet brings all to its own.
const RATE_HZ: u32 = 44_100;

#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Folder with sounds, read as `train library` reads it.
    #[arg(long)]
    library: PathBuf,
    /// Model folder; the built-in model without it.
    #[arg(long)]
    model: Option<PathBuf>,
    /// Folder with manifest.csv and recordings of other kinds: its valid and test splits. May be given several times.
    #[arg(long, required = true)]
    data: Vec<PathBuf>,
    /// Licence tiers of those, separated by commas.
    #[arg(long, default_value = "A,B")]
    tiers: String,
    /// Solver steps, separated by commas; a row for each.
    #[arg(long, value_delimiter = ',', default_value = "1,8")]
    steps: Vec<u32>,
    /// Sounds made for each, of the captions of the folder in turn.
    #[arg(long, default_value_t = 24)]
    takes: usize,
    /// Seed of the first of them.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Length in seconds.
    #[arg(long, default_value_t = 2.0)]
    seconds: f64,
    /// Classifier-free guidance scale.
    #[arg(long, default_value_t = 4.0)]
    guidance: f32,
    /// Folder with the evaluation network, by default that of the repository one stands in.
    #[arg(long, default_value = "assets/eval")]
    assets: PathBuf,
}

/// Sounds counted.
#[derive(Debug, Default)]
struct Count {
    all: usize,
    /// The nearest recording is one of the folder.
    near: usize,
    /// Sounds whose caption says what class is right, and those of them in which it is heard.
    judged: usize,
    recognised: usize,
}

impl Count {
    fn row(&self, what: &str) -> String {
        let Self { all, near, judged, recognised } = self;
        format!("| {what} | {near} of {all} | {recognised} of {judged} |")
    }
}

/// What all sounds are compared with.
struct Judge {
    yamnet: Yamnet,
    right: RightClasses,
    recordings: Recordings,
    /// So many of the recordings are the folder's; they are the first.
    own: usize,
}

impl Judge {
    /// Counts a sound; a recording is compared with all but itself.
    fn count(&self, count: &mut Count, heard: &Ears, caption: &str, itself: Option<usize>) -> Result<()> {
        let found = self.recordings.nearest(&heard.windows, |index| Some(index) != itself);
        count.all += 1;
        count.near += usize::from(found.context("nothing to compare with")?.index < self.own);
        if let Some(yes) = self.right.recognised(&heard.peaks, caption) {
            count.judged += 1;
            count.recognised += usize::from(yes);
        }
        Ok(())
    }
}

struct Ears {
    windows: Vec<f32>,
    peaks: Vec<f64>,
}

fn listen(yamnet: &Yamnet, samples: &[f32], rate_hz: u32) -> Result<Ears> {
    let heard = yamnet.hear(samples, rate_hz)?;
    Ok(Ears { windows: heard.sounding(), peaks: heard.peaks() })
}

/// Prints a Markdown table: the folder's recordings, each beside all others, then sounds of its captions.
pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    let yamnet = Yamnet::from_dir(&arguments.assets)?;
    let right = RightClasses::read(&arguments.assets.join("right_classes.csv"), yamnet.names())?;
    let mut report = Report::default();
    let items = library::scan(&arguments.library, &mut report)?;
    let clips: Vec<_> = items.iter().filter_map(|item| library::read(item, RATE_HZ, &mut report)).collect();
    ensure!(!clips.is_empty(), "no sound of {} can be read", arguments.library.display());
    let mut heard = Vec::new();
    for clip in &clips {
        heard.push(listen(&yamnet, &clip.samples, RATE_HZ)?);
    }
    let mut others = Vec::new();
    for split in [Split::Valid, Split::Test] {
        others.extend(data::read_manifests(&arguments.data, &arguments.tiers, split)?);
    }
    ensure!(!others.is_empty(), "no recording of the valid or test split in {:?}", arguments.data);
    for (i, entry) in others.iter().enumerate() {
        let sound = files::read_mono(&entry.file)?;
        heard.push(listen(&yamnet, sound.left(), sound.sample_rate_hz())?);
        progress("listening to recordings", i + 1, others.len());
    }
    let windows: Vec<Vec<f32>> = heard.iter().map(|ears| ears.windows.clone()).collect();
    let judge = Judge { yamnet, right, recordings: Recordings::new(EMBEDDING, &windows), own: clips.len() };
    println!("| sounds | nearest to one of the folder | right class in YAMNet's best five |");
    println!("| --- | --- | --- |");
    let mut count = Count::default();
    for (i, (clip, ears)) in clips.iter().zip(&heard).enumerate() {
        judge.count(&mut count, ears, &clip.entry.caption, Some(i))?;
    }
    println!("{}", count.row("its recordings"));
    let mut captions: Vec<&str> = clips.iter().map(|clip| clip.entry.caption.as_str()).collect();
    captions.sort_unstable();
    captions.dedup();
    let generator = match &arguments.model {
        Some(folder) => Generator::from_dir(folder)?,
        None => Generator::builtin()?,
    };
    for &steps in &arguments.steps {
        let mut count = Count::default();
        for (caption, seed) in captions.iter().cycle().zip(arguments.seed..).take(arguments.takes) {
            let request = Request {
                prompt: (*caption).to_owned(),
                steps,
                seed,
                seconds: arguments.seconds,
                guidance: arguments.guidance,
                ..Request::default()
            };
            let made = generator.generate(&request, &mut |_| (), &CancelToken::default())?;
            let sound = made.clips.first().context("no clip was made")?;
            let ears = listen(&judge.yamnet, &sound.mixed(), sound.sample_rate_hz())?;
            judge.count(&mut count, &ears, caption, None)?;
        }
        println!("{}", count.row(&format!("made with {steps} steps")));
    }
    Ok(())
}
