//! [any thread] Sounds from outside that say when things happen in the next sound and how loud it is over time: files that
//! were dropped or chosen, and what comes in at the audio input.
//!
//! Each is read or recorded by a thread of its own, which hands its [`Outline`] on, or why there is none. The last one that
//! was asked for counts.

use crate::outbox::dialog::{Choice, Dialog, Question};
use parking_lot::Mutex;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::{Builder, JoinHandle};
use std::time::Duration;
use straightshot_listening::Outline;
use straightshot_playback::input::Recorder;
use straightshot_protocol::{ErrorKind, Failure};
use straightshot_sound::files::read_beginning;

/// As much of a file is read and as much is recorded, s: as long as the longest sound.
const MOST_SECONDS: f64 = 120.0;
/// How often it is looked what has come in.
const LOOK_INTERVAL: Duration = Duration::from_millis(25);
/// What is quieter than this is not the beginning of a recording, nor its end, as a part of full scale (-50 dB).
const HEARD: f32 = 0.003;
/// Seconds of a recording that are left before its beginning: of an attack.
const BEFORE_S: f64 = 0.005;

/// What is under way.
#[derive(Debug, Clone, Default, PartialEq)]
pub enum Guiding {
    /// Nothing.
    #[default]
    Nothing,
    /// This file is being read.
    Reading(String),
    /// The input is being recorded.
    Recording {
        /// For how long, s.
        seconds: f64,
        /// Largest sample of the last moments.
        peak: f32,
    },
}

/// A sound to follow.
#[derive(Debug, Clone, PartialEq)]
pub struct Guided {
    /// What it is called.
    pub name: String,
    /// How long it is, s.
    pub seconds: f64,
    /// Its hits and its curve.
    pub outline: Outline,
}

/// What is done with a sound to follow; called on another thread.
pub type Then = Box<dyn FnOnce(Result<Guided, Failure>) + Send>;

/// What reads and records for one instance. Starts nothing until it is asked to.
#[derive(Default)]
pub struct Guide {
    inner: Arc<Inner>,
    dialog: Dialog,
}

/// What the threads use too.
#[derive(Default)]
struct Inner {
    guiding: Mutex<Guiding>,
    /// The newest wish; what belongs to an older one is given up.
    newest: AtomicU64,
    threads: Mutex<Vec<JoinHandle<()>>>,
    /// The audio thread's newest input; `None` until the host activates the plugin.
    recorder: Mutex<Option<Recorder>>,
    /// Where the user has chosen a file last.
    last_folder: Mutex<PathBuf>,
}

impl Guide {
    /// What is under way.
    #[must_use]
    pub fn state(&self) -> Guiding {
        self.inner.guiding.lock().clone()
    }

    /// Takes over the input of a new activation.
    pub fn connect(&self, recorder: Recorder) {
        *self.inner.recorder.lock() = Some(recorder);
    }

    /// Reads the sound in `path`.
    pub fn read(&self, path: PathBuf, then: Then) {
        self.inner.read(path, then);
    }

    /// Lets the user choose a file in a dialog of the system, and reads it.
    pub fn choose(&self, then: Then) {
        let inner = self.inner.clone();
        let start = inner.last_folder.lock().clone();
        self.dialog.open(Question::Sound(start), move |choice| match choice {
            Choice::Nothing => {}
            Choice::NoDialog => {
                let text = "This system has no dialog for files: drag a sound file into the window";
                then(Err(Failure::new(ErrorKind::Io, text)));
            }
            Choice::Path(path) => {
                *inner.last_folder.lock() = path.parent().map(Path::to_owned).unwrap_or_default();
                inner.read(path, then);
            }
        });
    }

    /// Records the input until [`stop`](Self::stop).
    pub fn record(&self, then: Then) {
        let armed = self.inner.recorder.lock().as_mut().map(|recorder| recorder.arm(true));
        if armed.is_none() {
            let text = "The host has not started the plugin: nothing comes in that could be recorded";
            return then(Err(Failure::new(ErrorKind::Io, text)));
        }
        let state = Guiding::Recording { seconds: 0.0, peak: 0.0 };
        self.inner.begin(state, then, |inner, wish| inner.recorded(wish));
    }

    /// Ends a recording; what was recorded counts.
    pub fn stop(&self) {
        if let Some(recorder) = &mut *self.inner.recorder.lock() {
            recorder.arm(false);
        }
        let mut guiding = self.inner.guiding.lock();
        if matches!(*guiding, Guiding::Recording { .. }) {
            *guiding = Guiding::Nothing;
        }
    }

