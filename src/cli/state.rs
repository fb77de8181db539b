//! `state`: looking into the lockfile and mending it.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::args::{Common, File, StateCommand};
use super::failure::Failure;
use super::record::{on_record, write};
use super::{exit, out, versions, workplace};
use crate::engine::compare;
use crate::engine::diff::FieldDiff;
use crate::engine::moves::{How, Move, distance};
use crate::engine::plan::Action;
use crate::engine::state::{Recorded, State};
use crate::model::address::Address;
use crate::model::document::canonical_pretty;
use crate::model::reference::references;
use crate::model::resource::Node;
use crate::render::document;
use crate::resources::catalog;
use crate::stack::Stack;
use crate::store::home::Home;
use workplace::Declaration;

/// Looks into the lockfile, or mends it.
pub(super) async fn state(common: &Common, command: StateCommand) -> Result<u8, Failure> {
    match command {
        StateCommand::List { file, kind } => list(common, &file, kind.as_deref()).await,
        StateCommand::Show { address, file } => show(common, &file, &address).await,
        StateCommand::Rm { address, file } => remove(common, &file, &address).await,
        StateCommand::Mv { from, to, file } => rename(common, &file, &from, &to).await,
        StateCommand::History(file) => versions::history(common, &file).await,
        StateCommand::Restore { serial, file, force } => versions::restore(common, &file, serial, force).await,
        StateCommand::Pull(file) => versions::pull(common, &file).await,
        StateCommand::Push { lockfile, file, force } => versions::push(common, &lockfile, &file, force).await,
        StateCommand::Migrate(file) => versions::migrate(common, &file).await,
    }
}

async fn list(common: &Common, file: &File, kind: Option<&str>) -> Result<u8, Failure> {
    let state = read(common, file).await?;
    let chosen: Vec<(&Address, &Recorded)> =
        state.resources.iter().filter(|(address, _)| kind.is_none_or(|kind| address.kind.as_str() == kind)).collect();
    if common.json {
        let all: Vec<Value> = chosen
            .iter()
            .map(|(address, recorded)| json!({"address": address, "id": recorded.computed.text("id")}))
            .collect();
        let fields = [("serial", json!(state.serial)), ("resources", json!(all))];
        out::data(&format!("{}\n", document(Some("state list"), fields)));
        return Ok(exit::DONE);
    }
    let width = chosen.iter().map(|(address, _)| address.to_string().len()).max().unwrap_or(0);
    for (address, recorded) in chosen {
        out::data(&format!("{address:width$}  {}\n", recorded.computed.text("id").unwrap_or_default()));
    }
    Ok(exit::DONE)
}

async fn show(common: &Common, file: &File, address: &Address) -> Result<u8, Failure> {
    let state = read(common, file).await?;
    let recorded = state.resources.get(address).ok_or_else(|| unrecorded(address))?;
    out::data(&canonical_pretty(&document(None, [("address", json!(address)), ("recorded", json!(recorded))])));
    Ok(exit::DONE)
}

async fn remove(common: &Common, file: &File, address: &Address) -> Result<u8, Failure> {
    let declaration = Declaration::load(file.file.as_deref())?;
    let work = async |home: &mut Home, state| removed(home, &declaration.stack, state, address).await;
    on_record(common, file, "state rm", work).await
}

async fn removed(home: &mut Home, stack: &Stack, mut state: State, address: &Address) -> Result<u8, Failure> {
    let is_declared = workplace::offline_nodes(stack, &state).contains_key(address);
    let gone = state.resources.remove(address).ok_or_else(|| unrecorded(address))?;
    let users: Vec<String> = state
        .resources
        .iter()
        .filter(|(_, recorded)| references(&recorded.declared).contains(address))
        .map(|(user, _)| user.to_string())
        .collect();
    if !users.is_empty() {
        return Err(Failure::new(
            exit::FAILED,
            format!("{address} is needed by {}; nothing was changed", users.join(", ")),
        )
        .hint("forget those first"));
    }
    write(home, state).await?;
    let id = gone.computed.text("id").unwrap_or_default();
    let next = if is_declared {
        "the next plan finds it"
    } else {
        "but is not declared, so no plan looks for it: remove it in AWS if nobody needs it"
    };
    out::note(&format!("{address} is forgotten. The object {id} still exists and carries its marks: {next}.\n"));
    Ok(exit::DONE)
}

