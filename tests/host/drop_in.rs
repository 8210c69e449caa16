//! Files on their way into the real plugin's window, dragged out of another program.

use crate::alone::{alone_with_display, clap_bundle};
use crate::desktop::WindowManager;
use crate::editor::Editor;
use crate::receiver::Receiver;
use crate::window::xdotool;
use anyhow::{Context, Result, ensure};
use std::path::Path;
use std::time::{Duration, Instant};
use straightshot_protocol::Audio;
use straightshot_tests::clap_host::Instance;

/// Where the other program has its window, beside the editor's.
const SOURCE_AT: (i32, i32) = (1300, 300);
/// A place in the editor's window, in pixels.
const DROP_AT: (i32, i32) = (550, 130);
/// How long reading a file of a second may take on a busy machine.
const LIMIT: Duration = Duration::from_secs(30);
/// How many moves of the pointer it takes.
const STEPS: i32 = 30;
const RATE_HZ: u32 = 44_100;

/// Two claps in one and a half seconds.
fn claps(path: &Path) -> Result<()> {
    let mut samples = vec![0.0_f32; 66_150];
    for first in [13_230, 44_100] {
        for (i, sample) in samples[first..first + 4410].iter_mut().enumerate() {
            let sign = if i % 7 < 3 { 1.0 } else { -1.0 };
            *sample = 0.5 * sign * (1.0 - i as f32 / 4410.0).powi(4);
        }
    }
    Ok(straightshot_sound::files::write(path, &Audio::mono(RATE_HZ, samples))?)
}

/// Drags `file` out of another program and drops it into the editor, by hand; each step waits for what the program says of
/// the one before. The program lives as long as what is returned: one that ends as the button comes up has dropped nothing.
fn drop_file(instance: &mut Instance, editor: &Editor, file: &Path) -> Result<Option<Receiver>> {
    let Some(source) = Receiver::source(SOURCE_AT, file)? else { return Ok(None) };
    let (left, top) = editor.window.place()?;
    let (to_x, to_y) = (left + DROP_AT.0, top + DROP_AT.1);
    let (x, y) = source.at;
    xdotool(&["mousemove", &x.to_string(), &y.to_string(), "mousedown", "1"])?;
    source.wait_for("PRESSED", || instance.idle())?;
    for step in 0..=STEPS {
        let between = |from: i32, to: i32| (from + (to - from) * step / STEPS).to_string();
        xdotool(&["mousemove", &between(x, to_x), &between(y, to_y)])?;
    }
    source.wait_for("ACTION 1", || instance.idle()).context("the editor does not take the file")?;
    xdotool(&["mouseup", "1"])?;
    source.wait_for("ENDED 1", || instance.idle())?;
    Ok(Some(source))
}

/// The project as text.
fn project(instance: &mut Instance) -> Result<String> {
    Ok(String::from_utf8(instance.state()?.to_json()?)?)
}

/// Waits until the project says `word`.
fn wait_for_word(instance: &mut Instance, word: &str) -> Result<()> {
    let start = Instant::now();
    while !project(instance)?.contains(word) {
        ensure!(start.elapsed() < LIMIT, "the project does not say {word}");
        instance.idle();
        std::thread::sleep(Duration::from_millis(50));
    }
    Ok(())
}

#[test]
fn a_file_that_is_dropped_into_the_window_is_followed() {
    alone_with_display(|| {
        let _manager = WindowManager::start()?;
        let folder = tempfile::tempdir()?;
        let (good, bad) = (folder.path().join("claps ü.wav"), folder.path().join("notes.wav"));
        claps(&good)?;
        std::fs::write(&bad, "these are words")?;
        let mut instance = Instance::new(&clap_bundle()?)?;
        let editor = Editor::open(&mut instance, Duration::ZERO)?;
        editor.wait_until_drawn(&mut instance)?;
        ensure!(!project(&mut instance)?.contains("curve"), "nothing is followed yet");
        let Some(source) = drop_file(&mut instance, &editor, &good)? else { return Ok(()) };
        wait_for_word(&mut instance, "curve")?;
        drop(source);
        let followed = project(&mut instance)?;
        ensure!(followed.matches("level_db").count() == 2, "two hits: {followed}");
        let source = drop_file(&mut instance, &editor, &bad)?;
        for _ in 0..40 {
            instance.idle();
            std::thread::sleep(Duration::from_millis(50));
        }
        let after = project(&mut instance)?;
        ensure!(
            after.matches("level_db").count() == 2 && after.contains("curve"),
            "nothing is lost: {after}"
        );
        drop(source);
        editor.close(&mut instance);
        Ok(())
    });
}
