//! The front door, whatever is edited and whichever step fails: no listener leads to nothing, and users are served.
//!
//! Looked at after every single change in the cloud, so it holds as well for whoever is killed or cut off there.

#[cfg(feature = "aws")]
mod emulator;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

use ppm_infra::cloud::ErrorKind;
use ppm_infra::cloud::simulated::{Fault, SimulatedObject, World, Write};
use ppm_infra::engine::Request;
use ppm_infra::model::address::Address;
use ppm_infra::stack::{Network, Scheme, Stack, Targets};
use serde_json::Value;

use crate::support::bench::{Bench, Ran};
use crate::support::random::sample;
use crate::support::reference::{Declared, Standing, cluster, reference};

/// Longer than any step of the front takes, in seconds: the first change of two is let through.
const LET_THROUGH: u64 = 3;

/// One edit, and what users may count on meanwhile.
struct Case {
    name: &'static str,
    from: fn(&mut Stack),
    to: fn(&mut Stack),
    /// Whether somebody answers all the time. Where the load balancer is left to others, or taken back, nobody does.
    served: bool,
}

const CERTIFIED: fn(&mut Stack) = |_| {};
const PLAIN: fn(&mut Stack) = |stack| stack.load_balancer.certificate = None;

const CASES: [Case; 19] = [
    Case { name: "certificate out", from: CERTIFIED, to: PLAIN, served: true },
    Case { name: "certificate in", from: PLAIN, to: CERTIFIED, served: true },
    Case { name: "internal", from: CERTIFIED, to: |stack| internal(stack), served: true },
    Case { name: "internal, plain", from: PLAIN, to: |stack| both(stack, &[PLAIN, internal]), served: true },
    Case { name: "internet-facing", from: |stack| internal(stack), to: CERTIFIED, served: true },
    Case { name: "node port", from: CERTIFIED, to: |stack| node_port(stack), served: true },
    Case { name: "node port, plain", from: PLAIN, to: |stack| both(stack, &[PLAIN, node_port]), served: true },
    Case { name: "targets by a controller", from: CERTIFIED, to: |stack| bound(stack), served: true },
    Case { name: "targets by nodes", from: |stack| bound(stack), to: CERTIFIED, served: true },
    Case { name: "left to a controller", from: CERTIFIED, to: |stack| left(stack), served: false },
    Case { name: "taken back", from: |stack| left(stack), to: CERTIFIED, served: false },
    Case { name: "who may come in", from: CERTIFIED, to: |stack| allow(stack, &["198.51.100.0/24"]), served: true },
    Case {
        name: "fewer may come in",
        from: |stack| allow(stack, &["198.51.100.0/24", "203.0.113.0/24"]),
        to: |stack| allow(stack, &["203.0.113.0/24"]),
        served: true,
    },
    Case {
        name: "everything but the load balancer",
        from: |stack| allow(stack, &["198.51.100.0/24", "203.0.113.0/24"]),
        to: |stack| {
            both(stack, &[PLAIN, node_port, |stack| allow(stack, &["203.0.113.0/24", "192.0.2.0/24"])]);
        },
        served: true,
    },
    Case {
        name: "everything at once",
        from: |stack| both(stack, &[PLAIN, bound]),
        to: |stack| both(stack, &[node_port, internal, |stack| allow(stack, &["10.0.0.0/8"])]),
        served: true,
    },
    Case { name: "a zone less", from: CERTIFIED, to: |stack| zones(stack, 2), served: true },
    Case { name: "a zone more", from: |stack| zones(stack, 2), to: CERTIFIED, served: true },
    Case { name: "other nodes", from: CERTIFIED, to: |stack| both(stack, &[other_nodes, node_port]), served: true },
    Case { name: "another tag", from: CERTIFIED, to: |stack| tag(stack), served: true },
];

fn both(stack: &mut Stack, edits: &[fn(&mut Stack)]) {
    for edit in edits {
        edit(stack);
    }
}

fn internal(stack: &mut Stack) {
    stack.load_balancer.scheme = Scheme::Internal;
}

fn node_port(stack: &mut Stack) {
    stack.load_balancer.node_port = Some(30555);
}

fn bound(stack: &mut Stack) {
    stack.load_balancer.targets = Targets::TargetGroupBinding;
}

fn left(stack: &mut Stack) {
    stack.load_balancer.targets = Targets::Ingress;
}

fn allow(stack: &mut Stack, from: &[&str]) {
    stack.load_balancer.allow_from = from.iter().map(|cidr| cidr.parse().unwrap()).collect();
}

fn zones(stack: &mut Stack, zones: u8) {
    let Network::Made(made) = &mut stack.network else { panic!("the reference makes its network") };
    made.zones = zones;
}

