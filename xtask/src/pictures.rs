//! `cargo xtask pictures`: pictures of the window in every state, made with the real program on a virtual display.
//!
//! The sounds are really made, mouse and keyboard are xdotool's, and each picture is what the display shows. The README and
//! MANUAL.md show some of them; `--docs` writes those where the two look for them.

mod desk;
mod scenes;

use crate::setup;
use crate::workspace::{Workspace, run};
use anyhow::{Context, Result, ensure};
use clap::Args;
use desk::{Desk, Device, Program};
use scenes::{SCENES, Scene, Start};
use std::fs;
use std::path::{Path, PathBuf};

/// Which pictures, and where to.
#[derive(Args)]
pub(crate) struct PicturesArgs {
    /// Folder for the pictures.
    #[arg(long, default_value = "target/pictures")]
    out: PathBuf,
    /// Only scenes whose name contains this.
    #[arg(long)]
    only: Option<String>,
    /// Also write the pictures of the README and the manual into assets/pictures.
    #[arg(long)]
    docs: bool,
    /// Use the program as it was built last.
    #[arg(long)]
    no_build: bool,
}

/// Makes the pictures.
pub(crate) fn pictures(args: &PicturesArgs) -> Result<()> {
    ensure!(cfg!(target_os = "linux"), "the pictures are made with X11, on Linux");
    setup::ensure(setup::Purpose::Pictures)?;
    let workspace = Workspace::open(None)?;
    if !args.no_build {
        let mut build = workspace.cargo("build");
        run(build.args(["--bin", "straightshot-standalone"]), "cargo build")?;
    }
    fs::create_dir_all(&args.out).with_context(|| format!("{} cannot be made", args.out.display()))?;
    let program = workspace.program("straightshot-standalone");
    let sounds = workspace.target.join("pictures-data");
    make_sounds(&program, &sounds)?;
    let docs = args.docs.then(|| workspace.root.join("assets/pictures"));
    let wanted = |scene: &&Scene| args.only.as_ref().is_none_or(|only| scene.name.contains(only.as_str()));
    for scene in SCENES.iter().filter(wanted) {
        let picture = args.out.join(format!("{}.png", scene.name));
        let docs = docs.as_deref().filter(|_| scene.in_docs);
        take(scene, &program, &sounds, (&picture, docs))
            .with_context(|| format!("the scene {}", scene.name))?;
        println!("{}", picture.display());
    }
    Ok(())
}

/// Makes the sounds that the scenes show, unless an earlier run has.
fn make_sounds(program: &Path, data: &Path) -> Result<()> {
    fs::create_dir_all(data).with_context(|| format!("{} cannot be made", data.display()))?;
    for (index, sound) in scenes::SOUNDS.iter().enumerate() {
        if desk::takes_in(data) > index {
            continue;
        }
        let desk = Desk::open((1280, 800), 1.0)?;
        let request = sound.request();
        let program = Program::start(program, data, &desk, (Device::None, Some(&request)))?;
        desk::wait_for("the sound to be made", || desk::takes_in(data) > index && !desk::is_making(data))?;
        program.end();
    }
    Ok(())
}

/// Shows a scene and takes its picture; a small one too if there is a folder of the documents.
fn take(scene: &Scene, program: &Path, sounds: &Path, (picture, docs): (&Path, Option<&Path>)) -> Result<()> {
    let data = sounds.with_file_name("pictures-scene");
    if data.exists() {
        fs::remove_dir_all(&data).with_context(|| format!("{} cannot be removed", data.display()))?;
    }
    fs::create_dir_all(&data).with_context(|| format!("{} cannot be made", data.display()))?;
    match scene.start {
        Start::Empty => {}
        Start::Sounds | Start::NoDevice => desk::copy_folder(sounds, &data)?,
        Start::Hundred => {
            desk::copy_folder(sounds, &data)?;
            desk::multiply_takes(&data, 100)?;
        }
        Start::NoModel => {
            desk::copy_folder(sounds, &data)?;
            desk::lose_model(&data)?;
        }
        Start::Prompt(prompt) => {
            desk::copy_folder(sounds, &data)?;
            desk::change_session(&data, |session| session["prompt"] = prompt.into())?;
        }
    }
    let prefs = format!("{{\"zoom\": {}, \"work\": {}, \"list\": {}}}", scene.zoom, scene.work, scene.list);
    fs::write(data.join("window.json"), prefs).context("the window's arrangement cannot be written")?;
    let desk = Desk::open(scene.size, scene.scale)?;
    let device = if matches!(scene.start, Start::NoDevice) { Device::Missing } else { Device::None };
    let program = Program::start(program, &data, &desk, (device, None))?;
    desk.park()?;
    for step in scene.steps {
        desk.perform(step)?;
    }
    desk.park()?;
    desk.picture(picture)?;
    if let Some(docs) = docs {
        fs::create_dir_all(docs).with_context(|| format!("{} cannot be made", docs.display()))?;
        desk.small_picture(&docs.join(format!("{}.png", scene.name)))?;
    }
    program.end();
    Ok(())
}
