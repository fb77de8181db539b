//! The subnets a database may stand in.

#[cfg(feature = "aws")]
mod aws;
mod terraform;

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::subnet::Subnet;
use super::vpc::Vpc;
use crate::model::address::{Address, Kind};
use crate::model::audit::{AuditName, ChangingCalls};
use crate::model::billing::KindBilling;
use crate::model::component::Component;
use crate::model::facts::quota::Quota;
use crate::model::impact::{Going, Impact, Noticed};
use crate::model::mark::Tags;
use crate::model::reference::Ref;
use crate::model::resource::{Field, Holds, ReplaceOrder, Resource};
use crate::model::site::Site;
use crate::model::terraform::{TerraformContext, TerraformError, TerraformObject};
use crate::{fields, id_alone};
/// The subnets a database may stand in.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DbSubnetGroup {
    /// Its name, lower case; unique in account and region.
    pub name: String,
    /// What it is for.
    pub description: String,
    /// The network of the subnets; a group cannot leave it (RDS `ModifyDBSubnetGroup`).
    pub vpc: Ref<Vpc>,
    /// The subnets, in at least two zones.
    pub subnets: BTreeSet<Ref<Subnet>>,
    /// Its tags.
    pub tags: Tags,
}

/// What AWS computes for a [`DbSubnetGroup`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DbSubnetGroupComputed {
    /// Its name.
    pub id: String,
    /// `arn:…:subgrp:…`
    pub arn: String,
}

id_alone!(DbSubnetGroupComputed { arn });

impl Resource for DbSubnetGroup {
    const KIND: Kind = Kind::new("db_subnet_group");
    const WHAT: &'static str = "the subnets the database may stand in";
    const COMPONENT: Component = Component::Data;
    const SUMMARY: &'static str = "{name}";
    const HOLDS: Holds = Holds::Nothing;
    const FIELDS: &'static [Field] =
        fields!(DbSubnetGroup { name: Replace, description: Update, vpc: Replace, subnets: Update, tags: Update });
    // The name is fixed.
    const REPLACE: ReplaceOrder = ReplaceOrder::DeleteFirst;
    const IDENTITY: &'static [&'static str] = &["name"];
    const AUDIT: AuditName = AuditName::of("rds", "id");
    const NOTICED: &'static [Noticed<Self>] = &[];
    const CHANGED_BY: &'static [ChangingCalls] = &[
        ChangingCalls::of("rds", "dBSubnetGroupName", "id", &["ModifyDBSubnetGroup", "DeleteDBSubnetGroup"]),
        ChangingCalls::TAGS_OF_RDS,
    ];
    const BILLING: KindBilling<Self> = KindBilling::Free("a subnet group costs nothing; the database in it does");
    type Computed = DbSubnetGroupComputed;

    fn tags(&self) -> Option<&Tags> {
        Some(&self.tags)
    }

    fn takes(&self) -> Vec<(Quota, u64)> {
        vec![(Quota::DatabaseSubnetGroups, 1)]
    }

    fn leaves(&self, _: &DbSubnetGroupComputed, _: Going) -> Vec<Impact> {
        Vec::new()
    }

    fn terraform(
        &self,
        computed: &DbSubnetGroupComputed,
        _: &TerraformContext<'_>,
    ) -> Result<TerraformObject, TerraformError> {
        Ok(terraform::object(self, computed))
    }

    fn sample(&self, _: &Address, _: u64, site: &Site) -> DbSubnetGroupComputed {
        DbSubnetGroupComputed { id: self.name.clone(), arn: site.arn("rds", &format!("subgrp:{}", self.name)) }
    }
}
