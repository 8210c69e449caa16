//! Four clusters around the origin, two per caption, and a flow trained on them once for all tests.

use crate::batch::{Features, stack};
use crate::couplings::anchored::Anchor;
use crate::couplings::{self, Couplings, Settings, Teacher};
use crate::curves::Measured;
use crate::flow::{self, FlowData, FlowTraining, Objective};
use crate::latents::Example;
use crate::optim::OptimConfig;
use crate::pairing::Pairing;
use crate::run::Budget;
use crate::stage;
use crate::timesteps::Timesteps;
use candle_core::{Device, Tensor};
use std::cell::RefCell;
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use straightshot_engine::config::FlowConfig;
use straightshot_engine::error::Result;
use straightshot_engine::flow::{Guided, Method, Transformer, VelocityField, integrate, uniform_grid};
use straightshot_engine::rng::{Noise, Stream};
use straightshot_engine::text::TextCondition;

pub(super) const CHANNELS: usize = 2;
pub(super) const TEXT_DIM: usize = 4;

pub(super) fn sizes() -> FlowConfig {
    FlowConfig { dim: 32, blocks: 2, heads: 2, feed_forward: 64, curves: false }
}

pub(super) fn optim() -> OptimConfig {
    OptimConfig { learning_rate: 3e-3, warm_up: 20, ema_decay: 0.99, ..OptimConfig::default() }
}

pub(super) fn budget(steps: u64) -> Budget {
    Budget { steps, seconds: 1e6, ..Budget::default() }
}

pub(super) fn features(word: &str) -> Features {
    let one = |i: usize| (0..TEXT_DIM).map(|j| if i == j { 1.0 } else { -0.3 }).collect::<Vec<f32>>();
    let row = match word {
        "" => one(0),
        "wide" => one(1),
        _ => one(2),
    };
    Features { tokens: row.clone(), count: 1, pooled: row }
}

/// "wide" is left or right, "high" is above or below; one token each.
pub(super) fn data() -> FlowData {
    let mut random = Noise::new(11, Stream::Training);
    let examples = (0..256).map(|i| {
        let side = if i % 2 == 0 { 2.0 } else { -2.0 };
        let mut around = |centre: f32| centre + 0.2 * random.normal();
        if i % 4 < 2 {
            Example {
                latent: vec![around(side), around(0.0)],
                captions: vec!["wide".into()],
                peaks: vec![],
                weight: 1.0,
                curves: Measured::default(),
            }
        } else {
            Example {
                latent: vec![around(0.0), around(side)],
                captions: vec!["high".into()],
                peaks: vec![],
                weight: 1.0,
                curves: Measured::default(),
            }
        }
    });
    let texts: HashMap<String, Features> =
        ["", "wide", "high"].into_iter().map(|word| (word.to_owned(), features(word))).collect();
    FlowData::from_parts(examples.collect(), texts, vec![0.0; CHANNELS]).unwrap().with_silence_behind(0.0)
}

pub(super) fn flow_training(steps: u64) -> FlowTraining {
    FlowTraining {
        flow: sizes(),
        init: None,
        objective: Objective::Velocity,
        lora: None,
        optim: optim(),
        tokens_per_step: 128,
        timesteps: Timesteps::LogitNormal { mean: 0.0, std: 1.0 },
        pairing: Pairing::Independent,
        text_dropout: 0.2,
        seed: 1,
        budget: budget(steps),
    }
}

/// Folders of a first flow and of couplings that it made at ω = 1.
pub(super) struct Trained {
    pub(super) flow: PathBuf,
    pub(super) couplings: PathBuf,
    _folder: tempfile::TempDir,
}

pub(super) fn coupling_settings() -> Settings {
    Settings {
        count: 1024,
        per_shard: 256,
        steps: 16,
        multistep: false,
        tokens_per_batch: 256,
        pairing: Pairing::Independent,
        anchor: Anchor { omega: 1.0, ..Anchor::default() },
        seed: 3,
    }
}

pub(super) fn make(settings: &Settings, teacher: &Path, folder: &Path) -> Result<couplings::Progress> {
    let teacher = Teacher { run: teacher.to_owned(), flow: sizes(), device: Device::Cpu };
    couplings::make(settings, &teacher, &data(), folder, 1e6, &mut |_| ())
}

pub(super) fn trained() -> &'static Trained {
    static ONCE: OnceLock<Trained> = OnceLock::new();
    ONCE.get_or_init(|| {
        let folder = tempfile::tempdir().unwrap();
        let (flow, couplings) = (folder.path().join("flow"), folder.path().join("couplings"));
        flow::train(&flow_training(800), &data(), &flow, &Device::Cpu).unwrap();
        make(&coupling_settings(), &flow, &couplings).unwrap();
        Trained { flow, couplings, _folder: folder }
    })
}

impl Trained {
    pub(super) fn couples(&self) -> Couplings {
        Couplings::open(&self.couplings).unwrap()
    }
}

pub(super) fn network(run: &Path) -> Transformer {
    stage::teacher(run, &sizes(), CHANNELS, TEXT_DIM, &Device::Cpu).unwrap()
}

/// `word` for `n` rows.
pub(super) fn text(word: &str, n: usize) -> TextCondition {
    stack(&vec![&features(word); n], &Device::Cpu).unwrap()
}

/// `S = ∫ E ‖(z_1 - z_0) - v(z_t, t)‖² dt` along simulated trajectories, Eq. (15) of FlashAudio
/// ([Liu et al., 2024](https://arxiv.org/abs/2410.12266)), per value of the latent; 0 for straight lines at constant
/// speed.
fn straightness(field: &dyn VelocityField, grid: &[f64], noise: &Tensor) -> Result<f64> {
    let seen = RefCell::new(Vec::new());
    let recording = |x: &Tensor, t: f64| {
        let v = field.velocity(x, t)?;
        seen.borrow_mut().push(v.clone());
        Ok(v)
    };
    let end = integrate(&recording, Method::Euler, grid, noise, &mut |_| Ok(()))?;
    let whole = (end - noise)?;
    let mut sum = 0.0;
    for (v, w) in seen.into_inner().iter().zip(grid.windows(2)) {
        sum += (w[1] - w[0]) * f64::from((&whole - v)?.sqr()?.mean_all()?.to_scalar::<f32>()?);
    }
    Ok(sum)
}

/// Straightness of the trajectories of both captions.
pub(super) fn bend(run: &Path) -> f64 {
    let network = network(run);
    let of = |word: &str| {
        let noise = Noise::new(77, Stream::Latent).normal_tensor((512, 1, CHANNELS), &Device::Cpu).unwrap();
        let condition = network.condition(&text(word, 512)).unwrap();
        straightness(&Guided::new(&network, condition, 1.0, || Ok(())), &uniform_grid(32), &noise).unwrap()
    };
    0.5 * (of("wide") + of("high"))
}

/// The unguided velocity field of a caption.
pub(super) fn field<'a>(network: &'a Transformer, word: &str, n: usize) -> impl VelocityField + 'a {
    Guided::new(network, network.condition(&text(word, n)).unwrap(), 1.0, || Ok(()))
}

pub(super) fn values(x: &Tensor) -> Vec<f32> {
    x.flatten_all().unwrap().to_vec1().unwrap()
}

/// Largest difference of two tensors.
pub(super) fn gap(a: &Tensor, b: &Tensor) -> f32 {
    assert_eq!(a.dims(), b.dims());
    values(a).iter().zip(values(b)).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max)
}
