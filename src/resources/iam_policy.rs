//! A set of permissions of our own.

#[cfg(feature = "aws")]
mod aws;
mod terraform;

use serde::{Deserialize, Serialize};

use crate::model::address::{Address, Kind};
use crate::model::audit::{AuditName, ChangingCalls};
use crate::model::billing::KindBilling;
use crate::model::component::Component;
use crate::model::facts::quota::Quota;
use crate::model::impact::{Affected, Going, Impact, ImpactClass, Noticed};
use crate::model::mark::Tags;
use crate::model::policy::Policy;
use crate::model::resource::{Field, Holds, ReplaceOrder, Resource};
use crate::model::site::Site;
use crate::model::terraform::{TerraformContext, TerraformError, TerraformObject};
use crate::{fields, id_alone};
/// A set of permissions of our own.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IamPolicy {
    /// Its name; unique in the account, at most 128 characters.
    pub name: String,
    /// What it is for; cannot be changed.
    pub description: String,
    /// What it allows.
    pub document: Policy,
    /// Its tags.
    pub tags: Tags,
}

/// What AWS computes for a [`IamPolicy`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IamPolicyComputed {
    /// `arn:…:policy/…`
    pub id: String,
}

id_alone!(IamPolicyComputed {});

impl Resource for IamPolicy {
    const KIND: Kind = Kind::new("iam_policy");
    const WHAT: &'static str = "a set of permissions of our own";
    const COMPONENT: Component = Component::Access;
    const SUMMARY: &'static str = "{description}";
    const HOLDS: Holds = Holds::Nothing;
    const FIELDS: &'static [Field] =
        fields!(IamPolicy { name: Replace, description: Replace, document: Update, tags: Update });
    // The name is fixed.
    const REPLACE: ReplaceOrder = ReplaceOrder::DeleteFirst;
    const IDENTITY: &'static [&'static str] = &["name"];
    const AUDIT: AuditName = AuditName::of("iam", "id");
    const NOTICED: &'static [Noticed<Self>] = &[Noticed::always(
        "document",
        Impact::of(ImpactClass::Access, Affected::Nodes, "what its roles may do changes within seconds"),
    )];
    const CHANGED_BY: &'static [ChangingCalls] = &[ChangingCalls::of(
        "iam",
        "policyArn",
        "id",
        &[
            "CreatePolicyVersion",
            "DeletePolicyVersion",
            "SetDefaultPolicyVersion",
            "AttachRolePolicy",
            "AttachUserPolicy",
            "AttachGroupPolicy",
            "DetachRolePolicy",
            "TagPolicy",
            "UntagPolicy",
            "DeletePolicy",
        ],
    )];
    const BILLING: KindBilling<Self> = KindBilling::Free("IAM costs nothing");
    type Computed = IamPolicyComputed;

    fn tags(&self) -> Option<&Tags> {
        Some(&self.tags)
    }

    fn takes(&self) -> Vec<(Quota, u64)> {
        vec![(Quota::Policies, 1)]
    }

    fn leaves(&self, _: &IamPolicyComputed, going: Going) -> Vec<Impact> {
        let what = match going {
            Going::Deleted | Going::MadeAgain => return Vec::new(),
            Going::Replaced(_) => "until the new one is there, its roles may not do what it allows",
        };
        vec![Impact::lasting(ImpactClass::Interruption, (10, 60), Affected::Nodes, what)]
    }

    fn terraform(
        &self,
        computed: &IamPolicyComputed,
        _: &TerraformContext<'_>,
    ) -> Result<TerraformObject, TerraformError> {
        Ok(terraform::object(self, computed))
    }

    fn sample(&self, _: &Address, _: u64, site: &Site) -> IamPolicyComputed {
        IamPolicyComputed { id: site.global_arn("iam", &format!("policy/{}", self.name)) }
    }
}
