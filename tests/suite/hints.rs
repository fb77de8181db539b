//! Every command that a text names is run where it is named, and does what the text says. What most of these tests stand
//! on: the reference stack in a rehearsal.

#[cfg(feature = "aws")]
mod account;
#[cfg(feature = "aws")]
mod aws;
#[cfg(feature = "aws")]
mod cluster;
mod front;
mod handoff;
mod health;
#[cfg(feature = "aws")]
mod preflight;
mod record;
mod run;
mod source;
mod tools;
mod typed;

use crate::recover::{id, meddle};
use crate::states::edit;
use crate::support::binary::Desk;

const LOCKFILE: &str = "state/ppm-prod.lock.json";
const PLAN: [&str; 2] = ["plan", "--detailed-exitcode"];

/// The reference stack, applied.
fn standing() -> Desk {
    let desk = Desk::simulated();
    desk.declare(&[]);
    desk.run(&["apply", "--auto-approve"]).exit(0);
    desk
}
