//! A load balancer that somebody else makes: nothing of it is planned, and what there was goes.

use ppm_infra::architecture::{NotReady, helm_inputs};
use ppm_infra::engine::Request;
use ppm_infra::helm::Exposure;
use ppm_infra::stack::{Stack, Targets};

use crate::support::bench::Bench;
use crate::support::reference::{Standing, changes, reference};

/// What leads from the load balancer to the nodes, itself included.
const FRONT: [&str; 6] = [
    "listener.http",
    "listener.https",
    "load_balancer.main",
    "security_group.load-balancer",
    "security_group_rule.nodes-from-load-balancer",
    "target_group.main",
];

fn behind_an_ingress() -> Stack {
    let mut stack = reference();
    stack.load_balancer.targets = Targets::Ingress;
    stack
}

#[tokio::test(start_paused = true)]
async fn no_load_balancer_is_made() {
    let standing = Standing::of(behind_an_ingress()).await;
    let state = standing.bench.state();
    assert_eq!(state.resources.len(), 46 - FRONT.len() - 1, "and no attachment of the nodes");
    for kind in ["load_balancer", "listener", "target_group", "target_attachment"] {
        assert!(state.resources.keys().all(|address| address.kind.as_str() != kind), "{kind}");
    }
    assert_eq!(state.outputs["url"], "https://packages.example.com");
    assert!(!state.outputs.contains_key("load_balancer_dns_name"));
    let inputs = helm_inputs(&standing.stack, &state).unwrap();
    let Exposure::Ingress(ingress) = &inputs.exposure else { panic!("{:?}", inputs.exposure) };
    assert_eq!((ingress.host.as_str(), ingress.is_internal), ("packages.example.com", false));
    assert_eq!(inputs.load_balancer_dns_name, None);
    assert!(ppm_infra::helm::values(&inputs).is_ok());
}

#[tokio::test(start_paused = true)]
async fn a_load_balancer_that_is_given_up_goes_and_comes_back() {
    let mut standing = Standing::new().await;
    let ran = standing.edit(|stack| stack.load_balancer.targets = Targets::Ingress).await;
    let mut expected: Vec<String> = FRONT.iter().map(|address| format!("delete {address}")).collect();
    expected.push("delete target_attachment.nodes".to_owned());
    let mut changed = changes(&ran.plan);
    changed.sort();
    expected.sort();
    assert_eq!(changed, expected, "and nothing else is touched");
    ran.assert_in_turn(&["delete listener.https", "delete load_balancer.main", "delete security_group.load-balancer"]);
    ran.assert_in_turn(&["delete listener.https", "delete target_group.main"]);
    assert_eq!(standing.bench.cloud.world().objects.len(), 39);
    let ran = standing.edit(|stack| stack.load_balancer.targets = Targets::NodePort).await;
    assert_eq!(changes(&ran.plan).len(), 7);
    assert_eq!(standing.bench.state().resources.len(), 46);
}

#[tokio::test(start_paused = true)]
async fn it_is_destroyed_without_a_rest() {
    let mut standing = Standing::of(behind_an_ingress()).await;
    let delete_data = ["database", "bucket", "key"].map(str::to_owned).into();
    let ask = Request { destroy: true, delete_data, ..Request::default() };
    standing.ask(&ask).await;
    assert!(standing.bench.state().is_empty());
}

#[tokio::test(start_paused = true)]
async fn values_wait_for_the_nodes() {
    let stack = behind_an_ingress();
    let bench = Bench::new(&ppm_infra::resources::catalog(), "ppm-prod", false);
    let missing: NotReady = helm_inputs(&stack, &bench.state()).unwrap_err();
    assert!(missing.to_string().contains("does not stand yet"));
}

#[test]
fn an_ingress_needs_a_host_name_and_has_no_node_port() {
    let refused = |front: &str, what: &str| {
        let text = format!("stack: ppm-prod\nregion: us-east-1\nload_balancer: {front}\n");
        let error = Stack::parse("ppm.yaml", &text).unwrap_err().to_string();
        assert!(error.contains(what), "{error}");
    };
    refused("{targets: ingress}", "an Ingress is made for a host name");
    refused("{targets: ingress, domain: p.example.com, node_port: 30500}", "no node port is opened");
}
