//! The sounds that are measured: recordings of the classes, and what is generated from prompts.

use super::super::Arguments;
use super::Setting;
use anyhow::{Context, Result, ensure};
use straightshot_engine::pipeline::Generator;
use straightshot_evaluation::classes::Trait;
use straightshot_protocol::{Audio, CancelToken, Request};
use straightshot_training::data::{self, Clip, Entry, Split};

/// Longer recordings are cut to this: a few of them would take most of the time.
const MOST_SECONDS: f64 = 6.0;

/// So many times `--per-class` are taken of a class that no network listens to: that costs little, and signals of few
/// recordings vary.
const MORE: usize = 4;

/// A recording of a class.
#[derive(Debug)]
pub(super) struct Recording {
    /// Its number in the list of classes.
    pub(super) class: usize,
    pub(super) clip: Clip,
}

/// At most `--per-class` recordings of each class, of the test split first, then of the valid one and only then of what
/// models are trained on; and how many of them are not of the last.
pub(super) fn recordings(setting: &Setting<'_>) -> Result<(Vec<Recording>, usize)> {
    let (arguments, rate_hz) = (setting.arguments, setting.rate_hz);
    let mut entries = Vec::new();
    for split in [Split::Test, Split::Valid, Split::Train] {
        entries.push(data::read_manifests(&arguments.data, &arguments.tiers, split)?);
    }
    let (mut chosen, mut classes, mut held_out) = (Vec::new(), Vec::new(), 0);
    for (number, class) in setting.classes.iter().enumerate() {
        let more = if class.is(Trait::Everyday) { 1 } else { MORE };
        for entry in choose(&entries, arguments.per_class * more, |entry| class.named_by(&entry.caption)) {
            held_out += usize::from(entry.split != Split::Train);
            chosen.push(entry.clone());
            classes.push(number);
        }
    }
    ensure!(!chosen.is_empty(), "no recording of any class in {:?}", arguments.data);
    let mut clips = data::load(&chosen, rate_hz)?;
    for clip in &mut clips {
        clip.samples.truncate((MOST_SECONDS * f64::from(rate_hz)) as usize);
    }
    let recordings = classes.into_iter().zip(clips).map(|(class, clip)| Recording { class, clip });
    Ok((recordings.collect(), held_out))
}

/// At most `most` of the entries that `named` admits, those of the first list first; evenly within a list, because
/// neighbours in a manifest are of one session.
fn choose(lists: &[Vec<Entry>], most: usize, named: impl Fn(&Entry) -> bool) -> Vec<&Entry> {
    let mut chosen = Vec::new();
    for list in lists {
        let named: Vec<&Entry> = list.iter().filter(|entry| named(entry)).collect();
        let taken = (most - chosen.len()).min(named.len());
        chosen.extend((0..taken).map(|i| named[i * named.len() / taken]));
    }
    chosen
}

/// Makes sounds with one number of steps.
pub(super) struct Maker<'a> {
    pub(super) arguments: &'a Arguments,
    pub(super) generator: &'a Generator,
    pub(super) steps: u32,
}

impl Maker<'_> {
    /// The seed is used as it is: what it gives different prompts is one of the things to measure.
    pub(super) fn request(&self, prompt: &str, seconds: f64, seed: u64) -> Request {
        Request {
            prompt: prompt.to_owned(),
            steps: self.steps,
            guidance: self.arguments.guidance,
            seed,
            seconds,
            ..Request::default()
        }
    }

    pub(super) fn make(&self, prompt: &str, seconds: f64, seed: u64) -> Result<Audio> {
        let request = self.request(prompt, seconds, seed);
        let made = self.generator.generate(&request, &mut |_| (), &CancelToken::default())?;
        made.clips.into_iter().next().context("no clip was made")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(id: &str) -> Entry {
        Entry {
            id: id.into(),
            file: id.into(),
            licence_tier: "A".into(),
            source: String::new(),
            ucs_category: String::new(),
            caption: id.into(),
            caption2: String::new(),
            split: Split::Test,
            source_group: String::new(),
        }
    }

    #[test]
    fn recordings_come_from_the_first_list_as_far_as_it_goes_and_evenly() {
        let list = |ids: &[&str]| ids.iter().map(|id| entry(id)).collect::<Vec<_>>();
        let lists = [list(&["dog 1", "cat 1"]), list(&["dog 2", "dog 3", "dog 4", "dog 5", "cat 2"])];
        let chosen = |most| {
            let entries = choose(&lists, most, |entry| entry.caption.starts_with("dog"));
            entries.iter().map(|entry| entry.id.clone()).collect::<Vec<_>>()
        };
        assert_eq!(chosen(1), ["dog 1"]);
        assert_eq!(chosen(3), ["dog 1", "dog 2", "dog 4"]);
        assert_eq!(chosen(99).len(), 5);
        assert!(chosen(0).is_empty());
    }
}
