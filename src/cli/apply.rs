//! `apply` and `destroy`: the commands that change things.

use std::path::Path;

use super::args::{ApplyArgs, Common, DestroyArgs, OnFailure};
use super::failure::Failure;
use super::place::{Held, Place};
use super::saved::{ENDING, Saved};
use super::{exit, lost, out, show, values, workplace};
use crate::architecture::remember;
use crate::cloud::Consent;
use crate::engine::Request;
use crate::engine::state::{Book, State};
use crate::render::Goal;
use crate::run::event::{EventKind, Report};
use crate::run::{self, Ledger, Planned, Session, Stop, Teller};
use workplace::Declaration;

/// Makes what is declared.
pub(super) async fn apply(common: &Common, args: ApplyArgs, stop: Stop) -> Result<u8, Failure> {
    let saved = match &args.file {
        Some(path) if path.to_string_lossy().ends_with(ENDING) => Some(Saved::read(path)?),
        Some(_) | None => None,
    };
    let file = saved.as_ref().map(|saved| saved.declaration.clone()).or(args.file);
    let declaration = Declaration::load(file.as_deref())?;
    let ask = match &saved {
        Some(saved) => {
            saved.same_declaration(&declaration)?;
            saved.ask.clone()
        }
        None => Request { replace: args.replace.into_iter().collect(), ..Request::default() },
    };
    let session = workplace::session(common, &declaration.stack, stop).await?;
    let (mut work, held) = Work::begin(common, &declaration, &session, "apply").await?;
    let approved = args.auto_approve || saved.is_some();
    let done = work.apply(&ask, saved.as_ref(), approved, &args.values, args.on_failure).await;
    held.release().await?;
    done
}

/// Removes everything; data only with consent.
pub(super) async fn destroy(common: &Common, args: DestroyArgs, stop: Stop) -> Result<u8, Failure> {
    let declaration = Declaration::load(args.file.file.as_deref())?;
    let delete_data: std::collections::BTreeSet<String> =
        args.delete_data.iter().map(|store| store.word().to_owned()).collect();
    let session = workplace::session(common, &declaration.stack, stop).await?;
    let (mut work, held) = Work::begin(common, &declaration, &session, "destroy").await?;
    let ask = Request { destroy: true, delete_data: delete_data.clone(), ..Request::default() };
    let consent = Consent { delete_data, skip_final_snapshot: args.no_final_snapshot };
    let done = work.destroy(&ask, consent, args.auto_approve).await;
    held.release().await?;
    done
}

/// Asks for a word. Nobody there to answer is an error, not a yes.
pub(super) async fn approve(verb: &str, declaration: &Declaration, word: &str, stop: &Stop) -> Result<(), Failure> {
    let stack = &declaration.stack.stack;
    if !out::can_ask() {
        return Err(Failure::new(
            exit::USAGE,
            format!("{verb} asks before it changes anything, and nobody can answer here"),
        )
        .hint(match verb {
            "apply" => "look at the plan, then say `--auto-approve`; or save it with `plan -o` and apply that",
            _ => "look at what it says, then say `--auto-approve`",
        }));
    }
    let question = format!("\nType `{word}` to {verb} {stack}, anything else to leave it: ");
    if out::ask(&question, stop).await?.as_deref() == Some(word) {
        return Ok(());
    }
    Err(Failure::new(exit::FAILED, format!("{verb} was not approved; nothing was changed")))
}

/// A stack under its lock.
pub(super) struct Work<'a> {
    common: &'a Common,
    declaration: &'a Declaration,
    session: &'a Session,
    store: Option<Place>,
    book: Option<Book>,
    ledger: Option<Ledger>,
}

impl<'a> Work<'a> {
    /// Takes the lock and settles what an earlier run left open.
    pub(super) async fn begin(
        common: &'a Common,
        declaration: &'a Declaration,
        session: &'a Session,
        command: &str,
    ) -> Result<(Self, Held), Failure> {
        let mut store = workplace::store(common, declaration)?;
        let held = store.lock(&workplace::lock_info(command, &session.host), &session.host, &session.stop).await?;
        let mut work = Self { common, declaration, session, store: Some(store), book: None, ledger: None };
        match work.settle().await {
            Ok(()) => Ok((work, held)),
            Err(failure) => {
                held.release().await?;
                Err(failure)
            }
        }
    }

    async fn settle(&mut self) -> Result<(), Failure> {
        let store = self.store.as_mut().expect("the store is taken later");
        let book = workplace::load(store, self.declaration).await?;
        let open = !book.open.is_empty();
        self.book = Some(book);
        if open {
            let mut ledger = self.open().await?;
            let mut sinks = show::sinks(self.common, self.session);
            run::recover(self.session, &mut ledger, &mut Teller::new(&self.session.host, &mut sinks)).await?;
            self.ledger = Some(ledger);
        }
        Ok(())
    }

