//! Who may enter the cluster.

use serde_json::json;

use super::refused;
use crate::support::binary::Desk;
use crate::support::emulator::Emulator;

const TRUST: &str = r#"{"Version": "2012-10-17", "Statement": [{"Effect": "Allow",
    "Principal": {"AWS": "arn:aws:iam::123456789012:root"}, "Action": "sts:AssumeRole"}]}"#;

#[tokio::test]
async fn admins_are_looked_up_before_anything_is_built() {
    let emulator = Emulator::start(0);
    let desk = Desk::at(&emulator.endpoint(), 0);
    let aws = emulator.clients().await;
    let role = aws.iam.create_role().role_name("ops").path("/team/").assume_role_policy_document(TRUST);
    let role = role.send().await.unwrap().role.unwrap().arn;
    let user = aws.iam.create_user().user_name("ann").send().await.unwrap().user.unwrap().arn;
    let declare = |arn: &str| desk.declare_with(&format!("kubernetes:\n  admins:\n    - {user}\n    - {arn}"));
    let list = |account: &str, what: &str| format!("arn:aws:iam::{account}:{what}");
    for (arn, says) in [
        (list("123456789012", "role/opps"), "there is no role opps".to_owned()),
        (list("123456789012", "user/bob"), "there is no user bob".to_owned()),
        (list("123456789012", "role/ops"), format!("the role ops is {role}")),
    ] {
        declare(&arn);
        let line = desk.read("plans/reference.yaml").lines().count();
        let finding = refused(&emulator, &desk);
        assert_eq!(
            (&finding["id"], &finding["line"], &finding["column"]),
            (&json!("kubernetes.admins"), &json!(line), &json!(7))
        );
        assert!(finding["what"].as_str().unwrap().contains(&says), "{finding}");
    }
    // The ARN that the last remedy names is one that serves.
    declare(&role);
    desk.run(&["plan"]).exit(0).says(&["checks passed"]);
    declare(&list("999999999999", "role/x"));
    desk.run(&["plan"]).exit(0).says(&["unknown: kubernetes.admins:", "of account 999999999999"]);
    declare(&role);
    emulator.post("/strict/faults", &json!({"service": "iam", "operation": "GetUser", "kind": "denied"}));
    desk.run(&["plan"]).exit(0).says(&["unknown: kubernetes.admins:", "iam:GetUser"]);
}

#[test]
fn the_root_user_is_refused_before_anything_is_built() {
    let emulator = Emulator::start(0);
    let desk = Desk::at(&emulator.endpoint(), 0);
    desk.declare(&[]);
    emulator.post("/strict/settings", &json!({"extra": {"callers": {"AKIATEST": "root"}}}));
    let finding = refused(&emulator, &desk);
    assert_eq!((&finding["id"], &finding["address"]), (&json!("caller"), &json!("access_entry.creator")));
    assert!(finding["what"].as_str().unwrap().contains("root user"), "{finding}");
}
