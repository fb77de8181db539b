//! A certificate, as ACM tells of it.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// A certificate (ACM `DescribeCertificate`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Certificate {
    /// `ISSUED`, `PENDING_VALIDATION`, `EXPIRED`, `REVOKED` and others.
    pub status: String,
    /// Where it comes from: `AMAZON_ISSUED`, `IMPORTED` or `PRIVATE`.
    pub origin: String,
    /// The names it is for, `*.example.com` among them; empty if AWS did not say.
    pub names: Vec<String>,
    /// When it ends.
    pub expires: Option<Timestamp>,
    /// Whether ACM renews it by itself.
    pub is_renewed: bool,
    /// How far a renewal is: `PENDING_AUTO_RENEWAL`, `PENDING_VALIDATION`, `SUCCESS` or `FAILED`.
    pub renewal: Option<String>,
    /// How the names were proved: `DNS`, `EMAIL` or `HTTP`.
    pub validated_by: Option<String>,
    /// The records of DNS that prove names which are not proved yet.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub proofs: Vec<Proof>,
    /// Why it was not issued, in the word of ACM.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure: Option<String>,
}

/// A record of DNS that proves a name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Proof {
    /// The name of the record.
    pub name: String,
    /// Its type: `CNAME`.
    pub record: String,
    /// Its value.
    pub value: String,
}

impl Certificate {
    /// Whether it is good for `host`; a star stands for one label (RFC 6125, section 6.4.3).
    pub fn covers(&self, host: &str) -> bool {
        self.names.iter().any(|name| match name.strip_prefix("*.") {
            None => name.eq_ignore_ascii_case(host),
            Some(rest) => host.split_once('.').is_some_and(|(_, parent)| parent.eq_ignore_ascii_case(rest)),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_certificates() {
        let named = |names: &[&str]| Certificate {
            status: "ISSUED".to_owned(),
            origin: "AMAZON_ISSUED".to_owned(),
            names: names.iter().copied().map(str::to_owned).collect(),
            expires: None,
            is_renewed: true,
            renewal: None,
            validated_by: None,
            proofs: Vec::new(),
            failure: None,
        };
        for (name, host, fits) in [
            ("packages.example.com", "packages.example.com", true),
            ("Packages.Example.com", "packages.example.COM", true),
            ("*.example.com", "packages.example.com", true),
            ("*.Example.com", "packages.example.com", true),
            ("*.example.com", "a.packages.example.com", false),
            ("*.example.com", "example.com", false),
            ("*.com", "example.com", true),
            ("example.com", "packages.example.com", false),
            ("packages.example.com", "a.packages.example.com", false),
        ] {
            assert_eq!(named(&["other.example.org", name]).covers(host), fits, "{name} for {host}");
        }
        assert!(!named(&[]).covers("example.com"));
    }
}
