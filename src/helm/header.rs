//! The first line of a values file: whose it is, when its content was first written, and what that content is.
//!
//! Promises: a comment of YAML, so that Helm reads the file as if it were not there; whatever [`Header::above`] wrote is
//! read back, also when somebody put lines above it.
//!
//! Leaves to others computing the digest and judging what they read.

use std::fmt;

const START: &str = "# ppm-infra values: ";
/// Names of the parts, in their order.
const PARTS: [&str; 5] = ["stack", "account", "region", "serial", "sha256"];

/// What the first line says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    /// The stack.
    pub stack: String,
    /// Its account.
    pub account: String,
    /// Its region.
    pub region: String,
    /// Serial of the lockfile with which this content was first written.
    pub serial: u64,
    /// SHA-256 of everything else in the file.
    pub digest: String,
}

impl fmt::Display for Header {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let serial = self.serial.to_string();
        let values = [&self.stack, &self.account, &self.region, &serial, &self.digest];
        let parts: Vec<String> = PARTS.iter().zip(values).map(|(part, value)| format!("{part} {value}")).collect();
        write!(f, "{START}{}", parts.join(", "))
    }
}

impl Header {
    /// The file: this line, and the rest below it.
    pub fn above(&self, body: &str) -> String {
        format!("{self}\n{body}")
    }

    /// The header in a file, the number of its line from 1, and the file without it; nothing if there is none.
    pub fn in_file(text: &str) -> Option<(Self, usize, String)> {
        let lines: Vec<&str> = text.split_inclusive('\n').collect();
        let at = lines.iter().position(|line| line.starts_with(START))?;
        let header = Self::parse(lines[at].trim_end())?;
        let rest = lines.iter().enumerate().filter(|(n, _)| *n != at).map(|(_, line)| *line).collect();
        Some((header, at + 1, rest))
    }

    fn parse(line: &str) -> Option<Self> {
        let mut values = line.strip_prefix(START)?.split(", ").zip(PARTS).map(|(text, part)| {
            text.strip_prefix(part)?.strip_prefix(' ').filter(|value| !value.contains(' ')).map(str::to_owned)
        });
        let mut next = || values.next().flatten();
        let header =
            Self { stack: next()?, account: next()?, region: next()?, serial: next()?.parse().ok()?, digest: next()? };
        Some(header)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header() -> Header {
        Header {
            stack: "ppm-prod".to_owned(),
            account: "111122223333".to_owned(),
            region: "us-east-1".to_owned(),
            serial: 42,
            digest: "0f".repeat(32),
        }
    }

    #[test]
    fn what_is_written_is_read_back() {
        let body = "# a comment\nreplicas: 3\n";
        let text = header().above(body);
        assert!(text.starts_with(
            "# ppm-infra values: stack ppm-prod, account 111122223333, region us-east-1, serial 42, sha256 0f0f"
        ));
        assert_eq!(Header::in_file(&text), Some((header(), 1, body.to_owned())));
        // An editor that adds to the file, in front and at the end.
        let edited = format!("---\n{text}x: 1");
        assert_eq!(Header::in_file(&edited), Some((header(), 2, format!("---\n{body}x: 1"))));
        let carriage = text.replace('\n', "\r\n");
        assert_eq!(Header::in_file(&carriage).unwrap().0, header());
    }

    #[test]
    fn what_only_looks_like_one_is_none() {
        let line = header().to_string();
        for text in [
            "",
            "replicas: 3\n",
            "# Values of the Helm chart rstudio-pm 0.20.4\n",
            &line.replace("serial 42", "serial x"),
            &line.replace("account 111122223333, ", ""),
            &line.replace("region us-east-1", "region us east 1"),
            &line.replace(&", sha256 ".to_owned(), " sha256 "),
            &line[2..],
        ] {
            assert_eq!(Header::in_file(text), None, "{text}");
        }
    }
}
