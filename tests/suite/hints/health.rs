//! Commands that `status` names where something is not as it should be.

use serde_json::{Value, json};

use super::{PLAN, id, standing};
use crate::support::binary::Desk;
use crate::support::hint::{follow, hint};

/// Changes what the rehearsal cloud tells of health.
pub(super) fn tell(desk: &Desk, edit: impl FnOnce(&mut Value)) {
    let mut world: Value = serde_json::from_str(&desk.read("world.json")).unwrap();
    if world["health"].is_null() {
        world["health"] = json!({});
    }
    edit(&mut world["health"]);
    desk.write("world.json", &world.to_string());
}

/// Somebody removes what stands at these addresses.
fn remove(desk: &Desk, addresses: &[&str]) {
    let mut world: Value = serde_json::from_str(&desk.read("world.json")).unwrap();
    let objects = world["objects"].as_object_mut().unwrap();
    objects.retain(|_, object| !addresses.contains(&object["mark"]["address"].as_str().unwrap()));
    desk.write("world.json", &world.to_string());
}

#[test]
fn what_does_not_stand() {
    let desk = Desk::simulated();
    desk.declare(&[]);
    let said = desk.run(&["status"]).exit(1);
    hint(&desk, &said, "` makes it", "ppm-infra apply").approved("yes").exit(0);
    desk.run(&["destroy", "--auto-approve"]).exit(0);
    let said = desk.run(&["status"]).exit(1).says(&["the load balancer does not stand yet"]);
    hint(&desk, &said, "` makes it", "ppm-infra apply").approved("yes").exit(0);
    id(&desk, "load_balancer.main");
}

#[test]
fn a_way_in_that_leads_nowhere() {
    let desk = standing();
    remove(&desk, &["listener.https", "listener.http"]);
    let said = desk.run(&["status"]).exit(1).says(&["no listener: nobody gets in"]);
    follow(&desk, &said, "shows what puts it back", "ppm-infra plan").exit(0).says(&["listener.https", "2 to create"]);
    let group = id(&desk, "target_group.main");
    let target = |state: &str| json!({"id": "i-1", "port": 30042, "state": state, "reason": null, "description": null});
    tell(&desk, |health| health["targets"] = json!({ &group: [target("unused")] }));
    let said = desk.run(&["status"]).exit(1);
    follow(&desk, &said, "shows what puts the listener back", "ppm-infra plan").exit(0).says(&["2 to create"]);
    desk.run(&["apply", "--auto-approve"]).exit(0);
    tell(&desk, |health| health["targets"] = json!({ &group: [target("initial")] }));
    let said = desk.run(&["status"]).exit(1);
    tell(&desk, |health| health["targets"] = json!({ &group: [target("healthy")] }));
    follow(&desk, &said, "look again in a minute", "ppm-infra status").exit(0).says(&["Serves."]);
    // Nobody answers on any node, or no node is there to answer.
    tell(&desk, |health| health["targets"] = json!({}));
    let said = desk.run(&["status"]).exit(1);
    follow(&desk, &said, "shows a rule that was moved", "ppm-infra drift").exit(0).says(&["In sync."]);
    let done = hint(&desk, &said, "as the last lines of", "ppm-infra apply").run().exit(0);
    done.says(&["helm upgrade --install ppm"]);
    remove(&desk, &["target_attachment.nodes"]);
    let said = desk.run(&["status"]).exit(1);
    follow(&desk, &said, "shows what puts them back", "ppm-infra plan").exit(0).says(&["target_attachment.nodes"]);
}

#[test]
fn a_load_balancer_that_fails() {
    let desk = standing();
    let arn = id(&desk, "load_balancer.main");
    let group = id(&desk, "target_group.main");
    let healthy = json!({"id": "i-1", "port": 30042, "state": "healthy", "reason": null, "description": null});
    tell(&desk, |health| health["targets"] = json!({ &group: [healthy] }));
    let balancer = |state: &str| {
        let listener = json!({"port": 443, "protocol": "HTTPS", "certificate": null});
        json!({ &arn: {"state": state, "reason": null, "dns_name": "x", "listeners": [listener]} })
    };
    tell(&desk, |health| health["balancers"] = balancer("provisioning"));
    let said = desk.run(&["status"]).exit(1);
    tell(&desk, |health| health["balancers"] = json!({}));
    follow(&desk, &said, "look again in two or three minutes", "ppm-infra status").exit(0).says(&["Serves."]);
    tell(&desk, |health| health["balancers"] = balancer("failed"));
    let said = desk.run(&["status"]).exit(1);
    let plan = follow(&desk, &said, "shows what makes another", "ppm-infra plan").exit(0);
    plan.says(&["load_balancer.main", "to replace"]);
    remove(&desk, &["load_balancer.main", "listener.https", "listener.http"]);
    let said = desk.run(&["status"]).exit(1);
    follow(&desk, &said, "shows what makes it again", "ppm-infra plan").exit(0).says(&["+ load_balancer.main"]);
}

#[test]
fn a_cluster_a_database_and_values_that_are_others() {
    let desk = standing();
    let cluster = json!({"status": "FAILED", "version": "1.34", "policy": null, "issues": []});
    tell(&desk, |health| health["clusters"] = json!({ "ppm-prod": cluster }));
    let said = desk.run(&["status"]).exit(1);
    follow(&desk, &said, "shows what can be done", "ppm-infra plan").exit(0).says(&["ppm-prod in us-east-1"]);
    // Another database under the name of the recorded one.
    let name = id(&desk, "database.main");
    super::meddle(&desk, "database.main", None, |object| object["computed"]["resource_id"] = json!("db-OTHER"));
    let said = desk.run(&["status"]).exit(1).says(&["another database than the recorded one"]);
    follow(&desk, &said, "says what became of the recorded one", "ppm-infra plan").exit(0).says(&["No changes"]);
    follow(&desk, &said, "if it is to be the database", "ppm-infra state rm database.main").exit(0);
    let taken = hint(&desk, &said, "if it is to be the database", "ppm-infra adopt database.main").approved("yes");
    taken.exit(0).says(&[&name, "from now on"]);
    desk.run(&PLAN).exit(0);
    // Values of another version, and none.
    let text = desk.read("plans/reference.yaml");
    desk.write("plans/reference.yaml", &format!("{text}\npackage_manager: {{chart_version: 0.20.3}}\n"));
    desk.run(&["apply", "--auto-approve", "--downgrade", "package-manager"]).exit(0);
    desk.write("plans/reference.yaml", &text);
    let said = desk.run(&["status"]).exit(1);
    let done = hint(&desk, &said, "and says how to roll them out", "ppm-infra apply").approved("yes").exit(0);
    done.says(&["helm upgrade --install"]);
    std::fs::remove_dir_all(desk.path("state")).unwrap();
    desk.run(&["recover", "--auto-approve"]).exit(0);
    let said = desk.run(&["status"]).exit(1).says(&["no values were written"]);
    hint(&desk, &said, "` writes what is missing", "ppm-infra apply").approved("yes").exit(0);
    let said = desk.run(&["status"]).exit(1);
    assert!(!said.stdout.contains("no values were written"), "{said}");
}
