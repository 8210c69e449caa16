//! Who has the keyboard: the host and other programs, except while somebody types into a field that he clicked.
//!
//! With a window manager, two programs and an editor in each format; see [`crate::desktop`].

use crate::alone::alone_with_display;
use crate::desktop::{WindowManager, activate, wait_for};
use crate::editor::PROMPT_AT;
use crate::hosted::{Hosted, STRIP};
use crate::window::{HostWindow, KeyEvent, press, type_text, xdotool};
use anyhow::{Context, Result};
use std::time::{Duration, Instant};
use vst3::Steinberg::VirtualKeyCodes_::KEY_SPACE;

/// How often another program is activated.
const ACTIVATIONS: usize = 20;
/// How long an activated program must keep the keyboard: the editor draws at least twice in that time.
const KEPT: Duration = Duration::from_millis(400);
/// How long a key may be under way.
const KEY_LIMIT: Duration = Duration::from_secs(2);
/// A place in the editor where nothing takes text: the name at the upper left.
const NO_FIELD_AT: (u32, u32) = (40, 20);
/// The middle of the number field for the length.
const LENGTH_AT: (u32, u32) = (83, 405);
/// X11's symbols.
const SPACE: u32 = 0x20;
const LETTER_S: u32 = 0x73;
const LETTER_Q: u32 = 0x71;
const F5: u32 = 0xffc2;

/// A desktop with two programs, of which one is the host and has an editor of each format open. No window covers another.
struct Desk {
    editors: [Hosted; 2],
    /// The host's main window.
    host: HostWindow,
    /// Any other program.
    other: HostWindow,
    _manager: WindowManager,
}

impl Desk {
    fn open() -> Result<Self> {
        let manager = WindowManager::start()?;
        let host = HostWindow::open_at(100, 830, 300, 100)?.named("host")?;
        let other = HostWindow::open_at(600, 830, 300, 100)?.named("another program")?;
        Ok(Self { editors: [Hosted::clap()?, Hosted::vst3()?], host, other, _manager: manager })
    }

    /// Closes the editors before their instances go, as a host must.
    fn close(self) -> Result<()> {
        self.editors.into_iter().try_for_each(|editor| editor.close().map(drop))
    }
}

#[test]
fn the_editors_leave_the_keyboard_to_other_programs() {
    alone_with_display(|| {
        let mut desk = Desk::open()?;
        let mut lost = Vec::new();
        let mut typed = [String::new(), String::new()];
        for round in 0..ACTIVATIONS {
            // In the first half nobody has clicked into an editor; then each time somebody was typing into one.
            let editor = &desk.editors[round % 2];
            activate(editor.window())?;
            if round >= ACTIVATIONS / 2 {
                editor.window().click(PROMPT_AT.0, PROMPT_AT.1)?;
                wait_until_it_has_left(editor.window())?;
                type_text("a ")?;
                typed[round % 2].push_str("a ");
            } else {
                editor.window().point_at(PROMPT_AT.0, PROMPT_AT.1)?;
            }
            let program = if round % 4 < 2 { &desk.other } else { &desk.host };
            activate(program)?;
            std::thread::sleep(KEPT);
            program.keys()?;
            let kept = program.focus()? == program.id;
            if !kept || !gets_the_space_bar(program)? {
                lost.push(round);
            }
        }
        assert!(lost.is_empty(), "{} of {ACTIVATIONS} activations lost: {lost:?}", lost.len());
        for (editor, typed) in desk.editors.iter_mut().zip(typed) {
            assert_eq!(editor.prompt()?, typed, "{}", editor.format);
        }
        desk.close()
    });
}

#[test]
fn a_clicked_prompt_takes_text_in_both_formats() {
    alone_with_display(|| {
        let mut desk = Desk::open()?;
        for editor in &mut desk.editors {
            activate(&desk.other)?;
            // The click both activates the window and asks for the keyboard.
            editor.window().click(PROMPT_AT.0, PROMPT_AT.1)?;
            wait_until_it_has_left(editor.window())?;
            // Not the pointer says where the text goes.
            editor.window().point_at(5, 5)?;
            type_text("wooden door, Slow creak")?;
            wait_for_prompt(editor, "wooden door, Slow creak")?;
            assert_eq!(editor.window().keys()?, [], "{}: the host got some of it", editor.format);
        }
        desk.close()
    });
}

