//! The plugin's saved state, taken apart and put together without the plugin's own code.
//!
//! CLAP: a little-endian `u64` length, then JSON `{"version":…,"params":{…},"fields":{"session":"…"}}`, where
//! `session` is JSON in a string, and so is `arrangement` beside it. Written down here a second time on purpose: projects saved by a released version
//! must open for ever, so a change of format must make a test fail.

use anyhow::{Context, Result, ensure};
use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use flac_codec::decode::{FlacSampleReader, Metadata as _};
use flate2::Compression;
use flate2::read::{DeflateDecoder, DeflateEncoder};
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};
use std::io::Read;

/// A saved state.
#[derive(Debug, Clone, PartialEq)]
pub struct PluginState {
    /// Version of the plugin that saved it.
    pub version: String,
    /// Parameter values by id, each wrapped in its type: `{"steps": {"i32": 4}}`.
    pub params: Map<String, Value>,
    /// Prompt, takes and unfinished job.
    pub session: Value,
    /// What is arranged about playing that is no parameter; null in the projects of before.
    pub arrangement: Value,
}

/// The sound of one take in a saved state.
#[derive(Debug, Clone, PartialEq)]
pub struct Take {
    /// Mono samples.
    pub samples: Vec<f32>,
    /// Their rate in Hz.
    pub sample_rate_hz: u32,
    /// What it was made from.
    pub request: Value,
}

impl PluginState {
    /// Takes the bytes of a CLAP state apart.
    ///
    /// # Errors
    /// If they are not as documented.
    pub fn from_clap(bytes: &[u8]) -> Result<Self> {
        let (length, json) =
            bytes.split_first_chunk().context("the state is shorter than its length field")?;
        ensure!(u64::from_le_bytes(*length) == json.len() as u64, "the state's length field is wrong");
        Self::from_json(json)
    }

    /// Takes the JSON of a state apart (VST3 saves it without a length).
    ///
    /// # Errors
    /// If it is not as documented.
    pub fn from_json(json: &[u8]) -> Result<Self> {
        let mut state: Value = serde_json::from_slice(json).context("the state is no JSON")?;
        let session = state["fields"]["session"].as_str().context("the state has no session")?;
        let session = serde_json::from_str(session).context("the session is no JSON")?;
        let arrangement = match state["fields"]["arrangement"].as_str() {
            Some(text) => serde_json::from_str(text).context("the arrangement is no JSON")?,
            None => Value::Null,
        };
        let version = state["version"].as_str().context("the state has no version")?.to_owned();
        let Value::Object(params) = state["params"].take() else {
            anyhow::bail!("the state has no parameters")
        };
        Ok(Self { version, params, session, arrangement })
    }

    /// The bytes of a CLAP state.
    ///
    /// # Errors
    /// If the JSON cannot be written, which takes a number that is not finite.
    pub fn to_clap(&self) -> Result<Vec<u8>> {
        let json = self.to_json()?;
        let mut bytes = (json.len() as u64).to_le_bytes().to_vec();
        bytes.extend(json);
        Ok(bytes)
    }

    /// The JSON of the state.
    ///
    /// # Errors
    /// Like [`PluginState::to_clap`].
    pub fn to_json(&self) -> Result<Vec<u8>> {
        let mut fields = json!({ "session": serde_json::to_string(&self.session)? });
        if !self.arrangement.is_null() {
            fields["arrangement"] = json!(serde_json::to_string(&self.arrangement)?);
        }
        let state = json!({ "version": self.version, "params": self.params, "fields": fields });
        Ok(serde_json::to_vec(&state)?)
    }

    /// Makes `request` the unfinished job and sets the prompt and the parameters to it, as if the user had asked
    /// for it and saved at once.
    pub fn ask_for(&mut self, request: &Value) {
        self.session["prompt"] = request["prompt"].clone();
        self.session["negative_prompt"] = request["negative_prompt"].clone();
        self.session["pending"] = request.clone();
        for (param, field, kind) in [
            ("steps", "steps", "i32"),
            ("seed", "seed", "i32"),
            ("guidance", "guidance", "f32"),
            ("length", "seconds", "f32"),
        ] {
            self.params.insert(param.to_owned(), json!({ kind: request[field] }));
        }
    }

