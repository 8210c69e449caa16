//! Couplings: what is simulated, what is stored, and what anchoring does.

use super::toy::*;
use crate::batch::Batch;
use crate::couplings::Settings;
use crate::couplings::anchored::{Anchor, Simulated, simulate};
use crate::couplings::store::shard_path;
use crate::pairing::Pairing;
use candle_core::{DType, Device, Tensor};
use straightshot_engine::ErrorKind;
use straightshot_engine::flow::{Guided, Method, integrate, uniform_grid};
use straightshot_engine::rng::{Noise, Stream};

const N: usize = 48;

/// `N` starts of the caption "wide".
fn batch() -> Batch {
    let noise = Noise::new(9, Stream::Latent).normal_tensor((N, 1, CHANNELS), &Device::Cpu).unwrap();
    let mask = Tensor::ones((N, 1), DType::F32, &Device::Cpu).unwrap();
    Batch::free(noise.clone(), noise.zeros_like().unwrap(), mask, text("wide", N))
}

fn simulated(anchor: &Anchor) -> Simulated {
    simulate(&network(&trained().flow), &batch(), &text("", N), (Method::Euler, &uniform_grid(12)), anchor)
        .unwrap()
}

fn anchor(omega: f64, inner_steps: usize) -> Anchor {
    Anchor { omega, inner_steps, learning_rate: 0.05, stop: 0.0, stop_growth: 0.0 }
}

#[test]
fn couples_are_trajectories_of_the_flow() {
    let couples = trained().couples();
    assert_eq!((couples.count(), couples.channels()), (1024, CHANNELS));
    assert_eq!(couples.no_text(), &features(""));
    let network = network(&trained().flow);
    let rows = couples.rows(&[0, 300, 1023], 0.0, &mut Noise::new(0, Stream::Training));
    for row in rows {
        let word = if *row.text == features("wide") { "wide" } else { "high" };
        let one = Batch::new(std::slice::from_ref(&row), CHANNELS, &Device::Cpu).unwrap();
        let end =
            integrate(&field(&network, word, 1), Method::Euler, &uniform_grid(16), &one.noise, &mut |_| {
                Ok(())
            });
        assert!(gap(&end.unwrap(), &one.data) < 1e-4);
    }
}

#[test]
fn noise_is_assigned_before_the_simulation() {
    let folder = tempfile::tempdir().unwrap();
    let settings = Settings { pairing: Pairing::Assignment { over: 256 }, ..coupling_settings() };
    make(&settings, &trained().flow, folder.path()).unwrap();
    let assigned = crate::couplings::Couplings::open(folder.path()).unwrap();
    // How far the ends are from the noise says nothing about the flow, which is the same; but noise drawn for a
    // caption is now nearer to it: along the caption's axis instead of anywhere.
    let along = |couples: &crate::couplings::Couplings| {
        let rows = couples.rows(&(0..1024).collect::<Vec<_>>(), 0.0, &mut Noise::new(0, Stream::Training));
        let axis = |r: &crate::batch::Row<'_>| usize::from(*r.text != features("wide"));
        rows.iter().map(|r| f64::from(crate::pairing::noise(r.seed, CHANNELS)[axis(r)].abs())).sum::<f64>()
            / 1024.0
    };
    let (independent, near) = (along(&trained().couples()), along(&assigned));
    // E |n| = 0.80 for a normal n.
    assert!((independent - 0.798).abs() < 0.06 && near > 1.15 * independent, "{independent}, {near}");
}

