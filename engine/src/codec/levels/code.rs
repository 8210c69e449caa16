//! What of a sound's levels is kept in the latent.
//!
//! The latent of the spectrum says what a token of 46 ms sounds like, and not when in it something happens. What levels measure
//! beside their base has 672 numbers in a token, which belong together: an attack lifts all bands at one time. Their strongest
//! principal components ([Karhunen-Loève](https://en.wikipedia.org/wiki/Kosambi%E2%80%93Karhunen%E2%80%93Lo%C3%A8ve_theorem)
//! transform coding) are channels of the latent. They are fixed before anything is trained on them
//! (`straightshot-training`, `levels/principal.rs`): an encoder that is trained beside the head that reads it says nothing to it,
//! since the head makes do without before the encoder has learnt to speak.
//!
//! ```text
//! short frames of the sound ─┐
//! base of the decoder ───────┴─> difference - mean ─> components ─> latent, behind the channels of the spectrum
//! ```

use crate::config::CodecConfig;
use crate::nn::Linear;
use crate::nn::linear::LinearInit;
use candle_core::{Device, Result, Tensor};
use candle_nn::{Init, VarBuilder};

/// Power below which differences of levels do not count: -80 dB of full scale, where nobody hears them.
const HEARD_POWER: f32 = 1e-8;

/// Reads the channels of levels from what a sound measures.
#[derive(Debug, Clone)]
pub struct LevelCode {
    mean: Tensor, // (short frames * bands)
    components: Linear,
    log_var: Tensor, // (channels)
}

impl LevelCode {
    /// Takes the tensors from `vb`, if the codec keeps levels in its latent.
    ///
    /// # Errors
    /// A candle error if a stored tensor is missing or has another shape.
    pub fn of(codec: &CodecConfig, vb: &VarBuilder<'_>) -> Result<Option<Self>> {
        let Some(levels) = codec.levels.as_ref().filter(|levels| levels.in_latent > 0) else {
            return Ok(None);
        };
        let (numbers, channels) = (levels.numbers(codec.samples_per_token()), levels.in_latent);
        let components = vb.pp("components");
        Ok(Some(Self {
            mean: vb.get_with_hints(numbers, "mean", Init::Const(0.0))?,
            components: Linear::new(numbers, channels, false, LinearInit::Xavier, &components)?,
            log_var: vb.get_with_hints(channels, "log_var", Init::Const(0.0))?,
        }))
    }

    /// The channels of levels.
    ///
    /// # Shapes
    /// - `measured`: `[short frames, bands]`, as [`super::grid::LevelGrid::measure`] has them
    /// - `base`: `[long frames, bands]`, what the spectrum would measure
    /// - returns: mean and logarithm of the variance, `[1, tokens, channels]`
    ///
    /// # Errors
    /// A candle error if the shapes do not fit.
    pub fn read(&self, measured: &[f32], base: &[f32], bands: usize, device: &Device) -> Result<[Tensor; 2]> {
        let difference = differences(measured, base, bands);
        let numbers = self.mean.dims1()?;
        let tokens = difference.len() / numbers.max(1);
        let difference = Tensor::from_vec(difference, (1, tokens, numbers), device)?;
        let mean = self.components.forward(&difference.broadcast_sub(&self.mean)?)?;
        let log_var = self.log_var.broadcast_as(mean.shape())?.contiguous()?;
        Ok([mean, log_var])
    }
}

/// Levels beside their base in nepers, where they are heard.
///
/// # Shapes
/// - `measured`: `[short frames, bands]`, natural logarithms of amplitudes
/// - `base`: `[long frames, bands]`, each for as many short frames
/// - returns: `[short frames, bands]`
#[must_use]
pub fn differences(measured: &[f32], base: &[f32], bands: usize) -> Vec<f32> {
    let (frames, long) = (measured.len() / bands.max(1), base.len() / bands.max(1));
    let base: Vec<f32> = base.iter().map(|level| heard(*level)).collect();
    let rows = measured.chunks_exact(bands.max(1)).enumerate();
    rows.flat_map(|(frame, row)| {
        let base = &base[frame * long / frames * bands..][..bands];
        row.iter().zip(base).map(|(level, base)| heard(*level) - base)
    })
    .collect()
}

/// A level as it counts: whatever is below what is heard is the same.
fn heard(level: f32) -> f32 {
    0.5 * ((2.0 * level).exp() + HEARD_POWER).ln()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn differences_are_beside_the_base_of_their_time_and_silence_has_none() {
        // Two long frames, four short ones, two bands.
        let base = [-1.0, -2.0, -3.0, -20.0];
        let measured = [-1.0, -1.0, 0.0, -2.0, -3.0, -25.0, -4.0, -30.0];
        let found = differences(&measured, &base, 2);
        let wanted = [0.0, 1.0, 1.0, 0.0, 0.0, 0.0, -1.0, 0.0];
        for (found, wanted) in found.iter().zip(wanted) {
            assert!((found - wanted).abs() < 1e-3, "{found} is not {wanted}");
        }
        assert_eq!(found.len(), wanted.len());
    }
}
