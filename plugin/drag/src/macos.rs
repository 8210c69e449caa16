//! macOS: a dragging session of the plugin's view, and the general pasteboard.
//!
//! Everything happens on the main thread, which is the window's. The object that the session asks which operations are
//! allowed is of a class made at run time with a name of its own: a host may have this plugin loaded in two formats, and
//! names of classes are common to the process.

use crate::{Desktop, Ending, Files, Look};
use objc2::rc::Retained;
use objc2::runtime::{AnyClass, AnyObject, ClassBuilder, NSObject, ProtocolObject, Sel};
use objc2::{AnyThread, ClassType, MainThreadMarker, msg_send, sel};
use objc2_app_kit::{
    NSDragOperation, NSDraggingItem, NSDraggingSession, NSEvent, NSEventModifierFlags, NSEventType,
    NSPasteboard, NSPasteboardWriting, NSView, NSWorkspace,
};
use objc2_foundation::{NSArray, NSPoint, NSRect, NSSize, NSString, NSURL};
use raw_window_handle::RawWindowHandle;
use std::cell::RefCell;
use std::ffi::CString;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use straightshot_protocol::{ErrorKind, Failure};

/// Side of the file's picture under the pointer, in points.
const PICTURE: f64 = 48.0;

/// The desktop of macOS.
#[derive(Default)]
pub(crate) struct Mac {
    drag: Option<Arc<Mutex<Option<Ending>>>>,
}

/// A running session: what it needs to stay alive, and where its end is noted.
struct Session {
    source: Retained<AnyObject>,
    view: Retained<NSView>,
    ending: Arc<Mutex<Option<Ending>>>,
}

thread_local! {
    /// Sessions of the main thread that have not ended.
    static SESSIONS: RefCell<Vec<Session>> = const { RefCell::new(Vec::new()) };
}

impl Desktop for Mac {
    fn drag(&mut self, window: RawWindowHandle, files: Files, _look: Look) -> Result<(), Failure> {
        let RawWindowHandle::AppKit(handle) = window else {
            return Err(failed("Sounds can be dragged out of a view of macOS only."));
        };
        MainThreadMarker::new().ok_or_else(|| failed("The window is not on the main thread."))?;
        // SAFETY: the handle is that of the open window's view, and this is its thread.
        let view = unsafe { Retained::retain(handle.ns_view.as_ptr().cast::<NSView>()) };
        let view = view.ok_or_else(|| failed("The window has no view."))?;
        let event = mouse_event(&view, NSEventType::LeftMouseDragged)?;
        let ending = Arc::new(Mutex::new(None));
        begin(view, &files, &event, &ending)?;
        self.drag = Some(ending);
        Ok(())
    }

    fn ended(&mut self) -> Option<Ending> {
        let ending = self.drag.as_ref()?.lock().unwrap_or_else(PoisonError::into_inner).take()?;
        self.drag = None;
        Some(ending)
    }

    fn cancel(&mut self) {
        // macOS ends a session only when the button is up; the session keeps what it needs until then.
        self.drag = None;
    }

    fn copy(&mut self, files: Files) -> Result<(), Failure> {
        let urls: Vec<Retained<ProtocolObject<dyn NSPasteboardWriting>>> =
            urls(&files).into_iter().map(ProtocolObject::from_retained).collect();
        let pasteboard = NSPasteboard::generalPasteboard();
        pasteboard.clearContents();
        let written = pasteboard.writeObjects(&NSArray::from_retained_slice(&urls));
        if written { Ok(()) } else { Err(failed("The file could not be copied.")) }
    }

    fn reveal(&mut self, files: Files) -> Result<(), Failure> {
        let urls = NSArray::from_retained_slice(&urls(&files));
        NSWorkspace::sharedWorkspace().activateFileViewerSelectingURLs(&urls);
        Ok(())
    }
}

/// Begins a session that drags `files` out of `view`.
fn begin(
    view: Retained<NSView>,
    files: &Files,
    event: &NSEvent,
    ending: &Arc<Mutex<Option<Ending>>>,
) -> Result<(), Failure> {
    let class = source_class().ok_or_else(|| failed("The drag could not be started."))?;
    // SAFETY: a plain object of a class of ours; `new` takes no arguments.
    let source: Retained<AnyObject> = unsafe { msg_send![class, new] };
    let at = view.convertPoint_fromView(event.locationInWindow(), None);
    let items: Vec<Retained<NSDraggingItem>> = urls(files).into_iter().map(|url| item(&url, at)).collect();
    let items = NSArray::from_retained_slice(&items);
    // SAFETY: the source answers the messages of the protocol that are not optional, and lives until the session's end.
    let _session: Retained<NSDraggingSession> =
        unsafe { msg_send![&view, beginDraggingSessionWithItems: &*items, event: event, source: &*source] };
    SESSIONS.with_borrow_mut(|all| all.push(Session { source, view, ending: ending.clone() }));
    Ok(())
}

