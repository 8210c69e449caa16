//! Looks for the part of a sound that can be repeated best.
//!
//! 1. Levels in eight bands along the sound ([`Texture`]), and the straight line that its level follows: a sound that
//!    dies away evenly can be made steady ([`Loop::tilt_db`]).
//! 2. All pairs of a beginning and an end on a grid of [`GRID_S`]: what precedes the one has to sound like what precedes the
//!    other, at a level that is usual between them; long loops are better than short ones.
//! 3. The best of them are shifted sample by sample to where the waves agree most, which matters for whatever has a pitch.

use super::texture::{BANDS, Texture};
use super::{MOST_TILT_DB, similarity};
use crate::edit::{Edit, Loop, SHORTEST};
use crate::render::strip;
use crate::timeline::Timeline;
use straightshot_protocol::{Audio, Failure};

/// Distance of places that are tried, in seconds.
const GRID_S: f32 = 0.02;
/// Most places that are tried; in a longer sound they are farther apart.
const MOST_PLACES: usize = 800;
/// Longest crossfade, in seconds, and its largest share of the sound.
const CROSSFADE: (f32, f32) = (1.0, 1.0 / 8.0);
/// Crossfade of sounds whose waves agree, in seconds: a long one would beat.
const SHORT_CROSSFADE_S: f32 = 0.05;
/// Similarity from which on waves agree.
const AGREEING: f64 = 0.8;
/// Smallest share of the sound that a loop has.
const LEAST_SHARE: f32 = 0.25;
/// What a loop of half the length has to be better by, in dB.
const HALF_LENGTH_DB: f32 = 1.5;
/// What each dB of tilt has to be worth.
const TILT_PRICE: f32 = 0.15;
/// Change of level over the sound that is left as it is, in dB.
const STEADY_DB: f32 = 0.7;
/// What two waves that agree are worth, in dB.
const AGREEMENT_DB: f32 = 3.0;
/// Pairs that are looked at sample by sample.
const FINALISTS: usize = 12;
/// How far an end is shifted for that, in seconds, and how many frames are compared.
const SHIFT_S: f32 = 0.012;
const COMPARED: usize = 2048;

/// A loop, and how good it is.
#[derive(Debug, Clone, PartialEq)]
pub struct Found {
    /// The loop, in frames of the unedited sound.
    pub looped: Loop,
    /// How much the sound changes at the join in dB: level and colour, on average over the bands. Beyond 3 it can be heard.
    pub change_db: f32,
}

/// Finds the part of `source`, as far as `edit` keeps it, that is repeated best; `None` if there is too little of it.
/// Takes about 10 ms per second of sound.
///
/// # Errors
/// Those of [`render`](crate::render()).
pub fn find_loop(source: &Audio, edit: &Edit) -> Result<Option<Found>, Failure> {
    // What is good at one speed is good at all, and at the sound's own speed every frame is a frame.
    let still = Edit { trim: edit.trim.clone(), reverse: edit.reverse, width: edit.width, ..Edit::default() };
    let timeline = Timeline::new(&still, source.frames());
    let channels = strip(source, &still, &timeline)?;
    let Some(Best { start, end, crossfade, tilt_db, change_db }) = search(&channels, source.sample_rate_hz())
    else {
        return Ok(None);
    };
    let first = timeline.kept().start;
    let range = timeline.source_range(first + start..first + end);
    Ok(Some(Found { looped: Loop { range, crossfade, tilt_db, only: true }, change_db }))
}

/// A loop in frames of the strip's kept part.
struct Best {
    start: usize,
    end: usize,
    crossfade: usize,
    tilt_db: f32,
    change_db: f32,
}

/// A pair of places in hops.
#[derive(Clone, Copy)]
struct Pair {
    start: usize,
    end: usize,
    change_db: f32,
    cost_db: f32,
}

#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "frames of a sound"
)]
fn search(channels: &[Vec<f32>], rate_hz: u32) -> Option<Best> {
    let frames = channels.first().map_or(0, Vec::len);
    let texture = Texture::of(channels, rate_hz);
    let hops = texture.hops();
    let rate = rate_hz as f32;
    let crossfade = (CROSSFADE.0 * rate).min(CROSSFADE.1 * frames as f32) as usize;
    let before = (crossfade / texture.hop).max(1);
    if hops < 8 * before.max(2) || frames < 8 * SHORTEST {
        return None;
    }
    let trend = Trend::of(&texture, before);
    let mut pairs = pairs(&texture, before, &trend);
    pairs.sort_by(|a, b| a.cost_db.total_cmp(&b.cost_db));
    pairs.truncate(FINALISTS);
    let mixed = mix(channels);
    let reach = (SHIFT_S * rate) as usize;
    let refined = pairs.into_iter().map(|pair| {
        let start = pair.start * texture.hop;
        let (end, agreement) = shift(&mixed, start, pair.end * texture.hop, reach);
        (pair.cost_db - AGREEMENT_DB * agreement.max(0.0) as f32, pair, start, end)
    });
    let (_, pair, start, end) = refined.min_by(|a, b| a.0.total_cmp(&b.0))?;
    let short = ((SHORT_CROSSFADE_S * rate) as usize).min(crossfade);
    let agrees = similarity(channels, start - short, end - short, short) > AGREEING;
    Some(Best {
        start,
        end,
        crossfade: if agrees { short } else { crossfade.min(start) },
        tilt_db: trend.tilt_db(pair.start, pair.end),
        change_db: pair.change_db,
    })
}

