//! OIDC providers.

use std::collections::BTreeSet;

use ppm_infra::cloud::ErrorKind;
use ppm_infra::model::address::Address;
use ppm_infra::model::document::Document;
use ppm_infra::model::observation::Observation;
use ppm_infra::model::reference::Ref;
use ppm_infra::model::resource::Resource;
use ppm_infra::resources::cluster::{Cluster, ClusterComputed};
use ppm_infra::resources::oidc_provider::OidcProvider;

use crate::support::lifecycle::Lab;

pub(crate) fn sample() -> OidcProvider {
    OidcProvider {
        cluster: Ref::named("main"),
        audiences: BTreeSet::from(["sts.amazonaws.com".to_owned()]),
        tags: Lab::tags("oidc_provider", "main"),
    }
}

/// Records a cluster with an issuer of this id; the provider needs to know no more of it.
pub(crate) fn cluster(lab: &mut Lab, id: &str) {
    let computed = ClusterComputed {
        id: "lab".to_owned(),
        arn: "arn:aws:eks:us-east-1:123456789012:cluster/lab".to_owned(),
        endpoint: None,
        certificate_authority: None,
        issuer: Some(format!("https://oidc.eks.us-east-1.amazonaws.com/id/{id}")),
        security_group_id: None,
    };
    lab.ids.insert(&Address::of(Cluster::KIND, "main"), &Document::of(&computed));
}

#[tokio::test]
async fn a_provider_is_made_found_changed_and_removed() {
    let mut lab = Lab::new(0).await;
    cluster(&mut lab, "A1");
    let provider = sample();
    let computed = lab.make("main", &provider).await;
    assert_eq!(computed.issuer, "oidc.eks.us-east-1.amazonaws.com/id/A1");
    assert_eq!(computed.id, format!("arn:aws:iam::123456789012:oidc-provider/{}", computed.issuer));
    lab.find_again::<OidcProvider>("main").await;
    let mut changed = provider.clone();
    changed.audiences.insert("other".to_owned());
    changed.tags.insert("team".to_owned(), "data".to_owned());
    lab.change("main", &changed).await;
    lab.change("main", &provider).await;
    // Without a word of the cluster, the marks tell which one it is; the cluster itself cannot be told then.
    lab.ids.remove(&Address::of(Cluster::KIND, "main"));
    let at = Address::of(OidcProvider::KIND, "main");
    let Observation::Present { known, .. } = lab.observe(&at, None, false).await else { panic!("it is there") };
    let seen: OidcProvider = known.declared.read().unwrap();
    assert_eq!(seen.cluster, Ref::external("oidc.eks.us-east-1.amazonaws.com/id/A1"));
    lab.remove::<OidcProvider>("main").await;
}

#[tokio::test]
async fn what_others_change_shows_as_that_field() {
    let mut lab = Lab::new(0).await;
    cluster(&mut lab, "A1");
    let provider = sample();
    let id = lab.make("main", &provider).await.id;
    let iam = lab.clients.iam.clone();
    let call = iam.remove_client_id_from_open_id_connect_provider().open_id_connect_provider_arn(&id);
    call.client_id("sts.amazonaws.com").send().await.unwrap();
    let seen = lab.look("main", Some(&provider)).await.unwrap();
    assert_eq!(seen, OidcProvider { audiences: BTreeSet::new(), ..provider.clone() });
    lab.change("main", &provider).await;
    let call = iam.untag_open_id_connect_provider().open_id_connect_provider_arn(&id);
    call.tag_keys("Name").send().await.unwrap();
    let mut untagged = provider.clone();
    untagged.tags.remove("Name");
    assert_eq!(lab.look("main", Some(&provider)).await.unwrap(), untagged);
    lab.change("main", &provider).await;
    // Thumbprints are not ours.
    let call = iam.update_open_id_connect_provider_thumbprint().open_id_connect_provider_arn(&id);
    call.thumbprint_list("0".repeat(40)).send().await.unwrap();
    assert_eq!(lab.look("main", Some(&provider)).await.unwrap(), provider);
    iam.delete_open_id_connect_provider().open_id_connect_provider_arn(&id).send().await.unwrap();
    assert_eq!(lab.look("main", Some(&provider)).await, None);
}

#[tokio::test]
async fn a_provider_of_others_is_left_alone() {
    let mut lab = Lab::new(0).await;
    cluster(&mut lab, "A1");
    let call = lab.clients.iam.create_open_id_connect_provider();
    let call = call.url("https://oidc.eks.us-east-1.amazonaws.com/id/A1").client_id_list("theirs");
    call.send().await.unwrap();
    let error = lab.try_make("main", &sample()).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::NotOurs, "{error}");
    let at = Address::of(OidcProvider::KIND, "main");
    let found = lab.observe(&at, Some(&Document::of(&sample())), false).await;
    assert!(matches!(found, Observation::Foreign { .. }), "{found:?}");
}
