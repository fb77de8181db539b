//! As whom the pods run and which secrets they get: service account, license, environment.

use std::collections::BTreeMap;

use super::reviewer::{Reviewer, find, flag, items, members, printed, spot, text};
use super::storage::needs_bucket;
use crate::helm::SECRETS_DRIVER;
use crate::helm::form;
use crate::model::values::HostPort;
use crate::product::{
    DATA_DIRECTORY, ENCRYPTION_KEY_VARIABLE, LICENSE_DIRECTORY, PASSWORD_VARIABLE, SECRETS_DIRECTORY,
    USAGE_PASSWORD_VARIABLE, is_within,
};
use crate::text::{Member, SourceNode};

const ROLE: &str = "eks.amazonaws.com/role-arn";
const DENIED: &str = "IAM refuses the pods: AccessDenied from S3 at start, and a restart without end.";
const READABLE: &str = "Values and Helm's record of the release can be read by many more people than a Secret.";
/// Variables that must come from Secrets, and what is missing without each.
const SECRETS: [(&str, &str); 3] = [
    (
        ENCRYPTION_KEY_VARIABLE,
        "Each pod makes a key of its own, and what one encrypts the others cannot read; with S3 the server does not start.",
    ),
    (PASSWORD_VARIABLE, "The database refuses the server."),
    (
        USAGE_PASSWORD_VARIABLE,
        "Package Manager 2024.08.2 does not take it from PACKAGEMANAGER_POSTGRES_PASSWORD, and does not start.",
    ),
];
/// Variables that do not belong into the server's pods.
const STRANGE: [(&str, &str); 5] = [
    ("PACKAGEMANAGER_ADDRESS", "It belongs to the command line client, which runs in the same container."),
    ("PACKAGEMANAGER_TOKEN", "It belongs to the command line client, which runs in the same container."),
    ("PACKAGEMANAGER_SECRET_KEY", "It is a name of earlier versions; the key is not read from it any more."),
    ("AWS_ACCESS_KEY_ID", "Static keys win over the role of the service account."),
    ("AWS_SECRET_ACCESS_KEY", "Static keys win over the role of the service account."),
];

/// Checks names and secrets.
pub(super) fn check(reviewer: &mut Reviewer<'_>) {
    names(reviewer);
    account(reviewer);
    license(reviewer);
    environment(reviewer);
    secret_class(reviewer);
}

fn names(reviewer: &mut Reviewer<'_>) {
    let path = "fullnameOverride";
    let Some(release) = reviewer.facts.release.clone() else { return };
    let name = reviewer.text_or(path, "");
    if name != release {
        let what =
            if name.is_empty() { "the name is left to the chart".to_owned() } else { format!("the name is `{name}`") };
        let why = "Service, ConfigMap and Deployment get other names than the commands and the target group expect.";
        reviewer.error(reviewer.place(path), path, what, why, format!("write \"{release}\""));
    }
}

fn account(reviewer: &mut Reviewer<'_>) {
    let path = "serviceAccount.name";
    if let Some(release) = reviewer.facts.release.clone() {
        let default = if reviewer.flag("serviceAccount.create", true) {
            reviewer.text_or("fullnameOverride", "")
        } else {
            "default".into()
        };
        let name = reviewer.text_or(path, &default);
        if name != release {
            let namespace = reviewer.facts.namespace.clone().unwrap_or_else(|| "NAMESPACE".to_owned());
            let what = format!("the role trusts system:serviceaccount:{namespace}:{release}, and not `{name}`");
            reviewer.error(reviewer.place(path), path, what, DENIED, format!("write \"{release}\""));
        }
    }
    if !reviewer.members("serviceAccount.labels").is_empty() {
        let path = "serviceAccount.labels";
        let why = "The chart's template leaves them out.";
        reviewer.warning(
            reviewer.place(path),
            path,
            "labels of the service account are not written",
            why,
            "delete the key",
        );
    }
    if !reviewer.flag("serviceAccount.create", true) {
        return;
    }
    let path = "serviceAccount.annotations";
    // Neither the shared volume nor the database asks for a role.
    if !needs_bucket(reviewer) && reviewer.facts.secret_class.is_none() {
        return;
    }
    let known = reviewer.facts.role_arn.clone();
    let Some(member) = reviewer.members(path).iter().find(|member| member.key == ROLE) else {
        let arn = known.unwrap_or_else(|| "arn:aws:iam::ACCOUNT:role/NAME".to_owned());
        let remedy = format!("add `{ROLE}: \"{arn}\"`");
        reviewer.error(reviewer.place(path), path, "the service account has no role", DENIED, remedy);
        return;
    };
    let arn = printed(&member.value).unwrap_or_default();
    if !(form::ROLE.holds)(&arn) {
        let remedy = known.unwrap_or_else(|| "arn:aws:iam::ACCOUNT:role/NAME".to_owned());
        reviewer.error(
            spot(member),
            path,
            format!("`{arn}` is not the ARN of a role"),
            DENIED,
            format!("write {remedy}"),
        );
    } else if let Some(known) = known.filter(|known| *known != arn) {
        reviewer.error(spot(member), path, "this is not the stack's role", DENIED, format!("write {known}"));
    }
}

