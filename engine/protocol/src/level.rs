//! How loud a finished sound is.

use serde::{Deserialize, Serialize};

/// The level that a sound is brought to when it is made. One gain for the whole sound; never beyond
/// [`MOST_PEAK_DBFS`].
///
/// A number and not a rule: which number a text asks for may change with the program, what a take was made with does not.
///
/// ```
/// use straightshot_protocol::Level;
///
/// let loudness = Level::Loudness { lufs: -23.0 };
/// // A quiet sound is raised as far as its peak allows.
/// assert_eq!(loudness.gain_db(-30.0, -12.0), 7.0);
/// assert_eq!(loudness.gain_db(-30.0, -3.0), 2.0);
/// assert_eq!(Level::Peak { dbfs: -6.0 }.gain_db(-30.0, -12.0), 6.0);
/// assert_eq!(Level::Full.gain_db(-30.0, -12.0), 0.0, "it is made that way");
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// As the pipeline leaves it: its peak at -1 dBFS. Every sound was made so before levels could be chosen.
    #[default]
    Full,
    /// Its largest sample.
    Peak {
        /// In dB full scale.
        dbfs: f32,
    },
    /// Its loudest 400 ms (momentary loudness of EBU R 128), which short and long sounds have alike.
    Loudness {
        /// In LUFS.
        lufs: f32,
    },
}

/// Largest sample of any sound in dB full scale, whatever level is asked for.
pub const MOST_PEAK_DBFS: f32 = -1.0;
/// Largest gain that brings a sound to its level, in dB: what is nearly silent stays quiet instead of becoming hiss.
const MOST_GAIN_DB: f32 = 24.0;

impl Level {
    /// Gain in dB for a sound whose loudest 400 ms have `loudness_lufs` and whose largest sample is `peak_dbfs`.
    #[must_use]
    pub fn gain_db(self, loudness_lufs: f32, peak_dbfs: f32) -> f32 {
        let gain = match self {
            Self::Full => return 0.0,
            Self::Peak { dbfs } => dbfs - peak_dbfs,
            Self::Loudness { lufs } => lufs - loudness_lufs,
        };
        if gain.is_finite() { gain.min(MOST_PEAK_DBFS - peak_dbfs).min(MOST_GAIN_DB) } else { 0.0 }
    }

    /// Whether a sound can have it.
    pub(crate) fn is_possible(self) -> bool {
        match self {
            Self::Full => true,
            Self::Peak { dbfs } => (-90.0..=MOST_PEAK_DBFS).contains(&dbfs),
            Self::Loudness { lufs } => (-90.0..=0.0).contains(&lufs),
        }
    }

    /// Whether nothing was chosen, so that it need not be written.
    pub(crate) fn is_full(&self) -> bool {
        *self == Self::Full
    }
}
