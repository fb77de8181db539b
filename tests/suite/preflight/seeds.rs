//! What is done to an account and a declaration before it is looked at.

use aws_sdk_ec2::types::{AttributeBooleanValue, Filter};
use aws_sdk_kms::types::{KeySpec, KeyUsageType};
use ppm_infra::cloud::aws::Clients;
use ppm_infra::run::Host;
use serde_json::{Value, json};

use crate::support::binary::Desk;
use crate::support::emulator::Emulator;

const TRUST: &str = r#"{"Version": "2012-10-17", "Statement": [{"Effect": "Allow",
    "Principal": {"AWS": "arn:aws:iam::123456789012:root"}, "Action": "sts:AssumeRole"}]}"#;

/// The services that make roles for themselves, each with the first part of its principal.
pub(super) const SERVICE_ROLES: [&str; 5] = ["eks", "eks-nodegroup", "autoscaling", "elasticloadbalancing", "rds"];

/// One thing that is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Seed {
    /// The stack stands as the reference declaration says.
    Standing,
    /// A quota has this value.
    Quota(&'static str, u32),
    /// Calls of a service and an operation are denied.
    Denied(&'static str, &'static str),
    /// The caller may do what the apply policy allows, and this.
    Policy(&'static str),
    /// The services have made their roles.
    ServiceRoles,
    /// A variable of the environment.
    Variable(&'static str, &'static str),
    /// The environment says that its credentials end in so many minutes.
    EndsIn(i64),
    /// A setting of the emulator.
    Extra(&'static str, &'static str),
    /// Something that is not ours has a name of ours.
    Taken(Taken),
    /// A key that somebody made; `KEY` in the declaration stands for its ARN.
    Key(KeyIs),
    /// Every disk is encrypted with such a key.
    DiskKey(KeyIs),
    /// A certificate for a name; `CERTIFICATE` in the declaration stands for its ARN.
    Certificate(&'static str, bool),
    /// A network with two zones of each tier that everything can work in; `VPC`, `PRIVATE` and `PUBLIC` stand for it.
    Network(NetworkIs),
    /// So many providers for logins.
    Providers(u32),
    /// A network of others, with all that one has.
    Others,
}

/// What has a name of ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Taken {
    Role,
    Policy,
    Secret,
    SecretInRecovery,
    Alias,
    SubnetGroup,
    ParameterGroup,
    LoadBalancer,
    Database,
}

/// What is the matter with a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum KeyIs {
    Good,
    Disabled,
    Leaving,
    Asymmetric,
    Absent,
}

/// What is the matter with a network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NetworkIs {
    Good,
    WithoutNames,
    WithoutWayOut,
    InOneZone,
    WithAnotherSubnet,
    Absent,
}

/// The declaration with these lines, which replace those that begin alike.
pub(super) fn declare(desk: &Desk, lines: &str) {
    match lines.strip_prefix("whole:\n") {
        Some(text) => desk.write("plans/reference.yaml", text),
        None => desk.declare_with(lines),
    }
}

