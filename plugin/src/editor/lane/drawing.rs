//! The curve as it is drawn: strokes, steps of keys.

use super::grid::Grid;
use straightshot_protocol::{CURVE_STEP_S, Curve, LEAST_CURVE_DB};

/// Height of the lane that is silence, as a share: whoever draws to the bottom means nothing to be heard.
const SILENT: f32 = 0.06;
/// Quietest level above that, dB.
const QUIET_DB: f32 = -42.0;

/// How high a level is in the lane, 0 to 1.
pub(super) fn height(level_db: f32) -> f32 {
    if level_db >= QUIET_DB {
        return SILENT + (1.0 - SILENT) * (1.0 - level_db / QUIET_DB);
    }
    SILENT * ((level_db - LEAST_CURVE_DB) / (QUIET_DB - LEAST_CURVE_DB)).max(0.0)
}

/// The level at a height in the lane.
pub(super) fn level(height: f32) -> f32 {
    if height < 0.5 * SILENT {
        return LEAST_CURVE_DB;
    }
    (QUIET_DB * (1.0 - (height - SILENT) / (1.0 - SILENT))).clamp(QUIET_DB, 0.0)
}

/// A place in the lane: a time in seconds and a level in dB.
pub(super) type Place = (f64, f32);

/// The levels of a curve for a sound of so many seconds; what it says behind its end stays. Without a curve all is full.
pub(super) fn levels(curve: Option<&Curve>, seconds: f64) -> Vec<f32> {
    let points = (seconds / CURVE_STEP_S).ceil().max(1.0) as usize;
    let mut levels = curve.map_or_else(Vec::new, |curve| curve.levels_db().to_vec());
    let last = levels.last().copied().unwrap_or(0.0);
    if levels.len() < points {
        levels.resize(points, last);
    }
    levels
}

/// Draws a line from one place to another into `levels`; on a grid a step for each part that it goes through.
pub(super) fn stroke(levels: &mut [f32], from: Place, to: Place, grid: Option<Grid>) {
    let (from, to) = if from.0 <= to.0 { (from, to) } else { (to, from) };
    let at = |seconds: f64| {
        let share = if to.0 > from.0 { ((seconds - from.0) / (to.0 - from.0)).clamp(0.0, 1.0) } else { 1.0 };
        from.1 + share as f32 * (to.1 - from.1)
    };
    match grid {
        None => fill(levels, from.0, to.0, at),
        Some(grid) => {
            let mut part = grid.part(from.0);
            loop {
                // What the line says in the middle of what it goes through.
                let level = at(0.5 * (part.0.max(from.0) + part.1.min(to.0)));
                fill(levels, part.0, part.1 - 1e-6, |_| level);
                if part.1 > to.0 {
                    return;
                }
                part = grid.part(part.1 + 1e-9);
            }
        }
    }
}

/// Sets the points between two times, both included.
fn fill(levels: &mut [f32], from: f64, to: f64, level: impl Fn(f64) -> f32) {
    let first = (from.max(0.0) / CURVE_STEP_S) as usize;
    let last = ((to.max(0.0) / CURVE_STEP_S) as usize).min(levels.len().saturating_sub(1));
    for (i, point) in levels.iter_mut().enumerate().take(last + 1).skip(first) {
        *point = level((i as f64 + 0.5) * CURVE_STEP_S).clamp(LEAST_CURVE_DB, 0.0);
    }
}

/// Goes on with the levels at two times before the first and behind the second.
pub(super) fn spread(levels: &mut [f32], (from, to): (f64, f64)) {
    let last = levels.len().saturating_sub(1);
    let point = |seconds: f64| ((seconds.max(0.0) / CURVE_STEP_S) as usize).min(last);
    let (first, end) = (point(from), point(to));
    let (before, behind) = (levels.get(first).copied(), levels.get(end).copied());
    levels.iter_mut().take(first).for_each(|level| *level = before.unwrap_or(0.0));
    levels.iter_mut().skip(end).for_each(|level| *level = behind.unwrap_or(0.0));
}

