//! Routes and associations of one table: reading them, and bringing them to what is wanted.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_ec2::types::{self, RouteOrigin, RouteState, RouteTableAssociationStateCode};

use super::super::{RouteTable, RouteTarget};
use super::list;
use crate::cloud::aws::ec2::filter;
use crate::cloud::aws::strangers::foreign;
use crate::cloud::aws::tags::tags_of;
use crate::cloud::aws::takeover::refusal;
use crate::cloud::aws::{Clients, During, Lookup, Reading, Writing};
use crate::cloud::wait::{Poll, WaitPolicy, until};
use crate::cloud::{CloudError, ErrorKind};
use crate::model::mark::STACK_TAG;
use crate::model::observation::Remedy;
use crate::model::reference::Ref;
use crate::resources::subnet::Subnet;

// Changes show within seconds; the limit is the one Terraform's provider has.
const SETTLED: WaitPolicy = WaitPolicy::seconds(2, 300, 2);

/// The routes of `table` that are ours, and notes about the others.
pub(super) fn routes(
    table: &types::RouteTable,
    one: &Lookup<RouteTable>,
    cx: &Reading<'_>,
) -> (BTreeMap<String, RouteTarget>, Vec<String>) {
    let mut found = BTreeMap::new();
    let mut notes = Vec::new();
    for (destination, route) in own_routes(table) {
        let target = target_of(route);
        if knows(one, |table| table.routes.contains_key(destination)) {
            found.insert(destination.to_owned(), symbolic(route, target, cx));
        } else {
            notes.push(format!("a route to {destination} by {target} was added by others"));
        }
    }
    (found, notes)
}

/// The subnets of `table` that are ours, and notes about the others.
pub(super) fn subnets(
    table: &types::RouteTable,
    one: &Lookup<RouteTable>,
    cx: &Reading<'_>,
) -> (BTreeSet<Ref<Subnet>>, Vec<String>) {
    let mut found = BTreeSet::new();
    let mut notes = Vec::new();
    for (_, subnet) in associations(table) {
        let subnet = cx.refer::<Subnet>(subnet);
        // A subnet of ours in the wrong table is a difference in both.
        if subnet.address().is_some() || knows(one, |table| table.subnets.contains(&subnet)) {
            found.insert(subnet);
        } else {
            notes.push(format!("{subnet} was associated by others"));
        }
    }
    (found, notes)
}

fn knows(one: &Lookup<RouteTable>, says: impl Fn(&RouteTable) -> bool) -> bool {
    one.asked().any(says)
}

/// The routes that calls can make and remove, by destination: not those that come with the network, a virtual private
/// gateway or a gateway endpoint.
fn own_routes(table: &types::RouteTable) -> impl Iterator<Item = (&str, &types::Route)> {
    table.routes().iter().filter_map(|route| {
        let by_itself = route.gateway_id() == Some("local")
            || matches!(route.origin(), Some(RouteOrigin::CreateRouteTable | RouteOrigin::EnableVgwRoutePropagation))
            || route.destination_prefix_list_id().is_some()
            || route.gateway_id().is_some_and(|id| id.starts_with("vpce-"));
        let destination = route.destination_cidr_block().or(route.destination_ipv6_cidr_block());
        destination.filter(|_| !by_itself).map(|destination| (destination, route))
    })
}

/// The explicit associations of a table: their ids and their subnets.
pub(super) fn associations(table: &types::RouteTable) -> impl Iterator<Item = (&str, &str)> {
    table.associations().iter().filter_map(|one| {
        let state = one.association_state().and_then(|state| state.state());
        let gone = matches!(
            state,
            Some(
                RouteTableAssociationStateCode::Disassociated
                    | RouteTableAssociationStateCode::Disassociating
                    | RouteTableAssociationStateCode::Failed
            )
        );
        let (id, subnet) = (one.route_table_association_id()?, one.subnet_id()?);
        (!gone && one.main() != Some(true)).then_some((id, subnet))
    })
}

fn target_of(route: &types::Route) -> &str {
    route
        .gateway_id()
        .or(route.nat_gateway_id())
        .or(route.network_interface_id())
        .or(route.transit_gateway_id())
        .or(route.vpc_peering_connection_id())
        .or(route.egress_only_internet_gateway_id())
        .or(route.instance_id())
        .or(route.local_gateway_id())
        .or(route.carrier_gateway_id())
        .or(route.core_network_arn())
        .unwrap_or("something unknown")
}

