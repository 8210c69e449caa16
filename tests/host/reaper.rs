//! A VST3 host that is REAPER, as far as a plugin can tell: its own interface beside the host's, and Linux' run loop.

use std::ffi::{CStr, c_char, c_void};
use std::sync::Mutex;
use straightshot_tests::clap_host::timeline;
use vst3::Steinberg::Linux::{
    FileDescriptor, IEventHandler, IEventHandlerTrait, IRunLoop, IRunLoopTrait, ITimerHandler, TimerInterval,
};
use vst3::Steinberg::{
    FUnknown, IPlugFrame, IPlugFrameTrait, IPlugView, ViewRect, kNoInterface, kResultFalse, kResultOk,
    tresult,
};
use vst3::{Class, ComPtr, ComRef};

/// `IReaperHostApplication`, as VST3 writes identifiers on Linux.
const REAPER_APPLICATION: [u8; 16] = 0x79655E36_77EE4267_A573FEF7_4912C27C_u128.to_be_bytes();
/// `FUnknown`.
const UNKNOWN: [u8; 16] = 0x00000000_00000000_C0000000_00000046_u128.to_be_bytes();

/// The methods of `IReaperHostApplication`.
#[repr(C)]
struct Methods {
    query: unsafe extern "system" fn(*mut c_void, *const [u8; 16], *mut *mut c_void) -> tresult,
    add_ref: unsafe extern "system" fn(*mut c_void) -> u32,
    release: unsafe extern "system" fn(*mut c_void) -> u32,
    get_function: unsafe extern "system" fn(*mut c_void, *const c_char) -> *mut c_void,
    get_parent: unsafe extern "system" fn(*mut c_void, u32) -> *mut c_void,
}

/// The host's object, which lives as long as the process; it counts nothing.
#[repr(C)]
pub(crate) struct Application {
    methods: &'static Methods,
}

static APPLICATION: Application =
    Application { methods: &Methods { query, add_ref, release: add_ref, get_function, get_parent } };

/// The host as the `FUnknown` that components are initialised with.
pub(crate) fn application() -> *mut FUnknown {
    (&raw const APPLICATION).cast_mut().cast()
}

unsafe extern "system" fn query(this: *mut c_void, id: *const [u8; 16], found: *mut *mut c_void) -> tresult {
    // SAFETY: the plugin passes an identifier.
    let known = [UNKNOWN, REAPER_APPLICATION].contains(unsafe { &*id });
    // SAFETY: the plugin passes a place for the answer.
    unsafe { found.write(if known { this } else { std::ptr::null_mut() }) };
    if known { kResultOk } else { kNoInterface }
}

unsafe extern "system" fn add_ref(_this: *mut c_void) -> u32 {
    1
}

unsafe extern "system" fn get_function(_this: *mut c_void, name: *const c_char) -> *mut c_void {
    // SAFETY: the plugin passes a string.
    timeline::function(unsafe { CStr::from_ptr(name) })
}

unsafe extern "system" fn get_parent(_this: *mut c_void, what: u32) -> *mut c_void {
    timeline::parent(what)
}

/// The frame of a view, with the loop in which it has its messages handled.
#[derive(Default)]
pub(crate) struct Frame {
    handlers: Mutex<Vec<(ComPtr<IEventHandler>, FileDescriptor)>>,
}

impl Class for Frame {
    type Interfaces = (IPlugFrame, IRunLoop);
}

impl Frame {
    /// One turn of the loop. A handler looks by itself whether there is something, so nothing is waited for.
    pub(crate) fn idle(&self) {
        let handlers = self.handlers.lock().expect("no handler panics").clone();
        for (handler, descriptor) in handlers {
            // SAFETY: the handler is alive, and this is the thread that it was registered on.
            unsafe { handler.onFDIsSet(descriptor) };
        }
    }
}

impl IPlugFrameTrait for Frame {
    unsafe fn resizeView(&self, _view: *mut IPlugView, _size: *mut ViewRect) -> tresult {
        kResultFalse
    }
}

impl IRunLoopTrait for Frame {
    unsafe fn registerEventHandler(
        &self,
        handler: *mut IEventHandler,
        descriptor: FileDescriptor,
    ) -> tresult {
        // SAFETY: the plugin passes a handler that is alive.
        let Some(handler) = (unsafe { ComRef::from_raw(handler) }) else { return kResultFalse };
        self.handlers.lock().expect("no handler panics").push((handler.to_com_ptr(), descriptor));
        kResultOk
    }

    unsafe fn unregisterEventHandler(&self, handler: *mut IEventHandler) -> tresult {
        self.handlers.lock().expect("no handler panics").retain(|(other, _)| other.as_ptr() != handler);
        kResultOk
    }

    unsafe fn registerTimer(&self, _handler: *mut ITimerHandler, _every: TimerInterval) -> tresult {
        kResultFalse
    }

    unsafe fn unregisterTimer(&self, _handler: *mut ITimerHandler) -> tresult {
        kResultFalse
    }
}
