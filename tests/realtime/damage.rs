//! What a wrong bit in a project does: nothing to the host, and nothing to anybody's ears.

use crate::hosted::{Deck, Instance, note_on, state_with};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use flate2::Compression;
use flate2::write::DeflateEncoder;
use serde_json::json;
use std::io::Write as _;
use std::sync::Arc;
use straightshot_protocol::{Audio, Request};
use straightshot_takes::{Session, Take, TakeId};

/// Wrong bits per sample rate.
const FLIPS: usize = 10_000;
/// Projects that one instance loads; a fresh one has less in its bin.
const PER_INSTANCE: usize = 100;
/// 12 dB above full scale.
const LOUDEST: f32 = 4.0;

/// Marsaglia's xorshift: the same numbers at every run.
struct Random(u64);

impl Random {
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % end as u64).expect("it is below a usize")
    }
}

/// A hundredth of a second that deflate cannot make much smaller.
fn samples(seed: u64) -> Vec<f32> {
    let mut random = Random(seed);
    (0..441).map(|_| random.below(1 << 16) as f32 / 65_536.0 - 0.5).collect()
}

/// Two takes, saved by this version.
fn project() -> Vec<u8> {
    let mut session = Session::default();
    session.prompt = "two takes".to_owned();
    for id in 1..=2 {
        let request = Request { seed: id, prompt: "a tone".to_owned(), ..Request::default() };
        let take = Take::new(TakeId(id), request, &Audio::mono(44_100, samples(id))).expect("it is a sound");
        session.add_take(Arc::new(take));
    }
    state_with(&serde_json::to_string(&session).expect("a session can be written"))
}

/// Two takes, as document version 1 has them: without checksums.
fn old_project() -> Vec<u8> {
    let audio = |seed| {
        let mut encoder = DeflateEncoder::new(Vec::new(), Compression::fast());
        for sample in samples(seed) {
            encoder.write_all(&sample.to_le_bytes()).expect("memory takes it");
        }
        BASE64.encode(encoder.finish().expect("memory takes it"))
    };
    let take = |id: u64| json!({ "id": id, "sample_rate_hz": 44_100, "model": "m", "audio": audio(id) });
    state_with(&json!({ "version": 1, "active_take": 2, "takes": [take(1), take(2)] }).to_string())
}

/// Loads projects with one wrong bit each and plays them. Returns how many made a sound.
fn play_damaged(project: &[u8], rate_hz: u32, flips: usize, random: &mut Random) -> usize {
    let mut heard = 0;
    for _ in 0..flips.div_ceil(PER_INSTANCE) {
        let mut instance = Instance::new();
        let mut deck = Deck::new(instance.activate(rate_hz));
        for _ in 0..PER_INSTANCE {
            let mut damaged = project.to_vec();
            let at = random.below(damaged.len());
            damaged[at] ^= 1 << random.below(8);
            // Whether the host is told that nothing could be loaded is not the question here.
            let _ = instance.try_load(&damaged);
            let sound = deck.play(512, &note_on(0, 60));
            let peak = sound.iter().fold(0.0_f32, |peak, sample| peak.max(sample.abs()));
            assert!(
                sound.iter().all(|sample| sample.abs() <= LOUDEST),
                "{peak} at byte {at} and {rate_hz} Hz"
            );
            heard += usize::from(peak > 0.01);
        }
        instance.deactivate(deck);
    }
    heard
}

#[test]
fn no_wrong_bit_in_a_project_stops_the_host_or_hurts_ears() {
    for rate_hz in [44_100, 48_000, 96_000] {
        let mut random = Random(0x2545_f491_4f6c_dd1d);
        let heard = play_damaged(&project(), rate_hz, FLIPS, &mut random);
        assert!(heard > FLIPS / 20, "the test must also reach projects that can be played, {heard} were");
    }
}

#[test]
fn no_wrong_bit_in_a_project_of_before_stops_the_host_or_hurts_ears() {
    for rate_hz in [44_100, 48_000, 96_000] {
        let mut random = Random(0x9e37_79b9_7f4a_7c15);
        let heard = play_damaged(&old_project(), rate_hz, FLIPS, &mut random);
        assert!(heard > FLIPS / 20, "the test must also reach projects that can be played, {heard} were");
    }
}

#[test]
fn huge_values_are_not_played() {
    let bytes: Vec<u8> = std::iter::repeat_n(1e30_f32, 4_800).flat_map(f32::to_le_bytes).collect();
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(&bytes).expect("memory takes it");
    let audio = BASE64.encode(encoder.finish().expect("memory takes it"));
    let take = json!({ "id": 1, "sample_rate_hz": 44_100, "audio": audio });
    let session = json!({ "version": 1, "active_take": 1, "takes": [take] });
    for rate_hz in [44_100, 48_000] {
        let mut instance = Instance::new();
        assert!(instance.try_load(&state_with(&session.to_string())));
        let mut deck = Deck::new(instance.activate(rate_hz));
        assert!(deck.play(1024, &note_on(0, 60)).iter().all(|sample| *sample == 0.0));
        instance.deactivate(deck);
    }
}
