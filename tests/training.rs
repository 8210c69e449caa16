//! Training of tiny networks on synthetic clips: it learns, it can be interrupted, and it refuses what does not fit.

use crate::tiny_model;
use anyhow::Result;
use candle_core::{DType, Device, Tensor};
use candle_nn::{VarBuilder, VarMap};
use std::collections::HashMap;
use std::path::Path;
use straightshot_engine::ErrorKind;
use straightshot_engine::codec::Codec;
use straightshot_engine::config::LevelsConfig;
use straightshot_engine::flow::Transformer;
use straightshot_engine::model::{WEIGHTS_FILE, part};
use straightshot_engine::rng::{Noise, Stream};
use straightshot_engine::text::TextEncoder;
use straightshot_engine::weights;
use straightshot_training::checkpoint::{self, RunState};
use straightshot_training::codec::{self, CodecTraining};
use straightshot_training::data::{Clip, Entry, Split};
use straightshot_training::flow::{self, FlowData, FlowTraining, Objective};
use straightshot_training::levels::{self, LevelsTraining};
use straightshot_training::optim::{AdamW, OptimConfig};
use straightshot_training::pairing::Pairing;
use straightshot_training::run::{Budget, trainable};
use straightshot_training::timesteps::Timesteps;

/// Two tones and two bursts of noise, half a second each.
fn clips() -> Vec<Clip> {
    ["glass", "door", "rain", "wind"]
        .iter()
        .enumerate()
        .map(|(i, &word)| {
            let noise = Noise::new(i as u64, Stream::Texture).normals(4_000);
            let sample = |(t, n): (usize, &f32)| {
                let decay = (-(t as f32) / 1_500.0).exp();
                let tone = (t as f32 * 0.2 * (i + 1) as f32).sin();
                decay * if i < 2 { 0.7 * tone } else { 0.2 * n }
            };
            let entry = Entry {
                id: word.into(),
                file: word.into(),
                licence_tier: "A".into(),
                source: String::new(),
                ucs_category: "TEST".into(),
                caption: word.into(),
                caption2: String::new(),
                split: Split::Train,
                source_group: String::new(),
            };
            Clip { entry, samples: noise.iter().enumerate().map(sample).collect() }
        })
        .collect()
}

fn optim() -> OptimConfig {
    OptimConfig { learning_rate: 3e-3, warm_up: 5, ..OptimConfig::default() }
}

fn codec_training(steps: u64) -> CodecTraining {
    CodecTraining {
        codec: tiny_model::config().codec,
        init: None,
        optim: optim(),
        batch: 4,
        tokens: 6,
        kl_weight: 1e-3,
        decoder_only: false,
        seed: 1,
        budget: Budget { steps, seconds: 1e6, ..Budget::default() },
    }
}

fn levels_training(steps: u64) -> LevelsTraining {
    LevelsTraining {
        codec: tiny_model::config().codec,
        levels: tiny_model::levels(),
        optim: optim(),
        batch: 4,
        tokens: 6,
        seed: 1,
        budget: Budget { steps, seconds: 1e6, ..Budget::default() },
    }
}

/// The codec of a tiny model, which has no levels.
fn codec_weights() -> Result<HashMap<String, Tensor>> {
    let all = tiny_model::tensors(3)?.into_iter();
    Ok(all.filter_map(|(name, t)| Some((name.strip_prefix("codec.")?.to_owned(), t.detach()))).collect())
}

#[test]
fn levels_learn_beside_a_codec_that_stays_as_it_is_and_go_on_where_they_stopped() -> Result<()> {
    let run = tempfile::tempdir()?;
    levels::train(&levels_training(60), codec_weights()?, &clips(), run.path())?;
    levels::train(&levels_training(120), codec_weights()?, &clips(), run.path())?;
    let losses = losses(run.path())?;
    assert_eq!(losses.len(), 120);
    let (first, last) = (mean(&losses[..15]), mean(&losses[105..]));
    assert!(last < 0.9 * first, "{first} to {last}");
    let trained = checkpoint::weights_in(run.path(), "codec.")?;
    assert!(!trained.is_empty() && trained.keys().all(|name| name.starts_with("decoder.levels.")));
    Ok(())
}

