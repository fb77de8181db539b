//! What a command works with: declaration, lockfile, cloud. The only place that picks concrete parts.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::args::Common;
use super::checking::Checking;
use super::chosen::{self, Chosen};
use super::content::FileContent;
use super::exit;
use super::failure::Failure;
use super::{log, typed};
use crate::architecture::checks::{self, CheckContext, QueryContext};
use crate::architecture::{self, Runtime};
use crate::cloud::health::Health;
use crate::cloud::simulated::{self, Simulated, World};
use crate::cloud::vault::Vault;
use crate::cloud::{Cloud, CloudError, ErrorKind};
use crate::engine::Request;
use crate::engine::durations::Experience;
use crate::engine::state::{Book, State};
use crate::helm::shell_word;
use crate::model::address::Address;
use crate::model::document::{canonical_pretty, digest};
use crate::model::facts::FactQuery;
use crate::model::finding::Check;
use crate::model::partition::Partition;
use crate::model::place::Origins;
use crate::model::resource::Node;
use crate::model::site::Site;
use crate::model::surroundings::{Questions, Surroundings};
use crate::model::values::{AccountId, S3Location};
use crate::resources::catalog;
use crate::run::{Blueprint, CheckInputs, Host, Session, Stop};
use crate::stack::{Places, Stack};
use crate::store::home::Home;
use crate::store::{FileStore, LockInfo, S3Store, Store as _, file};

/// A declaration and where it came from.
#[derive(Clone, Debug)]
pub(super) struct Declaration {
    /// Its file, as given.
    pub(super) path: PathBuf,
    /// Its content.
    pub(super) stack: Stack,
    /// Where its keys stand.
    pub(super) places: Places,
    /// Its text.
    pub(super) text: String,
    /// Digest of its text.
    pub(super) digest: String,
    /// How the checks of its plans are asked for.
    pub(super) checking: Checking,
}

impl Declaration {
    /// Reads the declaration `given`, or the only one in `plans/`.
    pub(super) fn load(given: Option<&Path>) -> Result<Self, Failure> {
        let path = match given {
            Some(path) => path.to_owned(),
            None => only_declaration()?,
        };
        let missing = || {
            typed::declared(&path);
            Failure::new(exit::DECLARATION, format!("there is no file {}", path.display()))
                .hint("`ppm-infra init` writes a declaration")
        };
        let text = match file::read_input(&path) {
            Ok(text) => text.ok_or_else(missing)?,
            Err(error) => return Err(Failure { code: exit::DECLARATION, ..Failure::from(error) }),
        };
        Self::parse(path, &text, given.is_some())
    }

    /// The declaration in the text of the file at `path`.
    pub(super) fn parse(path: PathBuf, text: &str, is_named: bool) -> Result<Self, Failure> {
        match FileContent::of(text) {
            FileContent::Declaration | FileContent::Other => {}
            other @ (FileContent::SavedPlan
            | FileContent::Printed
            | FileContent::Lockfile
            | FileContent::Journal
            | FileContent::RunHistory
            | FileContent::Values) => {
                return Err(other.instead_of(FileContent::Declaration, &path));
            }
        }
        if is_named {
            typed::declared(&path);
        }
        let shown =
            if file::is_standard_input(&path) { "standard input".to_owned() } else { path.display().to_string() };
        let (stack, places) = Stack::read(&shown, text)?;
        typed::located(stack.region.as_str());
        let checking = Checking::default();
        Ok(Self { stack, places, digest: digest(text.as_bytes()), text: text.to_owned(), path, checking })
    }

    /// Where it says what these objects are to be.
    pub(super) fn origins<'a>(&self, objects: impl IntoIterator<Item = &'a Address>) -> Origins {
        architecture::origins(&self.stack, &self.places, objects)
    }

    /// Its file as it is remembered in the lockfile.
    pub(super) fn name(&self) -> String {
        self.path.display().to_string()
    }
}

fn only_declaration() -> Result<PathBuf, Failure> {
    let mut found = file::list(Path::new("plans"), &[".yaml", ".yml"])?;
    match found.len() {
        1 => Ok(found.remove(0)),
        0 => Err(Failure::new(exit::USAGE, "there is no declaration in plans/")
            .hint("name one, as in `ppm-infra plan my.yaml`, or write one with `ppm-infra init`")),
        _ => {
            let names: Vec<String> = found.iter().map(|path| path.display().to_string()).collect();
            let heading = format!("there are {} declarations in plans/: {}", names.len(), names.join(", "));
            let first = shell_word(&names[0]);
            Err(Failure::new(exit::USAGE, heading).hint(format!("name one of them, as in `ppm-infra plan {first}`")))
        }
    }
}

impl Blueprint for Declaration {
    fn questions(&self, state: &State) -> Questions {
        architecture::questions(&self.stack, state)
    }

    fn nodes(&self, surroundings: &Surroundings, state: &State) -> std::collections::BTreeMap<Address, Node> {
        architecture::expand(&self.stack, surroundings, state)
    }

    fn account(&self) -> Option<String> {
        self.stack.account.as_ref().map(ToString::to_string)
    }

