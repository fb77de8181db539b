//! A graph as SVG: by itself, and inside a page.

use std::fmt::Write as _;

use super::class;
use super::layout::{Area, Arrangement, LINE, Layout, STRIP, kind_lines};
use crate::render::html::{COLOURS, escaped};
use crate::render::signs::Signs;
use crate::render::style::painted;
use crate::report::{Graph, GraphNode, Label, Piece, RowStatus, Text};

/// How it looks. Colours are those of pages; every one of them stands beside a word or a sign that says the same.
pub(in crate::render) const LOOKS: &str = include_str!("looks.css");

/// How far from the corners of a box lines begin and end.
const CORNER: usize = 14;

/// A file that stands alone.
pub fn svg(graph: &Graph) -> String {
    let drawing = Drawing::of(graph, Arrangement::Wide);
    let legend = drawing.legend(graph);
    let style = format!(
        "<style>\n{COLOURS}{LOOKS}.graph {{ background: var(--paper); }}\n{}</style>\n",
        hover(graph.nodes.len())
    );
    let more = if legend.is_empty() { 0 } else { 2 * LINE };
    drawing.document(" xmlns=\"http://www.w3.org/2000/svg\"", &style, more, &legend) + "\n"
}

/// What stands in a page: a drawing for a screen, and one for a phone, of which the looks show one.
pub(in crate::render) fn figure(graph: &Graph) -> String {
    let drawings = [Arrangement::Wide, Arrangement::Narrow].map(|arrangement| {
        let is_wide = arrangement == Arrangement::Wide;
        let style = if is_wide { format!("<style>{}</style>\n", hover(graph.nodes.len())) } else { String::new() };
        Drawing::of(graph, arrangement).document("", &style, 0, "")
    });
    drawings.join("\n")
}

/// Which lines stand out while somebody points at an object: its own.
fn hover(nodes: usize) -> String {
    let own = |n| format!("svg:has(.n.v{n}:hover) .e.v{n}");
    let all: Vec<String> = (0..nodes).map(own).collect();
    if all.is_empty() {
        String::new()
    } else {
        format!("{}{{stroke:var(--cyan);stroke-width:2.5;opacity:1}}\n", all.join(","))
    }
}

struct Drawing {
    layout: Layout,
    class: &'static str,
    body: String,
}

impl Drawing {
    fn of(graph: &Graph, arrangement: Arrangement) -> Self {
        let class = match arrangement {
            Arrangement::Wide => "wide",
            Arrangement::Narrow => "narrow",
        };
        let mut drawing = Self { layout: Layout::of(graph, arrangement), class, body: String::new() };
        drawing.lanes(graph);
        drawing.ties(graph);
        for (place, node) in graph.nodes.iter().enumerate() {
            drawing.node(place, node);
        }
        drawing
    }

    /// The drawing, `more` higher than what stands in it, for what stands `below`.
    fn document(&self, attributes: &str, style: &str, more: usize, below: &str) -> String {
        let Self { layout: Layout { width, height, .. }, class, body } = self;
        // What stands out of boxes at the right is seen too.
        let (width, height) = (width + 8, height + more);
        format!(
            "<svg{attributes} class=\"graph {class}\" role=\"img\" aria-label=\"objects and what they need\" viewBox=\"0 0 {width} \
             {height}\" width=\"{width}\" height=\"{height}\">\n{style}<defs><marker id=\"a-{class}\" viewBox=\"0 0 8 8\" \
             refX=\"8\" refY=\"4\" markerWidth=\"7\" markerHeight=\"7\" markerUnits=\"userSpaceOnUse\" orient=\"auto\"><path class=\"a\" d=\"M0 0L8 4L0 8z\"/>\
             </marker></defs>\n{body}{below}</svg>"
        )
    }

    fn lanes(&mut self, graph: &Graph) {
        for (name, Area { x, y, width, height }) in &self.layout.lanes {
            let name = name.map_or_else(|| "several zones".to_owned(), |lane| painted(&graph.lanes[lane], false));
            let (name, right, below) = (escaped(&name), x + 12, y + 20);
            let _ = writeln!(
                self.body,
                "<rect class=\"l\" x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\" rx=\"8\"/>\
                 <text class=\"z\" x=\"{right}\" y=\"{below}\">{name}</text>"
            );
        }
    }

