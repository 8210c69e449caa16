//! Asking for sounds: the button, how many of them a click makes, and the list of what is being made and what follows.
//!
//! ```text
//! [ Generate 4    ] [ -  x 4  + ] [>]
//!
//! Draft 3 of 4          about 2 s left
//! rain on a tin roof                 x
//! ============------------------------
//! a door slams
//! 1 sound, 8 steps, 2 s, waiting     x
//! ```

use super::action::{Action, QueueAction};
use super::controls::{self, Look};
use super::icons::{self, Icon};
use super::progress::{self, Countdown};
use super::scene::Scene;
use super::shortcuts::Shortcut;
use super::theme;
use crate::shared::{Job, JobState};
use egui::{
    Align, Align2, CursorIcon, Key, Layout, Modifiers, Rect, Role, ScrollArea, Sense, Ui, UiBuilder, Vec2,
    WidgetInfo, vec2,
};
use straightshot_takes::Purpose;

/// Height of Generate with what belongs beside it, in points; the list of jobs follows below.
pub(super) const GENERATE_HEIGHT: f32 = 5.0 * theme::UNIT;
/// Width of the number of sounds with its two buttons, in points.
const STEPPER_WIDTH: f32 = 11.0 * theme::UNIT;
/// How many sounds a click can make.
const COUNTS: [u32; 5] = [1, 2, 4, 8, 16];
/// Height of a row of the list in points.
const ROW_HEIGHT: f32 = 5.5 * theme::UNIT;
/// Height of the line above the list, in points.
const HEAD_HEIGHT: f32 = 3.0 * theme::UNIT;

/// The button and the list, with what they remember.
#[derive(Debug, Default)]
pub(super) struct QueuePanel {
    countdown: Countdown,
}

impl QueuePanel {
    /// Draws Generate into the room that `ui` has. `ready` is whether there is a prompt.
    pub(super) fn show(&mut self, ui: &mut Ui, scene: &Scene<'_>, ready: bool, actions: &mut Vec<Action>) {
        let (view, gap) = (scene.view, theme::UNIT);
        let (row, _) = ui.allocate_exact_size(vec2(ui.available_width(), GENERATE_HEIGHT), Sense::hover());
        let layout = Layout::left_to_right(Align::Center);
        let mut inside = ui.new_child(UiBuilder::new().max_rect(row).id_salt("queue").layout(layout));
        let ui = &mut inside;
        ui.spacing_mut().item_spacing.x = gap;
        let width = row.width() - STEPPER_WIDTH - theme::CONTROL_HEIGHT - 2.0 * gap;
        let label = button_text(view.variations);
        let button = controls::primary_button(ui, &label, vec2(width, GENERATE_HEIGHT), ready);
        let hint = if ready {
            Shortcut::Generate.hint("Ask for it. What is being made goes on, and this follows it")
        } else {
            "Describe a sound first".to_owned()
        };
        if button.on_hover_text(hint).clicked() {
            actions.push(QueueAction::Generate.into());
        }
        stepper(ui, view.variations, actions);
        play_switch(ui, view.play_when_ready, actions);
    }

    /// Draws the list of jobs into the rest of the column.
    pub(super) fn show_jobs(&mut self, ui: &mut Ui, scene: &Scene<'_>, actions: &mut Vec<Action>) {
        let jobs = &scene.view.status.jobs;
        if jobs.len() > 1 {
            head(ui, jobs.len(), actions);
        }
        let scroll = ScrollArea::vertical().id_salt("jobs").auto_shrink(false);
        scroll.show(ui, |ui| {
            for job in jobs {
                self.row(ui, job, actions);
            }
        });
    }

