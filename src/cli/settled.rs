//! The state for whoever works on the record alone: under its lock, with nothing left open by an earlier run.

use super::args::{Common, File};
use super::exit;
use super::failure::Failure;
use super::place::{Held, Place};
use super::workplace::{self, Declaration};
use crate::engine::state::State;
use crate::run::{Host, Stop};
use crate::store::Store as _;

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

/// The state, with nothing left open by an earlier run.
pub(super) async fn settled(store: &mut Place, declaration: &Declaration) -> Result<State, Failure> {
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
