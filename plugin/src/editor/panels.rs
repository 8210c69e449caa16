//! All panels of the window, drawn into their [`Places`].

use super::about::{About, Keys};
use super::action::{Action, LibraryAction, ListKey};
use super::active::ActiveTake;
use super::compare::Compare;
use super::controls;
use super::deliver_panel::DeliverPanel;
use super::edit_panel::{self, EditPanel};
use super::header::Header;
use super::help;
use super::lane::{self, Lane};
use super::layout::{GAP, MIN_SIZE, Places, Splits};
use super::library_panel::LibraryPanel;
use super::output::{self, OutputMeter};
use super::play_panel::PlayPanel;
use super::prefs::Prefs;
use super::prompt::{Edited, PromptFields};
use super::queue::{self, QueuePanel};
use super::scene::Scene;
use super::takes::TakeList;
use super::versions::{self, VersionsStrip};
use super::waveform::Waveform;
use super::{key_holder, notice, settings, theme};
use crate::editor::link::View;
use crate::outbox::Outgoing;
use egui::{Align, Layout, Rect, ScrollArea, Sense, Stroke, StrokeKind, Ui, UiBuilder, vec2};
use straightshot_protocol::ContentHash;
use straightshot_takes::{Take, TakeId};

/// Lowest and highest prompt field in points.
const PROMPT_HEIGHT: (f32, f32) = (9.5 * theme::UNIT, 22.0 * theme::UNIT);
/// Lowest prompt field in a low window, in points.
const LOW_PROMPT_HEIGHT: f32 = 6.0 * theme::UNIT;
/// Lowest place for the list of jobs in points.
const JOBS_HEIGHT: f32 = 5.5 * theme::UNIT;
/// Height of the active take's panel in points from which there is room for the lane.
const LANE_FROM: f32 = 35.0 * theme::UNIT;
/// Part of the spare height that goes to the prompt field; the jobs get the rest.
const PROMPT_SHARE: f32 = 0.4;
/// Tabs below the waveform.
const WORK: [&str; 3] = ["Edit", "Play", "Deliver"];
/// Tabs of the right column.
const LISTS: [&str; 2] = ["Takes", "Library"];
/// What the left column shows in a narrow window.
const SIDES: [&str; 3] = ["New sound", "Takes", "Library"];

/// All panels with the state that is theirs.
#[derive(Debug, Default)]
pub(super) struct Panels {
    /// Prompt and negative prompt.
    pub(super) prompt: PromptFields,
    /// The two takes to compare.
    pub(super) compare: Compare,
    /// Output level.
    pub(super) meter: OutputMeter,
    /// Name and model.
    header: Header,
    /// Generate and the jobs.
    queue: QueuePanel,
    /// When the events of the next sound happen.
    lane: Lane,
    /// Waveform of the active take.
    active: ActiveTake,
    /// The versions of the active take.
    versions: VersionsStrip,
    /// The tab Edit.
    edit: EditPanel,
    /// The tab Play.
    play: PlayPanel,
    /// The tab Deliver.
    deliver: DeliverPanel,
    /// The list of takes.
    takes: TakeList,
    /// The tab Library.
    library: LibraryPanel,
    /// Where the borders are.
    splits: Splits,
    /// Index into [`WORK`].
    work: usize,
    /// Index into [`LISTS`].
    list: usize,
    /// Whether the left column of a narrow window shows the list.
    list_at_left: bool,
    /// Whether the list has a column of its own.
    wide: bool,
    /// Whether the list of shortcuts is shown.
    help: bool,
    /// Version, licences and attribution, while they are shown.
    about: Option<About>,
}

impl Panels {
    /// The host has replaced the session: what was remembered about its takes is void.
    pub(super) fn forget_session(&mut self) {
        self.compare = Compare::default();
        self.takes = TakeList::default();
        self.active = ActiveTake::default();
        self.versions.forget_session();
        self.edit.forget_session();
        self.play.forget_session();
        self.deliver.forget_session();
        self.library.forget_session();
    }

    /// Takes in what has changed since the last frame, `seconds` ago.
    pub(super) fn follow(&mut self, view: &View, peak: f32, seconds: f32) {
        self.prompt.follow(view);
        let heard = view.active().map(|take| &**take);
        self.compare.follow_ending(view.instead);
        self.compare.follow(&view.takes, heard, view.refining());
        self.meter.advance(peak, seconds);
    }

    /// Takes over a remembered arrangement.
    pub(super) fn arrange(&mut self, prefs: &Prefs) {
        self.splits = prefs.splits;
        self.work = prefs.work.min(WORK.len() - 1);
        self.list = prefs.list.min(LISTS.len() - 1);
        self.lane.snap = prefs.snap;
    }

