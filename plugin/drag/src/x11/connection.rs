//! A connection to the server with a window of its own, which owns a selection.

use super::dialogue::Message;
use straightshot_protocol::Failure;
use x11rb::connection::Connection as _;
use x11rb::errors::{ConnectionError, ReplyError};
use x11rb::protocol::Event;
use x11rb::protocol::xproto::{
    Atom, AtomEnum, ChangeWindowAttributesAux, ClientMessageEvent, ConnectionExt as _, CreateWindowAux,
    EventMask, PropMode, Screen, Timestamp, Window, WindowClass,
};
use x11rb::rust_connection::RustConnection;
use x11rb::wrapper::ConnectionExt as _;

x11rb::atom_manager! {
    /// Names that are agreed upon.
    pub(super) Atoms: AtomsCookie {
        XdndAware, XdndProxy, XdndEnter, XdndPosition, XdndStatus, XdndLeave, XdndDrop, XdndFinished,
        XdndSelection, XdndActionCopy, XdndTypeList,
        CLIPBOARD, CLIPBOARD_MANAGER, SAVE_TARGETS, TARGETS, TIMESTAMP, MULTIPLE, ATOM_PAIR,
        _NET_WM_WINDOW_TYPE, _NET_WM_WINDOW_TYPE_DND,
        UriList: b"text/uri-list",
        CopiedFiles: b"x-special/gnome-copied-files",
        Utf8Text: b"text/plain;charset=utf-8",
        PlainText: b"text/plain",
        UTF8_STRING,
        StraightshotTime: b"STRAIGHTSHOT_TIME",
        StraightshotStop: b"STRAIGHTSHOT_STOP",
        StraightshotTargets: b"STRAIGHTSHOT_TARGETS",
    }
}

/// The highest version of XDND that is spoken here.
pub(super) const XDND_VERSION: u32 = 5;

/// What the server was asked for and could not do, or that it is gone.
pub(super) type Result<T> = std::result::Result<T, ReplyError>;

/// A connection of its own, an invisible window on it, and the names.
pub(super) struct Connection {
    pub(super) server: RustConnection,
    pub(super) screen: usize,
    pub(super) atoms: Atoms,
    /// Owns selections and gets the answers.
    pub(super) window: Window,
}

impl Connection {
    /// Connects to the server called `display`, or to that which `DISPLAY` names.
    pub(super) fn open(display: Option<&str>) -> std::result::Result<Self, Failure> {
        let (server, screen) = x11rb::connect(display)
            .map_err(|e| super::trouble("The X11 display could not be reached.", &e))?;
        Self::set_up(server, screen).map_err(|e| super::trouble("The X11 display refused a window.", &e))
    }

    fn set_up(
        server: RustConnection,
        screen: usize,
    ) -> std::result::Result<Self, x11rb::errors::ReplyOrIdError> {
        let atoms = Atoms::new(&server)?.reply()?;
        let window = server.generate_id()?;
        let root = server.setup().roots[screen].root;
        let settings = CreateWindowAux::new().override_redirect(1).event_mask(EventMask::PROPERTY_CHANGE);
        server
            .create_window(0, window, root, -10, -10, 1, 1, 0, WindowClass::INPUT_ONLY, 0, &settings)?
            .check()?;
        Ok(Self { server, screen, atoms, window })
    }

    /// The screen of this connection.
    pub(super) fn screen(&self) -> &Screen {
        &self.server.setup().roots[self.screen]
    }

    /// The server's time now; selections are owned from a time on, which must be its own.
    pub(super) fn time(&self) -> Result<Timestamp> {
        let name = self.atoms.StraightshotTime;
        self.server.change_property8(PropMode::APPEND, self.window, name, AtomEnum::STRING, &[])?;
        self.server.flush()?;
        loop {
            if let Event::PropertyNotify(event) = self.server.wait_for_event()?
                && event.atom == name
            {
                // What receivers do to this window from now on is of no interest.
                let nothing = ChangeWindowAttributesAux::new().event_mask(EventMask::NO_EVENT);
                self.server.change_window_attributes(self.window, &nothing)?;
                return Ok(event.time);
            }
        }
    }

    /// Becomes the owner of `selection`. Returns from when on, or `None` if another program was faster.
    pub(super) fn own(&self, selection: Atom) -> Result<Option<Timestamp>> {
        let time = self.time()?;
        self.server.set_selection_owner(self.window, selection, time)?;
        let owner = self.server.get_selection_owner(selection)?.reply()?.owner;
        Ok((owner == self.window).then_some(time))
    }

    /// Says `message` to its target. A target that is gone by now is not worth an error.
    pub(super) fn say(
        &self,
        message: Message,
        time: Timestamp,
        types: &[Atom],
    ) -> std::result::Result<(), ConnectionError> {
        let atoms = &self.atoms;
        let first = |index: usize| types.get(index).copied().unwrap_or_default();
        let (target, kind, data) = match message {
            Message::Enter(target) => {
                let more = u32::from(types.len() > 3);
                let version = target.version << 24 | more;
                (target, atoms.XdndEnter, [version, first(0), first(1), first(2)])
            }
            Message::Position(target, at) => {
                (target, atoms.XdndPosition, [0, packed(at), time, atoms.XdndActionCopy])
            }
            Message::Leave(target) => (target, atoms.XdndLeave, [0; 4]),
            Message::Drop(target) => (target, atoms.XdndDrop, [0, time, 0, 0]),
        };
        let data = [self.window, data[0], data[1], data[2], data[3]];
        let event = ClientMessageEvent::new(32, target.window, kind, data);
        self.server.send_event(false, target.receiver, EventMask::NO_EVENT, event)?;
        Ok(())
    }
}

/// Both halves of a place on the screen in one number. A place left of or above the screen's corner is on its edge.
fn packed((x, y): (i16, i16)) -> u32 {
    let half = |value: i16| u32::from(value.max(0).unsigned_abs());
    half(x) << 16 | half(y)
}
