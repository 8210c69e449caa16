//! An instance with an open editor in a window of its host, in either format.

use crate::alone::{clap_bundle, vst3_library};
use crate::editor::Editor;
use crate::vst3_host::{self, Module, X11};
use crate::window::HostWindow;
use anyhow::{Result, ensure};
use std::ffi::c_void;
use std::time::Duration;
use straightshot_tests::clap_host::{Instance, PluginState};
use vst3::ComPtr;
use vst3::Steinberg::{IPlugView, IPlugViewTrait, ViewRect, kResultOk};

/// Height of the part of the host's window below the editor, in pixels.
pub(crate) const STRIP: u32 = 40;

/// An instance with an open editor.
pub(crate) struct Hosted {
    /// `CLAP` or `VST3`.
    pub(crate) format: &'static str,
    plugin: Plugin,
}

/// What differs between the formats.
enum Plugin {
    Clap(Editor, Instance),
    // The order in which they are dropped.
    Vst3(Vst3View, vst3_host::Instance, Module),
}

/// A view that is attached to a window.
struct Vst3View {
    view: ComPtr<IPlugView>,
    window: HostWindow,
}

impl Hosted {
    /// Opens the editor of a new CLAP instance and waits until it is drawn.
    pub(crate) fn clap() -> Result<Self> {
        let mut instance = Instance::new(&clap_bundle()?)?;
        let editor = Editor::open_above(&mut instance, Duration::ZERO, STRIP)?;
        editor.wait_until_drawn(&mut instance)?;
        Ok(Self { format: "CLAP", plugin: Plugin::Clap(editor, instance) })
    }

    /// Opens the editor of a new VST3 instance and waits until it is drawn.
    pub(crate) fn vst3() -> Result<Self> {
        let module = Module::load(&vst3_library()?)?;
        let instance = module.instance()?;
        let view = instance.view()?;
        let mut size = ViewRect { left: 0, top: 0, right: 0, bottom: 0 };
        // SAFETY: the view is alive and fills the rectangle.
        ensure!(unsafe { view.getSize(&raw mut size) } == kResultOk, "the editor has no size");
        let height = u16::try_from(size.bottom)? + u16::try_from(STRIP)?;
        let window =
            HostWindow::open_at(1100, 0, u16::try_from(size.right)?, height)?.named("VST3 editor")?;
        let parent = window.id as usize as *mut c_void;
        // SAFETY: the window exists until the view is removed, see `close`.
        ensure!(unsafe { view.attached(parent, X11) } == kResultOk, "the editor cannot be embedded");
        window.wait_until_drawn(|| ())?;
        let view = Vst3View { view, window };
        Ok(Self { format: "VST3", plugin: Plugin::Vst3(view, instance, module) })
    }

    /// The host's window; the editor is in its upper left corner, with [`STRIP`] of it free below.
    pub(crate) fn window(&self) -> &HostWindow {
        match &self.plugin {
            Plugin::Clap(editor, _) => &editor.window,
            Plugin::Vst3(view, ..) => &view.window,
        }
    }

    /// The prompt as it would be saved with the project now.
    pub(crate) fn prompt(&mut self) -> Result<String> {
        let state = match &mut self.plugin {
            Plugin::Clap(_, instance) => {
                instance.idle();
                instance.state()?
            }
            Plugin::Vst3(_, instance, _) => PluginState::from_json(&instance.state()?)?,
        };
        Ok(state.session["prompt"].as_str().unwrap_or_default().to_owned())
    }

    /// Whether the editor says that it used a key that the host offers it instead of acting on it itself; only VST3
    /// has such a question.
    pub(crate) fn uses_offered_key(&self, key: u16, code: i16) -> bool {
        match &self.plugin {
            Plugin::Clap(..) => false,
            // SAFETY: the view is alive.
            Plugin::Vst3(view, ..) => unsafe { view.view.onKeyDown(key, code, 0) == kResultOk },
        }
    }

    /// Closes the editor and leaves its host's window open; the instance goes on.
    pub(crate) fn close(self) -> Result<(HostWindow, Closed)> {
        match self.plugin {
            Plugin::Clap(editor, mut instance) => {
                let window = editor.close_and_keep_window(&mut instance);
                Ok((window, Closed { _clap: Some(instance), _vst3: None }))
            }
            Plugin::Vst3(view, instance, module) => {
                // SAFETY: the counterpart of `attached`.
                ensure!(unsafe { view.view.removed() } == kResultOk, "the editor cannot be removed");
                Ok((view.window, Closed { _clap: None, _vst3: Some((instance, module)) }))
            }
        }
    }
}

/// An instance whose editor was closed.
pub(crate) struct Closed {
    _clap: Option<Instance>,
    _vst3: Option<(vst3_host::Instance, Module)>,
}
