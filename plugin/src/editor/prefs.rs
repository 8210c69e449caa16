//! How the user has arranged the window, for all projects: zoom, borders, tabs. In a file of its own beside the settings,
//! read and written by [`Background`](super::background::Background) alone.

use super::lane::Division;
use super::layout::Splits;
use serde::{Deserialize, Serialize};
use std::path::Path;
use straightshot_takes::write_whole;

/// Name of the file in the data folder.
const FILE: &str = "window.json";
/// Smallest and largest zoom.
const ZOOM: std::ops::RangeInclusive<f32> = 0.75..=2.0;

/// What is remembered of the window. A file that cannot be read counts as none.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Prefs {
    /// How many times as large as usual everything is.
    pub(super) zoom: f32,
    /// Where the borders between panels are.
    pub(super) splits: Splits,
    /// The tab below the waveform.
    pub(super) work: usize,
    /// The tab of the right column.
    pub(super) list: usize,
    /// What hits and curves snap to.
    pub(super) snap: Option<Division>,
}

impl Default for Prefs {
    fn default() -> Self {
        Self { zoom: 1.0, splits: Splits::default(), work: 0, list: 0, snap: None }
    }
}

impl Prefs {
    /// What is remembered in the folder `data`.
    pub(super) fn read(data: &Path) -> Self {
        let text = std::fs::read_to_string(data.join(FILE)).unwrap_or_default();
        let read: Self = serde_json::from_str(&text).unwrap_or_default();
        let zoom = if read.zoom.is_finite() { read.zoom.clamp(*ZOOM.start(), *ZOOM.end()) } else { 1.0 };
        Self { zoom, ..read }
    }

    /// Remembers this. A disk that takes no file is told of where sounds are kept; a zoom is not worth a message.
    pub(super) fn write(&self, data: &Path) {
        if let Ok(text) = serde_json::to_string_pretty(self) {
            let _ = write_whole(&data.join(FILE), text.as_bytes());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_arrangement_survives_and_a_broken_file_is_none() {
        let folder = tempfile::tempdir().expect("a folder for the test");
        assert_eq!(Prefs::read(folder.path()), Prefs::default());
        let splits = Splits { left: Some(300.0), ..Splits::default() };
        let prefs = Prefs { zoom: 1.5, splits, work: 2, list: 1, snap: Some(Division::Eighth) };
        prefs.write(folder.path());
        assert_eq!(Prefs::read(folder.path()), prefs);
        for (text, zoom) in [("{\"zoom\": 99.0}", 2.0), ("{\"zoom\": 0.0}", 0.75), ("nonsense", 1.0)] {
            std::fs::write(folder.path().join(FILE), text).expect("the folder is there");
            assert!((Prefs::read(folder.path()).zoom - zoom).abs() < 1e-6, "{text}");
        }
    }
}
