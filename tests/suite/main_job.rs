//! The main job from end to end, against the strict emulator: plan, apply, values, plan again, edits, destroy.

use ppm_infra::model::values::KubernetesVersion;
use serde_json::Value;

use crate::support::binary::Desk;
use crate::support::emulator::Emulator;
use crate::support::reference::reference;

/// A folder and an emulator with nothing in it.
fn start(scale: u32) -> (Emulator, Desk) {
    let emulator = Emulator::start(scale);
    let desk = Desk::at(&emulator.endpoint(), scale);
    desk.declare(&[]);
    (emulator, desk)
}

/// Everything that exists, without what no destroy can remove at once (keys and secrets waiting for their end).
fn inventory(emulator: &Emulator) -> Value {
    let mut inventory = emulator.get("/strict/inventory");
    inventory.as_object_mut().unwrap().remove("lingering");
    inventory
}

const DESTROY: [&str; 5] = ["destroy", "--delete-data", "database,bucket,key", "--no-final-snapshot", "--auto-approve"];

#[test]
fn everything_is_made_stays_as_it_is_and_goes_without_a_trace() {
    let (emulator, desk) = start(0);
    let before = inventory(&emulator);
    desk.run(&["plan", "--detailed-exitcode"]).exit(2).says(&["46 to create"]);
    assert_eq!(emulator.mutations(), 0, "planning changes nothing");
    desk.run(&["apply", "--auto-approve"]).exit(0);
    let values = desk.read("out/ppm-prod.values.yaml");
    assert_eq!(desk.run(&["values"]).exit(0).stdout, values, "the same values again, byte for byte");

    emulator.post("/strict/log/clear", &Value::Null);
    desk.run(&["plan", "--detailed-exitcode"]).exit(0);
    let calls = emulator.calls();
    assert_eq!(emulator.mutations(), 0, "a plan without changes writes nothing");
    assert!(calls.len() <= 75, "{} calls for a plan without changes", calls.len());
    desk.run(&["drift"]).exit(0);
    let lockfile = desk.read("state/ppm-prod.lock.json");
    desk.run(&["apply", "--auto-approve"]).exit(0);
    assert_eq!(desk.read("state/ppm-prod.lock.json"), lockfile, "applying nothing leaves the lockfile alone");

    desk.run(&DESTROY).exit(0);
    assert_eq!(inventory(&emulator), before, "nothing is left");
}

#[test]
fn without_the_internet_everything_is_made_and_goes_without_a_trace() {
    let emulator = Emulator::start(0);
    let desk = Desk::at(&emulator.endpoint(), 0);
    desk.declare_with(
        "network: {connectivity: air_gapped}\n\
         package_manager: {image: {repository: registry.example.com/ppm, tag: \"2026.08.0-ubuntu-24.04\"}}",
    );
    let before = inventory(&emulator);
    let applied = desk.run(&["apply", "--auto-approve"]).exit(0);
    assert!(applied.stdout.contains("ppm-infra offline-checklist"), "{applied}");
    desk.run(&["plan", "--detailed-exitcode"]).exit(0);
    desk.run(&["drift"]).exit(0);
    desk.run(&DESTROY).exit(0);
    assert_eq!(inventory(&emulator), before, "nothing is left");
}

#[test]
fn it_takes_its_time_as_on_aws() {
    let (emulator, desk) = start(600);
    let before = inventory(&emulator);
    desk.run(&["apply", "--auto-approve"]).exit(0);
    desk.run(&["plan", "--detailed-exitcode"]).exit(0);
    desk.run(&DESTROY).exit(0);
    assert_eq!(inventory(&emulator), before, "nothing is left");
}

