//! `straightshot label`: what YAMNet hears in sound files.

use anyhow::Result;
use clap::Args;
use std::path::PathBuf;
use straightshot_evaluation::labels;
use straightshot_evaluation::yamnet::Yamnet;
use straightshot_sound::files;

#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Sound files.
    #[arg(required = true)]
    files: Vec<PathBuf>,
    /// Classes named per file.
    #[arg(long, default_value_t = 4)]
    top: usize,
    /// Folder with the evaluation network, by default that of the repository one stands in.
    #[arg(long, default_value = "assets/eval")]
    assets: PathBuf,
}

/// Prints a Markdown table row per file, named after it.
pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    let yamnet = Yamnet::from_dir(&arguments.assets)?;
    for path in &arguments.files {
        let sound = files::read_mono(path)?;
        let peaks = yamnet.hear(&sound.mixed(), sound.sample_rate_hz())?.peaks();
        let named = |class: usize| format!("{} {:.2}", yamnet.names()[class], peaks[class]);
        let best: Vec<String> = labels::best(&peaks, arguments.top).into_iter().map(named).collect();
        let name = path.file_stem().unwrap_or_default().to_string_lossy().replace('-', " ");
        println!("| {name} | {} |", best.join(", "));
    }
    Ok(())
}
