//! The codec around its networks: what amplitudes mean, how they become sound, how latents are normalised.

use crate::tiny_model;
use anyhow::Result;
use candle_core::{DType, Device, Tensor};
use candle_nn::{VarBuilder, VarMap};
use std::collections::HashMap;
use std::f32::consts::TAU;
use straightshot_engine::ErrorKind;
use straightshot_engine::codec::{AMPLITUDE_FLOOR, Codec, Decoder, Levels};
use straightshot_engine::config::{CodecConfig, LevelsConfig};
use straightshot_engine::model::part;
use straightshot_engine::rng::{Noise, Stream};
use straightshot_protocol::CancelToken;

/// Log amplitude that counts as nothing.
const NOTHING: f32 = -20.0;
const FRAMES: usize = 64;

/// The shipped sizes; the weights do not matter here.
pub(crate) fn codec() -> Result<Codec> {
    Ok(Codec::new(&CodecConfig::default(), false, &VarBuilder::zeros(DType::F32, &Device::Cpu))?)
}

/// `[frames, 2 * bins]` from tonal and noise log amplitudes.
pub(crate) fn spectrum(bins: usize, tonal: impl Fn(usize) -> f32, noise: f32) -> Vec<f32> {
    (0..FRAMES * 2 * bins)
        .map(|i| if i % (2 * bins) < bins { tonal(i / (2 * bins) * bins + i % (2 * bins)) } else { noise })
        .collect()
}

/// Weights that want gradients are computed layer by layer, others in tiles.
#[test]
fn a_decoder_in_tiles_gives_what_its_layers_give() -> Result<()> {
    let config = tiny_model::config().codec;
    let map = VarMap::new();
    let layers = Decoder::new(&config, &VarBuilder::from_varmap(&map, DType::F32, &Device::Cpu))?;
    tiny_model::randomise(&map, 5)?;
    let fixed: HashMap<String, Tensor> = {
        let variables = map.data().lock().expect("no other thread has the variables");
        variables.iter().map(|(name, var)| (name.clone(), var.as_detached_tensor())).collect()
    };
    let tiles = Decoder::new(&config, &VarBuilder::from_tensors(fixed, DType::F32, &Device::Cpu))?;
    // Fewer tokens than a tile and than a kernel reaches, whole tiles, and a rest.
    for tokens in [1, 3, 8, 21] {
        let latent = Noise::new(tokens as u64, Stream::Latent)
            .normal_tensor((2, tokens, config.latent_channels()), &Device::Cpu)?;
        let (layers, tiles) =
            (layers.forward(&latent)?.log_amplitudes, tiles.forward(&latent)?.log_amplitudes);
        assert!(layers.track_op() && !tiles.track_op(), "both went the same way");
        assert_eq!(layers.dims(), tiles.dims());
        let error = (layers - tiles)?.abs()?.max_all()?.to_scalar::<f32>()?;
        assert!(error < 1e-4, "{tokens} tokens: off by {error}");
    }
    Ok(())
}

/// A tiny codec with levels and random weights, and the same without.
fn codecs_with_levels_and_without() -> Result<[Codec; 2]> {
    let without = tiny_model::config().codec;
    let with = CodecConfig { levels: Some(tiny_model::levels()), ..without.clone() };
    let map = VarMap::new();
    Codec::new(&with, false, &VarBuilder::from_varmap(&map, DType::F32, &Device::Cpu))?;
    let tensors = tiny_model::randomise(&map, 11)?;
    let fixed: HashMap<String, Tensor> = tensors.into_iter().map(|(name, t)| (name, t.detach())).collect();
    let build = |config: &CodecConfig| {
        Codec::new(config, false, &VarBuilder::from_tensors(fixed.clone(), DType::F32, &Device::Cpu))
    };
    Ok([build(&with)?, build(&without)?])
}

