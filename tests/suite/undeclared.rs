//! What nobody declared, told by `drift` of a stack that stands in the emulator, and what is done about it.

use serde_json::{Value, json};

use crate::drift::Standing;
use crate::support::binary::{Desk, Said};

const ADMIN: &str = "arn:aws:eks::aws:cluster-access-policy/AmazonEKSClusterAdminPolicy";

/// What is told beside the fields of a plan: class, severity and sentence, by address.
fn undeclared(desk: &Desk, code: i32) -> Vec<[String; 4]> {
    let report = desk.run(&["drift", "--json"]).exit(code).json().remove(0);
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let told = report["undeclared"].as_array().unwrap().iter().filter(|one| one["class"] != "drift.by_aws");
    told.map(|one| ["address", "class", "severity", "what"].map(|key| text(&one[key]))).collect()
}

fn allowing(action: &str, resource: &str) -> String {
    let statement = json!({"Effect": "Allow", "Action": action, "Resource": resource});
    json!({"Version": "2012-10-17", "Statement": [statement]}).to_string()
}

/// The remedies of the only finding.
fn remedies(said: &Said) -> String {
    let findings = said.json().remove(0)["findings"].take();
    let told: Vec<&Value> =
        findings.as_array().unwrap().iter().filter(|one| !matches!(one["id"].as_str(), Some("drift.by_aws"))).collect();
    assert_eq!(told.len(), 1, "{said}");
    told[0]["remedy"].as_str().unwrap().to_owned()
}

/// Gives the network other DHCP options, which have no default; answers their id.
async fn other_options(at: &Standing) -> String {
    let ec2 = &at.aws.ec2;
    let servers = aws_sdk_ec2::types::NewDhcpConfiguration::builder().key("domain-name-servers").values("10.0.0.2");
    let options = ec2.create_dhcp_options().dhcp_configurations(servers.build()).send().await.unwrap();
    let id = options.dhcp_options.unwrap().dhcp_options_id.unwrap();
    ec2.associate_dhcp_options().dhcp_options_id(&id).vpc_id(at.id("vpc.main")).send().await.unwrap();
    id
}

#[tokio::test]
async fn what_somebody_adds_is_told_by_what_it_allows_and_what_stands_untouched_is_silent() {
    let standing = Standing::with("").await;
    let Standing { desk, aws, .. } = &standing;
    assert_eq!(undeclared(desk, 0), Vec::<[String; 4]>::new());
    desk.run(&["drift"]).exit(0).says(&["In sync."]);

    for (name, policy) in [("admin", allowing("*", "*")), ("logs", allowing("logs:GetLogEvents", "arn:aws:logs:*:*:*"))]
    {
        let role = aws.iam.put_role_policy().role_name("ppm-prod-package-manager").policy_name(name);
        role.policy_document(policy).send().await.unwrap();
    }
    let nodes = aws.iam.attach_role_policy().role_name("ppm-prod-nodes");
    nodes.policy_arn("arn:aws:iam::aws:policy/AdministratorAccess").send().await.unwrap();
    let trust = json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole",
        "Principal": {"AWS": "arn:aws:iam::123456789012:root"}}]});
    for name in ["guest", "boss"] {
        aws.iam.create_role().role_name(name).assume_role_policy_document(trust.to_string()).send().await.unwrap();
        let arn = format!("arn:aws:iam::123456789012:role/{name}");
        aws.eks.create_access_entry().cluster_name("ppm-prod").principal_arn(&arn).send().await.unwrap();
        if name == "boss" {
            let policy = aws.eks.associate_access_policy().cluster_name("ppm-prod").principal_arn(&arn);
            let scope = aws_sdk_eks::types::AccessScope::builder().r#type("cluster".into()).build();
            policy.policy_arn(ADMIN).access_scope(scope).send().await.unwrap();
        }
    }

    let told = undeclared(desk, 2);
    let has = |address: &str, severity: &str, what: &str| {
        let fits = |one: &[String; 4]| {
            one[0] == address && one[1] == "drift.extra" && one[2] == severity && one[3].contains(what)
        };
        assert!(told.iter().any(fits), "{address} {what}: {told:#?}");
    };
    has("iam_role.package-manager", "critical", "the inline policy admin, which allows everything");
    has("iam_role.package-manager", "high", "the inline policy logs");
    has("iam_role.nodes", "critical", "AdministratorAccess, which allows everything");
    has("cluster.main", "critical", "role/boss, which allows everything");
    has("cluster.main", "high", "role/guest");
    assert_eq!(told.len(), 5, "{told:#?}");
    desk.run(&["drift"]).exit(2).says(&["Not declared by anybody", "5 not declared by anybody."]);
}

