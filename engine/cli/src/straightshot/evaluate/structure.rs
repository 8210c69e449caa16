//! `straightshot evaluate --structure`: attacks, tones, floors, counts, rhythm, seeds and classes, of recordings, of the
//! codec and of what is generated, in one table.

mod classes;
mod clicks;
mod figures;
mod material;
mod rhythm;

use self::classes::ClassSound;
use self::material::Maker;
use super::{Arguments, command_line, describe_folders, threads};
use anyhow::{Context, Result};
use straightshot_engine::model::ModelFiles;
use straightshot_engine::pipeline::Generator;
use straightshot_evaluation::classes::{self as lists, Class};
use straightshot_evaluation::prompts::Prompts;
use straightshot_evaluation::results;
use straightshot_evaluation::structure::{Structure, System};
use straightshot_evaluation::yamnet::Yamnet;

/// What every set of sounds is measured with.
struct Setting<'a> {
    arguments: &'a Arguments,
    classes: Vec<Class>,
    yamnet: Yamnet,
    rate_hz: u32,
}

pub(super) fn run(arguments: &Arguments) -> Result<()> {
    let files = match &arguments.model {
        Some(folder) => ModelFiles::from_dir(folder)?,
        None => ModelFiles::builtin(),
    };
    let yamnet = Yamnet::from_dir(&arguments.assets)?;
    let classes = lists::read(&arguments.lists.join("classes.csv"), yamnet.names())?;
    let prompts = Prompts::read(&arguments.lists)?;
    let generator = Generator::with_threads(&files, threads(arguments))?;
    let setting = Setting { arguments, classes, yamnet, rate_hz: generator.sample_rate_hz() };
    // Before minutes of listening, not after.
    let makers: Vec<Maker<'_>> =
        arguments.steps.iter().map(|&steps| Maker { arguments, generator: &generator, steps }).collect();
    for maker in &makers {
        maker
            .request(&setting.classes.first().context("no class is listed")?.prompt, 1.0, 0)
            .validate(generator.card())?;
    }
    let (recordings, held_out) = material::recordings(&setting)?;
    let real = setting.measure_recordings(&recordings)?;
    let codec = setting.measure_codec(&files, &recordings, &real)?;
    let mut recorded = setting.system("recordings", 0, &real, &real)?;
    let mut coded = setting.system("codec", 0, &codec, &real)?;
    clicks::add_all([&mut recorded, &mut coded], &files, arguments)?;
    let mut systems = vec![recorded, coded];
    for maker in &makers {
        let made = setting.measure_generated(maker)?;
        let mut system = setting.system(generator.name(), maker.steps, &made, &real)?;
        rhythm::add_all(&mut system, maker, &prompts)?;
        systems.push(system);
    }
    let structure = Structure {
        systems,
        seeds: arguments.seeds.clone(),
        guidance: Some(arguments.guidance),
        data: format!(
            "{} recordings of {} classes from {}; {held_out} of them of the test and valid splits",
            recordings.len(),
            setting.classes.len(),
            describe_folders(arguments)
        ),
        command: command_line(),
    };
    println!("{}\n{}\n{}", structure.markdown(), structure.data, structure.markdown_of_classes());
    if let Some(path) = &arguments.json {
        results::merge_structure(path, &structure)?;
    }
    Ok(())
}

impl Setting<'_> {
    fn system(&self, name: &str, steps: u32, sounds: &[ClassSound], real: &[ClassSound]) -> Result<System> {
        let mut system = System { name: name.to_owned(), steps, ..System::default() };
        let figures = figures::Figures { setting: self, sounds, real };
        figures.of_signals(&mut system);
        figures.of_classes(&mut system);
        figures.distances(&mut system)?;
        Ok(system)
    }
}
