//! The persisted form of a session: JSON with a version.
//!
//! ```json
//! {"version":3,"prompt":"…","negative_prompt":"","seed_locked":false,"model_dir":null,"active_take":2,
//!  "takes":[{"id":1,"name":"…","request":{…},"sound":{"hash":"…","sample_rate_hz":44100,"channels":1,"frames":88200,"bytes":99000}},
//!           {"id":2,"name":"…","starred":true,"request":{…},"sound":{…,"flac":"…"}}],
//!  "pending":null,"check":"…"}
//! ```
//! - `sound` says which sound it is; `hash` is the SHA-256 of its FLAC bytes. `flac` is those bytes in base64, where the
//!   project holds the sound itself, see [`Embed`]; otherwise the takes folder has them.
//! - `check` is a checksum of everything but the sounds' texts.
//! - `"draft_first":false`, `"embed":…`, `"starred":true`, `"bin":[…]` (takes like those above) and `"pending_take":1` are
//!   there when they are not the usual case.
//! - `"edit":{…}` ([`Edit`]), `"rejected":true`, `"notes":"…"` and `"unread":true` are there where a take has them; no version
//!   before 3 does.
//! - `"model":{"hash":"…","name":"…","folder":{"path":"…"}}` is there once it is known which model the folder holds, see
//!   [`ModelChoice`].
//! - A take of document version 1 has `sample_rate_hz`, `model` and `audio` (base64 of deflated little-endian `f32`)
//!   in place of `sound`. It is read, and written back so until the [`Keeper`](super::Keeper) has turned it into FLAC.
//!
//! Of a take's versions the shown one is saved. Reading never fails. Fields this version does not know are kept and
//! written back; a document of a newer version keeps its version number.

use super::check;
use super::kept::{Facts, Kept};
use super::{Embed, ModelChoice, Session, Take, TakeId};
use serde::ser::{Error as _, Serialize, Serializer};
use serde_json::value::RawValue;
use serde_json::{Map, Value};
use std::borrow::Cow;
use std::collections::HashSet;
use std::path::Path;
use straightshot_edits::Edit;
use straightshot_protocol::{ContentHash, Request};

/// Version of the document this code writes.
pub const VERSION: u32 = 3;

/// Borrowed view of a session in the order of the document.
#[derive(serde::Serialize)]
struct DocumentRef<'a> {
    version: u32,
    prompt: &'a str,
    negative_prompt: &'a str,
    seed_locked: bool,
    #[serde(skip_serializing_if = "is_set")]
    draft_first: bool,
    /// What versions before ids know of [`ModelChoice`]; a path that is no text is not quite right here.
    model_dir: Option<Cow<'a, str>>,
    #[serde(skip_serializing_if = "is_default")]
    embed: Embed,
    active_take: Option<TakeId>,
    takes: Vec<TakeRef<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    bin: Vec<TakeRef<'a>>,
    pending: Option<&'a Request>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pending_take: Option<TakeId>,
    #[serde(skip_serializing_if = "ModelChoice::is_only_a_name")]
    model: &'a ModelChoice,
    #[serde(flatten)]
    extra: &'a Map<String, Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    check: Option<ContentHash>,
}

/// Borrowed view of a take in the order of the document.
#[derive(serde::Serialize)]
struct TakeRef<'a> {
    id: TakeId,
    name: &'a str,
    #[serde(skip_serializing_if = "is_unset")]
    starred: bool,
    #[serde(skip_serializing_if = "is_unset")]
    rejected: bool,
    #[serde(skip_serializing_if = "str::is_empty")]
    notes: &'a str,
    #[serde(skip_serializing_if = "is_unset")]
    unread: bool,
    #[serde(skip_serializing_if = "Edit::is_none")]
    edit: &'a Edit,
    request: &'a Request,
    #[serde(flatten)]
    sound: SoundRef<'a>,
    #[serde(flatten)]
    extra: &'a Map<String, Value>,
}

