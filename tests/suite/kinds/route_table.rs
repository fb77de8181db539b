//! Route tables.

use std::collections::{BTreeMap, BTreeSet};

use ppm_infra::cloud::ErrorKind;
use ppm_infra::model::address::Address;
use ppm_infra::model::observation::Observation;
use ppm_infra::model::reference::Ref;
use ppm_infra::model::resource::Resource;
use ppm_infra::resources::nat_gateway::NatGateway;
use ppm_infra::resources::route_table::{RouteTable, RouteTarget};
use ppm_infra::resources::subnet::Subnet;
use serde_json::json;

use super::{internet_gateway, nat_gateway, subnet};
use crate::support::binary::{Desk, Said};
use crate::support::hint::follow;
use crate::support::lifecycle::Lab;

/// The table `name` of `vpc.main`, with neither routes nor subnets.
pub(crate) fn sample(name: &str) -> RouteTable {
    RouteTable {
        vpc: Ref::named("main"),
        routes: BTreeMap::new(),
        subnets: BTreeSet::new(),
        tags: Lab::tags("route_table", name),
    }
}

fn internet() -> RouteTarget {
    RouteTarget::InternetGateway(Ref::named("main"))
}

fn nat() -> RouteTarget {
    RouteTarget::NatGateway(Ref::named("a"))
}

fn routed(name: &str, target: RouteTarget, subnets: &[&str]) -> RouteTable {
    RouteTable {
        routes: BTreeMap::from([("0.0.0.0/0".to_owned(), target)]),
        subnets: subnets.iter().map(|name| Ref::named(name)).collect(),
        ..sample(name)
    }
}

/// A network with the ways out, and the subnets `public`, `one` and `two`.
async fn laboratory() -> Lab {
    let mut lab = Lab::new(0).await;
    nat_gateway::surroundings(&mut lab).await;
    lab.make("main", &internet_gateway::sample()).await;
    lab.make("a", &nat_gateway::sample()).await;
    lab.make("one", &subnet::sample("one", 1)).await;
    lab.make("two", &subnet::sample("two", 2)).await;
    lab
}

fn id_of(lab: &Lab, kind: &str, name: &str) -> String {
    let address: Address = format!("{kind}.{name}").parse().unwrap();
    lab.ids.computed(&address).unwrap().text("id").unwrap().to_owned()
}

async fn association(lab: &Lab, table: &str, subnet: &str) -> String {
    let tables = lab.clients.ec2.describe_route_tables().route_table_ids(table).send().await.unwrap();
    let found = tables.route_tables()[0].associations().iter().find(|one| one.subnet_id() == Some(subnet)).cloned();
    found.unwrap().route_table_association_id.unwrap()
}

#[tokio::test]
async fn a_table_is_made_found_changed_and_removed() {
    let mut lab = laboratory().await;
    let table = routed("private", nat(), &["one"]);
    lab.make("private", &table).await;
    lab.find_again::<RouteTable>("private").await;
    let mut changed = routed("private", internet(), &["two"]);
    changed.tags.insert("team".to_owned(), "data".to_owned());
    lab.change("private", &changed).await;
    lab.change("private", &routed("private", internet(), &["one", "two"])).await;
    lab.change("private", &sample("private")).await;
    lab.change("private", &table).await;
    lab.remove::<RouteTable>("private").await;
    lab.make("empty", &sample("empty")).await;
}

#[tokio::test]
async fn a_subnet_is_moved_from_one_table_to_another() {
    let mut lab = laboratory().await;
    lab.make("first", &routed("first", nat(), &["one", "two"])).await;
    lab.make("second", &routed("second", internet(), &[])).await;
    // The one that gains does not wait for the one that loses.
    lab.change("second", &routed("second", internet(), &["two"])).await;
    lab.change("first", &routed("first", nat(), &["one"])).await;
    assert_eq!(lab.look::<RouteTable>("second", None).await.unwrap().subnets, [Ref::named("two")].into());
}

