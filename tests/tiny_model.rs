//! A whole model of random weights, small enough to load and generate in milliseconds.

use anyhow::Result;
use candle_core::{DType, Device, Tensor};
use candle_nn::{VarBuilder, VarMap};
use serde_json::json;
use std::borrow::Cow;
use std::collections::HashMap;
use std::path::Path;
use straightshot_engine::codec::Codec;
use straightshot_engine::config::Sampler;
use straightshot_engine::config::{
    BandGroup, CodecConfig, FORMAT_VERSION, FlowConfig, LearntGuidance, LevelsConfig, ModelConfig, TextConfig,
};
use straightshot_engine::flow::Transformer;
use straightshot_engine::model::{CONFIG_FILE, ModelFiles, TOKENIZER_FILE, WEIGHTS_FILE};
use straightshot_engine::rng::{Noise, Stream};
use straightshot_engine::text::TextEncoder;
use straightshot_engine::weights;

/// Word pieces of the tiny tokenizer; the special ones come first.
pub(crate) const VOCABULARY: &[&str] = &[
    "[PAD]", "[UNK]", "[CLS]", "[SEP]", "glass", "bottle", "smash", "##ing", "rain", "on", "a", "stone",
    "door", "wind", ",", "##s",
];

/// Sizes: 8 kHz, 31 tokens per second, a few thousand parameters.
pub(crate) fn config() -> ModelConfig {
    ModelConfig {
        format: FORMAT_VERSION,
        name: "tiny".into(),
        codec: CodecConfig {
            sample_rate_hz: 8_000,
            n_fft: 64,
            hop_length: 32,
            bands: vec![BandGroup { bands: 2, bins: 8 }, BandGroup { bands: 1, bins: 16 }],
            band_channels: 2,
            dim: 10,
            mix_dim: 3,
            encoder_blocks: 1,
            decoder_blocks: 2,
            expansion: 2,
            levels: None,
            partials: None,
        },
        flow: FlowConfig { dim: 16, blocks: 3, heads: 2, feed_forward: 24, curves: false },
        text: TextConfig {
            hidden_size: 12,
            num_hidden_layers: 2,
            num_attention_heads: 3,
            intermediate_size: 20,
            vocab_size: VOCABULARY.len(),
            max_position_embeddings: 32,
            max_tokens: 24,
        },
        sampler: Sampler::default(),
        learnt_guidance: LearntGuidance::default(),
        few_steps: 1,
        plans_timing: false,
    }
}

/// Levels for a codec of those sizes.
pub(crate) fn levels() -> LevelsConfig {
    LevelsConfig {
        n_fft: 16,
        hop_length: 8,
        bands: vec![1, 2, 6],
        features: 2,
        noise: 3,
        hidden: 12,
        in_latent: 0,
    }
}

/// A `tokenizer.json` in the form BERT models are published with, fixed-length padding included.
pub(crate) fn tokenizer(vocabulary: &[&str]) -> Vec<u8> {
    let ids: HashMap<&str, usize> = vocabulary.iter().enumerate().map(|(i, &word)| (word, i)).collect();
    let special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]"].map(|word| {
        json!({ "id": ids[word], "content": word, "single_word": false, "lstrip": false, "rstrip": false,
                "normalized": false, "special": true })
    });
    let json = json!({
        "version": "1.0",
        "truncation": null,
        "padding": { "strategy": { "Fixed": 28 }, "direction": "Right", "pad_to_multiple_of": null,
                     "pad_id": ids["[PAD]"], "pad_type_id": 0, "pad_token": "[PAD]" },
        "added_tokens": special,
        "normalizer": { "type": "BertNormalizer", "clean_text": true, "handle_chinese_chars": true,
                        "strip_accents": null, "lowercase": true },
        "pre_tokenizer": { "type": "BertPreTokenizer" },
        "post_processor": { "type": "BertProcessing", "sep": ["[SEP]", ids["[SEP]"]], "cls": ["[CLS]", ids["[CLS]"]] },
        "decoder": { "type": "WordPiece", "prefix": "##", "cleanup": true },
        "model": { "type": "WordPiece", "unk_token": "[UNK]", "continuing_subword_prefix": "##",
                   "max_input_chars_per_word": 100, "vocab": ids },
    });
    json.to_string().into_bytes()
}

/// Random weights of every network by their names in a model folder; equal seeds give equal weights.
pub(crate) fn tensors(seed: u64) -> Result<HashMap<String, Tensor>> {
    let config = config();
    let map = VarMap::new();
    let vb = VarBuilder::from_varmap(&map, DType::F32, &Device::Cpu);
    TextEncoder::new(&config.text, &tokenizer(VOCABULARY), vb.pp("text"))?;
    Transformer::new(&config.flow, config.codec.latent_channels(), config.text.hidden_size, &vb.pp("flow"))?;
    Codec::new(&config.codec, true, &vb.pp("codec"))?;
    randomise(&map, seed)
}

/// Replaces every variable by random values, layers that start at zero included: matrices keep the variance of
/// what passes through, vectors stay near their usual zero or one.
pub(crate) fn randomise(map: &VarMap, seed: u64) -> Result<HashMap<String, Tensor>> {
    let vars = map.data().lock().expect("no other thread holds the map");
    let mut names: Vec<&String> = vars.keys().collect();
    names.sort();
    let mut random = Noise::new(seed, Stream::Training);
    for name in names {
        let var = &vars[name];
        let noise = random.normal_tensor(var.shape().clone(), &Device::Cpu)?;
        let value = if name.contains("embeddings.word") {
            noise
        } else if var.rank() > 1 {
            (noise * (1.0 / var.dim(0)? as f64).sqrt())?
        } else {
            let scaling =
                ["norm.weight", "LayerNorm.weight", "latent_std"].iter().any(|end| name.ends_with(end));
            // Gates and layer scales start near zero: give them room, so that no part of the network is idle.
            let open = ["gate", "layer_scale"].iter().any(|end| name.ends_with(end));
            let usual = if scaling || open { 1.0 } else { 0.0 };
            ((noise * 0.2)? + usual)?
        };
        var.set(&value)?;
    }
    Ok(vars.iter().map(|(name, var)| (name.clone(), var.as_tensor().clone())).collect())
}

/// Writes the three files of the model into `folder`.
pub(crate) fn write(folder: &Path, seed: u64) -> Result<()> {
    std::fs::write(folder.join(CONFIG_FILE), serde_json::to_vec(&config())?)?;
    std::fs::write(folder.join(TOKENIZER_FILE), tokenizer(VOCABULARY))?;
    weights::pack(&tensors(seed)?, &folder.join(WEIGHTS_FILE))?;
    Ok(())
}

/// The model's files in memory.
pub(crate) fn files(seed: u64) -> Result<ModelFiles> {
    let folder = tempfile::tempdir()?;
    write(folder.path(), seed)?;
    Ok(ModelFiles::from_dir(folder.path())?)
}

/// The model's files with other weights, stored in full precision.
pub(crate) fn files_with(tensors: &HashMap<String, Tensor>) -> Result<ModelFiles> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join(WEIGHTS_FILE);
    candle_core::safetensors::save(tensors, &path)?;
    Ok(ModelFiles { weights: Cow::Owned(std::fs::read(path)?), ..files(1)? })
}