fn license(reviewer: &mut Reviewer<'_>) {
    let secret = reviewer.text("license.file.secret");
    let server = reviewer.text("license.server");
    let key = reviewer.text("license.key");
    if key.is_some() {
        let path = "license.key";
        let why = "Each new pod activates the key again until none is left; and it stands in the values.";
        reviewer.error(
            reviewer.place(path),
            path,
            "a license key stands in the values",
            why,
            "use license.file.secret or license.server",
        );
    }
    if secret.is_none() && server.is_none() && key.is_none() {
        let why = "The server serves nothing without a license.";
        reviewer.error(
            reviewer.place("license"),
            "license",
            "no license is named",
            why,
            "add `file: {secret: …, secretKey: …}`",
        );
    }
    if secret.is_some() && server.is_some() {
        let path = "license.server";
        let why = "The chart then sets the license type to remote, and the file is mounted for nothing.";
        reviewer.warning(
            reviewer.place(path),
            path,
            "both a license file and a license server are named",
            why,
            "keep one of the two",
        );
    }
    if let Some(server) = server
        && server.parse::<HostPort>().is_err()
    {
        let path = "license.server";
        let why = "The server does not find it.";
        reviewer.error(
            reviewer.place(path),
            path,
            format!("`{server}` is not a server with its port"),
            why,
            "write host:port",
        );
    }
    let path = "license.file.mountPath";
    let mounted = reviewer.text_or(path, LICENSE_DIRECTORY);
    if is_within(&mounted, DATA_DIRECTORY) {
        let why = "The image's start script deletes licenses there before it looks for one.";
        reviewer.error(
            reviewer.place(path),
            path,
            format!("the license is mounted at {mounted}"),
            why,
            format!("write {LICENSE_DIRECTORY}"),
        );
    }
}

fn environment(reviewer: &mut Reviewer<'_>) {
    let path = "pod.env";
    let mut seen: BTreeMap<String, &Member> = BTreeMap::new();
    let mut variables: BTreeMap<String, &SourceNode> = BTreeMap::new();
    for variable in reviewer.items(path) {
        let Some(member) = find(variable, &["name"]) else {
            let why = "Kubernetes refuses the pods.";
            reviewer.error(variable.place, path, "a variable has no name", why, "write `name: …` and `value: …`");
            continue;
        };
        let name = printed(&member.value).unwrap_or_default();
        if let Some(first) = seen.insert(name.clone(), member) {
            let what = format!("`{name}` is in line {} already", first.at.line);
            reviewer.error(spot(member), path, what, "The last of the two wins.", "keep one of the two");
        }
        variables.insert(name.clone(), variable);
        if let Some((_, why)) = STRANGE.iter().find(|(strange, _)| *strange == name) {
            reviewer.error(spot(member), path, format!("`{name}` does not belong here"), why, "delete the variable");
        }
        if let Some(value) = find(variable, &["value"])
            && printed(&value.value).is_none()
        {
            let why = "Kubernetes takes text alone, and refuses the pods.";
            reviewer.error(spot(value), path, format!("the value of `{name}` is not text"), why, "write it in quotes");
        }
    }
    for (name, why) in SECRETS {
        match variables.get(name) {
            None => {
                let remedy = format!("add `name: {name}` with `valueFrom: {{secretKeyRef: {{name: …, key: …}}}}`");
                reviewer.error(reviewer.place(path), path, format!("`{name}` is missing"), why, remedy);
            }
            Some(variable) => secret(reviewer, name, variable),
        }
    }
}

