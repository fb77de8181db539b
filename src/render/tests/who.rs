//! Who changed what has drifted, as it is read.

use super::*;
use crate::audit::{AuditEvent, AuditedChange, Authorship};
use crate::cloud::{CloudError, ErrorKind};
use crate::run::{LookedUp, WhoReport};

fn event(user: &Value, name: &str, at: &str, agent: &str) -> AuditEvent {
    let record = json!({
        "eventID": "e", "eventName": name, "eventTime": at, "eventSource": "iam.amazonaws.com", "userIdentity": user,
        "userAgent": agent, "sourceIPAddress": "203.0.113.7", "readOnly": false,
    });
    AuditEvent::read(&record).unwrap()
}

/// One of each.
pub(super) fn who() -> WhoReport {
    let casey = json!({
        "type": "AssumedRole", "arn": "arn:aws:sts::111122223333:assumed-role/Deployer/casey@example.com",
        "sessionContext": {"sessionIssuer": {"userName": "Deployer"}, "sourceIdentity": "ann"},
    });
    let user = |name: &str| json!({"type": "IAMUser", "arn": format!("arn:aws:iam::1:user/{name}"), "userName": name});
    let change =
        AuditedChange { noun: "Role".to_owned(), words: ["RolePolicy".to_owned()].into(), ..Default::default() };
    let told = |events: &[AuditEvent]| LookedUp {
        since: "2026-11-28T00:00:00Z".parse().unwrap(),
        who: Authorship::of(events, std::slice::from_ref(&change), false),
        read: 200,
        is_cut: false,
    };
    let policy = event(&casey, "PutRolePolicy", "2026-11-29T14:02:11Z", "Mozilla/5.0");
    let modify = |user: &Value, minute: u8| {
        event(user, "ModifyDBInstance", &format!("2026-11-29T15:{minute:02}:00Z"), "aws-cli/2.17")
    };
    let names = ["ann", "bob", "eve\u{1b}[31m", "zoe"];
    let several: Vec<AuditEvent> = (10u8..).zip(names).map(|(minute, name)| modify(&user(name), minute)).collect();
    let by_eks = json!({"type": "AWSService", "invokedBy": "eks.amazonaws.com"});
    let by_eks = event(&by_eks, "UpdateClusterVersion", "2026-11-29T14:02:11Z", "eks.amazonaws.com");
    let objects = [
        ("iam_role.nodes", told(&[policy])),
        ("database.main", told(&several)),
        ("security_group.nodes", told(&[modify(&user("drew"), 1), modify(&user("drew"), 2)])),
        ("cluster.main", told(&[by_eks])),
        ("vpc.main", told(&[])),
        ("bucket.packages", LookedUp { is_cut: true, ..told(&[]) }),
    ];
    WhoReport {
        told: objects.into_iter().map(|(at, told)| (address(at), told)).collect(),
        left_out: 3,
        failed: Some(CloudError::new(ErrorKind::Denied, "look up in CloudTrail who changed it", "no")),
    }
}

#[test]
fn who_changed_what_has_drifted() {
    let report = DriftReport { who: who(), ..DriftReport::default() };
    insta::assert_snapshot!(drift_text(&report, &drift_view()), @r"
    ppm-prod in us-east-1, account 111122223333

    Who changed it
      bucket.packages       unknown     none of the last 200 entries of CloudTrail changed it; older ones were not read
      cluster.main          likely      eks.amazonaws.com
                                        UpdateClusterVersion at 2026-11-29 14:02 UTC, from 203.0.113.7
      database.main         candidates  zoe
                                        ModifyDBInstance at 2026-11-29 15:13 UTC, with the AWS CLI, from 203.0.113.7
                                        eve\u{1b}[31m
                                        ModifyDBInstance at 2026-11-29 15:12 UTC, with the AWS CLI, from 203.0.113.7
                                        bob
                                        ModifyDBInstance at 2026-11-29 15:11 UTC, with the AWS CLI, from 203.0.113.7
                                        and 1 more
      iam_role.nodes        exact       casey@example.com (role Deployer, source identity ann)
                                        PutRolePolicy at 2026-11-29 14:02 UTC, with the console, from 203.0.113.7
      security_group.nodes  likely      drew
                                        ModifyDBInstance at 2026-11-29 15:02 UTC, with the AWS CLI, from 203.0.113.7, the last of 2 calls
      vpc.main              unknown     CloudTrail tells of nothing yet (events take up to 15 minutes)

    In sync. 0 objects are as recorded.
    Who changed 3 objects more was not looked up.
    warning: who changed it is not known: could not look up in CloudTrail who changed it: no; it takes the permission `cloudtrail:LookupEvents`, or `--no-who`.
    ");
}
