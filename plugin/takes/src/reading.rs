//! Reads a document field by field and collects what was wrong with it.

use super::check;
use super::document::VERSION;
use super::flac::RATES_HZ;
use super::kept::{Facts, Flac, Kept, Legacy, Text, text_of};
use super::version::Version;
use super::{Embed, ModelChoice, Purpose, QueuedJob, Session, Take, TakeId};
use serde::de::{Deserialize, Deserializer};
use serde_json::{Map, Value};
use std::collections::HashSet;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use straightshot_protocol::{ContentHash, ModelId, Request};

/// Sample rate assumed for a take of document version 1 that does not name a usable one, in Hz.
const FALLBACK_RATE_HZ: u32 = 44_100;
/// First version of the document that has a checksum.
const FIRST_CHECKED_VERSION: u32 = 2;

impl<'de> Deserialize<'de> for Session {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Reader::default().session(Value::deserialize(deserializer)?))
    }
}

#[derive(Default)]
struct Reader {
    damage: Vec<String>,
    /// Identifiers that are given away.
    ids: HashSet<TakeId>,
}

impl Reader {
    fn session(mut self, mut document: Value) -> Session {
        let sum = check::sum(&document);
        let Value::Object(fields) = &mut document else {
            self.damage.push("The saved session could not be read".to_owned());
            return Session { damage: self.damage, ..Session::default() };
        };
        let written = fields.remove(check::FIELD);
        let version = self.version(fields);
        if version >= FIRST_CHECKED_VERSION && written != Some(Value::String(sum.to_string())) {
            self.damage.push(
                "The project was damaged, or changed by another program: look at its texts and settings"
                    .to_owned(),
            );
        }
        let active = self.field::<Option<TakeId>>(fields, "active_take").flatten();
        let takes = self.takes(fields, "takes");
        let bin = self.takes(fields, "bin");
        let mut session = Session {
            prompt: self.field(fields, "prompt").unwrap_or_default(),
            negative_prompt: self.field(fields, "negative_prompt").unwrap_or_default(),
            timing: self.field(fields, "timing").unwrap_or_default(),
            curve: self.field(fields, "curve").unwrap_or_default(),
            seed_locked: self.field(fields, "seed_locked").unwrap_or_default(),
            draft_first: self.field(fields, "draft_first").unwrap_or(true),
            model: self.model(fields),
            embed: self.field::<Embed>(fields, "embed").unwrap_or_default(),
            play_when_ready: self.field(fields, "play_when_ready").unwrap_or(true),
            variations: self.field(fields, "variations").unwrap_or(1).max(1),
            active: active.and_then(|id| known_or_newest(id, &takes)),
            takes,
            bin,
            version: version.max(VERSION),
            ..Session::default()
        };
        self.jobs(fields, &mut session);
        session.extra = std::mem::take(fields);
        session.damage = self.damage;
        session
    }

    /// The document's version; one without a version is taken for the first.
    fn version(&mut self, fields: &mut Map<String, Value>) -> u32 {
        let version = self.field(fields, "version").unwrap_or(1);
        if version > VERSION {
            self.damage.push(
                "This project was saved by a newer version of Straightshot; some of its settings may not be shown"
                    .to_owned(),
            );
        }
        version
    }

    /// The chosen model. What was saved before models had ids names only a folder: whatever is in it counts.
    fn model(&mut self, fields: &mut Map<String, Value>) -> ModelChoice {
        let folder = self.field::<Option<PathBuf>>(fields, "model_dir").flatten();
        let chosen = self.field::<ModelChoice>(fields, "model");
        chosen.or_else(|| folder.map(ModelChoice::in_folder)).unwrap_or_default()
    }

    /// The unfinished jobs, in the form of this version or of those that had one at most.
    fn jobs(&mut self, fields: &mut Map<String, Value>, session: &mut Session) {
        let jobs: Vec<QueuedJob> = match fields.get("pending") {
            Some(Value::Array(entries)) => {
                let count = entries.len();
                let readable = |job: &QueuedJob| !job.pieces.is_empty();
                let jobs: Vec<_> = entries
                    .iter()
                    .filter_map(|job| QueuedJob::deserialize(job).ok())
                    .filter(readable)
                    .collect();
                if jobs.len() < count {
                    let lost = count - jobs.len();
                    self.damage.push(format!("{lost} sounds that were yet to be made could not be read"));
                }
                fields.remove("pending");
                jobs
            }
            _ => {
                let only = self.field::<Option<Request>>(fields, "pending").flatten();
                let take = self.field::<Option<TakeId>>(fields, "pending_take").flatten();
                let of_request = |request| {
                    let mut job = QueuedJob::make(request, &[], session.draft_first);
                    job.pieces[0].take = take;
                    job
                };
                only.map(of_request).into_iter().collect()
            }
        };
        for mut job in jobs {
            // Whatever a job refined, it must still be there, and whole: nothing is put into the place of a take that
            // cannot be read.
            for piece in 0..job.pieces.len() {
                if !job.pieces[piece].done && session.refined_take(&job, piece).is_none() {
                    job.pieces[piece].take = None;
                    job.pieces[piece].done = job.purpose == Purpose::Refine;
                }
            }
            if !job.is_over() {
                session.enqueue(job);
            }
        }
    }