    /// What is to be remembered of the arrangement.
    pub(super) fn arrangement(&self, zoom: f32) -> Prefs {
        Prefs { zoom, splits: self.splits, work: self.work, list: self.list, snap: self.lane.snap }
    }

    /// Shows the tab Play.
    pub(super) fn show_playing(&mut self) {
        self.work = 1;
    }

    /// Shows the prompt and puts the cursor there.
    pub(super) fn go_to_prompt(&mut self) {
        self.list_at_left = false;
        self.prompt.take_focus();
    }

    /// Whether something lies over the window.
    pub(super) fn shows_overlay(&self) -> bool {
        self.help || self.about.is_some()
    }

    /// What is selected and in sight of the active take.
    pub(super) fn waveform_mut(&mut self) -> &mut Waveform {
        &mut self.active.waveform
    }

    /// Shows the list of shortcuts, or hides it.
    pub(super) fn toggle_help(&mut self) {
        self.help = !self.help;
        self.about = None;
    }

    /// Shows version, licences and attribution, or hides them.
    pub(super) fn toggle_about(&mut self) {
        self.about = if self.about.is_some() { None } else { Some(About::default()) };
        self.help = false;
    }

    /// Shows the list of takes with a field for another name of `take`.
    pub(super) fn start_renaming(&mut self, take: &Take) {
        self.list = 0;
        self.list_at_left = true;
        self.takes.start_renaming(take);
    }

    /// Whether the library is shown, and keys are about its sounds.
    pub(super) fn shows_library(&self) -> bool {
        self.list == 1 && (self.wide || self.list_at_left)
    }

    /// What playing the row above or below means in the list that is shown.
    pub(super) fn walk(&mut self, view: &View, up: bool) -> Option<Action> {
        if self.shows_library() {
            return self.library.neighbour(up);
        }
        self.takes.neighbour(view, up).map(|id| LibraryAction::SelectAndAudition(id).into())
    }

    /// What deleting means in the list that is shown.
    pub(super) fn delete(&mut self, view: &View) -> Option<Action> {
        if self.shows_library() { self.library.delete() } else { self.takes.delete_chosen(view) }
    }

    /// What a key means in the list that is shown.
    pub(super) fn list_key(&mut self, key: ListKey, view: &View) -> Vec<Action> {
        let mut actions = Vec::new();
        if self.shows_library() {
            self.library.key(key, &mut actions);
        } else {
            if !self.wide {
                self.list_at_left = true;
            }
            self.takes.key(key, view, &mut actions);
        }
        actions
    }

    /// Shows in the library what is like a take.
    pub(super) fn show_similar(&mut self, hash: ContentHash, take: &Take) {
        self.list = 1;
        self.list_at_left = true;
        self.library.show_similar(hash, take);
    }

    /// Shows the list of takes.
    pub(super) fn show_takes(&mut self) {
        self.list = 0;
        self.list_at_left = true;
    }

    /// The active take, and with it all that are chosen in the list.
    pub(super) fn chosen(&self, view: &View) -> Vec<TakeId> {
        self.takes.chosen(view)
    }

    /// What files are made of: what is chosen in the list that is shown; the active take where that is nothing.
    pub(super) fn outgoing(&self, view: &View) -> Option<Outgoing> {
        let sounds = self.library.chosen();
        if self.shows_library() && !sounds.is_empty() {
            return Some(Outgoing::Sounds(sounds));
        }
        Some(self.chosen(view)).filter(|takes| !takes.is_empty()).map(Outgoing::Takes)
    }

    /// Draws the whole window.
    pub(super) fn draw(&mut self, ui: &mut Ui, scene: &Scene<'_>, actions: &mut Vec<Action>) -> Edited {
        let window = ui.max_rect();
        let keys = if self.about.is_some() { Keys::take(ui) } else { Keys::default() };
        key_holder::hold(ui);
        ui.painter().rect_filled(window, 0, theme::BACKGROUND);
        // Hosts may ignore the smallest size.
        let scroll = ScrollArea::both().id_salt("window").auto_shrink(false);
        let shown = scroll.show(ui, |ui| {
            let (whole, _) = ui.allocate_exact_size(window.size().max(MIN_SIZE), Sense::hover());
            let places = Places::of(whole, self.splits);
            let edited = self.columns(ui, &places, scene, actions);
            places.drag_borders(ui, &mut self.splits);
            edited
        });
        if self.help {
            self.help = help::show(ui, window, actions);
        }
        if let Some(about) = &mut self.about
            && !about.show(ui, window, scene.view, keys)
        {
            self.about = None;
        }
        shown.inner
    }

