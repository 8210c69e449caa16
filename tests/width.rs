//! Sounds of two channels: their noise is apart as far as was asked for, everything else is in the middle, and together they are the
//! sound of one channel.

use crate::builtin::level;
use crate::tiny_model;
use anyhow::Result;
use candle_core::Tensor;
use std::sync::LazyLock;
use straightshot_engine::ErrorKind;
use straightshot_engine::codec::{MidSide, Spectrum};
use straightshot_engine::model::ModelFiles;
use straightshot_engine::pipeline::{Event, Generator};
use straightshot_listening::loudest_lufs;
use straightshot_protocol::{Audio, CancelToken, Curve, Level, Request, Timing};

static GENERATOR: LazyLock<Generator> =
    LazyLock::new(|| Generator::with_threads(&ModelFiles::builtin(), 2).expect("the default model"));

/// What one channel is held to, -1 dBFS.
const PEAK: f32 = 0.891;

fn request(prompt: &str, width: f32) -> Request {
    Request {
        prompt: prompt.into(),
        timing: Timing::Free,
        steps: 1,
        seconds: 3.0,
        seed: 3,
        width,
        ..Request::default()
    }
}

fn sound(request: &Request) -> Result<Audio> {
    let made = GENERATOR.generate(request, &mut |_| (), &CancelToken::default())?;
    Ok(made.clips[0].clone())
}

/// Correlation of two channels.
fn correlation(left: &[f32], right: &[f32]) -> f32 {
    let product = left.iter().zip(right).map(|(l, r)| l * r).sum::<f32>() / left.len() as f32;
    product / (level(left) * level(right))
}

/// How far the mean of the channels is from `mono` with one gain, dB.
fn apart_db(stereo: &Audio, mono: &[f32]) -> f32 {
    let mixed = stereo.mixed();
    let gain =
        mixed.iter().zip(mono).map(|(a, b)| a * b).sum::<f32>() / mono.iter().map(|b| b * b).sum::<f32>();
    let rest: Vec<f32> = mixed.iter().zip(mono).map(|(a, b)| a - gain * b).collect();
    20.0 * (level(&rest) / level(&mixed)).log10()
}

#[test]
fn textures_are_wide_and_tones_and_attacks_are_in_the_middle() -> Result<()> {
    let of = |prompt| -> Result<f32> {
        let made = sound(&request(prompt, 1.0))?;
        Ok(correlation(made.left(), made.right().expect("two channels")))
    };
    for prompt in ["heavy rain on a roof", "strong wind in trees", "ocean waves on a beach"] {
        // What of a sound is made as tones is in the middle, which is more with one seed than with another.
        let of_seed = |seed| -> Result<f32> {
            let made = sound(&Request { seed, ..request(prompt, 1.0) })?;
            Ok(correlation(made.left(), made.right().expect("two channels")))
        };
        let measured = (1..=5).map(of_seed).sum::<Result<f32>>()? / 5.0;
        println!("{measured:.3} {prompt}");
        assert!(measured < 0.25, "{prompt}: {measured}");
    }
    // Its partials are in the middle; between them is the noise of a recording.
    let bell = of("church bell rings")?;
    println!("{bell:.3} bell");
    assert!(bell > 0.6, "{bell}");
    let knock = sound(&request("a knock on a wooden door", 1.0))?;
    let loudest =
        (0..knock.frames()).max_by(|a, b| knock.left()[*a].abs().total_cmp(&knock.left()[*b].abs()));
    let first = loudest.unwrap_or_default().saturating_sub(220);
    let attack = |channel: &[f32]| channel[first..first + 660].to_vec();
    let attack = correlation(&attack(knock.left()), &attack(knock.right().expect("two channels")));
    println!("{attack:.3} knock");
    assert!(attack > 0.9, "{attack}");
    Ok(())
}

#[test]
fn both_channels_together_are_the_sound_of_one() -> Result<()> {
    let curve = Curve::of((0..300).map(|i| -20.0 + 0.06 * i as f32));
    for curve in [None, curve] {
        let mono = sound(&Request { curve: curve.clone(), ..request("heavy rain on a roof", 0.0) })?;
        assert_eq!(mono.channel_count(), 1);
        for width in [0.3, 1.0] {
            let stereo = sound(&Request { curve: curve.clone(), ..request("heavy rain on a roof", width) })?;
            let apart = apart_db(&stereo, mono.left());
            assert!(apart < -100.0, "{apart} dB at a width of {width}");
            let peak = stereo.channels().flatten().fold(0f32, |most, x| most.max(x.abs()));
            assert!((peak - PEAK).abs() < 1e-5, "{peak}");
        }
    }
    Ok(())
}

