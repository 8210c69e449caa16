//! The waveform of the active take: overview, time ruler and playhead.

use super::theme;
use egui::{Align2, Color32, Mesh, Painter, Pos2, Rect, Shape, StrokeKind, Ui, pos2, vec2};
use std::ops::Range;
use straightshot_protocol::Audio;

/// Bins of an [`Overview`]: more than the widest window has pixel columns at 1x, about one per column at 2x.
const BINS: usize = 2048;
/// Shown instead of the level of digital silence, in dB.
const SILENCE_DB: f32 = -120.0;
/// Height of the time ruler under the wave in points.
const RULER_HEIGHT: f32 = 2.0 * theme::UNIT;
/// Time ruler steps in seconds; the first that leaves [`TICK_DISTANCE`] between two labels is used.
const TICK_STEPS: [f32; 8] = [0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 5.0, 10.0];
/// Smallest distance between two labels of the time ruler in points.
const TICK_DISTANCE: f32 = 72.0;

/// Extremes and energy of a short stretch of a clip.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Bin {
    /// Smallest sample.
    pub(super) min: f32,
    /// Largest sample.
    pub(super) max: f32,
    /// Mean of the squared samples.
    pub(super) power: f32,
}

/// What a clip looks like at any width, measured once when the take is first shown.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Overview {
    /// Equal stretches of the whole clip, [`BINS`] of them unless the clip has fewer samples.
    bins: Vec<Bin>,
    /// Length in seconds.
    pub(super) seconds: f32,
    /// Largest magnitude in dB full scale.
    pub(super) peak_db: f32,
    /// Root mean square of the whole clip in dB full scale.
    pub(super) rms_db: f32,
}

impl Overview {
    /// Measures all channels of `audio` together; about a millisecond per ten seconds of mono.
    pub(super) fn measure(audio: &Audio) -> Self {
        let frames = audio.frames();
        let count = BINS.min(frames);
        let bins: Vec<Bin> =
            (0..count).map(|i| measure_bin(audio, i * frames / count..(i + 1) * frames / count)).collect();
        let peak = bins.iter().fold(0.0, |peak: f32, bin| peak.max(bin.max).max(-bin.min));
        let power = mean(bins.iter().map(|bin| bin.power));
        #[expect(clippy::cast_possible_truncation, reason = "a clip is minutes long at most")]
        let seconds = audio.seconds() as f32;
        Self { bins, seconds, peak_db: to_db(peak), rms_db: to_db(power.sqrt()) }
    }

    /// The part between the fractions `from` and `to` of the clip; at least one bin.
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "both fractions are within 0 ..= 1 and there are 2048 bins at most"
    )]
    fn between(&self, from: f32, to: f32) -> Option<Bin> {
        let count = self.bins.len() as f32;
        let first = ((from.clamp(0.0, 1.0) * count) as usize).min(self.bins.len().checked_sub(1)?);
        let last = ((to.clamp(0.0, 1.0) * count).ceil() as usize).clamp(first + 1, self.bins.len());
        let bins = &self.bins[first..last];
        Some(Bin {
            min: bins.iter().fold(f32::INFINITY, |min, bin| min.min(bin.min)),
            max: bins.iter().fold(f32::NEG_INFINITY, |max, bin| max.max(bin.max)),
            power: mean(bins.iter().map(|bin| bin.power)),
        })
    }
}

fn measure_bin(audio: &Audio, frames: Range<usize>) -> Bin {
    let samples = || audio.channels().flat_map(|channel| &channel[frames.clone()]);
    let start = Bin { min: f32::INFINITY, max: f32::NEG_INFINITY, power: 0.0 };
    let bin = samples().fold(start, |bin, &x| Bin {
        min: bin.min.min(x),
        max: bin.max.max(x),
        power: bin.power + x * x,
    });
    #[expect(clippy::cast_precision_loss, reason = "a bin holds a few hundred samples")]
    let count = samples().count().max(1) as f32;
    Bin { power: bin.power / count, ..bin }
}

