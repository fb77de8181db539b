//! Everything that carries the marks of a stack: what the kinds share when each lists its own objects.
//!
//! EC2 and Secrets Manager list by tag. The others list everything, and tell tags only of one object after the other:
//! there the tags are asked for of what begins with the name of the stack and a hyphen, as almost every name of ours
//! does; other stacks may begin the same, so the tags decide. A bucket with a name of its own is therefore known by the
//! record alone. Tags outlive their objects for a while: what counts is what a list of its kind shows.
//!
//! Promises: lists that several kinds need are asked once.

use tokio::sync::OnceCell;

use super::{Clients, During, eks, elb};
use crate::cloud::{CloudError, Marked};
use crate::model::address::{Address, Kind};
use crate::model::mark::{ADDRESS_TAG, STACK_TAG, Tags};

/// Objects of one kind: the id under which each is recorded, and its tags.
pub type Listed = Vec<(String, Tags)>;

/// A census of one stack.
#[derive(Debug)]
pub struct Census<'a> {
    /// The clients.
    pub aws: &'a Clients,
    /// The stack whose marks are looked for.
    pub stack: &'a str,
    balancers: OnceCell<Listed>,
    clusters: OnceCell<Listed>,
}

impl<'a> Census<'a> {
    /// A census of `stack`, of which nothing is asked yet.
    pub fn new(aws: &'a Clients, stack: &'a str) -> Self {
        Self { aws, stack, balancers: OnceCell::new(), clusters: OnceCell::new() }
    }

    /// The object of `kind` with these tags, if they are marks of the stack.
    pub fn marked(&self, kind: &Kind, id: String, tags: &Tags) -> Option<Marked> {
        let address: Address = tags.get(ADDRESS_TAG).filter(|_| self.is_ours(tags))?.parse().ok()?;
        (address.kind == *kind).then_some(Marked { address, id })
    }

    /// Whether these tags name the stack.
    pub fn is_ours(&self, tags: &Tags) -> bool {
        tags.get(STACK_TAG).is_some_and(|stack| stack == self.stack)
    }

    /// Whether a name begins as ours do.
    pub fn is_named(&self, name: &str) -> bool {
        name.strip_prefix(self.stack).is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
    }

    /// The load balancers of the stack, by their ARNs.
    ///
    /// # Errors
    /// What `DescribeLoadBalancers` or `DescribeTags` answered.
    pub async fn balancers(&self) -> Result<&Listed, CloudError> {
        let list = || async {
            let pages = self.aws.elb.describe_load_balancers().into_paginator().items().send();
            let all = pages.try_collect().await.during("list the load balancers")?;
            let arns: Vec<String> = all.into_iter().filter_map(|one| one.load_balancer_arn).collect();
            let tags = elb::list_tags_of_standing(self.aws, &arns).await?;
            Ok::<Listed, CloudError>(tags.into_iter().filter(|(_, tags)| self.is_ours(tags)).collect())
        };
        self.balancers.get_or_try_init(list).await
    }

    /// The clusters of the stack, by their names.
    ///
    /// # Errors
    /// What `ListClusters` or `DescribeCluster` answered.
    pub async fn clusters(&self) -> Result<&Listed, CloudError> {
        let list = || async {
            let pages = self.aws.eks.list_clusters().into_paginator().items().send();
            let names = pages.try_collect().await.during("list the clusters")?;
            let mut found = Listed::new();
            for name in names.into_iter().filter(|name| self.is_named(name)) {
                let Some(cluster) = eks::cluster(self.aws, &name).await? else { continue };
                found.push((name, eks::tags_of(cluster.tags())));
            }
            found.retain(|(_, tags)| self.is_ours(tags));
            Ok::<Listed, CloudError>(found)
        };
        self.clusters.get_or_try_init(list).await
    }
}
