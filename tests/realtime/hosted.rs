//! The whole plugin, linked into this program and driven through its CLAP entry as a host does.

use crate::counting::{Counts, watch};
use crate::engine::{ToneEngine, cache_of, tone, tone_hz, tone_level};
use clack_extensions::audio_ports_config::{
    AudioPortsConfigBuffer, AudioPortsConfiguration, PluginAudioPortsConfig,
};
use clack_extensions::state::PluginState;

use clack_host::events::event_types::{NoteOffEvent, NoteOnEvent, TransportEvent, TransportFlags};
use clack_host::events::{EventFlags, EventHeader, Pckn};
use clack_host::prelude::*;
use clack_host::utils::{BeatTime, SecondsTime};
use serde_json::{Value, json};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use straightshot::worker::models::ModelCache;

/// Longest block the host promises.
pub(crate) const MAX_BLOCK: usize = 1024;

pub(crate) struct TestHost;
pub(crate) struct TestShared;

impl SharedHandler<'_> for TestShared {
    fn request_restart(&self) {}
    fn request_process(&self) {}
    fn request_callback(&self) {}
}

impl HostHandlers for TestHost {
    type Shared<'a> = TestShared;
    type MainThread<'a> = ();
    type AudioProcessor<'a> = ();
}

/// An instance of the plugin, on the thread that made it.
pub(crate) struct Instance(PluginInstance<TestHost>);

impl Instance {
    pub(crate) fn new() -> Self {
        // The first instance decides; later calls find the same cache installed.
        let _ = ModelCache::install(cache_of(&Arc::new(ToneEngine::default())));
        // SAFETY: the entry is this program's own plugin and follows the CLAP contract.
        let entry = unsafe { PluginEntry::load_from_raw(&straightshot::clap_entry, c"straightshot") };
        let entry = entry.expect("the plugin can be loaded");
        let info = HostInfo::new("realtime test", "Straightshot", "", "1").expect("valid");
        let id = c"org.straightshot.straightshot";
        Self(PluginInstance::new(|_| TestShared, |_| (), &entry, id, &info).expect("the plugin can be made"))
    }

    pub(crate) fn save(&mut self) -> Vec<u8> {
        let mut bytes = Vec::new();
        let handle = self.0.plugin_handle();
        let state: PluginState = handle.get_extension().expect("the plugin has state");
        state.save(&handle, &mut bytes).expect("saving works");
        bytes
    }

    fn load(&mut self, bytes: &[u8]) {
        assert!(self.try_load(bytes), "loading works");
    }

    /// Loads a state. Returns whether the plugin took it.
    pub(crate) fn try_load(&mut self, bytes: &[u8]) -> bool {
        let handle = self.0.plugin_handle();
        let state: PluginState = handle.get_extension().expect("the plugin has state");
        state.load(&handle, &mut &bytes[..]).is_ok()
    }

    pub(crate) fn deactivate(&mut self, deck: Deck) {
        self.0.deactivate(deck.processor.stop_processing());
    }

    /// The session as the project file holds it.
    fn session(&mut self) -> Value {
        let document: Value = serde_json::from_slice(&self.save()[8..]).expect("the state is JSON");
        let text = document["fields"]["session"].as_str().expect("the session is a field");
        serde_json::from_str(text).expect("the session is JSON")
    }

    /// Loads the state of a project in which the sound of `seed` was being made.
    pub(crate) fn ask_for(&mut self, seed: u64, seconds: f64) {
        let session = json!({ "version": 1, "prompt": "a tone", "pending": {
            "prompt": "a tone", "negative_prompt": "", "steps": 2, "guidance": 3.0, "seed": seed, "seconds": seconds } });
        self.load(&state_with(&session.to_string()));
    }

    /// Waits until the session has finished what it was asked for.
    pub(crate) fn wait_for_take(&mut self) {
        let begun = Instant::now();
        loop {
            let session = self.session();
            if session["pending"].is_null()
                && session["takes"].as_array().is_some_and(|takes| !takes.is_empty())
            {
                return;
            }
            assert!(begun.elapsed() < Duration::from_secs(20), "no take came: {}", session["pending"]);
            std::thread::sleep(Duration::from_millis(2));
        }
    }

    pub(crate) fn activate(&mut self, rate_hz: u32) -> StoppedPluginAudioProcessor<TestHost> {
        let config = PluginAudioConfiguration {
            sample_rate: f64::from(rate_hz),
            min_frames_count: 1,
            max_frames_count: MAX_BLOCK as u32,
        };
        self.0.activate(|_, _| (), config).expect("the plugin can be activated")
    }
}

