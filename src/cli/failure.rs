//! From an error to what people see: a heading, the causes, hints, and an exit status.

use std::error::Error;
use std::fmt::Write as _;
use std::path::Path;

use super::ask::Ask;
use super::{credentials, exit, typed};
use crate::architecture::{NoValues, NotReady};
use crate::cloud::{CloudError, ErrorKind, clock_is_off};
use crate::engine::diff::Shown;
use crate::engine::{Clash, PlanError};
use crate::helm::shell_word;
use crate::model::finding::Finding;
use crate::model::mark::STACK_TAG;
use crate::model::resource::Resource;
use crate::render::document;
use crate::report::{CLOCK, finding_json};
use crate::resources::access_entry::AccessEntry;
use crate::resources::catalog;
use crate::run::{AdoptError, FixError, RunError, ToldBy};
use crate::stack::DeclarationError;
use crate::store::bucket::BucketErrorKind;
use crate::store::lease::{SLACK, VALID};
use crate::store::{StoreError, file};

/// Why a command did not do what it was asked for.
#[derive(Debug)]
pub struct Failure {
    /// The exit status.
    pub code: u8,
    /// What happened, in one line or as a finished text.
    pub heading: String,
    /// The causes, outermost first.
    pub causes: Vec<String>,
    /// What to type.
    pub hints: Vec<String>,
    /// The same taken apart, where it is about resources of the stack: for programs.
    pub findings: Vec<Finding>,
}

impl Failure {
    /// A failure with a heading alone.
    pub fn new(code: u8, heading: impl Into<String>) -> Self {
        Self { code, heading: heading.into(), causes: Vec::new(), hints: Vec::new(), findings: Vec::new() }
    }

    /// Adds what to type.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }

    /// The text for people: heading, numbered causes, hints.
    pub fn text(&self) -> String {
        let mut text = format!("error: {}\n", self.heading);
        for (n, cause) in self.causes.iter().enumerate() {
            let _ = writeln!(text, "  {}: {cause}", n + 1);
        }
        for hint in &self.hints {
            let _ = writeln!(text, "hint: {hint}");
        }
        text
    }

    /// The same for programs.
    pub fn json(&self) -> serde_json::Value {
        let findings: Vec<_> = self.findings.iter().map(|one| finding_json(one, "")).collect();
        let error = serde_json::json!({
            "exit": self.code, "message": self.heading, "causes": self.causes, "hints": self.hints, "findings": findings,
        });
        document(None, [("error", error)])
    }

    /// What to do about a bucket.
    fn bucket(self, kind: BucketErrorKind) -> Self {
        match kind {
            BucketErrorKind::Unreachable => self.hint("check the network and AWS_ENDPOINT_URL; then run again"),
            BucketErrorKind::Credentials => self.hint(typed::credentials()),
            BucketErrorKind::Denied => self
                .hint("state on S3 needs s3:GetObject and s3:PutObject on its objects, and s3:ListBucket on the bucket")
                .hint("without s3:ListBucket, S3 answers AccessDenied also for an object that is not there"),
            BucketErrorKind::Key => self
                .hint("the bucket is encrypted with a key of KMS: that takes kms:Decrypt and kms:GenerateDataKey on it")
                .hint("a key that is disabled or scheduled for deletion can be read with by nobody: enable it again"),
            BucketErrorKind::NoBucket => {
                self.hint("make the bucket of the state first, with versioning on; it cannot be the stack's own")
            }
            BucketErrorKind::Other => self,
        }
    }

