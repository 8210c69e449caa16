//! Files that are dragged over the window and dropped into it, as egui knows them.

use baseview::{DropData, DropEffect, EventStatus, MouseEvent};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A file by its path.
#[derive(Debug)]
struct Dropped(PathBuf);

impl egui::DroppedFile for Dropped {
    fn path(&self) -> &Path {
        &self.0
    }

    fn bytes(&self) -> Result<Vec<u8>, String> {
        std::fs::read(&self.0).map_err(|e| e.to_string())
    }
}

/// Takes what `event` says of files into `input`; `None` if it says nothing.
pub(crate) fn take(event: &MouseEvent, input: &mut egui::RawInput) -> Option<EventStatus> {
    let files = |data: &DropData| match data {
        DropData::Files(paths) => paths.clone(),
        _ => Vec::new(),
    };
    match event {
        MouseEvent::DragEntered { data, .. } | MouseEvent::DragMoved { data, .. } => {
            let hovered = files(data).into_iter();
            input.hovered_files =
                hovered.map(|path| egui::HoveredFile { path: Some(path), ..Default::default() }).collect();
            if input.hovered_files.is_empty() {
                return Some(EventStatus::Ignored);
            }
        }
        MouseEvent::DragLeft => input.hovered_files.clear(),
        MouseEvent::DragDropped { data, .. } => {
            input.hovered_files.clear();
            let dropped = files(data).into_iter();
            let handle = |path| Arc::new(Dropped(path)) as egui::DroppedFileHandle;
            input.dropped_files.extend(dropped.map(handle));
        }
        _ => return None,
    }
    Some(EventStatus::AcceptDrop(DropEffect::Copy))
}