#[test]
fn shards_go_on_where_they_stopped_and_refuse_another_plan() {
    let folder = tempfile::tempdir().unwrap();
    let settings = Settings { count: 512, ..coupling_settings() };
    let done = make(&settings, &trained().flow, folder.path()).unwrap();
    assert_eq!((done.shards, done.of), (2, 2));
    let path = shard_path(folder.path(), 1);
    let before = std::fs::read(&path).unwrap();
    let first = std::fs::metadata(shard_path(folder.path(), 0)).unwrap().modified().unwrap();
    std::fs::remove_file(&path).unwrap();
    make(&settings, &trained().flow, folder.path()).unwrap();
    assert!(std::fs::read(&path).unwrap() == before, "the shard made again is another");
    assert_eq!(std::fs::metadata(shard_path(folder.path(), 0)).unwrap().modified().unwrap(), first);
    let error = make(&Settings { seed: 4, ..settings }, &trained().flow, folder.path()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::BadData);
    for keep in [0, 8, before.len() / 2, before.len() - 1] {
        std::fs::write(&path, &before[..keep]).unwrap();
        let error = crate::couplings::Couplings::open(folder.path()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::BadData, "{keep} bytes");
    }
}

#[test]
fn without_inner_steps_it_is_plain_guidance() {
    let network = network(&trained().flow);
    let condition = network.condition(&text("wide", N).cat(&text("", N)).unwrap()).unwrap();
    for omega in [1.0, 3.0] {
        let condition =
            if omega == 1.0 { network.condition(&text("wide", N)).unwrap() } else { condition.clone() };
        let field = Guided::new(&network, condition, omega, || Ok(()));
        let want =
            integrate(&field, Method::Euler, &uniform_grid(12), &batch().noise, &mut |_| Ok(())).unwrap();
        let plain = simulated(&anchor(omega, 0));
        assert!(gap(&plain.data, &want) < 1e-4 && plain.distance.is_none(), "ω = {omega}");
        let at_once = Anchor { stop: 1e9, ..anchor(omega, 1) };
        assert!(gap(&simulated(&at_once).data, &want) < 1e-4, "ω = {omega}, stopped at once");
    }
}

#[test]
fn anchoring_pulls_guidance_back_to_the_pivot() {
    let distance = |anchor: &Anchor| simulated(anchor).distance.unwrap();
    let [few, many] = [5, 40].map(|inner| distance(&anchor(3.0, inner)));
    // A stop rule that is met at once leaves all of the guidance.
    let plain = distance(&Anchor { stop: 1e9, ..anchor(3.0, 1) });
    // How far a few steps come depends on the network; that many steps leave nothing does not.
    assert!(plain > 0.02 && few < 1.2 * plain && many < 0.1 * plain, "{plain}, {few}, {many}");
    let pivot = simulated(&anchor(1.0, 0)).data;
    let apart = (simulated(&anchor(3.0, 5)).data - pivot).unwrap().sqr().unwrap().mean_all().unwrap();
    assert!((f64::from(apart.to_scalar::<f32>().unwrap()) - few).abs() < 1e-5 * few.max(1.0));
}

#[test]
fn the_stop_rule_decides_how_much_guidance_is_left() {
    let stopping = |stop: f64| simulated(&Anchor { stop, ..anchor(3.0, 20) });
    let (never, late, early, at_once) = (stopping(0.0), stopping(1e-4), stopping(1e-2), stopping(1e9));
    assert!(never.inner_steps == 20.0 && at_once.inner_steps == 0.0);
    assert!(late.inner_steps < never.inner_steps && early.inner_steps < late.inner_steps);
    assert!(late.distance.unwrap() < early.distance.unwrap());
    assert!(early.distance.unwrap() < at_once.distance.unwrap());
}

#[test]
fn an_example_is_anchored_by_itself() {
    let together = simulated(&Anchor { stop: 1e-3, ..anchor(3.0, 5) }).data;
    let all = batch();
    for i in [0, N - 1] {
        let row = |x: &Tensor| x.narrow(0, i, 1).unwrap();
        let one = Batch::free(row(&all.noise), row(&all.data), row(&all.mask), text("wide", 1));
        let network = network(&trained().flow);
        let settings = Anchor { stop: 1e-3, ..anchor(3.0, 5) };
        let alone =
            simulate(&network, &one, &text("", 1), (Method::Euler, &uniform_grid(12)), &settings).unwrap();
        assert!(gap(&alone.data, &row(&together)) < 1e-3, "row {i}");
    }
}
