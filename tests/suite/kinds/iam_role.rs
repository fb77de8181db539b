//! Roles.

use std::collections::BTreeSet;

use ppm_infra::cloud::ErrorKind;
use ppm_infra::model::address::Address;
use ppm_infra::model::document::Document;
use ppm_infra::model::observation::Observation;
use ppm_infra::model::reference::Ref;
use ppm_infra::model::resource::Resource;
use ppm_infra::resources::iam_policy::IamPolicy;
use ppm_infra::resources::iam_role::{IamRole, Trust};
use serde_json::json;

use crate::kinds::{iam_policy, oidc_provider};
use crate::support::lifecycle::Lab;

const CLUSTER_POLICY: &str = "arn:aws:iam::aws:policy/AmazonEKSClusterPolicy";
const CNI_POLICY: &str = "arn:aws:iam::aws:policy/AmazonEKS_CNI_Policy";

pub(crate) fn sample() -> IamRole {
    IamRole {
        name: "lab-main".to_owned(),
        description: "The control plane of the laboratory".to_owned(),
        trust: Trust::Service("eks.amazonaws.com".to_owned()),
        policies: BTreeSet::from([Ref::external(CLUSTER_POLICY)]),
        tags: Lab::tags("iam_role", "main"),
    }
}

#[tokio::test]
async fn a_role_is_made_found_changed_and_removed() {
    let mut lab = Lab::new(0).await;
    lab.make("main", &iam_policy::sample()).await;
    oidc_provider::cluster(&mut lab, "A1");
    lab.make("main", &oidc_provider::sample()).await;
    let role = sample();
    let computed = lab.make("main", &role).await;
    assert_eq!(computed.arn, "arn:aws:iam::123456789012:role/lab-main");
    assert!(computed.unique_id.starts_with("AROA"), "{computed:?}");
    lab.find_again::<IamRole>("main").await;
    let pods = Trust::ServiceAccount {
        provider: Ref::named("main"),
        namespace: "ppm".to_owned(),
        name: "package-manager".to_owned(),
    };
    let mut changed = IamRole {
        description: String::new(),
        trust: pods,
        policies: BTreeSet::from([Ref::named("main"), Ref::external(CNI_POLICY)]),
        ..role.clone()
    };
    changed.tags.insert("team".to_owned(), "data".to_owned());
    lab.change("main", &changed).await;
    lab.find_again::<IamRole>("main").await;
    lab.change("main", &role).await;
    lab.remove::<IamRole>("main").await;
}

#[tokio::test]
async fn the_same_reference_may_mean_another_object() {
    let mut lab = Lab::new(0).await;
    lab.make("main", &iam_policy::sample()).await;
    oidc_provider::cluster(&mut lab, "A1");
    lab.make("main", &oidc_provider::sample()).await;
    let role = IamRole {
        trust: Trust::ServiceAccount {
            provider: Ref::named("main"),
            namespace: "ppm".to_owned(),
            name: "ppm".to_owned(),
        },
        policies: BTreeSet::from([Ref::named("main")]),
        ..sample()
    };
    lab.make("main", &role).await;
    // Removing the policy takes it off the role; the next one has the same name and is not on it.
    lab.remove::<IamPolicy>("main").await;
    lab.make("main", &iam_policy::sample()).await;
    oidc_provider::cluster(&mut lab, "B2");
    lab.try_make("main", &oidc_provider::sample()).await.unwrap();
    let at = Address::of(IamRole::KIND, "main");
    let Observation::Present { known, .. } = lab.observe(&at, None, true).await else { panic!("it is there") };
    let seen: IamRole = known.declared.read().unwrap();
    assert!(seen.policies.is_empty() && seen.trust != role.trust, "{seen:?}");
    lab.change("main", &role).await;
    let trust = lab.clients.iam.get_role().role_name("lab-main").send().await.unwrap().role.unwrap();
    assert!(trust.assume_role_policy_document.unwrap().contains("B2"));
    // What was planned says the same of the trust before and after; the provider is another one since.
    oidc_provider::cluster(&mut lab, "C3");
    lab.try_make("main", &oidc_provider::sample()).await.unwrap();
    lab.point_anew::<IamRole>("main").await;
    let trust = lab.clients.iam.get_role().role_name("lab-main").send().await.unwrap().role.unwrap();
    assert!(trust.assume_role_policy_document.unwrap().contains("C3"));
}