impl Seed {
    /// Does it; answers the lines of the declaration with what stands for what was made.
    pub(super) async fn plant(self, emulator: &Emulator, desk: &mut Desk, text: String) -> String {
        let aws = emulator.clients().await;
        let setting = |key: &str, value: Value| {
            emulator.post("/strict/settings", &json!({ key: value }));
        };
        match self {
            Self::Standing => {}
            Self::Quota(code, value) => setting("quotas", json!({ code: value })),
            Self::Denied(service, operation) => {
                let fault = json!({"service": service, "operation": operation, "kind": "denied"});
                emulator.post("/strict/faults", &fault);
            }
            Self::Policy(more) => {
                declare(desk, &text);
                let policy = ["iam-policy", "--for", "apply", "--account", "123456789012"];
                let mut policy = desk.run(&policy).exit(0).json_document();
                if let Ok(more) = serde_json::from_str::<Value>(more) {
                    policy["Statement"].as_array_mut().unwrap().push(more);
                }
                setting("extra", json!({"policies": {"AKIATEST": policy}}));
            }
            Self::ServiceRoles => {
                for service in SERVICE_ROLES {
                    let call =
                        aws.iam.create_service_linked_role().aws_service_name(format!("{service}.amazonaws.com"));
                    call.send().await.unwrap();
                }
            }
            Self::Variable(name, value) => {
                let taken = std::mem::replace(desk, Desk::fast());
                *desk = taken.with(name, value);
            }
            Self::EndsIn(minutes) => {
                let end = Host::system().now() + jiff::SignedDuration::from_mins(minutes);
                let taken = std::mem::replace(desk, Desk::fast());
                *desk = taken.with("AWS_CREDENTIAL_EXPIRATION", &end.to_string());
            }
            Self::Extra(name, value) => {
                setting("extra", json!({ name: serde_json::from_str::<Value>(value).unwrap() }));
            }
            Self::Taken(what) => what.plant(&aws).await,
            Self::Key(is) => return text.replace("KEY", &is.plant(&aws).await),
            Self::DiskKey(is) => setting("extra", json!({"disk_key": is.plant(&aws).await})),
            Self::Certificate(name, is_issued) => {
                let made = aws.acm.request_certificate().domain_name(name).validation_method("DNS".into());
                let arn = made.send().await.unwrap().certificate_arn.unwrap();
                if is_issued {
                    emulator.post("/strict/mutate", &json!({"kind": "certificate", "id": arn, "action": "issue"}));
                }
                return text.replace("CERTIFICATE", &arn);
            }
            Self::Network(is) => return is.plant(&aws, text).await,
            Self::Providers(count) => {
                for number in 0..count {
                    let call =
                        aws.iam.create_open_id_connect_provider().url(format!("https://login{number}.example.com"));
                    call.client_id_list("x").thumbprint_list("a".repeat(40)).send().await.unwrap();
                }
            }
            Self::Others => {
                NetworkIs::Good.plant(&aws, String::new()).await;
                aws.s3.create_bucket().bucket("of-others").send().await.unwrap();
                aws.iam.create_role().role_name("of-others").assume_role_policy_document(TRUST).send().await.unwrap();
            }
        }
        text
    }
}

impl Taken {
    async fn plant(self, aws: &Clients) {
        match self {
            Self::Role => {
                let call = aws.iam.create_role().role_name("ppm-prod-cluster").assume_role_policy_document(TRUST);
                call.send().await.unwrap();
            }
            Self::Policy => {
                let document =
                    r#"{"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": "*", "Resource": "*"}]}"#;
                let call = aws.iam.create_policy().policy_name("ppm-prod-package-manager").policy_document(document);
                call.send().await.unwrap();
            }
            Self::Secret | Self::SecretInRecovery => {
                let name = "ppm-prod-database";
                aws.secrets.create_secret().name(name).secret_string("theirs").send().await.unwrap();
                if self == Self::SecretInRecovery {
                    aws.secrets.delete_secret().secret_id(name).send().await.unwrap();
                }
            }
            Self::Alias => {
                let key = aws.kms.create_key().send().await.unwrap().key_metadata.unwrap().key_id;
                aws.kms.create_alias().alias_name("alias/ppm-prod").target_key_id(key).send().await.unwrap();
            }
            Self::SubnetGroup => {
                let (_, subnets, _) = network(aws, "10.7").await;
                let call = aws.rds.create_db_subnet_group().db_subnet_group_name("ppm-prod-database");
                let call = call.db_subnet_group_description("theirs").set_subnet_ids(Some(subnets));
                call.send().await.unwrap();
            }
            Self::ParameterGroup => {
                let call = aws.rds.create_db_parameter_group().db_parameter_group_name("ppm-prod-postgres17");
                call.db_parameter_group_family("postgres16").description("theirs").send().await.unwrap();
            }
            Self::LoadBalancer => {
                let (_, _, public) = network(aws, "10.7").await;
                let call = aws.elb.create_load_balancer().name("ppm-prod").set_subnets(Some(public));
                call.send().await.unwrap();
            }
            Self::Database => {
                let call = aws.rds.create_db_instance().db_instance_identifier("ppm-prod-database").engine("postgres");
                let call = call.db_instance_class("db.t3.micro").allocated_storage(20).master_username("theirs");
                call.master_user_password("correcthorse").send().await.unwrap();
            }
        }
    }
}

