//! Sounds whose text names one thing after another.

use anyhow::Result;
use std::sync::LazyLock;
use straightshot_engine::ErrorKind;
use straightshot_engine::model::ModelFiles;
use straightshot_engine::pipeline::{Event, Generator};
use straightshot_evaluation::curve::correlation;
use straightshot_evaluation::onset::{self, Settings};
use straightshot_listening::loudest_lufs;
use straightshot_protocol::{Audio, CURVE_STEP_S, CancelToken, Curve, Request, Timing};

static GENERATOR: LazyLock<Generator> =
    LazyLock::new(|| Generator::with_threads(&ModelFiles::builtin(), 2).expect("the default model"));

const RATE: usize = 44_100;

fn request(prompt: &str, seed: u64) -> Request {
    Request { prompt: prompt.into(), seed, steps: 1, seconds: 3.0, ..Request::default() }
}

fn sound(request: &Request) -> Result<Vec<f32>> {
    let made = GENERATOR.generate(request, &mut |_| (), &CancelToken::default())?;
    Ok(made.clips[0].left().to_vec())
}

fn together(request: &Request, seeds: &[u64]) -> Result<Vec<Vec<f32>>> {
    let mut made = Vec::new();
    let mut tell = |event| {
        if let Event::Made(sound) = event {
            assert_eq!(sound.index, made.len(), "in their order");
            made.push(sound.audio.left().to_vec());
        }
    };
    GENERATOR.generate_each(request, seeds, &mut tell, &CancelToken::default())?;
    Ok(made)
}

/// The cosine of the angle between two sounds: 1 if they are the same but for their level.
fn likeness(one: &[f32], other: &[f32]) -> f64 {
    let product =
        |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(x, y)| f64::from(*x) * f64::from(*y)).sum::<f64>();
    product(one, other) / (product(one, one) * product(other, other)).sqrt()
}

fn level_db(part: &[f32]) -> f64 {
    let power = part.iter().map(|x| f64::from(*x).powi(2)).sum::<f64>() / part.len() as f64;
    10.0 * power.max(1e-12).log10()
}

#[test]
fn the_events_of_each_part_come_in_its_time() -> Result<()> {
    let mut right = 0;
    for seed in 1..=5 {
        let request = request("three knocks on a wooden door, then two hand claps", seed);
        let times = onset::times(&sound(&request)?, RATE as u32, &Settings::default());
        let gaps: Vec<f64> = times.windows(2).map(|pair| pair[1] - pair[0]).collect();
        let is_apart = gaps.len() == 4 && [0, 1, 3].iter().all(|i| gaps[2] > 1.2 * gaps[*i]);
        println!("{gaps:.2?}");
        right += usize::from(is_apart);
    }
    assert!(right >= 4, "{right} of 5");
    Ok(())
}

#[test]
fn a_part_is_the_same_whatever_follows_it() -> Result<()> {
    let (wind, dog) =
        (sound(&request("heavy rain, then wind", 3))?, sound(&request("heavy rain, then a dog", 3))?);
    let (first, second) = (0..5 * RATE / 4, 7 * RATE / 4..3 * RATE);
    let same = likeness(&wind[first.clone()], &dog[first]);
    assert!(same > 0.999, "{same}");
    let other = likeness(&wind[second.clone()], &dog[second]);
    assert!(other.abs() < 0.2, "{other}");
    Ok(())
}

#[test]
fn what_came_before_is_over_in_the_next_part() -> Result<()> {
    let made = sound(&request("heavy rain, then silence", 2))?;
    let below = level_db(&made[RATE..2 * RATE]) - level_db(&made[5 * RATE / 2..]);
    assert!(below > 60.0, "{below} dB");
    Ok(())
}

#[test]
fn parts_are_as_loud_beside_each_other_as_what_they_name() -> Result<()> {
    for seed in 1..=3 {
        let levels = |prompt: &str| -> Result<f64> {
            let made = sound(&request(prompt, seed))?;
            let lufs = |part: &[f32]| f64::from(loudest_lufs(&Audio::mono(RATE as u32, part.to_vec())));
            Ok(lufs(&made[..5 * RATE / 4]) - lufs(&made[7 * RATE / 4..]))
        };
        let apart = levels("violent wind, then gentle wind")?;
        assert!(apart > 8.0, "{apart} dB with seed {seed}");
        let apart = levels("gentle wind, then violent wind")?;
        assert!(apart < -8.0, "{apart} dB with seed {seed}");
    }
    Ok(())
}

/// Rain goes on between the knocks, which stand out of it; by themselves they have next to nothing between them.
#[test]
fn things_at_one_time_are_all_heard() -> Result<()> {
    let (lone, mixed) = ("three knocks", "three knocks in the rain");
    let mut out = 0;
    for seed in 1..=4 {
        let (alone, both) = (sound(&request(lone, seed))?, sound(&request(mixed, seed))?);
        let floor = |made: &[f32]| {
            let mut levels: Vec<f64> = made.chunks(RATE / 20).map(level_db).collect();
            levels.sort_unstable_by(f64::total_cmp);
            levels[levels.len() / 4]
        };
        assert!(floor(&both) > floor(&alone) + 6.0, "{} and {} dB", floor(&both), floor(&alone));
        let peak = both.chunks(RATE / 100).map(level_db).fold(f64::MIN, f64::max);
        out += usize::from(peak > floor(&both) + 9.0);
    }
    assert!(out >= 3, "{out} of 4");
    Ok(())
}

