//! Each stage does what it is for.

use super::toy::*;
use crate::batch::{Batch, masked_mean_square, velocity_loss};
use crate::checkpoint::CHECKPOINT_FILE;
use crate::checkpoint::averaged_weights;
use crate::couplings::{self, Couplings, Teacher};
use crate::curves::Measured;
use crate::distil::{self, DistilTraining};
use crate::flow::{self, FlowData, FlowTraining};
use crate::latents::Example;
use crate::pairing::Pairing;
use crate::reflow::{self, ReflowTraining, Target};
use crate::stage::{self, times};
use crate::timesteps::Timesteps;
use candle_core::{Device, Tensor};
use std::path::Path;
use straightshot_engine::ErrorKind;
use straightshot_engine::flow::{Guided, Method, curves, integrate, uniform_grid};
use straightshot_engine::rng::{Noise, Stream};

fn reflow_training(target: Target, steps: u64) -> ReflowTraining {
    ReflowTraining {
        flow: sizes(),
        init: trained().flow.clone(),
        optim: optim(),
        tokens_per_step: 128,
        timesteps: Timesteps::MixExp { a: 4.0 },
        target,
        omega: 1.0,
        text_dropout: 0.0,
        seed: 1,
        budget: budget(steps),
    }
}

fn distil(init: &Path, steps: u64, on_the_way: f64, run: &Path) {
    let settings = DistilTraining {
        flow: sizes(),
        init: init.to_owned(),
        optim: optim(),
        tokens_per_step: 128,
        on_the_way,
        seed: 1,
        budget: budget(steps),
    };
    distil::train(&settings, &trained().couples(), run, &Device::Cpu).unwrap();
}

/// Mean squared error of some Euler steps from the couples of the first flow.
fn error_of(run: &Path, steps: u32) -> f32 {
    let couples = trained().couples();
    let rows = couples.rows(&(0..512).collect::<Vec<_>>(), 0.0, &mut Noise::new(0, Stream::Training));
    let (batch, network) = (Batch::new(&rows, CHANNELS, &Device::Cpu).unwrap(), network(run));
    let text = batch.condition(&network, &batch.text).unwrap();
    let field = |x: &Tensor, t: f64| {
        let t = Tensor::full(t as f32, x.dim(0)?, x.device())?;
        network.forward(x, &t, &text, Some(&batch.mask), &|| Ok(()))
    };
    let end = integrate(&field, Method::Euler, &uniform_grid(steps), &batch.noise, &mut |_| Ok(())).unwrap();
    masked_mean_square(&(&batch.data - end).unwrap(), &batch.mask).unwrap().to_scalar().unwrap()
}

fn one_step_error(run: &Path) -> f32 {
    error_of(run, 1)
}

