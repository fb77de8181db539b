//! Golden pages: plans, drift reports and summaries as people see them.

use super::plans::{first_plan, mixed_plan};
use super::*;

#[test]
fn the_first_plan_in_one_look() {
    insta::assert_snapshot!(text(first_plan(), Goal::Converge, false), @r"
    ppm-prod in us-east-1, account 111122223333

    Network  23 to create
      + vpc.main                                      create  10.0.0.0/16
      + internet_gateway.main                         create
      + subnet.private-a                              create  10.0.0.0/19 in us-east-1a
      + subnet.private-b                              create  10.0.32.0/19 in us-east-1b
      + subnet.private-c                              create  10.0.64.0/19 in us-east-1c
      + subnet.public-a                               create  10.0.128.0/23 in us-east-1a
      + subnet.public-b                               create  10.0.130.0/23 in us-east-1b
      + subnet.public-c                               create  10.0.132.0/23 in us-east-1c
      + elastic_ip.nat-a                              create
      + elastic_ip.nat-b                              create
      + elastic_ip.nat-c                              create
      + nat_gateway.a                                 create  in subnet.public-a
      + nat_gateway.b                                 create  in subnet.public-b
      + nat_gateway.c                                 create  in subnet.public-c
      + route_table.private-a                         create  0.0.0.0/0 nat_gateway.a
      + route_table.private-b                         create  0.0.0.0/0 nat_gateway.b
      + route_table.private-c                         create  0.0.0.0/0 nat_gateway.c
      + route_table.public                            create  0.0.0.0/0 internet_gateway.main
      + vpc_endpoint.s3                               create  com.amazonaws.us-east-1.s3
      + security_group.database                       create  The database
      + security_group.load-balancer                  create  The load balancer
      + security_group_rule.database-from-nodes       create  PostgreSQL from the nodes
      + security_group_rule.nodes-from-load-balancer  create  Package Manager from the load balancer

    Access  6 to create
      + iam_role.cluster            create  The control plane of the cluster
      + iam_role.nodes              create  The nodes of the cluster
      + iam_role.package-manager    create  Package Manager in the cluster
      + iam_policy.package-manager  create  What Package Manager may do with its bucket and the key
      + oidc_provider.main          create  of cluster.main
      + kms_key.main                create  alias/ppm-prod

    Data  6 to create
      + secret.database              create  User and password of the database
      + secret.encryption-key        create  What Package Manager encrypts with
      + bucket.packages              create  ppm-prod-111122223333
      + db_subnet_group.database     create  ppm-prod-database
      + db_parameter_group.database  create  postgres17
      + database.main                create  PostgreSQL 17, db.t3.xlarge, 100 GiB

    Kubernetes  6 to create
      + cluster.main          create  Kubernetes 1.36
      + access_entry.creator  create  for creator
      + addon.coredns         create  v1.20.1-eksbuild.1
      + addon.kube-proxy      create  v1.20.1-eksbuild.1
      + addon.vpc-cni         create  v1.20.1-eksbuild.1
      + node_group.main       create  3 of c6a.4xlarge, 100 GiB each

    Front door  5 to create
      + load_balancer.main       create  internet-facing
      + target_group.main        create  HTTP 30042, instance
      + listener.http            create  HTTP 80
      + listener.https           create  HTTPS 443
      + target_attachment.nodes  create  node_group.main in target_group.main

    Plan: 46 to create.
    Usually takes about 17 min, seldom more than 21 min, most of it: database.main 16 min.
    ");
}

#[test]
fn everything_at_once() {
    insta::assert_snapshot!(text(mixed_plan(), Goal::Converge, false), @r#"
    ppm-prod in us-east-1, account 111122223333

    Network  1 to create, 1 to update, 3 to replace, 1 to forget
      +/- vpc.main                      replace (create, then delete)
            cidr  10.0.0.0/16 → 10.8.0.0/16  forces replacement
      -/+ subnet.private-a              replace (delete, then create)
            because vpc.main is replaced
      -/+ subnet.private-b              replace (delete, then create)
            cidr  10.0.1.0/24 → 10.0.9.0/24  forces replacement
            vpc   the new vpc.main           forces replacement
      .   elastic_ip.nat-a              forget           because it is gone, and no longer declared
      +   nat_gateway.a                 create           in subnet.public-a  because it is gone
      ~   security_group.load-balancer  update in place  no outage
            ingress               + tcp 80 from 10.0.0.0/8 "Users"  - tcp 22 from 0.0.0.0/0 "Users"
            tags.Name             lb → ppm-prod-load-balancer
            tags.ppm-infra:stack  + ppm-prod
            tags.team             a → b

    Access  2 to update
      ~ iam_role.nodes              update in place  because an earlier run did not finish it
      ~ iam_policy.package-manager  update in place  no outage
          document  ~ ReadPackages Action  + s3:PutObject

    Data  1 to update, 1 to replace
      -/+ bucket.packages  replace (delete, then create)
            because you asked for it
      ~   database.main    update in place  no outage
            multi_az     false → true
            storage_gib  100 → 200

    Kubernetes  1 to update, 1 to replace
      ~   cluster.main   update in place  no outage
            version  1.31 → 1.32 → 1.33
      -/+ addon.coredns  replace (delete, then create)
            because it was left degraded

    Front door  1 to create, 1 to delete
      - listener.http   delete  HTTP 80  because it is no longer declared
      + listener.https  create  HTTPS 443

    Drift  moved by somebody else since the last run
      ! nat_gateway.a    gone     made again by this plan
      ! secret.database  changed  agrees with the declaration; only the record follows
          backup_days  recorded 7, found 1
      ! database.main    changed  put back by this plan where it is not as declared
          backup_days  recorded 7, found 1
          storage_gib  recorded 200, found 100

    Adopted: ours by their marks, and in no record until now
      iam_role.nodes  ppm-prod-nodes

    Old objects that earlier runs left over
      - target_group.main  delete  arn:aws:elasticloadbalancing:tg/old

    Worth knowing
      database.main  16.8 is newer than 16.4
                     another

    Plan: 2 to create, 5 to update, 5 to replace, 2 to delete. 3 drifted. 1 unchanged.
    Usually takes about 25 min, seldom more than 43 min, most of it: update cluster.main 12 min, update cluster.main (step 2) 12 min.
    "#);
}

#[test]
fn one_field_is_three_lines() {
    let one = Action::Update {
        prior: recorded(&json!({}), "db"),
        via: Vec::new(),
        declared: document(&json!({})),
        after: BTreeSet::new(),
        works_through: BTreeSet::new(),
        diffs: vec![diff("storage_gib", &json!(100), &json!(200), OnChange::Update)],
        why: Why::Changed,
    };
    let told = text(plan([("database.main", one), ("vpc.main", Action::NoOp { record: None })]), Goal::Converge, false);
    insta::assert_snapshot!(told, @r"
    ppm-prod in us-east-1, account 111122223333
      ~ database.main  update in place  no outage
          storage_gib  100 → 200

    Plan: 1 to update. 1 unchanged.
    Usually takes about 5 min, seldom more than 10 min.
    ");
}

#[test]
fn what_is_made_shows_its_fields_when_asked() {
    let mut plan = first_plan();
    let shown = ["vpc.main", "security_group.load-balancer", "iam_policy.package-manager", "route_table.private-a"];
    plan.actions.retain(|address, _| shown.contains(&address.to_string().as_str()));
    insta::assert_snapshot!(text(plan, Goal::Converge, true), @r#"
    ppm-prod in us-east-1, account 111122223333

    Network  3 to create
      + vpc.main                      create  10.0.0.0/16
          cidr           10.0.0.0/16
          dns_hostnames  true
          dns_support    true
      + route_table.private-a         create  0.0.0.0/0 nat_gateway.a
          routes.0.0.0.0/0  nat_gateway.a
          subnets           subnet.private-a
          vpc               vpc.main
      + security_group.load-balancer  create  The load balancer
          description  The load balancer
          egress       tcp 30042 to 10.0.0.0/16 "Package Manager"
          ingress      tcp 80 from 0.0.0.0/0 "Users", tcp 443 from 0.0.0.0/0 "Users"
          name         ppm-prod-load-balancer
          vpc          vpc.main

    Access  1 to create
      + iam_policy.package-manager  create  What Package Manager may do with its bucket and the key
          description       What Package Manager may do with its bucket and the key
          document          UseTheKey: allow kms:Decrypt, kms:GenerateDataKey on kms_key.main
                            ReadAndWritePackages: allow s3:AbortMultipartUpload, s3:DeleteObject, s3:GetObject, s3:PutObject on arn:aws:s3:::ppm-prod-111122223333/*
                            ListPackages: allow s3:GetBucketLocation, s3:ListBucket on arn:aws:s3:::ppm-prod-111122223333
          document.Version  2012-10-17
          name              ppm-prod-package-manager

    Plan: 4 to create.
    Usually takes about 19s, seldom more than 37s, most of it: vpc.main 10s, route_table.private-a 8s.
    "#);
}

#[test]
fn nothing_to_do() {
    let none =
        || plan([("vpc.main", Action::NoOp { record: None }), ("bucket.packages", Action::NoOp { record: None })]);
    insta::assert_snapshot!(text(none(), Goal::Converge, false), @r"
    ppm-prod in us-east-1, account 111122223333

    No changes. Everything is as declared. 2 unchanged.
    ");
    insta::assert_snapshot!(text(plan([]), Goal::Destroy, false), @r"
    ppm-prod in us-east-1, account 111122223333

    No changes. There is nothing to delete.
    ");
    let gone = plan([("vpc.main", Action::Forget { why: Why::Destroyed })]);
    insta::assert_snapshot!(text(gone, Goal::Destroy, false), @r"
    ppm-prod in us-east-1, account 111122223333
      . vpc.main  forget  because it is gone already

    No changes in AWS. Only records go.
    ");
}

#[test]
fn destroying_keeps_what_holds_data() {
    let delete = |declared: Value| Action::Delete { prior: recorded(&declared, "id"), why: Why::Destroyed };
    let mut plan = plan([
        ("vpc.main", delete(json!({"cidr": "10.0.0.0/16"}))),
        ("cluster.main", delete(json!({"version": "1.33"}))),
        (
            "node_group.main",
            delete(json!({"count": 3, "instance_type": "c6a.4xlarge", "disk_gib": 100,
            "cluster": {"$ref": "cluster.main"}})),
        ),
        (
            "database.main",
            delete(json!({"engine_version": "17.5", "instance_class": "db.t3.xlarge", "storage_gib": 100})),
        ),
        ("bucket.packages", Action::NoOp { record: None }),
        ("kms_key.main", Action::NoOp { record: None }),
    ]);
    plan.kept.insert(address("bucket.packages"), "holds data; --delete-data bucket deletes it".to_owned());
    plan.kept.insert(address("kms_key.main"), "bucket.packages needs it".to_owned());
    insta::assert_snapshot!(text(plan, Goal::Destroy, false), @r"
    ppm-prod in us-east-1, account 111122223333

    Network  1 to delete
      - vpc.main  delete  10.0.0.0/16

    Data  1 to delete
      - database.main  delete  PostgreSQL 17.5, db.t3.xlarge, 100 GiB

    Kubernetes  2 to delete
      - cluster.main     delete  Kubernetes 1.33
      - node_group.main  delete  3 of c6a.4xlarge, 100 GiB each

    Kept  stays in AWS, and is paid for as before
      bucket.packages  holds data; --delete-data bucket deletes it
      kms_key.main     bucket.packages needs it

    Plan: 4 to delete. 2 kept.
    Usually takes about 14 min, seldom more than 19 min, most of it: node_group.main 7 min, cluster.main 6 min.
    ");
}

/// A report in which everything drifted that can.
pub(super) fn drifted() -> DriftReport {
    let mut report = DriftReport { looked_at: 46, ..DriftReport::default() };
    let rule = |port: u16, cidr: &str| json!({"protocol": "tcp", "from_port": port, "to_port": port, "peer": {"cidr": cidr}, "description": ""});
    report.drift.insert(
        address("security_group.load-balancer"),
        Drift::Moved(vec![diff(
            "ingress",
            &json!([rule(443, "0.0.0.0/0")]),
            &json!([rule(443, "0.0.0.0/0"), rule(22, "0.0.0.0/0")]),
            OnChange::Update,
        )]),
    );
    report.drift.insert(
        address("database.main"),
        Drift::Moved(vec![
            diff("backup_days", &json!(7), &json!(1), OnChange::Update),
            diff("deletion_protection", &json!(true), &json!(false), OnChange::Update),
            diff("username", &json!("ppm"), &json!("root"), OnChange::Replace),
        ]),
    );
    report.drift.insert(
        address("route_table.private-b"),
        Drift::Moved(vec![
            diff("routes.0.0.0.0/0.blackhole", &json!(null), &json!("nat-0abc"), OnChange::UpdateDangling),
            diff(
                "routes.0.0.0.0/0.nat_gateway",
                &json!({"$ref": "nat_gateway.b"}),
                &json!(null),
                OnChange::UpdateDangling,
            ),
        ]),
    );
    report.drift.insert(address("nat_gateway.b"), Drift::Gone);
    report.unread.insert(
        address("kms_key.main"),
        CloudError {
            code: Some("AccessDeniedException".to_owned()),
            ..CloudError::new(ErrorKind::Denied, "describe the key", "no")
        },
    );
    report.notes.insert(address("cluster.main"), vec!["1.33 leaves standard support on 2026-07-29".to_owned()]);
    report
}

#[test]
fn a_drift_report() {
    let report = DriftReport { looked_at: 46, ..DriftReport::default() };
    insta::assert_snapshot!(drift_text(&report, &drift_view()), @r"
    ppm-prod in us-east-1, account 111122223333

    In sync. 46 objects are as recorded.
    ");
    let report = drifted();
    insta::assert_snapshot!(drift_text(&report, &drift_view()), @r"
    ppm-prod in us-east-1, account 111122223333

      ! nat_gateway.b                 gone     high
      ! route_table.private-b         changed  medium
          routes.0.0.0.0/0  recorded nat_gateway.b, found blackhole nat-0abc
      ! security_group.load-balancer  changed  medium
          ingress  + found tcp 22 from 0.0.0.0/0
      ! database.main                 changed  medium
          backup_days          recorded 7, found 1
          deletion_protection  recorded true, found false
          username             recorded ppm, found root  putting it back replaces the object

    Not read: neither in sync nor gone
      kms_key.main  could not describe the key: AccessDeniedException: no

    Worth knowing
      cluster.main  1.33 leaves standard support on 2026-07-29

    Drift: 3 changed, 1 gone, 1 not read, of 46 objects.
    hint: `ppm-infra plan plans/prod.yaml` shows what is done about it.
    warning: 1 object is not known to be in sync.
    ");
}

#[test]
fn summaries_of_runs() {
    let done = RunReport { succeeded: 46, serial: 52, elapsed_ms: 1_172_000, ..RunReport::default() };
    insta::assert_snapshot!(summary_text(&done, &summary_view(Goal::Converge)), @"Done. ppm-prod stands: 46 steps in 19m 32s, recorded at serial 52.");
    insta::assert_snapshot!(summary_text(&done, &summary_view(Goal::Destroy)), @"Destroyed. 46 steps in 19m 32s; 0 objects of ppm-prod left in the record, at serial 52.");
    let idle = RunReport { serial: 52, ..RunReport::default() };
    insta::assert_snapshot!(summary_text(&idle, &summary_view(Goal::Converge)), @"Nothing was to be done. ppm-prod stands at serial 52.");
}

#[test]
fn summaries_of_runs_that_failed() {
    let late = StepFailure {
        doing: "wait for the cluster".to_owned(),
        code: None,
        message: "not active after 40 minutes".to_owned(),
        request_id: None,
    };
    let failed = RunReport {
        succeeded: 11,
        failed: vec![
            (step("nat_gateway.public-a", StepPart::Create), limit()),
            (step("cluster.main", StepPart::Change { rung: 1 }), late),
        ],
        skipped: 3,
        serial: 52,
        elapsed_ms: 185_000,
        ..RunReport::default()
    };
    insta::assert_snapshot!(summary_text(&failed, &summary_view(Goal::Converge)), @r"
    error: could not create nat_gateway.public-a
      1: could not allocate the address
      2: AWS answered AddressLimitExceeded: The maximum number of addresses has been reached.
      3: request id 7f3c0d52
    error: could not update cluster.main (step 2)
      1: could not wait for the cluster
      2: not active after 40 minutes

    Incomplete after 3m 05s: 3 steps were skipped because of these failures; 11 succeeded and are recorded at serial 52.
    hint: run `ppm-infra apply plans/prod.yaml` again to continue; what succeeded is not done twice.
    ");
    let stopped = RunReport {
        succeeded: 1,
        not_started: 30,
        abandoned: vec![step("cluster.main", StepPart::Create), step("database.main", StepPart::Create)],
        serial: 51,
        elapsed_ms: 65_000,
        ..RunReport::default()
    };
    insta::assert_snapshot!(summary_text(&stopped, &summary_view(Goal::Converge)), @r"
    warning: 2 steps were left running in AWS:
      create cluster.main
      create database.main

    Incomplete after 1m 05s: 30 steps were not begun; 1 succeeded and is recorded in the journal at serial 51.
    hint: run `ppm-infra apply plans/prod.yaml`: it looks first what became of the steps left running, and goes on from there.
    ");
}

/// A run that lost its record.
pub(super) fn lost() -> RunReport {
    RunReport {
        succeeded: 4,
        not_started: 40,
        record_lost: Some(RecordLost {
            why: "could not append to state/ppm-prod.journal: No space left on device".to_owned(),
            taken_over: false,
        }),
        unrecorded: vec![(step("vpc.main", StepPart::Create), document(&json!({"id": "vpc-0abc"})))],
        serial: 51,
        elapsed_ms: 12_000,
        ..RunReport::default()
    }
}

#[test]
fn what_could_not_be_recorded_is_printed_in_full() {
    insta::assert_snapshot!(summary_text(&lost(), &summary_view(Goal::Converge)), @r#"
    error: the record could not be written
      1: could not append to state/ppm-prod.journal: No space left on device
    warning: this was done and could not be recorded; keep it, it is the only copy
      create vpc.main
      {
        "id": "vpc-0abc"
      }

    Incomplete after 12s: 40 steps were not begun; 4 succeeded and are recorded in the journal at serial 51; what 1 more step did stands only in this text.
    hint: mend what kept the record from being written, then run `ppm-infra apply plans/prod.yaml`: it finds these objects by their marks.
    "#);
}

#[test]
fn who_lost_the_stack_is_not_told_to_mend_the_record() {
    let lost = RunReport {
        succeeded: 4,
        not_started: 40,
        record_lost: Some(RecordLost {
            why: "this run does not hold the stack any more: ann@ops took it over".to_owned(),
            taken_over: true,
        }),
        serial: 51,
        elapsed_ms: 12_000,
        ..RunReport::default()
    };
    insta::assert_snapshot!(summary_text(&lost, &summary_view(Goal::Converge)), @r"
    error: another run may hold the stack now
      1: this run does not hold the stack any more: ann@ops took it over

    Incomplete after 12s: 40 steps were not begun; 4 succeeded and are recorded in the journal at serial 51.
    hint: `ppm-infra lock status` shows who works on the stack; then run `ppm-infra apply plans/prod.yaml`: it finds these objects by their marks.
    ");
}

#[test]
fn pages_for_terminals_of_ascii_hold_ascii_alone() {
    let catalog = catalog();
    let view = PlanView { verbose: true, ..plan_view(&catalog) };
    for plan in [mixed_plan(), first_plan()] {
        assert!(crate::render::text(&Page::of_plan(&planned(plan), &view), false).to_string().is_ascii());
    }
}

#[test]
fn colour_adds_nothing_but_colour() {
    let catalog = catalog();
    let view = plan_view(&catalog);
    let page = plan_text(&planned(mixed_plan()), &view);
    let (plain, coloured) = (page.text(false), page.text(true));
    assert!(!plain.contains('\u{1b}') && coloured.contains('\u{1b}'));
    assert_eq!(anstream::adapter::strip_str(&coloured).to_string(), plain);
    assert!(plain.lines().all(|line| line == line.trim_end()));
}
