//! Where objects stand in a drawing: in lanes for the region and its zones, below what they need.
//!
//! The rank of an object is the length of the longest chain of what it needs. Objects of one rank stand beside each other, the
//! higher ranks below. Whatever needs nothing stands as low as those allow that need it. A circle, which a plan can have where a
//! reference turns round, is opened at its first object.
//!
//! Promises: boxes are apart; a box is as wide as the words in it can be in any monospaced font that browsers choose; numbers
//! are whole.

use std::collections::{BTreeMap, BTreeSet};

use crate::report::Graph;

/// How a drawing fills its room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Arrangement {
    /// Lanes beside each other, for a screen or a page.
    Wide,
    /// Lanes below each other, for a phone.
    Narrow,
}

/// A rectangle, in units of a drawing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Area {
    pub(super) x: usize,
    pub(super) y: usize,
    pub(super) width: usize,
    pub(super) height: usize,
}

/// Where everything stands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Layout {
    /// How wide the drawing is.
    pub(super) width: usize,
    /// How high.
    pub(super) height: usize,
    /// The lanes, each with the place of its name in the graph; nothing for the lane of what stands in several.
    pub(super) lanes: Vec<(Option<usize>, Area)>,
    /// The box of each object.
    pub(super) boxes: Vec<Area>,
    /// The name of each, in lines that fit its box.
    pub(super) names: Vec<Vec<String>>,
    /// Of each tie, whether others lead to the same: it is there, and says nothing new.
    pub(super) implied: Vec<bool>,
}

/// What stands left of the words in a box: the strip with the sign.
pub(super) const STRIP: usize = 24;
/// Between the strip and the words, and behind them.
const MARGIN: usize = 5;
/// How wide a letter of a kind is at most: 11 pixels high, and no monospaced font in use is wider than 0.62 of that.
const KIND_LETTER: usize = 7;
/// How wide a letter of a name is at most: 12 pixels high, bold.
const NAME_LETTER: usize = 8;
/// The height of a box with a name of one line, and of each further line.
const BOX: usize = 40;
pub(super) const LINE: usize = 15;
/// Between boxes.
const GAP: usize = 14;
/// Between boxes above each other: lines turn there.
const ROW_GAP: usize = 22;
/// Between a lane and what stands in it.
const PAD: usize = 12;
/// The name of a lane.
const TITLE: usize = 30;
/// A wide box, and a narrow one: two of them and what is around them are no wider than a phone.
const WIDE: usize = 190;
const NARROW: usize = 160;
/// From so many objects on, the region has two columns.
const MANY: usize = 12;
/// From so many objects on, nobody follows a line, and which say nothing new is not found out.
const SORTED_OUT: usize = 3000;
/// Where there are no zones, the region has as many columns as there is room.
const ALONE: usize = 5;

impl Layout {
    /// Where everything of `graph` stands.
    pub(super) fn of(graph: &Graph, arrangement: Arrangement) -> Self {
        let width = match arrangement {
            Arrangement::Wide => WIDE,
            Arrangement::Narrow => NARROW,
        };
        let ranks = ranks(graph);
        let names: Vec<Vec<String>> =
            graph.nodes.iter().map(|node| broken(node.address.name.as_str(), width)).collect();
        let heights: Vec<usize> = graph
            .nodes
            .iter()
            .zip(&names)
            .map(|(node, name)| {
                let kind = kind_lines(node.address.kind.as_str(), width).len();
                BOX + LINE * (name.len() + kind + usize::from(!node.risk.is_empty()) - 2)
            })
            .collect();
        let implied = implied(graph, &ranks);
        let mut layout = Self { boxes: vec![Area::default(); graph.nodes.len()], names, implied, ..Self::default() };
        match arrangement {
            Arrangement::Wide => layout.across(graph, &ranks, &heights),
            Arrangement::Narrow => layout.below(graph, &ranks, &heights),
        }
        layout
    }