#[test]
fn a_flow_learns_to_follow_curves_and_needs_none_and_so_do_those_that_are_made_from_it() {
    // Two tokens, the louder of which is high: which one it is, only the curve says.
    let clip = |first: bool| {
        let (a, b) = if first { (2.0, -2.0) } else { (-2.0, 2.0) };
        let loudness = if first { [[1.0; 4], [0.01; 4]] } else { [[0.01; 4], [1.0; 4]] };
        let curves = Measured { loudness: loudness.concat(), centroid_hz: vec![1000.0; 2] };
        let latent = vec![a, 0.0, b, 0.0];
        Example { latent, captions: vec!["wide".into()], peaks: vec![], weight: 1.0, curves }
    };
    let texts = ["", "wide"].map(|word| (word.to_owned(), features(word)));
    let data =
        FlowData::from_parts(vec![clip(true), clip(false)], texts.into(), vec![0.0; CHANNELS]).unwrap();
    let data = data.with_silence_behind(0.0);
    let sizes = straightshot_engine::config::FlowConfig { curves: true, ..sizes() };
    let folder = tempfile::tempdir().unwrap();
    let [first, couples, one_step] = ["first", "couples", "one-step"].map(|name| folder.path().join(name));
    // From a flow that knows no curves.
    let settings =
        FlowTraining { flow: sizes.clone(), init: Some(trained().flow.clone()), ..flow_training(600) };
    flow::train(&settings, &data, &first, &Device::Cpu).unwrap();
    let teacher = Teacher { run: first.clone(), flow: sizes.clone(), device: Device::Cpu };
    couplings::make(&coupling_settings(), &teacher, &data, &couples, 1e6, &mut |_| ()).unwrap();
    let distillation = DistilTraining {
        flow: sizes.clone(),
        init: first.clone(),
        optim: optim(),
        tokens_per_step: 128,
        on_the_way: 0.0,
        seed: 1,
        budget: budget(600),
    };
    distil::train(&distillation, &Couplings::open(&couples).unwrap(), &one_step, &Device::Cpu).unwrap();

    const N: usize = 256;
    for (run, steps) in [(&first, 16), (&one_step, 1)] {
        let network = stage::teacher(run, &sizes, CHANNELS, TEXT_DIM, &Device::Cpu).unwrap();
        // Share of clips whose first token is the higher one.
        let first_is_high = |loudness_db: &[f32]| {
            let features = curves::features(2, loudness_db, &[]).repeat(N);
            let features = Tensor::from_vec(features, (N, 2, curves::FEATURES), &Device::Cpu).unwrap();
            let condition = network.follow(network.condition(&text("wide", N)).unwrap(), &features).unwrap();
            let field = Guided::new(&network, condition, 1.0, || Ok(()));
            let noise = Noise::new(5, Stream::Latent).normal_tensor((N, 2, CHANNELS), &Device::Cpu).unwrap();
            let end =
                integrate(&field, Method::Euler, &uniform_grid(steps), &noise, &mut |_| Ok(())).unwrap();
            let values = values(&end);
            let clips = values.chunks(2 * CHANNELS);
            clips.filter(|clip| clip[0] > clip[CHANNELS]).count() as f64 / N as f64
        };
        let (loud, quiet) = ([0.0; 4], [-40.0; 4]);
        let begins = first_is_high(&[loud, quiet].concat());
        let ends = first_is_high(&[quiet, loud].concat());
        let free = first_is_high(&[]);
        assert!(begins > 0.9 && ends < 0.1, "{steps} steps: {begins}, {ends}");
        assert!((0.25..0.75).contains(&free), "{steps} steps: {free}");
    }
}

#[test]
fn immiscible_noise_makes_a_straighter_flow() {
    let folder = tempfile::tempdir().unwrap();
    let train = |name: &str, pairing: Pairing| {
        let run = folder.path().join(name);
        let settings = FlowTraining { init: Some(trained().flow.clone()), pairing, ..flow_training(300) };
        flow::train(&settings, &data(), &run, &Device::Cpu).unwrap();
        bend(&run)
    };
    let (independent, assigned) =
        (train("independent", Pairing::Independent), train("assigned", Pairing::Assignment { over: 64 }));
    assert!(assigned < 0.6 * independent, "{assigned} and {independent}");
}

#[test]
fn reflow_lowers_the_straightness_and_keeps_the_data() {
    let run = tempfile::tempdir().unwrap();
    reflow::train(&reflow_training(Target::Couple, 600), &trained().couples(), run.path(), &Device::Cpu)
        .unwrap();
    let (before, after) = (bend(&trained().flow), bend(run.path()));
    assert!(before > 0.1 && after < 0.25 * before, "from {before} to {after}");
    let (before, after) = (one_step_error(&trained().flow), one_step_error(run.path()));
    assert!(after < 0.25 * before, "one step: from {before} to {after}");
    // What is generated is still left or right, 2 from the origin.
    let network = network(run.path());
    let noise = Noise::new(5, Stream::Latent).normal_tensor((256, 1, CHANNELS), &Device::Cpu).unwrap();
    let end =
        integrate(&field(&network, "wide", 256), Method::Euler, &uniform_grid(4), &noise, &mut |_| Ok(()));
    let end = values(&end.unwrap());
    let near = |p: &&[f32]| (p[0].abs() - 2.0).hypot(p[1]) < 1.0;
    let share = end.chunks(2).filter(near).count() as f64 / 256.0;
    let left = end.chunks(2).filter(|p| p[0] < 0.0).count() as f64 / 256.0;
    assert!(share > 0.9 && (0.35..0.65).contains(&left), "{share} near, {left} left");
}

