//! The texts of iXML and XMP.
//!
//! No schema of iXML is official and every program has its own place for a field (`USER`, `ASWG`, `BEXT`), so a field is
//! known by its name alone, wherever it is.

use super::lenient;
use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1252};
use roxmltree::{Document, Node, ParsingOptions};
use straightshot_sound::tags::{Xml, plain};

/// A document of more elements and texts than this is not read.
const MOST_NODES: u32 = 50_000;
/// Elements whose contents are about the recording, not the sound.
const APART: [&str; 5] = ["TRACK_LIST", "SPEED", "SYNC_POINT_LIST", "HISTORY", "THUMBNAILS"];

/// The texts of `xml` with their names in upper case, in the order of the document.
///
/// # Errors
/// What is wrong with it.
pub(super) fn parse(xml: &Xml) -> Result<Vec<(String, String)>, String> {
    let text = mended(&decode(&xml.bytes));
    let options = ParsingOptions { nodes_limit: MOST_NODES, ..ParsingOptions::default() };
    let document = Document::parse_with_options(&text, options).map_err(|e| e.to_string())?;
    let mut fields = Vec::new();
    // Not recursive: how deep elements are nested is up to the file.
    let mut waiting = vec![document.root_element()];
    while let Some(node) = waiting.pop() {
        if APART.contains(&name(node).as_str()) {
            continue;
        }
        // XMP may have a property as an attribute.
        if xml.place == "XMP" {
            fields.extend(node.attributes().map(|a| (a.name().to_uppercase(), a.value().trim().to_owned())));
        }
        if let Some(pair) = pair(node) {
            fields.push(pair);
            continue;
        }
        let before = waiting.len();
        waiting.extend(node.children().filter(Node::is_element));
        if waiting.len() == before {
            fields.push((field(node), node.text().unwrap_or_default().trim().to_owned()));
        } else {
            // So that the first of equal names is found first.
            waiting[before..].reverse();
        }
    }
    fields.retain(|(_, text)| !text.is_empty());
    Ok(fields)
}

/// The texts of a document that is broken, as far as elements are whole: those with nothing but a text in them. None of one
/// that makes up entities, which whole documents may not do either.
pub(super) fn whole_fields(xml: &Xml) -> Vec<(String, String)> {
    let text = mended(&decode(&xml.bytes));
    if text.contains("<!DOCTYPE") || text.contains("<!ENTITY") {
        return Vec::new();
    }
    let mut fields = Vec::new();
    let mut rest = text.as_str();
    while let Some((_, behind)) = rest.split_once('<') {
        rest = behind;
        let Some((tag, inner)) = behind.split_once('>') else { break };
        let name = tag.split(|c: char| c.is_whitespace() || c == '/').next().unwrap_or_default();
        let bare = name.rsplit(':').next().unwrap_or_default().to_uppercase();
        if APART.contains(&bare.as_str()) {
            rest = inner.split_once(&format!("</{name}>")).map_or("", |(_, behind)| behind);
            continue;
        }
        let Some((content, end)) = inner.split_once('<') else { break };
        let is_whole = end.strip_prefix('/').is_some_and(|end| end.starts_with(&format!("{name}>")));
        let content = lenient::words(content);
        if is_whole && !bare.is_empty() && !content.is_empty() && fields.len() < 1000 {
            fields.push((bare, content));
        }
    }
    fields
}

fn name(node: Node<'_, '_>) -> String {
    node.tag_name().name().to_uppercase()
}

/// What a text is called; items of lists of RDF as the property that the list is of.
fn field(node: Node<'_, '_>) -> String {
    let list = || node.parent().and_then(|list| list.parent());
    if name(node) == "LI" { list().map_or_else(|| "LI".into(), name) } else { name(node) }
}

/// Steinberg's programs have a field as `<ATTR><NAME>…</NAME><VALUE>…</VALUE></ATTR>`.
fn pair(node: Node<'_, '_>) -> Option<(String, String)> {
    let child = |wanted: &str| node.children().find(|c| c.is_element() && name(*c) == wanted)?.text();
    (name(node) == "ATTR").then_some(())?;
    Some((child("NAME")?.trim().to_uppercase(), child("VALUE")?.trim().to_owned()))
}

