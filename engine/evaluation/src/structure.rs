//! Measures of the structure of sounds as a table: recordings, the codec and what is generated beside each other.
//!
//! What each measure is stands in the file that computes it. The figures of one table are comparable; those of two tables
//! only if made from the same recordings, lists and number of seeds.

use super::bootstrap::Interval;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// How a measure is written.
#[derive(Debug, Clone, Copy)]
pub struct Measure {
    /// Key in the file of results.
    pub key: &'static str,
    /// Heading, with its unit.
    pub name: &'static str,
    /// Digits behind the point.
    pub digits: usize,
}

const fn measure(key: &'static str, name: &'static str, digits: usize) -> Measure {
    Measure { key, name, digits }
}

/// All measures in the order of the table.
pub const MEASURES: [Measure; 27] = [
    measure("attack_ms", "attack, 10 to 90 %, ms", 1),
    measure("attack_gain_db", "gain within 5 ms, dB", 0),
    measure("pre_echo_db", "level 5 ms before the onset, dB", 0),
    measure("attacks_cut", "impacts cut off by the beginning", 2),
    measure("click_ms", "click of 1 ms: attack, 10 to 90 %, ms", 1),
    measure("click_pre_echo_db", "click: level 5 ms before the onset, dB", 0),
    measure("click_rms_db", "click: level of the whole, dB of the original", 1),
    measure("periodicity", "periodicity of tonal classes", 2),
    measure("low_db", "level below 200 Hz, dB", 1),
    measure("centroid_hz", "centroid, Hz", 0),
    measure("centroid_octaves", "centroid by class less that of recordings, octaves", 2),
    measure("centroid_off_octaves", "the same without its sign", 2),
    measure("floor_db", "floor between events, dB", 0),
    measure("floor_digital", "digital silence between events", 2),
    measure("count_exact", "counts that are exact", 2),
    measure("count_chance", "by chance", 2),
    measure("count_found", "events where one was asked for", 1),
    measure("tempo_right", "tempo in the right direction (chance .50)", 2),
    measure("clock_variation", "variation of intervals of clocks", 2),
    measure("rhythm_other_kind", "correlation of rises, same seed, other kind", 2),
    measure("rhythm_other_seed", "other seed, other kind", 2),
    measure("rhythm_same_prompt", "other seed, same prompt", 2),
    measure("variety", "distance of sounds of a class", 1),
    measure("recognised", "right class", 2),
    measure("recognised_chance", "by chance", 2),
    measure("fad_sounding", "FAD of windows that sound", 1),
    measure("kad_sounding", "KAD of windows that sound", 2),
];

/// A measure of a set of sounds.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Figure {
    /// Its value, with a 95 % interval.
    pub value: Interval,
    /// Of how many sounds, pairs of sounds or events.
    pub of: usize,
}

/// Measures of the sounds of one class.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct OfClass {
    /// Sounds.
    pub sounds: usize,
    /// Share that is recognised.
    pub recognised: f64,
    /// Share of the sounds of other classes that pass for it.
    pub chance: f64,
    /// Median of the centroids in Hz.
    pub centroid_hz: f64,
    /// Median of the levels below 200 Hz in dB.
    pub low_db: f64,
}

/// Measures of one set of sounds.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct System {
    /// `recordings`, `codec`, or the name of a model.
    pub name: String,
    /// Solver steps; 0 where nothing is generated.
    pub steps: u32,
    /// By the keys of [`MEASURES`]; what cannot be measured is absent.
    pub figures: BTreeMap<String, Figure>,
    /// By name of class.
    pub classes: BTreeMap<String, OfClass>,
}

/// The table.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Structure {
    /// Its columns.
    pub systems: Vec<System>,
    /// Seeds of every prompt.
    pub seeds: Vec<u64>,
    /// Classifier-free guidance scale.
    pub guidance: Option<f32>,
    /// Recordings compared with.
    pub data: String,
    /// The command line.
    pub command: String,
}

impl System {
    fn heading(&self) -> String {
        match self.steps {
            0 => self.name.clone(),
            1 => format!("{}, 1 step", self.name),
            steps => format!("{}, {steps} steps", self.name),
        }
    }

