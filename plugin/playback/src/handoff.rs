//! The way of a bank of sounds to the audio thread and back.
//!
//! [`channel`] makes two connected ends. The [`BankSender`] belongs to a thread that may take its time (in the plugin:
//! the host's main thread or the worker, one at a time), the [`BankReceiver`] goes into the [`Player`](crate::Player).
//!
//! ```text
//!             newest wins: a triple buffer
//! BankSender ─────────────────────────────────> BankReceiver ──> Player
//!            <─────────────────────────────────
//!             nothing is lost: a queue of retired banks
//! ```
//!
//! # The way there: a place for one bank
//!
//! The player wants the bank that was sent last, whatever was sent before it. So banks do not queue: they go through a
//! [triple buffer](triple_buffer), a place that holds one value, where the sender replaces what has not been fetched.
//! A queue has to be emptied by the audio thread, and that may rest for hours (hosts stop calling a plugin that is
//! bypassed or whose track is frozen). It would fill, and the newest bank would be the one that finds no room.
//! The replaced bank never was on the audio thread, and the sender frees it at once.
//!
//! "Triple", because there is a buffer to write, one to read and one in the middle. Either end exchanges its own with
//! the one in the middle by a single atomic instruction, so neither ever waits for the other.
//!
//! # The way back: a queue
//!
//! Freeing memory can take as long as the allocator likes, and so the audio thread must not do it. Ownership of a bank
//! that no voice plays any more goes back through a wait-free queue, and the sender frees it, in
//! [`send`](BankSender::send) or [`service`](BankSender::service). This queue must lose nothing. It always has room if
//! it was made by [`channel`]; if it was made smaller and is full, the player keeps the bank and tries again in its
//! next block.
//!
//! The bank that a player begins with is sent like every other one: before the player's first block, or even before
//! the player exists. So the sender knows of every bank on the other side, and [`BankSender::outstanding`] counts all.
//!
//! # Examples
//! ```
//! use std::sync::Arc;
//! use straightshot_playback::{Bank, Block, Clip, Player, handoff};
//!
//! let (mut sender, receiver) = handoff::channel();
//! let mut player = Player::new(receiver, 48_000, Arc::default());
//! for generation in 1..=9 {
//!     sender.send(Bank::of(Clip::mono(vec![generation as f32; 4800], 48_000), generation))?;
//! }
//! assert_eq!(sender.outstanding(), 1, "eight were replaced before the player saw them, and are freed");
//!
//! player.process(&Block::default(), [], &mut [&mut [0.0; 64]]);
//! assert!(!sender.needs_service(), "the player has what it plays and nothing else");
//! # Ok::<(), handoff::SendError>(())
//! ```

use crate::bank::Bank;
use std::fmt;
use std::sync::Arc;

/// Banks that the player holds at once: the current one and those that fade out. Here and not in the deck that holds
/// them, because the queue below has to have room for all of them.
pub(crate) const SLOTS: usize = 4;

/// Banks that can be under way back to the sender, which is also the most that ever are.
///
/// The sender empties the queue whenever it sends. Until it does so again, only those banks can come back that the
/// player held then (one per slot), one that it had not fetched yet, and the one that is being sent.
const RETIRE_QUEUE: usize = SLOTS + 2;

/// Makes a connected pair of ends. Allocates; not for the audio thread.
#[must_use]
pub fn channel() -> (BankSender, BankReceiver) {
    channel_with_capacity(RETIRE_QUEUE)
}

/// Like [`channel`], with room for `retired` banks on their way back.
///
/// With less room than [`channel`] makes, new banks are taken over later, and
/// [`Telemetry::deferred_banks`](crate::Telemetry::deferred_banks) counts how often; nothing else changes. For tests
/// of exactly that.
#[must_use]
pub fn channel_with_capacity(retired: usize) -> (BankSender, BankReceiver) {
    let (banks_in, banks_out) = triple_buffer::triple_buffer(&None);
    let (retired_in, retired_out) = rtrb::RingBuffer::new(retired);
    let sender = BankSender { banks: banks_in, retired: retired_out, outstanding: 0, newest: None };
    (sender, BankReceiver { banks: banks_out, retired: retired_in })
}

/// Why a bank was not sent.
///
/// # Examples
/// ```
/// use std::sync::Arc;
/// use straightshot_playback::{Bank, Clip, handoff};
///
/// let (mut sender, _receiver) = handoff::channel();
/// let bank = |generation| Bank::of(Clip::mono(vec![0.5; 100], 48_000), generation);
/// sender.send(bank(2))?;
/// let Err(handoff::SendError::Outdated(refused)) = sender.send(bank(1)) else { panic!("1 is older than 2") };
/// assert_eq!(refused.generation(), 1);
/// # Ok::<(), handoff::SendError>(())
/// ```
#[derive(Debug)]
pub enum SendError {
    /// A bank of this bank's [generation](Bank::generation) or a newer one was sent before.
    Outdated(Arc<Bank>),
}

impl fmt::Display for SendError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self::Outdated(bank) = self;
        write!(f, "bank {} is not newer than what was sent before", bank.generation())
    }
}

