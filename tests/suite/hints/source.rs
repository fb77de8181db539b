//! Every command that some text of the program names is followed by a test: read from the source, both of the program and
//! of the tests, so that no new hint goes without.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use proc_macro2::{Delimiter, TokenStream, TokenTree};

/// What cannot be run here, and why.
const NOT_RUN: [(&str, &str); 6] = [
    ("aws login", "version 2 of the AWS CLI alone has it, which no registry has"),
    ("aws sso login", "it opens a browser"),
    (
        "kubectl -n {namespace} create job --from=cronjob/{name} {name}-first",
        "what stands in for a cluster does not read what kubectl sends here, protobuf",
    ),
    (
        "kubectl -n {namespace} create secret generic {name} --from-literal={HEARTBEAT}=URL",
        "what stands in for a cluster does not read what kubectl sends here, protobuf",
    ),
    ("kubectl -n {namespace} logs --follow job/{name}-first", "what stands in for a cluster runs no pods"),
    (
        "aws cloudformation deploy --region {} --stack-name {name} --template-file {}{bucket} --capabilities \
         CAPABILITY_NAMED_IAM --parameter-overrides Vpc=VPC Subnets=SUBNET,SUBNET",
        "the emulator has no CloudFormation; cfn-lint judges the template",
    ),
];

/// Texts that are no command by themselves.
const PARTS: [&str; 16] = [
    // Words of a sentence.
    "kubectl and helm are refused with these credentials; the stack itself is built all the same",
    "ppm-infra never changes what is not its own; nothing was changed",
    "ppm-infra met a bug of its own and stopped there. Please report it with this file; read the message first,\n\
     it stands here as it was written.\n\n",
    // What AWS's command line settles; the commands are texts of their own.
    "`{command}` {effect}",
    // Who holds the lock.
    "ppm-infra {command}",
    // Found where commands are typed again.
    "`ppm-infra ",
    // What `{again}` and `{command}` stand for.
    "ppm-infra {verb} {file}{}",
    "ppm-infra {verb} {file}{options}{values}",
    "ppm-infra apply {file}",
    "ppm-infra show {file}",
    "ppm-infra adopt {address} {} {file}",
    "ppm-infra drift fix {} -f {file}",
    "ppm-infra state push {}",
    "ppm-infra state restore {serial}",
    // Lines of a workflow, which are run with the workflow.
    "aws ecr get-login-password | docker login --username AWS --password-stdin \"$REGISTRY\"",
    "docker run --rm --read-only --cap-drop ALL --security-opt no-new-privileges \\",
];

/// Commands of other programs that may stand in a hint.
const OTHERS: [&str; 12] =
    ["aws", "curl", "kubectl", "helm", "mv", "cp", "rm", "git", "psql", "timedatectl", "skopeo", "docker"];

/// Our own, where the name of the program was left away.
const OURS: [&str; 26] = [
    "plan",
    "show",
    "apply",
    "destroy",
    "drift",
    "status",
    "recover",
    "adopt",
    "values",
    "secrets",
    "kubeconfig",
    "eks-token",
    "offline-checklist",
    "graph",
    "cost",
    "state",
    "lock",
    "unlock",
    "output",
    "validate",
    "schema",
    "explain",
    "init",
    "iam-policy",
    "export",
    "man",
];

/// What a format has in the place of a whole command.
const STANDING_FOR_ONE: [&str; 2] = ["{again}", "{command}"];

/// A text of the program, and a command in it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Named {
    text: String,
    command: String,
}

/// What a test follows: a part of a text, and how the command begins.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Followed {
    text: String,
    command: String,
}

impl Followed {
    /// Whether it is this one that is followed.
    fn is(&self, named: &Named) -> bool {
        // A line that is a command by itself is named as that, by its words.
        let is_line = named.text == named.command;
        if is_line != (self.text == self.command) || !is_line && !named.text.contains(&self.text) {
            return false;
        }
        if stands_for_one(&named.command) {
            return true;
        }
        begins(&named.command.split(' ').collect::<Vec<_>>(), &self.command.split(' ').collect::<Vec<_>>())
    }

    /// The texts that are followed: where several would do, those that leave least open.
    fn fitting<'a>(&self, named: impl Iterator<Item = &'a Named>) -> Vec<&'a Named> {
        let all: Vec<&Named> = named.filter(|named| self.is(named)).collect();
        let open = |one: &Named| one.command.matches('{').count();
        let least = all.iter().map(|one| open(one)).min();
        all.into_iter().filter(|one| Some(open(one)) == least).collect()
    }
}

/// Whether a command with open places begins with these words. A place stands for a word, and several in one for some.
fn begins(there: &[&str], wanted: &[&str]) -> bool {
    let ([place, there_left @ ..], [word, wanted_left @ ..]) = (there, wanted) else { return wanted.is_empty() };
    let fits = place == word || place.split_once('{').is_some_and(|(begin, _)| word.starts_with(begin));
    let is_some = place.matches('{').count() > 1 && begins(there, wanted_left);
    fits && (is_some || begins(there_left, wanted_left))
}

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let is_test = path.file_stem().is_some_and(|name| name == "tests");
        if is_test {
            continue;
        }
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            found.push(path);
        }
    }
}

