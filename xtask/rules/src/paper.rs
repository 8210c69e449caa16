//! Sheets that buckle and fibres that tear: paper, bags, cloth, leaves, tape, cards.

use super::caption::{captions, grade};
use super::filter::{Pass, burst, impulses, white};
use super::rng::Rng;
use super::signal::{Curve, Sound, hump};
use super::{Generator, Scene, Take, generator};

/// The table of this family.
pub(crate) const GENERATORS: &[Generator] = &[
    generator("paper-rustle", "PAPER", Scene::Close, paper_rustle),
    generator("paper-tear", "PAPER", Scene::Close, paper_tear),
    generator("page-turn", "PAPER", Scene::Close, page_turn),
    generator("paper-crumple", "PAPER", Scene::Close, paper_crumple),
    generator("plastic-bag", "FOLEY", Scene::Close, plastic_bag),
    generator("leaves-rustle", "VEGETATION", Scene::Close, leaves_rustle),
    generator("cloth", "CLOTH", Scene::Close, cloth),
    generator("tape-pull", "FOLEY", Scene::Close, tape_pull),
    generator("card-shuffle", "FOLEY", Scene::Close, card_shuffle),
    generator("writing", "PAPER", Scene::Close, writing),
];

/// Buckles of a sheet: clicks with energies that follow a power law (Kramer and Lobkovsky, 1996), each with a short
/// ring of its facet between two frequencies.
fn buckles(
    rng: &mut Rng,
    seconds: f32,
    rate_hz: f32,
    hz: (f32, f32),
    activity: impl Fn(f32) -> f32,
) -> Sound {
    let mut out = Sound::silence(seconds);
    let mut at = rng.wait(1.0 / rate_hz);
    while at < seconds {
        let level = activity(at);
        if rng.chance(level.clamp(0.02, 1.0)) {
            let own_hz = rng.log_range(hz.0, hz.1);
            let gain = rng.unit().max(0.02).powf(1.6);
            let facet = burst(rng, own_hz, 0.7, 0.006 + 0.012 * gain).fade(0.0008, 0.003);
            out.mix(at, gain * (0.2 + 0.8 * level), &facet);
        }
        at += rng.wait(1.0 / rate_hz);
    }
    out.samples.truncate(super::signal::samples_in(seconds));
    out
}

/// A sheet that is handled.
fn paper_rustle(rng: &mut Rng) -> Take {
    let seconds = rng.range(0.8, 3.0);
    rng.vary();
    let moves = Curve::wander(rng, seconds, 0.18, 0.05, 1.0);
    let sheet = buckles(rng, seconds, 900.0, (1500.0, 7500.0), |t| moves.at(t).powi(2));
    let rub = white(rng, seconds).band_pass(4200.0, 0.5).shape(|t| moves.at(t).powi(3)).to_rms(0.09);
    let templates = ["paper rustling", "handling a sheet of paper", "rustling papers"];
    Take { sound: sheet.plus(1.0, &rub).fade(0.02, 0.05), captions: captions(rng, &templates, &[]) }
}

/// Fibres that break one after the other, thousands per second.
fn paper_tear(rng: &mut Rng) -> Take {
    let (speed, times) = (rng.unit(), rng.count(1, 3));
    let tear_s = 1.3 - 1.0 * speed;
    rng.vary();
    let mut sound = Sound::silence(0.0);
    for k in 0..times {
        let length = rng.around(tear_s, 0.15);
        let pull = Curve::wander(rng, length, 0.05, 0.5, 1.0);
        let fibres = impulses(rng, length, |t| {
            (2500.0 + 4600.0 * speed) * pull.at(t) * hump(t, length * 1.1).max(0.1)
        });
        let rise = |t: f32| 2600.0 + 1800.0 * t / length;
        let hiss = white(rng, length).shape(|t| pull.at(t) * hump(t, length * 1.1)).band_pass(4200.0, 0.5);
        let tear = fibres.clone().sweep(Pass::Band, 0.6, rise).plus(0.7, &fibres.band_pass(6800.0, 0.6));
        sound.mix(
            k as f32 * (tear_s * 1.2 + 0.25),
            rng.range(0.8, 1.0),
            &tear.to_rms(0.15).plus(1.0, &hiss.to_rms(0.12)).fade(0.01, 0.02),
        );
    }
    let pace = grade(rng, speed, &["slowly"], &["quickly"]);
    let templates = ["paper tearing {pace}", "ripping paper {pace}", "tearing a sheet of paper {pace}"];
    Take { sound, captions: captions(rng, &templates, &[("pace", pace)]) }
}