/// Levels are drawn by the seed; each band of a sound on short frames is as loud as they say, which is not as loud as
/// the spectrum alone says.
#[test]
fn a_codec_with_levels_makes_another_sound_of_the_same_spectrum() -> Result<()> {
    let [with, without] = codecs_with_levels_and_without()?;
    let latent = Noise::new(1, Stream::Latent)
        .normal_tensor((1, 300, with.config().latent_channels()), &Device::Cpu)?;
    let (spectrum, plain) = (with.decode(&latent)?, without.decode(&latent)?);
    assert_eq!(
        spectrum.log_amplitudes.flatten_all()?.to_vec1::<f32>()?,
        plain.log_amplitudes.flatten_all()?.to_vec1::<f32>()?
    );
    assert_eq!(spectrum.features.as_ref().map(Tensor::dims), Some([1, 300, 6].as_slice()));
    assert!(plain.features.is_none());
    let sound = with.render(&spectrum, 1)?;
    assert_eq!(sound, with.render(&spectrum, 1)?);
    assert_ne!(sound, with.render(&spectrum, 2)?);
    assert_ne!(sound, without.render(&plain, 1)?);
    assert!(sound.iter().all(|x| x.is_finite()) && sound.iter().any(|x| *x != 0.0));
    // Without features there is nothing to draw from: a model of before sounds as it did.
    assert_eq!(without.render(&plain, 1)?, with.render(&plain, 1)?);
    Ok(())
}

#[test]
fn levels_are_the_same_on_any_number_of_threads_and_end_when_cancelled() -> Result<()> {
    let [with, _] = codecs_with_levels_and_without()?;
    let latent = Noise::new(2, Stream::Latent)
        .normal_tensor((1, 90, with.config().latent_channels()), &Device::Cpu)?;
    let spectrum = with.decode(&latent)?;
    let made = [1, 3].map(|threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("threads");
        pool.install(|| with.render(&spectrum, 5))
    });
    let [one, three] = made;
    assert_eq!(one?, three?);
    let cancel = CancelToken::default();
    cancel.cancel();
    let error = with.render_until(&spectrum, 5, &cancel).expect_err("cancelled");
    assert_eq!(error.kind(), ErrorKind::Cancelled);
    Ok(())
}

/// The channels of levels stand behind those of the spectrum, which are what they are without; they move the sound and not the
/// spectrum.
#[test]
fn a_latent_says_what_levels_are_behind_the_spectrum() -> Result<()> {
    let levels = LevelsConfig { in_latent: 4, ..tiny_model::levels() };
    let with = CodecConfig { levels: Some(levels), ..tiny_model::config().codec };
    let without = CodecConfig { levels: None, ..with.clone() };
    let map = VarMap::new();
    Codec::new(&with, true, &VarBuilder::from_varmap(&map, DType::F32, &Device::Cpu))?;
    let tensors = tiny_model::randomise(&map, 12)?;
    let mut fixed: HashMap<String, Tensor> =
        tensors.into_iter().map(|(name, t)| (name, t.detach())).collect();
    let codec = Codec::new(&with, true, &VarBuilder::from_tensors(fixed.clone(), DType::F32, &Device::Cpu))?;
    let channels = without.latent_channels();
    for name in ["latent_mean", "latent_std"] {
        let first = fixed[name].narrow(0, 0, channels)?;
        fixed.insert(name.into(), first);
    }
    let plain = Codec::new(&without, true, &VarBuilder::from_tensors(fixed, DType::F32, &Device::Cpu))?;
    let sound = Noise::new(3, Stream::Texture).normals(20 * with.samples_per_token());
    let (latent, first) = (codec.encode(&sound, &Device::Cpu)?, plain.encode(&sound, &Device::Cpu)?);
    assert_eq!(latent.dims(), [1, 20, channels + 4]);
    let all = |x: &Tensor| x.flatten_all()?.to_vec1::<f32>();
    assert_eq!(all(&latent.narrow(2, 0, channels)?)?, all(&first)?);
    let moved = Tensor::cat(&[&first, &(latent.narrow(2, channels, 4)? + 1.0)?], 2)?;
    let (spectrum, other) = (codec.decode(&latent)?, codec.decode(&moved)?);
    assert_eq!(all(&spectrum.log_amplitudes)?, all(&other.log_amplitudes)?);
    assert_ne!(codec.render(&spectrum, 1)?, codec.render(&other, 1)?);
    assert_eq!(codec.render(&spectrum, 1)?, codec.render(&spectrum, 1)?);
    Ok(())
}

