//! Training on a user's folder: what is read of it, and what becomes of the model.

use crate::tiny_model;
use anyhow::Result;
use candle_core::{Device, Tensor};
use std::collections::HashMap;
use std::fs;
use std::path::Path;
use straightshot_engine::ErrorKind;
use straightshot_engine::config::{LearntGuidance, ModelConfig};
use straightshot_engine::model::{ModelFiles, ONE_STEP, WEIGHTS_FILE};
use straightshot_engine::pipeline::Generator;
use straightshot_engine::rng::{Noise, Stream};
use straightshot_engine::weights;
use straightshot_protocol::{Audio, CancelToken, Request};
use straightshot_sound::files;
use straightshot_training::checkpoint::averaged_weights;
use straightshot_training::flow::FlowData;
use straightshot_training::library::{self, Base, LibraryTraining, Method, Report, Source, Status};
use straightshot_training::lora::Lora;
use straightshot_training::optim::OptimConfig;
use straightshot_training::run::Budget;
use straightshot_training::timesteps::Timesteps;

const LORA: Method = Method::Lora(Lora { rank: 4, alpha: 8.0 });

/// Writes half a second of a fading tone and noise at 8 kHz.
fn sound(path: &Path, pitch: f32) -> Result<()> {
    fs::create_dir_all(path.parent().expect("a file in a folder"))?;
    let noise = Noise::new(u64::from(pitch.to_bits()), Stream::Texture).normals(4_000);
    let sample = |(i, n): (usize, &f32)| {
        let decay = (-(i as f32) / 1_500.0).exp();
        decay * (0.6 * (i as f32 * pitch).sin() + 0.05 * n)
    };
    let samples: Vec<f32> = noise.iter().enumerate().map(sample).collect();
    Ok(files::write(path, &Audio::mono(8_000, samples))?)
}

/// Puts a bext chunk with this description behind the sound.
fn describe(path: &Path, text: &str) -> Result<()> {
    let mut body = text.as_bytes().to_vec();
    body.resize(602, 0);
    let mut bytes = fs::read(path)?;
    bytes.extend([&b"bext"[..], &602u32.to_le_bytes(), &body].concat());
    Ok(fs::write(path, bytes)?)
}

/// Four sounds, described in four ways.
fn folder() -> Result<tempfile::TempDir> {
    let folder = tempfile::tempdir()?;
    let at = |name: &str| folder.path().join(name);
    sound(&at("one.wav"), 0.2)?;
    fs::write(at("captions.csv"), "file,caption,category\none.wav,glass bottle,GLASMisc\n")?;
    sound(&at("two.wav"), 0.4)?;
    describe(&at("two.wav"), "rain on stone")?;
    sound(&at("pack/DOORWood_Slow Creak 03_XY_NONE.wav"), 0.6)?;
    sound(&at("Wind/Cold Wind 01.wav"), 0.8)?;
    Ok(folder)
}

struct Trained {
    base: Base,
    report: Report,
    data: FlowData,
}

fn prepared(folder: &Path) -> Result<Trained> {
    let base = Base::load(tiny_model::files(1)?, &Device::Cpu)?;
    let mut report = Report::default();
    let items = library::scan(folder, &mut report)?;
    let data = library::encode(&items, &base, &mut report, &Device::Cpu)?;
    Ok(Trained { base, report, data })
}

fn settings(method: Method, steps: u64) -> LibraryTraining {
    LibraryTraining {
        method,
        optim: OptimConfig { learning_rate: 1e-2, warm_up: 5, ema_decay: 0.95, ..OptimConfig::default() },
        tokens_per_step: 128,
        timesteps: Timesteps::Uniform,
        text_dropout: 0.1,
        couples: 12,
        seed: 1,
        budget: Budget { steps, seconds: 1e6, ..Budget::default() },
    }
}

impl Trained {
    fn train(&self, method: Method, steps: u64, run: &Path) -> straightshot_engine::Result<()> {
        library::train(&settings(method, steps), &self.base, &self.data, run, &Device::Cpu, &mut |_| ())
    }

