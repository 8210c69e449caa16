//! Metrics against numpy and scipy.

use super::case::Case;
use anyhow::Result;
use candle_core::{Device, Tensor};
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use straightshot_engine::ErrorKind;
use straightshot_evaluation::aisfx::{self, Aisfx};
use straightshot_evaluation::yamnet::{self, CLASSES, EMBEDDING, Heard, Yamnet};
use straightshot_evaluation::{bootstrap, frechet, kernel, kl, labels};

/// `assets/eval`: committed, so these tests always run.
fn assets() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../assets/eval")
}

/// A decaying chirp beside a high tone that swells: the signals of both networks.
fn signal(samples: usize, decay: f64, chirp: (f64, f64), tone: (f64, f64)) -> Vec<f32> {
    (0..samples)
        .map(|i| {
            let i = i as f64;
            let low = 0.5 * (-i / decay).exp() * (chirp.0 * i + chirp.1 * i * i).sin();
            (low + 0.1 * (tone.0 * i).sin() * (tone.1 * i).sin()) as f32
        })
        .collect()
}

#[test]
fn yamnet_network() -> Result<()> {
    let case = Case::load("yamnet");
    let network = Yamnet::from_dir(&assets())?;
    let samples = signal(case.number("samples") as usize, 6000.0, (0.05, 2e-5), (1.9, 0.002));
    let heard = network.hear(&samples, yamnet::SAMPLE_RATE_HZ)?;
    let embeddings = Tensor::from_slice(&heard.embeddings, (2, EMBEDDING), &Device::Cpu)?;
    case.check("embeddings", &embeddings);
    case.check("logits", &Tensor::from_slice(&heard.logits, (2, CLASSES), &Device::Cpu)?);
    // The rounding of the shipped weights costs little beside the weights as published.
    case.check_within("published.embeddings", "published_tolerance", &embeddings);
    let posteriors: Vec<f32> = heard.logits.iter().map(|x| 1.0 / (1.0 + (-x).exp())).collect();
    let posteriors = Tensor::from_vec(posteriors, (2, CLASSES), &Device::Cpu)?;
    case.check_within("published.posteriors", "published_tolerance", &posteriors);
    Ok(())
}

#[test]
fn yamnet_hears_silence_in_silence_and_white_noise_in_white_noise() -> Result<()> {
    let network = Yamnet::from_dir(&assets())?;
    let best = |samples: &[f32]| -> Result<Vec<String>> {
        let heard = network.hear(samples, 44_100)?;
        Ok(labels::best(&heard.posteriors(), 5).into_iter().map(|k| network.names()[k].clone()).collect())
    };
    assert_eq!(best(&vec![0.0; 44_100])?[0], "Silence");
    let mut random = straightshot_engine::rng::Noise::new(1, straightshot_engine::rng::Stream::Evaluation);
    let noise: Vec<f32> = random.normals(88_200).iter().map(|x| 0.1 * x).collect();
    let heard = best(&noise)?;
    assert!(heard.iter().any(|name| name == "White noise"), "{heard:?}");
    Ok(())
}

#[test]
fn yamnet_pads_to_whole_patches() -> Result<()> {
    let network = Yamnet::from_dir(&assets())?;
    // 0.975 s is one patch, a sample more is two, 0.48 s later three.
    for (samples, patches) in [(0, 1), (1600, 1), (15_600, 1), (15_601, 2), (23_280, 2), (23_281, 3)] {
        let heard = network.hear(&vec![0.1; samples], yamnet::SAMPLE_RATE_HZ)?;
        assert_eq!(heard.embeddings.len(), patches * EMBEDDING, "{samples} samples");
        assert_eq!(heard.logits.len(), patches * CLASSES, "{samples} samples");
    }
    Ok(())
}

#[test]
fn yamnet_puts_digital_silence_far_from_sounds() -> Result<()> {
    let network = Yamnet::from_dir(&assets())?;
    let mut random = straightshot_engine::rng::Noise::new(1, straightshot_engine::rng::Stream::Evaluation);
    let noise = random.normals(15_600);
    let hear = |level: f32| {
        let samples: Vec<f32> = noise.iter().map(|x| level * x).collect();
        network.hear(&samples, yamnet::SAMPLE_RATE_HZ)
    };
    let length = |embedding: &[f32]| embedding.iter().map(|x| x * x).sum::<f32>().sqrt();
    let (nothing, faint, loud) = (hear(0.0)?, hear(1e-6)?, hear(0.1)?);
    assert_eq!([&nothing, &faint, &loud].map(|h| h.silent.clone()), [[true], [true], [false]]);
    let [nothing, faint, loud] = [nothing, faint, loud].map(|h| length(&h.embeddings));
    assert!(nothing > 5.0 * loud && faint > 5.0 * loud, "{nothing}, {faint}, {loud}");
    Ok(())
}

