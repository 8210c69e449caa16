//! Two channels as their mean and half of their difference.
//!
//! The mid is the sound of one channel. The side is a second draw of its noise: the amplitudes and levels are the same, the white
//! noise is another ([`Stream::Side`](crate::rng::Stream::Side)). Left is `mid + width · side` and right `mid - width · side`, so
//! that their sum is twice the mid whatever the width is: what is played on one loudspeaker is the sound of one channel. Noises
//! that have nothing in common make the correlation of the channels `(1 - width²) / (1 + width²)` where there is nothing else,
//! which is heard as breadth ([Blauert and Lindemann, 1986](https://doi.org/10.1121/1.394048)). Where there is but a finished
//! sound, filters have to take its channels apart ([Kendall, 1994](https://quod.lib.umich.edu/i/icmc/bbp2372.1994.081)), which
//! smears its attacks; noise that is made can be drawn twice.
//!
//! Tones have no side: a second phase of the same tone would beat with the first.

/// A sound of one channel, and what makes two of it.
#[derive(Debug, Clone, PartialEq)]
pub struct MidSide {
    /// The sound of one channel.
    pub mid: Vec<f32>,
    /// Half of the difference of left and right at a width of 1, as long; `None` where one channel is wanted.
    pub side: Option<Vec<f32>>,
}

impl MidSide {
    /// A sound of one channel.
    #[must_use]
    pub fn mono(mid: Vec<f32>) -> Self {
        Self { mid, side: None }
    }

    /// Both of them, as far as they are there.
    pub fn parts_mut(&mut self) -> impl Iterator<Item = &mut Vec<f32>> {
        std::iter::once(&mut self.mid).chain(&mut self.side)
    }

    /// Keeps the first `samples` of it.
    pub fn truncate(&mut self, samples: usize) {
        self.parts_mut().for_each(|part| part.truncate(samples));
    }
}
