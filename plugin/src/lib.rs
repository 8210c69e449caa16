//! Straightshot: a VST3/CLAP instrument that turns a text prompt into foley.
//!
//! This file wires the parts together and exports the plugin:
//!
//! - [`params`]: what the host saves and automates;
//! - `straightshot-takes`: takes and what is kept of them;
//! - [`worker`]: makes the takes, off every thread the host cares about;
//! - [`publish`], [`audio`]: the way of a take to the audio thread, and its playing there;
//! - [`editor`]: the window;
//! - [`guide`]: sounds from outside that say when things happen and how loud they are;
//! - [`measured`]: what was measured of sounds, texts and this computer;
//! - [`outbox`]: takes that leave it as files;
//! - [`shared`]: every type these parts exchange.
//!
//! Making an instance starts no thread and loads no model, so that a host scans the plugin at once.

pub mod arrangement;
pub mod audio;
mod categories;
pub mod editor;
pub mod guide;
pub mod hearing;
pub mod host_place;
pub mod measured;
pub mod outbox;
pub mod params;
pub mod publish;
pub mod repertoire;
mod session_field;
mod session_file;
pub mod shared;
pub mod worker;

use audio::AudioProcessor;
use editor::link::EditorLink;
use nice_plug::params::persist::PersistentField;
use nice_plug::prelude::*;
use outbox::{HostTask, Timeline};
use params::StraightshotParams;
use parking_lot::Mutex;
use shared::Shared;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use straightshot_drag::reaper::Host;
use straightshot_protocol::Request;
use straightshot_takes::{Autosave, Library, SessionStore, TakesFolder};
use worker::Worker;
use worker::models::ModelCache;

/// The plugin.
pub struct Straightshot {
    params: Arc<StraightshotParams>,
    shared: Arc<Shared>,
    worker: Arc<Worker>,
    /// `None` until the host activates the plugin.
    audio: Option<AudioProcessor>,
    /// The host has said that it stops processing for a while, which only CLAP hosts can.
    stopped: bool,
    /// The format that the plugin runs in; `None` until the host activates it.
    api: Option<PluginApi>,
    /// The host, if it puts files onto its timeline.
    host: Arc<Host>,
    /// The session's file, in the program without a host.
    file: Option<Autosave>,
}

/// What the next instance makes at once; see [`begin_with`].
static FIRST_REQUEST: Mutex<Option<Request>> = Mutex::new(None);

/// Makes the next instance of this process start with the prompt and the parameters of `request` and make its sound
/// at once. For the standalone program; a host uses the state for this.
pub fn begin_with(request: Request) {
    *FIRST_REQUEST.lock() = Some(request);
}

/// Where the next instance keeps its session; see [`keep_session_in`].
static SESSION_FILE: Mutex<Option<PathBuf>> = Mutex::new(None);

/// Makes the next instance of this process begin with the session in `file` and keep it there. For the standalone
/// program; a host has the project for this.
pub fn keep_session_in(file: PathBuf) {
    *SESSION_FILE.lock() = Some(file);
}

/// Whether no audio device was found; see [`say_that_there_is_no_audio`].
static WITHOUT_AUDIO: AtomicBool = AtomicBool::new(false);
/// Whether this process has made an instance.
static HAS_INSTANCE: AtomicBool = AtomicBool::new(false);

/// Lets the windows of this process say that nothing can be heard. For the standalone program; a host has its own way.
pub fn say_that_there_is_no_audio() {
    WITHOUT_AUDIO.store(true, Ordering::Relaxed);
}

/// Whether no audio device was found.
pub(crate) fn without_audio() -> bool {
    WITHOUT_AUDIO.load(Ordering::Relaxed)
}

/// Whether this process has made an instance so far.
#[must_use]
pub fn has_made_an_instance() -> bool {
    HAS_INSTANCE.load(Ordering::Relaxed)
}

