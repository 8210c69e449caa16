//! REAPER's functions, each looked up by its name.
//!
//! Names and arguments are those of REAPER's extension interface (`reaper_plugin_functions.h`); what is not there is `None`.

use std::ffi::{CStr, c_char, c_int, c_void};

/// Something of REAPER's: a project, track, item, take or source.
pub(super) type Thing = *mut c_void;

/// Declares a structure of optional functions and how it is filled from a look-up.
macro_rules! functions {
    ($($field:ident = $name:literal: fn($($argument:ty),*) $(-> $result:ty)?;)*) => {
        /// What of REAPER's interface is there.
        #[derive(Clone, Copy, Default)]
        pub(super) struct Functions {
            $(pub(super) $field: Option<unsafe extern "C" fn($($argument),*) $(-> $result)?>,)*
        }

        impl Functions {
            /// Looks all of them up.
            ///
            /// # Safety
            /// `find` returns null or a function of REAPER's interface of that name.
            pub(super) unsafe fn find(find: impl Fn(&CStr) -> *mut c_void) -> Self {
                // SAFETY: by this function's contract the pointer is null, which is `None`, or a function of this type.
                Self { $($field: unsafe {
                    std::mem::transmute::<*mut c_void, Option<unsafe extern "C" fn($($argument),*) $(-> $result)?>>(
                        find($name),
                    )
                },)* }
            }
        }
    };
}

functions! {
    insert_media = c"InsertMedia": fn(*const c_char, c_int) -> c_int;
    cursor = c"GetCursorPositionEx": fn(Thing) -> f64;
    set_cursor = c"SetEditCurPos2": fn(Thing, f64, bool, bool);
    time_selection = c"GetSet_LoopTimeRange2": fn(Thing, bool, bool, *mut f64, *mut f64, bool);
    add_item = c"AddMediaItemToTrack": fn(Thing) -> Thing;
    add_take = c"AddTakeToMediaItem": fn(Thing) -> Thing;
    open_source = c"PCM_Source_CreateFromFile": fn(*const c_char) -> Thing;
    set_source = c"SetMediaItemTake_Source": fn(Thing, Thing) -> bool;
    source_length = c"GetMediaSourceLength": fn(Thing, *mut bool) -> f64;
    set_item_value = c"SetMediaItemInfo_Value": fn(Thing, *const c_char, f64) -> bool;
    take_text = c"GetSetMediaItemTakeInfo_String": fn(Thing, *const c_char, *mut c_char, bool) -> bool;
    begin_undo = c"Undo_BeginBlock2": fn(Thing);
    end_undo = c"Undo_EndBlock2": fn(Thing, *const c_char, c_int);
    update = c"UpdateArrange": fn();
    command = c"Main_OnCommand": fn(c_int, c_int);
}

/// What puts an item on a given track.
#[derive(Clone, Copy)]
pub(super) struct Exact {
    pub(super) add_item: unsafe extern "C" fn(Thing) -> Thing,
    pub(super) add_take: unsafe extern "C" fn(Thing) -> Thing,
    pub(super) open_source: unsafe extern "C" fn(*const c_char) -> Thing,
    pub(super) set_source: unsafe extern "C" fn(Thing, Thing) -> bool,
    pub(super) source_length: unsafe extern "C" fn(Thing, *mut bool) -> f64,
    pub(super) set_item_value: unsafe extern "C" fn(Thing, *const c_char, f64) -> bool,
}

impl Functions {
    /// The functions for a given track, if all of them are there.
    pub(super) fn exact(&self) -> Option<Exact> {
        Some(Exact {
            add_item: self.add_item?,
            add_take: self.add_take?,
            open_source: self.open_source?,
            set_source: self.set_source?,
            source_length: self.source_length?,
            set_item_value: self.set_item_value?,
        })
    }
}