/// What is in front is the sound that it is alone.
#[test]
fn what_is_in_the_background_is_quieter() -> Result<()> {
    let alone = sound(&request("gentle rain", 2))?;
    let near = |prompt: &str| -> Result<f64> { Ok(likeness(&sound(&request(prompt, 2))?, &alone)) };
    let (beside, behind) =
        (near("gentle rain and violent wind")?, near("gentle rain with violent wind in the background")?);
    assert!(behind > 0.7 && beside < behind - 0.3, "{beside} and {behind}");
    Ok(())
}

#[test]
fn sequences_made_together_are_what_each_is_alone() -> Result<()> {
    for prompt in [
        "glass breaks after two footsteps",
        "car horn, then rain, then a dog barking",
        "two knocks while a dog barks in the background",
    ] {
        let request = request(prompt, 4);
        let alone = |seed| sound(&Request { seed, ..request.clone() });
        let made = together(&request, &[4, 5, 9])?;
        for (seed, made) in [4, 5, 9].into_iter().zip(&made) {
            assert_eq!(&alone(seed)?, made, "{prompt}, seed {seed}");
        }
        assert_ne!(made[0], made[1]);
        let variations = Request { variations: 2, ..request.clone() };
        let made = GENERATOR.generate(&variations, &mut |_| (), &CancelToken::default())?;
        assert!(made.clips[1].left() == alone(5)? && made.clips.len() == 2);
        assert!(made.nfe >= 2, "a network is run for each part");
    }
    Ok(())
}

#[test]
fn a_locked_timing_keeps_the_times_of_parts() -> Result<()> {
    // Where rain becomes silence, to 10 ms.
    let end = |seed, timing_seed| -> Result<usize> {
        let made = sound(&Request { timing_seed, ..request("heavy rain, then silence", seed) })?;
        Ok(made.chunks(RATE / 100).rposition(|part| level_db(part) > -80.0).unwrap_or_default())
    };
    let locked = end(1, Some(9))?.abs_diff(end(2, Some(9))?);
    assert!(locked <= 2, "{locked}");
    let free: Vec<usize> = (1..=4).map(|seed| end(seed, None)).collect::<Result<_>>()?;
    assert!(free.iter().any(|end| end.abs_diff(free[0]) > 2), "{free:?}");
    Ok(())
}

#[test]
fn the_models_own_timing_makes_the_text_as_a_whole() -> Result<()> {
    let request = request("heavy rain, then a dog", 1);
    let whole = sound(&Request { timing: Timing::Free, ..request.clone() })?;
    assert!(likeness(&whole, &sound(&request)?).abs() < 0.9);
    Ok(())
}

#[test]
fn a_sequence_follows_a_curve_from_its_beginning_to_its_end() -> Result<()> {
    let level = |t: f64| -30.0 + 30.0 * (t / 3.0);
    let swell = |t: f64| -15.0 + 15.0 * (std::f64::consts::TAU * t / 1.5).sin();
    for level in [&level as &dyn Fn(f64) -> f64, &swell] {
        let points: Vec<f32> = (0..300).map(|i| level((f64::from(i) + 0.5) * CURVE_STEP_S) as f32).collect();
        let curve = Curve::of(points.iter().copied());
        let made = sound(&Request { curve, ..request("heavy rain, then wind howling", 1) })?;
        let own: Vec<f64> = made.chunks(RATE / 100).map(level_db).collect();
        let loudest = own.iter().copied().fold(f64::MIN, f64::max);
        let own: Vec<f64> = own.iter().map(|own| (own - loudest).max(-40.0)).collect();
        let asked: Vec<f64> = points.iter().map(|level| f64::from(*level)).collect();
        let met = correlation(&own, &asked).expect("neither is constant");
        println!("{met:.3}");
        assert!(met >= 0.9, "{met}");
    }
    Ok(())
}

#[test]
fn progress_of_all_parts_never_falls_and_ends_at_one() -> Result<()> {
    let mut told = Vec::new();
    let request = Request { variations: 2, ..request("three knocks, then rain, then a dog barking", 1) };
    let made = GENERATOR.generate(
        &request,
        &mut |progress| told.push(progress.fraction),
        &CancelToken::default(),
    )?;
    assert!(told.windows(2).all(|pair| pair[0] <= pair[1]) && told.last() == Some(&1.0), "{told:?}");
    assert!(told.iter().filter(|fraction| (0.2..0.9).contains(*fraction)).count() >= 4, "{told:?}");
    assert_eq!((made.clips[0].frames(), made.clips[1].frames()), (3 * RATE, 3 * RATE));
    Ok(())
}

#[test]
fn a_sequence_is_cancelled_in_every_part() -> Result<()> {
    let request = request("car horn, then rain", 1);
    for after in [0.0, 0.02, 0.5] {
        let cancel = CancelToken::default();
        let mut progress = |progress: straightshot_protocol::Progress| {
            if progress.fraction >= after {
                cancel.cancel();
            }
        };
        let made = GENERATOR.generate(&request, &mut progress, &cancel);
        let kind = made.map(|_| ()).map_err(|error| error.kind());
        assert_eq!(kind, Err(ErrorKind::Cancelled), "after {after}");
    }
    Ok(())
}
