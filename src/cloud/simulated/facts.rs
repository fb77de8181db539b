//! Facts in memory: everything that is asked for is there and as it should be, unless the world says otherwise.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::json;

use super::{World, health};
use crate::model::facts::{Fact, FactQuery, Facts, Key, Principal};
use crate::model::policy::Policy;

/// An answer to everything asked.
pub(super) fn facts(world: &World, ask: &FactQuery) -> Facts {
    let told = &world.facts;
    Facts {
        keys: answers(&ask.keys, &told.keys, key),
        certificates: answers(&ask.certificates, &told.certificates, |arn| health::certificate(world, arn)),
        principals: answers(&ask.principals, &told.principals, |arn| Principal { arn: arn.to_owned() }),
    }
}

/// What the world says, or else what `usual` makes of the question.
fn answers<T: Clone>(
    asked: &BTreeSet<String>,
    told: &BTreeMap<String, Fact<T>>,
    usual: impl Fn(&str) -> T,
) -> BTreeMap<String, Fact<T>> {
    let answer = |one: &String| told.get(one).cloned().unwrap_or_else(|| Fact::There(usual(one)));
    asked.iter().map(|one| (one.clone(), answer(one))).collect()
}

/// A symmetric key whose policy leaves it to IAM who may use it.
fn key(arn: &str) -> Key {
    let account = arn.split(':').nth(4).unwrap_or_default();
    Key {
        state: "Enabled".to_owned(),
        deleted_at: None,
        material_until: None,
        spec: "SYMMETRIC_DEFAULT".to_owned(),
        usage: "ENCRYPT_DECRYPT".to_owned(),
        is_aws_managed: false,
        policy: Fact::There(Policy::new(&json!({"Version": "2012-10-17", "Statement": {
            "Effect": "Allow", "Principal": {"AWS": account}, "Action": "kms:*", "Resource": "*",
        }}))),
    }
}
