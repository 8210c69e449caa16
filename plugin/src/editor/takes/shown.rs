//! Which takes are shown, in which order, and what tells them apart.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;
use straightshot_delivery::ucs;
use straightshot_protocol::Request;
use straightshot_takes::{Rejected, Sort, Take, TakeId, Terms, fold};

/// Orders that the list offers, and what they are called.
pub(super) const SORTS: [(Sort, &str); 5] = [
    (Sort::Newest, "Newest"),
    (Sort::Oldest, "Oldest"),
    (Sort::Name, "Name"),
    (Sort::Shortest, "Shortest"),
    (Sort::Longest, "Longest"),
];

/// What the user wants to see.
#[derive(Debug, Default, Hash)]
pub(super) struct Filter {
    /// Words, see [`Terms`].
    pub(super) text: String,
    /// Only starred ones.
    pub(super) starred: bool,
    /// Only those that were not heard yet.
    pub(super) unread: bool,
    /// Rejected ones too.
    pub(super) rejected: bool,
    /// Index into [`SORTS`].
    pub(super) sort: usize,
}

/// What of a take's recipe is not the same in all takes of its prompt.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Differs {
    pub(super) seed: bool,
    pub(super) steps: bool,
    pub(super) seconds: bool,
    pub(super) guidance: bool,
    pub(super) negative: bool,
    pub(super) model: bool,
}

/// The takes that are shown. Found out again only when something has changed.
#[derive(Debug, Default)]
pub(super) struct Shown {
    stamp: u64,
    /// Indices into the takes, in the order of the list.
    pub(super) order: Vec<usize>,
    /// The takes in the same order.
    pub(super) ids: Vec<TakeId>,
    /// For each take of the session, in its order.
    pub(super) differs: Vec<Differs>,
    /// Categories by prompt.
    categories: HashMap<String, String>,
    /// How many takes the user has rejected.
    pub(super) rejected: usize,
    /// How many were not heard yet.
    pub(super) unread: usize,
}

impl Shown {
    /// Takes in what has changed.
    pub(super) fn follow(&mut self, takes: &[Arc<Take>], filter: &Filter) {
        let stamp = stamp(takes, filter);
        if stamp == self.stamp {
            return;
        }
        self.stamp = stamp;
        self.differs = differences(takes);
        self.rejected = takes.iter().filter(|take| take.rejected).count();
        self.unread = takes.iter().filter(|take| take.unread).count();
        let terms = Terms::new(&filter.text);
        let rejected = if filter.rejected { Rejected::Shown } else { Rejected::Hidden };
        self.order = (0..takes.len())
            .filter(|at| {
                let take = &takes[*at];
                (!filter.starred || take.starred)
                    && (!filter.unread || take.unread)
                    && rejected.shows(take.rejected)
                    && (terms.is_empty() || terms.are_in(&self.words(take)))
            })
            .collect();
        sort(&mut self.order, takes, SORTS.get(filter.sort).map_or(Sort::Newest, |sort| sort.0));
        self.ids = self.order.iter().map(|at| takes[*at].id).collect();
    }

    /// Where a take stands in the list.
    pub(super) fn place(&self, id: TakeId) -> Option<usize> {
        self.ids.iter().position(|other| *other == id)
    }

    /// Everything of a take that can be searched for.
    fn words(&mut self, take: &Take) -> String {
        let request = &take.request;
        let category =
            self.categories.entry(request.prompt.clone()).or_insert_with(|| category(&request.prompt));
        fold(&format!(
            "{}\n{}\n{}\n{category}\n{}\n{}",
            take.name, request.prompt, take.notes, request.seed, request.model.name
        ))
    }
}

/// The category that a prompt proposes, by its id and its names.
pub(super) fn category(prompt: &str) -> String {
    let best = ucs::propose(prompt, 1);
    best.first().map_or_else(String::new, |category| format!("{} {}", category.id, category.full_name()))
}

fn sort(order: &mut [usize], takes: &[Arc<Take>], sort: Sort) {
    // Newest first: what was just made is in sight.
    order.reverse();
    let seconds = |at: &usize| takes[*at].seconds();
    match sort {
        Sort::Oldest => order.reverse(),
        Sort::Name => order.sort_by_cached_key(|at| fold(super::title(&takes[*at]))),
        Sort::Shortest => order.sort_by(|a, b| seconds(a).total_cmp(&seconds(b))),
        Sort::Longest => order.sort_by(|a, b| seconds(b).total_cmp(&seconds(a))),
        Sort::Newest | Sort::Loudest | Sort::Quietest => {}
    }
}

/// Changes whenever what is shown may change.
fn stamp(takes: &[Arc<Take>], filter: &Filter) -> u64 {
    let mut hasher = DefaultHasher::new();
    filter.hash(&mut hasher);
    for take in takes {
        (take.id, &take.name, &take.notes, take.starred, take.rejected, take.unread).hash(&mut hasher);
        (take.request.seed, take.request.steps, take.seconds().to_bits()).hash(&mut hasher);
    }
    // Nothing was ever looked at with this one.
    hasher.finish().max(1)
}

fn differences(takes: &[Arc<Take>]) -> Vec<Differs> {
    let mut by_prompt: HashMap<&str, (&Request, Differs)> = HashMap::new();
    for take in takes {
        let request = &take.request;
        let (first, differs) = by_prompt.entry(&request.prompt).or_insert((request, Differs::default()));
        differs.seed |= first.seed != request.seed;
        differs.steps |= first.steps != request.steps;
        differs.seconds |= first.seconds.to_bits() != request.seconds.to_bits();
        differs.guidance |= first.guidance.to_bits() != request.guidance.to_bits();
        differs.negative |= first.negative_prompt != request.negative_prompt;
        differs.model |= first.model != request.model;
    }
    takes.iter().map(|take| by_prompt[take.request.prompt.as_str()].1).collect()
}
