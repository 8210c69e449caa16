//! Models in folders: found by what they hold, loaded once for each content, asked about when they are not there.

use crate::engine::{ToneEngine, Tones, cache_of};
use crate::instance::{Instance, is_at, request};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};
use straightshot::audio::AudioProcessor;
use straightshot::shared::Severity;
use straightshot::worker::models::ModelCache;
use straightshot::worker::places::Places;
use straightshot_engine::model::CONFIG_FILE;
use straightshot_protocol::Stage;
use straightshot_takes::Session;
use tempfile::TempDir;

/// A folder for models.
struct Library(TempDir);

impl Library {
    fn new() -> Self {
        Self(tempfile::tempdir().expect("a folder"))
    }

    fn path(&self, folder: &str) -> PathBuf {
        self.0.path().join(folder)
    }

    /// A model called by the first line of `content`, an hour old: its files are not about to change.
    fn add(&self, folder: &str, content: &str) -> PathBuf {
        let path = self.path(folder);
        write(&path, content);
        path
    }
}

fn write(folder: &Path, content: &str) {
    std::fs::create_dir_all(folder).expect("a folder can be made");
    let file = folder.join(CONFIG_FILE);
    std::fs::write(&file, content).expect("a file can be written");
    let file = std::fs::File::options().write(true).open(file).expect("it is there");
    let age = Duration::from_secs(3600 + content.len() as u64);
    file.set_modified(std::time::SystemTime::now() - age).expect("its time can be set");
}

fn cache() -> Arc<ModelCache> {
    cache_of(&Arc::default())
}

/// Name of the model that made the newest take, once there are `count`.
fn maker(instance: &Instance, count: usize) -> String {
    let view = instance.wait("a take", |view| view.takes.len() == count && !view.is_busy());
    view.takes[count - 1].request.model.name.clone()
}

/// `session` as it is after the project was saved and opened.
fn reopened(instance: &Instance) -> Session {
    let saved = serde_json::to_string(&*instance.shared.session.lock()).expect("a session can be written");
    serde_json::from_str(&saved).expect("and read")
}

/// A new instance with a session that the host restores.
fn open(session: Session, models: Arc<ModelCache>) -> Instance {
    let instance = Instance::new(models);
    instance.shared.session.replace(session);
    instance.worker.session_restored();
    instance
}

#[test]
fn a_project_finds_its_model_again_when_the_folder_has_moved() {
    let library = Library::new();
    let first = Instance::new(cache());
    first.link.use_model(Some(library.add("old", "mine\nv1")));
    first.link.generate(request("a tone", 1), 1);
    assert_eq!(maker(&first, 1), "mine");
    let made_by = first.link.view().model.id;
    assert!(made_by.hash.is_some());
    let session = reopened(&first);
    assert_eq!(session.model.id, made_by);

    std::fs::rename(library.path("old"), library.path("new")).expect("a folder can be moved");
    // Others of the same name, and of another, lie beside it.
    library.add("another", "mine\nv2");
    library.add("yet another", "other");
    let second = open(session, cache());
    second.link.generate(request("a tone", 2), 1);
    assert_eq!(maker(&second, 2), "mine");
    let view = second.link.view();
    assert_eq!(view.takes[1].request.model, made_by);
    assert_eq!(view.model.folder, Some(library.path("new")));
}

#[test]
fn a_model_that_is_missing_is_asked_about_and_the_job_waits() {
    let library = Library::new();
    let first = Instance::new(cache());
    first.link.use_model(Some(library.add("folder", "mine")));
    first.link.generate(request("a tone", 1), 1);
    maker(&first, 1);
    let mut session = reopened(&first);
    session.begin(request("a tone", 2));
    library.add("folder", "other");

    let second = open(session, cache());
    let _audio = AudioProcessor::new(&second.shared, 48_000);
    let view = second.wait_until_idle();
    let notice = view.status.notice.as_ref().expect("the user is told");
    assert_eq!(notice.severity, Severity::Error);
    assert!(notice.text.contains("\"mine\"") && notice.text.contains("not on this computer"), "{notice:?}");
    let missing = view.status.missing.clone().expect("the user is asked");
    assert_eq!(missing.wanted.name, "mine");
    assert_eq!(
        missing.here.map(|(folder, id)| (folder, id.name)),
        Some((library.path("folder"), "other".into()))
    );
    assert_eq!(view.takes.len(), 1, "what there is can still be played");
    assert!(view.active().is_some());
    assert_eq!(second.shared.session.lock().jobs().len(), 1, "nothing was decided yet");

    second.link.use_model(None);
    assert_eq!(maker(&second, 2), "tone");
    let view = second.link.view();
    assert!(view.status.missing.is_none() && view.status.notice.is_none());
    assert!(second.shared.session.lock().jobs().is_empty());
}

#[test]
fn a_job_that_waits_for_its_model_can_be_dropped() {
    let instance = Instance::new(cache());
    instance.link.use_model(Some("nowhere".into()));
    instance.link.generate(request("a tone", 1), 1);
    instance.wait("the question", |view| view.status.missing.is_some() && !view.is_busy());
    instance.link.cancel_running();
    instance.wait("its end", |view| view.status.missing.is_none());
    assert!(instance.shared.session.lock().jobs().is_empty());
}

