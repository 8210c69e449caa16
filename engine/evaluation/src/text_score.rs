//! `text_score_yamnet_minilm`: how well a sound fits its caption.
//!
//! Our own definition, in place of the CLAP score, whose weights no package carries. YAMNet says what is heard, the
//! sentence encoder (all-MiniLM-L6-v2, [Reimers and Gurevych, 2019](https://arxiv.org/abs/1908.10084)) says what
//! the words mean:
//!
//! `score = cos(e(caption), Σₖ pₖ e(nameₖ))`
//!
//! with the mean posterior `pₖ` and the name of class k, and e the encoder's normalised mean over word pieces.
//! Comparable only with itself. It knows 521 classes, so it cannot tell "slow" from "fast" footsteps; and the
//! generator reads captions through the same encoder, though it never sees this score.

use std::collections::HashMap;
use straightshot_engine::error::Result;
use straightshot_engine::text::TextCondition;

/// Embedded captions and class names.
#[derive(Debug)]
pub struct TextScore {
    classes: Vec<Vec<f64>>,
    captions: HashMap<String, Vec<f64>>,
}

/// Texts encoded at a time: bounds the memory.
const BATCH: usize = 64;

impl TextScore {
    /// Encodes the class names and the captions that sounds will be scored against; each caption counts once.
    ///
    /// # Errors
    /// Whatever `encode` fails with.
    pub fn new(
        class_names: &[String],
        captions: &[&str],
        encode: impl Fn(&[&str]) -> Result<TextCondition>,
    ) -> Result<Self> {
        let embed = |texts: &[&str]| -> Result<Vec<Vec<f64>>> {
            let mut out = Vec::new();
            for batch in texts.chunks(BATCH) {
                let rows = encode(batch)?.pooled.to_vec2::<f32>()?;
                out.extend(rows.iter().map(|row| normalised(row.iter().map(|&x| f64::from(x)).collect())));
            }
            Ok(out)
        };
        let names: Vec<&str> = class_names.iter().map(String::as_str).collect();
        let embedded = captions.iter().map(|c| (*c).to_owned()).zip(embed(captions)?);
        Ok(Self { classes: embed(&names)?, captions: embedded.collect() })
    }

    /// Number of different captions: what a guess gets right once in.
    #[must_use]
    pub fn captions(&self) -> usize {
        self.captions.len()
    }

    /// Score of a sound against its caption, and the rank of that caption among all (1 is best; captions that
    /// score the same share the better rank). `None` if the caption was not given to [`TextScore::new`].
    ///
    /// # Shapes
    /// - `posteriors`: `[classes]`
    #[must_use]
    pub fn score(&self, posteriors: &[f64], caption: &str) -> Option<(f64, usize)> {
        let mut heard = vec![0.0; self.classes.first()?.len()];
        for (p, class) in posteriors.iter().zip(&self.classes) {
            heard.iter_mut().zip(class).for_each(|(h, c)| *h += p * c);
        }
        let heard = normalised(heard);
        let cosine = |text: &[f64]| heard.iter().zip(text).map(|(a, b)| a * b).sum::<f64>();
        let own = cosine(self.captions.get(caption)?);
        let better = self.captions.values().filter(|text| cosine(text) > own).count();
        Some((own, better + 1))
    }
}

fn normalised(mut values: Vec<f64>) -> Vec<f64> {
    let length = values.iter().map(|x| x * x).sum::<f64>().sqrt().max(f64::MIN_POSITIVE);
    values.iter_mut().for_each(|x| *x /= length);
    values
}

#[cfg(test)]
mod tests {
    use super::*;
    use candle_core::{Device, Tensor};

    /// Encodes "dog" and "rain" as two axes, everything else in between.
    fn encode(texts: &[&str]) -> Result<TextCondition> {
        let row = |text: &&str| match *text {
            "dog" => [2.0f32, 0.0],
            "rain" => [0.0, 0.5],
            _ => [1.0, 1.0],
        };
        let pooled: Vec<f32> = texts.iter().flat_map(row).collect();
        let pooled = Tensor::from_vec(pooled, (texts.len(), 2), &Device::Cpu)?;
        Ok(TextCondition { tokens: pooled.clone(), mask: pooled.clone(), pooled })
    }

    #[test]
    fn the_caption_of_what_is_heard_ranks_first() {
        let score = TextScore::new(&["dog".into(), "rain".into()], &["dog", "rain", "both"], encode).unwrap();
        let (value, rank) = score.score(&[0.8, 0.6], "dog").unwrap();
        assert!((value - 0.8).abs() < 1e-9, "{value}");
        assert_eq!(rank, 2, "\"both\" is nearer");
        assert_eq!(score.score(&[1.0, 0.0], "dog"), Some((1.0, 1)));
        assert_eq!(score.score(&[1.0, 0.0], "rain"), Some((0.0, 3)));
        assert_eq!(score.score(&[1.0, 0.0], "cat"), None);
    }
}