    /// Gives up everything and waits for the threads.
    pub fn shutdown(&self) {
        self.inner.newest.fetch_add(1, Ordering::AcqRel);
        self.stop();
        self.dialog.close();
        let threads = std::mem::take(&mut *self.inner.threads.lock());
        for thread in threads {
            // A panic in it has nothing to tell.
            let _ = thread.join();
        }
    }
}

impl Inner {
    fn read(self: &Arc<Self>, path: PathBuf, then: Then) {
        let name = name_of(&path);
        self.begin(Guiding::Reading(name), then, move |_, _| read(&path));
    }

    /// Does `work` on a thread of its own and hands on what comes of it, if nothing else was asked for meanwhile.
    fn begin(
        self: &Arc<Self>,
        state: Guiding,
        then: Then,
        work: impl FnOnce(&Self, u64) -> Result<Guided, Failure> + Send + 'static,
    ) {
        let wish = self.newest.fetch_add(1, Ordering::AcqRel) + 1;
        *self.guiding.lock() = state;
        let inner = self.clone();
        let body = move || {
            let result = work(&inner, wish);
            if inner.newest.load(Ordering::Acquire) == wish {
                *inner.guiding.lock() = Guiding::Nothing;
                then(result);
            }
        };
        let mut threads = self.threads.lock();
        threads.retain(|thread| !thread.is_finished());
        match Builder::new().name("straightshot-guide".into()).spawn(body) {
            Ok(thread) => threads.push(thread),
            // There is nobody to tell: `then` went with the thread.
            Err(e) => {
                tracing::warn!("no thread for a sound to follow: {e}");
                *self.guiding.lock() = Guiding::Nothing;
            }
        }
    }

    /// Takes in what is recorded until somebody ends it.
    fn recorded(&self, wish: u64) -> Result<Guided, Failure> {
        let mut samples = Vec::new();
        let mut rate_hz = 0;
        loop {
            let before = samples.len();
            // Looked at before the last samples are fetched, so that none is lost.
            let goes_on = matches!(*self.guiding.lock(), Guiding::Recording { .. })
                && self.newest.load(Ordering::Acquire) == wish;
            if let Some(recorder) = &mut *self.recorder.lock() {
                if rate_hz != 0 && recorder.rate_hz() != rate_hz {
                    // The host has begun anew: what follows has another rate.
                    break;
                }
                rate_hz = recorder.rate_hz();
                recorder.read(&mut samples);
            }
            let seconds = samples.len() as f64 / f64::from(rate_hz.max(1));
            if !goes_on || seconds >= MOST_SECONDS {
                break;
            }
            let peak = samples[before..].iter().fold(0f32, |most, x| most.max(x.abs()));
            if let Guiding::Recording { seconds: shown, peak: level } = &mut *self.guiding.lock() {
                // Falls slowly, so that a clap is seen.
                (*shown, *level) = (seconds, peak.max(0.9 * *level));
            }
            std::thread::sleep(LOOK_INTERVAL);
        }
        if let Some(recorder) = &mut *self.recorder.lock() {
            recorder.arm(false);
        }
        guided("The recording".into(), trimmed(&samples, rate_hz), rate_hz)
    }
}

/// The sound in a file.
fn read(path: &Path) -> Result<Guided, Failure> {
    let audio = read_beginning(path, MOST_SECONDS)?;
    guided(name_of(path), audio.left(), audio.sample_rate_hz())
}

fn guided(name: String, samples: &[f32], rate_hz: u32) -> Result<Guided, Failure> {
    let seconds = samples.len() as f64 / f64::from(rate_hz.max(1));
    match Outline::of(samples, rate_hz) {
        Some(outline) => Ok(Guided { name, seconds, outline }),
        None => {
            Err(Failure::new(ErrorKind::BadData, format!("{name} is silent: there is nothing to follow")))
        }
    }
}

/// A recording without the silence at its ends: nobody claps as he presses a button.
fn trimmed(samples: &[f32], rate_hz: u32) -> &[f32] {
    let heard = |x: &f32| x.abs() >= HEARD;
    let Some(first) = samples.iter().position(heard) else { return &[] };
    let last = samples.iter().rposition(heard).unwrap_or(first);
    let before = (BEFORE_S * f64::from(rate_hz)) as usize;
    &samples[first.saturating_sub(before)..=last]
}

