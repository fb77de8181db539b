//! Clusters.

use std::collections::BTreeSet;
use std::time::Duration;

use aws_sdk_eks::types::{
    CreateAccessConfigRequest, LogSetup, LogType, Logging, SupportType, UpgradePolicyRequest, VpcConfigRequest,
};
use ppm_infra::cloud::ErrorKind;
use ppm_infra::model::address::Address;
use ppm_infra::model::document::Document;
use ppm_infra::model::mark::Tags;
use ppm_infra::model::observation::Observation;
use ppm_infra::model::reference::Ref;
use ppm_infra::model::resource::Resource;
use ppm_infra::resources::cluster::{Cluster, ClusterComputed};
use serde_json::json;

use crate::support::lifecycle::Lab;
use crate::support::platform::{Platform, differing, role};

/// A cluster on `platform`.
pub(crate) fn sample(platform: &Platform) -> Cluster {
    Cluster {
        name: "lab".to_owned(),
        version: "1.34".to_owned(),
        role: Ref::external(&platform.cluster_role),
        subnets: subnets(&platform.private),
        service_cidr: "172.20.0.0/16".to_owned(),
        private_access: true,
        public_access: true,
        public_cidrs: strings(["0.0.0.0/0"]),
        logging: strings(["api", "audit"]),
        kms_key: Ref::external(&platform.key),
        authentication_mode: "API".to_owned(),
        support: "STANDARD".to_owned(),
        deletion_protection: true,
        tags: Lab::tags("cluster", "main"),
    }
}

fn strings<const N: usize>(texts: [&str; N]) -> BTreeSet<String> {
    texts.map(str::to_owned).into()
}

fn subnets<R: Resource>(ids: &[String]) -> BTreeSet<Ref<R>> {
    ids.iter().map(Ref::external).collect()
}

fn address() -> Address {
    Address::of(Cluster::KIND, "main")
}

/// A laboratory with a platform.
pub(crate) async fn lab(scale: u32) -> (Lab, Platform) {
    let lab = Lab::new(scale).await;
    let platform = Platform::new(&lab.emulator, &lab.clients, scale).await;
    (lab, platform)
}

/// Makes a cluster as somebody else would.
async fn make_by_hand(lab: &Lab, platform: &Platform, tags: Tags) {
    let vpc = VpcConfigRequest::builder().set_subnet_ids(Some(platform.private.clone())).build();
    let access = CreateAccessConfigRequest::builder().authentication_mode("API".into()).build();
    let call = lab.clients.eks.create_cluster().name("lab").role_arn(&platform.cluster_role).version("1.34");
    let call = call
        .resources_vpc_config(vpc)
        .access_config(access)
        .set_tags((!tags.is_empty()).then(|| tags.into_iter().collect()));
    call.send().await.unwrap();
}

