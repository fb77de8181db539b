//! What AWS answers about a stack beyond the fields of a plan: everything the tables of the kinds name, of every object,
//! with few calls. On the reference stack, against the strict emulator.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use ppm_infra::cloud::{Cloud as _, ErrorKind, ObserveRequest, ObserveTarget};
use ppm_infra::described::root::{Asked, FOUND, Root, elements, roots};
use ppm_infra::engine::state::Recorded;
use ppm_infra::model::address::Address;
use ppm_infra::model::described::{CallAnswer, CallAnswers, Described, Inquiry};
use ppm_infra::model::index::IdIndex;
use ppm_infra::model::observation::Observation;
use ppm_infra::model::resource::Known;
use ppm_infra::model::surroundings::{Questions, Surroundings};
use ppm_infra::resources::{Aws, catalog};
use serde_json::{Value, json};

use crate::support::binary::Desk;
use crate::support::emulator::Emulator;

/// As many calls as one look at the reference stack may take, besides the one that tells who calls.
const MOST_CALLS: usize = 79;

/// Calls that nobody makes yet.
const LEFT_OUT: [&str; 1] = ["wafv2:GetWebACLForResource"];

/// Fields of ours that the answers about the reference stack hold nowhere, for nothing of them is set there.
const NOT_IN_THE_REFERENCE: [&str; 29] = [
    "database rds:DescribeDBInstances PendingModifiedValues.DBInstanceClass",
    "database rds:DescribeDBInstances PendingModifiedValues.AllocatedStorage",
    "database rds:DescribeDBInstances PendingModifiedValues.BackupRetentionPeriod",
    "database rds:DescribeDBInstances PendingModifiedValues.MultiAZ",
    "database rds:DescribeDBInstances PendingModifiedValues.EngineVersion",
    "database rds:DescribeDBInstances PendingModifiedValues.DBInstanceIdentifier",
    "database rds:DescribeDBInstances PendingModifiedValues.StorageType",
    "database rds:DescribeDBInstances PendingModifiedValues.DBSubnetGroupName",
    "kms_key kms:DescribeKey DeletionDate",
    "listener elasticloadbalancing:DescribeListeners DefaultActions[].FixedResponseConfig.*",
    "listener elasticloadbalancing:DescribeListeners DefaultActions[].AuthenticateOidcConfig.*",
    "listener elasticloadbalancing:DescribeListeners DefaultActions[].AuthenticateCognitoConfig.*",
    "listener elasticloadbalancing:DescribeListeners DefaultActions[].JwtValidationConfig.*",
    "route_table ec2:DescribeRouteTables Routes[].EgressOnlyInternetGatewayId",
    "route_table ec2:DescribeRouteTables Routes[].InstanceId",
    "route_table ec2:DescribeRouteTables Routes[].NetworkInterfaceId",
    "route_table ec2:DescribeRouteTables Routes[].TransitGatewayId",
    "route_table ec2:DescribeRouteTables Routes[].LocalGatewayId",
    "route_table ec2:DescribeRouteTables Routes[].CarrierGatewayId",
    "route_table ec2:DescribeRouteTables Routes[].VpcPeeringConnectionId",
    "route_table ec2:DescribeRouteTables Routes[].CoreNetworkArn",
    "route_table ec2:DescribeRouteTables Routes[].OdbNetworkArn",
    "security_group ec2:DescribeSecurityGroupRules CidrIpv6",
    "security_group ec2:DescribeSecurityGroupRules PrefixListId",
    "security_group ec2:DescribeSecurityGroupRules ReferencedGroupInfo.VpcPeeringConnectionId",
    "security_group_rule ec2:DescribeSecurityGroupRules CidrIpv4",
    "security_group_rule ec2:DescribeSecurityGroupRules CidrIpv6",
    "security_group_rule ec2:DescribeSecurityGroupRules PrefixListId",
    "security_group_rule ec2:DescribeSecurityGroupRules ReferencedGroupInfo.VpcPeeringConnectionId",
];

/// The reference stack, and everything recorded of it.
struct Stack {
    emulator: Emulator,
    records: BTreeMap<Address, Recorded>,
}

impl Stack {
    fn applied() -> Self {
        let emulator = Emulator::start(0);
        let desk = Desk::at(&emulator.endpoint(), 0);
        desk.declare_with("");
        desk.run(&["apply", "--auto-approve"]).exit(0);
        let lockfile: Value = serde_json::from_str(&desk.read("state/ppm-prod.lock.json")).unwrap();
        let records = serde_json::from_value(lockfile["resources"].clone()).unwrap();
        Self { emulator, records }
    }

