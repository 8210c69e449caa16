//! Which sound a table means.

use super::report;
use super::walk::SoundFile;
use super::words::{nfc, without_ending};
use std::collections::HashMap;

/// How the sounds of a folder may be called; all in lower case and composed Unicode.
pub(super) struct Names<'a> {
    /// By their path.
    paths: HashMap<String, &'a str>,
    /// By their file name.
    files: HashMap<String, Vec<&'a str>>,
    /// By their file name without its ending.
    stems: HashMap<String, Vec<&'a str>>,
}

impl<'a> Names<'a> {
    pub(super) fn new(sounds: &'a [SoundFile]) -> Self {
        let mut names = Self { paths: HashMap::new(), files: HashMap::new(), stems: HashMap::new() };
        for sound in sounds {
            let name = sound.name.as_str();
            let path = name.to_lowercase();
            let file = path.rsplit('/').next().unwrap_or(&path).to_owned();
            names.stems.entry(without_ending(&file).to_owned()).or_default().push(name);
            names.files.entry(file).or_default().push(name);
            names.paths.insert(path, name);
        }
        names
    }

    /// The sound that a table in `folder` calls `file`: by its path from there, by the end of its path (tables move with
    /// their sounds, and have paths of another computer), by its name with another ending, or by a key that its name
    /// begins with, as sets of clips from the web have.
    ///
    /// # Errors
    /// A reason of the report.
    pub(super) fn find(&self, folder: &str, file: &str) -> Result<&'a str, &'static str> {
        let file = nfc(&file.replace('\\', "/")).to_lowercase();
        let folder = folder.to_lowercase();
        let (path, outside) = joined(&folder, &file);
        if let Some(name) = self.paths.get(&path).filter(|_| !outside) {
            return Ok(name);
        }
        let last = file.rsplit('/').next().unwrap_or(&file);
        let below = |name: &&str| folder.is_empty() || name.to_lowercase().starts_with(&format!("{folder}/"));
        let stem = without_ending(last);
        for called in [self.files.get(last), self.stems.get(stem), self.stems.get(last)] {
            let called = called.map(Vec::as_slice).unwrap_or_default();
            let nearer: Vec<&str> = called.iter().copied().filter(below).collect();
            // A table in a folder of its own (`meta`) may be about sounds beside it.
            let all = if nearer.is_empty() { called.to_vec() } else { nearer };
            match by_end(&all, &file) {
                Some(Ok(name)) => return Ok(name),
                Some(Err(())) => return Err(report::AMBIGUOUS),
                None => (),
            }
        }
        self.by_key(last).ok_or(if outside { report::OUTSIDE } else { report::NO_SUCH_FILE })
    }

    /// The only sound whose name is `key` behind a letter, or begins with it: `Y-0abc.wav`, `0abc_30.wav`, `0abc_30_40.wav`.
    fn by_key(&self, key: &str) -> Option<&'a str> {
        if key.chars().count() < 3 {
            return None;
        }
        if let Some([name]) = self.stems.get(&format!("y{key}")).map(Vec::as_slice) {
            return Some(name);
        }
        let begins =
            |stem: &str| stem.strip_prefix(key).is_some_and(|rest| rest.starts_with(['_', '-', ' ', '.']));
        let mut found = self.stems.iter().filter(|(stem, _)| begins(stem)).flat_map(|(_, names)| names);
        let name = found.next()?;
        found.next().is_none().then_some(name)
    }
}

/// `file` from `folder`, and whether that leads out of the folder of the library.
fn joined(folder: &str, file: &str) -> (String, bool) {
    // A drive letter is as good as a slash.
    let mut outside = file.starts_with('/') || file.get(1..2) == Some(":");
    let mut path: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
    for part in file.split('/') {
        match part {
            "" | "." => (),
            ".." => outside |= path.pop().is_none(),
            part => path.push(part),
        }
    }
    (path.join("/"), outside)
}

/// The one of `names` whose path has most parts in common with the end of `file`; an error if several have.
fn by_end<'a>(names: &[&'a str], file: &str) -> Option<Result<&'a str, ()>> {
    let common = |name: &str| {
        let name = name.to_lowercase();
        let folders = |path: &str| path.rsplit('/').skip(1).map(str::to_owned).collect::<Vec<_>>();
        folders(&name).iter().zip(&folders(file)).take_while(|(a, b)| a == b).count()
    };
    let most = names.iter().map(|name| common(name)).max()?;
    let mut best = names.iter().filter(|name| common(name) == most);
    let first = best.next()?;
    Some(if best.next().is_some() { Err(()) } else { Ok(first) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_found_by_path_or_by_its_end() {
        let all = [
            "Door.wav",
            "pack/Rain.flac",
            "pack/deep/Hit.wav",
            "other/Hit.wav",
            "T\u{fc}r 1.wav",
            "train/rqfQRErjfk8_170.wav",
            "train/Yabc-123.wav",
        ];
        let sounds = all.map(|name| SoundFile { path: name.into(), name: name.to_owned() });
        let names = Names::new(&sounds);
        for (folder, file, found) in [
            ("", "door.WAV", Ok("Door.wav")),
            ("", "./pack\\Rain.flac", Ok("pack/Rain.flac")),
            ("pack", "Rain.flac", Ok("pack/Rain.flac")),
            ("pack", "../Door.wav", Ok("Door.wav")),
            ("", "Rain.flac", Ok("pack/Rain.flac")),
            ("", "Rain.wav", Ok("pack/Rain.flac")),
            ("", "rain", Ok("pack/Rain.flac")),
            ("meta", "Rain.flac", Ok("pack/Rain.flac")),
            ("pack", "Hit.wav", Ok("pack/deep/Hit.wav")),
            ("", "/my/other/Hit.wav", Ok("other/Hit.wav")),
            ("", "D:\\sfx\\deep\\Hit.wav", Ok("pack/deep/Hit.wav")),
            ("", "/home/me/Door.wav", Ok("Door.wav")),
            ("", "Tu\u{308}r 1.wav", Ok("T\u{fc}r 1.wav")),
            ("", "rqfQRErjfk8", Ok("train/rqfQRErjfk8_170.wav")),
            ("", "abc-123", Ok("train/Yabc-123.wav")),
            ("", "Hit.wav", Err(report::AMBIGUOUS)),
            ("", "Gate.wav", Err(report::NO_SUCH_FILE)),
            ("", "../x.wav", Err(report::OUTSIDE)),
            ("pack", "../../x.wav", Err(report::OUTSIDE)),
            ("", "/etc/passwd", Err(report::OUTSIDE)),
            ("", "C:\\x.wav", Err(report::OUTSIDE)),
            ("", "", Err(report::NO_SUCH_FILE)),
        ] {
            assert_eq!(names.find(folder, file), found, "{file} in {folder}");
        }
    }
}