fn name_of(path: &Path) -> String {
    path.file_name().map_or_else(|| path.display().to_string(), |name| name.to_string_lossy().into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crossbeam_channel::{Receiver, unbounded};
    use straightshot_playback::input::input;
    use straightshot_protocol::{Audio, Timing};

    const RATE: u32 = 8_000;
    /// Longer than anything takes here.
    const LONG: Duration = Duration::from_secs(30);

    fn told() -> (Then, Receiver<Result<Guided, Failure>>) {
        let (tell, told) = unbounded();
        (Box::new(move |result| tell.send(result).unwrap()), told)
    }

    /// Claps at these times.
    fn claps(seconds: f64, times: &[f64]) -> Vec<f32> {
        let mut samples = vec![0.0; (seconds * f64::from(RATE)) as usize];
        for time in times {
            let first = (time * f64::from(RATE)) as usize;
            for (i, x) in samples[first..].iter_mut().enumerate().take(800) {
                *x = 0.5 * (-(i as f32) / 150.0).exp() * if i % 5 < 2 { 1.0 } else { -1.0 };
            }
        }
        samples
    }

    fn times(guided: &Guided) -> Vec<f64> {
        match guided.outline.timing() {
            Timing::Hits(hits) => hits.iter().map(|hit| hit.seconds).collect(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_file_gives_its_hits_and_its_length() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("claps.wav");
        straightshot_sound::files::write(&path, &Audio::mono(RATE, claps(2.0, &[0.5, 1.25]))).unwrap();
        let (guide, (then, told)) = (Guide::default(), told());
        guide.read(path, then);
        let guided = told.recv_timeout(LONG).unwrap().unwrap();
        assert_eq!((&*guided.name, guided.seconds), ("claps.wav", 2.0));
        let found = times(&guided);
        assert!((found[0] - 0.5).abs() < 0.004 && (found[1] - 1.25).abs() < 0.004, "{found:?}");
        guide.shutdown();
        assert_eq!(guide.state(), Guiding::Nothing);
    }

    #[test]
    fn what_is_no_sound_and_what_is_silent_says_so() {
        let folder = tempfile::tempdir().unwrap();
        let silent = folder.path().join("silence.wav");
        straightshot_sound::files::write(&silent, &Audio::mono(RATE, vec![0.0; 800])).unwrap();
        let text = folder.path().join("notes.wav");
        std::fs::write(&text, "these are words").unwrap();
        for (path, says) in
            [(silent, "silent"), (text, "notes.wav"), (folder.path().join("none.wav"), "none.wav")]
        {
            let (guide, (then, told)) = (Guide::default(), told());
            guide.read(path, then);
            let failure = told.recv_timeout(LONG).unwrap().unwrap_err();
            assert!(failure.text.contains(says), "{}", failure.text);
        }
    }

    #[test]
    fn what_comes_in_is_recorded_from_its_first_sound_on() {
        let guide = Guide::default();
        let (then, told) = told();
        guide.record(then);
        assert!(told.recv_timeout(LONG).unwrap().is_err_and(|e| e.text.contains("not started")));
        let (mut input, recorder) = input(RATE);
        guide.connect(recorder);
        let (then, told) = self::told();
        guide.record(then);
        for block in claps(2.0, &[0.75, 1.25]).chunks_mut(100) {
            input.process(&[block]);
            // The ring holds two seconds.
        }
        while !matches!(guide.state(), Guiding::Recording { seconds, .. } if seconds >= 2.0) {
            std::thread::sleep(Duration::from_millis(5));
        }
        assert!(matches!(guide.state(), Guiding::Recording { peak, .. } if peak > 0.1));
        guide.stop();
        let guided = told.recv_timeout(LONG).unwrap().unwrap();
        let found = times(&guided);
        assert!(found[0] < 0.02 && (found[1] - found[0] - 0.5).abs() < 0.01, "{found:?}");
        guide.shutdown();
    }

    #[test]
    fn a_recording_of_nothing_says_so_and_one_is_given_up_when_the_instance_goes() {
        let (_input, recorder) = input(RATE);
        let guide = Guide::default();
        guide.connect(recorder);
        let (then, told) = told();
        guide.record(then);
        guide.stop();
        assert!(told.recv_timeout(LONG).unwrap().is_err_and(|e| e.text.contains("silent")));
        let (then, told) = self::told();
        guide.record(then);
        guide.shutdown();
        assert!(told.recv_timeout(LONG).is_err(), "nobody is told of what was given up");
    }
}
