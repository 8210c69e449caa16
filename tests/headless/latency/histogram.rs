//! How often a call was how slow and how late, as a picture.

use super::audio::PERIOD;
use anyhow::Result;
use plotters::prelude::*;
use std::path::Path;
use straightshot_pictures::{Area, COLOURS, FONT, failed, write};

/// Size of the picture in pixels.
const SIZE: (u32, u32) = (1100, 980);
/// Height of the heading.
const HEADING: u32 = 46;
/// Shortest and longest time shown in µs; what lies outside is counted in the first and the last bin.
const RANGE_US: (f64, f64) = (0.3, 30_000.0);
/// Bins per factor of ten.
const BINS: usize = 20;
/// Where the counts' axis begins: below one, so that a single call can be seen.
const LOWEST: f64 = 0.5;

/// One distribution of a panel.
pub(super) struct Line<'a> {
    pub(super) name: &'a str,
    /// Times in µs.
    pub(super) values: Vec<f64>,
}

/// Writes a picture to `path` with a panel for each of `panels`: what its times are, and the distributions.
pub(super) fn draw(path: &Path, title: &str, panels: &[(&str, Vec<Line<'_>>)]) -> Result<()> {
    write(path, SIZE, |root| {
        root.draw_text(title, &(FONT, 22).into_font().color(&BLACK), (16, 14)).map_err(failed)?;
        let (_, below) = root.split_vertically(HEADING);
        let areas = below.split_evenly((panels.len(), 1));
        areas.iter().zip(panels).try_for_each(|(area, (name, lines))| panel(area, name, lines))
    })
}

fn panel(area: &Area<'_>, name: &str, lines: &[Line<'_>]) -> Result<()> {
    let counted: Vec<Vec<u32>> = lines.iter().map(|line| counts(&line.values)).collect();
    let most = f64::from(counted.iter().flatten().copied().max().unwrap_or(1).max(1));
    let (low, high) = RANGE_US;
    let mut chart = ChartBuilder::on(area)
        .margin(14)
        .x_label_area_size(54)
        .y_label_area_size(92)
        .build_cartesian_2d((low..high).log_scale(), (LOWEST..2.0 * most).log_scale())
        .map_err(failed)?;
    let mut mesh = chart.configure_mesh();
    mesh.x_desc(format!("{name} (µs)")).y_desc("calls").axis_desc_style((FONT, 20)).label_style((FONT, 17));
    mesh.light_line_style(WHITE).x_label_formatter(&in_digits).y_label_formatter(&in_digits);
    mesh.draw().map_err(failed)?;
    let deadline = PERIOD.as_secs_f64() * 1e6;
    let rule = PathElement::new([(deadline, LOWEST), (deadline, 2.0 * most)], BLACK.stroke_width(2));
    chart.draw_series([rule]).map_err(failed)?.label("one period").legend(|at| mark(at, BLACK));
    for ((line, counts), colour) in lines.iter().zip(&counted).zip(COLOURS.iter().cycle().copied()) {
        let outline = PathElement::new(outline(counts), colour.stroke_width(2));
        let drawn = chart.draw_series([outline]).map_err(failed)?;
        drawn.label(line.name).legend(move |at| mark(at, colour));
    }
    let mut legend = chart.configure_series_labels();
    legend.position(SeriesLabelPosition::UpperRight).label_font((FONT, 18)).background_style(WHITE);
    legend.border_style(RGBColor(180, 180, 180)).margin(10).draw().map_err(failed)
}

/// The line of a colour in the legend.
fn mark((x, y): (i32, i32), colour: RGBColor) -> PathElement<(i32, i32)> {
    PathElement::new([(x, y), (x + 18, y)], colour.stroke_width(3))
}

/// A number of an axis that counts in factors of ten.
fn in_digits(value: &f64) -> String {
    if *value < 1.0 { format!("{value:.1}") } else { format!("{value:.0}") }
}

/// How many of the times lie in each bin.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "a bin out of some hundred"
)]
fn counts(values: &[f64]) -> Vec<u32> {
    let (low, high) = RANGE_US;
    let mut counts = vec![0; ((high / low).log10() * BINS as f64).round() as usize];
    let last = counts.len() - 1;
    for value in values {
        let bin = ((value / low).log10() * BINS as f64).floor().max(0.0) as usize;
        counts[bin.min(last)] += 1;
    }
    counts
}

/// The upper edge of the bins.
#[expect(clippy::cast_precision_loss, reason = "a bin out of some hundred")]
fn outline(counts: &[u32]) -> Vec<(f64, f64)> {
    let edge = |bin: usize| RANGE_US.0 * 10_f64.powf(bin as f64 / BINS as f64);
    let steps = counts.iter().enumerate().flat_map(|(bin, count)| {
        let height = f64::from(*count).max(LOWEST);
        [(edge(bin), height), (edge(bin + 1), height)]
    });
    steps.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_time_is_counted_in_its_bin_and_extremes_at_the_ends() {
        let counts = counts(&[0.0, 1e-9, 0.31, 3.1, 3.3, 3.4, 1e9]);
        assert_eq!(counts.len(), 100);
        assert_eq!((counts[0], counts[99]), (3, 1));
        // 3 µs is a factor of ten above the first edge; a bin is a factor of 1.122 wide.
        assert_eq!((counts[20], counts[21]), (2, 1));
        let outline = outline(&counts);
        assert!((outline[40].0 - 3.0).abs() < 1e-9 && outline[40].1 == 2.0, "{:?}", outline[40]);
        assert_eq!(outline[100].1, LOWEST, "an empty bin lies on the axis");
    }
}
