//! A look that an event of CloudTrail asks for: from the program itself, in a rehearsal.

use serde_json::{Value, json};

use crate::recover::meddle;
use crate::support::binary::{Desk, Said};

fn standing() -> Desk {
    let desk = Desk::simulated();
    desk.declare(&[]);
    desk.run(&["apply", "--auto-approve"]).exit(0);
    desk
}

/// What is recorded at an address.
fn recorded(desk: &Desk, address: &str, field: &str) -> String {
    let lockfile: Value = serde_json::from_str(&desk.read("state/ppm-prod.lock.json")).unwrap();
    let record = &lockfile["resources"][address];
    let value = record["computed"][field].as_str().or_else(|| record["declared"][field].as_str());
    value.unwrap_or_else(|| panic!("{address} has no {field}: {record}")).to_owned()
}

/// An event as `EventBridge` delivers it.
fn event(source: &str, name: &str, request: &Value) -> Value {
    json!({
        "version": "0",
        "id": "6a7e8feb-b491-4cf7-a9f1-bf3703467718",
        "detail-type": "AWS API Call via CloudTrail",
        "source": format!("aws.{source}"),
        "detail": {
            "eventVersion": "1.11",
            "userIdentity": {"type": "IAMUser", "arn": "arn:aws:iam::111122223333:user/drew", "userName": "drew"},
            "eventTime": "2026-11-29T14:02:11Z",
            "eventSource": format!("{source}.amazonaws.com"),
            "eventName": name,
            "requestParameters": request,
            "responseElements": null,
            "eventID": "0e0c7f5a-0001",
            "readOnly": false,
        },
    })
}

fn look(desk: &Desk, event: &Value) -> Said {
    desk.write("event.json", &event.to_string());
    desk.run(&["drift", "--event", "event.json", "--no-record", "--json"])
}

/// Which objects an event is about.
fn about(desk: &Desk, event: &Value) -> Vec<String> {
    let told = look(desk, event).exit(0).json().pop().unwrap();
    told["only"].as_array().unwrap().iter().map(|one| one.as_str().unwrap().to_owned()).collect()
}

#[test]
fn each_kind_is_found_by_what_its_calls_name() {
    let desk = standing();
    let of = |address: &str, field: &str| recorded(&desk, address, field);
    let (cluster, nodes) = (of("cluster.main", "id"), of("node_group.main", "name"));
    // The simulated cloud gives the parts of a cluster another name of it.
    let whole = of("node_group.main", "cluster_name");
    let principal = of("access_entry.creator", "principal_arn");
    let (group, table) = (of("security_group.database", "id"), of("route_table.private-a", "id"));
    for (source, name, request, expected) in [
        ("iam", "PutRolePolicy", json!({"roleName": of("iam_role.nodes", "id")}), &["iam_role.nodes"][..]),
        ("ec2", "AuthorizeSecurityGroupIngress", json!({"groupId": group}), &["security_group.database"]),
        (
            "ec2",
            "ModifySecurityGroupRules",
            json!({"ModifySecurityGroupRulesRequest": {"GroupId": group, "SecurityGroupRule": {"tag": 1}}}),
            &["security_group.database"],
        ),
        (
            "ec2",
            "DeleteVpcEndpoints",
            json!({"DeleteVpcEndpointsRequest": {"VpcEndpointId": {"tag": 1, "content": of("vpc_endpoint.s3", "id")}}}),
            &["vpc_endpoint.s3"],
        ),
        (
            "ec2",
            "CreateTags",
            json!({"resourcesSet": {"items": [{"resourceId": "i-1"}, {"resourceId": table}]}, "tagSet": {"items": []}}),
            &["route_table.private-a"],
        ),
        (
            "ec2",
            "CreateNatGateway",
            json!({"CreateNatGatewayRequest": {"SubnetId": of("subnet.private-a", "id")}}),
            &["subnet.private-a"],
        ),
        ("eks", "UpdateNodegroupConfig", json!({"name": whole, "nodegroupName": nodes}), &["node_group.main"]),
        (
            "eks",
            "DeleteAccessEntry",
            json!({"clusterName": whole, "principalArn": principal.replace(':', "%3A").replace('/', "%2F")}),
            &["access_entry.creator"],
        ),
        ("eks", "CreateAccessEntry", json!({"clusterName": cluster, "principalArn": "arn:else"}), &["cluster.main"]),
        (
            "rds",
            "ModifyDBInstance",
            json!({"dBInstanceIdentifier": of("database.main", "id"), "tags": []}),
            &["database.main"],
        ),
        ("s3", "PutBucketPolicy", json!({"bucketName": of("bucket.packages", "id")}), &["bucket.packages"]),
        ("kms", "DisableKey", json!({"keyId": of("kms_key.main", "key_id")}), &["kms_key.main"]),
        ("kms", "DisableKey", json!({"keyId": of("kms_key.main", "id")}), &["kms_key.main"]),
        (
            "autoscaling",
            "UpdateAutoScalingGroup",
            json!({"autoScalingGroupName": of("node_group.main", "autoscaling_group"), "minSize": 0}),
            &["node_group.main"],
        ),
        // Nothing of ours: another name, ours in another service, ours in a tag.
        ("iam", "PutRolePolicy", json!({"roleName": "other"}), &[]),
        ("ec2", "CreateTags", json!({"tagSet": {"items": [{"key": "group", "value": group}]}}), &[]),
        ("s3", "PutBucketPolicy", json!({"bucketName": cluster}), &[]),
        ("eks", "UpdateNodegroupConfig", json!({"name": "other", "nodegroupName": nodes}), &[]),
    ] {
        assert_eq!(about(&desk, &event(source, name, &request)), expected, "{name} {request}");
    }
    let mut listed = event("kms", "DisableKey", &json!({"keyId": "alias/one"}));
    listed["detail"]["resources"] = json!([{"ARN": of("kms_key.main", "id"), "type": "AWS::KMS::Key"}]);
    assert_eq!(about(&desk, &listed), ["kms_key.main"]);
    let role = json!({"roleName": of("iam_role.nodes", "id")});
    let mut refused = event("iam", "PutRolePolicy", &role);
    refused["detail"]["errorCode"] = json!("AccessDenied");
    assert_eq!(about(&desk, &refused), [""; 0]);
    let mut read = event("iam", "GetRole", &role);
    read["detail"]["readOnly"] = json!(true);
    assert_eq!(about(&desk, &read), [""; 0]);
}

