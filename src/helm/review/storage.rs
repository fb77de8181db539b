//! Where packages are kept, and what is mounted.

use super::reviewer::{Reviewer, find, flag, items, members, printed, spot, text};
use super::settings::setting;
use crate::product::{DATA_DIRECTORY, is_within};
use crate::text::Shape;

const LOST: &str = "Packages would be in a directory of each pod: different from pod to pod, and gone with it.";
const HIDDEN: &str = "The image's start script rearranges that directory, and refuses to start where it is a mount.";

/// Checks storage and mounts.
pub(super) fn check(reviewer: &mut Reviewer<'_>) {
    let shared = reviewer.flag("sharedStorage.create", false) || reviewer.flag("sharedStorage.mount", false);
    default(reviewer, shared);
    bucket(reviewer);
    if shared {
        volume(reviewer);
    }
    mounts(reviewer);
    context(reviewer);
}

/// Whether anything at all is kept in the bucket.
pub(super) fn needs_bucket(reviewer: &Reviewer<'_>) -> bool {
    let classes = reviewer.members("config").iter().filter(|section| section.key.eq_ignore_ascii_case("Storage"));
    let mut kinds = classes.flat_map(|section| members(&section.value)).filter_map(|setting| text(&setting.value));
    kinds.any(|kind| kind.eq_ignore_ascii_case("s3"))
}

fn uses_bucket(reviewer: &Reviewer<'_>) -> bool {
    setting(reviewer, "Storage", "Default").is_some_and(|(_, default)| default.eq_ignore_ascii_case("s3"))
}

fn default(reviewer: &mut Reviewer<'_>, shared: bool) {
    let path = "config.Storage.Default";
    match setting(reviewer, "Storage", "Default") {
        Some((_, default)) if default.eq_ignore_ascii_case("s3") => {}
        Some((_, default)) if default.eq_ignore_ascii_case("file") && shared => {}
        None if shared => {}
        Some((member, default)) if default.eq_ignore_ascii_case("file") => {
            reviewer.error(spot(member), path, "nothing that pods share is mounted", LOST, "write \"s3\"");
        }
        Some((member, default)) => {
            let what = format!("there is no storage `{default}`");
            reviewer.error(spot(member), path, what, "The server does not start.", "write \"s3\"");
        }
        None => {
            reviewer.error(
                reviewer.place(path),
                path,
                "where packages are kept is not said",
                LOST,
                "add `Default: \"s3\"`",
            );
        }
    }
    for name in ["CRAN", "PyPI", "Bioconductor", "Cache", "Persistent", "Packages", "Launcher"] {
        if let Some((member, kind)) = setting(reviewer, "Storage", name)
            && kind.eq_ignore_ascii_case("file")
            && !shared
        {
            reviewer.error(
                spot(member),
                &format!("config.Storage.{name}"),
                "nothing that pods share is mounted",
                LOST,
                "write \"s3\"",
            );
        }
    }
}

fn bucket(reviewer: &mut Reviewer<'_>) {
    if !uses_bucket(reviewer) {
        return;
    }
    let known = [("Bucket", reviewer.facts.bucket.clone()), ("Region", reviewer.facts.region.clone())];
    for (name, known) in known {
        let path = format!("config.S3Storage.{name}");
        let why = "Every storage class is tried at start, and the server ends when one fails.";
        match (setting(reviewer, "S3Storage", name), known) {
            (None, known) => {
                let value = known.unwrap_or_else(|| "…".to_owned());
                let what = format!("`{name}` is missing");
                reviewer.error(reviewer.place(&path), &path, what, why, format!("add `{name}: \"{value}\"`"));
            }
            (Some((member, written)), Some(known)) if written != known => {
                reviewer.error(
                    spot(member),
                    &path,
                    format!("the stack has {known}"),
                    why,
                    format!("write \"{known}\""),
                );
            }
            (Some(_), _) => {}
        }
    }
    if let Some((member, _)) = setting(reviewer, "S3Storage", "KeyID") {
        reviewer.warning(
            member.at,
            "config.S3Storage.KeyID",
            "packages are encrypted by the client",
            "What was stored before cannot be read then, and the reverse when it is turned off.",
            "delete it: the bucket encrypts what it stores",
        );
    }
}

