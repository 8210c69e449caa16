//! Memory whose size a request decides: asked for before it is used, so that too little of it is an error of the request
//! and not the end of the program.
//!
//! Rust and candle abort where the system refuses memory. What this crate allocates by itself for a sound is therefore
//! taken with [`zeros`]; for what candle allocates, [`ask_for`] finds out beforehand whether the whole sound would fit.

use crate::error::{Error, Result};
use std::io;

/// `n` values of zero.
///
/// The error is one of [`io::ErrorKind::OutOfMemory`], which candle's errors carry unchanged through layers that return
/// them; it becomes an [`ErrorKind::OutOfMemory`](crate::ErrorKind::OutOfMemory) of ours where they do, see [`Error`].
pub(crate) fn zeros(n: usize) -> io::Result<Vec<f32>> {
    let mut values = Vec::new();
    resize(&mut values, n)?;
    Ok(values)
}

/// `n` bytes of zero, as [`zeros`].
pub(crate) fn bytes(n: usize) -> io::Result<Vec<u8>> {
    let mut values = Vec::new();
    values.try_reserve_exact(n)?;
    values.resize(n, 0);
    Ok(values)
}

/// Gives `values` a length of `n`, zeros behind what was there.
pub(crate) fn resize(values: &mut Vec<f32>, n: usize) -> io::Result<()> {
    values.try_reserve_exact(n.saturating_sub(values.len()))?;
    values.resize(n, 0.0);
    Ok(())
}

/// Asks the system for `bytes` at once and gives them back untouched.
///
/// It finds the limit of a process (`ulimit -v`, an address space of 32 bits), the commit limit of Windows, and a Linux
/// that does not promise more than it has. It does not find what a usual Linux promises without having it, and between
/// the question and the use another thread may take what was free.
///
/// # Errors
/// [`ErrorKind::OutOfMemory`](crate::ErrorKind::OutOfMemory) in the user's words.
pub(crate) fn ask_for(bytes: usize) -> Result<()> {
    match Vec::<u8>::new().try_reserve_exact(bytes) {
        Ok(()) => Ok(()),
        Err(e) => Err(Error::too_little_memory(e)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorKind;

    #[test]
    fn too_much_is_an_error_that_survives_candle() {
        // A quarter of the address space.
        let n = usize::MAX / 16;
        let through_candle = |n| -> candle_core::Result<Vec<f32>> { Ok(zeros(n)?) };
        assert_eq!(through_candle(3).unwrap(), [0.0; 3]);
        let error = Error::from(through_candle(n).unwrap_err());
        assert_eq!(error.kind(), ErrorKind::OutOfMemory, "{}", error.detail());
        assert_eq!(Error::from(zeros(n).unwrap_err()).kind(), ErrorKind::OutOfMemory);
        assert_eq!(ask_for(4 * n).unwrap_err().kind(), ErrorKind::OutOfMemory);
        assert!(ask_for(1 << 20).is_ok());
    }
}