    /// What to do about a file of the state that cannot be used. Other files get no hint.
    fn damaged(self, path: &Path) -> Self {
        // Only a look at everything finds what no declaration and no earlier record tells of, so that comes first.
        if path.starts_with("s3:") {
            return self
                .hint(RECOVER)
                .hint("nothing was changed; `ppm-infra state history` lists earlier lockfiles, `ppm-infra state restore SERIAL` puts one in force: what is declared and it does not know is found in AWS by its marks");
        }
        match path.to_string_lossy() {
            name if name.ends_with(".journal") => {
                let (from, to) = (
                    shell_word(&path.display().to_string()),
                    shell_word(&file::free(path, "damaged").display().to_string()),
                );
                self.hint(format!(
                    "nothing was changed; move the journal away, as in `mv {from} {to}`, and run again: what it does not know is found in AWS by its marks"
                ))
            }
            name if name.ends_with(".lock.json") => {
                let mut failure = self.hint("nothing was changed; lockfiles are not edited by hand").hint(RECOVER);
                if let Some(serial) = file::previous(path, &catalog()) {
                    failure = failure.hint(format!(
                        "the version before it is kept, and `ppm-infra state restore {serial}` puts it in force: what is declared and it does not know is found in AWS by its marks"
                    ));
                }
                let folder = path.parent().map(|folder| folder.display().to_string()).filter(|name| !name.is_empty());
                let folder = shell_word(folder.as_deref().unwrap_or("."));
                let base = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
                let base = shell_word(&base);
                failure.hint(format!(
                    "if the folder is in git, `git -C {folder} show HEAD:./{base} > FILE` gets the last one committed, and `ppm-infra state push FILE` puts it in force"
                ))
            }
            _ => self,
        }
    }

    fn caused(mut self, error: &dyn Error) -> Self {
        let mut cause = error.source();
        while let Some(next) = cause {
            self.causes.push(next.to_string());
            cause = next.source();
        }
        self
    }
}

impl From<DeclarationError> for Failure {
    fn from(error: DeclarationError) -> Self {
        Self::new(exit::DECLARATION, error.to_string().trim_end().to_owned())
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        let code = match &error {
            StoreError::Busy { .. } | StoreError::Leased { .. } | StoreError::Lost { .. } => exit::BUSY,
            StoreError::Bucket { source, .. } => match source.kind {
                BucketErrorKind::Unreachable | BucketErrorKind::Credentials => exit::CLOUD,
                BucketErrorKind::Denied | BucketErrorKind::Key | BucketErrorKind::NoBucket | BucketErrorKind::Other => {
                    exit::STATE
                }
            },
            StoreError::NotAFile { .. } | StoreError::NoPlace { .. } => exit::USAGE,
            StoreError::Io { .. }
            | StoreError::Damaged { .. }
            | StoreError::Edited { .. }
            | StoreError::Newer { .. }
            | StoreError::Unsound { .. }
            | StoreError::Journal { .. }
            | StoreError::Conflict { .. }
            | StoreError::AtRisk { .. } => exit::STATE,
        };
        let failure = Self::new(code, error.to_string()).caused(&error);
        match &error {
            StoreError::NotAFile { .. } => {
                failure.hint("name a file, or `-` to read standard input; `<(COMMAND)` of a shell works as well")
            }
            StoreError::NoPlace { .. } => failure.hint("name a file, or one that is not there yet"),
            StoreError::Io { .. } => {
                failure.hint("nothing was changed; mend the folder or its permissions and run again")
            }
            StoreError::Damaged { path, .. } | StoreError::Edited { path } | StoreError::Unsound { path, .. } => {
                failure.damaged(path)
            }
            StoreError::Newer { .. } => failure.hint("use the ppm-infra that wrote it, or a newer one"),
            StoreError::Journal { .. } => failure
                .hint("state and journal belong to different runs; put the files of one backup back together")
                .hint(RECOVER),
            StoreError::Busy { .. } => failure.hint("wait until that run is over; the lock goes with its process"),
            StoreError::Conflict { .. } => failure.hint("run plan again: somebody wrote meanwhile"),
            StoreError::Bucket { source, .. } => {
                let mut failure = failure.bucket(source.kind);
                if let (BucketErrorKind::Credentials, Some(told)) =
                    (source.kind, credentials::not_found(&source.message))
                {
                    failure.causes = vec![told];
                }
                failure
            }
            StoreError::Leased { silent, .. } => {
                let left = (VALID + SLACK).saturating_sub(*silent).as_secs();
                failure
                    .hint(format!("wait until that run is over; if it died, run again in {left} s: its lease runs out"))
                    .hint("`ppm-infra lock status` shows what it is doing")
            }
            StoreError::AtRisk { .. } => failure.hint("check the network; run again: it goes on from what is recorded"),
            StoreError::Lost { .. } => failure
                .hint("nothing was written since; what was begun is recorded, and whoever applies next finds it")
                .hint("`ppm-infra lock status` shows who works on the stack now"),
        }
    }
}