#[test]
fn features_that_are_no_numbers_are_an_error() -> Result<()> {
    let [with, _] = codecs_with_levels_and_without()?;
    let latent = Tensor::zeros((1, 9, with.config().latent_channels()), DType::F32, &Device::Cpu)?;
    let mut spectrum = with.decode(&latent)?;
    spectrum.features = spectrum.features.map(|x| x * f64::NAN).transpose()?;
    assert_eq!(with.render(&spectrum, 1).expect_err("NaN").kind(), ErrorKind::Compute);
    Ok(())
}

/// What a spectrum of noise would measure on short frames is what its sound does measure there.
#[test]
fn the_base_of_levels_is_what_a_sound_without_them_measures() -> Result<()> {
    let codec = codec()?;
    let (config, bins) = (codec.config(), codec.config().bins());
    let levels = Levels::new(&LevelsConfig::standard(config.sample_rate_hz), config);
    let spectrum = spectrum(bins, |_| NOTHING, 0.05f32.ln());
    let base = codec.base_levels(&levels, &spectrum, &CancelToken::default())?;
    let measured = levels.grid().measure(&codec.synthesize(&spectrum, 3)?, 4 * FRAMES);
    // Mean power over the middle, of bands wide enough to vary little; the top one reaches half of the sample rate.
    for band in 12..20 {
        let power = |of: &[f32], frames: std::ops::Range<usize>| {
            let n = frames.len() as f64;
            frames.map(|i| (2.0 * f64::from(of[i * 21 + band])).exp()).sum::<f64>() / n
        };
        let off_db = 10.0 * (power(&measured, 20..4 * FRAMES - 20) / power(&base, 5..FRAMES - 5)).log10();
        assert!(off_db.abs() < 0.7, "band {band}: {off_db} dB");
    }
    Ok(())
}

#[test]
fn noise_has_the_amplitude_it_was_asked_for() -> Result<()> {
    let codec = codec()?;
    let bins = codec.config().bins();
    for amplitude in [0.01f32, 0.1] {
        let samples = codec.synthesize(&spectrum(bins, |_| NOTHING, amplitude.ln()), 1)?;
        let log = codec.log_amplitudes(&samples);
        // Away from the ends of the clip and of the spectrum.
        let inner = (8..FRAMES - 8).flat_map(|frame| log[frame * bins + 4..(frame + 1) * bins - 4].iter());
        let (sum, n) = inner.fold((0.0f64, 0.0), |(s, n), x| (s + (2.0 * f64::from(*x)).exp(), n + 1.0));
        let level_db = 10.0 * (sum / n).log10() - 20.0 * f64::from(amplitude).log10();
        assert!(level_db.abs() < 0.5, "{amplitude}: {level_db} dB off");
    }
    Ok(())
}

