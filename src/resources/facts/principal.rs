//! A role or a user of the own account (IAM `GetRole`, `GetUser`).

use crate::cloud::CloudError;
use crate::cloud::aws::answer::lacking;
use crate::cloud::aws::{Clients, During};
use crate::model::facts::PrincipalFacts;

/// Whom `arn` names: names are unique in an account whatever the path, and are all that IAM is asked by.
pub(super) async fn principal(aws: &Clients, arn: &str) -> Result<PrincipalFacts, CloudError> {
    let doing = "look for the role or user";
    let name = arn.rsplit('/').next().unwrap_or_default();
    let found = if arn.contains(":user/") {
        let answer = aws.iam.get_user().user_name(name).send().await.during(doing)?;
        answer.user.map(|user| user.arn)
    } else {
        let answer = aws.iam.get_role().role_name(name).send().await.during(doing)?;
        answer.role.map(|role| role.arn)
    };
    found.map(|arn| PrincipalFacts { arn }).ok_or_else(|| lacking(doing, "ARN"))
}

/// The role of this name that a service made for itself.
pub(super) async fn service_role(aws: &Clients, name: &str) -> Result<PrincipalFacts, CloudError> {
    let doing = "look for the role of a service";
    let answer = aws.iam.get_role().role_name(name).send().await.during(doing)?;
    answer.role.map(|role| PrincipalFacts { arn: role.arn }).ok_or_else(|| lacking(doing, "ARN"))
}
