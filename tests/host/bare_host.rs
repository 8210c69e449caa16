//! A CLAP host that offers nothing beyond the protocol's core, as the protocol allows.

use crate::alone::clap_bundle_path;
use anyhow::{Context, Result};
use clack_extensions::gui::{GuiApiType, GuiConfiguration, PluginGui};
use clack_host::prelude::*;
use straightshot_tests::clap_host::PLUGIN_ID;

/// The host's side of clack's contract: nothing.
struct BareHost;

/// What the plugin may ask for from any thread.
struct Shared;

impl SharedHandler<'_> for Shared {
    fn request_restart(&self) {}
    fn request_process(&self) {}
    fn request_callback(&self) {}
}

impl HostHandlers for BareHost {
    type Shared<'a> = Shared;
    type MainThread<'a> = ();
    type AudioProcessor<'a> = ();
}

/// Whether the plugin opens its editor in such a host.
pub(crate) fn opens_an_editor() -> Result<bool> {
    // SAFETY: the bundle is our own build; its initialisers are those of Rust's standard library.
    let entry = unsafe { PluginEntry::load(&clap_bundle_path()?) }?;
    let info = HostInfo::new("Straightshot bare host", "Straightshot", "", env!("CARGO_PKG_VERSION"))?;
    let id = std::ffi::CString::new(PLUGIN_ID)?;
    let mut instance = PluginInstance::<BareHost>::new(|()| Shared, |_| (), &entry, &id, &info)?;
    let handle = instance.plugin_handle();
    let gui: PluginGui = handle.get_extension().context("the plugin has no editor")?;
    let x11 = GuiConfiguration { api_type: GuiApiType::X11, is_floating: false };
    Ok(gui.create(&handle, x11).is_ok())
}
