//! What a drag source and the windows under the pointer say to each other, without a server.
//!
//! ```text
//!  pointer over a target ── Enter ──> Position ──> (status) ──> Position ──> … ── button up ──> Drop ──> (finished)
//!            │                                                                       │
//!            └── elsewhere ──> Leave                      not accepted, escape ──────┴──> Leave
//! ```
//!
//! A position is only sent after the one before was answered, or [`STATUS_WAIT`] after it; and after the button is up,
//! the answer to the last position decides. The rectangle in which a target wants no more positions is not regarded:
//! the protocol leaves that to the source.

use crate::Ending;
use std::time::{Duration, Instant};
use straightshot_protocol::{ErrorKind, Failure};

/// How long a target may take to answer a position.
pub(super) const STATUS_WAIT: Duration = Duration::from_secs(2);
/// How long a target may take after the drop, counted from the last time that it asked for the files.
pub(super) const FINISH_WAIT: Duration = Duration::from_secs(5);
/// Longest drag of all, until the button is up.
pub(super) const LIMIT: Duration = Duration::from_secs(60);

/// A window that takes drops.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Target {
    /// The window.
    pub(super) window: u32,
    /// The window that gets its messages: itself, or its proxy.
    pub(super) receiver: u32,
    /// The version to speak: what both know.
    pub(super) version: u32,
}

/// What is said to a target.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Message {
    /// The pointer is over it.
    Enter(Target),
    /// The pointer is at this place of the screen.
    Position(Target, (i16, i16)),
    /// The pointer has gone, or the drag was given up.
    Leave(Target),
    /// The button was released; the target may ask for the files now.
    Drop(Target),
}

/// Where the pointer is, and what the user holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Pointer {
    /// Place on the screen.
    pub(super) at: (i16, i16),
    /// Whether the left button is down.
    pub(super) held: bool,
    /// What takes drops there.
    pub(super) target: Option<Target>,
}

/// One drag.
#[derive(Debug)]
pub(super) struct Dialogue {
    began: Instant,
    /// Whether the button was seen down at all: a file may be ready only after it was released.
    was_held: bool,
    target: Option<Target>,
    /// Whether the target wants the files, by its last answer.
    accepted: bool,
    /// When a position was sent that is not answered yet.
    asked: Option<Instant>,
    /// The position that the target knows.
    told: Option<(i16, i16)>,
    /// Where the button was released.
    released: Option<(i16, i16)>,
    /// When the target was given the files, or asked for them last.
    dropped: Option<Instant>,
    messages: Vec<Message>,
}

impl Dialogue {
    /// A drag that begins `now`, over nothing.
    pub(super) fn new(now: Instant) -> Self {
        Self {
            began: now,
            was_held: false,
            target: None,
            accepted: false,
            asked: None,
            told: None,
            released: None,
            dropped: None,
            messages: Vec::new(),
        }
    }

    /// What is to be said since the last call, in order.
    pub(super) fn take_messages(&mut self) -> Vec<Message> {
        std::mem::take(&mut self.messages)
    }

    /// Whether the window under the pointer would take the files.
    pub(super) fn is_welcome(&self) -> bool {
        self.target.is_some() && self.accepted
    }

    /// Whether the button is still down, as far as is known.
    pub(super) fn is_held(&self) -> bool {
        self.released.is_none()
    }

    /// Takes in where the pointer is. Returns how the drag ended, if it did.
    pub(super) fn pointer(&mut self, pointer: &Pointer, now: Instant) -> Option<Ending> {
        if let Some(dropped) = self.dropped {
            // It has the files or their names; that it does not say so is between it and the user.
            return (now - dropped >= FINISH_WAIT).then_some(Ending::Dropped);
        }
        if self.released.is_none() {
            if now - self.began >= LIMIT {
                self.leave();
                return Some(Ending::Cancelled);
            }
            self.was_held |= pointer.held;
            if !self.was_held {
                return Some(Ending::Nowhere);
            }
            self.follow(pointer.target);
            if !pointer.held {
                self.released = Some(pointer.at);
            }
        }
        let at = self.released.unwrap_or(pointer.at);
        let Some(target) = self.target else {
            return self.released.map(|_| Ending::Nowhere);
        };
        let overdue = self.asked.is_some_and(|asked| now - asked >= STATUS_WAIT);
        if self.asked.is_some() && !overdue {
            return None;
        }
        if self.told != Some(at) && !(overdue && self.released.is_some()) {
            self.told = Some(at);
            self.asked = Some(now);
            self.messages.push(Message::Position(target, at));
            return None;
        }
        self.released.and_then(|_| self.let_go(target, overdue, now))
    }

