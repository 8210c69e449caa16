//! Words of file names.

use super::{Description, worth};
use unicode_normalization::UnicodeNormalization as _;

/// Words that are dropped in front of a number, with it.
const COUNTED: [&str; 12] =
    ["take", "tk", "version", "ver", "variation", "var", "v", "no", "nr", "part", "pt", "t"];
/// Words that are dropped behind a number, with it.
const UNITS: [&str; 9] = ["k", "khz", "hz", "bit", "bits", "bpm", "db", "ms", "s"];
/// Endings that a name may have in front of its last one: of the file that it was made of.
const ENDINGS: [&str; 10] = ["wav", "wave", "aif", "aiff", "flac", "mp3", "ogg", "m4a", "opus", "bwf"];
/// Folders that give a file words: the innermost so many.
const FOLDERS: usize = 2;

/// The words of a name in lower case: split at everything that is no letter, at the humps of `camelCase`, and before
/// an acronym's last letter if a word follows; numbers go, and with them `take 2` and `48 kHz`, and single letters.
pub(super) fn phrase(name: &str) -> String {
    // What a data base calls it is in no caption.
    let kept: Vec<&str> = name.split_inclusive([' ', '_']).filter(|token| !worth::is_id(token)).collect();
    let tokens = split(&kept.concat().replace("kHz", "khz"));
    let number = |i: usize| tokens.get(i).is_some_and(|t| t.starts_with(|c: char| c.is_numeric()));
    let mut kept: Vec<&str> = Vec::new();
    for (i, token) in tokens.iter().enumerate() {
        let counts = COUNTED.contains(&token.as_str()) && number(i + 1);
        let measures = UNITS.contains(&token.as_str()) && i > 0 && number(i - 1);
        let letter = token.len() == 1;
        if !(number(i) || counts || measures || letter) {
            kept.push(token);
        }
    }
    kept.join(" ")
}

/// Runs of letters and runs of digits, in lower case.
fn split(name: &str) -> Vec<String> {
    let chars: Vec<char> = name.chars().collect();
    let mut tokens: Vec<String> = Vec::new();
    let mut before: Option<char> = None;
    for (i, &c) in chars.iter().enumerate() {
        if !c.is_alphanumeric() {
            // An apostrophe is part of its word.
            before = before.filter(|b| matches!(c, '\'' | '\u{2019}') && b.is_alphabetic());
            continue;
        }
        let ends_acronym = chars.get(i + 1).is_some_and(|next| next.is_lowercase());
        let joined = before.is_some_and(|b| {
            let hump = c.is_uppercase() && (!b.is_uppercase() || ends_acronym);
            b.is_numeric() == c.is_numeric() && !(hump && b.is_alphabetic())
        });
        match tokens.last_mut() {
            Some(token) if joined => token.extend(c.to_lowercase()),
            _ => tokens.push(c.to_lowercase().collect()),
        }
        before = Some(c);
    }
    tokens
}

/// The words of a path inside the folder: those of its folders and its file as caption, those of the file alone as
/// second caption.
pub(super) fn describe(name: &str) -> Description {
    let mut parts: Vec<&str> = name.split('/').collect();
    let file = parts.pop().unwrap_or_default();
    let file = sounding(&phrase(stem(file)));
    let inner = &parts[parts.len().saturating_sub(FOLDERS)..];
    let folders: Vec<String> = inner.iter().map(|folder| sounding(&phrase(folder))).collect();
    let mut all: Vec<&str> = Vec::new();
    for word in folders.iter().chain([&file]).flat_map(|text| text.split(' ')) {
        if !word.is_empty() && !all.contains(&word) {
            all.push(word);
        }
    }
    let caption = all.join(" ");
    let caption2 = if file == caption { String::new() } else { file };
    Description { caption, caption2, ..Description::default() }
}

/// `phrase`, or nothing if it only says something about the file.
fn sounding(phrase: &str) -> String {
    if worth::judge(phrase).is_ok() { phrase.to_owned() } else { String::new() }
}

/// A file name without what is not of the sound: its endings, and the number and the name of a user that a data base of
/// sounds put in front (`12345__some_user__door-slam.wav`).
pub(super) fn stem(file: &str) -> &str {
    let stem = without_ending(file);
    let mut parts = stem.splitn(3, "__");
    match (parts.next(), parts.next(), parts.next()) {
        (Some(number), Some(_), Some(rest))
            if number.bytes().all(|b| b.is_ascii_digit()) && !rest.is_empty() =>
        {
            rest
        }
        _ => stem,
    }
}

/// A file name without its ending, and without that of the file which it was made of.
pub(super) fn without_ending(file: &str) -> &str {
    let mut stem = file.rsplit_once('.').map_or(file, |(stem, _)| stem);
    while let Some((inner, ending)) = stem.rsplit_once('.')
        && ENDINGS.iter().any(|e| ending.eq_ignore_ascii_case(e))
    {
        stem = inner;
    }
    stem
}

/// Text in composed Unicode: the same letters are the same characters.
pub(super) fn nfc(text: &str) -> String {
    text.nfc().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_become_words() {
        for (name, words) in [
            ("FootstepsGravel_Walk-03", "footsteps gravel walk"),
            ("wooden door creak take2", "wooden door creak"),
            ("Wooden Door Creak Take 02 v3", "wooden door creak"),
            ("USBPlug-in48kHz_24bit", "usb plug in"),
            ("dog's bark (1)", "dogs bark"),
            ("Tür_quietscht", "tür quietscht"),
            ("rain.on.tent", "rain on tent"),
            ("2021-03-04 12.55.01", ""),
            ("a3f9c2", ""),
            ("rain aaOLSJDYz3Ok on tent", "rain on tent"),
            ("", ""),
        ] {
            assert_eq!(phrase(name), words, "{name}");
        }
    }

    #[test]
    fn folders_help_names() {
        let said = |name: &str| {
            let d = describe(name);
            (d.caption, d.caption2)
        };
        let pair = |a: &str, b: &str| (a.to_owned(), b.to_owned());
        assert_eq!(said("Footsteps/Gravel/001.wav"), pair("footsteps gravel", ""));
        assert_eq!(said("Footsteps/Gravel/Slow Gravel 1.wav"), pair("footsteps gravel slow", "slow gravel"));
        assert_eq!(said("wav/Door/Audio 1.wav"), pair("door", ""));
        assert_eq!(said("a very/long/Deep/path/hit.wav"), pair("deep path hit", "hit"));
        assert_eq!(said("hit.wav"), pair("hit", ""));
        assert_eq!(said("sounds/untitled 3.wav"), pair("", ""));
        assert_eq!(said("12345__some_user__door-slam-01.aiff.wav"), pair("door slam", ""));
        assert_eq!(said("Tür zu.wav"), pair("tür zu", ""));
        assert_eq!(said("ZOOM0012/REC_0003.wav"), pair("", ""));
    }
}
