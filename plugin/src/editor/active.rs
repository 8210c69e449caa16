//! The active take: what sounds, where it is, how loud it is, and A/B comparison.

use super::action::{Action, PlayAction, RequestAction, VersionsAction};
use super::compare::{self, Compare, SIDES};
use super::controls::{self, Look};
use super::icons::{self, Icon};
use super::shortcuts::Shortcut;
use super::waveform::{self, Overview, Waveform};
use super::{list, outgoing, takes, theme, versions};
use crate::editor::link::View;
use crate::outbox::Outgoing;
use egui::{Align, Align2, Layout, Popup, Rect, RichText, Sense, Ui, UiBuilder, Vec2, vec2};
use straightshot_protocol::Audio;
use straightshot_takes::Take;

/// Room in points from which on levels are shown beside the name.
const READOUT_FROM: f32 = 56.0 * theme::UNIT;

/// Prompts offered while there is nothing to show yet.
const EXAMPLES: [&str; 3] = ["Footsteps on gravel", "Heavy wooden door slams shut", "Glass bottle smashing"];

/// The measured waveform of the take shown last.
#[derive(Debug, Default)]
pub(super) struct ActiveTake {
    /// What the unedited sound looks like.
    measured: Option<Overview>,
    /// How loud what is heard is.
    heard: Option<Overview>,
    /// What is selected, in sight and held.
    pub(super) waveform: Waveform,
}

impl ActiveTake {
    /// Draws the panel into all the space there is. `playhead` is the fraction of the clip that sounds.
    pub(super) fn show(
        &mut self,
        ui: &mut Ui,
        view: &View,
        compare: &Compare,
        playhead: Option<f32>,
        actions: &mut Vec<Action>,
    ) {
        let Some(take) = view.active() else {
            empty_state(ui, view, actions);
            return;
        };
        let edited = take.edited();
        let overview = measured(&mut self.measured, take.audio());
        let heard = measured(&mut self.heard, &edited.audio);
        let size = vec2(ui.available_width(), theme::CONTROL_HEIGHT);
        let layout = Layout::left_to_right(Align::Center);
        ui.allocate_ui_with_layout(size, layout, |ui| {
            outgoing::handle(ui, &Outgoing::part(take.id, None), view.offers, actions);
            heading(ui, view, (take, heard), (compare, playhead), actions)
        });
        let (rect, _) = ui.allocate_exact_size(ui.available_size(), Sense::hover());
        if let Some(text) = take.why_silent() {
            waveform::paint_well(ui, rect);
            notice(ui, rect, text);
            return;
        }
        self.waveform.show(ui, rect, (take, overview), playhead, actions);
        if let Some(response) = ui.ctx().read_response(Waveform::id(ui)) {
            // What is selected, or everything.
            let outgoing = Outgoing::part(take.id, self.waveform.selected_s(take));
            list::row_menu(ui, &response, |ui| outgoing::menu(ui, &outgoing, view.offers, actions));
        }
    }
}

/// What `audio` looks like, measured when it is not the sound that was measured before.
fn measured<'a>(last: &'a mut Option<Overview>, audio: &Audio) -> &'a Overview {
    let current = last.take().filter(|overview| overview.is_of(audio));
    last.insert(current.unwrap_or_else(|| Overview::measure(audio)))
}

/// Audition button, name, readout, recipe and the A/B switch.
fn heading(
    ui: &mut Ui,
    view: &View,
    (take, overview): (&Take, &Overview),
    (compare, playhead): (&Compare, Option<f32>),
    actions: &mut Vec<Action>,
) {
    let (icon, hint, action) = match playhead {
        Some(_) => (Icon::Stop, Shortcut::Play.hint("Stop"), PlayAction::Stop),
        None => (Icon::Play, Shortcut::Play.hint("Listen"), PlayAction::Audition),
    };
    if controls::icon_button(ui, icon, theme::CONTROL_HEIGHT, Look::Framed, &hint).clicked() {
        actions.push(action.into());
    }
    ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
        compare_switch(ui, view, compare, actions);
        let title = if compare.is_on() {
            // What is heard counts now, not what the active take is like.
            compare.heard_words(&view.takes)
        } else {
            recipe_button(ui, take, actions);
            readout(ui, take, overview);
            takes::title(take).to_owned()
        };
        let rest = ui.available_rect_before_wrap();
        controls::text_within(ui.painter(), rest, &title, theme::large(), theme::TEXT);
    });
}

/// Length and levels; where there is little room, the length alone.
fn readout(ui: &mut Ui, take: &Take, overview: &Overview) {
    let seconds = format!("{:.2} s", overview.seconds);
    let (peak, rms) = (waveform::db_text(overview.peak_db), waveform::db_text(overview.rms_db));
    let has_room = ui.available_width() >= READOUT_FROM;
    let text = if has_room { format!("{seconds}   peak {peak}   RMS {rms}") } else { seconds };
    let color = if overview.peak_db > 0.0 { theme::ERROR } else { theme::TEXT_DIM };
    let label = egui::Label::new(RichText::new(text).font(theme::small()).color(color)).extend();
    ui.add(label).on_hover_text(format!("{}\nPeak {peak}, RMS {rms}", provenance(take)));
}

