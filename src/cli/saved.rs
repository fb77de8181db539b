//! Saved plans: what was approved is what runs, or nothing does.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::exit;
use super::failure::Failure;
use super::workplace::Declaration;
use crate::engine::Request;
use crate::engine::plan::{FORMAT, Plan};
use crate::model::document::canonical_pretty;
use crate::store::file;

/// The end of the name of a saved plan.
pub(super) const ENDING: &str = ".plan.json";

/// A plan with what it was made from.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Saved {
    /// Version of the format.
    pub(super) format: u32,
    /// Only the version that made a plan applies it.
    pub(super) tool: String,
    /// The declaration's file.
    pub(super) declaration: PathBuf,
    /// Digest of the declaration's text.
    pub(super) digest: String,
    /// What was asked beside the declaration.
    pub(super) ask: Request,
    /// The plan.
    pub(super) plan: Plan,
}

impl Saved {
    /// A plan to be saved.
    pub(super) fn new(declaration: &Declaration, ask: Request, plan: Plan) -> Self {
        Self {
            format: FORMAT,
            tool: env!("CARGO_PKG_VERSION").to_owned(),
            declaration: declaration.path.clone(),
            digest: declaration.digest.clone(),
            ask,
            plan,
        }
    }

    /// Writes it.
    pub(super) fn write(&self, path: &Path) -> Result<(), Failure> {
        let text = canonical_pretty(&serde_json::to_value(self).expect("plans serialise"));
        Ok(file::write_whole(path, text.as_bytes())?)
    }

    /// Reads it. Refuses what another version made.
    pub(super) fn read(path: &Path) -> Result<Self, Failure> {
        let missing = || Failure::new(exit::USAGE, format!("there is no saved plan {}", path.display()));
        let text = file::read_input(path)?.ok_or_else(missing)?;
        let saved: Self = serde_json::from_str(&text).map_err(|error| {
            Failure::new(exit::USAGE, format!("{} is no saved plan of this version: {error}", path.display()))
                .hint("save it again with `ppm-infra plan -o`")
        })?;
        if saved.tool != env!("CARGO_PKG_VERSION") || saved.format != FORMAT {
            let heading = format!("{} was made by ppm-infra {}", path.display(), saved.tool);
            return Err(Failure::new(exit::BUSY, heading).hint("save it again with this version"));
        }
        Ok(saved)
    }

    /// Refuses to go on when the declaration is not the one the plan was made from.
    pub(super) fn same_declaration(&self, declaration: &Declaration) -> Result<(), Failure> {
        if self.digest == declaration.digest {
            return Ok(());
        }
        Err(stale(&format!("{} changed since the plan was saved", declaration.path.display())))
    }

    /// Refuses to go on when planning again gives another plan.
    pub(super) fn same_plan(&self, now: &Plan) -> Result<(), Failure> {
        if self.plan.base != now.base {
            let (then, now) = (self.plan.base.serial, now.base.serial);
            return Err(stale(&format!("the lockfile is at serial {now}; the plan was made at serial {then}")));
        }
        if self.plan == *now {
            return Ok(());
        }
        let differs = self.plan.actions.iter().find(|(address, action)| now.actions.get(address) != Some(action));
        Err(stale(&match differs {
            Some((address, _)) => format!("{address} is not as it was when the plan was saved"),
            None => "the cloud is not as it was when the plan was saved".to_owned(),
        }))
    }
}

fn stale(heading: &str) -> Failure {
    Failure::new(exit::BUSY, format!("the saved plan is stale: {heading}"))
        .hint("nothing was changed; plan again, look, and apply that")
}
