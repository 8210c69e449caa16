//! Sounds whose text names one thing after another, or several at one time: each is made for itself, and they are laid one
//! behind the other, or mixed.
//!
//! ```text
//! prompt, length, seed -> straightshot_planner::timeline -> parts: a text, a time, a plan if it is one of events
//! part -> performed or made whole, as every sound -> own section of the curve -> natural level -> laid down -> finish
//! ```
//!
//! A part that still sounds when the next begins goes on under it and is faded out. How loud they are beside each other
//! follows from what their texts describe, or from the curve.

mod lay;

use super::follow::follow;
use super::performance::{Events, Performance};
use super::reporter::Reporter;
use super::{Event, Generator, Made, Plan as Flow, Starts, finish::finish, level, width};
use crate::codec::MidSide;
use crate::error::Result;
use crate::{memory, rng};
use candle_core::Tensor;
use lay::{TAIL_S, heard_from, lay};
use std::time::Duration;
use straightshot_listening::{frame_powers, loudest_lufs, loudness_of};
use straightshot_planner::{Part as Planned, Plan};
use straightshot_protocol::{Audio, CURVE_STEP_S, CancelToken, Curve, Request, StageTimings, Timing};

/// Keeps the noise of parts apart from other noises of their seed.
const PART: u64 = 0x7061_7274;
/// Most that parts differ in gain from where networks leave them, dB: what is silent stays so.
const MOST_GAIN_DB: f32 = 30.0;

/// A request and the parts of its sounds.
#[derive(Debug)]
pub(super) struct Sequence {
    parts: Vec<Part>,
}

/// One of the things that follow each other or are heard at one time, in all sounds.
#[derive(Debug)]
struct Part {
    way: PartWay,
    /// What is asked for: its text, and its length with what may sound on behind it, which is the same with every seed.
    request: Request,
    /// When it begins in each sound, and how long it is, s.
    times: Vec<(f64, f64)>,
    /// How loud it may be beside the first part if both are heard at one time, dB.
    beside_first_db: Option<(f32, f32)>,
}

/// How a part is made.
#[derive(Debug)]
enum PartWay {
    Pause,
    Performed(Box<Performance>),
    Whole,
}

