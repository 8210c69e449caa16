//! The panels drawn without a window: what the user does goes in as events, what he asked for comes out.

mod about;
mod deliver;
mod edits;
mod knobs;
mod lane;
mod lists;
mod sizes;

use super::action::{Action, LibraryAction, QueueAction, RequestAction, VersionsAction, WindowAction};
use super::layout::MIN_SIZE;
use super::panels::Panels;
use super::scene::Scene;
use super::shortcuts::{self, Shortcut, Situation};
use super::theme;
use crate::editor::link::View;
use crate::params::StraightshotParams;
use crate::shared::{Job, JobProgress, JobState, Missing, Notice, Pass, Severity, Status};
use crate::worker::models::default_card;
use egui::accesskit::{Node, NodeId};
use egui::{Context, Event, Key, Modifiers, PointerButton, Pos2, RawInput, Rect, Vec2, pos2, vec2};
use nice_plug::context::PluginApi;
use nice_plug::prelude::{GuiContextInner, Param, ParamPtr, ParamSetter, PluginState};
use parking_lot::Mutex;
use std::sync::Arc;
use straightshot_protocol::{Audio, ModelId, Progress, Request, Stage};
use straightshot_takes::{JobId, Made, Purpose, QueuedJob, Session, Take, TakeId};

mod keyboard;

/// A size at which everything is in sight.
const USUAL: Vec2 = vec2(1280.0, 860.0);

/// What a host is told about a parameter.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Call {
    Begin,
    Set(f32),
    End,
}

/// A host that applies values at once and remembers the calls.
#[derive(Default)]
struct Host {
    calls: Mutex<Vec<Call>>,
}

impl GuiContextInner for Host {
    fn plugin_api(&self) -> PluginApi {
        PluginApi::Standalone
    }

    unsafe fn raw_begin_set_parameter(&self, _param: ParamPtr) {
        self.calls.lock().push(Call::Begin);
    }

    unsafe fn raw_set_parameter_normalized(&self, param: ParamPtr, normalized: f32) {
        self.calls.lock().push(Call::Set(normalized));
        // SAFETY: the parameters outlive the frame in which the editor sets them.
        unsafe { param._internal_set_normalized_value(normalized) };
    }

    unsafe fn raw_end_set_parameter(&self, _param: ParamPtr) {
        self.calls.lock().push(Call::End);
    }

    fn get_state(&self) -> PluginState {
        PluginState { version: String::new(), params: Default::default(), fields: Default::default() }
    }

    fn set_state(&self, _state: PluginState) {}

    fn request_restart(&self) {}
}

/// A window without a screen.
struct Window {
    ctx: Context,
    panels: Panels,
    params: StraightshotParams,
    host: Host,
    view: View,
    size: Vec2,
    /// Seconds since the window was opened.
    time: f64,
    /// What assistive technology was told about the last frame.
    nodes: Vec<(NodeId, Node)>,
}

impl Window {
    fn open(view: View, size: Vec2) -> Self {
        let ctx = Context::default();
        theme::apply(&ctx);
        ctx.enable_accesskit();
        let params = StraightshotParams::new(Arc::default(), &Request::default());
        let mut window = Self {
            ctx,
            panels: Panels::default(),
            params,
            host: Host::default(),
            view,
            size,
            time: 0.0,
            nodes: Vec::new(),
        };
        // Sizes settle in the first frames.
        for _ in 0..3 {
            window.frame(Vec::new());
        }
        window
    }

    /// Draws a frame in which `events` happened; typed text is stored as the real window does.
    fn frame(&mut self, events: Vec<Event>) -> Vec<Action> {
        self.time += 0.05;
        let input = RawInput {
            screen_rect: Some(Rect::from_min_size(Pos2::ZERO, self.size)),
            time: Some(self.time),
            events,
            ..RawInput::default()
        };
        let mut actions = Vec::new();
        let Self { ctx, panels, params, host, view, .. } = self;
        let setter = ParamSetter::new(&*host);
        let output = ctx.run_ui(input, |ui| {
            panels.follow(view, 0.0, 0.05);
            let compare = &panels.compare;
            actions.extend(shortcuts::pressed(
                ui,
                &Situation {
                    view,
                    compare,
                    playing: false,
                    zoom: 1.0,
                    overlay: false,
                    library: panels.shows_library(),
                },
            ));
            let scene = Scene { view: &view.clone(), params, setter: &setter, playhead: Some(0.5) };
            panels.draw(ui, &scene, &mut actions);
            view.prompt.clone_from(&panels.prompt.prompt);
            shortcuts::leave_fields_with_the_window(ui);
        });
        self.nodes = output.platform_output.accesskit_update.map(|update| update.nodes).unwrap_or_default();
        actions
    }

