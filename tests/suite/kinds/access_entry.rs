//! Access entries.

use std::collections::BTreeSet;

use aws_sdk_eks::types::{AccessScope, AccessScopeType};
use ppm_infra::cloud::ErrorKind;
use ppm_infra::model::address::Address;
use ppm_infra::model::document::Document;
use ppm_infra::model::observation::Observation;
use ppm_infra::model::reference::Ref;
use ppm_infra::model::resource::Resource;
use ppm_infra::resources::access_entry::{AccessEntry, AccessEntryComputed, Principal};
use serde_json::json;

use super::cluster::{lab, sample as cluster};
use crate::support::lifecycle::Lab;
use crate::support::platform::{differing, role};

const ADMIN: &str = "arn:aws:eks::aws:cluster-access-policy/AmazonEKSClusterAdminPolicy";
const VIEW: &str = "arn:aws:eks::aws:cluster-access-policy/AmazonEKSViewPolicy";
const EDIT: &str = "arn:aws:eks::aws:cluster-access-policy/AmazonEKSEditPolicy";

/// The entry `name` of the cluster `main`.
pub(crate) fn sample(name: &str, principal: Principal) -> AccessEntry {
    AccessEntry {
        cluster: Ref::named("main"),
        principal,
        policies: policies(&[ADMIN]),
        tags: Lab::tags("access_entry", name),
    }
}

fn policies(arns: &[&str]) -> BTreeSet<String> {
    arns.iter().map(|&arn| arn.to_owned()).collect()
}

fn address(name: &str) -> Address {
    Address::of(AccessEntry::KIND, name)
}

#[tokio::test]
async fn an_access_entry_is_made_found_changed_and_removed() {
    let (mut lab, platform) = lab(0).await;
    lab.make("main", &cluster(&platform)).await;
    // One policy on a page, one entry on a page.
    lab.emulator.post("/strict/settings", &json!({"extra": {"eks_page": 1}}));
    let team = role(&lab.clients, "team", "ec2.amazonaws.com", &[]).await;
    for (name, principal) in [("creator", Principal::Creator), ("team", Principal::Arn(team.clone()))] {
        let entry = sample(name, principal);
        let made: AccessEntryComputed = lab.make(name, &entry).await;
        assert_eq!(made.id, format!("lab/{}", made.principal_arn));
        lab.find_again::<AccessEntry>(name).await;
        let mut tagged = entry.clone();
        tagged.tags.insert("team".to_owned(), "data".to_owned());
        let variants = [
            tagged,
            AccessEntry { policies: policies(&[ADMIN, VIEW, EDIT]), ..entry.clone() },
            AccessEntry { policies: policies(&[VIEW]), ..entry.clone() },
            AccessEntry { policies: policies(&[]), ..entry.clone() },
        ];
        for variant in &variants {
            lab.change(name, variant).await;
            lab.change(name, &entry).await;
        }
    }
    let creator = lab.ids.computed(&address("creator")).unwrap().text("principal_arn").unwrap().to_owned();
    assert_eq!(creator, "arn:aws:iam::123456789012:role/platform-admin", "a role, not its session");
    lab.remove::<AccessEntry>("creator").await;
    lab.remove::<AccessEntry>("team").await;
}

