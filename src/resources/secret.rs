//! A secret of our own, made in memory and kept only in Secrets Manager.

#[cfg(feature = "aws")]
mod aws;
mod terraform;
#[cfg(feature = "aws")]
pub(super) use aws::fresh;

use serde::{Deserialize, Serialize};

use super::kms_key::KmsKey;
use crate::model::address::{Address, Kind};
use crate::model::audit::{AuditName, ChangingCalls};
use crate::model::billing::{Billing, BillingContext, Charge, KindBilling};
use crate::model::component::Component;
use crate::model::facts::quota::Quota;
use crate::model::impact::{Affected, Going, Impact, ImpactClass, Noticed};
use crate::model::mark::Tags;
use crate::model::reference::Ref;
use crate::model::resource::{Field, Holds, ReplaceOrder, Resource};
use crate::model::site::Site;
use crate::model::terraform::{TerraformContext, TerraformError, TerraformObject};
use crate::{fields, id_alone};
/// A secret of our own, made in memory and kept only in Secrets Manager.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Secret {
    /// Its name; unique in account and region.
    pub name: String,
    /// What it is for.
    pub description: String,
    /// The key that encrypts it; without one, the key AWS keeps for the account.
    pub kms_key: Option<Ref<KmsKey>>,
    /// What is put into it when it is made. Never read back, never made again.
    pub content: SecretContent,
    /// Days between the order to delete it and its end; 7 to 30.
    pub recovery_days: u8,
    /// Its tags.
    pub tags: Tags,
}

/// What AWS computes for a [`Secret`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SecretComputed {
    /// `arn:…:secret:…`
    pub id: String,
    /// Whether what is in it is of no use and a new value is yet to be put into it: only while it is unfinished.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub value_due: bool,
}

id_alone!(SecretComputed { value_due });

/// The calls that change it, whichever of its names they have.
const CHANGING: &[&str] = &[
    "CancelRotateSecret",
    "DeleteResourcePolicy",
    "DeleteSecret",
    "PutResourcePolicy",
    "PutSecretValue",
    "RemoveRegionsFromReplication",
    "ReplicateSecretToRegions",
    "RestoreSecret",
    "RotateSecret",
    "TagResource",
    "UntagResource",
    "UpdateSecret",
    "UpdateSecretVersionStage",
];

impl Secret {
    // AWS Secrets Manager pricing: each secret a month, and each request.
    fn billing(_: &Self, _: &BillingContext) -> Billing {
        Billing::Charged(vec![
            Charge::monthly("secret", "secretsmanager secret-month", 1),
            Charge::not_included("requests", "nothing that is declared says how many"),
        ])
    }
}

impl Resource for Secret {
    const KIND: Kind = Kind::new("secret");
    const WHAT: &'static str = "a secret of our own, made in memory and kept only in Secrets Manager";
    const COMPONENT: Component = Component::Data;
    const SUMMARY: &'static str = "{description}";
    // What is in it was made at random, and is kept nowhere else.
    const HOLDS: Holds = Holds::Secret;
    const FIELDS: &'static [Field] = fields!(Secret {
        name: Replace,
        description: Update,
        kms_key: Update,
        content: Replace,
        recovery_days: Ignore,
        tags: Update
    });
    // The name is fixed.
    const REPLACE: ReplaceOrder = ReplaceOrder::DeleteFirst;
    const IDENTITY: &'static [&'static str] = &["name"];
    const AUDIT: AuditName = AuditName::of("secretsmanager", "id");
    const NOTICED: &'static [Noticed<Self>] = &[Noticed::always(
        "kms_key",
        Impact::of(
            ImpactClass::NoOutage,
            Affected::Operators,
            "values written from then on are encrypted with the new key; whoever reads them must be allowed to use it",
        ),
    )];
    const CHANGED_BY: &'static [ChangingCalls] = &[
        ChangingCalls::of("secretsmanager", "secretId", "id", CHANGING),
        ChangingCalls::of("secretsmanager", "secretId", "name", CHANGING),
    ];
    const BILLING: KindBilling<Self> = KindBilling::Asked(Self::billing);
    type Computed = SecretComputed;

    fn tags(&self) -> Option<&Tags> {
        Some(&self.tags)
    }

    fn takes(&self) -> Vec<(Quota, u64)> {
        Vec::new()
    }

    fn leaves(&self, _: &SecretComputed, going: Going) -> Vec<Impact> {
        let impact = match going {
            Going::Deleted => {
                let what = format!("it can be restored for {} days, and not after", self.recovery_days);
                Impact::of(ImpactClass::DataAtRisk, Affected::Operators, "").saying(what)
            }
            Going::Replaced(_) | Going::MadeAgain => Impact::of(
                ImpactClass::DataLoss,
                Affected::Everybody,
                "what needs its value cannot be opened with the new one",
            ),
        };
        vec![impact.about(&self.name)]
    }

    fn terraform(
        &self,
        computed: &SecretComputed,
        _: &TerraformContext<'_>,
    ) -> Result<TerraformObject, TerraformError> {
        Ok(terraform::object(self, computed))
    }

    fn sample(&self, _: &Address, serial: u64, site: &Site) -> SecretComputed {
        SecretComputed {
            id: site.arn("secretsmanager", &format!("secret:{}-{serial:06}", self.name)),
            value_due: false,
        }
    }
}

/// What a secret holds.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SecretContent {
    /// JSON with `username` and `password`; the password is 32 letters and digits.
    Login {
        /// The user.
        username: String,
    },
    /// This many random bytes as hexadecimal text.
    RandomHex {
        /// How many bytes.
        bytes: u32,
    },
}
