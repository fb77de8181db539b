//! Quotas of the account and what is used of them (Service Quotas `GetServiceQuota`, `GetAWSDefaultServiceQuota`; RDS
//! `DescribeAccountAttributes`; Elastic Load Balancing `DescribeAccountLimits`; IAM `GetAccountSummary`; and the lists of
//! what is counted).
//!
//! What one call tells of several quotas is asked once.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_ec2::types::{CpuOptions, InstanceLifecycleType, VpcEndpointType};
use aws_sdk_elasticloadbalancingv2::types::LoadBalancerTypeEnum;
use aws_sdk_iam::types::SummaryKeyType;
use futures_util::future::{join, join_all, try_join};

use super::fact;
use crate::cloud::CloudError;
use crate::cloud::aws::answer::lacking;
use crate::cloud::aws::{Clients, During, ec2::filter};
use crate::model::facts::Fact;
use crate::model::facts::quota::{Quota, QuotaUse};

/// What is counted, by zone where it is counted so.
type Counted = BTreeMap<String, u64>;

/// RDS tells limit and use of these in one answer, under these names.
const IN_RDS: [(Quota, &str); 5] = [
    (Quota::DatabaseInstances, "DBInstances"),
    (Quota::DatabaseStorage, "AllocatedStorage"),
    (Quota::DatabaseSubnetGroups, "DBSubnetGroups"),
    (Quota::DatabaseParameterGroups, "DBParameterGroups"),
    (Quota::DatabaseSnapshots, "ManualSnapshots"),
];

/// Elastic Load Balancing tells the limits of these in one answer, under these names.
const IN_BALANCING: [(Quota, &str); 2] =
    [(Quota::LoadBalancers, "application-load-balancers"), (Quota::TargetGroups, "target-groups")];

/// IAM tells use and limit of these in one answer, under these names.
const IN_IAM: [(Quota, SummaryKeyType, SummaryKeyType); 2] = [
    (Quota::Roles, SummaryKeyType::Roles, SummaryKeyType::RolesQuota),
    (Quota::Policies, SummaryKeyType::Policies, SummaryKeyType::PoliciesQuota),
];

/// IAM has no quota of its own name for these that could be raised ("IAM and AWS STS quotas").
const FIXED: [Quota; 1] = [Quota::OidcProviders];

/// An answer to each of the quotas.
pub(super) async fn quotas(aws: &Clients, asked: &BTreeSet<Quota>) -> BTreeMap<Quota, QuotaUse> {
    let in_groups = |quota: &Quota| {
        IN_RDS.iter().any(|(one, _)| one == quota)
            || IN_BALANCING.iter().any(|(one, _)| one == quota)
            || IN_IAM.iter().any(|(one, ..)| one == quota)
    };
    let alone = asked.iter().filter(|quota| !in_groups(quota)).map(|quota| async {
        let (limit, used) = join(limit(aws, *quota), used(aws, *quota)).await;
        (*quota, QuotaUse { limit: fact(limit), used: fact(used) })
    });
    let (alone, rds, balancing, iam) =
        tokio::join!(join_all(alone), in_rds(aws, asked), in_balancing(aws, asked), in_iam(aws, asked));
    alone.into_iter().chain(rds).chain(balancing).chain(iam).collect()
}

/// What the account may have. Quotas that nobody ever changed may be known by their default alone.
async fn limit(aws: &Clients, quota: Quota) -> Result<u64, CloudError> {
    let facts = quota.facts();
    if FIXED.contains(&quota) {
        return Ok(facts.usual);
    }
    let doing = "read a quota";
    let applied =
        aws.service_quotas.get_service_quota().service_code(facts.service).quota_code(facts.code).send().await;
    let value = match applied.during(doing) {
        Ok(told) => told.quota.and_then(|quota| quota.value),
        Err(error) if error.is("NoSuchResourceException") => {
            let default = aws.service_quotas.get_aws_default_service_quota();
            let told = default.service_code(facts.service).quota_code(facts.code).send().await.during(doing)?;
            told.quota.and_then(|quota| quota.value)
        }
        Err(error) => return Err(error),
    };
    value.map(whole).ok_or_else(|| lacking(doing, "value"))
}

/// Quotas are told as numbers with a fraction, and count whole things.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "quotas are no larger than a million, and not negative"
)]
fn whole(value: f64) -> u64 {
    value.max(0.0) as u64
}

