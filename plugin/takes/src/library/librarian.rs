//! [library thread] Looks at the folder, listens to what is new, and carries out what the library is asked for.

use super::inner::{Activity, Inner, Order};
use super::sound::{Category, LibrarySound};
use crate::features::features;
use crate::folder::{Entry, Usage, files, trash_place};
use crate::index::{Facts, Heard, Marks, facts, marks};
use crate::{Settings, sounds_in_use};
use std::collections::HashMap;
use std::ffi::OsStr;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};
use straightshot_protocol::{ContentHash, ErrorKind, Failure};

/// A folder that has changed within this time may change again without another date: those of some systems are coarse.
const QUIET: Duration = Duration::from_secs(3);
/// How often what was heard is written down and shown while there is much to listen to.
const BATCH: Duration = Duration::from_millis(300);

/// The library's thread.
pub(super) struct Librarian {
    inner: Arc<Inner>,
    /// The folder that the rest is about.
    folder: PathBuf,
    /// What was heard, by the names of files.
    facts: HashMap<String, Facts>,
    marks: HashMap<ContentHash, Marks>,
    /// What the two files were like when they were read.
    stamps: [Option<Stamp>; 2],
    /// Sounds as they are shown, by the names of files.
    shown: HashMap<String, Arc<LibrarySound>>,
    /// What prompts propose.
    proposals: HashMap<String, Option<Category>>,
    /// What the folder was like when it was last looked at to the end.
    finished: Option<Glance>,
}

/// What can be seen of a folder without looking at its files: when names were added or removed, in it and in its trash,
/// and what its list and its marks are like.
type Glance = ([Option<Stamp>; 4], u64);

/// Tells apart two states of a file.
type Stamp = (u64, SystemTime);

impl Librarian {
    pub(super) fn new(inner: Arc<Inner>) -> Self {
        Self {
            inner,
            folder: PathBuf::new(),
            facts: HashMap::new(),
            marks: HashMap::new(),
            stamps: [None; 2],
            shown: HashMap::new(),
            proposals: HashMap::new(),
            finished: None,
        }
    }

    /// One order after the other, until the library goes.
    pub(super) fn serve(mut self) {
        while let Some(order) = self.inner.next() {
            let done = self.carry_out(order);
            if let Err(failure) = done
                && failure.kind != ErrorKind::Cancelled
            {
                self.inner.show(|shelf| shelf.trouble = Some(failure));
            }
        }
    }

    fn carry_out(&mut self, order: Order) -> Result<(), Failure> {
        match order {
            Order::Look => {}
            Order::Mark(marks) => self.inner.folder.mark(&marks)?,
            Order::Discard(sounds) => self.discard(sounds)?,
            Order::TakeBack => {
                let sounds = self.inner.state.lock().shelf.discarded.clone();
                self.inner.folder.take_back(&sounds)?;
                self.inner.show(|shelf| shelf.discarded.clear());
            }
            Order::EmptyTrash => {
                self.inner.folder.empty_trash()?;
                self.inner.show(|shelf| shelf.discarded.clear());
            }
            Order::Move(folder) => self.relocate(&folder)?,
            Order::SetQuota(quota_bytes) => self.set_quota(quota_bytes)?,
            Order::Listen(hash, audio) => {
                let heard = Arc::new(features(&audio));
                self.inner.show(|shelf| shelf.listened = Some((hash, heard)));
                return Ok(());
            }
            Order::Do(work) => {
                work();
                return Ok(());
            }
        }
        self.look()
    }

    /// Moves sounds to the trash that no open session uses.
    fn discard(&mut self, mut sounds: Vec<PathBuf>) -> Result<(), Failure> {
        let in_use = sounds_in_use();
        let used: Vec<PathBuf> = {
            let state = self.inner.state.lock();
            let used = state.shelf.sounds.iter().filter(|sound| in_use.contains(&sound.hash()));
            used.map(|sound| sound.path.clone()).collect()
        };
        let before = sounds.len();
        sounds.retain(|sound| !used.contains(sound));
        let kept = before - sounds.len();
        self.inner.folder.discard(&sounds)?;
        self.inner.show(|shelf| shelf.discarded = sounds);
        if kept == 0 {
            return Ok(());
        }
        self.look()?;
        let which = if kept == 1 { "One sound stays" } else { "Some sounds stay" };
        Err(Failure::new(ErrorKind::Io, format!("{which}: an open project uses it")))
    }

