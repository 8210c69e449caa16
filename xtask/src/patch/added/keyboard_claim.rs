//! Who gets the keys while the window lies inside a host's window on X11. Added to baseview by Straightshot.
//!
//! The keyboard is the host's. X11 hands keys to the window under the pointer, whoever has the focus, unless that window
//! does not ask for keys; so the window asks for none, and they reach the host. Once something in the window that was
//! clicked takes text, the window claims the keyboard: it asks for keys and takes the focus. It gives back both when
//! nothing takes text any more, on a click anywhere else, or when it is closed; and it drops the claim when the focus
//! goes elsewhere. Keys that it has no use for meanwhile are sent on to the window that had the focus before.

use super::prelude::*;
use std::cell::RefCell;
use std::io::IoSlice;
use std::ops::RangeInclusive;
use std::time::{Duration, Instant};
use x11rb::CURRENT_TIME;
use x11rb::connection::RequestConnection;
use x11rb::errors::ReplyError;
use x11rb::protocol::Event as XEvent;
use x11rb::protocol::xproto::{
    ChangeWindowAttributesAux, EventMask, FocusInEvent, GetInputFocusReply, InputFocus, KeyPressEvent,
    NotifyDetail, NotifyMode, Window,
};

/// How long a window manager may take to activate the host's window after a click into ours.
const ACTIVATION: Duration = Duration::from_millis(300);
/// How long after a click a late activation of the host's window is not taken for the end of the claim.
const CLICK_LASTS: Duration = Duration::from_secs(1);
/// When to look again where something had to be waited for.
const AGAIN: Duration = Duration::from_millis(20);
/// The largest number that names no window but a state of the focus: nobody, or whatever is under the pointer.
const POINTER_ROOT: Window = 1;
/// The buttons that stand for a wheel.
const WHEEL: RangeInclusive<u32> = 4..=7;
/// Keys, as an event mask.
const KEYS: u32 = 0b11;
/// XInput's requests and its event of a button pressed anywhere.
const XI_SELECT_EVENTS: u8 = 46;
const XI_QUERY_VERSION: u8 = 47;
const XI_RAW_BUTTON_PRESS: u16 = 15;
/// XInput's number for all pointers together.
const XI_ALL_MASTER_DEVICES: u16 = 1;
/// Set in events that come from a program and not from the server.
const SENT: u8 = 0x80;
/// X11's number of all extensions' long events.
const GENERIC_EVENT: u8 = 35;

/// A press of a button in the window.
#[derive(Clone, Copy)]
struct Click {
    at: Instant,
    /// Who had the focus then.
    focus: Window,
}

/// The window's claim to the keyboard; belongs to the window's thread.
pub struct KeyboardClaim {
    connection: Rc<X11Connection>,
    window: Window,
    /// Whether the window lies inside another; one of its own always asks for keys and leaves the focus to the window
    /// manager.
    embedded: Cell<bool>,
    /// The last click, until the keyboard went elsewhere.
    click: Cell<Option<Click>>,
    /// Who had the focus before; some while the claim is held.
    before: Cell<Option<Window>>,
    /// Keys that were pressed for the window.
    pressed: RefCell<Vec<u8>>,
    /// Keys whose press was sent on to the host.
    sent_on: RefCell<Vec<u8>>,
    /// XInput's major opcode, if the server has the extension.
    xinput: Option<u8>,
}

impl KeyboardClaim {
    pub fn new(connection: Rc<X11Connection>, window: Window, embedded: bool) -> PlatformResult<Self> {
        let xinput = connection.conn.extension_information("XInputExtension")?;
        let claim = Self {
            window,
            embedded: false.into(),
            click: None.into(),
            before: None.into(),
            pressed: RefCell::default(),
            sent_on: RefCell::default(),
            xinput: xinput.map(|extension| extension.major_opcode),
            connection,
        };
        claim.announce_xinput()?;
        if embedded {
            claim.embed()?;
        }
        Ok(claim)
    }

