//! References that turn round: where A pointed at B and B is now to point at A, the one reference is removed before the
//! other is made.
//!
//! Neither of two changes in place needs the other, so either could be first, and a run may end between them. In the
//! wrong order the record would then lead in a circle, in which nothing could be removed before anything else.

use std::collections::{BTreeMap, BTreeSet};

use super::{OrderContext, Rules};
use crate::engine::check::held;
use crate::engine::plan::{Action, StepKey, StepPart};
use crate::model::address::Address;
use crate::model::reference::references;
use crate::model::resource::ReplaceOrder;

impl OrderContext<'_> {
    /// Lets what is newly pointed at be let go first by whatever leads back from it.
    pub(super) fn let_go_first(&self, rules: &mut Rules) {
        for (address, action) in self.actions {
            let (Action::Create { declared, .. } | Action::Update { declared, .. } | Action::Replace { declared, .. }) =
                action
            else {
                continue;
            };
            let Some(built) = self.builds(address).into_iter().next() else { continue };
            let recorded = self.records.get(address).map(|recorded| references(&recorded.declared)).unwrap_or_default();
            for target in references(declared).difference(&recorded) {
                let before = self.letting_go(target, address).into_iter().filter(|step| *step != built);
                rules.preferred.extend(before.map(|step| (built.clone(), step)));
            }
        }
    }

    /// The steps that let go of something on the recorded ways from `from` to `to`.
    fn letting_go(&self, from: &Address, to: &Address) -> BTreeSet<StepKey> {
        let (mut todo, mut seen) = (vec![from.clone()], BTreeSet::new());
        let mut leads_here: BTreeMap<Address, Vec<Address>> = BTreeMap::new();
        while let Some(at) = todo.pop() {
            // Ways that go on through `to` do not matter.
            if at == *to || !seen.insert(at.clone()) {
                continue;
            }
            for next in self.records.get(&at).map(|recorded| held(&at, recorded, self.catalog)).unwrap_or_default() {
                leads_here.entry(next.clone()).or_default().push(at.clone());
                todo.push(next);
            }
        }
        let (mut back, mut steps, mut followed) = (vec![to.clone()], BTreeSet::new(), BTreeSet::new());
        while let Some(at) = back.pop() {
            if !followed.insert(at.clone()) {
                continue;
            }
            for before in leads_here.get(&at).into_iter().flatten() {
                steps.extend(self.lets_go(before, &at));
                back.push(before.clone());
            }
        }
        steps
    }

    /// The step after which `holder` is not recorded to point at `target` any more; `None` if it still will.
    fn lets_go(&self, holder: &Address, target: &Address) -> Option<StepKey> {
        let action = self.actions.get(holder)?;
        match action {
            Action::Update { declared, .. } | Action::Replace { declared, .. }
                if references(declared).contains(target) =>
            {
                None
            }
            Action::Replace { order: ReplaceOrder::CreateFirst, .. } => {
                Some(StepKey { address: holder.clone(), part: StepPart::Create })
            }
            Action::Update { .. } => self.builds(holder).pop(),
            Action::Replace { order: ReplaceOrder::DeleteFirst, .. } | Action::Delete { .. } => self.removes(holder),
            Action::NoOp { .. } | Action::Create { .. } | Action::Forget { .. } => None,
        }
    }
}
