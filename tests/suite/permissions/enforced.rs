//! The policies as they are printed, enforced by the strict emulator: with them every command does what it does for
//! somebody who may do everything, and without any one of their actions some command fails.

mod meddled;

use std::collections::{BTreeMap, BTreeSet};

use ppm_infra::cloud::aws::Clients;
use serde_json::{Value, json};

use crate::support::binary::{Desk, Said};
use crate::support::emulator::{Emulator, Fork, Line};
use crate::support::hint::follow;
use crate::support::random::chosen;

/// The access key of whoever has the policy.
const LIMITED: &str = "AKIALIMITED";
const ACCOUNT: &str = "123456789012";
const APPLY: [&str; 2] = ["apply", "--auto-approve"];
const CERTIFICATE: &str =
    "certificate: arn:aws:acm:us-east-1:123456789012:certificate/11111111-2222-3333-4444-555555555555";

/// Actions that are tried in copies of one emulator, which is ended after a quarter of an hour.
const AT_ONCE: usize = 60;

/// What is allowed and none of the commands below needs, and what would need it.
const UNTRIED: [(&str, &str, &str); 12] = [
    ("apply", "autoscaling:DescribeAutoScalingGroups", "machines start at once in the emulator, so nobody counts them"),
    ("apply", "autoscaling:DescribeScalingActivities", "and nobody asks why they did not start"),
    ("apply", "elasticloadbalancing:SetIpAddressType", "the emulator has no subnets with IPv6"),
    ("apply", "kms:UpdateAlias", "the alias is on another key of ours after a run that was cut off at one moment"),
    ("drift-fix", "autoscaling:DetachLoadBalancers", TAKEN_AWAY),
    ("drift-fix", "autoscaling:ResumeProcesses", TAKEN_AWAY),
    ("drift-fix", "ec2:DisableVgwRoutePropagation", TAKEN_AWAY),
    ("drift-fix", "ec2:DisassociateVpcCidrBlock", TAKEN_AWAY),
    ("drift-fix", "eks:DeletePodIdentityAssociation", TAKEN_AWAY),
    ("drift-fix", "elasticloadbalancing:DeregisterTargets", TAKEN_AWAY),
    ("drift-fix", "elasticloadbalancing:RemoveListenerCertificates", TAKEN_AWAY),
    ("drift-fix", "rds:RemoveRoleFromDBInstance", TAKEN_AWAY),
];
const TAKEN_AWAY: &str = "what it takes away is added in tests of its own";

/// A command, before it is run.
struct Stage {
    name: &'static str,
    /// What the policy is printed for.
    purpose: &'static str,
    command: Vec<String>,
    /// The world and the folder.
    line: Fork,
    files: BTreeMap<String, String>,
    /// How it ends for somebody who may do everything.
    code: i32,
}

/// How a command ended for whoever has the policy.
struct Outcome {
    said: Said,
    /// The calls that were refused.
    refused: Vec<String>,
    /// The actions that IAM was asked for.
    asked: BTreeSet<String>,
}

/// The actions of a policy.
fn actions(policy: &Value) -> BTreeSet<String> {
    let statements = policy["Statement"].as_array().unwrap().iter();
    let actions = statements.flat_map(|one| match &one["Action"] {
        Value::Array(all) => all.clone(),
        action => vec![action.clone()],
    });
    actions.map(|action| action.as_str().unwrap().to_owned()).collect()
}

/// A policy without one of its actions.
fn without(policy: &Value, action: &str) -> Value {
    let mut policy = policy.clone();
    for statement in policy["Statement"].as_array_mut().unwrap() {
        let kept: Vec<Value> = match &statement["Action"] {
            Value::Array(all) => all.iter().filter(|one| *one != action).cloned().collect(),
            one if one == action => Vec::new(),
            one => vec![one.clone()],
        };
        statement["Action"] = if kept.is_empty() { json!("none:Nothing") } else { Value::from(kept) };
    }
    policy
}

impl Stage {
    fn desk(&self, line: &Line, key: &str) -> Desk {
        let desk = Desk::at(&line.endpoint(), 0).with("AWS_ACCESS_KEY_ID", key);
        for (name, text) in &self.files {
            desk.write(name, text);
        }
        desk
    }