    fn node(&mut self, place: usize, node: &GraphNode) {
        let Area { x, y, width, height } = self.layout.boxes[place];
        let critical = if node.turns.is_empty() { "" } else { " c" };
        let is_quiet = node.status == Some(RowStatus::Update) && node.risk.is_empty();
        let quiet = if is_quiet { " quiet" } else { "" };
        let (address, told) = (node.address.to_string(), painted(&node.told, false));
        let told = if told.is_empty() { String::new() } else { format!(": {told}") };
        // Within the border.
        let (strip, side, inner) = (STRIP - 5, height - 10, height - 2);
        let _ = write!(
            self.body,
            "<g class=\"n v{place} {}{quiet}{critical}\" transform=\"translate({x} {y})\"><title>{}</title>\
             <rect class=\"b\" width=\"{width}\" height=\"{height}\" rx=\"5\"/>\
             <path class=\"s\" d=\"M{STRIP} 1v{inner}h-{strip}a4 4 0 0 1-4-4v-{side}a4 4 0 0 1 4-4z\"/>",
            class(node.status),
            escaped(&format!("{address}{told}")),
        );
        if let Some(status) = node.status {
            let _ = write!(
                self.body,
                "<text class=\"g\" x=\"{}\" y=\"{}\">{}</text>",
                STRIP / 2,
                height / 2 + 4,
                Signs::of(true).status(status)
            );
        }
        let kind = kind_lines(node.address.kind.as_str(), width);
        let risk = Some(painted(&node.risk, false)).filter(|risk| !risk.is_empty());
        let lines = kind.iter().map(|line| ("k", line)).chain(self.layout.names[place].iter().map(|line| ("m", line)));
        let lines = lines.chain(risk.iter().map(|line| (tone(&node.risk), line)));
        for (n, (class, line)) in lines.enumerate() {
            let (left, base) = (STRIP + 5, 15 + n * LINE);
            let _ = write!(self.body, "<text class=\"{class}\" x=\"{left}\" y=\"{base}\">{}</text>", escaped(line));
        }
        if !node.turns.is_empty() {
            let turns: Vec<String> = node.turns.iter().map(ToString::to_string).collect();
            let turns = turns.join(", ");
            let pill = 12 + 7 * turns.chars().count();
            let left = width + 6 - pill;
            let _ = write!(
                self.body,
                "<rect class=\"p\" x=\"{left}\" y=\"-9\" width=\"{pill}\" height=\"18\" rx=\"9\"/>\
                 <text class=\"u\" x=\"{}\" y=\"4\">{turns}</text>",
                left + pill / 2
            );
        }
        self.body.push_str("</g>\n");
    }

    /// Lines from each object to what it needs.
    fn ties(&mut self, graph: &Graph) {
        let ends: Vec<[End; 2]> = graph.ties.iter().map(|tie| self.ends(tie.from, tie.to)).collect();
        let mut ports: Vec<(usize, Side, usize, usize)> = Vec::new();
        for (n, [from, to]) in ends.iter().enumerate() {
            ports.push((from.node, from.side, self.middle(to.node), 2 * n));
            ports.push((to.node, to.side, self.middle(from.node), 2 * n + 1));
        }
        ports.sort_unstable();
        let mut at: Vec<(i64, i64)> = vec![(0, 0); ports.len()];
        for same in ports.chunk_by(|one, other| (one.0, one.1) == (other.0, other.1)) {
            for (n, (node, side, _, end)) in same.iter().enumerate() {
                at[*end] = self.port(*node, *side, n, same.len());
            }
        }
        let ties = graph.ties.iter().zip(self.layout.implied.clone());
        for (((tie, implied), [from, to]), pair) in ties.zip(&ends).zip(at.chunks(2)) {
            let ((x1, y1), (x2, y2)) = (pair[0], pair[1]);
            let reach = match from.side {
                Side::Top | Side::Bottom => (y1 - y2).abs(),
                Side::Left | Side::Right => (x1 - x2).abs(),
            };
            let reach = (reach / 2).clamp(16, 80);
            let ((dx1, dy1), (dx2, dy2)) = (from.side.out(reach), to.side.out(reach));
            let critical = match (tie.is_critical, implied) {
                (true, _) => " c",
                (false, true) => " i",
                (false, false) => "",
            };
            let kind = if tie.why.is_some() { " w" } else { "" };
            let why = tie.why.as_ref().map(|why| escaped(&painted(why, false))).filter(|why| !why.is_empty());
            let end = why.map_or_else(|| "/>".to_owned(), |why| format!("><title>{why}</title></path>"));
            let _ = writeln!(
                self.body,
                "<path class=\"e v{} v{}{critical}{kind}\" d=\"M{x1} {y1}C{} {} {} {} {x2} {y2}\"{end}",
                tie.from,
                tie.to,
                x1 + dx1,
                y1 + dy1,
                x2 + dx2,
                y2 + dy2
            );
        }
    }

