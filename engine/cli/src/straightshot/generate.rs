//! `straightshot generate`: a prompt becomes a file, the same that the plugin delivers.

use super::timing;
use crate::train::writable;
use anyhow::{Context, Result, ensure};
use clap::{Args, ValueEnum};
use std::hash::{BuildHasher, RandomState};
use std::path::{Path, PathBuf};
use straightshot_delivery::{About, Container, Delivered, Host, Settings, Sound, deliver_to};
use straightshot_edits::Edited;
use straightshot_engine::model::builtin_card;
use straightshot_engine::model::reader::Reader;
use straightshot_engine::pipeline::Generator;
use straightshot_protocol::{Audio, CancelToken, Card, Request, unheeded};
use straightshot_sound::wav::Depth;

/// Largest seed that the plugin's parameter has.
const MOST_RANDOM_SEED: u64 = 999_999;

#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// What to hear; may begin with a dash.
    #[arg(allow_hyphen_values = true)]
    prompt: String,
    /// What not to hear.
    #[arg(long, default_value = "")]
    negative: String,
    /// Solver steps. What is usual with the model without it.
    #[arg(long)]
    steps: Option<u32>,
    /// Length in seconds; that of the file with --like, 2 otherwise.
    #[arg(long)]
    seconds: Option<f64>,
    /// Seed of the noise, or `random` for one that could not be foreseen and is told.
    #[arg(long, default_value = "0", value_parser = seed)]
    seed: u64,
    /// Classifier-free guidance scale; 1 is no guidance. What is usual with the model without it.
    #[arg(long)]
    guidance: Option<f32>,
    /// How far the noise of a sound is apart on two channels: 0 is one channel, 1 has nothing in common left and right.
    #[arg(long, default_value_t = 0.0)]
    width: f32,
    #[command(flatten)]
    timing: timing::Arguments,
    /// How many clips; more than one are numbered.
    #[arg(long, default_value_t = 1)]
    variations: u32,
    /// Model folder; the built-in model without it.
    #[arg(long)]
    model: Option<PathBuf>,
    /// File to write, in the place of one that is there; `.wav` or `.flac` decides which kind it is.
    #[arg(long)]
    out: PathBuf,
    /// Bits of a sample; 32f is floating point, for `.wav` alone.
    #[arg(long, value_enum, default_value_t = Bits::B24)]
    bits: Bits,
    /// Sample rate in Hz; the model's own without it.
    #[arg(long, value_parser = clap::value_parser!(u32).range(8_000..=192_000))]
    rate: Option<u32>,
    /// A text file with the recipe beside each.
    #[arg(long)]
    sidecar: bool,
}

/// A seed, or one of the system's random ones: as large as the plugin's, so that it can be typed there.
fn seed(text: &str) -> Result<u64, String> {
    if text == "random" {
        return Ok(RandomState::new().hash_one("seed") % (MOST_RANDOM_SEED + 1));
    }
    text.parse().map_err(|_| "a whole number, or random".to_owned())
}

/// Says on standard error what of a request will not be done as it is written.
#[expect(clippy::print_stderr, reason = "the messages of a command line tool")]
fn tell_unheeded(request: &Request, card: &Card, model: Option<&Path>) {
    let reader = model.map_or_else(Reader::builtin, Reader::from_dir);
    let reading = reader.and_then(|reader| reader.read(&request.prompt)).ok();
    for unheeded in unheeded(request, card, reading.as_ref()) {
        eprintln!("note: {unheeded}");
    }
}

/// Says on standard error that a sound of events has no width.
#[expect(clippy::print_stderr, reason = "the messages of a command line tool")]
fn tell_mono(request: &Request, clips: &[Audio]) {
    if request.width > 0.0 && clips.iter().any(|clip| clip.channel_count() == 1) {
        eprintln!("note: it is laid down event by event, in the middle: the width changes nothing");
    }
}

/// How samples are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Bits {
    #[value(name = "16")]
    B16,
    #[value(name = "24")]
    B24,
    #[value(name = "32f")]
    Float,
}

impl Arguments {
    /// How the files are written.
    ///
    /// # Errors
    /// If there is no such file, before anything is computed.
    fn settings(&self) -> Result<Settings> {
        let depth = match self.bits {
            Bits::B16 => Depth::Pcm16,
            Bits::B24 => Depth::Pcm24,
            Bits::Float => Depth::Float32,
        };
        let container = Container::of(&self.out)?;
        container.check(depth)?;
        Ok(Settings { container, depth, rate_hz: self.rate, sidecar: self.sidecar, ..Settings::default() })
    }

    /// Where the `index`-th of `count` clips goes: all but a single one are numbered.
    fn path(&self, index: usize, count: usize) -> Result<PathBuf> {
        if count == 1 {
            return Ok(self.out.clone());
        }
        let stem = self.out.file_stem().context("--out needs a file name")?.to_string_lossy();
        let ending = self.out.extension().unwrap_or_default().to_string_lossy();
        Ok(self.out.with_file_name(format!("{stem}-{}.{ending}", index + 1)))
    }
}

