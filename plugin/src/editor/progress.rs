//! How far the running job is: what it does, how long it takes, and a bar.

use super::controls;
use super::theme;
use crate::shared::{Job, JobProgress, Pass};
use egui::{Align2, Rect, Ui, vec2};
use std::time::Duration;
use straightshot_protocol::Stage;
use straightshot_takes::{JobId, Purpose};

/// Height of the bar in points.
const BAR_HEIGHT: f32 = 4.0;
/// How fast the time left follows new estimates: in this time two thirds of the way, in seconds.
const SETTLING_S: f64 = 2.0;
/// Part of the job that must be done before its speed says anything.
const TELLING_FRACTION: f32 = 0.02;

/// The time left of a job, as it is shown: estimates jump about, this goes down.
#[derive(Debug, Default)]
pub(super) struct Countdown {
    job: Option<JobId>,
    /// When the job is thought to end, in the window's seconds.
    end_s: Option<f64>,
    /// When the estimate was last looked at, in the window's seconds.
    looked_s: f64,
    /// Whole seconds that were shown last.
    shown: Option<u64>,
}

impl Countdown {
    /// Takes in the newest estimate for `job` and returns the whole seconds to show; `None` while nothing is known.
    pub(super) fn follow(&mut self, job: JobId, progress: &JobProgress, now_s: f64) -> Option<u64> {
        if self.job != Some(job) {
            *self = Self { job: Some(job), ..Self::default() };
        }
        let progress = &progress.progress;
        if let Some(eta) = progress.eta.filter(|_| progress.fraction >= TELLING_FRACTION) {
            let estimate = now_s + eta.as_secs_f64();
            let end = self.end_s.unwrap_or(estimate);
            let part = 1.0 - (-(now_s - self.looked_s).max(0.0) / SETTLING_S).exp();
            self.end_s = Some(end + part * (estimate - end));
        }
        self.looked_s = now_s;
        let left = Duration::try_from_secs_f64(self.end_s? - now_s).unwrap_or_default().as_secs();
        // It stands still where the work takes longer than was thought; it never goes up.
        self.shown = Some(self.shown.map_or(left, |shown| shown.min(left)));
        self.shown
    }
}

/// Draws what the running job does over all of `rect`, a row of the list: what and how long, the prompt, and a bar.
pub(super) fn paint(ui: &Ui, rect: Rect, job: &Job, progress: &JobProgress, left: Option<u64>) {
    let painter = ui.painter();
    let line = Rect::from_min_size(rect.min + vec2(0.0, 3.0), vec2(rect.width(), 2.0 * theme::UNIT));
    let eta = left.map(eta_text).unwrap_or_default();
    let at = line.right_center();
    let eta = painter.text(at, Align2::RIGHT_CENTER, eta, theme::small(), theme::TEXT_DIM);
    let stage = line.with_max_x(eta.left() - theme::UNIT);
    controls::text_within(painter, stage, &words(job, progress), theme::body(), theme::TEXT);
    let prompt = line.translate(vec2(0.0, line.height()));
    controls::text_within(painter, prompt, job.request.prompt.trim(), theme::small(), theme::TEXT_DIM);
    bar(ui, rect.with_min_y(rect.bottom() - BAR_HEIGHT), progress.progress.fraction);
}

/// A bar that is filled to `fraction`.
fn bar(ui: &Ui, track: Rect, fraction: f32) {
    ui.painter().rect_filled(track, 3, theme::WELL);
    // A job that has begun shows at least the round end of the bar.
    let filled = (fraction.clamp(0.0, 1.0) * track.width()).max(track.height());
    ui.painter().rect_filled(track.with_max_x(track.left() + filled), 3, theme::ACCENT);
}

/// What the job is doing, in the user's words: `Refining: step 1 of 2`, `Draft 3 of 8`.
fn words(job: &Job, progress: &JobProgress) -> String {
    let stage = match progress.progress.stage {
        Stage::Wait => "waiting for another instance".to_owned(),
        Stage::Load => "loading the model".to_owned(),
        Stage::Text => "reading the prompt".to_owned(),
        Stage::Flow { step, steps } => format!("step {step} of {steps}"),
        Stage::Decode => "making the waveform".to_owned(),
        Stage::Resample => "converting the sample rate".to_owned(),
        _ => "working".to_owned(),
    };
    let is_waiting = matches!(progress.progress.stage, Stage::Wait | Stage::Load);
    let several = job.count > 1 && !is_waiting;
    match progress.pass {
        Pass::FirstDraft if several => {
            format!("Draft {} of {}", (job.takes.len() + 1).min(job.count), job.count)
        }
        Pass::Only if several => format!("Sound {} of {}", (job.done + 1).min(job.count), job.count),
        Pass::Refinement if several => format!("Refining {} sounds", job.count),
        Pass::FirstDraft => format!("Draft: {stage}"),
        Pass::Only if job.purpose == Purpose::Refine => format!("Refining: {stage}"),
        Pass::Refinement => format!("Refining: {stage}"),
        Pass::Only => capital(&stage),
    }
}