impl From<CloudError> for Failure {
    fn from(error: CloudError) -> Self {
        let code = match error.kind {
            ErrorKind::Credentials | ErrorKind::Unreachable | ErrorKind::Throttled => exit::CLOUD,
            ErrorKind::Bug => exit::BUG,
            ErrorKind::Abandoned => exit::INTERRUPTED,
            ErrorKind::Refused
            | ErrorKind::NotFound
            | ErrorKind::Exists
            | ErrorKind::NotOurs
            | ErrorKind::Denied
            | ErrorKind::Quota
            | ErrorKind::Timeout => exit::FAILED,
        };
        let mut failure = Self::new(code, format!("could not {}", error.doing));
        failure.causes.push(match (&error.code, error.kind) {
            (Some(code), _) => format!("AWS answered {code}: {}", error.message),
            (None, ErrorKind::Credentials) => {
                credentials::not_found(&error.message).unwrap_or_else(|| error.message.clone())
            }
            (None, _) => error.message.clone(),
        });
        failure.causes.extend(error.request_id.as_ref().map(|id| format!("request id {id}")));
        match error.kind {
            ErrorKind::Credentials if clock_is_off(error.code.as_deref(), &error.message) => failure.hint(CLOCK),
            ErrorKind::Credentials => failure
                .hint(typed::credentials())
                .hint("AWS_PROFILE, AWS_ACCESS_KEY_ID and the files in ~/.aws are read as every AWS tool reads them"),
            ErrorKind::Unreachable => failure.hint("check the network, the region and AWS_ENDPOINT_URL"),
            ErrorKind::Denied => failure.hint("docs/permissions.md lists what plan and apply may have to do"),
            ErrorKind::Throttled => failure.hint("others use the same limits of the account; run again in a moment"),
            ErrorKind::Refused
            | ErrorKind::NotFound
            | ErrorKind::Exists
            | ErrorKind::NotOurs
            | ErrorKind::Quota
            | ErrorKind::Timeout
            | ErrorKind::Abandoned
            | ErrorKind::Bug => failure,
        }
    }
}

impl From<PlanError> for Failure {
    fn from(error: PlanError) -> Self {
        Self { findings: error.findings(), ..Self::of_refusal(error) }
    }
}