fn volume(reviewer: &mut Reviewer<'_>) {
    let path = "sharedStorage.path";
    let mounted = reviewer.text_or(path, DATA_DIRECTORY);
    // The directory itself is the chart's own default.
    if mounted != DATA_DIRECTORY && is_within(&mounted, DATA_DIRECTORY) {
        let remedy = "write another path, such as /data, and Server.DataDir to match";
        reviewer.error(reviewer.place(path), path, format!("the volume is mounted at {mounted}"), HIDDEN, remedy);
    }
    if !uses_bucket(reviewer) {
        let directory = setting(reviewer, "Server", "DataDir");
        let place =
            directory.as_ref().map_or_else(|| reviewer.place("config.Server.DataDir"), |(member, _)| spot(member));
        let named = directory.map_or_else(|| DATA_DIRECTORY.to_owned(), |(_, directory)| directory);
        if !is_within(&named, &mounted) {
            let what = format!("the volume is at {mounted}, and the server writes to {named}");
            reviewer.error(place, "config.Server.DataDir", what, LOST, format!("write `DataDir: \"{mounted}\"`"));
        }
    }
    let modes = "sharedStorage.accessModes";
    let is_shared = reviewer.at(modes).is_none_or(|member| {
        items(&member.value).iter().any(|mode| text(mode).is_some_and(|mode| mode == "ReadWriteMany"))
    });
    if reviewer.flag("sharedStorage.create", false) && !is_shared && reviewer.whole("replicas").unwrap_or(1) > 1 {
        let why = "The volume is given to one node, and pods elsewhere wait for it for ever.";
        reviewer.error(
            reviewer.place(modes),
            modes,
            "pods on several nodes cannot share it",
            why,
            "write [ReadWriteMany]",
        );
    }
}

/// Volumes that the chart itself gives the pods.
pub(super) fn own_volumes(reviewer: &Reviewer<'_>) -> Vec<&'static str> {
    let is_shared = reviewer.flag("sharedStorage.create", false) || reviewer.flag("sharedStorage.mount", false);
    let has_license = reviewer.text("license.file.secret").or_else(|| reviewer.text("license.file.contents")).is_some();
    [
        Some("rstudio-pm-config"),
        is_shared.then_some("rstudio-pm-data"),
        has_license.then_some("license-file"),
        reviewer.text("awsAccessKeyId").is_some().then_some("aws-creds"),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn mounts(reviewer: &mut Reviewer<'_>) {
    let written = reviewer.items("pod.volumes").iter();
    let volumes: Vec<String> = written
        .filter_map(|volume| find(volume, &["name"]).and_then(|name| text(&name.value)))
        .chain(own_volumes(reviewer).into_iter().map(str::to_owned))
        .collect();
    for mount in reviewer.items("pod.volumeMounts") {
        if let Some(member) = find(mount, &["mountPath"])
            && let Some(at) = text(&member.value)
            && is_within(&at, DATA_DIRECTORY)
        {
            let remedy = "mount it elsewhere";
            reviewer.error(spot(member), "pod.volumeMounts", format!("a volume is mounted at {at}"), HIDDEN, remedy);
        }
        if let Some(member) = find(mount, &["name"])
            && let Some(name) = printed(&member.value)
            && !volumes.contains(&name)
        {
            let why = "Kubernetes refuses the pods.";
            let what = format!("there is no volume `{name}` in pod.volumes");
            reviewer.error(spot(member), "pod.volumeMounts", what, why, "add the volume, or delete the mount");
        }
    }
}

fn context(reviewer: &mut Reviewer<'_>) {
    let path = "pod.containerSecurityContext";
    let Some(context) = reviewer.at(path) else { return };
    if let Some(member) = find(&context.value, &["readOnlyRootFilesystem"])
        && flag(&member.value) == Some(true)
    {
        let why = "The image's start script copies the license into the root file system.";
        reviewer.error(spot(member), path, "the root file system cannot be written to", why, "delete the line");
    }
    if let Some(member) = find(&context.value, &["runAsUser"])
        && matches!(member.value.shape, Shape::Whole(0))
    {
        let why = "The chart also says runAsNonRoot, and Kubernetes refuses to start the container.";
        reviewer.error(spot(member), path, "the container would run as root", why, "write 999");
    }
}
