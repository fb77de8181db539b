//! What a rule of the review works with: the file by path, what is known of the stack, and the findings so far.

use super::StackFacts;
use crate::model::finding::{Finding, Severity};
use crate::text::{Member, Place, Problem, Shape, SourceNode};

/// The file, what is known, and what was found so far.
pub(super) struct Reviewer<'a> {
    pub(super) root: &'a SourceNode,
    pub(super) facts: &'a StackFacts,
    /// Id of the rule that is running.
    rule: &'static str,
    pub(super) findings: Vec<Finding>,
}

impl<'a> Reviewer<'a> {
    pub(super) fn new(root: &'a SourceNode, facts: &'a StackFacts) -> Self {
        Self { root, facts, rule: "", findings: Vec::new() }
    }

    /// Runs the rule with this id; what it finds carries the id.
    pub(super) fn run(&mut self, rule: &'static str, run: impl FnOnce(&mut Self)) {
        self.rule = rule;
        run(self);
    }

    /// Notes something that cannot work.
    pub(super) fn error(
        &mut self,
        place: Place,
        path: &str,
        what: impl AsRef<str>,
        why: &str,
        remedy: impl AsRef<str>,
    ) {
        self.note(Severity::Error, Problem::new(place, path, what, remedy), why);
    }

    /// Notes something that works for now.
    pub(super) fn warning(
        &mut self,
        place: Place,
        path: &str,
        what: impl AsRef<str>,
        why: &str,
        remedy: impl AsRef<str>,
    ) {
        self.note(Severity::Warning, Problem::new(place, path, what, remedy), why);
    }

    fn note(&mut self, severity: Severity, problem: Problem, why: &str) {
        self.findings.push(problem.finding(self.rule, severity, why));
    }

    /// What is written at a path of plain keys, joined by `.`.
    pub(super) fn at(&self, path: &str) -> Option<&'a Member> {
        let keys: Vec<&str> = path.split('.').collect();
        find(self.root, &keys)
    }

    /// Where to point for a path: at its value or key, or at the nearest section that is written.
    pub(super) fn place(&self, path: &str) -> Place {
        match (self.at(path), path.rsplit_once('.')) {
            (Some(member), _) => spot(member),
            (None, Some((section, _))) => self.section_place(section),
            (None, None) => Place::START,
        }
    }

    fn section_place(&self, path: &str) -> Place {
        match (self.at(path), path.rsplit_once('.')) {
            (Some(member), _) => member.at,
            (None, Some((section, _))) => self.section_place(section),
            (None, None) => Place::START,
        }
    }

    /// Text at a path; `None` for what is empty, of another shape or not there.
    pub(super) fn text(&self, path: &str) -> Option<String> {
        self.at(path).and_then(|member| text(&member.value)).filter(|text| !text.is_empty())
    }

    /// Text at a path, or what the chart has there.
    pub(super) fn text_or(&self, path: &str, default: &str) -> String {
        self.text(path).unwrap_or_else(|| default.to_owned())
    }

    /// A flag at a path, or what the chart has there; null takes that away, and counts as no.
    pub(super) fn flag(&self, path: &str, default: bool) -> bool {
        match self.at(path) {
            Some(member) if member.value.shape == Shape::Null => false,
            Some(member) => flag(&member.value).unwrap_or(default),
            None => default,
        }
    }

    /// A number at a path.
    pub(super) fn whole(&self, path: &str) -> Option<i128> {
        self.at(path).and_then(|member| whole(&member.value))
    }

    /// Items at a path.
    pub(super) fn items(&self, path: &str) -> &'a [SourceNode] {
        self.at(path).map_or(&[], |member| items(&member.value))
    }

    /// Keys at a path.
    pub(super) fn members(&self, path: &str) -> &'a [Member] {
        self.at(path).map_or(&[], |member| members(&member.value))
    }
}

/// What is written below a node at a path of keys.
pub(super) fn find<'a>(node: &'a SourceNode, keys: &[&str]) -> Option<&'a Member> {
    let (first, rest) = keys.split_first()?;
    let member = members(node).iter().find(|member| member.key == *first)?;
    if rest.is_empty() { Some(member) } else { find(&member.value, rest) }
}

/// Where a member is best pointed at: its value if that is on one line, or its key.
pub(super) fn spot(member: &Member) -> Place {
    match member.value.shape {
        Shape::Null | Shape::List(_) | Shape::Map(_) => member.at,
        Shape::Flag(_) | Shape::Whole(_) | Shape::Fraction(_) | Shape::Text(_) => member.value.place,
    }
}

/// Keys of a node.
pub(super) fn members(node: &SourceNode) -> &[Member] {
    match &node.shape {
        Shape::Map(members) => members,
        Shape::Null | Shape::Flag(_) | Shape::Whole(_) | Shape::Fraction(_) | Shape::Text(_) | Shape::List(_) => &[],
    }
}

/// Items of a node.
pub(super) fn items(node: &SourceNode) -> &[SourceNode] {
    match &node.shape {
        Shape::List(items) => items,
        Shape::Null | Shape::Flag(_) | Shape::Whole(_) | Shape::Fraction(_) | Shape::Text(_) | Shape::Map(_) => &[],
    }
}

/// A flag.
pub(super) fn flag(node: &SourceNode) -> Option<bool> {
    match &node.shape {
        Shape::Flag(flag) => Some(*flag),
        Shape::Null | Shape::Whole(_) | Shape::Fraction(_) | Shape::Text(_) | Shape::List(_) | Shape::Map(_) => None,
    }
}

/// Text.
pub(super) fn text(node: &SourceNode) -> Option<String> {
    match &node.shape {
        Shape::Text(text) => Some(text.clone()),
        Shape::Null | Shape::Flag(_) | Shape::Whole(_) | Shape::Fraction(_) | Shape::List(_) | Shape::Map(_) => None,
    }
}

/// A number.
pub(super) fn whole(node: &SourceNode) -> Option<i128> {
    match node.shape {
        Shape::Whole(number) => Some(number),
        Shape::Null | Shape::Flag(_) | Shape::Fraction(_) | Shape::Text(_) | Shape::List(_) | Shape::Map(_) => None,
    }
}

/// Text or number, as it would be printed.
pub(super) fn printed(node: &SourceNode) -> Option<String> {
    text(node).or_else(|| whole(node).map(|number| number.to_string())).or_else(|| match node.shape {
        Shape::Fraction(number) => Some(number.to_string()),
        Shape::Null | Shape::Flag(_) | Shape::Whole(_) | Shape::Text(_) | Shape::List(_) | Shape::Map(_) => None,
    })
}