fn other_nodes(stack: &mut Stack) {
    cluster(stack).nodes.instance_type = "m6i.4xlarge".parse().unwrap();
}

fn tag(stack: &mut Stack) {
    stack.tags.insert("team".to_owned(), "data".to_owned());
}

/// The reference declaration, edited.
fn declared(edit: fn(&mut Stack)) -> Stack {
    let mut stack = reference();
    edit(&mut stack);
    stack
}

/// What was there after each change.
type Seen = Arc<Mutex<Vec<World>>>;

/// A copy of what stands, and everything that will be seen there.
fn staged(bench: &Bench) -> (Bench, Seen) {
    let seen = Seen::default();
    let keep = seen.clone();
    let copy = bench.copy(Box::new(move |world| {
        keep.lock().unwrap().push(world.clone());
        Ok(())
    }));
    (copy, seen)
}

/// The changes a run made, each with how often its verb had met its address before.
fn steps(writes: &[Write]) -> Vec<(Write, usize)> {
    let mut met: BTreeMap<&Write, usize> = BTreeMap::new();
    let count = |write| {
        let before = met.entry(write).or_default();
        *before += 1;
        (write.clone(), *before - 1)
    };
    writes.iter().map(count).collect()
}

/// Of these steps all that have to do with the way in, and some of the others.
fn tried(steps: Vec<(Write, usize)>) -> Vec<(Write, usize)> {
    let way_in = [
        "listener",
        "load_balancer",
        "node_group",
        "security_group",
        "security_group_rule",
        "target_attachment",
        "target_group",
    ];
    let (mut tried, others): (Vec<_>, Vec<_>) =
        steps.into_iter().partition(|((_, address), _)| way_in.contains(&address.kind.as_str()));
    tried.extend(sample(others));
    tried
}

/// Lets the step fail when the cloud is asked for it.
fn refuse(bench: &Bench, ((verb, address), before): &(Write, usize)) {
    for _ in 0..*before {
        bench.cloud.fault(*verb, address.clone(), Fault::Slow(LET_THROUGH));
    }
    bench.cloud.fault(*verb, address.clone(), Fault::Refuse(ErrorKind::Denied));
}