    /// Replaces all takes by one of the given sound, which becomes the active one.
    ///
    /// # Errors
    /// If the sound cannot be compressed.
    pub fn set_take(&mut self, samples: &[f32], sample_rate_hz: u32) -> Result<()> {
        self.session["takes"] = json!([{
            "id": 1,
            "name": "test",
            "request": request("test", 1, 0.25, 1),
            "sample_rate_hz": sample_rate_hz,
            "model": "test",
            "audio": encode_audio(samples)?,
        }]);
        self.session["active_take"] = json!(1);
        Ok(())
    }

    /// The active take.
    ///
    /// # Errors
    /// If there is none or its audio is damaged.
    pub fn active_take(&self) -> Result<Take> {
        let id = &self.session["active_take"];
        ensure!(!id.is_null(), "the session has no active take");
        let entries = self.session["takes"].as_array().context("the session has no list of takes")?;
        let take = entries.iter().find(|take| take["id"] == *id);
        Take::from_entry(take.context("the active take is not in the list")?)
    }

    /// All takes, oldest first.
    ///
    /// # Errors
    /// If there is no list or the audio of one is damaged or not in the project.
    pub fn takes(&self) -> Result<Vec<Take>> {
        let entries = self.session["takes"].as_array().context("the session has no list of takes")?;
        entries.iter().map(Take::from_entry).collect()
    }
}

impl Take {
    /// The take of an entry of the list, in the form of either version of the document.
    fn from_entry(take: &Value) -> Result<Self> {
        let (samples, rate) = match take["audio"].as_str() {
            Some(text) => {
                let rate = take["sample_rate_hz"].as_u64().context("the take has no sample rate")?;
                (decode_audio(text)?, u32::try_from(rate)?)
            }
            None => decode_flac(&take["sound"])?,
        };
        Ok(Self { samples, sample_rate_hz: rate, request: take["request"].clone() })
    }
}

/// A request as the session spells it, with a guidance of 3.
#[must_use]
pub fn request(prompt: &str, steps: u32, seconds: f64, seed: u32) -> Value {
    json!({
        "prompt": prompt,
        "negative_prompt": "",
        "steps": steps,
        "guidance": 3.0,
        "seed": seed,
        "seconds": seconds,
    })
}

/// Deflated little-endian samples in base64, the form of document version 1.
///
/// # Errors
/// If compressing fails.
pub fn encode_audio(samples: &[f32]) -> Result<String> {
    let bytes: Vec<u8> = samples.iter().flat_map(|sample| sample.to_le_bytes()).collect();
    let mut deflated = Vec::new();
    DeflateEncoder::new(&bytes[..], Compression::fast()).read_to_end(&mut deflated)?;
    Ok(BASE64.encode(deflated))
}

/// The mono samples and the rate of a sound of document version 2, whose FLAC the project holds.
#[expect(clippy::cast_precision_loss, reason = "24 bits are what an f32 holds exactly")]
fn decode_flac(sound: &Value) -> Result<(Vec<f32>, u32)> {
    let text = sound["flac"].as_str().context("the project does not hold the sound of the take")?;
    let bytes = BASE64.decode(text).context("the sound is no base64")?;
    let hash: String = Sha256::digest(&bytes).iter().map(|byte| format!("{byte:02x}")).collect();
    ensure!(sound["hash"] == *hash, "the sound has another hash than the project says");
    let mut reader = FlacSampleReader::new(&bytes[..])?;
    ensure!(
        reader.channel_count() == 1 && reader.bits_per_sample() == 24,
        "the sound is not mono in 24 bits"
    );
    let rate = reader.sample_rate();
    let mut whole = Vec::new();
    reader.read_to_end(&mut whole)?;
    Ok((whole.into_iter().map(|sample| sample as f32 / (1_u32 << 23) as f32).collect(), rate))
}

/// The reverse of [`encode_audio`].
fn decode_audio(text: &str) -> Result<Vec<f32>> {
    let deflated = BASE64.decode(text).context("the audio is no base64")?;
    let mut bytes = Vec::new();
    DeflateDecoder::new(&deflated[..]).read_to_end(&mut bytes).context("the audio cannot be inflated")?;
    let (samples, rest) = bytes.as_chunks::<4>();
    ensure!(rest.is_empty(), "the audio ends within a sample");
    Ok(samples.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect())
}
