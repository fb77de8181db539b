//! Lets IAM believe the tokens a cluster gives to its pods.

#[cfg(feature = "aws")]
mod aws;
mod terraform;

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::cluster::Cluster;
use crate::model::address::{Address, Kind};
use crate::model::audit::{AuditName, ChangingCalls};
use crate::model::billing::KindBilling;
use crate::model::component::Component;
use crate::model::facts::quota::Quota;
use crate::model::impact::{Affected, Going, Impact, ImpactClass, Noticed};
use crate::model::mark::Tags;
use crate::model::reference::Ref;
use crate::model::resource::{Field, Holds, ReplaceOrder, Resource};
use crate::model::site::Site;
use crate::model::terraform::{TerraformContext, TerraformError, TerraformObject};
use crate::{fields, id_alone};
/// Lets IAM believe the tokens a cluster gives to its pods.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OidcProvider {
    /// The cluster.
    pub cluster: Ref<Cluster>,
    /// For whom tokens may be meant: `sts.amazonaws.com`.
    pub audiences: BTreeSet<String>,
    /// Its tags.
    pub tags: Tags,
}

/// What AWS computes for a [`OidcProvider`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OidcProviderComputed {
    /// `arn:…:oidc-provider/…`
    pub id: String,
    /// The issuer without its scheme: the first part of the condition keys in trust policies.
    pub issuer: String,
}

id_alone!(OidcProviderComputed { issuer });

impl Resource for OidcProvider {
    const KIND: Kind = Kind::new("oidc_provider");
    const WHAT: &'static str = "lets IAM believe the tokens that the cluster gives to its pods";
    const COMPONENT: Component = Component::Access;
    const SUMMARY: &'static str = "of {cluster}";
    const HOLDS: Holds = Holds::Nothing;
    const FIELDS: &'static [Field] = fields!(OidcProvider { cluster: Replace, audiences: Update, tags: Update });
    // IAM has room for one provider of an issuer.
    const REPLACE: ReplaceOrder = ReplaceOrder::DeleteFirst;
    const IDENTITY: &'static [&'static str] = &["cluster"];
    const AUDIT: AuditName = AuditName::of("iam", "id");
    const NOTICED: &'static [Noticed<Self>] = &[Noticed::always(
        "audiences",
        Impact::of(ImpactClass::Access, Affected::Nodes, "which tokens of pods IAM takes changes within seconds"),
    )];
    const CHANGED_BY: &'static [ChangingCalls] = &[ChangingCalls::of(
        "iam",
        "openIDConnectProviderArn",
        "id",
        &[
            "AddClientIDToOpenIDConnectProvider",
            "RemoveClientIDFromOpenIDConnectProvider",
            "UpdateOpenIDConnectProviderThumbprint",
            "TagOpenIDConnectProvider",
            "UntagOpenIDConnectProvider",
            "DeleteOpenIDConnectProvider",
        ],
    )];
    const BILLING: KindBilling<Self> = KindBilling::Free("IAM costs nothing");
    type Computed = OidcProviderComputed;

    fn tags(&self) -> Option<&Tags> {
        Some(&self.tags)
    }

    fn takes(&self) -> Vec<(Quota, u64)> {
        vec![(Quota::OidcProviders, 1)]
    }

    fn leaves(&self, _: &OidcProviderComputed, going: Going) -> Vec<Impact> {
        match going {
            Going::Deleted => {
                let what = "pods cannot act in their roles any more";
                vec![Impact::of(ImpactClass::Outage, Affected::Nodes, what)]
            }
            Going::Replaced(_) => {
                let what = "pods cannot act in their roles until the new one is there";
                vec![Impact::lasting(ImpactClass::Outage, (10, 60), Affected::Nodes, what)]
            }
            Going::MadeAgain => Vec::new(),
        }
    }

    fn terraform(
        &self,
        computed: &OidcProviderComputed,
        _: &TerraformContext<'_>,
    ) -> Result<TerraformObject, TerraformError> {
        Ok(terraform::object(self, computed))
    }

    fn sample(&self, _: &Address, serial: u64, site: &Site) -> OidcProviderComputed {
        {
            let issuer = format!("oidc.eks.{}.{}/id/{serial:032X}", site.region, site.dns_suffix);
            OidcProviderComputed { id: site.global_arn("iam", &format!("oidc-provider/{issuer}")), issuer }
        }
    }
}
