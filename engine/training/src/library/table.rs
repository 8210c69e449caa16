//! Tables of captions: CSV in its dialects, JSON and JSON lines.

use super::columns::{Columns, Row};
use super::lenient;
use serde_json::{Map, Value};
use straightshot_sound::tags::plain;

/// What is in a table.
#[derive(Debug, Default)]
pub(super) struct Table {
    /// The rows that name a file.
    pub(super) rows: Vec<Row>,
    /// What was wrong, in words for a report.
    pub(super) notes: Vec<String>,
}

/// The rows of a table that name a file. `is_sound` tells names of sounds from others, for tables without a header.
///
/// # Errors
/// Why there are none.
pub(super) fn parse(bytes: &[u8], is_sound: &dyn Fn(&str) -> bool) -> Result<Table, String> {
    let text = plain(bytes).ok_or("its encoding is not known; save it as UTF-8")?;
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    match text.trim_start().chars().next() {
        None => Err("it is empty".into()),
        Some('{' | '[') => json(&text),
        _ => csv(&text, is_sound),
    }
}

fn csv(text: &str, is_sound: &dyn Fn(&str) -> bool) -> Result<Table, String> {
    let (text, open) = lenient::closed(text);
    let text = text.as_str();
    // Lines before the header: blank ones, comments, and how Excel names the separator.
    let (mut rest, mut skipped, mut named) = (text, 0, None);
    while let Some(line) = rest.lines().next() {
        let bare = line.trim().trim_start_matches('\u{feff}').trim_matches('"');
        let separator = bare.strip_prefix("sep=").and_then(|s| s.bytes().next());
        if !(bare.is_empty()
            || bare.starts_with('#')
            || separator.is_some()
            || bare.chars().all(|c| ",;\t ".contains(c)))
        {
            break;
        }
        named = named.or(separator);
        rest = rest.get(line.len()..).unwrap_or_default();
        rest = rest.strip_prefix('\n').unwrap_or(rest);
        skipped += 1;
    }
    let head = rest.lines().next().ok_or("it is empty")?;
    let count = |d: &u8| head.bytes().filter(|b| b == d).count();
    let delimiter = named.or_else(|| [b'|', b'\t', b';', b','].into_iter().max_by_key(count)).unwrap_or(b',');
    let mut reader = ::csv::ReaderBuilder::new()
        .delimiter(delimiter)
        .flexible(true)
        .has_headers(false)
        .trim(::csv::Trim::All)
        .from_reader(rest.as_bytes());
    let mut records = reader.records();
    let header = records.next().ok_or("it is empty")?.map_err(|e| e.to_string())?;
    let names: Vec<&str> = header.iter().collect();
    let (columns, first) = match Columns::of(&names) {
        Ok(columns) => (columns, None),
        Err(_) if names.len() > 1 && is_sound(names[0]) => (Columns::bare(), Some(header.clone())),
        Err(fault) => return Err(fault),
    };
    let mut table = Table::default();
    for line in open {
        table.notes.push(format!("a quotation mark in line {line} is never closed"));
    }
    for record in first.map(Ok).into_iter().chain(records) {
        let record = record.map_err(|e| e.to_string())?;
        let line = record.position().map_or(1, ::csv::Position::line) + skipped;
        table.rows.extend(columns.row(line, &whole(&record, names.len(), columns.caption(), delimiter)));
    }
    Ok(table)
}

/// The fields of a record. One that has more than the header has a caption that holds the delimiter and is not quoted, which
/// is put together again.
fn whole(record: &::csv::StringRecord, count: usize, caption: usize, delimiter: u8) -> Vec<String> {
    let mut fields: Vec<String> = record.iter().map(str::to_owned).collect();
    while fields.len() > count && fields.last().is_some_and(String::is_empty) {
        fields.pop();
    }
    let more = fields.len().saturating_sub(count);
    if more > 0 && caption < count {
        let joined = fields.splice(caption..=caption + more, [String::new()]).collect::<Vec<_>>();
        let mark = if delimiter == b'\t' { " ".to_owned() } else { format!("{} ", char::from(delimiter)) };
        fields[caption] = joined.join(&mark);
    }
    fields
}

