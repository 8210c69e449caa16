//! [main thread] The window: egui through the plugin framework.
//!
//! A frame reads a [`View`](link::View) of the instance, lets the panels draw it and collect `Action`s, and carries those out
//! through the [`EditorLink`] and the host's parameters. Nothing here computes sound, touches a file or waits.
//!
//! The window is drawn again after `MOVING_INTERVAL` or `BUSY_INTERVAL` while something moves, and otherwise only when
//! something has changed, for which the window's own thread looks ([`background`]); `IDLE_INTERVAL` is for what that thread
//! might miss. It does not use the framework's repaint timer: on X11 a timer that fires before the window is mapped leaves
//! the window blank for ever, so that timer is set to `TIMER_NEVER`.
//!
//! The keyboard is the host's. A field has it after a click into it and until escape, a click elsewhere or another
//! window ends that; nothing here asks for the keyboard on its own account.

mod about;
mod action;
mod active;
mod background;
mod closing;
mod compare;
mod controls;
mod deliver_panel;
mod edit_panel;
mod embedding;
mod fonts;
mod header;
mod help;
mod icons;
mod key_holder;
mod key_order;
mod lane;
mod layout;
mod library_panel;
pub mod link;
mod list;
mod notice;
mod outgoing;
mod outgoing_files;
mod output;
mod overlay;
mod panels;
mod param;
mod perform;
mod play_panel;
mod prefs;
mod progress;
mod prompt;
mod queue;
mod scene;
mod settings;
mod shortcuts;
mod takes;
#[cfg(test)]
mod tests;
mod theme;
mod versions;
mod waveform;

use crate::editor::link::EditorLink;
use crate::guide::Guiding;
use crate::params::StraightshotParams;
use action::RequestAction;
use background::Background;
use egui::{Context, Ui, Vec2, ViewportCommand, vec2};
use key_order::KeyOrder;
use layout::MIN_SIZE;
use nice_plug::context::PluginApi;
use nice_plug::context::gui::GuiContext;
use nice_plug::editor::ResizeHint;
use nice_plug::editor::dpi::LogicalSize;
use nice_plug::prelude::ParamSetter;
use nice_plug_egui::baseview::HandlerError;
use nice_plug_egui::{
    EguiEditor, EguiEditorState, EguiNiceSettings, Frame, KeyCapture, NiceEguiApp, RepaintNotifier,
    create_egui_editor,
};
use outgoing_files::OutgoingFiles;
use panels::Panels;
use perform::Moment;
use prefs::Prefs;
use scene::Scene;
use shortcuts::Situation;
use std::sync::Arc;
use std::time::Duration;
use straightshot_takes::Epoch;

/// Size of a new window in points.
const DEFAULT_SIZE: Vec2 = vec2(1080.0, 700.0);
/// Time between two frames while something sounds.
const MOVING_INTERVAL: Duration = Duration::from_millis(33);
/// Time between two frames while a job runs: the processor has better things to do than a smooth progress bar.
const BUSY_INTERVAL: Duration = Duration::from_millis(100);
/// Time between two frames otherwise, unless something changes.
const IDLE_INTERVAL: Duration = Duration::from_secs(3);
/// Shortest time between two notes to the host that the project has changed; hosts may keep an undo step for each.
const UNSAVED_INTERVAL_S: f64 = 1.0;
/// Interval of the framework's own repaint timer, which must not fire.
const TIMER_NEVER: Duration = Duration::from_secs(24 * 60 * 60);

/// The editor type of the plugin.
pub type StraightshotEditor = EguiEditor<App>;

/// Makes the editor of one instance. The window opens when the host asks for it.
#[must_use]
pub fn create(params: Arc<StraightshotParams>, link: EditorLink) -> Option<StraightshotEditor> {
    let size = |size: Vec2| LogicalSize::new(size.x, size.y);
    let settings = EguiNiceSettings::default()
        .with_tile("Straightshot")
        .with_resize_hint(ResizeHint::resizable().with_min_logical_size(size(MIN_SIZE)))
        .with_repaint_poll_interval(TIMER_NEVER);
    let state = EguiEditorState::from_size(size(DEFAULT_SIZE), 1.0);
    create_egui_editor(state, RepaintNotifier::new(), settings, App::new(params, link))
}

/// The content of the window; outlives it and is shown again when the window is opened anew.
pub struct App {
    /// The host's parameters and the session.
    params: Arc<StraightshotParams>,
    /// The way to the rest of the instance.
    link: EditorLink,
    /// The open window's thread.
    background: Background,
    /// The arrangement as it was last remembered.
    remembered: Prefs,
    /// What leaves the window as files.
    outgoing: OutgoingFiles,
    /// The way to the host; there is one while the window is open.
    host: Option<GuiContext>,
    /// What is drawn, with its own state.
    panels: Panels,
    /// The session that the panels show, see [`View::epoch`](link::View::epoch).
    epoch: Epoch,
    /// Whether the window has not been drawn since it was opened.
    first_frame: bool,
    /// When a sound was asked for that has not been started yet, in the window's seconds.
    wanted_since_s: Option<f64>,
    /// The zoom that was asked for.
    wanted_zoom: Option<f32>,
    /// When the host was last told that the project has changed, in the window's seconds.
    unsaved_told_s: f64,
}

