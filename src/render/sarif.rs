//! The findings of a page as SARIF 2.1.0, for code hosts and editors.
//!
//! Promises: what the official schema asks for, and what GitHub asks beyond it ("SARIF support for code scanning": a
//! description and help for every rule, a file for every result). The same finding has the same fingerprint in every run,
//! whatever its values are. What comes from elsewhere is text: it ends no line and makes no link.

use std::collections::BTreeMap;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Map, Value, json};

use crate::model::document::{canonical, digest};
use crate::model::finding::{Finding, Grade, Severity, Subject};
use crate::report::{Label, Page, Text};

/// The official schema, by the name its publisher gives it.
const SARIF_SCHEMA: &str = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";

/// What is spelled out in a path: everything but what RFC 3986 leaves unreserved, and the slashes.
const IN_PATH: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~').remove(b'/');

/// How many hexadecimal digits of a digest make a fingerprint, as many as GitHub's own.
const FINGERPRINT: usize = 16;

/// The SARIF log of these runs.
pub fn sarif_log(runs: &[Value]) -> Value {
    json!({"$schema": SARIF_SCHEMA, "version": "2.1.0", "runs": runs})
}

/// The findings of the page as a run of a SARIF log.
pub fn sarif_run(page: &Page<'_>) -> Value {
    let findings = page.findings();
    let mut first: BTreeMap<&str, &Finding> = BTreeMap::new();
    for one in &findings {
        first.entry(one.id).or_insert(one);
    }
    let numbers: BTreeMap<&str, usize> = first.keys().enumerate().map(|(number, id)| (*id, number)).collect();
    let worst = |id: &str| findings.iter().filter(|one| one.id == id).filter_map(|one| one.grade).max();
    let rules: Value = first.values().map(|one| rule(page, one, worst(one.id))).collect();
    let mut seen = BTreeMap::new();
    let results: Vec<Value> = findings.iter().map(|one| result(page, one, numbers[one.id], &mut seen)).collect();
    let mut run = json!({
        "tool": {"driver": driver(&rules)},
        "automationDetails": {"id": category(page)},
        "columnKind": "unicodeCodePoints",
        "results": results,
    });
    if let Some(place) = page.scope.region_and_account {
        run["properties"] = json!({"stack": page.scope.stack, "region": place.0, "account": place.1});
    }
    run
}

/// Who found it.
fn driver(rules: &Value) -> Value {
    let version = env!("CARGO_PKG_VERSION");
    let mut driver =
        json!({"name": env!("CARGO_PKG_NAME"), "version": version, "semanticVersion": version, "rules": rules});
    // Empty where Cargo.toml names none, and no URI then.
    if let Some(home) = Some(env!("CARGO_PKG_HOMEPAGE")).filter(|home| !home.is_empty()) {
        driver["informationUri"] = home.into();
    }
    driver
}

/// What tells the run of one stack from that of another: the part before the last slash is the category on GitHub, where
/// a newer run takes the place of the older one.
fn category(page: &Page<'_>) -> String {
    let place = page.scope.region_and_account.map(|(region, account)| format!("{account}/{region}/"));
    format!("{}/{}/{}", page.command, page.scope.stack, place.unwrap_or_default())
}

/// What all findings of the id of this one have in common; `worst` is the grade of the worst of them.
fn rule(page: &Page<'_>, one: &Finding, worst: Option<Grade>) -> Value {
    let class = page.class(one.id);
    let (tells, advice) = class.map_or((one.id, one.id), |class| (class.tells, class.advice));
    let level = level(class.map_or(one.severity, |class| class.severity));
    let mut rule = json!({
        "id": one.id,
        "shortDescription": message(tells),
        "fullDescription": message(&sentence(tells)),
        "help": message(advice),
        "defaultConfiguration": {"level": level},
    });
    if let Some(worst) = worst {
        rule["properties"] = json!({"security-severity": security_severity(worst), "tags": ["security"]});
    }
    rule
}

/// What GitHub sorts by ("SARIF support for code scanning", `security-severity`: from 9.0 critical, from 7.0 high, from 4.0
/// medium, below low).
const fn security_severity(grade: Grade) -> &'static str {
    match grade {
        Grade::Critical => "9.5",
        Grade::High => "8.0",
        Grade::Medium => "5.5",
        Grade::Low => "2.0",
    }
}

fn result(page: &Page<'_>, one: &Finding, rule: usize, seen: &mut BTreeMap<String, usize>) -> Value {
    let mut result = json!({
        "ruleId": one.id,
        "ruleIndex": rule,
        "level": level(one.severity),
        "message": message(&words(one)),
        "locations": [location(page, one)],
        "partialFingerprints": fingerprints(one, seen),
    });
    if let Some(grade) = one.grade {
        result["properties"] = json!({"severity": grade.word()});
    }
    // Whether there is a problem could not be decided; only failures have a level (SARIF 2.1.0, 3.27.9 and 3.27.10).
    if one.severity == Severity::Unknown {
        result["kind"] = "open".into();
        result["level"] = "none".into();
    }
    result
}

const fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Unknown => "note",
    }
}

/// What is the matter in one sentence, which is what lists show; then why that matters, and what to do.
fn words(one: &Finding) -> String {
    let mut lines = vec![sentence(&format!("{}: {}", one.subject, one.what))];
    if !one.why.is_empty() {
        lines.push(format!("Why: {}", sentence(&one.why)));
    }
    lines.extend(one.remedies.iter().filter(|remedy| !remedy.is_empty()).map(|remedy| format!("Hint: {remedy}")));
    let lines: Vec<String> = lines.iter().map(|line| Text::of(Label::Plain, line).to_string()).collect();
    lines.join("\n")
}

/// With a full stop, where it has no end yet.
fn sentence(words: &str) -> String {
    let is_whole = words.ends_with(['.', '!', '?']);
    format!("{words}{}", if is_whole { "" } else { "." })
}

/// A text in which no brackets make a link (SARIF 2.1.0, 3.11.6). Braces stay: places to fill in are there only where a
/// message has arguments.
fn message(text: &str) -> Value {
    json!({"text": text.replace("](", "] (")})
}

fn location(page: &Page<'_>, one: &Finding) -> Value {
    let logical = |name: String, kind: &str| json!([{"fullyQualifiedName": name, "kind": kind}]);
    let declared = page.source.map(|source| source.file);
    let (logical, file) = match &one.subject {
        Subject::Resource(address) | Subject::Field(address, _) => {
            (Some(logical(address.to_string(), "resource")), declared)
        }
        Subject::Key(path) => (Some(logical(path.clone(), "property")), declared),
        Subject::Aspect(aspect) => (Some(logical(aspect.word().to_owned(), "resource")), declared),
        Subject::File(name) => (None, Some(name.as_str())),
    };
    let mut location = Map::new();
    location.extend(logical.map(|logical| ("logicalLocations".to_owned(), logical)));
    if let Some(file) = file {
        let mut physical = json!({"artifactLocation": {"uri": uri(file)}});
        if let Some(place) = one.place {
            let end = place.column + place.width;
            physical["region"] = json!({"startLine": place.line, "startColumn": place.column, "endColumn": end});
        }
        location.insert("physicalLocation".to_owned(), physical);
    }
    Value::Object(location)
}

/// The URI of a file: relative where its path is, for whoever knows the root of the repository.
fn uri(file: &str) -> String {
    let scheme = if file.starts_with('/') { "file://" } else { "" };
    let path = file.trim_start_matches("./");
    format!("{scheme}{}", utf8_percent_encode(path, IN_PATH))
}

/// What the finding is about and which it is, and none of its values. The first is what GitHub tells results apart by, with
/// the number of the finding among its equals; it would otherwise take the line, where several fields of a resource often
/// have the same.
fn fingerprints(one: &Finding, seen: &mut BTreeMap<String, usize>) -> Value {
    let (subject, path) = match &one.subject {
        Subject::Resource(address) => (address.to_string(), ""),
        Subject::Field(address, path) => (address.to_string(), path.as_str()),
        Subject::Key(path) => (path.clone(), ""),
        Subject::File(name) => (name.clone(), ""),
        Subject::Aspect(aspect) => (aspect.word().to_owned(), ""),
    };
    let digest = digest(canonical(&json!([one.id, subject, path])).as_bytes());
    let short = digest.get(..FINGERPRINT).unwrap_or(&digest);
    let number = *seen.entry(digest.clone()).and_modify(|number| *number += 1).or_insert(1);
    json!({"primaryLocationLineHash": format!("{short}:{number}"), "finding/v1": digest})
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_uris() {
        for (path, expected) in [
            ("plans/prod.yaml", "plans/prod.yaml"),
            ("./plans/a b#1?.yaml", "plans/a%20b%231%3F.yaml"),
            ("a:b/é%.yaml", "a%3Ab/%C3%A9%25.yaml"),
            ("/srv/plans/a.yaml", "file:///srv/plans/a.yaml"),
            ("../a.yaml", "../a.yaml"),
        ] {
            assert_eq!(uri(path), expected);
        }
    }

    #[test]
    fn brackets_make_no_link_and_a_sentence_ends_once() {
        assert_eq!(message("[a](https://b) [1, 2] {0}"), json!({"text": "[a] (https://b) [1, 2] {0}"}));
        assert_eq!(["a", "a.", "a?"].map(sentence), ["a.", "a.", "a?"]);
    }
}