/// The kinds of all changes made to the cluster so far.
async fn changes(lab: &Lab) -> Vec<String> {
    let eks = &lab.clients.eks;
    let ids = eks.list_updates().name("lab").send().await.unwrap().update_ids.unwrap_or_default();
    let mut kinds = Vec::new();
    for id in ids {
        let update = eks.describe_update().name("lab").update_id(id).send().await.unwrap().update.unwrap();
        kinds.push(update.r#type.unwrap().as_str().to_owned());
    }
    kinds
}

#[tokio::test]
async fn a_cluster_is_made_found_changed_and_removed() {
    let (mut lab, platform) = lab(0).await;
    let cluster = Cluster { authentication_mode: "API_AND_CONFIG_MAP".to_owned(), ..sample(&platform) };
    let made: ClusterComputed = lab.make("main", &cluster).await;
    assert!(made.endpoint.unwrap().starts_with("https://") && made.issuer.unwrap().starts_with("https://"));
    assert!(made.security_group_id.unwrap().starts_with("sg-") && made.certificate_authority.is_some());
    assert!(changes(&lab).await.is_empty(), "everything is right from the start");
    lab.find_again::<Cluster>("main").await;

    let cluster = Cluster { authentication_mode: "API".to_owned(), ..cluster };
    lab.change("main", &cluster).await;
    let mut tagged = cluster.clone();
    tagged.tags.insert("team".to_owned(), "data".to_owned());
    tagged.tags.insert("Name".to_owned(), "other".to_owned());
    let mut moved = platform.private.clone();
    moved[0].clone_from(&platform.public[0]);
    let variants = [
        tagged,
        Cluster { subnets: subnets(&moved), ..cluster.clone() },
        Cluster { private_access: false, ..cluster.clone() },
        Cluster { public_access: false, ..cluster.clone() },
        Cluster { public_cidrs: strings(["198.51.100.0/24", "203.0.113.0/24"]), ..cluster.clone() },
        Cluster { logging: strings(["scheduler", "controllerManager", "authenticator"]), ..cluster.clone() },
        Cluster { logging: BTreeSet::new(), ..cluster.clone() },
        Cluster { support: "EXTENDED".to_owned(), ..cluster.clone() },
        Cluster { deletion_protection: false, ..cluster.clone() },
        Cluster {
            subnets: subnets(&moved),
            public_access: false,
            logging: BTreeSet::new(),
            deletion_protection: false,
            ..cluster.clone()
        },
    ];
    for variant in &variants {
        lab.change("main", variant).await;
        lab.change("main", &cluster).await;
    }
    let before = changes(&lab).await.len();
    lab.change("main", &cluster).await;
    assert_eq!(changes(&lab).await.len(), before, "what does not differ is not changed");
    lab.change("main", &Cluster { version: "1.35".to_owned(), ..cluster.clone() }).await;
    assert_eq!(changes(&lab).await.last().unwrap(), "VersionUpdate");
    lab.remove::<Cluster>("main").await;
}

#[tokio::test]
async fn one_way_to_the_api_opens_before_the_other_closes() {
    let (mut lab, platform) = lab(0).await;
    let private = Cluster { public_access: false, ..sample(&platform) };
    let public = Cluster {
        public_access: true,
        private_access: false,
        public_cidrs: strings(["198.51.100.0/24"]),
        ..private.clone()
    };
    lab.make("main", &private).await;
    lab.change("main", &public).await;
    lab.change("main", &Cluster { public_cidrs: public.public_cidrs.clone(), ..private.clone() }).await;
    let eks = &lab.clients.eks;
    let mut steps = Vec::new();
    for id in eks.list_updates().name("lab").send().await.unwrap().update_ids() {
        let update = eks.describe_update().name("lab").update_id(id).send().await.unwrap().update.unwrap();
        let param = |name: &str| {
            update
                .params()
                .iter()
                .find(|p| p.r#type().is_some_and(|t| t.as_str() == name))
                .unwrap()
                .value()
                .unwrap()
                .to_owned()
        };
        steps.push((param("EndpointPrivateAccess"), param("EndpointPublicAccess"), param("PublicAccessCidrs")));
    }
    let step =
        |private: &str, public: &str| (private.to_owned(), public.to_owned(), "[\"198.51.100.0/24\"]".to_owned());
    assert_eq!(steps, [step("true", "true"), step("false", "true"), step("true", "true"), step("true", "false")]);
}

#[tokio::test]
async fn what_others_change_on_a_cluster_shows_as_that_field() {
    let (mut lab, platform) = lab(0).await;
    let cluster = sample(&platform);
    let made = lab.make("main", &cluster).await;
    let eks = lab.clients.eks.clone();
    let change = || eks.update_cluster_config().name("lab");
    let vpc = VpcConfigRequest::builder;
    let mut moved = platform.private.clone();
    moved[0].clone_from(&platform.public[0]);
    let off = LogSetup::builder().set_types(Some(LogType::values().iter().map(|&t| t.into()).collect())).enabled(false);
    let cases = [
        ("private_access", change().resources_vpc_config(vpc().endpoint_private_access(false).build())),
        ("public_access", change().resources_vpc_config(vpc().endpoint_public_access(false).build())),
        ("public_cidrs", change().resources_vpc_config(vpc().public_access_cidrs("198.51.100.0/24").build())),
        ("subnets", change().resources_vpc_config(vpc().set_subnet_ids(Some(moved)).build())),
        ("logging", change().logging(Logging::builder().cluster_logging(off.build()).build())),
        (
            "support",
            change().upgrade_policy(UpgradePolicyRequest::builder().support_type(SupportType::Extended).build()),
        ),
        ("deletion_protection", change().deletion_protection(false)),
    ];
    for (field, call) in cases {
        call.send().await.unwrap();
        let seen = lab.look("main", Some(&cluster)).await.unwrap();
        assert_eq!(differing(&cluster, &seen), [field]);
        lab.change("main", &cluster).await;
    }

    eks.untag_resource().resource_arn(&made.arn).tag_keys("Name").send().await.unwrap();
    let seen = lab.look("main", Some(&cluster)).await.unwrap();
    assert_eq!(differing(&cluster, &seen), ["tags"]);
    lab.change("main", &cluster).await;

    // Nobody's business.
    eks.tag_resource().resource_arn(&made.arn).tags("cost-centre", "42").send().await.unwrap();
    lab.emulator.post("/strict/mutate", &json!({"kind": "cluster", "id": "lab", "action": "platform_version"}));
    let group = lab.clients.ec2.create_security_group().group_name("extra").description("extra").vpc_id(&platform.vpc);
    let group = group.send().await.unwrap().group_id.unwrap();
    change().resources_vpc_config(vpc().security_group_ids(group).build()).send().await.unwrap();
    assert_eq!(lab.look("main", Some(&cluster)).await.unwrap(), cluster);

    lab.emulator.post("/strict/mutate", &json!({"kind": "cluster", "id": "lab", "action": "force_upgrade"}));
    let seen = lab.look("main", Some(&cluster)).await.unwrap();
    assert_eq!(differing(&cluster, &seen), ["version"]);

    change().deletion_protection(false).send().await.unwrap();
    eks.delete_cluster().name("lab").send().await.unwrap();
    assert_eq!(lab.look("main", Some(&cluster)).await, None);
}

#[tokio::test]
async fn a_cluster_of_others_is_left_alone() {
    let (mut lab, platform) = lab(0).await;
    let tags = Tags::from([("owner".to_owned(), "somebody".to_owned())]);
    make_by_hand(&lab, &platform, tags.clone()).await;
    let cluster = sample(&platform);
    let error = lab.try_make("main", &cluster).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::NotOurs, "{error}");
    assert!(error.says("adopt") && error.says("ppm-infra:stack"), "{error}");
    let found = lab.observe(&address(), Some(&Document::of(&cluster)), false).await;
    assert!(matches!(&found, Observation::Foreign { id, .. } if id == "lab"), "{found:?}");
    let there = lab.clients.eks.describe_cluster().name("lab").send().await.unwrap().cluster.unwrap();
    assert_eq!(there.tags.unwrap().into_iter().collect::<Tags>(), tags);
    assert!(changes(&lab).await.is_empty());
}

#[tokio::test]
async fn another_cluster_under_our_name_is_neither_changed_nor_deleted() {
    let (mut lab, platform) = lab(0).await;
    let cluster = Cluster { deletion_protection: false, ..sample(&platform) };
    let first = lab.make("main", &cluster).await;
    lab.clients.eks.delete_cluster().name("lab").send().await.unwrap();
    assert_eq!(lab.look("main", Some(&cluster)).await, None);
    make_by_hand(&lab, &platform, Tags::new()).await;
    let found = lab.observe(&address(), Some(&Document::of(&cluster)), true).await;
    assert!(
        matches!(&found, Observation::Foreign { because, .. } if because.contains(first.issuer.as_ref().unwrap())),
        "{found:?}"
    );
    assert_eq!(lab.observe_to_remove(&address(), true).await, Observation::Absent);
    // Ours is gone; this one belongs to somebody.
    lab.try_remove::<Cluster>("main").await.unwrap();
    lab.clients.eks.describe_cluster().name("lab").send().await.unwrap();
}

#[tokio::test]
async fn a_new_role_is_waited_for() {
    let (mut lab, platform) = lab(200).await;
    // EKS refuses a role younger than this, each time in other words.
    lab.emulator.post("/strict/settings", &json!({"consistency": {"eks_role": 60}}));
    let role = role(&lab.clients, "young", "eks.amazonaws.com", &["AmazonEKSClusterPolicy"]).await;
    let cluster = Cluster { role: Ref::external(role), ..sample(&platform) };
    lab.make("main", &cluster).await;
}

#[tokio::test]
async fn what_an_earlier_run_began_is_waited_for() {
    let (mut lab, platform) = lab(300).await;
    // The answer to the create call was lost, and the program with it.
    make_by_hand(&lab, &platform, Lab::tags("cluster", "main")).await;
    let cluster = Cluster {
        private_access: true,
        logging: BTreeSet::new(),
        kms_key: Ref::external("none"),
        deletion_protection: false,
        ..sample(&platform)
    };
    lab.make("main", &cluster).await;
    assert_eq!(changes(&lab).await, ["EndpointAccessUpdate", "UpgradePolicyUpdate"], "taken over and corrected");

    // A change is running.
    lab.clients.eks.update_cluster_config().name("lab").deletion_protection(true).send().await.unwrap();
    let logged = Cluster { logging: strings(["audit"]), deletion_protection: true, ..cluster.clone() };
    lab.change("main", &logged).await;
    assert_eq!(
        changes(&lab).await[2..],
        ["DeletionProtectionUpdate", "LoggingUpdate"],
        "what was done already is not repeated"
    );

    lab.remove::<Cluster>("main").await;
}

#[tokio::test]
async fn a_creation_that_was_interrupted_goes_on() {
    let (mut lab, platform) = lab(100).await;
    let cluster = sample(&platform);
    // What may not be read is neither there nor gone.
    let denied = json!({"service": "eks", "operation": "DescribeCluster", "kind": "denied"});
    lab.emulator.post("/strict/faults", &denied);
    let error = lab.try_make("main", &cluster).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Denied, "{error}");
    let found = lab.observe(&address(), Some(&Document::of(&cluster)), true).await;
    assert!(matches!(found, Observation::Unread { .. }), "{found:?}");
    lab.emulator.post("/strict/faults/clear", &json!({}));

    let Observation::Present { known, notes, .. } = lab.observe(&address(), Some(&Document::of(&cluster)), true).await
    else {
        panic!("the cluster is being made");
    };
    assert_eq!(known.declared, Document::of(&cluster));
    assert_eq!((known.computed.text("issuer"), notes), (None, vec!["its status is CREATING".to_owned()]));
    assert!(!lab.is_settled("main", &cluster).await);
    lab.change("main", &cluster).await;
    assert!(lab.is_settled("main", &cluster).await);
    assert_ne!(lab.ids.computed(&address()).unwrap().text("issuer"), None, "the next run waits and knows all");
    assert!(changes(&lab).await.is_empty());
}