/// A sound as it stands in a take.
#[derive(serde::Serialize)]
#[serde(untagged)]
enum SoundRef<'a> {
    Flac { sound: FlacRef<'a> },
    Legacy { sample_rate_hz: u32, model: &'a str, audio: &'a str },
    Unreadable { sound: &'a Value },
}

#[derive(serde::Serialize)]
struct FlacRef<'a> {
    #[serde(flatten)]
    facts: Facts,
    #[serde(skip_serializing_if = "Option::is_none")]
    flac: Option<&'a RawValue>,
}

impl<'a> TakeRef<'a> {
    /// `texts` says whether the text of the sound is written.
    fn new(take: &'a Take, texts: bool) -> Self {
        let sound = match &take.shown.kept {
            Kept::Flac(flac) => SoundRef::Flac {
                sound: FlacRef { facts: flac.facts, flac: flac.text.as_deref().filter(|_| texts) },
            },
            Kept::Legacy(legacy) => SoundRef::Legacy {
                sample_rate_hz: legacy.sample_rate_hz,
                model: &take.request.model.name,
                audio: if texts { &legacy.text } else { "" },
            },
            Kept::Unreadable(sound) => SoundRef::Unreadable { sound },
        };
        Self {
            id: take.id,
            name: &take.name,
            starred: take.starred,
            rejected: take.rejected,
            notes: &take.notes,
            unread: take.unread,
            edit: &take.edit,
            request: &take.request,
            sound,
            extra: &take.extra,
        }
    }
}

impl<'a> DocumentRef<'a> {
    /// The document with the sounds of `embedded`, without its checksum.
    fn new(session: &'a Session, embedded: &HashSet<TakeId>) -> Self {
        let take = |take: &'a std::sync::Arc<Take>| TakeRef::new(take, embedded.contains(&take.id));
        Self {
            version: session.version,
            prompt: &session.prompt,
            negative_prompt: &session.negative_prompt,
            seed_locked: session.seed_locked,
            draft_first: session.draft_first,
            model_dir: session.model.folder.as_deref().map(Path::to_string_lossy),
            embed: session.embed,
            active_take: session.active,
            takes: session.takes.iter().map(take).collect(),
            bin: session.bin.iter().map(take).collect(),
            pending: session.pending.as_ref(),
            pending_take: session.pending_take,
            model: &session.model,
            extra: &session.extra,
            check: None,
        }
    }
}

impl Serialize for Session {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let check = checksum(self).map_err(S::Error::custom)?;
        let embedded = self.embedded(self.embed);
        DocumentRef { check: Some(check), ..DocumentRef::new(self, &embedded) }.serialize(serializer)
    }
}

fn checksum(session: &Session) -> serde_json::Result<ContentHash> {
    // Numbers are summed as they will be read: the text of an `f32` is another number as an `f64`.
    let bare = serde_json::to_string(&DocumentRef::new(session, &HashSet::new()))?;
    Ok(check::sum(&serde_json::from_str(&bare)?))
}

/// The document with nothing but references, whatever the user has chosen for projects: for a file that lies beside the
/// takes folder. Sounds that are not in the folder yet are in the text all the same.
#[must_use]
pub fn with_references(session: &Session) -> String {
    let embedded = session.embedded(Embed::Nothing);
    let document = checksum(session).and_then(|check| {
        serde_json::to_string(&DocumentRef { check: Some(check), ..DocumentRef::new(session, &embedded) })
    });
    // Plain data with names for fields; there is nothing that could fail.
    document.unwrap_or_else(|_| Value::Null.to_string())
}

/// Whether a switch that is on by default is on, so that it need not be written.
fn is_set(switch: &bool) -> bool {
    *switch
}

/// Whether a switch that is off by default is off, so that it need not be written.
fn is_unset(switch: &bool) -> bool {
    !*switch
}

fn is_default(embed: &Embed) -> bool {
    *embed == Embed::default()
}

/// What [`Session`]'s reader makes something of, whatever `text` is: a host may hand over text that is not JSON at all,
/// which would be dropped without a word to the user before it reaches the reader.
#[must_use]
pub fn readable(text: &str) -> Cow<'_, str> {
    match serde_json::from_str::<serde::de::IgnoredAny>(text) {
        Ok(_) => Cow::Borrowed(text),
        Err(_) => Cow::Owned(Value::Null.to_string()),
    }
}
