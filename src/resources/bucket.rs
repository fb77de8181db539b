//! A bucket for packages, private and encrypted.

#[cfg(feature = "aws")]
mod aws;
mod terraform;

use serde::{Deserialize, Serialize};

use super::kms_key::KmsKey;
use crate::model::address::{Address, Kind};
use crate::model::audit::{AuditName, ChangingCalls};
use crate::model::billing::{Billing, BillingContext, Charge, GB_IN_TB, KindBilling};
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
/// A bucket for packages, private and encrypted.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Bucket {
    /// Its name; unique in the world.
    pub name: String,
    /// The key that encrypts it by default; the bucket then also uses a bucket key, which saves most calls to KMS.
    pub kms_key: Option<Ref<KmsKey>>,
    /// Whether S3 keys are used to save calls to KMS.
    pub bucket_key: bool,
    /// Whether older versions of objects are kept.
    pub versioning: bool,
    /// `BucketOwnerEnforced`: access lists are off.
    pub ownership: String,
    /// What is blocked of public access.
    pub public_access_block: PublicAccessBlock,
    /// Its policy: nothing without TLS.
    pub policy: Option<Policy>,
    /// After how many days uploads that were never finished are removed.
    pub abort_uploads_days: Option<u32>,
    /// Its tags.
    pub tags: Tags,
}

/// What AWS computes for a [`Bucket`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BucketComputed {
    /// Its name.
    pub id: String,
    /// `arn:…:s3:::…`
    pub arn: String,
}

id_alone!(BucketComputed { arn });

/// The id of the one lifecycle rule that is ours.
const RULE: &str = "abort-unfinished-uploads";

/// Standard storage in steps, each with the GB at which it ends (Amazon S3 pricing: the first 50 TB, the next 450, the rest).
const STORAGE: [(&str, u64); 3] = [
    ("s3 standard-storage-first-50tb", 50 * GB_IN_TB),
    ("s3 standard-storage-next-450tb", 500 * GB_IN_TB),
    ("s3 standard-storage-over-500tb", u64::MAX),
];

impl Bucket {
    // Amazon S3 pricing. An install is a GET at most: what a server has in its own cache it does not read again.
    fn billing(&self, context: &BillingContext) -> Billing {
        let usage = &context.usage;
        let mut charges = Charge::stepped("packages", &STORAGE, usage.stored_gb(), "`cost.package_tb` is not declared");
        let gets = usage.installs().map(|installs| installs.divided_by(1000));
        charges.push(Charge::used(
            "requests, one for each install",
            "s3 requests-get-1k",
            gets,
            "`cost.installs_per_day` is not declared",
        ));
        charges.push(Charge::not_included("requests that write", "each version of a package is written once"));
        if self.versioning {
            charges
                .push(Charge::not_included("older versions", "nothing that is declared says how much is overwritten"));
        }
        Billing::Charged(charges)
    }
}

impl Resource for Bucket {
    const KIND: Kind = Kind::new("bucket");
    const WHAT: &'static str = "the bucket in which packages lie, private and encrypted";
    const COMPONENT: Component = Component::Data;
    const SUMMARY: &'static str = "{name}";
    const HOLDS: Holds = Holds::Data { word: "bucket", told: "The bucket, with every version of every object" };
    const FIELDS: &'static [Field] = fields!(Bucket {
        name: Replace,
        kms_key: Update,
        bucket_key: Update,
        versioning: Update,
        ownership: Update,
        public_access_block: Update,
        policy: Update,
        abort_uploads_days: Update,
        tags: Update
    });
    // The name is fixed.
    const REPLACE: ReplaceOrder = ReplaceOrder::DeleteFirst;
    const IDENTITY: &'static [&'static str] = &["name"];
    const AUDIT: AuditName = AuditName::of("s3", "id");
    const NOTICED: &'static [Noticed<Self>] = &[
        Noticed::always(
            "kms_key",
            Impact::of(
                ImpactClass::NoOutage,
                Affected::Operators,
                "what is written from then on is encrypted with the new key; what is there needs the old one still",
            ),
        ),
        Noticed::when(
            "versioning",
            "when it is switched off",
            |_, to| !to.versioning,
            Impact::of(
                ImpactClass::DataAtRisk,
                Affected::Operators,
                "what is overwritten or deleted from then on cannot be brought back",
            ),
        ),
        Noticed::always(
            "policy",
            Impact::of(ImpactClass::Access, Affected::ShutOut, "who may do what in the bucket changes within seconds"),
        ),
    ];
    const CHANGED_BY: &'static [ChangingCalls] = &[ChangingCalls::of(
        "s3",
        "bucketName",
        "id",
        &[
            "PutBucketAcl",
            "PutBucketEncryption",
            "PutBucketLifecycle",
            "PutBucketNotification",
            "PutBucketOwnershipControls",
            "PutBucketPolicy",
            "PutBucketPublicAccessBlock",
            "PutBucketReplication",
            "PutBucketTagging",
            "PutBucketVersioning",
            "DeleteBucket",
            "DeleteBucketEncryption",
            "DeleteBucketLifecycle",
            "DeleteBucketOwnershipControls",
            "DeleteBucketPolicy",
            "DeleteBucketPublicAccessBlock",
            "DeleteBucketReplication",
            "DeleteBucketTagging",
        ],
    )];
    const BILLING: KindBilling<Self> = KindBilling::Asked(Self::billing);
    type Computed = BucketComputed;

    fn tags(&self) -> Option<&Tags> {
        Some(&self.tags)
    }

    fn takes(&self) -> Vec<(Quota, u64)> {
        vec![(Quota::Buckets, 1)]
    }

    fn leaves(&self, _: &BucketComputed, going: Going) -> Vec<Impact> {
        let what = match going {
            Going::Deleted => "every version of every object in it goes",
            Going::Replaced(_) => "every version of every object in it goes, and the new one is empty",
            Going::MadeAgain => "the new one is empty",
        };
        vec![Impact::of(ImpactClass::DataLoss, Affected::Everybody, what).about(&self.name)]
    }

    fn terraform(
        &self,
        computed: &BucketComputed,
        context: &TerraformContext<'_>,
    ) -> Result<TerraformObject, TerraformError> {
        Ok(terraform::object(self, computed, context))
    }

    fn sample(&self, _: &Address, _: u64, site: &Site) -> BucketComputed {
        BucketComputed { id: self.name.clone(), arn: format!("arn:{}:s3:::{}", site.partition, self.name) }
    }
}

/// What is blocked of public access (S3 `PublicAccessBlockConfiguration`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(clippy::struct_excessive_bools, reason = "these are the four switches of the API")]
pub struct PublicAccessBlock {
    /// New public access lists are refused.
    pub block_public_acls: bool,
    /// Public access lists have no effect.
    pub ignore_public_acls: bool,
    /// New public policies are refused.
    pub block_public_policy: bool,
    /// Public policies have no effect for others.
    pub restrict_public_buckets: bool,
}

impl PublicAccessBlock {
    /// Everything is blocked.
    pub const ALL: Self = Self {
        block_public_acls: true,
        ignore_public_acls: true,
        block_public_policy: true,
        restrict_public_buckets: true,
    };
}
