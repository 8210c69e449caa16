//! Requests and model folders that cannot work: always an error of the right kind with a sentence that helps, never
//! a panic.

use crate::tiny_model;
use anyhow::Result;
use candle_core::{Device, Tensor};
use serde_json::{Value, json};
use std::borrow::Cow;
use std::panic::{AssertUnwindSafe, catch_unwind};
use straightshot_engine::limits::{
    MAX_GUIDANCE_SCALE, MAX_PROMPT_CHARS, MAX_SECONDS, MAX_STEPS, MAX_VARIATIONS, MIN_SECONDS,
};
use straightshot_engine::model::{CONFIG_FILE, ModelFiles, TOKENIZER_FILE, WEIGHTS_FILE};
use straightshot_engine::pipeline::{Generation, Generator};
use straightshot_engine::{Error, ErrorKind, weights};
use straightshot_protocol::{CancelToken, Request};

fn request() -> Request {
    Request { prompt: "rain".into(), seconds: 0.25, steps: 1, ..Default::default() }
}

fn generate(generator: &Generator, request: &Request) -> Result<Generation, Error> {
    generator.generate(request, &mut |_| (), &CancelToken::default())
}

/// Loads the files and makes a short sound; a panic fails the test with `what`.
fn try_files(what: &str, files: &ModelFiles) -> Result<(), Error> {
    let run = || generate(&Generator::with_threads(files, 1)?, &request()).map(|_| ());
    catch_unwind(AssertUnwindSafe(run)).unwrap_or_else(|_| panic!("{what}: a panic instead of an error"))
}

/// The files are refused as a bad model with a message that contains `word`.
fn assert_bad_model(what: &str, files: &ModelFiles, word: &str) {
    let error = try_files(what, files).expect_err(what);
    assert_eq!(error.kind(), ErrorKind::BadModel, "{what}: {}", error.detail());
    assert!(error.detail().contains(word), "{what}: {}", error.detail());
    assert!(error.to_string().len() > 20, "{what}: the message says too little: {error}");
}

#[test]
fn requests_out_of_range_are_refused_before_anything_runs() -> Result<()> {
    let generator = Generator::from_files(&tiny_model::files(1)?)?;
    let huge = "x".repeat(5_000);
    let bad: Vec<(&str, Request)> = vec![
        ("prompt", Request { prompt: String::new(), ..request() }),
        ("prompt", Request { prompt: " \t\r\n\u{3000}\u{a0}".into(), ..request() }),
        ("prompt", Request { prompt: huge.clone(), ..request() }),
        ("prompt", Request { prompt: "🔊".repeat(MAX_PROMPT_CHARS + 1), ..request() }),
        ("negative prompt", Request { negative_prompt: huge, ..request() }),
        ("steps", Request { steps: 0, ..request() }),
        ("steps", Request { steps: MAX_STEPS + 1, ..request() }),
        ("steps", Request { steps: u32::MAX, ..request() }),
        ("length", Request { seconds: MIN_SECONDS - 1e-9, ..request() }),
        ("length", Request { seconds: MAX_SECONDS + 1e-9, ..request() }),
        ("length", Request { seconds: -1.0, ..request() }),
        ("length", Request { seconds: f64::NAN, ..request() }),
        ("length", Request { seconds: f64::INFINITY, ..request() }),
        ("guidance", Request { guidance: -0.001, ..request() }),
        ("guidance", Request { guidance: MAX_GUIDANCE_SCALE + 0.001, ..request() }),
        ("guidance", Request { guidance: f32::NAN, ..request() }),
        ("guidance", Request { guidance: f32::NEG_INFINITY, ..request() }),
        ("width", Request { width: -0.01, ..request() }),
        ("width", Request { width: 1.01, ..request() }),
        ("width", Request { width: f32::NAN, ..request() }),
        ("variations", Request { variations: 0, ..request() }),
        ("variations", Request { variations: MAX_VARIATIONS + 1, ..request() }),
    ];
    for (field, bad) in bad {
        let mut reports = 0;
        let error =
            generator.generate(&bad, &mut |_| reports += 1, &CancelToken::default()).expect_err(field);
        assert_eq!(error.kind(), ErrorKind::InvalidRequest, "{field}");
        assert!(error.to_string().contains(field), "the message does not name the {field}: {error}");
        assert_eq!(reports, 0, "{field}: work was begun");
    }
    Ok(())
}