    fn write(&self, method: Method, run: &Path, out: &Path) -> straightshot_engine::Result<()> {
        library::write_model(method, &self.base, run, "mine", &self.report, out)
    }
}

fn losses(run: &Path) -> Result<Vec<f64>> {
    let text = fs::read_to_string(run.join("learn/log.csv"))?;
    let loss = |line: &str| line.split(',').nth(2).unwrap_or_default().parse();
    Ok(text.lines().skip(1).map(loss).collect::<Result<_, _>>()?)
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

/// Names of the weights that differ.
fn changed(before: &ModelFiles, after: &Path) -> Result<Vec<String>> {
    let values = |t: &Tensor| -> Result<Vec<f32>> { Ok(t.flatten_all()?.to_vec1()?) };
    let before: HashMap<String, Tensor> = weights::unpack(&before.weights)?;
    let after = weights::unpack(&fs::read(after.join(WEIGHTS_FILE))?)?;
    assert_eq!(before.len(), after.len());
    let mut names = Vec::new();
    for (name, tensor) in before {
        if values(&tensor)? != values(&after[&name])? {
            names.push(name);
        }
    }
    Ok(names)
}

#[test]
fn every_source_gives_a_caption() -> Result<()> {
    let folder = folder()?;
    let trained = prepared(folder.path())?;
    let mut lines = trained.report.lines.clone();
    lines.retain(|line| line.source.is_some());
    lines.sort_by_key(|line| line.source);
    let said: Vec<_> =
        lines.iter().map(|l| [&l.caption, &l.caption2, &l.category].map(String::as_str)).collect();
    assert_eq!(
        said,
        [
            ["glass bottle", "", "GLASS MISC"],
            ["rain on stone", "", ""],
            ["slow creak", "slow creak, doors wood", "DOORS WOOD"],
            ["wind cold", "cold wind", ""],
        ]
    );
    let sources: Vec<_> = lines.iter().filter_map(|line| line.source).collect();
    assert_eq!(sources, [Source::Table, Source::Metadata, Source::Ucs, Source::Name]);
    assert_eq!(trained.data.clip_count(), 4);
    let path = folder.path().join("report.csv");
    trained.report.write(&path)?;
    let text = fs::read_to_string(path)?;
    assert!(
        text.starts_with(
            "file,status,reason,source,origin,caption,caption2,category,seconds,note,rejected\n"
        ),
        "{text}"
    );
    assert!(text.contains("two.wav,used,,metadata,bext description,rain on stone,,,0.5,"), "{text}");
    assert!(trained.report.summary().starts_with("used: 4 files, 0.0 min (1 by table, 1 by metadata"));
    Ok(())
}

#[test]
fn what_cannot_be_used_is_a_line_of_the_report() -> Result<()> {
    let folder = folder()?;
    let at = |name: &str| folder.path().join(name);
    fs::write(at("empty.wav"), b"")?;
    fs::write(at("cut off.flac"), b"fLaC\0\0")?;
    fs::write(at("text.ogg"), b"no sound at all")?;
    fs::write(at("song.mp3"), b"")?;
    fs::write(at("._one.wav"), b"")?;
    fs::write(at("blank.csv"), b"")?;
    fs::write(at("other.csv"), b"a,b\n1,2\n")?;
    fs::write(
        at("more.csv"),
        b"filename;description\none.wav;again\n../x.wav;out\nnone.wav;none\n\xff\xfe;\n",
    )?;
    let audio = |samples: Vec<f32>| Audio::mono(8_000, samples);
    files::write(&at("still.wav"), &audio(vec![1e-5; 4_000]))?;
    files::write(&at("click.wav"), &audio([0.5, -0.5].repeat(50)))?;
    files::write(&at("broken.wav"), &audio(vec![f32::NAN; 4_000]))?;
    files::write(&at("loud long rain.wav"), &audio([2.0, -2.0].repeat(8_000 * 16)))?;
    sound(&at("0001.wav"), 0.3)?;
    let trained = prepared(folder.path())?;
    let reason = |file: &str| {
        let line = trained.report.lines.iter().find(|line| line.file == file);
        line.map_or("no line", |line| line.reason)
    };
    for (file, wanted) in [
        ("empty.wav", "format not read"),
        ("cut off.flac", "unreadable"),
        ("text.ogg", "format not read"),
        ("broken.wav", "unreadable"),
        ("song.mp3", "format not read"),
        ("._one.wav", "hidden"),
        ("blank.csv", "table not understood"),
        ("other.csv", "table not understood"),
        ("more.csv, line 2", "there twice"),
        ("more.csv, line 3", "outside the folder"),
        ("more.csv, line 4", "no such file"),
        ("more.csv, line 5", "no such file"),
        ("still.wav", "silent"),
        ("click.wav", "too short"),
        ("0001.wav", "no words"),
    ] {
        assert_eq!(reason(file), wanted, "{file}");
    }
    let long = trained.report.lines.iter().find(|line| line.file == "loud long rain.wav").expect("a line");
    assert_eq!((long.status, long.seconds), (Status::Used, Some(30.0)));
    assert!(
        long.note.contains("cut to its first 30 s") && long.note.contains("6.0 dB too loud"),
        "{}",
        long.note
    );
    assert!(trained.report.summary().contains("skipped: 15"), "{}", trained.report.summary());
    assert!(!trained.report.lines.iter().any(|l| l.note.contains(&*folder.path().to_string_lossy())));
    Ok(())
}

#[cfg(unix)]
#[test]
fn links_that_loop_or_lead_out_end_nothing() -> Result<()> {
    use std::os::unix::fs::symlink;
    let (folder, outside) = (folder()?, tempfile::tempdir()?);
    let at = |name: &str| folder.path().join(name);
    sound(&outside.path().join("secret.wav"), 0.5)?;
    symlink(outside.path().join("secret.wav"), at("secret.wav"))?;
    symlink(outside.path(), at("out"))?;
    symlink(folder.path(), at("pack/loop"))?;
    symlink(at("me.wav"), at("me.wav"))?;
    symlink(at("one.wav"), at("other one.wav"))?;
    let trained = prepared(folder.path())?;
    assert_eq!(trained.data.clip_count(), 4);
    let mut skipped: Vec<_> = trained.report.lines.iter().filter(|l| l.status == Status::Skipped).collect();
    skipped.sort_by(|a, b| a.file.cmp(&b.file));
    let skipped: Vec<_> = skipped.iter().map(|line| (line.file.as_str(), line.reason)).collect();
    assert_eq!(
        skipped,
        [
            ("me.wav", "unreadable"),
            ("other one.wav", "there twice"),
            ("out", "outside the folder"),
            ("pack/loop", "there twice"),
            ("secret.wav", "outside the folder"),
        ]
    );
    Ok(())
}

#[test]
fn a_folder_without_sounds_is_an_error_and_one_that_is_not_there_too() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let error = prepared(folder.path()).err().expect("nothing to train on").to_string();
    assert!(error.contains("report.csv says why"), "{error}");
    let missing = library::scan(&folder.path().join("none"), &mut Report::default()).expect_err("no folder");
    assert_eq!(missing.kind(), ErrorKind::Io);
    Ok(())
}

