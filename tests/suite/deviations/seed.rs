//! Answers about the reference stack as nobody has touched it, made from the tables and from the record.

use std::collections::BTreeMap;

use jiff::Timestamp;
use ppm_infra::described::judge::{Deviation, judge};
use ppm_infra::described::look::{Baseline, DeepLook, OwnObjects};
use ppm_infra::described::remembered::baseline_of;
use ppm_infra::described::table::{MemberClass, MemberRow, MemberTable, MemberTables};
use ppm_infra::model::address::Address;
use ppm_infra::model::described::{CallAnswer, CallAnswers};
use ppm_infra::model::lifecycle::LifecycleDays;
use ppm_infra::model::resource::Known;
use ppm_infra::resources::catalog;
use serde_json::{Value, json};

pub(super) const RECORD: &str = include_str!("../fixtures/lockfile-format-1/whole/ppm-prod.lock.json");
pub(super) const ACCOUNT: &str = "111122223333";
pub(super) const NOW: i64 = 1_796_032_800;
pub(super) const DAY: i64 = 86_400;
pub(super) const NODE: &str = "i-00000000000000001";

/// The recorded stack and what AWS answers about it.
#[derive(Clone)]
pub(super) struct World {
    pub(super) tables: MemberTables,
    pub(super) objects: OwnObjects,
    pub(super) recorded: BTreeMap<Address, Known>,
    pub(super) answers: BTreeMap<Address, CallAnswers>,
    pub(super) baselines: BTreeMap<Address, Baseline>,
    pub(super) days: LifecycleDays,
}

impl World {
    /// In sync, and seen once.
    pub(super) fn in_sync() -> Self {
        let record: Value = serde_json::from_str(RECORD).unwrap();
        let entries = record["resources"].as_object().unwrap();
        let known = |entry: &Value| Known {
            declared: serde_json::from_value(entry["declared"].clone()).unwrap(),
            computed: serde_json::from_value(entry["computed"].clone()).unwrap(),
        };
        let recorded: BTreeMap<Address, Known> =
            entries.iter().map(|(at, entry)| (at.parse().unwrap(), known(entry))).collect();
        let objects = OwnObjects::of(&recorded);
        let tables = MemberTables::of(&catalog());
        let (answers, baselines, days) = (BTreeMap::new(), BTreeMap::new(), LifecycleDays::default());
        let mut world = Self { tables, objects, recorded, answers, baselines, days };
        for at in world.recorded.keys().cloned().collect::<Vec<_>>() {
            let answers = world.seed(&at);
            world.answers.insert(at, answers);
        }
        for at in world.recorded.keys().cloned().collect::<Vec<_>>() {
            let baseline = world.look(&at, |look| baseline_of(&look));
            world.baselines.insert(at, baseline);
        }
        world
    }

    pub(super) fn table(&self, at: &Address) -> &MemberTable {
        self.tables.get(&at.kind).unwrap()
    }

