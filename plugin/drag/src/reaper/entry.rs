//! How a host's pointers come here, and how long they are good.
//!
//! The plugin framework keeps them to itself, so its repaired copy calls [`straightshot_host`] when an instance may ask
//! its host for something, and again before it may no longer (`xtask/src/patch/edits/nice_plug.rs`). A build without
//! that repair calls nothing, and then no host is known to be REAPER.

use super::Place;
use super::functions::{Functions, Thing};
use super::insert::{Around, Reaper};
use crate::Files;
use crate::unsaved::Ear;
use std::ffi::{CStr, c_char, c_int, c_void};
use std::ptr::null_mut;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::thread::ThreadId;
use straightshot_protocol::{ErrorKind, Failure};

/// What `straightshot_host` is told: a `clap_host`.
const CLAP: u32 = 1;
/// An `FUnknown` that VST3 hosts initialise a component with.
const VST3: u32 = 2;
/// The `IComponentHandler` that VST3 hosts give a controller.
const VST3_HANDLER: u32 = 3;

/// `IReaperHostApplication`, in the order of bytes that VST3 has on this system.
#[cfg(not(windows))]
static REAPER_APPLICATION: [u8; 16] = 0x79655E36_77EE4267_A573FEF7_4912C27C_u128.to_be_bytes();
/// As a GUID of COM: the first three parts have their bytes turned round.
#[cfg(windows)]
static REAPER_APPLICATION: [u8; 16] =
    [0x36, 0x5E, 0x65, 0x79, 0xEE, 0x77, 0x67, 0x42, 0xA5, 0x73, 0xFE, 0xF7, 0x49, 0x12, 0xC2, 0x7C];

/// All instances of this library whose hosts may be asked for.
static HOSTS: Mutex<Vec<(usize, Weak<Host>)>> = Mutex::new(Vec::new());

/// The host of one instance.
#[derive(Default)]
pub struct Host {
    known: Mutex<Option<Known>>,
    ear: Mutex<Option<Ear>>,
    /// Whether its main thread was not reached when it was to be told something, which is so where a VST3 host on Linux has
    /// no run loop.
    out_of_reach: AtomicBool,
    /// Whether a CLAP host has said last that it renders in real time, which it may without activating the plugin anew.
    in_real_time: AtomicBool,
}

/// A host that has turned out to be REAPER.
struct Known {
    reaper: Reaper,
    /// The thread that REAPER calls plugins on.
    main: ThreadId,
}

// SAFETY: the pointers in it are only used on REAPER's main thread, which `insert` and `straightshot_host` check or are
// called on; elsewhere they are moved and compared with null.
unsafe impl Send for Known {}

impl Host {
    /// The place for the host of the instance whose parameters are at the address `instance`. Nothing is known yet.
    #[must_use]
    pub fn of(instance: usize) -> Arc<Self> {
        let host = Arc::new(Self::default());
        let mut hosts = HOSTS.lock().unwrap_or_else(PoisonError::into_inner);
        hosts.retain(|(_, other)| other.strong_count() > 0);
        hosts.push((instance, Arc::downgrade(&host)));
        host
    }

    /// Whether the host puts files there. Any thread.
    #[must_use]
    pub fn offers(&self, place: Place) -> bool {
        self.lock().as_ref().is_some_and(|known| known.reaper.offers(place))
    }

    /// Puts `files` onto the host's timeline, one after the other. Only on the host's main thread.
    ///
    /// # Errors
    /// If this is another thread, the host is not REAPER, or it refuses.
    pub fn insert(&self, files: &Files, place: Place) -> Result<(), Failure> {
        let known = self.lock();
        let known = known.as_ref().ok_or_else(|| failed("This host has no timeline for plugins."))?;
        if std::thread::current().id() != known.main {
            return Err(failed("REAPER is reached only while the plugin's window is open."));
        }
        known.reaper.insert(files, place)
    }

    /// Whether the host has a way of its own to be told that its project has unsaved work. Any thread.
    #[must_use]
    pub fn hears_of_changes(&self) -> bool {
        !self.out_of_reach.load(Ordering::Relaxed) && self.ear().is_some()
    }

    /// Tells the host that its project has unsaved work; whether it has heard it, which it only does on its main thread.
    pub fn tell_of_changes(&self) -> bool {
        let ear = self.ear().as_ref().filter(|ear| ear.is_here()).cloned();
        self.out_of_reach.store(ear.is_none(), Ordering::Relaxed);
        // The host may call back, so that the lock must not be held.
        ear.inspect(Ear::tell).is_some()
    }

    /// Whether a CLAP host has said last that it renders in real time. A VST3 host says so by setting the plugin up anew.
    ///
    /// # Real-time safety
    /// One atomic load.
    #[must_use]
    pub fn is_back_in_real_time(&self) -> bool {
        self.in_real_time.load(Ordering::Acquire)
    }

    fn ear(&self) -> MutexGuard<'_, Option<Ear>> {
        self.ear.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn hears_with(&self, ear: Option<Ear>) {
        self.out_of_reach.store(false, Ordering::Relaxed);
        // What was known before is given back after the lock was let go of.
        let before = std::mem::replace(&mut *self.ear(), ear);
        drop(before);
    }