impl Failure {
    fn of_refusal(error: PlanError) -> Self {
        let heading = error.to_string();
        match error {
            PlanError::Unread { unread } => {
                let mut failure = Self::new(exit::INCOMPLETE, heading);
                failure.causes = unread.iter().map(|(address, error)| format!("{address}: {error}")).collect();
                if unread.values().any(CloudError::is_expired) {
                    failure = failure.hint("the credentials ended: renew them, as with `aws sso login`, and run again");
                }
                failure.hint("what cannot be read is neither in place nor gone, so nothing was planned or changed")
            }
            PlanError::Foreign { foreign } => {
                let mut failure = Self::new(exit::FAILED, heading);
                failure.causes = foreign
                    .iter()
                    .map(|(address, there)| format!("{address}: {} stands there; {}", there.id, there.because))
                    .collect();
                for (address, there) in &foreign {
                    failure.hints.extend(there.remedy.advice(address, &there.id));
                }
                failure
                    .hint("ppm-infra never changes what is not its own; nothing was changed")
                    .hint("choose another stack name (or storage.bucket), or remove the object if nobody needs it")
            }
            PlanError::Shared(clash) => {
                let Clash { address, .. } = *clash;
                let failure = Self::new(exit::FAILED, heading).hint(
                    "nothing was changed; one object stands at one address: take one of the two out of the declaration",
                );
                if address.kind == AccessEntry::KIND {
                    failure.hint("an identity that has access already need not stand in `kubernetes.admins`")
                } else {
                    failure
                }
            }
            PlanError::Lost { lost } => super::recovery_output::gone_for_good(heading, &lost, &Ask::default(), None),
            PlanError::Removed(_) => Self::new(exit::BUG, heading)
                .hint("nothing was changed; this is a bug in ppm-infra, please report it with this message"),
            PlanError::Cycle { .. } | PlanError::UnknownKind { .. } => Self::new(exit::BUG, heading),
            PlanError::Protected { address, replaced, chain, diffs } => {
                let mut failure = Self::new(exit::FAILED, heading);
                failure.causes = chain
                    .windows(2)
                    .map(|pair| format!("{} is replaced because {} is replaced", pair[0], pair[1]))
                    .collect();
                if let Some(root) = chain.last().filter(|_| replaced) {
                    failure.causes.extend(
                        diffs.iter().map(|diff| {
                            format!("{root}: {} {} → {}", diff.path, shown(&diff.before), shown(&diff.after))
                        }),
                    );
                }
                let failure = failure.hint("nothing was changed; take the change in the declaration back");
                if replaced {
                    failure.hint(if catalog().get(&address.kind).is_some_and(|facts| facts.holds.data().is_some()) {
                        "if it must be: back its data up, take it out of `protect` and apply"
                    } else {
                        "if it must be: `ppm-infra destroy` keeps what holds data and removes the rest, and apply builds it anew"
                    })
                } else {
                    let store = catalog().get(&address.kind).and_then(|facts| facts.holds.data()).unwrap_or("…");
                    failure.hint(format!("data stores go only with `ppm-infra destroy --delete-data {store}`"))
                }
            }
            PlanError::NoRoom { address, chain, .. } => {
                let mut failure = Self::new(exit::FAILED, heading);
                failure.causes = chain
                    .windows(2)
                    .map(|pair| format!("{} is replaced because {} is replaced", pair[0], pair[1]))
                    .collect();
                let first = chain.last().unwrap_or(&address);
                failure
                    .hint(format!(
                        "nothing was changed; leave `--replace {first}` away: what differs is mended in place"
                    ))
                    .hint(
                        "if it must be: `destroy` keeps what holds data and removes the rest, and apply builds it anew",
                    )
            }
            PlanError::StepDown { .. } => Self::new(exit::FAILED, heading)
                .hint("AWS offers no way back; declare the version that is there, or a newer one"),
            PlanError::NotRecorded { .. } => {
                Self::new(exit::USAGE, heading).hint("`ppm-infra state list` shows the addresses there are")
            }
        }
    }
}

/// What else to do about a lockfile that cannot be read.
pub(super) const RECOVER: &str =
    "`ppm-infra recover` keeps it aside and makes another from the marks of what stands in AWS";

/// A value in one line.
fn shown(value: &Shown) -> String {
    match value {
        Shown::Value(value) => value.to_string(),
        Shown::AfterApply(address) => address.to_string(),
        Shown::Nothing => "nothing".to_owned(),
    }
}

impl Failure {
    /// Why nothing was planned of what was asked, with values that go where somebody named it.
    pub(super) fn of_planning(error: RunError, ask: &Ask, values: Option<&Path>) -> Self {
        if let RunError::Plan(PlanError::Lost { lost }) = &error {
            let findings = PlanError::Lost { lost: lost.clone() }.findings();
            return Self { findings, ..super::recovery_output::gone_for_good(error.to_string(), lost, ask, values) };
        }
        error.into()
    }
}

