//! `kubeconfig` and `eks-token`: the way to the cluster for kubectl and helm, with nothing but this program.

use std::path::{Path, PathBuf};

use serde_json::json;

use super::args::{Common, EksTokenArgs, KubeconfigArgs};
use super::failure::Failure;
use super::{chosen, exit, install, out, show, workplace};
use crate::architecture::{NotReady, Runtime, handles, standing};
use crate::handoff::{KubeconfigEntry, merge};
use crate::model::secret::SecretText;
use crate::resources::cluster::ClusterComputed;
use crate::store::file;
use workplace::Declaration;

/// Writes the entry.
pub(super) async fn kubeconfig(common: &Common, args: &KubeconfigArgs) -> Result<u8, Failure> {
    let declaration = Declaration::load(args.file.file.as_deref())?;
    let mut home = workplace::home(common, &declaration)?;
    let state = workplace::load(&mut home, &declaration).await?.state;
    let Runtime::Cluster { cluster: at, .. } = handles(&declaration.stack).runtime;
    let cluster = standing(&state, &at)?;
    let unaddressed = || NotReady([at.address()].into());
    let entry = entry(&declaration, &cluster, args.context.clone())?.ok_or_else(unaddressed)?;
    let path = match &args.out {
        Some(path) if out::is_stdout(path) => {
            out::data(&merge(None, &entry).unwrap_or_default());
            return Ok(exit::DONE);
        }
        Some(path) => path.clone(),
        // The real file is for real clusters.
        None => match chosen::rehearsal_folder(common) {
            Some(folder) => folder.join("kubeconfig"),
            None => usual()?,
        },
    };
    // A link, as people who keep such files elsewhere make it, stays one.
    let path = file::real(&path);
    let before = file::read_if_there(&path)?;
    let after = merge(before.as_deref(), &entry).map_err(|error| {
        Failure::new(exit::FAILED, format!("{} cannot take the entry: {error}", path.display()))
            .hint("it was not touched; name another file with `--out`, or mend it")
    })?;
    if before.as_deref() != Some(after.as_str()) {
        if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
            file::make_folder(folder)?;
        }
        if let Some(before) = &before {
            file::write_whole(&beside(&path), before.as_bytes())?;
        }
        file::write_whole(&path, after.as_bytes())?;
    }
    if common.json {
        show::written("kubeconfig", &path);
    } else {
        out::note(&format!("{} has the context {}, and it is the current one.\n", path.display(), entry.context));
    }
    Ok(exit::DONE)
}

/// The entry of a cluster; nothing while it is still being made and has no address.
fn entry(
    declaration: &Declaration,
    cluster: &ClusterComputed,
    context: Option<String>,
) -> Result<Option<KubeconfigEntry>, Failure> {
    let stack = &declaration.stack;
    let ClusterComputed { endpoint: Some(server), certificate_authority: Some(authority), .. } = cluster else {
        return Ok(None);
    };
    let arguments = ["eks-token", "--cluster", &cluster.id, "--region", stack.region.as_str()];
    Ok(Some(KubeconfigEntry {
        name: cluster.arn.clone(),
        context: context.unwrap_or_else(|| stack.stack.to_string()),
        namespace: stack.chart().namespace.to_string(),
        server: server.clone(),
        certificate_authority: authority.clone(),
        command: install::this_program()?,
        arguments: arguments.map(str::to_owned).into(),
        // A profile that is chosen now is meant whenever kubectl asks.
        environment: variable("AWS_PROFILE").map(|profile| ("AWS_PROFILE".to_owned(), profile)).into_iter().collect(),
    }))
}

/// The copy of the file as it was.
fn beside(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".backup");
    name.into()
}

#[expect(clippy::disallowed_methods, reason = "the environment is read here")]
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// Where kubectl looks first.
fn usual() -> Result<PathBuf, Failure> {
    let listed = variable("KUBECONFIG");
    if let Some(first) = listed.as_deref().and_then(|list| list.split(':').find(|path| !path.is_empty())) {
        return Ok(first.into());
    }
    let home = variable("HOME").ok_or_else(|| {
        Failure::new(exit::USAGE, "neither KUBECONFIG nor HOME says where the kubeconfig is")
            .hint("say it with `--out`")
    })?;
    Ok(Path::new(&home).join(".kube/config"))
}

/// Stands where the token comes: what holds a secret is put together in memory that is wiped.
const PLACE: &str = "@token@";

/// Prints a token in the form kubectl asks for (Kubernetes documentation, "client-go credential plugins").
pub(super) async fn eks_token(args: &EksTokenArgs) -> Result<u8, Failure> {
    let version = api_version()?;
    let token = token(args).await?;
    let answer = json!({
        "apiVersion": version,
        "kind": "ExecCredential",
        "spec": {},
        "status": {"token": PLACE, "expirationTimestamp": token.expires.to_string()},
    })
    .to_string();
    let (head, tail) = answer.split_once(PLACE).expect("the token has its place");
    let mut whole = SecretText::default();
    // A token is letters, digits, dashes and dots, which JSON takes as they are.
    for part in [head, secrecy::ExposeSecret::expose_secret(&token.text), tail, "\n"] {
        whole.push_str(part);
    }
    out::data(whole.expose());
    Ok(exit::DONE)
}

/// Versions of the form that are understood, the newest first.
const VERSIONS: [&str; 2] = ["client.authentication.k8s.io/v1", "client.authentication.k8s.io/v1beta1"];

/// The version kubectl asks for; the newest if nobody asks.
fn api_version() -> Result<&'static str, Failure> {
    let Some(text) = variable("KUBERNETES_EXEC_INFO") else { return Ok(VERSIONS[0]) };
    let asked = serde_json::from_str::<serde_json::Value>(&text).ok();
    let asked = asked.as_ref().and_then(|info| info["apiVersion"].as_str());
    VERSIONS.iter().find(|version| asked == Some(**version)).copied().ok_or_else(|| {
        let asked = asked.unwrap_or("none that can be read");
        Failure::new(exit::USAGE, format!("KUBERNETES_EXEC_INFO asks for a version that is not known: {asked}"))
            .hint("`ppm-infra kubeconfig` writes an entry that asks for one that is")
    })
}

/// A token and its end.
struct Token {
    text: secrecy::SecretString,
    expires: jiff::Timestamp,
}

#[cfg(feature = "aws")]
async fn token(args: &EksTokenArgs) -> Result<Token, Failure> {
    let now = crate::run::Host::system().now();
    let token = crate::cloud::aws::eks_token::token(&args.cluster, args.region.as_str(), now).await?;
    Ok(Token { text: token.text, expires: token.expires })
}

#[cfg(not(feature = "aws"))]
#[expect(clippy::unused_async, reason = "the same signature as with AWS")]
async fn token(_: &EksTokenArgs) -> Result<Token, Failure> {
    Err(Failure::new(exit::USAGE, "this ppm-infra was built without AWS").hint("build it with its default features"))
}
