//! `config`: the settings of the server among the values, and why each is there.
//!
//! Leaves to others which settings there are and how they are quoted (`product`).

use super::Inputs;
use super::chart::Values;
use crate::product::gcfg::{GcfgSection, Leaf};
use crate::product::{METRICS_PORT, UsageData};
use crate::text::yaml::{YamlEntry, YamlNode, entry, list, map};

/// Says where a setting of the declaration comes from.
const DECLARED: &str = "From package_manager.settings.";

/// `config` in the file.
pub(super) fn document(values: &Values) -> YamlEntry {
    let sections = values.chart.config.sections().iter().map(|section| config_section(values, section));
    let mut why = "Becomes /etc/rstudio-pm/rstudio-pm.gcfg. The chart prints values without quoting them, so \
                   everything here is text: a bare number might arrive as 1e+06."
        .to_owned();
    if values.inputs.address.is_none() {
        why += " Server.Address is left out, because load_balancer.domain is not declared and a wrong address breaks \
                links.";
    }
    entry("config", map(sections)).why(why)
}

fn config_section(values: &Values, section: &GcfgSection) -> YamlEntry {
    let heading = section.heading();
    let declared = values.inputs.settings.iter().find(|other| other.is_same_as(section));
    let is_declared = |key: &str| declared.is_some_and(|section| section.setting(key).is_some());
    let is_all_declared = section.settings().iter().all(|(key, _)| is_declared(key));
    let settings = section.settings().iter().map(|(key, leaf)| {
        let written = leaf.written();
        let node = match leaf {
            Leaf::Text(_) | Leaf::Flag(_) => YamlNode::from(written.concat()),
            Leaf::List(_) => list(written),
        };
        let why = match (is_all_declared, is_declared(key)) {
            (true, _) => String::new(),
            (false, true) => DECLARED.to_owned(),
            (false, false) => setting_why(values, &heading, key),
        };
        entry(key, node).why(why)
    });
    let found = entry(&heading, map(settings));
    if is_all_declared { found.why(DECLARED) } else { found }
}

fn setting_why(values: &Values, section: &str, key: &str) -> String {
    let why = match (section, key) {
        ("Server", "Address") => "From load_balancer.domain: links, e-mails and logins lead here.",
        ("Server", "DataDir") => "From package_manager.shared_storage: where the shared volume is mounted.",
        ("HTTP", "Listen") => "The port that Service and probes expect.",
        ("Metrics", "Enabled") => {
            return format!(
                "Prometheus metrics on port {METRICS_PORT} of the pods, without a login; the load balancer does not reach \
                 them."
            );
        }
        ("Database", "Provider") => "Lower case. The server's default is a SQLite file in each pod.",
        ("Postgres", "URL") => {
            "The endpoint of the RDS instance. Encrypted; RDS refuses anything else. The password comes from pod.env."
        }
        ("Postgres", "UsageDataURL") => match values.inputs.usage_data {
            Some(UsageData::Schema) => {
                "From package_manager.usage_data: a schema of its own, which the Job of `ppm-infra secrets \
                 --with-database-job` makes. It must be there before the server starts."
            }
            Some(UsageData::Database) | None => {
                "From package_manager.usage_data: a database of its own, which the Job of `ppm-infra secrets \
                 --with-database-job` makes. It must be there before the server starts."
            }
        },
        ("PostgresPool", "MaxOpenConnections") => return connections_why(values),
        ("Storage", "Default") if values.chart.shared_storage.is_some() => {
            "Everything goes to Server.DataDir, which all pods share."
        }
        ("Storage", "Default") => "Everything goes to S3. The server's default is a directory inside each pod.",
        ("S3Storage", "Bucket") => "The bucket made for Package Manager; it encrypts what it stores with its KMS key.",
        ("S3Storage", "Region") => "Said here rather than left to variables that a webhook adds.",
        _ => "",
    };
    why.to_owned()
}

fn connections_why(values: &Values) -> String {
    let Inputs { database_connections: each, database_instance_class: class, .. } = &values.inputs;
    let budget = &values.budget;
    let accepted = match budget.limit {
        Some(limit) => format!(" of about {limit} that {class} accepts."),
        None => format!("; how many {class} accepts is not known here, so compare."),
    };
    if budget.pools > 1 {
        return format!(
            "From package_manager.database_connections, for each pool of each pod; usage data has a pool of its own: at \
             most {} pods × {} pools × {each} = {}{accepted}",
            budget.pods, budget.pools, budget.wanted
        );
    }
    let mut why = format!(
        "From package_manager.database_connections, for each pod: at most {} pods × {each} = {}{accepted}",
        budget.pods, budget.wanted
    );
    if !budget.holds_twice() {
        why += " Should the server open a second pool for usage data, that would not suffice.";
    }
    why
}
