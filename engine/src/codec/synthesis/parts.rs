//! What the bins of a frame are made of: tones and noise.

use super::super::AMPLITUDE_FLOOR;
use super::super::partials::Partials;
use super::LOG_RANGE;
use crate::nn::ops::kernels;

/// A tone is made as noise of its power where its amplitude is below this share (-3 dB) of the noise's in the same bin.
/// It is hardly heard there: above 170 Hz the ear's bands ([Glasberg and Moore,
/// 1990](https://doi.org/10.1016/0378-5955(90)90170-T)) are wider than a bin and have still more noise in them. In rain
/// that is most bins, and phases cost more than all the rest of the synthesis.
const MASKED: f32 = std::f32::consts::FRAC_1_SQRT_2;

/// A decoded spectrum, and how its frames are read.
#[derive(Clone, Copy)]
pub(super) struct Rows<'a> {
    /// `[frames, 2 * bins]`, tonal then noise.
    pub(super) log_amplitudes: &'a [f32],
    pub(super) partials: Option<&'a Partials>,
    pub(super) least_noise: f32,
}

impl Rows<'_> {
    pub(super) fn fill(&self, frame: usize, bins: usize, parts: &mut Parts) {
        let row = &self.log_amplitudes[2 * frame * bins..][..2 * bins];
        parts.fill(row, self.partials.map(|partials| (partials, frame)), self.least_noise);
    }

    /// The noise by itself: what a partial has of it is its own, so that its level moves, and would be heard beside it.
    pub(super) fn fill_noise(&self, frame: usize, bins: usize, parts: &mut Parts) {
        self.fill(frame, bins, parts);
        if let Some(partials) = self.partials {
            partials.leave_out(frame, &mut parts.noise);
        }
        parts.tonal.fill(0.0);
    }
}

/// What the bins of a frame are made of. It is worked out twice, which takes less time than keeping it for a whole clip.
#[derive(Default)]
pub(super) struct Parts {
    /// Logarithms of the tones that are made as such, least where there is none.
    pub(super) log_tonal: Vec<f32>,
    /// Amplitudes of those tones, and of the noise together with the other tones.
    pub(super) tonal: Vec<f32>,
    pub(super) noise: Vec<f32>,
}

impl Parts {
    /// - `row`: `[2 * bins]`, logarithms of tonal and noise amplitudes
    /// - `partials`: those of the clip, and which of its frames this is
    /// - `least_noise`: logarithm that those of the noise are held above
    pub(super) fn fill(&mut self, row: &[f32], partials: Option<(&Partials, usize)>, least_noise: f32) {
        let (log_tonal, log_noise) = row.split_at(row.len() / 2);
        let clamp = |to: &mut Vec<f32>, from: &[f32], least: f32| {
            to.clear();
            to.extend(from.iter().map(|v| v.clamp(least, LOG_RANGE.1)));
        };
        clamp(&mut self.log_tonal, log_tonal, LOG_RANGE.0);
        clamp(&mut self.noise, log_noise, least_noise);
        if let Some((partials, frame)) = partials {
            partials.lift(frame, &mut self.log_tonal, &mut self.noise);
        }
        self.tonal.clone_from(&self.log_tonal);
        kernels::amplitudes(&mut self.tonal, AMPLITUDE_FLOOR, 1.0);
        kernels::amplitudes(&mut self.noise, AMPLITUDE_FLOOR, 1.0);
        kernels::take_masked(&mut self.tonal, &mut self.noise, MASKED, &mut self.log_tonal, LOG_RANGE.0);
    }
}
