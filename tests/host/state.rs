//! Projects are kept: what was saved comes back, and nothing that a project file may hold takes the host down.

use crate::alone::{alone, clap_bundle};
use anyhow::{Result, ensure};
use serde_json::json;
use std::time::{Duration, Instant};
use straightshot_tests::clap_host::{Instance, PluginState, encode_audio, request};

/// A state with texts in several scripts, two takes and no unfinished job.
fn rich_state(instance: &mut Instance) -> Result<PluginState> {
    let mut state = instance.state()?;
    state.session["prompt"] = "Glasflasche zerspringt \"auf\" Stein\n玻璃 🔊".into();
    state.session["negative_prompt"] = "music".into();
    state.session["seed_locked"] = true.into();
    let take = |id: u64, samples: &[f32]| -> Result<serde_json::Value> {
        Ok(json!({
            "id": id,
            "name": format!("take {id}"),
            "request": request("glass", 4, 0.25, 7),
            "sample_rate_hz": 44_100,
            "model": "test",
            "audio": encode_audio(samples)?,
        }))
    };
    let ramp: Vec<f32> = (0..11_025_u16).map(|index| f32::from(index) / 11_025.0 - 0.5).collect();
    state.session["takes"] = json!([take(3, &ramp)?, take(8, &[0.25; 11_025])?]);
    state.session["active_take"] = json!(3);
    for (id, value) in [
        ("steps", json!({"i32": 8})),
        ("length", json!({"f32": 0.25})),
        ("guidance", json!({"f32": 4.5})),
        ("seed", json!({"i32": 123_456})),
        ("keytrack", json!({"bool": true})),
    ] {
        state.params.insert(id.to_owned(), value);
    }
    Ok(state)
}

fn takes(state: &PluginState) -> Vec<serde_json::Value> {
    state.session["takes"].as_array().cloned().unwrap_or_default()
}

/// Loads `state`, whose takes have the form of document version 1, and waits until the plugin has turned them into its
/// own, or has found out that it cannot. Returns the takes of `state`, and the state as it is saved then.
fn settled(instance: &mut Instance, state: &PluginState) -> Result<(Vec<serde_json::Value>, PluginState)> {
    instance.set_state(state)?;
    let begun = Instant::now();
    loop {
        let now = instance.state()?;
        if takes(&now).iter().all(|take| take["audio"].is_null()) {
            return Ok((takes(state), now));
        }
        ensure!(begun.elapsed() < Duration::from_secs(30), "the takes keep their old form");
        std::thread::sleep(Duration::from_millis(2));
    }
}

#[test]
fn a_saved_state_comes_back_byte_for_byte() {
    alone(|| {
        let bundle = clap_bundle()?;
        let mut first = Instance::new(&bundle)?;
        let state = rich_state(&mut first)?;
        let (before, kept) = settled(&mut first, &state)?;
        let saved = first.save()?;
        for field in ["prompt", "negative_prompt", "seed_locked", "active_take", "pending"] {
            assert_eq!(kept.session[field], state.session[field], "{field}");
        }
        for (old, new) in before.iter().zip(takes(&kept)) {
            assert_eq!((&old["id"], &old["name"]), (&new["id"], &new["name"]));
            assert_eq!(old["request"]["prompt"], new["request"]["prompt"]);
            assert_eq!(new["request"]["model"]["name"], old["model"]);
        }
        let ramp: Vec<f32> = (0..11_025_u16).map(|index| f32::from(index) / 11_025.0 - 0.5).collect();
        let active = kept.active_take()?;
        let farthest = active.samples.iter().zip(&ramp).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
        assert!(active.samples.len() == ramp.len() && farthest <= 0.5 / 8_388_608.0, "{farthest}");
        for id in ["steps", "length", "guidance", "seed", "keytrack"] {
            assert_eq!(kept.params[id], state.params[id], "{id}");
        }
        let mut second = Instance::new(&bundle)?;
        assert!(second.load(&saved)?);
        assert_eq!(second.save()?, saved);
        // Processing must not change what is saved.
        let mut renderer = second.activate(44_100.0, 128)?;
        renderer.render(4096, &[])?;
        second.idle();
        assert_eq!(second.save()?, saved);
        second.deactivate(renderer);
        Ok(())
    });
}

/// Three takes that the plugin itself made before the document had checksums (commit 39632da).
const PROJECT_OF_VERSION_1: &[u8] = include_bytes!("project_of_version_1.json");

#[test]
fn a_project_of_the_version_before_opens_with_all_of_its_takes() {
    alone(|| {
        let old = PluginState::from_json(PROJECT_OF_VERSION_1)?;
        let mut instance = Instance::new(&clap_bundle()?)?;
        let (before, now) = settled(&mut instance, &old)?;
        assert_eq!((now.session["version"].clone(), before.len()), (json!(3), 3));
        assert_eq!(now.session["active_take"], old.session["active_take"]);
        for (old, new) in before.iter().zip(takes(&now)) {
            assert_eq!((&old["id"], &old["name"]), (&new["id"], &new["name"]));
            for field in ["prompt", "negative_prompt", "steps", "guidance", "seed", "seconds"] {
                assert_eq!(old["request"][field], new["request"][field], "{field}");
            }
        }
        for (old, new) in old.takes()?.iter().zip(now.takes()?) {
            assert_eq!((old.sample_rate_hz, old.samples.len()), (new.sample_rate_hz, new.samples.len()));
            let pairs = old.samples.iter().zip(&new.samples);
            let farthest = pairs.map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
            assert!(farthest <= 0.5 / 8_388_608.0, "rounded to 24 bits, not {farthest} away");
        }
        Ok(())
    });
}

