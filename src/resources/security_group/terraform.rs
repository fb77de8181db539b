//! A firewall in Terraform: `aws_security_group`.
//!
//! Its rules stand within it. What the provider reads of one is a block for all rules of the same protocol, ports and
//! description, so they are written like that: otherwise the first plan would change them. A direction without rules is not
//! written, as the provider then leaves it alone: a `security_group_rule` may stand there.

use std::collections::BTreeMap;

use super::{Peer, Rule, SecurityGroup, SecurityGroupComputed};
use crate::model::reference::Ref;
use crate::model::terraform::{Term, TerraformArguments, TerraformContext, TerraformObject, TerraformResource};
use crate::resources::cluster::terraform::SECURITY_GROUP;

pub(super) fn object(
    group: &SecurityGroup,
    known: &SecurityGroupComputed,
    cx: &TerraformContext<'_>,
) -> TerraformObject {
    let mut resource = TerraformResource::new("aws_security_group", &known.id)
        .with("name", &group.name)
        .with("description", &group.description)
        .with("vpc_id", &group.vpc)
        .tags(&group.tags)
        .ignoring(&["revoke_rules_on_delete"]);
    for (direction, rules) in [("ingress", &group.ingress), ("egress", &group.egress)] {
        let mut blocks: BTreeMap<_, Vec<&Peer>> = BTreeMap::new();
        for Rule { protocol, from_port, to_port, peer, description } in rules {
            blocks.entry((protocol, from_port, to_port, description)).or_default().push(peer);
        }
        for ((protocol, from_port, to_port, description), peers) in blocks {
            let mut block: TerraformArguments = vec![
                ("description", Term::from(description)),
                ("protocol", Term::from(protocol)),
                ("from_port", port(protocol, *from_port)),
                ("to_port", port(protocol, *to_port)),
            ];
            block.extend(of_peers(&peers, cx));
            resource = resource.block(direction, block);
        }
    }
    resource.into()
}

/// A port within a block: where all protocols are meant the provider says 0.
fn port(protocol: &str, port: i32) -> Term {
    Term::from(if protocol == "-1" { 0 } else { port })
}

/// The arguments of a block that tell the other sides.
fn of_peers(peers: &[&Peer], cx: &TerraformContext<'_>) -> TerraformArguments {
    let mut lists: BTreeMap<&'static str, Vec<Term>> = BTreeMap::new();
    let mut arguments = TerraformArguments::new();
    for peer in peers {
        let (argument, term) = match peer {
            Peer::Cidr(cidr) if cidr.contains(':') => ("ipv6_cidr_blocks", Term::from(cidr)),
            Peer::Cidr(cidr) => ("cidr_blocks", Term::from(cidr)),
            Peer::Group(group) if Ref::address(group).as_ref() == Some(cx.at) => {
                arguments.push(("self", Term::Flag(true)));
                continue;
            }
            Peer::Group(group) => ("security_groups", Term::from(group)),
            Peer::Cluster(cluster) => ("security_groups", Term::attribute(cluster, SECURITY_GROUP)),
            Peer::PrefixList(id) => ("prefix_list_ids", Term::from(id)),
        };
        lists.entry(argument).or_default().push(term);
    }
    arguments.extend(lists.into_iter().map(|(argument, terms)| (argument, Term::List(terms))));
    arguments
}
