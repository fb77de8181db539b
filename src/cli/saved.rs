//! Saved plans: what was approved is what runs, or nothing does.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::ask::Ask;
use super::content::FileContent;
use super::exit;
use super::failure::Failure;
use super::workplace::Declaration;
use crate::cost::CostChange;
use crate::engine::forecast::{Forecast, Forecaster};
use crate::engine::object_graph::ObjectGraph;
use crate::engine::plan::{FORMAT, Plan};
use crate::engine::values::ValuesPlan;
use crate::helm::shell_word;
use crate::model::document::{sealed, unsealed};
use crate::model::place::Origins;
use crate::model::surroundings::Surroundings;
use crate::run::Planned;
use crate::store::file;

const TOOL: &str = env!("CARGO_PKG_VERSION");

/// A plan with what it was made from, and what it takes to show it elsewhere.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Saved {
    /// Version of the format.
    pub(super) format: u32,
    /// Only the version that made a plan applies it.
    pub(super) tool: String,
    /// What it was made from.
    pub(super) declaration: Source,
    /// Region of the stack.
    pub(super) region: String,
    /// Account of the stack.
    pub(super) account: String,
    /// What was asked beside the declaration.
    pub(super) ask: Ask,
    /// The plan.
    pub(super) plan: Plan,
    /// What becomes of the Helm values; nothing where everything goes.
    pub(super) values: Option<ValuesPlan>,
    /// What becomes of the cost.
    pub(super) cost: CostChange,
    /// How long it takes.
    pub(super) forecast: Forecast,
    /// Where the declaration says what the objects that change are to be.
    pub(super) origins: Origins,
    /// How its objects hang together.
    pub(super) objects: ObjectGraph,
}

/// The declaration of a saved plan.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Source {
    /// Its file, as given.
    pub(super) file: PathBuf,
    /// Digest of its text.
    pub(super) digest: String,
}

impl Saved {
    /// A plan to be saved.
    pub(super) fn new(
        declaration: &Declaration,
        ask: Ask,
        planned: &Planned,
        (values, cost, objects): (Option<ValuesPlan>, CostChange, ObjectGraph),
    ) -> Self {
        let changing = planned.plan.actions.iter().filter(|(_, action)| action.is_change());
        Self {
            format: FORMAT,
            tool: TOOL.to_owned(),
            declaration: Source { file: declaration.path.clone(), digest: declaration.digest.clone() },
            region: declaration.stack.region.to_string(),
            account: planned.surroundings.account.clone(),
            ask,
            plan: planned.plan.clone(),
            values,
            cost,
            forecast: planned.forecaster.forecast(),
            origins: declaration.origins(changing.map(|(address, _)| address)),
            objects,
        }
    }

    /// Refuses a place at which a file stands that is no saved plan.
    pub(super) fn may_stand_at(path: &Path) -> Result<(), Failure> {
        let there = file::read_if_there(path)?.unwrap_or_default();
        if there.trim().is_empty() || FileContent::of(&there) == FileContent::SavedPlan {
            return Ok(());
        }
        Err(Failure::new(
            exit::USAGE,
            format!("{} is there already and is no saved plan; it was not touched", path.display()),
        )
        .hint("name another file after `-o`, as in `-o ppm.plan.json`"))
    }

    /// Writes it.
    pub(super) fn write(&self, path: &Path) -> Result<(), Failure> {
        Self::may_stand_at(path)?;
        let text = sealed(serde_json::to_value(self).expect("plans serialise"));
        Ok(file::write_whole(path, text.as_bytes())?)
    }

    /// Reads the text of a saved plan. Refuses what another version made, what was changed and what is damaged.
    pub(super) fn parse(path: &Path, text: &str) -> Result<Self, Failure> {
        let again = format!("save it again: `ppm-infra plan{}`", asked_for(path, text));
        let damaged = |why: &str| {
            Failure::new(exit::USAGE, format!("{} is a damaged saved plan: {why}", path.display())).hint(again.clone())
        };
        let mut value: Value = serde_json::from_str(text).map_err(|error| damaged(&error.to_string()))?;
        let format = value["format"].as_u64().ok_or_else(|| damaged("it has no format"))?;
        if format != u64::from(FORMAT) {
            let heading = format!("{} is a saved plan of format {format}", path.display());
            let failure = Failure::new(exit::BUSY, format!("{heading}; this ppm-infra reads format {FORMAT}"));
            return Err(match (format > u64::from(FORMAT), value["tool"].as_str()) {
                (true, Some(tool)) => failure.hint(format!("use ppm-infra {tool}, which saved it, or {again}")),
                (true, None) | (false, _) => failure.hint(again),
            });
        }
        if !unsealed(&mut value) {
            return Err(damaged("it is not as it was saved"));
        }
        let saved: Self = serde_json::from_value(value).map_err(|error| damaged(&error.to_string()))?;
        if saved.tool != TOOL {
            let heading = format!("{} was made by ppm-infra {}; this is {TOOL}", path.display(), saved.tool);
            return Err(Failure::new(exit::BUSY, heading).hint(again));
        }
        Ok(saved)
    }

