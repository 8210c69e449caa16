//! Generate and Cancel, and how far the running job is.

use super::action::{Action, QueueAction};
use super::controls;
use super::theme;
use crate::editor::link::View;
use crate::shared::{JobProgress, Pass};
use egui::{Align2, Rect, Sense, Ui, vec2};
use std::time::Duration;
use straightshot_protocol::Stage;

/// Height of the row in points.
pub(super) const HEIGHT: f32 = 5.0 * theme::UNIT;
/// Width of the button in points.
const BUTTON_WIDTH: f32 = 18.0 * theme::UNIT;
/// The shortcut as the platform writes it.
const SHORTCUT: &str = if cfg!(target_os = "macos") { "⌘ Enter" } else { "Ctrl + Enter" };

/// Draws the button and, beside it, the progress or the shortcut. `ready` is whether there is a prompt.
pub(super) fn show(ui: &mut Ui, view: &View, ready: bool, actions: &mut Vec<Action>) {
    ui.horizontal(|ui| {
        let size = vec2(BUTTON_WIDTH, HEIGHT);
        if view.is_busy() {
            if controls::quiet_button(ui, "Cancel", size)
                .on_hover_text("Stop making this sound (Escape)")
                .clicked()
            {
                actions.push(QueueAction::Cancel.into());
            }
        } else if controls::primary_button(ui, "Generate", size, ready).clicked() {
            actions.push(QueueAction::Generate.into());
        }
        let (rest, _) = ui.allocate_exact_size(vec2(ui.available_width(), HEIGHT), Sense::hover());
        let rest = rest.with_min_x(rest.left() + theme::UNIT);
        match &view.status.progress {
            Some(progress) if view.is_busy() => paint_progress(ui, rest, progress),
            _ if view.is_busy() => paint_hint(ui, rest, "Waiting for the engine"),
            _ if ready => paint_hint(ui, rest, SHORTCUT),
            _ => paint_hint(ui, rest, "Describe a sound first"),
        }
    });
}

fn paint_hint(ui: &Ui, rect: Rect, text: &str) {
    controls::text_within(ui.painter(), rect, text, theme::small(), theme::TEXT_FAINT);
}

fn paint_progress(ui: &Ui, rect: Rect, job: &JobProgress) {
    let progress = &job.progress;
    let painter = ui.painter();
    let line = Rect::from_min_size(rect.min + vec2(0.0, 4.0), vec2(rect.width(), 2.0 * theme::UNIT));
    let eta = progress.eta.map(eta_text).unwrap_or_default();
    let at = line.right_center();
    let eta = painter.text(at, Align2::RIGHT_CENTER, eta, theme::small(), theme::TEXT_DIM);
    let stage = line.with_max_x(eta.left() - theme::UNIT);
    controls::text_within(painter, stage, &words(job), theme::body(), theme::TEXT);
    let track =
        Rect::from_min_max(rect.left_bottom() - vec2(0.0, 12.0), rect.right_bottom() - vec2(0.0, 6.0));
    painter.rect_filled(track, 3, theme::WELL);
    // A job that has begun shows at least the round end of the bar.
    let filled = (progress.fraction.clamp(0.0, 1.0) * track.width()).max(track.height());
    painter.rect_filled(track.with_max_x(track.left() + filled), 3, theme::ACCENT);
}

/// What the job is doing, in the user's words: `Refining: step 1 of 2`.
fn words(job: &JobProgress) -> String {
    let stage = match job.progress.stage {
        Stage::Wait => "waiting for another instance".to_owned(),
        Stage::Load => "loading the model".to_owned(),
        Stage::Text => "reading the prompt".to_owned(),
        Stage::Flow { step, steps } => format!("step {step} of {steps}"),
        Stage::Decode => "making the waveform".to_owned(),
        Stage::Resample => "converting the sample rate".to_owned(),
        _ => "working".to_owned(),
    };
    match job.pass {
        Pass::FirstDraft => format!("Draft: {stage}"),
        Pass::Refinement => format!("Refining: {stage}"),
        Pass::Only => {
            let mut letters = stage.chars();
            let first = letters.next().map(|first| first.to_uppercase().to_string()).unwrap_or_default();
            first + letters.as_str()
        }
    }
}

/// The time left in words that do not pretend to be exact.
fn eta_text(eta: Duration) -> String {
    match eta.as_secs() {
        0 => "less than a second left".to_owned(),
        // Rounded up: better early than late.
        seconds @ 1..60 => format!("about {} s left", seconds + 1),
        seconds => format!("about {} min left", seconds / 60 + 1),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use straightshot_protocol::Progress;

    #[test]
    fn what_is_done_is_said_as_part_of_the_whole() {
        let said = |pass, stage| {
            words(&JobProgress { pass, progress: Progress { stage, fraction: 0.0, eta: None } })
        };
        assert_eq!(said(Pass::Only, Stage::Flow { step: 3, steps: 8 }), "Step 3 of 8");
        assert_eq!(said(Pass::FirstDraft, Stage::Text), "Draft: reading the prompt");
        assert_eq!(said(Pass::Refinement, Stage::Flow { step: 1, steps: 2 }), "Refining: step 1 of 2");
    }

    #[test]
    fn time_left_is_rounded_up() {
        assert_eq!(eta_text(Duration::from_millis(400)), "less than a second left");
        assert_eq!(eta_text(Duration::from_millis(2400)), "about 3 s left");
        assert_eq!(eta_text(Duration::from_secs(61)), "about 2 min left");
    }
}
