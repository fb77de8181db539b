//! What the account does to everything in it, and what its caller may do (IAM `SimulatePrincipalPolicy`; EC2 dry runs,
//! `GetEbsEncryptionByDefault`, `GetEbsDefaultKmsKeyId`, `DescribeVpcEndpointServices`; S3 `GetBucketVersioning`,
//! `GetPublicAccessBlock`). Nothing is done.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_ec2::types::{DomainType, ResourceType, TagSpecification};
use aws_sdk_iam::types::{ContextEntry, ContextKeyTypeEnum, EvaluationResult, PolicyEvaluationDecisionType};
use aws_sdk_s3::types::BucketVersioningStatus;
use futures_util::future::{join, join_all, join3};

use super::{fact, kms, principal};
use crate::cloud::aws::{Clients, During, code_is, ec2::filter, tags::tag_list};
use crate::cloud::{CloudError, ErrorKind};
use crate::model::facts::account::{
    DeniedAction, DeniedBy, DiskEncryption, EndpointService, Permits, SimulationQuery, StateBucketFacts,
};
use crate::model::facts::{Fact, PrincipalFacts};
use crate::model::mark::Tags;
use crate::model::surroundings::Surroundings;
use crate::resources::access_entry::session_role;

/// How EC2 names the key that AWS keeps for disks.
const KEY_OF_AWS: &str = "alias/aws/ebs";

/// Of these actions those that the caller may not do. Where IAM may not be asked, EC2 is, with calls that do nothing.
pub(super) async fn permits(aws: &Clients, ask: &SimulationQuery, place: &Surroundings) -> Permits {
    match simulated(aws, ask, place).await {
        Ok(denied) => Permits { denied, untold: None },
        Err(error) => Permits { denied: dry_runs(aws, ask).await, untold: Some(error) },
    }
}

async fn simulated(
    aws: &Clients,
    ask: &SimulationQuery,
    place: &Surroundings,
) -> Result<BTreeSet<DeniedAction>, CloudError> {
    let source = policy_source(aws, &ask.principal, place).await?;
    // One call takes several actions and several objects, and answers for all their combinations: few calls, of which some
    // answers are of no use, are borne with sooner than many.
    let mut by_service: BTreeMap<&str, (BTreeSet<&str>, BTreeSet<&str>)> = BTreeMap::new();
    for (action, object) in &ask.actions {
        let (actions, objects) = by_service.entry(action.split(':').next().unwrap_or_default()).or_default();
        actions.insert(action);
        objects.insert(object);
    }
    let asked = by_service.into_values().map(|(actions, objects)| simulate(aws, &source, ask, actions, objects));
    let mut denied = BTreeSet::new();
    for answer in join_all(asked).await {
        denied.extend(answer?);
    }
    Ok(denied)
}

/// Whose policies are asked about: a session acts by those of its role, whose ARN has the path that the session's lacks.
async fn policy_source(aws: &Clients, caller: &str, place: &Surroundings) -> Result<String, CloudError> {
    let Some(role) = session_role(caller) else { return Ok(caller.to_owned()) };
    let arn = format!("arn:{}:iam::{}:role/{role}", place.partition, place.account);
    let PrincipalFacts { arn } = principal::principal(aws, &arn).await?;
    Ok(arn)
}

async fn simulate(
    aws: &Clients,
    source: &str,
    ask: &SimulationQuery,
    actions: BTreeSet<&str>,
    objects: BTreeSet<&str>,
) -> Result<Vec<DeniedAction>, CloudError> {
    let entry = |(key, value): (&String, &String)| {
        let entry = ContextEntry::builder().context_key_name(key).context_key_type(ContextKeyTypeEnum::String);
        entry.context_key_values(value).build()
    };
    let call = aws
        .iam
        .simulate_principal_policy()
        .policy_source_arn(source)
        .set_action_names(Some(actions.into_iter().map(str::to_owned).collect()))
        .set_resource_arns(Some(objects.into_iter().map(str::to_owned).collect()))
        .set_context_entries(Some(ask.context.iter().map(entry).collect()))
        .max_items(1000);
    let pages = call.into_paginator().items().send();
    let results = pages.try_collect().await.during("ask IAM what the caller may do")?;
    let is_meant = |result: &&EvaluationResult| {
        let object = ask.actions.get(result.eval_action_name()).map(String::as_str);
        object.is_some() && object == result.eval_resource_name()
    };
    Ok(results.iter().filter(is_meant).filter_map(denied).collect())
}

fn denied(result: &EvaluationResult) -> Option<DeniedAction> {
    let decision = result.eval_decision();
    if *decision == PolicyEvaluationDecisionType::Allowed {
        return None;
    }
    let by_organization = result.organizations_decision_detail().is_some_and(|told| !told.allowed_by_organizations());
    let by_boundary =
        result.permissions_boundary_decision_detail().is_some_and(|told| !told.allowed_by_permissions_boundary());
    Some(DeniedAction {
        action: result.eval_action_name().to_owned(),
        is_explicit: *decision == PolicyEvaluationDecisionType::ExplicitDeny,
        denied_by: match (by_organization, by_boundary) {
            (true, _) => DeniedBy::Organization,
            (false, true) => DeniedBy::Boundary,
            (false, false) => DeniedBy::Policies,
        },
        unknown_conditions: result.missing_context_values().iter().cloned().collect(),
    })
}

