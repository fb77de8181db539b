//! What is known of an object of which only the id is known: enough to look at it.
//!
//! The look tells the rest. What stays empty here is empty in no record.

use super::access_entry::{AccessEntry, AccessEntryComputed, Principal};
use super::addon::{Addon, AddonComputed};
use super::bucket::{Bucket, BucketComputed};
use super::cluster::{Cluster, ClusterComputed};
use super::database::{Database, DatabaseComputed};
use super::db_parameter_group::{DbParameterGroup, DbParameterGroupComputed};
use super::db_subnet_group::{DbSubnetGroup, DbSubnetGroupComputed};
use super::elastic_ip::{ElasticIp, ElasticIpComputed};
use super::iam_policy::{IamPolicy, IamPolicyComputed};
use super::iam_role::{IamRole, IamRoleComputed};
use super::internet_gateway::{InternetGateway, InternetGatewayComputed};
use super::kms_key::{KmsKey, KmsKeyComputed};
use super::listener::{Listener, ListenerComputed};
use super::load_balancer::{LoadBalancer, LoadBalancerComputed};
use super::nat_gateway::{NatGateway, NatGatewayComputed};
use super::node_group::{NodeGroup, NodeGroupComputed};
use super::oidc_provider::{OidcProvider, OidcProviderComputed};
use super::route_table::{RouteTable, RouteTableComputed};
use super::secret::{Secret, SecretComputed};
use super::security_group::{SecurityGroup, SecurityGroupComputed};
use super::security_group_rule::{SecurityGroupRule, SecurityGroupRuleComputed};
use super::subnet::{Subnet, SubnetComputed};
use super::target_attachment::{TargetAttachment, TargetAttachmentComputed};
use super::target_group::{TargetGroup, TargetGroupComputed};
use super::vpc::{Vpc, VpcComputed};
use super::vpc_endpoint::{VpcEndpoint, VpcEndpointComputed};
use crate::model::resource::Resource;

/// A kind whose objects can be looked at by their id.
pub(super) trait ById: Resource {
    /// What is known of the object `id`, in the shape of `like`; nothing where the id has not the form it needs.
    fn by_id(like: Self, id: &str) -> Option<(Self, Self::Computed)>;
}

/// Kinds of which the id is all it takes.
macro_rules! by_id_alone {
    ($($kind:ident => $computed:ident { $($empty:ident),* }),* $(,)?) => {$(
        impl ById for $kind {
            fn by_id(like: Self, id: &str) -> Option<(Self, $computed)> {
                Some((like, $computed { id: id.to_owned(), $($empty: Default::default()),* }))
            }
        }
    )*};
}

by_id_alone! {
    Bucket => BucketComputed { arn },
    Cluster => ClusterComputed { arn, endpoint, certificate_authority, issuer, security_group_id },
    Database => DatabaseComputed { arn, resource_id, address, port },
    DbParameterGroup => DbParameterGroupComputed { arn },
    DbSubnetGroup => DbSubnetGroupComputed { arn },
    ElasticIp => ElasticIpComputed { public_ip },
    IamPolicy => IamPolicyComputed {},
    IamRole => IamRoleComputed { arn, unique_id },
    InternetGateway => InternetGatewayComputed {},
    Listener => ListenerComputed {},
    LoadBalancer => LoadBalancerComputed { dns_name, zone_id },
    NatGateway => NatGatewayComputed {},
    OidcProvider => OidcProviderComputed { issuer },
    RouteTable => RouteTableComputed {},
    Secret => SecretComputed { value_due },
    SecurityGroup => SecurityGroupComputed {},
    SecurityGroupRule => SecurityGroupRuleComputed { group_id },
    Subnet => SubnetComputed {},
    TargetGroup => TargetGroupComputed { name },
    Vpc => VpcComputed {},
    VpcEndpoint => VpcEndpointComputed {},
}

impl ById for KmsKey {
    fn by_id(like: Self, id: &str) -> Option<(Self, KmsKeyComputed)> {
        let key_id = id.rsplit('/').next().unwrap_or(id).to_owned();
        Some((like, KmsKeyComputed { id: id.to_owned(), key_id }))
    }
}

impl ById for NodeGroup {
    fn by_id(like: Self, id: &str) -> Option<(Self, NodeGroupComputed)> {
        let (cluster, name) = id.split_once('/')?;
        let computed = NodeGroupComputed {
            id: id.to_owned(),
            arn: String::new(),
            cluster_name: cluster.to_owned(),
            name: name.to_owned(),
            autoscaling_group: None,
        };
        Some((like, computed))
    }
}

impl ById for Addon {
    fn by_id(like: Self, id: &str) -> Option<(Self, AddonComputed)> {
        let (cluster, name) = id.split_once('/')?;
        let computed = AddonComputed { id: id.to_owned(), arn: String::new(), cluster_name: cluster.to_owned() };
        Some((Self { name: name.to_owned(), ..like }, computed))
    }
}

impl ById for AccessEntry {
    fn by_id(like: Self, id: &str) -> Option<(Self, AccessEntryComputed)> {
        let (cluster, principal) = id.split_once('/')?;
        let computed = AccessEntryComputed {
            id: id.to_owned(),
            arn: String::new(),
            cluster_name: cluster.to_owned(),
            principal_arn: principal.to_owned(),
        };
        // Whoever runs the program is told from nobody by the ARN alone, so that stays as it is declared.
        let principal = match like.principal {
            Principal::Creator => Principal::Creator,
            Principal::Arn(_) => Principal::Arn(principal.to_owned()),
        };
        Some((Self { principal, ..like }, computed))
    }
}

impl ById for TargetAttachment {
    fn by_id(like: Self, id: &str) -> Option<(Self, TargetAttachmentComputed)> {
        let (group, target_group) = id.split_once(' ')?;
        let computed = TargetAttachmentComputed {
            id: id.to_owned(),
            autoscaling_group: group.to_owned(),
            target_group_arn: target_group.to_owned(),
        };
        Some((like, computed))
    }
}
