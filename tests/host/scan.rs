//! What a host learns before it makes a sound, and what that costs.

use crate::alone::{alone, clap_bundle, journal, threads, vst3_library};
use crate::vst3_host::Module;
use straightshot_tests::clap_host::{Descriptor, Instance, PLUGIN_ID, Param};

#[test]
fn the_descriptor_is_frozen() {
    alone(|| {
        let descriptors = clap_bundle()?.descriptors()?;
        let [Descriptor { id, name, vendor, version, features }] = &descriptors[..] else {
            panic!("one plugin was expected: {descriptors:?}")
        };
        assert_eq!(
            (id.as_str(), name.as_str(), vendor.as_str()),
            (PLUGIN_ID, "Straightshot", "Straightshot")
        );
        assert_eq!(version, env!("CARGO_PKG_VERSION"));
        for feature in ["instrument", "stereo"] {
            assert!(features.iter().any(|word| word == feature), "no {feature} in {features:?}");
        }
        Ok(())
    });
}

#[test]
fn the_vst3_says_its_version() {
    alone(|| {
        assert_eq!(Module::load(&vst3_library()?)?.version()?, env!("CARGO_PKG_VERSION"));
        Ok(())
    });
}

#[test]
fn scanning_starts_no_thread_and_loads_no_model() {
    alone(|| {
        let before = threads()?;
        let bundle = clap_bundle()?;
        assert_eq!(bundle.descriptors()?.len(), 1);
        assert_eq!(threads()?, before);
        drop(bundle);
        assert_eq!(threads()?, before);
        assert!(journal().events("model_loaded").is_empty());
        Ok(())
    });
}

#[test]
fn an_instance_that_is_not_asked_for_a_sound_loads_no_model() {
    alone(|| {
        let bundle = clap_bundle()?;
        let mut instance = Instance::new(&bundle)?;
        let mut renderer = instance.activate(48_000.0, 512)?;
        let saved = instance.save()?;
        assert!(instance.load(&saved)?);
        for _ in 0..50 {
            instance.idle();
            let sound = renderer.render(512, &[])?;
            assert!(sound.iter().flatten().all(|sample| *sample == 0.0), "sound without a take");
        }
        instance.deactivate(renderer);
        drop(instance);
        assert!(journal().events("model_loaded").is_empty());
        Ok(())
    });
}

/// A row of the frozen table: id, stepped, largest host value, the texts at the smallest, default and largest value.
type Row = (&'static str, bool, f64, [&'static str; 3]);

/// Hosts keep automation under these ids and in these ranges: a change breaks projects.
const FROZEN: [Row; 18] = [
    ("steps", true, 23.0, ["1", "8", "24"]),
    ("length", false, 1.0, ["0.25 s", "2.00 s", "30.00 s"]),
    ("guidance", false, 1.0, ["0.0", "4.0", "10.0"]),
    ("seed", true, 999_999.0, ["0", "1", "999999"]),
    ("gain", false, 1.0, ["-60.0 dB", "0.0 dB", "12.0 dB"]),
    ("playmode", true, 2.0, ["Note", "Note", "Transport"]),
    ("keytrack", true, 1.0, ["Off", "Off", "On"]),
    ("loop", true, 1.0, ["Off", "Off", "On"]),
    ("takechoice", true, 4.0, ["Selected take", "Selected take", "One per key"]),
    ("take", true, 63.0, ["1", "1", "64"]),
    ("velocity", false, 1.0, ["0 %", "100 %", "100 %"]),
    ("attack", false, 1.0, ["0 ms", "0 ms", "5000 ms"]),
    ("decay", false, 1.0, ["0 ms", "0 ms", "5000 ms"]),
    ("sustain", false, 1.0, ["0 %", "100 %", "100 %"]),
    ("release", false, 1.0, ["5 ms", "5 ms", "10000 ms"]),
    ("rootkey", true, 127.0, ["C-2", "C3", "G8"]),
    ("lowkey", true, 127.0, ["C-2", "C-2", "G8"]),
    ("highkey", true, 127.0, ["C-2", "G8", "G8"]),
];

#[test]
fn parameters_have_frozen_ids_ranges_and_texts() {
    alone(|| {
        let mut instance = Instance::new(&clap_bundle()?)?;
        let params = instance.params()?;
        let shown: Vec<&Param> = params.iter().filter(|param| !param.hidden).collect();
        assert_eq!(shown.len(), FROZEN.len(), "{shown:#?}");
        for (param, (id, stepped, max, texts)) in shown.into_iter().zip(FROZEN) {
            assert_eq!(param.id.get(), clap_id(id), "{id}: {param:?}");
            assert_eq!((param.min, param.max, param.stepped), (0.0, max, stepped), "{id}");
            assert_eq!(param.texts, texts, "{id}");
        }
        let state = instance.state()?;
        for (id, ..) in FROZEN {
            assert!(state.params.contains_key(id), "the state lacks {id}");
        }
        Ok(())
    });
}

#[test]
fn asking_for_a_parameter_after_the_last_is_answered() {
    alone(|| {
        assert!(!Instance::new(&clap_bundle()?)?.has_param_after_the_last()?);
        Ok(())
    });
}

#[test]
fn no_parameter_starts_a_generation() {
    alone(|| {
        let mut instance = Instance::new(&clap_bundle()?)?;
        let params = instance.params()?;
        let mut renderer = instance.activate(48_000.0, 256)?;
        let mut state = instance.state()?;
        state.session["prompt"] = "glass".into();
        instance.set_state(&state)?;
        for value in [0.0, 1.0, 0.5] {
            let events = params.iter().map(|param| straightshot_tests::clap_host::Event::Param {
                at: 0,
                id: param.id,
                value: (value * param.max).round(),
            });
            renderer.render(256, &events.collect::<Vec<_>>())?;
            instance.idle();
            assert!(instance.state()?.session["pending"].is_null());
        }
        instance.deactivate(renderer);
        Ok(())
    });
}

/// How nice-plug makes a CLAP id of a string: Java's string hash without the sign bit.
fn clap_id(id: &str) -> u32 {
    id.bytes().fold(0_u32, |hash, byte| hash.wrapping_mul(31).wrapping_add(u32::from(byte))) & 0x7fff_ffff
}