#[test]
fn without_consent_data_stays_with_all_it_needs() {
    let (emulator, desk) = start(0);
    desk.run(&["apply", "--auto-approve"]).exit(0);
    desk.run(&["destroy", "--auto-approve"]).exit(0);
    let left = emulator.get("/strict/inventory");
    for kind in ["db_instance", "bucket", "kms_key"] {
        assert!(left["objects"][kind].as_array().is_some_and(|all| !all.is_empty()), "{kind} stays: {left}");
    }
    assert_eq!(left["objects"]["cluster"].as_array().map_or(0, Vec::len), 0, "the cluster goes");
    // What stayed is still ours: declared again, the rest comes back beside it.
    desk.run(&["apply", "--auto-approve"]).exit(0);
    desk.run(&["plan", "--detailed-exitcode"]).exit(0);
}

#[test]
fn the_database_goes_after_a_snapshot_was_verified() {
    let (emulator, desk) = start(0);
    desk.run(&["apply", "--auto-approve"]).exit(0);
    desk.run(&["destroy", "--delete-data", "database,bucket,key", "--auto-approve"]).exit(0);
    let left = emulator.get("/strict/inventory");
    let snapshots = left["objects"]["db_snapshot"].as_array().cloned().unwrap_or_default();
    assert_eq!(snapshots.len(), 1, "one snapshot stays: {left}");
}

#[test]
fn a_lost_lockfile_is_found_again_in_the_cloud() {
    let (_emulator, desk) = start(0);
    desk.run(&["apply", "--auto-approve"]).exit(0);
    let whole: Value = serde_json::from_str(&desk.read("state/ppm-prod.lock.json")).unwrap();
    std::fs::remove_file(desk.path("state/ppm-prod.lock.json")).unwrap();
    desk.run(&["plan", "--detailed-exitcode"]).exit(0);
    desk.run(&["apply", "--auto-approve"]).exit(0);
    let again: Value = serde_json::from_str(&desk.read("state/ppm-prod.lock.json")).unwrap();
    assert_eq!(again["resources"], whole["resources"]);
}

#[test]
fn a_saved_plan_is_what_runs_or_nothing_does() {
    let (emulator, desk) = start(0);
    desk.run(&["plan", "-o", "first.plan.json"]).exit(0);
    desk.run(&["plan", "-o", "same.plan.json"]).exit(0);
    assert_eq!(desk.read("first.plan.json"), desk.read("same.plan.json"), "the same plan, byte for byte");
    desk.run(&["apply", "first.plan.json"]).exit(0);
    let made = emulator.mutations();
    desk.run(&["apply", "same.plan.json"]).exit(4).says(&["stale", "nothing was changed"]);
    assert_eq!(emulator.mutations(), made);
    desk.run(&["plan", "-o", "none.plan.json"]).exit(0);
    desk.declare_with("database:\n  backup_days: 14");
    desk.run(&["apply", "none.plan.json"]).exit(4).says(&["plans/reference.yaml changed"]);
    assert_eq!(emulator.mutations(), made);
}

