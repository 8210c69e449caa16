//! The list of all generators and how many clips each makes.

use super::{
    Generator, aircraft, alarms, animals, bells, birds, blasts, breakage, calls, clicks, crowds, doors,
    energies, engines, fire, footsteps, horns, impacts, insects, interface, jingles, motors, paper, people,
    rain, scifi, tools, water, wind,
};

/// Variations of one design; they share captions, source group and split.
const VARIATIONS: usize = 3;

/// Minutes of recordings per category in the collection that these clips complement; other categories have none.
const RECORDED_MINUTES: &[(&str, f32)] = &[
    ("ANIMALS", 9.1),
    ("HUMAN", 7.4),
    ("FOOTSTEPS", 1.2),
    ("GUNS", 2.0),
    ("WATER", 9.9),
    ("FIRE", 7.6),
    ("FOLEY", 1.5),
    ("UI", 0.6),
    ("BIRDS", 5.0),
    ("RAIN", 10.6),
    ("TOOLS", 3.9),
    ("VEHICLES", 2.7),
    ("MACHINES", 4.8),
    ("EXPLOSIONS", 2.5),
    ("DOORS", 1.0),
    ("SWOOSHES", 0.5),
    ("IMPACTS", 0.5),
    ("AIRCRAFT", 4.2),
    ("CLOCKS", 3.5),
    ("LASERS", 0.9),
    ("WOOD", 0.6),
    ("SCIFI", 2.1),
    ("WEATHER", 5.2),
    ("METAL", 0.5),
    ("WIND", 3.7),
    ("BELLS", 1.0),
    ("AIR", 1.1),
    ("CROWDS", 1.5),
];

/// One clip to make.
pub struct Job {
    /// The rule.
    pub(crate) generator: &'static Generator,
    /// Number of the design among those of this generator.
    pub(crate) group: usize,
    /// Number of the variation of that design.
    pub(crate) variation: usize,
}

/// Every generator.
pub(crate) fn all() -> impl Iterator<Item = &'static Generator> {
    let families: &[&'static [Generator]] = &[
        impacts::GENERATORS,
        breakage::GENERATORS,
        footsteps::GENERATORS,
        doors::GENERATORS,
        bells::GENERATORS,
        alarms::GENERATORS,
        horns::GENERATORS,
        clicks::GENERATORS,
        jingles::GENERATORS,
        paper::GENERATORS,
        tools::GENERATORS,
        rain::GENERATORS,
        fire::GENERATORS,
        motors::GENERATORS,
        blasts::GENERATORS,
        wind::GENERATORS,
        water::GENERATORS,
        engines::GENERATORS,
        aircraft::GENERATORS,
        birds::GENERATORS,
        animals::GENERATORS,
        calls::GENERATORS,
        insects::GENERATORS,
        people::GENERATORS,
        crowds::GENERATORS,
        interface::GENERATORS,
        scifi::GENERATORS,
        energies::GENERATORS,
    ];
    families.iter().copied().flatten()
}

/// Share of the clips: less where recordings exist.
fn weight(generator: &Generator) -> f32 {
    let recorded = RECORDED_MINUTES.iter().find(|(category, _)| *category == generator.category);
    (1.0 + recorded.map_or(0.0, |(_, minutes)| *minutes)).powf(-0.4)
}

/// Shares out `clips` among the generators that `only` (a category or a name) selects.
#[must_use]
pub fn plan(clips: usize, only: Option<&str>) -> Vec<Job> {
    let chosen: Vec<_> = all()
        .filter(|generator| {
            only.is_none_or(|only| generator.name == only || generator.category.eq_ignore_ascii_case(only))
        })
        .collect();
    let total: f32 = chosen.iter().map(|generator| weight(generator)).sum();
    let (mut jobs, mut owed) = (Vec::with_capacity(clips), 0.0);
    for generator in chosen {
        owed += clips as f32 * weight(generator) / total;
        let count = (owed.round() as usize).saturating_sub(jobs.len());
        jobs.extend((0..count).map(|clip| Job {
            generator,
            group: clip / VARIATIONS,
            variation: clip % VARIATIONS,
        }));
    }
    jobs
}

/// A line per generator of the plan: category, name, number of clips.
#[must_use]
pub fn overview(jobs: &[Job]) -> Vec<String> {
    let count =
        |generator: &Generator| jobs.iter().filter(|job| job.generator.name == generator.name).count();
    all()
        .map(|generator| (generator, count(generator)))
        .filter(|(_, count)| *count > 0)
        .map(|(generator, count)| format!("{:<16} {:<24} {count}", generator.category, generator.name))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn names_are_unique_and_categories_upper_case() {
        let names: BTreeSet<_> = all().map(|generator| generator.name).collect();
        assert_eq!(names.len(), all().count());
        assert!(all().all(|generator| generator.category.chars().all(|c| c.is_ascii_uppercase())));
    }

    #[test]
    fn a_plan_has_the_number_of_clips_and_favours_what_recordings_lack() {
        let jobs = plan(3000, None);
        assert_eq!(jobs.len(), 3000);
        let count = |name| jobs.iter().filter(|job| job.generator.name == name).count();
        assert!(count("church-bell") > count("light-rain"));
        assert!(all().all(|generator| count(generator.name) > 3));
    }

    #[test]
    fn only_selects_a_category_or_a_generator() {
        assert!(plan(10, Some("bells")).iter().all(|job| job.generator.category == "BELLS"));
        assert!(plan(10, Some("church-bell")).iter().all(|job| job.generator.name == "church-bell"));
        assert!(plan(10, Some("nothing")).is_empty());
    }
}
