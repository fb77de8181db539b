//! `drift schedule`: the files of a job that looks for drift, written into a folder.

use std::collections::BTreeSet;
use std::path::{Component, Path, PathBuf};

use serde_json::json;

use super::args::{Common, JobForm, ScheduleArgs};
use super::failure::Failure;
use super::folder::{NamedText, write_files};
use super::iam_policy::state_key;
use super::workplace::Declaration;
use super::{chosen, exit, install, out, workplace};
use crate::architecture::{DriftRole, drift_role, handles, permission_scope, standing};
use crate::drift_job::{ClusterFacts, DriftJob, JobFiles, JobIdentity, JobTarget, MachineJob, RepositoryJob, TaskJob};
use crate::engine::state::State;
use crate::helm::shell_word;
use crate::model::address::Address;
use crate::render::document;
use crate::resources::catalog;
use crate::run;
use crate::store::file;

/// Writes the files, and says what is done with them and what the job cannot see.
pub(super) async fn drift_schedule(common: &Common, args: &ScheduleArgs) -> Result<u8, Failure> {
    let declaration = Declaration::load(args.file.file.as_deref())?;
    let mut home = workplace::home(common, &declaration)?;
    let state = workplace::load(&mut home, &declaration).await?.state;
    if state.account.is_empty() {
        let heading =
            format!("nothing of {} is recorded, so there is nothing that could drift", declaration.stack.stack);
        return Err(apply_first(heading));
    }
    let mut scope = permission_scope(&declaration.stack, &state.account);
    scope.state_key = state_key(args.state_key.as_ref(), &declaration.stack)?;
    let job = DriftJob { scope, hours: args.every, exit_on: args.exit_on };
    let target = match args.form {
        JobForm::Cron => JobTarget::Cron(machine(common, args, &declaration)?),
        JobForm::Systemd => JobTarget::Systemd(machine(common, args, &declaration)?),
        JobForm::Kubernetes => {
            elsewhere(&job)?;
            JobTarget::Kubernetes(cluster(args, &declaration, &state, &job)?)
        }
        JobForm::Eventbridge => {
            elsewhere(&job)?;
            below_here(&declaration)?;
            let watched = run::watched(&catalog(), &state);
            JobTarget::Eventbridge(TaskJob { image: image(args, &job), declaration: declaration.name(), watched })
        }
        JobForm::Github => JobTarget::Github(repository(args, &declaration, &job)?),
    };
    let files = job.files(&target, &args.out.display().to_string());
    let texts: Vec<NamedText<'_>> = files.files.iter().map(|file| (file.name.as_str(), file.text.as_str())).collect();
    let written = write_files(&args.out, &texts, args.force)?;
    tell(common, &written, &files);
    Ok(exit::DONE)
}

/// Refuses a job whose role does not stand as it is declared.
fn pending(addresses: &BTreeSet<Address>) -> Failure {
    let addresses: Vec<String> = addresses.iter().map(ToString::to_string).collect();
    apply_first(format!("the next apply changes the role of the job: {}", addresses.join(", ")))
}

fn apply_first(heading: String) -> Failure {
    Failure::new(exit::FAILED, heading).hint("`ppm-infra apply` comes first; write the files after it")
}

/// Refuses a job on a machine that has no lockfile.
fn elsewhere(job: &DriftJob) -> Result<(), Failure> {
    if job.scope.state.is_some() {
        return Ok(());
    }
    let heading = "the lockfile is in a folder of this machine, where a job elsewhere cannot read it";
    Err(Failure::new(exit::FAILED, heading)
        .hint("declare `state: s3://BUCKET/PREFIX`; `ppm-infra state migrate` moves the lockfile there")
        .hint("a job on this machine reads it where it is: `--as systemd`, or `--as cron`"))
}

/// What a job on this machine runs.
#[expect(clippy::disallowed_methods, reason = "the environment is read here")]
fn machine(common: &Common, args: &ScheduleArgs, declaration: &Declaration) -> Result<MachineJob, Failure> {
    if file::is_standard_input(&declaration.path) {
        return Err(
            Failure::new(exit::USAGE, "a job cannot read a declaration from your standard input").hint("name its file")
        );
    }
    let here = std::env::current_dir();
    let here = here.map_err(|error| Failure::new(exit::FAILED, format!("the current folder has no name: {error}")))?;
    let text = |path: &Path| {
        let path = here.join(path);
        let found = path.to_str().filter(|path| !path.contains(char::is_control)).map(str::to_owned);
        found.ok_or_else(|| Failure::new(exit::USAGE, format!("{} is no name for a file of a job", path.display())))
    };
    let mut options = Vec::new();
    if common.cloud != "aws" {
        options.extend(["--cloud".to_owned(), common.cloud.clone()]);
    }
    if let Some(folder) = &common.state {
        options.extend(["--state".to_owned(), text(folder)?]);
    }
    let somebody = || std::env::var("USER").unwrap_or_else(|_| "root".to_owned());
    let user = args.user.clone().unwrap_or_else(somebody);
    let is_name = |c: char| c.is_ascii_alphanumeric() || "_-.".contains(c);
    if user.is_empty() || !user.chars().all(is_name) {
        return Err(Failure::new(exit::USAGE, format!("`{user}` is no name of a user")).hint("say it with `--user`"));
    }
    Ok(MachineJob {
        folder: text(Path::new(""))?.trim_end_matches('/').to_owned(),
        user,
        program: install::this_program()?,
        options,
        declaration: declaration.name(),
        // The role that reads a bucket only reads.
        records: match declaration.stack.state {
            None => Some(text(&chosen::state_folder(common))?),
            Some(_) => None,
        },
        metrics: text(&args.metrics)?,
        out: text(&args.out)?,
    })
}

