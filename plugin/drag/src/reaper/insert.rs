//! Files onto REAPER's timeline, with the functions that it has.

use super::Place;
use super::functions::{Exact, Functions, Thing};
use crate::Files;
use std::ffi::{CStr, CString, c_int};
use std::path::Path;
use straightshot_protocol::{ErrorKind, Failure};

/// REAPER's command that draws the waves of new items.
const BUILD_PEAKS: c_int = 40_047;
/// Everything may have changed, by REAPER's flags of an undo step.
const ANYTHING: c_int = -1;
/// How "insert media" shall put a file: onto the selected track.
const SELECTED_TRACK: c_int = 0;

/// REAPER as one instance of the plugin sees it. To be used on the main thread only, where REAPER calls plugins.
pub(super) struct Reaper {
    pub(super) functions: Functions,
    /// Tells what the instance is in, or null. Asked each time: users move plugins to other tracks.
    pub(super) around: Box<dyn Fn(Around) -> Thing>,
}

/// What an instance is in, by the numbers that REAPER has for it in both formats.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Around {
    /// Its track; null if it is on none.
    Track = 1,
    /// Its project; null is the one that is shown.
    Project = 3,
}

/// One insertion: REAPER with what the instance is in now.
struct Insertion<'a> {
    functions: &'a Functions,
    project: Thing,
    track: Thing,
}

/// Where in time something goes: from here on, and how much of it at most.
struct Span {
    from: f64,
    most: f64,
}

impl Reaper {
    /// Whether files can be put there.
    pub(super) fn offers(&self, place: Place) -> bool {
        let functions = &self.functions;
        let exact = functions.exact().is_some();
        match place {
            Place::Cursor => functions.insert_media.is_some() || exact && functions.cursor.is_some(),
            Place::TimeSelection => {
                let by_cursor = functions.insert_media.is_some() && functions.set_cursor.is_some();
                functions.time_selection.is_some() && (exact || by_cursor)
            }
        }
    }

    /// Puts `files` one after the other, as one step of undo.
    ///
    /// # Errors
    /// If REAPER refuses, or if there is no time selection.
    pub(super) fn insert(&self, files: &Files, place: Place) -> Result<(), Failure> {
        let [project, track] = [Around::Project, Around::Track].map(|what| (self.around)(what));
        Insertion { functions: &self.functions, project, track }.run(files, place)
    }
}

