//! Whether a text describes a sound at all, or only a file: its name in a data base, the recorder, the settings, a date.

use std::collections::HashSet;
use std::sync::OnceLock;

/// Words that say something about the file, who made it and how, the program, the device or the date, not the sound: no caption
/// consists of these alone.
const ABOUT: &str = "\
    audio bounce bounced copy data export exported file files flac library mono mp new ogg wav wave wavs \
    bwf aiff aif pcm render rendered sample samples sfx sound sounds effect effects stereo surround \
    ambisonic ambisonics ambix binaural channel channels track tracks trk tr untitled unknown unnamed \
    default none null test tmp temp hz khz bit bits bpm db ms sec secs seconds min minutes left right ch \
    final version master mastered mixdown edit edited raw clip region take takes scene scn roll reel tape \
    slate project session filename id uuid no description comment title name text note notes info false \
    true yes ok recorded recording recordings record rec recorder made created encoded encoder encoding \
    processed produced producer generated imported downloaded uploaded converted microphone mic mics \
    preamp user author artist copyright rights reserved license licence creative commons attribution cc by \
    all free royalty http https www com org net freesound website email reaper pro tools protools logic \
    cubase nuendo ableton live audacity audition adobe forge wavelab izotope rx soundminer basehead \
    bwfmetaedit wavagent lavf lavc libsndfile sox ffmpeg itunes itunnorm itunsmpb garageband fl studio \
    bitwig ardour samplitude sequoia pyramix fairlight resolve premiere twistedwave ocenaudio zoom tascam \
    sony olympus roland edirol marantz nagra aaton cantar zaxcom deva mixpre devices fostex sonosax yamaha \
    rode sennheiser neumann schoeps dpa shure akg iphone ipad android macbook windows macos dr hn ortf xy \
    blumlein ii iii mk mkii date time january february april june july august september october november \
    december jan feb mar apr jun jul aug sep sept oct nov dec monday tuesday wednesday thursday friday \
    saturday sunday am pm utc gmt st nd rd th mon tue wed thu fri lr trlr trms zoomlr zoomtr zoomtrlr \
    sat sun ste img dsc vn mz dm pict";
/// Words that join others.
const JOINING: &str = "\
    a an and are at for from in into is it its of off on or out over the this that to under up down using \
    via was with without der die das und mit von le la les de des du et";

fn is_about(word: &str) -> bool {
    static WORDS: OnceLock<HashSet<&'static str>> = OnceLock::new();
    WORDS.get_or_init(|| ABOUT.split(' ').collect()).contains(word)
}

/// How many words of `text` may describe a sound.
///
/// # Errors
/// Why there are none, in words for the report.
pub(super) fn judge(text: &str) -> Result<usize, &'static str> {
    if !text.chars().any(char::is_alphabetic) {
        return Err(if text.chars().any(char::is_numeric) { "a number or a date" } else { "no words" });
    }
    let (mut telling, mut ids) = (0, 0);
    for token in text.split(|c: char| c.is_whitespace() || ",;|()[]\"".contains(c)) {
        // "MixPre-6" is two words, and a name; "48000Hz" is a number with its unit, and no identifier.
        let letters: String =
            token.chars().filter(|c| c.is_alphabetic()).flat_map(char::to_lowercase).collect();
        if is_about(&letters) {
            continue;
        }
        match is_id(token) {
            true => ids += 1,
            false => telling += words(token).filter(|word| tells(word)).count(),
        }
    }
    match telling {
        0 if ids > 0 => Err("an identifier"),
        0 => Err("it tells of the recording or the program, not of the sound"),
        words => Ok(words),
    }
}

/// The runs of letters of a token, in lower case, split where a capital follows a small letter.
fn words(token: &str) -> impl Iterator<Item = String> + '_ {
    let chars: Vec<char> = token.chars().collect();
    let mut all: Vec<String> = Vec::new();
    let mut before: Option<char> = None;
    for c in chars {
        if !c.is_alphabetic() {
            before = if c == '\'' || c == '\u{2019}' { before } else { None };
            continue;
        }
        match (before, all.last_mut()) {
            (Some(b), Some(word)) if !(b.is_lowercase() && c.is_uppercase()) => word.extend(c.to_lowercase()),
            _ => all.push(c.to_lowercase().collect()),
        }
        before = Some(c);
    }
    all.into_iter()
}

