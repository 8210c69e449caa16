//! A reader of WAV files written from the specifications alone, strict where players are not.

use std::collections::BTreeMap;
use std::path::Path;

/// What a file says.
pub(crate) struct Wave {
    pub(crate) chunks: Vec<(String, Vec<u8>)>,
}

impl Wave {
    pub(crate) fn open(path: &Path) -> Self {
        Self::read(&std::fs::read(path).unwrap())
    }

    pub(crate) fn read(bytes: &[u8]) -> Self {
        let number = |at: usize| u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap()) as usize;
        assert_eq!((&bytes[..4], &bytes[8..12]), (&b"RIFF"[..], &b"WAVE"[..]));
        assert_eq!(number(4) + 8, bytes.len());
        let (mut at, mut chunks) = (12, Vec::new());
        while at < bytes.len() {
            let size = number(at + 4);
            let id = String::from_utf8(bytes[at..at + 4].to_vec()).unwrap();
            chunks.push((id, bytes[at + 8..at + 8 + size].to_vec()));
            at += 8 + size + size % 2;
        }
        Self { chunks }
    }

    pub(crate) fn chunk(&self, id: &str) -> &[u8] {
        &self.chunks.iter().find(|(name, _)| name == id).unwrap_or_else(|| panic!("no chunk {id}")).1
    }

    pub(crate) fn has(&self, id: &str) -> bool {
        self.chunks.iter().any(|(name, _)| name == id)
    }

    /// A text of the broadcast extension.
    pub(crate) fn bext_text(&self, range: std::ops::Range<usize>) -> String {
        let field = &self.chunk("bext")[range];
        assert!(field.is_ascii());
        String::from_utf8(field.split(|b| *b == 0).next().unwrap().to_vec()).unwrap()
    }

    /// A number of the broadcast extension, in hundredths.
    pub(crate) fn bext_hundredths(&self, at: usize) -> i16 {
        i16::from_le_bytes(self.chunk("bext")[at..at + 2].try_into().unwrap())
    }

    pub(crate) fn time_reference(&self) -> u64 {
        u64::from_le_bytes(self.chunk("bext")[338..346].try_into().unwrap())
    }

    /// The numbers of the loop: first and last frame.
    pub(crate) fn repeated(&self) -> (u32, u32) {
        let number = |at: usize| u32::from_le_bytes(self.chunk("smpl")[at..at + 4].try_into().unwrap());
        assert_eq!((self.chunk("smpl").len(), number(28)), (60, 1));
        (number(44), number(48))
    }

    /// The fields of iXML by the path of their names: `USER/CATID`.
    pub(crate) fn ixml(&self) -> BTreeMap<String, String> {
        let text = String::from_utf8(self.chunk("iXML").to_vec()).unwrap();
        let document = roxmltree::Document::parse(&text).unwrap();
        let mut fields = BTreeMap::new();
        for node in document.descendants().filter(|n| n.is_element() && !n.children().any(|c| c.is_element()))
        {
            let mut path: Vec<&str> =
                node.ancestors().filter(|n| n.is_element()).map(|n| n.tag_name().name()).collect();
            path.pop();
            path.reverse();
            fields.entry(path.join("/")).or_insert_with(|| node.text().unwrap_or_default().to_owned());
        }
        fields
    }

    /// The fields of the list INFO.
    pub(crate) fn info(&self) -> BTreeMap<String, String> {
        let list = self.chunk("LIST");
        assert_eq!(&list[..4], b"INFO");
        let (mut at, mut fields) = (4, BTreeMap::new());
        while at < list.len() {
            let size = u32::from_le_bytes(list[at + 4..at + 8].try_into().unwrap()) as usize;
            let id = String::from_utf8(list[at..at + 4].to_vec()).unwrap();
            let text = list[at + 8..at + 8 + size].split(|b| *b == 0).next().unwrap();
            fields.insert(id, String::from_utf8(text.to_vec()).unwrap());
            at += 8 + size + size % 2;
        }
        fields
    }
}
