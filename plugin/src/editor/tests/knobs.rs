//! Knobs that are set when the window opens.

use super::Host;
use crate::editor::param;
use crate::params::{StraightshotParams, TakeChoice};
use nice_plug::prelude::ParamSetter;
use std::sync::Arc;
use straightshot_protocol::Request;

#[test]
fn the_knobs_of_playing_are_set_to_what_they_were_at_the_last_start() {
    let (host, params) = (Host::default(), StraightshotParams::new(Arc::default(), &Request::default()));
    let setter = ParamSetter::new(&host);
    param::set(&setter, &params.attack, 0.25);
    param::set(&setter, &params.root_key, 48);
    param::set(&setter, &params.keytrack, true);
    param::set(&setter, &params.take_choice, TakeChoice::Keys);
    let kept = params.knobs();
    let params = StraightshotParams::new(Arc::default(), &Request::default());
    assert_ne!(params.knobs(), kept);
    *params.wanted.lock() = Some(kept.clone());
    assert_eq!(params.knobs(), kept, "what is about to be set is not forgotten before");
    params.set_wanted(&setter);
    assert_eq!((params.root_key.value(), params.take_choice.value()), (48, TakeChoice::Keys));
    assert!(params.keytrack.value() && (params.attack.value() - 0.25).abs() < 1e-4);
}
