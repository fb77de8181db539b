//! What nobody declared, told by `drift --deep` of a stack that stands in the emulator.

use serde_json::{Value, json};

use crate::support::binary::Desk;
use crate::support::emulator::Emulator;

/// What is told beside the fields of a plan: class, severity and sentence, by address.
fn undeclared(desk: &Desk, code: i32) -> Vec<[String; 4]> {
    let report = desk.run(&["drift", "--deep", "--json"]).exit(code).json().remove(0);
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let told = report["undeclared"].as_array().unwrap().iter().filter(|one| one["class"] != "drift.by_aws");
    told.map(|one| ["address", "class", "severity", "what"].map(|key| text(&one[key]))).collect()
}

#[tokio::test]
async fn what_somebody_adds_within_the_stack_is_told_and_what_stands_untouched_is_silent() {
    let emulator = Emulator::start(0);
    let desk = Desk::at(&emulator.endpoint(), 0);
    desk.declare(&[]);
    desk.run(&["apply", "--auto-approve"]).exit(0);
    assert_eq!(undeclared(&desk, 0), Vec::<[String; 4]>::new());
    desk.run(&["drift", "--deep"]).exit(0).says(&["In sync."]);

    let aws = emulator.clients().await;
    let all = json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]});
    let role = aws.iam.put_role_policy().role_name("ppm-prod-package-manager").policy_name("admin");
    role.policy_document(all.to_string()).send().await.unwrap();
    let nodes = aws.iam.attach_role_policy().role_name("ppm-prod-nodes");
    nodes.policy_arn("arn:aws:iam::aws:policy/AdministratorAccess").send().await.unwrap();
    let trust = json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole",
        "Principal": {"AWS": "arn:aws:iam::123456789012:root"}}]});
    aws.iam.create_role().role_name("other").assume_role_policy_document(trust.to_string()).send().await.unwrap();
    let entry = aws.eks.create_access_entry().cluster_name("ppm-prod");
    entry.principal_arn("arn:aws:iam::123456789012:role/other").send().await.unwrap();

    let told = undeclared(&desk, 2);
    let has = |address: &str, severity: &str, what: &str| {
        let fits = |one: &[String; 4]| {
            one[0] == address && one[1] == "drift.extra" && one[2] == severity && one[3].contains(what)
        };
        assert!(told.iter().any(fits), "{address} {what}: {told:#?}");
    };
    has("iam_role.package-manager", "high", "the inline policy admin");
    has("iam_role.nodes", "critical", "AdministratorAccess, which allows everything");
    has("cluster.main", "high", "role/other");
    assert_eq!(told.len(), 3, "{told:#?}");
    desk.run(&["drift", "--deep"]).exit(2).says(&["Not declared by anybody", "3 not declared by anybody."]);
    desk.run(&["drift"]).exit(0);
}
