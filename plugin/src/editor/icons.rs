//! Icons drawn with the painter: crisp at every scale, and no icon font has to be shipped.

use super::theme;
use egui::{Color32, Painter, Pos2, Rect, Shape, Stroke, StrokeKind, Vec2, pos2, vec2};

/// The pictures the window uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Icon {
    /// Audition.
    Play,
    /// A filled circle: record.
    Record,
    /// A folder: choose a file.
    Folder,
    /// Stop the audition.
    Stop,
    /// New sounds play by themselves.
    PlayReady,
    /// One more.
    Plus,
    /// One less.
    Minus,
    /// Roll a new seed.
    Dice,
    /// The seed stays.
    Locked,
    /// Each generation rolls a new seed.
    Unlocked,
    /// Quick drafts come first.
    Steps,
    /// Delete a take.
    Trash,
    /// Dismiss a message.
    Close,
    /// Put a take's prompt and settings back into the controls.
    Recall,
    /// Take a sound out of the window.
    Outgoing,
    /// A folded section.
    ChevronRight,
    /// An unfolded section or a menu.
    ChevronDown,
    /// The user likes it.
    Starred,
    /// The user can say that he likes it.
    Star,
    /// The user does not want it.
    Reject,
    /// There are notes.
    Note,
    /// Find.
    Search,
    /// What else can be done.
    More,
    /// Play what the pointer is over.
    Listen,
    /// Something went wrong.
    Warning,
    /// For the user's information.
    Info,
    /// What the keys do.
    Help,
}

/// Draws `icon` into `rect` (its shorter side counts) in `color`.
#[expect(clippy::too_many_lines, reason = "a line or some for each icon")]
pub(super) fn paint(painter: &Painter, rect: Rect, icon: Icon, color: Color32) {
    let pen = Pen { painter, center: rect.center(), half: rect.size().min_elem() / 2.0, color };
    match icon {
        Icon::Record => pen.dot(0.0, 0.0, 0.7),
        Icon::Folder => pen.folder(),
        Icon::Play => pen.fill(&[(-0.5, -0.7), (0.75, 0.0), (-0.5, 0.7)]),
        Icon::PlayReady => {
            pen.painter.circle_stroke(pen.center, pen.half, pen.stroke());
            pen.fill(&[(-0.28, -0.45), (0.5, 0.0), (-0.28, 0.45)]);
        }
        Icon::Plus => {
            pen.line(&[(-0.7, 0.0), (0.7, 0.0)]);
            pen.line(&[(0.0, -0.7), (0.0, 0.7)]);
        }
        Icon::Minus => pen.line(&[(-0.7, 0.0), (0.7, 0.0)]),
        Icon::Stop => pen.fill(&[(-0.6, -0.6), (0.6, -0.6), (0.6, 0.6), (-0.6, 0.6)]),
        Icon::Dice => pen.dice(),
        Icon::Locked => pen.lock(0.0),
        Icon::Unlocked => pen.lock(0.55),
        Icon::Steps => pen.steps(),
        Icon::Trash => pen.trash(),
        Icon::Close => {
            pen.line(&[(-0.55, -0.55), (0.55, 0.55)]);
            pen.line(&[(0.55, -0.55), (-0.55, 0.55)]);
        }
        Icon::Recall => pen.recall(),
        Icon::Outgoing => pen.outgoing(),
        Icon::ChevronRight => pen.line(&[(-0.2, -0.5), (0.3, 0.0), (-0.2, 0.5)]),
        Icon::ChevronDown => pen.line(&[(-0.5, -0.2), (0.0, 0.3), (0.5, -0.2)]),
        Icon::Starred => pen.star(true),
        Icon::Star => pen.star(false),
        Icon::Reject => {
            pen.painter.circle_stroke(pen.center, 0.8 * pen.half, pen.stroke());
            pen.line(&[(-0.55, 0.55), (0.55, -0.55)]);
        }
        Icon::Note => {
            pen.frame(pen.center, vec2(1.4, 1.7), 0.15);
            pen.line(&[(-0.35, -0.3), (0.35, -0.3)]);
            pen.line(&[(-0.35, 0.2), (0.35, 0.2)]);
        }
        Icon::Search => {
            pen.painter.circle_stroke(pen.at(-0.2, -0.2), 0.6 * pen.half, pen.stroke());
            pen.line(&[(0.25, 0.25), (0.85, 0.85)]);
        }
        Icon::More => {
            for x in [-0.65, 0.0, 0.65] {
                pen.dot(x, 0.0, 0.17);
            }
        }
        Icon::Listen => pen.headphones(),
        Icon::Warning => {
            pen.line(&[(0.0, -0.8), (0.9, 0.75), (-0.9, 0.75), (0.0, -0.8)]);
            pen.line(&[(0.0, -0.25), (0.0, 0.25)]);
            pen.dot(0.0, 0.5, 0.1);
        }
        Icon::Help => {
            pen.painter.circle_stroke(pen.center, 0.9 * pen.half, pen.stroke());
            pen.line(&[
                (-0.3, -0.25),
                (-0.22, -0.45),
                (0.0, -0.52),
                (0.24, -0.42),
                (0.28, -0.18),
                (0.0, 0.08),
                (0.0, 0.22),
            ]);
            pen.dot(0.0, 0.5, 0.11);
        }
        Icon::Info => {
            pen.painter.circle_stroke(pen.center, 0.85 * pen.half, pen.stroke());
            pen.line(&[(0.0, -0.05), (0.0, 0.45)]);
            pen.dot(0.0, -0.4, 0.11);
        }
    }
}