/// What EC2 says to calls that it is told not to carry out (`DryRun`): those that need no object that stands.
async fn dry_runs(aws: &Clients, ask: &SimulationQuery) -> BTreeSet<DeniedAction> {
    let carried = ask.context.iter().filter_map(|(key, value)| Some((key.strip_prefix("aws:RequestTag/")?, value)));
    let carried: Tags = carried.map(|(key, value)| (key.to_owned(), value.clone())).collect();
    let tags = |of| TagSpecification::builder().resource_type(of).set_tags(Some(tag_list(carried.clone()))).build();
    let vpc = async {
        let call = aws.ec2.create_vpc().cidr_block("10.0.0.0/16").tag_specifications(tags(ResourceType::Vpc));
        call.dry_run(true).send().await.during("ask whether a network may be made").err()
    };
    let address = async {
        let call = aws.ec2.allocate_address().domain(DomainType::Vpc);
        let call = call.tag_specifications(tags(ResourceType::ElasticIp)).dry_run(true);
        call.send().await.during("ask whether an address may be had").err()
    };
    let gateway = async {
        let call = aws.ec2.create_internet_gateway().tag_specifications(tags(ResourceType::InternetGateway));
        call.dry_run(true).send().await.during("ask whether an internet gateway may be made").err()
    };
    let (vpc, address, gateway) = join3(vpc, address, gateway).await;
    let told = [("ec2:CreateVpc", vpc), ("ec2:AllocateAddress", address), ("ec2:CreateInternetGateway", gateway)];
    let refused = told.into_iter().filter(|(action, error)| {
        ask.actions.contains_key(*action) && error.as_ref().is_some_and(CloudError::is_denied)
    });
    let denied = refused.map(|(action, _)| DeniedAction {
        action: action.to_owned(),
        is_explicit: true,
        denied_by: DeniedBy::Policies,
        unknown_conditions: BTreeSet::new(),
    });
    denied.collect()
}

/// What becomes of new disks.
pub(super) async fn disk_encryption(aws: &Clients, place: &Surroundings) -> Result<DiskEncryption, CloudError> {
    let by_default = async {
        let answer = aws.ec2.get_ebs_encryption_by_default().send().await;
        let answer = answer.during("read whether new disks are encrypted")?;
        Ok::<_, CloudError>(answer.ebs_encryption_by_default().unwrap_or_default())
    };
    let key = async {
        let answer = aws.ec2.get_ebs_default_kms_key_id().send().await.during("read the key of new disks")?;
        Ok::<_, CloudError>(answer.kms_key_id.filter(|key| !key.ends_with(KEY_OF_AWS)))
    };
    let (by_default, key) = join(by_default, key).await;
    let (by_default, key) = (by_default?, key?);
    let key_facts = match key.as_deref().filter(|_| by_default) {
        Some(key) => fact(kms::key(aws, key, place).await),
        None => Fact::Missing,
    };
    Ok(DiskEncryption { by_default, key, key_facts })
}

/// The services that there are, of those that were asked for.
pub(super) async fn endpoint_services(
    aws: &Clients,
    names: &BTreeSet<String>,
) -> Result<BTreeMap<String, EndpointService>, CloudError> {
    // By a filter, so that one that is not there hides no other.
    let call = aws.ec2.describe_vpc_endpoint_services().filters(filter("service-name", names));
    let mut answer = call.clone().send().await.during("find the services of endpoints")?;
    let mut services = BTreeMap::new();
    loop {
        for one in answer.service_details() {
            let zones = one.availability_zones().iter().cloned().collect();
            services.insert(one.service_name().unwrap_or_default().to_owned(), EndpointService { zones });
        }
        let Some(token) = answer.next_token().filter(|token| !token.is_empty()) else { return Ok(services) };
        answer = call.clone().next_token(token).send().await.during("find the services of endpoints")?;
    }
}

/// The bucket of the state, wherever it is.
pub(super) async fn state_bucket(aws: &Clients, name: &str) -> StateBucketFacts {
    let asked = bucket(&aws.s3, name).await;
    let region = match &asked.is_versioned {
        Fact::Unread { error } if error.kind != ErrorKind::Denied => region_of(aws, name).await,
        Fact::There(_) | Fact::Missing | Fact::Unread { .. } => None,
    };
    let Some(region) = region.filter(|region| *region != aws.region) else { return asked };
    let config = aws.s3.config().to_builder().region(aws_config::Region::new(region)).build();
    bucket(&aws_sdk_s3::Client::from_conf(config), name).await
}

async fn region_of(aws: &Clients, name: &str) -> Option<String> {
    aws.s3.head_bucket().bucket(name).send().await.ok().and_then(|told| told.bucket_region)
}

async fn bucket(s3: &aws_sdk_s3::Client, name: &str) -> StateBucketFacts {
    let versioned = async {
        let answer = s3.get_bucket_versioning().bucket(name).send().await;
        let answer = answer.during("read whether the bucket of the state keeps versions")?;
        Ok::<_, CloudError>(answer.status() == Some(&BucketVersioningStatus::Enabled))
    };
    let private = async {
        let answer = s3.get_public_access_block().bucket(name).send().await;
        if answer.as_ref().is_err_and(|error| code_is(error, "NoSuchPublicAccessBlockConfiguration")) {
            return Ok(false);
        }
        let answer = answer.during("read whether the bucket of the state is private")?;
        let blocks = answer.public_access_block_configuration();
        let all = |it: &aws_sdk_s3::types::PublicAccessBlockConfiguration| {
            [it.block_public_acls(), it.ignore_public_acls(), it.block_public_policy(), it.restrict_public_buckets()]
                .into_iter()
                .all(|one| one == Some(true))
        };
        Ok::<_, CloudError>(blocks.is_some_and(all))
    };
    let (versioned, private) = join(versioned, private).await;
    StateBucketFacts { is_versioned: fact(versioned), is_private: fact(private) }
}