/// What the latent says of levels is found before the first step and stays, also for a run that begins with its codec; a
/// head that is told is nearer to the recordings from the first step on.
#[test]
fn what_the_latent_says_of_levels_is_found_first_and_stays() -> Result<()> {
    let told = |steps| {
        let levels = LevelsConfig { in_latent: 6, ..tiny_model::levels() };
        LevelsTraining { levels, ..levels_training(steps) }
    };
    let code_in = |run: &Path| candle_core::safetensors::load(run.join(levels::CODE_FILE), &Device::Cpu);
    let flat = |code: &HashMap<String, Tensor>| -> Result<Vec<f32>> {
        Ok(code["encoder.levels.components.weight"].flatten_all()?.to_vec1()?)
    };
    let [run, untold, next] = [tempfile::tempdir()?, tempfile::tempdir()?, tempfile::tempdir()?];
    let mut weights = codec_weights()?;
    levels::train(&told(10), weights.clone(), &clips(), run.path())?;
    levels::train(&levels_training(10), weights.clone(), &clips(), untold.path())?;
    let [with, without] = [losses(run.path())?, losses(untold.path())?];
    assert!(with[0] < 0.8 * without[0], "{} beside {}", with[0], without[0]);
    let code = code_in(run.path())?;
    levels::train(&told(20), weights.clone(), &clips(), run.path())?;
    assert_eq!(flat(&code)?, flat(&code_in(run.path())?)?, "a run that goes on");
    std::fs::remove_file(run.path().join(checkpoint::CHECKPOINT_FILE))?;
    levels::train(&told(20), weights.clone(), &clips(), run.path())?;
    assert_eq!(flat(&code)?, flat(&code_in(run.path())?)?, "a run that was not saved");
    weights.extend(checkpoint::weights_in(run.path(), "codec.")?);
    weights.extend(code.clone());
    levels::train(&told(1), weights, &clips(), next.path())?;
    assert_eq!(flat(&code)?, flat(&code_in(next.path())?)?, "a run that begins with it");
    // Draws add a hundredth. A component is divided by √(λ + ν), where ν is the λ of the second one of six, so that none becomes
    // louder than √2 times what the second one does, however weak it was.
    let log_var = code["encoder.levels.log_var"].to_vec1::<f32>()?;
    assert!(log_var.iter().all(|log_var| (log_var.exp() - 0.01).abs() < 1e-6), "{log_var:?}");
    let squares = code["encoder.levels.components.weight"].sqr()?.sum(0)?.to_vec1::<f32>()?;
    assert!(squares.windows(2).all(|pair| pair[0] <= pair[1]), "{squares:?}");
    assert!(squares[5] < 2.0 * squares[1] && squares[5] > squares[1], "{squares:?}");
    Ok(())
}

#[test]
fn levels_begin_as_those_of_the_codec_if_these_are_no_wider() -> Result<()> {
    let name = "decoder.levels.join.weight";
    let train = |weights: &HashMap<String, Tensor>, steps: u64, hidden: usize| -> Result<HashMap<_, _>> {
        let run = tempfile::tempdir()?;
        let levels = LevelsConfig { hidden, ..tiny_model::levels() };
        let settings = LevelsTraining { levels, ..levels_training(steps) };
        levels::train(&settings, weights.clone(), &clips(), run.path())?;
        Ok(checkpoint::weights_in(run.path(), "codec.")?)
    };
    let width = tiny_model::levels().hidden;
    let mut all = codec_weights()?;
    all.extend(train(&all, 10, width)?);
    let before = all[name].to_vec2::<f32>()?;
    for hidden in [width, width + 5] {
        let after = train(&all, 1, hidden)?[name].to_vec2::<f32>()?;
        assert_eq!(after[0].len(), hidden);
        // One step of warming up moves nothing far.
        let far = |old: &f32, new: &f32| (old - new).abs() > 1e-3;
        for (old, new) in before.iter().zip(&after) {
            assert!(!old.iter().zip(new).any(|(old, new)| far(old, new)), "{hidden}");
            assert!(!new[width..].iter().any(|new| far(&0.0, new)), "{hidden}");
        }
    }
    assert!(train(&all, 1, width - 1).is_err());
    Ok(())
}

