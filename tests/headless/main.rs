//! `headless-host`: hosts the built CLAP where there is no display, for `cargo xtask play`, `scan` and `latency`.
//!
//! It asks for a sound the way a reopened project does: through a state whose session holds an unfinished job.
//! When the take has arrived, it is played with a MIDI note; what the plugin plays becomes a WAV file and a picture.
//! Exit codes: 1 for anything unexpected, 3 if the plugin reports that it could not make the sound.
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a command line program talks to its terminal"
)]

mod latency;
mod picture;

use anyhow::{Context, Result, ensure};
use clap::{Parser, Subcommand};
use serde_json::Value;
use std::fmt;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};
use straightshot_tests::clap_host::{Bundle, Event, Instance, Journal};

/// Rate of the rendered file in Hz.
const SAMPLE_RATE_HZ: u32 = 48_000;
/// Frames per call of the plugin, as workstations commonly use.
const BLOCK_FRAMES: u32 = 512;
/// How long a sound may take; the slowest machine needs a fraction of it.
const LIMIT: Duration = Duration::from_secs(600);
/// The key that plays a take at its own pitch.
const KEY: u16 = 60;
/// Scans per measurement.
const SCANS: usize = 9;

/// Hosts Straightshot.clap without a display.
#[derive(Parser)]
struct Cli {
    /// The bundle to host.
    #[arg(long)]
    plugin: PathBuf,
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Makes a sound and writes it as a WAV file and a picture.
    Play {
        /// The request as JSON: prompt, negative_prompt, steps, guidance, seed, seconds.
        #[arg(long)]
        request: String,
        /// Folder of the two files.
        #[arg(long)]
        out: PathBuf,
    },
    /// Times loading the bundle, reading its descriptor and unloading it.
    Scan,
    /// Takes down how the audio thread fares while sounds are made, and how long a click takes to become sound.
    Latency(latency::LatencyArgs),
    /// Prints how long the first sound of this process takes, in milliseconds.
    FirstSound,
}

/// The plugin said that it could not make the sound.
#[derive(Debug)]
struct Refused(String);

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the plugin could not make the sound: {}", self.0)
    }
}

impl std::error::Error for Refused {}

fn main() -> ExitCode {
    let cli = Cli::parse();
    let result = match &cli.task {
        Task::Play { request, out } => play(&cli.plugin, request, out),
        Task::Scan => scan(&cli.plugin),
        Task::Latency(args) => latency::latency(&cli.plugin, args),
        Task::FirstSound => latency::first_sound(&cli.plugin),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::from(if error.is::<Refused>() { 3 } else { 1 })
        }
    }
}

/// Makes the sound of `request` and writes it to `out`.
fn play(plugin: &Path, request: &str, out: &Path) -> Result<()> {
    let request: Value = serde_json::from_str(request).context("--request is no JSON")?;
    let folder = tempfile::tempdir().context("no temporary folder")?;
    let journal = journal_in(folder.path());

    let start = Instant::now();
    let bundle = Bundle::load(plugin)?;
    let name = bundle.descriptors()?.first().map(|plugin| plugin.name.clone()).unwrap_or_default();
    line("scan", start.elapsed().as_secs_f64() * 1000.0, &format!("load {name} and read its descriptor"));
    let mut instance = Instance::new(&bundle)?;
    let mut renderer = instance.activate(f64::from(SAMPLE_RATE_HZ), BLOCK_FRAMES)?;
    let mut state = instance.state()?;
    state.ask_for(&request);
    // Nobody listens before the end.
    state.session["draft_first"] = false.into();
    instance.set_state(&state)?;
    let state = instance.finish_pending(&mut renderer, LIMIT)?;
    if let Some(failure) = journal.events_after_jobs("failed", 1).first() {
        return Err(Refused(failure["user_text"].as_str().unwrap_or("no reason given").to_owned()).into());
    }
    let take = state.active_take()?;
    report_stages(&journal);

    let seconds = request["seconds"].as_f64().context("the request has no length")?;
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "at most 30 s are accepted")]
    let frames = (seconds * f64::from(SAMPLE_RATE_HZ)).round() as u32;
    let sound = renderer.render(frames, &[Event::NoteOn { at: 0, key: KEY }])?;
    instance.deactivate(renderer);
    report_level(&sound)?;

    std::fs::create_dir_all(out).with_context(|| format!("{} cannot be made", out.display()))?;
    let stem = file_stem(&request);
    let wav = out.join(format!("{stem}.wav"));
    write_wav(&wav, &sound)?;
    let png = out.join(format!("{stem}.png"));
    picture::draw(&png, &title(&request, take.sample_rate_hz), &sound[0], SAMPLE_RATE_HZ)?;
    println!("wrote {}\nwrote {}", wav.display(), png.display());
    Ok(())
}

/// Makes the plugin write its journal in `folder`. To be called before the plugin is loaded.
fn journal_in(folder: &Path) -> Journal {
    let path = folder.join("journal.jsonl");
    // SAFETY: no other thread runs yet; the plugin's own threads start after this.
    unsafe { std::env::set_var("STRAIGHTSHOT_LOG", &path) };
    Journal::at(&path)
}

