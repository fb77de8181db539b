//! A port of a load balancer and what happens to what comes in.

#[cfg(feature = "aws")]
mod aws;
mod terraform;

use serde::{Deserialize, Serialize};

use super::load_balancer::LoadBalancer;
use super::target_group::TargetGroup;
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
/// A port of a load balancer and what happens to what comes in.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Listener {
    /// The load balancer.
    pub load_balancer: Ref<LoadBalancer>,
    /// The port.
    pub port: u16,
    /// `HTTP` or `HTTPS`.
    pub protocol: String,
    /// ARN of the certificate, for HTTPS.
    pub certificate: Option<String>,
    /// The TLS versions and ciphers allowed, for HTTPS.
    pub ssl_policy: Option<String>,
    /// What happens to requests.
    pub action: ListenerAction,
    /// Its tags.
    pub tags: Tags,
}

/// What AWS computes for a [`Listener`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ListenerComputed {
    /// `arn:…:listener/app/…`
    pub id: String,
}

id_alone!(ListenerComputed {});

impl Resource for Listener {
    const KIND: Kind = Kind::new("listener");
    const WHAT: &'static str = "a port of the load balancer, and what happens to what comes in";
    const COMPONENT: Component = Component::FrontDoor;
    const SUMMARY: &'static str = "{protocol} {port}";
    const HOLDS: Holds = Holds::Nothing;
    const FIELDS: &'static [Field] = fields!(Listener {
        load_balancer: Replace,
        port: Replace,
        protocol: Update,
        certificate: Update,
        ssl_policy: Update,
        action: Update,
        tags: Update
    });
    // A load balancer has room for one listener on each port.
    const REPLACE: ReplaceOrder = ReplaceOrder::DeleteFirst;
    const GROUND: &'static [&'static str] = &["load_balancer", "port"];
    const IDENTITY: &'static [&'static str] = &["load_balancer", "port"];
    const AUDIT: AuditName = AuditName::of("elasticloadbalancing", "id");
    const NOTICED: &'static [Noticed<Self>] = &[
        Noticed::always(
            "certificate",
            Impact::of(ImpactClass::NoOutage, Affected::Everybody, "new connections see the other certificate"),
        ),
        Noticed::always(
            "ssl_policy",
            Impact::of(
                ImpactClass::Access,
                Affected::ShutOut,
                "which versions of TLS and which ciphers are taken changes",
            ),
        ),
        Noticed::when(
            "action",
            "to a redirect to HTTPS",
            |_, to| to.action == ListenerAction::RedirectToHttps,
            Impact::of(
                ImpactClass::Access,
                Affected::ShutOut,
                "clients that do not follow redirects are not served over HTTP any more",
            ),
        ),
    ];
    const CHANGED_BY: &'static [ChangingCalls] = &[
        ChangingCalls::of(
            "elasticloadbalancing",
            "listenerArn",
            "id",
            &[
                "ModifyListener",
                "ModifyListenerAttributes",
                "AddListenerCertificates",
                "RemoveListenerCertificates",
                "CreateRule",
                "DeleteListener",
            ],
        ),
        ChangingCalls::TAGS_OF_BALANCING,
    ];
    const LEADS_USERS: bool = true;
    const BILLING: KindBilling<Self> = KindBilling::Free("a listener costs nothing; it is part of the load balancer");
    type Computed = ListenerComputed;

    fn tags(&self) -> Option<&Tags> {
        Some(&self.tags)
    }

    fn takes(&self) -> Vec<(Quota, u64)> {
        Vec::new()
    }

    fn leaves(&self, _: &ListenerComputed, going: Going) -> Vec<Impact> {
        let port = format!("port {}", self.port);
        match going {
            Going::Deleted => {
                let what = "nothing answers there any more";
                vec![Impact::of(ImpactClass::Outage, Affected::Everybody, what).about(port)]
            }
            Going::Replaced(ReplaceOrder::DeleteFirst) => {
                let what = "nothing answers there until the new one is made";
                vec![Impact::lasting(ImpactClass::Outage, (5, 30), Affected::Everybody, what).about(port)]
            }
            Going::Replaced(ReplaceOrder::CreateFirst) | Going::MadeAgain => Vec::new(),
        }
    }

    fn terraform(
        &self,
        computed: &ListenerComputed,
        context: &TerraformContext<'_>,
    ) -> Result<TerraformObject, TerraformError> {
        terraform::object(self, computed, context)
    }

    fn sample(&self, _: &Address, serial: u64, site: &Site) -> ListenerComputed {
        ListenerComputed { id: site.arn("elasticloadbalancing", &format!("listener/app/lb/{serial:016x}")) }
    }
}

/// What happens to requests.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ListenerAction {
    /// They go to a target group.
    Forward(Ref<TargetGroup>),
    /// They are sent to the same address with HTTPS (301).
    RedirectToHttps,
    /// Anything else, told as JSON. Never declared, only found.
    Other(String),
}