    /// On which side a line from one box to another begins and ends.
    fn ends(&self, from: usize, to: usize) -> [End; 2] {
        let (one, other) = (self.layout.boxes[from], self.layout.boxes[to]);
        let sides = if other.y + other.height <= one.y {
            [Side::Top, Side::Bottom]
        } else if one.y + one.height <= other.y {
            [Side::Bottom, Side::Top]
        } else if other.x < one.x {
            [Side::Left, Side::Right]
        } else {
            [Side::Right, Side::Left]
        };
        [End { node: from, side: sides[0] }, End { node: to, side: sides[1] }]
    }

    fn middle(&self, node: usize) -> usize {
        let Area { x, width, .. } = self.layout.boxes[node];
        x + width / 2
    }

    /// The `n`th of several places on a side of a box.
    fn port(&self, node: usize, side: Side, n: usize, of: usize) -> (i64, i64) {
        let Area { x, y, width, height } = self.layout.boxes[node];
        let part = |length: usize, corner: usize| corner + (length - 2 * corner) * (2 * n + 1) / (2 * of);
        let (x, y) = match side {
            Side::Top => (x + part(width, CORNER), y),
            Side::Bottom => (x + part(width, CORNER), y + height),
            Side::Left => (x, y + part(height, CORNER / 2)),
            Side::Right => (x + width, y + part(height, CORNER / 2)),
        };
        let whole = |number: usize| i64::try_from(number).unwrap_or(i64::MAX);
        (whole(x), whole(y))
    }

    /// The signs that stand in the drawing, and their words.
    fn legend(&self, graph: &Graph) -> String {
        let told: Vec<String> = legend(graph)
            .into_iter()
            .map(|(status, words)| format!("{} {words}", Signs::of(true).status(status)))
            .collect();
        if told.is_empty() {
            return String::new();
        }
        format!("<text class=\"z\" x=\"0\" y=\"{}\">{}</text>\n", self.layout.height + LINE + 4, told.join(" \u{b7} "))
    }
}

/// The look of a risk: that of its first word.
fn tone(risk: &Text) -> &'static str {
    match risk.pieces().first() {
        Some(Piece::Words(Label::Error, _)) => "r",
        Some(_) | None => "y",
    }
}

/// What becomes of the objects of a drawing, each once.
pub(in crate::render) fn legend(graph: &Graph) -> Vec<(RowStatus, &'static str)> {
    let all = [
        (RowStatus::Create, "created"),
        (RowStatus::Update, "updated in place"),
        (RowStatus::ReplaceCreateFirst, "replaced, the new one first"),
        (RowStatus::ReplaceDeleteFirst, "replaced, the old one goes first"),
        (RowStatus::Delete, "deleted"),
        (RowStatus::Forget, "only its record goes"),
    ];
    all.into_iter().filter(|(status, _)| graph.nodes.iter().any(|node| node.status == Some(*status))).collect()
}

#[derive(Clone, Copy, Debug)]
struct End {
    node: usize,
    side: Side,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Side {
    Top,
    Bottom,
    Left,
    Right,
}

impl Side {
    /// So far away from the box.
    const fn out(self, reach: i64) -> (i64, i64) {
        match self {
            Self::Top => (0, -reach),
            Self::Bottom => (0, reach),
            Self::Left => (-reach, 0),
            Self::Right => (reach, 0),
        }
    }
}
