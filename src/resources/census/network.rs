//! What carries the marks of a stack in EC2, kind by kind.
//!
//! EC2 has a list of all tags as well; it keeps those of objects that are gone ("Eventual consistency", EC2 developer
//! guide). So each kind is asked for what is there, and tells its tags itself. NAT gateways and endpoints stay in their
//! own lists for about an hour after they are gone (EC2 user guide, "NAT gateways"): their state tells.

use aws_sdk_ec2::types::{self, Filter, NatGatewayState};
use futures_util::future::{try_join3, try_join5};

use super::{Found, Here};
use crate::cloud::CloudError;
use crate::cloud::aws::{During, ec2};
use crate::model::mark::STACK_TAG;
use crate::model::resource::Resource as _;
use crate::resources::elastic_ip::ElasticIp;
use crate::resources::internet_gateway::InternetGateway;
use crate::resources::nat_gateway::NatGateway;
use crate::resources::route_table::RouteTable;
use crate::resources::security_group::SecurityGroup;
use crate::resources::security_group_rule::SecurityGroupRule;
use crate::resources::subnet::Subnet;
use crate::resources::vpc::Vpc;
use crate::resources::vpc_endpoint::VpcEndpoint;

/// Lists all objects of a kind that carry the tag of the stack: `$call` page by page, `$items` of each page that are
/// `$there`, by their `$id`.
macro_rules! list {
    ($here:expr, $call:expr, $doing:literal, $kind:ty, $items:ident, $id:ident, $there:expr) => {
        async {
            let mut found = Found::new();
            let mut pages = $call.into_paginator().send();
            while let Some(page) = pages.next().await {
                for one in page.during($doing)?.$items().iter().filter($there) {
                    let tags = ec2::tags_of(one.tags());
                    found.extend($here.ours(&<$kind>::KIND, one.$id().unwrap_or_default(), &tags));
                }
            }
            Ok::<_, CloudError>(found)
        }
    };
}

impl Here<'_> {
    /// Everything of EC2, one list for each kind.
    pub(super) async fn network(&self) -> Result<Found, CloudError> {
        let aws = &self.aws.ec2;
        let ground = try_join5(
            list!(self, aws.describe_vpcs().filters(self.marked()), "list the networks", Vpc, vpcs, vpc_id, |_| true),
            list!(
                self,
                aws.describe_subnets().filters(self.marked()),
                "list the subnets",
                Subnet,
                subnets,
                subnet_id,
                |_| true
            ),
            list!(
                self,
                aws.describe_internet_gateways().filters(self.marked()),
                "list the internet gateways",
                InternetGateway,
                internet_gateways,
                internet_gateway_id,
                |_| true
            ),
            list!(
                self,
                aws.describe_route_tables().filters(self.marked()),
                "list the route tables",
                RouteTable,
                route_tables,
                route_table_id,
                |_| true
            ),
            self.addresses(),
        );
        let firewalls = try_join3(
            list!(
                self,
                aws.describe_security_groups().filters(self.marked()),
                "list the security groups",
                SecurityGroup,
                security_groups,
                group_id,
                |_| true
            ),
            list!(
                self,
                aws.describe_security_group_rules().filters(self.marked()),
                "list the rules of security groups",
                SecurityGroupRule,
                security_group_rules,
                security_group_rule_id,
                |_| true
            ),
            self.ways_out(),
        );
        let (ground, firewalls) = futures_util::future::try_join(ground, firewalls).await?;
        let (vpcs, subnets, gateways, tables, addresses) = ground;
        let (groups, rules, ways_out) = firewalls;
        let all = [vpcs, subnets, gateways, tables, addresses, groups, rules, ways_out];
        Ok(all.into_iter().flatten().collect())
    }

    /// What carries the tag of the stack.
    fn marked(&self) -> Filter {
        ec2::filter(&format!("tag:{STACK_TAG}"), [self.stack])
    }

    async fn addresses(&self) -> Result<Found, CloudError> {
        let call = self.aws.ec2.describe_addresses().filters(self.marked()).send().await;
        let answer = call.during("list the public addresses")?;
        let ours = answer.addresses().iter().filter_map(|one| {
            self.ours(&ElasticIp::KIND, one.allocation_id().unwrap_or_default(), &ec2::tags_of(one.tags()))
        });
        Ok(ours.collect())
    }

    /// NAT gateways and endpoints that are neither gone nor going.
    async fn ways_out(&self) -> Result<Found, CloudError> {
        let aws = &self.aws.ec2;
        let mut found = list!(
            self,
            aws.describe_nat_gateways().filter(self.marked()),
            "list the NAT gateways",
            NatGateway,
            nat_gateways,
            nat_gateway_id,
            |one| !matches!(
                one.state(),
                Some(NatGatewayState::Deleted | NatGatewayState::Deleting | NatGatewayState::Failed)
            )
        )
        .await?;
        let stands = |one: &&types::VpcEndpoint| {
            // Spelled with and without capitals in the answers.
            let state = one.state().map(|state| state.as_str().to_ascii_lowercase());
            !matches!(state.as_deref(), Some("deleted" | "deleting" | "failed" | "expired"))
        };
        let endpoints = list!(
            self,
            aws.describe_vpc_endpoints().filters(self.marked()),
            "list the endpoints",
            VpcEndpoint,
            vpc_endpoints,
            vpc_endpoint_id,
            stands
        );
        found.extend(endpoints.await?);
        Ok(found)
    }
}
