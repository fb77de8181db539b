//! What running pods have to be told.

use super::typed;
use super::workplace::Declaration;
use crate::helm::{DATABASE_SECRET, shell_word};
use crate::stack::{Chart, SecretsBy};

/// The commands that bring a new password to running pods, and what to know of the first of them.
pub(super) fn new_password(declaration: &Declaration) -> (Vec<String>, &'static str) {
    let Chart { namespace, release, secrets, .. } = declaration.stack.chart();
    let (bring, remark) = match secrets {
        SecretsBy::Kubectl => {
            let path = shell_word(&declaration.name());
            let piped = format!("ppm-infra secrets {path} | kubectl apply --server-side -f -");
            (Some(typed::line(&piped)), "")
        }
        // What is annotated anew is fetched at once ("Can I manually trigger a secret refresh?", external-secrets.io). A
        // container that starts again reads its Secret again, so nothing is lost where pods are faster than the operator.
        SecretsBy::ExternalSecrets => (
            Some(format!(
                "kubectl -n {namespace} annotate externalsecret {DATABASE_SECRET} force-sync=\"$(date +%s)\" --overwrite"
            )),
            " the operator fetches the password once its ExternalSecret is annotated, which takes seconds; a pod that \
             starts before that ends, and starts again with it.",
        ),
        // Without rotation the driver leaves a Secret as it is for as long as any pod mounts it ("Auto rotation of
        // mounted contents and synced Kubernetes Secrets", secrets-store-csi-driver.sigs.k8s.io).
        SecretsBy::Csi => (
            None,
            " the driver brings the password into the Secret when it looks again, every two minutes by itself, and only \
             where it is installed with `enableSecretRotation=true`; wait that long first.",
        ),
    };
    let mut lines: Vec<String> = bring.into_iter().collect();
    lines.push(format!("kubectl -n {namespace} rollout restart deployment/{release}"));
    lines.push(format!("kubectl -n {namespace} rollout status deployment/{release} --timeout=20m"));
    (lines, remark)
}