    /// Reads a saved plan, and nothing else.
    pub(super) fn read(path: &Path) -> Result<Self, Failure> {
        let text = file::read_input(path).map_err(|error| Failure { code: exit::USAGE, ..Failure::from(error) })?;
        let text = text.ok_or_else(|| missing(path))?;
        match FileContent::of(&text) {
            FileContent::SavedPlan => Self::parse(path, &text),
            other @ (FileContent::Declaration
            | FileContent::Printed
            | FileContent::Lockfile
            | FileContent::Journal
            | FileContent::RunHistory
            | FileContent::Values
            | FileContent::Other) => Err(other.instead_of(FileContent::SavedPlan, path)),
        }
    }

    /// The plan and what it is shown with.
    pub(super) fn planned(&self) -> Planned {
        Planned {
            plan: self.plan.clone(),
            surroundings: Surroundings { account: self.account.clone(), ..Surroundings::default() },
            forecaster: Forecaster::Known(self.forecast.clone()),
            // They were passed when it was saved, and are made again before it is carried out.
            checks: Vec::new(),
            given_way: Vec::new(),
        }
    }

    /// The declaration it was made from. Refuses one that changed since.
    pub(super) fn declaration(&self, path: &Path) -> Result<Declaration, Failure> {
        let source = &self.declaration.file;
        let declaration = Declaration::load(Some(source)).map_err(|failure| {
            failure.hint(format!("{} was made from {}, which must be there", path.display(), source.display()))
        })?;
        if self.declaration.digest == declaration.digest {
            return Ok(declaration);
        }
        Err(stale(&format!("{} changed since the plan was saved", source.display())))
    }

    /// Refuses to go on when planning again gives another plan, or other values.
    pub(super) fn same_plan(&self, now: &Plan, values: Option<&ValuesPlan>) -> Result<(), Failure> {
        if self.plan.base != now.base {
            let (then, now) = (self.plan.base.serial, now.base.serial);
            return Err(stale(&format!("the lockfile is at serial {now}; the plan was made at serial {then}")));
        }
        if self.plan != *now {
            let differs = self.plan.actions.iter().find(|(address, action)| now.actions.get(address) != Some(action));
            return Err(stale(&match differs {
                Some((address, _)) => format!("{address} is not as it was when the plan was saved"),
                None => "the cloud is not as it was when the plan was saved".to_owned(),
            }));
        }
        let outcome = |values: Option<&ValuesPlan>| values.map(|values| values.outcome.clone());
        if outcome(self.values.as_ref()) != outcome(values) {
            return Err(stale("the Helm values would come out otherwise than when the plan was saved"));
        }
        Ok(())
    }
}

/// What `apply` was given.
pub(super) enum Given {
    /// A declaration.
    Declaration(Box<Declaration>),
    /// A saved plan, and where it is.
    Plan(PathBuf, Box<Saved>),
}

impl Given {
    fn of(declaration: Declaration) -> Self {
        Self::Declaration(Box::new(declaration))
    }

    /// Reads it, once: it may come from standard input.
    pub(super) fn read(path: Option<&Path>) -> Result<Self, Failure> {
        let Some(path) = path else { return Declaration::load(None).map(Self::of) };
        match file::read_input(path) {
            Ok(Some(text)) if FileContent::of(&text) == FileContent::SavedPlan => {
                Ok(Self::Plan(path.to_owned(), Box::new(Saved::parse(path, &text)?)))
            }
            Ok(Some(text)) => Declaration::parse(path.to_owned(), &text, true).map(Self::of),
            Ok(None) if path.extension().is_some_and(|ending| ending == "json") => Err(missing(path)),
            Ok(None) | Err(_) => Declaration::load(Some(path)).map(Self::of),
        }
    }
}

/// What was asked for when a plan was saved that cannot be used, as far as it can be read.
fn asked_for(path: &Path, text: &str) -> String {
    let found: Value = serde_json::from_str(text).unwrap_or_default();
    let ask: Ask = serde_json::from_value(found["ask"].clone()).unwrap_or_default();
    let file = found["declaration"]["file"].as_str().map(|file| format!(" {}", shell_word(file)));
    let usual = format!("out/{}.values.yaml", found["plan"]["stack"].as_str().unwrap_or_default());
    let values = found["values"]["file"].as_str().filter(|file| *file != usual);
    let values = values.map(|file| format!(" --values {}", shell_word(file)));
    let to = shell_word(&path.display().to_string());
    format!("{}{}{} -o {to}", file.unwrap_or_default(), ask.options(true), values.unwrap_or_default())
}

/// That nothing is at a path where a saved plan was looked for.
fn missing(path: &Path) -> Failure {
    Failure::new(exit::USAGE, format!("there is no saved plan {}", path.display()))
        .hint(format!("`ppm-infra plan -o {}` saves one", shell_word(&path.display().to_string())))
}

fn stale(heading: &str) -> Failure {
    Failure::new(exit::BUSY, format!("the saved plan is stale: {heading}"))
        .hint("nothing was changed; plan again, look, and apply that")
}
