//! Trust policies, written from [`Trust`].

use serde_json::{Value, json};

use super::Trust;
use crate::model::reference::Ref;
use crate::resources::oidc_provider::OidcProvider;

/// What tokens for AWS are meant for ("IAM roles for service accounts", EKS User Guide).
const AUDIENCE: &str = "sts.amazonaws.com";

impl Trust {
    /// The trust policy; `arn_of` tells the ARN of a provider.
    ///
    /// # Errors
    /// Those of `arn_of`.
    pub(super) fn document<E>(&self, arn_of: impl FnOnce(&Ref<OidcProvider>) -> Result<String, E>) -> Result<Value, E> {
        Ok(match self {
            Self::Service(service) => for_service(service),
            Self::ServiceAccount { provider, namespace, name } => {
                for_service_account(&arn_of(provider)?, namespace, name)
            }
            Self::Other(policy) => policy.document().clone(),
        })
    }
}

pub(super) fn for_service(service: &str) -> Value {
    json!({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"},
    ]})
}

/// Both keys of the condition start with the issuer without its scheme, which ends the provider's ARN.
pub(super) fn for_service_account(arn: &str, namespace: &str, name: &str) -> Value {
    let issuer = arn.split_once(":oidc-provider/").map_or(arn, |(_, issuer)| issuer);
    json!({"Version": "2012-10-17", "Statement": [{
        "Effect": "Allow",
        "Principal": {"Federated": arn},
        "Action": "sts:AssumeRoleWithWebIdentity",
        "Condition": {"StringEquals": {
            format!("{issuer}:sub"): format!("system:serviceaccount:{namespace}:{name}"),
            format!("{issuer}:aud"): AUDIENCE,
        }},
    }]})
}
