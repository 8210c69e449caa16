//! Which columns of a table say what, by the names that common sets and programs give them.

use super::{Description, lenient, ucs};

/// Names of the column with the file, best first; without spaces, signs and capitals.
const FILE: &[&str] = &[
    "file",
    "filename",
    "filepath",
    "path",
    "audio",
    "audiopath",
    "audiofile",
    "audiofilename",
    "audiofilepath",
    "wav",
    "wavpath",
    "wavfile",
    "wavfilename",
    "fname",
    "sound",
    "soundfile",
    "soundpath",
    "clip",
    "location",
    "relativepath",
    "fullpath",
    "pathname",
    "media",
    "url",
    "recording",
    "youtubeid",
    "ytid",
    "videoid",
    "soundid",
    "freesoundid",
    "id",
    "key",
    "audiocapid",
    "name",
];
/// Names of columns with what is heard, best first.
const CAPTION: &[&str] = &[
    "caption",
    "captions",
    "caption1",
    "description",
    "text",
    "prompt",
    "bwdescription",
    "longdescription",
    "sentence",
    "audiocaption",
    "shortcaption",
    "descriptions",
    "transcript",
    "transcription",
    "summary",
    "comment",
    "fxname",
    "tracktitle",
    "title",
    "label",
    "labels",
    "displaylabels",
    "category",
    "class",
    "classname",
    "tags",
    "keywords",
    "shortdescription",
];
/// Names of columns with the same in other words.
const OTHER: &[&str] =
    &["caption2", "othercaption", "altcaption", "fxname", "shortdescription", "title", "keywords", "tags"];
const CATEGORY: &[&str] = &["catid", "ucscategory", "category", "ucscat"];
const SUBCATEGORY: &[&str] = &["subcategory", "ucssubcategory"];
/// Columns of a clip's place in a longer recording: sets of such clips name files by it.
const START: &[&str] = &["starttime", "start", "startseconds"];

/// A row of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Row {
    /// Line in the table, or number of the entry.
    pub(super) line: u64,
    /// What the table calls the sound: names of which the first that there is counts.
    pub(super) files: Vec<String>,
    pub(super) description: Description,
    /// The name of the column that the caption is from.
    pub(super) column: String,
}

/// Which columns are for what.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Columns {
    file: usize,
    start: Option<usize>,
    caption: usize,
    others: Vec<usize>,
    category: Option<usize>,
    subcategory: Option<usize>,
    names: Vec<String>,
}

