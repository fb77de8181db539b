//! Floor 3: one file per kind of resource: its facts, then its calls. This file is the only list of them.

pub mod access_entry;
pub mod addon;
pub mod bucket;
#[cfg(feature = "aws")]
mod by_id;
#[cfg(feature = "aws")]
mod census;
pub mod cluster;
#[cfg(feature = "aws")]
mod confirm;
pub mod database;
pub mod db_parameter_group;
pub mod db_subnet_group;
#[cfg(feature = "aws")]
mod dispatch;
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

use crate::model::resource::{Catalog, Facts, Resource};

/// Names every kind once; calls the macro it is given with all of them.
macro_rules! every_kind {
    ($with:ident) => {
        $with! {
            access_entry::AccessEntry,
            addon::Addon,
            bucket::Bucket,
            cluster::Cluster,
            database::Database,
            db_parameter_group::DbParameterGroup,
            db_subnet_group::DbSubnetGroup,
            elastic_ip::ElasticIp,
            iam_policy::IamPolicy,
            iam_role::IamRole,
            internet_gateway::InternetGateway,
            kms_key::KmsKey,
            listener::Listener,
            load_balancer::LoadBalancer,
            nat_gateway::NatGateway,
            node_group::NodeGroup,
            oidc_provider::OidcProvider,
            route_table::RouteTable,
            secret::Secret,
            security_group::SecurityGroup,
            security_group_rule::SecurityGroupRule,
            subnet::Subnet,
            target_attachment::TargetAttachment,
            target_group::TargetGroup,
            vpc::Vpc,
            vpc_endpoint::VpcEndpoint,
        }
    };
}
#[cfg(feature = "aws")]
use every_kind;

macro_rules! facts_of {
    ($($module:ident :: $kind:ident),* $(,)?) => {
        [$(($module::$kind::KIND, Facts::of::<$module::$kind>())),*]
    };
}

/// The facts of every kind.
pub fn catalog() -> Catalog {
    every_kind!(facts_of).into_iter().collect()
}
