//! `apply` and `destroy`: the commands that change things.

use std::path::{Path, PathBuf};

use super::args::{ApplyArgs, Common, DestroyArgs, OnFailure};
use super::ask::Ask;
use super::checking::Checking;
use super::failure::Failure;
use super::saved::{Given, Saved};
use super::work::{Asked, StackRun};
use super::{cost, downgrade, exit, handover, memory, out, pods, recovery_output, show, values, workplace};
use crate::architecture::handles;
use crate::cloud::vault::Vault;
use crate::engine::Request;
use crate::engine::state::State;
use crate::helm::shell_word;
use crate::model::address::Address;
use crate::report::Goal;
use crate::run::event::RunReport;
use crate::run::{self, EventEmitter, Open, Planned, Rotation, Settled, Stop};
use crate::stack::Stack;
use workplace::{Connection, Declaration};

/// Makes what is declared, or carries a saved plan out.
pub(super) async fn apply(common: &Common, args: ApplyArgs, stop: Stop) -> Result<u8, Failure> {
    let mut declaration = match Given::read(args.file.as_deref())? {
        Given::Declaration(declaration) => declaration,
        Given::Plan(path, saved) => return apply_saved(common, &args, &path, &saved, stop).await,
    };
    declaration.checking = Checking::before_writing(&args.skip)?;
    let Connection { session, vault, .. } = workplace::connect(common, &declaration.stack, stop).await?;
    let session = memory::experienced(session, common, &declaration, Goal::Converge).await;
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
    carry(StackRun { common, declaration: &declaration, session: &session }, "apply", &order).await
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
    let mut declaration = saved.declaration(path)?;
    declaration.checking = Checking::before_writing(&args.skip)?.with_final_snapshot(!saved.ask.no_final_snapshot);
    let Connection { session, vault, .. } = workplace::connect(common, &declaration.stack, stop).await?;
    let session = memory::experienced(session, common, &declaration, saved.ask.goal()).await;
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
    let run = StackRun { common, declaration: &declaration, session: &session };
    carry(run, if destroys { "destroy" } else { "apply" }, &order).await
}