/// JSON: one object a line, a list of objects, a list somewhere in an object, or captions by the name of the file.
fn json(text: &str) -> Result<Table, String> {
    let mut table = Table::default();
    let strict: Result<Value, _> = serde_json::from_str(text);
    let whole = strict.or_else(|fault| serde_json::from_str(&lenient::json(text)).map_err(|_| fault));
    let entries: Vec<(u64, Value)> = match whole {
        Ok(value) => list(value).into_iter().zip(1..).map(|(value, n)| (n, value)).collect(),
        Err(fault) => {
            let mut parsed = Vec::new();
            for (line, n) in text.lines().zip(1..).filter(|(line, _)| !line.trim().is_empty()) {
                match serde_json::from_str(line)
                    .or_else(|e| serde_json::from_str(&lenient::json(line)).map_err(|_| e))
                {
                    Ok(value) => parsed.push((n, value)),
                    Err(e) => table.notes.push(format!("line {n} is no JSON: {e}")),
                }
            }
            if parsed.is_empty() {
                return Err(format!("it is no JSON: {fault}"));
            }
            parsed
        }
    };
    let mut fault = None;
    for (line, entry) in &entries {
        let Value::Object(fields) = entry else { continue };
        let (names, texts) = flat(fields);
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        match Columns::of(&names) {
            Ok(columns) => table.rows.extend(columns.row(*line, &texts)),
            Err(e) => fault = fault.or(Some(e)),
        }
    }
    match table.rows.is_empty() {
        true => Err(fault.unwrap_or_else(|| "it holds no list of sounds".into())),
        false => Ok(table),
    }
}

/// The entries of a value.
fn list(value: Value) -> Vec<Value> {
    match value {
        Value::Array(all) => all,
        Value::Object(fields) => {
            let lists = |v: &Value| v.as_array().is_some_and(|all| all.iter().any(Value::is_object));
            if let Some((_, Value::Array(all))) = fields.iter().find(|(_, value)| lists(value)) {
                return all.clone();
            }
            let (names, _) = flat(&fields);
            let names: Vec<&str> = names.iter().map(String::as_str).collect();
            if Columns::of(&names).is_ok() {
                return vec![Value::Object(fields)];
            }
            // Captions, or more about them, by file.
            let entry = |(file, value): (String, Value)| {
                let mut entry = match value {
                    Value::Object(entry) => entry,
                    text => Map::from_iter([("caption".to_owned(), text)]),
                };
                entry.insert("file".into(), file.into());
                Value::Object(entry)
            };
            fields.into_iter().map(entry).collect()
        }
        _ => Vec::new(),
    }
}

