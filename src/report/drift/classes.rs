//! The classes of what a look for drift tells: what all findings of one id have in common.

use crate::model::finding::{Grade, Severity};
use crate::report::page::FindingClass;

/// A field, or an object in nothing that can be shown by its fields.
pub(super) const CHANGED: FindingClass = FindingClass {
    id: "drift.changed",
    severity: Grade::Medium.severity(),
    grade: Some(Grade::Medium),
    is_drift: true,
    tells: "A field is not as it was recorded",
    advice: "Apply puts back what is declared. If the new value is right, declare it.",
};

/// An object that is not there any more.
pub(super) const MISSING: FindingClass = FindingClass {
    id: "drift.missing",
    severity: Grade::High.severity(),
    grade: Some(Grade::High),
    is_drift: true,
    tells: "An object is not there any more",
    advice: "A plan shows what is made again, and what is not because its data is gone.",
};

/// Another object in the place of one of ours.
pub(super) const FOREIGN: FindingClass = FindingClass {
    id: "drift.foreign",
    severity: Grade::High.severity(),
    grade: Some(Grade::High),
    is_drift: true,
    tells: "An object is not there any more, and another one that is not ours stands in its place",
    advice: "What is not of this stack is never changed. The result says how it is taken over, or what to remove.",
};

/// An object that could not be read.
pub(super) const UNREAD: FindingClass = FindingClass {
    id: "drift.unread",
    severity: Severity::Unknown,
    grade: None,
    is_drift: false,
    tells: "An object could not be read: it is neither in sync nor gone",
    advice: "Give the credentials the permissions that docs/permissions.md lists for looking, then look again.",
};

/// What the declaration says and no apply has done yet.
pub(super) const PENDING: FindingClass = FindingClass {
    id: "drift.pending",
    severity: Grade::Low.severity(),
    grade: Some(Grade::Low),
    is_drift: false,
    tells: "The declaration says something that was not applied yet",
    advice: "Apply makes it so. If that is not meant, take the declaration back.",
};

/// What is worth knowing, and no difference.
pub(super) const NOTE: FindingClass = FindingClass {
    id: "drift.note",
    severity: Grade::Low.severity(),
    grade: Some(Grade::Low),
    is_drift: false,
    tells: "Something is worth knowing of an object, and no difference",
    advice: "What can be done about it stands in the result.",
};

/// The values, changed by hand.
pub(super) const VALUES_EDITED: FindingClass = FindingClass {
    id: "drift.values_edited",
    severity: Grade::Medium.severity(),
    grade: Some(Grade::Medium),
    is_drift: true,
    tells: "The file of Helm values was changed by hand",
    advice: "Declare the change. Apply writes the file anew and keeps the edited one beside it.",
};

/// Something else in the place of the values.
pub(super) const VALUES_FOREIGN: FindingClass = FindingClass {
    id: "drift.values_foreign",
    severity: Grade::High.severity(),
    grade: Some(Grade::High),
    is_drift: true,
    tells: "Something else is in the place of the file of Helm values, and apply refuses to write over it",
    advice: "Move it away; the result has the command.",
};

/// The values that are not here.
pub(super) const VALUES_MISSING: FindingClass = FindingClass {
    id: "drift.values_missing",
    severity: Severity::Unknown,
    grade: None,
    is_drift: false,
    tells: "The file of Helm values is not on this machine and was not compared",
    advice: "The result has the command with which it is written anew.",
};

/// The values of another run.
pub(super) const VALUES_OTHER: FindingClass = FindingClass {
    id: "drift.values_other",
    severity: Grade::Medium.severity(),
    grade: Some(Grade::Medium),
    is_drift: false,
    tells: "The file of Helm values was written by another run than the last",
    advice: "The result has the command that writes that of the last run.",
};

/// A member of an answer that no plan reads and that is not as it was recorded.
pub(super) const MEMBER_CHANGED: FindingClass = FindingClass {
    id: "drift.member_changed",
    severity: Grade::High.severity(),
    grade: Some(Grade::High),
    is_drift: true,
    tells: "Something that no plan reads is not as it was recorded, or another object stands under the same name",
    advice: "No apply puts it back: set it back where it was changed, or make the object anew with `--replace`.",
};

/// What somebody set and nobody declared.
pub(super) const UNDECLARED: FindingClass = FindingClass {
    id: "drift.undeclared",
    severity: Grade::Medium.severity(),
    grade: Some(Grade::Medium),
    is_drift: true,
    tells: "Somebody set what nobody declared",
    advice: "No key declares it, so no apply puts it back: set it back where it was changed.",
};

/// What stands in a list of ours and is not ours.
pub(super) const EXTRA: FindingClass = FindingClass {
    id: "drift.extra",
    severity: Grade::High.severity(),
    grade: Some(Grade::High),
    is_drift: true,
    tells: "Something that is not ours stands within what is ours",
    advice: "Nothing takes it away by itself: the result says what does, if nobody needs it.",
};

/// An end that comes near.
pub(super) const LIFECYCLE: FindingClass = FindingClass {
    id: "drift.lifecycle",
    severity: Grade::Medium.severity(),
    grade: Some(Grade::Medium),
    is_drift: true,
    tells: "An end comes near, or something is not well",
    advice: "Renew, raise or set back what is named before its day.",
};

/// What the cloud moved.
pub(super) const BY_AWS: FindingClass = FindingClass {
    id: "drift.by_aws",
    severity: Grade::Low.severity(),
    grade: Some(Grade::Low),
    is_drift: false,
    tells: "AWS moved it in the ordinary course",
    advice: "Nothing has to be done, as long as the stack serves.",
};

/// Every class.
pub(super) const ALL: [&FindingClass; 15] = [
    &CHANGED,
    &MISSING,
    &FOREIGN,
    &UNREAD,
    &MEMBER_CHANGED,
    &UNDECLARED,
    &EXTRA,
    &LIFECYCLE,
    &BY_AWS,
    &PENDING,
    &NOTE,
    &VALUES_EDITED,
    &VALUES_FOREIGN,
    &VALUES_MISSING,
    &VALUES_OTHER,
];