/// Writes one clip.
fn write(path: &Path, clip: &Audio, request: Request, settings: &Settings) -> Result<Delivered> {
    let about = About { request, ..About::default() };
    let sound = Sound { edited: Edited::unedited(clip.clone()), about };
    Ok(deliver_to(path, &sound, settings, &Host::default())?)
}

pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    let settings = arguments.settings()?;
    // Where the sound will go is tried before it is made.
    let folder = arguments.out.parent().filter(|folder| !folder.as_os_str().is_empty());
    writable(folder.unwrap_or_else(|| Path::new(".")))?;
    ensure!(!arguments.out.is_dir(), "{} is a folder; name a file in it", arguments.out.display());
    let start = std::time::Instant::now();
    let generator = arguments.model.as_ref().map(|folder| Generator::from_dir(folder)).transpose()?;
    let card = generator.as_ref().map_or_else(builtin_card, |generator| generator.card().clone());
    let in_time = arguments.timing.in_time(arguments.seconds, &card.seconds)?;
    let request = Request {
        prompt: arguments.prompt.clone(),
        negative_prompt: arguments.negative.clone(),
        steps: arguments.steps.unwrap_or(card.usual_steps),
        guidance: arguments.guidance.or(card.guidance.map(|guidance| guidance.usual)).unwrap_or(1.0),
        seed: arguments.seed,
        seconds: in_time.seconds,
        timing: in_time.timing,
        curve: in_time.curve,
        timing_seed: arguments.timing.timing_seed,
        variations: arguments.variations,
        width: arguments.width,
        ..Request::default()
    };
    // Before the model of the program is unpacked, which takes longer than a sound.
    request.validate(&card)?;
    let generator = generator.map_or_else(Generator::builtin, Ok)?;
    let load = start.elapsed();
    println!("{}", generator.placement());
    tell_unheeded(&request, generator.card(), arguments.model.as_deref());
    let made = generator.generate(&request, &mut |_| (), &CancelToken::default())?;
    tell_mono(&request, &made.clips);
    for (i, clip) in made.clips.iter().enumerate() {
        let path = arguments.path(i, made.clips.len())?;
        // Alone it is made of a seed of its own.
        let seed = request.seed.wrapping_add(i as u64);
        let alone = Request { model: generator.card().id.clone(), seed, variations: 1, ..request.clone() };
        let written = write(&path, clip, alone, &settings)?;
        println!("{}", path.display());
        if written.lowered_db > 0.0 {
            println!("  peaks above full scale were turned down by {:.1} dB", written.lowered_db);
        }
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

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    #[derive(Parser)]
    struct Cli {
        #[command(flatten)]
        arguments: Arguments,
    }

    fn parsed(words: &str) -> Result<Arguments, String> {
        let words = ["generate", "a door"].into_iter().chain(words.split_whitespace());
        Cli::try_parse_from(words).map(|cli| cli.arguments).map_err(|e| e.to_string())
    }

    #[test]
    fn bwf_form_follows_from_ending_and_bits() {
        for (words, container, depth) in [
            ("--out x.wav", Container::Wav, Depth::Pcm24),
            ("--out x.WAV --bits 16", Container::Wav, Depth::Pcm16),
            ("--out x.wav --bits 32f", Container::Wav, Depth::Float32),
            ("--out x.flac --bits 16", Container::Flac, Depth::Pcm16),
        ] {
            let settings = parsed(words).unwrap().settings().unwrap();
            assert_eq!((settings.container, settings.depth), (container, depth), "{words}");
        }
        assert_eq!(parsed("--out x.wav --rate 96000").unwrap().settings().unwrap().rate_hz, Some(96_000));
    }

    #[test]
    fn what_cannot_be_written_is_refused_before_a_sound_is_made() {
        for (words, said) in
            [("--out x.mp3", ".wav or .flac"), ("--out x", "no ending"), ("--out x.flac --bits 32f", "FLAC")]
        {
            let refused = parsed(words).unwrap().settings().unwrap_err().to_string();
            assert!(refused.contains(said), "{words}: {refused}");
        }
        assert!(parsed("--out x.wav --bits 20").is_err_and(|e| e.contains("16, 24, 32f")));
        assert!(parsed("--out x.wav --rate 0").is_err());
    }

    #[test]
    fn seeds_may_be_random_and_prompts_begin_with_a_dash() {
        assert_eq!(parsed("--out x.wav --seed 7").unwrap().seed, 7);
        assert!(parsed("--out x.wav --seed random").unwrap().seed <= MOST_RANDOM_SEED);
        assert!(parsed("--out x.wav --seed two").is_err_and(|e| e.contains("or random")));
        let words = ["generate", "-10 dB hum", "--out", "x.wav"];
        assert_eq!(Cli::try_parse_from(words).unwrap().arguments.prompt, "-10 dB hum");
    }

    #[test]
    fn several_clips_are_numbered_and_keep_the_ending() {
        let arguments = parsed("--out a/x.flac").unwrap();
        assert_eq!(arguments.path(0, 1).unwrap(), Path::new("a/x.flac"));
        assert_eq!(arguments.path(1, 3).unwrap(), Path::new("a/x-2.flac"));
    }
}
