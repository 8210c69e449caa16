//! `straightshot evaluate --plan`: the whole table by one command, from the checkpoints of training runs.

use super::{Arguments, Hearing, Real, threads};
use crate::pack;
use anyhow::{Context, Result, ensure};
use serde::Deserialize;
use std::path::{Path, PathBuf};
use straightshot_engine::config::Sampler;
use straightshot_engine::model::ModelFiles;
use straightshot_engine::pipeline::Generator;
use straightshot_evaluation::results::{MARKDOWN_HEADING, MARKDOWN_HEADING_OF_DIFFERENCES};

/// A row to make.
#[derive(Debug, Deserialize)]
struct Line {
    /// Its name.
    system: String,
    /// Recordings instead of generated sounds; what follows is then empty.
    real: Option<Real>,
    /// Run whose averaged weights are judged; the flow of the model itself where it is empty.
    run: Option<PathBuf>,
    /// How they are used.
    sampler: Option<Sampler>,
    /// Solver steps.
    steps: Option<u32>,
    /// Guidance scale.
    guidance: Option<f32>,
    /// What training cost.
    compute: Option<String>,
    /// Row to compare with, see [`Arguments::against`].
    #[serde(default)]
    against: Option<String>,
}

#[expect(clippy::print_stderr, reason = "what is not in the result")]
pub(super) fn run(arguments: &Arguments, plan: &Path) -> Result<()> {
    let (lines, missing) = read(plan)?.into_iter().partition::<Vec<_>, _>(|line| {
        line.run.as_ref().is_none_or(|run| arguments.runs.join(run).join("checkpoint.safetensors").exists())
    });
    for line in missing {
        let run = line.run.unwrap_or_default();
        eprintln!("{} is left out: there is no run {}", line.system, arguments.runs.join(run).display());
    }
    ensure!(!lines.is_empty(), "there is no run of any row of {}", plan.display());
    let work = tempfile::tempdir()?;
    let base = match &arguments.model {
        Some(folder) => ModelFiles::from_dir(folder)?,
        None => ModelFiles::builtin(),
    };
    let folder = work.path().join("base");
    std::fs::create_dir(&folder)?;
    for (name, bytes) in base.by_name() {
        std::fs::write(folder.join(name), bytes)?;
    }
    let hearing = Hearing::open(arguments, Generator::with_threads(&base, 1)?.card())?;
    println!("{MARKDOWN_HEADING}");
    let mut differences = Vec::new();
    for line in &lines {
        let files = match &line.run {
            Some(run) => packed(&arguments.runs.join(run), line, &folder, &work.path().join("packed"))?,
            None => base.clone(),
        };
        let row = Arguments {
            system: line.system.clone(),
            real: line.real,
            steps: vec![line.steps.unwrap_or_else(|| arguments.steps())],
            guidance: line.guidance.unwrap_or(arguments.guidance),
            against: line.against.clone(),
            compute: line.compute.clone().unwrap_or_else(|| arguments.compute.clone()),
            ..arguments.clone()
        };
        let generator = Generator::with_threads(&files, threads(arguments))?;
        let row = hearing.row(&row, &files, &generator)?;
        println!("{}", row.markdown());
        differences.extend(row.markdown_of_differences());
    }
    if !differences.is_empty() {
        println!("{MARKDOWN_HEADING_OF_DIFFERENCES}\n{}", differences.join("\n"));
    }
    Ok(())
}

fn read(plan: &Path) -> Result<Vec<Line>> {
    let name = || plan.display().to_string();
    let lines: Vec<Line> = csv::ReaderBuilder::new()
        .comment(Some(b'#'))
        .from_path(plan)
        .with_context(name)?
        .deserialize()
        .collect::<std::result::Result<_, _>>()
        .with_context(name)?;
    ensure!(!lines.is_empty(), "{} has no row", plan.display());
    Ok(lines)
}

/// The model of a run with everything else from the folder `base`: rounded as it would ship, because that is what is to be judged.
fn packed(run: &Path, line: &Line, base: &Path, out: &Path) -> Result<ModelFiles> {
    pack::run(&pack::Arguments {
        codec: base.to_owned(),
        flow: run.to_owned(),
        one_step: None,
        few_steps: 1,
        flow_guidance: 1.0,
        one_step_guidance: 1.0,
        sampler: line.sampler.unwrap_or_default(),
        text: base.to_owned(),
        name: line.system.clone(),
        out: out.to_owned(),
    })?;
    Ok(ModelFiles::from_dir(out)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_a_plan_are_read_and_empty_cells_are_absent() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("plan.csv");
        let text = "system,real,run,sampler,steps,guidance,compute,against\n# a comment\n\
                    ldm,,ldm,ddim,100,3,2 h,cfm-24\ncodec,codec,,,,,,\n";
        std::fs::write(&path, text).unwrap();
        let lines = read(&path).unwrap();
        assert_eq!(lines.len(), 2);
        assert_eq!(
            (lines[0].sampler, lines[0].steps, lines[0].guidance),
            (Some(Sampler::Ddim), Some(100), Some(3.0))
        );
        assert_eq!((lines[1].real, &lines[1].run), (Some(Real::Codec), &None));
        assert_eq!((lines[0].against.as_deref(), &lines[1].against), (Some("cfm-24"), &None));
        std::fs::write(&path, "system,real,run,sampler,steps,guidance,compute\nx,,x,magic,1,1,\n").unwrap();
        assert!(format!("{:?}", read(&path).unwrap_err()).contains("magic"));
    }
}