/// The page lifts, swings over and lands.
fn page_turn(rng: &mut Rng) -> Take {
    let (seconds, pages) = (rng.range(0.35, 0.7), rng.count(1, 3));
    rng.vary();
    let mut sound = Sound::silence(0.0);
    for k in 0..pages {
        let swing = white(rng, seconds).sweep(Pass::Band, 0.7, |t| 1800.0 + 3200.0 * hump(t, seconds));
        let mut page = swing.shape(|t| 0.3 * hump(t, seconds).powf(1.5));
        page.mix(0.0, 0.5, &buckles(rng, seconds, 180.0, (2000.0, 7000.0), |t| hump(t, seconds)));
        page.mix(seconds * 0.85, 0.35, &burst(rng, 900.0, 0.5, 0.06));
        sound.mix(k as f32 * rng.range(0.9, 1.1), rng.range(0.8, 1.0), &page);
    }
    let templates: &[&str] = if pages == 1 {
        &["page turn", "turning a page of a book", "single page flip"]
    } else {
        &["turning pages of a book", "flipping through pages", "pages turning"]
    };
    Take { sound, captions: captions(rng, templates, &[]) }
}

/// A sheet is pressed into a ball.
fn paper_crumple(rng: &mut Rng) -> Take {
    let seconds = rng.range(0.9, 2.4);
    rng.vary();
    let squeeze = Curve::wander(rng, seconds, 0.14, 0.15, 1.0);
    let sound = buckles(rng, seconds, 1600.0, (900.0, 6500.0), |t| squeeze.at(t)).fade(0.02, 0.08);
    let templates = ["crumpling paper", "paper crumpled into a ball", "scrunching up paper"];
    Take { sound, captions: captions(rng, &templates, &[]) }
}

/// A thin film: brighter and denser than paper.
fn plastic_bag(rng: &mut Rng) -> Take {
    let (foil, seconds) = (rng.chance(0.4), rng.range(0.8, 3.0));
    rng.vary();
    let squeeze = Curve::wander(rng, seconds, 0.12, 0.1, 1.0);
    let hz = if foil { (3000.0, 12_000.0) } else { (1800.0, 8500.0) };
    let film = buckles(rng, seconds, if foil { 1100.0 } else { 2200.0 }, hz, |t| squeeze.at(t));
    let rub = white(rng, seconds).band_pass(5500.0, 0.5).shape(|t| squeeze.at(t).powi(2)).to_rms(0.06);
    let templates: &[&str] = if foil {
        &["crinkling a chip bag", "foil wrapper crinkling", "crisp packet rustling"]
    } else {
        &["plastic bag rustling", "crumpling a plastic bag", "handling a plastic bag"]
    };
    Take { sound: film.plus(1.0, &rub).fade(0.02, 0.08), captions: captions(rng, templates, &[]) }
}

/// Twigs and leaves that are brushed.
fn leaves_rustle(rng: &mut Rng) -> Take {
    let (dry, seconds) = (rng.unit(), rng.range(1.5, 4.5));
    rng.vary();
    let moves = Curve::wander(rng, seconds, 0.3, 0.1, 1.0);
    let brush = white(rng, seconds).band_pass(4800.0, 0.45).shape(|t| moves.at(t).powi(2)).to_rms(0.06);
    let snaps = buckles(rng, seconds, 300.0 + 500.0 * dry, (2200.0, 9000.0), |t| moves.at(t).powi(2));
    let sound = brush.plus(0.15 + 0.6 * dry, &snaps).fade(0.05, 0.15);
    let how = grade(rng, dry, &["green"], &["dry"]);
    let templates =
        ["{how} leaves rustling", "rustling through {how} leaves", "rustle of {how} leaves in a bush"];
    Take { sound, captions: captions(rng, &templates[..2], &[("how", how)]) }
}

