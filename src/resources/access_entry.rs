//! What an IAM identity may do in a cluster.

#[cfg(feature = "aws")]
mod aws;
mod terraform;

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::cluster::Cluster;
use crate::fields;
use crate::model::address::{Address, Kind};
use crate::model::audit::{AuditName, ChangingCalls};
use crate::model::billing::KindBilling;
use crate::model::component::Component;
use crate::model::facts::quota::Quota;
use crate::model::impact::{Affected, Going, Impact, ImpactClass, Noticed};
use crate::model::mark::Tags;
use crate::model::reference::Ref;
use crate::model::resource::{Computed, Field, Holds, ReplaceOrder, Resource};
use crate::model::site::Site;
use crate::model::terraform::{TerraformContext, TerraformError, TerraformObject};
/// What an IAM identity may do in a cluster.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AccessEntry {
    /// The cluster.
    pub cluster: Ref<Cluster>,
    /// Who.
    pub principal: Principal,
    /// Access policies for the whole cluster, by ARN.
    pub policies: BTreeSet<String>,
    /// Its tags.
    pub tags: Tags,
}

/// What AWS computes for a [`AccessEntry`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AccessEntryComputed {
    /// Cluster and principal, joined by `/`.
    pub id: String,
    /// `arn:…:access-entry/…`
    pub arn: String,
    /// The cluster.
    pub cluster_name: String,
    /// ARN of the role or user.
    pub principal_arn: String,
}

impl Computed for AccessEntryComputed {
    fn id(&self) -> &str {
        &self.id
    }

    fn of_id(id: &str) -> Option<Self> {
        let (cluster, principal) = id.split_once('/')?;
        let (cluster_name, principal_arn) = (cluster.to_owned(), principal.to_owned());
        Some(Self { id: id.to_owned(), arn: String::new(), cluster_name, principal_arn })
    }
}

/// The calls of EKS that change it. Some of their records name the cluster as the API does, others as its path does.
const CHANGING: &[&str] =
    &["AssociateAccessPolicy", "DisassociateAccessPolicy", "UpdateAccessEntry", "DeleteAccessEntry"];

impl Resource for AccessEntry {
    const KIND: Kind = Kind::new("access_entry");
    const WHAT: &'static str = "what an IAM identity may do in the cluster";
    const COMPONENT: Component = Component::Kubernetes;
    const SUMMARY: &'static str = "for {principal}";
    const HOLDS: Holds = Holds::Nothing;
    const FIELDS: &'static [Field] =
        fields!(AccessEntry { cluster: Replace, principal: Replace, policies: Update, tags: Update });
    // A cluster has room for one entry of each identity.
    const REPLACE: ReplaceOrder = ReplaceOrder::DeleteFirst;
    const IDENTITY: &'static [&'static str] = &["cluster", "principal"];
    const AUDIT: AuditName = AuditName::part("eks", "cluster_name", "principal_arn");
    const NOTICED: &'static [Noticed<Self>] = &[Noticed::always(
        "policies",
        Impact::of(
            ImpactClass::Access,
            Affected::KubernetesApi,
            "what this identity may do in the cluster changes at once",
        ),
    )];
    const CHANGED_BY: &'static [ChangingCalls] = &[
        ChangingCalls::part("eks", ("name", "cluster_name"), ("principalArn", "principal_arn"), CHANGING),
        ChangingCalls::part("eks", ("clusterName", "cluster_name"), ("principalArn", "principal_arn"), CHANGING),
        ChangingCalls::TAGS_OF_EKS,
    ];
    const BILLING: KindBilling<Self> = KindBilling::Free("an access entry costs nothing; it is part of the cluster");
    type Computed = AccessEntryComputed;

    fn tags(&self) -> Option<&Tags> {
        Some(&self.tags)
    }

    fn takes(&self) -> Vec<(Quota, u64)> {
        Vec::new()
    }

    fn leaves(&self, computed: &AccessEntryComputed, going: Going) -> Vec<Impact> {
        let what = match going {
            Going::Deleted => "it may not use the Kubernetes API any more",
            Going::Replaced(_) => "it may not use the Kubernetes API until its new entry is there",
            Going::MadeAgain => return Vec::new(),
        };
        vec![Impact::of(ImpactClass::Access, Affected::ShutOut, what).about(&computed.principal_arn)]
    }

    fn terraform(
        &self,
        computed: &AccessEntryComputed,
        context: &TerraformContext<'_>,
    ) -> Result<TerraformObject, TerraformError> {
        Ok(terraform::object(self, computed, context))
    }

    fn sample(&self, _: &Address, serial: u64, site: &Site) -> AccessEntryComputed {
        let principal_arn = match &self.principal {
            Principal::Creator => site.global_arn("iam", "role/platform-admin"),
            Principal::Arn(arn) => arn.clone(),
        };
        AccessEntryComputed {
            id: format!("cluster/{principal_arn}"),
            arn: site.arn("eks", &format!("access-entry/cluster/{serial}")),
            cluster_name: "cluster".to_owned(),
            principal_arn,
        }
    }
}

/// An identity.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Principal {
    /// The creator of the cluster: settled once, and the same when somebody else runs the program later.
    Creator,
    /// A role or user, by ARN.
    Arn(String),
}

/// Whether two ARNs name the same identity: a role or one of its sessions, or a user. A role may have a path, which its
/// sessions do not show; the names of roles, and those of users, are unique in an account whatever their paths
/// (IAM "Friendly names and paths").
pub fn stands_for(principal: &str, other: &str) -> bool {
    let named = |arn: &'_ str| {
        let account = arn.split(':').nth(4)?.to_owned();
        let role = session_role(arn).or_else(|| arn.split_once(":role/").and_then(|(_, path)| path.rsplit('/').next()));
        let user = || arn.split_once(":user/").and_then(|(_, path)| path.rsplit('/').next());
        let name =
            role.map(|role| ("role", role.to_owned())).or_else(|| user().map(|user| ("user", user.to_owned())))?;
        Some((account, name))
    };
    principal == other || named(principal).is_some_and(|one| named(other) == Some(one))
}

/// The name of the role that a session `arn:…:sts::…:assumed-role/NAME/SESSION` acts in.
pub fn session_role(arn: &str) -> Option<&str> {
    arn.split_once(":assumed-role/")?.1.split('/').next()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_stands_for_its_role_whatever_its_path() {
        let caller = "arn:aws:sts::111122223333:assumed-role/admin/somebody";
        assert_eq!(session_role(caller), Some("admin"));
        assert!(stands_for("arn:aws:iam::111122223333:role/admin", caller));
        assert!(stands_for("arn:aws:iam::111122223333:role/a/path/admin", caller));
        assert!(!stands_for("arn:aws:iam::111122223333:role/other", caller));
        assert!(!stands_for("arn:aws:iam::999999999999:role/admin", caller));
        assert!(!stands_for("arn:aws:iam::111122223333:user/admin", caller));
        assert!(stands_for("arn:aws:iam::111122223333:role/a/admin", "arn:aws:iam::111122223333:role/b/admin"));
    }

    #[test]
    fn a_user_stands_for_itself() {
        let user = "arn:aws:iam::111122223333:user/somebody";
        assert_eq!(session_role(user), None);
        assert!(stands_for(user, user));
        assert!(stands_for("arn:aws:iam::111122223333:user/team/somebody", user));
        assert!(!stands_for("arn:aws:iam::111122223333:user/other", user));
        assert!(!stands_for("arn:aws:iam::111122223333:role/somebody", user));
        let root = "arn:aws:iam::111122223333:root";
        assert!(stands_for(root, root) && !stands_for(user, root));
    }
}
