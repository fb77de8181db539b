//! A network that somebody else made, on the emulator.

use aws_sdk_ec2::types::{AttributeBooleanValue, Filter};
use ppm_infra::cloud::aws::Clients;
use serde_json::json;

use super::refused;
use crate::support::binary::Desk;
use crate::support::emulator::Emulator;

/// A network with two zones of each tier.
struct Site {
    vpc: String,
    private: Vec<String>,
    public: Vec<String>,
    /// The route table of the public ones.
    to_internet: String,
}

impl Site {
    /// One whose private subnets have no way out yet: they go by the main route table.
    async fn made(aws: &Clients) -> Self {
        let vpc = aws.ec2.create_vpc().cidr_block("10.9.0.0/16").send().await.unwrap().vpc.unwrap().vpc_id.unwrap();
        let (mut private, mut public) = (Vec::new(), Vec::new());
        for (n, zone) in [(0, "us-east-1a"), (1, "us-east-1b")] {
            private.push(subnet(aws, &vpc, &format!("10.9.{}.0/20", n * 16), zone).await);
            public.push(subnet(aws, &vpc, &format!("10.9.{}.0/24", 128 + n), zone).await);
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
        Self { vpc, private, public, to_internet: table }
    }

    /// Lets the private subnets out by a NAT gateway.
    async fn let_out(&self, aws: &Clients) {
        let address = aws.ec2.allocate_address().domain("vpc".into()).send().await.unwrap().allocation_id.unwrap();
        let nat = aws.ec2.create_nat_gateway().subnet_id(&self.public[0]).allocation_id(address).send().await.unwrap();
        let nat = nat.nat_gateway.unwrap().nat_gateway_id.unwrap();
        let here = Filter::builder().name("vpc-id").values(&self.vpc).build();
        let main = Filter::builder().name("association.main").values("true").build();
        let tables = aws.ec2.describe_route_tables().filters(here).filters(main).send().await.unwrap();
        let main = tables.route_tables()[0].route_table_id().unwrap();
        let route = aws.ec2.create_route().route_table_id(main).destination_cidr_block("0.0.0.0/0");
        route.nat_gateway_id(nat).send().await.unwrap();
    }

    async fn resolves_names(&self, aws: &Clients) {
        let on = AttributeBooleanValue::builder().value(true).build();
        aws.ec2.modify_vpc_attribute().vpc_id(&self.vpc).enable_dns_hostnames(on).send().await.unwrap();
    }

    fn declare(&self, desk: &Desk, private: &[String], public: &[String]) {
        let list = |ids: &[String]| ids.iter().map(|id| format!("      - {id}\n")).collect::<Vec<_>>().concat();
        let (vpc, private, public) = (&self.vpc, list(private), list(public));
        desk.declare_with(&format!(
            "network:\n  existing:\n    vpc: {vpc}\n    private_subnets:\n{private}    public_subnets:\n{public}"
        ));
    }
}

async fn subnet(aws: &Clients, vpc: &str, cidr: &str, zone: &str) -> String {
    let call = aws.ec2.create_subnet().vpc_id(vpc).cidr_block(cidr).availability_zone(zone);
    call.send().await.unwrap().subnet.unwrap().subnet_id.unwrap()
}

/// Demands that plan refuses at the line of `at`, saying this.
fn refuses(emulator: &Emulator, desk: &Desk, id: &str, at: &str, says: &str) {
    let text = desk.read("plans/reference.yaml");
    let line = text.lines().position(|line| line.contains(at)).unwrap() + 1;
    let finding = refused(emulator, desk);
    assert_eq!((&finding["id"], &finding["line"]), (&json!(id), &json!(line)), "{finding}");
    assert!(finding["what"].as_str().unwrap().contains(says), "{finding}");
}

#[tokio::test]
async fn a_network_is_refused_until_what_is_put_into_it_can_work() {
    let emulator = Emulator::start(0);
    let aws = emulator.clients().await;
    let desk = Desk::at(&emulator.endpoint(), 0);
    let site = Site::made(&aws).await;
    let (private, public) = (&site.private, &site.public);
    site.declare(&desk, private, public);

    let plan = desk.run(&["plan", "--json"]).exit(1).json().remove(0);
    assert_eq!(plan["summary"]["checks"]["fail"], 2, "names are not resolved, and there is no way out: {plan}");
    site.resolves_names(&aws).await;
    refuses(&emulator, &desk, "network.routes", private.iter().min().unwrap(), "has no way out");
    site.let_out(&aws).await;
    desk.run(&["plan"]).exit(0).says(&["checks passed"]);

    // What is declared in the wrong tier, is in another network, or is not there.
    let stands_out = subnet(&aws, &site.vpc, "10.9.192.0/20", "us-east-1b").await;
    let call = aws.ec2.associate_route_table().route_table_id(&site.to_internet);
    call.subnet_id(&stands_out).send().await.unwrap();
    site.declare(&desk, &[private[0].clone(), stands_out.clone()], public);
    refuses(&emulator, &desk, "network.routes", &stands_out, "is a public subnet");
    let other = aws.ec2.create_vpc().cidr_block("10.8.0.0/16").send().await.unwrap().vpc.unwrap().vpc_id.unwrap();
    let stray = subnet(&aws, &other, "10.8.0.0/20", "us-east-1c").await;
    site.declare(&desk, &[private.as_slice(), std::slice::from_ref(&stray)].concat(), public);
    refuses(&emulator, &desk, "network.subnets", &stray, &format!("is in {other}, not in {}", site.vpc));
    let absent = "subnet-00000000000000000".to_owned();
    site.declare(&desk, &[private.as_slice(), std::slice::from_ref(&absent)].concat(), public);
    refuses(&emulator, &desk, "network.subnets", &absent, "there is no subnet");
    let twin = subnet(&aws, &site.vpc, "10.9.64.0/20", "us-east-1a").await;
    site.declare(&desk, &[private[0].clone(), twin], public);
    refuses(&emulator, &desk, "network.zones", "private_subnets", "all private subnets are in us-east-1a");
    let tiny = subnet(&aws, &site.vpc, "10.9.96.0/28", "us-east-1c").await;
    site.declare(&desk, &[private.as_slice(), std::slice::from_ref(&tiny)].concat(), public);
    desk.run(&["plan"]).exit(0).says(&[&format!("warning: network.existing.private_subnets: {tiny} has")]);

    // What may not be read holds nothing up.
    site.declare(&desk, private, public);
    for operation in ["DescribeVpcAttribute", "DescribeRouteTables", "DescribeSubnets"] {
        emulator.post("/strict/faults", &json!({"service": "ec2", "operation": operation, "kind": "denied"}));
        desk.run(&["plan"]).exit(0).says(&["unknown: network.existing", &format!("ec2:{operation}")]);
        emulator.post("/strict/faults/clear", &json!({}));
    }
    desk.run(&["apply", "--auto-approve"]).exit(0);
    desk.run(&["plan", "--detailed-exitcode"]).exit(0);
}
