//! What people and programs are told of objects that a record does not hold as it should: found by `recover`, left by
//! `destroy`, rolled back, or gone and not to be made again.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

use serde_json::{Value, json};

use super::args::Common;
use super::ask::Ask;
use super::cost::of_record;
use super::failure::Failure;
use super::workplace::Declaration;
use super::{exit, out, show};
use crate::engine::Lost;
use crate::engine::state::State;
use crate::model::address::Address;
use crate::model::money::Money;
use crate::render::document;
use crate::report::count;
use crate::run::{Rebuilt, RolledBack, RunError, Unrecorded};

/// What a record was made from.
pub(super) fn found(common: &Common, declaration: &Declaration, rebuilt: &Rebuilt) {
    if common.json {
        return;
    }
    let Rebuilt { state, declared, undeclared, foreign, aside, blind } = rebuilt;
    let stack = &declaration.stack;
    let here = state.resources.len() - undeclared.len();
    let mut text = format!(
        "Found in account {}, {}, by the marks of {}: {here} of {} declared.\n",
        state.account,
        stack.region,
        stack.stack,
        count(*declared, "object"),
    );
    for (address, old) in &state.deposed {
        for old in old {
            let _ = writeln!(
                text,
                "  {address}  {}  is an old one, another stands in its place; the next apply removes it",
                old.key
            );
        }
    }
    for address in undeclared {
        let id = state.resources[address].computed.text("id").unwrap_or_default();
        let _ = writeln!(text, "  {address}  {id}  is not declared; the next apply removes it");
    }
    text += &aside_text(aside);
    for (address, there) in foreign {
        let _ = writeln!(text, "  {address}  {}  stands there and is not ours: {}", there.id, there.because);
        for advice in there.remedy.advice(address, &there.id) {
            let _ = writeln!(text, "    {advice}");
        }
    }
    if let Some(error) = blind {
        let _ = writeln!(text, "Whether there is more with these marks could not be seen: {error}.");
    }
    out::told(&text);
}

fn aside_text(aside: &[Unrecorded]) -> String {
    let line = |one: &Unrecorded| {
        let (address, id) = (&one.address, &one.id);
        let why = if one.known.is_some() { "holds data" } else { "could not be read" };
        format!(
            "  {address}  {id}  {why} and is not recorded: it stays as it is; remove it in AWS if nobody needs it\n"
        )
    };
    aside.iter().map(line).collect()
}

/// What was written, for programs.
pub(super) fn recovered(rebuilt: &Rebuilt, serial: u64) {
    let Rebuilt { state, declared, undeclared, foreign, aside, blind } = rebuilt;
    let id = |address| state.resources.get(address).and_then(|recorded| recorded.computed.text("id"));
    let recorded = state.resources.keys().filter(|address| !undeclared.contains(*address));
    let recorded: Vec<Value> = recorded.map(|address| json!({"address": address, "id": id(address)})).collect();
    let old = state.deposed.iter().flat_map(|(address, old)| old.iter().map(move |old| (address, &old.key)));
    let old: Vec<Value> = old.map(|(address, id)| json!({"address": address, "id": id})).collect();
    let undeclared: Vec<Value> =
        undeclared.iter().map(|address| json!({"address": address, "id": id(address)})).collect();
    let foreign: Vec<Value> = foreign
        .iter()
        .map(|(address, there)| json!({"address": address, "id": there.id, "because": there.because}))
        .collect();
    let fields = [
        ("serial", json!(serial)),
        ("declared", json!(declared)),
        ("recorded", json!(recorded)),
        ("old", json!(old)),
        ("undeclared", json!(undeclared)),
        ("foreign", json!(foreign)),
        ("aside", json!(listed(aside))),
        ("complete", json!(blind.is_none())),
    ];
    out::data(&format!("{}\n", document(Some("recover"), fields)));
}

fn listed(all: &[Unrecorded]) -> Vec<Value> {
    all.iter().map(|one| json!({"address": one.address, "id": one.id})).collect()
}