    /// The policy as it is printed.
    fn policy(&self) -> Value {
        let desk = self.desk(&self.line, LIMITED);
        desk.run(&["iam-policy", "--for", self.purpose, "--account", ACCOUNT]).exit(0).json_document()
    }

    /// Runs the command under a policy, in a copy of the world.
    fn run(&self, policy: &Value) -> Outcome {
        let line = self.line.fork();
        let mut extra = line.get("/strict/settings")["extra"].clone();
        extra["policies"] = json!({ LIMITED: policy });
        line.post("/strict/settings", &json!({ "extra": extra }));
        line.post("/strict/log/clear", &Value::Null);
        let mut words: Vec<&str> = self.command.iter().map(String::as_str).collect();
        // What is asked of IAM beforehand would tell by itself that something is missing, needed or not.
        if ["apply", "destroy"].contains(&words[0]) {
            words.extend(["--skip", "permissions=tried", "--skip", "permissions.service_roles=tried"]);
        }
        let said = self.desk(&line, LIMITED).run(&words);
        let calls = line.calls();
        let own: Vec<&Value> = calls.iter().filter(|call| call["access_key"] == LIMITED).collect();
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let is_refused = |call: &&&Value| {
            ["AccessDenied", "AccessDeniedException", "UnauthorizedOperation"]
                .iter()
                .any(|code| call["outcome"] == *code)
        };
        let refused = own.iter().filter(is_refused);
        let refused = refused.map(|call| format!("{}:{}", text(&call["service"]), text(&call["operation"]))).collect();
        let asked = own.iter().flat_map(|call| call["asked"].as_array().unwrap()).map(text).collect();
        Outcome { said, refused, asked }
    }

    /// Whether a run went as for somebody who may do everything.
    fn went_well(&self, run: &Outcome) -> bool {
        run.said.code == self.code && run.refused.is_empty()
    }

    /// Whether a run was none the worse for what was refused: it ended as it should, and had nothing to say of it.
    fn did_without(&self, run: &Outcome) -> bool {
        let said = run.said.to_string();
        let tells = ["not authorized", "AccessDenied", "UnauthorizedOperation", "could not be"];
        run.said.code == self.code && !tells.iter().any(|words| said.contains(words))
    }
}

/// The reference stack while it is made, changed and removed.
struct Scene {
    /// The copies end before what they are copies of.
    stages: Vec<Stage>,
    emulator: Emulator,
    desk: Desk,
    aws: Clients,
}

impl Scene {
    async fn new() -> Self {
        let emulator = Emulator::start(0);
        let desk = Desk::at(&emulator.endpoint(), 0);
        let aws = emulator.clients().await;
        Self { stages: Vec::new(), emulator, desk, aws }
    }

    /// Keeps what is there now for a command, and runs it as somebody who may do everything.
    fn stage(&mut self, name: &'static str, purpose: &'static str, command: &[&str]) -> Said {
        let (line, files) = (self.emulator.fork(), self.files());
        let said = self.desk.run(command);
        let command = command.iter().map(|word| (*word).to_owned()).collect();
        self.stages.push(Stage { name, purpose, command, line, files, code: said.code });
        said
    }

    /// What AWS computed for a recorded object.
    fn computed(&self, address: &str, field: &str) -> String {
        let lockfile: Value = serde_json::from_str(&self.desk.read("state/ppm-prod.lock.json")).unwrap();
        let computed = &lockfile["resources"][address]["computed"];
        computed[field].as_str().unwrap_or_else(|| panic!("{address} has no {field}: {computed}")).to_owned()
    }

    fn id(&self, address: &str) -> String {
        self.computed(address, "id")
    }

