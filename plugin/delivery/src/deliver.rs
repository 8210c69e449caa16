//! One sound becomes one file.

use crate::describe::Facts;
use crate::name::Name;
use crate::{Container, Host, Settings, Sound, Stamp, sidecar};
use std::path::{Path, PathBuf};
use straightshot_edits::{Edited, Loudness, loudness};
use straightshot_protocol::{Audio, ErrorKind, Failure};
use straightshot_sound::place::{self, Unnamed};
use straightshot_sound::wav::{self, Depth};
use straightshot_sound::{flac, limit_peaks};

/// A file on the disk.
#[derive(Debug, Clone, PartialEq)]
pub struct Delivered {
    /// The file.
    pub path: PathBuf,
    /// The text beside it, if one was wanted.
    pub sidecar: Option<PathBuf>,
    /// How far its loudest peak had to come down in dB, because the file cannot hold it; 0 if it fitted.
    pub lowered_db: f32,
    /// Whether the very same file was there already and nothing had to be written.
    pub was_there: bool,
}

/// A file that is not on the disk yet.
#[derive(Debug, Clone, PartialEq)]
pub struct Encoded {
    /// All of its bytes.
    pub bytes: Vec<u8>,
    /// Its name, without an ending.
    pub name: Name,
    /// The samples in it.
    pub audio: Audio,
    /// The frames of them that repeat.
    pub loop_frames: Option<std::ops::Range<usize>>,
    /// How loud it is.
    pub loudness: Loudness,
    /// See [`Delivered::lowered_db`].
    pub lowered_db: f32,
}

/// Makes the bytes of a file: the sound at the rate that `settings` ask for, held below full scale unless the file has
/// floating point, and described.
///
/// # Errors
/// [`ErrorKind::BadData`] if there is no sound, [`ErrorKind::Compute`] if it has no such rate.
pub fn encode(sound: &Sound, settings: &Settings, host: &Host, stamp: &Stamp) -> Result<Encoded, Failure> {
    Prepared::of(sound, settings, host)?.encoded(sound, settings, host, stamp)
}

/// Writes the file of a sound into the folder of `settings`, complete and on the disk when this returns.
///
/// Its name is the one of [`Name`], with a number if that is taken. A file that is there is never changed; if it is the
/// very same one, written at another time, it is what is returned.
///
/// # Errors
/// Those of [`encode`], and [`ErrorKind::Io`] naming the folder.
pub fn deliver(sound: &Sound, settings: &Settings, host: &Host) -> Result<Delivered, Failure> {
    let folder = settings.folder().ok_or_else(|| {
        Failure::new(ErrorKind::Io, "There is no folder for files: choose one in the panel \"Deliver\"")
    })?;
    deliver_into(sound, settings, host, &folder)
}

/// [`deliver()`] into a folder that is not the one of `settings`.
pub(crate) fn deliver_into(
    sound: &Sound,
    settings: &Settings,
    host: &Host,
    folder: &Path,
) -> Result<Delivered, Failure> {
    let prepared = Prepared::of(sound, settings, host)?;
    let stamp = Stamp::now();
    let encoded = prepared.encoded(sound, settings, host, &stamp)?;
    let (stem, extension) = (encoded.name.stem(), settings.container.extension());
    let same = |path: &Path| prepared.is_in(path, encoded.bytes.len(), sound, settings, host);
    if let Some(path) = existing(folder, &stem, extension, same) {
        let sidecar = write_sidecar(sound, settings, &encoded, &stamp, &path)?;
        return Ok(Delivered { path, sidecar, lowered_db: encoded.lowered_db, was_there: true });
    }
    let path = Unnamed::write(folder, &encoded.bytes)?.keep(&stem, extension)?;
    let sidecar = write_sidecar(sound, settings, &encoded, &stamp, &path)?;
    Ok(Delivered { path, sidecar, lowered_db: encoded.lowered_db, was_there: false })
}

/// Writes the file of a sound to `path`, in the place of what is there. The ending decides the kind of file.
///
/// # Errors
/// [`ErrorKind::InvalidRequest`] for an ending that names no kind or cannot have the depth of `settings`, and those of
/// [`deliver()`].
pub fn deliver_to(
    path: &Path,
    sound: &Sound,
    settings: &Settings,
    host: &Host,
) -> Result<Delivered, Failure> {
    let container = Container::of(path)?;
    container.check(settings.depth)?;
    let settings = Settings { container, ..settings.clone() };
    let stamp = Stamp::now();
    let encoded = encode(sound, &settings, host, &stamp)?;
    let folder = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or_else(|| Path::new("."));
    Unnamed::write(folder, &encoded.bytes)?.replace(path)?;
    let sidecar = write_sidecar(sound, &settings, &encoded, &stamp, path)?;
    Ok(Delivered { path: path.to_owned(), sidecar, lowered_db: encoded.lowered_db, was_there: false })
}

