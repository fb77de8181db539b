//! Everything that carries the marks of a stack, by the lists of each service.
//!
//! EC2 and Secrets Manager list by tag. The others list everything, and tell tags only of one object after the other:
//! there the tags are asked for of what begins with the name of the stack and a hyphen, as almost every name of ours
//! does; other stacks may begin the same, so the tags decide. A bucket with a name of its own is therefore known by the
//! record alone. Tags outlive their objects for a while: what counts is what a list of its kind shows.

mod network;

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_iam::types::PolicyScopeType;
use aws_sdk_kms::types::KeyState;
use aws_sdk_secretsmanager::types::{Filter, FilterNameStringType};
use futures_util::future::try_join4;

use super::{
    access_entry, addon, bucket, cluster, database, db_parameter_group, db_subnet_group, iam_policy, iam_role, kms_key,
    listener, load_balancer, node_group, oidc_provider, secret, target_group,
};
use crate::cloud::aws::answer::if_there;
use crate::cloud::aws::{Clients, During, eks, elb, iam, rds};
use crate::cloud::{CloudError, ErrorKind, Marked};
use crate::model::address::{Address, Kind};
use crate::model::mark::{ADDRESS_TAG, STACK_TAG, Tags};
use crate::model::resource::Resource as _;

/// As many buckets as one page of the list tells; without a number there are no pages (S3 `ListBuckets`).
const BUCKETS: i32 = 1000;

type Found = Vec<Marked>;

/// Everything that carries the marks of `stack`.
///
/// # Errors
/// What AWS answered to the first list that failed.
pub(super) async fn census(aws: &Clients, stack: &str) -> Result<BTreeSet<Marked>, CloudError> {
    let here = Here { aws, stack };
    let some = try_join4(here.network(), here.balancers(), here.databases(), here.clusters());
    let others = try_join4(here.identities(), here.keys(), here.secrets(), here.buckets());
    let ((network, balancers, databases, clusters), (identities, keys, secrets, buckets)) =
        futures_util::future::try_join(some, others).await?;
    let all = [network, balancers, databases, clusters, identities, keys, secrets, buckets];
    Ok(all.into_iter().flatten().collect())
}

struct Here<'a> {
    aws: &'a Clients,
    stack: &'a str,
}