/// Whether a word in lower case may tell something of a sound.
fn tells(word: &str) -> bool {
    let wide = !word.is_ascii();
    (wide || word.len() > 1) && !is_about(word) && !JOINING.split(' ').any(|joining| joining == word)
}

/// Whether a token is a key of a data base, a checksum or an address: no one says it.
pub(super) fn is_id(token: &str) -> bool {
    let token = token.trim_matches(|c: char| c.is_ascii_punctuation() || c.is_whitespace());
    if token.contains("://") || token.starts_with("www.") || token.contains('@') {
        return true;
    }
    // Words are joined by hyphens and the like; each is looked at alone, unless they are groups of a UUID.
    let parts: Vec<&str> = token.split(['-', '_', '.', '/']).filter(|part| !part.is_empty()).collect();
    let hex = |part: &&str| part.len() >= 4 && part.chars().all(|c| c.is_ascii_hexdigit());
    if parts.len() == 5 && parts.iter().all(hex) {
        return true;
    }
    !parts.is_empty()
        && parts.iter().all(|part| part.chars().all(|c| c.is_ascii_digit()) || mixed(part))
        && parts.iter().any(|part| mixed(part))
}

/// Letters and digits, or capitals and small letters, as only a machine mixes them.
fn mixed(part: &str) -> bool {
    let chars: Vec<char> = part.chars().collect();
    if !chars.iter().all(char::is_ascii_alphanumeric) {
        return false;
    }
    let digits = chars.iter().filter(|c| c.is_ascii_digit()).count();
    let letters = chars.len() - digits;
    // How often digits and letters take turns: "take2" once, "a3f9c2" five times.
    let turns = chars.windows(2).filter(|w| w[0].is_ascii_digit() != w[1].is_ascii_digit()).count();
    let humps = chars.windows(3).any(|w| w[0].is_lowercase() && w[1].is_uppercase() && w[2].is_uppercase());
    let vowels = chars.iter().filter(|c| "aeiouyAEIOUY".contains(**c)).count();
    let hex = part.len() >= 8 && digits > 0 && part.chars().all(|c| c.is_ascii_hexdigit());
    hex || (digits > 0
        && letters > 0
        && (turns >= 3
            || (turns >= 2 && letters > 3 && humps)
            || (letters >= 2 && vowels == 0 && digits >= 3)))
        || (humps && chars.len() >= 8)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_about_sounds_are_told_from_texts_about_files() {
        for text in [
            "Old cellar door creaks slowly",
            "rain",
            "Zoom past of a car",
            "Große Tür öffnet",
            "古い木のドア",
            "USB plug in 48kHz",
            "tools rattle in a box",
            "Recording of heavy rain, tascam dr40",
            "dog barks 3x",
            "rain-on-tent take2",
            "FootstepsGravel",
            "McDonald's kitchen",
        ] {
            assert!(judge(text).is_ok(), "{text}: {:?}", judge(text));
        }
        for text in [
            "",
            "2024-09-13",
            "12.5",
            "Audio 1_03-01",
            "Audio Track 3",
            "Recorded with REAPER",
            "aaOLSJDYz3Ok",
            "aaOLSJDYzQOk",
            "48000Hz 24bit stereo",
            "TASCAM DR-40",
            "ZOOM H6",
            "Zoom F8n Pro",
            "Made with Adobe Audition 3.0",
            "Sound Devices MixPre-6 II",
            "550e8400-e29b-41d4-a716-446655440000",
            "d41d8cd98f00b204e9800998ecf8427e",
            "Lavf59.27.100",
            "13 September 2024",
            "Scene 12 Take 3",
            "https://freesound.org/s/1234/",
            "Copyright 2019, all rights reserved",
            "CC BY 4.0",
            "untitled",
            "00000A2B 00000B11 iTunNORM",
            "REC_0012",
            "ZOOM0001_LR",
            "ZOOM0001_Tr1",
            "231104_0007",
            "Sept 13th, 2024",
            "STE-000",
            "Tue Mar 05 12:30:00 2024",
        ] {
            assert!(judge(text).is_err(), "{text}");
        }
        assert_eq!(judge("2024-09-13"), Err("a number or a date"));
        assert_eq!(judge("aaOLSJDYz3Ok"), Err("an identifier"));
        assert_eq!(judge("Rusty iron gate opens"), Ok(4));
    }
}
