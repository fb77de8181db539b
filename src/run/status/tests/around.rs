//! Versions, and what stands around.

use jiff::civil::date;

use super::scene::*;
use super::*;

#[test]
fn versions() {
    assert_all(&[
        (
            "89 days",
            |_, s| support(s).standard_until = Some(at("2027-02-21")),
            &[(
                "Warning kubernetes: standard support of Kubernetes 1.34 ends on 2027-02-21, in 89 days: EKS upgrades",
                "kubernetes.version",
            )],
        ),
        ("90 days", |_, s| support(s).standard_until = Some(at("2027-02-22")), &[]),
        (
            "paid afterwards",
            |_, s| {
                support(s).standard_until = Some(at("2026-12-02"));
                there(&mut s.cluster).policy = Some("EXTENDED".into());
            },
            &[("Warning kubernetes", "in 8 days: it costs more")],
        ),
        (
            "paid",
            |_, s| {
                support(s).standard_until = Some(at("2026-11-01"));
                there(&mut s.cluster).policy = Some("EXTENDED".into());
            },
            &[("Warning kubernetes: Kubernetes 1.34 is in extended, paid support, until 2028-12-02", "")],
        ),
        (
            "nearly out",
            |_, s| {
                *support(s) =
                    Support { standard_until: Some(at("2026-11-01")), extended_until: Some(at("2026-12-01")) };
                there(&mut s.cluster).policy = Some("EXTENDED".into());
            },
            &[("Warning kubernetes", "which ends on 2026-12-01, in 7 days")],
        ),
        (
            "out",
            |_, s| {
                *support(s) =
                    Support { standard_until: Some(at("2025-11-01")), extended_until: Some(at("2026-11-01")) };
            },
            &[("Warning kubernetes", "out of support")],
        ),
        (
            "past standard support and not paid for",
            |_, s| support(s).standard_until = Some(at("2026-11-01")),
            &[("Warning kubernetes: standard support of Kubernetes 1.34 ended on 2026-11-01: EKS upgrades", "raise")],
        ),
        (
            "an old database",
            |_, s| there(&mut s.database).engine_version = "13.23".into(),
            &[(
                "Warning database: standard support of PostgreSQL 13 ended on 2026-02-28: RDS upgrades the database",
                "database.engine_version",
            )],
        ),
        (
            "an old database, paid for",
            |_, s| {
                let database = there(&mut s.database);
                (database.engine_version, database.extended_support) = ("13.23".into(), true);
            },
            &[("Warning database: PostgreSQL 13 is in extended, paid support, until 2029-02-28", "")],
        ),
        ("unlisted", |_, s| s.support = Some(Seen::Gone), &[("Warning kubernetes", "does not list")]),
        ("denied", |_, s| s.support = Some(denied()), &[("Unknown kubernetes", "eks:DescribeClusterVersions")]),
        ("no values", |subject, _| subject.chart.written_for = None, &[("Warning chart: no values", "apply")]),
        (
            "other values",
            |subject, _| subject.chart.written_for = Some("rstudio-pm 0.5.43".into()),
            &[("Warning chart: the values were written for rstudio-pm 0.5.43; declared is rstudio-pm 0.20.4", "")],
        ),
        (
            "old release",
            |subject, _| subject.chart.supported_until = Some(date(2026, 11, 23)),
            &[("Warning chart: Posit's support of Package Manager 2026.08.0 ended on 2026-11-23", "chart_version")],
        ),
        (
            "ageing release",
            |subject, _| subject.chart.supported_until = Some(date(2026, 11, 24)),
            &[("Warning chart: Posit's support of Package Manager 2026.08.0 ends on 2026-11-24, in 0 days", "")],
        ),
        (
            "old image",
            |subject, _| subject.chart.ending_image = Some(("old".into(), date(2026, 12, 31))),
            &[("Warning chart: the publication of the image old ends on 2026-12-31", "posit/package-manager")],
        ),
    ]);
}

