//! What the window says of the default model and of levels is what they do.

use anyhow::{Context, Result};
use std::sync::LazyLock;
use straightshot_engine::pipeline::Generator;
use straightshot_listening::{LevelChoice, loudest_lufs};
use straightshot_protocol::{Audio, CancelToken, Level, Request};

static GENERATOR: LazyLock<Generator> = LazyLock::new(|| Generator::builtin().expect("the default model"));

fn sound(request: &Request) -> Result<Audio> {
    let made = GENERATOR.generate(request, &mut |_| (), &CancelToken::default())?;
    made.clips.into_iter().next().context("one sound was asked for")
}

fn peak_dbfs(audio: &Audio) -> f32 {
    20.0 * audio.left().iter().fold(0f32, |peak, x| peak.max(x.abs())).log10()
}

#[test]
fn the_negative_prompt_has_an_effect_exactly_where_the_card_says_so() -> Result<()> {
    let card = GENERATOR.card();
    for steps in [1, 4] {
        for guidance in [1.0, 2.0, 3.0, 4.0, 6.0] {
            let request =
                Request { prompt: "heavy rain".into(), steps, guidance, seconds: 0.5, ..Request::default() };
            let avoiding = Request { negative_prompt: "thunder, music".into(), ..request.clone() };
            let changes = sound(&request)? != sound(&avoiding)?;
            assert_eq!(changes, card.heeds_negative_prompt(&avoiding), "{steps} steps, guidance {guidance}");
        }
    }
    Ok(())
}

#[test]
fn guidance_has_an_effect_exactly_where_the_card_says_so() -> Result<()> {
    let guidance = GENERATOR.card().guidance.context("the default model has guidance")?;
    for steps in [1, 4] {
        let of = |scale| {
            sound(&Request {
                prompt: "heavy rain".into(),
                steps,
                guidance: scale,
                seconds: 0.5,
                ..Request::default()
            })
        };
        let least = of(0.0)?;
        for scale in [1.0, 2.0, 3.0, 3.5, 5.0] {
            assert_eq!(
                of(scale)? != least,
                guidance.has_effect(scale, steps),
                "{steps} steps, guidance {scale}"
            );
        }
    }
    Ok(())
}

#[test]
fn of_two_prompts_the_quieter_one_makes_the_quieter_sound_and_none_is_clipped() -> Result<()> {
    let by_text = |prompt: &str, seed| {
        let level = LevelChoice::ByText.level(prompt);
        sound(&Request { prompt: prompt.into(), seed, steps: 1, seconds: 2.0, level, ..Request::default() })
    };
    for (quiet, loud) in [
        ("gentle wind", "violent wind"),
        ("distant thunder", "thunder"),
        ("soft footsteps on wood", "heavy footsteps on wood"),
        ("light rain on a window", "torrential rain on a window"),
        ("paper rustling", "door slam"),
        ("clock ticking", "explosion"),
    ] {
        for seed in 1..=3 {
            let (a, b) = (by_text(quiet, seed)?, by_text(loud, seed)?);
            let (lufs_a, lufs_b) = (loudest_lufs(&a), loudest_lufs(&b));
            assert!(lufs_a + 2.0 < lufs_b, "{quiet} {lufs_a}, {loud} {lufs_b}, seed {seed}");
            assert!(peak_dbfs(&a).max(peak_dbfs(&b)) <= -0.99, "{quiet} or {loud}, seed {seed}");
        }
    }
    Ok(())
}

#[test]
fn the_level_changes_nothing_but_the_level_and_is_the_same_again() -> Result<()> {
    let request =
        Request { prompt: "glass bottle smashing".into(), steps: 1, seconds: 1.0, ..Request::default() };
    let full = sound(&request)?;
    assert!((peak_dbfs(&full) + 1.0).abs() < 0.02, "as every sound was before levels could be chosen");
    for level in [Level::Peak { dbfs: -12.0 }, Level::Loudness { lufs: -30.0 }] {
        let request = Request { level, ..request.clone() };
        let quieter = sound(&request)?;
        assert_eq!(quieter, sound(&request)?, "{level:?}");
        let gain = quieter.left()[1000] / full.left()[1000];
        let differ = full.left().iter().zip(quieter.left()).any(|(x, y)| (gain * x - y).abs() > 1e-5);
        assert!(!differ, "{level:?} is one gain");
        match level {
            Level::Peak { dbfs } => assert!((peak_dbfs(&quieter) - dbfs).abs() < 0.01),
            Level::Loudness { lufs } => assert!((loudest_lufs(&quieter) - lufs).abs() < 0.1),
            Level::Full => {}
        }
    }
    Ok(())
}

#[test]
fn a_request_of_before_asks_for_the_level_of_before() -> Result<()> {
    let old = r#"{"prompt":"rain","negative_prompt":"","steps":4,"guidance":3.0,"seed":1,"seconds":2.0}"#;
    let request: Request = serde_json::from_str(old)?;
    assert_eq!(request.level, Level::Full);
    assert!(!serde_json::to_string(&request)?.contains("level"), "and is written as before");
    let level = Level::Loudness { lufs: -23.5 };
    let text = serde_json::to_string(&Request { level, ..request })?;
    assert_eq!(serde_json::from_str::<Request>(&text)?.level, level);
    Ok(())
}
