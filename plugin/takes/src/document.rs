//! The persisted form of a session: JSON with a version.
//!
//! ```json
//! {"version":3,"prompt":"…","negative_prompt":"","seed_locked":false,"model_dir":null,"active_take":2,
//!  "takes":[{"id":1,"name":"…","request":{…},"sound":{"hash":"…","sample_rate_hz":44100,"channels":1,"frames":88200,"bytes":99000}},
//!           {"id":2,"name":"…","starred":true,"request":{…},"sound":{…,"flac":"…"}}],
//!  "pending":[{"request":{…},"drafts":true,"pieces":[{"seed":1,"take":2,"done":true},{"seed":2}]}],"check":"…"}
//! ```
//! - `pending` are the unfinished jobs, see [`QueuedJob`]; `null` if there is none. Before version 3 it was the request of
//!   the only one, and `pending_take` the take that this had made so far.
//! - `sound` says which sound it is; `hash` is the SHA-256 of its FLAC bytes. `flac` is those bytes in base64, where the
//!   project holds the sound itself, see [`Embed`]; otherwise the takes folder has them.
//! - `check` is a checksum of everything but the sounds' texts.
//! - `"timing":"free"` or `"timing":{"hits":[{"seconds":0.5,"level_db":0.0}]}` is there if the text does not say when things happen;
//!   `"curve":[-12.0,-11.5,0.0]`, in dB each 10 ms, if it was said how loud the next sound is over time.
//! - `"draft_first":false`, `"play_when_ready":false`, `"variations":4`, `"embed":…`, `"starred":true` and `"bin":[…]` (takes like those
//!   above) are there when they are not the usual case.
//! - `"edit":{…}` ([`Edit`]), `"rejected":true`, `"notes":"…"`, `"category":"…"` and `"unread":true` are there where a take has
//!   them; no version before 3 does.
//! - `"model":{"hash":"…","name":"…","folder":{"path":"…"}}` is there once it is known which model the folder holds, see
//!   [`ModelChoice`].
//! - A take of document version 1 has `sample_rate_hz`, `model` and `audio` (base64 of deflated little-endian `f32`)
//!   in place of `sound`. It is read, and written back so until the [`Keeper`](super::Keeper) has turned it into FLAC.
//!
//! - `"versions":[{"steps":1,"hash":"…","bytes":90000,"ms":41}]` of a take are those that are not shown; what is not said of
//!   one is as in `sound`. `ms` is how long it took to make one, there and in `sound`.
//!
//! Reading never fails. Fields this version does not know are kept and
//! written back; a document of a newer version keeps its version number.

use super::check;
use super::kept::{Facts, Kept};
use super::version::Version;
use super::{Embed, ModelChoice, QueuedJob, Session, Take, TakeId};
use serde::ser::{Error as _, Serialize, Serializer};
use serde_json::value::RawValue;
use serde_json::{Map, Value};
use std::borrow::Cow;
use std::collections::HashSet;
use std::path::Path;
use std::time::Duration;
use straightshot_edits::Edit;
use straightshot_protocol::{ContentHash, Curve, Request, Timing};

/// Version of the document this code writes.
pub const VERSION: u32 = 3;

/// Borrowed view of a session in the order of the document.
#[derive(serde::Serialize)]
struct DocumentRef<'a> {
    version: u32,
    prompt: &'a str,
    negative_prompt: &'a str,
    #[serde(skip_serializing_if = "Timing::is_text")]
    timing: &'a Timing,
    #[serde(skip_serializing_if = "Option::is_none")]
    curve: Option<&'a Curve>,
    seed_locked: bool,
    #[serde(skip_serializing_if = "is_set")]
    draft_first: bool,
    #[serde(skip_serializing_if = "is_set")]
    play_when_ready: bool,
    #[serde(skip_serializing_if = "is_one")]
    variations: u32,
    /// What versions before ids know of [`ModelChoice`]; a path that is no text is not quite right here.
    model_dir: Option<Cow<'a, str>>,
    #[serde(skip_serializing_if = "is_default")]
    embed: Embed,
    active_take: Option<TakeId>,
    takes: Vec<TakeRef<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    bin: Vec<TakeRef<'a>>,
    pending: Option<&'a [QueuedJob]>,
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
    #[serde(skip_serializing_if = "Option::is_none")]
    category: Option<&'a str>,
    #[serde(skip_serializing_if = "is_unset")]
    unread: bool,
    #[serde(skip_serializing_if = "Edit::is_none")]
    edit: &'a Edit,
    request: &'a Request,
    #[serde(flatten)]
    sound: SoundRef<'a>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    versions: Vec<VersionRef<'a>>,
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
    ms: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    flac: Option<&'a RawValue>,
}

/// A version that is not shown. It is as long as the one that is, and has its rate.
#[derive(serde::Serialize)]
struct VersionRef<'a> {
    steps: u32,
    hash: ContentHash,
    bytes: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    ms: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    flac: Option<&'a RawValue>,
}

