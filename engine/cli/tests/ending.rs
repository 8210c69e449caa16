//! What becomes of the work when something around the program ends or is not what it should be.
#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "what goes wrong here fails the test")]

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

const PROGRAM: &str = env!("CARGO_BIN_EXE_straightshot");

/// Runs `line` in a shell in `folder`, with the program as `$S`.
fn shell(folder: &Path, line: &str) -> Output {
    Command::new("sh").args(["-c", line]).current_dir(folder).env("S", PROGRAM).output().unwrap()
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn a_closed_or_full_output_costs_no_sound() {
    let folder = tempfile::tempdir().unwrap();
    for (file, to) in [("closed.wav", ">&-"), ("full.wav", "> /dev/full")] {
        let output =
            shell(folder.path(), &format!("$S generate door --seconds 0.5 --steps 1 --out {file} {to}"));
        assert!(output.status.success(), "{to}: {}", said(&output));
        assert!(std::fs::metadata(folder.path().join(file)).unwrap().len() > 10_000, "{to}");
    }
}

#[test]
fn what_cannot_be_written_is_said_before_the_work() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("file"), "here").unwrap();
    for (line, wanted) in [
        ("$S generate door --seconds 30 --steps 200 --out file/x.wav", "The folder file cannot be written"),
        ("$S generate door --seconds 30 --steps 200 --out x.mp3", ".wav or .flac"),
        ("mkdir y.wav; $S generate door --seconds 30 --steps 200 --out y.wav", "y.wav is a folder"),
        ("$S train library --library . --out file", "The folder file cannot be written"),
        ("$S train library --library . --out m --learning-rate 5", "cannot be right"),
    ] {
        let start = Instant::now();
        let output = shell(folder.path(), line);
        assert!(!output.status.success() && said(&output).contains(wanted), "{line}: {}", said(&output));
        assert!(start.elapsed() < Duration::from_secs(20), "{line}");
    }
    assert_eq!(std::fs::read(folder.path().join("file")).unwrap(), b"here");
}

#[test]
fn a_folder_that_is_no_model_is_said_to_be_what_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let model = concat!(env!("CARGO_MANIFEST_DIR"), "/../../assets/models/default");
    for (prepare, wanted) in [
        ("touch m", "m is a file; give the folder"),
        ("true", "m is not there"),
        ("mkdir m", "m is an empty folder"),
        ("mkdir m; touch m/checkpoint.safetensors m/log.csv", "m is a run of training"),
        ("mkdir m; touch m/model_index.json", "m is a model of another program"),
        ("mkdir m; touch m/notes", "it has none of its files"),
        ("mkdir -p m/inner; touch m/inner/config.json", "\"inner\" in it may be one"),
        ("mkdir m; cp $M/config.json $M/tokenizer.json m", "m is not whole: model.safetensors is missing"),
        ("mkdir m; cp $M/config.json m; touch m/model.safetensors.part", "m is half a download"),
        ("cp -r $M m; echo '{\"model_type\": 1}' > m/config.json", "is of another program"),
        ("cp -r $M m; sed -i 's/\"format\": 2/\"format\": 9/' m/config.json", "newer than this program"),
        ("cp -r $M m; rm m/text.safetensors", "text.safetensors is missing"),
        ("cp -r $M m; echo 'version https://git-lfs.github.com' > m/model.safetensors", "`git lfs pull`"),
        ("cp -r $M m; head -c 9999 $M/model.safetensors > m/model.safetensors", "damaged or incomplete"),
        ("cp -r $M m; rm m/model.safetensors; mkfifo m/model.safetensors", "no regular file"),
    ] {
        let run = format!(
            "M='{model}'; chmod -R u+w m 2>/dev/null; rm -rf m; {prepare}; timeout 30 $S generate door --model m --out x.wav"
        );
        let output = shell(folder.path(), &run);
        assert!(!output.status.success() && said(&output).contains(wanted), "{prepare}: {}", said(&output));
    }
}

/// Starts a training on two tones and waits for its first steps.
fn training(folder: &Path) -> Child {
    std::fs::create_dir_all(folder.join("sounds")).unwrap();
    for (name, pitch) in [("hum.wav", 0.05), ("beep.wav", 0.3)] {
        let samples: Vec<u8> = (0..22_050)
            .map(|i| ((f64::from(i) * pitch).sin() * 9_000.0) as i16)
            .flat_map(i16::to_le_bytes)
            .collect();
        let head = [
            &b"RIFF\0\0\0\0WAVEfmt \x10\0\0\0\x01\0\x01\0"[..],
            &44_100_u32.to_le_bytes(),
            &88_200_u32.to_le_bytes(),
            b"\x02\0\x10\0data",
        ]
        .concat();
        let size = u32::try_from(samples.len()).unwrap().to_le_bytes();
        std::fs::write(folder.join("sounds").join(name), [&head[..], &size, &samples].concat()).unwrap();
    }
    let mut child = Command::new(PROGRAM)
        .args(["train", "library", "--library", "sounds", "--out", "model", "--tokens-per-step", "64"])
        .current_dir(folder)
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let start = Instant::now();
    let steps = || {
        std::fs::read_to_string(folder.join("model-run/learn/log.csv")).map_or(0, |log| log.lines().count())
    };
    while steps() < 3 {
        assert!(child.try_wait().unwrap().is_none(), "it ended");
        assert!(start.elapsed() < Duration::from_secs(300), "no step in five minutes");
        std::thread::sleep(Duration::from_millis(100));
    }
    child
}

#[test]
fn a_signal_saves_the_training() {
    let folder = tempfile::tempdir().unwrap();
    for signal in ["-TERM", "-INT"] {
        let child = training(folder.path());
        let sent = Command::new("kill").args([signal, &child.id().to_string()]).status().unwrap();
        assert!(sent.success());
        let output = child.wait_with_output().unwrap();
        assert!(said(&output).contains("is saved; the same command goes on"), "{signal}: {}", said(&output));
        let checkpoint = folder.path().join("model-run/learn/checkpoint.safetensors");
        let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode();
        assert_eq!(
            mode(&checkpoint),
            mode(&folder.path().join("model-run/learn/log.csv")),
            "the umask counts"
        );
        std::fs::remove_dir_all(folder.path().join("model-run")).unwrap();
    }
}