impl std::error::Error for SendError {}

/// The end that sends banks and frees what comes back. Not for the audio thread.
///
/// # Examples
/// ```
/// use std::sync::Arc;
/// use straightshot_playback::{Bank, Block, Clip, Player, handoff};
///
/// let (mut sender, receiver) = handoff::channel();
/// let mut player = Player::new(receiver, 48_000, Arc::default());
/// for generation in 1..=2 {
///     sender.send(Bank::of(Clip::mono(vec![0.5; 4800], 48_000), generation))?;
///     player.process(&Block::default(), [], &mut [&mut [0.0; 64]]);
/// }
/// // The player has gone over to the second bank, and nobody has freed the first one yet.
/// assert!(sender.needs_service());
/// sender.service();
/// assert_eq!(sender.outstanding(), 1);
/// # Ok::<(), handoff::SendError>(())
/// ```
#[derive(Debug)]
pub struct BankSender {
    banks: triple_buffer::Input<Option<Arc<Bank>>>,
    retired: rtrb::Consumer<Arc<Bank>>,
    /// Banks that were sent and have not come back.
    outstanding: usize,
    /// Generation of the bank that was sent last.
    newest: Option<u64>,
}

impl BankSender {
    /// Sends a bank in place of all that were sent before. The player takes it over at the start of its next block,
    /// whenever that is.
    ///
    /// # Errors
    /// [`SendError::Outdated`] with the bank, if it is not newer than the last one; the player keeps what it has.
    pub fn send(&mut self, bank: impl Into<Arc<Bank>>) -> Result<(), SendError> {
        let bank = bank.into();
        if self.newest.is_some_and(|newest| bank.generation() <= newest) {
            return Err(SendError::Outdated(bank));
        }
        self.service();
        self.newest = Some(bank.generation());
        *self.banks.input_buffer_mut() = Some(bank);
        self.banks.publish();
        self.outstanding += 1;
        // Our buffer now is the one that was in the middle. It is empty if the player has fetched the bank before
        // this one (`BankReceiver::next` takes the bank and leaves the buffer); otherwise that bank is still in it.
        if self.banks.input_buffer_mut().take().is_some() {
            self.outstanding -= 1;
        }
        Ok(())
    }

    /// Frees what has come back. To be called now and then while [`needs_service`](Self::needs_service) says so.
    pub fn service(&mut self) {
        while let Ok(bank) = self.retired.pop() {
            self.outstanding -= 1;
            drop(bank);
        }
    }

    /// Whether something will come back: of all banks that were sent, the player keeps one, the others return when
    /// the audio thread runs and their fades are over.
    #[must_use]
    pub fn needs_service(&self) -> bool {
        self.outstanding > 1
    }

    /// Banks that the player has, that are on their way to it or on their way back.
    #[must_use]
    pub fn outstanding(&self) -> usize {
        self.outstanding
    }
}

/// The audio thread's end; all that can be done with it is to make a [`Player`](crate::Player) of it.
///
/// If the sender is dropped first, the player goes on with what it has. It frees nothing then either: retired banks
/// stay in the queue, which is freed with the player.
///
/// # Examples
/// ```
/// use std::sync::Arc;
/// use straightshot_playback::{Bank, Clip, Player, handoff};
///
/// let (mut sender, receiver) = handoff::channel();
/// let bank = Arc::new(Bank::of(Clip::mono(vec![0.5; 4800], 48_000), 1));
/// let watched = Arc::downgrade(&bank);
/// sender.send(bank)?;
///
/// let player = Player::new(receiver, 48_000, Arc::default());
/// drop(sender);
/// assert!(watched.upgrade().is_some(), "the player has it");
/// drop(player);
/// assert!(watched.upgrade().is_none());
/// # Ok::<(), handoff::SendError>(())
/// ```
#[derive(Debug)]
pub struct BankReceiver {
    banks: triple_buffer::Output<Option<Arc<Bank>>>,
    retired: rtrb::Producer<Arc<Bank>>,
}

impl BankReceiver {
    /// Whether there is a bank to be fetched.
    ///
    /// # Real-time safety
    /// Wait-free: one load.
    pub(crate) fn has_next(&self) -> bool {
        self.banks.updated()
    }

    /// Fetches the bank that was sent last, unless it was fetched before.
    ///
    /// # Real-time safety
    /// Wait-free, no frees: the bank is taken out of its buffer and not copied, so that the buffer is empty when it
    /// comes back to the sender, and nothing is left in ours that a later call would have to drop.
    pub(crate) fn next(&mut self) -> Option<Arc<Bank>> {
        if self.banks.update() { self.banks.output_buffer_mut().take() } else { None }
    }

    /// Sends a bank back to be freed; without room it is returned.
    ///
    /// # Real-time safety
    /// Wait-free.
    pub(crate) fn retire(&mut self, bank: Arc<Bank>) -> Option<Arc<Bank>> {
        match self.retired.push(bank) {
            Ok(()) => None,
            Err(rtrb::PushError::Full(bank)) => Some(bank),
        }
    }
}