#[test]
fn low_rank_factors_learn_and_go_on_where_they_stopped() -> Result<()> {
    let (folder, run, out) = (folder()?, tempfile::tempdir()?, tempfile::tempdir()?);
    let trained = prepared(folder.path())?;
    trained.train(LORA, 100, run.path())?;
    trained.train(LORA, 250, run.path())?;
    let losses = losses(run.path())?;
    let (first, middle, last) = (mean(&losses[..10]), mean(&losses[90..110]), mean(&losses[200..]));
    assert!(losses.len() == 250, "100 steps and 150 more, not {}", losses.len());
    assert!(middle < 0.8 * first && last < middle, "{first}, {middle}, {last}");
    let names: Vec<String> =
        averaged_weights(&run.path().join("learn/checkpoint.safetensors"))?.into_keys().collect();
    assert!(names.iter().all(|name| name.ends_with("lora_a") || name.ends_with("lora_b")), "{names:?}");

    trained.write(LORA, run.path(), out.path())?;
    let changed = changed(&trained.base.files, out.path())?;
    assert!(changed.iter().all(|n| n.starts_with("flow.")), "{changed:?}");
    makes_sound(out.path())?;
    let card = fs::read_to_string(out.path().join("MODEL_CARD.md"))?;
    for part in ["# mine", "| base | tiny |", "rank 4, alpha 8", "| steps | 250 |", "| files | 4 ("] {
        assert!(card.contains(part), "{part} is not in {card}");
    }
    // What goes on must be what began.
    let other = Method::Lora(Lora { rank: 4, alpha: 4.0 });
    for (trained, method) in
        [(&trained, other), (&trained, Method::Full), (&other_base(folder.path())?, LORA)]
    {
        assert_eq!(trained.train(method, 300, run.path()).unwrap_err().kind(), ErrorKind::InvalidRequest);
    }
    Ok(())
}