/// The straight line that the level of a sound follows, in dB per hop.
struct Trend {
    middle: f32,
    level_db: f32,
    slope_db: f32,
}

impl Trend {
    /// The line through the levels of stretches of `before` hops: that with the median of all slopes, so that a loud moment or
    /// a quiet beginning does not turn it.
    #[expect(clippy::cast_precision_loss, reason = "a few thousand hops")]
    fn of(texture: &Texture, before: usize) -> Self {
        let hops = texture.hops();
        let step = (hops / 64).max(1);
        let places: Vec<(f32, f32)> = (0..=hops - before)
            .step_by(step)
            .map(|at| ((at + before / 2) as f32, texture.level(at..at + before)))
            .collect();
        let slopes = places
            .iter()
            .enumerate()
            .flat_map(|(index, a)| places[index + 1..].iter().map(move |b| (b.1 - a.1) / (b.0 - a.0)));
        let slope_db = median(slopes.collect());
        let middle = hops as f32 / 2.0;
        let level_db = median(places.iter().map(|(at, level)| level - slope_db * (at - middle)).collect());
        Self { middle, level_db, slope_db }
    }

    fn at(&self, hop: f32) -> f32 {
        self.level_db + self.slope_db * (hop - self.middle)
    }

    /// What has to be added by the end of a loop.
    #[expect(clippy::cast_precision_loss, reason = "a few thousand hops")]
    fn tilt_db(&self, start: usize, end: usize) -> f32 {
        let tilt = -self.slope_db * (end - start) as f32;
        if tilt.abs() < STEADY_DB { 0.0 } else { tilt.clamp(-MOST_TILT_DB, MOST_TILT_DB) }
    }
}

/// Every pair that is long enough, with what it costs.
#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a few thousand hops"
)]
fn pairs(texture: &Texture, before: usize, trend: &Trend) -> Vec<Pair> {
    let hops = texture.hops();
    let grid = ((GRID_S * 100.0) as usize).max(hops / MOST_PLACES).max(1);
    let least = ((LEAST_SHARE * hops as f32) as usize).max(2 * before);
    struct Place {
        hop: usize,
        colour: [f32; BANDS],
        /// How far the level is from what is usual there.
        unusual_db: f32,
    }
    let place = |hop: usize| {
        let stretch = hop - before..hop;
        let usual = trend.at(hop as f32 - before as f32 / 2.0);
        Place {
            hop,
            unusual_db: (texture.level(stretch.clone()) - usual).abs(),
            colour: texture.colour(stretch),
        }
    };
    let places: Vec<Place> = (before..=hops).step_by(grid).map(place).collect();
    let mut pairs = Vec::new();
    for (index, a) in places.iter().enumerate() {
        for b in places[index..].iter().filter(|b| b.hop >= a.hop + least) {
            let tilt_db = trend.tilt_db(a.hop, b.hop);
            let change = |band: usize| (b.colour[band] + tilt_db - a.colour[band]).abs();
            let change_db = (0..BANDS).map(change).sum::<f32>() / BANDS as f32;
            let length = (hops as f32 / (b.hop - a.hop) as f32).log2();
            let unusual_db = (a.unusual_db - 0.5).max(0.0) + (b.unusual_db - 0.5).max(0.0);
            let cost_db = change_db + 2.0 * unusual_db + HALF_LENGTH_DB * length + TILT_PRICE * tilt_db.abs();
            pairs.push(Pair { start: a.hop, end: b.hop, change_db, cost_db });
        }
    }
    pairs
}

/// Where within `reach` of `end` the wave agrees best with that before `start`, and how well.
fn shift(mixed: &[Vec<f32>], start: usize, end: usize, reach: usize) -> (usize, f64) {
    let compared = COMPARED.min(start);
    let last = mixed.first().map_or(0, Vec::len);
    let places = (end - reach).max(start + compared)..=(end + reach).min(last);
    let agreement = |place: usize| similarity(mixed, start - compared, place - compared, compared);
    let best = places.map(|place| (agreement(place), place)).max_by(|a, b| a.0.total_cmp(&b.0));
    best.map_or((end, 0.0), |(agreement, place)| (place, agreement))
}

/// One channel with the mean of all.
fn mix(channels: &[Vec<f32>]) -> Vec<Vec<f32>> {
    match channels {
        [left, right] => vec![left.iter().zip(right).map(|(l, r)| 0.5 * (l + r)).collect()],
        _ => channels.to_vec(),
    }
}

fn median(mut values: Vec<f32>) -> f32 {
    if values.is_empty() {
        return 0.0;
    }
    let middle = values.len() / 2;
    *values.select_nth_unstable_by(middle, f32::total_cmp).1
}