/// The column `loss` of a run's log.
fn losses(run: &Path) -> Result<Vec<f64>> {
    let text = std::fs::read_to_string(run.join("log.csv"))?;
    Ok(text
        .lines()
        .skip(1)
        .map(|line| line.split(',').nth(2).unwrap_or("").parse())
        .collect::<Result<_, _>>()?)
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

#[test]
fn the_codec_learns_and_goes_on_where_it_stopped() -> Result<()> {
    let run = tempfile::tempdir()?;
    codec::train(&codec_training(60), &clips(), run.path(), &Device::Cpu)?;
    codec::train(&codec_training(120), &clips(), run.path(), &Device::Cpu)?;
    let losses = losses(run.path())?;
    assert_eq!(losses.len(), 120, "60 steps and 60 more");
    let (first, middle, last) = (mean(&losses[..10]), mean(&losses[50..70]), mean(&losses[110..]));
    assert!(last < 0.8 * first && middle < first && last < middle * 1.05, "{first}, {middle}, {last}");
    let averaged = checkpoint::averaged_weights(&run.path().join("checkpoint.safetensors"))?;
    assert!(averaged.contains_key("encoder.read.0.weight") && averaged.contains_key("decoder.write.1.bias"));
    Ok(())
}

#[test]
fn training_the_decoder_alone_keeps_the_averaged_encoder() -> Result<()> {
    let run = tempfile::tempdir()?;
    let path = run.path().join("checkpoint.safetensors");
    codec::train(&codec_training(5), &clips(), run.path(), &Device::Cpu)?;
    let before = checkpoint::averaged_weights(&path)?;
    let settings = CodecTraining { decoder_only: true, ..codec_training(10) };
    codec::train(&settings, &clips(), run.path(), &Device::Cpu)?;
    let (after, weights) =
        (checkpoint::averaged_weights(&path)?, candle_core::safetensors::load(&path, &Device::Cpu)?);
    for (name, old) in &before {
        let old = old.flatten_all()?.to_vec1::<f32>()?;
        let kept = after[name].flatten_all()?.to_vec1::<f32>()? == old;
        assert_eq!(kept, name.starts_with("encoder."), "{name}");
        // What is trained on is the average, not the last weights.
        let used = weights[&format!("weight.{name}")].flatten_all()?.to_vec1::<f32>()? == old;
        assert_eq!(used, name.starts_with("encoder."), "{name}");
    }
    Ok(())
}

#[test]
fn the_flow_learns() -> Result<()> {
    let config = tiny_model::config();
    let mut tensors = tiny_model::tensors(1)?;
    let codec = Codec::new(&config.codec, true, &part(&mut tensors, "codec.", &Device::Cpu)?)?;
    let tokenizer = tiny_model::tokenizer(tiny_model::VOCABULARY);
    let text = TextEncoder::new(&config.text, &tokenizer, part(&mut tensors, "text.", &Device::Cpu)?)?;
    let data = FlowData::new(&codec, &text, &clips(), &Device::Cpu)?;
    let settings = FlowTraining {
        flow: config.flow,
        init: None,
        objective: Objective::Velocity,
        lora: None,
        optim: optim(),
        tokens_per_step: 256,
        timesteps: Timesteps::Uniform,
        pairing: Pairing::Assignment { over: 16 },
        text_dropout: 0.1,
        seed: 1,
        budget: Budget { steps: 200, seconds: 1e6, ..Budget::default() },
    };
    let run = tempfile::tempdir()?;
    flow::train(&settings, &data, run.path(), &Device::Cpu)?;
    let losses = losses(run.path())?;
    let (first, last) = (mean(&losses[..10]), mean(&losses[180..]));
    assert!(losses.len() == 200 && last < 0.8 * first, "{first} to {last}");
    Ok(())
}

#[test]
fn a_model_folder_is_a_start_and_one_of_other_sizes_is_refused() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let tensors = tiny_model::tensors(1)?;
    weights::pack(&tensors, &folder.path().join(WEIGHTS_FILE))?;
    let (_map, mut optim) = optimiser(3)?;
    checkpoint::start_from(folder.path(), "flow.", &mut optim)?;
    let packed = weights::unpack(&std::fs::read(folder.path().join(WEIGHTS_FILE))?)?;
    for p in &optim.params {
        let wanted = packed[&format!("flow.{}", p.name)].flatten_all()?.to_vec1::<f32>()?;
        assert_eq!(p.var.flatten_all()?.to_vec1::<f32>()?, wanted, "{}", p.name);
        assert_eq!(p.ema, wanted, "{}", p.name);
    }
    let error = checkpoint::start_from(folder.path(), "codec.", &mut optim).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::BadData);
    Ok(())
}

