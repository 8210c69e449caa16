//! Latents and captions as the flow's first stages see them.

mod encoded;

use super::batch::{self, Features, Row};
use super::curves::Measured;
use super::data::Clip;
use super::pairing::{Pairing, pair};
use super::workers::Workers;
use candle_core::Device;
use std::borrow::Borrow;
use std::collections::{BTreeSet, HashMap};
use straightshot_engine::codec::Codec;
use straightshot_engine::error::Result;
use straightshot_engine::flow::windows::WINDOW;
use straightshot_engine::rng::Noise;
use straightshot_engine::text::TextEncoder;

/// Clips become at most this many tokens (10 s at 21.5 tokens per second).
const MAX_TOKENS: usize = WINDOW;
/// Clips of this many tokens and more are textures, of which any piece is an example.
const TEXTURE_TOKENS: usize = 60;
/// Shortest piece of a texture.
const SHORTEST_CROP: usize = 20;
/// Lengths that may be chosen are multiples of this, so that more clips have the same.
const LENGTH_GRID: usize = 4;
/// Peak of a piece of a texture beside that of the whole clip below which the piece does not count as an example:
/// between two barks there is no dog.
const HEARD: f32 = 0.1;
/// Clips encoded at a time per thread.
const ENCODED_TOGETHER: usize = 16;
/// Share of short clips that get silence behind them, up to [`LONGEST_TAIL`] tokens, unless
/// [`FlowData::with_silence_behind`] says otherwise. At lengths that an event's recordings have these should be what is
/// learnt (with 0.35, 2 % of the windows of takes were silent, of recordings 0.1 %); at greater ones there is nothing
/// else, so that few are enough.
pub const TAIL_SHARE: f64 = 0.05;
const LONGEST_TAIL: usize = 64;
/// A category of n clips is drawn in proportion to n^(1 - this): the rare ones more often than they are there, so that
/// ten recordings of crowds are not lost among hundreds of monsters.
const CATEGORY_BALANCE: f64 = 0.5;
/// Clips drawn at a time to be sorted by length.
const POOL: usize = 1024;
/// Clips drawn at a time per example of an assignment: so that most lengths fill one.
const POOL_PER_ASSIGNED: usize = 64;

/// A clip as the flow sees it.
#[derive(Debug, Clone)]
pub struct Example {
    /// `[tokens, channels]`, normalised.
    pub latent: Vec<f32>,
    /// Captions and, for prompts of one word, the category.
    pub captions: Vec<String>,
    /// Largest magnitude of the samples of every token, linear; empty where it is not known.
    pub peaks: Vec<f32>,
    /// How often it is drawn, relative to others.
    pub weight: f64,
    /// Curves that a flow may be given.
    pub curves: Measured,
}

/// Everything read once: latents, text features, the latent of silence.
#[derive(Debug)]
pub struct FlowData {
    examples: Vec<Example>,
    texts: HashMap<String, Features>,
    silence: Vec<f32>,
    /// Sums of the weights up to and with each example.
    reach: Vec<f64>,
    /// [`TAIL_SHARE`] unless it was chosen.
    tail_share: f64,
}

impl Example {
    /// `start` if something is heard in the `kept` tokens from there, else a start from which the loudest token is.
    fn heard_from(&self, start: usize, kept: usize, random: &mut Noise) -> usize {
        let peak = |peaks: &[f32]| peaks.iter().copied().fold(0.0, f32::max);
        let loudest = peak(&self.peaks);
        let Some(at) = self.peaks.iter().position(|&p| p == loudest) else { return start };
        if peak(&self.peaks[start..start + kept]) >= HEARD * loudest {
            return start;
        }
        at.saturating_sub(random.below(kept)).min(self.peaks.len() - kept)
    }
}

/// What is drawn of a clip, and the noise it starts from; the latent itself is cut when a step needs it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Draw {
    example: usize,
    start: usize,
    /// Tokens of the clip.
    kept: usize,
    /// Tokens of silence behind it.
    tail: usize,
    caption: usize,
    /// Seed of the noise.
    pub seed: u64,
}

impl Draw {
    /// Tokens.
    #[must_use]
    pub fn tokens(&self) -> usize {
        self.kept + self.tail
    }
}

impl FlowData {
    /// Encodes clips and captions.
    ///
    /// # Errors
    /// [`straightshot_engine::ErrorKind::Compute`] if a network fails.
    pub fn new(codec: &Codec, text: &TextEncoder, clips: &[Clip], device: &Device) -> Result<Self> {
        Self::from_clips(codec, text, clips.iter().map(Ok), device)
    }

