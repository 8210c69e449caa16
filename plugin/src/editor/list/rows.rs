//! Rows of one height, of which only those in sight are drawn: a list may have thousands.

use super::super::theme;
use egui::{Rect, ScrollArea, Sense, Ui, vec2};
use std::ops::Range;

/// Distance between two rows in points.
const GAP: f32 = 2.0;

/// Where a list is scrolled to.
#[derive(Debug, Default)]
pub(in crate::editor) struct Rows {
    offset: f32,
    height: f32,
}

impl Rows {
    /// Draws the rows in sight among `count` rows of `row_height` into the room that `ui` has but `foot` points;
    /// `reveal` is scrolled into sight.
    pub(in crate::editor) fn show(
        &mut self,
        ui: &mut Ui,
        size: RowsSize,
        reveal: Option<usize>,
        mut row: impl FnMut(&mut Ui, usize, Rect),
    ) {
        ui.spacing_mut().item_spacing.y = GAP;
        let room = (ui.available_height() - size.foot).max(3.0 * theme::UNIT);
        let mut scroll = ScrollArea::vertical().id_salt("rows").auto_shrink(false).max_height(room);
        if let Some(offset) = reveal.and_then(|row| self.offset_for(row, size.row_height)) {
            scroll = scroll.vertical_scroll_offset(offset);
        }
        let shown = scroll.show_rows(ui, size.row_height, size.count, |ui, range: Range<usize>| {
            for index in range {
                let place = vec2(ui.available_width(), size.row_height);
                let (rect, _) = ui.allocate_exact_size(place, Sense::hover());
                row(ui, index, rect);
            }
        });
        self.offset = shown.state.clamped_offset().y;
        self.height = shown.inner_rect.height();
    }

    /// How far the list has to be scrolled for `row` to be in sight; `None` if it is.
    #[expect(clippy::cast_precision_loss, reason = "rows of a list")]
    fn offset_for(&self, row: usize, row_height: f32) -> Option<f32> {
        let top = row as f32 * (row_height + GAP);
        let (first, last) = ((top + row_height - self.height).max(0.0), top);
        // In a window that was never drawn there is no height yet.
        let wanted = if first > last { last } else { self.offset.clamp(first, last) };
        ((wanted - self.offset).abs() > 0.5).then_some(wanted)
    }
}

/// What [`Rows::show`] has to know of a list.
#[derive(Debug, Clone, Copy)]
pub(in crate::editor) struct RowsSize {
    /// Height of a row in points.
    pub(in crate::editor) row_height: f32,
    /// How many rows there are.
    pub(in crate::editor) count: usize,
    /// What is kept free below the list, in points.
    pub(in crate::editor) foot: f32,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_is_revealed_with_as_little_scrolling_as_possible() {
        let rows = Rows { offset: 100.0, height: 200.0 };
        assert_eq!(rows.offset_for(3, 48.0), None, "from 150 to 198");
        assert_eq!(rows.offset_for(1, 48.0), Some(50.0), "above");
        assert_eq!(rows.offset_for(9, 48.0), Some(450.0 + 48.0 - 200.0), "below");
        assert_eq!(rows.offset_for(0, 48.0), Some(0.0));
    }
}
