//! Water: bubbles that ring at Minnaert's frequency as they are closed in (van den Doel, Physically based models for
//! liquid sounds, 2005), the rush of many, and vessels that fill.

use super::caption::{captions, grade};
use super::filter::{Pass, brown, burst, pink, white};
use super::rng::Rng;
use super::signal::{Curve, Sound, attack_decay, decay, hump};
use super::{Generator, Scene, Take, generator};

/// The table of this family.
pub(crate) const GENERATORS: &[Generator] = &[
    generator("water-drip", "WATER", Scene::Indoors, water_drip),
    generator("dripping", "WATER", Scene::Indoors, dripping),
    generator("bubbles", "WATER", Scene::Close, bubbles),
    generator("stream", "WATER", Scene::Close, stream),
    generator("tap", "WATER", Scene::Indoors, tap),
    generator("pour-glass", "WATER", Scene::Close, pour_glass),
    generator("splash", "WATER", Scene::Anywhere, splash),
    generator("waves", "WATER", Scene::Close, waves),
    generator("boiling", "WATER", Scene::Close, boiling),
];

/// Minnaert's frequency in hertz of an air bubble of `radius_m` in water at one atmosphere: `3.26 / radius`.
fn minnaert_hz(radius_m: f32) -> f32 {
    3.26 / radius_m
}

/// Decay rate in 1/s by heat and radiation at a frequency (van den Doel, equation 3): `0.13 / r + 0.0072 r^-3/2`.
fn bubble_decay(radius_m: f32) -> f32 {
    0.13 / radius_m + 0.0072 * radius_m.powf(-1.5)
}

/// One bubble; `rise` is how much of its decay rate the frequency gains while it nears the surface, `damping` a
/// factor on the decay: in turbulent water bubbles die sooner than in still water.
fn bubble(radius_m: f32, rise: f32, damping: f32) -> Sound {
    let (hz, rate) = (minnaert_hz(radius_m), damping * bubble_decay(radius_m));
    let seconds = (6.0 / rate).clamp(0.004, 0.25);
    Sound::sine(seconds, |t| hz * (1.0 + rise * rate * t), |t| (-rate * t).exp()).fade(0.0005, 0.002)
}

/// Many bubbles: radii between `small_m` and `large_m`, `rate_hz` per second times the activity.
fn swarm(
    rng: &mut Rng,
    seconds: f32,
    rate_hz: f32,
    radii: (f32, f32),
    activity: impl Fn(f32) -> f32,
) -> Sound {
    let mut out = Sound::silence(seconds);
    let mut at = 0.0;
    while at < seconds {
        let radius = rng.log_range(radii.0, radii.1);
        let (rise, damping) = (rng.range(0.0, 0.05), rng.range(2.0, 5.0));
        // Larger bubbles are louder, and deep ones are not heard.
        let gain = (radius / radii.1).powf(0.8) * rng.unit().powi(2) * activity(at);
        out.mix(at, gain, &bubble(radius, rise, damping));
        at += rng.wait(1.0 / rate_hz);
    }
    out
}

/// The impact of a drop, then the bubble it traps, rising in pitch.
fn drop(rng: &mut Rng, radius_m: f32) -> Sound {
    let mut out = burst(rng, 3500.0, 0.4, 0.012).to_peak(0.25);
    let late = rng.range(0.012, 0.035);
    let (rise, damping) = (rng.range(0.05, 0.1), rng.range(2.0, 3.5));
    out.mix(late, 1.0, &bubble(radius_m, rise, damping));
    if rng.chance(0.35) {
        let second_m = radius_m * rng.range(0.5, 0.8);
        out.mix(late + rng.range(0.03, 0.09), 0.35, &bubble(second_m, 0.1, 1.5));
    }
    out
}

/// A single drop.
fn water_drip(rng: &mut Rng) -> Take {
    let smallness = rng.unit();
    let radius_m = 0.0055 * 0.35f32.powf(smallness);
    rng.vary();
    let own_m = radius_m * rng.range(0.93, 1.07);
    let mut sound = drop(rng, own_m);
    sound.mix(0.18, 0.0, &Sound::silence(0.05));
    let pitch = grade(rng, smallness, &["low", "deep"], &["high pitched", "small"]);
    let templates = ["{pitch} water drip", "single {pitch} water drop", "{pitch} drop falling into water"];
    Take { sound, captions: captions(rng, &templates, &[("pitch", pitch)]) }
}

