//! Each stage does what it is for.

use super::toy::*;
use crate::batch::{Batch, velocity_loss};
use crate::checkpoint::CHECKPOINT_FILE;
use crate::checkpoint::averaged_weights;
use crate::distil::{self, DistilTraining, one_step_loss};
use crate::flow::{self, FlowTraining};
use crate::pairing::Pairing;
use crate::reflow::{self, ReflowTraining, Target};
use crate::stage::times;
use crate::timesteps::Timesteps;
use candle_core::{Device, Tensor};
use std::path::Path;
use straightshot_engine::ErrorKind;
use straightshot_engine::flow::{Method, integrate, uniform_grid};
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

fn distil(init: &Path, steps: u64, run: &Path) {
    let settings = DistilTraining {
        flow: sizes(),
        init: init.to_owned(),
        optim: optim(),
        tokens_per_step: 128,
        seed: 1,
        budget: budget(steps),
    };
    distil::train(&settings, &trained().couples(), run, &Device::Cpu).unwrap();
}

/// Mean squared error of one Euler step from the couples of the first flow.
fn one_step_error(run: &Path) -> f32 {
    let couples = trained().couples();
    let rows = couples.rows(&(0..512).collect::<Vec<_>>(), 0.0, &mut Noise::new(0, Stream::Training));
    let batch = Batch::new(&rows, CHANNELS, &Device::Cpu).unwrap();
    one_step_loss(&network(run), &batch).unwrap().to_scalar().unwrap()
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
    distil(&reflowed, 600, &distilled);
    let errors = [&trained().flow, &reflowed, &distilled].map(|run| one_step_error(run));
    assert!(errors[2] < 0.05 * errors[0] && errors[2] < 0.8 * errors[1], "{errors:?}");
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
