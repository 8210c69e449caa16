//! Files on their way out of the real plugin's window: dragged into programs of two toolkits, copied, and put onto the
//! timeline of a host that is REAPER as far as a plugin can tell.

use crate::alone::{alone_with_display, clap_bundle, vst3_library};
use crate::desktop::{WindowManager, wait_for};
use crate::editor::Editor;
use crate::reaper::{Frame, application};
use crate::receiver::{PYTHON, Receiver, Toolkit};
use crate::vst3_host::{Module, X11};
use crate::window::{HostWindow, xdotool};
use anyhow::{Context, Result, ensure};
use std::path::Path;
use std::process::Command;
use std::time::Duration;
use straightshot_tests::clap_host::{Instance, PluginState, timeline};
use vst3::ComWrapper;
use vst3::Steinberg::{IPlugFrame, IPlugViewTrait, kResultOk};

/// The button to drag from, a place in the first row of takes, and a part of the waveform, in pixels of a window of the
/// default size.
const HANDLE_AT: (i32, i32) = (331, 174);
const ROW_AT: (i32, i32) = (930, 208);
const PART: [(i32, i32); 2] = [(450, 235), (650, 235)];
/// Where receivers have their window, beside the editor's.
const RECEIVER_AT: (i32, i32) = (1300, 300);
/// From the middle of the button to that of the first line of its menu.
const FIRST_LINE: (i32, i32) = (30, 39);
/// Height of a line of a menu.
const LINE: i32 = 30;
/// The sound of the take: a quarter of a second.
const RATE_HZ: u32 = 44_100;
const FRAMES: u16 = 11_025;

/// An instance with one take and its editor open.
struct Opened {
    instance: Instance,
    editor: Editor,
    _manager: WindowManager,
}

impl Opened {
    fn new() -> Result<Self> {
        let manager = WindowManager::start()?;
        let mut instance = Instance::new(&clap_bundle()?)?;
        let mut state = instance.state()?;
        put_take(&mut state)?;
        instance.set_state(&state)?;
        let editor = Editor::open(&mut instance, Duration::ZERO)?;
        editor.wait_until_drawn(&mut instance)?;
        // The take is read in the background.
        for _ in 0..50 {
            instance.idle();
            std::thread::sleep(Duration::from_millis(20));
        }
        Ok(Self { instance, editor, _manager: manager })
    }

    fn window(&self) -> &HostWindow {
        &self.editor.window
    }

    fn close(mut self) {
        self.editor.close(&mut self.instance);
    }
}

/// Puts a take of known sound into a project.
fn put_take(state: &mut PluginState) -> Result<()> {
    let samples: Vec<f32> = (0..FRAMES).map(|i| (f32::from(i) * 0.05).sin() * 0.5).collect();
    state.set_take(&samples, RATE_HZ)
}

/// Presses the button at `from` of a window, moves the pointer to `to` of the screen by hand, and lets go.
fn drag(window: &HostWindow, from: (i32, i32), to: (i32, i32)) -> Result<()> {
    pick_up(window, from, to)?;
    xdotool(&["mouseup", "1"])
}

fn pick_up(window: &HostWindow, from: (i32, i32), to: (i32, i32)) -> Result<()> {
    let (id, [x, y]) = (window.id.to_string(), [from.0, from.1].map(|place| place.to_string()));
    xdotool(&["mousemove", "--window", &id, &x, &y, "mousedown", "1"])?;
    std::thread::sleep(Duration::from_millis(200));
    xdotool(&["mousemove_relative", "12", "4"])?;
    // The file is written meanwhile; a slow machine takes its time to draw a picture.
    std::thread::sleep(Duration::from_millis(700));
    for step in 0..=20 {
        let between = |from: i32, to: i32| (from + (to - from) * step / 20).to_string();
        xdotool(&["mousemove", &between(from.0 + 12, to.0), &between(from.1 + 4, to.1)])?;
        std::thread::sleep(Duration::from_millis(15));
    }
    std::thread::sleep(Duration::from_millis(300));
    Ok(())
}