#[tokio::test]
async fn what_others_change_shows_as_that_field() {
    let mut lab = Lab::new(0).await;
    let role = sample();
    lab.make("main", &role).await;
    let iam = lab.clients.iam.clone();
    let name = "lab-main";

    iam.update_role().role_name(name).description("theirs").send().await.unwrap();
    let seen = lab.look("main", Some(&role)).await.unwrap();
    assert_eq!(seen, IamRole { description: "theirs".to_owned(), ..role.clone() });
    lab.change("main", &role).await;

    let open = json!({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Principal": {"AWS": "123456789012"}, "Action": "sts:AssumeRole"},
    ]});
    iam.update_assume_role_policy().role_name(name).policy_document(open.to_string()).send().await.unwrap();
    let seen = lab.look("main", Some(&role)).await.unwrap();
    assert!(matches!(seen.trust, Trust::Other(_)), "{seen:?}");
    assert_eq!(IamRole { trust: role.trust.clone(), ..seen }, role);
    lab.change("main", &role).await;

    iam.detach_role_policy().role_name(name).policy_arn(CLUSTER_POLICY).send().await.unwrap();
    let seen = lab.look("main", Some(&role)).await.unwrap();
    assert_eq!(seen, IamRole { policies: BTreeSet::new(), ..role.clone() });
    lab.change("main", &role).await;

    iam.untag_role().role_name(name).tag_keys("Name").send().await.unwrap();
    let mut untagged = role.clone();
    untagged.tags.remove("Name");
    assert_eq!(lab.look("main", Some(&role)).await.unwrap(), untagged);
    lab.change("main", &role).await;

    // What others add is theirs: worth a word, and no difference.
    iam.attach_role_policy().role_name(name).policy_arn(CNI_POLICY).send().await.unwrap();
    let foreign = aws_sdk_iam::types::Tag::builder().key("cost").value("1").build().unwrap();
    iam.tag_role().role_name(name).tags(foreign).send().await.unwrap();
    let at = Address::of(IamRole::KIND, "main");
    let Observation::Present { known, notes, .. } = lab.observe(&at, None, true).await else { panic!("it is there") };
    assert_eq!(known.declared, Document::of(&role));
    assert_eq!(notes, [format!("somebody also attached the policy {CNI_POLICY}")]);
    // It does not keep the role from being removed, nor does what they wrote into it or made of it.
    let inline = iam.put_role_policy().role_name(name).policy_name("theirs");
    let all = json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]});
    inline.policy_document(all.to_string()).send().await.unwrap();
    iam.create_instance_profile().instance_profile_name("theirs").send().await.unwrap();
    let call = iam.add_role_to_instance_profile().instance_profile_name("theirs").role_name(name);
    call.send().await.unwrap();
    lab.remove::<IamRole>("main").await;
}

#[tokio::test]
async fn a_role_of_others_is_left_alone() {
    let mut lab = Lab::new(0).await;
    let role = sample();
    let trust = json!({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"},
    ]});
    let iam = lab.clients.iam.clone();
    let theirs = || async {
        let call = iam.create_role().role_name("lab-main").description("theirs");
        call.assume_role_policy_document(trust.to_string()).send().await.unwrap();
    };
    theirs().await;
    let error = lab.try_make("main", &role).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::NotOurs, "{error}");
    let at = Address::of(IamRole::KIND, "main");
    let found = lab.observe(&at, Some(&Document::of(&role)), false).await;
    assert!(matches!(found, Observation::Foreign { .. }), "{found:?}");
    let left = iam.get_role().role_name("lab-main").send().await.unwrap().role.unwrap();
    assert_eq!(left.description(), Some("theirs"));

    // Made in place of ours, under its name: ours is gone, and theirs is not removed with the record of ours.
    iam.delete_role().role_name("lab-main").send().await.unwrap();
    lab.make("main", &role).await;
    iam.detach_role_policy().role_name("lab-main").policy_arn(CLUSTER_POLICY).send().await.unwrap();
    iam.delete_role().role_name("lab-main").send().await.unwrap();
    theirs().await;
    let found = lab.observe(&at, None, true).await;
    assert!(matches!(found, Observation::Foreign { .. }), "{found:?}");
    lab.try_remove::<IamRole>("main").await.unwrap();
    assert!(iam.get_role().role_name("lab-main").send().await.is_ok());
}

#[tokio::test]
async fn a_role_that_comes_into_sight_slowly_is_waited_for() {
    let mut lab = Lab::new(60).await;
    lab.emulator.post("/strict/settings", &json!({"consistency": {"iam": 30}}));
    let computed = lab.make("main", &sample()).await;
    assert!(computed.arn.starts_with("arn:"), "{computed:?}");
    lab.find_again::<IamRole>("main").await;
}

#[tokio::test]
async fn a_role_whose_answer_was_lost_is_taken_over() {
    let mut lab = Lab::new(0).await;
    let fault = json!({"service": "iam", "operation": "CreateRole", "kind": "reset_after", "nth": 1});
    lab.emulator.post("/strict/faults", &fault);
    lab.make("main", &sample()).await;
}

#[tokio::test]
async fn a_change_of_others_at_the_same_moment_passes() {
    let mut lab = Lab::new(0).await;
    let contended = json!({"service": "iam", "operation": "AttachRolePolicy", "kind": "code", "nth": 1,
        "code": "ConcurrentModification", "status": 409, "message": "Submit your request again."});
    lab.emulator.post("/strict/faults", &contended);
    let role = sample();
    lab.make("main", &role).await;

    // One call knows a new role before the other does.
    let unseen = json!({"service": "iam", "operation": "ListAttachedRolePolicies", "kind": "code", "nth": 1,
        "code": "NoSuchEntity", "status": 404, "message": "The role with name lab-main cannot be found."});
    lab.emulator.post("/strict/faults", &unseen);
    assert_eq!(lab.look("main", Some(&role)).await, Some(IamRole { policies: BTreeSet::new(), ..role }));
}
