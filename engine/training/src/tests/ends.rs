//! Trainings that cannot go on.

use super::toy::*;
use crate::checkpoint::{self, CHECKPOINT_FILE, averaged_weights};
use crate::curves::Measured;
use crate::flow::{self, FlowData, FlowTraining};
use crate::latents::Example;
use crate::optim::OptimConfig;
use candle_core::{Device, Tensor};
use straightshot_engine::ErrorKind;

/// A clip whose loss is no number.
fn poisoned() -> FlowData {
    let latent = vec![f32::NAN; CHANNELS];
    let clip = Example {
        latent,
        captions: vec!["wide".into()],
        peaks: vec![],
        weight: 1.0,
        curves: Measured::default(),
    };
    let texts = ["", "wide"].map(|word| (word.to_owned(), features(word))).into();
    FlowData::from_parts(vec![clip], texts, vec![0.0; CHANNELS]).unwrap().with_silence_behind(0.0)
}

#[test]
fn a_loss_that_is_no_number_ends_it_with_what_was_learnt() {
    let run = tempfile::tempdir().unwrap();
    let path = run.path().join(CHECKPOINT_FILE);
    flow::train(&flow_training(20), &data(), run.path(), &Device::Cpu).unwrap();
    let before = averaged_weights(&path).unwrap();
    let error = flow::train(&flow_training(30), &poisoned(), run.path(), &Device::Cpu).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Compute);
    let text = error.to_string();
    assert!(
        text.contains("step 20") && text.contains("no number") && text.contains("--learning-rate"),
        "{text}"
    );
    assert_eq!(checkpoint::state(&path).unwrap().step, 20);
    let after = averaged_weights(&path).unwrap();
    for (name, tensor) in before {
        let values = |t: &Tensor| t.flatten_all().unwrap().to_vec1::<f32>().unwrap();
        assert_eq!(values(&tensor), values(&after[&name]), "{name}");
    }
    // It goes on from there with data that can be learnt.
    flow::train(&flow_training(25), &data(), run.path(), &Device::Cpu).unwrap();
    assert_eq!(checkpoint::state(&path).unwrap().step, 25);
}

#[test]
fn rates_that_cannot_be_right_are_refused() {
    let run = tempfile::tempdir().unwrap();
    for learning_rate in [0.0, -1e-3, 5.0, f64::NAN, f64::INFINITY] {
        let settings = FlowTraining { optim: OptimConfig { learning_rate, ..optim() }, ..flow_training(5) };
        let error = flow::train(&settings, &data(), run.path(), &Device::Cpu).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidRequest, "{learning_rate}");
    }
    assert!(!run.path().join(CHECKPOINT_FILE).exists());
}
