//! Energy distance of levels: what the levels of a codec are trained with.
//!
//! The score of [`energy_distance`](super::energy_distance) for vectors, `E‖A - Y‖ + E‖B - Y‖ - E‖A - B‖` with draws `A`, `B`
//! of the model and the recording `Y` ([Székely and Rizzo, 2013](https://doi.org/10.1016/j.jspi.2013.03.018)): it is
//! smallest exactly when the *joint* distribution of a vector's numbers is the data's. Taken number by number it would be
//! content with levels that jump at random from frame to frame, or with an attack that every band begins at another time.
//! It is taken on vectors of several kinds (`views`), each divided by the root of its length, and added up.
//!
//! Numbers are loudnesses `f(a) = ln a + β a^⅓` as in the loss of the codec, so that loud parts count more.

use candle_core::{Result, Tensor};
use straightshot_engine::codec::levels::LEVEL_FLOOR;

/// β, as in the loss of the codec.
const LOUDNESS: f64 = 30.0;
/// Under the root of a norm, so that it has a slope at nought.
const LEAST_SQUARE: f64 = 1e-6;
/// Largest level, 26 dB above full scale: a network that has gone astray must not end in infinity.
const MOST_LEVEL: f64 = 3.0;
/// Short frames of vectors over time: 12 ms, and 46 ms, which is a token.
const SHORT: usize = 8;
const LONG: usize = 32;
/// Short frames between those whose difference is compared, one window.
const APART: usize = 4;

/// Score of two draws against recordings.
///
/// # Shapes
/// - `draws`, `recorded`: `[batch, frames, bands]`, levels as `LevelGrid::measure` has them; `frames` is a multiple of 32
/// - `bins`: the number of bins in each band
/// - `offset`: where vectors over time begin, 0 to 31; another one each step
/// - returns: a scalar
///
/// # Errors
/// A candle error if the shapes do not fit.
pub fn loss(draws: [&Tensor; 2], recorded: &Tensor, bins: &[usize], offset: usize) -> Result<Tensor> {
    let all = |levels: &Tensor| views(levels, bins, offset);
    let (a, b, y) = (all(&floored(draws[0])?)?, all(&floored(draws[1])?)?, all(recorded)?);
    let mut sum: Option<Tensor> = None;
    for ((a, b), y) in a.iter().zip(&b).zip(&y) {
        let term = ((distance(a, y)? + distance(b, y)?)? - distance(a, b)?)?;
        sum = Some(match sum {
            Some(sum) => (sum + term)?,
            None => term,
        });
    }
    sum.map_or_else(|| candle_core::bail!("nothing to compare"), Ok)
}

/// Levels as they would be measured: nothing is below the floor.
fn floored(levels: &Tensor) -> Result<Tensor> {
    let power = (levels.minimum(MOST_LEVEL)? * 2.0)?.exp()?;
    (power + f64::from(LEVEL_FLOOR * LEVEL_FLOOR))?.log()? * 0.5
}

/// Loudnesses in vectors along the last dimension: each number alone; its difference to that a window before; the frames
/// of 12 ms of a band; all bands of a frame; all of a token; the whole power of a frame alone and over a token.
fn views(levels: &Tensor, bins: &[usize], offset: usize) -> Result<Vec<Tensor>> {
    let (batch, frames, bands) = levels.dims3()?;
    let x = loudness(levels)?;
    let difference = (x.narrow(1, APART, frames - APART)? - x.narrow(1, 0, frames - APART)?)?;
    let short = cut(&x, SHORT, offset % SHORT)?.transpose(2, 3)?.contiguous()?;
    let long = cut(&x, LONG, offset)?;
    let tokens = long.dim(1)?;
    let weight: Vec<f32> = bins.iter().map(|&bins| bins as f32).collect();
    let weight = Tensor::from_vec(weight, (bands, 1), levels.device())?;
    let power = (levels * 2.0)?.exp()?.reshape((batch * frames, bands))?.matmul(&weight)?;
    let whole = loudness(&(power.log()? * 0.5)?)?.reshape((batch, frames, 1))?;
    let over_token = cut(&whole, LONG, offset)?.reshape((batch, tokens, LONG))?;
    Ok(vec![
        x.unsqueeze(3)?,
        difference.unsqueeze(3)?,
        short,
        x,
        long.reshape((batch, tokens, LONG * bands))?,
        whole,
        over_token,
    ])
}

/// `[batch, frames, n]` as `[batch, vectors, length, n]`, from frame `offset` on; what is left over is left out.
fn cut(x: &Tensor, length: usize, offset: usize) -> Result<Tensor> {
    let (batch, frames, n) = x.dims3()?;
    let count = (frames - offset.min(frames)) / length;
    x.narrow(1, offset, count * length)?.contiguous()?.reshape((batch, count, length, n))
}

fn loudness(log_amplitude: &Tensor) -> Result<Tensor> {
    log_amplitude + ((log_amplitude * (1.0 / 3.0))?.exp()? * LOUDNESS)?
}

/// Mean distance of vectors, divided by the root of their length.
fn distance(a: &Tensor, b: &Tensor) -> Result<Tensor> {
    let last = a.rank() - 1;
    let length = a.dim(last)? as f64;
    let square = ((a - b)?.sqr()?.sum_keepdim(last)? / length)?;
    (square + LEAST_SQUARE)?.sqrt()?.mean_all()
}

#[cfg(test)]
mod tests;
