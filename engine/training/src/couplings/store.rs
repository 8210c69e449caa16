//! Couplings on disk.
//!
//! | file | what |
//! |---|---|
//! | `plan.json` | [`Plan`]: how the shards are made |
//! | `texts.safetensors` | `tokens.N` `[count, dim]` and `pooled.N` `[dim]` of text `N`; captions in the metadata |
//! | `shard-NNNNN.safetensors` | `data` `[all tokens, channels]`, `curves` `[all tokens, features]`, `lengths`, `texts`, `seeds` `[couples]` |
//!
//! Noise is stored as its seed ([`pairing::noise`](crate::pairing::noise)). Training on couplings needs this
//! folder only: neither sounds nor codec nor text encoder.

use super::Settings;
use super::anchored::Simulated;
use crate::batch::{self, Features, Row};
use crate::files::{self, bad, unwritable, write};
use crate::latents::{Draw, FlowData};
use candle_core::{DType, Device, Tensor};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeSet, HashMap};
use std::path::{Path, PathBuf};
use straightshot_engine::error::{Error, ErrorKind, Result};
use straightshot_engine::flow::curves::FEATURES;
use straightshot_engine::rng::{self, Noise};

const PLAN_FILE: &str = "plan.json";
const TEXTS_FILE: &str = "texts.safetensors";

/// Everything that decides what a folder holds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Plan {
    /// How couples are made.
    pub settings: Settings,
    /// [`fingerprint`] of the teacher's weights.
    pub teacher: String,
    /// Clips that texts and lengths are drawn from.
    pub clips: usize,
}

/// A number that other weights do not have, from names and values.
///
/// # Errors
/// [`ErrorKind::Compute`] if a tensor cannot be read.
pub fn fingerprint(weights: &HashMap<String, Tensor>) -> Result<String> {
    let mut names: Vec<&String> = weights.keys().collect();
    names.sort();
    let mut hash = rng::HASH_START;
    for name in names {
        let values = weights[name].flatten_all()?.to_vec1::<f32>()?;
        hash = rng::hash(hash, name.bytes().map(u64::from));
        hash = rng::hash(hash, values.iter().map(|v| u64::from(v.to_bits())));
    }
    Ok(format!("{hash:016x}"))
}

/// File of shard `i`.
#[must_use]
pub fn shard_path(folder: &Path, i: usize) -> PathBuf {
    folder.join(format!("shard-{i:05}.safetensors"))
}

/// Prepares `folder`, or checks that what it holds is made by the same plan.
pub(super) fn open(folder: &Path, plan: &Plan, texts: &Texts) -> Result<()> {
    std::fs::create_dir_all(folder).map_err(|e| unwritable(folder, e))?;
    let path = folder.join(PLAN_FILE);
    if path.exists() {
        let bytes = std::fs::read(&path)?;
        let there: Plan =
            serde_json::from_slice(&bytes).map_err(|e| bad(&path, "cannot be read").with_source(e))?;
        if there != *plan {
            return Err(bad(folder, "holds couplings made with other settings, data or teacher"));
        }
    }
    texts.write(&folder.join(TEXTS_FILE))?;
    let text = serde_json::to_string_pretty(plan).map_err(|e| unwritable(&path, e))?;
    std::fs::write(&path, text + "\n").map_err(|e| unwritable(&path, e))
}

/// Captions and their features; the first is the empty one.
pub(super) struct Texts(Vec<(String, Features)>);

impl Texts {
    pub(super) fn of<'a>(data: &FlowData, draws: impl Iterator<Item = &'a Draw>) -> Self {
        let mut used = BTreeSet::new();
        let mut list = vec![(String::new(), data.no_text().clone())];
        for draw in draws {
            if !data.caption(draw).is_empty() && used.insert(data.caption(draw).to_owned()) {
                list.push((data.caption(draw).to_owned(), data.text(draw).clone()));
            }
        }
        list[1..].sort_by(|a, b| a.0.cmp(&b.0));
        Self(list)
    }

    pub(super) fn index(&self, caption: &str) -> Result<u32> {
        // The empty caption is the least, so the whole list is sorted.
        let found = self.0.binary_search_by(|(c, _)| c.as_str().cmp(caption));
        found.ok().and_then(|i| u32::try_from(i).ok()).ok_or_else(|| {
            Error::new(ErrorKind::BadData, format!("The caption \"{caption}\" has no features"))
        })
    }

    fn write(&self, path: &Path) -> Result<()> {
        files::write_captions(path, self.0.iter().map(|(caption, features)| (caption.as_str(), features)))
    }
}

