//! The calls of a gateway endpoint (EC2 `CreateVpcEndpoint`, `DescribeVpcEndpoints`, `ModifyVpcEndpoint`,
//! `DeleteVpcEndpoints`).
//!
//! A route table has room for one route to a service: another endpoint that has one of our tables holds our place.

use std::collections::BTreeSet;
use std::sync::Mutex;

use aws_sdk_ec2::operation::delete_vpc_endpoints::DeleteVpcEndpointsOutput;
use aws_sdk_ec2::types::{self, Filter, ResourceType, VpcEndpointType};

use super::{VpcEndpoint, VpcEndpointComputed};
use crate::cloud::aws::answer::if_there;
use crate::cloud::aws::ec2::{
    filter, known_id, look, mark_taken_over, not_ours, once_visible, retag, strangers, tag_specification, tags_of, told,
};
use crate::cloud::aws::{Clients, During, Present, Provision, Reading, Sight, Sights, Sought, Writing};
use crate::cloud::wait::{Answer, Patience, until};
use crate::cloud::{CloudError, ErrorKind};
use crate::model::mark::ADDRESS_TAG;
use crate::model::policy::Policy;

// Seconds as a rule; the limits are those of Terraform's provider.
const READY: Patience = Patience::seconds(10, 600, 3);
const GONE: Patience = Patience::seconds(10, 600, 3);
// What an endpoint allows unless it is told otherwise (VPC user guide, "Default endpoint policy").
const EVERYTHING: &str = r#"{"Statement":[{"Effect":"Allow","Principal":"*","Action":"*","Resource":"*"}]}"#;

impl Provision for VpcEndpoint {
    async fn observe(sought: Vec<Sought<Self>>, cx: &Reading<'_>) -> Sights<Self> {
        let mut found = look(
            sought.clone(),
            cx,
            "vpc-endpoint-id",
            |filter| standing(cx.aws, vec![filter]),
            |endpoint: &types::VpcEndpoint| endpoint.vpc_endpoint_id(),
            |endpoint| tags_of(endpoint.tags()),
            |_, endpoint, tags| {
                let declared = Self {
                    vpc: cx.refer(endpoint.vpc_id().unwrap_or_default()),
                    service: endpoint.service_name().unwrap_or_default().to_owned(),
                    route_tables: endpoint.route_table_ids().iter().map(|id| cx.refer(id)).collect(),
                    tags,
                };
                let notes = policy_note(endpoint);
                Ok(Sight::Present(Box::new(Present {
                    declared,
                    computed: computed_of(endpoint),
                    notes,
                    settled: state_of(endpoint) == "available",
                })))
            },
        )
        .await;
        let others = strangers(&found, sought, cx, |one| async move {
            let wanted = one.expected();
            let Some(vpc) = known_id(cx, &wanted.vpc) else { return Ok(None) };
            let tables = wanted.route_tables.iter().filter_map(|table| known_id(cx, table)).collect();
            let holder = holder(cx.aws, &vpc, &wanted.service, &tables, None).await?;
            Ok(holder.map(|endpoint| (computed_of(&endpoint).id, tags_of(endpoint.tags()))))
        })
        .await;
        found.extend(others);
        found
    }

    async fn create(&self, cx: &Writing<'_>) -> Result<VpcEndpointComputed, CloudError> {
        let doing = "create the endpoint";
        let vpc = cx.id(&self.vpc)?;
        let tables: BTreeSet<String> = cx.all_ids(&self.route_tables)?.into_iter().collect();
        clear_remains(cx).await?;
        let made = once_visible(cx, || async {
            let call = cx.aws.ec2.create_vpc_endpoint().vpc_id(&vpc).service_name(&self.service);
            let call = call.vpc_endpoint_type(VpcEndpointType::Gateway).client_token(cx.mark.token(0));
            let call = call.set_route_table_ids(Some(tables.iter().cloned().collect()));
            let made = call.tag_specifications(tag_specification(cx, ResourceType::VpcEndpoint, self)).send().await;
            told(made.during(doing)?.vpc_endpoint().map(computed_of), doing)
        })
        .await;
        let computed = match made {
            Err(error) if error.is("RouteAlreadyExists") => {
                let Some(there) = holder(cx.aws, &vpc, &self.service, &tables, None).await? else { return Err(error) };
                let (computed, tags) = (computed_of(&there), tags_of(there.tags()));
                if !cx.ours(&tags) {
                    let taken = format!("{} leads one of the route tables to {}", computed.id, self.service);
                    return Err(not_ours(cx, doing, &taken, &tags));
                }
                cx.made(&computed).await?;
                mark_taken_over(cx, &computed.id, &tags, self).await?;
                computed
            }
            made => {
                let computed = made?;
                cx.made(&computed).await?;
                computed
            }
        };
        self.put(&computed.id, cx).await?;
        Ok(computed)
    }

