//! A stack that serves, and ways to spoil it.

use jiff::Timestamp;
use jiff::civil::date;

use crate::run::status::*;

pub(crate) const NOW: &str = "2026-11-24T12:00:00Z";

pub(crate) fn at(text: &str) -> Timestamp {
    format!("{text}T12:00:00Z").parse().unwrap()
}

pub(crate) fn subject() -> Inspected {
    Inspected {
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
        database_resource: Some("db-1".to_owned()),
        key: Some("arn:aws:kms:us-east-1:111122223333:key/one".to_owned()),
        chart: ChartStatus {
            declared: "rstudio-pm 0.20.4".to_owned(),
            written_for: Some("rstudio-pm 0.20.4".to_owned()),
            application: Some("2026.08.0".to_owned()),
            supported_until: Some(date(2028, 2, 29)),
            ending_image: None,
        },
        typed: Typed {
            file: "ppm.yaml".to_owned(),
            balancer: "load_balancer.main".parse().unwrap(),
            database: "database.main".parse().unwrap(),
            release: "ppm".to_owned(),
            namespace: "ppm".to_owned(),
        },
    }
}

pub(crate) fn target(id: &str, state: &str) -> TargetHealth {
    TargetHealth { id: id.to_owned(), port: Some(30442), state: state.to_owned(), reason: None, description: None }
}

/// Everything serves, and nothing ends soon.
pub(crate) fn well() -> ObservedHealth {
    let listener = |port, protocol: &str, certificate: Option<&str>| ListenerHealth {
        port,
        protocol: protocol.to_owned(),
        certificate: certificate.map(str::to_owned),
    };
    ObservedHealth {
        balancer: Some(Seen::There(LoadBalancerHealth {
            state: "active".to_owned(),
            reason: None,
            dns_name: "lb.example.com".to_owned(),
            listeners: vec![listener(80, "HTTP", None), listener(443, "HTTPS", Some("arn:c"))],
        })),
        targets: Some(Seen::There(["i-1", "i-2", "i-3"].map(|id| target(id, "healthy")).into())),
        certificates: [("arn:c".to_owned(), Seen::There(certificate()))].into(),
        cluster: Seen::There(ClusterHealth {
            status: "ACTIVE".to_owned(),
            version: "1.34".to_owned(),
            policy: Some("STANDARD".to_owned()),
            issues: Vec::new(),
        }),
        support: Some(Seen::There(Support {
            standard_until: Some(at("2027-12-02")),
            extended_until: Some(at("2028-12-02")),
        })),
        nodes: Seen::There(NodeGroupHealth {
            status: "ACTIVE".to_owned(),
            desired: 3,
            running: Some(3),
            issues: Vec::new(),
        }),
        database: Seen::There(DatabaseHealth {
            status: "available".to_owned(),
            resource_id: Some("db-1".to_owned()),
            engine_version: "17.6".to_owned(),
            extended_support: false,
            multi_az: true,
            pending: Vec::new(),
            authority: Some("rds-ca-rsa2048-g1".to_owned()),
            certificate_until: Some(at("2027-10-01")),
        }),
        maintenance: Seen::There(Vec::new()),
        key: Seen::There(KeyHealth { state: "Enabled".to_owned(), deletion: None }),
    }
}

pub(crate) fn certificate() -> Certificate {
    Certificate {
        status: "ISSUED".to_owned(),
        origin: "AMAZON_ISSUED".to_owned(),
        names: vec!["packages.example.com".to_owned()],
        expires: Some(at("2027-09-01")),
        is_renewed: true,
        renewal: None,
        validated_by: Some("DNS".to_owned()),
        proofs: Vec::new(),
        failure: None,
    }
}

pub(crate) fn denied<T>() -> Seen<T> {
    Seen::Unread { error: CloudError::new(ErrorKind::Denied, "read it", "AccessDenied") }
}

pub(crate) fn there<T>(seen: &mut Seen<T>) -> &mut T {
    match seen {
        Seen::There(it) => it,
        Seen::Gone | Seen::NotMade | Seen::Unread { .. } => panic!("it is there"),
    }
}

pub(crate) type Edit = fn(&mut Inspected, &mut ObservedHealth);

pub(crate) fn targets(health: &mut ObservedHealth) -> &mut Vec<TargetHealth> {
    there(health.targets.as_mut().unwrap())
}

pub(crate) fn balancer(health: &mut ObservedHealth) -> &mut LoadBalancerHealth {
    there(health.balancer.as_mut().unwrap())
}

pub(crate) fn the_certificate(health: &mut ObservedHealth) -> &mut Certificate {
    there(health.certificates.get_mut("arn:c").unwrap())
}

pub(crate) fn support(health: &mut ObservedHealth) -> &mut Support {
    there(health.support.as_mut().unwrap())
}

/// What was seen at noon of the day, and what is said of it.
pub(crate) fn report(subject: &Inspected, health: &ObservedHealth) -> StatusReport {
    let at = NOW.parse().unwrap();
    StatusReport {
        account: "111122223333".to_owned(),
        at,
        subject: subject.clone(),
        health: health.clone(),
        findings: judge(subject, health, at),
    }
}
