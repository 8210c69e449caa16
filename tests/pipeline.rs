//! The whole way from a model folder and a prompt to samples, with a tiny random model.

use crate::builtin::level;
use crate::tiny_model;
use anyhow::Result;
use candle_core::Tensor;
use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use straightshot_engine::ErrorKind;
use straightshot_engine::config::{LearntGuidance, ModelConfig};
use straightshot_engine::model::{CONFIG_FILE, ONE_STEP, TEXT_FILE, WEIGHTS_FILE};
use straightshot_engine::pipeline::{Generation, Generator, SILENT_RMS};
use straightshot_engine::weights;
use straightshot_protocol::{CancelToken, Progress, Request, Stage};

const RATE_HZ: f64 = 8_000.0;

fn generator() -> Result<Generator> {
    let folder = tempfile::tempdir()?;
    tiny_model::write(folder.path(), 1)?;
    Ok(Generator::from_dir(folder.path())?)
}

fn request() -> Request {
    Request { prompt: "glass bottle smashing on stone".into(), seconds: 0.5, seed: 3, ..Default::default() }
}

fn generate(generator: &Generator, request: &Request) -> Result<Generation> {
    Ok(generator.generate(request, &mut |_| (), &CancelToken::default())?)
}

/// The samples of the first clip as bits.
fn bits(generator: &Generator, request: &Request) -> Result<Vec<u32>> {
    Ok(generate(generator, request)?.clips[0].left().iter().map(|x| x.to_bits()).collect())
}

#[test]
fn a_model_folder_loads_and_says_what_it_is() -> Result<()> {
    let generator = generator()?;
    assert_eq!((generator.name(), generator.sample_rate_hz()), ("tiny", 8_000));
    Ok(())
}

#[test]
fn equal_requests_give_equal_samples() -> Result<()> {
    let generator = generator()?;
    assert_eq!(bits(&generator, &request())?, bits(&generator, &request())?);
    // From another instance of the model too.
    assert_eq!(bits(&generator, &request())?, bits(&self::generator()?, &request())?);
    Ok(())
}

#[test]
fn texts_that_were_read_before_change_nothing() -> Result<()> {
    let used = generator()?;
    let (rain, hail) = ("rain on tin", "hail on glass");
    for (prompt, negative) in [(rain, ""), (hail, rain), (rain, hail), (hail, ""), ("  rain on tin ", "")] {
        let asked = Request { prompt: prompt.into(), negative_prompt: negative.into(), ..request() };
        assert_eq!(bits(&used, &asked)?, bits(&generator()?, &asked)?, "{prompt:?} without {negative:?}");
    }
    Ok(())
}

#[test]
fn the_number_of_threads_does_not_change_the_samples() -> Result<()> {
    let files = tiny_model::files(1)?;
    let one = bits(&Generator::with_threads(&files, 1)?, &request())?;
    for threads in [2, 3] {
        assert_eq!(bits(&Generator::with_threads(&files, threads)?, &request())?, one, "{threads} threads");
    }
    Ok(())
}

#[test]
fn every_field_of_the_request_matters() -> Result<()> {
    let generator = generator()?;
    let first = bits(&generator, &request())?;
    let others = [
        Request { seed: 4, ..request() },
        Request { prompt: "rain".into(), ..request() },
        Request { negative_prompt: "wind".into(), ..request() },
        Request { guidance: 2.0, ..request() },
        Request { steps: 5, ..request() },
    ];
    for other in others {
        assert_ne!(bits(&generator, &other)?, first, "{other:?}");
    }
    Ok(())
}

#[test]
fn the_negative_prompt_has_no_effect_without_guidance() -> Result<()> {
    let generator = generator()?;
    let plain = Request { guidance: 1.0, ..request() };
    let negative = Request { negative_prompt: "wind".into(), ..plain.clone() };
    assert_eq!(bits(&generator, &plain)?, bits(&generator, &negative)?);
    Ok(())
}

