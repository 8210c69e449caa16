//! Parts of a generation, opened for measurements.

use super::Generator;
use crate::error::Result;
use crate::flow::guidance::needs_unconditional;
use crate::flow::{Guided, Method, Transformer, VelocityField, Windowed, integrate, uniform_grid};
use crate::text::TextCondition;
use candle_core::{Device, Tensor};
use std::time::{Duration, Instant};
use straightshot_protocol::{CancelToken, Request};

/// A sound on its way.
#[derive(Debug, Clone)]
pub struct Intermediates {
    /// What the flow ends at, `[tokens, channels]`.
    pub latent: Vec<f32>,
    /// Logarithms of the amplitudes of all bins, `[frames, 2 * bins]`.
    pub spectrum: Vec<f32>,
}

impl Generator {
    /// Hands the guided field and the starting noise of `request` to `measure`: what [`Generator::generate`] would
    /// integrate, for measurements such as straightness.
    ///
    /// # Errors
    /// As [`Generator::generate`], and errors of `measure`.
    pub fn measure_field<R: Send>(
        &self,
        request: &Request,
        measure: impl FnOnce(&dyn VelocityField, &Tensor) -> Result<R> + Send,
    ) -> Result<R> {
        request.validate(&self.card)?;
        self.install(|| {
            let seeds: Vec<u64> =
                (0..request.variations).map(|i| request.seed.wrapping_add(i.into())).collect();
            let noise = self.noise(&seeds, self.tokens(request), 0)?;
            let plan = self.plan(request);
            let condition = self.condition(request, plan, &CancelToken::default())?;
            let condition = condition.repeat_each(seeds.len())?;
            measure(&Windowed::new(Guided::new(plan.network, condition, plan.scale, || Ok(()))), &noise)
        })
    }

    /// How long the decoder's network takes for one clip as long as that of `request`, without phases and transform.
    ///
    /// # Errors
    /// As [`Generator::generate`].
    pub fn time_decoder(&self, request: &Request) -> Result<Duration> {
        request.validate(&self.card)?;
        self.install(|| {
            let latent = self.noise(&[request.seed], self.tokens(request), 0)?;
            self.placement.device().synchronize()?;
            let start = Instant::now();
            self.model.codec.decode(&latent)?.log_amplitudes.to_device(&Device::Cpu)?;
            Ok(start.elapsed())
        })
    }

    /// What [`Generator::generate`] makes the first clip of `request` from, as numbers, to compare devices by.
    ///
    /// # Errors
    /// As [`Generator::generate`].
    pub fn intermediates(&self, request: &Request) -> Result<Intermediates> {
        let latent = self.measure_field(request, |field, noise| {
            let grid = uniform_grid(request.steps);
            integrate(field, Method::Euler, &grid, noise, &mut |_| Ok(()))
        })?;
        self.install(|| {
            let latent = latent.narrow(0, 0, 1)?;
            let spectrum = self.model.codec.decode(&latent)?.log_amplitudes;
            let numbers = |x: &Tensor| x.flatten_all()?.to_vec1::<f32>();
            Ok(Intermediates { latent: numbers(&latent)?, spectrum: numbers(&spectrum)? })
        })
    }

    /// Replaces the network for several steps, and that for one if there is one, by `flow`, to measure other sizes than
    /// those of the model.
    #[must_use]
    pub fn with_flow(mut self, flow: Transformer) -> Self {
        self.model.flow = if self.placement.is_recorded() { flow.recorded() } else { flow };
        self.model.one_step = None;
        self
    }

    /// Whether `request` is guided, which takes two evaluations of the network per step.
    #[must_use]
    pub fn is_guided(&self, request: &Request) -> bool {
        needs_unconditional(self.plan(request).scale)
    }

    /// What the model's text encoder makes of `texts`, in the engine's pool.
    ///
    /// # Errors
    /// [`ErrorKind::Compute`](crate::ErrorKind::Compute) if tokenising or a tensor operation fails.
    pub fn encode_text(&self, texts: &[&str]) -> Result<TextCondition> {
        self.install(|| self.model.text.encode(texts))
    }
}
