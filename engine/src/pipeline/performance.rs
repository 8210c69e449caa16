//! Sounds whose events happen at given times: some of the event are made, and laid down where they belong.
//!
//! ```text
//! prompt, length, seed -> straightshot_planner::plan -> text of one event, hits
//! text of one event -> as every sound -> some short clips -> cut to their event -> laid down at the hits -> finish -> air
//! ```
//!
//! The attack of each is within a millisecond of its time, and each is a sound of its own.

mod air;
mod cut;
mod place;

use self::air::Air;
use super::follow::{follow, leveled};
use super::reporter::Reporter;
use super::{Event, Generator, Made, Starts, finish::finish, level};
use crate::codec::MidSide;
use crate::error::Result;
use crate::{memory, rng};
use std::time::Duration;
use straightshot_planner::Plan;
use straightshot_protocol::{Audio, CancelToken, Request, StageTimings, Timing};

/// A request and the plan of each of its sounds.
#[derive(Debug)]
pub(super) struct Performance {
    /// What is asked of the networks for each event; all events of one sound are its variations.
    event: Request,
    /// One for each seed.
    plans: Vec<Plan>,
}

impl Performance {
    /// Latent tokens of all events.
    pub(super) fn tokens(&self, generator: &Generator) -> usize {
        generator.tokens(&self.event) * self.event.variations as usize
    }
}

impl Generator {
    /// How the sounds of `request` are performed, if the model does that and the text or the request says when things happen.
    pub(super) fn performance(&self, request: &Request, seeds: &[u64]) -> Option<Performance> {
        if !self.card.abilities.timing {
            return None;
        }
        let plan = |seed: &u64| {
            let seed = request.timing_seed.unwrap_or(*seed);
            straightshot_planner::plan(&request.prompt, &request.timing, request.seconds, seed)
        };
        let plans: Vec<Plan> = seeds.iter().map(plan).collect::<Option<_>>()?;
        let first = plans.first()?;
        let event = Request {
            prompt: first.prompt.clone(),
            seconds: first.event_seconds.max(*self.card.seconds.start()),
            variations: plans
                .iter()
                .map(|plan| plan.candidates)
                .sum::<usize>()
                .try_into()
                .unwrap_or(u32::MAX),
            timing: Timing::Free,
            // It is what they are together.
            curve: None,
            // Events are in the middle.
            width: 0.0,
            ..request.clone()
        };
        Some(Performance { event, plans })
    }

    /// Bytes that the events and their sounds need at most.
    pub(super) fn room_for_performance(&self, performance: &Performance, request: &Request) -> usize {
        self.room_for(&performance.event)
            + size_of::<f32>() * self.samples(request) * (3 + performance.plans.len())
    }

    pub(super) fn perform(
        &self,
        request: &Request,
        performance: &Performance,
        seeds: &[u64],
        tell: &mut (dyn FnMut(Event) + Send),
        cancel: &CancelToken,
    ) -> Result<()> {
        let Performance { event, plans } = performance;
        let flow = self.plan(event);
        let mut report = Reporter::new(event, &self.card.cost, flow.scale, tell);
        // The first event of a sound starts from the noise that the sound itself would start from.
        let seeds_of = |seed: &u64, plan: &Plan| -> Vec<u64> {
            let other = |i: u64| if i == 0 { *seed } else { rng::hash(*seed, [i].into_iter()) };
            (0..plan.candidates as u64).map(other).collect()
        };
        let of_each: Vec<Vec<u64>> =
            seeds.iter().zip(plans).map(|(seed, plan)| seeds_of(seed, plan)).collect();
        let all = of_each.concat();
        let (latents, shared) =
            self.latents(event, Starts { seeds: &all, start: 0 }, flow, &mut report, cancel)?;
        let mut done = 0;
        for (index, (plan, seeds)) in plans.iter().zip(&of_each).enumerate() {
            let part = |time: Duration| time * seeds.len() as u32 / all.len().max(1) as u32;
            let shared = StageTimings { text: part(shared.text), flow: part(shared.flow), ..shared };
            let mut made = Made::beginning(index, request, shared);
            let mut clips = Vec::with_capacity(seeds.len());
            for seed in seeds {
                report.decoding(done, all.len());
                let latent = latents.narrow(0, done, 1)?;
                let (clip, timings, nfe) = self.heard((&latent, event, *seed), flow, &mut report, cancel)?;
                made.timings = made.timings + timings;
                made.nfe += nfe;
                clips.push(clip.mid);
                done += 1;
            }
            let stft = self.model.codec.stft();
            let air = Air::of(&clips.iter().map(Vec::as_slice).collect::<Vec<_>>(), stft);
            let events =
                clips.into_iter().map(|clip| cut::cut(clip, self.sample_rate_hz(), plan.is_one_stroke));
            let events = events.collect();
            let mut clip = memory::zeros(self.samples(request))?;
            let events = cut::best(events, plan.events);
            let rate_hz = self.sample_rate_hz();
            match &request.curve {
                None => place::place(&events, plan, rate_hz, &mut clip),
                Some(curve) => {
                    let samples = events.iter().map(|event| event.samples.as_slice());
                    let plan = leveled(plan, samples, rate_hz, curve);
                    place::place(&events, &plan, rate_hz, &mut clip);
                }
            }
            let mut clip = MidSide::mono(clip);
            finish(&mut clip, rate_hz);
            if let Some(curve) = &request.curve {
                follow(&mut clip, rate_hz, curve, Some(&plan.hits));
            }
            air.fill(stft, seeds.first().copied().unwrap_or_default(), &mut clip.mid, cancel);
            cancel.check()?;
            made.audio = Audio::mono(self.sample_rate_hz(), clip.mid);
            level::bring(&mut made.audio, request.level)?;
            report.made(made);
        }
        report.done();
        Ok(())
    }
}
