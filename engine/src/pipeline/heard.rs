//! From a latent to a finished clip that can be heard.

use super::finish::finish;
use super::reporter::Reporter;
use super::width::duck;
use super::{Generator, Plan, Starts};
use crate::codec::MidSide;
use crate::error::Result;
use crate::rng;
use candle_core::Tensor;
use std::time::{Duration, Instant};
use straightshot_protocol::{CancelToken, Request, Stage, StageTimings};

/// RMS below which a finished clip is silent, -60 dBFS.
pub const SILENT_RMS: f32 = 0.001;
/// How many other noises a seed may start from if its sound is silent. It happened in 1 of 1,000 takes
/// of foley-v4, in none of foley-v5.
const OTHER_STARTS: u32 = 3;

/// Whether nobody would hear `clip`.
fn is_silent(clip: &[f32]) -> bool {
    let energy = clip.iter().map(|&x| f64::from(x) * f64::from(x)).sum::<f64>();
    energy < f64::from(SILENT_RMS) * f64::from(SILENT_RMS) * clip.len() as f64
}

impl Generator {
    /// The finished clip of one latent, or of another noise of its seed if it would be silent; the time that took, and the
    /// evaluations besides those of the latent.
    pub(super) fn heard(
        &self,
        (latent, request, seed): (&Tensor, &Request, u64),
        plan: Plan<'_>,
        report: &mut Reporter<'_>,
        cancel: &CancelToken,
    ) -> Result<(MidSide, StageTimings, u32)> {
        let (mut clip, decode) = self.clip(latent, request, seed, cancel)?;
        let (mut timings, mut nfe) = (StageTimings { decode, ..StageTimings::default() }, 0);
        let alone = Request { variations: 1, ..request.clone() };
        for start in 1..=OTHER_STARTS {
            if !is_silent(&clip.mid) {
                break;
            }
            report.again(&alone, plan.scale);
            let other = Starts { seeds: &[seed], start };
            let (latent, again) = self.latents(&alone, other, plan, report, cancel)?;
            report.stage(Stage::Decode);
            let (other, decode) = self.clip(&latent, request, seed, cancel)?;
            clip = other;
            timings = timings + StageTimings { decode, ..again };
            nfe += request.steps;
        }
        Ok((clip, timings, nfe))
    }

    /// The finished clip of one latent, and the time it took.
    fn clip(
        &self,
        latent: &Tensor,
        request: &Request,
        seed: u64,
        cancel: &CancelToken,
    ) -> Result<(MidSide, Duration)> {
        let clock = Instant::now();
        let codec = &self.model.codec;
        cancel.check()?;
        let spectrum = codec.decode_checked(latent, &|| Ok(cancel.check()?))?;
        cancel.check()?;
        let seed = texture_seed(&self.model.text.pieces(&request.prompt)?, seed);
        let mut clip = codec.render_parts(&spectrum, (seed, request.width > 0.0), cancel)?;
        clip.truncate(self.samples(request));
        finish(&mut clip, self.sample_rate_hz());
        duck(&mut clip, self.sample_rate_hz());
        Ok((clip, clock.elapsed()))
    }
}

/// Seed of the decoder's noise for a sound of `seed`: the same at every step count, different for every prompt, so that
/// layers made with one seed do not share the noise they are shaped from. Texts that the encoder reads alike, such as one in
/// capitals or with two spaces, are one prompt.
fn texture_seed(pieces: &[u32], seed: u64) -> u64 {
    rng::hash(rng::HASH_START, pieces.iter().map(|piece| u64::from(*piece))) ^ seed
}