    async fn update(
        &self,
        from: &Self,
        known: &VpcEndpointComputed,
        cx: &Writing<'_>,
    ) -> Result<VpcEndpointComputed, CloudError> {
        retag(cx.aws, &known.id, &from.tags, &self.tags).await?;
        self.put(&known.id, cx).await?;
        Ok(known.clone())
    }

    async fn delete(_: &Self, known: &VpcEndpointComputed, cx: &Writing<'_>) -> Result<(), CloudError> {
        remove(&known.id, cx).await
    }
}

impl VpcEndpoint {
    /// Waits until the endpoint is available and has these route tables; gives it those that differ. What the references
    /// mean now counts, not what they meant when it was made.
    async fn put(&self, id: &str, cx: &Writing<'_>) -> Result<(), CloudError> {
        let wanted: BTreeSet<String> = cx.all_ids(&self.route_tables)?.into_iter().collect();
        let wanted = &wanted;
        // The tables it was seen with when they were last changed: the change is not sent anew until a read shows it.
        let changed: &Mutex<Option<BTreeSet<String>>> = &Mutex::new(None);
        until(cx, "set the route tables of the endpoint", READY, || async move {
            let Some(endpoint) = list(cx.aws, vec![filter("vpc-endpoint-id", [id])]).await?.into_iter().next() else {
                return Ok(Answer::Pending("not visible yet".to_owned()));
            };
            let state = state_of(&endpoint);
            match state.as_str() {
                "available" => {}
                "failed" | "rejected" | "expired" | "deleting" | "deleted" => {
                    let reason = endpoint.last_error().and_then(|error| error.message()).unwrap_or("no reason given");
                    return Ok(Answer::Failed(format!("it is {state}: {reason}")));
                }
                _ => return Ok(Answer::Pending(state)),
            }
            let there: BTreeSet<String> = endpoint.route_table_ids().iter().cloned().collect();
            if there == *wanted {
                return Ok(Answer::Ready(()));
            }
            let changing = || Answer::Pending("changing route tables".to_owned());
            if changed.lock().expect("nobody panics with it").as_ref() == Some(&there) {
                return Ok(changing());
            }
            let only = |a: &BTreeSet<String>, b: &BTreeSet<String>| {
                let ids: Vec<String> = a.difference(b).cloned().collect();
                (!ids.is_empty()).then_some(ids)
            };
            let call = cx.aws.ec2.modify_vpc_endpoint().vpc_endpoint_id(id);
            let call = call.set_add_route_table_ids(only(wanted, &there));
            let call = call.set_remove_route_table_ids(only(&there, wanted));
            match call.send().await.during("change the route tables of the endpoint") {
                // A table made moments ago is not known everywhere.
                Err(error) if error.kind == ErrorKind::NotFound => Ok(Answer::Pending(error.message)),
                // Either the read does not show yet what an earlier call did, or another endpoint has the table.
                Err(error) if error.is("RouteAlreadyExists") => {
                    let vpc = endpoint.vpc_id().unwrap_or_default();
                    match holder(cx.aws, vpc, &self.service, wanted, Some(id)).await? {
                        Some(_) => Err(error),
                        None => Ok(Answer::Pending(error.message)),
                    }
                }
                Err(error) => Err(error),
                Ok(_) => {
                    *changed.lock().expect("nobody panics with it") = Some(there);
                    Ok(changing())
                }
            }
        })
        .await
    }
}

