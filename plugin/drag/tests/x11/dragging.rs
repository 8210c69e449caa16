//! Drags from begin to end.

use crate::receiver::{Habits, Receiver, Seen};
use crate::user::User;
use std::time::{Duration, Instant};
use straightshot_drag::{Desktop, Ending, Files, uri};
use x11rb::connection::Connection as _;
use x11rb::protocol::xproto::{AtomEnum, ConnectionExt as _, PropMode};
use x11rb::wrapper::ConnectionExt as _;

/// A name with what trips over: blanks, a sign that ends addresses, a letter of two bytes, a percent sign, a comma.
const NAME: &str = "Wood Door_creak#1 é,100%.wav";
/// Where receivers have their window, and a place in it.
const AT: (i16, i16) = (700, 300);
const IN_IT: (i16, i16) = (800, 400);

/// Drags a file to a receiver with these habits and drops it there; returns what came of it.
fn drop_on(habits: Habits) -> (Ending, Receiver, Files) {
    let mut user = User::new(240, 200);
    let receiver = Receiver::open(&user.screen, AT.0, AT.1, habits);
    let files = user.files(&[NAME]);
    user.drag_to(files.clone(), IN_IT.0, IN_IT.1);
    user.release();
    let ending = user.ending();
    assert!(files.first().is_file(), "the file stays");
    (ending, receiver, files)
}

#[test]
fn drag_out_speaks_the_receivers_version() {
    for (version, spoken) in [(3, 3), (4, 4), (5, 5), (6, 5)] {
        let (ending, receiver, files) = drop_on(Habits { version, ..Habits::default() });
        assert_eq!(ending, Ending::Dropped);
        let Seen::Enter { version, types } = receiver.next() else { panic!("no Enter") };
        assert_eq!(version, spoken);
        assert_eq!(types, ["text/uri-list", "text/plain;charset=utf-8", "UTF8_STRING", "text/plain"]);
        let Seen::Dropped { addresses, targets } = receiver.next() else { panic!("no drop") };
        assert_eq!(addresses, format!("{}\r\n", uri(files.first())));
        assert!(addresses.ends_with("/Wood%20Door_creak%231%20%C3%A9%2C100%25.wav\r\n"), "{addresses}");
        assert_eq!(targets[..3], ["TARGETS", "TIMESTAMP", "MULTIPLE"]);
    }
}

#[test]
fn drag_out_only_copies_and_says_where_the_pointer_is() {
    let mut user = User::new(240, 200);
    let receiver = Receiver::open(&user.screen, AT.0, AT.1, Habits::default());
    user.drag_to(user.files(&[NAME]), IN_IT.0, IN_IT.1);
    loop {
        let (at, action) = receiver.position();
        assert_eq!(action, "XdndActionCopy");
        if at == (800, 400) {
            break;
        }
    }
    user.release();
    assert_eq!(user.ending(), Ending::Dropped);
}

#[test]
fn drag_out_several_files_arrive_in_order() {
    let mut user = User::new(240, 200);
    let receiver = Receiver::open(&user.screen, AT.0, AT.1, Habits::default());
    let files = user.files(&["c.wav", "a.wav", "b b.wav"]);
    user.drag_to(files.clone(), IN_IT.0, IN_IT.1);
    user.release();
    assert_eq!(user.ending(), Ending::Dropped);
    receiver.next();
    let Seen::Dropped { addresses, .. } = receiver.next() else { panic!("no drop") };
    let names: Vec<&str> = addresses.lines().filter_map(|line| line.rsplit('/').next()).collect();
    assert_eq!(names, ["c.wav", "a.wav", "b%20b.wav"]);
}

#[test]
fn drag_out_goes_through_a_proxy() {
    let (ending, receiver, _) = drop_on(Habits { proxy: true, ..Habits::default() });
    assert_eq!(ending, Ending::Dropped);
    assert!(matches!(receiver.next(), Seen::Enter { version: 5, .. }));
    assert!(matches!(receiver.next(), Seen::Dropped { .. }));
}

#[test]
fn drag_out_a_refusal_is_respected() {
    let (ending, receiver, _) = drop_on(Habits { accepts: false, ..Habits::default() });
    assert_eq!(ending, Ending::Refused);
    assert!(matches!(receiver.next(), Seen::Enter { .. }));
    assert_eq!(receiver.next(), Seen::Leave);
}

#[test]
fn drag_out_a_version_before_3_is_no_target() {
    let (ending, receiver, _) = drop_on(Habits { version: 2, ..Habits::default() });
    assert_eq!(ending, Ending::Nowhere);
    assert!(receiver.is_untouched());
}

#[test]
fn drag_out_a_slow_receiver_is_waited_for() {
    let habits = Habits { slowness: Duration::from_millis(900), ..Habits::default() };
    let (ending, receiver, _) = drop_on(habits);
    assert_eq!(ending, Ending::Dropped);
    assert!(matches!(receiver.next(), Seen::Enter { .. }));
    assert!(matches!(receiver.next(), Seen::Dropped { .. }));
}

#[test]
fn drag_out_a_receiver_that_never_answers_gets_nothing() {
    let habits = Habits { slowness: Duration::from_secs(600), ..Habits::default() };
    let (ending, receiver, _) = drop_on(habits);
    assert_eq!(ending, Ending::Refused);
    assert!(matches!(receiver.next(), Seen::Enter { .. }));
    assert_eq!(receiver.next(), Seen::Leave);
}

