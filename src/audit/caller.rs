//! Who made a call, by the `userIdentity` of its record ("CloudTrail `userIdentity` element", CloudTrail User Guide).

use serde_json::Value;

/// What the name of a role begins with that IAM Identity Center made for a permission set; a suffix of hexadecimal digits
/// ends it ("Referencing permission sets in resource policies", IAM Identity Center User Guide).
const OF_PERMISSION_SET: &str = "AWSReservedSSO_";

/// The name of whom no record names.
const UNNAMED: &str = "somebody whom the log does not name";

/// Who made a call.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Caller {
    /// Its ARN; that of the session where a role was taken on. Empty for services of AWS, which have none.
    pub arn: String,
    /// The shortest words that tell it from others: a user, the name of a session, a service.
    pub name: String,
    /// The role that was taken on, or the permission set behind it.
    pub role: Option<String>,
    /// Who took the role on, where whoever gave the session insisted on it ("AWS STS source identity").
    pub source_identity: Option<String>,
    /// Whether it is a service of AWS, and nobody in particular.
    pub is_service: bool,
}

impl Caller {
    /// Whether the record says who it was.
    pub fn is_known(&self) -> bool {
        self.name != UNNAMED
    }

    /// Reads a `userIdentity`.
    pub(super) fn of(identity: &Value) -> Self {
        let text = |path: &str| identity.pointer(path).and_then(Value::as_str).filter(|told| !told.is_empty());
        let arn = text("/arn").unwrap_or_default().to_owned();
        let last = arn.rsplit(['/', ':']).next().filter(|last| !last.is_empty());
        let account = text("/accountId").unwrap_or("another account");
        let issuer = text("/sessionContext/sessionIssuer/userName").map(str::to_owned);
        let by_itself = || {
            let told = text("/userName").or(last).or_else(|| text("/principalId")).or_else(|| text("/accountId"));
            told.unwrap_or(UNNAMED).to_owned()
        };
        let invoked_by = text("/invokedBy").map(str::to_owned);
        let (name, role) = match text("/type") {
            Some("Root") => (format!("the root user of {account}"), None),
            Some("AssumedRole") => {
                let role = issuer.or_else(|| arn.split('/').nth(1).map(str::to_owned));
                (last.map_or_else(by_itself, str::to_owned), role.map(|role| permission_set(&role)))
            }
            Some("FederatedUser") => (last.map_or_else(by_itself, str::to_owned), None),
            Some("AWSService") => (invoked_by.unwrap_or_else(by_itself), None),
            Some("AWSAccount") => (format!("account {account}"), None),
            Some("IdentityCenterUser") => (text("/onBehalfOf/userId").map_or_else(by_itself, str::to_owned), None),
            _ => (by_itself(), None),
        };
        Self {
            name,
            role,
            source_identity: text("/sessionContext/sourceIdentity").map(str::to_owned),
            is_service: text("/type") == Some("AWSService"),
            arn,
        }
    }
}

/// The permission set that a role stands for; of every other role its name.
fn permission_set(role: &str) -> String {
    let set = role.strip_prefix(OF_PERMISSION_SET).and_then(|rest| rest.rsplit_once('_'));
    set.map_or_else(|| role.to_owned(), |(set, _)| format!("{set} of IAM Identity Center"))
}