fn symbolic(route: &types::Route, target: &str, cx: &Reading<'_>) -> RouteTarget {
    if route.state() == Some(&RouteState::Blackhole) {
        RouteTarget::Blackhole(target.to_owned())
    } else if route.nat_gateway_id().is_some() {
        RouteTarget::NatGateway(cx.refer(target))
    } else if target.starts_with("igw-") {
        RouteTarget::InternetGateway(cx.refer(target))
    } else {
        RouteTarget::Other(target.to_owned())
    }
}

/// What is to be in a table, with ids in place of references.
pub(super) struct Contents {
    routes: BTreeMap<String, Target>,
    subnets: BTreeMap<String, Ref<Subnet>>,
}

enum Target {
    Internet(String),
    Nat(String),
}

impl Target {
    fn id(&self) -> &str {
        match self {
            Self::Internet(id) | Self::Nat(id) => id,
        }
    }

    fn internet(&self) -> Option<String> {
        match self {
            Self::Internet(id) => Some(id.clone()),
            Self::Nat(_) => None,
        }
    }

    fn nat(&self) -> Option<String> {
        match self {
            Self::Nat(id) => Some(id.clone()),
            Self::Internet(_) => None,
        }
    }
}

impl Contents {
    /// What `table` declares.
    ///
    /// # Errors
    /// When a reference leads nowhere, or a target is one that is never declared.
    pub(super) fn of(table: &RouteTable, cx: &Writing<'_>) -> Result<Self, CloudError> {
        let target = |target: &RouteTarget| match target {
            RouteTarget::InternetGateway(gateway) => Ok(Target::Internet(cx.id(gateway)?)),
            RouteTarget::NatGateway(gateway) => Ok(Target::Nat(cx.id(gateway)?)),
            RouteTarget::Blackhole(id) | RouteTarget::Other(id) => {
                Err(CloudError::new(ErrorKind::Bug, "set the routes", format!("a route by {id} cannot be declared")))
            }
        };
        let routes = table.routes.iter().map(|(to, by)| Ok((to.clone(), target(by)?))).collect::<Result<_, _>>()?;
        let subnets = table.subnets.iter().map(|one| Ok((cx.id(one)?, one.clone()))).collect::<Result<_, _>>()?;
        Ok(Self { routes, subnets })
    }

    /// Brings the table to these contents, and waits until it shows them. What `from` had and is wanted no more goes;
    /// what is in neither stays.
    ///
    /// # Errors
    /// What a call answered; [`ErrorKind::Timeout`] when the table does not show the contents in time.
    pub(super) async fn put(&self, id: &str, from: Option<&RouteTable>, cx: &Writing<'_>) -> Result<(), CloudError> {
        until(cx, "set routes and subnets of the route table", SETTLED, || async move {
            let Some(table) = list(cx.aws, filter("route-table-id", [id])).await?.into_iter().next() else {
                return Ok(Poll::Pending("not visible yet".to_owned()));
            };
            let pending = self.step(id, &table, from, cx).await;
            match pending {
                Ok(None) => Ok(Poll::Ready(())),
                Ok(Some(pending)) => Ok(Poll::Pending(pending)),
                // What was made moments ago is not known everywhere, and AWS has two ways to say so.
                Err(error) if error.kind == ErrorKind::NotFound || error.is("InvalidParameterException") => {
                    Ok(Poll::Pending(error.message))
                }
                Err(error) => Err(error),
            }
        })
        .await
    }

