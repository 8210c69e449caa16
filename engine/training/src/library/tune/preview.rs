//! Sounds made on the way, to hear how far the learning is.

use super::sounds;
use crate::latents::FlowData;
use crate::library::Base;
use crate::pairing::Pairing;
use candle_core::Tensor;
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use straightshot_engine::error::Result;
use straightshot_engine::rng::{Noise, Stream};
use straightshot_protocol::Audio;
use straightshot_sound::files;

/// Folder in a run.
const FOLDER: &str = "previews";
/// Time between two.
const EVERY: Duration = Duration::from_secs(120);
/// Characters of the caption in a file's name.
const NAME: usize = 40;
/// Peak of a preview, -1 dBFS.
const PEAK: f32 = 0.891;

/// Makes a preview now and then.
pub(super) struct Previews<'a> {
    folder: PathBuf,
    data: &'a FlowData,
    last: Option<Instant>,
}

impl<'a> Previews<'a> {
    pub(super) fn new(run: &Path, data: &'a FlowData) -> Self {
        Self { folder: run.join(FOLDER), data, last: None }
    }

    /// A sound of one of the captions by a flow with these weights, if it is time for one; its file.
    pub(super) fn make(
        &mut self,
        base: &Base,
        weights: &HashMap<String, Tensor>,
        step: u64,
    ) -> Result<Option<PathBuf>> {
        if self.last.is_some_and(|last| last.elapsed() < EVERY) {
            return Ok(None);
        }
        self.last = Some(Instant::now());
        let mut random = Noise::new(step, Stream::Training);
        let draws = self.data.pool_of(1, Pairing::Independent, &mut random)?;
        let Some(draw) = draws.first() else { return Ok(None) };
        let latents = sounds::latents(base, &sounds::network(base, weights)?, self.data, &draws)?;
        let mut samples = base.codec.render(&base.codec.decode(&latents)?, step)?;
        let peak = samples.iter().fold(f32::MIN_POSITIVE, |peak, x| peak.max(x.abs()));
        samples.iter_mut().for_each(|x| *x *= PEAK / peak);
        std::fs::create_dir_all(&self.folder)?;
        let letter = |c: char| if c.is_alphanumeric() { c } else { '-' };
        let name: String = self.data.caption(draw).chars().map(letter).take(NAME).collect();
        let path = self.folder.join(format!("{step:06}-{name}.wav"));
        files::write(&path, &Audio::mono(base.codec.config().sample_rate_hz, samples))?;
        Ok(Some(path))
    }
}
