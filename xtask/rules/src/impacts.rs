//! Blows on wood, metal, glass, ceramic, plastic and stone, single, repeated or of something that is dropped.

use super::caption::{captions, grade, size};
use super::filter::burst;
use super::modal::{Material, Mode, bounces, hit, plate, strike};
use super::rng::Rng;
use super::signal::Sound;
use super::{Generator, Scene, Take, generator};

/// The table of this family.
pub(crate) const GENERATORS: &[Generator] = &[
    generator("wood-hit", "WOOD", Scene::Anywhere, wood_hit),
    generator("wood-drop", "WOOD", Scene::Indoors, wood_drop),
    generator("metal-hit", "METAL", Scene::Anywhere, metal_hit),
    generator("metal-clang", "METAL", Scene::Anywhere, metal_clang),
    generator("metal-drop", "METAL", Scene::Indoors, metal_drop),
    generator("glass-clink", "GLASS", Scene::Indoors, glass_clink),
    generator("ceramic-hit", "IMPACTS", Scene::Indoors, ceramic_hit),
    generator("plastic-hit", "IMPACTS", Scene::Indoors, plastic_hit),
    generator("plastic-drop", "IMPACTS", Scene::Indoors, plastic_drop),
    generator("stone-hit", "ROCKS", Scene::Anywhere, stone_hit),
    generator("ball-bounce", "IMPACTS", Scene::Anywhere, ball_bounce),
    generator("thud", "IMPACTS", Scene::Indoors, thud),
];

/// What the impact generators have in common: a body, how hard and how often it is struck.
struct Blows {
    material: Material,
    /// 0 is large, 1 is small.
    smallness: f32,
    /// 0 is soft, 1 is hard.
    hardness: f32,
    times: usize,
    /// Extra damping in 1/s.
    held: f32,
}

impl Blows {
    /// Draws a design; `held` is the range of extra damping.
    fn draw(rng: &mut Rng, material: Material, held: (f32, f32)) -> Self {
        let times = if rng.chance(0.7) { 1 } else { rng.count(2, 4) };
        Self {
            material,
            smallness: rng.unit(),
            hardness: rng.unit(),
            times,
            held: rng.log_range(held.0, held.1),
        }
    }

    /// The modes of the body for one variation.
    fn modes(&self, rng: &mut Rng) -> Vec<Mode> {
        plate(rng, self.material, self.material.fundamental_hz(self.smallness), 40, self.held)
    }

    /// Contact time: up to eight times longer for the softest blow.
    fn contact_ms(&self) -> f32 {
        self.material.contact_ms() * 8f32.powf(1.0 - self.hardness)
    }

    /// The blows, each at its own point of the body.
    fn render(&self, rng: &mut Rng, gap_s: f32) -> Sound {
        let mut out = Sound::silence(0.0);
        for k in 0..self.times {
            let (modes, contact_ms) = (self.modes(rng), rng.around(self.contact_ms(), 0.2));
            let mut hit = hit(rng, self.material, &modes, contact_ms);
            let click = burst(rng, self.material.fundamental_hz(1.0) * 1.5, 0.8, 0.012);
            hit.mix(0.0, 0.1 + 0.3 * self.hardness, &click);
            out.mix(k as f32 * rng.around(gap_s, 0.12), rng.range(0.7, 1.0), &hit);
        }
        out
    }

    /// The words of the design.
    fn words(&self, rng: &mut Rng) -> [(&'static str, &'static str); 3] {
        let times = match self.times {
            1 => "",
            2 => "twice",
            3 => "three times",
            _ => "several times",
        };
        let hardness = grade(rng, self.hardness, &["soft", "gentle"], &["hard", "sharp"]);
        [("size", size(rng, self.smallness)), ("hardness", hardness), ("times!", times)]
    }

    /// Renders and describes.
    fn take(&self, rng: &mut Rng, gap_s: f32, templates: &[&str]) -> Take {
        rng.vary();
        let words = self.words(rng);
        Take { sound: self.render(rng, gap_s), captions: captions(rng, templates, &words) }
    }
}

/// A board, box or log that is struck.
fn wood_hit(rng: &mut Rng) -> Take {
    let blows = Blows::draw(rng, Material::Wood, (20.0, 60.0));
    let gap_s = rng.range(0.25, 0.6);
    let templates = [
        "{hardness} hit on {size} wood {times}",
        "{size} wooden board struck {times}",
        "{hardness} wood hit {times}",
    ];
    blows.take(rng, gap_s, &templates)
}

/// A short blow on a damped metal body.
fn metal_hit(rng: &mut Rng) -> Take {
    let blows = Blows::draw(rng, Material::Metal, (12.0, 40.0));
    let gap_s = rng.range(0.25, 0.7);
    let templates =
        ["{hardness} metal hit {times}", "hit on {size} metal object {times}", "{size} metal impact {times}"];
    blows.take(rng, gap_s, &templates)
}

/// A free metal body that rings.
fn metal_clang(rng: &mut Rng) -> Take {
    let mut blows = Blows::draw(rng, Material::Metal, (1.2, 4.0));
    blows.hardness = blows.hardness.max(0.5);
    let gap_s = rng.range(0.5, 1.0);
    let templates: &[&str] = if blows.smallness > 0.6 {
        &["{size} metal ping {times}", "metallic ping ringing {times}", "{size} metal clink {times}"]
    } else {
        &["{size} metal clang {times}", "metal pipe clanging {times}", "loud metallic clang {times}"]
    };
    blows.take(rng, gap_s, templates)
}