#[test]
fn the_object_alone_is_told_with_the_event() {
    let desk = standing();
    meddle(&desk, "database.main", None, |object| object["declared"]["backup_days"] = json!(1));
    meddle(&desk, "vpc.main", None, |object| object["declared"]["tags"]["team"] = json!("x"));
    let event =
        event("rds", "ModifyDBInstance", &json!({"dBInstanceIdentifier": recorded(&desk, "database.main", "id")}));
    let told = look(&desk, &event).exit(2).json().pop().unwrap();
    assert_eq!((&told["only"], &told["summary"]["looked_at"]), (&json!(["database.main"]), &json!(1)));
    assert_eq!(told["findings"].as_array().unwrap().len(), 1, "{told:#}");
    let keys = ["event", "event_source", "event_id", "at", "name"].map(|key| told["event"][key].clone());
    let expected = ["ModifyDBInstance", "rds.amazonaws.com", "0e0c7f5a-0001", "2026-11-29T14:02:11Z", "drew"];
    assert_eq!(keys, expected.map(Value::from));
    let words = "Asked for by the event ModifyDBInstance at 2026-11-29 14:02 UTC, by drew.";
    desk.run(&["drift", "--event", "event.json", "--no-record"]).exit(2).says(&[words, "45 of 46 were not looked at"]);
    let record = event["detail"].to_string();
    let given = format!("printf '%s' '{record}' | ppm-infra drift --no-record --event -");
    desk.shell(&given).exit(2).says(&[words]);
    desk.shell(&format!("EVENT='{record}' ppm-infra drift --no-record --event env:EVENT")).exit(2).says(&[words]);
    // An event of one object tells nothing of another that drifted.
    let other = json!({"roleName": recorded(&desk, "iam_role.nodes", "id")});
    look(&desk, &self::event("iam", "PutRolePolicy", &other)).exit(0);
}

#[test]
fn an_event_about_nothing_of_the_stack_is_said_and_leaves_nothing() {
    let desk = standing();
    meddle(&desk, "vpc.main", None, |object| object["declared"]["tags"]["team"] = json!("x"));
    desk.write("event.json", &event("iam", "PutRolePolicy", &json!({"roleName": "other"})).to_string());
    let before = desk.files();
    let said = desk.run(&["drift", "--event", "event.json"]).exit(0);
    said.says(&[
        "Nothing was looked at: the event is about no object of this stack",
        "Asked for by the event PutRolePolicy",
    ]);
    assert_eq!(desk.files(), before, "no run is recorded");
}

#[test]
fn what_is_no_event_is_refused_with_what_is_wrong() {
    let desk = standing();
    let refused = |text: &str, words: &[&str]| {
        desk.write("event.json", text);
        desk.run(&["drift", "--event", "event.json"])
            .exit(64)
            .says(words)
            .says(&["the event in event.json cannot be used"]);
    };
    refused("{", &["it is no JSON: EOF", "line 1"]);
    refused("[]", &["`eventSource` is missing"]);
    refused(
        "{\"detail-type\": \"EC2 Instance State-change Notification\", \"detail\": {}}",
        &["it is an event of another kind, \"EC2 Instance State-change Notification\"", "AWS API Call via CloudTrail"],
    );
    refused("{\"detail-type\": \"AWS API Call via CloudTrail\"}", &["`detail` is missing"]);
    refused("{\"detail\": {}}", &["`detail-type` is missing"]);
    let mut broken = event("iam", "PutRolePolicy", &json!({}));
    broken["detail"]["eventTime"] = json!("yesterday");
    refused(&broken.to_string(), &["`eventTime` is \"yesterday\", which is no time"]);
    broken["detail"]["eventName"] = json!("");
    refused(&broken.to_string(), &["`eventName` is missing"]);
    desk.run(&["drift", "--event", "none.json"]).exit(64).says(&["there is no such file"]);
    desk.run(&["drift", "--event", "env:NONE"]).exit(64).says(&["the event in env:NONE cannot be used", "is not set"]);
    desk.run(&["drift", "--event", "plans"]).exit(64);
    let both = ["drift", "--event", "event.json", "--only", "vpc.main"];
    desk.run(&both).exit(64);
    let file = ["drift", "--event", "event.json", "--sarif", "a.sarif"];
    desk.run(&file).exit(64).says(&["--sarif does not go with --event"]);
}
