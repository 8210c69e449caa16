//! A pack: several sounds in a folder of their own, with a list for libraries and an instrument for samplers.

use crate::deliver::deliver_into;
use crate::{Encoded, Host, Settings, Sound, Stamp, encode};
use std::fmt::Write;
use std::path::{Path, PathBuf};
use straightshot_protocol::{ErrorKind, Failure};

/// Name of the list.
const LIST: &str = "list.csv";
/// The first key of the instrument: middle C.
const FIRST_KEY: u32 = 60;
/// The last key of any keyboard.
const LAST_KEY: u32 = 127;

/// A pack on the disk.
#[derive(Debug, Clone, PartialEq)]
pub struct Exported {
    /// Its folder.
    pub folder: PathBuf,
    /// Its sounds, in the order that they were given.
    pub files: Vec<PathBuf>,
    /// The instrument.
    pub instrument: PathBuf,
    /// The list.
    pub list: PathBuf,
    /// How many peaks had to come down, see [`Delivered::lowered_db`](crate::Delivered::lowered_db).
    pub lowered: usize,
}

/// Writes `sounds` into a new folder inside the one of `settings`. The folder appears when everything is in it.
///
/// Sounds that are called the same are one voice of the instrument and take turns; every other gets a key of its own.
/// `progress` is told how many are done and may say that it is enough (`false`): then nothing is left.
///
/// # Errors
/// [`ErrorKind::InvalidRequest`] for no sounds, [`ErrorKind::Cancelled`], and those of [`deliver`](crate::deliver()); then
/// there is no pack.
pub fn export(
    sounds: &[Sound],
    settings: &Settings,
    host: &Host,
    mut progress: impl FnMut(usize) -> bool,
) -> Result<Exported, Failure> {
    if sounds.is_empty() {
        return Err(Failure::new(
            ErrorKind::InvalidRequest,
            "No takes are chosen for a pack: star some first",
        ));
    }
    let parent = settings.folder().ok_or_else(|| {
        Failure::new(ErrorKind::Io, "There is no folder for files: choose one in the panel \"Deliver\"")
    })?;
    let failed = |cause: &std::io::Error| {
        Failure::new(ErrorKind::Io, format!("The pack could not be written to {}", parent.display()))
            .because(cause)
    };
    std::fs::create_dir_all(&parent).map_err(|e| failed(&e))?;
    let unfinished =
        tempfile::Builder::new().prefix(".straightshot-pack-").tempdir_in(&parent).map_err(|e| failed(&e))?;
    let mut rows = Vec::new();
    let mut lowered = 0;
    for (done, sound) in sounds.iter().enumerate() {
        if !progress(done) {
            return Err(Failure::new(ErrorKind::Cancelled, "The export was cancelled"));
        }
        let delivered = deliver_into(sound, settings, host, unfinished.path())?;
        lowered += usize::from(delivered.lowered_db > 0.0);
        let encoded = encode(sound, settings, host, &Stamp::now())?;
        let file = delivered.path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        rows.push(Row { file, encoded, sound });
    }
    let title = title(&rows);
    let instrument = format!("{title}.sfz");
    for (name, text) in [(LIST, csv(&rows, settings)), (instrument.as_str(), sfz(&rows))] {
        straightshot_sound::place::Unnamed::write(unfinished.path(), text.as_bytes())?
            .replace(&unfinished.path().join(name))?;
    }
    let folder = place(unfinished, &parent, &title).map_err(|e| failed(&e))?;
    Ok(Exported {
        files: rows.iter().map(|row| folder.join(&row.file)).collect(),
        instrument: folder.join(instrument),
        list: folder.join(LIST),
        folder,
        lowered,
    })
}

/// One sound of a pack.
struct Row<'a> {
    file: String,
    encoded: Encoded,
    sound: &'a Sound,
}

