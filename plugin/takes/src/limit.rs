//! How loud a sound can be.

/// Largest magnitude of a sample that is taken for a sound: 12 dB above full scale. Nothing that plays sound has use
/// for more, and whatever is louder in a file is damage.
pub(crate) const LOUDEST: f32 = 4.0;

/// Holds `samples` within ±4 (12 dB above full scale) and makes silence of what is no number.
pub fn limit(samples: &mut [f32]) {
    for sample in samples {
        *sample = if sample.is_finite() { sample.clamp(-LOUDEST, LOUDEST) } else { 0.0 };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_sample_is_left_that_no_ear_should_hear() {
        let mut wild = [0.5, 1e30, f32::NEG_INFINITY, f32::NAN, -9.0];
        limit(&mut wild);
        assert_eq!(wild, [0.5, 4.0, 0.0, 0.0, -4.0]);
    }
}