/// A shard in the making.
pub(super) struct Shard {
    channels: usize,
    data: Vec<f32>,
    curves: Vec<f32>,
    lengths: Vec<u32>,
    texts: Vec<u32>,
    seeds: Vec<u64>,
    distance: f64,
    inner_steps: f64,
    examined: usize,
}

impl Shard {
    pub(super) fn new(channels: usize) -> Self {
        let (data, lengths, texts, seeds) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        let curves = Vec::new();
        Self { channels, data, curves, lengths, texts, seeds, distance: 0.0, inner_steps: 0.0, examined: 0 }
    }

    /// Takes note of how far guidance went in a batch of `n`, where that was measured.
    pub(super) fn examined(&mut self, n: usize, made: &Simulated) {
        if let Some(distance) = made.distance {
            self.distance += distance * n as f64;
            self.inner_steps += made.inner_steps * n as f64;
            self.examined += n;
        }
    }

    pub(super) fn push(&mut self, text: u32, seed: u64, latent: &[f32], curves: &[f32]) {
        self.data.extend_from_slice(latent);
        self.curves.extend_from_slice(curves);
        self.lengths.push((latent.len() / self.channels) as u32);
        self.texts.push(text);
        self.seeds.push(seed);
    }

    pub(super) fn summary(&self) -> String {
        let couples = format!("{} couples", self.lengths.len());
        if self.examined == 0 {
            return couples;
        }
        let n = self.examined as f64;
        let (distance, inner) = (self.distance / n, self.inner_steps / n);
        format!("{couples}, squared distance to the pivot {distance:.5}, {inner:.1} inner steps")
    }

    pub(super) fn write(&self, path: &Path) -> Result<()> {
        if !self.data.iter().all(|v| v.is_finite()) {
            return Err(Error::new(ErrorKind::Compute, "A simulated latent is not finite"));
        }
        // Seeds are below 2⁵³, so they are the same as signed numbers, which more readers know.
        let seeds: Vec<i64> = self.seeds.iter().map(|&s| s as i64).collect();
        let n = self.lengths.len();
        let rows = self.data.len() / self.channels;
        let tensors = [
            ("data".to_owned(), Tensor::from_slice(&self.data, (rows, self.channels), &Device::Cpu)?),
            ("curves".to_owned(), Tensor::from_slice(&self.curves, (rows, FEATURES), &Device::Cpu)?),
            ("lengths".to_owned(), Tensor::from_slice(&self.lengths, n, &Device::Cpu)?),
            ("texts".to_owned(), Tensor::from_slice(&self.texts, n, &Device::Cpu)?),
            ("seeds".to_owned(), Tensor::from_vec(seeds, n, &Device::Cpu)?),
        ];
        let summary = HashMap::from([("summary".to_owned(), self.summary())]);
        write(path, &tensors, Some(summary))
    }
}

/// One couple.
#[derive(Debug, Clone, PartialEq)]
struct Couple {
    text: usize,
    seed: u64,
    data: Vec<f32>,
    curves: Vec<f32>,
}

/// All couplings of one or more folders in memory.
#[derive(Debug)]
pub struct Couplings {
    texts: Vec<Features>,
    couples: Vec<Couple>,
    channels: usize,
}

impl Couplings {
    /// Reads all shards of a folder, those of an unfinished run too.
    ///
    /// # Errors
    /// [`ErrorKind::BadData`] naming the file that is missing, damaged or does not fit the others.
    pub fn open(folder: &Path) -> Result<Self> {
        let texts = files::read_captions(&folder.join(TEXTS_FILE))?.into_iter().map(|(_, features)| features);
        let mut all = Self { texts: texts.collect(), couples: Vec::new(), channels: 0 };
        for i in 0.. {
            let path = shard_path(folder, i);
            if !path.exists() {
                break;
            }
            all.read_shard(&path)?;
        }
        if all.couples.is_empty() { Err(bad(folder, "holds no couplings")) } else { Ok(all) }
    }

