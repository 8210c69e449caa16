//! What the VST3 says of its parameters; for the CLAP see `scan.rs`.

use crate::alone::{alone, vst3_library};
use crate::vst3_host::Module;

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
        let mut expected = vec!["Session revision"];
        expected.extend(CONTROLLERS[..4].iter().map(|(_, title)| *title));
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
