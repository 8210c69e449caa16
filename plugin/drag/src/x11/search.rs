//! Which window under the pointer takes files.

use super::connection::{Connection, Result, XDND_VERSION};
use super::dialogue::Target;
use x11rb::errors::ReplyError;
use x11rb::protocol::xproto::{Atom, AtomEnum, ConnectionExt as _, Window};

/// Deepest nesting of windows that is followed.
const DEPTH: usize = 32;
/// The oldest version that is spoken: what came before had no actions and is in no program any more.
const OLDEST_VERSION: u32 = 3;
/// How far from the plugin's window, in pixels, a place in its host's window is no slip of the hand any more.
const SLIP: i32 = 300;

/// Finds targets for one drag.
pub(super) struct Search<'a> {
    connection: &'a Connection,
    root: Window,
    /// The plugin's window.
    from: Window,
    /// The window on the screen that it is in: its host's.
    host: Window,
}

impl<'a> Search<'a> {
    /// A search for a drag out of the window `from`.
    pub(super) fn new(connection: &'a Connection, from: Window) -> Result<Self> {
        let mut host = from;
        loop {
            let tree = connection.server.query_tree(host)?.reply()?;
            if tree.parent == tree.root || tree.parent == 0 {
                return Ok(Self { connection, root: tree.root, from, host });
            }
            host = tree.parent;
        }
    }

    /// The screen that the plugin's window is on.
    pub(super) fn root(&self) -> Window {
        self.root
    }

    /// What takes files at this place of the screen. A window that vanishes meanwhile takes none.
    pub(super) fn at(&self, at: (i16, i16)) -> Result<Option<Target>> {
        absent(self.walk(at)).map(Option::flatten)
    }

    /// From the screen inwards: the first window that knows XDND is the target, as other sources have it.
    fn walk(&self, at: (i16, i16)) -> Result<Option<Target>> {
        let mut window = self.root;
        for _ in 0..DEPTH {
            window =
                self.connection.server.translate_coordinates(self.root, window, at.0, at.1)?.reply()?.child;
            if window == 0 {
                break;
            }
            if window == self.from || window == self.host && self.is_near_plugin(at)? {
                return Ok(None);
            }
            if let Some(target) = self.target(window)? {
                return Ok(Some(target));
            }
        }
        // A desktop with icons is often a window that the screen names as its proxy.
        if self.proxy(self.root)?.is_some() { self.target(self.root) } else { Ok(None) }
    }

    /// Whether a place in the host's window is too near to the plugin to be meant. In a window of the plugin's own
    /// everything is; where the plugin is docked beside a timeline, the timeline is meant.
    fn is_near_plugin(&self, (x, y): (i16, i16)) -> Result<bool> {
        let server = &self.connection.server;
        let size = server.get_geometry(self.from)?.reply()?;
        let inside = server.translate_coordinates(self.root, self.from, x, y)?.reply()?;
        let beside = |at: i16, size: u16| (-i32::from(at)).max(i32::from(at) - i32::from(size));
        let distance = beside(inside.dst_x, size.width).max(beside(inside.dst_y, size.height));
        Ok(distance < SLIP)
    }

    /// The window as a target, if it is one.
    fn target(&self, window: Window) -> Result<Option<Target>> {
        let receiver = self.proxy(window)?.unwrap_or(window);
        let aware = self.number(receiver, self.connection.atoms.XdndAware, AtomEnum::ANY.into())?;
        let version = aware.filter(|version| *version >= OLDEST_VERSION);
        Ok(version.map(|version| Target { window, receiver, version: version.min(XDND_VERSION) }))
    }

    /// The window that speaks for `window`. A proxy names itself as its own; else it is a leftover of a program that
    /// has gone.
    fn proxy(&self, window: Window) -> Result<Option<Window>> {
        let name = self.connection.atoms.XdndProxy;
        let Some(proxy) = self.number(window, name, AtomEnum::WINDOW.into())? else { return Ok(None) };
        let own = absent(self.number(proxy, name, AtomEnum::WINDOW.into()))?.flatten();
        Ok((own == Some(proxy)).then_some(proxy))
    }

    fn number(&self, window: Window, name: Atom, kind: Atom) -> Result<Option<u32>> {
        let property = self.connection.server.get_property(false, window, name, kind, 0, 1)?.reply()?;
        Ok(property.value32().and_then(|mut values| values.next()))
    }
}

/// A refusal of the server as `None`: what was asked about is gone. A lost connection stays an error.
fn absent<T>(answer: Result<T>) -> Result<Option<T>> {
    match answer {
        Ok(value) => Ok(Some(value)),
        Err(ReplyError::X11Error(_)) => Ok(None),
        Err(lost) => Err(lost),
    }
}
