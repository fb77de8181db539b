//! One record of CloudTrail, read ("CloudTrail record contents", CloudTrail User Guide).

use jiff::Timestamp;
use serde_json::Value;

use super::Caller;

/// What names itself in the user agent of its calls, and how it is told. The first that is found counts: tools stand
/// before the SDK that they call through.
const AGENTS: [(&str, &str); 14] = [
    ("Terraform/", "Terraform"),
    ("OpenTofu/", "OpenTofu"),
    ("Pulumi/", "Pulumi"),
    ("eksctl/", "eksctl"),
    ("exec-env/CloudShell", "CloudShell"),
    ("aws-cli/", "the AWS CLI"),
    ("AWSPowerShell", "the AWS Tools for PowerShell"),
    ("Boto3/", "Boto3"),
    ("Botocore/", "Botocore"),
    ("aws-sdk-", "an AWS SDK"),
    ("S3Console/", "the console"),
    ("console.amazonaws.com", "the console"),
    ("signin.amazonaws.com", "the console"),
    ("Mozilla/", "the console"),
];

/// What every call of this program carries in its user agent ("Application ID", AWS SDKs and Tools Reference Guide).
pub const OURS: &str = "app/ppm-infra";

/// By what a call was made.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Means {
    /// The management console, in a browser.
    Console,
    /// This program.
    PpmInfra,
    /// A service of AWS, in the name of whoever is named or of its own accord: its name.
    Service(String),
    /// Another program, by its name.
    Program(String),
    /// The log does not say.
    Unknown,
}

impl Means {
    /// Its word for programs.
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Console => "console",
            Self::PpmInfra => "ppm-infra",
            Self::Service(_) => "service",
            Self::Program(_) => "program",
            Self::Unknown => "unknown",
        }
    }

    /// Its name for people; nothing where it is not known.
    pub fn name(&self) -> Option<&str> {
        match self {
            Self::Console => Some("the console"),
            Self::PpmInfra => Some("ppm-infra"),
            Self::Service(name) | Self::Program(name) => Some(name),
            Self::Unknown => None,
        }
    }

    fn of(record: &Value) -> Self {
        let text = |path: &str| record.pointer(path).and_then(Value::as_str).filter(|told| !told.is_empty());
        let agent = text("/userAgent").unwrap_or_default();
        let is_console = ["/sessionCredentialFromConsole", "/sessionContext/sessionCredentialFromConsole"]
            .into_iter()
            .chain(["/userIdentity/sessionContext/attributes/sessionCredentialFromConsole"])
            .any(|path| record.pointer(path).is_some_and(|told| told == "true" || *told == Value::Bool(true)));
        if agent.contains(OURS) {
            return Self::PpmInfra;
        }
        if let Some(service) = text("/userIdentity/invokedBy") {
            return Self::Service(service.to_owned());
        }
        let known = AGENTS.into_iter().find(|(sign, _)| agent.contains(sign)).map(|(_, name)| name);
        match known {
            // CloudShell and other tools get their credentials from the console as well, and are not the console.
            Some("the console") => Self::Console,
            Some(name) => Self::Program(name.to_owned()),
            None if is_console => Self::Console,
            None => match agent.split(['/', ' ']).next().unwrap_or_default() {
                "" | "AWS" => Self::Unknown,
                service if service.ends_with(".amazonaws.com") => Self::Service(service.to_owned()),
                first => Self::Program(first.trim_matches(['[', ']']).to_owned()),
            },
        }
    }
}

/// One call that the log recorded.
#[derive(Clone, Debug, PartialEq)]
pub struct AuditEvent {
    /// The id of the record.
    pub id: String,
    /// The call, such as `PutRolePolicy`.
    pub name: String,
    /// The service it went to, such as `iam.amazonaws.com`.
    pub source: String,
    /// When.
    pub at: Timestamp,
    /// Who made it.
    pub caller: Caller,
    /// Where it came from: an address, or the name of a service.
    pub from: Option<String>,
    /// By what.
    pub means: Means,
    /// Whether it changed anything: it neither only reads nor was refused.
    pub changes: bool,
    /// What was asked for.
    pub(super) request: Value,
    /// What was answered.
    pub(super) response: Value,
    /// What it was done to, where the service says so.
    pub(super) resources: Value,
}

impl AuditEvent {
    /// Reads a record. `None` where it has no name or no time, as no record of a call does.
    pub fn read(record: &Value) -> Option<Self> {
        let text = |key: &str| record.get(key).and_then(Value::as_str).filter(|told| !told.is_empty());
        let is_read_only = record.get("readOnly").is_some_and(|told| *told == Value::Bool(true) || told == "true");
        Some(Self {
            id: text("eventID").unwrap_or_default().to_owned(),
            name: text("eventName")?.to_owned(),
            source: text("eventSource").unwrap_or_default().to_owned(),
            at: text("eventTime")?.parse().ok()?,
            caller: Caller::of(record.get("userIdentity").unwrap_or(&Value::Null)),
            from: text("sourceIPAddress").filter(|from| *from != "AWS Internal").map(str::to_owned),
            means: Means::of(record),
            changes: !is_read_only && text("errorCode").is_none(),
            request: record.get("requestParameters").cloned().unwrap_or_default(),
            response: record.get("responseElements").cloned().unwrap_or_default(),
            resources: record.get("resources").cloned().unwrap_or_default(),
        })
    }

    /// Whether the request, or its answer, has this value in it.
    pub fn names(&self, value: &str) -> bool {
        has(&self.request, value) || has(&self.response, value)
    }

    /// Whether the request has this value under this name, however deep and in whatever case, or its record lists it among
    /// what it was done to. A member of a list has the name of the list.
    pub fn names_as(&self, name: &str, value: &str) -> bool {
        has_under(&self.request, name, value) || has(&self.resources, value)
    }

    /// Whether it went to this service, such as `iam`.
    pub fn is_to(&self, service: &str) -> bool {
        self.source.split('.').next() == Some(service)
    }
}

fn has_under(within: &Value, name: &str, value: &str) -> bool {
    match within {
        Value::Array(items) => items.iter().any(|item| has_under(item, name, value)),
        Value::Object(members) => members.iter().any(|(key, member)| {
            (key.eq_ignore_ascii_case(name) && has_text(member, value)) || has_under(member, name, value)
        }),
        Value::String(_) | Value::Number(_) | Value::Bool(_) | Value::Null => false,
    }
}

/// Whether a text is the value, or its spelling in the path of a URL, which EKS records of what its calls name there.
fn has_text(within: &Value, value: &str) -> bool {
    match within {
        Value::String(text) => text == value || text.replace("%3A", ":").replace("%2F", "/") == value,
        Value::Array(items) => items.iter().any(|item| has_text(item, value)),
        Value::Object(members) => members.values().any(|member| has_text(member, value)),
        Value::Number(_) | Value::Bool(_) | Value::Null => false,
    }
}

fn has(within: &Value, value: &str) -> bool {
    match within {
        Value::String(text) => text == value,
        Value::Array(items) => items.iter().any(|item| has(item, value)),
        Value::Object(members) => members.values().any(|member| has(member, value)),
        Value::Number(_) | Value::Bool(_) | Value::Null => false,
    }
}
