//! Add-ons.

use aws_sdk_eks::types::{CreateAccessConfigRequest, VpcConfigRequest};
use ppm_infra::cloud::ErrorKind;
use ppm_infra::model::address::Address;
use ppm_infra::model::document::Document;
use ppm_infra::model::mark::Tags;
use ppm_infra::model::observation::Observation;
use ppm_infra::model::reference::Ref;
use ppm_infra::model::resource::Resource;
use ppm_infra::resources::addon::{Addon, AddonComputed};
use ppm_infra::resources::cluster::Cluster;
use serde_json::json;

use super::cluster::{lab, sample as cluster};
use crate::support::lifecycle::Lab;
use crate::support::platform::differing;

const OLDER: &str = "v1.21.1-eksbuild.1";
const NEWER: &str = "v1.21.2-eksbuild.1";

/// The add-on `name` of the cluster `main`.
pub(crate) fn sample(name: &str, version: &str) -> Addon {
    Addon {
        cluster: Ref::named("main"),
        name: name.to_owned(),
        kubernetes_version: "1.34".to_owned(),
        version: version.to_owned(),
        tags: Lab::tags("addon", name),
    }
}

fn address(name: &str) -> Address {
    Address::of(Addon::KIND, name)
}

#[tokio::test]
async fn an_addon_is_made_found_changed_and_removed() {
    let (mut lab, platform) = lab(0).await;
    lab.make("main", &cluster(&platform)).await;
    let addon = sample("vpc-cni", OLDER);
    let made: AddonComputed = lab.make("vpc-cni", &addon).await;
    assert_eq!(made.id, "lab/vpc-cni");
    lab.find_again::<Addon>("vpc-cni").await;

    let mut tagged = addon.clone();
    tagged.tags.insert("team".to_owned(), "data".to_owned());
    let variants = [
        tagged,
        Addon { version: NEWER.to_owned(), ..addon.clone() },
        Addon { kubernetes_version: "1.35".to_owned(), ..addon.clone() },
        Addon { kubernetes_version: "1.35".to_owned(), version: NEWER.to_owned(), ..addon.clone() },
    ];
    for variant in &variants {
        lab.change("vpc-cni", variant).await;
        lab.change("vpc-cni", &addon).await;
    }
    lab.remove::<Addon>("vpc-cni").await;
}

#[tokio::test]
async fn what_others_change_on_an_addon_shows_as_that_field() {
    let (mut lab, platform) = lab(0).await;
    lab.make("main", &cluster(&platform)).await;
    let addon = sample("vpc-cni", OLDER);
    let made = lab.make("vpc-cni", &addon).await;
    let eks = lab.clients.eks.clone();
    let update = || eks.update_addon().cluster_name("lab").addon_name("vpc-cni");

    update().addon_version(NEWER).send().await.unwrap();
    let seen = lab.look("vpc-cni", Some(&addon)).await.unwrap();
    assert_eq!(differing(&addon, &seen), ["version"]);
    eks.untag_resource().resource_arn(&made.arn).tag_keys("ppm-infra:address").send().await.unwrap();
    let seen = lab.look("vpc-cni", Some(&addon)).await.unwrap();
    assert_eq!(differing(&addon, &seen), ["tags", "version"]);

    // What others configured stays when we change what is ours.
    update().configuration_values("{\"env\": {\"A\": \"1\"}}").send().await.unwrap();
    lab.change("vpc-cni", &addon).await;
    let there = eks.describe_addon().cluster_name("lab").addon_name("vpc-cni").send().await.unwrap().addon.unwrap();
    assert_eq!(there.configuration_values(), Some("{\"env\": {\"A\": \"1\"}}"));

    // Nobody's business.
    eks.tag_resource().resource_arn(&made.arn).tags("cost-centre", "42").send().await.unwrap();
    let order =
        json!({"kind": "addon", "id": "lab/vpc-cni", "action": "issue", "code": "InsufficientNumberOfReplicas"});
    lab.emulator.post("/strict/mutate", &order);
    let found = lab.observe(&address("vpc-cni"), Some(&Document::of(&addon)), true).await;
    let Observation::Present { known, notes, .. } = found else { panic!("{found:?}") };
    assert_eq!(known.declared, Document::of(&addon));
    assert!(notes[0].contains("DEGRADED: InsufficientNumberOfReplicas"), "{notes:?}");

    eks.delete_addon().cluster_name("lab").addon_name("vpc-cni").send().await.unwrap();
    assert_eq!(lab.look("vpc-cni", Some(&addon)).await, None);
    lab.make("vpc-cni", &addon).await;
    lab.clients.eks.update_cluster_config().name("lab").deletion_protection(false).send().await.unwrap();
    eks.delete_cluster().name("lab").send().await.unwrap();
    assert_eq!(lab.look("vpc-cni", Some(&addon)).await, None, "it is gone with its cluster");
    lab.remove::<Addon>("vpc-cni").await;
}

