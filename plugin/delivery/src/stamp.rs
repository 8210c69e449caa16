//! Who made a file, and when.

use std::time::{SystemTime, UNIX_EPOCH};

/// Who made the file.
pub(crate) const PROGRAM: &str = concat!("Straightshot ", env!("CARGO_PKG_VERSION"));

/// A date and a time of day, in UTC.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stamp {
    /// `yyyy-mm-dd`.
    pub date: String,
    /// `hh:mm:ss`.
    pub time: String,
}

impl Stamp {
    /// What the clock says.
    #[must_use]
    pub fn now() -> Self {
        Self::at(SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |d| d.as_secs()))
    }

    /// `seconds` after the beginning of 1970.
    #[must_use]
    pub fn at(seconds: u64) -> Self {
        let (day, second) = (seconds / 86_400, seconds % 86_400);
        // The day of a calendar whose years begin in March, so that the leap day is the last of a year
        // (Hinnant, "chrono-compatible low-level date algorithms").
        let shifted = day + 719_468;
        let (era, of_era) = (shifted / 146_097, shifted % 146_097);
        let year = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
        let of_year = of_era - (365 * year + year / 4 - year / 100);
        let month = (5 * of_year + 2) / 153;
        let of_month = of_year - (153 * month + 2) / 5 + 1;
        let month = if month < 10 { month + 3 } else { month - 9 };
        let year = year + era * 400 + u64::from(month <= 2);
        Self {
            date: format!("{year:04}-{month:02}-{of_month:02}"),
            time: format!("{:02}:{:02}:{:02}", second / 3_600, second / 60 % 60, second % 60),
        }
    }

    /// The stamp of a file that was delivered before; `None` if this is none.
    pub(crate) fn of_file(bytes: &[u8]) -> Option<Self> {
        // In WAV files the chunk is near the beginning, in FLAC files too: among the blocks that stand for it.
        let head = &bytes[..bytes.len().min(1 << 16)];
        let chunk = head.windows(4).position(|four| four == b"bext")? + 8;
        let text = |from: usize, length: usize| {
            let field = head.get(chunk + from..chunk + from + length)?;
            let plain = field.iter().all(|b| b.is_ascii_digit() || b"-:".contains(b));
            plain.then(|| field.iter().map(|b| char::from(*b)).collect::<String>())
        };
        Some(Self { date: text(320, 10)?, time: text(330, 8)? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_of_the_calendar() {
        for (seconds, date, time) in [
            (0, "1970-01-01", "00:00:00"),
            (951_782_399, "2000-02-28", "23:59:59"),
            (951_782_400, "2000-02-29", "00:00:00"),
            (951_868_800, "2000-03-01", "00:00:00"),
            (1_798_761_599, "2026-12-31", "23:59:59"),
            (4_107_542_400, "2100-03-01", "00:00:00"),
        ] {
            assert_eq!(Stamp::at(seconds), Stamp { date: date.into(), time: time.into() });
        }
    }

    #[test]
    fn a_file_without_one_has_none() {
        assert_eq!(Stamp::of_file(b""), None);
        assert_eq!(Stamp::of_file(b"RIFF....WAVEbext...."), None);
        assert_eq!(Stamp::of_file(&[&b"bext"[..], &[b'x'; 700]].concat()), None);
    }
}