#[test]
fn a_tone_comes_back_as_the_tone() -> Result<()> {
    let codec = codec()?;
    let (bins, n_fft) = (codec.config().bins(), codec.config().n_fft);
    let step = TAU * 40.3 / n_fft as f32;
    let tone: Vec<f32> =
        (0..FRAMES * codec.config().hop_length).map(|i| 0.5 * (step * i as f32).sin()).collect();
    let log = codec.log_amplitudes(&tone);
    let samples = codec.synthesize(&spectrum(bins, |at| log[at], NOTHING), 1)?;
    assert_eq!(samples.len(), tone.len());
    let again = codec.log_amplitudes(&samples);
    let peak = (FRAMES / 2) * bins + 40;
    let level_db = 8.686 * (again[peak] - log[peak]);
    assert!(level_db.abs() < 0.5, "{level_db} dB off");
    // A pure tone: all of the rest is far below, as it is in the original.
    let far = |log: &[f32]| (peak + 20..peak + 200).map(|i| log[i]).fold(f32::MIN, f32::max) - log[peak];
    assert!(far(&again) < -4.6, "the rest is only {} dB below", -8.686 * far(&again));
    Ok(())
}

#[test]
fn a_tone_below_the_noise_is_noise_of_its_power() -> Result<()> {
    let codec = codec()?;
    let bins = codec.config().bins();
    let make = |tone: f32, noise: f32| codec.synthesize(&spectrum(bins, |_| tone.ln(), noise.ln()), 1);
    let difference = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
    assert!(difference(&make(0.06, 0.1)?, &make(NOTHING.exp(), 0.06f32.hypot(0.1))?) < 1e-5);
    // Nearly as strong it has a phase of its own, and alone all the more.
    for (tone, noise) in [(0.08f32, 0.1), (0.06, NOTHING.exp())] {
        let as_noise = make(NOTHING.exp(), tone.hypot(noise))?;
        assert!(difference(&make(tone, noise)?, &as_noise) > 0.01, "{tone} in {noise}");
    }
    Ok(())
}

#[test]
fn nothing_becomes_silence() -> Result<()> {
    let codec = codec()?;
    let bins = codec.config().bins();
    let samples = codec.synthesize(&spectrum(bins, |_| NOTHING, NOTHING), 1)?;
    assert_eq!(samples, vec![0.0; FRAMES * codec.config().hop_length]);
    let log = codec.log_amplitudes(&[0.0; 4096]);
    assert!(log.iter().all(|x| (x - AMPLITUDE_FLOOR.ln()).abs() < 1e-4));
    Ok(())
}

#[test]
fn seeds_decide_the_texture() -> Result<()> {
    let codec = codec()?;
    let noise = spectrum(codec.config().bins(), |_| -3.0, -3.0);
    assert_eq!(codec.synthesize(&noise, 7)?, codec.synthesize(&noise, 7)?);
    assert_ne!(codec.synthesize(&noise, 7)?, codec.synthesize(&noise, 8)?);
    Ok(())
}

#[test]
fn impossible_spectra_make_an_error_or_a_finite_sound() -> Result<()> {
    let codec = codec()?;
    let mut values = spectrum(codec.config().bins(), |_| f32::INFINITY, f32::INFINITY);
    assert!(codec.synthesize(&values, 1)?.iter().all(|x| x.is_finite()));
    values[1000] = f32::NAN;
    assert_eq!(codec.synthesize(&values, 1).expect_err("NaN").kind(), ErrorKind::Compute);
    Ok(())
}

#[test]
fn signals_take_whole_tokens() -> Result<()> {
    let codec = codec()?;
    let (config, token) = (codec.config(), codec.config().samples_per_token());
    for (samples, tokens) in [(0, 1), (1, 1), (token, 1), (token + 1, 2), (10 * token, 10)] {
        assert_eq!(config.tokens_for(samples), tokens, "{samples} samples");
        assert_eq!(codec.log_amplitudes(&vec![0.1; samples]).len(), tokens * 8 * config.bins());
    }
    Ok(())
}

