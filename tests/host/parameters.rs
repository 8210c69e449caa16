//! What the VST3 says of its parameters; for the CLAP see `scan.rs`.

use crate::alone::{alone, vst3_library};
use crate::vst3_host::Module;
use anyhow::{Context, ensure};

/// Parameters of the plugin that hosts show.
const SHOWN: usize = 18;
/// Controllers that are answered to, and what stands for each: 124 to 127 release all notes, as 123 does.
const CONTROLLERS: [(i16, &str); 8] = [
    (64, "MIDI Sustain Pedal"),
    (120, "MIDI All Sound Off"),
    (121, "MIDI Reset Controllers"),
    (123, "MIDI All Notes Off"),
    (124, "MIDI All Notes Off"),
    (125, "MIDI All Notes Off"),
    (126, "MIDI All Notes Off"),
    (127, "MIDI All Notes Off"),
];

#[test]
fn the_vst3_shows_its_own_parameters_and_one_for_each_controller() {
    alone(|| {
        let module = Module::load(&vst3_library()?)?;
        let instance = module.instance()?;
        let params = instance.parameters()?;
        let (hidden, shown): (Vec<_>, Vec<_>) = params.iter().partition(|param| param.hidden);
        assert_eq!(shown.len(), SHOWN, "{shown:#?}");
        let titles: Vec<&str> = hidden.iter().map(|param| param.title.as_str()).collect();
        let expected: Vec<&str> = CONTROLLERS[..4].iter().map(|(_, title)| *title).collect();
        assert_eq!(titles, expected);
        assert!(hidden.iter().all(|param| !param.automatable));
        // All channels, the last too, reach the same parameters, and nothing else is taken.
        for channel in [0, 9, 15] {
            for number in 0..=131 {
                let found = instance.controller_of(channel, number)?;
                let found = found.and_then(|id| params.iter().find(|param| param.id == id));
                let title = CONTROLLERS.iter().find(|(known, _)| *known == number).map(|(_, title)| *title);
                assert_eq!(found.map(|param| param.title.as_str()), title, "controller {number}");
            }
        }
        assert_eq!(instance.controller_of(16, 64)?, None, "there are 16 channels");
        Ok(())
    });
}

#[test]
fn plain_values_of_the_vst3_are_in_the_units_beside_them() {
    alone(|| {
        let module = Module::load(&vst3_library()?)?;
        let instance = module.instance()?;
        let params = instance.parameters()?;
        let units = |unit: &str| params.iter().filter(|param| param.units == unit).count();
        assert_eq!([units("s"), units("dB"), units("%"), units("ms")], [1, 1, 2, 3]);
        for param in params.iter().filter(|param| !param.units.is_empty()) {
            for normalised in [0.0, 0.25, 0.5, 1.0] {
                let [plain, back] = instance.plain_and_back(param.id, normalised);
                let text = instance.value_text(param.id, normalised)?;
                let written: f64 = text.parse().with_context(|| format!("{}: {text}", param.title))?;
                // As written: rounded to 0.01 at the finest and to 1 at the coarsest.
                let close = (plain - written).abs() <= 0.51;
                ensure!(close, "{}: {plain} is written as {text} {}", param.title, param.units);
                ensure!((back - normalised).abs() < 1e-4, "{}: {normalised} returns as {back}", param.title);
            }
        }
        Ok(())
    });
}
