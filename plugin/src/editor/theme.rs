//! Colours, sizes and text styles of the window, and how they are handed to egui.
//!
//! Every distance is a multiple of [`UNIT`], every clickable thing is [`CONTROL_HEIGHT`] high (or
//! [`ICON_SIZE`] square), and [`ACCENT`] is the only hue: it marks what is chosen, what sounds and what runs.

use egui::style::{HandleShape, ScrollStyle, Selection, WidgetVisuals};
use egui::{
    Color32, Context, CornerRadius, FontFamily, FontId, Margin, Stroke, Style, TextStyle, Visuals, vec2,
};

/// Grid unit in points; all spacing is a multiple of it.
pub(super) const UNIT: f32 = 8.0;
/// Distance between the window's edge and its content, and between columns, in points.
pub(super) const MARGIN: f32 = 2.0 * UNIT;
/// Height of buttons, fields and segments in points.
pub(super) const CONTROL_HEIGHT: f32 = 4.0 * UNIT;
/// Side of a button that holds only an icon, in points.
pub(super) const ICON_SIZE: f32 = 3.0 * UNIT;
/// Corner radius of fields and buttons in points.
pub(super) const RADIUS: CornerRadius = CornerRadius::same(6);
/// Corner radius of the panels that hold them, in points.
pub(super) const PANEL_RADIUS: CornerRadius = CornerRadius::same(10);

/// Behind everything.
pub(super) const BACKGROUND: Color32 = Color32::from_rgb(0x11, 0x13, 0x17);
/// Header and footer bars and the cards on the background.
pub(super) const PANEL: Color32 = Color32::from_rgb(0x1a, 0x1d, 0x23);
/// Text fields, the waveform and slider tracks: darker than the panel they lie in.
pub(super) const WELL: Color32 = Color32::from_rgb(0x0d, 0x0f, 0x12);
/// Buttons at rest.
pub(super) const RAISED: Color32 = Color32::from_rgb(0x28, 0x2c, 0x35);
/// Buttons under the pointer.
pub(super) const HOVERED: Color32 = Color32::from_rgb(0x35, 0x3b, 0x47);
/// Hairlines and outlines.
pub(super) const LINE: Color32 = Color32::from_rgb(0x31, 0x36, 0x41);
/// Running text; 13:1 against [`PANEL`].
pub(super) const TEXT: Color32 = Color32::from_rgb(0xe8, 0xea, 0xee);
/// Labels and secondary text; 7:1 against [`PANEL`].
pub(super) const TEXT_DIM: Color32 = Color32::from_rgb(0xa7, 0xae, 0xba);
/// Placeholders and disabled text; 4.5:1 against [`PANEL`].
pub(super) const TEXT_FAINT: Color32 = Color32::from_rgb(0x82, 0x8a, 0x98);
/// The one accent: amber.
pub(super) const ACCENT: Color32 = Color32::from_rgb(0xf5, 0xa5, 0x2a);
/// The accent under the pointer.
pub(super) const ACCENT_BRIGHT: Color32 = Color32::from_rgb(0xff, 0xbd, 0x5c);
/// The accent as a tint behind text and as the quiet part of the waveform.
pub(super) const ACCENT_DEEP: Color32 = Color32::from_rgb(0x4a, 0x38, 0x1c);
/// Text and icons on the accent.
pub(super) const ON_ACCENT: Color32 = Color32::from_rgb(0x1b, 0x12, 0x04);
/// Errors and clipping.
pub(super) const ERROR: Color32 = Color32::from_rgb(0xf2, 0x6d, 0x6d);
/// Behind an error message.
pub(super) const ERROR_DEEP: Color32 = Color32::from_rgb(0x3a, 0x1c, 0x20);

/// Running text, 14 pt.
pub(super) fn body() -> FontId {
    FontId::new(14.0, FontFamily::Proportional)
}

/// Labels above fields and second lines, 12 pt.
pub(super) fn small() -> FontId {
    FontId::new(12.0, FontFamily::Proportional)
}

/// Figures below the label of a segment, 10 pt.
pub(super) fn tiny() -> FontId {
    FontId::new(10.0, FontFamily::Proportional)
}

/// The prompt and the name of the active take, 16 pt.
pub(super) fn large() -> FontId {
    FontId::new(16.0, FontFamily::Proportional)
}

/// The zoom factors that are offered.
pub(super) const ZOOMS: [f32; 8] = [0.75, 0.9, 1.0, 1.1, 1.25, 1.5, 1.75, 2.0];

/// The next larger zoom factor.
pub(super) fn larger(zoom: f32) -> f32 {
    ZOOMS.into_iter().find(|larger| *larger > zoom + 0.01).unwrap_or(ZOOMS[ZOOMS.len() - 1])
}

/// The next smaller zoom factor.
pub(super) fn smaller(zoom: f32) -> f32 {
    ZOOMS.into_iter().rev().find(|smaller| *smaller < zoom - 0.01).unwrap_or(ZOOMS[0])
}

/// A one-point outline in `color`.
pub(super) fn outline(color: Color32) -> Stroke {
    Stroke::new(1.0, color)
}

