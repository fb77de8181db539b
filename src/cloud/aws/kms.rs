//! What other kinds need to know of keys.

use crate::model::surroundings::Surroundings;

/// A key as an ARN, by which ours are known: services give back whatever spelling they were given, which may be the bare
/// id. An alias stays one, for what it means may change.
pub fn key_arn(place: &Surroundings, region: &str, key: &str) -> String {
    if key.starts_with("arn:") || key.starts_with("alias/") {
        return key.to_owned();
    }
    format!("arn:{}:kms:{region}:{}:key/{key}", place.partition, place.account)
}