    /// The window lies inside another one now.
    pub fn embed(&self) -> PlatformResult<()> {
        self.embedded.set(true);
        self.ask_for_keys(false)
    }

    /// A button was pressed in the window.
    pub fn clicked(&self, button: u8) {
        if WHEEL.contains(&button.into()) {
            return;
        }
        if let Some(focus) = or_warn(self.focus()) {
            self.click.set(Some(Click { at: Instant::now(), focus }));
        }
    }

    /// Whether something in the window takes text; to be told after every frame. Returns when to be told again at
    /// the latest, if not only with the next frame.
    pub fn want(&self, wanted: bool) -> Option<Duration> {
        if !self.embedded.get() || wanted == self.before.get().is_some() {
            return None;
        }
        let done = or_warn(if wanted { self.take() } else { self.give_back_after_release() });
        (done == Some(false)).then_some(AGAIN)
    }

    /// The window has got the focus; returns whether that is news for it.
    pub fn focused(&self, event: &FocusInEvent) -> bool {
        let is_news = is_of_the_window(event);
        if is_news && self.embedded.get() && self.before.get().is_none() {
            // A host may give it the focus on its own account; then its keys are sent back to the host one by one.
            or_warn(self.ask_for_keys(true));
        }
        is_news
    }

    /// The window has lost the focus; returns whether that is news for it.
    pub fn unfocused(&self, event: &FocusInEvent) -> bool {
        if !self.embedded.get() {
            return is_of_the_window(event);
        }
        is_of_the_window(event) && or_warn(self.lost(event.detail)) != Some(false)
    }

    /// Drops the claim because the focus has moved. Returns whether it was not only to the host's window that was
    /// activated late.
    fn lost(&self, detail: NotifyDetail) -> PlatformResult<bool> {
        let focus = self.focus()?;
        if focus == self.window {
            // Taken again since.
            return Ok(false);
        }
        // Straight to a window around ours goes only an activation. To one beside it the focus may also have come by
        // way of another program; hosts that use such windows move it there at once.
        let lasts = if detail == NotifyDetail::ANCESTOR { CLICK_LASTS } else { ACTIVATION };
        let recent = self.click.get().is_some_and(|click| click.at.elapsed() < lasts);
        let late_activation = self.before.get().is_some() && recent && self.is_in_our_top_level(focus);
        self.drop_claim()?;
        if !late_activation {
            self.click.set(None);
        }
        Ok(!late_activation)
    }

    /// Looks at an event that the event loop does not know: a click anywhere on the screen ends the claim.
    pub fn unknown_event(&self, event: &XEvent) {
        let XEvent::Unknown(bytes) = event else { return };
        let is_click = self.before.get().is_some() && self.is_raw_click(bytes);
        if is_click && or_warn(self.pointer_is_inside()) == Some(false) {
            or_warn(self.give_back());
        }
    }

    /// Takes note of a pressed key, or sends it on to the host if the window has no use for it.
    pub fn key_pressed(&self, event: &KeyPressEvent, is_used: bool) {
        let list = if is_used { &self.pressed } else { &self.sent_on };
        if !list.borrow().contains(&event.detail) {
            list.borrow_mut().push(event.detail);
        }
        if !is_used {
            or_warn(self.send_on(event));
        }
    }

    /// Sends a released key on to the host if its press was sent there.
    pub fn key_released(&self, event: &KeyPressEvent) {
        self.pressed.borrow_mut().retain(|key| *key != event.detail);
        let mut sent_on = self.sent_on.borrow_mut();
        if let Some(index) = sent_on.iter().position(|key| *key == event.detail) {
            sent_on.remove(index);
            or_warn(self.send_on(event));
        }
    }

    /// The window is about to go.
    pub fn closing(&self) {
        or_warn(self.give_back());
    }

    /// Gives the keyboard back to whoever had it.
    fn give_back(&self) -> PlatformResult<()> {
        self.click.set(None);
        let Some(before) = self.before.get() else { return Ok(()) };
        // Nobody is a state in which keys are lost, and a window may be gone.
        if before == 0 || self.move_focus(self.window, before).is_err() {
            self.move_focus(self.window, self.parent()?)?;
        }
        self.drop_claim()
    }