    pub(super) fn look<T>(&self, at: &Address, ask: impl FnOnce(DeepLook<'_>) -> T) -> T {
        let none = Baseline::new();
        ask(DeepLook {
            address: at,
            table: self.table(at),
            objects: &self.objects,
            answers: &self.answers,
            baseline: self.baselines.get(at).unwrap_or(&none),
            account: ACCOUNT,
            now: Timestamp::from_second(NOW).unwrap(),
            days: self.days,
        })
    }

    pub(super) fn judge(&self, at: &str) -> Vec<Deviation> {
        self.look(&at.parse().unwrap(), |look| judge(&look))
    }

    /// One object of every kind.
    pub(super) fn one_of_each(&self) -> Vec<Address> {
        let mut all: Vec<Address> = self.recorded.keys().cloned().collect();
        all.dedup_by(|a, b| a.kind == b.kind);
        all
    }

    /// What a call told of an object, to be changed.
    pub(super) fn told(&mut self, at: &str, call: &str) -> &mut Vec<Value> {
        let answers = self.answers.get_mut(&at.parse().unwrap()).unwrap();
        match answers.get_mut(call).unwrap_or_else(|| panic!("{at} is not asked {call}")) {
            CallAnswer::Told(roots) => roots,
            other => panic!("{other:?}"),
        }
    }

    /// The world after a change that stands in a file: of members (`set`), of lists in an answer (`into`), of the answer
    /// (`push`), and what other calls tell of it (`also`).
    pub(super) fn changed(&self, change: &Value) -> Self {
        let mut world = self.clone();
        let at = change["at"].as_str().unwrap();
        for part in std::iter::once(change).chain(change["also"].as_array().into_iter().flatten()) {
            let roots = world.told(at, part["call"].as_str().unwrap());
            for (path, value) in part["set"].as_object().into_iter().flatten() {
                put(&mut roots[0], path, value.clone());
            }
            for (list, value) in part["into"].as_object().into_iter().flatten() {
                if !roots[0][list].is_array() {
                    roots[0][list] = json!([]);
                }
                roots[0][list].as_array_mut().unwrap().push(value.clone());
            }
            roots.extend(part.get("push").cloned());
        }
        world
    }

    fn seed(&self, at: &Address) -> CallAnswers {
        let table = self.table(at);
        let roots = table.rows.iter().filter(|row| matches!(row.class, MemberClass::Root(_)));
        roots.map(|root| (root.call.to_owned(), CallAnswer::Told(self.seed_of(at, root)))).collect()
    }

    fn seed_of(&self, at: &Address, root: &MemberRow) -> Vec<Value> {
        let rows: Vec<&MemberRow> = self.table(at).of_call(root.call).skip(1).collect();
        if let Some(whole) = rows.iter().find(|row| row.path == "*") {
            return self.ours(at, whole);
        }
        if Self::is_about_strangers(at, root.call) {
            return Vec::new();
        }
        let mut all: Vec<Value> = Vec::new();
        let first = self.seed_root(at, &rows);
        let listed = |row: &&&MemberRow| matches!(row.class, MemberClass::Extra { .. }) && !row.place.is_listed();
        if let Some(member) = rows.iter().find(listed).filter(|_| root.path.ends_with("[]")) {
            for value in self.ours(at, member) {
                let mut one = first.clone();
                put(&mut one, member.path, value);
                all.push(one);
            }
            return all;
        }
        all.push(first);
        all
    }

    /// Asked only once something is not as it should be.
    fn is_about_strangers(at: &Address, call: &str) -> bool {
        let foreign = ["eks:DescribeAccessEntry", "eks:ListAssociatedAccessPolicies", "eks:ListFargateProfiles"];
        (at.kind.as_str() == "cluster" && foreign.contains(&call))
            || matches!(call, "iam:GetRolePolicy" | "iam:ListEntitiesForPolicy" | "rds:DescribeDBSnapshotAttributes")
    }

    fn seed_root(&self, at: &Address, rows: &[&MemberRow]) -> Value {
        let mut root = json!({});
        for row in rows {
            let values: Vec<Value> = match &row.class {
                MemberClass::Default(value) if value.is_null() => Vec::new(),
                MemberClass::Default(value) => vec![value.clone()],
                MemberClass::Baseline | MemberClass::ByAws => seen(row),
                MemberClass::Extra { .. } if row.place.is_listed() => self.ours(at, row),
                MemberClass::Identity => self.identity(at, row).into_iter().collect(),
                MemberClass::Lifecycle(_) => well(row).into_iter().collect(),
                MemberClass::Tracked(_) => self.tracked(at, row).into_iter().collect(),
                _ => Vec::new(),
            };
            let many = values.len() > 1 || matches!(row.class, MemberClass::Extra { .. });
            for (place, value) in values.into_iter().enumerate() {
                if many { add(&mut root, row.path, place, value) } else { put(&mut root, row.path, value) }
            }
        }
        if Self::kind_is(at, "node_group") && rows.iter().any(|row| row.path == "AutoScalingGroupName") {
            root["AutoScalingGroupName"] = self.computed(at, "autoscaling_group");
            root["Instances"] = json!([{"InstanceId": NODE, "LifecycleState": "InService", "HealthStatus": "Healthy"}]);
        }
        if rows.iter().any(|row| row.path == "Entries[].*") {
            root["IsDefault"] = json!(true);
        }
        if Self::kind_is(at, "security_group") && rows.iter().any(|row| row.path == "IsEgress") {
            root["GroupId"] = self.computed(at, "id");
        }
        root
    }

    fn kind_is(at: &Address, kind: &str) -> bool {
        at.kind.as_str() == kind
    }

    pub(super) fn computed(&self, at: &Address, field: &str) -> Value {
        self.recorded[at].computed.get(field).cloned().unwrap_or_default()
    }

    fn identity(&self, at: &Address, row: &MemberRow) -> Option<Value> {
        let computed = |field: &str| Some(self.computed(at, field)).filter(|value| !value.is_null());
        match row.path {
            "RoleId" => computed("unique_id"),
            "DbiResourceId" => computed("resource_id"),
            "Endpoint.Address" => computed("address"),
            "endpoint" => computed("endpoint"),
            "resourcesVpcConfig.clusterSecurityGroupId" => computed("security_group_id"),
            "identity.oidc.issuer" => computed("issuer"),
            "resources.autoScalingGroups[].name" => computed("autoscaling_group"),
            "DNSName" => computed("dns_name"),
            _ => row.grade.map(|_| json!("seen-id")),
        }
    }

    fn tracked(&self, at: &Address, row: &MemberRow) -> Option<Value> {
        let declared = &self.objects.get(at).unwrap().declared;
        match (row.call, row.path) {
            ("autoscaling:DescribeAutoScalingGroups", "MinSize") => declared.get("count").cloned(),
            ("autoscaling:DescribeAutoScalingGroups", "MaxSize") => declared.get("max").cloned(),
            ("autoscaling:DescribeAutoScalingGroups", "VPCZoneIdentifier") => {
                let subnets = declared.get("subnets")?.as_array()?.iter().filter_map(Value::as_str);
                Some(Value::from(subnets.rev().collect::<Vec<_>>().join(",")))
            }
            ("rds:DescribeDBInstances", "AllocatedStorage") => declared.get("storage_gib").cloned(),
            _ => None,
        }
    }

    /// The members of a list that are there and nobody's concern.
    pub(super) fn ours(&self, at: &Address, row: &MemberRow) -> Vec<Value> {
        let all = |kind: &str| -> Vec<String> {
            let of_kind = self.recorded.iter().filter(|(at, _)| at.kind.as_str() == kind);
            of_kind.map(|(_, known)| known.computed.text("id").unwrap().to_owned()).collect()
        };
        let objects = |kind: &str, name: &str| all(kind).into_iter().map(|id| json!({name: id})).collect::<Vec<_>>();
        let at_text = |text: &str, field: &str| self.computed(&text.parse().unwrap(), field);
        let MemberClass::Extra { ours, .. } = &row.class else { return Vec::new() };
        match (at.kind.as_str(), row.call, row.path) {
            (_, "s3:GetBucketLifecycleConfiguration", _) => vec![json!("abort-unfinished-uploads")],
            (_, "s3:GetBucketAcl", _) => Vec::new(),
            (_, "eks:ListAccessEntries", _) => {
                vec![at_text("access_entry.creator", "principal_arn"), at_text("iam_role.nodes", "arn")]
            }
            (_, "eks:ListNodegroups", _) => vec![at_text("node_group.main", "name")],
            (_, "eks:ListAddons", _) => vec![json!("coredns"), json!("kube-proxy"), json!("vpc-cni")],
            (_, "elasticloadbalancing:DescribeListeners", _) => objects("listener", "ListenerArn"),
            (_, "elasticloadbalancing:DescribeRules", _) => vec![json!("default")],
            (_, "elasticloadbalancing:DescribeTargetHealth", _) => vec![json!(NODE)],
            (_, _, "LoadBalancerArns[]") => vec![at_text("load_balancer.main", "id")],
            (_, "iam:ListInstanceProfilesForRole", _) => {
                vec![json!({"InstanceProfileName": "eks-0ac7d4f1-1111-2222-3333-444455556666"})]
            }
            (_, "autoscaling:DescribeLifecycleHooks", _) => {
                vec![json!({"LifecycleHookName": "Launch-LC-Hook"}), json!({"LifecycleHookName": "Terminate-LC-Hook"})]
            }
            ("cluster", "ec2:DescribeSecurityGroupRules", _) => self.rules_of_eks(),
            ("vpc", "ec2:DescribeSubnets", _) => objects("subnet", "SubnetId"),
            ("vpc", "ec2:DescribeRouteTables", _) => {
                let local = json!({"DestinationCidrBlock": "10.0.0.0/16", "GatewayId": "local"});
                let main = json!({"RouteTableId": "rtb-main", "Associations": [{"Main": true}], "Routes": [local]});
                objects("route_table", "RouteTableId").into_iter().chain([main]).collect()
            }
            ("vpc", "ec2:DescribeSecurityGroups", _) => {
                let others = [
                    json!({"GroupId": "sg-default", "GroupName": "default"}),
                    json!({"GroupId": at_text("cluster.main", "security_group_id"), "GroupName": "eks-cluster-sg-x"}),
                ];
                objects("security_group", "GroupId").into_iter().chain(others).collect()
            }
            ("vpc", "ec2:DescribeInternetGateways", _) => objects("internet_gateway", "InternetGatewayId"),
            ("vpc", "ec2:DescribeNatGateways", _) => objects("nat_gateway", "NatGatewayId"),
            ("vpc", "ec2:DescribeVpcEndpoints", _) => objects("vpc_endpoint", "VpcEndpointId"),
            (_, _, "Routes[].DestinationCidrBlock") => vec![json!("0.0.0.0/0")],
            (_, _, "ParameterName") => vec![json!("rds.force_ssl")],
            _ => {
                let declared = &self.objects.get(at).unwrap().declared;
                match ours.and_then(|field| declared.get(field)) {
                    Some(Value::Array(items)) => items.clone(),
                    Some(Value::String(text)) => vec![json!(text)],
                    _ => Vec::new(),
                }
            }
        }
    }

    fn rules_of_eks(&self) -> Vec<Value> {
        let group = self.computed(&"cluster.main".parse().unwrap(), "security_group_id");
        let rule = self.computed(&"security_group_rule.nodes-from-load-balancer".parse().unwrap(), "id");
        vec![
            json!({"GroupId": group, "SecurityGroupRuleId": "sgr-1", "IsEgress": false, "IpProtocol": "-1",
                "ReferencedGroupInfo": {"GroupId": group}}),
            json!({"GroupId": group, "SecurityGroupRuleId": "sgr-2", "IsEgress": true, "IpProtocol": "-1",
                "CidrIpv4": "0.0.0.0/0"}),
            json!({"GroupId": group, "SecurityGroupRuleId": rule, "IsEgress": false, "IpProtocol": "tcp",
                "FromPort": 30442, "ToPort": 30442, "ReferencedGroupInfo": {"GroupId": "sg-00000015"}}),
        ]
    }
}

/// What is there of a member that has no fixed default.
fn seen(row: &MemberRow) -> Vec<Value> {
    match row.path {
        "Entries[].*" => vec![
            json!({"RuleNumber": 100, "Egress": false, "RuleAction": "allow", "Protocol": "-1", "CidrBlock": "0.0.0.0/0"}),
            json!({"RuleNumber": 32767, "Egress": false, "RuleAction": "deny", "Protocol": "-1", "CidrBlock": "0.0.0.0/0"}),
            json!({"RuleNumber": 100, "Egress": true, "RuleAction": "allow", "Protocol": "-1", "CidrBlock": "0.0.0.0/0"}),
            json!({"RuleNumber": 32767, "Egress": true, "RuleAction": "deny", "Protocol": "-1", "CidrBlock": "0.0.0.0/0"}),
        ],
        "VersionIdsToStages{}[]" => vec![json!("AWSCURRENT")],
        "Attributes[]" => vec![json!({"Key": "a.key.of.tomorrow", "Value": "1"})],
        "scalingConfig.desiredSize" | "DesiredCapacity" => vec![json!(3)],
        "TargetHealth.State" => vec![json!("healthy")],
        "Instances[].LifecycleState" => vec![json!("InService")],
        path if path.ends_with("[].*") => vec![json!({"Of": "seen-1"}), json!({"Of": "seen-2"})],
        path if path.ends_with(".*") => vec![json!({"Of": "seen"})],
        path if path.ends_with("[]") => vec![json!("seen-1"), json!("seen-2")],
        _ => vec![json!("seen")],
    }
}

/// What a member says while all is well.
pub(super) fn well(row: &MemberRow) -> Option<Value> {
    Some(match (row.call, row.path) {
        ("eks:DescribeCluster" | "eks:DescribeAddon" | "eks:DescribeNodegroup", "status") => json!("ACTIVE"),
        (_, "DBInstanceStatus" | "Attachments[].State" | "State") => json!("available"),
        (_, "State.Code") => json!("active"),
        (_, "SubnetGroupStatus") => json!("Complete"),
        (_, "KeyState") => json!("Enabled"),
        (_, "Status") => json!("ISSUED"),
        (_, "NotAfter" | "endOfStandardSupportDate" | "endOfExtendedSupportDate") => json!(NOW + 200 * DAY),
        (_, "CertificateDetails.ValidTill") => json!("2029-01-01T00:00:00Z"),
        (_, "releaseVersion") => json!("1.34.1-20261120"),
        (_, "LastChangedDate" | "Versions[].CreatedDate") => json!(NOW - 10 * DAY),
        (_, "DBParameterGroups[].ParameterApplyStatus") => json!("in-sync"),
        _ => return None,
    })
}

/// The words of a path: names, and `[]`, `{}` or `{key}` after one.
pub(super) fn steps(path: &str) -> Vec<String> {
    let path = path.strip_suffix('*').map_or(path, |above| above.strip_suffix('.').unwrap_or(above));
    let mut steps = Vec::new();
    let mut rest = path;
    while !rest.is_empty() {
        let (step, after) = if let Some(after) = rest.strip_prefix("[]") {
            ("[]".to_owned(), after)
        } else if rest.starts_with('{') {
            let end = rest.find('}').unwrap() + 1;
            (rest[..end].to_owned(), &rest[end..])
        } else {
            let word = rest.strip_prefix('.').unwrap_or(rest);
            let end = word.find(['.', '[', '{']).unwrap_or(word.len());
            (word[..end].to_owned(), &word[end..])
        };
        steps.push(step);
        rest = after;
    }
    steps
}

/// Puts a value where a path leads; of a list into its first element.
pub(super) fn put(root: &mut Value, path: &str, value: Value) {
    add(root, path, 0, value);
}

/// Puts a value where a path leads, into the element `place` of its innermost list.
pub(super) fn add(root: &mut Value, path: &str, place: usize, value: Value) {
    let steps = steps(path);
    let innermost = steps.iter().rposition(|step| step == "[]");
    let mut at = root;
    for (number, step) in steps.iter().enumerate() {
        at = match step.as_str() {
            "[]" => {
                let place = if Some(number) == innermost { place } else { 0 };
                if !at.is_array() {
                    *at = json!([]);
                }
                let items = at.as_array_mut().unwrap();
                while items.len() <= place {
                    items.push(json!(null));
                }
                &mut items[place]
            }
            "{}" => &mut object(at)["one"],
            key if key.starts_with('{') => {
                if !at.is_array() {
                    *at = json!([]);
                }
                let items = at.as_array_mut().unwrap();
                let key = &key[1..key.len() - 1];
                let found = items.iter().position(|pair| pair["Key"] == key);
                let found = found.unwrap_or_else(|| {
                    items.push(json!({"Key": key, "Value": null}));
                    items.len() - 1
                });
                &mut items[found]["Value"]
            }
            name => &mut object(at)[name],
        };
    }
    *at = value;
}

fn object(value: &mut Value) -> &mut Value {
    if !value.is_object() {
        *value = json!({});
    }
    value
}
