//! What stands under a cluster, made through the SDK: a network with a way out, roles and a key.

use aws_sdk_ec2::types::AttributeBooleanValue;
use ppm_infra::cloud::aws::Clients;
use serde_json::json;

use super::emulator::Emulator;

const ZONES: [&str; 3] = ["us-east-1a", "us-east-1b", "us-east-1c"];

/// A network, roles and a key.
pub(crate) struct Platform {
    /// One private subnet in each of three zones.
    pub(crate) private: Vec<String>,
    /// One public subnet in each of the same zones.
    pub(crate) public: Vec<String>,
    /// The route table of the private subnets.
    pub(crate) private_table: String,
    /// The network.
    pub(crate) vpc: String,
    /// The NAT gateway.
    pub(crate) nat: String,
    /// ARN of the role of the control plane.
    pub(crate) cluster_role: String,
    /// ARN of the role of the nodes.
    pub(crate) node_role: String,
    /// ARN of the key.
    pub(crate) key: String,
}

impl Platform {
    /// Makes all of it; nothing of that takes time. Afterwards the clock runs `scale` times as fast as ours.
    pub(crate) async fn new(emulator: &Emulator, aws: &Clients, scale: u32) -> Self {
        emulator.post("/strict/settings", &json!({"scale": 0}));
        let ec2 = &aws.ec2;
        let vpc = ec2.create_vpc().cidr_block("10.0.0.0/16").send().await.unwrap();
        let vpc = vpc.vpc().unwrap().vpc_id().unwrap().to_owned();
        let on = || AttributeBooleanValue::builder().value(true).build();
        ec2.modify_vpc_attribute().vpc_id(&vpc).enable_dns_support(on()).send().await.unwrap();
        ec2.modify_vpc_attribute().vpc_id(&vpc).enable_dns_hostnames(on()).send().await.unwrap();
        let gateway = ec2.create_internet_gateway().send().await.unwrap();
        let gateway = gateway.internet_gateway().unwrap().internet_gateway_id().unwrap().to_owned();
        ec2.attach_internet_gateway().internet_gateway_id(&gateway).vpc_id(&vpc).send().await.unwrap();
        let (mut public, mut private) = (Vec::new(), Vec::new());
        for (index, zone) in ZONES.into_iter().enumerate() {
            public.push(subnet(aws, &vpc, &format!("10.0.{index}.0/24"), zone).await);
            private.push(subnet(aws, &vpc, &format!("10.0.{}.0/22", 16 + 4 * index), zone).await);
        }
        let public_table = table(aws, &vpc, &public).await;
        let route = ec2.create_route().route_table_id(&public_table).destination_cidr_block("0.0.0.0/0");
        route.gateway_id(&gateway).send().await.unwrap();
        let address = ec2.allocate_address().send().await.unwrap().allocation_id().unwrap().to_owned();
        let nat = ec2.create_nat_gateway().subnet_id(&public[0]).allocation_id(address).send().await.unwrap();
        let nat = nat.nat_gateway().unwrap().nat_gateway_id().unwrap().to_owned();
        let private_table = table(aws, &vpc, &private).await;
        let key = aws.kms.create_key().send().await.unwrap().key_metadata().unwrap().arn().unwrap().to_owned();
        let cluster_role = role(aws, "control-plane", "eks.amazonaws.com", &["AmazonEKSClusterPolicy"]).await;
        let worker = ["AmazonEKSWorkerNodePolicy", "AmazonEC2ContainerRegistryPullOnly", "AmazonEKS_CNI_Policy"];
        let node_role = role(aws, "nodes", "ec2.amazonaws.com", &worker).await;
        let platform = Self { private, public, private_table, vpc, nat, cluster_role, node_role, key };
        platform.open(aws).await;
        emulator.post("/strict/settings", &json!({"scale": scale}));
        // Roles are minutes old by the time a cluster needs them.
        emulator.post("/strict/settings", &json!({"advance": 600}));
        platform
    }

    /// Gives the private subnets their way out.
    pub(crate) async fn open(&self, aws: &Clients) {
        let route = aws.ec2.create_route().route_table_id(&self.private_table).destination_cidr_block("0.0.0.0/0");
        route.nat_gateway_id(&self.nat).send().await.unwrap();
    }

    /// Takes the way out from the private subnets: nodes there cannot join any more.
    pub(crate) async fn close(&self, aws: &Clients) {
        let route = aws.ec2.delete_route().route_table_id(&self.private_table).destination_cidr_block("0.0.0.0/0");
        route.send().await.unwrap();
    }
}

async fn subnet(aws: &Clients, vpc: &str, cidr: &str, zone: &str) -> String {
    let made = aws.ec2.create_subnet().vpc_id(vpc).cidr_block(cidr).availability_zone(zone).send().await.unwrap();
    made.subnet().unwrap().subnet_id().unwrap().to_owned()
}

async fn table(aws: &Clients, vpc: &str, subnets: &[String]) -> String {
    let made = aws.ec2.create_route_table().vpc_id(vpc).send().await.unwrap();
    let id = made.route_table().unwrap().route_table_id().unwrap().to_owned();
    for subnet in subnets {
        aws.ec2.associate_route_table().route_table_id(&id).subnet_id(subnet).send().await.unwrap();
    }
    id
}

/// Makes a role that `service` may take on, with these policies of AWS.
pub(crate) async fn role(aws: &Clients, name: &str, service: &str, policies: &[&str]) -> String {
    let trust = json!({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}]});
    let call = aws.iam.create_role().role_name(name).assume_role_policy_document(trust.to_string());
    let arn = call.send().await.unwrap().role().unwrap().arn().to_owned();
    for policy in policies {
        let policy = format!("arn:aws:iam::aws:policy/{policy}");
        aws.iam.attach_role_policy().role_name(name).policy_arn(policy).send().await.unwrap();
    }
    arn
}

/// The fields in which two documents of one kind differ.
pub(crate) fn differing<R: serde::Serialize>(one: &R, other: &R) -> Vec<String> {
    let fields = |value: &R| serde_json::to_value(value).unwrap().as_object().unwrap().clone();
    let (one, other) = (fields(one), fields(other));
    let mut names: Vec<String> =
        one.keys().chain(other.keys()).filter(|name| one.get(*name) != other.get(*name)).cloned().collect();
    names.sort();
    names.dedup();
    names
}
