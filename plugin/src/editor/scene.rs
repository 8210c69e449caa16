//! What a frame shows: all that a panel may read.

use crate::editor::link::View;
use crate::params::StraightshotParams;
use nice_plug::prelude::ParamSetter;

/// What a frame shows.
pub(super) struct Scene<'a> {
    /// The session and the running job.
    pub(super) view: &'a View,
    /// The host's parameters.
    pub(super) params: &'a StraightshotParams,
    /// The way to change them.
    pub(super) setter: &'a ParamSetter<'a>,
    /// The fraction of the active take that sounds.
    pub(super) playhead: Option<f32>,
}