#[test]
fn spaces_around_a_prompt_do_not_matter() -> Result<()> {
    let generator = generator()?;
    let spaced = Request { prompt: format!("  {}\n", request().prompt), ..request() };
    assert_eq!(bits(&generator, &request())?, bits(&generator, &spaced)?);
    Ok(())
}

#[test]
fn variations_are_the_clips_of_the_following_seeds() -> Result<()> {
    let generator = generator()?;
    // The last seed wraps around.
    let together = generate(&generator, &Request { variations: 3, seed: u64::MAX - 1, ..request() })?;
    assert_eq!(together.clips.len(), 3);
    for (clip, seed) in together.clips.iter().zip([u64::MAX - 1, u64::MAX, 0]) {
        let alone = generate(&generator, &Request { seed, ..request() })?;
        let pairs = clip.left().iter().zip(alone.clips[0].left());
        let (error, power) = pairs.fold((0.0, 0.0), |(e, p), (a, b)| (e + (a - b) * (a - b), p + b * b));
        assert!(error < 1e-4 * power, "seed {seed}: error {error} of {power}");
    }
    Ok(())
}

#[test]
fn clips_are_exact_to_the_sample_and_within_full_scale() -> Result<()> {
    let generator = generator()?;
    for seconds in [0.25, 0.250_06, 1.0 / 3.0, 0.777_7, 1.234_56, 2.000_062_5, 7.1, 29.999_9, 30.0] {
        let made = generate(&generator, &Request { seconds, steps: 1, ..request() })?;
        let clip = &made.clips[0];
        assert_eq!(clip.left().len(), (seconds * RATE_HZ).round() as usize, "{seconds} s");
        assert_eq!(clip.sample_rate_hz(), 8_000);
        let peak = clip.left().iter().fold(0f32, |m, x| m.max(x.abs()));
        assert!(
            clip.left().iter().all(|x| x.is_finite()) && peak > 1e-3 && peak <= 1.0,
            "{seconds} s: peak {peak}"
        );
    }
    Ok(())
}

#[test]
fn steps_are_counted_and_timed() -> Result<()> {
    let generator = generator()?;
    for steps in [1, 4, 64] {
        let made = generate(&generator, &Request { steps, ..request() })?;
        assert_eq!(made.nfe, steps);
        assert!(made.timings.flow.as_nanos() > 0 && made.timings.total() >= made.timings.flow);
    }
    Ok(())
}

/// All progress reports of a request.
fn reports(generator: &Generator, request: &Request) -> Result<Vec<Progress>> {
    let mut reports = Vec::new();
    generator.generate(request, &mut |p| reports.push(p), &CancelToken::default())?;
    Ok(reports)
}

#[test]
fn progress_never_falls_and_ends_at_one() -> Result<()> {
    let generator = generator()?;
    for (steps, variations, guidance) in [(1, 1, 1.0), (4, 1, 3.0), (24, 3, 3.0)] {
        let all = reports(&generator, &Request { steps, variations, guidance, ..request() })?;
        assert!(all.windows(2).all(|w| w[0].fraction <= w[1].fraction), "{all:?}");
        assert!(all.iter().all(|p| (0.0..=1.0).contains(&p.fraction)), "{all:?}");
        assert_eq!(all.last().map(|p| p.fraction), Some(1.0));
        assert_eq!(all[0].stage, Stage::Text);
        let flow: Vec<Stage> =
            all.iter().map(|p| p.stage).filter(|s| matches!(s, Stage::Flow { .. })).collect();
        let expected: Vec<Stage> = (1..=steps).map(|step| Stage::Flow { step, steps }).collect();
        assert_eq!(flow, expected);
        assert_eq!(all.last().map(|p| p.stage), Some(Stage::Decode));
    }
    Ok(())
}

#[test]
fn a_cancelled_job_ends_at_once_and_leaves_the_model_usable() -> Result<()> {
    let generator = generator()?;
    let cancel = CancelToken::default();
    let seen = Arc::new(Mutex::new(Vec::new()));
    let mut progress = |p: Progress| {
        seen.lock().expect("no panic above").push(p.stage);
        if p.stage == (Stage::Flow { step: 2, steps: 4 }) {
            cancel.cancel();
        }
    };
    let error = generator.generate(&request(), &mut progress, &cancel).expect_err("it was cancelled");
    assert_eq!(error.kind(), ErrorKind::Cancelled);
    assert_eq!(seen.lock().expect("no panic above").last(), Some(&Stage::Flow { step: 2, steps: 4 }));
    assert_eq!(generate(&generator, &request())?.clips.len(), 1);
    Ok(())
}

