//! Draws a sound as a waveform above a spectrogram with a logarithmic frequency axis.

use anyhow::{Result, anyhow};
use plotters::prelude::*;
use realfft::RealFftPlanner;
use std::path::Path;
use straightshot_pictures::{Area, FONT, failed, write};

/// Size of the picture in pixels.
const SIZE: (u32, u32) = (1200, 860);
/// Height of heading and waveform in pixels.
const HEADING: u32 = 44;
const WAVEFORM: u32 = 270;
/// Width of the strip that explains the colours.
const LEGEND: u32 = 110;
/// Columns and rows of the spectrogram.
const COLUMNS: usize = 900;
const ROWS: usize = 400;
/// Samples per transform: 43 ms at 48 kHz, a compromise between clicks and bass.
const WINDOW: usize = 2048;
/// Lowest frequency shown in Hz; one bin of the transform.
const LOWEST_HZ: f32 = 30.0;
/// Highest frequency shown in Hz.
const HIGHEST_HZ: f32 = 20_000.0;
/// Levels below the loudest point that still have a colour, in dB.
const RANGE_DB: f32 = 80.0;
/// Dark to light and always distinguishable in grey, from silence to the loudest point.
const COLOURS: [[f32; 3]; 6] = [
    [0.0, 0.0, 12.0],
    [50.0, 12.0, 100.0],
    [135.0, 35.0, 110.0],
    [220.0, 80.0, 60.0],
    [250.0, 165.0, 30.0],
    [252.0, 250.0, 190.0],
];

/// Writes `path` with the picture of one channel.
pub(crate) fn draw(path: &Path, title: &str, samples: &[f32], rate_hz: u32) -> Result<()> {
    write(path, SIZE, |root| {
        let style = (FONT, 24).into_font().color(&BLACK);
        root.draw_text(&shorten(title), &style, (16, 12)).map_err(failed)?;
        let (_, below) = root.split_vertically(HEADING);
        let (upper, lower) = below.split_vertically(WAVEFORM);
        let (upper, _) = upper.split_horizontally(SIZE.0 - LEGEND);
        let (lower, legend) = lower.split_horizontally(SIZE.0 - LEGEND);
        waveform(&upper, samples, rate_hz)?;
        spectrogram(&lower, samples, rate_hz)?;
        colours(&legend)
    })
}

/// A title that fits the width.
fn shorten(title: &str) -> String {
    const FITTING: usize = 108;
    if title.chars().count() <= FITTING {
        return title.to_owned();
    }
    title.chars().take(FITTING).chain(['…']).collect()
}

/// Length of a sound in seconds.
#[expect(clippy::cast_precision_loss, reason = "sounds have at most 1.5 million samples")]
fn seconds(samples: &[f32], rate_hz: u32) -> f32 {
    samples.len() as f32 / rate_hz as f32
}

/// Smallest and largest sample of each column over a time axis.
fn waveform(area: &Area<'_>, samples: &[f32], rate_hz: u32) -> Result<()> {
    let length_s = seconds(samples, rate_hz);
    let mut chart = ChartBuilder::on(area)
        .margin_left(12)
        .margin_right(8)
        .x_label_area_size(4)
        .y_label_area_size(76)
        .build_cartesian_2d(0.0..length_s, -1.0_f32..1.0)
        .map_err(failed)?;
    let mut mesh = chart.configure_mesh();
    mesh.y_desc("amplitude").axis_desc_style((FONT, 20)).label_style((FONT, 18)).light_line_style(WHITE);
    mesh.x_labels(0).y_labels(5).draw().map_err(failed)?;
    let per_column = samples.len().div_ceil(COLUMNS).max(1);
    let bars = samples.chunks(per_column).enumerate().map(|(column, chunk)| {
        let low = chunk.iter().copied().fold(f32::INFINITY, f32::min);
        let high = chunk.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        let at = seconds(&samples[..column * per_column], rate_hz);
        PathElement::new(vec![(at, low), (at, high)], RGBColor(30, 90, 160).stroke_width(2))
    });
    chart.draw_series(bars).map_err(failed)?;
    Ok(())
}

/// Level over time and frequency.
fn spectrogram(area: &Area<'_>, samples: &[f32], rate_hz: u32) -> Result<()> {
    let length_s = seconds(samples, rate_hz);
    let mut chart = ChartBuilder::on(area)
        .margin_left(12)
        .margin_right(8)
        .margin_top(10)
        .margin_bottom(8)
        .x_label_area_size(54)
        .y_label_area_size(76)
        .build_cartesian_2d(0.0..length_s, (LOWEST_HZ..HIGHEST_HZ).log_scale())
        .map_err(failed)?;
    let levels = levels(samples, rate_hz)?;
    let plotting = chart.plotting_area();
    let (across, down) = plotting.get_pixel_range();
    let (width, height) = (across.end - across.start, down.end - down.start);
    let pixels = plotting.strip_coord_spec();
    for y in 0..height {
        for x in 0..width {
            let column = usize::try_from(x)? * COLUMNS / usize::try_from(width)?;
            let row = usize::try_from(height - 1 - y)? * ROWS / usize::try_from(height)?;
            pixels.draw_pixel((x, y), &colour(levels[column * ROWS + row])).map_err(failed)?;
        }
    }
    let mut mesh = chart.configure_mesh();
    mesh.x_desc("time (s)").y_desc("frequency (Hz)").axis_desc_style((FONT, 20));
    mesh.label_style((FONT, 18)).disable_mesh().y_labels(8);
    mesh.y_label_formatter(&|hz| format!("{hz:.0}")).draw().map_err(failed)?;
    Ok(())
}

