//! Takes to files.

use super::Outgoing;
use crate::shared::Shared;
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use straightshot_delivery::{About, Host, Settings, Sound, deliver};
use straightshot_drag::Files;
use straightshot_protocol::{Audio, ErrorKind, Failure};
use straightshot_takes::{Take, data_folder};

/// Writes what goes out into the user's folder, each take as a file of its own, complete and on the disk when this returns.
/// Waits for sounds to be read and for the disk.
///
/// # Errors
/// If a take is gone or cannot be read or written; the files that were written stay.
pub fn write(shared: &Shared, outgoing: &Outgoing, given_up: &AtomicBool) -> Result<Files, Failure> {
    let settings = data_folder().map(|data| Settings::read(&data)).unwrap_or_default();
    let host = Host { rate_hz: shared.outlet.sample_rate_hz(), position_s: None };
    let mut files = Vec::new();
    for id in &outgoing.takes {
        if given_up.load(Ordering::Acquire) {
            return Err(Failure::new(ErrorKind::Cancelled, "The sound was not handed over."));
        }
        let take = shared.session.lock().take(*id).cloned();
        let take = take.ok_or_else(|| Failure::new(ErrorKind::InvalidRequest, "This take is gone."))?;
        let sound = sound(shared, &take, outgoing.range_s.as_ref())?;
        files.push(deliver(&sound, &settings, &host)?.path);
    }
    Files::new(files)
}

/// A take as it is heard, or a part of it.
fn sound(shared: &Shared, take: &Arc<Take>, range_s: Option<&Range<f64>>) -> Result<Sound, Failure> {
    let heard = shared.keeper.heard_of(take)?;
    let about = About {
        title: named_by_user(take),
        request: take.request.clone(),
        category: None,
        take: Some(take.id.0),
        notes: take.notes.clone(),
        edited: range_s.is_some() || !take.edit.is_none(),
    };
    match range_s {
        None => Ok(Sound { audio: heard.audio.clone(), loop_frames: heard.loop_frames.clone(), about }),
        // A part of a loop is no loop.
        Some(range_s) => Ok(Sound { audio: cut(&heard.audio, range_s)?, loop_frames: None, about }),
    }
}

/// The name of a take if the user gave it one; else the prompt is it.
fn named_by_user(take: &Take) -> String {
    if take.name == straightshot_takes::default_name(&take.request) {
        String::new()
    } else {
        take.name.clone()
    }
}

/// The frames of `range_s` seconds; at least one.
fn cut(audio: &Audio, range_s: &Range<f64>) -> Result<Audio, Failure> {
    let rate = f64::from(audio.sample_rate_hz());
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a float is cut off at the ends"
    )]
    let frame = |seconds: f64| ((seconds * rate).round() as usize).min(audio.frames());
    let from = frame(range_s.start).min(audio.frames().saturating_sub(1));
    let to = frame(range_s.end).max(from + 1).min(audio.frames());
    let channels = audio.channels().map(|channel| channel.get(from..to).unwrap_or_default().to_vec());
    Audio::from_channels(audio.sample_rate_hz(), channels.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn drag_out_a_part_is_cut_to_the_sample() {
        let samples: Vec<f32> = (0..1000_u16).map(f32::from).collect();
        let audio = Audio::stereo(100, samples.clone(), samples).unwrap();
        let part = cut(&audio, &(1.5..2.25)).unwrap();
        assert_eq!((part.left()[0], part.frames(), part.channel_count()), (150.0, 75, 2));
        // What a hand may select at the ends.
        assert_eq!(cut(&audio, &(-1.0..0.1)).unwrap().frames(), 10);
        assert_eq!(cut(&audio, &(9.9..50.0)).unwrap().frames(), 10);
        assert_eq!(cut(&audio, &(20.0..50.0)).unwrap().frames(), 1);
        assert_eq!(cut(&audio, &(3.0..3.0)).unwrap().frames(), 1);
    }
}