    /// What is answered, and the calls it took.
    async fn look(&self) -> (Described, Vec<Value>) {
        let cloud = Aws::new(self.emulator.clients().await);
        let place = cloud.survey(&Questions::default()).await.unwrap();
        let known = |one: &Recorded| Known { declared: one.declared.clone(), computed: one.computed.clone() };
        let target = |one: &Recorded| ObserveTarget {
            declared: Some(one.declared.clone()),
            recorded: Some(known(one)),
            ..ObserveTarget::default()
        };
        let targets = self.records.iter().map(|(address, one)| (address.clone(), target(one))).collect();
        let ids = IdIndex::of(self.records.iter().map(|(address, one)| (address, &one.computed)));
        let request =
            ObserveRequest { stack: "ppm-prod", targets: &targets, ids: &ids, surroundings: &place, removing: false };
        self.emulator.post("/strict/log/clear", &json!({}));
        let described = cloud.describe(&request).await;
        let calls = self.emulator.calls();
        let unread = |found: &Observation| matches!(found, Observation::Unread { .. });
        // Errors have ids of their own.
        if !described.observed.values().any(unread) {
            assert_eq!(described.observed, cloud.observe(&request).await, "a plan sees the same");
        }
        (described, calls)
    }

    fn denies(&self, service: &str, operation: &str) {
        let fault = json!({"service": service, "operation": operation, "kind": "denied"});
        self.emulator.post("/strict/faults", &fault);
    }

    fn id(&self, address: &str) -> &str {
        self.records[&address.parse().unwrap()].computed.text("id").unwrap()
    }
}

fn table(kind: &str) -> String {
    let path = format!("src/resources/{kind}/described.tsv");
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap()
}

fn is_asked(root: &Root<'_>, record: &Recorded) -> bool {
    let has = |field: &str| record.declared.get(field).is_some_and(|value| !value.is_null());
    let certified = root.by.iter().all(|one| one.field != "certificate") && root.only_with.is_none();
    root.is_usual() && !LEFT_OUT.contains(&root.call) && (certified || has("certificate"))
}

fn of<'a>(described: &'a Described, address: &str) -> &'a CallAnswers {
    &described.answers[&address.parse().unwrap()]
}

fn told<'a>(described: &'a Described, address: &str, call: &str) -> &'a [Value] {
    match of(described, address).get(call) {
        Some(CallAnswer::Told(told)) => told,
        other => panic!("{address} {call}: {other:?}"),
    }
}

