//! `apply` and `destroy`: the commands that change things.

use std::path::{Path, PathBuf};

use super::args::{ApplyArgs, Common, DestroyArgs, OnFailure};
use super::ask::Ask;
use super::failure::Failure;
use super::place::{Held, Place};
use super::saved::{Given, Saved};
use super::{downgrade, exit, handover, lost, out, pods, show, values, workplace};
use crate::architecture::{handles, remember, standing};
use crate::cloud::Consent;
use crate::cloud::vault::Vault;
use crate::engine::Request;
use crate::engine::state::{Book, State};
use crate::engine::values::ValuesPlan;
use crate::helm::shell_word;
use crate::model::address::Address;
use crate::render::Goal;
use crate::run::event::{EventKind, Report};
use crate::run::{self, Ledger, Planned, Rotation, Session, Stop, Teller};
use crate::stack::Stack;
use workplace::{Connection, Declaration};

/// Makes what is declared, or carries a saved plan out.
pub(super) async fn apply(common: &Common, args: ApplyArgs, stop: Stop) -> Result<u8, Failure> {
    let declaration = match Given::read(args.file.as_deref())? {
        Given::Declaration(declaration) => declaration,
        Given::Plan(path, saved) => return apply_saved(common, &args, &path, &saved, stop).await,
    };
    let Connection { session, vault, .. } = workplace::connect(common, &declaration.stack, stop).await?;
    let request = Request { replace: args.replace.into_iter().collect(), ..Request::default() };
    let order = Order {
        ask: Ask { request, downgrade: !args.downgrade.is_empty(), ..Ask::default() },
        saved: None,
        approved: args.auto_approve,
        values: args.values.clone().unwrap_or_else(|| handover::usual(common, &declaration.stack)),
        named: args.values,
        on_failure: args.on_failure,
        vault: Some(&*vault),
    };
    carry(common, &declaration, &session, "apply", &order).await
}

/// Carries a saved plan out. To save one that destroys is not yet to destroy: that is asked for as ever.
async fn apply_saved(common: &Common, args: &ApplyArgs, path: &Path, saved: &Saved, stop: Stop) -> Result<u8, Failure> {
    let destroys = saved.ask.request.destroy;
    let unasked = args.replace.iter().any(|address| !saved.ask.request.replace.contains(address));
    if unasked || (!args.downgrade.is_empty() && !saved.ask.downgrade) {
        let failure = Failure::new(exit::USAGE, format!("{} is carried out as it was saved", path.display()));
        if destroys {
            return Err(failure.hint("it destroys: leave `--replace` and `--downgrade` away"));
        }
        let mut ask = saved.ask.clone();
        ask.request.replace.extend(args.replace.iter().cloned());
        ask.downgrade |= !args.downgrade.is_empty();
        let (file, to) = (word(&saved.declaration.file), word(path));
        return Err(failure
            .hint(format!("save a plan that does that too: `ppm-infra plan {file}{} -o {to}`", ask.options(true))));
    }
    if destroys && args.on_failure == OnFailure::Rollback {
        return Err(Failure::new(exit::USAGE, format!("{} destroys, which is never rolled back", path.display()))
            .hint("leave `--on-failure` away"));
    }
    let declaration = saved.declaration(path)?;
    let Connection { session, vault, .. } = workplace::connect(common, &declaration.stack, stop).await?;
    let usual = handover::usual(common, &declaration.stack);
    let at = saved.values.as_ref().map(|values| PathBuf::from(&values.file));
    let order = Order {
        ask: saved.ask.clone(),
        saved: Some(saved),
        approved: args.auto_approve || !destroys,
        named: args.values.clone().or_else(|| at.clone().filter(|path| *path != usual)),
        values: args.values.clone().or(at).unwrap_or(usual),
        on_failure: args.on_failure,
        vault: (!destroys).then_some(&*vault),
    };
    carry(common, &declaration, &session, if destroys { "destroy" } else { "apply" }, &order).await
}

/// Removes everything; data only with consent.
pub(super) async fn destroy(common: &Common, args: DestroyArgs, stop: Stop) -> Result<u8, Failure> {
    let declaration = Declaration::load(args.file.file.as_deref())?;
    let delete_data = args.delete_data.iter().cloned().collect();
    let session = workplace::session(common, &declaration.stack, stop).await?;
    let order = Order {
        ask: Ask {
            request: Request { destroy: true, delete_data, ..Request::default() },
            no_final_snapshot: args.no_final_snapshot,
            ..Ask::default()
        },
        saved: None,
        approved: args.auto_approve,
        values: handover::usual(common, &declaration.stack),
        named: None,
        on_failure: OnFailure::Keep,
        vault: None,
    };
    carry(common, &declaration, &session, "destroy", &order).await
}

