//! A REAPER of our own: the functions that it offers to plugins, as far as Straightshot uses them. It writes down what it
//! is asked for, and that it was asked on the thread of the host.

use clack_host::extensions::prelude::*;
use std::ffi::{CStr, c_char, c_int, c_void};
use std::ptr::{null_mut, without_provenance_mut};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::thread::ThreadId;

/// Numbers that stand for REAPER's things.
const TRACK: usize = 0x1000;
const ITEM: usize = 0x2000;
const TAKE: usize = 0x3000;
const SOURCE: usize = 0x4000;
/// Where the edit cursor is, in seconds.
pub const CURSOR_S: f64 = 7.5;
/// The time selection, in seconds.
pub const SELECTION_S: (f64, f64) = (3.0, 3.1);

static OFFERED: AtomicBool = AtomicBool::new(false);
static MAIN: OnceLock<ThreadId> = OnceLock::new();
static CALLS: Mutex<Vec<String>> = Mutex::new(Vec::new());

/// Hosts of this process are REAPER from now on; the calling thread is their main thread.
pub fn offer() {
    MAIN.get_or_init(|| std::thread::current().id());
    OFFERED.store(true, Ordering::Release);
}

/// Whether [`offer`] was called.
pub(super) fn is_offered() -> bool {
    OFFERED.load(Ordering::Acquire)
}

/// What was asked for since the last call, in order.
#[must_use]
pub fn take_calls() -> Vec<String> {
    std::mem::take(&mut CALLS.lock().unwrap_or_else(PoisonError::into_inner))
}

fn note(call: String) {
    let on_main = MAIN.get() == Some(&std::thread::current().id());
    let call = if on_main { call } else { format!("{call}, on another thread") };
    CALLS.lock().unwrap_or_else(PoisonError::into_inner).push(call);
}

fn text(text: *const c_char) -> String {
    // SAFETY: plugins pass strings.
    unsafe { CStr::from_ptr(text) }.to_string_lossy().into_owned()
}

unsafe extern "C" fn cursor(_project: *mut c_void) -> f64 {
    CURSOR_S
}

unsafe extern "C" fn selection(
    _project: *mut c_void,
    _set: bool,
    _loop: bool,
    from: *mut f64,
    to: *mut f64,
    _seek: bool,
) {
    // SAFETY: the plugin passes two places.
    unsafe { from.write(SELECTION_S.0) };
    // SAFETY: as above.
    unsafe { to.write(SELECTION_S.1) };
}

unsafe extern "C" fn add_item(track: *mut c_void) -> *mut c_void {
    if track.addr() == TRACK { without_provenance_mut(ITEM) } else { null_mut() }
}

unsafe extern "C" fn add_take(_item: *mut c_void) -> *mut c_void {
    without_provenance_mut(TAKE)
}

unsafe extern "C" fn open_source(path: *const c_char) -> *mut c_void {
    note(format!("open {}", text(path)));
    without_provenance_mut(SOURCE)
}

unsafe extern "C" fn set_source(_take: *mut c_void, _source: *mut c_void) -> bool {
    true
}

unsafe extern "C" fn source_length(_source: *mut c_void, _in_beats: *mut bool) -> f64 {
    0.25
}

unsafe extern "C" fn set_item_value(_item: *mut c_void, name: *const c_char, value: f64) -> bool {
    note(format!("{} {value:.3}", text(name)));
    true
}

unsafe extern "C" fn begin_undo(_project: *mut c_void) {
    note("undo begins".to_owned());
}

unsafe extern "C" fn end_undo(_project: *mut c_void, _name: *const c_char, _flags: c_int) {
    note("undo ends".to_owned());
}

unsafe extern "C" fn context(_host: *const c_void, what: c_int) -> *mut c_void {
    if what == 1 { without_provenance_mut(TRACK) } else { null_mut() }
}

/// REAPER's function of that name, as it hands them out; null if it has none.
pub fn function(name: &CStr) -> *mut c_void {
    match name.to_bytes() {
        b"GetCursorPositionEx" => cursor as *mut c_void,
        b"GetSet_LoopTimeRange2" => selection as *mut c_void,
        b"AddMediaItemToTrack" => add_item as *mut c_void,
        b"AddTakeToMediaItem" => add_take as *mut c_void,
        b"PCM_Source_CreateFromFile" => open_source as *mut c_void,
        b"SetMediaItemTake_Source" => set_source as *mut c_void,
        b"GetMediaSourceLength" => source_length as *mut c_void,
        b"SetMediaItemInfo_Value" => set_item_value as *mut c_void,
        b"Undo_BeginBlock2" => begin_undo as *mut c_void,
        b"Undo_EndBlock2" => end_undo as *mut c_void,
        b"clap_get_reaper_context" => context as *mut c_void,
        _ => null_mut(),
    }
}

/// What a plugin is in, by REAPER's numbers.
#[must_use]
pub fn parent(what: u32) -> *mut c_void {
    if what == 1 { without_provenance_mut(TRACK) } else { null_mut() }
}

unsafe extern "C" fn get_function(name: *const c_char) -> *mut c_void {
    // SAFETY: plugins pass strings.
    function(unsafe { CStr::from_ptr(name) })
}

/// REAPER's `reaper_plugin_info_t`.
#[repr(C)]
struct PluginInfo {
    caller_version: c_int,
    main_window: *mut c_void,
    register: Option<unsafe extern "C" fn(*const c_char, *mut c_void) -> c_int>,
    get_function: Option<unsafe extern "C" fn(*const c_char) -> *mut c_void>,
}

/// REAPER's extension of CLAP, on the host's side.
#[derive(Clone, Copy)]
pub(super) struct Reaper;

// SAFETY: nothing is kept of what is there.
unsafe impl Extension for Reaper {
    const IDENTIFIERS: &'static [&'static CStr] = &[c"cockos.reaper_extension"];
    type ExtensionSide = HostExtensionSide;

    unsafe fn from_raw(_raw: RawExtension<Self::ExtensionSide>) -> Self {
        Self
    }
}

// SAFETY: the structure is laid out as REAPER's.
unsafe impl<H> ExtensionImplementation<H> for Reaper {
    const IMPLEMENTATION: RawExtensionImplementation = RawExtensionImplementation::new(&PluginInfo {
        caller_version: 0x20E,
        main_window: null_mut(),
        register: None,
        get_function: Some(get_function),
    });
}
