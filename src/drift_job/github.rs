//! A job of GitHub Actions: a workflow that takes a role by its OIDC token.

use serde_json::json;

use super::kubernetes::image;
use super::{DEADLINE_MINUTES, DriftJob, JobFile, JobFiles, JobStep, NO_RECORD, policy, registry, role_steps};
use crate::helm::shell_word;
use crate::permissions::looking_for_drift;
use crate::text::yaml::{self, YamlEntry, YamlNode, entry, list, map};

/// What a job in a repository has to know of it.
#[derive(Clone, Debug)]
pub struct RepositoryJob {
    /// The repository, `OWNER/NAME`.
    pub repository: String,
    /// The branch whose workflow runs on a schedule: the default one.
    pub branch: String,
    /// The image of the program.
    pub image: String,
    /// The declaration, from the root of the repository.
    pub declaration: String,
}

/// Who signs the tokens of workflows.
const ISSUER: &str = "token.actions.githubusercontent.com";

/// The findings.
const SARIF: &str = "drift.sarif";

pub(super) fn files(job: &DriftJob, repository: &RepositoryJob, out: &str) -> JobFiles {
    let name = format!("{}-github", job.name());
    let [workflow, trust, reading] =
        [".github-workflow.yaml", ".github-trust.json", ".github-policy.json"].map(|rest| job.file(rest));
    let subject = format!("repo:{}:ref:refs/heads/{}", repository.repository, repository.branch);
    let provider = job.iam(&format!("oidc-provider/{ISSUER}"));
    let mut permissions = looking_for_drift(&job.scope);
    if let (Some(registry), Some(statements)) =
        (registry(job, &repository.image), permissions["Statement"].as_array_mut())
    {
        statements.extend(policy::pull(&registry.arn));
    }
    let files = vec![
        JobFile { name: workflow.clone(), text: text(job, repository, &name) },
        JobFile::json(trust.clone(), &policy::trust(&provider, ISSUER, &subject)),
        JobFile::json(reading.clone(), &permissions),
    ];
    let file = shell_word(&format!("{out}/{workflow}"));
    let mut next = vec![
        image(&repository.image),
        JobStep::new(
            "once in an account: it believes the tokens of GitHub",
            format!(
                "aws iam create-open-id-connect-provider --region {} --url https://{ISSUER} --client-id-list sts.amazonaws.com",
                job.scope.region
            ),
        ),
    ];
    next.extend(role_steps(&job.scope.region, &name, &trust, &reading, out));
    next.push(JobStep::new(
        format!("into the branch {} of {}", repository.branch, repository.repository),
        format!("mkdir -p .github/workflows && cp {file} .github/workflows/{}.yaml", job.name()),
    ));
    let mut blind = vec![
        "GitHub starts scheduled workflows late when it is busy, and disables them in a public repository in which nothing \
         happens for 60 days. With a URL in the secret PPM_INFRA_HEARTBEAT, a dead man's switch elsewhere tells that no look \
         came."
            .to_owned(),
        "It looks at the declaration of its branch, and not at the file of Helm values, unless that is committed.".to_owned(),
        "Findings become alerts where the repository has code scanning; elsewhere that step fails without failing the job."
            .to_owned(),
    ];
    if job.scope.state.is_none() {
        blind.push(
            "The lockfile is in a folder: commit it with every apply to this repository, which has to be private, or the job \
             compares with what was applied long ago. `state: s3://BUCKET/PREFIX` in the declaration does without."
                .to_owned(),
        );
    }
    JobFiles { files, next, blind }
}

fn text(job: &DriftJob, repository: &RepositoryJob, role: &str) -> String {
    let (stack, registry) = (&job.scope.stack, registry(job, &repository.image));
    let mut env = vec![
        entry("IMAGE", &repository.image),
        entry("DECLARATION", &repository.declaration),
        entry("AWS_REGION", &job.scope.region),
    ];
    if let Some(registry) = &registry {
        env.push(entry("REGISTRY", &registry.host));
    }
    let job_entries = [
        entry("runs-on", word("ubuntu-latest")),
        entry("timeout-minutes", DEADLINE_MINUTES),
        entry("permissions", permissions()),
        entry("env", map(env)),
        entry("steps", list(steps(job, role, registry.is_some()))),
    ];
    let on = map([entry("schedule", list([map([entry("cron", job.cron())])])), entry("workflow_dispatch", map([]))]);
    let group = map([entry("group", word(&job.name())), entry("cancel-in-progress", false)]);
    let head = [format!("Looks for drift of {stack}. Written by ppm-infra drift schedule --as github.")];
    let entries = [
        entry("name", format!("Drift of {stack}")),
        entry("on", on),
        entry("permissions", map([])).why("Nothing, unless a job says so."),
        entry("concurrency", group).why("Never two looks at once."),
        entry("jobs", map([entry("drift", map(job_entries))])),
    ];
    yaml::commented(&head, &entries)
}

