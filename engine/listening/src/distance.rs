//! How far apart two versions of one sound are for the ear.
//!
//! Versions of a take at different numbers of steps start from the same noise and are the same sound in other detail, so that
//! they can be compared place by place. Both are brought to the same level, as they are when they are played beside each other,
//! and seen as the ear sees them: power in bands of equal width on the mel scale, over some tens of milliseconds, in dB.
//! The distance is the root mean square of the difference, in which a place counts the more the louder it is: what is 60 dB
//! below the loudest place counts for nothing. It is what speech coding calls spectral distortion, where 1 dB is held to be
//! the limit of what listeners notice (Paliwal and Atal, 1993).

use realfft::RealFftPlanner;
use straightshot_protocol::Audio;

/// Bands from [`LOW_HZ`] to [`HIGH_HZ`], each about as wide as one of the ear's critical bands.
const BANDS: usize = 32;
const LOW_HZ: f32 = 60.0;
const HIGH_HZ: f32 = 16_000.0;
/// Length of a window and distance of two in seconds.
const WINDOW_S: f32 = 0.046;
const HOP_S: f32 = 0.0116;
/// Windows whose powers are averaged: the ear tells no order within some tens of milliseconds, and grains of noise cancel.
const SMOOTHED: usize = 5;
/// Depth below the loudest place beyond which nothing is heard.
const DEPTH_DB: f32 = 60.0;

/// Distance below which two versions sound the same. See [`enough`].
pub const INAUDIBLE_DB: f32 = 1.5;

/// A sound as [`distance_db`] sees it.
#[derive(Debug, Clone, PartialEq)]
pub struct Spectrum {
    /// Power of each band in each place, the bands of a place side by side.
    power: Vec<f32>,
    sample_rate_hz: u32,
}

impl Spectrum {
    /// Measures `audio`, its channels together: about a millisecond per second of sound.
    #[must_use]
    pub fn of(audio: &Audio) -> Self {
        let rate = audio.sample_rate_hz() as f32;
        let (window, hop) = ((WINDOW_S * rate) as usize, ((HOP_S * rate) as usize).max(1));
        let size = window.next_power_of_two().max(2);
        let transform = RealFftPlanner::<f32>::new().plan_fft_forward(size);
        let edges = edges(rate, size);
        let shape: Vec<f32> = (0..window)
            .map(|i| 0.5 - 0.5 * (std::f32::consts::TAU * (i as f32 + 0.5) / window as f32).cos())
            .collect();
        let samples = audio.mixed();
        let (mut block, mut bins) = (transform.make_input_vec(), transform.make_output_vec());
        let mut scratch = transform.make_scratch_vec();
        let mut power = Vec::new();
        for start in (0..samples.len()).step_by(hop) {
            block.fill(0.0);
            for ((slot, x), w) in block.iter_mut().zip(&samples[start..]).zip(&shape) {
                *slot = x * w;
            }
            // The only failures are wrong lengths, which are the transform's own.
            let done = transform.process_with_scratch(&mut block, &mut bins, &mut scratch);
            debug_assert!(done.is_ok());
            power.extend(edges.windows(2).map(|edge| {
                bins[edge[0]..edge[1].max(edge[0] + 1)].iter().map(|bin| bin.norm_sqr()).sum::<f32>()
            }));
        }
        Self { power: smoothed(&power), sample_rate_hz: audio.sample_rate_hz() }
    }

    fn total(&self) -> f64 {
        self.power.iter().map(|&p| f64::from(p)).sum()
    }
}

/// Bins at which the bands begin, and the one at which the last ends.
fn edges(rate: f32, size: usize) -> Vec<usize> {
    let mel = |hz: f32| (1.0 + hz / 700.0).ln();
    let (low, high) = (mel(LOW_HZ), mel(HIGH_HZ.min(0.5 * rate)));
    let hz = |i: usize| 700.0 * ((low + (high - low) * i as f32 / BANDS as f32).exp() - 1.0);
    (0..=BANDS).map(|i| ((hz(i) / rate * size as f32).round() as usize).min(size / 2)).collect()
}

/// The mean of every place and those around it.
fn smoothed(power: &[f32]) -> Vec<f32> {
    let places = power.len() / BANDS;
    let around = |place: usize| place.saturating_sub(SMOOTHED / 2)..(place + SMOOTHED / 2 + 1).min(places);
    (0..places)
        .flat_map(|place| {
            let near = around(place);
            let count = near.len() as f32;
            (0..BANDS).map(move |band| near.clone().map(|p| power[p * BANDS + band]).sum::<f32>() / count)
        })
        .collect()
}