/// Gives `ctx` this theme, whatever the desktop prefers.
pub(super) fn apply(ctx: &Context) {
    ctx.set_theme(egui::Theme::Dark);
    ctx.options_mut(|options| options.zoom_with_keyboard = false);
    ctx.all_styles_mut(|style| {
        style_text(style);
        style_spacing(style);
        style.visuals = visuals();
        style.animation_time = 0.1;
        style.interaction.selectable_labels = false;
        style.interaction.tooltip_delay = 0.4;
    });
}

fn style_text(style: &mut Style) {
    style.text_styles = [
        (TextStyle::Small, small()),
        (TextStyle::Body, body()),
        (TextStyle::Button, body()),
        (TextStyle::Heading, large()),
        (TextStyle::Monospace, FontId::new(12.0, FontFamily::Monospace)),
    ]
    .into();
}

fn style_spacing(style: &mut Style) {
    let spacing = &mut style.spacing;
    spacing.item_spacing = vec2(UNIT, UNIT);
    spacing.button_padding = vec2(1.5 * UNIT, 0.5 * UNIT);
    spacing.interact_size = vec2(CONTROL_HEIGHT, CONTROL_HEIGHT);
    spacing.menu_margin = Margin::same(8);
    spacing.window_margin = Margin::same(16);
    spacing.slider_rail_height = 4.0;
    spacing.tooltip_width = 320.0;
    // A faint handle shows that there is more than what is in sight.
    spacing.scroll = ScrollStyle { bar_width: 6.0, dormant_handle_opacity: 0.3, ..ScrollStyle::floating() };
}

fn visuals() -> Visuals {
    let mut visuals = Visuals::dark();
    visuals.override_text_color = None;
    visuals.weak_text_color = Some(TEXT_FAINT);
    visuals.panel_fill = BACKGROUND;
    visuals.window_fill = PANEL;
    visuals.window_stroke = outline(LINE);
    visuals.window_corner_radius = PANEL_RADIUS;
    visuals.menu_corner_radius = PANEL_RADIUS;
    visuals.extreme_bg_color = WELL;
    visuals.text_edit_bg_color = Some(WELL);
    visuals.faint_bg_color = PANEL;
    visuals.error_fg_color = ERROR;
    visuals.warn_fg_color = ACCENT;
    visuals.hyperlink_color = ACCENT;
    visuals.selection = Selection { bg_fill: ACCENT_DEEP, stroke: outline(ACCENT) };
    visuals.text_cursor.stroke = Stroke::new(2.0, ACCENT);
    // A cursor that blinks has the whole window drawn twice a second.
    visuals.text_cursor.blink = false;
    visuals.slider_trailing_fill = true;
    visuals.handle_shape = HandleShape::Circle;
    visuals.interact_cursor = Some(egui::CursorIcon::PointingHand);
    visuals.disabled_alpha = 0.4;
    let widgets = &mut visuals.widgets;
    widgets.noninteractive = widget(PANEL, LINE, TEXT);
    widgets.inactive = widget(RAISED, LINE, TEXT);
    widgets.hovered = widget(HOVERED, TEXT_FAINT, TEXT);
    widgets.active = widget(HOVERED, ACCENT, TEXT);
    widgets.open = widget(HOVERED, LINE, TEXT);
    visuals
}

fn widget(fill: Color32, line: Color32, text: Color32) -> WidgetVisuals {
    WidgetVisuals {
        bg_fill: fill,
        weak_bg_fill: fill,
        bg_stroke: outline(line),
        corner_radius: RADIUS,
        fg_stroke: outline(text),
        expansion: 0.0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Relative luminance of WCAG 2.1.
    fn luminance(color: Color32) -> f32 {
        let linear = |byte: u8| {
            let value = f32::from(byte) / 255.0;
            if value <= 0.039_28 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
        };
        0.2126 * linear(color.r()) + 0.7152 * linear(color.g()) + 0.0722 * linear(color.b())
    }

    /// Text in every colour is read on everything that it lies on: WCAG's level AA is 4.5, and 3 for what is switched off.
    #[test]
    fn every_text_has_the_contrast_to_be_read() {
        let pairs: [(Color32, &[Color32], f32); 7] = [
            (TEXT, &[BACKGROUND, PANEL, WELL, RAISED, HOVERED, ACCENT_DEEP, ERROR_DEEP], 4.5),
            (TEXT_DIM, &[BACKGROUND, PANEL, WELL, RAISED, HOVERED, ACCENT_DEEP], 4.5),
            (TEXT_FAINT, &[BACKGROUND, PANEL, WELL], 4.5),
            (TEXT_FAINT, &[RAISED], 3.0),
            (ACCENT, &[BACKGROUND, PANEL, WELL, ACCENT_DEEP], 4.5),
            (ERROR, &[BACKGROUND, PANEL, WELL, ERROR_DEEP], 4.5),
            (ON_ACCENT, &[ACCENT, ACCENT_BRIGHT], 4.5),
        ];
        for (text, grounds, least) in pairs {
            for ground in grounds {
                let (a, b) = (luminance(text), luminance(*ground));
                let contrast = (a.max(b) + 0.05) / (a.min(b) + 0.05);
                assert!(contrast >= least, "{text:?} on {ground:?}: {contrast:.2}");
            }
        }
    }
}
