//! What comes in at the audio input while somebody records it.
//!
//! The input is never heard. While it is armed its samples go through a ring to another thread; at other times nothing is
//! done with them.

use rtrb::{Consumer, Producer, RingBuffer};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Seconds that the ring holds: the other thread looks far more often.
const RING_S: usize = 2;

/// The audio thread's end.
#[derive(Debug)]
pub struct Input {
    armed: Arc<AtomicBool>,
    ring: Producer<f32>,
}

/// The other end.
#[derive(Debug)]
pub struct Recorder {
    armed: Arc<AtomicBool>,
    ring: Consumer<f32>,
    rate_hz: u32,
}

/// Both ends for an input of this rate.
#[must_use]
pub fn input(rate_hz: u32) -> (Input, Recorder) {
    let (producer, consumer) = RingBuffer::new((rate_hz as usize).max(1) * RING_S);
    let armed = Arc::<AtomicBool>::default();
    (Input { armed: armed.clone(), ring: producer }, Recorder { armed, ring: consumer, rate_hz })
}

impl Input {
    /// Takes in a block: the mean of its channels, if it is recorded. What finds no room is lost.
    ///
    /// # Real-time safety
    /// No allocation, no frees, no locks; wait-free.
    pub fn process(&mut self, channels: &[&mut [f32]]) {
        // Whoever arms it a moment later misses a block.
        if !self.armed.load(Ordering::Relaxed) {
            return;
        }
        let frames = channels.iter().map(|channel| channel.len()).min().unwrap_or(0);
        let room = frames.min(self.ring.slots());
        let Ok(chunk) = self.ring.write_chunk_uninit(room) else { return };
        let share = 1.0 / channels.len().max(1) as f32;
        let mean = |frame: usize| share * channels.iter().map(|channel| channel[frame]).sum::<f32>();
        chunk.fill_from_iter((0..room).map(mean));
    }
}

impl Recorder {
    /// Samples per second.
    #[must_use]
    pub fn rate_hz(&self) -> u32 {
        self.rate_hz
    }

    /// Begins to record, without what may be left of the time before; or ends that.
    pub fn arm(&mut self, armed: bool) {
        if armed {
            let left = self.ring.slots();
            if let Ok(chunk) = self.ring.read_chunk(left) {
                chunk.commit_all();
            }
        }
        self.armed.store(armed, Ordering::Relaxed);
    }

    /// Appends what has come in since the last call.
    pub fn read(&mut self, into: &mut Vec<f32>) {
        let ready = self.ring.slots();
        if let Ok(chunk) = self.ring.read_chunk(ready) {
            into.extend(chunk);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_comes_in_while_it_is_armed_is_recorded() {
        let (mut input, mut recorder) = input(100);
        let mut heard = Vec::default();
        input.process(&[&mut [1.0; 8]]);
        recorder.read(&mut heard);
        assert!(heard.is_empty());
        recorder.arm(true);
        input.process(&[&mut [0.5, 1.0], &mut [0.0, -1.0]]);
        input.process(&[]);
        recorder.read(&mut heard);
        assert_eq!(heard, [0.25, 0.0]);
        // What was left over is not part of the next recording.
        input.process(&[&mut [0.75; 4]]);
        recorder.arm(false);
        recorder.arm(true);
        recorder.read(&mut heard);
        assert_eq!((heard.len(), recorder.rate_hz()), (2, 100));
    }

    #[test]
    fn what_finds_no_room_is_lost_and_what_is_there_stays() {
        let (mut input, mut recorder) = input(4);
        recorder.arm(true);
        for block in 0..5_u8 {
            input.process(&[&mut [f32::from(block); 3]]);
        }
        let mut heard = Vec::default();
        recorder.read(&mut heard);
        assert_eq!(heard, [0.0, 0.0, 0.0, 1.0, 1.0, 1.0, 2.0, 2.0]);
    }
}