    /// Like [`Self::give_back`], but waits until the key is up that the field was left with: hosts act on its release
    /// too. Returns whether that is the case.
    fn give_back_after_release(&self) -> PlatformResult<bool> {
        let down = self.connection.conn.query_keymap()?.reply()?.keys;
        let is_down = |key: &u8| down[usize::from(key / 8)] & (1 << (key % 8)) != 0;
        if self.pressed.borrow().iter().any(is_down) {
            return Ok(false);
        }
        self.give_back()?;
        Ok(true)
    }

    /// Takes the keyboard if somebody clicked here and has not gone elsewhere since. Returns whether that is settled.
    fn take(&self) -> PlatformResult<bool> {
        let Some(click) = self.click.get() else { return Ok(true) };
        let focus = self.focus()?;
        if focus == self.window {
            return Ok(true);
        }
        let unmoved = focus == click.focus;
        // Without a window manager nobody activates the host's window; some hosts have windows that never are.
        let not_activated = unmoved && click.at.elapsed() >= ACTIVATION;
        if focus <= POINTER_ROOT || self.is_in_our_top_level(focus) || not_activated {
            self.ask_for_keys(true)?;
            let moved = self.move_focus(focus, self.window);
            if let Ok(true) = moved {
                self.before.set(Some(focus));
                self.listen_for_clicks(true)?;
                return Ok(true);
            }
            self.ask_for_keys(false)?;
            moved?;
        } else if !unmoved {
            self.click.set(None);
            return Ok(true);
        }
        Ok(false)
    }

    /// Ends the claim; the focus stays where it is.
    fn drop_claim(&self) -> PlatformResult<()> {
        self.ask_for_keys(false)?;
        self.pressed.borrow_mut().clear();
        if self.before.take().is_some() {
            self.listen_for_clicks(false)?;
        }
        Ok(())
    }

    fn focus(&self) -> PlatformResult<Window> {
        Ok(self.connection.conn.get_input_focus()?.reply()?.focus)
    }

    /// Moves the focus if it still is at `from`. The server serves nobody else between question and answer, so that the
    /// focus of a program activated just now is never taken.
    fn move_focus(&self, from: Window, to: Window) -> Result<bool, ReplyError> {
        let conn = &self.connection.conn;
        conn.grab_server()?;
        let moved = match conn.get_input_focus()?.reply() {
            // Should the window vanish, the focus goes to the next one around it: to the host.
            Ok(now) if now.focus == from => {
                conn.set_input_focus(InputFocus::PARENT, to, CURRENT_TIME)?.check().map(|()| true)
            }
            Ok(_) => Ok(false),
            Err(error) => Err(error),
        };
        conn.ungrab_server()?;
        conn.flush()?;
        moved
    }

    fn ask_for_keys(&self, on: bool) -> PlatformResult<()> {
        let conn = &self.connection.conn;
        let mask = u32::from(conn.get_window_attributes(self.window)?.reply()?.your_event_mask);
        let mask = if on { mask | KEYS } else { mask & !KEYS };
        let changed = ChangeWindowAttributesAux::new().event_mask(EventMask::from(mask));
        conn.change_window_attributes(self.window, &changed)?.check()?;
        Ok(())
    }

    /// The window between ours and the screen that a window manager handles.
    fn top_level(&self, mut window: Window) -> Result<Window, ReplyError> {
        loop {
            let tree = self.connection.conn.query_tree(window)?.reply()?;
            if tree.parent == tree.root || tree.parent == 0 {
                return Ok(window);
            }
            window = tree.parent;
        }
    }

    fn is_in_our_top_level(&self, focus: Window) -> bool {
        // The other window may be gone meanwhile.
        matches!((self.top_level(focus), self.top_level(self.window)), (Ok(its), Ok(ours)) if its == ours)
    }

    fn parent(&self) -> PlatformResult<Window> {
        Ok(self.connection.conn.query_tree(self.window)?.reply()?.parent)
    }

