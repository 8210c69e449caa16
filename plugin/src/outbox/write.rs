//! Takes to files.

use super::Outgoing;
use crate::outbox::Piece;
use crate::shared::Shared;
use std::ops::Range;
use std::sync::atomic::{AtomicBool, Ordering};
use straightshot_delivery::deliver;
use straightshot_drag::Files;
use straightshot_protocol::{Audio, ErrorKind, Failure};

/// Writes what goes out into the user's folder, each take as a file of its own, complete and on the disk when this returns.
/// Waits for sounds to be read and for the disk.
///
/// # Errors
/// If a take is gone or cannot be read or written; the files that were written stay.
pub fn write(shared: &Shared, outgoing: &Outgoing, given_up: &AtomicBool) -> Result<Files, Failure> {
    let how = shared.outbox.outgoing();
    let mut files = Vec::new();
    for id in &outgoing.takes {
        if given_up.load(Ordering::Acquire) {
            return Err(Failure::new(ErrorKind::Cancelled, "The sound was not handed over."));
        }
        let take = shared.session.lock().take(*id).cloned();
        let take = take.ok_or_else(|| Failure::new(ErrorKind::InvalidRequest, "This take is gone."))?;
        let heard = shared.keeper.heard_of(&take)?;
        let range = outgoing.range_s.as_ref().map(|range_s| frames(&heard.audio, range_s));
        let sound = Piece { take, range }.sound_of(heard.as_ref().clone())?;
        files.push(deliver(&sound, &how.settings, &how.host)?.path);
    }
    Files::new(files)
}

/// The frames of `range_s` seconds; at least one.
fn frames(audio: &Audio, range_s: &Range<f64>) -> Range<usize> {
    let rate = f64::from(audio.sample_rate_hz());
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a float is cut off at the ends"
    )]
    let frame = |seconds: f64| ((seconds * rate).round() as usize).min(audio.frames());
    let from = frame(range_s.start).min(audio.frames().saturating_sub(1));
    from..frame(range_s.end).max(from + 1).min(audio.frames())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn drag_out_a_part_is_cut_to_the_sample() {
        let audio = Audio::mono(100, vec![0.0; 1000]);
        assert_eq!(frames(&audio, &(1.5..2.25)), 150..225);
        // What a hand may select at the ends.
        assert_eq!(frames(&audio, &(-1.0..0.1)), 0..10);
        assert_eq!(frames(&audio, &(9.9..50.0)), 990..1000);
        assert_eq!(frames(&audio, &(20.0..50.0)), 999..1000);
        assert_eq!(frames(&audio, &(3.0..3.0)), 300..301);
    }
}