    /// Encodes clips, a few at a time, so that only those need to be in memory.
    ///
    /// # Errors
    /// [`straightshot_engine::ErrorKind::Compute`] if a network fails; those of `clips`.
    pub fn from_clips<C: Borrow<Clip> + Send>(
        codec: &Codec,
        text: &TextEncoder,
        mut clips: impl Iterator<Item = Result<C>>,
        device: &Device,
    ) -> Result<Self> {
        let workers = Workers::new()?;
        let (mut examples, mut categories): (Vec<Example>, Vec<String>) = (Vec::new(), Vec::new());
        let mut sizes: HashMap<String, f64> = HashMap::new();
        loop {
            let some: Vec<C> =
                clips.by_ref().take(ENCODED_TOGETHER * workers.count()).collect::<Result<_>>()?;
            if some.is_empty() {
                break;
            }
            for clip in &some {
                let category = &clip.borrow().entry.ucs_category;
                *sizes.entry(category.clone()).or_default() += 1.0;
                categories.push(category.clone());
            }
            for example in workers.map(some, |clip| example(codec, clip.borrow(), device)) {
                examples.push(example?);
            }
        }
        for (example, category) in examples.iter_mut().zip(&categories) {
            example.weight = sizes[category].powf(-CATEGORY_BALANCE);
        }
        let captions: BTreeSet<&String> = examples.iter().flat_map(|e| &e.captions).collect();
        let captions = captions.into_iter().cloned().chain([String::new()]).collect();
        let encode = |caption: String| features(text, &caption).map(|features| (caption, features));
        let texts = workers.map(captions, encode).into_iter().collect::<Result<_>>()?;
        let silence = codec.encode(&vec![0.0; codec.config().samples_per_token() * 16], device)?;
        let silence = silence.get(0)?.get(8)?.to_vec1::<f32>()?;
        Self::from_parts(examples, texts, silence)
    }

    /// Takes latents and features that are there already; every caption and the empty one must have features.
    ///
    /// # Errors
    /// [`straightshot_engine::ErrorKind::BadData`] naming the caption without features, or an example without caption or of no
    /// whole number of tokens. `silence`: `[channels]`.
    pub fn from_parts(
        examples: Vec<Example>,
        texts: HashMap<String, Features>,
        silence: Vec<f32>,
    ) -> Result<Self> {
        let bad = |text: String| {
            Err(straightshot_engine::Error::new(straightshot_engine::ErrorKind::BadData, text))
        };
        let mut captions = examples.iter().flat_map(|e| &e.captions);
        if let Some(caption) = captions.find(|c| !texts.contains_key(*c)) {
            return bad(format!("The caption \"{caption}\" has no features"));
        }
        let whole = |e: &Example| !e.latent.is_empty() && e.latent.len().is_multiple_of(silence.len().max(1));
        if !texts.contains_key("") || examples.iter().any(|e| e.captions.is_empty() || !whole(e)) {
            return bad("An example has no caption or no whole number of tokens".into());
        }
        let mut sum = 0.0;
        let reach = examples.iter().map(|example| {
            sum += example.weight;
            sum
        });
        let reach = reach.collect();
        Ok(Self { examples, texts, silence, reach, tail_share: TAIL_SHARE })
    }

    /// Chooses the `share` of short clips, 0 to 1, that get silence behind them. With none of them a flow does not
    /// learn to end an event before the length asked for; with many it is silent where a recording would go on.
    #[must_use]
    pub fn with_silence_behind(mut self, share: f64) -> Self {
        self.tail_share = share;
        self
    }

    /// Channels of a token.
    #[must_use]
    pub fn channels(&self) -> usize {
        self.silence.len()
    }

    /// Number of clips.
    #[must_use]
    pub fn clip_count(&self) -> usize {
        self.examples.len()
    }

    /// The features of "no text".
    #[must_use]
    pub fn no_text(&self) -> &Features {
        &self.texts[""]
    }

    /// The caption of a draw.
    #[must_use]
    pub fn caption(&self, draw: &Draw) -> &str {
        &self.examples[draw.example].captions[draw.caption]
    }

    /// The features of a draw's caption.
    #[must_use]
    pub fn text(&self, draw: &Draw) -> &Features {
        &self.texts[self.caption(draw)]
    }