/// A file under the pointer, with the picture that the Finder shows for it.
fn item(url: &Retained<NSURL>, at: NSPoint) -> Retained<NSDraggingItem> {
    let writer = ProtocolObject::from_ref(&**url);
    let item = NSDraggingItem::initWithPasteboardWriter(NSDraggingItem::alloc(), writer);
    let frame =
        NSRect::new(NSPoint::new(at.x - PICTURE / 2.0, at.y - PICTURE / 2.0), NSSize::new(PICTURE, PICTURE));
    let picture = url.path().map(|path| NSWorkspace::sharedWorkspace().iconForFile(&path));
    // SAFETY: an image is among what a dragging frame may hold.
    unsafe { item.setDraggingFrame_contents(frame, picture.as_deref().map(|picture| &***picture)) };
    item
}

fn urls(files: &Files) -> Vec<Retained<NSURL>> {
    let url =
        |path: &std::path::PathBuf| NSURL::fileURLWithPath(&NSString::from_str(&path.to_string_lossy()));
    files.paths().iter().map(url).collect()
}

/// An event of the mouse where it is now: the one that led here has long been handled.
fn mouse_event(view: &NSView, kind: NSEventType) -> Result<Retained<NSEvent>, Failure> {
    let window = view.window().ok_or_else(|| failed("The window is closed."))?;
    NSEvent::mouseEventWithType_location_modifierFlags_timestamp_windowNumber_context_eventNumber_clickCount_pressure(
        kind,
        window.mouseLocationOutsideOfEventStream(),
        NSEventModifierFlags::empty(),
        0.0,
        window.windowNumber(),
        None,
        0,
        1,
        1.0,
    )
    .ok_or_else(|| failed("The drag could not be started."))
}

/// The class of sources.
fn source_class() -> Option<&'static AnyClass> {
    static CLASS: OnceLock<Option<&'static AnyClass>> = OnceLock::new();
    *CLASS.get_or_init(|| {
        let own = (&raw const CLASS).addr();
        let name = CString::new(format!("StraightshotDragSource{own:x}")).ok()?;
        let mut builder = ClassBuilder::new(&name, NSObject::class())?;
        type Mask = extern "C-unwind" fn(*mut AnyObject, Sel, *mut AnyObject, isize) -> usize;
        type Ended = extern "C-unwind" fn(*mut AnyObject, Sel, *mut AnyObject, NSPoint, usize);
        // SAFETY: the function has the arguments and the result of that message.
        unsafe {
            builder.add_method(sel!(draggingSession:sourceOperationMaskForDraggingContext:), mask as Mask);
        }
        // SAFETY: as above.
        unsafe { builder.add_method(sel!(draggingSession:endedAtPoint:operation:), ended as Ended) };
        Some(builder.register())
    })
}

/// Only copying is offered, inside of the host as well as outside.
extern "C-unwind" fn mask(
    _source: *mut AnyObject,
    _: Sel,
    _session: *mut AnyObject,
    _context: isize,
) -> usize {
    NSDragOperation::Copy.0
}

/// Notes how a session ended.
extern "C-unwind" fn ended(
    source: *mut AnyObject,
    _: Sel,
    _session: *mut AnyObject,
    _at: NSPoint,
    operation: usize,
) {
    let session = SESSIONS.with_borrow_mut(|all| {
        let index = all.iter().position(|session| std::ptr::eq(&*session.source, source))?;
        Some(all.swap_remove(index))
    });
    let Some(session) = session else { return };
    let ending = if operation == NSDragOperation::None.0 { Ending::Nowhere } else { Ending::Dropped };
    *session.ending.lock().unwrap_or_else(PoisonError::into_inner) = Some(ending);
    // The session has swallowed the release of the button, without which the view takes it for held.
    if let Ok(event) = mouse_event(&session.view, NSEventType::LeftMouseUp) {
        session.view.mouseUp(&event);
    }
}

fn failed(text: &str) -> Failure {
    Failure::new(ErrorKind::Io, text)
}
