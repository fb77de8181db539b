//! A rule of a firewall in Terraform: `aws_vpc_security_group_ingress_rule`.

use super::{RuleHome, SecurityGroupRule, SecurityGroupRuleComputed};
use crate::model::terraform::{Term, TerraformObject, TerraformResource};
use crate::resources::cluster::terraform::SECURITY_GROUP;
use crate::resources::security_group::Peer;

pub(super) fn object(rule: &SecurityGroupRule, known: &SecurityGroupRuleComputed) -> TerraformObject {
    let home = match &rule.group {
        RuleHome::Group(group) => Term::from(group),
        RuleHome::Cluster(cluster) => Term::attribute(cluster, SECURITY_GROUP),
    };
    let (argument, peer) = match &rule.peer {
        Peer::Cidr(cidr) if cidr.contains(':') => ("cidr_ipv6", Term::from(cidr)),
        Peer::Cidr(cidr) => ("cidr_ipv4", Term::from(cidr)),
        Peer::Group(group) => ("referenced_security_group_id", Term::from(group)),
        Peer::Cluster(cluster) => ("referenced_security_group_id", Term::attribute(cluster, SECURITY_GROUP)),
        Peer::PrefixList(id) => ("prefix_list_id", Term::from(id)),
    };
    // Where all protocols are meant, no port may be said.
    let port = |port: i32| (rule.protocol != "-1").then_some(port);
    TerraformResource::new("aws_vpc_security_group_ingress_rule", &known.id)
        .with("security_group_id", home)
        .with("description", &rule.description)
        .with("ip_protocol", &rule.protocol)
        .some("from_port", port(rule.from_port))
        .some("to_port", port(rule.to_port))
        .with(argument, peer)
        .tags(&rule.tags)
        .into()
}
