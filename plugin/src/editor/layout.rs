//! Where everything is. Three columns where there is room, two where there is not:
//!
//! ```text
//! +--------------------------------------------------------------+
//! | header: name                          model    zoom     help |
//! | messages: a place of their own, so that none moves a control |
//! +----------------+-----------------------------+---------------+
//! | prompt         | the active take             | Takes Library |
//! | settings       | its waveform                | list          |
//! | Generate       | its versions                |               |
//! | jobs           +-----------------------------+               |
//! |                | Edit   Play   Deliver       |               |
//! +----------------+-----------------------------+---------------+
//! | footer: what starts the sound            gain          meter |
//! +--------------------------------------------------------------+
//! ```
//!
//! In a narrow window the list shares the left column with the prompt, and a switch above it says which is shown.

use super::theme;
use egui::{CursorIcon, Id, Rect, Sense, Ui, Vec2, pos2, vec2};
use serde::{Deserialize, Serialize};

/// Height of the header and of the footer in points.
pub(super) const BAR_HEIGHT: f32 = 5.0 * theme::UNIT;
/// Height of the place for messages in points: one line.
pub(super) const MESSAGE_HEIGHT: f32 = 3.5 * theme::UNIT;
/// Distance between two panels in points.
pub(super) const GAP: f32 = theme::UNIT;
/// Smallest size in points at which everything is in its place; a smaller window scrolls.
pub(super) const MIN_SIZE: Vec2 = vec2(760.0, 480.0);
/// Narrowest and widest left column in points, and its part of the width.
const LEFT: Share = Share { least: 35.0 * theme::UNIT, most: 56.0 * theme::UNIT, part: 0.27 };
/// Narrowest and widest right column in points, and its part of the width.
const RIGHT: Share = Share { least: 29.0 * theme::UNIT, most: 64.0 * theme::UNIT, part: 0.25 };
/// Narrowest middle column in points.
const MIDDLE_LEAST: f32 = 50.0 * theme::UNIT;
/// Lowest and highest lower part of the middle column in points, and its part of the height.
const LOWER: Share = Share { least: 17.0 * theme::UNIT, most: 60.0 * theme::UNIT, part: 0.42 };
/// Lowest upper part of the middle column in points: heading, waveform and versions.
const UPPER_LEAST: f32 = 27.0 * theme::UNIT;

/// How much of something a panel gets.
struct Share {
    least: f32,
    most: f32,
    part: f32,
}

impl Share {
    fn of(&self, whole: f32, wanted: Option<f32>) -> f32 {
        wanted.unwrap_or(self.part * whole).clamp(self.least, self.most).round()
    }
}

/// Where the user has dragged the borders between panels to, in points; `None` as long as he has not.
#[derive(Debug, Default, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Splits {
    /// Width of the left column.
    pub(super) left: Option<f32>,
    /// Width of the right column.
    pub(super) right: Option<f32>,
    /// Height of the lower part of the middle column.
    pub(super) lower: Option<f32>,
}

/// The places of all panels.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Places {
    pub(super) header: Rect,
    pub(super) message: Rect,
    pub(super) left: Rect,
    pub(super) upper: Rect,
    pub(super) lower: Rect,
    /// None in a narrow window: the list shares the left column.
    pub(super) right: Option<Rect>,
    pub(super) footer: Rect,
}

impl Places {
    /// The places in a window of the size of `whole`, which is at least [`MIN_SIZE`].
    pub(super) fn of(whole: Rect, splits: Splits) -> Self {
        let header = Rect::from_min_size(whole.min, vec2(whole.width(), BAR_HEIGHT));
        let footer = Rect::from_min_max(pos2(whole.left(), whole.bottom() - BAR_HEIGHT), whole.max);
        let message = Rect::from_min_size(header.left_bottom(), vec2(whole.width(), MESSAGE_HEIGHT))
            .shrink2(vec2(GAP, 0.0));
        let body = Rect::from_min_max(
            pos2(whole.left() + GAP, message.bottom()),
            pos2(whole.right() - GAP, footer.top() - GAP),
        );
        let room = body.width() - MIDDLE_LEAST - 2.0 * GAP;
        let wide = room >= LEFT.least + RIGHT.least;
        let mut left_width = LEFT.of(body.width(), splits.left);
        let mut right_width = if wide { RIGHT.of(body.width(), splits.right) } else { 0.0 };
        // What the user has dragged to in a larger window gives way.
        right_width = right_width.min((room - LEFT.least).max(0.0));
        left_width = left_width.min(room + if wide { -right_width } else { GAP }).max(LEFT.least);
        let (left, rest) = body.split_left_right_at_x(body.left() + left_width);
        let (middle, right) = rest.split_left_right_at_x(rest.right() - right_width);
        let middle =
            middle.with_min_x(middle.left() + GAP).with_max_x(middle.right() - if wide { GAP } else { 0.0 });
        let lower_height = LOWER
            .of(middle.height(), splits.lower)
            .min((middle.height() - UPPER_LEAST - GAP).max(LOWER.least));
        let (upper, lower) = middle.split_top_bottom_at_y(middle.bottom() - lower_height);
        let upper = upper.with_max_y(upper.bottom() - GAP);
        Self { header, message, left, upper, lower, right: wide.then_some(right), footer }
    }

