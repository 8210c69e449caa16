//! What ends with the window. The framework does not tell when a window closes, so a guard lies in egui's memory of the
//! window and goes with it.

use crate::editor::link::EditorLink;
use egui::{Context, Id};
use std::sync::Arc;

/// Lets a comparison in the window of `ctx` end with it: what notes and the transport play is then the active take at its own
/// level again, and no bounce is of something that nobody sees.
pub(super) fn ends_with_window(ctx: &Context, link: EditorLink) {
    let guard = Arc::new(Guard(link));
    ctx.data_mut(|data| data.insert_temp(Id::unique("straightshot closing"), guard));
}

/// What lies in egui's memory of a window.
struct Guard(EditorLink);

impl Drop for Guard {
    fn drop(&mut self) {
        self.0.hear_instead(None);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::editor::link::SoundId;
    use crate::shared::Shared;
    use crate::worker::Worker;
    use crate::worker::models::ModelCache;
    use straightshot_takes::TakeId;

    #[test]
    fn ab_compare_ends_with_the_window() {
        let shared = Arc::new(Shared::new(Arc::default()));
        let link = EditorLink::new(shared.clone(), Arc::new(Worker::new(shared, ModelCache::process())));
        let ctx = Context::default();
        ends_with_window(&ctx, link.clone());
        let instead = Some((SoundId::of(TakeId(1)), 0.5));
        link.hear_instead(instead);
        assert_eq!(link.view().instead, instead);
        drop(ctx);
        assert_eq!(link.view().instead, None);
    }
}