#[test]
fn requests_at_the_limits_are_accepted() -> Result<()> {
    let generator = Generator::from_files(&tiny_model::files(1)?)?;
    let limits = [
        Request { seconds: MIN_SECONDS, ..request() },
        Request { seconds: MAX_SECONDS, ..request() },
        Request { steps: MAX_STEPS, ..request() },
        Request { guidance: 0.0, ..request() },
        Request { width: 1.0, ..request() },
        Request { guidance: MAX_GUIDANCE_SCALE, ..request() },
        Request { variations: MAX_VARIATIONS, ..request() },
        Request { seed: u64::MAX, ..request() },
        Request { prompt: "rain ".repeat(MAX_PROMPT_CHARS / 5), ..request() },
    ];
    for limit in limits {
        let made = generate(&generator, &limit)?;
        assert!(made.clips.iter().all(|clip| clip.left().iter().all(|x| x.is_finite())), "{limit:?}");
    }
    Ok(())
}

#[test]
fn odd_prompts_make_sound() -> Result<()> {
    let generator = Generator::from_files(&tiny_model::files(1)?)?;
    let prompts = [
        "🚪💥 door slam".to_owned(),
        "\u{0}\u{1}\u{7f}rain\u{0}".to_owned(),
        // Nothing is left of it after cleaning.
        "\u{0}\u{1}\u{2}".to_owned(),
        "雨の音 шум дождя صوت المطر".to_owned(),
        "a\u{301}\u{302}\u{303}\u{304} \u{202e}niar\u{202c} \u{feff}\u{fffd}".to_owned(),
        "[CLS] [SEP] [PAD] [UNK] <|endoftext|>".to_owned(),
        "x".repeat(MAX_PROMPT_CHARS),
        "🌧".repeat(MAX_PROMPT_CHARS),
        ",".repeat(MAX_PROMPT_CHARS),
    ];
    for prompt in prompts {
        let request = Request { prompt, negative_prompt: "\u{0}🔇".into(), ..request() };
        let made = generate(&generator, &request)?;
        assert!(made.clips[0].left().iter().all(|x| x.is_finite()), "{:?}", request.prompt);
    }
    Ok(())
}

#[test]
fn missing_files_are_named() -> Result<()> {
    for name in [CONFIG_FILE, WEIGHTS_FILE, TOKENIZER_FILE] {
        let folder = tempfile::tempdir()?;
        tiny_model::write(folder.path(), 1)?;
        std::fs::remove_file(folder.path().join(name))?;
        let error = Generator::from_dir(folder.path()).expect_err(name);
        assert_eq!(error.kind(), ErrorKind::BadModel, "{name}");
        assert!(error.to_string().contains(name), "{error}");
    }
    Ok(())
}

#[test]
fn paths_that_are_no_model_folder_are_refused() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let nowhere = Generator::from_dir(&folder.path().join("nowhere")).expect_err("no folder");
    assert_eq!(nowhere.kind(), ErrorKind::BadModel);
    let file = folder.path().join("file");
    std::fs::write(&file, "a file")?;
    let error = Generator::from_dir(&file).expect_err("a file");
    assert!(matches!(error.kind(), ErrorKind::BadModel | ErrorKind::Io), "{:?}", error.kind());
    // A folder in the place of a file exists and still cannot be read.
    tiny_model::write(folder.path(), 1)?;
    std::fs::remove_file(folder.path().join(WEIGHTS_FILE))?;
    std::fs::create_dir(folder.path().join(WEIGHTS_FILE))?;
    let error = Generator::from_dir(folder.path()).expect_err("a folder instead of weights");
    assert_eq!(error.kind(), ErrorKind::Io);
    assert!(error.to_string().contains(WEIGHTS_FILE), "{error}");
    Ok(())
}