    fn key(&mut self, modifiers: Modifiers, key: Key) -> Vec<Action> {
        let event = |pressed| Event::Key { key, physical_key: None, pressed, repeat: false, modifiers };
        self.frame(vec![
            Event::ModifiersChanged(modifiers),
            event(true),
            event(false),
            Event::ModifiersChanged(Modifiers::NONE),
        ])
    }

    /// Where the widget is that assistive technology knows as `label`.
    fn place(&self, label: &str) -> Rect {
        let named = |node: &Node| node.label() == Some(label) && node.bounds().is_some();
        let (_, node) = self.nodes.iter().find(|(_, node)| named(node)).expect(label);
        let bounds = node.bounds().expect("nodes without bounds were passed over");
        #[expect(clippy::cast_possible_truncation, reason = "places in a window")]
        let point = |x: f64, y: f64| pos2(x as f32, y as f32);
        Rect::from_min_max(point(bounds.x0, bounds.y0), point(bounds.x1, bounds.y1))
    }

    /// Clicks the middle of the widget that assistive technology knows as `label`.
    fn click(&mut self, label: &str) -> Vec<Action> {
        let at = self.place(label).center();
        self.frame(vec![Event::PointerMoved(at)]);
        let mut actions = self.frame(vec![button(at, true)]);
        actions.extend(self.frame(vec![button(at, false)]));
        actions
    }

    /// The pointer is pressed at `from`, goes to `to` in some steps, and is let go of; `then` hears what was asked for by
    /// each before that.
    fn drag(&mut self, from: Pos2, to: Pos2, mut then: impl FnMut(&mut Self, &[Action])) -> Vec<Action> {
        // Else it would be a double click.
        self.time += 5.0;
        self.frame(vec![Event::PointerMoved(from)]);
        let mut actions = self.frame(vec![button(from, true)]);
        then(self, &actions);
        for step in 1..=4_u8 {
            let moved = self.frame(vec![Event::PointerMoved(from.lerp(to, f32::from(step) / 4.0))]);
            then(self, &moved);
            actions.extend(moved);
        }
        actions.extend(self.frame(vec![button(to, false)]));
        actions
    }
}

/// The first button of the pointer goes down or up.
fn button(pos: Pos2, pressed: bool) -> Event {
    Event::PointerButton { pos, button: PointerButton::Primary, pressed, modifiers: Modifiers::NONE }
}

/// The worker has nothing to do.
fn idle() -> Status {
    Status { card: Some(default_card().into()), ..Status::default() }
}

/// A job that is being made.
fn running(progress: Option<JobProgress>) -> Job {
    Job {
        id: JobId(1),
        purpose: Purpose::Make,
        request: Request { prompt: "rain".into(), ..Request::default() },
        takes: Vec::new(),
        count: 4,
        done: 1,
        state: JobState::Running,
        progress,
    }
}

fn empty_view() -> View {
    View { draft_first: true, variations: 1, status: idle(), ..View::default() }
}

fn take(id: u64, samples: Vec<f32>) -> Arc<Take> {
    let request = Request { prompt: format!("sound {id}"), ..Request::default() };
    Arc::new(Take::new(TakeId(id), request, &Audio::mono(44_100, samples)).expect("it is a sound"))
}

/// A take whose sound could not be read from its project.
fn unreadable_take() -> Arc<Take> {
    let saved = r#"{"version":1,"takes":[{"id":1,"name":"lost","audio":"????"}]}"#;
    let session: Session = serde_json::from_str(saved).expect("reading never fails");
    let take = session.takes().first().expect("the recipe is kept").clone();
    assert!(take.audio().is_empty());
    take
}

fn view_with_takes() -> View {
    let takes = (1..=3_u8).map(|id| take(id.into(), vec![0.5; 4410])).collect();
    View { takes, active_take: Some(TakeId(2)), ..empty_view() }
}

#[test]
fn no_field_takes_keys_before_it_is_clicked() {
    let mut window = Window::open(empty_view(), USUAL);
    assert!(!window.ctx.egui_wants_keyboard_input());
    window.frame(vec![Event::Text("rain".into())]);
    assert_eq!(window.view.prompt, "");
    window.click("Roll a new seed");
    assert!(!window.ctx.egui_wants_keyboard_input(), "a button takes no text");
}

