//! The calls of a bucket (S3 `CreateBucket`, `HeadBucket`, `DeleteBucket`, and a pair of calls for each setting).
//!
//! A bucket's settings are calls of their own, which S3 refuses side by side: they are written one after the other.

mod empty;
mod read;
mod write;

use std::time::Duration;

use aws_sdk_s3::types::{BucketLocationConstraint, CreateBucketConfiguration, ObjectOwnership};

use self::read::{NamedBucket, Standing};
use super::{Bucket, BucketComputed};
use crate::cloud::aws::answer::if_there;
use crate::cloud::aws::settling::settle;
use crate::cloud::aws::tags::tag_list;
use crate::cloud::aws::takeover::{refusal, refuse_foreign};
use crate::cloud::aws::{
    Census, During, Listed, Lookup, Present, Provision, ReadOutcome, ReadOutcomes, Reading, Silent, Writing, one_by_one,
};
use crate::cloud::wait::{Poll, WaitPolicy, retry_while, until};
use crate::cloud::{CloudError, ErrorKind};
use crate::model::observation::{ForeignObject, Remedy};
use crate::model::surroundings::Surroundings;

// A name let go of a moment ago is refused with OperationAborted: usually for minutes, up to an hour when the account or
// the region changed. A quarter of an hour is what a run can be kept waiting for.
const NAME_HELD: Duration = Duration::from_mins(15);
// Settings are unknown for seconds after they were written ("Amazon S3 data consistency model").
const SETTLING: WaitPolicy = WaitPolicy::seconds(3, 60, 1);
// S3 says that a bucket is there for some seconds after it was deleted.
const GONE: WaitPolicy = WaitPolicy::seconds(2, 60, 1);
// Package Manager may still be writing when the emptied bucket is deleted; it ends with its pods.
const WRITERS: Duration = Duration::from_mins(5);

/// What to do about a bucket that no call of ours can reach.
const ELSEWHERE: &str = "it belongs to another account or region; set `storage.bucket` to another name";

impl Provision for Bucket {
    type Health = Silent<Self>;

    async fn observe(lookups: Vec<Lookup<Self>>, cx: &Reading<'_>) -> ReadOutcomes<Self> {
        one_by_one(lookups, |one| async move { see(&one, cx).await }).await
    }

    async fn census(here: &Census<'_>) -> Result<Listed, CloudError> {
        read::census(here).await
    }

    async fn create(&self, cx: &Writing<'_>) -> Result<BucketComputed, CloudError> {
        let place = NamedBucket::new(cx.aws, &self.name, &cx.surroundings);
        let held = |error: &CloudError| error.is("OperationAborted");
        retry_while(cx, NAME_HELD, held, || self.make(place, cx)).await?;
        let computed = computed(&self.name, &cx.surroundings);
        cx.made(&computed).await?;
        // Where S3 does not know tags in the create call yet, it leaves them out without a word.
        write::patiently(cx, || place.add_tags(cx.tags(self))).await?;
        let there = write::patiently(cx, || place.settings()).await?;
        let from = there.told(&self.name, |key| cx.ids.refer(&place.key_arn(key)));
        self.bring(&Self { tags: self.tags.clone(), ..from }, place, cx).await?;
        Ok(computed)
    }

    async fn update(
        &self,
        from: &Self,
        known: &BucketComputed,
        cx: &Writing<'_>,
    ) -> Result<BucketComputed, CloudError> {
        self.bring(from, NamedBucket::new(cx.aws, &self.name, &cx.surroundings), cx).await?;
        Ok(known.clone())
    }

    async fn delete(_: &Self, known: &BucketComputed, cx: &Writing<'_>) -> Result<(), CloudError> {
        let doing = "delete the bucket";
        let place = NamedBucket::new(cx.aws, &known.id, &cx.surroundings);
        match place.standing().await? {
            Standing::Ours => {}
            // Also when the name is somebody else's by now.
            Standing::Free | Standing::Taken(_) => return Ok(()),
        }
        let consent = cx.consent.covers::<Self>();
        if consent {
            empty::empty(place, cx).await?;
        }
        let filled = |error: &CloudError| error.is("BucketNotEmpty");
        let passes = |error: &CloudError| error.is("OperationAborted") || (consent && filled(error));
        let gone = retry_while(cx, WRITERS, passes, || async {
            let call = cx.aws.s3.delete_bucket().bucket(place.name).expected_bucket_owner(place.account);
            let answer = call.send().await.during(doing);
            if consent && answer.as_ref().is_err_and(filled) {
                empty::empty(place, cx).await?;
            }
            answer
        });
        match gone.await {
            Ok(_) => {}
            Err(error) if error.kind == ErrorKind::NotFound => return Ok(()),
            Err(error) if filled(&error) && !consent => {
                let message = format!("{} holds objects. To delete them with it, use --delete-data bucket", place.name);
                return Err(CloudError { message, ..error });
            }
            Err(error) => return Err(error),
        }
        until(cx, doing, GONE, || async move {
            Ok(match place.standing().await? {
                Standing::Ours => Poll::Pending("still visible".to_owned()),
                Standing::Free | Standing::Taken(_) => Poll::Ready(()),
            })
        })
        .await
    }
}

