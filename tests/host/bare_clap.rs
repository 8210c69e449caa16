//! The CLAP by its C interface: calls that a host's library would refuse to make.
#![expect(clippy::multiple_unsafe_ops_per_block, reason = "every call of the C interface is unsafe")]

use anyhow::{Context, Result, ensure};
use clap_sys::audio_buffer::clap_audio_buffer;
use clap_sys::entry::clap_plugin_entry;
use clap_sys::events::{
    CLAP_EVENT_NOTE_OFF, CLAP_EVENT_NOTE_ON, CLAP_EVENT_PARAM_VALUE, clap_event_header, clap_event_note,
    clap_event_param_value, clap_input_events, clap_output_events,
};
use clap_sys::ext::render::{CLAP_EXT_RENDER, CLAP_RENDER_OFFLINE, CLAP_RENDER_REALTIME, clap_plugin_render};
use clap_sys::ext::state::{CLAP_EXT_STATE, clap_plugin_state};
use clap_sys::factory::plugin_factory::{CLAP_PLUGIN_FACTORY_ID, clap_plugin_factory};
use clap_sys::host::clap_host;
use clap_sys::plugin::clap_plugin;
use clap_sys::process::clap_process;
use clap_sys::stream::clap_istream;
use clap_sys::version::CLAP_VERSION;
use libloading::os::unix::Library;
use std::ffi::{CString, c_char, c_void};
use std::path::Path;
use std::ptr::{null, null_mut};
use straightshot_tests::clap_host::PLUGIN_ID;

/// Frames of memory behind each channel.
const MEMORY: usize = 1024;

unsafe extern "C" fn no_extension(_host: *const clap_host, _id: *const c_char) -> *const c_void {
    null()
}
unsafe extern "C" fn nothing(_host: *const clap_host) {}

static HOST: clap_host = clap_host {
    clap_version: CLAP_VERSION,
    host_data: null_mut(),
    name: c"bare".as_ptr(),
    vendor: c"".as_ptr(),
    url: c"".as_ptr(),
    version: c"1".as_ptr(),
    get_extension: Some(no_extension),
    request_restart: Some(nothing),
    request_process: Some(nothing),
    request_callback: Some(nothing),
};

/// Calls a function of a C interface, which must be there.
macro_rules! call {
    ($object:expr, $function:ident $(, $argument:expr)*) => {
        ((*$object).$function.context(stringify!($function))?)($($argument),*)
    };
}

/// An instance, and the library that it comes from.
pub(crate) struct BareClap {
    plugin: *const clap_plugin,
    _library: Library,
}

/// What happens at a frame.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Happens {
    /// A key goes down.
    On { at: u32, key: i16 },
    /// A key goes up.
    Off { at: u32, key: i16 },
    /// A parameter changes.
    Param { at: u32, id: u32, value: f64 },
}

/// One block as a host hands it over: the channels of the output, each with memory or without.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Shape<'a> {
    pub(crate) frames: u32,
    pub(crate) channels: &'a [bool],
    pub(crate) output: bool,
    /// Whether there are lists of events.
    pub(crate) events: bool,
}

impl Default for Shape<'_> {
    fn default() -> Self {
        Self { frames: 256, channels: &[true, true], output: true, events: true }
    }
}

impl BareClap {
    /// Loads the plugin and makes an instance.
    pub(crate) fn load(path: &Path) -> Result<Self> {
        let name = CString::new(path.to_str().context("a path that is no text")?)?;
        let id = CString::new(PLUGIN_ID)?;
        // SAFETY: the library is our own build and follows CLAP; the host is there for as long as the program.
        unsafe {
            let library = Library::new(path)?;
            let entry = *library.get::<*const clap_plugin_entry>(b"clap_entry")?;
            ensure!(call!(entry, init, name.as_ptr()), "the entry refuses");
            let factory = call!(entry, get_factory, CLAP_PLUGIN_FACTORY_ID.as_ptr());
            let factory = factory.cast::<clap_plugin_factory>();
            ensure!(!factory.is_null(), "there is no factory");
            let plugin = call!(factory, create_plugin, factory, &raw const HOST, id.as_ptr());
            ensure!(!plugin.is_null() && call!(plugin, init, plugin), "there is no plugin");
            Ok(Self { plugin, _library: library })
        }
    }

    /// Gives the plugin the bytes of a project.
    pub(crate) fn set_state(&self, bytes: &[u8]) -> Result<()> {
        let mut rest = bytes;
        let stream = clap_istream { ctx: (&raw mut rest).cast(), read: Some(read) };
        // SAFETY: the stream and what it reads outlive the call.
        unsafe {
            let state = call!(self.plugin, get_extension, self.plugin, CLAP_EXT_STATE.as_ptr());
            let state = state.cast::<clap_plugin_state>();
            ensure!(call!(state, load, self.plugin, &raw const stream), "the state is refused");
        }
        Ok(())
    }

    /// Says that the host renders and can wait, or that it is back in real time.
    pub(crate) fn set_offline(&self, offline: bool) -> Result<()> {
        let mode = if offline { CLAP_RENDER_OFFLINE } else { CLAP_RENDER_REALTIME };
        // SAFETY: calls of the specification.
        unsafe {
            let render = call!(self.plugin, get_extension, self.plugin, CLAP_EXT_RENDER.as_ptr());
            let render = render.cast::<clap_plugin_render>();
            ensure!(!render.is_null(), "the plugin cannot be told");
            ensure!(call!(render, set, self.plugin, mode), "the mode is refused");
        }
        Ok(())
    }

