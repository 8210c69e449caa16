//! [audio thread] Host buffers and events to and from the [`Player`].

use crate::params::{PlayMode, StraightshotParams, TakeChoice};
use crate::shared::Shared;
use nice_plug::midi::{Channel, Key, VoiceID, control_change};
use nice_plug::prelude::*;
use std::sync::Arc;
use straightshot_playback::input::{Input, input};
use straightshot_playback::telemetry::{Telemetry, Tempo};
use straightshot_playback::{Block, Choice, Mode, NoteEvent as PlayerEvent, NoteId, Player, Shape};

/// The audio thread's part of one activation.
pub struct AudioProcessor {
    player: Player,
    telemetry: Arc<Telemetry>,
    input: Input,
    /// Blocks since the host has started processing last, as far as it matters.
    blocks: u32,
}

impl AudioProcessor {
    /// Connects a player at the host's rate with what can be played. Called when the host activates the plugin, not on
    /// the audio thread.
    #[must_use]
    pub fn new(shared: &Shared, sample_rate_hz: u32) -> Self {
        shared.host_place.activated(sample_rate_hz);
        let receiver = shared.connect(sample_rate_hz);
        let telemetry = shared.telemetry.clone();
        let (input, recorder) = input(sample_rate_hz);
        shared.guide.connect(recorder);
        let player = Player::new(receiver, sample_rate_hz, telemetry.clone());
        Self { player, telemetry, input, blocks: 0 }
    }

    /// Silences everything.
    ///
    /// # Real-time safety
    /// No allocation, no frees, constant time.
    pub fn reset(&mut self) {
        self.player.reset();
        self.blocks = 0;
    }

    /// The host starts processing and has no other way to say that everything is to be silent, as in VST3. If it does so
    /// around every block, it cannot mean that: what sounds goes on.
    ///
    /// # Real-time safety
    /// No allocation, no frees, constant time.
    pub fn start(&mut self) {
        if self.blocks > 1 {
            self.player.reset();
        }
        self.blocks = 0;
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
        aux: &mut AuxiliaryBuffers<'_>,
        context: &mut impl ProcessContext<P>,
    ) {
        self.blocks = self.blocks.saturating_add(1);
        let block = block(params, context.transport());
        self.telemetry.publish_tempo(tempo(context.transport()));
        if let Some(input) = aux.inputs.first_mut() {
            self.input.process(input.as_slice());
        }
        let events = std::iter::from_fn(|| context.next_event()).filter_map(|event| player_event(&event));
        self.player.process(&block, events, buffer.as_slice());
    }
}

/// The tempo that a host tells.
fn tempo(transport: &Transport) -> Option<Tempo> {
    let number = |n: Option<i32>| n.and_then(|n| u32::try_from(n).ok());
    let signature = number(transport.time_sig_numerator).zip(number(transport.time_sig_denominator));
    transport.tempo.map(|bpm| Tempo { bpm, signature })
}

/// What the parameters and the host say about a block.
fn block(params: &StraightshotParams, transport: &Transport) -> Block {
    let looped = params.looped.value();
    let key = |param: &IntParam| u8::try_from(param.value().clamp(0, 127)).unwrap_or(0);
    Block {
        mode: match params.play_mode.value() {
            PlayMode::Note => Mode::Note,
            PlayMode::Gate if looped => Mode::Loop,
            PlayMode::Gate => Mode::Gate,
            PlayMode::Transport => Mode::Transport { looped },
        },
        choice: match params.take_choice.value() {
            TakeChoice::Active => Choice::Active,
            TakeChoice::Number => Choice::Number(usize::try_from(params.take.value() - 1).unwrap_or(0)),
            TakeChoice::RoundRobin => Choice::RoundRobin,
            TakeChoice::Random => Choice::Random,
            TakeChoice::Keys => Choice::Keys,
        },
        keytrack: params.keytrack.value(),
        root_key: key(&params.root_key),
        lowest_key: key(&params.lowest_key),
        highest_key: key(&params.highest_key),
        velocity: params.velocity.value(),
        shape: Shape {
            attack_s: params.attack.value(),
            decay_s: params.decay.value(),
            sustain: params.sustain.value(),
            release_s: params.release.value(),
        },
        gain: params.gain.value(),
        transport: straightshot_playback::Transport {
            playing: transport.playing,
            position: transport.pos_samples(),
            around: transport.loop_range_samples().map(|(start, end)| [start, end]),
        },
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
        NoteEvent::MidiCC { timing, channel, cc, value } => controller(timing as usize, channel, cc, value),
        _ => None,
    }
}

/// What a MIDI controller means to the player.
fn controller(offset: usize, channel: u8, number: u8, value: f32) -> Option<PlayerEvent> {
    let note = NoteId::of_channel(channel);
    match number {
        control_change::DAMPER_PEDAL => Some(PlayerEvent::Pedal { offset, channel, down: value >= 0.5 }),
        control_change::ALL_SOUND_OFF => Some(PlayerEvent::Choke { offset, note }),
        control_change::RESET_ALL_CONTROLLERS => Some(PlayerEvent::Pedal { offset, channel, down: false }),
        // By the specification changes of the mode (124 to 127) release all notes as well.
        control_change::ALL_NOTES_OFF..=control_change::POLY_MODE_ON => {
            Some(PlayerEvent::Off { offset, note })
        }
        _ => None,
    }
}

fn note_id(key: Key, channel: Channel, voice: VoiceID) -> NoteId {
    NoteId { key: key.number(), channel: channel.number(), voice: voice.id() }
}