    /// Does what is left to do; says what that was, nothing if there was nothing.
    async fn step(
        &self,
        id: &str,
        table: &types::RouteTable,
        from: Option<&RouteTable>,
        cx: &Writing<'_>,
    ) -> Result<Option<String>, CloudError> {
        let routes: BTreeMap<&str, &types::Route> = own_routes(table).collect();
        let subnets: BTreeMap<&str, &str> = associations(table).map(|(id, subnet)| (subnet, id)).collect();
        let mut pending = None;
        for (destination, target) in &self.routes {
            let there = routes.get(destination.as_str());
            if there.map(|route| target_of(route)) != Some(target.id()) {
                set_route(id, destination, target, there.is_some(), cx).await?;
                pending = Some(format!("route to {destination}"));
            } else if there.and_then(|route| route.state()) == Some(&RouteState::Blackhole) {
                pending = Some(format!("route to {destination} leads nowhere: {} is not ready", target.id()));
            }
        }
        for (subnet, reference) in &self.subnets {
            if !subnets.contains_key(subnet.as_str()) {
                associate(id, subnet, reference, cx).await?;
                pending = Some(format!("association of {subnet}"));
            }
        }
        for destination in routes.keys().filter(|to| !self.routes.contains_key(**to)) {
            if from.is_some_and(|from| from.routes.contains_key(*destination)) {
                delete_route(id, destination, cx.aws).await?;
                pending = Some(format!("removal of the route to {destination}"));
            }
        }
        for (subnet, association) in subnets.iter().filter(|(subnet, _)| !self.subnets.contains_key(**subnet)) {
            let had = |from: &RouteTable| {
                from.subnets.contains(&cx.ids.refer(subnet)) || from.subnets.contains(&Ref::external(*subnet))
            };
            if from.is_some_and(had) {
                disassociate(cx.aws, association).await?;
                pending = Some(format!("removal of {subnet}"));
            }
        }
        Ok(pending)
    }
}

async fn set_route(
    table: &str,
    destination: &str,
    target: &Target,
    there: bool,
    cx: &Writing<'_>,
) -> Result<(), CloudError> {
    let ec2 = &cx.aws.ec2;
    if !there {
        let call = ec2.create_route().route_table_id(table).destination_cidr_block(destination);
        let call = call.set_gateway_id(target.internet()).set_nat_gateway_id(target.nat());
        match call.send().await.during("create a route") {
            // It is there, and the table did not show it yet.
            Err(error) if error.is("RouteAlreadyExists") => {}
            done => return done.map(|_| ()),
        }
    }
    let call = ec2.replace_route().route_table_id(table).destination_cidr_block(destination);
    let call = call.set_gateway_id(target.internet()).set_nat_gateway_id(target.nat());
    call.send().await.during("change a route").map(|_| ())
}

async fn delete_route(table: &str, destination: &str, aws: &Clients) -> Result<(), CloudError> {
    let call = aws.ec2.delete_route().route_table_id(table);
    let call = if destination.contains(':') {
        call.destination_ipv6_cidr_block(destination)
    } else {
        call.destination_cidr_block(destination)
    };
    match call.send().await.during("delete a route") {
        Err(error) if error.kind == ErrorKind::NotFound => Ok(()),
        done => done.map(|_| ()),
    }
}

/// Gives the subnet this table, also when it has another.
async fn associate(table: &str, subnet: &str, reference: &Ref<Subnet>, cx: &Writing<'_>) -> Result<(), CloudError> {
    let doing = "give a subnet its route table";
    let call = cx.aws.ec2.associate_route_table().route_table_id(table).subnet_id(subnet);
    match call.send().await.during(doing) {
        Err(error) if error.is("Resource.AlreadyAssociated") => {}
        done => return done.map(|_| ()),
    }
    for other in list(cx.aws, filter("association.subnet-id", [subnet])).await? {
        let Some((association, _)) = associations(&other).find(|(_, at)| *at == subnet) else { continue };
        if other.route_table_id() == Some(table) {
            continue;
        }
        let tags = tags_of(other.tags());
        // Our subnets are ours to move; those of others only between our tables.
        if reference.address().is_none() && tags.get(STACK_TAG) != Some(&cx.mark.stack) {
            let mut there = foreign(other.route_table_id().unwrap_or_default(), &tags, &cx.mark.stack);
            let region = cx.aws.ec2.config().region().map(ToString::to_string).unwrap_or_default();
            there.remedy = Remedy::Command {
                command: format!("aws ec2 disassociate-route-table --region {region} --association-id {association}"),
                effect: "takes the subnet from it; then run it again".to_owned(),
            };
            return Err(refusal(cx, doing, &format!("{subnet} has the route table {}", there.id), &there));
        }
        let call = cx.aws.ec2.replace_route_table_association().association_id(association).route_table_id(table);
        call.send().await.during(doing)?;
    }
    Ok(())
}

/// Takes an association away; gone already is success.
pub(super) async fn disassociate(aws: &Clients, association: &str) -> Result<(), CloudError> {
    let call = aws.ec2.disassociate_route_table().association_id(association);
    match call.send().await.during("take a subnet from its route table") {
        Err(error) if error.kind == ErrorKind::NotFound => Ok(()),
        done => done.map(|_| ()),
    }
}
