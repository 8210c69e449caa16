//! What the knobs of playing are set to, by the names under which hosts keep them.

use super::StraightshotParams;
use nice_plug::prelude::{BoolParam, Enum, EnumParam, FloatParam, IntParam, Param, ParamSetter};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Values of parameters. What is not among them is left as it is.
#[derive(Debug, Default, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Knobs {
    /// In the parameters' own units, not as shares of their ranges, which may become other ones.
    numbers: BTreeMap<String, f32>,
    switches: BTreeMap<String, bool>,
    choices: BTreeMap<String, String>,
}

fn floats(params: &StraightshotParams) -> [(&'static str, &FloatParam); 6] {
    [
        ("gain", &params.gain),
        ("velocity", &params.velocity),
        ("attack", &params.attack),
        ("decay", &params.decay),
        ("sustain", &params.sustain),
        ("release", &params.release),
    ]
}

fn wholes(params: &StraightshotParams) -> [(&'static str, &IntParam); 4] {
    [
        ("take", &params.take),
        ("rootkey", &params.root_key),
        ("lowkey", &params.lowest_key),
        ("highkey", &params.highest_key),
    ]
}

fn switches(params: &StraightshotParams) -> [(&'static str, &BoolParam); 2] {
    [("keytrack", &params.keytrack), ("loop", &params.looped)]
}

impl Knobs {
    /// What they are set to now.
    pub(crate) fn of(params: &StraightshotParams) -> Self {
        #[expect(clippy::cast_precision_loss, reason = "keys and numbers of takes")]
        let whole = |value: i32| value as f32;
        let floats = floats(params).map(|(id, param)| (id.to_owned(), param.value()));
        let wholes = wholes(params).map(|(id, param)| (id.to_owned(), whole(param.value())));
        let choices = [
            ("playmode".to_owned(), id_of(params.play_mode.value())),
            ("takechoice".to_owned(), id_of(params.take_choice.value())),
        ];
        Self {
            numbers: floats.into_iter().chain(wholes).collect(),
            switches: switches(params).map(|(id, param)| (id.to_owned(), param.value())).into(),
            choices: choices.into(),
        }
    }

    /// Sets them to this.
    pub(crate) fn set(&self, params: &StraightshotParams, setter: &ParamSetter<'_>) {
        for (id, param) in floats(params) {
            if let Some(value) = self.numbers.get(id).filter(|value| value.is_finite()) {
                set(setter, param, *value);
            }
        }
        for (id, param) in wholes(params) {
            if let Some(value) = self.numbers.get(id).filter(|value| value.is_finite()) {
                #[expect(clippy::cast_possible_truncation, reason = "a cast to a whole number saturates")]
                set(setter, param, *value as i32);
            }
        }
        for (id, param) in switches(params) {
            if let Some(value) = self.switches.get(id) {
                set(setter, param, *value);
            }
        }
        self.choose(setter, "playmode", &params.play_mode);
        self.choose(setter, "takechoice", &params.take_choice);
    }

    fn choose<T: Enum + PartialEq + Copy>(&self, setter: &ParamSetter<'_>, id: &str, param: &EnumParam<T>) {
        let ids = T::ids().unwrap_or_default();
        let index = self.choices.get(id).and_then(|kept| ids.iter().position(|id| id == kept));
        if let Some(index) = index {
            set(setter, param, T::from_index(index));
        }
    }
}

fn id_of<T: Enum>(value: T) -> String {
    let ids = T::ids().unwrap_or_default();
    ids.get(value.to_index()).copied().unwrap_or_default().to_owned()
}

fn set<P: Param>(setter: &ParamSetter<'_>, param: &P, value: P::Plain) {
    // Setting rounds.
    if param.unmodulated_plain_value() == value {
        return;
    }
    setter.begin_set_parameter(param);
    setter.set_parameter(param, value);
    setter.end_set_parameter(param);
}
