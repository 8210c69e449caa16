//! Texts that were meant to be JSON, HTML or CSV and are nearly so.

/// JSON as Python and JavaScript write it, as JSON: `NaN` and `None` are null, a comma before the end of a list is left out,
/// single quotes are double ones.
pub(super) fn json(text: &str) -> String {
    let mut written = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let behind = &rest[c.len_utf8()..];
        rest = match c {
            '"' | '\'' => string(c, behind, &mut written),
            ',' if behind.trim_start().starts_with([']', '}']) => behind,
            '-' if behind.starts_with("Infinity") => behind,
            'a'..='z' | 'A'..='Z' => {
                let end = rest.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(rest.len());
                written.push_str(match &rest[..end] {
                    "NaN" | "nan" | "Infinity" | "None" | "undefined" => "null",
                    "True" => "true",
                    "False" => "false",
                    word => word,
                });
                &rest[end..]
            }
            other => {
                written.push(other);
                behind
            }
        };
    }
    written
}

/// Copies a string that ends with `quote`; returns what is behind it.
fn string<'a>(quote: char, text: &'a str, written: &mut String) -> &'a str {
    written.push('"');
    let mut chars = text.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '\\' => match chars.next() {
                // JSON has no such escape.
                Some((_, '\'')) => written.push('\''),
                Some((_, next)) => written.extend(['\\', next]),
                None => break,
            },
            '"' if quote == '\'' => written.push_str("\\\""),
            c if c == quote => {
                written.push('"');
                return &text[at + c.len_utf8()..];
            }
            c if c.is_control() => written.push(' '),
            c => written.push(c),
        }
    }
    written.push('"');
    ""
}