    /// The latent of a draw, `[tokens, channels]`.
    #[must_use]
    pub fn latent(&self, draw: &Draw) -> Vec<f32> {
        let c = self.channels();
        let mut latent = self.examples[draw.example].latent[draw.start * c..][..draw.kept * c].to_vec();
        (0..draw.tail).for_each(|_| latent.extend_from_slice(&self.silence));
        latent
    }

    /// A random crop of a texture, or an event with or without silence after it; noise is not yet chosen.
    fn draw(&self, random: &mut Noise) -> Draw {
        let at = random.uniform() * self.reach.last().copied().unwrap_or(0.0);
        let example = self.reach.partition_point(|&reach| reach <= at).min(self.examples.len() - 1);
        let clip = &self.examples[example];
        let tokens = clip.latent.len() / self.channels();
        let (mut start, mut kept, mut tail) = (0, tokens, 0);
        if tokens >= TEXTURE_TOKENS {
            let choices = (tokens.min(MAX_TOKENS) - SHORTEST_CROP) / LENGTH_GRID + 1;
            kept = SHORTEST_CROP + LENGTH_GRID * random.below(choices);
            start = clip.heard_from(random.below(tokens - kept + 1), kept, random);
        } else if random.uniform() < self.tail_share {
            tail = (tokens + 1 + random.below(LONGEST_TAIL)).next_multiple_of(LENGTH_GRID) - tokens;
        }
        Draw { example, start, kept, tail, caption: random.below(clip.captions.len()), seed: 0 }
    }

    /// Draws of one epoch of steps: as many as their pairing wants to see together, see [`Self::pool_of`].
    ///
    /// # Errors
    /// Those of [`pair`].
    pub fn pool(&self, pairing: Pairing, random: &mut Noise) -> Result<Vec<Draw>> {
        let size = match pairing {
            Pairing::Assignment { over } | Pairing::Nearly { over } => POOL.max(POOL_PER_ASSIGNED * over),
            Pairing::Independent | Pairing::Nearest { .. } => POOL,
        };
        self.pool_of(size, pairing, random)
    }

    /// `size` draws, sorted by length, with noise chosen among those of equal length.
    ///
    /// # Errors
    /// Those of [`pair`].
    pub fn pool_of(&self, size: usize, pairing: Pairing, random: &mut Noise) -> Result<Vec<Draw>> {
        let mut pool: Vec<Draw> = (0..size).map(|_| self.draw(random)).collect();
        pool.sort_by_key(Draw::tokens);
        for equal in pool.chunk_by_mut(|a, b| a.tokens() == b.tokens()) {
            let latents: Vec<Vec<f32>> = match pairing {
                Pairing::Independent => vec![Vec::new(); equal.len()],
                _ => equal.iter().map(|d| self.latent(d)).collect(),
            };
            for (draw, seed) in equal.iter_mut().zip(pair(&latents, pairing, random)?) {
                draw.seed = seed;
            }
        }
        Ok(pool)
    }

    /// Rows of `draws`, a share of them without text.
    pub(crate) fn rows(&self, draws: &[Draw], text_dropout: f64, random: &mut Noise) -> Vec<Row<'_>> {
        let row = |d: &Draw| {
            let dropped = random.uniform() < text_dropout;
            let text = if dropped { self.no_text() } else { self.text(d) };
            let curves = self.examples[d.example].curves.drawn(d.start, d.kept, d.tail, random);
            Row { latent: self.latent(d), seed: d.seed, text, curves }
        };
        draws.iter().map(row).collect()
    }

    /// Rows of `draws` with their texts and without curves.
    pub(crate) fn free_rows(&self, draws: &[Draw]) -> Vec<Row<'_>> {
        let row =
            |d: &Draw| Row { latent: self.latent(d), seed: d.seed, text: self.text(d), curves: Vec::new() };
        draws.iter().map(row).collect()
    }

    /// The examples of which `is_apart` says so by their place, and the others.
    ///
    /// # Errors
    /// None where these are of a whole set of data.
    pub(crate) fn split(&self, is_apart: impl Fn(usize) -> bool) -> Result<(Self, Self)> {
        let part = |wanted: bool| -> Result<Self> {
            let examples = self.examples.iter().enumerate().filter(|(i, _)| is_apart(*i) == wanted);
            let examples = examples.map(|(_, example)| example.clone()).collect();
            let part = Self::from_parts(examples, self.texts.clone(), self.silence.clone())?;
            Ok(part.with_silence_behind(self.tail_share))
        };
        Ok((part(true)?, part(false)?))
    }

    /// The steps of one pool in random order.
    pub(crate) fn steps(
        &self,
        tokens_per_step: usize,
        pairing: Pairing,
        random: &mut Noise,
    ) -> Result<Vec<Vec<Draw>>> {
        let mut steps = batch::cut(self.pool(pairing, random)?, tokens_per_step, Draw::tokens);
        batch::shuffle(&mut steps, random);
        Ok(steps)
    }
}