    fn relocate(&mut self, folder: &Path) -> Result<(), Failure> {
        let inner = self.inner.clone();
        let go_on = |progress| {
            inner.show(|shelf| shelf.activity = Activity::Moving(progress));
            inner.may_move()
        };
        let done = match &self.inner.data {
            Some(data) => self.inner.folder.relocate(folder, data, go_on),
            None => self.inner.folder.move_with(folder, go_on, || Ok(())),
        };
        self.inner.show(|shelf| {
            shelf.activity = Activity::Idle;
            shelf.discarded.clear();
        });
        done
    }

    fn set_quota(&self, quota_bytes: u64) -> Result<(), Failure> {
        match &self.inner.data {
            Some(data) => Settings { quota_bytes, ..Settings::read(data) }.write(data),
            None => Ok(()),
        }
    }

    /// Reads what has changed, shows it, and listens to what nobody has listened to yet.
    fn look(&mut self) -> Result<(), Failure> {
        self.inner.folder.follow();
        let folder = self.inner.folder.path();
        if self.folder != folder {
            *self = Self::new(self.inner.clone());
            self.folder.clone_from(&folder);
        }
        let glance = self.glance();
        if glance.is_some() && glance == self.finished {
            return Ok(());
        }
        let unreadable = |e: &io::Error| {
            Failure::new(ErrorKind::Io, format!("The library in {} could not be read", folder.display()))
                .because(e)
        };
        let entries = files(&folder);
        self.read_again().map_err(|e| unreadable(&e))?;
        let unknown: Vec<Entry> = entries.iter().filter(|entry| !self.knows(entry)).cloned().collect();
        self.show(&entries, None);
        let finished = self.listen_to(&unknown, &entries)? && self.propose(&entries);
        // What was written meanwhile is another glance, and another look.
        self.finished = glance.filter(|_| finished);
        Ok(())
    }

    /// What the folder is like. `None` if something has changed just now: more may follow that leaves no other trace.
    fn glance(&self) -> Option<Glance> {
        let folder = &self.folder;
        let places = [folder.clone(), trash_place(folder), facts::file(folder), marks::file(folder)];
        let stamps = places.map(|path| stamp(&path));
        let quiet = stamps
            .iter()
            .flatten()
            .all(|(_, written)| SystemTime::now().duration_since(*written).is_ok_and(|since| since > QUIET));
        quiet.then(|| (stamps, self.inner.folder.quota_bytes()))
    }

    /// Reads the index and the marks if they are not as they were.
    fn read_again(&mut self) -> io::Result<()> {
        let stamps = [facts::file(&self.folder), marks::file(&self.folder)].map(|path| stamp(&path));
        if stamps[0] != self.stamps[0] || stamps[0].is_none() {
            self.facts = facts::read(&self.folder)?;
        }
        if stamps[1] != self.stamps[1] || stamps[1].is_none() {
            self.marks = marks::read(&self.folder)?;
        }
        self.stamps = stamps;
        Ok(())
    }

    fn knows(&self, entry: &Entry) -> bool {
        self.facts_of(&entry.path).is_some_and(|facts| facts.fit(entry.bytes, entry.written))
    }

    fn facts_of(&self, path: &Path) -> Option<&Facts> {
        self.facts.get(path.file_name().and_then(OsStr::to_str)?)
    }

