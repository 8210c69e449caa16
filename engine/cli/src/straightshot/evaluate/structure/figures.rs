//! Measures of sounds become figures of a table.

use super::super::progress;
use super::Setting;
use super::classes::ClassSound;
use anyhow::Result;
use straightshot_evaluation::attack::{Attack, Early};
use straightshot_evaluation::bootstrap;
use straightshot_evaluation::classes::{self, Trait};
use straightshot_evaluation::curve::median;
use straightshot_evaluation::structure::{Figure, OfClass, System};
use straightshot_evaluation::yamnet::EMBEDDING;
use straightshot_evaluation::{frechet, kernel, seeds};

/// Seed of every bootstrap: equal data give equal intervals.
pub(super) const BOOTSTRAP_SEED: u64 = 1;
/// Most replicates of a Fréchet distance.
const MOST_FRECHET: usize = 20;

pub(super) fn mean(values: &[f64]) -> Option<f64> {
    (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64)
}

/// Adds a figure whose values come in groups, if it has a value.
pub(super) fn add(
    system: &mut System,
    replicates: usize,
    key: &str,
    groups: &[Vec<f64>],
    statistic: fn(&[f64]) -> Option<f64>,
) {
    let value = bootstrap::grouped(groups, replicates, BOOTSTRAP_SEED, statistic);
    if let Some(value) = value {
        system.figures.insert(key.to_owned(), Figure { value, of: groups.iter().map(Vec::len).sum() });
    }
}

/// Turns the sounds of one system into its figures.
pub(super) struct Figures<'a> {
    pub(super) setting: &'a Setting<'a>,
    pub(super) sounds: &'a [ClassSound],
    /// The recordings; the same as `sounds` where they are what is measured.
    pub(super) real: &'a [ClassSound],
}