    /// Lanes beside each other: what is in several zones lies across them.
    fn across(&mut self, graph: &Graph, ranks: &[usize], heights: &[usize]) {
        let zones = graph.lanes.len().saturating_sub(1);
        let of_region = graph.nodes.iter().filter(|node| node.lanes == (0, 0)).count();
        let columns = match (zones, of_region) {
            (_, 0) => 0,
            (0, _) => ALONE.min(of_region),
            (_, MANY..) => 2,
            (..) => 1,
        };
        let wide = |columns: usize| if columns == 0 { 0 } else { columns * (WIDE + GAP) - GAP + 2 * PAD };
        let region = wide(columns);
        let left = |lane: usize| {
            if lane == 0 { 0 } else { region + usize::from(region > 0) * GAP + (lane - 1) * (wide(1) + GAP) }
        };
        let mut top = TITLE + PAD;
        for rank in 0..=ranks.iter().copied().max().unwrap_or_default() {
            let here: Vec<usize> = (0..ranks.len()).filter(|node| ranks[*node] == rank).collect();
            let mut rows: Vec<Vec<(usize, usize, usize)>> = Vec::new();
            let mut put = |row: usize, cell: (usize, usize, usize)| {
                if rows.len() <= row {
                    rows.resize(row + 1, Vec::new());
                }
                rows[row].push(cell);
            };
            let in_region = here.iter().filter(|node| graph.nodes[**node].lanes == (0, 0));
            for (n, node) in in_region.enumerate() {
                put(n / columns, (*node, PAD + n % columns * (WIDE + GAP), WIDE));
            }
            // For each lane, the first row in which it has room.
            let mut free = vec![0; graph.lanes.len()];
            let is_wide = |node: &&usize| graph.nodes[**node].lanes.0 < graph.nodes[**node].lanes.1;
            let zonal: Vec<&usize> = here.iter().filter(|node| graph.nodes[**node].lanes.1 > 0).collect();
            let (across, within): (Vec<&usize>, Vec<&usize>) = zonal.into_iter().partition(|node| is_wide(node));
            for node in across.into_iter().chain(within) {
                let (first, last) = graph.nodes[*node].lanes;
                let row = free[first..=last].iter().copied().max().unwrap_or_default();
                free[first..=last].fill(row + 1);
                let x = left(first) + PAD;
                put(row, (*node, x, left(last) + PAD + WIDE - x));
            }
            for row in rows {
                for (node, x, width) in &row {
                    self.boxes[*node] = Area { x: *x, y: top, width: *width, height: heights[*node] };
                }
                top += row.iter().map(|(node, ..)| heights[*node]).max().unwrap_or_default() + ROW_GAP;
            }
        }
        self.height = top - ROW_GAP + PAD;
        let lanes = (0..graph.lanes.len()).filter(|lane| *lane > 0 || region > 0);
        let area =
            |lane| Area { x: left(lane), y: 0, width: if lane == 0 { region } else { wide(1) }, height: self.height };
        self.lanes = lanes.map(|lane| (Some(lane), area(lane))).collect();
        self.width = self.lanes.iter().map(|(_, area)| area.x + area.width).max().unwrap_or_default();
    }

    /// Lanes below each other, each with two columns.
    fn below(&mut self, graph: &Graph, ranks: &[usize], heights: &[usize]) {
        self.width = 2 * NARROW + GAP + 2 * PAD;
        let several = graph.lanes.len();
        let lane_of = |node: usize| {
            let (first, last) = graph.nodes[node].lanes;
            if first == last { first } else { several }
        };
        let order = [0, several].into_iter().chain(1..several);
        let mut top = 0;
        for lane in order {
            let mut here: Vec<usize> = (0..graph.nodes.len()).filter(|node| lane_of(*node) == lane).collect();
            if here.is_empty() {
                continue;
            }
            here.sort_by_key(|node| ranks[*node]);
            let start = top;
            top += TITLE + PAD;
            for pair in here.chunks(2) {
                for (node, x) in pair.iter().zip([PAD, PAD + NARROW + GAP]) {
                    self.boxes[*node] = Area { x, y: top, width: NARROW, height: heights[*node] };
                }
                top += pair.iter().map(|node| heights[*node]).max().unwrap_or_default() + ROW_GAP;
            }
            top = top - ROW_GAP + PAD;
            let area = Area { x: 0, y: start, width: self.width, height: top - start };
            self.lanes.push(((lane < several).then_some(lane), area));
            top += GAP;
        }
        self.height = top.saturating_sub(GAP);
    }
}

/// The kind in lines that fit a box of a width.
pub(super) fn kind_lines(kind: &str, width: usize) -> Vec<String> {
    lines(kind, (width - STRIP - 2 * MARGIN) / KIND_LETTER, '_')
}

/// A name in lines that fit a box of a width.
fn broken(name: &str, width: usize) -> Vec<String> {
    lines(name, (width - STRIP - 2 * MARGIN) / NAME_LETTER, '-')
}

