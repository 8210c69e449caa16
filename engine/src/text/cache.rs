//! Features of the texts that were encoded last.

use crate::error::Result;
use crate::text::TextCondition;
use std::sync::{Mutex, PoisonError};

/// Texts whose features are kept: prompt and negative prompt of a few instances. The longest prompt takes 0.2 MB.
const CAPACITY: usize = 16;

/// Keeps the features of the last [`CAPACITY`] texts, so that a sound that is made at several step counts, or with
/// several seeds, has its prompt encoded once.
///
/// A text is encoded by itself, never in a batch with others, so that what is kept equals what would be computed.
#[derive(Debug, Default)]
pub(crate) struct TextCache {
    /// Most recently used last.
    entries: Mutex<Vec<(String, TextCondition)>>,
}

impl TextCache {
    /// The features of `text`, from `encode` if they are not kept.
    ///
    /// # Errors
    /// Those of `encode`; nothing is kept then.
    pub(crate) fn get(
        &self,
        text: &str,
        encode: impl FnOnce(&str) -> Result<TextCondition>,
    ) -> Result<TextCondition> {
        if let Some(kept) = self.recall(text) {
            return Ok(kept);
        }
        // Not under the lock: another instance's short prompt need not wait for this one.
        let features = encode(text)?;
        let mut entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        if entries.len() >= CAPACITY {
            entries.remove(0);
        }
        entries.push((text.to_owned(), features.clone()));
        Ok(features)
    }

    fn recall(&self, text: &str) -> Option<TextCondition> {
        let mut entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        let index = entries.iter().position(|(kept, _)| kept == text)?;
        let entry = entries.remove(index);
        let features = entry.1.clone();
        entries.push(entry);
        Some(features)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::{Error, ErrorKind};
    use candle_core::{Device, Tensor};
    use std::cell::Cell;

    fn features(value: f32) -> TextCondition {
        let tensor = |shape: &[usize]| Tensor::full(value, shape, &Device::Cpu).expect("a small tensor");
        TextCondition { tokens: tensor(&[1, 2, 3]), mask: tensor(&[1, 2]), pooled: tensor(&[1, 3]) }
    }

    fn first(condition: &TextCondition) -> f32 {
        condition.pooled.flatten_all().and_then(|t| t.get(0)?.to_scalar()).expect("a number")
    }

    #[test]
    fn a_text_is_encoded_once_and_each_text_keeps_its_own_features() {
        let (cache, encoded) = (TextCache::default(), Cell::new(0));
        let get = |text: &str, value| {
            let counted = |_: &str| {
                encoded.set(encoded.get() + 1);
                Ok(features(value))
            };
            first(&cache.get(text, counted).expect("features"))
        };
        assert_eq!((get("rain", 1.0), get("hail", 2.0)), (1.0, 2.0));
        assert_eq!((get("rain", 9.0), get("hail", 9.0)), (1.0, 2.0));
        assert_eq!(encoded.get(), 2);
        for i in 0..CAPACITY - 1 {
            get(&format!("text {i}"), 3.0);
        }
        assert_eq!(get("hail", 9.0), 2.0, "the one used last stays longest");
        assert_eq!(get("rain", 8.0), 8.0, "the one used least recently has made room");
    }

    #[test]
    fn a_failure_is_not_kept() {
        let cache = TextCache::default();
        let failed = cache.get("rain", |_| Err(Error::new(ErrorKind::Compute, "no")));
        assert!(failed.is_err());
        assert_eq!(cache.get("rain", |_| Ok(features(4.0))).map(|kept| first(&kept)).ok(), Some(4.0));
    }
}
