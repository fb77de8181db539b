//! What users notice of each edit of the declaration: the class at each address, and words that tell it.

mod reports;

use std::collections::BTreeSet;

use ppm_infra::cloud::health::DatabaseHealth;
use ppm_infra::engine::Request;
use ppm_infra::engine::plan::Plan;
use ppm_infra::model::impact::ImpactClass;
use ppm_infra::stack::{MadeNetwork, NatPlacement, Network, Pinned, Scheme, Stack, Targets};

use crate::support::reference::{Declared, Standing, cluster};

/// One edit and what it means.
struct Case {
    name: &'static str,
    /// What stands, as an edit of the reference.
    from: fn(&mut Stack),
    to: fn(&mut Stack),
    /// The word and the address of each thing that is noticed, by address, the worst first.
    noticed: &'static [&'static str],
    /// Words of which each is told.
    says: &'static [&'static str],
}

const AS_IT_IS: fn(&mut Stack) = |_| {};

fn made(stack: &mut Stack) -> &mut MadeNetwork {
    let Network::Made(made) = &mut stack.network else { panic!("the reference makes its network") };
    made
}

fn engine(stack: &mut Stack, version: &str) {
    stack.database.engine_version = Pinned::Written(version.parse().unwrap());
}

fn allow(stack: &mut Stack, cidrs: &[&str]) {
    stack.load_balancer.allow_from = cidrs.iter().map(|cidr| cidr.parse().unwrap()).collect();
}

fn administrators(stack: &mut Stack, arns: &[&str]) {
    cluster(stack).admins = arns.iter().map(|arn| arn.parse().unwrap()).collect();
}

const ADMIN: &str = "arn:aws:iam::111122223333:role/platform";

