//! Where the sounds of all voices are added up.

use crate::smooth::Ramp;
use std::ops::Range;

/// The samples of one block, or of a part of one, that voices add to.
///
/// One channel serves two outputs that are to sound the same: what is mono is computed once and copied at the end.
#[derive(Debug)]
pub(crate) enum Mix<'a> {
    /// One channel.
    One(&'a mut [f32]),
    /// Left and right, equally long.
    Two(&'a mut [f32], &'a mut [f32]),
}

impl Mix<'_> {
    /// Length in frames.
    ///
    /// # Real-time safety
    /// Constant time.
    pub(crate) fn frames(&self) -> usize {
        match self {
            Self::One(out) => out.len(),
            Self::Two(left, right) => left.len().min(right.len()),
        }
    }

    /// Sets everything to zero; what is in the host's buffers is whatever was computed there before.
    ///
    /// # Real-time safety
    /// No allocation; time is linear in the block.
    pub(crate) fn clear(&mut self) {
        match self {
            Self::One(out) => out.fill(0.0),
            Self::Two(left, right) => {
                left.fill(0.0);
                right.fill(0.0);
            }
        }
    }

    /// The part from one sample to another; nothing, if they are not in the block.
    ///
    /// # Real-time safety
    /// Constant time.
    pub(crate) fn part(&mut self, range: Range<usize>) -> Mix<'_> {
        match self {
            Self::One(out) => Mix::One(out.get_mut(range).unwrap_or_default()),
            Self::Two(left, right) => Mix::Two(
                left.get_mut(range.clone()).unwrap_or_default(),
                right.get_mut(range).unwrap_or_default(),
            ),
        }
    }

    /// Multiplies by the next values of `gain`, the same for both channels; returns the peaks of left and right.
    ///
    /// # Real-time safety
    /// No allocation; time is linear in the block.
    pub(crate) fn amplify(&mut self, gain: &mut Ramp) -> [f32; 2] {
        let mut peaks = [0.0_f32; 2];
        match self {
            Self::One(out) => {
                let mut peak = 0.0_f32;
                for sample in out.iter_mut() {
                    *sample *= gain.next();
                    peak = peak.max(sample.abs());
                }
                peaks = [peak; 2];
            }
            Self::Two(left, right) => {
                for (left, right) in left.iter_mut().zip(right.iter_mut()) {
                    let gain = gain.next();
                    *left *= gain;
                    *right *= gain;
                    peaks = [peaks[0].max(left.abs()), peaks[1].max(right.abs())];
                }
            }
        }
        peaks
    }
}
