//! What keys mean: dead keys, other layouts, and a layout that changes while the window is open. Keys are pressed by their
//! place on the keyboard.

use crate::alone::alone_with_display;
use crate::alone_program::Program;
use crate::desktop::{WindowManager, wait_for};
use crate::editor::PROMPT_AT;
use crate::hosted::Hosted;
use crate::window::{press, type_text, xdotool};
use anyhow::{Context, Result, ensure};
use std::process::Command;

/// Places of keys, by X11's numbers: those that are E, Z, = and the one right of the left Shift on an American keyboard.
const E: &str = "26";
const Z: &str = "52";
const EQUALS: &str = "21";

/// An editor in whose prompt is typed.
fn typing(layout: &str) -> Result<Hosted> {
    choose_layout(layout)?;
    let editor = Hosted::clap()?;
    editor.window().click(PROMPT_AT.0, PROMPT_AT.1)?;
    wait_for("the editor to take the keyboard", || editor.window().has_focus_inside())?;
    Ok(editor)
}

/// Gives the display another layout, as the user's desktop does.
fn choose_layout(layout: &str) -> Result<()> {
    let status = Command::new("setxkbmap").arg(layout).status().context("setxkbmap could not be started")?;
    ensure!(status.success(), "setxkbmap {layout}: {status}");
    Ok(())
}

fn wait_for_prompt(editor: &mut Hosted, expected: &str) -> Result<()> {
    let mut seen = String::new();
    let arrived = wait_for("the prompt", || {
        seen = editor.prompt()?;
        Ok(seen == expected)
    });
    arrived.with_context(|| format!("the prompt is {seen:?}, not {expected:?}"))
}

#[test]
fn dead_keys_compose_characters() {
    alone_with_display(|| {
        let mut editor = typing("de")?;
        // A dead accent, then its letter; then one that has no letter with it, and the accent by itself.
        xdotool(&["key", "--delay", "60", EQUALS, E])?;
        wait_for_prompt(&mut editor, "é")?;
        xdotool(&["key", "--delay", "60", EQUALS, "space"])?;
        wait_for_prompt(&mut editor, "é´").or_else(|_| wait_for_prompt(&mut editor, "é'"))?;
        // What is written on the key counts with Ctrl too: this is Z here, and would be Y by its place.
        press("ctrl+a")?;
        press("r")?;
        wait_for_prompt(&mut editor, "r")?;
        xdotool(&["key", "--delay", "60", "ctrl+29"])?;
        let mut seen = String::new();
        wait_for("Ctrl+Z", || {
            seen = editor.prompt()?;
            Ok(seen != "r")
        })
        .with_context(|| format!("the prompt is {seen:?}"))?;
        editor.close()?;
        Ok(())
    });
}

/// As an on-screen keyboard does it: xdotool puts the character on a key that has none.
#[test]
fn characters_that_no_key_has_are_typed() {
    alone_with_display(|| {
        let mut editor = typing("us")?;
        let mut expected = String::new();
        for character in ["ü", "雨", "ñ"] {
            // xdotool takes it from the key again when it ends, and the window reads the keys when it is told.
            xdotool(&["type", "--delay", "2000", character])?;
            expected.push_str(character);
            wait_for_prompt(&mut editor, &expected)?;
        }
        editor.close()?;
        Ok(())
    });
}

#[test]
fn a_layout_that_changes_counts_at_once() {
    alone_with_display(|| {
        let mut editor = typing("us")?;
        xdotool(&["key", "--delay", "60", Z])?;
        wait_for_prompt(&mut editor, "z")?;
        choose_layout("de")?;
        xdotool(&["key", "--delay", "60", Z])?;
        wait_for_prompt(&mut editor, "zy")?;
        choose_layout("us")?;
        xdotool(&["key", "--delay", "60", Z, EQUALS])?;
        wait_for_prompt(&mut editor, "zyz=")?;
        editor.close()?;
        Ok(())
    });
}

/// From nothing to a named take and back, in the program without a host: no mouse.
#[test]
fn keyboard_only_from_prompt_to_a_named_take() {
    alone_with_display(|| {
        let _manager = WindowManager::start()?;
        let program = Program::start()?;
        // The window may have the keyboard a moment before it listens.
        wait_for("the prompt", || {
            press("ctrl+l")?;
            press("ctrl+a")?;
            type_text("door")?;
            std::thread::sleep(std::time::Duration::from_millis(800));
            Ok(program.session()["prompt"] == "door")
        })?;
        press("ctrl+Return")?;
        program.wait_for("a take", |session| takes(session) == 1 && session["pending"].is_null())?;
        press("Escape")?;
        press("F2")?;
        std::thread::sleep(std::time::Duration::from_millis(500));
        press("ctrl+a")?;
        type_text("Creaky one")?;
        press("Return")?;
        program.wait_for("the name", |session| session["takes"][0]["name"] == "Creaky one")?;
        // Its recipe comes back.
        press("ctrl+l")?;
        press("ctrl+a")?;
        type_text("else")?;
        program.wait_for("another prompt", |session| session["prompt"] == "else")?;
        press("Escape")?;
        press("ctrl+r")?;
        program.wait_for("the prompt of the take", |session| session["prompt"] == "door")?;
        press("Delete")?;
        program.wait_for("no take", |session| takes(session) == 0)?;
        // What was arranged is remembered beside the session.
        press("ctrl+plus")?;
        wait_for("the zoom to be remembered", || {
            let text = std::fs::read_to_string(program.data().join("window.json")).unwrap_or_default();
            Ok(text.contains("1.1"))
        })?;
        Ok(())
    });
}

fn takes(session: &serde_json::Value) -> usize {
    session["takes"].as_array().map_or(0, Vec::len)
}
