//! What is kept from one sound to the next.

use super::launch::{Pinned, Recorded};
use candle_core::{Result, Tensor, bail};
use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

/// Memory of the system's that a card copies to by itself, without the driver copying everything once more.
#[derive(Default)]
pub struct Landing(Mutex<Option<Pinned>>);

impl fmt::Debug for Landing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Landing").finish_non_exhaustive()
    }
}

impl Landing {
    /// Calls `then` with the values of `x`, one behind the other, when the card has computed them.
    ///
    /// # Errors
    /// A candle error if `x` is not on a card, does not lie in one piece, or the card refuses.
    pub fn read<R>(&self, x: &Tensor, then: impl FnOnce(&[f32]) -> R) -> Result<R> {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
        let mut memory = match kept.filter(|memory| memory.len() >= x.elem_count()) {
            Some(memory) => memory,
            None => Pinned::new(x, x.elem_count())?,
        };
        let result = memory.read(x).map(then);
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(memory);
        result
    }
}

/// Recordings of one computation with different shapes.
#[derive(Default)]
pub struct Recordings {
    kept: Mutex<Vec<Kept>>,
    /// Whether something could not be recorded: nothing will be then.
    is_refused: AtomicBool,
}

/// One of them.
struct Kept {
    key: Vec<usize>,
    /// None at first: what is asked for once is not worth recording.
    recorded: Option<Recorded>,
}

/// Each holds the card's memory that its computation needs, some tens of megabytes for half a minute.
const MOST_RECORDINGS: usize = 4;

impl fmt::Debug for Recordings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Recordings").finish_non_exhaustive()
    }
}

impl Recordings {
    /// [`Self::run`] of what makes a single tensor.
    ///
    /// # Errors
    /// Those of [`Self::run`].
    pub fn run_one(
        &self,
        key: &[usize],
        inputs: &[&Tensor],
        compute: &dyn Fn(&[Tensor]) -> Result<Tensor>,
    ) -> Result<Tensor> {
        let made = self.run(key, inputs, &|inputs| Ok(vec![compute(inputs)?]))?;
        match made.into_iter().next() {
            Some(tensor) => Ok(tensor),
            None => bail!("nothing was computed"),
        }
    }

    /// What `compute` makes of `inputs`; on a card, from the second time on with the same key and shapes, by playing what was
    /// recorded then.
    ///
    /// `compute` depends on its arguments and on what `key` tells apart, and asks nothing back from the card. Nothing else
    /// may be asked of the card meanwhile: that would be recorded with it.
    ///
    /// # Errors
    /// Those of `compute`; a candle error if the card refuses to play. What cannot be recorded is computed.
    pub fn run(
        &self,
        key: &[usize],
        inputs: &[&Tensor],
        compute: &dyn Fn(&[Tensor]) -> Result<Vec<Tensor>>,
    ) -> Result<Vec<Tensor>> {
        let plainly = || compute(&inputs.iter().map(|x| (*x).clone()).collect::<Vec<_>>());
        let is_on_card = inputs.first().is_some_and(|x| x.device().is_cuda());
        if !is_on_card || self.is_refused.load(Ordering::Relaxed) {
            return plainly();
        }
        let key = shaped(key, inputs);
        let mut all = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let found = all.iter().position(|kept| kept.key == key).map(|at| all.remove(at));
        let Some(mut kept) = found else {
            all.truncate(MOST_RECORDINGS - 1);
            all.insert(0, Kept { key, recorded: None });
            return plainly();
        };
        if kept.recorded.is_none() {
            match Recorded::new(inputs, compute) {
                Ok(recorded) => kept.recorded = Some(recorded),
                Err(_) => {
                    self.is_refused.store(true, Ordering::Relaxed);
                    return plainly();
                }
            }
        }
        let played = kept.recorded.as_ref().map_or_else(plainly, |recorded| recorded.play(inputs));
        all.insert(0, kept);
        played
    }
}

/// The key with the shapes of the inputs, none of which can be taken for another.
fn shaped(key: &[usize], inputs: &[&Tensor]) -> Vec<usize> {
    let mut all = vec![key.len()];
    all.extend(key);
    for input in inputs {
        all.push(input.rank());
        all.extend(input.dims());
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use candle_core::{DType, Device};

    #[test]
    fn shapes_and_keys_are_told_apart() {
        let x = |dims: &[usize]| Tensor::zeros(dims, DType::F32, &Device::Cpu).unwrap();
        let keys = [
            shaped(&[], &[&x(&[2, 3]), &x(&[4])]),
            shaped(&[], &[&x(&[2]), &x(&[3, 4])]),
            shaped(&[2], &[&x(&[3]), &x(&[4])]),
            shaped(&[2, 3], &[&x(&[4])]),
        ];
        for (i, a) in keys.iter().enumerate() {
            assert!(keys.iter().skip(i + 1).all(|b| a != b), "{keys:?}");
        }
    }

    #[test]
    fn without_a_card_everything_is_computed_every_time() {
        let recordings = Recordings::default();
        let x = Tensor::new(&[1f32, 2.0], &Device::Cpu).unwrap();
        for _ in 0..3 {
            let made = recordings.run_one(&[], &[&x], &|x| &x[0] + 1.0).unwrap();
            assert_eq!(made.to_vec1::<f32>().unwrap(), [2.0, 3.0]);
        }
        assert!(Landing::default().read(&x, |values| values.len()).is_err());
    }
}
