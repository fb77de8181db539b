//! Commands of kubectl that are named, carried out by it on a cluster that knows as much as they need.

use serde_json::{Value, json};

use super::account::certificate;
use super::{health, id, standing};
use crate::support::binary::Desk;
use crate::support::hint::{follow, hint};
use crate::support::kubernetes::{Balancer, Kubernetes, get, put};

const BINDINGS: &str = "targetgroupbindings.elbv2.k8s.aws";

/// What the chart makes, as far as it is asked for.
fn deployment() -> Value {
    json!({
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "ppm", "namespace": "ppm"},
        "spec": {
            "replicas": 2, "selector": {"matchLabels": {"a": "b"}},
            "template": {"metadata": {"labels": {"a": "b"}}, "spec": {"containers": [{"name": "ppm", "image": "ppm"}]}},
        },
    })
}

fn of(api: &str, kind: &str, name: &str, namespace: Option<&str>) -> Value {
    let metadata = match namespace {
        Some(namespace) => json!({"name": name, "namespace": namespace}),
        None => json!({"name": name}),
    };
    json!({"apiVersion": api, "kind": kind, "metadata": metadata})
}

fn controller() -> Value {
    definition(BINDINGS, "TargetGroupBinding", "v1beta1")
}

/// What somebody installs to have objects of this kind in a namespace.
fn definition(named: &str, kind: &str, version: &str) -> Value {
    let (plural, group) = named.split_once('.').unwrap();
    let mut made = of("apiextensions.k8s.io/v1", "CustomResourceDefinition", named, None);
    made["spec"] = json!({
        "group": group, "scope": "Namespaced", "names": {"plural": plural, "kind": kind},
        "versions": [{"name": version, "served": true, "storage": true}],
    });
    made
}

#[test]
fn what_comes_after_an_apply_brings_it_up() {
    let desk = Desk::simulated();
    desk.declare(&[("load_balancer:\n", "load_balancer:\n  targets: target_group_binding\n")]);
    let text = desk.read("plans/reference.yaml");
    let shared = "shared_storage: {file_system: fs-0123456789abcdef0}";
    desk.write("plans/reference.yaml", &format!("{text}\npackage_manager: {{usage_data: database, {shared}}}\n"));
    let said = desk.run(&["apply", "--auto-approve"]).exit(0);
    let _kubernetes = Kubernetes::of(&desk);
    let sandboxes = || {
        hint(
            &desk,
            &said,
            "kubectl label namespace ppm --overwrite pod-security.kubernetes.io/enforce=privileged",
            "kubectl label namespace ppm --overwrite pod-security.kubernetes.io/enforce=privileged",
        )
    };
    assert_ne!(sandboxes().run().code, 0, "there is no such namespace yet");
    // Every command may be typed again.
    for _ in 0..2 {
        follow(&desk, &said, "kubectl create namespace ppm", "kubectl create namespace ppm").exit(0);
        sandboxes().run().exit(0);
        follow(
            &desk,
            &said,
            "kubectl label namespace ppm --overwrite elbv2.k8s.aws/pod-readiness-gate-inject=enabled",
            "kubectl label namespace ppm --overwrite elbv2.k8s.aws/pod-readiness-gate-inject=enabled",
        )
        .exit(0);
    }
    let labels = get(&desk, "namespace ppm")["metadata"]["labels"].clone();
    assert_eq!(labels["pod-security.kubernetes.io/enforce"], "privileged");
    assert_eq!(labels["elbv2.k8s.aws/pod-readiness-gate-inject"], "enabled");
    // What has to be installed: found only once it is.
    let installed = || {
        let bindings = follow(&desk, &said, "kubectl get crd", "kubectl get crd");
        let driver = follow(&desk, &said, "kubectl get csidriver", "kubectl get csidriver");
        (bindings.code, driver.code)
    };
    assert_eq!(installed(), (1, 1));
    let mut driver = of("storage.k8s.io/v1", "CSIDriver", "efs.csi.aws.com", None);
    driver["spec"] = json!({"attachRequired": false});
    put(&desk, &[controller(), driver]);
    assert_eq!(installed(), (0, 0));
    let wait = || hint(&desk, &said, "kubectl -n ppm wait", "kubectl -n ppm wait").run();
    assert_ne!(wait().code, 0, "there is no such Job yet");
    desk.write("rstudio-pm.lic", "a license");
    for _ in 0..2 {
        let handed = follow(
            &desk,
            &said,
            "ppm-infra secrets plans/reference.yaml --license ./rstudio-pm.lic --with-database-job",
            "ppm-infra secrets plans/reference.yaml --license ./rstudio-pm.lic --with-database-job",
        );
        handed.exit(0).says(&["secret/ppm-secrets serverside-applied"]);
    }
    assert_eq!(get(&desk, "secret rstudio-pm-license")["data"]["rstudio-pm.lic"], "YSBsaWNlbnNl");
    assert!(get(&desk, "secret rstudio-pm-database")["data"]["password"].is_string());
    wait().exit(0).says(&["condition met"]);
    let rollout = || hint(&desk, &said, "kubectl -n ppm rollout status", "kubectl -n ppm rollout status").run();
    assert_ne!(rollout().code, 0, "nothing is installed yet");
    put(&desk, &[deployment()]);
    rollout().exit(0).says(&["successfully rolled out"]);
}