/// The host's transport at `position` seconds, or at rest.
fn transport(position: Option<f64>) -> TransportEvent {
    let mut flags = TransportFlags::HAS_SECONDS_TIMELINE;
    flags.set(TransportFlags::IS_PLAYING, position.is_some());
    TransportEvent {
        header: EventHeader::new_core(0, EventFlags::empty()),
        flags,
        song_pos_beats: BeatTime::from_int(0),
        song_pos_seconds: SecondsTime::from_float(position.unwrap_or_default()),
        tempo: 120.0,
        tempo_inc: 0.0,
        loop_start_beats: BeatTime::from_int(0),
        loop_end_beats: BeatTime::from_int(0),
        loop_start_seconds: SecondsTime::from_int(0),
        loop_end_seconds: SecondsTime::from_int(0),
        bar_start: BeatTime::from_int(0),
        bar_number: 0,
        time_signature_numerator: 4,
        time_signature_denominator: 4,
    }
}

/// A plugin state whose session is `text`.
pub(crate) fn state_with(text: &str) -> Vec<u8> {
    state_of(text, &json!({}))
}

/// A plugin state whose session is `text`, with some parameters.
fn state_of(text: &str, params: &Value) -> Vec<u8> {
    let document = json!({ "version": "0.1.0", "params": params, "fields": { "session": text } }).to_string();
    let mut bytes = (document.len() as u64).to_le_bytes().to_vec();
    bytes.extend(document.as_bytes());
    bytes
}

/// The audio thread's side of a host; everything it needs is allocated beforehand.
pub(crate) struct Deck {
    processor: StartedPluginAudioProcessor<TestHost>,
    ports: AudioPorts,
    channels: [Vec<f32>; 2],
    /// What the plugin allocated and freed in its process call.
    pub(crate) counts: Counts,
}

impl Deck {
    pub(crate) fn new(processor: StoppedPluginAudioProcessor<TestHost>) -> Self {
        Self {
            processor: processor.start_processing().expect("processing can start"),
            ports: AudioPorts::with_capacity(2, 1),
            channels: [vec![0.0; MAX_BLOCK], vec![0.0; MAX_BLOCK]],
            counts: Counts::default(),
        }
    }

    /// Plays one block while the host's transport rests, and returns its left channel.
    pub(crate) fn play(&mut self, frames: usize, input: &EventBuffer) -> &[f32] {
        self.play_at(frames, input, None)
    }

    /// Plays one block and returns its left channel. The transport is at `position` seconds, or rests.
    pub(crate) fn play_at(&mut self, frames: usize, input: &EventBuffer, position: Option<f64>) -> &[f32] {
        let transport = transport(position);
        let [left, right] = &mut self.channels;
        left[..frames].fill(f32::NAN);
        right[..frames].fill(f32::NAN);
        let channels = [&mut left[..frames], &mut right[..frames]];
        let mut output = self.ports.with_output_buffers([AudioPortBuffer {
            latency: 0,
            channels: AudioPortBufferType::f32_output_only(channels.into_iter()),
        }]);
        let (nothing_in, mut nothing_out, events) =
            (InputAudioBuffers::empty(), OutputEvents::void(), input.as_input());
        let processor = &mut self.processor;
        let (status, counts) = watch(|| {
            processor.process(&nothing_in, &mut output, &events, &mut nothing_out, None, Some(&transport))
        });
        status.expect("processing works");
        self.counts.allocations += counts.allocations;
        self.counts.frees += counts.frees;
        self.counts.syscalls += counts.syscalls;
        assert_eq!(left[..frames], right[..frames], "the sound is in the centre");
        &left[..frames]
    }
}

pub(crate) fn note_on(offset: usize, key: u16) -> EventBuffer {
    let mut events = EventBuffer::new();
    events.push(&NoteOnEvent::new(offset as u32, Pckn::new(0_u16, 0_u16, key, 0_u32), 1.0));
    events
}

fn rising_zero_crossings(samples: &[f32]) -> usize {
    samples.windows(2).filter(|pair| pair[0] <= 0.0 && pair[1] > 0.0).count()
}