impl KeyIs {
    async fn plant(self, aws: &Clients) -> String {
        if self == Self::Absent {
            return "arn:aws:kms:us-east-1:123456789012:key/00000000-0000-4000-8000-000000000000".to_owned();
        }
        let (spec, usage) = match self {
            Self::Asymmetric => (KeySpec::Rsa2048, KeyUsageType::EncryptDecrypt),
            _ => (KeySpec::SymmetricDefault, KeyUsageType::EncryptDecrypt),
        };
        let made = aws.kms.create_key().key_spec(spec).key_usage(usage).send().await.unwrap().key_metadata.unwrap();
        match self {
            Self::Disabled => drop(aws.kms.disable_key().key_id(&made.key_id).send().await.unwrap()),
            Self::Leaving => {
                let call = aws.kms.schedule_key_deletion().key_id(&made.key_id).pending_window_in_days(7);
                call.send().await.unwrap();
            }
            Self::Good | Self::Asymmetric | Self::Absent => {}
        }
        made.arn.unwrap()
    }
}

impl NetworkIs {
    async fn plant(self, aws: &Clients, text: String) -> String {
        let (vpc, mut private, public) = network(aws, "10.9").await;
        if self != Self::WithoutNames {
            let on = AttributeBooleanValue::builder().value(true).build();
            aws.ec2.modify_vpc_attribute().vpc_id(&vpc).enable_dns_hostnames(on).send().await.unwrap();
        }
        if self != Self::WithoutWayOut {
            let address = aws.ec2.allocate_address().domain("vpc".into()).send().await.unwrap().allocation_id.unwrap();
            let nat = aws.ec2.create_nat_gateway().subnet_id(&public[0]).allocation_id(address).send().await.unwrap();
            let nat = nat.nat_gateway.unwrap().nat_gateway_id.unwrap();
            let here = Filter::builder().name("vpc-id").values(&vpc).build();
            let main = Filter::builder().name("association.main").values("true").build();
            let tables = aws.ec2.describe_route_tables().filters(here).filters(main).send().await.unwrap();
            let main = tables.route_tables()[0].route_table_id().unwrap();
            let route = aws.ec2.create_route().route_table_id(main).destination_cidr_block("0.0.0.0/0");
            route.nat_gateway_id(nat).send().await.unwrap();
        }
        match self {
            Self::InOneZone => private[1] = subnet(aws, &vpc, "10.9.64.0/20", "us-east-1a").await,
            Self::WithAnotherSubnet => {
                let (_, others, _) = network(aws, "10.8").await;
                private.push(others[0].clone());
            }
            _ => {}
        }
        let vpc = if self == Self::Absent { "vpc-00000000000000000".to_owned() } else { vpc };
        let list = |ids: &[String]| ids.iter().map(|id| format!("\n      - {id}")).collect::<Vec<_>>().concat();
        text.replace("VPC", &vpc).replace("PRIVATE", &list(&private)).replace("PUBLIC", &list(&public))
    }
}

/// A network with its private and public subnets; the public ones lead to the internet.
async fn network(aws: &Clients, begins: &str) -> (String, Vec<String>, Vec<String>) {
    let cidr = format!("{begins}.0.0/16");
    let vpc = aws.ec2.create_vpc().cidr_block(cidr).send().await.unwrap().vpc.unwrap().vpc_id.unwrap();
    let (mut private, mut public) = (Vec::new(), Vec::new());
    for (n, zone) in [(0, "us-east-1a"), (1, "us-east-1b")] {
        private.push(subnet(aws, &vpc, &format!("{begins}.{}.0/20", n * 16), zone).await);
        public.push(subnet(aws, &vpc, &format!("{begins}.{}.0/24", 128 + n), zone).await);
    }
    let gateway = aws.ec2.create_internet_gateway().send().await.unwrap();
    let gateway = gateway.internet_gateway.unwrap().internet_gateway_id.unwrap();
    aws.ec2.attach_internet_gateway().vpc_id(&vpc).internet_gateway_id(&gateway).send().await.unwrap();
    let table = aws.ec2.create_route_table().vpc_id(&vpc).send().await.unwrap();
    let table = table.route_table.unwrap().route_table_id.unwrap();
    let route = aws.ec2.create_route().route_table_id(&table).destination_cidr_block("0.0.0.0/0");
    route.gateway_id(&gateway).send().await.unwrap();
    for id in &public {
        aws.ec2.associate_route_table().route_table_id(&table).subnet_id(id).send().await.unwrap();
    }
    (vpc, private, public)
}

async fn subnet(aws: &Clients, vpc: &str, cidr: &str, zone: &str) -> String {
    let call = aws.ec2.create_subnet().vpc_id(vpc).cidr_block(cidr).availability_zone(zone);
    call.send().await.unwrap().subnet.unwrap().subnet_id.unwrap()
}
