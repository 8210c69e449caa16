//! A gain that moves in a straight line.

/// A value that reaches its target in a fixed number of samples and then stays there exactly.
///
/// A gain that jumped would make the waveform jump, which is heard as a click or, while a knob is turned, as a
/// crackle. A straight line is used and not an exponential approach, because that never quite arrives and ends in
/// denormal numbers.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ramp {
    value: f32,
    target: f32,
    step: f32,
    remaining: u32,
    /// Length of a ramp in samples, at least 1.
    length: u32,
}

impl Ramp {
    /// A ramp of `length` samples (at least one) that rests at `value`.
    pub(crate) fn new(value: f32, length: u32) -> Self {
        Self { value, target: value, step: 0.0, remaining: 0, length: length.max(1) }
    }

    /// Starts towards `target`; a value that is not a number is ignored.
    ///
    /// # Real-time safety
    /// Constant time.
    #[expect(clippy::cast_precision_loss, reason = "a ramp is far below 2^24 samples")]
    pub(crate) fn set_target(&mut self, target: f32) {
        // Bits are compared because every block tells its gain: only another one starts a ramp.
        if target.is_finite() && target.to_bits() != self.target.to_bits() {
            self.target = target;
            self.remaining = self.length;
            self.step = (target - self.value) / self.length as f32;
        }
    }

    /// Jumps to the target.
    ///
    /// # Real-time safety
    /// Constant time.
    pub(crate) fn finish(&mut self) {
        self.value = self.target;
        self.remaining = 0;
    }

    /// The value for the next sample.
    ///
    /// # Real-time safety
    /// Constant time.
    pub(crate) fn next(&mut self) -> f32 {
        if self.remaining > 0 {
            self.remaining -= 1;
            // The last step is the target itself: the sum of all steps would miss it by rounding.
            self.value = if self.remaining == 0 { self.target } else { self.value + self.step };
        }
        self.value
    }
}
