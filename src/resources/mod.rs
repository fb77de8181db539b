//! Floor 3: one file per kind of resource: its facts, then its calls. This file is the only list of them.

pub mod access_entry;
pub mod addon;
pub mod bucket;
pub mod cluster;
#[cfg(feature = "aws")]
mod confirm;
pub mod database;
pub mod db_parameter_group;
pub mod db_subnet_group;
#[cfg(feature = "aws")]
mod dispatch;
mod durations;
pub mod elastic_ip;
#[cfg(feature = "aws")]
mod facts;
#[cfg(feature = "aws")]
mod health;
pub mod iam_policy;
pub mod iam_role;
pub mod internet_gateway;
pub mod kms_key;
pub mod listener;
pub mod load_balancer;
pub mod nat_gateway;
pub mod node_group;
pub mod oidc_provider;
pub mod route_table;
pub mod secret;
pub mod security_group;
pub mod security_group_rule;
pub mod subnet;
#[cfg(feature = "aws")]
mod survey;
pub mod target_attachment;
pub mod target_group;
#[cfg(feature = "aws")]
mod vault;
pub mod vpc;
pub mod vpc_endpoint;

#[cfg(feature = "aws")]
pub use dispatch::Aws;

use crate::model::resource::{Catalog, KindFacts, Resource};

/// Names every kind once, in the order in which kinds are shown; calls the macro it is given with all of them.
macro_rules! every_kind {
    ($with:ident) => {
        $with! {
            vpc::Vpc,
            internet_gateway::InternetGateway,
            subnet::Subnet,
            elastic_ip::ElasticIp,
            nat_gateway::NatGateway,
            route_table::RouteTable,
            vpc_endpoint::VpcEndpoint,
            security_group::SecurityGroup,
            security_group_rule::SecurityGroupRule,
            iam_role::IamRole,
            iam_policy::IamPolicy,
            oidc_provider::OidcProvider,
            kms_key::KmsKey,
            secret::Secret,
            bucket::Bucket,
            db_subnet_group::DbSubnetGroup,
            db_parameter_group::DbParameterGroup,
            database::Database,
            cluster::Cluster,
            access_entry::AccessEntry,
            addon::Addon,
            node_group::NodeGroup,
            load_balancer::LoadBalancer,
            target_group::TargetGroup,
            listener::Listener,
            target_attachment::TargetAttachment,
        }
    };
}
#[cfg(feature = "aws")]
use every_kind;

macro_rules! facts_of {
    ($($module:ident :: $kind:ident),* $(,)?) => {
        [$((
            $module::$kind::KIND,
            KindFacts {
                described: include_str!(concat!(stringify!($module), "/described.tsv")),
                ..KindFacts::of::<$module::$kind>()
            },
        )),*]
    };
}

/// The facts of every kind.
pub fn catalog() -> Catalog {
    let all = every_kind!(facts_of).into_iter().enumerate();
    all.map(|(place, (kind, facts))| {
        let typical = durations::typical(kind.as_str());
        (kind, KindFacts { place, typical, ..facts })
    })
    .collect()
}
