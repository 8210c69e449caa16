//! Exact linear assignment.
//!
//! Our own because the crates at hand do not fit: `pathfinding` wants totally ordered (integer) weights, `lapjv`
//! is no longer maintained and brings ndarray, and none of them returns the dual variables that prove an answer.

use straightshot_engine::error::{Error, ErrorKind, Result};

/// A cheapest perfect matching and the proof that nothing is cheaper.
#[derive(Debug, Clone, PartialEq)]
pub struct Assignment {
    /// Column of each row.
    pub columns: Vec<usize>,
    /// Dual variable `u` of each row.
    pub row_duals: Vec<f64>,
    /// Dual variable `v` of each column; `u_i + v_j <= c_ij` everywhere, with equality where row and column are
    /// matched.
    pub column_duals: Vec<f64>,
}

/// No row, or no column.
const NONE: usize = usize::MAX;

/// `argmin_σ Σ_i c[i, σ(i)]` over permutations σ, in `O(n³)`.
///
/// Shortest augmenting paths of [Jonker and Volgenant, 1987](https://doi.org/10.1007/BF02278710) with their column
/// reduction as a start.
///
/// # Shapes
/// - `cost`: `[n, n]`, row by row
///
/// # Errors
/// [`ErrorKind::Compute`] if `cost` is not `n * n` finite numbers.
pub fn assign(cost: &[f64], n: usize) -> Result<Assignment> {
    require_square(cost, n)?;
    let mut search = Search::reduced(cost, n);
    for row in 0..n {
        if search.column_of[row] == NONE {
            search.augment(row);
        }
    }
    Ok(Assignment { columns: search.column_of, row_duals: search.u, column_duals: search.v })
}

/// # Errors
/// [`ErrorKind::Compute`] if `cost` is not `n * n` finite numbers.
pub(super) fn require_square(cost: &[f64], n: usize) -> Result<()> {
    if cost.len() == n * n && cost.iter().all(|c| c.is_finite()) {
        return Ok(());
    }
    Err(Error::new(ErrorKind::Compute, "An assignment needs a square of finite costs"))
}

struct Search<'a> {
    cost: &'a [f64],
    n: usize,
    u: Vec<f64>,
    v: Vec<f64>,
    column_of: Vec<usize>,
    row_of: Vec<usize>,
}

/// Shortest alternating paths from one free row.
struct Paths {
    /// Length of the shortest path to each column.
    distance: Vec<f64>,
    /// Row before each column.
    before: Vec<usize>,
    /// Columns whose path is final, in that order; the last one is free.
    reached: Vec<usize>,
}

impl<'a> Search<'a> {
    /// Feasible duals (least cost per column, then per row) and a greedy matching where they are tight.
    fn reduced(cost: &'a [f64], n: usize) -> Self {
        let mut v = vec![f64::INFINITY; n];
        for row in cost.chunks_exact(n.max(1)) {
            v.iter_mut().zip(row).for_each(|(v, &c)| *v = v.min(c));
        }
        let (mut u, mut column_of, mut row_of) = (vec![0.0; n], vec![NONE; n], vec![NONE; n]);
        for (i, row) in cost.chunks_exact(n.max(1)).enumerate() {
            let reduced = || row.iter().zip(&v).map(|(c, v)| c - v);
            u[i] = reduced().fold(f64::INFINITY, f64::min);
            let tight = reduced().enumerate().find(|&(j, r)| r == u[i] && row_of[j] == NONE);
            if let Some((j, _)) = tight {
                (column_of[i], row_of[j]) = (j, i);
            }
        }
        Self { cost, n, u, v, column_of, row_of }
    }

    /// Matches `free`, changing the columns of other rows along the shortest path to a free column.
    fn augment(&mut self, free: usize) {
        let paths = self.paths(free);
        let Some((&sink, passed)) = paths.reached.split_last() else { return };
        let length = paths.distance[sink];
        self.u[free] += length;
        for &j in passed {
            let slack = length - paths.distance[j];
            self.u[self.row_of[j]] += slack;
            self.v[j] -= slack;
        }
        let mut column = sink;
        loop {
            let row = paths.before[column];
            self.row_of[column] = row;
            std::mem::swap(&mut self.column_of[row], &mut column);
            if row == free {
                return;
            }
        }
    }