#[test]
fn the_key_and_the_right_database() {
    assert_all(&[
        (
            "about to go",
            |_, s| {
                *there(&mut s.key) = KeyHealth { state: "PendingDeletion".into(), deletion: Some(at("2026-12-01")) };
            },
            &[(
                "Error key: the key cannot be used and will be deleted on 2026-12-01, its data with it",
                "`aws kms cancel-key-deletion --region us-east-1 --key-id one`, then `ppm-infra apply ppm.yaml`",
            )],
        ),
        (
            "disabled",
            |_, s| there(&mut s.key).state = "Disabled".into(),
            &[("Error key: the key is disabled", "enable")],
        ),
        ("unavailable", |_, s| there(&mut s.key).state = "Unavailable".into(), &[("Error key", "it is Unavailable")]),
        ("gone", |_, s| s.key = Seen::Gone, &[("Error key: the key is gone", "ppm-infra plan")]),
        ("denied", |_, s| s.key = denied(), &[("Unknown key", "kms:DescribeKey")]),
        ("none of ours", |_, s| s.key = Seen::NotMade, &[]),
        (
            "another database",
            |_, s| there(&mut s.database).resource_id = Some("db-2".into()),
            &[(
                "Warning database: ppm-prod is another database than the recorded one",
                "`ppm-infra state rm database.main`, then `ppm-infra adopt database.main 'ppm-prod'`",
            )],
        ),
        ("nobody told which", |_, s| there(&mut s.database).resource_id = None, &[]),
    ]);
}

#[test]
fn what_stands_around() {
    assert_all(&[
        (
            "cluster changes",
            |_, s| there(&mut s.cluster).status = "UPDATING".into(),
            &[("Warning cluster", "meanwhile")],
        ),
        ("cluster fails", |_, s| there(&mut s.cluster).status = "FAILED".into(), &[("Error cluster", "FAILED")]),
        (
            "cluster ails",
            |_, s| there(&mut s.cluster).issues = vec!["SubnetNotFound".into()],
            &[("Warning cluster", "SubnetNotFound")],
        ),
        (
            "cluster denied",
            |_, s| {
                s.cluster = denied();
                s.support = None;
            },
            &[("Unknown cluster", "eks:DescribeCluster;")],
        ),
        (
            "a node is missing",
            |_, s| there(&mut s.nodes).running = Some(2),
            &[("Warning node_group: 1 of 3 nodes", "")],
        ),
        ("all nodes are", |_, s| there(&mut s.nodes).running = Some(0), &[("Error node_group: no node runs", "3")]),
        (
            "nodes degraded",
            |_, s| {
                let nodes = there(&mut s.nodes);
                (nodes.status, nodes.issues) = ("DEGRADED".into(), vec!["AsgInstanceLaunchFailures: no room".into()]);
            },
            &[("Warning node_group", "no room")],
        ),
        ("nodes failed", |_, s| there(&mut s.nodes).status = "CREATE_FAILED".into(), &[("Error node_group", "")]),
        ("nodes are replaced", |_, s| there(&mut s.nodes).status = "UPDATING".into(), &[("Warning node_group", "")]),
        (
            "database full",
            |_, s| there(&mut s.database).status = "storage-full".into(),
            &[("Error database", "storage_gib")],
        ),
        ("database stopped", |_, s| there(&mut s.database).status = "stopped".into(), &[("Error database", "start")]),
        (
            "database broken",
            |_, s| there(&mut s.database).status = "incompatible-network".into(),
            &[("Error database: the database cannot be used", "")],
        ),
        (
            "database at work",
            |_, s| there(&mut s.database).status = "backing-up".into(),
            &[("Warning database", "backing-up")],
        ),
        ("database grows", |_, s| there(&mut s.database).status = "storage-optimization".into(), &[]),
        (
            "its certificate",
            |_, s| there(&mut s.database).certificate_until = Some(at("2026-12-24")),
            &[("Warning database: the certificate of the database (rds-ca-rsa2048-g1) ends on 2026-12-24", "")],
        ),
        ("maintenance some day", |_, s| there(&mut s.maintenance).push(maintenance(None)), &[]),
        ("maintenance next year", |_, s| there(&mut s.maintenance).push(maintenance(Some("2027-03-01"))), &[]),
        (
            "maintenance soon",
            |_, s| there(&mut s.maintenance).push(maintenance(Some("2026-12-01"))),
            &[("Warning database: maintenance of the database on 2026-12-01 or in the window before: New OS", "")],
        ),
        (
            "maintenance denied",
            |_, s| s.maintenance = denied(),
            &[("Unknown database", "DescribePendingMaintenanceActions")],
        ),
        (
            "database gone",
            |_, s| {
                s.database = Seen::Gone;
                s.maintenance = Seen::Gone;
            },
            &[("Error database: the database is gone", "")],
        ),
    ]);
}

fn maintenance(due: Option<&str>) -> Maintenance {
    Maintenance { action: "system-update".to_owned(), description: Some("New OS".to_owned()), due: due.map(at) }
}
