//! Which steps actions need, and what each must wait for.
//!
//! The order comes from four rules:
//! 1. Build after what you point at.
//! 2. Remove after everything that points at you is removed, or has been changed to point elsewhere.
//! 3. Where the new object comes first, remove the old one after it.
//! 4. Where the old object goes first, build after it is gone.
//!
//! What others work through without pointing at it (a firewall, the other side of a redirect) keeps to the same: what is
//! new there is made, or opened, before they change, and what is old there is removed, or closed, after they have changed.
//! A change that both opens and closes has two rungs for that.
//!
//! What points at what is told by the declaration for what is built, and by what is there for what is removed. Stepwise
//! changes climb in step: every kind reaches a rung, in the order of the kinds' ranks, before any goes on to the next.
//! Where A pointed at B and B is now to point at A, the one reference is removed before the other is made.
//!
//! Some order is only preferred and gives way where it would close a circle: order without data behind it (`after`),
//! which also never holds between two mere changes; fields that may point at nothing for a while; references that turn
//! round; and what somebody else made point the other way. Of what must be, [`ordered`] finds a circle, so that planning
//! can break it.

mod turns;

use std::collections::{BTreeMap, BTreeSet};

use super::decide::cmp_versions;
use super::graph;
use super::plan::{Action, Plan, StepKey, StepPart};
use super::state::{Deposed, Recorded, State};
use crate::model::address::Address;
use crate::model::document::Document;
use crate::model::reference::{externals_in, references, references_in};
use crate::model::resource::{Catalog, OnChange, Passage, ReplaceOrder};

/// What each step waits for.
pub(super) type Waits = BTreeMap<StepKey, BTreeSet<StepKey>>;

/// What the order is worked out from.
#[derive(Clone, Copy)]
pub(super) struct OrderContext<'a> {
    pub(super) catalog: &'a Catalog,
    pub(super) actions: &'a BTreeMap<Address, Action>,
    /// Old objects to be removed.
    pub(super) leftovers: &'a [(Address, String)],
    /// What is recorded of what stands.
    pub(super) records: &'a BTreeMap<Address, Recorded>,
    /// What is recorded of old objects.
    pub(super) old: &'a BTreeMap<Address, Vec<Deposed>>,
}

impl<'a> OrderContext<'a> {
    /// The context of a plan that was made from `state`.
    pub(super) fn of(plan: &'a Plan, state: &'a State, catalog: &'a Catalog) -> Self {
        Self {
            catalog,
            actions: &plan.actions,
            leftovers: &plan.deposed,
            records: &state.resources,
            old: &state.deposed,
        }
    }
}

/// What each step waits for.
///
/// # Errors
/// Steps of which each must wait for the next and the last for the first.
pub(super) fn ordered(cx: OrderContext<'_>) -> Result<Waits, Vec<StepKey>> {
    let (waits, preferred) = cx.rules();
    graph::order(&waits)?;
    Ok(preferring(waits, preferred))
}

/// What each step waits for. Free of circles where [`ordered`] finds none.
pub(super) fn waits(cx: OrderContext<'_>) -> Waits {
    let (waits, preferred) = cx.rules();
    preferring(waits, preferred)
}

fn preferring(mut waits: Waits, preferred: Vec<(StepKey, StepKey)>) -> Waits {
    for (step, on) in preferred {
        if !reaches(&waits, &on, &step, |_| true) {
            waits.entry(step).or_default().insert(on);
        }
    }
    waits
}

/// Whether `from` waits for `to`, directly or through others that fit.
fn reaches(waits: &Waits, from: &StepKey, to: &StepKey, fits: impl Fn(&StepKey) -> bool) -> bool {
    let (mut todo, mut seen) = (vec![from], BTreeSet::new());
    while let Some(step) = todo.pop() {
        if step == to {
            return true;
        }
        if seen.insert(step) {
            todo.extend(waits.get(step).into_iter().flatten().filter(|next| fits(next)));
        }
    }
    false
}

impl StepPart {
    /// Whether this part makes or changes an object rather than removing one.
    pub(super) fn builds(&self) -> bool {
        match self {
            Self::Create | Self::Change { .. } => true,
            Self::Delete | Self::DeleteDeposed { .. } => false,
        }
    }
}

#[derive(Default)]
struct Rules {
    waits: Waits,
    /// Order of removals: what is known from the record, and what somebody else made necessary.
    removals: [Vec<(StepKey, StepKey)>; 2],
    preferred: Vec<(StepKey, StepKey)>,
}

