//! What users connect to: load balancer, listeners, target group, and the nodes behind it.

use std::collections::BTreeSet;

use super::{Net, Plot};
use crate::model::address::Address;
use crate::model::reference::Ref;
use crate::model::resource::Resource;
use crate::resources::cluster::Cluster;
use crate::resources::internet_gateway::InternetGateway;
use crate::resources::listener::{Listener, ListenerAction};
use crate::resources::load_balancer::LoadBalancer;
use crate::resources::node_group::NodeGroup;
use crate::resources::security_group::{Peer, Rule, SecurityGroup};
use crate::resources::security_group_rule::{RuleHome, SecurityGroupRule};
use crate::resources::target_attachment::TargetAttachment;
use crate::resources::target_group::{HealthCheck, TargetGroup};
use crate::stack::{Scheme, Targets};

/// Port of Package Manager in its pods.
const POD_PORT: u16 = 4242;
/// TLS 1.2 and 1.3 ("Security policies for your Application Load Balancer"); without one, the API takes a policy of 2016.
const SSL_POLICY: &str = "ELBSecurityPolicy-TLS13-1-2-2021-06";

/// Adds everything in front of the nodes.
pub(super) fn front(plot: &mut Plot<'_>, net: &Net) {
    let (port, target_type) = match plot.stack.load_balancer.targets {
        // The controller makes all of it, its security groups too.
        Targets::Ingress => return,
        Targets::NodePort => (plot.stack.load_balancer.node_port, "instance"),
        Targets::TargetGroupBinding => (POD_PORT, "ip"),
    };
    firewall(plot, net, port);
    load_balancer(plot, net);
    target_group(plot, net, port, target_type);
    if plot.stack.load_balancer.targets == Targets::NodePort {
        let attachment =
            TargetAttachment { node_group: Ref::<NodeGroup>::named("main"), target_group: Ref::named("main") };
        plot.add("nodes", &attachment);
    }
    listeners(plot);
}

fn firewall(plot: &mut Plot<'_>, net: &Net, port: u16) {
    let ports: &[u16] = if plot.stack.load_balancer.certificate.is_some() { &[80, 443] } else { &[80] };
    let ingress = plot
        .stack
        .load_balancer
        .allow_from
        .iter()
        .flat_map(|cidr| ports.iter().map(|port| Rule::tcp(*port, Peer::Cidr(cidr.to_string()), "Users")))
        .collect();
    let inside = net.cidr.clone().unwrap_or_else(|| "0.0.0.0/0".to_owned());
    let tags = plot.tags::<SecurityGroup>("load-balancer");
    let group = SecurityGroup {
        vpc: net.vpc.clone(),
        name: format!("{}-load-balancer", plot.stack.stack),
        description: "The load balancer".to_owned(),
        ingress,
        egress: BTreeSet::from([Rule::tcp(port, Peer::Cidr(inside), "Package Manager")]),
        tags,
    };
    plot.add("load-balancer", &group);
    let tags = plot.tags::<SecurityGroupRule>("nodes-from-load-balancer");
    let rule = SecurityGroupRule {
        group: RuleHome::Cluster(Ref::<Cluster>::named("main")),
        protocol: "tcp".to_owned(),
        from_port: i32::from(port),
        to_port: i32::from(port),
        peer: Peer::Group(Ref::named("load-balancer")),
        description: "Package Manager from the load balancer".to_owned(),
        tags,
    };
    plot.add("nodes-from-load-balancer", &rule);
}

fn load_balancer(plot: &mut Plot<'_>, net: &Net) {
    let declared = plot.stack.load_balancer.clone();
    let (scheme, subnets) = match declared.scheme {
        Scheme::InternetFacing => ("internet-facing", &net.public),
        Scheme::Internal => ("internal", &net.private),
    };
    let tags = plot.tags::<LoadBalancer>("main");
    let balancer = LoadBalancer {
        name: plot.stack.stack.to_string(),
        scheme: scheme.to_owned(),
        ip_address_type: "ipv4".to_owned(),
        subnets: subnets.iter().cloned().collect(),
        security_groups: BTreeSet::from([Ref::named("load-balancer")]),
        idle_timeout_seconds: u32::from(declared.idle_timeout_seconds),
        drop_invalid_headers: true,
        deletion_protection: true,
        tags,
    };
    let public = declared.scheme == Scheme::InternetFacing && plot.owns_network();
    let node = plot.add("main", &balancer);
    if public {
        let gateway = Address::of(InternetGateway::KIND, "main");
        node.after.insert(gateway, "a load balancer that faces the internet is refused without a way to it");
    }
}

fn target_group(plot: &mut Plot<'_>, net: &Net, port: u16, target_type: &str) {
    let tags = plot.tags::<TargetGroup>("main");
    let group = TargetGroup {
        name: format!("{}-pm", plot.stack.stack),
        vpc: net.vpc.clone(),
        protocol: "HTTP".to_owned(),
        port,
        target_type: target_type.to_owned(),
        health_check: HealthCheck {
            port: "traffic-port".to_owned(),
            protocol: "HTTP".to_owned(),
            path: "/__ping__".to_owned(),
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
    plot.add("main", &group);
}

fn listeners(plot: &mut Plot<'_>) {
    let certificate = plot.stack.load_balancer.certificate.as_ref().map(ToString::to_string);
    let forward = ListenerAction::Forward(Ref::named("main"));
    let tags = plot.tags::<Listener>("http");
    let plain = Listener {
        load_balancer: Ref::named("main"),
        port: 80,
        protocol: "HTTP".to_owned(),
        certificate: None,
        ssl_policy: None,
        action: if certificate.is_some() { ListenerAction::RedirectToHttps } else { forward.clone() },
        tags,
    };
    plot.add("http", &plain);
    let mut forwarding = "http";
    if certificate.is_some() {
        let tags = plot.tags::<Listener>("https");
        let encrypted = Listener {
            load_balancer: Ref::named("main"),
            port: 443,
            protocol: "HTTPS".to_owned(),
            certificate,
            ssl_policy: Some(SSL_POLICY.to_owned()),
            action: forward,
            tags,
        };
        plot.add("https", &encrypted);
        forwarding = "https";
    }
    let attachment = Address::of(TargetAttachment::KIND, "nodes");
    if plot.nodes.contains_key(&attachment) {
        let listener = plot.nodes.get_mut(&Address::of(Listener::KIND, forwarding)).expect("added above");
        listener.after.insert(attachment, "traffic goes where there are targets");
    }
}