    /// Listens to sounds that are not in the index, until something else is wanted. Returns whether that was all.
    fn listen_to(&mut self, unknown: &[Entry], entries: &[Entry]) -> Result<bool, Failure> {
        let mut heard = Vec::new();
        let mut written = Instant::now();
        for (done, entry) in unknown.iter().enumerate() {
            let last = done + 1 == unknown.len();
            if let Some(facts) = hear(entry) {
                self.facts.insert(facts.file.clone(), facts.clone());
                heard.push(facts);
            }
            let wanted = self.inner.is_wanted();
            if last || wanted || written.elapsed() > BATCH {
                facts::write(&self.folder, &heard).map_err(|e| {
                    Failure::new(ErrorKind::Io, "The library could not be written".to_owned()).because(&e)
                })?;
                heard.clear();
                written = Instant::now();
                let listening = Activity::Listening { done: done + 1, of: unknown.len() };
                self.show(entries, (!last).then_some(listening));
            }
            if wanted && !last {
                self.again();
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Finds categories for prompts that were not seen before, until something else is wanted. Returns whether that was
    /// all.
    fn propose(&mut self, entries: &[Entry]) -> bool {
        let prompts =
            self.facts.values().filter_map(|facts| facts.heard.as_ref()).map(|heard| &heard.request.prompt);
        let mut new: Vec<String> =
            prompts.filter(|prompt| !self.proposals.contains_key(*prompt)).cloned().collect();
        new.sort_unstable();
        new.dedup();
        if new.is_empty() {
            return true;
        }
        let mut finished = true;
        for prompt in new {
            if self.inner.is_wanted() {
                self.again();
                finished = false;
                break;
            }
            let proposal = self.inner.categories.propose(&prompt);
            self.proposals.insert(prompt, proposal);
        }
        self.show(entries, None);
        finished
    }

    /// What could not be finished goes on when what is wanted is done.
    fn again(&self) {
        self.inner.state.lock().orders.push_back(Order::Look);
    }

    /// Shows the sounds of `entries` that are known.
    fn show(&mut self, entries: &[Entry], activity: Option<Activity>) {
        let mut shown = HashMap::with_capacity(entries.len());
        for entry in entries {
            let Some(name) = entry.path.file_name().and_then(OsStr::to_str) else { continue };
            let Some(facts) = self.facts.get(name) else { continue };
            let Some(heard) = facts.heard.as_ref().filter(|_| facts.fit(entry.bytes, entry.written)) else {
                continue;
            };
            let marks = self.marks.get(&heard.hash).cloned().unwrap_or_default();
            let category = match &marks.category {
                Some(id) => self.inner.categories.named(id),
                None => self.proposals.get(&heard.request.prompt).cloned().flatten(),
            };
            let same = self.shown.get(name).filter(|there| {
                there.heard.hash == heard.hash && there.marks == marks && there.category == category
            });
            let sound = match same {
                Some(there) => there.clone(),
                None => Arc::new(LibrarySound::new(
                    entry.path.clone(),
                    entry.bytes,
                    facts.written_ms,
                    heard.clone(),
                    marks,
                    category,
                )),
            };
            shown.insert(name.to_owned(), sound);
        }
        let usage = usage(entries);
        let trash = usage_of_trash(&self.inner);
        let quota_bytes = self.inner.folder.quota_bytes();
        let activity = activity.unwrap_or(Activity::Idle);
        let is_same = {
            let state = self.inner.state.lock();
            let shelf = &state.shelf;
            shown.len() == shelf.sounds.len()
                && shown
                    .iter()
                    .all(|(name, sound)| self.shown.get(name).is_some_and(|s| Arc::ptr_eq(s, sound)))
                && (shelf.usage, shelf.trash, shelf.quota_bytes) == (usage, trash, quota_bytes)
                && shelf.activity == activity
                && shelf.folder == self.folder
        };
        self.shown = shown;
        if is_same {
            return;
        }
        let sounds: Vec<_> = self.shown.values().cloned().collect();
        let folder = self.folder.clone();
        self.inner.show(|shelf| {
            shelf.sounds = sounds;
            shelf.folder = folder;
            shelf.usage = usage;
            shelf.trash = trash;
            shelf.quota_bytes = quota_bytes;
            shelf.activity = activity;
        });
    }
}

fn usage(entries: &[Entry]) -> Usage {
    Usage { files: entries.len(), bytes: entries.iter().map(|entry| entry.bytes).sum() }
}

fn usage_of_trash(inner: &Inner) -> Usage {
    usage(&inner.folder.trash())
}

fn stamp(path: &Path) -> Option<Stamp> {
    let about = fs::metadata(path).ok()?;
    Some((about.len(), about.modified().ok()?))
}

/// Listens to a file. `None` if it cannot be read now or has a name that cannot be remembered.
fn hear(entry: &Entry) -> Option<Facts> {
    let bytes = fs::read(&entry.path).ok()?;
    let title = entry.path.file_stem().unwrap_or_default().to_string_lossy();
    Facts::of(&entry.path, entry.bytes, entry.written, Heard::of(&bytes, &title))
}
