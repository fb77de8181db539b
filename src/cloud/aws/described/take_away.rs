//! The calls by which the tables of drift say that what is not ours is taken away (rows of class `removed`).
//!
//! Promises: what is gone already is success, so a removal that was cut off is made again. One call takes away one thing.

use aws_sdk_elasticloadbalancingv2::types::{Certificate, TargetDescription};
use aws_sdk_rds::types::{ApplyMethod, CloudwatchLogsExportConfiguration, Parameter};

use crate::cloud::aws::{Clients, During, bucket_lifecycle};
use crate::cloud::{CloudError, ErrorKind};
use crate::model::described::RemovalCall;

macro_rules! made {
    ($removal:expr, $call:expr) => {
        $call.send().await.during(&format!("call {}", $removal.call)).map(drop)
    };
}

/// Takes away something that is not ours.
///
/// # Errors
/// What AWS answered; [`ErrorKind::Bug`] for a call that nobody knows how to make.
pub async fn take_away(aws: &Clients, account: &str, removal: &RemovalCall) -> Result<(), CloudError> {
    let known = match removal.call.split(':').next().unwrap_or_default() {
        "ec2" => of_networks(aws, removal).await,
        "eks" => of_clusters(aws, removal).await,
        "elasticloadbalancing" => of_load_balancers(aws, removal).await,
        "iam" => of_identities(aws, removal).await,
        _ => of_others(aws, account, removal).await,
    };
    match known {
        None => Err(CloudError::new(ErrorKind::Bug, format!("call {}", removal.call), UNKNOWN)),
        Some(Err(error)) if error.kind == ErrorKind::NotFound => Ok(()),
        Some(made) => made,
    }
}

/// Said of a call that stands in no arm below.
const UNKNOWN: &str = "nobody knows how";

type Made = Option<Result<(), CloudError>>;

impl RemovalCall {
    fn text(&self, parameter: &str) -> String {
        self.parameters.get(parameter).cloned().unwrap_or_default()
    }

    fn some(&self, parameter: &str) -> Option<String> {
        self.parameters.get(parameter).cloned()
    }
}

async fn of_networks(aws: &Clients, removal: &RemovalCall) -> Made {
    let text = |parameter: &str| removal.text(parameter);
    Some(match removal.call {
        "ec2:DeleteRoute" => {
            let route = aws.ec2.delete_route().route_table_id(text("RouteTableId"));
            let route = route.set_destination_cidr_block(removal.some("DestinationCidrBlock"));
            let route = route.set_destination_ipv6_cidr_block(removal.some("DestinationIpv6CidrBlock"));
            made!(removal, route.set_destination_prefix_list_id(removal.some("DestinationPrefixListId")))
        }
        "ec2:DeleteRouteTable" => made!(removal, aws.ec2.delete_route_table().route_table_id(text("RouteTableId"))),
        "ec2:DeleteSecurityGroup" => made!(removal, aws.ec2.delete_security_group().group_id(text("GroupId"))),
        "ec2:DeleteSubnet" => made!(removal, aws.ec2.delete_subnet().subnet_id(text("SubnetId"))),
        "ec2:DisableVgwRoutePropagation" => {
            let table = aws.ec2.disable_vgw_route_propagation().route_table_id(text("RouteTableId"));
            made!(removal, table.gateway_id(text("GatewayId")))
        }
        "ec2:DisassociateRouteTable" => {
            made!(removal, aws.ec2.disassociate_route_table().association_id(text("AssociationId")))
        }
        "ec2:DisassociateVpcCidrBlock" => {
            made!(removal, aws.ec2.disassociate_vpc_cidr_block().association_id(text("AssociationId")))
        }
        "ec2:RevokeSecurityGroupIngress" => {
            let (group, rule) = (text("GroupId"), text("SecurityGroupRuleId"));
            // One kind of rule goes by one call, the other by the other.
            if text("IsEgress") == "true" {
                let call = aws.ec2.revoke_security_group_egress().group_id(group);
                made!(removal, call.security_group_rule_ids(rule))
            } else {
                let call = aws.ec2.revoke_security_group_ingress().group_id(group);
                made!(removal, call.security_group_rule_ids(rule))
            }
        }
        _ => return None,
    })
}

async fn of_clusters(aws: &Clients, removal: &RemovalCall) -> Made {
    let text = |parameter: &str| removal.text(parameter);
    let cluster = text("clusterName");
    Some(match removal.call {
        "eks:DeleteAccessEntry" => {
            let entry = aws.eks.delete_access_entry().cluster_name(cluster);
            made!(removal, entry.principal_arn(text("principalArn")))
        }
        "eks:DeletePodIdentityAssociation" => {
            let association = aws.eks.delete_pod_identity_association().cluster_name(cluster);
            made!(removal, association.association_id(text("associationId")))
        }
        "eks:DisassociateAccessPolicy" => {
            let entry = aws.eks.disassociate_access_policy().cluster_name(cluster);
            let entry = entry.principal_arn(text("principalArn"));
            made!(removal, entry.policy_arn(text("policyArn")))
        }
        _ => return None,
    })
}

async fn of_load_balancers(aws: &Clients, removal: &RemovalCall) -> Made {
    let text = |parameter: &str| removal.text(parameter);
    Some(match removal.call {
        "elasticloadbalancing:DeleteListener" => {
            made!(removal, aws.elb.delete_listener().listener_arn(text("ListenerArn")))
        }
        "elasticloadbalancing:DeleteRule" => made!(removal, aws.elb.delete_rule().rule_arn(text("RuleArn"))),
        "elasticloadbalancing:DeregisterTargets" => {
            let target = TargetDescription::builder().id(text("Id")).set_port(text("Port").parse().ok()).build();
            made!(removal, aws.elb.deregister_targets().target_group_arn(text("TargetGroupArn")).targets(target))
        }
        "elasticloadbalancing:RemoveListenerCertificates" => {
            let certificate = Certificate::builder().certificate_arn(text("CertificateArn")).build();
            let listener = aws.elb.remove_listener_certificates().listener_arn(text("ListenerArn"));
            made!(removal, listener.certificates(certificate))
        }
        _ => return None,
    })
}

