//! Seeded random numbers, the same on every platform and with any number of threads.

/// SplitMix64 (Steele, Lea and Flood, 2014) with a second phase for variations of one sound.
///
/// A generator first draws the design of a sound (material, size, speed), which all variations of a group share,
/// then calls [`Rng::vary`]; what it draws afterwards (strike position, timing, noise) differs between variations.
pub(crate) struct Rng {
    state: u64,
    variation: u64,
}

/// The finalising mix of SplitMix64; also used to hash names into seeds.
pub(crate) fn mix(x: u64) -> u64 {
    let x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}

/// A hash of a text (FNV-1a, then mixed), stable between versions of Rust.
pub(crate) fn hash(text: &str) -> u64 {
    mix(text
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325, |h, byte| (h ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3)))
}

impl Rng {
    /// The stream of the group `seed`; `variation` only takes effect at [`Rng::vary`].
    pub(crate) fn new(seed: u64, variation: u64) -> Self {
        Self { state: mix(seed.wrapping_add(0x9e37_79b9_7f4a_7c15)), variation }
    }

    /// Ends the design phase: what is drawn from here on depends on the variation.
    pub(crate) fn vary(&mut self) {
        self.state ^= mix(self.variation.wrapping_mul(0x2545_f491_4f6c_dd1d).wrapping_add(1));
    }

    /// 64 random bits.
    fn bits(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        mix(self.state)
    }

    /// Uniform in `[0, 1)`.
    pub(crate) fn unit(&mut self) -> f32 {
        (self.bits() >> 40) as f32 / (1u64 << 24) as f32
    }

    /// Uniform in `[-1, 1)`: a sample of white noise.
    pub(crate) fn bipolar(&mut self) -> f32 {
        2.0 * self.unit() - 1.0
    }

    /// Uniform in `[low, high)`.
    pub(crate) fn range(&mut self, low: f32, high: f32) -> f32 {
        low + (high - low) * self.unit()
    }

    /// Uniform on a logarithmic scale, for frequencies and sizes.
    pub(crate) fn log_range(&mut self, low: f32, high: f32) -> f32 {
        low * (high / low).powf(self.unit())
    }

    /// `value` times a factor between `1 - spread` and `1 + spread`, small deviations being the likely ones.
    pub(crate) fn around(&mut self, value: f32, spread: f32) -> f32 {
        value * (1.0 + spread * 0.5 * (self.bipolar() + self.bipolar()))
    }

    /// A whole number from `low` to `high`, both included.
    pub(crate) fn count(&mut self, low: usize, high: usize) -> usize {
        low + (self.bits() % (high - low + 1) as u64) as usize
    }

    /// True with the given probability.
    pub(crate) fn chance(&mut self, probability: f32) -> bool {
        self.unit() < probability
    }

    /// One of `choices`, all equally likely.
    pub(crate) fn pick<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[self.count(0, choices.len() - 1)]
    }

    /// An exponentially distributed waiting time with the given mean: the gaps of a Poisson process.
    pub(crate) fn wait(&mut self, mean: f32) -> f32 {
        -mean * (1.0 - self.unit()).max(1e-7).ln()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variations_share_the_design_and_differ_after_it() {
        let draw = |variation| {
            let mut rng = Rng::new(7, variation);
            let design = rng.unit();
            rng.vary();
            (design, rng.unit())
        };
        let (a, b) = (draw(0), draw(1));
        assert_eq!(a.0, b.0);
        assert_ne!(a.1, b.1);
    }

    #[test]
    fn waits_have_their_mean() {
        let mut rng = Rng::new(1, 0);
        let mean = (0..20_000).map(|_| rng.wait(0.25)).sum::<f32>() / 20_000.0;
        assert!((mean - 0.25).abs() < 0.01, "{mean}");
    }
}