/// The sounds whose texts are written.
struct Texts {
    takes: HashSet<TakeId>,
    versions: HashSet<ContentHash>,
}

impl Texts {
    fn of(session: &Session, embed: Embed) -> Self {
        Self { takes: session.embedded(embed), versions: session.embedded_versions(embed) }
    }
}

impl<'a> VersionRef<'a> {
    /// `None` if the version would be nowhere. `versions` says whose texts are chosen, `texts` whether they are written.
    fn new(version: &'a Version, versions: &HashSet<ContentHash>, texts: bool) -> Option<Self> {
        let flac = version.flac()?;
        let is_chosen = versions.contains(&flac.facts.hash);
        (is_chosen || flac.stored || flac.text.is_none()).then_some(Self {
            steps: version.steps,
            hash: flac.facts.hash,
            bytes: flac.facts.bytes,
            ms: version.took.map(millis),
            flac: flac.text.as_deref().filter(|_| is_chosen && texts),
        })
    }
}

impl<'a> TakeRef<'a> {
    /// `chosen` are the sounds that the project holds, `texts` says whether their texts are written.
    fn new(take: &'a Take, chosen: &Texts, texts: bool) -> Self {
        let holds = texts && chosen.takes.contains(&take.id);
        let sound = match &take.shown.kept {
            Kept::Flac(flac) => SoundRef::Flac {
                sound: FlacRef {
                    facts: flac.facts,
                    ms: take.shown.took.map(millis),
                    flac: flac.text.as_deref().filter(|_| holds),
                },
            },
            Kept::Legacy(legacy) => SoundRef::Legacy {
                sample_rate_hz: legacy.sample_rate_hz,
                model: &take.request.model.name,
                audio: if holds { &legacy.text } else { "" },
            },
            Kept::Unreadable(sound) => SoundRef::Unreadable { sound },
        };
        Self {
            id: take.id,
            name: &take.name,
            starred: take.starred,
            rejected: take.rejected,
            notes: &take.notes,
            category: take.category.as_deref(),
            unread: take.unread,
            edit: &take.edit,
            request: &take.request,
            sound,
            versions: take
                .hidden()
                .into_iter()
                .filter_map(|version| VersionRef::new(version, &chosen.versions, texts))
                .collect(),
            extra: &take.extra,
        }
    }
}

impl<'a> DocumentRef<'a> {
    /// The document that holds the sounds of `chosen`, with their texts or without, and without its checksum.
    fn new(session: &'a Session, chosen: &Texts, texts: bool) -> Self {
        let take = |take: &'a std::sync::Arc<Take>| TakeRef::new(take, chosen, texts);
        Self {
            version: session.version,
            prompt: &session.prompt,
            negative_prompt: &session.negative_prompt,
            timing: &session.timing,
            curve: session.curve.as_ref(),
            seed_locked: session.seed_locked,
            draft_first: session.draft_first,
            play_when_ready: session.play_when_ready,
            variations: session.variations,
            model_dir: session.model.folder.as_deref().map(Path::to_string_lossy),
            embed: session.embed,
            active_take: session.active,
            takes: session.takes.iter().map(take).collect(),
            bin: session.bin.iter().map(take).collect(),
            pending: Some(session.jobs.as_slice()).filter(|jobs| !jobs.is_empty()),
            model: &session.model,
            extra: &session.extra,
            check: None,
        }
    }
}

impl Serialize for Session {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let chosen = Texts::of(self, self.embed);
        let check = checksum(self, &chosen).map_err(S::Error::custom)?;
        DocumentRef { check: Some(check), ..DocumentRef::new(self, &chosen, true) }.serialize(serializer)
    }
}

fn checksum(session: &Session, chosen: &Texts) -> serde_json::Result<ContentHash> {
    // Numbers are summed as they will be read: the text of an `f32` is another number as an `f64`.
    let bare = serde_json::to_string(&DocumentRef::new(session, chosen, false))?;
    Ok(check::sum(&serde_json::from_str(&bare)?))
}

/// The document with nothing but references, whatever the user has chosen for projects: for a file that lies beside the
/// takes folder. Sounds that are not in the folder yet are in the text all the same.
#[must_use]
pub fn with_references(session: &Session) -> String {
    let chosen = Texts::of(session, Embed::Nothing);
    let document = checksum(session, &chosen).and_then(|check| {
        serde_json::to_string(&DocumentRef { check: Some(check), ..DocumentRef::new(session, &chosen, true) })
    });
    // Plain data with names for fields; there is nothing that could fail.
    document.unwrap_or_else(|_| Value::Null.to_string())
}

/// A time in whole milliseconds, one at least.
fn millis(time: Duration) -> u32 {
    u32::try_from(time.as_millis()).unwrap_or(u32::MAX).max(1)
}

/// Whether a switch that is on by default is on, so that it need not be written.
fn is_set(switch: &bool) -> bool {
    *switch
}

/// Whether a number that is one by default is one, so that it need not be written.
fn is_one(number: &u32) -> bool {
    *number == 1
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
