//! Following the host's transport.

/// The host's transport (what its play and stop buttons control) at the start of a block.
///
/// # Examples
/// ```
/// use std::sync::Arc;
/// use straightshot_playback::{Block, Clip, Mode, Player, Transport, handoff};
///
/// let (mut sender, receiver) = handoff::channel();
/// let mut player = Player::new(receiver, 48_000, Arc::default());
/// sender.send(Arc::new(Clip::mono(vec![0.5; 48_000], 48_000, 1)))?;
/// let mut output = [0.0; 480];
///
/// // The host rests, and does not tell where.
/// let mut block = Block { mode: Mode::Transport, ..Block::default() };
/// player.process(&block, [], &mut [&mut output]);
/// assert_eq!(output[479], 0.0);
///
/// // Someone presses play, two seconds into the song: the clip starts.
/// block.transport = Transport { playing: true, position: Some(96_000) };
/// player.process(&block, [], &mut [&mut output]);
/// assert_eq!(output[479], 0.5);
/// # Ok::<(), handoff::SendError>(())
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Transport {
    /// Whether it runs.
    pub playing: bool,
    /// Song position in samples, if the host tells it.
    pub position: Option<i64>,
}

/// What the transport did between two blocks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Motion {
    /// Runs or rests as before.
    Steady,
    /// Began to run, or jumped while running: a relocation or the wrap of a loop.
    Started,
    /// Stopped.
    Stopped,
}

/// Recognises starts, stops and jumps from block to block.
#[derive(Debug, Default)]
pub(crate) struct Follower {
    playing: bool,
    /// Where the next block should begin if nothing happens.
    expected: Option<i64>,
    /// Difference in samples that is still no jump; hosts that count in beats round.
    tolerance: i64,
}

impl Follower {
    /// A follower at `sample_rate_hz` that has seen nothing yet.
    pub(crate) fn new(sample_rate_hz: u32) -> Self {
        Self { tolerance: i64::from(sample_rate_hz / 100).max(1), ..Self::default() }
    }

    /// Forgets the past: the next block of a running transport is a start.
    ///
    /// # Real-time safety
    /// Constant time.
    pub(crate) fn forget(&mut self) {
        self.playing = false;
        self.expected = None;
    }

    /// Compares the transport at the start of a block of `frames` samples with what was expected.
    ///
    /// # Real-time safety
    /// Constant time.
    #[expect(clippy::cast_possible_wrap, reason = "a block is far below 2^63 samples")]
    pub(crate) fn advance(&mut self, transport: Transport, frames: usize) -> Motion {
        // Without positions only start and stop can be told apart; a loop then does not start the clip again.
        let jumped = match (self.expected, transport.position) {
            (Some(expected), Some(position)) => position.abs_diff(expected) > self.tolerance.unsigned_abs(),
            _ => false,
        };
        let motion = match (self.playing, transport.playing) {
            (false, true) => Motion::Started,
            (true, true) if jumped => Motion::Started,
            (true, false) => Motion::Stopped,
            _ => Motion::Steady,
        };
        self.playing = transport.playing;
        self.expected = transport.position.map(|position| position.saturating_add(frames as i64));
        motion
    }
}