    fn publish(&self, state: &mut State) {
        state.outputs = architecture::outputs(&self.stack, state);
        state.declaration = self.name();
        // What was written for a cluster that is gone is of use to nobody.
        let Runtime::Cluster { cluster, .. } = architecture::handles(&self.stack).runtime;
        if architecture::standing(state, &cluster).is_err() {
            state.values = None;
        }
    }

    fn fact_query(&self, surroundings: &Surroundings, state: &State, ask: &Request) -> FactQuery {
        checks::query(&QueryContext {
            stack: &self.stack,
            surroundings,
            state,
            destroy: ask.destroy,
            makes_final_snapshot: self.checking.makes_final_snapshot,
            replace: &ask.replace,
            is_thorough: self.checking.is_thorough,
        })
    }

    fn checks(&self, known: &CheckInputs<'_>) -> Vec<Check> {
        let CheckInputs { surroundings, facts, state, plan, ask, now, forecaster, observed: _ } = *known;
        let (stack, places, destroy) = (&self.stack, &self.places, ask.destroy);
        let credentials_end = self.checking.credentials_end;
        // To reckon it takes a while, and is of use to nobody else here.
        let p90_seconds = if credentials_end.is_some() { forecaster.forecast().p90() } else { 0 };
        self.checking.marked(checks::checks(&CheckContext {
            stack,
            places,
            surroundings,
            facts,
            state,
            plan,
            p90_seconds,
            credentials_end,
            destroy,
            now,
        }))
    }
}

/// The resources of a declaration without asking any cloud: zones that are not settled, account and versions stand for
/// themselves.
pub(super) fn offline_nodes(stack: &Stack, state: &State) -> std::collections::BTreeMap<Address, Node> {
    let account = stack.account.as_ref().map_or_else(|| state.account.clone(), ToString::to_string);
    let addons = architecture::questions(stack, state).addons;
    let account = if account.is_empty() { "0".repeat(12) } else { account };
    let surroundings = Surroundings {
        partition: Partition::of_region(stack.region.as_str()).name.to_owned(),
        account,
        principal: String::new(),
        zones: ["a", "b", "c", "d"].iter().map(|zone| format!("{}{zone}", stack.region)).collect(),
        other_zones: Vec::new(),
        addons: addons.into_iter().map(|question| (question, "default".to_owned())).collect(),
    };
    architecture::expand(stack, &surroundings, state)
}

/// Where the state of a declaration is: in the bucket it names, else in the folder. That of a rehearsal is never in the
/// bucket.
pub(super) fn home(common: &Common, declaration: &Declaration) -> Result<Home, Failure> {
    let stack = &declaration.stack;
    chosen::usable(common)?;
    match &stack.state {
        Some(location) if !chosen::is_rehearsal(common) => Ok(Home::Bucket(Box::new(bucket(location, stack)?))),
        Some(_) | None => Ok(Home::Folder(folder_store(common, declaration))),
    }
}

/// The lockfile of a declaration in the folder.
pub(super) fn folder_store(common: &Common, declaration: &Declaration) -> FileStore {
    FileStore::new(&chosen::state_folder(common), declaration.stack.stack.as_str(), catalog())
}

#[cfg(feature = "aws")]
#[expect(clippy::unnecessary_wraps, reason = "the same signature as without AWS")]
fn bucket(location: &S3Location, stack: &Stack) -> Result<S3Store, Failure> {
    let bucket = crate::store::s3::S3Bucket::new(location.bucket(), stack.region.as_str());
    Ok(S3Store::new(Arc::new(bucket), location.prefix(), stack.stack.as_str(), catalog()))
}

#[cfg(not(feature = "aws"))]
fn bucket(location: &S3Location, _: &Stack) -> Result<S3Store, Failure> {
    Err(Failure::new(exit::USAGE, format!("this ppm-infra was built without AWS and cannot reach {location}"))
        .hint("build it with its default features"))
}

/// What the lockfile and its journal hold; an empty state if there is none. Refuses a renamed stack.
pub(super) async fn load(home: &mut Home, declaration: &Declaration) -> Result<Book, Failure> {
    if let Some(book) = home.load().await? {
        return Ok(book);
    }
    let name = declaration.name();
    // What comes from standard input has no name of its own by which it was applied before.
    let named = !file::is_standard_input(&declaration.path);
    if let Some(other) = home.others_from(&name).await?.first().filter(|_| named) {
        let new = &declaration.stack.stack;
        let heading = format!(
            "{name} now names the stack {new}, but was applied as {}, of which {} resources stand",
            other.stack,
            other.resources.len()
        );
        return Err(Failure::new(exit::FAILED, heading)
            .hint("almost every name in AWS begins with the name of the stack: another name is another environment")
            .hint(format!("to keep it, write `stack: {}` again", other.stack))
            .hint(format!("for a second environment, copy the file: `cp {} {}`", shell_word(&name), copy(new.as_str())))
            .hint(format!("to move, destroy {} first, with its old name", other.stack)));
    }
    Ok(Book::of(fresh(declaration)))
}

