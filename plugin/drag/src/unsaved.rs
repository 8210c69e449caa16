//! [main thread] How a host hears that its project has unsaved work: `clap.state` of CLAP, `IComponentHandler2` of VST3.
//!
//! The pointers come here as those of REAPER do, see `reaper/entry.rs`. A host without these interfaces, which are optional,
//! has no ear; what is done then is the plugin's affair.

use crate::reaper::ClapHost;
use std::ffi::c_void;
use std::ptr::null_mut;
use std::sync::Arc;
use std::thread::ThreadId;

/// `IComponentHandler2`, in the order of bytes that VST3 has on this system.
#[cfg(not(windows))]
static COMPONENT_HANDLER_2: [u8; 16] = 0xF040B4B3_A36045EC_ABCDC045_B4D5A2CC_u128.to_be_bytes();
/// As a GUID of COM: the first three parts have their bytes turned round.
#[cfg(windows)]
static COMPONENT_HANDLER_2: [u8; 16] =
    [0xB3, 0xB4, 0x40, 0xF0, 0x60, 0xA3, 0xEC, 0x45, 0xAB, 0xCD, 0xC0, 0x45, 0xB4, 0xD5, 0xA2, 0xCC];

/// A host's ear.
#[derive(Clone)]
pub(crate) struct Ear {
    tell: Arc<dyn Fn()>,
    /// The thread on which the host listens.
    main: ThreadId,
}

// SAFETY: the pointers in it are only used on the host's main thread: `tell` checks it, copies are made there alone, and the
// last goes with the instance, which hosts end there.
unsafe impl Send for Ear {}

impl Ear {
    fn new(tell: impl Fn() + 'static) -> Self {
        Self { tell: Arc::new(tell), main: std::thread::current().id() }
    }

    /// Whether this is the thread on which the host listens.
    pub(crate) fn is_here(&self) -> bool {
        std::thread::current().id() == self.main
    }

    /// Tells the host, if this is its main thread.
    pub(crate) fn tell(&self) {
        if self.is_here() {
            (self.tell)();
        }
    }

    /// That of a CLAP host, on its main thread.
    ///
    /// # Safety
    /// `host` may be asked for extensions and outlives the ear.
    pub(crate) unsafe fn of_clap(host: *const ClapHost) -> Option<Self> {
        // SAFETY: by this function's contract.
        let get_extension = unsafe { (*host).get_extension }?;
        // SAFETY: the name is a string; the host is asked with itself, as CLAP wants it.
        let state = unsafe { get_extension(host, c"clap.state".as_ptr()) }.cast::<ClapHostState>();
        if state.is_null() {
            return None;
        }
        // SAFETY: what hosts hand out under that name.
        let mark_dirty = unsafe { (*state).mark_dirty }?;
        Some(Self::new(move || {
            // SAFETY: on the main thread of the host that it was found at.
            unsafe { mark_dirty(host) };
        }))
    }

    /// That of a VST3 host with this `IComponentHandler`, on its main thread.
    ///
    /// # Safety
    /// `handler` is an `FUnknown`.
    pub(crate) unsafe fn of_vst3(handler: *mut c_void) -> Option<Self> {
        // SAFETY: by this function's contract.
        let handler = unsafe { Handler::of(handler) }?;
        Some(Self::new(move || handler.set_dirty()))
    }
}

/// CLAP's `clap_host_state`.
#[repr(C)]
struct ClapHostState {
    mark_dirty: Option<unsafe extern "C" fn(*const ClapHost)>,
}

/// The methods of `IComponentHandler2` that are called here, after those of `FUnknown`.
#[repr(C)]
struct HandlerMethods {
    query: unsafe extern "system" fn(*mut c_void, *const [u8; 16], *mut *mut c_void) -> i32,
    add_ref: unsafe extern "system" fn(*mut c_void) -> u32,
    release: unsafe extern "system" fn(*mut c_void) -> u32,
    set_dirty: unsafe extern "system" fn(*mut c_void, u8) -> i32,
}

/// A reference to a host's `IComponentHandler2`.
struct Handler(*mut c_void);

impl Handler {
    /// # Safety
    /// `handler` is an `FUnknown`.
    unsafe fn of(handler: *mut c_void) -> Option<Self> {
        let mut found = null_mut();
        // SAFETY: an `FUnknown` begins with a pointer to its methods, of which `queryInterface` is the first.
        let methods = unsafe { *handler.cast::<*const HandlerMethods>() };
        // SAFETY: as above.
        let query = unsafe { (*methods).query };
        // SAFETY: the identifier has 16 bytes, and the place for the answer is there during the call.
        let result = unsafe { query(handler, &raw const COMPONENT_HANDLER_2, &raw mut found) };
        // A reference is made only of what was given: dropping one gives it back.
        (result == 0 && !found.is_null()).then(|| Self(found))
    }

