//! The calls of an endpoint (EC2 `CreateVpcEndpoint`, `DescribeVpcEndpoints`, `ModifyVpcEndpoint`,
//! `DeleteVpcEndpoints`).
//!
//! A route table has room for one route to a service, and a network for one private name of it: another endpoint that
//! has one of our tables, or the name, holds our place.

use std::collections::BTreeSet;
use std::sync::Mutex;

use aws_sdk_ec2::operation::delete_vpc_endpoints::DeleteVpcEndpointsOutput;
use aws_sdk_ec2::types::{self, Filter, ResourceType, VpcEndpointType};

use super::{Interface, VpcEndpoint, VpcEndpointComputed};
use crate::cloud::aws::answer::if_there;
use crate::cloud::aws::ec2::{
    self, filter, known_id, look, mark_taken_over, retag, retry_until_visible, strangers, tag_specification, told,
};
use crate::cloud::aws::tags::tags_of;
use crate::cloud::aws::takeover::refuse_foreign;
use crate::cloud::aws::words;
use crate::cloud::aws::{
    Census, Clients, During, Listed, Lookup, Paced, Present, Provision, ReadOutcome, ReadOutcomes, Reading, Silent,
    Writing,
};
use crate::cloud::wait::{Poll, WaitPolicy, until};
use crate::cloud::{CloudError, ErrorKind};
use crate::model::mark::ADDRESS_TAG;
use crate::model::policy::Policy;

// Seconds as a rule; the limits are those of Terraform's provider.
const READY: WaitPolicy = WaitPolicy::seconds(10, 600, 3);
const GONE: WaitPolicy = WaitPolicy::seconds(10, 600, 3);
// Network interfaces take one or two minutes.
const INTERFACES_READY: WaitPolicy = WaitPolicy::seconds(90, 900, 5);
// What an endpoint allows unless it is told otherwise (VPC user guide, "Default endpoint policy").
const EVERYTHING: &str = r#"{"Statement":[{"Effect":"Allow","Principal":"*","Action":"*","Resource":"*"}]}"#;

ec2::object!(types::VpcEndpoint, vpc_endpoint_id);

impl Provision for VpcEndpoint {
    type Health = Silent<Self>;

    async fn observe(lookups: Vec<Lookup<Self>>, cx: &Reading<'_>) -> ReadOutcomes<Self> {
        let mut found = look(
            lookups.clone(),
            cx,
            "vpc-endpoint-id",
            |filter| standing(cx.aws, vec![filter]),
            |_, endpoint, tags| {
                let declared = Self {
                    vpc: cx.refer(endpoint.vpc_id().unwrap_or_default()),
                    service: endpoint.service_name().unwrap_or_default().to_owned(),
                    route_tables: endpoint.route_table_ids().iter().map(|id| cx.refer(id)).collect(),
                    interface: is_interface(endpoint).then(|| Interface {
                        subnets: endpoint.subnet_ids().iter().map(|id| cx.refer(id)).collect(),
                        security_groups: group_ids(endpoint).map(|id| cx.refer(id)).collect(),
                        private_dns: endpoint.private_dns_enabled().unwrap_or_default(),
                    }),
                    tags,
                };
                let notes = policy_note(endpoint);
                Ok(ReadOutcome::Present(Box::new(Present {
                    declared,
                    computed: computed_of(endpoint),
                    notes,
                    waiting: Vec::new(),
                    settled: state_of(endpoint) == "available",
                })))
            },
        )
        .await;
        let others = strangers(&found, lookups, cx, |one| async move {
            let wanted = one.expected();
            let Some(vpc) = known_id(cx, &wanted.vpc) else { return Ok(None) };
            let tables = wanted.route_tables.iter().filter_map(|table| known_id(cx, table)).collect();
            holder(cx.aws, &vpc, wanted, &tables, None).await
        })
        .await;
        found.extend(others);
        found
    }

    async fn census(here: &Census<'_>) -> Result<Listed, CloudError> {
        ec2::census(here, |filter| standing(here.aws, vec![filter])).await
    }