#[test]
fn the_real_process_never_touches_the_allocator() {
    let mut instance = Instance::new();
    instance.ask_for(1, 2.0);
    instance.wait_for_take();
    let mut deck = Deck::new(instance.activate(48_000));
    let stop = AtomicBool::new(false);
    let audio = std::thread::scope(|scope| {
        let audio = scope.spawn(|| {
            let silence = EventBuffer::new();
            let mut notes = note_on(0, 60);
            notes.push(&NoteOffEvent::new(0, Pckn::new(0_u16, 0_u16, 60_u16, 0_u32), 0.0));
            let mut heard = [false; 2];
            let mut blocks = 0_usize;
            while !stop.load(Ordering::Relaxed) || blocks < 3000 {
                let frames = [0, 1, 63, 64, 1024, blocks * 37 % 1025][blocks / 20 % 6];
                let events = if blocks.is_multiple_of(10) { &notes } else { &silence };
                let peak =
                    deck.play(frames, events).iter().fold(0.0_f32, |peak, sample| peak.max(sample.abs()));
                heard[0] |= peak > 0.0 && peak <= tone_level(0);
                heard[1] |= peak > tone_level(0);
                blocks += 1;
                if blocks.is_multiple_of(20) {
                    std::thread::sleep(Duration::from_micros(500));
                }
            }
            (deck, heard)
        });
        for seed in 0..60 {
            instance.ask_for(seed, 0.5 + 0.01 * seed as f64);
            instance.wait_for_take();
        }
        stop.store(true, Ordering::Relaxed);
        audio.join().expect("the audio thread lives")
    });
    let (deck, heard) = audio;
    assert_eq!(deck.counts, Counts::NONE);
    assert_eq!(heard, [true, true], "takes of both levels must have been heard");
    instance.0.deactivate(deck.processor.stop_processing());
}

#[test]
fn a_note_is_exact_to_the_sample_through_the_host() {
    let mut instance = Instance::new();
    instance.ask_for(3, 1.0);
    instance.wait_for_take();
    for start in [0, 1, 300, 1023] {
        let mut deck = Deck::new(instance.activate(44_100));
        deck.play(MAX_BLOCK, &EventBuffer::new());
        let mut sound = deck.play(MAX_BLOCK, &note_on(start, 60)).to_vec();
        sound.extend(deck.play(MAX_BLOCK, &EventBuffer::new()));
        // The tone begins with a sample of zero.
        let first = sound.iter().position(|sample| *sample != 0.0);
        assert_eq!(first, Some(start + 1));
        instance.0.deactivate(deck.processor.stop_processing());
    }
}

#[test]
fn the_pitch_is_right_at_every_sample_rate_from_the_first_block() {
    let mut instance = Instance::new();
    instance.ask_for(2, 1.5);
    instance.wait_for_take();
    for rate_hz in [44_100, 48_000, 48_000, 96_000, 22_050, 44_100] {
        let mut deck = Deck::new(instance.activate(rate_hz));
        let mut sound = deck.play(MAX_BLOCK, &note_on(0, 60)).to_vec();
        while sound.len() < rate_hz as usize {
            let block = deck.play(MAX_BLOCK, &EventBuffer::new());
            sound.extend(block);
        }
        sound.truncate(rate_hz as usize);
        let heard_hz = rising_zero_crossings(&sound) as f32;
        assert!((heard_hz - tone_hz(2)).abs() <= 1.0, "{heard_hz} Hz at {rate_hz}");
        assert!(sound.iter().fold(0.0_f32, |peak, sample| peak.max(*sample)) > 0.9 * tone_level(2));
        instance.0.deactivate(deck.processor.stop_processing());
    }
}

#[test]
fn the_host_transport_plays_the_take() {
    let mut instance = Instance::new();
    instance.ask_for(2, 1.0);
    instance.wait_for_take();
    let session = instance.session().to_string();
    instance.load(&state_of(&session, &json!({ "playmode": { "string": "transport" } })));
    let mut deck = Deck::new(instance.activate(48_000));
    let nothing = EventBuffer::new();
    assert!(deck.play(1000, &note_on(0, 60)).iter().all(|sample| *sample == 0.0), "notes are ignored");
    let started = deck.play_at(1000, &nothing, Some(3.0)).to_vec();
    assert!(started[0] != 0.0, "from the first sample of the block");
    let going_on = deck.play_at(1000, &nothing, Some(3.0 + 1000.0 / 48_000.0)).to_vec();
    let restarted = deck.play_at(1000, &nothing, Some(1.0)).to_vec();
    assert!(going_on[0].abs() > 1e-3 || going_on[1].abs() > 1e-3);
    // After the fade of what was playing, a jump sounds like the start.
    assert_eq!(restarted[500..], started[500..]);
    deck.play(1000, &nothing);
    assert!(deck.play(1000, &nothing).iter().all(|sample| *sample == 0.0), "it stops with the transport");
    instance.0.deactivate(deck.processor.stop_processing());
}

