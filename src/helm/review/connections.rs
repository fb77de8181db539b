//! Whether the pods together want more connections than the database has.

use super::quantity::of_replicas;
use super::reviewer::{Reviewer, spot};
use super::settings::setting;
use crate::product::connection_room;

/// Checks the pools of all pods together.
pub(super) fn check(reviewer: &mut Reviewer<'_>, replicas: u32) {
    let path = "config.PostgresPool.MaxOpenConnections";
    let Some((member, written)) = setting(reviewer, "PostgresPool", "MaxOpenConnections") else { return };
    let Ok(each) = written.parse::<u64>() else {
        let what = format!("`{written}` is not a number");
        reviewer.error(spot(member), path, what, "The server does not start.", "write \"50\"");
        return;
    };
    if each == 0 {
        let why = "The server takes 0 for as many as it likes.";
        reviewer.error(spot(member), path, "there is no limit", why, "write \"50\"");
        return;
    }
    let is_recreate = reviewer.text_or("strategy.type", "RollingUpdate") == "Recreate";
    let surge = of_replicas(reviewer, "strategy.rollingUpdate.maxSurge", "100%", replicas, true);
    let pods = u64::from(replicas) + if is_recreate { 0 } else { u64::from(surge) };
    // Usage data has a pool of its own where it has a place of its own.
    let has_second = setting(reviewer, "Postgres", "UsageDataURL").is_some();
    let (pools, of) = if has_second { (2 * pods, "2 pools of ") } else { (pods, "") };
    let Some(class) = reviewer.facts.database_class.clone() else { return };
    if let Some(room) = connection_room(&class).filter(|room| pools * each > *room) {
        let what = format!(
            "{pods} pods with {of}{each} connections each want {}, and {class} has room for about {room}",
            pools * each
        );
        let why = "The database refuses the last ones, and pods fail by chance.";
        let fitting = room / pools.max(1);
        reviewer.error(
            spot(member),
            path,
            what,
            why,
            format!("write \"{fitting}\" or less, or declare a larger class"),
        );
    }
}