/// The mark of the product: scattered noise on the left, a straight line to the sound on the right.
pub(super) fn paint_mark(painter: &Painter, rect: Rect) {
    let pen =
        Pen { painter, center: rect.center(), half: rect.size().min_elem() / 2.0, color: theme::ACCENT };
    for (x, y) in [(-0.85, 0.25), (-0.75, 0.75), (-0.4, 0.9), (-0.35, 0.35)] {
        pen.dot(x, y, 0.11);
    }
    pen.painter
        .line_segment([pen.at(-0.6, 0.6), pen.at(0.75, -0.75)], Stroke::new(0.2 * pen.half, pen.color));
    pen.fill(&[(0.95, -0.95), (0.9, -0.2), (0.2, -0.9)]);
}

/// Painter with coordinates in -1 ..= 1 around the centre of the icon.
struct Pen<'a> {
    painter: &'a Painter,
    center: Pos2,
    half: f32,
    color: Color32,
}

impl Pen<'_> {
    fn at(&self, x: f32, y: f32) -> Pos2 {
        self.center + vec2(x, y) * self.half
    }

    fn points(&self, points: &[(f32, f32)]) -> Vec<Pos2> {
        points.iter().map(|&(x, y)| self.at(x, y)).collect()
    }

    fn stroke(&self) -> Stroke {
        Stroke::new((0.17 * self.half).max(1.25), self.color)
    }

    fn line(&self, points: &[(f32, f32)]) {
        self.painter.add(Shape::line(self.points(points), self.stroke()));
    }

    fn fill(&self, points: &[(f32, f32)]) {
        self.painter.add(Shape::convex_polygon(self.points(points), self.color, Stroke::NONE));
    }

    fn dot(&self, x: f32, y: f32, radius: f32) {
        self.painter.circle_filled(self.at(x, y), (radius * self.half).max(0.75), self.color);
    }

    fn frame(&self, center: Pos2, size: Vec2, radius: f32) {
        let rect = Rect::from_center_size(center, size * self.half);
        self.painter.rect_stroke(rect, radius * self.half, self.stroke(), StrokeKind::Middle);
    }

    fn dice(&self) {
        self.frame(self.center, vec2(1.6, 1.6), 0.35);
        for (x, y) in [(-0.4, -0.4), (0.4, -0.4), (0.0, 0.0), (-0.4, 0.4), (0.4, 0.4)] {
            self.dot(x, y, 0.13);
        }
    }

    /// A padlock; `lift` raises the right end of the shackle out of the body.
    fn lock(&self, lift: f32) {
        let body = Rect::from_center_size(self.at(0.0, 0.4), vec2(1.4, 1.0) * self.half);
        self.painter.rect_filled(body, 0.2 * self.half, self.color);
        let arc = (0..=12_u8).map(|i| {
            let angle = std::f32::consts::PI * (1.0 + f32::from(i) / 12.0);
            self.at(0.42 * angle.cos(), -0.35 - 0.5 * lift + 0.42 * angle.sin())
        });
        let mut shackle = vec![self.at(-0.42, 0.0)];
        shackle.extend(arc);
        if lift == 0.0 {
            shackle.push(self.at(0.42, 0.0));
        }
        self.painter.add(Shape::line(shackle, self.stroke()));
    }

    fn star(&self, filled: bool) {
        let points: Vec<Pos2> = (0..10_u8)
            .map(|i| {
                let angle = std::f32::consts::PI * (f32::from(i) / 5.0 - 0.5);
                let radius = if i % 2 == 0 { 0.95 } else { 0.42 };
                self.at(radius * angle.cos(), 0.05 + radius * angle.sin())
            })
            .collect();
        if filled {
            // A star is not convex: five kites around its centre are.
            for tip in (0..10).step_by(2) {
                let kite = vec![self.at(0.0, 0.05), points[(tip + 9) % 10], points[tip], points[tip + 1]];
                self.painter.add(Shape::convex_polygon(kite, self.color, Stroke::NONE));
            }
        } else {
            self.painter.add(Shape::closed_line(points, self.stroke()));
        }
    }

    fn folder(&self) {
        self.line(&[
            (-0.85, -0.6),
            (-0.3, -0.6),
            (-0.05, -0.3),
            (0.85, -0.3),
            (0.85, 0.7),
            (-0.85, 0.7),
            (-0.85, -0.6),
        ]);
    }

    fn headphones(&self) {
        let arc = (0..=12_u8).map(|i| {
            let angle = std::f32::consts::PI * (1.0 + f32::from(i) / 12.0);
            self.at(0.75 * angle.cos(), 0.1 + 0.8 * angle.sin())
        });
        self.painter.add(Shape::line(arc.collect(), self.stroke()));
        for x in [-0.72, 0.42] {
            self.fill(&[(x, 0.05), (x + 0.3, 0.05), (x + 0.3, 0.8), (x, 0.8)]);
        }
    }

    /// Three bars, each higher than the one before.
    fn steps(&self) {
        for (left, top) in [(-0.9, 0.35), (-0.25, -0.2), (0.4, -0.8)] {
            self.fill(&[(left, top), (left + 0.5, top), (left + 0.5, 0.8), (left, 0.8)]);
        }
    }

    fn trash(&self) {
        self.line(&[(-0.75, -0.5), (0.75, -0.5)]);
        self.line(&[(-0.25, -0.5), (-0.25, -0.8), (0.25, -0.8), (0.25, -0.5)]);
        self.line(&[(-0.55, -0.5), (-0.45, 0.8), (0.45, 0.8), (0.55, -0.5)]);
        self.line(&[(0.0, -0.2), (0.0, 0.5)]);
    }

    /// An arrow out of an open box.
    fn outgoing(&self) {
        self.line(&[(0.1, -0.65), (-0.75, -0.65), (-0.75, 0.75), (0.65, 0.75), (0.65, 0.05)]);
        self.line(&[(-0.2, 0.2), (0.75, -0.75)]);
        self.line(&[(0.3, -0.8), (0.8, -0.8), (0.8, -0.3)]);
    }

    /// An arrow that turns back to the left.
    fn recall(&self) {
        let arc = (0..=16_u8).map(|i| {
            let angle = std::f32::consts::PI * (1.15 + 1.6 * f32::from(i) / 16.0);
            self.at(0.7 * angle.cos(), 0.1 + 0.7 * angle.sin())
        });
        self.painter.add(Shape::line(arc.collect(), self.stroke()));
        let tip = pos2(-0.62, -0.22);
        self.fill(&[(tip.x - 0.3, tip.y - 0.4), (tip.x + 0.45, tip.y + 0.05), (tip.x - 0.2, tip.y + 0.35)]);
    }
}