/// Levels from 0 (quietest shown) to 1 (loudest), `[COLUMNS, ROWS]`, rows from low to high frequency.
#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "bins and positions are small and not negative"
)]
fn levels(samples: &[f32], rate_hz: u32) -> Result<Vec<f32>> {
    let transform = RealFftPlanner::<f32>::new().plan_fft_forward(WINDOW);
    let (mut frame, mut spectrum) = (transform.make_input_vec(), transform.make_output_vec());
    let mut db = Vec::with_capacity(COLUMNS * ROWS);
    for column in 0..COLUMNS {
        let centre = (column as f32 + 0.5) / COLUMNS as f32 * samples.len() as f32;
        for (index, value) in frame.iter_mut().enumerate() {
            let position = centre as isize + index as isize - (WINDOW / 2) as isize;
            let sample =
                usize::try_from(position).ok().and_then(|at| samples.get(at)).copied().unwrap_or(0.0);
            let phase = std::f32::consts::TAU * index as f32 / WINDOW as f32;
            *value = sample * (0.5 - 0.5 * phase.cos());
        }
        transform.process(&mut frame, &mut spectrum).map_err(|error| anyhow!("transform: {error}"))?;
        for row in 0..ROWS {
            let hz = LOWEST_HZ * (HIGHEST_HZ / LOWEST_HZ).powf((row as f32 + 0.5) / ROWS as f32);
            let bin = ((hz * WINDOW as f32 / rate_hz as f32).round() as usize).min(spectrum.len() - 1);
            db.push(20.0 * spectrum[bin].norm().max(1e-9).log10());
        }
    }
    let loudest = db.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    Ok(db.into_iter().map(|level| ((level - loudest) / RANGE_DB + 1.0).clamp(0.0, 1.0)).collect())
}

/// The colour of a level between 0 and 1.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the level is limited to 0 to 1")]
#[expect(clippy::cast_precision_loss, reason = "six colours")]
fn colour(level: f32) -> RGBColor {
    let position = level.clamp(0.0, 1.0) * (COLOURS.len() - 1) as f32;
    let index = (position as usize).min(COLOURS.len() - 2);
    let mix = |part: usize| {
        let (low, high) = (COLOURS[index][part], COLOURS[index + 1][part]);
        (low + (high - low) * (position - index as f32)) as u8
    };
    RGBColor(mix(0), mix(1), mix(2))
}

/// The strip that says which colour is which level.
fn colours(area: &Area<'_>) -> Result<()> {
    let mut chart = ChartBuilder::on(area)
        .margin_top(10)
        .margin_bottom(62)
        .margin_right(14)
        .right_y_label_area_size(66)
        .build_cartesian_2d(0.0_f32..1.0, 0.0_f32..1.0)
        .map_err(failed)?
        .set_secondary_coord(0.0_f32..1.0, -RANGE_DB..0.0);
    let plotting = chart.plotting_area();
    let (across, down) = plotting.get_pixel_range();
    let (width, height) = (across.end - across.start, down.end - down.start);
    let pixels = plotting.strip_coord_spec();
    for y in 0..height {
        #[expect(clippy::cast_precision_loss, reason = "a pixel row")]
        let shade = colour(1.0 - y as f32 / height as f32);
        for x in 0..width {
            pixels.draw_pixel((x, y), &shade).map_err(failed)?;
        }
    }
    let mut mesh = chart.configure_secondary_axes();
    mesh.y_desc("level (dB)").axis_desc_style((FONT, 20)).label_style((FONT, 18));
    mesh.y_labels(9).y_label_formatter(&|db| format!("{db:.0}")).draw().map_err(failed)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const RATE_HZ: u32 = 48_000;

    /// One second whose frequency rises from 100 Hz to 10 kHz, an octave per equal part of the time.
    fn sweep() -> Vec<f32> {
        let mut phase = 0.0_f32;
        (0..RATE_HZ)
            .map(|index| {
                phase += 100.0 * 100.0_f32.powf(seconds(&vec![0.0; index as usize], RATE_HZ)) / 48_000.0;
                phase = phase.fract();
                0.5 * (std::f32::consts::TAU * phase).sin()
            })
            .collect()
    }

    #[test]
    fn the_loudest_row_follows_a_sweep() {
        let levels = levels(&sweep(), RATE_HZ).unwrap();
        let loudest_hz = |column: usize| {
            let rows = &levels[column * ROWS..(column + 1) * ROWS];
            let row = (0..ROWS).max_by(|a, b| rows[*a].total_cmp(&rows[*b])).unwrap();
            LOWEST_HZ * (HIGHEST_HZ / LOWEST_HZ).powf((row as f32 + 0.5) / ROWS as f32)
        };
        // At the middle 1 kHz; at three quarters 3.16 kHz. A bin is 23 Hz wide, the window smears the sweep.
        assert!((loudest_hz(COLUMNS / 2) - 1000.0).abs() < 100.0);
        assert!((loudest_hz(COLUMNS * 3 / 4) - 3162.0).abs() < 300.0);
    }

    #[test]
    fn a_picture_has_the_promised_size_and_many_colours() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("sweep.png");
        draw(&path, "a sweep · 4 steps, 1 s, seed 1, guidance 3, made at 44100 Hz", &sweep(), RATE_HZ)
            .unwrap();
        let (size, pixels) = straightshot_pictures::read(&path).unwrap();
        assert_eq!(size, SIZE);
        let colours: std::collections::HashSet<&[u8]> = pixels.chunks(3).collect();
        assert!(colours.len() > 100, "only {} colours", colours.len());
    }
}
