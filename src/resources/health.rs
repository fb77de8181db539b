//! Health on AWS: what ELB, ACM, EKS, Auto Scaling, RDS say (`DescribeLoadBalancers`, `DescribeListeners`,
//! `DescribeTargetHealth`, `DescribeCluster`, `DescribeClusterVersions`, `DescribeNodegroup`,
//! `DescribeAutoScalingGroups`, `DescribeDBInstances`, `DescribePendingMaintenanceActions`), and KMS (`DescribeKey`).
//! Nothing is written.

use aws_sdk_autoscaling::types::{AutoScalingGroup, LifecycleState};
use aws_sdk_eks::types::{
    ClusterHealth, ClusterIssueCode, ClusterStatus, NodegroupHealth, NodegroupIssueCode, NodegroupResources,
    NodegroupScalingConfig, NodegroupStatus, SupportType,
};
use aws_sdk_elasticloadbalancingv2::types::{
    self, LoadBalancer, ProtocolEnum, TargetDescription, TargetHealthDescription, TargetHealthReasonEnum,
    TargetHealthStateEnum,
};
use aws_sdk_kms::types::{KeyMetadata, KeyState};
use aws_sdk_rds::types::{DbInstance, PendingModifiedValues, ResourcePendingMaintenanceActions};
use aws_smithy_types::DateTime;
use jiff::Timestamp;

use super::database::LIFECYCLE_STANDARD;
use super::dispatch::Aws;
use super::facts;
use crate::cloud::CloudError;
use crate::cloud::aws::answer::if_there;
use crate::cloud::aws::{Clients, During, eks};
use crate::cloud::health::{
    Answer, Balancer, Certificate, Cluster, Database, Health, Key, Listener, Maintenance, Nodes, Support, Target,
};

impl Health for Aws {
    fn balancer<'a>(&'a self, arn: &'a str) -> Answer<'a, Balancer> {
        Box::pin(balancer(self.clients(), arn))
    }

    fn targets<'a>(&'a self, arn: &'a str) -> Answer<'a, Vec<Target>> {
        Box::pin(targets(self.clients(), arn))
    }

    fn certificate<'a>(&'a self, arn: &'a str) -> Answer<'a, Certificate> {
        Box::pin(async move { if_there(facts::certificate(self.clients(), arn).await) })
    }

    fn cluster<'a>(&'a self, name: &'a str) -> Answer<'a, Cluster> {
        Box::pin(async move { Ok(eks::cluster(self.clients(), name).await?.map(|found| cluster(&found))) })
    }

    fn support<'a>(&'a self, version: &'a str) -> Answer<'a, Support> {
        Box::pin(async move {
            // Without `include_all`, versions out of support are left out.
            let call = self.clients().eks.describe_cluster_versions().cluster_versions(version).include_all(true);
            let answer = call.send().await.during("read the support of this Kubernetes version")?;
            let mut all = answer.cluster_versions().iter();
            let found = all.find(|one| one.cluster_version() == Some(version));
            Ok(found.map(|one| Support {
                standard_until: one.end_of_standard_support_date().and_then(moment),
                extended_until: one.end_of_extended_support_date().and_then(moment),
            }))
        })
    }

    fn nodes<'a>(&'a self, cluster: &'a str, name: &'a str) -> Answer<'a, Nodes> {
        Box::pin(nodes(self.clients(), cluster, name))
    }

    fn database<'a>(&'a self, name: &'a str) -> Answer<'a, Database> {
        Box::pin(async move {
            let call = self.clients().rds.describe_db_instances().db_instance_identifier(name);
            let found = if_there(call.send().await.during("read the database"))?;
            Ok(found.and_then(|found| found.db_instances().first().map(database)))
        })
    }

    fn maintenance<'a>(&'a self, arn: &'a str) -> Answer<'a, Vec<Maintenance>> {
        Box::pin(async move {
            let call = self.clients().rds.describe_pending_maintenance_actions().resource_identifier(arn);
            let Some(found) = if_there(call.send().await.during("read what maintenance awaits the database"))? else {
                return Ok(None);
            };
            let actions = found.pending_maintenance_actions().iter();
            let actions = actions.flat_map(ResourcePendingMaintenanceActions::pending_maintenance_action_details);
            Ok(Some(
                actions
                    .map(|one| Maintenance {
                        action: one.action().unwrap_or("maintenance").to_owned(),
                        description: one.description().map(str::to_owned),
                        due: one.forced_apply_date().or(one.auto_applied_after_date()).and_then(moment),
                    })
                    .collect(),
            ))
        })
    }

    fn key<'a>(&'a self, arn: &'a str) -> Answer<'a, Key> {
        Box::pin(async move {
            let found = if_there(self.clients().kms.describe_key().key_id(arn).send().await.during("read the key"))?;
            Ok(found.and_then(|found| found.key_metadata).map(|found| key(&found)))
        })
    }
}