const CASES: &[Case] = &[
    Case {
        name: "a tag",
        from: AS_IT_IS,
        to: |stack| drop(stack.tags.insert("team".to_owned(), "data".to_owned())),
        noticed: &[],
        says: &[],
    },
    Case {
        name: "idle timeout",
        from: AS_IT_IS,
        to: |stack| stack.load_balancer.idle_timeout_seconds = 600,
        noticed: &[],
        says: &[],
    },
    Case {
        name: "domain",
        from: AS_IT_IS,
        to: |stack| stack.load_balancer.domain = Some("r.example.com".parse().unwrap()),
        noticed: &[],
        says: &[],
    },
    Case {
        name: "more days of backups",
        from: AS_IT_IS,
        to: |stack| stack.database.backup_days = 14,
        noticed: &[],
        says: &[],
    },
    Case {
        name: "fewer days of backups",
        from: AS_IT_IS,
        to: |stack| stack.database.backup_days = 3,
        noticed: &["DATA AT RISK database.main"],
        says: &["backups older than that go"],
    },
    Case {
        name: "storage",
        from: AS_IT_IS,
        to: |stack| stack.database.storage_gib = 200,
        noticed: &["NO WAY BACK database.main", "no outage database.main"],
        says: &["storage never shrinks", "for six hours", "may be slower"],
    },
    Case {
        name: "class with a standby",
        from: AS_IT_IS,
        to: |stack| stack.database.instance_class = "db.r6g.xlarge".parse().unwrap(),
        noticed: &["FAILOVER database.main"],
        says: &["the standby is changed first", "about 1-2 min, everybody"],
    },
    Case {
        name: "class without a standby",
        from: |stack| stack.database.multi_az = false,
        to: |stack| stack.database.instance_class = "db.r6g.xlarge".parse().unwrap(),
        noticed: &["OUTAGE database.main"],
        says: &["about 5-15 min, everybody", "another machine"],
    },
    Case {
        name: "class and a standby at once",
        from: |stack| stack.database.multi_az = false,
        to: |stack| {
            stack.database.multi_az = true;
            stack.database.instance_class = "db.r6g.xlarge".parse().unwrap();
        },
        noticed: &["OUTAGE database.main", "no outage database.main"],
        says: &["another machine", "while its standby is filled"],
    },
    Case {
        name: "standby off",
        from: AS_IT_IS,
        to: |stack| stack.database.multi_az = false,
        noticed: &["less resilient database.main"],
        says: &["no standby takes over any more"],
    },
    Case {
        name: "standby on",
        from: |stack| stack.database.multi_az = false,
        to: |stack| stack.database.multi_az = true,
        noticed: &["no outage database.main"],
        says: &["slower while its standby is filled"],
    },
    Case {
        name: "PostgreSQL, major",
        from: |stack| engine(stack, "17"),
        to: |stack| engine(stack, "18"),
        noticed: &["OUTAGE database.main", "NO WAY BACK database.main", "no outage database.main"],
        says: &["about 8-25 min, everybody", "upgraded at the same time", "snapshot it takes before"],
    },
    Case {
        name: "PostgreSQL, minor",
        from: |stack| engine(stack, "17.4"),
        to: |stack| engine(stack, "17.6"),
        noticed: &["OUTAGE database.main", "NO WAY BACK database.main"],
        says: &["about 1-10 min, everybody", "RDS never goes back to an older version"],
    },
    Case {
        name: "paid support",
        from: AS_IT_IS,
        to: |stack| {
            stack.database.extended_support = !stack.database.extended_support;
            cluster(stack).extended_support = !cluster(stack).extended_support;
        },
        noticed: &[],
        says: &[],
    },
    Case {
        name: "Kubernetes",
        from: AS_IT_IS,
        to: |stack| {
            let next = stack.kubernetes().version.declared().next().unwrap();
            cluster(stack).version = Pinned::Written(next);
        },
        noticed: &[
            "rolling addon.coredns",
            "rolling addon.kube-proxy",
            "rolling addon.vpc-cni",
            "NO WAY BACK cluster.main",
            "INTERRUPTION cluster.main",
            "NO WAY BACK node_group.main",
            "rolling node_group.main",
        ],
        says: &["each pod moves once", "EKS never goes back", "who uses the Kubernetes API", "about 15-30 min"],
    },
    Case {
        name: "instance type",
        from: AS_IT_IS,
        to: |stack| cluster(stack).nodes.instance_type = "m6i.4xlarge".parse().unwrap(),
        noticed: &["rolling node_group.main"],
        says: &["new nodes come first", "each pod moves once"],
    },
    Case {
        name: "disk",
        from: AS_IT_IS,
        to: |stack| cluster(stack).nodes.disk_gib = 200,
        noticed: &["rolling node_group.main"],
        says: &["new nodes come first"],
    },
    Case {
        name: "more nodes",
        from: AS_IT_IS,
        to: |stack| {
            cluster(stack).nodes.count = 4;
            cluster(stack).nodes.max = 8;
        },
        noticed: &[],
        says: &[],
    },
    Case {
        name: "fewer nodes",
        from: AS_IT_IS,
        to: |stack| cluster(stack).nodes.count = 2,
        noticed: &["rolling node_group.main", "less resilient node_group.main"],
        says: &["pods move to the others", "fewer nodes are left"],
    },
    Case {
        name: "fewer nodes at most",
        from: |stack| cluster(stack).nodes.max = 9,
        to: |stack| cluster(stack).nodes.max = 5,
        noticed: &["rolling node_group.main"],
        says: &["nodes beyond that go"],
    },
    Case {
        name: "internal",
        from: AS_IT_IS,
        to: |stack| stack.load_balancer.scheme = Scheme::Internal,
        noticed: &["OUTAGE load_balancer.main", "NEW ADDRESS load_balancer.main"],
        says: &["another DNS name", "the DNS record of packages.example.com", "output load_balancer_dns_name"],
    },
    Case {
        name: "node port",
        from: AS_IT_IS,
        to: |stack| stack.load_balancer.node_port = Some(30555),
        noticed: &["access security_group.load-balancer", "OUTAGE target_group.main"],
        says: &["requests fail from the moment", "opens port 30555", "get"],
    },
    Case {
        name: "targets by a controller",
        from: AS_IT_IS,
        to: |stack| stack.load_balancer.targets = Targets::TargetGroupBinding,
        noticed: &["access security_group.load-balancer", "OUTAGE target_group.main"],
        says: &["binds the pods to the new target group"],
    },
    Case {
        name: "left to a controller",
        from: AS_IT_IS,
        to: |stack| stack.load_balancer.targets = Targets::Ingress,
        noticed: &[
            "OUTAGE listener.http",
            "OUTAGE listener.https",
            "OUTAGE load_balancer.main",
            "access security_group_rule.nodes-from-load-balancer",
        ],
        says: &["DNS records that lead there must lead elsewhere", "nothing answers there any more"],
    },
    Case {
        name: "certificate out",
        from: AS_IT_IS,
        to: |stack| stack.load_balancer.certificate = None,
        noticed: &["OUTAGE listener.https", "access security_group.load-balancer"],
        says: &["nothing answers there any more", "connections that stand go on"],
    },
    Case {
        name: "certificate in",
        from: |stack| stack.load_balancer.certificate = None,
        to: |stack| {
            let arn = "arn:aws:acm:us-east-1:123456789012:certificate/22222222-2222-3333-4444-555555555555";
            stack.load_balancer.certificate = Some(arn.parse().unwrap());
        },
        noticed: &["access listener.http"],
        says: &["do not follow redirects"],
    },
    Case {
        name: "another certificate",
        from: AS_IT_IS,
        to: |stack| {
            let arn = "arn:aws:acm:us-east-1:123456789012:certificate/22222222-2222-3333-4444-555555555555";
            stack.load_balancer.certificate = Some(arn.parse().unwrap());
        },
        noticed: &["no outage listener.https"],
        says: &["the other certificate"],
    },
    Case {
        name: "fewer may come in",
        from: |stack| allow(stack, &["198.51.100.0/24", "203.0.113.0/24"]),
        to: |stack| allow(stack, &["203.0.113.0/24"]),
        noticed: &["access security_group.load-balancer"],
        says: &["comes in no more"],
    },
    Case {
        name: "more may come in",
        from: |stack| allow(stack, &["203.0.113.0/24"]),
        to: |stack| allow(stack, &["198.51.100.0/24", "203.0.113.0/24"]),
        noticed: &[],
        says: &[],
    },
    Case {
        name: "fewer may use the Kubernetes API",
        from: |stack| {
            cluster(stack).public_cidrs =
                ["198.51.100.0/24".parse().unwrap(), "203.0.113.0/24".parse().unwrap()].into();
        },
        to: |stack| cluster(stack).public_cidrs = ["203.0.113.0/24".parse().unwrap()].into(),
        noticed: &["access cluster.main"],
        says: &["the Kubernetes API answers them no more"],
    },
    Case {
        name: "no Kubernetes API on the internet",
        from: AS_IT_IS,
        to: |stack| cluster(stack).public_cidrs.clear(),
        noticed: &["INTERRUPTION cluster.main", "access cluster.main"],
        says: &["reached in another way"],
    },
    Case {
        name: "an administrator comes",
        from: AS_IT_IS,
        to: |stack| administrators(stack, &[ADMIN]),
        noticed: &[],
        says: &[],
    },
    Case {
        name: "an administrator goes",
        from: |stack| administrators(stack, &[ADMIN]),
        to: |stack| administrators(stack, &[]),
        noticed: &["access access_entry.admin-1f58c1ba"],
        says: &["may not use the Kubernetes API any more"],
    },
    Case {
        name: "one NAT gateway",
        from: AS_IT_IS,
        to: |stack| made(stack).nat = NatPlacement::Single,
        noticed: &[
            "NEW ADDRESS elastic_ip.nat-b",
            "NEW ADDRESS elastic_ip.nat-c",
            "INTERRUPTION route_table.private-b",
            "INTERRUPTION route_table.private-c",
        ],
        says: &["who lets the nodes in by address", "comes from it any more", "are cut and made again"],
    },
    Case {
        name: "a NAT gateway in every zone",
        from: |stack| made(stack).nat = NatPlacement::Single,
        to: |stack| made(stack).nat = NatPlacement::PerZone,
        noticed: &["INTERRUPTION route_table.private-b", "INTERRUPTION route_table.private-c"],
        says: &["are cut and made again"],
    },
    Case {
        name: "a zone less",
        from: AS_IT_IS,
        to: |stack| made(stack).zones = 2,
        noticed: &[
            "NEW ADDRESS elastic_ip.nat-c",
            "INTERRUPTION load_balancer.main",
            "rolling node_group.main",
            "INTERRUPTION route_table.private-c",
            "INTERRUPTION route_table.public",
        ],
        says: &["zones it leaves"],
    },
];