impl Here<'_> {
    /// The object of `kind` with these tags, if it is ours.
    fn ours(&self, kind: &Kind, id: impl Into<String>, tags: &Tags) -> Option<Marked> {
        let ours = tags.get(STACK_TAG).is_some_and(|stack| stack == self.stack);
        let address: Address = tags.get(ADDRESS_TAG).filter(|_| ours)?.parse().ok()?;
        (address.kind == *kind).then(|| Marked { address, id: id.into() })
    }

    /// Whether a name begins as ours do.
    fn named(&self, name: &str) -> bool {
        name.strip_prefix(self.stack).is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
    }

    async fn balancers(&self) -> Result<Found, CloudError> {
        let mut balancers = Vec::new();
        let mut pages = self.aws.elb.describe_load_balancers().into_paginator().send();
        while let Some(page) = pages.next().await {
            let page = page.during("list the load balancers")?;
            balancers.extend(page.load_balancers().iter().filter_map(|one| one.load_balancer_arn()).map(str::to_owned));
        }
        let mut groups = Vec::new();
        let mut pages = self.aws.elb.describe_target_groups().into_paginator().send();
        while let Some(page) = pages.next().await {
            let page = page.during("list the target groups")?;
            groups.extend(page.target_groups().iter().filter_map(|one| one.target_group_arn()).map(str::to_owned));
        }
        let mut found = self.tagged(&load_balancer::LoadBalancer::KIND, &balancers).await?;
        let mut listeners = Vec::new();
        for one in &found {
            let call = self.aws.elb.describe_listeners().load_balancer_arn(&one.id);
            let mut pages = call.into_paginator().send();
            while let Some(page) = pages.next().await {
                let Some(page) = if_there(page.during("list the listeners"))? else { break };
                listeners.extend(page.listeners().iter().filter_map(|one| one.listener_arn()).map(str::to_owned));
            }
        }
        found.extend(self.tagged(&target_group::TargetGroup::KIND, &groups).await?);
        found.extend(self.tagged(&listener::Listener::KIND, &listeners).await?);
        Ok(found)
    }

    /// Those of these objects of Elastic Load Balancing that are ours.
    async fn tagged(&self, kind: &Kind, arns: &[String]) -> Result<Found, CloudError> {
        let tags = elb::list_tags_of_standing(self.aws, arns).await?;
        Ok(tags.iter().filter_map(|(arn, tags)| self.ours(kind, arn, tags)).collect())
    }

    async fn databases(&self) -> Result<Found, CloudError> {
        let mut found = Found::new();
        let mut pages = self.aws.rds.describe_db_instances().into_paginator().send();
        while let Some(page) = pages.next().await {
            for one in page.during("list the databases")?.db_instances() {
                let id = one.db_instance_identifier().unwrap_or_default();
                found.extend(self.ours(&database::Database::KIND, id, &rds::tags_of(one.tag_list())));
            }
        }
        let mut groups = Vec::new();
        let mut pages = self.aws.rds.describe_db_subnet_groups().into_paginator().send();
        while let Some(page) = pages.next().await {
            for one in page.during("list the subnet groups")?.db_subnet_groups() {
                let name_and_arn = (one.db_subnet_group_name(), one.db_subnet_group_arn());
                if let (Some(name), Some(arn)) = name_and_arn {
                    groups.push((db_subnet_group::DbSubnetGroup::KIND, name.to_owned(), arn.to_owned()));
                }
            }
        }
        let mut pages = self.aws.rds.describe_db_parameter_groups().into_paginator().send();
        while let Some(page) = pages.next().await {
            for one in page.during("list the parameter groups")?.db_parameter_groups() {
                let name_and_arn = (one.db_parameter_group_name(), one.db_parameter_group_arn());
                if let (Some(name), Some(arn)) = name_and_arn {
                    groups.push((db_parameter_group::DbParameterGroup::KIND, name.to_owned(), arn.to_owned()));
                }
            }
        }
        for (kind, name, arn) in groups.iter().filter(|(_, name, _)| self.named(name)) {
            if let Some(tags) = if_there(rds::list_tags(self.aws, arn).await)? {
                found.extend(self.ours(kind, name, &tags));
            }
        }
        Ok(found)
    }

    async fn clusters(&self) -> Result<Found, CloudError> {
        let mut names = Vec::new();
        let mut pages = self.aws.eks.list_clusters().into_paginator().send();
        while let Some(page) = pages.next().await {
            names.extend(page.during("list the clusters")?.clusters.unwrap_or_default());
        }
        let mut found = Found::new();
        for name in names.iter().filter(|name| self.named(name)) {
            let Some(cluster) = eks::cluster(self.aws, name).await? else { continue };
            if let Some(ours) = self.ours(&cluster::Cluster::KIND, name, &eks::tags_of(cluster.tags())) {
                found.push(ours);
                found.extend(self.in_cluster(name).await?);
            }
        }
        Ok(found)
    }

    async fn in_cluster(&self, cluster: &str) -> Result<Found, CloudError> {
        let eks = &self.aws.eks;
        let mut found = Found::new();
        let mut pages = eks.list_nodegroups().cluster_name(cluster).into_paginator().send();
        while let Some(page) = pages.next().await {
            for name in page.during("list the node groups")?.nodegroups() {
                let call = eks.describe_nodegroup().cluster_name(cluster).nodegroup_name(name).send().await;
                let one = if_there(call.during("read the node group"))?.and_then(|answer| answer.nodegroup);
                let tags = one.map(|one| eks::tags_of(one.tags())).unwrap_or_default();
                found.extend(self.ours(&node_group::NodeGroup::KIND, format!("{cluster}/{name}"), &tags));
            }
        }
        let mut pages = eks.list_addons().cluster_name(cluster).into_paginator().send();
        while let Some(page) = pages.next().await {
            for name in page.during("list the add-ons")?.addons() {
                let call = eks.describe_addon().cluster_name(cluster).addon_name(name).send().await;
                let one = if_there(call.during("read the add-on"))?.and_then(|answer| answer.addon);
                let tags = one.map(|one| eks::tags_of(one.tags())).unwrap_or_default();
                found.extend(self.ours(&addon::Addon::KIND, format!("{cluster}/{name}"), &tags));
            }
        }
        let mut pages = eks.list_access_entries().cluster_name(cluster).into_paginator().send();
        while let Some(page) = pages.next().await {
            for principal in page.during("list the access entries")?.access_entries() {
                let call = eks.describe_access_entry().cluster_name(cluster).principal_arn(principal).send().await;
                let one = if_there(call.during("read the access entry"))?.and_then(|answer| answer.access_entry);
                let tags = one.map(|one| eks::tags_of(one.tags())).unwrap_or_default();
                found.extend(self.ours(&access_entry::AccessEntry::KIND, format!("{cluster}/{principal}"), &tags));
            }
        }
        Ok(found)
    }

    async fn identities(&self) -> Result<Found, CloudError> {
        let iam = &self.aws.iam;
        let mut found = Found::new();
        let mut pages = iam.list_roles().into_paginator().send();
        while let Some(page) = pages.next().await {
            let page = page.during("list the roles")?;
            for name in page.roles().iter().map(aws_sdk_iam::types::Role::role_name).filter(|name| self.named(name)) {
                // The list leaves tags out (IAM API Reference, ListRoles).
                let call = iam.get_role().role_name(name).send().await.during("read the role");
                let role = if_there(call)?.and_then(|answer| answer.role);
                let tags = role.map(|role| iam::tags_of(role.tags())).unwrap_or_default();
                found.extend(self.ours(&iam_role::IamRole::KIND, name, &tags));
            }
        }
        let mut pages = iam.list_policies().scope(PolicyScopeType::Local).into_paginator().send();
        while let Some(page) = pages.next().await {
            let page = page.during("list the policies")?;
            let ours =
                page.policies().iter().filter(|policy| policy.policy_name().is_some_and(|name| self.named(name)));
            for arn in ours.filter_map(|policy| policy.arn()) {
                let call = iam.get_policy().policy_arn(arn).send().await.during("read the policy");
                let policy = if_there(call)?.and_then(|answer| answer.policy);
                let tags = policy.map(|policy| iam::tags_of(policy.tags())).unwrap_or_default();
                found.extend(self.ours(&iam_policy::IamPolicy::KIND, arn, &tags));
            }
        }
        let all = iam.list_open_id_connect_providers().send().await.during("list the OIDC providers")?;
        let here = format!("oidc-provider/oidc.eks.{}.", self.aws.region);
        let arns = all.open_id_connect_provider_list().iter().filter_map(|entry| entry.arn());
        for arn in arns.filter(|arn| arn.contains(&here)) {
            let call = iam.get_open_id_connect_provider().open_id_connect_provider_arn(arn).send().await;
            let provider = if_there(call.during("read the OIDC provider"))?;
            let tags = provider.map(|provider| iam::tags_of(provider.tags())).unwrap_or_default();
            found.extend(self.ours(&oidc_provider::OidcProvider::KIND, arn, &tags));
        }
        Ok(found)
    }

    /// Keys with an alias like ours, and those without any: a run may have ended before it gave one.
    async fn keys(&self) -> Result<Found, CloudError> {
        let kms = &self.aws.kms;
        let mut aliases: BTreeMap<String, Vec<String>> = BTreeMap::new();
        let mut pages = kms.list_aliases().limit(100).into_paginator().send();
        while let Some(page) = pages.next().await {
            for one in page.during("list the aliases of keys")?.aliases() {
                let name = one.alias_name().unwrap_or_default().trim_start_matches("alias/").to_owned();
                aliases.entry(one.target_key_id().unwrap_or_default().to_owned()).or_default().push(name);
            }
        }
        let mut found = Found::new();
        let mut pages = kms.list_keys().limit(1000).into_paginator().send();
        while let Some(page) = pages.next().await {
            for key in page.during("list the keys")?.keys() {
                let (Some(id), Some(arn)) = (key.key_id(), key.key_arn()) else { continue };
                if aliases.get(id).is_some_and(|names| !names.iter().any(|name| self.named(name))) {
                    continue;
                }
                let mut tags = Tags::new();
                let mut pages = kms.list_resource_tags().key_id(id).into_paginator().send();
                while let Some(page) = pages.next().await {
                    match page.during("read the tags of the key") {
                        Ok(page) => {
                            tags.extend(page.tags().iter().map(|tag| (tag.tag_key.clone(), tag.tag_value.clone())));
                        }
                        // Whoever made a key that we may not read, it was not us: our keys leave it to IAM who may.
                        Err(error) if matches!(error.kind, ErrorKind::NotFound | ErrorKind::Denied) => break,
                        Err(error) => return Err(error),
                    }
                }
                let Some(ours) = self.ours(&kms_key::KmsKey::KIND, arn, &tags) else { continue };
                let told = kms.describe_key().key_id(id).send().await.during("look at the key");
                // A key awaiting its deletion is as good as gone, and keeps its tags.
                let state = if_there(told)?.and_then(|told| told.key_metadata?.key_state);
                if state.is_some_and(|state| state != KeyState::PendingDeletion) {
                    found.push(ours);
                }
            }
        }
        Ok(found)
    }

    async fn secrets(&self) -> Result<Found, CloudError> {
        let filter = |key: FilterNameStringType, value: &str| Filter::builder().key(key).values(value).build();
        let by_tag =
            vec![filter(FilterNameStringType::TagKey, STACK_TAG), filter(FilterNameStringType::TagValue, self.stack)];
        let mut found = Found::new();
        let mut pages = self.aws.secrets.list_secrets().set_filters(Some(by_tag)).into_paginator().send();
        while let Some(page) = pages.next().await {
            for one in page.during("list the secrets")?.secret_list() {
                let pair = |tag: &aws_sdk_secretsmanager::types::Tag| {
                    Some((tag.key()?.to_owned(), tag.value().unwrap_or_default().to_owned()))
                };
                // One that awaits its deletion is as good as gone, and keeps its tags.
                if one.deleted_date().is_some() {
                    continue;
                }
                let tags = one.tags().iter().filter_map(pair).collect();
                found.extend(self.ours(&secret::Secret::KIND, one.arn().unwrap_or_default(), &tags));
            }
        }
        Ok(found)
    }

    /// Buckets of this region: those of others answer from there alone, each in words of its own.
    async fn buckets(&self) -> Result<Found, CloudError> {
        let s3 = &self.aws.s3;
        let mut found = Found::new();
        let list = s3.list_buckets().prefix(format!("{}-", self.stack)).bucket_region(&self.aws.region);
        let mut pages = list.max_buckets(BUCKETS).into_paginator().send();
        while let Some(page) = pages.next().await {
            for name in page.during("list the buckets")?.buckets().iter().filter_map(|one| one.name()) {
                let answer = s3.get_bucket_tagging().bucket(name).send().await.during("read the tags of the bucket");
                let set = match answer {
                    Ok(answer) => answer.tag_set,
                    Err(error) if error.is("NoSuchTagSet") => continue,
                    // Another stack's, or gone meanwhile.
                    Err(error) if matches!(error.kind, ErrorKind::NotFound | ErrorKind::Denied) => continue,
                    Err(error) => return Err(error),
                };
                let tags = set.into_iter().map(|tag| (tag.key, tag.value)).collect();
                found.extend(self.ours(&bucket::Bucket::KIND, name, &tags));
            }
        }
        Ok(found)
    }
}