    /// Classes that are never recognised.
    #[must_use]
    pub fn failing(&self) -> usize {
        self.classes.values().filter(|class| class.recognised == 0.0).count()
    }
}

fn line(cells: impl IntoIterator<Item = String>) -> String {
    format!("| {} |\n", cells.into_iter().collect::<Vec<_>>().join(" | "))
}

impl Structure {
    /// The measures as a Markdown table: a line per measure, a column per set of sounds, estimates with their 95 %
    /// intervals.
    #[must_use]
    pub fn markdown(&self) -> String {
        let mut text = self.head("measure");
        for measure in &MEASURES {
            let cell = |system: &System| {
                system.figures.get(measure.key).map_or("–".to_owned(), |figure| {
                    let Interval { mean, lo, hi } = figure.value;
                    let digits = measure.digits;
                    format!("{mean:.digits$} [{lo:.digits$}, {hi:.digits$}]")
                })
            };
            text += &line(std::iter::once(measure.name.to_owned()).chain(self.systems.iter().map(cell)));
        }
        let failing = self.systems.iter().map(|s| format!("{} of {}", s.failing(), s.classes.len()));
        text + &line(std::iter::once("classes never recognised".to_owned()).chain(failing))
    }

    /// Recognition by class as a Markdown table: the share that is recognised, behind it that of chance.
    #[must_use]
    pub fn markdown_of_classes(&self) -> String {
        let mut text = self.head("right class (by chance)");
        let Some(first) = self.systems.first() else { return text };
        for name in first.classes.keys() {
            let cell = |system: &System| {
                let class = system.classes.get(name);
                class.map_or("–".to_owned(), |c| format!("{:.2} ({:.2})", c.recognised, c.chance))
            };
            text += &line(std::iter::once(name.clone()).chain(self.systems.iter().map(cell)));
        }
        text
    }

    fn head(&self, first: &str) -> String {
        let names = self.systems.iter().map(System::heading);
        let rule = std::iter::repeat_n("---".to_owned(), self.systems.len() + 1);
        line(std::iter::once(first.to_owned()).chain(names)) + &line(rule)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table() -> Structure {
        let value = Interval { mean: 1.06, lo: 0.9, hi: 1.24 };
        let class = |recognised| OfClass { sounds: 4, recognised, chance: 0.125, ..OfClass::default() };
        let recordings = System {
            name: "recordings".into(),
            figures: BTreeMap::from([("attack_ms".into(), Figure { value, of: 9 })]),
            classes: BTreeMap::from([("cow".into(), class(0.75)), ("pig".into(), class(0.0))]),
            ..System::default()
        };
        let made = System { name: "foley".into(), steps: 24, ..System::default() };
        Structure { systems: vec![recordings, made], ..Structure::default() }
    }

    #[test]
    fn the_table_has_a_line_per_measure_and_a_column_per_system() {
        let text = table().markdown();
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines[0], "| measure | recordings | foley, 24 steps |");
        assert_eq!(lines[2], "| attack, 10 to 90 %, ms | 1.1 [0.9, 1.2] | – |");
        assert_eq!(lines.last(), Some(&"| classes never recognised | 1 of 2 | 0 of 0 |"));
        assert_eq!(lines.len(), MEASURES.len() + 3);
        assert!(lines.iter().all(|line| line.matches('|').count() == 4), "{text}");
    }

    #[test]
    fn classes_have_their_chance_beside_them() {
        assert!(table().markdown_of_classes().contains("| cow | 0.75 (0.12) | – |"));
        assert_eq!(table().systems[0].failing(), 1);
    }

    #[test]
    fn keys_are_unique_and_a_table_survives_its_file() {
        let keys: std::collections::BTreeSet<&str> = MEASURES.iter().map(|m| m.key).collect();
        assert_eq!(keys.len(), MEASURES.len());
        let text = serde_json::to_string(&table()).unwrap();
        assert_eq!(serde_json::from_str::<Structure>(&text).unwrap(), table());
    }
}