/// What the pack is called: after its sound if it is one with variations, else after their creator and source.
fn title(rows: &[Row<'_>]) -> String {
    let names = rows.iter().map(|row| (&row.encoded.name.category.id, &row.encoded.name.fx_name));
    let mut distinct: Vec<_> = names.collect();
    distinct.dedup();
    let name = &rows[0].encoded.name;
    match distinct.as_slice() {
        [(id, fx_name)] => format!("{id}_{fx_name}_{}_{}", name.creator, name.source),
        _ => format!("Pack_{}_{}", name.creator, name.source),
    }
}

/// Moves the finished folder to the first free name of `title`, `title-2`, …
fn place(unfinished: tempfile::TempDir, parent: &Path, title: &str) -> std::io::Result<PathBuf> {
    readable(unfinished.path())?;
    let from = unfinished.keep();
    for number in 1_u32.. {
        let name = if number == 1 { title.to_owned() } else { format!("{title}-{number}") };
        let to = parent.join(name);
        // A folder is never moved over a file or a folder with something in it; an empty one is nothing to lose.
        if !to.exists() && std::fs::rename(&from, &to).is_ok() {
            return Ok(to);
        }
        if number > 9_999 || !to.exists() {
            let _ = std::fs::remove_dir_all(&from);
            break;
        }
    }
    Err(std::io::Error::other("no name was free"))
}

/// Lets others look into a folder that was made for its owner alone.
#[cfg(unix)]
fn readable(folder: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(folder, std::fs::Permissions::from_mode(0o755))
}

#[cfg(not(unix))]
fn readable(_folder: &Path) -> std::io::Result<()> {
    Ok(())
}

/// The columns of a list.
const HEAD: [&str; 25] = [
    "Filename",
    "CatID",
    "Category",
    "SubCategory",
    "FXName",
    "Description",
    "CreatorID",
    "SourceID",
    "UserData",
    "Take",
    "Seconds",
    "SampleRate",
    "BitDepth",
    "Channels",
    "IntegratedLUFS",
    "TruePeakdBTP",
    "LoopStart",
    "LoopEnd",
    "Prompt",
    "NegativePrompt",
    "Seed",
    "Steps",
    "Guidance",
    "Model",
    "Notes",
];

/// One line per sound.
fn csv(rows: &[Row<'_>], settings: &Settings) -> String {
    let mut text = HEAD.join(",");
    text.push_str("\r\n");
    for row in rows {
        let (about, encoded) = (&row.sound.about, &row.encoded);
        let (name, request) = (&encoded.name, &about.request);
        let loop_frames = encoded.loop_frames.as_ref();
        let number = |value: f64| if value.is_finite() { format!("{value:.2}") } else { String::new() };
        let model = if request.model.is_any() { String::new() } else { request.model.to_string() };
        let fields: [String; HEAD.len()] = [
            row.file.clone(),
            name.category.id.to_owned(),
            name.category.category.to_owned(),
            name.category.subcategory.to_owned(),
            name.fx_name.clone(),
            request.prompt.clone(),
            name.creator.clone(),
            name.source.clone(),
            name.user_data.clone(),
            about.take.map_or_else(String::new, |take| take.to_string()),
            format!("{:.3}", encoded.audio.seconds()),
            encoded.audio.sample_rate_hz().to_string(),
            settings.real_depth().bits().to_string(),
            encoded.audio.channel_count().to_string(),
            number(encoded.loudness.integrated_lufs),
            number(encoded.loudness.true_peak_dbtp),
            loop_frames.map_or_else(String::new, |frames| frames.start.to_string()),
            loop_frames.map_or_else(String::new, |frames| frames.end.saturating_sub(1).to_string()),
            request.prompt.clone(),
            request.negative_prompt.clone(),
            request.seed.to_string(),
            request.steps.to_string(),
            request.guidance.to_string(),
            model,
            about.notes.clone(),
        ];
        text.push_str(&fields.map(|field| quoted(&field)).join(","));
        text.push_str("\r\n");
    }
    text
}

/// A field of a CSV file (RFC 4180) in one line. One that a table program would compute is marked as a text.
fn quoted(field: &str) -> String {
    let field: String = field.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    let formula =
        field.starts_with(['=', '+', '@']) || (field.starts_with('-') && field.parse::<f64>().is_err());
    let field = if formula { format!("'{field}") } else { field };
    if field.contains([',', '"', ';']) { format!("\"{}\"", field.replace('"', "\"\"")) } else { field }
}

/// The instrument: sounds of one name on one key, in turns.
fn sfz(rows: &[Row<'_>]) -> String {
    let mut voices: Vec<(&str, Vec<&Row<'_>>)> = Vec::new();
    for row in rows {
        let name = row.encoded.name.fx_name.as_str();
        match voices.iter_mut().find(|(known, _)| *known == name) {
            Some((_, voice)) => voice.push(row),
            None => voices.push((name, vec![row])),
        }
    }
    let mut text = format!("// {}\n// Sounds of one name take turns on one key.\n", crate::stamp::PROGRAM);
    for (key, (name, voice)) in (FIRST_KEY..).zip(&voices) {
        let key = key.min(LAST_KEY);
        // A single voice is played over the whole keyboard.
        let keys = if voices.len() == 1 {
            "lokey=0 hikey=127".to_owned()
        } else {
            format!("lokey={key} hikey={key}")
        };
        let _ =
            writeln!(text, "\n// {name}\n<group> {keys} pitch_keycenter={key} seq_length={}", voice.len());
        for (turn, row) in voice.iter().enumerate() {
            let _ = writeln!(text, "<region> seq_position={} {} sample={}", turn + 1, looping(row), row.file);
        }
    }
    text
}

fn looping(row: &Row<'_>) -> String {
    match &row.encoded.loop_frames {
        Some(frames) => format!(
            "loop_mode=loop_continuous loop_start={} loop_end={}",
            frames.start,
            frames.end.saturating_sub(1)
        ),
        None => "loop_mode=one_shot".to_owned(),
    }
}
