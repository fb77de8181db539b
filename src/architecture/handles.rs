//! Where each resource of the architecture stands, named once.
//!
//! Promises: nobody else spells the name of a resource. What has a place here may not be declared: a handle says where
//! something would stand, the record whether it does.

use crate::model::handle::At;
use crate::resources::access_entry::AccessEntry;
use crate::resources::bucket::Bucket;
use crate::resources::cluster::Cluster;
use crate::resources::database::Database;
use crate::resources::db_parameter_group::DbParameterGroup;
use crate::resources::db_subnet_group::DbSubnetGroup;
use crate::resources::iam_policy::IamPolicy;
use crate::resources::iam_role::IamRole;
use crate::resources::internet_gateway::InternetGateway;
use crate::resources::kms_key::KmsKey;
use crate::resources::listener::Listener;
use crate::resources::load_balancer::LoadBalancer;
use crate::resources::node_group::NodeGroup;
use crate::resources::oidc_provider::OidcProvider;
use crate::resources::route_table::RouteTable;
use crate::resources::secret::Secret;
use crate::resources::security_group::SecurityGroup;
use crate::resources::security_group_rule::SecurityGroupRule;
use crate::resources::target_attachment::TargetAttachment;
use crate::resources::target_group::TargetGroup;
use crate::resources::vpc::Vpc;
use crate::resources::vpc_endpoint::VpcEndpoint;
use crate::stack::{Platform, Stack};

pub(super) static VPC: At<Vpc> = At::named("main");
pub(super) static INTERNET_GATEWAY: At<InternetGateway> = At::named("main");
pub(super) static PUBLIC_ROUTES: At<RouteTable> = At::named("public");
pub(super) static S3_ENDPOINT: At<VpcEndpoint> = At::named("s3");
pub(super) static ENDPOINTS_FIREWALL: At<SecurityGroup> = At::named("endpoints");

pub(super) static KEY: At<KmsKey> = At::named("main");
pub(super) static OIDC_PROVIDER: At<OidcProvider> = At::named("main");
pub(super) static CLUSTER_ROLE: At<IamRole> = At::named("cluster");
pub(super) static NODE_ROLE: At<IamRole> = At::named("nodes");
pub(super) static SERVER_ROLE: At<IamRole> = At::named("package-manager");
pub(super) static SERVER_POLICY: At<IamPolicy> = At::named("package-manager");
pub(super) static READER_ROLE: At<IamRole> = At::named("secrets-reader");
pub(super) static READER_POLICY: At<IamPolicy> = At::named("secrets-reader");
pub(super) static DRIFT_ROLE: At<IamRole> = At::named("drift");
pub(super) static DRIFT_POLICY: At<IamPolicy> = At::named("drift");

pub(super) static BUCKET: At<Bucket> = At::named("packages");
pub(super) static DATABASE: At<Database> = At::named("main");
pub(super) static DATABASE_SUBNETS: At<DbSubnetGroup> = At::named("database");
pub(super) static DATABASE_PARAMETERS: At<DbParameterGroup> = At::named("database");
pub(super) static DATABASE_FIREWALL: At<SecurityGroup> = At::named("database");
pub(super) static DATABASE_FROM_NODES: At<SecurityGroupRule> = At::named("database-from-nodes");
pub(super) static DATABASE_LOGIN: At<Secret> = At::named("database");
pub(super) static ENCRYPTION_KEY: At<Secret> = At::named("encryption-key");

pub(super) static CLUSTER: At<Cluster> = At::named("main");
pub(super) static NODES: At<NodeGroup> = At::named("main");
pub(super) static CREATOR: At<AccessEntry> = At::named("creator");

pub(super) static LOAD_BALANCER: At<LoadBalancer> = At::named("main");
pub(super) static LOAD_BALANCER_FIREWALL: At<SecurityGroup> = At::named("load-balancer");
pub(super) static NODES_FROM_LOAD_BALANCER: At<SecurityGroupRule> = At::named("nodes-from-load-balancer");
pub(super) static TARGET_GROUP: At<TargetGroup> = At::named("main");
pub(super) static NODES_AS_TARGETS: At<TargetAttachment> = At::named("nodes");
pub(super) static HTTP: At<Listener> = At::named("http");
pub(super) static HTTPS: At<Listener> = At::named("https");

/// Where commands find what they need. What a stack has not is nowhere.
#[derive(Clone, Debug)]
pub struct Handles {
    /// The database.
    pub database: At<Database>,
    /// User and password of the database.
    pub database_login: At<Secret>,
    /// What Package Manager encrypts with.
    pub encryption_key: At<Secret>,
    /// The role by which the External Secrets Operator reads the secrets, where it is declared.
    pub secrets_reader: At<IamRole>,
    /// What Package Manager runs on.
    pub runtime: Runtime,
    /// The key that encrypts everything, where the stack has one of its own.
    pub key: At<KmsKey>,
    /// What makes service accounts of the cluster known to IAM.
    pub oidc_provider: At<OidcProvider>,
    /// The load balancer, where the stack has one of its own.
    pub load_balancer: At<LoadBalancer>,
    /// Its targets.
    pub target_group: At<TargetGroup>,
}

/// Where what Package Manager runs on is found.
#[derive(Clone, Debug)]
pub enum Runtime {
    /// A cluster.
    Cluster {
        /// The cluster.
        cluster: At<Cluster>,
        /// Its nodes.
        nodes: At<NodeGroup>,
    },
}

/// The handles of a stack.
pub fn handles(stack: &Stack) -> Handles {
    Handles {
        database: DATABASE.clone(),
        database_login: DATABASE_LOGIN.clone(),
        encryption_key: ENCRYPTION_KEY.clone(),
        secrets_reader: READER_ROLE.clone(),
        runtime: match &stack.platform {
            Platform::Kubernetes(_) => Runtime::Cluster { cluster: CLUSTER.clone(), nodes: NODES.clone() },
        },
        key: KEY.clone(),
        oidc_provider: OIDC_PROVIDER.clone(),
        load_balancer: LOAD_BALANCER.clone(),
        target_group: TARGET_GROUP.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::reference::Ref;

    #[test]
    fn a_handle_prints_and_points_as_its_address() {
        assert_eq!(PUBLIC_ROUTES.to_string(), "route_table.public");
        assert_eq!(PUBLIC_ROUTES.address(), At::<RouteTable>::of("public").address());
        assert_eq!(PUBLIC_ROUTES.to_ref(), Ref::named("public"));
    }
}