    /// Activates at 48 kHz and starts.
    pub(crate) fn start(&self) -> Result<()> {
        // SAFETY: calls of the specification.
        unsafe {
            ensure!(call!(self.plugin, activate, self.plugin, 48_000.0, 1, 512), "activation is refused");
            ensure!(call!(self.plugin, start_processing, self.plugin), "the start is refused");
        }
        Ok(())
    }

    /// Plays a block of a shape, in memory that holds what is no number and no silence. Returns the channels with
    /// memory, as far as the block goes.
    pub(crate) fn play(&self, shape: Shape<'_>, happens: &[Happens]) -> Result<Vec<Vec<f32>>> {
        let mut memory = vec![vec![f32::NAN; MEMORY]; shape.channels.len()];
        let channels = memory.iter_mut().zip(shape.channels);
        let mut channels: Vec<*mut f32> =
            channels.map(|(memory, there)| if *there { memory.as_mut_ptr() } else { null_mut() }).collect();
        let mut output = clap_audio_buffer {
            data32: channels.as_mut_ptr(),
            data64: null_mut(),
            channel_count: u32::try_from(channels.len())?,
            latency: 0,
            constant_mask: 0,
        };
        let list: Vec<Listed> = happens.iter().map(Listed::of).collect();
        let inputs =
            clap_input_events { ctx: (&raw const list).cast_mut().cast(), size: Some(size), get: Some(get) };
        let outputs = clap_output_events { ctx: null_mut(), try_push: Some(push) };
        // SAFETY: every pointer is null or valid during the call, and a block fits into the memory of its channels.
        unsafe {
            let mut block: clap_process = std::mem::zeroed();
            block.frames_count = shape.frames;
            if shape.output {
                block.audio_outputs = &raw mut output;
            }
            block.audio_outputs_count = 1;
            if shape.events {
                block.in_events = &raw const inputs;
                block.out_events = &raw const outputs;
            }
            call!(self.plugin, process, self.plugin, &raw const block);
        }
        let frames = usize::try_from(shape.frames)?;
        for channel in &memory {
            let mut behind = channel[frames..].iter();
            ensure!(behind.all(|sample| sample.is_nan()), "{shape:?}: written behind the block");
        }
        let there = memory.into_iter().zip(shape.channels).filter(|(_, there)| **there);
        Ok(there.map(|(memory, _)| memory[..frames].to_vec()).collect())
    }
}

impl Drop for BareClap {
    fn drop(&mut self) {
        // SAFETY: the last call of the instance; a host that forgets to stop and to deactivate destroys too.
        unsafe {
            if let Some(destroy) = (*self.plugin).destroy {
                destroy(self.plugin);
            }
        }
    }
}

/// An event of any kind.
enum Listed {
    Note(clap_event_note),
    Param(clap_event_param_value),
}

impl Listed {
    fn of(happens: &Happens) -> Self {
        let header = |at: u32, size: usize, kind: u16| clap_event_header {
            size: u32::try_from(size).unwrap_or(0),
            time: at,
            space_id: 0,
            type_: kind,
            flags: 0,
        };
        let note = |at, key, kind| {
            let header = header(at, size_of::<clap_event_note>(), kind);
            Self::Note(clap_event_note { header, note_id: -1, port_index: 0, channel: 0, key, velocity: 1.0 })
        };
        match *happens {
            Happens::On { at, key } => note(at, key, CLAP_EVENT_NOTE_ON),
            Happens::Off { at, key } => note(at, key, CLAP_EVENT_NOTE_OFF),
            Happens::Param { at, id, value } => Self::Param(clap_event_param_value {
                header: header(at, size_of::<clap_event_param_value>(), CLAP_EVENT_PARAM_VALUE),
                param_id: id,
                cookie: null_mut(),
                note_id: -1,
                port_index: -1,
                channel: -1,
                key: -1,
                value,
            }),
        }
    }
}

unsafe extern "C" fn size(list: *const clap_input_events) -> u32 {
    // SAFETY: `ctx` is the list of `play`.
    let list = unsafe { &*(*list).ctx.cast::<Vec<Listed>>() };
    u32::try_from(list.len()).unwrap_or(0)
}

unsafe extern "C" fn get(list: *const clap_input_events, index: u32) -> *const clap_event_header {
    // SAFETY: `ctx` is the list of `play`.
    let list = unsafe { &*(*list).ctx.cast::<Vec<Listed>>() };
    match list.get(index as usize) {
        Some(Listed::Note(note)) => &raw const note.header,
        Some(Listed::Param(param)) => &raw const param.header,
        None => null(),
    }
}

unsafe extern "C" fn push(_list: *const clap_output_events, _event: *const clap_event_header) -> bool {
    true
}

unsafe extern "C" fn read(stream: *const clap_istream, buffer: *mut c_void, size: u64) -> i64 {
    // SAFETY: `ctx` is what is left to read in `set_state`, and the caller has room for what it asks for.
    unsafe {
        let rest = &mut *(*stream).ctx.cast::<&[u8]>();
        let count = rest.len().min(usize::try_from(size).unwrap_or(0));
        std::ptr::copy_nonoverlapping(rest.as_ptr(), buffer.cast::<u8>(), count);
        *rest = &rest[count..];
        i64::try_from(count).unwrap_or(0)
    }
}
