//! `drift accept`: what was found is what is wanted from now on. The declaration says so, or where no key does, the record.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde_json::{Value, json};

use super::args::{AcceptArgs, Common};
use super::failure::Failure;
use super::memory::Memory;
use super::record::{require_settled, write};
use super::rewrite::Rewrite;
use super::wanted::{SHOWN, wanted};
use super::work::locked;
use super::workplace::{self, Declaration};
use super::{exit, out, show};
use crate::architecture::{AcceptContext, Declarable, declare};
use crate::described::judge::Deviation;
use crate::engine::diff::FieldDiff;
use crate::engine::plan::Drift;
use crate::engine::state::State;
use crate::helm::shell_word;
use crate::model::address::Address;
use crate::model::document::Document;
use crate::model::observation::Observation;
use crate::model::waiver::is_within;
use crate::render::document;
use crate::report::waive_hint;
use crate::run::{self, DriftReport, EventEmitter, Look, LookBasis, LookScope, Outcome, Prospect, Session, Stop};
use crate::store::home::{Home, Purpose};

/// Takes what was found for what is wanted.
pub(super) async fn accept(common: &Common, args: &AcceptArgs, stop: Stop) -> Result<u8, Failure> {
    let wanted = wanted(&args.what)?;
    let declaration = Declaration::load(args.file.as_deref())?;
    Rewrite::may_be_written(&declaration)?;
    let session = workplace::session(common, &declaration.stack, stop).await?;
    let home = workplace::home(common, &declaration)?;
    let order = Order { common, declaration: &declaration, session: &session, wanted: &wanted, is_dry: args.dry_run };
    if args.dry_run {
        let mut home = home;
        return order.carry_out(&mut home).await;
    }
    let work = async |mut home: Home| order.carry_out(&mut home).await;
    locked(home, Purpose::Work, "drift accept", &session.host, &session.stop, work).await
}

struct Order<'a> {
    common: &'a Common,
    declaration: &'a Declaration,
    session: &'a Session,
    wanted: &'a BTreeMap<Address, Vec<String>>,
    is_dry: bool,
}

/// What became of some fields of an object; of all of it where it has none.
struct Settled {
    address: Address,
    diffs: Vec<FieldDiff>,
    declarable: Declarable,
    /// What an apply does about it all the same.
    prospect: Option<Prospect>,
}