    async fn apply(
        &mut self,
        ask: &Request,
        saved: Option<&Saved>,
        approved: bool,
        values: &Path,
        on_failure: OnFailure,
    ) -> Result<u8, Failure> {
        let planned = self.plan(ask).await?;
        if let Some(saved) = saved {
            saved.same_plan(&planned.plan)?;
        }
        self.show(&planned, Goal::Converge);
        if planned.plan.has_changes() && !approved {
            approve("apply", self.declaration, "yes", &self.session.stop).await?;
        }
        let before = self.state();
        let (stack, mut unwritten) = (&self.declaration.stack, None);
        // In the write that ends the run: values that were never written were for no version.
        let publish = |state: &mut State| {
            let published = remember(stack, state);
            match values::write(self.declaration, &published, values) {
                Ok(()) => *state = published,
                Err(failure) => unwritten = Some(failure),
            }
        };
        let report = self.carry_out(&planned, Consent::default(), Goal::Converge, publish).await?;
        if !report.is_complete() {
            if on_failure == OnFailure::Rollback && !report.failed.is_empty() {
                self.roll_back(&planned, &report, &before).await?;
            }
            return Ok(show::exit_status(self.session, &report));
        }
        if let Some(failure) = unwritten {
            return Err(failure);
        }
        values::next_steps(self.common, self.declaration, &self.state(), values)?;
        Ok(exit::DONE)
    }

    async fn destroy(&mut self, ask: &Request, consent: Consent, approved: bool) -> Result<u8, Failure> {
        let planned = self.plan(ask).await?;
        self.show(&planned, Goal::Destroy);
        if planned.plan.has_changes() && !approved {
            let stack = self.declaration.stack.stack.as_str();
            approve("destroy", self.declaration, stack, &self.session.stop).await?;
        }
        let report = self.carry_out(&planned, consent, Goal::Destroy, |_| ()).await?;
        if !report.is_complete() {
            return Ok(show::exit_status(self.session, &report));
        }
        let left = run::leftovers(self.session, self.declaration, &self.state()).await;
        Ok(lost::left(self.common, self.declaration, &self.state(), left))
    }

    /// The state as it is now.
    pub(super) fn state(&self) -> State {
        match (&self.ledger, &self.book) {
            (Some(ledger), _) => ledger.state().clone(),
            (None, Some(book)) => book.state.clone(),
            (None, None) => unreachable!("a stack under work has a book or a ledger"),
        }
    }

    async fn plan(&self, ask: &Request) -> Result<Planned, Failure> {
        let mut sinks = show::looking_sinks(self.common, self.session);
        let mut tell = Teller::new(&self.session.host, &mut sinks);
        Ok(run::plan(self.session, self.declaration, &self.state(), ask, &mut tell).await?)
    }

    /// The ledger of the stack. A stack without a lockfile gets one now, not earlier: looking changes nothing.
    async fn open(&mut self) -> Result<Ledger, Failure> {
        if let Some(ledger) = self.ledger.take() {
            return Ok(ledger);
        }
        let store = self.store.take().expect("the store is taken once");
        self.book = None;
        let fresh = State { lineage: self.session.host.fresh_id(), ..workplace::fresh(self.declaration) };
        Ok(Ledger::open(Box::new(store), fresh).await?)
    }

    pub(super) fn show(&self, planned: &Planned, goal: Goal) {
        let (common, session) = (self.common, self.session);
        let view = show::PlanShow { common, stack: &self.declaration.stack, session, goal, verbose: false };
        show::plan(planned, &view);
    }

    /// Takes back what was made, and says so.
    async fn roll_back(&mut self, planned: &Planned, report: &Report, before: &State) -> Result<(), Failure> {
        let mut ledger = self.open().await?;
        if self.session.stop.is_draining() || !ledger.book().open.is_empty() {
            lost::not_rolled_back(self.common);
            return Ok(());
        }
        let mut sinks = show::sinks(self.common, self.session);
        let mut tell = Teller::new(&self.session.host, &mut sinks);
        let done =
            run::roll_back(self.session, planned, report, self.declaration, before, &mut ledger, &mut tell).await;
        drop(sinks);
        self.ledger = Some(ledger);
        lost::rolled_back(self.common, &done?);
        Ok(())
    }

    /// Carries a plan out and says how it went. `publish` adds to the state that is written once all of it was done.
    pub(super) async fn carry_out(
        &mut self,
        planned: &Planned,
        consent: Consent,
        goal: Goal,
        publish: impl FnOnce(&mut State),
    ) -> Result<Report, Failure> {
        let mut ledger = self.open().await?;
        let mut sinks = show::sinks(self.common, self.session);
        let mut tell = Teller::new(&self.session.host, &mut sinks);
        let command = match goal {
            Goal::Converge => "apply",
            Goal::Destroy => "destroy",
        };
        tell.say(EventKind::RunStarted {
            command: command.to_owned(),
            stack: planned.plan.stack.clone(),
            serial: ledger.state().serial,
        });
        let finish = |state: &mut State, complete| {
            state.declaration = self.declaration.name();
            if complete {
                publish(state);
            }
        };
        let done = run::apply(self.session, planned, self.declaration, &mut ledger, consent, finish, &mut tell).await;
        drop(sinks);
        let left = ledger.state().resources.len();
        self.ledger = Some(ledger);
        let report = done?;
        if planned.plan.has_changes() || !report.is_complete() {
            show::summary(self.common, self.declaration, goal, left, &report);
        }
        Ok(report)
    }
}

/// Whether a path is that of the standard output.
pub(super) fn is_stdout(path: &Path) -> bool {
    path.as_os_str() == "-"
}