#[tokio::test]
async fn a_change_that_fails_is_told_in_the_words_of_eks() {
    let (mut lab, platform) = lab(0).await;
    let cluster = sample(&platform);
    lab.make("main", &cluster).await;
    let order = json!({"kind": "cluster", "id": "lab", "action": "fail_update", "code": "SubnetNotFound",
        "message": "a subnet is missing"});
    lab.emulator.post("/strict/mutate", &order);
    let error = lab.try_change("main", &Cluster { logging: BTreeSet::new(), ..cluster.clone() }).await.unwrap_err();
    assert!(error.says("LoggingUpdate Failed: SubnetNotFound: a subnet is missing"), "{error}");
    assert_eq!(lab.look("main", Some(&cluster)).await.unwrap(), cluster);
    lab.change("main", &Cluster { logging: BTreeSet::new(), ..cluster }).await;

    let blocked = json!({"kind": "cluster", "id": "lab", "action": "block_upgrade", "reason": "deprecated APIs"});
    lab.emulator.post("/strict/mutate", &blocked);
    let upgraded = Cluster { version: "1.35".to_owned(), logging: BTreeSet::new(), ..sample(&platform) };
    let error = lab.try_change("main", &upgraded).await.unwrap_err();
    assert!(error.is("InvalidStateException") && error.says("deprecated APIs"), "{error}");
}