#[test]
fn escape_a_click_elsewhere_and_another_window_end_typing() {
    let mut window = Window::open(empty_view(), USUAL);
    let endings: [fn(&mut Window); 3] = [
        |window| drop(window.key(Modifiers::NONE, Key::Escape)),
        |window| drop(window.click("Roll a new seed")),
        // What was typed just before counts.
        |window| drop(window.frame(vec![Event::Text("b".into()), Event::WindowFocused(false)])),
    ];
    for (round, end) in endings.into_iter().enumerate() {
        // Else it would be a double click.
        window.time += 5.0;
        window.click("prompt");
        window.frame(vec![Event::Text("a".into())]);
        assert!(window.ctx.egui_wants_keyboard_input());
        end(&mut window);
        window.frame(vec![Event::Text("lost".into())]);
        assert!(!window.ctx.egui_wants_keyboard_input(), "after ending {round}");
    }
    assert_eq!(window.view.prompt, "aaab");
}

#[test]
fn a_clicked_prompt_takes_lines() {
    let mut window = Window::open(empty_view(), USUAL);
    window.click("prompt");
    window.frame(vec![Event::Text("rain".into())]);
    window.key(Modifiers::NONE, Key::Enter);
    window.frame(vec![Event::Text("on tin".into())]);
    assert_eq!(window.view.prompt, "rain\non tin");
}

#[test]
fn ctrl_enter_generates_and_leaves_the_prompt_alone() {
    let mut window = Window::open(empty_view(), USUAL);
    window.click("prompt");
    assert_eq!(window.key(Modifiers::COMMAND, Key::Enter), [], "there is nothing to generate from");
    window.frame(vec![Event::Text("rain".into())]);
    assert_eq!(window.key(Modifiers::COMMAND, Key::Enter), [Action::Queue(QueueAction::Generate)]);
    assert_eq!(window.view.prompt, "rain");
}

#[test]
fn what_is_being_typed_into_a_field_counts_for_the_generation() {
    let mut window = Window::open(View { prompt: "rain".into(), ..empty_view() }, USUAL);
    window.click("Length");
    window.frame(vec![Event::Text("7,5".into())]);
    assert_eq!(window.key(Modifiers::COMMAND, Key::Enter), [Action::Queue(QueueAction::Generate)]);
    window.frame(Vec::new());
    assert!((window.params.length.value() - 7.5).abs() < 1e-3, "{}", window.params.length.value());
}

#[test]
fn a_running_job_can_be_cancelled_and_a_second_click_asks_for_more() {
    let status = Status { jobs: vec![running(None)], ..idle() };
    let mut window = Window::open(View { prompt: "rain".into(), status, ..empty_view() }, USUAL);
    assert_eq!(window.key(Modifiers::COMMAND, Key::Enter), [Action::Queue(QueueAction::Generate)]);
    assert_eq!(window.key(Modifiers::NONE, Key::Escape), [Action::Queue(QueueAction::Cancel)]);
    let stop = Shortcut::Cancel.hint("Stop it; what there is of it stays");
    assert_eq!(window.click(&stop), [Action::Queue(QueueAction::CancelJob(JobId(1)))]);
}

#[test]
fn a_longer_prompt_than_the_engine_reads_cannot_be_typed() {
    let mut window = Window::open(empty_view(), USUAL);
    window.click("prompt");
    window.frame(vec![Event::Text("ä".repeat(5000))]);
    assert_eq!(window.view.prompt.chars().count(), default_card().prompt_chars);
}

#[test]
fn ab_compare_is_one_key_away() {
    let mut window = Window::open(view_with_takes(), USUAL);
    for modifiers in [Modifiers::COMMAND, Modifiers::NONE] {
        assert_eq!(window.key(modifiers, Key::B), [Action::Versions(VersionsAction::Switch)]);
    }
    window.click("prompt");
    assert_eq!(window.key(Modifiers::NONE, Key::B), [], "it is typed");
}

#[test]
fn a_click_on_a_take_selects_it() {
    let mut window = Window::open(view_with_takes(), USUAL);
    assert_eq!(window.click("sound 3"), [Action::Library(LibraryAction::Select(TakeId(3)))]);
    assert_eq!(window.click("sound 2"), [], "it is the active one");
}

