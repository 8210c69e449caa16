//! [audio thread] Host buffers and events to and from the [`Player`].

use crate::params::{PlayMode, StraightshotParams};
use crate::shared::{RENDER_WAIT, Severity, Shared};
use nice_plug::midi::{Channel, Key, VoiceID};
use nice_plug::prelude::*;
use straightshot_playback::{Block, Mode, NoteEvent as PlayerEvent, NoteId, Player};

/// The audio thread's part of one activation.
pub struct AudioProcessor {
    player: Player,
}

impl AudioProcessor {
    /// Connects a player at the host's rate with the active take. Called when the host activates the plugin, not on
    /// the audio thread.
    #[must_use]
    pub fn new(shared: &Shared, sample_rate_hz: u32) -> Self {
        // A take that is still being read would be missing at the beginning of an offline render.
        shared.keeper.wait_for_active(RENDER_WAIT);
        let (receiver, sent) =
            shared.outlet.connect(sample_rate_hz, || shared.session.lock().active().cloned());
        if let Err(e) = sent {
            shared.say(Severity::Error, e.to_string(), e.detail());
        }
        Self { player: Player::new(receiver, sample_rate_hz, shared.telemetry.clone()) }
    }

    /// Silences everything.
    ///
    /// # Real-time safety
    /// No allocation, no frees, constant time.
    pub fn reset(&mut self) {
        self.player.reset();
    }

    /// Renders one block into all channels of the host; what becomes of one or two channels of the sound is said at
    /// [`Player::process`].
    ///
    /// # Real-time safety
    /// No allocation, no frees, no locks.
    pub fn process<P: Plugin>(
        &mut self,
        params: &StraightshotParams,
        buffer: &mut Buffer<'_>,
        context: &mut impl ProcessContext<P>,
    ) {
        let transport = context.transport();
        let block = Block {
            mode: player_mode(params.play_mode.value()),
            keytrack: params.keytrack.value(),
            gain: params.gain.value(),
            transport: straightshot_playback::Transport {
                playing: transport.playing,
                position: transport.pos_samples(),
            },
        };
        let events = std::iter::from_fn(|| context.next_event()).filter_map(|event| player_event(&event));
        self.player.process(&block, events, buffer.as_slice());
    }
}

fn player_mode(mode: PlayMode) -> Mode {
    match mode {
        PlayMode::Note => Mode::Note,
        PlayMode::Gate => Mode::Gate,
        PlayMode::Transport => Mode::Transport,
    }
}

/// The player's form of an event, if it is one the player knows.
fn player_event<S>(event: &NoteEvent<S>) -> Option<PlayerEvent> {
    match *event {
        NoteEvent::NoteOn { timing, voice_id, channel, key, velocity } => {
            Some(PlayerEvent::On { offset: timing as usize, note: note_id(key, channel, voice_id), velocity })
        }
        NoteEvent::NoteOff { timing, voice_id, channel, key, .. } => {
            Some(PlayerEvent::Off { offset: timing as usize, note: note_id(key, channel, voice_id) })
        }
        NoteEvent::Choke { timing, voice_id, channel, key } => {
            Some(PlayerEvent::Choke { offset: timing as usize, note: note_id(key, channel, voice_id) })
        }
        _ => None,
    }
}

fn note_id(key: Key, channel: Channel, voice: VoiceID) -> NoteId {
    NoteId { key: key.number(), channel: channel.number(), voice: voice.id() }
}