/// The length of a file in seconds, which is a whole WAV.
fn seconds_of(path: &Path) -> Result<f64> {
    let reader = hound::WavReader::open(path).with_context(|| format!("{} is no sound", path.display()))?;
    let (spec, frames) = (reader.spec(), reader.duration());
    Ok(f64::from(frames) / f64::from(spec.sample_rate))
}

/// Whether a file is the take: a whole WAV of that length, at its own rate or the host's.
fn check_file(path: &Path) -> Result<()> {
    let (seconds, expected) = (seconds_of(path)?, f64::from(FRAMES) / f64::from(RATE_HZ));
    ensure!((seconds - expected).abs() < 0.001, "{} has {seconds} s", path.display());
    Ok(())
}

/// Drags from a place of the editor to a program of this toolkit, which gets the right file.
fn drags_into(toolkit: Toolkit, from: (i32, i32)) -> Result<()> {
    let mut opened = Opened::new()?;
    let Some(receiver) = Receiver::start(toolkit, RECEIVER_AT.0, RECEIVER_AT.1)? else { return Ok(()) };
    drag(opened.window(), from, receiver.at)?;
    let file = receiver.file(|| opened.instance.idle())?;
    check_file(&file)?;
    ensure!(receiver.is_empty(), "it is one file");
    opened.close();
    ensure!(file.is_file(), "the file stays when the plugin is gone");
    Ok(())
}

#[test]
fn drag_out_of_the_button_into_gtk() {
    alone_with_display(|| drags_into(Toolkit::Gtk, HANDLE_AT));
}

#[test]
fn drag_out_of_the_button_into_qt() {
    alone_with_display(|| drags_into(Toolkit::Qt, HANDLE_AT));
}

#[test]
fn drag_out_of_the_waveform_takes_the_selected_part() {
    alone_with_display(|| {
        let mut opened = Opened::new()?;
        let Some(receiver) = Receiver::start(Toolkit::Qt, RECEIVER_AT.0, RECEIVER_AT.1)? else {
            return Ok(());
        };
        let [from, to] = PART;
        // Openbox gives the window a frame, which the server counts and the editor does not.
        let (left, top) = opened.window().place()?;
        drag(opened.window(), from, (to.0 + left, to.1 + top))?;
        let middle = ((from.0 + to.0) / 2, from.1);
        drag(opened.window(), middle, receiver.at)?;
        let seconds = seconds_of(&receiver.file(|| opened.instance.idle())?)?;
        // The whole is 470 pixels wide.
        ensure!((seconds - 0.25 * 200.0 / 470.0).abs() < 0.02, "{seconds} s");
        opened.close();
        Ok(())
    });
}

#[test]
fn drag_out_of_the_list_into_gtk() {
    alone_with_display(|| drags_into(Toolkit::Gtk, ROW_AT));
}

#[test]
fn drag_out_escape_and_closing_the_window_end_a_drag() {
    alone_with_display(|| {
        let opened = Opened::new()?;
        let Some(receiver) = Receiver::start(Toolkit::Gtk, RECEIVER_AT.0, RECEIVER_AT.1)? else {
            return Ok(());
        };
        pick_up(opened.window(), ROW_AT, receiver.at)?;
        // As fast as nobody is: the button is released before anything has had time to look at the keyboard.
        xdotool(&["key", "--delay", "0", "Escape", "mouseup", "1"])?;
        pick_up(opened.window(), ROW_AT, receiver.at)?;
        opened.close();
        xdotool(&["mouseup", "1"])?;
        std::thread::sleep(Duration::from_millis(500));
        ensure!(receiver.is_empty(), "nothing was dropped");
        Ok(())
    });
}

/// What another program pastes from the clipboard.
fn pasted(kind: &str) -> Result<String> {
    let script = format!(
        "import gi; gi.require_version('Gtk', '3.0'); from gi.repository import Gtk, Gdk; \
         c = Gtk.Clipboard.get(Gdk.SELECTION_CLIPBOARD); \
         d = c.wait_for_contents(Gdk.Atom.intern('{kind}', False)); print(d.get_data().decode() if d else '')"
    );
    let output = Command::new(PYTHON).args(["-c", &script]).output()?;
    Ok(String::from_utf8(output.stdout)?.trim().to_owned())
}