fn mean(values: impl ExactSizeIterator<Item = f32>) -> f32 {
    #[expect(clippy::cast_precision_loss, reason = "2048 bins at most")]
    let count = values.len().max(1) as f32;
    values.sum::<f32>() / count
}

/// Level in dB full scale of a linear `gain`, not below [`SILENCE_DB`].
pub(super) fn to_db(gain: f32) -> f32 {
    (20.0 * gain.max(1e-9).log10()).max(SILENCE_DB)
}

/// A level for people: one decimal, a real minus sign, and `−∞` for silence.
pub(super) fn db_text(db: f32) -> String {
    if db <= SILENCE_DB { "−∞ dB".to_owned() } else { format!("{db:.1} dB").replace('-', "−") }
}

/// The dark field the wave lies in.
pub(super) fn paint_well(ui: &Ui, rect: Rect) {
    ui.painter().rect(rect, theme::RADIUS, theme::WELL, theme::outline(theme::LINE), StrokeKind::Inside);
}

/// Draws `overview` into `rect`. `playhead` is the fraction of the clip that sounds now, `hover` the
/// pointer if it is over the wave.
pub(super) fn paint(ui: &Ui, rect: Rect, overview: &Overview, playhead: Option<f32>, hover: Option<Pos2>) {
    paint_well(ui, rect);
    let inner = rect.shrink(1.0);
    let wave =
        Rect::from_min_max(inner.min, inner.max - vec2(0.0, RULER_HEIGHT)).shrink2(vec2(0.0, theme::UNIT));
    let painter = ui.painter_at(inner);
    paint_grid(&painter, wave);
    painter.add(wave_mesh(wave, overview, playhead, ui.pixels_per_point()));
    paint_ruler(&painter, inner, overview.seconds);
    if let Some(at) = hover {
        paint_pointer(&painter, inner, at.x, (at.x - wave.left()) / wave.width() * overview.seconds);
    }
    if let Some(at) = playhead {
        let x = wave.left() + at.clamp(0.0, 1.0) * wave.width();
        painter.vline(x, inner.y_range(), egui::Stroke::new(1.5, theme::TEXT));
    }
}

/// The line under the pointer with the time it stands at.
fn paint_pointer(painter: &Painter, inner: Rect, x: f32, seconds: f32) {
    painter.vline(x, inner.y_range(), theme::outline(theme::TEXT_FAINT));
    let (align, shift) = if x > inner.right() - TICK_DISTANCE {
        (Align2::RIGHT_TOP, vec2(-4.0, 2.0))
    } else {
        (Align2::LEFT_TOP, vec2(4.0, 2.0))
    };
    let at = pos2(x, inner.top()) + shift;
    painter.text(at, align, format!("{seconds:.3} s"), theme::small(), theme::TEXT_DIM);
}

/// Full scale, -6 dB and the centre line.
fn paint_grid(painter: &Painter, wave: Rect) {
    let faint = theme::LINE.gamma_multiply(0.5);
    for level in [-1.0, -0.5, 0.5, 1.0] {
        let y = wave.center().y - level * wave.height() / 2.0;
        painter.hline(wave.x_range(), y, theme::outline(faint));
    }
    painter.hline(wave.x_range(), wave.center().y, theme::outline(theme::LINE));
}