impl Default for Straightshot {
    fn default() -> Self {
        HAS_INSTANCE.store(true, Ordering::Relaxed);
        let file = SESSION_FILE.lock().take();
        let saved = file.as_deref().map(session_file::read);
        let first_request = FIRST_REQUEST.lock().take();
        let session = Arc::new(SessionStore::default());
        let library = Library::of_user(|| Box::new(categories::Ucs));
        if let Some(library) = &library {
            library.enter();
        }
        let shared = Shared::with_folder(session.clone(), TakesFolder::of_user()).with_library(library);
        let shared = Arc::new(shared);
        let worker = Arc::new(Worker::new(shared.clone(), ModelCache::process()));
        let restored_worker = Arc::downgrade(&worker);
        session.on_restore(move || {
            if let Some(worker) = restored_worker.upgrade() {
                worker.session_restored();
            }
        });
        let arranged_worker = Arc::downgrade(&worker);
        shared.arrangement.on_restore(move || {
            if let Some(worker) = arranged_worker.upgrade() {
                worker.arrangement_restored();
            }
        });
        let saved = saved.unwrap_or_default();
        let initial = first_request.clone().or(saved.request).unwrap_or_else(params::initial_request);
        let params = Arc::new(StraightshotParams::with_arrangement(
            session.clone(),
            shared.arrangement.clone(),
            &initial,
        ));
        *params.wanted.lock() = saved.knobs;
        if let Some(arrangement) = saved.arrangement {
            PersistentField::set(&params.arrangement, arrangement);
        }
        if let Some(restored) = saved.session {
            session.replace(restored);
        }
        if let Some(request) = first_request {
            shared.session.lock().begin_with(request);
            worker.session_restored();
        }
        let file = file.and_then(|file| session_file::keep(file, params.clone()));
        let host = Host::of(Arc::as_ptr(&params).addr());
        Self { params, shared, worker, audio: None, stopped: false, api: None, host, file }
    }
}

impl Drop for Straightshot {
    fn drop(&mut self) {
        // The editor may live a little longer and holds the worker too; its thread must not.
        self.worker.shutdown();
        self.shared.outbox.shutdown();
        self.shared.guide.shutdown();
        self.shared.keeper.shutdown();
        if let Some(library) = &self.shared.library {
            library.leave();
        }
        self.file = None;
    }
}

impl Plugin for Straightshot {
    const NAME: &'static str = "Straightshot";
    const VENDOR: &'static str = "Straightshot";
    /// That of Cargo.toml; empty as long as it names none.
    const URL: &'static str = env!("CARGO_PKG_REPOSITORY");
    /// That of the first author in Cargo.toml; empty as long as it names none.
    const EMAIL: &'static str = email_in(env!("CARGO_PKG_AUTHORS"));
    const VERSION: &'static str = env!("CARGO_PKG_VERSION");

    const AUDIO_IO_LAYOUTS: &'static [AudioIOLayout] = &[layout(2), layout(1)];
    const MIDI_INPUT: MidiConfig = MidiConfig::MidiCCs;
    /// A take that is chosen by automation is the one that the note at the same sample plays.
    const SAMPLE_ACCURATE_AUTOMATION: bool = true;
    /// Room is got beforehand: there is none to be got on the audio thread.
    const INPUT_EVENT_CAPACITY: usize = 8192;

    type Editor = editor::StraightshotEditor;
    type SysExMessage = ();
    type BackgroundTask = HostTask;

    fn params(&self) -> Arc<dyn Params> {
        self.params.clone()
    }

    fn task_executor(&mut self) -> TaskExecutor<Self> {
        let (host, shared) = (self.host.clone(), self.shared.clone());
        Box::new(move |task| task.carry_out(&host, &shared))
    }

    fn editor(&mut self, executor: AsyncExecutor<Self>) -> Option<Self::Editor> {
        let timeline = Timeline::new(self.host.clone(), move |task| executor.execute_gui(task));
        let link = EditorLink::new(self.shared.clone(), self.worker.clone()).with_timeline(timeline);
        editor::create(self.params.clone(), link)
    }

    fn filter_state(state: &mut PluginState) {
        session_field::repair(state);
    }

