//! `state`: looking into the lockfile and mending it.

use serde_json::{Value, json};

use super::args::{Common, File, StateCommand};
use super::failure::Failure;
use super::place::{Held, Place};
use super::{exit, out, versions, workplace};
use crate::engine::state::{Recorded, State};
use crate::model::address::Address;
use crate::model::document::{Document, canonical_pretty};
use crate::model::reference::{reference, references};
use crate::run::{Host, Stop};
use crate::store::Store;
use workplace::Declaration;

/// Looks into the lockfile, or mends it.
pub(super) async fn state(common: &Common, command: StateCommand) -> Result<u8, Failure> {
    match command {
        StateCommand::List { file, kind } => list(common, &file, kind.as_deref()).await,
        StateCommand::Show { address, file } => show(common, &file, &address).await,
        StateCommand::Rm { address, file } => remove(common, &file, &address).await,
        StateCommand::Mv { from, to, file } => rename(common, &file, &from, &to).await,
        StateCommand::History(file) => versions::history(common, &file).await,
        StateCommand::Restore { serial, file } => versions::restore(common, &file, serial).await,
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
        out::data(&format!(
            "{}\n",
            json!({"schema": 1, "command": "state list", "serial": state.serial, "resources": all})
        ));
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
    out::data(&canonical_pretty(&json!({"schema": 1, "address": address, "recorded": recorded})));
    Ok(exit::DONE)
}

async fn remove(common: &Common, file: &File, address: &Address) -> Result<u8, Failure> {
    let (mut store, state, held) = open(common, file, "state rm").await?;
    let done = removed(&mut store, state, address).await;
    held.release().await?;
    done
}

async fn removed(store: &mut Place, mut state: State, address: &Address) -> Result<u8, Failure> {
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
    write(store, state).await?;
    let id = gone.computed.text("id").unwrap_or_default();
    out::note(&format!(
        "{address} is forgotten. The object {id} still exists and carries its marks: the next plan finds it.\n"
    ));
    Ok(exit::DONE)
}

async fn rename(common: &Common, file: &File, from: &Address, to: &Address) -> Result<u8, Failure> {
    if from.kind != to.kind {
        return Err(Failure::new(exit::USAGE, format!("{from} cannot become a {}", to.kind)));
    }
    let (mut store, state, held) = open(common, file, "state mv").await?;
    let done = renamed(&mut store, state, from, to).await;
    held.release().await?;
    done
}

async fn renamed(store: &mut Place, mut state: State, from: &Address, to: &Address) -> Result<u8, Failure> {
    if state.resources.contains_key(to) || state.deposed.contains_key(to) {
        return Err(Failure::new(exit::FAILED, format!("{to} is taken; nothing was changed")));
    }
    let moved = state.resources.remove(from).ok_or_else(|| unrecorded(from))?;
    state.resources.insert(to.clone(), moved);
    if let Some(old) = state.deposed.remove(from) {
        state.deposed.insert(to.clone(), old);
    }
    let deposed = state.deposed.values_mut().flatten().map(|old| &mut old.recorded);
    for recorded in state.resources.values_mut().chain(deposed) {
        for document in [&mut recorded.declared].into_iter().chain(&mut recorded.attempted) {
            *document = repoint(document, from, to);
        }
        if recorded.after.remove(from) {
            recorded.after.insert(to.clone());
        }
    }
    write(store, state).await?;
    out::note(&format!("{from} is now {to}.\n"));
    Ok(exit::DONE)
}

fn repoint(document: &Document, from: &Address, to: &Address) -> Document {
    fn walk(value: &Value, from: &Address, to: &Address) -> Value {
        if reference(value).as_ref() == Some(from) {
            return json!({"$ref": to});
        }
        match value {
            Value::Array(items) => items.iter().map(|item| walk(item, from, to)).collect(),
            Value::Object(map) => Value::Object(map.iter().map(|(k, v)| (k.clone(), walk(v, from, to))).collect()),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => value.clone(),
        }
    }
    document.fields().map(|(field, value)| (field.to_owned(), walk(value, from, to))).collect()
}

async fn read(common: &Common, file: &File) -> Result<State, Failure> {
    let declaration = Declaration::load(file.file.as_deref())?;
    Ok(workplace::load(&mut workplace::store(common, &declaration)?, &declaration).await?.state)
}

/// The state under its lock, with nothing left open by an earlier run.
pub(super) async fn open(common: &Common, file: &File, command: &str) -> Result<(Place, State, Held), Failure> {
    let declaration = Declaration::load(file.file.as_deref())?;
    let mut store = workplace::store(common, &declaration)?;
    let host = Host::system();
    let held = store.lock(&workplace::lock_info(command, &host), &host, &Stop::new()).await?;
    match settled(&mut store, &declaration).await {
        Ok(state) => Ok((store, state, held)),
        Err(failure) => {
            held.release().await?;
            Err(failure)
        }
    }
}

async fn settled(store: &mut Place, declaration: &Declaration) -> Result<State, Failure> {
    let book = workplace::load(store, declaration).await?;
    if book.last > 0 {
        return Err(Failure::new(exit::FAILED, "an earlier run was interrupted; its journal must be settled first")
            .hint("run apply: it settles the journal before it does anything else"));
    }
    Ok(book.state)
}

/// Writes the state as the next serial.
pub(super) async fn write(store: &mut Place, mut state: State) -> Result<(), Failure> {
    state.serial += 1;
    Ok(store.write(&state).await?)
}

fn unrecorded(address: &Address) -> Failure {
    Failure::new(exit::USAGE, format!("{address} is not in the lockfile"))
        .hint("`ppm-infra state list` shows the addresses there are")
}