/// One pair of bars per pixel column: the extremes in the quiet accent, the energy in the full one.
fn wave_mesh(wave: Rect, overview: &Overview, playhead: Option<f32>, pixels_per_point: f32) -> Shape {
    let mut mesh = Mesh::default();
    let step = 1.0 / pixels_per_point;
    let (middle, half) = (wave.center().y, wave.height() / 2.0);
    let mut bar = |x: f32, low: f32, high: f32, color: Color32| {
        // A bar is never thinner than a pixel, so that silence is a line and not a gap.
        let top = (middle - high.min(1.0) * half).min(middle - step / 2.0);
        let bottom = (middle - low.max(-1.0) * half).max(middle + step / 2.0);
        mesh.add_colored_rect(Rect::from_min_max(pos2(x, top), pos2(x + step, bottom)), color);
    };
    let mut x = wave.left();
    while x < wave.right() {
        let from = (x - wave.left()) / wave.width();
        if let Some(bin) = overview.between(from, from + step / wave.width()) {
            let played = playhead.is_none_or(|at| from <= at);
            let (outer, core) = if played {
                (theme::ACCENT.gamma_multiply(0.55), theme::ACCENT)
            } else {
                (theme::ACCENT_DEEP, theme::ACCENT.gamma_multiply(0.45))
            };
            bar(x, bin.min, bin.max, outer);
            let rms = bin.power.sqrt();
            bar(x, (-rms).max(bin.min), rms.min(bin.max), core);
        }
        x += step;
    }
    Shape::mesh(mesh)
}

fn paint_ruler(painter: &Painter, inner: Rect, seconds: f32) {
    if seconds <= 0.0 {
        return;
    }
    let points_per_second = inner.width() / seconds;
    let fits = |step: &&f32| **step * points_per_second >= TICK_DISTANCE;
    let step = TICK_STEPS.iter().find(fits).copied().unwrap_or(30.0);
    let decimals = if step < 0.1 { 2 } else { usize::from(step < 1.0) + usize::from(step == 0.25) };
    for index in 0_u16.. {
        let time = f32::from(index) * step;
        let x = inner.left() + time * points_per_second;
        if x > inner.right() - TICK_DISTANCE / 2.0 {
            break;
        }
        painter.vline(x, inner.bottom() - RULER_HEIGHT / 2.0..=inner.bottom(), theme::outline(theme::LINE));
        let text = format!("{time:.decimals$} s");
        let at = pos2(x + 4.0, inner.bottom() - 2.0);
        painter.text(at, Align2::LEFT_BOTTOM, text, theme::small(), theme::TEXT_FAINT);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_scale_sine_measures_minus_three_db_rms() {
        let samples: Vec<f32> = (0..48_000_u16).map(|i| (f32::from(i) * 0.05).sin()).collect();
        let overview = Overview::measure(&Audio::mono(48_000, samples));
        assert!((overview.seconds - 1.0).abs() < 1e-6);
        assert!(overview.peak_db.abs() < 0.05, "{}", overview.peak_db);
        assert!((overview.rms_db + 3.01).abs() < 0.05, "{}", overview.rms_db);
    }

    #[test]
    fn an_impulse_is_seen_at_every_width() {
        let mut samples = vec![0.0; 1_000_000];
        samples[654_321] = -0.75;
        let overview = Overview::measure(&Audio::mono(48_000, samples));
        for columns in [1_u16, 7, 300, 5000] {
            let width = 1.0 / f32::from(columns);
            let lowest = (0..columns)
                .filter_map(|i| overview.between(f32::from(i) * width, f32::from(i + 1) * width))
                .fold(0.0, |low: f32, bin| low.min(bin.min));
            assert!((lowest + 0.75).abs() < 1e-6, "{columns} columns");
        }
    }

    #[test]
    fn clips_shorter_than_the_bins_and_empty_ones_are_measured() {
        assert_eq!(
            Overview::measure(&Audio::mono(4, vec![0.5, -0.25])).between(0.0, 1.0).map(|b| (b.min, b.max)),
            Some((-0.25, 0.5))
        );
        let empty = Overview::measure(&Audio::mono(48_000, vec![]));
        assert_eq!(empty.between(0.0, 1.0), None);
        assert_eq!(db_text(empty.peak_db), "−∞ dB");
    }

    #[test]
    fn levels_are_written_with_a_minus_sign() {
        assert_eq!(db_text(to_db(0.5)), "−6.0 dB");
        assert_eq!(db_text(to_db(1.0)), "0.0 dB");
    }
}
