//! Distributions of the training time.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;
use straightshot_engine::error::{Error, ErrorKind, Result};
use straightshot_engine::rng::Noise;

/// How flow times are drawn in training. Numbers of equations are those of FlashAudio
/// ([Liu et al., 2024](https://arxiv.org/abs/2410.12266)).
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub enum Timesteps {
    /// Uniform in `[0, 1]`.
    Uniform,
    /// `sigmoid(mean + std n)`, `n ~ N(0, 1)`: Eq. (6), with mean 0 and standard deviation 1 there, for the first
    /// flow, whose middle times are the hard ones.
    LogitNormal {
        /// Mean of the logit; positive moves times towards data.
        mean: f64,
        /// Standard deviation of the logit.
        std: f64,
    },
    /// `p(t) ∝ exp(a t) + exp(a (1 - t))`: Eq. (8), with `a = 4` there, for a flow trained on couplings, which is
    /// straight in the middle and hard at both ends
    /// ([Lee et al., 2024](https://arxiv.org/abs/2405.20320)).
    MixExp {
        /// Steepness; near 0 it is uniform.
        a: f64,
    },
    /// Logit-normal(0, 1) in the middle and `Beta(a, a)`, `a < 1`, at the ends, in one mixture. Not in the paper,
    /// whose "bifocal" sampler is the two stages above; descriptions of it say this instead.
    Bifocal {
        /// Share of times drawn from the Beta distribution.
        ends: f64,
        /// Both parameters of the Beta distribution; the smaller, the nearer to the ends.
        a: f64,
    },
}

impl Timesteps {
    /// Draws one time.
    pub fn sample(self, random: &mut Noise) -> f64 {
        match self {
            Self::Uniform => random.uniform(),
            Self::LogitNormal { mean, std } => logistic(mean + std * f64::from(random.normal())),
            Self::MixExp { a } => mix_exp_quantile(a, random.uniform()),
            Self::Bifocal { ends, a } => {
                if random.uniform() < ends {
                    symmetric_beta(a, random)
                } else {
                    logistic(f64::from(random.normal()))
                }
            }
        }
    }

    /// Whether the parameters make a distribution.
    fn is_valid(self) -> bool {
        match self {
            Self::Uniform => true,
            Self::LogitNormal { mean, std } => mean.is_finite() && std.is_finite() && std >= 0.0,
            // sinh(a / 2) must not overflow.
            Self::MixExp { a } => (0.0..=1_000.0).contains(&a),
            Self::Bifocal { ends, a } => (0.0..=1.0).contains(&ends) && a > 0.0 && a <= 1.0,
        }
    }
}

fn logistic(x: f64) -> f64 {
    1.0 / (1.0 + (-x).exp())
}

/// The time below which a share `u` of the Mix-Exp distribution lies.
///
/// The integral of the density is `F(t) = 1/2 + sinh(a (t - 1/2)) / (2 sinh(a/2))`, which has an inverse.
fn mix_exp_quantile(a: f64, u: f64) -> f64 {
    if a < 1e-6 {
        return u;
    }
    (0.5 + ((2.0 * u - 1.0) * (0.5 * a).sinh()).asinh() / a).clamp(0.0, 1.0)
}

/// `Beta(a, a)` for `a <= 1`, by the rejection of [Jöhnk, 1964](https://doi.org/10.1007/BF02613706), in logarithms.
fn symmetric_beta(a: f64, random: &mut Noise) -> f64 {
    loop {
        // 1 - u is in (0, 1], so the logarithms are finite.
        let x = (1.0 - random.uniform()).ln() / a;
        let y = (1.0 - random.uniform()).ln() / a;
        let largest = x.max(y);
        let log_sum = largest + ((x - largest).exp() + (y - largest).exp()).ln();
        if log_sum <= 0.0 {
            return (x - log_sum).exp();
        }
    }
}

impl FromStr for Timesteps {
    type Err = Error;

    /// `uniform`, `logit-normal:MEAN,STD`, `mix-exp:A` or `bifocal:ENDS,A`; numbers left out are the usual ones.
    fn from_str(text: &str) -> Result<Self> {
        let (name, numbers) = text.split_once(':').unwrap_or((text, ""));
        let bad = || {
            let forms = "uniform, logit-normal[:MEAN,STD], mix-exp[:A] or bifocal[:ENDS,A]";
            Error::new(ErrorKind::InvalidRequest, format!("\"{text}\" is not {forms}"))
        };
        let given = numbers.split(',').filter(|n| !n.is_empty()).map(str::parse);
        let given = given.collect::<Result<Vec<f64>, _>>().map_err(|e| bad().with_source(e))?;
        let timesteps = match (name, given.as_slice()) {
            ("uniform", []) => Self::Uniform,
            ("logit-normal", []) => Self::LogitNormal { mean: 0.0, std: 1.0 },
            ("logit-normal", &[mean, std]) => Self::LogitNormal { mean, std },
            ("mix-exp", []) => Self::MixExp { a: 4.0 },
            ("mix-exp", &[a]) => Self::MixExp { a },
            ("bifocal", []) => Self::Bifocal { ends: 0.5, a: 0.5 },
            ("bifocal", &[ends, a]) => Self::Bifocal { ends, a },
            _ => return Err(bad()),
        };
        if timesteps.is_valid() { Ok(timesteps) } else { Err(bad()) }
    }
}

impl fmt::Display for Timesteps {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Uniform => write!(f, "uniform"),
            Self::LogitNormal { mean, std } => write!(f, "logit-normal:{mean},{std}"),
            Self::MixExp { a } => write!(f, "mix-exp:{a}"),
            Self::Bifocal { ends, a } => write!(f, "bifocal:{ends},{a}"),
        }
    }
}

#[cfg(test)]
mod tests;