/// What a job in the cluster has to know of it.
fn cluster(
    args: &ScheduleArgs,
    declaration: &Declaration,
    state: &State,
    job: &DriftJob,
) -> Result<ClusterFacts, Failure> {
    let stack = &declaration.stack;
    let identity = match drift_role(stack, state) {
        DriftRole::Standing { arn } => JobIdentity::OfStack { role: arn },
        DriftRole::Pending(addresses) => return Err(pending(&addresses)),
        DriftRole::Undeclared => {
            let provider = standing(state, &handles(stack).oidc_provider)?;
            JobIdentity::Apart { provider: provider.id, issuer: provider.issuer }
        }
    };
    Ok(ClusterFacts {
        namespace: stack.chart().namespace.to_string(),
        image: image(args, job),
        identity,
        declaration: declaration.text.clone(),
    })
}

/// What a job in a repository has to know of it.
fn repository(args: &ScheduleArgs, declaration: &Declaration, job: &DriftJob) -> Result<RepositoryJob, Failure> {
    let repository = args.repository.clone().unwrap_or_default();
    let is_part = |part: &str| !part.is_empty() && part.chars().all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c));
    // Either of them with a wildcard or a colon would open the role to others.
    if !repository.split_once('/').is_some_and(|(owner, name)| is_part(owner) && is_part(name)) {
        return Err(Failure::new(exit::USAGE, format!("`{repository}` is no repository of GitHub"))
            .hint("write `--repository OWNER/NAME`"));
    }
    let branch = args.branch.clone().unwrap_or_default();
    if !branch.split('/').all(is_part) {
        return Err(Failure::new(exit::USAGE, format!("`{branch}` is no branch that a job can be bound to"))
            .hint("letters, digits, and - _ . / between them"));
    }
    below_here(declaration)?;
    Ok(RepositoryJob { repository, branch, image: image(args, job), declaration: declaration.name() })
}

/// Refuses a declaration that is in none of the folders below this one: what is copied elsewhere has another path.
fn below_here(declaration: &Declaration) -> Result<(), Failure> {
    let path = &declaration.path;
    let leads_out = path.components().any(|part| !matches!(part, Component::Normal(_) | Component::CurDir));
    if leads_out || file::is_standard_input(path) {
        return Err(Failure::new(exit::USAGE, format!("{} is no file below this folder", declaration.name()))
            .hint("go to the root of the repository, and name the declaration from there"));
    }
    Ok(())
}

/// The image of the program.
fn image(args: &ScheduleArgs, job: &DriftJob) -> String {
    args.image.clone().unwrap_or_else(|| job.usual_image())
}

/// What was written, what is next, and what the job does not see.
fn tell(common: &Common, written: &[PathBuf], job: &JobFiles) {
    let names: Vec<String> = written.iter().map(|path| path.display().to_string()).collect();
    if common.json {
        let next: Vec<&str> = job.next.iter().map(|step| step.line.as_str()).collect();
        let fields = [("written", json!(names)), ("next", json!(next)), ("cannot_see", json!(job.blind))];
        out::data(&format!("{}\n", document(Some("drift schedule"), fields)));
        return;
    }
    let mut lines = vec!["Wrote".to_owned()];
    lines.extend(names.iter().map(|name| format!("  {}", shell_word(name))));
    lines.push("What the job cannot see:".to_owned());
    lines.extend(job.blind.iter().map(|line| format!("  {line}")));
    lines.push("Next:".to_owned());
    out::note(&(lines.join("\n") + "\n"));
    out::data(&job.next.iter().map(|step| format!("  # {}\n  {}\n", step.why, step.line)).collect::<Vec<_>>().concat());
    if chosen::is_rehearsal(common) {
        out::note("This is a rehearsal: its account and its cluster are made up.\n");
    }
}
