//! Files on the clipboard.

use crate::user::User;
use std::time::{Duration, Instant};
use straightshot_drag::{Desktop, uri};
use x11rb::CURRENT_TIME;
use x11rb::connection::Connection as _;
use x11rb::protocol::Event;
use x11rb::protocol::xproto::{AtomEnum, ConnectionExt as _, PropMode};
use x11rb::wrapper::ConnectionExt as _;

/// What another program gets when it pastes `kind`; `None` if there is nothing of that kind.
fn paste(user: &User, kind: &str) -> Option<Vec<u8>> {
    let atom = |name: &str| user.server.intern_atom(false, name.as_bytes()).unwrap().reply().unwrap().atom;
    let (kind, place, clipboard) = (atom(kind), atom("PASTED"), atom("CLIPBOARD"));
    user.server.convert_selection(user.plugin, clipboard, kind, place, CURRENT_TIME).unwrap();
    user.server.flush().unwrap();
    let start = Instant::now();
    while start.elapsed() < Duration::from_secs(10) {
        if let Some(Event::SelectionNotify(event)) = user.server.poll_for_event().unwrap() {
            if event.property == 0 {
                return None;
            }
            let answer =
                user.server.get_property(true, user.plugin, place, AtomEnum::ANY, 0, 10_000).unwrap();
            return Some(answer.reply().unwrap().value);
        }
        std::thread::sleep(Duration::from_millis(2));
    }
    panic!("nobody answers");
}

fn paste_text(user: &User, kind: &str) -> Option<String> {
    paste(user, kind).map(|bytes| String::from_utf8(bytes).unwrap())
}

#[test]
fn drag_out_copied_files_can_be_pasted_everywhere() {
    let mut user = User::new(240, 200);
    let files = user.files(&["rain bed.wav", "b.wav"]);
    user.desktop.copy(files.clone()).unwrap();
    let [one, two] = [uri(&files.paths()[0]), uri(&files.paths()[1])];
    assert_eq!(paste_text(&user, "text/uri-list").unwrap(), format!("{one}\r\n{two}\r\n"));
    assert_eq!(paste_text(&user, "x-special/gnome-copied-files").unwrap(), format!("copy\n{one}\n{two}"));
    assert_eq!(paste_text(&user, "text/plain").unwrap(), files.text());
    assert_eq!(paste_text(&user, "UTF8_STRING").unwrap(), files.text());
    assert_eq!(paste(&user, "image/png"), None);
    let types = paste(&user, "TARGETS").unwrap();
    assert_eq!(types.len() / 4, 3 + 5);
    assert_eq!(paste(&user, "TIMESTAMP").unwrap().len(), 4);
}

#[test]
fn drag_out_a_second_copy_takes_the_place_of_the_first() {
    let mut user = User::new(240, 200);
    for name in ["a.wav", "b.wav"] {
        user.desktop.copy(user.files(&[name])).unwrap();
        assert!(paste_text(&user, "text/plain").unwrap().ends_with(name));
    }
}

#[test]
fn drag_out_another_program_may_take_the_clipboard() {
    let mut user = User::new(240, 200);
    user.desktop.copy(user.files(&["a.wav"])).unwrap();
    let clipboard = user.server.intern_atom(false, b"CLIPBOARD").unwrap().reply().unwrap().atom;
    user.server.set_selection_owner(user.host, clipboard, CURRENT_TIME).unwrap();
    user.server.flush().unwrap();
    // Its thread has ended; what is left must go without anybody waiting.
    std::thread::sleep(Duration::from_millis(100));
    let start = Instant::now();
    user.desktop = straightshot_drag::x11::X11::on(&user.screen.name);
    assert!(start.elapsed() < Duration::from_secs(2));
}

#[test]
fn drag_out_what_was_copied_is_handed_to_a_clipboard_manager() {
    let mut user = User::new(240, 200);
    let atom = |name: &str| user.server.intern_atom(false, name.as_bytes()).unwrap().reply().unwrap().atom;
    let (manager, save, pairs) = (atom("CLIPBOARD_MANAGER"), atom("SAVE_TARGETS"), atom("ATOM_PAIR"));
    let [clipboard, multiple, list, place, unknown] =
        ["CLIPBOARD", "MULTIPLE", "text/uri-list", "KEPT", "image/png"].map(atom);
    user.server.set_selection_owner(user.host, manager, CURRENT_TIME).unwrap();
    user.server.get_input_focus().unwrap().reply().unwrap();
    let files = user.files(&["a.wav"]);
    user.desktop.copy(files.clone()).unwrap();
    let gone = std::mem::replace(&mut user.desktop, straightshot_drag::x11::X11::on(&user.screen.name));
    let closing = std::thread::spawn(move || drop(gone));
    let mut request = None;
    let start = Instant::now();
    while start.elapsed() < Duration::from_secs(10) {
        match user.server.poll_for_event().unwrap() {
            Some(Event::SelectionRequest(event)) if event.target == save => {
                request = Some(event);
                // A manager asks for all types at once.
                let asked = [list, place, unknown, unknown];
                let server = &user.server;
                server.change_property32(PropMode::REPLACE, user.host, multiple, pairs, &asked).unwrap();
                server.convert_selection(user.host, clipboard, multiple, multiple, CURRENT_TIME).unwrap();
                server.flush().unwrap();
            }
            Some(Event::SelectionNotify(_)) => break,
            _ => std::thread::sleep(Duration::from_millis(2)),
        }
    }
    assert!(request.is_some(), "the manager was not asked");
    let kept = user.server.get_property(false, user.host, place, AtomEnum::ANY, 0, 1000).unwrap();
    assert_eq!(kept.reply().unwrap().value, format!("{}\r\n", uri(files.first())).into_bytes());
    let answer = user.server.get_property(false, user.host, multiple, pairs, 0, 10).unwrap().reply().unwrap();
    assert_eq!(answer.value32().unwrap().collect::<Vec<_>>(), [list, place, unknown, 0]);
    closing.join().unwrap();
}
