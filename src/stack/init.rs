//! Declarations written by the program: a first one from answers, and the example with every key.
//!
//! Promises: what is written parses; what is not answered is there as a comment at its default, so that a reader sees
//! what there is to choose.
//!
//! Leaves to others asking the questions and writing the file.

use std::collections::BTreeMap;

use super::check::check_value;
use super::document::{Detail, Line, document, placeholder};
use super::keys::{Absent, Key, Kind, Literal, all, find, joined, scalar};
use super::values::Value;
use crate::model::values::{Region, StackName, ValueError, shown};
use crate::text::Place;
use crate::text::{Member, Shape, SourceNode};

/// Something to ask a person who starts a declaration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Question {
    /// The key the answer is for.
    pub key: &'static str,
    /// The question, ending in a question mark.
    pub prompt: &'static str,
    /// Whether an empty answer is refused; otherwise it leaves the default.
    pub required: bool,
}

impl Question {
    /// What holds if nothing is answered: a value, or none.
    pub fn default(&self) -> Option<String> {
        match self.entry().absent {
            Absent::Is(literal) => Some(literal.yaml()),
            Absent::Required | Absent::Means(_) | Absent::Defaults => None,
        }
    }

    /// Checks an answer.
    ///
    /// # Errors
    /// What is wrong with it and what to answer instead.
    pub fn check(&self, answer: &str) -> Result<(), ValueError> {
        if answer.is_empty() && !self.required {
            return Ok(());
        }
        answered(self.entry(), answer).map(drop)
    }

    fn entry(&self) -> &'static Key {
        find(self.key).expect("questions are made from the table")
    }
}

/// What to ask, in order. Everything else has a default that suits most.
pub fn questions() -> Vec<Question> {
    all()
        .filter_map(|key| {
            let required = matches!(key.absent, Absent::Required);
            key.question.map(|prompt| Question { key: key.path, prompt, required })
        })
        .collect()
}

/// What a person chose, key by key.
#[derive(Clone, Debug, PartialEq)]
pub struct Answers {
    given: BTreeMap<&'static str, Value>,
}

impl Answers {
    /// Starts with the two things that have no default.
    pub fn new(stack: &StackName, region: &Region) -> Self {
        let text = |text: &str| Value::Text(text.to_owned());
        Self { given: BTreeMap::from([("stack", text(stack.as_str())), ("region", text(region.as_str()))]) }
    }

    /// Sets a key from text as a person types it: lists with commas between, tags as `key=value`. Text that is
    /// empty takes the answer back.
    ///
    /// # Errors
    /// If there is no such key, or the text is no value of it.
    pub fn set(&mut self, key: &str, answer: &str) -> Result<(), ValueError> {
        let found = settable(key)?;
        if answer.is_empty() && !matches!(found.absent, Absent::Required) {
            self.given.remove(found.path);
            return Ok(());
        }
        self.given.insert(found.path, answered(found, answer)?);
        Ok(())
    }
}

/// The key that is to be set.
pub(super) fn settable(key: &str) -> Result<&'static Key, ValueError> {
    find(key).filter(|key| !matches!(key.kind, Kind::Section)).ok_or_else(|| {
        ValueError::new(format!("there is no key `{}` to set", shown(key)), "`ppm-infra explain` lists the keys")
    })
}

/// A declaration with the answers as its lines, and every other key as a comment at its default. Rules between
/// answers are not checked: parse the text before it is used.
pub fn render(answers: &Answers) -> String {
    let title = "What this stack is. Lines that are comments show what holds without them; take the # away to change it.\n\
                 Sections need their own line too. `ppm-infra explain KEY` says more about each.";
    document(title, Detail::Short, |key| match answers.given.get(key.path) {
        Some(value) => Line::Active(yaml(value)),
        None => Line::Comment(placeholder(key)),
    })
}

