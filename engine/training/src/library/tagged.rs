//! What sound files say about themselves, as candidates for a caption.

use super::candidate::{Candidate, Rank};
use super::{Source, ucs, words, xml};
use std::path::Path;
use straightshot_sound::tags;

/// What a file says.
#[derive(Debug, Default)]
pub(super) struct Tagged {
    pub(super) candidates: Vec<Candidate>,
    /// Category and subcategory.
    pub(super) category: (String, String),
}

/// Reads the metadata of the file at `path`; what is wrong with it is added to `notes`.
pub(super) fn read(path: &Path, notes: &mut Vec<String>) -> Tagged {
    understand(tags::read(path), notes)
}

fn understand(mut tags: tags::Tags, notes: &mut Vec<String>) -> Tagged {
    notes.append(&mut tags.notes);
    let mut texts: Vec<(&str, String, String)> = Vec::new();
    for document in &tags.xml {
        let fields = xml::parse(document).unwrap_or_else(|e| {
            let whole = xml::whole_fields(document);
            let place = document.place;
            notes.push(match whole.is_empty() {
                true => format!("its {place} is ignored: {e}"),
                false => format!("its {place} is broken, what is whole in it is read: {e}"),
            });
            whole
        });
        texts.extend(fields.into_iter().map(|(key, text)| (document.place, key, text)));
    }
    texts.extend(settings_of(&tags.texts));
    texts.extend(tags.texts.into_iter().map(|text| (text.place, text.key, text.text)));
    let mut tagged = Tagged::default();
    let field =
        |name: &str| texts.iter().find(|(_, key, _)| key == name).map_or("", |(.., text)| text.as_str());
    tagged.category =
        ucs::named(Some(field("CATID")).filter(|id| !id.is_empty()).unwrap_or(field("CATEGORY")));
    if tagged.category.1.is_empty() {
        tagged.category.1 = field("SUBCATEGORY").to_uppercase();
    }
    // Some programs fill fields with the name of the file.
    for (place, key, text) in &texts {
        let Some(rank) = rank(key) else { continue };
        let text = if *place == "bext" { without_settings(text) } else { text.clone() };
        let text = if text.contains(' ') || !text.contains(['_', '.']) {
            text
        } else {
            words::phrase(words::stem(&text))
        };
        let known = |c: &Candidate| c.text.eq_ignore_ascii_case(&text);
        if !text.is_empty() && !tagged.candidates.iter().any(known) {
            tagged.candidates.push(Candidate::new(Source::Metadata, rank, format!("{place} {key}"), text));
        }
    }
    tagged
}

/// What a field is for, by its name: those of iXML and XMP, of ID3 (`TIT2`), LIST INFO (`ICMT`), Vorbis comments, MP4.
fn rank(key: &str) -> Option<Rank> {
    let key = key.to_uppercase();
    // "TXXX:DESCRIPTION" and "----:com.apple.iTunes:DESCRIPTION" are fields of that name.
    let name = key.rsplit(':').next().unwrap_or(&key).trim_start_matches(['©', '\u{fffd}']);
    Some(match name {
        "DESCRIPTION" | "BWF_DESCRIPTION" | "BWDESCRIPTION" | "DESC" | "DES" | "LDES" | "CAPTION"
        | "MEDIADESCRIPTION" => Rank::Description,
        "COMMENT" | "COMMENTS" | "COMM" | "ICMT" | "CMT" | "ANNOTATION" | "MEDIACOMMENT" | "LOGCOMMENT"
        | "COM" | "USLT" => Rank::Comment,
        "FXNAME" => Rank::FxName,
        "TITLE" | "TIT2" | "TT2" | "TIT3" | "INAM" | "NAM" | "NAME" | "SUBTITLE" => Rank::Title,
        "KEYWORDS" | "IKEY" | "SUBJECT" | "ISBJ" | "TAGS" | "MEDIAKEYWORDS" => Rank::Keywords,
        "NOTE" | "NOTES" | "USER" | "LABEL" => Rank::Note,
        _ => return None,
    })
}

