//! `drift`: of one stack, or of several that are looked at beside each other.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::pin::pin;

use futures_util::{StreamExt as _, stream};
use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::args::{Common, DriftArgs, DriftCommand};
use super::drift_files::DriftFiles;
use super::drift_put_right::{self, PutRight};
use super::drift_scope::AskedScope;
use super::failure::Failure;
use super::memory::{Looked, Memory};
use super::notify::Notices;
use super::{
    drift_accept, drift_fix, drift_schedule, drift_waive, exit, handover, heartbeat, memory, out, show, typed,
    workplace,
};
use crate::audit::AuditEvent;
use crate::engine::state::{Book, State};
use crate::model::finding::{Finding, Grade};
use crate::report::words::count;
use crate::report::{Page, ValuesFile};
use crate::run::since::RunOutcome;
use crate::run::{self, DriftReport, EventEmitter, Host, LookBasis, LookScope, Prospects, Session, Stop};
use crate::store::file;
use crate::store::home::Home;
use workplace::Declaration;

/// How many stacks are looked at beside each other: each asks some 80 times within a second, and all of an account and region
/// draw from the same buckets (Amazon EC2 Developer Guide, "Request throttling for the Amazon EC2 API").
const AT_ONCE: usize = 4;

/// Shows what somebody else moved, or does something about it.
pub(super) async fn drift(common: &Common, args: &DriftArgs, stop: Stop) -> Result<u8, Failure> {
    match &args.instead {
        None => looked(common, args, stop).await,
        Some(DriftCommand::Accept(args)) => drift_accept::accept(common, args, stop).await,
        Some(DriftCommand::Waive(args)) => drift_waive::waive(common, args),
        Some(DriftCommand::Fix(args)) => drift_fix::fix(common, args, stop).await,
        Some(DriftCommand::History(args)) => memory::history(common, args).await,
        Some(DriftCommand::Schedule(args)) => drift_schedule::drift_schedule(common, args).await,
    }
}

/// Shows what somebody else moved; writes it to the files that were named, and tells those who were.
async fn looked(common: &Common, args: &DriftArgs, stop: Stop) -> Result<u8, Failure> {
    let mut sides = Sides { files: DriftFiles::named(args)?, notices: Notices::named(args)? };
    let declarations = declarations(&args.files)?;
    let scope = AskedScope::named(args, declarations.len())?;
    match declarations.as_slice() {
        [] | [_] => {
            let first = declarations.first().map(PathBuf::as_path);
            let stack = RecordedStack::loaded(common, first).await?;
            let scope = (scope.of(&stack.book.state)?, scope.event());
            if scope.0.is_nothing() {
                stack.tell_nothing(common, args, scope, &mut sides);
                sides.files.write()?;
                return Ok(exit::DONE);
            }
            may_put_right(args, &stack.declaration)?;
            let looked = Look::taken(common, stack, scope, stop, true).await?.with_who(args).await;
            let looked = looked.with_put_right(common, args).await?;
            let came = looked.tell(common, args, &mut sides).await;
            sides.files.write()?;
            // Whoever waits for it waits for looks at everything.
            if looked.report.scope.only().is_none() {
                heartbeat::beat(common, args.heartbeat.as_ref()).await;
            }
            Ok(exit::leaving(came.code(), looked))
        }
        several => {
            let totals = of_several((common, args), several, stop, &mut sides).await?;
            sides.files.write()?;
            if totals.failed == 0 {
                heartbeat::beat(common, args.heartbeat.as_ref()).await;
            }
            Ok(totals.code())
        }
    }
}

/// Where a look goes beside the terminal.
struct Sides {
    files: DriftFiles,
    notices: Notices,
}

/// The declarations that are named, those in a folder that is named by their names; none where none is.
fn declarations(named: &[PathBuf]) -> Result<Vec<PathBuf>, Failure> {
    let mut all = Vec::new();
    for path in named {
        if path.is_dir() {
            let found = file::list(path, &[".yaml", ".yml"])?;
            if found.is_empty() {
                let heading = format!("there is no declaration in {}", path.display());
                return Err(Failure::new(exit::USAGE, heading).hint("its declarations end in .yaml or .yml"));
            }
            all.extend(found);
        } else {
            all.push(path.clone());
        }
    }
    let mut seen = BTreeSet::new();
    all.retain(|path| seen.insert(path.clone()));
    Ok(all)
}

