//! How the command line tools draw: a bitmap with a font of its own, written as PNG.
//!
//! For programs, so its errors are anyhow's. What is drawn is the business of each tool.

use anyhow::{Context, Result, anyhow, ensure};
use plotters::coord::Shift;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};
use plotters::style::{FontStyle, register_font};
use std::fs::File;
use std::io::{BufReader, BufWriter};
use std::path::Path;

/// The only font of the pictures. It is part of the program: machines without a screen often have none.
pub const FONT: &str = "sans-serif";

/// Height of the text of tables and legends in pixels.
const TEXT_SIZE: i32 = 18;

/// Colours of lines and bars that can be told apart without seeing red or green, from
/// [Okabe and Ito, 2008](https://jfly.uni-koeln.de/color/); the last one is the palest.
pub const COLOURS: [RGBColor; 6] = [
    RGBColor(0, 114, 178),
    RGBColor(213, 94, 0),
    RGBColor(0, 158, 115),
    RGBColor(204, 121, 167),
    RGBColor(86, 180, 233),
    RGBColor(230, 159, 0),
];

/// Part of a picture.
pub type Area<'a> = DrawingArea<BitMapBackend<'a>, Shift>;

/// Writes a picture of `size` (width and height in pixels) to `path`; `draw` fills it, beginning with white.
///
/// # Errors
/// Those of `draw`, and if the file cannot be written.
pub fn write(path: &Path, size: (u32, u32), draw: impl FnOnce(&Area<'_>) -> Result<()>) -> Result<()> {
    register_font(FONT, FontStyle::Normal, epaint_default_fonts::UBUNTU_LIGHT)
        .map_err(|_| anyhow!("the picture's font is damaged"))?;
    let mut pixels = vec![0; size.0 as usize * size.1 as usize * 3];
    {
        let root = BitMapBackend::with_buffer(&mut pixels, size).into_drawing_area();
        root.fill(&WHITE).map_err(failed)?;
        draw(&root)?;
        root.present().map_err(failed)?;
    }
    let file = File::create(path).with_context(|| format!("{} cannot be written", path.display()))?;
    let mut encoder = png::Encoder::new(BufWriter::new(file), size.0, size.1);
    encoder.set_color(png::ColorType::Rgb);
    Ok(encoder.write_header()?.write_image_data(&pixels)?)
}

/// The size of the picture at `path` and its pixels in three bytes each, for tests of what was drawn.
///
/// # Errors
/// If there is no picture, or none of [`write()`].
pub fn read(path: &Path) -> Result<((u32, u32), Vec<u8>)> {
    let file = File::open(path).with_context(|| format!("{} cannot be read", path.display()))?;
    let mut reader = png::Decoder::new(BufReader::new(file)).read_info()?;
    let mut pixels = vec![0; reader.output_buffer_size().context("the picture is too large")?];
    let info = reader.next_frame(&mut pixels)?;
    ensure!(info.color_type == png::ColorType::Rgb, "the picture has another form");
    Ok(((info.width, info.height), pixels))
}

/// Draws text at a point, in the size that a table needs: `across` says which of its ends is there, its middle
/// is at the height.
///
/// # Errors
/// If plotters cannot draw it.
pub fn text(area: &Area<'_>, text: &str, at: (i32, i32), across: HPos, colour: &RGBColor) -> Result<()> {
    let style = (FONT, TEXT_SIZE).into_font().color(colour).pos(Pos::new(across, VPos::Center));
    area.draw_text(text, &style, at).map_err(failed)
}

/// Explains colours in a row that begins at a point.
///
/// # Errors
/// If plotters cannot draw it.
pub fn legend<'a>(
    area: &Area<'_>,
    (mut x, y): (i32, i32),
    entries: impl IntoIterator<Item = (&'a str, RGBColor)>,
) -> Result<()> {
    for (name, colour) in entries {
        area.draw(&Rectangle::new([(x, y - 8), (x + 16, y + 8)], colour.filled())).map_err(failed)?;
        text(area, name, (x + 24, y), HPos::Left, &BLACK)?;
        let style = (FONT, TEXT_SIZE).into_font().color(&BLACK);
        let (width, _) = area.estimate_text_size(name, &style).map_err(failed)?;
        x += 24 + i32::try_from(width)? + 26;
    }
    Ok(())
}

/// The text of plotters' errors, which borrow the picture themselves.
#[expect(clippy::needless_pass_by_value, reason = "the shape map_err needs")]
pub fn failed<E: std::error::Error + Send + Sync>(error: DrawingAreaErrorKind<E>) -> anyhow::Error {
    anyhow!("the picture could not be drawn: {error}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_has_its_size_a_background_and_a_legend() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("legend.png");
        write(&path, (200, 60), |root| legend(root, (10, 30), [("text", COLOURS[0]), ("flow", COLOURS[1])]))
            .unwrap();
        let (size, pixels) = read(&path).unwrap();
        assert_eq!(size, (200, 60));
        assert_eq!(pixels[..3], [255; 3]);
        let count =
            |wanted: RGBColor| pixels.chunks(3).filter(|p| *p == [wanted.0, wanted.1, wanted.2]).count();
        // Squares of 16 by 16; the strokes of letters are mostly paler than black.
        assert_eq!((count(COLOURS[0]), count(COLOURS[1])), (256, 256));
        let inked = pixels.chunks(3).filter(|pixel| pixel.iter().all(|part| *part < 128)).count();
        assert!(inked > 50, "{inked} dark pixels");
        assert!(write(&folder.path().join("none/text.png"), (9, 9), |_| Ok(())).is_err());
    }
}
