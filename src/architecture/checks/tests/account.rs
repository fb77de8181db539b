//! What the caller may do, and what the account does to everything in it.

use super::*;
use crate::model::facts::account::{
    DeniedAction, DeniedBy, DiskEncryption, EndpointService, Permits, StateBucketFacts,
};
use crate::model::facts::{KeyFacts, PrincipalFacts};
use crate::model::policy::Policy;

fn denial(action: &str) -> DeniedAction {
    DeniedAction {
        action: action.to_owned(),
        is_explicit: false,
        denied_by: DeniedBy::Policies,
        unknown_conditions: BTreeSet::new(),
    }
}

fn may_not(mut scene: Scene, denied: impl IntoIterator<Item = DeniedAction>) -> Scene {
    scene.facts.permits = Some(Permits { denied: denied.into_iter().collect(), untold: None });
    scene
}

#[tokio::test]
async fn what_the_caller_may_not_do_and_the_plan_does_is_told_before_it_is_tried() {
    let scene = may_not(Scene::of("").await, ["ec2:CreateNatGateway", "iam:CreateRole"].map(denial));
    let says = ["ec2:CreateNatGateway, iam:CreateRole", "ppm-infra iam-policy --for apply"];
    found(&scene, "permissions", Severity::Error, "nat_gateway.a", &says);
    // What this plan does not do need not be allowed.
    for action in ["ec2:DeleteVpc", "eks:UpdateClusterVersion", "iam:UntagRole", "ec2:ReplaceRoute"] {
        may_not(Scene::of("").await, [denial(action)]).passes("permissions");
    }
    for action in ["ec2:CreateVpc", "rds:CreateDBInstance", "ec2:ModifyVpcAttribute"] {
        may_not(Scene::standing("").await, [denial(action)]).passes("permissions");
    }
    let more = Scene::standing("").await.edited("database: {storage_gib: 150}\n").await;
    found(&may_not(more, [denial("rds:ModifyDBInstance")]), "permissions", Severity::Error, "database.main", &[]);
}

#[tokio::test]
async fn what_may_be_allowed_all_the_same_is_a_warning() {
    let conditional =
        DeniedAction { unknown_conditions: BTreeSet::from(["aws:SourceIp".to_owned()]), ..denial("ec2:CreateVpc") };
    found(&may_not(Scene::of("").await, [conditional]), "permissions", Severity::Warning, "vpc.main", &[]);
    // What stands may let the caller by a policy of its own, and what is made has none yet.
    let tagged = async || Scene::standing("").await.edited("tags: {team: data}\n").await;
    for action in ["s3:PutBucketTagging", "secretsmanager:TagResource", "kms:TagResource"] {
        let denied = denial(action);
        let explicit = DeniedAction { is_explicit: true, ..denied.clone() };
        let worst = |scene| may_not(scene, [denied.clone()]).check("permissions").worst();
        assert_eq!(worst(tagged().await), Some(Severity::Warning), "{action}");
        assert_eq!(worst(Scene::of("").await), Some(Severity::Error), "{action}");
        assert_eq!(may_not(tagged().await, [explicit]).check("permissions").worst(), Some(Severity::Error));
    }
    let boundary = DeniedAction { denied_by: DeniedBy::Boundary, ..denial("iam:CreateRole") };
    let told = may_not(Scene::of("").await, [boundary]).check("permissions").findings;
    assert!(told[0].what.starts_with("the permissions boundary does not let"), "{}", told[0].what);
}

#[tokio::test]
async fn each_who_denies_is_told_by_itself() {
    let by = |action, denied_by| DeniedAction { denied_by, ..denial(action) };
    let scene = Scene::of("").await;
    let check = may_not(scene, [by("iam:CreateRole", DeniedBy::Boundary), by("ec2:CreateVpc", DeniedBy::Organization)]);
    let told: Vec<String> = check.check("permissions").findings.into_iter().map(|finding| finding.what).collect();
    let [boundary, organization] = told.as_slice() else { panic!("{told:?}") };
    assert!(
        boundary.starts_with("the permissions boundary") && boundary.ends_with("call iam:CreateRole"),
        "{boundary}"
    );
    assert!(organization.starts_with("a policy of the organization"), "{organization}");
    assert!(organization.ends_with("call ec2:CreateVpc"), "{organization}");
}

