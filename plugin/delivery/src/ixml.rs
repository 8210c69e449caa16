//! iXML: a document that every program looks into for another element.
//!
//! `USER` is what sound libraries and REAPER read, `ASWG` what game studios do (its fields are those of the schema 1.1, and
//! no others), `BEXT` mirrors the broadcast extension with its letters unharmed, `STRAIGHTSHOT` holds the recipe.

use std::fmt::Write;

/// An XML document that grows element by element.
#[derive(Debug)]
pub(crate) struct Document {
    text: String,
    open: Vec<&'static str>,
}

impl Document {
    /// A document with the root element `root`.
    pub(crate) fn new(root: &'static str) -> Self {
        let mut document =
            Self { text: "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n".to_owned(), open: Vec::new() };
        document.begin(root);
        document
    }

    fn begin(&mut self, name: &'static str) {
        let _ = writeln!(self.text, "{:indent$}<{name}>", "", indent = self.open.len());
        self.open.push(name);
    }

    fn end(&mut self) {
        if let Some(name) = self.open.pop() {
            let _ = writeln!(self.text, "{:indent$}</{name}>", "", indent = self.open.len());
        }
    }

    /// An element with others inside.
    pub(crate) fn group(&mut self, name: &'static str, add: impl FnOnce(&mut Self)) {
        self.begin(name);
        add(self);
        self.end();
    }

    /// An element with a text; none if the text is empty.
    pub(crate) fn text(&mut self, name: &str, text: impl std::fmt::Display) {
        let text = escaped(&text.to_string());
        if !text.is_empty() {
            let _ = writeln!(self.text, "{:indent$}<{name}>{text}</{name}>", "", indent = self.open.len());
        }
    }

    /// The whole document.
    pub(crate) fn finish(mut self) -> String {
        while !self.open.is_empty() {
            self.end();
        }
        self.text
    }
}

/// A text as it stands in XML; characters that XML has no way to write become spaces.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '\t' | '\n' => out.push(c),
            '\u{FFFE}' | '\u{FFFF}' => out.push(' '),
            c if c.is_control() => out.push(' '),
            c => out.push(c),
        }
    }
    out.trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bwf_ixml_is_well_formed_whatever_a_prompt_says() {
        let nasty = "a < b && \"c\" > 'd' ]]> \u{0}\u{7}\u{FFFF} <!-- 日本 🐴 &amp;";
        let mut document = Document::new("BWFXML");
        document.group("USER", |user| {
            user.text("DESCRIPTION", nasty);
            user.text("EMPTY", " ");
        });
        let text = document.finish();
        let read = roxmltree::Document::parse(&text).unwrap();
        let found = read.descendants().find(|n| n.has_tag_name("DESCRIPTION")).unwrap().text().unwrap();
        assert_eq!(found, "a < b && \"c\" > 'd' ]]>     <!-- 日本 🐴 &amp;");
        assert!(!text.contains("EMPTY"));
    }
}