async fn of_identities(aws: &Clients, removal: &RemovalCall) -> Made {
    let text = |parameter: &str| removal.text(parameter);
    let policy = text("PolicyArn");
    Some(match removal.call {
        "iam:DeleteRolePolicy" => {
            let role = aws.iam.delete_role_policy().role_name(text("RoleName"));
            made!(removal, role.policy_name(text("PolicyName")))
        }
        "iam:DetachGroupPolicy" => {
            made!(removal, aws.iam.detach_group_policy().group_name(text("GroupName")).policy_arn(policy))
        }
        "iam:DetachRolePolicy" => {
            made!(removal, aws.iam.detach_role_policy().role_name(text("RoleName")).policy_arn(policy))
        }
        "iam:DetachUserPolicy" => {
            made!(removal, aws.iam.detach_user_policy().user_name(text("UserName")).policy_arn(policy))
        }
        "iam:RemoveClientIDFromOpenIDConnectProvider" => {
            let provider = aws.iam.remove_client_id_from_open_id_connect_provider();
            let provider = provider.open_id_connect_provider_arn(text("OpenIDConnectProviderArn"));
            made!(removal, provider.client_id(text("ClientID")))
        }
        _ => return None,
    })
}

async fn of_others(aws: &Clients, account: &str, removal: &RemovalCall) -> Made {
    let text = |parameter: &str| removal.text(parameter);
    Some(match removal.call {
        "autoscaling:DetachLoadBalancers" => {
            let group = aws.autoscaling.detach_load_balancers().auto_scaling_group_name(text("AutoScalingGroupName"));
            made!(removal, group.load_balancer_names(text("LoadBalancerName")))
        }
        "autoscaling:DetachLoadBalancerTargetGroups" => {
            let group = aws.autoscaling.detach_load_balancer_target_groups();
            let group = group.auto_scaling_group_name(text("AutoScalingGroupName"));
            made!(removal, group.target_group_arns(text("TargetGroupARN")))
        }
        "autoscaling:ResumeProcesses" => {
            let group = aws.autoscaling.resume_processes().auto_scaling_group_name(text("AutoScalingGroupName"));
            made!(removal, group.scaling_processes(text("ScalingProcess")))
        }
        "kms:DeleteAlias" => made!(removal, aws.kms.delete_alias().alias_name(text("AliasName"))),
        "kms:RevokeGrant" => {
            made!(removal, aws.kms.revoke_grant().key_id(text("KeyId")).grant_id(text("GrantId")))
        }
        "rds:ModifyDBInstance" => {
            let off = CloudwatchLogsExportConfiguration::builder().disable_log_types(text("DisableLogTypes")).build();
            let database = aws.rds.modify_db_instance().db_instance_identifier(text("DBInstanceIdentifier"));
            made!(removal, database.cloudwatch_logs_export_configuration(off))
        }
        "rds:RemoveRoleFromDBInstance" => {
            let role = aws.rds.remove_role_from_db_instance();
            let role = role.db_instance_identifier(text("DBInstanceIdentifier")).role_arn(text("RoleArn"));
            made!(removal, role.feature_name(text("FeatureName")))
        }
        "rds:ResetDBParameterGroup" => {
            // A static parameter is taken with a restart alone (RDS API Reference, Parameter: ApplyMethod).
            let is_static = text("ApplyType") == "static";
            let method = if is_static { ApplyMethod::PendingReboot } else { ApplyMethod::Immediate };
            let parameter = Parameter::builder().parameter_name(text("ParameterName")).apply_method(method).build();
            let group = aws.rds.reset_db_parameter_group().db_parameter_group_name(text("DBParameterGroupName"));
            made!(removal, group.parameters(parameter))
        }
        "s3:PutBucketLifecycleConfiguration" => {
            bucket_lifecycle::replace(&aws.s3, &text("Bucket"), account, &text("ID"), None).await
        }
        "secretsmanager:DeleteResourcePolicy" => {
            made!(removal, aws.secrets.delete_resource_policy().secret_id(text("SecretId")))
        }
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use aws_config::SdkConfig;

    use super::*;
    use crate::described::removal::RemovalRow;
    use crate::model::send_guard::SendGuard;

    #[tokio::test]
    async fn every_call_of_the_tables_is_known_how_to_make() {
        let config = SdkConfig::builder().behavior_version(aws_config::BehaviorVersion::latest()).build();
        let nowhere = Clients::guarded(&SendGuard::new(|| false), &config, "us-east-1");
        let mut calls = BTreeSet::new();
        for (_, facts) in crate::resources::catalog() {
            let rows = facts.described.lines().filter_map(RemovalRow::read);
            calls.extend(rows.filter_map(|row| row.by.map(|(call, _)| call)));
        }
        assert!(calls.len() > 25, "{calls:?}");
        let mut unknown = Vec::new();
        for call in calls {
            let removal = RemovalCall { call, parameters: BTreeMap::new() };
            let made = take_away(&nowhere, "111122223333", &removal).await;
            let is_unknown = |error: &CloudError| error.message == UNKNOWN;
            unknown.extend(made.err().filter(is_unknown).map(|_| call));
        }
        assert_eq!(unknown, Vec::<&str>::new());
    }
}
