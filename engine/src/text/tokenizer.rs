//! The stored tokenizer, as all who split texts use it.

use crate::error::{Error, ErrorKind, Result};
use tokenizers::Tokenizer;

/// Pieces that stand before and behind every text.
pub(crate) const FRAME_PIECES: usize = 2;

/// Reads `tokenizer.json`, which has at most `vocabulary` words.
///
/// # Errors
/// [`ErrorKind::BadModel`].
pub(crate) fn read(tokenizer: &[u8], vocabulary: usize) -> Result<Tokenizer> {
    let mut tokenizer = Tokenizer::from_bytes(tokenizer).map_err(unreadable)?;
    if tokenizer.get_vocab_size(true) > vocabulary {
        return Err(unreadable("it has more words than the text encoder".into()));
    }
    // The stored file pads to a fixed length; batches are padded where they are made.
    tokenizer.with_padding(None);
    Ok(tokenizer)
}

/// A tokenizer that cannot be used.
pub(crate) fn unreadable(cause: Box<dyn std::error::Error + Send + Sync>) -> Error {
    Error::new(ErrorKind::BadModel, "The model's tokenizer.json cannot be read").with_source(cause)
}
