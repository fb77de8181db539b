//! Whether a new revision ever replaces the old one: the rules of the scheduler and of the Deployment controller, played
//! through for every choice they leave open.
//!
//! Promises: [`play`] finds every end that some order of free choices (which node of several, which pod of several
//! equals) leads to, those included where nothing moves any more until a person intervenes.
//!
//! The rules. A pod fits on a node if `pods that count there + 1 - least over all counted nodes <= max skew`
//! (`PodTopologySpread` of kube-scheduler). Counted are nodes that the node selector takes; with `nodeTaintsPolicy:
//! Honor` only those that take pods at all. With `matchLabelKeys: [pod-template-hash]` pods of the other revision do not
//! count. An old pod goes when enough others are available, those that never ran first, then those that share their
//! node with most others (`reconcileOldReplicaSets`, `getPodsRankedByRelatedPodsOnSameNode`). Pods on their way out
//! count no more; that their room is free only after a while delays and does not stop.

use std::collections::BTreeSet;

/// How pods are replaced and spread.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rollout {
    /// Pods wanted.
    pub replicas: u32,
    /// Pods that may exist beyond that.
    pub max_surge: u32,
    /// Pods that may be missing of that.
    pub max_unavailable: u32,
    /// The strict spread over nodes, if there is one.
    pub spread: Option<Spread>,
}

/// A strict spread over nodes (`whenUnsatisfiable: DoNotSchedule`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Spread {
    /// Most pods that a node may have more than the emptiest.
    pub max_skew: u32,
    /// `nodeTaintsPolicy: Honor`: nodes that take no pods are not counted.
    pub honors_taints: bool,
    /// `matchLabelKeys: [pod-template-hash]`: each revision is counted by itself.
    pub is_per_revision: bool,
}

/// A node that the node selector takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct RolloutNode {
    /// Pods of the old revision that run there.
    pub old: u32,
    /// Pods of the new revision that run there.
    pub new: u32,
    /// Most pods that fit there.
    pub room: u32,
    /// Whether it takes pods: not cordoned, not tainted, ready.
    pub is_open: bool,
}

/// Nodes, and pods that wait for one.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Situation {
    /// The nodes.
    pub nodes: Vec<RolloutNode>,
    /// Old pods without a node.
    pub old_waiting: u32,
    /// New pods without a node.
    pub new_waiting: u32,
}

/// Every way in which it may end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RolloutOutcome {
    /// Ends with every pod new: pods on open nodes, the fullest first.
    pub endings: BTreeSet<Vec<u32>>,
    /// Where nothing moves any more, for the first such end that was found.
    pub stuck: Option<Situation>,
}

impl RolloutOutcome {
    /// Whether it stops half way whatever is chosen.
    pub fn is_always_stuck(&self) -> bool {
        self.endings.is_empty()
    }
}

impl Situation {
    /// Nodes with one old pod each, up to `replicas`; `room` pods fit on each.
    pub fn steady(nodes: u32, replicas: u32, room: u32) -> Situation {
        let node = |index| RolloutNode { old: u32::from(index < replicas), new: 0, room, is_open: true };
        Situation { nodes: (0..nodes).map(node).collect(), old_waiting: 0, new_waiting: 0 }
    }

    /// The same with one node closed; its pod still runs there, or waits for another place.
    #[must_use]
    pub fn with_closed_node(mut self, is_pod_gone: bool) -> Situation {
        if let Some(node) = self.nodes.last_mut() {
            node.is_open = false;
            if is_pod_gone {
                self.old_waiting += node.old;
                node.old = 0;
            }
        }
        self
    }

    /// The same with one node fewer, whose pod waits for another place.
    #[must_use]
    pub fn without_node(mut self) -> Situation {
        self.old_waiting += self.nodes.pop().map_or(0, |node| node.old);
        self
    }

    /// The same with one node more on which nothing of ours runs.
    #[must_use]
    pub fn with_empty_node(mut self, room: u32, is_open: bool) -> Situation {
        self.nodes.push(RolloutNode { old: 0, new: 0, room, is_open });
        self
    }

    fn all_old(&self) -> u32 {
        self.old_waiting + self.old_running()
    }

    fn old_running(&self) -> u32 {
        self.nodes.iter().map(|node| node.old).sum()
    }

    fn all_new(&self) -> u32 {
        self.new_waiting + self.new_running()
    }

    fn new_running(&self) -> u32 {
        self.nodes.iter().map(|node| node.new).sum()
    }

    /// Nodes are as good as each other, so situations that differ in their order are one.
    fn sorted(mut self) -> Situation {
        self.nodes.sort();
        self
    }

    fn changed(&self, index: usize, change: impl FnOnce(&mut RolloutNode)) -> Situation {
        let mut next = self.clone();
        if let Some(node) = next.nodes.get_mut(index) {
            change(node);
        }
        next
    }