impl Order<'_> {
    async fn carry_out(&self, home: &mut Home) -> Result<u8, Failure> {
        let Self { common, declaration, session, .. } = self;
        let state = require_settled(home, declaration).await?;
        let mut sinks = show::looking_sinks(common, session);
        let mut events = EventEmitter::new(session, &mut sinks);
        let memory = Memory::recall(home, session.host.now()).await;
        let basis = LookBasis { baselines: &memory.baselines(), days: declaration.stack.lifecycle };
        let mut seen = run::look(session, &state, &LookScope::Everything, basis, &mut events).await?;
        drop(sinks);
        let found = self.found(&seen)?;
        let undeclared: Vec<Deviation> = self.undeclared(&seen.report)?.into_iter().cloned().collect();
        let accepted = followed(&state, &seen, &found);
        seen.survey(session, *declaration, &accepted).await?;
        let (rewrite, mut settled) = self.declared(&seen, &accepted, found)?;
        self.foresee(&rewrite, &seen, &accepted, &mut settled)?;
        if !self.is_dry {
            rewrite.write()?;
            write(home, accepted).await?;
            memory.accept(home, session, &undeclared).await?;
        }
        self.tell(&rewrite, &settled, &undeclared);
        Ok(exit::DONE)
    }

    /// What drifted of what is named.
    fn found(&self, seen: &Look) -> Result<Vec<(Address, Vec<FieldDiff>)>, Failure> {
        let report = &seen.report;
        let refuse = |heading: String| Failure::new(exit::FAILED, heading + "; nothing was changed");
        let mut found = Vec::new();
        for (address, fields) in self.wanted {
            if let Some(Observation::Unread { error }) = seen.observed.get(address) {
                return Err(Failure { code: exit::INCOMPLETE, ..refuse(format!("{address}: {error}")) });
            }
            // What nobody declared is no field of ours.
            let mut of_it = report.deviations.iter().filter(|one| one.is_drift() && one.address == *address).peekable();
            let has_undeclared = of_it.peek().is_some();
            let fields: Vec<&String> =
                fields.iter().filter(|field| !of_it.clone().any(|one| is_meant(one, field))).collect();
            if fields.len() < self.wanted[address].len() && fields.is_empty() {
                continue;
            }
            if report.foreign.contains_key(address) {
                return Err(refuse(format!("{address} is gone, and what stands in its place is not ours")).hint(SHOWN));
            }
            match (report.drift.get(address), fields.as_slice()) {
                (Some(Drift::Gone), []) => found.push((address.clone(), Vec::new())),
                (Some(Drift::Moved(diffs)), []) => found.push((address.clone(), diffs.clone())),
                (Some(Drift::Moved(diffs)), fields) => {
                    let is_named = |diff: &&FieldDiff| fields.iter().any(|field| is_within(&diff.path, field));
                    let missing = fields.iter().find(|field| !diffs.iter().any(|diff| is_within(&diff.path, field)));
                    if let Some(field) = missing {
                        return Err(refuse(format!("{address} {field} is as it was recorded")).hint(SHOWN));
                    }
                    found.push((address.clone(), diffs.iter().filter(is_named).cloned().collect()));
                }
                (Some(Drift::Gone), [_, ..]) => {
                    return Err(refuse(format!("{address} is gone, and has no fields any more")));
                }
                (None, []) if has_undeclared => {}
                (None, _) => return Err(refuse(format!("{address} is as it was recorded")).hint(SHOWN)),
            }
        }
        Ok(found)
    }

    /// What of what nobody declared is named. Only what is compared with what was seen first can be accepted.
    fn undeclared<'r>(&self, report: &'r DriftReport) -> Result<Vec<&'r Deviation>, Failure> {
        let is_named = |one: &&Deviation| {
            let fields = self.wanted.get(&one.address);
            one.is_drift() && fields.is_some_and(|all| all.is_empty() || all.iter().any(|field| is_meant(one, field)))
        };
        let named: Vec<&Deviation> = report.deviations.iter().filter(is_named).collect();
        match named.iter().find(|one| one.remember.is_none()) {
            None => Ok(named),
            Some(one) => {
                let heading = format!(
                    "{} {}: no key declares it, so nothing can hold that it is right ({}); nothing was changed",
                    one.address,
                    one.place(),
                    one.what
                );
                let file = shell_word(&self.declaration.name());
                Err(Failure::new(exit::FAILED, heading).hint(waive_hint(&one.address, one.place(), &file)))
            }
        }
    }

    /// The declaration in which everything that can be declared is as it was found.
    fn declared(
        &self,
        seen: &Look,
        accepted: &State,
        found: Vec<(Address, Vec<FieldDiff>)>,
    ) -> Result<(Rewrite<'_>, Vec<Settled>), Failure> {
        let file = self.declaration.name();
        let observed: BTreeMap<Address, Document> = seen
            .observed
            .iter()
            .filter_map(|(address, found)| match found {
                Observation::Present { known, .. } => Some((address.clone(), known.declared.clone())),
                Observation::Absent | Observation::Foreign { .. } | Observation::Unread { .. } => None,
            })
            .collect();
        let cx = AcceptContext {
            catalog: &self.session.catalog,
            surroundings: &seen.surroundings,
            state: accepted,
            observed: &observed,
            file: &file,
        };
        let (mut text, mut settled) = (self.declaration.text.clone(), Vec::new());
        for (address, diffs) in found {
            for (diffs, declarable) in declare(cx, &text.clone(), &address, &diffs) {
                match &declarable {
                    Declarable::By { text: changed, .. } => text.clone_from(changed),
                    Declarable::Not { because } if diffs.is_empty() => {
                        let heading = format!("{address} is gone: {because}; nothing was changed");
                        return Err(Failure::new(exit::FAILED, heading)
                            .hint("`ppm-infra plan` shows what is made again")
                            .hint(waive_hint(&address, "", &shell_word(&file))));
                    }
                    Declarable::AsDeclared | Declarable::Not { .. } => {}
                }
                settled.push(Settled { address: address.clone(), diffs, declarable, prospect: None });
            }
        }
        Ok((Rewrite { declaration: self.declaration, text }, settled))
    }

    /// What an apply does about what no key declares.
    fn foresee(
        &self,
        rewrite: &Rewrite<'_>,
        seen: &Look,
        accepted: &State,
        settled: &mut [Settled],
    ) -> Result<(), Failure> {
        let after = Declaration { stack: rewrite.read()?, ..self.declaration.clone() };
        let prospects = seen.prospects(self.session, &after, accepted).drifted;
        for one in settled.iter_mut().filter(|one| matches!(one.declarable, Declarable::Not { .. })) {
            one.prospect = prospects.get(&one.address).cloned();
        }
        Ok(())
    }

    fn tell(&self, rewrite: &Rewrite<'_>, settled: &[Settled], undeclared: &[Deviation]) {
        if self.common.json {
            let undeclared = undeclared.iter().map(|one| {
                json!({"address": one.address, "paths": [one.place()], "declared": false, "key": null, "follows": [],
                    "because": REMEMBERED, "apply": "nothing"})
            });
            let all: Vec<Value> = settled.iter().map(Settled::json).chain(undeclared).collect();
            let written = rewrite.is_change().then(|| self.declaration.name());
            let fields = [("dry_run", json!(self.is_dry)), ("accepted", json!(all)), ("written", json!(written))];
            return out::data(&format!("{}\n", document(Some("drift accept"), fields)));
        }
        if rewrite.is_change() {
            out::told(&rewrite.diff());
        }
        let file = shell_word(&self.declaration.name());
        for one in settled {
            out::told(&one.text(&file));
        }
        for one in undeclared {
            out::told(&format!("{} {}: {REMEMBERED}.\n", one.address, one.place()));
        }
        out::note(if self.is_dry {
            "Nothing was changed: this is what accepting would do.\n"
        } else {
            "The record follows what was found. Nothing was changed in AWS.\n"
        });
    }
}

