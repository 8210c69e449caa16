//! [outbox thread] Works the orders.

use super::{Order, Piece, Report, Seen, Target, Task, Teller, settings, write};
use crate::host_place::HostPlace;
use crossbeam_channel::Receiver;
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;
use straightshot_delivery::{Container, Delivered, Exported, Host, Settings, deliver_to, export};
use straightshot_protocol::{ErrorKind, Failure};
use straightshot_takes::Keeper;

/// Works orders until nobody can give any more.
pub(super) fn run(orders: &Receiver<Order>, seen: &Seen, place: &HostPlace, keeper: &Keeper) {
    for Order { task, tell } in orders {
        let host = place.host();
        match task {
            Task::Save(pieces, target) => {
                let ended = save(&pieces, target, &host, seen, keeper);
                report(ended.map_or_else(|failure| failed(&failure), |files| saved(&files)), seen, &tell);
            }
            Task::Pack(pieces) => {
                let ended = pack(&pieces, &host, seen, keeper);
                report(ended.map_or_else(|failure| failed(&failure), |pack| exported(&pack)), seen, &tell);
            }
            Task::Keep => {
                if let Err(failure) = settings::keep() {
                    report(failed(&failure), seen, &tell);
                }
            }
        }
        *seen.busy.lock() = None;
    }
}

/// One file for each piece. Stops at the first that fails; those before it are there.
fn save(
    pieces: &[Piece],
    target: Target,
    host: &Host,
    seen: &Seen,
    keeper: &Keeper,
) -> Result<Vec<Delivered>, Failure> {
    let settings = settings::current();
    let settings = match target {
        Target::Usual => settings,
        Target::Folder(folder) => Settings { folder: Some(folder), ..settings },
        Target::File(path) => {
            let files = pieces.first().map(|piece| {
                deliver_to(&with_ending(path, &settings), &piece.sound(keeper)?, &settings, host)
            });
            return Ok(files.transpose()?.into_iter().collect());
        }
    };
    write::each(pieces, keeper, &settings, host, |done| {
        *seen.busy.lock() = Some((done, pieces.len()));
        true
    })
}

/// The path that the user has typed, with the ending of the settings if it has none that says what kind of file it is.
fn with_ending(path: PathBuf, settings: &Settings) -> PathBuf {
    if Container::of(&path).is_ok() {
        return path;
    }
    let mut longer = path.into_os_string();
    longer.push(".");
    longer.push(settings.container.extension());
    longer.into()
}

fn pack(pieces: &[Piece], host: &Host, seen: &Seen, keeper: &Keeper) -> Result<Exported, Failure> {
    let settings = settings::current();
    let sounds = pieces.iter().map(|piece| piece.sound(keeper)).collect::<Result<Vec<_>, _>>()?;
    export(&sounds, &settings, host, |done| {
        *seen.busy.lock() = Some((done, sounds.len()));
        !seen.cancel.load(Ordering::Acquire)
    })
}

fn report(report: Report, seen: &Seen, tell: &Teller) {
    tell(&report);
    *seen.report.lock() = Some(report);
}

fn failed(failure: &Failure) -> Report {
    if failure.kind == ErrorKind::Cancelled {
        return done("The export was cancelled; nothing was written".to_owned(), Vec::new());
    }
    Report::of(failure)
}

fn done(text: String, paths: Vec<PathBuf>) -> Report {
    Report { text, failed: false, detail: String::new(), paths }
}

fn saved(files: &[Delivered]) -> Report {
    let paths: Vec<PathBuf> = files.iter().map(|file| file.path.clone()).collect();
    let lowered = files.iter().map(|file| file.lowered_db).fold(0.0, f32::max);
    let mut text = match paths.as_slice() {
        [path] if files[0].was_there => format!("Already saved as {} in {}", name(path), folder(path)),
        [path] => format!("Saved as {} in {}", name(path), folder(path)),
        [] => "Nothing was saved".to_owned(),
        [path, ..] => format!("Saved {} files in {}", paths.len(), folder(path)),
    };
    if lowered > 0.0 {
        text.push_str(&format!("; peaks above full scale were turned down by {lowered:.1} dB"));
    }
    done(text, paths)
}

fn exported(pack: &Exported) -> Report {
    let many = pack.files.len();
    let sounds = if many == 1 { "1 sound".to_owned() } else { format!("{many} sounds") };
    let mut text = format!("Exported {sounds} with list and instrument to {}", pack.folder.display());
    if pack.lowered > 0 {
        text.push_str(&format!("; peaks above full scale were turned down in {}", pack.lowered));
    }
    done(text, vec![pack.folder.clone()])
}

fn name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

fn folder(path: &Path) -> String {
    path.parent().unwrap_or_else(|| Path::new(".")).display().to_string()
}
