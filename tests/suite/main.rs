//! The one integration binary: every test program links the whole SDK, so there is one.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop where it stands")]
#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "whatever a test does not expect is a failure, also what comes later"
)]

mod air_gapped;
mod architecture;
mod asked;
mod bad_input;
mod catalogue;
mod checks;
mod cost;
mod crash;
mod deviations;
mod drift_event;
mod drift_exit;
mod drift_files;
mod drift_job;
mod drift_only;
mod drift_several;
mod edits;
mod estimates;
mod explain;
mod export;
mod findings;
mod front;
mod fuzz;
mod handoff;
mod helm;
mod hints;
mod impact;
mod install;
mod interrupted;
mod json;
mod lockfile;
mod log;
mod partitions;
mod permissions;
mod plan_reports;
mod planner;
mod recover;
mod rehearsal;
mod rollback;
mod run_history;
mod runbook;
mod running;
mod saved;
mod settle;
mod states;
mod status;
mod support;
mod versions;

#[cfg(feature = "aws")]
mod abort_early;
#[cfg(feature = "aws")]
mod credentials;
#[cfg(feature = "aws")]
mod database;
#[cfg(feature = "aws")]
mod described;
#[cfg(feature = "aws")]
mod drift;
#[cfg(feature = "aws")]
mod drift_job_events;
#[cfg(feature = "aws")]
mod drift_job_live;
#[cfg(feature = "aws")]
mod drift_job_role;
#[cfg(feature = "aws")]
mod eks_token;
#[cfg(feature = "aws")]
mod faults;
#[cfg(feature = "aws")]
mod foreign;
#[cfg(feature = "aws")]
mod judged;
#[cfg(feature = "aws")]
mod kill;
#[cfg(feature = "aws")]
mod kinds;
#[cfg(feature = "aws")]
mod main_job;
#[cfg(feature = "aws")]
mod nodes;
#[cfg(feature = "aws")]
mod notify;
#[cfg(feature = "aws")]
mod preflight;
#[cfg(feature = "aws")]
mod replaced;
#[cfg(feature = "aws")]
mod rotation;
#[cfg(feature = "aws")]
mod secrets;
#[cfg(feature = "aws")]
mod shared_state;
#[cfg(feature = "aws")]
mod taken_away;
#[cfg(feature = "aws")]
mod undeclared;
#[cfg(feature = "aws")]
mod who;
