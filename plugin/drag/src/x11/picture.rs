//! What follows the pointer: the sound's wave on a small card, bright where it can be dropped.
//!
//! Without a grab the pointer itself cannot be changed. The card is a window that lets every click and every search for
//! a window pass through it.

use super::connection::{Connection, Result};
use crate::Look;
use x11rb::connection::{Connection as _, RequestConnection as _};
use x11rb::protocol::shape::{self, ConnectionExt as _};
use x11rb::protocol::xproto::{
    AtomEnum, ChangeGCAux, ChangeWindowAttributesAux, ClipOrdering, ConfigureWindowAux, ConnectionExt as _,
    CreateGCAux, CreateWindowAux, Gcontext, PropMode, Rectangle, StackMode, Window, WindowClass,
};
use x11rb::wrapper::ConnectionExt as _;

/// Width and height of the card in points.
const SIZE: (f32, f32) = (116.0, 40.0);
/// From the pointer's tip to the card's corner in points.
const DISTANCE: (f32, f32) = (14.0, 16.0);
/// Distance between two bars in points; each is half as wide.
const BAR: f32 = 4.0;
/// Colours as in the editor's theme: behind the wave, around it, the wave at rest, the wave where it is welcome.
const FIELD: u32 = 0x1a_1d_23;
const EDGE: u32 = 0x31_36_41;
const QUIET: u32 = 0x82_8a_98;
const WELCOME: u32 = 0xf5_a5_2a;

/// The card of one drag.
pub(super) struct Picture<'a> {
    connection: &'a Connection,
    window: Window,
    context: Gcontext,
    bars: Vec<Rectangle>,
    distance: (i16, i16),
    /// Whether it was drawn as welcome; none before it is shown.
    shown: Option<bool>,
}

impl<'a> Picture<'a> {
    /// A card that is not shown yet. `None` where the server cannot let clicks through it or has other than true colours.
    pub(super) fn new(connection: &'a Connection, look: &Look) -> Result<Option<Self>> {
        let (server, atoms, screen) = (&connection.server, &connection.atoms, connection.screen());
        let has_shapes = server.extension_information(shape::X11_EXTENSION_NAME)?.is_some();
        if !has_shapes || screen.root_depth < 24 {
            return Ok(None);
        }
        let (Ok(window), Ok(context)) = (server.generate_id(), server.generate_id()) else { return Ok(None) };
        let scale = look.scale.clamp(1.0, 4.0);
        let [width, height] = [SIZE.0, SIZE.1].map(|points| pixels(points, scale).unsigned_abs());
        let settings = CreateWindowAux::new()
            .override_redirect(1)
            .save_under(1)
            .background_pixel(FIELD)
            .border_pixel(EDGE);
        server.create_window(
            screen.root_depth,
            window,
            screen.root,
            -4000,
            -4000,
            width,
            height,
            1,
            WindowClass::INPUT_OUTPUT,
            screen.root_visual,
            &settings,
        )?;
        server.shape_rectangles(
            shape::SO::SET,
            shape::SK::INPUT,
            ClipOrdering::UNSORTED,
            window,
            0,
            0,
            &[],
        )?;
        let (name, kind) = (atoms._NET_WM_WINDOW_TYPE, [atoms._NET_WM_WINDOW_TYPE_DND]);
        server.change_property32(PropMode::REPLACE, window, name, AtomEnum::ATOM, &kind)?;
        server.create_gc(context, window, &CreateGCAux::new())?;
        let bars = bars(&look.levels, (width, height), scale);
        let distance = (pixels(DISTANCE.0, scale), pixels(DISTANCE.1, scale));
        Ok(Some(Self { connection, window, context, bars, distance, shown: None }))
    }

    /// Moves it to the pointer; hides it when the button is up.
    pub(super) fn follow(&mut self, at: (i16, i16), held: bool, welcome: bool) -> Result<()> {
        let server = &self.connection.server;
        if !held {
            if self.shown.take().is_some() {
                server.unmap_window(self.window)?;
            }
            return Ok(());
        }
        let (x, y) = (at.0.saturating_add(self.distance.0), at.1.saturating_add(self.distance.1));
        let place = ConfigureWindowAux::new().x(i32::from(x)).y(i32::from(y)).stack_mode(StackMode::ABOVE);
        server.configure_window(self.window, &place)?;
        if self.shown.is_none() {
            server.map_window(self.window)?;
        }
        if self.shown.replace(welcome) != Some(welcome) {
            let edge = if welcome { WELCOME } else { EDGE };
            server.change_window_attributes(
                self.window,
                &ChangeWindowAttributesAux::new().border_pixel(edge),
            )?;
            let color = if welcome { WELCOME } else { QUIET };
            server.change_gc(self.context, &ChangeGCAux::new().foreground(color))?;
        }
        // Drawn each time: what covered it may have gone, and it is a few rectangles.
        server.poly_fill_rectangle(self.window, self.context, &self.bars)?;
        Ok(())
    }
}

/// The wave as rectangles, mirrored at the middle.
fn bars(levels: &[f32], (width, height): (u16, u16), scale: f32) -> Vec<Rectangle> {
    let step = pixels(BAR, scale).unsigned_abs().max(2);
    let count = usize::from((width / step).saturating_sub(2));
    let most = height.saturating_sub(2 * step);
    let loudest = levels.iter().fold(0.0_f32, |most, level| most.max(*level)).max(1e-6);
    let bar = |index: usize| {
        let part = index * levels.len() / count.max(1)..((index + 1) * levels.len() / count.max(1)).max(1);
        let level = levels.get(part).unwrap_or_default().iter().fold(0.0_f32, |most, level| most.max(*level));
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "between 0 and 160 pixels"
        )]
        let tall = ((level / loudest).clamp(0.0, 1.0) * f32::from(most)) as u16;
        let (tall, index) = (tall.max(step / 2), u16::try_from(index).unwrap_or(u16::MAX));
        let x = i16::try_from(step.saturating_mul(index.saturating_add(1))).unwrap_or(i16::MAX);
        let y = i16::try_from((height - tall) / 2).unwrap_or(0);
        Rectangle { x, y, width: step / 2, height: tall }
    };
    (0..count).map(bar).collect()
}

fn pixels(points: f32, scale: f32) -> i16 {
    #[expect(clippy::cast_possible_truncation, reason = "a card is at most 500 pixels wide")]
    let pixels = (points * scale).round() as i16;
    pixels
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn drag_out_the_card_shows_any_number_of_levels() {
        for levels in [vec![], vec![0.5], vec![0.1; 7], vec![0.0; 1000], (0..500).map(|i| i as f32).collect()]
        {
            let bars = bars(&levels, (116, 40), 1.0);
            assert_eq!(bars.len(), 27);
            for bar in bars {
                assert!(bar.x > 0 && bar.x + 2 < 116 && bar.y >= 4 && bar.height <= 32, "{bar:?}");
            }
        }
    }
}
