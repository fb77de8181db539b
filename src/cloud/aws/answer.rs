//! Reading answers: what should be in them and is not.

use aws_smithy_types::DateTime;
use jiff::Timestamp;

use crate::cloud::{CloudError, ErrorKind};

/// The answer without "not found": that is nothing, every other error stays an error.
///
/// # Errors
/// Every error but [`ErrorKind::NotFound`].
pub fn if_there<T>(answer: Result<T, CloudError>) -> Result<Option<T>, CloudError> {
    match answer {
        Ok(answer) => Ok(Some(answer)),
        Err(error) if error.kind == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// The answer, or nothing if the error is the one that says so: settings that nobody made are errors.
///
/// # Errors
/// Every other error.
pub fn unless<T>(code: &str, answer: Result<T, CloudError>) -> Result<Option<T>, CloudError> {
    match answer {
        Ok(found) => Ok(Some(found)),
        Err(error) if error.is(code) => Ok(None),
        Err(error) => Err(error),
    }
}

/// A point in time, to the second; nothing for one beyond all calendars.
pub fn moment(time: &DateTime) -> Option<Timestamp> {
    Timestamp::from_second(time.secs()).ok()
}

/// The error of an answer that lacks what AWS promises to put into it.
pub fn lacking(doing: &str, what: &str) -> CloudError {
    CloudError::new(ErrorKind::Refused, doing, format!("the answer holds no {what}"))
}

/// The error of a change to an object that was there when the plan was made.
pub fn vanished(doing: &str, id: &str) -> CloudError {
    CloudError::new(ErrorKind::NotFound, doing, format!("{id} is gone since the plan was made; plan again"))
}