/// The samples of a file and what was measured of them: what does not depend on the time.
struct Prepared {
    audio: Audio,
    loop_frames: Option<std::ops::Range<usize>>,
    loudness: Loudness,
    lowered_db: f32,
}

impl Prepared {
    fn of(sound: &Sound, settings: &Settings, host: &Host) -> Result<Self, Failure> {
        if sound.edited.audio.is_empty() {
            return Err(Failure::new(ErrorKind::BadData, "There is no sound to write"));
        }
        let rate = settings.rate_hz.or(host.rate_hz).unwrap_or(sound.edited.audio.sample_rate_hz());
        let Edited { audio, loop_frames, .. } = sound.edited.at_rate(rate)?;
        let depth = settings.real_depth();
        let limited = limit_peaks(&audio, ceiling(depth));
        let loudness = loudness(&limited.audio);
        Ok(Self { audio: limited.audio, loop_frames, loudness, lowered_db: limited.lowered_db })
    }

    fn encoded(
        &self,
        sound: &Sound,
        settings: &Settings,
        host: &Host,
        stamp: &Stamp,
    ) -> Result<Encoded, Failure> {
        let name = Name::of(&sound.about, settings);
        let depth = settings.real_depth();
        let facts = Facts {
            audio: &self.audio,
            loop_frames: self.loop_frames.as_ref(),
            about: &sound.about,
            name: &name,
            loudness: self.loudness,
            depth,
            host,
            stamp,
        };
        let bytes = match settings.container {
            Container::Wav => wav::encode(&self.audio, depth, &facts.chunks())?,
            Container::Flac => flac::encode(&self.audio, depth, &facts.chunks(), &facts.tags())?,
        };
        Ok(Encoded {
            bytes,
            name,
            audio: self.audio.clone(),
            loop_frames: self.loop_frames.clone(),
            loudness: self.loudness,
            lowered_db: self.lowered_db,
        })
    }

    /// Whether the file at `path` is what would be written now, but for the time when it was.
    fn is_in(&self, path: &Path, bytes: usize, sound: &Sound, settings: &Settings, host: &Host) -> bool {
        if std::fs::metadata(path).map(|about| about.len()).ok() != u64::try_from(bytes).ok() {
            return false;
        }
        let there = std::fs::read(path).unwrap_or_default();
        let stamp = Stamp::of_file(&there);
        stamp.is_some_and(|stamp| {
            self.encoded(sound, settings, host, &stamp).is_ok_and(|encoded| encoded.bytes == there)
        })
    }
}

/// The largest sample of a file: the highest whole number and room for the dither; what 32-bit floats can hold is no limit,
/// but nothing that is a sound is louder than 12 dB above full scale.
fn ceiling(depth: Depth) -> f32 {
    match depth {
        Depth::Pcm16 => 1.0 - 2.0 / 32_768.0,
        Depth::Pcm24 => 1.0 - 2.0 / 8_388_608.0,
        Depth::Float32 => 4.0,
    }
}

/// The first of the files called `stem` that is the `same`.
fn existing(folder: &Path, stem: &str, extension: &str, same: impl Fn(&Path) -> bool) -> Option<PathBuf> {
    let named = (1..).map(|number| folder.join(place::numbered(stem, number, extension)));
    named.take_while(|path| path.exists()).find(|path| same(path))
}

/// Writes the recipe beside the file at `path`, if it is wanted.
fn write_sidecar(
    sound: &Sound,
    settings: &Settings,
    encoded: &Encoded,
    stamp: &Stamp,
    path: &Path,
) -> Result<Option<PathBuf>, Failure> {
    if !settings.sidecar {
        return Ok(None);
    }
    let beside = path.with_extension("json");
    let file = path.file_name().unwrap_or_default().to_string_lossy();
    let text = sidecar::text(&sound.about, &encoded.name, &encoded.audio, &encoded.loudness, &file, stamp);
    let folder = path.parent().unwrap_or_else(|| Path::new("."));
    Unnamed::write(folder, text.as_bytes())?.replace(&beside)?;
    Ok(Some(beside))
}