    /// Lets the user drag the borders between the panels; a double click puts one back.
    pub(super) fn drag_borders(&self, ui: &Ui, splits: &mut Splits) {
        let between = |left: f32, y: egui::Rangef| Rect::from_x_y_ranges(left..=left + GAP, y);
        let grip = between(self.left.right(), self.left.y_range());
        border(ui, "left border", grip, true, &mut splits.left, |at| at.x - self.left.left());
        if let Some(right) = self.right {
            let grip = between(right.left() - GAP, right.y_range());
            border(ui, "right border", grip, true, &mut splits.right, |at| right.right() - at.x);
        }
        let grip = Rect::from_x_y_ranges(self.upper.x_range(), self.upper.bottom()..=self.lower.top());
        border(ui, "lower border", grip, false, &mut splits.lower, |at| self.lower.bottom() - at.y);
    }
}

/// One border that can be dragged; `length` is how long the panel beside it is with the border at a place.
fn border(
    ui: &Ui,
    name: &str,
    grip: Rect,
    upright: bool,
    split: &mut Option<f32>,
    length: impl Fn(egui::Pos2) -> f32,
) {
    // Not `click_and_drag`: a border is not on the way of the tab key.
    let response = ui.interact(grip, Id::unique(("straightshot", name)), Sense::drag());
    if response.hovered() || response.dragged() {
        let line = if upright { grip.shrink2(vec2(3.0, 24.0)) } else { grip.shrink2(vec2(24.0, 3.0)) };
        ui.painter().rect_filled(line, 1, if response.dragged() { theme::ACCENT } else { theme::LINE });
    }
    if let Some(at) = response.interact_pointer_pos().filter(|_| response.dragged()) {
        *split = Some(length(at).round());
    }
    if response.hovered()
        && ui.input(|input| input.pointer.button_double_clicked(egui::PointerButton::Primary))
    {
        *split = None;
    }
    response.on_hover_cursor(if upright { CursorIcon::ResizeHorizontal } else { CursorIcon::ResizeVertical });
}

#[cfg(test)]
mod tests {
    use super::*;
    use egui::Pos2;

    fn places(width: f32, height: f32, splits: Splits) -> Places {
        Places::of(Rect::from_min_size(Pos2::ZERO, vec2(width, height)), splits)
    }

    #[test]
    fn no_panel_covers_another_at_any_size() {
        let dragged = Splits { left: Some(900.0), right: Some(900.0), lower: Some(5000.0) };
        let little = Splits { left: Some(1.0), right: Some(1.0), lower: Some(1.0) };
        for splits in [Splits::default(), dragged, little] {
            for (width, height) in
                [(760.0, 480.0), (940.0, 560.0), (1000.0, 720.0), (1280.0, 800.0), (3840.0, 2160.0)]
            {
                let places = places(width, height, splits);
                let mut all = vec![
                    places.header,
                    places.message,
                    places.left,
                    places.upper,
                    places.lower,
                    places.footer,
                ];
                all.extend(places.right);
                let window = Rect::from_min_size(Pos2::ZERO, vec2(width, height));
                for (index, rect) in all.iter().enumerate() {
                    assert!(
                        rect.is_positive() && window.contains_rect(*rect),
                        "{width} x {height}: {places:?}"
                    );
                    for other in &all[index + 1..] {
                        let shared = rect.intersect(*other);
                        assert!(!shared.is_positive(), "{width} x {height}: {rect} and {other}");
                    }
                }
                assert!(places.upper.width() >= MIDDLE_LEAST - 1.0, "{width}: {places:?}");
            }
        }
    }

    #[test]
    fn a_narrow_window_has_two_columns() {
        assert_eq!(places(760.0, 560.0, Splits::default()).right, None);
        assert!(places(1000.0, 560.0, Splits::default()).right.is_some());
    }
}
