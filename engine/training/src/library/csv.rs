//! Captions from CSV files.
//!
//! Columns `file` (`filename`, `path`) and `caption` (`description`), and where they are there `caption2` and `category`
//! (`catid`, `ucs_category`) and `subcategory`; in any order and case, separated by commas, semicolons or tabs. A file
//! is named by its path from the folder of the table, or by its name alone if only one below it is called so.

use super::report::{self, Report};
use super::walk::Found;
use super::words;
use super::{Description, ucs};
use std::collections::HashMap;

/// The table that goes before all others of its folder.
const FIRST: &str = "captions.csv";
/// What an earlier run wrote; never read.
const OWN: &str = "report.csv";
/// Larger tables are not read, in bytes.
const LARGEST: u64 = 64 << 20;

/// A row of a table.
#[derive(Debug, PartialEq)]
struct Row {
    /// Line in the table.
    line: u64,
    file: String,
    description: Description,
}

/// The rows of all tables by the name of the sound; the first row of a sound counts.
pub(super) fn read(found: &Found, report: &mut Report) -> HashMap<String, Description> {
    let names = Names::new(found);
    let mut rows: HashMap<String, Description> = HashMap::new();
    let split = |name: &str| match name.rsplit_once('/') {
        Some((folder, file)) => (folder.to_owned(), file.to_lowercase()),
        None => (String::new(), name.to_lowercase()),
    };
    let mut tables: Vec<_> = found.tables.iter().map(|table| (split(&table.name), table)).collect();
    tables.sort_by_key(|((folder, file), _)| (folder.matches('/').count(), file != FIRST));
    for ((folder, file), table) in tables {
        if file == OWN {
            continue;
        }
        let text = std::fs::metadata(&table.path).and_then(|meta| match meta.len() <= LARGEST {
            true => std::fs::read(&table.path),
            false => Err(std::io::Error::other("it is too large")),
        });
        let parsed = text.map_err(|e| e.to_string()).and_then(|bytes| parse(&words::decode(&bytes)));
        let parsed = match parsed {
            Ok(parsed) => parsed,
            Err(fault) => {
                report.skip(&table.name, report::TABLE, fault);
                continue;
            }
        };
        for row in parsed {
            let place = format!("{}, line {}", table.name, row.line);
            match names.find(&folder, &row.file) {
                Ok(name) if rows.contains_key(name) => {
                    report.skip(&place, report::AGAIN, format!("{name} has a caption from an earlier row"));
                }
                Ok(name) => {
                    rows.insert(name.to_owned(), row.description);
                }
                Err(reason) => report.skip(&place, reason, row.file),
            }
        }
    }
    rows
}

/// The rows of a table that name a file.
///
/// # Errors
/// Why there are none.
fn parse(text: &str) -> Result<Vec<Row>, String> {
    let head = text.lines().next().unwrap_or_default();
    if head.trim().is_empty() {
        return Err("it is empty".into());
    }
    let count = |d: &u8| head.bytes().filter(|b| b == d).count();
    let delimiter = [b'\t', b';', b','].into_iter().max_by_key(count).unwrap_or(b',');
    let mut reader = ::csv::ReaderBuilder::new()
        .delimiter(delimiter)
        .flexible(true)
        .trim(::csv::Trim::All)
        .from_reader(text.as_bytes());
    let header = reader.headers().map_err(|e| e.to_string())?.clone();
    let column = |names: &[&str]| {
        let called = |name: &&str| header.iter().position(|h| h.eq_ignore_ascii_case(name));
        names.iter().find_map(called)
    };
    let file = column(&["file", "filename", "path"]);
    let (Some(file), Some(caption)) = (file, column(&["caption", "description"])) else {
        return Err("it has no columns \"file\" and \"caption\"".into());
    };
    let caption2 = column(&["caption2"]);
    let (category, subcategory) = (column(&["category", "catid", "ucs_category"]), column(&["subcategory"]));
    let mut rows = Vec::new();
    for record in reader.records() {
        let record = record.map_err(|e| e.to_string())?;
        let field = |at: Option<usize>| at.and_then(|at| record.get(at)).unwrap_or_default();
        if field(Some(file)).is_empty() {
            continue;
        }
        let mut category = ucs::named(field(category));
        if category.1.is_empty() {
            category.1 = field(subcategory).to_uppercase();
        }
        let said = Description {
            caption: field(Some(caption)).to_owned(),
            caption2: field(caption2).to_owned(),
            ..Description::default()
        };
        let line = record.position().map_or(0, ::csv::Position::line);
        rows.push(Row {
            line,
            file: field(Some(file)).to_owned(),
            description: said.with_category(category),
        });
    }
    Ok(rows)
}

/// How sounds may be called.
struct Names<'a> {
    /// By their path in lower case.
    paths: HashMap<String, &'a str>,
    /// By their file name in lower case.
    files: HashMap<String, Vec<&'a str>>,
}