#[tokio::test]
async fn what_may_stand_is_waived_by_its_name_and_cannot_be_accepted() {
    let standing = Standing::with("").await;
    let Standing { desk, aws, .. } = &standing;
    let role = aws.iam.put_role_policy().role_name("ppm-prod-nodes").policy_name("logs");
    role.policy_document(allowing("logs:GetLogEvents", "arn:aws:logs:*:*:*")).send().await.unwrap();

    let said = desk.run(&["drift", "--json"]).exit(2);
    let waive =
        "`ppm-infra drift waive iam_role.nodes logs --for 7d --reason TEXT -f plans/reference.yaml` lets it stand";
    assert!(remedies(&said).contains(waive), "{}", remedies(&said));
    let lockfile = desk.read("state/ppm-prod.lock.json");
    let said = desk.run(&["drift", "accept", "iam_role.nodes", "logs"]).exit(1);
    said.says(&["no key declares it", "the inline policy logs", "drift waive iam_role.nodes logs"]);
    assert_eq!(desk.read("state/ppm-prod.lock.json"), lockfile);

    desk.run(&["drift", "waive", "iam_role.nodes", "logs", "--for", "7d", "--reason", "while we look for it"]).exit(0);
    let said = desk.run(&["drift", "--json"]).exit(0);
    let report = said.json().remove(0);
    assert_eq!(report["undeclared"], json!([]), "{said}");
    let waived = &report["waived"][0];
    assert_eq!((&waived["field"], &waived["undeclared"][0]["name"]), (&json!("logs"), &json!("logs")), "{said}");
    desk.run(&["drift"]).exit(0).says(&["In sync.", "Waived", "the inline policy logs", "while we look for it"]);

    let role = aws.iam.put_role_policy().role_name("ppm-prod-nodes").policy_name("more");
    role.policy_document(allowing("logs:GetLogEvents", "arn:aws:logs:*:*:*")).send().await.unwrap();
    let told = undeclared(desk, 2);
    assert_eq!(told.len(), 1, "another one is not waived: {told:#?}");
    for name in ["logs", "more"] {
        aws.iam.delete_role_policy().role_name("ppm-prod-nodes").policy_name(name).send().await.unwrap();
    }
    desk.run(&["drift"]).exit(0).says(&["the waiver of iam_role.nodes logs covers no drift"]);
}

#[tokio::test]
async fn what_has_no_default_is_accepted_by_remembering_it() {
    let standing = Standing::with("").await;
    let Standing { desk, aws, .. } = &standing;
    let id = other_options(&standing).await;

    let said = desk.run(&["drift", "--json"]).exit(2);
    let accept = "`ppm-infra drift accept vpc.main DhcpOptionsId -f plans/reference.yaml` keeps what is there";
    assert!(remedies(&said).contains(accept), "{}", remedies(&said));
    let lockfile = desk.read("state/ppm-prod.lock.json");
    let dry = desk.run(&["drift", "accept", "vpc.main", "DhcpOptionsId", "--dry-run"]).exit(0);
    dry.says(&["vpc.main DhcpOptionsId: no key declares it; the next looks compare with what is there now"]);
    desk.run(&["drift"]).exit(2).says(&[&id]);
    desk.run(&["drift", "accept", "vpc.main", "DhcpOptionsId", "-f", "plans/reference.yaml"]).exit(0);
    desk.run(&["drift"]).exit(0).says(&["In sync."]);
    desk.run(&["drift", "accept", "vpc.main"]).exit(1).says(&["vpc.main is as it was recorded"]);
    let resources = |text: &str| serde_json::from_str::<Value>(text).unwrap()["resources"].take();
    assert_eq!(resources(&desk.read("state/ppm-prod.lock.json")), resources(&lockfile));

    aws.ec2.associate_dhcp_options().dhcp_options_id("default").vpc_id(standing.id("vpc.main")).send().await.unwrap();
    let told = undeclared(desk, 2);
    assert_eq!(told.len(), 1, "what was accepted is what the next look compares with: {told:#?}");
}

#[tokio::test]
async fn what_an_apply_of_ours_moved_is_expected_from_then_on_and_nothing_else() {
    let standing = Standing::with("").await;
    let desk = &standing.desk;
    // Of the network somebody changes what has no default; the apply changes the network as well.
    let id = other_options(&standing).await;
    desk.run(&["drift"]).exit(2).says(&[&id]);
    desk.declare_with("database:\n  backup_days: 9");
    desk.run(&["apply", "--auto-approve"]).exit(0);
    assert_eq!(undeclared(desk, 2).len(), 1, "what the apply did not touch is told all the same");
    desk.declare_with("database:\n  backup_days: 9\ntags:\n  team: data");
    desk.run(&["apply", "--auto-approve"]).exit(0);
    desk.run(&["drift"]).exit(0).says(&["In sync."]);
}