#[tokio::test]
async fn what_others_change_on_an_access_entry_shows_as_that_field() {
    let (mut lab, platform) = lab(0).await;
    lab.make("main", &cluster(&platform)).await;
    let entry = AccessEntry { policies: policies(&[ADMIN, VIEW]), ..sample("creator", Principal::Creator) };
    let made = lab.make("creator", &entry).await;
    let eks = lab.clients.eks.clone();
    let associate = |policy: &str, scope: AccessScope| {
        let call = eks.associate_access_policy().cluster_name("lab").principal_arn(&made.principal_arn);
        call.policy_arn(policy).access_scope(scope)
    };
    let whole = AccessScope::builder().r#type(AccessScopeType::Cluster).build();
    let some = AccessScope::builder().r#type(AccessScopeType::Namespace).namespaces("default").build();

    associate(EDIT, whole).send().await.unwrap();
    let seen = lab.look("creator", Some(&entry)).await.unwrap();
    assert_eq!((differing(&entry, &seen), seen.policies.len()), (vec!["policies".to_owned()], 3));
    lab.change("creator", &entry).await;
    let narrowed = associate(VIEW, some.clone());
    narrowed.send().await.unwrap();
    let seen = lab.look("creator", Some(&entry)).await.unwrap();
    assert_eq!((differing(&entry, &seen), seen.policies), (vec!["policies".to_owned()], policies(&[ADMIN])));
    lab.change("creator", &entry).await;
    let removed = eks.disassociate_access_policy().cluster_name("lab").principal_arn(&made.principal_arn);
    removed.policy_arn(ADMIN).send().await.unwrap();
    assert_eq!(differing(&entry, &lab.look("creator", Some(&entry)).await.unwrap()), ["policies"]);
    lab.change("creator", &entry).await;
    eks.untag_resource().resource_arn(&made.arn).tag_keys("Name").send().await.unwrap();
    assert_eq!(differing(&entry, &lab.look("creator", Some(&entry)).await.unwrap()), ["tags"]);
    lab.change("creator", &entry).await;

    // Nobody's business, but worth a note.
    eks.tag_resource().resource_arn(&made.arn).tags("cost-centre", "42").send().await.unwrap();
    associate(EDIT, some).send().await.unwrap();
    let groups = eks.update_access_entry().cluster_name("lab").principal_arn(&made.principal_arn);
    groups.kubernetes_groups("viewers").send().await.unwrap();
    let found = lab.observe(&address("creator"), Some(&Document::of(&entry)), true).await;
    let Observation::Present { known, notes, .. } = found else { panic!("{found:?}") };
    assert_eq!(known.declared, Document::of(&entry));
    assert!(notes.iter().any(|note| note.contains(EDIT) && note.contains("default")), "{notes:?}");
    assert!(notes.iter().any(|note| note.contains("viewers")), "{notes:?}");

    eks.delete_access_entry().cluster_name("lab").principal_arn(&made.principal_arn).send().await.unwrap();
    assert_eq!(lab.look("creator", Some(&entry)).await, None);
    lab.make("creator", &entry).await;
    eks.update_cluster_config().name("lab").deletion_protection(false).send().await.unwrap();
    eks.delete_cluster().name("lab").send().await.unwrap();
    assert_eq!(lab.look("creator", Some(&entry)).await, None, "it is gone with its cluster");
    lab.remove::<AccessEntry>("creator").await;
}

#[tokio::test]
async fn an_access_entry_of_others_is_left_alone() {
    let (mut lab, platform) = lab(0).await;
    lab.make("main", &cluster(&platform)).await;
    let team = role(&lab.clients, "team", "ec2.amazonaws.com", &[]).await;
    let eks = lab.clients.eks.clone();
    let caller = "arn:aws:iam::123456789012:role/platform-admin";
    for (name, principal, arn) in
        [("creator", Principal::Creator, caller), ("team", Principal::Arn(team.clone()), team.as_str())]
    {
        eks.create_access_entry().cluster_name("lab").principal_arn(arn).send().await.unwrap();
        let entry = sample(name, principal);
        let error = lab.try_make(name, &entry).await.unwrap_err();
        assert!(error.kind == ErrorKind::NotOurs && error.says(arn), "{error}");
        let found = lab.observe(&address(name), Some(&Document::of(&entry)), false).await;
        assert!(matches!(&found, Observation::Foreign { id, .. } if id.contains(arn)), "{found:?}");
        let associated = eks.list_associated_access_policies().cluster_name("lab").principal_arn(arn);
        assert!(associated.send().await.unwrap().associated_access_policies().is_empty());
    }
}

#[tokio::test]
async fn an_entry_that_was_half_made_is_finished() {
    let (mut lab, platform) = lab(0).await;
    lab.make("main", &cluster(&platform)).await;
    // The program ended between the entry and its policies.
    let entry = sample("creator", Principal::Creator);
    let call = lab.clients.eks.create_access_entry().cluster_name("lab");
    let call = call.principal_arn("arn:aws:iam::123456789012:role/platform-admin");
    call.set_tags(Some(entry.tags.clone().into_iter().collect())).send().await.unwrap();
    lab.make("creator", &entry).await;
}

#[tokio::test]
async fn nothing_is_inside_a_cluster_that_is_only_being_made() {
    let (lab, platform) = lab(1).await;
    let made = cluster(&platform);
    let vpc = aws_sdk_eks::types::VpcConfigRequest::builder().set_subnet_ids(Some(platform.private.clone())).build();
    let call = lab.clients.eks.create_cluster().name("lab").role_arn(&platform.cluster_role).version(made.version);
    call.resources_vpc_config(vpc).send().await.unwrap();
    for principal in [Principal::Creator, Principal::Arn(platform.node_role.clone())] {
        let entry = AccessEntry { cluster: Ref::external("lab"), ..sample("creator", principal) };
        let found = lab.observe(&address("creator"), Some(&Document::of(&entry)), false).await;
        assert_eq!(found, Observation::Absent);
    }
}

#[tokio::test]
async fn an_entry_that_was_removed_a_moment_ago_is_waited_for() {
    let (mut lab, platform) = lab(0).await;
    lab.make("main", &cluster(&platform)).await;
    let lag = json!({"service": "eks", "operation": "CreateAccessEntry", "kind": "code", "nth": 1, "status": 409,
        "code": "ResourceInUseException",
        "message": "The specified access entry resource is already in use on this cluster."});
    lab.emulator.post("/strict/faults", &lag);
    lab.make("creator", &sample("creator", Principal::Creator)).await;
}