    fn lock(&self) -> MutexGuard<'_, Option<Known>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Called by the repaired plugin framework, on the host's main thread: the instance whose parameters are at `instance`
/// has this `host` of the format `format`, or with null has it no more.
///
/// # Safety
/// `host` is null or what that format says, and stays good until the call with null or the end of the instance.
// SAFETY: no other library of this name is linked into ours.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn straightshot_host(instance: *const c_void, format: u32, host: *mut c_void) {
    let Some(slot) = host_of(instance) else { return };
    match format {
        _ if host.is_null() => slot.hears_with(None),
        // SAFETY: by this function's contract.
        CLAP => slot.hears_with(unsafe { Ear::of_clap(host.cast()) }),
        // SAFETY: by this function's contract.
        VST3_HANDLER => slot.hears_with(unsafe { Ear::of_vst3(host) }),
        _ => {}
    }
    if format == VST3_HANDLER {
        return;
    }
    let main = std::thread::current().id();
    let reaper = match format {
        _ if host.is_null() => None,
        // SAFETY: by this function's contract.
        CLAP => unsafe { clap_reaper(host.cast()) },
        // SAFETY: by this function's contract.
        VST3 => unsafe { Application::of(host) }.map(Application::into_reaper),
        _ => None,
    };
    let known = reaper.map(|reaper| Known { reaper, main });
    // What was known before is given back after the lock was let go of.
    let before = std::mem::replace(&mut *slot.lock(), known);
    drop(before);
}

/// Called by the repaired plugin framework, on the host's main thread: the CLAP host of the instance whose parameters are at
/// `instance` renders offline from now on, or in real time.
// SAFETY: no other library of this name is linked into ours.
#[unsafe(no_mangle)]
pub extern "C" fn straightshot_render_mode(instance: *const c_void, offline: bool) {
    if let Some(slot) = host_of(instance) {
        slot.in_real_time.store(!offline, Ordering::Release);
    }
}

/// The place for the host of an instance.
fn host_of(instance: *const c_void) -> Option<Arc<Host>> {
    let hosts = HOSTS.lock().unwrap_or_else(PoisonError::into_inner);
    let found = hosts.iter().find(|(address, _)| *address == instance.addr());
    found.and_then(|(_, slot)| slot.upgrade())
}

/// The beginning of CLAP's `clap_host`.
#[repr(C)]
pub(crate) struct ClapHost {
    pub(crate) version: [u32; 3],
    pub(crate) data: *mut c_void,
    pub(crate) texts: [*const c_char; 4],
    pub(crate) get_extension: Option<unsafe extern "C" fn(*const ClapHost, *const c_char) -> *const c_void>,
}

/// REAPER's `reaper_plugin_info_t`.
#[repr(C)]
struct PluginInfo {
    caller_version: c_int,
    main_window: *mut c_void,
    register: Option<unsafe extern "C" fn(*const c_char, *mut c_void) -> c_int>,
    get_function: Option<unsafe extern "C" fn(*const c_char) -> *mut c_void>,
}

/// REAPER behind a CLAP host.
///
/// # Safety
/// `host` is a `clap_host` that may be asked for extensions now.
unsafe fn clap_reaper(host: *const ClapHost) -> Option<Reaper> {
    // SAFETY: by this function's contract.
    let get_extension = unsafe { (*host).get_extension }?;
    // SAFETY: the name is a string; the host is asked with itself, as CLAP wants it.
    let info = unsafe { get_extension(host, c"cockos.reaper_extension".as_ptr()) }.cast::<PluginInfo>();
    if info.is_null() {
        return None;
    }
    // SAFETY: what REAPER hands out under that name.
    let get_function = unsafe { (*info).get_function }?;
    let find = |name: &CStr| {
        // SAFETY: the name is a string.
        unsafe { get_function(name.as_ptr()) }
    };
    // SAFETY: REAPER's look-up returns null or its function of that name.
    let functions = unsafe { Functions::find(find) };
    let context = find(c"clap_get_reaper_context");
    // SAFETY: null is `None`; else REAPER's function of that name, which has this type.
    let context = unsafe {
        std::mem::transmute::<*mut c_void, Option<unsafe extern "C" fn(*const ClapHost, c_int) -> Thing>>(
            context,
        )
    };
    let around = move |what: Around| -> Thing {
        // SAFETY: asked with the host that it was found through, which outlives the instance.
        context.map_or(null_mut(), |context| unsafe { context(host, what as c_int) })
    };
    Some(Reaper { functions, around: Box::new(around) })
}

/// The methods of `IReaperHostApplication`, after those of `FUnknown`.
#[repr(C)]
struct ApplicationMethods {
    query: unsafe extern "system" fn(*mut c_void, *const [u8; 16], *mut *mut c_void) -> i32,
    add_ref: unsafe extern "system" fn(*mut c_void) -> u32,
    release: unsafe extern "system" fn(*mut c_void) -> u32,
    get_function: unsafe extern "system" fn(*mut c_void, *const c_char) -> *mut c_void,
    get_parent: unsafe extern "system" fn(*mut c_void, u32) -> *mut c_void,
}

