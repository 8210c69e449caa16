//! How far a generation has come.

use super::{Event, Made};
use crate::flow::guidance;
use std::time::{Duration, Instant};
use straightshot_protocol::{Cost, Progress, Request, Stage};

/// Turns stage changes into [`Progress`] with a fraction and a time left.
pub(super) struct Reporter<'a> {
    sink: &'a mut (dyn FnMut(Event) + Send),
    start: Instant,
    cost: Cost,
    work: Work,
    /// Work of runs that are over, and the runs that are known to come, the next one last.
    before: f32,
    to_come: Vec<Work>,
    /// Largest fraction reported.
    fraction: f32,
}

/// Work of one run in milliseconds of one core of the machine it was measured on.
struct Work {
    text: f32,
    step: f32,
    steps: u32,
    total: f32,
}

impl Work {
    fn new(request: &Request, cost: &Cost, scale: f64) -> Self {
        let guided = guidance::needs_unconditional(scale);
        let seconds = request.seconds * f64::from(request.variations);
        let text = if guided { 2.0 * cost.text } else { cost.text };
        let (step, decode) = (cost.of_step(seconds, guided), cost.of_decoding(seconds, request.width > 0.0));
        Self { text, step, steps: request.steps, total: text + step * request.steps as f32 + decode }
    }

    /// What is done when the decoder begins.
    fn before_decoding(&self) -> f32 {
        self.text + self.step * self.steps as f32
    }
}

impl<'a> Reporter<'a> {
    pub(super) fn new(
        request: &Request,
        cost: &Cost,
        scale: f64,
        sink: &'a mut (dyn FnMut(Event) + Send),
    ) -> Self {
        Self {
            sink,
            start: Instant::now(),
            cost: *cost,
            work: Work::new(request, cost, scale),
            before: 0.0,
            to_come: Vec::new(),
            fraction: 0.0,
        }
    }

    /// What was asked for takes these runs besides, one after the other.
    pub(super) fn expect<'b>(&mut self, requests: impl DoubleEndedIterator<Item = &'b Request>, scale: f64) {
        self.to_come = requests.rev().map(|request| Work::new(request, &self.cost, scale)).collect();
    }

    /// A run is over, and the next one that was expected begins.
    pub(super) fn next(&mut self) {
        if let Some(next) = self.to_come.pop() {
            self.before += self.work.total;
            self.work = next;
        }
    }

    /// What was asked for takes another run.
    pub(super) fn again(&mut self, request: &Request, scale: f64) {
        self.before += self.work.total;
        self.work = Work::new(request, &self.cost, scale);
    }

    pub(super) fn stage(&mut self, stage: Stage) {
        let work = &self.work;
        let done = match stage {
            Stage::Flow { step, .. } => work.text + work.step * (step - 1) as f32,
            Stage::Decode => work.before_decoding(),
            _ => 0.0,
        };
        self.tell(stage, done);
    }

    /// The clip with this index, out of `count`, is about to be decoded.
    pub(super) fn decoding(&mut self, index: usize, count: usize) {
        let before = self.work.before_decoding();
        let share = index as f32 / count as f32;
        self.tell(Stage::Decode, before + share * (self.work.total - before));
    }

    /// One of the sounds is finished.
    pub(super) fn made(&mut self, made: Made) {
        (self.sink)(Event::Made(made));
    }

    /// Tells that `stage` begins after so much of the work.
    fn tell(&mut self, stage: Stage, done: f32) {
        let work = &self.work;
        let to_come: f32 = self.to_come.iter().map(|work| work.total).sum();
        let fraction = (self.before + done) / (self.before + work.total + to_come);
        let elapsed = self.start.elapsed().as_secs_f32();
        let eta = (fraction > 0.0).then(|| Duration::from_secs_f32(elapsed * (1.0 - fraction) / fraction));
        // More work than was known of does not take back what was said.
        self.fraction = self.fraction.max(fraction);
        (self.sink)(Event::Progress(Progress { stage, fraction: self.fraction, eta }));
    }

    pub(super) fn done(&mut self) {
        let end = Progress { stage: Stage::Decode, fraction: 1.0, eta: Some(Duration::ZERO) };
        (self.sink)(Event::Progress(end));
    }
}