/// Fabric on fabric.
fn cloth(rng: &mut Rng) -> Take {
    let (moves, nylon) = (rng.count(1, 5), rng.chance(0.35));
    let hz = if nylon { 4200.0 } else { 1500.0 };
    rng.vary();
    let mut sound = Sound::silence(0.0);
    for k in 0..moves {
        let length = rng.range(0.2, 0.5);
        let rub = white(rng, length).sweep(Pass::Band, 0.5, |t| hz * (0.7 + 0.6 * hump(t, length)));
        sound.mix(
            k as f32 * rng.range(0.35, 0.6),
            rng.range(0.6, 1.0),
            &rub.shape(|t| hump(t, length).powf(1.5)),
        );
    }
    let templates: &[&str] = if nylon {
        &["nylon jacket rustling", "rain jacket movement", "synthetic fabric rustle"]
    } else {
        &["cloth rustling", "clothes movement", "fabric rubbing"]
    };
    Take { sound, captions: captions(rng, templates, &[]) }
}

/// Glue that lets go in small jerks.
fn tape_pull(rng: &mut Rng) -> Take {
    let (speed, seconds) = (rng.unit(), rng.range(0.5, 1.6));
    rng.vary();
    let jerk = Curve::wander(rng, seconds, 0.03, 0.5, 1.0);
    let glue = impulses(rng, seconds, |t| (700.0 + 2200.0 * speed) * jerk.at(t));
    let sound =
        glue.resonances(&[(1300.0, 1.2, 1.0), (3000.0, 1.0, 1.0), (6500.0, 0.7, 0.8)]).shape(|t| jerk.at(t));
    let pace = grade(rng, speed, &["slowly"], &["quickly"]);
    let templates =
        ["pulling tape off a roll {pace}", "adhesive tape peeled {pace}", "duct tape ripped {pace}"];
    Take { sound: sound.fade(0.01, 0.03), captions: captions(rng, &templates, &[("pace", pace)]) }
}

/// Cards that fall on each other, fifty and more per second.
fn card_shuffle(rng: &mut Rng) -> Take {
    let (riffles, cards) = (rng.count(1, 3), rng.count(20, 40));
    rng.vary();
    let mut sound = Sound::silence(0.0);
    let mut at = 0.0;
    for _ in 0..riffles {
        for k in 0..cards {
            let hz = rng.range(1800.0, 3200.0);
            sound.mix(at, rng.range(0.35, 0.8), &burst(rng, hz, 0.7, 0.014));
            at += rng.around(0.018 - 0.006 * hump(k as f32, cards as f32), 0.3);
        }
        at += rng.range(0.25, 0.5);
    }
    let templates = ["shuffling cards", "deck of cards shuffled", "playing cards riffle shuffle"];
    Take { sound, captions: captions(rng, &templates, &[]) }
}

/// A pencil on paper: strokes of rough noise.
fn writing(rng: &mut Rng) -> Take {
    let (strokes, speed) = (rng.count(6, 22), rng.unit());
    let gap_s = 0.24 - 0.12 * speed;
    rng.vary();
    let mut sound = Sound::silence(0.0);
    for k in 0..strokes {
        let length = gap_s * rng.range(0.5, 0.95);
        let hz = rng.range(2600.0, 4600.0);
        let line = white(rng, length).sweep(Pass::Band, 0.8, |t| hz * (0.8 + 0.4 * hump(t, length)));
        let grain = impulses(rng, length, |_| 700.0).high_pass(1500.0);
        let line = line.to_rms(0.1).plus(0.6, &grain).shape(|t| hump(t, length));
        sound.mix(k as f32 * gap_s + 0.02 * rng.unit(), rng.range(0.5, 1.0), &line);
        sound.mix(k as f32 * gap_s, 0.08, &burst(rng, 500.0, 0.7, 0.02));
    }
    let pace = grade(rng, speed, &["slow"], &["fast"]);
    let templates =
        ["{pace} writing with a pencil", "pencil scribbling on paper", "{pace} handwriting on paper"];
    Take { sound, captions: captions(rng, &templates, &[("pace", pace)]) }
}