#[test]
fn drag_out_the_menu_copies_the_file() {
    alone_with_display(|| {
        let opened = Opened::new()?;
        choose(opened.window(), 2)?;
        let mut address = String::new();
        wait_for("the clipboard", || {
            address = pasted("text/uri-list")?;
            Ok(address.starts_with("file:///"))
        })?;
        ensure!(pasted("x-special/gnome-copied-files")? == format!("copy\n{address}"));
        check_file(Path::new(&pasted("text/plain")?))?;
        // It outlives the window.
        let Opened { mut instance, editor, _manager } = opened;
        editor.close(&mut instance);
        ensure!(pasted("text/uri-list")? == address, "the clipboard is empty");
        Ok(())
    });
}

/// Opens the menu of the button to drag from and chooses a line of it.
fn choose(window: &HostWindow, line: i32) -> Result<()> {
    let (x, y) = (u32::try_from(HANDLE_AT.0)?, u32::try_from(HANDLE_AT.1)?);
    window.point_at(x, y)?;
    std::thread::sleep(Duration::from_millis(300));
    xdotool(&["click", "1"])?;
    std::thread::sleep(Duration::from_millis(700));
    xdotool(&["mousemove_relative", &FIRST_LINE.0.to_string(), &(FIRST_LINE.1 + line * LINE).to_string()])?;
    std::thread::sleep(Duration::from_millis(300));
    xdotool(&["click", "1"])
}

/// What REAPER was asked for when the take was put there.
fn expect_insertion(position_s: f64, length_s: f64, mut idle: impl FnMut()) -> Result<()> {
    let mut calls = Vec::new();
    wait_for("the timeline", || {
        idle();
        calls.extend(timeline::take_calls());
        Ok(calls.iter().any(|call| call.starts_with("undo ends")))
    })?;
    let path = calls.get(1).and_then(|call| call.strip_prefix("open ")).context("no file was opened")?;
    check_file(Path::new(path))?;
    let [position, length] = [("D_POSITION", position_s), ("D_LENGTH", length_s)]
        .map(|(name, value)| format!("{name} {value:.3}"));
    let expected = ["undo begins", calls[1].as_str(), &position, &length, "B_LOOPSRC 0.000", "undo ends"];
    ensure!(calls == expected, "{calls:?}");
    Ok(())
}

#[test]
fn a_clap_host_with_reapers_functions_gets_the_take() {
    alone_with_display(|| {
        timeline::offer();
        let mut opened = Opened::new()?;
        choose(opened.window(), 0)?;
        expect_insertion(timeline::CURSOR_S, 0.25, || opened.instance.idle())?;
        choose(opened.window(), 1)?;
        let (from, to) = timeline::SELECTION_S;
        expect_insertion(from, to - from, || opened.instance.idle())?;
        opened.close();
        Ok(())
    });
}

#[test]
fn a_vst3_host_with_reapers_functions_gets_the_take() {
    alone_with_display(|| {
        timeline::offer();
        let module = Module::load(&vst3_library()?)?;
        let instance = module.instance_in(application())?;
        let mut state = PluginState::from_json(&instance.state()?)?;
        put_take(&mut state)?;
        instance.set_state(&state.to_json()?)?;
        let view = instance.view()?;
        let frame = ComWrapper::new(Frame::default());
        let pointer = frame.to_com_ptr::<IPlugFrame>().context("the frame has no such interface")?;
        let window = HostWindow::open(1080, 700)?.named("VST3 editor")?;
        // SAFETY: the frame outlives the view.
        ensure!(unsafe { view.setFrame(pointer.as_ptr()) } == kResultOk, "the frame is refused");
        // SAFETY: the window exists until the view is removed.
        ensure!(unsafe { view.attached(window.id as usize as *mut _, X11) } == kResultOk, "no editor");
        window.wait_until_drawn(|| frame.idle())?;
        std::thread::sleep(Duration::from_secs(1));
        choose(&window, 0)?;
        expect_insertion(timeline::CURSOR_S, 0.25, || frame.idle())?;
        // SAFETY: the counterpart of `attached`.
        ensure!(unsafe { view.removed() } == kResultOk, "the editor cannot be removed");
        Ok(())
    });
}
