//! A screen, a window like the plugin's, and a hand on the mouse.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use straightshot_drag::x11::X11;
use straightshot_drag::{Desktop, Ending, Files, Look};
use tempfile::TempDir;
use x11rb::connection::Connection as _;
use x11rb::protocol::xproto::{ConnectionExt as _, CreateWindowAux, EventMask, Window, WindowClass};
use x11rb::protocol::xtest::ConnectionExt as _;
use x11rb::rust_connection::RustConnection;

/// How long anything may take on a busy machine.
const LIMIT: Duration = Duration::from_secs(20);
/// Number of the escape key on Xvfb's keyboard.
const ESCAPE_KEY: u8 = 9;
/// XTEST's kinds of events.
const KEY: (u8, u8) = (2, 3);
const BUTTON: (u8, u8) = (4, 5);
const MOTION: u8 = 6;

/// A virtual X server; ends with this value.
pub(crate) struct Screen {
    server: Child,
    /// Name of the display.
    pub(crate) name: String,
}

impl Screen {
    pub(crate) fn start() -> Self {
        let mut server = Command::new("Xvfb")
            .args(["-displayfd", "1", "-screen", "0", "1280x800x24", "-nolisten", "tcp", "-noreset"])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("Xvfb must be installed (cargo xtask setup)");
        let mut number = String::new();
        BufReader::new(server.stdout.take().unwrap()).read_line(&mut number).unwrap();
        Self { server, name: format!(":{}", number.trim()) }
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

/// A host's window with the plugin's window in it, and the user in front of it.
pub(crate) struct User {
    pub(crate) server: RustConnection,
    pub(crate) root: Window,
    /// The plugin's window, 200 by 150 at 120, 130 of the screen.
    pub(crate) plugin: Window,
    /// The host's window around it, at 100, 100.
    pub(crate) host: Window,
    pub(crate) desktop: X11,
    pub(crate) folder: TempDir,
    /// Last: the server outlives its clients.
    pub(crate) screen: Screen,
}

impl User {
    /// Opens the windows; the host's is of this size.
    pub(crate) fn new(width: u16, height: u16) -> Self {
        let screen = Screen::start();
        let (server, number) = x11rb::connect(Some(&screen.name)).unwrap();
        let root = server.setup().roots[number].root;
        let host = window(&server, root, (100, 100, width, height));
        let plugin = window(&server, host, (20, 30, 200, 150));
        let desktop = X11::on(&screen.name);
        Self { server, root, plugin, host, desktop, folder: tempfile::tempdir().unwrap(), screen }
    }

    /// Files of these names.
    pub(crate) fn files(&self, names: &[&str]) -> Files {
        let write = |name: &&str| {
            let path = self.folder.path().join(name);
            std::fs::write(&path, b"sound").unwrap();
            path
        };
        Files::new(names.iter().map(write).collect()).unwrap()
    }

    pub(crate) fn point_at(&self, x: i16, y: i16) {
        self.server.xtest_fake_input(MOTION, 0, 0, self.root, x, y, 0).unwrap();
        self.settle();
    }

    /// Moves the pointer there in steps, as a hand does.
    pub(crate) fn move_to(&self, x: i16, y: i16) {
        let now = self.server.query_pointer(self.root).unwrap().reply().unwrap();
        for step in 1..=20_i32 {
            let between = |from: i16, to: i16| {
                i16::try_from(i32::from(from) + (i32::from(to) - i32::from(from)) * step / 20).unwrap()
            };
            self.point_at(between(now.root_x, x), between(now.root_y, y));
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    pub(crate) fn press(&self) {
        self.input(BUTTON.0, 1);
    }

    pub(crate) fn release(&self) {
        self.input(BUTTON.1, 1);
    }

    pub(crate) fn escape(&self) {
        self.input(KEY.0, ESCAPE_KEY);
        std::thread::sleep(Duration::from_millis(100));
        self.input(KEY.1, ESCAPE_KEY);
    }

    fn input(&self, kind: u8, detail: u8) {
        self.server.xtest_fake_input(kind, detail, 0, 0, 0, 0, 0).unwrap();
        self.settle();
    }

    fn settle(&self) {
        self.server.get_input_focus().unwrap().reply().unwrap();
    }

    /// Presses the button in the plugin's window, begins to drag `files` and moves the pointer to `x`, `y`.
    pub(crate) fn drag_to(&mut self, files: Files, x: i16, y: i16) {
        self.point_at(200, 200);
        self.press();
        self.point_at(210, 205);
        let window = raw_window_handle::XcbWindowHandle::new(self.plugin.try_into().unwrap());
        let look = Look { levels: vec![0.1, 0.9, 0.4], scale: 1.0 };
        self.desktop.drag(window.into(), files, look).unwrap();
        self.move_to(x, y);
    }

    /// Waits for the end of the drag.
    pub(crate) fn ending(&mut self) -> Ending {
        let start = Instant::now();
        loop {
            if let Some(ending) = self.desktop.ended() {
                return ending;
            }
            assert!(start.elapsed() < LIMIT, "the drag does not end");
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

/// Opens a window inside another: x, y, width, height.
pub(crate) fn window(server: &RustConnection, parent: Window, place: (i16, i16, u16, u16)) -> Window {
    let (x, y, width, height) = place;
    let window = server.generate_id().unwrap();
    let settings = CreateWindowAux::new()
        .override_redirect(1)
        .background_pixel(0x40_60_80)
        .event_mask(EventMask::BUTTON_PRESS | EventMask::BUTTON_RELEASE | EventMask::BUTTON_MOTION);
    let class = WindowClass::INPUT_OUTPUT;
    server.create_window(0, window, parent, x, y, width, height, 0, class, 0, &settings).unwrap();
    server.map_window(window).unwrap();
    server.get_input_focus().unwrap().reply().unwrap();
    window
}