impl App {
    fn new(params: Arc<StraightshotParams>, link: EditorLink) -> Self {
        Self {
            background: Background::default(),
            remembered: Prefs::default(),
            params,
            link,
            outgoing: OutgoingFiles::default(),
            host: None,
            panels: Panels::default(),
            epoch: 0,
            first_frame: true,
            wanted_since_s: None,
            wanted_zoom: None,
            unsaved_told_s: f64::NEG_INFINITY,
        }
    }

    /// Takes over the remembered arrangement once it is read, and remembers what the user changes of it.
    fn arrange(&mut self, ctx: &Context) {
        self.background.hand_over_fonts(ctx);
        if let Some(prefs) = self.background.take_prefs() {
            ctx.set_zoom_factor(prefs.zoom);
            self.panels.arrange(&prefs);
            self.remembered = prefs;
        }
        if let Some(zoom) = self.wanted_zoom.take() {
            ctx.set_zoom_factor(zoom);
            self.remembered.zoom = zoom;
            self.background.remember(self.remembered);
        }
        let now = self.panels.arrangement(self.remembered.zoom);
        if now != self.remembered {
            self.remembered = now;
            self.background.remember(now);
        }
    }

    fn frame(&mut self, ui: &mut Ui, setter: &ParamSetter<'_>) {
        self.arrange(ui.ctx());
        self.params.set_wanted(setter);
        let view = self.link.view();
        if std::mem::replace(&mut self.epoch, view.epoch) != view.epoch {
            self.panels.forget_session();
        }
        let of_active = view.playing.filter(|playing| Some(playing.sound.take) == view.active_take);
        let playhead = of_active.map(|playing| playing.fraction);
        let peak = self.link.telemetry().meter.take_peak();
        let (now_s, elapsed_s) = ui.input(|input| (input.time, input.unstable_dt));
        self.panels.follow(&view, peak, elapsed_s);
        let mut actions = shortcuts::pressed(
            ui,
            &Situation {
                view: &view,
                compare: &self.panels.compare,
                playing: view.playing.is_some(),
                zoom: ui.ctx().zoom_factor(),
                overlay: self.panels.shows_overlay(),
                library: self.panels.shows_library(),
            },
        );
        let scene = Scene { view: &view, params: &self.params, setter, playhead };
        let edited = self.panels.draw(ui, &scene, &mut actions);
        if let Some(path) = lane::dropped(ui) {
            actions.push(RequestAction::FollowFile(Some(path)).into());
        }
        if edited.prompt {
            self.link.set_prompt(&self.panels.prompt.prompt);
        }
        if edited.negative_prompt {
            self.link.set_negative_prompt(&self.panels.prompt.negative_prompt);
        }
        let at = Moment { view: &view, setter, now_s };
        for action in actions {
            self.perform(action, at);
        }
        self.start_wanted(at);
        self.follow_length(at);
        self.follow_comparison(&view);
        if self.wanted_zoom.is_some() {
            ui.ctx().request_repaint();
        }
        if now_s - self.unsaved_told_s >= UNSAVED_INTERVAL_S && self.link.is_unsaved() {
            self.unsaved_told_s = now_s;
            if !self.link.tell_host_of_changes() && self.link.take_unsaved() {
                self.params.mark_unsaved(setter);
            }
        }
        let untold = self.unsaved_told_s > f64::NEG_INFINITY && self.link.is_unsaved();
        let recording = matches!(view.guiding, Guiding::Recording { .. });
        let sounding = view.playing.is_some() || self.panels.meter.moving() || recording;
        let busy = view.is_busy() || self.wanted_since_s.is_some() || untold;
        ui.ctx().request_repaint_after(match (sounding, busy) {
            (true, _) => MOVING_INTERVAL,
            (false, true) => BUSY_INTERVAL,
            (false, false) => IDLE_INTERVAL,
        });
    }
}

impl NiceEguiApp for App {
    fn build(
        &mut self,
        egui_ctx: egui::Context,
        host: GuiContext,
        frame: &mut Frame,
    ) -> Result<(), HandlerError> {
        theme::apply(&egui_ctx);
        KeyOrder::install(&egui_ctx);
        frame.set_clear_color(theme::BACKGROUND.into());
        let waker = frame.baseview_window().waker();
        self.background = Background::start(&egui_ctx, waker, self.link.clone(), self.params.clone());
        if host.plugin_api() == PluginApi::Standalone {
            // No host has a use for any key.
            frame.set_key_capture(KeyCapture::IgnoreKeys(Vec::new()));
        }
        closing::ends_with_window(&egui_ctx, self.link.clone());
        self.outgoing.window_opens(&egui_ctx, frame.baseview_window().waker());
        self.host = Some(host);
        self.first_frame = true;
        // Each window counts its own time.
        self.wanted_since_s = None;
        self.unsaved_told_s = f64::NEG_INFINITY;
        Ok(())
    }

    fn ui(&mut self, ui: &mut Ui, frame: &mut Frame) {
        // A host that announces its display scale before it opens the window gets one of the unscaled size.
        let size = ui.max_rect().size();
        if std::mem::take(&mut self.first_frame) && (size.x < MIN_SIZE.x || size.y < MIN_SIZE.y) {
            ui.ctx().send_viewport_cmd(ViewportCommand::InnerSize(DEFAULT_SIZE));
        }
        if let Some(host) = self.host.clone() {
            self.follow_outgoing(ui, frame);
            self.frame(ui, &host.param_setter());
            // The program without a host gets the keyboard back when it is activated; here the host gets it.
            if host.plugin_api() != PluginApi::Standalone {
                shortcuts::leave_fields_with_the_window(ui);
            }
        }
    }
}