#[tokio::test(start_paused = true)]
async fn whatever_is_edited_and_whichever_step_fails_users_are_served() {
    for case in &CASES {
        let standing = Standing::of(declared(case.from)).await;
        let (before, after) = (standing.stack.clone(), declared(case.to));
        let users = Users::of(&before, &after, case.served);
        let wanted = Declared(after);
        let (mut whole, seen) = staged(&standing.bench);
        whole.apply(&wanted).await;
        users.watch(case.name, &seen);
        whole.assert_converged(&wanted).await;
        let steps = steps(&whole.cloud.writes());
        assert!(!steps.is_empty(), "{}: something is changed", case.name);
        for step in tried(steps) {
            let ((verb, address), _) = &step;
            let name = format!("{}, {verb:?} {address} refused", case.name);
            let (mut bench, seen) = staged(&standing.bench);
            refuse(&bench, &step);
            let ran = bench.run(&wanted, &Request::default()).await;
            assert!(!ran.report.failed.is_empty(), "{name}");
            bench.assert_sound();
            // The next run goes on from there, and another changes its mind first.
            let (mut back, seen_back) = staged(&bench);
            bench.apply(&wanted).await;
            users.watch(&name, &seen);
            bench.assert_converged(&wanted).await;
            let unwanted = Declared(before.clone());
            back.apply(&unwanted).await;
            users.watch(&format!("{name}, taken back"), &seen_back);
            back.assert_converged(&unwanted).await;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_first_apply_opens_last_and_a_removal_closes_first() {
    let everything = Request {
        destroy: true,
        delete_data: ["database", "bucket", "key"].map(str::to_owned).into(),
        ..Request::default()
    };
    for edit in [CERTIFIED, PLAIN, bound] {
        let stack = declared(edit);
        let users = Users::of(&stack, &stack, false);
        let wanted = Declared(stack);
        let nothing = Bench::new(&ppm_infra::resources::catalog(), "ppm-prod", false);
        let (mut made, seen) = staged(&nothing);
        made.apply(&wanted).await;
        users.watch("first apply", &seen);
        for step in tried(steps(&made.cloud.writes())) {
            let (mut bench, seen) = staged(&nothing);
            refuse(&bench, &step);
            bench.run(&wanted, &Request::default()).await;
            users.watch(&format!("first apply, {step:?} refused"), &seen);
        }
        let (mut removed, seen) = staged(&made);
        removed.apply_asking(&wanted, &everything).await;
        users.watch("destroy", &seen);
        assert!(removed.cloud.world().objects.is_empty());
        for step in tried(steps(&removed.cloud.writes())) {
            let (mut bench, seen) = staged(&made);
            refuse(&bench, &step);
            bench.run(&wanted, &everything).await;
            users.watch(&format!("destroy, {step:?} refused"), &seen);
        }
    }
}

/// The same with what asks for no edit: an object replaced because somebody said so.
#[tokio::test(start_paused = true)]
async fn whatever_is_replaced_on_request_what_leads_through_it_follows_in_time() {
    for address in
        ["security_group.load-balancer", "security_group.database", "target_group.main", "load_balancer.main"]
    {
        let standing = Standing::new().await;
        let users = Users::of(&standing.stack, &standing.stack, true);
        let wanted = Declared(standing.stack.clone());
        let ask = Request { replace: BTreeSet::from([address.parse().unwrap()]), ..Request::default() };
        let (mut whole, seen) = staged(&standing.bench);
        whole.apply_asking(&wanted, &ask).await;
        users.watch(address, &seen);
        watch_database(address, &seen);
        for step in tried(steps(&whole.cloud.writes())) {
            let (mut bench, seen) = staged(&standing.bench);
            refuse(&bench, &step);
            let ran = bench.run(&wanted, &ask).await;
            assert!(!ran.report.failed.is_empty(), "{step:?}");
            bench.apply(&wanted).await;
            let name = format!("{address}, {step:?} refused");
            users.watch(&name, &seen);
            watch_database(&name, &seen);
            bench.assert_converged(&wanted).await;
        }
    }
}

/// What a plan says of an edit, a line for each thing that is a risk.
fn noticed(ran: &Ran) -> Vec<String> {
    let all = ran.plan.impact.iter().flat_map(|(at, all)| all.iter().map(move |one| (at, one)));
    let risks = all.filter(|(_, one)| one.class.interrupts());
    risks.map(|(at, one)| format!("{at}: {}: {}", one.class.word(), one.what)).collect()
}

#[tokio::test(start_paused = true)]
async fn what_users_will_notice_is_said_beforehand() {
    let mut standing = Standing::new().await;
    let ran = standing.edit(internal).await;
    let [outage, name] = noticed(&ran).try_into().unwrap();
    assert!(outage.starts_with("load_balancer.main: OUTAGE: "), "{outage}");
    assert!(outage.contains("packages.example.com"), "{outage}");
    assert!(name.starts_with("load_balancer.main: NEW ADDRESS: ") && name.contains("another DNS name"), "{name}");
    let ran = standing.edit(node_port).await;
    let [group] = noticed(&ran).try_into().unwrap();
    assert!(group.starts_with("target_group.main: OUTAGE: ") && group.contains("port 30555"), "{group}");
    let ran = standing.edit(bound).await;
    let [group] = noticed(&ran).try_into().unwrap();
    assert!(group.contains("OUTAGE: ") && group.contains("Helm, with the new values"), "{group}");
    let ran = standing.edit(PLAIN).await;
    assert_eq!(noticed(&ran), ["listener.https: OUTAGE: nothing answers there any more"]);
    let ran = standing.edit(left).await;
    assert!(noticed(&ran).iter().any(|line| line.starts_with("load_balancer.main: OUTAGE: nothing answers there")));

    // What somebody else removed is made again, and is not what it was.
    let mut standing = Standing::new().await;
    let gone: [Address; 3] =
        ["listener.http", "listener.https", "load_balancer.main"].map(|address| address.parse().unwrap());
    standing.bench.cloud.meddle(|world| world.objects.retain(|_, object| !gone.contains(&object.mark.address)));
    let ran = standing.edit(CERTIFIED).await;
    assert!(noticed(&ran).iter().any(|line| line.contains("another DNS name")), "{:?}", noticed(&ran));
    // What changes nothing for users is not mentioned.
    let ran = standing.edit(tag).await;
    assert_eq!(noticed(&ran), [""; 0]);
    let ran = standing.edit(|stack| allow(stack, &["198.51.100.0/24"])).await;
    assert_eq!(noticed(&ran), [""; 0]);
}

/// Those who use Package Manager, before and after an edit.
struct Users {
    /// The ports they come to; one of them answers.
    ports: BTreeSet<u64>,
    /// Where they come from, before as after.
    from: BTreeSet<String>,
    served: bool,
}

impl Users {
    fn of(before: &Stack, after: &Stack, served: bool) -> Self {
        let port = |stack: &Stack| if stack.load_balancer.certificate.is_some() { 443 } else { 80 };
        let from = |stack: &Stack| -> BTreeSet<String> {
            stack.load_balancer.allow_from.iter().map(ToString::to_string).collect()
        };
        let from = from(before).intersection(&from(after)).cloned().collect();
        Self { ports: BTreeSet::from([port(before), port(after)]), from, served }
    }

    /// Asserts that they found what they may count on whenever they came.
    fn watch(&self, name: &str, seen: &Seen) {
        let seen = seen.lock().unwrap();
        for (moment, world) in seen.iter().enumerate() {
            let mut answers = Vec::new();
            for listener in of_kind(world, "listener") {
                let led = self.leads(world, listener);
                assert_eq!(led, Ok(()), "{name}, after change {moment}: {} leads nowhere", listener.mark.address);
                answers.push(listener.declared.get("port").unwrap().as_u64().unwrap());
            }
            let served = answers.iter().any(|port| self.ports.contains(port));
            assert!(served || !self.served, "{name}, after change {moment}: nobody answers");
        }
    }

    /// Whether who comes to this listener gets to Package Manager.
    fn leads(&self, world: &World, listener: &SimulatedObject) -> Result<(), String> {
        let told = |object: &SimulatedObject, field: &str| object.declared.get(field).cloned().unwrap_or_default();
        let port = told(listener, "port");
        let balancer = one(world, "load_balancer", &told(listener, "load_balancer"))?;
        let groups = all(world, "security_group", &told(balancer, "security_groups"))?;
        let opens = |side: &str, port: &Value, from: Option<&String>| {
            let rules = groups.iter().flat_map(|group| told(group, side).as_array().cloned().unwrap_or_default());
            rules.into_iter().any(|rule| {
                let cidr = rule["peer"]["cidr"].as_str().map(str::to_owned);
                (&rule["from_port"], &rule["to_port"]) == (port, port)
                    && from.is_none_or(|from| cidr.as_ref() == Some(from))
            })
        };
        let shut = self.from.iter().find(|from| !opens("ingress", &port, Some(from)));
        if shut.is_some() || !opens("ingress", &port, None) {
            return Err(format!("port {port} is shut, for {shut:?}"));
        }
        let action = told(listener, "action");
        if action == "redirect_to_https" {
            let mut listeners = of_kind(world, "listener");
            let same = |other: &&SimulatedObject| told(other, "load_balancer") == told(listener, "load_balancer");
            let https = listeners.find(|other| same(other) && told(other, "port") == 443);
            return self.leads(world, https.ok_or("nothing stands at port 443")?);
        }
        let group = one(world, "target_group", &action["forward"])?;
        let port = told(group, "port");
        if !opens("egress", &port, None) {
            return Err(format!("the way out to port {port} is shut"));
        }
        let carried =
            |rule: &&SimulatedObject| groups.iter().any(|group| points(&told(rule, "peer")["group"]) == id(group));
        let lets_in = |rule: &&SimulatedObject| told(rule, "from_port") == port && carried(rule);
        of_kind(world, "security_group_rule").find(lets_in).ok_or(format!("the nodes let nobody in to port {port}"))?;
        if told(group, "target_type") == "instance" {
            let attached = |one: &&SimulatedObject| points(&told(one, "target_group")) == id(group);
            let attachment = of_kind(world, "target_attachment").find(attached).ok_or("there are no targets")?;
            one(world, "node_group", &told(attachment, "node_group"))?;
        }
        Ok(())
    }
}

/// Asserts that the nodes got to the database whenever they asked.
fn watch_database(name: &str, seen: &Seen) {
    for (moment, world) in seen.lock().unwrap().iter().enumerate() {
        let database = of_kind(world, "database").next().unwrap();
        let groups = all(world, "security_group", database.declared.get("security_groups").unwrap()).unwrap();
        let lets_in = |rule: &SimulatedObject| {
            let home = rule.declared.get("group").unwrap()["group"].clone();
            groups.iter().any(|group| points(&home) == id(group))
        };
        let reached = of_kind(world, "security_group_rule").any(lets_in);
        assert!(reached, "{name}, after change {moment}: the database lets nobody in");
    }
}

fn of_kind<'w>(world: &'w World, kind: &'static str) -> impl Iterator<Item = &'w SimulatedObject> {
    world.objects.values().filter(move |object| object.mark.address.kind.as_str() == kind)
}

fn id(object: &SimulatedObject) -> Option<&str> {
    object.computed.text("id")
}

fn points(value: &Value) -> Option<&str> {
    value["$id"].as_str()
}

fn one<'w>(world: &'w World, kind: &'static str, target: &Value) -> Result<&'w SimulatedObject, String> {
    let found = of_kind(world, kind).find(|object| id(object) == points(target));
    found.ok_or_else(|| format!("there is no {kind} {target}"))
}

fn all<'w>(world: &'w World, kind: &'static str, targets: &Value) -> Result<Vec<&'w SimulatedObject>, String> {
    targets.as_array().into_iter().flatten().map(|target| one(world, kind, target)).collect()
}