#[test]
fn latents_are_normalised_by_the_measured_statistics() -> Result<()> {
    let config = tiny_model::config().codec;
    let build = |mean: Tensor, std: Tensor| -> Result<Codec> {
        let mut tensors = tiny_model::tensors(1)?;
        tensors.insert("codec.latent_mean".into(), mean);
        tensors.insert("codec.latent_std".into(), std);
        Ok(Codec::new(&config, true, &part(&mut tensors, "codec.", &Device::Cpu)?)?)
    };
    let clip = Noise::new(1, Stream::Texture).normals(8_000);
    let channels = config.latent_channels();
    let raw = build(
        Tensor::zeros(channels, DType::F32, &Device::Cpu)?,
        Tensor::ones(channels, DType::F32, &Device::Cpu)?,
    )?
    .encode(&clip, &Device::Cpu)?
    .squeeze(0)?;
    let mean = raw.mean(0)?;
    let std = raw.broadcast_sub(&mean)?.sqr()?.mean(0)?.sqrt()?;
    let codec = build(mean.clone(), std.clone())?;
    let latent = codec.encode(&clip, &Device::Cpu)?.squeeze(0)?;
    for (m, v) in latent.mean(0)?.to_vec1::<f32>()?.iter().zip(latent.sqr()?.mean(0)?.to_vec1::<f32>()?) {
        assert!(m.abs() < 1e-3 && (v - 1.0).abs() < 1e-2, "mean {m}, variance {v}");
    }
    // Decoding takes them out again: the network sees what the encoder said.
    let decoded = codec.decode(&latent.unsqueeze(0)?)?.log_amplitudes;
    let direct = codec.decoder().forward(&raw.unsqueeze(0)?)?.log_amplitudes;
    let worst = (decoded - direct)?.abs()?.flatten_all()?.max(0)?.to_scalar::<f32>()?;
    assert!(worst < 1e-3, "{worst}");
    Ok(())
}

#[test]
fn a_long_latent_is_decoded_in_pieces_that_fit_together_exactly() -> Result<()> {
    let config = tiny_model::config();
    let codec =
        Codec::new(&config.codec, false, &part(&mut tiny_model::tensors(5)?, "codec.", &Device::Cpu)?)?;
    let latent = Noise::new(6, Stream::Latent)
        .normal_tensor((1, 500, config.codec.latent_channels()), &Device::Cpu)?;
    let pieces = codec.decode(&latent)?.log_amplitudes;
    // Each part of the whole alone, far from its own ends, says the same.
    for (start, frames) in [(100, 160), (180, 200), (340, 160)] {
        let alone = codec.decode(&latent.narrow(1, start, frames)?.contiguous()?)?.log_amplitudes;
        let margin = codec.decoder().reach();
        let inner = (frames - 2 * margin) * 8;
        let difference =
            (alone.narrow(1, margin * 8, inner)? - pieces.narrow(1, (start + margin) * 8, inner)?)?;
        let worst = difference.abs()?.max_all()?.to_scalar::<f32>()?;
        assert!(worst < 1e-4, "{worst} from token {start}");
    }
    Ok(())
}

/// Buffers of a sound are used again for the next, whatever is in them.
#[test]
fn what_other_sounds_left_in_memory_changes_no_sample() -> Result<()> {
    let config = tiny_model::config();
    let tensors = tiny_model::tensors(5)?;
    let codec = || -> Result<Codec> {
        Ok(Codec::new(&config.codec, false, &part(&mut tensors.clone(), "codec.", &Device::Cpu)?)?)
    };
    let make = |codec: &Codec, tokens: usize| -> Result<Vec<f32>> {
        let latent = Noise::new(tokens as u64, Stream::Latent)
            .normal_tensor((1, tokens, config.codec.latent_channels()), &Device::Cpu)?;
        Ok(codec.render(&codec.decode(&latent)?, 3)?)
    };
    let used = codec()?;
    for tokens in [30, 7, 12, 40, 1] {
        let samples = make(&used, tokens)?;
        assert!(samples.iter().any(|x| *x != 0.0), "{tokens} tokens are silent");
        assert!(samples == make(&codec()?, tokens)?, "{tokens} tokens: not what a new codec makes");
    }
    Ok(())
}