/// One stack, edited again and again; after every edit nothing is left to change.
#[test]
fn edits_are_applied_as_aws_needs_them() {
    let (emulator, desk) = start(0);
    let newest = reference().kubernetes().version.declared();
    let mut version = newest.previous().unwrap();
    let with = |lines: &str, version: KubernetesVersion| {
        let lines =
            if lines.contains("kubernetes: {") { lines.to_owned() } else { format!("{lines}\nkubernetes: {{}}") };
        lines.replace("kubernetes: {", &format!("kubernetes: {{version: \"{version}\", extended_support: true, "))
    };
    desk.declare_with(&with("", version));
    desk.run(&["apply", "--auto-approve"]).exit(0);
    let edits: [(&str, &str, &[&str]); 16] = [
        ("nodes 3 to 4", "kubernetes: {nodes: {count: 4}}", &["node_group.main"]),
        ("nodes 4 to 3", "", &["node_group.main"]),
        (
            "another instance type",
            "kubernetes: {nodes: {instance_type: m6a.4xlarge}}",
            &["node_group.main", "target_attachment.nodes"],
        ),
        (
            "disk 100 to 200, and back to the type",
            "kubernetes: {nodes: {disk_gib: 200}}",
            &["node_group.main", "target_attachment.nodes"],
        ),
        ("a larger database", "kubernetes: {nodes: {disk_gib: 200}}\ndatabase: {storage_gib: 200}", &["database.main"]),
        (
            "one zone for the database",
            "kubernetes: {nodes: {disk_gib: 200}}\ndatabase: {storage_gib: 200, multi_az: false}",
            &["database.main"],
        ),
        ("two again", "kubernetes: {nodes: {disk_gib: 200}}\ndatabase: {storage_gib: 200}", &["database.main"]),
        (
            "longer backups",
            "kubernetes: {nodes: {disk_gib: 200}}\ndatabase: {storage_gib: 200, backup_days: 30}",
            &["database.main"],
        ),
        (
            "the next Kubernetes",
            "kubernetes: {nodes: {disk_gib: 200}}\ndatabase: {storage_gib: 200, backup_days: 30}",
            &["cluster.main", "node_group.main", "addon.coredns", "addon.kube-proxy", "addon.vpc-cni"],
        ),
        (
            "fewer who may come in",
            "kubernetes: {public_cidrs: [203.0.113.0/24], nodes: {disk_gib: 200}}\ndatabase: {storage_gib: 200, backup_days: 30}",
            &["cluster.main"],
        ),
        (
            "tags on everything",
            "kubernetes: {public_cidrs: [203.0.113.0/24], nodes: {disk_gib: 200}}\ndatabase: {storage_gib: 200, backup_days: 30}\ntags: {team: data}",
            &["vpc.main", "bucket.packages", "listener.https", "iam_role.nodes"],
        ),
        (
            "one NAT gateway",
            "network: {nat: single}\nkubernetes: {public_cidrs: [203.0.113.0/24], nodes: {disk_gib: 200}}\ndatabase: {storage_gib: 200, backup_days: 30}\ntags: {team: data}",
            &["nat_gateway.b", "nat_gateway.c", "elastic_ip.nat-b", "route_table.private-b"],
        ),
        (
            "one for each zone again",
            "kubernetes: {public_cidrs: [203.0.113.0/24], nodes: {disk_gib: 200}}\ndatabase: {storage_gib: 200, backup_days: 30}\ntags: {team: data}",
            &["nat_gateway.b", "nat_gateway.c"],
        ),
        (
            "two zones",
            "network: {zones: 2}\nkubernetes: {public_cidrs: [203.0.113.0/24], nodes: {disk_gib: 200}}\ndatabase: {storage_gib: 200, backup_days: 30}\ntags: {team: data}",
            &["nat_gateway.c", "subnet.public-c", "node_group.main", "load_balancer.main"],
        ),
        (
            "three zones again",
            "kubernetes: {public_cidrs: [203.0.113.0/24], nodes: {disk_gib: 200}}\ndatabase: {storage_gib: 200, backup_days: 30}\ntags: {team: data}",
            &["nat_gateway.c", "subnet.public-c", "node_group.main", "load_balancer.main"],
        ),
        (
            "fewer tags",
            "kubernetes: {public_cidrs: [203.0.113.0/24], nodes: {disk_gib: 200}}\ndatabase: {storage_gib: 200, backup_days: 30}",
            &["vpc.main"],
        ),
    ];
    for (what, lines, changed) in edits {
        if what == "the next Kubernetes" {
            version = newest;
        }
        desk.declare_with(&with(lines, version));
        let plan = desk.run(&["plan", "--full", "--detailed-exitcode"]).exit(2);
        for address in changed {
            assert!(plan.stdout.contains(address), "{what} changes {address}: {plan}");
        }
        let applied = desk.run(&["apply", "--auto-approve"]);
        assert_eq!(applied.code, 0, "{what}: {applied}");
        let after = desk.run(&["plan", "--detailed-exitcode"]);
        assert_eq!(after.code, 0, "{what}: nothing is left to change: {after}");
    }
    desk.run(&DESTROY).exit(0);
    drop(emulator);
}

