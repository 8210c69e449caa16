//! What a model can do, read off its sizes.

use crate::config::{ModelConfig, Sampler};
use crate::flow::windows::WINDOW;
use crate::limits::{
    MAX_GUIDANCE_SCALE, MAX_PROMPT_CHARS, MAX_SECONDS, MAX_STEPS, MAX_VARIATIONS, MIN_SECONDS,
};
use crate::text::tokenizer::FRAME_PIECES;
use straightshot_protocol::{Abilities, Card, Cost, Guidance, MadeFor, ModelId, Request};

/// Numbers of steps that are offered. Up to 8 each doubles the one before, so that the next draft is never more than about
/// as far away as the time waited so far; 24 is the most that the model card has figures of.
const LADDER: [u32; 5] = [1, 2, 4, 8, 24];

/// The least number of steps that a fresh instance begins with: the drafts on the way are worth hearing.
const USUAL_STEPS: u32 = 4;

/// The number of steps that a fresh instance begins with: the least that the network for several steps makes, which is what
/// the model can do best in short time.
fn usual_steps(few_steps: u32) -> u32 {
    let more = |steps: &&u32| **steps >= USUAL_STEPS && **steps > few_steps;
    LADDER.iter().find(more).copied().unwrap_or(USUAL_STEPS)
}

/// The card of the model `id` with the sizes of `config`.
#[must_use]
pub fn card(config: &ModelConfig, id: ModelId) -> Card {
    let codec = &config.codec;
    let tokens_per_second = codec.sample_rate_hz as f32 / codec.samples_per_token() as f32;
    let learnt = config.learnt_guidance;
    Card {
        id,
        sample_rate_hz: codec.sample_rate_hz,
        channels: 2,
        seconds: MIN_SECONDS..=MAX_SECONDS,
        prompt_chars: MAX_PROMPT_CHARS,
        prompt_pieces: config.text.max_tokens.saturating_sub(FRAME_PIECES),
        most_steps: MAX_STEPS,
        ladder: LADDER.to_vec(),
        usual_steps: usual_steps(config.few_steps),
        made_for: Some(made_for(config.sampler, f64::from(tokens_per_second))),
        most_variations: MAX_VARIATIONS,
        guidance: Some(Guidance {
            most: MAX_GUIDANCE_SCALE,
            // One that has learnt none is guided as requests are unless they say otherwise.
            usual: if learnt.flow.max(learnt.one_step) > 1.0 {
                learnt.flow.max(learnt.one_step)
            } else {
                Request::default().guidance
            },
            few_steps: config.few_steps,
            learnt_few: learnt.one_step,
            learnt: learnt.flow,
        }),
        abilities: Abilities {
            negative_prompt: true,
            timing: config.plans_timing,
            start_from_audio: false,
            keep_ranges: false,
        },
        // What `straightshot bench --threads 1` printed for the default model: a step took 4.0 ms for 2 s and 18.7 ms for
        // 10 s, decoding 16 and 83 ms. Other sizes cost other times; what counts is their ratio.
        cost: Cost {
            text: 2.5,
            step: 0.4,
            step_per_second: 0.085 * tokens_per_second,
            decode_per_second: 0.39 * tokens_per_second,
            // `bench --width 0.7`: 1.22 to 1.33 times as long as without.
            side_per_second: 0.13 * tokens_per_second,
        },
    }
}

/// What models of this kind are trained and measured for: training shows them [`WINDOW`] tokens at most, of shorter sounds
/// all that is there.
///
/// Models have a network for few steps or a straight flow; those of diffusion go a curved way and are blurred with few
/// (`MODEL_CARD.md` of the default model, "ldm").
fn made_for(sampler: Sampler, tokens_per_second: f64) -> MadeFor {
    let most = LADDER[LADDER.len() - 1];
    let steps = match sampler {
        Sampler::Euler | Sampler::Multistep | Sampler::Consistency => 1..=most,
        Sampler::Ddim => most..=MAX_STEPS,
    };
    MadeFor { steps, seconds: MIN_SECONDS..=WINDOW as f64 / tokens_per_second }
}

#[cfg(test)]
mod tests {
    use super::*;
    use straightshot_protocol::{Unheeded, unheeded};

    #[test]
    fn a_fresh_instance_begins_with_the_network_for_several_steps() {
        assert_eq!([1, 2, 4, 8, 99].map(usual_steps), [4, 4, 8, 24, 4]);
    }

    #[test]
    fn a_step_count_that_another_sampler_is_made_for_may_be_too_few_for_diffusion() {
        let told = |sampler, steps| {
            let builtin = ModelConfig::from_json(&crate::model::ModelFiles::builtin().config).unwrap();
            let config = ModelConfig { sampler, ..builtin };
            let card = card(&config, ModelId::default());
            let guidance = card.guidance.unwrap().usual;
            let request =
                Request { prompt: "rain".into(), steps, guidance, seconds: 10.0, ..Request::default() };
            unheeded(&request, &card, None)
        };
        assert_eq!(
            [told(Sampler::Euler, 1), told(Sampler::Euler, 24), told(Sampler::Ddim, 100)],
            [const { vec![] }; 3]
        );
        assert_eq!(told(Sampler::Ddim, 4), [Unheeded::FewSteps { asked: 4, least: 24 }]);
        assert_eq!(told(Sampler::Euler, 25), [Unheeded::ManySteps { asked: 25, most: 24 }]);
    }
}