fn tokens(path: &Path) -> TokenStream {
    let text = std::fs::read_to_string(path).unwrap();
    text.parse().unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The text of a literal, if it is one.
fn text(token: &TokenTree) -> Option<String> {
    let TokenTree::Literal(literal) = token else { return None };
    match syn::parse_str(&literal.to_string()) {
        Ok(syn::Lit::Str(text)) => Some(text.value()),
        _ => None,
    }
}

/// Every text of the program proper: without doc comments and what is compiled for tests alone.
fn texts(stream: TokenStream, found: &mut BTreeSet<String>) {
    let mut tokens = stream.into_iter().peekable();
    while let Some(token) = tokens.next() {
        match token {
            TokenTree::Punct(sign) if sign.as_char() == '#' => {
                tokens.next_if(|next| matches!(next, TokenTree::Punct(inner) if inner.as_char() == '!'));
                let Some(TokenTree::Group(group)) = tokens.next_if(|next| matches!(next, TokenTree::Group(_))) else {
                    continue;
                };
                let written = group.stream().to_string();
                if written.starts_with("doc") || written.starts_with("expect") {
                    continue;
                }
                if written.replace(' ', "") == "cfg(test)" {
                    // The item it stands before.
                    for next in tokens.by_ref() {
                        match next {
                            TokenTree::Group(body) if body.delimiter() == Delimiter::Brace => break,
                            TokenTree::Punct(end) if end.as_char() == ';' => break,
                            _ => {}
                        }
                    }
                    continue;
                }
                texts(group.stream(), found);
            }
            TokenTree::Group(group) => texts(group.stream(), found),
            other => found.extend(text(&other)),
        }
    }
}

/// The commands that a text names.
fn commands(text: &str) -> Vec<String> {
    let is_line = |line: &str| {
        let first = line.split(' ').next().unwrap_or_default();
        line.contains(' ') && (first == "ppm-infra" || OTHERS.contains(&first))
    };
    let is_ours = |line: &str| line.split_once(' ').is_some_and(|(first, _)| OURS.contains(&first));
    let is_command = |command: &&str| is_line(command) || is_ours(command) || stands_for_one(command);
    let quoted: Vec<&str> = text.split('`').skip(1).step_by(2).filter(is_command).collect();
    let whole = (quoted.is_empty() && is_line(text)).then_some(text);
    quoted.into_iter().chain(whole).map(str::to_owned).collect()
}

/// Every command that the program names.
fn named() -> BTreeMap<Named, PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut all = Vec::new();
    sources(&root.join("src"), &mut all);
    let mut found = BTreeMap::new();
    for path in all {
        let mut here = BTreeSet::new();
        texts(tokens(&path), &mut here);
        for text in here {
            for command in commands(&text) {
                if PARTS.contains(&text.as_str()) {
                    continue;
                }
                found
                    .entry(Named { text: text.clone(), command })
                    .or_insert(path.strip_prefix(root).unwrap().to_owned());
            }
        }
    }
    found
}

fn stands_for_one(command: &str) -> bool {
    let first = command.split(' ').next().unwrap_or_default();
    STANDING_FOR_ONE.contains(&first)
}

/// Every call of `hint` and `follow`: its first two texts.
fn followed() -> BTreeMap<Followed, PathBuf> {
    fn calls(stream: TokenStream, found: &mut Vec<Followed>) {
        let (mut is_call, mut is_made) = (false, false);
        for token in stream {
            match &token {
                TokenTree::Ident(name) => {
                    is_call = !is_made && (name == "hint" || name == "follow");
                    is_made = name == "fn";
                    continue;
                }
                TokenTree::Group(group) => {
                    if is_call && group.delimiter() == Delimiter::Parenthesis {
                        let mut texts = group.stream().into_iter().filter_map(|token| text(&token));
                        if let (Some(text), Some(command)) = (texts.next(), texts.next()) {
                            found.push(Followed { text, command });
                        }
                    }
                    calls(group.stream(), found);
                }
                _ => {}
            }
            (is_call, is_made) = (false, false);
        }
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut all = Vec::new();
    sources(&root.join("tests/suite"), &mut all);
    let mut found = BTreeMap::new();
    for path in all {
        let mut here = Vec::new();
        calls(tokens(&path), &mut here);
        let path = path.strip_prefix(root).unwrap();
        found.extend(here.into_iter().map(|one| (one, path.to_owned())));
    }
    found
}

#[test]
fn every_command_that_a_text_names_is_followed_by_a_test() {
    let (named, followed) = (named(), followed());
    let (mut wrong, mut done) = (Vec::new(), BTreeSet::new());
    for (one, path) in &followed {
        let fitting = one.fitting(named.keys());
        done.extend(fitting.iter().copied());
        if fitting.len() != 1 {
            wrong.push(format!("{}: {one:?} follows {} texts: {fitting:#?}", path.display(), fitting.len()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let is_run = |named: &&Named| !NOT_RUN.iter().any(|(command, _)| named.command == *command);
    let all: Vec<&Named> = named.keys().filter(is_run).collect();
    println!("{} commands in texts", all.len());
    let open: Vec<String> = all
        .into_iter()
        .filter(|one| !done.contains(one))
        .map(|one| format!("{}: {}\t{}", named[one].display(), one.command, one.text))
        .collect();
    assert!(open.is_empty(), "no test follows\n{}", open.join("\n"));
}