/// What a run was asked for on the command line.
pub(super) enum Run {
    /// `apply` or `destroy`.
    Of {
        ask: Ask,
        /// Where the values are to be written, if somebody named it.
        values: Option<PathBuf>,
    },
    /// `adopt`.
    Adopt { address: Address, id: String },
}

impl Run {
    /// What may be deleted.
    fn consent(&self) -> Consent {
        match self {
            Self::Of { ask, .. } => {
                Consent { delete_data: ask.request.delete_data.clone(), skip_final_snapshot: ask.no_final_snapshot }
            }
            Self::Adopt { .. } => Consent::default(),
        }
    }

    /// What to type to go on after a run of which this is told.
    fn again(&self, declaration: &str, report: &Report) -> String {
        let file = shell_word(declaration);
        match self {
            Self::Of { ask, values } => {
                let mut ask = ask.clone();
                // What took its place already is not to be replaced as well.
                ask.request.replace.retain(|address| !report.made.contains(address));
                let verb = match ask.goal() {
                    Goal::Converge => "apply",
                    Goal::Destroy => "destroy",
                };
                format!("ppm-infra {verb} {file}{}", ask.options_with(values.as_deref()))
            }
            Self::Adopt { address, id } => format!("ppm-infra adopt {address} {} {file}", shell_word(id)),
        }
    }
}

/// What is to be carried out, and how.
struct Order<'a> {
    ask: Ask,
    /// The plan that was approved, which this must come out as.
    saved: Option<&'a Saved>,
    approved: bool,
    /// Where the Helm values are.
    values: PathBuf,
    /// The same, where it is not where they usually are.
    named: Option<PathBuf>,
    on_failure: OnFailure,
    /// Where the values of the secrets are, if a rotation that was cut off is to be finished first.
    vault: Option<&'a dyn Vault>,
}

async fn carry(
    common: &Common,
    declaration: &Declaration,
    session: &Session,
    command: &str,
    order: &Order<'_>,
) -> Result<u8, Failure> {
    let (mut work, held) = Work::begin(common, declaration, session, command).await?;
    let finished = match order.vault {
        Some(vault) => work.finish_rotation(vault).await,
        None => Ok(()),
    };
    let done = match (finished, order.ask.goal()) {
        (Err(failure), _) => Err(failure),
        (Ok(()), Goal::Converge) => work.apply(order).await,
        (Ok(()), Goal::Destroy) => work.destroy(order).await,
    };
    held.release().await?;
    done
}

/// Asks for a word. Nobody there to answer is an error, not a yes.
pub(super) async fn approve(verb: &str, declaration: &Declaration, word: &str, stop: &Stop) -> Result<(), Failure> {
    approve_or(verb, declaration, word, stop, "look at what it says, then say `--auto-approve`").await
}

