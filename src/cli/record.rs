//! For commands that change the record and nothing else: the state under its lock, with nothing left open by an earlier
//! run.

use super::args::{Common, File};
use super::exit;
use super::failure::Failure;
use super::work::locked;
use super::workplace::{self, Declaration};
use crate::engine::state::State;
use crate::run::{Host, Stop};
use crate::store::Store as _;
use crate::store::home::{Home, Purpose};

/// Does `work` with the state under its lock, with nothing left open by an earlier run.
pub(super) async fn on_record<T>(
    common: &Common,
    file: &File,
    command: &str,
    work: impl AsyncFnOnce(&mut Home, State) -> Result<T, Failure>,
) -> Result<T, Failure> {
    let declaration = Declaration::load(file.file.as_deref())?;
    let home = workplace::home(common, &declaration)?;
    locked(home, Purpose::Work, command, &Host::system(), &Stop::new(), async |mut home| {
        let state = require_settled(&mut home, &declaration).await?;
        work(&mut home, state).await
    })
    .await
}

/// Does `work` with a state under its lock that may not be readable.
pub(super) async fn to_mend<T>(
    home: Home,
    command: &str,
    work: impl AsyncFnOnce(&mut Home) -> Result<T, Failure>,
) -> Result<T, Failure> {
    let work = async |mut home| work(&mut home).await;
    locked(home, Purpose::Mend, command, &Host::system(), &Stop::new(), work).await
}

/// The state; refuses one whose journal holds what an earlier run left open, which `apply` settles.
pub(super) async fn require_settled(home: &mut Home, declaration: &Declaration) -> Result<State, Failure> {
    let book = workplace::load(home, declaration).await?;
    if book.last > 0 {
        return Err(Failure::new(exit::FAILED, "an earlier run was interrupted; its journal must be settled first")
            .hint("run apply: it settles the journal before it does anything else"));
    }
    Ok(book.state)
}

/// Writes the state as the next serial.
pub(super) async fn write(home: &mut Home, mut state: State) -> Result<(), Failure> {
    state.serial += 1;
    Ok(home.write(&state).await?)
}