#[test]
fn drag_out_a_receiver_that_never_says_it_is_done_is_left_after_five_seconds() {
    let start = Instant::now();
    let (ending, _, _) = drop_on(Habits { finishes: false, ..Habits::default() });
    assert_eq!(ending, Ending::Dropped);
    assert!(start.elapsed() >= Duration::from_secs(5));
}

#[test]
fn drag_out_escape_cancels() {
    let mut user = User::new(240, 200);
    let receiver = Receiver::open(&user.screen, AT.0, AT.1, Habits::default());
    user.drag_to(user.files(&[NAME]), IN_IT.0, IN_IT.1);
    assert!(matches!(receiver.next(), Seen::Enter { .. }));
    user.escape();
    assert_eq!(user.ending(), Ending::Cancelled);
    assert_eq!(receiver.next(), Seen::Leave);
    user.release();
}

#[test]
fn drag_out_closing_the_window_cancels_and_waits() {
    let mut user = User::new(240, 200);
    let receiver = Receiver::open(&user.screen, AT.0, AT.1, Habits::default());
    user.drag_to(user.files(&[NAME]), IN_IT.0, IN_IT.1);
    assert!(matches!(receiver.next(), Seen::Enter { .. }));
    let start = Instant::now();
    user.desktop.cancel();
    assert!(start.elapsed() < Duration::from_secs(2), "it waits for nobody else");
    assert_eq!(receiver.next(), Seen::Leave);
    assert_eq!(user.desktop.ended(), None);
    user.release();
}

#[test]
fn drag_out_the_window_that_closes_during_a_drag_does_not_take_the_drag_down() {
    let mut user = User::new(240, 200);
    let receiver = Receiver::open(&user.screen, AT.0, AT.1, Habits::default());
    user.drag_to(user.files(&[NAME]), 600, 200);
    user.server.destroy_window(user.host).unwrap();
    user.server.flush().unwrap();
    user.move_to(IN_IT.0, IN_IT.1);
    user.release();
    assert_eq!(user.ending(), Ending::Dropped);
    drop(receiver);
}

#[test]
fn drag_out_the_hosts_own_window_is_left_out() {
    let mut user = User::new(400, 300);
    // A host whose window around the plugin takes files, as that of many does.
    let receiver = Receiver::open_in(&user.screen, Some(user.host), (230, 30, 150, 150), Habits::default());
    let name = user.server.intern_atom(false, b"XdndAware").unwrap().reply().unwrap().atom;
    user.server.change_property32(PropMode::REPLACE, user.host, name, AtomEnum::ATOM, &[5]).unwrap();
    user.server.flush().unwrap();
    user.drag_to(user.files(&[NAME]), 400, 200);
    user.release();
    assert_eq!(user.ending(), Ending::Nowhere);
    assert!(receiver.is_untouched());
}

#[test]
fn drag_out_a_timeline_that_the_plugin_is_docked_beside_takes_files() {
    let mut user = User::new(1100, 600);
    let receiver = Receiver::open_in(&user.screen, Some(user.host), (700, 300, 300, 200), Habits::default());
    user.drag_to(user.files(&[NAME]), 900, 500);
    user.release();
    assert_eq!(user.ending(), Ending::Dropped);
    assert!(matches!(receiver.next(), Seen::Enter { .. }));
}

#[test]
fn drag_out_a_button_that_is_up_already_begins_nothing() {
    let mut user = User::new(240, 200);
    let receiver = Receiver::open(&user.screen, AT.0, AT.1, Habits::default());
    user.point_at(IN_IT.0, IN_IT.1);
    let handle = raw_window_handle::XcbWindowHandle::new(user.plugin.try_into().unwrap());
    let files = user.files(&[NAME]);
    user.desktop.drag(handle.into(), files, Default::default()).unwrap();
    assert_eq!(user.ending(), Ending::Nowhere);
    assert!(receiver.is_untouched());
}

#[test]
fn drag_out_the_plugins_window_goes_on_getting_the_pointer() {
    let mut user = User::new(240, 200);
    let _receiver = Receiver::open(&user.screen, AT.0, AT.1, Habits::default());
    user.drag_to(user.files(&[NAME]), IN_IT.0, IN_IT.1);
    user.release();
    assert_eq!(user.ending(), Ending::Dropped);
    let (mut motions, mut releases) = (0, 0);
    while let Some(event) = user.server.poll_for_event().unwrap() {
        match event {
            x11rb::protocol::Event::MotionNotify(_) => motions += 1,
            x11rb::protocol::Event::ButtonRelease(_) => releases += 1,
            _ => {}
        }
    }
    assert!(motions >= 15, "{motions} motions");
    assert_eq!(releases, 1);
}

#[test]
fn drag_out_the_card_that_follows_the_pointer_hides_nothing() {
    let mut user = User::new(240, 200);
    let _receiver = Receiver::open(&user.screen, AT.0, AT.1, Habits::default());
    user.drag_to(user.files(&[NAME]), IN_IT.0, IN_IT.1);
    std::thread::sleep(Duration::from_millis(100));
    // The card lies right below the pointer's tip and would be found first.
    let children = user.server.query_tree(user.root).unwrap().reply().unwrap().children;
    let card = *children.last().unwrap();
    let place = user.server.get_geometry(card).unwrap().reply().unwrap();
    assert_eq!((place.x, place.y, place.width, place.height), (814, 416, 116, 40));
    let found = user.server.translate_coordinates(user.root, user.root, 820, 420).unwrap().reply().unwrap();
    assert_ne!(found.child, card);
    user.release();
    assert_eq!(user.ending(), Ending::Dropped);
    let gone = user.server.get_geometry(card).unwrap().reply();
    assert!(gone.is_err(), "the card is gone with the drag");
}
