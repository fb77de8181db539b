//! What somebody did to the stack, and how it is told.

use ppm_infra::described::judge::{Deviation, DeviationClass};
use ppm_infra::described::look::Baseline;
use ppm_infra::described::remembered::{baseline_of, is_about};
use ppm_infra::model::finding::Grade;
use ppm_infra::model::lifecycle::LifecycleDays;
use serde_json::{Value, json};

use super::seed::{World, put};

fn one(world: &World, at: &str) -> Deviation {
    let found = world.judge(at);
    let [one] = found.as_slice() else { panic!("{at}: one deviation is expected: {found:#?}") };
    one.clone()
}

/// The one deviation after a change of what a call told.
fn after(at: &str, call: &str, change: impl FnOnce(&mut Vec<Value>)) -> Deviation {
    let mut world = World::in_sync();
    change(world.told(at, call));
    one(&world, at)
}

fn told(deviation: &Deviation) -> (DeviationClass, Grade, &str) {
    (deviation.class, deviation.grade, deviation.what.as_str())
}

use DeviationClass::{ByAws, Extra, Identity, Lifecycle, Undeclared};
use Grade::{Critical, High, Low, Medium};

#[test]
fn an_inline_policy_is_as_grave_as_what_it_allows() {
    let says = |action: &str| {
        let mut world = World::in_sync();
        put(&mut world.told("iam_role.package-manager", "iam:ListRolePolicies")[0], "PolicyNames[]", json!("admin"));
        let policy =
            json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": action, "Resource": "*"}]});
        world.told("iam_role.package-manager", "iam:GetRolePolicy").push(
            json!({"RoleName": "ppm-prod-package-manager", "PolicyName": "admin", "PolicyDocument": policy.to_string()}),
        );
        one(&world, "iam_role.package-manager")
    };
    let all = says("*");
    assert_eq!(told(&all), (Extra, Critical, "the role has the inline policy admin, which allows everything"));
    assert_eq!((all.path, all.member.as_deref()), ("PolicyNames[]", Some("admin")));
    assert_eq!(told(&says("s3:ListAllMyBuckets")), (Extra, High, "the role has the inline policy admin"));
}

#[test]
fn policies_of_aws_that_allow_everything_are_known_by_name() {
    let attach = |arn: &str| {
        after("iam_role.nodes", "iam:ListAttachedRolePolicies", |roots| roots.push(json!({"PolicyArn": arn})))
    };
    let admin = attach("arn:aws:iam::aws:policy/AdministratorAccess");
    assert_eq!((admin.class, admin.grade, admin.field), (Extra, Critical, Some("policies")));
    assert!(admin.what.contains("AdministratorAccess, which allows everything"), "{}", admin.what);
    // Quick Setup of Systems Manager attaches it to roles of machines, and to no others.
    let quick = "arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore";
    assert_eq!((attach(quick).class, attach(quick).grade), (ByAws, Low));
    let pods = after("iam_role.package-manager", "iam:ListAttachedRolePolicies", |roots| {
        roots.push(json!({"PolicyArn": quick}));
    });
    assert_eq!((pods.class, pods.grade), (Extra, High));
    let mut several = World::in_sync();
    for name in ["AmazonSSMManagedInstanceCore", "AdministratorAccess", "ReadOnlyAccess"] {
        let arn = format!("arn:aws:iam::aws:policy/{name}");
        several.told("iam_role.nodes", "iam:ListAttachedRolePolicies").push(json!({"PolicyArn": arn}));
    }
    let told: Vec<_> = several.judge("iam_role.nodes").iter().map(|one| (one.class, one.grade)).collect();
    assert_eq!(told, [(ByAws, Low), (Extra, Critical), (Extra, High)], "each by its name");
}

