//! What is heard between events: the quiet hiss of a room and a microphone.
//!
//! Events that are laid down by themselves have digital silence between them, which the ear takes for a gate. Recordings have
//! a floor (`straightshot-evaluation`, `floor`). It gets the colour of the quietest frames of the clips that the events were
//! cut from, as floors are found by minimum statistics ([Martin, 2001](https://doi.org/10.1109/89.928915)), and a level that
//! is there and does not disturb.

use super::super::finish::fade;
use crate::rng::{self, Noise, Stream};
use crate::stft::Stft;
use straightshot_protocol::CancelToken;

/// Share of the frames of a clip that are its quietest.
const QUIETEST: f32 = 0.1;
/// Frames so far below the loudest are digital silence, dB.
const DIGITAL_DB: f32 = 95.0;
/// Level below the loudest frame of the events, dB: at least and at most.
const BELOW_DB: (f32, f32) = (54.0, 66.0);
/// The floor of clips that have none falls by 3 dB per octave from this bin on.
const FLAT_BINS: f32 = 3.0;
/// Bins on either side that are averaged: a floor is no tone.
const SMOOTH: usize = 6;
/// Tells its noise from that of the decoder.
const OWN_NOISE: u64 = 0xa1;

/// A floor.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Air {
    /// Power of every bin, as the transform measures it.
    power: Vec<f32>,
    /// Level below the loudest, dB.
    below_db: f32,
}

impl Air {
    /// The floor of `clips`.
    pub(super) fn of(clips: &[&[f32]], stft: &Stft) -> Self {
        let bins = stft.bins();
        let (mut power, mut count) = (vec![0f32; bins], 0);
        let (mut quiet, mut loudest) = (0f32, f32::MIN_POSITIVE);
        for clip in clips {
            let spectrum = stft.forward(clip, clip.len() / stft.hop_length());
            let powers: Vec<f32> =
                spectrum.chunks_exact(bins).map(|frame| frame.iter().map(|c| c.norm_sqr()).sum()).collect();
            let most = powers.iter().copied().fold(f32::MIN_POSITIVE, f32::max);
            let least = most * 10f32.powf(-DIGITAL_DB / 10.0);
            let mut heard: Vec<usize> = (0..powers.len()).filter(|&i| powers[i] > least).collect();
            heard.sort_by(|a, b| powers[*a].total_cmp(&powers[*b]));
            for frame in heard.iter().take((QUIETEST * powers.len() as f32).ceil() as usize) {
                let values = &spectrum[frame * bins..][..bins];
                power.iter_mut().zip(values).for_each(|(sum, c)| *sum += c.norm_sqr());
                quiet += powers[*frame];
                count += 1;
            }
            loudest = loudest.max(most);
        }
        if count == 0 {
            let pink = (0..bins).map(|bin| 1.0 / (bin as f32).max(FLAT_BINS)).collect();
            return Self { power: pink, below_db: BELOW_DB.1 };
        }
        let near = |bin: usize| &power[bin.saturating_sub(SMOOTH)..(bin + SMOOTH + 1).min(bins)];
        let smooth = |bin: usize| near(bin).iter().sum::<f32>() / near(bin).len() as f32;
        let below_db = -10.0 * (quiet / count as f32 / loudest).max(f32::MIN_POSITIVE).log10();
        Self { power: (0..bins).map(smooth).collect(), below_db: below_db.clamp(BELOW_DB.0, BELOW_DB.1) }
    }