/// The notes among the settings that recorders write into the description: "sNOTE=dog barks".
fn settings_of(texts: &[tags::Text]) -> Vec<(&'static str, String, String)> {
    let lines = texts.iter().filter(|text| text.place == "bext").flat_map(|text| text.text.lines());
    let note = |line: &str| {
        let (key, text) = line.split_once('=')?;
        let is_note = matches!(key.trim(), "sNOTE" | "zNOTE" | "aNOTE" | "NOTE");
        is_note.then(|| ("bext", "NOTE".to_owned(), text.trim().to_owned()))
    };
    lines.filter_map(note).collect()
}

/// A text without the settings that recorders write there: "sSPEED=025.000-ND", one per line.
fn without_settings(text: &str) -> String {
    let setting = |line: &&str| {
        let key = line.split_once('=').map(|(key, _)| key.trim());
        key.is_some_and(|key| !key.is_empty() && key.chars().all(|c| c.is_ascii_alphanumeric()))
    };
    text.lines().filter(|line| !setting(line)).collect::<Vec<_>>().join(" ").trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use straightshot_sound::tags::{Tags, Text, Xml};

    fn said(texts: &[(&'static str, &str, &str)], ixml: &str) -> (Vec<String>, Tagged) {
        let text = |(place, key, text): &(&'static str, &str, &str)| Text {
            place,
            key: (*key).to_owned(),
            text: (*text).to_owned(),
        };
        let xml = Xml { place: "iXML", bytes: ixml.as_bytes().to_vec() };
        let xml = if ixml.is_empty() { vec![] } else { vec![xml] };
        let tags = Tags { texts: texts.iter().map(text).collect(), xml, notes: vec![] };
        let mut notes = Vec::new();
        let tagged = understand(tags, &mut notes);
        let said = tagged.candidates.iter().map(|c| format!("{:?} {}: {}", c.rank, c.origin, c.text));
        (said.chain(notes).collect(), tagged)
    }

    #[test]
    fn fields_of_all_places_have_their_rank() {
        let (said, tagged) = said(
            &[
                (
                    "bext",
                    "description",
                    "sSPEED=025.000-ND\r\nsTAKE=03\r\nDog barks\r\nzTRK1=Boom\r\nsNOTE=Yard",
                ),
                ("ID3", "TIT2", "Gate"),
                ("ID3", "TXXX:description", "Rusty gate"),
                ("LIST INFO", "IKEY", "gate; hinge"),
                ("ID3", "TPE1", "Somebody"),
                ("ID3", "COMM", "Heavy_Gate-Slam_03.wav"),
            ],
            "<X><USER><CATID>DOORWood</CATID><FXNAME>Creak</FXNAME><NOTE>NG</NOTE></USER></X>",
        );
        assert_eq!(
            said,
            [
                "FxName iXML FXNAME: Creak",
                "Note iXML NOTE: NG",
                "Note bext NOTE: Yard",
                "Description bext description: Dog barks",
                "Title ID3 TIT2: Gate",
                "Description ID3 TXXX:description: Rusty gate",
                "Keywords LIST INFO IKEY: gate; hinge",
                "Comment ID3 COMM: heavy gate slam",
            ]
        );
        assert_eq!(tagged.category, ("DOORS".into(), "WOOD".into()));
    }

    #[test]
    fn only_settings_are_nothing_and_broken_xml_is_noted() {
        assert_eq!(said(&[("bext", "description", "sSCENE=12\r\n")], "").0, [""; 0]);
        let (broken, _) = said(&[], "<BWFXML><USER>");
        assert!(broken[0].starts_with("its iXML is ignored: "), "{broken:?}");
        let (broken, _) = said(&[], "<BWFXML><NOTE>dog barks & howls</NOTE><SCENE>");
        assert_eq!(broken[0], "Note iXML NOTE: dog barks & howls");
        assert!(broken[1].starts_with("its iXML is broken, what is whole in it is read: "), "{broken:?}");
    }
}
