//! Sounds that are as loud over time as a curve says.

use anyhow::Result;
use std::sync::LazyLock;
use straightshot_engine::model::ModelFiles;
use straightshot_engine::pipeline::Generator;
use straightshot_evaluation::curve::correlation;
use straightshot_evaluation::onset::{self, Settings};
use straightshot_protocol::{CURVE_STEP_S, CancelToken, Curve, Hit, Request, Timing};

static GENERATOR: LazyLock<Generator> =
    LazyLock::new(|| Generator::with_threads(&ModelFiles::builtin(), 2).expect("the default model"));

const SECONDS: f64 = 4.0;

fn request(prompt: &str, curve: Curve) -> Request {
    Request {
        prompt: prompt.into(),
        seed: 1,
        steps: 1,
        seconds: SECONDS,
        curve: Some(curve),
        ..Request::default()
    }
}

fn sound(request: &Request) -> Result<Vec<f32>> {
    let made = GENERATOR.generate(request, &mut |_| (), &CancelToken::default())?;
    Ok(made.clips[0].left().to_vec())
}

/// A curve of lines between levels at equal distances.
fn lines(levels: &[f64]) -> Curve {
    let points = (SECONDS / CURVE_STEP_S) as usize;
    let at = |i: usize| {
        let place = (i as f64 + 0.5) / points as f64 * (levels.len() - 1) as f64;
        let before = (place as usize).min(levels.len() - 2);
        (levels[before] + (place - before as f64) * (levels[before + 1] - levels[before])) as f32
    };
    Curve::of((0..points).map(at)).expect("there are points")
}

/// The level of each 10 ms in dB below the loudest, 40 at most; counted here and not by what is tested.
fn envelope(samples: &[f32]) -> Vec<f64> {
    let effective = |part: &[f32]| {
        let sum: f64 = part.iter().map(|x| f64::from(*x).powi(2)).sum();
        20.0 * (sum / part.len() as f64).sqrt().max(1e-9).log10()
    };
    let levels: Vec<f64> = samples.chunks(441).map(effective).collect();
    let loudest = levels.iter().copied().fold(f64::MIN, f64::max);
    levels.iter().map(|level| (level - loudest).max(-40.0)).collect()
}

fn asked(curve: &Curve) -> Vec<f64> {
    let loudest = curve.levels_db().iter().copied().fold(f32::MIN, f32::max);
    curve.levels_db().iter().map(|level| f64::from(level - loudest).max(-40.0)).collect()
}

#[test]
fn what_goes_on_follows_a_ramp_and_swells() -> Result<()> {
    for prompt in ["heavy rain on a roof", "wind howling", "car engine idling", "wooden door creaks"] {
        for curve in [lines(&[-36.0, 0.0]), lines(&[-30.0, 0.0, -30.0, 0.0, -30.0])] {
            let made = sound(&request(prompt, curve.clone()))?;
            let met = correlation(&envelope(&made), &asked(&curve)).expect("neither is constant");
            println!("{met:.3} {prompt}");
            assert!(met >= 0.9, "{prompt}: {met}");
            let peak = made.iter().fold(0f32, |most, x| most.max(x.abs()));
            assert!((0.5..=1.0).contains(&peak), "{prompt}: {peak}");
        }
    }
    Ok(())
}

/// Knocks of a recording: when they are, and how loud it is over time.
fn knocks() -> (Vec<f64>, Curve) {
    let hits = vec![0.2, 0.75, 1.1, 2.4, 3.0];
    let level = |t: f64| {
        let of =
            |(i, at): (usize, &f64)| if t < *at { -60.0 } else { -4.0 * (i % 3) as f64 - 80.0 * (t - at) };
        hits.iter().enumerate().map(of).fold(-55.0, f64::max)
    };
    let points = (SECONDS / CURVE_STEP_S) as usize;
    let curve = Curve::of((0..points).map(|i| level((i as f64 + 0.5) * CURVE_STEP_S) as f32));
    (hits, curve.expect("there are points"))
}

#[test]
fn hits_and_curve_of_a_recording_are_both_met() -> Result<()> {
    let (hits, curve) = knocks();
    let (mut errors, mut extra) = (Vec::new(), 0);
    for prompt in ["footsteps on gravel", "knock on a wooden door", "hand clap", "heavy rain on a roof"] {
        for seed in 1..=5 {
            let timing = Timing::Hits(hits.iter().copied().map(Hit::at).collect());
            let made = sound(&Request { timing, seed, ..request(prompt, curve.clone()) })?;
            let met = correlation(&envelope(&made), &asked(&curve)).expect("neither is constant");
            let found = onset::matches(&hits, &onset::times(&made, 44_100, &Settings::default()), 0.1);
            println!("{met:.3} {prompt} {seed}, {} missed, {} more", found.missed, found.extra);
            assert!(met >= 0.85, "{prompt}: {met}");
            assert_eq!(found.missed, 0, "{prompt}: {found:?}");
            errors.extend(found.errors_s.iter().map(|error| error.abs()));
            extra += found.extra;
        }
    }
    // Of the sounds that a network makes of a knock, some are two knocks.
    assert!(extra <= errors.len() / 20, "{extra} besides {}", errors.len());
    errors.sort_by(f64::total_cmp);
    assert!(errors[errors.len() / 2] <= 0.005, "{errors:?}");
    Ok(())
}

/// Level of the loudest 10 ms after each hit.
fn loudness_of_hits(made: &[f32], hits: &[f64]) -> Vec<f64> {
    let levels = envelope(made);
    let loudest = |hit: &f64| {
        let first = (hit / CURVE_STEP_S) as usize;
        levels[first..(first + 6).min(levels.len())].iter().copied().fold(f64::MIN, f64::max)
    };
    hits.iter().map(loudest).collect()
}

#[test]
fn a_line_across_events_sets_how_loud_each_is_and_leaves_the_pauses() -> Result<()> {
    let hits = [0.3, 0.9, 1.5, 2.1, 2.7, 3.3];
    let timing = Timing::Hits(hits.map(Hit::at).to_vec());
    let curve = lines(&[-30.0, 0.0]);
    for prompt in ["footsteps on gravel", "knock on a wooden door"] {
        let made = sound(&Request { timing: timing.clone(), ..request(prompt, curve.clone()) })?;
        let levels = loudness_of_hits(&made, &hits);
        for (hit, level) in hits.iter().zip(&levels) {
            let asked = f64::from(curve.at(*hit) - curve.at(hits[5]));
            assert!((level - levels[5] - asked).abs() < 3.0, "{prompt}: {levels:?}");
        }
        let pauses = hits.map(|hit| envelope(&made)[((hit - 0.05) / CURVE_STEP_S) as usize]);
        assert!(
            pauses[1..].iter().zip(&levels[1..]).all(|(pause, level)| *pause < level - 12.0),
            "{pauses:?}"
        );
    }
    Ok(())
}

#[test]
fn a_curve_is_part_of_the_recipe() -> Result<()> {
    let with = request("rain on a tent", lines(&[-20.0, 0.0]));
    let without = Request { curve: None, ..with.clone() };
    assert!(!with.same_but_steps(&without));
    assert_ne!(sound(&with)?, sound(&without)?);
    let text = serde_json::to_string(&with)?;
    assert_eq!(serde_json::from_str::<Request>(&text)?, with);
    assert!(!serde_json::to_string(&without)?.contains("curve"), "what has none is written as before");
    Ok(())
}
