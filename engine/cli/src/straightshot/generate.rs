//! `straightshot generate`: a prompt becomes a WAV file.

use anyhow::{Context, Result};
use clap::Args;
use std::path::PathBuf;
use straightshot_engine::model::builtin_card;
use straightshot_engine::pipeline::Generator;
use straightshot_protocol::{CancelToken, Request};
use straightshot_sound::files;

#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// What to hear.
    prompt: String,
    /// What not to hear.
    #[arg(long, default_value = "")]
    negative: String,
    /// Solver steps.
    #[arg(long, default_value_t = 4)]
    steps: u32,
    /// Length in seconds.
    #[arg(long, default_value_t = 2.0)]
    seconds: f64,
    /// Seed of the noise.
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// Classifier-free guidance scale; 1 is no guidance.
    #[arg(long, default_value_t = 3.0)]
    guidance: f32,
    /// How many clips; more than one are numbered.
    #[arg(long, default_value_t = 1)]
    variations: u32,
    /// Model folder; the built-in model without it.
    #[arg(long)]
    model: Option<PathBuf>,
    /// WAV file to write.
    #[arg(long)]
    out: PathBuf,
}

#[expect(clippy::print_stdout, reason = "the result of a command line tool")]
pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    let request = Request {
        prompt: arguments.prompt.clone(),
        negative_prompt: arguments.negative.clone(),
        steps: arguments.steps,
        guidance: arguments.guidance,
        seed: arguments.seed,
        seconds: arguments.seconds,
        variations: arguments.variations,
        ..Request::default()
    };
    let start = std::time::Instant::now();
    let generator = match &arguments.model {
        Some(folder) => Generator::from_dir(folder)?,
        None => {
            // Before the model is unpacked, which takes longer than a sound.
            request.validate(&builtin_card())?;
            Generator::builtin()?
        }
    };
    let load = start.elapsed();
    println!("{}", generator.placement());
    let made = generator.generate(&request, &mut |_| (), &CancelToken::default())?;
    for (i, clip) in made.clips.iter().enumerate() {
        let path = if made.clips.len() == 1 {
            arguments.out.clone()
        } else {
            arguments.out.with_file_name(format!(
                "{}-{}.wav",
                arguments.out.file_stem().context("--out needs a file name")?.to_string_lossy(),
                i + 1
            ))
        };
        files::write(&path, clip)?;
        println!("{}", path.display());
    }
    let ms = |d: std::time::Duration| d.as_secs_f64() * 1e3;
    let t = made.timings;
    println!(
        "load {:.0} ms, text {:.0} ms, flow {:.0} ms ({} evaluations), decode {:.0} ms, RTF {:.4}",
        ms(load),
        ms(t.text),
        ms(t.flow),
        made.nfe,
        ms(t.decode),
        t.total().as_secs_f64() / (request.seconds * f64::from(request.variations))
    );
    Ok(())
}