/// As [`approve`], with what to do where nobody is there.
async fn approve_or(
    verb: &str,
    declaration: &Declaration,
    word: &str,
    stop: &Stop,
    alone: &str,
) -> Result<(), Failure> {
    let stack = &declaration.stack.stack;
    if !out::can_ask() {
        return Err(Failure::new(
            exit::USAGE,
            format!("{verb} asks before it changes anything, and nobody can answer here"),
        )
        .hint(alone));
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

    /// Finishes a rotation of the database password that an earlier run was cut off in: until then those who read the
    /// secret may hold a password that is no good any more.
    async fn finish_rotation(&self, vault: &dyn Vault) -> Result<(), Failure> {
        let Some(rotation) = rotation(&self.declaration.stack, &self.state()) else { return Ok(()) };
        if run::finish_rotation(self.session, vault, &rotation).await? {
            let (lines, remark) = pods::new_password(self.declaration);
            let lines = lines.iter().map(|line| format!("  {line}\n")).collect::<Vec<_>>().concat();
            out::note(&format!(
                "A rotation of the database password that was cut off is finished: the database takes the password it \
                 had staged, and Secrets Manager gives it to whoever asks. Running pods need it too:{remark}\n{lines}"
            ));
        }
        Ok(())
    }

    async fn apply(&mut self, order: &Order<'_>) -> Result<u8, Failure> {
        downgrade::refuse(self.declaration, &self.state(), order.ask.downgrade)?;
        let planned = self.plan(order).await?;
        let before = self.state();
        let (foreseen, refusal) = handover::foresee(self.declaration, &before, &planned, &order.values)?;
        if let Some(refusal) = refusal {
            return Err(refusal);
        }
        if let Some(saved) = order.saved {
            saved.same_plan(&planned.plan, Some(&foreseen))?;
        }
        self.show(&planned, Goal::Converge, Some(&foreseen));
        if let Some(code) = show::refused(&planned) {
            return Ok(code);
        }
        if (planned.plan.has_changes() || foreseen.is_change()) && !order.approved {
            let alone = format!(
                "look at the plan, then say `--auto-approve`; or save it with `ppm-infra plan{} -o FILE` and apply that",
                order.ask.options(true)
            );
            approve_or("apply", self.declaration, "yes", &self.session.stop, &alone).await?;
        }
        let (stack, path, mut handed) = (&self.declaration.stack, &order.values, None);
        // In the write that ends the run: values that were never written were for no version.
        let publish = |state: &mut State| {
            let published = remember(stack, state);
            let put = values::write(self.declaration, &published, path);
            handed = Some(put.map(|(written, aside)| {
                *state = State { values: Some(written), ..published };
                aside
            }));
        };
        let run = Run::Of { ask: order.ask.clone(), values: order.named.clone() };
        let report = self.carry_out(&planned, &run, Goal::Converge, publish).await?;
        if !report.is_complete() {
            if order.on_failure == OnFailure::Rollback && !report.failed.is_empty() {
                self.roll_back(&planned, &report, &before).await?;
            }
            return Ok(show::exit_status(self.session, &report));
        }
        let aside = handed.transpose()?.flatten();
        handover::tell(path, aside.as_deref(), before.values.is_none());
        values::next_steps(self.common, self.declaration, &self.state(), path, aside.as_deref())?;
        Ok(exit::DONE)
    }

    async fn destroy(&mut self, order: &Order<'_>) -> Result<u8, Failure> {
        let planned = self.plan(order).await?;
        if let Some(saved) = order.saved {
            saved.same_plan(&planned.plan, None)?;
        }
        self.show(&planned, Goal::Destroy, None);
        if let Some(code) = show::refused(&planned) {
            return Ok(code);
        }
        if planned.plan.has_changes() && !order.approved {
            let stack = self.declaration.stack.stack.as_str();
            approve("destroy", self.declaration, stack, &self.session.stop).await?;
        }
        let run = Run::Of { ask: order.ask.clone(), values: None };
        let report = self.carry_out(&planned, &run, Goal::Destroy, |_| ()).await?;
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

    async fn plan(&self, order: &Order<'_>) -> Result<Planned, Failure> {
        let mut sinks = show::looking_sinks(self.common, self.session);
        let mut tell = Teller::new(&self.session.host, &mut sinks);
        let planned = run::plan(self.session, self.declaration, &self.state(), &order.ask.request, &mut tell).await;
        planned.map_err(|error| Failure::of_planning(error, &order.ask, order.named.as_deref()))
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

    pub(super) fn show(&self, planned: &Planned, goal: Goal, values: Option<&ValuesPlan>) {
        let view = show::PlanShow {
            common: self.common,
            region: self.declaration.stack.region.as_str(),
            catalog: &self.session.catalog,
            goal,
            values,
            file: &self.declaration.name(),
            text: &self.declaration.text,
            verbose: false,
        };
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
        run: &Run,
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
            // What was written for a cluster that is gone is of use to nobody.
            if standing(state, &handles().cluster).is_err() {
                state.values = None;
            }
            if complete {
                publish(state);
            }
        };
        let done =
            run::apply(self.session, planned, self.declaration, &mut ledger, run.consent(), finish, &mut tell).await;
        drop(sinks);
        let left = ledger.state().resources.len();
        self.ledger = Some(ledger);
        let report = done?;
        if planned.plan.has_changes() || !report.is_complete() {
            let again = run.again(&self.declaration.name(), &report);
            show::summary(self.common, self.declaration, goal, &again, left, &report);
        }
        Ok(report)
    }
}

/// The database of the stack and the secret with its login, where both are recorded.
fn rotation(stack: &Stack, state: &State) -> Option<Rotation> {
    let id = |at: &Address| state.resources.get(at)?.computed.text("id").map(str::to_owned);
    let handles = handles();
    let (database, secret) = (id(&handles.database.address())?, id(&handles.database_login.address())?);
    Some(Rotation { stack: stack.stack.to_string(), address: handles.database.address(), database, secret })
}

/// A path for a shell.
fn word(path: &Path) -> String {
    shell_word(&path.display().to_string())
}
