//! Who is told, as it is named on the command line.

use std::fmt;
use std::path::PathBuf;

use secrecy::{ExposeSecret as _, SecretString};

/// Who is told. Printed, it shows no secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// A program that takes JSON.
    Webhook(TargetUrl),
    /// Slack, or what takes the same.
    Slack(TargetUrl),
    /// A topic of SNS, by its ARN.
    Sns(String),
    /// A file for the body of an issue.
    GithubIssue(PathBuf),
}

/// Why something is no target. Never says what it is: that may be a secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TargetError {
    /// It does not begin as one.
    #[error("it begins with none of webhook:, slack:, sns: and github-issue:")]
    Kind,
    /// It is no address of the web.
    #[error("what follows is no URL that begins with https://")]
    Url,
    /// It would be sent in clear over a network.
    #[error("its URL begins with http://, over which everybody on the way reads it")]
    Clear,
    /// A name and a password stand in it.
    #[error("its URL has a user in it")]
    User,
    /// It is no topic.
    #[error("what follows is no ARN of a topic, such as arn:aws:sns:us-east-1:111122223333:drift")]
    Topic,
    /// There is no file.
    #[error("no file follows")]
    File,
}

impl Target {
    /// The target that `text` names; `url` may stand in for what is behind a scheme that takes a URL.
    ///
    /// # Errors
    /// [`TargetError`].
    pub fn parse(text: &str) -> Result<Self, TargetError> {
        let (kind, rest) = text.split_once(':').ok_or(TargetError::Kind)?;
        match kind {
            "webhook" => Ok(Self::Webhook(TargetUrl::parse(rest)?)),
            "slack" => Ok(Self::Slack(TargetUrl::parse(rest)?)),
            "sns" => {
                let parts: Vec<&str> = rest.split(':').collect();
                let is_topic = parts.len() == 6 && parts[0] == "arn" && parts[2] == "sns";
                let is_whole = is_topic && parts.iter().all(|part| !part.is_empty());
                if is_whole { Ok(Self::Sns(rest.to_owned())) } else { Err(TargetError::Topic) }
            }
            "github-issue" if rest.is_empty() => Err(TargetError::File),
            "github-issue" => Ok(Self::GithubIssue(rest.into())),
            _ => Err(TargetError::Kind),
        }
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Webhook(url) => write!(f, "webhook:{url}"),
            Self::Slack(url) => write!(f, "slack:{url}"),
            Self::Sns(topic) => write!(f, "sns:{topic}"),
            Self::GithubIssue(path) => write!(f, "github-issue:{}", path.display()),
        }
    }
}

/// A URL whose path and query may be secret: whoever knows that of Slack writes into its channel.
#[derive(Clone)]
pub struct TargetUrl {
    whole: SecretString,
    /// Scheme and host.
    origin: String,
}

impl TargetUrl {
    fn parse(text: &str) -> Result<Self, TargetError> {
        let (scheme, rest) = text.split_once("://").ok_or(TargetError::Url)?;
        let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
        let is_url = text.chars().all(|c| c.is_ascii_graphic())
            && !rest.contains(['"', '<', '>', '\\', '^', '`', '{', '|', '}']);
        if !["http", "https"].contains(&scheme) || host.is_empty() || !is_url {
            return Err(TargetError::Url);
        }
        if host.contains('@') {
            return Err(TargetError::User);
        }
        let name = if host.starts_with('[') { host.split(']').next() } else { host.split(':').next() };
        // What stays on this machine nobody reads on the way.
        let is_here = name.is_some_and(|name| ["localhost", "127.0.0.1", "[::1"].contains(&name));
        if scheme == "http" && !is_here {
            return Err(TargetError::Clear);
        }
        let whole = text.split('#').next().unwrap_or_default();
        Ok(Self { whole: whole.into(), origin: format!("{scheme}://{host}") })
    }

    /// The whole of it, to send something there.
    pub fn expose(&self) -> &str {
        self.whole.expose_secret()
    }

    /// A text without what is secret of it.
    pub fn scrub(&self, text: &str) -> String {
        let rest = self.expose().strip_prefix(&self.origin).unwrap_or_default();
        let text = text.replace(self.expose(), &self.to_string());
        if rest.len() > 1 { text.replace(rest, "/\u{2026}") } else { text }
    }
}

impl fmt::Display for TargetUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/\u{2026}", self.origin)
    }
}

impl fmt::Debug for TargetUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl PartialEq for TargetUrl {
    fn eq(&self, other: &Self) -> bool {
        self.expose() == other.expose()
    }
}

impl Eq for TargetUrl {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_are_read_and_shown_without_their_secrets() {
        for (text, shown) in [
            ("webhook:https://hooks.example.com/hush?token=hush", "webhook:https://hooks.example.com/\u{2026}"),
            ("slack:https://hooks.slack.com/services/T0/B0/hush", "slack:https://hooks.slack.com/\u{2026}"),
            ("webhook:http://127.0.0.1:8080/hush", "webhook:http://127.0.0.1:8080/\u{2026}"),
            ("webhook:http://[::1]:8080/hush", "webhook:http://[::1]:8080/\u{2026}"),
            ("sns:arn:aws:sns:us-east-1:111122223333:drift", "sns:arn:aws:sns:us-east-1:111122223333:drift"),
            ("github-issue:issue.md", "github-issue:issue.md"),
        ] {
            let target = Target::parse(text).unwrap();
            assert_eq!(target.to_string(), shown);
            assert!(!format!("{target:?}").contains("hush"), "{target:?}");
        }
    }

    #[test]
    fn what_is_no_target_is_refused_without_being_said() {
        for (text, error) in [
            ("https://hush.example.com/", TargetError::Kind),
            ("hush", TargetError::Kind),
            ("webhook:hush", TargetError::Url),
            ("webhook:ftp://hush/", TargetError::Url),
            ("webhook:https:///hush", TargetError::Url),
            ("webhook:https://a b/hush", TargetError::Url),
            ("slack:https://me:hush@example.com/", TargetError::User),
            ("slack:http://hush.example.com/", TargetError::Clear),
            ("slack:http://127.0.0.1.hush.example.com/", TargetError::Clear),
            ("sns:arn:aws:sqs:us-east-1:111122223333:hush", TargetError::Topic),
            ("sns:arn:aws:sns:us-east-1::hush", TargetError::Topic),
            ("github-issue:", TargetError::File),
        ] {
            let told = Target::parse(text).unwrap_err();
            assert_eq!(told, error, "{text}");
            assert!(!told.to_string().contains("hush"));
        }
    }

    #[test]
    fn errors_are_told_without_what_is_secret() {
        let Target::Slack(url) = Target::parse("slack:https://h.example.com/a/hush?b=hush").unwrap() else { panic!() };
        let told = url.scrub("could not reach https://h.example.com/a/hush?b=hush: no route to /a/hush?b=hush");
        assert_eq!(told, "could not reach https://h.example.com/\u{2026}: no route to /\u{2026}");
    }
}
