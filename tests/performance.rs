//! Sounds whose events happen when the text or the request says.

use anyhow::Result;
use std::sync::LazyLock;
use straightshot_engine::model::ModelFiles;
use straightshot_engine::pipeline::{Event, Generator};
use straightshot_evaluation::onset::{self, Settings};
use straightshot_protocol::{CancelToken, Hit, Request, Timing};

static GENERATOR: LazyLock<Generator> =
    LazyLock::new(|| Generator::with_threads(&ModelFiles::builtin(), 2).expect("the default model"));

/// Six kinds of events, as `engine/evaluation/structure/counts.csv` has them.
const KINDS: [&str; 6] = [
    "knock on a wooden door",
    "bark of a dog",
    "gunshot",
    "footstep on a wooden floor",
    "hand clap",
    "mouse click",
];

fn request(prompt: &str, seed: u64) -> Request {
    Request { prompt: prompt.into(), seed, steps: 1, seconds: 3.0, ..Request::default() }
}

fn sound(request: &Request) -> Result<Vec<f32>> {
    let made = GENERATOR.generate(request, &mut |_| (), &CancelToken::default())?;
    Ok(made.clips[0].left().to_vec())
}

fn onsets(request: &Request) -> Result<Vec<f64>> {
    Ok(onset::times(&sound(request)?, 44_100, &Settings::default()))
}

/// The middle of the distances, and how many found no partner.
fn errors(given: &[f64], all: &[Request]) -> Result<(f64, usize)> {
    let (mut errors, mut missed) = (Vec::new(), 0);
    for request in all {
        let matches = onset::matches(given, &onsets(request)?, 0.1);
        missed += matches.missed + matches.extra;
        errors.extend(matches.errors_s.iter().map(|error| error.abs()));
    }
    errors.sort_by(f64::total_cmp);
    Ok((errors[errors.len() / 2], missed))
}

#[test]
fn events_begin_within_five_milliseconds_of_the_hits() -> Result<()> {
    let times = [0.2, 0.7, 1.0, 1.9];
    let timing = Timing::Hits(times.map(Hit::at).to_vec());
    let with_hits = |(kind, seed): (&str, u64)| Request { timing: timing.clone(), ..request(kind, seed) };
    let all: Vec<Request> = KINDS.iter().flat_map(|kind| [(*kind, 1), (*kind, 2)]).map(with_hits).collect();
    let (median, missed) = errors(&times, &all)?;
    println!("median {:.1} ms, {missed} of {} without a partner", 1e3 * median, all.len() * times.len());
    assert!(median <= 0.005, "{median} s");
    assert!(missed <= all.len() * times.len() / 10, "{missed}");
    Ok(())
}

#[test]
fn a_number_in_the_text_is_the_number_of_events() -> Result<()> {
    let mut right = 0;
    for (prompt, count) in [
        ("one knock on a wooden door", 1),
        ("three slow knocks on a wooden door", 3),
        ("two hand claps", 2),
        ("five footsteps on a wooden floor", 5),
        ("gunshot", 1),
    ] {
        right += usize::from(onsets(&request(prompt, 3))?.len() == count);
    }
    assert!(right >= 4, "{right} of 5");
    Ok(())
}

#[test]
fn a_locked_timing_keeps_the_rhythm_and_changes_the_sound() -> Result<()> {
    let locked = |seed| Request { timing_seed: Some(9), ..request("footsteps on a wooden floor", seed) };
    let (one, other) = (onsets(&locked(1))?, onsets(&locked(2))?);
    let matches = onset::matches(&one, &other, 0.02);
    assert!(one.len() > 3 && matches.missed + matches.extra <= 1, "{one:?} and {other:?}");
    assert_ne!(sound(&locked(1))?, sound(&locked(2))?);
    let free = onsets(&request("footsteps on a wooden floor", 1))?;
    assert!(onset::matches(&one, &free, 0.005).missed > 0, "the seed of the sound draws another rhythm");
    Ok(())
}

#[test]
fn performed_sounds_made_together_are_what_each_is_alone() -> Result<()> {
    let request = request("three knocks on a wooden door", 0);
    let mut together = Vec::new();
    let mut tell = |event| {
        if let Event::Made(made) = event {
            together.push(made.audio.left().to_vec());
        }
    };
    GENERATOR.generate_each(&request, &[4, 5], &mut tell, &CancelToken::default())?;
    for (seed, together) in [4, 5].into_iter().zip(&together) {
        assert_eq!(&sound(&Request { seed, ..request.clone() })?, together, "seed {seed}");
    }
    Ok(())
}

#[test]
fn texts_that_are_read_alike_sound_alike() -> Result<()> {
    for (one, other) in [("dog barks", "  Dog  barks"), ("Rain on a tent", "rain on a TENT")] {
        assert_eq!(sound(&request(one, 1))?, sound(&request(other, 1))?, "{one}");
    }
    Ok(())
}

#[test]
fn a_cancelled_performance_ends_as_cancelled() {
    let cancel = CancelToken::default();
    cancel.cancel();
    let made = GENERATOR.generate(&request("five hand claps", 1), &mut |_| (), &cancel);
    assert_eq!(made.unwrap_err().kind(), straightshot_engine::ErrorKind::Cancelled);
}