    /// The whole life of a reference stack, one stage after the other.
    async fn life(&mut self) {
        let looked = ["plan", "--detailed-exitcode"];
        self.desk.declare_with("kubernetes: {version: \"1.35\"}");
        self.stage("plan in an empty account", "plan", &looked).exit(2);
        self.stage("preflight of an empty account", "apply", &["preflight"]).exit(0);
        self.rolled_back();
        self.stage("apply in an empty account", "apply", &APPLY).exit(0);
        self.stage("plan of what stands", "plan", &looked).exit(0);
        self.stage("status", "plan", &["status"]);
        meddled::database(self).await;
        self.stage("drift", "drift", &["drift"]).exit(2);
        self.without_its_bucket().await;
        meddled::network(self).await;
        meddled::access(self).await;
        meddled::data(self).await;
        meddled::cluster(self).await;
        meddled::added(self).await;
        self.stage("drift of much", "drift", &["drift"]).exit(2);
        self.stage("apply that puts right", "apply", &APPLY).exit(0);
        self.edits().await;
        let words = meddled::extras(self).await;
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        self.stage("drift fix of what was added", "drift-fix", &words).exit(0);
        for name in self.files().keys().filter(|name| name.starts_with("state/")) {
            std::fs::remove_file(self.desk.path(name)).unwrap();
        }
        self.stage("plan without a record", "plan", &looked);
        self.stage("recover", "apply", &["recover", "--auto-approve"]).exit(0);
        let all = ["plan", "--destroy", "--delete-data", "database,bucket,key"];
        self.stage("plan that destroys", "plan", &all).exit(0);
        meddled::leftovers(self).await;
        let everything = ["destroy", "--delete-data", "database,bucket,key", "--auto-approve"];
        self.stage("destroy", "destroy", &everything).exit(0);
        self.stage("apply after a destroy", "apply", &APPLY).exit(0);
    }

    /// A first apply whose last step is refused, and which takes back what it made.
    fn rolled_back(&mut self) {
        let fault = json!({"service": "autoscaling", "operation": "AttachLoadBalancerTargetGroups", "kind": "code",
            "code": "ValidationError", "message": "not now"});
        self.emulator.post("/strict/faults", &fault);
        meddled::interfaces_stay(self, 1);
        let command = ["apply", "--auto-approve", "--on-failure", "rollback"].map(str::to_owned).into();
        let (line, files) = (self.emulator.fork(), self.files());
        self.stages.push(Stage { name: "apply that is rolled back", purpose: "apply", command, line, files, code: 1 });
        self.emulator.post("/strict/faults/clear", &json!({}));
        meddled::interfaces_stay(self, 0);
    }

    /// The same stack, of which somebody deleted the bucket.
    async fn without_its_bucket(&mut self) {
        let (line, files) = (self.emulator.fork(), self.files());
        let aws = line.clients().await;
        aws.s3.delete_bucket().bucket(self.id("bucket.packages")).send().await.unwrap();
        let (name, command) = ("drift of a bucket that is gone", vec!["drift".to_owned()]);
        self.stages.push(Stage { name, purpose: "drift", command, line, files, code: 2 });
    }

    /// The declaration is changed, and changed back.
    async fn edits(&mut self) {
        let another = "tags: {team: data}\nkubernetes: {version: \"1.36\", nodes: {count: 4}}\npackage_manager: {secrets: \
             external_secrets}";
        self.desk.declare_with(another);
        self.stage("apply of other versions and tags", "apply", &APPLY).exit(0);
        meddled::around_a_role(self).await;
        self.aws.iam.create_user().user_name("ann").send().await.unwrap();
        self.desk.declare(&[(CERTIFICATE, "idle_timeout_seconds: 600\n  allow_from: [10.0.0.0/8]")]);
        let text = self.desk.read("plans/reference.yaml");
        let less = "network: {nat: single, zones: 2}\nkubernetes:\n  version: \"1.36\"\n  public_cidrs: \
             [203.0.113.0/24]\n  admins: [\"arn:aws:iam::123456789012:user/ann\"]\n  nodes: {instance_type: \
             m6i.4xlarge}\ndatabase: {instance_class: db.r6g.xlarge, engine_version: \"18\", storage_gib: 200, \
             backup_days: 14}\n";
        self.desk.write("plans/reference.yaml", &format!("{text}\n{less}"));
        self.stage("plan with administrators", "plan", &["plan", "--detailed-exitcode"]).exit(2);
        self.stage("apply of another declaration", "apply", &APPLY).exit(0);
        self.desk.declare(&[(CERTIFICATE, &format!("{CERTIFICATE}\n  scheme: internal"))]);
        let text = self.desk.read("plans/reference.yaml");
        let again = "kubernetes: {version: \"1.36\"}\npackage_manager: {secrets: csi}\ndatabase: {engine_version: \
             \"18\", storage_gib: 200}\n";
        self.desk.write("plans/reference.yaml", &format!("{text}\n{again}"));
        self.stage("apply of the declaration as it was", "apply", &APPLY).exit(0);
        let rotate = ["secrets", "rotate", "database", "--auto-approve"];
        self.stage("another password", "apply", &rotate).exit(0);
    }

