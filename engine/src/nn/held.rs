//! The numbers of tensors as slices.
//!
//! A tensor's numbers can be read only while its storage is held; holding a tensor and reading it are therefore two steps.

use super::ops::rowwise::elements;
use candle_core::{Layout, Result, Storage, Tensor};
use std::ops::Deref;

/// A tensor held for reading.
pub(crate) struct Held<'a> {
    storage: Box<dyn Deref<Target = Storage> + 'a>,
    layout: &'a Layout,
}

impl<'a> Held<'a> {
    pub(crate) fn new(tensor: &'a Tensor) -> Self {
        let (storage, layout) = tensor.storage_and_layout();
        Self { storage: Box::new(storage), layout }
    }

    pub(crate) fn values(&self) -> Result<&[f32]> {
        elements(&self.storage, self.layout)
    }
}
