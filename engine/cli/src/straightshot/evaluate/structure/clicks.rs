//! Synthetic clicks and what the codec makes of them: the one sound whose attack is known.

use super::super::Arguments;
use super::figures::add;
use crate::reconstruct::{packed_codec, with_levels_of};
use anyhow::Result;
use candle_core::Device;
use straightshot_engine::model::ModelFiles;
use straightshot_evaluation::attack::{self, Attack, Envelope};
use straightshot_evaluation::curve::{decibels, median};
use straightshot_evaluation::structure::System;

/// Clicks, at places that fall differently into the frames of a codec.
const CLICKS: u64 = 16;
const SECONDS: f64 = 0.5;

/// Adds the figures of clicks to those of the recordings, which get the clicks themselves, and to those of the codec.
pub(super) fn add_all(systems: [&mut System; 2], files: &ModelFiles, arguments: &Arguments) -> Result<()> {
    let (replicates, true_levels) = (arguments.replicates, arguments.true_levels);
    let codec = packed_codec(files)?;
    let rate = codec.config().sample_rate_hz;
    let (mut original, mut coded) = (Clicks::default(), Clicks::default());
    for seed in 0..CLICKS {
        let onset_s = 0.25 + 0.000_7 * seed as f64;
        let click = attack::click(rate, SECONDS, onset_s, seed);
        let mut samples = codec.render(&codec.decode(&codec.encode(&click, &Device::Cpu)?)?, seed)?;
        if true_levels {
            samples = with_levels_of(&click, &samples, &codec);
        }
        samples.truncate(click.len());
        original.take(&click, &click, rate, onset_s);
        coded.take(&samples, &click, rate, onset_s);
    }
    let [recorded, through] = systems;
    original.add(recorded, replicates);
    coded.add(through, replicates);
    Ok(())
}

/// Measures of clicks.
#[derive(Debug, Default)]
struct Clicks {
    attacks: Vec<Attack>,
    rms_db: Vec<f64>,
}

impl Clicks {
    fn take(&mut self, samples: &[f32], original: &[f32], rate_hz: u32, onset_s: f64) {
        let power = |x: &[f32]| x.iter().map(|&v| f64::from(v) * f64::from(v)).sum::<f64>();
        self.attacks.extend(Envelope::new(samples, rate_hz).attack_of(onset_s));
        self.rms_db.push(decibels(power(samples) / power(original)));
    }

    fn add(&self, system: &mut System, replicates: usize) {
        let mut figure = |key: &str, values: Vec<f64>| {
            let groups: Vec<Vec<f64>> = values.into_iter().map(|value| vec![value]).collect();
            add(system, replicates, key, &groups, median);
        };
        let early = self.attacks.iter().filter_map(|attack| attack.early);
        figure("click_pre_echo_db", early.map(|early| early.before_db).collect());
        figure("click_ms", self.attacks.iter().map(|attack| attack.rise_ms).collect());
        figure("click_rms_db", self.rms_db.clone());
    }
}
