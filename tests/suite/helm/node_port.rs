//! The port of the nodes: out of Kubernetes' own hands in a new stack, and never moved under one that stands.

use ppm_infra::architecture::{expand, helm_facts, helm_inputs};
use ppm_infra::helm::{Exposure, Reach};
use ppm_infra::model::surroundings::Surroundings;
use ppm_infra::resources::target_group::TargetGroup;
use ppm_infra::stack::Targets;

use crate::support::binary::Desk;
use crate::support::reference::{Standing, changes, reference};

/// The default range of node ports has 2768; Kubernetes keeps the first 86 free of its own choice: a 32nd, which lies
/// between the least of 16 and the most of 128 ("Avoiding collisions when assigning ports to `NodePort` Services").
const STATIC_BAND: std::ops::RangeInclusive<u16> = 30000..=30085;
/// The default before: what stacks that stand may have.
const BEFORE: u16 = 30442;

fn port(standing: &Standing) -> u16 {
    let state = standing.bench.state();
    let Exposure::NodePort { port } = helm_inputs(&standing.stack, &state).unwrap().exposure else { panic!() };
    assert_eq!(helm_facts(&standing.stack, &state).reach, Some(Reach::NodePort(port)));
    let group: TargetGroup = state.resources[&"target_group.main".parse().unwrap()].declared.read().unwrap();
    assert_eq!(group.port, port, "values and target group agree");
    port
}

#[tokio::test(start_paused = true)]
async fn a_new_stack_gets_one_that_kubernetes_gives_to_nobody() {
    assert!(STATIC_BAND.contains(&port(&Standing::new().await)));
}

#[tokio::test(start_paused = true)]
async fn a_stack_that_stands_keeps_its_own() {
    let mut stack = reference();
    stack.load_balancer.node_port = Some(BEFORE);
    let mut standing = Standing::of(stack).await;
    let ran = standing.edit(|stack| stack.load_balancer.node_port = None).await;
    assert_eq!(changes(&ran.plan), Vec::<String>::new());
    assert_eq!(port(&standing), BEFORE);
    // Whatever else is edited meanwhile.
    let ran = standing.edit(|stack| stack.load_balancer.idle_timeout_seconds = 60).await;
    assert_eq!(changes(&ran.plan), ["update load_balancer.main: idle_timeout_seconds"]);
    assert_eq!(port(&standing), BEFORE);
    standing.edit(|stack| stack.load_balancer.node_port = Some(30001)).await;
    standing.edit(|stack| stack.load_balancer.node_port = None).await;
    assert_eq!(port(&standing), 30001, "what is declared wins, and stays");
    // A group of pods has no port of nodes to keep.
    standing.edit(|stack| stack.load_balancer.targets = Targets::TargetGroupBinding).await;
    standing.edit(|stack| stack.load_balancer.targets = Targets::NodePort).await;
    assert!(STATIC_BAND.contains(&port(&standing)));
}

#[tokio::test(start_paused = true)]
async fn without_a_record_of_the_target_group_the_firewall_tells() {
    let mut stack = reference();
    stack.load_balancer.node_port = Some(BEFORE);
    let standing = Standing::of(stack).await;
    let mut state = standing.bench.state();
    state.resources.remove(&"target_group.main".parse().unwrap());
    let nodes = expand(&reference(), &Surroundings::default(), &state);
    let group: TargetGroup = nodes[&"target_group.main".parse().unwrap()].declared.read().unwrap();
    assert_eq!(group.port, BEFORE);
}

#[test]
fn a_lost_lockfile_does_not_move_it() {
    let desk = Desk::simulated();
    desk.declare(&[]);
    let least = desk.read("plans/reference.yaml");
    let written = least.replace("load_balancer:\n", &format!("load_balancer:\n  node_port: {BEFORE}\n"));
    assert_ne!(written, least);
    desk.write("plans/reference.yaml", &written);
    desk.run(&["apply", "--auto-approve"]).exit(0);
    desk.write("plans/reference.yaml", &least);
    desk.run(&["plan", "--detailed-exitcode"]).exit(0);
    std::fs::remove_dir_all(desk.path("state")).unwrap();
    // With no record at all, what stands and carries the marks tells.
    desk.run(&["plan", "--detailed-exitcode"]).exit(0);
    desk.run(&["recover", "--auto-approve"]).exit(0);
    desk.run(&["plan", "--detailed-exitcode"]).exit(0);
    desk.run(&["values"]).exit(0).says(&[&format!("nodePort: {BEFORE}")]);
}