/// Looks at several stacks, tells each as soon as all before it are told, and then what came of them. One that cannot be
/// looked at keeps no other from it.
async fn of_several(
    (common, args): (&Common, &DriftArgs),
    declarations: &[PathBuf],
    stop: Stop,
    sides: &mut Sides,
) -> Result<Totals, Failure> {
    let mut totals = Totals::default();
    let look = async |path: &'_ PathBuf| {
        let looked = async {
            let stack = RecordedStack::loaded(common, Some(path)).await?;
            may_put_right(args, &stack.declaration)?;
            Look::taken(common, stack, (LookScope::Everything, None), stop.clone(), false).await
        };
        (path.clone(), looked.await)
    };
    let mut looks = pin!(stream::iter(declarations).map(look).buffered(AT_ONCE));
    while let Some((path, looked)) = looks.next().await {
        typed::about(&path);
        match looked {
            Ok(looked) => {
                // One after the other: all stacks of an account and region draw from the same bucket.
                let looked = looked.with_who(args).await.with_put_right(common, args).await?;
                let came = looked.tell(common, args, sides).await;
                if !common.json {
                    out::told("\n");
                }
                totals.add(came);
            }
            Err(failure) if failure.code == exit::INTERRUPTED => return Err(failure),
            Err(failure) => {
                let heading = format!("{}: {}", path.display(), failure.heading);
                show::failure(common.json, &Failure { heading, ..failure });
                totals.failed += 1;
            }
        }
    }
    if !common.json {
        out::told(&totals.text(args.exit_on));
    }
    Ok(totals)
}

/// What came of a look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum LookOutcome {
    InSync,
    /// Something drifted, and nothing so bad that the exit status tells of it.
    Below,
    Drifted,
    /// Something could not be read.
    Incomplete,
}

impl LookOutcome {
    /// What drifted is at worst `worst`, and `exit_on` is how bad it has to be for the exit status.
    fn of(is_incomplete: bool, worst: Option<Grade>, exit_on: Grade) -> Self {
        match worst {
            _ if is_incomplete => Self::Incomplete,
            None => Self::InSync,
            Some(worst) if worst < exit_on => Self::Below,
            Some(_) => Self::Drifted,
        }
    }

    fn code(self) -> u8 {
        match self {
            Self::InSync | Self::Below => exit::DONE,
            Self::Drifted => exit::DIFFERENT,
            Self::Incomplete => exit::INCOMPLETE,
        }
    }

    /// As it is remembered, whatever the exit status tells.
    fn kept(self) -> RunOutcome {
        match self {
            Self::InSync => RunOutcome::InSync,
            Self::Below | Self::Drifted => RunOutcome::Drifted,
            Self::Incomplete => RunOutcome::Incomplete,
        }
    }
}

/// What came of several looks.
#[derive(Debug, Default)]
struct Totals {
    in_sync: usize,
    below: usize,
    drifted: usize,
    unknown: usize,
    /// Those that could not be looked at.
    failed: usize,
}

impl Totals {
    fn add(&mut self, came: LookOutcome) {
        match came {
            LookOutcome::InSync => self.in_sync += 1,
            LookOutcome::Below => self.below += 1,
            LookOutcome::Drifted => self.drifted += 1,
            LookOutcome::Incomplete => self.unknown += 1,
        }
    }

    fn code(&self) -> u8 {
        match self {
            Self { unknown: 1.., .. } | Self { failed: 1.., .. } => exit::INCOMPLETE,
            Self { drifted: 1.., .. } => exit::DIFFERENT,
            Self { .. } => exit::DONE,
        }
    }

    fn text(&self, exit_on: Grade) -> String {
        let unknown = self.unknown + self.failed;
        let all = count(self.in_sync + self.below + self.drifted + unknown, "stack");
        let below = format!("drifted below --exit-on {}", exit_on.word());
        let parts = [
            (self.in_sync, "in sync"),
            (self.drifted, "drifted"),
            (self.below, below.as_str()),
            (unknown, "not known to be in sync"),
        ];
        let parts: Vec<String> = parts.iter().filter(|(n, _)| *n > 0).map(|(n, what)| format!("{n} {what}")).collect();
        let so = if self.below > 0 && self.code() == exit::DONE { ": exit status 0" } else { "" };
        format!("{all}: {}{so}.\n", parts.join(", "))
    }
}