#[test]
fn distillation_makes_one_step_the_whole_way() {
    let folder = tempfile::tempdir().unwrap();
    let (reflowed, distilled) = (folder.path().join("reflow"), folder.path().join("distil"));
    reflow::train(&reflow_training(Target::Couple, 300), &trained().couples(), &reflowed, &Device::Cpu)
        .unwrap();
    distil(&reflowed, 600, 0.0, &distilled);
    let errors = [&trained().flow, &reflowed, &distilled].map(|run| one_step_error(run));
    assert!(errors[2] < 0.05 * errors[0] && errors[2] < 0.8 * errors[1], "{errors:?}");
}

#[test]
fn examples_on_the_way_let_one_network_take_few_steps_too() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    reflow::train(&reflow_training(Target::Couple, 300), &trained().couples(), &at("reflow"), &Device::Cpu)
        .unwrap();
    distil(&at("reflow"), 600, 0.0, &at("one"));
    distil(&at("reflow"), 600, 0.3, &at("few"));
    let [one, few] = ["one", "few"].map(|run| [1, 2, 4].map(|steps| error_of(&at(run), steps)));
    // The network has two things to learn: one step is a little worse, but not as bad as more steps are without.
    assert!(few[0] < 0.3 * one[1], "one step: {few:?}, {one:?}");
    assert!(few[1] < 0.2 * one[1] && few[2] < 0.2 * one[2], "few steps: {few:?}, {one:?}");
}

#[test]
fn a_stage_starts_from_the_average_of_the_one_before() {
    let run = tempfile::tempdir().unwrap();
    // A step of no size: what is saved is the start.
    let mut settings = reflow_training(Target::Couple, 1);
    settings.optim.learning_rate = f64::MIN_POSITIVE;
    reflow::train(&settings, &trained().couples(), run.path(), &Device::Cpu).unwrap();
    let read = |run: &Path| averaged_weights(&run.join(CHECKPOINT_FILE)).unwrap();
    let (start, teacher) = (read(run.path()), read(&trained().flow));
    assert!(start.len() == teacher.len() && start.iter().all(|(name, x)| gap(x, &teacher[name]) == 0.0));
    let other = ReflowTraining {
        flow: straightshot_engine::config::FlowConfig { dim: 16, ..sizes() },
        ..reflow_training(Target::Couple, 1)
    };
    let folder = tempfile::tempdir().unwrap();
    let error = reflow::train(&other, &trained().couples(), folder.path(), &Device::Cpu).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::BadData);
}

/// The first loss that a stage writes to its log.
fn first_loss(target: Target, omega: f64) -> f64 {
    let run = tempfile::tempdir().unwrap();
    let settings = ReflowTraining { omega, ..reflow_training(target, 1) };
    reflow::train(&settings, &trained().couples(), run.path(), &Device::Cpu).unwrap();
    let log = std::fs::read_to_string(run.path().join("log.csv")).unwrap();
    log.lines().nth(1).and_then(|line| line.split(',').nth(2)).unwrap().parse().unwrap()
}

#[test]
fn the_readings_of_the_target_agree_where_they_must() {
    let [couple, teacher, student] =
        [Target::Couple, Target::Teacher, Target::Student].map(|target| first_loss(target, 1.0));
    // At the start the network is its own teacher, and a student at ω = 1 has no guidance.
    assert!(teacher < 1e-9 && (student - couple).abs() < 1e-6, "{couple}, {teacher}, {student}");
    let [teacher, student] = [Target::Teacher, Target::Student].map(|target| first_loss(target, 3.0));
    assert!(teacher > 0.01 && (student - couple).abs() > 0.01, "{couple}, {teacher}, {student}");
}

#[test]
fn mix_exp_times_ask_the_ends() {
    // Couples are hard at the ends and easy in the middle; the loss shows it, or Mix-Exp would be for nothing.
    let couples = trained().couples();
    let network = network(&trained().flow);
    let mut random = Noise::new(2, Stream::Training);
    let rows = couples.rows(&(0..1024).collect::<Vec<_>>(), 0.0, &mut random);
    let batch = Batch::new(&rows, CHANNELS, &Device::Cpu).unwrap();
    let mut at = |timesteps| {
        let t = Tensor::new(times(timesteps, 1024, &mut random), &Device::Cpu).unwrap();
        velocity_loss(&network, &batch, &t).unwrap().to_scalar::<f32>().unwrap()
    };
    let (ends, middle) =
        (at(Timesteps::MixExp { a: 12.0 }), at(Timesteps::LogitNormal { mean: 0.0, std: 0.3 }));
    assert!(ends > 1.2 * middle, "{ends} and {middle}");
}
