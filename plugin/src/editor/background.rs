//! The thread of an open window: watches for changes, finds fonts, remembers the arrangement.
//!
//! The window itself is drawn only when something has changed. This thread looks for that ten times a second, which costs
//! next to nothing, while a drawn picture costs milliseconds and, without a graphics card, a good part of a core.
//!
//! It begins when a window opens and ends before the window is gone: its [`Guard`] lies in egui's memory of that window, and
//! nothing here holds on to the window but by the [`WindowWaker`], which keeps nothing alive.

use super::fonts::SystemFonts;
use super::prefs::Prefs;
use crate::editor::link::EditorLink;
use crate::params::StraightshotParams;
use crossbeam_channel::{Receiver, RecvTimeoutError, Sender};
use egui::epaint::text::{FallbackRequest, FontInsert, FontProvider};
use egui::{Context, Id};
use nice_plug_egui::baseview::WindowWaker;
use parking_lot::Mutex;
use std::sync::{Arc, Weak};
use std::thread::JoinHandle;
use std::time::Duration;

/// Time between two looks: how late an automated parameter or a restored session is seen.
const LOOK_INTERVAL: Duration = Duration::from_millis(100);

/// What the thread is asked for.
enum Wish {
    /// A font that has this character.
    Character(char),
    /// That this arrangement is remembered.
    Remember(Prefs),
    /// That it ends.
    End,
}

/// What the thread has found.
#[derive(Default)]
struct Found {
    /// Once: the remembered arrangement.
    prefs: Option<Prefs>,
    /// Fonts for characters that had none.
    fonts: Vec<FontInsert>,
}

/// A window's handle on its thread; without a thread all wishes stay unfulfilled.
#[derive(Default)]
pub(super) struct Background {
    guard: Weak<Guard>,
    found: Arc<Mutex<Found>>,
}

impl Background {
    /// Starts the thread of the window that `ctx` belongs to and `waker` wakes.
    pub(super) fn start(
        ctx: &Context,
        waker: WindowWaker,
        link: EditorLink,
        params: Arc<StraightshotParams>,
    ) -> Self {
        let (wishes, inbox) = crossbeam_channel::unbounded();
        let found = Arc::<Mutex<Found>>::default();
        let watcher = Watcher { link, params, waker, found: found.clone(), fonts: SystemFonts::default() };
        let thread = std::thread::Builder::new().name("straightshot-window".into());
        let Ok(thread) = thread.spawn(move || watcher.run(&inbox)) else { return Self::default() };
        ctx.add_font_provider(Arc::new(Wishes(wishes.clone())));
        let guard = Arc::new(Guard { wishes, thread: Mutex::new(Some(thread)) });
        let handle = Self { guard: Arc::downgrade(&guard), found };
        ctx.data_mut(|data| data.insert_temp(Id::unique("straightshot background"), guard));
        handle
    }

    /// The remembered arrangement, once after the start.
    pub(super) fn take_prefs(&self) -> Option<Prefs> {
        self.found.lock().prefs.take()
    }

    /// Gives the fonts that were found to `ctx`.
    pub(super) fn hand_over_fonts(&self, ctx: &Context) {
        for font in std::mem::take(&mut self.found.lock().fonts) {
            ctx.add_font(font);
        }
    }

    /// Remembers `prefs` for all projects.
    pub(super) fn remember(&self, prefs: Prefs) {
        if let Some(guard) = self.guard.upgrade() {
            let _ = guard.wishes.send(Wish::Remember(prefs));
        }
    }
}

/// Ends the thread and waits for it when it goes away, which is when the window does.
struct Guard {
    wishes: Sender<Wish>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl Drop for Guard {
    fn drop(&mut self) {
        let _ = self.wishes.send(Wish::End);
        if let Some(thread) = self.thread.lock().take() {
            // It catches nothing: a panic there has ended the thread, and the window goes on without it.
            let _ = thread.join();
        }
    }
}

/// Passes on which characters egui has no font for. The answer is always "not yet".
struct Wishes(Sender<Wish>);

impl FontProvider for Wishes {
    fn font_for(&self, request: &FallbackRequest<'_>) -> Option<FontInsert> {
        let first = request.cluster.chars().next().filter(|first| !first.is_control())?;
        let _ = self.0.send(Wish::Character(first));
        None
    }
}

/// What the thread works with.
struct Watcher {
    link: EditorLink,
    params: Arc<StraightshotParams>,
    waker: WindowWaker,
    found: Arc<Mutex<Found>>,
    fonts: SystemFonts,
}

impl Watcher {
    fn run(mut self, inbox: &Receiver<Wish>) {
        let data = straightshot_takes::data_folder();
        self.found.lock().prefs = data.as_deref().map(Prefs::read);
        self.waker.request_redraw();
        let mut seen = (self.link.fingerprint(), self.params.fingerprint());
        let mut unwritten: Option<Prefs> = None;
        loop {
            match inbox.recv_timeout(LOOK_INTERVAL) {
                Ok(Wish::Character(wanted)) => {
                    if let Some(font) = self.fonts.font_for(wanted) {
                        self.found.lock().fonts.push(font);
                        self.waker.request_redraw();
                    }
                }
                Ok(Wish::Remember(prefs)) => unwritten = Some(prefs),
                Err(RecvTimeoutError::Timeout) => {
                    // Not while a border is being dragged.
                    if let (Some(prefs), Some(data)) = (unwritten.take(), &data) {
                        prefs.write(data);
                    }
                }
                Ok(Wish::End) | Err(RecvTimeoutError::Disconnected) => break,
            }
            let now = (self.link.fingerprint(), self.params.fingerprint());
            if now != seen {
                seen = now;
                self.waker.request_redraw();
            }
        }
        if let (Some(prefs), Some(data)) = (unwritten, &data) {
            prefs.write(data);
        }
    }
}