#[tokio::test]
async fn what_others_do_to_routes_is_seen() {
    let mut lab = laboratory().await;
    let table = routed("private", nat(), &["one"]);
    let id = lab.make("private", &table).await.id;
    let ec2 = lab.clients.ec2.clone();
    let default = "0.0.0.0/0";

    let gateway = id_of(&lab, "internet_gateway", "main");
    let call = ec2.replace_route().route_table_id(&id).destination_cidr_block(default).gateway_id(gateway);
    call.send().await.unwrap();
    assert_eq!(lab.look("private", Some(&table)).await.unwrap(), routed("private", internet(), &["one"]));
    lab.change("private", &table).await;

    ec2.delete_route().route_table_id(&id).destination_cidr_block(default).send().await.unwrap();
    let bare = RouteTable { routes: BTreeMap::new(), ..table.clone() };
    assert_eq!(lab.look("private", Some(&table)).await.unwrap(), bare);
    lab.change("private", &table).await;

    let interface = ec2.create_network_interface().subnet_id(id_of(&lab, "subnet", "two")).send().await.unwrap();
    let interface = interface.network_interface.unwrap().network_interface_id.unwrap();
    let call = ec2.replace_route().route_table_id(&id).destination_cidr_block(default);
    call.network_interface_id(&interface).send().await.unwrap();
    let other = routed("private", RouteTarget::Other(interface.clone()), &["one"]);
    assert_eq!(lab.look("private", Some(&table)).await.unwrap(), other);
    lab.change("private", &table).await;

    // A route of others is worth knowing, and no difference; neither an update nor a look touches it.
    let call = ec2.create_route().route_table_id(&id).destination_cidr_block("192.168.0.0/16");
    call.network_interface_id(&interface).send().await.unwrap();
    lab.change("private", &routed("private", internet(), &["one"])).await;
    lab.change("private", &table).await;
    let found = lab.observe(&Address::of(RouteTable::KIND, "private"), None, true).await;
    let Observation::Present { notes, .. } = found else { panic!("{found:?}") };
    assert_eq!(notes, [format!("a route to 192.168.0.0/16 by {interface} was added by others")]);

    // The route of an endpoint comes and goes by itself.
    let call = ec2.create_vpc_endpoint().vpc_id(id_of(&lab, "vpc", "main")).route_table_ids(&id);
    call.service_name("com.amazonaws.us-east-1.s3").send().await.unwrap();
    assert_eq!(lab.look("private", Some(&table)).await.unwrap(), table);

    ec2.delete_nat_gateway().nat_gateway_id(id_of(&lab, "nat_gateway", "a")).send().await.unwrap();
    let gone = RouteTarget::Blackhole(id_of(&lab, "nat_gateway", "a"));
    assert_eq!(lab.look("private", Some(&table)).await.unwrap(), routed("private", gone, &["one"]));
    // With the gateway made anew the reference is the same, and means another object.
    lab.make("a", &nat_gateway::sample()).await;
    lab.change("private", &table).await;
}

#[tokio::test]
async fn what_others_do_to_associations_is_seen() {
    let mut lab = laboratory().await;
    let table = routed("private", nat(), &["one"]);
    let id = lab.make("private", &table).await.id;
    let ec2 = lab.clients.ec2.clone();
    let one = id_of(&lab, "subnet", "one");

    ec2.disassociate_route_table().association_id(association(&lab, &id, &one).await).send().await.unwrap();
    let bare = RouteTable { subnets: BTreeSet::new(), ..table.clone() };
    assert_eq!(lab.look("private", Some(&table)).await.unwrap(), bare);
    lab.change("private", &table).await;

    // Others move our subnet to their table: it is moved back.
    let vpc = id_of(&lab, "vpc", "main");
    let theirs = ec2.create_route_table().vpc_id(&vpc).send().await.unwrap().route_table.unwrap();
    let theirs = theirs.route_table_id.unwrap();
    let call = ec2.replace_route_table_association().association_id(association(&lab, &id, &one).await);
    call.route_table_id(&theirs).send().await.unwrap();
    assert_eq!(lab.look("private", Some(&table)).await.unwrap(), bare);
    lab.change("private", &table).await;

    // A subnet of ours in the wrong table is a difference, one of others a note.
    let call = ec2.associate_route_table().route_table_id(&id).subnet_id(id_of(&lab, "subnet", "two"));
    call.send().await.unwrap();
    assert_eq!(lab.look("private", Some(&table)).await.unwrap(), routed("private", nat(), &["one", "two"]));
    lab.change("private", &table).await;
    let subnet = ec2.create_subnet().vpc_id(&vpc).cidr_block("10.0.50.0/24").send().await.unwrap().subnet.unwrap();
    let subnet = subnet.subnet_id.unwrap();
    ec2.associate_route_table().route_table_id(&id).subnet_id(&subnet).send().await.unwrap();
    let found = lab.observe(&Address::of(RouteTable::KIND, "private"), None, true).await;
    let Observation::Present { known, notes, .. } = found else { panic!("{found:?}") };
    assert_eq!(known.declared.read::<RouteTable>().unwrap(), table);
    assert_eq!(notes, [format!("{subnet} was associated by others")]);

    // A subnet that is not ours is not taken from a table that is not ours.
    ec2.disassociate_route_table().association_id(association(&lab, &id, &subnet).await).send().await.unwrap();
    ec2.associate_route_table().route_table_id(&theirs).subnet_id(&subnet).send().await.unwrap();
    let mut greedy = table.clone();
    greedy.subnets.insert(Ref::external(&subnet));
    let error = lab.try_change("private", &greedy).await.unwrap_err();
    assert!(error.kind == ErrorKind::NotOurs && error.says(&theirs), "{error}");

    ec2.delete_route_table().route_table_id(&theirs).send().await.unwrap_err();
    let desk = Desk::at(&lab.emulator.endpoint(), 0);
    let said = Said { code: 1, stdout: String::new(), stderr: error.to_string() };
    follow(&desk, &said, "aws ec2 disassociate-route-table", "aws ec2 disassociate-route-table").exit(0);
    lab.change("private", &greedy).await;
    lab.remove::<RouteTable>("private").await;
}

