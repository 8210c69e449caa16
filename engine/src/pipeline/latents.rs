//! What the flow makes of noise and text, before anything is decoded.

use super::Generator;
use super::reporter::Reporter;
use crate::config::Sampler;
use crate::error::Result;
use crate::flow::transformer::Conditioned;
use crate::flow::{Guided, Transformer, Windowed, curves, guidance};
use crate::rng::{self, Noise, Stream};
use candle_core::Tensor;
use std::time::Instant;
use straightshot_protocol::{CancelToken, Request, Stage, StageTimings};

impl Generator {
    /// What the flow makes of the noises that `from` names, one clip after the other.
    pub(super) fn latents(
        &self,
        request: &Request,
        from: Starts<'_>,
        plan: Plan<'_>,
        report: &mut Reporter<'_>,
        cancel: &CancelToken,
    ) -> Result<(Tensor, StageTimings)> {
        let tokens = self.tokens(request);
        let mut timings = StageTimings::default();
        report.stage(Stage::Text);
        let clock = Instant::now();
        let condition = self.condition(request, plan, cancel)?.repeat_each(from.seeds.len())?;
        timings.text = self.finished(clock)?;
        cancel.check()?;

        let clock = Instant::now();
        let noise = self.noise(from.seeds, tokens, u64::from(from.start) << 32)?;
        let field = Windowed::new(Guided::new(plan.network, condition, plan.scale, || Ok(cancel.check()?)));
        let steps = request.steps;
        let fresh = |i: usize| self.noise(from.seeds, tokens, i as u64);
        let latents = plan.sampler.sample(&field, steps, &noise, &fresh, &mut |i| {
            report.stage(Stage::Flow { step: i as u32 + 1, steps });
            Ok(cancel.check()?)
        })?;
        timings.flow = self.finished(clock)?;
        Ok((latents, timings))
    }

    /// What will be integrated for `request`.
    pub(super) fn plan(&self, request: &Request) -> Plan<'_> {
        let (network, sampler, learnt) = self.model.flow_for(request.steps);
        let mut scale = f64::from(request.guidance) / f64::from(learnt);
        if learnt > 1.0 {
            // What was learnt cannot be taken back: less would mix in what the network makes of no text at all.
            scale = scale.max(1.0);
        }
        Plan { network, sampler, scale }
    }

    /// Text features of the prompt, followed by those of the negative prompt if guidance needs them.
    pub(super) fn condition(
        &self,
        request: &Request,
        plan: Plan<'_>,
        cancel: &CancelToken,
    ) -> Result<Conditioned> {
        let encode = |text: &str| {
            self.texts
                .get(text.trim(), |text| self.model.text.encode_checked(&[text], &|| Ok(cancel.check()?)))
        };
        let text = encode(&request.prompt)?;
        let text = if guidance::needs_unconditional(plan.scale) {
            text.cat(&encode(&request.negative_prompt)?)?
        } else {
            text
        };
        let condition = plan.network.condition(&text)?;
        let Some(curve) = request.curve.as_ref().filter(|_| plan.network.follows_curves()) else {
            return Ok(condition);
        };
        // What is guided is the text: both halves follow the curve.
        let (rows, tokens) = (text.pooled.dim(0)?, self.tokens(request));
        let codec = self.model.codec.config();
        let token_s = codec.samples_per_token() as f64 / f64::from(codec.sample_rate_hz);
        let values = curves::LOUDNESS_PER_TOKEN;
        let loudness = curve.on_grid(tokens * values, token_s / values as f64);
        let features = curves::features(tokens, &loudness, &[]).repeat(rows);
        let shape = (rows, tokens, curves::FEATURES);
        let features = Tensor::from_vec(features, shape, self.placement.device())?;
        Ok(plan.network.follow(condition, &features)?)
    }

    /// One latent of noise per seed; the first tokens of a longer clip start from the same noise. Draw 0 is what
    /// a sound starts from, those up to the number of steps are for samplers that add noise on the way, and multiples of
    /// 2^32 are what a sound starts from that would be silent otherwise.
    pub(super) fn noise(&self, seeds: &[u64], tokens: usize, draw: u64) -> Result<Tensor> {
        let channels = self.model.config.codec.latent_channels();
        let noise = seeds
            .iter()
            .map(|seed| {
                // A word of the hash keeps these apart from the noise of neighbouring seeds.
                let seed = if draw == 0 { *seed } else { rng::hash(*seed, [draw].into_iter()) };
                Noise::new(seed, Stream::Latent).normal_tensor((1, tokens, channels), self.placement.device())
            })
            .collect::<candle_core::Result<Vec<_>>>()?;
        Ok(Tensor::cat(&noise, 0)?)
    }
}

/// The noises that some clips start from.
#[derive(Clone, Copy)]
pub(super) struct Starts<'a> {
    /// A seed for each clip.
    pub(super) seeds: &'a [u64],
    /// Tells apart the noises that a seed may start from.
    pub(super) start: u32,
}

/// A network and the guidance it still needs.
#[derive(Debug, Clone, Copy)]
pub(super) struct Plan<'a> {
    pub(super) network: &'a Transformer,
    pub(super) sampler: Sampler,
    pub(super) scale: f64,
}
