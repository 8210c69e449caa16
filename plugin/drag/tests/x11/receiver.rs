//! A program that takes drops, with the habits that it is told.

use crate::user::{Screen, window};
use std::sync::mpsc::{Receiver as Inbox, Sender, channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};
use x11rb::connection::Connection as _;
use x11rb::protocol::Event;
use x11rb::protocol::xproto::{
    Atom, AtomEnum, ClientMessageEvent, ConnectionExt as _, EventMask, PropMode, Window,
};
use x11rb::rust_connection::RustConnection;
use x11rb::wrapper::ConnectionExt as _;

x11rb::atom_manager! {
    Atoms: AtomsCookie {
        XdndAware, XdndProxy, XdndEnter, XdndPosition, XdndStatus, XdndLeave, XdndDrop, XdndFinished,
        XdndSelection, XdndActionCopy, XdndTypeList, TARGETS, TIMESTAMP,
        UriList: b"text/uri-list", PlainText: b"text/plain", Answer: b"ANSWER",
    }
}

/// What a receiver does.
#[derive(Clone, Copy)]
pub(crate) struct Habits {
    /// The version that it announces.
    pub(crate) version: u32,
    /// Whether another window speaks for it.
    pub(crate) proxy: bool,
    /// Whether it takes anything.
    pub(crate) accepts: bool,
    /// How long it thinks before it answers a position.
    pub(crate) slowness: Duration,
    /// Whether it says at the end that it has the files.
    pub(crate) finishes: bool,
}

impl Default for Habits {
    fn default() -> Self {
        Self { version: 5, proxy: false, accepts: true, slowness: Duration::ZERO, finishes: true }
    }
}

/// What a receiver has seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Seen {
    /// A drag with this version and these types.
    Enter {
        version: u32,
        types: Vec<String>,
    },
    /// The pointer at this place; the only action.
    Position {
        at: (u16, u16),
        action: String,
    },
    Leave,
    /// What it got: the list of addresses, and the types that the source says it has.
    Dropped {
        addresses: String,
        targets: Vec<String>,
    },
}

/// A running receiver; its window is 300 by 200.
pub(crate) struct Receiver {
    seen: Inbox<Seen>,
    thread: Option<JoinHandle<()>>,
    stop: Sender<()>,
}

impl Receiver {
    /// Opens a window at `x`, `y` of the screen.
    pub(crate) fn open(screen: &Screen, x: i16, y: i16, habits: Habits) -> Self {
        Self::open_in(screen, None, (x, y, 300, 200), habits)
    }

    /// Opens a window inside another.
    pub(crate) fn open_in(
        screen: &Screen,
        parent: Option<Window>,
        place: (i16, i16, u16, u16),
        habits: Habits,
    ) -> Self {
        let (server, number) = x11rb::connect(Some(&screen.name)).unwrap();
        let root = server.setup().roots[number].root;
        let id = window(&server, parent.unwrap_or(root), place);
        let (sender, seen) = channel();
        let (stop, stopped) = channel();
        let mut program = Program::new(server, root, id, habits, sender);
        let run = move || {
            while stopped.try_recv().is_err() {
                program.hear();
                std::thread::sleep(Duration::from_millis(2));
            }
        };
        Self { seen, thread: Some(std::thread::spawn(run)), stop }
    }

    /// The next thing that it has seen, positions left out.
    pub(crate) fn next(&self) -> Seen {
        loop {
            match self.seen.recv_timeout(Duration::from_secs(20)).expect("the receiver saw nothing more") {
                Seen::Position { .. } => {}
                other => return other,
            }
        }
    }

    /// Waits for a position and returns it.
    pub(crate) fn position(&self) -> ((u16, u16), String) {
        loop {
            let seen = self.seen.recv_timeout(Duration::from_secs(20)).expect("the receiver saw no position");
            if let Seen::Position { at, action } = seen {
                return (at, action);
            }
        }
    }

