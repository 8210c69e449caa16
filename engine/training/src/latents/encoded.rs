//! Encoded clips and captions in a folder, so that the stages of a recipe do not each encode them again.
//!
//! | file | what |
//! |---|---|
//! | `clips.safetensors` | `latents` `[all tokens, channels]`, `peaks` `[all tokens]` (negative where not known), `tokens` and `weights` `[clips]`, `silence` `[channels]`; captions per clip and what they were made from in the metadata |
//! | `texts.safetensors` | captions and their features |

use super::{Example, FlowData};
use crate::curves::Measured;
use crate::files::{self, bad, unwritable};
use candle_core::{DType, Device, Tensor};
use std::collections::HashMap;
use std::path::Path;
use straightshot_engine::error::Result;
use straightshot_engine::flow::curves::LOUDNESS_PER_TOKEN;

const CLIPS_FILE: &str = "clips.safetensors";
const TEXTS_FILE: &str = "texts.safetensors";
const CAPTIONS_KEY: &str = "captions";
const SOURCE_KEY: &str = "source";

impl FlowData {
    /// Writes what was encoded from `source` (any words that name codec, text encoder and clips) to `folder`.
    ///
    /// # Errors
    /// [`straightshot_engine::ErrorKind::Io`] if it cannot be written.
    pub fn save(&self, folder: &Path, source: &str) -> Result<()> {
        std::fs::create_dir_all(folder).map_err(|e| unwritable(folder, e))?;
        let texts = self.texts.iter().map(|(caption, features)| (caption.as_str(), features));
        files::write_captions(&folder.join(TEXTS_FILE), texts)?;
        let channels = self.channels();
        let tokens = |e: &Example| e.latent.len() / channels;
        let latents: Vec<f32> = self.examples.iter().flat_map(|e| e.latent.iter().copied()).collect();
        let rows = latents.len() / channels;
        let known = |e: &Example| if e.peaks.is_empty() { vec![-1.0; tokens(e)] } else { e.peaks.clone() };
        let peaks: Vec<f32> = self.examples.iter().flat_map(known).collect();
        let of =
            |curve: &dyn Fn(&Example) -> Vec<f32>| self.examples.iter().flat_map(curve).collect::<Vec<f32>>();
        let filled = |curve: &[f32], n: usize| if curve.is_empty() { vec![-1.0; n] } else { curve.to_vec() };
        let loudness = of(&|e| filled(&e.curves.loudness, tokens(e) * LOUDNESS_PER_TOKEN));
        let centroids = of(&|e| filled(&e.curves.centroid_hz, tokens(e)));
        let counts: Vec<u32> = self.examples.iter().map(|e| tokens(e) as u32).collect();
        let weights: Vec<f64> = self.examples.iter().map(|e| e.weight).collect();
        let n = self.examples.len();
        let tensors = [
            ("latents".to_owned(), Tensor::from_vec(latents, (rows, channels), &Device::Cpu)?),
            ("peaks".to_owned(), Tensor::from_vec(peaks, rows, &Device::Cpu)?),
            ("loudness".to_owned(), Tensor::from_vec(loudness, (rows, LOUDNESS_PER_TOKEN), &Device::Cpu)?),
            ("centroids".to_owned(), Tensor::from_vec(centroids, rows, &Device::Cpu)?),
            ("tokens".to_owned(), Tensor::from_vec(counts, n, &Device::Cpu)?),
            ("weights".to_owned(), Tensor::from_vec(weights, n, &Device::Cpu)?),
            ("silence".to_owned(), Tensor::from_slice(&self.silence, channels, &Device::Cpu)?),
        ];
        let captions: Vec<&Vec<String>> = self.examples.iter().map(|e| &e.captions).collect();
        let path = folder.join(CLIPS_FILE);
        let captions = serde_json::to_string(&captions).map_err(|e| unwritable(&path, e))?;
        let metadata =
            HashMap::from([(CAPTIONS_KEY.to_owned(), captions), (SOURCE_KEY.to_owned(), source.to_owned())]);
        // Last: a folder with this file is complete.
        files::write(&path, &tensors, Some(metadata))
    }

