//! A model as files, and the networks built from them.
//!
//! A model may hold two velocity networks: one for several steps, one that was distilled for a single step. It says which
//! guidance each has learnt; asking for that much or less costs no second evaluation. The default model has two.
//!
//! The text encoder has a file of its own, so that a new model adds to the history only what is new. The default model is
//! compiled into the binary: no bundle can lose it, and no path can be wrong.

pub mod folder;
pub mod reader;
pub mod trial;

use crate::card::card;
use crate::codec::Codec;
use crate::config::ModelConfig;
use crate::config::Sampler;
use crate::device::Placement;
use crate::error::{Error, ErrorKind, Result};
use crate::flow::Transformer;
use crate::memory;
use crate::text::TextEncoder;
use crate::weights;
use candle_core::{DType, Device, Shape, Tensor};
use candle_nn::var_builder::SimpleBackend;
use candle_nn::{Init, VarBuilder};
use std::borrow::Cow;
use std::collections::HashMap;
use std::path::Path;
use straightshot_protocol::{CancelToken, Card, ContentHash, ContentHasher, ModelId};

/// Name of the configuration in a model folder.
pub const CONFIG_FILE: &str = "config.json";
/// Name of the weights in a model folder.
pub const WEIGHTS_FILE: &str = "model.safetensors";
/// Name of the text encoder's weights in a model folder; where it is not there, they are in [`WEIGHTS_FILE`].
///
/// They are most of a model and the same in every one: kept apart, a new model of ours adds only what is new.
pub const TEXT_FILE: &str = "text.safetensors";
/// Name of the tokenizer in a model folder.
pub const TOKENIZER_FILE: &str = "tokenizer.json";

/// Name of the list of words that a model has learnt sounds with, in a model folder; there need not be one. It says nothing
/// about the sounds and is no part of the hash.
pub const WORDS_FILE: &str = "words.txt";

/// What the names of the flow's tensors begin with.
pub const FLOW: &str = "flow.";

/// What the names of the one-step network's tensors begin with.
pub const ONE_STEP: &str = "one_step.";

// Statics, not constants: a constant is copied into every crate that the function using it is inlined into.
static BUILTIN_CONFIG: &[u8] = include_bytes!("../../assets/models/default/config.json");
static BUILTIN_WEIGHTS: &[u8] = include_bytes!("../../assets/models/default/model.safetensors");
static BUILTIN_TEXT: &[u8] = include_bytes!("../../assets/models/default/text.safetensors");
static BUILTIN_TOKENIZER: &[u8] = include_bytes!("../../assets/models/default/tokenizer.json");

/// [`ModelFiles::hash`] of the default model. Written down because every new project names it, and hashing 48 MiB for
/// that would slow a host's scan; a test says so if it is not the hash.
const BUILTIN_HASH: &str = "5091c56266cf354e9b95d2e7fd516eb0510f1812d85195e657d5d1d1e0092991";

/// The card of the default model, without loading it.
#[must_use]
#[expect(clippy::missing_panics_doc, reason = "the default model is part of the binary, and a test reads it")]
pub fn builtin_card() -> Card {
    let config = ModelConfig::from_json(BUILTIN_CONFIG).expect("a test reads the default model");
    let hash = BUILTIN_HASH.parse().expect("64 digits");
    let id = ModelId::new(hash, config.name.as_str());
    card(&config, id)
}

/// The bytes of a model folder.
#[derive(Debug, Clone)]
pub struct ModelFiles {
    /// `config.json`
    pub config: Cow<'static, [u8]>,
    /// `model.safetensors`
    pub weights: Cow<'static, [u8]>,
    /// `text.safetensors`, if there is one
    pub text: Option<Cow<'static, [u8]>>,
    /// `tokenizer.json`
    pub tokenizer: Cow<'static, [u8]>,
}

impl ModelFiles {
    /// The default model, part of the binary: works offline and cannot be lost.
    #[must_use]
    pub fn builtin() -> Self {
        Self {
            config: Cow::Borrowed(BUILTIN_CONFIG),
            weights: Cow::Borrowed(BUILTIN_WEIGHTS),
            text: Some(Cow::Borrowed(BUILTIN_TEXT)),
            tokenizer: Cow::Borrowed(BUILTIN_TOKENIZER),
        }
    }

