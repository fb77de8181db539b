//! Checks of the database: whether RDS offers what is asked for, and whether what stands can become it.
//!
//! Sources: RDS User Guide, "Increasing DB instance storage capacity", "Supported DB engines for DB instance classes" and
//! "Upgrades of the RDS for `PostgreSQL` DB engine".

use std::collections::BTreeSet;

use serde_json::Value;

use super::CheckContext;
use super::builder::{CheckBuilder, Key, Said};
use crate::architecture::handles;
use crate::architecture::recorded;
use crate::architecture::versions::engine_version;
use crate::engine::diff::Shown;
use crate::engine::plan::Action;
use crate::engine::state::State;
use crate::model::address::Address;
use crate::model::facts::Fact;
use crate::model::facts::database::{DatabaseOffers, DatabaseQuery, RunningEngine};
use crate::model::finding::{Check, Severity};
use crate::resources::database::version::{VersionMove, newest, newest_meant, of_major, way, ways_on};
use crate::resources::database::{least_growth, storage_refusal};
use crate::resources::db_subnet_group::DbSubnetGroup;
use crate::resources::subnet::Subnet;
use crate::stack::Stack;

const VERSION: Key<'_> = Key::of("database.engine_version");
const CLASS: Key<'_> = Key::of("database.instance_class");
const STORAGE: Key<'_> = Key::of("database.storage_gib");

/// What to ask of RDS: nothing while the database stays as it is recorded.
pub(super) fn query(stack: &Stack, state: &State) -> Option<DatabaseQuery> {
    let declared = &stack.database;
    let version = engine_version(stack, state).to_string();
    let standing = recorded(state, &handles::DATABASE);
    let stays = standing.as_ref().is_some_and(|it| {
        let class = it.instance_class == declared.instance_class.as_str();
        class
            && it.engine_version == version
            && it.storage_gib == declared.storage_gib
            && it.multi_az == declared.multi_az
    });
    (!stays).then(|| DatabaseQuery {
        version,
        instance_class: declared.instance_class.to_string(),
        standing: standing.map(|it| it.name),
    })
}

/// What this plan does to the database.
enum Deed<'a> {
    Made,
    Changed(&'a Action),
}

impl Deed<'_> {
    /// What it is at this field before and after, where that is changed.
    fn change(&self, field: &str) -> Option<(&Value, &Value)> {
        let Self::Changed(Action::Update { diffs, .. }) = self else { return None };
        match diffs.iter().find(|diff| diff.path == field).map(|diff| (&diff.before, &diff.after))? {
            (Shown::Value(before), Shown::Value(after)) => Some((before, after)),
            _ => None,
        }
    }

    /// Whether it gets a value at this field by this plan.
    fn sets(&self, field: &str) -> bool {
        matches!(self, Self::Made) || self.change(field).is_some()
    }
}

fn deed<'a>(cx: &'a CheckContext<'_>) -> Option<Deed<'a>> {
    match cx.plan.actions.get(&handles::DATABASE.address())? {
        Action::Create { .. } | Action::Replace { .. } => Some(Deed::Made),
        action @ Action::Update { .. } => Some(Deed::Changed(action)),
        Action::NoOp { .. } | Action::Delete { .. } | Action::Forget { .. } => None,
    }
}