/// The CSI driver makes the Secrets of the environment for as long as a pod mounts the class they come from.
fn secret_class(reviewer: &mut Reviewer<'_>) {
    let Some(class) = reviewer.facts.secret_class.clone() else { return };
    let why = "Its Secrets exist only while a pod mounts it: no pod ever starts.";
    let path = "pod.volumes";
    let is = |node: &SourceNode, keys: &[&str], wanted: &str| {
        find(node, keys).and_then(|member| text(&member.value)).is_some_and(|found| found == wanted)
    };
    let mut classes = reviewer.items(path).iter().filter(|volume| is(volume, &["csi", "driver"], SECRETS_DRIVER));
    let named = ["csi", "volumeAttributes", "secretProviderClass"];
    let Some(volume) = classes.find(|volume| is(volume, &named, &class)) else {
        let what = format!("no volume is of the SecretProviderClass `{class}`");
        let remedy = format!(
            "add `- {{name: secrets-store, csi: {{driver: {SECRETS_DRIVER}, readOnly: true, volumeAttributes: \
             {{secretProviderClass: {class}}}}}}}`, and mount it"
        );
        reviewer.error(reviewer.place(path), path, what, why, remedy);
        return;
    };
    if find(volume, &["csi", "readOnly"]).and_then(|member| flag(&member.value)) != Some(true) {
        let why = "The driver mounts for reading alone, and refuses anything else.";
        reviewer.error(
            volume.place,
            path,
            "the SecretProviderClass is not mounted for reading alone",
            why,
            "add `readOnly: true`",
        );
    }
    let name = find(volume, &["name"]).and_then(|member| text(&member.value)).unwrap_or_default();
    let others = ["extraContainers", "initContainers"].map(|containers| reviewer.items(containers).iter());
    let elsewhere = others.into_iter().flatten().filter_map(|each| find(each, &["volumeMounts"]));
    let own = reviewer.items("pod.volumeMounts").iter();
    if !own.chain(elsewhere.flat_map(|mounts| items(&mounts.value))).any(|mount| is(mount, &["name"], &name)) {
        let path = "pod.volumeMounts";
        let what = format!("the volume `{name}` of the SecretProviderClass is mounted nowhere");
        let remedy = format!("add `- {{name: {name}, mountPath: {SECRETS_DIRECTORY}, readOnly: true}}`");
        reviewer.error(reviewer.place(path), path, what, why, remedy);
    }
}

fn secret(reviewer: &mut Reviewer<'_>, name: &str, variable: &SourceNode) {
    let path = "pod.env";
    let remedy = "write `valueFrom: {secretKeyRef: {name: …, key: …}}`";
    if let Some(value) = find(variable, &["value"]) {
        reviewer.error(spot(value), path, format!("`{name}` stands in the values"), READABLE, remedy);
        return;
    }
    let Some(reference) = find(variable, &["valueFrom", "secretKeyRef"]) else {
        reviewer.error(variable.place, path, format!("`{name}` does not come from a Secret"), READABLE, remedy);
        return;
    };
    let is_named = |key: &str| find(&reference.value, &[key]).and_then(|member| text(&member.value)).is_some();
    if !is_named("name") || !is_named("key") {
        let why = "Kubernetes refuses the pods.";
        reviewer.error(reference.at, path, format!("`{name}` does not say which key of which Secret"), why, remedy);
    }
    for member in
        members(&reference.value).iter().filter(|member| !["name", "key", "optional"].contains(&member.key.as_str()))
    {
        let what = format!("a reference to a Secret has no key `{}`", member.key);
        reviewer.error(member.at, path, what, "Kubernetes drops it.", "the keys are name and key");
    }
}
