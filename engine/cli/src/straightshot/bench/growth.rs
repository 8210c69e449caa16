//! What `--scale` measured, on logarithmic axes.

use super::series::{Point, STAGES, Series, Time, over_batch, over_length};
use anyhow::Result;
use plotters::prelude::*;
use std::path::Path;
use straightshot_pictures::{Area, COLOURS, FONT, failed, legend, write};

/// Size of the picture in pixels.
const SIZE: (u32, u32) = (1560, 660);
/// Height of the legend.
const LEGEND: u32 = 44;
/// Where the axes end beyond the outermost points.
const MARGIN: f64 = 1.35;

/// A line of a panel.
struct Line {
    colour: RGBColor,
    points: Series,
}

/// Writes a picture with three panels to `path`: time over length, time over batch, memory over length.
pub(super) fn draw(path: &Path, lengths: &[Point], batches: &[Point]) -> Result<()> {
    let times = |series: &dyn Fn(Time) -> Series| -> Vec<Line> {
        let lines = STAGES.iter().zip(COLOURS);
        lines.map(|((_, ms), colour)| Line { colour, points: series(*ms) }).collect()
    };
    let mut panels = vec![
        ("seconds", "ms for one step", times(&|ms| over_length(lengths, |p| Some(ms(&p.case))))),
        ("clips of 2 s made together", "ms for one step", {
            times(&|ms| over_batch(batches, |p| Some(ms(&p.case))))
        }),
    ];
    let memory = over_length(lengths, Point::added_mib);
    // Where the system does not tell there is nothing to draw.
    if !memory.is_empty() {
        let line = Line { colour: BLACK, points: memory };
        panels.push(("seconds", "MiB beside those of the model", vec![line]));
    }
    write(path, SIZE, |root| {
        legend(root, (100, 28), STAGES.iter().zip(COLOURS).map(|((name, _), colour)| (*name, colour)))?;
        let areas = root.split_vertically(LEGEND).1.split_evenly((1, panels.len()));
        areas.iter().zip(&panels).try_for_each(|(area, (x, y, lines))| panel(area, x, y, lines))
    })
}

fn panel(area: &Area<'_>, x: &str, y: &str, lines: &[Line]) -> Result<()> {
    let all = || lines.iter().flat_map(|line| line.points.iter().copied());
    let (across, up) = (range(all().map(|point| point.0)), range(all().map(|point| point.1)));
    let mut chart = ChartBuilder::on(area)
        .margin(16)
        .x_label_area_size(54)
        .y_label_area_size(84)
        .build_cartesian_2d(across.log_scale(), up.log_scale())
        .map_err(failed)?;
    let mut mesh = chart.configure_mesh();
    mesh.x_desc(x).y_desc(y).axis_desc_style((FONT, 20)).label_style((FONT, 17));
    mesh.x_label_formatter(&|x| format!("{x}")).y_label_formatter(&|y| format!("{y}"));
    mesh.x_labels(6).bold_line_style(RGBColor(215, 215, 215)).light_line_style(WHITE);
    mesh.draw().map_err(failed)?;
    for Line { colour, points } in lines {
        let line = PathElement::new(points.clone(), colour.stroke_width(2));
        chart.draw_series([line]).map_err(failed)?;
        let dots = points.iter().map(|point| Circle::new(*point, 4, colour.filled()));
        chart.draw_series(dots).map_err(failed)?;
    }
    Ok(())
}

/// From below the smallest to above the largest of some positive values.
fn range(values: impl Iterator<Item = f64>) -> std::ops::Range<f64> {
    let (low, high) =
        values.filter(|v| *v > 0.0).fold((f64::MAX, 0.0), |(low, high), v| (v.min(low), v.max(high)));
    if low > high { 1.0..10.0 } else { low / MARGIN..high * MARGIN }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_holds_all_values_and_some_room_and_exists_without_values() {
        let range_of = |values: &[f64]| range(values.iter().copied());
        let some = range_of(&[4.0, 0.0, 2.0]);
        assert!(some.start < 2.0 && some.start > 1.0 && some.end > 4.0 && some.end < 8.0, "{some:?}");
        assert_eq!(range_of(&[]), 1.0..10.0);
    }
}
