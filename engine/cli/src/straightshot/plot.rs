//! `straightshot plot`: the log of a training run as a picture.

use anyhow::{Context, Result, ensure};
use clap::Args;
use plotters::prelude::*;
use std::path::{Path, PathBuf};
use straightshot_pictures::{Area, FONT, failed, write};

/// Width of the picture and height of a panel in pixels.
const WIDTH: u32 = 1000;
const PANEL: u32 = 320;
/// Steps over which the line is averaged, as a share of the run.
const SMOOTHED: f64 = 0.02;
/// Share of values at either end that may lie outside the picture: a first step must not flatten the rest.
const OUTSIDE: f64 = 0.005;
/// Columns of a log that are not drawn over the steps.
const AXES: [&str; 2] = ["step", "seconds"];

#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Run folders; `loss.png` is written into each.
    #[arg(required = true)]
    runs: Vec<PathBuf>,
}

pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    arguments.runs.iter().try_for_each(|run| draw(run))
}

/// Draws `log.csv` of `run` as `loss.png` beside it: a panel per column, the values as dots, their running mean as a
/// line.
pub(crate) fn draw(run: &Path) -> Result<()> {
    let log = Log::read(&run.join("log.csv"))?;
    let height = PANEL * u32::try_from(log.columns.len())?;
    write(&run.join("loss.png"), (WIDTH, height), |root| {
        let areas = root.split_evenly((log.columns.len(), 1));
        areas
            .iter()
            .zip(&log.columns)
            .try_for_each(|(area, (name, values))| panel(area, name, &log.steps, values))
    })
}

fn panel(area: &Area<'_>, name: &str, steps: &[f64], values: &[f64]) -> Result<()> {
    let (low, high) = range(values);
    let last = steps.iter().copied().fold(1.0, f64::max);
    let mut chart = ChartBuilder::on(area)
        .margin(12)
        .x_label_area_size(44)
        .y_label_area_size(72)
        .build_cartesian_2d(0.0..last, low..high)
        .map_err(failed)?;
    let mut mesh = chart.configure_mesh();
    mesh.x_desc("step").y_desc(name.replace('_', " ")).axis_desc_style((FONT, 18));
    mesh.x_label_formatter(&|step| format!("{step:.0}"));
    mesh.label_style((FONT, 15)).light_line_style(WHITE).draw().map_err(failed)?;
    let inside = |y: f64| y.clamp(low, high);
    let dots = steps.iter().zip(values).map(|(&x, &y)| Pixel::new((x, inside(y)), RGBColor(140, 170, 210)));
    chart.draw_series(dots).map_err(failed)?;
    let window = (values.len() as f64 * SMOOTHED) as usize;
    let line = steps.iter().copied().zip(running_mean(values, window).into_iter().map(inside));
    let line = PathElement::new(line.collect::<Vec<_>>(), RGBColor(20, 70, 140).stroke_width(2));
    chart.draw_series([line]).map_err(failed)?;
    Ok(())
}

/// The columns of a log.
struct Log {
    steps: Vec<f64>,
    columns: Vec<(String, Vec<f64>)>,
}

impl Log {
    fn read(path: &Path) -> Result<Self> {
        let name = || path.display().to_string();
        let mut reader = csv::Reader::from_path(path).with_context(name)?;
        let headers = reader.headers().with_context(name)?.clone();
        let mut all: Vec<(String, Vec<f64>)> = headers.iter().map(|h| (h.to_owned(), Vec::new())).collect();
        for record in reader.deserialize::<Vec<f64>>() {
            let record = record.with_context(name)?;
            all.iter_mut().zip(record).for_each(|((_, values), value)| values.push(value));
        }
        let at = all.iter().position(|(name, _)| name == AXES[0]);
        let steps =
            at.map(|at| all[at].1.clone()).with_context(|| format!("{} has no steps", path.display()))?;
        ensure!(!steps.is_empty(), "{} is empty", path.display());
        let columns = all.into_iter().filter(|(name, _)| !AXES.contains(&name.as_str())).collect();
        Ok(Self { steps, columns })
    }
}

/// Lowest and highest value shown.
fn range(values: &[f64]) -> (f64, f64) {
    let mut sorted: Vec<f64> = values.iter().copied().filter(|v| v.is_finite()).collect();
    sorted.sort_by(f64::total_cmp);
    let cut = (sorted.len() as f64 * OUTSIDE) as usize;
    let low = sorted.get(cut).copied().unwrap_or(0.0);
    let high = sorted.iter().rev().nth(cut).copied().unwrap_or(1.0);
    let margin = (0.05 * (high - low)).max(1e-6);
    (low - margin, high + margin)
}

/// The mean of each value and of up to `window` before it.
fn running_mean(values: &[f64], window: usize) -> Vec<f64> {
    let mut sum = 0.0;
    let mut out = Vec::with_capacity(values.len());
    for (i, value) in values.iter().enumerate() {
        sum += value;
        if i > window {
            sum -= values[i - window - 1];
        }
        out.push(sum / (i.min(window) + 1) as f64);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn means_run_over_the_values_before() {
        assert_eq!(running_mean(&[1.0, 3.0, 5.0, 7.0], 1), [1.0, 2.0, 4.0, 6.0]);
        assert_eq!(running_mean(&[1.0, 3.0], 0), [1.0, 3.0]);
    }

    #[test]
    fn a_picture_has_a_panel_per_column_and_says_what_is_wrong_with_a_log() {
        let folder = tempfile::tempdir().unwrap();
        assert!(format!("{:?}", draw(folder.path()).unwrap_err()).contains("log.csv"));
        let log = folder.path().join("log.csv");
        std::fs::write(&log, "step,seconds,loss,gradient_norm\n1,0.5,2.0,0.1\n2,1.0,1.0,0.2\n").unwrap();
        draw(folder.path()).unwrap();
        let (size, pixels) = straightshot_pictures::read(&folder.path().join("loss.png")).unwrap();
        assert_eq!(size, (WIDTH, 2 * PANEL));
        assert!(pixels.chunks(3).any(|p| p == [20, 70, 140]), "no line");
    }
}