#[test]
fn weights_cut_off_anywhere_are_a_bad_model() -> Result<()> {
    let files = tiny_model::files(1)?;
    let n = files.weights.len();
    let header = u64::from_le_bytes(files.weights[..8].try_into()?) as usize + 8;
    let mut cuts: Vec<usize> = (0..60).map(|i| n * i / 60).collect();
    cuts.extend([1, 7, 8, 9, header - 1, header, header + 1, n - 1]);
    for keep in cuts {
        let cut = ModelFiles { weights: Cow::Owned(files.weights[..keep].to_vec()), ..files.clone() };
        assert_bad_model(&format!("{keep} of {n} bytes"), &cut, "weights");
    }
    Ok(())
}

#[test]
fn damaged_weights_never_panic() -> Result<()> {
    let files = tiny_model::files(1)?;
    let header = u64::from_le_bytes(files.weights[..8].try_into()?) as usize + 8;
    // Every 97th byte of the header, and some of the data behind it, one at a time.
    for at in (0..header).step_by(97).chain((header..files.weights.len()).step_by(1009)) {
        let mut weights = files.weights.to_vec();
        weights[at] ^= 0x55;
        let damaged = ModelFiles { weights: Cow::Owned(weights), ..files.clone() };
        // A changed value may still make sound; a changed header must not.
        if let Err(error) = try_files(&format!("byte {at}"), &damaged) {
            assert!(
                matches!(error.kind(), ErrorKind::BadModel | ErrorKind::Compute),
                "byte {at}: {}",
                error.detail()
            );
        }
    }
    for (what, weights) in [("empty", vec![]), ("zeros", vec![0; 4096]), ("ones", vec![0xff; 4096])] {
        assert_bad_model(what, &ModelFiles { weights: Cow::Owned(weights), ..files.clone() }, "weights");
    }
    Ok(())
}

#[test]
fn weights_that_are_not_numbers_are_a_bad_model() -> Result<()> {
    for (name, value) in [
        ("flow.input.weight", f32::NAN),
        ("flow.blocks.1.attention.gate", f32::INFINITY),
        ("codec.decoder.norm.bias", f32::NEG_INFINITY),
        ("text.embeddings.LayerNorm.weight", f32::NAN),
    ] {
        let mut tensors = tiny_model::tensors(1)?;
        let shape = tensors[name].shape().clone();
        let mut values = tensors[name].flatten_all()?.to_vec1::<f32>()?;
        values[0] = value;
        tensors.insert(name.into(), Tensor::from_vec(values, shape, &Device::Cpu)?);
        assert_bad_model(name, &tiny_model::files_with(&tensors)?, "not numbers");
        // Nor are they written: rounding to bytes would hide them.
        let folder = tempfile::tempdir()?;
        let error = weights::pack(&tensors, &folder.path().join(WEIGHTS_FILE)).expect_err(name);
        assert!(error.to_string().contains(name), "{error}");
    }
    Ok(())
}

#[test]
fn weights_too_large_to_compute_with_are_an_error() -> Result<()> {
    let mut tensors = tiny_model::tensors(1)?;
    for tensor in tensors.values_mut() {
        *tensor = (tensor.ones_like()? * 60_000.0)?;
    }
    let error =
        try_files("huge weights", &tiny_model::files_with(&tensors)?).expect_err("nothing finite comes out");
    assert_eq!(error.kind(), ErrorKind::Compute);
    Ok(())
}