/// A stack as it is declared and recorded.
struct RecordedStack {
    declaration: Declaration,
    home: Home,
    book: Book,
}

impl RecordedStack {
    /// That of the declaration at `path`, or of the only one there is.
    async fn loaded(common: &Common, path: Option<&Path>) -> Result<Self, Failure> {
        let declaration = Declaration::load(path)?;
        let mut home = workplace::home(common, &declaration)?;
        let book = workplace::load(&mut home, &declaration).await?;
        Ok(Self { declaration, home, book })
    }

    /// Says that an event is about nothing of the stack. Nothing is asked, remembered or sent.
    fn tell_nothing(
        &self,
        common: &Common,
        args: &DriftArgs,
        (scope, event): (LookScope, Option<&AuditEvent>),
        sides: &mut Sides,
    ) {
        let State { account, resources, .. } = &self.book.state;
        let left_out = resources.len();
        let report = DriftReport { left_out, scope, event: event.cloned(), ..DriftReport::default() };
        let at = Host::system().now();
        show::drift_page(&self.declaration, account, (&report, None, args.exit_on), None, |page| {
            show::page(common, page);
            sides.files.add(page, at);
        });
    }
}

/// What one look at one stack found.
struct Look {
    declaration: Declaration,
    book: Book,
    report: DriftReport,
    values: Option<ValuesFile>,
    at: Timestamp,
    home: Home,
    memory: Memory,
    session: Session,
}

impl Look {
    /// Looks at what is in the scope of a stack, because of the event if there is one.
    async fn taken(
        common: &Common,
        RecordedStack { declaration, home, book }: RecordedStack,
        (scope, event): (LookScope, Option<&AuditEvent>),
        stop: Stop,
        is_shown: bool,
    ) -> Result<Self, Failure> {
        let session = workplace::session(common, &declaration.stack, stop).await?;
        let memory = Memory::recall(&home, session.host.now()).await;
        let mut sinks = if is_shown { show::looking_sinks(common, &session) } else { Vec::new() };
        let mut events = EventEmitter::new(&session, &mut sinks);
        let basis = LookBasis { baselines: &memory.baselines(), days: declaration.stack.lifecycle };
        let seen = run::look(&session, &book.state, &scope, basis, &mut events).await?;
        drop(sinks);
        let at = session.host.now();
        let Prospects { drifted: prospects, pending } = seen.prospects(&session, &declaration, &book.state);
        let today = at.to_zoned(TimeZone::UTC).date();
        let report = DriftReport { prospects, pending, event: event.cloned(), ..seen.report }
            .waive(&declaration.stack.waivers, today);
        // The file of Helm values is none of some objects.
        let values = match &report.scope {
            LookScope::Everything => handover::drift(common, &declaration, &book.state),
            LookScope::Only(_) => None,
        };
        Ok(Self { declaration, book, report, values, at, home, memory, session })
    }

    /// The same, with who changed what has drifted.
    async fn with_who(mut self, args: &DriftArgs) -> Self {
        if !args.no_who {
            let runs = async || self.memory.lately(&self.home).await;
            self.report.who = run::who(&self.session, &self.book.state, &self.report, runs).await;
        }
        self
    }

    /// The same, once what may be put right by itself was.
    async fn with_put_right(mut self, common: &Common, args: &DriftArgs) -> Result<Self, Failure> {
        if args.put_right {
            let Self { declaration, session, memory, report, at, .. } = &self;
            let put_right = PutRight { common, declaration, session, memory, report, at: *at };
            let (findings, waived) = self.page(args, found);
            self.report.put_right = put_right.carry_out(&self.home, &findings, &waived).await?;
        }
        Ok(self)
    }