/// Whether the class can be had in the zones of the database's subnets: in two of them with a standby.
pub(super) fn zones(cx: &CheckContext<'_>) -> Option<Check> {
    let deed = deed(cx).filter(|deed| deed.sets("instance_class") || deed.sets("multi_az"))?;
    let mut check = CheckBuilder::new(cx.places, "database.zones");
    // What cannot be had at all, or was not read, the check of the class tells.
    let Some(Fact::There(options)) = cx.facts.database.as_ref().map(|told| &told.options) else {
        return Some(check.done());
    };
    let offered: BTreeSet<&String> = options.iter().flat_map(|option| &option.zones).collect();
    let group = super::zones::after(cx, &handles::DATABASE_SUBNETS.address());
    let subnets = group.and_then(|group| group.read::<DbSubnetGroup>().ok()).map(|group| group.subnets);
    let zone = |address: &Address| Some(super::zones::after(cx, address)?.read::<Subnet>().ok()?.zone);
    let zones: BTreeSet<String> = subnets.into_iter().flatten().filter_map(|subnet| zone(&subnet.address()?)).collect();
    if offered.is_empty() || zones.is_empty() {
        return Some(check.done());
    }
    let (multi_az, class) = (cx.stack.database.multi_az, &cx.stack.database.instance_class);
    let (good, wanted) = (zones.iter().filter(|zone| offered.contains(zone)).count(), if multi_az { 2 } else { 1 });
    if good < wanted {
        let there = offered.iter().map(|zone| zone.as_str()).collect::<Vec<_>>().join(", ");
        let ours = zones.iter().map(String::as_str).collect::<Vec<_>>().join(", ");
        let what = format!("RDS offers {class} in {there}, and the subnets of the database are in {ours}");
        let why = match (deed, multi_az) {
            (Deed::Made, true) => "a database with a standby needs two zones, and would be refused",
            (Deed::Made, false) => "the database would be refused",
            (Deed::Changed(_), _) => "the change would be refused",
        };
        let remedy = format!(
            "write another class: those that each zone has are listed by `aws rds describe-orderable-db-instance-options \
             --region {} --engine postgres --query 'OrderableDBInstanceOptions[].DBInstanceClass' --output text`",
            cx.stack.region
        );
        check.find(Severity::Error, CLASS, Said::new(what, why, remedy));
    }
    Some(check.done())
}

/// Whether the version that is asked for can be had, and reached from the one that runs.
pub(super) fn version(cx: &CheckContext<'_>, check: &mut CheckBuilder<'_>) {
    let Some(deed) = deed(cx).filter(|deed| deed.sets("engine_version")) else { return };
    let wanted = engine_version(cx.stack, cx.state).to_string();
    let told = cx.facts.database.as_ref();
    if let Some((before, _)) = deed.change("engine_version") {
        let running = told.map(|told| &told.running);
        let (there, targets) = match running {
            Some(Fact::There(RunningEngine { version, targets })) => (version.as_str(), Some(targets)),
            Some(Fact::Missing | Fact::Unread { .. }) | None => (before.as_str().unwrap_or_default(), None),
        };
        let way = way(there, &wanted);
        if way == VersionMove::Back {
            let said = Said::new(
                format!("RDS never goes back, and {there} is newer than the declared {wanted}"),
                "",
                format!(
                    "write \"{there}\" or a newer version; or restore a snapshot from before under another stack, and \
                     bring the newer data over"
                ),
            );
            return check.find(Severity::Error, VERSION, said);
        }
        match (running, targets) {
            (Some(Fact::Unread { error }), _) => {
                check.unread(VERSION, error, "rds:DescribeDBInstances and DescribeDBEngineVersions");
            }
            (_, Some(targets)) => reached(&way, there, &targets.iter().map(String::as_str).collect::<Vec<_>>(), check),
            _ => {}
        }
        return;
    }
    match told.map(|told| &told.versions) {
        Some(Fact::There(all)) if newest_meant(all.iter().map(String::as_str), &wanted).is_none() => {
            let known = of_major(all.iter().map(String::as_str), &wanted);
            let region = &cx.stack.region;
            let remedy = if known.is_empty() {
                format!(
                    "list those there are with `aws rds describe-db-engine-versions --region {region} --engine postgres \
                     --query 'DBEngineVersions[].EngineVersion' --output text`"
                )
            } else {
                format!("RDS makes {} of that major: write one of them, or the major alone", known.join(", "))
            };
            let what = format!("RDS makes no new database of PostgreSQL {wanted} in {region}");
            check.find(Severity::Error, VERSION, Said::new(what, "", remedy));
        }
        Some(Fact::Unread { error }) => {
            check.unread(VERSION, error, "rds:DescribeDBEngineVersions");
        }
        Some(Fact::There(_) | Fact::Missing) | None => {}
    }
}

