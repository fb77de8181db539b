//! Emptying a bucket: everything in it is gone for good afterwards, so the caller must have consent.

use std::time::Duration;

use aws_sdk_s3::types::{self, Delete, MultipartUpload, ObjectIdentifier};
use futures_util::future::try_join_all;

use super::read::NamedBucket;
use crate::cloud::aws::{During, Writing};
use crate::cloud::wait::{pause, retry_while};
use crate::cloud::{CloudError, ErrorKind};

const DOING: &str = "empty the bucket";
/// How many objects one call lists and deletes, at most (S3 `ListObjectVersions`, `DeleteObjects`).
const PAGE: i32 = 1000;
/// How many uploads are aborted side by side.
const ABORTS: usize = 10;
// S3 asks to slow down, or fails inside, for single objects of a call that succeeds.
const BUSY: Duration = Duration::from_mins(5);

/// Aborts all uploads and deletes every version of every object, and the marks left by deletions, until nothing is
/// listed any more. A million objects take about a quarter of an hour.
pub(super) async fn empty(place: NamedBucket<'_>, cx: &Writing<'_>) -> Result<(), CloudError> {
    abort_uploads(place, cx).await?;
    let mut deleted = 0;
    loop {
        // Nothing is waited for, but this may take hours, and an abandoned run must end.
        pause(cx, DOING, Duration::ZERO).await?;
        let page = list(place).await?;
        if page.is_empty() {
            return Ok(());
        }
        retry_while(cx, BUSY, |error| passes(error.kind), || delete(place, &page)).await?;
        deleted += page.len();
        cx.status(format!("deleted {deleted} objects"));
    }
}

/// The first page of what is left: versions and marks. What was deleted is not listed again, so it is always the first.
async fn list(place: NamedBucket<'_>) -> Result<Vec<ObjectIdentifier>, CloudError> {
    let call = place.aws.s3.list_object_versions().bucket(place.name).expected_bucket_owner(place.account);
    let page = call.max_keys(PAGE).send().await.during("list what is in the bucket")?;
    let versions = page.versions.unwrap_or_default().into_iter().map(|version| (version.key, version.version_id));
    let marks = page.delete_markers.unwrap_or_default().into_iter().map(|mark| (mark.key, mark.version_id));
    let named = versions.chain(marks).filter_map(|(key, version)| Some((key?, version)));
    Ok(named
        .map(|(key, version)| {
            ObjectIdentifier::builder().key(key).set_version_id(version).build().expect("the key is given")
        })
        .collect())
}

/// Deletes one page. The call succeeds even if single objects stay: they stand in its answer.
async fn delete(place: NamedBucket<'_>, page: &[ObjectIdentifier]) -> Result<(), CloudError> {
    let objects = Delete::builder().set_objects(Some(page.to_vec())).quiet(true).build().expect("objects are given");
    let call = place.aws.s3.delete_objects().bucket(place.name).expected_bucket_owner(place.account);
    let answer = call.delete(objects).send().await.during(DOING)?;
    stayed(answer.errors(), page.len()).map_or(Ok(()), Err)
}

/// The error of a call that deleted all of `count` objects but these.
fn stayed(errors: &[types::Error], count: usize) -> Option<CloudError> {
    let meaning = |error: &types::Error| match error.code().unwrap_or_default() {
        "NoSuchKey" | "NoSuchVersion" => None,
        "SlowDown" => Some(ErrorKind::Throttled),
        "InternalError" | "ServiceUnavailable" => Some(ErrorKind::Unreachable),
        "AccessDenied" => Some(ErrorKind::Denied),
        _ => Some(ErrorKind::Refused),
    };
    let failed: Vec<(&types::Error, ErrorKind)> =
        errors.iter().filter_map(|error| Some((error, meaning(error)?))).collect();
    // One that stays for good decides; the others pass by themselves.
    let (first, kind) = failed.iter().find(|(_, kind)| !passes(*kind)).or(failed.first())?;
    let message = format!(
        "{} of {count} objects stay, among them {}: {}",
        failed.len(),
        first.key().unwrap_or_default(),
        first.message().unwrap_or_default()
    );
    Some(CloudError { code: first.code().map(str::to_owned), ..CloudError::new(*kind, DOING, message) })
}

fn passes(kind: ErrorKind) -> bool {
    matches!(kind, ErrorKind::Throttled | ErrorKind::Unreachable)
}

/// Unfinished uploads do not keep a bucket from being deleted, but one that is finished meanwhile does.
async fn abort_uploads(place: NamedBucket<'_>, cx: &Writing<'_>) -> Result<(), CloudError> {
    let (mut key, mut upload) = (None, None);
    loop {
        pause(cx, DOING, Duration::ZERO).await?;
        let call = place.aws.s3.list_multipart_uploads().bucket(place.name).expected_bucket_owner(place.account);
        let call = call.set_key_marker(key).set_upload_id_marker(upload);
        let page = call.send().await.during("list the unfinished uploads of the bucket")?;
        for some in page.uploads().chunks(ABORTS) {
            try_join_all(some.iter().map(|upload| abort(place, upload))).await?;
        }
        if page.is_truncated() != Some(true) {
            return Ok(());
        }
        (key, upload) = (page.next_key_marker, page.next_upload_id_marker);
    }
}

async fn abort(place: NamedBucket<'_>, upload: &MultipartUpload) -> Result<(), CloudError> {
    let call = place.aws.s3.abort_multipart_upload().bucket(place.name).expected_bucket_owner(place.account);
    let call = call.set_key(upload.key.clone()).set_upload_id(upload.upload_id.clone());
    match call.send().await.during("abort an unfinished upload") {
        Err(error) if error.is("NoSuchUpload") => Ok(()),
        done => done.map(drop),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(key: &str, code: &str) -> types::Error {
        types::Error::builder().key(key).code(code).message("told").build()
    }

    #[test]
    fn objects_that_stay_are_told_of_by_the_worst_reason() {
        assert_eq!(stayed(&[], 3), None);
        assert_eq!(stayed(&[error("a", "NoSuchVersion")], 3), None);
        let busy = stayed(&[error("a", "NoSuchKey"), error("b", "SlowDown")], 3).unwrap();
        assert!(passes(busy.kind) && busy.message.starts_with("1 of 3 objects stay, among them b"), "{busy}");
        let denied = stayed(&[error("a", "InternalError"), error("b", "AccessDenied")], 3).unwrap();
        assert_eq!((denied.kind, denied.is("AccessDenied")), (ErrorKind::Denied, true));
        assert!(denied.message.starts_with("2 of 3 objects stay, among them b"), "{denied}");
    }
}