    async fn create(&self, cx: &Writing<'_>) -> Result<VpcEndpointComputed, CloudError> {
        let doing = "create the endpoint";
        let vpc = cx.id(&self.vpc)?;
        let shape = self.shape(cx)?;
        let tables = &shape.tables;
        clear_remains(cx).await?;
        let made = retry_until_visible(cx, || async {
            cx.aws.pace.turn(Paced::CreateVpcEndpoint, cx).await;
            let call = cx.aws.ec2.create_vpc_endpoint().vpc_id(&vpc).service_name(&self.service);
            let call = call.client_token(cx.mark.token(0));
            let listed = |ids: &BTreeSet<String>| Some(ids.iter().cloned().collect());
            let call = match &self.interface {
                None => call.vpc_endpoint_type(VpcEndpointType::Gateway).set_route_table_ids(listed(&shape.tables)),
                Some(interface) => call
                    .vpc_endpoint_type(VpcEndpointType::Interface)
                    .set_subnet_ids(listed(&shape.subnets))
                    .set_security_group_ids(listed(&shape.groups))
                    .private_dns_enabled(interface.private_dns),
            };
            let made = call.tag_specifications(tag_specification(cx, ResourceType::VpcEndpoint, self)).send().await;
            told(made.during(doing)?.vpc_endpoint().map(computed_of), doing)
        })
        .await;
        let computed = match made {
            Err(error) if error.is("RouteAlreadyExists") || words::ec2::NAME_TAKEN.tell(&error) => {
                let Some(there) = holder(cx.aws, &vpc, self, tables, None).await? else { return Err(error) };
                let (computed, tags) = (computed_of(&there), tags_of(there.tags()));
                let taken = format!("{} holds the way to {} already", computed.id, self.service);
                refuse_foreign(cx, doing, &taken, &computed.id, &tags)?;
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
        if from.interface.is_some() != self.interface.is_some() {
            let message = "an endpoint with routes never gets network interfaces, nor the other way round";
            return Err(CloudError::new(ErrorKind::Refused, "change the endpoint", message));
        }
        retag(cx.aws, &known.id, &from.tags, &self.tags).await?;
        self.put(&known.id, cx).await?;
        Ok(known.clone())
    }

    async fn delete(_: &Self, known: &VpcEndpointComputed, cx: &Writing<'_>) -> Result<(), CloudError> {
        remove(&known.id, cx).await
    }
}

impl VpcEndpoint {
    fn shape(&self, cx: &Writing<'_>) -> Result<Shape, CloudError> {
        let tables = cx.all_ids(&self.route_tables)?.into_iter().collect();
        let Some(interface) = &self.interface else { return Ok(Shape { tables, ..Shape::default() }) };
        Ok(Shape {
            tables,
            subnets: cx.all_ids(&interface.subnets)?.into_iter().collect(),
            groups: cx.all_ids(&interface.security_groups)?.into_iter().collect(),
            private_dns: interface.private_dns,
        })
    }

    /// Waits until the endpoint is available and has this shape; changes what differs. What the references
    /// mean now counts, not what they meant when it was made.
    async fn put(&self, id: &str, cx: &Writing<'_>) -> Result<(), CloudError> {
        let wanted = &self.shape(cx)?;
        // The shape it was seen in when it was last changed: the change is not sent anew until a read shows it.
        let changed: &Mutex<Option<Shape>> = &Mutex::new(None);
        let wait = if self.interface.is_some() { INTERFACES_READY } else { READY };
        until(cx, "bring the endpoint into shape", wait, || async move {
            let Some(endpoint) = list(cx.aws, vec![filter("vpc-endpoint-id", [id])]).await?.into_iter().next() else {
                return Ok(Poll::Pending("not visible yet".to_owned()));
            };
            let state = state_of(&endpoint);
            match state.as_str() {
                "available" => {}
                "failed" | "rejected" | "expired" | "deleting" | "deleted" => {
                    let reason = endpoint.last_error().and_then(|error| error.message()).unwrap_or("no reason given");
                    return Ok(Poll::Failed(format!("it is {state}: {reason}")));
                }
                _ => return Ok(Poll::Pending(state)),
            }
            let there = Shape::of(&endpoint);
            if there == *wanted {
                return Ok(Poll::Ready(()));
            }
            let changing = || Poll::Pending("changing its shape".to_owned());
            if changed.lock().expect("nobody panics with it").as_ref() == Some(&there) {
                return Ok(changing());
            }
            let only = |a: &BTreeSet<String>, b: &BTreeSet<String>| {
                let ids: Vec<String> = a.difference(b).cloned().collect();
                (!ids.is_empty()).then_some(ids)
            };
            let call = cx.aws.ec2.modify_vpc_endpoint().vpc_endpoint_id(id);
            let call = call.set_add_route_table_ids(only(&wanted.tables, &there.tables));
            let call = call.set_remove_route_table_ids(only(&there.tables, &wanted.tables));
            let call = call.set_add_subnet_ids(only(&wanted.subnets, &there.subnets));
            let call = call.set_remove_subnet_ids(only(&there.subnets, &wanted.subnets));
            let call = call.set_add_security_group_ids(only(&wanted.groups, &there.groups));
            let call = call.set_remove_security_group_ids(only(&there.groups, &wanted.groups));
            let other_name = wanted.private_dns != there.private_dns;
            let call = call.set_private_dns_enabled(other_name.then_some(wanted.private_dns));
            cx.aws.pace.turn(Paced::ModifyVpcEndpoint, cx).await;
            match call.send().await.during("change the endpoint") {
                // A table made moments ago is not known everywhere.
                Err(error) if error.kind == ErrorKind::NotFound => Ok(Poll::Pending(error.message)),
                // Either the read does not show yet what an earlier call did, or another endpoint has the table.
                Err(error) if error.is("RouteAlreadyExists") => {
                    let vpc = endpoint.vpc_id().unwrap_or_default();
                    match holder(cx.aws, vpc, self, &wanted.tables, Some(id)).await? {
                        Some(_) => Err(error),
                        None => Ok(Poll::Pending(error.message)),
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

/// What of an endpoint can be changed, with ids.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Shape {
    tables: BTreeSet<String>,
    subnets: BTreeSet<String>,
    groups: BTreeSet<String>,
    private_dns: bool,
}

impl Shape {
    fn of(endpoint: &types::VpcEndpoint) -> Self {
        let tables = endpoint.route_table_ids().iter().cloned().collect();
        if !is_interface(endpoint) {
            return Self { tables, ..Self::default() };
        }
        Self {
            tables,
            subnets: endpoint.subnet_ids().iter().cloned().collect(),
            groups: group_ids(endpoint).map(str::to_owned).collect(),
            private_dns: endpoint.private_dns_enabled().unwrap_or_default(),
        }
    }
}

fn is_interface(endpoint: &types::VpcEndpoint) -> bool {
    endpoint.vpc_endpoint_type() == Some(&VpcEndpointType::Interface)
}

fn group_ids(endpoint: &types::VpcEndpoint) -> impl Iterator<Item = &str> {
    endpoint.groups().iter().filter_map(|group| group.group_id())
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
    cx.aws.pace.turn(Paced::DeleteVpcEndpoints, cx).await;
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
            None | Some("deleted") => Poll::Ready(()),
            Some(state) => Poll::Pending(state.to_owned()),
        })
    })
    .await
}

/// The endpoint for the same service, other than `but`, that stands in the place of `wanted`: it has one of these tables,
/// or the private name.
async fn holder(
    aws: &Clients,
    vpc: &str,
    wanted: &VpcEndpoint,
    tables: &BTreeSet<String>,
    but: Option<&str>,
) -> Result<Option<types::VpcEndpoint>, CloudError> {
    let all = standing(aws, vec![filter("vpc-id", [vpc]), filter("service-name", [wanted.service.as_str()])]).await?;
    let mut others = all.into_iter().filter(|endpoint| but.is_none() || endpoint.vpc_endpoint_id() != but);
    let named = wanted.interface.as_ref().is_some_and(|interface| interface.private_dns);
    Ok(others.find(|endpoint| {
        let has_name = is_interface(endpoint) && endpoint.private_dns_enabled() == Some(true);
        named && has_name || endpoint.route_table_ids().iter().any(|table| tables.contains(table))
    }))
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
    let pages = aws.ec2.describe_vpc_endpoints().set_filters(Some(filters)).into_paginator().items().send();
    pages.try_collect().await.during("read the endpoint")
}