    /// A job: what is being done of it or where it stands, its prompt, and a button that ends it.
    fn row(&mut self, ui: &mut Ui, job: &Job, actions: &mut Vec<Action>) {
        let (rect, _) = ui.allocate_exact_size(vec2(ui.available_width(), ROW_HEIGHT), Sense::hover());
        let close = Rect::from_center_size(
            rect.right_center() - vec2(0.5 * theme::ICON_SIZE, 0.0),
            Vec2::splat(theme::ICON_SIZE),
        );
        let words = rect.with_max_x(close.left() - theme::UNIT);
        match job.progress.filter(|_| job.state == JobState::Running) {
            Some(progress) => {
                let left = self.countdown.follow(job.id, &progress, ui.input(|input| input.time));
                progress::paint(ui, words, job, &progress, left);
            }
            None => {
                let (top, bottom) = words.shrink2(vec2(0.0, 3.0)).split_top_bottom_at_fraction(0.5);
                controls::text_within(
                    ui.painter(),
                    top,
                    job.request.prompt.trim(),
                    theme::body(),
                    theme::TEXT,
                );
                let is_stuck = matches!(job.state, JobState::Missing(_));
                let color = if is_stuck { theme::ERROR } else { theme::TEXT_DIM };
                controls::text_within(ui.painter(), bottom, &state_text(job), theme::small(), color);
            }
        }
        let (name, hint) = match job.state {
            JobState::Running => ("Stop", Shortcut::Cancel.hint("Stop it; what there is of it stays")),
            _ => ("Take off the list", "Take it off the list".to_owned()),
        };
        let id = ui.scope_id().with((name, job.id.0));
        if controls::icon_button_at(ui, close, id, Icon::Close, &hint).clicked() {
            actions.push(QueueAction::CancelJob(job.id).into());
        }
    }
}

/// The line above a list of several: how many, and a button that ends all.
fn head(ui: &mut Ui, count: usize, actions: &mut Vec<Action>) {
    let (rect, _) = ui.allocate_exact_size(vec2(ui.available_width(), HEAD_HEIGHT), Sense::hover());
    let layout = Layout::right_to_left(Align::Center);
    let mut inside = ui.new_child(UiBuilder::new().max_rect(rect).id_salt("head").layout(layout));
    inside.spacing_mut().interact_size.y = HEAD_HEIGHT;
    inside.spacing_mut().button_padding.y = 0.0;
    let all = egui::Button::new(egui::RichText::new("Stop all").font(theme::small()).color(theme::TEXT_DIM));
    let all = inside.add(all.frame(false)).on_hover_cursor(CursorIcon::PointingHand);
    if all.on_hover_text("Stop everything; what there is of it stays").clicked() {
        actions.push(QueueAction::CancelAll.into());
    }
    let words = rect.with_max_x(inside.min_rect().left() - theme::UNIT);
    let text = format!("{} to follow", count - 1);
    controls::text_within(ui.painter(), words, &text, theme::small(), theme::TEXT_FAINT);
}

fn button_text(count: u32) -> String {
    if count > 1 { format!("Generate {count}") } else { "Generate".to_owned() }
}

/// How many sounds a click makes: two buttons with the number between them, one stop of the keyboard. Arrow keys and the
/// wheel change it too.
fn stepper(ui: &mut Ui, count: u32, actions: &mut Vec<Action>) {
    let (rect, _) = ui.allocate_exact_size(vec2(STEPPER_WIDTH, theme::CONTROL_HEIGHT), Sense::hover());
    let response = ui.interact(rect, ui.scope_id().with("variations"), Sense::click());
    ui.painter().rect(
        rect,
        theme::RADIUS,
        theme::WELL,
        theme::outline(theme::LINE),
        egui::StrokeKind::Inside,
    );
    let less = controls::column(rect, 0, 3, 0.0);
    let more = controls::column(rect, 2, 3, 0.0);
    let mut step = keys(ui, &response);
    for (place, icon, name, by) in
        [(less, Icon::Minus, "Fewer sounds", -1), (more, Icon::Plus, "More sounds", 1)]
    {
        let can = counted(count, by) != count;
        let button =
            ui.interact(place, response.id.with(by), if can { Sense::click() } else { Sense::hover() });
        let color = match (can, button.hovered()) {
            (false, _) => theme::LINE,
            (true, true) => theme::TEXT,
            (true, false) => theme::TEXT_DIM,
        };
        icons::paint(ui.painter(), Rect::from_center_size(place.center(), Vec2::splat(12.0)), icon, color);
        button.widget_info(|| WidgetInfo::labeled(Role::Button, can, name));
        if button.on_hover_cursor(CursorIcon::PointingHand).clicked() {
            step += by;
        }
    }
    let text = format!("× {count}");
    ui.painter().text(rect.center(), Align2::CENTER_CENTER, text, theme::body(), theme::TEXT);
    controls::focus_ring(ui, rect, &response);
    response.widget_info(|| {
        WidgetInfo::labeled(Role::Slider, ui.is_enabled(), format!("Sounds per click: {count}"))
    });
    response
        .on_hover_text("How many sounds a click makes, each with a seed of its own. Arrow keys change it");
    let next = counted(count, step);
    if next != count {
        actions.push(QueueAction::Count(next).into());
    }
}

