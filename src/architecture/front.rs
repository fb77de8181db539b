//! What users connect to: load balancer, listeners, target group, and the nodes behind it.

use std::collections::BTreeSet;

use super::handles::{
    CLUSTER, HTTP, HTTPS, INTERNET_GATEWAY, LOAD_BALANCER, LOAD_BALANCER_FIREWALL, NODES, NODES_AS_TARGETS,
    NODES_FROM_LOAD_BALANCER, TARGET_GROUP,
};
use super::{Expansion, NetworkRefs, recorded};
use crate::engine::state::State;
use crate::helm::TLS_POLICY;
use crate::model::impact::{Affected, Impact, ImpactClass};
use crate::model::resource::Node;
use crate::model::values::DomainName;
use crate::product::{HTTP_PORT, PING_PATH};
use crate::resources::listener::{Listener, ListenerAction};
use crate::resources::load_balancer::LoadBalancer;
use crate::resources::security_group::{Peer, Rule, SecurityGroup};
use crate::resources::security_group_rule::{RuleHome, SecurityGroupRule};
use crate::resources::target_attachment::TargetAttachment;
use crate::resources::target_group::{HealthCheck, TargetGroup};
use crate::stack::{Scheme, Stack, Targets};

/// Kind of targets: instances.
const INSTANCE: &str = "instance";
/// Port of the nodes in a new stack. In the band of which Kubernetes gives no port away by itself: the first 86 of the
/// default range of node ports (`ServiceNodePortStaticSubrange`, on since 1.27).
const NEW_NODE_PORT: u16 = 30042;

/// Adds everything in front of the nodes.
pub(super) fn front(expansion: &mut Expansion<'_>, net: &NetworkRefs) {
    let (port, target_type) = match expansion.stack.load_balancer.targets {
        // The controller makes all of it, its security groups too.
        Targets::Ingress => return,
        Targets::NodePort => (node_port(expansion.stack, expansion.state), INSTANCE),
        Targets::TargetGroupBinding => (HTTP_PORT, "ip"),
    };
    firewall(expansion, net, port);
    load_balancer(expansion, net);
    target_group(expansion, net, port, target_type);
    if expansion.stack.load_balancer.targets == Targets::NodePort {
        let attachment = TargetAttachment { node_group: NODES.to_ref(), target_group: TARGET_GROUP.to_ref() };
        expansion.add(&NODES_AS_TARGETS, &attachment);
    }
    listeners(expansion);
}

/// The port of the nodes: the declared one, the one at which the stack answers now, or that of a new stack.
pub(super) fn node_port(stack: &Stack, state: &State) -> u16 {
    let group = || recorded(state, &TARGET_GROUP).filter(|group| group.target_type == INSTANCE);
    let rule = || recorded(state, &NODES_FROM_LOAD_BALANCER);
    let opened = || rule().and_then(|rule| u16::try_from(rule.from_port).ok()).filter(|port| *port != HTTP_PORT);
    let declared = stack.load_balancer.node_port;
    declared.or_else(|| group().map(|group| group.port)).or_else(opened).unwrap_or(NEW_NODE_PORT)
}

fn firewall(expansion: &mut Expansion<'_>, net: &NetworkRefs, port: u16) {
    let ports: &[u16] = if expansion.stack.load_balancer.certificate.is_some() { &[80, 443] } else { &[80] };
    let ingress = expansion
        .stack
        .load_balancer
        .allow_from
        .iter()
        .flat_map(|cidr| ports.iter().map(|port| Rule::tcp(*port, Peer::Cidr(cidr.to_string()), "Users")))
        .collect();
    let inside = net.cidr.clone().unwrap_or_else(|| "0.0.0.0/0".to_owned());
    let tags = expansion.tags(&LOAD_BALANCER_FIREWALL);
    let group = SecurityGroup {
        vpc: net.vpc.clone(),
        name: format!("{}-{}", expansion.stack.stack, LOAD_BALANCER_FIREWALL.name()),
        description: "The load balancer".to_owned(),
        ingress,
        egress: BTreeSet::from([Rule::tcp(port, Peer::Cidr(inside), "Package Manager")]),
        tags,
    };
    expansion.add(&LOAD_BALANCER_FIREWALL, &group);
    let tags = expansion.tags(&NODES_FROM_LOAD_BALANCER);
    let rule = SecurityGroupRule {
        group: RuleHome::Cluster(CLUSTER.to_ref()),
        protocol: "tcp".to_owned(),
        from_port: i32::from(port),
        to_port: i32::from(port),
        peer: Peer::Group(LOAD_BALANCER_FIREWALL.to_ref()),
        description: "Package Manager from the load balancer".to_owned(),
        tags,
    };
    expansion.add(&NODES_FROM_LOAD_BALANCER, &rule);
}