#[test]
fn an_access_entry_is_as_grave_as_what_it_may_do() {
    let who = "arn:aws:iam::111122223333:role/ops";
    let entry = |policy: &str, scope: &str, who: &str| {
        let mut world = World::in_sync();
        let entries = &mut world.told("cluster.main", "eks:ListAccessEntries")[0]["accessEntries"];
        entries.as_array_mut().unwrap().push(json!(who));
        world.told("cluster.main", "eks:DescribeAccessEntry").push(json!({"principalArn": who, "type": "STANDARD"}));
        let arn = format!("arn:aws:eks::aws:cluster-access-policy/{policy}");
        world.told("cluster.main", "eks:ListAssociatedAccessPolicies").push(json!({"principalArn": who,
            "associatedAccessPolicies": [{"policyArn": arn, "accessScope": {"type": scope, "namespaces": ["a"]}}]}));
        one(&world, "cluster.main")
    };
    let admin = entry("AmazonEKSClusterAdminPolicy", "cluster", who);
    let what = format!("the cluster has the access entry {who}, which allows everything");
    assert_eq!(told(&admin), (Extra, Critical, what.as_str()));
    assert_eq!(entry("AmazonEKSClusterAdminPolicy", "namespace", who).grade, High);
    assert_eq!(entry("AmazonEKSViewPolicy", "cluster", who).grade, High);
    let other = entry("AmazonEKSViewPolicy", "cluster", "arn:aws:iam::999988887777:role/ops");
    assert!(other.grade == Critical && other.what.ends_with(", which reaches another account"), "{}", other.what);
}

#[test]
fn a_rule_of_the_clusters_group_is_as_grave_as_whom_it_lets_in() {
    let rule = |more: Value| {
        let mut rule = json!({"GroupId": "sg-c0000014", "SecurityGroupRuleId": "sgr-ssh", "IsEgress": false,
            "IpProtocol": "tcp", "FromPort": 22, "ToPort": 22});
        rule.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        after("cluster.main", "ec2:DescribeSecurityGroupRules", |roots| roots.push(rule))
    };
    let ssh = rule(json!({"CidrIpv4": "0.0.0.0/0"}));
    let what = "the cluster has the rule of the cluster's security group sgr-ssh (tcp 22 from 0.0.0.0/0), which lets everybody in";
    assert_eq!(told(&ssh), (Extra, Critical, what));
    assert_eq!(rule(json!({"CidrIpv6": "::/0"})).grade, Critical);
    assert_eq!(rule(json!({"CidrIpv4": "10.0.0.0/8"})).grade, High);
    assert_eq!(rule(json!({"ReferencedGroupInfo": {"GroupId": "sg-9", "UserId": "999988887777"}})).grade, Critical);
    let excused = rule(json!({"CidrIpv4": "0.0.0.0/0", "Description": "elbv2.k8s.aws/targetGroupBinding=shared"}));
    assert_eq!((excused.class, excused.grade), (Extra, Critical), "anybody can write a description");
    let controller = rule(
        json!({"ReferencedGroupInfo": {"GroupId": "sg-9"}, "Description": "elbv2.k8s.aws/targetGroupBinding=shared"}),
    );
    assert_eq!((controller.class, controller.grade), (ByAws, Low));
}

