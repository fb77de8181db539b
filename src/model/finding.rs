//! What deserves attention, and the question it is an answer to.
//!
//! A [`Check`] is one question with a stable id, such as `storage.kms`. It passes when it has no findings. A [`Finding`]
//! stands by itself: what is the matter, why that matters, what to do, and where it was declared.

use std::fmt;

use super::address::Address;
use super::aspect::Aspect;
use super::place::Place;

/// How bad a finding is, the worst first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// What was asked for cannot work.
    Error,
    /// It could not be found out: neither good nor bad.
    Unknown,
    /// It works, and deserves a look.
    Warning,
}

impl Severity {
    /// Its word in text and in JSON.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Unknown => "unknown",
            Self::Warning => "warning",
        }
    }
}

/// How bad it is that something is there otherwise than it was made, the least first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Grade {
    /// Worth a line: it is untidy, or costs something.
    Low,
    /// Worth a look: it works otherwise than it was meant to.
    Medium,
    /// Somebody has to look today.
    High,
    /// Everybody is let in, or another account; data goes; or nobody is served.
    Critical,
}

impl Grade {
    /// All, the least first.
    pub const ALL: [Self; 4] = [Self::Low, Self::Medium, Self::High, Self::Critical];

    /// Its word in text and in JSON.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Critical => "critical",
        }
    }

    /// What it is among all findings: from high on, an error.
    pub const fn severity(self) -> Severity {
        match self {
            Self::Critical | Self::High => Severity::Error,
            Self::Medium | Self::Low => Severity::Warning,
        }
    }
}

/// What a finding is about.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Subject {
    /// A key of the declaration, or of a values file, by its path, such as `storage.kms`; empty for the file as a whole.
    Key(String),
    /// A resource of the stack.
    Resource(Address),
    /// A field of a resource, by its path, such as `tags.team`.
    Field(Address, String),
    /// A file beside the declaration, by its name.
    File(String),
    /// A part of the running stack.
    Aspect(Aspect),
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Key(path) => f.write_str(path),
            Self::Resource(address) => address.fmt(f),
            Self::Field(address, path) => write!(f, "{address} {path}"),
            Self::File(name) => f.write_str(name),
            Self::Aspect(aspect) => f.write_str(aspect.word()),
        }
    }
}

/// One thing that deserves attention.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The check it comes from.
    pub id: &'static str,
    /// How bad it is.
    pub severity: Severity,
    /// How bad in particular, of what is there otherwise than it was made.
    pub grade: Option<Grade>,
    /// What it is about.
    pub subject: Subject,
    /// Where that is written, if it is; the caller knows in which file.
    pub place: Option<Place>,
    /// What is the matter, in one sentence.
    pub what: String,
    /// Why that matters; empty when `what` says it.
    pub why: String,
    /// What to do about it, one thing each.
    pub remedies: Vec<String>,
}

impl Finding {
    /// The word for how bad it is: that of its grade, where it has one.
    pub const fn word(&self) -> &'static str {
        match self.grade {
            Some(grade) => grade.word(),
            None => self.severity.word(),
        }
    }

    /// An error about a resource, of which nothing more is known than what is the matter.
    pub fn error(id: &'static str, address: &Address, what: String) -> Self {
        Self {
            id,
            severity: Severity::Error,
            grade: None,
            subject: Subject::Resource(address.clone()),
            place: None,
            what,
            why: String::new(),
            remedies: Vec::new(),
        }
    }

    /// What to do about it, in one line.
    pub fn remedy(&self) -> String {
        self.remedies.join("; ")
    }
}

/// One question and everything that was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Check {
    /// Its stable id, such as `storage.kms`.
    pub id: &'static str,
    /// What was found; empty when it passed.
    pub findings: Vec<Finding>,
    /// Why what was found does not count, where somebody said so.
    pub skipped: Option<String>,
}

impl Check {
    /// The check of this id that found nothing.
    pub const fn passed(id: &'static str) -> Self {
        Self { id, findings: Vec::new(), skipped: None }
    }

    /// What was found and counts.
    pub fn counted(&self) -> &[Finding] {
        if self.skipped.is_some() { &[] } else { &self.findings }
    }

    /// How bad its worst finding is; `None` when nothing counts.
    pub fn worst(&self) -> Option<Severity> {
        self.counted().iter().map(|finding| finding.severity).min()
    }

    /// The word of its result in JSON: `pass`, `warn`, `unknown`, `fail` or `skip`.
    pub fn result(&self) -> &'static str {
        match self.worst() {
            None if self.skipped.is_some() => "skip",
            None => "pass",
            Some(Severity::Warning) => "warn",
            Some(Severity::Unknown) => "unknown",
            Some(Severity::Error) => "fail",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_check_is_as_bad_as_its_worst_finding() {
        let finding = |severity| Finding {
            id: "a.b",
            severity,
            grade: None,
            subject: Subject::Key("a".to_owned()),
            place: None,
            what: String::new(),
            why: String::new(),
            remedies: Vec::new(),
        };
        let result = |all: &[Severity]| {
            Check { findings: all.iter().copied().map(finding).collect(), ..Check::passed("a.b") }.result()
        };
        assert_eq!(result(&[]), "pass");
        assert_eq!(result(&[Severity::Warning]), "warn");
        assert_eq!(result(&[Severity::Warning, Severity::Unknown]), "unknown");
        assert_eq!(result(&[Severity::Unknown, Severity::Error, Severity::Warning]), "fail");
        let skipped = |findings| Check { findings, skipped: Some("known".to_owned()), ..Check::passed("a.b") };
        assert_eq!(skipped(vec![finding(Severity::Error)]).result(), "skip");
        assert_eq!((skipped(Vec::new()).result(), skipped(Vec::new()).worst()), ("skip", None));
    }
}
