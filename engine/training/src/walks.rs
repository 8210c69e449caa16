//! Composition: walks from recordings of single steps.
//!
//! Collections hold steps one by one, for games to trigger; a prompt asks for "footsteps".

use super::data::Clip;
use std::collections::BTreeMap;
use straightshot_engine::rng::{Noise, Stream};

/// Category of the recordings used.
const CATEGORY: &str = "FOOTSTEPS";
/// A longer recording has several steps already, in seconds.
const LONGEST_STEP_S: f64 = 0.7;
/// Steps of a walk.
const STEPS: (usize, usize) = (2, 7);
/// Seconds between steps.
const PACE_S: (f64, f64) = (0.3, 0.8);

/// One walk per recorded step in `clips`, each made of recordings that share their caption.
#[must_use]
pub fn walks(clips: &[Clip], sample_rate_hz: u32, seed: u64) -> Vec<Clip> {
    let rate = f64::from(sample_rate_hz);
    let single = |clip: &&Clip| {
        clip.entry.ucs_category == CATEGORY && (clip.samples.len() as f64) < LONGEST_STEP_S * rate
    };
    let mut by_caption: BTreeMap<&str, Vec<&Clip>> = BTreeMap::new();
    for clip in clips.iter().filter(single) {
        by_caption.entry(&clip.entry.caption).or_default().push(clip);
    }
    let mut random = Noise::new(seed, Stream::Training);
    let mut out = Vec::new();
    for steps in by_caption.values() {
        for first in steps {
            let mut entry = first.entry.clone();
            entry.id = format!("{}-walk", entry.id);
            entry.caption = plural(&entry.caption);
            entry.caption2 = plural(&entry.caption2);
            out.push(Clip { entry, samples: walk(first, steps, rate, &mut random) });
        }
    }
    out
}

fn walk(first: &Clip, steps: &[&Clip], rate: f64, random: &mut Noise) -> Vec<f32> {
    let count = STEPS.0 + random.below(STEPS.1 - STEPS.0 + 1);
    let pace = PACE_S.0 + (PACE_S.1 - PACE_S.0) * random.uniform();
    let mut out: Vec<f32> = Vec::new();
    for i in 0..count {
        let step = if i == 0 { first } else { steps[random.below(steps.len())] };
        // Nobody walks like a clock: 4 % of the pace, 3 dB.
        let at = ((i as f64 * pace + 0.04 * pace * f64::from(random.normal())).max(0.0) * rate) as usize;
        let gain = 10f32.powf(-0.15 * random.uniform() as f32);
        out.resize(out.len().max(at + step.samples.len()), 0.0);
        out[at..].iter_mut().zip(&step.samples).for_each(|(out, x)| *out += gain * x);
    }
    let peak = out.iter().fold(1.0f32, |m, x| m.max(x.abs()));
    out.iter_mut().for_each(|x| *x /= peak);
    out
}

/// Says of several steps what the caption says of one.
fn plural(caption: &str) -> String {
    if caption.is_empty() || caption.contains("footsteps") || caption.contains("walking") {
        return caption.to_owned();
    }
    let caption = caption.strip_prefix("single ").unwrap_or(caption);
    if caption.contains("footstep") {
        caption.replacen("footstep", "footsteps", 1)
    } else {
        caption.replacen("step", "footsteps", 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::{Entry, Split};

    fn clip(category: &str, caption: &str, samples: usize) -> Clip {
        let entry = Entry {
            id: "a".into(),
            file: "a.wav".into(),
            licence_tier: "A".into(),
            source: String::new(),
            ucs_category: category.into(),
            caption: caption.into(),
            caption2: String::new(),
            split: Split::Train,
            source_group: String::new(),
        };
        Clip { entry, samples: vec![0.8; samples] }
    }

    #[test]
    fn single_steps_become_walks_and_nothing_else_does() {
        let clips = [
            clip("FOOTSTEPS", "single footstep on gravel", 2_000),
            clip("FOOTSTEPS", "walking", 80_000),
            clip("DOORS", "door closes", 2_000),
        ];
        let walks = walks(&clips, 44_100, 1);
        assert_eq!(walks.len(), 1);
        assert_eq!(walks[0].entry.caption, "footsteps on gravel");
        let shortest = (PACE_S.0 * 0.8 * 44_100.0) as usize;
        assert!(walks[0].samples.len() > shortest, "{} samples", walks[0].samples.len());
        assert!(walks[0].samples.iter().all(|x| x.abs() <= 1.0));
    }

    #[test]
    fn captions_become_plural() {
        for (one, many) in [
            ("footstep on sand", "footsteps on sand"),
            ("soft step", "soft footsteps"),
            ("walking in snow", "walking in snow"),
            ("footsteps in water", "footsteps in water"),
            ("", ""),
        ] {
            assert_eq!(plural(one), many);
        }
    }
}
