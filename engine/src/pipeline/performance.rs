//! Sounds whose events happen at given times: some of the event are made, and laid down where they belong.
//!
//! ```text
//! prompt, length, seed -> straightshot_planner::timeline -> text of one event, hits
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
use super::{Event, Generator, Made, Plan as Flow, Starts, finish::finish, level};
use crate::codec::MidSide;
use crate::error::Result;
use crate::{memory, rng};
use candle_core::Tensor;
use std::time::Duration;
use straightshot_planner::Plan;
use straightshot_protocol::{Audio, CancelToken, Curve, Request, StageTimings, Timing};

/// A request and the plan of each of its sounds.
#[derive(Debug)]
pub(super) struct Performance {
    /// What is asked of the networks for each event; all events of one sound are its variations.
    event: Request,
    /// One for each seed.
    plans: Vec<Plan>,
}

impl Performance {
    /// What is asked of the networks.
    pub(super) fn event(&self) -> &Request {
        &self.event
    }

    /// Latent tokens of all events.
    pub(super) fn tokens(&self, generator: &Generator) -> usize {
        generator.tokens(&self.event) * self.event.variations as usize
    }
}

/// The events of some sounds before they are decoded.
pub(super) struct Events<'a> {
    performance: &'a Performance,
    flow: Flow<'a>,
    latents: Tensor,
    /// The seeds of the events of each sound.
    seeds: Vec<Vec<u64>>,
    timings: StageTimings,
}

impl Generator {
    /// How sounds with these plans are performed, one or more.
    pub(super) fn performance_of(&self, request: &Request, plans: Vec<Plan>) -> Option<Performance> {
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
        let scale = self.plan(request).scale;
        let mut report = Reporter::new(&performance.event, &self.card.cost, scale, tell);
        let events = self.events(performance, seeds, &mut report, cancel)?;
        for index in 0..seeds.len() {
            let mut made = Made::beginning(index, request, StageTimings::default());
            let sound = (self.samples(request), request.curve.as_ref());
            let clip = self.laid_down(&events, sound, &mut made, &mut report, cancel)?;
            made.audio = Audio::mono(self.sample_rate_hz(), clip);
            level::bring(&mut made.audio, request.level)?;
            report.made(made);
        }
        report.done();
        Ok(())
    }

    /// All events of the sounds of `seeds`.
    pub(super) fn events<'a>(
        &'a self,
        performance: &'a Performance,
        seeds: &[u64],
        report: &mut Reporter<'_>,
        cancel: &CancelToken,
    ) -> Result<Events<'a>> {
        let Performance { event, plans } = performance;
        let flow = self.plan(event);
        // The first event of a sound starts from the noise that the sound itself would start from.
        let seeds_of = |(seed, plan): (&u64, &Plan)| -> Vec<u64> {
            let other = |i: u64| if i == 0 { *seed } else { rng::hash(*seed, [i].into_iter()) };
            (0..plan.candidates as u64).map(other).collect()
        };
        let seeds: Vec<Vec<u64>> = seeds.iter().zip(plans).map(seeds_of).collect();
        let starts = Starts { seeds: &seeds.concat(), start: 0 };
        let (latents, timings) = self.latents(event, starts, flow, report, cancel)?;
        Ok(Events { performance, flow, latents, seeds, timings })
    }

    /// The sound that `made` is for, of so many samples and with this curve, from its events.
    pub(super) fn laid_down(
        &self,
        events: &Events<'_>,
        (samples, curve): (usize, Option<&Curve>),
        made: &mut Made,
        report: &mut Reporter<'_>,
        cancel: &CancelToken,
    ) -> Result<Vec<f32>> {
        let (plan, seeds) = (&events.performance.plans[made.index], &events.seeds[made.index]);
        let before: usize = events.seeds[..made.index].iter().map(Vec::len).sum();
        let all: usize = events.seeds.iter().map(Vec::len).sum();
        let part = |time: Duration| time * seeds.len() as u32 / all.max(1) as u32;
        let shared = events.timings;
        made.timings =
            made.timings + StageTimings { text: part(shared.text), flow: part(shared.flow), ..shared };
        let mut clips = Vec::with_capacity(seeds.len());
        for (done, seed) in (before..).zip(seeds) {
            report.decoding(done, all);
            let latent = events.latents.narrow(0, done, 1)?;
            let of = (&latent, &events.performance.event, *seed);
            let (clip, timings, nfe) = self.heard(of, events.flow, report, cancel)?;
            made.timings = made.timings + timings;
            made.nfe += nfe;
            clips.push(clip.mid);
        }
        let (stft, rate_hz) = (self.model.codec.stft(), self.sample_rate_hz());
        let air = Air::of(&clips.iter().map(Vec::as_slice).collect::<Vec<_>>(), stft);
        let cuts = clips.into_iter().map(|clip| cut::cut(clip, rate_hz, plan.is_one_stroke));
        let cuts = cut::best(cuts.collect(), plan.events);
        let mut clip = memory::zeros(samples)?;
        match curve {
            None => place::place(&cuts, plan, rate_hz, &mut clip),
            Some(curve) => {
                let samples = cuts.iter().map(|event| event.samples.as_slice());
                place::place(&cuts, &leveled(plan, samples, rate_hz, curve), rate_hz, &mut clip);
            }
        }
        let mut clip = MidSide::mono(clip);
        finish(&mut clip, rate_hz);
        if let Some(curve) = curve {
            follow(&mut clip, rate_hz, curve, Some(&plan.hits));
        }
        air.fill(stft, seeds.first().copied().unwrap_or_default(), &mut clip.mid, cancel);
        cancel.check()?;
        Ok(clip.mid)
    }
}
