//! The states of the window that there are pictures of.

use serde_json::{Value, json};

/// A sound that the scenes show.
pub(super) struct Sound {
    prompt: &'static str,
    seconds: f64,
    steps: u32,
    seed: u32,
}

impl Sound {
    /// As the standalone program reads it.
    pub(super) fn request(&self) -> Value {
        json!({
            "prompt": self.prompt,
            "negative_prompt": "",
            "steps": self.steps,
            "guidance": 4.0,
            "seed": self.seed,
            "seconds": self.seconds,
            "width": 0.7,
        })
    }
}

const fn sound(prompt: &'static str, seconds: f64, steps: u32, seed: u32) -> Sound {
    Sound { prompt, seconds, steps, seed }
}

/// In the order in which they are made; the last is the one at hand.
pub(super) const SOUNDS: &[Sound] = &[
    sound("footsteps on gravel, slow walk", 4.0, 8, 21_407),
    sound("glass bottle smashing on a stone floor, large hall", 2.0, 8, 40_116),
    sound("rain on a tin roof, steady", 6.0, 4, 77_310),
    sound("sword drawn from a leather sheath", 1.5, 8, 5_092),
    sound("heavy wooden door creaks open, then shuts", 3.0, 24, 3_381),
];

/// What is there when the program starts.
#[derive(Clone, Copy)]
pub(super) enum Start {
    /// Nothing.
    Empty,
    /// [`SOUNDS`].
    Sounds,
    /// A hundred takes of them.
    Hundred,
    /// [`SOUNDS`], and a model that is not there.
    NoModel,
    /// [`SOUNDS`], and no audio device.
    NoDevice,
    /// [`SOUNDS`], and this prompt.
    Prompt(&'static str),
}

/// What the user does.
pub(super) enum Step {
    /// Types a text.
    Type(&'static str),
    /// Presses keys, in xdotool's words.
    Press(&'static str),
    /// Clicks a place in the window, in points.
    Click(i32, i32),
    /// Presses at the first place, moves to the second and lets go.
    Drag((i32, i32), (i32, i32)),
    /// Waits so many milliseconds.
    Wait(u64),
}

/// One picture.
pub(super) struct Scene {
    /// Name of the picture.
    pub(super) name: &'static str,
    /// Width and height of the window in points.
    pub(super) size: (u32, u32),
    /// Scale of the display.
    pub(super) scale: f64,
    /// Zoom of the window.
    pub(super) zoom: f64,
    /// The tab below the waveform: edit, play, deliver.
    pub(super) work: usize,
    /// The tab at the right: takes, library.
    pub(super) list: usize,
    /// What is there at the start.
    pub(super) start: Start,
    /// What is done then.
    pub(super) steps: &'static [Step],
    /// Whether the README or the manual shows it.
    pub(super) in_docs: bool,
}

/// The size of a new window in points.
const USUAL: (u32, u32) = (1080, 700);
/// What most scenes have in common.
const PLAIN: Scene = Scene {
    name: "",
    size: USUAL,
    scale: 1.0,
    zoom: 1.0,
    work: 0,
    list: 0,
    start: Start::Sounds,
    steps: &[],
    in_docs: false,
};
/// A place in the prompt's field.
const PROMPT: Step = Step::Click(150, 150);
/// A place in the waveform.
const WAVE: (i32, i32) = (480, 240);

/// The field of the length.
const LENGTH: Step = Step::Click(84, 404);
/// The button for one more sound at once.
const MORE: Step = Step::Click(228, 508);
/// The cross of the message, which says that the session was changed: that was the scene.
const DISMISS: Step = Step::Click(1058, 54);

/// All pictures.
pub(super) const SCENES: &[Scene] = &[
    Scene { name: "empty", start: Start::Empty, ..PLAIN },
    Scene { name: "takes", in_docs: true, ..PLAIN },
    Scene { name: "takes-1.5x", scale: 1.5, ..PLAIN },
    Scene { name: "takes-2x", scale: 2.0, ..PLAIN },
    Scene { name: "takes-zoom-75", zoom: 0.75, ..PLAIN },
    Scene { name: "small", size: (760, 560), ..PLAIN },
    Scene { name: "smallest", size: (760, 480), ..PLAIN },
    Scene { name: "small-2x", size: (760, 480), scale: 2.0, ..PLAIN },
    Scene { name: "4k", size: (3840, 2080), ..PLAIN },
    Scene { name: "large", size: (1920, 1040), ..PLAIN },
    Scene {
        name: "generating",
        in_docs: true,
        steps: &[
            LENGTH,
            Step::Type("30"),
            Step::Press("Return"),
            MORE,
            MORE,
            PROMPT,
            Step::Press("ctrl+a"),
            Step::Type("thunder and heavy rain, distant storm"),
            Step::Press("ctrl+Return"),
            Step::Press("ctrl+a"),
            Step::Type("waves breaking on a stone beach"),
            Step::Press("ctrl+Return"),
            Step::Wait(1500),
        ],
        ..PLAIN
    },
    Scene {
        name: "editing",
        in_docs: true,
        steps: &[
            Step::Drag((345, 240), (720, 240)),
            Step::Press("t"),
            Step::Drag(WAVE, (600, 240)),
            Step::Wait(600),
        ],
        ..PLAIN
    },
    Scene {
        name: "timing",
        in_docs: true,
        steps: &[
            LENGTH,
            Step::Type("4"),
            Step::Press("Return"),
            PROMPT,
            Step::Press("ctrl+a"),
            Step::Type("footsteps on gravel speeding up"),
            Step::Click(702, 130),
            Step::Press("ctrl+Return"),
            Step::Wait(4000),
        ],
        ..PLAIN
    },
    Scene { name: "recipe", steps: &[Step::Click(689, 174), Step::Wait(400)], ..PLAIN },
    Scene { name: "no-audio-device", start: Start::NoDevice, ..PLAIN },
    Scene { name: "playing", work: 1, in_docs: true, ..PLAIN },
    Scene { name: "exporting", work: 2, in_docs: true, ..PLAIN },
    Scene { name: "library", list: 1, in_docs: true, ..PLAIN },
    Scene { name: "hundred-takes", start: Start::Hundred, steps: &[DISMISS], ..PLAIN },
    Scene {
        name: "model-missing",
        start: Start::NoModel,
        steps: &[PROMPT, Step::Type(", "), Step::Press("ctrl+Return"), Step::Wait(2500)],
        ..PLAIN
    },
    Scene { name: "help", steps: &[Step::Press("F1"), Step::Wait(400)], ..PLAIN },
    Scene { name: "about", steps: &[Step::Press("shift+F1"), Step::Wait(400)], ..PLAIN },
    Scene {
        name: "other-scripts",
        start: Start::Prompt("雨の音, 빗소리, 雷声, дождь, 🔥"),
        steps: &[Step::Wait(2500), DISMISS],
        ..PLAIN
    },
];