    /// Reads several folders as one; the first "no text" counts.
    ///
    /// # Errors
    /// Those of [`Self::open`]; [`ErrorKind::BadData`] if they are not of one kind.
    pub fn open_all(folders: &[PathBuf]) -> Result<Self> {
        let mut all = Self { texts: Vec::new(), couples: Vec::new(), channels: 0 };
        for folder in folders {
            let one = Self::open(folder)?;
            if !all.couples.is_empty() && all.channels != one.channels {
                return Err(bad(folder, "holds couplings of another size"));
            }
            let texts = all.texts.len();
            all.channels = one.channels;
            all.texts.extend(one.texts);
            all.couples.extend(one.couples.into_iter().map(|c| Couple { text: c.text + texts, ..c }));
        }
        Ok(all)
    }

    fn read_shard(&mut self, path: &Path) -> Result<()> {
        let damaged = || bad(path, "is not a shard of couplings");
        let tensors =
            candle_core::safetensors::load(path, &Device::Cpu).map_err(|e| damaged().with_source(e))?;
        let get = |name: &str| tensors.get(name).ok_or_else(damaged);
        let numbers = |name: &str| -> Result<Vec<i64>> { Ok(get(name)?.to_dtype(DType::I64)?.to_vec1()?) };
        let (rows, channels) = get("data")?.dims2().map_err(|e| damaged().with_source(e))?;
        let data = get("data")?.flatten_all()?.to_vec1::<f32>()?;
        let curves = get("curves")?.flatten_all()?.to_vec1::<f32>()?;
        let (lengths, texts, seeds) = (numbers("lengths")?, numbers("texts")?, numbers("seeds")?);
        let fits = lengths.iter().all(|&n| n > 0)
            && lengths.iter().try_fold(0i64, |sum, &n| sum.checked_add(n)) == Some(rows as i64)
            && texts.iter().all(|&i| (0..self.texts.len() as i64).contains(&i))
            && (texts.len(), seeds.len()) == (lengths.len(), lengths.len())
            && curves.len() == rows * FEATURES
            && (self.channels == channels || self.couples.is_empty());
        if !fits {
            return Err(damaged());
        }
        self.channels = channels;
        let (mut rest, mut curves) = (data.as_slice(), curves.as_slice());
        for ((&n, &text), &seed) in lengths.iter().zip(&texts).zip(&seeds) {
            let (own, after) = rest.split_at(n as usize * channels);
            let (followed, others) = curves.split_at(n as usize * FEATURES);
            (rest, curves) = (after, others);
            let (data, curves) = (own.to_vec(), followed.to_vec());
            self.couples.push(Couple { text: text as usize, seed: seed as u64, data, curves });
        }
        Ok(())
    }

    /// Number of couples.
    #[must_use]
    pub fn count(&self) -> usize {
        self.couples.len()
    }

    /// Channels of a token.
    #[must_use]
    pub fn channels(&self) -> usize {
        self.channels
    }

    /// The features of "no text".
    #[must_use]
    pub fn no_text(&self) -> &Features {
        &self.texts[0]
    }

    /// Indices of all couples in steps of similar length, in random order.
    pub(crate) fn steps(&self, tokens_per_step: usize, random: &mut Noise) -> Vec<Vec<usize>> {
        let mut order: Vec<usize> = (0..self.couples.len()).collect();
        // Shuffled before the stable sort: couples of one length meet others in every epoch.
        batch::shuffle(&mut order, random);
        let length = |&i: &usize| self.couples[i].data.len() / self.channels;
        order.sort_by_key(length);
        let mut steps = batch::cut(order, tokens_per_step, length);
        batch::shuffle(&mut steps, random);
        steps
    }

    /// The couples of a step, a share of them without text.
    pub(crate) fn rows(&self, step: &[usize], text_dropout: f64, random: &mut Noise) -> Vec<Row<'_>> {
        let row = |&i: &usize| {
            let couple = &self.couples[i];
            let text =
                if random.uniform() < text_dropout { self.no_text() } else { &self.texts[couple.text] };
            Row { latent: couple.data.clone(), seed: couple.seed, text, curves: couple.curves.clone() }
        };
        step.iter().map(row).collect()
    }
}