/// A tap or a cave.
fn dripping(rng: &mut Rng) -> Take {
    let (pace, seconds) = (rng.unit(), rng.range(3.0, 6.5));
    let (gap_s, radius_m) = (1.1 - 0.85 * pace, rng.log_range(0.002, 0.0055));
    rng.vary();
    let mut sound = Sound::silence(0.0);
    let mut at = 0.05;
    while at < seconds {
        let own_m = rng.around(radius_m, 0.35);
        let gain = rng.range(0.6, 1.0);
        sound.mix(at, gain, &drop(rng, own_m));
        at += rng.around(gap_s, 0.25);
    }
    let word = grade(rng, pace, &["slow", "slowly"], &["fast", "quickly"]);
    let templates: &[&str] = match word {
        "slow" | "fast" => &["{pace} water dripping", "{pace} dripping tap", "{pace} water drops"],
        _ => &["water dripping {pace}", "faucet dripping {pace}", "water drops falling {pace}"],
    };
    Take { sound, captions: captions(rng, templates, &[("pace", word)]) }
}

/// Air blown into water.
fn bubbles(rng: &mut Rng) -> Take {
    let (smallness, seconds, busy) = (rng.unit(), rng.range(1.2, 4.0), rng.range(18.0, 55.0));
    let large_m = 0.011 * 0.35f32.powf(smallness);
    rng.vary();
    let activity = Curve::wander(rng, seconds, 0.25, 0.25, 1.0);
    let rush = pink(rng, seconds).band_pass(700.0, 0.4).shape(|t| activity.at(t)).to_rms(0.02);
    let sound = swarm(rng, seconds, busy, (large_m * 0.25, large_m), |t| activity.at(t))
        .to_rms(0.15)
        .plus(1.0, &rush);
    let size = grade(rng, smallness, &["large", "big"], &["small", "little"]);
    let templates = ["{size} bubbles in water", "{size} water bubbles bubbling", "underwater {size} bubbles"];
    Take { sound, captions: captions(rng, &templates, &[("size", size)]) }
}

/// A brook: bubbles over the hiss of foam.
fn stream(rng: &mut Rng) -> Take {
    let (strong, seconds) = (rng.unit(), rng.range(4.0, 7.5));
    rng.vary();
    let sparkle = swarm(rng, seconds, 350.0 + 500.0 * strong, (0.0008, 0.0045), |_| 1.0);
    let gurgle = Curve::wander(rng, seconds, 0.2, 0.0, 1.0);
    let deep = swarm(rng, seconds, 14.0, (0.004, 0.009), |t| gurgle.at(t));
    let foam = pink(rng, seconds).resonances(&[(600.0, 0.5, 0.6), (2200.0, 0.4, 1.0)]);
    let sound =
        sparkle.to_rms(0.2).plus(1.0, &deep.to_rms(0.08)).plus(0.35 + 0.4 * strong, &foam.to_rms(0.3));
    let force = grade(rng, strong, &["gentle", "small"], &["strong", "rushing"]);
    let templates = ["{force} stream flowing", "{force} brook babbling", "water flowing in a {force} creek"];
    Take { sound: sound.fade(0.2, 0.4), captions: captions(rng, &templates, &[("force", force)]) }
}

/// Water from a tap into a sink.
fn tap(rng: &mut Rng) -> Take {
    let (seconds, sink_hz) = (rng.range(2.0, 5.0), rng.log_range(350.0, 700.0));
    let opened = rng.chance(0.5);
    rng.vary();
    let rush = white(rng, seconds).resonances(&[(1400.0, 0.4, 0.8), (4200.0, 0.4, 1.0), (sink_hz, 1.2, 0.6)]);
    let splashes = swarm(rng, seconds, 400.0, (0.0007, 0.003), |_| 1.0);
    let on_s = if opened { 0.35 } else { 0.05 };
    let sound =
        rush.to_rms(0.2).plus(1.0, &splashes.to_rms(0.08)).fade(on_s, if opened { 0.25 } else { 0.1 });
    let templates: &[&str] = if opened {
        &["tap turned on and off", "faucet opened, water runs, closed", "turning on a water tap"]
    } else {
        &["water running from a tap", "running faucet", "tap water running into a sink"]
    };
    Take { sound, captions: captions(rng, &templates[..2], &[]) }
}

/// The air column above the water is a quarter-wave pipe that gets shorter: its pitch rises as the glass fills.
fn pour_glass(rng: &mut Rng) -> Take {
    let (seconds, depth_m, what) =
        (rng.range(1.8, 4.5), rng.range(0.09, 0.2), rng.pick(&["glass", "glass", "cup", "bottle"]));
    let full = rng.range(0.6, 0.85);
    rng.vary();
    let pipe_hz = move |t: f32| 343.0 / (4.0 * depth_m * (1.0 - full * (t / seconds).min(1.0)) + 0.03);
    let glug = Curve::wander(rng, seconds, 0.05, 0.6, 1.0);
    let jet = swarm(rng, seconds, 900.0, (0.0007, 0.004), |_| 1.0).to_rms(0.2);
    let source = jet.clone().plus(2.2, &white(rng, seconds).to_rms(0.2)).shape(|t| glug.at(t));
    let first = source.clone().sweep(Pass::Band, 4.0, pipe_hz);
    let third = source.clone().sweep(Pass::Band, 5.0, move |t| 3.0 * pipe_hz(t));
    let sound = first.to_rms(0.16).plus(1.0, &third.to_rms(0.08)).plus(0.6, &jet).fade(0.03, 0.12);
    let templates =
        ["pouring water into a {what}", "filling a {what} with water", "pouring a drink into a {what}"];
    Take { sound, captions: captions(rng, &templates, &[("what!", what)]) }
}