/// A reference to REAPER's interface for VST3 plugins.
struct Application(*mut c_void);

impl Application {
    /// Asks a VST3 host for the interface.
    ///
    /// # Safety
    /// `host` is an `FUnknown`.
    unsafe fn of(host: *mut c_void) -> Option<Self> {
        let mut found = null_mut();
        // SAFETY: an `FUnknown` begins with a pointer to its methods, of which `queryInterface` is the first.
        let methods = unsafe { *host.cast::<*const ApplicationMethods>() };
        // SAFETY: as above.
        let query = unsafe { (*methods).query };
        // SAFETY: the identifier has 16 bytes, and the place for the answer is there during the call.
        let result = unsafe { query(host, &raw const REAPER_APPLICATION, &raw mut found) };
        if result != 0 || found.is_null() {
            return None;
        }
        Some(Self(found))
    }

    fn methods(&self) -> &ApplicationMethods {
        // SAFETY: the reference keeps the object alive, and an interface begins with a pointer to its methods.
        let methods = unsafe { *self.0.cast::<*const ApplicationMethods>() };
        // SAFETY: the methods are there as long as the object.
        unsafe { &*methods }
    }

    /// REAPER's functions, and with them the reference.
    fn into_reaper(self) -> Reaper {
        let find = |name: &CStr| {
            // SAFETY: the object is alive and the name a string.
            unsafe { (self.methods().get_function)(self.0, name.as_ptr()) }
        };
        // SAFETY: REAPER's look-up returns null or its function of that name.
        let functions = unsafe { Functions::find(find) };
        let around = move |what: Around| {
            // SAFETY: the object is alive.
            unsafe { (self.methods().get_parent)(self.0, what as u32) }
        };
        Reaper { functions, around: Box::new(around) }
    }
}

impl Drop for Application {
    fn drop(&mut self) {
        // SAFETY: gives back the reference that `of` was given.
        unsafe { (self.methods().release)(self.0) };
    }
}

fn failed(text: &str) -> Failure {
    Failure::new(ErrorKind::Io, text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::AtomicU32;

    /// References that were given back.
    static RELEASED: AtomicU32 = AtomicU32::new(0);

    unsafe extern "system" fn refuse(_: *mut c_void, _: *const [u8; 16], found: *mut *mut c_void) -> i32 {
        // SAFETY: the plugin passes a place.
        unsafe { found.write(null_mut()) };
        -1
    }

    unsafe extern "system" fn accept(this: *mut c_void, id: *const [u8; 16], found: *mut *mut c_void) -> i32 {
        // SAFETY: the plugin passes an identifier.
        assert_eq!(unsafe { *id }, REAPER_APPLICATION);
        // SAFETY: the plugin passes a place.
        unsafe { found.write(this) };
        0
    }

    unsafe extern "system" fn count(_: *mut c_void) -> u32 {
        RELEASED.fetch_add(1, Ordering::Relaxed)
    }

    unsafe extern "system" fn insert_media(_: *mut c_void, name: *const c_char) -> *mut c_void {
        // SAFETY: the plugin passes a string.
        let is_it = unsafe { CStr::from_ptr(name) } == c"InsertMedia";
        if is_it { std::ptr::without_provenance_mut(1) } else { null_mut() }
    }

    unsafe extern "system" fn nothing_around(_: *mut c_void, _: u32) -> *mut c_void {
        null_mut()
    }

    fn methods(
        query: unsafe extern "system" fn(*mut c_void, *const [u8; 16], *mut *mut c_void) -> i32,
    ) -> ApplicationMethods {
        ApplicationMethods {
            query,
            add_ref: count,
            release: count,
            get_function: insert_media,
            get_parent: nothing_around,
        }
    }

    /// Tells an instance of a VST3 host with these methods, and takes it away again; whether it offered anything.
    fn offers(methods: &ApplicationMethods) -> bool {
        let instance = 0_u8;
        let address = &raw const instance;
        let host = Host::of(address.addr());
        let object: *const ApplicationMethods = methods;
        let told = (&raw const object).cast_mut().cast();
        // SAFETY: an object begins with a pointer to its methods; it outlives the second call.
        unsafe { straightshot_host(address.cast(), VST3, told) };
        let offered = host.offers(Place::Cursor);
        // SAFETY: null is allowed.
        unsafe { straightshot_host(address.cast(), VST3, null_mut()) };
        assert!(!host.offers(Place::Cursor), "it is gone");
        offered
    }

    #[test]
    fn drag_out_a_vst3_host_that_is_not_reaper_offers_nothing_and_one_that_is_gets_its_reference_back() {
        assert!(!offers(&methods(refuse)));
        assert_eq!(RELEASED.load(Ordering::Relaxed), 0, "nothing was given, nothing is given back");
        assert!(offers(&methods(accept)));
        assert_eq!(RELEASED.load(Ordering::Relaxed), 1);
    }
}