/// The word and the address of each thing.
fn noticed(plan: &Plan) -> Vec<String> {
    let all = plan.impact.iter().flat_map(|(at, all)| all.iter().map(move |one| format!("{} {at}", one.class.word())));
    all.collect()
}

/// Everything that is told of it.
fn told(plan: &Plan) -> String {
    let all = plan.impact.values().flatten().map(|one| format!("{}; {}", one.extent(), one.what));
    all.collect::<Vec<_>>().join("\n")
}

#[tokio::test(start_paused = true)]
async fn what_users_notice_of_each_edit() {
    let mut wrong = Vec::new();
    for case in CASES {
        let mut stack = crate::support::reference::reference();
        (case.from)(&mut stack);
        let standing = Standing::of(stack.clone()).await;
        (case.to)(&mut stack);
        let plan = standing.bench.planned(&Declared(stack)).await;
        assert!(plan.has_changes() || case.name == "domain", "{}", case.name);
        let (found, text) = (noticed(&plan), told(&plan));
        if found != case.noticed {
            wrong.push(format!("{}: {found:#?}", case.name));
        }
        let unsaid = case.says.iter().filter(|words| !text.contains(**words));
        wrong.extend(unsaid.map(|words| format!("{} does not say `{words}`:\n{text}", case.name)));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[tokio::test(start_paused = true)]
async fn what_users_notice_of_what_is_replaced_on_request() {
    let standing = Standing::new().await;
    for (address, expected, says) in [
        ("nat_gateway.a", &["OUTAGE nat_gateway.a"][..], "reach nothing on the internet"),
        ("elastic_ip.nat-a", &["NEW ADDRESS elastic_ip.nat-a", "OUTAGE nat_gateway.a"], "come from another address"),
        ("listener.https", &["OUTAGE listener.https"], "about 5-30 s, everybody"),
        ("security_group.load-balancer", &[], ""),
        ("addon.coredns", &["INTERRUPTION addon.coredns"], "such as names or addresses"),
    ] {
        let ask = Request { replace: BTreeSet::from([address.parse().unwrap()]), ..Request::default() };
        let plan = standing.bench.plan(&Declared(standing.stack.clone()), &ask).await.unwrap().plan;
        assert_eq!(noticed(&plan), expected, "{address}");
        assert!(told(&plan).contains(says), "{address}: {}", told(&plan));
    }
}

#[tokio::test(start_paused = true)]
async fn of_a_destroy_only_lost_data_is_told() {
    let standing = Standing::new().await;
    let destroy = |words: &[&str]| Request {
        destroy: true,
        delete_data: words.iter().map(|word| (*word).to_owned()).collect(),
        ..Request::default()
    };
    let declared = Declared(standing.stack.clone());
    let plan = standing.bench.plan(&declared, &destroy(&[])).await.unwrap().plan;
    assert_eq!(noticed(&plan), [""; 0]);
    let plan = standing.bench.plan(&declared, &destroy(&["database", "bucket", "key"])).await.unwrap().plan;
    let lost = ["bucket.packages", "database.main", "kms_key.main"];
    assert_eq!(noticed(&plan), lost.map(|at| format!("DATA LOSS {at}")));
    assert!(plan.impact.values().flatten().all(|one| one.class == ImpactClass::DataLoss && one.which.is_some()));
    assert!(told(&plan).contains("a last snapshot is taken and verified first"), "{}", told(&plan));
}

#[tokio::test(start_paused = true)]
async fn what_waits_for_the_window_is_told_of_every_change_that_brings_it_along() {
    let standing = Standing::new().await;
    let id = "ppm-prod-database";
    let health = DatabaseHealth {
        status: "available".to_owned(),
        resource_id: None,
        engine_version: "17.5".to_owned(),
        extended_support: false,
        multi_az: true,
        pending: vec!["class db.t3.large".to_owned(), "version 17.6".to_owned()],
        authority: None,
        certificate_until: None,
    };
    standing.bench.cloud.meddle(|world| drop(world.health.databases.insert(id.to_owned(), health)));
    let edited = |edit: fn(&mut Stack)| {
        let mut stack = standing.stack.clone();
        edit(&mut stack);
        Declared(stack)
    };
    let plan = standing.bench.planned(&edited(|stack| stack.database.backup_days = 14)).await;
    assert_eq!(noticed(&plan), ["OUTAGE database.main"]);
    let [impacts] = plan.impact.values().collect::<Vec<_>>().try_into().unwrap();
    assert_eq!(impacts[0].which.as_deref(), Some("class db.t3.large, version 17.6"));
    assert!(told(&plan).contains("waits for the maintenance window"), "{}", told(&plan));
    let tagged = edited(|stack| drop(stack.tags.insert("team".to_owned(), "data".to_owned())));
    assert_eq!(noticed(&standing.bench.planned(&tagged).await), [""; 0], "tags leave it waiting");
    let other = edited(|stack| stack.load_balancer.idle_timeout_seconds = 600);
    assert_eq!(noticed(&standing.bench.planned(&other).await), [""; 0], "and so does a change of something else");
}
