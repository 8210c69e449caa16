//! Parts of a generation, opened for measurements.

use super::{GenerationRequest, Generator};
use crate::error::Result;
use crate::flow::guidance::needs_unconditional;
use crate::flow::{Guided, TextCondition, VelocityField, Windowed};
use candle_core::Tensor;
use std::time::{Duration, Instant};

impl Generator {
    /// Hands the guided field and the starting noise of `request` to `measure`: what [`Generator::generate`] would
    /// integrate, for measurements such as [`crate::metrics::straightness`].
    ///
    /// # Errors
    /// As [`Generator::generate`], and errors of `measure`.
    pub fn measure_field<R: Send>(
        &self,
        request: &GenerationRequest,
        measure: impl FnOnce(&dyn VelocityField, &Tensor) -> Result<R> + Send,
    ) -> Result<R> {
        request.validate()?;
        self.pool.install(|| {
            let noise = self.noise(request, self.tokens(request), 0)?;
            let plan = self.plan(request);
            let condition = self.condition(request, plan)?;
            measure(&Windowed::new(Guided::new(plan.network, condition, plan.scale, || Ok(()))), &noise)
        })
    }

    /// How long the decoder's network takes for one clip as long as that of `request`, without phases and transform.
    ///
    /// # Errors
    /// As [`Generator::generate`].
    pub fn time_decoder(&self, request: &GenerationRequest) -> Result<Duration> {
        request.validate()?;
        self.pool.install(|| {
            let latent = self.noise(request, self.tokens(request), 0)?.narrow(0, 0, 1)?;
            let start = Instant::now();
            self.model.codec.decode(&latent)?.log_amplitudes.flatten_all()?.to_vec1::<f32>()?;
            Ok(start.elapsed())
        })
    }

    /// Whether `request` is guided, which takes two evaluations of the network per step.
    #[must_use]
    pub fn is_guided(&self, request: &GenerationRequest) -> bool {
        needs_unconditional(self.plan(request).scale)
    }

    /// What the model's text encoder makes of `texts`, in the engine's pool.
    ///
    /// # Errors
    /// [`ErrorKind::Compute`] if tokenising or a tensor operation fails.
    pub fn encode_text(&self, texts: &[&str]) -> Result<TextCondition> {
        self.pool.install(|| self.model.text.encode(texts))
    }
}