const REMEMBERED: &str = "no key declares it; the next looks compare with what is there now";

/// Whether a person means it by `field`.
fn is_meant(one: &Deviation, field: &str) -> bool {
    one.names().any(|name| is_within(name, field))
}

/// The record, in which what was found takes the place of what was recorded.
fn followed(state: &State, seen: &Look, found: &[(Address, Vec<FieldDiff>)]) -> State {
    let mut state = state.clone();
    for (address, diffs) in found {
        match seen.observed.get(address) {
            Some(Observation::Present { known, .. }) if !diffs.is_empty() => {
                if let Some(recorded) = state.resources.get_mut(address) {
                    run::follow(recorded, known, diffs);
                }
            }
            Some(_) | None => drop(state.resources.remove(address)),
        }
    }
    state
}

impl Settled {
    /// What becomes of it, in one line.
    fn text(&self, file: &str) -> String {
        let Self { address, diffs, declarable, prospect } = self;
        let fields: Vec<&str> = diffs.iter().map(|diff| diff.path.as_str()).collect();
        let what = if fields.is_empty() { address.to_string() } else { format!("{address} {}", fields.join(", ")) };
        let mut text = match declarable {
            Declarable::AsDeclared => {
                format!("{what}: the declaration says so already, or leaves it open; the record follows.\n")
            }
            Declarable::By { key, .. } => format!("{what}: declared by `{key}`.\n"),
            Declarable::Not { because } => format!("{what}: not declarable ({because}); only the record follows.\n"),
        };
        if let Declarable::By { follows, .. } = declarable
            && !follows.is_empty()
        {
            let follows: Vec<&str> = follows.iter().map(String::as_str).collect();
            let _ = writeln!(text, "  That key decides more, which the next apply changes: {}.", follows.join(", "));
        }
        if let Declarable::Not { .. } = declarable {
            let outcome = match prospect.as_ref().map(|prospect| &prospect.outcome) {
                Some(Outcome::Kept) => "leaves it so".to_owned(),
                Some(Outcome::Refused(because)) => format!("does nothing, for it is declared otherwise: {because}"),
                Some(Outcome::Replaced) => "puts another object in its place, for it is declared otherwise".to_owned(),
                Some(Outcome::Updated | Outcome::Made | Outcome::Removed | Outcome::Forgotten) | None => {
                    "puts it back all the same, for it is declared otherwise".to_owned()
                }
            };
            let _ = writeln!(text, "  The next `ppm-infra apply {file}` {outcome}.");
            let _ = writeln!(text, "  {}.", waive_hint(address, fields.first().copied().unwrap_or_default(), file));
        }
        text
    }

    fn json(&self) -> Value {
        let Self { address, diffs, declarable, prospect } = self;
        let (key, follows, because) = match declarable {
            Declarable::AsDeclared => (None, None, None),
            Declarable::By { key, follows, .. } => (Some(key), Some(follows), None),
            Declarable::Not { because } => (None, None, Some(because)),
        };
        let apply = prospect.as_ref().map(|prospect| prospect.outcome.word());
        json!({
            "address": address,
            "paths": diffs.iter().map(|diff| &diff.path).collect::<Vec<_>>(),
            "declared": !matches!(declarable, Declarable::Not { .. }),
            "key": key,
            "follows": follows.into_iter().flatten().collect::<Vec<_>>(),
            "because": because,
            "apply": apply,
        })
    }
}
