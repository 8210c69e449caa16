//! Recordings that no model was trained on, beside generated sounds.

use super::{Arguments, yes_or_no};
use crate::evaluate::progress;
use anyhow::{Context, Result, ensure};
use straightshot_evaluation::aisfx::Aisfx;
use straightshot_evaluation::nearest::Recordings;
use straightshot_evaluation::recognition::RightClasses;
use straightshot_evaluation::yamnet::Yamnet;
use straightshot_protocol::Audio;
use straightshot_sound::files;
use straightshot_training::data::{self, Entry, Split};

/// Recordings and what is heard in them.
pub(super) struct Library {
    entries: Vec<Entry>,
    /// YAMNet's posteriors, the maximum over windows.
    peaks: Vec<Vec<f64>>,
    second: Option<Second>,
}

/// Recordings beside one sound.
pub(super) struct Beside {
    /// Cells of its row.
    pub(super) cells: Vec<String>,
    /// Whether the nearest recording is of the prompt's kind; never without a second embedder.
    pub(super) same_kind: bool,
}

/// Recordings as the second embedder hears them.
struct Second {
    embedder: Aisfx,
    windows: Vec<Vec<f32>>,
    recordings: Recordings,
}

impl Library {
    pub(super) fn load(arguments: &Arguments, yamnet: &Yamnet) -> Result<Self> {
        let embedder = arguments.second.as_deref().map(Aisfx::from_file).transpose()?;
        let mut entries = Vec::new();
        for split in [Split::Valid, Split::Test] {
            entries.extend(data::read_manifests(&arguments.data, &arguments.tiers, split)?);
        }
        ensure!(!entries.is_empty(), "no recording of the valid or test split in {:?}", arguments.data);
        let (mut peaks, mut windows) = (Vec::new(), Vec::new());
        for (i, entry) in entries.iter().enumerate() {
            let sound = files::read_mono(&entry.file)?;
            peaks.push(yamnet.hear(&sound.mixed(), sound.sample_rate_hz())?.peaks());
            if let Some(embedder) = &embedder {
                windows.push(embedder.embed(&sound.mixed(), sound.sample_rate_hz())?);
            }
            progress("listening to recordings", i + 1, entries.len());
        }
        let second = embedder.map(|embedder| {
            let recordings = Recordings::new(embedder.embedding(), &windows);
            Second { embedder, windows, recordings }
        });
        Ok(Self { entries, peaks, second })
    }

    /// Headings of the cells that [`Self::beside`] gives.
    pub(super) fn headings(&self) -> Vec<String> {
        let nearest = ["nearest recording", ""].map(str::to_owned);
        let kinds = "recordings of the kind recognised".to_owned();
        std::iter::once(kinds).chain(nearest.into_iter().filter(|_| self.second.is_some())).collect()
    }

    /// How many recordings of the prompt's kind are recognised; the one that is most like `sound` and whether it is of
    /// that kind.
    pub(super) fn beside(&self, prompt: &str, sound: &Audio, right: &RightClasses) -> Result<Beside> {
        let (yes, all) = self.of_kind(prompt, right);
        let (mut cells, mut same_kind) = (vec![format!("{yes} of {all}")], false);
        if let Some(second) = &self.second {
            let windows = second.embedder.embed(&sound.mixed(), sound.sample_rate_hz())?;
            let found = second.recordings.nearest(&windows, |_| true).context("no recording")?;
            let caption = &self.entries[found.index].caption;
            cells.push(format!("{caption} ({:.2})", found.similarity));
            same_kind = right.same_kind(prompt, caption);
            cells.push(yes_or_no(same_kind));
        }
        Ok(Beside { cells, same_kind })
    }

    /// Recordings in which a class that is right for `prompt` is heard, and all of its kind.
    fn of_kind(&self, prompt: &str, right: &RightClasses) -> (usize, usize) {
        let of_kind = self.entries.iter().zip(&self.peaks);
        let of_kind = of_kind.filter(|(entry, _)| right.same_kind(prompt, &entry.caption));
        of_kind.fold((0, 0), |(yes, all), (_, peaks)| {
            (yes + usize::from(right.recognised(peaks, prompt).unwrap_or(false)), all + 1)
        })
    }

    /// The figures of recordings to compare with those of sounds: the mean over the prompts that have recordings, and
    /// how often a recording is nearest to one of its kind when those of its own group are left out.
    pub(super) fn summary(
        &self,
        prompts: &[&str],
        right: &RightClasses,
        alike: usize,
        sounds: usize,
    ) -> String {
        let shares: Vec<f64> = prompts
            .iter()
            .map(|prompt| self.of_kind(prompt, right))
            .filter(|(_, all)| *all > 0)
            .map(|(yes, all)| yes as f64 / all as f64)
            .collect();
        let mut text = format!(
            "recordings of those kinds recognised: {:.0} %, mean over the {} prompts that have any",
            100.0 * shares.iter().sum::<f64>() / shares.len().max(1) as f64,
            shares.len()
        );
        let Some(second) = &self.second else { return text };
        text += &format!("\nnearest recording of the prompt's kind: {alike} of {sounds}");
        let (mut yes, mut all) = (0, 0);
        for (entry, windows) in self.entries.iter().zip(&second.windows) {
            if !prompts.iter().any(|prompt| right.same_kind(prompt, &entry.caption)) {
                continue;
            }
            let other = |index: usize| self.entries[index].source_group != entry.source_group;
            let Some(found) = second.recordings.nearest(windows, other) else { continue };
            all += 1;
            yes += usize::from(right.same_kind(&entry.caption, &self.entries[found.index].caption));
        }
        text +=
            &format!("\nthe same of recordings of those kinds, among those of other groups: {yes} of {all}");
        text
    }
}