impl Rules {
    fn must(&mut self, step: &StepKey, on: &StepKey) {
        if step != on && self.waits.contains_key(on) {
            self.waits.get_mut(step).expect("rules speak of steps there are").insert(on.clone());
        }
    }
}

impl OrderContext<'_> {
    /// What must be, and what is preferred, in this order.
    fn rules(&self) -> (Waits, Vec<(StepKey, StepKey)>) {
        let mut rules = Rules::default();
        for (address, action) in self.actions {
            self.add_steps(address, action, &mut rules);
        }
        for (address, id) in self.leftovers {
            let gone = key(address, StepPart::DeleteDeposed { key: id.clone() });
            rules.waits.entry(gone.clone()).or_default();
            // An old object works until the one in its place does.
            if let Some(built) = self.builds(address).pop() {
                rules.preferred.push((gone, built));
            }
        }
        for (address, action) in self.actions {
            self.build_after_targets(address, action, &mut rules);
        }
        for (address, action) in self.actions {
            self.remove_after_pointers(address, action, &mut rules);
            self.leave_after_users(address, action, &mut rules);
        }
        self.remove_after_old_pointers(&mut rules);
        self.climb_in_step(&mut rules);
        self.let_go_first(&mut rules);
        let Rules { mut waits, removals, preferred } = rules;
        // Objects that somebody made point at each other cannot all go first.
        for (step, on) in removals.into_iter().flatten() {
            if !reaches(&waits, &on, &step, |step| !step.part.builds()) {
                waits.entry(step).or_default().insert(on);
            }
        }
        (waits, preferred)
    }

    fn add_steps(&self, address: &Address, action: &Action, rules: &mut Rules) {
        match action {
            Action::NoOp { .. } | Action::Forget { .. } => {}
            Action::Create { .. } | Action::Update { .. } => {
                let mut below = None;
                for step in self.builds(address) {
                    rules.waits.insert(step.clone(), below.replace(step).into_iter().collect());
                }
            }
            Action::Replace { order, .. } => {
                let (build, remove) =
                    (key(address, StepPart::Create), self.removes(address).expect("what is replaced is removed"));
                let (first, then) = match order {
                    ReplaceOrder::CreateFirst => (build, remove),
                    ReplaceOrder::DeleteFirst => (remove, build),
                };
                rules.waits.entry(first.clone()).or_default();
                rules.waits.entry(then).or_default().insert(first);
            }
            Action::Delete { .. } => {
                rules.waits.insert(key(address, StepPart::Delete), BTreeSet::new());
            }
        }
    }

    /// The steps that build at `address`, lowest rung first; none if it is not built.
    fn builds(&self, address: &Address) -> Vec<StepKey> {
        match self.actions.get(address) {
            Some(Action::Create { .. } | Action::Replace { .. }) => vec![key(address, StepPart::Create)],
            Some(Action::Update { via, .. }) => (0..=via.len()).map(|rung| key(address, change(rung))).collect(),
            Some(Action::NoOp { .. } | Action::Delete { .. } | Action::Forget { .. }) | None => Vec::new(),
        }
    }

    /// What a change of `address` opens and closes for others.
    fn passage(&self, address: &Address) -> Option<Passage<Document>> {
        let Some(Action::Update { prior, declared, .. }) = self.actions.get(address) else { return None };
        (self.catalog.get(&address.kind)?.passage)(&prior.declared, declared)
    }

    /// The step after which others may rely on what is built at `address`; none if they may all along.
    fn ready(&self, address: &Address) -> Option<StepKey> {
        let mut steps = self.builds(address);
        match self.passage(address) {
            None | Some(Passage::Opens) => steps.pop(),
            Some(Passage::Both(_)) => steps.into_iter().next(),
            Some(Passage::Closes) => None,
        }
    }

    /// The steps that take away what others may still rely on at `address`: they remove it, or close it.
    fn leaves(&self, address: &Address) -> Vec<StepKey> {
        let closing = match self.passage(address) {
            Some(Passage::Both(_) | Passage::Closes) => self.builds(address).pop(),
            Some(Passage::Opens) | None => None,
        };
        let old = self.leftovers.iter().filter(|(at, _)| at == address);
        let old = old.map(|(at, id)| key(at, StepPart::DeleteDeposed { key: id.clone() }));
        closing.into_iter().chain(self.removes(address)).chain(old).collect()
    }

    /// The step that removes what stands at `address` now.
    fn removes(&self, address: &Address) -> Option<StepKey> {
        match self.actions.get(address)? {
            Action::Delete { .. } | Action::Replace { order: ReplaceOrder::DeleteFirst, .. } => {
                Some(key(address, StepPart::Delete))
            }
            Action::Replace { order: ReplaceOrder::CreateFirst, prior, .. } => {
                let id = prior.computed.text("id").unwrap_or_default().to_owned();
                Some(key(address, StepPart::DeleteDeposed { key: id }))
            }
            Action::NoOp { .. } | Action::Create { .. } | Action::Update { .. } | Action::Forget { .. } => None,
        }
    }

    /// The steps that remove what `value` points at.
    fn removals<'v>(&'v self, value: &'v serde_json::Value) -> impl Iterator<Item = StepKey> + 'v {
        let named = references_in(value).into_iter().filter_map(|target| self.removes(&target));
        let ids = if self.leftovers.is_empty() { BTreeSet::new() } else { externals_in(value) };
        let old = self.leftovers.iter().filter(move |(_, id)| ids.contains(id.as_str()));
        named.chain(old.map(|(address, id)| key(address, StepPart::DeleteDeposed { key: id.clone() })))
    }

    fn on_change(&self, address: &Address, field: &str) -> OnChange {
        self.catalog.get(&address.kind).map_or(OnChange::Update, |facts| facts.on_change(field))
    }

    fn build_after_targets(&self, address: &Address, action: &Action, rules: &mut Rules) {
        let (Action::Create { declared, after, .. }
        | Action::Update { declared, after, .. }
        | Action::Replace { declared, after, .. }) = action
        else {
            return;
        };
        for target in references(declared) {
            if let Some((step, on)) = self.building(address, &target) {
                rules.must(&step, &on);
            }
        }
        let none = BTreeSet::new();
        let works_through = if let Action::Update { works_through, .. } = action { works_through } else { &none };
        for target in after.union(works_through) {
            let opens = self.passage(target).is_some();
            if let Some((step, on)) = self.building(address, target)
                && (step.part == StepPart::Create || on.part == StepPart::Create || opens)
            {
                rules.preferred.push((step, on));
            }
        }
    }

    /// What a resource relies on without pointing at it stays until that resource is changed or deleted.
    fn leave_after_users(&self, address: &Address, action: &Action, rules: &mut Rules) {
        let (left, targets): (_, BTreeSet<&Address>) = match action {
            Action::Update { prior, after, works_through, .. } => {
                (self.builds(address).pop(), prior.after.iter().chain(after).chain(works_through).collect())
            }
            Action::Replace { prior, works_through, .. } => {
                (self.removes(address), prior.after.iter().chain(works_through).collect())
            }
            Action::Delete { prior, .. } => (self.removes(address), prior.after.iter().collect()),
            Action::NoOp { .. } | Action::Create { .. } | Action::Forget { .. } => return,
        };
        let Some(left) = left else { return };
        for gone in targets.into_iter().flat_map(|target| self.leaves(target)) {
            rules.preferred.push((gone, left.clone()));
        }
    }

    /// Which step at `address` waits for which at `target`. Where one of the two climbs, it is the rung that fits the
    /// other; where both do, climbing in step says all there is to say.
    fn building(&self, address: &Address, target: &Address) -> Option<(StepKey, StepKey)> {
        let (steps, on) = (self.builds(address), self.builds(target));
        let (first, ready) = (steps.first()?, self.ready(target)?);
        // The rung on which a climber meets another one that is made.
        let meeting = |climber: &Address, other: &Address| {
            let (rungs, heights) = (self.heights(climber), self.heights(other));
            let wanted = heights.first()?;
            Some(rungs.iter().position(|at| cmp_versions(at, wanted).is_ge()).unwrap_or(rungs.len() - 1))
        };
        let climbs = |address: &Address, steps: &[StepKey]| {
            matches!(steps.first()?.part, StepPart::Change { .. }).then(|| self.climbing(address)).flatten()
        };
        match (climbs(address, &steps), climbs(target, &on)) {
            (Some(_), Some(_)) => None,
            // What does not climb needs what it points at to stand, not to have arrived.
            (Some(_), None) => Some((steps[meeting(address, target).unwrap_or(0)].clone(), ready)),
            (None, Some(_)) => Some((first.clone(), on[meeting(target, address).unwrap_or(0)].clone())),
            (None, None) => Some((first.clone(), ready)),
        }
    }

    fn remove_after_pointers(&self, address: &Address, action: &Action, rules: &mut Rules) {
        let (Action::Update { prior, .. } | Action::Replace { prior, .. } | Action::Delete { prior, .. }) = action
        else {
            return;
        };
        let gone = self.removes(address);
        let changed = self.builds(address).pop();
        let recorded = self.records.get(address);
        for (field, value) in prior.declared.fields() {
            let mut removals = self.removals(value).peekable();
            if removals.peek().is_none() {
                continue;
            }
            let known = recorded.and_then(|recorded| recorded.declared.get(field));
            let known: BTreeSet<StepKey> = known.into_iter().flat_map(|value| self.removals(value)).collect();
            let on_change = self.on_change(address, field);
            for removed in removals {
                let loose = matches!(on_change, OnChange::UpdateDangling | OnChange::Ignore);
                match (&gone, &changed) {
                    (Some(gone), _) if *gone == removed => {}
                    (Some(gone), _) if loose => rules.preferred.push((removed, gone.clone())),
                    (Some(gone), _) => {
                        let moved = usize::from(!known.contains(&removed));
                        rules.removals[moved].push((removed, gone.clone()));
                    }
                    (None, Some(_)) if on_change == OnChange::Ignore => {}
                    (None, Some(changed)) if loose => {
                        // Followers are deleted before what they depend on is changed.
                        let followers = self.followers(address).map(|gone| (changed.clone(), gone));
                        rules.preferred.extend(followers);
                        rules.preferred.push((removed, changed.clone()));
                    }
                    (None, Some(changed)) => rules.must(&removed, changed),
                    (None, None) => unreachable!("what has a prior is changed or removed"),
                }
            }
        }
    }

    /// The steps that remove what came after `address`.
    fn followers<'v>(&'v self, address: &'v Address) -> impl Iterator<Item = StepKey> + 'v {
        self.actions.iter().filter_map(move |(follower, action)| match action {
            Action::Replace { prior, .. } | Action::Delete { prior, .. } if prior.after.contains(address) => {
                self.removes(follower)
            }
            Action::NoOp { .. }
            | Action::Create { .. }
            | Action::Update { .. }
            | Action::Replace { .. }
            | Action::Delete { .. }
            | Action::Forget { .. } => None,
        })
    }

    /// What old objects point at goes after them.
    fn remove_after_old_pointers(&self, rules: &mut Rules) {
        for (address, id) in self.leftovers {
            let gone = key(address, StepPart::DeleteDeposed { key: id.clone() });
            let Some(old) = self.old.get(address).and_then(|all| all.iter().find(|old| old.key == *id)) else {
                continue;
            };
            for (field, value) in old.recorded.declared.fields() {
                let loose = matches!(self.on_change(address, field), OnChange::UpdateDangling | OnChange::Ignore);
                for removed in self.removals(value) {
                    if loose {
                        rules.preferred.push((removed, gone.clone()));
                    } else {
                        rules.removals[0].push((removed, gone.clone()));
                    }
                }
            }
        }
    }

    /// Climbing steps are in the order of (height, rank of the kind): every kind reaches a rung before any goes on.
    fn climb_in_step(&self, rules: &mut Rules) {
        let mut climbs: Vec<(String, u8, StepKey)> = Vec::new();
        for (address, action) in self.actions {
            let (Action::Update { .. }, Some((_, rank))) = (action, self.climbing(address)) else { continue };
            climbs
                .extend(self.heights(address).into_iter().zip(self.builds(address)).map(|(at, step)| (at, rank, step)));
        }
        for upper in &climbs {
            for lower in &climbs {
                if cmp_versions(&lower.0, &upper.0).then(lower.1.cmp(&upper.1)).is_lt() {
                    rules.must(&upper.2, &lower.2);
                }
            }
        }
    }

    fn climbing(&self, address: &Address) -> Option<(&'static str, u8)> {
        let facts = self.catalog.get(&address.kind)?;
        let field = facts.fields.iter().find(|f| f.on_change == OnChange::UpdateStepwise)?;
        Some((field.name, facts.climb_rank))
    }

    /// How high each step that builds at `address` gets, for kinds that climb.
    fn heights(&self, address: &Address) -> Vec<String> {
        let Some((field, _)) = self.climbing(address) else { return Vec::new() };
        let height = |document: &Document| document.text(field).unwrap_or_default().to_owned();
        match self.actions.get(address) {
            Some(Action::Update { via, declared, .. }) => via.iter().chain([declared]).map(height).collect(),
            Some(Action::Create { declared, .. } | Action::Replace { declared, .. }) => vec![height(declared)],
            Some(Action::NoOp { .. } | Action::Delete { .. } | Action::Forget { .. }) | None => Vec::new(),
        }
    }
}

fn key(address: &Address, part: StepPart) -> StepKey {
    StepKey { address: address.clone(), part }
}

fn change(rung: usize) -> StepPart {
    StepPart::Change { rung: u32::try_from(rung).expect("ladders are short") }
}