#[test]
fn a_step_mark_is_one_complete_gesture() {
    let mut window = Window::open(empty_view(), USUAL);
    window.click("Steps 24");
    assert_eq!(window.params.steps.value(), 24);
    assert_eq!(*window.host.calls.lock(), [Call::Begin, Call::Set(1.0), Call::End]);
}

/// A window whose active take has the versions 1, 2 and 8, of which 8 is shown.
fn window_with_versions() -> Window {
    let mut session = Session::default();
    let of_model = |steps| Request { steps, model: default_card().id, ..Request::default() };
    let job = session.enqueue(QueuedJob::make(of_model(8), &[], true));
    for steps in [1, 2, 8] {
        let request = of_model(steps);
        let sound = Take::new(TakeId(0), request, &Audio::mono(44_100, vec![0.5; 4410]));
        let made = Made { job, piece: 0, epoch: session.epoch(), last: steps == 8 };
        session.place(sound.expect("it is a sound"), made);
    }
    let view = View { takes: session.takes().to_vec(), active_take: Some(TakeId(1)), ..empty_view() };
    let mut window = Window::open(view, USUAL);
    window.click("Steps 8");
    window.host.calls.lock().clear();
    window
}

#[test]
fn the_steps_of_the_next_sound_change_no_take() {
    let mut window = window_with_versions();
    assert_eq!(window.click("Steps 2"), []);
    assert_eq!(window.params.steps.value(), 2);
    assert!(matches!(window.host.calls.lock()[..], [Call::Begin, Call::Set(_), Call::End]));
    window.click("Steps");
    window.frame(vec![Event::Text("4".into())]);
    assert_eq!(window.key(Modifiers::NONE, Key::Enter), []);
    assert_eq!(window.frame(Vec::new()), []);
    // SAFETY: the parameter outlives the call.
    unsafe { window.params.steps.as_ptr()._internal_set_normalized_value(0.0) };
    assert_eq!(window.frame(Vec::new()), [], "nor does a host that moves the parameter");
}

#[test]
fn a_version_is_played_by_a_click_or_its_key_and_made_where_it_is_not_there() {
    let mut window = window_with_versions();
    let hear = |steps| [Action::Versions(VersionsAction::Hear(TakeId(1), steps))];
    let make = |steps| [Action::Versions(VersionsAction::Make(TakeId(1), steps))];
    assert_eq!(window.click("Version, 2 steps"), hear(2));
    assert_eq!(window.click("Make 4 steps"), make(4));
    assert_eq!(window.key(Modifiers::NONE, Key::Num1), hear(1));
    assert_eq!(window.key(Modifiers::NONE, Key::Num3), make(4));
    assert_eq!(window.key(Modifiers::NONE, Key::Num5), make(24));
    assert_eq!(*window.host.calls.lock(), [], "the next sound has the steps that it had");
    window.click("prompt");
    assert_eq!(window.key(Modifiers::NONE, Key::Num1), [], "it is typed");
}

#[test]
fn what_should_not_be_heard_goes_to_the_negative_prompt_in_one_click() {
    let view = View { prompt: "rain, no thunder".into(), ..empty_view() };
    let mut window = Window::open(view, USUAL);
    window.click("Move");
    assert_eq!(
        (window.view.prompt.as_str(), window.panels.prompt.negative_prompt.as_str()),
        ("rain", "thunder")
    );
    window.view.negative_prompt = "thunder".into();
    window.frame(Vec::new());
    assert_eq!(window.click("Use 6"), [Action::Versions(VersionsAction::SetGuidance(6.0))]);
}

#[test]
fn a_text_is_asked_to_be_read_once() {
    let mut window = Window::open(empty_view(), USUAL);
    window.click("prompt");
    let read = |text: &str| [Action::Versions(VersionsAction::Read(text.into()))];
    assert_eq!(window.frame(vec![Event::Text("rain".into())]), read("rain"));
    assert_eq!(window.frame(Vec::new()), []);
}

#[test]
fn drafts_can_be_switched_off_and_on() {
    let mut window = Window::open(empty_view(), USUAL);
    let on = "Draft first: hear the sound with one step at once, and better ones as they come";
    assert_eq!(window.click(on), [Action::Request(RequestAction::DraftFirst(false))]);
    window.view.draft_first = false;
    window.frame(Vec::new());
    let off = "No drafts: the sound is done sooner, and nothing is heard before";
    assert_eq!(window.click(off), [Action::Request(RequestAction::DraftFirst(true))]);
}