/// Mean number of draws of the same length that an example of `pool` shares its assignment with.
#[must_use]
pub fn mean_group(pool: &[Draw]) -> f64 {
    let groups = pool.chunk_by(|a, b| a.tokens() == b.tokens()).map(<[Draw]>::len);
    groups.map(|n| (n * n) as f64).sum::<f64>() / pool.len().max(1) as f64
}

fn example(codec: &Codec, clip: &Clip, device: &Device) -> Result<Example> {
    let latent = codec.encode(&clip.samples, device)?.flatten_all()?.to_vec1::<f32>()?;
    let category = clip.entry.ucs_category.to_lowercase();
    let captions = [&clip.entry.caption, &clip.entry.caption, &clip.entry.caption2, &category];
    let captions = captions.into_iter().filter(|c| !c.is_empty()).cloned().collect();
    let peak = |samples: &[f32]| samples.iter().fold(0f32, |m, x| m.max(x.abs()));
    let mut peaks: Vec<f32> = clip.samples.chunks(codec.config().samples_per_token()).map(peak).collect();
    peaks.resize(latent.len() / codec.config().latent_channels(), 0.0);
    let curves = Measured::of(codec, &clip.samples, peaks.len());
    Ok(Example { latent, captions, peaks, weight: 1.0, curves })
}

pub(crate) fn features(text: &TextEncoder, caption: &str) -> Result<Features> {
    let f = text.encode(&[caption])?;
    Ok(Features {
        count: f.tokens.dim(1)?,
        tokens: f.tokens.flatten_all()?.to_vec1()?,
        pooled: f.pooled.flatten_all()?.to_vec1()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use straightshot_engine::rng::Stream;

    #[test]
    fn a_piece_holds_something_that_is_heard() {
        // Two events in 100 tokens, at 10 and, a little quieter, at 80.
        let mut peaks = vec![0.01; 100];
        (peaks[10], peaks[80]) = (0.8, 0.5);
        let clip = Example {
            latent: vec![0.0; 100],
            captions: vec!["dog".into()],
            peaks,
            weight: 1.0,
            curves: Measured::default(),
        };
        let mut random = Noise::new(1, straightshot_engine::rng::Stream::Training);
        assert_eq!(clip.heard_from(5, 20, &mut random), 5);
        assert_eq!(clip.heard_from(61, 20, &mut random), 61, "the quieter event counts too");
        for start in [11, 30, 60] {
            let moved = clip.heard_from(start, 20, &mut random);
            assert!((0..=10).contains(&moved), "from {start} to {moved}");
        }
        let unknown = Example { peaks: Vec::new(), ..clip };
        assert_eq!(unknown.heard_from(30, 20, &mut random), 30);
    }

    #[test]
    fn as_many_events_as_wanted_get_silence_behind_them() {
        let event = Example {
            latent: vec![1.0; 6],
            captions: vec![String::new()],
            peaks: vec![],
            weight: 1.0,
            curves: Measured::default(),
        };
        let no_text = Features { count: 1, tokens: vec![0.0], pooled: vec![0.0] };
        for share in [0.0, 0.25, 1.0] {
            let texts = [(String::new(), no_text.clone())].into();
            let data = FlowData::from_parts(vec![event.clone()], texts, vec![9.0]).unwrap();
            let data = data.with_silence_behind(share);
            let pool =
                data.pool_of(4000, Pairing::Independent, &mut Noise::new(1, Stream::Training)).unwrap();
            let followed: Vec<&Draw> = pool.iter().filter(|draw| draw.tokens() > 6).collect();
            assert!((followed.len() as f64 / 4000.0 - share).abs() < 0.03, "{share}: {}", followed.len());
            for draw in followed {
                let latent = data.latent(draw);
                assert!(latent[..6] == [1.0; 6] && latent[6..].iter().all(|&x| x == 9.0), "{latent:?}");
            }
        }
    }
}
