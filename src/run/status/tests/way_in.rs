//! How requests get in.

use super::scene::*;
use super::*;

#[test]
fn the_way_in() {
    assert_all(&[
        (
            "all silent",
            |_, s| targets(s).iter_mut().for_each(|t| t.state = "unhealthy".into()),
            &[("Error targets: none of 3 targets is healthy", "install it, as the last lines of")],
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
            &[("Warning targets: 1 of 3 targets is not healthy", "kubectl get nodes")],
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
            &[("Unknown targets", "elasticloadbalancing:DescribeTargetHealth")],
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
            &[("Unknown certificate", "acm:DescribeCertificate")],
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
