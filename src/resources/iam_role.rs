//! An identity that a service or a pod can take on.

#[cfg(feature = "aws")]
mod aws;
mod terraform;
mod trust;

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::iam_policy::IamPolicy;
use super::oidc_provider::OidcProvider;
use crate::model::address::{Address, Kind};
use crate::model::audit::{AuditName, ChangingCalls};
use crate::model::billing::KindBilling;
use crate::model::component::Component;
use crate::model::facts::quota::Quota;
use crate::model::impact::{Affected, Going, Impact, ImpactClass, Noticed};
use crate::model::mark::Tags;
use crate::model::policy::Policy;
use crate::model::reference::Ref;
use crate::model::resource::{Field, Holds, ReplaceOrder, Resource};
use crate::model::site::Site;
use crate::model::terraform::{TerraformContext, TerraformError, TerraformObject};
use crate::{fields, id_alone};
/// An identity that a service or a pod can take on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IamRole {
    /// Its name; unique in the account, at most 64 characters.
    pub name: String,
    /// What it is for.
    pub description: String,
    /// Who may take it on.
    pub trust: Trust,
    /// The policies attached: ours by reference, those of AWS by ARN. What others attach beside them is noted, not removed.
    pub policies: BTreeSet<Ref<IamPolicy>>,
    /// Its tags.
    pub tags: Tags,
}

/// What AWS computes for a [`IamRole`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IamRoleComputed {
    /// Its name.
    pub id: String,
    /// `arn:…:role/…`
    pub arn: String,
    /// `AROA…`: another one under the same name is another role.
    pub unique_id: String,
}

id_alone!(IamRoleComputed { arn, unique_id });

impl Resource for IamRole {
    const KIND: Kind = Kind::new("iam_role");
    const WHAT: &'static str = "an identity that a service or a pod can take on";
    const COMPONENT: Component = Component::Access;
    const SUMMARY: &'static str = "{description}";
    const HOLDS: Holds = Holds::Nothing;
    // A policy that is deleted is detached first, and IAM takes a trust in a provider that is gone: neither needs
    // another role.
    const FIELDS: &'static [Field] = fields!(IamRole {
        name: Replace,
        description: Update,
        trust: UpdateDangling,
        policies: UpdateDangling,
        tags: Update
    });
    // The name is fixed: pods and node groups know the role by it.
    const REPLACE: ReplaceOrder = ReplaceOrder::DeleteFirst;
    const IDENTITY: &'static [&'static str] = &["name"];
    const AUDIT: AuditName = AuditName::of("iam", "id");
    const NOTICED: &'static [Noticed<Self>] = &[
        Noticed::always(
            "trust",
            Impact::of(ImpactClass::Access, Affected::Nodes, "who may act in the role changes within seconds"),
        ),
        Noticed::always(
            "policies",
            Impact::of(ImpactClass::Access, Affected::Nodes, "what the role may do changes within seconds"),
        ),
    ];
    const CHANGED_BY: &'static [ChangingCalls] = &[ChangingCalls::of(
        "iam",
        "roleName",
        "id",
        &[
            "AttachRolePolicy",
            "DetachRolePolicy",
            "PutRolePolicy",
            "DeleteRolePolicy",
            "PutRolePermissionsBoundary",
            "DeleteRolePermissionsBoundary",
            "UpdateRole",
            "UpdateRoleDescription",
            "UpdateAssumeRolePolicy",
            "TagRole",
            "UntagRole",
            "AddRoleToInstanceProfile",
            "RemoveRoleFromInstanceProfile",
            "DeleteRole",
        ],
    )];
    const BILLING: KindBilling<Self> = KindBilling::Free("IAM costs nothing");
    type Computed = IamRoleComputed;

    fn tags(&self) -> Option<&Tags> {
        Some(&self.tags)
    }

    fn takes(&self) -> Vec<(Quota, u64)> {
        vec![(Quota::Roles, 1)]
    }

    fn leaves(&self, _: &IamRoleComputed, going: Going) -> Vec<Impact> {
        let what = match going {
            Going::Deleted | Going::MadeAgain => return Vec::new(),
            Going::Replaced(_) => "whatever acts in the role is refused until the new one is there",
        };
        vec![Impact::lasting(ImpactClass::Outage, (10, 60), Affected::Nodes, what)]
    }

    fn terraform(
        &self,
        computed: &IamRoleComputed,
        context: &TerraformContext<'_>,
    ) -> Result<TerraformObject, TerraformError> {
        terraform::object(self, computed, context)
    }

    fn sample(&self, _: &Address, serial: u64, site: &Site) -> IamRoleComputed {
        IamRoleComputed {
            id: self.name.clone(),
            arn: site.global_arn("iam", &format!("role/{}", self.name)),
            unique_id: format!("AROA{serial:016}"),
        }
    }
}

/// Who may take a role on.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Trust {
    /// An AWS service, such as `eks.amazonaws.com`.
    Service(String),
    /// The pods of one service account of a cluster, told by its OIDC provider. Both the subject and the audience
    /// (`sts.amazonaws.com`) are demanded.
    ServiceAccount {
        /// The provider of the cluster.
        provider: Ref<OidcProvider>,
        /// Namespace of the service account.
        namespace: String,
        /// Name of the service account.
        name: String,
    },
    /// Anything else. Never declared, only found.
    Other(Policy),
}
