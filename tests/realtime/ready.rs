//! The first sound of a job plays by itself if that is wanted, and never into what the user is doing.

use crate::instance::{Instance, request};
use crate::player::on;
use straightshot_playback::{Block, Player, Transport};

/// The host's sample rate in Hz.
const HOST_HZ: u32 = 48_000;

/// An instance and the player of its sound.
fn playing() -> (Instance, Player) {
    let instance = Instance::with_tones();
    let shared = &instance.shared;
    let receiver = shared.connect(HOST_HZ);
    let player = Player::new(receiver, HOST_HZ, shared.telemetry.clone());
    (instance, player)
}

/// Voices that sound after a block; the transport rolls or rests.
fn voices(instance: &Instance, player: &mut Player, rolls: bool) -> u32 {
    let transport = Transport { playing: rolls, position: Some(48_000), around: None };
    player.process(&Block { transport, ..Block::default() }, [], &mut [&mut [0.0; 256]]);
    instance.shared.telemetry.voices()
}

/// Has `count` sounds made.
fn make(instance: &Instance, count: u32) {
    let before = instance.link.view().status.ended;
    instance.link.generate(request("a tone", 1), count);
    instance.wait("the sounds", |view| view.status.ended > before && !view.is_busy());
}

#[test]
fn the_first_sound_of_a_click_plays_and_the_others_do_not() {
    let (instance, mut player) = playing();
    make(&instance, 4);
    assert_eq!(voices(&instance, &mut player, false), 1);
    assert_eq!(instance.link.view().active_take.map(|id| id.0), Some(1));
    // Half a second later it is over, and nothing follows.
    for _ in 0..200 {
        voices(&instance, &mut player, false);
    }
    assert_eq!(voices(&instance, &mut player, false), 0);
}

#[test]
fn nothing_plays_by_itself_while_the_transport_rolls_or_a_note_sounds_or_if_it_is_not_wanted() {
    let (instance, mut player) = playing();
    voices(&instance, &mut player, true);
    make(&instance, 1);
    assert_eq!(voices(&instance, &mut player, false), 0, "the host was playing");

    player.process(&Block::default(), [on(0, 60)], &mut [&mut [0.0; 256]]);
    assert_eq!(instance.shared.telemetry.voices(), 1);
    make(&instance, 1);
    // The note crossfades to the new sound and ends with it; a second voice would be twice as long.
    for _ in 0..110 {
        voices(&instance, &mut player, false);
    }
    assert_eq!(voices(&instance, &mut player, false), 0, "somebody was playing");

    instance.link.set_play_when_ready(false);
    make(&instance, 1);
    assert_eq!(voices(&instance, &mut player, false), 0, "it is not wanted");
}

#[test]
fn a_project_that_is_opened_makes_no_noise() {
    let (instance, mut player) = playing();
    let mut session = straightshot_takes::Session::default();
    session.begin(request("a tone", 1));
    instance.shared.session.replace(session);
    instance.worker.session_restored();
    instance.wait("its sound", |view| !view.takes.is_empty() && !view.is_busy());
    assert_eq!(voices(&instance, &mut player, false), 0);
}