#[tokio::test]
async fn a_cluster_that_failed_is_made_again() {
    let (mut lab, platform) = lab(100).await;
    let cluster = sample(&platform);
    let order = json!({"kind": "cluster", "id": "lab", "action": "fail_creation", "code": "Other",
        "message": "no luck"});
    let failing = lab.emulator.post_later(Duration::from_millis(2500), "/strict/mutate", order);
    let error = lab.try_make("main", &cluster).await.unwrap_err();
    failing.join().unwrap();
    assert!(error.says("FAILED: Other: no luck"), "{error}");
    let found = lab.observe(&address(), Some(&Document::of(&cluster)), false).await;
    assert_eq!(found, Observation::Absent, "it has to be made again");
    let found = lab.observe_to_remove(&address(), true).await;
    assert!(matches!(&found, Observation::Present { notes, .. } if notes[0].contains("no luck")), "{found:?}");
    let found = lab.observe_to_remove(&address(), false).await;
    assert!(matches!(found, Observation::Present { .. }), "{found:?}: nobody else would remove it");
    lab.make("main", &cluster).await;
}

#[tokio::test]
async fn load_balancers_that_kubernetes_made_keep_a_cluster() {
    let (mut lab, platform) = lab(0).await;
    let cluster = sample(&platform);
    lab.make("main", &cluster).await;
    let order = json!({"kind": "cluster", "id": "lab", "action": "controller_balancer", "subnets": platform.public});
    let made = lab.emulator.post("/strict/mutate", &order);
    let arn = made["load_balancer"].as_str().unwrap();
    let error = lab.try_remove::<Cluster>("main").await.unwrap_err();
    assert!(error.kind == ErrorKind::Refused && error.says(arn), "{error}");
    assert_eq!(lab.look("main", Some(&cluster)).await.unwrap(), cluster, "nothing was changed");
    lab.clients.elb.delete_load_balancer().load_balancer_arn(arn).send().await.unwrap();
    lab.remove::<Cluster>("main").await;
}

