//! Distributions of the training time.

use crate::rng::Noise;
use serde::{Deserialize, Serialize};

/// How flow times are drawn in training.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub enum Timesteps {
    /// Uniform in `[0, 1]`.
    Uniform,
    /// `sigmoid(mean + std n)`, `n ~ N(0, 1)`: Eq. (6) of FlashAudio
    /// ([Liu et al., 2024](https://arxiv.org/abs/2410.12266)), with mean 0 and standard deviation 1 there.
    LogitNormal {
        /// Mean of the logit; positive moves times towards data.
        mean: f64,
        /// Standard deviation of the logit.
        std: f64,
    },
}

impl Timesteps {
    /// Draws one time.
    pub fn sample(self, random: &mut Noise) -> f64 {
        match self {
            Self::Uniform => random.uniform(),
            Self::LogitNormal { mean, std } => {
                1.0 / (1.0 + (-(mean + std * f64::from(random.normal()))).exp())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng::Stream;

    /// Share of draws below each of a few limits.
    fn cumulative(timesteps: Timesteps) -> Vec<f64> {
        let mut random = Noise::new(5, Stream::Training);
        let draws: Vec<f64> = (0..40_000).map(|_| timesteps.sample(&mut random)).collect();
        [0.1, 0.25, 0.5, 0.9]
            .iter()
            .map(|&x| draws.iter().filter(|&&t| t < x).count() as f64 / 40_000.0)
            .collect()
    }

    #[test]
    fn logit_normal_has_its_distribution_function() {
        // scipy.stats.norm.cdf(scipy.special.logit([.1, .25, .5, .9]))
        let expected = [0.014_005_8, 0.135_968_4, 0.5, 0.985_994_2];
        for (got, want) in cumulative(Timesteps::LogitNormal { mean: 0.0, std: 1.0 }).iter().zip(expected) {
            assert!((got - want).abs() < 0.01, "{got} instead of {want}");
        }
    }

    #[test]
    fn uniform_is_uniform() {
        for (got, want) in cumulative(Timesteps::Uniform).iter().zip([0.1, 0.25, 0.5, 0.9]) {
            assert!((got - want).abs() < 0.01, "{got} instead of {want}");
        }
    }
}