    /// Whether the pointer is in the window and not in one that covers it.
    fn pointer_is_inside(&self) -> PlatformResult<bool> {
        let mut window = self.connection.default_screen().root;
        while window != self.window {
            window = self.connection.conn.query_pointer(window)?.reply()?.child;
            if window == 0 {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn send_on(&self, event: &KeyPressEvent) -> PlatformResult<()> {
        // What was sent by a host and not by the server would come back from it for ever.
        if !self.embedded.get() || event.response_type & SENT != 0 {
            return Ok(());
        }
        let before = self.before.get().filter(|window| *window > POINTER_ROOT);
        let host = before.map_or_else(|| self.parent(), Ok)?;
        let event = KeyPressEvent { event: host, child: 0, ..*event };
        self.connection.conn.send_event(true, host, EventMask::from(KEYS), event)?.check()?;
        Ok(())
    }

    /// Tells the server which XInput we know, as it asks of every program: clicks are also reported while another
    /// program holds the pointer since 2.1.
    fn announce_xinput(&self) -> PlatformResult<()> {
        let Some(opcode) = self.xinput else { return Ok(()) };
        let mut request = vec![opcode, XI_QUERY_VERSION];
        for word in [2_u16, 2, 2] {
            request.extend(word.to_ne_bytes());
        }
        // x11rb's module for XInput is not compiled in. The reply, of which nothing is needed, is as long as this one.
        self.connection
            .conn
            .send_request_with_reply::<GetInputFocusReply>(&[IoSlice::new(&request)], Vec::new())?
            .reply()?;
        Ok(())
    }

    /// Asks the server to report clicks anywhere on the screen, which takes them from nobody.
    fn listen_for_clicks(&self, on: bool) -> PlatformResult<()> {
        let Some(opcode) = self.xinput else { return Ok(()) };
        let root = self.connection.default_screen().root;
        let mask = if on { 1_u32 << XI_RAW_BUTTON_PRESS } else { 0 };
        let mut request = vec![opcode, XI_SELECT_EVENTS];
        request.extend(5_u16.to_ne_bytes()); // Length in units of four bytes.
        request.extend(root.to_ne_bytes());
        for word in [1_u16, 0, XI_ALL_MASTER_DEVICES, 1] {
            request.extend(word.to_ne_bytes());
        }
        request.extend(mask.to_ne_bytes());
        self.connection.conn.send_request_without_reply(&[IoSlice::new(&request)], Vec::new())?.check()?;
        Ok(())
    }

    /// Whether these bytes are XInput's event of a pressed button other than those that a wheel stands for.
    fn is_raw_click(&self, bytes: &[u8]) -> bool {
        let kind = bytes.get(8..10).and_then(|kind| kind.try_into().ok()).map(u16::from_ne_bytes);
        let button = bytes.get(16..20).and_then(|button| button.try_into().ok()).map(u32::from_ne_bytes);
        bytes.first().is_some_and(|first| first & !SENT == GENERIC_EVENT)
            && self.xinput.is_some_and(|opcode| bytes.get(1) == Some(&opcode))
            && kind == Some(XI_RAW_BUTTON_PRESS)
            && button.is_some_and(|button| !WHEEL.contains(&button))
    }
}

/// Whether the focus moved to or from the window itself: it is also told when the pointer is in it and the focus moves
/// elsewhere, and when a program takes all keys for a moment, as for a shortcut of the desktop.
fn is_of_the_window(event: &FocusInEvent) -> bool {
    let elsewhere = [NotifyDetail::POINTER, NotifyDetail::POINTER_ROOT, NotifyDetail::NONE];
    let for_a_moment = [NotifyMode::GRAB, NotifyMode::UNGRAB];
    !elsewhere.contains(&event.detail) && !for_a_moment.contains(&event.mode)
}

/// What became of something whose failure is no reason to close the window.
fn or_warn<T>(result: PlatformResult<T>) -> Option<T> {
    result.inspect_err(|error| warn!("the keyboard's owner is not as it should be: {}", error)).ok()
}