/// Whether RDS goes from the version that runs to the one that is meant.
fn reached(way: &VersionMove, there: &str, targets: &[&str], check: &mut CheckBuilder<'_>) {
    let wanted = match way {
        VersionMove::Stay | VersionMove::Back => return,
        VersionMove::Minor(version) | VersionMove::Major(version) if targets.contains(&version.as_str()) => return,
        VersionMove::AnyOf(major) if newest(targets.iter().copied(), *major).is_some() => return,
        VersionMove::Minor(version) | VersionMove::Major(version) => version.clone(),
        VersionMove::AnyOf(major) => major.to_string(),
    };
    let advice = if targets.is_empty() { "" } else { ": write one of them, or its major" };
    let remedy = format!("{}{advice}", ways_on(there, targets));
    let what = format!("there is no way from {there} to {wanted}");
    check.find(Severity::Error, VERSION, Said::new(what, "RDS would refuse the upgrade", remedy));
}

/// Whether the class runs the version, with a standby where one is asked for.
pub(super) fn class(cx: &CheckContext<'_>) -> Option<Check> {
    let deed = deed(cx)?;
    let fields = ["instance_class", "multi_az", "engine_version"];
    let told = cx.facts.database.as_ref().filter(|_| fields.iter().any(|field| deed.sets(field)))?;
    let mut check = CheckBuilder::new(cx.places, "database.instance_class");
    match &told.options {
        Fact::There(_) => offered(cx, told, &mut check),
        // That is a matter of the version.
        Fact::Missing => {}
        Fact::Unread { error } => {
            check.unread(CLASS, error, "rds:DescribeOrderableDBInstanceOptions");
        }
    }
    Some(check.done())
}

fn offered(cx: &CheckContext<'_>, told: &DatabaseOffers, check: &mut CheckBuilder<'_>) {
    let Fact::There(options) = &told.options else { return };
    let (declared, region) = (&cx.stack.database, &cx.stack.region);
    let (class, version) = (&declared.instance_class, engine_version(cx.stack, cx.state));
    let list = format!(
        "list those there are with `aws rds describe-orderable-db-instance-options --region {region} --engine postgres \
         --engine-version {version} --query 'OrderableDBInstanceOptions[].DBInstanceClass' --output text`"
    );
    if options.is_empty() {
        let what = format!("RDS offers no {class} for PostgreSQL {version} in {region}");
        return check.find(Severity::Error, CLASS, Said::new(what, "", list));
    }
    let gp3: Vec<_> = options.iter().filter(|option| option.storage_type == "gp3").collect();
    if gp3.is_empty() {
        let what = format!("RDS offers {class} without gp3 storage in {region}");
        return check.find(Severity::Error, CLASS, Said::new(what, "the database is made with it", list));
    }
    if declared.multi_az && !gp3.iter().any(|option| option.multi_az) {
        let what = format!("RDS offers {class} without a standby in {region}");
        let remedy = format!("set database.multi_az to false, or use another class: {list}");
        check.find(Severity::Error, Key::of("database.multi_az"), Said::new(what, "", remedy));
    }
}

/// Whether the storage can become what is declared, and is as much as RDS has.
pub(super) fn storage(cx: &CheckContext<'_>) -> Option<Check> {
    let deed = deed(cx)?;
    if !deed.sets("storage_gib") {
        return None;
    }
    let mut check = CheckBuilder::new(cx.places, "database.storage_gib");
    let gib = |value: &Value| value.as_u64().and_then(|gib| u32::try_from(gib).ok());
    if let Some((before, after)) = deed.change("storage_gib")
        && let (Some(from), Some(to)) = (gib(before), gib(after))
        && let Some(reason) = storage_refusal(from, to)
    {
        let remedy = format!("write `database.storage_gib: {}`", if to < from { from } else { least_growth(from) });
        check.find(Severity::Error, STORAGE, Said::new(reason, "", remedy));
        return Some(check.done());
    }
    if let Some(Fact::There(options)) = cx.facts.database.as_ref().map(|told| &told.options) {
        let asked = cx.stack.database.storage_gib;
        let gp3 = options.iter().filter(|option| option.storage_type == "gp3");
        let ranges: Vec<(u32, u32)> = gp3.map(|option| (option.least_gib, option.most_gib)).collect();
        if let Some((least, most)) = ranges.first()
            && !ranges.iter().any(|(least, most)| (least..=most).contains(&&asked))
        {
            let class = &cx.stack.database.instance_class;
            let what = format!("{class} takes {least} to {most} GiB of storage, not {asked}");
            check.find(Severity::Error, STORAGE, Said::new(what, "", format!("write a size from {least} to {most}")));
        }
    }
    Some(check.done())
}