/// The text in the encoding that a mark, the declaration or its look says.
fn decode(bytes: &[u8]) -> String {
    if let Some((encoding, mark)) = Encoding::for_bom(bytes) {
        return encoding.decode_without_bom_handling(&bytes[mark..]).0.into_owned();
    }
    match bytes {
        [b'<', 0, ..] => return UTF_16LE.decode_without_bom_handling(bytes).0.into_owned(),
        [0, b'<', ..] => return UTF_16BE.decode_without_bom_handling(bytes).0.into_owned(),
        _ => (),
    }
    let bytes = bytes.split(|b| *b == 0).find(|part| !part.is_empty()).unwrap_or_default();
    // What is UTF-8 is that, whatever else is declared: programs copy the first line from each other.
    let text = std::str::from_utf8(bytes).map(str::to_owned).ok();
    let declared = declared(bytes).filter(|encoding| *encoding != UTF_8);
    let foreign = || declared.map(|encoding| encoding.decode_without_bom_handling(bytes).0.into_owned());
    text.or_else(foreign)
        .or_else(|| plain(bytes))
        .unwrap_or_else(|| WINDOWS_1252.decode_without_bom_handling(bytes).0.into_owned())
}

/// The encoding that the first line declares.
fn declared(bytes: &[u8]) -> Option<&'static Encoding> {
    let head = String::from_utf8_lossy(&bytes[..bytes.len().min(200)]).into_owned();
    let behind = head.split_once("encoding")?.1.trim_start().strip_prefix('=')?.trim_start();
    let quote = behind.chars().next().filter(|c| "\"'".contains(*c))?;
    Encoding::for_label(behind[1..].split(quote).next()?.as_bytes())
}