/// What the account has.
async fn used(aws: &Clients, quota: Quota) -> Result<Counted, CloudError> {
    let doing = "count what a quota is for";
    let here = |count: usize| Ok(BTreeMap::from([(QuotaUse::HERE.to_owned(), count.try_into().unwrap_or(u64::MAX))]));
    match quota {
        Quota::Vcpus => vcpus(aws).await,
        Quota::NatGateways => nat_gateways(aws).await,
        Quota::ElasticIps => {
            let answer = aws.ec2.describe_addresses().filters(filter("domain", ["vpc"])).send().await.during(doing)?;
            here(answer.addresses().len())
        }
        Quota::Vpcs => {
            let pages = aws.ec2.describe_vpcs().into_paginator().items().send();
            here(pages.try_collect().await.during(doing)?.len())
        }
        Quota::InternetGateways => {
            let pages = aws.ec2.describe_internet_gateways().into_paginator().items().send();
            here(pages.try_collect().await.during(doing)?.len())
        }
        Quota::GatewayEndpoints => {
            let pages = aws.ec2.describe_vpc_endpoints().into_paginator().items().send();
            let all = pages.try_collect().await.during(doing)?;
            here(all.iter().filter(|one| one.vpc_endpoint_type() == Some(&VpcEndpointType::Gateway)).count())
        }
        Quota::SecurityGroups => {
            let pages = aws.ec2.describe_security_groups().max_results(1000).into_paginator().items().send();
            here(pages.try_collect().await.during(doing)?.len())
        }
        Quota::Clusters => {
            let pages = aws.eks.list_clusters().into_paginator().items().send();
            here(pages.try_collect().await.during(doing)?.len())
        }
        Quota::OidcProviders => {
            let answer = aws.iam.list_open_id_connect_providers().send().await.during(doing)?;
            here(answer.open_id_connect_provider_list().len())
        }
        Quota::Buckets => {
            let pages = aws.s3.list_buckets().max_buckets(10_000).into_paginator().send();
            let pages = pages.try_collect().await.during(doing)?;
            here(pages.iter().map(|page| page.buckets().len()).sum())
        }
        Quota::Keys => {
            let pages = aws.kms.list_keys().limit(1000).into_paginator().items().send();
            here(pages.try_collect().await.during(doing)?.len())
        }
        Quota::LoadBalancers => {
            let pages = aws.elb.describe_load_balancers().into_paginator().items().send();
            let all = pages.try_collect().await.during(doing)?;
            here(all.iter().filter(|one| one.r#type() == Some(&LoadBalancerTypeEnum::Application)).count())
        }
        Quota::TargetGroups => {
            let pages = aws.elb.describe_target_groups().into_paginator().items().send();
            here(pages.try_collect().await.during(doing)?.len())
        }
        Quota::DatabaseInstances
        | Quota::DatabaseStorage
        | Quota::DatabaseSubnetGroups
        | Quota::DatabaseParameterGroups
        | Quota::DatabaseSnapshots
        | Quota::Roles
        | Quota::Policies => unreachable!("it is told with its limit"),
    }
}

/// The vCPUs of on-demand instances of the standard families: each instance tells its cores and threads.
async fn vcpus(aws: &Clients) -> Result<Counted, CloudError> {
    let alive = filter("instance-state-name", ["pending", "running"]);
    let pages = aws.ec2.describe_instances().filters(alive).max_results(1000).into_paginator().items().send();
    let all = pages.try_collect().await.during("count the vCPUs of instances that run")?;
    let on_demand = all.iter().flat_map(aws_sdk_ec2::types::Reservation::instances).filter(|one| {
        let is_other = matches!(
            one.instance_lifecycle(),
            Some(InstanceLifecycleType::Spot | InstanceLifecycleType::CapacityBlock)
        );
        !is_other && one.instance_type().is_some_and(|of| is_standard(of.as_str()))
    });
    let vcpus = on_demand.map(|one| {
        let options = one.cpu_options();
        let number = |told: Option<i32>| u64::try_from(told.unwrap_or(1)).unwrap_or(1);
        number(options.and_then(CpuOptions::core_count)) * number(options.and_then(CpuOptions::threads_per_core))
    });
    Ok(BTreeMap::from([(QuotaUse::HERE.to_owned(), vcpus.sum())]))
}

/// Whether a type is of the families that share a quota (EC2 User Guide, "On-Demand Instance quotas").
fn is_standard(instance_type: &str) -> bool {
    let family: String = instance_type.chars().take_while(char::is_ascii_lowercase).collect();
    matches!(family.as_str(), "a" | "c" | "d" | "h" | "i" | "im" | "is" | "m" | "r" | "t" | "z")
}

async fn nat_gateways(aws: &Clients) -> Result<Counted, CloudError> {
    // One that is being deleted counts until it is gone.
    let counted = filter("state", ["pending", "available", "deleting"]);
    let gateways = async {
        let pages = aws.ec2.describe_nat_gateways().filter(counted).into_paginator().items().send();
        pages.try_collect().await.during("count the NAT gateways")
    };
    let subnets = async {
        let pages = aws.ec2.describe_subnets().into_paginator().items().send();
        pages.try_collect().await.during("find the zones of NAT gateways")
    };
    let (gateways, subnets) = try_join(gateways, subnets).await?;
    let zone_of: BTreeMap<&str, &str> =
        subnets.iter().filter_map(|subnet| Some((subnet.subnet_id()?, subnet.availability_zone()?))).collect();
    let mut by_zone = Counted::new();
    for zone in gateways.iter().filter_map(|gateway| zone_of.get(gateway.subnet_id()?)) {
        *by_zone.entry((*zone).to_owned()).or_default() += 1;
    }
    Ok(by_zone)
}

type Answers = Vec<(Quota, QuotaUse)>;

/// The same for all of these: what could not be read, or what was read of each.
fn answers(of: Vec<(Quota, Result<QuotaUse, CloudError>)>) -> Answers {
    let unread =
        |error: CloudError| QuotaUse { limit: Fact::Unread { error: error.clone() }, used: Fact::Unread { error } };
    of.into_iter().map(|(quota, told)| (quota, told.unwrap_or_else(unread))).collect()
}

async fn in_rds(aws: &Clients, asked: &BTreeSet<Quota>) -> Answers {
    let asked: Vec<_> = IN_RDS.iter().filter(|(quota, _)| asked.contains(quota)).collect();
    if asked.is_empty() {
        return Vec::new();
    }
    let doing = "read the quotas of RDS";
    let told = aws.rds.describe_account_attributes().send().await.during(doing);
    let one = |name: &str| {
        let told = told.as_ref().map_err(Clone::clone)?;
        let found = told.account_quotas().iter().find(|one| one.account_quota_name() == Some(name));
        let number = |told: Option<i64>| told.and_then(|it| it.try_into().ok());
        let of = found.and_then(|one| Some(QuotaUse::of(number(one.used())?, number(one.max())?)));
        of.ok_or_else(|| lacking(doing, name))
    };
    answers(asked.into_iter().map(|(quota, name)| (*quota, one(name))).collect())
}

async fn in_iam(aws: &Clients, asked: &BTreeSet<Quota>) -> Answers {
    let asked: Vec<_> = IN_IAM.iter().filter(|(quota, ..)| asked.contains(quota)).collect();
    if asked.is_empty() {
        return Vec::new();
    }
    let doing = "read the quotas of IAM";
    let told = aws.iam.get_account_summary().send().await.during(doing);
    let one = |used: &SummaryKeyType, limit: &SummaryKeyType| {
        let told = told.as_ref().map_err(Clone::clone)?;
        let number = |name| u64::try_from(*told.summary_map()?.get(name)?).ok();
        let of = number(used).zip(number(limit)).map(|(used, limit)| QuotaUse::of(used, limit));
        of.ok_or_else(|| lacking(doing, used.as_str()))
    };
    answers(asked.into_iter().map(|(quota, used, limit)| (*quota, one(used, limit))).collect())
}

async fn in_balancing(aws: &Clients, asked: &BTreeSet<Quota>) -> Answers {
    let asked: Vec<_> = IN_BALANCING.iter().filter(|(quota, _)| asked.contains(quota)).collect();
    if asked.is_empty() {
        return Vec::new();
    }
    let doing = "read the quotas of load balancing";
    let limits = async { aws.elb.describe_account_limits().send().await.during(doing) };
    let (limits, counted) = join(limits, join_all(asked.iter().map(|(quota, _)| used(aws, *quota)))).await;
    let limit = |name: &str| {
        let told = limits.as_ref().map_err(Clone::clone)?;
        let found = told.limits().iter().find(|one| one.name() == Some(name));
        found.and_then(|one| one.max()?.parse().ok()).ok_or_else(|| lacking(doing, name))
    };
    let one = |((quota, name), used): (&(Quota, &str), Result<Counted, CloudError>)| {
        (*quota, QuotaUse { limit: fact(limit(name)), used: fact(used) })
    };
    asked.into_iter().zip(counted).map(one).collect()
}