#[test]
fn missing_tensors_and_wrong_shapes_are_a_bad_model() -> Result<()> {
    let names = [
        "flow.blocks.2.modulation.bias",
        "flow.output.weight",
        "codec.decoder.blocks.1.layer_scale",
        "codec.latent_std",
        "text.embeddings.word_embeddings.weight",
        "text.encoder.layer.1.output.dense.weight",
    ];
    for name in names {
        let mut tensors = tiny_model::tensors(1)?;
        let tensor = tensors.remove(name).expect("the name of a tensor");
        assert_bad_model(&format!("{name} missing"), &tiny_model::files_with(&tensors)?, "");
        let longer = tensor.pad_with_zeros(0, 0, 1)?;
        tensors.insert(name.into(), longer);
        assert_bad_model(&format!("{name} too long"), &tiny_model::files_with(&tensors)?, "");
        tensors.insert(name.into(), tensor.unsqueeze(0)?);
        assert_bad_model(&format!("{name} of another rank"), &tiny_model::files_with(&tensors)?, "");
    }
    Ok(())
}

/// The tiny model with its configuration changed at a JSON pointer.
fn with_config(pointer: &str, value: Value) -> Result<ModelFiles> {
    let files = tiny_model::files(1)?;
    let mut config: Value = serde_json::from_slice(&files.config)?;
    *config.pointer_mut(pointer).expect("a field of the configuration") = value;
    Ok(ModelFiles { config: Cow::Owned(serde_json::to_vec(&config)?), ..files })
}

#[test]
fn wrong_config_fields_are_a_bad_model() -> Result<()> {
    let bad = [
        ("/format", json!(0), "format"),
        ("/format", json!(1), "format"),
        ("/codec/sample_rate_hz", json!(0), "sample_rate_hz"),
        ("/codec/sample_rate_hz", json!(-44_100), ""),
        ("/codec/n_fft", json!(0), "n_fft"),
        ("/codec/n_fft", json!(63), "n_fft"),
        ("/codec/n_fft", json!(usize::MAX), "n_fft"),
        ("/codec/hop_length", json!(0), "hop_length"),
        ("/codec/hop_length", json!(24), "hop_length"),
        ("/codec/band_channels", json!(0), "band_channels"),
        ("/codec/band_channels", json!(usize::MAX), "band_channels"),
        ("/codec/band_channels", json!(7), ""),
        ("/codec/bands", json!([]), "bands"),
        ("/codec/bands/0/bins", json!(9), "bands"),
        ("/codec/bands/0/bands", json!(0), "bands"),
        ("/codec/bands/1/bands", json!(usize::MAX), "bands"),
        ("/codec/expansion", json!(0), "width"),
        ("/codec/expansion", json!(usize::MAX), "width"),
        ("/codec/decoder_blocks", json!(3), ""),
        ("/codec/decoder_blocks", json!(usize::MAX), "block count"),
        ("/flow/dim", json!(17), "flow.dim"),
        ("/flow/dim", json!(0), "flow"),
        ("/flow/heads", json!(0), "flow.heads"),
        ("/flow/heads", json!(16), "flow.heads"),
        ("/flow/heads", json!(usize::MAX), "flow.heads"),
        ("/flow/blocks", json!(0), "flow"),
        ("/flow/blocks", json!(4), ""),
        ("/flow/feed_forward", json!("many"), ""),
        ("/text/num_attention_heads", json!(0), "num_attention_heads"),
        ("/text/num_attention_heads", json!(5), "num_attention_heads"),
        ("/text/hidden_size", json!(0), ""),
        ("/text/num_hidden_layers", json!(3), ""),
        ("/text/num_hidden_layers", json!(usize::MAX), ""),
        ("/text/vocab_size", json!(5), ""),
        ("/text/max_tokens", json!(1), "max_tokens"),
        ("/text/max_tokens", json!(33), "max_tokens"),
        ("/text/max_position_embeddings", json!(usize::MAX), ""),
        ("/learnt_guidance/flow", json!(0.0), "learnt_guidance"),
        ("/learnt_guidance/one_step", json!(16.0), "learnt_guidance"),
        ("/learnt_guidance", json!({ "flow": 3.0 }), ""),
        ("/name", json!(null), ""),
        ("/codec", json!([]), ""),
    ];
    for (pointer, value, word) in bad {
        let what = format!("{pointer} = {value}");
        assert_bad_model(&what, &with_config(pointer, value)?, word);
    }
    Ok(())
}