impl Bucket {
    /// Makes the bucket, unless it is there and ours. In `us-east-1` S3 answers "done" to whoever makes his own bucket
    /// again, so it is looked for first everywhere.
    async fn make(&self, place: NamedBucket<'_>, cx: &Writing<'_>) -> Result<(), CloudError> {
        let doing = "create the bucket";
        let taken = |because: &str| {
            let remedy = Remedy::OtherName { because: ELSEWHERE.to_owned() };
            let there = ForeignObject { id: self.name.clone(), because: because.to_owned(), remedy };
            refusal(cx, doing, &format!("the name {} is taken", self.name), &there)
        };
        match place.standing().await? {
            Standing::Free => {
                let elsewhere = cx.aws.region != "us-east-1";
                let region = BucketLocationConstraint::from(cx.aws.region.as_str());
                let configuration = CreateBucketConfiguration::builder()
                    .set_location_constraint(elsewhere.then_some(region))
                    .set_tags(Some(tag_list(cx.tags(self))))
                    .build();
                let call = cx.aws.s3.create_bucket().bucket(&self.name).create_bucket_configuration(configuration);
                let call = call.object_ownership(ObjectOwnership::from(self.ownership.as_str()));
                match call.send().await.during(doing) {
                    // Our own answer was lost, and the call repeated.
                    Err(error) if error.is("BucketAlreadyOwnedByYou") => {}
                    Err(error) if error.is("BucketAlreadyExists") => {
                        return Err(taken("it belongs to another account"));
                    }
                    done => return done.map(drop),
                }
            }
            Standing::Ours => {}
            Standing::Taken(because) => return Err(taken(&because)),
        }
        let tags = write::patiently(cx, || place.tags()).await?;
        refuse_foreign(cx, doing, &format!("the bucket {} exists already", self.name), &self.name, &tags)
    }

    /// Changes what differs from `from`, one setting after the other, and waits until S3 shows it.
    async fn bring(&self, from: &Self, place: NamedBucket<'_>, cx: &Writing<'_>) -> Result<(), CloudError> {
        let key = self.kms_key.as_ref().map(|key| cx.id(key)).transpose()?;
        let key = key.as_deref();
        if self.ownership != from.ownership {
            write::patiently(cx, || place.set_ownership(&self.ownership)).await?;
        }
        if self.public_access_block != from.public_access_block {
            write::patiently(cx, || place.set_public_access_block(self.public_access_block)).await?;
        }
        // The same reference may mean another key by now; what stays as it is, is not written.
        write::patiently(cx, || place.set_encryption(key, self.bucket_key)).await?;
        if self.versioning != from.versioning {
            write::patiently(cx, || place.set_versioning(self.versioning)).await?;
        }
        if self.policy != from.policy {
            write::patiently(cx, || place.set_policy(self.policy.as_ref())).await?;
        }
        if self.abort_uploads_days != from.abort_uploads_days {
            write::patiently(cx, || place.set_lifecycle(self.abort_uploads_days)).await?;
        }
        if self.tags != from.tags {
            write::patiently(cx, || place.retag(&from.tags, &self.tags)).await?;
        }
        settle(cx, "change the bucket", SETTLING, || async move {
            // A bucket made a moment ago may still be unknown to some of these calls.
            let Some(there) = if_there(place.settings().await)? else { return Ok(false) };
            let told = there.told(&self.name, |key| cx.ids.refer(&place.key_arn(key)));
            let tagged = self.tags.iter().all(|(name, value)| told.tags.get(name) == Some(value));
            Ok(tagged && Self { tags: self.tags.clone(), ..told } == *self)
        })
        .await
    }
}

async fn see(one: &Lookup<Bucket>, cx: &Reading<'_>) -> Result<ReadOutcome<Bucket>, CloudError> {
    let name = one.id().unwrap_or(&one.expected().name);
    let place = NamedBucket::new(cx.aws, name, cx.surroundings);
    // One that is recorded answers in most cases: whose it is is asked when it does not.
    let settings = if one.recorded.is_some() { Some(place.settings().await) } else { None };
    let standing = if let Some(Ok(_)) = settings { Standing::Ours } else { place.standing().await? };
    match standing {
        Standing::Ours => {}
        Standing::Free => return Ok(ReadOutcome::Absent),
        // Ours is gone, and nobody asks for the name any more.
        Standing::Taken(_) if one.recorded.is_some() && (cx.removing || is_renamed(one)) => {
            return Ok(ReadOutcome::Absent);
        }
        Standing::Taken(because) => {
            let remedy = Remedy::OtherName { because: ELSEWHERE.to_owned() };
            return Ok(ReadOutcome::Foreign(ForeignObject { id: name.to_owned(), because, remedy }));
        }
    }
    let found = match settings {
        Some(found) => found?,
        None => place.settings().await?,
    };
    if one.recorded.is_none() && !cx.ours(&one.address, &found.tags) {
        return Ok(ReadOutcome::foreign(name, &found.tags, cx));
    }
    let notes = found.notes();
    let told = found.told(name, |key| cx.refer(&place.key_arn(key)));
    let declared = Bucket { tags: one.managed(&found.tags), ..told };
    let computed = computed(name, cx.surroundings);
    Ok(ReadOutcome::Present(Box::new(Present { declared, computed, notes, waiting: Vec::new(), settled: true })))
}

/// Whether a bucket of another name is declared than is recorded.
fn is_renamed(one: &Lookup<Bucket>) -> bool {
    let declared = one.declared.as_ref().map(|declared| declared.name.as_str());
    declared.zip(one.id()).is_some_and(|(declared, recorded)| declared != recorded)
}

fn computed(name: &str, place: &Surroundings) -> BucketComputed {
    BucketComputed { id: name.to_owned(), arn: format!("arn:{}:s3:::{name}", place.partition) }
}