impl<'a> Names<'a> {
    fn new(found: &'a Found) -> Self {
        let (mut paths, mut files): (HashMap<_, _>, HashMap<_, Vec<_>>) = Default::default();
        for sound in &found.sounds {
            let name = sound.name.as_str();
            paths.insert(name.to_lowercase(), name);
            files.entry(name.rsplit('/').next().unwrap_or(name).to_lowercase()).or_default().push(name);
        }
        Self { paths, files }
    }

    /// The sound that a table in `folder` calls `file`.
    fn find(&self, folder: &str, file: &str) -> Result<&'a str, &'static str> {
        let file = file.replace('\\', "/").to_lowercase();
        // A drive letter is as good as a slash.
        if file.starts_with('/') || file.get(1..2) == Some(":") {
            return Err(report::OUTSIDE);
        }
        let folder = folder.to_lowercase();
        let mut path: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
        for part in file.split('/') {
            match part {
                "" | "." => (),
                ".." => drop(path.pop().ok_or(report::OUTSIDE)?),
                part => path.push(part),
            }
        }
        if let Some(name) = self.paths.get(&path.join("/")) {
            return Ok(name);
        }
        let below =
            |name: &&&str| folder.is_empty() || name.to_lowercase().starts_with(&format!("{folder}/"));
        let mut called = self.files.get(&file).into_iter().flatten().filter(below);
        match (called.next(), called.next()) {
            (Some(name), None) => Ok(name),
            _ => Err(report::NO_SUCH_FILE),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::library::walk::SoundFile;

    fn sounds(names: &[&str]) -> Found {
        let sound = |name: &&str| SoundFile { path: name.into(), name: (*name).to_owned() };
        Found { sounds: names.iter().map(sound).collect(), tables: Vec::new() }
    }

    fn said(row: &Row) -> [&str; 5] {
        let d = &row.description;
        [&row.file, &d.caption, &d.caption2, &d.category, &d.subcategory]
    }

    #[test]
    fn all_columns_in_any_order_and_case() {
        let rows = parse(
            "Category,Caption,FILE,caption2,rating\nDOORWood,\"Door, slow\",a.wav,creak,5\nrain,Rain,b.wav\n,,,\n",
        )
        .unwrap();
        assert_eq!(said(&rows[0]), ["a.wav", "Door, slow", "creak", "DOORS", "WOOD"]);
        assert_eq!(said(&rows[1]), ["b.wav", "Rain", "", "RAIN", ""]);
        assert_eq!((rows.len(), rows[1].line), (2, 3));
    }

    #[test]
    fn other_separators_and_names() {
        let rows = parse("filename;description\r\na.wav;Rain, heavy\r\n").unwrap();
        assert_eq!(said(&rows[0]), ["a.wav", "Rain, heavy", "", "", ""]);
        let rows = parse("path\tcaption\tsubcategory\na.wav\tRain\tdrip\n").unwrap();
        assert_eq!(said(&rows[0]), ["a.wav", "Rain", "", "", "DRIP"]);
    }

    #[test]
    fn tables_without_captions_are_refused() {
        for text in ["", "\n\n", "  \n", "a,b\n1,2\n", "file\na.wav\n", "\0\0\0"] {
            assert!(parse(text).is_err(), "{text:?}");
        }
        assert_eq!(parse("file,caption\n").unwrap(), []);
        assert_eq!(parse("file,caption\n\"a.wav,Rain\n").unwrap().len(), 1, "a quote that does not end");
    }

    #[test]
    fn files_are_found_by_path_or_by_a_name_that_is_unique() {
        let found = sounds(&["Door.wav", "pack/Rain.wav", "pack/deep/Hit.wav", "other/Hit.wav"]);
        let names = Names::new(&found);
        assert_eq!(names.find("", "door.WAV"), Ok("Door.wav"));
        assert_eq!(names.find("", "./pack\\Rain.wav"), Ok("pack/Rain.wav"));
        assert_eq!(names.find("pack", "Rain.wav"), Ok("pack/Rain.wav"));
        assert_eq!(names.find("pack", "../Door.wav"), Ok("Door.wav"));
        assert_eq!(names.find("", "Rain.wav"), Ok("pack/Rain.wav"));
        assert_eq!(names.find("pack", "Hit.wav"), Ok("pack/deep/Hit.wav"));
        assert_eq!(names.find("", "Hit.wav"), Err(report::NO_SUCH_FILE), "two are called so");
        assert_eq!(names.find("pack", "Door.wav"), Err(report::NO_SUCH_FILE));
        for outside in ["../Door.wav", "pack/../../x.wav", "/etc/passwd", "C:\\x.wav"] {
            assert_eq!(names.find("", outside), Err(report::OUTSIDE), "{outside}");
        }
    }
}
