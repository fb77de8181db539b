//! Mistakes that are found where they stand, and files in which nothing is.

mod good;
mod mistakes;

use super::{Finding, Review, Severity, StackFacts, review};
use crate::helm::tests::{behind_an_ingress, ingress, reference, target_group_binding};
use crate::helm::{Inputs, values};

/// The values of these inputs as a file.
fn file(inputs: &Inputs) -> String {
    values(inputs).expect("good inputs").to_yaml()
}

/// The check of a file for the stack of these inputs.
fn checked(text: &str, inputs: &Inputs) -> Review {
    review("values.yaml", text, &StackFacts::from(inputs))
}

/// Edits of the file of the reference that `make test-helm` renders as well: `valid` are taken by Helm and Kubernetes,
/// `refused` are not.
fn edits(of: &str) -> Vec<Vec<String>> {
    let all: std::collections::BTreeMap<String, Vec<Vec<String>>> =
        serde_json::from_str(include_str!("../../../tests/helm/edits.json")).expect("lists of texts");
    all[of].clone()
}

#[test]
fn a_finding_says_where_what_why_and_what_to_write() {
    let text = file(&reference()).replace("replicas: 3", "replica: 3");
    let line = text.lines().position(|line| line == "replica: 3").expect("the edit") + 1;
    let review = checked(&text, &reference());
    assert_eq!(review.count(Severity::Error), 1);
    let gutter = " ".repeat(line.to_string().len());
    assert_eq!(
        review.to_string(),
        format!(
            "error: replica: the chart has no key `replica`\n\
             {gutter}--> values.yaml:{line}:1\n\
             {gutter} |\n\
             {line} | replica: 3\n\
             {gutter} | ^^^^^^^\n\
             {gutter} = why: The chart has no schema: Helm takes the key without a word, and nothing comes of it.\n\
             {gutter} = hint: did you mean `replicas`?\n\n\
             1 error and 0 warnings in values.yaml"
        )
    );
    let told = review.to_json();
    assert_eq!(told["findings"][0]["line"], line);
    assert_eq!(told["findings"][0]["severity"], "error");
    assert_eq!(told["findings"][0]["remedy"], "did you mean `replicas`?");
}

#[test]
fn all_is_said_at_once_in_the_order_of_the_file() {
    let text = file(&reference())
        .replace("enableSandboxing: true", "enableSandboxing: \"maybe\"")
        .replace("Provider: \"postgres\"", "Provider: \"sqlite\"")
        .replace("nodePort: 30443", "nodePort: 80");
    let review = checked(&text, &reference());
    let paths: Vec<String> = review.findings.iter().map(|finding| finding.subject.to_string()).collect();
    assert_eq!(paths, ["enableSandboxing", "config.Database.Provider", "service.nodePort"]);
}

#[test]
fn what_is_no_values_file_is_said() {
    for (text, what) in [("- a\n", "this is a list"), ("a: [\n", "not YAML"), ("replicas: 1\nreplicas: 2\n", "twice")] {
        let review = review("values.yaml", text, &StackFacts::default());
        assert!(review.findings.iter().any(|finding| finding.what.contains(what)), "{review}");
    }
}

proptest::proptest! {
    #[test]
    fn any_text_is_answered(text in "(\\PC{0,12}[:\\-#'\"\\[{ \n]{0,4}){0,12}") {
        let review = review("values.yaml", &text, &StackFacts::from(&reference()));
        proptest::prop_assert!(!review.to_string().is_empty());
    }

    #[test]
    fn any_value_of_any_key_is_answered(line in 0_usize..250, value in "\\PC{0,12}|[0-9.]{1,4}|\\[\\]|\\{\\}|null|~|no") {
        let text = file(&reference());
        let count = text.lines().count();
        let changed: Vec<String> = text
            .lines()
            .enumerate()
            .map(|(number, line_text)| match line_text.split_once(": ") {
                Some((key, _)) if number == line % count => format!("{key}: {value}"),
                _ => line_text.to_owned(),
            })
            .collect();
        let review = checked(&changed.join("\n"), &reference());
        for finding in review.findings {
            let is_placed = finding.place.is_some_and(|place| place.line >= 1);
            proptest::prop_assert!(is_placed && !finding.remedy().is_empty() && !finding.why.is_empty());
        }
    }
}
