//! Taking away what is not ours and was named: the one thing a plan never does.
//!
//! Promises: only what the look just found, of class extra, by its name. One after the other; what was not begun when the
//! run is to stop stays.

use std::collections::BTreeMap;

use super::event::StepFailure;
use super::execute::failure;
use super::{FixError, Look, Session};
use crate::described::judge::{Deviation, DeviationClass, RemovalWay};
use crate::model::address::Address;
use crate::model::described::RemovalCall;
use crate::model::surroundings::Surroundings;

/// Something that stands within an object of ours and is not ours, and how it is taken away.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Extra {
    /// The object it stands in.
    pub address: Address,
    /// Its name there.
    pub name: String,
    /// What it is, in one sentence.
    pub what: String,
    /// The call that takes it away.
    pub removal: RemovalCall,
    /// What goes with it, or stays.
    pub consequence: &'static str,
}

/// What became of something that was to be taken away.
#[derive(Clone, Debug)]
pub enum Departure {
    /// It is gone.
    Gone,
    /// It stays: why.
    Failed(StepFailure),
    /// The run was stopped before.
    NotBegun,
}

impl Look {
    /// What is named, by address and names, of what is not ours.
    ///
    /// # Errors
    /// [`FixError`] for a name that is none of them, or one that is not taken away from here.
    pub fn extras(&self, named: &BTreeMap<Address, Vec<String>>) -> Result<Vec<Extra>, FixError> {
        let mut extras = Vec::new();
        for (address, names) in named {
            for name in names {
                extras.extend(self.extra(address, name)?);
            }
        }
        Ok(extras)
    }

    /// Everything at `address` that bears this name: two lists may each have one.
    fn extra(&self, address: &Address, name: &str) -> Result<Vec<Extra>, FixError> {
        let is_extra = |one: &&Deviation| one.address == *address && one.class == DeviationClass::Extra;
        let there: Vec<&Deviation> = self.report.deviations.iter().filter(is_extra).collect();
        let meant: Vec<&&Deviation> = there.iter().filter(|one| one.place() == name).collect();
        if meant.is_empty() {
            let there = there.iter().map(|one| one.place().to_owned()).collect();
            return Err(FixError::NotThere { address: address.clone(), name: name.to_owned(), there });
        }
        let one = |deviation: &&Deviation| match &deviation.way_out {
            Some(RemovalWay::Call(removal, consequence)) => Ok(Extra {
                address: address.clone(),
                name: name.to_owned(),
                what: deviation.what.clone(),
                removal: removal.clone(),
                consequence,
            }),
            Some(RemovalWay::ByHand(why)) => {
                Err(FixError::ByHand { address: address.clone(), name: name.to_owned(), why: (*why).to_owned() })
            }
            None => {
                let why = format!("{} does not tell enough of it", deviation.call);
                Err(FixError::ByHand { address: address.clone(), name: name.to_owned(), why })
            }
        };
        meant.into_iter().map(one).collect()
    }
}

/// Takes away what is not ours; what became of each, in their order.
pub async fn take_away(session: &Session, place: &Surroundings, extras: &[Extra]) -> Vec<Departure> {
    let mut departures = Vec::new();
    for Extra { address, removal, .. } in extras {
        if session.stop.is_draining() {
            departures.push(Departure::NotBegun);
            continue;
        }
        tracing::info!(%address, call = removal.call, "take away what is not ours");
        let made = session.cloud.take_away(removal, place).await;
        departures.push(made.map_or_else(|error| Departure::Failed(failure(error)), |()| Departure::Gone));
    }
    departures
}