fn load_balancer(expansion: &mut Expansion<'_>, net: &NetworkRefs) {
    let declared = expansion.stack.load_balancer.clone();
    let (scheme, subnets) = match declared.scheme {
        Scheme::InternetFacing => ("internet-facing", &net.public),
        Scheme::Internal => ("internal", &net.private),
    };
    let tags = expansion.tags(&LOAD_BALANCER);
    let balancer = LoadBalancer {
        name: expansion.stack.stack.to_string(),
        scheme: scheme.to_owned(),
        ip_address_type: "ipv4".to_owned(),
        subnets: subnets.iter().cloned().collect(),
        security_groups: BTreeSet::from([LOAD_BALANCER_FIREWALL.to_ref()]),
        idle_timeout_seconds: u32::from(declared.idle_timeout_seconds),
        drop_invalid_headers: true,
        deletion_protection: true,
        tags,
    };
    let public = declared.scheme == Scheme::InternetFacing && expansion.owns_network();
    let renewal = renewal(declared.domain.as_ref());
    let node = expansion.add(&LOAD_BALANCER, &balancer);
    node.renewal.push(renewal);
    if public {
        let gateway = INTERNET_GATEWAY.address();
        node.after.insert(gateway, "a load balancer that faces the internet is refused without a way to it");
    }
    let group = TARGET_GROUP.address();
    node.after.insert(group, "a new load balancer needs a target group that no other one uses");
    let rule = NODES_FROM_LOAD_BALANCER.address();
    node.works_through.insert(rule, "traffic passes the firewall of the nodes");
}

/// What another load balancer means to users, beside its other name.
fn renewal(domain: Option<&DomainName>) -> Impact {
    let record = domain
        .map_or_else(|| "the DNS record that leads to it".to_owned(), |domain| format!("the DNS record of {domain}"));
    Impact::of(ImpactClass::Outage, Affected::Everybody, "").saying(format!(
        "requests fail from when the old one is gone until {record} leads to the new name (output load_balancer_dns_name)"
    ))
}

fn target_group(expansion: &mut Expansion<'_>, net: &NetworkRefs, port: u16, target_type: &str) {
    let tags = expansion.tags(&TARGET_GROUP);
    let group = TargetGroup {
        name: format!("{}-pm", expansion.stack.stack),
        vpc: net.vpc.clone(),
        protocol: "HTTP".to_owned(),
        port,
        target_type: target_type.to_owned(),
        health_check: HealthCheck {
            port: "traffic-port".to_owned(),
            protocol: "HTTP".to_owned(),
            path: PING_PATH.to_owned(),
            matcher: "200".to_owned(),
            interval_seconds: 15,
            timeout_seconds: 5,
            healthy_count: 2,
            unhealthy_count: 3,
        },
        // The default of 300 would slow every node that leaves; a download rarely takes longer than this.
        deregistration_delay_seconds: 60,
        tags,
    };
    let renewal = moved(expansion, &group);
    let node = expansion.add(&TARGET_GROUP, &group);
    let balancer = LOAD_BALANCER.address();
    node.replaced_with.insert(balancer, "a target group serves one load balancer and no other");
    node.renewal.extend(renewal);
}

/// What another target group means to users, where the pods have to follow it.
fn moved(expansion: &Expansion<'_>, group: &TargetGroup) -> Option<Impact> {
    let until = match expansion.stack.load_balancer.targets {
        // The nodes are attached to it, whatever its name.
        Targets::NodePort => {
            let before = expansion.recorded(&TARGET_GROUP)?;
            let same = (before.port, before.target_type.as_str()) == (group.port, group.target_type.as_str());
            (!same).then(|| format!("Helm, with the new values, opens port {} of the nodes", group.port))?
        }
        Targets::TargetGroupBinding => "Helm, with the new values, binds the pods to the new target group".to_owned(),
        Targets::Ingress => return None,
    };
    let what = format!("requests fail from the moment traffic moves to it until {until}");
    Some(Impact::of(ImpactClass::Outage, Affected::Everybody, "").saying(what))
}

fn listeners(expansion: &mut Expansion<'_>) {
    let certificate = expansion.stack.load_balancer.certificate.as_ref().map(ToString::to_string);
    let forward = ListenerAction::Forward(TARGET_GROUP.to_ref());
    let tags = expansion.tags(&HTTP);
    let plain = Listener {
        load_balancer: LOAD_BALANCER.to_ref(),
        port: 80,
        protocol: "HTTP".to_owned(),
        certificate: None,
        ssl_policy: None,
        action: if certificate.is_some() { ListenerAction::RedirectToHttps } else { forward.clone() },
        tags,
    };
    let node = expansion.add(&HTTP, &plain);
    opens_last(node);
    // Also where none is declared: one that stood there goes after this one has changed.
    node.after.insert(HTTPS.address(), "port 80 leads there, or takes over from it");
    if certificate.is_some() {
        let tags = expansion.tags(&HTTPS);
        let encrypted = Listener {
            load_balancer: LOAD_BALANCER.to_ref(),
            port: 443,
            protocol: "HTTPS".to_owned(),
            certificate,
            ssl_policy: Some(TLS_POLICY.to_owned()),
            action: forward,
            tags,
        };
        opens_last(expansion.add(&HTTPS, &encrypted));
    }
}

/// Everything behind a listener stands before it, and for as long as it leads there, whether declared or not.
fn opens_last(listener: &mut Node) {
    let behind = [
        (NODES_AS_TARGETS.address(), "traffic goes where there are targets"),
        (LOAD_BALANCER_FIREWALL.address(), "traffic passes the firewall of the load balancer"),
        (NODES_FROM_LOAD_BALANCER.address(), "traffic passes the firewall of the nodes"),
    ];
    listener.after.extend(behind);
}