fn other_base(folder: &Path) -> Result<Trained> {
    Ok(Trained { base: Base::load(tiny_model::files(2)?, &Device::Cpu)?, ..prepared(folder)? })
}

fn makes_sound(model: &Path) -> Result<()> {
    let generator = Generator::from_dir(model)?;
    let request = Request { prompt: "cold wind".into(), steps: 2, seconds: 0.5, ..Request::default() };
    let made = generator.generate(&request, &mut |_| (), &CancelToken::default())?;
    let samples = made.clips[0].left();
    assert!(samples.len() == 4_000 && samples.iter().all(|x| x.is_finite()));
    assert!(samples.iter().any(|x| x.abs() > 1e-4));
    Ok(())
}

#[test]
fn full_fine_tuning_learns_and_leaves_codec_and_text_alone() -> Result<()> {
    let (folder, run, out) = (folder()?, tempfile::tempdir()?, tempfile::tempdir()?);
    let trained = prepared(folder.path())?;
    trained.train(Method::Full, 200, run.path())?;
    let losses = losses(run.path())?;
    let (first, last) = (mean(&losses[..10]), mean(&losses[180..]));
    assert!(last < 0.7 * first, "{first} to {last}");
    trained.write(Method::Full, run.path(), out.path())?;
    let changed = changed(&trained.base.files, out.path())?;
    assert!(changed.iter().all(|name| name.starts_with("flow.")), "{changed:?}");
    assert!(changed.contains(&"flow.output.weight".to_owned()));
    makes_sound(out.path())
}

/// The tiny model with a network for one step and flows that have learnt this much guidance.
fn base_with_one_step(learnt_guidance: LearntGuidance) -> Result<Base> {
    let mut tensors = tiny_model::tensors(1)?;
    let flow: Vec<(String, Tensor)> = tensors.clone().into_iter().collect();
    tensors.extend(
        flow.into_iter().filter_map(|(n, t)| Some((format!("{ONE_STEP}{}", n.strip_prefix("flow.")?), t))),
    );
    let config = ModelConfig { learnt_guidance, ..tiny_model::config() };
    let config = serde_json::to_vec(&config)?;
    Ok(Base::load(ModelFiles { config: config.into(), ..tiny_model::files_with(&tensors)? }, &Device::Cpu)?)
}