/// Everything that made a take, for the tooltip of its readout.
fn provenance(take: &Take) -> String {
    let request = &take.request;
    let avoided = if request.negative_prompt.is_empty() { "" } else { "\nNot: " };
    format!(
        "{}{avoided}{}\n{} steps, guidance {:.1}, seed {}, {} Hz\nModel: {}",
        request.prompt,
        request.negative_prompt,
        request.steps,
        request.guidance,
        request.seed,
        take.audio().sample_rate_hz(),
        take.request.model
    )
}

/// The button of the menu about what made the take.
fn recipe_button(ui: &mut Ui, take: &Take, actions: &mut Vec<Action>) {
    let hint = "Recipe of this take: use it again, or a part of it, or vary it";
    let button = controls::icon_button(ui, Icon::Recall, theme::CONTROL_HEIGHT, Look::Bare, hint);
    Popup::menu(&button).show(|ui| {
        ui.set_min_width(22.0 * theme::UNIT);
        versions::recipe_menu(ui, take, actions);
    });
}

/// Two segments that change between the last two things that were chosen, and how they were made equally loud.
fn compare_switch(ui: &mut Ui, view: &View, compare: &Compare, actions: &mut Vec<Action>) {
    if compare.other().is_none() {
        return;
    }
    let mut push = |action: VersionsAction| actions.push(action.into());
    if compare.is_on() {
        let hint = "Stop comparing: every take at its own level (Escape)";
        if controls::icon_button(ui, Icon::Close, theme::ICON_SIZE, Look::Bare, hint).clicked() {
            push(VersionsAction::EndComparing);
        }
        let keep =
            egui::Button::new(RichText::new("Keep").font(theme::small()).color(theme::ACCENT)).frame(false);
        if ui.add(keep).on_hover_text("Go on with what is heard: it becomes the active take").clicked() {
            push(VersionsAction::KeepHeard);
        }
    }
    let chosen = Some(compare.heard_side());
    let width = 9.0 * theme::UNIT;
    let response = ui.scope(|ui| controls::segmented(ui, "Compare", width, &SIDES, chosen));
    if response.inner.is_some() {
        push(VersionsAction::Switch);
    }
    let matched = compare.matched(&view.takes, &view.status.measured);
    let hint = format!(
        "{}\nBoth are equally loud while you compare (B)",
        compare.words(&view.takes, matched.as_ref())
    );
    response.response.on_hover_text(hint);
    if let Some(matched) = matched.filter(|_| compare.is_on()) {
        let text = RichText::new(compare::gains_text(&matched)).font(theme::small()).color(theme::ACCENT);
        ui.add(egui::Label::new(text).extend());
    }
}

/// What the panel shows before the first sound.
fn empty_state(ui: &mut Ui, view: &View, actions: &mut Vec<Action>) {
    let (rect, _) = ui.allocate_exact_size(ui.available_size(), Sense::hover());
    waveform::paint_well(ui, rect);
    if view.is_busy() {
        notice(ui, rect, "Making the first sound…");
        return;
    }
    let tall = rect.height() > 19.0 * theme::UNIT;
    let content = vec2(rect.width().min(520.0), if tall { 124.0 } else { 84.0 });
    let place = Rect::from_center_size(rect.center(), content);
    let layout = Layout::top_down(Align::Center);
    let mut inside = ui.new_child(UiBuilder::new().max_rect(place).layout(layout));
    if tall {
        let (mark, _) = inside.allocate_exact_size(Vec2::splat(4.0 * theme::UNIT), Sense::hover());
        icons::paint_mark(inside.painter(), mark);
    }
    inside.label(RichText::new("No sound yet").font(theme::large()));
    let hint = RichText::new("Describe one at the left and press Generate, or start from an example:")
        .color(theme::TEXT_DIM);
    inside.label(hint.font(theme::small()));
    example_links(&mut inside, actions);
}

/// The examples in one centred row.
fn example_links(ui: &mut Ui, actions: &mut Vec<Action>) {
    let measure =
        |text: &str| ui.painter().layout_no_wrap(text.to_owned(), theme::small(), theme::ACCENT).size().x;
    let widths = EXAMPLES.map(|example| measure(example) + 2.0 * theme::UNIT);
    let total = widths.iter().sum::<f32>() + theme::UNIT * 2.0;
    let (row, _) = ui.allocate_exact_size(vec2(total, theme::ICON_SIZE), Sense::hover());
    let mut left = row.left();
    for (example, width) in EXAMPLES.into_iter().zip(widths) {
        let place = Rect::from_min_size(egui::pos2(left, row.top()), vec2(width, row.height()));
        if controls::chip(ui, place, example).clicked() {
            actions.push(RequestAction::UsePrompt(example.to_owned()).into());
        }
        left += width + theme::UNIT;
    }
}

/// One sentence in the middle of `rect`.
fn notice(ui: &Ui, rect: Rect, text: &str) {
    let galley =
        ui.painter().layout(text.to_owned(), theme::body(), theme::TEXT_DIM, rect.width() - theme::MARGIN);
    let at = Align2::CENTER_CENTER.anchor_size(rect.center(), galley.size());
    ui.painter().galley(at.min, galley, theme::TEXT_DIM);
}