    /// The button is up and the target has had its say.
    fn let_go(&mut self, target: Target, overdue: bool, now: Instant) -> Option<Ending> {
        if self.accepted && !overdue {
            self.dropped = Some(now);
            self.messages.push(Message::Drop(target));
            return None;
        }
        self.leave();
        Some(Ending::Refused)
    }

    /// A target answers the last position.
    pub(super) fn status(&mut self, from: u32, accepts: bool) {
        if self.is_from_target(from) && self.dropped.is_none() {
            self.asked = None;
            self.accepted = accepts;
        }
    }

    /// A target has asked for something; if it was `served` with the files, it has time again.
    pub(super) fn asked(&mut self, served: bool, now: Instant) {
        if let Some(dropped) = self.dropped.as_mut().filter(|_| served) {
            *dropped = now;
        }
    }

    /// A target has taken the files, or failed to. Returns how the drag ended, if this ends it.
    pub(super) fn finished(&self, from: u32, success: bool) -> Option<Ending> {
        self.dropped.filter(|_| self.is_from_target(from))?;
        // Before version 5 there was no such answer.
        let early = self.target.is_some_and(|target| target.version < 5);
        Some(if success || early {
            Ending::Dropped
        } else {
            Ending::Failed(Failure::new(
                ErrorKind::Io,
                "The program that the sound was dropped on could not use it.",
            ))
        })
    }

    /// The user or the window gives the drag up.
    pub(super) fn cancel(&mut self) -> Ending {
        if self.dropped.is_some() {
            return Ending::Dropped;
        }
        self.leave();
        Ending::Cancelled
    }

    fn is_from_target(&self, from: u32) -> bool {
        // By the protocol a target names its window; some name their proxy.
        self.target.is_some_and(|target| from == target.window || from == target.receiver)
    }

    /// The pointer is over `target` now.
    fn follow(&mut self, target: Option<Target>) {
        if target != self.target {
            self.leave();
            self.target = target;
            self.messages.extend(target.map(Message::Enter));
        }
    }

