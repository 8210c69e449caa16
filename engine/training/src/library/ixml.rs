//! Fields of an iXML chunk that describe a sound.
//!
//! No schema is official and every program has its own place for a field (`USER`, `ASWG`, `BEXT`), so a field is found
//! by its name alone, wherever it is.

use super::{Description, ucs};
use roxmltree::{Document, Node, ParsingOptions};

/// A chunk of more elements and texts than this is not read.
const MOST_NODES: u32 = 50_000;
/// Elements whose contents are about the recording, not the sound.
const APART: [&str; 4] = ["TRACK_LIST", "SPEED", "SYNC_POINT_LIST", "HISTORY"];

/// Fields that are texts about the sound, as found.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Fields {
    description: String,
    bwf_description: String,
    fx_name: String,
    note: String,
    keywords: String,
    /// What is in `USER` where that is a text, not a list of fields.
    user: String,
    cat_id: String,
    category: String,
    subcategory: String,
}

/// Reads the fields of `xml`.
///
/// # Errors
/// What is wrong with the XML.
pub(super) fn parse(xml: &str) -> Result<Fields, String> {
    let xml = xml.trim_end_matches('\0').trim();
    let options = ParsingOptions { nodes_limit: MOST_NODES, ..ParsingOptions::default() };
    let document = Document::parse_with_options(xml, options).map_err(|e| e.to_string())?;
    let mut fields = Fields::default();
    // Not recursive: how deep elements are nested is up to the file.
    let mut waiting = vec![document.root_element()];
    while let Some(node) = waiting.pop() {
        let name = node.tag_name().name().to_uppercase();
        if APART.contains(&name.as_str()) {
            continue;
        }
        let before = waiting.len();
        waiting.extend(node.children().filter(Node::is_element));
        if waiting.len() == before {
            fields.take(&name, node.text().unwrap_or_default().trim());
        } else {
            // So that the first of equal names is found first.
            waiting[before..].reverse();
        }
    }
    Ok(fields)
}

impl Fields {
    /// Keeps the first text of each field.
    fn take(&mut self, name: &str, text: &str) {
        let field = match name {
            "DESCRIPTION" => &mut self.description,
            "BWF_DESCRIPTION" => &mut self.bwf_description,
            "FXNAME" => &mut self.fx_name,
            "NOTE" | "NOTES" => &mut self.note,
            "KEYWORDS" => &mut self.keywords,
            "USER" => &mut self.user,
            "CATID" => &mut self.cat_id,
            "CATEGORY" => &mut self.category,
            "SUBCATEGORY" => &mut self.subcategory,
            _ => return,
        };
        if field.is_empty() {
            text.clone_into(field);
        }
    }

    /// The best of the fields and the description of the bext chunk.
    pub(super) fn describe(self, bext: &str) -> Description {
        let texts = [
            self.description.as_str(),
            bext,
            &self.bwf_description,
            &self.fx_name,
            &self.note,
            &self.keywords,
            &self.user,
        ];
        let caption = texts.into_iter().find(|text| !text.is_empty()).unwrap_or_default().to_owned();
        let other = [&self.fx_name, &self.keywords].into_iter().find(|t| !t.is_empty() && **t != caption);
        let caption2 = other.cloned().unwrap_or_default();
        let mut category = ucs::named(if self.cat_id.is_empty() { &self.category } else { &self.cat_id });
        if category.1.is_empty() {
            category.1 = self.subcategory.to_uppercase();
        }
        Description { caption, caption2, ..Description::default() }.with_category(category)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(xml: &str) -> Description {
        parse(xml).unwrap().describe("")
    }

    #[test]
    fn soundminer_fields_are_read() {
        let said = said(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<BWFXML><IXML_VERSION>2.10</IXML_VERSION>\
             <TRACK_LIST><TRACK><NAME>Boom</NAME><NOTE>left</NOTE></TRACK></TRACK_LIST>\
             <USER><CATID>DOORWood</CATID><CATEGORY>DOORS</CATEGORY><FXNAME>Cellar Creak</FXNAME>\
             <DESCRIPTION>Old cellar door creaks slowly</DESCRIPTION><KEYWORDS>squeak, hinge</KEYWORDS></USER></BWFXML>",
        );
        let wanted = Description {
            caption: "Old cellar door creaks slowly".into(),
            caption2: "Cellar Creak".into(),
            category: "DOORS".into(),
            subcategory: "WOOD".into(),
        };
        assert_eq!(said, wanted);
    }

    #[test]
    fn other_places_and_cases_are_read_too() {
        let bwf = "<BWFXML><BEXT><BWF_DESCRIPTION>Rain</BWF_DESCRIPTION></BEXT><NOTE>tent</NOTE></BWFXML>";
        assert_eq!(said(bwf).caption, "Rain");
        assert_eq!(said("<BWFXML><NOTE> rain on a tent </NOTE></BWFXML>").caption, "rain on a tent");
        assert_eq!(said("<BWFXML><USER>free text</USER></BWFXML>").caption, "free text");
        let aswg = "<BWFXML><ASWG><category>Doors</category><subCategory>Wood</subCategory><fxName>Creak</fxName>\
                    </ASWG></BWFXML>";
        let said = said(aswg);
        assert_eq!((said.caption.as_str(), said.caption2.as_str()), ("Creak", ""));
        assert_eq!((said.category.as_str(), said.subcategory.as_str()), ("DOORS", "WOOD"));
    }

    #[test]
    fn broken_and_hostile_xml_is_an_error_or_empty() {
        for xml in ["", "\0\0", "rain", "<BWFXML>", "<BWFXML><NOTE>rock & roll</NOTE></BWFXML>"] {
            assert!(parse(xml).is_err(), "{xml}");
        }
        let bomb =
            "<!DOCTYPE a [<!ENTITY b \"bbbb\"><!ENTITY c \"&b;&b;\">]><BWFXML><NOTE>&c;</NOTE></BWFXML>";
        assert!(parse(bomb).is_err());
        assert!(parse(&"<a/>".repeat(10)).is_err());
        let many = format!("<BWFXML>{}</BWFXML>", "<NOTE/>".repeat(60_000));
        assert!(parse(&many).is_err());
        let deep = format!("{}{}", "<a>".repeat(40_000), "</a>".repeat(40_000));
        assert_eq!(parse(&deep).map(|f| f.describe("")), Ok(Description::default()));
        assert_eq!(said("<BWFXML><NOTE></NOTE></BWFXML>"), Description::default());
    }
}