/// A caption without the marks of HTML, if it has some, and without quotation marks around all of it.
pub(super) fn words(text: &str) -> String {
    let text = text.trim();
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(['<', '&']) {
        plain.push_str(&rest[..at]);
        let (mark, behind) = (rest[at..].chars().next(), &rest[at + 1..]);
        let found =
            if mark == Some('<') { tag(behind).map(|rest| (" ".to_owned(), rest)) } else { entity(behind) };
        match found {
            Some((means, behind)) => {
                plain.push_str(&means);
                rest = behind;
            }
            None => {
                plain.extend(mark);
                rest = behind;
            }
        }
    }
    plain.push_str(rest);
    // A letter that only says how others stand has no sound; joiners are part of words of some languages.
    plain.retain(|c| !matches!(c, '\u{ad}' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}'));
    let plain = plain.trim();
    for (open, close) in [('"', '"'), ('\'', '\''), ('“', '”'), ('«', '»'), ('„', '“')] {
        let inner = plain.strip_prefix(open).and_then(|text| text.strip_suffix(close));
        if let Some(inner) = inner.filter(|inner| !inner.contains([open, close])) {
            return inner.trim().to_owned();
        }
    }
    plain.to_owned()
}

/// Tags of HTML that texts of data bases have. Anything else between these signs may be meant as it is.
const TAGS: &[&str] = &[
    "a",
    "b",
    "blockquote",
    "body",
    "br",
    "center",
    "code",
    "div",
    "em",
    "font",
    "h1",
    "h2",
    "h3",
    "h4",
    "head",
    "hr",
    "html",
    "i",
    "img",
    "li",
    "meta",
    "ol",
    "p",
    "pre",
    "small",
    "span",
    "strong",
    "sub",
    "sup",
    "table",
    "td",
    "th",
    "title",
    "tr",
    "u",
    "ul",
];

/// What is behind a tag of which `text` is all but the first character: `b>`, `/p>`, `br/>`, `!-- -->`.
fn tag(text: &str) -> Option<&str> {
    let (inside, behind) = text.split_once('>')?;
    let name =
        inside.trim_start_matches('/').split(|c: char| !c.is_ascii_alphanumeric()).next()?.to_lowercase();
    (TAGS.contains(&name.as_str()) || inside.starts_with('!')).then_some(behind)
}

/// What an entity means of which `text` is all but the first character, and what is behind it.
fn entity(text: &str) -> Option<(String, &str)> {
    let (name, behind) = text.split_once(';')?;
    let number = || match name.strip_prefix('#')?.strip_prefix(['x', 'X']) {
        Some(hex) => u32::from_str_radix(hex, 16).ok(),
        None => name[1..].parse().ok(),
    };
    let means = match name {
        "amp" => '&',
        "lt" => '<',
        "gt" => '>',
        "quot" => '"',
        "apos" => '\'',
        "nbsp" => ' ',
        _ => number().and_then(char::from_u32)?,
    };
    Some((means.to_string(), behind))
}

/// Whether a text is what programs write where there is none.
pub(super) fn is_nothing(text: &str) -> bool {
    let text = text.trim_matches(|c: char| !c.is_alphanumeric()).to_lowercase();
    text.is_empty()
        || ["nan", "null", "none", "nil", "na", "n/a", "undefined", "nul", "void"].contains(&text.as_str())
}

/// A table without quotation marks that nobody closed, and the lines that they were in: each would take the rest of the table
/// for its own text.
pub(super) fn closed(text: &str) -> (String, Vec<usize>) {
    let odd = |line: &str| line.matches('"').count() % 2 == 1;
    if !odd(text) {
        return (text.to_owned(), Vec::new());
    }
    let lines: Vec<usize> =
        text.lines().enumerate().filter(|(_, line)| odd(line)).map(|(i, _)| i + 1).collect();
    let bare = |(i, line): (usize, &str)| {
        if lines.contains(&(i + 1)) { line.replace('"', "") } else { line.to_owned() }
    };
    (text.lines().enumerate().map(bare).collect::<Vec<_>>().join("\n"), lines)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_nearly_json_is_json() {
        for (text, wanted) in [
            ("[{\"a\": NaN, \"b\": -Infinity,},]", "[{\"a\": null, \"b\": null}]"),
            ("{'a.wav': 'it\\'s \"loud\"', 'b': None}", "{\"a.wav\": \"it's \\\"loud\\\"\", \"b\": null}"),
            ("{\"a\": \"NaN, None,]\"}", "{\"a\": \"NaN, None,]\"}"),
            ("{\"a\": \"one\ntwo\"}", "{\"a\": \"one two\"}"),
            ("{\"a\": True, \"b\": 1.5e3}", "{\"a\": true, \"b\": 1.5e3}"),
            ("{\"a\": \"open", "{\"a\": \"open\""),
        ] {
            assert_eq!(json(text), wanted);
        }
    }

    #[test]
    fn captions_lose_what_is_no_word() {
        for (text, wanted) in [
            ("<p>a <b>dog</b> barks &amp; howls</p>", "a  dog  barks & howls"),
            ("cat&nbsp;purrs<br/>softly", "cat purrs softly"),
            ("5 < 6 & 7 > 3", "5 < 6 & 7 > 3"),
            ("from c<d to e>f", "from c<d to e>f"),
            ("<!-- x -->rain</p", "rain</p"),
            ("R&B; rain", "R&B; rain"),
            ("caf&#233; noise &#x1F600;", "café noise 😀"),
            ("'cat purrs'", "cat purrs"),
            ("“rain”", "rain"),
            ("'tis 'raining'", "'tis 'raining'"),
            ("cat\u{200b} purrs\u{202e}", "cat purrs"),
            ("می\u{200c}خواهم", "می\u{200c}خواهم"),
        ] {
            assert_eq!(words(text), wanted);
        }
    }

    #[test]
    fn words_for_nothing_are_nothing() {
        assert!(["nan", "NULL", "N/A", "-", "", " none ", "(none)"].into_iter().all(is_nothing));
        assert!(!["nanny sings", "no thunder", "Void of sound", "n"].into_iter().any(is_nothing));
    }

    #[test]
    fn a_quotation_mark_that_nobody_closed_takes_no_other_line() {
        let (text, lines) = closed("file,caption\na.wav,\"a dog\nb.wav,\"cat, purrs\"\n");
        assert_eq!((text.as_str(), lines), ("file,caption\na.wav,a dog\nb.wav,\"cat, purrs\"", vec![2]));
        let whole = "file,caption\na.wav,\"a dog\nbarks\"\n";
        assert_eq!(closed(whole), (whole.to_owned(), vec![]));
    }
}