/// The refusal to make anew what is gone and cannot be made again, of a run that was asked for this.
pub(super) fn gone_for_good(
    heading: String,
    lost: &BTreeMap<Address, Lost>,
    ask: &Ask,
    values: Option<&Path>,
) -> Failure {
    let mut failure = Failure::new(exit::FAILED, heading);
    for (address, Lost { id, needed_by, .. }) in lost {
        let users: Vec<String> = needed_by.iter().map(ToString::to_string).collect();
        failure.causes.push(match users.as_slice() {
            [] => format!("{address}: {id} held data, and a new one would be empty"),
            users => format!("{address}: {id} is needed to read what is in {}", users.join(" and ")),
        });
    }
    failure =
        failure.hint("nothing was changed; what comes back under its old name and tags is found by the next plan");
    for (address, Lost { id, name, .. }) in lost {
        let name = name.as_deref().unwrap_or(id);
        failure = match address.kind.as_str() {
            "secret" => failure.hint(format!(
                "whoever has its value (it also stands in the Kubernetes Secret that Package Manager reads) makes the secret {name} again with it, and `ppm-infra adopt {address} '{name}'` takes it"
            )),
            "database" => failure.hint(format!(
                "a snapshot that is restored as {name}, with its tags, is taken for {address}"
            )),
            "kms_key" => failure.hint(format!(
                "what {id} encrypted can be read by nobody any more, so keep what is left until that is certain"
            )),
            _ => failure,
        };
    }
    let mut again = ask.clone();
    again.request.replace.extend(lost.keys().cloned());
    failure
        .hint(format!("to make it anew, knowing that: `ppm-infra apply {}`", again.options_with(values).trim_start()))
}

/// What is left after everything was to go; the exit status it makes.
pub(super) fn left(
    common: &Common,
    declaration: &Declaration,
    state: &State,
    left: Result<Vec<Unrecorded>, RunError>,
) -> u8 {
    let stack = &declaration.stack.stack;
    let left = match left {
        Ok(left) => left,
        Err(error) => {
            let mut failure = Failure::from(error);
            failure.code = exit::INCOMPLETE;
            failure.heading = format!("whether something with the marks of {stack} is left: {}", failure.heading);
            show::failure(common.json, &failure);
            return exit::INCOMPLETE;
        }
    };
    if common.json {
        out::data(&format!("{}\n", document(Some("destroy"), [("left", json!(listed(&left)))])));
    }
    if left.is_empty() {
        let kept = state.resources.len();
        let rest = if kept == 0 { String::new() } else { format!(" but for the {kept} that were kept") };
        let goes_on = of_record(declaration, state).total();
        let goes_on = match (kept, goes_on) {
            (0, _) | (_, Money::ZERO) => String::new(),
            _ => format!(" What was kept costs about USD {} a month as long as it stands.", goes_on.told()),
        };
        out::note(&format!("A look by marks found 0 objects of {stack} left{rest}.{goes_on}\n"));
        return exit::DONE;
    }
    let mut text = format!("error: {} left with the marks of {stack}, in no record:\n", are_left(left.len()));
    for one in &left {
        let _ = writeln!(text, "  {}  {}", one.address, one.id);
    }
    text += "hint: `ppm-infra recover --force` records what nobody declared, so that destroy removes it; the rest is \
             removed in AWS\n";
    out::note(&text);
    exit::FAILED
}

fn are_left(n: usize) -> String {
    format!("{} {}", count(n, "object"), if n == 1 { "is" } else { "are" })
}

/// That nothing was taken back.
pub(super) fn not_rolled_back(common: &Common) {
    if !common.json {
        out::note(
            "Nothing was rolled back: the run was stopped, or some of what it began is in doubt. What was made is recorded.\n",
        );
    }
}

/// What was taken back.
pub(super) fn rolled_back(common: &Common, done: &RolledBack) {
    if common.json {
        let stays: Vec<Value> =
            done.stays.iter().map(|(address, because)| json!({"address": address, "because": because})).collect();
        let gone: Vec<String> = done.gone.iter().map(ToString::to_string).collect();
        let fields = [("gone", json!(gone)), ("stays", json!(stays)), ("serial", json!(done.report.serial))];
        out::data(&format!("{}\n", document(Some("rollback"), fields)));
        return;
    }
    let mut text = format!(
        "Rolled back: {} that this run had made {} gone again.\n",
        count(done.gone.len(), "object"),
        if done.gone.len() == 1 { "is" } else { "are" }
    );
    for (address, because) in &done.stays {
        let _ = writeln!(text, "  {address} stays: {because}");
    }
    if done.report.record_lost.is_some() || !done.report.abandoned.is_empty() {
        text += "The rollback was not finished; its steps are in the journal.\n";
    }
    text += "The cause of the failure stands above; the next apply builds what is missing.\n";
    out::note(&text);
}