/// Makes the part around a time louder by so many dB, or quieter.
pub(super) fn nudge(levels: &mut [f32], (from, to): (f64, f64), by_db: f32) {
    let first = ((from.max(0.0) / CURVE_STEP_S).round() as usize).min(levels.len());
    let last = ((to.max(0.0) / CURVE_STEP_S).round() as usize).clamp(first, levels.len());
    for level in &mut levels[first..last] {
        // From silence the first step goes to where something is heard.
        let from = if by_db > 0.0 { level.max(QUIET_DB) } else { *level };
        let to = (from + by_db).min(0.0);
        *level = if to < QUIET_DB { LEAST_CURVE_DB } else { to };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn heights_and_levels_are_the_same_both_ways() {
        for level_db in [0.0, -6.0, -20.0, -42.0] {
            assert!((level(height(level_db)) - level_db).abs() < 1e-3, "{level_db} dB");
        }
        assert_eq!((height(0.0), height(LEAST_CURVE_DB)), (1.0, 0.0));
        assert_eq!((level(0.0), level(1.0), level(1.5)), (LEAST_CURVE_DB, 0.0, 0.0));
    }

    #[test]
    fn a_stroke_is_a_line_in_either_direction_and_leaves_the_rest() {
        let mut there = levels(None, 1.0);
        assert_eq!(there, [0.0; 100]);
        stroke(&mut there, (0.2, -20.0), (0.6, 0.0), None);
        let mut back = levels(None, 1.0);
        stroke(&mut back, (0.6, 0.0), (0.2, -20.0), None);
        assert_eq!(there, back);
        assert!((there[40] + 9.75).abs() < 0.1 && there[19] == 0.0 && there[20] < -19.0, "{there:?}");
        // Behind the end nothing is drawn, and nothing goes wrong.
        stroke(&mut there, (0.9, -6.0), (5.0, -6.0), None);
        assert_eq!((there[99], there[89]), (-6.0, 0.0));
        stroke(&mut there, (-3.0, -40.0), (-2.0, -40.0), None);
        assert_eq!(there.len(), 100);
    }

    #[test]
    fn on_a_grid_a_stroke_is_made_of_steps() {
        let grid = Grid { step_s: 0.25, bar_s: 1.0 };
        let mut drawn = levels(None, 1.0);
        stroke(&mut drawn, (0.3, -10.0), (0.7, -20.0), Some(grid));
        assert!(drawn[..25].iter().all(|level| *level == 0.0));
        assert!(drawn[25..50].iter().all(|level| *level == drawn[25]) && drawn[25] < -10.0);
        assert!(drawn[50..75].iter().all(|level| *level == drawn[50]) && drawn[50] < drawn[25]);
        assert!(drawn[75..].iter().all(|level| *level == 0.0), "{drawn:?}");
    }

    #[test]
    fn the_first_stroke_goes_on_to_both_ends() {
        let mut drawn = levels(None, 1.0);
        stroke(&mut drawn, (0.2, -20.0), (0.6, -10.0), None);
        spread(&mut drawn, (0.2, 0.6));
        assert!(drawn[..20].iter().all(|level| *level == drawn[20]) && drawn[20] < -19.0);
        assert!(drawn[61..].iter().all(|level| *level == drawn[60]) && drawn[60] > -11.0, "{drawn:?}");
        spread(&mut [], (0.0, 1.0));
    }

    #[test]
    fn a_curve_of_another_length_is_drawn_on_and_keeps_its_end() {
        let long = Curve::of([-10.0; 200]).unwrap();
        assert_eq!(levels(Some(&long), 1.0).len(), 200);
        let short = Curve::of([-10.0; 50]).unwrap();
        assert_eq!(levels(Some(&short), 1.0), [-10.0; 100]);
    }

    #[test]
    fn keys_make_a_part_louder_and_quieter_within_what_can_be() {
        let mut curve = levels(None, 1.0);
        nudge(&mut curve, (0.5, 0.6), -3.0);
        assert_eq!((curve[49], curve[50], curve[59], curve[60]), (0.0, -3.0, -3.0, 0.0));
        nudge(&mut curve, (0.5, 0.6), 9.0);
        assert_eq!(curve[55], 0.0);
        nudge(&mut curve, (0.0, 9.0), -50.0);
        assert_eq!(curve, [LEAST_CURVE_DB; 100]);
        nudge(&mut curve, (0.0, 0.1), 1.0);
        assert_eq!((curve[0], curve[10]), (-41.0, LEAST_CURVE_DB));
    }
}