#[tokio::test]
async fn an_addon_of_others_is_left_alone() {
    let (mut lab, platform) = lab(0).await;
    lab.make("main", &cluster(&platform)).await;
    let eks = lab.clients.eks.clone();
    eks.create_addon().cluster_name("lab").addon_name("vpc-cni").addon_version(NEWER).send().await.unwrap();
    let addon = sample("vpc-cni", OLDER);
    let error = lab.try_make("vpc-cni", &addon).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::NotOurs, "{error}");
    let found = lab.observe(&address("vpc-cni"), Some(&Document::of(&addon)), false).await;
    assert!(matches!(&found, Observation::Foreign { id, .. } if id == "lab/vpc-cni"), "{found:?}");
    let there = eks.describe_addon().cluster_name("lab").addon_name("vpc-cni").send().await.unwrap().addon.unwrap();
    assert_eq!((there.addon_version(), there.tags().unwrap().len()), (Some(NEWER), 0));
}

#[tokio::test]
async fn an_addon_that_failed_is_made_again() {
    let (mut lab, platform) = lab(0).await;
    // A cluster that brought its own copies, and an add-on that did not dare to take one over.
    let vpc = VpcConfigRequest::builder().set_subnet_ids(Some(platform.private.clone())).build();
    let access = CreateAccessConfigRequest::builder().authentication_mode("API".into()).build();
    let call = lab.clients.eks.create_cluster().name("lab").role_arn(&platform.cluster_role).version("1.34");
    call.resources_vpc_config(vpc).access_config(access).send().await.unwrap();
    let addon = Addon { cluster: Ref::<Cluster>::external("lab"), ..sample("vpc-cni", OLDER) };
    let tags: Tags = addon.tags.clone();
    let call = lab.clients.eks.create_addon().cluster_name("lab").addon_name("vpc-cni").addon_version(OLDER);
    call.set_tags(Some(tags.into_iter().collect())).send().await.unwrap();
    let wanted = Document::of(&addon);
    assert_eq!(lab.observe(&address("vpc-cni"), Some(&wanted), false).await, Observation::Absent);
    lab.make("vpc-cni", &addon).await;
}

#[tokio::test]
async fn coredns_waits_for_nodes() {
    let (mut lab, platform) = lab(0).await;
    lab.make("main", &Cluster { deletion_protection: false, ..cluster(&platform) }).await;
    let addon = sample("coredns", "v1.12.4-eksbuild.1");
    let error = lab.try_make("coredns", &addon).await.unwrap_err();
    assert!(error.kind == ErrorKind::Timeout && error.says("InsufficientNumberOfReplicas"), "{error}");
    // It is there and recorded as unfinished: the next run waits on.
    assert_eq!(lab.look("coredns", Some(&addon)).await.unwrap(), addon);
    let error = lab.try_change("coredns", &addon).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Timeout, "{error}");
    lab.remove::<Addon>("coredns").await;
}

#[tokio::test]
async fn a_new_cluster_and_a_running_change_are_waited_for() {
    let (mut lab, platform) = lab(300).await;
    // For so long after it became active, a cluster does not know about add-ons everywhere.
    lab.emulator.post("/strict/settings", &json!({"consistency": {"eks_settling": 90}}));
    lab.make("main", &cluster(&platform)).await;
    let addon = sample("kube-proxy", "v1.34.5-eksbuild.1");
    lab.make("kube-proxy", &addon).await;
    assert!(lab.is_settled("kube-proxy", &addon).await);
    lab.pace(20);
    let update = lab.clients.eks.update_addon().cluster_name("lab").addon_name("kube-proxy");
    update.addon_version("v1.34.6-eksbuild.2").send().await.unwrap();
    assert!(!lab.is_settled("kube-proxy", &addon).await);
    lab.pace(300);
    lab.change("kube-proxy", &addon).await;
}