fn permissions() -> YamlNode {
    map([
        entry("contents", word("read")),
        entry("id-token", word("write")).why("To take the role: no key of AWS is kept anywhere."),
        entry("security-events", word("write")).why("To hand the findings to code scanning."),
    ])
}

fn steps(job: &DriftJob, role: &str, logs_in: bool) -> Vec<YamlNode> {
    let mut steps = vec![
        map([
            entry("uses", word("actions/checkout@v4"))
                .why("Pin the actions to commits you have read, if that is your rule."),
            entry("with", map([entry("persist-credentials", false)])),
        ]),
        map([
            entry("uses", word("aws-actions/configure-aws-credentials@v4")),
            entry(
                "with",
                map([
                    entry("role-to-assume", job.iam(&format!("role/{role}"))),
                    entry("aws-region", word(&job.scope.region)),
                ]),
            ),
        ]),
    ];
    if logs_in {
        steps.push(step("Log in to the registry", None, &[LOGIN.to_owned()]));
    }
    let secret = map([entry("PPM_INFRA_HEARTBEAT", "${{ secrets.PPM_INFRA_HEARTBEAT }}")]);
    let secret = entry("env", secret).why("The URL of a dead man's switch, if there is one.");
    steps.push(step("Look", secret, &look(job)));
    let always = entry("if", "${{ !cancelled() }}");
    steps.push(step(
        "Show",
        always,
        &["if [ -f drift.md ]; then cat drift.md >> \"$GITHUB_STEP_SUMMARY\"; fi".to_owned()],
    ));
    steps.push(map([
        entry("name", word("Hand in")),
        entry("if", format!("${{{{ !cancelled() && hashFiles('{SARIF}') != '' }}}}")),
        entry("continue-on-error", true).why("A private repository without code scanning takes none."),
        entry("uses", word("github/codeql-action/upload-sarif@v3")),
        entry("with", map([entry("sarif_file", word(SARIF))])),
    ]));
    steps
}

/// Whoever takes the password has it for hours: it goes through a pipe.
const LOGIN: &str = "aws ecr get-login-password | docker login --username AWS --password-stdin \"$REGISTRY\"";

/// The look. Exit status 2 is drift, 3 what could not be read: both fail the job.
fn look(job: &DriftJob) -> [String; 6] {
    let options: Vec<String> = [NO_RECORD.to_owned()].into_iter().chain(job.exit_on()).collect();
    [
        "docker run --rm --read-only --cap-drop ALL --security-opt no-new-privileges \\".to_owned(),
        "  --user \"$(id -u):$(id -g)\" --volume \"$PWD:/work\" \\".to_owned(),
        "  --env AWS_ACCESS_KEY_ID --env AWS_SECRET_ACCESS_KEY --env AWS_SESSION_TOKEN --env PPM_INFRA_HEARTBEAT \\"
            .to_owned(),
        format!("  \"$IMAGE\" drift {} \"$DECLARATION\" \\", options.join(" ")),
        "  --report drift.md \\".to_owned(),
        format!("  --sarif {SARIF}"),
    ]
}

/// A step that runs lines of a shell.
fn step(name: &str, more: impl Into<Option<YamlEntry>>, lines: &[String]) -> YamlNode {
    let mut entries = vec![entry("name", word(name))];
    entries.extend(more.into());
    let text = lines.join("\n") + "\n";
    entries.push(entry("run", word(&text)));
    map(entries)
}

/// Text as people write it: without quotes where it needs none, as a block where it has several lines.
fn word(text: &str) -> YamlNode {
    YamlNode::from(&json!(text))
}
