//! `straightshot train library`: a model learns a folder of sounds.

use super::{Arguments, budget, optim, share};
use anyhow::{Context, Result, ensure};
use candle_core::Device;
use clap::{Args, ValueEnum};
use std::path::{Path, PathBuf};
use straightshot_engine::model::ModelFiles;
use straightshot_training::library::{self, Base, Item, LibraryTraining, Method, Report};
use straightshot_training::lora::Lora;
use straightshot_training::optim::OptimConfig;
use straightshot_training::timesteps::Timesteps;

/// Name of the built-in model.
const DEFAULT: &str = "default";
/// Skipped files that are named on the terminal; the report has all.
const SHOWN: usize = 20;
/// Characters of a model's name.
const LONGEST_NAME: usize = 60;
/// Characters of a name or note on the terminal.
const LONGEST_SHOWN: usize = 120;

/// What learns the sounds.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum MethodName {
    /// Low-rank factors beside the matrices: learns what the sounds have in common.
    Lora,
    /// All weights of the flow: learns more.
    Full,
}

#[derive(Debug, Args)]
pub(super) struct Library {
    /// Folder with sounds, at any depth.
    #[arg(long)]
    library: PathBuf,
    /// Model folder to start from, or "default" for the built-in model.
    #[arg(long, default_value = DEFAULT)]
    base: PathBuf,
    /// Model folder to write.
    #[arg(long)]
    out: PathBuf,
    /// Run folder, with report, log and checkpoint; beside the model without it.
    #[arg(long)]
    run: Option<PathBuf>,
    /// Name of the model that users see; the name of its folder without it.
    #[arg(long)]
    name: Option<String>,
    /// What learns the sounds.
    #[arg(long, value_enum, default_value_t = MethodName::Full)]
    method: MethodName,
    /// Inner width of the low-rank factors.
    #[arg(long, default_value_t = 16)]
    rank: usize,
    /// Strength of the low-rank factors; as the rank without it.
    #[arg(long)]
    alpha: Option<f64>,
    /// Only read the folder and write the report.
    #[arg(long)]
    check: bool,
    /// Latent tokens per step.
    #[arg(long, default_value_t = 2048)]
    tokens_per_step: usize,
    /// Sounds of the folder's kinds that are made to learn straight ways from, at most.
    #[arg(long, default_value_t = 768)]
    couples: usize,
    /// Share of examples without text.
    #[arg(long, default_value_t = 0.12, value_parser = share)]
    text_dropout: f64,
    /// Times: uniform, logit-normal[:MEAN,STD], mix-exp[:A] or bifocal[:ENDS,A].
    #[arg(long, default_value = "logit-normal:0,1")]
    timesteps: Timesteps,
}

/// A name that windows can show and folders can have: no separators and controls, no dots in front, not long.
fn clean(name: &str) -> String {
    let plain: String =
        name.chars().map(|c| if c.is_control() || "/\\:*?\"<>|".contains(c) { ' ' } else { c }).collect();
    let is_word = |word: &&str| !word.chars().all(|c| c == '.');
    let words = plain.split_whitespace().filter(is_word).collect::<Vec<_>>().join(" ");
    words.trim_start_matches('.').chars().take(LONGEST_NAME).collect::<String>().trim().to_owned()
}

impl Library {
    fn name(&self) -> String {
        let folder = || self.out.file_name().map(|name| name.to_string_lossy().into_owned());
        let name = clean(&self.name.clone().or_else(folder).unwrap_or_default());
        if name.is_empty() { "library".into() } else { name }
    }

    fn run_folder(&self) -> PathBuf {
        let beside = || self.out.with_file_name(format!("{}-run", self.name()));
        self.run.clone().unwrap_or_else(beside)
    }

    fn base(&self) -> Result<Base> {
        let files = if self.base == Path::new(DEFAULT) {
            ModelFiles::builtin()
        } else {
            let same = self.out.canonicalize().is_ok_and(|out| Some(out) == self.base.canonicalize().ok());
            ensure!(!same, "--out is the model that is started from; name another folder");
            ModelFiles::from_dir(&self.base)?
        };
        Ok(Base::load(files, &Device::Cpu)?)
    }