/// Names and texts of an object's fields; the texts of a list are fields of their own, numbered behind the first.
pub(super) fn flat(fields: &Map<String, Value>) -> (Vec<String>, Vec<String>) {
    let (mut names, mut texts) = (Vec::new(), Vec::new());
    let mut push = |name: String, text: String| {
        names.push(name);
        texts.push(text);
    };
    for (name, value) in fields {
        match value {
            Value::String(text) => push(name.clone(), text.clone()),
            Value::Number(number) => push(name.clone(), number.to_string()),
            Value::Array(all) => {
                let words: Vec<&str> = all.iter().filter_map(Value::as_str).collect();
                // Keywords are one text; captions are each one.
                if words.iter().all(|word| !word.contains(' ')) {
                    push(name.clone(), words.join(" "));
                } else {
                    for (n, word) in words.iter().enumerate() {
                        let many = name.trim_end_matches('s');
                        push(
                            if n == 0 { name.clone() } else { format!("{many}{}", n + 1) },
                            (*word).to_owned(),
                        );
                    }
                }
            }
            Value::Object(inner) => {
                for (key, value) in inner {
                    if let Value::String(text) = value {
                        push(key.clone(), text.clone());
                    }
                }
            }
            _ => (),
        }
    }
    (names, texts)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(text: &str) -> Vec<String> {
        let rows = parse(text.as_bytes(), &|name| name.ends_with(".wav")).unwrap().rows;
        let row = |r: Row| {
            let d = r.description;
            format!(
                "{} {} {} > {} / {} {}",
                r.line,
                r.files.join("|"),
                d.category,
                d.caption,
                d.caption2,
                d.subcategory
            )
        };
        rows.into_iter().map(|r| row(r).trim_end().to_owned()).collect()
    }

    #[test]
    fn csv_of_all_dialects_is_read() {
        for (text, rows) in [
            (
                "Category,Caption,FILE,caption2,rating\nDOORWood,\"Door, slow\",a.wav,creak,5\nrain,Rain,b.wav\n,,,\n",
                &["2 a.wav DOORS > Door, slow / creak WOOD", "3 b.wav RAIN > Rain /"][..],
            ),
            ("filename;description\r\na.wav;Rain, heavy\r\n", &["2 a.wav  > Rain, heavy /"]),
            ("path\tcaption\tsubcategory\na.wav\tRain\tdrip\n", &["2 a.wav  > Rain /  DRIP"]),
            ("sep=;\r\nfile;caption\r\na.wav;Rain\r\n", &["3 a.wav  > Rain /"]),
            ("\n\nfile,caption\na.wav,Rain\n", &["4 a.wav  > Rain /"]),
            (",,\n# made by hand\nfile,caption\na.wav,Rain\n", &["4 a.wav  > Rain /"]),
            ("\u{feff}file,caption\na.wav,Rain\n", &["2 a.wav  > Rain /"]),
            ("a.wav|Rain|extra\nb.wav|Wind\n", &["1 a.wav  > Rain /", "2 b.wav  > Wind /"]),
            ("file,caption\n\"a.wav,Rain\nb.wav,Wind\n", &["2 a.wav  > Rain /", "3 b.wav  > Wind /"]),
            (
                "file;caption\na.wav;Rain; heavy;\nb.wav;Wind;;\n",
                &["2 a.wav  > Rain; heavy /", "3 b.wav  > Wind /"],
            ),
            (
                "file,caption,caption2\na.wav,Rain, then hail,It rains\n",
                &["2 a.wav  > Rain, then hail / It rains"],
            ),
            ("file,caption\na.wav,nan\n", &["2 a.wav  >  /"]),
            ("file,caption\na.wav,Rain\n\0\0\0", &["2 a.wav  > Rain /"]),
            ("file,caption\n", &[]),
        ] {
            assert_eq!(said(text), rows, "{text:?}");
        }
    }

    #[test]
    fn json_of_all_shapes_is_read() {
        for (text, rows) in [
            (
                "{\"file_name\": \"a.wav\", \"text\": \"Rain\"}\n{\"file_name\": \"b.wav\", \"text\": \"Wind\"}\n",
                &["1 a.wav  > Rain /", "2 b.wav  > Wind /"][..],
            ),
            (
                "[{\"audio\": \"a.wav\", \"captions\": [\"It rains\", \"Rain falls\"]}]",
                &["1 a.wav  > It rains / Rain falls"],
            ),
            ("{\"num\": 1, \"data\": [{\"wav\": \"a.wav\", \"caption\": \"Rain\"}]}", &["1 a.wav  > Rain /"]),
            (
                "{\"a.wav\": \"Rain\", \"b.wav\": {\"prompt\": \"Wind\"}}",
                &["1 a.wav  > Rain /", "2 b.wav  > Wind /"],
            ),
            ("{\"a.wav\": {\"tags\": [\"door\", \"wood\"]}}", &["1 a.wav  > door wood /"]),
            ("[{\"file\": \"a.wav\", \"caption\": \"Rain\", \"lufs\": NaN},]", &["1 a.wav  > Rain /"]),
            ("{'a.wav': 'Rain', 'b.wav': None}", &["1 a.wav  > Rain /"]),
        ] {
            assert_eq!(said(text), rows, "{text}");
        }
    }

    #[test]
    fn a_line_that_cannot_be_read_is_told() {
        let notes = |text: &str| parse(text.as_bytes(), &|_| false).unwrap().notes.join("; ");
        let bad = "{\"file\": \"a.wav\", \"text\": \"Rain\"}\n{\"file\": oops\n";
        assert!(notes(bad).starts_with("line 2 is no JSON: "), "{}", notes(bad));
        assert_eq!(notes("file,caption\na.wav,\"Rain\n"), "a quotation mark in line 2 is never closed");
        assert_eq!(notes("file,caption\na.wav,\"Rain\"\n"), "");
    }

    #[test]
    fn tables_without_captions_are_refused_with_the_reason() {
        for (text, reason) in [
            ("", "it is empty"),
            ("\n\n", "it is empty"),
            ("  \n", "it is empty"),
            ("a,b\n1,2\n", "no column for the file; its columns are \"a\", \"b\""),
            ("file\na.wav\n", "no column for the caption; its columns are \"file\""),
            ("{\"a\": ", "it is no JSON"),
            ("[1, 2]", "no list of sounds"),
        ] {
            let fault = parse(text.as_bytes(), &|_| false).unwrap_err();
            assert!(fault.contains(reason), "{text:?}: {fault}");
        }
        assert!(parse(b"file,caption\na.wav,\x83h\x83A\x82\xaa\n", &|_| true).unwrap_err().contains("UTF-8"));
        assert!(parse(b"\0\0\0", &|_| false).is_err());
    }
}
