//! What the evaluation networks make of a set of sounds.

use super::progress;
use super::sounds::Sound;
use anyhow::Result;
use std::path::Path;
use straightshot_evaluation::aisfx::Aisfx;
use straightshot_evaluation::recognition::RightClasses;
use straightshot_evaluation::yamnet::{self, Yamnet};

/// The loaded networks.
#[derive(Debug)]
pub(super) struct Judges {
    pub(super) yamnet: Yamnet,
    pub(super) right: RightClasses,
    second: Option<Aisfx>,
}

/// Embeddings of all windows of all sounds.
#[derive(Debug, Default)]
pub(super) struct Windows {
    pub(super) dim: usize,
    /// `[windows, dim]`, row-major.
    pub(super) rows: Vec<f32>,
    /// Which sound each window is of.
    pub(super) owners: Vec<usize>,
}

impl Windows {
    fn add(&mut self, owner: usize, rows: Vec<f32>) {
        self.owners.extend(std::iter::repeat_n(owner, rows.len() / self.dim));
        self.rows.extend(rows);
    }
}

/// What is heard in a set of sounds; the lists have one item per sound.
#[derive(Debug)]
pub(super) struct Opinion {
    pub(super) posteriors: Vec<Vec<f64>>,
    pub(super) distributions: Vec<Vec<f64>>,
    pub(super) yamnet: Windows,
    /// Those of `yamnet` that are not silent.
    pub(super) sounding: Windows,
    /// Share of YAMNet's windows that are silent.
    pub(super) silent: Vec<f64>,
    pub(super) second: Option<Windows>,
}

impl Judges {
    pub(super) fn load(assets: &Path, second: Option<&Path>) -> Result<Self> {
        let yamnet = Yamnet::from_dir(assets)?;
        let right = RightClasses::read(&assets.join("right_classes.csv"), yamnet.names())?;
        Ok(Self { yamnet, right, second: second.map(Aisfx::from_file).transpose()? })
    }

    pub(super) fn listen(&self, sounds: &[Sound], what: &str) -> Result<Opinion> {
        let mut opinion = Opinion {
            posteriors: Vec::new(),
            distributions: Vec::new(),
            yamnet: Windows { dim: yamnet::EMBEDDING, ..Windows::default() },
            sounding: Windows { dim: yamnet::EMBEDDING, ..Windows::default() },
            silent: Vec::new(),
            second: self.second.as_ref().map(|s| Windows { dim: s.embedding(), ..Windows::default() }),
        };
        for (i, sound) in sounds.iter().enumerate() {
            let heard = self.yamnet.hear(&sound.mixed(), sound.sample_rate_hz())?;
            opinion.posteriors.push(heard.posteriors());
            opinion.distributions.push(heard.distribution());
            let silent = heard.silent.iter().filter(|silent| **silent).count();
            opinion.silent.push(silent as f64 / heard.silent.len() as f64);
            let rows = heard.embeddings.chunks_exact(yamnet::EMBEDDING).zip(&heard.silent);
            let sounding = rows.filter(|(_, silent)| !**silent).flat_map(|(row, _)| row).copied().collect();
            opinion.sounding.add(i, sounding);
            opinion.yamnet.add(i, heard.embeddings);
            if let (Some(network), Some(windows)) = (&self.second, &mut opinion.second) {
                windows.add(i, network.embed(&sound.mixed(), sound.sample_rate_hz())?);
            }
            progress(&format!("listening to {what}"), i + 1, sounds.len());
        }
        Ok(opinion)
    }
}