    fn ending(&self) -> Vec<u32> {
        let mut pods: Vec<u32> = self.nodes.iter().filter(|node| node.is_open).map(|node| node.new).collect();
        pods.sort_by(|a, b| b.cmp(a));
        pods
    }
}

/// Plays a rollout from this situation to every end there is.
pub fn play(rollout: &Rollout, from: Situation) -> RolloutOutcome {
    let mut seen = BTreeSet::new();
    let mut open = vec![from.sorted()];
    let mut outcome = RolloutOutcome { endings: BTreeSet::new(), stuck: None };
    while let Some(situation) = open.pop() {
        if !seen.insert(situation.clone()) {
            continue;
        }
        if situation.all_old() == 0 && situation.new_running() == rollout.replicas {
            outcome.endings.insert(situation.ending());
            continue;
        }
        let next = moves(rollout, &situation);
        if next.is_empty() {
            outcome.stuck.get_or_insert(situation);
        }
        open.extend(next.into_iter().map(Situation::sorted));
    }
    outcome
}

/// Everything that may happen next.
fn moves(rollout: &Rollout, now: &Situation) -> Vec<Situation> {
    let mut next = Vec::new();
    if now.old_waiting > 0 {
        let placed = places(rollout, now, |node| node.old).map(|index| {
            let placed = now.changed(index, |node| node.old += 1);
            Situation { old_waiting: now.old_waiting - 1, ..placed }
        });
        next.extend(placed);
    }
    if now.new_waiting > 0 {
        let placed = places(rollout, now, |node| node.new).map(|index| {
            let placed = now.changed(index, |node| node.new += 1);
            Situation { new_waiting: now.new_waiting - 1, ..placed }
        });
        next.extend(placed);
    }
    next.extend(grown(rollout, now));
    next.extend(shrunk(rollout, now));
    next
}

/// Nodes on which one more pod fits; `of_revision` counts the pods of its revision.
fn places<'a>(
    rollout: &'a Rollout,
    now: &'a Situation,
    of_revision: fn(&RolloutNode) -> u32,
) -> impl Iterator<Item = usize> + 'a {
    let count = move |spread: Spread, node: &RolloutNode| {
        if spread.is_per_revision { of_revision(node) } else { node.old + node.new }
    };
    let counted = move |spread: Spread, node: &RolloutNode| node.is_open || !spread.honors_taints;
    let fits = move |node: &RolloutNode| {
        rollout.spread.is_none_or(|spread| {
            let all = now.nodes.iter().filter(|node| counted(spread, node));
            let least = all.map(|node| count(spread, node)).min().unwrap_or(0);
            count(spread, node) < least + spread.max_skew
        })
    };
    let has_room = |node: &RolloutNode| node.is_open && node.old + node.new < node.room;
    now.nodes.iter().enumerate().filter(move |(_, node)| has_room(node) && fits(node)).map(|(index, _)| index)
}

/// One more new pod, where there may be one.
fn grown(rollout: &Rollout, now: &Situation) -> Option<Situation> {
    let may_be =
        now.all_old() + now.all_new() < rollout.replicas + rollout.max_surge && now.all_new() < rollout.replicas;
    may_be.then(|| Situation { new_waiting: now.new_waiting + 1, ..now.clone() })
}

