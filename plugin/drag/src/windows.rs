//! Windows: the shell's own data object, dragged by OLE's loop and put on its clipboard.
//!
//! OLE's loop takes over the thread's messages until the button is up. It must not begin inside of a frame, during which
//! the window toolkit holds what the window's messages need; so it begins from a timer, in the host's message loop.

use crate::{Desktop, Ending, Files, Look};
use raw_window_handle::RawWindowHandle;
use std::cell::RefCell;
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use straightshot_protocol::{ErrorKind, Failure};
use windows::Win32::Foundation::{
    DRAGDROP_S_CANCEL, DRAGDROP_S_DROP, DRAGDROP_S_USEDEFAULTCURSORS, HWND, LPARAM, S_OK, WPARAM,
};
use windows::Win32::System::Com::IDataObject;
use windows::Win32::System::Ole::{
    DROPEFFECT, DROPEFFECT_COPY, DROPEFFECT_NONE, DoDragDrop, IDropSource, IDropSource_Impl,
    OleFlushClipboard, OleInitialize, OleSetClipboard, OleUninitialize,
};
use windows::Win32::System::SystemServices::{MK_LBUTTON, MODIFIERKEYS_FLAGS};
use windows::Win32::UI::Shell::{
    BHID_DataObject, Common::ITEMIDLIST, ILCreateFromPathW, ILFree, SHCreateShellItemArrayFromIDLists,
};
use windows::Win32::UI::WindowsAndMessaging::{KillTimer, PostMessageW, SetTimer, WM_LBUTTONUP};
use windows::core::{BOOL, HRESULT, HSTRING, implement};

/// The desktop of Windows.
#[derive(Default)]
pub(crate) struct Windows {
    drag: Option<Running>,
}

/// A drag that has begun or will with the next message.
struct Running {
    shared: Arc<Shared>,
    /// Number of the timer that begins it.
    timer: usize,
}

/// What the drag's loop and the window share.
#[derive(Default)]
struct Shared {
    cancelled: AtomicBool,
    ending: Mutex<Option<Ending>>,
}

/// What the timer begins.
struct Waiting {
    timer: usize,
    window: isize,
    files: Files,
    shared: Arc<Shared>,
}

thread_local! {
    /// Drags that wait for their timer; at most one per window of this thread.
    static WAITING: RefCell<Vec<Waiting>> = const { RefCell::new(Vec::new()) };
}

impl Desktop for Windows {
    fn drag(&mut self, window: RawWindowHandle, files: Files, _look: Look) -> Result<(), Failure> {
        self.cancel();
        let RawWindowHandle::Win32(handle) = window else {
            return Err(Failure::new(
                ErrorKind::Io,
                "Sounds can be dragged out of Windows' own windows only.",
            ));
        };
        // SAFETY: a timer without a window; the function is there as long as the library, and `cancel` ends the timer.
        let timer = unsafe { SetTimer(None, 0, 0, Some(begin)) };
        if timer == 0 {
            return Err(trouble("The drag could not be started.", &windows::core::Error::from_thread()));
        }
        let shared = Arc::new(Shared::default());
        let waiting = Waiting { timer, window: handle.hwnd.get(), files, shared: shared.clone() };
        WAITING.with_borrow_mut(|all| all.push(waiting));
        self.drag = Some(Running { shared, timer });
        Ok(())
    }

    fn ended(&mut self) -> Option<Ending> {
        let ending =
            self.drag.as_ref()?.shared.ending.lock().unwrap_or_else(PoisonError::into_inner).take()?;
        self.drag = None;
        Some(ending)
    }

    fn cancel(&mut self) {
        if let Some(running) = self.drag.take() {
            running.shared.cancelled.store(true, Ordering::Release);
            take_waiting(running.timer);
        }
    }

    fn copy(&mut self, files: Files) -> Result<(), Failure> {
        with_ole(|| {
            let object = data_object(&files)?;
            // SAFETY: OLE is initialised on this thread; flushing puts the data there for good.
            unsafe { OleSetClipboard(&object) }?;
            // SAFETY: as above.
            unsafe { OleFlushClipboard() }
        })
        .map_err(|e| trouble("The file could not be copied.", &e))
    }

    fn reveal(&mut self, files: Files) -> Result<(), Failure> {
        use std::os::windows::process::CommandExt as _;
        // Explorer takes its arguments apart by itself and wants these quotes.
        let argument = format!("/select,\"{}\"", files.first().display());
        let started = Command::new("explorer.exe").raw_arg(argument).spawn();
        started.map(drop).map_err(|e| trouble("Explorer could not be started.", &e))
    }
}

impl Drop for Windows {
    fn drop(&mut self) {
        self.cancel();
    }
}

