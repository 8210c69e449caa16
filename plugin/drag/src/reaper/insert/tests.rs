//! A REAPER of our own that writes down what it is asked for.

use super::*;
use std::cell::RefCell;
use std::ffi::{c_char, c_void};
use std::path::PathBuf;
use std::ptr::null_mut;

thread_local! {
    static CALLS: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) };
    static SELECTION: RefCell<(f64, f64)> = const { RefCell::new((0.0, 0.0)) };
}

/// Numbers that stand for REAPER's things.
fn thing(number: usize) -> Thing {
    std::ptr::without_provenance_mut(number)
}

const PROJECT: usize = 100;
const TRACK: usize = 200;
const ITEM: usize = 300;
const TAKE: usize = 400;
const SOURCE: usize = 500;

fn note(call: String) {
    CALLS.with_borrow_mut(|calls| calls.push(call));
}

fn text(text: *const c_char) -> String {
    // SAFETY: only called with strings.
    let text = unsafe { CStr::from_ptr(text) }.to_str().unwrap();
    text.rsplit('/').next().unwrap().to_owned()
}

unsafe extern "C" fn insert_media(path: *const c_char, mode: c_int) -> c_int {
    note(format!("InsertMedia {} {mode}", text(path)));
    1
}
unsafe extern "C" fn cursor(project: Thing) -> f64 {
    assert_eq!(project.addr(), PROJECT);
    7.5
}
unsafe extern "C" fn set_cursor(_: Thing, at: f64, view: bool, play: bool) {
    note(format!("cursor {at} {view} {play}"));
}
unsafe extern "C" fn selection(_: Thing, set: bool, is_loop: bool, from: *mut f64, to: *mut f64, _: bool) {
    assert!(!set && !is_loop);
    let (start, end) = SELECTION.with_borrow(|selection| *selection);
    // SAFETY: the caller passes places.
    unsafe { from.write(start) };
    // SAFETY: as above.
    unsafe { to.write(end) };
}
unsafe extern "C" fn add_item(track: Thing) -> Thing {
    assert_eq!(track.addr(), TRACK);
    thing(ITEM)
}
unsafe extern "C" fn add_take(item: Thing) -> Thing {
    assert_eq!(item.addr(), ITEM);
    thing(TAKE)
}
unsafe extern "C" fn open_source(path: *const c_char) -> Thing {
    note(format!("open {}", text(path)));
    thing(SOURCE)
}
unsafe extern "C" fn set_source(take: Thing, source: Thing) -> bool {
    (take.addr(), source.addr()) == (TAKE, SOURCE)
}
unsafe extern "C" fn source_length(_: Thing, _: *mut bool) -> f64 {
    2.0
}
unsafe extern "C" fn set_item_value(item: Thing, name: *const c_char, value: f64) -> bool {
    assert_eq!(item.addr(), ITEM);
    note(format!("{} {value}", text(name)));
    true
}
unsafe extern "C" fn take_text(_: Thing, name: *const c_char, value: *mut c_char, set: bool) -> bool {
    note(format!("{} {} {set}", text(name), text(value)));
    true
}
unsafe extern "C" fn begin_undo(_: Thing) {
    note("begin".into());
}
unsafe extern "C" fn end_undo(_: Thing, _: *const c_char, flags: c_int) {
    note(format!("end {flags}"));
}
unsafe extern "C" fn update() {
    note("update".into());
}
unsafe extern "C" fn command(number: c_int, _: c_int) {
    note(format!("command {number}"));
}

/// A REAPER that has all functions but those `without`.
fn reaper(without: &[&CStr], track: usize) -> Reaper {
    let find = |name: &CStr| -> *mut c_void {
        if without.contains(&name) {
            return null_mut();
        }
        match name.to_str().unwrap() {
            "InsertMedia" => insert_media as *mut c_void,
            "GetCursorPositionEx" => cursor as *mut c_void,
            "SetEditCurPos2" => set_cursor as *mut c_void,
            "GetSet_LoopTimeRange2" => selection as *mut c_void,
            "AddMediaItemToTrack" => add_item as *mut c_void,
            "AddTakeToMediaItem" => add_take as *mut c_void,
            "PCM_Source_CreateFromFile" => open_source as *mut c_void,
            "SetMediaItemTake_Source" => set_source as *mut c_void,
            "GetMediaSourceLength" => source_length as *mut c_void,
            "SetMediaItemInfo_Value" => set_item_value as *mut c_void,
            "GetSetMediaItemTakeInfo_String" => take_text as *mut c_void,
            "Undo_BeginBlock2" => begin_undo as *mut c_void,
            "Undo_EndBlock2" => end_undo as *mut c_void,
            "UpdateArrange" => update as *mut c_void,
            "Main_OnCommand" => command as *mut c_void,
            other => panic!("REAPER has no {other}"),
        }
    };
    // SAFETY: the functions above have the types of REAPER's.
    let functions = unsafe { Functions::find(find) };
    let around = move |what| match what {
        Around::Project => thing(PROJECT),
        Around::Track => thing(track),
    };
    Reaper { functions, around: Box::new(around) }
}