/// The document without what stands in front of it and behind it, without characters that XML does not have, and with
/// each `&` that begins no entity spelt as one.
fn mended(text: &str) -> String {
    let text = text.split('\0').find(|part| part.contains('<')).unwrap_or_default();
    let start = text.find('<').unwrap_or(text.len());
    let end = text.rfind('>').map_or(text.len(), |at| at + 1).max(start);
    let (mut whole, mut rest) = (String::with_capacity(text.len()), &text[start..end]);
    while let Some(at) = rest.find('&') {
        whole.push_str(&rest[..at]);
        let entity = rest[at + 1..].split_once(';').map(|(name, _)| name).filter(|name| name.len() < 12);
        let known = entity.is_some_and(|name| {
            !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '#')
        });
        whole.push_str(if known { "&" } else { "&amp;" });
        rest = &rest[at + 1..];
    }
    whole.push_str(rest);
    whole.retain(|c| !c.is_control() || c.is_whitespace());
    whole
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(place: &'static str, bytes: impl AsRef<[u8]>) -> Result<Vec<(String, String)>, String> {
        parse(&Xml { place, bytes: bytes.as_ref().to_vec() })
    }

    fn said(place: &'static str, bytes: impl AsRef<[u8]>) -> String {
        let fields = read(place, bytes).unwrap();
        fields.iter().map(|(name, text)| format!("{name}={text}")).collect::<Vec<_>>().join(" | ")
    }

    #[test]
    fn fields_are_found_wherever_they_are() {
        let soundminer = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<BWFXML><IXML_VERSION>2.10</IXML_VERSION>\
             <TRACK_LIST><TRACK><NAME>Boom</NAME><NOTE>left</NOTE></TRACK></TRACK_LIST>\
             <USER><CATID>DOORWood</CATID><FXNAME> Cellar Creak </FXNAME></USER><NOTE></NOTE></BWFXML>";
        assert_eq!(said("iXML", soundminer), "IXML_VERSION=2.10 | CATID=DOORWood | FXNAME=Cellar Creak");
        let steinberg = "<BWFXML><STEINBERG><ATTR_LIST><ATTR><TYPE>string</TYPE><NAME>MediaComment</NAME>\
             <VALUE>Door creaks</VALUE></ATTR></ATTR_LIST></STEINBERG></BWFXML>";
        assert_eq!(said("iXML", steinberg), "MEDIACOMMENT=Door creaks");
        let xmp = "<?xpacket begin=''?><x:xmpmeta xmlns:x='a'><rdf:RDF xmlns:rdf='b' xmlns:dc='c' xmlns:d='d'>\
             <rdf:Description d:logComment='wet'><dc:description><rdf:Alt><rdf:li>Rain</rdf:li></rdf:Alt></dc:description>\
             <dc:subject><rdf:Bag><rdf:li>tent</rdf:li></rdf:Bag></dc:subject></rdf:Description></rdf:RDF></x:xmpmeta>";
        assert_eq!(said("XMP", xmp), "LOGCOMMENT=wet | DESCRIPTION=Rain | SUBJECT=tent");
    }

    #[test]
    fn any_encoding_that_is_declared_is_read() {
        let document =
            |name: &str| format!("<?xml version=\"1.0\" encoding=\"{name}\"?><X><NOTE>Tür ドア</NOTE></X>");
        let wide = |order: fn(u16) -> [u8; 2]| -> Vec<u8> {
            document("UTF-16").encode_utf16().flat_map(order).collect()
        };
        assert_eq!(said("iXML", wide(u16::to_le_bytes)), "NOTE=Tür ドア");
        assert_eq!(said("iXML", wide(u16::to_be_bytes)), "NOTE=Tür ドア");
        assert_eq!(said("iXML", [&[0xff, 0xfe][..], &wide(u16::to_le_bytes)].concat()), "NOTE=Tür ドア");
        let encoded = |encoding: &'static Encoding, text: &str| {
            let document = document(encoding.name()).replace("Tür ドア", text);
            said("iXML", encoding.encode(&document).0)
        };
        assert_eq!(encoded(encoding_rs::SHIFT_JIS, "木のドア"), "NOTE=木のドア");
        assert_eq!(encoded(encoding_rs::GBK, "木门"), "NOTE=木门");
        assert_eq!(encoded(encoding_rs::WINDOWS_1252, "Tür"), "NOTE=Tür");
        assert_eq!(encoded(encoding_rs::WINDOWS_1251, "дверь"), "NOTE=дверь");
        assert_eq!(said("iXML", document("ISO-8859-1")), "NOTE=Tür ドア", "UTF-8 that says it is not");
        assert_eq!(
            said("iXML", b"<?xml version=\"1.0\" encoding=\"UTF-8\"?><X><NOTE>T\xfcr</NOTE></X>"),
            "NOTE=Tür"
        );
    }

    #[test]
    fn what_is_around_it_and_small_faults_do_not_matter() {
        for xml in [
            &b"<X><NOTE>rain</NOTE></X>\0\0\xcd\xcd"[..],
            b"\0\0<X><NOTE>rain</NOTE></X>",
            b"  \r\n<X><NOTE>rain</NOTE></X>\xcd\xcd",
            b"<X><NOTE>ra\x02in</NOTE></X>",
        ] {
            assert_eq!(said("iXML", xml), "NOTE=rain", "{}", xml.escape_ascii());
        }
        assert_eq!(said("iXML", "<X><NOTE>rock & roll &amp; rain</NOTE></X>"), "NOTE=rock & roll & rain");
    }

    #[test]
    fn of_a_broken_document_whole_elements_are_read() {
        let found = |text: &str| whole_fields(&Xml { place: "iXML", bytes: text.as_bytes().to_vec() });
        let pairs = |pairs: &[(&str, &str)]| -> Vec<(String, String)> {
            pairs.iter().map(|(a, b)| ((*a).to_owned(), (*b).to_owned())).collect()
        };
        let broken = "<BWFXML><TRACK_LIST><NAME>Boom</NAME></TRACK_LIST><NOTE>rain &amp; wind</NOTE><a:DESC x='1'>hail</a:DESC><SCENE>12";
        assert_eq!(found(broken), pairs(&[("NOTE", "rain & wind"), ("DESC", "hail")]));
        for nothing in [
            "",
            "<",
            "<a",
            "<a>",
            "<a>x",
            "<a>x</b>",
            "<!DOCTYPE x><NOTE>rain</NOTE>",
            "<TRACK_LIST><NAME>Boom</NAME>",
        ] {
            assert_eq!(found(nothing), [], "{nothing}");
        }
    }

    #[test]
    fn broken_and_hostile_xml_is_an_error_or_empty() {
        for xml in ["", "\0\0", "rain", "<BWFXML>"] {
            assert!(read("iXML", xml).is_err(), "{xml}");
        }
        let bomb = "<!DOCTYPE a [<!ENTITY b \"bbbb\"><!ENTITY c \"&b;&b;\">]><X><NOTE>&c;</NOTE></X>";
        assert!(read("iXML", bomb).is_err());
        assert!(read("iXML", "<a/>".repeat(10)).is_err());
        assert!(read("iXML", format!("<X>{}</X>", "<NOTE/>".repeat(60_000))).is_err());
        let deep = format!("{}{}", "<a>".repeat(40_000), "</a>".repeat(40_000));
        assert_eq!(read("iXML", deep), Ok(vec![]));
    }
}
