//! Memory of past sounds for the next one.
//!
//! What a process gives back to the system it gets anew page by page, and every page is cleared: for ten seconds of
//! sound that takes longer than the inverse transform.
//!
//! Fresh memory is also written before it is read: a page that is only read is one that all processes share, and all threads
//! of the process wait while it is exchanged at the first write.

use crate::memory;
use std::io;
use std::ops::{Deref, DerefMut};
use std::sync::{Arc, Mutex, PoisonError};

/// How many vectors are kept.
const MOST: usize = 6;
/// Values of the longest that is kept: 16 MiB, which is 47 s of sound for those of the synthesis.
const LONGEST: usize = 4 << 20;

/// Vectors that nobody uses; copies share them.
#[derive(Debug, Clone, Default)]
pub(super) struct Spare(Arc<Mutex<Vec<Vec<f32>>>>);

impl Spare {
    /// `n` values. They are anything: whoever takes them writes before reading.
    ///
    /// # Errors
    /// One of [`io::ErrorKind::OutOfMemory`].
    pub(super) fn take(&self, n: usize) -> io::Result<Taken> {
        let found = {
            let mut free = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            // The shortest that is long enough.
            let fits = |&i: &usize| free[i].capacity() >= n;
            let found = (0..free.len()).filter(fits).min_by_key(|&i| free[i].capacity());
            found.map(|i| free.swap_remove(i))
        };
        let mut values = found.unwrap_or_default();
        memory::resize(&mut values, n)?;
        Ok(Taken { values, spare: self.clone() })
    }

    fn give(&self, values: Vec<f32>) {
        if values.capacity() > LONGEST {
            return;
        }
        let mut free = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        free.push(values);
        // The longest are of use for all that are shorter.
        free.sort_unstable_by_key(|values| std::cmp::Reverse(values.capacity()));
        free.truncate(MOST);
    }
}

/// Values that go back when they are dropped.
#[derive(Debug)]
pub(super) struct Taken {
    values: Vec<f32>,
    spare: Spare,
}

impl Deref for Taken {
    type Target = [f32];

    fn deref(&self) -> &[f32] {
        &self.values
    }
}

impl DerefMut for Taken {
    fn deref_mut(&mut self) -> &mut [f32] {
        &mut self.values
    }
}

impl Drop for Taken {
    fn drop(&mut self) {
        self.spare.give(std::mem::take(&mut self.values));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn take(spare: &Spare, n: usize) -> Taken {
        spare.take(n).unwrap()
    }

    #[test]
    fn what_is_given_back_is_taken_again_by_what_fits() {
        let spare = Spare::default();
        let place = |taken: &Taken| taken.as_ptr();
        let (short, long) = (take(&spare, 100), take(&spare.clone(), 1000));
        let (short_place, long_place) = (place(&short), place(&long));
        drop((short, long));
        let (first, second) = (take(&spare, 50), take(&spare, 60));
        assert_eq!((first.len(), second.len()), (50, 60));
        assert_eq!([place(&first), place(&second)], [short_place, long_place]);
        // Nothing is left that fits.
        assert!(![short_place, long_place].contains(&place(&take(&spare, 2000))));
    }

    #[test]
    fn only_some_are_kept_and_none_that_is_too_long() {
        let spare = Spare::default();
        let all: Vec<Taken> = (1..=MOST + 3).map(|i| take(&spare, 10 * i)).collect();
        drop(all);
        drop(take(&spare, LONGEST + 1));
        let kept: Vec<usize> = spare.0.lock().unwrap().iter().map(Vec::capacity).collect();
        assert_eq!(kept, [90, 80, 70, 60, 50, 40]);
    }
}