fn key(found: &KeyMetadata) -> Key {
    Key {
        state: found.key_state().map_or("unknown", KeyState::as_str).to_owned(),
        deletion: found.deletion_date().and_then(moment),
    }
}

fn moment(time: &DateTime) -> Option<Timestamp> {
    Timestamp::from_second(time.secs()).ok()
}

fn port(number: Option<i32>) -> Option<u16> {
    number.and_then(|number| number.try_into().ok())
}

async fn balancer(aws: &Clients, arn: &str) -> Result<Option<Balancer>, CloudError> {
    let call = aws.elb.describe_load_balancers().load_balancer_arns(arn);
    let found = if_there(call.send().await.during("read the load balancer"))?;
    let Some(found) = found.and_then(|found| found.load_balancers.unwrap_or_default().into_iter().next()) else {
        return Ok(None);
    };
    let pages = aws.elb.describe_listeners().load_balancer_arn(arn).into_paginator().items().send();
    let listeners = pages.try_collect().await.during("read the listeners")?;
    let listener = |one: &types::Listener| Listener {
        port: port(one.port()).unwrap_or_default(),
        protocol: one.protocol().map_or_else(String::new, |p: &ProtocolEnum| p.as_str().to_owned()),
        certificate: one.certificates().first().and_then(|c| c.certificate_arn()).map(str::to_owned),
    };
    let mut listeners: Vec<Listener> = listeners.iter().map(listener).collect();
    listeners.sort_by_key(|listener| listener.port);
    let state = found.state();
    Ok(Some(Balancer {
        state: state.and_then(|state| state.code()).map_or("unknown", |code| code.as_str()).to_owned(),
        reason: state.and_then(|state| state.reason()).map(str::to_owned),
        dns_name: dns_name(&found),
        listeners,
    }))
}

fn dns_name(found: &LoadBalancer) -> String {
    found.dns_name().unwrap_or_default().to_owned()
}

/// The call has no pages: it answers for all targets at once.
async fn targets(aws: &Clients, arn: &str) -> Result<Option<Vec<Target>>, CloudError> {
    let call = aws.elb.describe_target_health().target_group_arn(arn);
    let Some(found) = if_there(call.send().await.during("read the health of the targets"))? else { return Ok(None) };
    let mut all: Vec<Target> = found.target_health_descriptions().iter().map(target).collect();
    all.sort_by(|one, other| (&one.id, one.port).cmp(&(&other.id, other.port)));
    Ok(Some(all))
}

fn target(told: &TargetHealthDescription) -> Target {
    let health = told.target_health();
    let state = health.and_then(|health| health.state()).map_or("unknown", TargetHealthStateEnum::as_str);
    let reason = health.and_then(|health| health.reason()).map(TargetHealthReasonEnum::as_str);
    Target {
        id: told.target().and_then(|target| target.id()).unwrap_or_default().to_owned(),
        port: port(told.target().and_then(TargetDescription::port)),
        state: state.to_owned(),
        reason: reason.map(str::to_owned),
        description: health.and_then(|health| health.description()).map(str::to_owned),
    }
}

fn cluster(found: &aws_sdk_eks::types::Cluster) -> Cluster {
    let issues = found.health().map(ClusterHealth::issues).unwrap_or_default().iter();
    Cluster {
        status: found.status().map_or("unknown", ClusterStatus::as_str).to_owned(),
        version: found.version().unwrap_or_default().to_owned(),
        policy: found.upgrade_policy().and_then(|p| p.support_type()).map(SupportType::as_str).map(str::to_owned),
        issues: issues
            .map(|one| eks::issue(one.code().map(ClusterIssueCode::as_str), one.message(), one.resource_ids()))
            .collect(),
    }
}

