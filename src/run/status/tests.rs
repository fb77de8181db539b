//! The judgement, as tables: what is seen, on which day, and what is said of it.

mod around;
pub(crate) mod scene;
mod way_in;

use super::*;
use scene::*;

/// `severity part: what`, and the hints, each after a bar.
fn told(findings: &[Finding]) -> Vec<String> {
    let line = |finding: &Finding| {
        format!("{:?} {}: {} | {}", finding.severity, finding.subject, finding.what, finding.remedies.join(" | "))
    };
    findings.iter().map(line).collect()
}

/// What the case is called, how what is well is spoilt, and how each finding begins and what else stands in it.
type Case<'a> = (&'a str, Edit, &'a [(&'a str, &'a str)]);

/// Demands of each case that exactly this is found, in order.
fn assert_all(cases: &[Case<'_>]) {
    for (name, edit, expected) in cases {
        let (mut subject, mut health) = (subject(), well());
        edit(&mut subject, &mut health);
        let found = told(&judge(&subject, &health, NOW.parse().unwrap()));
        assert_eq!(found.len(), expected.len(), "{name}: {found:#?}");
        for (found, (start, part)) in found.iter().zip(*expected) {
            assert!(found.starts_with(start) && found.contains(part), "{name}: {found}\nand not {start} … {part}");
        }
    }
}

#[test]
fn where_all_is_well_nothing_is_said() {
    assert_all(&[("well", |_, _| {}, &[])]);
}

#[test]
fn the_worst_comes_first_and_decides() {
    let (subject, mut health) = (subject(), well());
    let report = |health: &ObservedHealth| report(&subject, health);
    targets(&mut health)[0].state = "unhealthy".to_owned();
    assert_eq!(report(&health).worst(), Some(Severity::Warning));
    health.nodes = denied();
    assert_eq!(report(&health).worst(), Some(Severity::Unknown));
    there(&mut health.cluster).status = "FAILED".to_owned();
    let all = report(&health);
    assert_eq!(all.worst(), Some(Severity::Error));
    assert_eq!((all.count(Severity::Warning), all.worst_of(Aspect::Targets)), (1, Some(Severity::Warning)));
    let parts: Vec<String> = all.findings.iter().map(|finding| finding.subject.to_string()).collect();
    assert_eq!(parts, ["cluster", "node_group", "targets"]);
}
