use super::*;
use crate::rng::{Noise, Stream};
use candle_core::{DType, Device};
use candle_nn::{VarBuilder, VarMap};
use std::collections::HashMap;

fn values(x: &Tensor) -> Vec<f32> {
    x.flatten_all().unwrap().to_vec1().unwrap()
}

#[test]
fn a_head_in_tiles_draws_what_its_layers_draw() {
    in_tiles(0);
}

#[test]
fn so_does_one_that_is_told_what_levels_are() {
    in_tiles(5);
}

/// The same head with weights that want gradients and with such that do not.
fn in_tiles(in_latent: usize) {
    let config = CodecConfig::default();
    let levels = LevelsConfig { hidden: 40, in_latent, ..LevelsConfig::standard(44_100) };
    let map = VarMap::new();
    let layers =
        LevelsHead::new(&config, &levels, &VarBuilder::from_varmap(&map, DType::F32, &Device::Cpu)).unwrap();
    let mut random = Noise::new(1, Stream::Training);
    let mut fixed = HashMap::new();
    for (name, var) in map.data().lock().unwrap().iter() {
        let noise = random.normal_tensor(var.shape().clone(), &Device::Cpu).unwrap();
        var.set(&(noise * 0.1).unwrap()).unwrap();
        fixed.insert(name.clone(), var.as_detached_tensor());
    }
    let vb = VarBuilder::from_tensors(fixed, DType::F32, &Device::Cpu);
    let tiles = LevelsHead::new(&config, &levels, &vb).unwrap();
    let bands = config.band_count();
    // Fewer tokens than a tile, and a rest.
    for tokens in [1, 21] {
        let mut normal = |shape: &[usize]| random.normal_tensor(shape, &Device::Cpu).unwrap();
        let x = normal(&[1, tokens, bands, config.dim]);
        let (base, noise) = (normal(&[1, 8 * tokens, 21]), normal(&[1, tokens, levels.noise]));
        let features = layers.features(&x).unwrap();
        let told = (in_latent > 0).then(|| normal(&[1, tokens, in_latent]));
        let wanted = layers.draw(&features, &base, &noise, told.as_ref()).unwrap();
        let got = tiles.features_tiled(&values(&x), (1, tokens, bands, config.dim)).unwrap();
        let worst = |a: &[f32], b: &[f32]| {
            assert_eq!(a.len(), b.len());
            a.iter().zip(b).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max)
        };
        assert!(worst(&values(&features), &values(&got)) < 1e-4);
        let (features, base, noise) = (values(&got), values(&base), values(&noise));
        let told = told.as_ref().map(values).unwrap_or_default();
        let given = Given { features: &features, base: &base, noise: &noise, told: &told, tokens };
        let (change, spread) = tiles.draw_tiled(given, || true).unwrap();
        assert_eq!(change.len(), 32 * tokens * 21);
        assert!(worst(&values(&wanted.change), &change) < 1e-4);
        assert!(worst(&values(&wanted.spread), &spread) < 1e-4);
        assert!(spread.iter().all(|x| (0.0..=1.5).contains(x)));
        assert!(tiles.draw_tiled(Given { tokens: tokens + 1, ..given }, || true).is_err());
        let more = vec![0.0; tokens * (in_latent + 1)];
        assert!(tiles.draw_tiled(Given { told: &more, ..given }, || true).is_err());
    }
    assert!(layers.is_trained() && !tiles.is_trained());
}