fn files(folder: &Path, count: usize) -> Files {
    let write = |index: usize| -> PathBuf {
        let path = folder.join(format!("{index} é.wav"));
        std::fs::write(&path, b"x").unwrap();
        path
    };
    Files::new((0..count).map(write).collect()).unwrap()
}

/// What REAPER was asked for when `count` files were put there.
fn calls(reaper: &Reaper, count: usize, place: Place) -> Result<Vec<String>, Failure> {
    let folder = tempfile::tempdir().unwrap();
    CALLS.take();
    reaper.insert(&files(folder.path(), count), place)?;
    Ok(CALLS.take())
}

#[test]
fn drag_out_reaper_gets_items_on_the_plugins_track_in_one_undo_step() {
    let expected = [
        "begin",
        "open 0 é.wav",
        "D_POSITION 7.5",
        "D_LENGTH 2",
        "B_LOOPSRC 0",
        "P_NAME 0 é.wav true",
        "open 1 é.wav",
        "D_POSITION 9.5",
        "D_LENGTH 2",
        "B_LOOPSRC 0",
        "P_NAME 1 é.wav true",
        "command 40047",
        "end -1",
        "update",
    ];
    assert_eq!(calls(&reaper(&[], TRACK), 2, Place::Cursor).unwrap(), expected);
}

#[test]
fn drag_out_reaper_a_time_selection_cuts_what_is_longer() {
    SELECTION.set((3.0, 4.5));
    let calls = calls(&reaper(&[c"GetSetMediaItemTakeInfo_String"], TRACK), 2, Place::TimeSelection).unwrap();
    // The second file has no room any more.
    assert_eq!(calls[1..5], ["open 0 é.wav", "D_POSITION 3", "D_LENGTH 1.5", "B_LOOPSRC 0"]);
    assert_eq!(calls.iter().filter(|call| call.starts_with("open")).count(), 1);
}

#[test]
fn drag_out_reaper_without_a_time_selection_is_told() {
    SELECTION.set((3.0, 3.0));
    let failure = calls(&reaper(&[], TRACK), 1, Place::TimeSelection).unwrap_err();
    assert!(failure.text.contains("no time selection"), "{failure}");
    assert!(CALLS.take().is_empty(), "nothing was touched");
}

#[test]
fn drag_out_reaper_inserts_by_itself_where_functions_or_the_track_are_missing() {
    for (without, track) in [(&[c"AddTakeToMediaItem"][..], TRACK), (&[][..], 0)] {
        let reaper = reaper(without, track);
        assert!(reaper.offers(Place::Cursor) && reaper.offers(Place::TimeSelection));
        let calls_at_cursor = calls(&reaper, 1, Place::Cursor).unwrap();
        assert_eq!(calls_at_cursor, ["begin", "InsertMedia 0 é.wav 0", "end -1", "update"]);
        SELECTION.set((3.0, 5.0));
        let in_selection = calls(&reaper, 1, Place::TimeSelection).unwrap();
        assert_eq!(in_selection[1..3], ["cursor 3 false false", "InsertMedia 0 é.wav 0"]);
    }
}

#[test]
fn drag_out_reaper_each_function_is_looked_for() {
    let nothing = Reaper { functions: Functions::default(), around: Box::new(|_| null_mut()) };
    assert!(!nothing.offers(Place::Cursor) && !nothing.offers(Place::TimeSelection));
    assert!(calls(&nothing, 1, Place::Cursor).is_err());
    let old = reaper(&[c"GetSet_LoopTimeRange2"], TRACK);
    assert!(old.offers(Place::Cursor) && !old.offers(Place::TimeSelection));
    let no_cursor = reaper(&[c"InsertMedia", c"GetCursorPositionEx"], TRACK);
    assert!(!no_cursor.offers(Place::Cursor) && no_cursor.offers(Place::TimeSelection));
}