impl Insertion<'_> {
    fn run(&self, files: &Files, place: Place) -> Result<(), Failure> {
        let functions = self.functions;
        let span = self.span(place)?;
        if let Some(begin) = functions.begin_undo {
            // SAFETY: REAPER's own function with its own project.
            unsafe { begin(self.project) };
        }
        let exact = functions.exact().filter(|_| !self.track.is_null());
        let result = match (exact, &span) {
            (Some(exact), Some(span)) => self.insert_exactly(exact, files, span),
            _ => self.insert_media(files, span.as_ref()),
        };
        if let Some(end) = functions.end_undo {
            // SAFETY: as above; the text is copied.
            unsafe { end(self.project, c"Insert sound from Straightshot".as_ptr(), ANYTHING) };
        }
        if let Some(update) = functions.update {
            // SAFETY: takes nothing.
            unsafe { update() };
        }
        result
    }

    /// Where it goes; `None` if only REAPER itself knows.
    fn span(&self, place: Place) -> Result<Option<Span>, Failure> {
        let functions = self.functions;
        if place == Place::Cursor {
            // SAFETY: REAPER's own function with its own project.
            let at = functions.cursor.map(|cursor| unsafe { cursor(self.project) });
            return Ok(at.map(|from| Span { from, most: f64::INFINITY }));
        }
        let (mut from, mut to) = (0.0, 0.0);
        let selection = functions.time_selection.ok_or_else(|| failed("REAPER tells no time selection."))?;
        // SAFETY: asks and does not set; both places are there during the call.
        unsafe { selection(self.project, false, false, &raw mut from, &raw mut to, false) };
        if to <= from {
            return Err(failed("There is no time selection in REAPER: drag over the ruler first."));
        }
        Ok(Some(Span { from, most: to - from }))
    }

    /// As items on the plugin's own track.
    fn insert_exactly(&self, exact: Exact, files: &Files, span: &Span) -> Result<(), Failure> {
        let mut passed = 0.0;
        for path in files.paths() {
            if passed >= span.most {
                break;
            }
            passed += self.insert_item(exact, path, span.from + passed, span.most - passed)?;
        }
        if let Some(command) = self.functions.command {
            // SAFETY: a command of REAPER's own list.
            unsafe { command(BUILD_PEAKS, 0) };
        }
        Ok(())
    }

    /// One file as an item at `from`, cut to `most` seconds; returns its length.
    fn insert_item(&self, exact: Exact, path: &Path, from: f64, most: f64) -> Result<f64, Failure> {
        let refused = || failed("REAPER did not take the sound.");
        let name = c_path(path)?;
        // SAFETY: the path is a string that lives until the call returns.
        let source = unsafe { (exact.open_source)(name.as_ptr()) };
        if source.is_null() {
            return Err(refused());
        }
        let mut in_beats = false;
        // SAFETY: a source of REAPER's; the place is there during the call.
        let length = unsafe { (exact.source_length)(source, &raw mut in_beats) }.min(most);
        // SAFETY: the track is that of the instance, which is alive.
        let item = unsafe { (exact.add_item)(self.track) };
        if item.is_null() {
            return Err(refused());
        }
        // SAFETY: the item was just made.
        let take = unsafe { (exact.add_take)(item) };
        // SAFETY: as above; the take owns the source from now on.
        if take.is_null() || !unsafe { (exact.set_source)(take, source) } {
            return Err(refused());
        }
        let set = |name: &CStr, value: f64| {
            // SAFETY: the item was just made; the name is one of REAPER's.
            unsafe { (exact.set_item_value)(item, name.as_ptr(), value) };
        };
        set(c"D_POSITION", from);
        set(c"D_LENGTH", length);
        // What is dragged longer later shall not begin anew.
        set(c"B_LOOPSRC", 0.0);
        self.name_take(take, path);
        Ok(length)
    }

    /// Gives a take the name of its file, as REAPER does with what is dropped.
    fn name_take(&self, take: Thing, path: &Path) {
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned());
        let name = name.and_then(|name| CString::new(name).ok());
        if let (Some(text), Some(name)) = (self.functions.take_text, name) {
            let name = name.into_raw();
            // SAFETY: it sets the name and does not write to it, though it is declared so.
            unsafe { text(take, c"P_NAME".as_ptr(), name, true) };
            // SAFETY: made by `into_raw` above.
            drop(unsafe { CString::from_raw(name) });
        }
    }

    /// By REAPER's own way, onto the selected track; the cursor is moved to where the files shall go.
    fn insert_media(&self, files: &Files, span: Option<&Span>) -> Result<(), Failure> {
        let insert = self.functions.insert_media.ok_or_else(|| failed("REAPER takes no sounds here."))?;
        if let (Some(set), Some(span)) =
            (self.functions.set_cursor, span.filter(|span| span.most.is_finite()))
        {
            // SAFETY: REAPER's own function with its own project; the view and what plays stay.
            unsafe { set(self.project, span.from, false, false) };
        }
        for path in files.paths() {
            let name = c_path(path)?;
            // SAFETY: the path is a string that lives until the call returns.
            unsafe { insert(name.as_ptr(), SELECTED_TRACK) };
        }
        Ok(())
    }
}

/// A path in REAPER's words, which are UTF-8 on all systems.
fn c_path(path: &Path) -> Result<CString, Failure> {
    let text = path.to_str().and_then(|text| CString::new(text).ok());
    text.ok_or_else(|| failed("REAPER cannot take files with such a name."))
}

fn failed(text: &str) -> Failure {
    Failure::new(ErrorKind::Io, text)
}

#[cfg(test)]
mod tests;
