//! The persisted form of a session: JSON with a version, as described in [`Session`]'s fields.
//!
//! ```json
//! {"version":1,"prompt":"…","negative_prompt":"","seed_locked":false,"model_dir":null,"active_take":1,
//!  "takes":[{"id":1,"name":"…","request":{…},"sample_rate_hz":44100,"model":"…","audio":"…"}],"pending":null}
//! ```
//! There is also `"draft_first":false` after `seed_locked` if the user wants no drafts, and `"pending_take":1` after
//! `pending` while the unfinished job has a take that it refines: what was saved before there were drafts is written
//! back byte for byte. Behind them stands `"model":{"hash":"…","name":"…","folder":{"path":"…"}}` once it is known which
//! model the folder holds, see [`ModelChoice`]. Of a take's versions the shown one is saved. `audio` is base64 of deflated little-endian `f32`.
//! Reading never fails. Fields this version does not know are
//! kept and written back; a document of a newer version keeps its version number.

use super::{MAX_TAKES, ModelChoice, Session, Take, TakeId};
use serde::de::{Deserialize, Deserializer};
use serde::ser::{Serialize, Serializer};
use serde_json::{Map, Value};
use std::borrow::Cow;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use straightshot_protocol::{ModelId, Request};

/// Version of the document this code writes.
pub const VERSION: u32 = 1;
/// Sample rate assumed for a take whose document does not name a usable one, in Hz.
const FALLBACK_RATE_HZ: u32 = 44_100;
/// Sample rates in Hz that a take may have; anything else is damage.
const TAKE_RATES_HZ: std::ops::RangeInclusive<u32> = 4_000..=192_000;

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
    active_take: Option<TakeId>,
    takes: Vec<TakeRef<'a>>,
    pending: Option<&'a Request>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pending_take: Option<TakeId>,
    #[serde(skip_serializing_if = "ModelChoice::is_only_a_name")]
    model: &'a ModelChoice,
    #[serde(flatten)]
    extra: &'a Map<String, Value>,
}

/// Borrowed view of a take in the order of the document.
#[derive(serde::Serialize)]
struct TakeRef<'a> {
    id: TakeId,
    name: &'a str,
    request: &'a Request,
    sample_rate_hz: u32,
    model: &'a str,
    audio: &'a str,
    #[serde(flatten)]
    extra: &'a Map<String, Value>,
}

impl Serialize for Session {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let takes = self.takes.iter().map(|take| TakeRef {
            id: take.id,
            name: &take.name,
            request: &take.request,
            sample_rate_hz: take.audio().sample_rate_hz(),
            model: &take.request.model.name,
            audio: take.encoded(),
            extra: &take.extra,
        });
        DocumentRef {
            version: self.version,
            prompt: &self.prompt,
            negative_prompt: &self.negative_prompt,
            seed_locked: self.seed_locked,
            draft_first: self.draft_first,
            model_dir: self.model.folder.as_deref().map(Path::to_string_lossy),
            active_take: self.active,
            takes: takes.collect(),
            pending: self.pending.as_ref(),
            pending_take: self.pending_take,
            model: &self.model,
            extra: &self.extra,
        }
        .serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Session {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Reader::default().session(Value::deserialize(deserializer)?))
    }
}

/// Reads a document field by field and collects what was wrong with it.
#[derive(Default)]
struct Reader {
    damage: Vec<String>,
}

impl Reader {
    fn session(mut self, document: Value) -> Session {
        let Value::Object(mut fields) = document else {
            self.damage.push("The saved session could not be read".to_owned());
            return Session { damage: self.damage, ..Session::default() };
        };
        let version = self.version(&mut fields);
        let active = self.field::<Option<TakeId>>(&mut fields, "active_take").flatten();
        let takes = self.takes(&mut fields);
        let mut session = Session {
            prompt: self.field(&mut fields, "prompt").unwrap_or_default(),
            negative_prompt: self.field(&mut fields, "negative_prompt").unwrap_or_default(),
            seed_locked: self.field(&mut fields, "seed_locked").unwrap_or_default(),
            draft_first: self.field(&mut fields, "draft_first").unwrap_or(true),
            model: self.model(&mut fields),
            pending: self.field(&mut fields, "pending").flatten(),
            pending_take: self.field::<Option<TakeId>>(&mut fields, "pending_take").flatten(),
            active: active.and_then(|id| known_or_newest(id, &takes)),
            takes,
            version,
            ..Session::default()
        };
        // Whatever the job refined, it must still be there, and whole: nothing is put into the place of a take that
        // cannot be read.
        let refines = session.pending.as_ref().is_some_and(|request| session.refined_take(request).is_some());
        session.pending_take = session.pending_take.filter(|_| refines);
        session.extra = fields;
        session.damage = self.damage;
        session
    }

