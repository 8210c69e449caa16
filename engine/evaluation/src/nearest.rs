//! Which recording a sound is most like.
//!
//! Sounds are compared by the cosine of their mean embeddings, from which the mean of all recordings is taken off
//! first: what all sounds share says nothing about which is which.

/// Mean embeddings of recordings.
#[derive(Debug)]
pub struct Recordings {
    dim: usize,
    centre: Vec<f64>,
    /// `[recordings, dim]`, row-major, each of length one.
    rows: Vec<f64>,
}

/// The recording that is most like a sound.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Nearest {
    /// Its number.
    pub index: usize,
    /// Cosine, -1 to 1.
    pub similarity: f64,
}

impl Recordings {
    /// Takes the embeddings of all windows of each recording.
    ///
    /// # Shapes
    /// - `windows`: for each recording `[windows, dim]`, row-major, at least one window
    #[must_use]
    pub fn new(dim: usize, windows: &[Vec<f32>]) -> Self {
        let means: Vec<Vec<f64>> = windows.iter().map(|rows| mean(dim, rows)).collect();
        let mut centre = vec![0.0; dim];
        for row in &means {
            centre.iter_mut().zip(row).for_each(|(sum, x)| *sum += x / means.len() as f64);
        }
        let rows = means.iter().flat_map(|row| direction(&centre, row)).collect();
        Self { dim, centre, rows }
    }

    /// The most similar of the recordings that `allowed` admits, by number; `None` if it admits none.
    ///
    /// # Shapes
    /// - `windows`: `[windows, dim]`, row-major, at least one window
    pub fn nearest(&self, windows: &[f32], mut allowed: impl FnMut(usize) -> bool) -> Option<Nearest> {
        let own = direction(&self.centre, &mean(self.dim, windows));
        let rows = self.rows.chunks(self.dim).enumerate().filter(|(index, _)| allowed(*index));
        let similar = |row: &[f64]| row.iter().zip(&own).map(|(a, b)| a * b).sum::<f64>();
        rows.map(|(index, row)| Nearest { index, similarity: similar(row) })
            .max_by(|a, b| a.similarity.total_cmp(&b.similarity))
    }
}

fn mean(dim: usize, windows: &[f32]) -> Vec<f64> {
    let count = (windows.len() / dim).max(1) as f64;
    let mut mean = vec![0.0; dim];
    for window in windows.chunks(dim) {
        mean.iter_mut().zip(window).for_each(|(sum, &x)| *sum += f64::from(x) / count);
    }
    mean
}

/// `row` seen from `centre`, of length one (or zero, where it is the centre).
fn direction(centre: &[f64], row: &[f64]) -> Vec<f64> {
    let from: Vec<f64> = row.iter().zip(centre).map(|(x, c)| x - c).collect();
    let length = from.iter().map(|x| x * x).sum::<f64>().sqrt().max(f64::MIN_POSITIVE);
    from.into_iter().map(|x| x / length).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_direction_from_the_centre_decides_and_not_the_distance() {
        // Three recordings around (10, 10); the first has two windows that average to (13, 10).
        let windows = [vec![12.0, 9.0, 14.0, 11.0], vec![8.5, 13.0], vec![8.5, 7.0]];
        let recordings = Recordings::new(2, &windows);
        let found = recordings.nearest(&[100.0, 10.0], |_| true).unwrap();
        assert_eq!(found.index, 0);
        assert!((found.similarity - 1.0).abs() < 1e-9, "{found:?}");
        assert_eq!(recordings.nearest(&[100.0, 11.0], |index| index != 0).unwrap().index, 1);
        assert_eq!(recordings.nearest(&[1.0, 1.0], |_| false), None);
    }
}