    /// Dijkstra over reduced costs until a free column is reached.
    fn paths(&self, free: usize) -> Paths {
        let n = self.n;
        let mut paths =
            Paths { distance: vec![f64::INFINITY; n], before: vec![free; n], reached: Vec::new() };
        let mut open: Vec<usize> = (0..n).collect();
        let (mut row, mut length) = (free, 0.0);
        while !open.is_empty() {
            let costs = &self.cost[row * n..][..n];
            let base = length - self.u[row];
            let (mut nearest, mut least) = (0, f64::INFINITY);
            for (at, &j) in open.iter().enumerate() {
                let through = base + costs[j] - self.v[j];
                if through < paths.distance[j] {
                    (paths.distance[j], paths.before[j]) = (through, row);
                }
                if paths.distance[j] < least {
                    (nearest, least) = (at, paths.distance[j]);
                }
            }
            let column = open.swap_remove(nearest);
            paths.reached.push(column);
            (row, length) = (self.row_of[column], least);
            if row == NONE {
                break;
            }
        }
        paths
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use straightshot_engine::rng::{Noise, Stream};

    fn total(cost: &[f64], n: usize, columns: &[usize]) -> f64 {
        columns.iter().enumerate().map(|(i, &j)| cost[i * n + j]).sum()
    }

    /// The least total over all permutations that extend `columns`.
    fn exhaustive(cost: &[f64], n: usize, columns: &mut Vec<usize>) -> f64 {
        if columns.len() == n {
            return total(cost, n, columns);
        }
        let mut best = f64::INFINITY;
        for j in 0..n {
            if !columns.contains(&j) {
                columns.push(j);
                best = best.min(exhaustive(cost, n, columns));
                columns.pop();
            }
        }
        best
    }

    #[test]
    fn nothing_is_cheaper_among_all_permutations() {
        let mut random = Noise::new(1, Stream::Training);
        for round in 0..200 {
            let n = 1 + round % 7;
            // Whole numbers every other time, so that ties are met.
            let draw = |_| 10.0 * random.uniform();
            let mut cost: Vec<f64> = (0..n * n).map(draw).collect();
            if round % 2 == 0 {
                cost.iter_mut().for_each(|c| *c = c.floor());
            }
            let got = assign(&cost, n).unwrap();
            let want = exhaustive(&cost, n, &mut Vec::new());
            assert!((total(&cost, n, &got.columns) - want).abs() < 1e-9, "round {round}");
        }
    }

    #[test]
    fn a_large_assignment_carries_its_proof() {
        let (n, mut random) = (300, Noise::new(2, Stream::Training));
        let cost: Vec<f64> = (0..n * n).map(|_| f64::from(random.normal())).collect();
        let got = assign(&cost, n).unwrap();
        let mut seen = vec![false; n];
        for (i, &j) in got.columns.iter().enumerate() {
            assert!(!std::mem::replace(&mut seen[j], true), "column {j} twice");
            assert!((got.row_duals[i] + got.column_duals[j] - cost[i * n + j]).abs() < 1e-9);
        }
        for i in 0..n {
            for j in 0..n {
                assert!(got.row_duals[i] + got.column_duals[j] <= cost[i * n + j] + 1e-9);
            }
        }
    }

    #[test]
    fn agrees_with_scipy() {
        // scipy.optimize.linear_sum_assignment([[4, 1, 3], [2, 0, 5], [3, 2, 2]])
        let got = assign(&[4.0, 1.0, 3.0, 2.0, 0.0, 5.0, 3.0, 2.0, 2.0], 3).unwrap();
        assert_eq!(got.columns, [1, 0, 2]);
        assert!(assign(&[], 0).unwrap().columns.is_empty());
    }

    #[test]
    fn costs_that_are_no_square_of_numbers_are_refused() {
        assert_eq!(assign(&[1.0; 3], 2).unwrap_err().kind(), ErrorKind::Compute);
        assert_eq!(assign(&[1.0, f64::NAN, 0.0, 1.0], 2).unwrap_err().kind(), ErrorKind::Compute);
    }
}