    /// Whether it has seen nothing at all.
    pub(crate) fn is_untouched(&self) -> bool {
        self.seen.try_recv().is_err()
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        let _ = self.stop.send(());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

struct Program {
    server: RustConnection,
    atoms: Atoms,
    /// The window that others see.
    window: Window,
    /// The window that gets the messages.
    inbox: Window,
    habits: Habits,
    seen: Sender<Seen>,
    source: Window,
    /// Answers that wait for their time.
    answers: Vec<Instant>,
    targets: Vec<String>,
}

impl Program {
    fn new(server: RustConnection, root: Window, window: Window, habits: Habits, seen: Sender<Seen>) -> Self {
        let atoms = Atoms::new(&server).unwrap().reply().unwrap();
        let mut inbox = window;
        if habits.proxy {
            inbox = crate::user::window(&server, root, (-50, -50, 1, 1));
            for named in [window, inbox] {
                let kind = AtomEnum::WINDOW;
                server.change_property32(PropMode::REPLACE, named, atoms.XdndProxy, kind, &[inbox]).unwrap();
            }
        }
        let (name, kind) = (atoms.XdndAware, AtomEnum::ATOM);
        server.change_property32(PropMode::REPLACE, inbox, name, kind, &[habits.version]).unwrap();
        server.get_input_focus().unwrap().reply().unwrap();
        Self {
            server,
            atoms,
            window,
            inbox,
            habits,
            seen,
            source: 0,
            answers: Vec::new(),
            targets: Vec::new(),
        }
    }

    fn hear(&mut self) {
        while let Some(event) = self.server.poll_for_event().unwrap() {
            match event {
                Event::ClientMessage(event) => {
                    assert_eq!(event.window, self.window, "a message names the window that is meant");
                    self.message(event.type_, event.data.as_data32());
                }
                Event::SelectionNotify(event) => self.got(event.target, event.property),
                _ => {}
            }
        }
        let now = Instant::now();
        while self.answers.first().is_some_and(|due| *due <= now) {
            self.answers.remove(0);
            let flags = u32::from(self.habits.accepts) | 2;
            let action = if self.habits.accepts { self.atoms.XdndActionCopy } else { 0 };
            self.say(self.atoms.XdndStatus, [self.window, flags, 0, 0, action]);
        }
    }

    fn message(&mut self, kind: Atom, data: [u32; 5]) {
        let atoms = self.atoms;
        if kind == atoms.XdndEnter {
            self.source = data[0];
            let types =
                if data[1] & 1 == 0 { data[2..].to_vec() } else { self.list(data[0], atoms.XdndTypeList) };
            let types = types.into_iter().filter(|name| *name != 0).map(|name| self.name(name)).collect();
            self.tell(Seen::Enter { version: data[1] >> 24, types });
        } else if kind == atoms.XdndPosition {
            let [high, low] = [data[2] >> 16, data[2] & 0xffff].map(|half| u16::try_from(half).unwrap());
            let action = self.name(data[4]);
            self.tell(Seen::Position { at: (high, low), action });
            self.answers.push(Instant::now() + self.habits.slowness);
        } else if kind == atoms.XdndLeave {
            self.answers.clear();
            self.tell(Seen::Leave);
        } else if kind == atoms.XdndDrop {
            self.ask(atoms.TARGETS, data[2]);
            self.ask(atoms.UriList, data[2]);
        }
    }

    fn ask(&self, kind: Atom, time: u32) {
        let atoms = &self.atoms;
        let place = if kind == atoms.TARGETS { atoms.TARGETS } else { atoms.Answer };
        self.server.convert_selection(self.inbox, atoms.XdndSelection, kind, place, time).unwrap();
        self.server.flush().unwrap();
    }

    fn got(&mut self, kind: Atom, place: Atom) {
        assert_ne!(place, 0, "the source has not what it offered");
        if kind == self.atoms.TARGETS {
            let all = self.list(self.inbox, place);
            self.targets = all.into_iter().map(|name| self.name(name)).collect();
            return;
        }
        let answer = self.server.get_property(true, self.inbox, place, AtomEnum::ANY, 0, 10_000).unwrap();
        let addresses = String::from_utf8(answer.reply().unwrap().value).unwrap();
        let targets = std::mem::take(&mut self.targets);
        self.tell(Seen::Dropped { addresses, targets });
        if self.habits.finishes {
            self.say(self.atoms.XdndFinished, [self.window, 1, self.atoms.XdndActionCopy, 0, 0]);
        }
    }

    fn list(&self, window: Window, name: Atom) -> Vec<Atom> {
        let answer = self.server.get_property(false, window, name, AtomEnum::ATOM, 0, 100).unwrap();
        answer.reply().unwrap().value32().map(Iterator::collect).unwrap_or_default()
    }

    fn name(&self, atom: Atom) -> String {
        String::from_utf8(self.server.get_atom_name(atom).unwrap().reply().unwrap().name).unwrap()
    }

    fn say(&self, kind: Atom, data: [u32; 5]) {
        let event = ClientMessageEvent::new(32, self.source, kind, data);
        self.server.send_event(false, self.source, EventMask::NO_EVENT, event).unwrap();
        self.server.flush().unwrap();
    }

    fn tell(&self, seen: Seen) {
        // The test may have seen enough.
        let _ = self.seen.send(seen);
    }
}