/// A word in lines of at most so many letters, broken behind `joint` where that is possible.
fn lines(word: &str, most: usize, joint: char) -> Vec<String> {
    let mut lines = vec![String::new()];
    for part in word.split_inclusive(joint) {
        let mut letters: Vec<char> = part.chars().collect();
        while !letters.is_empty() {
            let line = lines.last_mut().expect("there is a line from the start");
            let used = line.chars().count();
            if used > 0 && used + letters.len() > most {
                lines.push(String::new());
                continue;
            }
            line.extend(letters.drain(..letters.len().min(most)));
        }
    }
    lines
}

/// The length of the longest chain of what each needs.
fn ranks(graph: &Graph) -> Vec<usize> {
    let mut needs: Vec<Vec<usize>> = vec![Vec::new(); graph.nodes.len()];
    let mut users: Vec<Vec<usize>> = vec![Vec::new(); graph.nodes.len()];
    for tie in &graph.ties {
        needs[tie.from].push(tie.to);
        users[tie.to].push(tie.from);
    }
    let mut missing: Vec<usize> = needs.iter().map(Vec::len).collect();
    let mut ranks: Vec<Option<usize>> = vec![None; graph.nodes.len()];
    let mut free: Vec<usize> = (0..missing.len()).filter(|node| missing[*node] == 0).collect();
    let mut waiting: BTreeSet<usize> = (0..missing.len()).filter(|node| missing[*node] > 0).collect();
    while let Some(node) = free.pop().or_else(|| waiting.first().copied()) {
        waiting.remove(&node);
        let below = needs[node].iter().filter_map(|need| ranks[*need]).max();
        ranks[node] = Some(below.map_or(0, |rank| rank + 1));
        for user in &users[node] {
            missing[*user] = missing[*user].saturating_sub(1);
            if missing[*user] == 0 && ranks[*user].is_none() && waiting.remove(user) {
                free.push(*user);
            }
        }
    }
    let mut ranks: Vec<usize> = ranks.into_iter().map(Option::unwrap_or_default).collect();
    for node in (0..ranks.len()).filter(|node| needs[*node].is_empty()) {
        let first = users[node].iter().map(|user| ranks[*user]).min();
        ranks[node] = first.unwrap_or_default().saturating_sub(1);
    }
    closed(ranks)
}

/// Of each tie, whether another thing that is needed needs the same.
fn implied(graph: &Graph, ranks: &[usize]) -> Vec<bool> {
    let count = graph.nodes.len();
    if count > SORTED_OUT {
        return vec![false; graph.ties.len()];
    }
    let mut needs: Vec<Vec<usize>> = vec![Vec::new(); count];
    for tie in &graph.ties {
        needs[tie.from].push(tie.to);
    }
    let mut order: Vec<usize> = (0..count).collect();
    order.sort_by_key(|node| ranks[*node]);
    // What each needs through others, one bit for each object.
    let mut through: Vec<Vec<u64>> = vec![vec![0; count.div_ceil(64)]; count];
    for node in order {
        let mut found = vec![0_u64; count.div_ceil(64)];
        for need in &needs[node] {
            for (word, more) in found.iter_mut().zip(&through[*need]) {
                *word |= more;
            }
            for next in &needs[*need] {
                found[next / 64] |= 1 << (next % 64);
            }
        }
        through[node] = found;
    }
    graph.ties.iter().map(|tie| through[tie.from][tie.to / 64] >> (tie.to % 64) & 1 == 1).collect()
}