/// Goes through the whole recipe with a base whose flow for several steps has learnt this much guidance; the folder of the
/// run and what was said.
fn whole_recipe(flow: f32) -> Result<(tempfile::TempDir, String)> {
    let (folder, run, out) = (tempfile::tempdir()?, tempfile::tempdir()?, tempfile::tempdir()?);
    for i in 0..12u8 {
        sound(&folder.path().join(format!("glass bottle {i}.wav")), 0.2 + 0.05 * f32::from(i))?;
    }
    let base = base_with_one_step(LearntGuidance { flow, one_step: 3.0 })?;
    let mut report = Report::default();
    let items = library::scan(folder.path(), &mut report)?;
    let data = library::encode(&items, &base, &mut report, &Device::Cpu)?;
    let trained = Trained { base, report, data };
    let mut said = Vec::new();
    // So fast that it soon learns the clips by heart.
    let optim = OptimConfig { learning_rate: 3e-2, warm_up: 1, ema_decay: 0.5, ..OptimConfig::default() };
    let settings = LibraryTraining { optim, couples: 70, ..settings(Method::Full, 4_000) };
    let settings = LibraryTraining { budget: Budget { seconds: 60.0, ..settings.budget }, ..settings };
    let mut note = |text: &str| said.push(text.to_owned());
    library::train(&settings, &trained.base, &trained.data, run.path(), &Device::Cpu, &mut note)?;
    let said = said.join("\n");
    let stages =
        ["First: learning the sounds; 1 clips are kept apart", "preview: ", "shard 2 of 2", "Last: "];
    assert!(stages.iter().all(|stage| said.contains(stage)), "{said}");
    assert!(said.contains("come no nearer to the clips kept apart; going on with step"), "{said}");
    let previews: Vec<_> = fs::read_dir(run.path().join("previews"))?.collect::<Result<_, _>>()?;
    let first = files::read_mono(&previews[0].path())?;
    assert!(first.left().iter().any(|x| x.abs() > 0.8), "a preview that is silent");
    trained.write(Method::Full, run.path(), out.path())?;
    let config: ModelConfig = serde_json::from_slice(&fs::read(out.path().join("config.json"))?)?;
    assert_eq!(config.learnt_guidance, LearntGuidance { flow, one_step: 3.0 });
    let changed = changed(&trained.base.files, out.path())?;
    for part in ["flow.output.weight", "one_step.output.weight"] {
        assert!(changed.iter().any(|name| name == part), "{part} learnt nothing: {changed:?}");
    }
    makes_sound(out.path())?;
    // More time for a run that has ended by itself changes nothing.
    let before = fs::read(run.path().join("one-step/checkpoint.safetensors"))?;
    library::train(&settings, &trained.base, &trained.data, run.path(), &Device::Cpu, &mut |_| ())?;
    assert!(before == fs::read(run.path().join("one-step/checkpoint.safetensors"))?);
    Ok((run, said))
}

#[test]
fn the_whole_recipe_is_gone_through_and_ends_where_clips_kept_apart_get_no_better() -> Result<()> {
    let (run, said) = whole_recipe(3.0)?;
    assert!(said.contains("Then: ") && run.path().join("flow").exists(), "{said}");
    Ok(())
}

#[test]
fn a_flow_that_is_guided_when_it_is_used_is_not_straightened() -> Result<()> {
    let (run, said) = whole_recipe(1.0)?;
    assert!(!said.contains("Then: ") && !run.path().join("flow").exists(), "{said}");
    // Both networks of the base are the same, so what the flow has learnt makes the other begin as the flow that learnt it.
    let weights = |stage: &str| averaged_weights(&run.path().join(stage).join("checkpoint.safetensors"));
    let (start, learnt, base) = (weights("one-step-start")?, weights("learnt")?, weights("one-step-base")?);
    let apart = |a: &Tensor, b: &Tensor| -> Result<f32> {
        Ok((a - b)?.abs()?.flatten_all()?.max(0)?.to_scalar::<f32>()?)
    };
    for (name, weight) in &start {
        assert!(apart(weight, &learnt[name])? < 1e-5, "{name}");
    }
    assert!(apart(&start["output.weight"], &base["output.weight"])? > 1e-2);
    Ok(())
}

#[test]
fn no_steps_give_back_the_base() -> Result<()> {
    let folder = folder()?;
    let trained = prepared(folder.path())?;
    for method in [LORA, Method::Full] {
        let (run, out) = (tempfile::tempdir()?, tempfile::tempdir()?);
        trained.train(method, 0, run.path())?;
        trained.write(method, run.path(), out.path())?;
        let stored = |bytes: &[u8]| -> Result<Vec<(String, Vec<u8>)>> {
            let file = safetensors::SafeTensors::deserialize(bytes)?;
            let mut tensors: Vec<_> =
                file.tensors().into_iter().map(|(n, t)| (n, t.data().to_vec())).collect();
            tensors.sort();
            Ok(tensors)
        };
        let after = fs::read(out.path().join(WEIGHTS_FILE))?;
        assert!(stored(&trained.base.files.weights)? == stored(&after)?, "{method}");
    }
    Ok(())
}