#[test]
fn a_listener_rule_that_takes_everything_is_critical() {
    let rule = |path: &str, action: Value| {
        after("listener.https", "elasticloadbalancing:DescribeRules", |roots| {
            roots.push(json!({"RuleArn": "arn:x", "Priority": "1", "IsDefault": false, "Actions": [action],
                "Conditions": [{"Field": "path-pattern", "PathPatternConfig": {"Values": [path]}}]}));
        })
    };
    let refuse = json!({"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "503"}});
    let all = rule("/*", refuse.clone());
    assert_eq!(
        told(&all),
        (
            Extra,
            Critical,
            "the listener has the listener rule 1 (/*: fixed-response 503), with which nothing is served"
        )
    );
    assert_eq!(rule("/admin", refuse).grade, High);
    let ours = "arn:aws:elasticloadbalancing:us-east-1:111122223333:targetgroup/ppm-prod-pm-000022/0000000000000016";
    assert_eq!(rule("/*", json!({"Type": "forward", "TargetGroupArn": ours})).grade, High);
    let second = after("load_balancer.main", "elasticloadbalancing:DescribeListeners", |roots| {
        roots.push(json!({"ListenerArn": "arn:listener/8080", "Port": 8080}));
    });
    assert_eq!(told(&second), (Extra, High, "the load balancer has the listener arn:listener/8080 (port 8080)"));
}

#[test]
fn a_lifecycle_rule_is_as_grave_as_what_it_deletes() {
    let rule = |rule: Value| {
        after("bucket.packages", "s3:GetBucketLifecycleConfiguration", |roots| {
            roots[0]["Rules"].as_array_mut().unwrap().push(rule);
        })
    };
    let all = rule(json!({"ID": "tidy", "Status": "Enabled", "Filter": {}, "Expiration": {"Days": 1}}));
    assert_eq!(
        told(&all),
        (Extra, Critical, "the bucket has the lifecycle rule tidy (after 1 day), which deletes what is stored")
    );
    let old = rule(json!({"ID": "old", "Status": "Enabled", "NoncurrentVersionExpiration": {"NoncurrentDays": 1}}));
    assert_eq!(old.grade, Critical);
    assert_eq!(rule(json!({"ID": "off", "Status": "Disabled", "Expiration": {"Days": 1}})).grade, High);
    assert_eq!(
        rule(json!({"ID": "marks", "Status": "Enabled", "Expiration": {"ExpiredObjectDeleteMarker": true}})).grade,
        High
    );
    let own = after("bucket.packages", "s3:GetBucketLifecycleConfiguration", |roots| {
        put(&mut roots[0], "Rules[].Expiration.Days", json!(1));
    });
    assert_eq!(
        (own.class, own.grade, own.path),
        (Undeclared, Critical, "Rules[].Expiration.*"),
        "put into our own rule"
    );
}

#[test]
fn policies_that_let_others_in_or_keep_everybody_out() {
    let secret = |statement: Value| {
        let policy = json!({"Version": "2012-10-17", "Statement": [statement]}).to_string();
        after("secret.database", "secretsmanager:GetResourcePolicy", |roots| {
            put(&mut roots[0], "ResourcePolicy", json!(policy));
        })
    };
    let read = "secretsmanager:GetSecretValue";
    let other =
        secret(json!({"Effect": "Allow", "Principal": {"AWS": "999988887777"}, "Action": read, "Resource": "*"}));
    assert_eq!(told(&other), (Extra, Critical, "the secret has a resource policy, which reaches another account"));
    let everybody = secret(json!({"Effect": "Allow", "Principal": "*", "Action": read, "Resource": "*"}));
    assert!(everybody.grade == Critical && everybody.what.ends_with(", which lets everybody in"));
    let nobody = secret(json!({"Effect": "Deny", "Principal": "*", "Action": "secretsmanager:*", "Resource": "*"}));
    assert!(nobody.grade == Critical && nobody.what.ends_with(", with which nothing is served"));
    let within = json!({"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::111122223333:role/a"}, "Action": read, "Resource": "*"});
    assert_eq!(secret(within).grade, High);
    let endpoint = after("vpc_endpoint.s3", "ec2:DescribeVpcEndpoints", |roots| {
        let deny = json!({"Statement": [{"Effect": "Deny", "Principal": "*", "Action": "*", "Resource": "*"}]});
        roots[0]["PolicyDocument"] = json!(deny.to_string());
    });
    assert_eq!((endpoint.class, endpoint.grade, endpoint.path), (Undeclared, High, "PolicyDocument"));
}

#[test]
fn what_was_done_to_the_database() {
    let set = |path: &str, value: Value| {
        after("database.main", "rds:DescribeDBInstances", |roots| put(&mut roots[0], path, value))
    };
    let port = set("Endpoint.Port", json!(5433));
    assert_eq!(told(&port), (Undeclared, Critical, "Endpoint.Port of the database is 5433 instead of 5432"));
    let password =
        set("MasterUserSecret.SecretArn", json!("arn:aws:secretsmanager:us-east-1:111122223333:secret:rds!db-1"));
    assert_eq!((password.class, password.grade), (Undeclared, High));
    assert!(password.why.contains("the program reads ours"), "{}", password.why);
    let another = set("DbiResourceId", json!("db-OTHER"));
    assert_eq!((another.class, another.grade), (Identity, Critical));
    let stopped = set("DBInstanceStatus", json!("stopped"));
    assert_eq!(told(&stopped), (Lifecycle, Critical, "the database is stopped, with which nothing is served"));
    let full = set("DBInstanceStatus", json!("storage-full"));
    assert_eq!(full.grade, Critical);
    assert_eq!(set("DBInstanceStatus", json!("incompatible-parameters")).grade, High);
    let failover = set("AvailabilityZone", json!("us-east-1b"));
    assert_eq!((failover.class, failover.grade, failover.remember), (ByAws, Low, Some(json!("us-east-1b"))));
    let renamed = set("PendingModifiedValues.DBInstanceIdentifier", json!("theirs"));
    assert_eq!((renamed.class, renamed.grade), (DeviationClass::Changed, Critical));
    let mut snapshot = World::in_sync();
    snapshot.told("database.main", "rds:DescribeDBSnapshots").push(json!({"DBSnapshotIdentifier": "copy"}));
    assert_eq!(one(&snapshot, "database.main").grade, Low);
    let attributes = |who: &str| json!({"DBSnapshotIdentifier": "copy", "DBSnapshotAttributes": [{"AttributeName": "restore", "AttributeValues": [who]}]});
    for who in ["all", "999988887777"] {
        let mut given = snapshot.clone();
        given.told("database.main", "rds:DescribeDBSnapshotAttributes").push(attributes(who));
        let found = given.judge("database.main");
        assert_eq!(
            found.iter().map(|one| one.grade).collect::<Vec<_>>(),
            [Critical, Critical],
            "{who}: the copy, and to whom it was given"
        );
    }
}

#[test]
fn what_was_done_to_networks_nodes_and_targets() {
    let main = |route: Value| {
        after("vpc.main", "ec2:DescribeRouteTables", |roots| {
            let main = roots.iter_mut().find(|root| root["RouteTableId"] == "rtb-main").unwrap();
            main["Routes"].as_array_mut().unwrap().push(route);
        })
    };
    assert_eq!(main(json!({"DestinationCidrBlock": "0.0.0.0/0", "GatewayId": "igw-9"})).grade, High);
    assert_eq!(main(json!({"DestinationCidrBlock": "10.9.0.0/16", "VpcPeeringConnectionId": "pcx-1"})).grade, Medium);
    let taint = |effect: &str| {
        after("node_group.main", "eks:DescribeNodegroup", |roots| {
            put(&mut roots[0], "taints[].*", json!({"key": "no", "effect": effect}));
        })
    };
    assert_eq!((taint("NO_EXECUTE").grade, taint("NO_SCHEDULE").grade), (Critical, High));
    let none = after("node_group.main", "eks:DescribeNodegroup", |roots| {
        put(&mut roots[0], "scalingConfig.desiredSize", json!(0));
    });
    assert_eq!((none.class, none.grade), (Lifecycle, Critical));
    let night = after("node_group.main", "autoscaling:DescribeScheduledActions", |roots| {
        roots.push(json!({"ScheduledActionName": "night", "DesiredCapacity": 0}));
    });
    assert_eq!((night.class, night.grade), (Extra, Critical));
    let target = after("target_group.main", "elasticloadbalancing:DescribeTargetHealth", |roots| {
        roots.push(json!({"Target": {"Id": "i-stranger"}, "TargetHealth": {"State": "healthy"}}));
    });
    assert_eq!((target.class, target.grade, target.member.as_deref()), (Extra, Critical, Some("i-stranger")));
    let sick = after("target_group.main", "elasticloadbalancing:DescribeTargetHealth", |roots| {
        put(&mut roots[0], "TargetHealth.State", json!("unhealthy"));
    });
    assert_eq!((sick.class, sick.grade), (Lifecycle, Critical));
    let entries = |entry: Value| {
        after("vpc.main", "ec2:DescribeNetworkAcls", |roots| roots[0]["Entries"].as_array_mut().unwrap().push(entry))
    };
    let all = entries(
        json!({"RuleNumber": 1, "Egress": false, "RuleAction": "deny", "Protocol": "-1", "CidrBlock": "0.0.0.0/0"}),
    );
    assert_eq!((all.class, all.grade), (Undeclared, Critical));
    let some = entries(
        json!({"RuleNumber": 1, "Egress": false, "RuleAction": "deny", "Protocol": "-1", "CidrBlock": "1.2.3.4/32"}),
    );
    assert_eq!(some.grade, High);
    let mut edge = World::in_sync();
    edge.told("route_table.public", "ec2:DescribeRouteTables")[0]["Associations"]
        .as_array_mut()
        .unwrap()
        .push(json!({"GatewayId": "igw-0000000f"}));
    assert_eq!(one(&edge, "route_table.public").grade, Critical);
}

/// Each end and each age, told from the declared day on and not a day earlier.
#[test]
fn ages_and_ends_are_told_from_the_declared_days_on() {
    // The look is on 2026-11-30.
    let usual = LifecycleDays::default();
    let certificate = |certificate| LifecycleDays { certificate, ..usual };
    told_from(
        "listener.https",
        ("acm:DescribeCertificate", "NotAfter", "2026-12-20T10:00:00Z"),
        [20, 19].map(certificate),
    );
    let image = |image| LifecycleDays { image, ..usual };
    told_from("node_group.main", ("eks:DescribeNodegroup", "releaseVersion", "1.34.1-20261101"), [28, 29].map(image));
    let password = |password| LifecycleDays { password, ..usual };
    let made = ("secretsmanager:ListSecretVersionIds", "Versions[].CreatedDate", "2026-09-01T00:00:00Z");
    told_from("secret.database", made, [89, 90].map(password));
}

/// What a call answers is told with the first days declared, and not with the second.
fn told_from(at: &str, (call, path, value): (&str, &str, &str), [told, silent]: [LifecycleDays; 2]) {
    let mut world = World::in_sync();
    put(&mut world.told(at, call)[0], path, json!(value));
    world.days = told;
    assert_eq!(world.judge(at).len(), 1, "{at} with {told:?}");
    world.days = silent;
    assert_eq!(world.judge(at), [], "{at} with {silent:?}");
}

#[test]
fn ends_that_come_near_are_told_in_days() {
    let set = |path: &str, value: Value| {
        after("listener.https", "acm:DescribeCertificate", |roots| put(&mut roots[0], path, value))
    };
    let ends = set("NotAfter", json!("2026-12-20T10:00:00Z"));
    assert_eq!(told(&ends), (Lifecycle, High, "the listener shows a certificate that ends in 20 days"));
    assert_eq!(set("Status", json!("REVOKED")).grade, Critical);
    let version = after("cluster.main", "eks:DescribeClusterVersions", |roots| {
        roots[0]["endOfStandardSupportDate"] = json!("2026-12-02");
    });
    assert_eq!(told(&version), (Lifecycle, Medium, "the cluster runs a version whose standard support ends in 1 day"));
    let image = after("node_group.main", "eks:DescribeNodegroup", |roots| {
        roots[0]["releaseVersion"] = json!("1.34.1-20261001");
    });
    assert_eq!(told(&image), (Lifecycle, Low, "the node group runs an image of its nodes that is 60 days old"));
    let replaced = after("secret.encryption-key", "secretsmanager:DescribeSecret", |roots| {
        roots[0]["VersionIdsToStages"] = json!({"other": ["AWSCURRENT"]});
    });
    assert_eq!((replaced.class, replaced.grade), (Undeclared, High));
    let deleted = after("secret.encryption-key", "secretsmanager:DescribeSecret", |roots| {
        roots[0]["DeletedDate"] = json!(1_796_000_000);
    });
    assert_eq!((deleted.class, deleted.grade), (Lifecycle, Critical));
}

#[test]
fn an_object_that_is_gone_is_told_once_and_no_target_is_critical() {
    let mut gone = World::in_sync();
    gone.told("database.main", "rds:DescribeDBInstances").clear();
    assert_eq!(gone.judge("database.main"), [], "that it is missing is seen by the look itself");
    let none = after("target_group.main", "elasticloadbalancing:DescribeTargetHealth", Vec::clear);
    assert_eq!((none.class, none.grade), (Lifecycle, Critical));
    let missing = |at: &str| World::in_sync().table(&at.parse().unwrap()).missing();
    assert_eq!((missing("database.main"), missing("elastic_ip.nat-a")), (Some(Critical), Some(High)));
}

#[test]
fn what_is_remembered_is_about_the_object_as_it_is_recorded() {
    let world = World::in_sync();
    let at = "database.main".parse().unwrap();
    let remembered = world.look(&at, |look| baseline_of(&look));
    let mut known = world.recorded[&at].clone();
    assert!(is_about(&remembered, Some(&known)) && is_about(&Baseline::new(), Some(&known)));
    known.declared.set("backup_days", json!(8));
    assert!(is_about(&remembered, Some(&known)), "what is asked for of it may change");
    known.computed.set("resource_id", json!("db-OTHER"));
    assert!(!is_about(&remembered, Some(&known)) && !is_about(&remembered, None), "another one under its name");
}
