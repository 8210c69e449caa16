//! Events to their times.

use super::cut::Cut;
use straightshot_planner::Plan;

/// Adds every event of `plan` to `out`, with its attack at the time of its hit. Where there are fewer events than planned, they
/// come more often.
pub(super) fn place(events: &[Cut], plan: &Plan, rate_hz: u32, out: &mut [f32]) {
    for (hit, event) in &plan.hits {
        let Some(event) = events.get(*event % events.len().max(1)) else { continue };
        let time = (hit.seconds * f64::from(rate_hz)).round() as usize;
        let gain = 10f32.powf(hit.level_db / 20.0);
        // What would be before the beginning is left out.
        let before = event.attack.saturating_sub(time);
        let start = time.saturating_sub(event.attack);
        let samples = event.samples.get(before..).unwrap_or_default();
        for (out, x) in out.iter_mut().skip(start).zip(samples) {
            *out += gain * x;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use straightshot_protocol::Hit;

    #[test]
    fn attacks_are_at_their_times() {
        let events =
            [Cut { samples: vec![0.1, 1.0, 0.5], attack: 1 }, Cut { samples: vec![1.0, 0.25], attack: 0 }];
        let hit = |seconds, level_db| Hit { seconds, level_db };
        let plan = Plan {
            prompt: String::new(),
            event_seconds: 1.0,
            events: 2,
            candidates: 2,
            is_one_stroke: true,
            hits: vec![(hit(0.0, 0.0), 0), (hit(0.4, 0.0), 1), (hit(0.5, -20.0), 1), (hit(0.9, 0.0), 0)],
        };
        let mut out = vec![0.0; 10];
        place(&events, &plan, 10, &mut out);
        let wanted = [1.0, 0.5, 0.0, 0.0, 1.0, 0.35, 0.025, 0.0, 0.1, 1.0];
        let error = out.iter().zip(wanted).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
        assert!(error < 1e-6, "{out:?}");
    }
}