/// A file in `plans/` that is not there yet, for the declaration of a stack.
fn copy(stack: &str) -> String {
    let name = |n: u32| if n == 1 { format!("plans/{stack}.yaml") } else { format!("plans/{stack}-{n}.yaml") };
    (1..=u32::MAX).map(name).find(|name| !file::is_there(Path::new(name))).expect("there are more names than files")
}

/// The state of a stack of which nothing stands; its lineage is given when it is first written.
pub(super) fn fresh(declaration: &Declaration) -> State {
    let stack = &declaration.stack;
    State::empty(stack.stack.as_str(), stack.region.as_str(), String::new(), env!("CARGO_PKG_VERSION"))
}

/// Everything a run needs.
pub(super) async fn session(common: &Common, stack: &Stack, stop: Stop) -> Result<Session, Failure> {
    Ok(connect(common, stack, stop).await?.session)
}

/// A session, and what few commands ask of the same cloud besides.
pub(super) struct Connection {
    /// Everything a run needs.
    pub(super) session: Session,
    /// Where the values of the secrets are.
    pub(super) vault: Arc<dyn Vault>,
    /// Who tells how well things serve.
    pub(super) health: Arc<dyn Health>,
}

/// Connects to the cloud, once.
pub(super) async fn connect(common: &Common, stack: &Stack, stop: Stop) -> Result<Connection, Failure> {
    if common.parallelism == 0 {
        return Err(Failure::new(exit::USAGE, "--parallelism takes a number greater than 0"));
    }
    // From here on a signal asks to stop; before, while nothing but files was read, it ends the process at once.
    stop.on_signals().map_err(|error| Failure::new(exit::BUG, format!("could not listen to signals: {error}")))?;
    let time_scale = chosen::time_scale(common)?;
    let parallelism = common.parallelism;
    match chosen::usable(common)? {
        Chosen::Aws => {
            let cloud = aws(stack, stop.clone()).await?;
            Ok(connection(cloud, stack, stop, parallelism, time_scale))
        }
        Chosen::Rehearsal(world) => {
            let cloud = Arc::new(simulated(world, stack)?);
            Ok(connection(cloud, stack, stop, parallelism, time_scale))
        }
    }
}

fn connection<C: Cloud + Vault + Health + 'static>(
    cloud: Arc<C>,
    stack: &Stack,
    stop: Stop,
    parallelism: usize,
    time_scale: f64,
) -> Connection {
    let session = Session {
        stack: stack.stack.to_string(),
        run: log::run(),
        cloud: cloud.clone(),
        catalog: catalog(),
        host: Host::system(),
        stop,
        parallelism,
        time_scale,
        experience: Experience::default(),
    };
    Connection { session, vault: cloud.clone(), health: cloud }
}

#[cfg(feature = "aws")]
async fn aws(stack: &Stack, stop: Stop) -> Result<Arc<crate::resources::Aws>, Failure> {
    use crate::cloud::aws::Clients;
    use crate::model::send_guard::SendGuard;
    use crate::resources::Aws;
    let guard = SendGuard::new(move || stop.may_send());
    Ok(Arc::new(Aws::new(Clients::connect(stack.region.as_str(), &guard).await)))
}

#[cfg(not(feature = "aws"))]
#[expect(clippy::unused_async, reason = "the same signature as with AWS")]
async fn aws(_: &Stack, _: Stop) -> Result<Arc<Simulated>, Failure> {
    Err(Failure::new(exit::USAGE, "this ppm-infra was built without AWS").hint("build it with its default features"))
}

fn simulated(path: &Path, stack: &Stack) -> Result<Simulated, Failure> {
    let world: World = match file::read_if_there(path)? {
        None => World::default(),
        Some(text) => serde_json::from_str(&text).map_err(|error| {
            Failure::new(exit::CLOUD, format!("{} holds no simulated cloud: {error}", path.display()))
        })?,
    };
    let path = path.to_owned();
    let keep = move |world: &World| {
        let text = canonical_pretty(&serde_json::to_value(world).expect("worlds serialise"));
        file::write_whole(&path, text.as_bytes())
            .map_err(|error| CloudError::new(ErrorKind::Unreachable, "keep the simulated cloud", error.to_string()))
    };
    let account = stack.account.as_ref().map_or(simulated::ACCOUNT, AccountId::as_str);
    let site = Site::new(stack.region.as_str(), account);
    Ok(Simulated::new(catalog(), site, world).kept(Box::new(keep)))
}

/// Who takes the lock.
#[expect(clippy::disallowed_methods, reason = "the environment is read here")]
pub(super) fn lock_info(command: &str, host: &Host) -> LockInfo {
    let user = std::env::var("USER").unwrap_or_else(|_| "somebody".to_owned());
    let machine = file::read_if_there(Path::new("/etc/hostname")).ok().flatten();
    let machine = machine.map_or_else(|| "this machine".to_owned(), |name| name.trim().to_owned());
    LockInfo {
        who: format!("{user}@{machine}"),
        pid: std::process::id(),
        command: format!("ppm-infra {command}"),
        since: host.now().strftime("%Y-%m-%d %H:%M:%S UTC").to_string(),
    }
}