    fn leave(&mut self) {
        self.messages.extend(self.target.take().map(Message::Leave));
        self.accepted = false;
        self.asked = None;
        self.told = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: Target = Target { window: 1, receiver: 1, version: 5 };
    const B: Target = Target { window: 2, receiver: 3, version: 4 };

    /// A drag with its own clock.
    struct Trial {
        dialogue: Dialogue,
        now: Instant,
    }

    impl Trial {
        fn new() -> Self {
            let now = Instant::now();
            Self { dialogue: Dialogue::new(now), now }
        }

        fn wait(&mut self, seconds: f32) -> &mut Self {
            self.now += Duration::from_secs_f32(seconds);
            self
        }

        fn pointer(&mut self, x: i16, held: bool, target: Option<Target>) -> (Option<Ending>, Vec<Message>) {
            let ending = self.dialogue.pointer(&Pointer { at: (x, 0), held, target }, self.now);
            (ending, self.dialogue.take_messages())
        }

        fn says(&mut self, x: i16, held: bool, target: Option<Target>) -> Vec<Message> {
            let (ending, messages) = self.pointer(x, held, target);
            assert_eq!(ending, None);
            messages
        }
    }

    #[test]
    fn drag_out_dialogue_of_a_plain_drop() {
        let mut trial = Trial::new();
        assert!(trial.says(0, true, None).is_empty());
        assert_eq!(trial.says(1, true, Some(A)), [Message::Enter(A), Message::Position(A, (1, 0))]);
        assert!(trial.says(2, true, Some(A)).is_empty(), "the last position is not answered yet");
        trial.dialogue.status(1, true);
        assert!(trial.dialogue.is_welcome());
        assert_eq!(trial.says(2, true, Some(A)), [Message::Position(A, (2, 0))]);
        trial.dialogue.status(1, true);
        assert!(trial.says(2, true, Some(A)).is_empty(), "it did not move");
        assert_eq!(trial.says(2, false, Some(A)), [Message::Drop(A)]);
        assert_eq!(trial.dialogue.finished(7, true), None, "somebody else");
        assert_eq!(trial.dialogue.finished(1, true), Some(Ending::Dropped));
    }

    #[test]
    fn drag_out_the_answer_to_the_last_position_decides() {
        let mut trial = Trial::new();
        trial.says(1, true, Some(A));
        trial.dialogue.status(1, true);
        // Released elsewhere in the same window before that place was announced; then the pointer moves on.
        assert_eq!(trial.says(9, false, Some(A)), [Message::Position(A, (9, 0))]);
        assert!(trial.says(50, false, Some(B)).is_empty());
        trial.dialogue.status(1, false);
        assert_eq!(trial.pointer(50, false, None), (Some(Ending::Refused), vec![Message::Leave(A)]));
    }

    #[test]
    fn drag_out_a_slow_answer_is_waited_for_and_a_missing_one_is_not() {
        let mut trial = Trial::new();
        trial.says(1, true, Some(A));
        assert!(trial.wait(1.5).says(1, false, Some(A)).is_empty());
        trial.dialogue.status(1, true);
        assert_eq!(trial.says(1, false, Some(A)), [Message::Drop(A)]);
        let mut trial = Trial::new();
        trial.says(1, true, Some(A));
        assert!(trial.says(1, false, Some(A)).is_empty());
        let (ending, messages) = trial.wait(2.1).pointer(1, false, Some(A));
        assert_eq!((ending, messages), (Some(Ending::Refused), vec![Message::Leave(A)]));
    }

    #[test]
    fn drag_out_a_target_that_answers_nothing_is_told_again_while_the_button_is_down() {
        let mut trial = Trial::new();
        trial.says(1, true, Some(A));
        assert!(trial.wait(1.0).says(2, true, Some(A)).is_empty());
        assert_eq!(trial.wait(1.1).says(3, true, Some(A)), [Message::Position(A, (3, 0))]);
    }

    #[test]
    fn drag_out_moving_on_leaves_the_target_and_its_late_answers_count_no_more() {
        let mut trial = Trial::new();
        trial.says(1, true, Some(A));
        let messages = trial.says(2, true, Some(B));
        assert_eq!(messages, [Message::Leave(A), Message::Enter(B), Message::Position(B, (2, 0))]);
        trial.dialogue.status(1, true);
        assert!(!trial.dialogue.is_welcome());
        // A proxy may answer in its own name.
        trial.dialogue.status(3, true);
        assert!(trial.dialogue.is_welcome());
        assert_eq!(trial.says(3, true, None), [Message::Leave(B)]);
        assert_eq!(trial.pointer(3, false, None), (Some(Ending::Nowhere), vec![]));
    }

    #[test]
    fn drag_out_a_target_has_five_seconds_from_when_it_last_asked() {
        let mut trial = Trial::new();
        trial.says(1, true, Some(A));
        trial.dialogue.status(1, true);
        trial.says(1, false, Some(A));
        assert!(trial.wait(4.0).says(1, false, None).is_empty());
        trial.dialogue.asked(true, trial.now);
        assert!(trial.wait(4.0).says(1, false, None).is_empty());
        assert_eq!(trial.wait(1.1).pointer(1, false, None).0, Some(Ending::Dropped));
    }

    #[test]
    fn drag_out_success_is_only_told_from_version_5_on() {
        let dropped_on = |target: Target| {
            let mut trial = Trial::new();
            trial.says(1, true, Some(target));
            trial.dialogue.status(target.window, true);
            trial.says(1, false, Some(target));
            trial.dialogue.finished(target.window, false)
        };
        assert!(matches!(dropped_on(A), Some(Ending::Failed(_))));
        assert_eq!(dropped_on(B), Some(Ending::Dropped));
    }

    #[test]
    fn drag_out_is_given_up_by_hand_or_after_a_minute() {
        let mut trial = Trial::new();
        trial.says(1, true, Some(A));
        assert_eq!(trial.dialogue.cancel(), Ending::Cancelled);
        assert_eq!(trial.dialogue.take_messages(), [Message::Leave(A)]);
        let mut trial = Trial::new();
        trial.says(1, true, Some(A));
        trial.dialogue.status(1, true);
        let (ending, messages) = trial.wait(60.5).pointer(1, true, Some(A));
        assert_eq!((ending, messages), (Some(Ending::Cancelled), vec![Message::Leave(A)]));
    }

    #[test]
    fn drag_out_is_over_before_it_began_if_the_button_is_up() {
        let mut trial = Trial::new();
        assert_eq!(trial.pointer(1, false, Some(A)), (Some(Ending::Nowhere), vec![]));
    }

    #[test]
    fn drag_out_what_was_dropped_cannot_be_cancelled() {
        let mut trial = Trial::new();
        trial.says(1, true, Some(A));
        trial.dialogue.status(1, true);
        trial.says(1, false, Some(A));
        assert_eq!(trial.dialogue.cancel(), Ending::Dropped);
        assert!(trial.dialogue.take_messages().is_empty());
    }
}