fn capital(text: &str) -> String {
    let mut letters = text.chars();
    let first = letters.next().map(|first| first.to_uppercase().to_string()).unwrap_or_default();
    first + letters.as_str()
}

/// The time left in words that do not pretend to be exact.
fn eta_text(seconds: u64) -> String {
    match seconds {
        0 => "less than a second left".to_owned(),
        // Rounded up: better early than late.
        1..60 => format!("about {} s left", seconds + 1),
        _ => format!("about {} min left", seconds / 60 + 1),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shared::JobState;
    use straightshot_protocol::{Progress, Request};

    fn at(pass: Pass, stage: Stage, fraction: f32, eta: Option<f64>) -> JobProgress {
        let eta = eta.map(Duration::from_secs_f64);
        JobProgress { pass, progress: Progress { stage, fraction, eta } }
    }

    fn job(count: usize, made: u64) -> Job {
        Job {
            id: JobId(1),
            purpose: Purpose::Make,
            request: Request::default(),
            takes: (0..made).map(straightshot_takes::TakeId).collect(),
            count,
            done: 0,
            state: JobState::Running,
            progress: None,
        }
    }

    #[test]
    fn what_is_done_is_said_as_part_of_the_whole() {
        let said = |job: &Job, pass, stage| words(job, &at(pass, stage, 0.0, None));
        let flow = Stage::Flow { step: 3, steps: 8 };
        assert_eq!(said(&job(1, 0), Pass::Only, flow), "Step 3 of 8");
        assert_eq!(said(&job(1, 0), Pass::FirstDraft, Stage::Text), "Draft: reading the prompt");
        assert_eq!(said(&job(1, 1), Pass::Refinement, flow), "Refining: step 3 of 8");
        assert_eq!(said(&job(8, 2), Pass::FirstDraft, flow), "Draft 3 of 8");
        assert_eq!(said(&job(8, 8), Pass::FirstDraft, flow), "Draft 8 of 8");
        assert_eq!(said(&job(8, 8), Pass::Refinement, flow), "Refining 8 sounds");
        assert_eq!(said(&job(8, 0), Pass::Only, Stage::Load), "Loading the model");
        let refining = Job { purpose: Purpose::Refine, ..job(1, 1) };
        assert_eq!(said(&refining, Pass::Only, flow), "Refining: step 3 of 8");
    }

    #[test]
    fn time_left_is_rounded_up() {
        assert_eq!(eta_text(0), "less than a second left");
        assert_eq!(eta_text(2), "about 3 s left");
        assert_eq!(eta_text(61), "about 2 min left");
    }

    #[test]
    fn the_time_left_never_goes_up_and_never_jumps_while_the_estimates_do() {
        let mut countdown = Countdown::default();
        let mut last = u64::MAX;
        let mut drops = Vec::new();
        // Ten seconds of work, whose estimates are wrong by up to a half, one way and the other.
        for frame in 0..100_u32 {
            let now = f64::from(frame) * 0.1;
            let wrong = if frame % 7 < 3 { 1.5 } else { 0.6 };
            let fraction = (now / 10.0) as f32;
            let progress = at(Pass::Only, Stage::Decode, fraction, Some((10.0 - now) * wrong));
            let Some(left) = countdown.follow(JobId(3), &progress, now) else { continue };
            assert!(left <= last, "{left} s after {last} s");
            if last != u64::MAX {
                drops.push(last - left);
            }
            last = left;
        }
        assert!(drops.iter().all(|drop| *drop <= 1), "{drops:?}");
        assert!(last <= 1 && drops.len() > 90);
        // Another job begins anew, and says nothing until it knows something.
        let begins = at(Pass::Only, Stage::Load, 0.0, Some(99.0));
        assert_eq!(countdown.follow(JobId(4), &begins, 11.0), None);
        assert_eq!(
            countdown.follow(JobId(4), &at(Pass::Only, Stage::Decode, 0.5, Some(30.5)), 12.0),
            Some(30)
        );
    }
}