#[test]
fn a_folder_whose_content_changes_is_another_model() {
    let (library, models) = (Library::new(), cache());
    let instance = Instance::new(models.clone());
    let folder = library.add("folder", "mine\nv1");
    instance.link.use_model(Some(folder.clone()));
    instance.link.generate(request("a tone", 1), 1);
    assert_eq!(maker(&instance, 1), "mine");
    instance.link.generate(request("a tone", 2), 1);
    maker(&instance, 2);
    assert_eq!(models.loads(), 1);
    write(&folder, "mine\nversion 2");
    instance.link.generate(request("a tone", 3), 1);
    maker(&instance, 3);
    assert_eq!(models.loads(), 2);
    let view = instance.link.view();
    assert_eq!(view.takes[0].request.model, view.takes[1].request.model);
    assert_ne!(view.takes[1].request.model, view.takes[2].request.model);
    let notice = view.status.notice.as_ref().expect("the user is told");
    assert!(notice.text.contains("has changed"), "{notice:?}");
}

#[test]
fn folders_with_the_same_content_share_one_loaded_model() {
    let (library, models) = (Library::new(), cache());
    let instances: Vec<_> = ["one", "two"]
        .into_iter()
        .map(|folder| {
            let instance = Instance::new(models.clone());
            instance.link.use_model(Some(library.add(folder, "mine")));
            instance.link.generate(request("a tone", 1), 1);
            maker(&instance, 1);
            instance
        })
        .collect();
    assert_eq!(models.loads(), 1);
    drop(instances);
}

#[test]
fn choosing_a_folder_says_what_its_model_can_do_before_a_sound_is_made() {
    let library = Library::new();
    let instance = Instance::with_tones();
    assert_eq!(instance.link.view().card().map(|card| card.id.name.as_str()), Some("tone"));
    instance.link.use_model(Some(library.add("folder", "mine")));
    instance.wait("the card", |view| view.card().is_some_and(|card| card.id.name == "mine"));
    instance.link.use_model(Some(library.path("nowhere")));
    let view = instance.wait("the refusal", |view| view.status.notice.is_some());
    assert!(view.status.notice.is_some_and(|notice| notice.text.contains("There is no model in")));
    instance.link.use_model(None);
    instance.wait("the card", |view| view.card().is_some_and(|card| card.id.name == "tone"));
}

#[test]
fn loading_is_cancelled_at_once_and_holds_up_nobody_else() {
    let library = Library::new();
    let mut tones = Tones::new(Arc::new(ToneEngine::default()));
    tones.slow = Duration::from_secs(30);
    let models = Arc::new(ModelCache::new(tones, Places::forgetful()));
    let instances: Vec<_> = ["mine", "mine", "other"]
        .into_iter()
        .zip(["one", "two", "three"])
        .map(|(content, folder)| {
            let instance = Instance::new(models.clone());
            instance.link.use_model(Some(library.add(folder, content)));
            instance.link.generate(request("a tone", 1), 1);
            instance.wait("the job", |view| is_at(view, Stage::Load));
            instance
        })
        .collect();
    // First whoever waits for another's loading, then whoever loads.
    for instance in instances.iter().rev() {
        let begun = Instant::now();
        instance.link.cancel_running();
        instance.wait("the end", |view| !view.is_busy());
        assert!(begun.elapsed() < Duration::from_secs(1), "{:?}", begun.elapsed());
    }
    assert_eq!(models.loads(), 0);
}

#[test]
fn the_list_of_folders_outlives_the_process() {
    let (library, elsewhere) = (Library::new(), Library::new());
    let list = library.path("list/models.json");
    let with_list = || {
        let tones = Tones::new(Arc::new(ToneEngine::default()));
        Arc::new(ModelCache::new(tones, Places::in_file(list.clone())))
    };
    let first = Instance::new(with_list());
    let folder = library.add("folder", "mine");
    for folder in [elsewhere.add("copy", "mine"), folder.clone()] {
        first.link.use_model(Some(folder));
        first.wait("the card", |view| view.model.id.name == "mine");
    }
    first.link.generate(request("a tone", 1), 1);
    maker(&first, 1);
    let session = reopened(&first);
    std::fs::remove_dir_all(folder).expect("a folder can be removed");
    let second = open(session, with_list());
    second.link.generate(request("a tone", 2), 1);
    assert_eq!(maker(&second, 2), "mine");
    assert_eq!(second.link.view().model.folder, Some(elsewhere.path("copy")));
    // Damage costs the memory and nothing else.
    std::fs::write(&list, "{").expect("a file can be written");
    let third = Instance::new(with_list());
    third.link.use_model(Some(elsewhere.path("copy")));
    third.link.generate(request("a tone", 3), 1);
    assert_eq!(maker(&third, 1), "mine");
    assert!(std::fs::read_to_string(&list).is_ok_and(|text| text.contains("mine")));
}
