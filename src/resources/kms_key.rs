//! A key that encrypts data at rest, with its alias.

#[cfg(feature = "aws")]
mod aws;
mod terraform;

use serde::{Deserialize, Serialize};

use crate::fields;
use crate::model::address::{Address, Kind};
use crate::model::audit::{AuditName, ChangingCalls};
use crate::model::billing::{Billing, BillingContext, Charge, KindBilling};
use crate::model::component::Component;
use crate::model::facts::quota::Quota;
use crate::model::impact::{Affected, Going, Impact, ImpactClass, Noticed};
use crate::model::mark::Tags;
use crate::model::policy::Policy;
use crate::model::resource::{Computed, Field, Holds, Resource};
use crate::model::site::Site;
use crate::model::terraform::{TerraformContext, TerraformError, TerraformObject};
/// A key that encrypts data at rest, with its alias.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KmsKey {
    /// Its alias, `alias/…`; unique in account and region.
    pub alias: String,
    /// What it is for.
    pub description: String,
    /// Who may use and manage it.
    pub policy: Policy,
    /// Whether AWS makes new key material every year.
    pub rotation: bool,
    /// Whether it can be used.
    pub enabled: bool,
    /// The day on which AWS deletes it, because somebody ordered that. Nobody declares one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scheduled_deletion: Option<String>,
    /// Days between the order to delete it and its end; 7 to 30.
    pub deletion_days: u8,
    /// Its tags.
    pub tags: Tags,
}

/// What AWS computes for a [`KmsKey`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KmsKeyComputed {
    /// The ARN of the key.
    pub id: String,
    /// The bare id of the key, a UUID.
    pub key_id: String,
}

impl Computed for KmsKeyComputed {
    fn id(&self) -> &str {
        &self.id
    }

    fn of_id(id: &str) -> Option<Self> {
        Some(Self { id: id.to_owned(), key_id: id.rsplit('/').next()?.to_owned() })
    }
}

/// The calls that change it, whichever of its names they have.
const CHANGING: &[&str] = &[
    "CancelKeyDeletion",
    "CreateGrant",
    "DisableKey",
    "DisableKeyRotation",
    "EnableKey",
    "EnableKeyRotation",
    "PutKeyPolicy",
    "RetireGrant",
    "RevokeGrant",
    "ScheduleKeyDeletion",
    "TagResource",
    "UntagResource",
    "UpdateKeyDescription",
];

impl KmsKey {
    // AWS KMS pricing: each key a month, also those that are disabled; one that is about to be deleted costs nothing. The
    // first and the second rotation each add the price of a key.
    fn billing(&self, _: &BillingContext) -> Billing {
        if self.scheduled_deletion.is_some() {
            return Billing::Free("a key that is about to be deleted costs nothing");
        }
        let mut charges = vec![Charge::monthly("key", "kms key-month", 1)];
        if self.rotation {
            let why = "each of the first two yearly rotations adds the price of a key, and how many there were is not recorded";
            charges.push(Charge::not_included("rotated key material", why));
        }
        charges.push(Charge::not_included("requests", "nothing that is declared says how many"));
        Billing::Charged(charges)
    }
}

impl Resource for KmsKey {
    const KIND: Kind = Kind::new("kms_key");
    const WHAT: &'static str = "a key that encrypts data at rest, with its alias";
    const COMPONENT: Component = Component::Access;
    const SUMMARY: &'static str = "{alias}";
    const HOLDS: Holds = Holds::Data { word: "key", told: "The key; what it encrypted cannot be read any more" };
    const FIELDS: &'static [Field] = fields!(KmsKey {
        alias: Update,
        description: Update,
        policy: Update,
        rotation: Update,
        enabled: Update,
        scheduled_deletion: Update,
        deletion_days: Ignore,
        tags: Update
    });
    const IDENTITY: &'static [&'static str] = &["alias"];
    const AUDIT: AuditName = AuditName::of("kms", "id");
    const NOTICED: &'static [Noticed<Self>] = &[
        Noticed::always(
            "policy",
            Impact::of(ImpactClass::Access, Affected::ShutOut, "who may use the key changes within seconds"),
        ),
        Noticed::when(
            "enabled",
            "when it is switched off",
            |_, to| !to.enabled,
            Impact::of(ImpactClass::Outage, Affected::Everybody, "nothing that it encrypted can be read"),
        ),
    ];
    const CHANGED_BY: &'static [ChangingCalls] = &[
        ChangingCalls::of("kms", "keyId", "id", CHANGING),
        ChangingCalls::of("kms", "keyId", "key_id", CHANGING),
        ChangingCalls::of("kms", "targetKeyId", "id", &["CreateAlias", "UpdateAlias"]),
        ChangingCalls::of("kms", "targetKeyId", "key_id", &["CreateAlias", "UpdateAlias"]),
        ChangingCalls::of("kms", "aliasName", "alias", &["DeleteAlias", "UpdateAlias"]),
    ];
    const BILLING: KindBilling<Self> = KindBilling::Asked(Self::billing);
    // Two minutes are what Terraform's provider waits for a new key to be known everywhere.
    const HIDDEN_SECONDS: u32 = 120;
    type Computed = KmsKeyComputed;

    fn tags(&self) -> Option<&Tags> {
        Some(&self.tags)
    }

    fn takes(&self) -> Vec<(Quota, u64)> {
        vec![(Quota::Keys, 1)]
    }

    fn leaves(&self, _: &KmsKeyComputed, going: Going) -> Vec<Impact> {
        let what = match going {
            Going::Deleted | Going::Replaced(_) => {
                format!("AWS deletes it in {} days; what it encrypted cannot be read from now on", self.deletion_days)
            }
            Going::MadeAgain => "the new one does not open what the old one encrypted".to_owned(),
        };
        vec![Impact::of(ImpactClass::DataLoss, Affected::Everybody, "").saying(what).about(&self.alias)]
    }

    fn terraform(
        &self,
        computed: &KmsKeyComputed,
        context: &TerraformContext<'_>,
    ) -> Result<TerraformObject, TerraformError> {
        Ok(terraform::object(self, computed, context))
    }

    fn sample(&self, _: &Address, serial: u64, site: &Site) -> KmsKeyComputed {
        {
            let key_id = format!("00000000-0000-4000-8000-{serial:012x}");
            KmsKeyComputed { id: site.arn("kms", &format!("key/{key_id}")), key_id }
        }
    }
}