/// How far apart two versions of a sound are in dB, each at the level of the other; `None` if they cannot be compared, because
/// they are not equally long, have different rates or one of them is silent.
#[must_use]
pub fn distance_db(a: &Spectrum, b: &Spectrum) -> Option<f32> {
    let (total_a, total_b) = (a.total(), b.total());
    let fits = a.power.len() == b.power.len() && a.sample_rate_hz == b.sample_rate_hz;
    if !fits || total_a <= 0.0 || total_b <= 0.0 {
        return None;
    }
    let gain = (total_a / total_b) as f32;
    let loudest = a.power.iter().zip(&b.power).map(|(x, y)| x.max(y * gain)).fold(0.0, f32::max);
    let floor = loudest * 10f32.powf(-DEPTH_DB / 10.0);
    let (mut sum, mut weights) = (0.0, 0.0);
    for (x, y) in a.power.iter().zip(&b.power) {
        // The floor is added and not cut at, so that a level just above it is not worth more than one just below.
        let (x, y) = (10.0 * (x + floor).log10(), 10.0 * (y * gain + floor).log10());
        let weight = f64::from(x.max(y) - 10.0 * floor.log10());
        sum += weight * f64::from(x - y) * f64::from(x - y);
        weights += weight;
    }
    Some((sum / weights.max(f64::MIN_POSITIVE)).sqrt() as f32)
}

/// How far a version is from the finest one.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Distance {
    /// Its number of steps.
    pub steps: u32,
    /// In dB; 0 for the finest.
    pub db: f32,
}

/// The fewest steps beyond which the ear gains nothing: the first version from which on all are within [`INAUDIBLE_DB`] of the
/// finest. `None` if there is nothing to compare, or only the finest itself is.
#[must_use]
pub fn enough(distances: &[Distance]) -> Option<u32> {
    let mut rising = distances.to_vec();
    rising.sort_by_key(|version| version.steps);
    let far = rising.iter().rposition(|version| version.db > INAUDIBLE_DB).map_or(0, |last| last + 1);
    rising.get(far).filter(|_| far + 1 < rising.len()).map(|version| version.steps)
}

#[cfg(test)]
mod tests {
    use super::*;

    const RATE: u32 = 44_100;

    fn noise(seed: u64, samples: usize) -> Vec<f32> {
        let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
        let mut next = || {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            (state >> 40) as f32 / 8_388_608.0 - 1.0
        };
        (0..samples).map(|_| 0.3 * next()).collect()
    }

    fn of(samples: Vec<f32>) -> Spectrum {
        Spectrum::of(&Audio::mono(RATE, samples))
    }

    /// Noise in bursts, so that there are quiet places.
    fn bursts(seed: u64) -> Vec<f32> {
        let envelope = |i: usize| (-((i % 11_025) as f32) / 2000.0).exp();
        noise(seed, 44_100).iter().enumerate().map(|(i, x)| x * envelope(i)).collect()
    }

    #[test]
    fn a_sound_is_as_far_from_itself_as_from_a_louder_copy_not_at_all() {
        let sound = bursts(1);
        let louder: Vec<f32> = sound.iter().map(|x| 0.25 * x).collect();
        let (a, b) = (of(sound), of(louder));
        assert_eq!(distance_db(&a, &a), Some(0.0));
        assert!(distance_db(&a, &b).unwrap() < 1e-3);
    }

    #[test]
    fn the_distance_grows_with_what_is_changed() {
        let sound = bursts(1);
        let reference = of(sound.clone());
        let other = bursts(2);
        let mixed = |share: f32| {
            let samples = sound.iter().zip(&other).map(|(x, y)| x + share * y);
            distance_db(&reference, &of(samples.collect())).unwrap()
        };
        let distances = [0.05, 0.2, 0.8].map(mixed);
        assert!(distances.is_sorted() && distances[0] < 0.5 && distances[2] > 1.0, "{distances:?}");
        let late: Vec<f32> = [vec![0.0; 4410], sound[..39_690].to_vec()].concat();
        assert!(distance_db(&reference, &of(late)).unwrap() > 8.0, "another rhythm is another sound");
    }

    #[test]
    fn what_cannot_be_heard_counts_for_nothing() {
        let sound = bursts(1);
        let hiss: Vec<f32> = sound.iter().zip(noise(5, 44_100)).map(|(x, y)| x + 2e-5 * y).collect();
        assert!(distance_db(&of(sound), &of(hiss)).unwrap() < 0.1);
    }

    #[test]
    fn sounds_that_cannot_be_compared_are_not() {
        let sound = of(bursts(1));
        assert_eq!(distance_db(&sound, &of(vec![0.0; 44_100])), None);
        assert_eq!(distance_db(&sound, &of(noise(1, 22_050))), None);
        assert_eq!(distance_db(&of(vec![]), &of(vec![])), None);
        assert_eq!(distance_db(&sound, &Spectrum::of(&Audio::mono(48_000, bursts(1)))), None);
    }

    #[test]
    fn enough_is_where_nothing_is_gained_any_more() {
        let all = |db: &[(u32, f32)]| -> Vec<Distance> {
            db.iter().map(|&(steps, db)| Distance { steps, db }).collect()
        };
        let (near, far) = (0.5 * INAUDIBLE_DB, 2.0 * INAUDIBLE_DB);
        assert_eq!(enough(&all(&[(1, far), (2, far), (4, near), (8, near), (24, 0.0)])), Some(4));
        assert_eq!(
            enough(&all(&[(24, 0.0), (1, near), (4, far)])),
            None,
            "what came closer by chance is not enough"
        );
        assert_eq!(enough(&all(&[(1, near), (24, 0.0)])), Some(1));
        assert_eq!(enough(&all(&[(1, far), (24, 0.0)])), None);
        assert_eq!(enough(&all(&[(4, 0.0)])), None);
        assert_eq!(enough(&[]), None);
    }
}
