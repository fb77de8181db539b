//! Working on one stack, from what is recorded to what was done: [`Settled`] when nothing is left open by an earlier
//! run, [`Open`] once something is to be written.
//!
//! Promises: looking and planning write nothing, not even the first lockfile of a stack; each stage is made from the one
//! before, so what is done to a stack is done in their order.
//!
//! Leaves to others the lock ([`locked`](super::locked)), and what is asked of people in between.

use super::apply::carry_out;
use super::{Blueprint, EventEmitter, Ledger, Planned, RolledBack, RunError, Session, recover, roll_back};
use crate::cloud::Consent;
use crate::engine::Request;
use crate::engine::state::{Book, State};
use crate::run::event::{EventKind, RunReport};
use crate::store::{Store, StoreError};

/// A stack of which nothing is left open by an earlier run. Who has it holds its lock.
pub struct Settled<'a> {
    session: &'a Session,
    blueprint: &'a dyn Blueprint,
    record: Record,
}

enum Record {
    /// As it was loaded; nothing was written.
    Loaded {
        store: Box<dyn Store>,
        book: Book,
        /// What a stack begins with that has no state yet.
        fresh: State,
    },
    /// Something an earlier run had left open was written down.
    Open(Ledger),
}

impl<'a> Settled<'a> {
    /// Settles what an earlier run left open. `book` is what `store` holds; `fresh` what a stack begins with that has no
    /// state yet, whose lineage is given here.
    ///
    /// # Errors
    /// As [`recover()`]; what was open stays open then.
    pub async fn settle(
        session: &'a Session,
        blueprint: &'a dyn Blueprint,
        (store, book): (Box<dyn Store>, Book),
        fresh: State,
        events: &mut EventEmitter<'_>,
    ) -> Result<Self, RunError> {
        let is_settled = book.open.is_empty();
        let fresh = State { lineage: session.host.fresh_id(), ..fresh };
        let mut settled = Self { session, blueprint, record: Record::Loaded { store, book, fresh } };
        if !is_settled {
            let mut open = settled.open().await?;
            recover(session, &mut open.ledger, events).await?;
            settled = Self { session, blueprint, record: Record::Open(open.ledger) };
        }
        Ok(settled)
    }

    /// The state as it is now.
    pub fn state(&self) -> &State {
        match &self.record {
            Record::Loaded { book, .. } => &book.state,
            Record::Open(ledger) => ledger.state(),
        }
    }

    /// Looks at the cloud and plans. Changes nothing.
    ///
    /// # Errors
    /// As [`plan`](super::plan).
    pub async fn plan(&self, ask: &Request, events: &mut EventEmitter<'_>) -> Result<Planned, RunError> {
        super::plan(self.session, self.blueprint, self.state(), ask, events).await
    }

    /// Opens the ledger. A stack without a lockfile gets one now, and not earlier.
    ///
    /// # Errors
    /// What the store answers.
    pub async fn open(self) -> Result<Open<'a>, StoreError> {
        let Self { session, blueprint, record } = self;
        let ledger = match record {
            Record::Open(ledger) => ledger,
            Record::Loaded { store, fresh, .. } => Ledger::open(store, fresh).await?,
        };
        Ok(Open { session, blueprint, ledger })
    }
}

/// A stack whose ledger is open.
pub struct Open<'a> {
    session: &'a Session,
    blueprint: &'a dyn Blueprint,
    ledger: Ledger,
}

impl Open<'_> {
    /// The state as it is now.
    pub fn state(&self) -> &State {
        self.ledger.state()
    }

    /// Carries a plan out that was made from the state of this stack, and writes the state, unless something is left open.
    /// In the events it is called `command`. Once all of it was done, `deliver` hands over what is made from the state that
    /// is about to be written, and has the last word on that state; everything that was done is durable by then.
    ///
    /// # Errors
    /// That a check failed, or that even the first record could not be written; nothing was changed then.
    pub async fn carry_out(
        &mut self,
        command: &str,
        (planned, consent): (&Planned, Consent),
        deliver: impl FnOnce(State) -> State,
        events: &mut EventEmitter<'_>,
    ) -> Result<RunReport, RunError> {
        events.emit(EventKind::RunStarted {
            command: command.to_owned(),
            stack: planned.plan.stack.clone(),
            serial: self.ledger.state().serial,
        });
        let Self { session, blueprint, ledger } = self;
        carry_out(session, (planned, consent), *blueprint, ledger, deliver, events).await
    }

    /// Takes back what carrying `planned` out made since `before`. `None`, and nothing was done, where the
    /// run was stopped or some of what it began is in doubt: then the next apply has to look first.
    pub async fn roll_back(
        &mut self,
        (planned, report): (&Planned, &RunReport),
        before: &State,
        events: &mut EventEmitter<'_>,
    ) -> Option<RolledBack> {
        if self.session.stop.is_draining() || !self.ledger.book().open.is_empty() {
            return None;
        }
        let Self { session, blueprint, ledger } = self;
        Some(roll_back(session, planned, report, *blueprint, before, ledger, events).await)
    }
}