/// Removes what failed under this address before.
async fn clear_remains(cx: &Writing<'_>) -> Result<(), CloudError> {
    let ours = filter(&format!("tag:{ADDRESS_TAG}"), [cx.mark.address.to_string()]);
    for endpoint in list(cx.aws, vec![ours]).await? {
        if cx.ours(&tags_of(endpoint.tags())) && matches!(state_of(&endpoint).as_str(), "failed" | "deleting") {
            remove(&computed_of(&endpoint).id, cx).await?;
        }
    }
    Ok(())
}

/// Deletes it and waits until it is gone.
async fn remove(id: &str, cx: &Writing<'_>) -> Result<(), CloudError> {
    let doing = "delete the endpoint";
    let answer = cx.aws.ec2.delete_vpc_endpoints().vpc_endpoint_ids(id).send().await.during(doing);
    // As a rule the call succeeds, and tells inside what did not.
    let answer = if_there(answer)?;
    for failed in answer.iter().flat_map(DeleteVpcEndpointsOutput::unsuccessful) {
        let error = failed.error();
        let code = error.and_then(|error| error.code()).unwrap_or_default();
        if !code.contains("NotFound") {
            let words = error.and_then(|error| error.message()).unwrap_or_default();
            let refused = CloudError::new(ErrorKind::Refused, doing, words);
            return Err(CloudError { code: Some(code.to_owned()), ..refused });
        }
    }
    until(cx, doing, GONE, || async move {
        let found = list(cx.aws, vec![filter("vpc-endpoint-id", [id])]).await?;
        Ok(match found.first().map(state_of).as_deref() {
            None | Some("deleted") => Answer::Ready(()),
            Some(state) => Answer::Pending(state.to_owned()),
        })
    })
    .await
}

/// The endpoint for `service` that has one of these tables, other than `but`.
async fn holder(
    aws: &Clients,
    vpc: &str,
    service: &str,
    tables: &BTreeSet<String>,
    but: Option<&str>,
) -> Result<Option<types::VpcEndpoint>, CloudError> {
    let all = standing(aws, vec![filter("vpc-id", [vpc]), filter("service-name", [service])]).await?;
    let mut others = all.into_iter().filter(|endpoint| but.is_none() || endpoint.vpc_endpoint_id() != but);
    Ok(others.find(|endpoint| endpoint.route_table_ids().iter().any(|table| tables.contains(table))))
}

fn policy_note(endpoint: &types::VpcEndpoint) -> Vec<String> {
    let policy = endpoint.policy_document().map(Policy::parse).filter(|policy| {
        // The version of the default policy is the old one; without variables it means the same as the new one.
        let mut document = policy.document().clone();
        if let Some(map) = document.as_object_mut() {
            map.remove("Version");
        }
        Policy::new(&document) != Policy::parse(EVERYTHING)
    });
    policy.map(|_| "others gave it a policy that does not allow everything".to_owned()).into_iter().collect()
}

/// In small letters: what AWS answers and what its API describes differ in that.
fn state_of(endpoint: &types::VpcEndpoint) -> String {
    endpoint.state().map(|state| state.as_str().to_lowercase()).unwrap_or_default()
}

fn computed_of(endpoint: &types::VpcEndpoint) -> VpcEndpointComputed {
    VpcEndpointComputed { id: endpoint.vpc_endpoint_id().unwrap_or_default().to_owned() }
}

/// Those that are there or will be.
async fn standing(aws: &Clients, filters: Vec<Filter>) -> Result<Vec<types::VpcEndpoint>, CloudError> {
    let mut found = list(aws, filters).await?;
    found.retain(|one| !matches!(state_of(one).as_str(), "deleting" | "deleted" | "failed" | "rejected" | "expired"));
    Ok(found)
}

async fn list(aws: &Clients, filters: Vec<Filter>) -> Result<Vec<types::VpcEndpoint>, CloudError> {
    let mut found = Vec::new();
    let mut pages = aws.ec2.describe_vpc_endpoints().set_filters(Some(filters)).into_paginator().send();
    while let Some(page) = pages.next().await {
        found.extend(page.during("read the endpoint")?.vpc_endpoints.unwrap_or_default());
    }
    Ok(found)
}