    /// Adds it to a whole sound, if there is one.
    pub(super) fn fill(&self, stft: &Stft, seed: u64, out: &mut [f32], cancel: &CancelToken) {
        let hop = stft.hop_length();
        let mean_square = |part: &[f32]| part.iter().map(|x| x * x).sum::<f32>() / part.len().max(1) as f32;
        let loudest = out.chunks(2 * hop).map(mean_square).fold(0.0, f32::max);
        let whole: f32 = self.power.iter().sum();
        if loudest <= 0.0 || whole <= 0.0 {
            return;
        }
        let gains: Vec<f32> = self.power.iter().map(|power| (power / whole).sqrt()).collect();
        let samples = out.len().next_multiple_of(hop);
        let seed = rng::hash(seed, [OWN_NOISE].into_iter());
        let noise = Noise::new(seed, Stream::Texture).normals(samples);
        let mut air = vec![0f32; samples];
        let colour = |(): &mut (), _: usize, row: &mut [realfft::num_complex::Complex32]| {
            row.iter_mut().zip(&gains).for_each(|(c, gain)| *c *= gain);
        };
        stft.filter(&noise, &mut air, || !cancel.is_cancelled(), || (), colour);
        let level = loudest * 10f32.powf(-self.below_db / 10.0);
        let gain = (level / mean_square(&air).max(f32::MIN_POSITIVE)).sqrt();
        // Where it begins and ends would be a click otherwise.
        air.truncate(out.len());
        fade(&mut air, 0, out.len());
        out.iter_mut().zip(&air).for_each(|(out, air)| *out += gain * air);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn level_db(part: &[f32]) -> f32 {
        10.0 * (part.iter().map(|x| x * x).sum::<f32>() / part.len() as f32).max(1e-20).log10()
    }

    /// A loud stroke of 2,048 samples, and a hiss of `floor` behind it that only every other sample changes: no high tones.
    fn clip(floor: f32) -> Vec<f32> {
        let noise = Noise::new(2, Stream::Texture).normals(22_050);
        let dull = |i: usize| if i < 2048 { 0.3 * noise[i] } else { floor * (noise[i / 8]) };
        (0..22_050).map(dull).collect()
    }

    #[test]
    fn it_has_the_colour_and_the_level_of_the_quietest_and_is_where_nothing_was() {
        let stft = Stft::new(1024, 256);
        for (floor_db, wanted) in [(-60.0, 60.0), (-20.0, BELOW_DB.0), (-85.0, BELOW_DB.1)] {
            let clip = clip(0.3 * 10f32.powf(floor_db / 20.0));
            let air = Air::of(&[&clip], &stft);
            assert!((air.below_db - wanted).abs() < 3.0, "{floor_db}: {}", air.below_db);
            let (low, high): (f32, f32) = (air.power[..64].iter().sum(), air.power[256..].iter().sum());
            assert!(low > 10.0 * high, "{low} {high}");
            let mut out = vec![0f32; 44_100];
            out[..2048].copy_from_slice(&clip[..2048]);
            air.fill(&stft, 7, &mut out, &CancelToken::default());
            let below = level_db(&out[..2048]) - level_db(&out[10_000..]);
            assert!((below - air.below_db).abs() < 3.0, "{below} {}", air.below_db);
            let steps = out[10_000..].chunks(4410).map(level_db);
            let (least, most) = steps.fold((0f32, -200f32), |(a, b), x| (a.min(x), b.max(x)));
            assert!(most - least < 3.0, "{least} to {most}");
        }
    }

    #[test]
    fn clips_without_a_floor_get_one_and_silence_stays_silent() {
        let stft = Stft::new(1024, 256);
        let mut click = vec![0f32; 8192];
        click[4000] = 1.0;
        let air = Air::of(&[&vec![0.0; 4096]], &stft);
        assert_eq!(air.below_db, BELOW_DB.1);
        assert_eq!(Air::of(&[], &stft), air);
        air.fill(&stft, 1, &mut click, &CancelToken::default());
        assert!(click[..3000].iter().any(|x| x.abs() > 1e-6) && click.iter().all(|x| x.is_finite()));
        let mut nothing = vec![0f32; 1000];
        air.fill(&stft, 1, &mut nothing, &CancelToken::default());
        assert_eq!(nothing, vec![0f32; 1000]);
        air.fill(&stft, 1, &mut [], &CancelToken::default());
    }
}