impl Figures<'_> {
    /// What single sounds have.
    pub(super) fn of_signals(&self, system: &mut System) {
        let by_prompt = system.steps > 0;
        let mut figure =
            |key: &str, statistic: fn(&[f64]) -> Option<f64>, of: &dyn Fn(&ClassSound) -> Option<f64>| {
                add(system, self.setting.arguments.replicates, key, &self.groups(by_prompt, of), statistic);
            };
        let attacks = |sound: &ClassSound, of: &dyn Fn(&Attack) -> Option<f64>| {
            median(&sound.attacks.iter().filter_map(of).collect::<Vec<_>>())
        };
        let early =
            |sound: &ClassSound, of: &dyn Fn(Early) -> f64| attacks(sound, &|attack| attack.early.map(of));
        figure("attack_ms", median, &|sound| attacks(sound, &|attack| Some(attack.rise_ms)));
        figure("attack_gain_db", median, &|sound| early(sound, &|early| early.gain_db));
        figure("pre_echo_db", median, &|sound| early(sound, &|early| early.before_db));
        figure("attacks_cut", mean, &|sound| sound.cut.map(|cut| f64::from(u8::from(cut))));
        figure("periodicity", median, &|sound| sound.periodicity);
        figure("low_db", median, &|sound| sound.balance.map(|b| b.low_db));
        figure("centroid_hz", median, &|sound| sound.balance.map(|b| b.centroid_hz));
        figure("floor_db", median, &|sound| sound.floor.map(|f| f.level_db));
        figure("floor_digital", mean, &|sound| sound.floor.map(|f| f.digital));
        figure("clock_variation", median, &|sound| sound.variation);
    }

    /// Values of the sounds that have one: each recording by itself, sounds of one prompt together.
    fn groups(&self, by_prompt: bool, of: &dyn Fn(&ClassSound) -> Option<f64>) -> Vec<Vec<f64>> {
        if !by_prompt {
            return self.sounds.iter().filter_map(|sound| Some(vec![of(sound)?])).collect();
        }
        let of_class = |class| self.of(self.sounds, class).filter_map(of).collect::<Vec<f64>>();
        (0..self.setting.classes.len()).map(of_class).filter(|group| !group.is_empty()).collect()
    }

    fn of<'s>(
        &self,
        sounds: &'s [ClassSound],
        class: usize,
    ) -> impl Iterator<Item = &'s ClassSound> + use<'s> {
        sounds.iter().filter(move |sound| sound.class == class)
    }

    /// What sounds have as those of a class.
    pub(super) fn of_classes(&self, system: &mut System) {
        let peaks: Vec<(usize, &[f64])> =
            self.sounds.iter().filter_map(|s| Some((s.class, s.heard.as_ref()?.peaks.as_slice()))).collect();
        let (mut recognised, mut chance, mut variety, mut octaves) = (vec![], vec![], vec![], vec![]);
        for (number, class) in self.setting.classes.iter().enumerate() {
            if !class.is(Trait::Everyday) || self.of(self.sounds, number).next().is_none() {
                continue;
            }
            let heard = classes::recognition(class, number, &peaks);
            let own: Vec<f64> = heard.own.iter().map(|yes| f64::from(u8::from(*yes))).collect();
            let middle = |of: &dyn Fn(&ClassSound) -> Option<f64>| {
                median(&self.of(self.sounds, number).filter_map(of).collect::<Vec<_>>())
            };
            let of_class = OfClass {
                sounds: own.len(),
                recognised: mean(&own).unwrap_or(0.0),
                chance: heard.chance,
                centroid_hz: middle(&|s| s.balance.map(|b| b.centroid_hz)).unwrap_or(0.0),
                low_db: middle(&|s| s.balance.map(|b| b.low_db)).unwrap_or(0.0),
            };
            recognised.push(own);
            chance.push(vec![heard.chance]);
            let embeddings: Vec<Vec<f64>> = self
                .of(self.sounds, number)
                .filter_map(|s| s.heard.as_ref().map(|h| h.mean.clone()))
                .collect();
            variety.extend(seeds::variety(&embeddings).map(|value| vec![value]));
            octaves.extend(self.octaves(number).map(|value| vec![value]));
            system.classes.insert(class.name.clone(), of_class);
        }
        let replicates = self.setting.arguments.replicates;
        add(system, replicates, "recognised", &recognised, mean);
        add(system, replicates, "recognised_chance", &chance, mean);
        add(system, replicates, "variety", &variety, mean);
        add(system, replicates, "centroid_octaves", &octaves, mean);
        let off: Vec<Vec<f64>> = octaves.iter().map(|one| one.iter().map(|x| x.abs()).collect()).collect();
        add(system, replicates, "centroid_off_octaves", &off, mean);
    }

    /// Whether it is the recordings themselves that are measured: they are compared by halves.
    fn is_real(&self) -> bool {
        std::ptr::eq(self.sounds, self.real)
    }

    /// The sounds to compare and those to compare them with: `at` is the place of a sound within its class.
    fn compared(&self, at: usize) -> [bool; 2] {
        if self.is_real() { [at.is_multiple_of(2), !at.is_multiple_of(2)] } else { [true, true] }
    }

    /// Median centroid of a class less that of its recordings.
    fn octaves(&self, class: usize) -> Option<f64> {
        let middle = |sounds: &[ClassSound], side: usize| {
            let those = self.of(sounds, class).enumerate().filter(|(at, _)| self.compared(*at)[side]);
            median(&those.filter_map(|(_, s)| s.balance.map(|b| b.centroid_hz.log2())).collect::<Vec<_>>())
        };
        Some(middle(self.sounds, 0)? - middle(self.real, 1)?)
    }

    /// Distances of the windows that sound from those of the recordings, of as many sounds of each class as there are seeds:
    /// a Fréchet distance falls with the number of sounds. Recordings are compared half against half.
    pub(super) fn distances(&self, system: &mut System) -> Result<()> {
        let most = self.setting.arguments.seeds.len();
        let judged = self.windows(self.sounds, 0, most);
        let reference = self.windows(self.real, 1, usize::MAX);
        let to = frechet::Reference::new(&reference.rows, EMBEDDING)?;
        let sample = to.sample(&judged.rows)?;
        let replicates = self.setting.arguments.fad_replicates;
        let fad = judged.figure(replicates.min(MOST_FRECHET), &|weights| sample.distance(weights))?;
        let sample = kernel::Reference::new(&reference.rows, EMBEDDING)?.sample(&judged.rows)?;
        let kad = judged.figure(replicates, &|weights| sample.distance(weights))?;
        system.figures.insert("fad_sounding".into(), fad);
        system.figures.insert("kad_sounding".into(), kad);
        Ok(())
    }

    fn windows(&self, sounds: &[ClassSound], side: usize, most: usize) -> Windows {
        let mut windows = Windows::default();
        for class in 0..self.setting.classes.len() {
            let those = self.of(sounds, class).enumerate().filter(|(at, _)| self.compared(*at)[side]);
            for ears in those.filter_map(|(_, sound)| sound.heard.as_ref()).take(most) {
                windows.owners.extend(std::iter::repeat_n(windows.sounds, ears.sounding.len() / EMBEDDING));
                windows.rows.extend_from_slice(&ears.sounding);
                windows.sounds += 1;
            }
        }
        windows
    }
}

/// Embeddings of the windows that sound.
#[derive(Debug, Default)]
struct Windows {
    rows: Vec<f32>,
    /// Which sound each is of.
    owners: Vec<usize>,
    sounds: usize,
}

impl Windows {
    /// A distance with an interval from sounds drawn again.
    fn figure(
        &self,
        replicates: usize,
        distance: &dyn Fn(&[f64]) -> straightshot_engine::Result<f64>,
    ) -> Result<Figure> {
        let estimate = distance(&vec![1.0; self.owners.len()])?;
        let mut done = 0;
        let value = bootstrap::biased(estimate, replicates, BOOTSTRAP_SEED, |random| {
            let counts = bootstrap::counts(self.sounds, random);
            done += 1;
            progress("distances of drawn sets", done, replicates);
            distance(&self.owners.iter().map(|&sound| f64::from(counts[sound])).collect::<Vec<_>>())
        })?;
        Ok(Figure { value, of: self.sounds })
    }
}
