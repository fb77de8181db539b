//! What an earlier run began and did not finish, settled before anything new is planned.
//!
//! One rule: for each creation without a result, look whether it happened, and take what is there into the record as
//! unfinished. Changes and removals need nothing but the ordinary look: the next plan compares every field anyway.

use std::collections::BTreeMap;
use std::time::Duration;

use super::event::EventKind;
use super::ledger::Ledger;
use super::{RunError, Session, Teller};
use crate::cloud::{Look, Target};
use crate::engine::plan::Part;
use crate::engine::state::{Open, Outcome};
use crate::model::address::Address;
use crate::model::observation::Observation;
use crate::model::resource::Known;
use crate::model::surroundings::Questions;

// What was made a moment ago may be missing from lists for about a minute (EC2 "Eventual consistency").
const LOOKS: u32 = 6;
const BETWEEN: Duration = Duration::from_secs(10);

/// Settles every open intent of `ledger`.
///
/// # Errors
/// [`RunError`] when the cloud could not be asked or the record not be written; the intents stay open then.
pub async fn recover(session: &Session, ledger: &mut Ledger, tell: &mut Teller<'_>) -> Result<(), RunError> {
    let open = ledger.book().open.clone();
    if open.is_empty() {
        return Ok(());
    }
    let surroundings = super::survey(session, &Questions::default(), None, ledger.state()).await?;
    let mut unknown: BTreeMap<u64, Open> = BTreeMap::new();
    for (begin, open) in open {
        // With an id the object is recorded as unfinished, without a creation there is nothing to look for.
        if open.intent.step.part == Part::Create && open.made.is_none() {
            unknown.insert(begin, open);
        } else {
            ledger.end(vec![(begin, Outcome::Failed)]).await?;
        }
    }
    let ids = ledger.state().index();
    for round in 0..LOOKS {
        if unknown.is_empty() {
            break;
        }
        if round > 0 {
            tokio::time::sleep(BETWEEN.div_f64(session.time_scale)).await;
        }
        let targets: BTreeMap<Address, Target> = unknown
            .values()
            .map(|open| {
                (open.intent.step.address.clone(), Target { declared: open.intent.declared.clone(), recorded: None })
            })
            .collect();
        let stack = ledger.state().stack.clone();
        let look = Look { stack: &stack, targets: &targets, ids: &ids, surroundings: &surroundings, removing: false };
        let observed = session.cloud.observe(&look).await;
        let mut found = Vec::new();
        for (begin, open) in &unknown {
            let address = &open.intent.step.address;
            if let Some(Observation::Present { known: Known { computed, .. }, .. }) = observed.get(address) {
                let recorded = ledger.state().resources.get(address);
                // The object that was to be replaced carries the same marks.
                let is_old = recorded.is_some_and(|old| old.computed.text("id") == computed.text("id"))
                    || ledger.state().is_old(address, computed);
                if !is_old {
                    found.push((*begin, address.clone(), computed.clone()));
                }
            }
        }
        for (begin, address, computed) in found {
            let id = computed.text("id").unwrap_or_default().to_owned();
            ledger.made(vec![(begin, computed)]).await?;
            ledger.end(vec![(begin, Outcome::Failed)]).await?;
            tell.say(EventKind::Adopted { address, id });
            unknown.remove(&begin);
        }
    }
    for begin in unknown.into_keys() {
        ledger.end(vec![(begin, Outcome::Failed)]).await?;
    }
    Ok(())
}
