//! Clips on their way through layers of bytes, with threads that share the work by rows and columns.
//!
//! What one phase of [`crate::nn::phases`] writes the next reads, so that no thread ever waits for one of these locks.

use super::EightBit;
use super::rows::{self, Rows};
use super::tile::COLUMNS;
use std::ops::Range;
use std::sync::{Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

/// Most layers that read the same rows.
const MOST_READERS: usize = 3;

/// Some rows of one clip, as many as are multiplied together.
pub(crate) struct Tile {
    /// Which rows of the clip.
    pub(crate) rows: Range<usize>,
    /// What passes between the layers, `[rows, dim]`.
    pub(crate) x: Vec<f32>,
    /// What is made of it for each layer that reads it.
    pub(crate) packed: [Rows; MOST_READERS],
}

/// All rows of a batch of clips.
pub(crate) struct Tiles {
    /// For each clip groups of tiles, which are one piece of work.
    groups: Vec<Vec<RwLock<Vec<Tile>>>>,
    /// Rows of a clip.
    rows: usize,
    dim: usize,
}

impl Tiles {
    /// Takes `x`, `[batch, rows, dim]`, apart into at most so many groups per clip.
    pub(crate) fn new(x: &[f32], [rows, dim]: [usize; 2], most_groups: usize) -> Self {
        let of_clip = |clip: &[f32]| {
            let tile = |rows: Range<usize>| {
                let x = clip[rows.start * dim..rows.end * dim].to_vec();
                Tile { rows, x, packed: Default::default() }
            };
            let mut tiles: Vec<Tile> = rows::tiles(rows).map(tile).collect();
            let size = tiles.len().div_ceil(most_groups);
            let mut groups = Vec::new();
            while !tiles.is_empty() {
                let rest = tiles.split_off(size.min(tiles.len()));
                groups.push(RwLock::new(std::mem::replace(&mut tiles, rest)));
            }
            groups
        };
        Self { groups: x.chunks_exact(rows * dim).map(of_clip).collect(), rows, dim }
    }

    /// Number of clips.
    pub(crate) fn batch(&self) -> usize {
        self.groups.len()
    }

    /// Groups of all clips.
    pub(crate) fn count(&self) -> usize {
        self.groups.iter().map(Vec::len).sum()
    }

    /// The clip of a group, and the group.
    pub(crate) fn group(&self, i: usize) -> (usize, RwLockWriteGuard<'_, Vec<Tile>>) {
        // All clips have as many as the first.
        let of_clip = self.groups[0].len();
        (i / of_clip, write(&self.groups[i / of_clip][i % of_clip]))
    }

    /// `layer x` for some columns of each layer and all rows of a clip, `[rows, columns]`: of what was packed for the
    /// first layer, the second and so on.
    pub(crate) fn project(
        &self,
        layers: &[&EightBit],
        clip: usize,
        columns: &Range<usize>,
        out: &mut [Vec<f32>],
    ) {
        let panels = columns.start / COLUMNS..columns.end / COLUMNS;
        out.iter_mut().for_each(|out| out.resize(self.rows * columns.len(), 0.0));
        for group in &self.groups[clip] {
            for tile in read(group).iter() {
                let rows = tile.rows.len();
                for ((layer, packed), out) in layers.iter().zip(&tile.packed).zip(&mut *out) {
                    let out = &mut out[tile.rows.start * columns.len()..];
                    layer.multiply_tile(panels.clone(), &[packed.tile(0..rows)], out, columns.len());
                }
            }
        }
    }

    /// The rows as they are now, `[batch, rows, dim]`.
    pub(crate) fn values(self) -> Vec<f32> {
        let mut values = Vec::with_capacity(self.batch() * self.rows * self.dim);
        for group in self.groups.into_iter().flatten() {
            let tiles = group.into_inner().unwrap_or_else(PoisonError::into_inner);
            tiles.iter().for_each(|tile| values.extend_from_slice(&tile.x));
        }
        values
    }
}

/// Memory for every thread of the current rayon pool.
pub(crate) struct PerThread<T>(Vec<Mutex<T>>);

impl<T: Default> PerThread<T> {
    pub(crate) fn new() -> Self {
        Self((0..rayon::current_num_threads()).map(|_| Mutex::default()).collect())
    }

    /// That of the calling thread, which no other takes.
    pub(crate) fn own(&self) -> MutexGuard<'_, T> {
        let own = &self.0[rayon::current_thread_index().unwrap_or_default()];
        own.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A lock for reading; after a panic its contents are of no use, but neither is anything else.
pub(crate) fn read<T>(lock: &RwLock<T>) -> RwLockReadGuard<'_, T> {
    lock.read().unwrap_or_else(PoisonError::into_inner)
}

/// The same for writing.
pub(crate) fn write<T>(lock: &RwLock<T>) -> RwLockWriteGuard<'_, T> {
    lock.write().unwrap_or_else(PoisonError::into_inner)
}