    /// Reads a model folder.
    ///
    /// # Errors
    /// [`ErrorKind::BadModel`] if a file is not there, [`ErrorKind::Io`] if it cannot be read.
    pub fn from_dir(dir: &Path) -> Result<Self> {
        Self::from_dir_until(dir, &CancelToken::default())
    }

    /// [`ModelFiles::from_dir`], ended within some milliseconds when `cancel` is raised.
    ///
    /// # Errors
    /// As [`ModelFiles::from_dir`], and [`ErrorKind::Cancelled`].
    pub fn from_dir_until(dir: &Path, cancel: &CancelToken) -> Result<Self> {
        let read = |name: &str| folder::read(dir, name, cancel).map(Cow::Owned);
        Ok(Self {
            config: read(CONFIG_FILE)?,
            weights: read(WEIGHTS_FILE)?,
            text: dir.join(TEXT_FILE).exists().then(|| read(TEXT_FILE)).transpose()?,
            tokenizer: read(TOKENIZER_FILE)?,
        })
    }
}

impl ModelFiles {
    /// The files that there are, by their names in a model folder.
    #[must_use]
    pub fn by_name(&self) -> Vec<(&'static str, &[u8])> {
        let text = self.text.as_ref().map(|text| (TEXT_FILE, text.as_ref()));
        let always = [
            (CONFIG_FILE, &*self.config),
            (WEIGHTS_FILE, &*self.weights),
            (TOKENIZER_FILE, &*self.tokenizer),
        ];
        always.into_iter().chain(text).collect()
    }

    /// Which model this is, under a name for display.
    #[must_use]
    pub fn id(&self, name: &str) -> ModelId {
        ModelId::new(self.hash(), name)
    }

    /// Hash of everything that determines the model's sounds: each file's name, its length, its bytes.
    #[must_use]
    #[expect(clippy::missing_panics_doc, reason = "the hash is written down, and a test reads it")]
    pub fn hash(&self) -> ContentHash {
        if self.is_builtin() {
            return BUILTIN_HASH.parse().expect("64 digits");
        }
        self.computed_hash()
    }

    /// [`ModelFiles::hash`], ended within some milliseconds when `cancel` is raised.
    ///
    /// # Errors
    /// [`ErrorKind::Cancelled`].
    pub fn hash_until(&self, cancel: &CancelToken) -> Result<ContentHash> {
        if self.is_builtin() {
            return Ok(self.hash());
        }
        let mut hasher = ContentHasher::default();
        for (name, bytes) in self.by_name() {
            begin_file(&mut hasher, name, bytes.len() as u64);
            for part in bytes.chunks(folder::PART) {
                cancel.check()?;
                hasher.add(part);
            }
        }
        Ok(hasher.finish())
    }

    /// Whether these are the very bytes that are part of the binary.
    fn is_builtin(&self) -> bool {
        let own = |bytes: &[u8], builtin: &[u8]| std::ptr::eq(bytes, builtin);
        own(&self.config, BUILTIN_CONFIG)
            && own(&self.weights, BUILTIN_WEIGHTS)
            && own(&self.tokenizer, BUILTIN_TOKENIZER)
            && self.text.as_ref().is_some_and(|text| own(text, BUILTIN_TEXT))
    }

    fn computed_hash(&self) -> ContentHash {
        let mut hasher = ContentHasher::default();
        for (name, bytes) in self.by_name() {
            begin_file(&mut hasher, name, bytes.len() as u64);
            hasher.add(bytes);
        }
        hasher.finish()
    }

    /// All weights by name, those of the text encoder too.
    ///
    /// # Errors
    /// [`ErrorKind::BadModel`] if a file is damaged.
    pub fn tensors(&self) -> Result<HashMap<String, Tensor>> {
        self.tensors_until(&CancelToken::default())
    }