/// Removes everything; data only with consent.
pub(super) async fn destroy(common: &Common, args: DestroyArgs, stop: Stop) -> Result<u8, Failure> {
    let mut declaration = Declaration::load(args.file.file.as_deref())?;
    declaration.checking = Checking::before_writing(&args.skip)?.with_final_snapshot(!args.no_final_snapshot);
    let delete_data = args.delete_data.iter().cloned().collect();
    let session = workplace::session(common, &declaration.stack, stop).await?;
    let session = memory::experienced(session, common, &declaration, Goal::Destroy).await;
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
    carry(StackRun { common, declaration: &declaration, session: &session }, "destroy", &order).await
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

/// Carries an order out under the lock of its stack.
async fn carry(run: StackRun<'_>, command: &str, order: &Order<'_>) -> Result<u8, Failure> {
    run.settled(command, async |settled| {
        if let Some(vault) = order.vault {
            finish_rotation(run, settled.state(), vault).await?;
        }
        match order.ask.goal() {
            Goal::Converge => converge(run, settled, order).await,
            Goal::Destroy => remove(run, settled, order).await,
        }
    })
    .await
}

/// Finishes a rotation of the database password that an earlier run was cut off in: until then those who read the secret
/// may hold a password that is no good any more.
async fn finish_rotation(run: StackRun<'_>, state: &State, vault: &dyn Vault) -> Result<(), Failure> {
    let StackRun { declaration, session, .. } = run;
    let Some(rotation) = rotation(&declaration.stack, state) else { return Ok(()) };
    if run::finish_rotation(session, vault, &rotation).await? {
        let (lines, remark) = pods::new_password(declaration);
        let lines = lines.iter().map(|line| format!("  {line}\n")).collect::<Vec<_>>().concat();
        out::note(&format!(
            "A rotation of the database password that was cut off is finished: the database takes the password it \
             had staged, and Secrets Manager gives it to whoever asks. Running pods need it too:{remark}\n{lines}"
        ));
    }
    Ok(())
}

async fn converge(run: StackRun<'_>, settled: Settled<'_>, order: &Order<'_>) -> Result<u8, Failure> {
    let StackRun { common, declaration, session } = run;
    let before = settled.state().clone();
    downgrade::refuse(declaration, &before, order.ask.downgrade)?;
    let planned = plan(run, &settled, order).await?;
    let (foreseen, refusal) = handover::foresee(declaration, &before, &planned, &order.values)?;
    if let Some(refusal) = refusal {
        return Err(refusal);
    }
    if let Some(saved) = order.saved {
        saved.same_plan(&planned.plan, Some(&foreseen))?;
    }
    let change = cost::of_plan(declaration, &planned, &before, &order.ask);
    run.show(&planned, Goal::Converge, Some(&foreseen), Some(&change));
    if let Some(code) = show::refused(&planned) {
        return Ok(code);
    }
    if (planned.plan.has_changes() || foreseen.is_change()) && !order.approved {
        let alone = format!(
            "look at the plan, then say `--auto-approve`; or save it with `ppm-infra plan{} -o FILE` and apply that",
            order.ask.options(true)
        );
        run.approve_or("apply", "yes", &alone).await?;
    }
    let mut open = settled.open().await?;
    let asked = Asked::Of { ask: order.ask.clone(), values: order.named.clone() };
    let (path, mut delivered) = (&order.values, Ok(None));
    let deliver = |published: State| {
        let (state, aside) = values::deliver(declaration, published, path);
        delivered = aside;
        state
    };
    let report = run.carry_out(&mut open, &planned, &asked, Goal::Converge, deliver).await?;
    if !report.is_complete() {
        if order.on_failure == OnFailure::Rollback && !report.failed.is_empty() {
            roll_back(run, &mut open, (&planned, &report), &before).await?;
        }
        return Ok(show::exit_status(session, &report));
    }
    let aside = delivered?;
    handover::tell(path, aside.as_deref(), before.values.is_none());
    values::next_steps(common, declaration, open.state(), path, aside.as_deref())?;
    Ok(exit::DONE)
}

async fn remove(run: StackRun<'_>, settled: Settled<'_>, order: &Order<'_>) -> Result<u8, Failure> {
    let StackRun { common, declaration, session } = run;
    let planned = plan(run, &settled, order).await?;
    if let Some(saved) = order.saved {
        saved.same_plan(&planned.plan, None)?;
    }
    let change = cost::of_plan(declaration, &planned, settled.state(), &order.ask);
    run.show(&planned, Goal::Destroy, None, Some(&change));
    if let Some(code) = show::refused(&planned) {
        return Ok(code);
    }
    if planned.plan.has_changes() && !order.approved {
        run.approve("destroy", declaration.stack.stack.as_str()).await?;
    }
    let mut open = settled.open().await?;
    let asked = Asked::Of { ask: order.ask.clone(), values: None };
    let report = run.carry_out(&mut open, &planned, &asked, Goal::Destroy, |state| state).await?;
    if !report.is_complete() {
        return Ok(show::exit_status(session, &report));
    }
    let left = run::leftovers(session, declaration, open.state()).await;
    Ok(recovery_output::left(common, declaration, open.state(), left))
}

async fn plan(run: StackRun<'_>, settled: &Settled<'_>, order: &Order<'_>) -> Result<Planned, Failure> {
    let mut sinks = show::looking_sinks(run.common, run.session);
    let mut events = EventEmitter::new(run.session, &mut sinks);
    let planned = settled.plan(&order.ask.request, &mut events).await;
    planned.map_err(|error| Failure::of_planning(error, &order.ask, order.named.as_deref()))
}

/// Takes back what was made, and says so.
async fn roll_back(
    run: StackRun<'_>,
    open: &mut Open<'_>,
    done: (&Planned, &RunReport),
    before: &State,
) -> Result<(), Failure> {
    let mut sinks = show::sinks(run.common, run.session);
    let mut events = EventEmitter::new(run.session, &mut sinks);
    let done = open.roll_back(done, before, &mut events).await;
    drop(sinks);
    match done {
        Some(done) => recovery_output::rolled_back(run.common, &done),
        None => recovery_output::not_rolled_back(run.common),
    }
    Ok(())
}

/// The database of the stack and the secret with its login, where both are recorded.
fn rotation(stack: &Stack, state: &State) -> Option<Rotation> {
    let id = |at: &Address| state.resources.get(at)?.computed.text("id").map(str::to_owned);
    let handles = handles(stack);
    let (database, secret) = (id(&handles.database.address())?, id(&handles.database_login.address())?);
    Some(Rotation { stack: stack.stack.to_string(), address: handles.database.address(), database, secret })
}

/// A path for a shell.
fn word(path: &Path) -> String {
    shell_word(&path.display().to_string())
}
