//! Presses of keys, wherever the keyboard is, as XInput reports them.
//!
//! x11rb's module for XInput must not be compiled in: it would be for every crate, and baseview takes XInput's events as
//! ones that x11rb does not know.

use super::connection::{Connection, Result};
use std::io::IoSlice;
use x11rb::connection::RequestConnection as _;
use x11rb::protocol::xproto::GetInputFocusReply;

/// XInput's requests and its event of a key pressed anywhere.
const SELECT_EVENTS: u8 = 46;
const QUERY_VERSION: u8 = 47;
const RAW_KEY_PRESS: u16 = 13;
/// XInput's number for all keyboards together.
const ALL_MASTER_DEVICES: u16 = 1;
/// The kind of the events of extensions.
const GENERIC_EVENT: u8 = 35;

/// What tells presses of keys from other events.
pub(super) struct Presses {
    /// XInput's major opcode.
    opcode: u8,
}

impl Presses {
    /// Asks for them; `None` if the server has no XInput.
    pub(super) fn listen(connection: &Connection) -> Result<Option<Self>> {
        let server = &connection.server;
        let Some(extension) = server.extension_information("XInputExtension")? else { return Ok(None) };
        let opcode = extension.major_opcode;
        // Raw events come to everybody only in versions from 2.1 on.
        let mut request = vec![opcode, QUERY_VERSION];
        for word in [2_u16, 2, 2] {
            request.extend(word.to_ne_bytes());
        }
        // The reply, of which nothing is needed, is as long as this one.
        server
            .send_request_with_reply::<GetInputFocusReply>(&[IoSlice::new(&request)], Vec::new())?
            .reply()?;
        let mut request = vec![opcode, SELECT_EVENTS];
        request.extend(5_u16.to_ne_bytes()); // Length in units of four bytes.
        request.extend(connection.screen().root.to_ne_bytes());
        for word in [1_u16, 0, ALL_MASTER_DEVICES, 1] {
            request.extend(word.to_ne_bytes());
        }
        request.extend((1_u32 << RAW_KEY_PRESS).to_ne_bytes());
        server.send_request_without_reply(&[IoSlice::new(&request)], Vec::new())?.check()?;
        Ok(Some(Self { opcode }))
    }

    /// The number of the key whose press these bytes of an event report.
    pub(super) fn key(&self, event: &[u8]) -> Option<u32> {
        let kind = u16::from_ne_bytes(event.get(8..10)?.try_into().ok()?);
        let is_ours = event.first()? & 0x7f == GENERIC_EVENT && event.get(1) == Some(&self.opcode);
        let key = u32::from_ne_bytes(event.get(16..20)?.try_into().ok()?);
        (is_ours && kind == RAW_KEY_PRESS).then_some(key)
    }
}