#[test]
fn a_token_raised_before_the_start_stops_the_job() -> Result<()> {
    let cancel = CancelToken::default();
    // Any clone raises the flag.
    cancel.clone().cancel();
    let mut stages = Vec::new();
    let error =
        generator()?.generate(&request(), &mut |p| stages.push(p.stage), &cancel).expect_err("cancelled");
    assert_eq!(error.kind(), ErrorKind::Cancelled);
    assert!(!stages.iter().any(|s| matches!(s, Stage::Flow { .. })), "{stages:?}");
    Ok(())
}

#[test]
fn two_threads_may_use_one_model() -> Result<()> {
    let generator = generator()?;
    let alone = bits(&generator, &request())?;
    let results: Vec<_> = std::thread::scope(|scope| {
        let jobs: Vec<_> = (0..2).map(|_| scope.spawn(|| bits(&generator, &request()))).collect();
        jobs.into_iter().map(|job| job.join().expect("no panic")).collect()
    });
    for result in results {
        assert_eq!(result?, alone);
    }
    Ok(())
}

/// A folder with the tiny model of `seed`, its configuration and weights changed.
fn changed(
    config: impl FnOnce(&mut ModelConfig),
    weights: impl FnOnce(&mut HashMap<String, Tensor>) -> Result<()>,
) -> Result<Generator> {
    let folder = tempfile::tempdir()?;
    tiny_model::write(folder.path(), 1)?;
    let (mut sizes, mut tensors) = (tiny_model::config(), tiny_model::tensors(1)?);
    config(&mut sizes);
    weights(&mut tensors)?;
    std::fs::write(folder.path().join(CONFIG_FILE), serde_json::to_vec(&sizes)?)?;
    let text: Vec<String> = tensors.keys().filter(|name| name.starts_with("text.")).cloned().collect();
    let text: HashMap<String, Tensor> =
        text.into_iter().filter_map(|name| tensors.remove_entry(&name)).collect();
    weights::pack(&text, &folder.path().join(TEXT_FILE))?;
    weights::pack(&tensors, &folder.path().join(WEIGHTS_FILE))?;
    Ok(Generator::from_dir(folder.path())?)
}

#[test]
fn the_text_encoder_may_have_a_file_of_its_own() -> Result<()> {
    let apart = changed(|_| (), |_| Ok(()))?;
    assert_eq!(bits(&apart, &request())?, bits(&generator()?, &request())?);
    Ok(())
}

/// The flow of the tiny model of another seed, as the network for one step.
fn add_one_step(tensors: &mut HashMap<String, Tensor>) -> Result<()> {
    let others = tiny_model::tensors(2)?.into_iter();
    tensors.extend(
        others.filter_map(|(name, t)| Some((format!("{ONE_STEP}{}", name.strip_prefix("flow.")?), t))),
    );
    Ok(())
}

#[test]
fn a_network_for_one_step_is_used_for_one_step_only() -> Result<()> {
    let (plain, both) = (generator()?, changed(|_| (), add_one_step)?);
    for steps in [2, 4] {
        let request = Request { steps, ..request() };
        assert_eq!(bits(&both, &request)?, bits(&plain, &request)?, "{steps} steps");
    }
    let one = Request { steps: 1, ..request() };
    assert_ne!(bits(&both, &one)?, bits(&plain, &one)?);
    // It is the network that was put there: the same as a model that has it for all step counts.
    let swap = |tensors: &mut HashMap<String, Tensor>| {
        tensors.extend(tiny_model::tensors(2)?.into_iter().filter(|(name, _)| name.starts_with("flow.")));
        Ok(())
    };
    assert_eq!(bits(&both, &one)?, bits(&changed(|_| (), swap)?, &one)?);
    Ok(())
}

