//! Following the host's transport.

use std::ops::Range;

/// The host's transport (what its play and stop buttons control) at the start of a block.
///
/// # Examples
/// ```
/// use std::sync::Arc;
/// use straightshot_playback::{Bank, Block, Clip, Mode, Player, Transport, handoff};
///
/// let (mut sender, receiver) = handoff::channel();
/// let mut player = Player::new(receiver, 48_000, Arc::default());
/// sender.send(Bank::of(Clip::mono(vec![0.5; 48_000], 48_000), 1))?;
/// let mut output = [0.0; 480];
///
/// // The host rests, and does not tell where.
/// let mut block = Block { mode: Mode::Transport { looped: false }, ..Block::default() };
/// player.process(&block, [], &mut [&mut output]);
/// assert_eq!(output[479], 0.0);
///
/// // Someone presses play, two seconds into the song: the clip starts.
/// block.transport = Transport { playing: true, position: Some(96_000), around: None };
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
    /// First sample and end of the part that the host plays again and again, if it does. A host that comes to its end
    /// within a block goes on at its start in the same block.
    pub around: Option<[i64; 2]>,
}

/// What the transport did between two blocks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Motion {
    /// Runs or rests as before.
    Steady,
    /// Began to run.
    Started,
    /// Jumped while running: a relocation or the wrap of a loop.
    Jumped,
    /// Stopped.
    Stopped,
}

/// Samples of a block that follow each other in the song too.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Stretch {
    /// Where in the block they begin.
    pub(crate) offset: usize,
    /// Where in the song they are.
    pub(crate) song: Range<i64>,
    /// Whether the song came to this by a jump, or by beginning to run.
    pub(crate) jumped: bool,
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

    /// Compares the transport at the start of a block of `frames` samples with what was expected. Also returns which
    /// parts of the song the block plays: the first one, and the one after the wrap of the host's loop if there is one.
    /// There are none where the transport rests or does not tell where it is.
    ///
    /// # Real-time safety
    /// Constant time.
    #[expect(
        clippy::cast_possible_wrap,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a block is far below 2^31 samples"
    )]
    pub(crate) fn advance(&mut self, transport: Transport, frames: usize) -> (Motion, [Option<Stretch>; 2]) {
        // Without positions only start and stop can be told apart; a loop then does not start the clip again.
        let jumped = match (self.expected, transport.position) {
            (Some(expected), Some(position)) => position.abs_diff(expected) > self.tolerance.unsigned_abs(),
            _ => false,
        };
        let motion = match (self.playing, transport.playing) {
            (false, true) => Motion::Started,
            (true, true) if jumped => Motion::Jumped,
            (true, false) => Motion::Stopped,
            _ => Motion::Steady,
        };
        let expected = self.expected.take();
        self.playing = transport.playing;
        let Some(position) = transport.position else { return (motion, [None, None]) };
        let end = position.saturating_add(frames as i64);
        self.expected = Some(end);
        if !transport.playing {
            return (motion, [None, None]);
        }
        // A host that rounds tells of a place a little before or after that where its last block has ended: what is
        // between belongs to this block, and what was played is not played again.
        let steady = motion == Motion::Steady;
        let from = expected.filter(|_| steady).unwrap_or(position);
        let first = |song| Some(Stretch { offset: 0, song, jumped: !steady });
        match transport.around {
            // A loop shorter than a block would begin again more than once in it; no host has such.
            Some([start, after]) if position < after && after < end && end - after <= after - start => {
                let rest = end - after;
                self.expected = Some(start + rest);
                let offset = (after - position) as usize;
                let second = Stretch { offset, song: start..start + rest, jumped: true };
                (motion, [first(from..after), Some(second)])
            }
            _ => (motion, [first(from..end), None]),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(position: i64) -> Transport {
        Transport { playing: true, position: Some(position), around: None }
    }

    #[test]
    fn every_sample_of_the_song_is_played_once_by_a_host_that_rounds() {
        let mut follower = Follower::new(48_000);
        let mut played = 0;
        for (position, frames) in [(0, 100), (99, 100), (201, 100), (300, 100)] {
            let (_, [first, second]) = follower.advance(at(position), frames);
            let song = first.expect("it runs").song;
            assert_eq!((song.start, second), (played, None));
            played = song.end;
        }
        assert_eq!(played, 400);
    }

    #[test]
    fn a_wrap_within_a_block_makes_two_parts_and_no_jump_after_it() {
        let mut follower = Follower::new(48_000);
        let around = |position| Transport { around: Some([1000, 2000]), ..at(position) };
        follower.advance(around(1900), 64);
        let (motion, parts) = follower.advance(around(1964), 64);
        let first = Stretch { offset: 0, song: 1964..2000, jumped: false };
        let second = Stretch { offset: 36, song: 1000..1028, jumped: true };
        assert_eq!((motion, parts), (Motion::Steady, [Some(first), Some(second)]));
        let (motion, [first, second]) = follower.advance(around(1028), 64);
        assert_eq!((motion, first.map(|first| first.jumped), second), (Motion::Steady, Some(false), None));
    }

    #[test]
    fn starts_jumps_and_stops_are_told_apart() {
        let mut follower = Follower::new(48_000);
        let rest = Transport::default();
        let seen = [rest, at(0), at(64), at(9000), rest, rest].map(|told| follower.advance(told, 64).0);
        let expected = [
            Motion::Steady,
            Motion::Started,
            Motion::Steady,
            Motion::Jumped,
            Motion::Stopped,
            Motion::Steady,
        ];
        assert_eq!(seen, expected);
        follower.advance(at(0), 64);
        follower.forget();
        assert_eq!(follower.advance(at(64), 64).0, Motion::Started);
    }
}