/// The declaration with every key at its default, as committed in `plans/full.yaml`. Keys without a default value
/// are comments with an example.
pub fn full() -> String {
    let title = "Every key of a declaration at its default, which is the reference architecture. Only stack and region must be\n\
                 written; whatever is left out is as it stands here. Keys that are comments have no default value.";
    document(title, Detail::Whole, |key| match key.absent {
        Absent::Required if key.depth() == 0 => Line::Active(key.example.yaml()),
        Absent::Is(literal) if !is_optional(key.section()) => Line::Active(literal.yaml()),
        // What a section without a default holds is as optional as the section.
        Absent::Is(_) | Absent::Required | Absent::Means(_) | Absent::Defaults => Line::Comment(placeholder(key)),
    })
}

/// Whether a section is there only when it is written.
fn is_optional(section: &str) -> bool {
    find(section).is_some_and(|section| matches!(section.absent, Absent::Means(_)))
}

fn yaml(value: &Value) -> String {
    match value {
        Value::Text(text) => scalar(text),
        Value::Whole(number) => number.to_string(),
        Value::Flag(flag) => flag.to_string(),
        Value::Set(items) => format!("[{}]", joined(items.iter().map(|(item, _)| scalar(item)))),
        Value::Tags(tags) if tags.is_empty() => Literal::Tags(&[]).yaml(),
        Value::Tags(tags) => {
            format!("{{ {} }}", joined(tags.iter().map(|(key, value)| format!("{}: {}", scalar(key), scalar(value)))))
        }
        // No answer is a setting: they are written into the file.
        Value::Settings(_) => "{}".to_owned(),
        Value::Waivers(_) => "[]".to_owned(),
    }
}

