//! Settings of a database engine that differ from its defaults.

#[cfg(feature = "aws")]
mod aws;
mod terraform;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::model::address::{Address, Kind};
use crate::model::audit::{AuditName, ChangingCalls};
use crate::model::billing::KindBilling;
use crate::model::component::Component;
use crate::model::facts::quota::Quota;
use crate::model::impact::{Affected, Going, Impact, ImpactClass, Noticed};
use crate::model::mark::Tags;
use crate::model::resource::{Field, Holds, Resource};
use crate::model::site::Site;
use crate::model::terraform::{TerraformContext, TerraformError, TerraformObject};
use crate::{fields, id_alone};
/// Settings of a database engine that differ from its defaults.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DbParameterGroup {
    /// Its name, lower case; unique in account and region.
    pub name: String,
    /// The engine and its major version, such as `postgres17`.
    pub family: String,
    /// What it is for; cannot be changed.
    pub description: String,
    /// Values by parameter.
    pub parameters: BTreeMap<String, String>,
    /// Its tags.
    pub tags: Tags,
}

/// What AWS computes for a [`DbParameterGroup`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DbParameterGroupComputed {
    /// Its name.
    pub id: String,
    /// `arn:…:pg:…`
    pub arn: String,
}

id_alone!(DbParameterGroupComputed { arn });

impl Resource for DbParameterGroup {
    const KIND: Kind = Kind::new("db_parameter_group");
    const WHAT: &'static str = "settings of the database engine that differ from its defaults";
    const COMPONENT: Component = Component::Data;
    const SUMMARY: &'static str = "{family}";
    const HOLDS: Holds = Holds::Nothing;
    const FIELDS: &'static [Field] = fields!(DbParameterGroup {
        name: Replace,
        family: Replace,
        // It cannot be changed, and another group would need another name: not worth it for words.
        description: Ignore,
        parameters: Update,
        tags: Update
    });
    const IDENTITY: &'static [&'static str] = &["name"];
    const AUDIT: AuditName = AuditName::of("rds", "id");
    const NOTICED: &'static [Noticed<Self>] = &[Noticed::always(
        "parameters",
        Impact::of(
            ImpactClass::NoOutage,
            Affected::Operators,
            "settings that need a restart take effect when the database is restarted the next time",
        ),
    )];
    const CHANGED_BY: &'static [ChangingCalls] = &[
        ChangingCalls::of(
            "rds",
            "dBParameterGroupName",
            "id",
            &["ModifyDBParameterGroup", "ResetDBParameterGroup", "DeleteDBParameterGroup"],
        ),
        ChangingCalls::TAGS_OF_RDS,
    ];
    const BILLING: KindBilling<Self> =
        KindBilling::Free("a parameter group costs nothing; the database that uses it does");
    type Computed = DbParameterGroupComputed;

    fn tags(&self) -> Option<&Tags> {
        Some(&self.tags)
    }

    fn takes(&self) -> Vec<(Quota, u64)> {
        vec![(Quota::DatabaseParameterGroups, 1)]
    }

    fn leaves(&self, _: &DbParameterGroupComputed, _: Going) -> Vec<Impact> {
        Vec::new()
    }

    fn terraform(
        &self,
        computed: &DbParameterGroupComputed,
        _: &TerraformContext<'_>,
    ) -> Result<TerraformObject, TerraformError> {
        Ok(terraform::object(self, computed))
    }

    fn sample(&self, _: &Address, _: u64, site: &Site) -> DbParameterGroupComputed {
        DbParameterGroupComputed { id: self.name.clone(), arn: site.arn("rds", &format!("pg:{}", self.name)) }
    }
}