    fn settings(&self, arguments: &Arguments) -> LibraryTraining {
        let (method, learning_rate) = match self.method {
            MethodName::Lora => {
                let alpha = self.alpha.unwrap_or(self.rank as f64);
                (Method::Lora(Lora { rank: self.rank, alpha }), 1e-3)
            }
            MethodName::Full => (Method::Full, 3e-4),
        };
        LibraryTraining {
            method,
            // A trained network needs no long warm-up, and an hour here may be a few hundred steps.
            optim: OptimConfig { warm_up: 20, ..optim(arguments, learning_rate) },
            tokens_per_step: self.tokens_per_step,
            timesteps: self.timesteps,
            text_dropout: self.text_dropout,
            couples: self.couples,
            seed: arguments.seed,
            budget: budget(arguments),
        }
    }
}

pub(super) fn run(arguments: &Arguments, stage: &Library) -> Result<()> {
    let run = stage.run_folder();
    let settings = stage.settings(arguments);
    settings.optim.validate()?;
    // Where the hours of work will go is tried before them.
    writable(&run)?;
    if !stage.check {
        writable(&stage.out)?;
    }
    let base = stage.base()?;
    let mut report = Report::default();
    let items = library::scan(&stage.library, &mut report)?;
    println!("{} sounds with a caption; reading them", items.len());
    let data = if stage.check {
        check(&items, &base, &mut report);
        None
    } else {
        Some(library::encode(&items, &base, &mut report, &Device::Cpu))
    };
    let path = run.join("report.csv");
    report.write(&path)?;
    show(&report, &path);
    let Some(data) = data else { return Ok(()) };
    library::train(&settings, &base, &data?, &run, &Device::Cpu, &mut |text| println!("{text}"))
        .context("training on the library")?;
    library::write_model(settings.method, &base, &run, &stage.name(), &report, &stage.out)?;
    println!("{}", stage.out.display());
    Ok(())
}

/// Makes `folder` and tries whether files can be written there.
///
/// # Errors
/// Naming the folder.
pub(crate) fn writable(folder: &Path) -> Result<()> {
    let fail = || format!("The folder {} cannot be written", folder.display());
    std::fs::create_dir_all(folder).with_context(fail)?;
    tempfile::NamedTempFile::new_in(folder).with_context(fail)?.close().with_context(fail)
}

/// Reads every sound as training would.
fn check(items: &[Item], base: &Base, report: &mut Report) {
    for item in items {
        library::read(item, base.config.codec.sample_rate_hz, report);
    }
}

/// Text of a file for the terminal: short, and without characters that could control it.
fn plain(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(LONGEST_SHOWN).collect()
}

fn show(report: &Report, path: &Path) {
    let skipped = || report.lines.iter().filter(|line| !line.reason.is_empty());
    for line in skipped().take(SHOWN) {
        println!("  {}: {} ({})", plain(&line.file), line.reason, plain(&line.note));
    }
    if skipped().count() > SHOWN {
        println!("  and {} more", skipped().count() - SHOWN);
    }
    println!("{}\neach file: {}", report.summary(), path.display());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_cleaned() {
        for (name, cleaned) in [
            ("My doors", "My doors"),
            ("../../etc/passwd", "etc passwd"),
            ("a/b\\c:d", "a b c d"),
            ("  two\n lines\u{7} ", "two lines"),
            ("...", ""),
            ("T\u{fc}ren", "T\u{fc}ren"),
        ] {
            assert_eq!(clean(name), cleaned, "{name:?}");
        }
        assert_eq!(clean(&"x".repeat(300)).len(), LONGEST_NAME);
    }

    #[test]
    fn folders_are_tried_and_left_as_they_were() {
        let folder = tempfile::tempdir().unwrap();
        let inside = folder.path().join("new/model");
        writable(&inside).unwrap();
        assert_eq!(std::fs::read_dir(&inside).unwrap().count(), 0);
        let file = folder.path().join("file");
        std::fs::write(&file, "x").unwrap();
        assert!(writable(&file).unwrap_err().to_string().contains("cannot be written"));
    }
}
