//! [measure thread] Listens to versions of takes: how loud they are, how far from the finest.

use super::Message;
use crate::measured::Loud;
use crossbeam_channel::Sender;
use std::io;
use std::thread::{Builder, JoinHandle};
use straightshot_edits::{Edit, loudness, render};
use straightshot_listening::{Spectrum, distance_db};
use straightshot_protocol::{Audio, ContentHash};
use straightshot_takes::{Take, VersionOfTake};

/// What one channel gains by being played on both loudspeakers, which the meter counts as one: without it a sound of one channel
/// would be that much too loud beside one of two.
const ONE_CHANNEL_LU: f32 = 3.01;

/// What was heard.
pub(super) struct Listened {
    pub(super) edit: Edit,
    pub(super) loudness: Vec<(ContentHash, Loud)>,
    /// The finest sound, another one, and how far they are apart in dB if that can be said.
    pub(super) distances: Vec<(ContentHash, ContentHash, Option<f32>)>,
}

/// What is to be listened to of a take.
pub(super) struct Sounds {
    versions: Vec<VersionOfTake>,
    edit: Edit,
}

/// The versions of `take` that can be listened to now.
pub(super) fn sounds(take: &Take) -> Sounds {
    let is_there = |version: &VersionOfTake| version.sound.is_some() && !version.audio.is_empty();
    Sounds { versions: take.all_versions().into_iter().filter(is_there).collect(), edit: take.edit.clone() }
}

/// Listens to the versions of each take; the result goes to `inbox`.
///
/// # Errors
/// If the system refuses the thread.
pub(super) fn begin(takes: Vec<Sounds>, inbox: Sender<Message>) -> io::Result<JoinHandle<()>> {
    Builder::new().name("straightshot-listen".to_owned()).spawn(move || {
        for sounds in takes {
            // Nobody listens any more if the instance is being removed.
            let _ = inbox.send(Message::Listened(Box::new(listen(sounds))));
        }
        let _ = inbox.send(Message::AllListened);
    })
}

fn listen(Sounds { versions, edit }: Sounds) -> Listened {
    let known = |version: &VersionOfTake| Some((version.sound?, version.audio.clone()));
    let sounds: Vec<(ContentHash, Audio)> = versions.iter().filter_map(known).collect();
    let loudness = sounds.iter().map(|(sound, audio)| (*sound, loud(audio, &edit))).collect();
    let mut spectra: Vec<_> = sounds.iter().map(|(sound, audio)| (*sound, Spectrum::of(audio))).collect();
    let finest = spectra.pop();
    let distances = finest.iter().flat_map(|(finest, of_finest)| {
        spectra.iter().map(move |(sound, spectrum)| (*finest, *sound, distance_db(of_finest, spectrum)))
    });
    let distances = distances.collect();
    Listened { edit, loudness, distances }
}

/// How loud a version is as it is heard, with the edit of its take.
#[expect(
    clippy::cast_possible_truncation,
    reason = "levels and a length in seconds need no more than an f32"
)]
fn loud(audio: &Audio, edit: &Edit) -> Loud {
    // One that cannot be rendered is not heard either.
    let edited = if *edit == Edit::default() { None } else { render(audio, edit).ok() };
    let heard = edited.as_ref().map_or(audio, |edited| &edited.audio);
    let loudness = loudness(heard);
    let speakers = if heard.channel_count() == 1 { ONE_CHANNEL_LU } else { 0.0 };
    Loud {
        momentary_lufs: loudness.max_momentary_lufs as f32 + speakers,
        integrated_lufs: loudness.integrated_lufs as f32 + speakers,
        seconds: heard.seconds() as f32,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_channel_is_as_loud_as_the_same_on_both() {
        let tone: Vec<f32> = (0..88_200).map(|i| 0.3 * (0.1 * i as f32).sin()).collect();
        let [mono, both] = [
            Audio::mono(44_100, tone.clone()),
            Audio::stereo(44_100, tone.clone(), tone).expect("equally long"),
        ]
        .map(|audio| loud(&audio, &Edit::default()));
        assert!((mono.momentary_lufs - both.momentary_lufs).abs() < 0.01, "{mono:?} {both:?}");
        assert!((mono.integrated_lufs - both.integrated_lufs).abs() < 0.01, "{mono:?} {both:?}");
    }
}