#[tokio::test]
async fn where_iam_may_not_be_asked_nothing_is_known_but_what_ec2_says() {
    let mut scene = Scene::of("").await;
    let error = CloudError::new(ErrorKind::Denied, "ask IAM", "AccessDenied");
    scene.facts.permits = Some(Permits { denied: BTreeSet::new(), untold: Some(error.clone()) });
    found(
        &scene,
        "permissions",
        Severity::Unknown,
        "access_entry.creator",
        &["AccessDenied", "iam:SimulatePrincipalPolicy"],
    );
    scene.facts.permits = Some(Permits { denied: BTreeSet::from([denial("ec2:CreateVpc")]), untold: Some(error) });
    found(&scene, "permissions", Severity::Error, "vpc.main", &["ec2:CreateVpc"]);
}

#[tokio::test]
async fn roles_of_services_have_to_stand_or_be_allowed_to_be_made() {
    let create = "iam:CreateServiceLinkedRole";
    let without = async |name: &str, denied: &[&str]| {
        let mut scene = may_not(Scene::of("").await, denied.iter().map(|action| denial(action)));
        scene.facts.service_roles.insert(name.to_owned(), Fact::Missing);
        scene
    };
    let id = "permissions.service_roles";
    without("AWSServiceRoleForRDS", &[]).await.passes(id);
    let scene = without("AWSServiceRoleForRDS", &[create]).await;
    found(&scene, id, Severity::Error, "database.main", &["AWSServiceRoleForRDS", create]);
    let scene = without("AWSServiceRoleForAmazonEKSNodegroup", &[create]).await;
    found(&scene, id, Severity::Error, "node_group.main", &["AWSServiceRoleForAmazonEKSNodegroup"]);
    // Where all of them stand, nobody makes one.
    let scene = may_not(Scene::of("").await, [denial(create)]);
    scene.passes(id);
    scene.passes("permissions");
    let mut scene = Scene::of("").await;
    scene.facts.service_roles.insert("AWSServiceRoleForAutoScaling".to_owned(), denied::<PrincipalFacts>());
    found(&scene, id, Severity::Unknown, "node_group.main", &["iam:GetRole"]);
}

#[tokio::test]
async fn credentials_have_to_last_as_long_as_the_plan_may_take() {
    let ending = async |minutes: i64| {
        let mut scene = Scene::of("").await;
        scene.p90_seconds = 30 * 60;
        scene.credentials_end = Some(scene.now + jiff::SignedDuration::from_mins(minutes));
        scene
    };
    ending(30).await.passes("credentials");
    let says = ["end in 29 min, and this plan may take 30 min", "aws sso login"];
    found(&ending(29).await, "credentials", Severity::Error, "access_entry.creator", &says);
    found(&ending(-5).await, "credentials", Severity::Error, "access_entry.creator", &["end in 0 min"]);
    assert!(Scene::of("").await.checks().iter().all(|check| check.id != "credentials"), "nobody knows an end");
}

#[tokio::test]
async fn the_key_of_every_disk_has_to_be_usable_by_nodes() {
    let id = "kubernetes.nodes.disk_key";
    let arn = "arn:aws:kms:us-east-1:111122223333:key/disks";
    let policy = |text: &str| {
        Fact::There(Policy::new(&serde_json::json!({"Version": "2012-10-17", "Statement": [
            {"Effect": "Allow", "Principal": {"AWS": text}, "Action": "kms:*", "Resource": "*"}]})))
    };
    let service =
        "arn:aws:iam::111122223333:role/aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling";
    let key = |state: &str, policy: Fact<Policy>| KeyFacts {
        state: state.to_owned(),
        deleted_at: None,
        material_until: None,
        spec: "SYMMETRIC_DEFAULT".to_owned(),
        usage: "ENCRYPT_DECRYPT".to_owned(),
        is_aws_managed: false,
        policy,
    };
    let with = async |by_default: bool, key_facts: Fact<KeyFacts>| {
        let mut scene = Scene::of("").await;
        let key = Some(arn.to_owned());
        scene.facts.disk_encryption = Some(Fact::There(DiskEncryption { by_default, key, key_facts }));
        scene
    };
    Scene::of("").await.passes(id);
    with(true, Fact::There(key("Enabled", policy(service)))).await.passes(id);
    with(false, Fact::There(key("Disabled", policy(service)))).await.passes(id);
    for state in ["Disabled", "PendingDeletion"] {
        let scene = with(true, Fact::There(key(state, policy(service)))).await;
        found(&scene, id, Severity::Error, "node_group.main", &[state, "reset-ebs-default-kms-key-id"]);
    }
    found(&with(true, Fact::Missing).await, id, Severity::Error, "node_group.main", &["there is no key"]);
    found(&with(true, denied()).await, id, Severity::Unknown, "node_group.main", &["kms:DescribeKey"]);
    let closed = with(true, Fact::There(key("Enabled", policy("arn:aws:iam::111122223333:root")))).await;
    found(&closed, id, Severity::Warning, "node_group.main", &["role of Auto Scaling"]);
}