    fn methods(&self) -> &HandlerMethods {
        // SAFETY: the reference keeps the object alive, and an interface begins with a pointer to its methods.
        let methods = unsafe { *self.0.cast::<*const HandlerMethods>() };
        // SAFETY: the methods are there as long as the object.
        unsafe { &*methods }
    }

    fn set_dirty(&self) {
        // SAFETY: the object is alive, and this is the host's main thread.
        unsafe { (self.methods().set_dirty)(self.0, 1) };
    }
}

impl Drop for Handler {
    fn drop(&mut self) {
        // SAFETY: gives back the reference that `of` was given.
        unsafe { (self.methods().release)(self.0) };
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::ffi::{CStr, c_char};
    use std::sync::atomic::{AtomicU32, Ordering};

    static MARKED: AtomicU32 = AtomicU32::new(0);
    static STATE: ClapHostState = ClapHostState { mark_dirty: Some(mark) };

    unsafe extern "C" fn mark(_: *const ClapHost) {
        MARKED.fetch_add(1, Ordering::Relaxed);
    }

    unsafe extern "C" fn state_only(_: *const ClapHost, name: *const c_char) -> *const c_void {
        // SAFETY: the plugin passes a string.
        let is_it = unsafe { CStr::from_ptr(name) } == c"clap.state";
        if is_it { (&raw const STATE).cast() } else { std::ptr::null() }
    }

    unsafe extern "C" fn nothing(_: *const ClapHost, _: *const c_char) -> *const c_void {
        std::ptr::null()
    }

    static DIRTY: AtomicU32 = AtomicU32::new(0);
    static RELEASED: AtomicU32 = AtomicU32::new(0);

    unsafe extern "system" fn refuse(_: *mut c_void, _: *const [u8; 16], found: *mut *mut c_void) -> i32 {
        // SAFETY: the plugin passes a place.
        unsafe { found.write(null_mut()) };
        -1
    }

    unsafe extern "system" fn accept(this: *mut c_void, id: *const [u8; 16], found: *mut *mut c_void) -> i32 {
        // SAFETY: the plugin passes an identifier.
        assert_eq!(unsafe { *id }, COMPONENT_HANDLER_2);
        // SAFETY: the plugin passes a place.
        unsafe { found.write(this) };
        0
    }

    unsafe extern "system" fn release(_: *mut c_void) -> u32 {
        RELEASED.fetch_add(1, Ordering::Relaxed)
    }

    unsafe extern "system" fn set_dirty(_: *mut c_void, state: u8) -> i32 {
        DIRTY.fetch_add(u32::from(state), Ordering::Relaxed);
        0
    }

    #[test]
    fn a_vst3_host_hears_if_its_handler_has_the_second_interface_and_gets_its_reference_back() {
        let methods = |query| HandlerMethods { query, add_ref: release, release, set_dirty };
        let ear = |methods: &HandlerMethods| {
            let object: *const HandlerMethods = methods;
            // SAFETY: an object begins with a pointer to its methods, and outlives the ear.
            let ear = unsafe { Ear::of_vst3((&raw const object).cast_mut().cast()) };
            ear.inspect(Ear::tell).is_some()
        };
        assert!(!ear(&methods(refuse)));
        assert_eq!(RELEASED.load(Ordering::Relaxed), 0, "nothing was given, nothing is given back");
        assert!(ear(&methods(accept)));
        assert_eq!((DIRTY.load(Ordering::Relaxed), RELEASED.load(Ordering::Relaxed)), (1, 1));
    }

    #[test]
    fn a_clap_host_with_a_state_hears_on_its_main_thread_alone() {
        let host = |get_extension| ClapHost {
            version: [1, 0, 0],
            data: null_mut(),
            texts: [std::ptr::null(); 4],
            get_extension: Some(get_extension),
        };
        let deaf = host(nothing);
        // SAFETY: it answers, and lives to the end of the test.
        assert!(unsafe { Ear::of_clap(&raw const deaf) }.is_none());
        let hears = host(state_only);
        // SAFETY: as above.
        let ear = unsafe { Ear::of_clap(&raw const hears) }.unwrap();
        ear.tell();
        assert_eq!(MARKED.load(Ordering::Relaxed), 1);
        std::thread::spawn(move || ear.tell()).join().unwrap();
        assert_eq!(MARKED.load(Ordering::Relaxed), 1, "not its main thread");
    }
}