/// A part before it is decoded.
enum Computed<'a> {
    Pause,
    Events(Events<'a>),
    Whole(Flow<'a>, Tensor, StageTimings),
}

impl Part {
    /// What is asked of the networks.
    fn run(&self) -> Option<&Request> {
        match &self.way {
            PartWay::Pause => None,
            PartWay::Performed(performance) => Some(performance.event()),
            PartWay::Whole => Some(&self.request),
        }
    }
}

impl Sequence {
    fn requests(&self) -> impl DoubleEndedIterator<Item = &Request> {
        self.parts.iter().filter_map(Part::run)
    }

    /// How loud a part is: as what its text describes, but so that what is heard at one time with it is heard.
    fn lufs(&self, part: &Part) -> f32 {
        let described = |part: &Part| loudness_of(&part.request.prompt).lufs;
        match (part.beside_first_db, self.parts.first()) {
            (Some((least, most)), Some(first)) => {
                let first = described(first);
                described(part).clamp(first + least, first + most)
            }
            _ => described(part),
        }
    }

    /// How many times a network is run.
    pub(super) fn runs(&self) -> u32 {
        self.requests().count() as u32
    }

    /// Latent tokens of all parts.
    pub(super) fn tokens(&self, generator: &Generator) -> usize {
        let of = |part: &Part| match &part.way {
            PartWay::Pause => 0,
            PartWay::Performed(performance) => performance.tokens(generator),
            PartWay::Whole => generator.tokens(&part.request),
        };
        self.parts.iter().map(of).sum()
    }
}

impl Generator {
    /// How sounds are made of these parts, one or more.
    pub(super) fn sequence_of(&self, request: &Request, planned: &[Vec<Planned>]) -> Option<Sequence> {
        let count = planned.first()?.len();
        let part = |i: usize| {
            let first = &planned[0][i];
            // Behind the last one is the end of the sound, as behind one that is as long as it.
            let ends = i + 1 == count || first.most_seconds >= request.seconds;
            let tail = if ends { 0.0 } else { TAIL_S };
            let request = Request {
                prompt: first.prompt.clone(),
                seconds: first.most_seconds + tail,
                timing: Timing::Free,
                curve: None,
                ..request.clone()
            };
            let plans = planned.iter().map(|parts| parts[i].plan.clone()).collect::<Option<Vec<Plan>>>();
            let performance = plans.and_then(|plans| self.performance_of(&request, plans));
            let way = match performance {
                _ if first.prompt.is_empty() => PartWay::Pause,
                Some(performance) => PartWay::Performed(Box::new(performance)),
                None => PartWay::Whole,
            };
            Part {
                way,
                request,
                times: planned.iter().map(|parts| (parts[i].start, parts[i].seconds)).collect(),
                beside_first_db: first.beside_first_db,
            }
        };
        Some(Sequence { parts: (0..count).map(part).collect() })
    }

    /// Bytes that the parts and their sounds need at most.
    pub(super) fn room_for_sequence(&self, sequence: &Sequence, request: &Request) -> usize {
        let of = |part: &Part| match &part.way {
            PartWay::Pause => 0,
            PartWay::Performed(performance) => self.room_for_performance(performance, &part.request),
            PartWay::Whole => self.room_for(&part.request),
        };
        let most = sequence.parts.iter().map(of).max().unwrap_or_default();
        // Every part is kept until the last one is made; the whole sound, a copy of it, and one of a part.
        let kept: usize = sequence.parts.iter().map(|part| self.samples(&part.request)).sum();
        let sounds = request.variations as usize * if request.width > 0.0 { 2 } else { 1 };
        most + size_of::<f32>() * (kept * sounds + (3 + sounds) * self.samples(request))
    }

    /// Makes the parts one by one, each for all sounds together.
    pub(super) fn one_by_one(
        &self,
        request: &Request,
        sequence: &Sequence,
        seeds: &[u64],
        tell: &mut (dyn FnMut(Event) + Send),
        cancel: &CancelToken,
    ) -> Result<()> {
        let mut requests = sequence.requests();
        let scale = self.plan(request).scale;
        let mut report = Reporter::new(requests.next().unwrap_or(request), &self.card.cost, scale, tell);
        report.expect(requests, scale);
        let beginning = |index| {
            let made = Made::beginning(index, request, StageTimings::default());
            Made { nfe: request.steps * sequence.runs(), ..made }
        };
        let mut sounds: Vec<(Made, Vec<MidSide>)> =
            (0..seeds.len()).map(|index| (beginning(index), Vec::new())).collect();
        for (i, part) in sequence.parts.iter().enumerate() {
            let of = |seed: &u64| if i == 0 { *seed } else { rng::hash(*seed, [PART, i as u64].into_iter()) };
            let seeds: Vec<u64> = seeds.iter().map(of).collect();
            let computed = self.computed(part, &seeds, &mut report, cancel)?;
            for ((made, clips), seed) in sounds.iter_mut().zip(&seeds) {
                let curve = request.curve.as_ref();
                clips.push(self.part((part, &computed, *seed), curve, made, &mut report, cancel)?);
                if i + 1 == sequence.parts.len() {
                    let mut made = made.clone();
                    made.audio = self.joined(request, sequence, made.index, &std::mem::take(clips))?;
                    cancel.check()?;
                    report.made(made);
                }
            }
            if part.run().is_some() {
                report.next();
            }
        }
        report.done();
        Ok(())
    }

    /// What networks make of a part, for all sounds.
    fn computed<'a>(
        &'a self,
        part: &'a Part,
        seeds: &[u64],
        report: &mut Reporter<'_>,
        cancel: &CancelToken,
    ) -> Result<Computed<'a>> {
        Ok(match &part.way {
            PartWay::Pause => Computed::Pause,
            PartWay::Performed(performance) => {
                Computed::Events(self.events(performance, seeds, report, cancel)?)
            }
            PartWay::Whole => {
                let flow = self.plan(&part.request);
                let starts = Starts { seeds, start: 0 };
                let (latents, timings) = self.latents(&part.request, starts, flow, report, cancel)?;
                Computed::Whole(flow, latents, timings)
            }
        })
    }

    /// A part of the sound that `made` is for, at full level and with its section of the curve.
    fn part(
        &self,
        (part, computed, seed): (&Part, &Computed<'_>, u64),
        curve: Option<&Curve>,
        made: &mut Made,
        report: &mut Reporter<'_>,
        cancel: &CancelToken,
    ) -> Result<MidSide> {
        let (start, _) = part.times[made.index];
        let curve = curve.and_then(|curve| section(curve, start, part.request.seconds));
        match computed {
            Computed::Pause => Ok(MidSide::mono(Vec::new())),
            Computed::Events(events) => {
                let sound = (self.samples(&part.request), curve.as_ref());
                Ok(MidSide::mono(self.laid_down(events, sound, made, report, cancel)?))
            }
            Computed::Whole(flow, latents, shared) => {
                let count = part.times.len();
                report.decoding(made.index, count);
                let share = |time: Duration| time / count as u32;
                let shared = StageTimings { text: share(shared.text), flow: share(shared.flow), ..*shared };
                let latent = latents.narrow(0, made.index, 1)?;
                let (mut clip, timings, nfe) =
                    self.heard((&latent, &part.request, seed), *flow, report, cancel)?;
                made.timings = made.timings + shared + timings;
                made.nfe += nfe;
                if let Some(curve) = &curve {
                    follow(&mut clip, self.sample_rate_hz(), curve, None);
                }
                Ok(clip)
            }
        }
    }

    /// The sound of these parts.
    fn joined(
        &self,
        request: &Request,
        sequence: &Sequence,
        index: usize,
        clips: &[MidSide],
    ) -> Result<Audio> {
        let rate_hz = self.sample_rate_hz();
        let zeros = || memory::zeros(self.samples(request));
        let side = (request.width > 0.0).then(zeros).transpose()?;
        let mut out = MidSide { mid: zeros()?, side };
        let sample = |seconds: f64| (seconds * f64::from(rate_hz)).round() as usize;
        for (part, clip) in sequence.parts.iter().zip(clips) {
            let (start, seconds) = part.times[index];
            let share = sample(start)..sample(start + seconds);
            let is_whole = matches!(part.way, PartWay::Whole);
            // A curve says itself when something is heard, and what is as long as the sound has no other before it.
            let may_be_late = is_whole && request.curve.is_none() && share.len() < out.mid.len();
            let from = if may_be_late { heard_from(&clip.mid, rate_hz) } else { 0 };
            let mid = &clip.mid[from..];
            let heard = mid.get(..share.len()).unwrap_or(mid);
            let gain_db = match &request.curve {
                None => sequence.lufs(part) - loudest_lufs(&Audio::mono(rate_hz, heard)),
                Some(curve) => loudest_of(curve, start, seconds) - loudest_db(heard, rate_hz),
            };
            let gain = 10f32.powf(gain_db.clamp(-MOST_GAIN_DB, MOST_GAIN_DB) / 20.0);
            lay(&mut out.mid, mid, share.clone(), (gain, is_whole), rate_hz);
            if let (Some(out), Some(side)) = (&mut out.side, &clip.side) {
                lay(out, &side[from..], share, (gain, is_whole), rate_hz);
            }
        }
        finish(&mut out, rate_hz);
        let mut audio = width::audio(out, request.width, rate_hz)?;
        level::bring(&mut audio, request.level)?;
        Ok(audio)
    }
}

/// So many seconds of `curve` from `start` on.
fn section(curve: &Curve, start: f64, seconds: f64) -> Option<Curve> {
    let points = (seconds / CURVE_STEP_S).ceil().max(1.0) as usize;
    Curve::of((0..points).map(|i| curve.at(start + (i as f64 + 0.5) * CURVE_STEP_S)))
}

/// The loudest that `curve` is in these seconds, below the loudest that it is anywhere, dB.
fn loudest_of(curve: &Curve, start: f64, seconds: f64) -> f32 {
    let most = |levels: &[f32]| levels.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let here = section(curve, start, seconds).map_or(0.0, |part| most(part.levels_db()));
    here - most(curve.levels_db())
}

/// Level of the loudest point of a clip, as curves have them.
fn loudest_db(clip: &[f32], rate_hz: u32) -> f32 {
    let most = frame_powers(clip, rate_hz, CURVE_STEP_S).into_iter().fold(1e-12, f64::max);
    10.0 * most.log10() as f32
}