#[test]
fn a_click_from_one_field_into_another_keeps_the_keyboard() {
    alone_with_display(|| {
        let desk = Desk::open()?;
        for editor in &desk.editors {
            activate(editor.window())?;
            editor.window().click(PROMPT_AT.0, PROMPT_AT.1)?;
            wait_until_it_has_left(editor.window())?;
            // Long enough for the window manager's answer to the first click not to be taken for one to the second.
            for pause in [Duration::from_millis(200), Duration::from_secs(3)] {
                for (what, at) in [("the length", LENGTH_AT), ("the prompt", PROMPT_AT)] {
                    std::thread::sleep(pause);
                    editor.window().click(at.0, at.1)?;
                    std::thread::sleep(KEPT);
                    wait_for(&format!("{} after {pause:?}: keys for {what}", editor.format), || {
                        editor.window().has_focus_inside()
                    })?;
                }
            }
            press("Escape")?;
            wait_for("the keyboard to go back", || Ok(editor.window().focus()? == editor.window().id))?;
        }
        desk.close()
    });
}

/// What somebody does to end his typing, given the editor and another program, and its name.
type Ending = (&'static str, fn(&Hosted, &HostWindow) -> Result<()>);

#[test]
fn the_keyboard_goes_back_to_the_host_when_typing_ends() {
    alone_with_display(|| {
        let mut desk = Desk::open()?;
        let endings: [Ending; 4] = [
            ("escape", |_, _| press("Escape")),
            ("a click elsewhere in the editor", |editor, _| {
                editor.window().click(NO_FIELD_AT.0, NO_FIELD_AT.1)
            }),
            ("a click into the host's part", |editor, _| click_into_strip(editor)),
            ("another window and back", |editor, other| {
                activate(other)?;
                activate(editor.window())
            }),
        ];
        for editor in &mut desk.editors {
            for (number, (what, end)) in endings.iter().enumerate() {
                let what = format!("{} after {what}", editor.format);
                activate(editor.window())?;
                editor.window().click(PROMPT_AT.0, PROMPT_AT.1)?;
                wait_until_it_has_left(editor.window())?;
                type_text("a")?;
                let typed = "a".repeat(number + 1);
                wait_for_prompt(editor, &typed)?;
                std::thread::sleep(KEPT);
                end(editor, &desk.other)?;
                wait_for(&what, || Ok(editor.window().focus()? == editor.window().id))?;
                // The pointer over the field must not matter any more.
                editor.window().point_at(PROMPT_AT.0, PROMPT_AT.1)?;
                std::thread::sleep(KEPT);
                editor.window().keys()?;
                assert!(gets_the_space_bar(editor.window())?, "{what}");
                wait_for_prompt(editor, &typed).context(what)?;
            }
        }
        desk.close()
    });
}

#[test]
fn a_click_beside_the_fields_leaves_the_keyboard_to_the_host() {
    alone_with_display(|| {
        let desk = Desk::open()?;
        for editor in &desk.editors {
            activate(editor.window())?;
            editor.window().click(NO_FIELD_AT.0, NO_FIELD_AT.1)?;
            std::thread::sleep(KEPT);
            assert_eq!(editor.window().focus()?, editor.window().id, "{}", editor.format);
            assert!(gets_the_space_bar(editor.window())?, "{}", editor.format);
            let used = editor.uses_offered_key(u16::from(b' '), i16::try_from(KEY_SPACE)?);
            assert!(!used, "{}", editor.format);
        }
        desk.close()
    });
}

#[test]
fn keys_that_a_field_has_no_use_for_reach_the_host() {
    alone_with_display(|| {
        let mut desk = Desk::open()?;
        for editor in &mut desk.editors {
            activate(editor.window())?;
            editor.window().click(PROMPT_AT.0, PROMPT_AT.1)?;
            wait_until_it_has_left(editor.window())?;
            type_text("rain ")?;
            press("ctrl+s")?;
            press("F5")?;
            press("alt+q")?;
            type_text("on tin")?;
            // Ctrl+A selects in the field and is none of the host's business.
            press("ctrl+a")?;
            wait_for_prompt(editor, "rain on tin")?;
            let mut keys = Vec::new();
            wait_for("the keys", || {
                keys.extend(editor.window().keys()?);
                Ok(keys.len() >= 6)
            })?;
            let pressed: Vec<_> = keys.iter().filter(|key| key.pressed).copied().collect();
            let control_s = KeyEvent { control: true, ..KeyEvent::press(LETTER_S) };
            assert_eq!(
                pressed,
                [control_s, KeyEvent::press(F5), KeyEvent::press(LETTER_Q)],
                "{}",
                editor.format
            );
            let released: Vec<u32> = keys.iter().filter(|key| !key.pressed).map(|key| key.symbol).collect();
            assert_eq!(released, [LETTER_S, F5, LETTER_Q], "{}", editor.format);
        }
        desk.close()
    });
}

#[test]
fn a_modifier_released_elsewhere_is_not_held() {
    alone_with_display(|| {
        let mut desk = Desk::open()?;
        let editor = &mut desk.editors[0];
        activate(editor.window())?;
        editor.window().click(PROMPT_AT.0, PROMPT_AT.1)?;
        wait_until_it_has_left(editor.window())?;
        xdotool(&["keydown", "shift", "key", "a"])?;
        wait_for_prompt(editor, "A")?;
        activate(&desk.other)?;
        xdotool(&["keyup", "shift"])?;
        activate(editor.window())?;
        editor.window().click(PROMPT_AT.0, PROMPT_AT.1)?;
        wait_until_it_has_left(editor.window())?;
        press("ctrl+a")?;
        press("b")?;
        wait_for_prompt(editor, "b")?;
        desk.close()
    });
}

#[test]
fn closing_the_editor_leaves_the_keyboard_to_the_host() {
    alone_with_display(|| {
        let desk = Desk::open()?;
        for editor in desk.editors {
            let format = editor.format;
            activate(editor.window())?;
            editor.window().click(PROMPT_AT.0, PROMPT_AT.1)?;
            wait_until_it_has_left(editor.window())?;
            let (window, _instance) = editor.close()?;
            assert_eq!(window.focus()?, window.id, "{format}");
            window.keys()?;
            assert!(gets_the_space_bar(&window)?, "{format}");
        }
        Ok(())
    });
}

/// Presses the space bar; whether that is the next key that the window gets.
fn gets_the_space_bar(window: &HostWindow) -> Result<bool> {
    press("space")?;
    let start = Instant::now();
    loop {
        // The program that presses keys may be done before the server is.
        if let Some(key) = window.keys()?.first() {
            return Ok(*key == KeyEvent::press(SPACE));
        }
        if start.elapsed() > KEY_LIMIT {
            return Ok(false);
        }
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// Clicks below the editor, where the host's own controls would be.
fn click_into_strip(editor: &Hosted) -> Result<()> {
    let size = editor.window().size()?;
    editor.window().click(size.0 / 2, size.1 - STRIP / 2)
}

/// Waits until the host's window has not got the keyboard any more, because the editor has taken it.
fn wait_until_it_has_left(window: &HostWindow) -> Result<()> {
    wait_for("the editor to take the keyboard", || {
        Ok(window.focus()? != window.id && window.has_focus_inside()?)
    })
}

/// Waits until the saved prompt is `expected`.
fn wait_for_prompt(editor: &mut Hosted, expected: &str) -> Result<()> {
    let mut seen = String::new();
    let result = wait_for("the prompt", || {
        seen = editor.prompt()?;
        Ok(seen == expected)
    });
    result.with_context(|| format!("{}: the prompt is {seen:?}, not {expected:?}", editor.format))
}