    fn columns(
        &mut self,
        ui: &mut Ui,
        places: &Places,
        scene: &Scene<'_>,
        actions: &mut Vec<Action>,
    ) -> Edited {
        if let Some(take) = scene.view.heard_unread() {
            actions.push(LibraryAction::Read(take.id).into());
        }
        bar(ui, places.header, "header", |ui| self.header.show(ui, scene.view, actions));
        let mut message = ui.new_child(UiBuilder::new().max_rect(places.message).id_salt("message"));
        notice::show(&mut message, scene.view, actions);
        let narrow = places.right.is_none();
        self.wide = !narrow;
        let edited = card(ui, places.left, "left", |ui| {
            if narrow {
                let shown = if self.list_at_left { 1 + self.list } else { 0 };
                if let Some(side) = controls::tabs(ui, "Side", &SIDES, shown) {
                    self.list_at_left = side > 0;
                    self.list = side.saturating_sub(1);
                }
            }
            if narrow && self.list_at_left {
                self.lists(ui, scene, actions);
                Edited::default()
            } else {
                if narrow {
                    self.takes.leave(actions);
                    self.library.leave(&scene.view.shelf, actions);
                }
                self.request(ui, scene, actions)
            }
        });
        card(ui, places.upper, "active take", |ui| self.active_take(ui, scene, actions));
        card(ui, places.lower, "work", |ui| self.work(ui, scene, actions));
        if let Some(right) = places.right {
            card(ui, right, "right", |ui| {
                if let Some(list) = controls::tabs(ui, "List", &LISTS, self.list) {
                    self.list = list;
                }
                self.lists(ui, scene, actions);
            });
        }
        bar(ui, places.footer, "footer", |ui| {
            output::show(ui, scene.params, scene.setter, &mut self.meter, actions)
        });
        edited
    }

    /// What to make, the button that does it, and the jobs below it. Only the jobs grow and shrink by themselves, and
    /// nothing is below them, but in a low window; see [`RequestPlaces`].
    fn request(&mut self, ui: &mut Ui, scene: &Scene<'_>, actions: &mut Vec<Action>) -> Edited {
        let room = ui.available_rect_before_wrap();
        let fixed = self.prompt.total_height(0.0) + GAP + settings::HEIGHT;
        let places = RequestPlaces::of(room, fixed, !scene.view.status.jobs.is_empty());
        let prompt_height = places.prompt_height;
        let inside = |ui: &mut Ui, place: Rect, salt: &str| {
            let mut inside = ui.new_child(UiBuilder::new().max_rect(place).id_salt(salt));
            inside.shrink_clip_rect(place.expand2(vec2(PADDING, 0.0)));
            inside
        };
        let scroll = ScrollArea::vertical().id_salt("request").auto_shrink(false);
        // The scroll bar lies beside the content.
        let wider = places.what.with_max_x(places.what.right() + theme::UNIT);
        let shown = scroll.show(&mut inside(ui, wider, "what"), |ui| {
            ui.set_max_width(places.what.width());
            let edited = self.prompt.show(ui, prompt_height, scene, actions);
            settings::show(ui, scene.params, scene.setter, scene.view, actions);
            edited
        });
        let ready = !self.prompt.prompt.trim().is_empty();
        self.queue.show(&mut inside(ui, places.generate, "generate"), scene, ready, actions);
        self.queue.show_jobs(&mut inside(ui, places.jobs, "jobs"), scene, actions);
        shown.inner
    }

    /// Waveform of the active take with its versions below.
    fn active_take(&mut self, ui: &mut Ui, scene: &Scene<'_>, actions: &mut Vec<Action>) {
        let mut rect = ui.available_rect_before_wrap();
        // In a low window the waveform needs the room.
        if rect.height() >= LANE_FROM {
            let (place, rest) = rect.split_top_bottom_at_y(rect.top() + lane::HEIGHT);
            self.lane.show(ui, place, scene, actions);
            rect = rest;
        }
        if scene.view.active().is_none() {
            let ui = &mut ui.new_child(UiBuilder::new().max_rect(rect).id_salt("empty"));
            // There are no versions of nothing.
            self.active.show(ui, scene.view, &self.compare, scene.playhead, actions);
            return;
        }
        let (above, strip) = rect.split_top_bottom_at_y(rect.bottom() - versions::HEIGHT);
        let above = above.with_max_y(above.bottom() - theme::UNIT);
        let mut inside = ui.new_child(UiBuilder::new().max_rect(above).id_salt("waveform"));
        self.active.show(&mut inside, scene.view, &self.compare, scene.playhead, actions);
        let mut inside = ui.new_child(UiBuilder::new().max_rect(strip).id_salt("versions"));
        self.versions.show(&mut inside, scene, &self.compare, actions);
    }

