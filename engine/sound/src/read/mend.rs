//! Values that no microphone made: what is no number, single spikes, a constant offset.

/// A value this far above full scale may be a spike.
const SPIKE: f32 = 2.0;
/// It is one if its neighbours are so many times smaller. Sound does not jump like this: it has no such high notes.
const TIMES: f32 = 10.0;
/// Spikes are no longer than this.
const LONGEST: usize = 2;
/// So many values on both sides are its neighbours: a sound passes zero too, but is loud again behind that.
const NEIGHBOURS: usize = 8;
/// An offset is taken out from here on (-54 dB), if it is a tenth of the sound's own level too.
const OFFSET: f64 = 0.002;

/// Takes what is no number, and spikes, out of interleaved `samples`: a line between the neighbours takes their place.
/// False if there is nothing else.
pub(super) fn mend(samples: &mut [f32], channels: usize, notes: &mut Vec<String>) -> bool {
    let lost = samples.iter().filter(|x| !x.is_finite()).count();
    if lost == samples.len() {
        return false;
    }
    if lost > 0 {
        for channel in 0..channels {
            bridge(samples, channel, channels, |samples, at| !samples[at].is_finite());
        }
        notes.push(format!("values that are no numbers taken out: {lost}"));
    }
    if samples.iter().any(|x| x.abs() > SPIKE) {
        let mut spikes = 0;
        for channel in 0..channels {
            let found: std::collections::HashSet<usize> =
                spikes_of(samples, channel, channels).into_iter().collect();
            spikes += found.len();
            bridge(samples, channel, channels, |_, at| found.contains(&at));
        }
        if spikes > 0 {
            notes.push(format!("single values far above full scale taken out: {spikes}"));
        }
    }
    true
}

/// Places of spikes in one channel.
fn spikes_of(samples: &[f32], channel: usize, channels: usize) -> Vec<usize> {
    let frames = samples.len() / channels;
    let at = |frame: usize| samples[frame * channels + channel].abs();
    let mut found = Vec::new();
    let mut frame = 0;
    while frame < frames {
        if at(frame) <= SPIKE {
            frame += 1;
            continue;
        }
        let limit = at(frame) / TIMES;
        let end = (frame..frames).find(|&f| at(f) <= limit).unwrap_or(frames);
        let quiet = |mut around: std::ops::Range<usize>| around.all(|f| at(f) <= limit);
        let apart =
            quiet(frame.saturating_sub(NEIGHBOURS)..frame) && quiet(end..frames.min(end + NEIGHBOURS));
        if end - frame <= LONGEST && apart {
            found.extend((frame..end).map(|f| f * channels + channel));
        }
        frame = end;
    }
    found
}

/// Draws lines over the places of a channel that are `bad`; at an end the neighbour goes on.
fn bridge(samples: &mut [f32], channel: usize, channels: usize, bad: impl Fn(&[f32], usize) -> bool) {
    let frames = samples.len() / channels;
    let at = |frame: usize| frame * channels + channel;
    let mut frame = 0;
    while frame < frames {
        if !bad(samples, at(frame)) {
            frame += 1;
            continue;
        }
        let end = (frame..frames).find(|&f| !bad(samples, at(f))).unwrap_or(frames);
        let after = (end < frames).then(|| samples[at(end)]);
        let before = frame.checked_sub(1).map(|f| samples[at(f)]);
        let (from, to) = (before.or(after).unwrap_or(0.0), after.or(before).unwrap_or(0.0));
        for f in frame..end {
            let part = (f + 1 - frame) as f32 / (end + 1 - frame) as f32;
            samples[at(f)] = from + part * (to - from);
        }
        frame = end;
    }
}

/// Takes a constant offset out of `samples`.
pub(super) fn centre(samples: &mut [f32], notes: &mut Vec<String>) {
    let count = samples.len().max(1) as f64;
    let mean = samples.iter().map(|x| f64::from(*x)).sum::<f64>() / count;
    let around = (samples.iter().map(|x| (f64::from(*x) - mean).powi(2)).sum::<f64>() / count).sqrt();
    if mean.abs() >= OFFSET && mean.abs() >= 0.1 * around {
        #[expect(clippy::cast_possible_truncation, reason = "a sample's f32")]
        samples.iter_mut().for_each(|x| *x -= mean as f32);
        notes.push(format!("an offset of {:.0} % of full scale taken out", 100.0 * mean));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn single_faults_are_bridged_in_their_channel_alone() {
        let mut notes = Vec::new();
        let mut samples = [0.1, 9.0, f32::NAN, 9.0, 0.3, 9.0];
        assert!(mend(&mut samples, 2, &mut notes));
        assert!((samples[2] - 0.2).abs() < 1e-6, "{samples:?}");
        assert_eq!(samples[1], 9.0, "loud throughout is loud, no spike");
        let mut samples = [0.1, 0.2, 1e5, 0.2, f32::INFINITY];
        assert!(mend(&mut samples, 1, &mut notes));
        assert_eq!(samples, [0.1, 0.2, 0.2, 0.2, 0.2]);
        assert_eq!(notes.len(), 3, "{notes:?}");
        assert!(!mend(&mut [f32::NAN; 4], 1, &mut notes));
    }

    #[test]
    fn a_loud_click_of_its_own_is_kept() {
        // A drum hit in floating point: over full scale, but it falls as sound does.
        let mut hit: Vec<f32> =
            (0..200).map(|i| 3.0 * (i as f32 * 0.8).cos() * (-(i as f32) / 30.0).exp()).collect();
        let before = hit.clone();
        assert!(mend(&mut hit, 1, &mut Vec::new()));
        assert_eq!(hit, before);
        let mut spikes = [0.5f32, 0.1].repeat(8);
        assert!(mend(&mut spikes, 1, &mut Vec::new()));
        assert_eq!(spikes, [0.5f32, 0.1].repeat(8), "below full scale nothing is a spike");
    }

    #[test]
    fn an_offset_goes_and_a_sound_stays() {
        let tone =
            |offset: f32| -> Vec<f32> { (0..1000).map(|i| offset + 0.3 * (i as f32 * 0.3).sin()).collect() };
        let (mut notes, mut off) = (Vec::new(), tone(0.25));
        centre(&mut off, &mut notes);
        assert!(
            off.iter().zip(tone(0.0)).all(|(a, b)| (a - b).abs() < 2e-3) && notes[0].contains("25 %"),
            "{notes:?}"
        );
        let mut even = tone(0.0);
        centre(&mut even, &mut notes);
        assert_eq!((even, notes.len()), (tone(0.0), 1));
    }
}