#[test]
fn foreign_json_is_a_bad_model() -> Result<()> {
    let files = tiny_model::files(1)?;
    let foreign: [&[u8]; 9] = [
        b"",
        b"null",
        b"{}",
        b"[1, 2, 3]",
        b"{\"architectures\": [\"BertModel\"], \"hidden_size\": 384}",
        b"{\"format\": 1, \"name\": \"cut off",
        b"\xff\xfe\x00{",
        b"RIFF\x00\x00\x00\x00WAVEfmt ",
        &[b'['; 100_000],
    ];
    for json in foreign {
        let what = String::from_utf8_lossy(&json[..json.len().min(40)]).into_owned();
        let config = ModelFiles { config: Cow::Borrowed(json), ..files.clone() };
        assert_bad_model(&format!("configuration {what}"), &config, "config.json");
        let tokenizer = ModelFiles { tokenizer: Cow::Borrowed(json), ..files.clone() };
        assert_bad_model(&format!("tokenizer {what}"), &tokenizer, "tokenizer.json");
    }
    // A field that this version does not know.
    let mut config: Value = serde_json::from_slice(&files.config)?;
    config["flow"]["mixture_of_experts"] = json!(8);
    let unknown = ModelFiles { config: Cow::Owned(serde_json::to_vec(&config)?), ..files };
    assert_bad_model("unknown field", &unknown, "mixture_of_experts");
    Ok(())
}

#[test]
fn a_tokenizer_with_more_words_than_the_encoder_is_a_bad_model() -> Result<()> {
    let mut vocabulary = tiny_model::VOCABULARY.to_vec();
    vocabulary.extend(["thunder", "lightning"]);
    let files =
        ModelFiles { tokenizer: Cow::Owned(tiny_model::tokenizer(&vocabulary)), ..tiny_model::files(1)? };
    assert_bad_model("two words too many", &files, "tokenizer.json");
    Ok(())
}

#[test]
fn a_tokenizer_that_adds_no_marks_is_an_error_and_no_panic() -> Result<()> {
    let files = tiny_model::files(1)?;
    let mut tokenizer: Value = serde_json::from_slice(&files.tokenizer)?;
    tokenizer["post_processor"] = Value::Null;
    let files = ModelFiles { tokenizer: Cow::Owned(serde_json::to_vec(&tokenizer)?), ..files };
    // The empty negative prompt then has no token at all.
    let error = try_files("no marks", &files).expect_err("a text without tokens");
    assert!(matches!(error.kind(), ErrorKind::BadModel | ErrorKind::Compute), "{}", error.detail());
    Ok(())
}

#[test]
fn a_codec_whose_longest_clip_has_too_many_tokens_is_refused_at_load() -> Result<()> {
    // 62.5 tokens per second, twice as many as there may be.
    assert_bad_model("hop of 16", &with_config("/codec/hop_length", json!(16))?, "hop_length");
    Ok(())
}

#[test]
fn masks_with_holes_are_refused() -> Result<()> {
    for mask in [[0f32, 1.0, 1.0], [1.0, 0.0, 1.0]] {
        let mask = Tensor::new(&[mask], &Device::Cpu)?;
        assert!(straightshot_engine::nn::ops::KeyLengths::from_mask(&mask).is_err(), "{mask}");
    }
    Ok(())
}