    fn takes(&mut self, fields: &mut Map<String, Value>, key: &str) -> Vec<Arc<Take>> {
        let entries = self.field::<Vec<Value>>(fields, key).unwrap_or_default();
        let count = entries.len();
        let takes: Vec<_> = entries.into_iter().filter_map(|entry| self.take(entry)).map(Arc::new).collect();
        if takes.len() < count {
            self.damage.push(format!("{} saved takes could not be read", count - takes.len()));
        }
        takes
    }

    fn take(&mut self, entry: Value) -> Option<Take> {
        let Value::Object(mut fields) = entry else { return None };
        if !["request", "sound", "audio"].iter().any(|key| fields.contains_key(*key)) {
            return None;
        }
        let id = self.field(&mut fields, "id");
        let mut request: Request = self.field(&mut fields, "request").unwrap_or_default();
        let took = fields.get("sound").and_then(|sound| sound.get("ms")).and_then(millis);
        let kept = self.sound(&mut fields, &mut request);
        let mut take = Take::kept(self.free_id(id), request, kept);
        take.shown.took = took;
        if let Some(name) = self.field(&mut fields, "name") {
            take.name = name;
        }
        take.starred = self.field(&mut fields, "starred").unwrap_or_default();
        take.rejected = self.field(&mut fields, "rejected").unwrap_or_default();
        take.notes = self.field(&mut fields, "notes").unwrap_or_default();
        take.category = self.field(&mut fields, "category");
        take.unread = self.field(&mut fields, "unread").unwrap_or_default();
        take.edit = self.field(&mut fields, "edit").unwrap_or_default();
        self.versions(&mut fields, &mut take);
        if matches!(take.shown.kept, Kept::Unreadable(_)) {
            self.damage.push(take.damaged("the project does not say which it is"));
        }
        take.extra = fields;
        Some(take)
    }

    /// The versions of a take that are not shown. One that makes no sense is left out: it can be made again.
    fn versions(&mut self, fields: &mut Map<String, Value>, take: &mut Take) {
        let entries = self.field::<Vec<Value>>(fields, "versions").unwrap_or_default();
        let Some(shown) = take.shown.flac().map(|flac| flac.facts) else { return };
        for entry in entries {
            let number = |key: &str| entry.get(key).and_then(Value::as_u64);
            let hash = entry.get("hash").and_then(|hash| ContentHash::deserialize(hash).ok());
            let steps = number("steps").and_then(|steps| u32::try_from(steps).ok());
            let (Some(hash), Some(bytes), Some(steps)) = (hash, number("bytes"), steps) else { continue };
            let facts = Facts { hash, bytes, ..shown };
            if facts.is_possible() {
                let took = entry.get("ms").and_then(millis);
                let kept = Kept::Flac(Flac { facts, text: held(entry), stored: false });
                take.add_hidden(Version { took, ..Version::kept(steps, kept) });
            }
        }
    }

    /// `id`, or another one if it is unreadable or taken: a take is not lost for the lack of a number.
    fn free_id(&mut self, id: Option<TakeId>) -> TakeId {
        let id = id.filter(|id| !self.ids.contains(id));
        let last = self.ids.iter().map(|id| id.0).max().unwrap_or(0);
        let id = id.unwrap_or(TakeId(last.saturating_add(1)));
        self.ids.insert(id);
        id
    }

    /// How the sound of a take is kept, in the form of this version or the first.
    fn sound(&mut self, fields: &mut Map<String, Value>, request: &mut Request) -> Kept {
        if let Some(audio) = self.field::<String>(fields, "audio") {
            // What was saved before requests named their model has its name beside them.
            let model: Option<String> = self.field(fields, "model");
            if let Some(name) = model.filter(|_| request.model.is_any()) {
                request.model = ModelId::named(name);
            }
            let rate_hz = self.field(fields, "sample_rate_hz").filter(|hz| RATES_HZ.contains(hz));
            let sample_rate_hz = rate_hz.unwrap_or(FALLBACK_RATE_HZ);
            return Kept::Legacy(Legacy { sample_rate_hz, text: audio.into() });
        }
        let sound = fields.remove("sound").unwrap_or_default();
        match Facts::deserialize(&sound).ok().filter(Facts::is_possible) {
            Some(facts) => Kept::Flac(Flac { facts, text: held(sound), stored: false }),
            None => Kept::Unreadable(Arc::new(sound)),
        }
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

/// A time in milliseconds.
fn millis(value: &Value) -> Option<Duration> {
    value.as_u64().map(Duration::from_millis)
}

/// The text of a sound that the project holds itself.
fn held(mut sound: Value) -> Option<Text> {
    match sound.get_mut("flac").map(Value::take) {
        Some(Value::String(text)) => text_of(&text),
        _ => None,
    }
}

/// `id` if a take has it, otherwise the newest take.
fn known_or_newest(id: TakeId, takes: &[Arc<Take>]) -> Option<TakeId> {
    takes.iter().find(|take| take.id == id).or(takes.last()).map(|take| take.id)
}