    /// [`ModelFiles::tensors`], ended before the next tensor when `cancel` is raised.
    ///
    /// # Errors
    /// As [`ModelFiles::tensors`], and [`ErrorKind::Cancelled`].
    pub fn tensors_until(&self, cancel: &CancelToken) -> Result<HashMap<String, Tensor>> {
        let mut tensors = weights::unpack_until(&self.weights, cancel)?;
        if let Some(text) = &self.text {
            tensors.extend(weights::unpack_until(text, cancel)?);
        }
        if !tensors.keys().any(|name| name.starts_with("text.")) {
            let text = format!("The model is not whole: {TEXT_FILE} is missing; get the model again");
            return Err(Error::new(ErrorKind::BadModel, text));
        }
        Ok(tensors)
    }
}

/// What stands before the bytes of a file in the hash of a model.
fn begin_file(hasher: &mut ContentHasher, name: &str, bytes: u64) {
    hasher.add(name.as_bytes());
    hasher.add(&bytes.to_le_bytes());
}

/// The networks of a model, ready to run.
#[derive(Debug)]
pub struct Model {
    /// Sizes and name.
    pub config: ModelConfig,
    /// Text encoder.
    pub text: TextEncoder,
    /// Velocity network.
    pub flow: Transformer,
    /// Velocity network for a single step or few, if there is one of its own; see [`Model::flow_for`].
    pub one_step: Option<Transformer>,
    /// Latent codec, without its encoder.
    pub codec: Codec,
}

impl Model {
    /// Unpacks the files and builds the networks where `placement` says; a GPU has to pass a [`trial`] first.
    ///
    /// # Errors
    /// [`ErrorKind::BadModel`] saying which file or tensor is at fault; [`ErrorKind::Compute`] if a GPU does not pass.
    pub fn load(files: &ModelFiles, placement: &Placement) -> Result<Self> {
        Self::load_until(files, placement, &CancelToken::default())
    }

    /// [`Model::load`], ended before the next tensor when `cancel` is raised.
    ///
    /// # Errors
    /// As [`Model::load`], and [`ErrorKind::Cancelled`].
    pub fn load_until(files: &ModelFiles, placement: &Placement, cancel: &CancelToken) -> Result<Self> {
        // Whatever a raised token made of the loading, it is the reason.
        let loaded = Self::load_parts(files, placement, cancel);
        cancel.check()?;
        loaded
    }

    fn load_parts(files: &ModelFiles, placement: &Placement, cancel: &CancelToken) -> Result<Self> {
        if placement.is_gpu() {
            trial::pass(placement)?;
        }
        let device = placement.device();
        let config = ModelConfig::from_json(&files.config)?;
        // Unpacking asks for each tensor alone, and one that the system refuses would end the program.
        memory::ask_for(files.by_name().iter().map(|(_, bytes)| weights::room(bytes)).sum())
            .map_err(|e| Error::new(ErrorKind::OutOfMemory, folder::TOO_LITTLE_MEMORY).with_source(e))?;
        let mut tensors = files.tensors_until(cancel)?;
        let distilled = tensors.keys().any(|name| name.starts_with(ONE_STEP));
        let mut part = |prefix: &str| part_until(&mut tensors, prefix, device, cancel);
        let text = TextEncoder::new(&config.text, &files.tokenizer, part("text.")?)?;
        let misfit = |e: candle_core::Error| {
            Error::new(ErrorKind::BadModel, "The model's weights do not fit its config.json").with_source(e)
        };
        let mut flow = |prefix: &str| {
            let vb = part(prefix)?.to_dtype(placement.flow_type());
            Transformer::new(&config.flow, config.codec.latent_channels(), config.text.hidden_size, &vb)
                .map_err(misfit)
        };
        let one_step = if distilled { Some(flow(ONE_STEP)?) } else { None };
        let flow = flow(FLOW)?;
        let codec = Codec::new(&config.codec, false, &part("codec.")?).map_err(misfit)?;
        let model = Self { config, text, flow, one_step, codec };
        Ok(if placement.is_recorded() { model.recorded() } else { model })
    }

    /// Lets a card play what it has computed before.
    fn recorded(self) -> Self {
        Self {
            text: self.text.recorded(),
            flow: self.flow.recorded(),
            one_step: self.one_step.map(Transformer::recorded),
            codec: self.codec.recorded(),
            ..self
        }
    }