#[tokio::test]
async fn a_subnet_replaced_under_its_name_gets_the_table() {
    let mut lab = laboratory().await;
    let table = routed("private", nat(), &["one"]);
    lab.make("private", &table).await;
    lab.remove::<Subnet>("one").await;
    lab.make("one", &subnet::sample("one", 3)).await;
    lab.change("private", &table).await;
}

#[tokio::test]
async fn lost_answers_and_late_lists_change_nothing() {
    let mut lab = Lab::new(60).await;
    lab.emulator.post("/strict/settings", &json!({"consistency": {"ec2": 20}}));
    nat_gateway::surroundings(&mut lab).await;
    lab.make("main", &internet_gateway::sample()).await;
    for operation in ["CreateRouteTable", "CreateRoute", "AssociateRouteTable", "DeleteRouteTable"] {
        lab.emulator.post("/strict/faults", &json!({"operation": operation, "kind": "reset_after", "nth": 1}));
    }
    lab.make("public", &routed("public", internet(), &["public"])).await;
    let tables = lab.clients.ec2.describe_route_tables().send().await.unwrap();
    assert_eq!(tables.route_tables().iter().filter(|table| !table.tags().is_empty()).count(), 1);
    lab.remove::<RouteTable>("public").await;
    // The gateway is not needed by then; it is there for those who look for what is left.
    lab.make("a", &nat_gateway::sample()).await;
    lab.remove::<NatGateway>("a").await;
}

#[tokio::test]
async fn what_a_change_that_was_cut_short_added_goes_with_the_next() {
    let mut lab = laboratory().await;
    let plain = routed("private", nat(), &["one"]);
    let id = lab.make("private", &plain).await.id;
    // Tags and routes are in place when it fails.
    let mut more = routed("private", nat(), &["one", "two"]);
    more.routes.insert("198.51.100.0/24".to_owned(), internet());
    more.tags.insert("team".to_owned(), "data".to_owned());
    lab.emulator.post("/strict/faults", &json!({"operation": "AssociateRouteTable", "kind": "denied"}));
    lab.try_change("private", &more).await.unwrap_err();
    lab.emulator.post("/strict/faults/clear", &json!({}));
    // Another declaration, in which none of it stands, and what others added meanwhile.
    let ec2 = lab.clients.ec2.clone();
    let gateway = id_of(&lab, "internet_gateway", "main");
    let theirs = ec2.create_route().route_table_id(&id).destination_cidr_block("203.0.113.0/24");
    theirs.gateway_id(gateway).send().await.unwrap();
    lab.change("private", &plain).await;
    let table = ec2.describe_route_tables().route_table_ids(&id).send().await.unwrap().route_tables.unwrap().remove(0);
    let there: BTreeSet<&str> = table.routes().iter().filter_map(|route| route.destination_cidr_block()).collect();
    assert_eq!(there, BTreeSet::from(["0.0.0.0/0", "10.0.0.0/16", "203.0.113.0/24"]));
    assert!(table.tags().iter().all(|tag| tag.key() != Some("team")), "{table:?}");
}