#[test]
fn a_load_balancer_that_a_controller_makes() {
    let desk = Desk::simulated();
    desk.declare(&[("load_balancer:\n", "load_balancer:\n  targets: ingress\n")]);
    let said = desk.run(&["apply", "--auto-approve"]).exit(0);
    let status = desk.run(&["status"]);
    let _kubernetes = Kubernetes::of(&desk);
    let mut ingress = of("networking.k8s.io/v1", "Ingress", "ppm", Some("ppm"));
    ingress["spec"] = json!({"ingressClassName": "alb"});
    ingress["status"] = json!({"loadBalancer": {"ingress": [{"hostname": "k8s-ppm-1.elb.amazonaws.com"}]}});
    let both = || {
        let after = follow(&desk, &said, "kubectl -n ppm get ingress ppm", "kubectl -n ppm get ingress ppm");
        (after, follow(&desk, &status, "cannot be seen from here", "kubectl -n ppm get ingress ppm"))
    };
    let (after, shown) = both();
    assert!(after.code != 0 && shown.code != 0, "nothing is installed yet: {after}{shown}");
    put(&desk, &[of("v1", "Namespace", "ppm", None), ingress]);
    let (after, shown) = both();
    for said in [after, shown] {
        said.exit(0).says(&["k8s-ppm-1.elb.amazonaws.com"]);
    }
}

#[test]
fn pods_and_nodes_that_do_not_answer() {
    let desk = standing();
    let _kubernetes = Kubernetes::of(&desk);
    let node = of("v1", "Node", "ip-10-0-1-7.ec2.internal", None);
    let pod = |name: &str, namespace: &str| of("v1", "Pod", name, Some(namespace));
    let namespaces = [of("v1", "Namespace", "ppm", None), of("v1", "Namespace", "other", None)];
    put(&desk, &[&namespaces[..], &[node, pod("ppm-5d9c7b6f4-x2x7k", "ppm"), pod("other-1", "other")]].concat());
    let said = desk.run(&["status"]).exit(1);
    let pods = follow(&desk, &said, "do the pods run?", "kubectl -n ppm get pods").exit(0);
    assert!(pods.stdout.contains("ppm-5d9c7b6f4-x2x7k") && !pods.stdout.contains("other-1"), "{pods}");
    let group = id(&desk, "target_group.main");
    let target = |state: &str| json!({"id": "i-1", "port": 30042, "state": state, "reason": null, "description": null});
    health::tell(&desk, |health| health["targets"] = json!({ &group: [target("healthy"), target("unhealthy")] }));
    let said = desk.run(&["status"]);
    let nodes = follow(&desk, &said, "so look at these", "kubectl get nodes").exit(0);
    nodes.says(&["ip-10-0-1-7.ec2.internal"]);
    // Where pods are the targets, and nobody registers them.
    let desk = Desk::simulated();
    desk.declare(&[("load_balancer:\n", "load_balancer:\n  targets: target_group_binding\n")]);
    desk.run(&["apply", "--auto-approve"]).exit(0);
    let _kubernetes = Kubernetes::of(&desk);
    let said = desk.run(&["status"]).exit(1);
    let bindings =
        || follow(&desk, &said, "is the AWS Load Balancer Controller there?", "kubectl -n ppm get targetgroupbindings");
    let none = bindings();
    assert!(none.code != 0 && none.stderr.contains("resource type"), "{none}");
    put(&desk, &[of("v1", "Namespace", "ppm", None), controller()]);
    put(&desk, &[of("elbv2.k8s.aws/v1beta1", "TargetGroupBinding", "ppm", Some("ppm"))]);
    assert!(bindings().exit(0).stdout.contains("ppm "));
}

#[test]
fn another_password_reaches_the_pods() {
    let desk = standing();
    let _kubernetes = Kubernetes::of(&desk);
    put(&desk, &[of("v1", "Namespace", "ppm", None), deployment()]);
    // A terminal gets none of them, and is told where they go.
    desk.write("our license.lic", "a license");
    let said = desk.at_terminal("ppm-infra secrets --license 'our license.lic'", &[]).exit(64);
    follow(&desk, &said, "hand them on", "ppm-infra secrets").exit(0);
    assert!(get(&desk, "secret rstudio-pm-license")["data"].is_object(), "the license is among them");
    let password = || get(&desk, "secret rstudio-pm-database")["data"]["password"].clone();
    let before = password();
    assert!(before.is_string());
    let said = desk.run(&["secrets", "rotate", "database", "--auto-approve"]).exit(0);
    follow(&desk, &said, "ppm-infra secrets plans/reference.yaml |", "ppm-infra secrets plans/reference.yaml |")
        .exit(0);
    assert_ne!(password(), before);
    follow(&desk, &said, "kubectl -n ppm rollout restart", "kubectl -n ppm rollout restart")
        .exit(0)
        .says(&["restarted"]);
    let again = get(&desk, "deployment ppm");
    let annotations = &again["spec"]["template"]["metadata"]["annotations"];
    assert!(annotations["kubectl.kubernetes.io/restartedAt"].is_string(), "{again}");
    hint(&desk, &said, "kubectl -n ppm rollout status", "kubectl -n ppm rollout status")
        .run()
        .exit(0)
        .says(&["rolled out"]);
}

