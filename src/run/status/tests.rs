//! The judgement, as a table: what is seen, on which day, and what is said of it.

use jiff::Timestamp;
use jiff::civil::date;

use super::*;

const NOW: &str = "2026-11-24T12:00:00Z";

fn at(text: &str) -> Timestamp {
    format!("{text}T12:00:00Z").parse().unwrap()
}

fn subject() -> Subject {
    Subject {
        account: None,
        way_in: WayIn::Ours {
            balancer: Some("lb".to_owned()),
            group: Some("tg".to_owned()),
            targets: TargetsAre::Nodes,
        },
        domain: Some("packages.example.com".to_owned()),
        certificate: Some("arn:c".to_owned()),
        cluster: Some("ppm-prod".to_owned()),
        nodes: Some("nodes-1".to_owned()),
        database: Some(("ppm-prod".to_owned(), "arn:db".to_owned())),
        chart: Chart {
            declared: "rstudio-pm 0.20.4".to_owned(),
            written_for: Some("rstudio-pm 0.20.4".to_owned()),
            application: Some("2026.08.0".to_owned()),
            supported_until: Some(date(2028, 2, 29)),
            ending_image: None,
        },
        typed: Typed { file: "ppm.yaml".to_owned(), release: "ppm".to_owned(), namespace: "ppm".to_owned() },
    }
}

fn target(id: &str, state: &str) -> Target {
    Target { id: id.to_owned(), port: Some(30442), state: state.to_owned(), reason: None, description: None }
}

/// Everything serves, and nothing ends soon.
fn well() -> Sights {
    let listener = |port, protocol: &str, certificate: Option<&str>| Listener {
        port,
        protocol: protocol.to_owned(),
        certificate: certificate.map(str::to_owned),
    };
    Sights {
        balancer: Some(Seen::There(Balancer {
            state: "active".to_owned(),
            reason: None,
            dns_name: "lb.example.com".to_owned(),
            listeners: vec![listener(80, "HTTP", None), listener(443, "HTTPS", Some("arn:c"))],
        })),
        targets: Some(Seen::There(["i-1", "i-2", "i-3"].map(|id| target(id, "healthy")).into())),
        certificates: [("arn:c".to_owned(), Seen::There(certificate()))].into(),
        cluster: Seen::There(Cluster {
            status: "ACTIVE".to_owned(),
            version: "1.34".to_owned(),
            policy: Some("STANDARD".to_owned()),
            issues: Vec::new(),
        }),
        support: Some(Seen::There(Support {
            standard_until: Some(at("2027-12-02")),
            extended_until: Some(at("2028-12-02")),
        })),
        nodes: Seen::There(Nodes { status: "ACTIVE".to_owned(), desired: 3, running: Some(3), issues: Vec::new() }),
        database: Seen::There(Database {
            status: "available".to_owned(),
            engine_version: "17.6".to_owned(),
            multi_az: true,
            pending: Vec::new(),
            authority: Some("rds-ca-rsa2048-g1".to_owned()),
            certificate_until: Some(at("2027-10-01")),
        }),
        maintenance: Seen::There(Vec::new()),
    }
}

fn certificate() -> Certificate {
    Certificate {
        status: "ISSUED".to_owned(),
        origin: "AMAZON_ISSUED".to_owned(),
        names: vec!["packages.example.com".to_owned()],
        expires: Some(at("2027-09-01")),
        is_renewed: true,
        renewal: None,
        validated_by: Some("DNS".to_owned()),
    }
}

fn denied<T>() -> Seen<T> {
    Seen::Unread { error: "could not read it: AccessDenied".to_owned(), denied: true }
}

fn there<T>(seen: &mut Seen<T>) -> &mut T {
    match seen {
        Seen::There(it) => it,
        Seen::Gone | Seen::NotMade | Seen::Unread { .. } => panic!("it is there"),
    }
}

type Edit = fn(&mut Subject, &mut Sights);

fn targets(sights: &mut Sights) -> &mut Vec<Target> {
    there(sights.targets.as_mut().unwrap())
}

fn balancer(sights: &mut Sights) -> &mut Balancer {
    there(sights.balancer.as_mut().unwrap())
}

fn the_certificate(sights: &mut Sights) -> &mut Certificate {
    there(sights.certificates.get_mut("arn:c").unwrap())
}

fn support(sights: &mut Sights) -> &mut Support {
    there(sights.support.as_mut().unwrap())
}

