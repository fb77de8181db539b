//! What to type once the infrastructure stands: from the kubeconfig to the first answer of the server.
//!
//! Promises: no secret is printed, written to a file or passed as an argument; an encryption key that exists is never
//! replaced; every command may be typed again (one that makes a Secret then says that it exists).
//!
//! Leaves running them to a person.

use super::values::PING;
use super::{
    DATABASE_SECRET, DATABASE_SECRET_KEY, ENCRYPTION_SECRET, ENCRYPTION_SECRET_KEY, Exposure, Inputs, License, Strategy,
};

/// Length of the encryption key in characters: 512 bytes in hexadecimal.
const ENCRYPTION_KEY_LENGTH: usize = 1024;

/// A line for a POSIX shell, and what it is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Command {
    /// One or two sentences, without a comment sign.
    pub comment: String,
    /// The line.
    pub line: String,
}

fn command(comment: impl Into<String>, line: impl Into<String>) -> Command {
    Command { comment: comment.into(), line: line.into() }
}

/// Lists the commands that bring Package Manager up with the values at `values_path`, in order.
///
/// The inputs are those of the values: what [`super::values()`] accepted needs no quoting.
pub fn next_commands(inputs: &Inputs, values_path: &str) -> Vec<Command> {
    let Inputs { namespace, release, region, cluster_name, .. } = inputs;
    let mut commands = vec![
        command(
            "Point kubectl and helm at the cluster.",
            format!("aws eks update-kubeconfig --name {cluster_name} --region {region}"),
        ),
        command(
            "The namespace of the release.",
            format!("kubectl create namespace {namespace} --dry-run=client -o yaml | kubectl apply -f -"),
        ),
        command(
            "Sandboxes for Git builds need more than the stricter pod security levels allow.",
            format!("kubectl label namespace {namespace} --overwrite pod-security.kubernetes.io/enforce=privileged"),
        ),
    ];
    commands.extend(controller_commands(inputs));
    commands.extend(inputs.shared_storage.iter().map(|storage| {
        command(
            format!(
                "If this finds nothing, install the EFS CSI driver before you go on. The nodes must reach {} on port \
                 2049.",
                storage.file_system
            ),
            "kubectl get csidriver efs.csi.aws.com",
        )
    }));
    commands.extend(license_command(inputs));
    commands.extend(secret_commands(inputs));
    commands.extend([
        command("The chart.", "helm repo add rstudio https://helm.rstudio.com && helm repo update rstudio"),
        command(
            match inputs.strategy {
                Strategy::Rolling => "Install, or change what is installed.",
                Strategy::Recreate => {
                    "Chart or image change: all pods stop, then the new ones start. Do it before the next apply, whose \
                     values replace pods one by one again."
                }
            },
            format!(
                "helm upgrade --install {release} rstudio/rstudio-pm --version {} -n {namespace} -f {} --timeout 20m",
                inputs.chart_version,
                shell_word(values_path)
            ),
        ),
        command(
            "Wait until every pod serves.",
            format!("kubectl -n {namespace} rollout status deployment/{release} --timeout=20m"),
        ),
    ]);
    commands.push(ping_command(inputs));
    commands
}

/// What the AWS Load Balancer Controller needs before the first pod exists.
fn controller_commands(inputs: &Inputs) -> Vec<Command> {
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

fn create_secret(namespace: &str) -> String {
    format!("kubectl -n {namespace} create secret generic")
}

/// Nothing where a server hands licenses out.
fn license_command(inputs: &Inputs) -> Option<Command> {
    let License::File { secret, key } = &inputs.license else { return None };
    let create = create_secret(&inputs.namespace);
    Some(command("The license file, from this directory.", format!("{create} {secret} --from-file={key}=./{key}")))
}

fn secret_commands(inputs: &Inputs) -> [Command; 2] {
    let Inputs { namespace, region, .. } = inputs;
    let create = create_secret(namespace);
    let read = |arn: &str| {
        format!(
            "aws secretsmanager get-secret-value --region {region} --secret-id {arn} --query SecretString --output text"
        )
    };
    [
        // The shell strips trailing newlines from `$(…)`, which would otherwise become part of the secret, and `&&`
        // keeps a failed read from making an empty Secret. The parentheses forget the variable again.
        command(
            "The database password, from Secrets Manager. An existing Secret is left alone.",
            format!(
                "(secret=\"$({} | jq -er .password)\" && printf %s \"$secret\" | {create} {DATABASE_SECRET} \
                 --from-file={DATABASE_SECRET_KEY}=/dev/stdin)",
                read(&inputs.database_secret_arn)
            ),
        ),
        command(
            "The encryption key, from Secrets Manager, where it was made once. Never make another for this database.",
            format!(
                "(secret=\"$({})\" && [ \"${{#secret}}\" -eq {ENCRYPTION_KEY_LENGTH} ] && printf %s \"$secret\" | \
                 {create} {ENCRYPTION_SECRET} --from-file={ENCRYPTION_SECRET_KEY}=/dev/stdin)",
                read(&inputs.encryption_key_secret_arn)
            ),
        ),
    ]
}

fn ping_command(inputs: &Inputs) -> Command {
    let Some(load_balancer) = &inputs.load_balancer_dns_name else {
        return command(
            "The load balancer that the controller made. Point the DNS record of the domain at it.",
            format!("kubectl -n {} get ingress {}", inputs.namespace, inputs.release),
        );
    };
    let Some(address) = &inputs.address else {
        return command("Ask through the load balancer.", format!("curl -fsS http://{load_balancer}{PING}"));
    };
    let host = address.rsplit('/').next().and_then(|rest| rest.split(':').next()).unwrap_or(address);
    command(
        format!(
            "Ask through the load balancer, whether or not the name leads there yet. Then point the DNS record of \
             {host} at {load_balancer}."
        ),
        format!("curl -fsS --connect-to ::{load_balancer}: {address}{PING}"),
    )
}

/// Quotes a word for the shell where it needs it.
fn shell_word(word: &str) -> String {
    let is_plain =
        |c: char| c.is_ascii_alphanumeric() || matches!(c, '/' | '.' | '_' | '-' | '=' | ':' | '@' | '+' | ',');
    if !word.is_empty() && word.chars().all(is_plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}