    fn files(&self) -> BTreeMap<String, String> {
        let root = self.desk.path("");
        let files = self.desk.files().into_iter().map(|(path, bytes)| {
            let name = path.strip_prefix(&root).unwrap().display().to_string();
            (name, String::from_utf8(bytes).unwrap())
        });
        files.collect()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_typed_next_is_taken_by_iam() {
    let emulator = Emulator::start(0);
    let desk = Desk::at(&emulator.endpoint(), 0);
    desk.declare(&[]);
    let said = desk.run(&["iam-policy", "--for", "apply", "--out", "policies"]).exit(64);
    let told = follow(&desk, &said, "tells that of your credentials", "aws sts get-caller-identity").exit(0);
    assert!(told.stdout.contains(ACCOUNT), "{told}");
    let said = desk.run(&["iam-policy", "--for", "apply", "--account", ACCOUNT, "--out", "policies"]).exit(0);
    follow(&desk, &said, "aws iam create-policy", "aws iam create-policy").exit(0);
    let made = emulator.clients().await.iam.list_policies().scope("Local".into()).send().await.unwrap();
    let names: Vec<&str> = made.policies().iter().filter_map(|one| one.policy_name()).collect();
    assert_eq!(names, ["ppm-prod-apply-1"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_allowed_suffices_and_nothing_of_it_is_superfluous() {
    let mut scene = Scene::new().await;
    scene.life().await;
    let mut allowed: BTreeSet<(&str, String)> = BTreeSet::new();
    let mut asked: BTreeMap<(&str, String), Vec<usize>> = BTreeMap::new();
    for (number, stage) in scene.stages.iter().enumerate() {
        let policy = stage.policy();
        let run = stage.run(&policy);
        assert!(stage.went_well(&run), "{}: refused {:?}\n{}", stage.name, run.refused, run.said);
        allowed.extend(actions(&policy).into_iter().map(|action| (stage.purpose, action)));
        for action in run.asked {
            asked.entry((stage.purpose, action)).or_default().push(number);
        }
    }
    // What `drift fix` shares with `drift` and `apply` is tried with those.
    let is_shared = |purpose: &str, action: &str| {
        purpose == "drift-fix" && ["drift", "apply"].iter().any(|one| allowed.contains(&(*one, action.to_owned())))
    };
    let untried = allowed.iter().filter(|one| !asked.contains_key(*one) && !is_shared(one.0, &one.1));
    let untried: Vec<(&str, &str)> = untried.map(|(purpose, action)| (*purpose, action.as_str())).collect();
    let known: Vec<(&str, &str)> = UNTRIED.iter().map(|(purpose, action, _)| (*purpose, *action)).collect();
    assert_eq!(untried, known, "allowed, and needed by no command that is run here");

    let own = asked.iter().filter(|((purpose, action), _)| !is_shared(purpose, action));
    let tried: Vec<_> = own.enumerate().filter(|(number, _)| chosen(*number)).map(|(_, one)| one).collect();
    let mut superfluous = Vec::new();
    for (number, part) in tried.chunks(AT_ONCE).enumerate() {
        if number > 0 {
            scene = Scene::new().await;
            scene.life().await;
        }
        for ((purpose, action), stages) in part {
            let fails = |number: &usize| {
                let stage = &scene.stages[*number];
                !stage.did_without(&stage.run(&without(&stage.policy(), action)))
            };
            if !stages.iter().any(fails) {
                superfluous.push(format!("{purpose} {action}"));
            }
        }
    }
    assert_eq!(superfluous, Vec::<String>::new(), "every command does without");
}
