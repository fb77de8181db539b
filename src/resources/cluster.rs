//! The Kubernetes control plane (EKS).

#[cfg(feature = "aws")]
pub(super) mod aws;
pub(super) mod terraform;

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::iam_role::IamRole;
use super::kms_key::KmsKey;
use super::subnet::Subnet;
use crate::model::address::{Address, Kind};
use crate::model::audit::{AuditName, ChangingCalls};
use crate::model::billing::{Billing, BillingContext, Charge, KindBilling};
use crate::model::component::Component;
use crate::model::document::told_later;
use crate::model::facts::quota::Quota;
use crate::model::impact::{Affected, Going, Impact, ImpactClass, Noticed};
use crate::model::mark::Tags;
use crate::model::reference::Ref;
use crate::model::resource::{Field, Holds, ReplaceOrder, Resource};
use crate::model::site::Site;
use crate::model::support::{Phase, Product};
use crate::model::terraform::{TerraformContext, TerraformError, TerraformObject};
use crate::{fields, id_alone};
/// No paid support after the end of the standard one (EKS `SupportType`).
pub const SUPPORT_STANDARD: &str = "STANDARD";
/// Paid support after the end of the standard one.
pub const SUPPORT_EXTENDED: &str = "EXTENDED";

/// The Kubernetes control plane (EKS).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cluster {
    /// Its name; unique in account and region.
    pub name: String,
    /// Kubernetes version, such as `1.34`.
    pub version: String,
    /// The role it acts in.
    pub role: Ref<IamRole>,
    /// The subnets its network interfaces stand in, in at least two zones.
    pub subnets: BTreeSet<Ref<Subnet>>,
    /// Addresses of services inside; cannot be changed.
    pub service_cidr: String,
    /// Whether its API is reachable from the network.
    pub private_access: bool,
    /// Whether its API is reachable from the internet.
    pub public_access: bool,
    /// From where on the internet.
    pub public_cidrs: BTreeSet<String>,
    /// Which parts write logs: of `api`, `audit`, `authenticator`, `controllerManager`, `scheduler`.
    pub logging: BTreeSet<String>,
    /// The key that encrypts Kubernetes secrets; cannot be changed.
    pub kms_key: Ref<KmsKey>,
    /// `API`: who may do what stands in access entries alone.
    pub authentication_mode: String,
    /// Whether there is paid support after the end of the standard one: [`SUPPORT_STANDARD`] or [`SUPPORT_EXTENDED`].
    pub support: String,
    /// Whether deleting it is refused.
    pub deletion_protection: bool,
    /// Its tags.
    pub tags: Tags,
}

/// What AWS computes for a [`Cluster`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClusterComputed {
    /// Its name.
    pub id: String,
    /// `arn:…:cluster/…`
    pub arn: String,
    /// URL of its API, told once it is active.
    #[serde(default, deserialize_with = "told_later", skip_serializing_if = "Option::is_none")]
    pub endpoint: Option<String>,
    /// Its certificate authority, base64, told once it is active.
    #[serde(default, deserialize_with = "told_later", skip_serializing_if = "Option::is_none")]
    pub certificate_authority: Option<String>,
    /// URL of the issuer of its tokens, told once it is active: another one under the same name is another cluster.
    #[serde(default, deserialize_with = "told_later", skip_serializing_if = "Option::is_none")]
    pub issuer: Option<String>,
    /// The security group EKS made for it, told once it is active.
    #[serde(default, deserialize_with = "told_later", skip_serializing_if = "Option::is_none")]
    pub security_group_id: Option<String>,
}

id_alone!(ClusterComputed { arn, endpoint, certificate_authority, issuer, security_group_id });

/// The calls of EKS that change it. Some of their records name the cluster as the API does, others as its path does.
const CHANGING: &[&str] = &[
    "AssociateAccessPolicy",
    "AssociateEncryptionConfig",
    "AssociateIdentityProviderConfig",
    "CreateAccessEntry",
    "CreateAddon",
    "CreateNodegroup",
    "CreatePodIdentityAssociation",
    "DeleteAccessEntry",
    "DeleteAddon",
    "DeleteCluster",
    "DeleteNodegroup",
    "DeletePodIdentityAssociation",
    "DisassociateAccessPolicy",
    "DisassociateIdentityProviderConfig",
    "UpdateAccessEntry",
    "UpdateClusterConfig",
    "UpdateClusterVersion",
    "UpdatePodIdentityAssociation",
];

impl Cluster {
    // Amazon EKS pricing: each hour of a cluster, and more for each hour in extended support, which begins on the day on
    // which standard support ends.
    fn billing(&self, context: &BillingContext) -> Billing {
        let mut charges = vec![Charge::hourly("control plane", "eks cluster-standard", 1)];
        if self.support == SUPPORT_EXTENDED {
            let what = format!("extended support of Kubernetes {}", self.version);
            let lifetime = Product::Kubernetes.lifetime(&self.version);
            charges.extend(match lifetime.map(|lifetime| lifetime.phase(context.today)) {
                Some(Phase::Standard(_)) => None,
                Some(Phase::Extended(_) | Phase::Over) => {
                    Some(Charge::hourly(what, "eks cluster-extended-surcharge", 1))
                }
                None => Some(Charge::not_included(what, "when its standard support ends is not known")),
            });
        }
        if !self.logging.is_empty() {
            charges.push(Charge::not_included("logs", "nothing that is declared says how much is logged"));
        }
        Billing::Charged(charges)
    }
}
/// What follows from a change of the endpoints (EKS User Guide, "Cluster API server endpoint").
const ANOTHER_WAY_IN: Impact = Impact::lasting(
    ImpactClass::Interruption,
    (180, 600),
    Affected::KubernetesApi,
    "the API is reached in another way from then on; connections are cut and made again where that is allowed",
);

