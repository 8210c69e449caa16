//! [worker thread] Which model makes the next sound, and what was found out about it.

use super::Desk;
use crate::shared::Severity;
use crate::worker::NO_THREAD;
use crate::worker::job::Chosen;
use crate::worker::look::{Look, Looked};
use crate::worker::models::Found;
use std::sync::Arc;
use straightshot_protocol::{ErrorKind, ModelId};
use straightshot_takes::{JobId, ModelChoice, QueuedJob};

impl Desk {
    /// Another model was chosen. Jobs that wait for one are made by that; what runs or waits its turn goes on with what it
    /// was asked of.
    pub(super) fn model_chosen(&mut self) {
        let waiting: Vec<JobId> = self.missing.drain().map(|(id, _)| id).collect();
        let mut session = self.shared.session.lock();
        let choice = session.model.clone();
        let named = self.chosen_id(&choice);
        for id in &waiting {
            session.ask_another_model(*id, &choice, &named);
        }
        drop(session);
        if !waiting.is_empty() {
            self.shared.update_status(|status| status.notice = None);
            self.shared.mark_unsaved();
        }
        if choice.is_default() {
            let card = Arc::new(self.models.default_card());
            self.shared.update_status(|status| status.card = Some(card));
        }
        self.begin_next();
        let is_looked_for = self.current.as_ref().is_some_and(|current| current.choice == choice);
        if !choice.is_default() && !is_looked_for {
            self.look_for(choice);
        }
    }

    /// The model of `choice`, as far as it is known.
    pub(super) fn chosen_id(&self, choice: &ModelChoice) -> ModelId {
        if choice.is_default() { self.models.default_card().id } else { choice.id.clone() }
    }

    fn look_for(&mut self, choice: ModelChoice) {
        self.stop_looking();
        match Look::begin(choice, self.models.clone(), self.inbox.clone()) {
            Ok(look) => self.look = Some(look),
            Err(e) => self.shared.say(Severity::Error, NO_THREAD, e.to_string()),
        }
    }

    pub(super) fn stop_looking(&mut self) {
        if let Some(look) = self.look.take() {
            self.replaced.push(look.cancel());
        }
    }

    /// The model of a folder that was chosen is known.
    pub(super) fn looked(&mut self, Looked { choice, result }: Looked) {
        match result {
            Ok(found) => self.remember(&choice, &found),
            Err(failure) if failure.kind == ErrorKind::Cancelled => {}
            Err(failure) => self.shared.say(Severity::Error, &*failure.text, failure.detail()),
        }
    }

    /// The running job has its model.
    pub(super) fn chosen(&mut self, Chosen { number, model }: Chosen) {
        let Some(current) = self.current.as_ref().filter(|current| current.number == number) else { return };
        let (id, choice, epoch) = (current.id, current.choice.clone(), current.epoch);
        self.shared.session.lock().name_model(id, epoch, &model.card.id);
        self.show_queue();
        self.remember(&choice, &model);
    }

    /// Puts what was found for `choice` into the session, unless another model was chosen meanwhile.
    fn remember(&self, choice: &ModelChoice, found: &Found) {
        let mut session = self.shared.session.lock();
        if session.model != *choice {
            return;
        }
        let card = Arc::new(found.card.clone());
        if !choice.is_default() {
            session.model.id = found.card.id.clone();
            session.model.folder.clone_from(&found.folder);
        }
        drop(session);
        self.shared.update_status(|status| status.card = Some(card));
        if found.has_changed {
            let text =
                "The model in the chosen folder has changed; sounds are made by the new one from now on";
            self.shared.say(Severity::Info, text, "");
        }
        self.shared.mark_unsaved();
    }

    /// The model for a job: the one that it was asked of, wherever that was seen last.
    pub(super) fn choice_for(&self, job: &QueuedJob, chosen: &ModelChoice) -> ModelChoice {
        let asked = if job.model.is_default() { chosen } else { &job.model };
        let wanted = &job.request.model;
        if wanted.is_any() || *wanted == self.chosen_id(asked) {
            return asked.clone();
        }
        ModelChoice { id: wanted.clone(), folder: asked.folder.clone(), follows_folder: false }
    }
}