/// The same without ranks that nothing has.
fn closed(ranks: Vec<usize>) -> Vec<usize> {
    let used: BTreeSet<usize> = ranks.iter().copied().collect();
    let place: BTreeMap<usize, usize> = used.into_iter().zip(0..).collect();
    ranks.into_iter().map(|rank| place[&rank]).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;
    use crate::engine::object_graph::{GraphObject, ObjectGraph};
    use crate::resources::catalog;

    /// Objects of which each needs some others, only those before it unless it may turn round; in no zone, in one, or in several.
    fn graphs(may_turn: bool) -> impl Strategy<Value = Graph> {
        let kinds = ["vpc", "subnet", "security_group_rule", "node_group", "database"];
        let name = "[a-z]{1,30}(-[a-z]{1,12}){0,3}";
        let object = (0..kinds.len(), name, prop::collection::btree_set(0..4_usize, 0..4), any::<[u8; 3]>());
        prop::collection::vec(object, 0..40).prop_map(move |all| {
            let at: Vec<crate::model::address::Address> = all
                .iter()
                .enumerate()
                .map(|(n, (kind, name, ..))| format!("{}.{name}-{n}", kinds[*kind]).parse().unwrap())
                .collect();
            let objects: BTreeMap<_, _> = all
                .iter()
                .zip(at.iter().enumerate())
                .map(|((_, _, zones, needs), (n, address))| {
                    let others = if may_turn { &at[..] } else { &at[..n] };
                    let zones = zones.iter().map(|zone| format!("zone-{zone}")).collect();
                    let needs = needs.iter().filter(|_| !others.is_empty());
                    let needs = needs.map(|need| (others[usize::from(*need) % others.len()].clone(), None));
                    let needs = needs.filter(|(to, _)| to != address).collect();
                    (address.clone(), GraphObject { zones, needs })
                })
                .collect();
            Graph::of_objects(&ObjectGraph { objects }, &catalog(), "region")
        })
    }

    fn apart(one: &Area, other: &Area) -> bool {
        one.x + one.width <= other.x
            || other.x + other.width <= one.x
            || one.y + one.height <= other.y
            || other.y + other.height <= one.y
    }

    fn within(inner: &Area, outer: &Area) -> bool {
        inner.x >= outer.x
            && inner.y >= outer.y
            && inner.x + inner.width <= outer.x + outer.width
            && inner.y + inner.height <= outer.y + outer.height
    }

    proptest! {
        #[test]
        fn boxes_are_apart_and_names_are_whole(graph in any::<bool>().prop_flat_map(graphs)) {
            for arrangement in [Arrangement::Wide, Arrangement::Narrow] {
                let layout = Layout::of(&graph, arrangement);
                let all = Area { x: 0, y: 0, width: layout.width, height: layout.height };
                for (n, one) in layout.boxes.iter().enumerate() {
                    prop_assert!(within(one, &all), "{one:?} {all:?}");
                    for other in &layout.boxes[n + 1..] {
                        prop_assert!(apart(one, other), "{arrangement:?}: {one:?} {other:?}");
                    }
                    let node = &graph.nodes[n];
                    prop_assert_eq!(layout.names[n].concat(), node.address.name.as_str());
                    let letters = layout.names[n].iter().map(|line| line.chars().count() * NAME_LETTER).max().unwrap();
                    prop_assert!(STRIP + MARGIN + letters <= one.width, "{:?}", layout.names[n]);
                    let lines = layout.names[n].len() + kind_lines(node.address.kind.as_str(), one.width).len();
                    prop_assert!(lines * LINE < one.height, "{lines} {one:?}");
                }
                for (n, (_, one)) in layout.lanes.iter().enumerate() {
                    let is_apart = |(_, other): &(Option<usize>, Area)| apart(one, other);
                    prop_assert!(layout.lanes[n + 1..].iter().all(is_apart));
                }
                if arrangement == Arrangement::Narrow {
                    prop_assert!(layout.width + 8 <= 368, "what a phone of 400 pixels has between its margins");
                }
            }
        }

        #[test]
        fn what_is_needed_stands_above_unless_it_turns_round(graph in any::<bool>().prop_flat_map(graphs)) {
            let ranks = ranks(&graph);
            let is_round = graph.ties.iter().any(|tie| ranks[tie.to] >= ranks[tie.from]);
            let mut open: Vec<usize> = (0..graph.nodes.len()).collect();
            // Without what needs nothing that is left, nothing is left but circles.
            loop {
                let needs = |node: usize| graph.ties.iter().any(|tie| tie.from == node && open.contains(&tie.to));
                let rest: Vec<usize> = open.iter().copied().filter(|node| needs(*node)).collect();
                if rest.len() == open.len() {
                    break;
                }
                open = rest;
            }
            prop_assert_eq!(is_round, !open.is_empty());
        }

        #[test]
        fn a_tie_is_implied_where_another_way_leads_there(graph in graphs(false)) {
            let ranks = ranks(&graph);
            let implied = implied(&graph, &ranks);
            let leads = |from: usize, to: usize| {
                let (mut todo, mut seen) = (vec![from], vec![false; graph.nodes.len()]);
                while let Some(node) = todo.pop() {
                    for tie in graph.ties.iter().filter(|tie| tie.from == node && !seen[tie.to]) {
                        todo.push(tie.to);
                    }
                    seen[node] = true;
                }
                seen[to]
            };
            for (tie, implied) in graph.ties.iter().zip(implied) {
                let others = graph.ties.iter().filter(|other| other.from == tie.from && other.to != tie.to);
                prop_assert_eq!(implied, others.map(|other| other.to).any(|other| leads(other, tie.to)));
            }
        }
    }
}