/// `severity part: what`, and the remedy after a bar.
fn told(findings: &[Finding]) -> Vec<String> {
    let line = |finding: &Finding| {
        let remedy = finding.remedy.as_deref().unwrap_or("-");
        format!("{:?} {}: {} | {remedy}", finding.severity, finding.part.word(), finding.what)
    };
    findings.iter().map(line).collect()
}

/// Demands for each edit of what is well that what is found begins and ends with these texts, in order.
fn assert_all(cases: &[(&str, Edit, &[(&str, &str)])]) {
    for (name, edit, expected) in cases {
        let (mut subject, mut sights) = (subject(), well());
        edit(&mut subject, &mut sights);
        let found = told(&judge(&subject, &sights, NOW.parse().unwrap()));
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
fn the_way_in() {
    assert_all(&[
        (
            "all silent",
            |_, s| targets(s).iter_mut().for_each(|t| t.state = "unhealthy".into()),
            &[("Error targets: none of 3 targets is healthy", "helm upgrade --install")],
        ),
        ("nobody there", |_, s| targets(s).clear(), &[("Error targets: no target is registered: the nodes", "plan")]),
        (
            "no pod there",
            |subject, s| {
                targets(s).clear();
                let WayIn::Ours { targets, .. } = &mut subject.way_in else { panic!("ours") };
                *targets = TargetsAre::Pods;
            },
            &[("Error targets: no target is registered: no pod", "targetgroupbindings")],
        ),
        (
            "new ones",
            |_, s| targets(s).iter_mut().for_each(|t| t.state = "initial".into()),
            &[("Error targets: no target is healthy yet", "in a minute")],
        ),
        (
            "unused",
            |_, s| targets(s).iter_mut().for_each(|t| t.state = "unused".into()),
            &[("Error targets: no target is in use", "listener")],
        ),
        (
            "one silent",
            |_, s| targets(s)[0].state = "unhealthy".into(),
            &[("Warning targets: 1 of 3 targets are not healthy", "kubectl get nodes")],
        ),
        ("one leaves", |_, s| targets(s)[0].state = "draining".into(), &[]),
        (
            "all leave",
            |_, s| targets(s).iter_mut().for_each(|t| t.state = "draining".into()),
            &[("Error targets: no target is registered", "")],
        ),
        ("impaired", |_, s| balancer(s).state = "active_impaired".into(), &[("Warning load_balancer", "addresses")]),
        ("new", |_, s| balancer(s).state = "provisioning".into(), &[("Error load_balancer", "look again")]),
        (
            "failed",
            |_, s| balancer(s).state = "failed".into(),
            &[("Error load_balancer: the load balancer is failed", "")],
        ),
        ("no listener", |_, s| balancer(s).listeners.clear(), &[("Error load_balancer", "nobody gets in")]),
        ("no HTTPS", |_, s| drop(balancer(s).listeners.pop()), &[("Error load_balancer: no listener takes HTTPS", "")]),
        ("gone", |_, s| s.balancer = Some(Seen::Gone), &[("Error load_balancer: the load balancer is gone", "plan")]),
        (
            "not made",
            |_, s| s.targets = Some(Seen::NotMade),
            &[("Error targets: the target group does not stand", "apply")],
        ),
        (
            "denied",
            |_, s| s.targets = Some(denied()),
            &[("Unread targets", "elasticloadbalancing:DescribeTargetHealth")],
        ),
        (
            "somebody else's",
            |subject, s| {
                subject.way_in = WayIn::Theirs;
                (s.balancer, s.targets) = (None, None);
            },
            &[],
        ),
    ]);
}

#[test]
fn certificates() {
    assert_all(&[
        (
            "29 days",
            |_, s| the_certificate(s).expires = Some(at("2026-12-23")),
            &[("Warning certificate: the certificate ends on 2026-12-23, in 29 days", "DNS record")],
        ),
        ("30 days", |_, s| the_certificate(s).expires = Some(at("2026-12-24")), &[]),
        ("1 day", |_, s| the_certificate(s).expires = Some(at("2026-11-25")), &[("Warning certificate", "in 1 day ")]),
        (
            "now",
            |_, s| the_certificate(s).expires = Some(at("2026-11-24")),
            &[("Error certificate: the certificate is expired since 2026-11-24", "")],
        ),
        (
            "imported",
            |_, s| {
                let it = the_certificate(s);
                (it.origin, it.is_renewed, it.expires) = ("IMPORTED".into(), false, Some(at("2026-12-01")));
            },
            &[("Warning certificate: the certificate ends on 2026-12-01, in 7 days", "never renews")],
        ),
        ("expired", |_, s| the_certificate(s).status = "EXPIRED".into(), &[("Error certificate", "expired")]),
        (
            "pending",
            |_, s| the_certificate(s).status = "PENDING_VALIDATION".into(),
            &[("Error certificate", "DNS record")],
        ),
        ("revoked", |_, s| the_certificate(s).status = "REVOKED".into(), &[("Error certificate", "not ISSUED")]),
        (
            "renewal failed",
            |_, s| the_certificate(s).renewal = Some("FAILED".into()),
            &[("Warning certificate", "DNS record")],
        ),
        (
            "by mail",
            |_, s| {
                let it = the_certificate(s);
                (it.validated_by, it.renewal) = (Some("EMAIL".into()), Some("FAILED".into()));
            },
            &[("Warning certificate", "mail")],
        ),
        (
            "not renewed",
            |_, s| {
                let it = the_certificate(s);
                (it.is_renewed, it.expires) = (false, Some(at("2026-12-01")));
            },
            &[("Warning certificate", "request another")],
        ),
        (
            "another name",
            |_, s| the_certificate(s).names = vec!["r.example.com".into()],
            &[("Warning certificate: the certificate is for r.example.com, not for packages.example.com", "")],
        ),
        ("no end is told", |_, s| the_certificate(s).expires = None, &[]),
        ("gone", |_, s| drop(s.certificates.insert("arn:c".into(), Seen::Gone)), &[("Error certificate", "is gone")]),
        (
            "denied",
            |_, s| drop(s.certificates.insert("arn:c".into(), denied())),
            &[("Unread certificate", "acm:DescribeCertificate")],
        ),
        (
            "plain HTTP",
            |subject, s| {
                subject.certificate = None;
                s.certificates.clear();
                balancer(s).listeners.pop();
            },
            &[],
        ),
    ]);
}

#[test]
fn names_of_certificates() {
    for (name, host, fits) in [
        ("packages.example.com", "packages.example.com", true),
        ("Packages.Example.com", "packages.example.COM", true),
        ("*.example.com", "packages.example.com", true),
        ("*.example.com", "a.packages.example.com", false),
        ("*.example.com", "example.com", false),
        ("example.com", "packages.example.com", false),
    ] {
        assert_eq!(covers(&[name.to_owned()], host), fits, "{name} for {host}");
    }
    assert!(!covers(&[], "example.com"));
}

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
            |_, s| support(s).standard_until = Some(at("2026-11-01")),
            &[("Warning kubernetes: Kubernetes 1.34 is in extended, paid support, until 2028-12-02", "")],
        ),
        (
            "nearly out",
            |_, s| {
                *support(s) =
                    Support { standard_until: Some(at("2026-11-01")), extended_until: Some(at("2026-12-01")) };
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
        ("unlisted", |_, s| s.support = Some(Seen::Gone), &[("Warning kubernetes", "does not list")]),
        ("denied", |_, s| s.support = Some(denied()), &[("Unread kubernetes", "eks:DescribeClusterVersions")]),
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
            &[("Unread cluster", "eks:DescribeCluster;")],
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
            &[("Unread database", "DescribePendingMaintenanceActions")],
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

#[test]
fn the_worst_comes_first_and_decides() {
    let (subject, mut sights) = (subject(), well());
    there(&mut sights.database).status = "backing-up".to_owned();
    let report = |sights: &Sights| StatusReport {
        account: String::new(),
        at: NOW.parse().unwrap(),
        subject: subject.clone(),
        sights: sights.clone(),
        findings: judge(&subject, sights, NOW.parse().unwrap()),
    };
    assert_eq!(report(&sights).worst(), Some(Severity::Warning));
    sights.nodes = denied();
    assert_eq!(report(&sights).worst(), Some(Severity::Unread));
    sights.targets = Some(Seen::Gone);
    let all = report(&sights);
    assert_eq!(all.worst(), Some(Severity::Error));
    let parts: Vec<&str> = all.findings.iter().map(|finding| finding.part.word()).collect();
    assert_eq!(parts, ["targets", "node_group", "database"]);
}