#[tokio::test]
async fn the_security_group_that_eks_leaves_behind_goes() {
    let (mut lab, platform) = lab(0).await;
    let known = lab.make("main", &sample(&platform)).await;
    // A rule of another group keeps EKS from deleting its own, and it does not try again.
    let ec2 = lab.clients.ec2.clone();
    let other = ec2.create_security_group().group_name("database").description("database").vpc_id(&platform.vpc);
    let other = other.send().await.unwrap().group_id.unwrap();
    let pair =
        aws_sdk_ec2::types::UserIdGroupPair::builder().group_id(known.security_group_id.as_ref().unwrap()).build();
    let rule = aws_sdk_ec2::types::IpPermission::builder().ip_protocol("tcp").from_port(5432).to_port(5432);
    let rule = rule.user_id_group_pairs(pair).build();
    ec2.authorize_security_group_ingress().group_id(&other).ip_permissions(rule.clone()).send().await.unwrap();
    let error = lab.try_remove::<Cluster>("main").await.unwrap_err();
    assert!(error.is("DependencyViolation"), "{error}");
    // The cluster is gone; to somebody who removes everything it is there until nothing of it is left.
    let found = lab.observe_to_remove(&address(), true).await;
    assert!(
        matches!(&found, Observation::Present { notes, .. } if notes[0].contains("its security group")),
        "{found:?}"
    );
    assert_eq!(lab.observe(&address(), None, true).await, Observation::Absent);
    let left = || ec2.describe_security_groups().group_ids(known.security_group_id.as_ref().unwrap()).send();
    left().await.unwrap();
    ec2.revoke_security_group_ingress().group_id(&other).ip_permissions(rule).send().await.unwrap();
    lab.remove::<Cluster>("main").await;
    assert!(left().await.is_err(), "nothing of the cluster is left");
}

#[tokio::test]
async fn a_removal_that_was_interrupted_is_finished() {
    let (mut lab, platform) = lab(100).await;
    let known = lab.make("main", &Cluster { deletion_protection: false, ..sample(&platform) }).await;
    let eks = lab.clients.eks.clone();
    eks.delete_cluster().name("lab").send().await.unwrap();
    // The first look after the order still shows the old status.
    eks.describe_cluster().name("lab").send().await.unwrap();
    assert_eq!(lab.observe(&address(), None, true).await, Observation::Absent, "nobody can use it any more");
    for recorded in [true, false] {
        let found = lab.observe_to_remove(&address(), recorded).await;
        assert!(matches!(&found, Observation::Present { notes, .. } if notes[0].contains("DELETING")), "{found:?}");
    }
    lab.remove::<Cluster>("main").await;
    assert!(eks.describe_cluster().name("lab").send().await.is_err(), "its end was waited for");
    let group = lab.clients.ec2.describe_security_groups().group_ids(known.security_group_id.unwrap()).send().await;
    assert!(group.is_err(), "nothing of the cluster is left");
}

#[tokio::test]
async fn after_a_long_change_of_others_its_status_may_lag() {
    let (mut lab, platform) = lab(300).await;
    lab.make("main", &sample(&platform)).await;
    lab.clients.eks.update_cluster_version().name("lab").version("1.35").send().await.unwrap();
    // Refused while the upgrade runs, and once more when it is over.
    let lag = json!({"service": "eks", "operation": "UpdateClusterConfig", "kind": "code", "nth": 2, "status": 409,
        "code": "ResourceInUseException",
        "message": "Cannot UpdateClusterConfig because cluster lab currently has update in progress"});
    lab.emulator.post("/strict/faults", &lag);
    lab.remove::<Cluster>("main").await;
}

#[tokio::test]
async fn a_name_is_waited_for_until_it_is_free() {
    let (mut lab, platform) = lab(300).await;
    let cluster = Cluster { deletion_protection: false, ..sample(&platform) };
    let first = lab.make("main", &cluster).await;
    lab.clients.eks.delete_cluster().name("lab").send().await.unwrap();
    let second = lab.make("main", &cluster).await;
    assert_ne!(first.issuer, second.issuer);
}