/// A fresh network and its optimiser, after `steps` updates towards zero velocity.
fn optimiser(steps: usize) -> Result<(VarMap, AdamW)> {
    let config = tiny_model::config();
    let map = VarMap::new();
    let vb = VarBuilder::from_varmap(&map, DType::F32, &Device::Cpu);
    Transformer::new(&config.flow, config.codec.latent_channels(), config.text.hidden_size, &vb)?;
    tiny_model::randomise(&map, steps as u64)?;
    let mut optim = AdamW::new(trainable(&map, &[])?, optim())?;
    for _ in 0..steps {
        step(&mut optim)?;
    }
    Ok((map, optim))
}

/// One update that pulls every weight towards zero.
fn step(optim: &mut AdamW) -> Result<()> {
    let squares: Vec<_> =
        optim.params.iter().map(|p| p.var.sqr()?.sum_all()).collect::<candle_core::Result<_>>()?;
    let loss = candle_core::Tensor::stack(&squares, 0)?.sum_all()?;
    optim.update(&[loss.backward()?], 1.0)?;
    Ok(())
}

/// Weights, moments and averages as bits.
fn bits(optim: &AdamW) -> Result<Vec<u32>> {
    let mut out = Vec::new();
    for p in &optim.params {
        let weight = p.var.flatten_all()?.to_vec1::<f32>()?;
        out.extend([&weight, &p.m, &p.v, &p.ema].into_iter().flatten().map(|x| x.to_bits()));
    }
    Ok(out)
}

#[test]
fn a_restored_checkpoint_continues_bit_for_bit() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("checkpoint.safetensors");
    let (_, mut original) = optimiser(3)?;
    let state = RunState { step: 3, seconds: 12.5, examples: 48 };
    checkpoint::save(&path, &original, &state)?;
    let (_, mut restored) = optimiser(0)?;
    assert_ne!(bits(&restored)?, bits(&original)?);
    assert_eq!(checkpoint::load(&path, &mut restored)?, state);
    assert_eq!(bits(&restored)?, bits(&original)?);
    step(&mut original)?;
    step(&mut restored)?;
    assert_eq!(bits(&restored)?, bits(&original)?);
    Ok(())
}

#[test]
fn checkpoints_that_do_not_fit_are_refused() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("checkpoint.safetensors");
    let (_, mut optim) = optimiser(0)?;
    let missing = checkpoint::load(&path, &mut optim).expect_err("no file");
    assert_eq!(missing.kind(), ErrorKind::Io);
    checkpoint::save(&path, &optim, &RunState::default())?;
    let whole = std::fs::read(&path)?;
    for keep in [0, 9, whole.len() / 2, whole.len() - 1] {
        std::fs::write(&path, &whole[..keep])?;
        let error = checkpoint::load(&path, &mut optim).expect_err("a cut file");
        assert_eq!(error.kind(), ErrorKind::BadData, "{keep} bytes");
    }
    // A network of another size.
    std::fs::write(&path, &whole)?;
    optim.params[0].var = candle_core::Var::zeros(3, DType::F32, &Device::Cpu)?;
    let error = checkpoint::load(&path, &mut optim).expect_err("another shape");
    assert_eq!(error.kind(), ErrorKind::BadData);
    assert!(error.to_string().contains(&optim.params[0].name), "{error}");
    Ok(())
}