/// Whether an answer holds a member, by the path of its row.
fn holds(told: &[Value], path: &str) -> bool {
    let path = path.trim_end_matches(".*").trim_end_matches('*').trim_end_matches("{}");
    let filled = |value: &&Value| !value.is_null() && **value != json!("") && **value != json!([]);
    told.iter().any(|one| match path.split_once('{') {
        Some((list, key)) => {
            let key = key.trim_end_matches('}');
            elements(one, &format!("{list}[]")).into_iter().any(|pair| pair["Key"] == key)
        }
        None => elements(one, path).iter().any(filled),
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn every_object_of_the_reference_stack_has_every_answer_and_it_takes_few_calls() {
    let stack = Stack::applied();
    let (described, calls) = stack.look().await;
    let mut wrong = Vec::new();
    for (address, record) in &stack.records {
        let table = table(address.kind.as_str());
        for root in roots(&table).filter(|root| is_asked(root, record)) {
            let answer = described.answers.get(address).and_then(|answers| answers.get(root.call));
            match answer {
                Some(CallAnswer::Told(told)) if !told.is_empty() || root.path.ends_with("[]") => {}
                Some(CallAnswer::NotSet) if root.absent.is_some() => {}
                other => wrong.push(format!("{address} {} {}: {other:?}", root.call, root.path)),
            }
        }
    }
    assert_eq!(wrong, Vec::<String>::new());
    let made: Vec<&Value> = calls.iter().map(|call| &call["operation"]).collect();
    assert!(made.len() <= MOST_CALLS, "{} calls: {made:?}", made.len());
}

#[tokio::test(flavor = "multi_thread")]
async fn every_field_of_ours_stands_where_the_tables_say() {
    let stack = Stack::applied();
    let (described, _) = stack.look().await;
    let kinds: BTreeSet<&str> = stack.records.keys().map(|address| address.kind.as_str()).collect();
    let mut lacking = Vec::new();
    for kind in kinds {
        let table = table(kind);
        let of_kind = || described.answers.iter().filter(|(address, _)| address.kind.as_str() == kind);
        let calls: BTreeSet<&str> = roots(&table).filter(Root::is_usual).map(|root| root.call).collect();
        for line in table.lines().filter(|line| !line.starts_with('#')) {
            let cells: Vec<&str> = line.split('\t').collect();
            let (call, path) = (cells[0], cells[1]);
            if cells[2] != "tracked" || !calls.contains(call) {
                continue;
            }
            let found = of_kind().any(|(_, answers)| match answers.get(call) {
                Some(CallAnswer::Told(told)) => holds(told, path),
                Some(CallAnswer::NotSet | CallAnswer::Unread(_)) | None => false,
            });
            if !found {
                lacking.push(format!("{kind} {call} {path}"));
            }
        }
    }
    assert_eq!(lacking, NOT_IN_THE_REFERENCE);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_others_put_beside_ours_is_told_and_what_cannot_be_read_is_said() {
    let stack = Stack::applied();
    let aws = stack.emulator.clients().await;
    let vpc = stack.id("vpc.main").to_owned();
    let strange = aws.ec2.create_subnet().vpc_id(&vpc).cidr_block("10.0.255.0/28").send().await.unwrap();
    let strange = strange.subnet.unwrap().subnet_id.unwrap();
    aws.iam
        .put_role_policy()
        .role_name(stack.id("iam_role.nodes"))
        .policy_name("everything")
        .policy_document(r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}"#)
        .send()
        .await
        .unwrap();
    stack.emulator.post("/strict/settings", &json!({"extra": {"eks_page": 1}}));
    stack.denies("kms", "ListGrants");
    stack.denies("s3", "GetBucketPolicy");
    let (described, _) = stack.look().await;

    let subnets = told(&described, "vpc.main", "ec2:DescribeSubnets");
    assert!(subnets.iter().any(|subnet| subnet["SubnetId"] == strange.as_str()), "{subnets:?}");
    let own = told(&described, "subnet.public-a", "ec2:DescribeSubnets");
    assert_eq!((own.len(), &own[0]["SubnetId"]), (1, &json!(stack.id("subnet.public-a"))));
    let policies = told(&described, "iam_role.nodes", "iam:ListRolePolicies");
    assert_eq!(policies[0]["PolicyNames"], json!(["everything"]));
    assert_eq!(told(&described, "iam_role.cluster", "iam:ListRolePolicies")[0]["PolicyNames"], json!([]));
    let addons = told(&described, "cluster.main", "eks:ListAddons");
    assert_eq!((addons.len(), addons[0]["addons"].as_array().unwrap().len()), (1, 3), "pages are joined: {addons:?}");

    for (address, call) in [("kms_key.main", "kms:ListGrants"), ("bucket.packages", "s3:GetBucketPolicy")] {
        match &of(&described, address)[call] {
            CallAnswer::Unread(error) => assert_eq!(error.kind, ErrorKind::Denied, "{error}"),
            other @ (CallAnswer::Told(_) | CallAnswer::NotSet) => panic!("{call}: {other:?}"),
        }
    }
    assert_eq!(of(&described, "bucket.packages")["s3:GetBucketReplication"], CallAnswer::NotSet);
    told(&described, "bucket.packages", "s3:GetBucketVersioning");
    told(&described, "kms_key.main", "kms:GetKeyPolicy");
}

#[tokio::test]
async fn every_call_that_follows_a_finding_is_known_and_answered() {
    let stack = Stack::applied();
    let aws = stack.emulator.clients().await;
    let role = stack.id("iam_role.package-manager");
    let statement = json!({"Effect": "Allow", "Action": "s3:ListAllMyBuckets", "Resource": "*"});
    let policy = json!({"Version": "2012-10-17", "Statement": [statement]}).to_string();
    aws.iam.put_role_policy().role_name(role).policy_name("more").policy_document(policy).send().await.unwrap();
    let snapshot = aws.rds.create_db_snapshot().db_instance_identifier(stack.id("database.main"));
    snapshot.db_snapshot_identifier("copy").send().await.unwrap();
    let found = |told: &str| match told {
        "PolicyName" => "more".to_owned(),
        "DBSnapshotIdentifier" => "copy".to_owned(),
        "principalArn" => {
            stack.records[&"access_entry.creator".parse().unwrap()].computed.text("principal_arn").unwrap().to_owned()
        }
        other => panic!("nobody finds a {other}"),
    };

    let mut inquiries = Vec::new();
    for (kind, facts) in catalog() {
        let (address, record) = stack.records.iter().rfind(|(address, _)| address.kind == kind).unwrap();
        for root in roots(facts.described).filter(|root| matches!(root.asked, Asked::If(_))) {
            let value = |field: &str| record.computed.text(field).or_else(|| record.declared.text(field));
            let asked = root.by.iter().map(|one| match one.field {
                FOUND => (one.told, found(one.told)),
                field => (one.told, value(field).unwrap().to_owned()),
            });
            let (address, call, path, absent) = (address.clone(), root.call, root.path, root.absent);
            inquiries.push(Inquiry { address, call, path, asked: asked.collect(), absent });
        }
    }
    assert!(inquiries.len() >= 10, "{inquiries:#?}");
    let place = Surroundings { account: "123456789012".to_owned(), ..Surroundings::default() };
    let answers = Aws::new(aws).inquire(&inquiries, &place).await;
    for one in &inquiries {
        let told = answers.get(&one.address).and_then(|answers| answers.get(one.call));
        assert!(matches!(told, Some(CallAnswer::Told(_) | CallAnswer::NotSet)), "{one:?}: {told:?}");
    }
}
