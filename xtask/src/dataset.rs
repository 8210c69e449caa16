//! `cargo xtask dataset`: writes clips of foley made by rules, with captions, to train on.

use anyhow::{Result, ensure};
use std::path::PathBuf;
use straightshot_rules as rules;

/// Arguments of `cargo xtask dataset`.
#[derive(clap::Args)]
pub(crate) struct DatasetArgs {
    /// Folder for manifest.csv and audio/.
    #[arg(long, required_unless_present = "list")]
    out: Option<PathBuf>,
    /// Number of clips.
    #[arg(long, default_value_t = 1000)]
    clips: usize,
    /// Another seed makes other clips.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Only this category (as in the manifest) or this generator.
    #[arg(long, value_name = "NAME")]
    only: Option<String>,
    /// Prints the generators with their categories and numbers of clips, and makes nothing.
    #[arg(long)]
    list: bool,
    /// Threads; the clips do not depend on it.
    #[arg(long, default_value_t = 1)]
    threads: usize,
}

/// Runs the command.
pub(crate) fn dataset(args: &DatasetArgs) -> Result<()> {
    let jobs = rules::plan(args.clips, args.only.as_deref());
    ensure!(!jobs.is_empty(), "no generator or category of that name; --list prints them");
    match &args.out {
        Some(out) if !args.list => {
            let total = rules::write(out, &jobs, args.seed, args.threads.max(1))?;
            println!(
                "{} clips, {:.1} minutes: {}",
                jobs.len(),
                total / 60.0,
                out.join("manifest.csv").display()
            );
        }
        _ => rules::overview(&jobs).iter().for_each(|line| println!("{line}")),
    }
    Ok(())
}
