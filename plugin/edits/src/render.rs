//! From an edit to a sound.

use super::edit::Edit;
use super::timeline::Timeline;
use super::{fade, level, looping, speed};
use std::ops::Range;
use straightshot_protocol::{Audio, Failure};
use straightshot_sound::resample;

/// An edited sound.
#[derive(Debug, Clone, PartialEq)]
pub struct Edited {
    /// What is heard.
    pub audio: Audio,
    /// The part that is repeated without a seam; `None` plays once.
    pub loop_frames: Option<Range<usize>>,
    /// What the whole was multiplied by for level, gain and ceiling, in dB.
    pub gain_db: f32,
    /// Whether more gain was asked for than there is room: the sound was turned down to full scale.
    pub held: bool,
}

impl Edited {
    /// `audio` as it is.
    #[must_use]
    pub fn unedited(audio: Audio) -> Self {
        Self { audio, loop_frames: None, gain_db: 0.0, held: false }
    }

    /// The same at another rate, with the loop's join as seamless as it was: the filter sees the loop's beginning behind
    /// its end. This is how a player or a file gets its rate.
    ///
    /// # Errors
    /// Those of the resampler.
    pub fn at_rate(&self, rate_hz: u32) -> Result<Self, Failure> {
        if rate_hz == self.audio.sample_rate_hz() {
            return Ok(self.clone());
        }
        let Some(repeated) = self.loop_frames.clone() else {
            return Ok(Self { audio: resample(&self.audio, rate_hz)?, ..self.clone() });
        };
        looping::at_rate(&self.audio, repeated, rate_hz).map(|(audio, range)| Self {
            audio,
            loop_frames: Some(range),
            ..self.clone()
        })
    }
}

/// Does to `source` what `edit` says, in the order that this crate names. Takes 5 to 30 ms per second of stereo
/// with everything on; an edit that changes nothing costs nothing.
///
/// # Errors
/// If the sound has a rate that the resampler or the loudness meter refuses.
pub fn render(source: &Audio, edit: &Edit) -> Result<Edited, Failure> {
    if edit.is_none() || source.is_empty() {
        return Ok(Edited::unedited(source.clone()));
    }
    let timeline = Timeline::new(edit, source.frames());
    let mut channels = strip(source, edit, &timeline)?;
    let looped = timeline.loop_as_heard();
    let loop_frames = looped.map(|looped| {
        let tilt_db = edit.looped.as_ref().map_or(0.0, |looped| looped.tilt_db);
        looping::close(&mut channels, looped, tilt_db)
    });
    let frames = channels.first().map_or(0, Vec::len);
    fades(&mut channels, edit, &timeline, loop_frames.as_ref().map_or(frames..frames, Clone::clone));
    let (gain, held) = gain(&channels, edit, source.sample_rate_hz())?;
    if gain != 1.0 {
        channels.iter_mut().flatten().for_each(|sample| *sample *= gain);
    }
    let audio = Audio::from_channels(source.sample_rate_hz(), channels)?;
    Ok(Edited { audio, loop_frames, gain_db: 20.0 * gain.log10(), held })
}

/// Trim, speed, direction and width: what all the rest is done to.
pub(crate) fn strip(source: &Audio, edit: &Edit, timeline: &Timeline) -> Result<Vec<Vec<f32>>, Failure> {
    let kept = edit.kept(source.frames());
    let mut channels = source
        .channels()
        .map(|channel| speed::change(channel, kept.clone(), timeline.ratio()))
        .collect::<Result<Vec<_>, _>>()?;
    if edit.reverse {
        channels.iter_mut().for_each(|channel| channel.reverse());
    }
    widen(&mut channels, edit.width_within());
    Ok(channels)
}

/// Brings the difference of two channels to `width` times what it is; of no difference one channel is left.
fn widen(channels: &mut Vec<Vec<f32>>, width: f32) {
    let [left, right] = channels.as_mut_slice() else { return };
    if width == 1.0 {
        return;
    }
    for (left, right) in left.iter_mut().zip(right.iter_mut()) {
        let (middle, side) = (0.5 * (*left + *right), 0.5 * (*left - *right));
        (*left, *right) = (middle + width * side, middle - width * side);
    }
    if width == 0.0 {
        channels.truncate(1);
    }
}

/// Fades what is outside of the loop: a loop has neither beginning nor end.
fn fades(channels: &mut [Vec<f32>], edit: &Edit, timeline: &Timeline, repeated: Range<usize>) {
    let frames = channels.first().map_or(0, Vec::len);
    let fade_in = timeline.heard_length(edit.fade_in.frames).min(repeated.start);
    let fade_out = timeline.heard_length(edit.fade_out.frames).min(frames);
    let fade_out = if repeated.is_empty() { fade_out } else { 0 };
    for channel in channels {
        fade::apply(channel, (fade_in, edit.fade_in.curve), (fade_out, edit.fade_out.curve));
    }
}

/// What the whole is multiplied by, and whether it had to be held at full scale.
fn gain(channels: &[Vec<f32>], edit: &Edit, rate_hz: u32) -> Result<(f32, bool), Failure> {
    let to_level = match edit.level {
        Some(level) => level::gain_to(level, channels, rate_hz)?,
        None => 1.0,
    };
    let wanted = to_level * 10.0_f32.powf(edit.gain_within() / 20.0);
    let peak = level::peak(channels);
    // What rounding to 24 bits would push beyond full scale is not beyond it.
    let held = peak * wanted > 1.0 + 1e-6;
    Ok((if held { peak.recip() } else { wanted }, held))
}

#[cfg(test)]
mod tests;