async fn rename(common: &Common, file: &File, from: &Address, to: &Address) -> Result<u8, Failure> {
    if from.kind != to.kind {
        return Err(Failure::new(exit::USAGE, format!("{from} cannot become a {}; nothing was changed", to.kind)));
    }
    let declaration = Declaration::load(file.file.as_deref())?;
    let work = async |home: &mut Home, state| renamed(home, &declaration.stack, state, from, to).await;
    on_record(common, file, "state mv", work).await
}

async fn renamed(
    home: &mut Home,
    stack: &Stack,
    mut state: State,
    from: &Address,
    to: &Address,
) -> Result<u8, Failure> {
    let record = state.resources.get(from).cloned().ok_or_else(|| unrecorded(from))?;
    if state.resources.contains_key(to) || state.deposed.contains_key(to) {
        return Err(Failure::new(exit::FAILED, format!("{to} is taken; nothing was changed")));
    }
    let nodes = workplace::offline_nodes(stack, &state);
    let node = nodes.get(to).ok_or_else(|| undeclared(to, &nodes))?;
    let id = record.computed.text("id").unwrap_or_default().to_owned();
    state.shift(&Move { from: from.clone(), to: to.clone(), id, how: How::Renamed });
    let next = prospect((from, nodes.get(from)), (to, node), &record);
    write(home, state).await?;
    out::note(&format!("{from} is now {to}; nothing was done in AWS. {next}\n"));
    Ok(exit::DONE)
}

/// What the next plan makes of the record of `from` that stands at `to`.
fn prospect(from: (&Address, Option<&Node>), to: (&Address, &Node), record: &Recorded) -> String {
    let catalog = catalog();
    let apart = |at: &Address, node: &Node| distance(&catalog, at, Some(node), &record.declared);
    if from.1.is_some_and(|node| apart(from.0, node) < apart(to.0, to.1)) {
        return format!("The next plan finds that it is what is declared at {}, and moves the record back.", from.0);
    }
    // The record is what is compared here; the next plan compares what is there.
    match compare(&catalog, to.0, to.1, record, &record.known()) {
        Ok(Action::NoOp { .. }) => format!("It is what is declared at {}: the next plan changes nothing.", to.0),
        Ok(Action::Update { diffs, .. }) => format!("The next plan changes it in place: {}.", paths(&diffs)),
        Ok(Action::Replace { diffs, .. }) if to.1.protect => {
            format!(
                "The next plan refuses: another object would take its place ({}), and it is protected.",
                paths(&diffs)
            )
        }
        Ok(Action::Replace { diffs, .. }) => {
            format!("The next plan puts another object in its place: {}.", paths(&diffs))
        }
        Ok(Action::Create { .. } | Action::Delete { .. } | Action::Forget { .. }) | Err(_) => {
            "The next plan shows what comes of it.".to_owned()
        }
    }
}

fn paths(diffs: &[FieldDiff]) -> String {
    diffs.iter().map(|diff| diff.path.as_str()).collect::<Vec<_>>().join(", ")
}

/// The refusal to record something where nothing is declared: the next plan would delete it there.
fn undeclared(at: &Address, nodes: &BTreeMap<Address, Node>) -> Failure {
    let alike: Vec<String> = nodes.keys().filter(|other| other.kind == at.kind).map(ToString::to_string).collect();
    let failure = Failure::new(exit::FAILED, format!("{at} is not declared; nothing was changed"))
        .hint("what is recorded and not declared is deleted by the next apply");
    if alike.is_empty() { failure } else { failure.hint(format!("declared is {}", alike.join(", "))) }
}

async fn read(common: &Common, file: &File) -> Result<State, Failure> {
    let declaration = Declaration::load(file.file.as_deref())?;
    Ok(workplace::load(&mut workplace::home(common, &declaration)?, &declaration).await?.state)
}

fn unrecorded(address: &Address) -> Failure {
    Failure::new(exit::USAGE, format!("{address} is not in the lockfile"))
        .hint("`ppm-infra state list` shows the addresses there are")
}