    /// The network for `steps` solver steps, how it is used, and the guidance it has learnt.
    #[must_use]
    pub fn flow_for(&self, steps: u32) -> (&Transformer, Sampler, f32) {
        let learnt = self.config.learnt_guidance;
        match &self.one_step {
            Some(network) if steps <= self.config.few_steps => (network, Sampler::Euler, learnt.one_step),
            _ => (&self.flow, self.config.sampler, learnt.flow),
        }
    }
}

/// Moves the tensors whose name starts with `prefix` into a builder of their own.
///
/// # Errors
/// [`ErrorKind::Compute`] if a tensor cannot be copied to `device`.
pub fn part(
    tensors: &mut HashMap<String, Tensor>,
    prefix: &str,
    device: &Device,
) -> Result<VarBuilder<'static>> {
    part_until(tensors, prefix, device, &CancelToken::default())
}

/// [`part`], whose builder gives out no more tensors once `cancel` is raised.
fn part_until(
    tensors: &mut HashMap<String, Tensor>,
    prefix: &str,
    device: &Device,
    cancel: &CancelToken,
) -> Result<VarBuilder<'static>> {
    let names: Vec<String> = tensors.keys().filter(|n| n.starts_with(prefix)).cloned().collect();
    let mut own = HashMap::new();
    for name in names {
        if let Some(tensor) = tensors.remove(&name) {
            cancel.check()?;
            own.insert(name[prefix.len()..].to_owned(), tensor.to_device(device)?);
        }
    }
    let source = Stoppable { tensors: own, cancel: cancel.clone() };
    Ok(VarBuilder::from_backend(Box::new(source), DType::F32, device.clone()))
}

/// Tensors by name, until someone says stop: a network asks for each of its own, which is when we look.
struct Stoppable {
    tensors: HashMap<String, Tensor>,
    cancel: CancelToken,
}

impl Stoppable {
    fn check(&self) -> candle_core::Result<()> {
        self.cancel.check().map_err(candle_core::Error::wrap)
    }
}

impl SimpleBackend for Stoppable {
    fn get(
        &self,
        shape: Shape,
        name: &str,
        init: Init,
        kind: DType,
        device: &Device,
    ) -> candle_core::Result<Tensor> {
        self.check()?;
        SimpleBackend::get(&self.tensors, shape, name, init, kind, device)
    }

    fn get_unchecked(&self, name: &str, kind: DType, device: &Device) -> candle_core::Result<Tensor> {
        self.check()?;
        self.tensors.get_unchecked(name, kind, device)
    }

    fn contains_tensor(&self, name: &str) -> bool {
        self.tensors.contains_tensor(name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hash_that_is_written_down_is_that_of_the_default_model() {
        let files = ModelFiles::builtin();
        assert_eq!(files.hash(), files.computed_hash(), "write the second one into BUILTIN_HASH");
        assert_eq!(builtin_card().id, files.id("any name"));
    }

    #[test]
    fn a_change_of_any_file_makes_another_model() {
        let files = ModelFiles {
            config: Cow::Borrowed(b"{}".as_slice()),
            weights: Cow::Borrowed(b"w".as_slice()),
            text: None,
            tokenizer: Cow::Borrowed(b"t".as_slice()),
        };
        let changes: [fn(&mut ModelFiles); 5] = [
            |files| files.config = Cow::Borrowed(b"{ }".as_slice()),
            |files| files.weights = Cow::Borrowed(b"x".as_slice()),
            |files| files.text = Some(Cow::Borrowed(b"".as_slice())),
            |files| files.tokenizer = Cow::Borrowed(b"".as_slice()),
            |files| {
                files.weights = Cow::Borrowed(b"wt".as_slice());
                files.tokenizer = Cow::Borrowed(b"".as_slice());
            },
        ];
        for (i, change) in changes.iter().enumerate() {
            let mut changed = files.clone();
            change(&mut changed);
            assert_ne!(changed.hash(), files.hash(), "change {i}");
        }
        assert_eq!(files.hash(), files.clone().hash());
    }
}