/// Steps up less steps down that were asked for by arrow keys, while the focus is on `response`, or by a click on it.
fn keys(ui: &Ui, response: &egui::Response) -> i32 {
    if !response.has_focus() {
        return 0;
    }
    let filter =
        egui::EventFilter { horizontal_arrows: true, vertical_arrows: true, ..egui::EventFilter::default() };
    ui.memory_mut(|memory| memory.set_focus_lock_filter(response.id, filter));
    let pressed = |key| i32::from(ui.input_mut(|input| input.consume_key(Modifiers::NONE, key)));
    let up = pressed(Key::ArrowUp) + pressed(Key::ArrowRight);
    up - pressed(Key::ArrowDown) - pressed(Key::ArrowLeft)
}

/// The number that is `by` places after `count`.
fn counted(count: u32, by: i32) -> u32 {
    let place = COUNTS.iter().rposition(|offered| *offered <= count).unwrap_or(0);
    let place = place.saturating_add_signed(by as isize).min(COUNTS.len() - 1);
    COUNTS[place]
}

fn play_switch(ui: &mut Ui, on: bool, actions: &mut Vec<Action>) {
    let (look, hint) = if on {
        (
            Look::Lit,
            "Plays when ready: the first sound is heard as soon as it is there, unless you are playing",
        )
    } else {
        (Look::Framed, "Silent: a new sound is heard when you play it")
    };
    if controls::icon_button(ui, Icon::PlayReady, theme::CONTROL_HEIGHT, look, hint).clicked() {
        actions.push(QueueAction::PlayWhenReady(!on).into());
    }
}

/// What a job makes and where it stands: `4 sounds, 8 steps, 2 s · 1 of 4 done`.
fn state_text(job: &Job) -> String {
    let plural = |count: usize, what: &str| format!("{count} {what}{}", if count == 1 { "" } else { "s" });
    let steps = plural(job.request.steps as usize, "step");
    let what = match job.purpose {
        Purpose::Refine => format!("Refine to {steps}"),
        Purpose::Make => format!("{}, {steps}, {} s", plural(job.count, "sound"), job.request.seconds),
    };
    let state = match &job.state {
        JobState::Missing(missing) if missing.wanted.name.is_empty() => "its model is missing".to_owned(),
        JobState::Missing(missing) => format!("waits for the model {}", missing.wanted.name),
        JobState::Queued => "waiting".to_owned(),
        JobState::Running if job.count > 1 => format!("{} of {} done", job.done, job.count),
        JobState::Running => "being made".to_owned(),
    };
    format!("{what}  ·  {state}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shared::Missing;
    use straightshot_protocol::{ModelId, Request};
    use straightshot_takes::JobId;

    #[test]
    fn the_number_of_sounds_goes_by_the_numbers_that_are_offered() {
        assert_eq!([counted(1, 1), counted(4, 1), counted(16, 1)], [2, 8, 16]);
        assert_eq!([counted(1, -1), counted(4, -1), counted(3, 1), counted(99, -1)], [1, 2, 4, 8]);
        assert_eq!((button_text(1), button_text(8)), ("Generate".to_owned(), "Generate 8".to_owned()));
    }

    #[test]
    fn a_row_says_what_is_made_and_where_it_stands() {
        let request = Request { steps: 8, seconds: 2.0, ..Request::default() };
        let job = |purpose, count, state| Job {
            id: JobId(1),
            purpose,
            request: request.clone(),
            takes: Vec::new(),
            count,
            done: 1,
            state,
            progress: None,
        };
        let running = job(Purpose::Make, 4, JobState::Running);
        assert_eq!(state_text(&running), "4 sounds, 8 steps, 2 s  ·  1 of 4 done");
        let queued = job(Purpose::Refine, 1, JobState::Queued);
        assert_eq!(state_text(&queued), "Refine to 8 steps  ·  waiting");
        let missing = JobState::Missing(Missing { wanted: ModelId::named("rain"), here: None });
        assert_eq!(
            state_text(&job(Purpose::Make, 1, missing)),
            "1 sound, 8 steps, 2 s  ·  waits for the model rain"
        );
    }
}
