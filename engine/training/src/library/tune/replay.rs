//! Everyday prompts whose sounds a model is shown as it makes them, so that it does not forget them.

use crate::batch::Features;
use crate::curves::Measured;
use crate::latents::{Example, FlowData, features};
use crate::library::Base;
use std::collections::HashMap;
use straightshot_engine::error::Result;

/// A prompt per line.
const PROMPTS: &str = include_str!("replay.txt");
/// Tokens of the takes: those of most sounds.
const TOKENS: [usize; 6] = [24, 44, 64, 88, 108, 216];

/// Texts and lengths to make couples for; the latents are only there for their lengths.
pub(super) fn data(base: &Base, like: &FlowData) -> Result<FlowData> {
    let channels = like.channels();
    let prompts = PROMPTS.lines().filter(|line| !line.is_empty());
    let mut texts: HashMap<String, Features> = HashMap::from([(String::new(), like.no_text().clone())]);
    let mut examples = Vec::new();
    for (i, prompt) in prompts.enumerate() {
        texts.insert(prompt.to_owned(), features(&base.text, prompt)?);
        examples.push(Example {
            latent: vec![0.0; TOKENS[i % TOKENS.len()] * channels],
            captions: vec![prompt.to_owned()],
            peaks: Vec::new(),
            weight: 1.0,
            curves: Measured::default(),
        });
    }
    Ok(FlowData::from_parts(examples, texts, vec![0.0; channels])?.with_silence_behind(0.0))
}
