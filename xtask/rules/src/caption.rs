//! Captions as people type them: templates whose adjectives come from the parameters of the sound.

use super::rng::Rng;

/// Two paraphrases of one description.
pub(crate) type Captions = [String; 2];

/// Fills two different templates. `{key}` becomes its value, or nothing where the value is empty; an adjective is
/// also left out now and then, because short prompts are common. What a caption says is always true.
pub(crate) fn captions(rng: &mut Rng, templates: &[&str], values: &[(&str, &str)]) -> Captions {
    let first = rng.count(0, templates.len() - 1);
    let second = (first + rng.count(1, templates.len().max(2) - 1)) % templates.len();
    [fill(rng, templates[first], values), fill(rng, templates[second], values)]
}

/// One template with its values.
fn fill(rng: &mut Rng, template: &str, values: &[(&str, &str)]) -> String {
    let mut text = template.to_owned();
    for (key, value) in values {
        let value = if rng.chance(0.15) && !key.ends_with('!') { "" } else { value };
        text = text.replace(&format!("{{{}}}", key.trim_end_matches('!')), value);
    }
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// A word for the lower third of a scale from 0 to 1, one for the upper third, none between.
pub(crate) fn grade(rng: &mut Rng, value: f32, low: &[&'static str], high: &[&'static str]) -> &'static str {
    let (low, high) = (rng.pick(low), rng.pick(high));
    match value {
        v if v < 0.33 => low,
        v if v > 0.67 => high,
        _ => "",
    }
}

/// The word of a size, from 0 (large) to 1 (small).
pub(crate) fn size(rng: &mut Rng, smallness: f32) -> &'static str {
    grade(rng, smallness, &["large", "big", "large"], &["small", "little", "small"])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_middle_value_has_no_word() {
        let mut rng = Rng::new(1, 0);
        assert_eq!(grade(&mut rng, 0.5, &["low"], &["high"]), "");
        assert_eq!(grade(&mut rng, 0.1, &["low"], &["high"]), "low");
        assert_eq!(grade(&mut rng, 0.9, &["low"], &["high"]), "high");
    }

    #[test]
    fn templates_are_filled_and_differ() {
        let mut rng = Rng::new(2, 0);
        let [a, b] = captions(&mut rng, &["{what!} {size} x", "y {what}"], &[("what!", "old"), ("size", "")]);
        assert_ne!(a, b);
        assert!([a, b].contains(&"y old".to_owned()));
    }
}