    /// The document's version, at least ours: older documents are rewritten in our form.
    fn version(&mut self, fields: &mut Map<String, Value>) -> u32 {
        let version = self.field(fields, "version").unwrap_or(VERSION);
        if version > VERSION {
            self.damage.push(
                "This project was saved by a newer version of Straightshot; some of its settings may not be shown"
                    .to_owned(),
            );
        }
        version.max(VERSION)
    }

    /// The chosen model. What was saved before models had ids names only a folder: whatever is in it counts.
    fn model(&mut self, fields: &mut Map<String, Value>) -> ModelChoice {
        let folder = self.field::<Option<PathBuf>>(fields, "model_dir").flatten();
        let chosen = self.field::<ModelChoice>(fields, "model");
        chosen.or_else(|| folder.map(ModelChoice::in_folder)).unwrap_or_default()
    }

    fn takes(&mut self, fields: &mut Map<String, Value>) -> Vec<Arc<Take>> {
        let entries = self.field::<Vec<Value>>(fields, "takes").unwrap_or_default();
        let mut takes: Vec<Arc<Take>> = Vec::new();
        let mut unreadable = 0_usize;
        for entry in entries {
            match self.take(entry) {
                Some(take) if !takes.iter().any(|other| other.id == take.id) => takes.push(Arc::new(take)),
                _ => unreadable += 1,
            }
        }
        if unreadable > 0 {
            self.damage.push(format!("{unreadable} saved takes could not be read"));
        }
        if takes.len() > MAX_TAKES {
            self.damage.push(format!("Only the newest {MAX_TAKES} takes of this project were read"));
            takes.drain(..takes.len() - MAX_TAKES);
        }
        takes
    }

    fn take(&mut self, entry: Value) -> Option<Take> {
        let Value::Object(mut fields) = entry else { return None };
        let id = self.field(&mut fields, "id")?;
        let mut request: Request = self.field(&mut fields, "request").unwrap_or_default();
        // What was saved before requests named their model has its name beside them.
        let model: Option<String> = self.field(&mut fields, "model");
        if let Some(name) = model.filter(|_| request.model.is_any()) {
            request.model = ModelId::named(name);
        }
        let rate_hz =
            self.field::<u32>(&mut fields, "sample_rate_hz").filter(|hz| TAKE_RATES_HZ.contains(hz));
        let audio: String = self.field(&mut fields, "audio").unwrap_or_default();
        let mut take = Take::from_encoded(id, request, rate_hz.unwrap_or(FALLBACK_RATE_HZ), &audio);
        if let Some(name) = self.field(&mut fields, "name") {
            take.name = name;
        }
        if let Some(fault) = &take.damage {
            self.damage.push(format!("Take \"{}\": {fault}", take.name));
        }
        take.extra = fields;
        Some(take)
    }

    /// Takes `key` out of `fields`. A missing field is `None` without a remark; one of the wrong type is damage.
    fn field<T: for<'de> Deserialize<'de>>(
        &mut self,
        fields: &mut Map<String, Value>,
        key: &str,
    ) -> Option<T> {
        let value = fields.remove(key)?;
        match T::deserialize(value) {
            Ok(value) => Some(value),
            Err(_) => {
                self.damage.push(format!("The setting \"{key}\" of the saved session could not be read"));
                None
            }
        }
    }
}

/// Whether a switch that is on by default is on, so that it need not be written.
fn is_set(switch: &bool) -> bool {
    *switch
}

/// `id` if a take has it, otherwise the newest take.
fn known_or_newest(id: TakeId, takes: &[Arc<Take>]) -> Option<TakeId> {
    takes.iter().find(|take| take.id == id).or(takes.last()).map(|take| take.id)
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
