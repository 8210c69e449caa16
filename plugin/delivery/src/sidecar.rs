//! The recipe of a sound as JSON: in the metadata of its file, and beside it if the user wants that.

use crate::name::Name;
use crate::{About, Stamp};
use serde_json::{Value, json};
use straightshot_edits::Loudness;
use straightshot_protocol::{Audio, Request};

/// What made the sound, as it can be read back as a request. A sound that it began from is not in it: that is as large as
/// the file itself.
pub(crate) fn recipe(request: &Request) -> Value {
    let request = Request { source: None, ..request.clone() };
    // A request is plain data; it can always be written.
    serde_json::to_value(request).unwrap_or_default()
}

/// The text of a file beside a sound.
pub(crate) fn text(
    about: &About,
    name: &Name,
    audio: &Audio,
    loudness: &Loudness,
    file: &str,
    stamp: &Stamp,
) -> String {
    let value = json!({
        "file": file,
        "made_by": crate::stamp::PROGRAM,
        "delivered": format!("{}T{}Z", stamp.date, stamp.time),
        "generated_by_a_model": true,
        "recipe": recipe(&about.request),
        "take": about.take,
        "edited": about.edited,
        "notes": about.notes,
        "category": { "id": name.category.id, "category": name.category.category, "subcategory": name.category.subcategory },
        "name": name.fx_name,
        "creator": name.creator,
        "source": name.source,
        "sample_rate_hz": audio.sample_rate_hz(),
        "channels": audio.channel_count(),
        "seconds": audio.seconds(),
        "integrated_lufs": loudness.integrated_lufs,
        "true_peak_dbtp": loudness.true_peak_dbtp,
    });
    let mut text = serde_json::to_string_pretty(&value).unwrap_or_default();
    text.push('\n');
    text
}