/// Ends the timer and returns what it would have begun.
fn take_waiting(timer: usize) -> Option<Waiting> {
    let waiting = WAITING.with_borrow_mut(|all| {
        let index = all.iter().position(|waiting| waiting.timer == timer)?;
        Some(all.swap_remove(index))
    })?;
    // SAFETY: the timer is this thread's. That it may have ended is no harm.
    let _ = unsafe { KillTimer(None, timer) };
    Some(waiting)
}

/// What the timer calls, from the message loop.
unsafe extern "system" fn begin(_window: HWND, _message: u32, timer: usize, _time: u32) {
    let Some(Waiting { window, files, shared, .. }) = take_waiting(timer) else { return };
    // A panic must not reach the host's message loop.
    let dragged = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| drag(&files, &shared)));
    let ending = match dragged {
        Ok(Ok(ending)) => ending,
        Ok(Err(error)) => Ending::Failed(trouble("The drag was broken off.", &error)),
        Err(_) => Ending::Failed(Failure::new(ErrorKind::Io, "The drag was broken off.")),
    };
    *shared.ending.lock().unwrap_or_else(PoisonError::into_inner) = Some(ending);
    // The loop has swallowed the release of the button, without which the window takes it for held. Where it was does
    // not matter. A window that has closed meanwhile gets none.
    let window = HWND(std::ptr::without_provenance_mut(window.cast_unsigned()));
    // SAFETY: the call checks the window.
    let _ = unsafe { PostMessageW(Some(window), WM_LBUTTONUP, WPARAM(0), LPARAM(-1)) };
}

/// Runs OLE's loop until the button is up.
fn drag(files: &Files, shared: &Arc<Shared>) -> windows::core::Result<Ending> {
    with_ole(|| {
        let object = data_object(files)?;
        let source: IDropSource = Source { shared: shared.clone() }.into();
        let mut effect = DROPEFFECT_NONE;
        // SAFETY: both objects live until the call returns.
        let result = unsafe { DoDragDrop(&object, &source, DROPEFFECT_COPY, &raw mut effect) };
        match result {
            DRAGDROP_S_DROP if effect == DROPEFFECT_NONE => Ok(Ending::Refused),
            DRAGDROP_S_DROP => Ok(Ending::Dropped),
            DRAGDROP_S_CANCEL => Ok(Ending::Cancelled),
            error => error.ok().map(|()| Ending::Nowhere),
        }
    })
}

/// Answers OLE's loop.
#[implement(IDropSource)]
struct Source {
    shared: Arc<Shared>,
}

impl IDropSource_Impl for Source_Impl {
    fn QueryContinueDrag(&self, escape: BOOL, keys: MODIFIERKEYS_FLAGS) -> HRESULT {
        if escape.as_bool() || self.shared.cancelled.load(Ordering::Acquire) {
            DRAGDROP_S_CANCEL
        } else if keys & MK_LBUTTON == MODIFIERKEYS_FLAGS(0) {
            DRAGDROP_S_DROP
        } else {
            S_OK
        }
    }

    fn GiveFeedback(&self, _effect: DROPEFFECT) -> HRESULT {
        DRAGDROP_S_USEDEFAULTCURSORS
    }
}

/// The files as the shell hands them over itself: as a list of paths, as shell items, with their picture.
fn data_object(files: &Files) -> windows::core::Result<IDataObject> {
    let mut lists: Vec<*const ITEMIDLIST> = Vec::new();
    for path in files.paths() {
        // SAFETY: the path is a string that lives until the call returns.
        let list = unsafe { ILCreateFromPathW(&HSTRING::from(path.as_path())) };
        lists.push(list);
    }
    // SAFETY: each list is null, which is refused, or the shell's own.
    let array = unsafe { SHCreateShellItemArrayFromIDLists(&lists) };
    for list in lists {
        // SAFETY: made above and copied by the array; null is allowed.
        unsafe { ILFree(Some(list)) };
    }
    // SAFETY: the array is alive, and what it is asked for is the type of the result.
    unsafe { array?.BindToHandler(None, &BHID_DataObject) }
}

/// Does something on this thread for which OLE must be initialised.
fn with_ole<T>(work: impl FnOnce() -> windows::core::Result<T>) -> windows::core::Result<T> {
    // SAFETY: may be called again, and is undone below as often.
    unsafe { OleInitialize(None) }?;
    let result = work();
    // SAFETY: the counterpart of the call above.
    unsafe { OleUninitialize() };
    result
}

fn trouble(text: &str, cause: &(dyn std::error::Error + 'static)) -> Failure {
    Failure::new(ErrorKind::Io, text).because(cause)
}
