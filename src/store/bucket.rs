//! What state on S3 needs of a bucket: reading an object, and writing one on a condition.
//!
//! Promises of [`put`]: a write whose answer got lost is told from one that somebody else forestalled.

use std::time::Duration;

use futures_core::future::BoxFuture;

use crate::model::send_guard::SendGuard;

/// Which version of an object a write follows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Condition {
    /// There is none (`If-None-Match: *`).
    Absent,
    /// The one with this tag (`If-Match`).
    Is(String),
}

/// An object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BucketObject {
    /// Its content.
    pub body: Vec<u8>,
    /// Its `ETag`.
    pub tag: String,
    /// How long ago it was written, by the bucket's own clock, if it says so.
    pub age: Option<Duration>,
}

/// What became of a conditional write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Put {
    /// Written; the new `ETag`.
    Done(String),
    /// The condition does not hold.
    Refused,
    /// Somebody else wrote at the same moment; ask again (`ConditionalRequestConflict`).
    Conflict,
}

/// Why a bucket did not answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct BucketError {
    /// What it means.
    pub kind: BucketErrorKind,
    /// What the bucket or the network said.
    pub message: String,
}

/// What a bucket's error means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BucketErrorKind {
    /// No answer, or none that says anything: it may have been written or not.
    Unreachable,
    /// The credentials are wrong or ran out.
    Credentials,
    /// Not permitted.
    Denied,
    /// The key of the bucket may not be used.
    Key,
    /// There is no such bucket.
    NoBucket,
    /// Anything else.
    Other,
}

/// A bucket.
pub trait StateBucket: Send + Sync {
    /// Its URL, `s3://name`.
    fn url(&self) -> String;

    /// An object; nothing if there is none.
    fn get<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Result<Option<BucketObject>, BucketError>>;

    /// Writes an object if the condition holds. What `guard` does not allow is not sent, which is an error.
    fn put_if<'a>(
        &'a self,
        key: &'a str,
        body: &'a [u8],
        condition: &'a Condition,
        guard: &'a SendGuard,
    ) -> BoxFuture<'a, Result<Put, BucketError>>;

    /// The keys below a prefix.
    fn list<'a>(&'a self, prefix: &'a str) -> BoxFuture<'a, Result<Vec<String>, BucketError>>;

    /// Whether it keeps what is overwritten or deleted.
    fn keeps_versions(&self) -> BoxFuture<'_, Result<bool, BucketError>>;
}

/// Writes an object if the condition holds, and answers its tag; nothing if somebody else was faster.
///
/// `body` must be one that nobody else ever writes. A repetition after a lost answer meets its own work, and knows it.
///
/// # Errors
/// When it is not known whether it was written.
pub async fn put(
    bucket: &dyn StateBucket,
    key: &str,
    body: &[u8],
    condition: &Condition,
    guard: &SendGuard,
) -> Result<Option<String>, BucketError> {
    const ATTEMPTS: u32 = 4;
    for _ in 0..ATTEMPTS {
        match bucket.put_if(key, body, condition, guard).await? {
            Put::Done(tag) => return Ok(Some(tag)),
            Put::Conflict => {}
            Put::Refused => {
                let found = bucket.get(key).await?;
                return Ok(found.filter(|found| found.body == body).map(|found| found.tag));
            }
        }
    }
    let message = "somebody else writes the same object again and again".to_owned();
    Err(BucketError { kind: BucketErrorKind::Unreachable, message })
}
