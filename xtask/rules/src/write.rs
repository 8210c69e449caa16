//! Finishes clips (space, level, length), writes the WAV files and the manifest.

use super::caption::Captions;
use super::catalogue::Job;
use super::rng::{Rng, hash, mix};
use super::room::Space;
use super::signal::{RATE_HZ, Sound, samples_in};
use super::{Generator, Scene};
use anyhow::{Context, Result};
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::{fs, thread};

/// No clip is longer.
pub(crate) const LONGEST_S: f32 = 8.0;

/// The columns of the manifest, those of the collection of recordings.
const COLUMNS: [&str; 18] = [
    "id",
    "file",
    "source",
    "source_group",
    "original_path",
    "licence",
    "licence_tier",
    "licence_evidence",
    "licence_doubt",
    "author",
    "source_url_or_repo",
    "seconds",
    "orig_sample_rate",
    "bandwidth_hz",
    "ucs_category",
    "caption",
    "caption2",
    "split",
];

/// A clip that is ready to be written.
pub(crate) struct Clip {
    /// Levelled sound.
    pub(crate) sound: Sound,
    /// Captions with the words of the space.
    pub(crate) captions: Captions,
}

/// Makes one clip; depends on nothing but its arguments.
pub(crate) fn make(generator: &Generator, seed: u64, group: usize, variation: usize) -> Clip {
    let group_seed = mix(seed ^ hash(generator.name)).wrapping_add(mix(group as u64));
    let mut design = Rng::new(group_seed ^ 0x5bd1_e995, 0);
    let space = draw_space(&mut design, generator.scene);
    let phrase = space_phrase(&mut design, space);
    let mut rng = Rng::new(group_seed, variation as u64);
    let take = (generator.make)(&mut rng);
    let sound = space.place(&mut rng, &take.sound);
    let peak = 10f32.powf(-rng.range(1.0, 4.0) / 20.0);
    let captions = take.captions.map(|caption| with_space(&caption, phrase));
    Clip { sound: finish(sound, peak), captions }
}

/// Draws a space that suits the scene.
fn draw_space(rng: &mut Rng, scene: Scene) -> Space {
    let x = rng.unit();
    match scene {
        Scene::Close => Space::Dry,
        Scene::Indoors if x < 0.1 => Space::Hall,
        Scene::Indoors if x < 0.55 => Space::Room,
        Scene::Outdoors | Scene::Anywhere if x < 0.15 => Space::Distant,
        Scene::Anywhere if x < 0.22 => Space::Hall,
        Scene::Anywhere if x < 0.55 => Space::Room,
        _ => Space::Dry,
    }
}

/// What captions say of a space: `(words, whether they come first)`. A room is too common to be mentioned.
fn space_phrase(rng: &mut Rng, space: Space) -> (&'static str, bool) {
    match space {
        Space::Dry | Space::Room => ("", false),
        Space::Hall => rng.pick(&[("in a large hall", false), ("with echo", false), ("with reverb", false)]),
        Space::Distant => rng.pick(&[("distant", true), ("in the distance", false), ("far away", false)]),
    }
}

/// The caption with the words of the space, unless it would grow beyond ten words.
fn with_space(caption: &str, (words, first): (&str, bool)) -> String {
    let long = caption.split(' ').count() + words.split(' ').count() > 10;
    match (words, first) {
        ("", _) => caption.to_owned(),
        _ if long => caption.to_owned(),
        (words, true) => format!("{words} {caption}"),
        (words, false) => format!("{caption} {words}"),
    }
}

/// No offset, no silence at the end, no click at the ends, the peak at `peak`.
fn finish(sound: Sound, peak: f32) -> Sound {
    let mut sound = sound.high_pass(22.0).trim_end(0.0008);
    sound.samples.truncate(samples_in(LONGEST_S));
    let fade_out_s = (0.04 * sound.seconds()).clamp(0.004, 0.08);
    sound.fade(0.001, fade_out_s).to_peak(peak)
}

/// Writes all clips and the manifest; returns the seconds of sound.
///
/// # Errors
/// If a file cannot be written.
pub fn write(out: &Path, jobs: &[Job], seed: u64, threads: usize) -> Result<f32> {
    let next = AtomicUsize::new(0);
    let work = || -> Result<Vec<(usize, Vec<String>, f32)>> {
        let mut rows = Vec::new();
        loop {
            let index = next.fetch_add(1, Ordering::Relaxed);
            let Some(job) = jobs.get(index) else { return Ok(rows) };
            let (row, seconds) = write_clip(out, job, seed)?;
            rows.push((index, row, seconds));
        }
    };
    for job in jobs {
        let folder = out.join("audio").join(job.generator.category.to_lowercase());
        fs::create_dir_all(&folder).with_context(|| format!("{} cannot be made", folder.display()))?;
    }
    let mut rows = thread::scope(|scope| -> Result<Vec<_>> {
        let workers: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        let mut rows = Vec::new();
        for worker in workers {
            rows.extend(worker.join().map_err(|_| anyhow::anyhow!("a generator panicked"))??);
        }
        Ok(rows)
    })?;
    rows.sort_by_key(|row| row.0);
    let path = out.join("manifest.csv");
    let mut manifest =
        csv::Writer::from_path(&path).with_context(|| format!("{} cannot be written", path.display()))?;
    manifest.write_record(COLUMNS)?;
    for (_, row, _) in &rows {
        manifest.write_record(row)?;
    }
    manifest.flush()?;
    Ok(rows.iter().map(|row| row.2).sum())
}