/// One old pod less, where one can be spared.
fn shrunk(rollout: &Rollout, now: &Situation) -> Vec<Situation> {
    let least = rollout.replicas.saturating_sub(rollout.max_unavailable);
    // New pods that do not run yet may not be made up for by old ones that go.
    if now.all_old() + now.all_new() <= least + now.new_waiting {
        return Vec::new();
    }
    if now.old_waiting > 0 {
        return vec![Situation { old_waiting: now.old_waiting - 1, ..now.clone() }];
    }
    if now.old_running() + now.new_running() <= least {
        return Vec::new();
    }
    let crowd = |node: &RolloutNode| node.old + node.new;
    let fullest = now.nodes.iter().filter(|node| node.old > 0).map(crowd).max();
    let goes = |node: &RolloutNode| node.old > 0 && Some(crowd(node)) == fullest;
    let indices = now.nodes.iter().enumerate().filter(|(_, node)| goes(node)).map(|(index, _)| index);
    indices.map(|index| now.changed(index, |node| node.old -= 1)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SEED: Spread = Spread { max_skew: 1, honors_taints: false, is_per_revision: false };
    const HONOR: Spread = Spread { honors_taints: true, ..SEED };
    const PER_REVISION: Spread = Spread { is_per_revision: true, ..SEED };
    const EXACT: Spread = Spread { honors_taints: true, is_per_revision: true, ..SEED };

    fn rollout(max_surge: u32, max_unavailable: u32, spread: Spread) -> Rollout {
        Rollout { replicas: 3, max_surge, max_unavailable, spread: Some(spread) }
    }

    /// How it ends, in the words of the table. Where it depends on what is chosen, both.
    fn said(rollout: &Rollout, situation: &Situation) -> String {
        let RolloutOutcome { endings, stuck } = play(rollout, situation.clone());
        match stuck {
            None => "ok".to_owned(),
            Some(_) if !endings.is_empty() => "ok or stuck".to_owned(),
            Some(at) => format!("stuck {}+{}", at.old_running(), at.new_running()),
        }
    }

    /// Three replicas; where a rollout sticks, the pods old and new that run then. The columns: the chart's surge of
    /// 100 %, one pod more, one pod less, each with the plain spread; then one pod more with nodes that take no pods left
    /// out, with each revision by itself, and with both.
    #[test]
    #[rustfmt::skip]
    fn each_situation_ends_as_it_does_in_a_cluster() {
        let columns = [
            rollout(3, 0, SEED),
            rollout(1, 0, SEED),
            rollout(0, 1, SEED),
            rollout(1, 0, HONOR),
            rollout(1, 0, PER_REVISION),
            rollout(1, 0, EXACT),
        ];
        let steady = || Situation::steady(3, 3, 3);
        let full = "stuck 3+0";
        let table: [(&str, Situation, [&str; 6]); 10] = [
            ("three nodes", steady(), ["ok", "ok", "ok", "ok", "ok", "ok"]),
            ("three nodes, two pods on each", Situation::steady(3, 3, 2), ["ok", "ok", "ok", "ok", "ok", "ok"]),
            ("three nodes, one pod on each", Situation::steady(3, 3, 1), [full, full, "ok", full, full, full]),
            ("a node cordoned, its pod waiting", steady().with_closed_node(true),
                ["stuck 2+0", "stuck 2+0", "stuck 2+0", "ok", "stuck 1+2", "ok"]),
            ("a node gone", steady().without_node(), ["ok", "ok", "ok", "ok", "ok", "ok"]),
            // Which of two equal old pods goes decides: if that on the cordoned node goes first, nothing can take its place.
            ("a node cordoned, its pod running", steady().with_closed_node(false),
                ["ok or stuck", "ok or stuck", "stuck 0+2", "ok", "stuck 1+2", "ok"]),
            ("another node with a taint", steady().with_empty_node(3, false), [full, full, "ok", "ok", "ok", "ok"]),
            ("another node that is full", steady().with_empty_node(0, true), [full, full, "ok", full, "ok", "ok"]),
            ("another node with room", steady().with_empty_node(3, true), ["ok", "ok", "ok", "ok", "ok", "ok"]),
            // A node that the node selector leaves out is none of these nodes.
            ("another node left out", steady(), ["ok", "ok", "ok", "ok", "ok", "ok"]),
        ];
        let mut wrong = Vec::new();
        for (name, situation, expected) in &table {
            for (column, (rollout, expected)) in columns.iter().zip(expected).enumerate() {
                let said = said(rollout, situation);
                if said != *expected {
                    wrong.push(format!("{name}, column {column}: {said}, not {expected}"));
                }
            }
        }
        assert_eq!(wrong, Vec::<String>::new());
    }

    fn endings(rollout: &Rollout, situation: Situation) -> Vec<Vec<u32>> {
        let outcome = play(rollout, situation);
        assert_eq!(outcome.stuck, None);
        outcome.endings.into_iter().collect()
    }

    #[test]
    fn where_the_pods_end_depends_on_the_spread() {
        let steady = || Situation::steady(3, 3, 2);
        // Counted together, old pods hold places that are empty once they are gone.
        for spread in [SEED, HONOR] {
            assert_eq!(endings(&rollout(1, 0, spread), steady()), [[1, 1, 1], [2, 1, 0]]);
        }
        for spread in [PER_REVISION, EXACT] {
            assert_eq!(endings(&rollout(1, 0, spread), steady()), [[1, 1, 1]]);
        }
        let closed = Situation::steady(3, 3, 3).with_closed_node(true);
        assert_eq!(endings(&rollout(1, 0, EXACT), closed), [[2, 1]]);
    }

    #[test]
    fn a_full_node_does_not_matter_where_a_pod_may_be_missing() {
        let tight = || Situation::steady(3, 3, 1);
        assert_eq!(endings(&rollout(1, 1, EXACT), tight()), [[1, 1, 1]]);
        assert_eq!(endings(&rollout(0, 1, EXACT), tight()), [[1, 1, 1]]);
    }

    #[test]
    fn with_room_for_two_a_lost_node_can_stop_it() {
        let short = play(&rollout(1, 0, EXACT), Situation::steady(3, 3, 2).without_node());
        assert!(short.stuck.is_some() && !short.is_always_stuck());
    }

    #[test]
    fn without_a_spread_only_room_counts() {
        let free = Rollout { spread: None, ..rollout(1, 0, SEED) };
        assert!(play(&free, Situation::steady(3, 3, 2).with_closed_node(true)).stuck.is_none());
        assert!(play(&free, Situation::steady(3, 3, 1)).is_always_stuck());
    }

    #[test]
    fn neither_more_nor_less_never_moves() {
        assert!(play(&rollout(0, 0, EXACT), Situation::steady(3, 3, 2)).is_always_stuck());
    }
}