/// Something falls in: the slap, the cavity that closes, drops that come down again.
fn splash(rng: &mut Rng) -> Take {
    let smallness = rng.unit();
    let large = 1.0 - smallness;
    let seconds = 0.6 + 1.3 * large;
    rng.vary();
    let slap = white(rng, 0.3).shape(|t| attack_decay(t, 0.004, 0.12 + 0.2 * large));
    let slap =
        slap.resonances(&[(350.0 + 500.0 * smallness, 0.5, 1.0), (1800.0, 0.4, 0.8), (5000.0, 0.4, 0.5)]);
    let spray = white(rng, seconds)
        .shape(|t| attack_decay(t, 0.06 + 0.1 * large, seconds * 0.9))
        .band_pass(3800.0, 0.4);
    let plop = bubble(0.006 + 0.016 * large, 0.05, 2.0);
    let drops = swarm(rng, seconds, 130.0, (0.0008, 0.004), |t| hump(t - 0.1, seconds));
    let mut sound = slap.to_peak(0.9).plus(0.6, &spray.to_peak(0.8)).plus(1.0, &drops.to_peak(0.2));
    sound.mix(rng.range(0.05, 0.12), 0.25, &plop);
    let gurgle = swarm(rng, seconds * 0.7, 30.0, (0.003, 0.006 + 0.01 * large), |t| decay(t, seconds));
    sound.mix(0.08, 0.5, &gurgle.to_peak(0.25));
    let size = grade(rng, smallness, &["big", "large"], &["small", "little"]);
    let templates = ["{size} splash", "{size} water splash", "{size} object splashes into water"];
    Take { sound, captions: captions(rng, &templates, &[("size", size)]) }
}

/// Surf: each wave rises, breaks and draws back through the shingle.
fn waves(rng: &mut Rng) -> Take {
    let (strong, seconds) = (rng.unit(), rng.range(6.0, 8.0));
    let period_s = 3.2 + 1.8 * strong;
    rng.vary();
    let shift = rng.range(0.0, 0.6);
    let swell = move |t: f32| {
        let x = ((t + shift * period_s) / period_s).fract();
        if x < 0.35 { (x / 0.35).powi(2) } else { ((1.0 - x) / 0.65).powf(1.6) }
    };
    let bed = brown(rng, seconds).to_rms(0.05 + 0.08 * strong);
    let foam = pink(rng, seconds)
        .sweep(Pass::Low, 0.6, move |t| 500.0 + 6500.0 * swell(t))
        .shape(move |t| 0.1 + swell(t));
    let back = white(rng, seconds).band_pass(5000.0, 0.5).shape(move |t| swell(t + period_s * 0.75).powi(2));
    let sound = foam.to_rms(0.2).plus(1.0, &bed).plus(1.0, &back.to_rms(0.03)).fade(0.3, 0.5);
    let force = grade(rng, strong, &["gentle", "calm"], &["strong", "big"]);
    let templates =
        ["{force} ocean waves", "{force} sea waves on the shore", "{force} waves breaking on a beach"];
    Take { sound, captions: captions(rng, &templates, &[("force", force)]) }
}

/// A pot: bubbles that rise, burst and rumble against the lid.
fn boiling(rng: &mut Rng) -> Take {
    let (seconds, strong) = (rng.range(3.0, 6.0), rng.unit());
    rng.vary();
    let activity = Curve::wander(rng, seconds, 0.12, 0.4, 1.0);
    let rolling = swarm(rng, seconds, 70.0 + 90.0 * strong, (0.003, 0.012), |t| activity.at(t));
    let steam = pink(rng, seconds).band_pass(2500.0, 0.3).to_rms(0.06);
    let rumble = brown(rng, seconds).low_pass(400.0).to_rms(0.04);
    let sound = rolling.to_rms(0.2).plus(1.0, &steam).plus(1.0, &rumble).fade(0.2, 0.3);
    let templates = ["water boiling in a pot", "boiling water", "pot of water boiling and bubbling"];
    Take { sound, captions: captions(rng, &templates, &[]) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::dominant_hz;

    #[test]
    fn a_bubble_of_one_millimetre_rings_at_three_kilohertz() {
        assert!((minnaert_hz(0.001) - 3260.0).abs() < 10.0);
        assert!((dominant_hz(&bubble(0.001, 0.0, 1.0)) - 3260.0).abs() < 120.0);
    }

    #[test]
    fn large_bubbles_ring_lower_and_longer() {
        assert!(minnaert_hz(0.01) < minnaert_hz(0.001));
        assert!(bubble_decay(0.01) < bubble_decay(0.001));
    }
}
