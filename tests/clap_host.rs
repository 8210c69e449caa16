//! A small CLAP host: loads the built bundle as a workstation would, without a window or a sound card.
//!
//! Used by the host tests and by the program `headless-host`, so that what `cargo xtask play` does is what the
//! tests check. One block size, stereo out, no input; errors instead of panics.

mod journal;
mod renderer;
mod state;
pub mod timeline;

pub use journal::Journal;
pub use renderer::{BlockEvents, Event, Renderer};
pub use state::{PluginState, Take, encode_audio, request};

use anyhow::{Context, Result, ensure};
use clack_extensions::gui::{GuiSize, HostGui, HostGuiImpl};
use clack_extensions::params::{
    HostParams, HostParamsImplMainThread, HostParamsImplShared, ParamClearFlags, ParamInfoBuffer,
    ParamInfoFlags, ParamRescanFlags, PluginParams,
};
use clack_extensions::state::{HostState, HostStateImpl, PluginState as StateExtension};
use clack_host::prelude::*;
use clack_host::utils::ClapId;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::{Duration, Instant};

/// CLAP id of the plugin under test.
pub const PLUGIN_ID: &str = "org.straightshot.straightshot";

/// A loaded bundle; dropping the last clone (every [`Instance`] holds one) unloads the library.
#[derive(Clone)]
pub struct Bundle {
    entry: PluginEntry,
}

impl Bundle {
    /// Loads the library of `path` into this process.
    ///
    /// # Errors
    /// If the file is no CLAP bundle.
    pub fn load(path: &Path) -> Result<Self> {
        // SAFETY: the bundle is our own build; its initialisers are those of Rust's standard library.
        let entry = unsafe { PluginEntry::load(path) };
        Ok(Self { entry: entry.with_context(|| format!("{} cannot be loaded", path.display()))? })
    }

    /// What a host's scanner reads: the [`Descriptor`] of every plugin in the bundle.
    ///
    /// # Errors
    /// If the bundle has no plugin factory.
    pub fn descriptors(&self) -> Result<Vec<Descriptor>> {
        let factory = self.entry.get_plugin_factory().context("the bundle has no plugin factory")?;
        let text = |text: Option<&std::ffi::CStr>| text.unwrap_or_default().to_string_lossy().into_owned();
        Ok(factory
            .plugin_descriptors()
            .map(|descriptor| Descriptor {
                id: text(descriptor.id()),
                name: text(descriptor.name()),
                vendor: text(descriptor.vendor()),
                version: text(descriptor.version()),
                features: descriptor.features().map(|feature| text(Some(feature))).collect(),
            })
            .collect())
    }
}

/// What a scanner learns about one plugin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Descriptor {
    /// Frozen identifier.
    pub id: String,
    /// Name shown to the user.
    pub name: String,
    /// Maker shown to the user.
    pub vendor: String,
    /// Version shown to the user.
    pub version: String,
    /// CLAP feature words.
    pub features: Vec<String>,
}

/// One parameter as the host sees it.
#[derive(Debug, Clone, PartialEq)]
pub struct Param {
    /// Identifier used in events.
    pub id: ClapId,
    /// Name shown to the user.
    pub name: String,
    /// Smallest value in the host's units.
    pub min: f64,
    /// Largest value in the host's units.
    pub max: f64,
    /// Value of a fresh instance.
    pub default: f64,
    /// Whether only whole values are possible.
    pub stepped: bool,
    /// Whether the host should not show it.
    pub hidden: bool,
    /// The plugin's text for the smallest, the default and the largest value.
    pub texts: [String; 3],
}

/// One instance of the plugin, driven from the thread that made it.
pub struct Instance {
    inner: PluginInstance<Host>,
}

impl Instance {
    /// Makes an instance as a host does when the user picks the plugin.
    ///
    /// # Errors
    /// If the plugin refuses.
    pub fn new(bundle: &Bundle) -> Result<Self> {
        let info = HostInfo::new("Straightshot test host", "Straightshot", "", env!("CARGO_PKG_VERSION"))?;
        let id = std::ffi::CString::new(PLUGIN_ID)?;
        let inner = PluginInstance::<Host>::new(
            |()| HostShared::default(),
            |shared| HostMainThread { shared },
            &bundle.entry,
            &id,
            &info,
        )?;
        Ok(Self { inner })
    }