impl Resource for Cluster {
    const KIND: Kind = Kind::new("cluster");
    const WHAT: &'static str = "the Kubernetes control plane (EKS)";
    const COMPONENT: Component = Component::Kubernetes;
    const SUMMARY: &'static str = "Kubernetes {version}";
    const HOLDS: Holds = Holds::Nothing;
    const FIELDS: &'static [Field] = fields!(Cluster {
        name: Replace,
        version: UpdateStepwise,
        role: Replace,
        subnets: Update,
        service_cidr: Replace,
        private_access: Update,
        public_access: Update,
        public_cidrs: Update,
        logging: Update,
        kms_key: Replace,
        authentication_mode: Update,
        support: Update,
        deletion_protection: Update,
        tags: Update
    });
    // The name is fixed.
    const REPLACE: ReplaceOrder = ReplaceOrder::DeleteFirst;
    const IDENTITY: &'static [&'static str] = &["name"];
    const AUDIT: AuditName = AuditName::of("eks", "id");
    // EKS User Guide: "Update existing cluster to new Kubernetes version".
    const NOTICED: &'static [Noticed<Self>] = &[
        Noticed::always(
            "version",
            Impact::of(ImpactClass::NoWayBack, Affected::Operators, "EKS never goes back to an older version"),
        ),
        Noticed::always(
            "version",
            Impact::lasting(
                ImpactClass::Interruption,
                (480, 1500),
                Affected::KubernetesApi,
                "the control plane is updated: the API goes on, and some connections to it are cut and made again",
            ),
        ),
        Noticed::always("private_access", ANOTHER_WAY_IN),
        Noticed::always("public_access", ANOTHER_WAY_IN),
        Noticed::when(
            "public_cidrs",
            "when addresses are taken out",
            |from, to| !from.public_cidrs.is_subset(&to.public_cidrs),
            Impact::of(ImpactClass::Access, Affected::ShutOut, "the Kubernetes API answers them no more"),
        ),
        Noticed::always(
            "authentication_mode",
            Impact::of(ImpactClass::NoWayBack, Affected::Operators, "EKS never goes back to an older mode"),
        ),
        Noticed::when(
            "logging",
            "when a part stops writing logs",
            |from, to| !from.logging.is_subset(&to.logging),
            Impact::of(ImpactClass::NoOutage, Affected::Operators, "what these parts do is in no log from then on"),
        ),
    ];
    const CHANGED_BY: &'static [ChangingCalls] = &[
        ChangingCalls::of("eks", "name", "id", CHANGING),
        ChangingCalls::of("eks", "clusterName", "id", CHANGING),
        ChangingCalls::TAGS_OF_EKS,
        ChangingCalls::rules_in("security_group_id")[0],
        ChangingCalls::rules_in("security_group_id")[1],
    ];
    const BILLING: KindBilling<Self> = KindBilling::Asked(Self::billing);
    type Computed = ClusterComputed;

    fn tags(&self) -> Option<&Tags> {
        Some(&self.tags)
    }

    fn takes(&self) -> Vec<(Quota, u64)> {
        // EKS makes a security group for it.
        vec![(Quota::Clusters, 1), (Quota::SecurityGroups, 1)]
    }

    fn leaves(&self, _: &ClusterComputed, going: Going) -> Vec<Impact> {
        match going {
            Going::Deleted => {
                let what = "everything in the cluster goes";
                vec![Impact::of(ImpactClass::Outage, Affected::Everybody, what).about(&self.name)]
            }
            Going::Replaced(_) => vec![
                Impact::of(
                    ImpactClass::DataLoss,
                    Affected::Everybody,
                    "everything in the cluster goes, and the new one is empty",
                )
                .about(&self.name),
                Impact::of(ImpactClass::NewAddress, Affected::KubernetesApi, "the new cluster has another address"),
            ],
            Going::MadeAgain => {
                vec![Impact::of(
                    ImpactClass::NewAddress,
                    Affected::KubernetesApi,
                    "the new cluster has another address",
                )]
            }
        }
    }

    fn terraform(
        &self,
        computed: &ClusterComputed,
        _: &TerraformContext<'_>,
    ) -> Result<TerraformObject, TerraformError> {
        Ok(terraform::object(self, computed))
    }

    fn sample(&self, _: &Address, serial: u64, site: &Site) -> ClusterComputed {
        ClusterComputed {
            id: self.name.clone(),
            arn: site.arn("eks", &format!("cluster/{}", self.name)),
            endpoint: Some(format!("https://{}", site.host(&format!("{serial:032X}.gr7"), "eks"))),
            certificate_authority: Some("LS0tLS1CRUdJTg==".to_owned()),
            issuer: Some(format!("https://oidc.eks.{}.{}/id/{serial:032X}", site.region, site.dns_suffix)),
            security_group_id: Some(format!("sg-{:08x}", 0xc000_0000_u64 + serial)),
        }
    }
}