    fn activate(
        &mut self,
        _layout: &AudioIOLayout,
        config: &BufferConfig,
        context: &mut impl ActivateContext<Self>,
    ) -> bool {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "rates are positive and small"
        )]
        let sample_rate_hz = config.sample_rate.round().max(1.0) as u32;
        self.shared.set_offline(config.process_mode == ProcessMode::Offline);
        self.audio = Some(AudioProcessor::new(&self.shared, sample_rate_hz));
        self.worker.prepare();
        self.api = Some(context.plugin_api());
        self.stopped = false;
        true
    }

    /// Called when the host resets the plugin, and also whenever it starts processing, which some hosts do around every
    /// block; what sounds goes on then.
    fn reset(&mut self) {
        let restarted = std::mem::take(&mut self.stopped);
        let Some(audio) = &mut self.audio else { return };
        match self.api {
            _ if restarted => {}
            Some(PluginApi::Vst3) => audio.start(),
            _ => audio.reset(),
        }
    }

    fn stop_processing(&mut self) {
        self.stopped = true;
    }

    fn process(
        &mut self,
        buffer: &mut Buffer<'_>,
        aux: &mut AuxiliaryBuffers<'_>,
        context: &mut impl ProcessContext<Self>,
    ) -> ProcessStatus {
        // Only a host that has said so waits, and only as long as it has not said otherwise.
        if self.shared.is_patient() && !self.host.is_back_in_real_time() {
            self.shared.wait_for_sounds();
        }
        if let Some(audio) = &mut self.audio {
            audio.process(&self.params, buffer, aux, context);
        }
        // A host that let the plugin sleep in silence would not hear the editor's play button.
        ProcessStatus::KeepAlive
    }
}

/// The channels of the input that is recorded.
const INPUT_CHANNELS: &[NonZeroU32] = &[new_nonzero_u32(2)];

/// So many channels out, and an input that is recorded and not heard.
const fn layout(channels: u32) -> AudioIOLayout {
    AudioIOLayout {
        main_output_channels: NonZeroU32::new(channels),
        aux_input_ports: INPUT_CHANNELS,
        names: PortNames { aux_inputs: &["Performance"], ..PortNames::const_default() },
        ..AudioIOLayout::const_default()
    }
}

/// The address of the first author, who is written as `Name <address>`.
const fn email_in(authors: &str) -> &str {
    let bytes = authors.as_bytes();
    let (mut start, mut end) = (0, 0);
    while end < bytes.len() && bytes[end] != b'>' {
        if bytes[end] == b'<' {
            start = end + 1;
        }
        end += 1;
    }
    if start == 0 || end == bytes.len() {
        return "";
    }
    authors.split_at(end).0.split_at(start).1
}

impl ClapPlugin for Straightshot {
    const CLAP_ID: &'static str = "org.straightshot.straightshot";
    const CLAP_DESCRIPTION: Option<&'static str> = Some("Turns a text prompt into foley");
    const CLAP_MANUAL_URL: Option<&'static str> = None;
    const CLAP_SUPPORT_URL: Option<&'static str> = None;
    const CLAP_FEATURES: &'static [ClapFeature] =
        &[ClapFeature::Instrument, ClapFeature::Sampler, ClapFeature::Stereo, ClapFeature::Mono];
}

impl Vst3Plugin for Straightshot {
    const VST3_CLASS_ID: [u8; 16] = *b"StraightshotFoly";
    const VST3_SUBCATEGORIES: &'static [Vst3SubCategory] =
        &[Vst3SubCategory::Instrument, Vst3SubCategory::Generator, Vst3SubCategory::Sampler];
}

nice_export_clap!(Straightshot);
nice_export_vst3!(Straightshot);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_authors_address_is_found_if_there_is_one() {
        assert_eq!(email_in("A <a@b.example>:C <c@d.example>"), "a@b.example");
        assert_eq!(["", "A", "A <a", "a>"].map(email_in), [""; 4]);
    }
}
