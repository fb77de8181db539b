//! Who changed what has drifted, told by CloudTrail: of a stack that stands in the emulator.

use serde_json::{Value, json};

use crate::drift::Standing;
use crate::support::binary::{Desk, Said};
use crate::support::emulator::Emulator;

const DREW: &str = "USERdrew";
const CASEY: &str = "USERcasey";
const ERIN: &str = "USERerin";

/// Opens a port, takes a policy from a role, and takes the policy of the bucket away.
async fn meddle(at: &Standing) {
    let group = at.id("security_group.load-balancer");
    let rule = at.emulator.clients_of(DREW).await.ec2.authorize_security_group_ingress();
    rule.group_id(group).ip_protocol("tcp").from_port(22).to_port(22).cidr_ip("192.0.2.0/24").send().await.unwrap();
    let role = at.emulator.clients_of(CASEY).await.iam.detach_role_policy().role_name("ppm-prod-nodes");
    role.policy_arn("arn:aws:iam::aws:policy/AmazonEKS_CNI_Policy").send().await.unwrap();
    let bucket = at.emulator.clients_of(ERIN).await.s3.delete_bucket_policy().bucket(at.id("bucket.packages"));
    bucket.send().await.unwrap();
}

fn who(said: &Said) -> Value {
    said.json().pop().unwrap()["who"].clone()
}

/// How sure it is and who it is, by address.
fn told(who: &Value) -> Vec<(String, String, Vec<String>)> {
    let text = |value: &Value| value.as_str().unwrap_or("unknown").to_owned();
    let names = |one: &Value| one["authors"].as_array().unwrap().iter().map(|author| text(&author["name"])).collect();
    let objects = who["objects"].as_array().unwrap().iter();
    objects.map(|one| (text(&one["address"]), text(&one["confidence"]), names(one))).collect()
}

fn look_ups(emulator: &Emulator) -> Vec<Value> {
    emulator.calls().into_iter().filter(|call| call["operation"] == "LookupEvents").collect()
}

fn expected(confidence: &str) -> Vec<(String, String, Vec<String>)> {
    [("bucket.packages", ERIN), ("iam_role.nodes", CASEY), ("security_group.load-balancer", DREW)]
        .map(|(address, name)| (address.to_owned(), confidence.to_owned(), vec![name.to_owned()]))
        .into()
}

#[tokio::test]
async fn whoever_changed_a_rule_a_role_and_a_bucket_is_named() {
    let at = Standing::with("").await;
    assert_eq!(look_ups(&at.emulator), Vec::<Value>::new(), "nobody asks where nothing drifted");
    meddle(&at).await;
    let said = at.desk.run(&["drift", "--json", "--no-record"]).exit(2);
    let who = who(&said);
    assert_eq!(told(&who), expected("exact"), "{who:#}");
    let author = &who["objects"][1]["authors"][0];
    let (arn, at_all) = ("arn:aws:iam::123456789012:user/USERcasey", "127.0.0.1");
    let seen = ["arn", "event", "event_source", "from", "means", "agent"].map(|key| author[key].clone());
    let wanted = [arn, "DetachRolePolicy", "iam.amazonaws.com", at_all, "program", "an AWS SDK"];
    assert_eq!(seen, wanted.map(Value::from), "{author:#}");
    assert_eq!((&who["left_out"], &who["error"]), (&json!(0), &Value::Null));
    // One question for each object. What was done under the bucket's name may take a second page: some fifty calls of the
    // apply are among it, or not, by the second in which they came.
    let asked = look_ups(&at.emulator).len();
    assert!((3..=4).contains(&asked), "{asked} for three objects");

    let told = at.desk.run(&["drift", "--no-record", "--report", "a.md", "--report", "a.html"]).exit(2);
    let call = ["DetachRolePolicy at 2", " UTC, with an AWS SDK, from 127.0.0.1\n"];
    told.says(&["Who changed it\n", "iam_role.nodes", "exact", "USERcasey\n"]).says(&call);
    for file in ["a.md", "a.html"] {
        let report = at.desk.read(file);
        assert!(report.contains("Who changed it") && report.contains("USERerin"), "{file}: {report}");
    }
    let asked = look_ups(&at.emulator).len();
    let silent = at.desk.run(&["drift", "--json", "--no-record", "--no-who"]).exit(2);
    assert_eq!(self::who(&silent)["objects"], json!([]));
    assert_eq!(look_ups(&at.emulator).len(), asked);

    // As fast as AWS itself, no look-up comes too early.
    at.emulator.post("/strict/settings", &json!({"scale": 1}));
    let slow = at.desk.with("PPM_INFRA_TIME_SCALE", "1");
    assert_eq!(self::told(&self::who(&slow.run(&["drift", "--json", "--no-record"]).exit(2))), expected("exact"));
    let since: Vec<Value> = look_ups(&at.emulator).into_iter().skip(asked).collect();
    assert!(!since.is_empty() && since.iter().all(|call| call["outcome"] == "ok"), "{since:#?}");
    // CloudTrail lags behind.
    at.emulator.post("/strict/settings", &json!({"scale": 1, "consistency": {"cloudtrail": 900}}));
    let early = slow.run(&["drift", "--no-record"]).exit(2);
    early.says(&["unknown", "CloudTrail tells of nothing yet (events take up to 15 minutes)"]);
}