impl From<RunError> for Failure {
    fn from(error: RunError) -> Self {
        match error {
            RunError::Cloud(error) => error.into(),
            RunError::Plan(error) => error.into(),
            RunError::Noted { error, notes } => {
                let mut failure = Self::from(*error);
                failure.hints.splice(0..0, notes);
                failure
            }
            RunError::Store(error) => error.into(),
            RunError::Adopt(error) => error.into(),
            RunError::Fix(error) => {
                let hint = match &error {
                    FixError::More(_) => "nothing was changed; name those as well, or let `apply` make what is declared",
                    FixError::NotThere { .. } => "nothing was changed; `ppm-infra drift` shows what is not declared, and names it",
                    FixError::ByHand { .. } => "nothing was changed",
                    FixError::Needs { .. } => "nothing was changed; name that as well, or let `apply` make what is declared",
                };
                Self::new(exit::FAILED, error.to_string()).hint(hint)
            }
            RunError::Account { told_by, .. } => Self::new(exit::FAILED, error.to_string()).hint(match told_by {
                ToldBy::Declaration => {
                    "nothing was changed; use the credentials of that account, or correct `account` in the declaration"
                }
                ToldBy::Lockfile => {
                    "nothing was changed; use the credentials of that account: what is recorded stands there. For a second \
                     environment in this account, copy the declaration under another stack name"
                }
            }),
            RunError::Checks(ref found) => {
                let id = found.first().map_or("ID", |finding| finding.id);
                Self::new(exit::FAILED, error.to_string())
                    .hint("nothing was changed; the plan says what is wrong, where, and what to do")
                    .hint(format!("a result that is known, and will do all the same, is let pass by --skip {id}=REASON"))
            }
            RunError::Stopped => Self::new(exit::INTERRUPTED, "stopped; nothing was changed"),
        }
    }
}

impl From<AdoptError> for Failure {
    fn from(error: AdoptError) -> Self {
        let nothing = "nothing was changed";
        match &error {
            AdoptError::Undeclared { .. } => Self::new(exit::USAGE, error.to_string())
                .hint("`ppm-infra graph` and `ppm-infra plan --full` show the addresses that are declared"),
            AdoptError::Taken { address, id, needed_by } => {
                Self::new(exit::FAILED, error.to_string()).hint(if needed_by.is_empty() {
                    format!("{nothing}; to let go of {id} without touching it: `ppm-infra state rm {address}`")
                } else {
                    let users: Vec<String> = needed_by.iter().map(ToString::to_string).collect();
                    format!("{nothing}; {} hangs on {id}, so it stays what is recorded there", users.join(", "))
                })
            }
            AdoptError::Elsewhere { address, wanted: Some(wanted), .. } => Self::new(exit::FAILED, error.to_string())
                .hint(format!(
                    "{nothing}; to give that record the other name: `ppm-infra state mv {address} {wanted}`"
                )),
            AdoptError::Elsewhere { .. } => {
                Self::new(exit::FAILED, error.to_string()).hint(format!("{nothing}; one object stands at one address"))
            }
            AdoptError::Missing { address, .. } => Self::new(exit::FAILED, error.to_string())
                .hint(format!("{nothing}; look for the id of the {} in this account and region", address.kind)),
            AdoptError::Unread { address, .. } => Self::new(exit::INCOMPLETE, error.to_string())
                .hint(format!("{nothing}; the id must be that of a {}, as AWS writes it", address.kind)),
            AdoptError::Owned { .. } => Self::new(exit::FAILED, error.to_string()).hint(format!(
                "{nothing}; if whoever it belongs to is no more, take the tag {STACK_TAG} off it: then it is nobody's"
            )),
            AdoptError::Old { .. } => Self::new(exit::FAILED, error.to_string())
                .hint(format!("{nothing}; the next apply removes it, and what took its place is recorded")),
            AdoptError::Unfit { .. } => Self::new(exit::FAILED, error.to_string()).hint(format!(
                "{nothing}; declare it as it is, or let ppm-infra make its own beside it under another name"
            )),
        }
    }
}

impl From<NoValues> for Failure {
    fn from(error: NoValues) -> Self {
        let heading = error.to_string();
        match error {
            NoValues::NotReady(missing) => Self { heading, ..Self::from(missing) },
            NoValues::Refused(refused) => Self::new(exit::FAILED, heading).caused(&refused),
        }
    }
}

impl From<NotReady> for Failure {
    fn from(error: NotReady) -> Self {
        Self::new(exit::FAILED, error.to_string())
            .hint("run apply first: it makes what is missing, and takes up what stands and carries the stack's marks")
    }
}
