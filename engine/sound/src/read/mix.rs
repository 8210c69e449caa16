//! All channels to one, here and nowhere else.
//!
//! Surround is mixed as ITU-R BS.775 says (1/0 from 3/2: front 0.707, centre 1, surround 0.5, no effects channel), scaled
//! so that stereo gives the mean of its sides. Of ambisonics the first channel alone is the sound from everywhere; the
//! others only say from where, and cancel it.

use super::format::order;
use symphonia::core::audio::{ChannelLabel, Channels, Position};

/// A mix with less power than this share of its loudest channel has cancelled itself out.
const CANCELLED: f64 = 0.05;
/// A channel below this share of the power of the other one is silent.
const SILENT: f64 = 1e-6;
const SIDE: f32 = 0.5;
const CENTRE: f32 = std::f32::consts::FRAC_1_SQRT_2;
const SURROUND: f32 = 0.5 * std::f32::consts::FRAC_1_SQRT_2;

/// The mix of interleaved `samples`.
pub(super) fn mono(samples: &[f32], channels: &Channels, notes: &mut Vec<String>) -> Vec<f32> {
    let count = channels.count().max(1);
    if count == 1 {
        return samples.to_vec();
    }
    let one = |channel: usize| -> Vec<f32> { samples.iter().skip(channel).step_by(count).copied().collect() };
    if is_ambisonic(channels) {
        notes.push(format!("{count} channels taken as ambisonics: W, the first, alone"));
        return one(0);
    }
    let powers: Vec<f64> = (0..count)
        .map(|channel| samples.iter().skip(channel).step_by(count).map(|x| f64::from(*x).powi(2)).sum())
        .collect();
    let (loudest, most) =
        powers.iter().copied().enumerate().fold((0, 0.0), |a, b| if b.1 > a.1 { b } else { a });
    if count == 2 && most > 0.0 && powers[1 - loudest] < SILENT * most {
        notes.push(format!("its {} channel is silent: the other alone", ["left", "right"][1 - loudest]));
        return one(loudest);
    }
    let weights = weights(channels);
    let mixed: Vec<f32> = samples
        .chunks_exact(count)
        .map(|frame| frame.iter().zip(&weights).map(|(x, w)| x * w).sum())
        .collect();
    let power: f64 = mixed.iter().map(|x| f64::from(*x).powi(2)).sum();
    if power < CANCELLED * most {
        notes.push(format!(
            "its {count} channels cancel each other: the loudest, number {}, alone",
            loudest + 1
        ));
        return one(loudest);
    }
    mixed
}

/// Whether the channels say where sound comes from, not which speaker it is for. Four, nine and more squares of channels
/// without speakers are taken for it: a mix of them would be wrong, the first of four microphones is not.
fn is_ambisonic(channels: &Channels) -> bool {
    match channels {
        Channels::Ambisonic(_) => true,
        Channels::Discrete(count) => order(*count).is_some(),
        Channels::Custom(labels) => {
            labels.iter().any(|l| matches!(l, ChannelLabel::Ambisonic(_) | ChannelLabel::AmbisonicBFormat(_)))
        }
        _ => false,
    }
}

/// How much of each channel is in the mix.
fn weights(channels: &Channels) -> Vec<f32> {
    let count = channels.count();
    let even = || vec![1.0 / count as f32; count];
    match channels {
        Channels::Positioned(speakers) => speakers.iter().map(weight).collect(),
        Channels::Custom(labels) => labels
            .iter()
            .map(|label| match label {
                ChannelLabel::Positioned(speaker) => weight(*speaker),
                _ => 1.0 / count as f32,
            })
            .collect(),
        // Without a mask the order of WAVE is all there is to go by.
        Channels::Discrete(3 | 5 | 6 | 7 | 8) => {
            usual(count).iter().map(|speaker| weight(*speaker)).collect()
        }
        _ => even(),
    }
}