/// Two glasses, or a spoon on a glass.
fn glass_clink(rng: &mut Rng) -> Take {
    let mut blows = Blows::draw(rng, Material::Glass, (4.0, 12.0));
    blows.hardness = blows.hardness.max(0.4);
    let gap_s = rng.range(0.2, 0.5);
    let templates = [
        "{size} glass clink {times}",
        "glasses clinking {times}",
        "tapping a {size} glass {times}",
        "glass ding {times}",
    ];
    blows.take(rng, gap_s, &templates)
}

/// A cup, plate or tile.
fn ceramic_hit(rng: &mut Rng) -> Take {
    let blows = Blows::draw(rng, Material::Ceramic, (15.0, 40.0));
    let gap_s = rng.range(0.2, 0.5);
    let templates = [
        "{hardness} hit on {size} ceramic {times}",
        "{size} ceramic cup tapped {times}",
        "porcelain clink {times}",
    ];
    blows.take(rng, gap_s, &templates)
}

/// A box or bottle.
fn plastic_hit(rng: &mut Rng) -> Take {
    let blows = Blows::draw(rng, Material::Plastic, (20.0, 70.0));
    let gap_s = rng.range(0.2, 0.5);
    let templates = [
        "{hardness} hit on {size} plastic {times}",
        "{size} plastic box tapped {times}",
        "plastic knock {times}",
    ];
    blows.take(rng, gap_s, &templates)
}

/// Stones that meet.
fn stone_hit(rng: &mut Rng) -> Take {
    let blows = Blows::draw(rng, Material::Stone, (30.0, 100.0));
    let gap_s = rng.range(0.25, 0.6);
    let templates = [
        "{size} stones hit together {times}",
        "{hardness} rock impact {times}",
        "{size} rock hits stone {times}",
    ];
    blows.take(rng, gap_s, &templates)
}

/// Something that falls, bounces and comes to rest.
fn dropped(rng: &mut Rng, material: Material, held: (f32, f32), templates: &[&str]) -> Take {
    let blows = Blows { times: 1, ..Blows::draw(rng, material, held) };
    let (gap_s, restitution) = (rng.range(0.16, 0.36), rng.range(0.45, 0.68));
    rng.vary();
    let mut out = Sound::silence(0.0);
    for (at, strength) in bounces(rng, gap_s, restitution) {
        let modes = blows.modes(rng);
        out.mix(at, strength, &hit(rng, material, &modes, blows.contact_ms()));
        out.mix(at, 0.2 * strength, &burst(rng, 1500.0, 0.6, 0.02));
    }
    let size = size(rng, blows.smallness);
    Take { sound: out, captions: captions(rng, templates, &[("size", size)]) }
}

/// A stick or block on the floor.
fn wood_drop(rng: &mut Rng) -> Take {
    let templates =
        ["{size} wooden block dropped", "{size} wood falls and bounces", "dropping a {size} stick"];
    dropped(rng, Material::Wood, (20.0, 50.0), &templates)
}

/// A tool or pan on the floor.
fn metal_drop(rng: &mut Rng) -> Take {
    let templates = [
        "{size} metal object dropped",
        "{size} metal falls and bounces",
        "dropping a {size} metal bar on the floor",
    ];
    dropped(rng, Material::Metal, (4.0, 14.0), &templates)
}

/// A bottle or toy on the floor.
fn plastic_drop(rng: &mut Rng) -> Take {
    let templates =
        ["{size} plastic object dropped", "{size} plastic falls and bounces", "dropping a plastic cup"];
    dropped(rng, Material::Plastic, (20.0, 50.0), &templates)
}

/// A ball: the contact excites the air inside and the floor, each bounce lower than the last.
fn ball_bounce(rng: &mut Rng) -> Take {
    let (smallness, hollow_hz) = (rng.unit(), rng.range(0.9, 1.1));
    let hz = 85.0 * 4f32.powf(smallness) * hollow_hz;
    let (gap_s, restitution) = (rng.range(0.45, 0.75), rng.range(0.7, 0.85));
    rng.vary();
    let mut out = Sound::silence(0.0);
    for (at, strength) in bounces(rng, gap_s, restitution).into_iter().take_while(|bounce| bounce.0 < 4.5) {
        let modes = [
            Mode { hz, t60_s: 0.12, gain: 1.0 },
            Mode { hz: hz * 2.3, t60_s: 0.09, gain: 0.5 },
            Mode { hz: hz * 9.0, t60_s: 0.1, gain: 0.25 },
        ];
        out.mix(at, strength, &strike(&modes, 3.0));
        out.mix(at, 0.25 * strength, &burst(rng, 900.0, 0.7, 0.04));
    }
    let templates =
        ["{size} ball bouncing", "bouncing {size} ball", "{size} basketball bounces on the floor"];
    let size = size(rng, smallness);
    Take { sound: out, captions: captions(rng, &templates, &[("size", size)]) }
}

/// Something heavy and soft.
fn thud(rng: &mut Rng) -> Take {
    let (smallness, t60_s) = (rng.unit(), rng.range(0.15, 0.35));
    let hz = 55.0 * 2.2f32.powf(smallness);
    rng.vary();
    let body = Sound::sine(t60_s, |t| hz * (0.8 + 0.8 * (-t * 40.0).exp()), |t| (1.0 - t / t60_s).powi(2));
    let dull = burst(rng, 220.0, 0.6, t60_s * 0.8);
    let sound = body.plus(0.8, &dull).plus(0.1, &burst(rng, 1800.0, 0.5, 0.05));
    let weight = grade(rng, smallness, &["heavy"], &["light"]);
    let templates = ["{weight} thud", "{weight} object hits the floor", "dull {weight} thump"];
    Take { sound, captions: captions(rng, &templates, &[("weight", weight)]) }
}