/// Makes and writes one clip; returns its line of the manifest and its seconds.
fn write_clip(out: &Path, job: &Job, seed: u64) -> Result<(Vec<String>, f32)> {
    let generator = job.generator;
    let clip = make(generator, seed, job.group, job.variation);
    let id = format!("foley-{}-{:03}-{}", generator.name, job.group, job.variation);
    let file = format!("audio/{}/{id}.wav", generator.category.to_lowercase());
    let path = out.join(&file);
    write_wav(&path, &clip.sound).with_context(|| format!("{} cannot be written", path.display()))?;
    let group = format!("g:straightshot-foley:{}:{:03}", generator.name, job.group);
    let seconds = clip.sound.seconds();
    let [caption, caption2] = clip.captions;
    let row = vec![
        id,
        file,
        "straightshot-foley".to_owned(),
        group.clone(),
        format!("xtask dataset --seed {seed}"),
        "MIT OR Apache-2.0".to_owned(),
        "A".to_owned(),
        "made by the generators in xtask/rules/src".to_owned(),
        String::new(),
        "Straightshot contributors".to_owned(),
        "this repository".to_owned(),
        format!("{seconds:.3}"),
        format!("{RATE_HZ:.0}"),
        format!("{:.0}", RATE_HZ / 2.0),
        generator.category.to_owned(),
        caption,
        caption2,
        split(&group).to_owned(),
    ];
    Ok((row, seconds))
}

/// The split of a group: 90 % train, 5 % valid, 5 % test.
fn split(group: &str) -> &'static str {
    match hash(group) % 20 {
        0 => "valid",
        1 => "test",
        _ => "train",
    }
}

/// 16-bit mono; rounding needs no dither at these levels.
fn write_wav(path: &Path, sound: &Sound) -> Result<()> {
    let spec = hound::WavSpec {
        channels: 1,
        sample_rate: RATE_HZ as u32,
        bits_per_sample: 16,
        sample_format: hound::SampleFormat::Int,
    };
    let mut writer = hound::WavWriter::create(path, spec)?;
    for sample in &sound.samples {
        writer.write_sample((sample * 32767.0).round() as i16)?;
    }
    writer.finalize()?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::catalogue::{all, plan};
    use super::*;

    /// Every generator; without optimisation, where a clip takes seconds, some of them.
    fn sample() -> impl Iterator<Item = &'static Generator> {
        all().step_by(if cfg!(debug_assertions) { 13 } else { 1 })
    }

    #[test]
    fn every_clip_is_audible_finite_levelled_of_sane_length_and_has_two_clean_captions() {
        for generator in sample() {
            let Clip { sound, captions } = make(generator, 1, 0, 0);
            let (name, peak_db) = (generator.name, 20.0 * sound.peak().log10());
            assert!(sound.samples.iter().all(|x| x.is_finite()), "{name}");
            assert!((-4.01..=-0.99).contains(&peak_db), "{name}: {peak_db} dB");
            let mean = sound.samples.iter().sum::<f32>() / sound.samples.len() as f32;
            assert!(mean.abs() < 0.01, "{name}: offset {mean}");
            assert!((0.03..=LONGEST_S + 0.01).contains(&sound.seconds()), "{name}: {} s", sound.seconds());
            assert!(sound.rms() > 0.002, "{name}: {} rms", sound.rms());
            for caption in &captions {
                assert!((1..=12).contains(&caption.split(' ').count()), "{name}: {caption}");
                assert!(!caption.contains(['{', '}']), "{name}: {caption}");
                assert_eq!(*caption, caption.trim(), "{name}");
            }
        }
    }

    #[test]
    fn the_same_seed_makes_the_same_clip_and_another_seed_another() {
        for generator in sample().step_by(9) {
            let clip = |seed| make(generator, seed, 2, 1);
            let (a, b) = (clip(1), clip(1));
            assert_eq!(a.sound.samples, b.sound.samples, "{}", generator.name);
            assert_eq!(a.captions, b.captions);
            assert_ne!(a.sound.samples, clip(2).sound.samples, "{}", generator.name);
        }
    }

    #[test]
    fn the_manifest_has_its_columns_and_the_files_it_names() -> Result<()> {
        let folder = tempfile::tempdir()?;
        let jobs = plan(6, Some("mouse-click"));
        let seconds = write(folder.path(), &jobs, 1, 2)?;
        let mut reader = csv::Reader::from_path(folder.path().join("manifest.csv"))?;
        assert_eq!(reader.headers()?.iter().collect::<Vec<_>>(), COLUMNS);
        let rows: Vec<_> = reader.records().collect::<Result<_, _>>()?;
        assert_eq!(rows.len(), 6);
        let mut sum = 0.0;
        for row in &rows {
            let wav = hound::WavReader::open(folder.path().join(&row[1]))?;
            assert_eq!((wav.spec().sample_rate, wav.spec().channels, &row[6]), (44_100, 1, "A"));
            assert!(["train", "valid", "test"].contains(&&row[17]));
            sum += row[11].parse::<f32>()?;
        }
        assert!((sum - seconds).abs() < 0.01);
        // Variations of one design are never in different parts of the data.
        assert!(rows.iter().all(|a| rows.iter().all(|b| a[3] != b[3] || a[17] == b[17])));
        Ok(())
    }
}