#[tokio::test]
async fn the_bucket_of_the_state_keeps_what_is_overwritten_and_others_out() {
    let with = async |versioned: bool, private: bool| {
        let mut scene = Scene::of("state: s3://acme-state/ppm\n").await;
        let (is_versioned, is_private) = (Fact::There(versioned), Fact::There(private));
        scene.facts.state_bucket = Some(StateBucketFacts { is_versioned, is_private });
        scene
    };
    with(true, true).await.passes("state");
    with(false, true).await.finds("state", Severity::Warning, 3, &["keeps no versions", "put-bucket-versioning"]);
    with(true, false).await.finds("state", Severity::Warning, 3, &["not blocked", "put-public-access-block"]);
}

#[tokio::test]
async fn services_of_endpoints_have_to_be_there_in_each_zone() {
    let id = "network.endpoint_services";
    let air_gapped =
        "network: {connectivity: air_gapped}\npackage_manager:\n  image: {repository: r.example.com/ppm, tag: x}\n";
    let with = async |change: fn(&mut BTreeMap<String, EndpointService>)| {
        let mut scene = Scene::of(air_gapped).await;
        let Some(Fact::There(services)) = &mut scene.facts.endpoint_services else { panic!("they are asked for") };
        change(services);
        scene
    };
    with(|_| ()).await.passes(id);
    let gone = with(|all| drop(all.remove("com.amazonaws.us-east-1.kms"))).await;
    found(&gone, id, Severity::Error, "vpc_endpoint.kms", &["us-east-1 has no service com.amazonaws.us-east-1.kms"]);
    let elsewhere = with(|all| {
        all.get_mut("com.amazonaws.us-east-1.eks").unwrap().zones.remove("us-east-1b");
    });
    found(&elsewhere.await, id, Severity::Error, "vpc_endpoint.eks", &["is not to be had in us-east-1b"]);
    assert!(Scene::of("").await.facts.endpoint_services.is_none());
}

#[tokio::test]
async fn the_class_of_the_database_has_to_be_there_in_its_zones() {
    let offered = async |zones: &[&str], more: &str| {
        let mut scene = Scene::of(more).await;
        let Some(told) = &mut scene.facts.database else { panic!("it is asked for") };
        let Fact::There(options) = &mut told.options else { panic!("it is told") };
        options[0].zones = zones.iter().map(|zone| (*zone).to_owned()).collect();
        scene
    };
    offered(&["us-east-1a", "us-east-1c"], "").await.passes("database.zones");
    let one = offered(&["us-east-1a", "us-east-1f"], "database: {instance_class: db.t3.xlarge}\n").await;
    one.finds("database.zones", Severity::Error, 3, &["us-east-1a, us-east-1f", "needs two zones"]);
    offered(&["us-east-1a", "us-east-1f"], "database: {multi_az: false}\n").await.passes("database.zones");
}

#[test]
fn docs_list_every_check() {
    let page = include_str!("../../../../docs/checks.md");
    let row = |line: &str| line.strip_prefix("| `")?.split_once('`').map(|(id, _)| id.to_owned());
    let listed: BTreeSet<String> = page.lines().filter_map(row).collect();
    let known: BTreeSet<String> = crate::architecture::checks::ids().into_iter().map(str::to_owned).collect();
    assert_eq!(listed, known);
}
