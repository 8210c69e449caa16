//! Characters that the window's own fonts lack, from the fonts of the system: Chinese, Japanese, Korean, newer emoji.
//!
//! Nothing is read as long as no such character appears; then [`Background`](super::background::Background) asks here, on its
//! own thread.

use egui::epaint::text::{FontInsert, FontPriority, InsertFontFamily};
use egui::{FontData, FontFamily};
use fontdb::{Database, FaceInfo, ID, Style};
use ttf_parser::{Face, OutlineBuilder};

/// The fonts of the system, as far as one window needs them.
#[derive(Default)]
pub(super) struct SystemFonts {
    /// None until the first character is asked for: reading what fonts there are takes a moment.
    database: Option<Database>,
    /// Those that the window has.
    given: Vec<ID>,
}

impl SystemFonts {
    /// A font that has `wanted`, unless one that was given before has it too or there is none.
    pub(super) fn font_for(&mut self, wanted: char) -> Option<FontInsert> {
        let database = self.database.get_or_insert_with(|| {
            let mut database = Database::new();
            database.load_system_fonts();
            database
        });
        if self.given.iter().any(|font| has(database, *font, wanted)) {
            return None;
        }
        let font = best(database, wanted)?;
        let data = read(database, font)?;
        self.given.push(font);
        Some(insert(&format!("system font {}", self.given.len()), data))
    }
}

/// The upright font of the system that has an outline of `wanted` and looks most like the window's own.
fn best(database: &Database, wanted: char) -> Option<ID> {
    let mut faces: Vec<&FaceInfo> = database.faces().filter(|face| face.style == Style::Normal).collect();
    faces.sort_by_key(|face| unlike(face));
    faces.into_iter().map(|face| face.id).find(|id| has(database, *id, wanted))
}

/// How little a font looks like plain running text: 0 is best.
fn unlike(face: &FaceInfo) -> u32 {
    let name = face.families.first().map(|(name, _)| name.to_lowercase()).unwrap_or_default();
    let sans = ["sans", "gothic", "hei", "yahei", "pingfang", "hiragino", "malgun", "segoe", "dejavu"];
    let odd = ["serif", "mincho", "song", "ming", "mono", "symbol", "condensed", "emoji"];
    let mut unlike = u32::from(face.weight.0.abs_diff(400));
    unlike += if sans.iter().any(|word| name.contains(word)) { 0 } else { 200 };
    unlike += if face.monospaced || odd.iter().any(|word| name.contains(word)) { 400 } else { 0 };
    unlike
}

/// Whether a font has an outline of `wanted`; pictures in colour are not drawn.
fn has(database: &Database, font: ID, wanted: char) -> bool {
    let looked = database.with_face_data(font, |data, index| {
        let face = Face::parse(data, index).ok()?;
        let glyph = face.glyph_index(wanted)?;
        face.outline_glyph(glyph, &mut Nowhere)
    });
    looked.flatten().is_some()
}

/// Draws nothing: only whether there is an outline counts.
struct Nowhere;

impl OutlineBuilder for Nowhere {
    fn move_to(&mut self, _x: f32, _y: f32) {}
    fn line_to(&mut self, _x: f32, _y: f32) {}
    fn quad_to(&mut self, _x1: f32, _y1: f32, _x: f32, _y: f32) {}
    fn curve_to(&mut self, _x1: f32, _y1: f32, _x2: f32, _y2: f32, _x: f32, _y: f32) {}
    fn close(&mut self) {}
}

/// The whole file of a font, which may hold several.
fn read(database: &Database, font: ID) -> Option<FontData> {
    database.with_face_data(font, |data, index| {
        let mut font = FontData::from_owned(data.to_vec());
        font.index = index;
        font
    })
}

/// Behind all fonts of the window.
fn insert(name: &str, data: FontData) -> FontInsert {
    let behind = |family| InsertFontFamily { family, priority: FontPriority::Lowest };
    FontInsert::new(name, data, vec![behind(FontFamily::Proportional), behind(FontFamily::Monospace)])
}

#[cfg(test)]
mod tests {
    use super::*;
    use egui::{Context, FontId, RawInput};

    #[test]
    fn characters_of_the_system_fonts_become_visible() {
        let mut fonts = SystemFonts::default();
        let ctx = Context::default();
        let font = FontId::proportional(14.0);
        let visible = |text: &str| {
            let _ = ctx.run_ui(RawInput::default(), |ui| drop(ui.label(text)));
            ctx.fonts_mut(|fonts| fonts.has_glyphs(&font, text))
        };
        assert!(visible("Rain"), "the window's own fonts have these");
        for wanted in ['雨', '音', '빗', 'の'] {
            let had = visible(&wanted.to_string());
            if let Some(found) = fonts.font_for(wanted) {
                assert!(!had);
                ctx.add_font(found);
                assert!(visible(&wanted.to_string()), "{wanted}");
            }
        }
        // On a machine with such a font, one serves all of them.
        if !fonts.given.is_empty() {
            assert!(visible("雨の音"));
        }
    }

    #[test]
    fn what_no_font_has_is_no_font() {
        let mut fonts = SystemFonts::default();
        assert!(fonts.font_for('\u{10fffd}').is_none());
        assert!(fonts.given.is_empty());
    }
}
