//! The model that is part of the binary: what a user hears first.

use anyhow::Result;
use std::f32::consts::FRAC_1_SQRT_2;
use std::time::{Duration, Instant};
use straightshot_engine::ErrorKind;
use straightshot_engine::model::ModelFiles;
use straightshot_engine::pipeline::{Event, Generator};
use straightshot_protocol::{CancelToken, Request};

const PROMPTS: [&str; 3] =
    ["glass bottle smashing on a stone floor", "heavy rain on a tin roof", "slow footsteps on gravel"];

/// Root mean square over the whole clip.
pub(crate) fn level(samples: &[f32]) -> f32 {
    (samples.iter().map(|x| x * x).sum::<f32>() / samples.len() as f32).sqrt()
}

#[test]
fn loading_ends_when_it_is_cancelled() -> Result<()> {
    let files = ModelFiles::builtin();
    let load = |after: Duration| {
        let cancel = CancelToken::default();
        std::thread::scope(|scope| {
            let loading = scope.spawn(|| Generator::load(&files, files.hash(), &cancel).map(|_| ()));
            std::thread::sleep(after);
            cancel.cancel();
            let begun = Instant::now();
            (loading.join().expect("no panic"), begun.elapsed())
        })
    };
    for after_ms in [0, 20, 40, 80, 120, 160] {
        let (loaded, took) = load(Duration::from_millis(after_ms));
        // A fast machine may have been done.
        if let Err(error) = loaded {
            assert_eq!(error.kind(), ErrorKind::Cancelled, "{}", error.detail());
        }
        println!("cancelled after {after_ms} ms: {took:?}");
        assert!(took < Duration::from_millis(500), "{took:?} after {after_ms} ms");
    }
    let (loaded, _) = load(Duration::ZERO);
    assert!(loaded.is_err(), "nothing is loaded in no time");
    Ok(())
}

#[test]
fn the_built_in_model_makes_different_sounds_of_different_prompts() -> Result<()> {
    let generator = Generator::builtin()?;
    let seconds = 1.234;
    let samples = (seconds * f64::from(generator.sample_rate_hz())).round() as usize;
    for steps in [1, 4] {
        let mut clips: Vec<Vec<f32>> = Vec::new();
        for prompt in PROMPTS {
            let request = Request { prompt: prompt.into(), steps, seconds, ..Default::default() };
            let made = generator.generate(&request, &mut |_| (), &CancelToken::default())?;
            let clip = made.clips.into_iter().next().expect("one variation").left().to_vec();
            assert_eq!(clip.len(), samples, "{prompt}, {steps} steps");
            assert!(clip.iter().all(|x| x.is_finite()), "{prompt}, {steps} steps");
            let peak = clip.iter().fold(0f32, |m, x| m.max(x.abs()));
            assert!(peak > 0.05 && peak < 1.0, "{prompt}, {steps} steps: peak {peak}");
            assert!(level(&clip) > 1e-3, "{prompt}, {steps} steps: level {}", level(&clip));
            for other in &clips {
                let (a, b) = (level(&clip), level(other));
                let alike =
                    clip.iter().zip(other).map(|(x, y)| x * y).sum::<f32>() / (a * b * samples as f32);
                assert!(
                    alike.abs() < FRAC_1_SQRT_2,
                    "{prompt}, {steps} steps: correlation {alike} with another prompt"
                );
            }
            clips.push(clip);
        }
    }
    Ok(())
}

/// The sounds of `seeds`, made together.
fn together(generator: &Generator, request: &Request, seeds: &[u64]) -> Result<Vec<Vec<u32>>> {
    let mut clips = Vec::new();
    let mut tell = |event| {
        if let Event::Made(made) = event {
            assert_eq!(made.index, clips.len(), "in their order");
            clips.push(made.audio.left().iter().map(|x| x.to_bits()).collect());
        }
    };
    generator.generate_each(request, seeds, &mut tell, &CancelToken::default())?;
    Ok(clips)
}

#[test]
fn variations_are_bit_by_bit_what_each_is_alone() -> Result<()> {
    let generator = Generator::builtin()?;
    let request = |prompt: &str, seconds, steps, guidance| Request {
        prompt: prompt.into(),
        negative_prompt: "voices and music".into(),
        seconds,
        steps,
        guidance,
        ..Request::default()
    };
    let mut several = 0;
    // Both networks, with and without guidance, and more than one window.
    for request in [
        request(PROMPTS[0], 0.4, 1, 3.0),
        request(PROMPTS[0], 0.7, 3, 3.0),
        request(PROMPTS[1], 2.0, 1, 6.0),
        request(PROMPTS[2], 2.0, 2, 4.5),
        request(PROMPTS[1], 10.5, 1, 3.0),
    ] {
        let most = generator.together(&request);
        several += usize::from(most > 1);
        for count in [most, most.div_ceil(2)] {
            let seeds: Vec<u64> = [7, 3, u64::MAX, 0].into_iter().chain(20..).take(count).collect();
            let made = together(&generator, &request, &seeds)?;
            assert_eq!(made.len(), count);
            for (clip, seed) in made.iter().zip(&seeds) {
                let alone = together(&generator, &request, &[*seed])?;
                assert!(*clip == alone[0], "seed {seed} of {count}, {request:?}");
            }
        }
    }
    assert!(several > 2, "the default model is one whose sounds are made together");
    Ok(())
}
