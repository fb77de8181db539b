//! `drift fix`: what was recorded of the named objects is put back, what is named in them and is not ours is taken away, and
//! nothing else is done.

use std::collections::{BTreeMap, BTreeSet};

use super::args::{Common, FixArgs};
use super::failure::Failure;
use super::memory::{self, Memory};
use super::wanted::wanted;
use super::work::{Asked, StackRun};
use super::{exit, out, show, workplace};
use crate::engine::state::State;
use crate::model::address::Address;
use crate::model::surroundings::Surroundings;
use crate::report::{Goal, Page};
use crate::run::{self, Departure, EventEmitter, Extra, LookBasis, LookScope, Planned, Settled, Stop};
use workplace::Declaration;

/// Puts back what was recorded, and takes away what is named.
pub(super) async fn fix(common: &Common, args: &FixArgs, stop: Stop) -> Result<u8, Failure> {
    let wanted = wanted(&args.what)?;
    let declaration = Declaration::load(args.file.as_deref())?;
    let session = workplace::session(common, &declaration.stack, stop).await?;
    let run = StackRun { common, declaration: &declaration, session: &session };
    run.settled("drift fix", async |settled| Fix { run, wanted: &wanted }.put_right(args, settled).await).await
}

struct Fix<'a> {
    run: StackRun<'a>,
    wanted: &'a BTreeMap<Address, Vec<String>>,
}

/// What is not ours and is to be taken away, and where that is.
type Extras = (Vec<Extra>, Surroundings);

impl Fix<'_> {
    async fn put_right(&self, args: &FixArgs, settled: Settled<'_>) -> Result<u8, Failure> {
        let extras = self.extras(settled.state()).await?;
        let planned = self.planned(settled.state()).await?;
        if let Some(planned) = &planned {
            self.run.show(planned, Goal::Converge, None, None);
        }
        if let Some((extras, _)) = &extras {
            show::page(self.run.common, &Page::of_extras(self.stack(), extras));
        }
        let planned = planned.filter(|planned| planned.plan.has_changes());
        if planned.is_none() && extras.is_none() {
            return Ok(exit::DONE);
        }
        if !args.auto_approve {
            self.run.approve("fix", "yes").await?;
        }
        let state = settled.state().clone();
        if let Some(planned) = &planned {
            let code = self.carry_out(planned, settled).await?;
            if code != exit::DONE {
                return Ok(code);
            }
        }
        match extras {
            Some(extras) => self.take_away(&state, extras).await,
            None => Ok(exit::DONE),
        }
    }

    /// The objects that are put back as a whole.
    fn whole(&self) -> BTreeSet<Address> {
        self.wanted.iter().filter(|(_, names)| names.is_empty()).map(|(address, _)| address.clone()).collect()
    }

    fn stack(&self) -> &str {
        self.run.declaration.stack.stack.as_str()
    }

    async fn planned(&self, state: &State) -> Result<Option<Planned>, Failure> {
        let StackRun { common, declaration, session } = self.run;
        let whole = self.whole();
        if whole.is_empty() {
            return Ok(None);
        }
        let mut sinks = show::looking_sinks(common, session);
        let mut events = EventEmitter::new(session, &mut sinks);
        Ok(Some(run::fix(session, declaration, state, &whole, &mut events).await?))
    }

    /// What is named and not ours; nothing where nothing is named so.
    async fn extras(&self, state: &State) -> Result<Option<Extras>, Failure> {
        let StackRun { common, declaration, session } = self.run;
        if self.wanted.values().all(Vec::is_empty) {
            return Ok(None);
        }
        let mut sinks = show::looking_sinks(common, session);
        let mut events = EventEmitter::new(session, &mut sinks);
        // What tells that there may be an extra is compared with earlier looks.
        let home = workplace::home(common, declaration)?;
        let baselines = Memory::recall(&home, session.host.now()).await.baselines();
        let named = self.wanted.iter().filter(|(_, names)| !names.is_empty());
        let scope = LookScope::Only(named.map(|(address, _)| address.clone()).collect());
        let basis = LookBasis { baselines: &baselines, days: declaration.stack.lifecycle };
        let seen = run::look(session, state, &scope, basis, &mut events).await?;
        let extras = seen.extras(self.wanted).map_err(run::RunError::Fix)?;
        Ok(Some((extras, seen.surroundings)))
    }

    async fn carry_out(&self, planned: &Planned, settled: Settled<'_>) -> Result<u8, Failure> {
        let StackRun { common, session, .. } = self.run;
        let mut open = settled.open().await?;
        let asked = Asked::Fix { wanted: self.wanted.clone() };
        let report = self.run.carry_out(&mut open, planned, &asked, Goal::Converge, |state| state).await?;
        if !report.is_complete() {
            return Ok(show::exit_status(session, &report));
        }
        if !common.json {
            out::note("It is as it was recorded. What is declared and not applied yet is left to apply.\n");
        }
        Ok(exit::DONE)
    }

    async fn take_away(&self, state: &State, (extras, place): Extras) -> Result<u8, Failure> {
        let StackRun { common, declaration, session } = self.run;
        let departures = run::take_away(session, &place, &extras).await;
        let gone = extras.iter().zip(&departures).filter(|(_, one)| matches!(one, Departure::Gone));
        let gone: Vec<Extra> = gone.map(|(one, _)| one.clone()).collect();
        let is_all = gone.len() == extras.len();
        if let Ok(home) = workplace::home(common, declaration) {
            memory::leave_taken_away(&home, session, state, &gone, is_all).await;
        }
        let again =
            Asked::Fix { wanted: self.wanted.clone() }.again(&declaration.name(), &run::event::RunReport::default());
        show::page(common, &Page::of_departures(self.stack(), &extras, &departures, &again));
        Ok(match (is_all, session.stop.is_draining()) {
            (true, _) => exit::DONE,
            (false, true) => exit::INTERRUPTED,
            (false, false) => exit::FAILED,
        })
    }
}