#[test]
fn the_level_asked_for_is_that_of_both_channels() -> Result<()> {
    let level = Level::Loudness { lufs: -30.0 };
    let made = sound(&Request { level, ..request("heavy rain on a roof", 0.7) })?;
    let lufs = loudest_lufs(&made);
    assert!((lufs + 30.0).abs() < 0.05, "{lufs}");
    Ok(())
}

#[test]
fn sounds_of_events_have_one_channel() -> Result<()> {
    let knocks = |width| Request { timing: Timing::Text, ..request("three knocks on a wooden door", width) };
    let made = sound(&knocks(1.0))?;
    assert_eq!(made.channel_count(), 1);
    assert_eq!(made, sound(&knocks(0.0))?);
    Ok(())
}

#[test]
fn the_number_of_threads_and_others_made_together_change_nothing() -> Result<()> {
    let tiny = tiny_model::files(1)?;
    let asked = Request { prompt: "rain".into(), seconds: 0.5, width: 0.7, ..Request::default() };
    let made = [1, 2, 3].map(|threads| -> Result<Audio> {
        let generator = Generator::with_threads(&tiny, threads)?;
        Ok(generator.generate(&asked, &mut |_| (), &CancelToken::default())?.clips[0].clone())
    });
    let [one, two, three] = made;
    let one = one?;
    assert_eq!(one.channel_count(), 2);
    assert_eq!((&one, &one), (&two?, &three?));

    let asked = Request { seconds: 1.0, ..request("heavy rain on a roof", 0.7) };
    let mut together = Vec::new();
    let mut tell = |event| {
        if let Event::Made(made) = event {
            together.push(made.audio);
        }
    };
    let seeds: Vec<u64> = (5..5 + GENERATOR.together(&asked).clamp(1, 3) as u64).collect();
    GENERATOR.generate_each(&asked, &seeds, &mut tell, &CancelToken::default())?;
    assert_eq!(together.len(), seeds.len());
    for (seed, together) in seeds.into_iter().zip(together) {
        assert_eq!(sound(&Request { seed, ..asked.clone() })?, together, "seed {seed}");
    }
    Ok(())
}

/// Power of the side of a spectrum with this log amplitude of all tones and of all noise, that of the mid, and their correlation.
fn side(tone: f32, noise: f32) -> Result<(f32, f32, f32)> {
    let codec = crate::codec::codec()?;
    let values = crate::codec::spectrum(codec.config().bins(), |_| tone, noise);
    let frames = values.len() / (2 * codec.config().bins());
    let log_amplitudes =
        Tensor::from_vec(values, (1, frames, 2 * codec.config().bins()), &candle_core::Device::Cpu)?;
    let spectrum = Spectrum { log_amplitudes, features: None, levels: None };
    let cancel = CancelToken::default();
    let MidSide { mid, side } = codec.render_parts(&spectrum, (7, true), &cancel)?;
    assert_eq!(mid, codec.render(&spectrum, 7)?, "the mid is what it is without a side");
    assert_eq!(codec.render_parts(&spectrum, (7, false), &cancel)?, MidSide::mono(mid.clone()));
    let side = side.expect("it was asked for");
    let power = |x: &[f32]| level(x) * level(x);
    Ok((power(&side), power(&mid), correlation(&mid, &side)))
}

#[test]
fn the_side_is_noise_of_the_power_of_the_noise_and_has_nothing_of_the_tones() -> Result<()> {
    let (side_power, mid, common) = side(-20.0, -3.0)?;
    let apart_db = 10.0 * (side_power / mid).log10();
    assert!(apart_db.abs() < 0.5 && common.abs() < 0.05, "{apart_db} dB, {common}");
    let (of_both, ..) = side(-2.0, -3.0)?;
    assert!((10.0 * (of_both / side_power).log10()).abs() < 1e-3, "the tones add nothing");
    let (of_tones, mid, _) = side(-2.0, -20.0)?;
    assert!(of_tones < 1e-8 * mid, "{of_tones} of {mid}");
    Ok(())
}

#[test]
fn a_side_ends_when_it_is_cancelled() -> Result<()> {
    let cancel = CancelToken::default();
    cancel.cancel();
    let error = GENERATOR.generate(&request("rain", 1.0), &mut |_| (), &cancel).expect_err("cancelled");
    assert_eq!(error.kind(), ErrorKind::Cancelled);
    Ok(())
}

#[test]
fn a_width_is_part_of_the_recipe() -> Result<()> {
    let with = request("rain on a tent", 0.7);
    let without = Request { width: 0.0, ..with.clone() };
    assert!(!with.same_but_steps(&without));
    let text = serde_json::to_string(&with)?;
    assert_eq!(serde_json::from_str::<Request>(&text)?, with);
    assert!(!serde_json::to_string(&without)?.contains("width"), "what has none is written as before");
    Ok(())
}
