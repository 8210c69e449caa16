//! The checksum of a document: of everything in it but the sounds, which have their own.

use serde_json::Value;
use straightshot_protocol::ContentHash;

/// Field of the document with the checksum.
pub(crate) const FIELD: &str = "check";
/// Fields with the text of a sound: `flac` inside `sound`, `audio` in takes of document version 1.
const SOUNDS: [&str; 2] = ["flac", "audio"];

/// The checksum of `document`.
///
/// It is over the values, not over their spelling: a program that reads a project and writes it again may put fields in
/// another order and escape letters in another way.
pub(crate) fn sum(document: &Value) -> ContentHash {
    let mut text = String::new();
    spell(document, &mut text);
    ContentHash::of([text.as_bytes()])
}

/// The one spelling of `value` that is summed: fields in the order of their names, without checksum and sounds.
fn spell(value: &Value, text: &mut String) {
    match value {
        Value::Object(fields) => {
            let mut fields: Vec<_> = fields.iter().collect();
            fields.sort_by_key(|(name, _)| name.as_str());
            text.push('{');
            for (name, value) in fields {
                let is_sound = SOUNDS.contains(&name.as_str()) && value.is_string();
                if name != FIELD && !is_sound {
                    text.push_str(&Value::String(name.clone()).to_string());
                    text.push(':');
                    spell(value, text);
                    text.push(',');
                }
            }
            text.push('}');
        }
        Value::Array(items) => {
            text.push('[');
            for item in items {
                spell(item, text);
                text.push(',');
            }
            text.push(']');
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {
            text.push_str(&value.to_string());
        }
    }
}