#[test]
fn a_click_on_the_slider_moves_it_and_a_second_one_resets_it() {
    let mut window = Window::open(empty_view(), USUAL);
    let slider = "Output gain; double-click for 0 dB";
    window.click(slider);
    let middle = window.params.gain.modulated_normalized_value();
    assert!((middle - 0.5).abs() < 0.02, "{middle}");
    window.click(slider);
    assert!((window.params.gain.value() - 1.0).abs() < 1e-6);
    let calls = window.host.calls.lock();
    assert!(matches!(
        calls[..],
        [Call::Begin, Call::Set(_), Call::End, Call::Begin, Call::Set(_), Call::End]
    ));
}

#[test]
fn the_seed_is_rolled_and_locked() {
    let mut window = Window::open(empty_view(), USUAL);
    assert_eq!(window.click("Roll a new seed"), [Action::Request(RequestAction::RollSeed)]);
    let unlocked = "Seed unlocked: every sound rolls a new one";
    assert_eq!(window.click(unlocked), [Action::Request(RequestAction::LockSeed(true))]);
}

#[test]
fn a_message_can_be_dismissed() {
    let notice = Notice { severity: Severity::Error, text: "No.".into(), detail: String::new() };
    let status = Status { notice: Some(notice), ..idle() };
    let mut window = Window::open(View { status, ..empty_view() }, USUAL);
    assert_eq!(window.click("Dismiss"), [Action::Window(WindowAction::DismissNotice)]);
}

#[test]
fn another_model_can_be_used_in_the_place_of_one_that_is_missing() {
    let text = "The model \"mine\" of this project is not on this computer.".to_owned();
    let notice = Some(Notice { severity: Severity::Error, text, detail: String::new() });
    let folder = std::path::PathBuf::from("/models/rain");
    let here = Some((folder.clone(), ModelId::named("other")));
    let missing = Some(Missing { wanted: ModelId::named("mine"), here });
    let status = Status { notice, missing, ..idle() };
    let mut window = Window::open(View { status, ..view_with_takes() }, USUAL);
    assert_eq!(window.click("Use the default model"), [Action::Window(WindowAction::UseModel(None))]);
    assert_eq!(
        window.click("Use other, which is in its folder now"),
        [Action::Window(WindowAction::UseModel(Some(folder)))]
    );
    assert_eq!(window.click("Dismiss"), [Action::Window(WindowAction::DismissNotice)]);
}

#[test]
fn a_model_without_negative_prompts_has_no_field_for_them() {
    let mut card = default_card();
    card.abilities.negative_prompt = false;
    let view = View {
        negative_prompt: "music".into(),
        status: Status { card: Some(card.into()), ..idle() },
        ..empty_view()
    };
    let mut window = Window::open(view, USUAL);
    window.click("negative prompt");
    window.frame(vec![Event::Text("speech".into())]);
    assert_eq!(window.view.negative_prompt, "music");
}

#[test]
fn the_first_sound_can_start_from_an_example() {
    let mut window = Window::open(empty_view(), USUAL);
    assert_eq!(
        window.click("Footsteps on gravel"),
        [Action::Request(RequestAction::UsePrompt("Footsteps on gravel".into()))]
    );
}

#[test]
fn drawing_sets_no_parameter() {
    let window = Window::open(view_with_takes(), vec2(1200.0, 900.0));
    assert_eq!(*window.host.calls.lock(), []);
}

#[test]
fn every_state_is_drawn_at_every_size() {
    let progress = Progress { stage: Stage::Flow { step: 1, steps: 4 }, fraction: 0.3, eta: None };
    let notice = Notice { severity: Severity::Error, text: "word ".repeat(200), detail: "detail".into() };
    let busy = Status {
        jobs: vec![running(Some(JobProgress { pass: Pass::Refinement, progress }))],
        notice: Some(notice),
        model: Some("model".into()),
        ..idle()
    };
    let damaged = View { takes: vec![unreadable_take()], active_take: Some(TakeId(1)), ..empty_view() };
    let views = [empty_view(), view_with_takes(), View { status: busy, ..view_with_takes() }, damaged];
    for size in [vec2(1.0, 1.0), vec2(320.0, 200.0), MIN_SIZE, vec2(4000.0, 3000.0)] {
        for view in &views {
            let mut window = Window::open(view.clone(), size);
            assert_eq!(window.frame(Vec::new()), [], "{size}");
        }
    }
}
