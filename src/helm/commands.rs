//! What to type once the infrastructure stands: from the kubeconfig to the first answer of the server.
//!
//! Promises: no secret is printed on a screen, written to a file or passed as an argument; an encryption key that exists
//! is never replaced; every command may be typed again.
//!
//! Leaves running them to a person.

use super::{DATABASE_JOB, Exposure, Inputs, Strategy};
use crate::product::{License, PING_PATH};

/// Where the files are, and what is there to reach.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Whereabouts {
    /// The values.
    pub values: String,
    /// The declaration.
    pub declaration: String,
    /// Whether charts and images must be brought in.
    pub air_gapped: bool,
}

/// A line for a POSIX shell, and what it is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShellCommand {
    /// One or two sentences, without a comment sign.
    pub comment: String,
    /// The line.
    pub line: String,
}

fn command(comment: impl Into<String>, line: impl Into<String>) -> ShellCommand {
    ShellCommand { comment: comment.into(), line: line.into() }
}

/// Lists the commands that bring Package Manager up, in order.
///
/// The inputs are those of the values: what [`super::values()`] accepted needs no quoting.
pub fn next_commands(inputs: &Inputs, at: &Whereabouts) -> Vec<ShellCommand> {
    let Inputs { namespace, release, chart_version, .. } = inputs;
    let declaration = shell_word(&at.declaration);
    let mut commands = Vec::new();
    if at.air_gapped {
        commands.push(command(
            "Bring in what cannot be fetched from inside. What follows is typed inside the network.",
            format!("ppm-infra offline-checklist {declaration}"),
        ));
    }
    commands.extend([
        command("Point kubectl and helm at the cluster.", format!("ppm-infra kubeconfig {declaration}")),
        command(
            "The namespace of the release.",
            format!("kubectl create namespace {namespace} --dry-run=client -o yaml | kubectl apply -f -"),
        ),
        command(
            "Sandboxes for Git builds need more than the stricter pod security levels allow.",
            format!("kubectl label namespace {namespace} --overwrite pod-security.kubernetes.io/enforce=privileged"),
        ),
    ]);
    commands.extend(controller_commands(inputs));
    commands.extend(driver_command(inputs));
    commands.push(secrets_command(inputs, &declaration));
    let wait = job_command(inputs);
    if !inputs.secrets_by_pods {
        commands.extend(wait.clone());
    }
    let chart = if at.air_gapped {
        format!("./rstudio-pm-{chart_version}.tgz")
    } else {
        commands
            .push(command("The chart.", "helm repo add rstudio https://helm.rstudio.com && helm repo update rstudio"));
        format!("rstudio/rstudio-pm --version {chart_version}")
    };
    let values = shell_word(&at.values);
    commands.push(command(
        match inputs.strategy {
            Strategy::Rolling => "Install, or change what is installed.",
            Strategy::Recreate => {
                "Chart or image change: all pods stop, then the new ones start. Do it before the next apply, whose \
                     values replace pods one by one again."
            }
        },
        format!("helm upgrade --install {release} {chart} -n {namespace} -f {values} --timeout 20m"),
    ));
    if inputs.secrets_by_pods {
        commands.extend(wait);
    }
    commands.extend([
        command(
            "Wait until every pod serves.",
            format!("kubectl -n {namespace} rollout status deployment/{release} --timeout=20m"),
        ),
        ping_command(inputs),
        command("Does it serve, and what ends when? Ask again any day.", format!("ppm-infra status {declaration}")),
    ]);
    commands
}

/// What the AWS Load Balancer Controller needs before the first pod exists.
fn controller_commands(inputs: &Inputs) -> Vec<ShellCommand> {
    match inputs.exposure {
        Exposure::NodePort { .. } => Vec::new(),
        Exposure::TargetGroupBinding { .. } | Exposure::Ingress(_) => vec![
            command(
                "Pods count as ready only once the load balancer reaches them. The label must be there before the pods.",
                format!(
                    "kubectl label namespace {} --overwrite elbv2.k8s.aws/pod-readiness-gate-inject=enabled",
                    inputs.namespace
                ),
            ),
            command(
                "If this finds nothing, install the AWS Load Balancer Controller before you go on.",
                "kubectl get crd targetgroupbindings.elbv2.k8s.aws",
            ),
        ],
    }
}

/// What the volumes of file systems need.
fn driver_command(inputs: &Inputs) -> Option<ShellCommand> {
    let mut named: Vec<&str> = [&inputs.shared_storage, &inputs.offline_data]
        .into_iter()
        .flatten()
        .map(|of| of.file_system.as_str())
        .collect();
    named.dedup();
    (!named.is_empty()).then(|| {
        command(
            format!(
                "If this finds nothing, install the EFS CSI driver before you go on. The nodes must reach {} on port \
                 2049.",
                named.join(" and ")
            ),
            "kubectl get csidriver efs.csi.aws.com",
        )
    })
}

/// Waits for the place of usage data, which must be there before the server opens it.
fn job_command(inputs: &Inputs) -> Option<ShellCommand> {
    inputs.usage_data.map(|_| {
        let why = if inputs.secrets_by_pods {
            "Wait until the place for usage data is made: the Job gets its password once a pod mounts the Secret, and \
             pods start again until the place is there."
        } else {
            "Wait until the place for usage data is made; the server does not start without it."
        };
        command(
            why,
            format!("kubectl -n {} wait --for=condition=complete job/{DATABASE_JOB} --timeout=10m", inputs.namespace),
        )
    })
}

/// From Secrets Manager into the cluster. Where a server hands licenses out, no file is asked for.
fn secrets_command(inputs: &Inputs, declaration: &str) -> ShellCommand {
    let job = if inputs.usage_data.is_some() { " --with-database-job" } else { "" };
    let (what, license, about) = match &inputs.license {
        License::File { key, .. } => (
            "License, database password and encryption key",
            format!(" --license ./{key}"),
            " The license file is the one you got from Posit.",
        ),
        License::Server(_) => ("Database password and encryption key", String::new(), ""),
    };
    let also = if job.is_empty() { "" } else { " The Job makes the place for usage data." };
    command(
        format!("{what}, from Secrets Manager into the cluster.{about}{also}"),
        format!("ppm-infra secrets {declaration}{license}{job} | kubectl apply --server-side -f -"),
    )
}

fn ping_command(inputs: &Inputs) -> ShellCommand {
    let Some(load_balancer) = &inputs.load_balancer_dns_name else {
        return command(
            "The load balancer that the controller made. Point the DNS record of the domain at it.",
            format!("kubectl -n {} get ingress {}", inputs.namespace, inputs.release),
        );
    };
    let Some(address) = &inputs.address else {
        return command("Ask through the load balancer.", format!("curl -fsS http://{load_balancer}{PING_PATH}"));
    };
    let host = address.rsplit('/').next().and_then(|rest| rest.split(':').next()).unwrap_or(address);
    command(
        format!(
            "Ask through the load balancer, whether or not the name leads there yet. Then point the DNS record of \
             {host} at {load_balancer}."
        ),
        format!("curl -fsS --connect-to ::{load_balancer}: {address}{PING_PATH}"),
    )
}

/// Quotes a word for the shell where it needs it.
pub fn shell_word(word: &str) -> String {
    let is_plain =
        |c: char| c.is_ascii_alphanumeric() || matches!(c, '/' | '.' | '_' | '-' | '=' | ':' | '@' | '+' | ',');
    if !word.is_empty() && word.chars().all(is_plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}