    /// What `then` makes of its page.
    fn page<T>(&self, args: &DriftArgs, then: impl FnOnce(&Page<'_>) -> T) -> T {
        let shown = (&self.report, self.memory.last(), args.exit_on);
        show::drift_page(&self.declaration, &self.book.state.account, shown, self.values.as_ref(), then)
    }

    /// Shows it, takes it into the files, tells whom it concerns, and remembers it. Answers what came of it.
    async fn tell(&self, common: &Common, args: &DriftArgs, sides: &mut Sides) -> LookOutcome {
        let account = &self.book.state.account;
        let put_right = &self.report.put_right;
        let (findings, waived, worst, left) = self.page(args, |page| {
            show::page(common, page);
            sides.files.add(page, self.at);
            let (findings, waived) = found(page);
            (findings, waived, page.worst_drift(), page.worst_left(&put_right.done))
        });
        let (serial, objects) = (self.book.state.serial, self.report.looked_at);
        let DriftReport { baselines, scope, left_out, .. } = &self.report;
        let left_out = *left_out;
        let is_incomplete = !self.report.unread.is_empty();
        let came = LookOutcome::of(is_incomplete, left, args.exit_on);
        // What was put right had drifted all the same.
        let outcome = LookOutcome::of(is_incomplete, worst, args.exit_on).kept();
        let (declaration, who) = (&self.declaration, &self.report.who);
        let looked = Looked {
            declaration,
            account,
            serial,
            outcome,
            objects,
            scope,
            left_out,
            findings,
            waived,
            who,
            baselines,
            put_right,
        };
        self.memory.end(&self.home, (args, &sides.notices), &self.session, looked).await;
        came
    }
}

/// Refuses to put right what no declaration allows.
fn may_put_right(args: &DriftArgs, declaration: &Declaration) -> Result<(), Failure> {
    if args.put_right { drift_put_right::rules(declaration).map(drop) } else { Ok(()) }
}

/// What a page tells, and what of it is waived.
fn found(page: &Page<'_>) -> (Vec<Finding>, Vec<Finding>) {
    let told = |all: Vec<&Finding>| all.into_iter().cloned().collect();
    (told(page.findings()), told(page.waived()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_exit_status_tells_what_is_as_bad_as_asked_for_and_unread_before_all() {
        use Grade::{Critical, High, Low, Medium};
        let (done, drifted) = (exit::DONE, exit::DIFFERENT);
        // What the worst is, and the exit status from each grade on, the least first.
        for (worst, codes) in [
            (None, [done, done, done, done]),
            (Some(Low), [drifted, done, done, done]),
            (Some(Medium), [drifted, drifted, done, done]),
            (Some(High), [drifted, drifted, drifted, done]),
            (Some(Critical), [drifted, drifted, drifted, drifted]),
        ] {
            for (exit_on, code) in [Low, Medium, High, Critical].into_iter().zip(codes) {
                let came = LookOutcome::of(false, worst, exit_on);
                assert_eq!(came.code(), code, "{worst:?} {exit_on:?}");
                let kept = if worst.is_none() { RunOutcome::InSync } else { RunOutcome::Drifted };
                assert_eq!(came.kept(), kept, "{worst:?} {exit_on:?}");
                let unread = LookOutcome::of(true, worst, exit_on);
                assert_eq!((unread.code(), unread.kept()), (exit::INCOMPLETE, RunOutcome::Incomplete));
            }
        }
    }

    #[test]
    fn of_several_the_worst_decides() {
        use LookOutcome::{Below, Drifted, InSync, Incomplete};
        let told = |all: &[LookOutcome], failed: usize| {
            let mut totals = Totals { failed, ..Totals::default() };
            for one in all {
                totals.add(*one);
            }
            (totals.code(), totals.text(Grade::High))
        };
        for (all, failed, code, text) in [
            (&[InSync, InSync][..], 0, 0, "2 stacks: 2 in sync.\n"),
            (&[InSync, Below], 0, 0, "2 stacks: 1 in sync, 1 drifted below --exit-on high: exit status 0.\n"),
            (&[Below, Drifted], 0, 2, "2 stacks: 1 drifted, 1 drifted below --exit-on high.\n"),
            (&[Below, Incomplete], 0, 3, "2 stacks: 1 drifted below --exit-on high, 1 not known to be in sync.\n"),
            (&[Drifted], 1, 3, "2 stacks: 1 drifted, 1 not known to be in sync.\n"),
        ] {
            assert_eq!(told(all, failed), (code, text.to_owned()));
        }
    }
}
