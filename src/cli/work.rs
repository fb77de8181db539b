//! What the commands share that change a stack: its lock, what is settled first, what is asked and shown in between.

use std::collections::BTreeMap;
use std::iter;
use std::path::PathBuf;

use super::args::Common;
use super::ask::Ask;
use super::failure::Failure;
use super::memory::{self, StepTimes};
use super::workplace::Declaration;
use super::{exit, out, show, workplace};
use crate::cloud::Consent;
use crate::cost::CostChange;
use crate::engine::state::State;
use crate::engine::values::ValuesPlan;
use crate::helm::shell_word;
use crate::model::address::Address;
use crate::report::Goal;
use crate::run::event::RunReport;
use crate::run::{self, EventEmitter, Host, Notice, Open, Planned, Session, Settled, Stop, Taker};
use crate::store::home::{Home, Purpose};

/// A stack that a command works on, and the cloud it is in.
#[derive(Clone, Copy)]
pub(super) struct StackRun<'a> {
    pub(super) common: &'a Common,
    pub(super) declaration: &'a Declaration,
    pub(super) session: &'a Session,
}

impl<'a> StackRun<'a> {
    /// Does `work` on the stack under its lock, once nothing is left open by an earlier run.
    pub(super) async fn settled<T>(
        self,
        command: &str,
        work: impl AsyncFnOnce(Settled<'a>) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        let Self { common, declaration, session } = self;
        let home = workplace::home(common, declaration)?;
        locked(home, Purpose::Work, command, &session.host, &session.stop, async |mut home| {
            let book = workplace::load(&mut home, declaration).await?;
            let mut sinks = show::sinks(common, session);
            let mut events = EventEmitter::new(session, &mut sinks);
            let fresh = workplace::fresh(declaration);
            let settled = Settled::settle(session, declaration, (Box::new(home), book), fresh, &mut events).await?;
            drop(sinks);
            work(settled).await
        })
        .await
    }

    /// Shows a plan; `cost` is what becomes of the cost, if that was reckoned.
    pub(super) fn show(&self, planned: &Planned, goal: Goal, values: Option<&ValuesPlan>, cost: Option<&CostChange>) {
        let view = show::PlanShow {
            common: self.common,
            region: self.declaration.stack.region.as_str(),
            catalog: &self.session.catalog,
            goal,
            values,
            cost,
            file: &self.declaration.name(),
            named: &self.declaration.name(),
            text: &self.declaration.text,
            origins: &self.declaration.origins(planned.plan.actions.keys()),
            verbose: false,
        };
        show::plan(planned, &view);
    }

    /// Carries a plan out and says how it went. Once all of it was done, `deliver` hands over what is made from the state
    /// that is about to be written, and has the last word on that state.
    pub(super) async fn carry_out(
        &self,
        open: &mut Open<'_>,
        planned: &Planned,
        asked: &Asked,
        goal: Goal,
        deliver: impl FnOnce(State) -> State,
    ) -> Result<RunReport, Failure> {
        let times = StepTimes::default();
        let mut sinks = show::sinks(self.common, self.session);
        sinks.push(Box::new(times.clone()));
        let mut events = EventEmitter::new(self.session, &mut sinks);
        let command = match goal {
            Goal::Converge => "apply",
            Goal::Destroy => "destroy",
        };
        let report = open.carry_out(command, (planned, asked.consent()), deliver, &mut events).await?;
        drop(sinks);
        if planned.plan.has_changes() || !report.is_complete() {
            let again = asked.again(&self.declaration.name(), &report);
            let left = open.state().resources.len();
            show::summary(self.common, self.declaration, (goal, &planned.plan), &again, left, &report);
            // Whoever has lost the stack leaves nothing in it.
            if report.record_lost.is_none()
                && let Ok(home) = workplace::home(self.common, self.declaration)
            {
                memory::leave(&home, self.session, (goal, left), &report, times.taken(self.session, &planned.plan))
                    .await;
            }
        }
        Ok(report)
    }

    /// Asks for a word. Nobody there to answer is an error, not a yes.
    pub(super) async fn approve(&self, verb: &str, word: &str) -> Result<(), Failure> {
        self.approve_or(verb, word, "look at what it says, then say `--auto-approve`").await
    }

    /// As [`approve`](Self::approve), with what to do where nobody is there.
    pub(super) async fn approve_or(&self, verb: &str, word: &str, alone: &str) -> Result<(), Failure> {
        let stack = &self.declaration.stack.stack;
        if !out::can_ask() {
            return Err(Failure::new(
                exit::USAGE,
                format!("{verb} asks before it changes anything, and nobody can answer here"),
            )
            .hint(alone));
        }
        let question = format!("\nType `{word}` to {verb} {stack}, anything else to leave it: ");
        if out::ask(&question, &self.session.stop).await?.as_deref() == Some(word) {
            return Ok(());
        }
        Err(Failure::new(exit::FAILED, format!("{verb} was not approved; nothing was changed")))
    }
}

/// Does `work` while nobody else works on the stack, and says what is worth knowing about its lock.
pub(super) async fn locked<T>(
    home: Home,
    purpose: Purpose,
    command: &str,
    host: &Host,
    stop: &Stop,
    work: impl AsyncFnOnce(Home) -> Result<T, Failure>,
) -> Result<T, Failure> {
    let info = workplace::lock_info(command, host);
    let notice = |notice: Notice<'_>| {
        out::note(&match notice {
            Notice::TookOver(before) => format!("Took over from {before}, whose lease ran out.\n"),
            Notice::KeepsNoVersions(place) => format!(
                "warning: the bucket of {} does not keep versions: what is overwritten or deleted there by mistake is lost; turn versioning on\n",
                place.display()
            ),
            Notice::NotGivenBack(error) => {
                format!("The lease could not be given back and will run out by itself: {error}\n")
            }
        });
    };
    run::locked(home, purpose, Taker { info: &info, host, stop, notice: &notice }, work).await
}

/// What a run was asked for on the command line.
pub(super) enum Asked {
    /// `apply` or `destroy`.
    Of {
        ask: Ask,
        /// Where the values are to be written, if somebody named it.
        values: Option<PathBuf>,
    },
    /// `adopt`.
    Adopt { address: Address, id: String },
    /// `drift fix`.
    Fix {
        /// Addresses, and behind them the names of what is taken away.
        wanted: BTreeMap<Address, Vec<String>>,
    },
}

impl Asked {
    /// What may be deleted.
    fn consent(&self) -> Consent {
        match self {
            Self::Of { ask, .. } => {
                Consent { delete_data: ask.request.delete_data.clone(), skip_final_snapshot: ask.no_final_snapshot }
            }
            Self::Adopt { .. } | Self::Fix { .. } => Consent::default(),
        }
    }

    /// What to type to go on after a run of which this is told.
    pub(super) fn again(&self, declaration: &str, report: &RunReport) -> String {
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
            Self::Fix { wanted } => {
                let words = |(address, names): (&Address, &Vec<String>)| {
                    iter::once(address.to_string()).chain(names.iter().map(|name| shell_word(name))).collect::<Vec<_>>()
                };
                let words: Vec<String> = wanted.iter().flat_map(words).collect();
                format!("ppm-infra drift fix {} -f {file}", words.join(" "))
            }
        }
    }
}