    /// Does what the plugin asked to be done on the main thread. To be called often, as a host's event loop would.
    pub fn idle(&mut self) {
        if self.inner.access_shared_handler(|shared| shared.callback_wanted.swap(false, Ordering::AcqRel)) {
            self.inner.call_on_main_thread_callback();
        }
    }

    /// How often the plugin has said that there is something to save.
    #[must_use]
    pub fn marked_dirty(&self) -> u32 {
        self.inner.access_shared_handler(|shared| shared.marked_dirty.load(Ordering::Relaxed))
    }

    /// The bytes the host would keep in its project file.
    ///
    /// # Errors
    /// If the plugin refuses to save.
    pub fn save(&mut self) -> Result<Vec<u8>> {
        let mut bytes = Vec::new();
        let handle = self.inner.plugin_handle();
        let extension: StateExtension = handle.get_extension().context("the plugin keeps no state")?;
        extension.save(&handle, &mut bytes)?;
        Ok(bytes)
    }

    /// Gives the plugin the bytes of a project file. Returns whether it accepted them.
    ///
    /// # Errors
    /// If the plugin keeps no state at all.
    pub fn load(&mut self, bytes: &[u8]) -> Result<bool> {
        let handle = self.inner.plugin_handle();
        let extension: StateExtension = handle.get_extension().context("the plugin keeps no state")?;
        Ok(extension.load(&handle, &mut &bytes[..]).is_ok())
    }

    /// The saved state, taken apart.
    ///
    /// # Errors
    /// If the plugin refuses to save or saves something else than documented.
    pub fn state(&mut self) -> Result<PluginState> {
        PluginState::from_clap(&self.save()?)
    }

    /// Loads a state that was put together by [`PluginState`].
    ///
    /// # Errors
    /// If the plugin refuses it.
    pub fn set_state(&mut self, state: &PluginState) -> Result<()> {
        ensure!(self.load(&state.to_clap()?)?, "the plugin refused a well-formed state");
        Ok(())
    }

    /// Every parameter, in the plugin's order.
    ///
    /// # Errors
    /// If the plugin lists none or contradicts itself.
    pub fn params(&mut self) -> Result<Vec<Param>> {
        let handle = self.inner.plugin_handle();
        let extension: PluginParams = handle.get_extension().context("the plugin has no parameters")?;
        let mut params = Vec::new();
        for index in 0..extension.count(&handle) {
            let mut buffer = ParamInfoBuffer::new();
            let info =
                extension.get_info(&handle, index, &mut buffer).context("a counted parameter is missing")?;
            let text = |value: f64| {
                let mut buffer = [0; 256];
                let text = extension.value_to_text(&handle, info.id, value, &mut buffer);
                text.map(|text| String::from_utf8_lossy(text).into_owned()).unwrap_or_default()
            };
            params.push(Param {
                id: info.id,
                name: String::from_utf8_lossy(info.name).into_owned(),
                min: info.min_value,
                max: info.max_value,
                default: info.default_value,
                stepped: info.flags.contains(ParamInfoFlags::IS_STEPPED),
                hidden: info.flags.contains(ParamInfoFlags::IS_HIDDEN),
                texts: [info.min_value, info.default_value, info.max_value].map(text),
            });
        }
        Ok(params)
    }

    /// Whether the plugin has information about a parameter beyond its last one.
    ///
    /// # Errors
    /// If the plugin has no parameters.
    pub fn has_param_after_the_last(&mut self) -> Result<bool> {
        let handle = self.inner.plugin_handle();
        let extension: PluginParams = handle.get_extension().context("the plugin has no parameters")?;
        let count = extension.count(&handle);
        Ok(extension.get_info(&handle, count, &mut ParamInfoBuffer::new()).is_some())
    }