#[test]
fn damaged_takes_are_kept_as_they_were() {
    alone(|| {
        let mut instance = Instance::new(&clap_bundle()?)?;
        let mut state = rich_state(&mut instance)?;
        let whole = state.session["takes"][0]["audio"].as_str().unwrap_or_default().to_owned();
        state.session["takes"][0]["audio"] = whole[..whole.len() / 2].into();
        state.session["takes"][1]["audio"] = "!!! no base64 !!!".into();
        instance.set_state(&state)?;
        let kept = instance.state()?;
        for index in 0..2 {
            assert_eq!(kept.session["takes"][index]["audio"], state.session["takes"][index]["audio"]);
            assert_eq!(kept.session["takes"][index]["name"], state.session["takes"][index]["name"]);
        }
        assert_eq!(kept.session["prompt"], state.session["prompt"]);
        Ok(())
    });
}

#[test]
fn a_newer_version_keeps_its_unknown_fields() {
    alone(|| {
        let mut instance = Instance::new(&clap_bundle()?)?;
        let mut state = rich_state(&mut instance)?;
        state.session["version"] = json!(9);
        state.session["layers"] = json!([{"of": "a later release"}]);
        state.session["takes"][0]["rating"] = json!(5);
        instance.set_state(&state)?;
        let kept = instance.state()?;
        assert_eq!(kept.session["version"], json!(9));
        assert_eq!(kept.session["layers"], state.session["layers"]);
        assert_eq!(kept.session["takes"][0]["rating"], json!(5));
        Ok(())
    });
}

#[test]
fn nothing_in_a_project_file_takes_the_host_down() {
    alone(|| {
        let mut instance = Instance::new(&clap_bundle()?)?;
        let valid = rich_state(&mut instance)?.to_clap()?;
        let mut renderer = instance.activate(48_000.0, 64)?;
        let mut random = Random(0x2545_f491_4f6c_dd1d);
        for round in 0..400 {
            let bytes = match round % 4 {
                0 => random.bytes(round * 16),
                1 => with_length(&random.bytes(round * 4)),
                2 => valid[..random.below(valid.len())].to_vec(),
                _ => random.flipped(&valid),
            };
            // Whether it is accepted is the plugin's business.
            instance.load(&bytes)?;
            instance.idle();
            let sound = renderer.render(64, &[])?;
            assert!(sound.iter().flatten().all(|sample| sample.is_finite()), "round {round}");
        }
        // The instance still works.
        assert!(instance.load(&valid)?);
        let prompt = instance.state()?.session["prompt"].clone();
        assert_eq!(prompt, PluginState::from_clap(&valid)?.session["prompt"]);
        instance.deactivate(renderer);
        Ok(())
    });
}

#[test]
fn sessions_of_the_wrong_shape_are_survived() {
    alone(|| {
        let mut instance = Instance::new(&clap_bundle()?)?;
        let good = rich_state(&mut instance)?;
        let shapes = [
            json!(null),
            json!([]),
            json!("text"),
            json!({}),
            json!({"version": "one", "prompt": 3, "takes": {"a": 1}, "pending": []}),
            json!({"version": 1, "takes": [1, null, {}, {"id": -1}], "active_take": 99}),
            json!({"version": 1, "takes": [{"id": 1, "sample_rate_hz": 0, "audio": ""}], "active_take": 1}),
        ];
        for shape in shapes {
            instance.load(&PluginState { session: shape.clone(), ..good.clone() }.to_clap()?)?;
            instance.idle();
            assert!(instance.state().is_ok(), "after {shape}");
        }
        Ok(())
    });
}

/// `json` with the length that makes it a CLAP state.
fn with_length(json: &[u8]) -> Vec<u8> {
    let mut bytes = (json.len() as u64).to_le_bytes().to_vec();
    bytes.extend(json);
    bytes
}

/// Marsaglia's xorshift: the same numbers at every run.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    #[expect(clippy::cast_possible_truncation, reason = "any bits will do")]
    fn below(&mut self, end: usize) -> usize {
        self.next() as usize % end
    }

    fn bytes(&mut self, count: usize) -> Vec<u8> {
        (0..count).map(|_| self.next().to_le_bytes()[3]).collect()
    }

    /// `bytes` with eight of them replaced.
    fn flipped(&mut self, bytes: &[u8]) -> Vec<u8> {
        let mut bytes = bytes.to_vec();
        for _ in 0..8 {
            let at = self.below(bytes.len());
            bytes[at] = self.next().to_le_bytes()[0];
        }
        bytes
    }
}
