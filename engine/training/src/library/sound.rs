//! Sounds of the folder as training clips.

use super::Item;
use super::report;
use crate::data::{Entry, Split};
use std::path::Path;
use straightshot_protocol::Failure;
use straightshot_sound::read::{self, Read};
use straightshot_sound::resample_channel;

/// Shorter sounds are left out: two tokens of the default model.
const SHORTEST_S: f64 = 0.1;
/// Of longer sounds only the beginning is used; as long as what can be generated.
const LONGEST_S: f64 = 30.0;
/// Sounds whose peak is lower are silent: -60 dB of full scale.
const QUIETEST_PEAK: f32 = 1e-3;
/// Sample rates that are believed, in Hz; the converter needs memory in proportion to it.
const RATES: std::ops::RangeInclusive<u32> = 4_000..=768_000;

/// Why a sound is left out: a reason of the report, and more about it.
pub(super) type Fault = (&'static str, String);

/// Reads mono samples at `sample_rate_hz`; what was changed about them is added to `notes`.
pub(super) fn read(path: &Path, sample_rate_hz: u32, notes: &mut Vec<String>) -> Result<Vec<f32>, Fault> {
    // The sentences of these errors name the whole path, which the line of the report has already.
    let unreadable = |failure: Failure| {
        let cause = if failure.cause.is_empty() { "it holds no sound".into() } else { failure.cause };
        (if cause == read::SILENT { report::SILENT } else { report::UNREADABLE }, cause)
    };
    // A little more than is kept tells whether there is more.
    let read = read::read(path, Read { longest_s: LONGEST_S + 0.1, sounding: true }).map_err(unreadable)?;
    let audio = read.audio;
    notes.extend(read.notes);
    if !RATES.contains(&audio.sample_rate_hz()) {
        return Err((report::UNREADABLE, format!("a sample rate of {} Hz", audio.sample_rate_hz())));
    }
    let mut samples = audio.left().to_vec();
    let rate = f64::from(audio.sample_rate_hz());
    let seconds = samples.len() as f64 / rate;
    if seconds > LONGEST_S {
        samples.truncate((LONGEST_S * rate) as usize);
        notes.push(format!("cut to its first {LONGEST_S} s"));
    }
    if seconds < SHORTEST_S {
        return Err((report::TOO_SHORT, format!("{seconds:.3} s, at least {SHORTEST_S} s are needed")));
    }
    if samples.iter().any(|x| !x.is_finite()) {
        return Err((report::UNREADABLE, "it holds values that are not numbers".into()));
    }
    let peak = samples.iter().fold(0f32, |m, x| m.max(x.abs()));
    if peak < QUIETEST_PEAK {
        return Err((report::SILENT, format!("its peak is {:.0} dB", 20.0 * peak.max(1e-9).log10())));
    }
    if peak > 1.0 {
        samples.iter_mut().for_each(|x| *x /= peak);
        notes.push(format!("{:.1} dB too loud and turned down", 20.0 * peak.log10()));
    }
    resample_channel(&samples, audio.sample_rate_hz(), sample_rate_hz).map_err(unreadable)
}

/// The line of a manifest that an item would have.
pub(super) fn entry(item: &Item) -> Entry {
    Entry {
        id: item.name().to_owned(),
        file: item.sound.path.clone(),
        licence_tier: String::new(),
        source: String::new(),
        ucs_category: item.description.category.clone(),
        caption: item.description.caption.clone(),
        caption2: item.description.caption2.clone(),
        split: Split::Train,
        source_group: String::new(),
    }
}
