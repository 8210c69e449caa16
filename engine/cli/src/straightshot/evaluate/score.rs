//! Opinions become the numbers of a row.

use super::judge::{Judges, Opinion, Windows};
use super::sounds::{self, Made};
use super::{Arguments, progress};
use anyhow::Result;
use std::collections::BTreeSet;
use straightshot_engine::pipeline::Generator;
use straightshot_evaluation::bootstrap::{self, Interval};
use straightshot_evaluation::results::Row;
use straightshot_evaluation::text_score::TextScore;
use straightshot_evaluation::{frechet, kernel, kl, labels, straightness as straight};
use straightshot_training::data::Clip;

/// Seed of every bootstrap: equal data give equal intervals.
const BOOTSTRAP_SEED: u64 = 1;

/// How far the sounds are from the recordings as sets; returns each clip's share of the Fréchet distance on YAMNet's
/// embeddings.
pub(super) fn distances(
    row: &mut Row,
    arguments: &Arguments,
    real: &Opinion,
    opinion: &Opinion,
    made: &Made,
) -> Result<Vec<f64>> {
    let yamnet = Distances { real: &real.yamnet, windows: &opinion.yamnet, made, arguments };
    // Kept for the shares, which the second embedder's are not asked for.
    let reference = frechet::Reference::new(&yamnet.real.rows, yamnet.real.dim)?;
    let sample = reference.sample(&yamnet.windows.rows)?;
    row.fad_yamnet = Some(yamnet.interval(|weights| sample.distance(weights))?);
    row.kad_yamnet = Some(yamnet.kernel()?);
    let sounding = Distances { real: &real.sounding, windows: &opinion.sounding, ..yamnet };
    row.fad_yamnet_sounding = Some(sounding.frechet()?);
    row.silent = interval(arguments, &per_clip(yamnet.clips(), &opinion.silent));
    if let (Some(real), Some(windows)) = (&real.second, &opinion.second) {
        let second = Distances { real, windows, ..yamnet };
        row.fad_second = Some(second.frechet()?);
        row.kad_second = Some(second.kernel()?);
    }
    yamnet.shares(&sample)
}

/// Distances in the space of one embedder. Each is the mean over seeds of that of the seed's set, so that it does not
/// fall with the number of seeds.
#[derive(Clone, Copy)]
struct Distances<'a> {
    real: &'a Windows,
    windows: &'a Windows,
    made: &'a Made,
    arguments: &'a Arguments,
}

impl Distances<'_> {
    fn frechet(self) -> Result<Interval> {
        let reference = frechet::Reference::new(&self.real.rows, self.real.dim)?;
        let sample = reference.sample(&self.windows.rows)?;
        self.interval(|weights| sample.distance(weights))
    }

    fn kernel(self) -> Result<Interval> {
        let sample = kernel::Reference::new(&self.real.rows, self.real.dim)?.sample(&self.windows.rows)?;
        self.interval(|weights| sample.distance(weights))
    }

    /// What each clip has of the Fréchet distance.
    fn shares(self, sample: &frechet::Sample<'_>) -> Result<Vec<f64>> {
        let mut shares = vec![0.0; self.clips()];
        for set in 0..self.made.seeds {
            let of_windows = sample.shares(&self.weights(&self.set(set)))?;
            for (share, sound) in of_windows.iter().zip(&self.windows.owners) {
                shares[sound % self.clips()] += share / self.made.seeds as f64;
            }
        }
        Ok(shares)
    }

    /// How often each sound counts in the set of one seed.
    fn set(self, set: usize) -> Vec<f64> {
        (0..self.made.sounds.len()).map(|i| share(i / self.clips() == set)).collect()
    }

    /// Sounds of each seed.
    fn clips(self) -> usize {
        self.made.sounds.len() / self.made.seeds
    }

    /// Weights of windows from those of sounds.
    fn weights(self, sounds: &[f64]) -> Vec<f64> {
        self.windows.owners.iter().map(|&sound| sounds[sound]).collect()
    }

    /// A replicate draws clips and, for each, one of its seeds; the recordings stay as they are.
    fn interval(self, distance: impl Fn(&[f64]) -> straightshot_engine::Result<f64>) -> Result<Interval> {
        let replicates = self.arguments.fad_replicates;
        let (sets, clips) = (self.made.seeds, self.clips());
        let mut estimate = 0.0;
        for set in 0..sets {
            estimate += distance(&self.weights(&self.set(set)))? / sets as f64;
        }
        let mut done = 0;
        Ok(bootstrap::biased(estimate, replicates, BOOTSTRAP_SEED, |random| {
            let mut counts = vec![0.0; self.made.sounds.len()];
            for _ in 0..clips {
                counts[random.below(sets) * clips + random.below(clips)] += 1.0;
            }
            done += 1;
            progress("distances of drawn sets", done, replicates);
            distance(&self.weights(&counts))
        })?)
    }
}

/// Mean over each clip's sounds.
fn per_clip(clips: usize, values: &[f64]) -> Vec<f64> {
    let seeds = values.len() / clips.max(1);
    (0..clips)
        .map(|clip| values.iter().skip(clip).step_by(clips).sum::<f64>() / seeds.max(1) as f64)
        .collect()
}

