//! What comes in at the audio input: recorded without a trace, and never heard.

use crate::counting::{Counts, watch};
use crate::hosted::{Instance, note_on};
use clack_host::events::event_types::TransportEvent;
use clack_host::prelude::*;
use straightshot_playback::input::input;
use straightshot_playback::telemetry::{Telemetry, Tempo};

#[test]
fn recording_never_touches_the_allocator() {
    let (mut input, mut recorder) = input(48_000);
    let telemetry = Telemetry::default();
    let (mut left, mut right) = ([0.25_f32; 512], [0.75_f32; 512]);
    for armed in [false, true, false] {
        recorder.arm(armed);
        // More than the ring holds.
        let ((), counts) = watch(|| {
            for frames in [0, 1, 64, 512].into_iter().cycle().take(1000) {
                input.process(&[&mut left[..frames], &mut right[..frames]]);
                telemetry.publish_tempo(Some(Tempo { bpm: 120.0, signature: Some((4, 4)) }));
            }
        });
        assert_eq!(counts, Counts::NONE);
    }
    let mut heard = Vec::new();
    recorder.read(&mut heard);
    assert_eq!(heard.len(), 96_000);
    assert!(heard.iter().all(|sample| (sample - 0.5).abs() < 1e-6));
}

/// One block with a note, with this at the input.
fn played(level: Option<f32>) -> (Vec<f32>, Counts) {
    let mut instance = Instance::new();
    instance.ask_for(1, 1.0);
    instance.wait_for_take();
    let processor = instance.activate(48_000);
    let mut processor = processor.start_processing().expect("processing can start");
    let (mut ins, mut outs) = (AudioPorts::with_capacity(2, 1), AudioPorts::with_capacity(2, 1));
    let mut channels = [vec![f32::NAN; 256], vec![f32::NAN; 256]];
    let mut given = [vec![level.unwrap_or(0.0); 256], vec![level.unwrap_or(0.0); 256]];
    let [left, right] = &mut channels;
    let mut output = outs.with_output_buffers([AudioPortBuffer {
        latency: 0,
        channels: AudioPortBufferType::f32_output_only(
            [left.as_mut_slice(), right.as_mut_slice()].into_iter(),
        ),
    }]);
    let with = ins.with_input_buffers([AudioPortBuffer {
        latency: 0,
        channels: AudioPortBufferType::f32_input_only(given.iter_mut().map(InputChannel::variable)),
    }]);
    let input = if level.is_some() { with } else { InputAudioBuffers::empty() };
    let events = note_on(0, 60);
    let (status, counts) = watch(|| {
        let transport: Option<&TransportEvent> = None;
        processor.process(&input, &mut output, &events.as_input(), &mut OutputEvents::void(), None, transport)
    });
    status.expect("processing works");
    (channels[0].clone(), counts)
}

#[test]
fn the_input_is_not_heard_and_a_host_without_it_plays_the_same() {
    let (without, counts) = played(None);
    assert_eq!(counts, Counts::NONE);
    assert!(without.iter().any(|sample| *sample != 0.0), "the note plays");
    for level in [0.0, 0.9, f32::NAN] {
        let (with, counts) = played(Some(level));
        assert_eq!((counts, with == without), (Counts::NONE, true), "{level}");
    }
}