fn plain(name: &str) -> String {
    name.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

impl Columns {
    /// The columns of a table with this header.
    ///
    /// # Errors
    /// What there is in place of them.
    pub(super) fn of(header: &[&str]) -> Result<Self, String> {
        let names: Vec<String> = header.iter().map(|name| plain(name)).collect();
        let called = |wanted: &[&str], but: &[usize]| {
            wanted.iter().find_map(|w| names.iter().position(|n| n == w).filter(|at| !but.contains(at)))
        };
        let missing = |what: &str| {
            let listed: Vec<String> = header.iter().take(30).map(|name| format!("\"{name}\"")).collect();
            format!("it has no column for the {what}; its columns are {}", listed.join(", "))
        };
        let file = called(FILE, &[]).ok_or_else(|| missing("file"))?;
        let caption = called(CAPTION, &[file]).ok_or_else(|| missing("caption"))?;
        let taken = [file, caption];
        let others = OTHER.iter().filter_map(|other| called(&[other], &taken)).collect();
        let category = called(CATEGORY, &taken);
        let subcategory = called(SUBCATEGORY, &taken);
        let header = header.iter().map(|name| (*name).trim().to_owned()).collect();
        Ok(Self { file, start: called(START, &[]), caption, others, category, subcategory, names: header })
    }

    /// A table without a header: file and caption.
    pub(super) fn bare() -> Self {
        let names = vec!["first".into(), "second".into()];
        Self { file: 0, start: None, caption: 1, others: vec![], category: None, subcategory: None, names }
    }

    /// Which column is the caption.
    pub(super) fn caption(&self) -> usize {
        self.caption
    }

    /// The row in `line` with these fields; `None` if it names no file.
    pub(super) fn row(&self, line: u64, fields: &[impl AsRef<str>]) -> Option<Row> {
        let field = |at: usize| {
            let text = fields.get(at).map_or("", |text| text.as_ref());
            let text = text.trim_matches(|c: char| c.is_whitespace() || c.is_control());
            if at != self.file && lenient::is_nothing(text) { "" } else { text }
        };
        let file = field(self.file);
        if file.is_empty() {
            return None;
        }
        let start = self.start.map(field).filter(|start| !start.is_empty());
        let clip = start.map(|start| format!("{file}_{}", start.trim_end_matches(".0")));
        let mut category = ucs::named(self.category.map_or("", field));
        if category.1.is_empty() {
            category.1 = self.subcategory.map_or("", field).to_uppercase();
        }
        let (mut caption, mut column) = (self.caption, field(self.caption));
        // A row without a caption may still have a title.
        if !column.chars().any(char::is_alphabetic)
            && let Some(other) = self.others.iter().find(|at| field(**at).chars().any(char::is_alphabetic))
        {
            (caption, column) = (*other, field(*other));
        }
        let other = self.others.iter().map(|at| field(*at)).find(|text| !text.is_empty() && *text != column);
        let description = Description {
            caption: column.to_owned(),
            caption2: other.unwrap_or_default().to_owned(),
            ..Description::default()
        };
        let description = description.with_category(category);
        let files = clip.into_iter().chain([file.to_owned()]).collect();
        Some(Row { line, files, description, column: self.names.get(caption).cloned().unwrap_or_default() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(header: &str, row: &str) -> String {
        let header: Vec<&str> = header.split(',').collect();
        let fields: Vec<&str> = row.split(',').collect();
        let row = Columns::of(&header).unwrap().row(2, &fields).unwrap();
        let d = row.description;
        format!("{} > {} [{}] {} / {}", row.files.join(" or "), d.caption, row.column, d.caption2, d.category)
    }

    #[test]
    fn the_columns_of_common_sets_are_known() {
        for (header, row, wanted) in [
            ("file,caption", "a.wav,Rain", "a.wav > Rain [caption]  / "),
            ("file_name,text", "data/1.wav,Rain", "data/1.wav > Rain [text]  / "),
            (
                "file_name,caption_1,caption_2,caption_3",
                "1.wav,Rain,It rains,x",
                "1.wav > Rain [caption_1] It rains / ",
            ),
            ("filename,fold,target,category,esc10", "1.wav,1,0,dog,True", "1.wav > dog [category]  / "),
            (
                "audiocap_id,youtube_id,start_time,caption",
                "9,rqf,170,Cheers",
                "rqf_170 or rqf > Cheers [caption]  / ",
            ),
            ("audio,caption", "wavs/1.wav,Rain", "wavs/1.wav > Rain [caption]  / "),
            (
                "location,description,secs,category",
                "1.wav,Engine,194,Engines",
                "1.wav > Engine [description]  / ENGINES",
            ),
            (
                "Filename,Description,Category,SubCategory",
                "1.wav,Rain,RAIN,METAL",
                "1.wav > Rain [Description]  / RAIN",
            ),
            ("File Name,Caption", "1.wav,Rain", "1.wav > Rain [Caption]  / "),
            (
                "id,name,tags,description",
                "12,a.aiff,door slam,A door",
                "12 > A door [description] door slam / ",
            ),
            ("Filename,FXName,CatID", "1.wav,Creak,DOORWood", "1.wav > Creak [FXName]  / DOORS"),
            ("fname,label,manually_verified", "1.wav,Bark,1", "1.wav > Bark [label]  / "),
            ("audio_filepath,text,duration", "1.wav,Rain,2", "1.wav > Rain [text]  / "),
            ("file,caption,title", "1.wav,,Rain", "1.wav > Rain [title]  / "),
        ] {
            assert_eq!(said(header, row), wanted, "{header}");
        }
    }

    #[test]
    fn what_a_table_has_instead_is_listed() {
        let fault = Columns::of(&["a", "b c"]).unwrap_err();
        assert_eq!(fault, "it has no column for the file; its columns are \"a\", \"b c\"");
        let fault = Columns::of(&["file", "rating"]).unwrap_err();
        assert_eq!(fault, "it has no column for the caption; its columns are \"file\", \"rating\"");
    }
}