/// Interval over clips of the mean of `values`, one per clip.
pub(super) fn interval(arguments: &Arguments, values: &[f64]) -> Option<Interval> {
    bootstrap::mean(values, arguments.replicates, BOOTSTRAP_SEED)
}

fn share(yes: bool) -> f64 {
    f64::from(u8::from(yes))
}

/// What compares a sound with the recording of its caption; returns the divergence of every clip.
pub(super) fn pairs(
    row: &mut Row,
    arguments: &Arguments,
    real: &Opinion,
    made: &Opinion,
    clips: &[Clip],
) -> Vec<f64> {
    let n = clips.len();
    let each = |of: &dyn Fn(usize, usize) -> f64| {
        let values: Vec<f64> = (0..made.posteriors.len()).map(|i| of(i % n, i)).collect();
        per_clip(n, &values)
    };
    let over = |of: &dyn Fn(usize, usize) -> f64| interval(arguments, &each(of));
    let agreement = |clip: usize, i: usize| labels::agreement(&real.posteriors[clip], &made.posteriors[i]);
    let divergences = each(&|clip, i| kl::divergence(&real.distributions[clip], &made.distributions[i]));
    row.kl = interval(arguments, &divergences);
    row.kl_independent = over(&|clip, i| kl::independent(&real.posteriors[clip], &made.posteriors[i]));
    row.label_top1 = over(&|clip, i| share(agreement(clip, i).top1));
    row.label_top5 = over(&|clip, i| share(agreement(clip, i).top5));
    divergences
}

/// What compares a sound with its caption; returns the text score of every clip.
pub(super) fn texts(
    row: &mut Row,
    arguments: &Arguments,
    judges: &Judges,
    generator: &Generator,
    made: &Opinion,
    clips: &[Clip],
) -> Result<Vec<f64>> {
    let captions: BTreeSet<&str> = clips.iter().map(|clip| clip.entry.caption.as_str()).collect();
    let captions: Vec<&str> = captions.into_iter().collect();
    let scorer = TextScore::new(judges.yamnet.names(), &captions, |texts| generator.encode_text(texts))?;
    let scores: Vec<(f64, usize)> = made
        .posteriors
        .iter()
        .enumerate()
        .filter_map(|(i, posteriors)| scorer.score(posteriors, &clips[i % clips.len()].entry.caption))
        .collect();
    let each =
        |of: &dyn Fn(&(f64, usize)) -> f64| per_clip(clips.len(), &scores.iter().map(of).collect::<Vec<_>>());
    let of_texts = each(&|score| score.0);
    row.text_score = interval(arguments, &of_texts);
    row.retrieval_top1 = interval(arguments, &each(&|score| share(score.1 == 1)));
    row.retrieval_top10 = interval(arguments, &each(&|score| share(score.1 <= 10)));
    Ok(of_texts)
}

/// How often what the caption names is recognised, in the sounds and in the recordings; over the clips whose caption
/// has a word that the table of right classes knows. Returns the share of every clip's sounds.
pub(super) fn recognition(
    row: &mut Row,
    arguments: &Arguments,
    judges: &Judges,
    real: &Opinion,
    made: &Opinion,
    clips: &[Clip],
) -> Vec<Option<f64>> {
    let each = |opinion: &Opinion| -> Vec<Option<f64>> {
        let sets = opinion.posteriors.len() / clips.len();
        let mean = |clip: usize| {
            let caption = &clips[clip].entry.caption;
            let one =
                |set: usize| judges.right.recognised(&opinion.posteriors[set * clips.len() + clip], caption);
            let yes: Option<f64> = (0..sets).map(|set| one(set).map(share)).sum();
            yes.map(|yes| yes / sets as f64)
        };
        (0..clips.len()).map(mean).collect()
    };
    let over =
        |values: &[Option<f64>]| interval(arguments, &values.iter().copied().flatten().collect::<Vec<_>>());
    let recognised = each(made);
    row.recognised = over(&recognised);
    row.recognised_real = over(&each(real));
    recognised
}

/// S of evenly chosen clips with the first seed.
pub(super) fn straightness(
    row: &mut Row,
    arguments: &Arguments,
    generator: &Generator,
    clips: &[Clip],
) -> Result<()> {
    let n = arguments.straightness_clips.min(clips.len());
    let seed = arguments.seeds.first().copied().unwrap_or(1);
    let mut values = Vec::new();
    for i in (0..n).map(|i| i * clips.len() / n) {
        let request = sounds::request(arguments, generator.sample_rate_hz(), &clips[i], i, seed);
        let steps = arguments.straightness_steps;
        let measure = |field: &dyn straightshot_engine::flow::VelocityField, noise: &candle_core::Tensor| {
            straight::straightness(field, noise, steps)
        };
        values.push(generator.measure_field(&request, measure)?);
        progress("following trajectories", values.len(), n);
    }
    row.straightness = interval(arguments, &values);
    row.log_straightness = row.straightness.map(|s| s.mean.ln());
    Ok(())
}