    /// The tabs below the waveform.
    fn work(&mut self, ui: &mut Ui, scene: &Scene<'_>, actions: &mut Vec<Action>) {
        let row = ui.available_rect_before_wrap();
        let row = row.with_max_y(row.top() + theme::CONTROL_HEIGHT);
        if let Some(work) = controls::tabs(ui, "Work", &WORK, self.work) {
            self.work = work;
        }
        if self.work == 0 {
            let beside = row.with_min_x(row.left() + controls::tabs_width(ui, &WORK) + theme::UNIT);
            let layout = Layout::right_to_left(Align::Center);
            let mut inside =
                ui.new_child(UiBuilder::new().max_rect(beside).id_salt("history").layout(layout));
            edit_panel::history(&mut inside, scene, &self.active.waveform, actions);
        }
        let room = ui.available_rect_before_wrap();
        // The scroll bar lies beside the content, where the card has its edge.
        let wider = room.with_max_x(room.right() + theme::UNIT);
        let mut inside = ui.new_child(UiBuilder::new().max_rect(wider).id_salt("work"));
        let scroll = ScrollArea::vertical().id_salt(WORK[self.work]).auto_shrink(false);
        scroll.show(&mut inside, |ui| {
            ui.set_max_width(room.width());
            match self.work {
                0 => self.edit.show(ui, scene, &self.active.waveform, actions),
                1 => self.play.show(ui, scene, actions),
                _ => self.deliver.show(ui, scene, &self.takes.chosen(scene.view), actions),
            }
        });
    }

    /// The list of takes or the library.
    fn lists(&mut self, ui: &mut Ui, scene: &Scene<'_>, actions: &mut Vec<Action>) {
        if self.list == 0 {
            self.library.leave(&scene.view.shelf, actions);
            self.takes.show(ui, scene.view, &self.compare, actions);
        } else {
            self.takes.leave(actions);
            self.library.show(ui, scene, actions);
        }
    }
}

/// The places of what is in the left column while a sound is described.
struct RequestPlaces {
    /// Prompt and settings, which scroll where there is too little room.
    what: Rect,
    generate: Rect,
    jobs: Rect,
    /// Height of the prompt's field in points.
    prompt_height: f32,
}

impl RequestPlaces {
    /// The places in `room`; what is to be made takes `fixed` points and the prompt's field.
    ///
    /// In a low window Generate stands at the foot: whole in sight, and in the same place whether there are jobs or not,
    /// which come between what is to be made and the button then.
    fn of(room: Rect, fixed: f32, has_jobs: bool) -> Self {
        let (least, most) = PROMPT_HEIGHT;
        let spare = room.height() - fixed - queue::GENERATE_HEIGHT - 2.0 * GAP - least - JOBS_HEIGHT;
        if spare >= 0.0 {
            let prompt_height = (least + PROMPT_SHARE * spare).min(most).round();
            let (what, rest) = room.split_top_bottom_at_y(room.top() + fixed + prompt_height);
            let rest = rest.with_min_y(rest.top() + GAP);
            let (generate, jobs) = rest.split_top_bottom_at_y(rest.top() + queue::GENERATE_HEIGHT);
            return Self { what, generate, jobs: jobs.with_min_y(jobs.top() + GAP), prompt_height };
        }
        let (above, generate) = room.split_top_bottom_at_y(room.bottom() - queue::GENERATE_HEIGHT);
        let above = above.with_max_y(above.bottom() - GAP);
        let prompt_height = (above.height() - fixed).clamp(LOW_PROMPT_HEIGHT, least).round();
        let below = if has_jobs { JOBS_HEIGHT + GAP } else { 0.0 };
        let (what, jobs) = above.split_top_bottom_at_y(above.bottom() - below);
        Self { what, generate, jobs: jobs.with_min_y((jobs.top() + GAP).min(jobs.bottom())), prompt_height }
    }
}

/// A bar over the full width with its content in one row.
fn bar(ui: &mut Ui, rect: Rect, salt: &str, add: impl FnOnce(&mut Ui)) {
    ui.painter().rect_filled(rect, 0, theme::PANEL);
    let inner = rect.shrink2(vec2(GAP + PADDING, 0.0));
    let layout = Layout::left_to_right(Align::Center);
    add(&mut ui.new_child(UiBuilder::new().max_rect(inner).id_salt(salt).layout(layout)));
}

/// Between the edge of a card and its content, in points.
const PADDING: f32 = 1.5 * theme::UNIT;

/// A panel with rounded corners and its content from top to bottom, clipped to it.
fn card<R>(ui: &mut Ui, rect: Rect, salt: &str, add: impl FnOnce(&mut Ui) -> R) -> R {
    ui.painter().rect(rect, theme::PANEL_RADIUS, theme::PANEL, Stroke::NONE, StrokeKind::Inside);
    let mut inside = ui.new_child(UiBuilder::new().max_rect(rect.shrink(PADDING)).id_salt(salt));
    inside.shrink_clip_rect(rect);
    add(&mut inside)
}
