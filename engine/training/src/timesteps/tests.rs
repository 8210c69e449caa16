//! Draws against the distribution functions.

use super::*;
use straightshot_engine::rng::Stream;

const DRAWS: usize = 40_000;

fn draws(timesteps: Timesteps) -> Vec<f64> {
    let mut random = Noise::new(5, Stream::Training);
    (0..DRAWS).map(|_| timesteps.sample(&mut random)).collect()
}

/// Largest distance of the empirical distribution function to `cdf`.
fn kolmogorov_smirnov(timesteps: Timesteps, cdf: impl Fn(f64) -> f64) -> f64 {
    let mut draws = draws(timesteps);
    assert!(draws.iter().all(|t| (0.0..=1.0).contains(t)), "{timesteps}");
    draws.sort_by(f64::total_cmp);
    let n = draws.len() as f64;
    let gaps = draws.iter().enumerate().map(|(i, &t)| {
        let (below, above) = (i as f64 / n, (i as f64 + 1.0) / n);
        (cdf(t) - below).abs().max((cdf(t) - above).abs())
    });
    gaps.fold(0.0, f64::max)
}

/// A right sampler exceeds this once in 100,000 seeds: `sqrt(ln(2e5) / 2n)`.
fn limit() -> f64 {
    (2e5f64.ln() / (2.0 * DRAWS as f64)).sqrt()
}

/// `P(n < x)` for a standard normal `n`.
fn normal_cdf(x: f64) -> f64 {
    0.5 * libm::erfc(-x / std::f64::consts::SQRT_2)
}

fn logit(t: f64) -> f64 {
    (t / (1.0 - t)).ln()
}

/// The integral of `p(t) = (e^{at} + e^{a(1-t)}) a / (2 (e^a - 1))`, written without the identity that the sampler
/// inverts.
fn mix_exp_cdf(a: f64, t: f64) -> f64 {
    ((a * t).exp_m1() + a.exp_m1() - (a * (1.0 - t)).exp_m1()) / (2.0 * a.exp_m1())
}

fn arcsine_cdf(t: f64) -> f64 {
    std::f64::consts::FRAC_2_PI * t.sqrt().asin()
}

#[test]
fn logit_normal_has_its_distribution_function() {
    for (mean, std) in [(0.0, 1.0), (-0.5, 1.0), (0.3, 0.5)] {
        let gap =
            kolmogorov_smirnov(Timesteps::LogitNormal { mean, std }, |t| normal_cdf((logit(t) - mean) / std));
        assert!(gap < limit(), "{mean}, {std}: {gap}");
    }
    // scipy.stats.norm.cdf(scipy.special.logit(.1)): the reference itself is right.
    assert!((normal_cdf(logit(0.1)) - 0.014002).abs() < 1e-6);
}

#[test]
fn uniform_is_uniform() {
    assert!(kolmogorov_smirnov(Timesteps::Uniform, |t| t) < limit());
}

#[test]
fn mix_exp_has_its_distribution_function() {
    for a in [1e-9, 0.5, 1.0, 4.0, 12.0] {
        let cdf = |t| if a < 1e-6 { t } else { mix_exp_cdf(a, t) };
        let gap = kolmogorov_smirnov(Timesteps::MixExp { a }, cdf);
        assert!(gap < limit(), "a = {a}: {gap}");
    }
    // The test can tell neighbouring distributions apart.
    assert!(kolmogorov_smirnov(Timesteps::MixExp { a: 4.0 }, |t| mix_exp_cdf(3.0, t)) > 2.0 * limit());
}

#[test]
fn mix_exp_quantiles_invert_the_distribution_function() {
    for a in [0.5, 4.0, 20.0] {
        for i in 0..=100 {
            let u = f64::from(i) / 100.0;
            assert!((mix_exp_cdf(a, mix_exp_quantile(a, u)) - u).abs() < 1e-9, "a = {a}, u = {u}");
        }
    }
}

#[test]
fn bifocal_is_the_mixture_of_its_parts() {
    // Beta(1/2, 1/2) is the arcsine law.
    for ends in [0.0, 0.3, 1.0] {
        let cdf = |t: f64| ends * arcsine_cdf(t) + (1.0 - ends) * normal_cdf(logit(t));
        let gap = kolmogorov_smirnov(Timesteps::Bifocal { ends, a: 0.5 }, cdf);
        assert!(gap < limit(), "{ends}: {gap}");
    }
}

#[test]
fn the_ends_have_the_variance_of_a_beta_distribution() {
    for a in [0.1, 0.25, 0.9] {
        let x = draws(Timesteps::Bifocal { ends: 1.0, a });
        let variance = x.iter().map(|t| (t - 0.5).powi(2)).sum::<f64>() / x.len() as f64;
        let want = 1.0 / (4.0 * (2.0 * a + 1.0));
        assert!((variance - want).abs() < 0.003, "a = {a}: {variance} instead of {want}");
    }
}

#[test]
fn names_are_read_and_written() {
    for text in ["uniform", "logit-normal:0,1", "mix-exp:4", "bifocal:0.25,0.5"] {
        assert_eq!(text.parse::<Timesteps>().unwrap().to_string(), text);
    }
    assert_eq!("mix-exp".parse::<Timesteps>().unwrap(), Timesteps::MixExp { a: 4.0 });
    for text in
        ["", "uniform:1", "mix-exp:x", "mix-exp:-1", "bifocal:2,0.5", "bifocal:0.5,0", "logit-normal:1"]
    {
        assert_eq!(text.parse::<Timesteps>().unwrap_err().kind(), ErrorKind::InvalidRequest, "{text}");
    }
}