    /// Reads what [`Self::save`] wrote, or `None` if there is nothing yet.
    ///
    /// # Errors
    /// [`straightshot_engine::ErrorKind::BadData`] if a file is damaged or was made from another `source`.
    pub fn load(folder: &Path, source: &str) -> Result<Option<Self>> {
        let path = folder.join(CLIPS_FILE);
        if !path.exists() {
            return Ok(None);
        }
        let damaged = || bad(&path, "does not hold encoded clips");
        let bytes = std::fs::read(&path).map_err(|e| damaged().with_source(e))?;
        if files::metadata(&bytes, SOURCE_KEY).ok_or_else(damaged)? != source {
            return Err(bad(folder, "was encoded from other clips or by other networks"));
        }
        let captions: Vec<Vec<String>> = files::metadata(&bytes, CAPTIONS_KEY)
            .and_then(|captions| serde_json::from_str(&captions).ok())
            .ok_or_else(damaged)?;
        let tensors = candle_core::safetensors::load_buffer(&bytes, &Device::Cpu)
            .map_err(|e| damaged().with_source(e))?;
        let get = |name: &str| tensors.get(name).ok_or_else(damaged);
        let floats = |name: &str| -> Result<Vec<f32>> { Ok(get(name)?.flatten_all()?.to_vec1()?) };
        let (latents, peaks, silence) = (floats("latents")?, floats("peaks")?, floats("silence")?);
        let (loudness, centroids) = (floats("loudness")?, floats("centroids")?);
        let tokens: Vec<i64> = get("tokens")?.to_dtype(DType::I64)?.to_vec1()?;
        let weights: Vec<f64> = get("weights")?.to_vec1()?;
        let tokens: Vec<usize> = tokens.into_iter().filter_map(|n| usize::try_from(n).ok()).collect();
        let rows = tokens.iter().try_fold(0usize, |sum, &n| sum.checked_add(n)).ok_or_else(damaged)?;
        let fits = (captions.len(), weights.len(), peaks.len(), centroids.len())
            == (tokens.len(), tokens.len(), rows, rows)
            && Some(latents.len()) == rows.checked_mul(silence.len())
            && Some(loudness.len()) == rows.checked_mul(LOUDNESS_PER_TOKEN);
        if !fits {
            return Err(damaged());
        }
        let (mut latents, mut peaks) = (latents.as_slice(), peaks.as_slice());
        let (mut loudness, mut centroids) = (loudness.as_slice(), centroids.as_slice());
        let known =
            |values: &[f32]| if values.iter().all(|&v| v >= 0.0) { values.to_vec() } else { Vec::new() };
        let mut examples = Vec::new();
        for ((n, captions), weight) in tokens.into_iter().zip(captions).zip(weights) {
            let (latent, other_latents) = latents.split_at(n * silence.len());
            let (own_peaks, other_peaks) = peaks.split_at(n);
            let (own_loudness, other_loudness) = loudness.split_at(n * LOUDNESS_PER_TOKEN);
            let (own_centroids, other_centroids) = centroids.split_at(n);
            (latents, peaks) = (other_latents, other_peaks);
            (loudness, centroids) = (other_loudness, other_centroids);
            let curves = Measured { loudness: known(own_loudness), centroid_hz: known(own_centroids) };
            examples.push(Example {
                latent: latent.to_vec(),
                captions,
                peaks: known(own_peaks),
                weight,
                curves,
            });
        }
        let texts = files::read_captions(&folder.join(TEXTS_FILE))?.into_iter().collect();
        Self::from_parts(examples, texts, silence).map(Some)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::batch::Features;

    fn data() -> FlowData {
        let captions = |words: &[&str]| words.iter().map(|&w| w.to_owned()).collect();
        let examples = vec![
            Example {
                latent: (0..6u8).map(f32::from).collect(),
                captions: captions(&["dog", "bark"]),
                peaks: vec![0.5, 0.25, 0.125],
                weight: 0.3,
                curves: Measured { loudness: vec![0.25; 12], centroid_hz: vec![100.0, 200.0, 300.0] },
            },
            Example {
                latent: vec![-1.0; 4],
                captions: captions(&["rain"]),
                peaks: Vec::new(),
                weight: 1.0,
                curves: Measured::default(),
            },
        ];
        let texts = ["", "dog", "bark", "rain"].map(|caption| {
            let tokens = vec![caption.len() as f32; 6];
            (caption.to_owned(), Features { tokens, count: 2, pooled: vec![1.0, 2.0, 3.0] })
        });
        FlowData::from_parts(examples, texts.into(), vec![0.0, 9.0]).unwrap()
    }

    #[test]
    fn what_was_encoded_comes_back_and_other_sources_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        assert!(FlowData::load(folder.path(), "clips").unwrap().is_none());
        data().save(folder.path(), "clips").unwrap();
        let back = FlowData::load(folder.path(), "clips").unwrap().unwrap();
        assert_eq!(format!("{:?}", back.examples), format!("{:?}", data().examples));
        assert_eq!(
            (&back.texts, &back.silence, &back.reach),
            (&data().texts, &data().silence, &data().reach)
        );
        let other = FlowData::load(folder.path(), "other clips").unwrap_err();
        assert!(other.to_string().contains("other clips or by other networks"), "{other}");
        let path = folder.path().join(CLIPS_FILE);
        let bytes = std::fs::read(&path).unwrap();
        std::fs::write(&path, &bytes[..bytes.len() - 8]).unwrap();
        assert!(FlowData::load(folder.path(), "clips").is_err());
    }
}