#[test]
fn guidance_that_was_learnt_is_not_given_twice() -> Result<()> {
    let learnt = LearntGuidance { flow: 2.0, one_step: 4.0 };
    let (plain, taught) =
        (changed(|_| (), add_one_step)?, changed(|c| c.learnt_guidance = learnt, add_one_step)?);
    for (steps, learnt) in [(1, 4.0), (3, 2.0)] {
        for rest in [1.0, 1.5] {
            let asked = Request { steps, guidance: rest * learnt, ..request() };
            let without = Request { guidance: rest, ..asked.clone() };
            assert_eq!(bits(&taught, &asked)?, bits(&plain, &without)?, "{steps} steps, {rest}");
        }
        let less = Request { steps, guidance: 1.0, ..request() };
        let learnt = Request { guidance: learnt, ..less.clone() };
        assert_eq!(bits(&taught, &less)?, bits(&taught, &learnt)?, "what was learnt is the least");
    }
    Ok(())
}

/// The model with amplitudes of `exp(2 * offset)` times their size: a step of the decoder's output is two nepers.
fn at_level(offset: f64) -> Result<Generator> {
    let mut tensors = tiny_model::tensors(1)?;
    for (_, bias) in tensors
        .iter_mut()
        .filter(|(name, _)| name.starts_with("codec.decoder.write") && name.ends_with("bias"))
    {
        *bias = (&*bias + offset)?;
    }
    Ok(Generator::from_files(&tiny_model::files_with(&tensors)?)?)
}

#[test]
fn a_seed_whose_sound_is_silent_starts_from_another_noise() -> Result<()> {
    const SEEDS: u64 = 24;
    const QUIET: f64 = -2.75;
    let of_seed = |seed| Request { seed, steps: 2, seconds: 0.25, ..request() };
    // So quiet that the gain is the same for all, and then so quiet that about half of them are silent. Levels do not
    // follow exactly: phases of what is quieter than a floor are left to chance.
    let generator = at_level(QUIET)?;
    let mut levels = Vec::new();
    for seed in 1..=SEEDS {
        let made = generate(&generator, &of_seed(seed))?;
        assert_eq!(made.nfe, 2, "seed {seed} is too quiet to begin with");
        let samples = made.clips[0].left();
        assert!(samples.iter().all(|x| x.abs() < 0.8), "seed {seed} has less gain than others");
        levels.push(level(samples));
    }
    let mut sorted = levels.clone();
    sorted.sort_by(f32::total_cmp);
    let middle = sorted[levels.len() / 2];
    let generator = at_level(QUIET + f64::from(SILENT_RMS / middle).ln() / 2.0)?;
    let mut again = Vec::new();
    for (seed, &before) in (1..=SEEDS).zip(&levels) {
        let mut fractions = Vec::new();
        let made = generator.generate(
            &of_seed(seed),
            &mut |p| fractions.push(p.fraction),
            &CancelToken::default(),
        )?;
        assert!(fractions.is_sorted() && fractions.last() == Some(&1.0), "{fractions:?}");
        if before > 1.25 * middle {
            assert_eq!(made.nfe, 2, "seed {seed} is loud enough");
        } else if before < 0.8 * middle {
            assert!(made.nfe > 2, "seed {seed} is silent");
            let heard = level(made.clips[0].left()) > SILENT_RMS;
            // There are three other noises to start from.
            assert!(heard || made.nfe == 8, "seed {seed} was given up after {} evaluations", made.nfe);
            again.extend(heard.then_some((seed, made)));
        }
    }
    let Some((seed, alone)) = again.pop() else { panic!("no silent seed became a sound") };
    let pair = Request { variations: 2, ..of_seed(seed - 1) };
    let pair = generate(&generator, &pair)?;
    assert_eq!(pair.clips.len(), 2);
    let apart = alone.clips[0].left().iter().zip(pair.clips[1].left()).map(|(a, b)| (a - b).abs());
    assert!(apart.fold(0.0, f32::max) < 1e-5, "the second of two clips is another one than alone");
    Ok(())
}
