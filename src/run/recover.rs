//! What an earlier run began and did not finish, settled before anything new is planned.
//!
//! One rule: for each creation without a result, look whether it happened, and take what is there into the record as
//! unfinished. An object whose id is known already is looked for all the same, until the cloud shows it: what was made a
//! moment ago may be missing from lists, and to the next plan what is missing is gone. Changes and removals need nothing
//! but the ordinary look: the next plan compares every field anyway.

use std::collections::BTreeMap;
use std::time::Duration;

use futures_core::future::BoxFuture;

use super::event::EventKind;
use super::ledger::Ledger;
use super::{EventEmitter, RunError, Session};
use crate::cloud::wait::sleep;
use crate::cloud::{ObserveRequest, ObserveTarget};
use crate::engine::PlanError;
use crate::engine::plan::StepPart;
use crate::engine::state::{Book, JournalEntry, OpenIntent, State, StepOutcome};
use crate::model::address::Address;
use crate::model::error::CloudError;
use crate::model::observation::Observation;
use crate::model::resource::Known;
use crate::model::surroundings::Questions;
use crate::store::{Store, StoreError};

/// Seconds between two looks for what may be missing from lists.
const BETWEEN: u32 = 10;

/// Settles every open intent of `ledger`.
///
/// # Errors
/// [`RunError`] when the cloud could not be asked, something begun could not be read, or the record not be written; the
/// intents stay open then.
pub async fn recover(session: &Session, ledger: &mut Ledger, events: &mut EventEmitter<'_>) -> Result<(), RunError> {
    settle(session, ledger, Search::UntilShown, events).await
}

/// The state that settling the open intents of `book` leaves, as far as one look tells: what a plan starts from that is
/// made before they are. Changes nothing, not even a file.
///
/// # Errors
/// As [`recover`].
pub async fn foreseen(session: &Session, book: &Book) -> Result<State, RunError> {
    if book.open.is_empty() {
        return Ok(book.state.clone());
    }
    let mut ledger = Ledger::new(book.clone(), book.state.clone(), Box::new(Nowhere));
    settle(session, &mut ledger, Search::Once, &mut EventEmitter::new(session, &mut [])).await?;
    Ok(ledger.state().clone())
}

/// How long to look for what may be missing from lists.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Search {
    /// One look.
    Once,
    /// Until the cloud must have shown it.
    UntilShown,
}

/// A store that keeps nothing.
struct Nowhere;

impl Store for Nowhere {
    fn load(&mut self) -> BoxFuture<'_, Result<Option<Book>, StoreError>> {
        Box::pin(async { Ok(None) })
    }

    fn append<'a>(&'a mut self, _: &'a State, _: &'a [JournalEntry]) -> BoxFuture<'a, Result<(), StoreError>> {
        Box::pin(async { Ok(()) })
    }

    fn write<'a>(&'a mut self, _: &'a State) -> BoxFuture<'a, Result<(), StoreError>> {
        Box::pin(async { Ok(()) })
    }
}

async fn settle(
    session: &Session,
    ledger: &mut Ledger,
    search: Search,
    events: &mut EventEmitter<'_>,
) -> Result<(), RunError> {
    let open = ledger.book().open.clone();
    if open.is_empty() {
        return Ok(());
    }
    let surroundings = super::survey(session, &Questions::default(), None, ledger.state()).await?;
    let (mut unseen, rest): (BTreeMap<u64, OpenIntent>, BTreeMap<u64, OpenIntent>) =
        open.into_iter().partition(|(_, open)| open.intent.step.part == StepPart::Create);
    // Without a creation there is nothing to look for.
    ledger.end(rest.into_keys().map(|begin| (begin, StepOutcome::Failed)).collect()).await?;
    let stack = ledger.state().stack.clone();
    let mut waited = 0;
    while !unseen.is_empty() {
        let ids = ledger.index().clone();
        let targets: BTreeMap<Address, ObserveTarget> =
            unseen.values().map(|open| (open.intent.step.address.clone(), target(open, ledger.state()))).collect();
        let request = ObserveRequest {
            stack: &stack,
            targets: &targets,
            ids: &ids,
            surroundings: &surroundings,
            removing: false,
        };
        let observed = super::stoppable(session, session.cloud.observe(&request)).await?;
        for (begin, open) in unseen.clone() {
            let address = &open.intent.step.address;
            let Some(Observation::Present { known: Known { computed, .. }, .. }) = observed.get(address) else {
                continue;
            };
            if open.made.is_none() {
                ledger.made(vec![(begin, computed.clone())]).await?;
            }
            ledger.end(vec![(begin, StepOutcome::Failed)]).await?;
            let id = computed.text("id").unwrap_or_default().to_owned();
            events.emit(EventKind::Adopted { address: address.clone(), id });
            unseen.remove(&begin);
        }
        waited += BETWEEN;
        let hidden = |open: &OpenIntent| {
            let facts = session.catalog.get(&open.intent.step.address.kind);
            search == Search::UntilShown && facts.is_some_and(|facts| waited < facts.hidden_seconds)
        };
        let (rest, given_up): (BTreeMap<u64, OpenIntent>, BTreeMap<u64, OpenIntent>) =
            unseen.into_iter().partition(|(_, open)| hidden(open));
        unread(&given_up, &observed)?;
        ledger.end(given_up.into_keys().map(|begin| (begin, StepOutcome::Failed)).collect()).await?;
        unseen = rest;
        if !unseen.is_empty() {
            events.emit(EventKind::LookingAgain {
                missing: unseen.values().map(|open| open.intent.step.address.clone()).collect(),
                interrupted: true,
                waited_seconds: (waited - BETWEEN).into(),
                at_most_seconds: hidden_at_most(session, unseen.values()).into(),
            });
            super::stoppable(session, sleep(Duration::from_secs(BETWEEN.into()), session.time_scale)).await?;
        }
    }
    Ok(())
}

/// After how many seconds the last of these counts as not made.
fn hidden_at_most<'a>(session: &Session, open: impl Iterator<Item = &'a OpenIntent>) -> u32 {
    let seconds = open.filter_map(|open| session.catalog.get(&open.intent.step.address.kind));
    seconds.map(|facts| facts.hidden_seconds).max().unwrap_or_default()
}

/// What to look for: the object with the id that is known, else one with our marks that is neither what stands nor what
/// awaits removal.
fn target(open: &OpenIntent, state: &State) -> ObserveTarget {
    let address = &open.intent.step.address;
    let declared = open.intent.declared.clone();
    let recorded = open.made.clone().zip(declared.clone());
    let recorded = recorded.map(|(computed, declared)| Known { declared, computed });
    let mut old = state.old(address);
    if let Some(standing) = state.resources.get(address).filter(|_| !open.intent.vanished) {
        // The object that was to be replaced carries the same marks. One that vanished is in nobody's way.
        old.extend(standing.computed.text("id").map(str::to_owned));
    }
    ObserveTarget { declared, recorded, attempted: Vec::new(), old }
}

/// What cannot be read is neither there nor gone: its intent stays open.
fn unread(unseen: &BTreeMap<u64, OpenIntent>, observed: &BTreeMap<Address, Observation>) -> Result<(), RunError> {
    let unread: BTreeMap<Address, CloudError> = unseen
        .values()
        .filter_map(|open| match observed.get(&open.intent.step.address)? {
            Observation::Unread { error } => Some((open.intent.step.address.clone(), error.clone())),
            Observation::Present { .. } | Observation::Absent | Observation::Foreign { .. } => None,
        })
        .collect();
    if unread.is_empty() { Ok(()) } else { Err(PlanError::Unread { unread }.into()) }
}