#[test]
fn the_mono_layout_plays_the_same() {
    let mut instance = Instance::new();
    instance.ask_for(1, 0.5);
    instance.wait_for_take();
    let handle = instance.0.plugin_handle();
    let layouts: PluginAudioPortsConfig = handle.get_extension().expect("the plugin offers layouts");
    let mut buffer = AudioPortsConfigBuffer::new();
    let described =
        |layout: AudioPortsConfiguration<'_>| (layout.id, layout.main_output.map(|port| port.channel_count));
    let offered: Vec<_> = (0..layouts.count(&handle))
        .filter_map(|i| layouts.get(&handle, i, &mut buffer).map(described))
        .collect();
    let channels: Vec<_> = offered.iter().map(|(_, channels)| *channels).collect();
    assert_eq!(channels, [Some(2), Some(1)]);
    layouts.select(&handle, offered[1].0).expect("the layout can be chosen");
    let mut deck = Deck::new(instance.activate(44_100));
    let mut mono = [f32::NAN; 500];
    let mut output = deck.ports.with_output_buffers([AudioPortBuffer {
        latency: 0,
        channels: AudioPortBufferType::f32_output_only([mono.as_mut_slice()].into_iter()),
    }]);
    let (notes, mut nothing_out) = (note_on(0, 60), OutputEvents::void());
    deck.processor
        .process(&InputAudioBuffers::empty(), &mut output, &notes.as_input(), &mut nothing_out, None, None)
        .expect("processing works");
    let expected = tone(1, 0.5);
    assert!(mono[100..].iter().zip(&expected[100..]).all(|(heard, made)| (heard - made).abs() < 1e-6));
    instance.0.deactivate(deck.processor.stop_processing());
}

#[test]
fn unusual_sample_rates_are_survived() {
    let mut instance = Instance::new();
    instance.ask_for(2, 0.3);
    instance.wait_for_take();
    for rate_hz in [1, 999, 8000, 44_056, 47_952, 88_200, 192_000, 384_000, 768_000] {
        let mut deck = Deck::new(instance.activate(rate_hz));
        let sound = deck.play(MAX_BLOCK, &note_on(0, 60));
        assert!(sound.iter().all(|sample| sample.is_finite()));
        instance.0.deactivate(deck.processor.stop_processing());
    }
}

#[test]
fn a_project_loaded_while_playing_is_heard_in_the_next_block() {
    let mut quiet = Instance::new();
    quiet.ask_for(2, 1.0);
    quiet.wait_for_take();
    let project = quiet.save();
    let mut instance = Instance::new();
    let mut deck = Deck::new(instance.activate(48_000));
    assert!(deck.play(MAX_BLOCK, &note_on(0, 60)).iter().all(|sample| *sample == 0.0));
    instance.load(&project);
    deck.play(MAX_BLOCK, &note_on(0, 60));
    let sound = deck.play(MAX_BLOCK, &EventBuffer::new());
    assert!(sound.iter().any(|sample| sample.abs() > 0.9 * tone_level(2)));
    instance.0.deactivate(deck.processor.stop_processing());
}

#[test]
fn a_project_is_saved_byte_for_byte_as_it_was_loaded() {
    let mut instance = Instance::new();
    instance.ask_for(7, 0.7);
    instance.wait_for_take();
    let saved = instance.save();
    let mut other = Instance::new();
    other.load(&saved);
    assert_eq!(other.save(), saved);
}

#[test]
fn a_damaged_project_is_loaded_as_far_as_it_goes() {
    let mut instance = Instance::new();
    for text in
        ["", "{", "null", "{\"version\":99,\"takes\":[{}]}", "{\"takes\":[{\"id\":1,\"audio\":\"?\"}]}"]
    {
        instance.load(&state_with(text));
        instance.session();
    }
    let mut deck = Deck::new(instance.activate(48_000));
    assert!(deck.play(64, &note_on(0, 60)).iter().all(|sample| *sample == 0.0));
    instance.0.deactivate(deck.processor.stop_processing());
}

#[test]
fn instances_come_and_go_while_they_work() {
    for seed in 0..20 {
        let mut instance = Instance::new();
        let mut deck = Deck::new(instance.activate(48_000));
        instance.ask_for(seed, 0.5);
        deck.play(64, &note_on(0, 60));
        instance.0.deactivate(deck.processor.stop_processing());
    }
}
