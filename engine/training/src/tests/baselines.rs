//! The baselines learn the toy data too.

use super::toy::*;
use crate::consistency::{self, ConsistencyTraining};
use crate::flow::{self, FlowTraining, Objective};
use crate::timesteps::Timesteps;
use candle_core::{Device, Tensor};
use straightshot_engine::config::Sampler;
use straightshot_engine::flow::VelocityField;
use straightshot_engine::rng::{Noise, Stream};

const SOUNDS: usize = 256;

fn noise(seed: u64) -> Tensor {
    Noise::new(seed, Stream::Latent).normal_tensor((SOUNDS, 1, CHANNELS), &Device::Cpu).unwrap()
}

fn made(sampler: Sampler, field: &dyn VelocityField, steps: u32) -> Vec<f32> {
    let fresh = |i: usize| Ok(noise(100 + i as u64));
    values(&sampler.sample(field, steps, &noise(5), &fresh, &mut |_| Ok(())).unwrap())
}

/// Share of points near a place where "wide" is, and share of points on the left.
fn wide(points: &[f32]) -> (f64, f64) {
    let near = points.chunks(2).filter(|p| (p[0].abs() - 2.0).hypot(p[1]) < 1.0).count();
    let left = points.chunks(2).filter(|p| p[0] < 0.0).count();
    (near as f64 / SOUNDS as f64, left as f64 / SOUNDS as f64)
}

#[test]
fn diffusion_with_ddim_makes_the_data() {
    let run = tempfile::tempdir().unwrap();
    let settings =
        FlowTraining { objective: Objective::Noise, timesteps: Timesteps::Uniform, ..flow_training(800) };
    flow::train(&settings, &data(), run.path(), &Device::Cpu).unwrap();
    let network = network(run.path());
    let field = field(&network, "wide", SOUNDS);
    let (near, left) = wide(&made(Sampler::Ddim, &field, 50));
    assert!(near > 0.9 && (0.35..0.65).contains(&left), "{near} near, {left} left");
    // A diffusion model needs its steps: that is what a flow is for.
    let (one, _) = wide(&made(Sampler::Ddim, &field, 1));
    assert!(one < near, "{one} with one step, {near} with fifty");
}

#[test]
fn a_consistency_model_jumps_where_its_teacher_walks() {
    let run = tempfile::tempdir().unwrap();
    let settings = ConsistencyTraining {
        flow: sizes(),
        init: trained().flow.clone(),
        optim: optim(),
        tokens_per_step: 128,
        levels: 8,
        omega: 1.0,
        seed: 1,
        budget: budget(1500),
    };
    consistency::train(&settings, &data(), run.path(), &Device::Cpu).unwrap();
    let (teacher, student) = (network(&trained().flow), network(run.path()));
    let (teacher, student) = (field(&teacher, "wide", SOUNDS), field(&student, "wide", SOUNDS));
    let walked = made(Sampler::Euler, &teacher, 8);
    let error = |points: &[f32]| {
        points.iter().zip(&walked).map(|(a, b)| (a - b).powi(2)).sum::<f32>() / points.len() as f32
    };
    let (before, after) = (made(Sampler::Euler, &teacher, 1), made(Sampler::Consistency, &student, 1));
    assert!(error(&after) < 0.5 * error(&before), "{} from {}", error(&after), error(&before));
    let (near, left) = wide(&made(Sampler::Consistency, &student, 2));
    assert!(near > 0.8 && (0.3..0.7).contains(&left), "{near} near, {left} left");
}