/// Which speakers so many channels are for, in the order of files.
fn usual(count: usize) -> &'static [Position] {
    const LFE: Position = Position::LFE1;
    const L: Position = Position::FRONT_LEFT;
    const R: Position = Position::FRONT_RIGHT;
    const C: Position = Position::FRONT_CENTER;
    const S: Position = Position::SIDE_LEFT;
    match count {
        3 => &[L, R, C],
        5 => &[L, R, C, S, S],
        6 => &[L, R, C, LFE, S, S],
        7 => &[L, R, C, LFE, S, S, S],
        _ => &[L, R, C, LFE, S, S, S, S],
    }
}

fn weight(speaker: Position) -> f32 {
    let any = |of: Position| of.contains(speaker);
    if any(Position::FRONT_CENTER) {
        CENTRE
    } else if any(Position::LFE1 | Position::LFE2) {
        0.0
    } else if any(Position::FRONT_LEFT | Position::FRONT_RIGHT | Position::FRONT_LEFT_CENTER)
        || any(Position::FRONT_RIGHT_CENTER | Position::FRONT_LEFT_WIDE | Position::FRONT_RIGHT_WIDE)
    {
        SIDE
    } else {
        SURROUND
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mixed(frame: &[f32], channels: Channels) -> (f32, Vec<String>) {
        let mut notes = Vec::new();
        let samples = mono(&frame.repeat(4), &channels, &mut notes);
        assert_eq!(samples.len(), 4);
        (samples[0], notes)
    }

    #[test]
    fn speakers_have_the_weights_of_the_standard() {
        let surround = Channels::Positioned(
            Position::FRONT_LEFT
                | Position::FRONT_RIGHT
                | Position::FRONT_CENTER
                | Position::LFE1
                | Position::REAR_LEFT
                | Position::REAR_RIGHT,
        );
        for channels in [surround, Channels::Discrete(6)] {
            for (frame, wanted) in [
                ([1.0, 1.0, 0.0, 0.0, 0.0, 0.0], 1.0),
                ([0.0, 0.0, 1.0, 0.0, 0.0, 0.0], CENTRE),
                ([0.0, 0.0, 0.0, 0.0, 1.0, 1.0], 2.0 * SURROUND),
                ([0.5, 0.0, 0.5, 1.0, 0.0, 0.0], 0.5 * (SIDE + CENTRE)),
            ] {
                let (sample, notes) = mixed(&frame, channels.clone());
                assert!((sample - wanted).abs() < 1e-6 && notes.is_empty(), "{frame:?}: {sample} {notes:?}");
            }
        }
        let stereo = Channels::Positioned(Position::FRONT_LEFT | Position::FRONT_RIGHT);
        assert_eq!(mixed(&[0.5, 0.25], stereo).0, 0.375);
        assert_eq!(mixed(&[0.5, 0.25], Channels::Discrete(2)).0, 0.375);
    }

    #[test]
    fn what_cancels_is_one_channel_and_says_so() {
        let (sample, notes) = mixed(&[0.5, -0.4], Channels::Discrete(2));
        assert!(sample == 0.5 && notes[0].contains("cancel"), "{notes:?}");
        let (sample, notes) = mixed(&[0.0, -0.4], Channels::Discrete(2));
        assert!(sample == -0.4 && notes[0].contains("left channel is silent"), "{notes:?}");
        // Only the effects channel sounds.
        let (sample, notes) = mixed(&[0.0, 0.0, 0.0, 0.7, 0.0, 0.0], Channels::Discrete(6));
        assert!(sample == 0.7 && notes.len() == 1, "{notes:?}");
        assert_eq!(mixed(&[0.0, 0.0], Channels::Discrete(2)), (0.0, vec![]));
    }

    #[test]
    fn of_ambisonics_w_alone_is_heard() {
        for channels in [Channels::Discrete(4), Channels::Ambisonic(1)] {
            let (sample, notes) = mixed(&[0.5, 0.1, 0.0, -0.5], channels);
            assert!(sample == 0.5 && notes[0].contains("ambisonics"), "{notes:?}");
        }
        // Four speakers are four speakers.
        let quad = Position::FRONT_LEFT | Position::FRONT_RIGHT | Position::REAR_LEFT | Position::REAR_RIGHT;
        assert_eq!(mixed(&[0.5, 0.5, 0.0, 0.0], Channels::Positioned(quad)).0, 0.5);
    }
}