async fn nodes(aws: &Clients, cluster: &str, name: &str) -> Result<Option<Nodes>, CloudError> {
    let call = aws.eks.describe_nodegroup().cluster_name(cluster).nodegroup_name(name);
    let found = match call.send().await.during("read the node group") {
        Ok(answer) => answer.nodegroup,
        Err(error) => eks::nothing_there(aws, cluster, error).await.map(|()| None)?,
    };
    let Some(found) = found else { return Ok(None) };
    let groups = found.resources().map(NodegroupResources::auto_scaling_groups).unwrap_or_default().iter();
    let groups: Vec<String> = groups.filter_map(|group| group.name()).map(str::to_owned).collect();
    let issues = found.health().map(NodegroupHealth::issues).unwrap_or_default().iter();
    let running = if groups.is_empty() { None } else { Some(running(aws, groups).await?) };
    Ok(Some(Nodes {
        status: found.status().map_or("unknown", NodegroupStatus::as_str).to_owned(),
        desired: found
            .scaling_config()
            .and_then(NodegroupScalingConfig::desired_size)
            .and_then(|n| n.try_into().ok())
            .unwrap_or_default(),
        running,
        issues: issues
            .map(|one| eks::issue(one.code().map(NodegroupIssueCode::as_str), one.message(), one.resource_ids()))
            .collect(),
    }))
}

/// How many machines of these groups are in service and not sick.
async fn running(aws: &Clients, groups: Vec<String>) -> Result<u32, CloudError> {
    let call = aws.autoscaling.describe_auto_scaling_groups().set_auto_scaling_group_names(Some(groups));
    let answer = call.send().await.during("count the machines")?;
    let machines = answer.auto_scaling_groups().iter().flat_map(AutoScalingGroup::instances);
    let well = machines.filter(|one| {
        one.lifecycle_state() == Some(&LifecycleState::InService) && one.health_status() != Some("Unhealthy")
    });
    Ok(u32::try_from(well.count()).unwrap_or(u32::MAX))
}

fn database(found: &DbInstance) -> Database {
    let certificate = found.certificate_details();
    Database {
        status: found.db_instance_status().unwrap_or("unknown").to_owned(),
        resource_id: found.dbi_resource_id().map(str::to_owned),
        engine_version: found.engine_version().unwrap_or_default().to_owned(),
        extended_support: found.engine_lifecycle_support().is_none_or(|told| told != LIFECYCLE_STANDARD),
        multi_az: found.multi_az().unwrap_or_default(),
        pending: found.pending_modified_values().map(pending).unwrap_or_default(),
        authority: certificate.and_then(|c| c.ca_identifier()).or(found.ca_certificate_identifier()).map(str::to_owned),
        certificate_until: certificate.and_then(|c| c.valid_till()).and_then(moment),
    }
}

/// What waits for the window. The password is named, never shown.
fn pending(waiting: &PendingModifiedValues) -> Vec<String> {
    let mut all = Vec::new();
    let mut put = |name: &str, value: Option<String>| all.extend(value.map(|value| format!("{name} {value}")));
    put("class", waiting.db_instance_class().map(str::to_owned));
    put("version", waiting.engine_version().map(str::to_owned));
    put("storage in GiB", waiting.allocated_storage().map(|n| n.to_string()));
    put("storage type", waiting.storage_type().map(str::to_owned));
    put("IOPS", waiting.iops().map(|n| n.to_string()));
    put("throughput", waiting.storage_throughput().map(|n| n.to_string()));
    put("standby", waiting.multi_az().map(|is| is.to_string()));
    put("days of backups", waiting.backup_retention_period().map(|n| n.to_string()));
    put("port", waiting.port().map(|n| n.to_string()));
    put("certificate authority", waiting.ca_certificate_identifier().map(str::to_owned));
    put("subnet group", waiting.db_subnet_group_name().map(str::to_owned));
    if waiting.master_user_password().is_some() {
        all.push("another password".to_owned());
    }
    all
}
