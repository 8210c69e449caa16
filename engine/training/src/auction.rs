//! Linear assignment to within a proven distance of the optimum, for thousands of rows.
//!
//! The auction algorithm of [Bertsekas, 1988](https://doi.org/10.1007/BF02186476): free rows bid for the column that is
//! cheapest to them at the current prices, by as much as the second cheapest is dearer plus ε, and whoever had the
//! column is free again. When no row is free the matching costs at most `n ε` more than the best one. ε falls in
//! stages, prices are kept from one to the next: without that, rows that want the same columns outbid each other by
//! ε at a time.

use super::assignment::require_square;
use std::collections::VecDeque;
use straightshot_engine::error::{Error, ErrorKind, Result};

/// A perfect matching that is nearly the cheapest.
#[derive(Debug, Clone, PartialEq)]
pub struct Nearly {
    /// Column of each row.
    pub columns: Vec<usize>,
    /// How much more than the cheapest matching it costs at most, from the prices (weak duality).
    pub gap: f64,
}

/// No row, or no column.
const NONE: usize = usize::MAX;
/// ε of the first stage as a share of the range of costs, and the factor from stage to stage.
const FIRST: f64 = 0.25;
const FALL: f64 = 0.2;

/// A matching whose cost is at most `n * share` times the range of `cost` above the optimum.
///
/// # Shapes
/// - `cost`: `[n, n]`, row by row
///
/// # Errors
/// [`ErrorKind::Compute`] if `cost` is not `n * n` finite numbers or `share` is not positive.
pub fn assign(cost: &[f64], n: usize, share: f64) -> Result<Nearly> {
    require_square(cost, n)?;
    if share.is_nan() || share <= 0.0 {
        return Err(Error::new(ErrorKind::Compute, "An assignment cannot be nearer than the nearest"));
    }
    let (low, high) = cost.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), &c| (l.min(c), h.max(c)));
    if n == 0 || low == high {
        return Ok(Nearly { columns: (0..n).collect(), gap: 0.0 });
    }
    let last = share * (high - low);
    let mut epsilon = (FIRST * (high - low)).max(last);
    let mut prices = vec![0.0; n];
    loop {
        let columns = auction(cost, &mut prices, epsilon);
        if epsilon <= last {
            let gap = gap(cost, &columns, &prices);
            return Ok(Nearly { columns, gap });
        }
        epsilon = (FALL * epsilon).max(last);
    }
}

/// One stage; raises `prices`.
fn auction(cost: &[f64], prices: &mut [f64], epsilon: f64) -> Vec<usize> {
    let n = prices.len();
    let (mut column_of, mut row_of) = (vec![NONE; n], vec![NONE; n]);
    let mut free: VecDeque<usize> = (0..n).collect();
    while let Some(row) = free.pop_front() {
        let (column, margin) = cheapest(&cost[row * n..][..n], prices);
        prices[column] += margin + epsilon;
        let before = std::mem::replace(&mut row_of[column], row);
        if before != NONE {
            column_of[before] = NONE;
            free.push_back(before);
        }
        column_of[row] = column;
    }
    column_of
}

/// The column of least cost and price, and how much more the next one is.
fn cheapest(costs: &[f64], prices: &[f64]) -> (usize, f64) {
    let (mut at, mut least, mut second) = (0, f64::INFINITY, f64::INFINITY);
    for (j, (c, p)) in costs.iter().zip(prices).enumerate() {
        let dear = c + p;
        if dear < least {
            (at, second, least) = (j, least, dear);
        } else if dear < second {
            second = dear;
        }
    }
    // A single column has no rival.
    (at, if second.is_finite() { second - least } else { 0.0 })
}

/// Cost less what prices prove to be the least possible: `Σ_i min_j (c_ij + p_j) - Σ_j p_j`.
fn gap(cost: &[f64], columns: &[usize], prices: &[f64]) -> f64 {
    let n = prices.len();
    let rows = cost.chunks_exact(n).zip(columns);
    let over: f64 = rows
        .map(|(row, &column)| {
            let least = row.iter().zip(prices).map(|(c, p)| c + p).fold(f64::INFINITY, f64::min);
            row[column] + prices[column] - least
        })
        .sum();
    over.max(0.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::assignment;
    use straightshot_engine::rng::{Noise, Stream};

    fn total(cost: &[f64], n: usize, columns: &[usize]) -> f64 {
        columns.iter().enumerate().map(|(i, &j)| cost[i * n + j]).sum()
    }

    #[test]
    fn the_gap_to_the_exact_solver_is_within_what_is_promised() {
        let mut random = Noise::new(3, Stream::Training);
        for (n, share) in [(1, 1e-3), (2, 1e-3), (7, 1e-3), (150, 1e-3), (150, 1e-2)] {
            let cost: Vec<f64> = (0..n * n).map(|_| f64::from(random.normal())).collect();
            let got = assign(&cost, n, share).unwrap();
            let mut columns = got.columns.clone();
            columns.sort_unstable();
            assert_eq!(columns, (0..n).collect::<Vec<_>>(), "no permutation");
            let best = total(&cost, n, &assignment::assign(&cost, n).unwrap().columns);
            let over = total(&cost, n, &got.columns) - best;
            assert!((-1e-9..=got.gap + 1e-9).contains(&over), "{over} above, {} proven", got.gap);
            let range =
                cost.iter().copied().fold(f64::MIN, f64::max) - cost.iter().copied().fold(f64::MAX, f64::min);
            assert!(got.gap <= n as f64 * share * range + 1e-9, "{} for {n}", got.gap);
        }
    }

    #[test]
    fn equal_costs_and_bad_ones() {
        assert_eq!(assign(&[2.0; 9], 3, 1e-3).unwrap(), Nearly { columns: vec![0, 1, 2], gap: 0.0 });
        assert!(assign(&[], 0, 1e-3).unwrap().columns.is_empty());
        assert_eq!(assign(&[f64::NAN], 1, 1e-3).unwrap_err().kind(), ErrorKind::Compute);
        assert_eq!(assign(&[1.0], 1, 0.0).unwrap_err().kind(), ErrorKind::Compute);
    }
}