#[test]
fn yamnet_without_its_files_says_which() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let error = Yamnet::from_dir(folder.path()).expect_err("an empty folder");
    assert_eq!(error.kind(), ErrorKind::Io);
    assert!(error.to_string().contains("yamnet.safetensors"), "{error}");
    let bytes = std::fs::read(assets().join("yamnet.safetensors"))?;
    std::fs::write(folder.path().join("yamnet.safetensors"), &bytes[..bytes.len() / 2])?;
    assert_eq!(Yamnet::from_dir(folder.path()).expect_err("half a file").kind(), ErrorKind::BadModel);
    Ok(())
}

#[test]
fn aisfx_network() -> Result<()> {
    let case = Case::load("aisfx");
    let weights: HashMap<String, Tensor> = (1..=4)
        .flat_map(|block| (1..=2).map(move |layer| format!("{block}.{layer}")))
        .flat_map(|layer| ["weight", "bias"].map(|kind| format!("{layer}.{kind}")))
        .map(|name| (name.clone(), case.tensor(&format!("param.{name}")).clone()))
        .collect();
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("aisfx.safetensors");
    candle_core::safetensors::save(&weights, &path)?;
    let network = Aisfx::from_file(&path)?;
    let samples = signal(case.number("samples") as usize, 60_000.0, (0.01, 5e-6), (0.9, 1e-4));
    let got = network.embed(&samples, aisfx::SAMPLE_RATE_HZ)?;
    case.check("output", &Tensor::from_vec(got, (2, network.embedding()), &Device::Cpu)?);
    assert_eq!(network.embed(&samples[..500], aisfx::SAMPLE_RATE_HZ)?.len(), network.embedding());
    Ok(())
}

/// Checks a distance between sets of windows of eight values.
fn check_distance(
    case: &'static str,
    distance: impl Fn(&[f32], &[f32], usize) -> straightshot_engine::Result<f64>,
) -> Result<()> {
    let case = Case::load(case);
    let rows = |name: &str| case.tensor(name).flatten_all().and_then(|t| t.to_vec1::<f32>());
    let (real, made, few) = (rows("real")?, rows("made")?, rows("few")?);
    case.check_values("distance", &[distance(&real, &made, 8)?]);
    case.check_values("distance_few", &[distance(&real, &few, 8)?]);
    Ok(())
}

#[test]
fn frechet_distance() -> Result<()> {
    let real = Case::load("frechet").tensor("real").flatten_all()?.to_vec1::<f32>()?;
    assert!(frechet::distance(&real, &real, 8)? < 1e-6);
    check_distance("frechet", frechet::distance)
}

#[test]
fn kernel_distance() -> Result<()> {
    check_distance("kernel", kernel::distance)
}

#[test]
fn divergences() -> Result<()> {
    let case = Case::load("kl");
    let heard = |name: &str| -> Result<Heard> {
        let logits = case.tensor(name).flatten_all()?.to_vec1()?;
        Ok(Heard { embeddings: Vec::new(), logits, silent: Vec::new() })
    };
    let (real, made) = (heard("real")?, heard("made")?);
    case.check_values("distribution", &real.distribution());
    case.check_values("posteriors", &real.posteriors());
    case.check_values("divergence", &[kl::divergence(&real.distribution(), &made.distribution())]);
    case.check_values("independent", &[kl::independent(&real.posteriors(), &made.posteriors())]);
    Ok(())
}

#[test]
fn bootstrap_interval() {
    let case = Case::load("bootstrap");
    let got = bootstrap::mean(&case.values("values"), 40_000, 1).expect("there are values");
    let want = case.values("interval");
    let slack = case.number("share_of_width") * (want[2] - want[1]);
    for (got, want) in [got.mean, got.lo, got.hi].into_iter().zip(want) {
        assert!((got - want).abs() < slack, "{got} instead of {want}, give or take {slack}");
    }
}