/// Prints the median time of loading the bundle and reading its descriptor.
fn scan(plugin: &Path) -> Result<()> {
    let mut times_ms = Vec::with_capacity(SCANS);
    for _ in 0..SCANS {
        let start = Instant::now();
        let bundle = Bundle::load(plugin)?;
        ensure!(!bundle.descriptors()?.is_empty(), "the bundle holds no plugin");
        drop(bundle);
        times_ms.push(start.elapsed().as_secs_f64() * 1000.0);
    }
    let first = times_ms[0];
    times_ms.sort_by(f64::total_cmp);
    line("scan", first, "first time in this process");
    line("scan", times_ms[SCANS / 2], &format!("median of {SCANS}"));
    Ok(())
}

/// Prints one stage: its name, its time and a remark.
fn line(stage: &str, ms: f64, remark: &str) {
    println!("{stage:<9}{ms:>9.1} ms  {remark}");
}

/// Prints where the plugin spent its time, from its own journal.
fn report_stages(journal: &Journal) {
    let Some(done) = journal.events("done").pop() else {
        println!("the plugin wrote no times");
        return;
    };
    let number = |field: &str| done[field].as_f64().unwrap_or(f64::NAN);
    line("load", number("load_ms"), "model, once per process");
    line("text", number("text_ms"), "");
    let steps = number("steps");
    let each_ms = number("flow_ms") / steps;
    line("flow", number("flow_ms"), &format!("{}, {each_ms:.1} ms each", counted_steps(&done["steps"])));
    line("decode", number("decode_ms"), "");
    line("resample", number("resample_ms"), "");
    println!("RTF      {:>9.3}     time to make the sound / its length", number("rtf"));
    // Not every system says.
    if let Some(mib) = done["peak_rss_mib"].as_f64() {
        println!("memory   {mib:>9.0} MiB at its peak");
    }
}

/// Prints how loud the sound is.
fn report_level(sound: &[Vec<f32>; 2]) -> Result<()> {
    ensure!(sound.iter().flatten().all(|sample| sample.is_finite()), "the plugin played NaN or infinity");
    let peak = sound.iter().flatten().fold(0.0_f32, |peak, sample| peak.max(sample.abs()));
    ensure!(peak > 0.0, "the plugin played silence");
    let count = f64::from(u32::try_from(sound[0].len() + sound[1].len())?);
    let power = sound.iter().flatten().map(|sample| f64::from(*sample).powi(2)).sum::<f64>() / count;
    let clipped = if peak > 1.0 { ", CLIPPED in the file" } else { "" };
    println!(
        "level    {:>9.1} dBFS peak, {:.1} dBFS RMS{clipped}",
        20.0 * peak.log10(),
        10.0 * power.log10()
    );
    Ok(())
}

/// Writes a stereo file of 16-bit samples, the form that every program reads.
fn write_wav(path: &Path, sound: &[Vec<f32>; 2]) -> Result<()> {
    let spec = hound::WavSpec {
        channels: 2,
        sample_rate: SAMPLE_RATE_HZ,
        bits_per_sample: 16,
        sample_format: hound::SampleFormat::Int,
    };
    let mut writer = hound::WavWriter::create(path, spec)
        .with_context(|| format!("{} cannot be written", path.display()))?;
    for frame in sound[0].iter().zip(&sound[1]) {
        for sample in [frame.0, frame.1] {
            #[expect(clippy::cast_possible_truncation, reason = "limited to 16 bits in the same expression")]
            writer.write_sample((sample.clamp(-1.0, 1.0) * 32_767.0).round() as i16)?;
        }
    }
    writer.finalize()?;
    Ok(())
}

/// File name without ending: the prompt's words, the steps and the seed, so that variants lie side by side.
fn file_stem(request: &Value) -> String {
    let prompt = request["prompt"].as_str().unwrap_or_default();
    let words = prompt.split(|letter: char| !letter.is_alphanumeric()).filter(|word| !word.is_empty());
    let mut stem = String::new();
    for word in words.map(str::to_lowercase) {
        if stem.len() + word.len() > 60 {
            break;
        }
        stem.push_str(&word);
        stem.push('-');
    }
    if stem.is_empty() {
        stem.push_str("sound-");
    }
    format!("{stem}{}-seed{}", counted_steps(&request["steps"]).replace(' ', ""), request["seed"])
}

/// "1 step", "4 steps".
fn counted_steps(steps: &Value) -> String {
    format!("{steps} step{}", if *steps == 1 { "" } else { "s" })
}

/// Heading of the picture.
fn title(request: &Value, model_rate_hz: u32) -> String {
    format!(
        "{} · {}, {} s, seed {}, guidance {}, made at {model_rate_hz} Hz",
        request["prompt"].as_str().unwrap_or_default(),
        counted_steps(&request["steps"]),
        request["seconds"],
        request["seed"],
        request["guidance"],
    )
}