#[test]
fn the_front_door_is_rebuilt_without_closing() {
    let (emulator, desk) = start(0);
    desk.run(&["apply", "--auto-approve"]).exit(0);
    let steps: [(&str, &[&str]); 6] = [
        ("node_port: 30500", &["target_group.main", "listener.https", "target_attachment.nodes"]),
        (
            "certificate: arn:aws:acm:us-east-1:123456789012:certificate/99999999-2222-3333-4444-555555555555",
            &["listener.https"],
        ),
        ("allow_from: [203.0.113.0/24]", &["security_group.load-balancer"]),
        ("targets: target_group_binding", &["target_group.main", "target_attachment.nodes"]),
        // Left to a controller altogether, and taken back.
        (
            "targets: ingress",
            &["load_balancer.main", "listener.https", "target_group.main", "security_group.load-balancer"],
        ),
        (
            "targets: node_port",
            &["load_balancer.main", "listener.https", "target_group.main", "target_attachment.nodes"],
        ),
    ];
    let mut declaration = desk.read("plans/reference.yaml");
    for (line, changed) in steps {
        let key = line.split(':').next().unwrap();
        declaration = declaration
            .lines()
            .filter(|old| !old.trim_start().starts_with(&format!("{key}:")))
            .fold(String::new(), |text, old| text + old + "\n");
        if line.starts_with("targets") {
            declaration = declaration.replace("  node_port: 30500\n", "");
        }
        declaration.extend(["  ", line, "\n"]);
        desk.write("plans/reference.yaml", &declaration);
        let plan = desk.run(&["plan", "--detailed-exitcode"]).exit(2);
        for address in changed {
            assert!(plan.stdout.contains(address), "{line} changes {address}: {plan}");
        }
        let applied = desk.run(&["apply", "--auto-approve"]);
        assert_eq!(applied.code, 0, "{line}: {applied}");
        desk.run(&["plan", "--detailed-exitcode"]).exit(0);
        let balancers = emulator.get("/strict/inventory")["objects"]["load_balancer"].as_array().map_or(0, Vec::len);
        assert_eq!(balancers, usize::from(line != "targets: ingress"), "{line}");
        assert_eq!(
            desk.read("out/ppm-prod.values.yaml").contains("ingressClassName: \"alb\""),
            line == "targets: ingress"
        );
    }
}

#[test]
fn two_versions_of_kubernetes_are_climbed_one_by_one() {
    let (emulator, desk) = start(0);
    let newest = reference().kubernetes().version.declared();
    let old = newest.previous().and_then(KubernetesVersion::previous).unwrap();
    let version = |version| format!("kubernetes: {{version: \"{version}\", extended_support: true}}");
    desk.declare_with(&version(old));
    desk.run(&["apply", "--auto-approve"]).exit(0);
    emulator.post("/strict/log/clear", &Value::Null);
    desk.declare_with(&version(newest));
    desk.run(&["apply", "--auto-approve"]).exit(0);
    desk.run(&["plan", "--detailed-exitcode"]).exit(0);
    let mut order: Vec<String> = emulator
        .calls()
        .iter()
        .filter_map(|call| call["operation"].as_str())
        .filter(|operation| ["UpdateClusterVersion", "UpdateNodegroupVersion", "UpdateAddon"].contains(operation))
        .map(str::to_owned)
        .collect();
    // Not every add-on has another version for every Kubernetes.
    order.dedup();
    let hop = ["UpdateClusterVersion", "UpdateNodegroupVersion", "UpdateAddon"];
    assert_eq!(order, [hop, hop].concat(), "control plane, nodes, add-ons; then the same again");
}

#[test]
fn a_protected_object_is_not_replaced() {
    let (emulator, desk) = start(0);
    desk.run(&["apply", "--auto-approve"]).exit(0);
    let made = emulator.mutations();
    desk.declare_with("network: {cidr: 10.9.0.0/16}");
    let texts = ["is protected and would be replaced", "because vpc.main is replaced", "10.0.0.0/16", "10.9.0.0/16"];
    desk.run(&["plan"]).exit(1).says(&texts);
    desk.run(&["apply", "--auto-approve"]).exit(1).says(&texts);
    assert_eq!(emulator.mutations(), made);
}
