//! A key that somebody else made (KMS `DescribeKey`, `GetKeyPolicy`).

use aws_sdk_kms::types::{KeyManagerType, KeyMetadata, KeySpec, KeyState, KeyUsageType};
use futures_util::future::join;

use super::fact;
use crate::cloud::CloudError;
use crate::cloud::aws::answer::{lacking, moment};
use crate::cloud::aws::{Clients, During};
use crate::model::facts::{Fact, KeyFacts};
use crate::model::policy::Policy;
use crate::model::surroundings::Surroundings;

/// The key `arn`.
pub(super) async fn key(aws: &Clients, arn: &str, place: &Surroundings) -> Result<KeyFacts, CloudError> {
    let doing = "read the key";
    let ours = arn.split(':').nth(4) == Some(place.account.as_str());
    let policy = async {
        // `GetKeyPolicy` answers to the account of the key alone ("Cross-account use: No").
        if !ours {
            return Fact::Missing;
        }
        let answer = aws.kms.get_key_policy().key_id(arn).policy_name("default").send().await;
        fact(answer.during("read the policy of the key").map(|told| Policy::parse(told.policy().unwrap_or_default())))
    };
    let key = async { aws.kms.describe_key().key_id(arn).send().await.during(doing) };
    let (key, policy) = join(key, policy).await;
    let key = key?.key_metadata.ok_or_else(|| lacking(doing, "key"))?;
    Ok(told(&key, policy))
}

fn told(key: &KeyMetadata, policy: Fact<Policy>) -> KeyFacts {
    KeyFacts {
        state: key.key_state().map_or("unknown", KeyState::as_str).to_owned(),
        deleted_at: key.deletion_date().and_then(moment),
        material_until: key.valid_to().and_then(moment),
        spec: key.key_spec().map_or("unknown", KeySpec::as_str).to_owned(),
        usage: key.key_usage().map_or("unknown", KeyUsageType::as_str).to_owned(),
        is_aws_managed: key.key_manager() == Some(&KeyManagerType::Aws),
        policy,
    }
}
