//! The table of `straightshot bench` as a picture: what the time of each case goes to, and how near the networks come to
//! the machine's limit.

use super::{Case, batch_suffix};
use anyhow::Result;
use plotters::prelude::*;
use plotters::style::text_anchor::HPos;
use std::path::Path;
use straightshot_pictures::{Area, COLOURS, failed, legend, text, write};

/// Sizes in pixels: a row, the heading with the legend, and the foot with the scale.
const ROW: i32 = 34;
const HEADING: i32 = 76;
const FOOT: i32 = 36;
/// Where the columns begin and end.
const WIDTH: i32 = 1400;
const NAMES_END: i32 = 290;
const TIMES: (i32, i32) = (300, 900);
const SHARES: (i32, i32) = (1040, 1360);
/// Room that a number needs within a bar, for each of its characters.
const DIGIT: i32 = 9;
const GREY: RGBColor = RGBColor(200, 200, 200);

/// The parts of the time, in order.
const PARTS: [&str; 5] = ["text", "flow", "decoder network", "phases and inverse transform", "resample"];

/// Milliseconds of each of [`PARTS`].
fn parts(case: &Case) -> [f64; 5] {
    let s = &case.stages;
    let network = (f64::from(case.batch) * s.decode_network_ms).min(s.decode_ms);
    [s.text_ms, s.flow_ms, network, s.decode_ms - network, s.resample_ms]
}

/// Writes the picture to `path`.
pub(super) fn draw(path: &Path, cases: &[Case]) -> Result<()> {
    let height = HEADING + ROW * i32::try_from(cases.len())? + FOOT;
    write(path, (u32::try_from(WIDTH)?, u32::try_from(height)?), |root| {
        heading(root)?;
        scale(root, height - FOOT)?;
        let rows = (0..).map(|row| HEADING + ROW * row);
        cases.iter().zip(rows).try_for_each(|(case, top)| row(root, case, top))
    })
}

fn bar(root: &Area<'_>, from: (i32, i32), to: (i32, i32), colour: RGBColor) -> Result<()> {
    root.draw(&Rectangle::new([from, to], colour.filled())).map_err(failed)
}

/// What the columns and the colours are.
fn heading(root: &Area<'_>) -> Result<()> {
    text(root, "where the time goes (ms), and the total", (TIMES.0, 18), HPos::Left, &BLACK)?;
    text(root, "share of a matrix product's speed", (SHARES.0, 18), HPos::Left, &BLACK)?;
    legend(root, (20, 48), PARTS.into_iter().zip(COLOURS))?;
    legend(root, (SHARES.0, 48), [("transformer", COLOURS[1]), ("decoder", COLOURS[2])])
}

/// Quarters of the limit, down to `bottom`.
fn scale(root: &Area<'_>, bottom: i32) -> Result<()> {
    for quarter in 0..=4 {
        let x = SHARES.0 + (SHARES.1 - SHARES.0) * quarter / 4;
        let rule = PathElement::new([(x, HEADING - 8), (x, bottom)], GREY.stroke_width(1));
        root.draw(&rule).map_err(failed)?;
        text(root, &format!("{} %", 25 * quarter), (x, bottom + 14), HPos::Center, &BLACK)?;
    }
    Ok(())
}

fn row(root: &Area<'_>, case: &Case, top: i32) -> Result<()> {
    let (upper, lower, middle) = (top + 3, top + ROW - 4, top + ROW / 2);
    let threads = if case.threads == 1 { "1 thread".into() } else { format!("{} threads", case.threads) };
    let name = format!("{}{}, {threads}", case.case, batch_suffix(case));
    text(root, &name, (NAMES_END, middle), HPos::Right, &BLACK)?;
    let parts = parts(case);
    let marks = edges(parts, TIMES);
    for (i, (ms, colour)) in parts.iter().zip(COLOURS).enumerate() {
        let (left, right) = (marks[i], marks[i + 1]);
        bar(root, (left, upper), (right, lower), colour)?;
        let number = if *ms < 10.0 { format!("{ms:.1}") } else { format!("{ms:.0}") };
        if right - left >= DIGIT * i32::try_from(number.len())? + 6 {
            text(root, &number, ((left + right) / 2, middle), HPos::Center, &WHITE)?;
        }
    }
    text(root, &format!("{:.0} ms", case.total_ms), (TIMES.1 + 12, middle), HPos::Left, &BLACK)?;
    let half = (lower - upper) / 2;
    for (share, top, colour) in [
        (case.transformer_peak_share, upper, COLOURS[1]),
        (case.decoder_peak_share, upper + half, COLOURS[2]),
    ] {
        // A loaded machine can be slower while its limit is measured than while the networks are.
        let right = edges([share.min(1.0), 1.0 - share.min(1.0)], SHARES)[1];
        bar(root, (SHARES.0, top), (right, top + half - 1), colour)?;
    }
    Ok(())
}

/// Where the parts of a bar begin and end if all of them together fill `within`: one edge more than there are parts.
fn edges<const N: usize>(parts: [f64; N], within: (i32, i32)) -> Vec<i32> {
    let whole: f64 = parts.iter().sum();
    let at = |sum: f64| within.0 + (f64::from(within.1 - within.0) * sum / whole).round() as i32;
    (0..=N).map(|n| at(parts[..n].iter().sum())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::case::Stages;

    fn case() -> Case {
        let stages = Stages {
            text_ms: 20.0,
            flow_ms: 30.0,
            flow_step_ms: 28.0,
            decode_ms: 45.0,
            decode_network_ms: 10.0,
            resample_ms: 5.0,
        };
        Case {
            case: "default/2s/1step".into(),
            threads: 1,
            batch: 4,
            total_ms: 100.0,
            stages,
            rtf: 0.0125,
            transformer_gflops: 50.0,
            decoder_gflops: 80.0,
            peak_gflops: 100.0,
            transformer_peak_share: 0.5,
            decoder_peak_share: 0.8,
        }
    }

    #[test]
    fn the_parts_are_the_whole_and_the_network_counts_once_per_clip() {
        assert_eq!(parts(&case()), [20.0, 30.0, 40.0, 5.0, 5.0]);
        assert_eq!(edges(parts(&case()), (300, 900)), [300, 420, 600, 840, 870, 900]);
    }

    #[test]
    fn a_picture_has_a_row_per_case_and_every_colour() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("bars.png");
        draw(&path, &[case(), case()]).unwrap();
        let ((width, height), pixels) = straightshot_pictures::read(&path).unwrap();
        assert_eq!((width, height), (1400, (HEADING + 2 * ROW + FOOT) as u32));
        for colour in &COLOURS[..PARTS.len()] {
            let wanted = [colour.0, colour.1, colour.2];
            assert!(pixels.chunks(3).any(|pixel| pixel == wanted), "{colour:?} is missing");
        }
    }
}