/// Reads an answer as the key's kind wants it, through the check that declarations go through.
pub(super) fn answered(key: &'static Key, answer: &str) -> Result<Value, ValueError> {
    let answer = answer.trim();
    let node = |shape: Shape| SourceNode { place: Place::START, shape, spelling: answer.to_owned() };
    let text = |text: &str| node(Shape::Text(text.trim().to_owned()));
    let parts = || answer.split(',').map(str::trim).filter(|part| !part.is_empty());
    let shape = match key.kind {
        Kind::Text(_) | Kind::Word(_) | Kind::Section | Kind::Settings | Kind::Waivers => {
            Shape::Text(answer.to_owned())
        }
        Kind::Whole { .. } => answer.parse::<i128>().map_or_else(|_| Shape::Text(answer.to_owned()), Shape::Whole),
        Kind::Flag => answer.parse::<bool>().map_or_else(|_| Shape::Text(answer.to_owned()), Shape::Flag),
        Kind::Set { .. } => Shape::List(parts().map(text).collect()),
        Kind::Tags => Shape::Map(
            parts()
                .map(|part| {
                    let (key, value) = part.split_once('=').unwrap_or((part, ""));
                    Member { key: key.trim().to_owned(), at: Place::START, is_quoted: false, value: text(value) }
                })
                .collect(),
        ),
    };
    let value = check_value(key, &node(shape)).map_err(|problems| match problems.first() {
        Some(problem) => ValueError::new(problem.message.as_str(), problem.hint.as_str()),
        None => ValueError::new(format!("`{}` takes no value", key.path), "set the keys inside it"),
    })?;
    if key.path == "region" {
        super::region::check(&answer.parse()?)?;
    }
    Ok(value)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stack::{NatPlacement, Network, Protected, Stack};

    fn answers() -> Answers {
        Answers::new(&"ppm-prod".parse().unwrap(), &"us-east-1".parse().unwrap())
    }

    fn parsed(text: &str) -> Stack {
        Stack::parse("rendered.yaml", text).unwrap_or_else(|error| panic!("{error}\n{text}"))
    }

    /// What is declared, whether by writing it or by default.
    fn declared(text: &str) -> serde_json::Value {
        serde_json::to_value(parsed(text)).unwrap()
    }

    #[test]
    fn the_committed_example_is_fresh_and_says_nothing_new() {
        let committed = include_str!("../../plans/full.yaml");
        assert!(committed == full(), "write plans/full.yaml again:\n{}", full());
        assert_eq!(declared(committed), declared("stack: ppm-prod\nregion: us-east-1\n"));
    }

    #[test]
    fn nothing_answered_leaves_the_defaults() {
        assert_eq!(declared(&render(&answers())), declared("stack: ppm-prod\nregion: us-east-1\n"));
    }

    #[test]
    fn what_is_answered_is_what_is_declared() {
        let mut answers = answers();
        for (key, answer) in [
            ("account", "012345678901"),
            ("load_balancer.domain", "packages.example.com"),
            ("load_balancer.certificate", "arn:aws:acm:us-east-1:012345678901:certificate/a"),
            ("kubernetes.nodes.count", "4"),
            ("kubernetes.version", "1.35"),
            ("storage.bucket", "true"),
            ("load_balancer.allow_from", "203.0.113.0/24, 198.51.100.0/24"),
            ("network.nat", "single"),
            ("database.multi_az", "false"),
            ("protect", "database"),
            ("tags", "team=data: science, cost-center=1234"),
        ] {
            answers.set(key, answer).unwrap_or_else(|error| panic!("{key}: {error}"));
        }
        let stack = parsed(&render(&answers));
        assert_eq!(stack.account.as_ref().unwrap().as_str(), "012345678901");
        assert_eq!(stack.kubernetes().nodes.count, 4);
        assert_eq!(stack.kubernetes().version.declared().to_string(), "1.35");
        assert_eq!(stack.storage.bucket.unwrap().as_str(), "true");
        assert_eq!(stack.load_balancer.allow_from.len(), 2);
        assert!(matches!(stack.network, Network::Made(network) if network.nat == NatPlacement::Single));
        assert!(!stack.database.multi_az);
        assert_eq!(stack.protect.into_iter().collect::<Vec<_>>(), [Protected::Database]);
        assert_eq!(stack.tags["team"], "data: science");
    }

    #[test]
    fn an_existing_network_can_be_answered() {
        let mut answers = answers();
        answers.set("network.existing.vpc", "vpc-0a1b2c3d").unwrap();
        answers.set("network.existing.private_subnets", "subnet-00000001,subnet-00000002").unwrap();
        answers.set("load_balancer.scheme", "internal").unwrap();
        assert!(matches!(parsed(&render(&answers)).network, Network::Existing(_)));
    }

    #[test]
    fn a_wrong_answer_says_what_to_answer() {
        let mut answers = answers();
        for (key, answer, problem) in [
            ("network.cidr", "10.0.0.1/16", "host bits"),
            ("kubernetes.nodes.count", "three", "whole number"),
            ("kubernetes.nodes.count", "0", "out of range"),
            ("database.multi_az", "yes", "true or false"),
            ("network.nat", "both", "not one of"),
            ("network", "x", "no key `network`"),
            ("stack", "", "cannot name a stack"),
            ("region", "us-esat-1", "no region us-esat-1"),
            ("region", "us-iso-east-1", "apart from the internet"),
            ("nonsense", "x", "no key `nonsense`"),
            ("package_manager.settings", "Git.PollInterval=1m", "expected sections"),
        ] {
            let error = answers.set(key, answer).unwrap_err();
            assert!(error.problem().contains(problem), "{key}: {error}");
        }
        assert!(answers.set("account", "").is_ok());
    }

    #[test]
    fn questions_check_and_have_defaults() {
        let questions = questions();
        let keys: Vec<&str> = questions.iter().map(|question| question.key).collect();
        assert_eq!(&keys[..3], ["stack", "region", "account"]);
        for question in &questions {
            assert!(question.prompt.ends_with('?'), "{}", question.key);
            assert_eq!(question.check("").is_err(), question.required, "{}", question.key);
        }
        let nodes = questions.iter().find(|question| question.key == "kubernetes.nodes.count").unwrap();
        assert_eq!(nodes.default().as_deref(), Some("3"));
        assert!(nodes.check("many").is_err());
    }
}
