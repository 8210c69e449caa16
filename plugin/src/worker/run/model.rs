//! [worker thread] Which model makes the next sound, and what was found out about it.

use super::Desk;
use crate::shared::Severity;
use crate::worker::NO_THREAD;
use crate::worker::job::Chosen;
use crate::worker::look::{Look, Looked};
use crate::worker::models::Found;
use std::sync::Arc;
use straightshot_protocol::{ErrorKind, ModelId, Request};
use straightshot_takes::ModelChoice;

impl Desk {
    /// Another model was chosen. If a job waits for one, it is made by that; if one runs, it goes on with what it has.
    pub(super) fn model_chosen(&mut self) {
        let choice = self.shared.session.lock().model.clone();
        if choice.is_default() {
            let card = Arc::new(self.models.default_card());
            self.shared.update_status(|status| status.card = Some(card));
        }
        if self.current.is_some() {
            return;
        }
        let pending = {
            let mut session = self.shared.session.lock();
            let id = self.chosen_id(&session.model);
            if let Some(pending) = &mut session.pending {
                pending.model = id;
            }
            session.pending.clone()
        };
        if let Some(request) = pending {
            self.shared.update_status(|status| status.notice = None);
            self.begin(request);
        } else if !choice.is_default() {
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
        let Some(current) = self.current.as_mut().filter(|current| current.number == number) else { return };
        current.request.model = model.card.id.clone();
        let (choice, epoch) = (current.choice.clone(), current.epoch);
        let mut session = self.shared.session.lock();
        if epoch == session.epoch()
            && let Some(pending) = &mut session.pending
        {
            pending.model = model.card.id.clone();
        }
        drop(session);
        self.shared.update_status(|status| {
            if let Some(job) = &mut status.job {
                job.model = model.card.id.clone();
            }
        });
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

    /// The model for `request`: the chosen one, unless a job of before was begun with another.
    pub(super) fn choice_for(&self, request: &Request, chosen: &ModelChoice) -> ModelChoice {
        if request.model.is_any() || request.model == self.chosen_id(chosen) {
            return chosen.clone();
        }
        ModelChoice { id: request.model.clone(), folder: chosen.folder.clone(), follows_folder: false }
    }
}