    /// Starts processing at `sample_rate_hz` with blocks of at most `max_block` frames.
    ///
    /// # Errors
    /// If the plugin refuses.
    pub fn activate(&mut self, sample_rate_hz: f64, max_block: u32) -> Result<Renderer> {
        let configuration = PluginAudioConfiguration {
            sample_rate: sample_rate_hz,
            min_frames_count: 1,
            max_frames_count: max_block,
        };
        let processor = self.inner.activate(|_, _| (), configuration)?;
        Ok(Renderer::new(
            processor.start_processing().map_err(|error| anyhow::anyhow!("{error}"))?,
            max_block,
        ))
    }

    /// Ends what [`Instance::activate`] began.
    pub fn deactivate(&mut self, renderer: Renderer) {
        self.inner.deactivate(renderer.stop());
    }

    /// The plugin as clack sees it, for extensions that are not wrapped here.
    pub fn handle(&mut self) -> PluginMainThreadHandle<'_> {
        self.inner.plugin_handle()
    }

    /// Waits until the session has no unfinished job, processing silence meanwhile as a stopped workstation does.
    ///
    /// Returns the state with the finished take.
    ///
    /// # Errors
    /// If that takes longer than `limit` or processing fails.
    pub fn finish_pending(&mut self, renderer: &mut Renderer, limit: Duration) -> Result<PluginState> {
        let start = Instant::now();
        let mut next_look = Duration::ZERO;
        loop {
            self.idle();
            renderer.render(256, &[])?;
            std::thread::sleep(Duration::from_millis(5));
            // Saving compresses nothing twice, but it is still more work than a block.
            if start.elapsed() >= next_look {
                let state = self.state()?;
                if state.session["pending"].is_null() {
                    return Ok(state);
                }
                next_look = start.elapsed() + Duration::from_millis(50);
            }
            ensure!(start.elapsed() < limit, "no sound within {} s", limit.as_secs());
        }
    }
}

/// The host's side of clack's contract; holds no data.
pub struct Host;

impl HostHandlers for Host {
    type Shared<'a> = HostShared;
    type MainThread<'a> = HostMainThread<'a>;
    type AudioProcessor<'a> = ();

    fn declare_extensions(builder: &mut HostExtensions<'_, Self>, _shared: &Self::Shared<'_>) {
        builder.register::<HostState>().register::<HostParams>().register::<HostGui>();
        if timeline::is_offered() {
            builder.register::<timeline::Reaper>();
        }
    }
}

/// What the plugin may call from any thread.
#[derive(Default)]
pub struct HostShared {
    /// Set by the plugin, cleared by [`Instance::idle`].
    callback_wanted: AtomicBool,
    /// How often the plugin has said that there is something to save.
    marked_dirty: AtomicU32,
}

impl SharedHandler<'_> for HostShared {
    fn request_restart(&self) {}
    fn request_process(&self) {}
    fn request_callback(&self) {
        self.callback_wanted.store(true, Ordering::Release);
    }
}

impl HostParamsImplShared for HostShared {
    fn request_flush(&self) {}
}

impl HostGuiImpl for HostShared {
    fn resize_hints_changed(&self) {}
    fn request_resize(&self, _new_size: GuiSize) -> Result<(), HostError> {
        Ok(())
    }
    fn request_show(&self) -> Result<(), HostError> {
        Ok(())
    }
    fn request_hide(&self) -> Result<(), HostError> {
        Ok(())
    }
    fn closed(&self, _was_destroyed: bool) {}
}

/// What the plugin may call from the main thread.
pub struct HostMainThread<'a> {
    shared: &'a HostShared,
}

impl<'a> MainThreadHandler<'a> for HostMainThread<'a> {}

impl HostStateImpl for HostMainThread<'_> {
    fn mark_dirty(&self) {
        self.shared.marked_dirty.fetch_add(1, Ordering::Relaxed);
    }
}

impl HostParamsImplMainThread for HostMainThread<'_> {
    fn rescan(&self, _flags: ParamRescanFlags) {}
    fn clear(&self, _param_id: ClapId, _flags: ParamClearFlags) {}
}