#[tokio::test]
async fn what_was_done_before_the_last_clean_look_did_not_do_it() {
    let at = Standing::with("").await;
    let role = |key: &'static str| {
        let clients = at.emulator.clients_of(key);
        async move { clients.await.iam.update_role().role_name("ppm-prod-nodes") }
    };
    role(ERIN).await.description("other").send().await.unwrap();
    role(CASEY).await.description("other").send().await.unwrap();
    let both = who(&at.desk.run(&["drift", "--json", "--no-record"]).exit(2));
    assert_eq!(both["objects"][0]["confidence"], "candidates", "no look was clean since: {both:#}");

    at.desk.run(&["drift", "fix", "iam_role.nodes", "--auto-approve"]).exit(0);
    // Times of events have seconds, and so have questions: the clean look comes a second later.
    let second = |operation: &str| {
        let calls = at.emulator.calls();
        let last = calls.iter().rfind(|call| operation.is_empty() || call["operation"] == operation).unwrap();
        last["wall"].as_str().unwrap()[..19].to_owned()
    };
    let changed = second("UpdateRole");
    while second("") == changed {
        at.desk.run(&["drift", "--no-record"]).exit(0);
    }
    at.desk.run(&["drift"]).exit(0);
    role(DREW).await.description("other").send().await.unwrap();
    let one = who(&at.desk.run(&["drift", "--json"]).exit(2));
    assert_eq!(told(&one), [("iam_role.nodes".to_owned(), "exact".to_owned(), vec![DREW.to_owned()])], "{one:#}");
    // The next look has the same begin: that one was not clean.
    let again = who(&at.desk.run(&["drift", "--json"]).exit(2));
    assert_eq!(again, one);
}

#[tokio::test]
async fn a_log_that_may_not_be_read_or_is_too_busy_hides_no_drift() {
    let at = Standing::with("").await;
    meddle(&at).await;
    let known = at.desk.run(&["drift", "--json", "--no-record", "--no-who"]).exit(2).json().pop().unwrap();
    for (kind, calls, words) in [
        ("denied", 1, "it takes the permission `cloudtrail:LookupEvents`, or `--no-who`"),
        ("throttle", 4, "ThrottlingException: Rate exceeded; nothing else depends on it"),
    ] {
        at.emulator.post("/strict/log/clear", &Value::Null);
        at.emulator
            .post("/strict/faults", &json!({"service": "cloudtrail", "operation": "LookupEvents", "kind": kind}));
        let said = at.desk.run(&["drift", "--no-record"]).exit(2);
        let all = format!("{}{}", said.stdout, said.stderr);
        assert_eq!(all.matches("who changed it is not known").count(), 1, "{said}");
        assert!(all.contains(words) && all.contains("bucket.packages"), "{said}");
        assert_eq!(look_ups(&at.emulator).len(), calls, "nothing more is asked");
        let mut told = at.desk.run(&["drift", "--json", "--no-record"]).exit(2).json().pop().unwrap();
        assert!(told["who"]["error"].as_str().is_some_and(|error| error.contains("look up in CloudTrail")), "{told:#}");
        told["who"] = known["who"].clone();
        assert_eq!(told, known, "what was found stands as it is");
        at.emulator.post("/strict/faults/clear", &json!({}));
    }
}

#[tokio::test]
async fn the_policy_of_a_job_lets_it_ask() {
    let at = Standing::with("").await;
    meddle(&at).await;
    let reading = at.desk.run(&["iam-policy", "--for", "drift"]).exit(0).json_document();
    let actions = reading["Statement"][0]["Action"].as_array().unwrap();
    assert!(actions.contains(&json!("cloudtrail:LookupEvents")), "the reading policy");
    let mut extra = at.emulator.get("/strict/settings")["extra"].clone();
    extra["policies"] = json!({"AKIAJOB": reading});
    at.emulator.post("/strict/settings", &json!({ "extra": extra }));
    let Standing { desk, .. } = at;
    let job: Desk = desk.with("AWS_ACCESS_KEY_ID", "AKIAJOB");
    assert_eq!(who(&job.run(&["drift", "--json", "--no-record"]))["error"], Value::Null);
}