#[test]
fn a_rotation_that_was_cut_off() {
    let desk = standing();
    let cut_off = || {
        let mut world: Value = serde_json::from_str(&desk.read("world.json")).unwrap();
        world["turns"] = json!({ id(&desk, "secret.database"): {"current": 0, "pending": 1, "taken": 1} });
        desk.write("world.json", &world.to_string());
    };
    let current = || desk.run(&["secrets"]).exit(0);
    cut_off();
    let said = current();
    let done = hint(&desk, &said, "was begun and not finished", "ppm-infra secrets rotate database").approved("yes");
    done.exit(0);
    assert!(!current().stderr.contains("was begun and not finished"));
    let finished = current().stdout;
    cut_off();
    let said = desk.run(&["apply", "--auto-approve"]).exit(0);
    let said = said.says(&["that was cut off is finished", "kubectl -n ppm rollout restart deployment/ppm"]);
    let _kubernetes = Kubernetes::of(&desk);
    put(&desk, &[of("v1", "Namespace", "ppm", None)]);
    follow(&desk, &said, "ppm-infra secrets plans/reference.yaml |", "ppm-infra secrets plans/reference.yaml |")
        .exit(0);
    assert_eq!(current().stdout, finished, "the password that the database takes");
    let password = get(&desk, "secret rstudio-pm-database")["data"]["password"].clone();
    assert!(finished.contains(password.as_str().unwrap()), "the cluster has it");
}

#[test]
fn another_password_is_fetched_by_what_reads_it_in_the_cluster() {
    let declared = |word: &str| {
        let desk = Desk::simulated();
        desk.declare_with(&format!("package_manager: {{secrets: {word}}}"));
        desk.run(&["apply", "--auto-approve"]).exit(0);
        desk
    };
    let desk = declared("external_secrets");
    let _kubernetes = Kubernetes::of(&desk);
    let operator = ["externalsecrets", "secretstores"].map(|plural| {
        let kind = if plural == "secretstores" { "SecretStore" } else { "ExternalSecret" };
        definition(&format!("{plural}.external-secrets.io"), kind, "v1")
    });
    put(&desk, &[&operator[..], &[of("v1", "Namespace", "ppm", None), deployment()]].concat());
    desk.shell("ppm-infra --cloud simulated:world.json secrets | kubectl apply --server-side -f -").exit(0);
    let rotate = ["secrets", "rotate", "database", "--auto-approve"];
    let said = desk.run(&rotate).exit(0);
    follow(&desk, &said, "kubectl -n ppm annotate externalsecret", "kubectl -n ppm annotate externalsecret")
        .exit(0)
        .says(&["annotated"]);
    let asked = get(&desk, "externalsecret rstudio-pm-database")["metadata"]["annotations"]["force-sync"].clone();
    assert!(asked.as_str().is_some_and(|at| at.parse::<u64>().is_ok()), "{asked}");
    let lines: Vec<&str> = said.stdout.lines().map(str::trim).collect();
    assert!(lines[1].starts_with("kubectl -n ppm rollout restart"), "{said}");
    assert!(!said.stdout.contains("ppm-infra secrets"), "it prints no password: {said}");
    // The driver is waited for: nothing that is typed here makes it look.
    let desk = declared("csi");
    let said = desk.run(&rotate).exit(0).says(&["enableSecretRotation=true", "wait that long first"]);
    assert!(said.stdout.trim_start().starts_with("kubectl -n ppm rollout restart"), "{said}");
    let said = desk.run(&[&rotate[..], &["--json"]].concat()).exit(0).json_document();
    assert_eq!(said["next"].as_array().unwrap().len(), 2, "{said}");
}

#[test]
fn it_answers_through_the_load_balancer() {
    let desk = standing();
    let name = |desk: &Desk| desk.run(&["output", "load_balancer_dns_name"]).exit(0).stdout.trim().to_owned();
    let said = desk.run(&["apply", "--auto-approve"]).exit(0);
    certificate(&desk, 5);
    let balancer = Balancer::start(&desk, &name(&desk), &["packages.example.com", "new.pem", "key.pem"]);
    hint(&desk, &said, "curl -fsS --connect-to", "curl -fsS --connect-to")
        .after(&balancer.way())
        .exit(0)
        .says(&["pong"]);
    // Without a certificate and a domain it is asked by its own name.
    let desk = Desk::simulated();
    desk.write("plans/reference.yaml", "stack: ppm-prod\nregion: us-east-1\n");
    let said = desk.run(&["apply", "--auto-approve"]).exit(0);
    let balancer = Balancer::start(&desk, &name(&desk), &[]);
    hint(&desk, &said, "curl -fsS http://", "curl -fsS http://").after(&balancer.way()).exit(0).says(&["pong"]);
}
