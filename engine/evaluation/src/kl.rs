//! Divergence of what is heard in a generated sound from what is heard in the recording with the same caption.
//!
//! `KL(p ‖ q) = Σ p ln(p / q)`, p of the recording, q of the generated sound, in nats: the paired measure of
//! [Yang et al., 2022](https://arxiv.org/abs/2207.09983) and [Kreuk et al., 2022](https://arxiv.org/abs/2209.15352),
//! who take label distributions from other networks. The field reports it on softmax outputs even where the network
//! was trained with independent classes, and so does [`divergence`] with [`Heard::distribution`]; the form for
//! independent classes is [`independent`] with [`Heard::posteriors`].
//!
//! [`Heard::distribution`]: super::yamnet::Heard::distribution
//! [`Heard::posteriors`]: super::yamnet::Heard::posteriors

/// Probabilities below this are taken for this, as in the public evaluation codes: one class must not decide.
const SMALLEST: f64 = 1e-6;

/// `Σ p ln(p / q)` of two distributions.
///
/// # Shapes
/// - `real`, `made`: `[classes]`
#[must_use]
pub fn divergence(real: &[f64], made: &[f64]) -> f64 {
    real.iter().zip(made).map(|(&p, &q)| term(p, q)).sum()
}

/// `Σ p ln(p / q) + (1 - p) ln((1 - p) / (1 - q))` of two lists of independent probabilities.
///
/// # Shapes
/// - `real`, `made`: `[classes]`
#[must_use]
pub fn independent(real: &[f64], made: &[f64]) -> f64 {
    real.iter().zip(made).map(|(&p, &q)| term(p, q) + term(1.0 - p, 1.0 - q)).sum()
}

fn term(p: f64, q: f64) -> f64 {
    if p > 0.0 { p * (p.max(SMALLEST) / q.max(SMALLEST)).ln() } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_values() {
        assert_eq!(divergence(&[0.25, 0.75], &[0.25, 0.75]), 0.0);
        // 0.5 ln(0.5 / 0.25) + 0.5 ln(0.5 / 0.75)
        assert!((divergence(&[0.5, 0.5], &[0.25, 0.75]) - 0.143_841_036).abs() < 1e-8);
        assert!((independent(&[0.5], &[0.25]) - 0.143_841_036).abs() < 1e-8);
    }

    #[test]
    fn an_impossible_class_costs_much_but_not_infinitely_much() {
        let cost = divergence(&[1.0, 0.0], &[0.0, 1.0]);
        assert!((cost - 1e6f64.ln()).abs() < 1e-9, "{cost}");
    }
}
